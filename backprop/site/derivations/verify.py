"""Walks a derivation: declarations into a world, every row to a verdict.

A row holds if left and right agree at every random instance, where a defined symbol counts
only as much as has been cited (see numeric.py and `Derivator.levels_for`), and it is called
proved only if proof.py has shown it for all sizes as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from typing import Any

from backprop.site.derivations.arrays import Array, columns, show_shape, zeros
from backprop.site.derivations.declare import Declarer, check_known
from backprop.site.derivations.edits import Edit, edits
from backprop.site.derivations.find import Derivation, Formula, Row
from backprop.site.derivations.meaning import Reader
from backprop.site.derivations.numeric import (
    OPAQUE,
    SHIFTED,
    TRUE,
    Instance,
    OutsideDomainError,
    Scope,
    compare,
)
from backprop.site.derivations.problems import LANGUAGES, Problem, Unreadable
from backprop.site.derivations.reading import NONE, Node, read
from backprop.site.derivations.terms import (
    At,
    Big,
    Deriv,
    Dim,
    Entry,
    Size,
    Term,
    Unknown,
    Var,
    World,
    find,
    names_in,
    num,
    resolved,
    unify,
    walk,
)
from backprop.site.derivations.verdicts import (
    CHECKED,
    PROVED,
    UNCHECKED,
    WAIVED,
    WRONG,
    Difference,
    Report,
    Verdict,
)

INSTANCES = 4
MISFITS = frozenset({"shape", "index-range", "range", "outside", "free-index", "not-scalar"})
REPAIRS = 400  # single changes that are tried on a wrong row
TOLERANCE, NESTED_TOLERANCE = 1e-10, 1e-7


@dataclass
class Side:
    """One side of a row, read."""

    array: Array
    reader: Reader
    node: Node

    @property
    def text(self) -> str:
        return self.reader.text(self.node)


@dataclass
class Equation:
    """Two sides as numbers over named positions."""

    left: Term
    right: Term
    dims: dict[str, Dim]
    sides: tuple[Side, Side]


class Derivator:
    """Verifies the rows of one derivation in order."""

    def __init__(self, world: World, direct: bool = False, prove: bool = True) -> None:
        self.world = world
        self.direct = direct
        self.prove = prove
        self.last: Side | None = None
        self.head: set[str] = set()  # symbols that the chain differentiates
        self.instances: dict[tuple[int, bool], Instance | None] = {}
        self.scopes: dict[Any, Scope] = {}
        self.known_symbols = -1
        self.ambiguous = False
        self.used: dict[str, int] = {}  # the levels at which the last row held

    # --- reading -------------------------------------------------------------------------

    def side(self, node: Node, tex: str, tree: Node) -> Side:
        reader = Reader(self.world, tex, tree)
        return Side(columns(reader.side(node)), reader, node)

    def equation(self, a: Side, b: Side) -> Equation:
        """Two sides over the same indices. Raises `Unreadable`."""
        left, right = written_row(a, b.array), written_row(b, a.array)
        if left.shape and not right.shape and right.term == num(0):
            right = zeros(left.shape)
        elif right.shape and not left.shape and left.term == num(0):
            left = zeros(right.shape)
        if len(left.shape) != len(right.shape) or not all(
            unify(x, y) for x, y in zip(left.shape, right.shape, strict=True)
        ):
            turned = [str(find(d)) for d in left.shape][::-1] == [str(find(d)) for d in right.shape]
            raise b.reader.fail(
                "shape",
                b.node,
                found=f"{a.text} = {b.text}",
                left=show_shape(left.shape),
                right=show_shape(right.shape),
                hint=" (\\top ?)" if turned else "",
            )
        dims: dict[str, Dim] = dict(zip(["row", "col", "axis3", "axis4"], left.shape, strict=False))
        at = tuple(Var(n) for n in dims)
        for side in (a, b):
            for letter, node in side.reader.free.items():
                dim = side.reader.dims[letter]
                if letter in dims and not unify(dims[letter], dim):
                    raise side.reader.fail(
                        "index-range",
                        node,
                        found=letter,
                        first=show_shape((dims[letter],)),
                        second=show_shape((dim,)),
                    )
                dims.setdefault(letter, dim)
        for side in (a, b):
            for letter, node in side.reader.free.items():
                binder = a.reader.binders.get(letter) or b.reader.binders.get(letter)
                if binder:
                    raise side.reader.fail("index-collision", node, found=letter, binder=binder)
                if isinstance(find(dims[letter]), Unknown):
                    raise side.reader.fail("index-unknown", node, found=letter)
        if a.reader.free or a.array.shape:
            for letter, node in b.reader.free.items():
                if letter not in a.reader.free:
                    raise b.reader.fail("free-index", node, found=letter)
        first, second = resolved(left.at(at)), resolved(right.at(at))
        check_known(first, a.reader, a.node)
        check_known(second, b.reader, b.node)
        return Equation(first, second, {k: find(d) for k, d in dims.items()}, (a, b))

    # --- instances -----------------------------------------------------------------------

    def scope(self, number: int, positive: bool, levels: dict[str, int]) -> Scope:
        if self.known_symbols != len(self.world.symbols) + len(self.world.assumed):
            self.known_symbols = len(self.world.symbols) + len(self.world.assumed)
            self.instances.clear()
            self.scopes.clear()
        key = (number, positive)
        if key not in self.instances:
            try:
                self.instances[key] = Instance(self.world, number, positive)
            except OutsideDomainError:
                self.instances[key] = None
        instance = self.instances[key]
        if instance is None:
            raise OutsideDomainError("assumptions")
        name = (key, tuple(sorted(levels.items())))
        if name not in self.scopes:
            self.scopes[name] = Scope(instance, levels, direct=self.direct)
        return self.scopes[name]

    def differences(
        self, equation: Equation, levels: dict[str, int], count: int = INSTANCES
    ) -> Iterator[Difference]:
        """Both sides at `count` instances of different sizes. Raises `Unreadable`."""
        for k in range(count):
            for attempt in range(10):
                try:
                    scope = self.scope(k + INSTANCES * attempt, attempt % 2 == 1, levels)
                    yield compare(equation.left, equation.right, equation.dims, scope)
                    break
                except OutsideDomainError:
                    continue
            else:
                raise Unreadable("no-domain")

    def worst(
        self, equation: Equation, levels: dict[str, int], count: int = INSTANCES
    ) -> Difference | None:
        """The first difference that is none of rounding; None if the sides agree."""
        nested = any(
            isinstance(t, Deriv) and any(isinstance(u, Deriv) for u in walk(t.body))
            for side in (equation.left, equation.right)
            for t in walk(side)
        ) or any(
            isinstance(t, Deriv)
            and any(
                isinstance(u, Deriv)
                for name in names_in(t.body)
                for below in self.world.below(name)
                if self.world.symbols[below].definition is not None
                for u in walk(self.world.symbols[below].definition)
            )
            for side in (equation.left, equation.right)
            for t in walk(side)
        )
        limit = NESTED_TOLERANCE if nested else TOLERANCE
        for difference in self.differences(equation, levels, count):
            if not difference.error <= limit:
                return difference
        return None

    # --- how much of each definition counts ------------------------------------------------

    def edges(self, term: Term) -> set[tuple[str, str]]:
        """The local derivatives (of, by) that `term` contains, written or by the chain rule."""
        found: set[tuple[str, str]] = set()
        world = self.world
        for item in self.spelled_out(term):
            if not isinstance(item, Deriv):
                continue
            names = names_in(item.body)
            between = world.between(names, item.symbol)
            if item.partial and self.is_direct(item):
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

    def spelled_out(self, term: Term) -> Iterator[Any]:
        """The parts of `term`, and those of the derivatives that names in it stand for."""
        for item in walk(term):
            yield item
            if isinstance(item, Entry):
                lam = self.world.symbols[item.symbol].definition
                if lam is not None and any(isinstance(t, Deriv) for t in walk(lam)):
                    yield from self.spelled_out(lam.body)

    def is_direct(self, item: Deriv) -> bool:
        """Does what is differentiated name the symbol itself?"""
        if isinstance(item.body, Entry):
            return item.symbol in self.world.direct(item.body.symbol)
        return any(isinstance(t, Entry) and t.symbol == item.symbol for t in walk(item.body))

    def differentiated(self, term: Term) -> set[str]:
        """The symbols whose derivatives `term` contains."""
        return {of for of, _ in self.edges(term)}

    def numerators(self, term: Term) -> set[str]:
        return {
            t.body.symbol
            for t in self.spelled_out(term)
            if isinstance(t, Deriv) and isinstance(t.body, Entry)
        }

    def subject(self, term: Term) -> set[str]:
        """What a chain that begins with `term` is about: its symbols count as defined."""
        if any(isinstance(t, Deriv) for t in self.spelled_out(term)):
            return self.numerators(term)
        return set().union(*(self.world.below(n) for n in names_in(term)))

    def levels_for(self, equation: Equation) -> dict[str, int]:
        """Opaque, but for what was cited, what the chain differentiates or this step brings in
        (by definition), and what gains or loses its derivative in this step (by its
        derivative: the definition with every sum shifted)."""
        levels = {
            key: self.world.cited.get(key, OPAQUE)
            for key, symbol in self.world.symbols.items()
            if symbol.definition is not None
        }
        left, right = (self.edges(s) for s in (equation.left, equation.right))
        for key, _ in left ^ right:
            levels[key] = max(levels.get(key, TRUE), SHIFTED)
        before = names_in(equation.left) | {n for edge in left for n in edge}
        for key in {*self.head, *(names_in(equation.right) - before)}:
            if key in levels:  # what the chain is about, and what this step brings in
                levels[key] = TRUE
        return levels

    def written_out(self, equation: Equation, levels: dict[str, int]) -> dict[str, int]:
        """Definitions that stand in the row in full, up to a constant factor: TRUE as well."""
        new = dict(levels)
        try:
            scopes = [self.scope(k, False, {}) for k in (0, INSTANCES)]
        except OutsideDomainError:
            return new
        sides = (equation.left, equation.right)
        near = {k for side in sides for k in names_in(side) | self.differentiated(side)}
        for key, level in levels.items():
            if level == TRUE or key not in near:
                continue
            if any(
                self.proportional(part, key, scopes)
                for side in (equation.left, equation.right)
                for part in walk(side)
                if isinstance(part, Term) and not isinstance(part, Entry)
            ):
                new[key] = TRUE
        return new

    def proportional(self, part: Term, key: str, scopes: list[Scope]) -> bool:
        """Is `part` a constant times the definition of `key`, at two instances of one size?"""
        import numpy as np

        from backprop.site.derivations.terms import free_indices

        symbol = self.world.symbols[key]
        free = sorted(free_indices(part))
        if len(free) != len(symbol.shape) or key in names_in(part):
            return False
        dims = {}
        for name in free:
            dim = self._range_of(name, part)
            if dim is None:
                return False
            dims[name] = dim
        if sorted(map(str, dims.values())) != sorted(map(str, symbol.shape)):
            return False
        ratios = []
        for scope in scopes:
            try:
                value, target = scope.of(part, dims), scope.get(key)
            except (OutsideDomainError, KeyError):
                return False
            full = tuple(scope.instance.length(d) for d in dims.values())
            a = np.broadcast_to(value.along(tuple(dims)), full)
            b = target.along(tuple(f"#{k}" for k in range(len(symbol.shape))))
            if [str(d) for d in dims.values()] != [str(d) for d in symbol.shape]:
                a = a.T
            if a.shape != b.shape or not np.all(np.isfinite(a)) or np.any(np.abs(b) < 1e-9):
                return False
            ratios.append((a / b).reshape(-1))
        ratio = np.concatenate(ratios)
        return bool(abs(ratio[0]) > 1e-9 and np.allclose(ratio, ratio[0], rtol=1e-9, atol=0))

    def _range_of(self, name: str, term: Term) -> Dim | None:
        for item in walk(term):
            if isinstance(item, Entry):
                for index, dim in zip(item.at, self.world.symbols[item.symbol].shape, strict=True):
                    if isinstance(index, Var) and index.name == name:
                        return dim
        return None

    # --- verdicts ------------------------------------------------------------------------

    def holds(self, equation: Equation, verdict: Verdict) -> bool:
        """Numerically, with what the row may use; else says why not."""
        levels = self.levels_for(equation)
        found = self.worst(equation, levels)
        if found is not None:
            more = self.written_out(equation, levels)
            if more != levels and self.worst(equation, more) is None:
                levels, found = more, None
        verdict.instances = INSTANCES
        self.used = levels
        if found is None:
            used = names_in(equation.left) | names_in(equation.right)
            every = used | self.differentiated(equation.left) | self.differentiated(equation.right)
            verdict.opaque = tuple(k for k in levels if levels[k] == OPAQUE and k in every)
            return True
        verdict.status = WRONG
        verdict.difference = found
        verdict.sides = (equation.sides[0].text, equation.sides[1].text)
        verdict.independent = self.independent(equation)
        if self.worst(equation, {}) is None:
            hidden = [k for k in levels if levels[k] != TRUE and self._matters(equation, levels, k)]
            names = ", ".join(hidden or [k for k in levels if levels[k] != TRUE])
            verdict.problem = Problem("not-for-any", {"found": names})
        else:
            verdict.problem = Problem("not-equal")
        return False

    def independent(self, equation: Equation) -> tuple[tuple[str, str], ...]:
        """Written derivatives that are zero because nothing on the way depends on the symbol."""
        found = {
            (name, item.symbol)
            for side in (equation.left, equation.right)
            for item in walk(side)
            if isinstance(item, Deriv)
            and not any(item.symbol in self.world.below(n) for n in names_in(item.body))
            for name in names_in(item.body)
        }
        return tuple(sorted(found))

    def _matters(self, equation: Equation, levels: dict[str, int], key: str) -> bool:
        """Does the row hold once this definition, and those below it, count?"""
        more = {k: TRUE if k == key else v for k, v in levels.items()}
        return self.worst(equation, more, 2) is None

    def cite(self, equation: Equation, verdict: Verdict) -> bool:
        """A fact: true by the definitions, and from here on they may be used."""
        keep = dict(self.world.cited)
        symbols = {
            k
            for side in (equation.left, equation.right)
            for k in names_in(side) | self.differentiated(side)
            if self.world.symbols[k].definition is not None
        }
        below = set().union(*(self.world.below(k) for k in symbols)) if symbols else set()
        below = {k for k in below if self.world.symbols[k].definition is not None}
        for names, level in ((set(), OPAQUE), (symbols, SHIFTED), (symbols, TRUE), (below, TRUE)):
            trial = {
                k: max(self.world.cited.get(k, OPAQUE), level if k in names else OPAQUE)
                for k, s in self.world.symbols.items()
                if s.definition is not None
            }
            found = self.worst(equation, trial)
            if found is None:
                self.used = trial
                self.world.cited.update({k: trial[k] for k in names})
                verdict.instances = INSTANCES
                verdict.cited = tuple(
                    k for k in self.world.cited if self.world.cited[k] > keep.get(k, OPAQUE)
                )
                return True
        verdict.status, verdict.difference = WRONG, found
        verdict.problem = Problem("not-equal")
        verdict.sides = (equation.sides[0].text, equation.sides[1].text)
        return False

    def establish(self, equation: Equation) -> None:
        """A derivative that a row has worked out may be used by the rows after it."""
        for key in self.numerators(equation.left):
            symbol = self.world.symbols[key]
            if symbol.definition is None or self.world.cited.get(key, OPAQUE) == TRUE:
                continue
            if key in self.differentiated(equation.right):
                continue
            levels = self.levels_for(equation)
            levels[key] = SHIFTED
            self.world.cited[key] = SHIFTED if self.worst(equation, levels, 2) is None else TRUE
        for key in self.differentiated(equation.left) - self.differentiated(equation.right):
            self.world.cited[key] = max(SHIFTED, self.world.cited.get(key, OPAQUE))

    def row(self, row: Row) -> list[Verdict]:
        """One verdict for each equation sign that the row adds; at least one."""
        verdict = Verdict(row.first_line, row.text, CHECKED, row.lead, number=row.number)
        if "unchecked" in row.directives:
            verdict.reason = row.directives["unchecked"]
            verdict.status = WAIVED if verdict.reason else UNCHECKED
            if not verdict.reason:
                verdict.problem = Problem("no-reason")
            if "=" in row.tex.split("%")[0] and row.lead != "\\because":
                self.last = None
            return [verdict]
        tex = row.tex
        if row.directives.get("check"):
            tex = verdict.expression = row.directives["check"]
            if "=" not in tex and row.text.startswith("="):
                tex = "= " + tex
        try:
            return self.verified(row, tex, verdict)
        except Unreadable as error:
            verdict.status, verdict.problem = UNCHECKED, error.problem
            if not verdict.expression and error.problem.start >= 0:
                verdict.line = row.line_of(error.problem.start)
            return [verdict]

    def verified(self, row: Row, tex: str, verdict: Verdict) -> list[Verdict]:
        tree = read(tex, self.world.words)
        if tree is NONE:
            return []  # only words
        ops = tree.value.split() if tree.kind == "relation" else []
        nodes = list(tree.parts) if tree.kind == "relation" else [tree]
        if ":=" in ops:
            Declarer(self.world).formula(tex, verdict.line)
            return []
        for op in ops:
            if op != "=":
                raise Unreadable("inequality", tree.start, tree.end, found=tex.strip()[:40])
        fact = row.lead == "\\because"
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
                one.sizes = self.sizes(equation)
            except Unreadable as error:
                verdicts.append(self.misfit(error, one, sound, tex, nodes.index(b.node)))
                continue
            good = self.cite(equation, one) if fact else self.holds(equation, one)
            one.direct = self.direct and self.ambiguous
            verdicts.append(one)
            if good:
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

    def sizes(self, equation: Equation) -> tuple[str, ...]:
        """The sizes on which the sides depend."""
        names = names_in(equation.left) | names_in(equation.right)
        every = set().union(*(self.world.below(n) for n in names)) if names else set()
        used = {d for n in every for d in self.world.symbols[n].shape} | set(equation.dims.values())
        for side in (equation.left, equation.right):
            used |= {t.dim for t in walk(side) if isinstance(t, Big | Size)}
        return tuple(s for s in self.world.sizes if s in used)

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

    def proof(self, equation: Equation, verdict: Verdict) -> None:
        from backprop.site.derivations.proof import proves

        opaque = frozenset(k for k, level in self.used.items() if level != TRUE)
        if proves(self.world, equation.left, equation.right, opaque, self.direct):
            verdict.status = PROVED

    def diagnose(self, equation: Equation, verdict: Verdict, tex: str, number: int) -> None:
        """What is left of left − right, and the single change that makes the row hold."""
        from backprop.site.derivations.residue import residue

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

    @staticmethod
    def _place(tex: str) -> tuple[int, int]:
        first = len(tex) - len(tex.lstrip())
        return first, first + 1


def said(edit: Edit | None) -> dict[str, str] | None:
    return None if edit is None else {language: edit.text(language) for language in LANGUAGES}


def written_row(side: Side, other: Array) -> Array:
    """A row that is written out as a matrix may show the entries of a vector."""
    array = side.array
    if side.node.kind == "matrix" and len(array.shape) == 2 and len(other.shape) == 1:
        if find(array.shape[0]) == 1:
            return Array(array.shape[1:], lambda p: array.at((At(None, 0), p[0])))
    return array


def merged(verdicts: list[Verdict]) -> Verdict:
    """The verdict on a row with several equation signs: its weakest one."""
    order = [WRONG, UNCHECKED, WAIVED, CHECKED, PROVED]
    worst = min(verdicts, key=lambda v: order.index(v.status))
    worst.cited = tuple(dict.fromkeys(c for v in verdicts for c in v.cited))
    worst.opaque = tuple(dict.fromkeys(c for v in verdicts for c in v.opaque))
    worst.spans = tuple(dict.fromkeys(c for v in verdicts for c in v.spans))
    return worst


def verify(
    derivation: Derivation,
    before: World | None = None,
    prove: bool = True,
    functions: Callable[[], dict[str, Any]] = dict,
) -> tuple[Report, World]:
    """All rows of a derivation. ∂ is read in one way throughout: as the total derivative, or
    with the other named quantities held fixed where a definition names the symbol itself;
    the second only if the first leaves rows wrong and the second fewer.

    functions: gives the names that code in the prose may use.
    """
    report, world, ambiguous = _verify(derivation, deepcopy(before), False, prove, functions)
    if ambiguous and any(v.status == WRONG for v in report.verdicts):
        other, other_world, _ = _verify(derivation, deepcopy(before), True, prove, functions)
        if _wrong(other) < _wrong(report):
            return other, other_world
    return report, world


def _wrong(report: Report) -> int:
    return sum(v.status == WRONG for v in report.verdicts)


def _verify(
    derivation: Derivation,
    before: World | None,
    direct: bool,
    prove: bool,
    functions: Callable[[], dict[str, Any]],
) -> tuple[Report, World, bool]:
    world = before or World()
    report = Report(derivation.title, derivation.line)
    derivator = Derivator(world, direct, prove)
    declarer = Declarer(world)
    waiting: list[tuple[int, Formula]] = []
    for number, formula in [*enumerate(derivation.formulas), (-1, None)]:
        if formula is not None and formula.kind == "inline":
            waiting.append((number, formula))
            continue
        report.verdicts += _declare_all(waiting, declarer, derivator)
        waiting = []
        if formula is None:
            break
        if formula.kind == "display":
            derivator.last = None
            found = [v for row in formula.rows for v in derivator.row(row)]
        else:
            found = [_tied(formula, declarer, derivator, functions)]
        for verdict in found:
            verdict.display = number
        report.verdicts += found
    missing = None
    if not derivation.closed:
        missing = Problem("unclosed-block")
    elif not any(f.rows or f.kind == "tie" for f in derivation.formulas):
        missing = Problem("no-rows")
    if missing:
        report.verdicts.append(
            Verdict(
                derivation.line, "/// derivation", UNCHECKED, problem=missing, kind="declaration"
            )
        )
    return report, world, derivator.ambiguous


def _refused(formula: Formula, problem: Problem) -> Verdict:
    line = formula.line + formula.tex[: max(problem.start, 0)].count("\n")
    text = " ".join(formula.tex.split())
    return Verdict(line, text, UNCHECKED, problem=problem, kind="declaration")


def _declare_all(
    waiting: list[tuple[int, Formula]], declarer: Declarer, derivator: Derivator
) -> list[Verdict]:
    """The formulas of a stretch of prose; they may name each other in any order."""
    found: dict[int, list[Verdict]] = {}
    while waiting:
        later = []
        for number, formula in waiting:
            kept = deepcopy(vars(derivator.world))
            found[number] = _declare(formula, declarer, derivator)
            for verdict in found[number]:
                verdict.display = number
            if any(v.kind == "declaration" for v in found[number]):
                vars(derivator.world).update(kept)  # as if it had not been read
                later.append((number, formula))
        if len(later) == len(waiting):
            break
        waiting = later
    return [v for number in sorted(found) for v in found[number]]


def _declare(formula: Formula, declarer: Declarer, derivator: Derivator) -> list[Verdict]:
    """A formula in the prose: declarations; what declares nothing is a claim, checked as a fact."""
    try:
        claims = declarer.formula(formula.tex, formula.line)
    except Unreadable as error:
        return [_refused(formula, error.problem)]
    found = []
    for claim in claims:
        for verdict in derivator.row(Row(claim, formula.line, "\\because")):
            verdict.kind = "claim"
            verdict.lead = ""
            found.append(verdict)
    return found


def _tied(
    formula: Formula,
    declarer: Declarer,
    derivator: Derivator,
    functions: Callable[[], dict[str, Any]],
) -> Verdict:
    """A formula that the prose sets equal to code: compared at the random instances."""
    from backprop.site.derivations.code import disagreement

    text = " ".join(formula.tex.split())
    verdict = Verdict(formula.line, text, CHECKED, kind="code", code=formula.code)
    try:
        tree = read(formula.tex, derivator.world.words)
        if tree.kind == "relation":  # a definition that the code must agree with
            declarer.formula(formula.tex, formula.line)
            tree = tree.parts[0]
        side = derivator.side(tree, formula.tex, tree)
        equation = derivator.equation(side, side)
        space = functions()
        for number in range(INSTANCES):
            for attempt in range(10):
                try:
                    scope = derivator.scope(number + INSTANCES * attempt, attempt % 2 == 1, {})
                    differs = disagreement(equation.left, equation.dims, formula.code, scope, space)
                    break
                except OutsideDomainError:
                    continue
            else:
                raise Unreadable("no-domain")
            if differs:
                verdict.status = WRONG
                verdict.problem = Problem("code-differs", {"found": differs})
                return verdict
        verdict.instances = INSTANCES
    except Unreadable as error:
        verdict.status, verdict.problem = UNCHECKED, error.problem
    return verdict
