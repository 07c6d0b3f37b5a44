"""A drawing in a page as a file of its own: names as SVG spells them, colours in light and dark."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from pathlib import Path

from lxml import etree

import backprop.site.posts as posts
from backprop.drawing.style import ALONE, STYLE

# HTML is read without regard to case, SVG is not.
_SPELT = """
clipPath linearGradient radialGradient textPath foreignObject feGaussianBlur feOffset feBlend
feColorMatrix feComposite feFlood feMerge feMergeNode animateTransform viewBox preserveAspectRatio
clipPathUnits gradientUnits gradientTransform patternUnits patternTransform patternContentUnits
maskUnits maskContentUnits markerWidth markerHeight markerUnits refX refY spreadMethod startOffset
textLength lengthAdjust stdDeviation baseFrequency pathLength primitiveUnits filterUnits
"""
_NAMES = {name.lower(): name for name in _SPELT.split()}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
INK = "svg{color:#1f2328}@media screen and (prefers-color-scheme:dark){svg{color:#e6edf3}}"
"""What is drawn in the colour of the text, where there is no text around it."""
_WIDEST = 720.0
"""A wider graph is drawn in several rows, as a page does where it has no room."""
_OURS = re.compile(r"--bp-figure-[\w-]+:\s*[^;]+;")
_FIGURES = Path(posts.__file__).with_name("assets") / "posts.css"


def _figure_colours() -> str:
    """The variables of the figures' colours as a page sets them: first light, then dark."""
    found = _OURS.findall(_FIGURES.read_text("utf-8"))
    light, dark = "".join(found[: len(found) // 2]), "".join(found[len(found) // 2 :])
    return f"svg{{{light}}}@media screen and (prefers-color-scheme:dark){{svg{{{dark}}}}}"


def file_of(svg: etree._Element, style: str = INK) -> bytes:
    """An `svg` element of a page as a file."""
    root = _copy(svg)
    sheet = etree.Element(f"{{{_SVG}}}style")
    sheet.text = style
    root.insert(0, sheet)
    return etree.tostring(root, encoding="utf-8", xml_declaration=False) + b"\n"


def _copy(element: etree._Element) -> etree._Element:
    """The element with the names and the namespaces of SVG."""
    tag = element.tag
    made = etree.Element(f"{{{_SVG}}}{_NAMES.get(tag, tag)}", nsmap={None: _SVG, "xlink": _XLINK})
    for name, value in element.items():
        if name.startswith(("xmlns", "on")):
            continue
        if name.startswith("xlink:"):
            name = f"{{{_XLINK}}}{name[6:]}"
        made.set(_NAMES.get(name, name), value)
    made.text, made.tail = element.text, element.tail
    made.extend(_copy(child) for child in element if isinstance(child.tag, str))
    return made


def plot(svg: etree._Element) -> bytes:
    """A figure that matplotlib drew."""
    made = copy.deepcopy(svg)
    if width := re.search(r"width:\s*([\d.]+)px", made.get("style", "")):
        _, _, wide, high = map(float, made.get("viewbox", "0 0 1 1").split())
        made.set("width", width[1])
        made.set("height", f"{float(width[1]) * high / wide:.0f}")
        del made.attrib["style"]
    made.set("font-family", "system-ui,sans-serif")
    return file_of(made, INK + _figure_colours() + "svg{--md-default-bg-color:Canvas}")


def graph(parts: Iterable[etree._Element]) -> list[bytes]:
    """A graph that a page has cut into parts, as pictures that are not too wide to read."""
    rows: list[list[etree._Element]] = []
    width = 0.0
    for part in parts:
        own = float(part.get("viewbox").split()[2])
        if not rows or width + own > _WIDEST:
            rows.append([])
            width = 0.0
        rows[-1].append(part)
        width += own
    return [file_of(_row(row), STYLE + ALONE) for row in rows]


def _row(parts: list[etree._Element]) -> etree._Element:
    """Parts beside each other as one drawing; a wire that passes through several is drawn once."""
    boxes = [[float(n) for n in part.get("viewbox").split()] for part in parts]
    left, top = boxes[0][0], min(box[1] for box in boxes)
    right, bottom = boxes[-1][0] + boxes[-1][2], max(box[1] + box[3] for box in boxes)
    made = copy.deepcopy(parts[0])
    made.set("viewbox", f"{left:g} {top:g} {right - left:g} {bottom - top:g}")
    made.set("width", f"{right - left:g}")
    made.set("height", f"{bottom - top:g}")
    made.set("class", f"{made.get('class')} bp-alone")
    whole: dict[str, etree._Element] = {}
    for part in parts:
        for group in part.findall("g"):
            place = group.find("path") if group.find("path") is not None else group.find("rect")
            key = str(sorted(group.attrib.items())) + str(sorted(place.attrib.items()))
            if key not in whole or len(group) > len(whole[key]):
                whole[key] = group
    for group in made.findall("g"):
        made.remove(group)
    made.extend(copy.deepcopy(group) for group in whole.values())
    for title in made.findall("title"):
        title.text = re.sub(r" \(\d+/\d+\)$", "", title.text or "")
    return made
