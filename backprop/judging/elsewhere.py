"""A second look at a backward that is right at all points: where else may it be wrong?

With another upstream gradient, of which the result is a linear function; at arguments where the
comparisons in its own code turn (`if x.max() > 3`); and when it is called once more, with what the
calls before have left behind.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backprop.graph.trees import copied, is_object
from backprop.judging.kinks import kink
from backprop.judging.lengths import resized
from backprop.judging.points import GUARD, Point, mover, returned
from backprop.judging.results import MISSING, Misfit, as_results
from backprop.judging.trials import Trials
from backprop.judging.truth import Truth

FACTOR = -64.0  # by which the upstream gradient is multiplied
BEYOND = 2.0  # so many times as large, or as small, as a number in a comparison
NUMBERS, MOST_LENGTH = 4, 512  # numbers of comparisons that are tried; how long an axis may be
CALLS, FEW_CALLS, MANY_NODES = 8, 3, 300  # how often it is called, few times for larger graphs
CLEARLY = 1e-3  # relative: at numbers of other sizes a right gradient may lose digits
TINY = 1e-6  # of the upstream gradient: what is smaller there may be all but 0


def other_upstreams(point: Point, clips: bool) -> Iterator[Point]:
    """The same point with the upstream gradient that is used most, and with a large one, but where
    gradients are clipped: that is meant to make them others."""
    signature = point.signature
    if signature.itself or not signature.scaled or not all(d.size for d in point.douts):
        return
    large = [] if clips else [[FACTOR * d for d in point.douts]]
    for douts in ([np.ones_like(d) for d in point.douts], *large):
        yield replace(point, douts=tuple(douts), given=False, aside="aside_dout")


@dataclass(frozen=True)
class Turns:
    """What the code of a backward compares with: numbers, and lengths."""

    sizes: tuple[float, ...]
    lengths: tuple[int, ...]
    any: bool
    clips: bool  # does it clip anything?


def turns(trees: Iterable[ast.AST]) -> Turns:
    """The numbers in the comparisons of a backward; those that only guard are none."""
    sizes: dict[float, None] = {}
    lengths: dict[int, None] = {}
    some = clips = limits = False
    for node in (node for tree in trees for node in _unguarded(tree)):
        name = getattr(node, "id", "") or getattr(node, "attr", "")
        clips = clips or name == "clip"
        limits = limits or "norm" in name or "clip" in name
        compares = isinstance(node, ast.Compare)
        if not compares and not _is_bound(node):
            continue
        inside = list(ast.walk(node))
        written = [
            abs(n.value)
            for n in inside
            if isinstance(n, ast.Constant)
            and isinstance(n.value, int | float)
            and not isinstance(n.value, bool)
            and n.value
        ]
        if written and max(written) < GUARD:
            continue
        some = True
        clips = clips or _is_share(node)
        if not compares:  # beyond a bound a gradient may be what it is within
            continue
        if any(_is_length(n) for n in inside):
            lengths.update(
                {k: None for n in written for k in (int(n), int(n) + 1) if 0 < k <= MOST_LENGTH}
            )
        else:
            sizes.update({float(n): None for n in written if GUARD <= n < 1e100})
    clips = clips or (some and limits)
    numbers = () if clips else tuple(sizes)[:NUMBERS]
    return Turns(numbers, tuple(lengths)[:NUMBERS], some, clips)


def _is_bound(node: ast.AST) -> bool:
    """`np.maximum(p, 1e-12)`, `min(1, most / norm)`."""
    function = node.func if isinstance(node, ast.Call) else None
    name = getattr(function, "attr", "") or getattr(function, "id", "")
    return name in ("minimum", "maximum", "fmin", "fmax", "min", "max")


def _is_share(node: ast.AST) -> bool:
    """`min(1.0, most / (total + 1e-6))`: what gradients are multiplied by that are too long."""
    parts = node.args if isinstance(node, ast.Call) else []
    one = any(isinstance(part, ast.Constant) and part.value == 1 for part in parts)
    return one and any(
        isinstance(part, ast.BinOp)
        and isinstance(part.op, ast.Div)
        and isinstance(part.left, ast.Constant | ast.Name | ast.Attribute)
        for part in parts
    )


def _unguarded(tree: ast.AST) -> Iterator[ast.AST]:
    queue = [tree]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.Assert):
            continue
        if isinstance(node, ast.Try):  # what it catches goes another way, too
            queue += [a.test for a in node.body if isinstance(a, ast.Assert)]
        if isinstance(node, ast.If) and all(isinstance(s, ast.Raise) for s in node.body):
            queue += node.orelse
            continue
        yield node
        queue += ast.iter_child_nodes(node)


def _is_length(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "len"
    return isinstance(node, ast.Attribute) and node.attr in ("shape", "size")


def moves(found: Turns) -> Iterator[Callable[[np.ndarray], np.ndarray]]:
    """Changes of an argument: numbers on both sides of those in comparisons, and of one sign."""
    near = mover(1)
    for size in found.sizes:
        for most in (BEYOND * size, size / BEYOND):

            def scaled(x: np.ndarray, most: float = most) -> np.ndarray:
                x = near(x)
                return np.asarray(x * (most / (float(np.abs(x).max(initial=0.0)) or 1.0)))

            yield scaled
    if found.any:
        yield lambda x: np.abs(near(x))
        yield lambda x: -np.abs(near(x))


def lengthened(args: tuple[Any, ...], length: int) -> tuple[Any, ...] | None:
    """The arguments with another number of rows; None if there are none."""
    first = next((a for a in args if isinstance(a, np.ndarray) and a.ndim), None)
    if first is None or first.shape[0] in (0, length):
        return None
    rows = first.shape[0]
    axes = {
        (i, k): length - rows
        for i, a in enumerate(args)
        if isinstance(a, np.ndarray)
        for k, n in enumerate(a.shape)
        if n == rows
    }
    return tuple(resized(list(args), axes))


def squared(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The arguments with as many rows as columns; None if they have none."""
    first = next((a for a in args if isinstance(a, np.ndarray) and a.ndim > 1), None)
    if first is None or first.shape[0] == first.shape[1]:
        return None
    return lengthened(args, first.shape[1])


def clearly_wrong(trials: Trials, truth: Truth, result: Any) -> bool:
    """Is a result wrong by more than what digits that are lost at other sizes make of it?"""
    try:
        found = as_results(result, truth, trials.labels)
    except Misfit:
        return False
    usual = TINY * max((float(np.abs(d).max(initial=0.0)) for d in truth.point.douts), default=1.0)
    for got, want in zip(found, truth.results, strict=True):
        if got is MISSING or not isinstance(got, np.ndarray) or got.dtype.kind not in "biuf":
            continue
        if got.shape != want.shape:
            return True
        with np.errstate(all="ignore"):
            gap = np.abs(got - want)
            size = max(float(np.abs(want).max(initial=0.0, where=np.isfinite(want))), usual)
            if bool(np.any(gap[np.isfinite(gap)] > CLEARLY * size)):
                return True
    return False


def called_again(
    f: Callable[..., Any], backward: Callable[..., Any], trials: Trials
) -> tuple[int, list[int]] | None:
    """Which call gives another result than the first ones, and which results; None if none does.

    The forward and the backward are called in turn at two points, as in training, and nothing is
    put back between the calls. A backward that adds to the gradients it has returned may.
    """
    numbers = [i for i in range(min(2, len(trials.points))) if kink(trials.truths[i]) is None]
    if not numbers:
        return None
    point = trials.points[numbers[0]]
    if point.signature.itself or point.shared is not None or not point.signature.scaled:
        return None
    if point.state is not None and point.state.owner is not None:
        return None
    if any(is_object(item) for item in point.args):
        return None
    many = len(point.graph.nodes) > MANY_NODES
    before: list[Any] = []
    for number in range(FEW_CALLS if many else CALLS):
        which = numbers[number % len(numbers)]
        here = trials.points[which]
        try:
            with np.errstate(all="ignore"):
                outputs, cache = returned(f(*copied(here.args)), len(here.graph.outputs))
                if not all(
                    np.array_equal(new, node.value, equal_nan=True)
                    for new, node in zip(outputs, here.graph.outputs, strict=True)
                ):
                    return None  # the forward has a state of its own
                args, _ = replace(here, after=None).call(guarding=False)
                if here.signature.cached:
                    args = (*args[:-1], cache)
                result = trials.backward.gather(backward(*args))
                found = as_results(result, trials.truths[which], trials.labels)
        except Exception:
            return None
        wrong = trials.wrong(which, result)
        if wrong and before:
            truth = trials.truths[which]
            wrong = {
                i for i in wrong
                if found[i] is MISSING
                or np.shape(before[i]) != np.shape(found[i])
                or truth.differs(np.asarray(found[i]) - before[i], truth.results[i])
            }  # fmt: skip
        if wrong and not trials.truths[which].is_rounding(trials.errors(which, result)):
            return number, sorted(wrong)
        before = [None if one is MISSING else np.array(one) for one in found]
    return None
