"""The backward of einsum is an einsum: swap the operand's letters with the result's."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from backprop.graph.node import Node
from backprop.writer import text
from backprop.writer.expand import Filling
from backprop.writer.text import Tree

Shape = tuple[int, ...]


def contract(
    filling: Filling, tree: ast.expr, operand: ast.expr | None = None
) -> tuple[Tree, Shape]:
    """`np.einsum("nm,dm->nd", dout, w)`: the gradient of one operand of an einsum.

    That operand is named where it is a parameter of its own, as those of `np.tensordot` are.

    A letter that only this operand has was summed, so its gradient is the same along it: it
    is left out, and broadcast. A letter that it has twice stands for its diagonal, so an
    identity matrix takes its place.
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
    own = np.shape(_value(operands[which]))
    head, dots, tail = wanted.partition("...")
    axis_of = {letter: axis for axis, letter in enumerate(head)}
    axis_of.update((letter, len(own) - len(tail) + i) for i, letter in enumerate(tail))
    target = ""
    for letter in wanted:
        if letter in target and letter != ".":
            twin = next(spare)
            names.append(letter + twin)
            length = filling.writer.length(operands[which], axis_of[letter])
            factors.append(text.called("np.eye", length))
            target += twin
        else:
            target += letter
    sizes = _sizes([*terms, result], [*operands, filling.node])
    if not any("." in name for name in (target, *names)):
        filling.full = tuple(
            sizes.get(letter, size) for letter, size in zip(target, own, strict=True)
        )
        found = [f for i, f in enumerate(operands) if i != which]
        there = _sizes(names, [filling.node, *found])
        return _plainly(
            names, factors, target, [there.get(c, n) for c, n in zip(target, own, strict=True)]
        )
    for letter in dict.fromkeys(head + tail):
        if not any(letter in name for name in names):
            names.append(letter)
            length = filling.writer.length(operands[which], axis_of[letter])
            factors.append(text.called("np.ones", length))
    batch: Shape = ()
    if "..." in result:
        first, _, last = result.partition("...")
        batch = filling.node.shape[len(first) : len(filling.node.shape) - len(last)]
        target = target if dots else "..." + target
    start = len(head) if dots else 0  # where the axes of the dots are
    filling.full = (*own[:start], *batch, *own[len(own) - len(tail) if dots else 0 :])
    return _einsum(names, factors, target), filling.full


def _sizes(terms: list[str], operands: list[Any]) -> dict[str, int]:
    """How long each letter is: einsum broadcasts what has length 1."""
    sizes: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=False):
        for letter, size in zip(term, np.shape(_value(operand)), strict=False):
            sizes[letter] = max(size, sizes.get(letter, 0)) if size != 1 else sizes.get(letter, 1)
    return sizes


def _einsum(names: list[str], factors: list[Tree], target: str) -> Tree:
    return text.called("np.einsum", text.constant(f"{','.join(names)}->{target}"), *factors)


def _plainly(
    names: list[str], factors: list[Tree], target: str, shape: list[int]
) -> tuple[Tree, Shape]:
    """Without einsum what broadcasting does: numbers, and letters that no factor has."""
    there = [any(letter in name for name in names) for letter in target]
    core = "".join(letter for letter, known in zip(target, there, strict=True) if known)
    if core in names and all(core.endswith(name) for name in names):
        tree = factors[0]
        for factor in factors[1:]:
            tree = text.binary(ast.Mult(), tree, factor)
    else:
        terms = [i for i, name in enumerate(names) if name]
        inner = [names[i] for i in terms]
        if len(core) == 2 and inner == [core[::-1]]:
            tree = text.attribute(factors[terms[0]], "T")
        else:
            tree = _einsum(inner, [factors[i] for i in terms], core)
        for i, name in enumerate(names):
            if not name:
                tree = text.binary(ast.Mult(), factors[i], tree)
    first = there.index(True) if core else len(there)
    if all(there[first:]):
        return tree, tuple(shape[first:])
    index = [ast.Slice() if known else text.constant(None) for known in there[first:]]
    kept = tuple(size if known else 1 for size, known in zip(shape, there, strict=True))
    return ast.Subscript(tree, ast.Tuple(index)), kept[first:]


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


def _value(operand: Any) -> Any:
    return getattr(operand, "value", operand)


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
