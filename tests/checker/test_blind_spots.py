"""Slips that the given lengths hide, and two slips of one kind in one line."""

import ast
import inspect

import numpy as np
import pytest

import backprop as bp


def array(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def check(f, backward, *args):
    return bp.check(f, backward, *args, lang="en")


def layernorm(x, gamma, beta):
    mu = np.mean(x, axis=1, keepdims=True)
    var = np.var(x, axis=1, keepdims=True)
    xhat = (x - mu) / np.sqrt(var + 1e-5)
    out = gamma * xhat + beta
    return out, (xhat, gamma, var)


def copied_from_batchnorm(dout, cache):
    xhat, gamma, var = cache
    N, D = dout.shape  # noqa: RUF059
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    s1 = np.sum(dxhat, axis=1, keepdims=True)
    s2 = np.sum(dxhat * xhat, axis=1, keepdims=True)
    dx = 1 / N / np.sqrt(var + 1e-5) * (N * dxhat - s1 - xhat * s2)
    return dx, dgamma, dbeta


@pytest.mark.parametrize("shape", [(5, 4), (4, 4), (2, 2)])
def test_n_for_d_twice_in_a_line_is_one_correction_at_any_size(shape):
    report = check(
        layernorm, copied_from_batchnorm, array(*shape), array(shape[1]), array(shape[1])
    )
    assert (report.ok, report.first_wrong, report.hint) == (False, "dx", "factor")
    assert "`N` where `D` is needed" in report.message
    change = report.mistakes[0].change
    assert "N" not in {n.id for n in ast.walk(ast.parse(change)) if isinstance(n, ast.Name)}
    assert ("at the given lengths only" in report.message) == (shape[0] == shape[1])


def test_two_axes_in_a_line_are_one_correction():
    def normalized(x):
        diff = x - np.mean(x, axis=1, keepdims=True)
        std = np.sqrt(np.mean(diff**2, axis=1, keepdims=True) + 1e-5)
        xhat = diff / std
        return xhat, (xhat, std)

    def wrong(dout, cache):
        xhat, std = cache
        both = np.mean(dout, axis=0, keepdims=True) + xhat * np.mean(
            dout * xhat, axis=0, keepdims=True
        )
        return (dout - both) / std

    for shape in ((5, 4), (4, 4)):
        report = check(normalized, wrong, array(*shape))
        assert (report.first_wrong, report.hint) == ("both", "axis")
        assert report.mistakes[0].change.count("axis=1") == 2


@pytest.mark.parametrize("rows", [2, 3, 4])
def test_advice_names_no_number_where_a_length_is_meant(rows):
    def mean_of_squares(x):
        square = x**2
        out = np.mean(square, axis=0)
        return out

    def backward(dout, x):
        N = x.shape[0]
        dsquare = dout / N
        return 2 * x * dsquare

    def forgot(dout, x):
        N = x.shape[0]
        dsquare = dout
        return 2 * x * dsquare + 0 * N

    assert check(mean_of_squares, backward, array(rows, 5)).ok
    report = check(mean_of_squares, forgot, array(rows, 5))
    assert (report.first_wrong, report.hint) == ("dsquare", "factor")
    assert report.mistakes[0].change == "dsquare = dout / N"


# ── right code stays right at whatever lengths it is tried ──────────────────────────────────
def cross_entropy(x, y):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(len(y)), y]))
    return loss, (p, y)


def cross_entropy_backward(dout, cache):
    p, y = cache
    dx = p.copy()
    dx[np.arange(len(p)), y] -= 1
    return dout * dx / len(p)


@pytest.mark.parametrize("shape", [(4, 3), (3, 3)])
def test_labels_stay_as_many_as_the_rows(shape):
    y = np.arange(shape[0]) % shape[1]
    assert check(cross_entropy, cross_entropy_backward, array(*shape), y).ok


def test_numbers_that_the_code_takes_from_outside_fix_the_lengths():
    N = 4

    def f(x):
        out = np.mean(x**3, axis=0)
        return out

    def with_closure(dout, x):
        return 3 * x**2 * dout / N

    def with_literal(dout, x):
        return 3 * x**2 * dout / 4

    mask = np.ones((4, 4))

    def with_array(dout, x):
        return 3 * x**2 * dout * mask / x.shape[0]

    for backward in (with_closure, with_literal, with_array):
        report = check(f, backward, array(4, 4))
        assert report.ok, str(report)


def test_square_matrices_that_have_to_be_square_stay_so():
    def f(a, b):
        out = np.linalg.inv(a) @ b
        return out, (a, b, out)

    def backward(dout, cache):
        a, _b, out = cache
        db = np.linalg.inv(a).T @ dout
        da = -db @ out.T
        return da, db

    assert check(f, backward, array(3, 3) + 3 * np.eye(3), array(3, 3)).ok


# ── slips in functions that the backward calls ──────────────────────────────────────────────
def batchnorm(x, gamma, beta):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + 1e-5)
    return gamma * xhat + beta, (x, gamma, mu, var, xhat)


def batchnorm_backward(dout, cache):
    x, gamma, mu, var, xhat = cache
    N = len(x)
    dgamma, dbeta = np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)
    dxhat = dout * gamma
    dvar = -0.5 * np.sum(dxhat * (x - mu), axis=0) * (var + 1e-5) ** -1.5
    dmu = -np.sum(dxhat, axis=0) / np.sqrt(var + 1e-5)
    dx = dxhat / np.sqrt(var + 1e-5) + 2 * dvar * (x - mu) / N + dmu / N
    return dx, dgamma, dbeta


def without_mean(dout, cache):
    x, gamma, mu, var, xhat = cache
    dgamma, dbeta = np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)
    dxhat = dout * gamma
    dvar = -0.5 * np.sum(dxhat * (x - mu), axis=0) * (var + 1e-5) ** -1.5
    dmu = np.sum(dxhat, axis=0) / np.sqrt(var + 1e-5)
    dx = dxhat / np.sqrt(var + 1e-5) + 2 * dvar * (x - mu) / len(x) + dmu / len(x)
    return dx, dgamma, dbeta


def over_channels(x, gamma, beta):
    N, C, H, W = x.shape
    flat = x.transpose(0, 2, 3, 1).reshape(-1, C)
    out, cache = batchnorm(flat, gamma, beta)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache


def slip_inside(dout, cache):
    N, C, H, W = dout.shape
    flat = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    dflat, dgamma, dbeta = without_mean(flat, cache)
    return dflat.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta


def layout_lost(dout, cache):
    N, C, H, W = dout.shape
    flat = dout.reshape(-1, C)
    dflat, dgamma, dbeta = batchnorm_backward(flat, cache)
    return dflat.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta


@pytest.mark.parametrize(
    ("backward", "inside", "line", "change"),
    [
        (slip_inside, without_mean, 5, "dmu = -(np.sum(dxhat, axis=0) / np.sqrt(var + 1e-5))"),
        (layout_lost, layout_lost, 2, "flat = dout.transpose(0, 2, 3, 1).reshape(-1, C)"),
    ],
)
def test_slips_around_a_call_are_named_where_they_are(backward, inside, line, change):
    report = check(over_channels, backward, array(2, 3, 2, 4), array(3), array(3, seed=1))
    _, first = inspect.getsourcelines(inside)
    assert (report.line, report.mistakes[0].change) == (first + line, change)
    assert len(report.mistakes) == 1


def test_a_huge_inner_gradient_excuses_nothing():
    """1 / density is 1e60 here: compared with that, any gradient would be rounding."""

    def density(m, w):
        u = (m - 16.0) * w
        p = np.exp(-0.5 * u**2) / np.sqrt(2 * np.pi)
        return -np.log(p), (m, w, u)

    def backward(dout, cache):
        m, w, u = cache
        return dout * u * w, dout * u * (m - 16.0)

    def one_sign_wrong(dout, cache):
        m, w, u = cache
        return -dout * u * w, dout * u * (m - 16.0)

    m, w = np.array([-1.0, 0.5, 15.0]), np.ones(3)
    assert check(density, backward, m, w).ok
    assert (check(density, one_sign_wrong, m, w).first_wrong) == "return[0]"


def test_a_small_gradient_beside_a_large_one_is_compared():
    def f(x, w):
        return x @ w * 1e-8 + x**2 @ np.ones((3, 2)) * 1e8

    def backward(dout, x, w, wrong=1.0):
        ones = np.ones((3, 2))
        return dout @ w.T * 1e-8 + 2 * x * (dout @ ones.T) * 1e8, wrong * x.T @ dout * 1e-8

    x, w = array(4, 3), array(3, 2)
    assert check(f, backward, x, w).ok
    assert not check(f, lambda dout, x, w: backward(dout, x, w, 1.01), x, w).ok


def test_a_gradient_that_is_zero_but_for_rounding_is_right():
    """The bias before a normalisation has none, however large the terms are that cancel."""

    def f(x, b):
        h = 1e6 * x + b
        mean = h.mean(axis=0)
        std = np.sqrt(((h - mean) ** 2).mean(axis=0) + 1e-12)
        return (h - mean) / std, ((h - mean) / std, std)

    def backward(dout, cache):
        xhat, std = cache
        n = len(dout)
        dh = (n * dout - dout.sum(0) - xhat * (dout * xhat).sum(0)) / (n * std)
        return 1e6 * dh, dh.sum(axis=0)

    assert check(f, backward, array(7, 3), array(3)).ok
    x = array(7, 3) * 1e-9
    assert check(f, backward, x, array(3)).ok


def test_a_mask_is_missed_where_everything_is_positive():
    """The arguments are all positive, and so is what goes into the relu."""

    def hidden(x, w):
        a = x @ w
        return np.maximum(0, a), (x, w, a)

    def backward(dout, cache):
        x, w, _ = cache
        return dout @ w.T, x.T @ dout

    def right(dout, cache):
        return backward(dout * (cache[2] > 0), cache)

    args = np.abs(array(4, 3)), np.abs(array(3, 2))
    assert check(hidden, right, *args).ok
    report = check(hidden, backward, *args)
    assert (report.ok, report.hint) == (False, "mask"), report.message


def test_other_signs_are_tried_only_where_the_function_is_defined():
    def soft_root(x):
        return np.sqrt(np.maximum(x, 0.1))

    def backward(dout, x):
        return dout * (x > 0.1) / (2 * np.sqrt(np.maximum(x, 0.1)))

    def logarithm(x):
        return np.where(x > 1, np.log(x), x - 1)

    def backward_of_it(dout, x):
        return dout * np.where(x > 1, 1 / x, 1)

    for f, f_backward in ((soft_root, backward), (logarithm, backward_of_it)):
        assert check(f, f_backward, np.abs(array(3, 4)) + 0.5).ok


def test_a_mask_before_a_pool_is_missed_though_few_windows_need_it():
    def pooled(x):
        a = np.maximum(0, x)
        tiles = a.reshape(2, 2, 2, 2)
        return tiles.max(axis=(1, 3)), (x, tiles)

    def backward(dout, cache):
        x, tiles = cache
        top = tiles == tiles.max(axis=(1, 3), keepdims=True)
        return (top * dout[:, None, :, None]).reshape(x.shape)

    x = array(4, 4)
    x[::2, ::2] = np.abs(x[::2, ::2]) + 0.1

    def right(dout, cache):
        return backward(dout, cache) * (cache[0] > 0)

    assert check(pooled, right, x).ok
    assert not check(pooled, backward, x).ok


# ── whatever is found to be wrong is called so ───────────────────────────────────────────────
def product(x, y):
    out = x * y
    return out


def in_turn(dout, x, y):
    yield dout * y
    yield dout * x


def in_the_wrong_turn(dout, x, y):
    yield dout * x
    yield dout * y


def mapped(dout, x, y):
    return map(lambda other: dout * other, (y, x))  # noqa: C417


def listed_from_a_generator(dout, x, y):
    return (dout * other for other in (x, y))


def test_what_a_generator_gives_is_compared():
    args = array(4, 3), array(4, 3, seed=1)
    assert check(product, in_turn, *args).ok
    assert check(product, mapped, *args).ok
    for wrong in (in_the_wrong_turn, listed_from_a_generator):
        assert not check(product, wrong, *args).ok


def test_a_wrong_result_without_a_line_to_blame_is_wrong():
    # A function of numpy has no lines, and its result no name.
    report = check(lambda x, y: x + y, np.subtract, array(4, 3), array(4, 3))
    assert not report.ok
    assert report.first_wrong == "return[0]"
