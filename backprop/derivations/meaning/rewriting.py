"""Terms walked through and made anew: substitution, new bound names, what a term mentions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from backprop.derivations.meaning.lengths import Unknown, find
from backprop.derivations.meaning.terms import (
    Affine,
    At,
    Big,
    Index,
    Label,
    Lam,
    Shift,
    Term,
    Var,
    field_names,
    parts_of,
    walk,
)
from backprop.derivations.meaning.world import World

_made: ContextVar[int] = ContextVar("_made", default=0)


def fresh(letter: str = "i") -> str:
    """A name for an index variable that no author can write."""
    number = _made.get()
    _made.set(number + 1)
    return f"{letter.split('#')[0]}#{number}"


@contextmanager
def numbered(world: World) -> Iterator[None]:
    """Fresh names go on behind those of `world`: what is said of a derivation, in which terms
    stand in the order of their names, is the same whatever was verified before it."""
    before = _made.set(world.made)
    try:
        yield
    finally:
        world.made = _made.get()
        _made.reset(before)


def rebuild(value: Any, change: Callable[[Any], Any]) -> Any:
    """`value` with `change` applied to each term, position and length in it, inside out."""

    def one(item: Any) -> Any:
        if isinstance(item, Term | Var | At | Shift | Label | Affine):
            return rebuild(item, change)
        if isinstance(item, Unknown):
            return change(item)
        if isinstance(item, tuple):
            return tuple(one(x) for x in item)
        return item

    new = {name: one(getattr(value, name)) for name in field_names(value)}
    if any(made is not getattr(value, name) for name, made in new.items()):
        value = replace(value, **new)
    return change(value)


def substitute(term: Any, given: Mapping[str, Index]) -> Any:
    """Positions put in for index variables. Bound variables are unique, so nothing is captured."""
    if not given:
        return term

    def change(item: Any) -> Any:
        if isinstance(item, Var) and item.name in given:
            return given[item.name]
        if isinstance(item, Shift) and not isinstance(item.var, Var):
            inner = item.var
            if isinstance(inner, Shift):
                return Shift(inner.var, inner.by + item.by)
            if isinstance(inner, At):
                return At(inner.dim, inner.offset + item.by)
            if isinstance(inner, Affine):
                return flat(Affine((1,), (inner,), item.by))
        return flat(item) if isinstance(item, Affine) else item

    return rebuild(term, change)


def flat(index: Affine) -> Index:
    """An affine position of affine positions as one of index variables."""
    coefs: list[int] = []
    over: list[Index] = []
    offset = index.offset
    for c, inner in zip(index.coefs, index.over, strict=True):
        if isinstance(inner, Shift):
            coefs, over, offset = [*coefs, c], [*over, inner.var], offset + c * inner.by
        elif isinstance(inner, Affine):
            coefs += [c * k for k in inner.coefs]
            over += inner.over
            offset += c * inner.offset
        else:
            coefs, over = [*coefs, c], [*over, inner]
    found = Affine(tuple(coefs), tuple(over), offset)
    return over[0] if found.coefs == (1,) and not offset else found


def renamed(term: Any) -> Any:
    """The same term with new names for all bound variables (for a second copy of it)."""
    names: dict[str, Index] = {}
    for item in walk(term):
        if isinstance(item, Big):
            names[item.var] = Var(fresh(item.var))
        elif isinstance(item, Lam):
            names.update({v: Var(fresh(v)) for v, _ in item.vars})

    def change(item: Any) -> Any:
        if isinstance(item, Big) and item.var in names:
            return replace(item, var=names[item.var].name)  # type: ignore[union-attr]
        if isinstance(item, Lam):
            return replace(
                item,
                vars=tuple(
                    (names[v].name if v in names else v, d)  # type: ignore[union-attr]
                    for v, d in item.vars
                ),
            )
        return item

    return rebuild(substitute(term, names), change)


def free_indices(term: Any, bound: frozenset[str] = frozenset()) -> set[str]:
    if isinstance(term, Var):
        return set() if term.name in bound else {term.name}
    if isinstance(term, Big):
        bound = bound | {term.var}
    elif isinstance(term, Lam):
        bound = bound | {v for v, _ in term.vars}
    found: set[str] = set()
    for part in parts_of(term):
        found |= free_indices(part, bound)
    return found


def resolved(term: Any) -> Any:
    """`term` with every length that unification has found written in."""
    return rebuild(term, lambda item: find(item) if isinstance(item, Unknown) else item)
