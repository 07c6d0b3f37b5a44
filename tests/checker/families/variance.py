import numpy as np


def arguments(rng):
    return (rng.normal(size=(5, 4)),)


def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=0)
    return var


def variance_cached(x):
    mu = x.mean(axis=0)
    xmu = x - mu
    sq = xmu**2
    var = sq.sum(axis=0) / x.shape[0]
    return var, (x, mu, xmu)


def staged(dvar, x):
    N = x.shape[0]
    mean = np.mean(x, axis=0)
    diff = x - mean
    dsquare = dvar / N
    ddiff = 2 * diff * dsquare
    dmean = -np.sum(ddiff, axis=0)
    dx1 = ddiff
    dx2 = dmean / N
    dx = dx1 + dx2
    return dx


def full_shapes(dvar, x):
    mean = np.mean(x, axis=0)
    dsquare = np.ones(x.shape) / x.shape[0] * dvar
    ddiff = 2 * (x - mean) * dsquare
    dx = ddiff.copy()
    dmean = -1 * np.sum(ddiff, axis=0)
    dx += np.ones_like(x) * dmean / x.shape[0]
    return dx


def closed(dout, x):
    return 2 / len(x) * (x - x.mean(axis=0)) * dout


def accumulated(dvar, cache):
    x, mu, xmu = cache
    N, D = x.shape
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu = np.zeros((N, D))
    dxmu += 2 * xmu * dsq
    grad_mu = -dxmu.sum(axis=0)
    dx = np.zeros_like(x)
    dx += dxmu
    dx += grad_mu / N
    return dx


def looped(dvar, cache):
    x, mu, xmu = cache
    N, D = x.shape
    dx = np.zeros((N, D))
    for j in range(D):
        for i in range(N):
            dx[i, j] = dvar[j] * 2.0 * xmu[i, j] / N
    return dx


def jacobian(dvar, x):
    N, D = x.shape
    dx = np.empty_like(x)
    for j in range(D):
        centred = x[:, j] - x[:, j].mean()
        J = (np.eye(N) - np.ones((N, N)) / N) @ (2 * centred / N)
        dx[:, j] = J * dvar[j]
    return dx


BACKWARDS = {
    staged: variance,
    full_shapes: variance,
    closed: variance,
    accumulated: variance_cached,
    looped: variance_cached,
    jacobian: variance,
}

MISTAKES = [
    (
        staged,
        "dmean = -np.sum(ddiff, axis=0)",
        "dmean = -np.sum(ddiff, axis=1)[:4]",
        "dmean",
        "axis",
    ),
    (staged, "dsquare = dvar / N", "dsquare = dvar * N", "dsquare", "factor"),
    (staged, "dsquare = dvar / N", "dsquare = dvar / x.shape[1]", "dsquare", "factor"),
    (staged, "ddiff = 2 * diff * dsquare", "ddiff = diff * dsquare", "ddiff", "factor"),
    (staged, "ddiff = 2 * diff * dsquare", "ddiff = -2 * diff * dsquare", "ddiff", "sign"),
    (staged, "ddiff = 2 * diff * dsquare", "ddiff = 2 * x * dsquare", "ddiff", "operand"),
    (staged, "N = x.shape[0]", "N = x.shape[1]", "N", "factor"),
    (full_shapes, "2 * (x - mean) * dsquare", "2 * (x - mean) ** 2 * dsquare", "ddiff", "power"),
    (closed, "2 / len(x) * (x", "2 * (x", "return[0]", "factor"),
    (closed, "x.mean(axis=0)", "x.mean(axis=1, keepdims=True)", "return[0]", "axis"),
    (accumulated, "dx += dxmu", "dx += xmu", "dx", "value"),
    (accumulated, "dxmu += 2 * xmu * dsq", "dxmu += 2 * x * dsq", "dxmu", "operand"),
    (looped, "2.0 * xmu[i, j]", "2.0 * xmu[i, j] ** 2", "dx", "power"),
    (looped, "dvar[j] * 2.0", "dvar[j] * 0.5", "dx", "factor"),
]
