"""Results that are nearly right: exact for a forward without its eps, or with more digits.

The textbook gradient of `log(p + 1e-7)` is that of `log(p)`; 0.044715 in a GELU, and 0.797885 in
its backward, are rounded. Neither is a wrong line, and neither is exact.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop.graph.graph import Graph
from backprop.judging.case import Case
from backprop.judging.closeness import differs
from backprop.judging.results import MISSING, Misfit, as_results
from backprop.judging.source import clone, text_of
from backprop.truth.replay import numbers_in, with_numbers
from backprop.writer import gradients

SMALL = 1e-3  # relative error up to which something is called nearly right
_LITERALS = 6  # numbers of a function that are taken for rounded ones
_STEP = 1e-6


def nearly(case: Case) -> tuple[str, dict[str, str]] | None:
    """(hint, words) if the results are right but for something small, else None."""
    errors = case.trials.errors(case.which, case.recording.result)
    off = max(errors, default=0.0)
    if not 0 < off < SMALL:
        return None
    wrong = [i for i, error in enumerate(errors) if error]
    words = {"off": f"{off:.2g}"}
    for hint, found in (("eps", _without_eps(case, wrong)), ("rounded", _rounded(case, wrong))):
        if found is not None:
            return hint, {**words, **found}
    return None


# ── eps ─────────────────────────────────────────────────────────────────────────────────────
def _without_eps(case: Case, wrong: list[int]) -> dict[str, str] | None:
    graph = case.truth.graph
    small = {value: line for value, line in numbers_in(graph) if 0 < value < 0.01}
    choices: list[list[float]] = [[value] for value in small]
    if len(small) > 1:
        choices.append(list(small))
    for some in choices:
        changed = with_numbers(graph, dict.fromkeys(some, 0.0))
        if _matches(case, changed, wrong):
            return {"number": f"{some[0]:g}".replace("e-0", "e-"), "at": str(small[some[0]] or "?")}
    return None


def _matches(case: Case, graph: Graph, wrong: list[int]) -> bool:
    results = _results(case)
    return results is not None and all(
        not differs(results[i], want, case.truth.scale) for i, want in _wants(case, graph, wrong)
    )


def _results(case: Case) -> list[Any] | None:
    try:
        return as_results(case.recording.result, case.truth, case.trials.labels)
    except Misfit:
        return None


def _wants(case: Case, graph: Graph, wrong: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    """The gradients of a changed forward, where those of the given one are not met."""
    with np.errstate(all="ignore"):
        found = gradients(graph, case.truth.point.dout).nodes
    for i in wrong:
        yield i, np.array(found[graph.differentiated[i].name])


# ── rounded numbers ─────────────────────────────────────────────────────────────────────────
def _rounded(case: Case, wrong: list[int]) -> dict[str, str] | None:
    results = _results(case)
    if results is None or any(results[i] is MISSING for i in wrong):
        return None
    got = np.concatenate([np.asarray(results[i], dtype=float).ravel() for i in wrong])
    want = np.concatenate([case.truth.results[i].ravel() for i in wrong])
    return _in_the_backward(case, wrong, got, want) or _in_the_forward(case, wrong, got, want)


def _in_the_backward(
    case: Case, wrong: list[int], got: np.ndarray, want: np.ndarray
) -> dict[str, str] | None:
    """Whether more digits of numbers that the backward writes would make it exact."""
    literals = list(_literals(case))
    if not literals or len(literals) > _LITERALS:
        return None

    def run(values: list[float]) -> np.ndarray | None:
        replaced = dict(case.trials.replaced)
        for statement in dict.fromkeys(statement for statement, _ in literals):
            changes = {
                id(node): ast.copy_location(ast.Constant(float(value)), node)
                for (where, node), value in zip(literals, values, strict=True)
                if where is statement
            }
            new = clone(statement, changes)
            replaced[id(statement)] = ast.fix_missing_locations(new)
        args, _ = case.trials.points[case.which].call()
        result = case.trials.backward.run(args, replaced=replaced).result
        try:
            found = as_results(result, case.truth, case.trials.labels)
            return np.concatenate([np.asarray(found[i], dtype=float).ravel() for i in wrong])
        except (Misfit, TypeError, ValueError):
            return None

    values = [node.value for _, node in literals if isinstance(node.value, float)]
    off = _digits(values, [text_of(node) for _, node in literals], got, want, run)
    if off is None:
        return None
    node = literals[off][1]
    return {"number": text_of(node), "at": str(node.lineno)}


def _in_the_forward(
    case: Case, wrong: list[int], got: np.ndarray, want: np.ndarray
) -> dict[str, str] | None:
    """Whether the backward is exact for a forward with more digits."""
    known = {value: line for value, line in numbers_in(case.truth.graph) if _precise(repr(value))}
    if not known or len(known) > _LITERALS:
        return None
    given = list(known)

    def run(values: list[float]) -> np.ndarray | None:
        changed = with_numbers(case.truth.graph, dict(zip(given, values, strict=True)))
        return np.concatenate([each.ravel() for _, each in _wants(case, changed, wrong)])

    off = _digits(given, [repr(value) for value in given], want, got, run)
    return (
        None if off is None else {"number": repr(given[off]), "at": str(known[given[off]] or "?")}
    )


def _digits(
    values: list[float], texts: list[str], got: np.ndarray, want: np.ndarray, run: Any
) -> int | None:
    """Which number is rounded, if `run(values)` is `want` for numbers that round to these."""
    if got.size < 3 * len(values):
        return None
    last = [10.0 ** -len(text.partition(".")[2].partition("e")[0]) for text in texts]
    columns = []
    for k, value in enumerate(values):
        there = run([*values[:k], value * (1 + _STEP), *values[k + 1 :]])
        if there is None or there.shape != got.shape:
            return None
        columns.append((there - got) / (value * _STEP) * last[k])
    moves, *_ = np.linalg.lstsq(np.stack(columns, axis=1), want - got, rcond=1e-6)
    if not np.isfinite(moves).all() or np.abs(moves).max() > 1.0:
        return None
    better = run(
        [float(v + move * unit) for v, move, unit in zip(values, moves, last, strict=True)]
    )
    size = float(np.abs(want).max(initial=0.0))
    before = float(np.abs(got - want).max(initial=0.0))
    if better is None or np.abs(better - want).max(initial=0.0) > 1e-3 * before + 1e-10 * size:
        return None
    return int(np.argmax(np.abs(moves)))


def _literals(case: Case) -> Iterator[tuple[ast.stmt, ast.Constant]]:
    """The numbers with several digits in the backward, and the statements that they stand in."""
    for site in {id(s.statement): s.statement for s in case.trials.backward.sites}.values():
        for node in () if hasattr(site, "body") else ast.walk(site):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                if _precise(repr(node.value)):
                    yield site, node


def _precise(text: str) -> bool:
    """At least three digits that count: 0.0447 and not 0.5, 1e-5."""
    digits = re.sub(r"e.*|\.", "", text).strip("0")
    return 3 <= len(digits) <= 12
