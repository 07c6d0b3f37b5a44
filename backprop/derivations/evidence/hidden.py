r"""What is equal to all digits of a double, and yet not equal: x + e^{-100} = x.

A row that no proof covers is compared once more in many digits, at numbers at which it held in
doubles.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from backprop.derivations.evidence.blur import QUADRATURES
from backprop.derivations.evidence.digits import FIRST
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import INSTANCES, INSTANCES_AT_KINKS, Instances
from backprop.derivations.evidence.precise import arithmetic, exactness, gap_at
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.terms import Term
from backprop.derivations.meaning.world import World
from backprop.derivations.verdicts import Difference

SMOOTH = 2  # samples of a row without corners; the first that has a value of some
TRIES = 6
ALIKE = 0.01  # relative: a gap that other points of quadrature leave as it is
ALL_BUT_0 = 1e-4  # what is taken not to vanish is larger


def hidden(
    instances: Instances, equation: Equation, op: str = "=", divided: Iterable[Term] = ()
) -> Difference | None:
    """A difference, or a violated inequality, that doubles do not show; None if none is found.
    divided: what is taken not to vanish. Raises `Unreadable` where it takes too many digits."""
    exact = exactness(instances.world, equation)
    if exact is None:
        return None
    bent = instances.count(equation) == INSTANCES_AT_KINKS
    seen = 0
    for number in range(TRIES):
        try:
            here = instances.scope(number, number % 2 == 1, {})
            if any(np.any(np.abs(here.of(t, equation.dims).array) < ALL_BUT_0) for t in divided):
                continue
        except OutsideDomainError:
            continue
        found = difference(instances, equation, op, number, exact)
        if found is not None:
            return found
        seen += 1
        if seen == (INSTANCES if bent else SMOOTH):
            break
    return None


def difference(
    instances: Instances, equation: Equation, op: str, number: int, exact: float
) -> Difference | None:
    """Both sides at one sample, in as many digits as it takes. Raises `Unreadable`."""
    doubles = instances.scope(number, number % 2 == 1, {})
    found = gap_at(equation, op, doubles, exact)
    if found is None:
        return None
    gap, (a, b), limit = found
    worst = np.unravel_index(int(np.argmax(gap)), gap.shape) if gap.ndim else ()
    most = gap[worst]
    if most < -limit or (most <= limit and op not in ("<", ">")):
        return None
    names = equation.left.names | equation.right.names
    if any(is_quadrature(instances.world, n) for n in names):
        try:
            coarse = gap_at(
                equation, op, instances.scope(number, number % 2 == 1, {}, "coarse"), exact
            )
        except OutsideDomainError:
            coarse = None
        if coarse is None:
            return None
        equal = op != "=" and abs(most) <= limit and abs(coarse[0][worst]) <= coarse[2]
        if not equal and (op != "=" or abs(coarse[0][worst] - most) > ALIKE * most):
            return None  # of the quadrature
    return Difference(
        1.0,
        float(a[worst]),
        float(b[worst]),
        {n: int(k) for n, k in zip(equation.dims, worst, strict=True)},
        dict(doubles.instance.sizes),
        instances.world.first,
        "0" if most <= limit else str(arithmetic(FIRST).context.nstr(most, 2)),
    )


def is_quadrature(world: World, name: str) -> bool:
    laws = (world.symbols[n].law for n in world.below(name))
    return any(w is not None and w.kind in QUADRATURES for w in laws)
