"""Two sides as numbers over the same named positions, every length known."""

from __future__ import annotations

from backprop.derivations.meaning import Context, arrays
from backprop.derivations.meaning.lengths import Dim, Unknown, find, show_shape, unify
from backprop.derivations.meaning.rewriting import resolved
from backprop.derivations.meaning.shifts import inside, without_idle
from backprop.derivations.meaning.terms import Term, Var, mul, num, walk
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import Node


def check_known(term: Term, reader: Context, node: Node) -> None:
    """Every length must be known by now."""
    for item in walk(term):
        for dim in (getattr(item, "dim", None), *(d for _, d in getattr(item, "vars", ()))):
            if isinstance(dim, Unknown):
                raise reader.fail("shape-unknown", node, better="\\mathbf{1}_n")


def equate(
    reader: Context, a: arrays.Array, b: arrays.Array, left: Node, right: Node
) -> tuple[Term, Term, dict[str, Dim]]:
    """Two sides as numbers over named positions. Raises `Unreadable` where shapes differ."""
    a, b = arrays.columns(a), arrays.columns(b)
    zero = num(0)
    if a.shape and not b.shape and b.term == zero:
        b = arrays.zeros(a.shape)
    elif b.shape and not a.shape and a.term == zero:
        a = arrays.zeros(b.shape)
    if len(a.shape) != len(b.shape) or not all(
        unify(x, y) for x, y in zip(a.shape, b.shape, strict=True)
    ):
        hint = ""
        if sorted(map(str, map(find, a.shape))) == sorted(map(str, map(find, b.shape))):
            hint = " (^\\top ?)"
        raise Unreadable(
            "shape",
            left.start,
            right.end,
            left=show_shape(a.shape),
            right=show_shape(b.shape),
            found=f"{reader.text(left)} = {reader.text(right)}".strip(" ="),
            hint=hint,
        )
    names = ["row", "col", "axis3", "axis4"][: len(a.shape)]
    at = tuple(Var(n) for n in names)
    dims: dict[str, Dim] = dict(zip(names, a.shape, strict=True))
    for letter, place in reader.free.items():
        dims[letter] = reader.dims[letter]
        if isinstance(find(dims[letter]), Unknown):
            raise reader.fail("index-unknown", place, found=letter)
        if letter in reader.binders:
            raise reader.fail("index-collision", place, found=letter, binder=reader.binders[letter])
    first, second = resolved(a.at(at)), resolved(b.at(at))
    outside = [g for g in reader.guards if not inside(reader.world, g, dims)]
    if outside:  # it holds where all of its positions exist
        mask = resolved(mul(*dict.fromkeys(g.test for g in outside)))
        first, second = mul(mask, first), mul(mask, second)
    first, second = (without_idle(reader.world, t, dims) for t in (first, second))
    check_known(first, reader, left)
    check_known(second, reader, right)
    return first, second, {k: find(d) for k, d in dims.items()}
