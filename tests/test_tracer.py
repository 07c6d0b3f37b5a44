"""What a trace writes down: nodes, names, lines, branches; and what it refuses."""

import functools
import gc
import importlib
import math
import tracemalloc
import weakref

import numpy as np
import pytest

import backprop as bp
from backprop.truth.replay import replay


def array(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# ── names ───────────────────────────────────────────────────────────────────────────────────
def every_way_to_name(x):
    a = b = x * 2
    c, d = a + 1, b - 1
    d *= c
    box = Box()
    box.field = d / 3
    rest = {}
    rest["item"] = box.field + x
    if (walrus := rest["item"] ** 2).sum() > 0:
        walrus = walrus - 1
    e: np.ndarray = np.exp(walrus)
    return np.sum(e)


class Box:
    pass


def test_names_are_the_authors():
    graph = bp.trace(every_way_to_name, array(3))
    ops = {node.name: node.op for node in graph.nodes}
    assert ops["a"] == "multiply"
    assert graph["b"] is graph["a"]
    assert ops["c"] == "add"
    assert ops["d"] == "subtract"
    assert ops["d_2"] == "multiply"
    assert ops["field"] == "divide"
    assert ops["item"] == "add"
    assert ops["walrus"] == "square"
    assert ops["walrus_2"] == "subtract"
    assert ops["e"] == "exp"
    assert graph.output.name.startswith("t")


def test_only_the_outermost_operation_gets_the_name():
    def f(x, w):
        out = np.tanh(x @ w + 1)
        return out

    graph = bp.trace(f, array(2, 3), array(3, 2))
    assert [(n.name, n.op) for n in graph.nodes] == [
        ("x", "input"),
        ("w", "input"),
        ("t1", "matmul"),
        ("t2", "add"),
        ("out", "tanh"),
    ]


def test_versions_do_not_take_a_name_that_the_author_uses():
    def f(x):
        x = x * 2
        x_2 = x + 1
        t1 = x_2 * x
        return t1 - (x + x_2)

    graph = bp.trace(f, array(3))
    names = [node.name for node in graph.nodes]
    assert names == ["x", "x_3", "x_2", "t1", "t2", "t3"]
    assert graph["x"].op == "input"
    assert len(set(names)) == len(names)


def test_a_loop_gives_versions_and_every_node_its_line():
    def f(x):
        total = x
        for _ in range(3):
            total = total * x
        return total

    graph = bp.trace(f, array(3))
    assert [node.name for node in graph.nodes] == ["x", "total", "total_2", "total_3"]
    start = f.__code__.co_firstlineno
    assert {node.line - start for node in graph.nodes if node.line} == {3}


def helper(v):
    inner = v * 2
    return inner + 1


def test_what_a_helper_returns_is_called_as_the_caller_calls_it():
    def f(x):
        first = helper(x)
        return helper(first) * 2

    graph = bp.trace(f, array(3))
    assert graph["first"].op == "add"
    assert graph["inner"].op == "multiply"
    assert graph["inner_2"].op == "multiply"


def test_named_numbers_are_constants_and_literals_are_not():
    def f(x, eps=1e-5):
        half = 0.5
        return (x + eps) * half * 3

    graph = bp.trace(f, array(3))
    assert graph["eps"].op == "constant"
    assert graph["eps"].value == 1e-5
    assert graph["half"].value == 0.5
    assert graph.output.arguments["y"] == 3


def test_without_source_names_are_invented_and_all_else_works():
    scope = {"np": np}
    exec(
        "def f(x):\n    y = np.exp(x)\n    out = np.zeros(2)\n    out[0] = y[1]\n    return out",
        scope,
    )
    x = array(2)
    backward = bp.derive(scope["f"], x)
    assert backward.lines
    np.testing.assert_allclose(backward(np.ones(2), x), [0, np.exp(x[1])])


def test_float32_stays_float32():
    def f(x, w):
        eps = 1e-5
        return np.mean((x @ w + eps) ** 2, axis=0) / x.shape[0]

    x, w = array(4, 3).astype(np.float32), array(3, 2).astype(np.float32)
    graph = bp.trace(f, x, w)
    assert graph.output.value.dtype == np.float32
    dout = np.ones(2, dtype=np.float32)
    grads = graph.backward(dout)
    assert grads["x"].dtype == np.float32
    assert bp.derive(f, x, w)(dout, x, w)[0].dtype == np.float32


def test_two_traces_are_identical():
    def f(x, w):
        h = np.tanh(x @ w)
        return h.sum(axis=0) * h.max()

    args = array(4, 3), array(3, 2)
    first, second = bp.trace(f, *args), bp.trace(f, *args)
    assert [(n.name, n.op, n.line) for n in first.nodes] == [
        (n.name, n.op, n.line) for n in second.nodes
    ]
    assert first.derive().source == second.derive().source


# ── arrays in place ─────────────────────────────────────────────────────────────────────────
def test_views_write_through_and_copies_do_not():
    def f(x):
        grid = x.reshape(2, 3)
        column = grid.T[1]
        column[...] = 0
        other = grid.copy()
        other[0, 0] = 100
        flat = x[1:]
        flat += 1
        return grid * 1.5

    x = array(6)
    wanted = f(x.copy())
    graph = bp.trace(f, x)
    np.testing.assert_array_equal(graph.output.value, wanted)
    np.testing.assert_array_equal(x, array(6))
    grads = graph.backward(np.ones((2, 3)))
    np.testing.assert_array_equal(grads["x"], [1.5, 0, 1.5, 1.5, 0, 1.5])


def test_scalars_are_bound_anew_not_changed():
    def f(x):
        total = x.sum()
        before = total
        total += 1
        total *= before
        return total

    x = array(3)
    np.testing.assert_array_equal(bp.trace(f, x).output.value, f(x))


def test_an_old_version_of_a_buffer_keeps_its_value():
    def f(x):
        out = np.zeros(3)
        for i in range(3):
            out[i] = x[i] * 2
        return out * 1

    graph = bp.trace(f, np.arange(3.0))
    assert graph["out"].value.tolist() == [0, 0, 0]
    assert graph["out_2"].value.tolist() == [0, 0, 0]
    assert graph["out_3"].value.tolist() == [0, 2, 0]
    assert graph["out_4"].value.tolist() == [0, 2, 4]


# ── arguments and results ───────────────────────────────────────────────────────────────────
def test_only_floating_arrays_are_differentiated():
    def f(x, n, idx, options, scale=2):
        options["seen"] = True
        return x[idx] * n * options["k"] * scale

    options = {"k": 3.0}
    idx = np.array([0, 2])
    graph = bp.trace(f, array(4), 2, idx, options)
    assert list(graph.inputs) == ["x", "idx"]
    assert [node.name for node in graph.differentiated] == ["x"]
    assert options == {"k": 3.0}
    assert graph.inputs["idx"].value is idx


def test_several_results_and_a_cache():
    def two(x):
        return x * 2, x + 1

    def with_cache(x):
        out = x * 2
        return out, (x, out)

    def with_argument(x):
        return x * 2, x

    x = array(3)
    assert isinstance(bp.trace(two, x).output, tuple)
    assert bp.trace(with_cache, x).output.name == "out"
    assert bp.trace(with_argument, x).output.op == "multiply"
    assert len(bp.trace(with_argument, x, cache=False).output) == 2
    assert bp.trace(two, x, cache=True).output.op == "multiply"


def test_a_branch_on_a_value_works_and_is_remembered():
    def f(x):
        if x.sum() > 0:
            return x * 2
        return x * 3

    x = np.array([1.0, 2.0])
    graph = bp.trace(f, x)
    ((node, taken),) = graph.branches
    assert node.op == "greater"
    assert taken is True
    backward = bp.derive(f, x)
    np.testing.assert_array_equal(backward(np.ones(2), x), [2, 2])
    np.testing.assert_array_equal(backward(np.ones(2), -x), [3, 3])


def test_methods_partials_and_keyword_only_parameters():
    class Layer:
        def __init__(self):
            self.scale = 3.0

        def forward(self, x, *, shift=1.0):
            return self.scale * x + shift

    x = array(3)
    assert bp.trace(Layer().forward, x).function == "forward"
    np.testing.assert_array_equal(bp.derive(Layer().forward, x)(np.ones(3), x), [3, 3, 3])

    def power(x, exponent):
        return x**exponent

    cube = functools.partial(power, exponent=3)
    np.testing.assert_allclose(bp.derive(cube, x)(np.ones(3), x), 3 * x**2)


def test_numpy_is_itself_again_after_a_trace():
    def f(x):
        raise ValueError("out of the middle")

    with pytest.raises(ValueError, match="out of the middle"):
        bp.trace(f, array(3))
    assert f.__globals__["np"] is np
    assert type(np.zeros(2)) is np.ndarray
    assert isinstance(np.exp, np.ufunc)


# ── bad input ───────────────────────────────────────────────────────────────────────────────
def returns_nothing(x):
    x * 2


def returns_words(x):
    return ["a", "b"]


def to_float(x):
    return float(x.sum()) * x


def to_math(x):
    return math.sqrt(x[0]) * x


def into_a_plain_buffer(x):
    GIVEN[0] = x[0]
    return x


GIVEN = np.zeros(3)


def endless(x):
    return endless(x * 2)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (returns_nothing, r"returns_nothing \(.*:\d+\) returns None; it must return an array"),
        (returns_words, r"returns_words \(.*\) returns a str \('a'\)"),
        (
            to_float,
            r"test_tracer.py:\d+, in to_float: return float\(x.sum\(\)\) \* x\n.*became a float",
        ),
        (to_math, r"in to_math: return math.sqrt.*\n.*became a float.*numpy functions take it"),
        (
            into_a_plain_buffer,
            r"in into_a_plain_buffer: .*\n.*buffers that the function makes itself",
        ),
        (endless, r"endless \(.*\) calls itself without end"),
    ],
)
def test_what_leaves_the_graph_is_refused_with_the_line_and_the_way_out(f, message):
    with pytest.raises(bp.TraceError, match=message):
        bp.trace(f, array(3))


def test_nothing_to_differentiate():
    with pytest.raises(
        bp.TraceError, match=r"nothing to differentiate: `v` is an array of int64.*astype"
    ):
        bp.trace(helper, np.arange(3))
    with pytest.raises(bp.TraceError, match="`v` is an array of objects"):
        bp.trace(helper, np.array([1.0, None]))
    with pytest.raises(bp.TraceError, match=r"takes 1 arguments, 2 were given"):
        bp.trace(helper, array(3), array(3))


def test_an_argument_that_was_modified_after_tracing():
    x = array(3)
    graph = bp.trace(helper, x)
    x += 1
    with pytest.raises(bp.TraceError, match="`v` was modified after helper was traced"):
        graph.backward(np.ones(3))


def test_an_upstream_gradient_of_another_shape():
    graph = bp.trace(helper, array(3))
    with pytest.raises(ValueError, match=r"dout has shape \(4,\).*has \(3,\)"):
        graph.backward(np.ones(4))
    with pytest.raises(ValueError, match="must be a tuple"):
        bp.trace(lambda x: (x, x * 2), array(3)).backward(np.ones(3))


def test_an_operation_without_a_row():
    def f(x):
        return np.i0(x)

    with pytest.raises(
        bp.RuleError, match=r"in f: return np.i0\(x\)\n.*`i0` has no row.*add a row"
    ):
        bp.trace(f, array(4))


def test_an_option_that_the_row_does_not_have():
    def f(x):
        return np.cumsum(x, dtype=float)

    with pytest.raises(bp.RuleError, match=r"the row of `cumsum` is \(x, axis=None.*dtype"):
        bp.trace(f, array(4))


def test_nans_flow():
    def f(x):
        return np.log(x).sum()

    x = np.array([1.0, np.nan])
    grads = bp.trace(f, x).backward(np.array(1.0))
    np.testing.assert_array_equal(grads["x"], [1.0, np.nan])


def test_classes_with_descriptors_in_the_module_do_no_harm(tmp_path, monkeypatch):
    (tmp_path / "net_with_types.py").write_text(
        "from functools import partial\nfrom types import FunctionType, MethodType\n"
        "import numpy as np\n\n\n"
        "def f(x):\n    out = np.zeros(2)\n    out[0] = x.sum()\n    return out\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("net_with_types")
    graph = bp.trace(module.f, np.ones(3))
    assert np.array_equal(graph.backward(np.array([2.0, 5.0]))["x"], np.full(3, 2.0))


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda x: x.view(np.float32), r"use `\.astype`"),
        (lambda x: x.data, "`data` has no row"),
        (lambda x: np.std(x, where=x > 0), "`std` does not have `where`"),
    ],
)
def test_what_an_array_has_and_the_table_has_not_is_said(use, said):
    with pytest.raises(bp.RuleError, match=rf"test_tracer\.py:\d+(.|\n)*{said}"):
        bp.trace(use, np.ones(3))


def test_what_no_array_has_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'grad'"):
        bp.trace(lambda x: x.grad, np.ones(3))


# ── buffers filled in place ─────────────────────────────────────────────────────────────────
def test_every_version_of_a_buffer_keeps_its_value():
    def f(x):
        out = np.zeros((3, 4))
        for i in range(3):
            for j in range(4):
                out[i, j] = x[i, j] ** 2
        out[[0, 0, 2], [1, 1, 3]] = 7.0
        np.add.at(out, (np.array([1, 1]), np.array([0, 0])), x[0, :2])
        out[out > 6] = 0
        return out

    x = array(3, 4)
    graph = bp.trace(f, x)
    wanted = np.zeros((3, 4))
    versions = [node for node in graph.nodes if node.op in ("put", "add_at")]
    for node, (i, j) in zip(versions, np.ndindex(3, 4), strict=False):
        wanted[i, j] = x[i, j] ** 2
        assert node.shape == (3, 4)
        np.testing.assert_array_equal(node.value, wanted)
    wanted[[0, 2], [1, 3]] = 7
    np.testing.assert_array_equal(versions[12].value, wanted)
    wanted[1, 0] += x[0, 0] + x[0, 1]
    np.testing.assert_array_equal(versions[13].value, wanted)
    np.testing.assert_array_equal(graph.output.value, f(x))
    again = replay(graph, {"x": x})
    for node in graph.nodes:
        np.testing.assert_array_equal(again[node.name], node.value)


def test_what_looks_at_a_buffer_keeps_what_it_saw():
    def f(x):
        out = np.zeros((3, 4))
        out[0] = x
        row = out[0]
        same = +out
        before = out * 1
        out[0] = 2 * x
        early = row.sum()
        out[0, 1] = 5
        return before, same, early, row * 1, out

    x = array(4)
    graph = bp.trace(f, x)
    assert graph["before"].value[0].tolist() == x.tolist()
    for node, value in zip(graph.outputs, f(x), strict=True):
        np.testing.assert_array_equal(node.value, value)
    douts = tuple(array(*node.shape, seed=i) for i, node in enumerate(graph.outputs))
    numeric = bp.numeric_gradient(f, x, dout=douts)
    np.testing.assert_allclose(graph.backward(douts)["x"], numeric, rtol=1e-9)


def test_a_buffer_is_not_copied_for_every_entry():
    def f(x):
        out = np.zeros(100_000)
        for i in range(len(x)):
            out[i] = x[i] * 2
        return out

    tracemalloc.start()
    graph = bp.trace(f, array(50))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * graph.output.value.nbytes


def test_a_graph_goes_when_nobody_needs_it():
    def f(x):
        out = np.zeros_like(x)
        for i in range(len(x)):
            out[i] = x[i] * 2
        return out

    gc.collect()
    gc.disable()
    try:
        gone = weakref.ref(bp.trace(f, array(5)).output.value)
        assert gone() is None
    finally:
        gc.enable()
