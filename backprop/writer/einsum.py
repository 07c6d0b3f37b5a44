"""The backward of einsum is an einsum: swap the operand's letters with the result's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop.writer import text
from backprop.writer.text import Tree

if TYPE_CHECKING:
    from backprop.graph import Node
    from backprop.writer.expand import Filling

Shape = tuple[int, ...]


def contract(
    filling: Filling, tree: ast.expr, operand: ast.expr | None = None
) -> tuple[Tree, Shape]:
    """`np.einsum("nm,dm->nd", dout, w)`: the gradient of one operand of an einsum.

    That operand is named where it is a parameter of its own, as those of `np.tensordot` are.

    A letter that only this operand has was summed; its gradient is the same along it, so
    ones take its place. A letter that it has twice stands for its diagonal, so an identity
    matrix does.
    """
    subscripts, operands = spelt(filling.node)
    if isinstance(operand, ast.Name):
        which = list(filling.node.arguments).index(operand.id)
    else:
        which = _position(operands, filling.position)
    terms, result = parts(subscripts)
    wanted = terms[which]
    spare = iter(c for c in _LETTERS if c not in "".join([*terms, result]))
    names = [result, *(term for i, term in enumerate(terms) if i != which)]
    factors: list[Tree] = [filling.expand(tree)[0]]
    factors += [filling.literal(operand) for i, operand in enumerate(operands) if i != which]
    # a shape names each letter's length
    lengths = {letter: (operands[which], axis) for axis, letter in enumerate(_core(wanted))}
    target = ""
    seen: set[str] = set()
    for letter in wanted:
        if letter in seen and letter != ".":
            twin = next(spare)
            names.append(letter + twin)
            factors.append(text.called("np.eye", _length(filling, wanted, lengths[letter])))
            target += twin
        else:
            target += letter
        seen.add(letter)
    for letter in dict.fromkeys(_core(wanted)):
        if not any(letter in name for name in names):
            names.append(letter)
            factors.append(text.called("np.ones", _length(filling, wanted, lengths[letter])))
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


def _length(filling: Filling, term: str, place: tuple[Any, int]) -> Tree:
    operand, axis = place
    return filling.writer.length(operand, np.ndim(operand.value) - len(_core(term)) + axis)


def spelt(node: Node) -> tuple[str, list[Any]]:
    """The subscripts of an einsum and its operands; those that a tensordot or a dot stands for."""
    arguments = node.arguments
    if node.op == "einsum":
        return arguments["subscripts"], list(arguments["operands"])
    operands = [arguments["x"], arguments["y"]]
    nx, ny = (np.ndim(_value(operand)) for operand in operands)
    if node.op == "dot":
        axes: Any = ((nx - 1,), (max(ny - 2, 0),))
    else:
        axes = arguments["axes"]
    if isinstance(axes, (int, np.integer)):
        axes = (range(nx - int(axes), nx), range(int(axes)))
    mine, yours = (
        [int(a) % n for a in ([each] if isinstance(each, (int, np.integer)) else each)]
        for each, n in zip(axes, (nx, ny), strict=True)
    )
    first, second = "abcdefgh"[:nx], list("ijklmnop"[:ny])
    for left, right in zip(mine, yours, strict=True):
        second[right] = first[left]
    kept = [c for a, c in enumerate(first) if a not in mine]
    kept += [c for a, c in enumerate(second) if a not in yours]
    return f"{first},{''.join(second)}->{''.join(kept)}", operands


def _position(operands: list[Any], position: int) -> int:
    nodes = [i for i, operand in enumerate(operands) if hasattr(operand, "rule")]
    return nodes[position]
