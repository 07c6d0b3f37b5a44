"""Corrections of the suspects, the simplest first."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from backprop.checker.closeness import differs
from backprop.checker.edits import Edit, Edits
from backprop.checker.look import Look
from backprop.checker.recorder import Event
from backprop.checker.relations import Blame
from backprop.checker.suspicion import Suspect

if TYPE_CHECKING:
    from backprop.checker.judge import Judge


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

    def forward(self, goal: set[int]) -> Blame | None:
        """The first value that the forward has under this name, and that is another there."""
        judge, look = self.judge, self.look
        graph = look.truth.graph
        for suspect in self.suspects:
            event = suspect.event
            if event.kind != "assign" or event.name not in graph or look.promises(event):
                continue
            node, value = graph[event.name], event.value
            if not isinstance(value, np.ndarray) or value.shape != node.shape:
                continue
            if not event.last or not differs(value, node.value, 0.0):
                continue
            right = np.array(node.value)
            run = judge.record(look.which, {(event.site, event.name): look.put(event, right)})
            if run.failure is None and judge.wrong(look.which, run.result) <= goal:
                detail = {"name": event.name, "forward": graph.function}
                if node.site is not None and node.site.text:
                    detail["written"] = node.site.text
                return Blame(event, "forward", detail, right)
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
