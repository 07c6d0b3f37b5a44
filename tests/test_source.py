"""The derived function alone: it writes to nothing it is given, and follows what it is given."""

import numpy as np
import pytest

import backprop as bp


def array(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def alone(backward):
    scope = {"np": np}
    exec(backward.source, scope)
    (function,) = [value for name, value in scope.items() if name.endswith("_backward")]
    return function


def agrees(f, *args, traced_with=None):
    """Derive, perhaps with other arguments; run on `args`, alone and called; nothing is written."""
    backward = bp.derive(f, *(traced_with or args))
    dout = array(*backward.graph.output.shape, seed=5)
    wanted = bp.numeric_gradient(f, *args, dout=dout)
    for function in (alone(backward), backward):
        before = [np.copy(arg) if isinstance(arg, np.ndarray) else arg for arg in args]
        found = function(dout, *args)
        several = isinstance(wanted, tuple)
        assert isinstance(found, tuple) == several
        for got, want in zip(found, wanted, strict=True) if several else [(found, wanted)]:
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)
        np.testing.assert_equal(list(args), before)
    return backward


# ── arithmetic that changes nothing makes a copy, not another name ──────────────────────────
def plus_nothing(x):
    y = x + 0.0
    y[y < 0] = 0
    return y * x


def once(x):
    y = 1 * x
    z = y / 1
    z[0] = np.sin(x[1])
    return z * x


def first_power(x):
    y = x**1
    y[0] = x[1]
    return y * x


def row_plus_nothing(x):
    y = x[0] - 0
    y[1] = 2
    return x * y


def plus_sign(x):
    y = +x
    y *= x
    y[:, 0] = 3
    return y * x


def of_a_buffer(x):
    z = np.zeros(x.shape)
    z[0] = x[0]
    y = z + 0
    z[1] = 5 * x[1]
    return y * z + x


def of_a_product(x):
    y = 1 * (-x * 0.3)
    y[0] = x[1]
    return y * x


@pytest.mark.parametrize(
    "f",
    [plus_nothing, once, first_power, row_plus_nothing, plus_sign, of_a_buffer, of_a_product],
)
def test_a_sum_with_nothing_is_a_copy_when_it_is_written_to(f):
    source = agrees(f, array(3, 4)).source
    assert not any(line.endswith(" = x") for line in source.splitlines())


def test_a_sum_with_nothing_needs_no_line():
    def f(x):
        y = x + 0
        return np.sin(y) * y

    assert agrees(f, array(3)).lines == [
        "dt1 = dout * x",
        "dy1 = dout * t1",
        "dy2 = dt1 * np.cos(x)",
        "dy = dy1 + dy2",
    ]


def test_ones_and_zeros_from_a_mask_are_numbers():
    def f(x):
        mask = (x > 0) * 1
        return x * -mask + (x > 1) * 1.0 * x

    assert "mask = (x > 0) * 1" in agrees(f, array(3, 4)).source


# ── other labels, other options ─────────────────────────────────────────────────────────────
def by_counting(x, y):
    n = 0
    for label in y:
        n += label != 2
    return x.sum() / n


def by_filling(x, y):
    weights = y * 1.0
    weights[0] = 2.5
    return x[:, 0] * weights


def by_a_list(x, y):
    return x[:, 0] * np.array([label * 0.5 for label in y])


@pytest.mark.parametrize("f", [by_counting, by_filling, by_a_list])
def test_other_labels_are_not_taken_for_those_that_were_traced(f):
    x, y, other = array(3, 4), np.array([0, 2, 1]), np.array([2, 2, 1])
    backward = bp.derive(f, x, y)
    dout = array(*backward.graph.output.shape, seed=1)
    wanted = bp.numeric_gradient(f, x, other, dout=dout)
    np.testing.assert_allclose(backward(dout, x, other), wanted)
    y[:] = other  # the same array, with other contents
    np.testing.assert_allclose(backward(dout, x, y), wanted)


def test_a_count_of_labels_is_written_as_the_author_counts():
    def f(x, y):
        mask = y != 2
        n = mask.sum()
        return (x * mask).sum() / n

    x, y, other = array(4), np.array([0, 2, 1, 2]), np.array([2, 2, 2, 1])
    source = agrees(f, x, other, traced_with=(x, y)).source
    assert "n = (y != 2).sum()" in source


def test_constants_that_are_unpacked_are_written_apart():
    def f(x):
        T, D = x.shape[0], x.shape[1]
        angle = np.arange(T)[:, None] / 100 ** (np.arange(D) / D)
        c, s = np.cos(angle), np.sin(angle)
        return x * c + x[::-1] * s

    source = agrees(f, array(12, 12)).source
    assert "c = np.cos(np.arange(T)[:, None] / 100 ** (np.arange(D) / D))" in source


def test_a_dictionary_that_changes_later_is_not_taken_for_the_one_that_was_traced():
    def f(x, options):
        k = options["k"] + 1
        return k * x

    options = {"k": 2.0}
    backward = bp.derive(f, array(3), options)
    options["k"] = 5.0
    np.testing.assert_array_equal(backward(np.ones(3), array(3), options), np.full(3, 6.0))


def test_what_is_in_a_dictionary_is_read_from_it():
    def f(x, params):
        hidden = np.tanh(x @ params["first"]["W"] + params["first"]["b"])
        return params["scale"] * hidden

    x = array(2, 4)
    params = [
        {"first": {"W": array(4, 30, seed=s), "b": array(30, seed=s)}, "scale": s + 1.0}
        for s in range(2)
    ]
    backward = agrees(f, x, params[1], traced_with=(x, params[0]))
    assert backward.constants == {}
    assert 'W = params["first"]["W"]' in backward.source


def test_a_default_that_is_a_dictionary_or_a_list_is_made_anew():
    def f(x, options={"eps": 1e-3}, axes=[0]):  # noqa: B006
        eps = options["eps"]
        n = len(axes)
        return x / np.sqrt(x**2 + eps) / n

    x = array(3, 4)
    source = agrees(f, x).source
    assert "def f_backward(dout, x, options=None, axes=None):" in source
    assert 'options = {"eps": 0.001} if options is None else options' in source
    wanted = bp.numeric_gradient(f, x, {"eps": 0.5}, dout=np.ones((3, 4)))
    np.testing.assert_allclose(alone(bp.derive(f, x))(np.ones((3, 4)), x, {"eps": 0.5}), wanted)


def test_a_default_without_a_text_is_not_read():
    class Options:
        scale = 3.0

    def f(x, options=Options()):  # noqa: B008
        return options.scale * x

    agrees(f, array(3))


# ── lengths and places ──────────────────────────────────────────────────────────────────────
def test_a_mean_over_labels_is_divided_by_their_number():
    def loss(x, y):
        logp = x - np.log(np.sum(np.exp(x), axis=1))[:, None]
        return -logp[range(len(y)), y].mean() + logp[np.arange(len(x)), y][:, None].mean()

    x, y, other = array(3, 4), np.array([0, 2, 1]), np.array([2, 2, 1, 0, 0])
    source = agrees(loss, array(5, 6), other, traced_with=(x, y)).source
    assert "/ y.shape[0]" in source
    assert ".shape[0]" not in source.replace("y.shape[0]", "").replace("x.shape[0]", "")


def test_an_entry_picked_by_a_label_is_an_entry():
    def loss(x, y):
        picked = [np.log(np.exp(x[i, y[i]]) / np.exp(x[i]).sum()) for i in range(len(y))]
        return np.mean(picked) + x[y[0], None].sum() + x[y > 0].sum() + x[[True, False, True]].sum()

    agrees(loss, array(3, 4), np.array([0, 2, 1]))


def test_a_sum_over_words_names_their_number():
    def f(w, words):
        return w[words].mean(axis=(0, 1)) * w[:, words].sum()

    words, others = np.array([[0, 1], [1, 2]]), np.array([[0, 0, 1]])
    source = agrees(f, array(3, 3), others, traced_with=(array(3, 3), words)).source
    assert "(words.shape[0] * words.shape[1])" in source or "words.size" in source


def test_pieces_of_a_stack_are_cut_without_further_values():
    def f(a, b):
        return np.dstack((a, b)) * np.concatenate([a[:, None], b[:, None]], axis=1).sum()

    source = agrees_for_all(f, array(3, 4), array(3, 4, seed=1)).source
    assert "[:, :, 1:]" in source


def agrees_for_all(f, *args):
    backward = bp.derive(f, *args)
    dout = array(*backward.graph.output.shape, seed=5)
    wanted = bp.numeric_gradient(f, *args, dout=dout)
    for found in (alone(backward)(dout, *args), backward(dout, *args)):
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
    return backward


def test_what_is_not_padded_needs_no_slice():
    def f(x, pad=0):
        wide = np.pad(x, ((pad, pad), (pad, pad)))
        return wide.ravel() ** 2

    backward = agrees(f, array(3, 4))
    assert not any("[:]" in line or "((-1,))" in line for line in backward.lines)


def test_groups_are_put_back_by_their_lengths():
    def f(x, G=2):
        N, C, H = x.shape
        rows = x.reshape(N * G, C // G * H).T
        rows = rows - rows.mean(axis=0)
        return rows.T.reshape(N, C, H)

    source = agrees(f, array(2, 4, 3)).source
    assert "dout.reshape(N * G, C // G * H)" in source


def test_a_partial_function_is_called_by_its_own_name():
    from functools import partial

    def scaled(x, by=1.0):
        return x * by

    backward = bp.derive(partial(scaled, by=3.0), array(3))
    assert backward.source.startswith("def scaled_backward(dout, x, *, by=3.0):")
