"""Everything declared in a derivation: symbols, functions, sizes, assumptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.premises import LET
from backprop.derivations.meaning.rewriting import names_in
from backprop.derivations.meaning.terms import Lam, Term


@dataclass
class Symbol:
    """A declared name. `shape` is empty for a number."""

    key: str
    shape: tuple[Dim, ...]
    kind: str = "variable"  # variable, defined, label
    definition: Lam | None = None
    positive: bool = False
    bounds: tuple[Fraction | None, Fraction | None] = (None, None)
    closed: bool = False  # x \ge 0: the bounds themselves may be taken
    binary: bool = False  # m \in \{0, 1\}^n
    family: int = 0  # how many of the axes count vectors: \mathbf{x}_i \in \mathbb{R}^d
    above: bool = False  # the first axis is counted above: x^{(i)}
    high: Dim | None = None  # of a label: how many values it takes
    line: int = 0
    sentence: int = 0  # of the prose, where it is declared


@dataclass
class Function:
    """A declared function: arbitrary (`body` None) or given by a formula of `var`."""

    key: str
    args: tuple[tuple[Dim, ...], ...]  # shapes; () is a number
    value: tuple[Dim, ...] = ()
    var: str = ""
    body: Term | None = None
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
    calls: dict[str, str] = field(default_factory=dict)  # L -> "Y", of L = L(Y)
    assumed: list[Assumption] = field(default_factory=list)
    role: str = LET  # what its words make of the formula of the prose that is being read,
    line: int = 0  # and where that stands
    sentence: int = 0
    base: int | None = None  # what the author counts from
    refused: dict[str, int] = field(default_factory=dict)  # names whose declaration was not read
    parameters: set[str] = field(default_factory=set)  # declared only as the z of \sigma(z)
    counts: int | None = None  # what the sums that are written out count from
    varied: set[str] = field(default_factory=set)  # variables whose dx stands in the block
    cited: dict[str, int] = field(default_factory=dict)  # how much of a definition may be used

    @property
    def words(self) -> frozenset[str]:
        """The declared names of several upright letters."""
        keys = (*self.symbols, *self.functions, *self.sizes, *self.squares, *self.aliases)
        return frozenset(k[8 : k.index("}")] for k in keys if k.startswith("\\mathrm{"))

    def direct(self, key: str) -> set[str]:
        """The symbols that the definition of `key` names."""
        symbol = self.symbols[key]
        return names_in(symbol.definition) if symbol.definition is not None else set()

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

    def between(self, names: set[str], target: str) -> set[str]:
        """The defined symbols through which `names` depend on `target` (names included)."""
        every = set().union(*(self.below(n) for n in names)) if names else set()
        return {n for n in every if n != target and target in self.below(n)}
