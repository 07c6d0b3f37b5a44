"""The final HTML of a typeset formula: for the eye, for the ear, for copying, and row by row."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from backprop.site.mathematics.typeset import Typeset, without_comments
from backprop.site.mathematics.words import say

# A phone shows about this much of a formula; a wider one must be reachable by keyboard to scroll.
NARROW = 15.0


def markup(
    formula: Typeset,
    language: str,
    *,
    page: str | None = None,
    marks: Mapping[int, str] | None = None,
) -> str:
    """The formula as it stands in a finished page.

    page: address of the page to which the formula belongs where that is another one (an excerpt
    on an index): its links lead there, and its equations give up their ids.
    marks: HTML for the margin of rows, by number from 0, top to bottom.
    """
    shown = formula.html
    if page is not None:
        shown = elsewhere(shown, page)
    tag, body = re.fullmatch(r"(<mjx-container[^>]*)>(.*)</mjx-container>", shown, re.S).groups()  # type: ignore[union-attr]
    if formula.display:
        tag = _with_size(tag, formula)
    if formula.display and formula.width > NARROW:
        tag += f' tabindex="0" role="group" aria-label="{html.escape(_name(formula, language))}"'
    elif not formula.display and formula.width <= NARROW and "<mjx-break" in body:
        tag += ' class="bp-short"'  # stays whole in a line of text
    tex = html.escape(without_comments(formula.tex), quote=False)
    fence = "$$" if formula.display else "$"
    copied = f'<mjx-tex aria-hidden="true">{fence}{tex}{fence}</mjx-tex>'
    if "<a " in body:
        # A link must not be hidden from anybody, so here the glyphs themselves are read.
        return f"{tag}>{body}{copied}</mjx-container>"
    if marks:
        # What stands in the margin must be reachable too: hide the cells instead of the whole.
        body = _with_marks(body, marks)
    else:
        body = body.replace("<mjx-math", '<mjx-math aria-hidden="true"', 1)
    mml = f"<mjx-assistive-mml>{formula.mml}</mjx-assistive-mml>"
    return f"{tag}>{body}{copied}{mml}</mjx-container>"


def _with_size(tag: str, formula: Typeset) -> str:
    """The room that it takes while it is not laid out; a numbered one has a style already."""
    size = f"contain-intrinsic-size:{formula.width:.3f}em {formula.height:.3f}em"
    if 'style="' in tag:
        return tag.replace('style="', f'style="{size};', 1)
    return f'{tag} style="{size}"'


def elsewhere(shown: str, page: str) -> str:
    """Markup of a formula on a page to which it does not belong."""
    shown = re.sub(r' id="[^"]*"', "", shown)
    return re.sub(r'href="#', f'href="{html.escape(page)}#', shown)


def error_box(tex: str, message: str, language: str) -> str:
    """What `mkdocs serve` shows in the place of a formula that cannot be typeset."""
    return (
        f'<span class="bp-formula-error" role="alert" style="{_ERROR_STYLE}">'
        f"{say('error', language)}: {html.escape(message)} <code>{html.escape(tex)}</code></span>"
    )


# In the page itself: a page whose only formula is wrong loads no style sheet.
_ERROR_STYLE = "border:.1em solid #c00;padding:0 .3em"


def _name(formula: Typeset, language: str) -> str:
    tags = [tag for tag, _ in formula.labels.values()]
    return say("numbered", language, number=tags[0]) if tags else say("formula", language)


def rows(shown: str) -> list[tuple[int, int]]:
    """Start and end of each row of the outermost table, in markup of MathJax."""
    found: list[tuple[int, int]] = []
    depth, start, closed = 0, 0, False
    for tag in re.finditer(r"<(/?)mjx-(mtable|mtr|mlabeledtr|labels)\b[^>]*>", shown):
        closing, name = tag.groups()
        if name == "mtable":
            depth += -1 if closing else 1
            closed = closed or depth == 0
        elif name == "labels":  # the equation numbers: a table of their own beside the rows
            closed = closed or depth == 1
        elif depth == 1 and not closed:
            if closing:
                found.append((start, tag.start()))
            else:
                start = tag.end()
    return found


def _with_marks(body: str, marks: Mapping[int, str]) -> str:
    places = rows(body)
    if not places:  # a formula without rows is one row
        body = body.replace("<mjx-math", '<mjx-math aria-hidden="true"', 1)
        return f'{body}<span class="bp-row-mark">{marks.get(0, "")}</span>'
    out, last = [], 0
    for number, (start, end) in enumerate(places):
        cells = _hide_cells(body[start:end])
        out += [body[last:start], cells]
        out.append(f'<mjx-mtd class="bp-row-mark">{marks.get(number, "")}</mjx-mtd>')
        last = end
    tail = body[last:].replace("<mjx-labels", '<mjx-labels aria-hidden="true"', 1)
    return "".join([*out, tail])


def _hide_cells(row: str) -> str:
    out, last, depth = [], 0, 0
    for tag in re.finditer(r"<(/?)mjx-mtd\b", row):
        depth += -1 if tag[1] else 1
        if not tag[1] and depth == 1:
            out += [row[last : tag.end()], ' aria-hidden="true"']
            last = tag.end()
    return "".join([*out, row[last:]])
