"""The layers inside a network: what each was given when the network ran."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from backprop.graph.trees import children, copied, is_object
from backprop.judging.points import mover
from backprop.judging.state import State


class Layer(NamedTuple):
    """A layer of a network, and the arguments of its first call."""

    path: str
    layer: Any
    args: tuple[Any, ...]


def layers_of(f: Callable[..., Any], args: tuple[Any, ...], state: State) -> list[Layer]:
    """The layers that f called, the last first: in the order of the backward.

    Layers are objects inside f's own with a `forward` and a `backward`.
    """
    here = state.placed(args, mover(0))
    called: list[Layer] = []
    found = [(path, item) for path, item in _objects(state.owner) if hasattr(item, "__dict__")]
    for path, item in found:
        item.__dict__["forward"] = _noting(item.forward, path, item, called)
    try:
        with np.errstate(all="ignore"):
            f(*copied(here))
    except Exception:  # f tells nothing more: its own report stands
        called.clear()
    state.placed(args, mover(0))
    return called[::-1]


def _noting(
    forward: Callable[..., Any], path: str, item: Any, called: list[Layer]
) -> Callable[..., Any]:
    def noted(*args: Any, **options: Any) -> Any:
        if not options and all(item is not each.layer for each in called):
            called.append(Layer(path, item, copied(args)))
        return forward(*args, **options)

    return noted


def _objects(owner: Any) -> list[tuple[str, Any]]:
    """The layers inside an object, each once."""
    seen: set[int] = {id(owner)}
    stack = [(f"self{text}", part) for text, _, part in children(owner)]
    found = []
    while stack:
        path, item = stack.pop(0)
        if id(item) in seen:
            continue
        seen.add(id(item))
        if is_object(item) and callable(getattr(item, "forward", None)):
            if callable(getattr(item, "backward", None)):
                found.append((path, item))
        stack += [(path + text, part) for text, _, part in children(item)]
    return found
