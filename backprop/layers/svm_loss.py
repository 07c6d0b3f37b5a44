"""The hinge loss of a multiclass support vector machine (Weston and Watkins 1999)."""

from typing import Any

import numpy as np

from backprop.layers.types import Array, Cache


def svm_loss_forward(x: Array, y: Array) -> tuple[Any, Cache]:
    """Mean over the rows of what every wrong class lacks to a margin of 1.

    x: (N, C) floating, the scores; y: (N,) integer, 0 ≤ y < C.
    Returns ``(loss, cache)`` with a 0-d ``loss``.
    """
    rows = np.arange(x.shape[0])
    others = np.arange(x.shape[1]) != y[:, np.newaxis]  # the wrong classes
    correct = x[rows, y]
    gaps = x - correct[:, np.newaxis] + 1
    hinge = np.maximum(0, gaps)
    margins = hinge * others
    loss = np.sum(margins) / x.shape[0]
    cache = (gaps, others, rows, y)
    return loss, cache


def svm_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Staged backward. dloss: scalar. Returns dx: (N, C)."""
    gaps, others, rows, y = cache
    dmargins = dloss / gaps.shape[0]  # one number for all entries
    dhinge = dmargins * others
    dgaps = dhinge * (gaps > 0)
    dcorrect = -np.sum(dgaps, axis=1)
    dx1 = dgaps
    dx2 = np.zeros_like(gaps)
    dx2[rows, y] = dcorrect
    dx = dx1 + dx2
    return dx


def svm_loss_backward_on_paper(dloss: Array | float, cache: Cache) -> Array:
    """Ones where a wrong class violates its margin; their number, negative, at the right class.

    With m_ij = x_ij − x_iy + 1: ∂loss/∂x_ij = [m_ij > 0] / N for j ≠ y, and
    ∂loss/∂x_iy = −Σ_{k ≠ y} [m_ik > 0] / N.
    """
    gaps, others, rows, y = cache
    active = (gaps > 0) & others
    dx = active.astype(gaps.dtype)
    dx[rows, y] = -np.sum(active, axis=1)
    return dloss * dx / gaps.shape[0]
