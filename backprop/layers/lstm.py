"""Long short-term memory (Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735),
with the forget gate of Gers and others (2000, doi:10.1162/089976600300015015), as in cs231n.
"""

import numpy as np

from backprop.layers.types import Array, Cache


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a)), written with tanh: no exponential can overflow."""
    return (1 + np.tanh(a / 2)) / 2


def lstm_step_forward(
    x: Array, prev_h: Array, prev_c: Array, Wx: Array, Wh: Array, b: Array
) -> tuple[Array, Array, Cache]:
    """One step. The gates stand in the order of cs231n: input, forget, output, candidate.

    x: (N, D) floating; prev_h, prev_c: (N, H); Wx: (D, 4H); Wh: (H, 4H); b: (4H,).
    Returns ``(next_h, next_c, cache)``, both states of shape (N, H).
    """
    a = x @ Wx + prev_h @ Wh + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i = sigmoid(ai)
    f = sigmoid(af)
    o = sigmoid(ao)
    g = np.tanh(ag)
    kept = f * prev_c
    written = i * g
    next_c = kept + written
    tanh_c = np.tanh(next_c)
    next_h = o * tanh_c
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, tanh_c)
    return next_h, next_c, cache


def lstm_step_backward(
    dnext_h: Array, dnext_c: Array, cache: Cache
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Staged backward. dnext_h, dnext_c: (N, H), what comes from behind to either state.

    Returns dx (N, D), dprev_h and dprev_c (N, H), dWx (D, 4H), dWh (H, 4H), db (4H,).
    """
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, tanh_c = cache
    do = dnext_h * tanh_c
    dtanh_c = dnext_h * o
    dnext_c = dnext_c + dtanh_c * (1 - tanh_c**2)  # two gradients meet
    df = dnext_c * prev_c
    dprev_c = dnext_c * f
    di = dnext_c * g
    dg = dnext_c * i
    dai = di * i * (1 - i)
    daf = df * f * (1 - f)
    dao = do * o * (1 - o)
    dag = dg * (1 - g**2)
    da = np.concatenate([dai, daf, dao, dag], axis=1)
    db = np.sum(da, axis=0)
    dWx = x.T @ da
    dx = da @ Wx.T
    dWh = prev_h.T @ da
    dprev_h = da @ Wh.T
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, Cache]:
    """The same step for every time; the cell begins at zero.

    x: (N, T, D) floating, T ≥ 1; h0: (N, H); weights as in `lstm_step_forward`.
    Returns ``(h, cache)`` with ``h`` of shape (N, T, H).
    """
    N, T, _ = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=x.dtype)
    steps = []
    prev_h = h0
    prev_c = np.zeros_like(h0)
    for t in range(T):
        prev_h, prev_c, step = lstm_step_forward(x[:, t], prev_h, prev_c, Wx, Wh, b)
        h[:, t] = prev_h
        steps.append(step)
    cache = tuple(steps)
    return h, cache


def lstm_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Backward through time. dh: (N, T, H), what the loss sends to every hidden state.

    Returns dx (N, T, D), dh0 (N, H), dWx (D, 4H), dWh (H, 4H), db (4H,).
    """
    x, prev_h, prev_c, Wx, Wh = cache[0][:5]
    dx = np.zeros((*dh.shape[:2], x.shape[1]), dtype=x.dtype)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros_like(Wh[0])
    later_h = np.zeros_like(prev_h)
    later_c = np.zeros_like(prev_c)
    for t in reversed(range(dh.shape[1])):
        dnext_h = dh[:, t] + later_h
        grads = lstm_step_backward(dnext_h, later_c, cache[t])
        dx[:, t], later_h, later_c, dWx_t, dWh_t, db_t = grads
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = later_h
    return dx, dh0, dWx, dWh, db
