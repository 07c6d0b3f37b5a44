"""What graders meet: labels as floats, layers in lists, generators, named tuples, flat parameters."""

from collections import namedtuple
from dataclasses import dataclass, field

import numpy as np


def _a(*shape):
    return np.random.default_rng(sum(shape) * 17 + len(shape)).normal(size=shape)


def im2col(x, k, s):
    n, h, w, c = x.shape
    oh, ow = (h - k) // s + 1, (w - k) // s + 1
    cols = np.empty((n, oh, ow, k, k, c))
    for i in range(k):
        for j in range(k):
            cols[:, :, :, i, j] = x[:, i : i + s * oh : s, j : j + s * ow : s]
    return cols.reshape(n * oh * ow, -1)


def col2im(cols, shape, k, s):
    n, h, w, c = shape
    oh, ow = (h - k) // s + 1, (w - k) // s + 1
    cols = cols.reshape(n, oh, ow, k, k, c)
    x = np.zeros(shape)
    for i in range(k):
        for j in range(k):
            x[:, i : i + s * oh : s, j : j + s * ow : s] += cols[:, :, :, i, j]
    return x


def conv_nhwc(X, W, b):
    k, s = W.shape[0], 1
    cols = im2col(X, k, s)
    Z = cols @ W.reshape(-1, W.shape[-1]) + b
    n, h, w, _ = X.shape
    Z = Z.reshape(n, h - k + 1, w - k + 1, -1)
    A = np.maximum(Z, 0.01 * Z)
    return A, {"X": X, "W": W, "cols": cols, "Z": Z}


def conv_nhwc_backward(dA, cache):
    X, W, cols, Z = (cache[key] for key in ("X", "W", "cols", "Z"))
    dZ = dA * np.where(Z > 0, 1.0, 0.01)
    dZ_col = dZ.reshape(-1, W.shape[-1])
    dW = (cols.T @ dZ_col).reshape(W.shape)
    db = dZ_col.sum(axis=0)
    dcols = dZ_col @ W.reshape(-1, W.shape[-1]).T
    dX = col2im(dcols, X.shape, W.shape[0], 1)
    return dX, dW, db


def crf_likelihood(emissions, transitions, tags):
    T, K = emissions.shape
    alpha = np.zeros((T, K))
    alpha[0] = emissions[0]
    for t in range(1, T):
        m = alpha[t - 1][:, None] + transitions
        top = m.max(axis=0)
        alpha[t] = emissions[t] + top + np.log(np.exp(m - top).sum(axis=0))
    top = alpha[-1].max()
    logZ = top + np.log(np.exp(alpha[-1] - top).sum())
    score = emissions[np.arange(T), tags].sum() + transitions[tags[:-1], tags[1:]].sum()
    return logZ - score, (emissions, transitions, tags, alpha, logZ)


def crf_likelihood_backward(dloss, cache):
    emissions, transitions, tags, alpha, logZ = cache
    T, K = emissions.shape
    beta = np.zeros((T, K))
    for t in range(T - 2, -1, -1):
        m = transitions + emissions[t + 1] + beta[t + 1]
        top = m.max(axis=1, keepdims=True)
        beta[t] = (top + np.log(np.exp(m - top).sum(axis=1, keepdims=True)))[:, 0]
    demissions = np.exp(alpha + beta - logZ)
    dtransitions = np.zeros((K, K))
    for t in range(T - 1):
        pair = alpha[t][:, None] + transitions + emissions[t + 1] + beta[t + 1] - logZ
        dtransitions += np.exp(pair)
    demissions[np.arange(T), tags] -= 1
    np.subtract.at(dtransitions, (tags[:-1], tags[1:]), 1)
    return dloss * demissions, dloss * dtransitions


def triplet_semi(anchor, positive, negative, margin=0.5):
    d_ap = np.sqrt(np.sum((anchor - positive) ** 2, axis=1))
    d_an = np.sqrt(np.sum((anchor - negative) ** 2, axis=1))
    losses = np.maximum(d_ap - d_an + margin, 0)
    active = losses > 0
    return losses.sum() / max(active.sum(), 1), (anchor, positive, negative, d_ap, d_an, active)


def triplet_semi_backward(dloss, cache):
    anchor, positive, negative, d_ap, d_an, active = cache
    scale = dloss / max(active.sum(), 1)
    g_ap = (active * scale / d_ap)[:, None] * (anchor - positive)
    g_an = (active * scale / d_an)[:, None] * (anchor - negative)
    return g_ap - g_an, -g_ap, g_an


def weighted_bce(logits, y, pos_weight):
    p = 1 / (1 + np.exp(-logits))
    loss = -(pos_weight * y * np.log(p) + (1 - y) * np.log(1 - p))
    return loss.mean(), (p, y, pos_weight)


def weighted_bce_backward(dout, cache):
    p, y, w = cache
    dlogits = (1 - y) * p - w * y * (1 - p)
    return dout * dlogits / p.size


@dataclass
class Ctx:
    saved: list = field(default_factory=list)

    def save(self, *arrays):
        self.saved.extend(arrays)


def mlp_ctx(x, Ws, bs):
    ctx = Ctx()
    for i, (W, b) in enumerate(zip(Ws, bs)):
        z = x @ W + b
        ctx.save((x, W, z))
        x = np.tanh(z) if i < len(Ws) - 1 else z
    return x, ctx


def mlp_ctx_backward(grad, ctx_cache):
    dWs, dbs = [], []
    for i, (x, W, z) in enumerate(reversed(ctx_cache.saved)):
        if i > 0:
            grad = grad * (1 - np.tanh(z) ** 2)
        dWs.insert(0, x.T @ grad)
        dbs.insert(0, grad.sum(axis=0))
        grad = grad @ W.T
    return grad, dWs, dbs


Saved = namedtuple("Saved", "x mean inv gamma groups")


def groupnorm_nt(x, gamma, beta, G=2):
    N, C, H, W = x.shape
    g = x.reshape(N, G, -1)
    mean = g.mean(axis=2, keepdims=True)
    inv = 1 / np.sqrt(g.var(axis=2, keepdims=True) + 1e-5)
    xhat = ((g - mean) * inv).reshape(x.shape)
    out = xhat * gamma.reshape(1, C, 1, 1) + beta.reshape(1, C, 1, 1)
    return out, Saved(x, mean, inv, gamma, G)


def groupnorm_nt_backward(dout, cache):
    N, C, H, W = dout.shape
    g = cache.x.reshape(N, cache.groups, -1)
    xhat = (g - cache.mean) * cache.inv
    dbeta = dout.sum(axis=(0, 2, 3))
    dgamma = (dout * xhat.reshape(dout.shape)).sum(axis=(0, 2, 3))
    d = (dout * cache.gamma[:, None, None]).reshape(g.shape)
    m1 = d.mean(axis=2, keepdims=True)
    m2 = (d * xhat).mean(axis=2, keepdims=True)
    dx = cache.inv * (d - m1 - xhat * m2)
    return dx.reshape(dout.shape), dgamma, dbeta


def steps_of(kept):
    while kept:
        yield kept.pop()


def residual_tower(x, ws, gate):
    kept = []
    for w in ws:
        u = x @ w
        y = np.maximum(u, 0)
        kept.append((x, w, u, y))
        x = x + gate * y
    return x, (kept, gate)


def residual_tower_backward(dx, cache):
    kept, gate = cache
    dgate, dws = 0.0, []
    for x, w, u, y in steps_of(kept):
        dgate += np.sum(dx * y)
        du = gate * dx
        du[u < 0] = 0
        dws.append(x.T @ du)
        dx = dx + du @ w.T
    return dx, np.array(dws[::-1]), dgate


def softmax_regression(theta, X, y, lam):
    """Coursera ML: theta flat, gradient flat, the bias not regularised."""
    m, n = X.shape
    K = theta.size // (n + 1)
    Theta = theta.reshape(n + 1, K)
    Xb = np.hstack([np.ones((m, 1)), X])
    S = Xb.dot(Theta)
    S = S - S.max(axis=1)[:, None]
    P = np.exp(S) / np.exp(S).sum(axis=1)[:, None]
    J = -np.log(P[range(m), y]).sum() / m + lam / (2 * m) * (Theta[1:] ** 2).sum()
    G = P.copy()
    G[range(m), y] -= 1
    grad = Xb.T.dot(G) / m
    grad[1:] += lam / m * Theta[1:]
    return J, grad.ravel()


def factorization_machine(x, w, V):
    xv = x @ V
    pair = 0.5 * np.sum(xv**2 - (x**2) @ (V**2), axis=1)
    return x @ w + pair, (x, w, V, xv)


def factorization_machine_backward(dy, cache):
    x, w, V, xv = cache
    dw = x.T @ dy
    dV = x.T @ (dy[:, None] * xv) - (x**2).T @ dy[:, None] * V
    dx = dy[:, None] * (w + xv @ V.T - x * (V**2).sum(axis=1))
    return dx, dw, dV


def prelu_pool(x, alpha):
    y = np.where(x > 0, x, alpha[:, None, None] * x)
    n, c, h, w = y.shape
    tiles = y.reshape(n, c, h // 2, 2, w // 2, 2)
    return tiles.mean(axis=(3, 5)), (x, alpha)


def prelu_pool_backward(dout, cache):
    x, alpha = cache
    dy = np.repeat(np.repeat(dout, 2, axis=2), 2, axis=3) / 4
    neg = x <= 0
    dalpha = np.sum(dy * x * neg, axis=(0, 2, 3))
    dx = dy.copy()
    dx[neg] = (dy * alpha[:, None, None])[neg]
    return dx, dalpha


# fmt: off
PAIRS = {
    "conv_nhwc": (conv_nhwc, conv_nhwc_backward, (_a(2, 4, 5, 2), _a(2, 2, 2, 3), _a(3)), [
        ("np.where(Z > 0, 1.0, 0.01)", "np.where(Z > 0, 1.0, 0.1)"),
        ("np.where(Z > 0, 1.0, 0.01)", "(Z > 0)"),
        ("db = dZ_col.sum(axis=0)", "db = dZ_col.mean(axis=0)"),
        ("dcols = dZ_col @", "dcols = -dZ_col @"),
    ]),
    "crf_likelihood": (crf_likelihood, crf_likelihood_backward, (_a(4, 3), _a(3, 3), np.array([0, 2, 2, 1])), [
        ("demissions[np.arange(T), tags] -= 1", "demissions[np.arange(T), tags] += 1"),
        ("np.exp(alpha + beta - logZ)", "np.exp(alpha + beta)"),
        ("np.subtract.at(dtransitions, (tags[:-1], tags[1:]), 1)", "dtransitions[tags[1:], tags[:-1]] -= 1"),
        ("+ emissions[t + 1] + beta[t + 1] - logZ", "+ beta[t + 1] - logZ"),
    ]),
    "triplet_semi": (triplet_semi, triplet_semi_backward, (_a(5, 3), _a(5, 3) + .4, _a(5, 3) - .5), [
        ("return g_ap - g_an", "return g_ap + g_an"),
        ("scale / d_ap)", "scale)"),
        ("(active * scale / d_an)", "(scale / d_an)"),
        ("max(active.sum(), 1)", "len(active)"),
    ]),
    "weighted_bce": (weighted_bce, weighted_bce_backward, (_a(4, 3), (np.random.default_rng(1).random((4, 3)) > .5) * 1.0, 2.5), [
        ("w * y * (1 - p)", "y * (1 - p)"),
        ("(1 - y) * p", "(1 - y)"),
        ("/ p.size", "/ len(p)"),
    ]),
    "mlp_ctx": (mlp_ctx, mlp_ctx_backward, (_a(3, 4), [_a(4, 5), _a(5, 3), _a(3, 2)], [_a(5), _a(3), _a(2)]), [
        ("dWs.insert(0, x.T @ grad)", "dWs.append(x.T @ grad)"),
        ("np.tanh(z) ** 2", "np.tanh(z)"),
        ("if i > 0:", "if i > 1:"),
        ("grad.sum(axis=0)", "grad.mean(axis=0)"),
    ]),
    "groupnorm_nt": (groupnorm_nt, groupnorm_nt_backward, (_a(2, 4, 2, 3), _a(4), _a(4) + 1), [
        ("d - m1 - xhat * m2", "d - m1 + xhat * m2"),
        ("dout * cache.gamma[:, None, None]", "dout"),
        ("m2 = (d * xhat).mean(", "m2 = (d * xhat).sum("),
        ("dbeta = dout.sum(axis=(0, 2, 3))", "dbeta = dout.sum(axis=(0, 2, 3)) / N"),
    ]),
    "residual_tower": (residual_tower, residual_tower_backward, (_a(3, 4), np.stack([_a(4, 4), _a(4, 4) - .5]), np.array(0.6)), [
        ("dx = dx + du @ w.T", "dx = du @ w.T"),
        ("du[u < 0] = 0", "du[u > 0] = 0"),
        ("dws[::-1]", "dws"),
        ("dgate += np.sum(dx * y)", "dgate += np.sum(dx * u)"),
    ]),
    "softmax_regression": (softmax_regression, None, (_a(12), _a(5, 3), np.array([0, 2, 1, 1, 0]), 0.7), [
        ("grad[1:] += lam / m * Theta[1:]", "grad += lam / m * Theta"),
        ("lam / m * Theta[1:]", "lam / (2 * m) * Theta[1:]"),
        ("grad = Xb.T.dot(G) / m", "grad = Xb.T.dot(G)"),
        ("y] -= 1", "y] -= 2"),
    ]),
    "factorization_machine": (factorization_machine, factorization_machine_backward, (_a(4, 3), _a(3), _a(3, 2)), [
        ("- (x**2).T @ dy[:, None] * V", "- x.T @ dy[:, None] * V"),
        ("xv @ V.T - x *", "xv @ V.T + x *"),
        ("(V**2).sum(axis=1)", "V.sum(axis=1)"),
        ("(w + xv @ V.T", "(xv @ V.T"),
    ]),
    "prelu_pool": (prelu_pool, prelu_pool_backward, (_a(2, 3, 4, 4), np.array([.1, .2, .3])), [
        ("axis=3) / 4", "axis=3) / 2"),
        ("dy * x * neg", "dy * x"),
        ("(dy * alpha[:, None, None])[neg]", "dy[neg]"),
        ("axis=(0, 2, 3))", "axis=(0, 2, 3)) / len(x)"),
    ]),
}
# fmt: on
