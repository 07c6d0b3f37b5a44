"""How far the expectations of a row may be off, which a quadrature gives."""

from __future__ import annotations

import numpy as np

from backprop.derivations.evidence.compare import values
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import INSTANCES, Instances
from backprop.derivations.evidence.values import OutsideDomainError

QUADRATURES = ("weights of normal", "weights of uniform")
BLURRED = 1e-8  # relative: an expectation that is off by more decides nothing


def blur(instances: Instances, equation: Equation) -> float | None:
    """The largest error, relative to the sides; None without any expectation."""
    world = instances.world
    laws = (world.symbols[n].law for n in equation.rests_on(world))
    if not any(w is not None and w.kind in QUADRATURES for w in laws):
        return None
    error = 0.0
    for number in range(2):
        for attempt in range(10):
            try:
                fine, coarse = (
                    instances.scope(number + INSTANCES * attempt, attempt % 2 == 1, {}, kind)
                    for kind in ("", "coarse")
                )
                for side in (equation.left, equation.right):
                    a, b = (values(side, equation.dims, s) for s in (fine, coarse))
                    scale = max(float(np.max(np.abs(a))), 1e-3)
                    error = max(error, float(np.max(np.abs(a - b))) / scale)
                break
            except OutsideDomainError:
                continue
    return error
