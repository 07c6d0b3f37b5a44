"""Everything at a point that a handwritten variable may rightly hold, found by value."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backprop.graph.graph import Graph
from backprop.judging.closeness import SINGLE, TOLERANCE, differs

PAIRS = 40  # nodes up to which products of gradients and values are recognised, too


@dataclass(frozen=True)
class Entry:
    """One thing that a value may turn out to be."""

    what: str  # gradient, partial, value, function, sum, product
    label: str
    value: np.ndarray
    node: str


FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "-{}": lambda v: -v,
    "{} ** 2": lambda v: v**2,
    "{} ** 3": lambda v: v**3,
    "1 / {}": lambda v: 1 / v,
    "1 / {} ** 2": lambda v: v**-2.0,
    "1 / {} ** 3": lambda v: v**-3.0,
    "np.sqrt({})": np.sqrt,
    "1 / np.sqrt({})": lambda v: v**-0.5,
    "{} ** -1.5": lambda v: v**-1.5,
    "1 - {}": lambda v: 1 - v,
    "1 - {} ** 2": lambda v: 1 - v**2,
    "{0} * (1 - {0})": lambda v: v * (1 - v),
    "{} > 0": lambda v: (v > 0).astype(float),
    "{} <= 0": lambda v: (v <= 0).astype(float),
    "2 * {}": lambda v: 2 * v,
    "np.exp({})": np.exp,
    "np.tanh({})": np.tanh,
    "1 - np.tanh({}) ** 2": lambda v: 1 - np.tanh(v) ** 2,
}


class Library:
    """Everything at a point that a handwritten variable may rightly hold, found by value.

    Gradients, partials, forward values and simple functions of them, sums over axes, sums of
    gradient times value, transposes and slices. A value is looked up by a fingerprint, a dot
    product with fixed weights, and then compared entry by entry.
    """

    def __init__(
        self,
        graph: Graph,
        douts: tuple[np.ndarray, ...],
        gradients: dict[str, np.ndarray],
        partials: dict[tuple[str, str, str], np.ndarray],
        scale: float,
    ) -> None:
        self.graph = graph
        self._douts = douts
        self._gradients = gradients
        self._partials = partials
        self._scale = scale
        self._entries: list[Entry] = []
        self._by_size: dict[int, list[tuple[float, int]]] = {}
        self._sorted: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._weights: dict[int, np.ndarray] = {}
        self._stages = [self._basic(), self._functions(), self._sums(), self._products()]
        self._next_stage()

    def _next_stage(self) -> bool:
        """Add the next kind of entries; each is made only if the ones before do not do."""
        if not self._stages:
            return False
        with np.errstate(all="ignore"):
            for entry in self._stages.pop(0):
                self._add(entry)
        self._sorted.clear()
        return True

    @property
    def entries(self) -> list[Entry]:
        """All of them."""
        while self._next_stage():
            pass
        return self._entries

    def _weight(self, size: int) -> np.ndarray:
        if size not in self._weights:
            self._weights[size] = np.random.default_rng([3, size]).uniform(0.5, 1.5, size)
        return self._weights[size]

    def _print(self, value: np.ndarray) -> float:
        return float(value.ravel() @ self._weight(value.size))

    def _add(self, entry: Entry) -> None:
        value = entry.value
        if not value.size or not np.isfinite(value).all():
            return
        self._by_size.setdefault(value.size, []).append((self._print(value), len(self._entries)))
        self._entries.append(entry)

    def find(self, value: Any, tolerance: float = TOLERANCE) -> Entry | None:
        """What a value is: the first entry with the same numbers in the same order."""
        if not isinstance(value, (np.ndarray, np.generic, float)):
            return None
        array = np.asarray(value)
        if array.dtype.kind not in "bf" or not array.size:
            return None
        if array.dtype.itemsize < 8 and array.dtype.kind == "f":
            tolerance = SINGLE
        array = array.astype(float)
        while True:
            entry = self._look_up(array, tolerance)
            if entry is not None or not self._next_stage():
                return entry

    def _look_up(self, array: np.ndarray, tolerance: float) -> Entry | None:
        size = array.size
        if size not in self._by_size:
            return None
        if size not in self._sorted:
            pairs = sorted(self._by_size[size])
            self._sorted[size] = (
                np.array([p for p, _ in pairs]),
                np.array([i for _, i in pairs]),
            )
        prints, order = self._sorted[size]
        norm = float(np.abs(array).max()) * size
        if not np.isfinite(norm):
            return None
        slack = 2 * tolerance * norm + 1e-12 * self._scale
        mark = self._print(array)
        low = int(np.searchsorted(prints, mark - slack))
        high = int(np.searchsorted(prints, mark + slack))
        for index in sorted(order[low:high]):
            entry: Entry = self._entries[index]
            if not differs(array.ravel(), entry.value.ravel(), 0.0, tolerance):
                return entry
        return None

    # ── what there is ───────────────────────────────────────────────────────────────────────
    @cached_property
    def gradients(self) -> list[Entry]:
        found = [Entry("gradient", f"d{n}", g, n) for n, g in self._gradients.items()]
        for dout, node in zip(self._douts, self.graph.outputs, strict=True):
            found.append(Entry("gradient", "dout", dout, node.name))
        for (name, user, operand), partial in self._partials.items():
            found.append(Entry("partial", f"d{name} through {user}.{operand}", partial, name))
        return found + list(self._paths())

    def _paths(self) -> Iterator[Entry]:
        """What comes back by one user that uses a node twice, and by all users but one."""
        users: dict[str, dict[str, np.ndarray]] = {}
        lines: dict[str, dict[str, np.ndarray]] = {}
        for (name, user, _), partial in self._partials.items():
            sums = users.setdefault(name, {})
            sums[user] = sums[user] + partial if user in sums else partial
            site = self.graph[user].site if user in self.graph else None
            if site is not None and site.text:  # in every turn of a loop
                there = lines.setdefault(name, {})
                text = site.text
                there[text] = there[text] + partial if text in there else partial
        for name, there in lines.items():
            for text, total in there.items() if len(there) > 1 else ():
                yield Entry("partial", f"d{name} through {text}", total, name)
        for name, sums in users.items():
            for user, total in sums.items():
                yield Entry("partial", f"d{name} through {user}", total, name)
                if len(sums) > 2 and name in self._gradients:
                    rest = self._gradients[name] - total
                    yield Entry("partial", f"d{name} but for {user}", rest, name)

    @cached_property
    def _values(self) -> list[Entry]:
        return [
            Entry("value", node.name, node.value.astype(float), node.name)
            for node in self.graph.nodes
            if node.value.dtype.kind in "bf"
        ]

    def _basic(self) -> Iterator[Entry]:
        yield from self.gradients
        yield from self._values

    def _functions(self) -> Iterator[Entry]:
        for entry in self._values:
            for label, function in FUNCTIONS.items():
                yield Entry(
                    "function", label.format(entry.label), function(entry.value), entry.node
                )
        for entry in [*self.gradients, *self._values]:
            yield from _views(entry)

    def _sums(self) -> Iterator[Entry]:
        for entry in self.gradients:
            for axes, total in self._totals(entry.value):
                yield Entry("sum", f"np.sum({entry.label}, axis={axes})", total, entry.node)
                count = entry.value.size / max(total.size, 1)
                yield Entry(
                    "sum", f"np.mean({entry.label}, axis={axes})", total / count, entry.node
                )

    @cached_property
    def _reduced(self) -> set[tuple[int, ...]]:
        """The axes that the forward sums over."""
        found = set()
        for node in self.graph.nodes:
            axis = node.arguments.get("axis")
            if isinstance(axis, (int, tuple)) and not isinstance(axis, bool):
                axes = axis if isinstance(axis, tuple) else (axis,)
                if all(isinstance(a, int) for a in axes):
                    found.add(tuple(axes))
        return found

    def _totals(self, value: np.ndarray) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """Sums over axes; of many dimensions, only those that the forward sums over."""
        rank = value.ndim
        for count in range(1, rank + 1):
            for axes in itertools.combinations(range(rank), count):
                if rank <= 3 or count in (1, rank) or axes in self._reduced:
                    yield axes, np.asarray(value.sum(axis=axes))

    def _products(self) -> Iterator[Entry]:
        if len(self.graph.nodes) > PAIRS:
            return
        gradients, values = self.gradients, self._values
        distinct: list[Entry] = []
        for entry in gradients:
            if not any(
                e.value.shape == entry.value.shape and np.array_equal(e.value, entry.value)
                for e in distinct
            ):
                distinct.append(entry)
        for g, v in itertools.product(distinct, values):
            if g.value.ndim == 0 or v.value.ndim == 0 or _broadcast(g, v) is None:
                continue
            for suffix, factor in (("", v.value), ("1 / ", 1 / v.value)):
                product = g.value * factor
                label = f"{g.label} * {suffix}{v.label}"
                yield Entry("product", label, product, g.node)
                for axes, total in self._totals(product):
                    count = product.size / max(total.size, 1)
                    yield Entry("product", f"np.sum({label}, axis={axes})", total, g.node)
                    yield Entry("product", f"np.mean({label}, axis={axes})", total / count, g.node)


def _broadcast(a: Entry, b: Entry) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(a.value.shape, b.value.shape)
    except ValueError:
        return None


def _views(entry: Entry) -> Iterator[Entry]:
    """Transposes, and slices along one or two axes."""
    value = entry.value
    if 2 <= value.ndim <= 4:
        for axes in itertools.permutations(range(value.ndim)):
            if axes != tuple(range(value.ndim)):
                label = f"{entry.label}.transpose{axes}"
                yield Entry(entry.what, label, value.transpose(axes), entry.node)
    if value.ndim >= 1 and value.size <= 4096:
        for axis in range(value.ndim):
            for i in range(value.shape[axis]):
                part = np.asarray(np.take(value, i, axis=axis))
                yield Entry(entry.what, f"{entry.label}[{i}]", part, entry.node)
        if value.ndim >= 3:
            for i, j in itertools.product(*map(range, value.shape[:2])):
                yield Entry(entry.what, f"{entry.label}[{i}, {j}]", value[i, j], entry.node)
