"""Lengths of axes: the name of a size, a number, or open until unification finds it."""

from __future__ import annotations


class Unknown:
    """The length of an axis that nothing has said yet; `find` follows it."""

    def __init__(self) -> None:
        self.value: Dim | None = None


Dim = str | int | Unknown  # a size's name, a number, or not known yet


def find(dim: Dim) -> Dim:
    while isinstance(dim, Unknown) and dim.value is not None:
        dim = dim.value
    return dim


def unify(a: Dim, b: Dim) -> bool:
    """Make two lengths the same; False if they are known and differ."""
    a, b = find(a), find(b)
    if a is b or a == b:
        return True
    if isinstance(a, Unknown):
        a.value = b
        return True
    if isinstance(b, Unknown):
        b.value = a
        return True
    return False


def show_shape(shape: tuple[Dim, ...]) -> str:
    names = ["?" if isinstance(find(d), Unknown) else str(find(d)) for d in shape]
    return " × ".join(names) if names else "1"
