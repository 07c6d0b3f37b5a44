"""Gradients in structures like the parameters': found where they stand, and never passed over."""

import numpy as np
import pytest

import backprop as bp

rng = np.random.default_rng(0)
PARAMS = {"first": {"W": rng.normal(size=(3, 4))}, "second": {"W": rng.normal(size=(4, 2))}}
LAYERS = [
    {"W": rng.normal(size=(3, 4)), "b": np.zeros(4)},
    {"W": rng.normal(size=(4, 3)), "b": np.zeros(3)},
]
X = rng.normal(size=(5, 3))


def forward(params, x):
    hidden = np.tanh(x @ params["first"]["W"])
    out = hidden @ params["second"]["W"]
    return out


def backward(dout, params, x, second=1.0, first=1.0):
    hidden = np.tanh(x @ params["first"]["W"])
    dhidden = dout @ params["second"]["W"].T
    dW1 = first * (x.T @ (dhidden * (1 - hidden**2)))
    dW2 = second * (hidden.T @ dout)
    return {"first": {"W": dW1}, "second": {"W": dW2}}


def stacked(layers, x):
    for layer in layers:
        x = np.tanh(x @ layer["W"] + layer["b"])
    return x


def stacked_backward(dout, layers, x, times=(1.0, 1.0)):
    values = [x]
    for layer in layers:
        values.append(np.tanh(values[-1] @ layer["W"] + layer["b"]))
    grads = [{}, {}]
    for i in (1, 0):
        dz = dout * (1 - values[i + 1] ** 2)
        grads[i]["dW"] = times[i] * (values[i].T @ dz)
        grads[i]["db"] = dz.sum(axis=0)
        dout = dz @ layers[i]["W"].T
    return grads


def test_right_ones_are_right_and_all_of_them_are_compared():
    for f, b, params in ((forward, backward, PARAMS), (stacked, stacked_backward, LAYERS)):
        report = bp.check(f, b, params, X, lang="en")
        assert report.ok, report.message
        assert not [row for row in report.rows if row.status == "wrong"]
        assert [note for note in report.notes if "not compared" in note] == [
            "not returned, so not compared: the gradient of `x`. Fine if nobody wants it."
        ]


@pytest.mark.parametrize("wrong", [{"first": 3.0}, {"second": 3.0}])
def test_a_wrong_one_is_seen_wherever_it_stands(wrong):
    def slipped(dout, params, x):
        return backward(dout, params, x, **wrong)

    assert not bp.check(forward, slipped, PARAMS, X, lang="en").ok


@pytest.mark.parametrize("times", [(2.0, 1.0), (1.0, 2.0)])
def test_in_a_list_of_dictionaries_too(times):
    def slipped(dout, layers, x):
        return stacked_backward(dout, layers, x, times)

    assert not bp.check(stacked, slipped, LAYERS, X, lang="en").ok


class Regression:
    def __init__(self):
        self.params = {"W": rng.normal(size=(3, 2)), "b": np.zeros(2)}

    def forward(self, x, y):
        self.x, self.y = x, y
        self.z = x @ self.params["W"] + self.params["b"]
        return np.sum((self.z - y) ** 2) / len(x)

    def backward(self):
        dz = 2 * (self.z - self.y)
        table = {"W": self.x.T @ dz, "b": dz.sum(0) / len(self.y)}
        return table


def test_a_wrong_entry_of_a_table_that_is_written_at_once_is_named():
    net = Regression()
    report = bp.check(net.forward, net.backward, X, X[:, :2] ** 2, lang="en")
    assert report.message.startswith('`table["W"]`')
    assert "it is 5 times the right value" in report.message
