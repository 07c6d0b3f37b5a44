"""What item assignments overwrote: entries whose gradient is not 0 yet in the lines.

After `z[key] = value` the old entries have no gradient. Setting them to 0 waits until the
gradient is read, so that assignments in a row share one variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from backprop.graph.node import Node
from backprop.graph.node import plain as plain_value
from backprop.writer.names import Use
from backprop.writer.text import Shape, Tree


class Stale(NamedTuple):
    """Entries that item assignments overwrote, where a gradient still has to be set to 0."""

    key: Tree  # of the last assignment, as source
    entries: np.ndarray  # of all of them
    rest: Stale | None

    def keys(self) -> Iterator[Tree]:
        """The keys, in the order of the lines that set them to 0."""
        keys: list[Tree] = []
        stale: Stale | None = self
        while stale is not None:
            keys.append(stale.key)
            stale = stale.rest
        return reversed(keys)


def selected(user: Node) -> np.ndarray:
    """The entries that an item assignment, or `np.add.at`, writes to."""
    result: np.ndarray = np.empty(user.shape, dtype=bool)[plain_value(user.arguments["key"])]
    return result


def entries_of(shape: Shape, key: Any) -> np.ndarray:
    """Which entries of an array an index means."""
    entries = np.zeros(shape, dtype=bool)
    entries[plain_value(key)] = True
    return entries


def untouched(stale: Stale | None, scattered: list[Use]) -> bool:
    """Whether nothing is scattered to entries that were overwritten later."""
    for use in scattered:
        if use.user.op != "get":
            return False
        entries = entries_of(use.node.shape, use.user.arguments["key"])
        if stale is not None and (entries & stale.entries).any():
            return False
    return True
