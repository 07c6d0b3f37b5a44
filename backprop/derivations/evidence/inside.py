"""Expressions evaluated in the process of a page, behind its fences: the kind `expression` of
`backprop.program.runner`. Values cross as JSON, numbers to the last digit."""

from __future__ import annotations

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


def run(request: dict[str, Any], name: str, module: types.ModuleType) -> dict[str, Any]:
    """The value of an expression for each choice of the names in it, or what it raised."""
    found: list[dict[str, Any]] = []
    space = {**library(), **module.__dict__}
    for case in request["cases"]:
        bound = {key: unpacked(value) for key, value in case.items()}
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found.append(packed(eval(request["code"], {**space, **bound})))
        except BaseException as error:  # SystemExit as well: it is the page's, not the build's
            found.append({"error": f"{type(error).__name__}: {error}"})
            break
    return {"values": found}
