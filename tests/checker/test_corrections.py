"""Slips of kinds that other people's code has: the line that is named, the hint, the advice."""

import numpy as np
import pytest

import backprop as bp
from tests.checker.slips import with_slip


def array(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def cropped(x, p=1):
    padded = np.pad(x, p)
    return padded**2, (padded, p)


def cropped_backward(dout, cache):
    padded, p = cache
    dp = 2 * padded * dout
    return dp[p:-p, p:-p]


def tanhs(x):
    h = np.tanh(x)
    return h, [h]


def tanhs_backward(douts, cache):
    rows = []
    for dout, h in zip(douts[::-1], cache[0][::-1], strict=True):
        rows.append(dout * (1 - h**2))
    return np.array(rows[::-1])


def softplus(z):
    return np.log1p(np.exp(z))


def softplus_prime(z):
    return 1 / (1 + np.exp(-z))


def activated(x, w):
    z = x @ w
    return softplus(z), (x, w, z)


def activated_backward(dout, cache):
    x, w, z = cache
    slope = softplus_prime(z)
    dz = dout * slope
    return dz @ w.T, x.T @ dz


def standard(W):
    n = W.shape[0]
    sd = np.sqrt(((W - W.mean(0)) ** 2).mean(0))
    hat = (W - W.mean(0)) / sd
    return hat, (hat, sd, n)


def standard_backward(dhat, cache):
    hat, sd, n = cache
    both = n * dhat - dhat.sum(0) - hat * (dhat * hat).sum(0)
    return both / (n * sd)


def nll(z, y):
    e = np.exp(z - z.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).sum(), (p, y)


def nll_backward(dloss, cache):
    p, y = cache
    return dloss * (p - np.eye(p.shape[1])[y])


def policy(z, y, R):
    e = np.exp(z - z.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    return -(R * np.log(p[np.arange(len(y)), y])).sum(), (p, y, R)


def policy_backward(dloss, cache):
    p, y, R = cache
    dz = p * R[:, None]
    dz[np.arange(len(y)), y] -= R
    return dz * dloss


def huber(e):
    small = np.abs(e) <= 0.7
    return np.where(small, 0.5 * e**2, 0.7 * (np.abs(e) - 0.35)).sum(), (e, small)


def huber_backward(dloss, cache):
    e, small = cache
    return dloss * np.where(small, e, 0.7 * np.sign(e))


def squares(score):
    return 0.5 * np.mean((score - 1) ** 2), score


def squares_backward(dloss, score):
    dscore = dloss * (score - 1) / score.size
    return dscore


def sorted_loss(x, w):
    order = np.argsort(x)
    return x[order] @ w, (order, w)


def sorted_backward(dout, cache):
    order, w = cache
    back = np.argsort(order)
    dsorted = dout * w
    return dsorted[back], None


def rolled(x, s):
    return s[0] * np.roll(x, -1) + s[1] * np.roll(x, 2), (x, s)


def rolled_backward(dout, cache):
    x, s = cache
    dx = s[0] * np.roll(dout, 1) + s[1] * np.roll(dout, -2)
    ds = np.array([dout @ np.roll(x, -1), dout @ np.roll(x, 2)])
    return dx, ds


def causal(x, w, k=2):
    past = np.zeros_like(x)
    past[:, k:] = x[:, :-k]
    return w * past, (w, past, k)


def causal_backward(dout, cache):
    w, past, k = cache
    dx = np.zeros_like(past)
    dx[:, :-k] += (w * dout)[:, k:]
    return dx, np.sum(dout * past)


def gated(x, V, U):
    h = np.tanh(x @ V)
    t = np.tanh(x @ U)
    return h * t, (x, V, U, h, t)


def gated_backward(dout, cache):
    x, V, U, h, t = cache
    da = dout * t * (1 - h**2)
    db = dout * h * (1 - t**2)
    dx = da @ V.T
    dx += db @ U.T
    return dx, x.T @ da, x.T @ db


def quantiles(pred, y, *taus):
    total = 0
    for k, tau in enumerate(taus):
        e = y - pred[:, k]
        total = total + np.maximum(tau * e, (tau - 1) * e).sum()
    return total, (pred, y, taus)


def quantiles_backward(dout, cache):
    pred, y, taus = cache
    d = np.stack([np.where(y > pred[:, k], -tau, 1 - tau) for k, tau in enumerate(taus)], axis=1)
    return dout * d, None


def pulled(x, w):
    h = x * w
    s = 1 / (1 + np.exp(-h))
    return h * s, (lambda d: d * (s + h * s * (1 - s)), x, w)


def pulled_backward(dout, cache):
    pull, x, w = cache
    dh = pull(dout)
    return dh * w, dh * x


def ridge(w, X, y, reg=0.3):
    r = X @ w - y
    return 0.5 * r @ r + 0.5 * reg * w @ w, (w, X, r, reg)


def ridge_backward(dloss, cache):
    w, X, r, reg = cache
    dw = X.T @ r + reg * w
    return dloss * dw


def pooled(x):
    win = x.reshape(-1, 2)
    best = win.argmax(1)[:, None]
    return np.take_along_axis(win, best, 1)[:, 0], (x.shape, best, win)


def pooled_backward(dout, cache):
    shape, best, win = cache
    dwin = np.zeros_like(win)
    np.put_along_axis(dwin, best, dout[:, None], 1)
    return dwin.reshape(shape)


LABELS = np.array([1, 0, 2, 1])
SLIPS = [
    # f, backward, arguments, what stands there, the slip, the hint, a part of the advice
    (cropped, cropped_backward, (array(3, 4),), "dp[p:-p, p:-p]", "dp[: -2 * p, : -2 * p]",
     "operand", "dp[p:-p, p:-p]"),
    (tanhs, tanhs_backward, (array(4, 3),), "rows[::-1]", "rows", "order", "rows[::-1]"),
    (activated, activated_backward, (array(4, 3), array(3, 2)), "softplus_prime(z)", "softplus(z)",
     "value", "softplus_prime(z)"),
    (standard, standard_backward, (array(4, 3),), " - dhat.sum(0)", "", "missing term",
     "dhat.sum(axis=0)"),
    (standard, standard_backward, (array(4, 3),), " - hat * (dhat * hat).sum(0)", "",
     "missing term", "(dhat * hat).sum(axis=0)"),
    (nll, nll_backward, (array(4, 3), LABELS), "(p - np.eye(p.shape[1])[y])", "p",
     "missing term", "[y]"),
    (policy, policy_backward, (array(4, 3), LABELS, array(4)), "-= R", "-= 1", "operand", "-= R"),
    (huber, huber_backward, (array(9),), "np.where(small, e, 0.7 * np.sign(e))",
     "np.where(small, e, 0.7 * np.abs(e))", "function", "np.sign(e)"),
    (squares, squares_backward, (array(4),), "(score - 1)", "score", "missing term", "score - 1"),
    (sorted_loss, sorted_backward, (array(5), array(5)), "dsorted[back]", "dsorted[order]",
     "order", "argsort(order)"),
    (rolled, rolled_backward, (array(5), array(2)),
     "s[0] * np.roll(dout, 1) + s[1] * np.roll(dout, -2)",
     "s[0] * np.roll(dout, -1) + s[1] * np.roll(dout, 2)", "order", "np.roll(dout, 1)"),
    (causal, causal_backward, (array(2, 5), np.array(1.3)), "dx[:, :-k] += (w * dout)[:, k:]",
     "dx[:, k:] += (w * dout)[:, :-k]", "order", "dx[:, :-k]"),
    (gated, gated_backward, (array(4, 3), array(3, 2), array(3, 2, seed=1)), "dx += db @ U.T",
     "dx = dx", "missing term", "db @ U.T"),
    (quantiles, quantiles_backward, (array(6, 2), array(6), 0.1, 0.9), "-tau, 1", "tau, 1",
     "sign", "-tau"),
    (pulled, pulled_backward, (array(4), array(4, seed=1)), "pull(dout)", "dout", "function",
     "pull(dout)"),
    (ridge, ridge_backward, (array(3), array(5, 3), array(5)), " + reg * w", "", "missing term",
     "reg * w"),
    (pooled, pooled_backward, (array(6),), "zeros_like(win)", "ones_like(win)", "function",
     "zeros_like"),
]  # fmt: skip


@pytest.mark.parametrize("case", SLIPS, ids=[f"{s[1].__name__}: {s[4]}" for s in SLIPS])
def test_the_line_is_named_with_what_puts_it_right(case):
    f, backward, args, old, new, hint, advice = case
    wrong, line = with_slip(backward, old, new)
    with np.errstate(all="ignore"):
        report = bp.check(f, wrong, *args, lang="en")
    assert (report.ok, report.line, report.hint) == (False, line, hint)
    assert advice in report.mistakes[0].change


def test_the_right_ones_are_right():
    for f, backward, args in {s[1]: s[:3] for s in SLIPS}.values():
        report = bp.check(f, backward, *args, lang="en")
        assert report.ok, report


def test_a_mask_is_missed_though_only_larger_numbers_need_it():
    def hinge(x, y):
        margins = 1 - x * y
        return np.maximum(0, margins).sum(), (margins, y)

    def unmasked(dloss, cache):
        margins, y = cache
        return -dloss * y * np.ones_like(margins)

    x, y = 0.6 * np.tanh(array(5)), np.array([1, -1, 1, 1, -1])
    assert np.all(1 - x * y > 0)
    assert not bp.check(hinge, unmasked, x, y).ok


def test_a_term_that_no_line_has_is_missing_where_the_sum_begins():
    def backward(dout, cache):
        x, _, U, h, t = cache
        da = dout * t * (1 - h**2)
        db = dout * h * (1 - t**2)
        dx = np.zeros_like(x)
        dx += db @ U.T
        return dx, x.T @ da, x.T @ db

    def forward(x, V, U):
        h, t = np.tanh(x @ V), np.tanh(x @ U)
        return h * t + x, (x, V, U, h, t)

    args = array(4, 3), array(3, 3), array(3, 3, seed=1)
    report = bp.check(forward, backward, *args, lang="en")
    assert (report.first_wrong, report.hint) == ("dx", "missing term")


def test_what_is_zero_says_nothing_of_a_factor_before_it():
    def forward(x, b):
        h = x + b
        diff = h - h.mean(0)
        square = diff**2
        var = square.sum(0) / (len(x) - 1)
        return np.log(var).sum(), (diff, var)

    def backward(dout, cache):
        diff, var = cache
        n = len(diff)
        dvar = dout / var
        dsquare = np.ones_like(diff) * dvar / n
        ddiff = 2 * diff * dsquare
        dh = ddiff - ddiff.mean(0)
        return dh, dh.sum(0)

    report = bp.check(forward, backward, array(4, 3), array(3), lang="en")
    assert (report.first_wrong, report.hint) == ("dsquare", "factor")
    assert "(n - 1)" in report.mistakes[0].change
