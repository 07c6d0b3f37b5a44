"""The diagram of a `{.graph}` fence: trace the call that stands in it, derive, check, draw."""

import ast
from typing import Any


def diagram(request: dict, name: str, namespace: dict[str, Any]) -> str:
    """HTML of the call's graph; FenceError if the fence holds no call of numpy arrays."""
    raise NotImplementedError(ast.dump(ast.parse(request["code"])))
