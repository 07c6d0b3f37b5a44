"""Coordinates: boxes, wires and labels without a collision, by construction.

`lanes.plan` says which column and row everything has. Here each column becomes a rigid body (its
box, the verticals that stand on it, the sources that hang over it), each label an object between
two columns, and the bodies are pushed together along the flow as far as they go: within a row,
nothing may begin before the end of what comes earlier. Packing once to the front and once to the
back and taking the mean keeps every such inequality (they are linear) and spreads boxes evenly.

Everything is computed in (along, across) and turned into (x, y) at the end: the flow runs to the
right, or down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backprop.drawing.lanes import Plan, plan

PORT = 14.0  # between two verticals on the same side of a box
_ARROW = 9.0  # what an arrow head needs before a box
_CLEAR = 5.5  # around boxes, verticals and labels
_LABEL_GAP = 6.0  # between a wire that runs down and its label, or a hanging box and its label
_ROW_GAP = {"right": 18.0, "down": 13.0}
MARGIN = 4.0


class Rect(NamedTuple):
    x: float
    y: float
    width: float
    height: float


Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """The size that a box needs for its text, and whether it is an end of the graph."""

    width: float
    height: float


@dataclass(frozen=True)
class Wire:
    """A wire from a box to a later one, by index, and the size of its label."""

    source: int
    target: int
    width: float
    height: float


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


class _Part(NamedTuple):
    """A piece of a body: rows first to last, from left to right of the body's centre."""

    first: int
    last: int
    left: float
    right: float


class _Placer:
    def __init__(
        self, boxes: Sequence[Box], wires: Sequence[Wire], lanes: Plan, direction: str
    ) -> None:
        self.right = direction == "right"
        self.gap = _ROW_GAP[direction]
        self.lanes = lanes
        self.wires = wires
        self.half_along = [(b.width if self.right else b.height) / 2 for b in boxes]
        self.half_across = [(b.height if self.right else b.width) / 2 for b in boxes]
        self.label_along = [w.width if self.right else w.height for w in wires]
        self.offset = self._ports()
        self.parts = self._bodies()
        self.order = lanes.order
        self.at = [0.0] * len(boxes)  # the centre of each box, along

    # -- what a column is made of ----------------------------------------------------------

    def _ports(self) -> dict[tuple[str, int, int], float]:
        """Where verticals stand on a box: ("in", wire, side) and ("out", box, side) → offset
        from the centre. On a side, wires that arrive come first, the nearest track leftmost,
        then the trunk of those that leave: so they cannot cross each other."""
        sides: dict[tuple[int, int], list[tuple[int, int, tuple[str, int, int]]]] = {}
        row, track = self.lanes.row, self.lanes.track
        for index, wire in enumerate(self.wires):
            if track[index] != row[wire.target]:
                far = track[index] - row[wire.target]
                side = 1 if far > 0 else -1
                port = (0, abs(far), ("in", index, side))
                sides.setdefault((wire.target, side), []).append(port)
            if index not in self.lanes.drop.values() and track[index] != row[wire.source]:
                side = 1 if track[index] > row[wire.source] else -1
                ports = sides.setdefault((wire.source, side), [])
                port = (1, 0, ("out", wire.source, side))
                if port not in ports:
                    ports.append(port)
        offset = {}
        for (box, _), ports in sides.items():
            ports.sort()
            for place, (_, _, key) in enumerate(ports):
                offset[key] = (place - (len(ports) - 1) / 2) * PORT
            needed = (len(ports) - 1) / 2 * PORT + PORT * 0.65
            self.half_along[box] = max(self.half_along[box], needed)
        return offset

    def _bodies(self) -> dict[int, list[_Part]]:
        row, track = self.lanes.row, self.lanes.track
        bodies = {
            box: [_Part(row[box], row[box], -half - _CLEAR - _ARROW, half + _CLEAR)]
            for box, half in enumerate(self.half_along)
            if box not in self.lanes.drop
        }

        def vertical(box: int, offset: float, reach: int) -> None:
            step = 1 if reach > row[box] else -1
            first, last = sorted((reach, row[box] + step))
            bodies[box].append(_Part(first, last, offset - _CLEAR, offset + _CLEAR))

        for (kind, index, side), offset in self.offset.items():
            if kind == "out":
                reaches = [
                    track[w] * side for w, wire in enumerate(self.wires) if wire.source == index
                ]
                vertical(index, offset, max(reaches) * side)
            else:
                vertical(self.wires[index].target, offset, track[index])
        for box, wire in self.lanes.drop.items():
            offset, half = self._hanging(wire), self.half_along[box]
            label = half + _LABEL_GAP + self.label_along[wire] + _CLEAR
            part = _Part(row[box], row[box], offset - half - _CLEAR, offset + label)
            bodies[self.wires[wire].target].append(part)
        return bodies

    def _hanging(self, wire: int) -> float:
        """The offset of the port on which a hanging source stands."""
        side = 1 if self.lanes.track[wire] > self.lanes.row[self.wires[wire].target] else -1
        return self.offset["in", wire, side]

    # -- along the flow --------------------------------------------------------------------

    def _pack(self, gap_of: dict[int, int], sign: int) -> list[float]:
        """Push everything to the front (sign 1) or, mirrored, to the back (sign -1).
        ``gap_of`` maps a wire whose label takes part to the column before which it stands."""
        before: dict[int, list[int]] = {}
        for wire, column in gap_of.items():
            before.setdefault(column, []).append(wire)
        sky: dict[int, float] = dict.fromkeys(self.rows, 0.0)
        at = [0.0] * len(self.at)
        columns = range(len(self.order))

        def labels(column: int) -> None:
            for wire in before.get(column, ()):
                sky[self.lanes.track[wire]] += self.label_along[wire] + _CLEAR

        for column in columns if sign > 0 else reversed(columns):
            box = self.order[column]
            parts = self.parts[box]
            if sign > 0:
                labels(column)
            else:
                parts = [_Part(first, last, -right, -left) for first, last, left, right in parts]
            here = max(
                sky[row] - part.left for part in parts for row in range(part.first, part.last + 1)
            )
            for part in parts:
                for row in range(part.first, part.last + 1):
                    sky[row] = max(sky[row], here + part.right)
            at[box] = here * sign
            if sign < 0:
                labels(column)
        self.length = max(sky.values())
        return at

    def _run(self, wire: int) -> tuple[float, float]:
        """From where to where a wire runs along its track."""
        source, target = self.wires[wire].source, self.wires[wire].target
        row, track = self.lanes.row, self.lanes.track[wire]
        start, end = self.at[source], self.at[target]
        if track == row[source]:
            start += self.half_along[source]
        else:
            start += self.offset["out", source, 1 if track > row[source] else -1]
        if track == row[target]:
            end -= self.half_along[target] + _ARROW
        else:
            end += self.offset["in", wire, 1 if track > row[target] else -1]
        return start, end

    def _windows(self, wire: int) -> list[tuple[float, float, int]]:
        """The pieces of a wire's run that no vertical crosses: (start, end, column after)."""
        track = self.lanes.track[wire]
        start, end = self._run(wire)
        first, last = (self.rank[self.wires[wire].source], self.rank[self.wires[wire].target])
        crossing = sorted(
            (self.at[box] + part.left, self.at[box] + part.right, column)
            for column in range(first + 1, last)
            for box in (self.order[column],)
            for part in self.parts[box]
            if part.first <= track <= part.last
        )
        windows = []
        here = start + _CLEAR
        for left, right, column in crossing:
            windows.append((here, left, column))
            here = right
        windows.append((here, end - _CLEAR, last))
        return windows

    def _along(self) -> list[float]:
        """Place all bodies; return the centre of each label."""
        self.rank = {box: column for column, box in enumerate(self.order)}
        self.rows = sorted({r for parts in self.parts.values() for p in parts for r in p[:2]})
        self.rows = list(range(self.rows[0], self.rows[-1] + 1))
        drops = set(self.lanes.drop.values())
        running = [wire for wire in range(len(self.wires)) if wire not in drops]
        gap_of = {}
        for wire in running:
            first, last = self.rank[self.wires[wire].source], self.rank[self.wires[wire].target]
            if last == first + 1:
                gap_of[wire] = last
        # Labels of long wires go where the drawing is widest without them.
        self.at = self._pack(gap_of, 1)
        for wire in running:
            if wire not in gap_of:
                windows = self._windows(wire)
                gap_of[wire] = max(windows, key=lambda w: w[1] - w[0])[2]
        front = self._pack(gap_of, 1)
        length = self.length
        back = self._pack(gap_of, -1)
        length = max(length, self.length)
        self.at = [(a + length + b) / 2 for a, b in zip(front, back, strict=True)]
        for box, wire in self.lanes.drop.items():
            self.at[box] = self.at[self.wires[wire].target] + self._hanging(wire)
        centres = [0.0] * len(self.wires)
        for wire in running:
            half = self.label_along[wire] / 2
            start, end = self._run(wire)
            middle = (start + end) / 2
            spots = [
                min(max(middle, left + half), right - half)
                for left, right, _ in self._windows(wire)
                if right - left >= 2 * half - 1e-6
            ]
            centres[wire] = min(spots, key=lambda spot: abs(spot - middle))
        for box, wire in self.lanes.drop.items():
            centres[wire] = (
                self.at[box] + self.half_along[box] + _LABEL_GAP + self.label_along[wire] / 2
            )
        return centres

    # -- across, and out -------------------------------------------------------------------

    def _label_across(self, wire: int) -> tuple[float, float]:
        """What a label occupies across, relative to the axis of its row: around a wire that
        runs right, beside a wire that runs down (whose rows count to the left)."""
        if self.right:
            half = self.wires[wire].height / 2
            return -half, half
        width = self.wires[wire].width
        source = self.wires[wire].source
        start = self.half_across[source] if source in self.lanes.drop else -_LABEL_GAP
        return start - width, start

    def _across(self) -> dict[int, float]:
        """The axis of each row."""
        low = dict.fromkeys(self.rows, -_CLEAR)
        high = dict.fromkeys(self.rows, _CLEAR)
        for box, half in enumerate(self.half_across):
            row = self.lanes.row[box]
            low[row], high[row] = min(low[row], -half), max(high[row], half)
        for wire, row in enumerate(self.lanes.track):
            start, end = self._label_across(wire)
            low[row], high[row] = min(low[row], start), max(high[row], end)
        axis = {}
        here = 0.0
        for row in self.rows:
            axis[row] = here - low[row]
            here = axis[row] + high[row] + self.gap
        self.breadth = here - self.gap
        return axis

    def place(self) -> Layout:
        centres = self._along()
        axis = self._across()
        row, track = self.lanes.row, self.lanes.track
        shift = MARGIN - min(map(self._first_edge, range(len(self.at))), default=0.0)

        def point(along: float, across: float) -> Point:
            along += shift
            if self.right:
                return round(along, 1), round(across + MARGIN, 1)
            return round(self.breadth - across + MARGIN, 1), round(along, 1)

        def rect(a: Point, b: Point) -> Rect:
            (x, y), (u, v) = a, b
            left, top = min(x, u), min(y, v)
            return Rect(left, top, round(max(x, u) - left, 1), round(max(y, v) - top, 1))

        boxes = []
        for box, here in enumerate(self.at):
            along, across, middle = self.half_along[box], self.half_across[box], axis[row[box]]
            boxes.append(
                rect(point(here - along, middle - across), point(here + along, middle + across))
            )
        labels = []
        for wire, here in enumerate(centres):
            low, high = self._label_across(wire)
            half, middle = self.label_along[wire] / 2, axis[track[wire]]
            labels.append(rect(point(here - half, middle + low), point(here + half, middle + high)))
        paths = [[point(*p) for p in self._path(w, axis)] for w in range(len(self.wires))]
        ends = [(r.x + r.width, r.y + r.height) for r in (*boxes, *labels)]
        width = max([e[0] for e in ends] + [p[0] for path in paths for p in path], default=0)
        height = max([e[1] for e in ends] + [p[1] for path in paths for p in path], default=0)
        return Layout(round(width + MARGIN, 1), round(height + MARGIN, 1), boxes, paths, labels)

    def _first_edge(self, box: int) -> float:
        return self.at[box] - self.half_along[box]

    def _path(self, wire: int, axis: dict[int, float]) -> list[Point]:
        """A wire in (along, across), from its source's edge to its target's."""
        source, target = self.wires[wire].source, self.wires[wire].target
        row, track = self.lanes.row, self.lanes.track[wire]
        if wire == self.lanes.drop.get(source):
            side = 1 if row[target] > row[source] else -1
            start = axis[row[source]] + side * self.half_across[source]
            end = axis[row[target]] - side * self.half_across[target]
            return [(self.at[source], start), (self.at[source], end)]
        start, end = self._run(wire)
        path = []
        if track != row[source]:
            side = 1 if track > row[source] else -1
            path.append((start, axis[row[source]] + side * self.half_across[source]))
        path.append((start, axis[track]))
        if track == row[target]:
            path.append((end + _ARROW, axis[track]))
        else:
            side = 1 if track > row[target] else -1
            path.append((end, axis[track]))
            path.append((end, axis[row[target]] + side * self.half_across[target]))
        return path


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
        return Layout(2 * MARGIN, 2 * MARGIN, [], [], [])
    pairs = [(wire.source, wire.target) for wire in wires]
    return _Placer(boxes, wires, plan(len(boxes), pairs, main, goal), direction).place()
