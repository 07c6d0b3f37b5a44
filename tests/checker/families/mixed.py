"""Layers of every kind in yet another handwriting, written after the checker."""

import numpy as np


def arguments(rng):
    return ()


def bn_fwd(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    sample_mean = x.mean(axis=0)
    x_minus_mean = x - sample_mean
    sq = x_minus_mean**2
    var = sq.mean(axis=0)
    sqrt = np.sqrt(var + eps)
    ivar = 1.0 / sqrt
    x_norm = x_minus_mean * ivar
    gammax = gamma * x_norm
    out = gammax + beta
    cache = {"x_norm": x_norm, "gamma": gamma, "xmm": x_minus_mean, "ivar": ivar, "sqrt": sqrt}
    return out, cache


def bn_graph(dout, cache):
    x_norm, gamma, xmm, ivar, sqrt = cache.values()
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(x_norm * dout, axis=0)
    dx_norm = gamma * dout
    dx_minus_mean = dx_norm * ivar
    divar = (dx_norm * xmm).sum(axis=0)
    dsqrt = -divar * ivar**2
    dvar = 0.5 * dsqrt / sqrt
    dsq = np.tile(dvar, (N, 1)) / N
    dx_minus_mean += 2 * xmm * dsq
    dsample_mean = -np.sum(dx_minus_mean, axis=0)
    dx = dx_minus_mean + dsample_mean / N
    return dx, dgamma, dbeta


def gn_fwd(x, gamma, beta, G=2):
    N, C, H, W = x.shape
    v = x.reshape(N, G, -1)
    mean = v.mean(axis=2, keepdims=True)
    centered = v - mean
    var = (centered * centered).mean(axis=2, keepdims=True)
    inv = (var + 1e-5) ** -0.5
    norm = centered * inv
    y = norm.reshape(N, C, H, W)
    out = y * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1)
    return out, (y, norm, inv, centered, gamma, G)


def gn_bwd(dout, cache):
    y, norm, inv, centered, gamma, G = cache
    N, C, H, W = dout.shape
    db = np.sum(dout, axis=(0, 2, 3))
    dg = np.sum(dout * y, axis=(0, 2, 3))
    dy = dout * gamma[None, :, None, None]
    dnorm = dy.reshape(N, G, -1)
    M = dnorm.shape[2]
    dinv = np.sum(dnorm * centered, axis=2, keepdims=True)
    dvar = -0.5 * dinv * inv**3
    dcentered = dnorm * inv + 2.0 / M * centered * dvar
    dmean = -dcentered.sum(axis=2, keepdims=True)
    dv = dcentered + dmean / M
    dx = dv.reshape(N, C, H, W)
    return dx, dg, db


def loss_fwd(scores, y):
    N = len(y)
    m = scores.max(axis=1, keepdims=True)
    ez = np.exp(scores - m)
    Z = ez.sum(axis=1)
    p = ez / Z[:, None]
    correct = p[np.arange(N), y]
    logs = -np.log(correct)
    loss = logs.sum() / N
    return loss, (p, y)


def loss_bwd(dloss, cache):
    p, y = cache
    N, C = p.shape
    dcorrect = -1.0 / p[np.arange(N), y] * dloss / N
    dp = np.zeros((N, C))
    dp[np.arange(N), y] = dcorrect
    s = np.sum(dp * p, axis=1)
    dscores = p * (dp - s.reshape(-1, 1))
    return dscores


def deep_fwd(x, w1, b1, w2, b2, y):
    z1 = x @ w1 + b1
    a1 = np.where(z1 > 0, z1, 0.1 * z1)
    z2 = a1 @ w2 + b2
    diff = z2 - y
    loss = 0.5 * np.sum(diff**2) / x.shape[0]
    return loss, (x, w1, z1, a1, w2, diff)


def deep_bwd(dloss, cache):
    x, w1, z1, a1, w2, diff = cache
    n = x.shape[0]
    dz2 = dloss * diff / n
    dw2 = a1.T @ dz2
    db2 = np.sum(dz2, axis=0)
    da1 = dz2 @ w2.T
    slope = np.where(z1 > 0, 1.0, 0.1)
    dz1 = da1 * slope
    dw1 = x.T @ dz1
    db1 = np.sum(dz1, axis=0)
    dx = dz1 @ w1.T
    return dx, dw1, db1, dw2, db2, -dz2


def gru_fwd(x, h, Wz, Uz, Wc, Uc):
    z = 1 / (1 + np.exp(-(x @ Wz + h @ Uz)))
    c = np.tanh(x @ Wc + (h * z) @ Uc)
    out = (1 - z) * h + z * c
    return out, (x, h, Wz, Uz, Wc, Uc, z, c)


def gru_bwd(dout, cache):
    x, h, Wz, Uz, Wc, Uc, z, c = cache
    dz = dout * (c - h)
    dc = dout * z
    dh = dout * (1 - z)
    dac = dc * (1 - c**2)
    dhz = dac @ Uc.T
    dh += dhz * z
    dz += dhz * h
    daz = dz * z * (1 - z)
    dh += daz @ Uz.T
    dx = dac @ Wc.T + daz @ Wz.T
    return dx, dh, x.T @ daz, h.T @ daz, x.T @ dac, (h * z).T @ dac


def att_fwd(X, Wq, Wk, Wv):
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    S = Q @ K.T
    S = S / np.sqrt(K.shape[1])
    A = np.exp(S - S.max(1, keepdims=True))
    A = A / A.sum(1, keepdims=True)
    O = A @ V
    return O, (X, Wq, Wk, Wv, Q, K, V, A)


def att_bwd(dO, cache):
    X, Wq, Wk, Wv, Q, K, V, A = cache
    d = K.shape[1]
    dV = A.T @ dO
    dA = dO @ V.T
    dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))
    dS = dS / np.sqrt(d)
    dQ = dS @ K
    dK = dS.T @ Q
    dWq = X.T @ dQ
    dWk = X.T @ dK
    dWv = X.T @ dV
    dX = dQ @ Wq.T
    dX += dK @ Wk.T
    dX += dV @ Wv.T
    return dX, dWq, dWk, dWv


def pool_fwd(x):
    N, H, W = x.shape
    out = np.zeros((N, H // 2, W // 2))
    for i in range(H // 2):
        for j in range(W // 2):
            out[:, i, j] = x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(1, 2))
    return out, (x, out)


def pool_bwd(dout, cache):
    x, out = cache
    big = out.repeat(2, axis=1).repeat(2, axis=2)
    grad = dout.repeat(2, axis=1).repeat(2, axis=2)
    where = x == big
    dx = where * grad
    return dx


ARGUMENTS = {
    bn_fwd: lambda r: (r.normal(size=(6, 3)), r.normal(size=3), r.normal(size=3), {"mode": "train"}),
    gn_fwd: lambda r: (r.normal(size=(2, 4, 3, 2)), r.normal(size=4), r.normal(size=4)),
    loss_fwd: lambda r: (r.normal(size=(4, 3)), np.array([0, 2, 1, 2])),
    deep_fwd: lambda r: (
        r.normal(size=(5, 4)), r.normal(size=(4, 6)), r.normal(size=6), r.normal(size=(6, 3)),
        r.normal(size=3), r.normal(size=(5, 3)),
    ),
    gru_fwd: lambda r: (
        r.normal(size=(3, 4)), r.normal(size=(3, 5)), r.normal(size=(4, 5)), r.normal(size=(5, 5)),
        r.normal(size=(4, 5)), r.normal(size=(5, 5)),
    ),
    att_fwd: lambda r: tuple(r.normal(size=s) for s in ((5, 4), (4, 3), (4, 3), (4, 2))),
    pool_fwd: lambda r: (r.normal(size=(2, 4, 6)),),
}  # fmt: skip

BACKWARDS = {
    bn_graph: bn_fwd,
    gn_bwd: gn_fwd,
    loss_bwd: loss_fwd,
    deep_bwd: deep_fwd,
    gru_bwd: gru_fwd,
    att_bwd: att_fwd,
    pool_bwd: pool_fwd,
}

MISTAKES = [
    (bn_graph, "dsqrt = -divar * ivar**2", "dsqrt = -divar * ivar", "dsqrt", "power"),
    (bn_graph, "dvar = 0.5 * dsqrt / sqrt", "dvar = 0.5 * dsqrt * sqrt", "dvar", "power"),
    (bn_graph, "np.tile(dvar, (N, 1)) / N", "np.tile(dvar, (N, 1))", "dsq", "factor"),
    (
        bn_graph,
        "dx_minus_mean += 2 * xmm * dsq",
        "dx_minus_mean = 2 * xmm * dsq",
        "dx_minus_mean",
        "overwritten",
    ),
    (
        bn_graph,
        "dx_minus_mean += 2 * xmm * dsq",
        "dx_minus_mean -= 2 * xmm * dsq",
        "dx_minus_mean",
        "sign",
    ),
    (bn_graph, "dx_norm = gamma * dout", "dx_norm = x_norm * dout", "dx_norm", "operand"),
    (
        bn_graph,
        "dsample_mean = -np.sum(dx_minus_mean, axis=0)",
        "dsample_mean = -np.sum(dx_minus_mean, axis=1)[:3]",
        "dsample_mean",
        None,
    ),
    (bn_graph, "+ dsample_mean / N", "", "dx", "missing term"),
    (
        bn_graph,
        "divar = (dx_norm * xmm).sum(axis=0)",
        "divar = (dx_norm * xmm).mean(axis=0)",
        "divar",
        "factor",
    ),
    (gn_bwd, "dmean = -dcentered.sum(axis=2", "dmean = -dcentered.sum(axis=1", "dmean", "axis"),
    (gn_bwd, "M = dnorm.shape[2]", "M = dnorm.shape[1]", "M", "factor"),
    (gn_bwd, "inv**3", "inv**2", "dvar", "power"),
    (gn_bwd, "axis=(0, 2, 3))\n    dg", "axis=(0, 1, 2))\n    dg", "db", "axis"),
    (gn_bwd, "dnorm * inv + 2.0 / M * centered * dvar", "dnorm * inv", "dcentered", "missing term"),
    (gn_bwd, "dvar = -0.5", "dvar = 0.5", "dvar", "sign"),
    (loss_bwd, "dcorrect = -1.0", "dcorrect = 1.0", "dcorrect", "sign"),
    (loss_bwd, "* dloss / N", "* dloss", "dcorrect", "factor"),
    (loss_bwd, "s = np.sum(dp * p, axis=1)", "s = np.sum(dp, axis=1)", "s", "factor"),
    (loss_bwd, "dscores = p * (dp", "dscores = (dp", "dscores", "factor"),
    (loss_bwd, "- s.reshape(-1, 1)", "+ s.reshape(-1, 1)", "dscores", "sign"),
    (deep_bwd, "dz2 = dloss * diff / n", "dz2 = dloss * diff", "dz2", "factor"),
    (deep_bwd, "np.where(z1 > 0, 1.0, 0.1)", "np.where(da1 > 0, 1.0, 0.1)", "slope", "mask"),
    (deep_bwd, "np.where(z1 > 0, 1.0, 0.1)", "np.where(z1 < 0, 1.0, 0.1)", "slope", "mask"),
    (deep_bwd, "dz1 = da1 * slope", "dz1 = da1 * a1", "dz1", "value"),
    (deep_bwd, "dw1 = x.T @ dz1", "dw1 = x.T @ da1", "dw1", "operand"),
    (
        deep_bwd,
        "return dx, dw1, db1, dw2, db2, -dz2",
        "return dx, dw1, db1, dw2, db2, dz2",
        "dz2",
        "sign",
    ),
    (deep_bwd, "db1 = np.sum(dz1, axis=0)", "db1 = dz1", "db1", "missing sum"),
    (gru_bwd, "dh += dhz * z", "dh = dhz * z", "dh", "overwritten"),
    (gru_bwd, "    dz += dhz * h\n", "", "dz", "missing term"),
    (gru_bwd, "dz = dout * (c - h)", "dz = dout * (h - c)", "dz", "sign"),
    (gru_bwd, "dac = dc * (1 - c**2)", "dac = dc * c * (1 - c)", "dac", "value"),
    (gru_bwd, "daz = dz * z * (1 - z)", "daz = dz * (1 - z**2)", "daz", "value"),
    (gru_bwd, "daz @ Uz.T", "daz @ Uz", "dh", "transposed"),
    (gru_bwd, "dh = dout * (1 - z)", "dh = dout * z", "dh", "operand"),
    (gru_bwd, "(h * z).T @ dac", "h.T @ dac", "return[5]", "factor"),
    (att_bwd, "dS = dS / np.sqrt(d)", "dS = dS * np.sqrt(d)", "dS", "factor"),
    (
        att_bwd,
        "(dA * A).sum(axis=1, keepdims=True)",
        "(dA * A).sum(axis=0, keepdims=True)",
        "dS",
        "axis",
    ),
    (att_bwd, "dK = dS.T @ Q", "dK = dS @ Q", "dK", "transposed"),
    (att_bwd, "dX += dK @ Wk.T", "dX = dK @ Wk.T", "dX", "overwritten"),
    (att_bwd, "dWq = X.T @ dQ", "dWq = X.T @ dK", "dWq", "operand"),
    (att_bwd, "    dX += dV @ Wv.T\n", "", "dX", "missing term"),
    (att_bwd, "dA = dO @ V.T", "dA = dO @ V.T * A", "dA", "factor"),
    (pool_bwd, "where = x == big", "where = x != big", "where", "mask"),
    (pool_bwd, "dx = where * grad", "dx = x * grad", "dx", "value"),
    (
        pool_bwd,
        "grad = dout.repeat(2, axis=1).repeat(2, axis=2)",
        "grad = dout.repeat(2, axis=1).repeat(2, axis=2) / 4",
        "grad",
        "factor",
    ),
]
