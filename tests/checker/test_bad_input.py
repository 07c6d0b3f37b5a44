"""Backwards and forwards that cannot be compared: each gets a message that helps."""

import numpy as np
import pytest

import backprop as bp
from tests.checker.slips import line_of

rng = np.random.default_rng(5)
X, W = rng.normal(size=(5, 4)), rng.normal(size=(4, 3))


def forward(x, w):
    h = x @ w
    out = np.tanh(h)
    return out, (x, w, out)


def check(backward, *args, f=forward):
    return bp.check(f, backward, *(args or (X, W)), lang="en")


def test_returning_none():
    def backward(dout, cache):
        _x, w, out = cache
        dh = dout * (1 - out**2)
        dh @ w.T

    report = check(backward)
    assert not report.ok
    assert report.hint == "error"
    assert "returns None" in report.message
    assert "dx, dw" in report.message


def test_too_many_results():
    def backward(dout, cache):
        x, w, out = cache
        dh = dout * (1 - out**2)
        return dh @ w.T, x.T @ dh, dh

    report = check(backward)
    assert not report.ok
    assert report.hint == "shape"
    assert "(3): 2 expected" in report.message
    assert "dx, dw" in report.message
    assert report.mistakes[0].code == "return dh @ w.T, x.T @ dh, dh"


def test_a_dictionary_without_any_of_the_gradients():
    report = check(lambda dout, cache: {"dz": dout})
    assert not report.ok
    assert "`x`" in report.message
    assert "dz" in report.message


def test_integers_where_floats_are_needed():
    def backward(dout, a, w):
        return dout @ w.T, a.T @ dout

    whole = np.arange(20).reshape(5, 4)
    report = bp.check(lambda a, w: a @ w, backward, whole, np.ones((4, 3)), lang="en")
    assert not report.ok
    assert "`a` holds integers" in report.message
    assert "a.astype(float)" in report.message


def test_raising_shows_the_line_and_the_values_there():
    def backward(dout, cache):
        _x, _w, _out = cache
        shape = dout.shape
        raise ValueError(f"cannot do {shape}")

    report = check(backward)
    assert not report.ok
    assert report.hint == "error"
    assert "ValueError: cannot do (5, 3)" in report.message
    assert report.mistakes[0].code == 'raise ValueError(f"cannot do {shape}")'
    assert report.line == report.mistakes[0].line
    assert "shape: (5, 3)" in report.message


def test_shapes_that_do_not_fit_are_repaired_if_a_small_change_does_it():
    def backward(dout, cache):
        x, w, out = cache
        dh = dout * (1 - out**2)
        dw = x @ dh
        return dh @ w.T, dw

    report = check(backward)
    assert (report.first_wrong, report.hint) == ("dw", "transposed")
    assert "x.T @ dh" in report.message


def test_reading_what_the_forward_did_not_cache():
    def unpacks_more(dout, cache):
        x, w, _h, _out = cache
        return x, w

    report = check(unpacks_more)
    assert "not enough values to unpack" in report.message
    assert "array(5, 3)" in report.message  # what the cache does hold

    def dictionary(x, w):
        out = x @ w
        return out, {"x": x, "w": w}

    def reads_more(dout, cache):
        return cache["bias"], cache["w"]

    report = check(reads_more, f=dictionary)
    assert "KeyError: 'bias'" in report.message
    assert "'x': array(5, 4), 'w': array(4, 3)" in report.message


def test_no_cache_to_give():
    def plain(x, w):
        return x @ w

    def backward(dout, cache):
        return cache

    with pytest.raises(bp.TraceError, match=r"`cache`.*returns no cache"):
        check(backward, f=plain)


def test_parameters_that_fit_neither_form():
    with pytest.raises(bp.TraceError, match=r"\(a, b, c, d, e\).*\(dout, x, w\)"):
        check(lambda a, b, c, d, e: None)


def test_a_forward_that_cannot_be_traced():
    def leaves(x, w):
        return np.array([float(x[0, 0])]), ()

    with pytest.raises(bp.TraceError, match="float"):
        check(lambda dout, cache: dout, f=leaves)


def test_a_forward_that_draws_random_numbers_without_a_seed():
    def dropout(x):
        mask = np.random.rand(*x.shape) < 0.5
        return x * mask, (mask,)

    with pytest.raises(bp.TraceError, match=r"dropout gives another result.*default_rng"):
        check(lambda dout, cache: dout * cache[0], X, f=dropout)


def test_nothing_to_differentiate():
    with pytest.raises(bp.TraceError, match="nothing to differentiate"):
        check(lambda dout, x: dout, np.arange(3), f=lambda x: x * 2)


def test_another_language():
    with pytest.raises(ValueError, match='"en" or "zh"'):
        bp.check(forward, lambda dout, cache: cache, X, W, lang="fr")


def test_results_that_are_no_numbers():
    report = check(lambda dout, cache: ("dx", cache[1]))
    assert not report.ok
    assert report.first_wrong == "return[0]"


def test_not_a_number_in_a_result():
    def backward(dout, cache):
        x, w, out = cache
        dh = dout * np.sqrt(-np.ones_like(out))
        return dh @ w.T, x.T @ dh

    report = check(backward)
    assert not report.ok
    assert report.first_wrong == "dh"


def test_a_slice_that_takes_nothing():
    def conv(x, w):
        out = np.zeros((3, 3))
        for i in range(3):
            for j in range(3):
                out[i, j] = np.sum(x[i : i + 2, j : j + 2] * w)
        return out

    def backward(dout, x, w):
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for i in range(3):
            for j in range(3):
                patch = x[i : i - 2, j : j + 2]
                dw += np.sum(patch) * dout[i, j]
                dx[i : i + 2, j : j + 2] += w * dout[i, j]
        return dx, dw

    report = check(backward, rng.normal(size=(4, 4)), rng.normal(size=(2, 2)), f=conv)
    assert not report.ok
    assert report.mistakes[0].line in (slip(backward, "patch = "), slip(backward, "dw += "))


def slip(function, part):
    return function.__code__.co_firstlineno + line_of(function, part) - 1


def test_an_empty_buffer_is_not_why_a_later_line_stops():
    def backward(dout, x):
        dx = np.zeros_like(x)
        for i in range(len(x)):
            dx[i] = dout[i] * slope  # noqa: F821
        return dx

    report = bp.check(lambda x: np.sin(x), backward, np.array([0.3, 1.2]), lang="en")
    assert report.hint == "error"
    assert "dout[i] * slope" in report.mistakes[0].code


def test_what_is_no_number_is_counted():
    def backward(dout, cache):
        x, w, out = cache
        dh = dout * np.log(out - 2)
        return dh @ w.T, x.T @ dh

    report = check(backward)
    assert report.first_wrong == "dh"
    assert "15 of its 15 entries are no number (nan)." in report.message


def test_a_loop_that_runs_too_far_is_no_wrong_gradient():
    """Entries of `dh` are still to come when it stops: nothing is said of the others."""

    def backward(dout, cache):
        x, w, out = cache
        dh = dout.copy()
        for i in range(len(x) + 1):
            dh[i] *= 1 - out[i] ** 2
        return dh @ w.T, x.T @ dh

    report = check(backward)
    assert report.hint == "error"
    assert report.message.startswith("backward stops on line ")
    assert "IndexError: index 5 is out of bounds" in report.message
    assert "i: 5" in report.message


def test_a_line_that_has_nothing_to_do_is_not_written_as_such():
    def backward(dout, cache):
        x, w, out = cache
        dh = dout * (1 - out**2)
        norm = 1e-3 * np.sum(dh)
        dh = dh / norm
        return dh @ w.T, x.T @ dh

    report = check(backward)
    assert report.line == backward.__code__.co_firstlineno + 4
    assert "without this line it would be right" in report.message
    assert "dh = dh\n" not in report.message


def test_a_number_without_end_in_a_backward_is_judged_like_any_other():
    def softly(x):
        return np.log(np.sum(np.exp(x))), (x,)

    def softly_backward(dout, cache):
        (x,) = cache
        nothing = np.log(x[0] * 0)
        total = nothing + x[0]
        for each in x:
            total = np.logaddexp(total, each)
        return dout * np.exp(x - total) * 2

    with np.errstate(divide="ignore"):
        report = bp.check(softly, softly_backward, np.array([0.5, 2.0, 1.0]), lang="en")
    assert report.hint == "factor", report.message
