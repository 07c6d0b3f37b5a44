"""What a page shows of its execution: pure functions from highlighted code to HTML.

Superfences and Pygments render every block as in any other site, so copying, titles and line
numbers work as ever. Fences of ours only get a token, `data-bp="…"`, in their first line; in the
finished HTML the block with that token gets what belongs to it.
"""

import html
import re
from dataclasses import dataclass, replace

from backprop.program.exercise import FILL, gaps
from backprop.program.fences import Fence, scan
from backprop.program.headers import LAYOUT, MATERIAL
from backprop.program.kinds import KINDS
from backprop.program.page import Step
from backprop.program.runner import one_line
from backprop.program.session import Outcome
from backprop.site.faults import Fault
from backprop.site.posts.words import say

# What a fence shows beside its code, as a class of its block.
_ATTRIBUTE = "data-bp"
_PHONE = 480  # pixels: a figure that is wider is shrunk there


@dataclass(frozen=True)
class Shown:
    """A fence as it is to be shown."""

    fence: Fence
    language: str
    step: Step | None = None
    outcome: Outcome | None = None
    failure: Fault | None = None


class FencesChangedError(ValueError):
    """Another plugin has changed the fences of a page before they could be marked."""


def mark(markdown: str, shown: dict[str, Shown], text: str = "") -> str:
    """Give the fences of a page their tokens; `shown` is in the order of the page.

    `text` is the whole file, front matter included, of which they are.
    """
    fences = _fences(markdown, text, [one.fence for one in shown.values()])
    ours = list(shown.items())
    if [fence.code for fence in fences] != [one.fence.code for _, one in ours]:
        raise FencesChangedError
    lines = markdown.split("\n")
    for fence, (token, one) in zip(fences, ours, strict=True):
        if marked(fence):
            line = lines[fence.line - 1]
            opening = line[: line.index(fence.mark)]
            lines[fence.line - 1] = f"{opening}{fence.mark}{_header(one, token)}"
    return "\n".join(lines)


def _fences(markdown: str, text: str, known: list[Fence]) -> list[Fence]:
    """The fences of what is left of a page; nothing is scanned again if that is all of it."""
    if not text.endswith(markdown):
        return list(scan(markdown, frozenset(fence.language for fence in known)).fences)
    above = text.count("\n", 0, len(text) - len(markdown))
    return [replace(fence, line=fence.line - above) for fence in known]


def marked(fence: Fence) -> bool:
    """Whether a fence is one of ours, which shows more than its code."""
    return fence.kind in KINDS and KINDS[fence.kind].shown is not None


def _header(shown: Shown, token: str) -> str:
    header = shown.fence.header
    language, own = KINDS[shown.fence.kind].shown or ("", "")
    classes = [language, own, *(name for name in header.classes if name in MATERIAL)]
    options = {
        key: value
        for key, value in header.options.items()
        if key in LAYOUT or key.startswith("data-")
    }
    if shown.step is not None and _speaks_of_lines(shown.step):
        options.setdefault("linenums", str(shown.fence.first))
    parts = [f".{name}" for name in classes]
    parts += [f"#{header.id}"] if header.id else []
    for key, value in {**options, _ATTRIBUTE: token}.items():
        quote = "'" if '"' in value else '"'
        parts.append(f"{key}={quote}{value}{quote}")
    return "{" + " ".join(parts) + "}"


def _speaks_of_lines(step: Step) -> bool:
    """Whether a fence prints a report that calls its lines by their numbers, which a reader must
    see, then."""
    if step.output is None:
        return False
    said = re.findall(r"\bline (\d+)|第 (\d+) 行|^ *(\d+) \| ", step.output.code, re.MULTILINE)
    numbers = {int(number) for groups in said for number in groups if number}
    return any(step.fence.first <= number < step.fence.end for number in numbers)


_BLOCK = re.compile(rf'<div\b[^>]*\s{_ATTRIBUTE}="([^"]*)"[^>]*>')
_DIV = re.compile(r"<(/?)div\b[^>]*>")


def decorate(text: str, shown: dict[str, Shown]) -> tuple[str, set[str]]:
    """Finish the HTML of a page; also the tokens that were found in it."""
    found: set[str] = set()
    out: list[str] = []
    at, legend, folded = 0, False, False
    while opening := _BLOCK.search(text, at):
        end = _end(text, opening.end())
        block = text[opening.start() : end].replace(f' {_ATTRIBUTE}="{opening[1]}"', "", 1)
        one = shown.get(opening[1])
        between = text[at : opening.start()]
        added = [between, _show(block, one) if one else block]
        if folded and one and KINDS[one.fence.kind].drawing and not between.strip():
            # What there is to see stands before the code that it needs, in the page as on it: moved
            # by a style, it would push the code down as it comes.
            out[-1:] = [added[1], between, out[-1]]
        else:
            out += added
        if not legend and one and one.outcome and one.outcome.marks:
            legend = True  # once a page
            out.append(f'<p class="bp-check-legend">{say("marks", one.language)}</p>')
        folded = one is not None and one.fence.has("hidden") and out[-1] is added[-1]
        found.add(opening[1])
        at = end
    return "".join([*out, text[at:]]), found


def _end(text: str, at: int) -> int:
    """Where the `div` ends whose content begins at `at`."""
    depth = 1
    for tag in _DIV.finditer(text, at):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.end()
    return len(text)


def _show(block: str, shown: Shown) -> str:
    fence, step, outcome, language = shown.fence, shown.step, shown.outcome, shown.language
    kind = KINDS[fence.kind]
    if kind.label:
        block = _labelled(block, say(kind.label, language))
    elif step is not None and not step.runs:
        block = _labelled(_with_class(block, "bp-notest"), say("notest", language))
    after, plain = "", block
    if outcome is not None:
        if outcome.html:
            block = outcome.html
        if outcome.marks:
            block = _checked(block, shown)
        if kind.gaps and step is not None:
            block = _exercise(block, plain, shown)
        if outcome.raised:
            block = _with_class(block, "bp-mistake")
            after += _raised(outcome.raised, language)
        after += "".join(_figure(figure["svg"], fence, language) for figure in outcome.figures)
    if step is not None and step.runs:
        # By its line, other plugins know the fence again that a block shows.
        block = re.sub(r"^<\w+", rf'\g<0> data-fence="{fence.line}"', block, count=1)
    if fence.has("hidden"):
        block = (
            f'<details class="bp-hidden"><summary>{say("hidden", language)}</summary>\n'
            f"{block}\n</details>"
        )
    if shown.failure:
        after += (
            f'<div class="bp-failed" role="alert"><strong>{say("failed", language)}</strong>'
            f"<pre>{html.escape(str(shown.failure))}</pre></div>"
        )
    return block + after


def _with_class(block: str, name: str) -> str:
    return re.sub(r'^(<div\b[^>]*class=")', rf"\1{name} ", block, count=1)


def _labelled(block: str, label: str) -> str:
    # Shown by the style sheet from the attribute, so that it is not copied with the code.
    return re.sub(
        r"^<div\b", f'<div role="group" aria-label="{label}" data-label="{label}"', block, count=1
    )


def _raised(raised: dict, language: str) -> str:
    return (
        f'<div class="bp-raised" role="note" aria-label="{say("mistake", language)}">'
        f'<span class="bp-raised-word">{say("raises", language)}</span> '
        f"<code>{html.escape(one_line(raised))}</code></div>"
    )


def _figure(svg: str, fence: Fence, language: str) -> str:
    alt = html.escape(fence.options.get("alt", ""), quote=True)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)
    width = re.search(r'style="width: (\d+)px"', svg)
    # A phone shrinks it until nobody can read what is written in it.
    larger = (
        f'<label class="bp-larger"><input type="checkbox">{say("larger", language)}</label>'
        if width and int(width[1]) > _PHONE
        else ""
    )
    return f'<figure class="bp-plot" data-search-exclude>{svg}{larger}</figure>'


# What makes a line of code the target of a link, which may stand in a page once.
_LINE_SPAN = re.compile(r'(?:</span>)?<span id="__span[^>]*>')
_ANCHOR = re.compile(r'<a (?:id|name)="__[^>]*></a>|\s(?:id|name)="__[^"]*"')


def _exercise(solved: str, plain: str, shown: Shown) -> str:
    """The code with its gaps, the author's hints and the solution, folded: all are in the page."""
    code, language = shown.fence.code, shown.language
    dropped = next((i for i, line in enumerate(code.split("\n")) if line.strip()), 0)

    def changed(block: str, fill: bool) -> str:
        start = block.index(">", block.index("<code")) + 1
        end = block.rindex("</code>")
        lines = block[start:end].split("\n")
        for gap in reversed(gaps(code)):
            first, last = gap.start - dropped, gap.end - dropped
            if fill:
                # A line may stand in a span that ends at the beginning of the next one.
                opens = _LINE_SPAN.match(lines[first])
                hole = f'{gap.indent}<span class="bp-gap">{FILL}</span>'
                lines[first : last + 1] = [(opens.group() if opens else "") + hole]
            else:
                lines[first : last + 1] = lines[first + 1 : last]
        lines[0] = lines[0].removeprefix("</span>")
        return block[:start] + "\n".join(lines) + block[end:]

    hints = "".join(
        f'<details class="bp-hint"><summary>{say("hint", language)}</summary>'
        f"<p>{html.escape(gap.hint)}</p></details>"
        for gap in gaps(code)
        if gap.hint
    )
    return (
        f'<div class="bp-exercise"><p class="bp-task">{say("exercise", language)}</p>'
        f"{_ANCHOR.sub('', changed(plain, True))}{hints}"
        f'<details class="bp-solution"><summary>{say("solution", language)}</summary>\n'
        f"{changed(solved, False)}\n</details></div>"
    )


def _checked(block: str, shown: Shown) -> str:
    """A ✓ and the gradient's shape at the end of every line that was checked.

    The marks are empty elements with an attribute that the style sheet shows, so nobody copies
    them with the code.
    """
    assert shown.outcome is not None
    start = block.index(">", block.index("<code")) + 1
    end = block.rindex("</code>")
    lines = block[start:end].split("\n")
    code = shown.fence.code.split("\n")
    # Pygments drops empty lines at the top.
    dropped = next((i for i, line in enumerate(code) if line.strip()), 0)
    for found in shown.outcome.marks:
        held = found.get("held", "")
        label = say(
            "checked_lazy" if held else "checked",
            shown.language,
            name=found["name"],
            shape=found["shape"],
            held=held,
        )
        shape = f"{held} → {found['shape']}" if held else found["shape"]
        lines[found["line"] - dropped] += (
            f'<span class="bp-check" role="img" tabindex="0" aria-label="{label}" title="{label}" '
            f'data-same="{html.escape(found.get("same", ""))}" data-shape="{shape}"></span>'
        )
    block = _with_class(block[:start] + "\n".join(lines) + block[end:], "bp-checked")
    if shown.fence.options.get("at") == "real":
        block += f'<p class="bp-at-real">{say("at_real", shown.language)}</p>'
    return block
