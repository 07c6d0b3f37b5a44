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

from backprop.checker.edits import Edit, Edits, Scope
from backprop.checker.names import Names
from backprop.checker.points import Point
from backprop.checker.recorder import (
    Event,
    Instrumented,
    Override,
    Recording,
    keyed,
    text_of,
)
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

    def watch(self, which: int) -> Recording:
        """The same, slower, looking after every line for arrays that must not change."""
        args, guarded = self.points[which].call()
        return self.backward.run(args, guarded, watch=True)

    def errors(self, which: int, result: Any) -> list[float]:
        """How wrong each result is; inf for a shape, or where nothing can be compared."""
        truth = self.truths[which]
        try:
            found = as_results(result, truth)
        except Misfit:
            return [np.inf] * len(truth.results)
        return [
            differs(got, want, truth.scale) for got, want in zip(found, truth.results, strict=True)
        ]

    def wrong(self, which: int, result: Any) -> set[int]:
        return {i for i, error in enumerate(self.errors(which, result)) if error}

    # ── who is to blame ─────────────────────────────────────────────────────────────────────
    def blame(self, which: int, recording: Recording) -> Blame | None:
        """The first wrong variable of a run with wrong results."""
        look = Look(self, which, recording)
        before = self.wrong(which, recording.result)
        swapped = look.swapped()
        if swapped is not None:
            return swapped
        suspects = look.suspects(before)
        search = Search(self, look, suspects, before)
        convict = self._convict(look, suspects, before, True)
        by_name = convict is not None
        if convict is None:
            simple = search.edit(set(), highest=3)
            if simple is not None:
                return simple
            convict = self._convict(look, suspects, before, False)
        if convict is not None:
            event, after, blame = convict
            causes = look.ancestors([event.index])
            search.suspects = [s for s in suspects if s.event.index in causes]
            found = search.edit(after)
            if found is None and by_name:
                earlier = [s for s in search.suspects if s.event is not event]
                nameless = self._convict(look, earlier, before, False)
                found = nameless[2] if nameless is not None else None
            return found or search.local(event, blame) or blame
        return (
            search.edit(set(), highest=6)
            or search.override(set())
            or search.edit(set())
            or search.edit()
            or search.override()
            or self._result(look, before)
        )

    def blame_failure(self, which: int, recording: Recording) -> Blame | None:
        """The first wrong variable of a run that was ended by an exception."""
        failure = recording.failure
        if failure is None or failure.line is None or self.backward.source is None:
            return None
        look = Look(self, which, recording)
        before = set(range(len(look.truth.results)))
        suspects = [s for s in look.suspects(before) if not s.sure]
        for site in self.backward.sites:
            last = getattr(site.statement, "end_lineno", site.line) or site.line
            if site.kind != "leave" and site.line <= failure.line <= last:
                reads = [e.index for e in look.events if e.name in site.reads]
                targets = getattr(site.statement, "targets", None)
                target = targets[0] if targets else getattr(site.statement, "target", None)
                name = _target_name(target)
                here = Event(
                    site.index, name, None, site.line, site.kind, site.function, 0, 0,
                    tuple(reads), len(look.events), True,
                )  # fmt: skip
                suspects.append(Suspect(here, 0))
                break
        search = Search(self, look, suspects, before)
        return search.edit(set(), highest=8)

    def _convict(
        self, look: Look, suspects: list[Suspect], before: set[int], by_name: bool
    ) -> tuple[Event, set[int], Blame] | None:
        """The first variable that is not the gradient it is named after, if that matters.

        It matters if the results, or gradients with a name that come after it, become right
        when the run goes on with the true gradient. `by_name=False`: the variables whose names
        say nothing; for them, some gradient of their shape must make everything right.
        """
        weak: tuple[Event, set[int], Blame] | None = None
        for suspect in suspects:
            event = suspect.event
            if not event.last or suspect.sure or look.returned_as(event) is not None:
                continue
            named = look.promises(event)
            if named != by_name:
                continue
            known = look.known_after(event) if named else 0
            for node, want in look.wants(event):
                run = self.record(look.which, {(event.site, event.name): look.put(event, want)})
                if run.failure is not None:
                    continue
                after = self.wrong(look.which, run.result)
                if after < before and (named or not after):
                    return event, after, look.blamed(event, node, want)
                if named and after == before and weak is None:
                    if Look(self, look.which, run).known_after(event) > known:
                        weak = event, before, look.blamed(event, node, want)
        return weak

    def _result(self, look: Look, before: set[int]) -> Blame | None:
        """Nothing else is known: the variable that is returned as the first wrong result."""
        returned = look.returned()
        first = min(before, default=0)
        index = returned[first] if first < len(returned) else None
        if index is None:
            floats = [e for e in look.events if e.kind != "parameter"]
            if not floats:
                return None
            index = floats[-1].index
        event = look.events[index]
        node = look.truth.graph.differentiated[first].name
        want = look.truth.results[first]
        hint, detail = look.relation(event.value, want, node)
        return Blame(event, hint, detail, want, node)


@dataclass
class Suspect:
    """A statement that may be wrong; the higher the penalty, the less it is believed."""

    event: Event
    penalty: int
    sure: bool = False  # its value is recognised as a gradient
    edits: Edits | None = None


class Search:
    """Corrections of the suspects, the simplest first."""

    def __init__(self, judge: Judge, look: Look, suspects: list[Suspect], before: set[int]) -> None:
        self.judge = judge
        self.look = look
        self.suspects = suspects
        self.before = before
        self.other = next((i for i in range(len(judge.points)) if i != look.which), look.which)
        self._tried: dict[tuple[int, str, str], set[int] | None] = {}
        # Runs that may be spent: many of a short backward, fewer of a long loop.
        self._left = 2_000_000 // (200 + len(look.events))

    def edit(self, goal: set[int] | None = None, highest: int = 12) -> Blame | None:
        """The simplest change of a statement that leaves no more than `goal` wrong."""
        for level in range(1, highest + 1):
            for suspect in self.suspects:
                cost = level - suspect.penalty
                found = self._edits(suspect, cost, goal) if cost > 0 else None
                if found is not None:
                    return self.look.edited(suspect.event, found)
        return None

    def _edits(self, suspect: Suspect, cost: int, goal: set[int] | None) -> Edit | None:
        event = suspect.event
        site = self.look.site(event)
        if site is None or self.judge.backward.source is None:
            return None
        if suspect.edits is None:
            suspect.edits = Edits(site.statement, self.look.scope(event))
        part = suspect.edits.at(cost)
        key = (event.site, event.name)
        fresh = [e for e in part if (*key, e.detail["line"]) not in self._tried]
        if len(fresh) > self._left:
            return None
        self._left -= len(fresh)
        for start in range(0, len(fresh), 200):
            self._try(site.statement, fresh[start : start + 200], key)
        for edit in part:
            after = self._tried.get((*key, edit.detail["line"]))
            if after is not None and (after <= goal if goal is not None else after < self.before):
                return edit
        return None

    def _try(self, statement: ast.stmt, part: list[Edit], key: tuple[int, str]) -> None:
        """Run changed functions at two points, and note what is still wrong."""
        judge, which = self.judge, self.look.which
        try:
            variants = judge.backward.variants(
                statement, [edit.statement for edit in part], judge.replaced
            )
        except (SyntaxError, ValueError, RecursionError):
            variants = None
        for i, edit in enumerate(part):
            after = None
            if variants is not None:
                after = judge.wrong(which, variants.run(i, judge.points[which].call()[0]))
                if after < self.before and self.other != which:
                    result = variants.run(i, judge.points[self.other].call()[0])
                    after = after | judge.wrong(self.other, result)
                if not after < self.before:
                    after = None
            self._tried[*key, edit.detail["line"]] = after

    def local(self, event: Event, blame: Blame) -> Blame | None:
        """The simplest change that gives the variable the value its name promises."""
        suspect = next((s for s in self.suspects if s.event is event), None)
        site = self.look.site(event)
        if self.judge.backward.source is None or blame.want is None or event.occurrence:
            return None
        if suspect is None or site is None:
            return None
        scope = self.look.scope(event)
        for edit in suspect.edits or Edits(site.statement, scope):
            value = scope.value_after(edit.statement)
            if isinstance(value, np.ndarray) and self.look.is_gradient(value, blame.want):
                return self.look.edited(event, edit)
        return None

    def override(self, goal: set[int] | None = None) -> Blame | None:
        """The first variable for which something true leaves no more than `goal` wrong."""
        judge, look = self.judge, self.look
        for suspect in self.suspects:
            event = suspect.event
            if look.returned_as(event) is not None or suspect.sure:
                continue
            for label, node, value in look.candidates(event):
                run = judge.record(look.which, {(event.site, event.name): look.put(event, value)})
                if run.failure is not None:
                    continue
                after = judge.wrong(look.which, run.result)
                if after <= goal if goal is not None else after < self.before:
                    hint, detail = look.relation(event.value, value, node)
                    return Blame(event, hint, {**detail, "expected": label}, value, node)
        return None


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

    def own(self, event: Event) -> bool:
        """Whether a variable belongs to the backward itself, not to a function it calls."""
        function = self.judge.backward.function
        return function is None or event.function == function.__name__

    @property
    def unit(self) -> float | None:
        """The upstream gradient of a single number, such as a loss."""
        douts = self.truth.point.douts
        return float(douts[0]) if len(douts) == 1 and douts[0].ndim == 0 else None

    # ── what a value is ─────────────────────────────────────────────────────────────────────
    def named(self, event: Event) -> bool:
        """Whether a variable is the gradient that its name says, in a harmless shape."""
        names = self.judge.names
        if not self.own(event):
            return False
        for name in names.alike(event.name):
            if self.is_gradient(event.value, self.truth.gradients[name]):
                return True
            if self.unit is not None and isinstance(event.value, np.ndarray):
                if self.is_gradient(event.value * self.unit, self.truth.gradients[name]):
                    return True  # the scalar dout is multiplied in later
        for name in names.turned(event.name):
            if self.is_gradient(event.value, self.truth.gradients[name].T):
                return True
        for name in names.partial_of(event.name):
            for (producer, _, _), partial in self.truth.partials.items():
                if producer == name and self.is_gradient(event.value, partial):
                    return True
        alike = names.alike(event.name)
        if alike and np.size(event.value) < max(self.truth.gradients[n].size for n in alike):
            entry = self.truth.library.find(event.value)  # in a loop: one row, one step in time
            return entry is not None and entry.what == "gradient" and entry.node in alike
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
                not self.promises(event) and self._recognised(event.value)
            )
        return self._known[event.index]

    def strong(self, event: Event) -> bool:
        """Whether a value is recognised as a gradient, whole or partial."""
        if self.promises(event):
            return self.named(event)
        entry = self.truth.library.find(event.value)
        return entry is not None and entry.what in ("gradient", "partial")

    def recognised(self, event: Event, kinds: tuple[str, ...]) -> bool:
        """Whether a value is something true of one of these kinds."""
        entry = self.truth.library.find(event.value)
        return entry is not None and entry.what in kinds

    def _recognised(self, value: Any) -> bool:
        library = self.truth.library
        if library.find(value) is not None:
            return True
        if not isinstance(value, np.ndarray) or value.ndim < 2 or value.dtype.kind != "f":
            return False
        small = value  # broadcast along some axes: look at what was broadcast
        for axis in range(value.ndim):
            first = np.take(small, [0], axis=axis)
            if small.shape[axis] > 1 and np.array_equal(np.broadcast_to(first, small.shape), small):
                small = first
        return small.size < value.size and library.find(small) is not None

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
        statement = self.recording.returned
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
            named = isinstance(element, ast.Name) or keyed(element)
            name = text_of(element) if named else f"return[{i}]"
            index = None
            for event in self.events:
                if event.name == name and event.function == own:
                    index = event.index
            found.append(index)
        return found

    def suspects(self, wrong: set[int]) -> list[Suspect]:
        """Variables that may be wrong, in order, one event a statement."""
        relevant = self._relevant(wrong)
        vindicated = self._vindicated()
        returned = self.returned()
        results = {returned[i] for i in wrong if i < len(returned)}
        groups: dict[tuple[int, str], list[Event]] = {}
        for event in self.events:
            groups.setdefault((event.site, event.name), []).append(event)
        found = []
        for members in groups.values():
            event = members[-1]
            if self.neutral(event) and not self._misnamed(event):
                continue
            if relevant is not None and not any(e.index in relevant for e in members):
                continue
            if any(e.index in results for e in members):
                found.append(Suspect(event, 0))
                continue
            promised = self.promises(event)
            if promised and any(self.named(e) for e in members):
                continue
            if all(e.index in vindicated for e in members) and self.matters(event, promised):
                continue
            penalty, sure = 0, False
            if promised:
                penalty = 2 if self._part(event) else 0
            elif all(self.known(e) for e in members) or self.known(event):
                sure = self.strong(event)
                penalty = 2 if sure else 3
            elif self._taken(event):
                penalty = 2
            if isinstance(event.value, (int, np.integer, float)) and self._proper_length(event):
                penalty += 3
            found.append(Suspect(event, penalty, sure))
        return found

    def _taken(self, event: Event) -> bool:
        """A part of something else, taken as it is: `patch = x[:, i:i + 3]`."""
        right = getattr(getattr(self.site(event), "statement", None), "value", None)
        while isinstance(right, (ast.Subscript, ast.Attribute)):
            right = right.value
        array = isinstance(event.value, np.ndarray)
        return array and event.kind == "assign" and isinstance(right, ast.Name)

    def promises(self, event: Event) -> bool:
        """Whether a variable's name says which gradient it is."""
        names = self.judge.names
        if not self.own(event):
            return False
        if names.alike(event.name) or names.turned(event.name):
            return True
        return bool(names.partial_of(event.name))

    def _part(self, event: Event) -> bool:
        """A partial gradient under the name of the whole one."""
        for name in self.judge.names.alike(event.name):
            for (producer, _, _), partial in self.truth.partials.items():
                if producer == name and self.is_gradient(event.value, partial):
                    return True
        return False

    def small(self, event: Event, want: np.ndarray) -> bool:
        """A gradient that broadcasting completes."""
        value = event.value
        if not isinstance(value, np.ndarray) or event.occurrence or value.ndim > want.ndim:
            return False
        return value.size < want.size and _fits(value.shape, want.shape)

    def shaped_wrong(self, event: Event, want: np.ndarray) -> bool:
        """A gradient with another number of entries: a sum missing, or one too many."""
        value = event.value
        if not isinstance(value, np.ndarray) or event.occurrence or value.dtype.kind != "f":
            return False
        return value.ndim == want.ndim or value.size > want.size

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
        shape = graph.differentiated[0].shape
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
        return self.ancestors(queue)

    def ancestors(self, queue: list[int]) -> set[int]:
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
            if self._substantial(event.value) and self.strong(event):
                right.append(event)
        return self.ancestors([index for event in right for index in event.reads])

    def _substantial(self, value: Any) -> bool:
        """An array of numbers that are not all alike, and not zero but for rounding."""
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not value.size:
            return False
        return bool(np.ptp(value) > 0 and np.abs(value).max() > 1e-9 * self.truth.scale)

    def matters(self, event: Event, promised: bool) -> bool:
        """Whether something true really depends on a variable, or only by way of zeros."""
        if promised or not isinstance(event.value, np.ndarray) or event.value.dtype.kind != "f":
            return False

        def moved(now: Event) -> Any:
            value = now.value
            return value * 1.37 + 0.1 * np.arange(value.size).reshape(value.shape)

        run = self.judge.record(self.which, {(event.site, event.name): moved})
        for mine, other in zip(self.events, run.events, strict=False):
            if mine.index <= event.index or mine.site != other.site or mine.name == event.name:
                continue
            if (
                mine.site == event.site
                or not self._substantial(mine.value)
                or not self.strong(mine)
            ):
                continue
            if not isinstance(other.value, np.ndarray) or other.value.shape != mine.value.shape:
                return True
            if differs(other.value, mine.value, 0.0, 1e-6):
                return True
        return False

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
        function = self.judge.backward.function
        return Scope(
            values, lengths, self._counts(lengths), list(self._small_constants(values)),
            function.__globals__ if function else {"np": np}, self._words(event),
        )  # fmt: skip

    def _counts(self, lengths: dict[str, float]) -> dict[str, float]:
        """How many numbers the sums and means of the forward add up."""
        found: dict[str, float] = {}
        for node in self.truth.graph.nodes:
            if node.op in ("mean", "sum", "var", "std") and node.value.size:
                count = node.inputs[0].value.size // node.value.size
                if count > 1 and count not in lengths.values():
                    found.setdefault(f"{node.inputs[0].name}.size / {node.name}.size", count)
        return found

    def _words(self, event: Event) -> tuple[str, ...]:
        """The expressions that the function is written in: `c["std"][j]`, `dxgn / std`."""
        for source in self.judge.backward.trees():
            if source.function.__name__ == event.function:
                found: dict[str, None] = {}
                for node in ast.walk(source.tree):
                    if isinstance(node, (ast.Subscript, ast.BinOp, ast.Attribute)) and (
                        not isinstance(getattr(node, "ctx", None), ast.Store)
                    ):
                        text = ast.unparse(node)
                        if len(text) < 40:
                            found[text] = None
                return tuple(found)[:60]
        return ()

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
            if entry.value.shape == shape and entry.what != "value" and "* 1 /" not in entry.label:
                weak = entry.what not in ("gradient", "partial")
                near.append((weak, -_likeness(flat, entry.value.ravel()), len(near), entry))
        near.sort(key=lambda item: item[:3])
        strong = sum(not item[0] for item in near)
        for *_, entry in near[: min(strong, 60) + 30]:
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

    def still_right(self, event: Event, value: np.ndarray) -> bool:
        """Whether all results are right when the run goes on with a value."""
        judge = self.judge
        run = judge.record(self.which, {(event.site, event.name): self.put(event, value)})
        return run.failure is None and not judge.wrong(self.which, run.result)

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

    def wants(self, event: Event) -> Iterator[tuple[str, np.ndarray]]:
        """The gradients that a variable should be by its name; by its shape if it has no such name."""
        names, value = self.judge.names, event.value
        shape = np.shape(value) if isinstance(value, (np.ndarray, np.floating)) else None
        if shape is None or event.occurrence:
            return
        exact = names.exact(event.name) if self.own(event) else []
        alike = names.alike(event.name) if self.own(event) else []
        turned = names.turned(event.name) if self.own(event) else []
        for node in [*exact, *[n for n in alike if n not in exact]]:
            want = self.truth.gradients[node]
            if want.size == np.size(value):
                yield node, want.reshape(shape)
                if self.unit is not None:
                    yield node, want.reshape(shape) / self.unit
            elif self.shaped_wrong(event, want) or self.small(event, want):
                yield node, want
        for node in turned:
            yield node, self.truth.gradients[node].T
        if alike or turned or not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            return
        for entry in self.truth.library.gradients:
            if entry.value.shape == shape:
                yield entry.node, entry.value

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
        detail = {
            "was": self.events[index].name,
            "want": ", ".join(f"d{node.name}" for node in inputs),
        }
        return Blame(self.events[index], "order", detail, wants[first], inputs[first].name)

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
        if _is_bool(got) or set(np.unique(want)) <= {0.0, 1.0}:
            return "mask", {}
        if value.shape != want.shape and _fits(value.shape, want.shape):
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
            if value.ndim <= want.ndim and value.size < want.size or value.ndim < want.ndim:
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


def _target_name(target: Any) -> str:
    """The variable that a statement assigns; `return[0]` for what it returns."""
    while isinstance(target, (ast.Subscript, ast.Attribute)) and not keyed(target):
        target = target.value
    return text_of(target) if isinstance(target, ast.expr) else "return[0]"


def _fits(small: tuple[int, ...], big: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(small, big) == big
    except ValueError:
        return False


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
