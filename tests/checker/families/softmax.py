import numpy as np
from scipy import special


def arguments(rng):
    return (rng.normal(size=(4, 5)),)


def softmax(x):
    z = x - np.max(x, axis=1, keepdims=True)
    e = np.exp(z)
    s = np.sum(e, axis=1, keepdims=True)
    p = e / s
    return p, (p, e, s)


def softmax_columns(x):
    """Softmax down the columns."""
    ex = np.exp(x)
    total = ex.sum(axis=0)
    probs = ex / total
    return probs


def log_softmax(x):
    shifted = x - x.max(axis=1, keepdims=True)
    lse = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    logp = shifted - lse
    return logp


def staged(dp, cache):
    p, e, s = cache
    de = dp / s
    ds = -np.sum(dp * e, axis=1, keepdims=True) / s**2
    de = de + ds
    dz = de * e
    dx = dz
    return dx


def closed(dout, cache):
    p, _, _ = cache
    return p * (dout - np.sum(dout * p, axis=1, keepdims=True))


def jacobians(dout, cache):
    p = cache[0]
    dx = np.empty_like(p)
    for i, (row, g) in enumerate(zip(p, dout)):
        row = row.reshape(-1, 1)
        J = np.diagflat(row) - np.dot(row, row.T)
        dx[i] = np.dot(J, g)
    return dx


def tensor(dout, cache):
    p = cache[0]
    J = np.einsum("ij,jk->ijk", p, np.eye(p.shape[1])) - np.einsum("ij,ik->ijk", p, p)
    return np.einsum("ijk,ik->ij", J, dout)


def columns_staged(dprobs, x):
    ex = np.exp(x)
    total = ex.sum(axis=0)
    dex1 = dprobs / total
    dtotal = -(dprobs * ex).sum(axis=0) / total**2
    dex2 = np.ones_like(x) * dtotal
    dex = dex1 + dex2
    dx = dex * ex
    return dx


def columns_scipy(dprobs, x):
    y = special.softmax(x, axis=0)
    gy = y * dprobs
    gx = gy - y * gy.sum(axis=0, keepdims=True)
    return gx


def log_scipy(dlogp, x):
    return dlogp - special.softmax(x, axis=1) * dlogp.sum(axis=1, keepdims=True)


def log_staged(dlogp, x):
    shifted = x - x.max(axis=1, keepdims=True)
    ex = np.exp(shifted)
    dshifted = dlogp.copy()
    dlse = -np.sum(dlogp, axis=1, keepdims=True)
    dsum = dlse / ex.sum(axis=1, keepdims=True)
    dex = dsum * np.ones_like(ex)
    dshifted += dex * ex
    return dshifted


BACKWARDS = {
    staged: softmax,
    closed: softmax,
    jacobians: softmax,
    tensor: softmax,
    columns_staged: softmax_columns,
    columns_scipy: softmax_columns,
    log_scipy: log_softmax,
    log_staged: log_softmax,
}

MISTAKES = [
    (staged, "ds = -np.sum", "ds = np.sum", "ds", "sign"),
    (staged, "/ s**2", "/ s", "ds", "power"),
    (staged, "de = de + ds", "de = ds", "de", "overwritten"),
    (staged, "dz = de * e", "dz = de * p", "dz", "operand"),
    (
        closed,
        "np.sum(dout * p, axis=1, keepdims=True)",
        "np.sum(dout * p, axis=0, keepdims=True)",
        "return[0]",
        "axis",
    ),
    (closed, "np.sum(dout * p, axis=1, keepdims=True)", "dout * p", "return[0]", "missing sum"),
    (
        closed,
        "return p * (dout - np.sum(dout * p, axis=1, keepdims=True))",
        "return dout * p * (1 - p)",
        "return[0]",
        "missing term",
    ),
    (
        jacobians,
        "np.diagflat(row) - np.dot(row, row.T)",
        "np.diagflat(row) + np.dot(row, row.T)",
        "J",
        "sign",
    ),
    (jacobians, "- np.dot(row, row.T)", "", "J", "missing term"),
    (tensor, "np.eye(p.shape[1])) -", "np.eye(p.shape[1])) +", "J", "sign"),
    (columns_staged, "dex = dex1 + dex2", "dex = dex1 - dex2", "dex", "sign"),
    (columns_staged, "dx = dex * ex", "dx = dex * x", "dx", "operand"),
    (
        columns_staged,
        "(dprobs * ex).sum(axis=0)",
        "(dprobs * ex).sum(axis=1, keepdims=True)",
        "dtotal",
        "axis",
    ),
    (columns_scipy, "special.softmax(x, axis=0)", "special.softmax(x, axis=1)", "y", "axis"),
    (columns_scipy, "gx = gy - y", "gx = gy + y", "gx", "sign"),
    (log_scipy, "dlogp - special", "dlogp + special", "return[0]", "sign"),
    (log_staged, "dshifted += dex * ex", "dshifted += dex * shifted", "dshifted", "operand"),
    (
        log_staged,
        "dlse = -np.sum(dlogp, axis=1, keepdims=True)",
        "dlse = -np.sum(dlogp, axis=0, keepdims=True)",
        "dlse",
        "axis",
    ),
]
