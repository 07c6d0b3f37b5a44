"""Which column and which row: the discrete half of the layout.

Every box has a column of its own, in the order of execution, and stands on a row. Every wire has
a *track*: the row along which it runs, reserved for it from its source's column to its target's.
It reaches the track by a vertical piece that stands on its source, and leaves it by one that
stands on its target. Hence no wire can pass through a box: rows are reserved, and the verticals
of a column have no box in their way but their own.

The look comes from the choice of rows. The shortest path from the first input to the output is
row 0, a straight baseline; what branches off and comes back is a chain of boxes on a row above
it (negative numbers), nearest first; parameters that are used once drop in from above.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from backprop.drawing.tracks import Rows

# The positions of column c along a row: the box is [6c, 6c + 3]; wires that end on it come down
# at 6c + 1, wires that start on it go up at 6c + 2; 6c + 4 and 6c + 5 are the gap after it.
_STEP, _ENTRY, _EXIT, _BOX_END, _AFTER = 6, 1, 2, 3, 4

# What a choice of track costs: crossing another wire, a bend, a row of distance, a new row, and
# lying below the boxes that it joins (statistics belong above the baseline).
_CROSSING, _BEND, _DISTANCE, _NEW_ROW, _BELOW = 6.0, 2.0, 1.0, 1.0, 2.5


@dataclass
class Plan:
    """Columns and rows of boxes, tracks of wires. ``drop`` names the wire of each box that
    stands right above (or below) its only user and shares that one's column."""

    column: list[int]
    row: list[int]
    track: list[int]
    drop: dict[int, int] = field(default_factory=dict)

    @property
    def order(self) -> list[int]:
        """The box of each column, from the first column to the last."""
        own = [box for box in range(len(self.column)) if box not in self.drop]
        return sorted(own, key=self.column.__getitem__)


class _Planner:
    def __init__(self, count: int, wires: Sequence[tuple[int, int]], main: int | None) -> None:
        self.wires = wires
        self.into: list[list[int]] = [[] for _ in range(count)]
        self.out: list[list[int]] = [[] for _ in range(count)]
        for wire, (source, target) in enumerate(wires):
            self.into[target].append(wire)
            self.out[source].append(wire)
        self.row: list[int | None] = [None] * count
        self.track: list[int | None] = [None] * len(wires)
        self.rows = Rows()
        self.main = main
        self.drop = self._drops()
        self.column = self._columns()

    # -- columns ---------------------------------------------------------------------------

    def _drops(self) -> dict[int, int]:
        """The sources that hang over their only user: at most two a user, and only where the
        user has something else that arrives along its row."""
        once = {
            box
            for box, out in enumerate(self.out)
            if not self.into[box] and len(out) == 1 and box != self.main
        }
        drop: dict[int, int] = {}
        for into in self.into:
            carried = [wire for wire in into if self.wires[wire][0] not in once]
            hanging = [wire for wire in into if self.wires[wire][0] in once]
            for wire in (hanging if carried else hanging[1:])[:2]:
                drop[self.wires[wire][0]] = wire
        return drop

    def _columns(self) -> list[int]:
        """The order of execution, but every source moves to the front of its first user."""
        column = [-1] * len(self.into)
        following = 0
        for box in range(len(column)):
            if not self.into[box] and self.out[box] and box != self.main:
                continue
            for wire in self.into[box]:
                source = self.wires[wire][0]
                if column[source] < 0 and source not in self.drop:
                    column[source] = following
                    following += 1
            column[box] = following
            following += 1
        for box, wire in self.drop.items():
            column[box] = column[self.wires[wire][1]]
        return column

    # -- chains ----------------------------------------------------------------------------

    def _baseline(self, goal: int | None) -> list[int]:
        """The shortest path from the main source to the goal; operands of equal length in
        their order."""
        if self.main is None or goal is None:
            return []
        previous: dict[int, int] = {}
        queue = deque([goal])
        while queue:
            box = queue.popleft()
            if box == self.main:
                break
            for wire in self.into[box]:
                source = self.wires[wire][0]
                if source not in previous:
                    previous[source] = box
                    queue.append(source)
        if self.main not in previous:
            return []
        path = [self.main]
        while path[-1] != goal:
            path.append(previous[path[-1]])
        return path

    def _chains(self, baseline: list[int]) -> Iterator[list[int]]:
        """Paths that cover every box that is neither on the baseline nor hanging."""
        assigned = {*baseline, *self.drop}
        for start in sorted(range(len(self.column)), key=self.column.__getitem__):
            if start in assigned:
                continue
            chain = [start]
            assigned.add(start)
            while True:
                nexts = [
                    self.wires[wire][1]
                    for wire in self.out[chain[-1]]
                    if self.wires[wire][1] not in assigned
                ]
                if not nexts:
                    break
                # Rather a user whose first operand this is: the others come back to it.
                chain.append(min(nexts, key=lambda box: (self._carrier(box) != chain[-1], box)))
                assigned.add(chain[-1])
            yield chain

    def _carrier(self, box: int) -> int:
        """The operand that a box continues."""
        sources = [self.wires[wire][0] for wire in self.into[box]]
        return next((source for source in sources if self.into[source]), sources[0])

    # -- rows ------------------------------------------------------------------------------

    def _span(self, source: int, target: int, row: int | None) -> tuple[int, int]:
        """What a wire on ``row`` occupies of it; None for a row that neither end stands on."""
        start = _STEP * self.column[source]
        end = _STEP * self.column[target]
        return (
            start + (_AFTER if row is not None and row == self.row[source] else _EXIT),
            end - 1 if row is not None and row == self.row[target] else end + _ENTRY,
        )

    def _cost(self, row: int, start: int, end: int, ends: list[tuple[int, int]]) -> float:
        """The cost of a run on ``row`` with verticals at ``ends`` = (position, row) pairs."""
        cost = _NEW_ROW * (row not in self.rows.taken)
        for position, other in ends:
            if other != row:
                cost += _BEND + _DISTANCE * abs(row - other)
                cost += _CROSSING * self.rows.crossed_by_rise(position, row, other)
        if ends and row > max(other for _, other in ends):
            cost += _BELOW
        return cost + _CROSSING * self.rows.crossed_by_run(row, start, end)

    def _place(self, box: int, row: int) -> None:
        self.row[box] = row
        position = _STEP * self.column[box]
        self.rows.reserve(row, position, position + _BOX_END)

    def _run(self, wire: int, row: int) -> None:
        """Lay a wire whose ends are placed on ``row``."""
        source, target = self.wires[wire]
        self.track[wire] = row
        self.rows.reserve(row, *self._span(source, target, row))
        for box, port in ((source, _EXIT), (target, _ENTRY)):
            stands = self.row[box]
            if stands is not None and stands != row:
                self.rows.rise(_STEP * self.column[box] + port, row, stands)

    def _place_chain(self, chain: list[int]) -> None:
        """Put a chain on the cheapest free row, with the wires that lead to it and from it."""
        placed = self.row
        first, last = chain[0], chain[-1]
        entering = [w for w in self.into[first] if placed[self.wires[w][0]] is not None]
        entering.sort(key=lambda w: self.wires[w][0] != self._carrier(first))
        leaving = [w for w in self.out[last] if placed[self.wires[w][1]] is not None]
        leaving.sort(key=lambda w: self.column[self.wires[w][1]])
        ends: list[tuple[int, int]] = []
        if entering:
            source = self.wires[entering[0]][0]
            ends.append((_STEP * self.column[source] + _EXIT, placed[source] or 0))
        if leaving:
            target = self.wires[leaving[0]][1]
            ends.append((_STEP * self.column[target] + _ENTRY, placed[target] or 0))

        def span(row: int) -> tuple[int, int]:
            start, end = _STEP * self.column[first], _STEP * self.column[last] + _BOX_END
            if entering:
                start = self._span(*self.wires[entering[0]], row)[0]
            if leaving:
                end = self._span(*self.wires[leaving[0]], row)[1]
            return start, end

        row = self._cheapest(span, ends)
        for box in chain:
            self._place(box, row)
        for source, target in pairwise(chain):
            self._run(next(w for w in self.out[source] if self.wires[w][1] == target), row)
        for wire in (*entering[:1], *leaving[:1]):
            self._run(wire, row)

    def _cheapest(self, span: Callable[[int], tuple[int, int]], ends: list[tuple[int, int]]) -> int:
        """The best row; the rows outside all others are always free, so there is one."""
        free = [row for row in self.rows.candidates() if self.rows.free(row, *span(row))]
        return min(free, key=lambda row: (self._cost(row, *span(row), ends), row))

    def _place_wire(self, wire: int) -> None:
        source, target = self.wires[wire]
        exit_, entry = self._span(source, target, None)
        ends = [(exit_, self.row[source] or 0), (entry, self.row[target] or 0)]
        self._run(wire, self._cheapest(lambda row: self._span(source, target, row), ends))

    def _place_drop(self, box: int, wire: int) -> None:
        """Hang a source over its user: farther out than every wire on that side, so that none
        has to pass it."""
        user = self.wires[wire][1]
        stands = self.row[user]
        assert stands is not None
        tracks = [self.track[w] for w in (*self.into[user], *self.out[user])]
        busy = [stands, *(track for track in tracks if track is not None)]
        hanging = [self.row[b] for b, w in self.drop.items() if self.wires[w][1] == user]
        sides = {row < stands for row in hanging if row is not None}
        position = _STEP * self.column[user]
        best: tuple[float, int] | None = None
        for row in self.rows.candidates():
            if min(busy) <= row <= max(busy) or (row < stands) in sides:
                continue
            if self.rows.free(row, position, position + _BOX_END):
                cost = self._cost(row, position, position, [(position + _ENTRY, stands)])
                best = min(best or (cost, row), (cost, row))
        assert best is not None  # above or below everything there is room
        self.track[wire] = best[1]
        self._place(box, best[1])
        self.rows.rise(position + _ENTRY, best[1], stands)

    def plan(self, goal: int | None) -> Plan:
        baseline = self._baseline(goal)
        chains = list(self._chains(baseline))
        if baseline:
            self._place_chain(baseline)
        while chains:
            chain = min(chains, key=self._readiness)
            chains.remove(chain)
            self._place_chain(chain)
        waiting = [
            wire
            for wire, track in enumerate(self.track)
            if track is None and self.wires[wire][0] not in self.drop
        ]
        waiting.sort(key=lambda w: (self._length(w), self.wires[w]))
        for wire in waiting:
            self._place_wire(wire)
        for box in sorted(self.drop, key=self.column.__getitem__):
            self._place_drop(box, self.drop[box])
        return Plan(
            self.column,
            [row or 0 for row in self.row],
            [track or 0 for track in self.track],
            self.drop,
        )

    def _length(self, wire: int) -> int:
        source, target = self.wires[wire]
        return self.column[target] - self.column[source]

    def _readiness(self, chain: list[int]) -> tuple[int, int, int]:
        """Chains whose two ends stand already come first, short ones before long ones: they
        nest, and nested chains do not cross."""
        placed = self.row
        before = [self.wires[w][0] for w in self.into[chain[0]]]
        after = [self.wires[w][1] for w in self.out[chain[-1]]]
        loose = sum(
            bool(ends) and all(placed[box] is None for box in ends) for ends in (before, after)
        )
        return (loose, self.column[chain[-1]] - self.column[chain[0]], self.column[chain[0]])


def plan(
    count: int, wires: Sequence[tuple[int, int]], main: int | None = None, goal: int | None = None
) -> Plan:
    """Columns, rows and tracks for ``count`` boxes in topological order.

    ``wires`` are pairs (source, target) with source < target; the same pair may occur several
    times. ``main`` and ``goal`` are the ends of the baseline.
    """
    return _Planner(count, wires, main).plan(goal)
