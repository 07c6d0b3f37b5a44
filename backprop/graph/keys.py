"""Index keys: which of them take no entry twice, and arrays that count."""

from __future__ import annotations

from typing import Any

import numpy as np


class Range(np.ndarray):
    """What `np.arange` gives inside a traced function: entries that never repeat.

    Slices and new shapes of it are one too; arithmetic and picking entries make a plain array.
    """

    tree: Any = None  # the call, for the text of the backward

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        whole = [np.asarray(item) if isinstance(item, Range) else item for item in inputs]
        return getattr(ufunc, method)(*whole, **options)

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        basic = all(part is None or part is ... or isinstance(part, slice) for part in parts)
        return super().__getitem__(key) if basic else np.asarray(self)[key]


def counting(*args: Any, **options: Any) -> Range:
    """`np.arange(*args)`, with how it was called."""
    result = np.arange(*args, **options).view(Range)
    result.tree = (
        "call",
        "np.arange",
        args[1:2] if len(args) == 3 and args[::2] == (0, 1) else args,
    )
    return result


def distinct(key: Any) -> bool:
    """Whether an index takes no entry twice, whatever the data: `+=` is right for it.

    Integer arrays may repeat, unless one of them counts (`scores[np.arange(N), y]`).
    """
    parts = key if isinstance(key, tuple) else (key,)
    whole = [np.asanyarray(part) for part in parts if isinstance(part, (np.ndarray, list))]
    repeating = [part for part in whole if part.ndim and part.dtype != bool]
    if not repeating:
        return True
    shape = np.broadcast_shapes(*[part.shape for part in repeating])
    counted = np.ones(len(shape), dtype=bool)  # along each axis some part counts, or there is one
    for axis in range(1, len(shape) + 1):
        counted[-axis] = shape[-axis] <= 1 or any(
            isinstance(part, Range) and part.ndim >= axis and part.shape[-axis] > 1
            for part in repeating
        )
    return bool(counted.all())


def stretching(key: Any) -> bool:
    """Whether an index only adds axes of length 1: `mean[:, None]`."""
    parts = key if isinstance(key, tuple) else (key,)
    whole = all(
        part is None or part is ... or (isinstance(part, slice) and part == slice(None))
        for part in parts
    )
    return whole and any(part is None for part in parts)
