"""Random sizes and numbers for everything declared: one sample, drawn from its number alone."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from backprop.derivations.meaning.lengths import Dim, find
from backprop.derivations.meaning.world import World

CONFIGURATIONS = ((3, 2, 4, 5, 2, 3), (2, 4, 3, 2, 5, 4), (3, 3, 3, 3, 3, 3), (4, 3, 2, 3, 2, 5))
TWIN = 2 * len(CONFIGURATIONS) - 1  # the next number with the sizes of number 0


class Sample:
    """One choice of sizes and numbers for everything declared; no assumption holds yet."""

    def __init__(self, world: World, number: int, positive: bool = False) -> None:
        self.world = world
        self.number = number
        self.positive = positive
        # Another attempt at a number has other sizes: an assumption may rule some of them out.
        count = len(CONFIGURATIONS)
        lengths = CONFIGURATIONS[(number + number // count) % count]
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
        if symbol.binary:
            return np.asarray(rng.integers(0, 2, shape), dtype=float)
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
