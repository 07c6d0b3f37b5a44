"""Word vectors, rendering, capsules, closures, windows, routed experts: one file a hand."""

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def _a(*shape):
    return np.random.default_rng(sum(shape) * 7 + len(shape)).normal(size=shape)


# ── word vectors ────────────────────────────────────────────────────────────────────────────
def sgns(W_in, W_out, center, context, negatives):
    """Skip-gram with negative sampling, sparse updates."""
    sig = lambda x: 1.0 / (1.0 + np.exp(-x))
    v = W_in[center]
    u_pos = W_out[context]
    u_neg = W_out[negatives]
    pos = sig(np.sum(v * u_pos, axis=1))
    neg = sig(-np.einsum("bd,bkd->bk", v, u_neg))
    loss = -(np.log(pos).sum() + np.log(neg).sum()) / len(center)

    g_pos = (pos - 1) / len(center)
    g_neg = (1 - neg) / len(center)
    grad_v = g_pos[:, None] * u_pos + np.einsum("bk,bkd->bd", g_neg, u_neg)
    grad_in = np.zeros_like(W_in)
    grad_out = np.zeros_like(W_out)
    np.add.at(grad_in, center, grad_v)
    np.add.at(grad_out, context, g_pos[:, None] * v)
    np.add.at(grad_out, negatives, g_neg[..., None] * v[:, None, :])
    return loss, {"W_in": grad_in, "W_out": grad_out}


def cbow(W1, W2, contexts, target):
    h = W1[contexts].mean(axis=1)
    score = h @ W2
    score = score - score.max(axis=1, keepdims=True)
    prob = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    loss = -np.log(prob[np.arange(len(target)), target]).mean()
    return loss, (W1, W2, contexts, target, h, prob)


def cbow_backward(dloss, cache):
    W1, W2, contexts, target, h, prob = cache
    batch, window = contexts.shape
    ds = prob.copy()
    ds[np.arange(batch), target] -= 1
    ds *= dloss / batch
    dW2 = h.T @ ds
    dh = ds @ W2.T
    dW1 = np.zeros_like(W1)
    for i in range(window):
        np.add.at(dW1, contexts[:, i], dh / window)
    return dW1, dW2


def hierarchical_softmax(h, nodes, path, signs):
    logits = signs * (nodes[path] @ h)
    loss = np.sum(np.log1p(np.exp(-logits)))
    return loss, (h, nodes, path, signs, logits)


def hierarchical_softmax_backward(dout, cache):
    h, nodes, path, signs, logits = cache
    dlogits = -dout * signs / (1 + np.exp(logits))
    dnodes = np.zeros_like(nodes)
    for k, p in enumerate(path):
        dnodes[p] += dlogits[k] * h
    dh = dlogits @ nodes[path]
    return dh, dnodes


# ── recurrences ─────────────────────────────────────────────────────────────────────────────
def char_gru(inputs, targets, hprev, Wz, Wr, Wh, Wy, by):
    """A min-char GRU in one function; one-hot inputs are concatenated with the state."""
    sigmoid = lambda a: 1 / (1 + np.exp(-a))
    vocab = Wy.shape[1]
    xh, z, r, xrh, hbar, hs, ps = {}, {}, {}, {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        x = np.zeros(vocab)
        x[inputs[t]] = 1
        xh[t] = np.concatenate([x, hs[t - 1]])
        z[t] = sigmoid(np.dot(xh[t], Wz))
        r[t] = sigmoid(np.dot(xh[t], Wr))
        xrh[t] = np.concatenate([x, r[t] * hs[t - 1]])
        hbar[t] = np.tanh(np.dot(xrh[t], Wh))
        hs[t] = (1 - z[t]) * hs[t - 1] + z[t] * hbar[t]
        y = np.dot(hs[t], Wy) + by
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][targets[t]])
    dWz, dWr, dWh = np.zeros_like(Wz), np.zeros_like(Wr), np.zeros_like(Wh)
    dWy, dby = np.zeros_like(Wy), np.zeros_like(by)
    dhnext = np.zeros_like(hprev)
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWy += np.outer(hs[t], dy)
        dby += dy
        dh = np.dot(Wy, dy) + dhnext
        dhbar = dh * z[t]
        dabar = dhbar * (1 - hbar[t] ** 2)
        dWh += np.outer(xrh[t], dabar)
        dxrh = np.dot(Wh, dabar)[vocab:]
        dz = dh * (hbar[t] - hs[t - 1])
        daz = dz * z[t] * (1 - z[t])
        dWz += np.outer(xh[t], daz)
        dr = dxrh * hs[t - 1]
        dar = dr * r[t] * (1 - r[t])
        dWr += np.outer(xh[t], dar)
        dhnext = dh * (1 - z[t]) + dxrh * r[t]
        dhnext += np.dot(Wz, daz)[vocab:] + np.dot(Wr, dar)[vocab:]
    return loss, (dhnext, dWz, dWr, dWh, dWy, dby)


def peephole_step(x, h, c, W, p):
    H = h.shape[1]
    a = np.hstack((x, h)) @ W
    pi, pf, po = p
    sig = lambda t: 1 / (1 + np.exp(-t))
    i = sig(a[:, :H] + pi * c)
    f = sig(a[:, H : 2 * H] + pf * c)
    g = np.tanh(a[:, 2 * H : 3 * H])
    cn = f * c + i * g
    o = sig(a[:, 3 * H :] + po * cn)
    hn = o * np.tanh(cn)
    return (hn, cn), (x, h, c, W, p, i, f, g, o, cn)


def peephole_step_backward(dout, cache):
    dhn, dcn = dout
    x, h, c, W, p, i, f, g, o, cn = cache
    pi, pf, po = p
    tc = np.tanh(cn)
    do = dhn * tc * o * (1 - o)
    dc_total = dcn + dhn * o * (1 - tc**2) + do * po
    di = dc_total * g * i * (1 - i)
    df = dc_total * c * f * (1 - f)
    dg = dc_total * i * (1 - g**2)
    da = np.hstack((di, df, dg, do))
    dW = np.hstack((x, h)).T @ da
    dxh = da @ W.T
    dx, dh = dxh[:, : x.shape[1]], dxh[:, x.shape[1] :]
    dc = dc_total * f + di * pi + df * pf
    dp = np.stack([(di * c).sum(0), (df * c).sum(0), (do * cn).sum(0)])
    return dx, dh, dc, dW, dp


def runge_kutta(x, A, b, h=0.1, steps=3):
    """RK4 with its discrete adjoint."""
    f = lambda s: np.tanh(s @ A + b)
    tape = []
    for _ in range(steps):
        k1 = f(x)
        k2 = f(x + 0.5 * h * k1)
        k3 = f(x + 0.5 * h * k2)
        k4 = f(x + h * k3)
        tape.append((x, k1, k2, k3, k4))
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x, (A, h, tape)


def runge_kutta_backward(lam, cache):
    A, h, tape = cache
    dA, db = np.zeros_like(A), 0.0
    for x, k1, k2, k3, k4 in tape[::-1]:
        g1, g2, g3, g4 = h / 6 * lam, h / 3 * lam, h / 3 * lam, h / 6 * lam
        dx = lam
        stages = [
            (k4, x + h * k3, g4, h),
            (k3, x + 0.5 * h * k2, g3, 0.5 * h),
            (k2, x + 0.5 * h * k1, g2, 0.5 * h),
            (k1, x, g1, 0.0),
        ]
        carried = 0.0
        for k, at, g, step in stages:
            da = (g + carried) * (1 - k**2)
            dA += at.T @ da
            db = db + da.sum(axis=0)
            ds = da @ A.T
            dx = dx + ds
            carried = step * ds
        lam = dx
    return lam, dA, db


# ── attention ───────────────────────────────────────────────────────────────────────────────
def mha_einsum(x, wq, wk, wv, wo):
    """x (b, t, c), wq, wk, wv (h, c, d), wo (h, d, c)."""
    q = np.einsum("btc,hcd->bhtd", x, wq)
    k = np.einsum("btc,hcd->bhtd", x, wk)
    v = np.einsum("btc,hcd->bhtd", x, wv)
    s = np.einsum("bhqd,bhkd->bhqk", q, k) / np.sqrt(wq.shape[-1])
    s = s - s.max(-1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(-1, keepdims=True)
    ctx = np.einsum("bhqk,bhkd->bhqd", p, v)
    y = np.einsum("bhqd,hdc->bqc", ctx, wo)
    return y, dict(x=x, wq=wq, wk=wk, wv=wv, wo=wo, q=q, k=k, v=v, p=p, ctx=ctx)


def mha_einsum_backward(dy, cache):
    c = cache
    dwo = np.einsum("bqc,bhqd->hdc", dy, c["ctx"])
    dctx = np.einsum("bqc,hdc->bhqd", dy, c["wo"])
    dp = np.einsum("bhqd,bhkd->bhqk", dctx, c["v"])
    dv = np.einsum("bhqk,bhqd->bhkd", c["p"], dctx)
    ds = c["p"] * (dp - np.einsum("bhqk,bhqk->bhq", dp, c["p"])[..., None])
    ds = ds / np.sqrt(c["wq"].shape[-1])
    dq = np.einsum("bhqk,bhkd->bhqd", ds, c["k"])
    dk = np.einsum("bhqk,bhqd->bhkd", ds, c["q"])
    dwq = np.einsum("bhtd,btc->hcd", dq, c["x"])
    dwk = np.einsum("bhtd,btc->hcd", dk, c["x"])
    dwv = np.einsum("bhtd,btc->hcd", dv, c["x"])
    dx = np.einsum("bhtd,hcd->btc", dq, c["wq"])
    dx += np.einsum("bhtd,hcd->btc", dk, c["wk"])
    dx += np.einsum("bhtd,hcd->btc", dv, c["wv"])
    return {"x": dx, "wq": dwq, "wk": dwk, "wv": dwv, "wo": dwo}


def bahdanau(query, keys, Wq, Wk, v):
    """query (B, D), keys (B, T, E): additive attention."""
    e = np.tanh((query @ Wq)[:, None, :] + keys @ Wk)
    score = e @ v
    score = np.exp(score - score.max(axis=1, keepdims=True))
    w = score / score.sum(axis=1, keepdims=True)
    context = np.sum(w[:, :, None] * keys, axis=1)
    return context, (query, keys, Wq, Wk, v, e, w)


def bahdanau_backward(dcontext, cache):
    query, keys, Wq, Wk, v, e, w = cache
    B, T, E = keys.shape
    dw = np.sum(dcontext[:, None, :] * keys, axis=2)
    dkeys = w[:, :, None] * dcontext[:, None, :]
    dscore = w * (dw - np.sum(w * dw, axis=1, keepdims=True))
    dv = np.tensordot(dscore, e, axes=([0, 1], [0, 1]))
    de = dscore[:, :, None] * v
    dpre = de * (1 - e * e)
    dWk = keys.reshape(B * T, E).T @ dpre.reshape(B * T, -1)
    dkeys += dpre @ Wk.T
    dproj = dpre.sum(axis=1)
    dWq = query.T @ dproj
    dquery = dproj @ Wq.T
    return dquery, dkeys, dWq, dWk, dv


# ── images ──────────────────────────────────────────────────────────────────────────────────
def conv_strided(x, w, b):
    """Windows without copies (as_strided), one tensordot."""
    n, c, h, wd = x.shape
    f, _, kh, kw = w.shape
    oh, ow = h - kh + 1, wd - kw + 1
    s = x.strides
    windows = as_strided(x, (n, c, oh, ow, kh, kw), (s[0], s[1], s[2], s[3], s[2], s[3]))
    out = np.tensordot(windows, w, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2)
    return out + b[None, :, None, None], (x, w, windows)


def conv_strided_backward(dout, cache):
    x, w, windows = cache
    kh, kw = w.shape[2:]
    db = dout.sum(axis=(0, 2, 3))
    dw = np.tensordot(dout, windows, axes=([0, 2, 3], [0, 2, 3]))
    padded = np.pad(dout, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    around = sliding_window_view(padded, (kh, kw), axis=(2, 3))
    dx = np.einsum("nfijkl,fckl->ncij", around, w[:, :, ::-1, ::-1])
    return dx, dw, db


def correlate_windows(x, kernel):
    """One channel, sliding_window_view."""
    view = sliding_window_view(x, kernel.shape)
    return np.einsum("ijkl,kl->ij", view, kernel), (x, kernel, view)


def correlate_windows_backward(g, cache):
    x, kernel, view = cache
    dk = np.einsum("ijkl,ij->kl", view, g)
    dx = np.zeros_like(x)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            dx[i : i + kernel.shape[0], j : j + kernel.shape[1]] += g[i, j] * kernel
    return dx, dk


def max_pool_fast(x):
    """The reshape method: ties share the gradient."""
    N, C, H, W = x.shape
    x_reshaped = x.reshape(N, C, H // 2, 2, W // 2, 2)
    out = x_reshaped.max(axis=3).max(axis=4)
    return out, (x, x_reshaped, out)


def max_pool_fast_backward(dout, cache):
    x, x_reshaped, out = cache
    dx_reshaped = np.zeros_like(x_reshaped)
    out_newaxis = out[:, :, :, np.newaxis, :, np.newaxis]
    mask = x_reshaped == out_newaxis
    dout_newaxis = dout[:, :, :, np.newaxis, :, np.newaxis]
    dout_broadcast, _ = np.broadcast_arrays(dout_newaxis, dx_reshaped)
    dx_reshaped[mask] = dout_broadcast[mask]
    dx_reshaped /= np.sum(mask, axis=(3, 5), keepdims=True)
    return dx_reshaped.reshape(x.shape)


def spatial_groupnorm(x, gamma, beta, G=2, eps=1e-5):
    N, C, H, W = x.shape
    xg = x.reshape(N * G, -1)
    mu = xg.mean(axis=1, keepdims=True)
    var = xg.var(axis=1, keepdims=True)
    inv = 1 / np.sqrt(var + eps)
    xhat = ((xg - mu) * inv).reshape(N, C, H, W)
    return gamma * xhat + beta, (gamma, xhat, inv, G)


def spatial_groupnorm_backward(dout, cache):
    gamma, xhat, inv, G = cache
    N, C, H, W = dout.shape
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dxhat = (dout * gamma).reshape(N * G, -1)
    xh = xhat.reshape(N * G, -1)
    M = xh.shape[1]
    dx = (
        inv
        / M
        * (M * dxhat - dxhat.sum(1, keepdims=True) - xh * (dxhat * xh).sum(1, keepdims=True))
    )
    return dx.reshape(N, C, H, W), dgamma, dbeta


def capsules(u, W, rounds=2):
    """Routing by agreement; the couplings are constants, as in the paper's last round."""
    votes = np.einsum("id,ijde->ije", u, W)
    logits = np.zeros(votes.shape[:2])
    for _ in range(rounds):
        c = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        s = np.sum(c[:, :, None] * votes, axis=0)
        sq = np.sum(s**2, axis=1, keepdims=True)
        v = sq / (1 + sq) * s / np.sqrt(sq)
        logits = logits + np.sum(votes * v, axis=-1)
    return v, (u, W, votes, rounds)


def capsules_backward(dv, cache):
    u, W, votes, rounds = cache
    logits, tape = np.zeros(votes.shape[:2]), []
    for _ in range(rounds):
        c = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        s = np.sum(c[:, :, None] * votes, axis=0)
        sq = np.sum(s**2, axis=1, keepdims=True)
        v = np.sqrt(sq) / (1 + sq) * s
        tape.append((c, s, sq, v))
        logits = logits + np.sum(votes * v, axis=-1)
    dvotes = np.zeros_like(votes)
    dlogits = np.zeros_like(logits)
    for step, (c, s, sq, v) in enumerate(reversed(tape)):
        if step:
            dvotes += dlogits[:, :, None] * v
            dv = np.sum(dlogits[:, :, None] * votes, axis=0)
        n = np.sqrt(sq)
        radial = np.sum(dv * s, axis=1, keepdims=True)
        ds = n / (1 + sq) * dv + radial * s * (1 - sq) / (n * (1 + sq) ** 2)
        dvotes += c[:, :, None] * ds
        dc = np.sum(votes * ds, axis=-1)
        dlogits = dlogits + c * (dc - np.sum(c * dc, axis=1, keepdims=True))
    du = np.einsum("ije,ijde->id", dvotes, W)
    dW = np.einsum("id,ije->ijde", u, dvotes)
    return du, dW


def volume_render(sigma, rgb, delta):
    """Alpha compositing along rays, as radiance fields do it."""
    alpha = 1 - np.exp(-sigma * delta)
    through = np.cumprod(1 - alpha, axis=1)
    T = np.concatenate([np.ones((len(alpha), 1)), through[:, :-1]], axis=1)
    w = T * alpha
    color = np.sum(w[..., None] * rgb, axis=1)
    return color, (rgb, delta, alpha, T, w)


def volume_render_backward(dcolor, cache):
    rgb, delta, alpha, T, w = cache
    drgb = w[..., None] * dcolor[:, None, :]
    dw = np.sum(rgb * dcolor[:, None, :], axis=-1)
    after = np.cumsum((dw * w)[:, ::-1], axis=1)[:, ::-1] - dw * w
    dalpha = dw * T - after / (1 - alpha)
    dsigma = dalpha * delta * (1 - alpha)
    return dsigma, drgb


def soft_argmax(heat, beta=2.0):
    """Keypoints: the expected position under a softmax of each map."""
    K, H, W = heat.shape
    flat = beta * heat.reshape(K, H * W)
    p = np.exp(flat - flat.max(axis=1)[:, None])
    p /= p.sum(axis=1)[:, None]
    yy, xx = np.mgrid[:H, :W]
    grid = np.stack([yy.ravel(), xx.ravel()], axis=1).astype(float)
    return p @ grid, (p, grid, beta, heat.shape)


def soft_argmax_backward(dpos, cache):
    p, grid, beta, shape = cache
    dp = dpos @ grid.T
    dflat = p * (dp - (p * dp).sum(axis=1)[:, None])
    return (beta * dflat).reshape(shape)


# ── heads and losses ────────────────────────────────────────────────────────────────────────
def cosface(x, W, y, s=8.0, m=0.2):
    xn = np.linalg.norm(x, axis=1, keepdims=True)
    wn = np.linalg.norm(W, axis=0, keepdims=True)
    xu, wu = x / xn, W / wn
    cos = xu @ wu
    logits = s * cos
    logits[np.arange(len(y)), y] -= s * m
    logits -= logits.max(axis=1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(len(y)), y]))
    return loss, (xu, wu, xn, wn, p, y, s)


def cosface_backward(dloss, cache):
    xu, wu, xn, wn, p, y, s = cache
    n = len(y)
    dcos = p.copy()
    dcos[range(n), y] -= 1
    dcos *= s * dloss / n
    dxu = dcos @ wu.T
    dwu = xu.T @ dcos
    dx = (dxu - xu * np.sum(dxu * xu, axis=1, keepdims=True)) / xn
    dW = (dwu - wu * np.sum(dwu * wu, axis=0, keepdims=True)) / wn
    return dx, dW


def sparsemax(z):
    """Row by row, with the support found by sorting."""
    srt = np.sort(z, axis=1)[:, ::-1]
    cum = np.cumsum(srt, axis=1) - 1
    k = np.arange(1, z.shape[1] + 1)
    support = srt - cum / k > 0
    count = support.sum(axis=1)
    tau = cum[np.arange(len(z)), count - 1] / count
    return np.maximum(z - tau[:, None], 0), (z, tau)


def sparsemax_backward(dout, cache):
    z, tau = cache
    active = z > tau[:, None]
    mean = np.sum(dout * active, axis=1) / active.sum(axis=1)
    return active * (dout - mean[:, None])


def actor_critic(logits, values, actions, returns, c_v=0.5, c_e=0.01):
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    logp = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    p = np.exp(logp)
    chosen = np.take_along_axis(logp, actions[:, None], axis=-1)[:, 0]
    adv = returns - values
    entropy = -np.sum(p * logp, axis=-1)
    policy_loss = -np.mean(chosen * np.array([0.3, -0.2, 0.5, 0.1]))
    return policy_loss + c_v * np.mean(adv**2) - c_e * np.mean(entropy), (
        p, logp, adv, actions, entropy, c_v, c_e,
    )  # fmt: skip


def actor_critic_backward(dloss, cache):
    p, logp, adv, actions, entropy, c_v, c_e = cache
    n, k = p.shape
    weight = np.array([0.3, -0.2, 0.5, 0.1])
    onehot = np.eye(k)[actions]
    dlogits = -weight[:, None] * (onehot - p) / n
    dentropy = -p * (logp + entropy[:, None])
    dlogits -= c_e * dentropy / n
    dvalues = -2 * c_v * adv / n
    return dloss * dlogits, dloss * dvalues


def generator_step(z, G1, G2, D1, D2):
    """The generator's non-saturating loss through a fixed discriminator."""
    h = np.maximum(0, z @ G1)
    fake = np.tanh(h @ G2)
    a = fake @ D1
    q = np.where(a > 0, a, 0.2 * a)
    logit = q @ D2
    loss = np.mean(np.log1p(np.exp(-logit)))
    return loss, (z, h, fake, a, logit, G2, D1, D2)


def generator_step_backward(dloss, cache):
    z, h, fake, a, logit, G2, D1, D2 = cache
    dlogit = -dloss / (1 + np.exp(logit)) / logit.size
    dq = np.outer(dlogit, D2)
    da = dq * np.where(a > 0, 1, 0.2)
    dfake = da @ D1.T
    dpre = dfake * (1 - fake**2)
    dG2 = h.T @ dpre
    dh = dpre @ G2.T
    dh[h <= 0] = 0
    dG1 = z.T @ dh
    return None, dG1, dG2


def beta_vae(params, x, noise, beta=2.0):
    hid = np.tanh(x @ params["enc"])
    mu, logvar = hid @ params["mu"], hid @ params["lv"]
    std = np.exp(0.5 * logvar)
    code = mu + std * noise
    out = code @ params["dec"]
    rec = 0.5 * np.sum((out - x) ** 2)
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    loss = (rec + beta * kl) / x.shape[0]

    g = {}
    dout = (out - x) / x.shape[0]
    g["dec"] = code.T @ dout
    dcode = dout @ params["dec"].T
    dmu = dcode + beta * mu / x.shape[0]
    dlogvar = dcode * noise * 0.5 * std + 0.5 * beta * (np.exp(logvar) - 1) / x.shape[0]
    g["mu"] = hid.T @ dmu
    g["lv"] = hid.T @ dlogvar
    dhid = dmu @ params["mu"].T + dlogvar @ params["lv"].T
    g["enc"] = x.T @ (dhid * (1 - hid**2))
    return loss, g


def cross_network(x0, ws, bs):
    """Deep & cross: x_{l+1} = x0 (x_l . w) + b + x_l."""
    xs = [x0]
    for w, b in zip(ws, bs):
        x = xs[-1]
        xs.append(x0 * (x @ w)[:, None] + b + x)
    return xs[-1], (xs, ws)


def cross_network_backward(d, cache):
    xs, ws = cache
    x0 = xs[0]
    dx0 = np.zeros_like(x0)
    dws, dbs = np.zeros_like(ws), np.zeros_like(ws)
    for l in range(len(ws) - 1, -1, -1):
        x, w = xs[l], ws[l]
        dbs[l] = d.sum(axis=0)
        s = np.sum(d * x0, axis=1)
        dx0 += d * (x @ w)[:, None]
        dws[l] = s @ x
        d = d + np.outer(s, w)
    return d + dx0, dws, dbs


def nadaraya_watson(xq, xk, yk, log_h):
    h2 = np.exp(2 * log_h)
    d2 = (xq[:, None] - xk[None, :]) ** 2
    K = np.exp(-0.5 * d2 / h2)
    S = K.sum(1)
    pred = K @ yk / S
    return pred, (xq, xk, yk, h2, d2, K, S, pred)


def nadaraya_watson_backward(dpred, cache):
    xq, xk, yk, h2, d2, K, S, pred = cache
    dyk = K.T @ (dpred / S)
    dK = (dpred / S)[:, None] * (yk[None, :] - pred[:, None])
    dd2 = -0.5 * dK * K / h2
    dlog_h = np.sum(dK * K * d2) / h2
    diff = 2 * dd2 * (xq[:, None] - xk[None, :])
    return diff.sum(1), -diff.sum(0), dyk, dlog_h


def standardized_dense(x, V, g, eps=1e-6):
    """Weight standardization: every column to mean 0 and variance 1."""
    m = V.mean(0)
    s = np.sqrt(V.var(0) + eps)
    Wn = (V - m) / s
    return x.dot(g * Wn), (x, V, g, s, Wn)


def standardized_dense_backward(dy, cache):
    x, V, g, s, Wn = cache
    dWg = x.T.dot(dy)
    dx = dy.dot((g * Wn).T)
    dg = (dWg * Wn).sum(0)
    dWn = dWg * g
    dV = (dWn - dWn.mean(0) - Wn * (dWn * Wn).mean(0)) / s
    return dx, dV, dg


# ── frameworks ──────────────────────────────────────────────────────────────────────────────
class Tensor:
    """A value with a closure that hands its gradient on."""

    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.pull = lambda: None

    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))

        def pull():
            self.grad = self.grad + out.grad @ other.data.T
            other.grad = other.grad + self.data.T @ out.grad

        out.pull = pull
        return out

    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))

        def pull():
            self.grad = self.grad + out.grad
            other.grad = other.grad + out.grad.sum(axis=0)

        out.pull = pull
        return out

    def relu(self):
        out = Tensor(np.maximum(self.data, 0), (self,))

        def pull():
            self.grad = self.grad + out.grad * (self.data > 0)

        out.pull = pull
        return out


def tensor_net(x, W1, b1, W2):
    leaves = [Tensor(v) for v in (x, W1, b1, W2)]
    X, A, B, C = leaves
    out = (X @ A + B).relu() @ C
    return out.data, (out, leaves)


def tensor_net_backward(dout, cache):
    out, leaves = cache
    order, seen = [], set()

    def visit(t):
        if id(t) not in seen:
            seen.add(id(t))
            for p in t.parents:
                visit(p)
            order.append(t)

    visit(out)
    for t in order:
        t.grad = 0.0
    out.grad = dout
    for t in reversed(order):
        t.pull()
    return tuple(leaf.grad for leaf in leaves)


def compose(*layers):
    def forward(x, params):
        pulls = []
        for layer, p in zip(layers, params):
            x, pull = layer(x, p)
            pulls.append(pull)
        return x, pulls

    return forward


def lin(x, W):
    return x @ W, lambda g: (g @ W.T, x.T @ g)


def softsign(x, scale):
    d = 1 + np.abs(x)
    return scale * x / d, lambda g: (scale * g / d**2, np.sum(g * x / d))


def composed(x, params):
    return compose(lin, softsign, lin)(x, params)


def composed_backward(g, pulls):
    grads = []
    for pull in reversed(pulls):
        g, dp = pull(g)
        grads.insert(0, dp)
    return g, grads


_vp = {"enc": 0.5 * _a(4, 5), "mu": 0.5 * _a(5, 2), "lv": 0.4 * _a(5, 2) + 0.1, "dec": _a(2, 4)}

# fmt: off
PAIRS = {
    "sgns": (sgns, None, (_a(5, 3), _a(5, 3) + .2, np.array([0, 1, 1]), np.array([2, 0, 4]), np.array([[1, 3], [3, 3], [2, 0]])), [
        ("g_neg = (1 - neg)", "g_neg = neg"),
        ("np.add.at(grad_in, center, grad_v)", "grad_in[center] += grad_v"),
        ("np.add.at(grad_out, context, g_pos[:, None] * v)", "np.add.at(grad_out, center, g_pos[:, None] * v)"),
    ]),
    "cbow": (cbow, cbow_backward, (_a(6, 4), _a(4, 6), np.array([[0, 2], [1, 3], [2, 4]]), np.array([1, 2, 3])), [
        ("dh / window", "dh"),
        ("ds[np.arange(batch), target] -= 1", "ds[np.arange(batch), target] = -1"),
        ("contexts[:, i], dh", "contexts[:, 0], dh"),
    ]),
    "hierarchical_softmax": (hierarchical_softmax, hierarchical_softmax_backward, (_a(4), _a(6, 4), np.array([0, 2, 5]), np.array([1.0, -1.0, 1.0])), [
        ("-dout * signs / (1 + np.exp(logits))", "-dout / (1 + np.exp(logits))"),
        ("(1 + np.exp(logits))", "(1 + np.exp(-logits))"),
        ("dnodes[p] += dlogits[k] * h", "dnodes[k] += dlogits[k] * h"),
    ]),
    "char_gru": (char_gru, None, ([0, 2, 1, 2], [2, 1, 2, 0], _a(4), _a(7, 4), _a(7, 4) + .1, _a(7, 4) - .1, _a(4, 3), _a(3)), [
        ("dhnext = dh * (1 - z[t]) + dxrh * r[t]", "dhnext = dh * z[t] + dxrh * r[t]"),
        ("dWh += np.outer(xrh[t], dabar)", "dWh += np.outer(xh[t], dabar)"),
        ("dr = dxrh * hs[t - 1]", "dr = dxrh * hs[t]"),
    ]),
    "peephole_step": (peephole_step, peephole_step_backward, (_a(2, 3), _a(2, 4), _a(2, 4) + .1, _a(7, 16), _a(3, 4)), [
        ("(1 - tc**2) + do * po", "(1 - tc**2)"),
        ("df = dc_total * c * f", "df = dc_total * cn * f"),
        ("+ di * pi + df * pf", "+ di * pf + df * pf"),
    ]),
    "runge_kutta": (runge_kutta, runge_kutta_backward, (_a(2, 3), _a(3, 3), _a(3)), [
        ("h / 6 * lam, h / 3 * lam, h / 3 * lam", "h / 6 * lam, h / 6 * lam, h / 3 * lam"),
        ("carried = step * ds", "carried = ds"),
        ("dx = dx + ds", "dx = ds"),
    ]),
    "mha_einsum": (mha_einsum, mha_einsum_backward, (_a(2, 3, 4), _a(2, 4, 3), _a(2, 4, 3) + .2, _a(2, 4, 3) - .1, _a(2, 3, 4)), [
        ('dp = np.einsum("bhqd,bhkd->bhqk", dctx, c["v"])', 'dp = np.einsum("bhqd,bhkd->bhqk", dctx, c["k"])'),
        ("ds = ds / np.sqrt(c[\"wq\"].shape[-1])", "ds = ds / c[\"wq\"].shape[-1]"),
        ('dk = np.einsum("bhqk,bhqd->bhkd", ds', 'dk = np.einsum("bhkq,bhqd->bhkd", ds'),
    ]),
    "bahdanau": (bahdanau, bahdanau_backward, (_a(2, 3), _a(2, 4, 5), _a(3, 6), _a(5, 6), _a(6)), [
        ("dkeys += dpre @ Wk.T", "dkeys = dpre @ Wk.T"),
        ("(1 - e * e)", "(1 - e)"),
        ("dproj = dpre.sum(axis=1)", "dproj = dpre.mean(axis=1)"),
    ]),
    "conv_strided": (conv_strided, conv_strided_backward, (_a(2, 2, 5, 4), _a(3, 2, 3, 2), _a(3)), [
        ("w[:, :, ::-1, ::-1]", "w"),
        ("(kh - 1, kh - 1), (kw - 1, kw - 1)", "(kw - 1, kw - 1), (kh - 1, kh - 1)"),
        ("db = dout.sum(axis=(0, 2, 3))", "db = dout.sum(axis=(0, 2, 3)) / dout.shape[0]"),
    ]),
    "correlate_windows": (correlate_windows, correlate_windows_backward, (_a(5, 4), _a(3, 2)), [
        ("+= g[i, j] * kernel", "= g[i, j] * kernel"),
        ("g[i, j] * kernel", "g[i, j] * kernel[::-1, ::-1]"),
        ("dk = np.einsum(\"ijkl,ij->kl\", view, g)", "dk = -np.einsum(\"ijkl,ij->kl\", view, g)"),
    ]),
    "max_pool_fast": (max_pool_fast, max_pool_fast_backward, (_a(2, 2, 4, 4),), [
        ("axis=(3, 5), keepdims", "axis=(2, 4), keepdims"),
        ("x_reshaped == out_newaxis", "x_reshaped != out_newaxis"),
        ("return dx_reshaped.reshape(x.shape)", "return 0.25 * dx_reshaped.reshape(x.shape)"),
    ]),
    "spatial_groupnorm": (spatial_groupnorm, spatial_groupnorm_backward, (_a(2, 4, 2, 3), _a(1, 4, 1, 1) + 1, _a(1, 4, 1, 1)), [
        ("M = xh.shape[1]", "M = xh.shape[0]"),
        ("(M * dxhat - dxhat.sum(1, keepdims=True)", "(M * dxhat + dxhat.sum(1, keepdims=True)"),
        ("dxhat = (dout * gamma)", "dxhat = (dout)"),
    ]),
    "capsules": (capsules, capsules_backward, (_a(3, 4), _a(3, 2, 4, 3)), [
        ("(n * (1 + sq) ** 2)", "(1 + sq) ** 2"),
        ("dvotes += c[:, :, None] * ds", "dvotes = c[:, :, None] * ds"),
        ("c * (dc - np.sum(c * dc, axis=1, keepdims=True))", "c * (dc - np.sum(c * dc, axis=0, keepdims=True))"),
    ]),
    "volume_render": (volume_render, volume_render_backward, (np.abs(_a(3, 5)), _a(3, 5, 3), np.full((1, 5), 0.3)), [
        ("after / (1 - alpha)", "after / alpha"),
        ("[:, ::-1] - dw * w", "[:, ::-1]"),
        ("dalpha * delta * (1 - alpha)", "dalpha * delta * alpha"),
    ]),
    "soft_argmax": (soft_argmax, soft_argmax_backward, (_a(2, 3, 4),), [
        ("(beta * dflat)", "(dflat / beta)"),
        ("(p * dp).sum(axis=1)", "dp.sum(axis=1)"),
        ("dflat = p * (dp", "dflat = (dp"),
    ]),
    "cosface": (cosface, cosface_backward, (_a(4, 3), _a(3, 5), np.array([0, 4, 2, 2])), [
        ("dcos *= s * dloss / n", "dcos *= dloss / n"),
        ("dwu - wu * np.sum(dwu * wu, axis=0", "dwu - wu * np.sum(dwu * wu, axis=1"),
        ("keepdims=True)) / xn", "keepdims=True)) * xn"),
    ]),
    "sparsemax": (sparsemax, sparsemax_backward, (_a(4, 5),), [
        ("/ active.sum(axis=1)", "/ active.shape[1]"),
        ("return active * (dout - mean[:, None])", "return dout - active * mean[:, None]"),
        ("active = z > tau[:, None]", "active = z > 0"),
    ]),
    "actor_critic": (actor_critic, actor_critic_backward, (_a(4, 3), _a(4), np.array([0, 2, 1, 1]), _a(4)), [
        ("dlogits -= c_e * dentropy / n", "dlogits += c_e * dentropy / n"),
        ("dvalues = -2 * c_v", "dvalues = 2 * c_v"),
        ("(onehot - p)", "(onehot - logp)"),
    ]),
    "generator_step": (generator_step, generator_step_backward, (_a(4, 2), _a(2, 5), _a(5, 3), _a(3, 4), _a(4)), [
        ("(1 + np.exp(logit))", "(1 + np.exp(-logit))"),
        ("dh[h <= 0] = 0", "dh[h > 0] = 0"),
        ("np.where(a > 0, 1, 0.2)", "np.where(a > 0, 1, 0)"),
    ]),
    "beta_vae": (beta_vae, None, (_vp, _a(3, 4), _a(3, 2)), [
        ("dcode * noise * 0.5 * std", "dcode * noise * std"),
        ("dmu = dcode + beta * mu", "dmu = dcode + mu"),
        ("(np.exp(logvar) - 1) / x.shape[0]", "(np.exp(logvar) + 1) / x.shape[0]"),
    ]),
    "cross_network": (cross_network, cross_network_backward, (_a(4, 3), _a(2, 3), _a(2, 3)), [
        ("d = d + np.outer(s, w)", "d = np.outer(s, w)"),
        ("dx0 += d * (x @ w)[:, None]", "dx0 = d * (x @ w)[:, None]"),
        ("dws[l] = s @ x", "dws[l] = s @ x0"),
    ]),
    "nadaraya_watson": (nadaraya_watson, nadaraya_watson_backward, (_a(3), _a(5), _a(5) + 1, 0.1), [
        ("dlog_h = np.sum(dK * K * d2) / h2", "dlog_h = np.sum(dK * K * d2) / (2 * h2)"),
        ("yk[None, :] - pred[:, None]", "yk[None, :] + pred[:, None]"),
        ("return diff.sum(1), -diff.sum(0)", "return diff.sum(1), diff.sum(0)"),
    ]),
    "standardized_dense": (standardized_dense, standardized_dense_backward, (_a(4, 5), _a(5, 3), _a(3) + 1), [
        ("Wn * (dWn * Wn).mean(0)", "Wn * (dWn * Wn).sum(0)"),
        ("dg = (dWg * Wn).sum(0)", "dg = (dWg * V).sum(0)"),
        ("dWn = dWg * g", "dWn = dWg"),
    ]),
    "tensor_net": (tensor_net, tensor_net_backward, (_a(4, 3), _a(3, 5), _a(5), _a(5, 2)), [
        ("out.grad = dout", "out.grad = -dout"),
        ("tuple(leaf.grad for", "tuple(2 * leaf.grad for"),
        ("    t.grad = 0.0", "    t.grad = 1.0"),
    ]),
    "composed": (composed, composed_backward, (_a(4, 3), [_a(3, 5), np.array(1.3), _a(5, 2)]), [
        ("grads.insert(0, dp)", "grads.insert(0, -dp)"),
        ("return g, grads", "return -g, grads"),
        ("g, dp = pull(g)", "g, dp = pull(2 * g)"),
    ]),
}
# fmt: on
