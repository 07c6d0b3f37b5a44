"""Which line of a fence is wrong, and what about it: of several, the one that explains the most."""

from dataclasses import dataclass
from typing import Any

from backprop.site.posts.check.change import Goal, Mending, Right
from backprop.site.posts.check.points import ShiftedPoint
from backprop.site.posts.check.running import Lines
from backprop.site.posts.check.verdict import Comparison
from backprop.site.posts.check.words import Said


@dataclass(frozen=True)
class Wrong:
    """A gradient that is wrong: the statements that build it, where it was seen, and how."""

    name: str
    places: list[int]
    points: list[ShiftedPoint]
    said: Said


class Culprits:
    """Searches for the mistake behind wrong gradients."""

    def __init__(self, lines: Lines, judge: Comparison, upstream: set[str]):
        self.lines, self.judge, self.upstream = lines, judge, upstream
        self.statements, self.names = lines.statements, lines.names

    def find(self, wrong: list[Wrong], search: bool = True) -> tuple[int, Said]:
        """The line of the fence (from 1) where the first of them goes wrong, and the message."""
        first = min(wrong, key=lambda one: one.places[-1])
        last = self.statements[first.places[-1]]
        line = last.assignment(first.name).lineno
        said, helpers = first.said, self._helpers(first.places)
        if first.name not in last.assigns:  # `row[:] = 0`, where `row` is a part of it
            return line, said
        alone = len(first.places) == 1 and not helpers
        if (said.enough and (alone or not said.right)) or not search:
            return line, said
        # A helper is suspected before the line that uses it only if it spoils others, too.
        spoiled = self._spoiled(first.name, first.places[-1])
        shared = any(one.name not in spoiled for one in wrong)
        places = dict.fromkeys([*helpers, *first.places], 0)
        if not shared:
            places |= dict.fromkeys(helpers, 1)
        at = first.places[-1]
        mine = [
            Goal(one.name, at, self._right(one.name, at)) for one in wrong if one.places[-1] == at
        ]
        changes = Mending(
            self.lines, self.upstream, mine, self._goals(), places, helpers, first.points
        )
        if found := changes.run():
            say = self.judge.say
            what, right = said.mended or said.what, said.right
            if found.line != line:
                what = say("wrong_so", was=found.was, text=what)
            right += say("why", why=found.why(say.keywords["language"]))
            if f"`{found.right}`" not in what + right:
                right += say("would_be_right", line=found.right)
            return found.line, Said(what, right)
        return line, said

    def _goals(self) -> list[Goal]:
        """All gradients of the fence."""
        last = {name: at for at, one in enumerate(self.statements) for name in one.assigns}
        return [
            Goal(name, at, self._right(name, at))
            for name, at in last.items()
            if self.names.variable(name) and name not in self.upstream
        ]

    def _right(self, name: str, at: int) -> Right:
        statement = self.statements[at]
        variable = self.names.variable(name)
        taken = {wire for other, wire in self.lines.wires.items() if other != name}

        def right(values: list[Any], points: list[ShiftedPoint]) -> bool:
            if variable is None:
                return self.judge.mended(name, values, points)
            if variable.partial:
                return self.judge.wire(variable, values, points, taken) is not None
            return self.judge.right(variable, statement, values, points)

        return right

    def _spoiled(self, name: str, at: int) -> set[str]:
        """The names that a wrong one makes wrong."""
        found = {name}
        for statement in self.statements[at:]:
            if found & statement.reads:
                found |= set(statement.assigns)
        return found

    def _helpers(self, places: list[int]) -> list[int]:
        """The lines that compute what some lines read, and that are no gradients themselves."""
        found: list[int] = []
        needed = set().union(*(self.statements[at].reads for at in places))
        for at in range(max(places) - 1, -1, -1):
            assigns = self.statements[at].assigns
            ours = any(map(self.names.forward, assigns)) or any(map(self.names.variable, assigns))
            if at not in places and not ours and needed & set(assigns):
                needed |= self.statements[at].reads
                found.append(at)
        return found
