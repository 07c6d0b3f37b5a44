import numpy as np


def arguments(rng):
    return (rng.normal(size=(4, 6)) * 2, rng.normal(size=6), rng.normal(size=6))


def layernorm(x, gamma, beta):
    mean = np.mean(x, axis=1, keepdims=True)
    diff = x - mean
    var = np.mean(diff**2, axis=1, keepdims=True)
    std = np.sqrt(var + 1e-5)
    xhat = diff / std
    out = gamma * xhat + beta
    cache = (gamma, diff, std, xhat)
    return out, cache


def layernorm_transposed(x, gamma, beta, ln_param):
    """As in many cs231n solutions: transposes, then batch normalisation."""
    eps = ln_param.get("eps", 1e-5)
    x = x.T
    mu = np.mean(x, axis=0)
    var = np.var(x, axis=0)
    std = np.sqrt(var + eps)
    z = (x - mu) / std
    z = z.T
    out = gamma * z + beta
    return out, (x, mu, std, z, gamma)


def staged(dout, cache):
    gamma, diff, std, xhat = cache
    D = dout.shape[1]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(xhat * dout, axis=0)
    dxhat = gamma * dout
    ddiff1 = dxhat / std
    dstd = -np.sum(dxhat * xhat, axis=1, keepdims=True) / std
    dvar = dstd / (2 * std)
    ddiff2 = 2 * diff * dvar / D
    ddiff = ddiff1 + ddiff2
    dmean = -np.sum(ddiff, axis=1, keepdims=True)
    dx = ddiff + dmean / D
    return dx, dgamma, dbeta


def closed(dout, cache):
    gamma, _, std, xhat = cache
    n, d = dout.shape
    g = dout * gamma
    a = g.sum(axis=1, keepdims=True)
    b = (g * xhat).sum(axis=1, keepdims=True)
    dx = (g - a / d - xhat * b / d) / std
    return dx, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def rowwise(dout, cache):
    gamma, diff, std, xhat = cache
    dx = np.zeros_like(dout)
    dgamma = np.zeros_like(gamma)
    dbeta = np.zeros_like(gamma)
    for i in range(len(dout)):
        dgamma += dout[i] * xhat[i]
        dbeta += dout[i]
        dh = dout[i] * gamma
        dx[i] = (dh - dh.mean() - xhat[i] * np.mean(dh * xhat[i])) / std[i]
    return dx, dgamma, dbeta


def transposed(dout, cache):
    x, mu, std, z, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * z).sum(axis=0)
    dz = (dout * gamma).T
    N = x.shape[0]
    dmu = -np.sum(dz / std, axis=0)
    dvar = np.sum(dz * (x - mu), axis=0) * -0.5 * std**-3
    dx = dz / std + dvar * 2 * (x - mu) / N + dmu / N
    dx = dx.T
    return dx, dgamma, dbeta


def transposed_closed(dout, cache):
    x, mu, std, z, gamma = cache
    dz = dout * gamma
    z = z.T
    dz = dz.T
    N = x.shape[0]
    dx = (N * dz - dz.sum(axis=0) - z * np.sum(dz * z, axis=0)) / (N * std)
    return dx.T, np.einsum("nd,nd->d", dout, z.T), dout.sum(0)


def recomputed(dout, x, gamma, beta):
    """The forward values once more, as they are when there is no cache."""
    D = x.shape[1]
    mean = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    std = np.sqrt(var + 1e-5)
    xhat = (x - mean) / std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dvar = np.sum(dxhat * (x - mean) * -0.5 * (var + 1e-5) ** -1.5, axis=1, keepdims=True)
    dmean = np.sum(-dxhat / std, axis=1, keepdims=True)
    dx = dxhat / std + dvar * 2 * (x - mean) / D + dmean / D
    return dx, dgamma, dbeta


BACKWARDS = {
    staged: layernorm,
    closed: layernorm,
    rowwise: layernorm,
    transposed: layernorm_transposed,
    transposed_closed: layernorm_transposed,
    recomputed: layernorm,
}

MORE = {layernorm_transposed: ({"eps": 1e-5},)}

MISTAKES = [
    (recomputed, "std = np.sqrt(var + 1e-5)", "std = np.sqrt(var) + 1e-2", "std", "forward"),
    (recomputed, "/ std, axis=1, keepdims=True)", "/ std, axis=1)", "dmean", "shape"),
    (
        staged,
        "dmean = -np.sum(ddiff, axis=1, keepdims=True)",
        "dmean = -np.sum(ddiff, axis=0)",
        "dmean",
        "axis",
    ),
    (staged, "dmean = -np.sum", "dmean = np.sum", "dmean", "sign"),
    (staged, "D = dout.shape[1]", "D = dout.shape[0]", "D", "factor"),
    (staged, "dvar = dstd / (2 * std)", "dvar = dstd / std", "dvar", "factor"),
    (
        staged,
        "dgamma = np.sum(xhat * dout, axis=0)",
        "dgamma = np.sum(xhat * dout, axis=1)",
        "dgamma",
        "axis",
    ),
    (staged, "dstd = -np.sum(dxhat * xhat,", "dstd = -np.sum(dout * xhat,", "dstd", "operand"),
    (staged, "dx = ddiff + dmean / D", "dx = ddiff", "dx", "missing term"),
    (closed, "g = dout * gamma", "g = dout", "g", "factor"),
    (closed, "- xhat * b / d", "+ xhat * b / d", "dx", "sign"),
    (closed, "- a / d -", "- a -", "dx", "factor"),
    (rowwise, "dgamma += dout[i] * xhat[i]", "dgamma = dout[i] * xhat[i]", "dgamma", "overwritten"),
    (rowwise, "- dh.mean() -", "- dh.sum() -", "dx", "factor"),
    (rowwise, "dbeta += dout[i]", "dbeta += dh if i else dout[i]", "dbeta", None),
    (transposed, "dz = (dout * gamma).T", "dz = dout.T", "dz", "factor"),
    (transposed, "N = x.shape[0]", "N = x.shape[1]", "N", "factor"),
    (transposed, "std**-3", "std**-1", "dvar", "power"),
    (transposed, "    dx = dx.T\n", "", "dx", "transposed"),
    (transposed_closed, "dz.sum(axis=0)", "dz.sum(axis=1, keepdims=True)", "dx", "axis"),
]
