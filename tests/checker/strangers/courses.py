"""Course work in other hands: closures, tables of functions, steps, engines of scalars."""

import math
from typing import NamedTuple

import numpy as np


def _a(*shape):
    return np.random.default_rng(sum(shape) * 11 + len(shape)).normal(size=shape)


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dtanh = dnext_h * (1 - next_h * next_h)
    dx = dtanh.dot(Wx.T)
    dprev_h = dtanh.dot(Wh.T)
    dWx = x.T.dot(dtanh)
    dWh = prev_h.T.dot(dtanh)
    db = dtanh.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    cache = []
    prev = h0
    for t in range(T):
        prev, c = rnn_step_forward(x[:, t, :], prev, Wx, Wh, b)
        h[:, t, :] = prev
        cache.append(c)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx = np.zeros((N, T, D))
    dWx = np.zeros((D, H))
    dWh = np.zeros((H, H))
    db = np.zeros(H)
    dprev_h = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        dx[:, t, :], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(
            dh[:, t, :] + dprev_h, cache[t]
        )
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def sigmoid(x):
    pos_mask = x >= 0
    neg_mask = x < 0
    z = np.zeros_like(x)
    z[pos_mask] = np.exp(-x[pos_mask])
    z[neg_mask] = np.exp(x[neg_mask])
    top = np.ones_like(x)
    top[neg_mask] = z[neg_mask]
    return top / (1 + z)


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    A = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    ai, af, ao, ag = np.hsplit(A, 4)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tc = np.tanh(next_c)
    do = dnext_h * tc
    dnext_c = dnext_c + dnext_h * o * (1 - tc**2)
    dprev_c = dnext_c * f
    df = dnext_c * prev_c
    di = dnext_c * g
    dg = dnext_c * i
    dA = np.hstack((di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)))
    dx = dA.dot(Wx.T)
    dprev_h = dA.dot(Wh.T)
    dWx = x.T.dot(dA)
    dWh = prev_h.T.dot(dA)
    db = dA.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def word_embedding_forward(x, W):
    out = W[x, :]
    return out, (x, W.shape)


def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape)
    N, T = x.shape
    for n in range(N):
        for t in range(T):
            dW[x[n, t]] += dout[n, t]
    return dW


def attention_lstm_step(x, prev_h, prev_c, A, Wx, Wh, Wattn, b):
    """One step that looks at a 2x2 feature map."""
    N, H = prev_h.shape
    flat = A.reshape(N, H, -1)
    scores = np.matmul(prev_h[:, None, :], flat).squeeze(1) / math.sqrt(H)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    w = e / e.sum(axis=1, keepdims=True)
    attn = np.matmul(flat, w[:, :, None])[:, :, 0]
    a = x @ Wx + prev_h @ Wh + attn @ Wattn + b
    i, f, o = (1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in range(3))
    g = np.tanh(a[:, 3 * H :])
    c = f * prev_c + i * g
    tc = np.tanh(c)
    return o * tc, (x, prev_h, prev_c, A, Wx, Wh, Wattn, flat, w, attn, i, f, o, g, tc)


def attention_lstm_step_backward(dh, cache):
    x, prev_h, prev_c, A, Wx, Wh, Wattn, flat, w, attn, i, f, o, g, tc = cache
    N, H = dh.shape
    do = dh * tc
    dc = dh * o * (1 - tc * tc)
    di, df, dg = dc * g, dc * prev_c, dc * i
    da = np.empty((N, 4 * H))
    da[:, :H] = di * i * (1 - i)
    da[:, H : 2 * H] = df * f * (1 - f)
    da[:, 2 * H : 3 * H] = do * o * (1 - o)
    da[:, 3 * H :] = dg * (1 - g * g)
    dattn = da @ Wattn.T
    dflat = dattn[:, :, None] * w[:, None, :]
    dw = np.sum(flat * dattn[:, :, None], axis=1)
    dscores = w * (dw - np.sum(dw * w, axis=1, keepdims=True)) / math.sqrt(H)
    dflat += prev_h[:, :, None] * dscores[:, None, :]
    dprev_h = da @ Wh.T
    dprev_h += np.matmul(flat, dscores[:, :, None])[:, :, 0]
    return (
        da @ Wx.T,
        dprev_h,
        dc * f,
        dflat.reshape(A.shape),
        x.T @ da,
        prev_h.T @ da,
        attn.T @ da,
        da.sum(0),
    )


def content_and_style(F, content, target, cw=0.7, sw=0.2):
    _, C, H, W = F.shape
    flat = F.reshape(C, H * W)
    gram = flat @ flat.T / (C * H * W)
    diff = F - content
    gd = gram - target
    loss = cw * (diff**2).sum() + sw * (gd**2).sum()
    return loss, (F, flat, diff, gd)


def content_and_style_backward(dloss, cache, cw=0.7, sw=0.2):
    F, flat, diff, gd = cache
    _, C, H, W = F.shape
    dF = 2 * cw * diff
    dgram = 2 * sw * gd
    dflat = (dgram + dgram.T) @ flat / (C * H * W)
    dF = dF + dflat.reshape(F.shape)
    return dloss * dF


# ── coursera ─────────────────────────────────────────────────────────────────────────────────
def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L):
        A_prev = A
        W, b = parameters["W" + str(l)], parameters["b" + str(l)]
        Z = np.dot(W, A_prev) + b
        A = np.maximum(0, Z)
        caches.append(((A_prev, W, b), Z))
    W, b = parameters["W" + str(L)], parameters["b" + str(L)]
    Z = np.dot(W, A) + b
    AL = 1 / (1 + np.exp(-Z))
    caches.append(((A, W, b), Z))
    return AL, caches


def L_model_cost(X, Y, parameters):
    AL, caches = L_model_forward(X, parameters)
    m = Y.shape[1]
    cost = (1.0 / m) * (-np.dot(Y, np.log(AL).T) - np.dot(1 - Y, np.log(1 - AL).T))
    cost = np.squeeze(cost)
    return cost, (AL, Y, caches)


def L_model_backward(dcost, cache):
    AL, Y, caches = cache
    grads = {}
    L = len(caches)
    m = AL.shape[1]
    dAL = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))
    current_cache = caches[L - 1]
    (A_prev, W, b), Z = current_cache
    s = 1 / (1 + np.exp(-Z))
    dZ = dAL * s * (1 - s)
    grads["dW" + str(L)] = dcost * np.dot(dZ, A_prev.T) / m
    grads["db" + str(L)] = dcost * np.sum(dZ, axis=1, keepdims=True) / m
    dA = np.dot(W.T, dZ)
    for l in reversed(range(L - 1)):
        (A_prev, W, b), Z = caches[l]
        dZ = np.array(dA, copy=True)
        dZ[Z <= 0] = 0
        grads["dW" + str(l + 1)] = dcost * np.dot(dZ, A_prev.T) / m
        grads["db" + str(l + 1)] = dcost * np.sum(dZ, axis=1, keepdims=True) / m
        dA = np.dot(W.T, dZ)
    return grads


def rnn_cell_forward(xt, a_prev, parameters):
    Wax, Waa, Wya, ba, by = (parameters[k] for k in ("Wax", "Waa", "Wya", "ba", "by"))
    a_next = np.tanh(np.dot(Wax, xt) + np.dot(Waa, a_prev) + ba)
    z = np.dot(Wya, a_next) + by
    e = np.exp(z - np.max(z, axis=0))
    yt_pred = e / e.sum(axis=0)
    cache = (a_next, a_prev, xt, parameters, yt_pred)
    return a_next, yt_pred, cache


def rnn_cell_backward(da_next, dyt, cache):
    a_next, a_prev, xt, parameters, yt = cache
    Wax, Waa, Wya = parameters["Wax"], parameters["Waa"], parameters["Wya"]
    dz = yt * (dyt - np.sum(dyt * yt, axis=0, keepdims=True))
    dWya = np.dot(dz, a_next.T)
    dby = np.sum(dz, axis=1, keepdims=True)
    da = da_next + np.dot(Wya.T, dz)
    dtanh = (1 - a_next**2) * da
    dxt = np.dot(Wax.T, dtanh)
    dWax = np.dot(dtanh, xt.T)
    da_prev = np.dot(Waa.T, dtanh)
    dWaa = np.dot(dtanh, a_prev.T)
    dba = np.sum(dtanh, axis=1, keepdims=True)
    return {
        "dxt": dxt,
        "da_prev": da_prev,
        "dWax": dWax,
        "dWaa": dWaa,
        "dba": dba,
        "dWya": dWya,
        "dby": dby,
    }


def neuron(w, x, b):
    total = b
    for wi, xi in zip(w, x):
        total = total + wi * xi
    out = np.tanh(total)
    return out, (w, x, out)


def neuron_backward(dout, cache):
    w, x, out = cache
    dtotal = dout * (1 - out * out)
    dw = np.array([dtotal * xi for xi in x])
    dx = np.array([dtotal * wi for wi in w])
    db = dtotal
    return dw, dx, db


class Value:
    __slots__ = ("data", "grad", "_backward", "_prev")

    def __init__(self, data, _children=()):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = set(_children)

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad = self.grad + out.grad
            other.grad = other.grad + out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad = self.grad + other.data * out.grad
            other.grad = other.grad + self.data * out.grad

        out._backward = _backward
        return out

    def exp(self):
        out = Value(np.exp(self.data), (self,))

        def _backward():
            self.grad = self.grad + out.data * out.grad

        out._backward = _backward
        return out

    def backward(self, seed):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = seed
        for v in reversed(topo):
            v._backward()


def value_expression(a, b):
    return a * b + np.exp(a * a)


def value_expression_backward(dout, a, b):
    va, vb = Value(a), Value(b)
    out = va * vb + (va * va).exp()
    out.backward(dout)
    return va.grad, vb.grad


class BnCache(NamedTuple):
    centred: np.ndarray
    std: np.ndarray
    gamma: np.ndarray


def bn_named(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, eps: float = 1e-5):
    centred = x - (mean := x.mean(0))
    std = np.sqrt((centred * centred).mean(0) + eps)
    return gamma * centred / std + beta, BnCache(centred, std, gamma)


def bn_named_backward(dout: np.ndarray, cache: BnCache):
    centred, std, gamma = cache.centred, cache.std, cache.gamma
    n = len(dout)
    dgamma = (dout * centred / std).sum(0)
    dbeta = dout.sum(0)
    dhat = dout * gamma
    dstd = -(dhat * centred).sum(0) / std**2
    dvar = dstd / (2 * std)
    dcentred = dhat / std + 2 * centred * dvar / n
    dx = dcentred - dcentred.mean(0)
    return dx, dgamma, dbeta


def activation(name):
    match name:
        case "relu":
            return lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(float)
        case "tanh":
            return np.tanh, lambda z, a: 1 - a * a
        case "sigmoid":
            return lambda z: 1 / (1 + np.exp(-z)), lambda z, a: a * (1 - a)
        case _:
            raise ValueError(name)


def mlp_by_table(x, weights, kinds=("tanh", "sigmoid", "relu")):
    tape = []
    for W, kind in zip(weights, kinds, strict=True):
        act, _ = activation(kind)
        z = x @ W
        a = act(z)
        tape.append((x, W, z, a, kind))
        x = a
    return x, tape


def mlp_by_table_backward(g, cache):
    dweights = []
    while cache:
        *cache, (x, W, z, a, kind) = cache
        _, slope = activation(kind)
        g = g * slope(z, a)
        dweights.append(x.T @ g)
        g = g @ W.T
    return g, dweights[::-1]


def traced_linear(x, W, b):
    y = x @ W + b

    def pullback(ybar):
        Wbar = x.T @ ybar
        bbar = ybar.sum(axis=0)
        xbar = ybar @ W.T
        return xbar, Wbar, bbar

    return y, pullback


def softplus_vjp(x):
    y = np.logaddexp(0, x)
    return y, lambda ybar: ybar * np.exp(x - y)


def chained(x, W1, b1, W2, b2):
    z, pull1 = traced_linear(x, W1, b1)
    a, pull2 = softplus_vjp(z)
    out, pull3 = traced_linear(a, W2, b2)
    return out, (pull1, pull2, pull3)


def chained_backward(out_bar, cache):
    pull1, pull2, pull3 = cache
    a_bar, W2_bar, b2_bar = pull3(out_bar)
    z_bar = pull2(a_bar)
    x_bar, W1_bar, b1_bar = pull1(z_bar)
    return x_bar, W1_bar, b1_bar, W2_bar, b2_bar


def newton_sqrt(a, rounds=5):
    x = 0.5 * (1 + a)
    xs = [x]
    for _ in range(rounds):
        x = 0.5 * (x + a / x)
        xs.append(x)
    return x, (a, xs)


def newton_sqrt_backward(g, cache):
    a, xs = cache
    da = np.zeros_like(a)
    for x in reversed(xs[:-1]):
        da += 0.5 * g / x
        g = 0.5 * g * (1 - a / x**2)
    da += 0.5 * g
    return da


_p3 = {
    "W1": _a(4, 3),
    "b1": _a(4, 1),
    "W2": _a(3, 4),
    "b2": _a(3, 1),
    "W3": _a(1, 3),
    "b3": _a(1, 1),
}
_Y = np.array([[0, 1, 1, 0, 1]])
_cell = {"Wax": _a(4, 3), "Waa": _a(4, 4), "Wya": _a(2, 4), "ba": _a(4, 1), "by": _a(2, 1)}
_words = np.array([[0, 3, 1], [2, 2, 0]])

# fmt: off
PAIRS = {
    "rnn_by_steps": (rnn_forward, rnn_backward, (_a(2, 3, 4), _a(2, 5), _a(4, 5), _a(5, 5), _a(5)), [
        ("dh[:, t, :] + dprev_h", "dh[:, t, :]"),
        ("dWh += dWh_t", "dWh = dWh_t"),
        ("db += db_t", "db += db_t / T"),
        ("dh0 = dprev_h", "dh0 = dh[:, 0, :]"),
    ]),
    "rnn_step": (rnn_step_forward, rnn_step_backward, (_a(2, 4), _a(2, 5), _a(4, 5), _a(5, 5), _a(5)), [
        ("(1 - next_h * next_h)", "(1 - next_h)"),
        ("dWh = prev_h.T.dot(dtanh)", "dWh = next_h.T.dot(dtanh)"),
        ("dprev_h = dtanh.dot(Wh.T)", "dprev_h = dtanh.dot(Wh)"),
    ]),
    "lstm_step": (lstm_step_forward, lstm_step_backward, (_a(2, 4), _a(2, 3), _a(2, 3) + 1, _a(4, 12), _a(3, 12), _a(12)), [
        ("dnext_c = dnext_c + dnext_h * o * (1 - tc**2)", "dnext_c = dnext_h * o * (1 - tc**2)"),
        ("df = dnext_c * prev_c", "df = dnext_c * next_c"),
        ("dg * (1 - g**2)", "dg * g * (1 - g)"),
        ("do * o * (1 - o), dg", "di * o * (1 - o), dg"),
    ]),
    "word_embedding": (word_embedding_forward, word_embedding_backward, (_words, _a(5, 3)), [
        ("dW[x[n, t]] += dout[n, t]", "dW[x[n, t]] = dout[n, t]"),
        ("dW[x[n, t]] += dout[n, t]", "dW[x[n, t]] += dout[n, 0]"),
        ("dW[x[n, t]] += dout[n, t]", "dW[x[n, t]] += dout[n, t] / T"),
    ]),
    "attention_lstm_step": (attention_lstm_step, attention_lstm_step_backward, (_a(2, 3), _a(2, 4), _a(2, 4) + .3, _a(2, 4, 2, 2), _a(3, 16), _a(4, 16), _a(4, 16) - .2, _a(16)), [
        ("dflat += prev_h[:, :, None] * dscores[:, None, :]", "dflat = prev_h[:, :, None] * dscores[:, None, :]"),
        ("keepdims=True)) / math.sqrt(H)", "keepdims=True)) / H"),
        ("da[:, 2 * H : 3 * H] = do * o * (1 - o)", "da[:, 2 * H : 3 * H] = do * (1 - o)"),
        ("dprev_h += np.matmul", "dprev_h -= np.matmul"),
    ]),
    "content_and_style": (content_and_style, content_and_style_backward, (_a(1, 3, 2, 4), _a(1, 3, 2, 4) + .3, _a(3, 3)), [
        ("(dgram + dgram.T) @ flat", "dgram @ flat"),
        ("dF = 2 * cw * diff", "dF = cw * diff"),
        ("dF = dF + dflat.reshape(F.shape)", "dF = dF - dflat.reshape(F.shape)"),
    ]),
    "L_model": (L_model_cost, L_model_backward, (_a(3, 5), _Y, _p3), [
        ("dAL = -(np.divide(Y, AL) - np.divide(1 - Y, 1 - AL))", "dAL = -(np.divide(Y, AL) + np.divide(1 - Y, 1 - AL))"),
        ("dZ[Z <= 0] = 0", "dZ[Z >= 0] = 0"),
        ("dZ = dAL * s * (1 - s)", "dZ = dAL * s"),
        ('grads["dW" + str(l + 1)] = dcost * np.dot(dZ, A_prev.T) / m', 'grads["dW" + str(l + 1)] = dcost * np.dot(dZ, A_prev.T)'),
    ]),
    "rnn_cell": (rnn_cell_forward, rnn_cell_backward, (_a(3, 5), _a(4, 5), _cell), [
        ("da = da_next + np.dot(Wya.T, dz)", "da = np.dot(Wya.T, dz)"),
        ("dtanh = (1 - a_next**2) * da", "dtanh = (1 - a_next**2) * da_next"),
        ("dWaa = np.dot(dtanh, a_prev.T)", "dWaa = np.dot(dtanh, a_next.T)"),
        ("dz = yt * (dyt - np.sum(dyt * yt, axis=0", "dz = yt * (dyt - np.sum(dyt * yt, axis=1"),
    ]),
    "neuron": (neuron, neuron_backward, (_a(4), _a(4) + .2, np.array(0.3)), [
        ("(1 - out * out)", "(1 + out * out)"),
        ("dw = np.array([dtotal * xi for xi in x])", "dw = np.array([dtotal * wi for wi in w])"),
        ("db = dtotal", "db = dout"),
    ]),
    "value_expression": (value_expression, value_expression_backward, (np.array(0.4), np.array(-1.1)), [
        ("(va * va).exp()", "(va * vb).exp()"),
        ("out.backward(dout)", "out.backward(1.0)"),
        ("return va.grad, vb.grad", "return vb.grad, va.grad"),
    ]),
    "bn_named": (bn_named, bn_named_backward, (_a(5, 3), _a(3) + 1, _a(3)), [
        ("dvar = dstd / (2 * std)", "dvar = dstd / std"),
        ("dhat / std + 2 * centred * dvar / n", "dhat / std + centred * dvar / n"),
        ("dx = dcentred - dcentred.mean(0)", "dx = dcentred - dcentred.sum(0)"),
        ("/ std**2", "/ std"),
    ]),
    "mlp_by_table": (mlp_by_table, mlp_by_table_backward, (_a(4, 3), [_a(3, 5), _a(5, 4), _a(4, 2)]), [
        ("g = g * slope(z, a)", "g = g * slope(a, z)"),
        ("dweights[::-1]", "dweights"),
        ("dweights.append(x.T @ g)", "dweights.append(a.T @ g)"),
    ]),
    "chained": (chained, chained_backward, (_a(4, 3), _a(3, 5), _a(5), _a(5, 2), _a(2)), [
        ("pull1(z_bar)", "pull1(a_bar)"),
        ("z_bar = pull2(a_bar)", "z_bar = a_bar"),
        ("return x_bar, W1_bar, b1_bar, W2_bar, b2_bar", "return x_bar, W1_bar, b2_bar, W2_bar, b1_bar"),
    ]),
    "newton_sqrt": (newton_sqrt, newton_sqrt_backward, (9 * np.abs(_a(6)) + 0.5, 2), [
        ("da += 0.5 * g / x", "da = 0.5 * g / x"),
        ("(1 - a / x**2)", "(1 + a / x**2)"),
        ("g = 0.5 * g * (1", "g = g * (1"),
    ]),
}
# fmt: on
