"""Gradients without rules, kinks, and the shifted function."""

import numpy as np
import pytest

import backprop as bp
from backprop.truth.numeric import estimate
from backprop.truth.replay import replay


def array(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_the_complex_step_is_exact_to_rounding():
    x = np.array([0.3, 1.2, 2.0])
    found = bp.numeric_gradient(lambda x: np.exp(x) / np.sin(x), x, dout=np.ones(3))
    wanted = np.exp(x) * (np.sin(x) - np.cos(x)) / np.sin(x) ** 2
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_richardson_takes_over_where_there_is_no_complex_version():
    def f(x, y):
        return np.arctan2(x, y)

    x, y = np.array([0.5, 2.0]), np.array([1.5, -1.0])
    graph = bp.trace(f, x, y)
    result = estimate(graph, "x", (np.ones(2),))
    assert result.method == "Richardson"
    wanted = y / (x**2 + y**2)
    np.testing.assert_allclose(result.value, wanted, rtol=1e-10)
    assert np.all(np.abs(result.value - wanted) <= 10 * result.error + 1e-13)


def test_one_argument_gives_an_array_and_several_a_tuple():
    x, w = array(2, 3), array(3, 2)
    assert bp.numeric_gradient(lambda x: x * 2, x).shape == (2, 3)
    both = bp.numeric_gradient(lambda x, w: x @ w, x, w)
    assert [g.shape for g in both] == [(2, 3), (3, 2)]


def test_the_random_upstream_gradient_is_seeded():
    x = array(3)
    first = bp.numeric_gradient(lambda x: x**2, x)
    np.testing.assert_array_equal(first, bp.numeric_gradient(lambda x: x**2, x))
    assert len(set(np.round(first / (2 * x), 12))) == 3


def test_arguments_are_not_written_to():
    x = array(3)
    kept = x.copy()

    def f(x):
        x[0] = 0
        x *= 2
        return x

    bp.numeric_gradient(f, x)
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.maximum(0, x),
        np.abs,
        lambda x: x * (x > 0),
        lambda x: np.where(x > 0, x, 0),
        lambda x: np.clip(x, 0, 1),
        lambda x: np.sign(x),
        lambda x: x if x.sum() > 0 else 2 * x,
    ],
)
def test_a_kink_is_reported_not_averaged_over(f):
    x = np.array([0.0])
    with pytest.raises(bp.KinkError, match=r"no derivative at x\[0\] = 0|no derivative at .*0"):
        bp.numeric_gradient(lambda x: f(x) * 1.0, x)


def test_the_message_of_a_kink_says_which_operation():
    def f(x):
        h = np.maximum(0, x)
        return h * 2

    with pytest.raises(
        bp.KinkError, match=r"f has no derivative at x\[1\] = 0: `maximum` making `h`"
    ):
        bp.numeric_gradient(f, np.array([1.0, 0.0]))


def test_a_tie_without_a_kink_is_none():
    def softmax(x):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)

    x = np.zeros((2, 3))
    dout = array(2, 3)
    p = softmax(x)
    wanted = p * (dout - np.sum(dout * p, axis=1, keepdims=True))
    np.testing.assert_allclose(bp.numeric_gradient(softmax, x, dout=dout), wanted, atol=1e-12)


def test_near_a_kink_is_not_at_it():
    x = np.array([1e-5, -1e-5])
    found = bp.numeric_gradient(lambda x: np.maximum(0, x), x, dout=np.ones(2))
    np.testing.assert_array_equal(found, [1, 0])


def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=0)
    return np.sqrt(var)


def test_replay_recomputes_what_follows():
    x = array(4, 3)
    graph = bp.trace(variance, x)
    values = replay(graph, {"diff": np.ones((4, 3))})
    np.testing.assert_array_equal(values["mean"], graph["mean"].value)
    np.testing.assert_array_equal(values["square"], np.ones((4, 3)))
    np.testing.assert_array_equal(values["var"], np.ones(3))


def test_shifted_means_break_identities_and_keep_sign_and_range():
    x = array(6, 3)
    graph = bp.trace(variance, x)
    shifted = graph.shifted(0)
    np.testing.assert_array_equal(shifted["x"].value, x)
    assert np.all(np.abs(np.sum(shifted["diff"].value, axis=0)) > 0.01)
    assert np.all(shifted["var"].value > 0)
    assert np.all(shifted["mean"].value <= x.max(axis=0))
    assert np.all(shifted["mean"].value >= x.min(axis=0))
    np.testing.assert_array_equal(shifted["diff"].value, x - shifted["mean"].value)
    assert np.all(np.sign(shifted["mean"].value) == np.sign(graph["mean"].value))
    again = graph.shifted(0)
    np.testing.assert_array_equal(again["var"].value, shifted["var"].value)
    assert not np.array_equal(graph.shifted(1)["var"].value, shifted["var"].value)


def test_the_gradient_of_the_shifted_function():
    x = array(6, 3)
    shifted = bp.trace(variance, x).shifted(0)
    dout = array(3)
    shift = shifted["mean"].value - x.mean(axis=0)
    diff = x - shifted["mean"].value
    more = shifted["var"].value - np.mean(diff**2, axis=0)

    def by_hand(x):
        diff = x - (np.mean(x, axis=0) + shift)
        return np.sqrt(np.mean(diff**2, axis=0) + more)

    np.testing.assert_allclose(
        shifted.backward(dout)["x"], bp.numeric_gradient(by_hand, x, dout=dout), atol=1e-12
    )


def test_a_shift_that_would_make_a_root_negative_is_made_smaller():
    def f(x):
        return np.sqrt(np.mean(x**2, axis=0) - np.mean(x, axis=0) ** 2)

    x = array(5, 2) + 1
    for seed in range(5):
        assert np.isfinite(bp.trace(f, x).shifted(seed).output.value).all()


SINGULAR = {
    "sqrt": (np.sqrt, [0.0, 0.0]),
    "std": (lambda x: np.std(x), [1.0, 1.0, 1.0]),
    "norm": (lambda x: np.linalg.norm(x), [0.0, 0.0]),
    "hypot": (lambda x: np.hypot(x, 0.0 * x), [0.0]),
    "cbrt": (np.cbrt, [0.0]),
    "power": (lambda x: x**0.9, [0.0]),
    "arcsin": (np.arcsin, [1.0]),
    "arccosh": (np.arccosh, [1.0]),
    "log": (np.log, [0.0]),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_where_an_operation_has_no_derivative_there_is_no_number(name):
    f, x = SINGULAR[name]
    x = np.array(x)
    with np.errstate(all="ignore"):
        dout = np.ones(np.shape(f(x)))
        with pytest.raises(bp.KinkError, match=r"no derivative at x\[0\]"):
            bp.numeric_gradient(lambda x: f(x) * 1.0, x, dout=dout)


@pytest.mark.parametrize(
    ("f", "x", "wanted"),
    [
        (lambda x: np.linalg.norm(x) ** 2, [0.0, 0.0], [0.0, 0.0]),
        (lambda x: np.std(x) ** 2, [1.0, 1.0], [0.0, 0.0]),
        (lambda x: np.sum(np.sqrt(x) * x), [0.0, 4.0], [0.0, 3.0]),
        (lambda x: np.sum(np.sqrt(x**2 + 1e-12)), [1e-9], [1e-3]),
        (lambda x: np.sum(np.sqrt(x)), [1e-9], [0.5 / np.sqrt(1e-9)]),
    ],
)
def test_a_root_inside_something_smooth_is_no_kink(f, x, wanted):
    np.testing.assert_allclose(
        bp.numeric_gradient(f, np.array(x), dout=np.array(1.0)), wanted, rtol=1e-5, atol=1e-12
    )
