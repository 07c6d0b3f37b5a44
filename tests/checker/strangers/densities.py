"""Losses, densities, flows, kernels."""

import math

import numpy as np


def _a(*shape):
    return np.random.default_rng(sum(shape) * 13 + len(shape)).normal(size=shape)


# ── classification ──────────────────────────────────────────────────────────────────────────
def label_smoothing(logits, y, eps=0.1):
    n, k = logits.shape
    m = logits.max(axis=1, keepdims=True)
    lse = m + np.log(np.exp(logits - m).sum(axis=1, keepdims=True))
    logp = logits - lse
    target = np.full((n, k), eps / k)
    target[np.arange(n), y] += 1 - eps
    return -(target * logp).sum() / n, (logp, target)


def label_smoothing_backward(dloss, cache):
    logp, target = cache
    n = len(logp)
    return (np.exp(logp) - target) * dloss / n


def multiclass_focal(z, y, gamma=2.0):
    p = np.exp(z - z.max(1, keepdims=True))
    p = p / p.sum(1, keepdims=True)
    pt = p[np.arange(len(y)), y]
    L = -((1 - pt) ** gamma) * np.log(pt)
    return L.mean(), (p, pt, y, gamma)


def multiclass_focal_backward(up, cache):
    p, pt, y, gamma = cache
    n = len(y)
    dpt = gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - (1 - pt) ** gamma / pt
    dpt = up * dpt / n
    onehot = np.zeros_like(p)
    onehot[np.arange(n), y] = 1
    dz = (dpt * pt)[:, None] * (onehot - p)
    return dz


def distillation(student, teacher, T=3.0):
    def soft(z):
        e = np.exp((z - z.max(-1, keepdims=True)) / T)
        return e / e.sum(-1, keepdims=True)

    q, p = soft(student), soft(teacher)
    kl = np.sum(p * (np.log(p) - np.log(q)))
    return T * T * kl / len(student), (q, p, T)


def distillation_backward(d, cache):
    q, p, T = cache
    return d * T * (q - p) / len(q)


def squared_hinge(W, X, y, reg):
    n = X.shape[0]
    s = X @ W
    margin = np.maximum(0, s - s[np.arange(n), y][:, None] + 1)
    margin[np.arange(n), y] = 0
    loss = (margin**2).sum() / n + reg * np.sum(W**2)
    dmargin = 2 * margin / n
    dmargin[np.arange(n), y] = -dmargin.sum(axis=1)
    dW = X.T @ dmargin
    dW += 2 * reg * W
    return loss, dW


def elastic_net(w, b, X, y, l1=0.1, l2=0.2):
    r = X.dot(w) + b - y
    value = 0.5 * np.mean(r**2) + l1 * np.sum(np.abs(w)) + 0.5 * l2 * w.dot(w)
    gw = X.T.dot(r) / len(y) + l1 * np.sign(w) + l2 * w
    gb = r.mean()
    return value, {"w": gw, "b": gb}


def poisson_regression(beta, X, counts):
    eta = X @ beta
    rate = np.exp(eta)
    nll = np.sum(rate - counts * eta)
    grad = X.T @ (rate - counts)
    return nll, grad


def ordinal(score, cuts, y):
    def F(t):
        return 1 / (1 + np.exp(-t))

    full = np.concatenate(([-30.0], cuts, [30.0]))
    hi, lo = full[y + 1] - score, full[y] - score
    prob = F(hi) - F(lo)
    return -np.log(prob).sum(), (hi, lo, prob, y, len(cuts))


def ordinal_backward(g, cache):
    hi, lo, prob, y, k = cache
    s = lambda t: 1 / (1 + np.exp(-t))
    fh, fl = s(hi) * (1 - s(hi)), s(lo) * (1 - s(lo))
    dscore = g * (fh - fl) / prob
    dfull = np.zeros(k + 2)
    np.add.at(dfull, y + 1, -g * fh / prob)
    np.add.at(dfull, y, g * fl / prob)
    return dscore, dfull[1:-1]


def cox_partial(theta, event):
    e = np.exp(theta)
    risk = np.cumsum(e[::-1])[::-1]
    return -np.sum(event * (theta - np.log(risk))), (e, risk, event)


def cox_partial_backward(d, cache):
    e, risk, event = cache
    inner = np.cumsum(event / risk)
    return d * (e * inner - event)


def plackett_luce(s):
    total = 0.0
    for i in range(len(s)):
        rest = s[i:]
        total += s[i] - np.log(np.sum(np.exp(rest)))
    return -total


def plackett_luce_backward(dloss, s):
    ds = np.zeros_like(s)
    for i in range(len(s)):
        e = np.exp(s[i:])
        ds[i:] += e / e.sum()
        ds[i] -= 1
    return dloss * ds


# ── metric learning ─────────────────────────────────────────────────────────────────────────
def batch_all_triplet(E, y, margin=1.0):
    sq = np.sum(E**2, axis=1)
    D = sq[:, None] + sq[None, :] - 2 * E @ E.T
    pos = (y[:, None] == y[None, :]) & ~np.eye(len(y), dtype=bool)
    neg = y[:, None] != y[None, :]
    L = D[:, :, None] - D[:, None, :] + margin
    valid = pos[:, :, None] & neg[:, None, :]
    hinge = np.where(valid, np.maximum(L, 0), 0)
    return hinge.sum() / valid.sum(), (E, L, valid)


def batch_all_triplet_backward(g, cache):
    E, L, valid = cache
    active = valid & (L > 0)
    G = active.sum(axis=2).astype(float) - active.sum(axis=1)
    G = G * g / valid.sum()
    S = G + G.T
    return 2 * (S.sum(axis=1)[:, None] * E - S @ E)


def n_pairs(a, p):
    s = a @ p.T
    s = s - s.max(axis=1, keepdims=True)
    lse = np.log(np.exp(s).sum(axis=1))
    loss = np.mean(lse - np.diag(s))
    return loss, (a, p, s)


def n_pairs_backward(dl, cache):
    a, p, s = cache
    w = np.exp(s)
    w /= w.sum(axis=1, keepdims=True)
    w[np.diag_indices(len(a))] -= 1
    w *= dl / len(a)
    return w @ p, w.T @ a


def center_loss(x, centers, y, lam=0.5):
    diff = x - centers[y]
    return lam / 2 * np.sum(diff * diff), (diff, y, centers.shape, lam)


def center_loss_backward(dl, cache):
    diff, y, shape, lam = cache
    dx = lam * dl * diff
    dc = np.zeros(shape)
    np.add.at(dc, y, -dx)
    return dx, dc


# ── regression and boxes ────────────────────────────────────────────────────────────────────
def smooth_l1(pred, target, beta=1.0):
    diff = pred - target
    a = np.abs(diff)
    loss = np.where(a < beta, 0.5 * a**2 / beta, a - 0.5 * beta)
    return loss.sum(axis=1).mean(), (diff, a, beta)


def smooth_l1_backward(d, cache):
    diff, a, beta = cache
    g = np.where(a < beta, diff / beta, np.sign(diff))
    g = g * d / len(diff)
    return g, -g


def iou_loss(p, t):
    lt = np.maximum(p[:, :2], t[:, :2])
    rb = np.minimum(p[:, 2:], t[:, 2:])
    wh = rb - lt
    inter = wh[:, 0] * wh[:, 1]
    area_p = (p[:, 2] - p[:, 0]) * (p[:, 3] - p[:, 1])
    area_t = (t[:, 2] - t[:, 0]) * (t[:, 3] - t[:, 1])
    union = area_p + area_t - inter
    iou = inter / union
    return (1 - iou).mean(), (p, t, wh, inter, union)


def iou_loss_backward(dloss, cache):
    p, t, wh, inter, union = cache
    n = len(p)
    diou = -dloss / n
    dinter = diou * (union + inter) / union**2
    darea = -diou * inter / union**2
    dp = np.zeros_like(p)
    w, h = p[:, 2] - p[:, 0], p[:, 3] - p[:, 1]
    dp[:, 0] -= darea * h
    dp[:, 2] += darea * h
    dp[:, 1] -= darea * w
    dp[:, 3] += darea * w
    dp[:, 0] -= dinter * wh[:, 1] * (p[:, 0] > t[:, 0])
    dp[:, 1] -= dinter * wh[:, 0] * (p[:, 1] > t[:, 1])
    dp[:, 2] += dinter * wh[:, 1] * (p[:, 2] < t[:, 2])
    dp[:, 3] += dinter * wh[:, 0] * (p[:, 3] < t[:, 3])
    return dp


def student_t(x, mu, log_s, nu=4.0):
    s = np.exp(log_s)
    z = (x - mu) / s
    return np.sum(0.5 * (nu + 1) * np.log1p(z**2 / nu) + log_s), (z, s, nu)


def student_t_backward(g, cache):
    z, s, nu = cache
    dz = g * (nu + 1) * z / (nu + z**2)
    dx = dz / s
    dmu = -dx.sum(axis=0)
    dlog_s = (g - dz * z).sum(axis=0)
    return dx, dmu, dlog_s


# ── activations ─────────────────────────────────────────────────────────────────────────────
def mish(x):
    sp = np.log1p(np.exp(x))
    t = np.tanh(sp)
    return x * t, (x, t)


def mish_backward(dy, cache):
    x, t = cache
    sig = 1 / (1 + np.exp(-x))
    return dy * (t + x * (1 - t * t) * sig)


def hard_swish(x):
    return x * np.clip(x + 3, 0, 6) / 6


def hard_swish_backward(dout, x):
    inside = (x > -3) & (x < 3)
    slope = np.where(x >= 3, 1.0, 0.0)
    slope[inside] = (2 * x[inside] + 3) / 6
    return dout * slope


def geglu(x, W, V):
    a, b = x @ W, x @ V
    th = np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3))
    ge = 0.5 * a * (1 + th)
    return ge * b, (x, W, V, a, b, th, ge)


def geglu_backward(dy, cache):
    x, W, V, a, b, th, ge = cache
    db = dy * ge
    dge = dy * b
    c = math.sqrt(2 / math.pi)
    dth = dge * 0.5 * a
    da = dge * 0.5 * (1 + th) + dth * (1 - th**2) * c * (1 + 3 * 0.044715 * a**2)
    return da @ W.T + db @ V.T, x.T @ da, x.T @ db


# ── relaxations ─────────────────────────────────────────────────────────────────────────────
def gumbel_softmax(logits, noise, tau=0.7):
    y = (logits + noise) / tau
    y = np.exp(y - y.max(-1, keepdims=True))
    y = y / y.sum(-1, keepdims=True)
    return y, (y, tau)


def gumbel_softmax_backward(dy, cache):
    y, tau = cache
    inner = np.sum(dy * y, axis=-1, keepdims=True)
    return y * (dy - inner) / tau


def sinkhorn(C, eps=0.5, rounds=3):
    K = np.exp(-C / eps)
    n, m = C.shape
    us, vs = [], [np.ones(m)]
    for _ in range(rounds):
        us.append(1 / n / (K @ vs[-1]))
        vs.append(1 / m / (K.T @ us[-1]))
    P = us[-1][:, None] * K * vs[-1]
    return np.sum(P * C), (C, K, us, vs, P, eps)


def sinkhorn_backward(g, cache):
    C, K, us, vs, P, eps = cache
    n, m = C.shape
    dP = g * C
    dC = g * P
    dK = dP * us[-1][:, None] * vs[-1]
    du = (dP * K * vs[-1]).sum(1)
    dv = (dP * K * us[-1][:, None]).sum(0)
    for i in reversed(range(len(us))):
        dden = -dv * m * vs[i + 1] ** 2
        dK += np.outer(us[i], dden)
        du = du + K @ dden
        dnum = -du * n * us[i] ** 2
        dK += np.outer(dnum, vs[i])
        dv = K.T @ dnum
        du = 0
    return dC - dK * K / eps


def soft_dtw(D, gamma=0.6):
    n, m = D.shape
    R = np.full((n + 1, m + 1), 1e10)
    R[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            r = np.array([R[i - 1, j - 1], R[i - 1, j], R[i, j - 1]])
            low = r.min()
            R[i, j] = D[i - 1, j - 1] + low - gamma * np.log(np.sum(np.exp(-(r - low) / gamma)))
    return R[n, m], (D, R, gamma)


def soft_dtw_backward(g, cache):
    D, R, gamma = cache
    n, m = D.shape
    E = np.zeros((n + 2, m + 2))
    E[n, m] = g
    for i in range(n, 0, -1):
        for j in range(m, 0, -1):
            if i == n and j == m:
                continue
            e = 0.0
            if i < n:
                e += E[i + 1, j] * np.exp((R[i + 1, j] - R[i, j] - D[i, j - 1]) / gamma)
            if j < m:
                e += E[i, j + 1] * np.exp((R[i, j + 1] - R[i, j] - D[i - 1, j]) / gamma)
            if i < n and j < m:
                e += E[i + 1, j + 1] * np.exp((R[i + 1, j + 1] - R[i, j] - D[i, j]) / gamma)
            E[i, j] = e
    return E[1 : n + 1, 1 : m + 1]


# ── flows ───────────────────────────────────────────────────────────────────────────────────
def coupling(x, Ws, Wt):
    d = x.shape[1] // 2
    x1, x2 = x[:, :d], x[:, d:]
    s = np.tanh(x1 @ Ws)
    t = x1 @ Wt
    z2 = x2 * np.exp(s) + t
    z = np.concatenate([x1, z2], axis=1)
    nll = 0.5 * np.sum(z**2) - np.sum(s)
    return nll / len(x), (x1, x2, s, z, Ws, Wt)


def coupling_backward(d, cache):
    x1, x2, s, z, Ws, Wt = cache
    k = x1.shape[1]
    dz = z * d / len(x1)
    dz1, dz2 = dz[:, :k], dz[:, k:]
    dt = dz2
    dx2 = dz2 * np.exp(s)
    ds = dz2 * x2 * np.exp(s) - d / len(x1)
    da = ds * (1 - s**2)
    dWs = x1.T @ da
    dWt = x1.T @ dt
    dx1 = dz1 + da @ Ws.T + dt @ Wt.T
    return np.concatenate([dx1, dx2], axis=1), dWs, dWt


def planar_flow(z, u, w, b):
    a = z @ w + b
    h = np.tanh(a)
    psi = (1 - h**2)[:, None] * w
    det = 1 + psi @ u
    f = z + h[:, None] * u
    loss = 0.5 * np.sum(f**2) - np.sum(np.log(np.abs(det)))
    return loss, (z, u, w, h, det, f)


def planar_flow_backward(g, cache):
    z, u, w, h, det, f = cache
    uw = u @ w
    df = g * f
    ddet = -g / det
    dh = df @ u + ddet * (-2 * h) * uw
    duw = np.sum(ddet * (1 - h**2))
    da = dh * (1 - h**2)
    du = h @ df + duw * w
    dw = z.T @ da + duw * u
    dz = df + np.outer(da, w)
    return dz, du, dw, da.sum()


# ── kernels, Gaussians, matrices ────────────────────────────────────────────────────────────
def rbf_layer(x, c, log_beta):
    d2 = ((x[:, None, :] - c[None, :, :]) ** 2).sum(-1)
    beta = np.exp(log_beta)
    return np.exp(-beta * d2), (x, c, d2, beta)


def rbf_layer_backward(dphi, cache):
    x, c, d2, beta = cache
    phi = np.exp(-beta * d2)
    g = dphi * phi
    dbeta = -np.sum(g * d2, axis=0)
    dlog_beta = dbeta * beta
    dd2 = -g * beta
    delta = x[:, None] - c
    dx = 2 * np.sum(dd2[..., None] * delta, axis=1)
    dc = -2 * np.sum(dd2[..., None] * delta, axis=0)
    return dx, dc, dlog_beta


def gp_nll(X, y, log_l, log_sn):
    d2 = np.sum((X[:, None] - X[None]) ** 2, axis=-1)
    Kf = np.exp(-0.5 * d2 / np.exp(2 * log_l))
    K = Kf + np.exp(2 * log_sn) * np.eye(len(y))
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    nll = 0.5 * y @ alpha + np.sum(np.log(np.diag(L)))
    return nll, (X, d2, Kf, K, alpha, log_l, log_sn)


def gp_nll_backward(g, cache):
    X, d2, Kf, K, alpha, log_l, log_sn = cache
    Kinv = np.linalg.inv(K)
    dK = 0.5 * g * (Kinv - np.outer(alpha, alpha))
    dlog_l = np.sum(dK * Kf * d2) / np.exp(2 * log_l)
    dlog_sn = 2 * np.exp(2 * log_sn) * np.trace(dK)
    dd2 = -0.5 * dK * Kf / np.exp(2 * log_l)
    S = dd2 + dd2.T
    dX = 2 * (S.sum(1)[:, None] * X - S @ X)
    return dX, g * alpha, dlog_l, dlog_sn


def gaussian_cholesky(x, mu, raw):
    L = np.tril(raw, -1) + np.diag(np.exp(np.diag(raw)))
    diff = x - mu
    z = np.linalg.solve(L, diff.T)
    return 0.5 * np.sum(z**2) + len(x) * np.sum(np.diag(raw)), (L, z, raw)


def gaussian_cholesky_backward(g, cache):
    L, z, raw = cache
    n = z.shape[1]
    ddiff = g * np.linalg.solve(L.T, z)
    dL = -ddiff @ z.T
    draw = np.tril(dL, -1)
    draw += np.diag(np.diag(dL) * np.exp(np.diag(raw)) + g * n)
    dx = ddiff.T
    return dx, -dx.sum(0), draw


def orthogonal_penalty(W):
    G = W.T @ W - np.eye(W.shape[1])
    return (G * G).sum()


def orthogonal_penalty_backward(d, W):
    G = W.T @ W - np.eye(W.shape[1])
    return 4 * d * W @ G


def mmd(x, y, sigma=1.0):
    def k(a, b):
        d = a[:, None] - b[None]
        return np.exp(-(d**2).sum(-1) / (2 * sigma**2))

    return k(x, x).mean() + k(y, y).mean() - 2 * k(x, y).mean()


def mmd_backward(g, x, y, sigma=1.0):
    def pull(a, b, w):
        d = a[:, None] - b[None]
        k = np.exp(-(d**2).sum(-1) / (2 * sigma**2))
        return -(w * k)[..., None] * d / sigma**2

    n, m = len(x), len(y)
    xx = pull(x, x, g / n**2)
    yy = pull(y, y, g / m**2)
    xy = pull(x, y, -2 * g / (n * m))
    dx = xx.sum(1) - xx.sum(0) + xy.sum(1)
    dy = yy.sum(1) - yy.sum(0) - xy.sum(0)
    return dx, dy


def spectral_norm_layer(x, W, u):
    v = W.T @ u
    v = v / np.linalg.norm(v)
    sigma = u @ W @ v
    return x @ (W / sigma).T, (x, W, u, v, sigma)


def spectral_norm_layer_backward(dy, cache):
    x, W, u, v, sigma = cache
    dWn = dy.T @ x
    dsigma = -np.sum(dWn * W) / sigma**2
    dW = dWn / sigma + dsigma * np.outer(u, v)
    Wv = W.T @ u
    norm = np.linalg.norm(Wv)
    dv = dsigma * W.T @ u
    dWv = (dv - v * (v @ dv)) / norm
    dW = dW + np.outer(u, dWv)
    du = dsigma * W @ v + W @ dWv
    return dy @ W / sigma, dW, du


def poincare(u, v):
    uu = np.sum(u * u, -1)
    vv = np.sum(v * v, -1)
    duv = np.sum((u - v) ** 2, -1)
    g = 1 + 2 * duv / ((1 - uu) * (1 - vv))
    return np.arccosh(g), (u, v, uu, vv, duv, g)


def poincare_backward(dd, cache):
    u, v, uu, vv, duv, g = cache
    dg = dd / np.sqrt(g**2 - 1)
    a, b = 1 - uu, 1 - vv
    dduv = 2 * dg / (a * b)
    duu = 2 * dg * duv / (a**2 * b)
    dvv = 2 * dg * duv / (a * b**2)
    diff = u - v
    du = 2 * dduv[:, None] * diff + 2 * duu[:, None] * u
    dv = -2 * dduv[:, None] * diff + 2 * dvv[:, None] * v
    return du, dv


# ── autoencoders, machines, factorisation ───────────────────────────────────────────────────
def sparse_autoencoder(theta, data, rho=0.05, lam=1e-2, beta=0.3):
    W1, W2, b1, b2 = theta["W1"], theta["W2"], theta["b1"], theta["b2"]
    m = data.shape[1]
    f = lambda q: 1.0 / (1.0 + np.exp(-q))
    a2 = f(W1 @ data + b1[:, None])
    a3 = f(W2 @ a2 + b2[:, None])
    rho_hat = np.mean(a2, axis=1)
    KL = rho * np.log(rho / rho_hat) + (1 - rho) * np.log((1 - rho) / (1 - rho_hat))
    cost = (
        0.5 * np.sum((a3 - data) ** 2) / m
        + lam / 2 * (np.sum(W1**2) + np.sum(W2**2))
        + beta * KL.sum()
    )
    delta3 = (a3 - data) * a3 * (1 - a3)
    sparsity = beta * (-rho / rho_hat + (1 - rho) / (1 - rho_hat))
    delta2 = (W2.T @ delta3 + sparsity[:, None]) * a2 * (1 - a2)
    return cost, {
        "W1": delta2 @ data.T / m + lam * W1,
        "W2": delta3 @ a2.T / m + lam * W2,
        "b1": delta2.sum(axis=1) / m,
        "b2": delta3.sum(axis=1) / m,
    }


def rbm_free_energy(v, W, a, b):
    pre = v @ W + b
    return np.mean(-(v @ a) - np.logaddexp(0, pre).sum(1)), (v, W, a, pre)


def rbm_free_energy_backward(g, cache):
    v, W, a, pre = cache
    n = len(v)
    h = 1 / (1 + np.exp(-pre))
    dpre = -h * g / n
    dv = -g * a / n + dpre @ W.T
    return dv, v.T @ dpre, -g * v.mean(axis=0), dpre.sum(0)


def vae(x, noise, We, be, Wm, Ws, Wd, bd):
    h = np.tanh(x @ We + be)
    mu, logvar = h @ Wm, h @ Ws
    std = np.exp(0.5 * logvar)
    z = mu + std * noise
    xr = 1 / (1 + np.exp(-(z @ Wd + bd)))
    rec = -np.sum(x * np.log(xr) + (1 - x) * np.log(1 - xr))
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    N = len(x)
    loss = (rec + kl) / N

    dlogit = (xr - x) / N
    dWd, dbd = z.T @ dlogit, dlogit.sum(0)
    dz = dlogit @ Wd.T
    dmu = dz + mu / N
    dlogvar = dz * noise * 0.5 * std + 0.5 * (np.exp(logvar) - 1) / N
    dWm, dWs = h.T @ dmu, h.T @ dlogvar
    dh = dmu @ Wm.T + dlogvar @ Ws.T
    dpre = dh * (1 - h**2)
    grads = dict(We=x.T @ dpre, be=dpre.sum(0), Wm=dWm, Ws=dWs, Wd=dWd, bd=dbd)
    return loss, grads


def matrix_factorization(P, Q, bu, bi, users, items, r, reg=0.1):
    pred = np.sum(P[users] * Q[items], axis=1) + bu[users] + bi[items]
    e = r - pred
    loss = 0.5 * np.sum(e**2) + 0.5 * reg * (np.sum(P**2) + np.sum(Q**2))
    dP, dQ = reg * P, reg * Q
    dbu, dbi = np.zeros_like(bu), np.zeros_like(bi)
    for k in range(len(r)):
        u, i = users[k], items[k]
        dP[u] -= e[k] * Q[i]
        dQ[i] -= e[k] * P[u]
        dbu[u] -= e[k]
        dbi[i] -= e[k]
    return loss, (dP, dQ, dbu, dbi)


def transe(ent, rel, h, r, t, margin=1.0):
    diff = ent[h] + rel[r] - ent[t]
    dist = np.sqrt(np.sum(diff**2, axis=1) + 1e-12)
    return np.sum(np.maximum(0, margin - dist)), (diff, dist, h, r, t, ent.shape, rel.shape, margin)


def transe_backward(g, cache):
    diff, dist, h, r, t, es, rs, margin = cache
    ddist = -g * (dist < margin)
    ddiff = (ddist / dist)[:, None] * diff
    dent, drel = np.zeros(es), np.zeros(rs)
    np.add.at(dent, h, ddiff)
    np.add.at(dent, t, -ddiff)
    np.add.at(drel, r, ddiff)
    return dent, drel


def rodrigues(w, pts):
    th = np.sqrt(w @ w)
    k = w / th
    kp = np.cross(k, pts)
    dot = pts @ k
    out = pts * np.cos(th) + kp * np.sin(th) + np.outer(dot, k) * (1 - np.cos(th))
    return out, (w, pts, th, k, kp, dot)


def rodrigues_backward(dout, cache):
    w, pts, th, k, kp, dot = cache
    c, s = np.cos(th), np.sin(th)
    dpts = dout * c
    dth = np.sum(dout * (-pts * s + kp * c + np.outer(dot, k) * s))
    dkp = dout * s
    ddot = dout @ k * (1 - c)
    dk = dout.T @ dot * (1 - c)
    dk = dk + np.cross(pts, dkp).sum(0)
    dpts = dpts + np.cross(dkp, k)
    dpts = dpts + np.outer(ddot, k)
    dk = dk + pts.T @ ddot
    dw = dk / th
    dth = dth - dk @ w / th**2
    return dw + dth * w / th, dpts


_boxes = np.array([[0.1, 0.2, 2.1, 1.9], [1.0, 0.5, 3.2, 2.6]])
_targets = np.array([[0.4, 0.0, 2.5, 1.5], [0.6, 0.9, 2.9, 3.0]])

# fmt: off
PAIRS = {
    "label_smoothing": (label_smoothing, label_smoothing_backward, (_a(4, 3), np.array([0, 2, 1, 1])), [
        ("np.exp(logp) - target", "target - np.exp(logp)"),
        ("n = len(logp)", "n = logp.size"),
        ("(np.exp(logp) - target)", "(logp - target)"),
    ]),
    "multiclass_focal": (multiclass_focal, multiclass_focal_backward, (_a(4, 3), np.array([0, 2, 1, 1])), [
        ("* np.log(pt) - (1 - pt) ** gamma / pt", "* np.log(pt) + (1 - pt) ** gamma / pt"),
        ("(1 - pt) ** gamma / pt", "(1 - pt) ** gamma"),
        ("gamma * (1 - pt) ** (gamma - 1)", "(1 - pt) ** (gamma - 1)"),
        ("(onehot - p)", "(p - onehot)"),
    ]),
    "distillation": (distillation, distillation_backward, (_a(4, 3), _a(4, 4)[:, :3]), [
        ("d * T * (q - p)", "d * (q - p)"),
        ("d * T * (q - p)", "d * T ** 2 * (q - p)"),
        ("(q - p) / len(q)", "(q - p) / q.size"),
    ]),
    "squared_hinge": (squared_hinge, None, (_a(3, 4), _a(5, 3), np.array([0, 3, 2, 1, 1]), 0.1), [
        ("dmargin = 2 * margin / n", "dmargin = margin / n"),
        ("= -dmargin.sum(axis=1)", "= dmargin.sum(axis=1)"),
        ("dW += 2 * reg * W", "dW += reg * W"),
        ("dmargin = 2 * margin / n", "dmargin = 2 * (margin > 0) / n"),
    ]),
    "elastic_net": (elastic_net, None, (_a(3), 0.4, _a(5, 3), _a(5)), [
        ("l1 * np.sign(w)", "l1 * np.abs(w)"),
        ("+ l2 * w\n", "+ 2 * l2 * w\n"),
        ("gb = r.mean()", "gb = r.sum()"),
    ]),
    "poisson_regression": (poisson_regression, None, (_a(3), _a(5, 3), np.array([0, 2, 1, 0, 3])), [
        ("X.T @ (rate - counts)", "X.T @ (counts - rate)"),
        ("X.T @ (rate - counts)", "X.T @ (eta - counts)"),
        ("X.T @ (rate - counts)", "X.T @ (rate - counts) / len(counts)"),
    ]),
    "ordinal": (ordinal, ordinal_backward, (_a(5), np.array([-1.0, 0.2, 1.1]), np.array([0, 1, 3, 2, 1])), [
        ("(fh - fl) / prob", "(fh + fl) / prob"),
        ("np.add.at(dfull, y, g * fl / prob)", "np.add.at(dfull, y, -g * fl / prob)"),
        ("dscore = g * (fh - fl) / prob", "dscore = g * (fh - fl)"),
    ]),
    "cox_partial": (cox_partial, cox_partial_backward, (_a(5), np.array([1, 0, 1, 1, 0])), [
        ("np.cumsum(event / risk)", "np.cumsum((event / risk)[::-1])[::-1]"),
        ("(e * inner - event)", "(inner - event)"),
        ("np.cumsum(event / risk)", "np.cumsum(1 / risk)"),
    ]),
    "plackett_luce": (plackett_luce, plackett_luce_backward, (_a(5),), [
        ("ds[i:] += e / e.sum()", "ds[i:] += e"),
        ("ds[i] -= 1", "ds[i:] -= 1"),
        ("ds[i:] += e", "ds[i:] = e"),
    ]),
    "batch_all_triplet": (batch_all_triplet, batch_all_triplet_backward, (_a(5, 3), np.array([0, 0, 1, 1, 0])), [
        ("S = G + G.T", "S = 2 * G"),
        ("- S @ E", "- G @ E"),
        ("(L > 0)", "(L < 0)"),
        ("return 2 * (S", "return (S"),
    ]),
    "n_pairs": (n_pairs, n_pairs_backward, (_a(4, 3), _a(4, 3) + .5), [
        ("return w @ p, w.T @ a", "return w @ p, w @ a"),
        ("-= 1", "+= 1"),
        ("w *= dl / len(a)", "w *= dl"),
    ]),
    "center_loss": (center_loss, center_loss_backward, (_a(5, 3), _a(3, 3), np.array([0, 2, 1, 0, 0])), [
        ("np.add.at(dc, y, -dx)", "dc[y] -= dx"),
        ("np.add.at(dc, y, -dx)", "np.add.at(dc, y, dx)"),
        ("dx = lam * dl * diff", "dx = 2 * lam * dl * diff"),
    ]),
    "smooth_l1": (smooth_l1, smooth_l1_backward, (2 * _a(4, 3), _a(4, 4)[:, :3]), [
        ("g * d / len(diff)", "g * d / diff.size"),
        ("np.sign(diff)", "diff"),
        ("np.where(a < beta", "np.where(a > beta"),
    ]),
    "iou_loss": (iou_loss, iou_loss_backward, (_boxes, _targets), [
        ("(p[:, 2] < t[:, 2])", "(p[:, 2] > t[:, 2])"),
        ("diou * (union + inter) / union**2", "diou * (union - inter) / union**2"),
        ("darea = -diou * inter", "darea = diou * inter"),
        ("dp[:, 1] -= darea * w", "dp[:, 1] -= darea * h"),
    ]),
    "student_t": (student_t, student_t_backward, (_a(5, 2), _a(2), 0.3 * _a(2)), [
        ("(nu + z**2)", "(nu - z**2)"),
        ("(g - dz * z)", "(g + dz * z)"),
        ("dmu = -dx.sum(axis=0)", "dmu = dx.sum(axis=0)"),
        ("dx = dz / s", "dx = dz"),
    ]),
    "mish": (mish, mish_backward, (_a(4, 3),), [
        ("(1 - t * t) * sig", "(1 - t) * sig"),
        ("(1 - t * t) * sig", "(1 - t * t)"),
        ("t + x", "1 + x"),
    ]),
    "hard_swish": (hard_swish, hard_swish_backward, (4 * _a(4, 3),), [
        ("(2 * x[inside] + 3) / 6", "(x[inside] + 3) / 6"),
        ("np.where(x >= 3, 1.0, 0.0)", "np.where(x <= -3, 1.0, 0.0)"),
        ("(2 * x[inside] + 3) / 6", "(2 * x[inside] + 3)"),
    ]),
    "geglu": (geglu, geglu_backward, (_a(4, 3), _a(3, 2), _a(3, 2) - .3), [
        ("3 * 0.044715 * a**2", "3 * 0.044715 * a"),
        ("(1 - th**2) * c *", "(1 - th**2) *"),
        ("db = dy * ge", "db = dy * a"),
        ("return da @ W.T + db @ V.T,", "return da @ W.T + db @ W.T,"),
    ]),
    "gumbel_softmax": (gumbel_softmax, gumbel_softmax_backward, (_a(4, 3), _a(4, 4)[:, :3]), [
        ("(dy - inner) / tau", "(dy - inner)"),
        ("(dy - inner) / tau", "(dy - inner) * tau"),
        ("y * (dy - inner)", "(dy - inner)"),
    ]),
    "sinkhorn": (sinkhorn, sinkhorn_backward, (np.abs(_a(3, 4)),), [
        ("dC - dK * K / eps", "dC + dK * K / eps"),
        ("vs[i + 1] ** 2", "vs[i + 1]"),
        ("dnum = -du * n * us[i]", "dnum = -du * us[i]"),
        ("dK += np.outer(dnum, vs[i])", "dK += np.outer(dnum, vs[i + 1])"),
    ]),
    "soft_dtw": (soft_dtw, soft_dtw_backward, (np.abs(_a(3, 4)),), [
        ("- R[i, j] - D[i, j - 1]", "- R[i, j] - D[i - 1, j - 1]"),
        ("e += E[i, j + 1]", "e = E[i, j + 1]"),
        ("np.exp((R[i + 1, j + 1] - R[i, j]", "np.exp(-(R[i + 1, j + 1] - R[i, j]"),
    ]),
    "coupling": (coupling, coupling_backward, (_a(4, 4), _a(2, 2), _a(2, 2) + .2), [
        ("- d / len(x1)", "+ d / len(x1)"),
        ("dx1 = dz1 + da @ Ws.T", "dx1 = da @ Ws.T"),
        ("da = ds * (1 - s**2)", "da = ds"),
        ("dz2 * x2 * np.exp(s)", "dz2 * np.exp(s)"),
    ]),
    "planar_flow": (planar_flow, planar_flow_backward, (_a(4, 3), .3 * _a(3), _a(3) + .2, 0.1), [
        ("dw = z.T @ da + duw * u", "dw = z.T @ da"),
        ("(-2 * h) * uw", "(2 * h) * uw"),
        ("ddet = -g / det", "ddet = -g * det"),
        ("da = dh * (1 - h**2)", "da = dh * (1 - h)"),
    ]),
    "rbf_layer": (rbf_layer, rbf_layer_backward, (_a(4, 3), _a(2, 3), .2 * _a(2)), [
        ("dlog_beta = dbeta * beta", "dlog_beta = dbeta"),
        ("dc = -2 *", "dc = 2 *"),
        ("dx = 2 * np.sum", "dx = np.sum"),
        ("dd2 = -g * beta", "dd2 = -g"),
    ]),
    "gp_nll": (gp_nll, gp_nll_backward, (_a(4, 2), _a(4), 0.1, -0.5), [
        ("0.5 * g * (Kinv -", "g * (Kinv -"),
        ("np.exp(2 * log_sn) * np.trace(dK)", "np.exp(2 * log_sn) * np.sum(dK)"),
        ("(Kinv - np.outer", "(Kinv + np.outer"),
        ("S = dd2 + dd2.T", "S = dd2"),
    ]),
    "gaussian_cholesky": (gaussian_cholesky, gaussian_cholesky_backward, (_a(5, 3), _a(3), .4 * _a(3, 3)), [
        ("np.linalg.solve(L.T, z)", "np.linalg.solve(L, z)"),
        ("+ g * n)", "+ g)"),
        ("dL = -ddiff @ z.T", "dL = ddiff @ z.T"),
        ("np.diag(dL) * np.exp(np.diag(raw))", "np.diag(dL)"),
    ]),
    "orthogonal_penalty": (orthogonal_penalty, orthogonal_penalty_backward, (_a(4, 3),), [
        ("4 * d * W @ G", "2 * d * W @ G"),
        ("4 * d * W @ G", "4 * d * G @ W.T"),
        ("- np.eye(W.shape[1])", "+ np.eye(W.shape[1])"),
    ]),
    "mmd": (mmd, mmd_backward, (_a(4, 2), _a(3, 2)), [
        ("-2 * g / (n * m)", "-g / (n * m)"),
        ("dx = xx.sum(1) - xx.sum(0)", "dx = xx.sum(1) + xx.sum(0)"),
        ("d / sigma**2", "d / (2 * sigma**2)"),
        ("- xy.sum(0)", "+ xy.sum(0)"),
    ]),
    "spectral_norm_layer": (spectral_norm_layer, spectral_norm_layer_backward, (_a(5, 3), _a(4, 3), _a(4)), [
        ("/ sigma**2", "/ sigma"),
        ("dW = dW + np.outer(u, dWv)", "dW = dW + np.outer(u, dv)"),
        ("return dy @ W / sigma", "return dy @ W"),
        ("dsigma * np.outer(u, v)", "dsigma * np.outer(u, u[:3])"),
    ]),
    "poincare": (poincare, poincare_backward, (.3 * _a(4, 2), .3 * _a(4, 2)[::-1]), [
        ("np.sqrt(g**2 - 1)", "np.sqrt(g**2 + 1)"),
        ("dd / np.sqrt(g**2 - 1)", "dd / (g**2 - 1)"),
        ("(a * b**2)", "(a**2 * b)"),
        ("dv = -2 * dduv", "dv = 2 * dduv"),
    ]),
    "sparse_autoencoder": (sparse_autoencoder, None, ({"W1": _a(2, 4), "W2": _a(4, 2), "b1": _a(2), "b2": _a(4)}, 1 / (1 + np.exp(-_a(4, 5)))), [
        ("-rho / rho_hat + (1 - rho)", "-rho / rho_hat - (1 - rho)"),
        ("sparsity[:, None]) * a2 * (1 - a2)", "sparsity[:, None]) * (1 - a2)"),
        ('delta3 @ a2.T / m', 'delta3 @ a2.T'),
        ("delta3 = (a3 - data) * a3 * (1 - a3)", "delta3 = (a3 - data)"),
    ]),
    "rbm_free_energy": (rbm_free_energy, rbm_free_energy_backward, (_a(4, 3), _a(3, 2), _a(3), _a(2)), [
        ("dpre = -h * g / n", "dpre = h * g / n"),
        ("v.mean(axis=0)", "v.sum(axis=0)"),
        ("dv = -g * a / n + dpre @ W.T", "dv = -g * a + dpre @ W.T"),
    ]),
    "vae_whole": (vae, None, (1 / (1 + np.exp(-_a(4, 5))), _a(4, 2), _a(5, 3), _a(3), _a(3, 2), _a(3, 2) + .2, _a(2, 5), _a(5)), [
        ("dmu = dz + mu / N", "dmu = dz"),
        ("noise * 0.5 * std", "noise * std"),
        ("(np.exp(logvar) - 1) / N", "(1 - np.exp(logvar)) / N"),
        ("dh = dmu @ Wm.T + dlogvar @ Ws.T", "dh = dmu @ Wm.T"),
        ("dlogit = (xr - x) / N", "dlogit = (xr - x)"),
    ]),
    "matrix_factorization": (matrix_factorization, None, (_a(3, 2), _a(4, 2), _a(3), _a(4), np.array([0, 1, 1, 2, 0]), np.array([3, 0, 2, 2, 3]), _a(5)), [
        ("dP[u] -= e[k] * Q[i]", "dP[u] += e[k] * Q[i]"),
        ("dQ[i] -= e[k] * P[u]", "dQ[i] -= e[k] * Q[i]"),
        ("dbu[u] -= e[k]", "dbu[u] = -e[k]"),
        ("dP, dQ = reg * P, reg * Q", "dP, dQ = 2 * reg * P, reg * Q"),
    ]),
    "transe": (transe, transe_backward, (.3 * _a(5, 3), .3 * _a(2, 3), np.array([0, 1, 0]), np.array([0, 1, 1]), np.array([2, 3, 4])), [
        ("np.add.at(dent, t, -ddiff)", "np.add.at(dent, t, ddiff)"),
        ("np.add.at(dent, h, ddiff)", "dent[h] += ddiff"),
        ("(dist < margin)", "(dist > margin)"),
        ("(ddist / dist)[:, None]", "ddist[:, None]"),
    ]),
    "rodrigues": (rodrigues, rodrigues_backward, (_a(3), _a(4, 3)), [
        ("np.cross(pts, dkp)", "np.cross(dkp, pts)"),
        ("(-pts * s + kp * c", "(pts * s + kp * c"),
        ("dk @ w / th**2", "dk @ w / th"),
        ("dw = dk / th", "dw = dk"),
    ]),
}
# fmt: on
