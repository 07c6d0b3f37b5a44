import numpy as np


def arguments(rng):
    return (rng.normal(size=(5, 4)),)


def std(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=0)
    std = np.sqrt(var + 1e-5)
    return std


def std_rows(x):
    N, D = x.shape
    mu = 1.0 / D * np.sum(x, axis=1, keepdims=True)
    xmu = x - mu
    sq = xmu**2
    var = 1.0 / D * np.sum(sq, axis=1, keepdims=True)
    sqrtvar = np.sqrt(var)
    return sqrtvar, (x, mu, xmu, var, sqrtvar)


def staged(dstd, x):
    N = x.shape[0]
    diff = x - np.mean(x, axis=0)
    var = np.mean(diff**2, axis=0)
    dvar = 0.5 / np.sqrt(var + 1e-5) * dstd
    dsquare = dvar / N
    ddiff = 2 * diff * dsquare
    dmean = -np.sum(ddiff, axis=0)
    dx = ddiff + dmean / N
    return dx


def short(dstd, x):
    diff = x - x.mean(0)
    std = np.sqrt((diff**2).mean(0) + 1e-5)
    return dstd * diff / (len(x) * std)


def powers(dstd, x):
    N, D = x.shape
    xc = x - x.mean(axis=0)
    v = np.einsum("nd,nd->d", xc, xc) / N
    dvar = dstd * 0.5 * (v + 1e-5) ** -0.5
    dxc = 2.0 / N * xc * dvar
    dx = dxc - np.mean(dxc, axis=0)
    return dx


def rows(dout, cache):
    x, mu, xmu, var, sqrtvar = cache
    N, D = x.shape
    dvar = 0.5 * 1.0 / np.sqrt(var) * dout
    dsq = 1.0 / D * np.ones((N, D)) * dvar
    dxmu = 2 * xmu * dsq
    dx1 = dxmu
    dmu = -1 * np.sum(dxmu, axis=1, keepdims=True)
    dx2 = 1.0 / D * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx


def rows_flat(grad_out, cache):
    x, mu, xmu, var, sqrtvar = cache
    g = grad_out.ravel()
    s = sqrtvar.ravel()
    out = np.zeros(x.shape)
    for n in range(x.shape[0]):
        out[n] = g[n] * xmu[n] / (x.shape[1] * s[n])
    return out


BACKWARDS = {staged: std, short: std, powers: std, rows: std_rows, rows_flat: std_rows}

MISTAKES = [
    (staged, "0.5 / np.sqrt(var + 1e-5)", "0.5 / np.sqrt(var)", "dvar", "factor"),
    (staged, "0.5 / np.sqrt(var + 1e-5)", "-0.5 / np.sqrt(var + 1e-5)", "dvar", "sign"),
    (staged, "0.5 / np.sqrt(var + 1e-5)", "0.5 / (var + 1e-5)", "dvar", "power"),
    (staged, "0.5 / np.sqrt(var + 1e-5)", "0.5 * np.sqrt(var + 1e-5)", "dvar", "power"),
    (staged, "ddiff = 2 * diff", "ddiff = 2 * x", "ddiff", "operand"),
    (short, "(len(x) * std)", "(2 * len(x) * std)", "return[0]", "factor"),
    (short, "(len(x) * std)", "(len(x) * std**2)", "return[0]", "power"),
    (powers, "** -0.5", "** -1.5", "dvar", "power"),
    (powers, "dxc = 2.0 / N", "dxc = 2.0 / D", "dxc", "factor"),
    (rows, "dsq = 1.0 / D", "dsq = 1.0 / N", "dsq", "factor"),
    (
        rows,
        "np.sum(dxmu, axis=1, keepdims=True)",
        "np.sum(dxmu, axis=0, keepdims=True)",
        "dmu",
        "axis",
    ),
    (
        rows,
        "dvar = 0.5 * 1.0 / np.sqrt(var) * dout",
        "dvar = 1.0 / np.sqrt(var) * dout",
        "dvar",
        "factor",
    ),
]
