"""Finds the first wrong variable of a handwritten backward.

The results decide whether anything is wrong. Where, is decided by continuing the run with a
variable corrected: the first variable whose correction makes wrong results right is the one.
Corrections are tried in the order of the code: small changes of the statement (`edits`), the
true gradient of the node that the variable is named after, and whatever else the point's
library knows. Variables whose value is recognised as something true, and those that
something true was computed from, are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backprop.checker.edits import Edit, Scope, edits
from backprop.checker.names import Names
from backprop.checker.points import Point
from backprop.checker.recorder import Event, Instrumented, Override, Recording
from backprop.checker.truth import Truth, differs, lazy


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


class Misfit(Exception):
    """The backward returns something that cannot be compared: why, and the hint."""

    def __init__(self, key: str, hint: str, **said: Any) -> None:
        super().__init__(key)
        self.key, self.hint, self.said = key, hint, said


def as_results(result: Any, truth: Truth) -> list[Any]:
    """What a backward returned, one entry an argument; Misfit if that does not work out."""
    inputs = truth.graph.differentiated
    if result is None:
        raise Misfit("none", "error")
    if isinstance(result, dict):
        found = []
        for node in inputs:
            keys = (f"d{node.name}", node.name, f"grad_{node.name}", f"d_{node.name}")
            key = next((k for k in keys if k in result), None)
            if key is None:
                have = ", ".join(map(str, result))
                raise Misfit("key", "shape", name=node.name, have=have)
            found.append(result[key])
        return found
    if not isinstance(result, (tuple, list)):
        found = [result]
    else:
        found = list(result)
        arguments = list(truth.graph.inputs.values())
        if len(found) == len(arguments) > len(inputs):
            spare = [i for i, node in enumerate(arguments) if not node.differentiable]
            if all(found[i] is None for i in spare):
                found = [g for i, g in enumerate(found) if i not in spare]
    if len(found) != len(inputs):
        raise Misfit(
            "number", "shape", got=len(found), want=len(inputs),
            names=", ".join(f"d{node.name}" for node in inputs),
        )  # fmt: skip
    return found


class Judge:
    """One handwritten backward at one point, with the fixes that were found so far."""

    def __init__(self, backward: Instrumented, points: list[Point], truths: list[Truth]) -> None:
        self.backward = backward
        self.points = points
        self.truths = truths
        self.names = Names(points[0].graph)
        self.replaced: dict[int, ast.stmt] = {}
        self.overrides: dict[tuple[int, str], Override] = {}

    # ── running ─────────────────────────────────────────────────────────────────────────────
    def record(self, which: int, extra: dict[tuple[int, str], Override] | None = None) -> Recording:
        args, guarded = self.points[which].call()
        overrides = {**self.overrides, **(extra or {})}
        return self.backward.run(args, guarded, overrides, self.replaced)

    def errors(self, which: int, result: Any) -> list[float]:
        """How wrong each result is; inf for a shape, or where nothing can be compared."""
        truth = self.truths[which]
        try:
            found = as_results(result, truth)
        except Misfit:
            return [np.inf] * len(truth.results)
        return [
            differs(got, want, truth.scale)
            for got, want in zip(found, truth.results, strict=True)
        ]

    def wrong(self, which: int, result: Any) -> set[int]:
        return {i for i, error in enumerate(self.errors(which, result)) if error}

    # ── looking at a recording ──────────────────────────────────────────────────────────────
    def look(self, which: int, recording: Recording) -> Look:
        return Look(self, which, recording)

    def blame(self, which: int, recording: Recording) -> Blame | None:
        """The first wrong variable of a run with wrong results."""
        look = self.look(which, recording)
        before = self.wrong(which, recording.result)
        swapped = look.swapped()
        if swapped is not None:
            return swapped
        weak: list[Blame] = []
        last: Blame | None = None
        groups = look.suspects(before)
        for event in [*groups[0], *groups[1]]:
            found = self._by_edit(look, event, before)
            if found is not None:
                return found
            result = look.returned_as(event)
            if result is not None:
                last = last or self._result(look, event, result)
                continue
            found = self._by_override(look, event, before)
            if found is not None:
                return found
            if event.last and self.names.exact(event.name):
                weak.append(look.by_name(event))
        if weak:
            return weak[0]
        return last or look.anything(before)

    def _better(self, which: int, result: Any, before: set[int]) -> bool:
        after = self.wrong(which, result)
        return after < before

    def _others(self, which: int) -> int:
        return next((i for i in range(len(self.points)) if i != which), which)

    def _by_edit(self, look: Look, event: Event, before: set[int]) -> Blame | None:
        """A small change of the statement that makes results right, at two points."""
        site = self.backward.sites[event.site] if self.backward.source else None
        if site is None:
            return None
        other = self._others(look.which)
        proposals = edits(site.statement, look.scope(event))
        for start in range(0, len(proposals), 250):
            part = proposals[start : start + 250]
            try:
                variants = self.backward.variants(
                    site.statement, [edit.statement for edit in part], self.replaced
                )
            except (SyntaxError, ValueError, RecursionError):
                continue
            for i, edit in enumerate(part):
                if not self._better(look.which, self._try(variants, i, look.which), before):
                    continue
                if self._better(other, self._try(variants, i, other), before):
                    return look.edited(event, edit)
        return None

    def _try(self, variants: Any, choice: int, which: int) -> Any:
        args, _ = self.points[which].call()
        return variants.run(choice, args)

    def _by_override(self, look: Look, event: Event, before: set[int]) -> Blame | None:
        """A true value that makes results right when the run goes on with it."""
        for label, node, value in look.candidates(event):
            run = self.record(look.which, {(event.site, event.name): look.put(event, value)})
            if run.failure is None and self._better(look.which, run.result, before):
                hint, detail = look.relation(event.value, value, node)
                detail["expected"] = label
                return Blame(event, hint, detail, value, node)
        named = self.names.exact(event.name)
        if not (event.last and named):
            return None
        known = look.known_after(event)
        for name in named:
            value = self.truths[look.which].gradients[name]
            run = self.record(look.which, {(event.site, event.name): look.put(event, value)})
            if run.failure is None and self.look(look.which, run).known_after(event) > known:
                return look.by_name(event)
        return None

    def _result(self, look: Look, event: Event, result: int) -> Blame:
        truth = self.truths[look.which]
        node = truth.graph.differentiated[result].name
        want = truth.results[result]
        hint, detail = look.relation(event.value, want, node)
        return Blame(event, hint, detail, want, node)


TRIVIAL = ("zeros", "zeros_like", "empty", "empty_like", "ones", "ones_like", "full", "full_like")


class Look:
    """A recording seen in the light of the truth."""

    def __init__(self, judge: Judge, which: int, recording: Recording) -> None:
        self.judge = judge
        self.which = which
        self.truth = judge.truths[which]
        self.recording = recording
        self.events = recording.events
        self._known: dict[int, bool] = {}

    # ── what a value is ─────────────────────────────────────────────────────────────────────
    def named(self, event: Event) -> bool:
        """Whether a variable is the gradient that its name says, in a harmless shape."""
        for name in self.judge.names.alike(event.name):
            want = self.truth.gradients[name]
            if self.is_gradient(event.value, want):
                return True
        return False

    def is_gradient(self, value: Any, want: np.ndarray) -> bool:
        array = np.asarray(value) if not isinstance(value, (dict, list, tuple)) else None
        if array is None or array.dtype.kind not in "biuf":
            return False
        if array.size == want.size and array.shape != want.shape:
            array = array.reshape(want.shape)
        return not differs(array, want, self.truth.scale) or lazy(array, want)

    def known(self, event: Event) -> bool:
        """Whether a value is recognised as something true."""
        if event.index not in self._known:
            self._known[event.index] = self.named(event) or (
                self.truth.library.find(event.value) is not None
            )
        return self._known[event.index]

    def neutral(self, event: Event) -> bool:
        """What cannot be wrong by itself: parameters, counters, empty buffers, unpacked caches."""
        if event.kind in ("parameter", "loop"):
            return True
        value = event.value
        if isinstance(value, (str, bytes, type(None), dict, bool)) or callable(value):
            return True
        site = self.site(event)
        if site is None:
            return False
        statement = site.statement
        right = getattr(statement, "value", None)
        if isinstance(right, ast.Call):
            function = right.func
            called = function.attr if isinstance(function, ast.Attribute) else ""
            if called in TRIVIAL:
                return True
        if isinstance(right, ast.Constant) and event.kind == "assign":
            return True
        if isinstance(right, ast.Attribute) and right.attr == "shape":
            return True
        unpacked = isinstance(right, (ast.Name, ast.Subscript)) and event.kind == "assign"
        return unpacked and self._from_cache(right)

    def _from_cache(self, node: Any) -> bool:
        """`x, w, b = cache`, `c = cache["x"]`: values of the forward, taken as they are."""
        while isinstance(node, (ast.Subscript, ast.Attribute)):
            node = node.value
        return isinstance(node, ast.Name) and ("cache" in node.id or node.id in ("c", "ctx"))

    def site(self, event: Event) -> Any:
        sites = self.judge.backward.sites
        return sites[event.site] if 0 <= event.site < len(sites) else None

    def known_after(self, event: Event) -> int:
        """How many named gradients are right after an event."""
        return sum(
            1
            for e in self.events
            if e.index > event.index and e.name != event.name
            and self.judge.names.exact(e.name) and self.named(e)
        )  # fmt: skip

    # ── who may be wrong ────────────────────────────────────────────────────────────────────
    def returned_as(self, event: Event) -> int | None:
        """Which result a variable is returned as; None if it is not, or computed with later."""
        for i, index in enumerate(self.returned()):
            if index == event.index:
                return i
        return None

    def returned(self) -> list[int | None]:
        """The event behind each result."""
        statement = self._return_statement()
        value = getattr(statement, "value", None)
        if value is None:
            return []
        elements = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
        if isinstance(value, ast.Dict):
            elements = value.values
        function = self.judge.backward.function
        own = function.__name__ if function else ""
        found: list[int | None] = []
        for i, element in enumerate(elements):
            name = element.id if isinstance(element, ast.Name) else f"return[{i}]"
            index = None
            for event in self.events:
                if event.name == name and event.function == own:
                    index = event.index
            found.append(index)
        return found

    def _return_statement(self) -> ast.Return | None:
        source = self.judge.backward.source
        if source is None:
            return None
        found = [n for n in ast.walk(source.tree) if isinstance(n, ast.Return)]
        return found[-1] if found else None

    def suspects(self, wrong: set[int]) -> tuple[list[Event], list[Event]]:
        """Variables that may be wrong, in order, one event a statement; lengths last."""
        relevant = self._relevant(wrong)
        vindicated = self._vindicated()
        results = {self.returned()[i] for i in wrong if i < len(self.returned())}
        groups: dict[tuple[int, str], list[Event]] = {}
        for event in self.events:
            groups.setdefault((event.site, event.name), []).append(event)
        strong, weak = [], []
        for members in groups.values():
            event = members[-1]
            if self.neutral(event) and not self._misnamed(event):
                continue
            if relevant is not None and not any(e.index in relevant for e in members):
                continue
            is_result = any(e.index in results for e in members)
            if not is_result:
                by_name = event.last and self.judge.names.exact(event.name)
                if by_name:
                    if any(self.named(e) for e in members):
                        continue
                elif all(self.known(e) for e in members) or self.known(event):
                    continue
                elif all(e.index in vindicated for e in members):
                    continue
            if isinstance(event.value, (int, np.integer, float)) and self._proper_length(event):
                weak.append(event)
            else:
                strong.append(event)
        return strong, weak

    def _misnamed(self, event: Event) -> bool:
        """A value taken out of the cache under another node's name."""
        graph = self.truth.graph
        if event.kind != "assign" or event.name not in graph:
            return False
        want = graph[event.name].value
        value = event.value
        return isinstance(value, np.ndarray) and differs(value, want, 0.0) > 0

    def _proper_length(self, event: Event) -> bool:
        """A length whose name and value agree with the forward or with custom."""
        if isinstance(event.value, float) and event.value != int(event.value):
            return False
        graph = self.truth.graph
        if event.name in graph and graph[event.name].value.ndim == 0:
            return bool(graph[event.name].value == event.value)
        shape = graph.outputs[0].shape
        if event.name in ("N", "n", "m", "num_train", "batch_size", "B") and shape:
            return bool(event.value == shape[0])
        if event.name in ("D", "d", "C", "H", "T", "M") and len(shape) > 1:
            return event.value in shape[1:]
        return False

    def _relevant(self, wrong: set[int]) -> set[int] | None:
        """The events that the wrong results were computed from; None if that is unknown."""
        returned = self.returned()
        if not returned or self.judge.backward.helpers:
            return None
        queue = []
        for i in wrong:
            index = returned[i] if i < len(returned) else None
            if index is None:
                return None
            queue.append(index)
        return self._ancestors(queue)

    def _ancestors(self, queue: list[int]) -> set[int]:
        found: set[int] = set()
        queue = list(queue)
        while queue:
            index = queue.pop()
            if index not in found:
                found.add(index)
                queue.extend(self.events[index].reads)
        return found

    def _vindicated(self) -> set[int]:
        """The events that something true, and not merely a number or a mask, came from."""
        right = []
        for event in self.events:
            if event.kind in ("parameter", "loop") or self.neutral(event):
                continue
            value = event.value
            if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
                continue
            if self.known(event) and np.ptp(value) > 0:
                right.append(index) if (index := event.index) is not None else None
        return self._ancestors([r for e in right for r in self.events[e].reads])

    # ── corrections ─────────────────────────────────────────────────────────────────────────
    def scope(self, event: Event) -> Scope:
        """The names at a statement, as they were before its last run."""
        first = event
        for other in self.events:
            if other.site == event.site and other.function == event.function:
                first = other
                break
        values: dict[str, Any] = {}
        for other in self.events:
            if other.index >= first.index:
                break
            if other.function == event.function and other.name.isidentifier():
                values[other.name] = other.value
        lengths: dict[str, float] = {}
        for name, value in values.items():
            if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 1:
                lengths[name] = int(value)
        for name, value in values.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                for axis, length in enumerate(value.shape):
                    if length > 1 and length not in lengths.values():
                        lengths[f"{name}.shape[{axis}]"] = length
                if value.size > 1 and value.size not in lengths.values():
                    lengths[f"{name}.size"] = value.size
        return Scope(values, lengths, list(self._small_constants(values)))

    def _small_constants(self, values: dict[str, Any]) -> Iterator[tuple[str, float]]:
        seen = set()
        for name, value in values.items():
            if isinstance(value, float) and 0 < value < 0.02:
                seen.add(value)
                yield name, value
        for node in self.truth.graph.nodes:
            for argument in node.arguments.values():
                number = getattr(argument, "value", argument)
                if getattr(argument, "op", "constant") != "constant":
                    continue
                if np.ndim(number) == 0 and isinstance(number, (float, np.ndarray, np.floating)):
                    value = float(number)
                    if 0 < value < 0.02 and value not in seen:
                        seen.add(value)
                        yield "eps", value

    def candidates(self, event: Event) -> Iterator[tuple[str, str, np.ndarray]]:
        """True values that a variable may have been meant to hold: (label, node, value)."""
        value = event.value
        shape = np.shape(value) if not isinstance(value, (tuple, list, dict)) else ()
        names = self.judge.names
        exact = names.exact(event.name)
        for name in [*exact, *[n for n in names.alike(event.name) if n not in exact]]:
            want = self.truth.gradients[name]
            yield f"d{name}", name, want
            if want.shape != shape and want.size == np.size(value):
                yield f"d{name}", name, want.reshape(shape)
        for name in names.partial_of(event.name):
            for (producer, user, operand), partial in self.truth.partials.items():
                if producer == name and partial.shape == shape:
                    yield f"d{name} ({user}.{operand})", name, partial
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "bf" or not value.size:
            return
        near = []
        flat = value.astype(float).ravel()
        for entry in self.truth.library.entries:
            if entry.value.shape == shape and entry.what != "value":
                near.append((-_likeness(flat, entry.value.ravel()), len(near), entry))
        for _, _, entry in sorted(near, key=lambda item: item[:2])[:60]:
            yield entry.label, entry.node, entry.value

    def put(self, event: Event, value: np.ndarray) -> Override:
        """Goes on with `value` after the same run of the statement."""

        def override(now: Event) -> Any:
            if now.occurrence != event.occurrence:
                return None
            if now.kind in ("store", "call") and np.shape(now.value) != value.shape:
                return None
            return value.astype(bool) if _is_bool(event.value) else value.copy()

        return override

    # ── what to say about it ────────────────────────────────────────────────────────────────
    def edited(self, event: Event, edit: Edit) -> Blame:
        blame = Blame(event, edit.kind, dict(edit.detail), edit=edit)
        named = self.judge.names.exact(event.name)
        if named:
            blame.node = named[0]
            blame.want = self.truth.gradients[named[0]]
        result = self.returned_as(event)
        if result is not None:
            blame.node = self.truth.graph.differentiated[result].name
            blame.want = self.truth.results[result]
        return blame

    def by_name(self, event: Event) -> Blame:
        name = self.judge.names.exact(event.name)[0]
        want = self.truth.gradients[name]
        hint, detail = self.relation(event.value, want, name)
        return Blame(event, hint, detail, want, name)

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
        detail = {
            "was": self.events[index].name,
            "want": ", ".join(f"d{node.name}" for node in inputs),
        }
        return Blame(self.events[index], "order", detail, wants[first], inputs[first].name)

    def anything(self, wrong: set[int]) -> Blame | None:
        """The variable that is returned as the first wrong result."""
        returned = self.returned()
        first = min(wrong, default=0)
        index = returned[first] if first < len(returned) else None
        if index is None:
            floats = [e for e in self.events if e.kind != "parameter"]
            if not floats:
                return None
            index = floats[-1].index
        return self.judge._result(self, self.events[index], first)

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
        if _is_bool(got) or set(np.unique(want)) <= {0.0, 1.0}:
            return "mask", {}
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
            if value.ndim <= want.ndim and value.size < want.size or value.ndim < want.ndim:
                return "axis", {}
            return "shape", {}
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
        if missing is not None and missing.what == "partial":
            return "missing term", {"term": missing.label}
        return None, {}


def _is_bool(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "b"


def _axis_sets(rank: int) -> Iterator[tuple[int, ...]]:
    import itertools

    for count in range(1, rank + 1):
        yield from itertools.combinations(range(rank), count)


def _likeness(a: np.ndarray, b: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        cosine = abs(a @ b) / np.sqrt((a @ a) * (b @ b))
    return float(cosine) if np.isfinite(cosine) else 0.0
