"""When two arrays are the same, up to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

TOLERANCE = 1e-8  # relative to the largest entry of an array
SINGLE = 1e-4  # where the handwritten code computes in single precision


def differs(value: Any, want: np.ndarray, scale: float, tolerance: float = TOLERANCE) -> float:
    """How far off an array is, relative to the largest entry; 0 within rounding."""
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
    size = float(np.abs(want).max(initial=0.0))
    with np.errstate(all="ignore"):
        error = float(np.abs(got - want).max(initial=0.0))
    if np.isnan(error):
        same = np.array_equal(np.isnan(got), np.isnan(want))
        error = float(np.nanmax(np.abs(got - want), initial=0.0)) if same else np.inf
    if error <= tolerance * size + 1e-12 * scale:
        return 0.0
    return error / max(size, 1e-12 * scale, 1e-300)


def lazy(value: np.ndarray, want: np.ndarray) -> bool:
    """Whether broadcasting completes a smaller value to the right one."""
    if value.size == want.size or value.dtype.kind not in "biuf":
        return False
    try:
        return not differs(np.broadcast_to(value, want.shape), want, 0.0)
    except ValueError:
        return False


def fits(small: tuple[int, ...], big: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(small, big) == big
    except ValueError:
        return False


def is_bool(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "b"
