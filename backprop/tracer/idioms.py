"""Expressions that are one operation to whoever writes them, such as the sigmoid.

`1 / (1 + np.exp(-x))` has a row of its own, so that its backward is `dz * z * (1 - z)` as in
every textbook. It is taken as one step only where none of its parts has a name or another use.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from backprop.graph.node import Node
from backprop.rules import TABLE
from backprop.tracer.tape import Tape

# The row's name, and its expression: operations with their operands, numbers, or "x".
IDIOMS: dict[str, Any] = {
    "sigmoid": ("reciprocal", ("add", 1, ("exp", ("negative", "x")))),
}


_LAST = {pattern[0] for pattern in IDIOMS.values()}


def recognise(tape: Tape, outputs: tuple[Node, ...]) -> None:
    """Replace each idiom by one node of its row."""
    if _LAST.isdisjoint([node.rule.op for node in tape.nodes if node.rule is not None]):
        return
    uses = Counter(source for node in tape.nodes for source in node.inputs)
    uses.update(outputs)
    uses.update(node for node, _ in tape.branches)
    gone: set[Node] = set()
    for node in tape.nodes:
        for op, pattern in IDIOMS.items():
            if node.op == pattern[0]:
                parts: list[Node] = []
                x = _match(node, pattern, uses, parts)
                if x is not None:
                    node.become(TABLE[op][0], (x,))
                    gone.update(parts)
    if gone:
        tape.nodes[:] = [node for node in tape.nodes if node not in gone]


def _match(node: Any, pattern: Any, uses: Counter[Node], parts: list[Node]) -> Node | None:
    """The node that `x` in a pattern stands for; `parts` gets the nodes in between."""
    if pattern == "x":
        return node if isinstance(node, Node) else None
    op, *operands = pattern
    if not isinstance(node, Node) or node.op != op:
        return None
    arguments = list(node.operands)
    numbers = [operand for operand in operands if isinstance(operand, int)]
    if len(arguments) != len(operands):
        return None
    if numbers and arguments[0] != numbers[0]:
        arguments.reverse()  # 1 + x and x + 1
    found = None
    for argument, operand in zip(arguments, operands, strict=True):
        if isinstance(operand, int):
            if isinstance(argument, Node) or argument != operand:
                return None
            continue
        if isinstance(argument, Node) and operand != "x":
            if argument.name or uses[argument] != 1:
                return None
            parts.append(argument)
        found = _match(argument, operand, uses, parts)
        if found is None:
            return None
    return found
