"""Tables with long cells, told so that a narrow screen can show them as lists: each cell knows the
head of its column."""

from __future__ import annotations

import re
from html import escape, unescape

LONG = 40  # columns in a cell, two for a Chinese character, from which on a phone shows a list
_TABLE = re.compile(r"<table>(?P<inside>.*?)</table>", re.DOTALL)
_HEAD = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
_CELL = re.compile(r"<td\b([^>]*)>(.*?)</td>", re.DOTALL)


def _text(html: str) -> str:
    hidden = re.sub(r"<mjx-assistive-mml.*?</mjx-assistive-mml>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", hidden)).split())


def columns(text: str) -> int:
    """How wide a text is in a fixed width, where a Chinese character takes two."""
    return sum(1 + (ord(character) >= 0x2E80) for character in text)


def with_labels(html: str) -> str:
    """The page with `data-label` on the cells of tables that have a long one."""
    return _TABLE.sub(_labelled, html)


def _labelled(match: re.Match[str]) -> str:
    inside = match["inside"]
    heads = [_text(head) for head in _HEAD.findall(inside)]
    long = any(columns(_text(cell)) > LONG for _, cell in _CELL.findall(inside))
    if not long or not any(heads):
        return match[0]

    def row(found: re.Match[str]) -> str:
        labels = iter(heads)

        def cell(one: re.Match[str]) -> str:
            label = escape(next(labels, ""))
            return f'<td{one[1]} data-head="{label}">{one[2]}</td>'

        return f"<tr>{_CELL.sub(cell, found[1])}</tr>"

    return f"<table data-bp-rows>{_ROW.sub(row, inside)}</table>"
