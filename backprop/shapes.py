"""Thinking by shape: which products, sums and transposes of what I have fit what I want?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop.common.words import sayer

Shape = tuple[int, ...]
WORDS = {
    "square": {
        "en": "{names} is square: shapes cannot tell it from its transpose; "
        "try lengths that differ",
        "zh": "{names} 是方阵：只看形状分不清转置与否；换成各不相同的长度再试",
    },
    "several": {
        "en": "more than one expression fits: shapes alone cannot decide",
        "zh": "有不止一个式子符合；只看形状定不下来",
    },
}
say = sayer(WORDS)


class Fits(list[str]):
    """The expressions that fit, simplest first; `warning` says when shapes cannot decide.

    A list of str; `warning` is None, or a sentence.
    """

    def __init__(self, found: list[str], warning: str | None) -> None:
        super().__init__(found)
        self.warning = warning

    def __str__(self) -> str:
        lines = list(self) or ["nothing fits: no product, sum or transpose of the operands"]
        return "\n".join([*lines, *([f"({self.warning})"] if self.warning else [])])


def by_shape(want: Any, *, lang: str = "en", **operands: Any) -> Fits:
    """The products, sums and transposes of the operands that have the wanted shape.

    >>> N, D, M = 5, 4, 3
    >>> by_shape((N, D), dout=(N, M), w=(D, M))
    ['dout @ w.T']

    Parameters
    ----------
    want : shape, array or int
        What the result shall be like; an int is a number of entries.
    lang : "en" or "zh"
        The language of the warning.
    **operands : shape or array
        By name. Each expression uses every operand once.

    Returns
    -------
    Fits
        A list of expressions, simplest first. Where lengths coincide (square matrices), shapes
        cannot tell `x` from `x.T`: then several expressions fit, and `warning` says so.

    Raises
    ------
    ValueError
        There is no operand, or a shape is not made of lengths.
    """
    goal = _shape("want", want)
    shapes = {name: _shape(name, value) for name, value in operands.items()}
    if not shapes:
        raise ValueError("by_shape needs operands: by_shape((N, D), dout=(N, M), w=(D, M))")
    best: dict[str, int] = {}
    for order in itertools.permutations(shapes):
        for text, shape, cost in _products([(name, shapes[name]) for name in order]):
            for full, final, more in _reduced(text, shape, goal):
                if final == goal:
                    total = cost + more + (0 if order == tuple(shapes) else 1)
                    best[full] = min(best.get(full, total), total)
    ranked = sorted(best, key=lambda text: (best[text], len(text), text))
    square = any(len(s) == 2 and s[0] == s[1] for s in shapes.values())
    least = best[ranked[0]] if ranked else 0
    found = [text for text in ranked if best[text] <= least + (2 if square else 0)][:8]
    return Fits(found, _blind(found, goal, shapes, lang))


def _shape(name: str, value: Any) -> Shape:
    if isinstance(value, np.ndarray):
        result: Shape = value.shape
        return result
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return (int(value),)
    if isinstance(value, (tuple, list)) and all(
        isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n >= 0 for n in value
    ):
        return tuple(int(n) for n in value)
    raise ValueError(f"{name} is {value!r}; give a shape such as (5, 4), or an array")


def _forms(name: str, shape: Shape) -> Iterator[tuple[str, Shape, int]]:
    """An operand as it is, and transposed."""
    yield name, shape, 0
    if len(shape) == 2:
        yield f"{name}.T", shape[::-1], 1


def _products(parts: list[tuple[str, Shape]]) -> Iterator[tuple[str, Shape, int]]:
    """Every product of the parts in this order: matrix, elementwise, outer."""
    (name, shape), *rest = parts
    if not rest:
        yield from _forms(name, shape)
        return
    for split in range(1, len(parts)):
        for left, right in itertools.product(
            list(_products(parts[:split])), list(_products(parts[split:]))
        ):
            yield from _product(left, right)


def _product(
    left: tuple[str, Shape, int], right: tuple[str, Shape, int]
) -> Iterator[tuple[str, Shape, int]]:
    (a, s, i), (b, t, j) = left, right
    wrapped = f"({b})" if " " in b else b
    if s and t and s[-1] == t[0 if len(t) == 1 else -2] and len(s) <= 2 and len(t) <= 2:
        shape = s[:-1] + (t[1:] if len(t) == 2 else ())
        yield f"{a} @ {wrapped}", shape, i + j + 1 + (wrapped != b)
    if ".T" not in a + b or s == t:
        both = _broadcast(s, t)
        if both is not None and a < b:  # elementwise products commute: one order is enough
            yield f"{_factor(a)} * {_factor(b)}", both, i + j + (1 if s == t else 2)
    if len(s) == len(t) == 1:
        yield f"np.outer({a}, {b})", s + t, i + j + 2


def _broadcast(s: Shape, t: Shape) -> Shape | None:
    try:
        return np.broadcast_shapes(s, t)
    except ValueError:
        return None


def _factor(text: str) -> str:
    return f"({text})" if "@" in text else text


def _reduced(text: str, shape: Shape, goal: Shape) -> Iterator[tuple[str, Shape, int]]:
    """The expression itself, and its sums over one axis or more."""
    yield text, shape, 0
    if "@" in text or "outer" in text or text.count(".T") > text.count("*"):
        return  # a shorter product, or the sum of what is not transposed, says the same
    for count in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            rest = tuple(n for i, n in enumerate(shape) if i not in axes)
            kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
            axis = str(axes[0]) if count == 1 else str(axes)
            said = f", axis={axis}" if count < len(shape) else ""
            yield f"np.sum({text}{said})", rest, 2 * count
            if kept == goal != rest:
                yield f"np.sum({text}, axis={axis}, keepdims=True)", kept, 2 * count + 1


def _blind(found: list[str], goal: Shape, shapes: dict[str, Shape], lang: str) -> str | None:
    """Which equal lengths make shapes blind."""
    lengths = [n for shape in shapes.values() for n in shape]
    square = [name for name, s in shapes.items() if len(s) == 2 and s[0] == s[1]]
    if len(found) < 2 or not (square or len(set(lengths)) < len(lengths)):
        return None
    if square:
        return say("square", lang, names=", ".join(square))
    return say("several", lang)
