"""The variance of every column: the example of the post "Backward 总结" (2017)."""

import numpy as np

from backprop.layers.types import Array, Cache


def variance_forward(x: Array) -> tuple[Array, Cache]:
    """Variance over the rows, ``np.var(x, axis=0)`` in small steps.

    x: (N, D) floating. Returns ``(var, cache)`` with ``var`` of shape (D,).
    """
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=0)
    cache = (diff,)
    return var, cache


def variance_backward(dvar: Array, cache: Cache) -> Array:
    """Staged backward. dvar: (D,). Returns dx: (N, D)."""
    (diff,) = cache
    dsquare = dvar / diff.shape[0]  # (D,): every row of it is the same, so one is enough
    ddiff = 2 * diff * dsquare
    dmean = -np.sum(ddiff, axis=0)
    dx1 = ddiff
    dx2 = dmean / diff.shape[0]
    dx = dx1 + dx2
    return dx


def variance_backward_on_paper(dvar: Array, cache: Cache) -> Array:
    """Closed form: ∂var_j/∂x_ij = 2 (x_ij − x̄_j) / N, since Σ_k (x_kj − x̄_j) = 0.

    dvar: (D,). Returns dx: (N, D).
    """
    (diff,) = cache
    return 2 * diff / diff.shape[0] * dvar
