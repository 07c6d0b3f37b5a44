"""Corrections of the suspects, the simplest first."""

from __future__ import annotations

import ast
import warnings
from typing import Any

import numpy as np

from backprop.judging.case import Case
from backprop.judging.changes import Edits, simplest_first
from backprop.judging.closeness import differs
from backprop.judging.edits.places import Edit
from backprop.judging.kinds import Blame
from backprop.judging.recorder import Event
from backprop.judging.suspect import Suspect


class Search:
    """Corrections of the suspects, the simplest first."""

    def __init__(self, case: Case, suspects: list[Suspect], before: set[int]) -> None:
        self.case = case
        self.trials = case.trials
        self.suspects = suspects
        self.before = before
        places = range(len(case.trials.points))
        # At other lengths a change has to be right, too: no number in the place of a length.
        longer = [i for i in places if case.trials.points[i].longer]
        self.other = next((i for i in [*longer, *places] if i != case.which), case.which)

    def edit(self, goal: set[int] | None = None, highest: int = 12) -> Blame | None:
        """The simplest change of a statement that leaves no more than `goal` wrong."""
        places = [(suspect, suspect.penalty) for suspect in self.suspects]
        for suspect, cost in simplest_first(places, highest):
            found = self._edits(suspect, cost, goal)
            if found is not None:
                return self.case.kinds.edited(suspect.event, found)
        return None

    def _edits(self, suspect: Suspect, cost: int, goal: set[int] | None) -> Edit | None:
        event = suspect.event
        site = self.case.reading.site(event)
        if site is None or self.trials.backward.source is None:
            return None
        if suspect.edits is None:
            # `return {"W": …, "b": …}` is one statement, whichever of its parts is suspected.
            key = event.site, event.function, event.occurrence
            suspect.edits = self._shared(site.statement, event.occurrence) or (
                self.case.edits.get(key)
                or Edits(site.statement, self.case.corrections.scope(event))
            )
            self.case.edits[key] = suspect.edits
        if suspect.edits.count(cost) > 4 * self.case.left:
            return None
        part = suspect.edits.at(cost)
        fresh = [edit for edit in part if id(edit) not in self.case.tried]
        if len(fresh) > self.case.left:
            return None
        self.case.left -= len(fresh)
        with warnings.catch_warnings():  # a change may take the mean of nothing
            warnings.simplefilter("ignore")
            for start in range(0, len(fresh), 200):
                self._try(site.statement, fresh[start : start + 200])
        for edit in part:
            after = self.case.tried.get(id(edit))
            if after is not None and (after <= goal if goal is not None else after < self.before):
                return edit
        return None

    def _shared(self, statement: ast.stmt, occurrence: int) -> Edits | None:
        for other in self.suspects:
            edits = other.edits
            if edits is not None and edits.statement is statement:
                if other.event.kind == "return" and other.event.occurrence == occurrence:
                    return edits
        return None

    def _try(self, statement: ast.stmt, part: list[Edit]) -> None:
        """Run changed functions at two points, and note what is still wrong."""
        trials, which = self.trials, self.case.which
        try:
            variants = trials.backward.variants(
                statement, [edit.statement for edit in part], trials.replaced
            )
        except (SyntaxError, TypeError, ValueError, RecursionError):
            variants = None
            if len(part) > 1:  # one that is no Python must not take the others with it
                half = len(part) // 2
                self._try(statement, part[:half])
                self._try(statement, part[half:])
                return
        for i, edit in enumerate(part):
            after = None
            if variants is not None:
                after = trials.wrong(
                    which, variants.run(i, trials.points[which].call(guarding=False)[0])
                )
                if after < self.before and self.other != which:
                    args, _ = trials.points[self.other].call(guarding=False)
                    after = after | trials.wrong(self.other, variants.run(i, args))
                if not after < self.before or self._loses(i, variants):
                    after = None
            self.case.tried[id(edit)] = after

    def _loses(self, i: int, variants: Any) -> bool:
        """Whether a change returns fewer gradients: what is left out is never wrong."""
        trials, which = self.trials, self.case.which
        given = trials.places(which, self.case.recording.result)
        now = trials.places(which, variants.run(i, trials.points[which].call(guarding=False)[0]))
        return any(n is None and g is not None for n, g in zip(now, given, strict=True))

    def local(self, event: Event, blame: Blame) -> Blame | None:
        """The simplest change that gives the variable the value its name promises."""
        suspect = next((s for s in self.suspects if s.event is event), None)
        site = self.case.reading.site(event)
        if self.trials.backward.source is None or blame.want is None or event.occurrence:
            return None
        if suspect is None or site is None:
            return None
        scope = self.case.corrections.scope(event)
        for edit in suspect.edits or Edits(site.statement, scope):
            value = scope.value_after(edit.statement)
            if isinstance(value, np.ndarray) and self.case.reading.is_gradient(value, blame.want):
                return self.case.kinds.edited(event, edit)
        return None

    def forward(self, goal: set[int]) -> Blame | None:
        """The first value that the forward has under this name, and that is another there."""
        trials, case = self.trials, self.case
        graph = case.truth.graph
        for suspect in self.suspects:
            event = suspect.event
            if event.kind != "assign" or event.name not in graph or case.reading.promises(event):
                continue
            node, value = graph[event.name], event.value
            if not isinstance(value, np.ndarray) or value.shape != node.shape:
                continue
            if not event.last or not differs(value, node.value, 0.0):
                continue
            right = np.array(node.value)
            run = case.corrections.gone_on(event, right)
            if run.failure is None and trials.wrong(case.which, run.result) <= goal:
                detail = {"name": event.name, "forward": graph.function}
                if node.site is not None and node.site.text:
                    detail["written"] = node.site.text
                return Blame(event, "forward", detail, right)
        return None

    def override(self, goal: set[int] | None = None) -> Blame | None:
        """The first variable for which something true leaves no more than `goal` wrong."""
        trials, case = self.trials, self.case
        for suspect in self.suspects:
            event = suspect.event
            if case.reading.returned_as(event) is not None or suspect.sure:
                continue
            for node, value in case.corrections.candidates(event):
                self.case.runs -= 1
                if self.case.runs < 0:
                    return None
                run = case.corrections.gone_on(event, value)
                if run.failure is not None:
                    continue
                after = trials.wrong(case.which, run.result)
                if after <= goal if goal is not None else after < self.before:
                    return case.kinds.blamed(event, node, value)
        return None
