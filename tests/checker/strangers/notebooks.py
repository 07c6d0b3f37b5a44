"""What stands in notebooks: whole networks with their losses, sequences, loops over time."""

from dataclasses import dataclass

import numpy as np

_rng = np.random.default_rng(43)


def _a(*shape):
    return _rng.normal(size=shape)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


# ── a network in the manner of a well-known book: column vectors, lists of layers ────────────
def feedforward_cost(weights, biases, x, y):
    activation = x
    activations = [x]
    zs = []
    for b, w in zip(biases, weights):
        z = np.dot(w, activation) + b
        zs.append(z)
        activation = sigmoid(z)
        activations.append(activation)
    cost = 0.5 * np.sum((activation - y) ** 2)
    return cost, (weights, biases, activations, zs, y)


def feedforward_backprop(dcost, cache):
    weights, biases, activations, zs, y = cache
    nabla_b = [np.zeros(b.shape) for b in biases]
    nabla_w = [np.zeros(w.shape) for w in weights]
    delta = dcost * (activations[-1] - y) * sigmoid_prime(zs[-1])
    nabla_b[-1] = delta
    nabla_w[-1] = np.dot(delta, activations[-2].transpose())
    for l in range(2, len(weights) + 1):
        sp = sigmoid_prime(zs[-l])
        delta = np.dot(weights[-l + 1].transpose(), delta) * sp
        nabla_b[-l] = delta
        nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())
    return nabla_w, nabla_b


# ── every step by hand: a name-maker with a batchnorm in the middle ──────────────────────────
def makemore(params, Xb, Yb):
    C, W1, b1, W2, b2, bngain, bnbias = (params[k] for k in ("C", "W1", "b1", "W2", "b2", "bngain", "bnbias"))
    n = Xb.shape[0]
    emb = C[Xb]
    embcat = emb.reshape(n, -1)
    hprebn = embcat @ W1 + b1
    bnmeani = 1 / n * hprebn.sum(0, keepdims=True)
    bndiff = hprebn - bnmeani
    bndiff2 = bndiff**2
    bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdims=True)
    bnvar_inv = (bnvar + 1e-5) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = bngain * bnraw + bnbias
    h = np.tanh(hpreact)
    logits = h @ W2 + b2
    logit_maxes = logits.max(1, keepdims=True)
    norm_logits = logits - logit_maxes
    counts = np.exp(norm_logits)
    counts_sum = counts.sum(1, keepdims=True)
    counts_sum_inv = counts_sum**-1
    probs = counts * counts_sum_inv
    logprobs = np.log(probs)
    loss = -logprobs[range(n), Yb].mean()
    # by hand
    dlogprobs = np.zeros_like(logprobs)
    dlogprobs[range(n), Yb] = -1.0 / n
    dprobs = (1.0 / probs) * dlogprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdims=True)
    dcounts = counts_sum_inv * dprobs
    dcounts_sum = (-(counts_sum**-2)) * dcounts_sum_inv
    dcounts += np.ones_like(counts) * dcounts_sum
    dnorm_logits = counts * dcounts
    dlogits = dnorm_logits.copy()
    dlogit_maxes = (-dnorm_logits).sum(1, keepdims=True)
    dlogits += np.eye(logits.shape[1])[logits.argmax(1)] * dlogit_maxes
    dh = dlogits @ W2.T
    dW2 = h.T @ dlogits
    db2 = dlogits.sum(0)
    dhpreact = (1.0 - h**2) * dh
    dbngain = (bnraw * dhpreact).sum(0, keepdims=True)
    dbnraw = bngain * dhpreact
    dbnbias = dhpreact.sum(0, keepdims=True)
    dbndiff = bnvar_inv * dbnraw
    dbnvar_inv = (bndiff * dbnraw).sum(0, keepdims=True)
    dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
    dbndiff2 = (1.0 / (n - 1)) * np.ones_like(bndiff2) * dbnvar
    dbndiff += (2 * bndiff) * dbndiff2
    dhprebn = dbndiff.copy()
    dbnmeani = (-dbndiff).sum(0)
    dhprebn += 1.0 / n * (np.ones_like(hprebn) * dbnmeani)
    dembcat = dhprebn @ W1.T
    dW1 = embcat.T @ dhprebn
    db1 = dhprebn.sum(0)
    demb = dembcat.reshape(emb.shape)
    dC = np.zeros_like(C)
    for k in range(Xb.shape[0]):
        for j in range(Xb.shape[1]):
            ix = Xb[k, j]
            dC[ix] += demb[k, j]
    grads = {"C": dC, "W1": dW1, "b1": db1, "W2": dW2, "b2": db2, "bngain": dbngain, "bnbias": dbnbias}
    return loss, grads


# ── a language model of two recurrent layers, gradients clipped ─────────────────────────────
HPARAMS = {"clip": 50.0, "layers": 2}


def deep_rnn_loss(model, inputs, targets):
    xs, hs, ps = {}, {}, {}
    V = model["Why"].shape[0]
    H = model["Wh0"].shape[0]
    for l in range(HPARAMS["layers"]):
        hs[l, -1] = np.zeros((H, 1))
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((V, 1))
        xs[t][inputs[t]] = 1
        below = xs[t]
        for l in range(HPARAMS["layers"]):
            hs[l, t] = np.tanh(model[f"Wx{l}"] @ below + model[f"Wh{l}"] @ hs[l, t - 1])
            below = hs[l, t]
        y = model["Why"] @ below
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][targets[t], 0])
    grads = {k: np.zeros_like(v) for k, v in model.items()}
    dhnext = [np.zeros((H, 1)) for _ in range(HPARAMS["layers"])]
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        top = HPARAMS["layers"] - 1
        grads["Why"] += dy @ hs[top, t].T
        dbelow = model["Why"].T @ dy
        for l in range(top, -1, -1):
            dh = dbelow + dhnext[l]
            draw = (1 - hs[l, t] * hs[l, t]) * dh
            source = xs[t] if l == 0 else hs[l - 1, t]
            grads[f"Wx{l}"] += draw @ source.T
            grads[f"Wh{l}"] += draw @ hs[l, t - 1].T
            dhnext[l] = model[f"Wh{l}"].T @ draw
            dbelow = model[f"Wx{l}"].T @ draw
    for g in grads.values():
        np.clip(g, -HPARAMS["clip"], HPARAMS["clip"], out=g)
    return loss, grads


# ── generator through discriminator, least squares ──────────────────────────────────────────
def leaky(z, slope=0.2):
    return np.maximum(z, slope * z)


def mlp_forward(x, layers, last=lambda z: z):
    trail = []
    for i, p in enumerate(layers):
        z = x @ p["W"] + p["b"]
        trail.append((x, z))
        x = last(z) if i == len(layers) - 1 else leaky(z)
    return x, trail


def mlp_backward(dx, trail, layers, dlast=None):
    grads = []
    for i in range(len(layers) - 1, -1, -1):
        x, z = trail[i]
        if i < len(layers) - 1:
            dx = dx * np.where(z > 0, 1.0, 0.2)
        elif dlast is not None:
            dx = dx * dlast(z)
        grads.insert(0, {"W": x.T @ dx, "b": dx.sum(0)})
        dx = dx @ layers[i]["W"].T
    return dx, grads


def lsgan_generator(gen, disc, noise):
    fake, g_trail = mlp_forward(noise, gen, np.tanh)
    score, d_trail = mlp_forward(fake, disc)
    loss = 0.5 * np.mean((score - 1) ** 2)
    return loss, (gen, disc, g_trail, d_trail, score, fake)


def lsgan_generator_backward(dloss, cache):
    gen, disc, g_trail, d_trail, score, fake = cache
    dscore = dloss * (score - 1) / score.shape[0]
    dfake, d_grads = mlp_backward(dscore, d_trail, disc)
    dz = dfake * (1 - fake**2)
    _, g_grads = mlp_backward(dz, g_trail, gen)
    return g_grads, d_grads


# ── policy gradients ────────────────────────────────────────────────────────────────────────
def discount(rewards, gamma=0.99):
    out = np.zeros_like(rewards)
    running = 0.0
    for t in range(len(rewards) - 1, -1, -1):
        running = running * gamma + rewards[t]
        out[t] = running
    return out


def reinforce(W1, W2, states, actions, rewards, *, beta=0.01):
    h = states @ W1.T
    h[h < 0] = 0
    logits = h @ W2.T
    logp = logits - logits.max(1, keepdims=True)
    logp = logp - np.log(np.exp(logp).sum(1, keepdims=True))
    p = np.exp(logp)
    R = discount(rewards)
    R = (R - R.mean()) / R.std()
    entropy = -(p * logp).sum(1)
    loss = -(R * logp[np.arange(len(actions)), actions]).sum() - beta * entropy.sum()
    return loss, (W1, W2, states, actions, h, p, logp, entropy, R, beta)


def reinforce_backward(dloss, cache):
    W1, W2, states, actions, h, p, logp, entropy, R, beta = cache
    dlogits = p * R[:, None]
    dlogits[np.arange(len(actions)), actions] -= R
    dlogits += beta * p * (logp + entropy[:, None])
    dlogits *= dloss
    dW2 = dlogits.T @ h
    dh = dlogits @ W2
    dh[h <= 0] = 0
    dW1 = dh.T @ states
    return dW1, dW2


def dqn(params, target, batch):
    def q(p, s):
        z = np.maximum(0, s @ p["W1"] + p["b1"])
        return z, z @ p["W2"] + p["b2"]

    s, a, r, s2, done = batch
    z, qs = q(params, s)
    _, q2 = q(target, s2)
    y = r + 0.9 * (1 - done) * q2.max(axis=1)
    n = len(a)
    err = qs[np.arange(n), a] - y
    small = np.abs(err) <= 1
    loss = np.where(small, 0.5 * err**2, np.abs(err) - 0.5).mean()
    derr = np.where(small, err, np.sign(err)) / n
    dq = np.zeros_like(qs)
    dq[np.arange(n), a] = derr
    dz = dq @ params["W2"].T * (z > 0)
    grads = dict(W1=s.T @ dz, b1=dz.sum(axis=0), W2=z.T @ dq, b2=dq.sum(axis=0))
    return loss, grads


# ── memory: addressing as a Turing machine has it ───────────────────────────────────────────
def address(memory, key, beta, gate, shift, gamma, w_prev):
    mn = np.sqrt((memory**2).sum(1))
    kn = np.sqrt((key**2).sum())
    sim = memory @ key / (mn * kn)
    e = np.exp(beta * sim)
    wc = e / e.sum()
    wg = gate * wc + (1 - gate) * w_prev
    ws = shift[0] * np.roll(wg, -1) + shift[1] * wg + shift[2] * np.roll(wg, 1)
    powered = ws**gamma
    w = powered / powered.sum()
    return w, (memory, key, beta, gate, shift, gamma, w_prev, mn, kn, sim, wc, wg, ws, powered, w)


def address_backward(dw, cache):
    memory, key, beta, gate, shift, gamma, w_prev, mn, kn, sim, wc, wg, ws, powered, w = cache
    dpowered = (dw - np.dot(dw, w)) / powered.sum()
    dws = dpowered * gamma * ws ** (gamma - 1)
    dgamma = np.sum(dpowered * powered * np.log(ws))
    dwg = shift[0] * np.roll(dws, 1) + shift[1] * dws + shift[2] * np.roll(dws, -1)
    dshift = np.array([np.dot(dws, np.roll(wg, -1)), np.dot(dws, wg), np.dot(dws, np.roll(wg, 1))])
    dwc = gate * dwg
    dgate = np.dot(dwg, wc - w_prev)
    dw_prev = (1 - gate) * dwg
    dz = wc * (dwc - np.dot(dwc, wc))
    dbeta = np.dot(dz, sim)
    dsim = beta * dz
    dmemory = np.outer(dsim / (mn * kn), key) - (dsim * sim / mn**2)[:, None] * memory
    dkey = memory.T @ (dsim / (mn * kn)) - np.dot(dsim, sim) * key / kn**2
    return dmemory, dkey, dbeta, dgate, dshift, dgamma, dw_prev


# ── transducers, pointers, scans ────────────────────────────────────────────────────────────
def transducer(blank, emit):
    """-log p of an RNN transducer; blank, emit are log-probabilities (T, U + 1), (T, U)."""
    T, U1 = blank.shape
    alpha = np.full((T, U1), -np.inf)
    alpha[0, 0] = 0.0
    for t in range(T):
        for u in range(U1):
            if t == u == 0:
                continue
            stay = alpha[t - 1, u] + blank[t - 1, u] if t > 0 else -1e30
            move = alpha[t, u - 1] + emit[t, u - 1] if u > 0 else -1e30
            m = max(stay, move)
            alpha[t, u] = m + np.log(np.exp(stay - m) + np.exp(move - m))
    total = alpha[T - 1, U1 - 1] + blank[T - 1, U1 - 1]
    return -total, (blank, emit, alpha, total)


def transducer_backward(dloss, cache):
    blank, emit, alpha, total = cache
    T, U1 = blank.shape
    beta = np.full((T + 1, U1 + 1), -np.inf)
    for t in range(T - 1, -1, -1):
        for u in range(U1 - 1, -1, -1):
            if t == T - 1 and u == U1 - 1:
                beta[t, u] = blank[t, u]
                continue
            stay = blank[t, u] + beta[t + 1, u]
            move = emit[t, u] + beta[t, u + 1] if u < U1 - 1 else -np.inf
            beta[t, u] = np.logaddexp(stay, move)
    dblank = np.zeros_like(blank)
    demit = np.zeros_like(emit)
    for t in range(T):
        for u in range(U1):
            if t < T - 1:
                dblank[t, u] = -np.exp(alpha[t, u] + blank[t, u] + beta[t + 1, u] - total)
            if u < U1 - 1:
                demit[t, u] = -np.exp(alpha[t, u] + emit[t, u] + beta[t, u + 1] - total)
    dblank[-1, -1] = -1.0
    return dloss * dblank, dloss * demit


def selective_scan(x, delta, A, B, C):
    """A diagonal state space model whose step depends on the input."""
    T, D = x.shape
    h = np.zeros((D, A.shape[1]))
    hs, ys = [h], []
    for t in range(T):
        decay = np.exp(delta[t][:, None] * A)
        h = decay * h + delta[t][:, None] * B[t][None, :] * x[t][:, None]
        hs.append(h)
        ys.append(h @ C[t])
    return np.stack(ys), (x, delta, A, B, C, hs)


def selective_scan_backward(dy, cache):
    x, delta, A, B, C, hs = cache
    dx, ddelta, dA, dB, dC = (np.zeros_like(v) for v in (x, delta, A, B, C))
    dh = np.zeros_like(hs[0])
    for t in range(len(x) - 1, -1, -1):
        dC[t] = dy[t] @ hs[t + 1]
        dh = dh + dy[t][:, None] * C[t][None, :]
        decay = np.exp(delta[t][:, None] * A)
        dz = dh * hs[t] * decay
        dA += dz * delta[t][:, None]
        ddelta[t] = (dz * A).sum(1) + (dh * B[t]).sum(1) * x[t]
        dB[t] = (dh * (delta[t] * x[t])[:, None]).sum(0)
        dx[t] = (dh @ B[t]) * delta[t]
        dh = dh * decay
    return dx, ddelta, dA, dB, dC


def wkv(w, u, k, v):
    """The recurrence of RWKV, one channel a column."""
    num = np.zeros_like(w)
    den = np.zeros_like(w)
    decay = np.exp(-w)
    out, trail = np.empty_like(v), []
    for t in range(len(k)):
        ek, eu = np.exp(k[t]), np.exp(u + k[t])
        out[t] = (num + eu * v[t]) / (den + eu)
        trail.append((num, den, ek, eu))
        num = decay * num + ek * v[t]
        den = decay * den + ek
    return out, (w, u, k, v, out, trail)


def wkv_backward(dout, cache):
    w, u, k, v, out, trail = cache
    decay = np.exp(-w)
    dw, du, dk, dv = map(np.zeros_like, (w, u, k, v))
    dnum = np.zeros_like(w)
    dden = np.zeros_like(w)
    for t in reversed(range(len(k))):
        num, den, ek, eu = trail[t]
        dw -= decay * (dnum * num + dden * den)
        dek = dnum * v[t] + dden
        dv[t] += dnum * ek
        dnum = decay * dnum
        dden = decay * dden
        g = dout[t] / (den + eu)
        deu = g * (v[t] - out[t])
        dv[t] += g * eu
        dnum = dnum + g
        dden = dden - g * out[t]
        dk[t] = dek * ek + deu * eu
        du += deu * eu
    return dw, du, dk, dv


def pointer_nll(enc, dec, W1, W2, v, target):
    u = np.tanh(enc @ W1 + (dec @ W2)[None, :])
    score = u @ v
    score = score - score.max()
    p = np.exp(score) / np.exp(score).sum()
    return -np.log(p[target]), dict(enc=enc, dec=dec, W1=W1, W2=W2, v=v, u=u, p=p, target=target)


def pointer_nll_backward(dloss, cache):
    get = cache.__getitem__
    enc, dec, W1, W2, v, u, p = map(get, ("enc", "dec", "W1", "W2", "v", "u", "p"))
    ds = dloss * (p - (np.arange(len(p)) == cache["target"]))
    dv = u.T @ ds
    da = np.outer(ds, v) * (1 - u**2)
    return da @ W1.T, da.sum(0) @ W2.T, enc.T @ da, np.outer(dec, da.sum(0)), dv


def memory_hops(query, keys, values, hops=2):
    """An end-to-end memory network; each hop adds what it has read."""
    trace = []
    for _ in range(hops):
        s = keys @ query
        p = np.exp(s - s.max())
        p /= p.sum()
        o = values.T @ p
        trace.append((query, p))
        query = query + o
    return query, (keys, values, trace)


def memory_hops_backward(dq, cache):
    keys, values, trace = cache
    dK = np.zeros_like(keys)
    dV = np.zeros_like(values)
    while trace:
        q, p = trace.pop()
        dp = values @ dq
        dV += np.outer(p, dq)
        ds = p * (dp - p @ dp)
        dK += np.outer(ds, q)
        dq = dq + keys.T @ ds
    return dq, dK, dV


# ── diffusion and Bayes ─────────────────────────────────────────────────────────────────────
@dataclass
class Schedule:
    betas: np.ndarray

    @property
    def alpha_bar(self):
        return np.cumprod(1 - self.betas)


SCHEDULE = Schedule(np.linspace(0.01, 0.3, 8))


def time_embedding(t, dim):
    freqs = np.exp(-np.log(100.0) * np.arange(dim // 2) / (dim // 2))
    args = t[:, None] * freqs[None, :]
    return np.concatenate([np.sin(args), np.cos(args)], axis=1)


def ddpm_loss(params, x0, noise, t):
    ab = SCHEDULE.alpha_bar[t][:, None]
    xt = np.sqrt(ab) * x0 + np.sqrt(1 - ab) * noise
    inp = np.hstack([xt, time_embedding(t, 4)])
    h = inp @ params["w1"] + params["b1"]
    s = sigmoid(h)
    a = h * s
    pred = a @ params["w2"] + params["b2"]
    diff = pred - noise
    loss = np.mean(diff**2)
    dpred = 2 * diff / diff.size
    da = dpred @ params["w2"].T
    dh = da * (s + h * s * (1 - s))
    grads = {
        "w1": inp.T @ dh,
        "b1": dh.sum(axis=0),
        "w2": a.T @ dpred,
        "b2": dpred.sum(axis=0),
    }
    return loss, grads


def bayes_by_backprop(mu, rho, x, y, eps, prior=0.8):
    sigma = np.log1p(np.exp(rho))
    w = mu + sigma * eps
    r = x @ w - y
    nll = 0.5 * np.sum(r**2)
    kl = np.sum(np.log(prior / sigma) + (sigma**2 + mu**2) / (2 * prior**2) - 0.5)
    return nll + kl, (mu, rho, x, eps, prior, sigma, r)


def bayes_by_backprop_backward(dout, cache):
    mu, rho, x, eps, prior, sigma, r = cache
    dw = x.T @ r
    dmu = dw + mu / prior**2
    dsigma = dw * eps - 1 / sigma + sigma / prior**2
    drho = dsigma * sigmoid(rho)
    return dout * dmu, dout * drho


def siren(x, Ws, bs, *, w0=3.0):
    acts, pres = [x], []
    for W, b in zip(Ws[:-1], bs[:-1], strict=True):
        pres.append(w0 * (acts[-1] @ W + b))
        acts.append(np.sin(pres[-1]))
    return acts[-1] @ Ws[-1] + bs[-1], (acts, pres, Ws, w0)


def siren_backward(dout, cache):
    acts, pres, Ws, w0 = cache
    dWs, dbs = [], []
    g = dout
    for depth in range(len(Ws) - 1, -1, -1):
        dWs.append(acts[depth].T @ g)
        dbs.append(g.sum(0))
        g = g @ Ws[depth].T
        if depth:
            g = g * w0 * np.cos(pres[depth - 1])
    return g, dWs[::-1], dbs[::-1]


def wavenet_block(x, w_filter, w_gate, w_res, w_skip, dilation=2):
    pad = np.zeros((x.shape[0], dilation))
    past = np.concatenate([pad, x[:, :-dilation]], axis=1)
    both = np.concatenate([past, x], axis=0)
    f = np.tanh(w_filter @ both)
    g = sigmoid(w_gate @ both)
    z = f * g
    return (x + w_res @ z, w_skip @ z), (x, both, f, g, z, w_filter, w_gate, w_res, w_skip, dilation)


def wavenet_block_backward(douts, cache):
    dres, dskip = douts
    x, both, f, g, z, w_filter, w_gate, w_res, w_skip, dilation = cache
    dz = w_res.T @ dres + w_skip.T @ dskip
    df = dz * g * (1 - f**2)
    dg = dz * f * g * (1 - g)
    dboth = w_filter.T @ df + w_gate.T @ dg
    C = x.shape[0]
    dx = dres + dboth[C:]
    dx[:, :-dilation] += dboth[:C, dilation:]
    return dx, df @ both.T, dg @ both.T, dres @ z.T, dskip @ z.T


def conv_lstm_step(x, h, c, K):
    """One step of a convolutional LSTM in one dimension: four gates from one kernel."""
    xh = np.vstack([x, h])
    width = K.shape[2]
    half = width // 2
    padded = np.pad(xh, ((0, 0), (half, half)))
    cols = np.stack([padded[:, i : i + x.shape[1]] for i in range(width)], axis=2)
    pre = np.einsum("ock,ctk->ot", K, cols)
    a, b, d, e = np.split(pre, 4)
    i, f, o, g = sigmoid(a), sigmoid(b), sigmoid(d), np.tanh(e)
    c_next = f * c + i * g
    tc = np.tanh(c_next)
    return o * tc, c_next, (x.shape[0], cols, K, c, i, f, o, g, tc)


def conv_lstm_step_backward(dh_next, dc_next, cache):
    cx, cols, K, c, i, f, o, g, tc = cache
    do = dh_next * tc
    dc = dc_next + dh_next * o * (1 - tc**2)
    di, df, dg = dc * g, dc * c, dc * i
    dpre = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
    dK = np.einsum("ot,ctk->ock", dpre, cols)
    dcols = np.einsum("ock,ot->ctk", K, dpre)
    T, width = cols.shape[1:]
    dpad = np.zeros((cols.shape[0], T + width - 1))
    for k in range(width):
        dpad[:, k : k + T] += dcols[:, :, k]
    dxh = dpad[:, width // 2 : width // 2 + T]
    return dxh[:cx], dxh[cx:], dc * f, dK


def tsne(Y, P):
    """The Kullback-Leibler divergence of the map, as in the well-known script."""
    n = Y.shape[0]
    sum_Y = np.sum(np.square(Y), 1)
    num = -2.0 * np.dot(Y, Y.T)
    num = 1.0 / (1.0 + np.add(np.add(num, sum_Y).T, sum_Y))
    num[range(n), range(n)] = 0.0
    Q = num / np.sum(num)
    off = ~np.eye(n, dtype=bool)
    C = np.sum(P[off] * np.log(P[off] / Q[off]))
    PQ = P - Q
    dY = np.zeros_like(Y)
    for i in range(n):
        dY[i, :] = 4 * np.sum(np.tile(PQ[:, i] * num[:, i], (Y.shape[1], 1)).T * (Y[i, :] - Y), 0)
    return C, dY


def _affinities(n):
    P = np.random.default_rng(3).uniform(0.1, 1, (n, n))
    P = P + P.T
    np.fill_diagonal(P, 0)
    return P / P.sum()


def nca(A, X, labels):
    """Neighbourhood components analysis."""
    Z = X @ A.T
    d = ((Z[:, None] - Z[None]) ** 2).sum(-1)
    np.fill_diagonal(d, np.inf)
    e = np.exp(-d)
    p = e / e.sum(1, keepdims=True)
    same = labels[:, None] == labels[None]
    pi = (p * same).sum(1)
    return pi.sum(), (A, X, p, same, pi)


def nca_backward(dout, cache):
    A, X, p, same, pi = cache
    W = p * (pi[:, None] - same)
    diff = X[:, None] - X[None]
    dA = 2 * A @ np.einsum("ij,ijk,ijl->kl", W, diff, diff)
    return dout * dA


def em_mixture(logits, means, logstds, x):
    """The mean log-likelihood of a one-dimensional mixture; responsibilities as in EM."""
    lw = logits - np.logaddexp.reduce(logits)
    z = (x[:, None] - means) / np.exp(logstds)
    joint = lw - 0.5 * z**2 - logstds - 0.5 * np.log(2 * np.pi)
    ll = np.logaddexp.reduce(joint, axis=1)
    return ll.mean(), (lw, z, logstds, np.exp(joint - ll[:, None]))


def em_mixture_backward(dout, cache):
    lw, z, logstds, resp = cache
    n = len(z)
    Nk = resp.sum(axis=0)
    dlogits = Nk / n - np.exp(lw)
    dmeans = (resp * z).sum(axis=0) / np.exp(logstds) / n
    dlogstds = (resp * (z**2 - 1)).sum(axis=0) / n
    return tuple(dout * g for g in (dlogits, dmeans, dlogstds))


_T = dict(W1=_a(3, 4), b1=_a(4), W2=_a(4, 2), b2=_a(2))
_B = (_a(6, 3), np.array([0, 1, 1, 0, 1, 0]), 2 * _a(6), _a(6, 3), np.array([0.0, 1, 0, 0, 1, 0]))

PAIRS = {
    "feedforward_cost": (feedforward_cost, feedforward_backprop, ([_a(4, 3), _a(2, 4)], [_a(4, 1), _a(2, 1)], _a(3, 1), np.array([[0.0], [1.0]])), [
        ("sp = sigmoid_prime(zs[-l])", "sp = sigmoid(zs[-l])"),
        ("activations[-l - 1].transpose()", "activations[-l].transpose()"),
        ("(activations[-1] - y) * sigmoid_prime(zs[-1])", "(activations[-1] - y)"),
        ("nabla_b[-l] = delta", "nabla_b[-l] = -delta"),
    ]),
    "makemore": (makemore, None, ({"C": _a(6, 2), "W1": _a(4, 5), "b1": _a(5), "W2": _a(5, 6), "b2": _a(6), "bngain": 1 + 0.1 * _a(1, 5), "bnbias": _a(1, 5)}, np.array([[0, 1], [2, 3], [5, 1], [4, 4]]), np.array([1, 3, 0, 5])), [
        ("(1.0 / (n - 1)) * np.ones_like(bndiff2)", "(1.0 / n) * np.ones_like(bndiff2)"),
        ("dhprebn += 1.0 / n * (np.ones_like(hprebn) * dbnmeani)", "dhprebn -= 1.0 / n * (np.ones_like(hprebn) * dbnmeani)"),
        ("dcounts += np.ones_like(counts) * dcounts_sum", "dcounts = np.ones_like(counts) * dcounts_sum"),
        ("dC[ix] += demb[k, j]", "dC[ix] = demb[k, j]"),
        ("(-0.5 * (bnvar + 1e-5) ** -1.5)", "(-0.5 * (bnvar + 1e-5) ** -0.5)"),
    ]),
    "deep_rnn_loss": (deep_rnn_loss, None, ({"Wx0": _a(3, 4), "Wh0": _a(3, 3), "Wx1": _a(3, 3), "Wh1": _a(3, 3), "Why": _a(4, 3)}, [0, 2, 1, 3], [2, 1, 3, 0]), [
        ("dh = dbelow + dhnext[l]", "dh = dbelow"),
        ("draw @ hs[l, t - 1].T", "draw @ hs[l, t].T"),
        ("dy[targets[t]] -= 1", "dy[inputs[t]] -= 1"),
        ("dbelow = model[f\"Wx{l}\"].T @ draw", "dbelow = model[f\"Wh{l}\"].T @ draw"),
        ("hs[l - 1, t]\n", "hs[l, t]\n"),
    ]),
    "lsgan_generator": (lsgan_generator, lsgan_generator_backward, ([{"W": _a(2, 4), "b": _a(4)}, {"W": _a(4, 3), "b": _a(3)}], [{"W": _a(3, 4), "b": _a(4)}, {"W": _a(4, 1), "b": _a(1)}], _a(5, 2)), [
        ("dz = dfake * (1 - fake**2)", "dz = dfake"),
        ("dloss * (score - 1) / score.shape[0]", "dloss * score / score.shape[0]"),
        ("return g_grads, d_grads", "return g_grads, d_grads[::-1]"),
    ]),
    "reinforce": (reinforce, reinforce_backward, (_a(5, 4), _a(3, 5), _a(6, 4), np.array([0, 2, 1, 1, 0, 2]), np.array([1.0, 0, -1, 0.5, 0, 2])), [
        ("actions] -= R", "actions] -= 1"),
        ("beta * p * (logp + entropy[:, None])", "beta * p * (logp - entropy[:, None])"),
        ("dh[h <= 0] = 0", "dh[dh <= 0] = 0"),
        ("dlogits *= dloss", "dlogits *= -dloss"),
    ]),
    "dqn": (dqn, None, (dict(W1=_a(3, 4), b1=_a(4), W2=_a(4, 2), b2=_a(2)), _T, _B), [
        ("np.where(small, err, np.sign(err)) / n", "np.where(small, err, 1) / n"),
        ("dq[np.arange(n), a] = derr", "dq[np.arange(n), a] = err"),
        ("W2=z.T @ dq", "W2=dz.T @ dq"),
    ]),
    "address": (address, address_backward, (_a(4, 3), _a(3), np.array(1.3), np.array(0.4), np.array([0.2, 0.5, 0.3]), np.array(1.7), np.array([0.1, 0.2, 0.3, 0.4])), [
        ("shift[0] * np.roll(dws, 1) + shift[1] * dws + shift[2] * np.roll(dws, -1)", "shift[0] * np.roll(dws, -1) + shift[1] * dws + shift[2] * np.roll(dws, 1)"),
        ("ws ** (gamma - 1)", "ws**gamma"),
        ("dgate = np.dot(dwg, wc - w_prev)", "dgate = np.dot(dwg, wc)"),
        ("np.dot(dsim, sim) * key / kn**2", "np.dot(dsim, sim) * key / kn"),
        ("(dw - np.dot(dw, w)) / powered.sum()", "dw / powered.sum()"),
    ]),
    "transducer": (transducer, transducer_backward, (-np.abs(_a(4, 3)), -np.abs(_a(4, 2))), [
        ("beta[t, u + 1] - total)", "beta[t + 1, u] - total)"),
        ("dblank[-1, -1] = -1.0", "dblank[-1, -1] = 0.0"),
        ("stay = blank[t, u] + beta[t + 1, u]", "stay = blank[t, u] + beta[t, u]"),
    ]),
    "selective_scan": (selective_scan, selective_scan_backward, (_a(5, 3), np.abs(_a(5, 3)), -np.abs(_a(3, 2)), _a(5, 2), _a(5, 2)), [
        ("dz = dh * hs[t] * decay", "dz = dh * hs[t + 1] * decay"),
        ("(dz * A).sum(1) + (dh * B[t]).sum(1) * x[t]", "(dz * A).sum(1)"),
        ("dh = dh * decay", "dh = dh"),
        ("dx[t] = (dh @ B[t]) * delta[t]", "dx[t] = dh @ B[t]"),
    ]),
    "wkv": (wkv, wkv_backward, (np.abs(_a(3)), _a(3), _a(4, 3), _a(4, 3)), [
        ("dek = dnum * v[t] + dden", "dek = dnum * v[t]"),
        ("deu = g * (v[t] - out[t])", "deu = g * v[t]"),
        ("dw -= decay * (dnum * num + dden * den)", "dw += decay * (dnum * num + dden * den)"),
        ("dnum = dnum + g", "dnum = g"),
    ]),
    "pointer_nll": (pointer_nll, pointer_nll_backward, (_a(5, 3), _a(2), _a(3, 4), _a(2, 4), _a(4), 2), [
        ("da.sum(0) @ W2.T", "da.mean(0) @ W2.T"),
        ("* (1 - u**2)", "* (1 + u**2)"),
        ("dloss * (p - (np.arange(len(p)) == cache[\"target\"]))", "dloss * p"),
    ]),
    "memory_hops": (memory_hops, memory_hops_backward, (_a(3), _a(5, 3), _a(5, 3)), [
        ("dq = dq + keys.T @ ds", "dq = keys.T @ ds"),
        ("ds = p * (dp - p @ dp)", "ds = p * dp"),
        ("dK += np.outer(ds, q)", "dK = np.outer(ds, q)"),
    ]),
    "ddpm_loss": (ddpm_loss, None, ({"w1": _a(7, 4), "b1": _a(4), "w2": _a(4, 3), "b2": _a(3)}, _a(5, 3), _a(5, 3), np.array([0, 3, 7, 2, 5])), [
        ("da * (s + h * s * (1 - s))", "da * (s + s * (1 - s))"),
        ("dpred = 2 * diff / diff.size", "dpred = 2 * diff / len(diff)"),
        ('"w2": a.T @ dpred', '"w2": h.T @ dpred'),
    ]),
    "bayes_by_backprop": (bayes_by_backprop, bayes_by_backprop_backward, (_a(3), _a(3), _a(5, 3), _a(5), _a(3)), [
        ("dw * eps - 1 / sigma + sigma / prior**2", "dw * eps + 1 / sigma + sigma / prior**2"),
        ("drho = dsigma * sigmoid(rho)", "drho = dsigma * sigma"),
        ("dmu = dw + mu / prior**2", "dmu = dw"),
    ]),
    "siren": (siren, siren_backward, (_a(4, 2), [_a(2, 3), _a(3, 3), _a(3, 1)], [_a(3), _a(3), _a(1)]), [
        ("g * w0 * np.cos(pres[depth - 1])", "g * np.cos(pres[depth - 1])"),
        ("np.cos(pres[depth - 1])", "np.sin(pres[depth - 1])"),
        ("return g, dWs[::-1], dbs[::-1]", "return g, dWs[::-1], dbs"),
        ("acts[depth].T @ g", "acts[depth - 1].T @ g"),
    ]),
    "wavenet_block": (wavenet_block, wavenet_block_backward, (_a(3, 6), _a(4, 6), _a(4, 6), _a(3, 4), _a(2, 4)), [
        ("dx[:, :-dilation] += dboth[:C, dilation:]", "dx[:, dilation:] += dboth[:C, :-dilation]"),
        ("dx = dres + dboth[C:]", "dx = dboth[C:]"),
        ("dg = dz * f * g * (1 - g)", "dg = dz * g * (1 - g)"),
    ]),
    "conv_lstm_step": (conv_lstm_step, conv_lstm_step_backward, (_a(2, 5), _a(3, 5), _a(3, 5), 0.5 * _a(12, 5, 3)), [
        ("dc = dc_next + dh_next * o * (1 - tc**2)", "dc = dc_next + dh_next * (1 - tc**2)"),
        ("dpad[:, k : k + T] += ", "dpad[:, k : k + T] = "),
        ("dc * f, dK", "dc * i, dK"),
        ("df * f * (1 - f)", "df * (1 - f)"),
    ]),
    "tsne": (tsne, None, (_a(5, 2), _affinities(5)), [
        ("dY[i, :] = 4 *", "dY[i, :] = 2 *"),
        ("(Y[i, :] - Y)", "(Y - Y[i, :])"),
        ("PQ = P - Q", "PQ = P"),
    ]),
    "nca": (nca, nca_backward, (_a(2, 3), _a(6, 3), np.array([0, 1, 0, 1, 2, 2])), [
        ("2 * A @", "A @"),
        ("W = p * (pi[:, None] - same)", "W = p * (same - pi[:, None])"),
        ("(pi[:, None] - same)", "(pi[None, :] - same)"),
    ]),
    "em_mixture": (em_mixture, em_mixture_backward, (_a(3), _a(3), 0.3 * _a(3), 2 * _a(7)), [
        ("Nk / n - np.exp(lw)", "Nk / n - lw"),
        ("(z**2 - 1)", "z**2"),
        ("(resp * z).sum(axis=0) / np.exp(logstds) / n", "(resp * z).sum(axis=0) / n"),
    ]),
}  # fmt: skip
