"""Convolutions, pools, samplers and normalisations as their authors wrote them."""

from collections import namedtuple

import numpy
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _a(*shape):
    return np.random.default_rng(sum(shape) * 7 + len(shape)).normal(size=shape)


# ── dilated convolution, loops over the kernel ──────────────────────────────────────────────
def dilatedConv(X, K, b, dilation=2):
    B, C, H, W = X.shape
    F, _, kh, kw = K.shape
    Ho, Wo = H - dilation * (kh - 1), W - dilation * (kw - 1)
    Y = np.zeros((B, F, Ho, Wo))
    for u in range(kh):
        for v in range(kw):
            patch = X[:, :, u * dilation : u * dilation + Ho, v * dilation : v * dilation + Wo]
            Y += np.einsum("bchw,fc->bfhw", patch, K[:, :, u, v])
    Y += b[None, :, None, None]
    return Y, (X, K, dilation)


def dilatedConvBackward(dY, cache):
    X, K, dilation = cache
    _, _, kh, kw = K.shape
    _, _, Ho, Wo = dY.shape
    dX = np.zeros(X.shape)
    dK = np.zeros(K.shape)
    for u in range(kh):
        for v in range(kw):
            rows = slice(u * dilation, u * dilation + Ho)
            cols = slice(v * dilation, v * dilation + Wo)
            dK[:, :, u, v] = np.einsum("bchw,bfhw->fc", X[:, :, rows, cols], dY)
            dX[:, :, rows, cols] += np.einsum("bfhw,fc->bchw", dY, K[:, :, u, v])
    db = dY.sum(axis=(0, 2, 3))
    return dX, dK, db


# ── transposed convolution ──────────────────────────────────────────────────────────────────
def deconv(x, w, stride=2):
    n, cin, h, wd = x.shape
    _, cout, k, _ = w.shape
    out = np.zeros((n, cout, (h - 1) * stride + k, (wd - 1) * stride + k))
    for i in range(h):
        for j in range(wd):
            out[:, :, i * stride : i * stride + k, j * stride : j * stride + k] += np.tensordot(
                x[:, :, i, j], w, axes=(1, 0)
            )
    cache = dict(x=x, w=w, stride=stride)
    return out, cache


def deconv_backward(grad, cache):
    x, w, s = cache["x"], cache["w"], cache["stride"]
    k = w.shape[2]
    gx, gw = np.empty_like(x), np.zeros_like(w)
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            window = grad[:, :, i * s : i * s + k, j * s : j * s + k]
            gx[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3]))
            gw += np.tensordot(x[:, :, i, j], window, axes=(0, 0))
    return gx, gw


# ── depthwise separable, with sliding windows ───────────────────────────────────────────────
Saved = namedtuple("Saved", "xp win dw pw mid")


def separable(x, dw, pw):
    xp = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    win = sliding_window_view(xp, (3, 3), axis=(2, 3))
    mid = np.einsum("nchwij,cij->nchw", win, dw)
    y = np.einsum("nchw,fc->nfhw", mid, pw)
    return y, Saved(xp, win, dw, pw, mid)


def separable_backward(dy, saved):
    dpw = np.einsum("nfhw,nchw->fc", dy, saved.mid)
    dmid = np.einsum("nfhw,fc->nchw", dy, saved.pw)
    ddw = np.einsum("nchw,nchwij->cij", dmid, saved.win)
    dxp = np.zeros_like(saved.xp)
    H, W = dmid.shape[2:]
    for i in range(3):
        for j in range(3):
            dxp[:, :, i : i + H, j : j + W] += dmid * saved.dw[:, i, j][None, :, None, None]
    return dxp[:, :, 1:-1, 1:-1], ddw, dpw


# ── grouped 1×1 convolution ─────────────────────────────────────────────────────────────────
def grouped(x, w, bias, groups=2):
    N, C, L = x.shape
    xg = x.reshape(N, groups, C // groups, L)
    y = np.matmul(w[None], xg)
    out = y.reshape(N, -1, L) + bias.reshape(1, -1, 1)
    return out, (xg, w, x.shape)


def grouped_backward(dout, cache):
    xg, w, shape = cache
    N, G, Cg, L = xg.shape
    db = dout.sum(axis=0).sum(axis=-1)
    dy = dout.reshape(N, G, -1, L)
    dw = np.matmul(dy, xg.swapaxes(-1, -2)).sum(axis=0)
    dxg = np.matmul(w.swapaxes(-1, -2)[None], dy)
    dx = dxg.reshape(shape)
    return dx, dw, db


# ── pools ───────────────────────────────────────────────────────────────────────────────────
def adaptive_avg(x, out_h=2, out_w=3):
    n, c, h, w = x.shape
    out = np.zeros((n, c, out_h, out_w))
    for i in range(out_h):
        a, b = (i * h) // out_h, -((-(i + 1) * h) // out_h)
        for j in range(out_w):
            p, q = (j * w) // out_w, -((-(j + 1) * w) // out_w)
            out[:, :, i, j] = x[:, :, a:b, p:q].mean(axis=(2, 3))
    return out


def adaptive_avg_backward(dout, x):
    n, c, h, w = x.shape
    oh, ow = dout.shape[2:]
    dx = np.zeros_like(x)
    for i in range(oh):
        a, b = (i * h) // oh, -((-(i + 1) * h) // oh)
        for j in range(ow):
            p, q = (j * w) // ow, -((-(j + 1) * w) // ow)
            area = (b - a) * (q - p)
            dx[:, :, a:b, p:q] += dout[:, :, i : i + 1, j : j + 1] / area
    return dx


def overlapping_max(x):
    n, c, h, w = x.shape
    ho, wo = (h - 3) // 2 + 1, (w - 3) // 2 + 1
    y = np.empty((n, c, ho, wo))
    where = {}
    for i in range(ho):
        for j in range(wo):
            flat = x[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].reshape(n, c, -1)
            k = flat.argmax(-1)
            where[i, j] = k
            y[:, :, i, j] = np.take_along_axis(flat, k[..., None], axis=-1)[..., 0]
    return y, (where, x.shape)


def overlapping_max_backward(dy, cache):
    where, shape = cache
    n, c = shape[:2]
    dx = np.zeros(shape)
    bi, ci = np.ogrid[:n, :c]
    for (i, j), k in where.items():
        r, s = np.unravel_index(k, (3, 3))
        np.add.at(dx, (bi, ci, 2 * i + r, 2 * j + s), dy[:, :, i, j])
    return dx


def l2_pool(x):
    n, h, w = x.shape
    tiles = x.reshape(n, h // 2, 2, w // 2, 2)
    power = (tiles * tiles).sum(axis=(2, 4))
    out = np.sqrt(power + 1e-8)
    return out, (tiles, out)


def l2_pool_backward(dout, cache):
    tiles, out = cache
    ratio = dout / out
    dtiles = tiles * ratio[:, :, None, :, None]
    n, a, _, b, _ = tiles.shape
    return dtiles.reshape(n, 2 * a, 2 * b)


def nearest_upsample(x, k=2):
    return x.repeat(k, axis=2).repeat(k, axis=3)


def nearest_upsample_backward(dout, x, k=2):
    n, c, h, w = x.shape
    return dout.reshape(n, c, h, k, w, k).sum(axis=(3, 5))


def pixel_shuffle(x, r=2):
    n, c, h, w = x.shape
    y = x.reshape(n, c // r**2, r, r, h, w)
    y = y.transpose(0, 1, 4, 2, 5, 3)
    return y.reshape(n, c // r**2, h * r, w * r)


def pixel_shuffle_backward(dout, x, r=2):
    n, c, h, w = x.shape
    d = dout.reshape(n, c // r**2, h, r, w, r)
    d = d.transpose(0, 1, 3, 5, 2, 4)
    return d.reshape(n, c, h, w)


# ── bilinear sampling of an image at points ─────────────────────────────────────────────────
def bilinear_sample(img, px, py):
    x0 = np.floor(px).astype(int)
    y0 = np.floor(py).astype(int)
    wx = px - x0
    wy = py - y0
    Ia = img[y0, x0]
    Ib = img[y0 + 1, x0]
    Ic = img[y0, x0 + 1]
    Id = img[y0 + 1, x0 + 1]
    out = (1 - wx) * (1 - wy) * Ia + (1 - wx) * wy * Ib + wx * (1 - wy) * Ic + wx * wy * Id
    return out, (img, x0, y0, wx, wy, Ia, Ib, Ic, Id)


def bilinear_sample_backward(dout, cache):
    img, x0, y0, wx, wy, Ia, Ib, Ic, Id = cache
    dimg = np.zeros_like(img)
    np.add.at(dimg, (y0, x0), dout * (1 - wx) * (1 - wy))
    np.add.at(dimg, (y0 + 1, x0), dout * (1 - wx) * wy)
    np.add.at(dimg, (y0, x0 + 1), dout * wx * (1 - wy))
    np.add.at(dimg, (y0 + 1, x0 + 1), dout * wx * wy)
    dpx = dout * ((1 - wy) * (Ic - Ia) + wy * (Id - Ib))
    dpy = dout * ((1 - wx) * (Ib - Ia) + wx * (Id - Ic))
    return dimg, dpx, dpy


# ── instance norm, spatial batchnorm, group norm through one helper ────────────────────────
def instance_norm(x, g, b, eps=1e-5):
    mu = x.mean((2, 3), keepdims=True)
    xc = x - mu
    inv = 1.0 / numpy.sqrt((xc**2).mean((2, 3), keepdims=True) + eps)
    xh = xc * inv
    y = g[:, None, None] * xh + b[:, None, None]
    return y, [xc, inv, xh, g]


def instance_norm_backward(dy, cache):
    xc, inv, xh, g = cache
    m = xc.shape[2] * xc.shape[3]
    dg = (dy * xh).sum((0, 2, 3))
    db = dy.sum((0, 2, 3))
    dxh = dy * g[:, None, None]
    dinv = (dxh * xc).sum((2, 3), keepdims=True)
    dxc = dxh * inv
    dvar = dinv * -0.5 * inv**3
    dxc = dxc + 2.0 / m * xc * dvar
    dmu = -dxc.sum((2, 3), keepdims=True)
    dx = dxc + dmu / m
    return dx, dg, db


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    flat = x.transpose(0, 2, 3, 1).reshape(-1, C)
    eps = bn_param.get("eps", 1e-5)
    mean = flat.mean(axis=0)
    var = flat.var(axis=0)
    std = np.sqrt(var + eps)
    normed = (flat - mean) / std
    out = gamma * normed + beta
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), (normed, gamma, std)


def spatial_batchnorm_backward(dout, cache):
    normed, gamma, std = cache
    N, C, H, W = dout.shape
    d = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    M = d.shape[0]
    dbeta = np.sum(d, axis=0)
    dgamma = np.sum(d * normed, axis=0)
    dflat = gamma / (M * std) * (M * d - normed * dgamma - dbeta)
    dx = dflat.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta


def local_response_norm(x, k=2.0, alpha=0.1, beta=0.75):
    sq = x**2
    pad = np.pad(sq, ((0, 0), (1, 1), (0, 0)))
    s = k + alpha * (pad[:, :-2] + pad[:, 1:-1] + pad[:, 2:])
    return x * s**-beta, (x, s, alpha, beta)


def local_response_norm_backward(dy, cache):
    x, s, alpha, beta = cache
    ds = -beta * dy * x * s ** (-beta - 1)
    dpad = np.zeros((x.shape[0], x.shape[1] + 2, x.shape[2]))
    dpad[:, :-2] += alpha * ds
    dpad[:, 1:-1] += alpha * ds
    dpad[:, 2:] += alpha * ds
    dsq = dpad[:, 1:-1]
    return dy * s**-beta + 2 * x * dsq


# ── dense block: concatenation of everything before ─────────────────────────────────────────
def dense_block(x, W1, W2):
    a1 = np.maximum(0, x @ W1)
    h1 = np.concatenate((x, a1), axis=1)
    a2 = np.maximum(0, h1 @ W2)
    return np.hstack([h1, a2]), (x, W1, W2, a1, h1, a2)


def dense_block_backward(dout, cache):
    x, W1, W2, a1, h1, a2 = cache
    n = h1.shape[1]
    dh1, da2 = dout[:, :n], dout[:, n:]
    dz2 = da2 * (a2 > 0)
    dW2 = h1.T @ dz2
    dh1 = dh1 + dz2 @ W2.T
    dx, da1 = dh1[:, : x.shape[1]], dh1[:, x.shape[1] :]
    dz1 = da1 * (a1 > 0)
    dW1 = x.T @ dz1
    dx = dx + dz1 @ W1.T
    return dx, dW1, dW2


# ── capsules ────────────────────────────────────────────────────────────────────────────────
def squash(s):
    n2 = np.sum(s**2, axis=-1, keepdims=True)
    n = np.sqrt(n2)
    return n2 / (1 + n2) * s / n, (s, n)


def squash_backward(dv, cache):
    s, n = cache
    scale = n / (1 + n**2)
    dscale = np.sum(dv * s, axis=-1, keepdims=True)
    dn = dscale * (1 - n**2) / (1 + n**2) ** 2
    return dv * scale + dn * s / n


# ── style loss, total variation, ssim-like ──────────────────────────────────────────────────
def style_loss(F, target):
    C, H, W = F.shape
    flat = F.reshape(C, H * W)
    gram = flat @ flat.T / (C * H * W)
    return np.sum((gram - target) ** 2), (flat, gram, target, F.shape)


def style_loss_backward(dloss, cache):
    flat, gram, target, (C, H, W) = cache
    dgram = 2 * (gram - target) * dloss
    dflat = (dgram + dgram.T) @ flat / (C * H * W)
    return dflat.reshape(C, H, W), -dgram


def tv_loss(img, weight=0.3):
    dh = img[1:] - img[:-1]
    dw = img[:, 1:] - img[:, :-1]
    return weight * ((dh**2).sum() + (dw**2).sum())


def tv_loss_backward(up, img, weight=0.3):
    g = np.zeros_like(img)
    dh = 2 * weight * up * (img[1:] - img[:-1])
    dw = 2 * weight * up * (img[:, 1:] - img[:, :-1])
    g[1:] += dh
    g[:-1] -= dh
    g[:, 1:] += dw
    g[:, :-1] -= dw
    return g


# ── cs231n conv net pieces: three-layer net as one loss over a dictionary ──────────────────
def three_layer(params, X, y, reg=0.1):
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    W3, b3 = params["W3"], params["b3"]
    h1 = X.dot(W1) + b1
    r1 = np.maximum(h1, 0)
    h2 = r1.dot(W2) + b2
    r2 = np.maximum(h2, 0)
    scores = r2.dot(W3) + b3
    shifted = scores - scores.max(axis=1, keepdims=True)
    Z = np.exp(shifted).sum(axis=1, keepdims=True)
    log_probs = shifted - np.log(Z)
    probs = np.exp(log_probs)
    N = X.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    loss += 0.5 * reg * sum(np.sum(W * W) for W in (W1, W2, W3))
    grads = {}
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N
    grads["W3"] = r2.T.dot(dscores) + reg * W3
    grads["b3"] = dscores.sum(axis=0)
    dh2 = dscores.dot(W3.T) * (h2 > 0)
    grads["W2"] = r1.T.dot(dh2) + reg * W2
    grads["b2"] = dh2.sum(axis=0)
    dh1 = dh2.dot(W2.T) * (h1 > 0)
    grads["W1"] = X.T.dot(dh1) + reg * W1
    grads["b1"] = dh1.sum(axis=0)
    return loss, grads


# fmt: off
PAIRS = {
    "dilatedConv": (dilatedConv, dilatedConvBackward, (_a(2, 3, 7, 6), _a(4, 3, 3, 2), _a(4)), [
        ("dX[:, :, rows, cols] +=", "dX[:, :, rows, cols] ="),
        ("dY.sum(axis=(0, 2, 3))", "dY.sum(axis=(0, 2))"),
        ("cols = slice(v * dilation, v * dilation + Wo)", "cols = slice(v, v + Wo)"),
        ('"bfhw,fc->bchw", dY, K[:, :, u, v]', '"bfhw,fc->bchw", dY, K[:, :, kh - 1 - u, kw - 1 - v]'),
    ]),
    "deconv": (deconv, deconv_backward, (_a(2, 3, 3, 4), _a(3, 2, 3, 3)), [
        ("gw += np.tensordot", "gw = np.tensordot"),
        ("gw += np.tensordot", "gw -= np.tensordot"),
        ("window = grad[:, :, i * s : i * s + k, j * s : j * s + k]", "window = grad[:, :, i : i + k, j : j + k]"),
    ]),
    "separable": (separable, separable_backward, (_a(2, 3, 4, 5), _a(3, 3, 3), _a(4, 3)), [
        ("dxp[:, :, i : i + H, j : j + W] += dmid", "dxp[:, :, i : i + H, j : j + W] = dmid"),
        ('"nfhw,nchw->fc", dy, saved.mid', '"nfhw,nchw->fc", dy, saved.mid / 2'),
        ("saved.dw[:, i, j][None", "saved.dw[:, j, i][None"),
        ("dxp[:, :, 1:-1, 1:-1]", "dxp[:, :, :-2, :-2]"),
    ]),
    "grouped": (grouped, grouped_backward, (_a(3, 4, 5), _a(2, 3, 2), _a(6)), [
        ("xg.swapaxes(-1, -2)).sum(axis=0)", "xg.swapaxes(-1, -2)).mean(axis=0)"),
        ("db = dout.sum(axis=0).sum(axis=-1)", "db = dout.sum(axis=0).mean(axis=-1)"),
        ("np.matmul(w.swapaxes(-1, -2)[None], dy)", "np.matmul(w.swapaxes(-1, -2)[::-1][None], dy)"),
    ]),
    "adaptive_avg": (adaptive_avg, adaptive_avg_backward, (_a(2, 2, 5, 7),), [
        ("dx[:, :, a:b, p:q] +=", "dx[:, :, a:b, p:q] ="),
        ("(b - a) * (q - p)", "(b - a)"),
        ("(b - a) * (q - p)", "h * w"),
    ]),
    "overlapping_max": (overlapping_max, overlapping_max_backward, (_a(2, 2, 7, 5),), [
        ("(bi, ci, 2 * i + r, 2 * j + s)", "(bi, ci, 2 * i + s, 2 * j + r)"),
        ("2 * i + r, 2 * j + s", "i + r, j + s"),
        ("dy[:, :, i, j]", "2 * dy[:, :, i, j]"),
    ]),
    "l2_pool": (l2_pool, l2_pool_backward, (_a(2, 4, 6),), [
        ("ratio = dout / out", "ratio = dout / out ** 2"),
        ("ratio = dout / out", "ratio = 2 * dout / out"),
        ("dtiles = tiles *", "dtiles = tiles ** 2 *"),
    ]),
    "nearest_upsample": (nearest_upsample, nearest_upsample_backward, (_a(2, 2, 3, 4),), [
        (".sum(axis=(3, 5))", ".mean(axis=(3, 5))"),
        ("reshape(n, c, h, k, w, k).sum(axis=(3, 5))", "reshape(n, c, k, h, k, w).sum(axis=(2, 4))"),
        ("return dout.reshape(n, c, h, k, w, k).sum(axis=(3, 5))", "return dout[:, :, ::k, ::k]"),
    ]),
    "pixel_shuffle": (pixel_shuffle, pixel_shuffle_backward, (_a(2, 8, 3, 2),), [
        ("d.transpose(0, 1, 3, 5, 2, 4)", "d.transpose(0, 1, 5, 3, 2, 4)"),
        ("d.transpose(0, 1, 3, 5, 2, 4)", "d.transpose(0, 1, 3, 5, 4, 2)"),
        ("d.transpose(0, 1, 3, 5, 2, 4)", "d.transpose(0, 1, 2, 4, 3, 5)"),
    ]),
    "bilinear_sample": (bilinear_sample, bilinear_sample_backward,
        (_a(5, 6), np.array([0.3, 1.6, 3.2, 0.4]), np.array([0.2, 2.7, 3.1, 0.7])), [
        ("wy * (Id - Ib))", "wy * (Ib - Id))"),
        ("dpy = dout * ((1 - wx) * (Ib - Ia)", "dpy = dout * ((1 - wx) * (Ic - Ia)"),
        ("(y0 + 1, x0), dout * (1 - wx) * wy)", "(y0 + 1, x0), dout * wx * (1 - wy))"),
        ("(y0, x0), dout * (1 - wx) * (1 - wy)", "(y0, x0), dout * wx * wy"),
    ]),
    "instance_norm": (instance_norm, instance_norm_backward, (_a(2, 3, 4, 3), _a(3) + 1, _a(3)), [
        ("-0.5 * inv**3", "-0.5 * inv**2"),
        ("dinv = (dxh * xc)", "dinv = (dxh * xh)"),
        ("m = xc.shape[2] * xc.shape[3]", "m = xc.shape[0] * xc.shape[2] * xc.shape[3]"),
        ("dx = dxc + dmu / m", "dx = dxc + dmu"),
        ("db = dy.sum((0, 2, 3))", "db = dy.sum((1, 2, 3))"),
    ]),
    "spatial_batchnorm": (spatial_batchnorm_forward, spatial_batchnorm_backward, (_a(3, 4, 2, 3), _a(4) + 1, _a(4), {"mode": "train"}), [
        ("M = d.shape[0]", "M = N"),
        ("dgamma = np.sum(d * normed, axis=0)", "dgamma = np.mean(d * normed, axis=0)"),
        ("dflat.reshape(N, H, W, C).transpose(0, 3, 1, 2)", "dflat.reshape(N, C, H, W)"),
        ("- normed * dgamma - dbeta", "- normed * dgamma + dbeta"),
    ]),
    "local_response_norm": (local_response_norm, local_response_norm_backward, (_a(2, 5, 3),), [
        ("(-beta - 1)", "(-beta)"),
        ("ds = -beta * dy * x", "ds = beta * dy * x"),
        ("+ 2 * x * dsq", ""),
        ("dpad[:, 2:] += alpha", "dpad[:, 2:] = alpha"),
    ]),
    "dense_block": (dense_block, dense_block_backward, (_a(4, 3), _a(3, 4), _a(7, 2)), [
        ("dh1 = dh1 + dz2 @ W2.T", "dh1 = dz2 @ W2.T"),
        ("dz2 = da2 * (a2 > 0)", "dz2 = da2 * (h1[:, :2] > 0)"),
        ("dx = dx + dz1 @ W1.T", "dx = dz1 @ W1.T"),
        ("dW2 = h1.T @ dz2", "dW2 = h1.T @ da2"),
    ]),
    "squash": (squash, squash_backward, (_a(4, 3),), [
        ("(1 - n**2) / (1 + n**2) ** 2", "(1 + n**2) / (1 + n**2) ** 2"),
        ("(1 + n**2) ** 2", "(1 + n**2)"),
        ("+ dn * s / n", "+ dn * s"),
    ]),
    "style_loss": (style_loss, style_loss_backward, (_a(3, 2, 4), _a(3, 3)), [
        ("(dgram + dgram.T) @ flat", "dgram @ flat"),
        ("/ (C * H * W)", "/ (H * W)"),
        ("return dflat.reshape(C, H, W), -dgram", "return dflat.reshape(C, H, W), dgram"),
    ]),
    "tv_loss": (tv_loss, tv_loss_backward, (_a(4, 5),), [
        ("g[:-1] -= dh", "g[:-1] += dh"),
        ("g[:, 1:] += dw", "g[:, 1:] = dw"),
        ("dw = 2 * weight * up", "dw = weight * up"),
    ]),
    "three_layer": (three_layer, None,
        ({"W1": _a(3, 5), "b1": _a(5), "W2": _a(5, 4), "b2": _a(4), "W3": _a(4, 3), "b3": _a(3)}, _a(6, 3), np.array([0, 2, 1, 1, 0, 2])), [
        ('grads["W2"] = r1.T.dot(dh2) + reg * W2', 'grads["W2"] = r1.T.dot(dh2) + 2 * reg * W2'),
        ("* (h1 > 0)", "* (h2 > 0)[:, :1]"),
        ('grads["W3"] = r2.T.dot(dscores) + reg * W3', 'grads["W3"] = h2.T.dot(dscores) + reg * W3'),
        ("dscores[np.arange(N), y] -= 1", "dscores[:, y] -= 1"),
    ]),
}
# fmt: on
