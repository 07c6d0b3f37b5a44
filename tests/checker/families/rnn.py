import numpy as np


def arguments(rng):
    return (
        rng.normal(size=(2, 4, 3)),
        rng.normal(size=(2, 5)),
        rng.normal(size=(3, 5)),
        rng.normal(size=(5, 5)) * 0.5,
        rng.normal(size=5),
    )


def rnn(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    prev = h0
    for t in range(T):
        prev = np.tanh(x[:, t].dot(Wx) + prev.dot(Wh) + b)
        h[:, t] = prev
    cache = (x, h0, Wx, Wh, h)
    return h, cache


def step(x, prev_h, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    next_h = np.tanh(a)
    return next_h, (x, prev_h, Wx, Wh, next_h)


ARGUMENTS = {
    step: lambda rng: (
        rng.normal(size=(3, 4)),
        rng.normal(size=(3, 5)),
        rng.normal(size=(4, 5)),
        rng.normal(size=(5, 5)),
        rng.normal(size=5),
    )
}


def through_time(dh, cache):
    x, h0, Wx, Wh, h = cache
    N, T, D = x.shape
    dx = np.zeros_like(x)
    dWx = np.zeros_like(Wx)
    dWh = np.zeros_like(Wh)
    db = np.zeros(Wh.shape[0])
    dprev = np.zeros_like(h0)
    for t in reversed(range(T)):
        dnext = dh[:, t] + dprev
        da = dnext * (1 - h[:, t] ** 2)
        prev = h[:, t - 1] if t > 0 else h0
        dx[:, t] = da.dot(Wx.T)
        dWx += x[:, t].T.dot(da)
        dWh += prev.T.dot(da)
        db += da.sum(axis=0)
        dprev = da.dot(Wh.T)
    dh0 = dprev
    return dx, dh0, dWx, dWh, db


def step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dtanh = dnext_h * (1 - next_h**2)
    dx = dtanh.dot(Wx.T)
    dprev_h = dtanh.dot(Wh.T)
    dWx = x.T.dot(dtanh)
    dWh = prev_h.T.dot(dtanh)
    db = np.sum(dtanh, axis=0)
    return dx, dprev_h, dWx, dWh, db


def steps_called(dh, cache):
    x, h0, Wx, Wh, h = cache
    N, T, D = x.shape
    dx = np.zeros_like(x)
    dWx, dWh, db = 0, 0, 0
    dprev_h = 0
    for t in range(T - 1, -1, -1):
        before = h0 if t == 0 else h[:, t - 1]
        here = (x[:, t], before, Wx, Wh, h[:, t])
        dxt, dprev_h, dWxt, dWht, dbt = step_backward(dh[:, t] + dprev_h, here)
        dx[:, t] = dxt
        dWx += dWxt
        dWh += dWht
        db += dbt
    return dx, dprev_h, dWx, dWh, db


def sums_at_the_end(dh, cache):
    x, h0, Wx, Wh, h = cache
    N, T, H = h.shape
    da = np.zeros_like(h)
    carry = np.zeros((N, H))
    for t in range(T)[::-1]:
        da[:, t] = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
        carry = da[:, t] @ Wh.T
    previous = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    dx = da @ Wx.T
    dWx = np.einsum("ntd,nth->dh", x, da)
    dWh = np.einsum("nth,ntk->hk", previous, da)
    db = da.sum(axis=(0, 1))
    return dx, carry, dWx, dWh, db


def step_gradients(g, cache):
    x, prev_h, Wx, Wh, next_h = cache
    grad_a = g * (1.0 - next_h * next_h)
    return (
        grad_a @ Wx.T,
        grad_a @ Wh.T,
        np.einsum("nd,nh->dh", x, grad_a),
        np.einsum("nh,nk->hk", prev_h, grad_a),
        grad_a.sum(0),
    )


BACKWARDS = {
    through_time: rnn,
    steps_called: rnn,
    sums_at_the_end: rnn,
    step_backward: step,
    step_gradients: step,
}

MISTAKES = [
    (through_time, "dnext = dh[:, t] + dprev", "dnext = dh[:, t]", "dnext", "missing term"),
    (through_time, "(1 - h[:, t] ** 2)", "(1 - h[:, t])", "da", "power"),
    (through_time, "dWx += x[:, t]", "dWx = x[:, t]", "dWx", "overwritten"),
    (through_time, "dprev = da.dot(Wh.T)", "dprev = da.dot(Wh)", "dprev", "transposed"),
    (through_time, "prev = h[:, t - 1] if t > 0 else h0", "prev = h[:, t]", "prev", "operand"),
    (through_time, "dWh += prev.T.dot(da)", "dWh += prev.T.dot(dnext)", "dWh", "operand"),
    (through_time, "dh0 = dprev", "dh0 = dnext", "dh0", "operand"),
    (through_time, "for t in reversed(range(T)):", "for t in range(T):", "dnext", None),
    (step_backward, "(1 - next_h**2)", "(1 + next_h**2)", "dtanh", "sign"),
    (step_backward, "(1 - next_h**2)", "(1 - x.dot(Wx) ** 2)", "dtanh", "operand"),
    (
        step_backward,
        "dprev_h = dtanh.dot(Wh.T)",
        "dprev_h = dtanh.dot(Wh)",
        "dprev_h",
        "transposed",
    ),
    (step_backward, "dWh = prev_h.T.dot(dtanh)", "dWh = next_h.T.dot(dtanh)", "dWh", "operand"),
    (step_backward, "db = np.sum(dtanh, axis=0)", "db = np.sum(dnext_h, axis=0)", "db", "operand"),
    (steps_called, "dWh += dWht", "dWh = dWht", "dWh", "overwritten"),
    (
        steps_called,
        "step_backward(dh[:, t] + dprev_h, here)",
        "step_backward(dh[:, t], here)",
        "dxt",
        "missing term",
    ),
    (sums_at_the_end, "db = da.sum(axis=(0, 1))", "db = da.sum(axis=1).sum(axis=-1)", "db", "axis"),
    (sums_at_the_end, "(dh[:, t] + carry)", "(dh[:, t] - carry)", "da", "sign"),
    (sums_at_the_end, "[h0[:, None], h[:, :-1]]", "[h[:, :1], h[:, :-1]]", "previous", "operand"),
]
