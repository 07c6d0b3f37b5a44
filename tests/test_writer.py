"""The lines that are written: as a person would, and right when they run."""

import math
import subprocess
import sys

import numpy as np
import pytest

import backprop as bp
from tests.corpus.forwards import CASES


def array(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def check(f, *args, dout=None):
    """Derive, run in every way, compare with replay; returns the Backward."""
    backward = bp.derive(f, *args)
    graph = backward.graph
    if dout is None:
        dout = tuple(array(*node.shape, seed=9) for node in graph.outputs)
        dout = dout if graph.several else dout[0]
    wanted = bp.numeric_gradient(f, *args, dout=dout)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    scope = {"np": np}
    exec(backward.source, scope)
    (function,) = [value for name, value in scope.items() if name.endswith("backward")]
    for found in (function(dout, *args), backward(dout, *args)):
        found = found if isinstance(found, tuple) else (found,)
        for one, other in zip(found, wanted, strict=True):
            assert np.shape(one) == other.shape
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
    return backward


def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=0)
    return var


def test_the_golden_example_to_the_letter():
    backward = check(variance, array(4, 3))
    assert backward.lines == [
        "dsquare = dvar / x.shape[0]",
        "ddiff = 2 * diff * dsquare",
        "dmean = -np.sum(ddiff, axis=0)",
        "dx1 = ddiff",
        "dx2 = dmean / x.shape[0]",
        "dx = dx1 + dx2",
    ]
    assert backward.source == (
        "def variance_backward(dvar, x):\n"
        "    mean = np.mean(x, axis=0)\n"
        "    diff = x - mean\n"
        "    dsquare = dvar / x.shape[0]\n"
        "    ddiff = 2 * diff * dsquare\n"
        "    dmean = -np.sum(ddiff, axis=0)\n"
        "    dx1 = ddiff\n"
        "    dx2 = dmean / x.shape[0]\n"
        "    dx = dx1 + dx2\n"
        "    return dx\n"
    )


def test_steps_tell_where_a_line_comes_from():
    steps = bp.derive(variance, array(4, 3)).steps
    assert [
        (s.gradient, s.node.name, s.user and s.user.name, s.operand, s.shape) for s in steps
    ] == [
        ("dsquare", "square", "var", "x", (3,)),
        ("ddiff", "diff", "square", "x", (4, 3)),
        ("dmean", "mean", "diff", "y", (3,)),
        ("dx1", "x", "diff", "x", (4, 3)),
        ("dx2", "x", "mean", "x", (3,)),
        ("dx", "x", None, "", (4, 3)),
    ]
    assert steps[2].why[0] == ((0,), (4, 3), (3,))
    assert steps[1].rule.op == "square"
    assert bp.derive(variance, array(4, 3)).wires == {
        ("square", "var", "x"): "dsquare",
        ("diff", "square", "x"): "ddiff",
        ("mean", "diff", "y"): "dmean",
        ("x", "diff", "x"): "dx1",
        ("x", "mean", "x"): "dx2",
    }


@pytest.mark.parametrize("shape", [(3, 3), (1, 3), (3, 1), (1, 1)])
def test_equal_lengths_and_lengths_of_one_confuse_nothing(shape):
    check(variance, array(*shape))

    def layernorm(x, gamma, beta):
        mu = x.mean(axis=1, keepdims=True)
        xc = x - mu
        std = np.sqrt((xc**2).mean(axis=1, keepdims=True) + 1e-5)
        return xc / std * gamma + beta

    backward = check(layernorm, array(*shape), array(shape[1]), array(shape[1]))
    assert all("x.shape[0]" not in line for line in backward.lines)


def test_a_lazy_gradient_is_multiplied_by_the_length_it_does_not_have():
    def f(x, b):
        total = x + b
        return np.mean(total, axis=0)

    backward = check(f, array(4, 3), array(3))
    assert "db = x.shape[0] * dtotal" in backward.lines
    check(f, array(3, 3), array(3))
    check(f, array(3, 3), array(3, 1))
    check(f, array(3, 3), np.array(0.5))


def test_a_lazy_gradient_is_completed_where_a_product_needs_it():
    def f(x, w):
        h = x @ w
        return h.sum()

    backward = check(f, array(4, 3), array(3, 2))
    assert backward.lines == [
        "dh = np.broadcast_to(dout, (x.shape[0], w.shape[1]))",
        "dx = dh @ w.T",
        "dw = x.T @ dh",
    ]


def test_results_have_their_arguments_shape_and_may_be_written_to():
    def f(x):
        return x.sum(axis=0)

    x = array(4, 3)
    backward = check(f, x)
    result = backward(np.ones(3), x)
    result += 1

    def same(x):
        return x

    dout = np.ones((4, 3))
    result = bp.derive(same, x)(dout, x)
    result += 1
    assert dout.max() == 1


def test_an_argument_that_is_not_used_gets_zeros():
    def f(x, w):
        return x * 2

    backward = check(f, array(3), array(2, 2))
    assert backward.lines == ["dx = dout * 2", "dw = np.zeros_like(w)"]


def test_no_line_only_copies():
    def f(x, w, b):
        h = x @ w + b
        return np.maximum(0, h)

    backward = check(f, array(2, 3), array(3, 4), array(4))
    assert backward.lines == [
        "dh = dout * (h > 0)",
        "db = np.sum(dh, axis=0)",
        "dx = dh @ w.T",
        "dw = x.T @ dh",
    ]


def test_no_clumsy_arithmetic():
    def f(x):
        a = 1 * x**1
        b = -(-a)  # noqa: B002
        c = b - (-x)
        d = c**3
        return -1.0 * d / 1

    for line in check(f, array(3)).lines:
        assert "* 1" not in line.replace("* 1.0", "")
        assert "-" + "-" not in line
        assert "- -" not in line
        assert "** 1" not in line


def test_a_taken_name_gets_an_underscore():
    def f(x, x1, dx2):
        return x * x1 + x * dx2

    backward = check(f, array(3), array(3), array(3))
    assert "dx_1" in "\n".join(backward.lines)
    names = [step.gradient for step in backward.steps]
    assert not {"x", "x1", "dx2", "np"} & set(names)

    def g(dout):
        return dout * 2

    check(g, array(3))


def test_the_first_parameter_is_called_after_the_output():
    def loss(x):
        loss = np.sum(x**2)
        return loss

    def filled(x):
        out = np.zeros(3)
        for i in range(3):
            out[i] = x[i] ** 2
        return out

    assert check(loss, array(3)).source.startswith("def loss_backward(dloss, x):")
    backward = check(filled, array(3))
    assert backward.source.startswith("def filled_backward(dout, x):")
    assert check(lambda x: x * 2, array(3)).source.startswith("def f_backward(dout, x):")


def test_several_results_take_a_tuple():
    def step(x, h):
        c = np.tanh(x + h)
        out = c * x
        return out, c

    backward = check(step, array(3), array(3))
    assert "dout, dc1 = " in backward.source
    assert backward.lines[0].startswith("dc2 = ")


def test_signature_and_defaults_are_kept_and_options_count():
    def f(x, scale=2.0, *, power=3):
        return scale * x**power

    x = array(3)
    backward = check(f, x)
    assert "def f_backward(dout, x, scale=2.0, *, power=3):" in backward.source
    np.testing.assert_allclose(bp.derive(f, x, 5.0)(np.ones(3), x, 5.0), 5 * 3 * x**2, rtol=1e-12)
    np.testing.assert_allclose(backward(np.ones(3), x, 5.0), 5 * 3 * x**2, rtol=1e-12)


def test_it_runs_on_other_values_and_other_shapes():
    backward = bp.derive(variance, array(4, 3))
    for shape in ((4, 3), (7, 2), (3, 3)):
        x, dout = array(*shape, seed=2), array(shape[1], seed=3)
        np.testing.assert_allclose(
            backward(dout, x), bp.numeric_gradient(variance, x, dout=dout), atol=1e-12
        )
    with pytest.raises(ValueError, match="dout has shape"):
        backward(np.ones(4), array(4, 3))


def test_long_loops_are_run_but_not_written():
    def f(x):
        out = x
        for _ in range(3000):
            out = out * 1.0001
        return out

    x = array(2)
    backward = bp.derive(f, x)
    with pytest.raises(bp.TraceError, match=r"f: line \d+ runs 3000 times.*3000 backward lines"):
        _ = backward.lines
    with pytest.raises(bp.TraceError, match=r"graph\.backward works at any size"):
        _ = backward.source
    np.testing.assert_allclose(backward.graph.backward(np.ones(2))["x"], 1.0001**3000 * np.ones(2))
    np.testing.assert_allclose(backward(np.ones(2), x), 1.0001**3000 * np.ones(2))


def test_buffers_are_filled_in_place_again():
    def f(x, w):
        h = np.zeros((3, 2))
        for t in range(3):
            before = h[t - 1] if t else w
            h[t] = np.tanh(x[t] * before)
        return np.sum(h**2)

    backward = check(f, array(3, 2), array(2))
    assert backward.source.count("np.zeros((3, 2))") == 1
    assert ".copy()" not in backward.source.split("dout")[0]


def test_a_gradient_that_was_overwritten_is_cut_off():
    def f(x):
        y = x * 2
        z = y.copy()
        z[1] = x[0]
        return z * y

    check(f, array(3))

    def g(x):
        x = x * 1.5
        x[x > 0] = 0
        x[0] = x[1] * 3
        x[0] = x[2]
        return x

    check(g, array(4))


SHOWN = {
    "batchnorm": "batchnorm_graph_style",
    "layernorm": "layernorm_by_transpose",
    "softmax": "softmax_loss",
    "affine_relu": "affine_relu_forward",
    "attention": "attention",
    "lstm": "lstm_step_forward",
}


@pytest.mark.parametrize("name", SHOWN)
def test_what_teachers_show_is_right_to_1e9(name):
    f, args = CASES[SHOWN[name]]
    check(f, *args)


@pytest.mark.parametrize("name", ["conv_padded_by_hand", *SHOWN.values(), "two_layer_net"])
def test_the_source_passes_ruff(name):
    pytest.importorskip("ruff")
    f, args = CASES[name]
    source = "import numpy as np\n\n\n" + bp.derive(f, *args).source
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "-"],
            input=source,
            text=True,
            capture_output=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("subscripts", "line"),
    [
        ("ij->i", "dx = np.ones_like(x) * dout[:, None]"),
        ("ij->j", "dx = np.ones_like(x) * dout"),
        ("ij->ji", "dx = dout.T"),
        ("ii->", "dx = dout * np.eye(x.shape[1])"),
        ("ij,ij->", "dx = dout * y"),
        ("ij,ij->j", "dx = dout * y"),
        ("ij,ik->jk", 'dx = np.einsum("jk,ik->ij", dout, y)'),
    ],
)
def test_the_backward_of_einsum_is_no_einsum_where_broadcasting_says_it(subscripts, line):
    operands = "x, y" if "," in subscripts else "x"
    f = eval(f"lambda {operands}: np.einsum({subscripts!r}, {operands})", {"np": np})
    args = [array(3, 3, seed=i) for i in range(len(operands.split(", ")))]
    assert check(f, *args).lines[0] == line


def long_names(input_activations_of_the_previous_layer, gain_of_each_unit_of_this_layer):
    normalised_activations_of_the_previous_layer = (
        input_activations_of_the_previous_layer
        / np.sqrt(np.sum(input_activations_of_the_previous_layer**2, axis=1, keepdims=True) + 1e-8)
    )
    inside = np.clip(
        normalised_activations_of_the_previous_layer * gain_of_each_unit_of_this_layer,
        -np.abs(gain_of_each_unit_of_this_layer),
        np.abs(gain_of_each_unit_of_this_layer),
    )
    return inside - np.mean(normalised_activations_of_the_previous_layer, axis=0)


def methods_in_a_row(x):
    return x.sum(0).reshape(1, -1).repeat(3, 0).swapaxes(0, 1).squeeze().clip(-1, 1).flatten()[:5]


@pytest.mark.parametrize(
    ("f", "shapes"), [(long_names, [(3, 4), (4,)]), (methods_in_a_row, [(3, 4)])]
)
def test_long_expressions_are_broken_as_a_formatter_would(f, shapes):
    pytest.importorskip("ruff")
    args = [array(*shape, seed=i) for i, shape in enumerate(shapes)]
    source = "import numpy as np\n\n\n" + check(f, *args).source
    assert max(map(len, source.splitlines())) <= 88
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--diff", "--isolated", "-"],
        input=source,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout


# ── options: whole numbers that f was given ─────────────────────────────────────────────────
def groups(x, gamma, G=2, eps=1e-5):
    N, C, H, W = x.shape
    x = x.reshape(N * G, C // G * H * W)
    mu = x.mean(1, keepdims=True)
    v = ((x - mu) ** 2).mean(1, keepdims=True)
    x = ((x - mu) / np.sqrt(v + eps)).reshape(N, C, H, W)
    return x * gamma


def padded(x, pad):
    wide = np.pad(x, ((pad, pad), (pad, pad)))
    return wide[pad:-pad] ** 2 * wide.sum()


def heads(q, k, h):
    N, S, E = q.shape
    Q, K = (t.reshape(N, S, h, E // h).transpose(0, 2, 1, 3) for t in (q, k))
    return Q @ K.swapaxes(-1, -2) / math.sqrt(E // h)


def pooled(x, k=2):
    N, C, H, W = x.shape
    return x.reshape(N, C, H // k, k, W // k, k).mean(axis=(3, 5))


def gates(x, w):
    i, f, o, g = np.split(x @ w, 4, axis=1)
    return i * f + o * np.tanh(g)


def powers(x, n=3):
    return np.abs(x) ** n / n


@pytest.mark.parametrize(
    ("f", "given", "other"),
    [
        (groups, [array(2, 4, 3, 3), array(1, 4, 1, 1), 2], 4),
        (padded, [array(3, 4), 1], 2),
        (heads, [array(2, 3, 4), array(2, 3, 4), 2], 4),
        (pooled, [array(1, 2, 4, 4)], 4),
        (powers, [array(3, 4)], 2),
        (gates, [array(3, 2), array(2, 8)], None),
    ],
)
def test_the_source_holds_for_other_options_and_sizes(f, given, other):
    source = bp.derive(f, *given).source
    scope = {"np": np}
    exec(source, scope)
    arrays = [arg for arg in given if isinstance(arg, np.ndarray)]
    args = [*arrays, other] if other is not None else [array(3, 2), array(2, 12)]
    dout = array(*f(*args).shape, seed=5)
    results = scope[f"{f.__name__}_backward"](dout, *args)
    wanted = bp.numeric_gradient(f, *args, dout=dout)
    if isinstance(wanted, np.ndarray):
        results, wanted = (results,), (wanted,)
    for result, gradient in zip(results, wanted, strict=True):
        np.testing.assert_allclose(result, gradient, rtol=1e-9, atol=1e-10)


def test_options_are_called_as_the_author_calls_them():
    assert (
        "x_2 = x.reshape(N * G, C // G * H * W)"
        in bp.derive(groups, array(2, 4, 3, 3), array(1, 4, 1, 1)).source
    )
    assert "dx = dwide[pad:-pad, pad:-pad]" in bp.derive(padded, array(3, 4), 1).lines
    assert "/ np.sqrt(E // h)" in bp.derive(heads, *[array(2, 3, 4)] * 2, 2).source
    assert bp.derive(powers, array(3, 4)).lines[0] == "dt2 = dout / n"


def test_loops_over_a_stride_are_unrolled_to_numbers():
    def pool(x, k=2, *, stride=2):
        out = np.zeros(3)
        for i in range(3):
            out[i] = x[i * stride : i * stride + k].max()
        return out

    source = bp.derive(pool, array(6)).source
    assert "x[0:2]" in source
    assert "x[4:6]" in source


def test_a_name_that_means_something_else_is_not_taken_for_the_option():
    def again(x, n):
        y = x.reshape(n, -1)
        n = np.exp(y)
        return n.reshape(len(x), -1) * 2

    def recursive(x, n):
        return np.tanh(recursive(x, n - 1)) + n if n else x

    for f in (again, recursive):
        x = array(4, 6)
        scope = {"np": np}
        exec(bp.derive(f, x, 2).source, scope)
        dout = array(4, 6, seed=1)
        result = scope[f"{f.__name__}_backward"](dout, x, 2)
        np.testing.assert_allclose(result, bp.numeric_gradient(f, x, 2, dout=dout), atol=1e-12)


def test_an_option_that_is_an_axis_is_part_of_the_operation():
    def centred(x, axis=0):
        return x - x.mean(axis=axis, keepdims=True)

    assert "axis=0" in bp.derive(centred, array(3, 4)).lines[0]


def test_running_averages_come_from_the_dictionary():
    def test_time(x, bn_param):
        running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
        if bn_param["mode"] == "train":
            running_mean = 0.9 * running_mean + 0.1 * x.mean(0)
        return (x - running_mean) ** 2

    bn_param = {"mode": "test", "running_mean": array(3, seed=2)}
    source = bp.derive(test_time, array(4, 3), bn_param).source
    assert 'running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))' in source


@pytest.mark.parametrize("shape", [(4,), (1, 4), ()])
def test_a_gradient_that_is_still_lazy_gets_the_shape_of_its_array(shape):
    """A mean that keeps its axis sends back (1, 4), which stands for (5, 4)."""

    def f(a, x):
        mean = np.mean(a + x, axis=0, keepdims=True)
        return mean + a * x

    rng = np.random.default_rng(0)
    a, x = rng.normal(size=(5, 4)), rng.normal(size=shape)
    dout = rng.normal(size=(5, 4))
    da, dx = bp.derive(f, a, x)(dout, a, x)
    assert (da.shape, dx.shape) == (a.shape, x.shape)
    wanted = bp.numeric_gradient(f, a, x, dout=dout)
    np.testing.assert_allclose(dx, wanted[1], atol=1e-7)
