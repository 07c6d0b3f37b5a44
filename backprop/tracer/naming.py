"""Unique names for the nodes of a finished trace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import CodeType
from typing import Any

from backprop.graph.node import Node
from backprop.tracer.array import Array, current
from backprop.tracer.idioms import recognise
from backprop.tracer.tape import Tape


def give_names(
    tape: Tape, f: Callable[..., Any], outputs: tuple[Node, ...]
) -> tuple[dict[str, Node], dict[str, str], list[Node]]:
    """The author's names, versions `x_2` of what is rebound, `t1`, `t2` for the rest.

    Returns the nodes by name, the aliases (names that mean a node which is called
    otherwise), and the nodes with an invented name.
    """
    names = {node.name: node for node in tape.nodes}
    if "" in names:
        recognise(tape, outputs)
    local = _locals_at_the_end(tape, names)
    if tape.elsewhere:
        for name, node in reversed(local.items()):  # the first of several names stays
            # What a helper computed is called what f calls it.
            if node.rule is not None and node.site is not None and node.site.code is not tape.code:
                node.name = name
        names = {node.name: node for node in tape.nodes}
    again: list[Node] = []
    anonymous: list[Node] = []
    if len(names) < len(tape.nodes) or "" in names:
        names = {}
        for node in tape.nodes:
            if not node.name:
                anonymous.append(node)
            elif names.setdefault(node.name, node) is not node:
                again.append(node)
    aliases = {
        name: node
        for name, node in local.items()
        if name not in names  # else another node has taken it
    }
    if again or anonymous:
        _invent(again, anonymous, names, {*_locals(f), *names})
    others = {name: node.name for name, node in aliases.items() if node.name != name}
    return names, others, anonymous


def _invent(
    again: list[Node], anonymous: list[Node], names: dict[str, Node], theirs: set[str]
) -> None:
    """Names for what has none of its own; none of `theirs`."""
    versions: dict[str, int] = {}
    for node in again:
        number = versions.get(node.name, 1) + 1
        while f"{node.name}_{number}" in theirs:
            number += 1
        versions[node.name] = number
        node.name = f"{node.name}_{number}"
        theirs.add(node.name)
        names[node.name] = node
    number = 0
    for node in anonymous:
        number += 1
        while f"t{number}" in theirs:
            number += 1
        node.name = f"t{number}"
        names[node.name] = node


def _locals_at_the_end(tape: Tape, names: dict[str, Node]) -> dict[str, Node]:
    """What f's own variables meant when it returned, where the nodes do not say so already."""
    frame, tape.frame = tape.frame, None  # the frame still knows
    code = tape.code
    if frame is None or code is None:
        return {}
    if not tape.elsewhere and tape.variables is not None and not tape.variables.difference(names):
        return {}  # every variable is a node's name already
    found = {}
    for name, value in frame.f_locals.items():
        if type(value) is Array:
            node = value.node if value.origin is None else current(value)
            if node.name != name or (node.site is not None and node.site.code is not code):
                found[name] = node
    if tape.pruned:
        left = set(tape.nodes)
        found = {name: node for name, node in found.items() if node in left}
    return found


def _locals(f: Any) -> Iterable[str]:
    """Every local name of the function and of what is defined in it."""
    while isinstance(f, partial):
        f = f.func
    code = getattr(f, "__code__", None)
    if (
        code is not None
        and not code.co_cellvars
        and not any(isinstance(constant, CodeType) for constant in code.co_consts)
    ):
        result: Iterable[str] = code.co_varnames
        return result
    return list(_nested(code))


def _nested(code: CodeType | None) -> Iterator[str]:
    codes: list[CodeType] = [code] if code else []
    while codes:
        code = codes.pop()
        yield from code.co_varnames
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
