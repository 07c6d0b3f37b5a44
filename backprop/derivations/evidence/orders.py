r"""Equations up to O(h^k): how fast the gap shrinks with h."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from backprop.derivations.evidence.compare import compare
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import Instances
from backprop.derivations.evidence.precise import arithmetic, compared, exactness
from backprop.derivations.evidence.satisfy import draw_instance
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.nodes import items_of, key_of, split
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, Node
from backprop.derivations.verdicts import Difference

TINY, TINY_DIGITS = (1e-40, 1e-44), 1200  # values of h, and in how many digits
SHRINK = 2.0 ** -np.arange(3, 9)  # the values of h, in units of its own size


@dataclass(frozen=True)
class Order:
    """O(h^k): which number becomes small, and to which power."""

    symbol: str
    power: int
    node: Node


def without_order(node: Node, known: frozenset[str], small: set[str]) -> tuple[Node, Order | None]:
    r"""A side without its O(h^2), and what that says. `small`: the declared numbers."""
    if "O" in known or "\\mathcal{O}" in known:
        return node, None
    if node.kind != "sum":
        return node, None
    left, found = [], None
    for term in node.parts:
        items = items_of(term.parts[0])
        if (
            len(items) == 2
            and key_of(items[0]) in ("O", "\\mathcal{O}")
            and items[1].kind == "paren"
            and len(items[1].parts) == 1
        ):
            order = order_of(items[1].parts[0], small)
            if order is None or found is not None:
                start, end = items[0].start, items[1].end
                raise Unreadable("order", start, end, found="O(…)")
            found = order
        else:
            left.append(term)
    if found is None:
        return node, None
    if len(left) == 1 and left[0].value == "+":
        return left[0].parts[0], found
    return Node("sum", "", tuple(left), node.start, left[-1].end), found


def order_of(node: Node, small: set[str]) -> Order | None:
    base, sub, sup, primes = split(node)
    if base.kind == "paren" and base.value in ("abs", "norm") and len(base.parts) == 1:
        base = base.parts[0]
    key = key_of(base)
    if key not in small or sub is not NONE or primes:
        return None
    if sup is NONE:
        return Order(key, 1, node)
    power = sup.parts[0]
    if power.kind != "number" or not power.value.isdigit() or not 1 <= int(power.value) <= 6:
        return None
    return Order(key, int(power.value), node)


def too_large(instances: Instances, equation: Equation, order: Order) -> Difference | None:
    """The sides where the gap does not shrink as fast as h^k; None if it does. At most instances:
    where the leading term happens to be small, the next one hides it."""
    slow: list[Difference] = []
    fast = 0
    for number in range(4):
        for attempt in range(10):
            try:
                found = list(shrinking(instances, equation, order, number + 4 * attempt))
                break
            except OutsideDomainError:
                continue
        else:
            raise Unreadable("no-domain")
        gaps = np.array([abs(d.left - d.right) for d in found])
        floor = 1e-13 * max(max(abs(d.left), abs(d.right)) for d in found)
        good = gaps > 20 * floor
        if np.count_nonzero(good) < 2:
            continue  # equal but for rounding
        h = SHRINK[good]
        slope = np.polyfit(np.log(h[-4:]), np.log(gaps[good][-4:]), 1)[0]
        if slope < order.power - 0.35:
            slow.append(found[-1])
        else:
            fast += 1
    if len(slow) > fast:
        return slow[-1]
    return shrinks_late(instances, equation, order)


def shrinks_late(instances: Instances, equation: Equation, order: Order) -> Difference | None:
    """The same where h is so small that no coefficient hides what is of a lower power."""
    exact = exactness(instances.world, equation)
    if exact is None or instances.world.assumed:
        return None
    digits, sizes = arithmetic(TINY_DIGITS), []
    instance, last = draw_instance(instances.world, 0), None
    for size in TINY:
        value = instance.variables[order.symbol]
        instance.variables = {**instance.variables, order.symbol: np.full_like(value, size)}
        scope = Scope(instance, {}, direct=instances.direct)
        try:
            sides = compared(equation, scope, digits)
            last = compare(equation.left, equation.right, equation.dims, scope)
        except OutsideDomainError:
            return None
        if sides is None:
            return None
        sizes.append(np.max(np.abs(np.asarray(sides[0] - sides[1]))))
    limit = digits.context.mpf(10) ** -int(exact * TINY_DIGITS)
    if min(sizes) <= limit:
        return None
    slope = float(digits.context.log10(sizes[0] / sizes[1])) / np.log10(TINY[0] / TINY[1])
    return last if slope < order.power - 0.35 else None


def shrinking(
    instances: Instances, equation: Equation, order: Order, number: int
) -> Iterator[Difference]:
    instance = draw_instance(instances.world, number)
    value = instance.variables[order.symbol]
    for factor in SHRINK:
        size = np.sign(value) * (0.5 + np.abs(value) % 0.5) * factor
        instance.variables = {**instance.variables, order.symbol: size}
        scope = Scope(instance, {}, direct=instances.direct)
        yield compare(equation.left, equation.right, equation.dims, scope)
