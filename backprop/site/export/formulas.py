"""Formulas as pictures: one in a line of text with its baseline, a displayed one row by row."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree, html

from backprop.program import store
from backprop.site.export.drawings import INK, file_of
from backprop.site.mathematics.engine import Engine, find_settings
from backprop.site.mathematics.finder import Formula
from backprop.site.mathematics.linear import linear
from backprop.site.mathematics.typeset import Refused, Typeset, Typesetter

_SCALE = 1.16
"""MathJax's font beside that of the text, as on the page."""
_PIXELS = 16.0 * _SCALE / 1000
_GAP = 120.0  # room above and below a row, in thousandths of an em
_SHIFT = re.compile(r"translate\(\s*[-\d.]+[\s,]+(-?[\d.]+)")


@dataclass(frozen=True)
class Picture:
    """width, height and depth in em of the text around it."""

    data: bytes
    width: float
    height: float
    depth: float

    @property
    def style(self) -> str:
        return f"width:{self.width:.3f}em;height:auto;vertical-align:{-self.depth:.3f}em"


class Formulas:
    """MathJax that makes pictures, with the macros and extensions of a site."""

    def __init__(self, root: Path, options: Mapping[str, Any]) -> None:
        settings = find_settings(root, options.get("extensions", ()), options.get("macros"))
        self._engine = Engine(dataclasses.replace(settings, output="svg"))
        self._typesetter = Typesetter(self._engine, store.at(root))

    def close(self) -> None:
        self._engine.close()

    def page(self, found: Sequence[str]) -> list[Typeset]:
        """The formulas of a page, `$…$` or `$$…$$`, in the order in which a reader meets them.

        Raises:
            ValueError: one that stands in a page cannot be typeset.
        """
        formulas = []
        for raw in found:
            fence = "$$" if raw.startswith("$$") else "$"
            tex = raw.removeprefix(fence).removesuffix(fence)
            formulas.append(Formula(tex, fence == "$$", raw))
        made: list[Typeset] = []
        for formula, result in zip(formulas, self._typesetter.page(formulas), strict=True):
            if isinstance(result, Refused):
                raise ValueError(f"{result.message}\n    {formula.raw}")
            made.append(result)
        return made


def whole(formula: Typeset) -> Picture:
    return _picture(*_drawn(formula))


def rows(formula: Typeset, count: int) -> list[Picture]:
    """A picture of each row, all of the same width, so that they stay aligned below each other;
    one of the whole formula where its rows are not `count`, or are those of a matrix in it."""
    svg, box = _drawn(formula)
    sizes = [
        float(n) for n in re.findall(r'data-rows="([^"]*)"', formula.html)[:1] for n in n.split()
    ]
    heights, depths = sizes[::2], sizes[1::2]
    table = _table(svg)
    lines = [] if table is None else _lines(table)
    if not len(lines) == len(heights) == count > 1:
        return [_picture(svg, box)]
    made = []
    for line, height, depth in zip(lines, heights, depths, strict=True):
        y = _shift(line)
        top, bottom = -y - 1000 * height - _GAP, -y + 1000 * depth + _GAP
        row = copy.deepcopy(svg)
        for group in list(row.iter("g")):
            kind = group.get("data-mml-node")
            numbered = group.getparent() is not None and group.getparent().get("data-labels")
            if (kind in _ROWS and _depth(group) == 1) or (kind == "mtd" and numbered):
                at = _shift(group) + sum(map(_shift, group.findall("g[@data-idbox]")))
                if abs(at - y) > 1:
                    group.getparent().remove(group)
        made.append(_picture(row, (box[0], top, box[2], bottom - top)))
    return made


def names(formula: Typeset, count: int) -> list[str]:
    """Each of the rows as a line of text, or the whole formula if it has not so many."""
    mathml = etree.fromstring(formula.mml)
    table = next(mathml.iter("mtable"), None)
    lines = [] if table is None else table.findall("mtr")
    if len(lines) != count or count == 1:
        return [formula.plain.rstrip("; ")] * count
    texts = [linear(etree.tostring(line, encoding="unicode")) for line in lines]
    return [text.rstrip("; ") for text in texts]


_ROWS = ("mtr", "mlabeledtr")
Box = tuple[float, float, float, float]


def _drawn(formula: Typeset) -> tuple[etree._Element, Box]:
    """The drawing and its box, in thousandths of an em; y grows downwards from the baseline."""
    svg = html.fragment_fromstring(formula.html).find("svg")
    numbered = svg.get("data-mjx-viewbox")
    x, y, width, height = (float(n) for n in (numbered or svg.get("viewbox")).split())
    if numbered:
        svg = _numbered(svg, x, width)
    return svg, (x, y, width, height)


def _numbered(svg: etree._Element, x: float, width: float) -> etree._Element:
    """A formula with numbers, which MathJax lays out when it knows the width of the page: the
    formula in the middle and the numbers on the right of the least width."""
    made = html.fragment_fromstring(
        "<svg><g stroke='currentColor' fill='currentColor' stroke-width='0'></g></svg>"
    )
    parts = [part for part in svg.iter("svg") if part.get("data-table") or part.get("data-labels")]
    for part in parts:
        own = float(part.get("viewbox").split()[0])
        align = part.get("preserveaspectratio", "xMidYMid")
        left = {"xMid": x + width / 2 - 0.5, "xMax": x + width - 1}.get(align[:4], x)
        group = html.fragment_fromstring(f"<g transform='translate({left - own:g},0)'></g>")
        for inner in part.findall("g"):
            inner.set("data-table" if part.get("data-table") else "data-labels", "true")
            group.append(inner)
        made[0].append(group)
    return made


def _table(svg: etree._Element) -> etree._Element | None:
    """The table of rows, if the formula is nothing else."""
    place = next((g for g in svg.iter("g") if g.get("data-table")), None)
    if place is None:
        place = next((g for g in svg.iter("g") if g.get("data-mml-node") == "math"), None)
    while place is not None and place.get("data-mml-node") != "mtable":
        inner = [child for child in place if len(child) or child.tag != "g"]
        if _lines(place):
            return place
        place = inner[0] if len(inner) == 1 and inner[0].tag == "g" else None
    return place


def _lines(table: etree._Element) -> list[etree._Element]:
    return [line for line in table if line.get("data-mml-node") in _ROWS]


def _depth(row: etree._Element) -> int:
    return 1 + sum(a.get("data-mml-node") in _ROWS for a in row.iterancestors())


def _shift(group: etree._Element) -> float:
    found = _SHIFT.match(group.get("transform", ""))
    return float(found[1]) if found else 0.0


def _picture(svg: etree._Element, box: Box) -> Picture:
    x, y, width, height = box
    svg = copy.deepcopy(svg)
    for name in ("style", "data-mjx-viewbox", "focusable", "role"):
        svg.attrib.pop(name, None)
    for element in svg.iter():
        for name in (
            "data-mml-node",
            "data-c",
            "data-table",
            "data-labels",
            "data-idbox",
            "data-variant",
            "id",
        ):
            element.attrib.pop(name, None)
    # Glyphs may reach a little over the box that MathJax gives them.
    x, y, width, height = x - 20, y - 20, width + 40, height + 40
    svg.set("viewbox", f"{x:g} {y:g} {width:g} {height:g}")
    svg.set("width", f"{width * _PIXELS:.2f}")
    svg.set("height", f"{height * _PIXELS:.2f}")
    em = _SCALE / 1000
    return Picture(file_of(svg, INK), width * em, height * em, (y + height) * em)
