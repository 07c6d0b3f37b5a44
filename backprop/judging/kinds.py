"""A mistake: which variable, of which kind, and what it should have been."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backprop.judging.closeness import differs
from backprop.judging.correct import Corrections
from backprop.judging.edits.places import Edit
from backprop.judging.hints import HINTS
from backprop.judging.recognise import Reading
from backprop.judging.recorder import Event
from backprop.judging.relations import Pair, Words, thinned
from backprop.judging.results import Misfit, as_results


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


class Kinds:
    """Makes a `Blame` of a variable and of what it should have been."""

    def __init__(self, reading: Reading, corrections: Corrections) -> None:
        self.reading = reading
        self.corrections = corrections

    def edited(self, event: Event, edit: Edit) -> Blame:
        blame = Blame(event, edit.kind, dict(edit.detail), edit=edit)
        named = self.reading.trials.names.exact(event.name)
        # `dh[mask] = 0` of a right `dh`: what it should be now is another node's gradient
        before = any(
            e.name == event.name and e.index < event.index and e.value is not event.value
            and self.reading.named(e) for e in self.reading.events
        )  # fmt: skip
        if named and not before:
            blame.node = named[0]
            blame.want = self.reading.truth.gradients[named[0]]
        result = self.reading.returned_as(event)
        if result is not None:
            blame.node = self.reading.truth.graph.differentiated[result].name
            blame.want = self.reading.truth.results[result]
        if edit.kind == "operand" and self._is_value(event, edit):
            blame.hint = "value"
        if blame.want is not None and edit.kind not in ("sign", "factor", "overwritten"):
            hint, detail = self.relation(event.value, blame.want)
            if hint in ("sign", "factor"):
                blame.hint, blame.detail = hint, {**blame.detail, **detail}
        return blame

    def _is_value(self, event: Event, edit: Edit) -> bool:
        """A forward value where a gradient belongs."""
        scope = self.corrections.scope(event)
        kinds = []
        for key in ("was", "want"):
            entry = self.reading.truth.library.find(scope.text(edit.detail.get(key, "")))
            kinds.append(entry.what if entry is not None else "")
        return kinds[0] == "value" and kinds[1] != "value"

    def blamed(self, event: Event, node: str, want: np.ndarray) -> Blame:
        hint, detail = self.relation(event.value, want)
        return Blame(event, hint, detail, want, node)

    def by_name(self, event: Event, name: str) -> Blame:
        return self.blamed(event, name, self.reading.truth.gradients[name])

    def swapped(self) -> Blame | None:
        """Right results in the wrong order."""
        try:
            found = as_results(self.reading.recording.result, self.reading.truth)
        except Misfit:
            return None
        wants = self.reading.truth.results
        wrong = [i for i, g in enumerate(found) if differs(g, wants[i], self.reading.truth.scale)]
        if len(wrong) < 2:
            return None
        for i in wrong:
            if not any(not differs(found[i], wants[j], self.reading.truth.scale) for j in wrong):
                return None
        first = wrong[0]
        returned = self.reading.returned()
        if first >= len(returned) or returned[first] is None:
            return None
        index = returned[first]
        assert index is not None
        inputs = self.reading.truth.graph.differentiated
        right = [self._variable(found, want, i) for i, want in enumerate(wants)]
        detail = {"was": self.reading.events[index].name, "want": right[first]}
        detail["line"] = f"return {', '.join(right)}"
        where = self.reading.recording.returned
        assert where is not None
        event = replace(self.reading.events[index], line=where.lineno)
        return Blame(event, "order", detail, None, inputs[first].name)

    def _variable(self, found: list[Any], want: np.ndarray, i: int) -> str:
        """The returned variable that holds a result."""
        for value, index in zip(found, self.reading.returned(), strict=False):
            if index is not None and not differs(value, want, self.reading.truth.scale):
                return self.reading.events[index].name
        return f"d{self.reading.truth.graph.differentiated[i].name}"

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
