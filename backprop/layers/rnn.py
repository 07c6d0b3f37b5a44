"""A vanilla recurrent layer (Elman 1990, doi:10.1207/s15516709cog1402_1), as in cs231n."""

import numpy as np

from backprop.layers.types import Array, Cache


def rnn_step_forward(
    x: Array, prev_h: Array, Wx: Array, Wh: Array, b: Array
) -> tuple[Array, Cache]:
    """One step: tanh of what comes in plus what is remembered.

    x: (N, D) floating; prev_h: (N, H); Wx: (D, H); Wh: (H, H); b: (H,).
    Returns ``(next_h, cache)`` with ``next_h`` of shape (N, H).
    """
    from_x = x @ Wx
    from_h = prev_h @ Wh
    a = from_x + from_h + b
    next_h = np.tanh(a)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Staged backward. dnext_h: (N, H).

    Returns dx (N, D), dprev_h (N, H), dWx (D, H), dWh (H, H), db (H,).
    """
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h**2)
    db = np.sum(da, axis=0)
    dWx = x.T @ da
    dx = da @ Wx.T
    dWh = prev_h.T @ da
    dprev_h = da @ Wh.T
    return dx, dprev_h, dWx, dWh, db


def rnn_step_backward_on_paper(
    dnext_h: Array, cache: Cache
) -> tuple[Array, Array, Array, Array, Array]:
    """The sums of the chain rule, with J_nij = ∂next_h_nj/∂prev_h_ni = Wh_ij (1 − next_h_nj²).

    dprev_h_ni = Σ_j J_nij dnext_h_nj, and the same with Wx for dx. Shapes as above.
    """
    x, prev_h, Wx, Wh, next_h = cache
    slope = 1 - next_h**2
    dx = np.einsum("dj,nj,nj->nd", Wx, slope, dnext_h)
    dprev_h = np.einsum("ij,nj,nj->ni", Wh, slope, dnext_h)
    dWx = np.einsum("nd,nj,nj->dj", x, slope, dnext_h)
    dWh = np.einsum("ni,nj,nj->ij", prev_h, slope, dnext_h)
    db = np.einsum("nj,nj->j", slope, dnext_h)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Cache]:
    """The same step, with the same weights, for every time.

    x: (N, T, D) floating; h0: (N, H), the hidden state before the first step; weights as in
    `rnn_step_forward`. Returns ``(h, cache)`` with ``h`` of shape (N, T, H).
    """
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=x.dtype)
    prev_h = h0
    for t in range(T):
        next_h, _ = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = next_h
        prev_h = next_h
    cache = (x, h0, Wx, Wh, b, h)
    return h, cache


def rnn_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Backward through time. dh: (N, T, H), what the loss sends to every step by itself.

    Returns dx (N, T, D), dh0 (N, H), dWx (D, H), dWh (H, H), db (H,).
    """
    x, h0, Wx, Wh, b, h = cache
    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros_like(b)
    later = np.zeros_like(h0)  # what the later steps send to the state between
    for t in reversed(range(x.shape[1])):
        before = h[:, t - 1] if t > 0 else h0
        dnext_h = dh[:, t] + later
        da = dnext_h * (1 - h[:, t] ** 2)
        db += np.sum(da, axis=0)
        dWx += x[:, t].T @ da
        dx[:, t] = da @ Wx.T
        dWh += before.T @ da
        later = da @ Wh.T
    dh0 = later
    return dx, dh0, dWx, dWh, db
