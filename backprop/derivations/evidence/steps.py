"""Derivatives by steps: a complex one, or, for a derivative inside a derivative, several real
ones, by Richardson extrapolation of central differences."""

from __future__ import annotations

from typing import Self

import numpy as np

from backprop.derivations.evidence.evaluate import Evaluation
from backprop.derivations.evidence.values import Value, apply, gather, richardson
from backprop.derivations.meaning.terms import Deriv, Entry, Slope, walk

STEP = 1e-25


class Steps(Evaluation):
    """Evaluates derivatives: the symbol is moved, and all that follows it."""

    @property
    def is_complex(self) -> bool:
        moved = self.values.get(self.moved)
        moved = moved if self.added is None else self.added
        return (moved is not None and np.iscomplexobj(moved.array)) or (
            self.parent is not None and self.parent.is_complex
        )

    def _slope(self, term: Slope, at: dict[str, Value], shift: str) -> Value:
        point = self.term(term.at, at, shift)

        def value(u: Value) -> Value:
            inner = type(self)(self.instance, self.levels, self, term.var, u, frozenset())
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
    ) -> tuple[Self, str]:
        """A scope in which each entry of `key` is moved in turn, along a new axis."""
        value = self.get(key)
        axes = tuple(f"#{k}" for k in range(len(self.world.symbols[key].shape)))
        shape = self.instance.shape(self.world.symbols[key].shape)
        size = int(np.prod(shape))
        depth = 0
        scope: Self | None = self
        while scope is not None:
            depth += 1
            scope = scope.parent
        batch = f"@{depth}"
        unit = Value((batch, *axes), np.eye(size).reshape((size, *shape)))
        factor = 1j * step if step == STEP else step
        if self.world.symbols[key].recurrence is not None:
            inner = type(self)(self.instance, self.levels, self, key, None, only)
            inner.added = Value(unit.names, factor * unit.array)
            return inner, batch
        moved = apply(lambda v, e: v + factor * e, value, unit)
        return type(self)(self.instance, self.levels, self, key, moved, only), batch

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

        if not self.is_complex and not term.body.differentiates:
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
        return gather(jacobian, self.places(term.at, jacobian, at))

    def reads_direct(self) -> bool:
        return self.direct or (self.parent is not None and self.parent.reads_direct())
