"""What came after the courses: layers of large models, losses, graphs, tied weights, in many hands."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
from numpy.lib.stride_tricks import as_strided


# ── normalisations and gates ────────────────────────────────────────────────────────────────
@dataclass
class NormCache:
    x: np.ndarray
    rms: np.ndarray
    normed: np.ndarray
    weight: np.ndarray


def rms_norm(x, weight, eps=1e-6):
    rms = np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)
    normed = x / rms
    return normed * weight, NormCache(x, rms, normed, weight)


def rms_norm_backward(dout, cache):
    d_weight = (dout * cache.normed).reshape(-1, cache.x.shape[-1]).sum(0)
    d_normed = dout * cache.weight
    inner = np.mean(d_normed * cache.normed, axis=-1, keepdims=True)
    d_x = (d_normed - cache.normed * inner) / cache.rms
    return d_x, d_weight


def silu(z):
    return z / (1.0 + np.exp(-z))


def swiglu(x, w_gate, w_up, w_down):
    gate = x @ w_gate
    up = x @ w_up
    hidden = silu(gate) * up
    return hidden @ w_down, {"x": x, "gate": gate, "up": up, "hidden": hidden,
                             "w": (w_gate, w_up, w_down)}  # fmt: skip


def swiglu_backward(dout, cache):
    x, gate, up, hidden = (cache[k] for k in ("x", "gate", "up", "hidden"))
    w_gate, w_up, w_down = cache["w"]
    sig = 1.0 / (1.0 + np.exp(-gate))
    g_down = hidden.T @ dout
    g_hidden = dout @ w_down.T
    g_up_act = g_hidden * gate * sig
    g_gate_act = g_hidden * up * sig * (1 + gate * (1 - sig))
    g_x = g_gate_act @ w_gate.T + g_up_act @ w_up.T
    return g_x, x.T @ g_gate_act, x.T @ g_up_act, g_down


def rotary(x, theta):
    half = x.shape[-1] // 2
    c, s = np.cos(theta), np.sin(theta)
    x1, x2 = x[..., :half], x[..., half:]
    return np.concatenate([x1 * c - x2 * s, x1 * s + x2 * c], axis=-1), (x, theta, c, s)


def rotary_backward(dout, cache):
    x, theta, c, s = cache
    half = x.shape[-1] // 2
    x1, x2 = x[..., :half], x[..., half:]
    g1, g2 = np.split(dout, 2, axis=-1)
    dx1 = g1 * c + g2 * s
    dx2 = g2 * c - g1 * s
    dtheta = g1 * (-x1 * s - x2 * c) + g2 * (x1 * c - x2 * s)
    return np.concatenate([dx1, dx2], axis=-1), dtheta.sum(axis=0)


def lora(x, W, A, B, alpha=4.0):
    scale = alpha / A.shape[1]
    low = x @ A
    y = x @ W + scale * (low @ B)
    return y, (x, W, A, B, low, scale)


def lora_backward(dy, cache):
    x, W, A, B, low, scale = cache
    grad = SimpleNamespace()
    grad.low = scale * dy @ B.T
    grad.B = scale * low.T @ dy
    grad.A = x.T @ grad.low
    grad.x = dy @ W.T + grad.low @ A.T
    grad.W = x.T @ dy
    return grad.x, grad.W, grad.A, grad.B


def mixture(x, Wg, We):
    logits = np.einsum("nd,de->ne", x, Wg)
    e = np.exp(logits - logits.max(1, keepdims=True))
    gate = e / e.sum(1, keepdims=True)
    experts = np.einsum("nd,edh->neh", x, We)
    y = np.einsum("ne,neh->nh", gate, experts)
    return y, (x, Wg, We, gate, experts)


def mixture_backward(dy, cache):
    x, Wg, We, gate, experts = cache
    dgate = np.einsum("nh,neh->ne", dy, experts)
    dexperts = np.einsum("nh,ne->neh", dy, gate)
    dWe = np.einsum("nd,neh->edh", x, dexperts)
    dlogits = gate * (dgate - np.einsum("ne,ne->n", gate, dgate)[:, None])
    dWg = np.einsum("nd,ne->de", x, dlogits)
    dx = np.einsum("neh,edh->nd", dexperts, We) + np.einsum("ne,de->nd", dlogits, Wg)
    return dx, dWg, dWe


def squeeze_excite(x, W1, W2):
    s = x.mean(axis=(2, 3))
    z = np.maximum(s @ W1, 0)
    scale = 1 / (1 + np.exp(-(z @ W2)))
    return x * scale[:, :, None, None], (x, s, z, scale, W1, W2)


def squeeze_excite_backward(dout, cache):
    x, s, z, scale, W1, W2 = cache
    H, W = x.shape[2:]
    dscale = (dout * x).sum(axis=(2, 3))
    da = dscale * scale * (1 - scale)
    dW2 = z.T @ da
    dz = da @ W2.T
    dz[z <= 0] = 0
    dW1 = s.T @ dz
    ds = dz @ W1.T
    dx = dout * scale[:, :, None, None] + ds[:, :, None, None] / (H * W)
    return dx, dW1, dW2


def weight_norm(x, v, g):
    length = np.sqrt((v**2).sum(0))
    w = g * v / length
    return x.dot(w), (x, v, g, length, w)


def weight_norm_backward(dy, cache):
    x, v, g, length, w = cache
    dx = dy.dot(w.T)
    dw = x.T.dot(dy)
    dg = (dw * v).sum(0) / length
    dv = dw * g / length - g * dg * v / length**2
    return dx, dv, dg


# ── losses ──────────────────────────────────────────────────────────────────────────────────
def dice(p, t):
    inter = np.sum(p * t)
    union = np.sum(p) + np.sum(t)
    return 1 - (2 * inter + 1) / (union + 1)


def dice_backward(dl, p, t):
    inter = np.sum(p * t)
    union = np.sum(p) + np.sum(t)
    dinter = -2 * dl / (union + 1)
    dunion = dl * (2 * inter + 1) / (union + 1) ** 2
    return dinter * t + dunion, None


def quantile_loss(pred, target, tau):
    err = target - pred
    return np.mean(np.maximum(tau * err, (tau - 1) * err))


def quantile_loss_backward(dl, pred, target, tau):
    err = target - pred
    n = err.size
    derr = np.where(err > 0, tau, tau - 1) * dl / n
    return -derr, derr


def info_nce(a, b, temperature=0.5):
    logits = a @ b.T / temperature
    m = logits.max(axis=1, keepdims=True)
    lse = np.log(np.exp(logits - m).sum(axis=1)) + m[:, 0]
    loss = np.mean(lse - np.diag(logits))
    return loss, (a, b, logits, lse, temperature)


def info_nce_backward(dloss, cache):
    a, b, logits, lse, temperature = cache
    n = len(a)
    probs = np.exp(logits - lse[:, None])
    dlogits = dloss * (probs - np.eye(n)) / n
    da = dlogits @ b / temperature
    db = dlogits.T @ a / temperature
    return da, db


def contrastive(x1, x2, y, margin):
    diff = x1 - x2
    d = np.sqrt(np.sum(diff**2, axis=1))
    hinge = np.maximum(margin - d, 0)
    loss = np.sum(y * d**2 + (1 - y) * hinge**2) / (2 * len(y))
    return loss, (diff, d, hinge, y)


def contrastive_backward(dloss, cache):
    diff, d, hinge, y = cache
    dd = dloss * (y * d - (1 - y) * hinge) / len(y)
    ddiff = dd[:, None] * diff / d[:, None]
    return ddiff, -ddiff


def gan_losses(real, fake):
    loss_d = np.mean(np.log1p(np.exp(-real))) + np.mean(np.log1p(np.exp(fake)))
    return loss_d


def gan_losses_backward(g, real, fake):
    s = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    d_real = -g * s(-real) / real.size
    d_fake = g * s(fake) / fake.size
    return d_real, d_fake


def glove(W, C, bw, bc, X):
    f = np.minimum(1.0, (X / 10.0) ** 0.75)
    err = W @ C.T + bw[:, None] + bc[None, :] - np.log(X)
    return 0.5 * np.sum(f * err**2), (W, C, f, err)


def glove_backward(dJ, cache):
    W, C, f, err = cache
    g = dJ * f * err
    return {"W": g @ C, "C": g.T @ W, "bw": g.sum(axis=1), "bc": g.sum(axis=0)}


# ── structures ──────────────────────────────────────────────────────────────────────────────
def graph_conv(A, H, W):
    deg = A.sum(1)
    D = np.diag(1 / np.sqrt(deg))
    S = D @ A @ D
    Z = S @ H @ W
    return np.tanh(Z), (S, H, W, Z)


def graph_conv_of(A):
    def forward(H, W):
        return graph_conv(A, H, W)

    return forward


def graph_conv_backward(dout, cache):
    S, H, W, Z = cache
    dZ = dout * (1 - np.tanh(Z) ** 2)
    dW = (S @ H).T @ dZ
    dH = S.T @ dZ @ W.T
    return dH, dW


def deep_sets(X, P, R):
    phi = [np.maximum(x @ P, 0) for x in X]
    pooled = sum(phi) / len(phi)
    return pooled @ R, (X, P, R, phi, pooled)


def deep_sets_backward(dy, cache):
    X, P, R, phi, pooled = cache
    dR = np.outer(pooled, dy)
    dpooled = R @ dy
    dP = np.zeros_like(P)
    dX = np.empty_like(X)
    for i, (x, h) in enumerate(zip(X, phi)):  # noqa: B905
        dh = dpooled / len(phi) * (h > 0)
        dP += np.outer(x, dh)
        dX[i] = P @ dh
    return dX, dP, dR


def bilinear(a, W, b):
    return np.einsum("ni,kij,nj->nk", a, W, b), (a, W, b)


def bilinear_backward(dy, cache):
    a, W, b = cache
    return (
        np.einsum("nk,kij,nj->ni", dy, W, b),
        np.einsum("nk,ni,nj->kij", dy, a, b),
        np.einsum("nk,ni,kij->nj", dy, a, W),
    )


def conv1d(x, w, stride):
    N, C, L = x.shape
    F, _, K = w.shape
    out = (L - K) // stride + 1
    sn, sc, sl = x.strides
    windows = as_strided(x, shape=(N, C, out, K), strides=(sn, sc, sl * stride, sl))
    return np.tensordot(windows, w, axes=([1, 3], [1, 2])).transpose(0, 2, 1), (x, w, stride)


def conv1d_backward(dout, cache):
    x, w, stride = cache
    K = w.shape[2]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(dout.shape[2]):
        at = slice(t * stride, t * stride + K)
        dx[:, :, at] += np.einsum("nf,fck->nck", dout[:, :, t], w)
        dw += np.einsum("nf,nck->fck", dout[:, :, t], x[:, :, at])
    return dx, dw


def tied_autoencoder(x, W, b, c):
    h = np.tanh(x @ W + b)
    r = h @ W.T + c
    loss = np.sum((r - x) ** 2) / len(x)
    return loss, dict(x=x, W=W, h=h, r=r)  # noqa: C408


def tied_autoencoder_backward(dloss, cache):
    x, W, h, r = cache["x"], cache["W"], cache["h"], cache["r"]
    dr = 2 * dloss * (r - x) / len(x)
    dh = dr @ W
    dpre = dh * (1 - h * h)
    grads = {"W": dr.T @ h + x.T @ dpre, "b": dpre.sum(0), "c": dr.sum(0)}
    return {"d" + k: v for k, v in grads.items()}


def bidirectional(xs, Wf, Wb, U):
    def run(seq, W):
        h, states = np.zeros(W.shape[1]), []
        for x in seq:
            h = np.tanh(x @ U + h @ W)
            states.append(h)
        return states

    fwd = run(xs, Wf)
    bwd = run(xs[::-1], Wb)[::-1]
    return np.array([np.concatenate([f, b]) for f, b in zip(fwd, bwd)]), (xs, Wf, Wb, U, fwd, bwd)  # noqa: B905


def bidirectional_backward(dout, cache):
    xs, Wf, Wb, U, fwd, bwd = cache
    H = Wf.shape[1]
    dxs, dWf, dWb, dU = np.zeros_like(xs), np.zeros_like(Wf), np.zeros_like(Wb), np.zeros_like(U)
    carry = np.zeros(H)
    for t in reversed(range(len(xs))):
        da = (dout[t, :H] + carry) * (1 - fwd[t] ** 2)
        dxs[t] += U @ da
        dU += np.outer(xs[t], da)
        if t > 0:
            dWf += np.outer(fwd[t - 1], da)
        carry = Wf @ da
    carry = np.zeros(H)
    for t in range(len(xs)):
        da = (dout[t, H:] + carry) * (1 - bwd[t] ** 2)
        dxs[t] += U @ da
        dU += np.outer(xs[t], da)
        if t + 1 < len(xs):
            dWb += np.outer(bwd[t + 1], da)
        carry = Wb @ da
    return dxs, dWf, dWb, dU


def seq2seq_attention(enc, dec, Wa):
    scores = dec @ Wa @ enc.T
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    alpha = e / np.sum(e, axis=1, keepdims=True)
    context = alpha @ enc
    return np.hstack([context, dec]), (enc, dec, Wa, alpha)


def seq2seq_attention_backward(dout, cache):
    enc, dec, Wa, alpha = cache
    H = enc.shape[1]
    dcontext, ddec = dout[:, :H], dout[:, H:].copy()
    dalpha = dcontext @ enc.T
    denc = alpha.T @ dcontext
    dscores = alpha * (dalpha - np.sum(dalpha * alpha, axis=1, keepdims=True))
    ddec += dscores @ enc @ Wa.T
    dWa = dec.T @ dscores @ enc
    denc += dscores.T @ dec @ Wa
    return denc, ddec, dWa


def one_step(params, x, y):
    """A step of training: the loss after one update by hand."""
    W, b = params["W"], params["b"]
    return np.mean((x @ W + b - y) ** 2)


def one_step_backward(dL, params, x, y):
    residual = x @ params["W"] + params["b"] - y
    dres = 2 * dL * residual / residual.size
    return {"W": x.T @ dres, "b": dres.sum(axis=0)}


def batch_renorm(x, gamma, beta, r, d):
    mu = x.mean(0)
    sigma = np.sqrt(x.var(0) + 1e-5)
    xhat = (x - mu) / sigma * r + d
    return gamma * xhat + beta, (x, mu, sigma, xhat, gamma, r)


def batch_renorm_backward(dy, cache):
    x, mu, sigma, xhat, gamma, r = cache
    m = x.shape[0]
    dbeta = dy.sum(0)
    dgamma = (dy * xhat).sum(0)
    dxhat = dy * gamma * r
    dsigma = (dxhat * (x - mu)).sum(0) * -1 / sigma**2
    dmu = -(dxhat / sigma).sum(0)
    dx = dxhat / sigma + dsigma * (x - mu) / (m * sigma) + dmu / m
    return dx, dgamma, dbeta


def _a(*shape):
    return np.random.default_rng(sum(shape) + 7 * len(shape)).standard_normal(shape)


_p = 1 / (1 + np.exp(-_a(4, 5)))
_t = (_a(5, 4).T > 0).astype(float)
_R, _D = np.array([0.9, 1.1, 1.3]), np.array([0.1, -0.2, 0.3])


# ── densities, policies, lists, micro-batches ───────────────────────────────────────────────
def _soft(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def mixture_density(h, y, Wp, Wm, Ws):
    logits, mu, s = h @ Wp, h @ Wm, np.exp(h @ Ws)
    pi = _soft(logits)
    g = np.exp(-0.5 * ((y[:, None] - mu) / s) ** 2) / s
    tot = (pi * g).sum(1)
    return -np.log(tot).mean(), (h, y, pi, mu, s, g, tot)


def mixture_density_backward(dL, cache):
    h, y, pi, mu, s, g, tot = cache
    n = len(y)
    gamma = pi * g / tot[:, None]
    dlogits = dL * (pi - gamma) / n
    u = (y[:, None] - mu) / s
    dmu = -dL * gamma * u / s / n
    dlogs = -dL * gamma * (u**2 - 1) / n
    return {"Wp": h.T @ dlogits, "Wm": h.T @ dmu, "Ws": h.T @ dlogs}


def ppo(logp, old, adv, clip=0.2):
    r = np.exp(logp - old)
    clipped = np.clip(r, 1 - clip, 1 + clip)
    return -np.minimum(r * adv, clipped * adv).mean(), (r, clipped, adv)


def ppo_backward(d, cache):
    r, clipped, adv = cache
    dl = -d / len(r)
    dr = dl * adv * (r * adv <= clipped * adv)
    return dr * r, -dr * r


def log_cosh(p, t):
    return np.log(np.cosh(p - t)).sum(axis=1), p - t


def log_cosh_backward(dl, diff):
    g = np.tanh(diff) * dl[:, None]
    return g, -g


def scalar_mix(layers, w, gamma):
    p = _soft(w)
    return gamma * sum(p[i] * layers[i] for i in range(len(layers))), (layers, p, gamma)


def scalar_mix_backward(dout, cache):
    layers, p, gamma = cache
    dlayers = [gamma * pi * dout for pi in p]
    dp = np.array([gamma * np.sum(dout * L) for L in layers])
    dw = p * (dp - np.dot(p, dp))
    dgamma = np.sum(dout * sum(pi * L for pi, L in zip(p, layers, strict=True)))
    return dlayers, dw, dgamma


def micro_batches(W, X, Y):
    loss, dW = 0.0, np.zeros_like(W)
    for k in range(0, len(X), 2):
        xb, yb = X[k : k + 2], Y[k : k + 2]
        r = xb @ W - yb
        loss += (r**2).sum() / len(X)
        dW += 2 * xb.T @ r / len(X)
    return loss, {"W": dW}


PAIRS = {
    "rms_norm": (
        rms_norm, rms_norm_backward, (_a(2, 3, 4), _a(4)),
        [
            ("d_normed - cache.normed * inner", "d_normed + cache.normed * inner"),
            ("inner = np.mean(", "inner = np.sum("),
            ("d_normed = dout * cache.weight", "d_normed = dout"),
        ],
    ),
    "swiglu": (
        swiglu, swiglu_backward, (_a(3, 4), _a(4, 5), _a(4, 5) + 1, _a(5, 4)),
        [
            ("(1 + gate * (1 - sig))", "(1 + gate * sig)"),
            ("g_up_act = g_hidden * gate * sig", "g_up_act = g_hidden * sig"),
            ("g_x = g_gate_act @ w_gate.T + g_up_act @ w_up.T", "g_x = g_gate_act @ w_gate.T"),
        ],
    ),
    "rotary": (
        rotary, rotary_backward, (_a(3, 5, 4), _a(5, 2)),
        [
            ("dx2 = g2 * c - g1 * s", "dx2 = g2 * c + g1 * s"),
            ("g2 * (x1 * c - x2 * s)", "g2 * (x1 * c + x2 * s)"),
            ("dx1 = g1 * c + g2 * s", "dx1 = g1 * s + g2 * c"),
        ],
    ),
    "lora": (
        lora, lora_backward, (_a(3, 4), _a(4, 5), _a(4, 2), _a(2, 5)),
        [
            ("grad.low = scale * dy @ B.T", "grad.low = dy @ B.T"),
            ("grad.x = dy @ W.T + grad.low @ A.T", "grad.x = dy @ W.T"),
            ("grad.B = scale * low.T @ dy", "grad.B = low.T @ dy"),
        ],
    ),
    "mixture": (
        mixture, mixture_backward, (_a(3, 4), _a(4, 2), _a(2, 4, 5)),
        [
            ('dgate - np.einsum("ne,ne->n", gate, dgate)[:, None]', "dgate"),
            ('np.einsum("nh,ne->neh", dy, gate)', 'np.einsum("nh,ne->neh", dy, dgate)'),
            ('dx = np.einsum("neh,edh->nd", dexperts, We) + np.einsum("ne,de->nd", dlogits, Wg)',
             'dx = np.einsum("neh,edh->nd", dexperts, We)'),
        ],
    ),
    "squeeze_excite": (
        squeeze_excite, squeeze_excite_backward, (_a(2, 3, 4, 5), _a(3, 2), _a(2, 3)),
        [
            ("/ (H * W)", "/ H"),
            ("da = dscale * scale * (1 - scale)", "da = dscale * scale * (1 + scale)"),
            ("dz[z <= 0] = 0", "dz[s @ W1 > 0] = 0"),
        ],
    ),
    "weight_norm": (
        weight_norm, weight_norm_backward, (_a(3, 4), _a(4, 5), _a(5)),
        [
            ("- g * dg * v / length ** 2", "+ g * dg * v / length ** 2"),
            ("g * dg * v / length ** 2", "g * dg * v / length"),
            ("dg = (dw * v).sum(0) / length", "dg = (dw * v).sum(0)"),
        ],
    ),
    "dice": (
        dice, dice_backward, (_p, _t),
        [
            ("dinter = -2 * dl", "dinter = -dl"),
            ("/ (union + 1) ** 2", "/ (union + 1)"),
            ("dinter * t + dunion", "dinter * t - dunion"),
        ],
    ),
    "quantile_loss": (
        quantile_loss, quantile_loss_backward, (_a(3, 4), _a(4, 4)[:3], 0.3),
        [
            ("return -derr, derr", "return derr, derr"),
            ("tau, tau - 1", "tau, 1 - tau"),
            ("* dl / n", "* dl"),
        ],
    ),
    "info_nce": (
        info_nce, info_nce_backward, (_a(4, 3), _a(4, 3) + 0.5),
        [
            ("probs - np.eye(n)", "probs + np.eye(n)"),
            ("db = dlogits.T @ a / temperature", "db = dlogits @ a / temperature"),
            ("da = dlogits @ b / temperature", "da = dlogits @ b * temperature"),
        ],
    ),
    "contrastive": (
        contrastive, contrastive_backward, (_a(4, 3), _a(4, 4)[:, :3], np.array([1, 0, 1, 0]), 5.0),
        [
            ("(y * d - (1 - y) * hinge)", "(y * d + (1 - y) * hinge)"),
            ("diff / d[:, None]", "diff"),
            ("return ddiff, -ddiff", "return ddiff, ddiff"),
        ],
    ),
    "gan_losses": (
        gan_losses, gan_losses_backward, (_a(4), _a(5)),
        [
            ("d_real = -g * s(-real)", "d_real = -g * s(real)"),
            ("/ fake.size", "/ real.size"),
            ("d_fake = g * s(fake)", "d_fake = -g * s(fake)"),
        ],
    ),
    "glove": (
        glove, glove_backward, (_a(4, 2), _a(3, 2), _a(4), _a(3), np.arange(1, 13).reshape(4, 3)),
        [
            ("g = dJ * f * err", "g = 2 * dJ * f * err"),
            ('"C": g.T @ W', '"C": g.T @ C'),
            ('"bw": g.sum(axis=1)', '"bw": g.mean(axis=1)'),
        ],
    ),
    "graph_conv": (
        graph_conv_of(np.eye(4) + np.eye(4, k=1) + np.eye(4, k=-1)), graph_conv_backward,
        (_a(4, 3), _a(3, 2)),
        [
            ("dZ = dout * (1 - np.tanh(Z) ** 2)", "dZ = dout * (1 - Z ** 2)"),
            ("dH = S.T @ dZ @ W.T", "dH = dZ @ W.T"),
            ("dW = (S @ H).T @ dZ", "dW = H.T @ dZ"),
        ],
    ),
    "deep_sets": (
        deep_sets, deep_sets_backward, (_a(5, 3), _a(3, 4), _a(4, 2)),
        [
            ("dh = dpooled / len(phi) * (h > 0)", "dh = dpooled * (h > 0)"),
            ("dP += np.outer(x, dh)", "dP = np.outer(x, dh)"),
            ("dX[i] = P @ dh", "dX[i] = P @ dpooled"),
        ],
    ),
    "bilinear": (
        bilinear, bilinear_backward, (_a(3, 4), _a(2, 4, 5), _a(3, 5)),
        [
            ('np.einsum("nk,ni,nj->kij", dy, a, b)', 'np.einsum("nk,ni,nj->kij", dy, a, -b)'),
            ('np.einsum("nk,ni,kij->nj", dy, a, W)', '2 * np.einsum("nk,ni,kij->nj", dy, a, W)'),
            ('np.einsum("nk,kij,nj->ni", dy, W, b)', 'np.einsum("nk,kij,nj->ni", dy, W, b) / len(a)'),
        ],
    ),
    "conv1d": (
        conv1d, conv1d_backward, (_a(2, 3, 9), _a(2, 3, 3), 2),
        [
            ("dx[:, :, at] += np.einsum", "dx[:, :, at] = np.einsum"),
            ("at = slice(t * stride, t * stride + K)", "at = slice(t, t + K)"),
            ("dw += np.einsum", "dw -= np.einsum"),
        ],
    ),
    "tied_autoencoder": (
        tied_autoencoder, tied_autoencoder_backward, (_a(4, 3), _a(3, 2), _a(2), _a(3)),
        [
            ('"W": dr.T @ h + x.T @ dpre', '"W": x.T @ dpre'),
            ("dpre = dh * (1 - h * h)", "dpre = dh * (1 - h)"),
            ("dr = 2 * dloss * (r - x)", "dr = dloss * (r - x)"),
        ],
    ),
    "bidirectional": (
        bidirectional, bidirectional_backward, (_a(4, 3), _a(2, 2), _a(2, 2) + 0.3, _a(3, 2)),
        [
            ("da = (dout[t, :H] + carry)", "da = (dout[t, :H])"),
            ("dWb += np.outer(bwd[t + 1], da)", "dWb += np.outer(bwd[t], da)"),
            ("carry = Wf @ da", "carry = Wf.T @ da"),
        ],
    ),
    "seq2seq_attention": (
        seq2seq_attention, seq2seq_attention_backward, (_a(4, 3), _a(5, 3), _a(3, 3)),
        [
            ("dWa = dec.T @ dscores @ enc", "dWa = (dec.T @ dscores @ enc).T"),
            ("denc += dscores.T @ dec @ Wa", "denc += dscores.T @ dec"),
            ("ddec += dscores @ enc @ Wa.T", "ddec = dscores @ enc @ Wa.T"),
        ],
    ),
    "one_step": (
        one_step, one_step_backward, ({"W": _a(3, 2), "b": _a(2)}, _a(4, 3), _a(4, 2)),
        [
            ("dres = 2 * dL * residual / residual.size", "dres = 2 * dL * residual / len(residual)"),
            ('"b": dres.sum(axis=0)', '"b": dres.mean(axis=0)'),
            ('"W": x.T @ dres', '"W": -x.T @ dres'),
        ],
    ),
    "batch_renorm": (
        batch_renorm, batch_renorm_backward, (_a(5, 3), _a(3), _a(3) + 1, _R, _D),
        [
            ("dxhat = dy * gamma * r", "dxhat = dy * r"),
            ("* -1 / sigma ** 2", "* -1 / sigma"),
            ("dsigma * (x - mu) / (m * sigma)", "dsigma * (x - mu) / sigma"),
        ],
    ),
    "mixture_density": (
        mixture_density, mixture_density_backward,
        (_a(5, 3), 9 * _a(5, 1)[:, 0], _a(3, 2), _a(3, 2), _a(3, 2)),
        [
            ("dL * (pi - gamma) / n", "dL * (gamma - pi) / n"),
            ("gamma * u / s / n", "gamma * u / n"),
            ("(u ** 2 - 1)", "(u ** 2 + 1)"),
        ],
    ),
    "ppo": (
        ppo, ppo_backward, (0.3 * _a(7), 0.3 * _a(8)[:7], _a(9)[:7]),
        [
            ("dl = -d / len(r)", "dl = d / len(r)"),
            ("(r * adv <= clipped * adv)", "(r * adv >= clipped * adv)"),
            ("return dr * r, -dr * r", "return dr, -dr * r"),
        ],
    ),
    "log_cosh": (
        log_cosh, log_cosh_backward, (_a(3, 4), _a(4, 4)[:3]),
        [
            ("np.tanh(diff)", "np.cosh(diff)"),
            ("return g, -g", "return g, g"),
            (" * dl[:, None]", ""),
        ],
    ),
    "scalar_mix": (
        scalar_mix, scalar_mix_backward, ([_a(2, 3), _a(3, 3)[:2], _a(4, 3)[:2]], _a(3), 0.8),
        [
            ("dw = p * (dp - np.dot(p, dp))", "dw = p * dp"),
            ("dgamma = np.sum", "dgamma = np.mean"),
            ("gamma * pi * dout", "pi * dout"),
        ],
    ),
    "micro_batches": (
        micro_batches, None, (_a(3, 2), _a(6, 3), _a(6, 2)),
        [
            ("dW += 2 * xb.T @ r / len(X)", "dW = 2 * xb.T @ r / len(X)"),
            ("dW += 2 * xb.T @ r / len(X)", "dW += xb.T @ r / len(X)"),
            ("dW += 2 * xb.T @ r / len(X)", "dW += 2 * xb.T @ r / len(xb)"),
        ],
    ),
}  # fmt: skip
