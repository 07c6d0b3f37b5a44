"""A pattern matched against an atom: which indices make the one the other?

An assumption such as Σ_k y_ik = 1 is a rule for every i. Its sum is the pattern; its free indices
are tried at all positions that occur in the atom, which are few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from backprop.derivations.algebra.atoms import Atom, lettered, mentions, replaced


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


PLACES = ("v", "b", "at", "label")


@dataclass(frozen=True)
class Pattern:
    """Factors within a sum: `bound` are the indices that it runs over, each with its range, and
    `free` may be anything that says which entry is meant."""

    factors: tuple[tuple[Atom, Any], ...]
    bound: dict[Atom, Any]
    free: frozenset[Atom]

    def found_in(
        self, ranges: dict[Atom, Any], factors: list[tuple[Atom, Any]]
    ) -> Iterator[tuple[dict[Atom, Atom], frozenset[int]]]:
        """Where the factors occur among those of a sum over `ranges`: what stands for the indices,
        and which factors they are."""
        for names, used in self._from(0, {}, frozenset(), ranges, factors):
            over = [names[b] for b in self.bound]
            left = [a for k, (a, _) in enumerate(factors) if k not in used]
            if len(set(over)) == len(over) and not any(mentions(a, v) for a in left for v in over):
                yield names, used

    def _from(
        self,
        number: int,
        names: dict[Atom, Atom],
        used: frozenset[int],
        ranges: dict[Atom, Any],
        factors: list[tuple[Atom, Any]],
    ) -> Iterator[tuple[dict[Atom, Atom], frozenset[int]]]:
        if number == len(self.factors):
            if all(b in names for b in self.bound):
                yield names, used
            return
        pattern, e = self.factors[number]
        for k, (atom, x) in enumerate(factors):
            if k in used or x != e or atom[:2] != pattern[:2]:
                continue
            more = self._unified(pattern, atom, names, ranges)
            if more is not None and replaced(pattern, more) == atom:
                yield from self._from(number + 1, more, used | {k}, ranges, factors)

    def _unified(
        self, pattern: Any, item: Any, names: dict[Atom, Atom], ranges: dict[Atom, Any]
    ) -> dict[Atom, Atom] | None:
        if isinstance(pattern, tuple) and pattern in self.bound:
            if item not in ranges or ranges[item] != self.bound[pattern]:
                return None
        elif not (isinstance(pattern, tuple) and pattern in self.free):
            if not isinstance(pattern, tuple) or not isinstance(item, tuple):
                return names if pattern == item or isinstance(pattern, frozenset) else None
            if len(pattern) != len(item):
                return None
            for a, b in zip(pattern, item, strict=True):
                found = self._unified(a, b, names, ranges)
                if found is None:
                    return None
                names = found
            return names
        elif not isinstance(item, tuple) or not item or item[0] not in PLACES:
            return None
        if pattern in names:
            return names if names[pattern] == item else None
        return {**names, pattern: item}


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
