"""Layer objects: checked with their attributes, and left as they were."""

import copy

import numpy as np
import pytest

import backprop as bp
from tests.checker.slips import with_slip
from tests.checker.strangers.layer_objects import LAYERS, Affine, Network, Relu, Tanh

SLIPS = [(name, i) for name, (_, _, slips) in LAYERS.items() for i in range(len(slips))][::2]


def attributes(layer):
    if isinstance(layer, (list, tuple)):
        return [attributes(each) for each in layer]
    if isinstance(layer, dict):
        return {key: attributes(each) for key, each in layer.items()}
    if hasattr(layer, "__dict__"):
        return attributes(vars(layer))
    if isinstance(layer, np.random.Generator):
        return copy.deepcopy(layer.bit_generator.state)
    return type(layer), copy.deepcopy(layer)


def changed(layer, old, new):
    """A copy of the layer whose class has one slip, and its line."""
    other = copy.copy(layer)
    other.__class__, line = with_slip(type(layer), old, new, after="def backward")
    return other, line


@pytest.mark.parametrize("name", LAYERS)
def test_right_layers_are_right_and_left_as_they_were(name):
    layer, args, _ = LAYERS[name]
    before = attributes(layer)
    report = bp.check(layer, *args, lang="en")
    assert report.ok, report.message
    assert not [row for row in report.rows if row.status == "wrong"]
    forward = getattr(layer, "forward", layer)
    assert bp.check(forward, layer.backward, *args, lang="en").ok
    np.testing.assert_equal(attributes(layer), before)


@pytest.mark.parametrize(("name", "slip"), SLIPS)
def test_the_wrong_line_of_a_layer_is_named(name, slip):
    layer, args, slips = LAYERS[name]
    wrong, line = changed(layer, *slips[slip])
    report = bp.check(wrong, *args, lang="en")
    assert not report.ok
    assert report.line == line, report.message


def test_what_was_compared_is_said():
    layer, args, _ = LAYERS["Affine"]
    report = bp.check(layer, *args, lang="en")
    judged = {row.name: row.node for row in report.rows if row.status == "right"}
    assert judged == {"self.dW": "self.W", "self.db": "self.b", "dx": "x"}
    assert report.notes == []


class Forgetful(Affine):
    def backward(self, dout):
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


def test_a_gradient_that_is_nowhere_is_a_remark():
    layer = Forgetful(np.ones((3, 4)), np.ones(4))
    report = bp.check(layer, np.random.default_rng(0).normal(size=(5, 3)), lang="en")
    assert report.ok
    assert "`self.W`" in report.notes[0]


class Stale(Forgetful):
    def __init__(self, W, b):
        super().__init__(W, b)
        self.dW = np.zeros_like(W)


def test_a_gradient_that_stays_as_it_was_is_wrong():
    layer = Stale(np.ones((3, 4)), np.ones(4))
    report = bp.check(layer, np.random.default_rng(0).normal(size=(5, 3)), lang="en")
    assert not report.ok


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("Affine", "self.dW = self.x.T @ dout", "self.dW = 2 * self.x.T @ dout"),
        ("Tanh", "return dout *", "return -dout *"),
    ],
)
def test_a_slip_in_one_layer_of_a_network_is_named_there(kind, old, new):
    rng = np.random.default_rng(1)
    layers = {"Affine": Affine(rng.normal(size=(4, 2)), rng.normal(size=2)), "Tanh": Tanh()}
    layers[kind], line = changed(layers[kind], old, new)
    first = Affine(rng.normal(size=(3, 4)), np.zeros(4))
    network = Network([first, Relu(), layers["Affine"], layers["Tanh"]])
    before = attributes(network)
    report = bp.check(network, rng.normal(size=(5, 3)), lang="en")
    assert (report.ok, report.line, report.backward) == (False, line, f"{kind}.backward")
    assert f"self.layers[{2 if kind == 'Affine' else 3}]" in report.notes[0]
    np.testing.assert_equal(attributes(network), before)


def test_functions_around_one_object():
    rng = np.random.default_rng(1)
    layer = Affine(rng.normal(size=(3, 4)), rng.normal(size=4))

    def f(x, W, b):
        layer.W, layer.b = W, b
        return layer.forward(x)

    def f_backward(dout, x, W, b):
        dx = layer.backward(dout)
        return dx, layer.dW, layer.db

    def of_x(dout, x):
        return layer.backward(dout)

    x, W, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
    assert bp.check(f, f_backward, x, W, b, lang="en").ok
    assert bp.check(layer.forward, of_x, x, lang="en").ok
    assert list(vars(layer)) == ["W", "b"]
    assert layer.W is not W


def test_float32_layers_are_checked_in_double_precision():
    layer = Affine(np.ones((3, 4), np.float32), np.ones(4, np.float32))
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    assert bp.check(layer, x, lang="en").ok
    assert layer.W.dtype == np.float32
