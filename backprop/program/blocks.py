"""Which fences of a page are shown: not those in a comment or in indented code.

Superfences looks for fences line by line and knows nothing of Markdown's blocks; what it
took too greedily is given back when Python-Markdown meets an indented code block. This module
follows the block rules of Python-Markdown just far enough to say which fences those are.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

TAB = 4


@dataclass(frozen=True)
class Line:
    """A line of the page in which every fence has become one line; `fence` is its number."""

    text: str
    fence: int | None = None

    def dedented(self, width: int) -> "Line":
        return Line(self.text[width:], self.fence)

    @property
    def indent(self) -> int:
        return len(self.text) - len(self.text.lstrip(" "))

    @property
    def spaces(self) -> int:
        """The indentation of a fence, within quotes and outside of them."""
        return self.text.count(" ")

    @property
    def blank(self) -> bool:
        return not self.text.strip()


@dataclass
class _Box:
    """A container of blocks: what its last child is decides where indented lines belong."""

    kind: str  # "page", "list", "item", "indented" (admonition, tab, …), "quote", "code", "other"
    last: "_Box | None" = None


# Headers whose content is indented below them: admonitions, details, content tabs.
_HEADER = re.compile(
    r"""!!!\ ?[\w\-]+(\ +[\w\-]+)*(\ +".*?")?\ *$
    |   \?\?\?\+?\ ?([\w\-]+(\ +[\w\-]+)*?)?(\ +".*?")?\ *$
    |   ===(\+|\+!|!\+|!)?\ +".*?"\ *$""",
    re.VERBOSE,
)
_FOOTNOTE = re.compile(r"[ ]{0,3}\[\^[^\]]*\]:[ ]*")
_DEFINITION = re.compile(r"[ ]{0,3}:[ ]{1,3}\S")
_HEADING = re.compile(r"#{1,6}(?!#)")
_RULE = re.compile(r"[ ]{0,3}(?=(?P<mark>[-_*][ ]*))((?P=mark)){3,}$|[ ]{0,3}([-_*][ ]{0,2}){3,}$")
_ITEM = re.compile(r"[ ]{0,3}(\d+\.|[*+-])[ ]+")
_NESTED_ITEM = re.compile(r"[ ]{4,7}(\d+\.|[*+-])[ ]+")
_QUOTE = re.compile(r"[ ]{0,3}>[ ]?")


def shown(lines: Iterable[Line]) -> set[int]:
    """The numbers of the fences that a reader sees."""
    visible: set[int] = set()
    _Walk(visible).chunk(_Box("page"), _without_comments(list(lines)))
    return visible


def _without_comments(lines: list[Line]) -> list[Line]:
    """Drop HTML comments, as Python-Markdown does in two steps.

    Before it looks for blocks, it takes those that begin a line, up to any `-->`; what begins in
    the middle of a line is left to the paragraph, where it must end.
    """
    kept: list[Line] = []
    state = ""  # "comment", or "text" up to the `-->` of something left to the paragraph
    for at, line in enumerate(lines):
        text, out = line.text, ""
        while line.fence is None and text:
            if state:
                before, end, text = text.partition("-->")
                out += before + end if state == "text" else ""
                state = "" if end else state
                continue
            before, start, text = text.partition("<!--")
            out += before
            if start and ("-->" in text or _closes(lines, at + 1)):
                state = "text" if out.strip() or line.indent >= TAB else "comment"
            if state == "comment":
                kept += (Line(""), Line("(a comment)"), Line(""))  # a block of its own
            else:
                out += start
        if line.fence is None:
            kept.append(Line(out))
        elif state != "comment":
            kept.append(line)
    return _without_inline_comments(kept)


def _without_inline_comments(lines: list[Line]) -> list[Line]:
    kept: list[Line] = []
    inside = False
    for at, line in enumerate(lines):
        if line.fence is None:
            before, start, after = line.text.partition("<!--")
            if inside:
                inside = "-->" not in line.text
                continue
            quoted = before.count("`") % 2
            if start and not quoted and "-->" not in after and _closes(lines, at + 1, True):
                inside = True
        if not inside or line.fence is None:
            kept.append(line)
    return kept


def _closes(lines: list[Line], start: int, paragraph: bool = False) -> bool:
    """Whether a `-->` follows, if need be in the same paragraph."""
    for line in lines[start:]:
        if line.fence is None and "-->" in line.text:
            return True
        if paragraph and line.blank:
            return False
    return False


@dataclass
class _Walk:
    visible: set[int]
    states: list[str] = field(default_factory=lambda: [""])

    def chunk(self, box: _Box, lines: list[Line]) -> None:
        """Split at blank lines, then go through the blocks."""
        blocks: list[list[Line]] = []
        fresh = True
        for line in lines:
            if line.blank:
                fresh = True
            elif fresh:
                blocks.append([line])
                fresh = False
            else:
                blocks[-1].append(line)
        self.blocks(box, blocks)

    def inside(self, state: str, box: _Box, blocks: list[list[Line]]) -> None:
        self.states.append(state)
        self.blocks(box, blocks)
        self.states.pop()

    def blocks(self, box: _Box, blocks: list[list[Line]]) -> None:
        """The processors of Python-Markdown, in the order of their priority."""
        while blocks:
            block = blocks.pop(0)
            if not block:
                continue
            header = _first(block, _HEADER)
            indented = block[0].indent >= TAB
            if header is not None:
                self.blocks(box, [block[:header]])
                box.last = _Box("indented")
                self.indented(box.last, block[header + 1 :], blocks)
            elif indented and box.last and box.last.kind == "indented":
                target, width = _below(box.last, block[0].indent)
                self.indented(target, block, blocks, width)
            elif (
                indented
                and self.states[-1] != "detabbed"
                and (box.kind == "item" or (box.last and box.last.kind == "list"))
            ):
                self.below_item(box, block)
            elif indented:
                _, rest = _detab(block)
                box.last = _Box("code")
                blocks.insert(0, rest)
            elif (heading := _first(block, _HEADING)) is not None:
                self.blocks(box, [block[:heading]])
                box.last = _Box("other")
                blocks.insert(0, block[heading + 1 :])
            elif (rule := _first(block, _RULE)) is not None:
                self.blocks(box, [block[:rule]])
                box.last = _Box("other")
                blocks.insert(0, block[rule + 1 :])
            elif _ITEM.match(block[0].text):
                self.items(box, block)
            elif (quote := _first(block, _QUOTE)) is not None:
                self.quote(box, block, quote)
            elif _FOOTNOTE.match(block[0].text) or _first(block, _DEFINITION) is not None:
                self.see(block)
                box.last = _Box("indented")
            else:
                self.see(block)
                box.last = _Box("other")

    def see(self, block: list[Line]) -> None:
        self.visible.update(line.fence for line in block if line.fence is not None)

    def indented(
        self, box: _Box, block: list[Line], blocks: list[list[Line]], width: int = TAB
    ) -> None:
        content, rest = _detab(block, width)
        self.chunk(box, content)
        if rest:
            blocks.insert(0, rest)

    def quote(self, box: _Box, block: list[Line], start: int) -> None:
        self.blocks(box, [block[:start]])
        if not (box.last and box.last.kind == "quote"):
            box.last = _Box("quote")
        self.states.append("blockquote")
        self.chunk(
            box.last, [Line(_QUOTE.sub("", one.text, count=1), one.fence) for one in block[start:]]
        )
        self.states.pop()

    def items(self, box: _Box, block: list[Line]) -> None:
        items: list[list[Line]] = []
        for line in block:
            if match := _ITEM.match(line.text):
                items.append([line.dedented(match.end())])
            elif _NESTED_ITEM.match(line.text) and items[-1][0].indent < TAB:
                items.append([line])
            else:
                items[-1].append(line)
        if box.last and box.last.kind == "list":
            target = box.last
            target.last = _Box("item")
            self.inside("looselist", target.last, [items.pop(0)])
        elif box.kind == "list":
            target = box
        else:
            target = box.last = _Box("list")
        for item in items:
            if not (item[0].indent >= TAB and target.last):
                target.last = _Box("item")
            self.inside("list", target.last, [item])

    def below_item(self, box: _Box, block: list[Line]) -> None:
        """An indented block after a list: walk down to the item at its depth."""
        level = 1 if self.states[-1] == "list" else 0
        target = box
        while block[0].indent // TAB > level:
            child = target.last
            if child is None or child.kind not in ("list", "item"):
                break
            level += child.kind == "list"
            target = child
        width = TAB * level
        block = [one.dedented(width) if one.indent >= width else one for one in block]
        if box.kind == "item":
            target = box.last if box.last and box.last.kind == "list" else box
        elif target.kind == "list":
            target.last = target.last or _Box("item")
            target = target.last
        self.inside("detabbed", target, [block])


def _first(block: list[Line], pattern: re.Pattern[str]) -> int | None:
    return next((i for i, line in enumerate(block) if pattern.match(line.text)), None)


def _below(box: _Box, indent: int) -> tuple[_Box, int]:
    """Where in an admonition a block belongs: deep enough, it is in the list that ends it."""
    width = TAB
    while indent >= width + TAB and box.last and box.last.kind == "list" and box.last.last:
        box = box.last.last
        width += TAB
    return box, width


def _detab(block: list[Line], width: int = TAB) -> tuple[list[Line], list[Line]]:
    """The leading lines that are indented, dedented; and the rest."""
    size = next((i for i, line in enumerate(block) if line.indent < width), len(block))
    return [line.dedented(width) for line in block[:size]], block[size:]
