"""Layer normalisation (Ba, Kiros and Hinton 2016, arXiv:1607.06450)."""

from typing import Any

import numpy as np

from backprop.layers.types import Array, Cache


def layernorm_forward(
    x: Array, gamma: Array, beta: Array, ln_param: dict[str, Any] | None = None
) -> tuple[Array, Cache]:
    """Normalise every row of x, then scale by gamma and shift by beta.

    x: (N, D) floating; gamma, beta: (D,); ln_param: ``eps`` (1e-5).
    Returns ``(out, cache)`` with ``out`` of shape (N, D).
    """
    eps = (ln_param or {}).get("eps", 1e-5)
    mean = np.mean(x, axis=1, keepdims=True)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    xhat = diff / std
    scaled = gamma * xhat
    out = scaled + beta
    cache = (gamma, diff, std, xhat)
    return out, cache


def layernorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Staged backward. dout: (N, D). Returns dx (N, D), dgamma (D,), dbeta (D,).

    The statistics run along the rows, so their gradients are (N, 1); gamma and beta are
    shared by the rows, so theirs are still sums over the rows.
    """
    gamma, diff, std, xhat = cache
    D = dout.shape[1]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(xhat * dout, axis=0)
    dxhat = gamma * dout
    ddiff1 = dxhat / std
    dstd = -np.sum(dxhat * xhat, axis=1, keepdims=True) / std
    dvar = dstd / (2 * std)
    dsquare = dvar / D
    ddiff2 = 2 * diff * dsquare
    ddiff = ddiff1 + ddiff2
    dmean = -np.sum(ddiff, axis=1, keepdims=True)
    dx1 = ddiff
    dx2 = dmean / D
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def layernorm_backward_on_paper(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Closed form of batch normalisation, along the rows, with gamma inside the sums."""
    gamma, _, std, xhat = cache
    D = dout.shape[1]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = gamma * dout
    sum1 = np.sum(dxhat, axis=1, keepdims=True)
    sum2 = np.sum(dxhat * xhat, axis=1, keepdims=True)
    dx = (D * dxhat - sum1 - xhat * sum2) / (D * std)
    return dx, dgamma, dbeta
