"""Whether two sides differ by no more than rounding does: the last digits tell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backprop.derivations.evidence.instances import Instances
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.verdicts import Difference

CHANGES, DIGITS = 6, 1e-15  # how many changes of the last digits, and how large, relative
ROOM = 20  # a gap that is so many times as wide is none of rounding


def is_rounding(
    found: Difference,
    instances: Instances,
    instance: Sample,
    compared: Callable[[Scope], Difference],
) -> bool:
    """Is a gap no wider than what changes in the last digits of the variables make of it?

    found: the difference at `instance`; compared: the sides at another scope.
    """
    kept = dict(instance.variables)
    rng = instance.random("last digits")
    symbols = instances.world.symbols
    gaps = [found.left - found.right]
    try:
        for _ in range(CHANGES):
            instance.variables = {
                key: value * (1 + DIGITS * rng.uniform(-1, 1, value.shape))
                if value.dtype.kind == "f" and symbols[key].kind == "variable"
                else value
                for key, value in kept.items()
            }
            here = compared(Scope(instance, {}, direct=instances.direct))
            gaps.append(here.left - here.right)
    except OutsideDomainError:
        return True
    finally:
        instance.variables = kept
    return abs(gaps[0]) < ROOM * float(np.ptp(gaps))
