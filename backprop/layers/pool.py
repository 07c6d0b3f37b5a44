"""Pooling: the maximum or the mean of every window."""

from typing import Any

import numpy as np

from backprop.layers.types import Array, Cache


def max_pool_forward(x: Array, pool_param: dict[str, Any]) -> tuple[Array, Cache]:
    """The maximum of every window, for each image and channel.

    x: (N, C, H, W) floating. pool_param: ``pool_height``, ``pool_width`` and ``stride``.
    Returns ``(out, cache)`` with ``out`` of shape (N, C, Hout, Wout), where
    Hout = 1 + (H - pool_height) // stride, and Wout likewise.
    """
    height, width = pool_param["pool_height"], pool_param["pool_width"]
    stride = pool_param["stride"]
    N, C, H, W = x.shape
    Hout = 1 + (H - height) // stride
    Wout = 1 + (W - width) // stride
    out = np.zeros((N, C, Hout, Wout), dtype=x.dtype)
    for i in range(Hout):
        for j in range(Wout):
            top, left = i * stride, j * stride
            window = x[:, :, top : top + height, left : left + width]
            out[:, :, i, j] = np.max(window, axis=(2, 3))
    cache = (x, height, width, stride)
    return out, cache


def max_pool_backward(dout: Array, cache: Cache) -> Array:
    """Staged backward: the gradient goes to the largest entry. dout: (N, C, Hout, Wout).

    Returns dx (N, C, H, W). Where several entries of a window are the largest, there is a
    kink; they share the gradient equally.
    """
    x, height, width, stride = cache
    dx = np.zeros_like(x)
    for i, j in np.ndindex(dout.shape[2:]):
        rows = slice(i * stride, i * stride + height)
        columns = slice(j * stride, j * stride + width)
        largest = np.max(x[:, :, rows, columns], axis=(2, 3), keepdims=True)
        mask = x[:, :, rows, columns] == largest
        share = mask / np.sum(mask, axis=(2, 3), keepdims=True)
        dx[:, :, rows, columns] += share * dout[:, :, i, j, None, None]
    return dx


def avg_pool_forward(x: Array, pool_param: dict[str, Any]) -> tuple[Array, Cache]:
    """The mean of every window, for each image and channel. As `max_pool_forward`."""
    height, width = pool_param["pool_height"], pool_param["pool_width"]
    stride = pool_param["stride"]
    N, C, H, W = x.shape
    Hout = 1 + (H - height) // stride
    Wout = 1 + (W - width) // stride
    out = np.zeros((N, C, Hout, Wout), dtype=x.dtype)
    for i in range(Hout):
        for j in range(Wout):
            top, left = i * stride, j * stride
            window = x[:, :, top : top + height, left : left + width]
            out[:, :, i, j] = np.mean(window, axis=(2, 3))
    cache = (x.shape, height, width, stride)
    return out, cache


def avg_pool_backward(dout: Array, cache: Cache) -> Array:
    """Staged backward: every entry of a window gets the same. dout: (N, C, Hout, Wout).

    Returns dx (N, C, H, W).
    """
    shape, height, width, stride = cache
    _, _, Hout, Wout = dout.shape
    dx = np.zeros(shape, dtype=dout.dtype)
    for i in range(Hout):
        for j in range(Wout):
            top, left = i * stride, j * stride
            pixel = dout[:, :, i, j, None, None]
            dx[:, :, top : top + height, left : left + width] += pixel / (height * width)
    return dx
