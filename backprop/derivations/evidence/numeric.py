"""Both sides of a row at a random instance, where every assumption holds.

`sample` draws sizes and numbers, `scope` gives the values of symbols, on `evaluate` for terms and
`steps` for derivatives; here the numbers are moved onto the assumptions, and sides compared.
"""

from __future__ import annotations

import numpy as np

from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.steps import STEP
from backprop.derivations.evidence.values import OutsideDomainError, Value, apply, real
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.rewriting import names_in
from backprop.derivations.meaning.terms import Term
from backprop.derivations.meaning.world import World
from backprop.derivations.verdicts import Difference


class Instance(Sample):
    """A sample on which the assumptions hold. Raises `OutsideDomainError` if none is near."""

    def __init__(self, world: World, number: int, positive: bool = False) -> None:
        super().__init__(world, number, positive)
        self._assume()

    def _assume(self) -> None:
        """Move the variables onto the assumptions by Newton's method (least change)."""
        if not self.world.assumed:
            return
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
