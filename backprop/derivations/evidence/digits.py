r"""Numbers of many digits, for what vanishes in the last one of a double: x + e^{-100} = x.

They stand in arrays of objects, whose elements have the methods that numpy's functions call
(`np.exp` calls `exp`), so that terms are evaluated by the same lines as with doubles. How many
digits it takes is found on the way, by the sizes of what is written in the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

FIRST, MOST = 120, 12_000  # decimal digits: at first, and at most
LEAST, PER = 60, 6  # how many it takes: at least, and for each between the sizes met
IDLE = 16  # a factor of so many powers of 2 is nothing special
BITS = 3.3219280948873626  # in a decimal digit
BITS_OF_1000 = 3322  # in 1000 of them: what is far apart may be so by more than doubles hold
METHODS = "exp log sqrt sin cos tan sinh cosh tanh arctan rint"


class Digits:
    """An arithmetic of so many decimal digits."""

    def __init__(self, count: int) -> None:
        from mpmath import MPContext

        self.count = count
        self.context: Any = MPContext()
        self.context.dps = count
        self.sizes: dict[object, tuple[int, int]] = {}
        names = {"arctan": "atan", "rint": "nint"}
        for name in METHODS.split():
            function = getattr(self.context, names.get(name, name))
            setattr(self.context.mpf, name, lambda one, function=function: function(one))

    @cached_property
    def step(self) -> Any:
        """The step of a central difference, exact to half of the digits."""
        return self.context.mpf(10) ** -(self.count // 4)

    def number(self, value: Fraction) -> Any:
        return self.context.mpf(value.numerator) / value.denominator

    def constant(self, name: str) -> Any:
        return +getattr(self.context, name)  # e, pi

    def array(self, values: np.ndarray) -> np.ndarray:
        """Doubles as they are; whole numbers stay."""
        values = np.asarray(values)
        if values.dtype.kind != "f":
            return values
        found: np.ndarray = np.empty(values.shape, dtype=object)
        found.reshape(-1)[:] = [self.context.mpf(float(v)) for v in values.reshape(-1)]
        return found

    def met(self, term: object, values: np.ndarray) -> None:
        """Notes how large and how small the values of a term are, as powers of 2."""
        sizes = sizes_of(values)
        low, high = self.sizes.get(term, (0, 0))
        self.sizes[term] = (min(low, *sizes, 0), max(high, *sizes, 0))

    def met_number(self, term: object, values: np.ndarray, number: Fraction) -> None:
        """The same of a number that stands in the row, down to its last digit."""
        self.met(term, values)
        low, high = self.sizes[term]
        self.sizes[term] = (min(low, 1 - number.denominator.bit_length()), high)

    def met_power(self, term: object, values: np.ndarray, base: object, of: np.ndarray) -> None:
        """The same of a power. Where its base is all but 0 by rounding, or by a step, the power is
        no size that anybody wrote."""
        sizes = sizes_of(of)
        if base in self.sizes or not sizes or min(sizes) > -self.count * BITS / 8:
            self.met(term, values)

    def met_product(self, term: object, parts: Iterable[object]) -> None:
        """The same of a product, by what is noted of its factors."""
        found = [self.sizes[p] for p in parts if p in self.sizes]
        if sum(high - low for low, high in found) > IDLE:
            self.sizes[term] = (sum(low for low, _ in found), sum(high for _, high in found))

    def saturated(self, term: object, values: np.ndarray) -> None:
        """The same of a tanh, by what it is of: 1 − tanh(x) = 2 e^{-2x}."""
        largest = min(float(np.max(np.abs(values), initial=0)), 1e6)
        self.sizes[term] = (-int(2 * largest * np.log2(np.e)), 0)

    def every(self, values: np.ndarray) -> np.ndarray | None:
        """Any numbers as such of many digits; None if one of them is none, or infinite."""
        found: np.ndarray = np.empty(values.shape, dtype=object)
        for at, one in np.ndenumerate(values):
            found[at] = number = self.context.mpf(one)
            if not self.context.isfinite(number):
                return None
        return found

    @property
    def wanted(self) -> int:
        """How many digits the sizes met call for, even if they are multiplied."""
        far = [high - low for low, high in self.sizes.values()]
        return LEAST + PER * (sum(f for f in far if f > IDLE) * 1000 // BITS_OF_1000)

    def gauss(self, kind: str, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points of Gauss–Hermite or Gauss–Legendre quadrature, from doubles by Newton's method,
        and what their weights are proportional to."""
        n = len(points)
        x, exact = self.array(points), 14
        while True:
            before, value = x * 0, x * 0 + 1
            for k in range(n):
                if kind == "normal":
                    before, value = value, x * value - k * before
                else:
                    before, value = value, ((2 * k + 1) * x * value - k * before) / (k + 1)
            slope = n * (before if kind == "normal" else (x * value - before) / (x * x - 1))
            if exact > self.count:
                break
            x, exact = x - value / slope, 2 * exact
        return x, 1 / slope**2 if kind == "normal" else 1 / ((1 - x * x) * slope**2)

    def inverse(self, matrices: np.ndarray) -> np.ndarray:
        found = np.empty(matrices.shape, dtype=object)
        for at in np.ndindex(matrices.shape[:-2]):
            found[at] = np.array(self.context.inverse(self._matrix(matrices[at])).tolist())
        return found

    def det(self, matrices: np.ndarray) -> np.ndarray:
        found = np.empty(matrices.shape[:-2], dtype=object)
        for at in np.ndindex(found.shape):
            found[at] = self.context.det(self._matrix(matrices[at]))
        return found

    def _matrix(self, rows: np.ndarray) -> Any:
        return self.context.matrix(rows.tolist())


def sizes_of(values: np.ndarray) -> list[int]:
    """The powers of 2 next to the numbers that are not 0."""
    found = []
    for one in np.asarray(values).flat:
        _, digits, power, count = getattr(one, "_mpf_", (0, 0, 0, 0))
        if digits:
            found.append(power + count)
    return found
