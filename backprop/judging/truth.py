"""What the gradients at a point really are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from backprop.graph.errors import KinkError
from backprop.graph.graph import Graph
from backprop.graph.node import Node
from backprop.judging.closeness import TOLERANCE, differs
from backprop.judging.library import Library
from backprop.judging.points import Point
from backprop.truth.numeric import estimate
from backprop.truth.replay import rerun, rounded
from backprop.writer import backward_of, gradients


class Truth:
    """The true gradients at one point."""

    def __init__(self, point: Point, tolerance: float = TOLERANCE) -> None:
        self.point = point
        self.tolerance = tolerance
        self.graph = graph = point.graph
        with np.errstate(all="ignore"):
            found = gradients(graph, point.dout)
            self.gradients = dict(_each(graph, found.nodes))
        self.doubted: list[str] = []  # nodes whose rules replay has not confirmed
        # Where the rule gives no number. Replay has told those entries, or nobody can: NaN.
        self.unsettled: dict[str, np.ndarray] = {}
        for name, gradient in self.gradients.items():
            mask = found.unsettled(name)
            if mask is not None:
                self.unsettled[name] = mask
                gradient[~np.isfinite(gradient)] = np.nan
                if name in found.undecided:
                    gradient[found.undecided[name]] = np.nan
        self._found = found
        # What is beside it, compared to the largest gradient, is rounding; but an inner gradient
        # may be so large (of a density, say) that everything would be.
        ends = [*self.results, *(np.asarray(dout) for dout in point.douts)]
        self._usual = max(map(_largest, ends))
        self.scale = min(
            max(map(_largest, self.gradients.values()), default=1.0), 1e6 * self._usual
        )

    @cached_property
    def partials(self) -> dict[tuple[str, str, str], np.ndarray]:
        with np.errstate(all="ignore"):
            return {key: np.array(value) for key, value in self._found.wires.items()}

    @property
    def results(self) -> list[np.ndarray]:
        """What the backward must return, in order."""
        return [self.gradients[node.name] for node in self.graph.differentiated]

    def is_something(self, number: int) -> bool:
        """Whether a result is more than what rounding leaves of a gradient that is 0."""
        return _largest(self.results[number]) > 1e-9 * self.scale

    @property
    def left_out(self) -> dict[str, int]:
        """How many entries of an argument have no derivative, where some have none."""
        counts = {n.name: np.isnan(self.gradients[n.name]).sum() for n in self.graph.differentiated}
        return {name: int(count) for name, count in counts.items() if count}

    def differs(self, value: Any, want: np.ndarray) -> float:
        """How far off a gradient is; 0 within the tolerance."""
        return differs(self.excused(value, want), want, self._rounding(want), self.tolerance)

    def _rounding(self, want: np.ndarray) -> float:
        """The scale for a result: of a small one not the others decide, but what cancels in it."""
        if 1e-12 * self.scale <= self.tolerance * _largest(want):
            return self.scale
        for result, spread in zip(self.results, self._spreads, strict=True):
            if result is want:
                return min(self.scale, 1e3 * (spread or self._usual))
        return self.scale

    @cached_property
    def _spreads(self) -> list[float]:
        """How much of each result cancels: how far it moves, by the size of what moves it."""
        size = 1e-13
        moved = backward_of(self.graph).shaken(self.point.douts, size)
        with np.errstate(all="ignore"):
            return [
                _largest(new - old) / size for new, old in zip(moved, self.results, strict=True)
            ]

    def clear(self, compared: Sequence[bool]) -> bool:
        """Whether all of these results are known, and none is next to nothing beside what flows
        into the backward, as behind what saturates."""
        return all(
            np.isfinite(result).all() and _largest(result) > 1e-7 * self._usual
            for result, asked in zip(self.results, compared, strict=True)
            if asked and result.size
        )

    def is_rounding(self, errors: Sequence[float]) -> bool:
        """Whether results that are off by so much may be so by the truth's own last digits.

        Where a sigmoid saturates, the gradient of `log(1 - p)` is known to few digits, and who
        writes `p - y` has more of them.
        """
        noise = [0.0] * len(self.results)
        for seed in range(3):
            other = rounded(self.graph, seed)
            with np.errstate(all="ignore"):
                moved = gradients(other, self.point.dout).nodes
            for i, (node, old) in enumerate(
                zip(self.graph.differentiated, self.results, strict=True)
            ):
                size = _largest(moved[node.name] - old) / (_largest(old) or 1.0)
                noise[i] = max(noise[i], size)
        return all(e <= 30 * n for e, n in zip(errors, noise, strict=True) if e)

    def excused(self, value: Any, want: np.ndarray) -> Any:
        """A value that is NaN where the rule is, too, as if it were right there.

        What a textbook formula gives as 0/0 is no mistake of who writes it down.
        """
        if not self.unsettled or not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            return value
        for name, mask in self.unsettled.items():
            if want is self.gradients[name] and value.shape == want.shape:
                return np.where(mask & ~np.isfinite(value), want, value)
        return value

    @cached_property
    def library(self) -> Library:
        return Library(self.graph, self.point.douts, self.gradients, self.partials, self.scale)

    def confirm(self, limit: int = 24) -> None:
        """Compare the rules with replay, which uses none, along random directions.

        Where they disagree, and no corner is the reason, replay is the truth (`doubted` says
        of which nodes): a wrong rule of ours must not be held against the code that is judged.
        """
        rng = np.random.default_rng(5)
        nodes = [n for n in self.graph.nodes if n.name in self.gradients and n.value.size]
        inputs = [n for n in nodes if n.op == "input"]
        others = [n for n in nodes if n.op != "input"]
        step = max(1, len(others) // limit)
        for node in [*inputs, *others[::step]]:
            if self._disagree(node, rng.standard_normal(node.shape)):
                try:
                    found = estimate(self.graph, node.name, self.point.douts).value
                except (KinkError, TypeError, ValueError):
                    continue
                if differs(self.gradients[node.name], found, self.scale, 1e-6):
                    self.gradients[node.name] = found
                    self.doubted.append(node.name)

    def _disagree(self, node: Node, direction: np.ndarray) -> bool:
        direction = np.where(np.isfinite(self.gradients[node.name]), direction, 0.0)
        gradient = np.nan_to_num(self.gradients[node.name])
        told = float(np.sum(gradient * direction))
        size = float(np.sum(np.abs(gradient * direction))) + 1e-9 * self.scale
        slope = self._slope(node, direction)
        if slope is None or not np.isfinite(told) or not np.isfinite(slope):
            return False
        if abs(told - slope) <= 1e-6 * size:
            return False
        # On a corner either side is right, and the rule has chosen one of them.
        right, left = self._sides(node, direction)
        return abs(right - left) <= 1e-3 * max(abs(right), abs(left), size)

    def _total(self, node: Node, value: np.ndarray) -> Any:
        values = rerun(self.graph, {node: value}, np.iscomplexobj(value))
        return sum(
            np.sum(values.get(out, out.value) * dout)
            for out, dout in zip(self.graph.outputs, self.point.douts, strict=True)
        )

    def _sides(self, node: Node, direction: np.ndarray) -> tuple[float, float]:
        """The slopes of Σ dout · output on both sides along a direction."""
        start = node.value.astype(float)
        h = 1e-6 * (float(np.abs(start).max(initial=0.0)) or 1.0)
        with np.errstate(all="ignore"):
            here = self._total(node, start)
            ahead, behind = (self._total(node, start + h * way * direction) for way in (1, -1))
        return float((ahead - here) / h), float((here - behind) / h)

    def _slope(self, node: Node, direction: np.ndarray) -> float | None:
        """The derivative of Σ dout · output along a direction, without any rule."""
        start = node.value.astype(float)
        with np.errstate(all="ignore"):
            try:
                return float(np.imag(self._total(node, start + 1e-100j * direction))) / 1e-100
            except (TypeError, ValueError):
                pass
            h = 1e-4 * (float(np.abs(start).max(initial=0.0)) or 1.0)

            def central(step: float) -> float:
                ahead = self._total(node, start + step * direction)
                result: float = (ahead - self._total(node, start - step * direction)) / (2 * step)
                return result

            wide, narrow = central(h), central(h / 2)
            best = narrow + (narrow - wide) / 3
            # A kink between the two points, or too little accuracy: no verdict.
            return float(best) if abs(narrow - wide) < 1e-6 * abs(best) else None


def _largest(array: np.ndarray) -> float:
    """The largest entry, those left out that are no numbers."""
    return float(np.abs(array).max(initial=0.0, where=np.isfinite(array)))


def _each(graph: Graph, gradients: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    for node in graph.nodes:
        if node in graph.differentiated:
            yield node.name, np.array(gradients[node.name])
        elif node.active:
            try:
                yield node.name, np.array(gradients[node.name])
            except ValueError:  # an older version of a buffer that has no gradient of its own
                continue
