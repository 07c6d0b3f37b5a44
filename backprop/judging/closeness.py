"""When two arrays are the same, up to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

TOLERANCE = 1e-9  # relative to the largest entry of an array
SINGLE = 1e-4  # where the handwritten code computes in single precision


def differs(value: Any, want: np.ndarray, scale: float, tolerance: float = TOLERANCE) -> float:
    """How far off an array is, relative to the largest entry; 0 within rounding.

    Entries that are NaN in `want` are left out: nobody knows what would be right there.
    """
    try:
        got = np.asarray(value)
    except ValueError:  # a ragged list
        return np.inf
    if got.dtype.kind not in "biuf" or got.shape != want.shape:
        return np.inf
    if got.dtype == np.float32 or got.dtype == np.float16:
        tolerance = max(tolerance, SINGLE)
    if got.dtype.kind != "f":
        got = got.astype(float)
    want = want.astype(float) if want.dtype.kind != "f" else want
    with np.errstate(all="ignore"):
        size = float(np.abs(want).max(initial=0.0))
        error = float(np.abs(got - want).max(initial=0.0))
        if not np.isfinite(error + size):
            size = float(np.abs(want).max(initial=0.0, where=np.isfinite(want)))
            apart = ~((got == want) | np.isnan(want))
            error = float(np.abs(got - want).max(initial=0.0, where=apart))
            error = np.inf if np.isnan(error) else error
    if error <= tolerance * size + 1e-12 * scale:
        return 0.0
    return error / max(size, 1e-12 * scale, 1e-300)


def times(value: np.ndarray, want: np.ndarray, scale: float) -> float | None:
    """How many times the right value another one of its shape is; None if it is no multiple."""
    got, right = value.ravel().astype(float), want.ravel()
    if not right.any():
        return None
    with np.errstate(all="ignore"):
        found = float(got @ right / (right @ right))
    if not np.isfinite(found) or not found or differs(got / found, right, scale):
        return None
    return found


def telling(factor: float, size: int) -> bool:
    """Whether it says something that a value of this size is so many times the right one.

    A single number always is some number of times another, so there only a count does: 2, 1/N.
    """
    count = max(abs(factor), 1 / abs(factor))
    return size > 1 or abs(count - round(count)) < 1e-9 * count


def completes(
    value: np.ndarray, want: np.ndarray, scale: float, tolerance: float = TOLERANCE
) -> bool:
    """Whether a value is the right one when broadcasting has completed it."""
    if not fits(value.shape, want.shape):
        return False
    return not differs(np.broadcast_to(value, want.shape), want, scale, tolerance)


def lazy(value: np.ndarray, want: np.ndarray) -> bool:
    """Whether broadcasting completes a smaller value to the right one."""
    if value.size == want.size or value.dtype.kind not in "biuf":
        return False
    return completes(value, want, 0.0)


def fits(small: tuple[int, ...], big: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(small, big) == big
    except ValueError:
        return False


def is_bool(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "b"
