"""What is timed."""

from __future__ import annotations

from typing import Any

import numpy as np


def twenty_operations(x: Any, w: Any, b: Any) -> Any:
    """Twenty operations, each with a name: a small network and its normalisation."""
    a1 = x @ w
    a2 = a1 + b
    a3 = np.tanh(a2)
    a4 = a3 * a3
    a5 = a4 - a3
    a6 = np.exp(a5)
    a7 = a6 + 1.0
    a8 = np.log(a7)
    a9 = a8 * a2
    a10 = a9 / a7
    a11 = np.sin(a10)
    a12 = a11 + a1
    a13 = np.sqrt(a7)
    a14 = a12 / a13
    a15 = a14**2
    a16 = np.sum(a15, axis=0)
    a17 = a16 * b
    a18 = a17 - a16
    a19 = np.cos(a18)
    a20 = -a19
    return a20


LAST = "a20"


def sixty_operations(x: Any, w: Any, b: Any) -> Any:
    """Sixty operations in three blocks that share their input."""
    total = b
    for _ in range(3):
        total = total + twenty_operations(x, w, total)
    return total


def tiny_arguments() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 4)), rng.standard_normal((4, 5)), rng.standard_normal(5)


def batchnorm_arguments(shape: tuple[int, int], dtype: Any) -> tuple[np.ndarray, ...]:
    """x, gamma, beta and dout."""
    rng = np.random.default_rng(0)
    arrays = (shape, shape[1:], shape[1:], shape)
    return tuple(rng.standard_normal(each).astype(dtype) for each in arrays)
