"""Everything declared in a derivation: symbols, functions, sizes, assumptions."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.premises import LET
from backprop.derivations.meaning.terms import Lam, Term

OPAQUE, SHIFTED, TRUE = 0, 1, 2  # how much of a definition counts: see evidence.scope
STEPS = "steps of "  # begins the length of a recurrence of which nothing says how long it is


@dataclass(frozen=True)
class Law:
    """How the outcomes of a random symbol lie: `normal`, `uniform`, `bernoulli`, `any`, or
    `simplex` for the values of a distribution over a finite set."""

    kind: str
    product: bool  # outcomes of several independent copies
    own: int = 1

    @property
    def count(self) -> int:
        """How many outcomes one copy has."""
        kind = self.kind.removeprefix("weights of ")
        if kind == "bernoulli":
            return 2
        return 4 if self.product else {"any": 4}.get(kind, 40)

    @property
    def weights(self) -> Law:
        return Law(f"weights of {self.kind}", self.product)


@dataclass(frozen=True)
class Recurrence:
    """h_t = f(h_{t-1}, …): the first axis of h are its steps."""

    first: int  # what the author calls the first of them: the 0 of h_0
    over: Dim  # what t runs over
    backwards: bool


@dataclass
class Symbol:
    """A declared name. `shape` is empty for a number."""

    key: str
    shape: tuple[Dim, ...]
    kind: str = "variable"  # variable, defined, label
    definition: Lam | None = None
    positive: bool = False
    bounds: tuple[Fraction | None, Fraction | None] = (None, None)
    closed: tuple[bool, bool] = (False, False)  # x \ge 0: may a bound itself be taken?
    nonzero: bool = False  # a \ne 0; of a square matrix: invertible
    binary: bool = False  # m \in \{0, 1\}^n
    family: int = 0  # how many of the axes count vectors: \mathbf{x}_i \in \mathbb{R}^d
    entries: bool = False  # declared as L_i = …, never as a whole
    above: bool = False  # the first axis is counted above: x^{(i)}
    hidden: tuple[str, ...] = ()  # the outcomes that the last axes run over
    law: Law | None = None
    recurrence: Recurrence | None = None
    high: Dim | None = None  # of a label: how many values it takes
    line: int = 0
    sentence: int = 0  # of the prose, where it is declared

    def bounded(
        self, low: Fraction | None, high: Fraction | None, closed: tuple[bool, bool]
    ) -> None:
        """Narrows its bounds; where two are alike, the open one counts."""
        for end, new in enumerate((low, high)):
            old, ends = self.bounds[end], list(self.closed)
            if new is None:
                continue
            narrower = old is None or (new > old if end == 0 else new < old)
            if narrower or new == old:
                ends[end] = closed[end] and (narrower or ends[end])
                bounds = list(self.bounds)
                bounds[end] = new
                self.bounds, self.closed = (bounds[0], bounds[1]), (ends[0], ends[1])
        least = self.bounds[0]
        self.positive = self.positive or (least is not None and least >= 0)


@dataclass(frozen=True)
class Table:
    """A function of elements of finite sets: p(z | x), f(x)."""

    key: str  # the symbol that has its values
    letters: tuple[str, ...]  # what it is written with; () if only the sets tell
    own: int  # how many arguments stand before the bar
    dims: tuple[Dim, ...]
    distribution: bool = False


@dataclass
class Function:
    """A declared function: arbitrary (`body` None) or given by a formula of `var`."""

    key: str
    args: tuple[tuple[Dim, ...], ...]  # shapes; () is a number
    value: tuple[Dim, ...] = ()
    var: str = ""
    body: Term | None = None
    entries: Lam | None = None  # of a matrix R(\\phi) = …, in the place of `body`
    written: str = ""  # the z of \sigma(z) = …


@dataclass(frozen=True)
class Assumption:
    """An equation that a word of the prose makes a premise, as the author wrote it."""

    left: Term
    right: Term
    dims: dict[str, Dim]
    tex: str = ""
    line: int = 0


@dataclass
class World:
    """Everything declared in a derivation: what rows may use and instances must satisfy."""

    symbols: dict[str, Symbol] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # name -> smallest value
    ranges: dict[str, Dim] = field(default_factory=dict)  # index letter -> length
    squares: dict[str, str] = field(default_factory=dict)  # \sigma -> the key of \sigma^2
    aliases: dict[str, str] = field(default_factory=dict)  # X -> x, of X = (x_{ij})
    families: dict[str, str] = field(default_factory=dict)  # h -> x, of h(x^{(i)}) = …
    totals: dict[str, str] = field(default_factory=dict)  # L -> the L of L = \sum_i L_i
    letters: dict[str, Dim] = field(default_factory=dict)  # of y_i = …: how far i ran there
    calls: dict[str, str] = field(default_factory=dict)  # L -> "Y", of L = L(Y)
    assumed: list[Assumption] = field(default_factory=list)
    apart: list[Term] = field(default_factory=list)  # a - b, of a \ne b: what does not vanish
    waits: bool = False  # may what is not declared yet stand further on in the same prose?
    idle: dict[str, str] = field(default_factory=dict)  # \theta -> p_\theta, if it is only a name
    role: str = LET  # what its words make of the formula of the prose that is being read,
    line: int = 0  # and where that stands
    sentence: int = 0
    derived: dict[str, tuple[tuple[tuple[str, int], ...], int]] = field(
        default_factory=dict
    )  # lengths such as N - K + 1, by their sizes
    base: int | None = None  # what the author counts from
    refused: dict[str, int] = field(default_factory=dict)  # names whose declaration was not read
    applied: set[str] = field(default_factory=set)  # variables that were written L(w)
    parameters: set[str] = field(default_factory=set)  # declared only as the z of \sigma(z)
    counts: int | None = None  # what the sums that are written out count from
    spans: dict[str, str] = field(default_factory=dict)  # i -> n, of the \\sum_{i=1}^{n} of a block
    dependent: set[str] = field(default_factory=set)  # random, and nothing says: independent
    moving: list[str] = field(default_factory=list)  # what const and \\propto do not depend on
    varied: set[str] = field(default_factory=set)  # variables whose dx stands in the block
    tables: dict[str, list[Table]] = field(default_factory=dict)  # by the name before the bracket
    laws: dict[str, tuple[Table, tuple[Dim, ...]]] = field(default_factory=dict)  # of letters
    outcomes: dict[str, tuple[str, Dim]] = field(default_factory=dict)  # weights, how many
    spaces: dict[str, tuple[int, Dim]] = field(default_factory=dict)  # base ** size outcomes
    moments: list[tuple[Term, Term]] = field(default_factory=list)  # equations that a law fulfils
    pending: dict[str, set[str]] = field(default_factory=dict)  # moments not stated yet
    cited: dict[str, int] = field(default_factory=dict)  # how much of a definition may be used
    made: int = 0  # how many index variables have been named
    traces: list[Any] = field(default_factory=list)  # of the calls that formulas are tied to

    @property
    def first(self) -> int:
        """What positions are counted from where they are told."""
        return 1 if self.base is None else self.base

    @property
    def words(self) -> frozenset[str]:
        """The declared names of several upright letters."""
        keys = (*self.symbols, *self.functions, *self.sizes, *self.squares, *self.aliases)
        return frozenset(k[8 : k.index("}")] for k in keys if k.startswith("\\mathrm{"))

    def direct(self, key: str) -> frozenset[str]:
        """The symbols that the definition of `key` names."""
        symbol = self.symbols[key]
        return symbol.definition.names if symbol.definition is not None else frozenset()

    def below(self, key: str) -> set[str]:
        """`key` and everything that it is defined by, at any depth."""
        seen: set[str] = set()
        todo = [key]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += self.direct(name)
        return seen

    def between(self, names: Set[str], target: str) -> set[str]:
        """The defined symbols through which `names` depend on `target` (names included)."""
        every = set().union(*(self.below(n) for n in names)) if names else set()
        return {n for n in every if n != target and target in self.below(n)}
