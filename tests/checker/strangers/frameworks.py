"""Small frameworks: im2col, caches in objects, everything by hand."""

import numpy as np

rng = np.random.default_rng(12)


def get_im2col_indices(x_shape, field, padding, stride):
    N, C, H, W = x_shape
    out_height = (H + 2 * padding - field) // stride + 1
    out_width = (W + 2 * padding - field) // stride + 1
    i0 = np.tile(np.repeat(np.arange(field), field), C)
    i1 = stride * np.repeat(np.arange(out_height), out_width)
    j0 = np.tile(np.arange(field), field * C)
    j1 = stride * np.tile(np.arange(out_width), out_height)
    i = i0.reshape(-1, 1) + i1.reshape(1, -1)
    j = j0.reshape(-1, 1) + j1.reshape(1, -1)
    k = np.repeat(np.arange(C), field * field).reshape(-1, 1)
    return k, i, j


def im2col(x, field, padding, stride):
    p = padding
    x_padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="constant")
    k, i, j = get_im2col_indices(x.shape, field, padding, stride)
    cols = x_padded[:, k, i, j]
    return cols.transpose(1, 2, 0).reshape(field * field * x.shape[1], -1)


def col2im(cols, x_shape, field, padding, stride):
    N, C, H, W = x_shape
    x_padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype=cols.dtype)
    k, i, j = get_im2col_indices(x_shape, field, padding, stride)
    cols_reshaped = cols.reshape(C * field * field, -1, N).transpose(2, 0, 1)
    np.add.at(x_padded, (slice(None), k, i, j), cols_reshaped)
    return x_padded[:, :, padding : H + padding, padding : W + padding] if padding else x_padded


def conv_im2col(X, W, b, stride, padding):
    n_filters, d_filter, h_filter, w_filter = W.shape
    n_x, d_x, h_x, w_x = X.shape
    h_out = (h_x - h_filter + 2 * padding) // stride + 1
    w_out = (w_x - w_filter + 2 * padding) // stride + 1
    X_col = im2col(X, h_filter, padding, stride)
    W_col = W.reshape(n_filters, -1)
    out = W_col @ X_col + b.reshape(-1, 1)
    out = out.reshape(n_filters, h_out, w_out, n_x).transpose(3, 0, 1, 2)
    cache = (X, W, b, stride, padding, X_col)
    return out, cache


def conv_im2col_backward(dout, cache):
    X, W, b, stride, padding, X_col = cache
    n_filter, d_filter, h_filter, w_filter = W.shape
    db = np.sum(dout, axis=(0, 2, 3))
    dout_reshaped = dout.transpose(1, 2, 3, 0).reshape(n_filter, -1)
    dW = dout_reshaped @ X_col.T
    dW = dW.reshape(W.shape)
    W_reshape = W.reshape(n_filter, -1)
    dX_col = W_reshape.T @ dout_reshaped
    dX = col2im(dX_col, X.shape, h_filter, padding, stride)
    return dX, dW, db


def maxpool(x, size):
    N, C, H, W = x.shape
    split = x.reshape(N, C, H // size, size, W // size, size)
    out = split.max(axis=3).max(axis=4)
    return out, (x, split, out)


def maxpool_backward(dout, cache):
    x, split, out = cache
    dsplit = np.zeros_like(split)
    spread = out[:, :, :, np.newaxis, :, np.newaxis]
    mask = split == spread
    wide = dout[:, :, :, np.newaxis, :, np.newaxis]
    wide, _ = np.broadcast_arrays(wide, dsplit)
    dsplit[mask] = wide[mask]
    dsplit /= np.sum(mask, axis=(3, 5), keepdims=True)
    dx = dsplit.reshape(x.shape)
    return dx


def avgpool(x, size):
    N, C, H, W = x.shape
    out = x.reshape(N, C, H // size, size, W // size, size).mean(axis=(3, 5))
    return out


def avgpool_backward(dout, x, size):
    dx = dout.repeat(size, axis=2).repeat(size, axis=3)
    dx = dx / (size * size)
    return dx


def embedding(W, idx):
    out = W[idx]
    return out


def embedding_backward(dout, W, idx):
    dW = np.zeros_like(W)
    np.add.at(dW, idx, dout)
    return dW


def layer_norm(x, g, b):
    mean = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    std = np.sqrt(var + 1e-5)
    y = (x - mean) / std
    return g * y + b, (y, std, g)


def layer_norm_backward(dout, cache):
    y, std, g = cache
    axes = tuple(range(dout.ndim - 1))
    dg = (dout * y).sum(axis=axes)
    db = dout.sum(axis=axes)
    dy = dout * g
    dx = (dy - dy.mean(axis=-1, keepdims=True) - y * (dy * y).mean(axis=-1, keepdims=True)) / std
    return dx, dg, db


def gelu(x):
    c = np.sqrt(2 / np.pi)
    inner = c * (x + 0.044715 * x**3)
    out = 0.5 * x * (1 + np.tanh(inner))
    return out


def gelu_backward(dout, x):
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    dinner = c * (1 + 3 * 0.044715 * x**2)
    dx = dout * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * dinner)
    return dx


def leaky(x, alpha=0.1):
    out = np.where(x > 0, x, alpha * x)
    return out


def leaky_backward(grad_out, x, alpha=0.1):
    grad_x = np.where(x > 0, grad_out, alpha * grad_out)
    return grad_x


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    return p, p


def softmax_backward(dp, cache):
    p = cache
    s = np.sum(dp * p, axis=-1, keepdims=True)
    dx = p * (dp - s)
    return dx


def prelu(x, a):
    y = np.maximum(x, 0) + a * np.minimum(x, 0)
    return y


def prelu_backward(dy, x, a):
    dx = dy * np.where(x > 0, 1.0, a)
    da = np.sum(dy * np.minimum(x, 0), axis=0)
    return dx, da


def highway(x, Wh, Wt, bt):
    h = np.tanh(x @ Wh)
    t = 1 / (1 + np.exp(-(x @ Wt + bt)))
    y = t * h + (1 - t) * x
    return y, (x, h, t, Wh, Wt)


def highway_backward(dy, cache):
    x, h, t, Wh, Wt = cache
    dh = dy * t
    dt = dy * (h - x)
    dzh = dh * (1 - h * h)
    dzt = dt * t * (1 - t)
    dWh = x.T @ dzh
    dWt = x.T @ dzt
    dbt = dzt.sum(axis=0)
    dx = dy * (1 - t) + dzh @ Wh.T + dzt @ Wt.T
    return dx, dWh, dWt, dbt


def residual_block(x, W1, W2):
    a = x @ W1
    r = np.maximum(a, 0)
    out = x + r @ W2
    return out, (x, a, r, W1, W2)


def residual_block_backward(dout, cache):
    x, a, r, W1, W2 = cache
    dW2 = r.T @ dout
    dr = dout @ W2.T
    da = dr * (a > 0)
    dW1 = x.T @ da
    dx = da @ W1.T
    dx = dx + dout
    return dx, dW1, dW2


def cosine(a, b):
    na = np.sqrt(np.sum(a**2, axis=1))
    nb = np.sqrt(np.sum(b**2, axis=1))
    s = np.sum(a * b, axis=1) / (na * nb)
    return s, (a, b, na, nb, s)


def cosine_backward(ds, cache):
    a, b, na, nb, s = cache
    da = ds[:, None] * (b / (na * nb)[:, None] - s[:, None] * a / (na**2)[:, None])
    db = ds[:, None] * (a / (na * nb)[:, None] - s[:, None] * b / (nb**2)[:, None])
    return da, db


def focal(x, t):
    p = 1 / (1 + np.exp(-x))
    pt = t * p + (1 - t) * (1 - p)
    loss = -np.mean((1 - pt) ** 2 * np.log(pt))
    return loss


def focal_backward(dloss, x, t):
    p = 1 / (1 + np.exp(-x))
    pt = t * p + (1 - t) * (1 - p)
    dpt = (2 * (1 - pt) * np.log(pt) - (1 - pt) ** 2 / pt) / x.size
    dp = dpt * (2 * t - 1)
    dx = dloss * dp * p * (1 - p)
    return dx


def huber(pred, target, delta):
    r = pred - target
    small = np.abs(r) <= delta
    loss = np.sum(np.where(small, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta)))
    return loss


def huber_backward(dloss, pred, target, delta):
    r = pred - target
    g = np.where(np.abs(r) <= delta, r, delta * np.sign(r))
    dpred = dloss * g
    return dpred, -dpred


def maxout(x, W, b):
    z = np.einsum("nd,kdm->nkm", x, W) + b
    which = z.argmax(axis=1)
    out = z.max(axis=1)
    return out, (x, W, which)


def maxout_backward(dout, cache):
    x, W, which = cache
    K = W.shape[0]
    dz = (which[:, None, :] == np.arange(K)[None, :, None]) * dout[:, None, :]
    dW = np.einsum("nd,nkm->kdm", x, dz)
    db = dz.sum(axis=0)
    dx = np.einsum("nkm,kdm->nd", dz, W)
    return dx, dW, db


def _a(*shape):
    return rng.normal(size=shape)


PAIRS = {
    "conv_im2col": (
        conv_im2col,
        conv_im2col_backward,
        (_a(2, 2, 4, 4), _a(3, 2, 3, 3), _a(3), 1, 1),
        [
            ("db = np.sum(dout, axis=(0, 2, 3))", "db = np.mean(dout, axis=(0, 2, 3))"),
            ("dW = dout_reshaped @ X_col.T", "dW = -dout_reshaped @ X_col.T"),
            ("dX_col = W_reshape.T @ dout_reshaped", "dX_col = 2 * W_reshape.T @ dout_reshaped"),
        ],
    ),
    "maxpool": (
        maxpool,
        maxpool_backward,
        (_a(2, 2, 4, 4), 2),
        [
            ("dsplit[mask] = wide[mask]", "dsplit[mask] = -wide[mask]"),
            ("mask = split == spread", "mask = split != spread"),
            ("dsplit /= np.sum(mask, axis=(3, 5), keepdims=True)", "dsplit /= 4"),
        ],
    ),
    "avgpool": (
        avgpool,
        avgpool_backward,
        (_a(2, 2, 4, 4), 2),
        [
            ("dx = dx / (size * size)", "dx = dx / size"),
            ("dx = dx / (size * size)", "dx = dx * (size * size)"),
            ("dx = dout.repeat(size, axis=2)", "dx = -dout.repeat(size, axis=2)"),
        ],
    ),
    "embedding": (
        embedding,
        embedding_backward,
        (_a(5, 3), np.array([[0, 2, 2], [4, 0, 1]])),
        [
            ("np.add.at(dW, idx, dout)", "dW[idx] += dout"),
            ("np.add.at(dW, idx, dout)", "np.add.at(dW, idx, -dout)"),
            ("np.add.at(dW, idx, dout)", "np.add.at(dW, idx, 2 * dout)"),
        ],
    ),
    "layer_norm": (
        layer_norm,
        layer_norm_backward,
        (_a(2, 3, 5), _a(5), _a(5)),
        [
            ("dg = (dout * y).sum(axis=axes)", "dg = dout.sum(axis=axes)"),
            ("dy = dout * g", "dy = dout / g"),
            ("- y * (dy * y).mean", "+ y * (dy * y).mean"),
        ],
    ),
    "gelu": (
        gelu,
        gelu_backward,
        (_a(4, 5),),
        [
            (
                "dinner = c * (1 + 3 * 0.044715 * x ** 2)",
                "dinner = c * (1 + 2 * 0.044715 * x ** 2)",
            ),
            ("0.5 * x * (1 - t ** 2)", "0.5 * x * (1 + t ** 2)"),
            ("dx = dout * (0.5 * (1 + t) +", "dx = dout * (0.5 * (1 - t) +"),
        ],
    ),
    "leaky": (
        leaky,
        leaky_backward,
        (_a(4, 5),),
        [
            ("alpha * grad_out", "grad_out / alpha"),
            ("x > 0", "x < 0"),
            ("alpha * grad_out", "-alpha * grad_out"),
        ],
    ),
    "softmax": (
        softmax,
        softmax_backward,
        (_a(4, 5),),
        [
            ("dx = p * (dp - s)", "dx = p * (dp + s)"),
            (
                "s = np.sum(dp * p, axis=-1, keepdims=True)",
                "s = np.sum(dp, axis=-1, keepdims=True)",
            ),
            ("dx = p * (dp - s)", "dx = p * dp"),
        ],
    ),
    "prelu": (
        prelu,
        prelu_backward,
        (_a(4, 5), rng.uniform(0.1, 0.4, 5)),
        [
            ("np.where(x > 0, 1.0, a)", "np.where(x > 0, a, 1.0)"),
            ("np.sum(dy * np.minimum(x, 0), axis=0)", "np.sum(dy * np.maximum(x, 0), axis=0)"),
            ("np.sum(dy * np.minimum(x, 0), axis=0)", "np.mean(dy * np.minimum(x, 0), axis=0)"),
        ],
    ),
    "highway": (
        highway,
        highway_backward,
        (_a(4, 3), _a(3, 3), _a(3, 3), _a(3)),
        [
            ("dt = dy * (h - x)", "dt = dy * (h + x)"),
            ("dzt = dt * t * (1 - t)", "dzt = dt * (1 - t)"),
            ("dx = dy * (1 - t) + dzh", "dx = dy * t + dzh"),
        ],
    ),
    "residual": (
        residual_block,
        residual_block_backward,
        (_a(4, 3), _a(3, 5), _a(5, 3)),
        [
            ("dx = dx + dout", "dx = dx - dout"),
            ("da = dr * (a > 0)", "da = dr * a"),
            ("dW2 = r.T @ dout", "dW2 = a.T @ dout"),
        ],
    ),
    "cosine": (
        cosine,
        cosine_backward,
        (_a(4, 3), _a(4, 3)),
        [
            ("- s[:, None] * a / (na ** 2)[:, None])", "- s[:, None] * a / na[:, None])"),
            ("(a / (na * nb)[:, None] - s", "(a / (na * nb)[:, None] + s"),
            ("da = ds[:, None]", "da = -ds[:, None]"),
        ],
    ),
    "focal": (
        focal,
        focal_backward,
        (_a(6), np.array([0, 1, 1, 0, 1, 0])),
        [
            ("dp = dpt * (2 * t - 1)", "dp = dpt"),
            ("(1 - pt) ** 2 / pt) / x.size", "(1 - pt) ** 2 / pt)"),
            ("dx = dloss * dp * p * (1 - p)", "dx = dloss * dp * p"),
        ],
    ),
    "huber": (
        huber,
        huber_backward,
        (_a(5), _a(5), 0.7),
        [
            ("delta * np.sign(r)", "np.sign(r)"),
            ("return dpred, -dpred", "return dpred, dpred"),
            ("dpred = dloss * g", "dpred = 2 * dloss * g"),
        ],
    ),
    "maxout": (
        maxout,
        maxout_backward,
        (_a(4, 3), _a(2, 3, 5), _a(2, 5)),
        [
            ("db = dz.sum(axis=0)", "db = dz.mean(axis=0)"),
            ("dx = np.einsum", "dx = -np.einsum"),
            ("dW = np.einsum", "dW = 2 * np.einsum"),
        ],
    ),
}
