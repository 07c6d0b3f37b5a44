"""What `bp.check` says beyond the set of cases: notes, kinks, shapes, damage, several mistakes."""

import numpy as np
import pytest

import backprop as bp
from backprop.judging.hints import HINTS

rng = np.random.default_rng(3)
x54 = rng.normal(size=(5, 4))


def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=0)
    return var


def layer(x, w):
    a = x @ w
    h = np.tanh(a)
    out = h * 3.0
    cache = (x, w, h)
    return out, cache


w43 = rng.normal(size=(4, 3))


def check(f, backward, *args):
    return bp.check(f, backward, *args, lang="en")


# ── identities and constants: notes, not mistakes ───────────────────────────────────────────
def test_an_identity_that_is_used_is_a_note():
    def on_paper(dvar, x):
        diff = x - np.mean(x, axis=0)
        dx = 2 * diff / x.shape[0] * dvar
        return dx

    report = check(variance, on_paper, x54)
    assert report.ok
    assert len(report.notes) == 1
    assert "identity" in report.notes[0]


def test_a_sign_that_an_identity_hides_is_a_note_that_names_it():
    def flipped(dvar, x):
        mean = np.mean(x, axis=0)
        diff = x - mean
        dsquare = dvar / x.shape[0]
        ddiff = 2 * diff * dsquare
        dmean = np.sum(ddiff, axis=0)
        dx = ddiff + dmean / x.shape[0]
        return dx

    report = check(variance, flipped, x54)
    assert report.ok
    assert any("dmean" in note and "sign" in note for note in report.notes)


def test_a_backward_without_identities_has_no_notes():
    def staged(dvar, x):
        diff = x - np.mean(x, axis=0)
        dsquare = dvar / x.shape[0]
        ddiff = 2 * diff * dsquare
        dmean = -np.sum(ddiff, axis=0)
        dx = ddiff + dmean / x.shape[0]
        return dx

    report = check(variance, staged, x54)
    assert report.ok
    assert report.notes == []


def test_a_constant_that_later_lines_make_good_is_a_note():
    def lazy(dvar, x):
        diff = x - np.mean(x, axis=0)
        ddiff = 2 * diff * dvar
        dx = ddiff / x.shape[0]
        return dx

    report = check(variance, lazy, x54)
    assert report.ok
    assert any("`ddiff`" in note and "5 times" in note for note in report.notes)


def test_two_mistakes_that_cancel_are_a_mistake():
    def twice(dvar, x):
        diff = x - np.mean(x, axis=0)
        dsquare = -dvar / x.shape[0]
        ddiff = -2 * diff * dsquare
        dmean = -np.sum(ddiff, axis=0)
        dx = ddiff + dmean / x.shape[0]
        return dx

    report = check(variance, twice, x54)
    assert not report.ok
    assert (report.first_wrong, report.hint) == ("dsquare", "cancel")


def test_a_named_gradient_that_is_wrong_is_a_mistake_even_if_the_result_is_right():
    def wrong_inside(dvar, x):
        np.mean(x, axis=0)
        dsquare = dvar / x.shape[0]
        ddiff = 2 * x * dsquare
        dmean = -np.sum(ddiff, axis=0)
        dx = ddiff + dmean / x.shape[0]
        return dx

    report = check(variance, wrong_inside, x54)
    assert not report.ok
    assert report.first_wrong == "ddiff"


def test_names_that_only_look_like_gradients_are_left_alone():
    def lookalike(dout, cache):
        x, w, h = cache
        dx = 3.0 * dout
        dx = dx * (1 - h**2)
        da = dx
        dw = x.T @ dx
        dx = da @ w.T
        return dx, dw

    assert check(layer, lookalike, x54, w43).ok


# ── shapes, damage, kinks ───────────────────────────────────────────────────────────────────
def test_shapes_of_results_are_strict():
    def affine(x, b):
        out = x + b
        return out

    def kept(dout, x, b):
        db = np.sum(dout, axis=0, keepdims=True)
        return dout.copy(), db

    report = check(affine, kept, x54, rng.normal(size=4))
    assert (report.first_wrong, report.hint) == ("db", "shape")
    assert "(1, 4)" in report.message
    assert "(4,)" in report.message


def test_writing_to_dout_or_the_cache_is_a_remark_while_every_result_is_right():
    def damages(dout, cache):
        x, w, h = cache
        da = dout
        da *= 3.0
        da = da * (1 - h**2)
        return da @ w.T, x.T @ da

    report = check(layer, damages, x54, w43)
    assert report.ok
    (note,) = report.notes
    assert "`da`" in note
    assert f"(line {damages.__code__.co_firstlineno + 3})" in note
    assert "`dout`" in note

    def damages_cache(dout, cache):
        x, w, h = cache
        h **= 2
        da = 3.0 * dout * (1 - h)
        return da @ w.T, x.T @ da

    report = check(layer, damages_cache, x54, w43)
    assert report.ok
    assert any("`h`" in note and "`cache`" in note for note in report.notes)


def test_writing_in_place_is_a_mistake_where_it_makes_a_result_wrong():
    def damages(dout, cache):
        x, w, h = cache
        da = dout
        da *= 3.0 * (1 - h**2)
        x *= 0.5
        return da @ w.T, x.T @ da

    report = check(layer, damages, x54, w43)
    assert (report.first_wrong, report.hint) == ("x", "factor")

    def twice(dout, cache):
        x, w, h = cache
        da = dout
        da *= 1 - h**2
        dw = 3.0 * x.T @ da
        return 3.0 * (dout * (1 - h**2)) @ w.T, dw

    report = check(layer, twice, x54, w43)
    assert (report.first_wrong, report.hint) == ("da", "inplace")
    assert report.mistakes[0].change in ("da = dout.copy()", "da = da * (1 - h ** 2)")


def test_nothing_the_caller_gave_is_changed():
    def damages(dout, cache):
        cache[0][:] = 0
        dout[:] = 0
        return cache[0], cache[1]

    x, w = x54.copy(), w43.copy()
    check(layer, damages, x, w)
    np.testing.assert_array_equal(x, x54)
    np.testing.assert_array_equal(w, w43)


def test_a_kink_is_reported_as_such():
    def relu(x):
        out = np.maximum(x, 0)
        return out

    def at_zero_one(dout, x):
        dx = dout * (x >= 0)
        return dx

    x = x54.copy()
    x[1, 2] = 0
    report = check(relu, at_zero_one, x)
    assert report.ok
    assert any("kink" in note and "x[1, 2]" in note for note in report.notes)


def test_a_tie_of_a_maximum_is_reported_as_such():
    def largest(x):
        out = np.max(x, axis=1)
        return out

    def shared(dout, x):
        mask = x == x.max(axis=1, keepdims=True)
        return dout[:, None] * mask / mask.sum(axis=1, keepdims=True)

    report = check(largest, shared, np.round(x54))
    assert report.ok


@pytest.mark.parametrize("eps", [1e-5, 1e-3])
def test_an_eps_that_is_left_out_is_caught(eps):
    def normalise(x):
        var = np.mean(x**2, axis=0)
        std = np.sqrt(var + eps)
        out = x / std
        return out, (x, var, std)

    def without_eps(dout, cache):
        x, var, std = cache
        dstd = -np.sum(dout * x, axis=0) / std**2
        dvar = dstd / (2 * np.sqrt(var))
        dx = dout / std + 2 * x * dvar / len(x)
        return dx

    report = check(normalise, without_eps, x54)
    assert (report.first_wrong, report.hint) == ("dvar", "factor")
    assert "eps" in report.message


def test_the_upstream_gradient_is_random():
    seen = []

    def spy(dout, x):
        seen.append(dout.copy())
        return 2 * x * dout

    assert check(lambda x: x * x, spy, x54).ok
    for dout in seen:
        assert len(np.unique(dout)) == dout.size
        assert (dout > 0).any()
        assert (dout < 0).any()


def test_more_than_one_mistake_is_listed():
    def two(dout, cache):
        x, w, h = cache
        dh = dout
        da = dh * (1 - h**2)
        dx = da @ w.T
        dw = -(x.T @ da)
        return dx, dw

    report = check(layer, two, x54, w43)
    assert [(m.variable, m.hint) for m in report.mistakes] == [("dh", "factor"), ("dw", "sign")]


def test_right_results_in_the_wrong_order():
    def swapped(dout, cache):
        x, w, h = cache
        da = 3.0 * dout * (1 - h**2)
        dx, dw = da @ w.T, x.T @ da
        return dw, dx

    report = check(layer, swapped, x54, w43)
    assert (report.first_wrong, report.hint) == ("dw", "order")


# ── ways to be called ───────────────────────────────────────────────────────────────────────
def right(dout, cache):
    x, w, h = cache
    da = 3.0 * dout * (1 - h**2)
    return da @ w.T, x.T @ da


def test_a_dictionary_of_gradients_is_a_result():
    def named(dout, cache):
        dx, dw = right(dout, cache)
        return {"dw": dw, "dx": dx}

    assert check(layer, named, x54, w43).ok


def test_several_outputs_come_as_a_tuple_or_one_by_one():
    def two(x):
        a = np.sin(x)
        b = x * 2
        return a, b, (x,)

    def together(dout, cache):
        da, db = dout
        return da * np.cos(cache[0]) + 2 * db

    def apart(da, db, cache):
        return da * np.cos(cache[0]) + 2 * db

    assert check(two, together, x54).ok
    assert check(two, apart, x54).ok


def test_integers_dictionaries_and_numbers_are_constants():
    def forward(x, y, p, options):
        options["runs"] = options.get("runs", 0) + 1
        out = x[np.arange(len(y)), y] * p * options["scale"]
        return out, (x, y, p)

    def backward(dout, cache):
        x, y, p = cache
        dx = np.zeros_like(x)
        dx[np.arange(len(y)), y] = dout * p * 4.0
        return dx

    options = {"scale": 4.0}
    assert check(forward, backward, x54, np.array([0, 1, 2, 3, 0]), 0.5, options).ok
    assert options == {"scale": 4.0}


def line(x, w, b, eps=1e-3):
    return np.tanh(x * w + b) / (1 + eps)


def line_backward(dw, last=lambda dout, x, dz: (np.sum(dz),)):
    def backward(dout, x, w, b, eps=1e-3):
        dz = dout * (1 - np.tanh(x * w + b) ** 2) / (1 + eps)
        return dz * w, dw(dz, x), *last(dout, x, dz)

    return backward


class Leaky:
    """A layer whose slope is a number."""

    def __init__(self, reduce):
        self.alpha, self.rate, self.reduce = 0.25, 0.1, reduce

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dout):
        self.dalpha = self.reduce(dout * np.minimum(self.x, 0))
        return dout * np.where(self.x > 0, 1, self.alpha)


def fitted(x, params):
    off = x * params["w"] + params["b"] - x**2
    return np.mean(off**2), {"w": 2 * np.mean(off * x), "b": np.mean(off)}


by_x = line_backward(lambda dz, x: np.sum(dz * x))
plain_sum = line_backward(lambda dz, x: np.sum(dz))
with_eps = [
    line_backward(lambda dz, x: np.sum(dz * x), lambda dout, x, dz, d=d: (np.sum(dz), d))
    for d in (None, 0.0)
]


def total(w, b):
    return np.sum(x54 * w + b)


NUMBERS = [  # the functions, their arguments, whether it is right, the first wrong variable
    ((line, by_x), (x54, 0.5, 0.1), True, None),
    ((line, by_x), (x54, 0.5, np.float64(0.1), 1e-3), True, None),
    ((line, plain_sum), (x54, 0.5, 0.1), False, "return[1]"),
    ((line, with_eps[0]), (x54, 0.5, 0.1, 1e-3), True, None),
    ((line, with_eps[1]), (x54, 0.5, 0.1, 1e-3), False, "return[3]"),
    ((total, lambda dy, w, b: (dy * x54.sum(), dy * x54.size)), (0.5, 0.1), True, None),
    ((total, lambda dy, w, b: (dy * x54.sum(), dy)), (0.5, 0.1), False, "return[1]"),
    ((fitted,), (x54, {"w": 0.5, "b": 0.1}), False, "return['b']"),
    ((Leaky(np.sum),), (x54,), True, None),
    ((Leaky(np.mean),), (x54,), False, "self.dalpha"),
]


@pytest.mark.parametrize(("functions", "args", "right", "variable"), NUMBERS)
def test_a_number_whose_gradient_is_returned_is_a_parameter(functions, args, right, variable):
    report = check(*functions, *args)
    assert report.ok is right, report.message
    assert report.first_wrong == variable
    if isinstance(functions[0], Leaky):
        assert functions[0].alpha == 0.25


def scaled(x, b):
    return np.sin(x) * 2 + b * 3


def one_starred(dout, x, b):
    rest = [3 * dout.T]
    return 2 * dout * np.cos(x), *rest


def starred_before(dout, x, b):
    first = [2 * dout * np.cos(x)]
    db = 2 * dout
    return (*first, db)


def as_it_came(dout, x, b):
    dx = 2 * dout * np.cos(x)
    return dx, dout


def in_a_table(dout, x, b):
    return dict(dx=2 * dout * np.sin(x), db=3 * dout)  # noqa: C408


@pytest.mark.parametrize(
    ("backward", "variable", "said"),
    [
        (one_starred, "rest", "transposed"),  # where it is written
        (starred_before, "db", "3"),
        (as_it_came, "return[1]", "The factor `3`"),  # not a length that happens to be 3
        (in_a_table, "return['dx']", "np.cos"),
    ],
)
def test_what_a_return_hands_on_is_named(backward, variable, said):
    x, b = np.random.default_rng(2).normal(size=(2, 3, 3))
    report = check(scaled, backward, x, b)
    assert report.first_wrong == variable
    assert said in str(report)


def test_a_right_variable_that_is_returned_for_another_is_wrong_in_the_return():
    def f(x):
        r = np.exp(x)
        return r * np.sin(r)

    def backward(dout, x):
        r = np.exp(x)
        dr = dout * (np.sin(r) + r * np.cos(r))
        return dr

    report = check(f, backward, x54)
    assert (report.first_wrong, report.hint) == ("return[0]", "factor")
    assert "return dr * r" in report.message


def test_of_a_single_number_no_factor_is_named_that_any_would_have():
    def f(x, w):
        return np.tanh(x * w)

    def backward(dout, x, w):
        dw = np.sum(dout * (1 - np.tanh(x * w) ** 3) * x * np.exp(x))
        return dout * (1 - np.tanh(x * w) ** 2) * w, dw

    report = check(f, backward, np.abs(x54), 0.5)
    assert (report.first_wrong, report.hint) == ("dw", None)
    assert "times the right" not in str(report)
    assert report.rows[-2].ratio is None


def test_single_precision_arguments_are_judged_in_double():
    assert check(layer, right, x54.astype(np.float32), w43.astype(np.float32)).ok


def test_a_buffer_in_single_precision_is_no_mistake():
    def buffered(dout, x):
        dx = np.zeros(x.shape, dtype=np.float32)
        dx[:] = 2 * x * dout
        return dx

    assert check(lambda x: x**2, buffered, x54).ok


def test_every_hint_has_its_words_in_both_languages():
    for word, hint in HINTS.items():
        assert hint.word == word
        for lang in ("en", "zh"):
            plain = hint.say(lang, {})
            assert plain
            assert "{" not in plain
        assert hint.say("en", {}) != hint.say("zh", {})


# ── long loops ──────────────────────────────────────────────────────────────────────────────
def steps(x, h0, w):
    h = h0
    hs = []
    for t in range(x.shape[1]):
        a = h @ w + x[:, t]
        h = np.tanh(a)
        hs.append(h)
    return np.stack(hs, axis=1), (hs, h0, w)


def steps_backward(dout, cache):
    hs, h0, w = cache
    T = dout.shape[1]
    dx, dw = np.zeros_like(dout), np.zeros_like(w)
    dprev = np.zeros_like(h0)
    for t in reversed(range(T)):
        dh = dout[:, t]
        before = hs[t - 1] if t else h0
        da = dh * (1 - hs[t] ** 2)
        dx[:, t] = da
        dw += before.T @ da
        dprev = da @ w.T
    return dx, dprev, dw


def test_a_mistake_in_a_long_loop_is_named_where_it_first_shows():
    """In its first round the line is right: nothing has come back from a later step yet."""
    args = rng.normal(size=(2, 30, 3)), rng.normal(size=(2, 3)), rng.normal(size=(3, 3))
    report = check(steps, steps_backward, *args)
    assert (report.first_wrong, report.hint) == ("dh", "missing term")
    assert report.mistakes[0].change == "dh = dout[:, t] + dprev"
