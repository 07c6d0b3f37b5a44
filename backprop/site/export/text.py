"""Text, code and attributes that no dialect of Markdown takes for markup.

Python-Markdown knows fewer backslash escapes than CommonMark, and shows the backslash of the
others; so what both know is escaped with a backslash, everything else is written as an entity.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

# Dollars begin formulas in Quarto, MyST and on code hosts; ~ ^ == are markup of extensions.
_ENTITIES = {ord(c): f"&#{ord(c)};" for c in "$~^|@"} | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
}
_ESCAPED = re.compile(r"([\\`*\[\]{}])|(?<![^\W_])(_)|(_)(?![^\W_])")
_ATTRIBUTE = {ord(c): f"&#{ord(c)};" for c in "\\`*_[]{}$~^|"}
# What begins a heading, a list, a quotation, a rule, a box or a definition.
_BEGINS = re.compile(r"(#{1,6}|[-+]|\d{1,9}[.)]|:|[-_]{3,}|!{3}|\?{3}\+?|/{3,}|%)(?=\s|$)|[-_=]{3}")
_SPACE = re.compile(r"[ \t\r\n\f]+")


def escaped(text: str) -> str:
    """Text of a paragraph, its blanks and line ends one blank each."""
    text = _ESCAPED.sub(lambda m: f"\\{m[0]}", _SPACE.sub(" ", text))
    return text.translate(_ENTITIES).replace("==", "&#61;=")


def paragraph(text: str) -> str:
    """Inline Markdown as a block of its own, whatever it begins with."""
    text = text.lstrip(" \n").rstrip(" \n\xa0")
    if begins := _BEGINS.match(text):
        sign = begins[0]
        at = len(sign) - 1 if sign[0].isdigit() else 0
        return f"{text[:at]}&#{ord(text[at])};{text[at + 1 :]}"
    return text


def attribute(text: str) -> str:
    """The value of an attribute in HTML that stands in Markdown."""
    return html.escape(" ".join(text.split())).translate(_ATTRIBUTE)


def code(text: str, in_table: bool = False) -> str:
    """Code in a line of text."""
    text = _SPACE.sub(" ", text)
    if in_table and "|" in text:  # dialects disagree about a bar between backticks
        return f"<code>{attribute(text)}</code>"
    fence = "`" * (_longest(text) + 1)
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{room}{text}{room}{fence}" if text.strip() else ""


def fenced(text: str, language: str = "") -> str:
    """A block of code, as it is."""
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}{language}\n{text.rstrip(chr(10))}\n{fence}"


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def indented(block: str, first: str, rest: str = "    ") -> str:
    """A block behind a marker, as an item of a list or in a quotation."""
    lines = block.split("\n")
    return "\n".join(
        [first + lines[0], *((rest + line if line else rest.rstrip()) for line in lines[1:])]
    )


def joined(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block.strip())


def link(text: str, address: str) -> str:
    address = re.sub(r"[\s<>()\[\]\\*_`|\"]", lambda m: f"%{ord(m[0]):02X}", address)
    return f"[{text}]({address})"


def picture(address: str, alternative: str, style: str = "", align: str = "") -> str:
    """A picture in HTML: in Markdown, some take its alternative for a caption."""
    where = f' align="{align}"' if align else ""
    how = f' style="{style}"' if style else ""
    return f'<img src="{html.escape(address)}" alt="{attribute(alternative)}"{where}{how}>'


def drawing(address: str, alternative: str, style: str = "", align: str = "") -> str:
    """A picture that belongs to the text: no frame, as some themes put around photographs."""
    return picture(address, alternative, ";".join(filter(None, (style, _BARE))), align)


_BARE = "margin:0;padding:0;border:0;background:none"


def spot(name: str) -> str:
    return f'<a id="{attribute(name)}"></a>'


def centred(shown: str) -> str:
    return f'<p align="center">{shown}</p>'


def folded(title: str, inner: str, shown: bool = False) -> str:
    """A block that a reader opens; Python-Markdown asks for the attribute, others ignore it."""
    opened = " open" if shown else ""
    summary = f"<summary>{attribute(title)}</summary>"
    return f'<details markdown="1"{opened}>\n{summary}\n\n{inner}\n\n</details>'
