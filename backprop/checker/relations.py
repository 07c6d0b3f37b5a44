"""How a wrong value and the right one are related: the kind of mistake."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backprop.checker.closeness import differs
from backprop.checker.corrections import Corrections
from backprop.checker.edits import Edit
from backprop.checker.recorder import Event
from backprop.checker.results import Misfit, as_results
from backprop.checker.seen import fits, is_bool


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


class Relations(Corrections):
    """Makes a `Blame` of a variable and of what it should have been."""

    def edited(self, event: Event, edit: Edit) -> Blame:
        blame = Blame(event, edit.kind, dict(edit.detail), edit=edit)
        named = self.judge.names.exact(event.name)
        # `dh[mask] = 0` of a right `dh`: what it should be now is another node's gradient
        before = any(
            e.name == event.name and e.index < event.index and e.value is not event.value
            and self.named(e) for e in self.events
        )  # fmt: skip
        if named and not before:
            blame.node = named[0]
            blame.want = self.truth.gradients[named[0]]
        result = self.returned_as(event)
        if result is not None:
            blame.node = self.truth.graph.differentiated[result].name
            blame.want = self.truth.results[result]
        if edit.kind == "operand" and self._is_value(event, edit):
            blame.hint = "value"
        if blame.want is not None and edit.kind not in ("sign", "factor", "overwritten"):
            hint, detail = self.relation(event.value, blame.want, blame.node)
            if hint in ("sign", "factor"):
                blame.hint, blame.detail = hint, {**blame.detail, **detail}
        return blame

    def _is_value(self, event: Event, edit: Edit) -> bool:
        """A forward value where a gradient belongs."""
        scope = self.scope(event)
        kinds = []
        for key in ("was", "want"):
            entry = self.truth.library.find(scope.text(edit.detail.get(key, "")))
            kinds.append(entry.what if entry is not None else "")
        return kinds[0] == "value" and kinds[1] != "value"

    def blamed(self, event: Event, node: str, want: np.ndarray) -> Blame:
        hint, detail = self.relation(event.value, want, node)
        return Blame(event, hint, detail, want, node)

    def by_name(self, event: Event, name: str) -> Blame:
        return self.blamed(event, name, self.truth.gradients[name])

    def swapped(self) -> Blame | None:
        """Right results in the wrong order."""
        try:
            found = as_results(self.recording.result, self.truth)
        except Misfit:
            return None
        wants = self.truth.results
        wrong = [i for i, g in enumerate(found) if differs(g, wants[i], self.truth.scale)]
        if len(wrong) < 2:
            return None
        for i in wrong:
            if not any(not differs(found[i], wants[j], self.truth.scale) for j in wrong):
                return None
        first = wrong[0]
        returned = self.returned()
        if first >= len(returned) or returned[first] is None:
            return None
        index = returned[first]
        assert index is not None
        inputs = self.truth.graph.differentiated
        right = [self._variable(found, want, i) for i, want in enumerate(wants)]
        detail = {"was": self.events[index].name, "want": right[first]}
        detail["line"] = f"return {', '.join(right)}"
        where = self.recording.returned
        assert where is not None
        event = replace(self.events[index], line=where.lineno)
        return Blame(event, "order", detail, None, inputs[first].name)

    def _variable(self, found: list[Any], want: np.ndarray, i: int) -> str:
        """The returned variable that holds a result."""
        for value, index in zip(found, self.returned(), strict=False):
            if index is not None and not differs(value, want, self.truth.scale):
                return self.events[index].name
        return f"d{self.truth.graph.differentiated[i].name}"

    def _multiple(self, value: np.ndarray, want: np.ndarray) -> str | None:
        """A power of the right value; or a forward value where its derivative belongs."""
        with np.errstate(all="ignore"):
            if (value > 0).all() and (want > 0).all():
                power = np.log(value) / np.log(want)
                if np.ptp(power) < 1e-6 * abs(power.mean()):
                    return "power"
        for event in self.events:
            upstream = event.value
            if not isinstance(upstream, np.ndarray) or upstream.shape != want.shape:
                continue
            if upstream.dtype.kind != "f" or not upstream.all():
                continue
            used = self.truth.library.find(value / upstream)
            needed = self.truth.library.find(want / upstream)
            if used and needed and used.what in ("value", "function"):
                if needed.what in ("value", "function"):
                    return "value"
        there = want != 0
        if there.all() or ((value != 0) & ~there).any():
            return None
        for node in self.truth.graph.nodes:  # a mask has the zeros, the value comes on top
            forward = node.value
            if forward.shape == want.shape and forward.dtype.kind == "f":
                if not differs(value[there], (want * forward)[there], 0.0):
                    return "value"
        return None

    def relation(
        self, got: Any, want: np.ndarray, node: str | None
    ) -> tuple[str | None, dict[str, str]]:
        """How a wrong value and the right one are related: (hint, words for the message)."""
        if isinstance(got, (tuple, list, dict)) or got is None:
            return "shape", {}
        value = np.asarray(got)
        if value.dtype.kind not in "biuf":
            return None, {}
        scale = self.truth.scale
        value = value.astype(float)
        if is_bool(got) or set(np.unique(want)) <= {0.0, 1.0}:
            return "mask", {}
        if value.shape != want.shape and fits(value.shape, want.shape):
            thin = want  # what broadcasting would complete
            for axis in range(want.ndim):
                first = np.take(thin, [0], axis=axis)
                if not differs(np.broadcast_to(first, thin.shape).copy(), thin, scale):
                    thin = first
            if thin.size == value.size:
                return self.relation(value, thin.reshape(value.shape), node)
        if value.shape != want.shape:
            for axes in _axis_sets(value.ndim):
                for keep in (False, True):
                    total = value.sum(axis=axes, keepdims=keep)
                    if total.shape == want.shape and not differs(total, want, scale):
                        return "missing sum", {"axis": str(axes if len(axes) > 1 else axes[0])}
            if value.size == want.size:
                if not differs(value.reshape(want.shape), want, scale):
                    return "shape", {}
                if value.ndim == 2 and value.T.shape == want.shape:
                    if not differs(value.T, want, scale):
                        return "transposed", {}
            if (value.ndim <= want.ndim and value.size < want.size) or value.ndim < want.ndim:
                return "axis", {}
            return "shape", {}
        if np.abs(want).max(initial=0.0) < 1e-9 * scale:
            return None, {}
        if not differs(-value, want, scale):
            return "sign", {}
        if value.ndim >= 2 and value.shape[-1] == value.shape[-2]:
            if not differs(np.swapaxes(value, -1, -2), want, scale):
                return "transposed", {}
        flat, right = value.ravel(), want.ravel()
        with np.errstate(all="ignore"):
            ratio = flat @ right / (right @ right) if right.any() else np.nan
        if np.isfinite(ratio) and ratio and not differs(flat / ratio, right, scale):
            return "factor", {"factor": f"{abs(ratio):g}"}
        missing = self.truth.library.find(want - value)
        if missing is not None and missing.what != "value":
            return "missing term", {"term": missing.label}
        kind = self._multiple(value, want)
        if kind is not None:
            return kind, {}
        zeros = want == 0
        if zeros.any() and not zeros.all() and ((value == 0) != zeros).any():
            return "mask", {}
        return None, {}


def _axis_sets(rank: int) -> Iterator[tuple[int, ...]]:
    for count in range(1, rank + 1):
        yield from itertools.combinations(range(rank), count)
