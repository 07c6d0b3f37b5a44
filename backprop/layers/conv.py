"""Convolution: the same filters at every place of an image."""

from typing import Any

import numpy as np

from backprop.layers.types import Array, Cache


def conv_forward(
    x: Array, w: Array, b: Array, conv_param: dict[str, Any] | None = None
) -> tuple[Array, Cache]:
    """Lay every filter on every window of the padded image, multiply and add up.

    x: (N, C, H, W) floating; w: (F, C, HH, WW); b: (F,).
    conv_param: ``stride`` (1) and ``pad`` (0), the zeros on each of the four sides.
    Returns ``(out, cache)`` with ``out`` of shape (N, F, Hout, Wout), where
    Hout = 1 + (H + 2 pad - HH) // stride, and Wout likewise: a window that would reach
    over the edge is left out.
    """
    conv_param = {} if conv_param is None else conv_param
    stride, pad = conv_param.get("stride", 1), conv_param.get("pad", 0)
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    Hout = 1 + (H + 2 * pad - HH) // stride
    Wout = 1 + (W + 2 * pad - WW) // stride
    xpad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    filters = w.reshape(F, C * HH * WW)
    out = np.zeros((N, F, Hout, Wout), dtype=x.dtype)
    for i in range(Hout):
        for j in range(Wout):
            top, left = i * stride, j * stride
            window = xpad[:, :, top : top + HH, left : left + WW]
            rows = window.reshape(N, C * HH * WW)
            out[:, :, i, j] = rows @ filters.T + b
    cache = (xpad, w, stride, pad)
    return out, cache


def conv_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Staged backward, window by window. dout: (N, F, Hout, Wout).

    Returns dx (N, C, H, W), dw (F, C, HH, WW), db (F,). Windows overlap, so what they send
    back is added up.
    """
    xpad, w, stride, pad = cache
    N, F, Hout, Wout = dout.shape
    F, C, HH, WW = w.shape
    filters = w.reshape(F, C * HH * WW)
    db = np.sum(dout, axis=(0, 2, 3))
    dfilters = np.zeros_like(filters)
    dxpad = np.zeros_like(xpad)
    for i in range(Hout):
        for j in range(Wout):
            top, left = i * stride, j * stride
            window = xpad[:, :, top : top + HH, left : left + WW]
            rows = window.reshape(N, C * HH * WW)
            pixel = dout[:, :, i, j]
            dfilters += pixel.T @ rows
            share = (pixel @ filters).reshape(N, C, HH, WW)
            dxpad[:, :, top : top + HH, left : left + WW] += share
    dw = dfilters.reshape(w.shape)
    H, W = xpad.shape[2] - 2 * pad, xpad.shape[3] - 2 * pad
    dx = dxpad[:, :, pad : pad + H, pad : pad + W]
    return dx, dw, db


def conv_backward_on_paper(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Both gradients are convolutions themselves.

    With y_i = Σ_k w_k x_(i+k): dx_j = Σ_k dout_(j-k) w_k, the filter turned round over dout
    with zeros about it, and dw_k = Σ_i dout_i x_(i+k), dout as the filter. A stride puts
    zeros between the entries of dout.
    """
    xpad, w, stride, pad = cache
    N, F, _, _ = dout.shape
    _, _, HH, WW = w.shape
    _, _, Hpad, Wpad = xpad.shape
    spread = np.zeros((N, F, Hpad - HH + 1, Wpad - WW + 1), dtype=dout.dtype)
    spread[:, :, ::stride, ::stride] = dout
    edges = ((0, 0), (0, 0), (HH - 1, HH - 1), (WW - 1, WW - 1))
    turned = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    dxpad, _ = conv_forward(np.pad(spread, edges), turned, np.zeros_like(w[0, :, 0, 0]))
    dx = dxpad[:, :, pad : Hpad - pad, pad : Wpad - pad]
    swapped, filters = xpad.transpose(1, 0, 2, 3), spread.transpose(1, 0, 2, 3)
    dw, _ = conv_forward(swapped, filters, np.zeros_like(dout[0, :, 0, 0]))
    return dx, dw.transpose(1, 0, 2, 3), np.sum(dout, axis=(0, 2, 3))
