"""Right code is called right: where a rule gives no number, on corners, with parts left out."""

from collections import deque

import numpy as np
import pytest

import backprop as bp
from backprop.judging.points import points
from backprop.judging.truth import Truth

rng = np.random.default_rng(5)


def check(f, backward, *args, **options):
    return bp.check(f, backward, *args, lang="en", **options)


# ── where the rule gives 0·inf or 0/0 ───────────────────────────────────────────────────────
def softplus(x):
    out = np.where(x > 30, x, np.log(1 + np.exp(x)))
    return out


def elu(x):
    out = np.where(x > 0, x, np.exp(x) - 1)
    return out


def squared_norm(x):
    out = np.linalg.norm(x) ** 2
    return out


def root_of_a_cube(x):
    out = x * x**0.5
    return out


def polynomial(x):
    out = x[:, None] ** np.arange(3) @ np.array([1.0, 2.0, 3.0])
    return out


def constant_term(x):
    out = 1.0 * x**0 + 2.0 * x
    return out


def cross_entropy_with_logits(x):
    y = np.array([1.0, 0.0])
    out = np.where(x > 0, x - x * y + np.log(1 + np.exp(-x)), np.log(1 + np.exp(x)) - x * y)
    return out


def pasted(f, *args):
    """The derived function as its source says it, run by itself."""
    scope = {"np": np}
    exec(bp.derive(f, *args).source, scope)
    return scope[f"{f.__name__}_backward"]


FINITE = [
    (softplus, lambda dout, x: dout / (1 + np.exp(-x)), [800.0, -1.0], [1.0, 1 / (1 + np.e)]),
    (elu, lambda dout, x: dout * np.exp(np.minimum(x, 0)), [800.0, -1.0], [1.0, 1 / np.e]),
    (squared_norm, lambda dout, x: 2 * x * dout, [0.0, 0.0], [0.0, 0.0]),
    (root_of_a_cube, lambda dout, x: 1.5 * x**0.5 * dout, [0.0, 1.0], [0.0, 1.5]),
    (polynomial, lambda dout, x: (2 + 6 * x) * dout, [0.0, 1.0], [2.0, 8.0]),
    (
        cross_entropy_with_logits,
        lambda dout, x: (1 / (1 + np.exp(-x)) - np.array([1.0, 0.0])) * dout,
        [-800.0, 800.0],
        [-1.0, 1.0],
    ),
    (constant_term, lambda dout, x: 2 * dout, [0.0, 1.0], [2.0, 2.0]),
]


@pytest.mark.parametrize(("f", "backward", "x", "wanted"), FINITE)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_derivative_is_the_truth_where_the_rule_gives_none(f, backward, x, wanted):
    x = np.array(x)
    dout = np.ones(np.shape(f(x)))
    np.testing.assert_allclose(bp.derive(f, x)(dout, x), wanted, atol=1e-12)
    np.testing.assert_allclose(pasted(f, x)(dout, x), wanted, atol=1e-12)
    np.testing.assert_allclose(bp.trace(f, x).backward(dout)["x"], wanted, atol=1e-12)
    np.testing.assert_allclose(bp.numeric_gradient(f, x, dout=dout), wanted, atol=1e-12)
    report = check(f, backward, x)
    assert report.ok, str(report)
    wrong = check(f, lambda dout, x: 3 * backward(dout, x) + 1, x)
    assert not wrong.ok


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_guard_is_inside_of_the_sums_and_only_where_it_is_needed():
    def f(x, b):
        out = np.where(x > 30, x, b * np.exp(x))
        return out

    x, b = np.array([[800.0, 1.0], [2.0, -1.0]]), np.array([0.5, -0.5])
    dx, db = pasted(f, x, b)(np.ones((2, 2)), x, b)
    e = np.exp(np.where(x > 30, -np.inf, x))
    np.testing.assert_allclose(dx, np.where(x > 30, 1, b * e))
    np.testing.assert_allclose(db, e.sum(axis=0))
    assert "db = np.sum(np.where(dt3 == 0, 0, dt3 * t2), axis=0)" in bp.derive(f, x, b).source
    assert "== 0" not in bp.derive(f, x / 100, b).source


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_exponent_is_differentiated_at_a_base_of_zero():
    x, p = np.array([0.0, 2.0]), np.array([2.0, 2.0])
    dp = bp.derive(lambda x, p: x**p, x, p)(np.ones(2), x, p)[1]
    np.testing.assert_allclose(dp, [0.0, 4 * np.log(2)])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_entries_without_a_derivative_are_left_out_and_it_is_said():
    def entropy(p):
        out = -np.sum(np.where(p > 0, p * np.log(p), 0.0))
        return out

    def backward(dout, p):
        anything = np.where(p == 0, 7.0, 0.0)
        return np.where(p > 0, -(np.log(np.where(p > 0, p, 1.0)) + 1), anything) * dout

    report = check(entropy, backward, np.array([0.5, 0.5, 0.0]))
    p = np.array([0.5, 0.5, 0.0])
    taken = [np.log(2) - 1, np.log(2) - 1, 0.0]  # as of a relu at 0, the branch that is taken
    np.testing.assert_allclose(bp.derive(entropy, p)(1.0, p), taken)
    np.testing.assert_allclose(pasted(entropy, p)(1.0, p), taken)
    assert report.ok, str(report)
    assert any("1 of the 3 entries of `p`" in note for note in report.notes)
    wrong = check(entropy, lambda dout, p: -backward(dout, p), np.array([0.5, 0.5, 0.0]))
    assert (wrong.ok, wrong.hint) == (False, "sign")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_the_rule_and_the_code_both_give_as_nan_is_no_difference():
    def f(x):
        y = np.sqrt(x)
        out = y * y
        return out

    def backward(dout, x):
        y = np.sqrt(x)
        dy = dout * y + dout * y
        dx = dy / (2 * y)
        return dx

    x = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert check(f, backward, x).ok
    assert check(f, lambda dout, x: dout, x).ok  # the derivative itself

    def nan_elsewhere(dout, x):
        dx = dout.copy()
        dx[1, 1] = np.nan
        return dx

    assert not check(f, nan_elsewhere, x).ok


# ── corners ─────────────────────────────────────────────────────────────────────────────────
def hinge(s, y):
    n = len(s)
    m = s - s[range(n), y][:, np.newaxis] + 1
    m[range(n), y] = 0
    m = np.maximum(0, m)
    return np.sum(m) / n


def hinge_backward(dout, s, y):
    n = len(s)
    m = s - s[np.arange(n), y][:, None] + 1
    m[np.arange(n), y] = 0
    ds = (m > 0) * 1.0
    ds[np.arange(n), y] = -ds.sum(axis=1)
    return dout * ds / n


@pytest.mark.parametrize("seed", range(4))
def test_an_inner_entry_on_a_corner_is_nobodys_fault(seed):
    s = np.random.default_rng(seed).normal(size=(4, 3)) * 2
    report = check(hinge, hinge_backward, s, np.array([0, 2, 1, 1]))
    assert report.ok, str(report)


def test_padding_before_a_relu_or_a_maximum_is_nobodys_fault():
    def pooled(x):
        padded = np.pad(x, 1)
        h = np.maximum(padded, 0)
        out = np.max(h, axis=1)
        return out

    def backward(dout, x):
        padded = np.pad(x, 1)
        h = np.maximum(padded, 0)
        largest = h.max(axis=1, keepdims=True)
        dh = dout[:, None] * (h == largest)
        dpadded = dh * (padded > 0)
        return dpadded[1:-1, 1:-1]

    assert check(pooled, backward, rng.normal(size=(3, 4)) + 1.0).ok


def test_where_our_rules_are_doubtful_replay_is_the_truth():
    x = rng.normal(size=(3, 2))

    def f(x):
        out = np.tanh(x)
        return out

    def backward(dout, x):
        return dout * (1 - np.tanh(x) ** 2)

    (point, *_) = points(f, backward, (x,))
    truth = Truth(point)
    right = truth.gradients["x"].copy()
    truth.gradients["x"] = right * 2  # a wrong rule of ours
    truth.confirm()
    assert truth.doubted == ["x"]
    np.testing.assert_allclose(truth.gradients["x"], right, rtol=1e-9)


# ── gradients that nobody wants ─────────────────────────────────────────────────────────────
p, a = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))


def mse(p, a):
    return np.mean((p - a) ** 2)


def dp(p, a):
    return 2 * (p - a) / p.size


@pytest.mark.parametrize(
    "backward",
    [
        lambda dout, p, a: dout * dp(p, a),
        lambda dout, p, a: (dout * dp(p, a), None),
        lambda dout, p, a: [dout * dp(p, a)],
        lambda dout, p, a: {"dp": dout * dp(p, a)},
        lambda dout, p, a: ({"p": dout * dp(p, a)},),
    ],
)
def test_a_gradient_that_is_left_out_is_a_remark(backward):
    report = check(mse, backward, p, a)
    assert report.ok, str(report)
    assert any("`a`" in note for note in report.notes)


def test_what_is_returned_is_judged_all_the_same():
    def named(dout, p, a):
        dp = dout * (p - a) / p.size
        return dp

    report = check(mse, named, p, a)
    assert (report.ok, report.first_wrong, report.hint) == (False, "dp", "factor")
    assert not check(mse, lambda dout, p, a: -dout * dp(p, a), p, a).ok  # that of a, it is not
    assert not check(mse, lambda dout, p, a: (None, None), p, a).ok


def test_results_are_known_by_their_names_and_then_by_their_shapes():
    x, w, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)

    def affine(x, w, b):
        out = x @ w + b
        return out

    def weights_only(dout, x, w, b):
        return x.T @ dout, dout.sum(axis=0)

    def bias_first(dout, x, w, b):
        db = dout.sum(axis=0)
        dw = x.T @ dout
        return db, dw

    for backward in (weights_only, bias_first):
        report = check(affine, backward, x, w, b)
        assert report.ok, str(report)
        assert any("`x`" in note for note in report.notes)


def test_a_returned_call_is_looked_into():
    x, w = rng.normal(size=(5, 4)), rng.normal(size=(4, 3))
    report = check(layer, layer_backward, x, w)
    assert (report.first_wrong, report.hint) == ("dw", "operand")
    assert report.mistakes[0].change == "dw = a.T @ dout"
    right = {row.name for row in report.rows if row.status == "right"}
    assert "dx" in right


def layer(x, w):
    a = np.tanh(x)
    out = a @ w
    return out, (x, w, a)


def layer_backward(dout, cache):
    return inner_backward(dout, cache)


def inner_backward(dout, cache):
    x, w, a = cache
    da = dout @ w.T
    dx = da * (1 - a**2)
    dw = x.T @ dout  # dw = a.T @ dout
    return dx, dw


def test_a_returned_comprehension_is_looked_into():
    def f(m, v):
        return np.sum(m**3) + np.sum(np.exp(v))

    def backward(d, m, v):
        return [d * x for x in (3 * m**2, np.exp(v) * 2)]

    report = check(f, backward, p, a)
    assert (report.first_wrong, report.hint) == ("return[1]", "factor")
    assert [row.status for row in report.rows] == ["right", "wrong"]
    assert report.mistakes[0].change == "return [d * x for x in (3 * m ** 2, np.exp(v))]"


def test_swapped_expressions_are_put_right_in_code():
    def f(m, v):
        return np.sum(m**3) + np.sum(np.exp(v))

    def backward(d, m, v):
        dv, dm = np.exp(v), 3 * m**2
        return d * dv, d * dm

    report = check(f, backward, p, a)
    assert report.hint == "order"
    assert report.mistakes[0].change == "return d * dm, d * dv"


# ── nearly right ────────────────────────────────────────────────────────────────────────────
def log_loss(z, t):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(np.log(p[np.arange(len(t)), t] + 1e-7)) / len(t)


def log_loss_backward(dout, z, t):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    dz = p.copy()
    dz[np.arange(len(t)), t] -= 1
    dz = dout * dz / len(t)
    return dz


def test_the_textbook_gradient_is_exact_without_the_eps():
    z, t = rng.normal(size=(4, 3)), np.array([0, 2, 1, 1])
    report = check(log_loss, log_loss_backward, z, t)
    assert (report.ok, report.first_wrong, report.hint) == (False, "dz", "eps")
    line = log_loss.__code__.co_firstlineno + 3
    assert f"Exact without the 1e-7 of line {line}, off by" in report.message
    assert "is not exact" in report.message
    assert "right value" not in report.message
    assert check(log_loss, log_loss_backward, z, t, tolerance=1e-5).ok
    wrong = check(log_loss, lambda *args: -log_loss_backward(*args), z, t, tolerance=1e-5)
    assert not wrong.ok


def test_an_eps_that_was_forgotten_is_still_a_mistake():
    def normalized(x, eps=1e-5):
        mean = np.mean(x, axis=0)
        var = np.mean((x - mean) ** 2, axis=0)
        std = np.sqrt(var + eps)
        out = x / std
        return out, (x, mean, var)

    def backward(dout, cache):
        x, mean, var = cache
        std = np.sqrt(var)
        dstd = -np.sum(dout * x, axis=0) / std**2
        dvar = dstd / (2 * std)
        return dout / std + 2 * (x - mean) * dvar / len(x)

    report = check(normalized, backward, rng.normal(size=(6, 3)))
    assert (report.ok, report.first_wrong) == (False, "std")
    assert "eps" in report.message or "1e-05" in report.message


def gelu(x):
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    out = 0.5 * x * (1 + t)
    return out


def test_rounded_numbers_are_said_to_be_rounded():
    def from_the_web(dout, x):
        t = np.tanh(0.797885 * x + 0.0356774 * x**3)
        dx = dout * (0.5 * t + (0.0535161 * x**3 + 0.398942 * x) * (1 - t**2) + 0.5)
        return dx

    x = rng.normal(size=(5, 4))
    report = check(gelu, from_the_web, x)
    assert (report.ok, report.first_wrong, report.hint) == (False, "dx", "rounded")
    assert "is a rounded number" in report.message
    assert check(gelu, from_the_web, x, tolerance=1e-5).ok

    def rounded_once(dout, x):
        c = np.sqrt(2 / np.pi)
        t = np.tanh(c * (x + 0.0447 * x**3))
        return dout * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * c * (1 + 0.134145 * x**2))

    report = check(gelu, rounded_once, x)
    assert report.hint == "rounded"
    assert "`0.0447`" in report.message


def test_a_small_mistake_is_not_excused_by_numbers_that_could_be_rounded():
    def backward(dout, x):
        c = np.sqrt(2 / np.pi)
        t = np.tanh(c * (x + 0.044715 * x**3))
        dx = dout * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * c * (1 + 0.134145 * x**2))
        return dx + 1e-4 * np.arange(x.size).reshape(x.shape) % 3

    assert check(gelu, backward, rng.normal(size=(5, 4))).hint != "rounded"


# ── notes are true ──────────────────────────────────────────────────────────────────────────
def test_a_sum_that_is_computed_again_in_an_expression_is_no_identity():
    def f(t):
        m = np.mean(t, axis=0)
        out = m**2
        return out

    def backward(dout, t):
        dt = 2 * np.mean(t, axis=0) * dout / t.shape[0] * np.ones_like(t)
        return dt

    def by_method(dout, t):
        return 2 * t.mean(0) * dout / len(t) + np.zeros(t.shape)

    for each in (backward, by_method):
        report = check(f, each, rng.normal(size=(5, 4)))
        assert report.ok
        assert report.notes == []


def test_a_variance_computed_again_in_one_expression_is_no_identity():
    def f(x):
        diff = x - np.mean(x, axis=0)
        var = np.mean(diff**2, axis=0)
        out = diff / np.sqrt(var + 1e-5)
        return out

    def staged(dout, x):
        std = np.sqrt(np.mean((x - x.mean(axis=0)) ** 2, axis=0) + 1e-5)
        ddiff = dout / std
        dvar = -0.5 * np.sum(dout * (x - x.mean(axis=0)), axis=0) / std**3
        ddiff += 2 * (x - x.mean(axis=0)) * dvar / len(x)
        return ddiff - ddiff.mean(axis=0)

    report = check(f, staged, rng.normal(size=(5, 4)))
    assert report.ok
    assert report.notes == []


# ── what is right in other words ────────────────────────────────────────────────────────────
def embedded_loss(W, rows, target):
    diff = W[rows] - target
    loss = np.sum(diff**2)
    grads = {"W": np.zeros_like(W)}
    np.add.at(grads["W"], rows, 2 * diff)
    return loss, grads


def test_what_a_call_writes_into_a_dictionary_is_seen():
    rows = np.array([0, 2, 2])
    args = rng.normal(size=(4, 2)), rows, rng.normal(size=(3, 2))
    report = bp.check(embedded_loss, *args, lang="en")
    assert report.ok
    assert {row.name: row.status for row in report.rows}['grads["W"]'] == "right"


def scaled(x, w):
    y = x @ w

    def back(dy):
        return dy @ w.T, x.T @ dy

    return np.tanh(y), lambda dout: back(dout * (1 - np.tanh(y) ** 2))


def test_a_closure_that_goes_back_is_what_the_forward_keeps():
    args = rng.normal(size=(4, 3)), rng.normal(size=(3, 2))
    assert check(scaled, lambda dout, back: back(dout), *args).ok
    report = check(scaled, lambda dout, back: back(2 * dout), *args)
    assert not report.ok
    assert report.hint == "factor"


def checkered(x):
    signs = (-1.0) ** np.add.outer(np.arange(x.shape[0]), np.arange(x.shape[1]))
    return x * signs, signs


def test_an_array_that_the_backward_calls_as_the_forward_does_is_its_cache():
    def backward(dout, signs):
        return dout * signs

    def wrong(dout, signs):
        return -dout * signs

    x = rng.normal(size=(3, 4))
    assert check(checkered, backward, x).ok
    assert check(checkered, wrong, x).hint == "sign"


def log_determinant(X):
    C = X.T @ X / len(X) + np.eye(X.shape[1])
    L = np.linalg.cholesky(C)
    return 2 * np.sum(np.log(np.diag(L)))


def test_the_gradient_of_a_symmetric_matrix_may_be_the_textbooks():
    def backward(dout, X):
        C = X.T @ X / len(X) + np.eye(X.shape[1])
        dC = dout * np.linalg.inv(C)
        dX = 2 * X @ dC / len(X)
        return dX

    def wrong(dout, X):
        C = X.T @ X / len(X) + np.eye(X.shape[1])
        dC = -dout * np.linalg.inv(C)
        dX = 2 * X @ dC / len(X)
        return dX

    X = rng.normal(size=(6, 3))
    report = check(log_determinant, backward, X)
    assert report.ok, report.message
    assert report.notes == []
    assert check(log_determinant, wrong, X).hint == "sign"


class Tape:
    """A value whose closure adds to the gradients of what it came from."""

    def __init__(self, data):
        self.data, self.grad, self.pulls = data, np.zeros_like(data), []

    def times(self, other):
        out = Tape(self.data @ other.data)

        def pull():
            self.grad = self.grad + out.grad @ other.data.T
            other.grad += self.data.T @ out.grad

        out.pulls = [*self.pulls, pull]
        return out


def taped(x, w):
    leaves = Tape(x), Tape(w)
    out = leaves[0].times(leaves[1])
    return out.data, (out, leaves)


def test_a_cache_of_objects_is_the_one_that_its_closures_write_to():
    def backward(dout, cache):
        out, (x, w) = cache
        out.grad = dout
        for pull in reversed(out.pulls):
            pull()
        return x.grad, w.grad

    def wrong(dout, cache):
        out, (x, w) = cache
        out.grad = dout
        for pull in reversed(out.pulls):
            pull()
        return x.grad, 2 * w.grad

    args = rng.normal(size=(4, 3)), rng.normal(size=(3, 2))
    report = check(taped, backward, *args)
    assert report.ok, report.message
    assert check(taped, wrong, *args).hint == "factor"


def cell(x, h, w):
    n = np.tanh(x @ w + h)
    return (n, n * h), (x, h, w, n)


def test_results_in_a_tuple_of_their_own_stand_beside_the_cache():
    def backward(dout, cache):
        dn, dm = dout
        x, h, w, n = cache
        da = (dn + dm * h) * (1 - n**2)
        return da @ w.T, da + dm * n, x.T @ da

    args = rng.normal(size=(4, 3)), rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
    report = check(cell, backward, *args)
    assert report.ok, report.message
    assert bp.trace(cell, *args).several


# ── labels, masks and probabilities are a choice that stays one ─────────────────────────────
def cross_entropy(scores, y):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(y * np.log(p)) / len(y), (p, y)


def cross_entropy_backward(dout, cache):
    p, y = cache
    return dout * (p - y) / len(y)


SHARES = rng.random((4, 3))
CHOICES = [np.eye(3)[[0, 2, 1, 1]], SHARES / SHARES.sum(axis=1, keepdims=True)]


@pytest.mark.parametrize("y", CHOICES)
def test_the_gradient_at_labels_that_add_up_to_one_may_use_it(y):
    scores = rng.normal(size=(4, 3))
    report = check(cross_entropy, cross_entropy_backward, scores, y)
    assert report.ok, report.message

    def wrong(dout, cache):
        p, y = cache
        return dout * (p - y) / p.shape[1]

    assert check(cross_entropy, wrong, scores, y).hint == "factor"


def test_whoever_returns_the_gradient_of_labels_means_all_labels():
    def backward(dout, cache):
        p, y = cache
        return dout * (p - y) / len(y), -dout * np.log(p) / len(y)

    assert not check(cross_entropy, backward, rng.normal(size=(4, 3)), CHOICES[0]).ok


def neighbours(n):
    """Affinities: symmetric, none of a point to itself, and they add up to one."""
    some = np.random.default_rng(3).uniform(0.1, 1, (n, n))
    some = some + some.T
    np.fill_diagonal(some, 0)
    return some / some.sum()


def placed_by(factor):
    def placed(places, wanted):
        gaps = places[:, None] - places[None]
        kernel = 1 / (1 + np.sum(gaps**2, axis=2))
        others = 1 - np.eye(len(places))
        shares = kernel * others / np.sum(kernel * others)
        loss = np.sum(wanted * np.log((wanted + np.eye(len(places))) / (shares + 1 - others)))
        dplaces = factor * np.sum(((wanted - shares) * kernel)[:, :, None] * gaps, axis=1)
        return loss, dplaces

    return placed


def test_the_gradient_at_a_symmetric_matrix_of_data_may_use_that_it_is_one():
    places = rng.normal(size=(5, 2))
    report = check(placed_by(4), places, neighbours(5))
    assert report.ok, report.message
    assert check(placed_by(2), places, neighbours(5)).hint == "factor"

    def distance(x, inverse):
        return np.sum(x * (inverse @ x)), 2 * inverse @ x

    inverse = np.cov(rng.normal(size=(4, 20)))
    assert check(distance, rng.normal(size=4), inverse).ok
    assert not check(distance, rng.normal(size=4), rng.normal(size=(4, 4))).ok


def test_a_mask_of_zeros_and_ones_is_its_own_square():
    mask = (rng.random((4, 3)) > 0.5).astype(float)
    report = check(
        lambda x, m: (x * m * m, m), lambda dout, m: dout * m, rng.normal(size=(4, 3)), mask
    )
    assert report.ok, report.message


def test_a_loss_with_its_gradient_and_labels_one_hot():
    def net(W, X, Y):
        e = np.exp(X @ W)
        p = e / e.sum(axis=1, keepdims=True)
        return -np.mean(np.sum(Y * np.log(p), axis=1)), X.T @ (p - Y) / len(X)

    report = check(net, rng.normal(size=(3, 3)), rng.normal(size=(4, 3)), CHOICES[0])
    assert report.ok, report.message


def relu_then_sigmoid(X, W, y):
    a = np.maximum(0, X @ W)
    p = 1 / (1 + np.exp(-a))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), (X, W, y, a, p)


def relu_then_sigmoid_backward(dout, cache):
    X, W, y, a, p = cache
    dz = dout * (p - y) / p.size * (a > 0)
    return dz @ W.T, X.T @ dz


@pytest.mark.parametrize("seed", [5, 14])
def test_a_saturated_sigmoid_leaves_the_truth_few_digits(seed):
    """1 - p has three of them left, where p - y has all."""

    rng = np.random.default_rng(seed)
    X, W = 2 * np.abs(rng.normal(size=(6, 4))), 2 * np.abs(rng.normal(size=(4, 2)))
    y = (rng.random((6, 2)) > 0.5).astype(float)
    report = check(relu_then_sigmoid, relu_then_sigmoid_backward, X, W, y)
    assert report.ok, report.message

    def wrong(dout, cache):
        dX, dW = relu_then_sigmoid_backward(dout, cache)
        return dX, dW * 1.5

    assert not check(relu_then_sigmoid, wrong, X, W, y).ok


@pytest.mark.parametrize("seed", [1, 9])
def test_where_all_is_saturated_smaller_arguments_decide(seed):
    """p is 1 to the last digit, so that no gradient of the given arguments is known."""

    rng = np.random.default_rng(seed)
    X, W = 4 * np.abs(rng.normal(size=(6, 4))), 4 * np.abs(rng.normal(size=(4, 2)))
    y = (rng.random((6, 2)) > 0.5).astype(float)
    with np.errstate(all="ignore"):
        report = check(relu_then_sigmoid, relu_then_sigmoid_backward, X, W, y)
    assert report.ok, report.message
    assert any("times as large" in note for note in report.notes)


@pytest.mark.parametrize("size", [4, 8])
def test_a_slip_that_saturation_hides_is_seen(size):
    """All of the gradient is next to nothing, and half as much again is, too."""

    def loss(X, W, y):
        h = np.tanh(X @ W)
        return np.sum((h - y) ** 2), (X, W, y, h)

    def backward(dout, cache):
        X, W, y, h = cache
        dz = dout * 2 * (h - y) / np.cosh(X @ W) ** 2
        return dz @ W.T, 1.5 * X.T @ dz

    rng = np.random.default_rng(8)
    X, W = size * np.abs(rng.normal(size=(6, 4))), size * np.abs(rng.normal(size=(4, 2)))
    rng.random((6, 2))
    rng.integers(0, 2, 6)
    report = check(loss, backward, X, W, rng.normal(size=(6, 2)))
    assert not report.ok


def test_what_is_popped_from_a_deque_is_there_again():
    class Recurrent:
        def __init__(self, W):
            self.W, self.tape = W, deque()

        def forward(self, xs):
            h, self.tape = np.zeros(len(self.W)), deque()
            for x in xs:
                self.tape.append((x, h, np.tanh(x + self.W @ h)))
                h = self.tape[-1][2]
            return h

        def backward(self, dh):
            self.dW, dxs = np.zeros_like(self.W), []
            while self.tape:
                _, before, h = self.tape.pop()
                da = dh * (1 - h * h)
                self.dW += np.outer(da, before)
                dxs.insert(0, da)
                dh = self.W.T @ da
            return np.array(dxs)

    rng = np.random.default_rng(0)
    report = check(Recurrent(rng.normal(size=(3, 3))), rng.normal(size=(4, 3)))
    assert report.ok, report.message


def test_rows_do_not_grow_without_their_labels():
    """The forward does with fewer rewards than rows; nobody's backward has to."""

    def loss(W, states, actions, rewards):
        logits = states @ W
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        total = np.zeros(len(rewards))
        running = 0.0
        for t in range(len(rewards))[::-1]:
            running = 0.9 * running + rewards[t]
            total[t] = running
        chosen = np.log(p)[np.arange(len(actions)), actions]
        return -(total * chosen).sum() + 0.1 * (p**2).sum(), (states, actions, p, total)

    def backward(dout, cache):
        states, actions, p, total = cache
        dlogits = p * total[:, None]
        dlogits[np.arange(len(actions)), actions] -= total
        dlogits += 0.2 * (p**2 - p * (p**2).sum(1, keepdims=True))
        return dout * states.T @ dlogits

    rng = np.random.default_rng(1)
    W, states = rng.normal(size=(4, 3)), rng.normal(size=(6, 4))
    report = check(loss, backward, W, states, np.array([0, 2, 1, 1, 0, 2]), rng.normal(size=6))
    assert report.ok, report.message


class Scaled:
    def __init__(self, gamma, beta):
        self.params = {"gamma": gamma, "beta": beta}

    def forward(self, x):
        self.xhat = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)
        self.sd = x.std(-1, keepdims=True)
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dy):
        g = dy
        m1 = g.mean(-1, keepdims=True)
        m2 = (g * self.xhat).mean(-1, keepdims=True)
        return (g - m1 - self.xhat * m2) / self.sd


def test_a_factor_that_stands_in_a_table_of_an_object_is_told():
    rng = np.random.default_rng(2)
    layer = Scaled(rng.normal(size=4), rng.normal(size=4))
    report = check(layer, rng.normal(size=(3, 4)))
    assert not report.ok
    assert report.mistakes[0].code == "g = dy"
    assert 'params["gamma"]' in report.message
