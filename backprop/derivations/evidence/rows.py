"""Row after row: what continues what, what is compared with what, and the verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from backprop.derivations.evidence.account import Account
from backprop.derivations.evidence.assumptions import premises
from backprop.derivations.evidence.beyond import difference_beyond, is_broken, undefined_side
from backprop.derivations.evidence.blur import BLURRED, blur
from backprop.derivations.evidence.conditions import within
from backprop.derivations.evidence.constants import by_each, leaps, vanishes
from backprop.derivations.evidence.equation import Equation, Side
from backprop.derivations.evidence.estimates import violated
from backprop.derivations.evidence.extents import too_long
from backprop.derivations.evidence.hidden import hidden
from backprop.derivations.evidence.instances import INSTANCES, INSTANCES_AT_KINKS, Instances
from backprop.derivations.evidence.levels import Levels
from backprop.derivations.evidence.orders import Order, too_large
from backprop.derivations.evidence.relation import Relation, taken_apart
from backprop.derivations.evidence.repair import MISFITS, Repairer, is_zero, said
from backprop.derivations.evidence.sides import AXES, Sides
from backprop.derivations.evidence.subjects import has_slopes, sizes, subject
from backprop.derivations.meaning import reader_of
from backprop.derivations.meaning.differentials import differentials
from backprop.derivations.meaning.names import lookup
from backprop.derivations.meaning.terms import Var
from backprop.derivations.meaning.world import TRUE, World
from backprop.derivations.problems import Problem, Unreadable, own_fault
from backprop.derivations.reading.cites import cited_names
from backprop.derivations.reading.find import Formula
from backprop.derivations.reading.lines import Row, top_level
from backprop.derivations.reading.tree import NONE, read
from backprop.derivations.verdicts import (
    CHECKED,
    PROVED,
    UNCHECKED,
    UNDERIVED,
    WAIVED,
    WRONG,
    Verdict,
)

SIGNS = {"<=": "≤", ">=": "≥"}


class Derivator:
    """Verifies the rows of one derivation in order.

    direct: ∂ holds the other named quantities fixed.
    prove: look for proofs, and for what would repair a wrong row.
    """

    def __init__(self, world: World, direct: bool = False, prove: bool = True) -> None:
        self.world = world
        self.direct = direct
        self.prove = prove
        self.instances = Instances(world, direct)
        self.sides = Sides(self.instances)
        self.levels = Levels(world, direct)
        self.account = Account(self.instances, self.levels)
        self.repairer = Repairer(self.sides, self.account, prove)
        self.last: Side | None = None
        self.slopes = False  # did the chain begin with a derivative?
        self.failed: Equation | None = None  # the last equation of a row, if it alone is wrong
        self.rest: Verdict | None = None  # the verdict on those before it
        self.explains = True  # is what would repair a wrong row worth the search?

    def vary(self, formulas: Iterable[Formula]) -> None:
        """What moves where the rows of a block take differentials: see `meaning.differentials`."""
        for row in (row for formula in formulas for row in formula.rows):
            try:
                tree = read(row.tex, self.world.words)
            except Unreadable:
                continue
            reader = reader_of(self.world, row.tex, tree)
            self.world.varied.update(differentials(reader, tree))

    def row(self, row: Row) -> list[Verdict]:
        """One verdict for each equation sign that the row adds; at least one."""
        self.failed = self.rest = None
        self.sides.outside = set()
        verdict = Verdict(row.first_line, row.text, CHECKED, row.lead, number=row.number)
        if "unchecked" in row.directives:
            verdict.reason = row.directives["unchecked"]
            verdict.status = WAIVED if verdict.reason else UNCHECKED
            if not verdict.reason:
                verdict.problem = Problem("no-reason")
            if row.lead != "\\because":
                self.salvage(row.tex)
            return [verdict]
        tex = row.tex
        if row.directives.get("check"):
            tex = verdict.expression = row.directives["check"]
            if "=" not in tex and row.text.startswith("="):
                tex = "= " + tex
        try:
            tex, names = cited_names(tex)
            self.account.by = self.named(names)
            if row.lead == "\\because" and self.account.by and not tex.strip():
                return self.cite_definitions(verdict)
            with within(self.sides, tex, verdict.line) as what:
                return self.equations(row, what, verdict)
        except Unreadable as error:
            if error.problem.key not in ("no-left", "inequality") and row.lead != "\\because":
                self.salvage(tex)
            verdict.status, verdict.problem = UNCHECKED, error.problem
            verdict.place = error.problem.place(tex)
            if not verdict.expression and error.problem.start >= 0:
                verdict.line = row.line_of(error.problem.start)
            return [verdict]
        except Exception as error:
            self.last, self.levels.head, self.slopes = None, set(), False
            verdict.status, verdict.problem = UNCHECKED, own_fault(error)
            return [verdict]

    def named(self, names: list[tuple[str, int]]) -> tuple[str, ...]:
        """The symbols whose definitions a row names. Raises `Unreadable`."""
        found = []
        for name, at in names:
            padded = " " * at + name
            node = read(padded, self.world.words)
            reader = reader_of(self.world, padded, node)
            key = lookup(reader, node)[0]
            key = self.world.squares.get(key or "", key)
            symbol = self.world.symbols.get(key or "")
            if symbol is None or symbol.definition is None:
                raise Unreadable("not-defined", at, at + len(name), found=name)
            found.append(symbol.key)
            found += [part for part, whole in self.world.totals.items() if whole == symbol.key]
        return tuple(dict.fromkeys(found))

    def cite_definitions(self, verdict: Verdict) -> list[Verdict]:
        """A \\because that names definitions: they may be used from there on."""
        self.world.cited.update(dict.fromkeys(self.account.by, TRUE))
        verdict.cited, verdict.status = self.account.by, PROVED if self.prove else CHECKED
        return [verdict]

    def salvage(self, tex: str) -> None:
        """The last side that can be read of a row that is not verified: what `= …` after it goes
        on from. A row that begins with = and has none leaves the side before it."""
        outside = top_level(tex)
        cuts = [-1, *(m.start() for m in re.finditer("=", outside)), len(tex)]
        sides = list(pairwise(cuts))
        if len(sides) == 1:
            return
        if tex[: cuts[1]].strip():
            self.last = None
        for start, end in sides:
            padded = " " * (start + 1) + tex[start + 1 : end]
            try:
                node = read(padded, self.world.words)
                if node is not NONE:
                    self.last = self.sides.read(node, padded, node)
            except Exception:  # whatever is wrong with it was said of the row
                continue

    def equations(self, row: Row, tex: str, verdict: Verdict) -> list[Verdict]:
        """The verdict on a row that is read; none if it only begins a chain, or defines."""
        tree = read(tex, self.world.words)
        because = row.lead == "\\because"
        relation = taken_apart(self.world, tree, tex, verdict.line, because)
        if relation is None:
            return []
        previous = self.continued(relation, tex)
        if not relation.ops and (relation.fact or row.lead):
            raise Unreadable("no-equation", *first_place(tex))
        self.sides.outside = set(previous.reader.free) if previous is not None else set()
        if self.sides.condition is not None:
            self.sides.outside |= set(self.sides.condition[0].free)
        sides: list[Side] = []
        problem: Unreadable | None = None
        failing = relation.nodes[0]
        for node in relation.nodes:
            try:
                sides.append(self.sides.read(node, tex, tree))
                sides[-1].open = relation.is_open(node)
            except Unreadable as error:
                failing = node if problem is None else failing
                problem = problem or error
        if sides and not relation.fact:
            if previous is None and sides[0].node is relation.nodes[0]:
                self.begin(sides[0])
            self.last = sides[-1]
        if problem is not None:
            if problem.problem.key in MISFITS:
                return [self.repairer.misfit(problem, verdict, failing, previous, tex)]
            raise problem
        if not relation.ops:
            return []  # the left side alone; the rows after it continue it
        chain = [previous, *sides] if previous is not None else sides
        found = merged(self.steps(relation, chain, previous, tex, verdict))
        return [found] if found else []

    def continued(self, relation: Relation, tex: str) -> Side | None:
        """The side that a row beginning with = goes on from; None for one that has its own, with
        which a chain begins. Raises `Unreadable`."""
        if relation.nodes[0] is not NONE:
            if not relation.fact:
                self.levels.head, self.slopes = set(), False
            return None
        if relation.fact or not relation.nodes[1:]:
            raise Unreadable("unexpected", *first_place(tex), found="=", hint="")
        del relation.nodes[0], relation.orders[0], relation.constants[0]
        if self.last is None:
            for node in relation.nodes:
                self.last = self.sides.read(node, tex, relation.tree)
            raise Unreadable("no-left", *first_place(tex))
        return self.last

    def begin(self, first: Side) -> None:
        """What a chain that begins with this side is about."""
        at = tuple(Var(n) for n in AXES)
        term = first.array.at(at[: len(first.array.shape)])
        self.levels.head = subject(self.world, term)
        self.slopes = has_slopes(self.world, term)

    def steps(
        self,
        relation: Relation,
        chain: list[Side],
        previous: Side | None,
        tex: str,
        verdict: Verdict,
    ) -> list[Verdict]:
        """A verdict on each side of a row against the last one before it that is sound."""
        verdicts: list[Verdict] = []
        sound = chain[0]
        for op, side in zip(relation.ops, chain[1:], strict=True):
            one = Verdict(**vars(verdict))
            one.spans = tuple(dict.fromkeys((*sound.reader.notes, *side.reader.notes)))
            try:
                equation = self.sides.equation(sound, side)
                self.sides.no_gaps(equation)
                one.sizes = sizes(self.world, equation)
            except Unreadable as error:
                if error.problem.key == "free-index" and self.holds_for_every(sound, side):
                    raise
                verdicts.append(self.repairer.misfit(error, one, side.node, previous, tex))
                continue
            verdicts.append(one)
            order = relation.order(side.node) or relation.order(sound.node)
            if op == "prop" or (op == "=" and (side.open or sound.open)):
                self.but_for_constants(equation, one, op == "prop")
                sound = side if one.ok else sound
            elif op != "=" or order is not None:
                equation.op = op
                self.estimate(equation, one, op, order)
                if one.status == WRONG and order is None and len(relation.ops) == 1:
                    self.failed = equation
                sound = side if one.ok else sound
            elif self.judge(equation, one, relation.fact, tex):
                sound = side
            else:
                before = verdicts[:-1]
                if side is chain[-1] and all(v.ok or v.status == UNDERIVED for v in before):
                    self.failed, self.rest = equation, merged(before)
                tiny = one.difference is not None and one.difference.gap
                if self.prove and self.explains and not tiny:  # repairs are tried with doubles
                    self.repairer.diagnose(equation, one, previous, tex)
        if not relation.fact:
            self.last = sound  # what is wrong is not built on
        return verdicts

    def holds_for_every(self, left: Side, right: Side) -> bool:
        """x_j = x_j + 0 y_i: is it right whatever the index that stands on the right alone?"""
        try:
            equation = self.sides.equation(left, right, every=True)
            return self.instances.worst(equation, {}) is None
        except Unreadable:
            return False

    def judge(self, equation: Equation, verdict: Verdict, fact: bool, tex: str) -> bool:
        """Says in `verdict` whether an equation holds. May what follows be built on it?"""
        instances, account = self.instances, self.account
        blurred = blur(instances, equation)
        states = fact or is_zero(equation.sides[1].node)
        good = (account.cite if states else account.holds)(equation, verdict)
        verdict.direct = self.direct and self.levels.ambiguous
        verdict.error = blurred
        if blurred is not None and blurred > BLURRED:
            verdict.status, verdict.difference, verdict.sides = UNCHECKED, None, ("", "")
            verdict.problem = Problem("quadrature", {"error": f"{blurred:.0e}"})
            if self.prove:
                self.proof(equation, verdict)
                verdict.problem = None if verdict.status == PROVED else verdict.problem
            return True
        leaps = verdict.problem is not None and verdict.problem.key == "not-for-any"
        if leaps or (good and verdict.by):
            slip = self.repairer.hidden_slip(equation, tex)
            if slip is not None:
                verdict.status, verdict.repair = WRONG, said(slip)
                names = ", ".join(account.leans_on(equation, self.levels.allowed(equation)))
                verdict.problem = Problem("not-for-any", {"found": names})
                return False
            if leaps:
                leap(verdict)
                return True
        if not good:
            return False
        if (beyond := difference_beyond(instances, equation, self.slopes)) is not None:
            verdict.status, verdict.difference = WRONG, beyond
            verdict.sides = (equation.sides[0].text, equation.sides[1].text)
            verdict.problem = Problem("not-equal")
            return False
        if (partial := undefined_side(instances, equation)) is not None:
            verdict.status = UNCHECKED
            verdict.problem = Problem("one-sided", {"found": partial.text})
            return True
        if self.prove:
            self.proof(equation, verdict)
            if verdict.status != PROVED and (tiny := hidden(instances, equation)) is not None:
                verdict.status, verdict.difference = WRONG, tiny
                verdict.sides = (equation.sides[0].text, equation.sides[1].text)
                verdict.problem = Problem("not-equal")
                return False
        if verdict.status != PROVED and (most := too_long(equation)) is not None:
            verdict.status, verdict.problem = UNCHECKED, Problem("too-long", {"found": str(most)})
            return True
        verdict.assumed = premises(instances, equation, account.used)
        if not fact:
            account.establish(equation)
        return True

    def estimate(self, equation: Equation, verdict: Verdict, op: str, order: Order | None) -> None:
        """An inequality, or an equation up to O(h^k), which is checked and never proved."""
        if order is not None and op != "=":
            raise Unreadable("order", order.node.start, order.node.end, found="O(…)")
        blurred = blur(self.instances, equation)
        if blurred is not None and blurred > BLURRED:
            verdict.status = UNCHECKED
            verdict.problem = Problem("quadrature", {"error": f"{blurred:.0e}"})
            return
        verdict.error = blurred
        if (most := too_long(equation)) is not None:
            verdict.status, verdict.problem = UNCHECKED, Problem("too-long", {"found": str(most)})
            return
        if order is None:
            found = violated(self.instances, equation, op, self.slopes)
            found = hidden(self.instances, equation, op) if found is None else found
        else:
            found = too_large(self.instances, equation, order)
        verdict.instances = INSTANCES_AT_KINKS if order is None else INSTANCES
        if found is None and order is None:
            verdict.assumed = premises(self.instances, equation, {})
            if self.prove and equation.mask is None:
                from backprop.derivations.evidence.bounds import proves_order

                sides = (equation.left, equation.right)
                if proves_order(self.world, *sides, op, equation.dims, self.direct):
                    verdict.status = PROVED
        if found is not None:
            verdict.status, verdict.difference = WRONG, found
            verdict.sides = (equation.sides[0].text, equation.sides[1].text)
            verdict.sign = SIGNS.get(op, op)
            key = "does-not-hold" if order is None else "order-larger"
            values = {} if order is None else {"symbol": order.symbol, "power": str(order.power)}
            verdict.problem = Problem(key, values)

    def but_for_constants(self, equation: Equation, verdict: Verdict, factor: bool) -> None:
        r"""f = g + \text{const}, f \propto g: the slopes by what the prose names are compared."""
        if equation.sides[0].open or equation.sides[1].open:
            if factor:
                raise Unreadable(
                    "constant-in", *first_place(equation.sides[0].reader.tex), found="\\propto"
                )
        if is_broken(self.instances, equation):  # a jump has no slope
            span = equation.sides[0].node
            raise Unreadable("unsupported", span.start, span.end, found="const", why="[x > 0] ?")
        proved = self.prove
        if (step := leaps(self.instances, equation, factor)) is not None:
            verdict.status, verdict.difference = WRONG, step
            verdict.problem = Problem("varies", {"found": ", ".join(self.world.moving)})
            return
        for slopes in by_each(self.instances, equation, factor):
            found = self.instances.worst(slopes, {})
            if found is None:
                found = difference_beyond(self.instances, slopes, True)
            if found is not None or (factor and vanishes(self.instances, equation)):
                verdict.status, verdict.difference = WRONG, found
                verdict.problem = Problem("varies", {"found": ", ".join(self.world.moving)})
                return
            verdict.instances = self.instances.count(slopes)
            verdict.assumed = premises(self.instances, slopes, {})
            if proved:
                self.account.used = {}
                self.proof(slopes, verdict)
                proved = verdict.status == PROVED
        verdict.status = PROVED if proved else CHECKED

    def proof(self, equation: Equation, verdict: Verdict) -> None:
        """Says so where a step that holds is proved for all sizes."""
        from backprop.derivations.evidence.proof import proves

        opaque = frozenset(k for k, level in self.account.used.items() if level != TRUE)
        sides = (equation.left, equation.right)
        if proves(self.world, *sides, opaque, self.direct, equation.dims):
            verdict.status = PROVED


def first_place(tex: str) -> tuple[int, int]:
    """Where the first character of a row stands."""
    first = len(tex) - len(tex.lstrip())
    return first, first + 1


def leap(verdict: Verdict) -> None:
    """Right by a definition that the row does not name: not wrong, and not derived yet."""
    verdict.status, verdict.difference, verdict.sides = UNDERIVED, None, ("", "")
    assert verdict.problem is not None
    verdict.problem = Problem("not-derived", verdict.problem.values)


def merged(verdicts: list[Verdict]) -> Verdict | None:
    """The verdict on a row with several equation signs: its weakest one."""
    if not verdicts:
        return None
    order = [WRONG, UNCHECKED, UNDERIVED, WAIVED, CHECKED, PROVED]
    worst = min(verdicts, key=lambda v: order.index(v.status))
    worst.by = tuple(dict.fromkeys(c for v in verdicts for c in v.by))
    worst.assumed = tuple(dict.fromkeys(c for v in verdicts for c in v.assumed))
    worst.cited = tuple(dict.fromkeys(c for v in verdicts for c in v.cited))
    worst.opaque = tuple(dict.fromkeys(c for v in verdicts for c in v.opaque))
    worst.spans = tuple(dict.fromkeys(c for v in verdicts for c in v.spans))
    return worst
