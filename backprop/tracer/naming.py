"""Unique names for the nodes of a finished trace."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from backprop.tracer.tape import Tape


def give_names(tape: Tape, f: Callable[..., Any]) -> dict[str, str]:
    """The author's names, versions `x_2` of what is rebound, `t1`, `t2` for the rest.

    Returns the aliases: names that mean a node which is called otherwise.
    """
    theirs = set(_locals(f)) | {node.name for node in tape.nodes if node.name}
    taken: set[str] = set()
    versions: dict[str, int] = {}
    anonymous = []
    for node in tape.nodes:
        name = node.name
        if not name or name == "_" or keyword.iskeyword(name) or name == "np":
            anonymous.append(node)
            continue
        node.named = True
        if name in taken:
            number = versions.get(name, 1) + 1
            while f"{name}_{number}" in taken or f"{name}_{number}" in theirs:
                number += 1
            versions[name] = number
            node.name = f"{name}_{number}"
        taken.add(node.name)
    number = 0
    for node in anonymous:
        number += 1
        while f"t{number}" in taken or f"t{number}" in theirs:
            number += 1
        node.name = f"t{number}"
    return {}


def _locals(f: Any) -> Iterator[str]:
    """Every local name of the function and of what is defined in it."""
    while not hasattr(f, "__code__") and hasattr(f, "func"):
        f = f.func
    code = getattr(f, "__code__", None)
    codes: list[CodeType] = [code] if code else []
    while codes:
        code = codes.pop()
        yield from code.co_varnames
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
