"""Values of symbols, and how much of a definition counts: a level per symbol.

OPAQUE   any smooth function of what its definition names, with the same sparsity: its value plus
         h, times exp(h) if it is positive, its odds times exp(h) if it is in (0, 1), where h is
         random in every argument
SHIFTED  the definition, with a random constant added to every sum in it: derivatives stay,
         identities such as Σ(x − x̄) = 0 do not hold
TRUE     the definition
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backprop.derivations.evidence import evaluate, steps
from backprop.derivations.evidence.evaluate import axis
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.steps import STEP, stepped
from backprop.derivations.evidence.values import Value, apply, constant, real
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.terms import (
    Add,
    Big,
    Entry,
    Lam,
    Mul,
    Num,
    Pow,
    Term,
    Where,
    parts_of,
)
from backprop.derivations.meaning.world import OPAQUE, SHIFTED, TRUE, Symbol, World


def contractions(term: Term, world: World) -> set[str]:
    """The sums Σ_l A_kl x_l within another sum, with a coefficient that is a variable and not
    divided by anything: they are no means, and no identity makes them vanish."""
    found: set[str] = set()

    def visit(item: Term, inside: bool, scaled: bool) -> None:
        if isinstance(item, Mul):
            scaled = any(
                isinstance(p, Pow)
                and isinstance(p.exponent, Num)
                and p.exponent.value < 0
                and not isinstance(p.base, Num)
                for p in item.parts
            )
        elif isinstance(item, Big) and item.kind == "sum":
            factors = item.body.parts if isinstance(item.body, Mul) else ()
            names = [f.symbol for f in factors if isinstance(f, Entry)]
            if inside and not scaled and len(names) > 1:
                if any(world.symbols[n].definition is None for n in names):
                    found.add(item.var)
            inside, scaled = True, False
        elif not isinstance(item, Add):
            scaled = False
        for part in parts_of(item):
            if isinstance(part, Term):
                visit(part, inside, scaled)

    visit(term, False, False)
    return found


KINDS: dict[type[Term], Callable[..., Value]] = {**evaluate.KINDS, **steps.KINDS}


class Scope:
    """Values of symbols: at the instance, or with one symbol moved and all that follows it.

    levels: how much of each definition counts; all of it for what is not in there.
    direct: ∂ holds the other named quantities fixed.
    kinds: what evaluates each kind of term.
    """

    def __init__(
        self,
        instance: Sample,
        levels: dict[str, int],
        direct: bool = False,
        kinds: dict[type[Term], Callable[..., Value]] = KINDS,
    ) -> None:
        self.instance = instance
        self.world = instance.world
        self.levels = levels
        self.direct = direct
        self.kinds = kinds
        self.parent: Scope | None = None  # where nothing is moved that is moved here
        self.moves = ""  # the symbol that is moved
        self.only: frozenset[str] | None = None  # if given, nothing else follows it
        self.added: Value | None = None  # to each step of a recurrence that is moved
        self.depth = 0
        self.is_complex = False
        self.values: dict[str, Value] = {}

    def moved(
        self,
        key: str,
        value: Value | None,
        only: frozenset[str] | None,
        added: Value | None = None,
    ) -> Scope:
        """The same with one symbol moved: see `steps`."""
        found = Scope(self.instance, self.levels, self.direct, self.kinds)
        found.parent, found.depth = self, self.depth + 1
        found.moves, found.only, found.added = key, only, added
        if value is not None:
            found.values[key] = value
        step = value if added is None else added
        found.is_complex = self.is_complex or (step is not None and np.iscomplexobj(step.array))
        return found

    def of(self, term: Term, dims: dict[str, Dim]) -> Value:
        """`term` for all values of the free indices in `dims`, an axis for each that it has, real
        unless a symbol is moved by a complex step. Raises `OutsideDomainError`."""
        with np.errstate(all="ignore"):
            return self.term(term, {n: axis(self.instance, n, d) for n, d in dims.items()})

    def term(self, term: Term, at: dict[str, Value], shift: str = "") -> Value:
        """A term where indices stand `at` these positions."""
        return self.kinds[type(term)](self, term, at, shift)

    def get(self, key: str) -> Value:
        """The value of a symbol: an axis `#0`, `#1`, … for each of its dimensions, and one `@1`,
        `@2`, … for each symbol that is moved before it. Raises `OutsideDomainError`."""
        if key not in self.values:
            self.values[key] = self._find(key)
        return self.values[key]

    def _find(self, key: str) -> Value:
        symbol = self.world.symbols[key]
        axes = tuple(f"#{k}" for k in range(len(symbol.shape)))
        if symbol.definition is None:
            if self.parent is not None:
                return self.parent.get(key)
            return Value(axes, self.instance.variables[key])
        if self.parent is not None:
            follows = self.moves in self.world.below(key)
            if not follows or (self.only is not None and key not in self.only):
                return self.parent.get(key)
        if symbol.recurrence is not None:
            return self.stepwise(symbol, axes)
        level = self.levels.get(key, TRUE)
        lam = symbol.definition
        if lam.differentiates:
            level = TRUE  # a name for a derivative is an abbreviation
        shift = key if level == SHIFTED else ""
        if shift:
            self.instance.steady |= contractions(lam.body, self.world)
        value = self.array(lam, axes, shift)
        return self.opaque(key, value, axes) if level == OPAQUE else value

    def stepwise(self, symbol: Symbol, axes: tuple[str, ...]) -> Value:
        """A recurrence, from its beginning on. Where it is what is moved, the rest follows."""
        lam = symbol.definition
        assert lam is not None
        assert isinstance(lam.body, Where)
        assert symbol.recurrence is not None
        (count, _), *others = lam.vars
        shape = self.instance.shape(symbol.shape)
        index = {v: axis(self.instance, v, d) for v, d in others}
        wanted = tuple(v for v, _ in others)
        order = range(shape[0])[:: -1 if symbol.recurrence.backwards else 1]
        value = Value(axes, np.zeros(shape))
        for number, place in enumerate(order):
            self.values[symbol.key] = value
            term = lam.body.no if number else lam.body.yes
            one = self.term(term, {count: constant(place), **index}, "")
            rest = tuple(n for n in one.names if n not in wanted)
            array = one.along((*rest, *wanted))
            array = np.broadcast_to(array, (*array.shape[: len(rest)], *shape[1:]))
            here = Value((*rest, *axes), array[(slice(None),) * len(rest) + (None,)])
            if self.added is not None and self.moves == symbol.key:
                at = self.added.names.index("#0")
                part = np.take(self.added.array, [place], axis=at)
                here = apply(np.add, here, Value(self.added.names, part))
            at_place = Value(("#0",), np.arange(shape[0]) == place)
            value = apply(np.where, at_place, here, value)
        return value

    def array(self, lam: Lam, axes: tuple[str, ...], shift: str = "") -> Value:
        index = {v: axis(self.instance, v, d) for v, d in lam.vars}
        value = self.term(lam.body, index, shift)
        wanted = tuple(v for v, _ in lam.vars)
        rest = tuple(n for n in value.names if n not in wanted)
        array = value.along((*rest, *wanted))
        full = tuple(self.instance.length(d) for _, d in lam.vars)
        array = np.broadcast_to(array, (*array.shape[: len(rest)], *full))
        return Value((*rest, *axes), array)

    def opaque(self, key: str, value: Value, axes: tuple[str, ...]) -> Value:
        """Any function of what the definition names."""
        instance = self.instance
        shape = instance.shape(self.world.symbols[key].shape)
        noise = Value(axes, instance.random("opaque", key).uniform(0.2, 0.5, shape))
        for name in sorted(self.world.direct(key)):
            if self.world.symbols[name].kind == "label":
                continue
            given = self.get(name)
            inner = tuple(f"#{k}" for k in range(len(self.world.symbols[name].shape)))
            moved = tuple("arg" + n for n in inner)
            size = instance.shape(self.world.symbols[name].shape)
            rng = instance.random("weights", key, name)
            pattern = self.pattern(key, name)
            weight = rng.uniform(0.3, 0.6, shape + size) * rng.choice([-1, 1], shape + size)
            weight = weight * pattern / max(1, int(np.prod(size)))
            phase = rng.uniform(-1, 1, shape + size)
            rest = tuple(n for n in given.names if n not in inner)
            argument = Value((*rest, *moved), given.along((*rest, *inner)))
            wave = apply(
                lambda a, w, p: w * np.sin(a + p),
                argument,
                Value(axes + moved, weight),
                Value(axes + moved, phase),
            )
            keep = tuple(n for n in wave.names if n not in moved)
            summed = wave.along((*keep, *moved)).sum(
                axis=tuple(range(len(keep), len(keep) + len(moved)))
            )
            noise = apply(np.add, noise, Value(keep, summed))
        kept = self._kept(key)
        if kept == "(0, 1)":  # a probability stays one
            return apply(lambda v, h: v / (v + (1 - v) * np.exp(-h)), value, noise)
        if kept == "positive":
            return apply(lambda v, h: v * np.exp(h), value, noise)
        return apply(np.add, value, noise)

    def _kept(self, key: str) -> str:
        known = self.instance.kept
        if key not in known:
            true = real(Scope(self.instance, {}).get(key).array)
            positive = bool(np.all(true > 0))
            known[key] = "" if not positive else "(0, 1)" if np.all(true < 1) else "positive"
        return known[key]

    def pattern(self, key: str, name: str) -> np.ndarray:
        """Which entries of `name` each entry of `key` is defined by."""
        known = self.instance.patterns
        if (key, name) not in known:
            root = Scope(self.instance, {})
            inner, batch = stepped(root, name, STEP, only=frozenset({key}))
            value = inner.get(key)
            size = self.instance.shape(self.world.symbols[name].shape)
            rest = tuple(n for n in value.names if n != batch)
            array = value.along((*rest, batch))
            if batch not in value.names:
                array = np.zeros((*array.shape[:-1], int(np.prod(size))))
            slope = array.imag if np.iscomplexobj(array) else array
            known[key, name] = (slope != 0).reshape((*array.shape[:-1], *size)).astype(float)
        return known[key, name]
