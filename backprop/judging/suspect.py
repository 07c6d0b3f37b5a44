"""Which statements of a recording may be wrong."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop.judging.changes import Edits
from backprop.judging.closeness import differs
from backprop.judging.recognise import Reading
from backprop.judging.recorder import Event
from backprop.judging.source import text_of


@dataclass
class Suspect:
    """A statement that may be wrong; the higher the penalty, the less it is believed."""

    event: Event
    penalty: int
    sure: bool = False  # its value is recognised as a gradient
    edits: Edits | None = None
    breaks: bool = False  # in a loop: right at first, and then no more


class Suspicion:
    """Leaves out what is recognised as true, and what something true came from."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def suspects(self, wrong: set[int]) -> list[Suspect]:
        """Variables that may be wrong, in order, one event a statement."""
        relevant = self._relevant(wrong)
        loss = self._of_the_loss()
        plain = self._without_upstream()
        returned = self.reading.returned()
        results = {returned[i] for i in wrong if i < len(returned)}
        vindicated = self._vindicated(results)
        groups: dict[tuple[int, str], list[Event]] = {}
        for event in self.reading.events:
            groups.setdefault((event.site, event.name), []).append(event)
        found = []
        for members in groups.values():
            event = members[-1]
            if self.reading.neutral(event) and not self._misnamed(event):
                continue
            if any(e.index in loss for e in members):
                continue
            if relevant is not None and not any(e.index in relevant for e in members):
                continue
            if self._does_nothing(event):
                found.append(Suspect(event, -2))
                continue
            if any(e.index in results for e in members):
                found.append(Suspect(event, 0))
                continue
            promised = self.reading.promises(event)
            if promised and any(self.reading.named(e) for e in members):
                if len(members) > 1 and not self.reading.named(event):
                    found.append(Suspect(event, 0, breaks=True))
                elif self._idle(event):
                    found.append(Suspect(event, 1))
                continue
            if all(e.index in vindicated for e in members):
                if self.matters(event, promised and not self._becomes_right(event)):
                    continue
            penalty, sure = 0, False
            if promised:
                penalty = 2 if self._part(event) else 0
            elif all(self.reading.known(e) for e in members) or self.reading.known(event):
                sure = self.reading.strong(event)
                penalty = 2 if sure else 3
            elif self._taken(event) or self._right_at_first(members):
                penalty = 2
            if isinstance(event.value, (int, np.integer, float)) and self._proper_length(event):
                penalty += 3
            elif not promised and not penalty and event.index in plain and _real(event.value):
                penalty = 1  # computed again as in the forward
            found.append(Suspect(event, penalty, sure))
        return found

    def rest(self, wrong: set[int]) -> list[Suspect]:
        """What is no suspect, but can be wrong all the same: asked when nobody else did it.

        Lists of arrays, and what is a gradient as its name says, where another was meant.
        """
        relevant = self._relevant(wrong)
        loss = self._of_the_loss()
        found: dict[tuple[int, str], Suspect] = {}
        for event in self.reading.events:
            if event.kind in ("parameter", "loop") or event.index in loss:
                continue
            if relevant is not None and event.index not in relevant:
                continue
            value = getattr(getattr(self.reading.site(event), "statement", None), "value", None)
            if isinstance(value, (ast.List, ast.ListComp)) or event.kind == "call":
                found[event.site, event.name] = Suspect(event, 1)
            elif self._is_filled(event):
                found[event.site, event.name] = Suspect(event, 0)
            elif self.reading.promises(event) and not self.reading.neutral(event):
                if self.reading.named(event):
                    found[event.site, event.name] = Suspect(event, 3)
        return list(found.values())

    def _of_the_loss(self) -> set[int]:
        """The events that the loss follows from, where one function computes the gradient, too."""
        spared = self.reading.trials.spared
        if not spared:
            return set()
        found = []
        for event in self.reading.events:
            statement = getattr(self.reading.site(event), "statement", None)
            last = getattr(statement, "end_lineno", None) or event.line
            lines = [(event.function, line) for line in range(event.line, last + 1)]
            if event.kind not in ("return", "loop") and not spared.isdisjoint(lines):
                found.append(event.index)
        return self.reading.ancestors(found)

    def _without_upstream(self) -> set[int]:
        """The events that the upstream gradient does not go into."""
        backward = self.reading.trials.backward.function
        if self.reading.truth.point.signature.itself or backward is None:
            return set()
        following: set[int] = set()
        for event in self.reading.events:
            if event.kind == "parameter" and not event.reads:
                graph, name = self.reading.truth.graph, event.name
                kept = isinstance(event.value, (tuple, list, dict)) or name in graph
                if event.function != backward.__name__ or not kept:
                    following.add(event.index)
            elif event.kind == "store" or not following.isdisjoint(event.reads):
                following.add(event.index)
        return {event.index for event in self.reading.events} - following

    def _becomes_right(self, event: Event) -> bool:
        """`dp = dp * dloss` afterwards: a gradient under the same name that came from it."""
        return any(
            e.kind in ("assign", "call", "store", "augment") and e.name == event.name
            and event.index in e.reads
            and e.function == event.function and self.reading.named(e)
            for e in self.reading.events[event.index + 1 :]
        )  # fmt: skip

    def first(self, suspects: list[Suspect]) -> Suspect | None:
        """The suspect that is the first not to be what its name says, in the order of the run."""
        known = {(s.event.site, s.event.name): s for s in suspects}
        for event in self.reading.events:
            suspect = known.get((event.site, event.name))
            if suspect is None or event.kind != "assign" or self.reading.neutral(event):
                continue  # what is added up is not yet what its name says
            if not self.reading.promises(event) or not self.reading.substantial(event.value):
                continue
            if not self.reading.named(event):
                return suspect
        return None

    def turning(self, suspects: list[Suspect]) -> list[Suspect]:
        """Where a loop goes wrong, whatever its variables are called.

        At a statement whose value was a gradient in one turn and is none in the next: the
        variable that it got then, which is nothing known though all was that it came from.
        """
        known = {(s.event.site, s.event.name): s for s in suspects if not s.sure}
        seen: set[tuple[int, str]] = set()
        for event in self.reading.events:
            key = event.site, event.name
            if event.kind != "assign" or not self.reading.substantial(event.value):
                continue
            if self._of_a_gradient(event):
                seen.add(key)
            elif key in seen:
                before = [self.reading.events[i] for i in event.reads]
                doubtful = [e for e in before if self._turns(e)]
                found = [known.get((e.site, e.name)) for e in [*doubtful[::-1], event]]
                return [suspect for suspect in found if suspect is not None]
        return []

    def _turns(self, event: Event) -> bool:
        """Whether a value is nothing known, and all that it came from is."""
        if event.kind != "assign" or not self.reading.substantial(event.value):
            return False
        if self.reading.truth.library.find(event.value) is not None:
            return False
        before = [self.reading.events[i] for i in event.reads]
        return all(
            not self.reading.substantial(e.value)
            or e.kind in ("parameter", "loop")
            or self.reading.truth.library.find(e.value) is not None
            for e in before
        )

    def _of_a_gradient(self, event: Event) -> bool:
        return self.reading.recognised(event, ("gradient", "partial"))

    def _right_at_first(self, members: list[Event]) -> bool:
        """In a loop, what is wrong later may come from what is wrong now."""
        first = members[0]
        if len(members) < 2 or first.occurrence or self.reading.neutral(first):
            return False
        return self.reading.substantial(first.value) and self.reading.strong(first)

    def _does_nothing(self, event: Event) -> bool:
        """`dx = dx`: a line where something belongs."""
        statement = getattr(self.reading.site(event), "statement", None)
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Name):
            return False
        return text_of(statement.targets[0]) == statement.value.id

    def _is_filled(self, event: Event) -> bool:
        """An array of ones that gradients are written into or added to."""
        right = getattr(getattr(self.reading.site(event), "statement", None), "value", None)
        function = getattr(getattr(right, "func", None), "attr", "")
        return event.kind == "assign" and function in ("ones", "ones_like", "full", "full_like")

    def _idle(self, event: Event) -> bool:
        """`dout = dout.reshape(-1, C)`: the numbers are in the order in which they were."""
        if event.kind != "assign" or not isinstance(event.value, np.ndarray):
            return False
        before = [self.reading.events[i] for i in event.reads]
        return any(
            isinstance(e.value, np.ndarray)
            and (e.name == event.name or e.value.ndim != event.value.ndim)
            and np.array_equal(e.value.ravel(), event.value.ravel())
            for e in before
        )

    def _taken(self, event: Event) -> bool:
        """A part of something else, taken as it is: `patch = x[:, i:i + 3]`."""
        right = getattr(getattr(self.reading.site(event), "statement", None), "value", None)
        while isinstance(right, (ast.Subscript, ast.Attribute)):
            right = right.value
        array = isinstance(event.value, np.ndarray)
        return array and event.kind == "assign" and isinstance(right, ast.Name)

    def _part(self, event: Event) -> bool:
        """A partial gradient under the name of the whole one."""
        for name in self.reading.trials.names.alike(event.name):
            for (producer, _, _), partial in self.reading.truth.partials.items():
                if producer == name and self.reading.is_gradient(event.value, partial):
                    return True
        return False

    def _misnamed(self, event: Event) -> bool:
        """A value taken out of the cache under another node's name."""
        graph = self.reading.truth.graph
        if event.kind != "assign" or event.name not in graph:
            return False
        want = graph[event.name].value
        value = event.value
        return isinstance(value, np.ndarray) and differs(value, want, 0.0) > 0

    def _proper_length(self, event: Event) -> bool:
        """A length whose name and value agree with the forward or with custom."""
        if isinstance(event.value, float) and not event.value.is_integer():
            return False
        if isinstance(getattr(self.reading.site(event).statement, "value", None), ast.Name):
            return False  # `M = N`: another one
        graph = self.reading.truth.graph
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
        returned = self.reading.returned()
        if not returned or self.reading.trials.backward.helpers or self.reading.recording.damage:
            return None
        queue = []
        for i in wrong:
            index = returned[i] if i < len(returned) else None
            if index is None:
                return None
            queue.append(index)
        return self.reading.ancestors(queue)

    def _vindicated(self, wrong: set[int | None]) -> set[int]:
        """The events that something true, and not merely a number or a mask, came from.

        A `wrong` result may be true of something, such as one path of several.
        """
        right = []
        for event in self.reading.events:
            if event.kind in ("parameter", "loop") or self.reading.neutral(event):
                continue
            if event.index in wrong:
                continue
            if self.reading.substantial(event.value) and self.reading.strong(event):
                right.append(event)
        found: set[int] = set()
        queue = [index for event in right for index in self._own_reads(event)]
        while queue:
            index = queue.pop()
            if index not in found:
                found.add(index)
                queue += self._own_reads(self.reading.events[index])
        return found

    def _own_reads(self, event: Event) -> list[int]:
        """What an event's value came from; `grads["W0"] += …` not from `grads["W1"]`.

        Of `grads[f"W{l}"]` nobody knows which it was before: a right one says nothing of the rest.
        """
        root, bracket, key = event.name.partition("[")
        if not bracket or event.name.startswith("return"):
            return list(event.reads)
        computed = not key.startswith(('"', "'"))
        return [
            index for index in event.reads
            if ((other := self.reading.events[index].name) == event.name and not computed)
            or other.partition("[")[0] != root
        ]  # fmt: skip

    def matters(self, event: Event, promised: bool) -> bool:
        """Whether something true really depends on a variable, or only by way of zeros."""
        if promised or not isinstance(event.value, np.ndarray) or event.value.dtype.kind != "f":
            return False

        def moved(now: Event) -> Any:
            value = now.value
            return value * 1.37 + 0.1 * np.arange(value.size).reshape(value.shape)

        run = self.reading.trials.record(self.reading.which, {(event.site, event.name): moved})
        for mine, other in zip(self.reading.events, run.events, strict=False):
            if mine.index <= event.index or mine.site != other.site:
                continue
            if mine.name == event.name and mine.kind != "assign":
                continue
            if (
                mine.site == event.site
                or not self.reading.substantial(mine.value)
                or not self.reading.strong(mine)
            ):
                continue
            if not isinstance(other.value, np.ndarray) or other.value.shape != mine.value.shape:
                return True
            if differs(other.value, mine.value, 0.0, 1e-6):
                return True
        return False


def _real(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
