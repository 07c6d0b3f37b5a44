"""More forward functions as strangers write them, each with a habit that the others do not have."""

import math

import numpy as np
from numpy import newaxis as na


class TwoLayerNet:
    """The parameters live in a dictionary of the object, so they are constants."""

    def __init__(self, D=5, H=6, C=3):
        r = np.random.RandomState(0)
        self.params = {}
        self.params["W1"] = 0.5 * r.randn(D, H)
        self.params["b1"] = np.zeros(H)
        self.params["W2"] = 0.5 * r.randn(H, C)
        self.params["b2"] = np.zeros(C)

    def loss(self, X, y=None, reg=0.1):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        N, _ = X.shape
        hidden = np.maximum(0, X.dot(W1) + b1)
        scores = hidden.dot(W2) + b2
        if y is None:
            return scores
        scores -= np.max(scores, axis=1, keepdims=True)
        exp_scores = np.exp(scores)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        correct_logprobs = -np.log(probs[range(N), y])
        data_loss = np.sum(correct_logprobs) / N
        reg_loss = reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        return data_loss + reg_loss


NET = TwoLayerNet()


def two_layer_object(X, y):
    return NET.loss(X, y, reg=0.05)


def softmax_by_loops(W, X, y, reg):
    N = X.shape[0]
    C = W.shape[1]
    total_loss = 0
    for i in range(N):
        f = X[i] @ W
        f -= f.max()
        denom = 0
        for c in range(C):
            denom += np.exp(f[c])
        total_loss += -f[y[i]] + np.log(denom)
    return total_loss / N + reg * (W * W).sum()


def distances_one_loop(X, Xtr):
    dists = np.zeros((X.shape[0], Xtr.shape[0]))
    for i in range(X.shape[0]):
        dists[i, :] = np.linalg.norm(Xtr - X[i, :], axis=1)
    return dists


def batchnorm_by_mode(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    _, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    if mode == "train":
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        xhat = (x - mu) / np.sqrt(var + eps)
        out = gamma * xhat + beta
        cache = {"xhat": xhat, "gamma": gamma, "var": var, "eps": eps}
    elif mode == "test":
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
        cache = None
    else:
        raise ValueError(f'Invalid forward batchnorm mode "{mode}"')
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def spatial_batchnorm_by_moveaxis(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    x_flat = np.moveaxis(x, 1, -1).reshape(-1, C)
    out_flat, cache = batchnorm_by_mode(x_flat, gamma, beta, bn_param)
    out = np.moveaxis(out_flat.reshape(N, H, W, C), -1, 1)
    return out, cache


def groupnorm_by_rows(x, gamma, beta, G=2, eps=1e-5):
    N, C, H, W = x.shape
    x = x.reshape(N * G, C // G * H * W)
    mu = x.mean(1, keepdims=True)
    v = ((x - mu) ** 2).mean(1, keepdims=True)
    x = (x - mu) / np.sqrt(v + eps)
    x = x.reshape((N, C, H, W))
    return x * gamma + beta


def dropout_by_overwriting(x, p=0.5):
    mask = np.random.random_sample(x.shape) > p
    out = x.copy()
    out[~mask] = 0
    out /= 1 - p
    return out


def conv_all_filters(x, w, b, *, stride=1, pad=1):
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    xp[:, :, pad:-pad, pad:-pad] = x
    Ho = (H + 2 * pad - HH) // stride + 1
    Wo = (W + 2 * pad - WW) // stride + 1
    out = np.zeros((N, F, Ho, Wo))
    for h in range(Ho):
        for v in range(Wo):
            window = xp[:, na, :, h * stride : h * stride + HH, v * stride : v * stride + WW]
            out[:, :, h, v] = np.sum(window * w[na, ...], axis=(2, 3, 4))
    out += b[na, :, na, na]
    return out


def conv_by_windows(x, w, b):
    k = w.shape[2]
    view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    return np.einsum("nchwij,fcij->nfhw", view, w) + b[None, :, None, None]


def lstm_with_lambdas(x, h0, Wx, Wh, b):
    sigmoid = lambda z: 1.0 / (1.0 + np.exp(-z))  # noqa: E731
    _, T, _ = x.shape
    H = h0.shape[-1]
    h, c = h0, np.zeros_like(h0)
    hs = []
    for t in range(T):
        a = np.dot(x[:, t], Wx) + np.dot(h, Wh) + b
        i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
        g = np.tanh(a[:, 3 * H :])
        c = f * c + i * g
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs, axis=1)


def lstm_step_hsplit(x, prev_h, prev_c, Wx, Wh, b):
    A = x @ Wx + prev_h @ Wh + b
    ai, af, ao, ag = np.hsplit(A, 4)
    i, f, o = [1 / (1 + np.exp(-v)) for v in (ai, af, ao)]
    g = np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    cache = x, prev_h, prev_c, i, f, o, g, next_c
    return next_h, next_c, cache


def stable_sigmoid(x):
    pos_mask = x >= 0
    neg_mask = x < 0
    z = np.zeros_like(x)
    z[pos_mask] = np.exp(-x[pos_mask])
    z[neg_mask] = np.exp(x[neg_mask])
    top = np.ones_like(x)
    top[neg_mask] = z[neg_mask]
    return top / (1 + z)


def multi_head(q, k, v, h=2):
    N, S, E = q.shape
    d = E // h
    split = lambda t: t.reshape(N, S, h, d).transpose(0, 2, 1, 3)  # noqa: E731
    Q, K, V = map(split, (q, k, v))
    att = Q @ K.swapaxes(-1, -2) / math.sqrt(d)
    att = np.where(np.tril(np.ones((S, S))) == 0, -1e9, att)
    att = np.exp(att - att.max(-1, keepdims=True))
    att /= att.sum(-1, keepdims=True)
    return (att @ V).transpose(0, 2, 1, 3).reshape(N, S, E)


def gan_losses(logits_real, logits_fake):
    def bce(inp, target):
        neg_abs = -np.abs(inp)
        loss = np.clip(inp, 0, None) - inp * target + np.log(1 + np.exp(neg_abs))
        return loss.mean()

    real, fake = np.ones(logits_real.shape), np.zeros_like(logits_fake)
    d_loss = bce(logits_real, real) + bce(logits_fake, fake)
    g_loss = bce(logits_fake, 1)
    return d_loss, g_loss


def gram(features, normalize=True):
    N, C, H, W = features.shape
    f = features.reshape(N, C, H * W)
    G = np.matmul(f, f.transpose(0, 2, 1))
    if normalize:
        G /= H * W * C
    return G


def style_loss(f1, f2, t1, t2):
    loss = 0
    for f, t, w in zip([f1, f2], [t1, t2], [0.3, 10], strict=True):
        loss += w * ((gram(f) - t) ** 2).sum()
    return loss


def contrastive(z1, z2, tau=0.5):
    z = np.concatenate((z1, z2), axis=0)
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    sim = z.dot(z.T) / tau
    n = len(z1)
    exp = np.exp(sim) * (1 - np.eye(2 * n))
    loss = 0
    for k in range(n):
        loss += -np.log(exp[k, k + n] / exp[k].sum()) - np.log(exp[k + n, k] / exp[k + n].sum())
    return loss / (2 * n)


def mean_of_segments(x, segments):
    out = np.zeros((3, x.shape[1]))
    np.add.at(out, segments, x)
    counts = np.bincount(segments, minlength=3)
    out /= counts[:, None]
    return out


def recursive(x, n):
    return np.tanh(recursive(x, n - 1)) + n if n else x


def svm_by_margins(scores, y):
    N = scores.shape[0]
    correct = scores[np.arange(N), y].reshape(-1, 1)
    margins = np.maximum(scores - correct + 1.0, 0)
    margins[np.arange(N), y] = 0
    return margins.sum() / N


def spread_and_cut(x):
    rows = np.clip(x.sum(0).reshape(1, -1).repeat(3, 0).T, -1, 1)
    return rows.flatten()[:5]


def whole_batch_at_once(x, b):
    out = np.zeros(x.shape)
    out[:] = np.tanh(x + b)
    out[0] = out[0] * b
    return out.sum() * out


def added_twice(x, w):
    out = x * w
    out[0] += 0.5
    row = out[1]
    np.add.at(out, [0, 2, 0], row)
    np.add.at(out, [0, 2, 0], 1.0)
    centred = out - 3
    return np.tanh(centred) + centred.T + out[1]


def no_rows(x, b):
    return np.mean((x + b) ** 2, axis=1).sum() * b


_rng = np.random.RandomState(7)
A = _rng.randn
Y = np.array([0, 2, 1, 2])
RUNNING = {"mode": "test", "running_mean": A(4), "running_var": np.abs(A(4))}

CASES = {
    f.__name__: (f, args)
    for f, *args in (
        (two_layer_object, A(4, 5), Y),
        (softmax_by_loops, A(5, 3), A(4, 5), Y, 1e-2),
        (distances_one_loop, A(3, 5), A(4, 5)),
        (batchnorm_by_mode, A(6, 4), A(4), A(4), RUNNING),
        (spatial_batchnorm_by_moveaxis, A(2, 3, 4, 4), A(3), A(3), {"mode": "train"}),
        (groupnorm_by_rows, A(2, 4, 3, 3), A(1, 4, 1, 1), A(1, 4, 1, 1)),
        (dropout_by_overwriting, A(12, 10)),
        (conv_all_filters, A(2, 2, 4, 4), A(3, 2, 3, 3), A(3)),
        (conv_by_windows, A(2, 2, 5, 5), A(3, 2, 3, 3), A(3)),
        (lstm_with_lambdas, A(2, 3, 3), A(2, 4), A(3, 16), A(4, 16), A(16)),
        (lstm_step_hsplit, A(3, 3), A(3, 4), A(3, 4), A(3, 16), A(4, 16), A(16)),
        (stable_sigmoid, A(3, 4)),
        (multi_head, A(2, 3, 4), A(2, 3, 4), A(2, 3, 4)),
        (gan_losses, A(6), A(6)),
        (style_loss, A(1, 3, 4, 4), A(1, 2, 3, 3), A(1, 3, 3), A(1, 2, 2)),
        (contrastive, A(3, 4), A(3, 4)),
        (mean_of_segments, A(5, 3), np.array([0, 1, 1, 0, 2])),
        (recursive, A(3, 4), 3),
        (svm_by_margins, A(3, 4), Y[:3]),
        (spread_and_cut, 0.1 * A(2, 3)),
        (whole_batch_at_once, A(1, 2), A(2)),
        (added_twice, A(3, 3), A(3)),
        (no_rows, np.ones((0, 3)), np.ones(3)),
    )
}
