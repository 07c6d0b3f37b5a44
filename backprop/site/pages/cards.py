"""The picture that messengers show for a page: the page's own computation graph, and the backward
that was derived from it.

Drawn from the diagram in the finished page (lines, boxes and names; nothing else is needed), with
the fonts that Matplotlib carries along, so that every machine draws the same. Those fonts know no
Chinese: a title that has some is left to the messenger, and the page's address takes its place.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PIL import Image, ImageColor, ImageDraw, ImageFont

from backprop.program.store import Store, digest

SIZE = (1200, 630)
VERSION = "3"  # of what is drawn, in the names of cached pictures
_SHADES = 8
_EDGE, _FINE = 64, 2  # margin; everything is drawn twice as large and made smaller
_PAPER, _INK, _LINE, _BOX = "#ffffff", "#1d2433", "#7b8496", "#f4f6fa"
_FORWARD, _BACKWARD = "#0f7039", "#b3261e"
_COLOURS = {"bp-forward": _FORWARD, "bp-backward": _BACKWARD, "bp-held": _BACKWARD}

_SVG = re.compile(r'<svg\b[^>]*\bclass="bp-graph bp-right[^"]*"[^>]*>.*?</svg>', re.DOTALL)
_VIEW = re.compile(r'viewBox="([^"]*)"')
_CODE = re.compile(r"bp-code-backward.*?<code[^>]*>(.*?)</code>", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?|[MLQz]")


@dataclass(frozen=True)
class Drawing:
    """What a card shows: the SVG of a diagram, and lines of code."""

    svg: str
    code: tuple[str, ...]
    title: str = ""
    site: str = ""

    @property
    def key(self) -> str:
        bare = re.sub(r"<(title|desc)>.*?</\1>|\s(?:lang|data-[\w-]+)=\"[^\"]*\"", "", self.svg)
        text = "\n".join((VERSION, bare, *self.code, self.title, self.site))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def find(html: str) -> Drawing | None:
    """The first diagram of a page, and the code beside it; None if there is none."""
    first = _SVG.search(html)
    if not first:
        return None
    end = html.find("bp-flow-down", first.start())
    parts = [match.group() for match in _SVG.finditer(html, first.start(), max(end, first.end()))]
    code = _CODE.search(html, first.end())
    lines = unescape(re.sub(r"<[^>]+>", "", code.group(1))).split("\n") if code else []
    return Drawing(_joined(parts), tuple(line for line in lines if line.strip()))


def _joined(parts: list[str]) -> str:
    """The pieces of one drawing, which count from one corner, as one."""
    boxes = [list(map(float, re.findall(r"-?[\d.]+", _VIEW.findall(part)[0]))) for part in parts]
    left, right = boxes[0][0], boxes[-1][0] + boxes[-1][2]
    top = min(box[1] for box in boxes)
    bottom = max(box[1] + box[3] for box in boxes)
    whole = f"{left:g} {top:g} {right - left:g} {bottom - top:g}"
    inner = [part[part.index(">") + 1 : part.rindex("</svg>")] for part in parts]
    head = parts[0][: parts[0].index(">") + 1]
    view = f'viewBox="{whole}"'
    return "".join((_VIEW.sub(view, head, count=1), *inner, "</svg>"))


def picture(drawing: Drawing, store: Store) -> bytes:
    """The card as PNG, 1200 × 630; drawn once, and kept in the store."""
    made = store.made(
        digest("card", drawing.key), lambda: base64.b64encode(draw(drawing)).decode("ascii")
    )
    return base64.b64decode(made)


def draw(drawing: Drawing) -> bytes:
    canvas = Image.new("RGB", (SIZE[0] * _FINE, SIZE[1] * _FINE), _PAPER)
    pen = ImageDraw.Draw(canvas)
    root = ElementTree.fromstring(drawing.svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    head = 76 if drawing.title else 0
    room = (SIZE[0] - 2 * _EDGE, SIZE[1] - 2 * _EDGE - head)
    lines = _shown(drawing)
    scale = min(room[0] / width, room[1] * (0.52 if lines else 1) / height, 2.6)
    left = (SIZE[0] - width * scale) / 2
    code_height = 34 * len(lines) + 40 if lines else 0
    heading = _heading(pen, drawing)
    top = heading + (SIZE[1] - heading - height * scale - code_height) / 2
    _graph(pen, root, scale * _FINE, (left * _FINE, top * _FINE))
    if lines:
        _text(pen, lines, top + height * scale + 40)
    pen.rectangle((0, 0, SIZE[0] * _FINE / 2, 10 * _FINE), fill=_FORWARD)
    pen.rectangle((SIZE[0] * _FINE / 2, 0, SIZE[0] * _FINE, 10 * _FINE), fill=_BACKWARD)
    out = io.BytesIO()
    # Other filters take as long as all the rest, and the eye sees no difference.
    canvas.reduce(_FINE).quantize(palette=_palette(), dither=Image.Dither.NONE).save(
        out, "PNG", compress_level=6
    )
    return out.getvalue()


@lru_cache(maxsize=1)
def _palette() -> Image.Image:
    """The colours that a card is drawn with, and the shades between them that edges have: known
    beforehand, they are nearer to what is drawn than those that are looked for, in no time."""
    grounds = [ImageColor.getrgb(colour) for colour in (_PAPER, _BOX)]
    inks = [ImageColor.getrgb(colour) for colour in (_INK, _LINE, _FORWARD, _BACKWARD)]
    parts = [value for colour in (*grounds, *inks) for value in colour]
    for ink, ground in product(inks, grounds):
        for step in range(1, _SHADES):
            parts += [round(g + (i - g) * step / _SHADES) for g, i in zip(ground, ink, strict=True)]
    image = Image.new("P", (1, 1))
    image.putpalette(parts)
    return image


def drawable(text: str) -> bool:
    """Whether the fonts have all of a text: Chinese is not in them."""
    return all(ord(character) < 0x500 for character in text)


def _heading(pen: ImageDraw.ImageDraw, drawing: Drawing) -> float:
    """Title and site, above everything else; where it ends."""
    if not drawing.title:
        return 0.0
    title = _font("DejaVuSans-Bold.ttf", 34.0 * _FINE)
    site = _font("DejaVuSans.ttf", 20.0 * _FINE)
    room = (SIZE[0] - 2 * _EDGE) * _FINE - site.getlength(drawing.site) - 40 * _FINE
    text = drawing.title
    while title.getlength(text) > room and len(text) > 1:
        text = text.rstrip("…")[:-1] + "…"
    base = (_EDGE + 30) * _FINE
    pen.text((_EDGE * _FINE, base), text, font=title, fill=_INK, anchor="ls")
    right = (SIZE[0] - _EDGE) * _FINE
    pen.text((right, base), drawing.site, font=site, fill=_LINE, anchor="rs")
    return float(_EDGE + 40)


def _shown(drawing: Drawing) -> list[str]:
    """The lines that assign gradients, at most six."""
    forward = set(re.findall(r'class="bp-forward"[^>]*>([^ <]+)', drawing.svg))
    lines = [
        line.strip()
        for line in drawing.code
        if (name := re.match(r"\s+(d\w+) =", line)) and name[1] not in forward
    ]
    return lines if len(lines) <= 6 else [*lines[:5], "…"]


def _text(pen: ImageDraw.ImageDraw, lines: list[str], top: float) -> None:
    size = 25.0
    longest = max(map(len, lines))
    size = min(size, (SIZE[0] - 2 * _EDGE) / longest / 0.602)
    font = _font("DejaVuSansMono.ttf", size * _FINE)
    width = longest * size * 0.602
    for number, line in enumerate(lines):
        at = ((SIZE[0] - width) / 2 * _FINE, (top + 34 * number) * _FINE)
        name, _, rest = line.partition(" ")
        pen.text(at, name, font=font, fill=_BACKWARD)
        pen.text((at[0] + font.getlength(name + " "), at[1]), rest, font=font, fill=_INK)


def _graph(
    pen: ImageDraw.ImageDraw, root: ElementTree.Element, scale: float, at: tuple[float, float]
) -> None:
    def point(x: float, y: float) -> tuple[float, float]:
        return at[0] + x * scale, at[1] + y * scale

    for group in root.iter():
        classes = group.get("class", "").split()
        if not {"bp-wire", "bp-node"} & set(classes):
            continue
        for part in group:
            name, own = part.tag.rpartition("}")[2], part.get("class", "").split()
            if name == "path" and not {"bp-hit", "bp-return"} & set(own):
                line = [point(*p) for p in _points(part.get("d", ""))]
                if "bp-head" in own:
                    pen.polygon(line, fill=_LINE)
                else:
                    pen.line(line, fill=_LINE, width=round(1.5 * scale), joint="curve")
            elif name == "rect":
                x, y, w, h, r = (
                    float(part.get(k, "0")) for k in ("x", "y", "width", "height", "rx")
                )
                end = {"bp-input", "bp-output"} & set(classes)
                pen.rounded_rectangle(
                    (*point(x, y), *point(x + w, y + h)),
                    r * scale,
                    fill=_BOX,
                    outline=_INK if end else _LINE,
                    width=round(1.5 * scale),
                )
            elif name == "text":
                colour = next(
                    (c for n, c in _COLOURS.items() if n in own),
                    _INK,
                )
                middle = "bp-node" in classes or "bp-middle" in classes
                size = 14.0 if "bp-node" in classes else 12.5
                x, y = float(part.get("x", "0")), float(part.get("y", "0"))
                _label(pen, _runs(part, size), point(x, y), scale, colour, middle)


def _label(
    pen: ImageDraw.ImageDraw,
    runs: list[tuple[str, float]],
    at: tuple[float, float],
    scale: float,
    colour: str,
    middle: bool,
) -> None:
    # DejaVu is wider than the fonts that the diagram was measured for.
    fonts = [_font("DejaVuSans.ttf", 0.9 * size * scale) for _, size in runs]
    widths = [font.getlength(text) for font, (text, _) in zip(fonts, runs, strict=True)]
    x = at[0] - sum(widths) / 2 if middle else at[0]
    for font, width, (text, _) in zip(fonts, widths, runs, strict=True):
        pen.text((x, at[1]), text, font=font, fill=colour, anchor="ls")
        x += width


def _runs(element: ElementTree.Element, size: float) -> list[tuple[str, float]]:
    """The pieces of a text with their sizes; shapes are smaller."""
    runs = [(element.text or "", size)]
    for part in element:
        runs += [("".join(part.itertext()), 11.0 if part.get("class") == "bp-shape" else size)]
        runs += [(part.tail or "", size)]
    return [(text, size) for text, size in runs if text]


def _points(path: str) -> Iterator[tuple[float, float]]:
    """The corners of a path of straight lines and quadratic curves, curves in small steps."""
    numbers: list[Any] = [n if n.isalpha() else float(n) for n in _NUMBER.findall(path)]
    i, at = 0, (0.0, 0.0)
    while i < len(numbers):
        command = numbers[i]
        if command == "Q":
            (a, b), (c, d) = numbers[i + 1 : i + 3], numbers[i + 3 : i + 5]
            for step in range(1, 9):
                t = step / 8
                yield (
                    (1 - t) ** 2 * at[0] + 2 * t * (1 - t) * a + t * t * c,
                    (1 - t) ** 2 * at[1] + 2 * t * (1 - t) * b + t * t * d,
                )
            at, i = (c, d), i + 5
        elif command in ("M", "L"):
            at, i = (numbers[i + 1], numbers[i + 2]), i + 3
            yield at
        else:
            i += 1


@lru_cache(maxsize=64)
def _font(name: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_fonts() / name, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1)
def _fonts() -> Path:
    """Where Matplotlib keeps its fonts, without half a second for the rest of it."""
    found = find_spec("matplotlib")
    folder = Path(str(found and found.origin)).with_name("mpl-data") / "fonts/ttf"
    if not folder.is_dir():  # another layout
        import matplotlib

        folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return folder
