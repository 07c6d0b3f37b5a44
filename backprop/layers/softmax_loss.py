"""Softmax and cross-entropy in one: the usual end of a classifier."""

from typing import Any

import numpy as np

from backprop.layers.types import Array, Cache


def softmax_loss_forward(x: Array, y: Array) -> tuple[Any, Cache]:
    """Mean cross-entropy between softmax(x) and the labels y.

    x: (N, C) floating, the scores; y: (N,) integer, 0 ≤ y < C.
    Returns ``(loss, cache)`` with a 0-d ``loss``.
    """
    shifted = x - np.max(x, axis=1, keepdims=True)  # exp cannot overflow
    exps = np.exp(shifted)
    sums = np.sum(exps, axis=1, keepdims=True)
    logp = shifted - np.log(sums)
    rows = np.arange(x.shape[0])
    loss = -np.mean(logp[rows, y])
    cache = (exps, sums, rows, y)
    return loss, cache


def softmax_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Staged backward. dloss: scalar. Returns dx: (N, C).

    The maximum that forward subtracts gets no gradient: the loss does not depend on it.
    """
    exps, sums, rows, y = cache
    dlogp = np.zeros_like(exps)
    dlogp[rows, y] = -dloss / exps.shape[0]
    dlogsums = -np.sum(dlogp, axis=1, keepdims=True)
    dsums = dlogsums / sums
    dexps = dsums  # one number a row, broadcast to the row
    dshifted1 = dlogp
    dshifted2 = exps * dexps
    dx = dshifted1 + dshifted2
    return dx


def softmax_loss_backward_on_paper(dloss: Array | float, cache: Cache) -> Array:
    """∂loss/∂x_ij = (p_ij − [j = y_i]) / N with p = softmax(x)."""
    exps, sums, rows, y = cache
    dx = exps / sums
    dx[rows, y] -= 1
    return dloss * dx / exps.shape[0]
