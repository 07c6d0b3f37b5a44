"""A backward that is right at the points that are tried first, and wrong elsewhere."""

import numpy as np
import pytest

import backprop as bp
from backprop.graph.errors import TraceError


def array(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def check(f, backward, *args):
    return bp.check(f, backward, *args, lang="en")


def square(x):
    out = x**2
    return out


def relu(x):
    out = np.maximum(0, x)
    return out


# ── where its own code goes another way ──────────────────────────────────────────────────────
def large(dout, x):
    if np.abs(x).max() > 30:
        return dout
    return 2 * x * dout


def small(dout, x):
    return 2 * x * dout if np.abs(x).max() >= 0.01 else dout


def of_one_sign(dout, x):
    if (x < 0).all():
        return dout
    return 2 * x * dout


def entry_by_entry(dout, x):
    return np.where(np.abs(x) > 5, x, 2 * x) * dout


def close_to_zero(dout, x):
    return np.where(np.abs(x) < 1e-4, x, 2 * x) * dout


def caught(dout, x):
    try:
        assert x.max() < 6
        factor = 2
    except AssertionError:
        factor = 1
    return factor * x * dout


def many_rows(dout, x):
    if len(x) > 64:
        return dout
    return 2 * x * dout


def one_row(dout, x):
    if x.shape[0] == 1:
        return dout
    return 2 * x * dout


def as_many_rows_as_columns(dout, x):
    if x.shape[0] == x.shape[1]:
        return dout
    return 2 * x * dout


# ── for other upstream gradients ─────────────────────────────────────────────────────────────
def of_ones(dout, x):
    if (dout == 1).all():
        return dout
    return 2 * x * dout


def up_to_five(dout, x):
    return 2 * x * np.where(abs(dout) < 5, dout, 5)


# ── when it is called again ──────────────────────────────────────────────────────────────────
KEPT: dict = {}
CALLS = [0]


def of_the_first_call(dout, x):
    if "dx" not in KEPT:
        KEPT["dx"] = 2 * x * dout
    return KEPT["dx"]


def of_the_first_of_its_shape(dout, x):
    if x.shape not in KEPT:
        KEPT[x.shape] = 2 * x
    return KEPT[x.shape] * dout


def by_default(dout, x, kept=[]):  # noqa: B006
    if not kept:
        kept.append(2 * x)
    return kept[0] * dout


def from_the_third_on(dout, x):
    CALLS[0] += 1
    return 2 * x * dout if CALLS[0] < 3 else dout


ELSEWHERE = [large, small, of_one_sign, entry_by_entry, close_to_zero, caught]
LENGTHS = [many_rows, one_row, as_many_rows_as_columns]
AGAIN = [of_the_first_call, of_the_first_of_its_shape, by_default, from_the_third_on]


@pytest.mark.parametrize("backward", [*ELSEWHERE, *LENGTHS, of_ones, up_to_five, *AGAIN])
def test_what_is_right_at_first_and_then_not_is_wrong(backward):
    report = check(square, backward, array(4, 3))
    assert not report.ok
    words = (
        "goes another way" if backward in ELSEWHERE
        else "at the given lengths only" if backward in LENGTHS
        else "when it is called again" if backward in AGAIN
        else "linear function of `dout`"
    )  # fmt: skip
    assert words in report.message
    assert report.line == backward.__code__.co_firstlineno or report.first_wrong


def test_a_relu_that_lets_a_little_too_much_through():
    def backward(dout, x):
        return dout * (x > -0.01)

    assert not check(relu, backward, array(4, 3)).ok


def test_nothing_to_compare_is_not_right():
    with pytest.raises(TraceError, match=r"nothing can be compared: `x` has shape \(0, 3\)"):
        check(square, lambda dout, x: 17 * dout, np.zeros((0, 3)))


# ── and right code stays right ───────────────────────────────────────────────────────────────
SUMS = {"dx": 0.0}


def added_up(dout, x):
    SUMS["dx"] = SUMS["dx"] + 2 * x * dout
    return SUMS["dx"]


def kept_by_its_numbers(dout, x, kept={}):  # noqa: B006
    if x.tobytes() not in kept:
        kept[x.tobytes()] = 2 * x
    return kept[x.tobytes()] * dout


def two_ways(dout, x):
    if x.max() > 3 and len(x) < 100:
        return 2 * x * dout
    return dout * x * 2


def guarded(dout, x):
    assert x.max() < 1e3
    if x.ndim != 2:
        raise ValueError("a matrix is wanted")
    if x.shape[0] > 50:
        raise ValueError("too many rows")
    return 2 * x * dout


def clipped(dout, x):
    return np.clip(2 * x * dout, -100, 100)


@pytest.mark.parametrize("backward", [added_up, kept_by_its_numbers, two_ways, guarded, clipped])
def test_what_is_right_elsewhere_too_is_right(backward):
    report = check(square, backward, array(4, 3))
    assert report.ok, str(report)


def test_what_saturates_far_away_is_right():
    def sigmoid(x):
        out = 1 / (1 + np.exp(-x))
        return out, out

    def backward(dout, cache):
        near = np.where(np.abs(cache) > 40, 0, cache)
        return dout * near * (1 - near)

    assert check(sigmoid, backward, array(4, 3)).ok


# ── bounds that right code has, and that nobody differentiates ──────────────────────────────
def product(x, w):
    return x @ w, (x, w)


def shortened(dout, cache):
    x, w = cache
    dw = x.T @ dout
    norm = np.linalg.norm(dw)
    if norm > 100.0:
        dw = dw * 100.0 / norm
    return dout @ w.T, dw


def scaled_together(dout, cache):
    x, w = cache
    grads = [dout @ w.T, x.T @ dout]
    total_norm = np.sqrt(sum(np.sum(g * g) for g in grads))
    return tuple(g * min(1.0, 200.0 / (total_norm + 1e-6)) for g in grads)


def surprise(p):
    p = np.maximum(p, 1e-12)
    return -np.log(p), (p,)


def surprise_backward(dout, cache):
    (p,) = cache
    return -dout / p


def direction(x):
    length = np.maximum(np.sqrt(np.sum(x * x)), 1e-8)
    return x / length, (x, length)


def direction_backward(dout, cache):
    x, length = cache
    out = x / np.where(length > 1e-8, length, 1e-8)
    return (dout - out * np.sum(dout * out)) / length


@pytest.mark.parametrize(
    ("f", "backward", "shapes"),
    [
        (product, shortened, [(4, 3), (3, 2)]),
        (product, scaled_together, [(4, 3), (3, 2)]),
        (surprise, surprise_backward, [(4, 3)]),
        (direction, direction_backward, [(5,)]),
    ],
)
def test_right_code_may_clip_by_a_norm_and_keep_away_from_zero(f, backward, shapes):
    args = [np.random.default_rng(7).uniform(0.1, 1, shape) for shape in shapes]
    report = check(f, backward, *args)
    assert report.ok, report.message
