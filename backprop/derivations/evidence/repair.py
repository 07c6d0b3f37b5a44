"""What is left of left − right in a wrong row, and the single change that repairs it."""

from __future__ import annotations

from itertools import islice

from backprop.derivations.evidence.citing import Citing
from backprop.derivations.evidence.edits import Edit, edits
from backprop.derivations.evidence.instances import Equation, Side
from backprop.derivations.meaning.world import TRUE
from backprop.derivations.problems import LANGUAGES, Unreadable
from backprop.derivations.reading.tree import NONE, Node, read
from backprop.derivations.verdicts import (
    WRONG,
    Verdict,
)

MISFITS = frozenset({"shape", "index-range", "range", "outside", "free-index", "not-scalar"})
REPAIRS = 400  # single changes that are tried on a wrong row


def said(edit: Edit | None) -> dict[str, str] | None:
    return None if edit is None else {language: edit.text(language) for language in LANGUAGES}


class Repairing(Citing):
    """Explains wrong rows."""

    def misfit(
        self, error: Unreadable, verdict: Verdict, left: Side | None, tex: str, number: int
    ) -> Verdict:
        """A row that is read but cannot hold: its shapes or ranges do not fit."""
        if error.problem.key not in MISFITS:
            raise error
        verdict.status, verdict.problem = WRONG, error.problem
        if self.prove and left is not None:
            found = self.repair(left, None, tex, number, verdict.lead == "\\because")
            verdict.repair = said(found)
        return verdict

    def diagnose(self, equation: Equation, verdict: Verdict, tex: str, number: int) -> None:
        """What is left of left − right, and the single change that makes the row hold."""
        from backprop.derivations.evidence.residue import residue

        levels = {} if verdict.lead == "\\because" else self.levels_for(equation)
        formal = frozenset(k for k, level in levels.items() if level != TRUE)
        verdict.residue = residue(
            self.world, equation.left, equation.right, equation.dims, formal, self.direct
        )
        left, right = equation.sides
        verdict.repair = said(
            self.repair(left, right.node, tex, number, verdict.lead == "\\because")
        )

    def repair(
        self, left: Side, node: Node | None, tex: str, number: int, fact: bool
    ) -> Edit | None:
        """The first single change of a side (number `number` of the row) that makes it `left`."""
        if node is None:
            whole = read(tex, self.world.words)
            sides = [p for p in whole.parts if p is not NONE] if whole.kind == "relation" else []
            if number >= len(sides):
                return None
            node = sides[number]
        tried = set()
        candidates = (
            e
            for e in edits(read(tex, self.world.words), tex, self.world)
            if node.start <= e.start and e.end <= node.end
        )
        base = self.world.base
        for edit in islice(candidates, REPAIRS):
            new = edit.applied(tex)
            if new in tried:
                continue
            tried.add(new)
            try:
                tree = read(new, self.world.words)
                parts = tree.parts if tree.kind == "relation" else (tree,)
                parts = tuple(p for p in parts if p is not NONE)
                side = self.side(parts[number], new, tree)
                changed = self.equation(left, side)
                trial = {} if fact else self.levels_for(changed)
                if self.worst(changed, trial, 1) is None and self.worst(changed, trial) is None:
                    return edit.placed(tex)
            except (Unreadable, IndexError):
                continue
            finally:
                self.world.base = base
        return None
