"""Row after row: what continues what, what is compared with what, and the verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from backprop.derivations.evidence.instances import Equation, Side
from backprop.derivations.evidence.repair import MISFITS, Repairing
from backprop.derivations.evidence.scope import TRUE
from backprop.derivations.meaning import Reader
from backprop.derivations.meaning.brackets import read_condition
from backprop.derivations.meaning.declare import declare
from backprop.derivations.meaning.differentials import differentials
from backprop.derivations.meaning.terms import Term, Var
from backprop.derivations.problems import Problem, Unreadable
from backprop.derivations.reading.find import Formula
from backprop.derivations.reading.lines import Row, top_level
from backprop.derivations.reading.tree import NONE, read
from backprop.derivations.verdicts import CHECKED, PROVED, UNCHECKED, WAIVED, WRONG, Verdict

# A row may end with where it holds: ", i \\ne j", or with what its indices run over.
INDEX = r"[a-z](?:_[a-z])?"
WHERE = re.compile(
    r"(?:[,，]|\\q?quad|\\text\s*\{[^}]*\})(?:\s|\\[,;: ]|\\q?quad|\\forall|\\text\s*\{[^}]*\})*"
    r"(?P<open>[(（])?(?:\s|\\text\s*\{[^}]*\})*"
    rf"(?P<where>{INDEX}\s*(?:=|\\neq?(?![a-z])|<|>)\s*{INDEX}"
    rf"|(?P<range>{INDEX}(?:\s*,\s*{INDEX})*\s*=\s*[01]\s*,\s*\\[lc]?dots\s*,[^,=()]*))"
    r"\s*(?(open)[)）])[.,;\s]*$"
)


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
            return self.verified(row, tex, verdict)
        except Unreadable as error:
            if error.problem.key not in ("no-left", "inequality") and row.lead != "\\because":
                self.salvage(tex)
            verdict.status, verdict.problem = UNCHECKED, error.problem
            verdict.place = error.problem.place(tex)
            if not verdict.expression and error.problem.start >= 0:
                verdict.line = row.line_of(error.problem.start)
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
            except Unreadable:
                continue

    def verified(self, row: Row, tex: str, verdict: Verdict) -> list[Verdict]:
        self.condition = None
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
        if ":=" in ops:
            if not declare(self.world, tex, verdict.line):
                return []
            ops = ["=" if op == ":=" else op for op in ops]  # defined already: a fact
        for op in ops:
            if op != "=":
                raise Unreadable("inequality", tree.start, tree.end, found=tex.strip()[:40])
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
                self.head = set()
        if not ops and (fact or row.lead):
            raise Unreadable("no-equation", *self._place(tex))
        sides = []
        problem: Unreadable | None = None
        for node in nodes:
            try:
                sides.append(self.side(node, tex, tree))
            except Unreadable as error:
                problem = problem or error
        if previous is None and not fact and sides:
            first = sides[0]
            if first.node is nodes[0]:
                at = tuple(Var(n) for n in ("row", "col", "axis3", "axis4"))
                self.head = self.subject(first.array.at(at[: len(first.array.shape)]))
        if not fact and sides:
            chain = ([previous] if previous else []) + sides
            self.last = sides[-1]
        else:
            chain = list(sides)
        if problem is not None and problem.problem.key in MISFITS and sides != chain[:0]:
            number = len(sides)
            known = chain[-1] if chain else None
            self.last = known if not fact else self.last
            if known is not None and number < len(nodes):
                return [self.misfit(problem, verdict, known, tex, number)]
        if problem is not None:
            if problem.problem.key in MISFITS:
                return [self.misfit(problem, verdict, previous, tex, 0)]
            raise problem
        if not ops:
            return []  # the left side alone; the rows after it continue it
        verdicts = []
        sound = chain[0]
        for b in chain[1:]:
            one = Verdict(**vars(verdict))
            one.spans = tuple(dict.fromkeys((*sound.reader.notes, *b.reader.notes)))
            try:
                equation = self.equation(sound, b)
                self.no_gaps(equation)
                one.sizes = self.sizes(equation)
            except Unreadable as error:
                verdicts.append(self.misfit(error, one, sound, tex, nodes.index(b.node)))
                continue
            # … = 0 states a fact: what vanishes may be used, as if it stood behind \because.
            states = fact or (b.node.kind, b.node.value) == ("number", "0")
            good = self.cite(equation, one) if states else self.holds(equation, one)
            one.direct = self.direct and self.ambiguous
            verdicts.append(one)
            if good:
                one.assumed = self.premises(equation, self.used)
                if not fact:
                    self.establish(equation)
                if self.prove:
                    self.proof(equation, one)
                sound = b
            elif self.prove:
                self.diagnose(equation, one, tex, nodes.index(b.node))
        if not fact:
            self.last = sound  # what is wrong is not built on
        return [merged(verdicts)]

    def proof(self, equation: Equation, verdict: Verdict) -> None:
        from backprop.derivations.evidence.proof import proves

        opaque = frozenset(k for k, level in self.used.items() if level != TRUE)
        if proves(self.world, equation.left, equation.right, opaque, self.direct):
            verdict.status = PROVED

    @staticmethod
    def _place(tex: str) -> tuple[int, int]:
        first = len(tex) - len(tex.lstrip())
        return first, first + 1


def merged(verdicts: list[Verdict]) -> Verdict:
    """The verdict on a row with several equation signs: its weakest one."""
    order = [WRONG, UNCHECKED, WAIVED, CHECKED, PROVED]
    worst = min(verdicts, key=lambda v: order.index(v.status))
    worst.assumed = tuple(dict.fromkeys(c for v in verdicts for c in v.assumed))
    worst.cited = tuple(dict.fromkeys(c for v in verdicts for c in v.cited))
    worst.opaque = tuple(dict.fromkeys(c for v in verdicts for c in v.opaque))
    worst.spans = tuple(dict.fromkeys(c for v in verdicts for c in v.spans))
    return worst
