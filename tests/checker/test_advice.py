"""Slips that people make, by their kinds: the line is named, and the advice is what was there."""

import linecache

import numpy as np
import pytest

import backprop as bp


def _a(*shape):
    return np.random.default_rng(len(shape) + sum(shape)).normal(size=shape)


FROM, TO = np.array([0, 2, 2, 1]), np.array([1, 0, 1, 2])
LABELS = np.array([1, 0, 2, 1])

# name: the arguments, both functions, the slip, what the report's hint is
KINDS = {
    "indices in the wrong order": (
        (_a(6), _a(3, 3)),
        """
def smooth(x, k):
    out = np.zeros(4)
    for i in range(3):
        for j in range(3):
            out[i] += k[i, j] * x[j] ** 2
    return out

def smooth_backward(dout, x, k):
    dx, dk = np.zeros_like(x), np.zeros_like(k)
    for i in range(3):
        for j in range(3):
            dk[i, j] = dout[i] * x[j] ** 2
            dx[j] += 2 * dout[i] * k[i, j] * x[j]
    return dx, dk
""", "* k[i, j] * x[j]", "* k[j, i] * x[j]", "order",
    ),
    "columns for one entry a row": (
        (_a(4, 3), LABELS),
        """
def nll(z, labels):
    N = len(z)
    return np.log(np.exp(z).sum(axis=1)).sum() - z[np.arange(N), labels].sum()

def nll_backward(dloss, z, labels):
    N = len(z)
    p = np.exp(z)
    p = p / p.sum(axis=1, keepdims=True)
    p[np.arange(N), labels] -= 1
    return dloss * p
""", "p[np.arange(N), labels] -= 1", "p[:, labels] -= 1", "operand",
    ),
    "the wrong end of what was padded": (
        (_a(2, 5),),
        """
def edges(x):
    wide = np.pad(x, ((0, 0), (1, 1)))
    out = wide[:, 2:] * wide[:, :-2]
    return out

def edges_backward(dout, x):
    wide = np.pad(x, ((0, 0), (1, 1)))
    dwide = np.zeros_like(wide)
    dwide[:, 2:] += dout * wide[:, :-2]
    dwide[:, :-2] += dout * wide[:, 2:]
    return dwide[:, 1:-1]
""", "return dwide[:, 1:-1]", "return dwide[:, :-2]", "operand",
    ),
    "a stride that is forgotten": (
        (_a(9), _a(3)),
        """
def strided(x, w, step=2):
    out = np.zeros(4)
    for i in range(4):
        out[i] = x[i * step : i * step + 3] @ w
    return out

def strided_backward(dout, x, w, step=2):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(4):
        dw += dout[i] * x[i * step : i * step + 3]
        dx[i * step : i * step + 3] += dout[i] * w
    return dx, dw
""", "dx[i * step : i * step + 3]", "dx[i : i + 3]", "factor",
    ),
    "another table of indices": (
        (_a(3, 2),),
        """
def edge_sums(h):
    out = np.tanh(h[FROM]) * h[TO]
    return out

def edge_sums_backward(dout, h):
    dh = np.zeros_like(h)
    np.add.at(dh, FROM, dout * h[TO] * (1 - np.tanh(h[FROM]) ** 2))
    np.add.at(dh, TO, dout * np.tanh(h[FROM]))
    return dh
""", "np.add.at(dh, TO,", "np.add.at(dh, FROM,", "operand",
    ),
    "an index that comes twice, taken away": (
        (_a(3, 2), FROM),
        """
def gathered(w, rows):
    out = 1 - w[rows]
    return out

def gathered_backward(dout, w, rows):
    dw = np.zeros_like(w)
    np.subtract.at(dw, rows, dout)
    return dw
""", "np.subtract.at(dw, rows, dout)", "dw[rows] -= dout", "overwritten",
    ),
    "a number where an array belongs": (
        (_a(4, 3),),
        """
def gate(x):
    s = np.tanh(x)
    return x * s

def gate_backward(dout, x):
    s = np.tanh(x)
    return dout * (s + x * (1 - s * s))
""", "(s + x", "(1 + x", "operand",
    ),
    "two variables in each other's place": (
        (_a(4) ** 2 + 1, _a(4) ** 2 + 2),
        """
def ratio(a, b):
    out = 1 / (a**2 * b)
    return out

def ratio_backward(dout, a, b):
    da = -2 * dout / (a**3 * b)
    db = -dout / (a**2 * b**2)
    return da, db
""", "(a**3 * b)", "(b**3 * a)", "operand",
    ),
    "a number of the forward": (
        (_a(4, 3),),
        """
def seventh(x):
    out = x**2 / 7
    return out

def seventh_backward(dout, x):
    dx = 2 * x * dout / 7
    return dx
""", "2 * x * dout / 7", "2 * x * dout", "factor",
    ),
    "weights that do not add up to one": (
        (_a(5),),
        """
def total(x):
    return np.log(np.sum(np.exp(x)))

def total_backward(dout, x):
    e = np.exp(x)
    return dout * (e / e.sum())
""", "dout * (e / e.sum())", "dout * e", "factor",
    ),
    "a matrix that stands on both sides": (
        (_a(3, 3), _a(3)),
        """
def form(A, x):
    return x @ A @ x

def form_backward(dout, A, x):
    S = A + A.T
    return dout * np.outer(x, x), dout * (S @ x)
""", "S = A + A.T", "S = 2 * A", "missing term",
    ),
    "sums from the wrong end": (
        (_a(5),),
        """
def running(x):
    out = np.cumsum(x**2)
    return out

def running_backward(dout, x):
    later = np.cumsum(dout[::-1])[::-1]
    return 2 * x * later
""", "np.cumsum(dout[::-1])[::-1]", "np.cumsum(dout)", "order",
    ),
    "many axes in another order": (
        (_a(2, 3, 3, 3, 3),),
        """
def turned(x):
    out = np.tanh(x.transpose(0, 3, 1, 4, 2))
    return out

def turned_backward(dout, x):
    d = dout * (1 - np.tanh(x.transpose(0, 3, 1, 4, 2)) ** 2)
    return d.transpose(0, 2, 4, 1, 3)
""", "d.transpose(0, 2, 4, 1, 3)", "d.transpose(0, 2, 4, 3, 1)", "order",
    ),
    "the slope of a sigmoid, forgotten": (
        (_a(4, 3), _a(4, 3)),
        """
def squares(z, t):
    a = 1 / (1 + np.exp(-z))
    return 0.5 * np.sum((a - t) ** 2), (a, t)

def squares_backward(dloss, cache):
    a, t = cache
    delta = dloss * (a - t) * a * (1 - a)
    return delta, -dloss * (a - t)
""", "dloss * (a - t) * a * (1 - a)", "dloss * (a - t)", "value",
    ),
    "a relative of the function": (
        (_a(4, 3),),
        """
def soft(x):
    out = np.log(np.cosh(x))
    return out

def soft_backward(dout, x):
    return dout * np.tanh(x)
""", "dout * np.tanh(x)", "dout * np.sinh(x)", "function",
    ),
    "what comes back from the next step": (
        (_a(4, 3), _a(3, 3)),
        """
def unrolled(xs, w):
    state = np.zeros(3)
    states = []
    for x in xs:
        state = np.tanh(x + w @ state)
        states.append(state)
    return np.stack(states), (xs, w, states)

def unrolled_backward(dout, cache):
    xs, w, states = cache
    dxs, dw = np.zeros_like(xs), np.zeros_like(w)
    back = np.zeros(3)
    for t in range(len(xs) - 1, -1, -1):
        local = (dout[t] + back) * (1 - states[t] ** 2)
        before = states[t - 1] if t else np.zeros(3)
        dxs[t] = local
        dw += np.outer(local, before)
        back = w.T @ local
    return dxs, dw
""", "(dout[t] + back) *", "(dout[t]) *", "missing term",
    ),
    "a factor inside of a recurrence": (
        (_a(5, 3), _a(3, 3), _a(3, 3)),
        """
def leaky_net(xs, u, v):
    m = np.zeros(3)
    kept = []
    for x in xs:
        g = 1 / (1 + np.exp(-(u @ x)))
        c = np.tanh(v @ m + x)
        kept.append((x, m, g, c))
        m = g * m + (1 - g) * c
    return m, (kept, u, v)

def leaky_net_backward(dm, cache):
    kept, u, v = cache
    dxs, du, dv = [], np.zeros_like(u), np.zeros_like(v)
    for x, m, g, c in reversed(kept):
        q = dm * (m - c) * g * (1 - g)
        r = dm * (1 - g) * (1 - c**2)
        du += np.outer(q, x)
        dv += np.outer(r, m)
        dxs.insert(0, u.T @ q + r)
        dm = dm * g + v.T @ r
    return np.array(dxs), du, dv
""", "dm = dm * g + v.T @ r", "dm = dm + v.T @ r", "factor",
    ),
    "a sign in a recurrence of single numbers": (
        (_a(5), np.array(0.7), np.array(0.4)),
        """
def recursion(y, a, q):
    p, total = np.array(1.0), 0.0
    kept = []
    for each in y:
        s = a * p + q
        total = total + each**2 / s + np.log(s)
        kept.append((each, p, s))
        p = p / s
    return total, (a, kept)

def recursion_backward(g, cache):
    a, kept = cache
    da = dq = dp = 0.0
    dy = []
    for each, p, s in reversed(kept):
        dy.insert(0, 2 * g * each / s)
        ds = g / s - g * each**2 / s**2 - dp * p / s**2
        dp = dp / s + a * ds
        da += ds * p
        dq += ds
    return np.array(dy), da, dq
""", "- dp * p / s**2", "+ dp * p / s**2", "sign",
    ),
    "a 2 where a length is 2": (
        (_a(2, 3),),
        """
def halves(x):
    out = np.sum(x**2, axis=1)
    return out

def halves_backward(dout, x):
    dx = 2 * dout[:, None] * x
    return dx
""", "2 * dout[:, None] * x", "dout[:, None] * x", "factor",
    ),
}  # fmt: skip


def compiled(source, tag):
    linecache.cache[tag] = (len(source), None, source.splitlines(keepends=True), tag)
    scope = {"np": np, "FROM": FROM, "TO": TO, "__name__": "advice"}
    exec(compile(source, tag, "exec"), scope)
    functions = [item for item in scope.values() if getattr(item, "__module__", "") == "advice"]
    return functions[0], functions[1]


def spoilt(source, old, new):
    """The source with the slip (in the backward), and its line."""
    head, back = source.split("\n\ndef ", 1)
    at = back.rindex(old)
    changed = back[:at] + new + back[at + len(old) :]
    return f"{head}\n\ndef {changed}", head.count("\n") + 3 + back[:at].count("\n")


@pytest.mark.parametrize("name", KINDS)
def test_a_slip_is_named_and_its_kind_told(name):
    args, source, old, new, hint = KINDS[name]
    right = bp.check(*compiled(source, f"<right: {name}>"), *args, lang="en")
    assert right.ok, right.message
    changed, line = spoilt(source, old, new)
    report = bp.check(*compiled(changed, f"<wrong: {name}>"), *args, lang="en")
    assert not report.ok
    assert report.line == line, report.message
    assert report.hint == hint, report.message
    assert report.mistakes[0].change, report.message


def test_a_two_is_not_called_a_length():
    args, source, old, new, _ = KINDS["a 2 where a length is 2"]
    changed, _ = spoilt(source, old, new)
    report = bp.check(*compiled(changed, "<two>"), *args, lang="en")
    assert "The factor `2`" in report.message
