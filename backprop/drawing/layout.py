"""Coordinates: boxes, wires and labels without a collision, by construction.

`lanes.plan` says which column and row everything has, `flow.Flow` how far along the flow it lies;
here rows get their places across it. Everything is computed in (along, across) and turned into
(x, y) at the end: the flow runs to the right, or down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backprop.drawing.flow import ARROW, CLEAR, LABEL_GAP, Flow, side
from backprop.drawing.lanes import Plan, plan

_ROW_GAP = {"right": 18.0, "down": 13.0}
_MARGIN = 4.0


class Rect(NamedTuple):
    x: float
    y: float
    width: float
    height: float


Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """The size that a box needs for its text."""

    width: float
    height: float


@dataclass(frozen=True)
class Wire:
    """A wire from a box to a later one, by index, and the size of its label; ``below`` is what the
    label needs below a wire that runs right, more than above it."""

    source: int
    target: int
    width: float
    height: float
    below: float = 0.0


@dataclass(frozen=True)
class Layout:
    """Where everything is. A wire is a polyline of horizontal and vertical pieces from its
    source's edge to its target's; wires with one source may share their first pieces, which
    carry the same value."""

    width: float
    height: float
    boxes: list[Rect]
    wires: list[list[Point]]
    labels: list[Rect]


class _Placer:
    def __init__(
        self, boxes: Sequence[Box], wires: Sequence[Wire], lanes: Plan, direction: str
    ) -> None:
        self.right = direction == "right"
        self.lanes, self.wires = lanes, wires
        self.flow = Flow(
            [(wire.source, wire.target) for wire in wires],
            lanes,
            [(box.width if self.right else box.height) / 2 for box in boxes],
            [wire.width if self.right else wire.height for wire in wires],
        )
        self.half = [(box.height if self.right else box.width) / 2 for box in boxes]
        self.axis, self.breadth = self._rows(_ROW_GAP[direction])
        first = min(at - half for at, half in zip(self.flow.at, self.flow.half, strict=True))
        self.shift = _MARGIN - first

    def _label(self, wire: int) -> tuple[float, float]:
        """What a label occupies across, relative to the axis of its row: around a wire that
        runs right, beside a wire that runs down (whose rows count to the left)."""
        if self.right:
            half = self.wires[wire].height / 2
            return -half, half + self.wires[wire].below
        source = self.wires[wire].source
        start = self.half[source] if source in self.lanes.drop else -LABEL_GAP
        return start - self.wires[wire].width, start

    def _rows(self, gap: float) -> tuple[dict[int, float], float]:
        """The axis of each row, and where the last one ends."""
        low = dict.fromkeys(self.flow.rows, -CLEAR)
        high = dict.fromkeys(self.flow.rows, CLEAR)
        occupied = [(row, -half, half) for row, half in zip(self.lanes.row, self.half, strict=True)]
        occupied += [(row, *self._label(wire)) for wire, row in enumerate(self.lanes.track)]
        for row, start, end in occupied:
            low[row], high[row] = min(low[row], start), max(high[row], end)
        axis = {}
        end = -gap
        for row in self.flow.rows:
            axis[row] = end + gap - low[row]
            end = axis[row] + high[row]
        return axis, end

    def _point(self, along: float, across: float) -> Point:
        along += self.shift
        if self.right:
            return round(along, 1), round(across + _MARGIN, 1)
        return round(self.breadth - across + _MARGIN, 1), round(along, 1)

    def _rect(self, along: float, half: float, low: float, high: float) -> Rect:
        (x, y), (u, v) = self._point(along - half, low), self._point(along + half, high)
        return Rect(min(x, u), min(y, v), round(abs(u - x), 1), round(abs(v - y), 1))

    def _path(self, wire: int) -> list[Point]:
        """A wire in (along, across), from its source's edge to its target's."""
        source, target = self.wires[wire].source, self.wires[wire].target
        row, track, axis = self.lanes.row, self.lanes.track[wire], self.axis
        if wire == self.lanes.drop.get(source):
            to, at = side(row[target], row[source]), self.flow.at[source]
            start = axis[row[source]] + to * self.half[source]
            return [(at, start), (at, axis[row[target]] - to * self.half[target])]
        start, end = self.flow.run(wire)
        path = [(start, axis[track])]
        if track != row[source]:
            to = side(track, row[source])
            path.insert(0, (start, axis[row[source]] + to * self.half[source]))
        if track == row[target]:
            path.append((end + ARROW, axis[track]))
        else:
            to = side(track, row[target])
            path += [(end, axis[track]), (end, axis[row[target]] + to * self.half[target])]
        return path

    def place(self) -> Layout:
        flow, lanes = self.flow, self.lanes
        boxes = []
        for box, half in enumerate(self.half):
            middle = self.axis[lanes.row[box]]
            boxes.append(self._rect(flow.at[box], flow.half[box], middle - half, middle + half))
        labels = []
        for wire, row in enumerate(lanes.track):
            low, high = (self.axis[row] + edge for edge in self._label(wire))
            labels.append(self._rect(flow.centres[wire], flow.labels[wire] / 2, low, high))
        paths = [[self._point(*p) for p in self._path(wire)] for wire in range(len(self.wires))]
        ends = [(rect.x + rect.width, rect.y + rect.height) for rect in (*boxes, *labels)]
        ends += [point for path in paths for point in path]
        width, height = (round(max(parts) + _MARGIN, 1) for parts in zip(*ends, strict=True))
        return Layout(width, height, boxes, paths, labels)


def layout(
    boxes: Sequence[Box],
    wires: Sequence[Wire],
    direction: str = "right",
    main: int | None = None,
    goal: int | None = None,
) -> Layout:
    """Place boxes (in topological order) and the wires between them.

    ``main`` and ``goal`` name the boxes at the two ends of the baseline; sizes and results are
    in pixels.

    Raises
    ------
    ValueError
        If ``direction`` is neither "right" nor "down", or a wire does not lead forward.
    """
    if direction not in _ROW_GAP:
        raise ValueError(f'direction is "right" or "down", not {direction!r}')
    for wire in wires:
        if not 0 <= wire.source < wire.target < len(boxes):
            raise ValueError(f"a wire must lead from a box to a later one, not {wire}")
    if not boxes:
        return Layout(2 * _MARGIN, 2 * _MARGIN, [], [], [])
    pairs = [(wire.source, wire.target) for wire in wires]
    return _Placer(boxes, wires, plan(len(boxes), pairs, main, goal), direction).place()
