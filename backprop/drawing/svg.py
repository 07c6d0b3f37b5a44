"""A diagram and its layout as SVG text."""

from html import escape
from itertools import pairwise

from backprop.drawing.diagram import Diagram, Item, Link
from backprop.drawing.layout import Box, Layout, Point, Rect, Wire, layout
from backprop.drawing.measure import text_width
from backprop.drawing.style import ALONE, STYLE

_NAME, _SHAPE, _SYMBOL = 12.5, 11.0, 14.0  # font sizes; style.py names the same
_BOX_HEIGHT, _BOX_MARGIN, _BOX_LEAST = 30.0, 8.0, 32.0
_LINE, _CORNER, _HEAD = 15.0, 8.0, 8.0
_SPACE = text_width(" ", _NAME)


def _label_width(link: Link) -> float:
    rows = [(link.text, link.shape), (link.gradient or "", link.gradient_shape)]
    return max(
        text_width(name, _NAME) + _SPACE + text_width(shape, _SHAPE)
        for name, shape in rows
        if name or shape
    )


def arrange(diagram: Diagram, direction: str) -> Layout:
    """The layout of a diagram, its texts measured."""
    boxes = [
        Box(max(_BOX_LEAST, text_width(item.text, _SYMBOL) + 2 * _BOX_MARGIN), _BOX_HEIGHT)
        for item in diagram.items
    ]
    wires = []
    for link in diagram.links:
        lines = 2 if direction == "right" or link.gradient else 1
        wires.append(Wire(link.source, link.target, _label_width(link), lines * _LINE + 4))
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


def _texts(link: Link, label: Rect, around: bool) -> str:
    """The label: the forward value above the wire and its gradient below, or, beside a wire
    that runs the other way, one under the other."""
    x = label.x + label.width / 2 if around else label.x
    middle = label.y + label.height / 2
    rows = [("forward", link.text, link.shape, -6 if around else -4)]
    if link.gradient:
        rows.append(("backward", link.gradient, link.gradient_shape, 15 if around else 11))
    elif not around:
        rows = [("forward", link.text, link.shape, 4)]
    return " ".join(
        f'<text class="bp-{kind}" x="{_n(x)}" y="{_n(middle + down)}">{escape(name)} '
        f'<tspan class="bp-shape">{escape(shape)}</tspan></text>'
        for kind, name, shape, down in rows
    )


def _wire(diagram: Diagram, link: Link, points: list[Point], label: Rect, right: bool) -> str:
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
        f"{_texts(link, label, around)}</g>"
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


def svg(
    diagram: Diagram, direction: str = "right", lang: str = "en", standalone: bool = True
) -> str:
    """The drawing of a diagram. Without ``standalone`` it has no style of its own, for pages
    that load `style.STYLE` once. It contains no ids, so any number of drawings fit one page."""
    drawn = arrange(diagram, direction)
    wires = [
        _wire(diagram, link, drawn.wires[index], drawn.labels[index], direction == "right")
        for index, link in enumerate(diagram.links)
    ]
    nodes = [_node(item, drawn.boxes[index]) for index, item in enumerate(diagram.items)]
    width, height = _n(drawn.width), _n(drawn.height)
    attributes = _attributes(
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        lang="zh-Hans" if lang == "zh" else lang,
        font_family="sans-serif",
        font_size=_NAME,
        **{"class": f"bp-graph bp-{direction}{' bp-alone' if standalone else ''}"},
    )
    return "\n".join(
        [
            f"<svg{attributes}>",
            f"<title>{escape(diagram.title)}</title>",
            f"<desc>{escape(diagram.description)}</desc>",
            *([f"<style>\n{STYLE}{ALONE}</style>"] if standalone else []),
            *wires,
            *nodes,
            "</svg>\n",
        ]
    )
