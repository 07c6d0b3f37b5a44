"""Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167), as in cs231n."""

from typing import Any

import numpy as np

from backprop.layers.types import Array, Cache


def batchnorm_forward(
    x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any] | None = None
) -> tuple[Array, Cache]:
    """Normalise every column of x, then scale by gamma and shift by beta.

    x: (N, D) floating; gamma, beta: (D,).
    bn_param: ``mode`` ("train", the default, or "test"), ``eps`` (1e-5), ``momentum`` (0.9),
    ``running_mean`` and ``running_var`` (D,), which training updates in this dictionary.
    Returns ``(out, cache)`` with ``out`` of shape (N, D). Raises ValueError for another mode.
    """
    bn_param = {} if bn_param is None else bn_param
    mode = bn_param.get("mode", "train")
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros_like(gamma))
    running_var = bn_param.get("running_var", np.zeros_like(gamma))

    if mode == "train":
        mean = np.mean(x, axis=0)
        diff = x - mean
        square = diff**2
        var = np.mean(square, axis=0)
        std = np.sqrt(var + eps)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    elif mode == "test":
        diff = x - running_mean
        std = np.sqrt(running_var + eps)
    else:
        raise ValueError(f'bn_param["mode"] is {mode!r}; it can be "train" or "test"')

    xhat = diff / std
    scaled = gamma * xhat
    out = scaled + beta
    cache = (mode, gamma, diff, std, xhat)
    return out, cache


def batchnorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Staged backward. dout: (N, D). Returns dx (N, D), dgamma (D,), dbeta (D,).

    In mode "test" mean and std are constants and only the first half applies.
    """
    mode, gamma, diff, std, xhat = cache
    N = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(xhat * dout, axis=0)
    dxhat = gamma * dout
    ddiff1 = dxhat / std
    if mode == "test":
        return ddiff1, dgamma, dbeta
    dstd = -np.sum(dxhat * xhat, axis=0) / std
    dvar = dstd / (2 * std)
    dsquare = dvar / N
    ddiff2 = 2 * diff * dsquare
    ddiff = ddiff1 + ddiff2
    dmean = -np.sum(ddiff, axis=0)
    dx1 = ddiff
    dx2 = dmean / N
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def batchnorm_backward_on_paper(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Closed form: dx = gamma / (N std) · (N dout − Σ dout − xhat Σ (dout · xhat)).

    The post on `batchnorm_backward` derives it row by row. Shapes as in the staged backward.
    """
    mode, gamma, _, std, xhat = cache
    N = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    if mode == "test":
        return gamma * dout / std, dgamma, dbeta
    dx = gamma / (N * std) * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta
