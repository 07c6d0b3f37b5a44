"""What is left of left − right in a wrong row, and the single change that repairs it."""

from __future__ import annotations

from itertools import islice, pairwise

from backprop.derivations.evidence.account import Account
from backprop.derivations.evidence.edits import Edit, edits
from backprop.derivations.evidence.equation import Equation, Side
from backprop.derivations.evidence.instances import INSTANCES
from backprop.derivations.evidence.sides import Sides
from backprop.derivations.meaning.shifts import Linear
from backprop.derivations.meaning.world import TRUE
from backprop.derivations.problems import LANGUAGES, Unreadable
from backprop.derivations.reading.tree import NONE, Node, read
from backprop.derivations.verdicts import WRONG, Verdict

MISFITS = frozenset({"shape", "index-range", "range", "outside", "free-index", "not-scalar"})
REPAIRS = 400  # single changes that are tried on a wrong row


def said(edit: Edit | None) -> dict[str, str] | None:
    return None if edit is None else {language: edit.text(language) for language in LANGUAGES}


def is_zero(node: Node) -> bool:
    """… = 0 states a fact: what vanishes may be used, as if it stood behind \\because."""
    return (node.kind, node.value) == ("number", "0")


class Repairer:
    """Explains wrong rows. prove: is what repairs one worth the search?"""

    def __init__(self, sides: Sides, account: Account, prove: bool) -> None:
        self.sides = sides
        self.account = account
        self.levels = account.levels
        self.instances = sides.instances
        self.world = sides.world
        self.prove = prove

    def may_fit(self, error: Unreadable) -> bool:
        """x_i of N entries for an i that runs over N − 1 values: not read, and no mistake."""
        values = error.problem.values
        lengths = [Linear.of(self.world, values[k]) for k in ("first", "second") if k in values]
        if len(lengths) < 2 or lengths[0] is None or lengths[1] is None:
            return False
        gap = lengths[0].plus(lengths[1], -1)
        return not gap.coefs and bool(lengths[0].coefs)

    def misfit(
        self, error: Unreadable, verdict: Verdict, node: Node, previous: Side | None, tex: str
    ) -> Verdict:
        """A row that is read but cannot hold: its shapes or ranges do not fit."""
        if error.problem.key not in MISFITS or self.may_fit(error):
            raise error
        verdict.status, verdict.problem = WRONG, error.problem
        if self.prove:
            verdict.repair = said(self.repair(node, previous, tex, verdict.lead == "\\because"))
        return verdict

    def diagnose(
        self, equation: Equation, verdict: Verdict, previous: Side | None, tex: str
    ) -> None:
        """What is left of left − right, and the single change that makes the row hold."""
        from backprop.derivations.evidence.residue import residue

        fact = verdict.lead == "\\because"
        levels = {} if fact else self.levels.allowed(equation)
        formal = frozenset(k for k, level in levels.items() if level != TRUE)
        verdict.residue = residue(
            self.world, equation.left, equation.right, equation.dims, formal, self.levels.direct
        )
        right = equation.sides[1]
        verdict.repair = said(self.repair(right.node, previous, tex, fact))

    def repair(self, node: Node, previous: Side | None, tex: str, fact: bool) -> Edit | None:
        """The first single change of the side `node` that makes the whole row hold.

        previous: the side that a row beginning with = goes on from.
        """
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
                if all(self.whole_holds(new, previous, fact, k) for k in (1, INSTANCES)):
                    return edit.placed(tex)
            except Unreadable:
                continue
            finally:
                self.world.base = base
        return None

    def hidden_slip(self, equation: Equation, tex: str) -> Edit | None:
        """The single change of a row that makes this step hold for any functions in the place
        of the definitions, where an identity hides what is wrong."""
        if not self.account.may_hide(equation):
            return None
        left, right = equation.sides
        whole = read(tex, self.world.words)
        nodes = whole.parts if whole.kind == "relation" else (whole,)
        tried = set()
        base = self.world.base
        for edit in islice(edits(whole, tex, self.world), REPAIRS):
            new = edit.applied(tex)
            number = next((k for k, n in enumerate(nodes) if n.start <= edit.start <= n.end), -1)
            if new in tried or number < 0 or nodes[number] not in (left.node, right.node):
                continue
            tried.add(new)
            try:
                tree = read(new, self.world.words)
                node = tree.parts[number] if tree.kind == "relation" else tree
                side = self.sides.read(node, new, tree)
                pair = (side, right) if nodes[number] == left.node else (left, side)
                changed = self.sides.equation(*pair)
                levels = self.levels.allowed(changed)
                if (
                    self.instances.worst(changed, levels, 1) is None
                    and self.instances.worst(changed, levels) is None
                ):
                    return edit.placed(tex)
            except (Unreadable, IndexError):
                continue
            finally:
                self.world.base = base
        return None

    def whole_holds(self, tex: str, previous: Side | None, fact: bool, count: int) -> bool:
        """Do all steps of a row hold, at `count` instances? Raises `Unreadable`."""
        tree = read(tex, self.world.words)
        nodes = [n for n in (tree.parts if tree.kind == "relation" else (tree,)) if n is not NONE]
        chain = [previous] if previous is not None else []
        chain += [self.sides.read(node, tex, tree) for node in nodes]
        if len(chain) < 2:
            return False
        for left, right in pairwise(chain):
            equation = self.sides.equation(left, right)
            states = fact or is_zero(right.node)
            levels = {} if states else self.levels.allowed(equation)
            if self.instances.worst(equation, levels, count) is not None:
                return False
        return True
