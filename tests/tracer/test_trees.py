"""Arguments that hold arrays: what is differentiated, what it is called, and that nothing stays."""

import copy
import warnings
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

import backprop as bp


def array(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def two_layers(params, X, y):
    W1, b1 = params["W1"], params["b1"]
    hidden = np.maximum(0, X @ W1 + b1)
    scores = hidden @ params["W2"]
    scores -= np.max(scores, axis=1, keepdims=True)
    p = np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(X.shape[0]), y]))
    return loss


PARAMS = {"W1": array(3, 5), "b1": array(5, seed=1), "W2": array(5, 2, seed=2)}
DATA = (array(4, 3, seed=3), np.array([0, 1, 1, 0]))


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.dW = np.zeros_like(W)
        self.rate = 0.5

    def forward(self, x):
        self.x = x
        self.calls = getattr(self, "calls", 0) + 1
        return x @ self.W + self.rate * self.b


class Slotted:
    __slots__ = ("scale", "seen")

    def __init__(self, scale):
        self.scale = scale

    def __call__(self, x):
        self.seen = x * self.scale
        return self.seen


@dataclass(frozen=True)
class Weights:
    W: np.ndarray
    shift: float = 1.0


Pair = namedtuple("Pair", "w, b")


def network(layers, x):
    for layer in layers:
        x = np.tanh(layer.forward(x))
    return x


def nested(tree, x):
    (first, second), pair = tree["list"], tree["pair"]
    return x * first + second["deep"] * pair.w - pair.b


def of_object(weights, x):
    return np.sin(x @ weights.W) + weights.shift


TREE = {"list": [array(3), {"deep": array(3, seed=4)}], "pair": Pair(array(3), array(3))}
TREES = {
    "a dictionary": (two_layers, (PARAMS, *DATA)),
    "nested": (
        nested,
        (
            {"list": [array(3), {"deep": array(3, seed=4)}], "pair": Pair(array(3), array(3))},
            array(3),
        ),
    ),
    "a list of objects": (
        network,
        ([Affine(array(3, 4), array(4)), Affine(array(4, 2), array(2))], array(5, 3)),
    ),
    "a frozen object": (of_object, (Weights(array(3, 2)), array(4, 3))),
    "a method": (Affine(array(3, 4), array(4)).forward, (array(5, 3),)),
    "an object that is called": (Slotted(array(3)), (array(5, 3),)),
}


@pytest.mark.parametrize("name", TREES)
def test_arrays_in_trees_are_differentiated(name):
    f, args = TREES[name]
    graph = bp.trace(f, *args)
    dout = array(*graph.output.shape, seed=9)
    wanted = bp.numeric_gradient(f, *args, dout=dout)
    for found in (
        bp.derive(f, *args)(dout, *args),
        tuple(graph.backward(dout)[node.name] for node in graph.differentiated),
    ):
        assert [part.shape for part in found] == [part.shape for part in wanted]
        for got, want in zip(found, wanted, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", TREES)
def test_they_are_left_as_they_were(name):
    f, args = TREES[name]
    owner = getattr(f, "__self__", f)
    before = copy.deepcopy([args, getattr(owner, "__dict__", None)])
    bp.derive(f, *args)(array(*bp.trace(f, *args).output.shape), *args)
    bp.numeric_gradient(f, *args)
    if name != "a list of objects" and name != "a frozen object":
        np.testing.assert_equal([args, getattr(owner, "__dict__", None)], before)
    if isinstance(owner, Slotted):
        assert not hasattr(owner, "seen")


def test_they_are_named_by_their_path_in_the_order_of_the_arguments():
    names = [[n.name for n in bp.trace(f, *args).differentiated] for f, args in TREES.values()]
    assert names == [
        ['params["W1"]', 'params["b1"]', 'params["W2"]', "X"],
        ['tree["list"][0]', 'tree["list"][1]["deep"]', 'tree["pair"].w', 'tree["pair"].b', "x"],
        ["layers[0].W", "layers[0].b", "layers[1].W", "layers[1].b", "x"],
        ["weights.W", "x"],
        ["x", "self.W", "self.b"],
        ["x", "self.scale"],
    ]


def test_the_source_takes_them_out_by_the_authors_names():
    source = bp.derive(two_layers, PARAMS, *DATA).source
    assert source.startswith("def two_layers_backward(dloss, params, X, y):\n")
    assert '    W2 = params["W2"]\n' in source
    assert "    dW1 = X.T @ d" in source
    assert source.endswith("    return dW1, db1, dW2, dX\n")
    scope = {"np": np}
    exec(source, scope)
    found = scope["two_layers_backward"](1.0, PARAMS, *DATA)
    wanted = bp.numeric_gradient(two_layers, PARAMS, *DATA, dout=1.0)
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_a_derived_backward_follows_what_it_is_given():
    layer = Affine(array(3, 4), array(4))
    backward = bp.derive(layer.forward, array(5, 3))
    dout = array(5, 4, seed=7)
    layer.W = array(3, 4, seed=8)
    np.testing.assert_allclose(backward(dout, array(5, 3))[0], dout @ layer.W.T)
    layer.rate = 3.0  # not an array: derived anew
    np.testing.assert_allclose(backward(dout, array(5, 3))[2], 3 * dout.sum(axis=0))


def test_an_array_that_is_held_twice_is_one():
    W = array(3, 3)
    graph = bp.trace(lambda tree, W: tree["w"] * W, {"w": W}, W)
    assert [node.name for node in graph.differentiated] == ["W"]
    np.testing.assert_allclose(graph.backward(np.ones((3, 3)))["W"], 2 * W)


def test_what_a_layer_keeps_is_no_parameter():
    class Norm:
        def __init__(self):
            self.gamma = array(3)
            self.running_mean = np.zeros(3)
            self.last = np.zeros(3)

        def forward(self, x):
            mean = x.mean(axis=0)
            self.running_mean = 0.9 * self.running_mean + 0.1 * mean
            self.last = np.tanh(self.last + mean)
            return self.gamma * (x - mean) * self.last

    layer = Norm()
    graph = bp.trace(layer.forward, array(4, 3))
    assert [node.name for node in graph.differentiated] == ["x", "self.gamma"]
    assert layer.running_mean.tolist() == layer.last.tolist() == [0, 0, 0]


def test_running_averages_of_a_configuration_are_no_arguments():
    def norm(x, bn_param):
        if bn_param["mode"] == "train":
            bn_param["running_mean"] = 0.9 * bn_param["running_mean"] + 0.1 * x.mean(axis=0)
            return x - x.mean(axis=0)
        return x - bn_param["running_mean"]

    for mode in ("train", "test"):
        bn_param = {"mode": mode, "running_mean": array(3)}
        kept = bn_param["running_mean"]
        graph = bp.trace(norm, array(4, 3), bn_param)
        assert [node.name for node in graph.differentiated] == ["x"]
        assert bn_param["running_mean"] is kept


_SHARED = Affine(array(3, 4), array(4))
_COUNTED = {"calls": 0}


def of_a_shared_layer(x):
    _COUNTED["calls"] += 1
    _COUNTED["last"] = x
    return _SHARED.forward(x)


def test_objects_that_a_function_reaches_are_left_as_they_were():
    layer = Affine(array(3, 4), array(4))

    def through_closure(x):
        return layer.forward(x)

    for f in (of_a_shared_layer, through_closure):
        bp.trace(f, array(5, 3))
    for each in (layer, _SHARED):
        assert sorted(vars(each)) == ["W", "b", "dW", "rate"]
        assert all(type(part) in (np.ndarray, float) for part in vars(each).values())
    assert _COUNTED == {"calls": 0}


def test_everything_is_put_back_after_an_error():
    class Broken:
        def __init__(self):
            self.W = array(3)

        def forward(self, x):
            self.x = x
            raise KeyError("oh")

    layer = Broken()
    with pytest.raises(KeyError, match="oh"):
        bp.trace(layer.forward, array(3))
    assert type(layer.W) is np.ndarray
    assert list(vars(layer)) == ["W"]


def test_nothing_to_differentiate_names_what_there_was():
    with pytest.raises(bp.TraceError, match="`options` is a dict"):
        bp.trace(lambda options: options["rate"], {"rate": 1.0})


def test_a_cache_in_the_middle_is_refused_with_what_to_return():
    def norm(x):
        mean = np.mean(x, axis=0)
        return x - mean, (x, mean), mean, np.var(x, axis=0)

    with pytest.raises(bp.TraceError, match=r"number 2 of 4.*\(out, mean, var, cache\)"):
        bp.trace(norm, array(3, 2))


def test_an_output_that_is_its_own_cache():
    def tanh_forward(x):
        out = np.tanh(x)
        cache = out
        return out, cache

    x, dout = array(3), array(3, seed=1)
    backward = bp.derive(tanh_forward, x)
    np.testing.assert_allclose(backward(dout, x), dout * (1 - np.tanh(x) ** 2))
    assert bp.check(tanh_forward, lambda dout, cache: dout * (1 - cache**2), x, lang="en").ok
    both = bp.derive(tanh_forward, x, cache=False)
    np.testing.assert_allclose(both((dout, dout), x), 2 * backward(dout, x))


def test_random_numbers_that_are_not_seeded_are_said():
    def dropout(x):
        return x * (np.random.random(x.shape) < 0.5)

    def seeded(x):
        return x * (np.random.default_rng(0).random(x.shape) < 0.5)

    with pytest.warns(UserWarning, match=r"dropout gives another result.*mask"):
        bp.derive(dropout, array(20))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bp.derive(seeded, array(20))


def test_a_layer_with_a_generator_draws_the_same_at_every_run():
    class Dropout:
        def __init__(self):
            self.rng = np.random.default_rng(0)

        def forward(self, x):
            return x * (self.rng.random(x.shape) < 0.5)

    layer = Dropout()
    first = bp.trace(layer.forward, array(20)).output.value
    np.testing.assert_array_equal(bp.trace(layer.forward, array(20)).output.value, first)
