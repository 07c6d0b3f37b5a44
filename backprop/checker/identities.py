"""What is right at real points only because of an identity such as Σ(x − mean) = 0."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.checker.variables import Remark, ratio
from backprop.graph.graph import Graph
from backprop.graph.trees import attributes, is_object, put
from backprop.judging.case import Case
from backprop.judging.closeness import differs
from backprop.judging.library import FUNCTIONS
from backprop.judging.points import Point
from backprop.judging.results import MISSING, Misfit, as_results
from backprop.judging.truth import Truth
from backprop.truth.replay import shifted

SEEDS = (1, 2)  # of two shifted functions: what is said of one has to be true of the other


def uses_of_identities(case: Case) -> list[Remark]:
    """The remark, if there is one, that is the same on two shifted functions."""
    found = [_use(case, seed) for seed in SEEDS]
    first = found[0]
    return [first] if first is not None and all(each == first for each in found) else []


def _use(case: Case, seed: int) -> Remark | None:
    """What is wrong where sums and means are shifted by random constants.

    The run is repeated with every forward value that it takes from the cache, or computes
    again (as a variable or inside of an expression), replaced by that of the shifted function.
    """
    trials, real = case.trials, case.truth
    how = real.point.signature
    if how.itself or how.alone:  # the forward values are not ours to replace
        return None
    try:
        graph = shifted(real.graph, seed)
        point = Point(real.point.args, graph, real.point.douts, None, real.point.signature, False)
        moved = Truth(point)
    except Exception:  # no shifted function: nothing to remark on
        return None
    if all(np.array_equal(n.value, graph[n.name].value) for n in real.graph.nodes):
        return None
    args, _ = real.point.call()
    douts = len(args) - 1 if real.point.signature.cached else len(real.point.douts)
    if real.point.signature.cached:
        args = (*args[:douts], _moved(args[-1], real, graph))
    again = _called(real.graph, graph)
    run = trials.backward.run(
        args, None, _forward_again(case, graph), trials.replaced, called=again
    )
    if run.failure is not None:
        return None
    there = Case(trials, case.which, run)
    there.truth = there.reading.truth = moved
    try:
        if not _wrong_results(trials.labels, run.result, moved):
            return None
    except Misfit:
        return None
    for mine, other in zip(case.events, run.events, strict=False):
        if mine.site != other.site or not mine.last or not trials.names.exact(mine.name):
            continue
        if not case.reading.named(mine) or there.reading.named(other):
            continue
        if not isinstance(mine.value, np.ndarray):
            continue
        if case.reading.symmetric(mine):  # the shifted matrix is not
            return None
        want = moved.gradients[trials.names.exact(mine.name)[0]]
        flipped = ratio(other.value, want)
        what = (
            "identity_sign" if flipped is not None and abs(flipped + 1) < 1e-6 else "identity_other"
        )
        return Remark("note_identity", {"name": mine.name, "line": mine.line, "what": what})
    return Remark("note_uses_identity", {})


def _called(real: Graph, moved: Graph) -> Callable[[Any], Any]:
    """For the result of a call that is a forward value, the shifted function's value."""
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    for node in real.nodes:
        twin = moved[node.name]
        if node.rule is None or node.value.dtype.kind != "f" or not node.value.size:
            continue
        if np.array_equal(node.value, twin.value):
            continue
        pairs.append((node.value, twin.value))
        if (shift := moved.shifts.get(twin)) is not None:
            pairs.append((twin.value - shift, twin.value))  # of operands that have moved before

    def called(value: Any) -> Any:
        if not isinstance(value, (np.ndarray, np.floating)) or np.asarray(value).dtype.kind != "f":
            return value
        for was, now in pairs:
            if was.size == np.size(value) and not differs(np.reshape(value, was.shape), was, 0.0):
                return now.reshape(np.shape(value)).copy()[()]  # it may be written to
        return value

    return called


def _wrong_results(labels: list[str | None], result: Any, truth: Truth) -> bool:
    pairs = zip(as_results(result, truth, labels), truth.results, strict=True)
    return any(got is not MISSING and differs(got, want, truth.scale, 1e-7) for got, want in pairs)


def _shifted_value(value: Any, real: Truth, graph: Any) -> np.ndarray | None:
    """The counterpart of a forward value (or a simple function of one) in the shifted graph."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return None
    entry = real.library.find(value)
    if entry is None or entry.what not in ("value", "function"):
        return None
    node = graph[entry.node]
    if entry.what == "value" and entry.label == entry.node:
        return np.array(node.value, dtype=float).reshape(value.shape)  # to be written to
    for label, function in FUNCTIONS.items():
        if entry.label == label.format(entry.node):
            with np.errstate(all="ignore"):
                return np.asarray(function(node.value.astype(float))).reshape(value.shape)
    return None


def _moved(item: Any, real: Truth, graph: Any) -> Any:
    if isinstance(item, np.ndarray):
        new = _shifted_value(item, real, graph)
        return item if new is None else new
    if isinstance(item, dict):
        return {key: _moved(part, real, graph) for key, part in item.items()}
    if isinstance(item, (tuple, list)):
        moved = [_moved(part, real, graph) for part in item]
        return type(item)(*moved) if hasattr(item, "_fields") else type(item)(moved)
    if is_object(item):
        other = copy.copy(item)
        for key, part in attributes(item).items():
            put(other, key, _moved(part, real, graph))
        return other
    return item


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and bool(value.size)


def _forward_again(case: Case, graph: Any) -> dict[tuple[int, str], Any]:
    """Overrides for variables in which the backward computes a forward value again."""
    found = {}
    repeated = {e.site for e in case.events if e.occurrence}
    for event in case.events:
        if event.site in repeated or np.ptp(event.value if _is_array(event.value) else 0) == 0:
            continue
        if event.kind == "assign" and not case.reading.promises(event):
            new = _shifted_value(event.value, case.truth, graph)
            if new is not None:
                found[event.site, event.name] = lambda now, new=new: new.copy()
    return found
