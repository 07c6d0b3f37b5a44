"""The two sides of a row at one instance: their numbers, and where they differ most."""

from __future__ import annotations

import numpy as np

from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError, real
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.terms import Term
from backprop.derivations.verdicts import Difference


def values(term: Term, dims: dict[str, Dim], scope: Scope) -> np.ndarray:
    """A side at one instance. Raises `OutsideDomainError`."""
    full = tuple(scope.instance.length(d) for d in dims.values())
    array = np.broadcast_to(scope.of(term, dims).along(tuple(dims)), full)
    if not np.all(np.isfinite(array)):
        raise OutsideDomainError("not finite")
    return real(array)


def compare(left: Term, right: Term, dims: dict[str, Dim], scope: Scope) -> Difference:
    """Both sides at one instance. Raises `OutsideDomainError`."""
    names = tuple(dims)
    a, b = (values(side, dims, scope) for side in (left, right))
    gap = np.abs(a - b)
    worst = np.unravel_index(int(np.argmax(gap)), gap.shape) if gap.ndim else ()
    scale = max(float(np.max(np.abs(a))), float(np.max(np.abs(b))), 1e-3)
    return Difference(
        float(np.max(gap)) / scale,
        float(a[worst]),
        float(b[worst]),
        {n: int(k) for n, k in zip(names, worst, strict=True)},
        dict(scope.instance.sizes),
        scope.world.first,
    )
