"""A mistake: which variable, of which kind, and what it should have been."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backprop.judging.closeness import differs
from backprop.judging.correct import Corrections
from backprop.judging.edits.places import Edit
from backprop.judging.hints import HINTS
from backprop.judging.recognise import Reading
from backprop.judging.recorder import Event
from backprop.judging.relations import Pair, Words, multiplied, thinned
from backprop.judging.results import MISSING, Misfit, as_results
from backprop.judging.source import clone, text_of


@dataclass
class Blame:
    """A mistake: which variable, where, and what it should have been."""

    event: Event
    hint: str | None
    detail: dict[str, str] = field(default_factory=dict)
    want: np.ndarray | None = None  # the right value at the judged point, where it is known
    node: str | None = None  # the forward node whose gradient the variable is
    edit: Edit | None = None
    name: str = ""

    def __post_init__(self) -> None:
        self.name = self.name or self.event.name


_SHORT = {0.5: "½", 0.25: "¼"}


class Kinds:
    """Makes a `Blame` of a variable and of what it should have been."""

    def __init__(self, reading: Reading, corrections: Corrections) -> None:
        self.reading = reading
        self.corrections = corrections

    def edited(self, event: Event, edit: Edit) -> Blame:
        if edit.at is not None and edit.at > event.line:
            event = replace(event, line=edit.at)
        blame = Blame(event, edit.kind, {**edit.detail, "line": edit.line}, edit=edit)
        named = self.reading.trials.names.exact(event.name) if self.reading.own(event) else []
        # `dh[mask] = 0` of a right `dh`: what it should be now is another node's gradient
        before = any(
            e.name == event.name and e.index < event.index and e.value is not event.value
            and self.reading.named(e) for e in self.reading.events
        )  # fmt: skip
        if named and not before:
            gradients = self.reading.truth.gradients
            fitting = [n for n in named if gradients[n].shape == np.shape(event.value)]
            blame.node = (fitting or named)[0]
            # of a gradient that something is multiplied with later, nothing is said
            blame.want = None if self.reading.named(event) else gradients[blame.node]
        result = self.reading.returned_as(event)
        if result is not None:
            blame.node = self.reading.truth.graph.differentiated[result].name
            blame.want = self.reading.truth.results[result]
        if edit.kind == "operand" and self._is_value(event, edit):
            blame.hint = "value"
        if blame.want is not None and edit.kind not in ("sign", "factor", "overwritten"):
            hint, detail = self.relation(event.value, blame.want)
            if "factor" in detail:
                detail = self._written_factor(event, float(detail["factor"]), blame.node)
            if hint in ("sign", "factor"):
                blame.hint, blame.detail = hint, {"line": edit.line, **detail}
        return blame

    def _is_value(self, event: Event, edit: Edit) -> bool:
        """A forward value where a gradient belongs."""
        scope = self.corrections.scope(event)
        kinds = []
        for key in ("was", "want"):
            entry = self.reading.truth.library.find(scope.text(edit.detail.get(key, "")))
            kinds.append(entry.what if entry is not None else "")
        return kinds[0] == "value" and kinds[1] != "value"

    def blamed(self, event: Event, node: str | None, want: np.ndarray) -> Blame:
        """The mistake that a wrong value shows by itself; what is said of it is code that runs."""
        hint, detail = self.relation(event.value, want)
        if hint in ("missing term", "extra term") and not self._evaluates(event, detail, want):
            detail = {}
        if hint == "missing term" and not detail:
            event = self._begun(event)
        if "factor" in detail:
            detail = self._written_factor(event, float(detail["factor"]), node)
        return Blame(event, hint, detail, want, node)

    def _begun(self, event: Event) -> Event:
        """Where a sum begins with nothing, if that is where a term is missing that fits no line.

        `dx = np.zeros_like(x)`, and then, once, `dx += …`.
        """
        key = event.name, event.function
        same = [e for e in self.reading.events if (e.name, e.function) == key]
        first = next((e for e in same if e.kind != "parameter"), event)
        again = len({e.site for e in same}) < len(same)  # in a loop
        if event.kind != "augment" or again or not self.reading.neutral(first):
            return event
        return replace(event, site=first.site, line=first.line, kind=first.kind)

    def _evaluates(self, event: Event, detail: Words, want: np.ndarray) -> bool:
        """Whether a term can be written in the names of the backward."""
        term = self.corrections.scope(event).text(detail["term"])
        got = np.asarray(event.value)
        if not isinstance(term, np.ndarray) or got.shape != want.shape:
            return False
        return not differs(np.abs(np.broadcast_to(term, want.shape)), np.abs(want - got), 0.0)

    def _written_factor(self, event: Event, factor: float, node: str | None) -> Words:
        """A factor as one would write it: a length by its name, else a plain number."""
        lengths = self.corrections.scope(event).lengths
        others = self._elsewhere(event, node)
        for value, way in ((factor, 1), (1 / factor, -1)):
            for name, length in lengths.items():
                if abs(value - length) < 1e-9 * length and length > 2:
                    other, there = others[0] and others[0] ** way, others[1].get(name, 0)
                    if not other or abs(other - there) < 1e-9 * there:
                        return {"factor": name}
            if abs(value - round(value)) < 1e-9 * value and round(value) in (2, 3, 4):
                return {"factor": _SHORT.get(round(factor, 9), f"{value:.0f}")}
        return {}

    def _elsewhere(self, event: Event, node: str | None) -> tuple[float, dict[str, float]]:
        """The factor where the arrays are longer, and their lengths there; 0 if nobody knows."""
        trials = self.reading.trials
        which = next((i for i, point in enumerate(trials.points) if point.longer), None)
        if which in (None, self.reading.which) or node is None:
            return 0.0, {}
        reading = Reading(trials, which, trials.record(which))
        truth = trials.truths[which]
        for other in reading.events:
            same = (other.site, other.name, other.occurrence)
            if same == (event.site, event.name, event.occurrence):
                value = np.asarray(other.value)
                if value.dtype.kind == "f":
                    pair = Pair(value, value, truth.gradients[node], truth, reading.events)
                    words = multiplied(thinned(pair)) or {"factor": "0"}
                    lengths = Corrections(reading).scope(other).lengths
                    return float(words["factor"]), lengths
        return 0.0, {}

    def by_name(self, event: Event, name: str) -> Blame:
        return self.blamed(event, name, self.reading.truth.gradients[name])

    def swapped(self) -> Blame | None:
        """Right results in the wrong order."""
        recording, truth = self.reading.recording, self.reading.truth
        try:
            found = as_results(recording.result, truth, self.reading.trials.labels)
        except Misfit:
            return None
        wants = truth.results

        def right(i: int, j: int) -> bool:
            return found[i] is not MISSING and not differs(found[i], wants[j], truth.scale)

        rows = range(len(wants))
        wrong = [i for i in rows if found[i] is not MISSING and not right(i, i)]
        if len(wrong) < 2 or not all(any(right(i, j) for j in wrong) for i in wrong):
            return None
        if not any(differs(-np.asarray(found[i]), wants[i], truth.scale) for i in wrong):
            return None  # (-dx, dx) for (dx, -dx): more likely a sign
        index = self.reading.returned()[wrong[0]]
        if recording.returned is None or not self.reading.events:
            return None
        event = replace(self.reading.events[index or -1], line=recording.returned.lineno)
        if index is None:  # `return a.grad, b.grad`: what an object holds
            event = replace(event, name=f"return[{wrong[0]}]", kind="return")
        order = [next((j for j in wrong if right(j, i)), i) if i in wrong else i for i in rows]
        detail = _reordered(recording.returned, order, wrong[0]) if len(found) > 1 else {}
        return Blame(event, "order", detail, None, truth.graph.differentiated[wrong[0]].name)

    def relation(self, got: Any, want: np.ndarray) -> tuple[str | None, Words]:
        """How a wrong value and the right one are related: (hint, words for the message)."""
        if isinstance(got, (tuple, list, dict)) or got is None:
            return "shape", {}
        value = np.asarray(got)
        if value.dtype.kind not in "biuf":
            return None, {}
        truth = self.reading.truth
        pair = thinned(Pair(got, value.astype(float), want, truth, self.reading.events))
        nothing = pair.alike and np.abs(pair.want).max(initial=0.0) < 1e-9 * truth.scale
        for attempt in (0, 1):
            for hint in HINTS.values():
                if len(hint.related) > attempt:
                    words = hint.related[attempt](pair)
                    if words is not None:
                        return (None, {}) if nothing and hint.word != "mask" else (hint.word, words)
        return None, {}


def _reordered(statement: ast.stmt, order: list[int], first: int) -> dict[str, str]:
    """The `return` in the right order, where it is written as a list of results."""
    value = getattr(statement, "value", None)
    parts = value.values if isinstance(value, ast.Dict) else getattr(value, "elts", [])
    if len(parts) != len(order):
        return {}
    texts = [text_of(part) for part in parts]
    new = clone(statement, {})
    moved = [clone(parts[j], {}) for j in order]
    if isinstance(value, ast.Dict):
        new.value.values = moved
    else:
        new.value.elts = moved
    line = text_of(new).removeprefix("return (")
    line = f"return {line.removesuffix(')')}" if line != text_of(new) else line
    return {"was": texts[first], "want": texts[order[first]], "line": line}
