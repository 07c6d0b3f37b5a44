"""Both sides of a row at random instances: sizes, numbers, arbitrary functions.

How much of a definition counts is a level per symbol:

OPAQUE   any smooth function of what its definition names, with the same sparsity: its value plus
         h, times exp(h) if it is positive, its odds times exp(h) if it is in (0, 1), where h is
         random in every argument
SHIFTED  the definition, with a random constant added to every sum in it: derivatives stay,
         identities such as Σ(x − x̄) = 0 do not hold
TRUE     the definition

Derivatives are taken by complex step; a derivative inside a derivative by Richardson
extrapolation of central differences. Values carry named axes: one per index in use.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from backprop.site.derivations.terms import (
    Add,
    At,
    Big,
    Call,
    Const,
    Deriv,
    Dim,
    Entry,
    Fn,
    Function,
    Index,
    Label,
    Lam,
    Mul,
    Num,
    Position,
    Pow,
    Shift,
    Size,
    Slope,
    Term,
    Test,
    Var,
    Where,
    World,
    find,
    parts_of,
    walk,
)
from backprop.site.derivations.values import (
    COMPARE,
    FUNCTIONS,
    OutsideDomainError,
    Value,
    apply,
    constant,
    gather,
    power,
    real,
    richardson,
)
from backprop.site.derivations.verdicts import Difference

OPAQUE, SHIFTED, TRUE = 0, 1, 2
STEP = 1e-25
CONFIGURATIONS = ((3, 2, 4, 5, 2, 3), (2, 4, 3, 2, 5, 4), (3, 3, 3, 3, 3, 3), (4, 3, 2, 3, 2, 5))


class Instance:
    """One choice of sizes and numbers for everything declared."""

    def __init__(self, world: World, number: int, positive: bool = False) -> None:
        self.world = world
        self.number = number
        self.positive = positive
        lengths = CONFIGURATIONS[number % len(CONFIGURATIONS)]
        self.sizes = {
            name: max(lengths[k % len(lengths)], least)
            for k, (name, least) in enumerate(world.sizes.items())
        }
        self.variables = {
            key: self.draw(key)
            for key, symbol in world.symbols.items()
            if symbol.definition is None
        }
        self.patterns: dict[tuple[str, str], np.ndarray] = {}
        self.steady: set[str] = set()  # sums that are not shifted
        self.kept: dict[str, str] = {}  # where the values of a definition lie
        self._assume()

    def random(self, *key: Any) -> np.random.Generator:
        """Random numbers that depend on nothing but what they are for."""
        text = repr((self.number, self.positive, *key))
        return np.random.default_rng(zlib.crc32(text.encode()))

    def length(self, dim: Dim | None) -> int:
        dim = find(dim) if dim is not None else 0
        return dim if isinstance(dim, int) else self.sizes[str(dim)]

    def shape(self, dims: tuple[Dim, ...]) -> tuple[int, ...]:
        return tuple(self.length(d) for d in dims)

    def draw(self, key: str) -> np.ndarray:
        symbol = self.world.symbols[key]
        shape, rng = self.shape(symbol.shape), self.random("variable", key)
        if symbol.kind == "label":
            return np.asarray(rng.integers(0, self.length(symbol.high), shape))
        low, high = (None if b is None else float(b) for b in symbol.bounds)
        if low is not None and high is not None:
            margin = 0.15 * (high - low)
            return rng.uniform(low + margin, high - margin, shape)
        if low is not None:
            return rng.uniform(low + 0.3, low + 1.7, shape)
        if high is not None:
            return rng.uniform(high - 1.7, high - 0.3, shape)
        if symbol.positive or self.positive:
            return rng.uniform(0.3, 1.7, shape)
        wide = 2.0 if self.number // len(CONFIGURATIONS) % 3 == 1 else 0.8
        return np.asarray(rng.normal(0.2, wide, shape))

    def _assume(self) -> None:
        """Move the variables onto the assumptions by Newton's method (least change)."""
        if not self.world.assumed:
            return
        from backprop.site.derivations.terms import names_in

        used = [names_in(left) | names_in(right) for left, right, _ in self.world.assumed]
        keys = sorted(k for k in set().union(*used) if self.world.symbols[k].kind == "variable")
        for key in keys:
            size = max(self.variables[key].size, 1)
            if self.world.symbols[key].positive:
                self.variables[key] = self.variables[key] / size
        for _ in range(30):
            wrong, slopes = [], []
            scope = Scope(self, {})
            for left, right, dims in self.world.assumed:
                gap = self.flat(apply(np.subtract, scope.of(left, dims), scope.of(right, dims)))
                wrong.append(gap)
                columns = []
                for key in keys:
                    inner, batch = scope.stepped(key, STEP)
                    value = apply(np.subtract, inner.of(left, dims), inner.of(right, dims))
                    columns.append(self.jacobian(value, batch, self.variables[key].size))
                slopes.append(np.concatenate(columns, axis=1))
            residual = np.concatenate(wrong)
            if np.max(np.abs(residual)) < 1e-15:
                break
            change = np.linalg.lstsq(np.concatenate(slopes), residual, rcond=None)[0]
            at = 0
            for key in keys:
                n = self.variables[key].size
                old = self.variables[key]
                self.variables[key] = old - change[at : at + n].reshape(old.shape)
                at += n
        if not np.max(np.abs(residual)) < 1e-10:
            raise OutsideDomainError("assumptions")

    @staticmethod
    def flat(value: Value) -> np.ndarray:
        return real(value.along(tuple(sorted(value.names)))).reshape(-1)

    @staticmethod
    def jacobian(value: Value, batch: str, size: int) -> np.ndarray:
        rest = tuple(sorted(n for n in value.names if n != batch))
        array = value.along((*rest, batch))
        if batch not in value.names:
            array = np.broadcast_to(array * 0, (*array.shape[:-1], size))
        return (array.imag / STEP).reshape(-1, size)


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


class Scope:
    """Values of symbols: at the instance, or with one symbol moved and all that follows it."""

    def __init__(
        self,
        instance: Instance,
        levels: dict[str, int],
        parent: Scope | None = None,
        moved: str = "",
        value: Value | None = None,
        only: frozenset[str] | None = None,
        direct: bool = False,
    ) -> None:
        self.instance = instance
        self.world = instance.world
        self.levels = levels
        self.parent = parent
        self.moved = moved
        self.only = only  # if given, nothing else follows what is moved
        self.direct = direct  # ∂ holds the other named quantities fixed
        self.values: dict[str, Value] = {}
        if value is not None:
            self.values[moved] = value

    @property
    def is_complex(self) -> bool:
        moved = self.values.get(self.moved)
        return (moved is not None and np.iscomplexobj(moved.array)) or (
            self.parent is not None and self.parent.is_complex
        )

    # --- symbols -------------------------------------------------------------------------

    def get(self, key: str) -> Value:
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
            follows = self.moved in self.world.below(key)
            if not follows or (self.only is not None and key not in self.only):
                return self.parent.get(key)
        level = self.levels.get(key, TRUE)
        lam = symbol.definition
        if any(isinstance(t, Deriv) for t in walk(lam)):
            level = TRUE  # a name for a derivative is an abbreviation
        shift = key if level == SHIFTED else ""
        if shift:
            self.instance.steady |= contractions(lam.body, self.world)
        value = self.array(lam, axes, shift)
        return self.opaque(key, value, axes) if level == OPAQUE else value

    def array(self, lam: Lam, axes: tuple[str, ...], shift: str = "") -> Value:
        index = {v: self.axis(v, d) for v, d in lam.vars}
        value = self.term(lam.body, index, shift)
        wanted = tuple(v for v, _ in lam.vars)
        rest = tuple(n for n in value.names if n not in wanted)
        array = value.along((*rest, *wanted))
        full = tuple(self.instance.length(d) for _, d in lam.vars)
        array = np.broadcast_to(array, (*array.shape[: len(rest)], *full))
        return Value((*rest, *axes), array)

    def axis(self, name: str, dim: Dim) -> Value:
        return Value((name,), np.arange(self.instance.length(dim)))

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
            inner, batch = root.stepped(name, STEP, only=frozenset({key}))
            value = inner.get(key)
            size = self.instance.shape(self.world.symbols[name].shape)
            rest = tuple(n for n in value.names if n != batch)
            array = value.along((*rest, batch))
            if batch not in value.names:
                array = np.zeros((*array.shape[:-1], int(np.prod(size))))
            slope = array.imag if np.iscomplexobj(array) else array
            known[key, name] = (slope != 0).reshape((*array.shape[:-1], *size)).astype(float)
        return known[key, name]

    # --- terms ---------------------------------------------------------------------------

    def of(self, term: Term, dims: dict[str, Dim]) -> Value:
        """`term` for all values of the free indices in `dims`."""
        with np.errstate(all="ignore"):
            return self.term(term, {n: self.axis(n, d) for n, d in dims.items()})

    def position(self, index: Index, at: dict[str, Value]) -> Value:
        if isinstance(index, Var):
            return at[index.name]
        if isinstance(index, At):
            start = 0 if index.dim is None else self.instance.length(index.dim)
            return constant(start + index.offset)
        if isinstance(index, Shift):
            return apply(lambda a: a + index.by, at[index.var.name])
        assert isinstance(index, Label)
        value = self.get(index.symbol)
        return gather(value, [self.position(p, at) for p in index.at])

    def term(self, term: Term, at: dict[str, Value], shift: str = "") -> Value:
        evaluate = getattr(self, "_" + type(term).__name__.lower())
        value: Value = evaluate(term, at, shift)
        return value

    def _num(self, term: Num, at: dict[str, Value], shift: str) -> Value:
        return constant(float(term.value))

    def _size(self, term: Size, at: dict[str, Value], shift: str) -> Value:
        return constant(float(self.instance.length(term.dim)))

    def _const(self, term: Const, at: dict[str, Value], shift: str) -> Value:
        return constant({"e": np.e, "pi": np.pi}[term.name])

    def _entry(self, term: Entry, at: dict[str, Value], shift: str) -> Value:
        value = self.get(term.symbol)
        positions = [self.position(p, at) for p in term.at]
        for k, p in enumerate(positions):
            length = value.length(f"#{k}")
            if p.array.size and (p.array.min() < 0 or p.array.max() >= length):
                raise OutsideDomainError("an index outside its range")
        return gather(value, positions)

    def _position(self, term: Position, at: dict[str, Value], shift: str) -> Value:
        return apply(lambda a: a + float(term.base), self.position(term.index, at))

    def _add(self, term: Add, at: dict[str, Value], shift: str) -> Value:
        value = self.term(term.parts[0], at, shift)
        for part in term.parts[1:]:
            value = apply(np.add, value, self.term(part, at, shift))
        return value

    def _mul(self, term: Mul, at: dict[str, Value], shift: str) -> Value:
        value = self.term(term.parts[0], at, shift)
        for part in term.parts[1:]:
            value = apply(np.multiply, value, self.term(part, at, shift))
        return value

    def _pow(self, term: Pow, at: dict[str, Value], shift: str) -> Value:
        return apply(power, self.term(term.base, at, shift), self.term(term.exponent, at, shift))

    def _fn(self, term: Fn, at: dict[str, Value], shift: str) -> Value:
        return apply(FUNCTIONS[term.name], *(self.term(a, at, shift) for a in term.args))

    def _big(self, term: Big, at: dict[str, Value], shift: str) -> Value:
        length = self.instance.length(term.dim)
        low = 0 if term.low is None else int(self.position(term.low, at).array)
        high = length - 1 if term.high is None else int(self.position(term.high, at).array)
        counter = Value((term.var,), np.arange(low, high + 1))
        inner = {**at, term.var: counter}
        empty = {"sum": 0.0, "prod": 1.0}
        if term.test is None:
            value = self.term(term.body, inner, shift)
        else:
            test, body = self.term(term.test, inner, shift), self.term(term.body, inner, shift)
            other = empty.get(term.kind, -np.inf if term.kind == "max" else np.inf)
            value = apply(lambda t, b: np.where(t != 0, b, other), test, body)
        rest = tuple(n for n in value.names if n != term.var)
        array = value.along((*rest, term.var))
        if term.var not in value.names:
            array = np.broadcast_to(array, (*array.shape[:-1], counter.array.size))
        if array.shape[-1] == 0:
            if term.kind not in empty:
                raise OutsideDomainError("an empty maximum")
            result = np.full(array.shape[:-1], empty[term.kind])
        elif term.kind in ("sum", "prod"):
            result = array.sum(-1) if term.kind == "sum" else array.prod(-1)
        else:
            best = (np.argmax if term.kind == "max" else np.argmin)(real(array), axis=-1)
            result = np.take_along_axis(array, best[..., None], -1)[..., 0]
        found = Value(rest, result)
        if shift and term.kind == "sum" and term.var not in self.instance.steady:
            names = tuple(sorted(n for n in rest if n[0] not in "@#"))
            order = [at[n].array.size if n in at else 1 for n in names]
            rng = self.instance.random("shift", shift, term.var)
            found = apply(np.add, found, Value(names, rng.uniform(0.4, 1.2, order)))
        return found

    def _test(self, term: Test, at: dict[str, Value], shift: str) -> Value:
        sides = [
            self.term(s, at, shift) if isinstance(s, Term) else self.position(s, at)
            for s in (term.left, term.right)
        ]
        compare = COMPARE[term.op]
        return apply(lambda a, b: compare(real(a), real(b)).astype(float), *sides)

    def _where(self, term: Where, at: dict[str, Value], shift: str) -> Value:
        test, yes, no = (self.term(t, at, shift) for t in (term.test, term.yes, term.no))
        return apply(lambda t, a, b: np.where(t != 0, a, b), test, yes, no)

    # --- functions -----------------------------------------------------------------------

    def _call(self, term: Call, at: dict[str, Value], shift: str) -> Value:
        """An arbitrary function: Σ w sin(u + φ) + (Σ v u)², its weights random."""
        function: Function = self.world.functions[term.function]
        out = self.instance.shape(function.value)
        axes = tuple(f"#{k}" for k in range(len(out)))
        linear, waves = constant(0.0), constant(0.0)
        first, second = constant(0.0), constant(0.0)
        for k, lam in enumerate(term.args):
            shape = self.instance.shape(tuple(d for _, d in lam.vars))
            names = tuple(v for v, _ in lam.vars)
            value = self.term(lam.body, {**at, **{v: self.axis(v, d) for v, d in lam.vars}}, shift)
            rng = self.instance.random("function", term.function, k)
            w, v, p = (
                Value(axes + names, rng.uniform(0.4, 1.1, out + shape) * sign)
                for sign in (1, 0.4, 1)
            )
            flip = Value(axes + names, rng.choice([-1.0, 1.0], out + shape))
            w = apply(np.multiply, w, flip)
            parts = (
                apply(lambda u, w, p: w * np.sin(u + p), value, w, p),
                apply(np.multiply, value, v),
                apply(lambda u, w, p: w * np.cos(u + p), value, w, p),
                v,
            )
            waves = apply(np.add, waves, self.summed(parts[0], names))
            linear = apply(np.add, linear, self.summed(parts[1], names))
            first, second = parts[2], parts[3]
        if term.order == 0:
            value = apply(lambda a, b: a + b * b, waves, linear)
        elif term.order == 1:
            value = apply(lambda c, b, v: c + 2 * b * v, first, linear, second)
        elif term.order == 2:
            value = apply(lambda a, v: -a + 2 * v * v, waves, second)
        else:
            raise OutsideDomainError("f''' of an arbitrary function")
        return gather(value, [self.position(p, at) for p in term.at])

    @staticmethod
    def summed(value: Value, names: tuple[str, ...]) -> Value:
        keep = tuple(n for n in value.names if n not in names)
        array = value.along((*keep, *names))
        return Value(keep, array.sum(axis=tuple(range(len(keep), array.ndim))))

    def _slope(self, term: Slope, at: dict[str, Value], shift: str) -> Value:
        point = self.term(term.at, at, shift)

        def value(u: Value) -> Value:
            inner = Scope(self.instance, self.levels, self, term.var, u, frozenset())
            return inner.term(term.body, at, shift)

        def slope(u: Value, order: int) -> Value:
            if order == 0:
                return value(u)
            if order == 1 and not np.iscomplexobj(u.array) and not self.is_complex:
                return apply(lambda a: a.imag / STEP, value(apply(lambda a: a + 1j * STEP, u)))
            return richardson(lambda h: slope(apply(lambda a: a + h, u), order - 1))

        return slope(point, term.order)

    def stepped(
        self, key: str, step: float, only: frozenset[str] | None = None
    ) -> tuple[Scope, str]:
        """A scope in which each entry of `key` is moved in turn, along a new axis."""
        value = self.get(key)
        axes = tuple(f"#{k}" for k in range(len(self.world.symbols[key].shape)))
        shape = self.instance.shape(self.world.symbols[key].shape)
        size = int(np.prod(shape))
        depth = 0
        scope: Scope | None = self
        while scope is not None:
            depth += 1
            scope = scope.parent
        batch = f"@{depth}"
        unit = Value((batch, *axes), np.eye(size).reshape((size, *shape)))
        factor = 1j * step if step == STEP else step
        moved = apply(lambda v, e: v + factor * e, value, unit)
        return Scope(self.instance, self.levels, self, key, moved, only), batch

    def _deriv(self, term: Deriv, at: dict[str, Value], shift: str) -> Value:
        shape = self.instance.shape(self.world.symbols[term.symbol].shape)
        only: frozenset[str] | None = None
        if term.partial and self.reads_direct():
            body = term.body
            if isinstance(body, Entry) and term.symbol in self.world.direct(body.symbol):
                only = frozenset({body.symbol})
            elif any(isinstance(t, Entry) and t.symbol == term.symbol for t in walk(body)):
                only = frozenset()

        def moved(step: float) -> tuple[Value, str]:
            scope, batch = self.stepped(term.symbol, step, only)
            return scope.term(term.body, at, shift), batch

        if not self.is_complex and not any(isinstance(t, Deriv) for t in walk(term.body)):
            value, batch = moved(STEP)
            if not np.iscomplexobj(value.array):
                value = apply(lambda a: a * 0.0, value)
            else:
                value = apply(lambda a: a.imag / STEP, value)
        else:
            batch = moved(0.05)[1]
            value = richardson(lambda h: moved(h)[0])
        rest = tuple(n for n in value.names if n != batch)
        array = value.along((*rest, batch))
        size = int(np.prod(shape))
        array = np.broadcast_to(array, (*array.shape[:-1], size))
        if batch not in value.names:
            array = array * 0.0
        axes = tuple(f"#{k}" for k in range(len(shape)))
        jacobian = Value((*rest, *axes), array.reshape((*array.shape[:-1], *shape)))
        return gather(jacobian, [self.position(p, at) for p in term.at])

    def reads_direct(self) -> bool:
        return self.direct or (self.parent is not None and self.parent.reads_direct())


# --- comparing -----------------------------------------------------------------------------


def compare(left: Term, right: Term, dims: dict[str, Dim], scope: Scope) -> Difference:
    """Both sides at one instance. Raises `OutsideDomainError`."""
    names = tuple(dims)
    full = tuple(scope.instance.length(d) for d in dims.values())
    arrays = []
    for side in (left, right):
        array = np.broadcast_to(scope.of(side, dims).along(names), full)
        if not np.all(np.isfinite(array)):
            raise OutsideDomainError("not finite")
        arrays.append(real(array))
    a, b = arrays
    gap = np.abs(a - b)
    worst = np.unravel_index(int(np.argmax(gap)), gap.shape) if gap.ndim else ()
    scale = max(float(np.max(np.abs(a))), float(np.max(np.abs(b))), 1e-3)
    return Difference(
        float(np.max(gap)) / scale,
        float(a[worst]),
        float(b[worst]),
        {n: int(k) for n, k in zip(names, worst, strict=True)},
        dict(scope.instance.sizes),
    )
