"""Expressions evaluated in the process of a page, behind its fences: `run` is what
`backprop.program.runner` is told to run there. Values cross as JSON, numbers to the last digit."""

from __future__ import annotations

import ast
import contextlib
import io
import types
from typing import Any

import numpy as np


def packed(value: Any) -> dict[str, Any]:
    """Numbers and arrays as plain data; TypeError for anything else."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{type(value).__name__} is no array of numbers")
    return {"shape": list(array.shape), "kind": array.dtype.kind, "data": array.ravel().tolist()}


def unpacked(data: dict[str, Any]) -> Any:
    """The inverse; a number for shape ()."""
    kinds = {"b": bool, "i": int, "u": int, "f": float}
    array = np.array(data["data"], dtype=kinds[data["kind"]]).reshape(data["shape"])
    return array if array.shape else array.item()


def library() -> dict[str, Any]:
    """What the code in the prose may name without importing it."""
    import backprop
    from backprop import layers

    exported = {n: getattr(layers, n) for n in layers.__all__}
    return {"np": np, "numpy": np, "backprop": backprop, "bp": backprop, **exported}


def graph(code: str, space: dict[str, Any]) -> dict[str, Any]:
    """The computation graph of a call, as plain data: what `PageCode.graph` gives."""
    import backprop

    call = ast.parse(code, mode="eval").body
    assert isinstance(call, ast.Call)
    f, *args = (eval(ast.unparse(one), space) for one in (call.func, *call.args))
    traced = backprop.trace(f, *args)
    backward = traced.derive()
    shown = [node for node in traced.nodes if node.named or node in traced.outputs]
    gradients = {}
    for node in shown:
        if found := backward.gradient_of(node):
            # What another node passes on unchanged has no variable of its own, but a name.
            others = {f"d{other.name}" for other in shown if other is not node}
            gradients[node.name] = f"d{node.name}" if found.name in others else found.name
    wires = [[node, user, name] for (node, user, _), name in backward.wires.items()]
    wires += [[s.node.name, s.user.name, s.gradient] for s in backward.steps if s.user is not None]
    return {
        "function": traced.function,
        "values": {node.name: packed(node.value) for node in shown},
        "outputs": [node.name for node in traced.outputs],
        "gradients": gradients,
        "wires": wires,
    }


def run(request: dict[str, Any], name: str, module: types.ModuleType) -> dict[str, Any]:
    """The value of an expression for each choice of the names in it, or what it raised."""
    found: list[dict[str, Any]] = []
    space = {**library(), **module.__dict__}
    for case in request["cases"]:
        bound = {key: unpacked(value) for key, value in case.items()}
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                if request.get("graph"):
                    found.append(graph(request["code"], {**space, **bound}))
                else:
                    found.append(packed(eval(request["code"], {**space, **bound})))
        except BaseException as error:  # SystemExit as well: it is the page's, not the build's
            found.append({"error": f"{type(error).__name__}: {error}"})
            break
    return {"values": found}
