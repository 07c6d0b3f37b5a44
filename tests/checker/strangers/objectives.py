"""Losses and small functions of papers, in many hands: vectorised, looped, `*args`, closures."""

import math
from functools import reduce

import numpy as np

_rng = np.random.default_rng(47)


def _a(*shape):
    return _rng.normal(size=shape)


def _softmax(z, axis=-1):
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


# ── segmentation and detection ──────────────────────────────────────────────────────────────
def tversky(logits, target, alpha=0.3, beta=0.7, smooth=1.0):
    p = 1 / (1 + np.exp(-logits))
    axes = (1, 2)
    tp = (p * target).sum(axes)
    fp = (p * (1 - target)).sum(axes)
    fn = ((1 - p) * target).sum(axes)
    den = tp + alpha * fp + beta * fn + smooth
    index = (tp + smooth) / den
    return (1 - index).mean(), (p, target, tp, den, alpha, beta, smooth)


def tversky_backward(dout, cache):
    p, t, tp, den, alpha, beta, smooth = cache
    N = p.shape[0]
    d_index = -dout / N
    d_tp = d_index / den
    d_den = -d_index * (tp + smooth) / den**2
    d_tp = d_tp + d_den
    d_fp = alpha * d_den
    d_fn = beta * d_den
    ex = lambda v: v[:, np.newaxis, np.newaxis]
    dp = ex(d_tp) * t + ex(d_fp) * (1 - t) - ex(d_fn) * t
    return dp * p * (1 - p)


def lovasz_hinge(logits, labels):
    signs = 2.0 * labels - 1.0
    errors = 1.0 - logits * signs
    order = np.argsort(-errors)
    gt = labels[order]
    inter = gt.sum() - np.cumsum(gt)
    union = gt.sum() + np.cumsum(1 - gt)
    jac = 1.0 - inter / union
    grad = np.concatenate([jac[:1], np.diff(jac)])
    return np.maximum(errors[order], 0) @ grad, (errors, order, grad, signs)


def lovasz_hinge_backward(dout, cache):
    errors, order, grad, signs = cache
    d_sorted = dout * grad * (errors[order] > 0)
    d_errors = np.zeros_like(errors)
    d_errors[order] = d_sorted
    return -d_errors * signs


def giou(a, b):
    """1 - GIoU of boxes (x1, y1, x2, y2)."""
    ax1, ay1, ax2, ay2 = a.T
    bx1, by1, bx2, by2 = b.T
    iw = np.maximum(np.minimum(ax2, bx2) - np.maximum(ax1, bx1), 0)
    ih = np.maximum(np.minimum(ay2, by2) - np.maximum(ay1, by1), 0)
    inter = iw * ih
    area_a = (ax2 - ax1) * (ay2 - ay1)
    area_b = (bx2 - bx1) * (by2 - by1)
    union = area_a + area_b - inter
    cw = np.maximum(ax2, bx2) - np.minimum(ax1, bx1)
    ch = np.maximum(ay2, by2) - np.minimum(ay1, by1)
    hull = cw * ch
    value = inter / union - (hull - union) / hull
    return np.sum(1 - value), (a, b, iw, ih, inter, union, cw, ch, hull)


def giou_backward(dout, cache):
    a, b, iw, ih, inter, union, cw, ch, hull = cache
    dinter = -dout / union
    dunion = dout * inter / union**2 - dout / hull
    dhull = dout * union / hull**2
    dinter = dinter - dunion
    w, h = a[:, 2] - a[:, 0], a[:, 3] - a[:, 1]
    da = np.zeros_like(a)
    da[:, 2] += dunion * h
    da[:, 0] -= dunion * h
    da[:, 3] += dunion * w
    da[:, 1] -= dunion * w
    for lo, hi, span, other, full, rest in ((0, 2, iw, ih, cw, ch), (1, 3, ih, iw, ch, cw)):
        overlap = span > 0
        ds = dinter * other * overlap
        da[:, hi] += ds * (a[:, hi] < b[:, hi])
        da[:, lo] -= ds * (a[:, lo] > b[:, lo])
        dc = dhull * rest
        da[:, hi] += dc * (a[:, hi] > b[:, hi])
        da[:, lo] -= dc * (a[:, lo] < b[:, lo])
    return da


def wing(pred, target, w=1.0, eps=0.5):
    C = w - w * math.log(1 + w / eps)
    diff = pred - target
    mag = np.abs(diff)
    near = mag < w
    loss = np.empty_like(mag)
    loss[near] = w * np.log(1 + mag[near] / eps)
    loss[~near] = mag[~near] - C
    return loss.sum() / len(pred), (diff, mag, near, w, eps)


def wing_backward(g, cache):
    diff, mag, near, w, eps = cache
    slope = np.ones_like(mag)
    slope[near] = w / (eps + mag[near])
    slope *= np.sign(diff)
    slope *= g / len(diff)
    return slope, -slope


# ── embeddings ──────────────────────────────────────────────────────────────────────────────
def supcon(features, labels, tau=0.5):
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    z = features / norms
    n = len(z)
    sim = z @ z.T / tau
    self_mask = np.eye(n, dtype=bool)
    pos = (labels[:, None] == labels[None, :]) & ~self_mask
    sim_m = np.where(self_mask, -np.inf, sim)
    logden = np.log(np.exp(sim_m).sum(axis=1))
    count = pos.sum(axis=1)
    per = -(np.where(pos, sim, 0).sum(axis=1) / count - logden)
    soft = np.exp(sim_m - logden[:, None])
    return per.mean(), (z, norms, pos, count, soft, tau)


def supcon_backward(dloss, cache):
    z, norms, pos, count, soft, tau = cache
    n = len(z)
    dsim = (soft - pos / count[:, None]) * dloss / n
    dz = (dsim + dsim.T) @ z / tau
    dfeatures = (dz - z * np.sum(dz * z, axis=1, keepdims=True)) / norms
    return dfeatures


def barlow(za, zb, lam=0.05):
    n, d = za.shape

    def standardize(z):
        c = z - z.mean(0)
        s = np.sqrt((c * c).mean(0))
        return c / s, s

    a, sa = standardize(za)
    b, sb = standardize(zb)
    corr = a.T @ b / n
    off = corr - np.diag(np.diag(corr))
    loss = ((np.diag(corr) - 1) ** 2).sum() + lam * (off**2).sum()
    return loss, (a, sa, b, sb, corr, off, lam)


def barlow_backward(dloss, cache):
    a, sa, b, sb, corr, off, lam = cache
    n = a.shape[0]
    dcorr = 2 * lam * off + np.diag(2 * (np.diag(corr) - 1))
    dcorr = dcorr * dloss
    da = b @ dcorr.T / n
    db = a @ dcorr / n

    def through(dz, z, s):
        return (dz - dz.mean(0) - z * (dz * z).mean(0)) / s

    return through(da, a, sa), through(db, b, sb)


def vicreg(z, gamma=1.5, mu=2.0, nu=0.5):
    n, d = z.shape
    zc = z - z.mean(axis=0)
    std = np.sqrt((zc**2).sum(axis=0) / (n - 1) + 1e-4)
    var_loss = np.maximum(0, gamma - std).mean()
    cov = zc.T @ zc / (n - 1)
    off = cov[~np.eye(d, dtype=bool)]
    cov_loss = (off**2).sum() / d
    return mu * var_loss + nu * cov_loss, {"zc": zc, "std": std, "cov": cov, "k": (gamma, mu, nu)}


def vicreg_backward(dout, cache):
    zc, std, cov = cache["zc"], cache["std"], cache["cov"]
    gamma, mu, nu = cache["k"]
    n, d = zc.shape
    dstd = np.where(std < gamma, -mu / d, 0.0)
    dzc = dstd * zc / std / (n - 1)
    dcov = 2 * nu * cov / d
    np.fill_diagonal(dcov, 0)
    dzc += 2 * zc @ dcov / (n - 1)
    return dout * (dzc - dzc.mean(axis=0))


def arcface(x, W, y, m=0.3, s=4.0):
    xn = np.linalg.norm(x, axis=1, keepdims=True)
    wn = np.linalg.norm(W, axis=0)
    xh, wh = x / xn, W / wn
    cos = xh @ wh
    rows = np.arange(len(y))
    ct = cos[rows, y]
    sin = np.sqrt(1 - ct**2)
    logits = s * cos
    logits[rows, y] = s * (ct * np.cos(m) - sin * np.sin(m))
    p = _softmax(logits)
    return -np.log(p[rows, y]).mean(), (xh, xn, wh, wn, ct, sin, p, y, m, s)


def arcface_backward(dout, cache):
    xh, xn, wh, wn, ct, sin, p, y, m, s = cache
    rows = np.arange(len(y))
    dlogits = p.copy()
    dlogits[rows, y] -= 1
    dlogits *= dout / len(y)
    dcos = s * dlogits
    dcos[rows, y] *= np.cos(m) + ct / sin * np.sin(m)
    dxh = dcos @ wh.T
    dwh = xh.T @ dcos
    dx = (dxh - xh * (dxh * xh).sum(1, keepdims=True)) / xn
    dW = (dwh - wh * (dwh * wh).sum(0)) / wn
    return dx, dW


# ── ranking, divergences, densities ─────────────────────────────────────────────────────────
def ranknet(scores, relevance):
    loss = 0.0
    pairs = []
    for i in range(len(scores)):
        for j in range(len(scores)):
            if relevance[i] > relevance[j]:
                d = scores[i] - scores[j]
                loss = loss + np.log1p(np.exp(-d))
                pairs.append((i, j, d))
    return loss / len(pairs), (scores, pairs)


def ranknet_backward(dloss, cache):
    scores, pairs = cache
    ds = np.zeros_like(scores)
    for i, j, d in pairs:
        lam = -1 / (1 + np.exp(d)) / len(pairs)
        ds[i] += lam
        ds[j] -= lam
    return dloss * ds


def listnet(scores, relevance, mask):
    s = np.where(mask, scores, -1e9)
    p = _softmax(s)
    q = _softmax(np.where(mask, relevance, -1e9))
    rows = -(q * np.log(np.where(mask, p, 1.0))).sum(-1)
    return rows.mean(), (p, q, mask)


def listnet_backward(dout, cache):
    p, q, mask = cache
    ds = (p - q) * dout / p.shape[0]
    ds[~mask] = 0.0
    return ds


def rdrop(logits1, logits2, y, alpha=0.7):
    """Cross entropy of two passes and the symmetric divergence between them."""
    n = len(y)
    lp1, lp2 = (z - np.log(np.exp(z).sum(1, keepdims=True)) for z in (logits1, logits2))
    p1, p2 = np.exp(lp1), np.exp(lp2)
    ce = -(lp1[np.arange(n), y] + lp2[np.arange(n), y]).sum() / n
    kl = 0.5 * ((p1 - p2) * (lp1 - lp2)).sum() / n
    return ce + alpha * kl, (p1, p2, lp1, lp2, y, alpha)


def rdrop_backward(dout, cache):
    p1, p2, lp1, lp2, y, alpha = cache
    n, c = p1.shape
    onehot = np.eye(c)[y]

    def one(p, q, lp, lq):
        dlp = 0.5 * alpha * (p * (lp - lq) + (p - q)) / n
        dlp = dlp - onehot / n
        return dout * (dlp - p * dlp.sum(1, keepdims=True))

    return one(p1, p2, lp1, lp2), one(p2, p1, lp2, lp1)


def jensen_shannon(a, b):
    p, q = _softmax(a), _softmax(b)
    m = 0.5 * (p + q)
    js = 0.5 * np.sum(p * np.log(p / m)) + 0.5 * np.sum(q * np.log(q / m))
    return js, (p, q, m)


def jensen_shannon_backward(dout, cache):
    p, q, m = cache
    out = []
    for r in (p, q):
        dr = 0.5 * dout * np.log(r / m)
        out.append(r * (dr - np.sum(r * dr, axis=-1, keepdims=True)))
    return tuple(out)


def gaussian_nll(mu, raw, y):
    var = np.logaddexp(0, raw) + 1e-3
    return 0.5 * np.mean(np.log(var) + (y - mu) ** 2 / var), (mu, raw, y, var)


def gaussian_nll_backward(dout, cache):
    mu, raw, y, var = cache
    k = dout / (2 * y.size)
    dmu = k * 2 * (mu - y) / var
    dvar = k * (1 / var - (y - mu) ** 2 / var**2)
    draw = dvar * 0.5 * (1 + np.tanh(raw / 2))
    dy = -dmu
    return dmu, draw, dy


def tweedie(eta, y, power=1.5):
    mu = np.exp(eta)
    dev = -y * mu ** (1 - power) / (1 - power) + mu ** (2 - power) / (2 - power)
    return dev.mean(), (mu, y, power)


def tweedie_backward(dout, cache):
    mu, y, power = cache
    deta = (mu ** (2 - power) - y * mu ** (1 - power)) / len(y)
    dy = mu ** (1 - power) / (power - 1) / len(y)
    return dout * deta, dout * dy


def squashed_policy(mean, log_std, noise):
    """The log-probability of a = tanh(u), as in soft actor-critic."""
    std = np.exp(log_std)
    u = mean + std * noise
    a = np.tanh(u)
    logp = -0.5 * noise**2 - log_std - 0.5 * np.log(2 * np.pi)
    logp = logp - np.log(1 - a**2 + 1e-6)
    return a, logp.sum(-1), (std, noise, a)


def squashed_policy_backward(da, dlogp, cache):
    std, noise, a = cache
    sech2 = 1 - a**2
    du = da * sech2 + dlogp[..., None] * 2 * a * sech2 / (sech2 + 1e-6)
    dmean = du
    dlog_std = du * std * noise - dlogp[..., None]
    return dmean, dlog_std


def multi_quantile(pred, y, *taus):
    total = 0
    for k, tau in enumerate(taus):
        e = y - pred[:, k]
        total = total + np.maximum(tau * e, (tau - 1) * e).mean()
    return total / len(taus), (pred, y, taus)


def multi_quantile_backward(dout, cache):
    pred, y, taus = cache
    n = y.shape[0]
    d = np.stack([np.where(y > pred[:, k], -tau, 1 - tau) for k, tau in enumerate(taus)], axis=1)
    dpred = dout * d / (n * len(taus))
    return dpred, -dpred.sum(axis=1)


def asymmetric(logits, targets, *, gamma_pos=1, gamma_neg=2, clip=0.05):
    p = 1 / (1 + np.exp(-logits))
    pm = np.maximum(p - clip, 0)
    pos = targets * (1 - p) ** gamma_pos * np.log(p)
    neg = (1 - targets) * pm**gamma_neg * np.log(1 - pm)
    return -(pos + neg).sum(), (p, pm, targets, gamma_pos, gamma_neg)


def asymmetric_backward(dout, cache):
    p, pm, t, gp, gn = cache
    dpos = t * ((1 - p) ** gp / p - gp * (1 - p) ** (gp - 1) * np.log(p))
    dneg = (1 - t) * (gn * pm ** (gn - 1) * np.log(1 - pm) - pm**gn / (1 - pm))
    dp = dpos + dneg * (pm > 0)
    return -dout * dp * p * (1 - p)


# ── modern layers as functions ──────────────────────────────────────────────────────────────
def local_attention(q, k, v, window=2):
    T, d = q.shape
    idx = np.arange(T)
    allowed = np.abs(idx[:, None] - idx) <= window
    s = np.full((T, T), -np.inf)
    s[allowed] = (q @ k.T)[allowed] / math.sqrt(d)
    p = _softmax(s)
    return p @ v, (q, k, v, p, d)


def local_attention_vjp(dout, cache):
    q, k, v, p, d = cache
    dp = dout @ v.T
    ds = p * (dp - (p * dp).sum(-1, keepdims=True)) / math.sqrt(d)
    return ds @ k, ds.T @ q, p.T @ dout


def relative_bias_attention(q, k, v, table):
    """T5: a learned number for each head and each distance."""
    H, T, d = q.shape
    rel = np.arange(T)[:, None] - np.arange(T)[None, :] + T - 1
    scores = np.einsum("htd,hsd->hts", q, k) + table[:, rel]
    w = _softmax(scores)
    return np.einsum("hts,hsd->htd", w, v), (q, k, v, w, rel, table.shape)


def relative_bias_attention_backward(dout, cache):
    q, k, v, w, rel, shape = cache
    dw = np.einsum("htd,hsd->hts", dout, v)
    dv = np.einsum("hts,htd->hsd", w, dout)
    ds = w * (dw - np.einsum("hts,hts->ht", dw, w)[..., None])
    dtable = np.zeros(shape)
    for h in range(shape[0]):
        np.add.at(dtable[h], rel, ds[h])
    dq = np.einsum("hts,hsd->htd", ds, k)
    dk = np.einsum("hts,htd->hsd", ds, q)
    return dq, dk, dv, dtable


def qk_norm(q, k, v, g):
    qn = q / np.linalg.norm(q, axis=-1, keepdims=True)
    kn = k / np.linalg.norm(k, axis=-1, keepdims=True)
    p = _softmax(g * qn @ kn.T)

    def vjp(dout):
        dp = dout @ v.T
        ds = p * (dp - np.sum(dp * p, -1, keepdims=True))
        dqn, dkn = g * ds @ kn, g * ds.T @ qn
        unnormalise = lambda dn, n, raw: (dn - n * (dn * n).sum(-1, keepdims=True)) / np.sqrt(
            (raw**2).sum(-1, keepdims=True)
        )
        dg = np.sum(ds * (qn @ kn.T))
        return unnormalise(dqn, qn, q), unnormalise(dkn, kn, k), p.T @ dout, dg

    return p @ v, vjp


def qk_norm_backward(dout, cache):
    return cache(dout)


def top_k_moe(x, Wg, experts, k=2):
    logits = x @ Wg
    top = np.argsort(-logits, axis=1)[:, :k]
    picked = np.take_along_axis(logits, top, axis=1)
    gates = _softmax(picked)
    y = np.zeros((len(x), experts[0].shape[1]))
    outs = np.zeros((len(x), k, experts[0].shape[1]))
    for n in range(len(x)):
        for j in range(k):
            outs[n, j] = np.tanh(x[n] @ experts[top[n, j]])
            y[n] += gates[n, j] * outs[n, j]
    return y, (x, Wg, experts, top, gates, outs)


def top_k_moe_backward(dy, cache):
    x, Wg, experts, top, gates, outs = cache
    dexperts = [np.zeros_like(E) for E in experts]
    dx = np.zeros_like(x)
    dgates = np.einsum("nh,nkh->nk", dy, outs)
    for n, chosen in enumerate(top):
        for j, e in enumerate(chosen):
            dz = gates[n, j] * dy[n] * (1 - outs[n, j] ** 2)
            dexperts[e] += np.outer(x[n], dz)
            dx[n] += experts[e] @ dz
    dpicked = gates * (dgates - (dgates * gates).sum(1, keepdims=True))
    dlogits = np.zeros((len(x), Wg.shape[1]))
    np.put_along_axis(dlogits, top, dpicked, axis=1)
    dWg = x.T @ dlogits
    dx += dlogits @ Wg.T
    return dx, dWg, dexperts


def dora(x, W0, A, B, m):
    """Weights split into magnitude and direction, the direction adapted."""
    V = W0 + A @ B
    col = np.sqrt(np.sum(V * V, axis=0))
    W = m * V / col
    return x @ W, (x, W0, A, B, m, V, col, W)


def dora_backward(dy, cache):
    x, W0, A, B, m, V, col, W = cache
    dW = x.T @ dy
    dm = (dW * V / col).sum(0)
    dV = m / col * dW - V * (m * (dW * V).sum(0) / col**3)
    return dy @ W.T, dV, dV @ B.T, A.T @ dV, dm


def glu_conv(x, K):
    """A gated convolution over time; both halves from one kernel of strided windows."""
    width, D, C2 = K.shape
    T = x.shape[0] - width + 1
    s0, s1 = x.strides
    win = np.lib.stride_tricks.as_strided(x, (T, width, D), (s0, s0, s1))
    z = np.tensordot(win, K, axes=2)
    a, b = z[:, : C2 // 2], z[:, C2 // 2 :]
    sig = 1 / (1 + np.exp(-b))
    return a * sig, (x.shape, win, K, a, sig)


def glu_conv_backward(dout, cache):
    shape, win, K, a, sig = cache
    dz = np.concatenate((dout * sig, dout * a * sig * (1 - sig)), axis=1)
    dK = np.tensordot(win, dz, axes=([0], [0]))
    dx = np.zeros(shape)
    for t in range(dz.shape[0]):
        dx[t : t + K.shape[0]] += np.tensordot(K, dz[t], axes=(2, 0))
    return dx, dK


def conv3d(x, w, b):
    N, C, D, H, W = x.shape
    F, _, k, _, _ = w.shape
    out = np.zeros((N, F, D - k + 1, H - k + 1, W - k + 1))
    for d, i, j in np.ndindex(*out.shape[2:]):
        patch = x[:, :, d : d + k, i : i + k, j : j + k].reshape(N, -1)
        out[:, :, d, i, j] = patch @ w.reshape(F, -1).T + b
    return out, (x, w)


def conv3d_backward(dout, cache):
    x, w = cache
    N, F = dout.shape[:2]
    k = w.shape[-1]
    dx, dw = np.zeros_like(x), np.zeros((F, w[0].size))
    for d, i, j in np.ndindex(*dout.shape[2:]):
        g = dout[:, :, d, i, j]
        patch = x[:, :, d : d + k, i : i + k, j : j + k]
        dw += g.T @ patch.reshape(N, -1)
        dx[:, :, d : d + k, i : i + k, j : j + k] += (g @ w.reshape(F, -1)).reshape(patch.shape)
    return dx, dw.reshape(w.shape), np.add.reduce(dout, axis=(0, 2, 3, 4))


def locally_connected(x, W):
    """A filter of its own at every place."""
    L, K, F = W.shape
    return np.stack([x[:, l : l + K] @ W[l] for l in range(L)], axis=1), (x, W)


def locally_connected_backward(dy, cache):
    x, W = cache
    L, K, F = W.shape
    dx, dW = np.zeros_like(x), np.empty_like(W)
    for l in range(L):
        np.dot(x[:, l : l + K].T, dy[:, l], out=dW[l])
        dx[:, l : l + K] += dy[:, l] @ W[l].T
    return dx, dW


def invertible_1x1(x, W):
    """Glow: a channel mixer, and its log-determinant."""
    N, C, T = x.shape
    z = np.einsum("dc,nct->ndt", W, x)
    logdet = T * np.linalg.slogdet(W)[1]
    return z, logdet, (x, W)


def invertible_1x1_backward(dz, dlogdet, cache):
    x, W = cache
    T = x.shape[-1]
    dx = np.einsum("dc,ndt->nct", W, dz)
    dW = np.einsum("ndt,nct->dc", dz, x)
    dW = dW + dlogdet * T * np.linalg.inv(W).T
    return dx, dW


def fourier_kan(x, coef_a, coef_b):
    """Sums of sines and cosines on every edge."""
    k = np.arange(1, coef_a.shape[2] + 1)
    xk = x[:, :, None] * k
    s, c = np.sin(xk), np.cos(xk)
    y = np.einsum("nik,iok->no", c, coef_a.transpose(0, 1, 2)) + np.einsum("nik,iok->no", s, coef_b)
    return y, (k, s, c, coef_a, coef_b)


def fourier_kan_backward(dy, cache):
    k, s, c, coef_a, coef_b = cache
    da = np.einsum("no,nik->iok", dy, c)
    db = np.einsum("no,nik->iok", dy, s)
    dc = np.einsum("no,iok->nik", dy, coef_a)
    ds = np.einsum("no,iok->nik", dy, coef_b)
    dx = ((ds * c - dc * s) * k).sum(axis=2)
    return dx, da, db


def hopfield(state, patterns, beta, steps=2):
    """Retrieval from a modern Hopfield network; `state` is updated twice."""
    seen = []
    for _ in range(steps):
        p = _softmax(beta * patterns @ state)
        seen.append((state, p))
        state = patterns.T @ p
    return state, (patterns, beta, seen)


def hopfield_backward(dstate, cache):
    patterns, beta, seen = cache
    dpatterns = np.zeros(patterns.shape)
    dbeta = 0.0
    for state, p in seen[::-1]:
        dpatterns += np.outer(p, dstate)
        dp = patterns @ dstate
        dz = p * (dp - p.dot(dp))
        dbeta += np.dot(dz, patterns @ state)
        dpatterns += beta * np.outer(dz, state)
        dstate = beta * patterns.T @ dz
    return dstate, dpatterns, dbeta


def tree_sum(leaves, W):
    """A recursive network over a list, folded from the left."""
    trail = []

    def combine(left, right):
        h = np.tanh(W @ np.concatenate([left, right]))
        trail.append((left, right, h))
        return h

    return reduce(combine, leaves), (W, trail)


def tree_sum_backward(dh, cache):
    W, trail = cache
    d = W.shape[0]
    dW = np.zeros_like(W)
    dleaves = []
    for left, right, h in trail[::-1]:
        da = dh * (1 - h * h)
        dW += np.outer(da, np.r_[left, right])
        dboth = W.T @ da
        dh = dboth[:d]
        dleaves.append(dboth[d:])
    dleaves.append(dh)
    return dleaves[::-1], dW


def swish_bn_eval(x, gamma, beta, running):
    """Batchnorm as in inference: its statistics are constants."""
    mean, var = running["mean"], running["var"]
    z = gamma * (x - mean) / np.sqrt(var + 1e-5) + beta
    s = np.reciprocal(1 + np.exp(-z))
    return z * s, (x, gamma, mean, var, z, s)


def swish_bn_eval_backward(dout, cache):
    x, gamma, mean, var, z, s = cache
    dz = dout * (s + z * s * (1 - s))
    inv = 1 / np.sqrt(var + 1e-5)
    return dz * gamma * inv, np.sum(dz * (x - mean) * inv, 0), np.sum(dz, 0)


def half_precision(x, W, b):
    x = x.astype(np.float32)
    h = np.maximum(x @ W.astype(np.float32) + b.astype(np.float32), 0)
    return h.sum(axis=1), (x, W, h)


def half_precision_backward(dout, cache):
    x, W, h = cache
    dh = np.where(h > 0, dout[:, None], 0).astype(np.float32)
    return dh @ W.T.astype(np.float32), x.T @ dh, dh.sum(0)


def _boxes(n):
    lo = _rng.uniform(0, 1, (n, 2))
    return np.hstack([lo, lo + _rng.uniform(0.8, 1.5, (n, 2))])


_LABELS = np.array([0, 1, 0, 2, 1, 2])

PAIRS = {
    "tversky": (tversky, tversky_backward, (_a(2, 3, 4), (_a(2, 3, 4) > 0).astype(float)), [
        ("- ex(d_fn) * t", "+ ex(d_fn) * t"),
        ("d_tp = d_tp + d_den", "d_tp = d_tp"),
        ("(tp + smooth) / den**2", "tp / den**2"),
        ("d_fp = alpha * d_den", "d_fp = beta * d_den"),
    ]),
    "lovasz_hinge": (lovasz_hinge, lovasz_hinge_backward, (_a(7), np.array([1, 0, 0, 1, 1, 0, 1])), [
        ("d_errors[order] = d_sorted", "d_errors = d_sorted[order]"),
        ("* (errors[order] > 0)", ""),
        ("return -d_errors * signs", "return -d_errors"),
    ]),
    "giou": (giou, giou_backward, (_boxes(4), _boxes(4)), [
        ("dinter = dinter - dunion", "dinter = dinter"),
        ("da[:, lo] -= ds * (a[:, lo] > b[:, lo])", "da[:, lo] -= ds * (a[:, lo] < b[:, lo])"),
        ("dout * inter / union**2 - dout / hull", "dout * inter / union**2"),
        ("da[:, 0] -= dunion * h", "da[:, 0] -= dunion * w"),
    ]),
    "wing": (wing, wing_backward, (_a(5, 2), _a(5, 2)), [
        ("w / (eps + mag[near])", "w / mag[near]"),
        ("slope *= np.sign(diff)", "slope *= diff"),
        ("return slope, -slope", "return slope, slope"),
    ]),
    "supcon": (supcon, supcon_backward, (_a(6, 3), _LABELS), [
        ("(dsim + dsim.T) @ z", "dsim @ z"),
        ("pos / count[:, None]", "pos"),
        ("/ norms", "/ norms**2"),
    ]),
    "barlow": (barlow, barlow_backward, (_a(6, 3), _a(6, 3)), [
        ("2 * lam * off", "lam * off"),
        ("da = b @ dcorr.T / n", "da = b @ dcorr / n"),
        ("dz - dz.mean(0) - z", "dz - z"),
    ]),
    "vicreg": (vicreg, vicreg_backward, (_a(6, 3),), [
        ("2 * zc @ dcov", "zc @ dcov"),
        ("np.fill_diagonal(dcov, 0)", "np.fill_diagonal(dcov, 1)"),
        ("dout * (dzc - dzc.mean(axis=0))", "dout * dzc"),
        ("np.where(std < gamma, -mu / d, 0.0)", "np.where(std < gamma, mu / d, 0.0)"),
    ]),
    "arcface": (arcface, arcface_backward, (_a(5, 3), _a(3, 4), np.array([0, 3, 1, 2, 2])), [
        ("*= np.cos(m) + ct / sin * np.sin(m)", "*= np.cos(m) - ct / sin * np.sin(m)"),
        ("(dwh * wh).sum(0)", "(dwh * wh).sum()"),
        ("dcos = s * dlogits", "dcos = dlogits"),
    ]),
    "ranknet": (ranknet, ranknet_backward, (_a(5), np.array([2, 0, 1, 2, 0])), [
        ("ds[j] -= lam", "ds[j] += lam"),
        ("-1 / (1 + np.exp(d))", "-1 / (1 + np.exp(-d))"),
        ("/ len(pairs)", "/ len(scores)"),
    ]),
    "listnet": (listnet, listnet_backward, (_a(3, 5), _a(3, 5), _a(3, 5) > -0.8), [
        ("(p - q) * dout", "(q - p) * dout"),
        ("/ p.shape[0]", "/ p.shape[1]"),
        ("ds = (p - q)", "ds = p * (1 - q)"),
    ]),
    "rdrop": (rdrop, rdrop_backward, (_a(4, 3), _a(4, 3), np.array([0, 2, 1, 1])), [
        ("(p * (lp - lq) + (p - q))", "(p * (lp - lq))"),
        ("dlp - onehot / n", "dlp + onehot / n"),
        ("one(p2, p1, lp2, lp1)", "one(p2, p1, lp1, lp2)"),
    ]),
    "jensen_shannon": (jensen_shannon, jensen_shannon_backward, (_a(2, 4), _a(2, 4)), [
        ("np.log(r / m)", "np.log(m / r)"),
        ("0.5 * dout", "dout"),
        ("axis=-1, keepdims=True", "axis=0, keepdims=True"),
    ]),
    "gaussian_nll": (gaussian_nll, gaussian_nll_backward, (_a(4, 3), _a(4, 3), _a(4, 3)), [
        ("(y - mu) ** 2 / var**2)", "(y - mu) ** 2 / var)"),
        ("k * 2 * (mu - y) / var", "k * (mu - y) / var"),
        ("dy = -dmu", "dy = dmu"),
        ("(1 + np.tanh(raw / 2))", "(1 + np.tanh(raw))"),
    ]),
    "tweedie": (tweedie, tweedie_backward, (_a(5), np.abs(_a(5))), [
        ("(mu ** (2 - power) - y * mu ** (1 - power))", "(mu ** (2 - power) + y * mu ** (1 - power))"),
        ("- y * mu ** (1 - power)", "- y * mu ** (2 - power)"),
        ("/ (power - 1)", "/ (1 - power)"),
    ]),
    "squashed_policy": (squashed_policy, squashed_policy_backward, (_a(3, 2), 0.3 * _a(3, 2), _a(3, 2)), [
        ("du * std * noise - dlogp[..., None]", "du * std * noise"),
        ("dlogp[..., None] * 2 * a", "dlogp[..., None] * a"),
        ("du = da * sech2 +", "du = da +"),
    ]),
    "multi_quantile": (multi_quantile, multi_quantile_backward, (_a(6, 3), _a(6), 0.1, 0.5, 0.9), [
        ("-tau, 1 - tau", "tau, 1 - tau"),
        ("/ (n * len(taus))", "/ n"),
        ("-dpred.sum(axis=1)", "dpred.sum(axis=1)"),
    ]),
    "asymmetric": (asymmetric, asymmetric_backward, (_a(4, 3), (_a(4, 3) > 0).astype(float)), [
        ("dneg * (pm > 0)", "dneg"),
        ("- pm**gn / (1 - pm))", "+ pm**gn / (1 - pm))"),
        ("(1 - p) ** gp / p", "(1 - p) ** gp"),
        ("* p * (1 - p)\n", "* p\n"),
    ]),
    "local_attention": (local_attention, local_attention_vjp, (_a(6, 3), _a(6, 3), _a(6, 2)), [
        ("/ math.sqrt(d)", "* math.sqrt(d)"),
        ("ds.T @ q", "ds @ q"),
        ("p.T @ dout", "p @ dout"),
    ]),
    "relative_bias_attention": (relative_bias_attention, relative_bias_attention_backward, (_a(2, 4, 3), _a(2, 4, 3), _a(2, 4, 3), _a(2, 7)), [
        ("np.add.at(dtable[h], rel, ds[h])", "dtable[h][rel] += ds[h]"),
        ("np.add.at(dtable[h], rel, ds[h])", "np.add.at(dtable[h], rel.T, ds[h])"),
        ('"hts,htd->hsd", ds, q', '"hst,htd->hsd", ds, q'),
    ]),
    "qk_norm": (qk_norm, qk_norm_backward, (_a(4, 3), _a(5, 3), _a(5, 2), np.array(1.7)), [
        ("cache(dout)", "cache(2 * dout)"),
        ("return cache(dout)", "dq, dk, dv, dg = cache(dout); return dk[:4], dk, dv, dg"),
        ("return cache(dout)", "dq, dk, dv, dg = cache(dout); return dq, dk, dv, -dg"),
    ]),
    "top_k_moe": (top_k_moe, top_k_moe_backward, (_a(4, 3), _a(3, 3), [_a(3, 2), _a(3, 2), _a(3, 2)]), [
        ("np.put_along_axis(dlogits, top, dpicked, axis=1)", "dlogits[:, :2] = dpicked"),
        ("dx += dlogits @ Wg.T", "dx = dlogits @ Wg.T"),
        ("dexperts[e] += ", "dexperts[j] += "),
        ("gates[n, j] * dy[n]", "dy[n]"),
    ]),
    "dora": (dora, dora_backward, (_a(4, 3), _a(3, 5), _a(3, 2), _a(2, 5), _a(5)), [
        ("/ col**3", "/ col**2"),
        ("m / col * dW - V", "m / col * dW + V"),
        ("A.T @ dV, dm", "A.T @ dW, dm"),
    ]),
    "glu_conv": (glu_conv, glu_conv_backward, (_a(7, 3), _a(3, 3, 4)), [
        ("dout * a * sig * (1 - sig)", "dout * sig * (1 - sig)"),
        ("+= np.tensordot(K, dz[t], axes=(2, 0))", "= np.tensordot(K, dz[t], axes=(2, 0))"),
        ("np.concatenate((dout * sig, dout * a", "np.concatenate((dout * a, dout * a"),
    ]),
    "conv3d": (conv3d, conv3d_backward, (_a(2, 2, 3, 4, 3), _a(3, 2, 2, 2, 2), _a(3)), [
        ("dw += ", "dw = "),
        ("np.add.reduce(dout, axis=(0, 2, 3, 4))", "np.add.reduce(dout[0], axis=(1, 2, 3))"),
        ("patch = x[:, :, d : d + k, i : i + k, j : j + k]", "patch = x[:, :, d : d + k, j : j + k, i : i + k]"),
    ]),
    "locally_connected": (locally_connected, locally_connected_backward, (_a(3, 7), _a(5, 3, 2)), [
        ("+= dy[:, l] @ W[l].T", "= dy[:, l] @ W[l].T"),
        ("dy[:, l], out=dW[l])", "dy[:, -l], out=dW[l])"),
        ("W[l].T", "W[0].T"),
    ]),
    "invertible_1x1": (invertible_1x1, invertible_1x1_backward, (_a(2, 3, 4), _a(3, 3)), [
        ("np.linalg.inv(W).T", "np.linalg.inv(W)"),
        ("dlogdet * T *", "dlogdet *"),
        ('"dc,ndt->nct", W, dz', '"cd,ndt->nct", W, dz'),
    ]),
    "fourier_kan": (fourier_kan, fourier_kan_backward, (_a(4, 2), _a(2, 3, 3), _a(2, 3, 3)), [
        ("(ds * c - dc * s)", "(ds * c + dc * s)"),
        ("- dc * s) * k)", "- dc * s))"),
        ("dy, coef_b)", "dy, coef_a)"),
    ]),
    "hopfield": (hopfield, hopfield_backward, (_a(3), _a(4, 3), np.array(0.8)), [
        ("dpatterns += beta * np.outer(dz, state)", "dpatterns += np.outer(dz, state)"),
        ("dstate = beta * patterns.T @ dz", "dstate = patterns.T @ dz"),
        ("np.dot(dz, patterns @ state)", "np.dot(dp, patterns @ state)"),
    ]),
    "tree_sum": (tree_sum, tree_sum_backward, ([_a(3), _a(3), _a(3), _a(3)], _a(3, 6)), [
        ("dleaves.append(dboth[d:])", "dleaves.append(dboth[:d])"),
        ("np.r_[left, right]", "np.r_[right, left]"),
        ("return dleaves[::-1], dW", "return dleaves, dW"),
    ]),
    "swish_bn_eval": (swish_bn_eval, swish_bn_eval_backward, (_a(5, 3), _a(3), _a(3), {"mean": _a(3), "var": np.abs(_a(3)) + 0.3}), [
        ("s + z * s * (1 - s)", "s + s * (1 - s)"),
        ("dz * gamma * inv,", "dz * inv,"),
        ("np.sum(dz * (x - mean) * inv, 0)", "np.sum(dz * x * inv, 0)"),
    ]),
    "half_precision": (half_precision, half_precision_backward, (_a(4, 3), _a(3, 5), _a(5)), [
        ("h > 0, dout[:, None], 0", "h < 0, dout[:, None], 0"),
        ("x.T @ dh", "-x.T @ dh"),
        ("dh.sum(0)", "dh.mean(0)"),
    ]),
}  # fmt: skip
