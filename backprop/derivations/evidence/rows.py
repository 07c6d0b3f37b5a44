"""Row after row: what continues what, what is compared with what, and the verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from backprop.derivations.evidence.beyond import difference_beyond, undefined_side
from backprop.derivations.evidence.estimates import Order, too_large, violated, without_order
from backprop.derivations.evidence.instances import INSTANCES, INSTANCES_AT_KINKS, Equation, Side
from backprop.derivations.evidence.repair import MISFITS, Repairing, said
from backprop.derivations.meaning import Reader
from backprop.derivations.meaning.brackets import read_condition
from backprop.derivations.meaning.declare import declare
from backprop.derivations.meaning.differentials import differentials
from backprop.derivations.meaning.names import lookup
from backprop.derivations.meaning.terms import Deriv, Slope, Term, Var
from backprop.derivations.meaning.world import TRUE, Symbol
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

BLURRED = 1e-8  # relative: an expectation that is off by more decides nothing
ORDERED = ("<", "<=", ">", ">=")
# A row may end with where it holds: ", i \\ne j", or with what its indices run over.
INDEX = r"[a-z](?:_[a-z])?"
WHERE = re.compile(
    r"(?:[,，]|\\q?quad|\\text\s*\{[^}]*\})(?:\s|\\[,;: ]|\\q?quad|\\forall|\\text\s*\{[^}]*\})*"
    r"(?P<open>[(（])?(?:\s|\\text\s*\{[^}]*\})*"
    rf"(?P<where>{INDEX}\s*(?:=|\\(?:neq?|leq?|geq?)(?![a-z])|<|>)\s*{INDEX}"
    rf"|(?P<range>{INDEX}(?:\s*,\s*{INDEX})*\s*=\s*[01]\s*,\s*\\[lc]?dots\s*,[^,=()]*))"
    r"\s*(?(open)[)）])[.,;\s]*$"
)

# … or with the numbers for which it does: ", x > 0".
NUMBERS = re.compile(
    r"(?:[,，]|\\q?quad|\\text\s*\{[^}]*\})(?:\s|\\[,;: ]|\\q?quad|\\text\s*\{[^}]*\})*"
    r"(?P<open>[(（])?(?:\s|\\text\s*\{[^}]*\})*"
    r"(?P<name>[A-Za-z]|\\[a-z]+)\s*(?P<op>>|<|\\(?:geq?|leq?|neq?)(?![a-z]))\s*"
    r"(?P<bound>-?\d+(?:\.\d+)?)\s*(?(open)[)）])[.,;\s]*$"
)
RELATED = re.compile(r"[=<>]|\\(?:geq?|leq?)(?![a-z])")


class Derivator(Repairing):
    """Verifies the rows of one derivation in order."""

    def vary(self, formulas: Iterable[Formula]) -> None:
        """What moves where the rows of a block take differentials: see `meaning.differentials`."""
        for row in (row for formula in formulas for row in formula.rows):
            try:
                tree = read(row.tex, self.world.words)
            except Unreadable:
                continue
            reader = Reader(self.world, row.tex, tree)
            self.world.varied.update(differentials(reader, tree))

    def row(self, row: Row) -> list[Verdict]:
        """One verdict for each equation sign that the row adds; at least one."""
        self.failed = self.rest = None
        self.outside = set()
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
            self.by = self.named(names)
            if row.lead == "\\because" and self.by and not tex.strip():
                return self.cite_definitions(verdict)
            return self.verified(row, tex, verdict)
        except Unreadable as error:
            if error.problem.key not in ("no-left", "inequality") and row.lead != "\\because":
                self.salvage(tex)
            verdict.status, verdict.problem = UNCHECKED, error.problem
            verdict.place = error.problem.place(tex)
            if not verdict.expression and error.problem.start >= 0:
                verdict.line = row.line_of(error.problem.start)
            return [verdict]
        except Exception as error:
            self.last, self.head, self.slopes = None, set(), False
            verdict.status, verdict.problem = UNCHECKED, own_fault(error)
            return [verdict]

    def named(self, names: list[tuple[str, int]]) -> tuple[str, ...]:
        """The symbols whose definitions a row names. Raises `Unreadable`."""
        found = []
        for name, at in names:
            padded = " " * at + name
            node = read(padded, self.world.words)
            reader = Reader(self.world, padded, node)
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
        self.world.cited.update(dict.fromkeys(self.by, TRUE))
        verdict.cited, verdict.status = self.by, PROVED if self.prove else CHECKED
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
                    self.last = self.side(node, padded, node)
            except Exception:  # whatever is wrong with it was said of the row
                continue

    def verified(self, row: Row, tex: str, verdict: Verdict) -> list[Verdict]:
        self.condition = None
        limited = self.limited(tex)
        if limited is not None:
            return self.verified_within(row, tex, verdict, *limited)
        tail = WHERE.search(tex)
        if (
            tail is None
            or "=" not in tex[: tail.start()]
            or not all(map(self.is_index, re.findall(INDEX, tail["where"])))
        ):
            return self.equations(row, tex, verdict)
        tex, where, ranges = tex[: tail.start()], tail["where"], dict(self.world.ranges)
        try:
            if tail["range"]:
                declare(self.world, where, verdict.line)
            else:
                self.condition = self.where(where, tail.start("where"))
            return self.equations(row, tex, verdict)
        finally:
            self.world.ranges, self.condition = ranges, None

    def limited(self, tex: str) -> tuple[int, Symbol] | None:
        """Where the condition x > 0 of a row begins, and x within it. Raises `Unreadable`."""
        tail = NUMBERS.search(tex)
        symbol = self.world.symbols.get(tail["name"]) if tail else None
        if tail is None or symbol is None or not RELATED.search(tex[: tail.start()]):
            return None
        if symbol.kind != "variable" or symbol.shape or symbol.definition is not None:
            return None
        bound, (low, high) = Fraction(tail["bound"]), symbol.bounds
        if tail["op"].startswith("\\ne"):
            return (tail.start(), replace(symbol, nonzero=True)) if bound == 0 else None
        if tail["op"] in (">", "\\ge", "\\geq"):
            low = bound if low is None else max(low, bound)
        else:
            high = bound if high is None else min(high, bound)
        if low is not None and high is not None and low >= high:
            start, end = tail.start("name"), tail.end("bound")
            raise Unreadable("never", start, end, found=tex[start:end])
        positive = symbol.positive or (low is not None and low >= 0)
        closed = tail["op"] not in ("<", ">")
        return tail.start(), replace(symbol, bounds=(low, high), positive=positive, closed=closed)

    def verified_within(
        self, row: Row, tex: str, verdict: Verdict, end: int, symbol: Symbol
    ) -> list[Verdict]:
        """A row for some of the numbers that a variable may be."""
        whole = self.world.symbols[symbol.key]
        self.world.symbols[symbol.key] = symbol
        self.forget()
        try:
            return self.equations(row, tex[:end], verdict)
        finally:
            self.world.symbols[symbol.key] = whole
            self.forget()

    def is_index(self, name: str) -> bool:
        symbol = self.world.symbols.get(name)
        return symbol is None or symbol.kind == "label"

    def where(self, tex: str, start: int) -> tuple[Reader, Term]:
        """The condition on indices that ends a row: … , i \\ne j."""
        padded = " " * start + tex
        tree = read(padded, self.world.words)
        reader = Reader(self.world, padded, tree)
        return reader, read_condition(reader, tree)

    def equations(self, row: Row, tex: str, verdict: Verdict) -> list[Verdict]:
        tree = read(tex, self.world.words)
        if tree is NONE:
            return []  # only words
        ops = tree.value.split() if tree.kind == "relation" else []
        nodes = list(tree.parts) if tree.kind == "relation" else [tree]
        if len(nodes) > 1 and nodes[-1] is NONE:
            end = len(tex.rstrip())
            raise Unreadable("dangling", end - 1, end, found=tex[end - 1 : end])
        if ":=" in ops:
            if not declare(self.world, tex, verdict.line):
                return []
            ops = ["=" if op == ":=" else op for op in ops]  # defined already: a fact
        for op in ops:
            if op != "=" and op not in ORDERED:
                raise Unreadable("inequality", tree.start, tree.end, found=tex.strip()[:40])
        if {"<", "<="} & set(ops) and {">", ">="} & set(ops):
            raise Unreadable("inequality", tree.start, tree.end, found=tex.strip()[:40])
        known = self.world.functions.keys() | self.world.symbols.keys()
        numbers = {k for k, s in self.world.symbols.items() if s.kind == "variable" and not s.shape}
        orders: dict[int, Order] = {}
        for k, node in enumerate(nodes):
            nodes[k], order = without_order(node, frozenset(known), numbers)
            if order is not None:
                orders[id(nodes[k])] = order
        fact = row.lead == "\\because" or (tree.kind == "relation" and ":=" in tree.value)
        if nodes[0] is NONE and nodes[1:] and not fact:
            if self.last is None:
                for node in nodes[1:]:
                    self.last = self.side(node, tex, tree)
                raise Unreadable("no-left", *self._place(tex))
            previous: Side | None = self.last
            nodes = nodes[1:]
        elif nodes[0] is NONE:
            raise Unreadable("unexpected", *self._place(tex), found="=", hint="")
        else:
            previous = None
            if not fact:
                self.head, self.slopes = set(), False
        if not ops and (fact or row.lead):
            raise Unreadable("no-equation", *self._place(tex))
        sides = []
        self.outside = set(previous.reader.free) if previous is not None else set()
        if self.condition is not None:
            self.outside |= set(self.condition[0].free)
        problem: Unreadable | None = None
        failing = nodes[0]
        for node in nodes:
            try:
                sides.append(self.side(node, tex, tree))
            except Unreadable as error:
                failing = node if problem is None else failing
                problem = problem or error
        if previous is None and not fact and sides:
            first = sides[0]
            if first.node is nodes[0]:
                at = tuple(Var(n) for n in ("row", "col", "axis3", "axis4"))
                begins = first.array.at(at[: len(first.array.shape)])
                self.head = self.subject(begins)
                self.slopes = any(isinstance(t, Deriv | Slope) for t in self.spelled_out(begins))
        if not fact and sides:
            chain = ([previous] if previous else []) + sides
            self.last = sides[-1]
        else:
            chain = list(sides)
        if problem is not None:
            if problem.problem.key in MISFITS:
                return [self.misfit(problem, verdict, failing, previous, tex)]
            raise problem
        if not ops:
            return []  # the left side alone; the rows after it continue it
        verdicts: list[Verdict] = []
        sound = chain[0]
        for b in chain[1:]:
            one = Verdict(**vars(verdict))
            one.spans = tuple(dict.fromkeys((*sound.reader.notes, *b.reader.notes)))
            try:
                equation = self.equation(sound, b)
                self.no_gaps(equation)
                one.sizes = self.sizes(equation)
            except Unreadable as error:
                verdicts.append(self.misfit(error, one, b.node, previous, tex))
                continue
            op = ops[len(ops) - len(chain) + chain.index(b)]
            order = orders.get(id(b.node)) or orders.get(id(sound.node))
            if op != "=" or order is not None:
                verdicts.append(self.estimated(equation, one, op, order))
                sound = b if verdicts[-1].ok else sound
                continue
            blurred = self.quadrature_error(equation)
            # … = 0 states a fact: what vanishes may be used, as if it stood behind \because.
            states = fact or (b.node.kind, b.node.value) == ("number", "0")
            good = self.cite(equation, one) if states else self.holds(equation, one)
            one.direct = self.direct and self.ambiguous
            verdicts.append(one)
            one.error = blurred
            if blurred is not None and blurred > BLURRED:
                one.status, one.difference, one.sides = UNCHECKED, None, ("", "")
                one.problem = Problem("quadrature", {"error": f"{blurred:.0e}"})
                if self.prove:
                    self.proof(equation, one)
                    one.problem = None if one.status == PROVED else one.problem
                sound = b
                continue
            if (good and one.by) or (one.problem is not None and one.problem.key == "not-for-any"):
                slip = self.hidden_slip(equation, tex)
                if slip is not None:
                    good, one.status, one.repair = False, WRONG, said(slip)
                    names = ", ".join(self.leans_on(equation, self.levels_for(equation)))
                    one.problem = Problem("not-for-any", {"found": names})
                elif not good:
                    self.leap(one)
                    sound = b
                    continue
            if good and (beyond := difference_beyond(self, equation)) is not None:
                good, one.status, one.difference = False, WRONG, beyond
                one.sides = (equation.sides[0].text, equation.sides[1].text)
                one.problem = Problem("not-equal")
            if good and (partial := undefined_side(self, equation)) is not None:
                one.status, one.problem = (
                    UNCHECKED,
                    Problem("one-sided", {"found": partial.text}),
                )
                sound = b
                continue
            if good:
                one.assumed = self.premises(equation, self.used)
                if not fact:
                    self.establish(equation)
                if self.prove:
                    self.proof(equation, one)
                sound = b
            else:
                if b is chain[-1] and all(v.ok or v.status == UNDERIVED for v in verdicts[:-1]):
                    self.failed, self.rest = equation, merged(verdicts[:-1])
                if self.prove and self.explains:
                    self.diagnose(equation, one, previous, tex)
        if not fact:
            self.last = sound  # what is wrong is not built on
        return [found] if (found := merged(verdicts)) else []

    def estimated(
        self, equation: Equation, verdict: Verdict, op: str, order: Order | None
    ) -> Verdict:
        """An inequality, or an equation up to O(h^k): checked, never proved."""
        if order is not None and op != "=":
            raise Unreadable("order", order.node.start, order.node.end, found="O(…)")
        blurred = self.quadrature_error(equation)
        if blurred is not None and blurred > BLURRED:
            verdict.status = UNCHECKED
            verdict.problem = Problem("quadrature", {"error": f"{blurred:.0e}"})
            return verdict
        verdict.error = blurred
        found = violated(self, equation, op) if order is None else too_large(self, equation, order)
        verdict.instances = INSTANCES_AT_KINKS if order is None else INSTANCES
        if found is not None:
            verdict.status, verdict.difference = WRONG, found
            verdict.sides = (equation.sides[0].text, equation.sides[1].text)
            key = "does-not-hold" if order is None else "order-larger"
            values = {} if order is None else {"symbol": order.symbol, "power": str(order.power)}
            verdict.problem = Problem(key, values)
        return verdict

    @staticmethod
    def leap(verdict: Verdict) -> None:
        """Right by a definition that the row does not name: not wrong, and not derived yet."""
        verdict.status, verdict.difference, verdict.sides = UNDERIVED, None, ("", "")
        assert verdict.problem is not None
        verdict.problem = Problem("not-derived", verdict.problem.values)

    def proof(self, equation: Equation, verdict: Verdict) -> None:
        from backprop.derivations.evidence.proof import proves

        opaque = frozenset(k for k, level in self.used.items() if level != TRUE)
        if proves(self.world, equation.left, equation.right, opaque, self.direct):
            verdict.status = PROVED

    @staticmethod
    def _place(tex: str) -> tuple[int, int]:
        first = len(tex) - len(tex.lstrip())
        return first, first + 1


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
