r"""Numbers between two bounds that are certain, of any size: at x = -2^{1000}, e^x is one.

A double ends at 10^{308}. These have exponents without an end, and what rounding may do to them is
part of them, so that two of them that lie apart are different numbers, whatever was computed
before. A comparison that they do not decide raises `ArithmeticError`, and so does what would take
too long. They stand in arrays of objects, as the numbers of `digits` do.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

STEEP = 4000  # powers of 2 of what an exponential or a wave may be of


class Span:
    """A number between two bounds."""

    __slots__ = ("of", "spans")

    def __init__(self, spans: Spans, of: Any) -> None:
        self.spans, self.of = spans, of

    def other(self, one: Any) -> Any:
        if isinstance(one, Span):
            return one.of
        return self.spans.context.mpf(float(one))

    def new(self, of: Any) -> Span:
        return Span(self.spans, of)

    def rounded(self, of: Any) -> Span:
        """What a function gives, whose last digits are not certain."""
        return self.new(of * self.spans.about_1)

    def __add__(self, one: Any) -> Span:
        return self.new(self.of + self.other(one))

    def __sub__(self, one: Any) -> Span:
        return self.new(self.of - self.other(one))

    def __rsub__(self, one: Any) -> Span:
        return self.new(self.other(one) - self.of)

    def __mul__(self, one: Any) -> Span:
        return self.new(self.of * self.other(one))

    def __truediv__(self, one: Any) -> Span:
        return self.new(self.of / self._not_0(self.other(one)))

    def __rtruediv__(self, one: Any) -> Span:
        return self.new(self.other(one) / self._not_0(self.of))

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, one: Any) -> Span:
        if isinstance(one, int | float) and one == int(one):
            if abs(one) > STEEP:
                raise ArithmeticError("too steep")
            whole = self.new(self.of ** abs(int(one)))
            return whole if one >= 0 else self.new(1 / self._not_0(whole.of))
        found: Span = (self.log() * one).exp()
        return found

    def __neg__(self) -> Span:
        return self.new(-self.of)

    def __pos__(self) -> Span:
        return self

    def __abs__(self) -> Span:
        return self.new(abs(self.of))

    def _not_0(self, of: Any) -> Any:
        if 0 in of:
            raise ArithmeticError("0 in a denominator")
        return of

    def _decided(self, found: bool | None) -> bool:
        if found is None:
            raise ArithmeticError("not decided")
        return bool(found)

    def __lt__(self, one: Any) -> bool:
        return self._decided(self.of < self.other(one))

    def __le__(self, one: Any) -> bool:
        return self._decided(self.of <= self.other(one))

    def __gt__(self, one: Any) -> bool:
        return self._decided(self.of > self.other(one))

    def __ge__(self, one: Any) -> bool:
        return self._decided(self.of >= self.other(one))

    def __eq__(self, one: Any) -> bool:
        other = self.other(one)
        if self.of.a == self.of.b == other.a == other.b:
            return True
        apart = self.of < other or self.of > other
        return not self._decided(True if apart else None)

    def __ne__(self, one: Any) -> bool:
        return not self == one

    def __int__(self) -> int:
        whole = int(self.spans.points.mpf(self.of.mid))
        if self.of.a != self.of.b and not self.of.delta < 2.0**-99:
            raise ArithmeticError("not decided")
        return whole

    def __float__(self) -> float:
        return float(self.spans.points.mpf(self.of.mid))

    def rint(self) -> Span:
        if self.of.a != self.of.b:
            return self.new(self.spans.context.mpf(0.5))  # a power of it is taken by logarithms
        return self.new(self.spans.context.mpf(self.spans.points.nint(self.of.mid)))

    @property
    def top(self) -> int:
        """The power of 2 next to it, 0 if it is small."""
        _, digits, power, count = abs(self.of).b._mpi_[1]
        return max(0, power + count) if digits else 0

    def exp(self) -> Span:
        if self.top > STEEP:
            raise ArithmeticError("too steep")
        return self.rounded(self.spans.context.exp(self.of))

    def log(self) -> Span:
        if not self.of.a > 0:
            raise ArithmeticError("log")
        return self.rounded(self.spans.context.log(self.of))

    def sqrt(self) -> Span:
        return self.rounded(self.spans.context.sqrt(self.of))

    def _wave(self, name: str) -> Span:
        if self.top > STEEP:
            raise ArithmeticError("too steep")
        return self.rounded(getattr(self.spans.context, name)(self.of))

    def sin(self) -> Span:
        return self._wave("sin")

    def cos(self) -> Span:
        return self._wave("cos")

    def tan(self) -> Span:
        return self._wave("tan")

    def sinh(self) -> Span:
        return (self.exp() - (-self).exp()) / 2.0

    def cosh(self) -> Span:
        return (self.exp() + (-self).exp()) / 2.0

    def tanh(self) -> Span:
        if self.of > 0:
            return 1.0 - 2.0 / ((self * 2.0).exp() + 1.0)
        return 2.0 / ((self * -2.0).exp() + 1.0) - 1.0

    def sign(self) -> float:
        return float(self > 0) - float(self < 0)


class Spans:
    """The arithmetic, of so many powers of 2; as `Digits` one that a sample may have."""

    def __init__(self, bits: int) -> None:
        from mpmath import MPContext
        from mpmath.ctx_iv import MPIntervalContext

        self.context: Any = MPIntervalContext()
        self.context.prec = bits
        self.points: Any = MPContext()
        self.points.prec = bits
        by = self.points.ldexp(self.points.mpf(1), 16 - bits)
        self.about_1: Any = self.context.mpf([1 - by, 1 + by])

    def number(self, value: Fraction) -> Span:
        return Span(self, self.context.mpf(value.numerator) / self.context.mpf(value.denominator))

    def constant(self, name: str) -> Span:
        return Span(self, +getattr(self.context, name))

    def power(self, exponent: float) -> Span:
        """2 to any power."""
        whole = int(exponent // 1)
        rest = self.points.mpf(2.0 ** (exponent - whole))
        return Span(self, self.context.mpf(self.points.ldexp(rest, whole)))

    def array(self, values: np.ndarray) -> np.ndarray:
        """Doubles as they are; whole numbers stay."""
        values = np.asarray(values)
        if values.dtype.kind != "f":
            return values
        found: np.ndarray = np.empty(values.shape, dtype=object)
        for at, one in np.ndenumerate(values):
            found[at] = Span(self, self.context.mpf(float(one)))
        return found

    def met(self, *_: object) -> None:
        """Digits are counted by what is met; bounds need nothing of it."""

    met_number = met_power = saturated = met

    def met_product(self, term: object, parts: Iterable[object]) -> None:
        """Nothing either."""


@lru_cache(maxsize=4)
def spans(bits: int) -> Spans:
    return Spans(bits)
