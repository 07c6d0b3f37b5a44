"""Layers as classes of small engines: a base class, caches, properties, dataclasses, `out=`."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

_rng = np.random.default_rng(41)


def _a(*shape: int) -> np.ndarray:
    return _rng.normal(size=shape)


# ── a module system ─────────────────────────────────────────────────────────────────────────
class Module:
    def __init__(self, name=None, **kwargs):
        self.name = name or type(self).__name__
        self.params = {}
        self.grads = {}
        self.cache = {}
        for key, value in kwargs.items():
            self.add_param(key, value)

    def add_param(self, key, value):
        self.params[key] = np.asarray(value)
        self.grads[key] = np.zeros_like(self.params[key])

    def zero_grad(self):
        for grad in self.grads.values():
            grad[...] = 0

    def __call__(self, *args):
        return self.forward(*args)


class LayerNormModule(Module):
    def __init__(self, dim, eps=1e-5):
        super().__init__("ln", gamma=1 + 0.3 * _a(dim), beta=_a(dim))
        self.eps = eps

    def forward(self, x):
        mu = x.mean(-1, keepdims=True)
        var = ((x - mu) ** 2).mean(-1, keepdims=True)
        rstd = 1.0 / np.sqrt(var + self.eps)
        xhat = (x - mu) * rstd
        self.cache.update(xhat=xhat, rstd=rstd)
        return self.params["gamma"] * xhat + self.params["beta"]

    def backward(self, dy):
        xhat, rstd = self.cache["xhat"], self.cache["rstd"]
        axes = tuple(range(dy.ndim - 1))
        self.grads["gamma"] += np.sum(dy * xhat, axis=axes)
        self.grads["beta"] += np.sum(dy, axis=axes)
        g = dy * self.params["gamma"]
        m1 = g.mean(-1, keepdims=True)
        m2 = (g * xhat).mean(-1, keepdims=True)
        return rstd * (g - m1 - xhat * m2)


class CausalSelfAttention(Module):
    """nanoGPT's, in numpy: one matrix for q, k, v, heads split by reshape."""

    def __init__(self, dim, heads):
        super().__init__(w_qkv=_a(dim, 3 * dim), w_out=_a(dim, dim))
        self.heads = heads

    @property
    def head_dim(self):
        return self.params["w_out"].shape[0] // self.heads

    def split(self, t):
        B, T, _ = t.shape
        return t.reshape(B, T, self.heads, self.head_dim).transpose(0, 2, 1, 3)

    def merge(self, t):
        B, h, T, d = t.shape
        return t.transpose(0, 2, 1, 3).reshape(B, T, h * d)

    def forward(self, x):
        T = x.shape[1]
        qkv = x @ self.params["w_qkv"]
        q, k, v = (self.split(t) for t in np.split(qkv, 3, axis=-1))
        att = q @ k.swapaxes(-1, -2) / np.sqrt(self.head_dim)
        att = np.where(np.tril(np.ones((T, T), dtype=bool)), att, -1e9)
        att = np.exp(att - att.max(-1, keepdims=True))
        att = att / att.sum(-1, keepdims=True)
        y = self.merge(att @ v)
        self.cache = dict(x=x, q=q, k=k, v=v, att=att, y=y)
        return y @ self.params["w_out"]

    def backward(self, dout):
        c = self.cache
        D = dout.shape[-1]
        self.grads["w_out"] += c["y"].reshape(-1, D).T @ dout.reshape(-1, D)
        dy = self.split(dout @ self.params["w_out"].T)
        datt = dy @ c["v"].swapaxes(-1, -2)
        dv = c["att"].swapaxes(-1, -2) @ dy
        dscore = c["att"] * (datt - np.sum(datt * c["att"], axis=-1, keepdims=True))
        dscore /= np.sqrt(self.head_dim)
        dq = dscore @ c["k"]
        dk = dscore.swapaxes(-1, -2) @ c["q"]
        dqkv = np.concatenate([self.merge(t) for t in (dq, dk, dv)], axis=-1)
        self.grads["w_qkv"] += c["x"].reshape(-1, D).T @ dqkv.reshape(-1, 3 * D)
        return dqkv @ self.params["w_qkv"].T


class FeedForward(Module):
    SCALE = np.sqrt(2 / np.pi)

    def __init__(self, dim, hidden):
        super().__init__(W1=_a(dim, hidden), b1=_a(hidden), W2=_a(hidden, dim), b2=_a(dim))

    def forward(self, x):
        p = self.params
        h = x @ p["W1"] + p["b1"]
        t = np.tanh(self.SCALE * (h + 0.044715 * h**3))
        a = 0.5 * h * (1 + t)
        self.cache = {"x": x, "h": h, "t": t, "a": a}
        return a @ p["W2"] + p["b2"]

    def backward(self, dout):
        x, h, t, a = self.cache["x"], self.cache["h"], self.cache["t"], self.cache["a"]
        self.grads["W2"] = np.tensordot(a, dout, axes=([0, 1], [0, 1]))
        self.grads["b2"] = dout.sum((0, 1))
        da = dout @ self.params["W2"].T
        dt = 0.5 * h * da * (1 - t * t)
        dh = 0.5 * da * (1 + t) + dt * self.SCALE * (1 + 3 * 0.044715 * h**2)
        self.grads["W1"] = np.tensordot(x, dh, axes=([0, 1], [0, 1]))
        self.grads["b1"] = dh.sum((0, 1))
        return dh @ self.params["W1"].T


class Sequential(Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = x + layer(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = dout + layer.backward(dout)
        return dout


# ── convolutions of all sorts ───────────────────────────────────────────────────────────────
class WindowConv:
    """Windows by `sliding_window_view`, gradients by `tensordot` and a full correlation."""

    def __init__(self, kernel, bias, pad=1):
        self.kernel, self.bias, self.pad = kernel, bias, pad

    def forward(self, x):
        p = self.pad
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        kh, kw = self.kernel.shape[2:]
        self.win = sliding_window_view(xp, (kh, kw), axis=(2, 3))
        out = np.tensordot(self.win, self.kernel, axes=([1, 4, 5], [1, 2, 3]))
        return out.transpose(0, 3, 1, 2) + self.bias[None, :, None, None]

    def backward(self, dout):
        kh, kw = self.kernel.shape[2:]
        self.dbias = dout.sum(axis=(0, 2, 3))
        self.dkernel = np.tensordot(dout, self.win, axes=([0, 2, 3], [0, 2, 3]))
        ph, pw = kh - 1 - self.pad, kw - 1 - self.pad
        padded = np.pad(dout, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
        win = sliding_window_view(padded, (kh, kw), axis=(2, 3))
        flipped = self.kernel[:, :, ::-1, ::-1]
        dx = np.tensordot(win, flipped, axes=([1, 4, 5], [0, 2, 3])).transpose(0, 3, 1, 2)
        return dx


class CausalDilatedConv1d:
    def __init__(self, weight, dilation):
        self.weight = weight
        self.dilation = dilation
        self.dweight = None

    def forward(self, x):
        K = self.weight.shape[2]
        left = (K - 1) * self.dilation
        self.x = np.pad(x, ((0, 0), (0, 0), (left, 0)))
        T = x.shape[2]
        y = np.zeros((x.shape[0], self.weight.shape[0], T))
        for k in range(K):
            tap = self.x[:, :, k * self.dilation : k * self.dilation + T]
            y += np.einsum("oc,nct->not", self.weight[:, :, k], tap)
        return y

    def backward(self, dy):
        N, C, L = self.x.shape
        T = dy.shape[2]
        self.dweight = np.zeros_like(self.weight)
        dx = np.zeros((N, C, L))
        for k in range(self.weight.shape[2]):
            s = k * self.dilation
            self.dweight[:, :, k] = np.einsum("not,nct->oc", dy, self.x[:, :, s : s + T])
            dx[:, :, s : s + T] += np.einsum("oc,not->nct", self.weight[:, :, k], dy)
        return dx[:, :, L - T :]


class DepthwisePointwise:
    def __init__(self, dw, pw):
        self.dw, self.pw = dw, pw

    def forward(self, x):
        N, C, H, W = x.shape
        k = self.dw.shape[-1]
        mid = np.empty((N, C, H - k + 1, W - k + 1))
        for c in range(C):
            for i in range(H - k + 1):
                for j in range(W - k + 1):
                    mid[:, c, i, j] = (x[:, c, i : i + k, j : j + k] * self.dw[c]).sum((1, 2))
        self.saved = x, mid
        return np.einsum("fc,nchw->nfhw", self.pw, mid)

    def backward(self, dout):
        x, mid = self.saved
        k = self.dw.shape[-1]
        self.d_pw = np.einsum("nfhw,nchw->fc", dout, mid)
        dmid = np.einsum("fc,nfhw->nchw", self.pw, dout)
        self.d_dw = np.zeros(self.dw.shape)
        dx = np.zeros(x.shape)
        for c in range(x.shape[1]):
            for i in range(dmid.shape[2]):
                for j in range(dmid.shape[3]):
                    g = dmid[:, c, i, j][:, None, None]
                    self.d_dw[c] += (x[:, c, i : i + k, j : j + k] * g).sum(0)
                    dx[:, c, i : i + k, j : j + k] += self.dw[c] * g
        return dx


@dataclass
class PoolState:
    windows: np.ndarray
    argmax: np.ndarray
    shape: tuple[int, ...]


class MaxPool1d:
    def __init__(self, size: int) -> None:
        self.size = size
        self.state: PoolState | None = None

    def forward(self, x: np.ndarray) -> np.ndarray:
        n, c, t = x.shape
        windows = x.reshape(n, c, t // self.size, self.size)
        argmax = windows.argmax(axis=-1)
        self.state = PoolState(windows, argmax, x.shape)
        return np.take_along_axis(windows, argmax[..., None], axis=-1)[..., 0]

    def backward(self, dout: np.ndarray) -> np.ndarray:
        assert self.state is not None
        dwin = np.zeros_like(self.state.windows)
        np.put_along_axis(dwin, self.state.argmax[..., None], dout[..., None], axis=-1)
        return dwin.reshape(self.state.shape)


class AvgPoolStrided:
    """Overlapping averages, the border counted as zeros."""

    def __init__(self, k=3, stride=2, pad=1):
        self.k, self.stride, self.pad = k, stride, pad

    def _slices(self, ho, wo):
        for i in range(ho):
            for j in range(wo):
                yield i, j, np.s_[
                    :, :,
                    i * self.stride : i * self.stride + self.k,
                    j * self.stride : j * self.stride + self.k,
                ]  # fmt: skip

    def forward(self, x):
        p = self.pad
        self.xp = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
        ho = (self.xp.shape[2] - self.k) // self.stride + 1
        wo = (self.xp.shape[3] - self.k) // self.stride + 1
        y = np.zeros((*x.shape[:2], ho, wo))
        for i, j, where in self._slices(ho, wo):
            y[:, :, i, j] = self.xp[where].mean(axis=(2, 3))
        return y

    def backward(self, dy):
        dxp = np.zeros_like(self.xp)
        for i, j, where in self._slices(*dy.shape[2:]):
            dxp[where] += dy[:, :, i, j, None, None] / self.k**2
        p = self.pad
        return dxp[:, :, p:-p, p:-p]


# ── norms and gates ─────────────────────────────────────────────────────────────────────────
class WeightStandardizedDense(Module):
    def __init__(self, W, b, *, eps=1e-4):
        super().__init__(W=W, b=b)
        self.eps = eps

    def forward(self, x):
        W = self.params["W"]
        self.mean = np.mean(W, axis=0)
        self.sd = np.sqrt(np.var(W, axis=0) + self.eps)
        self.What = (W - self.mean) / self.sd
        self.x = x
        return x.dot(self.What) + self.params["b"]

    def backward(self, dout):
        dWhat = self.x.T.dot(dout)
        n = dWhat.shape[0]
        dW = n * dWhat - dWhat.sum(0) - self.What * (dWhat * self.What).sum(0)
        self.grads["W"] = dW / (n * self.sd)
        self.grads["b"] = dout.sum(0)
        return dout.dot(self.What.T)


class FilterResponseNorm:
    """With its thresholded unit, max(y, tau)."""

    def __init__(self, gamma, beta, tau, eps=1e-5):
        self.gamma, self.beta, self.tau, self.eps = gamma, beta, tau, eps

    def forward(self, x):
        self.nu2 = np.mean(np.square(x), axis=(2, 3), keepdims=True) + self.eps
        self.x = x
        self.xn = x * self.nu2**-0.5
        g = self.gamma.reshape(1, -1, 1, 1)
        self.y = g * self.xn + self.beta.reshape(1, -1, 1, 1)
        return np.maximum(self.y, self.tau.reshape(1, -1, 1, 1))

    def backward(self, dout):
        active = self.y > self.tau.reshape(1, -1, 1, 1)
        dy = np.where(active, dout, 0.0)
        self.dtau = np.where(active, 0.0, dout).sum(axis=(0, 2, 3))
        self.dbeta = dy.sum(axis=(0, 2, 3))
        self.dgamma = (dy * self.xn).sum(axis=(0, 2, 3))
        dxn = dy * self.gamma.reshape(1, -1, 1, 1)
        dot = (dxn * self.xn).mean(axis=(2, 3), keepdims=True)
        return (dxn - self.xn * dot) / np.sqrt(self.nu2)


class GatedResidual:
    """A highway layer: y = t * h + (1 - t) * x, all in place."""

    def __init__(self, Wh, bh, Wt, bt):
        self.Wh, self.bh, self.Wt, self.bt = Wh, bh, Wt, bt

    def forward(self, x):
        self.x = x
        self.h = np.tanh(x @ self.Wh + self.bh)
        self.t = 1 / (1 + np.exp(-(x @ self.Wt + self.bt)))
        return self.t * self.h + (1 - self.t) * x

    def backward(self, dout):
        dh = dout * self.t
        dt = dout * (self.h - self.x)
        dzh = dh * (1 - self.h**2)
        dzt = dt * self.t * (1 - self.t)
        self.dWh = self.x.T @ dzh
        self.dbh = dzh.sum(axis=0)
        self.dWt = self.x.T @ dzt
        self.dbt = dzt.sum(axis=0)
        dx = dout * (1 - self.t)
        dx += dzh @ self.Wh.T
        dx += dzt @ self.Wt.T
        return dx


class BufferedSigmoid:
    """Nothing is allocated twice: `out=` everywhere."""

    def __init__(self, shape):
        self.buffer = np.empty(shape)

    def forward(self, x):
        self.y = 1.0 / (1.0 + np.exp(-x))
        return self.y

    def backward(self, dout):
        buf = self.buffer
        np.subtract(1.0, self.y, out=buf)
        np.multiply(buf, self.y, out=buf)
        np.multiply(buf, dout, out=buf)
        return buf.copy()


class MaskedBatchNorm:
    """Statistics over the entries that a boolean mask keeps (`where=`)."""

    def __init__(self, gamma, mask):
        self.gamma, self.mask, self.eps = gamma, mask, 1e-5

    def forward(self, x):
        m = self.mask[:, None]
        self.n = self.mask.sum()
        mu = np.sum(x, axis=0, where=m) / self.n
        xc = np.where(m, x - mu, 0.0)
        self.inv = 1 / np.sqrt(np.sum(xc * xc, axis=0) / self.n + self.eps)
        self.xhat = xc * self.inv
        return self.gamma * self.xhat

    def backward(self, dout):
        m = self.mask[:, None]
        self.dgamma = (dout * self.xhat).sum(0)
        dxhat = np.where(m, dout * self.gamma, 0.0)
        s1 = dxhat.sum(0)
        s2 = (dxhat * self.xhat).sum(0)
        dx = self.inv / self.n * (self.n * dxhat - s1 - self.xhat * s2)
        dx[~self.mask] = 0
        return dx


class FiLM(Module):
    def forward(self, x, cond):
        p = self.params
        self.x, self.cond = x, cond
        self.scale = cond @ p["Wg"]
        self.shift = cond @ p["Wb"]
        return x * (1 + self.scale)[:, :, None] + self.shift[:, :, None]

    def backward(self, dout):
        dscale = np.einsum("nct,nct->nc", dout, self.x)
        dshift = dout.sum(-1)
        self.grads["Wg"] = self.cond.T @ dscale
        self.grads["Wb"] = self.cond.T @ dshift
        dcond = dscale @ self.params["Wg"].T + dshift @ self.params["Wb"].T
        dx = dout * (1 + self.scale[:, :, None])
        return dx, dcond


class Saved(NamedTuple):
    x: np.ndarray
    idx: np.ndarray
    weights: np.ndarray


class EmbeddingBag:
    """Bags by offsets, weighted, summed by `add.reduceat`, the gradients by `add.at`."""

    def __init__(self, table):
        self.table = table

    def forward(self, weights, idx, offsets):
        rows = self.table[idx] * weights[:, None]
        self.offsets = offsets
        self.saved = Saved(rows, idx, weights)
        return np.stack([rows[a:b].sum(0) for a, b in zip(offsets[:-1], offsets[1:], strict=True)])

    def backward(self, dout):
        rows, idx, weights = self.saved
        lengths = np.diff(self.offsets)
        spread = np.repeat(dout, lengths, axis=0)
        self.dtable = np.zeros_like(self.table)
        np.add.at(self.dtable, idx, weights[:, None] * spread)
        dweights = np.sum(self.table[idx] * spread, axis=1)
        return dweights


class RNNStack:
    """Two recurrent layers; states in a deque, popped on the way back."""

    def __init__(self, cells):
        self.cells = cells
        self.tape = deque()

    def forward(self, xs):
        hs = [np.zeros(cell["Wh"].shape[0]) for cell in self.cells]
        self.tape = deque()
        ys = []
        for x in xs:
            inp = x
            for i, cell in enumerate(self.cells):
                h = np.tanh(cell["Wx"] @ inp + cell["Wh"] @ hs[i] + cell["b"])
                self.tape.append((i, inp, hs[i], h))
                hs[i] = inp = h
            ys.append(inp)
        return np.array(ys)

    def backward(self, dys):
        self.grads = [{k: np.zeros_like(v) for k, v in cell.items()} for cell in self.cells]
        dhs = [np.zeros(cell["Wh"].shape[0]) for cell in self.cells]
        dxs = []
        for dy in dys[::-1]:
            dinp = dy
            for _ in self.cells:
                i, inp, prev, h = self.tape.pop()
                cell, grad = self.cells[i], self.grads[i]
                da = (dhs[i] + dinp) * (1 - h * h)
                grad["Wx"] += np.outer(da, inp)
                grad["Wh"] += np.outer(da, prev)
                grad["b"] += da
                dhs[i] = cell["Wh"].T @ da
                dinp = cell["Wx"].T @ da
            dxs.append(dinp)
        return np.array(dxs[::-1])


@dataclass
class Parameter:
    data: np.ndarray
    grad: np.ndarray = field(init=False)

    def __post_init__(self):
        self.grad = np.zeros_like(self.data)


class MaxoutOrdered:
    """Parameters in an OrderedDict of objects with `data` and `grad`."""

    def __init__(self, W, b):
        self.p = OrderedDict(W=Parameter(W), b=Parameter(b))

    def forward(self, x):
        z = np.einsum("nd,dhk->nhk", x, self.p["W"].data) + self.p["b"].data
        self.x, self.pick = x, z.argmax(-1)
        return z.max(-1)

    def backward(self, dout):
        k = self.p["b"].data.shape[-1]
        dz = dout[..., None] * np.eye(k)[self.pick]
        self.p["W"].grad += np.einsum("nd,nhk->dhk", self.x, dz)
        self.p["b"].grad += dz.sum(0)
        return np.einsum("nhk,dhk->nd", dz, self.p["W"].data)


PAIRS = {
    "LayerNormModule": (LayerNormModule(4), None, (_a(2, 3, 4),), [
        ("- xhat * m2", "+ xhat * m2"),
        ("g = dy * self.params[\"gamma\"]", "g = dy"),
        ("(g * xhat).mean(-1, keepdims=True)", "(dy * xhat).mean(-1, keepdims=True)"),
    ]),
    "CausalSelfAttention": (CausalSelfAttention(4, 2), None, (_a(2, 3, 4),), [
        ("dscore /= np.sqrt(self.head_dim)", "dscore /= np.sqrt(self.heads * self.head_dim)"),
        ("dk = dscore.swapaxes(-1, -2) @ c[\"q\"]", "dk = dscore @ c[\"q\"]"),
        ("np.sum(datt * c[\"att\"], axis=-1, keepdims=True)", "np.sum(datt * c[\"att\"], axis=-2, keepdims=True)"),
        ("for t in (dq, dk, dv)", "for t in (dk, dq, dv)"),
    ]),
    "FeedForward": (FeedForward(3, 5), None, (_a(2, 4, 3),), [
        ("(1 + 3 * 0.044715 * h**2)", "(1 + 0.044715 * h**2)"),
        ("dh = 0.5 * da * (1 + t) + dt", "dh = dt"),
        ("da * (1 - t * t)", "da * (1 - t)"),
    ]),
    "WindowConv": (WindowConv(_a(3, 2, 3, 3), _a(3)), None, (_a(2, 2, 5, 4),), [
        ("self.kernel[:, :, ::-1, ::-1]", "self.kernel[:, :, ::-1, :]"),
        ("axes=([1, 4, 5], [0, 2, 3])).transpose(0, 3, 1, 2)\n        return dx",
         "axes=([1, 4, 5], [0, 3, 2])).transpose(0, 3, 1, 2)\n        return dx"),
        ("dout.sum(axis=(0, 2, 3))", "dout.mean(axis=(0, 2, 3))"),
    ]),
    "CausalDilatedConv1d": (CausalDilatedConv1d(_a(2, 3, 3), 2), None, (_a(2, 3, 6),), [
        ("dx[:, :, L - T :]", "dx[:, :, :T]"),
        ("s = k * self.dilation", "s = k"),
        ("dx[:, :, s : s + T] += ", "dx[:, :, s : s + T] = "),
    ]),
    "DepthwisePointwise": (DepthwisePointwise(_a(3, 2, 2), _a(4, 3)), None, (_a(2, 3, 4, 3),), [
        ("+= self.dw[c] * g", "+= self.dw[c].T * g"),
        ("self.d_dw[c] += ", "self.d_dw[c] = "),
        ("dout, mid)", "dout, -mid)"),
    ]),
    "MaxPool1d": (MaxPool1d(2), None, (_a(2, 3, 6),), [
        ("dout[..., None], axis=-1", "-dout[..., None], axis=-1"),
        ("dwin.reshape(self.state.shape)", "dwin[..., ::-1].reshape(self.state.shape)"),
        ("np.zeros_like(self.state.windows)", "np.ones_like(self.state.windows)"),
    ]),
    "AvgPoolStrided": (AvgPoolStrided(), None, (_a(2, 2, 5, 5),), [
        ("/ self.k**2", "/ self.k"),
        ("dxp[where] += ", "dxp[where] = "),
        ("dxp[:, :, p:-p, p:-p]", "dxp[:, :, : -2 * p, : -2 * p]"),
    ]),
    "WeightStandardizedDense": (WeightStandardizedDense(_a(4, 3), _a(3)), None, (_a(5, 4),), [
        ("n * dWhat - dWhat.sum(0) - ", "n * dWhat - "),
        ("n = dWhat.shape[0]", "n = dWhat.shape[1]"),
        ("return dout.dot(self.What.T)", "return dout.dot(self.params[\"W\"].T)"),
    ]),
    "FilterResponseNorm": (FilterResponseNorm(_a(3), _a(3), 0.2 * _a(3)), None, (_a(2, 3, 4, 2),), [
        ("(dxn - self.xn * dot)", "(dxn - self.x * dot)"),
        ("np.where(active, 0.0, dout)", "np.where(active, dout, 0.0)"),
        ("dxn * self.xn).mean(axis=(2, 3)", "dxn * self.xn).sum(axis=(2, 3)"),
    ]),
    "GatedResidual": (GatedResidual(_a(3, 3), _a(3), _a(3, 3), _a(3)), None, (_a(4, 3),), [
        ("dt = dout * (self.h - self.x)", "dt = dout * self.h"),
        ("dx = dout * (1 - self.t)", "dx = dout"),
        ("dx += dzt @ self.Wt.T", "dx = dx"),
        ("dx = dout * (1 - self.t)", "dx = np.zeros_like(self.x)"),
        ("dx += dzh @ self.Wh.T", "dx += dzh @ self.Wt.T"),
    ]),
    "BufferedSigmoid": (BufferedSigmoid((3, 4)), None, (_a(3, 4),), [
        ("np.subtract(1.0, self.y, out=buf)", "np.add(1.0, self.y, out=buf)"),
        ("np.multiply(buf, self.y, out=buf)", "np.divide(buf, self.y, out=buf)"),
        ("np.multiply(buf, dout, out=buf)", "np.multiply(self.y, dout, out=buf)"),
    ]),
    "MaskedBatchNorm": (MaskedBatchNorm(_a(3), np.array([True, False, True, True, True, False])), None, (_a(6, 3),), [
        ("dxhat = np.where(m, dout * self.gamma, 0.0)", "dxhat = dout * self.gamma"),
        ("self.inv / self.n * (", "self.inv / len(self.mask) * ("),
        ("self.n * dxhat - s1 - self.xhat * s2", "self.n * dxhat - s1 - s2"),
    ]),
    "FiLM": (FiLM(Wg=_a(4, 3), Wb=_a(4, 3)), None, (_a(2, 3, 5), _a(2, 4)), [
        ("dx = dout * (1 + self.scale[:, :, None])", "dx = dout * self.scale[:, :, None]"),
        ("dscale @ self.params[\"Wg\"].T + dshift", "dscale @ self.params[\"Wg\"].T - dshift"),
        ("dshift = dout.sum(-1)", "dshift = dout.mean(-1)"),
    ]),
    "EmbeddingBag": (EmbeddingBag(_a(5, 3)), None, (_a(6), np.array([0, 3, 3, 1, 4, 3]), np.array([0, 2, 3, 6])), [
        ("np.add.at(self.dtable, idx, weights[:, None] * spread)", "self.dtable[idx] += weights[:, None] * spread"),
        ("weights[:, None] * spread", "spread"),
        ("np.sum(self.table[idx] * spread, axis=1)", "np.sum(rows * spread, axis=1)"),
    ]),
    "RNNStack": (RNNStack([{"Wx": _a(3, 2), "Wh": _a(3, 3), "b": _a(3)}, {"Wx": _a(4, 3), "Wh": _a(4, 4), "b": _a(4)}]), None, (_a(4, 2),), [
        ("(dhs[i] + dinp) * (1 - h * h)", "dinp * (1 - h * h)"),
        ("np.outer(da, prev)", "np.outer(da, h)"),
        ("dhs[i] = cell[\"Wh\"].T @ da", "dhs[i] = cell[\"Wh\"] @ da"),
        ("np.array(dxs[::-1])", "np.array(dxs)"),
    ]),
    "MaxoutOrdered": (MaxoutOrdered(_a(3, 4, 2), _a(4, 2)), None, (_a(5, 3),), [
        ("np.eye(k)[self.pick]", "np.eye(k)[1 - self.pick]"),
        ("dz.sum(0)", "dz.sum()"),
        ("+= np.einsum(\"nd,nhk->dhk\", self.x, dz)", "+= np.einsum(\"nd,nhk->dhk\", 2 * self.x, dz)"),
    ]),
}  # fmt: skip
