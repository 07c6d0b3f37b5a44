"""A pattern matched against an atom: which indices make the one the other?

An assumption such as Σ_k y_ik = 1 is a rule for every i. Its sum is the pattern; its free indices
are tried at all positions that occur in the atom, which are few.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from backprop.derivations.algebra.atoms import Atom, lettered, replaced


def match(pattern: Any, item: Any, names: dict[Atom, Atom]) -> dict[Atom, Atom] | None:
    """The choice of the pattern's free indices that makes it `item`."""
    variables = sorted(free_variables(pattern), key=lettered)
    candidates = sorted(positions(item), key=lettered)
    if not variables:
        return {} if pattern == item else None
    if len(variables) > 2:
        return None
    for choice in product(candidates, repeat=len(variables)):
        names = dict(zip(variables, choice, strict=True))
        if replaced(pattern, names) == item:
            return names
    return None


def free_variables(item: Any) -> set[Atom]:
    """The indices by name; those that a sum binds are numbered."""
    if isinstance(item, tuple) and len(item) == 2 and item[0] == "v":
        return {item}
    if isinstance(item, tuple | frozenset):
        return set().union(*(free_variables(x) for x in item)) if item else set()
    return set()


def positions(item: Any) -> set[Atom]:
    """Everything in `item` that says which entry is meant."""
    found: set[Atom] = set()
    if isinstance(item, tuple) and item and item[0] in ("v", "b", "at", "label", "sh"):
        found.add(item)
    if isinstance(item, tuple | frozenset):
        for x in item:
            found |= positions(x)
    return found
