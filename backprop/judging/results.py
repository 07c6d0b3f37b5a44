"""What a backward returned, one entry an argument."""

from __future__ import annotations

from typing import Any

from backprop.judging.truth import Truth


class Misfit(Exception):  # noqa: N818
    """The backward returns something that cannot be compared: why, and the hint."""

    def __init__(self, key: str, hint: str, **said: Any) -> None:
        super().__init__(key)
        self.key, self.hint, self.said = key, hint, said


def as_results(result: Any, truth: Truth) -> list[Any]:
    """What a backward returned, one entry an argument; Misfit if that does not work out."""
    inputs = truth.graph.differentiated
    if result is None:
        raise Misfit("none", "error")
    if isinstance(result, dict):
        found = []
        for node in inputs:
            keys = (f"d{node.name}", node.name, f"grad_{node.name}", f"d_{node.name}")
            key = next((k for k in keys if k in result), None)
            if key is None:
                have = ", ".join(map(str, result))
                raise Misfit("key", "shape", name=node.name, have=have)
            found.append(result[key])
        return found
    if not isinstance(result, (tuple, list)):
        found = [result]
    else:
        found = list(result)
        arguments = list(truth.graph.inputs.values())
        if len(found) == len(arguments) > len(inputs):
            spare = [i for i, node in enumerate(arguments) if not node.differentiable]
            if all(found[i] is None for i in spare):
                found = [g for i, g in enumerate(found) if i not in spare]
    if len(found) != len(inputs):
        raise Misfit(
            "number", "shape", got=len(found), want=len(inputs),
            names=", ".join(f"d{node.name}" for node in inputs),
        )  # fmt: skip
    return found
