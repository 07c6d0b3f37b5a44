import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def arguments(rng):
    return (
        rng.normal(size=(3, 4)),
        rng.normal(size=(3, 5)),
        rng.normal(size=(3, 5)),
        rng.normal(size=(4, 20)),
        rng.normal(size=(5, 20)),
        rng.normal(size=20),
    )


def lstm_step(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H : 2 * H])
    o = sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)
    return next_h, next_c, cache


def lstm(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    prev_h, prev_c = h0, np.zeros_like(h0)
    caches = []
    for t in range(T):
        a = x[:, t].dot(Wx) + prev_h.dot(Wh) + b
        ai, af, ao, ag = np.split(a, 4, axis=1)
        i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
        c = f * prev_c + i * g
        tc = np.tanh(c)
        caches.append((x[:, t], prev_h, prev_c, i, f, o, g, tc))
        prev_h, prev_c = o * tc, c
        h[:, t] = prev_h
    return h, (caches, Wx, Wh)


ARGUMENTS = {
    lstm: lambda rng: (
        rng.normal(size=(2, 4, 3)),
        rng.normal(size=(2, 4)),
        rng.normal(size=(3, 16)),
        rng.normal(size=(4, 16)),
        rng.normal(size=16),
    )
}


def step_usual(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tc = np.tanh(next_c)
    do = dnext_h * tc
    dc = dnext_c + dnext_h * o * (1 - tc**2)
    df = dc * prev_c
    dprev_c = dc * f
    di = dc * g
    dg = dc * i
    dai = di * i * (1 - i)
    daf = df * f * (1 - f)
    dao = do * o * (1 - o)
    dag = dg * (1 - g**2)
    da = np.hstack((dai, daf, dao, dag))
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def step_reusing(douts, cache):
    dh, dc = douts
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, c = cache
    N, H = prev_h.shape
    dc = dc + dh * o * (1 - np.tanh(c) ** 2)
    da = np.empty((N, 4 * H))
    da[:, :H] = dc * g * i * (1 - i)
    da[:, H : 2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H : 3 * H] = dh * np.tanh(c) * o * (1 - o)
    da[:, 3 * H :] = dc * i * (1 - g * g)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, np.sum(da, 0)


def step_gates_overwritten(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    dnext_c = dnext_c + o * (1 - np.tanh(next_c) ** 2) * dnext_h
    df = prev_c * dnext_c
    dprev_c = f * dnext_c
    di = g * dnext_c
    dg = i * dnext_c
    do = np.tanh(next_c) * dnext_h
    dg = (1 - np.square(g)) * dg
    do = (o * (1 - o)) * do
    df = (f * (1 - f)) * df
    di = (i * (1 - i)) * di
    stack = np.concatenate((di, df, do, dg), axis=1)
    dx = np.dot(stack, Wx.T)
    dWx = np.dot(x.T, stack)
    dprev_h = np.dot(stack, Wh.T)
    dWh = np.dot(prev_h.T, stack)
    db = np.sum(stack, axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def sequence(dh, cache):
    caches, Wx, Wh = cache
    N, T, H = dh.shape
    dx = np.zeros((N, T, Wx.shape[0]))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros(4 * H)
    dprev_h = np.zeros((N, H))
    dprev_c = np.zeros((N, H))
    for t in reversed(range(T)):
        xt, prev_h, prev_c, i, f, o, g, tc = caches[t]
        dht = dh[:, t] + dprev_h
        dct = dprev_c + dht * o * (1 - tc**2)
        dai = dct * g * i * (1 - i)
        daf = dct * prev_c * f * (1 - f)
        dao = dht * tc * o * (1 - o)
        dag = dct * i * (1 - g**2)
        da = np.hstack([dai, daf, dao, dag])
        dx[:, t] = da @ Wx.T
        dWx += xt.T @ da
        dWh += prev_h.T @ da
        db += da.sum(axis=0)
        dprev_h = da @ Wh.T
        dprev_c = dct * f
    return dx, dprev_h, dWx, dWh, db


BACKWARDS = {
    step_usual: lstm_step,
    step_reusing: lstm_step,
    step_gates_overwritten: lstm_step,
    sequence: lstm,
}

MISTAKES = [
    (
        step_usual,
        "dc = dnext_c + dnext_h * o * (1 - tc**2)",
        "dc = dnext_h * o * (1 - tc**2)",
        "dc",
        "missing term",
    ),
    (
        step_usual,
        "dc = dnext_c + dnext_h * o * (1 - tc**2)",
        "dc = dnext_c + dnext_h * o * (1 - next_c**2)",
        "dc",
        "operand",
    ),
    (step_usual, "df = dc * prev_c", "df = dc * next_c", "df", "operand"),
    (step_usual, "dag = dg * (1 - g**2)", "dag = dg * g * (1 - g)", "dag", "value"),
    (step_usual, "dai = di * i * (1 - i)", "dai = di * (1 - i)", "dai", "factor"),
    (step_usual, "(dai, daf, dao, dag)", "(dai, dao, daf, dag)", "da", "order"),
    (step_usual, "di = dc * g", "di = dc * i", "di", "operand"),
    (step_usual, "dprev_c = dc * f", "dprev_c = dnext_c * f", "dprev_c", "operand"),
    (step_usual, "dWh = prev_h.T.dot(da)", "dWh = prev_c.T.dot(da)", "dWh", "operand"),
    (step_reusing, "dh * o * (1 - np.tanh(c) ** 2)", "dh * o * (1 - np.tanh(c))", "dc", "power"),
    (step_reusing, "dc * i * (1 - g * g)", "dc * i * (1 + g * g)", "da", "sign"),
    (step_gates_overwritten, "df = (f * (1 - f)) * df", "df = f * df", "df", "value"),
    (
        step_gates_overwritten,
        "dprev_c = f * dnext_c",
        "dprev_c = i * dnext_c",
        "dprev_c",
        "operand",
    ),
    (step_gates_overwritten, "do = (o * (1 - o)) * do", "do = (o * (1 + o)) * do", "do", "sign"),
    (sequence, "dct = dprev_c + dht", "dct = dht", "dct", "missing term"),
    (sequence, "dht = dh[:, t] + dprev_h", "dht = dh[:, t]", "dht", "missing term"),
    (sequence, "dWh += prev_h.T @ da", "dWh = prev_h.T @ da", "dWh", "overwritten"),
    (sequence, "dprev_c = dct * f", "dprev_c = dct * i", "dprev_c", "operand"),
]
