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
from dataclasses import replace
from typing import Any

import numpy as np

from backprop.judging.case import Case
from backprop.judging.instrument import keyed, text_of
from backprop.judging.kinds import Blame
from backprop.judging.nearly import SMALL, nearly
from backprop.judging.recorder import Event, Recording
from backprop.judging.search import Search
from backprop.judging.suspect import Suspect
from backprop.judging.trials import Trials

WHOLE = 9  # the cost up to which one change of anything is believed
SIMPLE = 5  # and up to which it is looked for where enough is known


class Judge:
    """Says which variable is to blame."""

    def __init__(self, trials: Trials) -> None:
        self.trials = trials

    def blame(self, which: int, recording: Recording) -> Blame | None:
        """The first wrong variable of a run with wrong results."""
        case = Case(self.trials, which, recording)
        case.reading.trusting = True
        before = self.trials.wrong(which, recording.result)
        swapped = case.kinds.swapped()
        if swapped is not None:
            return swapped
        handed = self._handed_on(case, before)
        if handed is not None:
            return handed
        turn = self._in_all_turns(case) if case.long else None
        if turn is not None:
            found = Search(case, [Suspect(turn.event, 0)], before).edit(set(), highest=6)
            return found or turn
        suspects = case.suspicion.suspects(before)
        search = Search(case, suspects, before)
        if max(self.trials.errors(which, recording.result)) < SMALL:
            simple = search.edit(set(), highest=6)
            almost = nearly(case) if simple is None else None
            if simple is not None:
                return simple
            if almost is not None:
                found = self._result(case, before)
                return found and replace(found, hint=almost[0], detail=almost[1])
        first = case.suspicion.first(suspects)
        turning = case.suspicion.turning(suspects)
        elsewhere = Search(case, [suspect for suspect in suspects if suspect.breaks], before)
        suspects = [suspect for suspect in suspects if not suspect.breaks]
        # Of a long loop every run costs: try what is most likely.
        if first is not None and (first.breaks or case.long):
            found = Search(case, [first], before).edit(set(), highest=6 + first.penalty)
            if found is not None:
                return found
        if turning:  # in a loop: what came in was right, and what came out is not
            named = [] if first is None or first in turning else [first]
            found = Search(case, [*named, *turning], before).edit(set(), highest=9)
            if found is not None:
                return found
        search.suspects = suspects
        convict = self._convict(case, suspects, before, True)
        by_name = convict is not None
        if convict is None:
            simple = search.edit(set(), highest=3) or search.forward(set())
            if simple is not None:
                return simple
            convict = self._convict(case, suspects, before, False)
        if convict is not None:
            event, after, blame = convict
            causes = case.reading.ancestors([event.index])
            search.suspects = [s for s in suspects if s.event.index in causes]
            found = search.edit(after, highest=3) or search.forward(after) or search.edit(after)
            if found is None and by_name:
                earlier = [s for s in search.suspects if s.event is not event]
                nameless = self._convict(case, earlier, before, False)
                found = nameless[2] if nameless is not None else None
            # One change that puts everything right is more likely than what explains a part; but
            # by name it was this variable, if it is the right one but for a length.
            if after or (found is None and not (by_name and "factor" in blame.detail)):
                # That the gradient on a path is missing says enough: one look is taken.
                sure = not after and by_name and blame.hint in ("missing term", "extra term")
                found = self._whole(case, before, SIMPLE if sure else WHOLE) or found
            return found or search.local(event, blame) or elsewhere.edit(set(), highest=6) or blame
        return (
            search.edit(set(), highest=6)
            or elsewhere.edit(set(), highest=6)
            or self._whole(case, before)
            or search.override(set())
            or search.edit(set())
            or search.edit()
            or search.override()
            or self._result(case, before)
        )

    def _in_all_turns(self, case: Case) -> Blame | None:
        """In a long loop, the first variable that is not what its name says.

        If everything is right once it is that in every turn: `dc` of c, c_2, c_3, ….
        """
        groups: dict[tuple[int, str], list[Event]] = {}
        for event in case.events:
            groups.setdefault((event.site, event.name), []).append(event)
        for key, members in groups.items():
            first, gradients = members[0], case.truth.gradients
            if first.kind != "assign" or len(members) < 2 or case.reading.named(first):
                continue
            shape = np.shape(first.value)
            nodes = [n for n in self.trials.names.exact(first.name) if gradients[n].shape == shape]
            if len(nodes) != len(members) or not case.reading.promises(first):
                continue
            for order in (nodes[::-1], nodes):
                wants = [gradients[node] for node in order]

                def put(now: Event, wants: list[np.ndarray] = wants) -> Any:
                    return wants[now.occurrence].copy()

                run = self.trials.record(case.which, {key: put})
                if run.failure is None and not self.trials.wrong(case.which, run.result):
                    last = replace(members[-1], value=first.value)
                    blame = case.kinds.blamed(first, order[0], wants[0])
                    return replace(blame, event=replace(last, value=first.value))
        return None

    def blame_failure(self, which: int, recording: Recording) -> Blame | None:
        """The first wrong variable of a run that was ended by an exception."""
        failure = recording.failure
        if failure is None or failure.line is None or self.trials.backward.source is None:
            return None
        case = Case(self.trials, which, recording)
        misshapen = self._misshapen(case, failure.line)
        if misshapen is not None:
            return misshapen
        before = set(range(len(case.truth.results)))
        suspects = [s for s in case.suspicion.suspects(before) if not s.sure]
        for site in self.trials.backward.sites:
            last = getattr(site.statement, "end_lineno", site.line) or site.line
            if site.kind != "leave" and site.line <= failure.line <= last:
                reads = [e.index for e in case.events if e.name in site.reads]
                targets = getattr(site.statement, "targets", None)
                target = targets[0] if targets else getattr(site.statement, "target", None)
                name = _target_name(target)
                here = Event(
                    site.index, name, None, site.line, site.kind, site.function, 0, 0,
                    tuple(reads), len(case.events), True,
                )  # fmt: skip
                suspects.append(Suspect(here, 0))
                break
        search = Search(case, suspects, before)
        return search.edit(set(), highest=8)

    def _misshapen(self, case: Case, line: int) -> Blame | None:
        """A gradient of another shape than its name promises, without which the run goes on."""
        reads = {name for s in self.trials.backward.sites if s.line == line for name in s.reads}
        for event in case.events:
            exact = self.trials.names.exact(event.name)
            if event.name not in reads or not exact or not event.last:
                continue
            want = case.truth.gradients[exact[0]]
            if not isinstance(event.value, np.ndarray) or event.value.shape == want.shape:
                continue
            run = case.corrections.gone_on(event, want)
            if run.failure is None or (run.failure.line or 0) > line:
                return Blame(event, "shape", {}, want, exact[0])
        return None

    def _convict(
        self, case: Case, suspects: list[Suspect], before: set[int], by_name: bool
    ) -> tuple[Event, set[int], Blame] | None:
        """The first variable that is not the gradient it is named after, if that matters.

        It matters if the results, or gradients with a name that come after it, become right
        when the run goes on with the true gradient. `by_name=False`: the variables whose names
        say nothing; for them, some gradient of their shape must make everything right.
        """
        weak: tuple[Event, set[int], Blame] | None = None
        for suspect in suspects:
            event = suspect.event
            if not event.last or suspect.sure or case.reading.returned_as(event) is not None:
                continue
            named = case.reading.promises(event)
            if named != by_name:
                continue
            known = case.reading.known_after(event) if named else 0
            for node, want in case.corrections.wants(event):
                run = case.corrections.gone_on(event, want)
                if run.failure is not None:
                    continue
                after = self.trials.wrong(case.which, run.result)
                if after < before and (named or not after):
                    return event, after, case.kinds.blamed(event, node, want)
                if named and after == before and weak is None:
                    if Case(self.trials, case.which, run).reading.known_after(event) > known:
                        weak = event, before, case.kinds.blamed(event, node, want)
        return weak

    def _whole(self, case: Case, before: set[int], highest: int = WHOLE) -> Blame | None:
        """The simplest change, of any statement, that puts all results right at once."""
        suspects = case.suspicion.suspects(before)
        rest = case.suspicion.rest(before)
        returned = [
            Suspect(last, 1) for i in sorted(before) if (last := self._last(case, i)) is not None
        ]
        return Search(case, [*suspects, *rest, *returned[:1]], before).edit(set(), highest=highest)

    def _last(self, case: Case, i: int) -> Event | None:
        """The `return` of a result that is returned by its name, as if it were computed there."""
        sites = self.trials.backward.sites
        here = [site for site in sites if site.statement is case.recording.returned]
        index = case.reading.returned()[i] if here else None
        if index is None or case.events[index].kind == "return":
            return None
        return replace(
            case.events[index], site=here[-1].index, name=f"return[{i}]", line=here[-1].line,
            kind="return", index=len(case.events),
        )  # fmt: skip

    def _handed_on(self, case: Case, before: set[int]) -> Blame | None:
        """A gradient that is right by its name, and returned as that of another."""
        for i, index in enumerate(case.reading.returned()):
            if i not in before or index is None:
                continue
            event, node = case.events[index], case.truth.graph.differentiated[i].name
            if node in self.trials.names.alike(event.name) or not case.reading.named(event):
                continue
            last = self._last(case, i)
            if last is None:
                continue
            found = Search(case, [Suspect(last, 0)], before).edit(set(), highest=8)
            blame = case.kinds.blamed(replace(event, name=last.name, line=last.line), node,
                                      case.truth.results[i])  # fmt: skip
            return found or blame
        return None

    def _result(self, case: Case, before: set[int]) -> Blame | None:
        """Nothing else is known: the variable that is returned as the first wrong result."""
        returned = case.reading.returned()
        first = min(before, default=0)
        index = returned[first] if first < len(returned) else None
        if index is None:
            floats = [e for e in case.events if e.kind != "parameter"]
            if not floats:
                return None
            index = floats[-1].index
        event = case.events[index]
        node = case.truth.graph.differentiated[first].name
        want = case.truth.results[first]
        return case.kinds.blamed(event, node, want)


def _target_name(target: Any) -> str:
    """The variable that a statement assigns; `return[0]` for what it returns."""
    while isinstance(target, (ast.Subscript, ast.Attribute)) and not keyed(target):
        target = target.value
    return text_of(target) if isinstance(target, ast.expr) else "return[0]"
