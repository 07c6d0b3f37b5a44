"""Variables by name: is each the gradient that it says it is, at real and at shifted points?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop.checker.closeness import differs
from backprop.checker.edits import Edits
from backprop.checker.judge import Judge
from backprop.checker.library import FUNCTIONS
from backprop.checker.look import Look
from backprop.checker.points import Point
from backprop.checker.recorder import Event
from backprop.checker.relations import Blame
from backprop.checker.report import Row
from backprop.checker.results import as_results
from backprop.checker.truth import Truth
from backprop.truth.replay import shifted
from backprop.writer import backward_of


@dataclass
class Remark:
    """Something that is no mistake: which sentence, and its words."""

    key: str
    said: dict[str, Any]


def finals(look: Look) -> list[Event]:
    """The last version of every variable that is named after a gradient."""
    found = []
    for event in look.events:
        named = look.own(event) and look.judge.names.exact(event.name)
        if event.last and event.kind != "parameter" and named:
            found.append(event)
    return found


def versions(look: Look, event: Event) -> list[Event]:
    return [e for e in look.events if e.name == event.name and e.function == event.function]


def ratio(value: Any, want: np.ndarray) -> float | None:
    """c where value = c · want, else None; want may be broadcast from value."""
    if not isinstance(value, (np.ndarray, np.generic, float, int)):
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or not want.size:
        return None
    try:
        got = np.broadcast_to(array, want.shape).ravel().astype(float)
    except ValueError:
        return None
    right = want.ravel()
    with np.errstate(all="ignore"):
        found = float(got @ right / (right @ right)) if right.any() else np.nan
    if not np.isfinite(found) or not found:
        return None
    return None if differs(got / found, right, 0.0) else found


def by_name(look: Look) -> tuple[list[Blame], list[Remark]]:
    """Where the results are right: variables that are not what their names say.

    A name alone proves nothing: `dx` may hold several things in turn. So a variable is called
    wrong only if its value is nothing that can be recognised, and one small change of its
    statement makes it the gradient that it is named after.
    """
    wrong: list[Blame] = []
    remarks: list[Remark] = []
    names = look.judge.names
    for event in finals(look):
        if any(look.named(e) for e in versions(look, event)):
            continue
        if event.name in names.graph:  # also the name of a forward value: dropout's `d`, …
            continue
        wants = {n: look.truth.gradients[n] for n in names.exact(event.name)}
        scaled = next(((n, r) for n, w in wants.items() if (r := ratio(event.value, w))), None)
        if scaled is not None and not _superfluous(look, event, *scaled):
            node, times = scaled
            remarks.append(
                Remark(
                    "note_constant",
                    {"name": event.name, "line": event.line, "ratio": f"{times:.4g}", "node": node},
                )
            )
            continue
        if event.occurrence or not isinstance(event.value, np.ndarray):
            continue
        if scaled is None and look.recognised(event, ("gradient", "partial", "value")):
            continue
        blame = _one_change(look, event, wants) or _in_its_place(look, event, wants)
        if blame is not None:
            wrong.append(blame)
    return wrong, remarks


def _superfluous(look: Look, event: Event, node: str, times: float) -> bool:
    """A minus sign that the rule does not have, and that a later line takes back.

    Leaving a sign or a factor for later is a style; adding one to take it away again is not.
    """
    if abs(times + 1) > 1e-9:
        return False
    steps = [s.line for s in backward_of(look.truth.graph).steps if s.node.name == node]
    code = look.judge.backward.text(event.line)
    return (
        bool(steps)
        and not any("-" in line.split("=", 1)[1] for line in steps)
        and ("-" in code.split("=", 1)[-1])
    )


def _one_change(look: Look, event: Event, wants: dict[str, np.ndarray]) -> Blame | None:
    """The one small change that makes a variable the gradient it is named after."""
    site = look.site(event)
    if site is None or look.judge.backward.source is None:
        return None
    scope = look.scope(event)
    changes = Edits(site.statement, scope)
    for cost in range(1, 6):
        for edit in changes.at(cost):
            value = scope.value_after(edit.statement)
            if not isinstance(value, np.ndarray):
                continue
            for node, want in wants.items():
                if not differs(want, np.zeros_like(want), look.truth.scale):
                    continue  # anything times zero would do
                if look.is_gradient(value, want):
                    blame = look.edited(event, edit)
                    blame.node, blame.want = node, want
                    _cancelled(look, blame)
                    return blame if blame.hint != "cancel" or cost <= 3 else None
    return None


def _in_its_place(look: Look, event: Event, wants: dict[str, np.ndarray]) -> Blame | None:
    """A variable for which the true gradient does just as well: that is what it is used as."""
    for node, want in wants.items():
        if want.shape != np.shape(event.value) or scaled_to(event.value, want, look) is not None:
            continue
        if look.still_right(event, want) and not look.still_right(event, want + event.value**2):
            return look.blamed(event, node, want)
    return None


def scaled_to(value: Any, want: np.ndarray, look: Look) -> float | None:
    """0 for a gradient that is zero but for rounding, the constant for a multiple of it."""
    if not differs(want, np.zeros_like(want), look.truth.scale):
        return 0.0
    return ratio(value, want)


def _cancelled(look: Look, blame: Blame) -> None:
    """Two mistakes cancel if correcting one of them alone makes the results wrong."""
    event = blame.event
    assert blame.want is not None
    want = blame.want
    if want.size == np.size(event.value):
        want = want.reshape(np.shape(event.value))
    if not look.still_right(event, want):
        blame.hint = "cancel"


def rows(look: Look, blamed: set[str]) -> list[Row]:
    """One row a variable, in the order of the code: what it is, and whether it is right."""
    found = []
    names = look.judge.names
    returned = {index: i for i, index in enumerate(look.returned()) if index is not None}
    for event in look.events:
        value = event.value
        if not event.last or event.kind in ("parameter", "loop"):
            continue
        shape = value.shape if isinstance(value, (np.ndarray, np.floating)) else None
        node, status, error, times = None, "helper", 0.0, None
        if event.index in returned and returned[event.index] < len(look.truth.results):
            i = returned[event.index]
            node = look.truth.graph.differentiated[i].name
            want = look.truth.results[i]
            error = differs(value, want, look.truth.scale)
            status = "wrong" if error else "right"
        elif shape is not None and look.promises(event):
            alike = names.alike(event.name) or names.partial_of(event.name)
            right = [e for e in versions(look, event) if look.named(e)]
            exact = names.exact(event.name)
            if right:
                node, status = (alike[0] if alike else None), "right"
                if not names.alike(event.name):
                    status = "partial"
            elif exact and look.truth.library.find(value) is None:
                want = look.truth.gradients[exact[0]]
                times = ratio(value, want)
                node = exact[0]
                status = "scaled" if times is not None else "wrong"
                error = differs(np.asarray(value).reshape(-1), want.reshape(-1), look.truth.scale)
        if event.name in blamed and status in ("helper", "scaled", "partial"):
            status = "wrong"
        found.append(Row(event.name, event.line, shape, node, status, error, times))
    return found


# ── shifted means ───────────────────────────────────────────────────────────────────────────
def identities(judge: Judge, look: Look) -> list[Remark]:
    """What is right at real points only because of an identity such as Σ(x − mean) = 0.

    The run is repeated with every forward value that it takes from the cache, or computes
    again, replaced by that of the shifted function.
    """
    real = look.truth
    try:
        graph = shifted(real.graph, 1)
        point = Point(real.point.args, graph, real.point.douts, None, real.point.signature, False)
        moved = Truth(point)
    except Exception:  # no shifted function: nothing to remark on
        return []
    if all(np.array_equal(n.value, graph[n.name].value) for n in real.graph.nodes):
        return []
    args, _ = real.point.call()
    douts = len(args) - 1 if real.point.signature.cached else len(real.point.douts)
    if real.point.signature.cached:
        args = (*args[:douts], _moved(args[-1], real, graph))
    run = judge.backward.run(args, None, _forward_again(look, graph), judge.replaced)
    if run.failure is not None:
        return []
    there = Look(judge, look.which, run)
    there.truth = moved
    remarks: list[Remark] = []
    try:
        wrong = _wrong_results(run.result, moved)
    except Exception:
        return []
    if not wrong:
        return []
    for mine, other in zip(look.events, run.events, strict=False):
        if mine.site != other.site or not mine.last or not judge.names.exact(mine.name):
            continue
        if not look.named(mine) or there.named(other) or not isinstance(mine.value, np.ndarray):
            continue
        if look.returned_as(mine) is not None and remarks:
            continue
        want = moved.gradients[judge.names.exact(mine.name)[0]]
        flipped = ratio(other.value, want)
        what = (
            "identity_sign" if flipped is not None and abs(flipped + 1) < 1e-6 else "identity_other"
        )
        remarks.append(
            Remark("note_identity", {"name": mine.name, "line": mine.line, "what": what})
        )
        break
    return remarks or [Remark("note_uses_identity", {})]


def _wrong_results(result: Any, truth: Truth) -> bool:
    found = as_results(result, truth)
    pairs = zip(found, truth.results, strict=True)
    return any(differs(got, want, truth.scale, 1e-7) for got, want in pairs)


def _shifted_value(value: Any, real: Truth, graph: Any) -> np.ndarray | None:
    """The counterpart of a forward value (or a simple function of one) in the shifted graph."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return None
    entry = real.library.find(value)
    if entry is None or entry.what not in ("value", "function"):
        return None
    node = graph[entry.node]
    if entry.what == "value" and entry.label == entry.node:
        return np.asarray(node.value, dtype=float).reshape(value.shape)
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
        return type(item)([_moved(part, real, graph) for part in item])
    return item


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and bool(value.size)


def _forward_again(look: Look, graph: Any) -> dict[tuple[int, str], Any]:
    """Overrides for variables in which the backward computes a forward value again."""
    found = {}
    repeated = {e.site for e in look.events if e.occurrence}
    for event in look.events:
        if event.site in repeated or np.ptp(event.value if _is_array(event.value) else 0) == 0:
            continue
        if event.kind == "assign" and not look.promises(event):
            new = _shifted_value(event.value, look.truth, graph)
            if new is not None:
                found[event.site, event.name] = lambda now, new=new: new
    return found
