"""Random sizes and numbers for everything declared: one sample, drawn from its number alone."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from backprop.derivations.evidence.digits import Digits
from backprop.derivations.meaning.lengths import Dim, find
from backprop.derivations.meaning.world import Law, World

CONFIGURATIONS = ((3, 2, 4, 5, 2, 3), (2, 4, 3, 2, 5, 4), (3, 3, 3, 3, 3, 3), (4, 3, 2, 3, 2, 5))
# A sample may be of a kind: `coarse`, fewer points of quadrature, so that what differs is not
# exact; `wide`, numbers of very different sizes; `edge`, where a comparison turns; `negative`, all
# that may be; `halves`, all that have no bounds; `single`, `large`, `larger`, `huge`, `length 5`,
# other lengths.
NEGATIVE = "negative"
HALVES = "halves"
GOLDEN = 0.6180339887  # steps of it leave no large gap, whatever their number
SIZES = {
    "single": (1,),
    "large": (7, 6, 8, 9, 6, 7),
    "larger": (67, 53, 71, 59, 61, 73),
    "huge": (20011, 15013, 18013, 17011, 14009, 16007),
}
RARE, UNLIKE = 0.4, 8  # how many laws of which nothing is known have outcomes of very unlike odds
TWIN = 2 * len(CONFIGURATIONS) - 1  # the next number with the sizes of number 0


class Sample:
    """One choice of sizes and numbers for everything declared; no assumption holds yet."""

    def __init__(self, world: World, number: int, positive: bool = False, kind: str = "") -> None:
        self.world = world
        self.number = number
        self.kind = kind  # see `SIZES`
        self.digits: Digits | None = None  # of its numbers, if they are no doubles
        self.positive = positive
        # Another attempt at a number has other sizes: an assumption may rule some of them out.
        count = len(CONFIGURATIONS)
        lengths = SIZES.get(kind) or CONFIGURATIONS[(number + number // count) % count]
        if kind.startswith("length "):
            lengths = (int(kind.split()[1]),)
        self.sizes = {
            name: max(lengths[k % len(lengths)], least)
            for k, (name, least) in enumerate(world.sizes.items())
        }
        for name, (coefs, const) in world.derived.items():
            while (length := sum(c * self.sizes[k] for k, c in coefs) + const) < 1:
                for size, c in coefs:  # N − K + 1 entries: N is at least K
                    self.sizes[size] += c > 0
            self.sizes[name] = length
        for name, (coefs, const) in world.derived.items():  # a size may have grown since
            self.sizes[name] = sum(c * self.sizes[k] for k, c in coefs) + const
        for name, (base, dim) in world.spaces.items():
            self.sizes[name] = base ** self.length(dim)
        self.variables = {
            key: self.draw(key)
            for key, symbol in world.symbols.items()
            if symbol.definition is None
        }
        self.held: set[str] = set()  # variables that no assumption moves,
        self.fixed: set[str] = set()  # and those of which one leaves the first entry where it is
        self.patterns: dict[tuple[str, str], np.ndarray] = {}
        self.steady: set[str] = set()  # sums that are not shifted
        self.kept: dict[str, str] = {}  # where the values of a definition lie
        # what arbitrary functions are made of
        self.drawn: dict[tuple[Any, ...], tuple[np.ndarray, ...]] = {}
        self.signs: dict[str, float] = {}

    def random(self, *key: Any) -> np.random.Generator:
        """Random numbers that depend on nothing but what they are for."""
        text = repr((self.number, self.positive, *key))
        return np.random.default_rng(zlib.crc32(text.encode()))

    def weights(self, function: str, k: int, shape: tuple[int, ...]) -> tuple[np.ndarray, ...]:
        """Those of an arbitrary function and its argument number k: see `call_value`."""
        key = function, k, shape, self.digits
        if key not in self.drawn:
            rng = self.random("function", function, k)
            w, *others = (rng.uniform(0.4, 1.1, shape) * size for size in (1, 0.4, 1, 0.5))
            w = w * rng.choice([-1.0, 1.0], shape)
            self.drawn[key] = tuple(self.doubles(each) for each in (w, *others))
        return self.drawn[key]

    def sign(self, function: str) -> float:
        """Of the square in an arbitrary function."""
        if function not in self.signs:
            self.signs[function] = float(self.random("function", function).choice([-1.0, 1.0]))
        return self.signs[function]

    def doubles(self, values: np.ndarray) -> np.ndarray:
        return written(values, self.digits)

    def length(self, dim: Dim | None) -> int:
        dim = find(dim) if dim is not None else 0
        return dim if isinstance(dim, int) else self.sizes[str(dim)]

    def shape(self, dims: tuple[Dim, ...]) -> tuple[int, ...]:
        return tuple(self.length(d) for d in dims)

    def draw(self, key: str) -> np.ndarray:
        symbol = self.world.symbols[key]
        shape, rng = self.shape(symbol.shape), self.random("variable", key)
        if symbol.law is not None:
            # Outcomes and their weights, Z(X) and P(X), belong together; p(x) and q(x) do not.
            own = key if symbol.law.kind == "simplex" else key.partition("(")[2]
            rng = self.random("law", own)
            return table(symbol.law, shape, rng, self.kind == "coarse", self.digits)
        if symbol.kind == "label":
            return np.asarray(rng.integers(0, self.length(symbol.high), shape))
        if symbol.binary:
            return np.asarray(rng.integers(0, 2, shape), dtype=float)
        low, high = (None if b is None else float(b) for b in symbol.bounds)
        if self.kind == "wide":
            first = np.random.default_rng(zlib.crc32(key.encode())).uniform(size=shape)
            least = 0.0 if low is high is None and self.positive else low
            return wide_draw((first + GOLDEN * self.number) % 1, least, high)
        if self.kind == NEGATIVE and low is high is None and not symbol.positive:
            return -rng.uniform(0.3, 1.7, shape)
        if self.kind == HALVES and low is high is None and not symbol.positive:
            return np.asarray(rng.choice((-2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2, 3), shape))
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


def written(values: np.ndarray, digits: Digits | None) -> np.ndarray:
    return values if digits is None else digits.array(values)


def wide_draw(place: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    """Numbers within their bounds for places in (0, 1): some close to them and some far away."""
    sizes: np.ndarray = 10.0 ** (6 * place - 3)
    if low is not None and high is not None:
        return np.asarray(low + (high - low) * sizes / (1 + sizes))
    if low is not None:
        return low + sizes
    if high is not None:
        return high - sizes
    sizes = 10.0 ** (6 * (2 * place % 1) - 3)
    return np.where(place < 0.5, -sizes, sizes)


def table(
    law: Law,
    shape: tuple[int, ...],
    rng: np.random.Generator,
    coarse: bool = False,
    digits: Digits | None = None,
) -> np.ndarray:
    """The outcomes of a law, or their weights: exact for polynomials of a low degree, and to
    rounding for smooth functions of one symbol."""
    if law.kind == "simplex":
        values = written(rng.uniform(0.3, 1.7, shape), digits)
        total: np.ndarray = values.sum(axis=tuple(range(law.own)), keepdims=True)
        result: np.ndarray = values / total
        return result
    kind = law.kind.removeprefix("weights of ")
    points, weights = quadrature(kind, law, rng, coarse, digits)
    wanted = weights if kind != law.kind else points
    if not law.product:
        return wanted
    copies = shape[0] if kind == law.kind else round(np.log(shape[-1]) / np.log(len(points)))
    grid = np.stack(np.meshgrid(*[np.arange(len(points))] * copies, indexing="ij"))
    flat = grid.reshape(copies, -1)
    return points[flat] if kind == law.kind else weights[flat].prod(axis=0)


def quadrature(
    kind: str,
    law: Law,
    rng: np.random.Generator,
    coarse: bool = False,
    digits: Digits | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of one copy, with mean 0 (and variance 1, but for the uniform law)."""
    rules = {
        "normal": np.polynomial.hermite_e.hermegauss,
        "uniform": np.polynomial.legendre.leggauss,
    }
    if kind in rules:
        idle = (1 if law.product else 5) if coarse else 0
        points, weights = rules[kind](law.count - idle)
        if digits is not None:
            points, weights = digits.gauss(kind, points)
        nothing = np.zeros(idle)
        return np.append(points, nothing), np.append(weights / weights.sum(), nothing)
    if kind == "bernoulli":
        return written(np.array([0.0, 1.0]), digits), written(np.array([0.5, 0.5]), digits)
    weights = written(rng.uniform(0.5, 1.5, law.count), digits)
    weights = weights / weights.sum()
    points = written(rng.normal(0, 1, law.count), digits)
    if rng.uniform() < RARE:
        weights = weights**UNLIKE  # nothing is said of its tails
        weights = weights / weights.sum()
    points = points - weights @ points
    return points / np.sqrt(weights @ points**2), weights
