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
from typing import Any

import numpy as np

from backprop.checker.closeness import differs
from backprop.checker.instrument import keyed, text_of
from backprop.checker.look import Look
from backprop.checker.names import Names
from backprop.checker.points import Point
from backprop.checker.recorder import Event, Override, Recording
from backprop.checker.relations import Blame
from backprop.checker.results import Misfit, as_results
from backprop.checker.run import Instrumented
from backprop.checker.search import Search
from backprop.checker.suspicion import Suspect
from backprop.checker.truth import Truth


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
            simple = search.edit(set(), highest=3) or search.forward(set())
            if simple is not None:
                return simple
            convict = self._convict(look, suspects, before, False)
        if convict is not None:
            event, after, blame = convict
            causes = look.ancestors([event.index])
            search.suspects = [s for s in suspects if s.event.index in causes]
            found = search.edit(after, highest=3) or search.forward(after) or search.edit(after)
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
        misshapen = self._misshapen(look, failure.line)
        if misshapen is not None:
            return misshapen
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

    def _misshapen(self, look: Look, line: int) -> Blame | None:
        """A gradient of another shape than its name promises, without which the run goes on."""
        reads = {name for s in self.backward.sites if s.line == line for name in s.reads}
        for event in look.events:
            exact = self.names.exact(event.name)
            if event.name not in reads or not exact or not event.last:
                continue
            want = look.truth.gradients[exact[0]]
            if not isinstance(event.value, np.ndarray) or event.value.shape == want.shape:
                continue
            run = self.record(look.which, {(event.site, event.name): look.put(event, want)})
            if run.failure is None or (run.failure.line or 0) > line:
                return Blame(event, "shape", {}, want, exact[0])
        return None

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


def _target_name(target: Any) -> str:
    """The variable that a statement assigns; `return[0]` for what it returns."""
    while isinstance(target, (ast.Subscript, ast.Attribute)) and not keyed(target):
        target = target.value
    return text_of(target) if isinstance(target, ast.expr) else "return[0]"
