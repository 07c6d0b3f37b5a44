"""How much of each definition a step may use: nothing, its derivative, all of it."""

from __future__ import annotations

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.subjects import names_symbol, spelled_out
from backprop.derivations.meaning.terms import Deriv, Entry, Term
from backprop.derivations.meaning.world import OPAQUE, SHIFTED, TRUE, World


class Levels:
    """The levels of the definitions (see `scope`), for one step after another.

    direct: ∂ holds the other named quantities fixed.
    """

    def __init__(self, world: World, direct: bool) -> None:
        self.world = world
        self.direct = direct
        self.head: set[str] = set()  # symbols that the chain differentiates
        self.ambiguous = False  # would ∂ with the others held fixed be something else?

    def allowed(self, equation: Equation) -> dict[str, int]:
        """Opaque, but for what was cited, what the chain differentiates or this step brings in
        (by definition), and what gains or loses its derivative in this step (by its
        derivative: the definition with every sum shifted)."""
        levels = {
            key: self.world.cited.get(key, OPAQUE)
            for key, symbol in self.world.symbols.items()
            if symbol.definition is not None
        }
        left, right = (self.local_derivatives(s) for s in (equation.left, equation.right))
        for key, _ in left ^ right:
            levels[key] = max(levels.get(key, TRUE), SHIFTED)
        before = equation.left.names | {n for pair in left for n in pair}
        # What the definition of something differentiated names was there before this step.
        before = before.union(*(self.world.direct(of) for of, _ in left))
        after = equation.right.names | {n for pair in right for n in pair}
        gone = equation.left.names - after  # only its definition can take a name's place
        new = equation.right.names - before
        if not left and not right:  # no derivative: a formula, and the name that it has
            new |= set().union(*(self.world.below(n) for n in new)) - before
        for key in {*self.head, *new, *gone}:
            if key in levels:  # what the chain is about, and what this step brings in
                levels[key] = TRUE
        return levels

    def local_derivatives(self, term: Term) -> set[tuple[str, str]]:
        """The local derivatives (of, by) that `term` contains, written or by the chain rule."""
        found: set[tuple[str, str]] = set()
        world = self.world
        for item in spelled_out(world, term):
            if not isinstance(item, Deriv):
                continue
            names = item.body.names
            between = world.between(names, item.symbol)
            if item.partial and names_symbol(world, item):
                own = {n for n in names if n == item.symbol or item.symbol in world.direct(n)}
                if between - own or (
                    isinstance(item.body, Entry) and (between & world.direct(item.body.symbol))
                ):
                    self.ambiguous = True
                if self.direct:
                    found |= {(n, item.symbol) for n in names if isinstance(item.body, Entry)}
                    continue
            found |= {
                (n, m) for n in between for m in world.direct(n) if m in between | {item.symbol}
            }
        return found

    def differentiated(self, term: Term) -> set[str]:
        """The symbols whose derivatives `term` contains."""
        return {of for of, _ in self.local_derivatives(term)}
