"""Sequences, attention, graphs and chains of probabilities."""

import numpy as np
from numpy import dot, exp, log, outer, tanh, zeros, zeros_like


def _a(*shape):
    return np.random.default_rng(sum(shape) * 11 + len(shape)).normal(size=shape)


def softmax_rows(z):
    e = exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def logsumexp(v, axis=None):
    m = np.max(v, axis=axis, keepdims=True)
    s = np.log(np.sum(np.exp(v - m), axis=axis, keepdims=True)) + m
    return np.squeeze(s, axis=axis) if axis is not None else s.item()


# ── char-lstm, loss and gradients in one function ───────────────────────────────────────────
def char_lstm(inputs, targets, Wx, Wh, b, Why, by):
    H, V = Wh.shape[0], by.shape[0]
    sig = lambda a: 1 / (1 + exp(-a))
    h, c, p, acts = {-1: zeros(H)}, {-1: zeros(H)}, {}, {}
    loss = 0.0
    for t in range(len(inputs)):
        z = Wx[inputs[t]] + dot(h[t - 1], Wh) + b
        i, f, o, g = sig(z[:H]), sig(z[H : 2 * H]), sig(z[2 * H : 3 * H]), tanh(z[3 * H :])
        c[t] = f * c[t - 1] + i * g
        h[t] = o * tanh(c[t])
        acts[t] = i, f, o, g
        y = dot(h[t], Why) + by
        p[t] = exp(y) / np.sum(exp(y))
        loss += -log(p[t][targets[t]])
    dWx, dWh, db, dWhy, dby = map(zeros_like, (Wx, Wh, b, Why, by))
    dh_next, dc_next = zeros(H), zeros(H)
    for t in reversed(range(len(inputs))):
        i, f, o, g = acts[t]
        dy = p[t].copy()
        dy[targets[t]] -= 1
        dWhy += outer(h[t], dy)
        dby += dy
        dh = dot(Why, dy) + dh_next
        dc = dh * o * (1 - tanh(c[t]) ** 2) + dc_next
        di, df, do, dg = dc * g, dc * c[t - 1], dh * tanh(c[t]), dc * i
        dz = np.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)))
        dWx[inputs[t]] += dz
        dWh += outer(h[t - 1], dz)
        db += dz
        dh_next = dot(Wh, dz)
        dc_next = dc * f
    return loss, dWx, dWh, db, dWhy, dby


# ── GRU over time, batch first ──────────────────────────────────────────────────────────────
def gru(X, h0, Wz, Wr, Wh, Uz, Ur, Uh):
    N, T, D = X.shape
    hs = [h0]
    cache = []
    for t in range(T):
        x, hp = X[:, t], hs[-1]
        z = 1 / (1 + np.exp(-(x @ Wz + hp @ Uz)))
        r = 1 / (1 + np.exp(-(x @ Wr + hp @ Ur)))
        hh = np.tanh(x @ Wh + (r * hp) @ Uh)
        hs.append((1 - z) * hp + z * hh)
        cache.append((x, hp, z, r, hh))
    H = np.stack(hs[1:], axis=1)
    return H, (cache, Wz, Wr, Wh, Uz, Ur, Uh)


def gru_backward(dH, stuff):
    cache, Wz, Wr, Wh, Uz, Ur, Uh = stuff
    N, T, _ = dH.shape
    grads = {k: np.zeros_like(v) for k, v in zip(["Wz", "Wr", "Wh", "Uz", "Ur", "Uh"], stuff[1:])}
    dX = np.zeros((N, T, Wz.shape[0]))
    dh = np.zeros((N, Uz.shape[0]))
    for t in reversed(range(T)):
        x, hp, z, r, hh = cache[t]
        dh = dh + dH[:, t]
        da_h = dh * z * (1 - hh**2)
        da_z = dh * (hh - hp) * z * (1 - z)
        drh = da_h @ Uh.T
        da_r = drh * hp * r * (1 - r)
        grads["Wh"] += x.T @ da_h
        grads["Uh"] += (r * hp).T @ da_h
        grads["Wz"] += x.T @ da_z
        grads["Uz"] += hp.T @ da_z
        grads["Wr"] += x.T @ da_r
        grads["Ur"] += hp.T @ da_r
        dX[:, t] = da_h @ Wh.T + da_z @ Wz.T + da_r @ Wr.T
        dh = dh * (1 - z) + drh * r + da_z @ Uz.T + da_r @ Ur.T
    return dX, dh, grads["Wz"], grads["Wr"], grads["Wh"], grads["Uz"], grads["Ur"], grads["Uh"]


# ── cs231n captioning pieces ────────────────────────────────────────────────────────────────
def temporal_affine_forward(x, w, b):
    N, T, D = x.shape
    M = b.shape[0]
    out = x.reshape(N * T, D).dot(w).reshape(N, T, M) + b
    cache = x, w, b, out
    return out, cache


def temporal_affine_backward(dout, cache):
    x, w, b, out = cache
    N, T, D = x.shape
    M = b.shape[0]
    dx = dout.reshape(N * T, M).dot(w.T).reshape(N, T, D)
    dw = dout.reshape(N * T, M).T.dot(x.reshape(N * T, D)).T
    db = dout.sum(axis=(0, 1))
    return dx, dw, db


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    x_flat = x.reshape(N * T, V)
    y_flat = y.reshape(N * T)
    mask_flat = mask.reshape(N * T)
    probs = np.exp(x_flat - np.max(x_flat, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    loss = -np.sum(mask_flat * np.log(probs[np.arange(N * T), y_flat])) / N
    dx_flat = probs.copy()
    dx_flat[np.arange(N * T), y_flat] -= 1
    dx_flat /= N
    dx_flat *= mask_flat[:, None]
    dx = dx_flat.reshape(N, T, V)
    return loss, dx


def captioning_loss(features, captions, W_proj, b_proj, W_embed, Wx, Wh, b, W_vocab, b_vocab):
    cin, cout = captions[:, :-1], captions[:, 1:]
    N, T = cin.shape
    h0 = features.dot(W_proj) + b_proj
    emb = W_embed[cin]
    h = np.zeros((N, T, h0.shape[1]))
    prev = h0
    for t in range(T):
        prev = np.tanh(emb[:, t].dot(Wx) + prev.dot(Wh) + b)
        h[:, t] = prev
    scores = h.dot(W_vocab) + b_vocab
    scores = scores - scores.max(axis=2, keepdims=True)
    logp = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    rows, cols = np.ogrid[:N, :T]
    loss = -logp[rows, cols, cout].sum() / N

    grads = {}
    dscores = np.exp(logp)
    dscores[rows, cols, cout] -= 1
    dscores /= N
    grads["W_vocab"] = np.einsum("nth,ntv->hv", h, dscores)
    grads["b_vocab"] = dscores.sum(axis=(0, 1))
    dh = dscores.dot(W_vocab.T)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    demb = np.zeros_like(emb)
    dprev = 0
    for t in range(T - 1, -1, -1):
        da = (dh[:, t] + dprev) * (1 - h[:, t] ** 2)
        before = h[:, t - 1] if t > 0 else h0
        dWx += emb[:, t].T.dot(da)
        dWh += before.T.dot(da)
        db += da.sum(axis=0)
        demb[:, t] = da.dot(Wx.T)
        dprev = da.dot(Wh.T)
    grads["Wx"], grads["Wh"], grads["b"] = dWx, dWh, db
    grads["W_embed"] = np.zeros_like(W_embed)
    np.add.at(grads["W_embed"], cin, demb)
    grads["W_proj"] = features.T.dot(dprev)
    grads["b_proj"] = dprev.sum(axis=0)
    return loss, grads


# ── attention of several kinds ──────────────────────────────────────────────────────────────
def multi_query(x, Wq, Wk, Wv, Wo, heads=2):
    B, T, C = x.shape
    q = (x @ Wq).reshape(B, T, heads, -1).transpose(0, 2, 1, 3)
    k = x @ Wk
    v = x @ Wv
    scale = 1 / np.sqrt(k.shape[-1])
    att = softmax_rows(q @ k[:, None].swapaxes(-1, -2) * scale)
    y = (att @ v[:, None]).transpose(0, 2, 1, 3).reshape(B, T, -1)
    return y @ Wo, (x, Wq, Wk, Wv, Wo, q, k, v, att, y, scale)


def multi_query_backward(dout, cache):
    x, Wq, Wk, Wv, Wo, q, k, v, att, y, scale = cache
    B, H, T, D = q.shape
    dWo = np.einsum("btc,bto->co", y, dout)
    dy = (dout @ Wo.T).reshape(B, T, H, D).transpose(0, 2, 1, 3)
    dv = (att.swapaxes(-1, -2) @ dy).sum(axis=1)
    datt = dy @ v[:, None].swapaxes(-1, -2)
    dlog = att * (datt - (datt * att).sum(axis=-1, keepdims=True)) * scale
    dq = dlog @ k[:, None]
    dk = (dlog.swapaxes(-1, -2) @ q).sum(axis=1)
    dq = dq.transpose(0, 2, 1, 3).reshape(B, T, H * D)
    flat = x.reshape(B * T, -1)
    dWq = flat.T @ dq.reshape(B * T, -1)
    dWk = flat.T @ dk.reshape(B * T, -1)
    dWv = flat.T @ dv.reshape(B * T, -1)
    dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    return dx, dWq, dWk, dWv, dWo


def linear_attention(Q, K, V):
    phiQ = np.where(Q > 0, Q + 1, np.exp(Q))
    phiK = np.where(K > 0, K + 1, np.exp(K))
    KV = phiK.T @ V
    z = phiK.sum(axis=0)
    num = phiQ @ KV
    den = phiQ @ z
    return num / den[:, None], (Q, K, V, phiQ, phiK, KV, z, num, den)


def linear_attention_backward(dO, cache):
    Q, K, V, phiQ, phiK, KV, z, num, den = cache
    dnum = dO / den[:, None]
    dden = -(dO * num).sum(1) / den**2
    dphiQ = dnum @ KV.T + np.outer(dden, z)
    dKV = phiQ.T @ dnum
    dz = phiQ.T @ dden
    dphiK = V @ dKV.T + dz
    dV = phiK @ dKV
    dQ = dphiQ * np.where(Q > 0, 1, np.exp(Q))
    dK = dphiK * np.where(K > 0, 1, np.exp(K))
    return dQ, dK, dV


def rope_interleaved(x, base=10000.0):
    T, D = x.shape
    freq = base ** (-np.arange(0, D, 2) / D)
    ang = np.outer(np.arange(T), freq)
    out = np.empty_like(x)
    out[:, 0::2] = x[:, 0::2] * np.cos(ang) - x[:, 1::2] * np.sin(ang)
    out[:, 1::2] = x[:, 0::2] * np.sin(ang) + x[:, 1::2] * np.cos(ang)
    return out, ang


def rope_interleaved_backward(g, ang):
    even, odd = g[:, ::2], g[:, 1::2]
    dx = np.empty_like(g)
    dx[:, ::2] = even * np.cos(ang) + odd * np.sin(ang)
    dx[:, 1::2] = odd * np.cos(ang) - even * np.sin(ang)
    return dx


def alibi_attention(q, k, v, slope=0.5):
    T = q.shape[0]
    pos = np.arange(T)
    bias = -slope * np.abs(pos[:, None] - pos)
    s = q @ k.T / np.sqrt(q.shape[1]) + bias
    s = np.where(pos[:, None] >= pos, s, -1e9)
    w = softmax_rows(s)
    return w @ v, (q, k, v, w)


def alibi_attention_backward(do, cache):
    q, k, v, w = cache
    dv = w.T @ do
    dw = do @ v.T
    ds = w * (dw - np.sum(w * dw, axis=1)[:, None])
    ds /= q.shape[1] ** 0.5
    return ds @ k, ds.T @ q, dv


# ── a transformer block in one go: pre-norm, GELU feed-forward, residuals, dictionary ──────
def ln_fwd(x, g, b):
    mu = x.mean(-1, keepdims=True)
    rstd = (((x - mu) ** 2).mean(-1, keepdims=True) + 1e-5) ** -0.5
    n = (x - mu) * rstd
    return n * g + b, (n, rstd, g)


def ln_bwd(dy, c):
    n, rstd, g = c
    dn = dy * g
    dx = rstd * (dn - dn.mean(-1, keepdims=True) - n * (dn * n).mean(-1, keepdims=True))
    return dx, (dy * n).sum(0), dy.sum(0)


def block(x, p):
    a, c1 = ln_fwd(x, p["g1"], p["b1"])
    qkv = a @ p["Wqkv"]
    q, k, v = np.split(qkv, 3, axis=-1)
    att = softmax_rows(q @ k.T / np.sqrt(q.shape[-1]))
    x1 = x + att @ v @ p["Wo"]
    m, c2 = ln_fwd(x1, p["g2"], p["b2"])
    u = m @ p["W1"]
    th = np.tanh(0.7978845608028654 * (u + 0.044715 * u**3))
    act = 0.5 * u * (1 + th)
    return x1 + act @ p["W2"], (p, a, c1, q, k, v, att, m, c2, u, th, act)


def block_backward(dout, cache):
    p, a, c1, q, k, v, att, m, c2, u, th, act = cache
    g = {}
    g["W2"] = act.T @ dout
    dact = dout @ p["W2"].T
    du = dact * (
        0.5 * (1 + th) + 0.5 * u * (1 - th**2) * 0.7978845608028654 * (1 + 3 * 0.044715 * u**2)
    )
    g["W1"] = m.T @ du
    dm = du @ p["W1"].T
    dx1, g["g2"], g["b2"] = ln_bwd(dm, c2)
    dx1 += dout
    y = att @ v
    g["Wo"] = y.T @ dx1
    dy = dx1 @ p["Wo"].T
    dv = att.T @ dy
    datt = dy @ v.T
    ds = att * (datt - (att * datt).sum(-1, keepdims=True)) / np.sqrt(q.shape[-1])
    dqkv = np.concatenate([ds @ k, ds.T @ q, dv], axis=-1)
    g["Wqkv"] = a.T @ dqkv
    da = dqkv @ p["Wqkv"].T
    dx, g["g1"], g["b1"] = ln_bwd(da, c1)
    return dx + dx1, g


# ── graphs ──────────────────────────────────────────────────────────────────────────────────
SRC = np.array([0, 1, 2, 3, 0, 2])
DST = np.array([1, 2, 3, 0, 2, 1])


def message_passing(h, W, Ws):
    msg = np.tanh(h[SRC] @ W)
    agg = np.zeros((h.shape[0], W.shape[1]))
    np.add.at(agg, DST, msg)
    deg = np.bincount(DST, minlength=len(h))[:, None]
    out = agg / deg + h @ Ws
    return out, (h, W, Ws, msg, deg)


def message_passing_backward(dout, cache):
    h, W, Ws, msg, deg = cache
    dagg = dout / deg
    dmsg = dagg[DST]
    dpre = dmsg * (1 - msg**2)
    dW = h[SRC].T @ dpre
    dh = dout @ Ws.T
    np.add.at(dh, SRC, dpre @ W.T)
    dWs = h.T @ dout
    return dh, dW, dWs


def graph_attention(h, W, a_src, a_dst):
    z = h @ W
    n = len(z)
    e = (z @ a_src)[:, None] + (z @ a_dst)[None, :]
    e = np.where(e > 0, e, 0.2 * e)
    alpha = softmax_rows(e)
    return alpha @ z, (h, W, a_src, a_dst, z, e, alpha)


def graph_attention_backward(dout, cache):
    h, W, a_src, a_dst, z, e, alpha = cache
    dalpha = dout @ z.T
    dz = alpha.T @ dout
    de = alpha * (dalpha - (dalpha * alpha).sum(1, keepdims=True))
    de = de * np.where(e > 0, 1.0, 0.2)
    s, t = de.sum(axis=1), de.sum(axis=0)
    da_src = z.T @ s
    da_dst = z.T @ t
    dz += np.outer(s, a_src) + np.outer(t, a_dst)
    return dz @ W.T, h.T @ dz, da_src, da_dst


# ── CRF, HMM, CTC ───────────────────────────────────────────────────────────────────────────
def crf_nll(emissions, transitions, tags):
    T, K = emissions.shape
    alpha = emissions[0]
    alphas = [alpha]
    for t in range(1, T):
        alpha = logsumexp(alpha[:, None] + transitions, axis=0) + emissions[t]
        alphas.append(alpha)
    logZ = logsumexp(alpha)
    score = emissions[np.arange(T), tags].sum() + transitions[tags[:-1], tags[1:]].sum()
    return logZ - score, (emissions, transitions, tags, alphas, logZ)


def crf_nll_backward(dloss, cache):
    emissions, transitions, tags, alphas, logZ = cache
    T, K = emissions.shape
    beta = np.zeros(K)
    dE = np.zeros((T, K))
    dT = np.zeros((K, K))
    for t in range(T - 1, -1, -1):
        dE[t] = np.exp(alphas[t] + beta - logZ)
        if t > 0:
            joint = alphas[t - 1][:, None] + transitions + emissions[t] + beta
            dT += np.exp(joint - logZ)
            beta = logsumexp(transitions + emissions[t] + beta, axis=1)
    dE[np.arange(T), tags] -= 1
    np.subtract.at(dT, (tags[:-1], tags[1:]), 1)
    return dloss * dE, dloss * dT


def hmm_loglik(logits_pi, logits_A, B):
    pi = softmax_rows(logits_pi)
    A = softmax_rows(logits_A)
    f = pi * B[0]
    cs, fs = [f.sum()], [f / f.sum()]
    for b in B[1:]:
        f = (fs[-1] @ A) * b
        cs.append(f.sum())
        fs.append(f / f.sum())
    return np.sum(np.log(cs)), (pi, A, B, cs, fs)


def hmm_loglik_backward(g, cache):
    pi, A, B, cs, fs = cache
    T = len(B)
    b = np.ones_like(pi)
    dA = np.zeros_like(A)
    for t in range(T - 1, 0, -1):
        dA += np.outer(fs[t - 1], B[t] * b) / cs[t]
        b = A @ (B[t] * b) / cs[t]
    dpi = B[0] * b / cs[0]
    dlp = pi * (dpi - dpi @ pi)
    dlA = A * (dA - (dA * A).sum(1, keepdims=True))
    return g * dlp, g * dlA


def ctc(logits, label, blank=0):
    logp = logits - logsumexp(logits, axis=1)[:, None]
    T = len(logits)
    ext = [blank]
    for l in label:
        ext += [l, blank]
    S = len(ext)
    neg = -1e30
    a = [[neg] * S for _ in range(T)]
    a[0][0] = logp[0, ext[0]]
    a[0][1] = logp[0, ext[1]]
    for t in range(1, T):
        for s in range(S):
            terms = [a[t - 1][s]]
            if s > 0:
                terms.append(a[t - 1][s - 1])
            if s > 1 and ext[s] != blank and ext[s] != ext[s - 2]:
                terms.append(a[t - 1][s - 2])
            total = terms[0]
            for other in terms[1:]:
                total = np.logaddexp(total, other)
            a[t][s] = total + logp[t, ext[s]]
    ll = np.logaddexp(a[T - 1][S - 1], a[T - 1][S - 2])
    return -ll, (logp, ext, a, ll)


def ctc_backward(dloss, cache, blank=0):
    logp, ext, a, ll = cache
    T, K = logp.shape
    S = len(ext)
    b = np.full((T, S), -1e30)
    b[T - 1, S - 1] = b[T - 1, S - 2] = 0.0
    for t in range(T - 2, -1, -1):
        for s in range(S):
            v = b[t + 1, s] + logp[t + 1, ext[s]]
            if s + 1 < S:
                v = np.logaddexp(v, b[t + 1, s + 1] + logp[t + 1, ext[s + 1]])
            if s + 2 < S and ext[s] != blank and ext[s] != ext[s + 2]:
                v = np.logaddexp(v, b[t + 1, s + 2] + logp[t + 1, ext[s + 2]])
            b[t, s] = v
    post = np.zeros((T, K))
    for s in range(S):
        post[:, ext[s]] += np.exp(np.array([float(a[t][s]) for t in range(T)]) + b[:, s] - ll)
    return dloss * (np.exp(logp) - post)


# ── functional closures ─────────────────────────────────────────────────────────────────────
def dense(x, W, b):
    y = x @ W + b

    def pullback(dy):
        return dy @ W.T, x.T @ dy, dy.sum(0)

    return y, pullback


def swish(x):
    s = 1 / (1 + np.exp(-x))
    return x * s, lambda dy: dy * (s + x * s * (1 - s))


def residual_mlp(x, W1, b1, W2, b2):
    h, pull1 = dense(x, W1, b1)
    a, pull_a = swish(h)
    o, pull2 = dense(a, W2, b2)

    def pull(dy):
        da, dW2, db2 = pull2(dy)
        dx, dW1, db1 = pull1(pull_a(da))
        return dx + dy, dW1, db1, dW2, db2

    return o + x, pull


def residual_mlp_vjp(dy, pull):
    dx, dW1, db1, dW2, db2 = pull(dy)
    return dx, dW1, db1, dW2, db2


# ── truncated sums, exponential smoothing, Kalman ───────────────────────────────────────────
def smoothing(x, alpha, s0):
    s = s0
    loss = 0.0
    states = [s]
    for t in range(len(x)):
        err = x[t] - s
        loss = loss + err**2
        s = s + alpha * err
        states.append(s)
    return loss / len(x), (x, alpha, states)


def smoothing_backward(dloss, cache):
    x, alpha, states = cache
    n = len(x)
    dx = np.zeros(n)
    ds, dalpha = 0.0, 0.0
    for t in reversed(range(n)):
        err = x[t] - states[t]
        dalpha += ds * err
        derr = 2 * err * dloss / n + ds * alpha
        dx[t] = derr
        ds = ds - derr
    return dx, dalpha, ds


def kalman_nll(y, a, q, r):
    m, P, nll = 0.0, 1.0, 0.0
    tape = []
    for yt in y:
        mp, Pp = a * m, a * a * P + q
        S = Pp + r
        v = yt - mp
        nll = nll + 0.5 * (np.log(S) + v * v / S)
        K = Pp / S
        tape.append((yt, m, P, mp, Pp, S, v, K))
        m, P = mp + K * v, (1 - K) * Pp
    return nll, (a, tape)


def kalman_nll_backward(g, cache):
    a, tape = cache
    da = dq = dr = dm = dP = 0.0
    dy = []
    for yt, m, P, mp, Pp, S, v, K in reversed(tape):
        dmp = dm
        dK = dm * v - dP * Pp
        dv = dm * K + g * v / S
        dPp = dP * (1 - K) + dK / S
        dS = 0.5 * g * (1 / S - v * v / S**2) - dK * Pp / S**2
        dmp = dmp - dv
        dPp = dPp + dS
        dy.insert(0, dv)
        dr += dS
        dq += dPp
        da += dmp * m + 2 * a * P * dPp
        dm = dmp * a
        dP = dPp * a * a
    return np.array(dy), da, dq, dr


_p = {
    "g1": _a(6) + 1,
    "b1": _a(6),
    "Wqkv": _a(6, 12),
    "Wo": _a(4, 6),
    "g2": _a(6) + 1,
    "b2": _a(6),
    "W1": _a(6, 8),
    "W2": _a(8, 6),
}

# fmt: off
PAIRS = {
    "char_lstm": (char_lstm, None, ([0, 2, 0, 3], [2, 1, 3, 0], _a(4, 12), _a(3, 12), _a(12), _a(3, 4), _a(4)), [
        ("dWx[inputs[t]] += dz", "dWx[inputs[t]] = dz"),
        ("do * o * (1 - o)", "do * (1 - o**2)"),
        ("dh = dot(Why, dy) + dh_next", "dh = dot(Why, dy)"),
        ("dc_next = dc * f", "dc_next = dc * i"),
        ("dc * c[t - 1], dh", "dc * c[t], dh"),
    ]),
    "gru": (gru, gru_backward, (_a(2, 4, 3), _a(2, 5), _a(3, 5), _a(3, 5) + .1, _a(3, 5) - .1, _a(5, 5), _a(5, 5) + .1, _a(5, 5) - .2), [
        ("da_z = dh * (hh - hp)", "da_z = dh * (hp - hh)"),
        ("(r * hp).T @ da_h", "hp.T @ da_h"),
        ("+ drh * r +", "+ drh +"),
        ("dh = dh * (1 - z) + drh", "dh = dh * z + drh"),
        ("da_r = drh * hp *", "da_r = drh *"),
    ]),
    "temporal_affine": (temporal_affine_forward, temporal_affine_backward, (_a(2, 3, 4), _a(4, 5), _a(5)), [
        ("dout.sum(axis=(0, 1))", "dout.sum(axis=0)"),
        (".dot(w.T).reshape(N, T, D)", ".dot(w.T).reshape(T, N, D).transpose(1, 0, 2)"),
        ("dout.reshape(N * T, M).T.dot(x.reshape(N * T, D)).T", "dout.reshape(N * T, M).T.dot(x.reshape(N * T, D))"),
    ]),
    "temporal_softmax_loss": (temporal_softmax_loss, None, (_a(3, 4, 5), np.arange(12).reshape(3, 4) % 5, (np.arange(12) % 3 > 0).reshape(3, 4)), [
        ("dx_flat /= N", "dx_flat /= N * T"),
        ("dx_flat[np.arange(N * T), y_flat] -= 1", "dx_flat[np.arange(N * T), y_flat] += 1"),
        ("dx_flat *= mask_flat[:, None]", "dx_flat *= 1 - mask_flat[:, None]"),
    ]),
    "captioning_loss": (captioning_loss, None, (_a(2, 4), np.array([[0, 1, 2, 3], [0, 2, 2, 1]]), _a(4, 3), _a(3), _a(5, 2), _a(2, 3), _a(3, 3), _a(3), _a(3, 5), _a(5)), [
        ("np.add.at(grads[\"W_embed\"], cin, demb)", "grads[\"W_embed\"][cin] += demb"),
        ("before = h[:, t - 1] if t > 0 else h0", "before = h[:, t]"),
        ("da = (dh[:, t] + dprev)", "da = (dh[:, t])"),
        ('grads["b_proj"] = dprev.sum(axis=0)', 'grads["b_proj"] = dprev.mean(axis=0)'),
        ("dscores[rows, cols, cout] -= 1", "dscores[rows, cols, cin] -= 1"),
    ]),
    "multi_query": (multi_query, multi_query_backward, (_a(2, 3, 4), _a(4, 6), _a(4, 3), _a(4, 3) + .3, _a(6, 5)), [
        ("dk = (dlog.swapaxes(-1, -2) @ q).sum(axis=1)", "dk = (dlog.swapaxes(-1, -2) @ q).mean(axis=1)"),
        ("keepdims=True)) * scale", "keepdims=True))"),
        ("dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T", "dx = dq @ Wq.T + dk @ Wk.T"),
        ("dv = (att.swapaxes(-1, -2) @ dy)", "dv = (att @ dy)"),
    ]),
    "linear_attention": (linear_attention, linear_attention_backward, (_a(4, 3), _a(5, 3), _a(5, 2)), [
        ("dden = -(dO * num)", "dden = (dO * num)"),
        ("dphiK = V @ dKV.T + dz", "dphiK = V @ dKV.T"),
        ("dK = dphiK * np.where(K > 0, 1, np.exp(K))", "dK = dphiK * np.where(Q[:1] > 0, 1, np.exp(K))"),
        ("/ den**2", "/ den"),
    ]),
    "rope_interleaved": (rope_interleaved, rope_interleaved_backward, (_a(4, 6),), [
        ("even * np.cos(ang) + odd", "even * np.cos(ang) - odd"),
        ("odd * np.cos(ang) - even * np.sin(ang)", "odd * np.sin(ang) - even * np.cos(ang)"),
        ("dx[:, 1::2] = odd", "dx[:, 1::2] = even"),
    ]),
    "alibi_attention": (alibi_attention, alibi_attention_backward, (_a(4, 3), _a(4, 3) + .2, _a(4, 2)), [
        ("return ds @ k, ds.T @ q, dv", "return ds @ k, ds @ q, dv"),
        ("q.shape[1] ** 0.5", "q.shape[1]"),
        ("np.sum(w * dw, axis=1)", "np.sum(w * dw, axis=0)"),
    ]),
    "block": (block, block_backward, (_a(3, 6), _p), [
        ("(1 + 3 * 0.044715 * u**2)", "(1 + 0.044715 * u**2)"),
        ("return dx + dx1, g", "return dx, g"),
        ("[ds @ k, ds.T @ q, dv]", "[ds @ k, ds @ q, dv]"),
        ('da = dqkv @ p["Wqkv"].T', 'da = dqkv @ p["Wqkv"].T * 2'),
    ]),
    "message_passing": (message_passing, message_passing_backward, (_a(4, 3), _a(3, 2), _a(3, 2) - .4), [
        ("dmsg = dagg[DST]", "dmsg = dagg[SRC]"),
        ("np.add.at(dh, SRC, dpre @ W.T)", "dh[SRC] += dpre @ W.T"),
        ("dagg = dout / deg", "dagg = dout * deg"),
        ("np.add.at(dh, SRC,", "np.add.at(dh, DST,"),
    ]),
    "graph_attention": (graph_attention, graph_attention_backward, (_a(5, 3), _a(3, 4), _a(4), _a(4) - .3), [
        ("da_src = z.T @ s", "da_src = z.T @ t"),
        ("np.where(e > 0, 1.0, 0.2)", "np.where(e > 0, 1.0, 0.0)"),
        ("dz += np.outer(s, a_src)", "dz = np.outer(s, a_src)"),
        ("dz = alpha.T @ dout", "dz = alpha @ dout"),
    ]),
    "crf_nll": (crf_nll, crf_nll_backward, (_a(5, 3), _a(3, 3), np.array([0, 2, 1, 1, 0])), [
        ("dE[np.arange(T), tags] -= 1", "dE[np.arange(T), tags] += 1"),
        ("np.subtract.at(dT, (tags[:-1], tags[1:]), 1)", "dT[tags[:-1], tags[1:]] -= 2"),
        ("beta = logsumexp(transitions + emissions[t] + beta, axis=1)", "beta = logsumexp(transitions + emissions[t] + beta, axis=0)"),
        ("joint = alphas[t - 1][:, None] + transitions", "joint = alphas[t][:, None] + transitions"),
    ]),
    "hmm_loglik": (hmm_loglik, hmm_loglik_backward, (_a(3), _a(3, 3), np.abs(_a(5, 3)) + .1), [
        ("b = A @ (B[t] * b) / cs[t]", "b = A.T @ (B[t] * b) / cs[t]"),
        ("dlp = pi * (dpi - dpi @ pi)", "dlp = pi * dpi"),
        ("np.outer(fs[t - 1], B[t] * b) / cs[t]", "np.outer(fs[t - 1], B[t] * b)"),
        ("(dA * A).sum(1, keepdims=True)", "(dA * A).sum(0, keepdims=True)"),
    ]),
    "ctc": (ctc, ctc_backward, (_a(5, 4), [1, 2]), [
        ("return dloss * (np.exp(logp) - post)", "return dloss * (logp - post)"),
        ("return dloss * (np.exp(logp) - post)", "return dloss * (post - np.exp(logp))"),
        ("post[:, ext[s]] += np.exp", "post[:, ext[s]] = np.exp"),
    ]),
    "residual_mlp": (residual_mlp, residual_mlp_vjp, (_a(4, 3), _a(3, 5), _a(5), _a(5, 3), _a(3)), [
        ("dx, dW1, db1, dW2, db2 = pull(dy)", "dx, dW1, db1, dW2, db2 = pull(-dy)"),
        ("return dx, dW1, db1", "return dx, dW1, -db1"),
        ("return dx, dW1", "return 2 * dx, dW1"),
    ]),
    "smoothing": (smoothing, smoothing_backward, (_a(6), 0.3, 0.1), [
        ("ds = ds - derr", "ds = -derr"),
        ("derr = 2 * err * dloss / n", "derr = err * dloss / n"),
        ("+ ds * alpha", "+ alpha"),
        ("dalpha += ds * err", "dalpha += derr * err"),
    ]),
    "kalman": (kalman_nll, kalman_nll_backward, (_a(5), 0.9, 0.4, 0.5), [
        ("- dK * Pp / S**2", "+ dK * Pp / S**2"),
        ("2 * a * P * dPp", "a * P * dPp"),
        ("dP = dPp * a * a", "dP = dPp * a"),
        ("dmp = dmp - dv", "dmp = dmp + dv"),
        ("dK = dm * v - dP * Pp", "dK = dm * v"),
    ]),
}
# fmt: on
