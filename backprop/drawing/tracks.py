"""Rows as a resource: what lies where, and what a new wire would cross."""

from bisect import bisect_left, insort


class Rows:
    """The reservations: what lies on each row, and the verticals between rows."""

    def __init__(self) -> None:
        self.taken: dict[int, list[tuple[int, int]]] = {0: []}
        self.verticals: list[tuple[int, int, int]] = []

    def candidates(self) -> range:
        return range(min(self.taken) - 1, max(self.taken) + 2)

    def free(self, row: int, start: int, end: int) -> bool:
        intervals = self.taken.get(row, ())
        at = bisect_left(intervals, (end + 1,))
        return at == 0 or intervals[at - 1][1] < start

    def reserve(self, row: int, start: int, end: int) -> None:
        insort(self.taken.setdefault(row, []), (start, end))

    def rise(self, position: int, row: int, other: int) -> None:
        self.verticals.append((position, min(row, other), max(row, other)))

    def crossed_by_rise(self, position: int, row: int, other: int) -> int:
        between = range(min(row, other) + 1, max(row, other))
        return sum(not self.free(each, position, position) for each in between)

    def crossed_by_run(self, row: int, start: int, end: int) -> int:
        return sum(start < at < end and low < row < high for at, low, high in self.verticals)
