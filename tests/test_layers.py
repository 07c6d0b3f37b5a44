"""Every layer: both backwards against the numeric gradient and the derived backward."""

import ast
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import backprop as bp

rng = np.random.default_rng(7)


def columns(n, d):
    return rng.normal(size=(n, d)), rng.normal(size=d), rng.normal(size=d)


def images(shape, filters):
    return rng.normal(size=shape), rng.normal(size=filters), rng.normal(size=filters[0])


def sequences(n, t, d, h, gates=1):
    """x, h0, Wx, Wh and b of a recurrent layer."""
    shapes = [(n, t, d), (n, h), (d, gates * h), (h, gates * h), (gates * h,)]
    return tuple(rng.normal(size=shape) for shape in shapes)


def queries(t, s, d, e, *lead):
    shapes = [(*lead, t, d), (*lead, s, d), (*lead, s, e)]
    return tuple(rng.normal(size=shape) for shape in shapes)


def heads(d, m, e):
    weights = [rng.normal(size=shape) for shape in [(d, m), (d, m), (d, m), (m, e)]]
    return rng.normal(size=(2, 4, d)), *weights, 2


def labelled(n, d, c):
    return rng.normal(size=(n, d)), rng.integers(0, c, n)


def hidden(d, h, c):
    return tuple(rng.normal(size=shape) for shape in [(d, h), h, (h, c), c])


def first(x, *rest):
    return x[:, 0], *rest


# layer: the arguments of its forward at several shapes, N = D, N = 1 and D = 1 among them
LAYERS = {
    "variance": [(rng.normal(size=shape),) for shape in [(5, 4), (4, 4), (1, 3), (3, 1)]],
    "relu": [(rng.normal(size=shape),) for shape in [(5, 4), (4,), (2, 3, 4)]],
    "affine": [
        (rng.normal(size=(5, 2, 2)), rng.normal(size=(4, 3)), rng.normal(size=3)),
        (rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=4)),
    ],
    "softmax_loss": [
        (rng.normal(size=(n, c)), rng.integers(0, c, n)) for n, c in [(5, 4), (4, 4), (1, 2)]
    ],
    "svm_loss": [
        (rng.normal(size=(n, c)), rng.integers(0, c, n)) for n, c in [(5, 4), (4, 4), (1, 2)]
    ],
    "dropout": [
        (rng.normal(size=(5, 4)), {"p": 0.6, "mode": "train", "seed": 3}),
        (rng.normal(size=(2, 3, 4)), {"p": 1, "seed": 3}),
        (rng.normal(size=(4, 4)), {"p": 0.6, "mode": "test"}),
    ],
    "batchnorm": [
        *(columns(n, d) for n, d in [(5, 4), (4, 4), (3, 1)]),
        (*columns(5, 4), {"mode": "train", "eps": 0.1}),
        (
            *columns(5, 4),
            {"mode": "test", "running_mean": rng.normal(size=4), "running_var": rng.random(4)},
        ),
    ],
    "conv": [
        (*images((2, 2, 4, 5), (3, 2, 3, 3)), {"stride": 2, "pad": 1}),  # the last row is left over
        (*images((2, 1, 3, 3), (1, 1, 3, 3)), {"stride": 1, "pad": 1}),
        (*images((1, 2, 3, 4), (2, 2, 2, 3)),),
    ],
    "max_pool": [
        (rng.normal(size=shape), {"pool_height": h, "pool_width": w, "stride": s})
        for shape, h, w, s in [
            ((2, 2, 5, 5), 3, 3, 2),
            ((1, 2, 4, 4), 2, 2, 2),
            ((2, 1, 3, 5), 2, 3, 1),
        ]
    ],
    "avg_pool": [
        (rng.normal(size=shape), {"pool_height": h, "pool_width": w, "stride": s})
        for shape, h, w, s in [
            ((2, 2, 5, 5), 3, 3, 2),
            ((1, 2, 4, 4), 2, 2, 2),
            ((2, 1, 3, 5), 2, 3, 1),
        ]
    ],
    "layernorm": [
        *(columns(n, d) for n, d in [(5, 4), (4, 4), (1, 3)]),
        (*columns(5, 4), {"eps": 0.1}),
    ],
    "spatial_batchnorm": [
        (rng.normal(size=shape), rng.normal(size=shape[1]), rng.normal(size=shape[1]))
        for shape in [(2, 4, 3, 2), (3, 3, 3, 3)]
    ],
    "spatial_groupnorm": [
        (rng.normal(size=shape), *rng.normal(size=(2, 1, shape[1], 1, 1)), groups)
        for shape, groups in [((2, 4, 3, 2), 2), ((3, 3, 3, 3), 3), ((4, 2, 1, 3), 1)]
    ],
    "word_embedding": [
        (rng.integers(0, 4, (2, 5)), rng.normal(size=(4, 3))),  # more words than the table has
        (np.array([0, 2, 0]), rng.normal(size=(3, 3))),
    ],
    "attention": [
        queries(4, 5, 3, 2),
        (*queries(3, 3, 3, 3), np.tri(3, dtype=bool)),
        (*queries(3, 4, 2, 3, 2, 2), np.tri(3, 4, dtype=bool)),
        queries(2, 1, 3, 2),
    ],
    "multihead_attention": [heads(6, 4, 3), (*heads(4, 4, 4), np.tri(4, dtype=bool))],
    "two_layer_net": [
        (*labelled(5, 2, 3), *hidden(2, 4, 3), 0.1),
        (*labelled(3, 3, 3), *hidden(3, 3, 3)),
    ],
    "rnn_step": [first(*sequences(2, 1, 4, 3)), first(*sequences(3, 1, 3, 3))],
    "rnn": [sequences(2, 3, 4, 5), sequences(3, 3, 3, 3), sequences(1, 1, 2, 1)],
    "lstm": [sequences(2, 3, 4, 5, 4), sequences(3, 3, 3, 3, 4)],
}
# layer: the post that shows its lines
POSTS = {
    "affine": "affine",
    "relu": "relu",
    "softmax_loss": "softmax",
    "svm_loss": "svm",
    "dropout": "dropout",
    "conv": "convolution",
    "max_pool": "pooling",
    "word_embedding": "embedding",
    "layernorm": "layernorm",
    "spatial_batchnorm": "layernorm",
    "spatial_groupnorm": "layernorm",
    "rnn_step": "rnn",
    "rnn": "rnn",
    "lstm_step": "lstm",
    "attention": "attention",
    "multihead_attention": "attention",
    "two_layer_net": "two-layer-net",
}
CASES = [(name, args) for name, cases in LAYERS.items() for args in cases]
STYLES = ["backward", "backward_on_paper"]
# many steps, no closed form of their own
STAGED_ONLY = {
    "spatial_batchnorm",
    "spatial_groupnorm",
    "rnn",
    "lstm",
    "multihead_attention",
    "max_pool",
    "avg_pool",
}
WAYS = [(name, style) for name in LAYERS for style in STYLES[: 1 if name in STAGED_ONLY else 2]]
TRIED = [(name, args, style) for name, style in WAYS for args in LAYERS[name]]


def layer(name, style):
    return getattr(bp.layers, f"{name}_{style}")


def as_tuple(gradients):
    return gradients if isinstance(gradients, tuple) else (gradients,)


@pytest.mark.parametrize(("name", "args", "style"), TRIED)
def test_backward_is_the_numeric_gradient_in_shape_and_value(name, args, style):
    forward = layer(name, "forward")
    out, cache = forward(*args)
    dout = rng.normal(size=np.shape(out))
    got = as_tuple(layer(name, style)(dout, cache))
    want = as_tuple(bp.numeric_gradient(forward, *args, dout=dout))
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        assert g.shape == w.shape
        np.testing.assert_allclose(g, w, rtol=1e-9, atol=1e-9 * np.abs(w).max(initial=1e-3))


@pytest.mark.parametrize(("name", "args"), CASES)
def test_derived_backward_agrees_with_the_handwritten_one(name, args):
    forward = layer(name, "forward")
    out, cache = forward(*args)
    dout = rng.normal(size=np.shape(out))
    derived = as_tuple(bp.derive(forward, *args)(dout, *args))
    handwritten = as_tuple(layer(name, "backward")(dout, cache))
    for d, h in zip(derived, handwritten, strict=True):
        np.testing.assert_allclose(d, h, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "style"), WAYS)
def test_the_checker_finds_it_right(name, style):
    report = bp.check(layer(name, "forward"), layer(name, style), *LAYERS[name][0])
    assert report.ok, report.message


@pytest.mark.parametrize(("name", "args", "style"), TRIED)
def test_backward_writes_to_nothing_it_is_given(name, args, style):
    out, cache = layer(name, "forward")(*args)
    dout = rng.normal(size=np.shape(out))
    given = [dout, *(value for value in cache if isinstance(value, np.ndarray))]
    before = [value.copy() for value in given]
    layer(name, style)(dout, cache)
    for value, copy in zip(given, before, strict=True):
        np.testing.assert_array_equal(value, copy)


@pytest.mark.parametrize(("name", "style"), WAYS)
def test_float32_stays_float32(name, style):
    args = [
        a.astype(np.float32) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a
        for a in LAYERS[name][0]
    ]
    out, cache = layer(name, "forward")(*args)
    assert out.dtype == np.float32
    for gradient in as_tuple(layer(name, style)(np.ones_like(out), cache)):
        assert gradient.dtype == np.float32


def test_every_layer_has_its_functions():
    ways = [*WAYS, *((name, "forward") for name in LAYERS)]
    names = {f"{name}_{style}" for name, style in ways}
    names |= {"lstm_step_forward", "lstm_step_backward"}
    assert set(bp.layers.__all__) == names
    for name in names:
        assert inspect.getdoc(getattr(bp.layers, name))


@pytest.mark.parametrize(("name", "post"), POSTS.items())
def test_the_post_has_the_lines_of_its_layer(name, post):
    """All that computes; how the cache is packed and parameters are read is the layer's own."""
    root = Path(__file__).parents[1]
    text = (root / f"docs/en/posts/{post}.md").read_text("utf-8")
    fences = re.findall(r"^```(?:python|\{\.python[^\n]*\})\n(.*?)^```", text, re.S | re.M)
    shown = {line.replace("bp.layers.", "") for fence in fences for line in assignments(fence)}
    for style in ("forward", "backward"):
        for line in assignments(inspect.getsource(layer(name, style))):
            if not re.search(r"\bcache\b|_param\b|(step|attention)_forward\(", line):
                assert line in shown


def assignments(source):
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Assign, ast.AugAssign))
    ]


def test_an_lstm_step_has_two_outputs_and_two_upstream_gradients():
    for n, d, h in [(2, 4, 3), (3, 3, 3)]:
        x, h0, *weights = first(*sequences(n, 1, d, h, 4))
        args = (x, h0, rng.normal(size=(n, h)), *weights)
        forward, backward = bp.layers.lstm_step_forward, bp.layers.lstm_step_backward
        _, _, cache = forward(*args)
        dout = rng.normal(size=(n, h)), rng.normal(size=(n, h))
        before = [value.copy() for value in (*dout, *cache)]
        got = backward(*dout, cache)
        for value, copy in zip((*dout, *cache), before, strict=True):
            np.testing.assert_array_equal(value, copy)
        for truth in (
            bp.numeric_gradient(forward, *args, dout=dout),
            bp.derive(forward, *args)(dout, *args),
        ):
            for g, w in zip(got, truth, strict=True):
                assert g.shape == w.shape
                np.testing.assert_allclose(g, w, rtol=1e-9, atol=1e-12)
        assert bp.check(forward, backward, *args).ok


@pytest.mark.parametrize("name", ["rnn", "lstm"])
def test_a_recurrent_layer_is_its_step_again_and_again(name):
    x, h0, *weights = sequences(2, 4, 3, 5, 4 if name == "lstm" else 1)
    h, _ = layer(name, "forward")(x, h0, *weights)
    state = (h0, np.zeros_like(h0)) if name == "lstm" else (h0,)
    for t in range(4):
        *state, _ = layer(f"{name}_step", "forward")(x[:, t], *state, *weights)
        np.testing.assert_array_equal(h[:, t], state[0])
    assert layer(name, "forward")(x[:, :0], h0, *weights)[0].shape == (2, 0, 5)


def test_a_mask_hides_and_may_not_hide_all():
    q, k, v = queries(3, 3, 2, 4)
    mask = np.tri(3, dtype=bool)
    out, cache = bp.layers.attention_forward(q, k, v, mask)
    np.testing.assert_allclose(out[0], v[0])
    only_first = np.eye(3, 4) * [[1], [0], [0]]
    _, dk, dv = bp.layers.attention_backward(only_first, cache)
    assert not dk[1:].any()
    assert not dv[1:].any()
    with pytest.raises(ValueError, match="a query look at no key"):
        bp.layers.attention_forward(q, k, v, np.tri(3, k=-1, dtype=bool))


def test_heads_are_attention_side_by_side():
    x, Wq, Wk, Wv, Wo, _ = heads(6, 4, 4)
    out, _ = bp.layers.multihead_attention_forward(x, Wq, Wk, Wv, np.eye(4), 2)
    for part in (slice(0, 2), slice(2, 4)):
        alone, _ = bp.layers.attention_forward(x @ Wq[:, part], x @ Wk[:, part], x @ Wv[:, part])
        np.testing.assert_allclose(out[..., part], alone)
    with pytest.raises(ValueError, match="4 columns cannot be divided among 3 heads"):
        bp.layers.multihead_attention_forward(x, Wq, Wk, Wv, Wo, 3)


def test_the_gates_of_an_lstm_do_not_overflow():
    x, h0, Wx, Wh, b = sequences(2, 2, 3, 5, 4)
    with np.errstate(all="raise", under="ignore"):
        h, cache = bp.layers.lstm_forward(x, h0, Wx * 1e4, Wh, b)
        assert np.isfinite(bp.layers.lstm_backward(np.ones_like(h), cache)[0]).all()


def test_variance_is_numpys():
    x = rng.normal(size=(6, 3))
    np.testing.assert_allclose(bp.layers.variance_forward(x)[0], np.var(x, axis=0))


def test_softmax_loss_does_not_overflow():
    x, y = np.array([[1000.0, 0.0], [0.0, -1000.0]]), np.array([0, 0])
    loss, _ = bp.layers.softmax_loss_forward(x, y)
    assert loss == pytest.approx(0)


def test_svm_loss_counts_what_each_wrong_class_lacks_to_its_margin():
    x, y = np.array([[3.0, 2.5, -1.0], [0.0, 1.0, 2.0]]), np.array([0, 1])
    loss, cache = bp.layers.svm_loss_forward(x, y)
    assert loss == pytest.approx((0.5 + 0 + 0 + 2) / 2)  # 1 at the very margin costs nothing
    dx = bp.layers.svm_loss_backward(1.0, cache)
    np.testing.assert_allclose(dx, np.array([[-1, 1, 0], [0, -1, 1]]) / 2)


def test_dropout_keeps_a_share_p_and_the_mean():
    x = np.ones((400, 500))
    out, _ = bp.layers.dropout_forward(x, {"p": 0.25, "seed": 0})
    assert set(np.unique(out)) == {0, 4}
    assert np.mean(out > 0) == pytest.approx(0.25, abs=0.01)
    again, _ = bp.layers.dropout_forward(x, {"p": 0.25, "seed": 0})
    np.testing.assert_array_equal(out, again)
    assert np.any(out != bp.layers.dropout_forward(x, {"p": 0.25})[0])


@pytest.mark.parametrize(
    ("parameters", "words"),
    [({"p": 0.5, "mode": "training"}, "'training'; it can be"), ({"p": 0}, "is 0; it is a prob")],
)
def test_dropout_refuses_what_it_does_not_know(parameters, words):
    with pytest.raises(ValueError, match=words):
        bp.layers.dropout_forward(np.ones((2, 3)), parameters)


def test_batchnorm_keeps_running_averages_as_cs231n_does():
    x, gamma, beta = columns(50, 3)
    bn_param = {"mode": "train", "momentum": 0.8}
    bp.layers.batchnorm_forward(x, gamma, beta, bn_param)
    np.testing.assert_allclose(bn_param["running_mean"], 0.2 * x.mean(axis=0))
    np.testing.assert_allclose(bn_param["running_var"], 0.2 * x.var(axis=0))
    bn_param["mode"] = "test"
    out, _ = bp.layers.batchnorm_forward(x, gamma, beta, bn_param)
    xhat = (x - 0.2 * x.mean(axis=0)) / np.sqrt(0.2 * x.var(axis=0) + 1e-5)
    np.testing.assert_allclose(out, gamma * xhat + beta)


def test_groups_are_of_equal_size():
    x, gamma = rng.normal(size=(2, 4, 3, 3)), rng.normal(size=(1, 4, 1, 1))
    with pytest.raises(ValueError, match="4 channels cannot be divided into 3 groups"):
        bp.layers.spatial_groupnorm_forward(x, gamma, gamma, 3)


def test_batchnorm_refuses_an_unknown_mode():
    with pytest.raises(ValueError, match=r"'training'; it can be"):
        bp.layers.batchnorm_forward(*columns(3, 2), {"mode": "training"})
