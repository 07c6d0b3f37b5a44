r"""Equal but for what does not depend on a variable: f = g + \text{const}, f \propto g.

Of which variable, the prose says, "as functions of $x$". Two sides differ by a constant where their
derivatives by it are the same, and by a factor where those of their logarithms are.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import numpy as np

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import INSTANCES, INSTANCES_AT_KINKS, Instances
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.satisfy import draw_instance, satisfy
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError, real
from backprop.derivations.meaning.nodes import key_of
from backprop.derivations.meaning.rewriting import renamed
from backprop.derivations.meaning.terms import Deriv, Term, Var, mul
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, Node
from backprop.derivations.verdicts import Difference

CONSTANTS = frozenset(
    f"\\mathrm{{{word}}}" for word in ("const", "constant", "constants", "Const", "cst")
)
CLOSE = 1e-7  # relative: what is left out at two places
BY = ("by1", "by2", "by3", "by4")  # what the axes of the variable are called


def without_constant(node: Node, known: frozenset[str]) -> tuple[Node, bool]:
    """A side without its constant, and whether it has one."""
    if key_of(node) in CONSTANTS - known:
        return Node("number", "0", (), node.start, node.end), True
    if node.kind != "sum":
        return node, False
    kept = [t for t in node.parts if key_of(t.parts[0]) not in CONSTANTS - known]
    if len(kept) == len(node.parts):
        return node, False
    if not kept:
        return Node("number", "0", (), node.start, node.end), True
    if len(kept) == 1 and kept[0].value == "+":
        return kept[0].parts[0], True
    return Node("sum", "", tuple(kept), node.start, kept[-1].end) if kept else NONE, True


def by_each(instances: Instances, equation: Equation, factor: bool) -> Iterator[Equation]:
    """The derivatives of both sides by each variable; factor: those of their logarithms, times
    both sides."""
    world = instances.world
    for key in world.moving:
        shape = world.symbols[key].shape
        at = tuple(Var(name) for name in BY[: len(shape)])
        dims = {**equation.dims, **dict(zip(BY, shape, strict=False))}

        def slope(term: Term, key: str = key, at: tuple[Var, ...] = at) -> Term:
            return Deriv(renamed(term), key, at, True)

        left, right = slope(equation.left), slope(equation.right)
        if factor:
            left, right = mul(equation.right, left), mul(equation.left, right)
        yield replace(equation, left=left, right=right, dims=dims)


def vanishes(instances: Instances, equation: Equation) -> bool:
    """Is one side 0 throughout, and the other not? No factor makes that of it."""
    seen = [False, False]
    for number in range(INSTANCES):
        try:
            scope = instances.scope(number, True, {})
            for k, side in enumerate((equation.left, equation.right)):
                seen[k] = seen[k] or bool(np.any(scope.of(side, equation.dims).array != 0))
        except OutsideDomainError:
            continue
    return seen[0] != seen[1]


def leaps(instances: Instances, equation: Equation, factor: bool) -> Difference | None:
    """Two places between which what is left out changes, as |x| / x does without a slope. Raises
    `Unreadable` where no two can be compared."""
    world, compared = instances.world, False
    for number in range(INSTANCES_AT_KINKS):
        try:
            first = draw_instance(world, number)
            second = elsewhere(first)
            here, there = (Scope(s, {}, direct=instances.direct) for s in (first, second))
            values = [
                np.asarray(scope.of(side, equation.dims).along(tuple(equation.dims)))
                for scope in (here, there)
                for side in (equation.left, equation.right)
            ]
        except OutsideDomainError:
            continue
        a, b, c, d = (real(v) for v in values)
        left, right = (a * d, c * b) if factor else (a - c, b - d)
        scale = np.max(np.abs([np.max(np.abs(v), initial=0) for v in (a, b, c, d)]))
        size = max(float(scale**2 if factor else scale), 1e-300)
        gap = np.max(np.abs(left - right), initial=0) / size
        compared = compared or bool(np.isfinite(gap))
        if np.isfinite(gap) and gap > CLOSE:
            where = dict.fromkeys(equation.dims, 0)
            pair = (float(np.ravel(left)[0]), float(np.ravel(right)[0]))
            return Difference(float(gap), *pair, where, dict(first.sizes), world.first)
    if not compared:
        raise Unreadable("no-domain")
    return None


def elsewhere(sample: Sample) -> Sample:
    """The same with other numbers for what the row is a function of, at which the assumptions hold
    as well. Raises `OutsideDomainError` if there are none near."""
    world = sample.world
    found, other = copy(sample), Sample(world, sample.number, positive=sample.number % 2 == 0)
    found.variables = dict(sample.variables)
    for key in world.moving:
        moved, symbol = other.variables[key], world.symbols[key]
        signs = symbol.bounds == (None, None) and not symbol.positive
        turned = other.random("place", key).choice((-1, 1), moved.shape) if signs else 1
        found.variables[key] = moved * turned
    own = {key for key in found.variables if key[0] != "#"}  # but the slack of an inequality
    found.held = own - set(world.moving)
    if world.assumed:
        with np.errstate(all="ignore"):
            satisfy(found)
    return found
