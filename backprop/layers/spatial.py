"""Normalisation of images, by moving axes: spatial batch norm, and group norm (Wu and He 2018)."""

from typing import Any

import numpy as np

from backprop.layers.batchnorm import batchnorm_backward, batchnorm_forward
from backprop.layers.types import Array, Cache


def spatial_batchnorm_forward(
    x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any] | None = None
) -> tuple[Array, Cache]:
    """Batch normalisation of every channel, over all images and pixels.

    x: (N, C, H, W) floating; gamma, beta: (C,); bn_param as in `batchnorm_forward`.
    Returns ``(out, cache)`` with ``out`` of the shape of x.
    """
    N, C, H, W = x.shape
    pixels = x.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    rows, cache = batchnorm_forward(pixels, gamma, beta, bn_param)
    out = rows.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return out, cache


def spatial_batchnorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Staged backward. dout: (N, C, H, W). Returns dx (as dout), dgamma (C,), dbeta (C,)."""
    N, C, H, W = dout.shape
    drows = dout.transpose(0, 2, 3, 1).reshape(N * H * W, C)
    dpixels, dgamma, dbeta = batchnorm_backward(drows, cache)
    dx = dpixels.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(
    x: Array, gamma: Array, beta: Array, G: int, gn_param: dict[str, Any] | None = None
) -> tuple[Array, Cache]:
    """Layer normalisation of every group of channels of every image.

    x: (N, C, H, W) floating; gamma, beta: (1, C, 1, 1); G: the number of groups, which
    divides C; gn_param: ``eps`` (1e-5). Returns ``(out, cache)`` with ``out`` as x.
    Raises ValueError if G does not divide C.
    """
    eps = (gn_param or {}).get("eps", 1e-5)
    N, C, H, W = x.shape
    if C % G:
        raise ValueError(f"{C} channels cannot be divided into {G} groups of equal size")
    rows = x.reshape(N * G, C // G * H * W)
    mean = np.mean(rows, axis=1, keepdims=True)
    diff = rows - mean
    square = diff**2
    var = np.mean(square, axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    hat = diff / std
    xhat = hat.reshape(N, C, H, W)
    scaled = gamma * xhat
    out = scaled + beta
    cache = (gamma, diff, std, xhat)
    return out, cache


def spatial_groupnorm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Staged backward. dout: (N, C, H, W).

    Returns dx (as dout), dgamma and dbeta (1, C, 1, 1).
    """
    gamma, diff, std, xhat = cache
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3), keepdims=True)
    dxhat = gamma * dout
    dhat = dxhat.reshape(diff.shape)
    ddiff1 = dhat / std
    dstd = -np.sum(dhat * diff, axis=1, keepdims=True) / std**2
    dvar = dstd / (2 * std)
    dsquare = dvar / diff.shape[1]
    ddiff2 = 2 * diff * dsquare
    ddiff = ddiff1 + ddiff2
    dmean = -np.sum(ddiff, axis=1, keepdims=True)
    drows = ddiff + dmean / diff.shape[1]
    dx = drows.reshape(dout.shape)
    return dx, dgamma, dbeta
