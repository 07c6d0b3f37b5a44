import numpy as np


def arguments(rng):
    return (rng.normal(size=(6, 5)), {"p": 0.6, "seed": 3})


def dropout(x, dropout_param):
    p = dropout_param["p"]
    np.random.seed(dropout_param["seed"])
    mask = (np.random.rand(*x.shape) < p) / p
    out = x * mask
    return out, (dropout_param, mask)


def dropout_kept(x, dropout_param):
    rng = np.random.default_rng(dropout_param["seed"])
    keep = dropout_param["p"]
    mask = rng.random(x.shape) < keep
    dropped = x * mask
    out = dropped / keep
    return out, (mask, keep)


def affine_dropout(x, w, mask):
    a = x @ w
    h = np.maximum(a, 0)
    d = h * mask
    out = d * 2.0
    return out, (x, w, a, h, mask)


ARGUMENTS = {
    affine_dropout: lambda rng: (
        rng.normal(size=(5, 3)),
        rng.normal(size=(3, 4)),
        rng.random((5, 4)) < 0.5,
    )
}


def usual(dout, cache):
    dropout_param, mask = cache
    dx = dout * mask
    return dx


def kept_staged(dout, cache):
    mask, keep = cache
    ddropped = dout / keep
    dx = ddropped * mask
    return dx


def kept_where(dout, cache):
    mask, keep = cache
    return np.where(mask, dout / keep, 0.0)


def kept_in_place(dout, cache):
    mask, keep = cache
    dx = dout.copy()
    dx[~mask] = 0
    dx *= 1.0 / keep
    return dx


def affine_staged(dout, cache):
    x, w, a, h, mask = cache
    dd = dout * 2.0
    dh = dd * mask
    da = dh * (a > 0)
    dx = da @ w.T
    dw = x.T @ da
    return dx, dw


def affine_reusing(dout, cache):
    x, w, a, h, mask = cache
    dout = 2.0 * dout * mask
    dout[a < 0] = 0
    return np.dot(dout, w.T), np.dot(x.T, dout)


BACKWARDS = {
    usual: dropout,
    kept_staged: dropout_kept,
    kept_where: dropout_kept,
    kept_in_place: dropout_kept,
    affine_staged: affine_dropout,
    affine_reusing: affine_dropout,
}

MISTAKES = [
    (usual, "dx = dout * mask", "dx = dout * (mask > 0)", "dx", "factor"),
    (usual, "dx = dout * mask", 'dx = dout * mask / dropout_param["p"]', "dx", "factor"),
    (usual, "dx = dout * mask", "dx = dout", "dx", "mask"),
    (usual, "dx = dout * mask", "dx = dout * (mask == 0)", "dx", "mask"),
    (kept_staged, "ddropped = dout / keep", "ddropped = dout * keep", "ddropped", "factor"),
    (kept_staged, "ddropped = dout / keep", "ddropped = dout", "ddropped", "factor"),
    (kept_staged, "ddropped = dout / keep", "ddropped = dout / (1 - keep)", "ddropped", "factor"),
    (kept_staged, "dx = ddropped * mask", "dx = ddropped * ~mask", "dx", "mask"),
    (kept_where, "dout / keep, 0.0", "dout, 0.0", "return[0]", "factor"),
    (kept_in_place, "dx[~mask] = 0", "dx[mask] = 0", "dx", "mask"),
    (kept_in_place, "dx *= 1.0 / keep", "dx *= keep", "dx", "factor"),
    (affine_staged, "dh = dd * mask", "dh = dd", "dh", "mask"),
    (affine_staged, "da = dh * (a > 0)", "da = dh * (dh > 0)", "da", "mask"),
    (affine_staged, "dw = x.T @ da", "dw = x.T @ dh", "dw", "operand"),
    (affine_reusing, "dout[a < 0] = 0", "dout[a > 0] = 0", "dout", "mask"),
    (affine_reusing, "    dout[a < 0] = 0\n", "", "dout", "mask"),
]
