"""Variables by name: is each the gradient that it says it is?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop.checker.report import Row
from backprop.judging.case import Case
from backprop.judging.changes import Edits
from backprop.judging.closeness import differs, fits, telling, times
from backprop.judging.kinds import Blame
from backprop.judging.recorder import Event
from backprop.writer import backward_of


@dataclass
class Remark:
    """Something that is no mistake: which sentence, and its words."""

    key: str
    said: dict[str, Any]


def finals(case: Case) -> list[Event]:
    """The last version of every variable that is named after a gradient."""
    found = []
    for event in case.events:
        named = case.reading.own(event) and case.trials.names.exact(event.name)
        if event.last and event.kind != "parameter" and named:
            found.append(event)
    return found


def versions(case: Case, event: Event) -> list[Event]:
    return [e for e in case.events if e.name == event.name and e.function == event.function]


def ratio(value: Any, want: np.ndarray) -> float | None:
    """c where value = c · want, else None; want may be broadcast from value."""
    if not isinstance(value, (np.ndarray, np.generic, float, int)):
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or not want.size:
        return None
    if not fits(array.shape, want.shape):
        return None
    found = times(np.broadcast_to(array, want.shape), want, 0.0)
    return found if found is not None and telling(found, want.size) else None


def by_name(case: Case) -> tuple[list[Blame], list[Remark]]:
    """Where the results are right: variables that are not what their names say.

    A name alone proves nothing: `dx` may hold several things in turn. So a variable is called
    wrong only if its value is nothing that can be recognised, and one small change of its
    statement makes it the gradient that it is named after.
    """
    wrong: list[Blame] = []
    remarks: list[Remark] = []
    names = case.trials.names
    for event in finals(case):
        if any(case.reading.named(e) for e in versions(case, event)):
            continue
        if event.name in names.graph:  # also the name of a forward value: dropout's `d`, …
            continue
        wants = {n: case.truth.gradients[n] for n in names.exact(event.name)}
        scaled = next(((n, r) for n, w in wants.items() if (r := ratio(event.value, w))), None)
        if scaled is not None and not _superfluous(case, event, *scaled):
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
        if scaled is None and case.reading.recognised(event, ("gradient", "partial", "value")):
            continue
        blame = _one_change(case, event, wants) or _in_its_place(case, event, wants)
        if blame is not None:
            wrong.append(blame)
    return wrong, remarks


def _superfluous(case: Case, event: Event, node: str, times: float) -> bool:
    """A minus sign that the rule does not have, and that a later line takes back.

    Leaving a sign or a factor for later is a style; adding one to take it away again is not.
    """
    if abs(times + 1) > 1e-9:
        return False
    steps = [s.line for s in backward_of(case.truth.graph).steps if s.node.name == node]
    code = case.trials.backward.text(event.line, event.function)
    return (
        bool(steps)
        and not any("-" in line.split("=", 1)[1] for line in steps)
        and ("-" in code.split("=", 1)[-1])
    )


def _one_change(case: Case, event: Event, wants: dict[str, np.ndarray]) -> Blame | None:
    """The one small change that makes a variable the gradient it is named after."""
    site = case.reading.site(event)
    if site is None or case.trials.backward.source is None:
        return None
    scope = case.corrections.scope(event)
    changes = Edits(site.statement, scope)
    for cost in range(1, 6):
        for edit in changes.at(cost):
            value = scope.value_after(edit.statement)
            if not isinstance(value, np.ndarray):
                continue
            for node, want in wants.items():
                if not differs(want, np.zeros_like(want), case.truth.scale):
                    continue  # anything times zero would do
                if case.reading.is_gradient(value, want):
                    blame = case.kinds.edited(event, edit)
                    blame.node, blame.want = node, want
                    _cancelled(case, blame)
                    return blame if blame.hint != "cancel" or cost <= 3 else None
    return None


def _in_its_place(case: Case, event: Event, wants: dict[str, np.ndarray]) -> Blame | None:
    """A variable for which the true gradient does just as well: that is what it is used as."""
    for node, want in wants.items():
        if want.shape != np.shape(event.value) or scaled_to(event.value, want, case) is not None:
            continue
        still_right = case.corrections.still_right
        if still_right(event, want) and not still_right(event, want + event.value**2):
            return case.kinds.blamed(event, node, want)
    return None


def scaled_to(value: Any, want: np.ndarray, case: Case) -> float | None:
    """0 for a gradient that is zero but for rounding, the constant for a multiple of it."""
    if not differs(want, np.zeros_like(want), case.truth.scale):
        return 0.0
    return ratio(value, want)


def _cancelled(case: Case, blame: Blame) -> None:
    """Two mistakes cancel if correcting one of them alone makes the results wrong."""
    event = blame.event
    assert blame.want is not None
    want = blame.want
    if want.size == np.size(event.value):
        want = want.reshape(np.shape(event.value))
    if not case.corrections.still_right(event, want):
        blame.hint = "cancel"


def rows(case: Case, blamed: set[str]) -> list[Row]:
    """One row a variable, in the order of the code: what it is, and whether it is right."""
    found = []
    names = case.trials.names
    returned = {index: i for i, index in enumerate(case.reading.returned()) if index is not None}
    for event in case.events:
        value = event.value
        if not event.last or event.kind in ("parameter", "loop"):
            continue
        if value is None:
            continue
        shape = value.shape if isinstance(value, (np.ndarray, np.floating)) else None
        node, status, error, times = None, "helper", 0.0, None
        place = returned.get(event.index)
        whole = isinstance(value, (dict, list, tuple))  # of gradients, not one itself
        if place is not None and place < len(case.truth.results) and not whole:
            i = place
            node = case.truth.graph.differentiated[i].name
            want = case.truth.results[i]
            error = case.truth.differs(value, want)
            status = "wrong" if error else "right"
        elif shape is not None and case.reading.promises(event):
            alike = names.alike(event.name) or names.partial_of(event.name)
            right = [e for e in versions(case, event) if case.reading.named(e)]
            exact = names.exact(event.name)
            if right:
                node, status = (alike[0] if alike else None), "right"
                if not names.alike(event.name):
                    status = "partial"
            elif exact and case.truth.library.find(value) is None:
                want = case.truth.gradients[exact[0]]
                times = ratio(value, want)
                if times is not None or blamed:  # else it is called so, and used as something else
                    node = exact[0]
                    status = "scaled" if times is not None else "wrong"
                    got = np.asarray(value).reshape(-1)
                    error = differs(got, want.reshape(-1), case.truth.scale)
        if event.name in blamed and status in ("helper", "scaled", "partial"):
            status = "wrong"
        found.append(Row(event.name, event.line, shape, node, status, error, times))
    return found
