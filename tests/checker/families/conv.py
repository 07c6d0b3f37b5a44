import numpy as np


def arguments(rng):
    return (
        rng.normal(size=(2, 3, 5, 5)),
        rng.normal(size=(2, 3, 3, 3)),
        rng.normal(size=2),
        {"stride": 2, "pad": 1},
    )


def conv(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    Ho = 1 + (H + 2 * pad - HH) // stride
    Wo = 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, Ho, Wo))
    for n in range(N):
        for f in range(F):
            for i in range(Ho):
                for j in range(Wo):
                    window = xp[n, :, i * stride : i * stride + HH, j * stride : j * stride + WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    return out, (x, w, b, conv_param)


def conv1d(x, w):
    """Valid correlation of a signal with a filter."""
    K = w.shape[0]
    L = x.shape[0] - K + 1
    y = np.zeros(L)
    for k in range(K):
        y += w[k] * x[k : k + L]
    return y


ARGUMENTS = {conv1d: lambda rng: (rng.normal(size=8), rng.normal(size=3))}


def naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, Ho, Wo = dout.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    dxp = np.zeros_like(xp)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(N):
        for f in range(F):
            db[f] += np.sum(dout[n, f])
            for i in range(Ho):
                for j in range(Wo):
                    hs, ws = i * stride, j * stride
                    dw[f] += xp[n, :, hs : hs + HH, ws : ws + WW] * dout[n, f, i, j]
                    dxp[n, :, hs : hs + HH, ws : ws + WW] += w[f] * dout[n, f, i, j]
    dx = dxp[:, :, pad : pad + H, pad : pad + W]
    return dx, dw, db


def windows(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0,), (0,), (p,), (p,)))
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros(w.shape)
    db = dout.sum(axis=(0, 2, 3))
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            patch = x_pad[:, :, i * s : i * s + HH, j * s : j * s + WW]
            dw += np.einsum("nf,nchw->fchw", dout[:, :, i, j], patch)
            dx_pad[:, :, i * s : i * s + HH, j * s : j * s + WW] += np.tensordot(
                dout[:, :, i, j], w, axes=(1, 0)
            )
    return dx_pad[:, :, p:-p, p:-p], dw, db


def columns(dout, cache):
    """With im2col written out."""
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, Ho, Wo = dout.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    cols = np.zeros((C * HH * WW, N * Ho * Wo))
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                part = xp[n, :, i * s : i * s + HH, j * s : j * s + WW]
                cols[:, (n * Ho + i) * Wo + j] = part.ravel()
    dflat = dout.transpose(1, 0, 2, 3).reshape(F, -1)
    db = dflat.sum(axis=1)
    dw = (dflat @ cols.T).reshape(w.shape)
    dcols = w.reshape(F, -1).T @ dflat
    dxp = np.zeros_like(xp)
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                col = dcols[:, (n * Ho + i) * Wo + j].reshape(C, HH, WW)
                dxp[n, :, i * s : i * s + HH, j * s : j * s + WW] += col
    dx = dxp[:, :, p : p + H, p : p + W]
    return dx, dw, db


def signal(dy, x, w):
    K, L = len(w), len(dy)
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    for k in range(K):
        dw[k] = np.dot(dy, x[k : k + L])
        dx[k : k + L] += w[k] * dy
    return dx, dw


def signal_convolved(dy, x, w):
    dx = np.convolve(dy, w)
    dw = np.correlate(x, dy, mode="valid")
    return dx, dw


BACKWARDS = {
    naive: conv,
    windows: conv,
    columns: conv,
    signal: conv1d,
    signal_convolved: conv1d,
}

MISTAKES = [
    (
        naive,
        "dxp[n, :, hs : hs + HH, ws : ws + WW] += w[f]",
        "dxp[n, :, hs : hs + HH, ws : ws + WW] = w[f]",
        "dxp",
        "overwritten",
    ),
    (naive, "dw[f] += xp", "dw[f] = xp", "dw", "overwritten"),
    (naive, "db[f] += np.sum(dout[n, f])", "db[f] = np.sum(dout[n, f])", "db", "overwritten"),
    (naive, "+= w[f] * dout", "+= w[f, :, ::-1, ::-1] * dout", "dxp", None),
    (naive, "dx = dxp[:, :, pad : pad + H, pad : pad + W]", "dx = dxp[:, :, :H, :W]", "dx", None),
    (naive, "dx = dxp[:, :, pad : pad + H, pad : pad + W]", "dx = dxp", "dx", "shape"),
    (naive, "db[f] += np.sum(dout[n, f])", "db[f] += np.mean(dout[n, f])", "db", "factor"),
    (windows, "db = dout.sum(axis=(0, 2, 3))", "db = dout.sum(axis=(1, 2, 3))", "db", "axis"),
    (windows, "db = dout.sum(axis=(0, 2, 3))", "db = dout.sum(axis=(2, 3))", "db", "axis"),
    (windows, "dw += np.einsum", "dw -= np.einsum", "dw", "sign"),
    (
        columns,
        "dw = (dflat @ cols.T).reshape(w.shape)",
        "dw = (cols @ dflat.T).reshape(w.shape)",
        "dw",
        "transposed",
    ),
    (
        columns,
        "dout.transpose(1, 0, 2, 3).reshape(F, -1)",
        "dout.reshape(F, -1)",
        "dflat",
        "transposed",
    ),
    (signal, "dx[k : k + L] += w[k] * dy", "dx[k : k + L] = w[k] * dy", "dx", "overwritten"),
    (signal, "dx[k : k + L] += w[k] * dy", "dx[k : k + L] += w[K - 1 - k] * dy", "dx", None),
    (signal_convolved, "dx = np.convolve(dy, w)", "dx = np.convolve(dy, w[::-1])", "dx", None),
]
