import numpy as np


def arguments(rng):
    return (
        rng.normal(size=(2, 6, 3, 2)) * 2,
        rng.normal(size=(1, 6, 1, 1)),
        rng.normal(size=(1, 6, 1, 1)),
    )


def groupnorm(x, gamma, beta, G=2):
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    mean = np.mean(xg, axis=(2, 3, 4), keepdims=True)
    var = np.var(xg, axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(var + 1e-5)
    xgn = (xg - mean) / std
    xn = xgn.reshape(N, C, H, W)
    out = gamma * xn + beta
    cache = (G, x, xn, mean, std, gamma)
    return out, cache


def groupnorm_flat(x, gamma, beta, G=3):
    N, C, H, W = x.shape
    rows = x.reshape(N * G, -1)
    mu = rows.mean(axis=1, keepdims=True)
    xc = rows - mu
    sigma = np.sqrt(np.mean(xc**2, axis=1, keepdims=True) + 1e-5)
    x_norm = (xc / sigma).reshape(N, C, H, W)
    out = x_norm * gamma + beta
    return out, (G, gamma, xc, sigma, x_norm)


def five_axes(dout, cache):
    G, x, xn, mean, std, gamma = cache
    N, C, H, W = dout.shape
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dgamma = np.sum(dout * xn, axis=(0, 2, 3), keepdims=True)
    dxn = dout * gamma
    dxgn = dxn.reshape(N, G, C // G, H, W)
    xg = x.reshape(N, G, C // G, H, W)
    m = C // G * H * W
    dvar = np.sum(dxgn * (xg - mean), axis=(2, 3, 4), keepdims=True) * -0.5 * std**-3
    dmean = -np.sum(dxgn / std, axis=(2, 3, 4), keepdims=True)
    dxg = dxgn / std + dvar * 2 * (xg - mean) / m + dmean / m
    dx = dxg.reshape(N, C, H, W)
    return dx, dgamma, dbeta


def five_axes_closed(dout, cache):
    G, x, xn, mean, std, gamma = cache
    N, C, H, W = dout.shape
    shape = (N, G, C // G, H, W)
    dy = (dout * gamma).reshape(shape)
    xh = xn.reshape(shape)
    ax = (2, 3, 4)
    dx = (dy - dy.mean(axis=ax, keepdims=True) - xh * (dy * xh).mean(axis=ax, keepdims=True)) / std
    dgamma = np.einsum("nchw,nchw->c", dout, xn).reshape(1, C, 1, 1)
    dbeta = np.einsum("nchw->c", dout)[None, :, None, None]
    return dx.reshape(N, C, H, W), dgamma, dbeta


def rows(dout, cache):
    G, gamma, xc, sigma, x_norm = cache
    N, C, H, W = dout.shape
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * x_norm).sum(axis=(0, 2, 3), keepdims=True)
    d = (dout * gamma).reshape(N * G, -1)
    size = d.shape[1]
    dxc = d / sigma
    dsigma = -np.sum(d * xc, axis=1, keepdims=True) / sigma**2
    dxc += xc * dsigma / (size * sigma)
    dmu = -dxc.sum(axis=1, keepdims=True)
    drows = dxc + dmu / size
    return drows.reshape(N, C, H, W), dgamma, dbeta


def groups_looped(dout, cache):
    G, gamma, xc, sigma, x_norm = cache
    N, C, H, W = dout.shape
    dx = np.zeros_like(dout)
    step = C // G
    for n in range(N):
        for k in range(G):
            part = slice(k * step, (k + 1) * step)
            g = dout[n, part] * gamma[0, part]
            xh = x_norm[n, part]
            dx[n, part] = (g - np.mean(g) - xh * np.mean(g * xh)) / sigma[n * G + k]
    dgamma = (dout * x_norm).sum(axis=(0, 2, 3)).reshape(gamma.shape)
    dbeta = dout.sum(axis=(0, 2, 3)).reshape(gamma.shape)
    return dx, dgamma, dbeta


BACKWARDS = {
    five_axes: groupnorm,
    five_axes_closed: groupnorm,
    rows: groupnorm_flat,
    groups_looped: groupnorm_flat,
}

MISTAKES = [
    (five_axes, "m = C // G * H * W", "m = H * W", "m", "factor"),
    (
        five_axes,
        "dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)",
        "dbeta = np.sum(dout, axis=(0, 2, 3))",
        "dbeta",
        "shape",
    ),
    (
        five_axes,
        "dmean = -np.sum(dxgn / std, axis=(2, 3, 4)",
        "dmean = -np.sum(dxgn / std, axis=(3, 4)",
        "dmean",
        "axis",
    ),
    (five_axes, "dmean = -np.sum(dxgn / std", "dmean = np.sum(dxgn / std", "dmean", "sign"),
    (five_axes, "std**-3", "std**-2", "dvar", "power"),
    (five_axes, "dxg = dxgn / std + dvar", "dxg = dvar", "dxg", "missing term"),
    (five_axes_closed, "ax = (2, 3, 4)", "ax = (3, 4)", "ax", "axis"),
    (five_axes_closed, "xh * (dy * xh).mean", "xh * dy.mean", "dx", "factor"),
    (rows, "dxc += xc * dsigma", "dxc -= xc * dsigma", "dxc", "sign"),
    (rows, "sigma**2", "sigma", "dsigma", "power"),
    (rows, "size = d.shape[1]", "size = d.shape[0]", "size", "factor"),
    (rows, "d = (dout * gamma)", "d = (dout * x_norm)", "d", "operand"),
    (groups_looped, "np.mean(g * xh)) /", "np.sum(g * xh)) /", "dx", "factor"),
]
