"""The backward of einsum is an einsum: swap the operand's letters with the result's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop.writer import text
from backprop.writer.text import Tree

if TYPE_CHECKING:
    from backprop.writer.expand import Filling

Shape = tuple[int, ...]


def contract(filling: Filling, tree: ast.expr) -> tuple[Tree, Shape]:
    """`np.einsum("nm,dm->nd", dout, w)`: the gradient of one operand of an einsum.

    A letter that only this operand has was summed; its gradient is the same along it, so
    ones take its place. A letter that it has twice stands for its diagonal, so an identity
    matrix does.
    """
    operands = list(filling.node.arguments["operands"])
    which = _position(operands, filling.position)
    terms, result = parts(filling.node.arguments["subscripts"])
    wanted = terms[which]
    spare = iter(c for c in _LETTERS if c not in "".join([*terms, result]))
    names = [result, *(term for i, term in enumerate(terms) if i != which)]
    factors: list[Tree] = [filling.expand(tree)[0]]
    factors += [filling.literal(operand) for i, operand in enumerate(operands) if i != which]
    # a shape names each letter's length
    lengths = {letter: (which, axis) for axis, letter in enumerate(_core(wanted))}
    target = ""
    seen: set[str] = set()
    for letter in wanted:
        if letter in seen and letter != ".":
            twin = next(spare)
            names.append(letter + twin)
            factors.append(text.called("np.eye", _length(filling, operands, lengths[letter])))
            target += twin
        else:
            target += letter
        seen.add(letter)
    for letter in dict.fromkeys(_core(wanted)):
        if not any(letter in name for name in names):
            names.append(letter)
            factors.append(text.called("np.ones", _length(filling, operands, lengths[letter])))
    dots = "..." in result
    if dots and "..." not in target:
        target = "..." + target
    subscripts = f"{','.join(names)}->{target}"
    core = len(_core(wanted))
    own = np.shape(_value(operands[which]))
    batch = filling.node.shape[: len(filling.node.shape) - len(_core(result))] if dots else ()
    full = (*batch, *(own[len(own) - core :] if core else ()))
    filling.full = full
    return text.called("np.einsum", text.constant(subscripts), *factors), full


_LETTERS = "ijklmnpqrstuvwxyzabcdefgho"


def parts(subscripts: str) -> tuple[list[str], str]:
    """The letters of each operand and of the result; without `->` as numpy fills it in."""
    subscripts = subscripts.replace(" ", "")
    left, arrow, result = subscripts.partition("->")
    terms = left.split(",")
    if not arrow:
        letters = left.replace(",", "").replace(".", "")
        result = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
        if "..." in left:
            result = "..." + result
    return terms, result


def _core(term: str) -> str:
    return term.replace(".", "")


def _value(operand: Any) -> Any:
    return getattr(operand, "value", operand)


def _length(filling: Filling, operands: list[Any], place: tuple[int, int]) -> Tree:
    which, axis = place
    operand = operands[which]
    core = len(_core(parts(filling.node.arguments["subscripts"])[0][which]))
    return filling.writer.length(operand, np.ndim(operand.value) - core + axis)


def _position(operands: list[Any], position: int) -> int:
    nodes = [i for i, operand in enumerate(operands) if hasattr(operand, "rule")]
    return nodes[position]
