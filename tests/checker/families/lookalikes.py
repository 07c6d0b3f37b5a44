"""Right backwards whose names invite a false alarm: `dmean` that is a mean, `dx` in stages."""

import numpy as np


def arguments(rng):
    return (rng.normal(size=(6, 4)), rng.normal(size=4), rng.normal(size=4))


def batchnorm(x, gamma, beta):
    mean = x.mean(axis=0)
    diff = x - mean
    var = np.mean(diff**2, axis=0)
    std = np.sqrt(var + 1e-5)
    xhat = diff / std
    out = gamma * xhat + beta
    return out, (x, mean, var, std, xhat, gamma)


def means_called_gradients(dout, cache):
    x, mean, var, std, xhat, gamma = cache
    dx = dout * gamma
    dmean = dx.mean(axis=0)
    dvar = (dx * xhat).mean(axis=0)
    dx = (dx - dmean - xhat * dvar) / std
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def signs_left_for_later(dout, cache):
    x, mean, var, std, xhat, gamma = cache
    N = len(x)
    dxhat = dout * gamma
    dvar = np.sum(dxhat * (x - mean), axis=0) / (2 * std**3)
    dmean = np.sum(dxhat / std, axis=0)
    dx = dxhat / std - 2 * dvar * (x - mean) / N - dmean / N
    dbeta, dgamma = dout.sum(0), (dout * xhat).sum(0)
    return dx, dgamma, dbeta


def std_in_parts(dout, cache):
    x, mean, var, std, xhat, gamma = cache
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dstd = dgamma * gamma
    ddiff = dout * gamma / std
    dx = ddiff - ddiff.mean(axis=0) - xhat * dstd / (len(x) * std)
    return dx, dgamma, dbeta


def in_one_buffer(dout, cache):
    x, mean, var, std, xhat, gamma = cache
    dgamma = np.zeros_like(gamma)
    dbeta = np.zeros_like(gamma)
    dx = np.empty_like(x)
    for j in range(x.shape[1]):
        d = dout[:, j]
        dbeta[j] = d.sum()
        dgamma[j] = d @ xhat[:, j]
        d = d * gamma[j]
        d = d - d.mean() - xhat[:, j] * (d @ xhat[:, j]) / len(d)
        dx[:, j] = d / std[j]
    return dx, dgamma, dbeta


def net(x, w1, w2):
    h = np.maximum(x @ w1, 0)
    d = h * 0.5
    s = d @ w2
    p = 1 / (1 + np.exp(-s))
    return p, (x, w1, h, d, w2, s, p)


def one_name_for_all(dout, cache):
    x, w1, h, d, w2, s, p = cache
    dout = dout * p * (1 - p)
    dw2 = d.T @ dout
    dout = dout @ w2.T
    dout = dout * 0.5
    dout[h == 0] = 0
    dw1 = x.T @ dout
    dout = dout @ w1.T
    return dout, dw1, dw2


def activations_skipped(dout, cache):
    x, w1, h, d, w2, s, p = cache
    dp = dout * (p - p**2)
    dw2 = np.matmul(d.transpose(), dp)
    dh = np.where(h > 0, (dp @ w2.T) / 2, 0.0)
    return dh @ w1.T, x.T @ dh, dw2


def transposed_throughout(dout, cache):
    x, w1, h, d, w2, s, p = cache
    dsT = (dout * p * (1 - p)).T
    dhT = 0.5 * (w2 @ dsT) * (h.T > 0)
    dw1, dw2 = (dhT @ x).T, (dsT @ d).T
    dx = (w1 @ dhT).T
    return dx, dw1, dw2


def lists_of_gradients(dout, cache):
    x, w1, h, d, w2, s, p = cache
    grads = []
    g = dout * p * (1.0 - p)
    grads.append(d.T @ g)
    g = 0.5 * g @ w2.T * np.sign(h)
    grads.append(x.T @ g)
    grads.append(g @ w1.T)
    dx, dw1, dw2 = grads[::-1]
    return dx, dw1, dw2


def loss(x, w, y):
    s = x @ w
    e = s - y
    total = np.sum(e * e)
    loss = total / (2 * len(y))
    return loss


def halves(dloss, x, w, y):
    e = x @ w - y
    de = e / len(y)
    dw = dloss * (x.T @ de)
    dx = dloss * np.outer(de, w)
    dy = -de * dloss
    return dx, dw, dy


def ones_first(dloss, x, w, y):
    n = y.shape[0]
    dtotal = dloss / (2 * n)
    de = 2 * dtotal * (x.dot(w) - y)
    ds, dy = de, -de
    dw = ds.dot(x)
    dx = ds[:, None] * w
    return dx, dw, dy


ARGUMENTS = {
    net: lambda rng: (
        rng.normal(size=(5, 4)),
        rng.normal(size=(4, 6)),
        rng.normal(size=(6, 3)),
    ),
    loss: lambda rng: (rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=5)),
}

BACKWARDS = {
    means_called_gradients: batchnorm,
    signs_left_for_later: batchnorm,
    std_in_parts: batchnorm,
    in_one_buffer: batchnorm,
    one_name_for_all: net,
    activations_skipped: net,
    transposed_throughout: net,
    lists_of_gradients: net,
    halves: loss,
    ones_first: loss,
}

MISTAKES = [
    (means_called_gradients, "dvar = (dx * xhat)", "dvar = (dx * x)", "dvar", "operand"),
    (means_called_gradients, "dx - dmean -", "dx + dmean -", "dx", "sign"),
    (std_in_parts, "dstd = dgamma * gamma", "dstd = dgamma", "dstd", "factor"),
    (one_name_for_all, "dout[h == 0] = 0", "dout[h > 0] = 0", "dout", "mask"),
    (one_name_for_all, "dout = dout * 0.5", "dout = dout * 2", "dout", "factor"),
    (activations_skipped, "(p - p**2)", "(p - p**3)", "dp", "power"),
    (transposed_throughout, "dw1, dw2 = (dhT @ x).T", "dw1, dw2 = -(dhT @ x).T", "dw1", "sign"),
    (lists_of_gradients, "np.sign(h)", "h", "g", "value"),
    (halves, "dy = -de * dloss", "dy = de * dloss", "dy", "sign"),
    (halves, "de = e / len(y)", "de = e", "de", "factor"),
    (ones_first, "dw = ds.dot(x)", "dw = de.dot(x) / n", "dw", "factor"),
]
