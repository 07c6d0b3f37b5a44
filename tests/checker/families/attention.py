import numpy as np
from scipy.special import softmax


def arguments(rng):
    return (rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))


def attention(q, k, v):
    d = q.shape[1]
    scores = q @ k.T / np.sqrt(d)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = e / e.sum(axis=1, keepdims=True)
    out = weights @ v
    return out, (q, k, v, weights)


def heads(x, Wq, Wk, Wv):
    Q = x @ Wq
    K = x @ Wk
    V = x @ Wv
    S = np.einsum("btd,bsd->bts", Q, K)
    S = S / np.sqrt(Q.shape[-1])
    E = np.exp(S)
    P = E / E.sum(axis=-1, keepdims=True)
    O = P @ V
    return O


ARGUMENTS = {
    heads: lambda rng: (
        rng.normal(size=(2, 3, 4)),
        rng.normal(size=(4, 4)) * 0.5,
        rng.normal(size=(4, 4)) * 0.5,
        rng.normal(size=(4, 4)),
    )
}


def staged(dout, cache):
    q, k, v, weights = cache
    d = q.shape[1]
    dv = weights.T @ dout
    dweights = dout @ v.T
    dscores = weights * (dweights - np.sum(dweights * weights, axis=1, keepdims=True))
    dq = dscores @ k / np.sqrt(d)
    dk = dscores.T @ q / np.sqrt(d)
    return dq, dk, dv


def row_by_row(dout, cache):
    q, k, v, weights = cache
    scale = 1 / np.sqrt(q.shape[1])
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    for i in range(len(q)):
        p = weights[i]
        dp = v @ dout[i]
        J = np.diag(p) - np.outer(p, p)
        ds = J @ dp * scale
        dq[i] = ds @ k
        dk += np.outer(ds, q[i])
        dv += np.outer(p, dout[i])
    return dq, dk, dv


def scaled_scores(dout, cache):
    q, k, v, p = cache
    dP = np.dot(dout, v.T)
    dS = p * dP
    dS -= p * dS.sum(axis=-1, keepdims=True)
    dS /= np.sqrt(k.shape[1])
    return dS.dot(k), dS.T.dot(q), np.dot(p.T, dout)


def batched(dO, x, Wq, Wk, Wv):
    Q, K, V = x @ Wq, x @ Wk, x @ Wv
    scale = np.sqrt(Q.shape[-1])
    P = softmax(np.einsum("btd,bsd->bts", Q, K) / scale, axis=-1)
    dP = dO @ V.transpose(0, 2, 1)
    dV = P.transpose(0, 2, 1) @ dO
    dS = P * (dP - np.sum(dP * P, axis=-1, keepdims=True))
    dS /= scale
    dQ = dS @ K
    dK = np.swapaxes(dS, 1, 2) @ Q
    dx = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T
    dWq = np.einsum("btd,bte->de", x, dQ)
    dWk = np.tensordot(x, dK, axes=((0, 1), (0, 1)))
    dWv = x.reshape(-1, x.shape[-1]).T @ dV.reshape(-1, dV.shape[-1])
    return dx, dWq, dWk, dWv


BACKWARDS = {staged: attention, row_by_row: attention, scaled_scores: attention, batched: heads}

MISTAKES = [
    (staged, "dq = dscores @ k / np.sqrt(d)", "dq = dscores @ k", "dq", "factor"),
    (staged, "dq = dscores @ k / np.sqrt(d)", "dq = dscores @ k / d", "dq", "factor"),
    (staged, "axis=1, keepdims=True", "axis=0, keepdims=True", "dscores", "axis"),
    (staged, "dweights = dout @ v.T", "dweights = dout @ v.T * weights", "dweights", "factor"),
    (staged, "np.sum(dweights * weights,", "np.sum(dweights,", "dscores", "factor"),
    (staged, "- np.sum(dweights * weights, axis=1, keepdims=True)", "", "dscores", "missing term"),
    (staged, "return dq, dk, dv", "return dk, dq, dv", "dk", "order"),
    (row_by_row, "J = np.diag(p) - np.outer(p, p)", "J = np.diag(p) + np.outer(p, p)", "J", "sign"),
    (row_by_row, "dk += np.outer", "dk = np.outer", "dk", "overwritten"),
    (row_by_row, "ds = J @ dp * scale", "ds = J @ dp", "ds", "factor"),
    (row_by_row, "dp = v @ dout[i]", "dp = k[:, :2] @ dout[i]", "dp", "operand"),
    (scaled_scores, "dS -= p *", "dS += p *", "dS", "sign"),
    (scaled_scores, "np.sqrt(k.shape[1])", "np.sqrt(k.shape[0])", "dS", "factor"),
    (batched, "dV = P.transpose(0, 2, 1) @ dO", "dV = P @ dO", "dV", "transposed"),
    (
        batched,
        "dx = dQ @ Wq.T + dK @ Wk.T + dV @ Wv.T",
        "dx = dQ @ Wq.T + dK @ Wk.T",
        "dx",
        "missing term",
    ),
    (batched, "dQ @ Wq.T", "dQ @ Wq", "dx", "transposed"),
    (batched, "dK = np.swapaxes(dS, 1, 2) @ Q", "dK = dS @ Q", "dK", "transposed"),
    (batched, "dS = P * (dP", "dS = (dP", "dS", "factor"),
]
