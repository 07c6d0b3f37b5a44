"""Plain arrays that meet traced ones: `X.dot(W)`, and buffers that are copies of plain data."""

import numpy as np
import pytest

import backprop as bp


def array(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X = array(4, 3)
WHOLE = np.arange(12).reshape(4, 3)
W = array(3, 2, seed=1)


def of_a_global(W):
    return X.dot(W)


def of_an_argument(WHOLE, W):
    return WHOLE.dot(W) + np.array([[1, 2, 3]]).dot(W)


def of_a_dictionary(W, data):
    return data["X"].dot(W)


def turned(W):
    scores = X.dot(W)
    return X.T.dot(scores) + X[:3].T.dot(scores[:3])


def scores_of(data, W):
    return data.dot(W)


def in_a_helper(W):
    return np.array([scores_of(X[i], W) for i in range(4)])


def with_a_random_one(W):
    return np.random.default_rng(0).normal(size=(5, 3)).dot(W)


def added_to_a_copy(W):
    g = X.copy()
    g[:, :2] += X[:, :2] * W[0]
    return g


def written_to_a_result(W):
    g = X * 2
    for i in range(3):
        g[0, i] = W[i, 0] * X[1, i]
    h = WHOLE.astype(float)
    h[0] -= W[:, 1]
    return g * h


def chosen(W):
    return (W[:, 0] > 0).choose([W[:, 0], 3.0]) + np.array([0, 1, 0]).choose([W[:, 0], W[:, 1]])


PLAIN = {
    "global": (of_a_global, (W,)),
    "argument": (of_an_argument, (WHOLE, W)),
    "dictionary": (of_a_dictionary, (W, {"X": WHOLE})),
    "turned": (turned, (W,)),
    "helper": (in_a_helper, (W,)),
    "random": (with_a_random_one, (W,)),
    "copy": (added_to_a_copy, (W,)),
    "result": (written_to_a_result, (W,)),
    "choose": (chosen, (W,)),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_arrays_are_constants(name):
    f, args = PLAIN[name]
    code = f.__code__
    graph = bp.trace(f, *args)
    np.testing.assert_array_equal(graph.output.value, f(*args))
    dout = array(*graph.output.shape, seed=3)
    wanted = bp.numeric_gradient(f, *args, dout=dout)
    np.testing.assert_allclose(bp.derive(f, *args)(dout, *args), wanted, rtol=1e-9, atol=1e-12)
    assert f.__code__ is code


def test_it_reads_like_a_product():
    closed = array(4, 3)
    assert bp.derive(of_a_global, W).lines == ["dW = X.T @ dout"]
    assert bp.derive(lambda W: closed.dot(W), W).lines == ["dW = closed.T @ dout"]
    assert bp.derive(of_an_argument, WHOLE, W).lines[-1].startswith("dW")


def test_a_line_has_its_number_and_its_name():
    graph = bp.trace(turned, W)
    first = turned.__code__.co_firstlineno
    assert graph["scores"].line == first + 1
    assert graph.output.line == first + 2


def test_a_plain_array_that_others_see_is_not_written_to():
    def f(W):
        g = X
        g[0] = W[:, 0]
        return g

    with pytest.raises(bp.TraceError, match="plain ndarray"):
        bp.trace(f, W)


def test_without_source_it_says_what_to_write():
    scope = {"np": np, "X": X}
    exec("def f(W):\n    return X.dot(W)", scope)
    with pytest.raises(bp.TraceError, match="X @ W"):
        bp.trace(scope["f"], W)
