"""Positions along the flow: which wire leaves a box where, and what is pushed how far.

Each column is a rigid body: its box, the verticals that stand on it, the sources that hang over
it. Each label is an object between two columns. Everything is pushed together along the flow as
far as it goes: within a row, nothing may begin before the end of what comes earlier. Packing once
to the front and once to the back and taking the mean keeps every such inequality (they are linear)
and spreads boxes evenly.
"""

from collections.abc import Sequence
from typing import NamedTuple

from backprop.drawing.lanes import Plan

PORT = 14.0  # between two verticals on the same side of a box
ARROW = 9.0  # what an arrow head needs before a box
CLEAR = 5.5  # around boxes, verticals and labels
LABEL_GAP = 6.0  # between a wire that runs down and its label, or a hanging box and its label


class _Part(NamedTuple):
    """A piece of a body: rows first to last, from left to right of the body's centre."""

    first: int
    last: int
    left: float
    right: float


def side(of: int, row: int) -> int:
    """On which side of ``row`` the row ``of`` lies: -1 above, 1 below."""
    return 1 if of > row else -1


class Flow:
    """The centres of boxes and labels along the flow.

    Attributes
    ----------
    at : the centre of each box.
    half : half the length of each box, grown where its wires need the room.
    centres : the centre of each label.
    rows : all rows, from the topmost.
    """

    def __init__(
        self,
        wires: Sequence[tuple[int, int]],
        lanes: Plan,
        halves: Sequence[float],
        labels: Sequence[float],
    ) -> None:
        self.wires, self.lanes, self.labels = wires, lanes, labels
        self.half = list(halves)
        self.order = lanes.order
        self.rank = {box: column for column, box in enumerate(self.order)}
        self._hung = set(lanes.drop.values())
        self.offset = self._ports()
        self.parts = self._bodies()
        reached = [row for parts in self.parts.values() for part in parts for row in part[:2]]
        self.rows = range(min(reached), max(reached) + 1)
        self.at = [0.0] * len(self.half)
        self.centres = [0.0] * len(wires)
        self._settle()

    # -- what a column is made of ----------------------------------------------------------

    def _ports(self) -> dict[tuple[str, int, int], float]:
        """Where verticals stand on a box: ("in", wire, side) and ("out", box, side) → offset
        from the centre. On a side, wires that arrive come first, the nearest track leftmost,
        then the trunk of those that leave: so they cannot cross each other."""
        ports: dict[tuple[int, int], set[tuple[int, int, tuple[str, int, int]]]] = {}
        row = self.lanes.row
        for wire, (source, target) in enumerate(self.wires):
            track = self.lanes.track[wire]
            if track != row[target]:
                to = side(track, row[target])
                port = (0, abs(track - row[target]), ("in", wire, to))
                ports.setdefault((target, to), set()).add(port)
            if track != row[source] and wire not in self._hung:
                to = side(track, row[source])
                ports.setdefault((source, to), set()).add((1, 0, ("out", source, to)))
        offset = {}
        for (box, _), found in ports.items():
            for place, (_, _, key) in enumerate(sorted(found)):
                offset[key] = (place - (len(found) - 1) / 2) * PORT
            self.half[box] = max(self.half[box], (len(found) - 1) / 2 * PORT + PORT * 0.65)
        return offset

    def _bodies(self) -> dict[int, list[_Part]]:
        row, track = self.lanes.row, self.lanes.track
        bodies = {
            box: [_Part(row[box], row[box], -half - CLEAR - ARROW, half + CLEAR)]
            for box, half in enumerate(self.half)
            if box not in self.lanes.drop
        }
        reach: dict[tuple[int, int], int] = {}  # how far the trunk of a box goes
        for wire, (source, _) in enumerate(self.wires):
            to = side(track[wire], row[source])
            farthest = max(reach.get((source, to), 0), abs(track[wire] - row[source]))
            reach[source, to] = farthest
        for (kind, index, to), offset in self.offset.items():
            box = index if kind == "out" else self.wires[index][1]
            end = row[box] + to * reach[box, to] if kind == "out" else track[index]
            first, last = sorted((end, row[box] + to))
            bodies[box].append(_Part(first, last, offset - CLEAR, offset + CLEAR))
        for box, wire in self.lanes.drop.items():
            offset, half = self._hanging(wire), self.half[box]
            label = half + LABEL_GAP + self.labels[wire] + CLEAR
            part = _Part(row[box], row[box], offset - half - CLEAR, offset + label)
            bodies[self.wires[wire][1]].append(part)
        return bodies

    def _hanging(self, wire: int) -> float:
        """The offset of the port on which a hanging source stands."""
        to = side(self.lanes.track[wire], self.lanes.row[self.wires[wire][1]])
        return self.offset["in", wire, to]

    # -- pushing -----------------------------------------------------------------------------

    def _pack(self, before: dict[int, list[int]], sign: int) -> tuple[list[float], float]:
        """Push everything to the front (sign 1) or, mirrored, to the back (sign -1); the centres
        and the length. ``before`` has the wires whose labels stand before a column."""
        sky = dict.fromkeys(self.rows, 0.0)
        at = [0.0] * len(self.at)

        def labels(column: int) -> None:
            for wire in before.get(column, ()):
                sky[self.lanes.track[wire]] += self.labels[wire] + CLEAR

        for column in range(len(self.order))[::sign]:
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
        return at, max(sky.values())

    def run(self, wire: int) -> tuple[float, float]:
        """From where to where a wire runs along its track, without its arrow head."""
        source, target = self.wires[wire]
        row, track = self.lanes.row, self.lanes.track[wire]
        start, end = self.at[source], self.at[target]
        if track == row[source]:
            start += self.half[source]
        else:
            start += self.offset["out", source, side(track, row[source])]
        if track == row[target]:
            end -= self.half[target] + ARROW
        else:
            end += self.offset["in", wire, side(track, row[target])]
        return start, end

    def _windows(self, wire: int) -> list[tuple[float, float, int]]:
        """The pieces of a wire's run that no vertical crosses: (start, end, column after)."""
        track = self.lanes.track[wire]
        start, end = self.run(wire)
        first, last = (self.rank[box] for box in self.wires[wire])
        crossing = sorted(
            (self.at[box] + part.left, self.at[box] + part.right, column)
            for column, box in enumerate(self.order[first + 1 : last], first + 1)
            for part in self.parts[box]
            if part.first <= track <= part.last
        )
        windows = []
        here = start + CLEAR
        for left, right, column in crossing:
            windows.append((here, left, column))
            here = max(here, right)
        windows.append((here, end - CLEAR, last))
        return windows

    def _settle(self) -> None:
        """Place all bodies, then every label as near as it goes to the middle of its wire."""
        running = [wire for wire in range(len(self.wires)) if wire not in self._hung]
        before: dict[int, list[int]] = {}
        for wire in running:
            first, last = (self.rank[box] for box in self.wires[wire])
            if last == first + 1:
                before.setdefault(last, []).append(wire)
        short = {wire for wires in before.values() for wire in wires}
        # Labels of long wires go where the drawing is widest without them.
        self.at, _ = self._pack(before, 1)
        for wire in running:
            if wire not in short:
                widest = max(self._windows(wire), key=lambda window: window[1] - window[0])
                before.setdefault(widest[2], []).append(wire)
        front, length = self._pack(before, 1)
        back, same = self._pack(before, -1)
        length = max(length, same)
        self.at = [(a + length + b) / 2 for a, b in zip(front, back, strict=True)]
        for wire in running:
            half = self.labels[wire] / 2
            middle = sum(self.run(wire)) / 2
            spots = [
                min(max(middle, left + half), right - half)
                for left, right, _ in self._windows(wire)
                if right - left >= 2 * half - 1e-6
            ]
            self.centres[wire] = min(spots, key=lambda spot: abs(spot - middle))
        for box, wire in self.lanes.drop.items():
            self.at[box] = self.at[self.wires[wire][1]] + self._hanging(wire)
            label = self.half[box] + LABEL_GAP + self.labels[wire] / 2
            self.centres[wire] = self.at[box] + label
