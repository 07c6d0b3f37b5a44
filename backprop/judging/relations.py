"""How a wrong value and the right one are related: one function a kind of mistake.

Each looks at a `Pair` and returns the words for the message, or None where the pair is not
related in its way. The rows of `backprop.judging.hints` say in which order they are asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop.judging.closeness import differs, fits, is_bool, telling, times
from backprop.judging.recorder import Event
from backprop.judging.truth import Truth

Words = dict[str, str]


@dataclass(frozen=True)
class Pair:
    """What a variable holds, and what it should hold."""

    got: Any  # as the backward has it
    value: np.ndarray  # the same in double precision
    want: np.ndarray
    truth: Truth
    events: Sequence[Event]  # of the run

    @property
    def alike(self) -> bool:
        """Whether both have the same shape."""
        return self.value.shape == self.want.shape

    def differs(self, value: np.ndarray) -> float:
        return differs(value, self.want, self.truth.scale)


def thinned(pair: Pair) -> Pair:
    """The right value in the smaller shape that broadcasting would complete."""
    value, want = pair.value, pair.want
    if value.shape == want.shape or not want.size or not fits(value.shape, want.shape):
        return pair
    thin = want
    for axis in range(want.ndim):
        first = np.take(thin, [0], axis=axis)
        if not differs(np.broadcast_to(first, thin.shape).copy(), thin, pair.truth.scale):
            thin = first
    if thin.size != value.size:
        return pair
    return Pair(value, value, thin.reshape(value.shape), pair.truth, pair.events)


def truth_values(pair: Pair) -> Words | None:
    """One of the two is a mask."""
    return {} if is_bool(pair.got) or set(np.unique(pair.want)) <= {0.0, 1.0} else None


def negated(pair: Pair) -> Words | None:
    return {} if pair.alike and not pair.differs(-pair.value) else None


def summed(pair: Pair) -> Words | None:
    """A sum over some axes makes it right."""
    if pair.alike:
        return None
    for axes in _axis_sets(pair.value.ndim):
        for keep in (False, True):
            total = pair.value.sum(axis=axes, keepdims=keep)
            if total.shape == pair.want.shape and not pair.differs(total):
                return {"axis": str(axes if len(axes) > 1 else axes[0])}
    return None


def turned(pair: Pair) -> Words | None:
    value = pair.value
    if value.ndim < 2 or _reshaped(pair):
        return None
    if pair.alike and value.shape[-1] != value.shape[-2]:
        return None
    if not pair.alike and (value.ndim != 2 or value.T.shape != pair.want.shape):
        return None
    return {} if not pair.differs(np.swapaxes(value, -1, -2)) else None


def multiplied(pair: Pair) -> Words | None:
    """A number times the right value."""
    ratio = times(pair.value, pair.want, pair.truth.scale) if pair.alike else None
    if ratio is None or abs(abs(ratio) - 1) < 1e-4:
        return None  # a factor 1 is no mistake: something small is
    return {"factor": repr(abs(ratio))} if telling(ratio, pair.want.size) else None


def without_a_path(pair: Pair) -> Words | None:
    """What is missing is itself something true."""
    if not pair.alike:
        return None
    missing = pair.truth.library.find(pair.want - pair.value)
    return {"term": missing.label} if missing is not None and missing.what != "value" else None


def with_a_path_twice(pair: Pair) -> Words | None:
    """What is there beside the right value is itself the gradient on some path."""
    if not pair.alike:
        return None
    extra = pair.truth.library.find(pair.value - pair.want)
    paths = ("gradient", "partial")
    return {"term": extra.label} if extra is not None and extra.what in paths else None


def raised(pair: Pair) -> Words | None:
    """A power of the right value; any positive number is one of any other."""
    if (
        pair.want.size == 1
        or not pair.alike
        or not (pair.value > 0).all()
        or not (pair.want > 0).all()
    ):
        return None
    with np.errstate(all="ignore"):
        power = np.log(pair.value) / np.log(pair.want)
    return {} if np.ptp(power) < 1e-6 * abs(power.mean()) else None


def underived(pair: Pair) -> Words | None:
    """A forward value where its derivative belongs."""
    value, want = pair.value, pair.want
    if not pair.alike:
        return None
    for event in pair.events:
        upstream = event.value
        if not isinstance(upstream, np.ndarray) or upstream.shape != want.shape:
            continue
        if upstream.dtype.kind != "f" or not upstream.all():
            continue
        used = pair.truth.library.find(value / upstream)
        needed = pair.truth.library.find(want / upstream)
        if used and needed and used.what in ("value", "function"):
            if needed.what in ("value", "function"):
                return {}
    there = want != 0
    if there.all() or ((value != 0) & ~there).any():
        return None
    for node in pair.truth.graph.nodes:  # a mask has the zeros, the value comes on top
        forward = node.value
        if forward.shape == want.shape and forward.dtype.kind == "f":
            if not differs(value[there], (want * forward)[there], 0.0):
                return {}
    return None


def too_small(pair: Pair) -> Words | None:
    """It has fewer entries, or fewer axes."""
    value, want = pair.value, pair.want
    if pair.alike or _reshaped(pair):
        return None
    fewer = value.ndim < want.ndim or (value.ndim == want.ndim and value.size < want.size)
    return {} if fewer else None


def misshapen(pair: Pair) -> Words | None:
    return None if pair.alike else {}


def other_zeros(pair: Pair) -> Words | None:
    """Zero in other places."""
    zeros = pair.want == 0
    if not pair.alike or not zeros.any() or zeros.all():
        return None
    return {} if ((pair.value == 0) != zeros).any() else None


def _reshaped(pair: Pair) -> bool:
    """The right numbers, in another shape."""
    value, want = pair.value, pair.want
    return (
        not pair.alike and value.size == want.size and not pair.differs(value.reshape(want.shape))
    )


def _axis_sets(rank: int) -> Iterator[tuple[int, ...]]:
    for count in range(1, rank + 1):
        yield from itertools.combinations(range(rank), count)
