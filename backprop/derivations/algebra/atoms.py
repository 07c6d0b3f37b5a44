"""Atoms as nested tuples, so that equal things are equal keys, and what is asked of such a tuple.

A `Poly` maps monomials to rational coefficients; a monomial is a frozenset of (atom, exponent).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

Atom = tuple[Any, ...]
Mono = frozenset[tuple[Atom, Fraction]]
Poly = dict[Mono, Fraction]

ONE_MONO: Mono = frozenset()
ROW, COLUMN = "row of ", "column of "


@lru_cache(1 << 16)
def lettered(item: Any) -> str:
    """An item as text, the same for equal items: they are put in order by it.

    `repr` will not do: it shows a set in the order in which its members happen to lie.
    """
    if isinstance(item, frozenset):
        return "{" + ",".join(sorted(map(lettered, item))) + "}"
    if isinstance(item, tuple):
        return "(" + ",".join(map(lettered, item)) + ")"
    return str(item) if isinstance(item, int | Fraction) else repr(item)


def mentions(item: Any, what: Atom) -> bool:
    if item == what:
        return True
    if isinstance(item, tuple | frozenset):
        return any(mentions(x, what) for x in item)
    return False


def replaced(item: Any, names: dict[Atom, Atom]) -> Any:
    if isinstance(item, tuple):
        if item in names:
            return names[item]
        new = tuple(replaced(x, names) for x in item)
        if len(new) == 3 and new[0] == "sh" and new[1][0] in ("sh", "at"):
            inner = new[1]
            return (*inner[:2], inner[2] + new[2])
        if len(new) == 3 and new[0] == "delta":
            return ("delta", *sorted(new[1:], key=lettered))
        return new
    if isinstance(item, frozenset):
        return frozenset(replaced(x, names) for x in item)
    return item


def level(item: Any) -> int:
    """How deep sums nest in an atom."""
    if isinstance(item, tuple):
        inner = max((level(x) for x in item), default=0)
        return inner + 1 if item and item[0] == "sum" else inner
    if isinstance(item, frozenset):
        return max((level(x) for x in item), default=0)
    return 0


def matrix_indices(key: Any) -> tuple[Atom, Atom]:
    """The row and the column of a matrix that is inverted, by the names that they have in its key:
    other ones than those of the matrices in it."""
    depth = nesting(key)
    return ("v", f"{ROW}{depth}"), ("v", f"{COLUMN}{depth}")


def nesting(item: Any) -> int:
    """How deep matrices that are inverted nest."""
    if isinstance(item, tuple):
        inner = max((nesting(x) for x in item), default=0)
        return inner + (bool(item) and item[0] in ("inv", "det"))
    if isinstance(item, frozenset):
        return max((nesting(x) for x in item), default=0)
    return 0
