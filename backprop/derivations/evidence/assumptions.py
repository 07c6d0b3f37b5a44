"""What is assumed, against numbers: which premises a row needs, whether bounds are kept."""

from __future__ import annotations

import numpy as np

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.estimates import SLACK, compare_order
from backprop.derivations.evidence.instances import INSTANCES, INSTANCES_AT_KINKS, Instances
from backprop.derivations.evidence.values import OutsideDomainError, real
from backprop.derivations.problems import Unreadable


def premises(instances: Instances, equation: Equation, levels: dict[str, int]) -> tuple[str, ...]:
    """The assumptions without which the row would not hold, as they are written."""
    near = instances.near(equation)
    one = {k: frozenset({k}) for k in sorted(near)}
    needed = [k for k in one if not holds_without(one[k], instances, equation, levels)]
    if near and not needed and not holds_without(near, instances, equation, levels):
        needed = sorted(near)  # either of two would do
    return tuple(instances.world.assumed[k].tex for k in needed)


def holds_without(
    without: frozenset[int], instances: Instances, equation: Equation, levels: dict[str, int]
) -> bool:
    with instances.leaving_out(without):
        try:
            if equation.op != "=":
                return not is_violated(instances, equation)
            return instances.worst(equation, levels) is None
        except Unreadable:
            return False


def is_violated(instances: Instances, equation: Equation) -> bool:
    """Does an inequality fail at one of a few random instances?"""
    for number in range(INSTANCES_AT_KINKS):
        try:
            scope = instances.scope(number, number % 2 == 1, {})
            if compare_order(equation, equation.op, scope).error > SLACK:
                return True
        except OutsideDomainError:
            continue
    return False


def keep_bounds(instances: Instances) -> None:
    """What is declared within bounds and then defined must lie in them. Raises `Unreadable`."""
    for key, symbol in instances.world.symbols.items():
        low, high = symbol.bounds
        if symbol.definition is None or (low, high) == (None, None):
            continue
        for number in range(INSTANCES):
            try:
                value = real(instances.scope(number, False, {}).get(key).array)
            except OutsideDomainError:
                continue
            if (low is not None and np.any(value < float(low))) or (
                high is not None and np.any(value > float(high))
            ):
                bounds = " < ".join(str(b) for b in (low, key, high) if b is not None)
                found = f"{bounds}, {key} = {float(np.ravel(value)[0]):.6g}"
                raise Unreadable("contradictory", found=found)
