"""Recurrent nets, attention, transformers, probabilities, functional style."""

import numpy as np

rng = np.random.default_rng(13)


def lossFun(Wxh, Whh, Why, bh, by, inputs, targets, hprev):
    """The character model that everybody has read: loss and gradients in one function."""
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    vocab_size = Wxh.shape[1]
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    return loss, dWxh, dWhh, dWhy, dbh, dby


def rnn(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]))
    prev = h0
    for t in range(T):
        prev = np.tanh(x[:, t, :] @ Wx + prev @ Wh + b)
        h[:, t, :] = prev
    return h, (x, h0, Wx, Wh, h)


def rnn_backward(dh, cache):
    x, h0, Wx, Wh, h = cache
    N, T, D = x.shape
    dx = np.zeros_like(x)
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    db = np.zeros(Wh.shape[0])
    dprev = np.zeros_like(h0)
    for t in range(T - 1, -1, -1):
        dcur = dh[:, t, :] + dprev
        dz = dcur * (1 - h[:, t, :] ** 2)
        before = h[:, t - 1, :] if t > 0 else h0
        dx[:, t, :] = dz @ Wx.T
        dprev = dz @ Wh.T
        dWx += x[:, t, :].T @ dz
        dWh += before.T @ dz
        db += dz.sum(axis=0)
    dh0 = dprev
    return dx, dh0, dWx, dWh, db


def gru_cell(x, h, Wz, Wr, Wh, Uz, Ur, Uh):
    z = 1 / (1 + np.exp(-(x @ Wz + h @ Uz)))
    r = 1 / (1 + np.exp(-(x @ Wr + h @ Ur)))
    g = np.tanh(x @ Wh + (r * h) @ Uh)
    new = (1 - z) * h + z * g
    return new, (x, h, z, r, g, Wz, Wr, Wh, Uz, Ur, Uh)


def gru_cell_backward(dnew, cache):
    x, h, z, r, g, Wz, Wr, Wh, Uz, Ur, Uh = cache
    dz = dnew * (g - h)
    dg = dnew * z
    dh = dnew * (1 - z)
    dgz = dg * (1 - g**2)
    drh = dgz @ Uh.T
    dUh = (r * h).T @ dgz
    dWh = x.T @ dgz
    dr = drh * h
    dh = dh + drh * r
    drz = dr * r * (1 - r)
    dzz = dz * z * (1 - z)
    dWz, dUz = x.T @ dzz, h.T @ dzz
    dWr, dUr = x.T @ drz, h.T @ drz
    dh = dh + dzz @ Uz.T + drz @ Ur.T
    dx = dzz @ Wz.T + drz @ Wr.T + dgz @ Wh.T
    return dx, dh, dWz, dWr, dWh, dUz, dUr, dUh


def attention(q, k, v):
    d = q.shape[-1]
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(d)
    scores = scores - scores.max(axis=-1, keepdims=True)
    w = np.exp(scores)
    w = w / w.sum(axis=-1, keepdims=True)
    out = w @ v
    return out, (q, k, v, w)


def attention_backward(dout, cache):
    q, k, v, w = cache
    d = q.shape[-1]
    dv = w.transpose(0, 2, 1) @ dout
    dw = dout @ v.transpose(0, 2, 1)
    dscores = w * (dw - (dw * w).sum(axis=-1, keepdims=True))
    dscores = dscores / np.sqrt(d)
    dq = dscores @ k
    dk = dscores.transpose(0, 2, 1) @ q
    return dq, dk, dv


def causal_self_attention(x, Wqkv, Wo, n_head):
    B, T, C = x.shape
    hs = C // n_head
    qkv = x @ Wqkv
    q, k, v = np.split(qkv, 3, axis=-1)
    q = q.reshape(B, T, n_head, hs).transpose(0, 2, 1, 3)
    k = k.reshape(B, T, n_head, hs).transpose(0, 2, 1, 3)
    v = v.reshape(B, T, n_head, hs).transpose(0, 2, 1, 3)
    att = q @ k.transpose(0, 1, 3, 2) / np.sqrt(hs)
    mask = np.tril(np.ones((T, T))) == 0
    att = np.where(mask, -1e9, att)
    att = np.exp(att - att.max(axis=-1, keepdims=True))
    att = att / att.sum(axis=-1, keepdims=True)
    y = att @ v
    y = y.transpose(0, 2, 1, 3).reshape(B, T, C)
    out = y @ Wo
    return out, (x, q, k, v, att, y, Wqkv, Wo, n_head)


def causal_self_attention_backward(dout, cache):
    x, q, k, v, att, y, Wqkv, Wo, n_head = cache
    B, T, C = x.shape
    hs = C // n_head
    dWo = y.reshape(-1, C).T @ dout.reshape(-1, C)
    dy = dout @ Wo.T
    dy = dy.reshape(B, T, n_head, hs).transpose(0, 2, 1, 3)
    datt = dy @ v.transpose(0, 1, 3, 2)
    dv = att.transpose(0, 1, 3, 2) @ dy
    ds = att * (datt - np.sum(datt * att, axis=-1, keepdims=True))
    ds = ds / np.sqrt(hs)
    dq = ds @ k
    dk = ds.transpose(0, 1, 3, 2) @ q
    parts = [g.transpose(0, 2, 1, 3).reshape(B, T, C) for g in (dq, dk, dv)]
    dqkv = np.concatenate(parts, axis=-1)
    dWqkv = x.reshape(-1, C).T @ dqkv.reshape(-1, 3 * C)
    dx = dqkv @ Wqkv.T
    return dx, dWqkv, dWo


def feed_forward(x, W1, b1, W2, b2):
    z = x @ W1 + b1
    a = np.maximum(z, 0)
    out = a @ W2 + b2
    return out, {"x": x, "z": z, "a": a, "W1": W1, "W2": W2}


def feed_forward_backward(dout, cache):
    grads = {}
    flat = dout.reshape(-1, dout.shape[-1])
    grads["W2"] = cache["a"].reshape(-1, cache["a"].shape[-1]).T @ flat
    grads["b2"] = flat.sum(axis=0)
    da = dout @ cache["W2"].T
    dz = da * (cache["z"] > 0)
    grads["W1"] = cache["x"].reshape(-1, cache["x"].shape[-1]).T @ dz.reshape(-1, dz.shape[-1])
    grads["b1"] = dz.sum(axis=(0, 1))
    grads["x"] = dz @ cache["W1"].T
    return grads


def vae_loss(x, We, Wmu, Wlv, Wd, eps):
    h = np.tanh(x @ We)
    mu = h @ Wmu
    logvar = h @ Wlv
    std = np.exp(0.5 * logvar)
    z = mu + std * eps
    rec = 1 / (1 + np.exp(-(z @ Wd)))
    bce = -np.sum(x * np.log(rec) + (1 - x) * np.log(1 - rec))
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    loss = bce + kl
    cache = (x, h, mu, logvar, std, z, rec, We, Wmu, Wlv, Wd, eps)
    return loss, cache


def vae_loss_backward(dloss, cache):
    x, h, mu, logvar, std, z, rec, We, Wmu, Wlv, Wd, eps = cache
    dlogits = (rec - x) * dloss
    dWd = z.T @ dlogits
    dz = dlogits @ Wd.T
    dmu = dz + mu * dloss
    dlogvar = dz * eps * 0.5 * std
    dlogvar += 0.5 * (np.exp(logvar) - 1) * dloss
    dWmu = h.T @ dmu
    dWlv = h.T @ dlogvar
    dh = dmu @ Wmu.T + dlogvar @ Wlv.T
    dWe = x.T @ (dh * (1 - h**2))
    return {"dWe": dWe, "dWmu": dWmu, "dWlv": dWlv, "dWd": dWd}


def gaussian_nll(y, mu, log_sigma):
    sigma = np.exp(log_sigma)
    u = (y - mu) / sigma
    nll = np.mean(0.5 * u**2 + log_sigma)
    return nll


def gaussian_nll_backward(g, y, mu, log_sigma):
    sigma = np.exp(log_sigma)
    u = (y - mu) / sigma
    n = y.size
    dy = g * u / sigma / n
    dmu = -dy
    dlog_sigma = g * (1 - u**2) / n
    return dy, dmu, dlog_sigma


def policy_gradient(theta, states, actions, advantages):
    logits = states @ theta
    logits = logits - logits.max(axis=1, keepdims=True)
    logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    chosen = logp[np.arange(len(actions)), actions]
    objective = np.mean(chosen * advantages)
    return objective


def policy_gradient_backward(d, theta, states, actions, advantages):
    logits = states @ theta
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    pi = e / e.sum(axis=1, keepdims=True)
    dlogits = -pi
    dlogits[np.arange(len(actions)), actions] += 1
    dlogits *= advantages[:, None] / len(actions)
    dtheta = states.T @ dlogits * d
    return dtheta


def skipgram(center, context, negatives):
    pos = 1 / (1 + np.exp(-(context @ center)))
    neg = 1 / (1 + np.exp(negatives @ center))
    loss = -np.log(pos) - np.sum(np.log(neg))
    return loss


def skipgram_backward(dloss, center, context, negatives):
    pos = 1 / (1 + np.exp(-(context @ center)))
    neg = 1 / (1 + np.exp(negatives @ center))
    dcenter = dloss * ((pos - 1) * context + (1 - neg) @ negatives)
    dcontext = dloss * (pos - 1) * center
    dnegatives = dloss * np.outer(1 - neg, center)
    return dcenter, dcontext, dnegatives


def triplet(a, p, n, margin):
    dp = np.sum((a - p) ** 2, axis=1)
    dn = np.sum((a - n) ** 2, axis=1)
    loss = np.sum(np.maximum(0, dp - dn + margin))
    return loss


def triplet_backward(g, a, p, n, margin):
    dp = np.sum((a - p) ** 2, axis=1)
    dn = np.sum((a - n) ** 2, axis=1)
    active = (dp - dn + margin > 0)[:, None] * g
    grad_a = 2 * active * (n - p)
    grad_p = 2 * active * (p - a)
    grad_n = 2 * active * (a - n)
    return grad_a, grad_p, grad_n


def factorization_machine(x, w, V):
    linear = x @ w
    s = x @ V
    s2 = (x**2) @ (V**2)
    y = linear + 0.5 * np.sum(s**2 - s2, axis=1)
    return y, (x, w, V, s)


def factorization_machine_backward(dy, cache):
    x, w, V, s = cache
    dw = x.T @ dy
    dV = x.T @ (dy[:, None] * s) - (x**2).T @ dy[:, None] * V
    dx = np.outer(dy, w) + dy[:, None] * (s @ V.T - x @ np.diag(np.sum(V**2, axis=1)))
    return dx, dw, dV


# ── functional: a forward that returns its vjp, and pairs around it ──────────────────────────
def dense_vjp(x, w):
    y = x @ w

    def vjp(g):
        gx = g @ w.T
        gw = x.T @ g
        return gx, gw

    return y, vjp


def tanh_vjp(x):
    y = np.tanh(x)
    return y, lambda g: g * (1 - y**2)


def mlp(x, w1, w2):
    h, _ = dense_vjp(x, w1)
    a, _ = tanh_vjp(h)
    out, _ = dense_vjp(a, w2)
    return out


def mlp_backward(g, x, w1, w2):
    h, back1 = dense_vjp(x, w1)
    a, back_tanh = tanh_vjp(h)
    out, back2 = dense_vjp(a, w2)
    ga, gw2 = back2(g)
    gh = back_tanh(ga)
    gx, gw1 = back1(gh)
    return gx, gw1, gw2


def leapfrog(x, v, k, steps):
    for _ in range(steps):
        v = v - 0.1 * k * x
        x = x + 0.1 * v
    return x, v


def leapfrog_backward(dx, dv, x, v, k, steps):
    trajectory = []
    for _ in range(steps):
        trajectory.append(x)
        v = v - 0.1 * k * x
        x = x + 0.1 * v
    dk = np.zeros_like(k)
    for x in reversed(trajectory):
        dv = dv + 0.1 * dx
        dk += -0.1 * x * dv
        dx = dx - 0.1 * k * dv
    return dx, dv, dk


def accumulate_over_time(xs, W):
    total = 0.0
    state = np.zeros(W.shape[0])
    for t in range(len(xs)):
        state = 0.5 * state + W @ xs[t]
        total = total + np.sum(state**2)
    return total


def accumulate_over_time_backward(dtotal, xs, W):
    states, state = [], np.zeros(W.shape[0])
    for t in range(len(xs)):
        state = 0.5 * state + W @ xs[t]
        states.append(state)
    dxs, dW = np.zeros_like(xs), np.zeros_like(W)
    carry = np.zeros(W.shape[0])
    for t in range(len(xs))[::-1]:
        dstate = 2 * states[t] * dtotal + carry
        dW += np.outer(dstate, xs[t])
        dxs[t] = W.T @ dstate
        carry = 0.5 * dstate
    return dxs, dW


def _a(*shape):
    return rng.normal(size=shape)


_v = 6
PAIRS = {
    "lossFun": (
        lossFun,
        None,
        (
            _a(4, _v),
            _a(4, 4) / 2,
            _a(_v, 4),
            _a(4, 1),
            _a(_v, 1),
            [1, 3, 0],
            [3, 0, 5],
            np.zeros((4, 1)),
        ),
        [
            ("dhraw = (1 - hs[t] * hs[t]) * dh", "dhraw = (1 - hs[t]) * dh"),
            ("dy[targets[t]] -= 1", "dy[inputs[t]] -= 1"),
            ("dWhh += np.dot(dhraw, hs[t - 1].T)", "dWhh += np.dot(dhraw, hs[t].T)"),
        ],
    ),
    "rnn": (
        rnn,
        rnn_backward,
        (_a(2, 3, 4), _a(2, 5), _a(4, 5), _a(5, 5) / 2, _a(5)),
        [
            ("dcur = dh[:, t, :] + dprev", "dcur = dh[:, t, :]"),
            ("dWh += before.T @ dz", "dWh += h[:, t, :].T @ dz"),
            ("db += dz.sum(axis=0)", "db = dz.sum(axis=0)"),
        ],
    ),
    "gru_cell": (
        gru_cell,
        gru_cell_backward,
        (_a(3, 4), _a(3, 5), *(_a(4, 5) for _ in range(3)), *(_a(5, 5) for _ in range(3))),
        [
            ("dz = dnew * (g - h)", "dz = dnew * (h - g)"),
            ("dr = drh * h", "dr = drh * g"),
            ("dh = dh + drh * r", "dh = dh + drh"),
        ],
    ),
    "attention": (
        attention,
        attention_backward,
        (_a(2, 3, 4), _a(2, 5, 4), _a(2, 5, 6)),
        [
            ("dscores = dscores / np.sqrt(d)", "dscores = dscores / d"),
            ("dk = dscores.transpose(0, 2, 1) @ q", "dk = dscores.transpose(0, 2, 1) @ (q + q)"),
            ("dscores = w * (dw - ", "dscores = w * (dw + "),
        ],
    ),
    "causal": (
        causal_self_attention,
        causal_self_attention_backward,
        (_a(2, 3, 4), _a(4, 12), _a(4, 4), 2),
        [
            ("ds = ds / np.sqrt(hs)", "ds = ds / np.sqrt(C)"),
            ("for g in (dq, dk, dv)", "for g in (dk, dq, dv)"),
            ("dy = dout @ Wo.T", "dy = dout @ Wo"),
        ],
    ),
    "feed_forward": (
        feed_forward,
        feed_forward_backward,
        (_a(2, 3, 4), _a(4, 6), _a(6), _a(6, 4), _a(4)),
        [
            ('grads["b2"] = flat.sum(axis=0)', 'grads["b2"] = flat.mean(axis=0)'),
            ('dz = da * (cache["z"] > 0)', 'dz = da * cache["z"]'),
            ('grads["x"] = dz @', 'grads["x"] = -dz @'),
        ],
    ),
    "vae": (
        vae_loss,
        vae_loss_backward,
        (rng.uniform(0.1, 0.9, (4, 5)), _a(5, 6) / 2, _a(6, 2), _a(6, 2) / 2, _a(2, 5), _a(4, 2)),
        [
            ("dlogvar = dz * eps * 0.5 * std", "dlogvar = dz * eps * std"),
            ("dmu = dz + mu * dloss", "dmu = dz - mu * dloss"),
            (
                "dlogvar += 0.5 * (np.exp(logvar) - 1) * dloss",
                "dlogvar += (np.exp(logvar) - 1) * dloss",
            ),
        ],
    ),
    "gaussian": (
        gaussian_nll,
        gaussian_nll_backward,
        (_a(6), _a(6), _a(6) / 2),
        [
            ("dmu = -dy", "dmu = dy"),
            ("dlog_sigma = g * (1 - u ** 2) / n", "dlog_sigma = g * (1 - u) / n"),
            ("dy = g * u / sigma / n", "dy = g * u / sigma"),
        ],
    ),
    "policy": (
        policy_gradient,
        policy_gradient_backward,
        (_a(4, 3), _a(5, 4), np.array([0, 2, 1, 1, 0]), _a(5)),
        [
            (
                "dlogits[np.arange(len(actions)), actions] += 1",
                "dlogits[np.arange(len(actions)), actions] -= 1",
            ),
            ("advantages[:, None] / len(actions)", "advantages[:, None]"),
            ("dlogits = -pi", "dlogits = pi"),
        ],
    ),
    "skipgram": (
        skipgram,
        skipgram_backward,
        (_a(4), _a(4), _a(3, 4)),
        [
            ("((pos - 1) * context + (1 - neg)", "((pos - 1) * context - (1 - neg)"),
            ("dcontext = dloss * (pos - 1) * center", "dcontext = dloss * pos * center"),
            ("np.outer(1 - neg, center)", "np.outer(neg, center)"),
        ],
    ),
    "triplet": (
        triplet,
        triplet_backward,
        (_a(8, 3), _a(8, 3), _a(8, 3), 3.0),
        [
            ("grad_a = 2 * active * (n - p)", "grad_a = 2 * active * (p - n)"),
            ("grad_p = 2 * active * (p - a)", "grad_p = active * (p - a)"),
            ("grad_n = 2 * active * (a - n)", "grad_n = 2 * active * (a + n)"),
        ],
    ),
    "factorization": (
        factorization_machine,
        factorization_machine_backward,
        (_a(4, 3), _a(3), _a(3, 2)),
        [
            ("- (x ** 2).T @ dy[:, None] * V", "- x.T @ dy[:, None] * V"),
            ("dw = x.T @ dy", "dw = -x.T @ dy"),
            ("(s @ V.T - x @", "(s @ V.T + x @"),
        ],
    ),
    "mlp": (
        mlp,
        mlp_backward,
        (_a(4, 3), _a(3, 5), _a(5, 2)),
        [
            ("gh = back_tanh(ga)", "gh = back_tanh(g @ w2.T) * 2"),
            ("return gx, gw1, gw2", "return gx, gw1, 2 * gw2"),
            ("gh = back_tanh(ga)", "gh = ga"),
        ],
    ),
    "leapfrog": (
        leapfrog,
        leapfrog_backward,
        (_a(3), _a(3), _a(3), 4),
        [
            ("dv = dv + 0.1 * dx", "dv = dv - 0.1 * dx"),
            ("dk += -0.1 * x * dv", "dk += 0.1 * x * dv"),
            ("dx = dx - 0.1 * k * dv", "dx = dx - 0.1 * dv"),
        ],
    ),
    "over_time": (
        accumulate_over_time,
        accumulate_over_time_backward,
        (_a(4, 3), _a(2, 3)),
        [
            ("dstate = 2 * states[t] * dtotal + carry", "dstate = 2 * states[t] * dtotal"),
            ("carry = 0.5 * dstate", "carry = dstate"),
            ("dW += np.outer(dstate, xs[t])", "dW = np.outer(dstate, xs[t])"),
        ],
    ),
}
