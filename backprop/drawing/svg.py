"""A diagram and its layout as SVG text."""

from html import escape
from itertools import pairwise

from backprop.drawing.diagram import Diagram, Item, Link
from backprop.drawing.layout import Box, Layout, Point, Rect, Wire, layout
from backprop.drawing.measure import text_width
from backprop.drawing.style import ALONE, STYLE
from backprop.drawing.words import say

_NAME, _SHAPE, _SYMBOL = 12.5, 11.0, 14.0  # font sizes; style.py names the same
_BOX_HEIGHT, _BOX_MARGIN, _BOX_LEAST = 30.0, 8.0, 32.0
_LINE, _CORNER, _HEAD = 15.0, 8.0, 8.0
_SPACE = text_width(" ", _NAME)


def _rows(link: Link) -> list[tuple[str, str, str]]:
    """What is written on a wire: (its class, name, shape), row by row. What follows a shape has a
    row of its own."""
    rows = [("forward", link.text, link.shape)]
    if link.gradient:
        shape, end, more = link.gradient_shape.partition(")")
        comma = more[: len(more) - len(more.lstrip(",，"))]
        rows.append(("backward", link.gradient, shape + end + comma))
        if more:
            rows.append(("held", "", more[len(comma) :].strip()))
    return rows


def _label_width(link: Link) -> float:
    return max(
        text_width(name, _NAME) + _SPACE + text_width(shape, _SHAPE)
        for _, name, shape in _rows(link)
    )


def arrange(diagram: Diagram, direction: str) -> Layout:
    """The layout of a diagram, its texts measured."""
    boxes = [
        Box(max(_BOX_LEAST, text_width(item.text, _SYMBOL) + 2 * _BOX_MARGIN), _BOX_HEIGHT)
        for item in diagram.items
    ]
    wires = []
    for link in diagram.links:
        lines = len(_rows(link))
        below = max(0, lines - 2) * _LINE if direction == "right" else 0.0
        height = (2 if direction == "right" else lines) * _LINE + 4
        wires.append(Wire(link.source, link.target, _label_width(link), height, below))
    return layout(boxes, wires, direction, diagram.main, diagram.goal)


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _attributes(**values: object) -> str:
    return "".join(
        f' {name.replace("_", "-")}="{escape(str(value))}"'
        for name, value in values.items()
        if value is not None
    )


def _toward(a: Point, b: Point, far: float) -> Point:
    """The point on the way from a to b (a horizontal or vertical piece) at a distance."""
    length = abs(b[0] - a[0]) + abs(b[1] - a[1])
    share = min(1.0, far / length) if length else 0.0
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _curve(points: list[Point]) -> str:
    """A path with rounded corners, that ends where its arrow head begins."""
    points = [*points[:-1], _toward(points[-1], points[-2], _HEAD - 1)]
    d = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        room = min(
            _CORNER,
            *(
                (abs(p[0] - corner[0]) + abs(p[1] - corner[1])) / (2 if inner else 1)
                for p, inner in ((before, before is not points[0]), (after, after != points[-1]))
            ),
        )
        start, end = _toward(corner, before, room), _toward(corner, after, room)
        d += f"L{_n(start[0])} {_n(start[1])}Q{_n(corner[0])} {_n(corner[1])}"
        d += f" {_n(end[0])} {_n(end[1])}"
    return d + f"L{_n(points[-1][0])} {_n(points[-1][1])}"


def _head(points: list[Point]) -> str:
    """The arrow head at the end of a wire."""
    (x, y), base = points[-1], _toward(points[-1], points[-2], _HEAD)
    across = (0, 4) if base[1] == y else (4, 0)
    corners = (
        (x, y),
        (base[0] + across[0], base[1] + across[1]),
        (base[0] - across[0], base[1] - across[1]),
    )
    return "M" + "L".join(f"{_n(u)} {_n(v)}" for u, v in corners) + "z"


def _back(points: list[Point]) -> str:
    """The wire with its arrow at the other end, for what flows back."""
    turned = points[::-1]
    return (
        f'<path class="bp-return" d="{_curve(turned)}"/>'
        f'<path class="bp-head bp-return" d="{_head(turned)}"/>'
    )


def _texts(link: Link, label: Rect, around: bool, right: bool) -> str:
    """The label: the forward value above the wire and its gradient below, or, beside a wire
    that runs the other way, one under the other."""
    x = label.x + label.width / 2 if around else label.x
    if not link.text and not link.shape:
        return ""
    rows = _rows(link)
    below = max(0, len(rows) - 2) * _LINE if right else 0.0
    middle = label.y + (label.height - below) / 2
    downs = [-6.0, 15.0, 15.0 + _LINE]
    if not around:
        first = 4 - (len(rows) - 1) * _LINE / 2 + below / 2
        downs = [first + number * _LINE for number in range(len(rows))]
    return " ".join(
        f'<text class="bp-{kind}" x="{_n(x)}" y="{_n(middle + down)}">'
        f'{escape(name)} <tspan class="bp-shape">{escape(shape)}</tspan></text>'
        for (kind, name, shape), down in zip(rows, downs, strict=False)
    )


def _wire(
    diagram: Diagram, link: Link, points: list[Point], label: Rect | None, right: bool
) -> str:
    attributes = _attributes(
        data_node=link.name,
        data_user=diagram.items[link.target].name,
        data_gradient=link.gradient,
        data_line=link.line,
        data_step=link.step,
        data_back=link.back,
    )
    around = right and any(a[1] == b[1] for a, b in pairwise(points))
    return (
        f'<g class="bp-wire{" bp-middle" if around else ""}"{attributes}>'
        f'<path d="{_curve(points)}"/><path class="bp-head" d="{_head(points)}"/>'
        f"{_back(points) if diagram.exact and link.gradient else ''}"
        f"{_texts(link, label, around, right) if label is not None else ''}</g>"
    )


def _node(item: Item, rect: Rect) -> str:
    attributes = _attributes(data_node=item.name, data_line=item.line, data_step=item.step)
    x, y = rect.x + rect.width / 2, rect.y + rect.height / 2
    round_ = 11 if item.kind == "operation" else 4
    return (
        f'<g class="bp-node bp-{item.kind}"{attributes}><rect x="{_n(rect.x)}" y="{_n(rect.y)}"'
        f' width="{_n(rect.width)}" height="{_n(rect.height)}" rx="{round_}"/>'
        f'<text x="{_n(x)}" y="{_n(y + 5)}">{escape(item.text)}</text></g>'
    )


def cuts(drawn: Layout, least: float = 110.0) -> list[float]:
    """Where a drawing that runs right may be cut: nothing but wires that run right cross there.

    No piece is narrower than ``least``.
    """
    taken = [(box.x - _HEAD - 4, box.x + box.width + 4) for box in drawn.boxes]
    taken += [(label.x - 2, label.x + label.width + 2) for label in drawn.labels]
    taken += [
        (a[0] - _CORNER - 1, a[0] + _CORNER + 1)
        for path in drawn.wires
        for a, b in pairwise(path)
        if a[0] == b[0]
    ]
    found, end = [0.0], 0.0
    for left, right in sorted(taken):
        at = round((end + left) / 2, 1)
        if left > end and at - found[-1] >= least and drawn.width - at >= least:
            found.append(at)
        end = max(end, right)
    return found[1:]


def _top(drawn: Layout, start: float, end: float) -> float:
    """Where a piece begins that has nothing above."""
    rects = (*drawn.boxes, *drawn.labels)
    tops = [rect.y for rect in rects if rect.x < end and rect.x + rect.width > start]
    tops += [
        min(a[1], b[1])
        for path in drawn.wires
        for a, b in pairwise(path)
        if min(a[0], b[0]) < end and max(a[0], b[0]) > start
    ]
    return max(0.0, min(tops) - 4)


def pieces(diagram: Diagram, lang: str = "en") -> list[str]:
    """The drawing from left to right in pieces, which may be laid side by side, or in rows as
    words are. A wire that runs through several pieces is in each of them, its label in one. All
    end at the same height; what is empty above is cut off."""
    drawn = arrange(diagram, "right")
    edges = [0.0, *cuts(drawn), drawn.width]
    return [
        _svg(diagram, drawn, "right", lang, False, (start, end, number, len(edges) - 1))
        for number, (start, end) in enumerate(pairwise(edges))
    ]


def svg(
    diagram: Diagram, direction: str = "right", lang: str = "en", standalone: bool = True
) -> str:
    """The drawing of a diagram. Without ``standalone`` it has no style of its own, for pages
    that load `style.STYLE` once. It contains no ids, so any number of drawings fit one page."""
    drawn = arrange(diagram, direction)
    return _svg(diagram, drawn, direction, lang, standalone, (0.0, drawn.width, 0, 1))


def _svg(
    diagram: Diagram,
    drawn: Layout,
    direction: str,
    lang: str,
    standalone: bool,
    part: tuple[float, float, int, int],
) -> str:
    """The piece from one x to another, of which number."""
    start, end, number, count = part

    def inside(left: float, right: float) -> bool:
        return left < end and right > start

    wires = []
    for index, link in enumerate(diagram.links):
        path, label = drawn.wires[index], drawn.labels[index]
        if not inside(min(x for x, _ in path), max(x for x, _ in path)):
            continue
        here = label if inside(label.x, label.x + label.width) else None
        wires.append(_wire(diagram, link, path, here, direction == "right"))
    nodes = [
        _node(item, box)
        for item, box in zip(diagram.items, drawn.boxes, strict=True)
        if inside(box.x, box.x + box.width)
    ]
    top = _top(drawn, start, end) if count > 1 else 0.0
    width, height = _n(end - start), _n(drawn.height - top)
    title = diagram.title if count == 1 else f"{diagram.title} ({number + 1}/{count})"
    attributes = _attributes(
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"{_n(start)} {_n(top)} {width} {height}",
        width=width,
        height=height,
        role="img",
        lang=say("tag", lang),
        font_family="sans-serif",
        font_size=_NAME,
        **{"class": f"bp-graph bp-{direction}{' bp-alone' if standalone else ''}"},
        # A page lays a drawing out when it comes near, and knows its height from this alone.
        **({} if standalone else {"data-ratio": f"{(end - start) / (drawn.height - top):.5g}"}),
    )
    return "\n".join(
        [
            f"<svg{attributes}>",
            f"<title>{escape(title)}</title>",
            *([f"<desc>{escape(diagram.description)}</desc>"] if number == 0 else []),
            *([f"<style>\n{STYLE}{ALONE}</style>"] if standalone else []),
            *wires,
            *nodes,
            "</svg>\n",
        ]
    )
