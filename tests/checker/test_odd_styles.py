"""Right code in styles that are odd and real: none of it is called wrong, nor ends in an error."""

import numpy as np
import pytest

import backprop as bp


def array(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def squares(x):
    return (x**2).sum()


def weighted(x, w):
    return (x * w).sum()


def in_place_of_a_copy(g, x):
    out = np.array(x)
    out *= 2 * g
    return out


def from_a_buffer(g, x):
    out = np.frombuffer(bytearray(x.tobytes())).reshape(x.shape)
    out *= 2 * g
    return out


class Context:
    def save(self, *tensors):
        self.tensors = tensors


def saved(x, w):
    ctx = Context()
    ctx.save(x, w, np.tanh(x * w))
    return ctx.tensors[2] / 2, ctx


def of_saved(grad, ctx):
    x, w, t = ctx.tensors
    inner = grad * (1 - t**2) / 2
    return inner * w, inner * x


def clipped_by_length(dloss, x, w):
    grads = [dloss * w, dloss * x]
    total = np.sqrt(sum((g**2).sum() for g in grads))
    return [g * min(1.0, 50.0 / (total + 1e-6)) for g in grads]


def pairs(W, X, y):
    loss = 0.0
    for i in range(X.shape[0]):
        s = X[i] @ W
        loss += np.maximum(0, s - s[y[i]] + 1).sum() - 1
    return loss


def of_pairs(dloss, W, X, y):
    s = X @ W
    M = (s - s[np.arange(len(y)), y][:, None] + 1 > 0).astype(float)
    M[np.arange(len(y)), y] -= M.sum(1)
    return dloss * X.T @ M


class Slots:
    __slots__ = ("dgamma", "gamma", "x")

    def __init__(self, gamma):
        self.gamma, self.dgamma = gamma, None

    def forward(self, x):
        self.x = x
        return x * self.gamma

    def backward(self, dout):
        self.dgamma = (dout * self.x).sum(0)
        return dout * self.gamma


RIGHT = {
    "a copy by np.array, written to": (squares, in_place_of_a_copy, array(4, 2)),
    "a buffer": (squares, from_a_buffer, array(4, 2)),
    "a list": (squares, lambda g, x: (2 * g * x).tolist(), array(4)),
    "a list for a single number": (squares, lambda g, x: [2 * g * v for v in x.tolist()], array(1)),
    "a list of lists": (squares, lambda g, x: (2 * g * x).tolist(), array(2, 3)),
    "two lists": (
        weighted, lambda g, x, w: ((g * w).tolist(), (g * x).tolist()), array(2), array(2, seed=1),
    ),
    "lists in a dictionary": (
        weighted, lambda g, x, w: {"dx": (g * w).tolist(), "dw": (g * x).tolist()},
        array(3), array(3, seed=1),
    ),
    "a masked array": (squares, lambda g, x: np.ma.masked_array(2 * g * x), array(2, 3)),
    "a context that is saved": (saved, of_saved, array(3), array(3, seed=1)),
    "lengths clipped, without the word": (weighted, clipped_by_length, array(4), array(4, seed=1)),
    "labels that only the backward counts": (
        pairs, of_pairs, array(4, 3), array(5, 4), np.array([0, 2, 1, 1, 0]),
    ),
    "slots": (Slots(array(3)), array(4, 3)),
}  # fmt: skip


@pytest.mark.parametrize("style", RIGHT)
def test_right_code_is_right(style):
    for _ in range(2):  # what the first check has met says nothing to the second
        report = bp.check(*RIGHT[style], lang="en")
        assert report.ok, report


def test_the_same_styles_are_looked_into_where_they_are_wrong():
    def wrong(*args):
        report = bp.check(*args, lang="en")
        return not report.ok

    assert wrong(squares, lambda g, x: (3 * g * x).tolist(), array(4))
    assert wrong(squares, lambda g, x: [2 * g] * 4, array(4))
    assert wrong(saved, lambda grad, ctx: (grad * ctx.tensors[1], grad), array(3), array(3, seed=1))
    layer = Slots(array(3))
    layer_wrong = type("Wrong", (Slots,), {"backward": lambda self, dout: dout * self.x})
    assert wrong(layer_wrong(layer.gamma), array(4, 3))


def test_a_result_whose_class_lies_about_itself_is_compared_by_its_numbers():
    class Number(np.ndarray):
        @property
        def __class__(self):
            return float

    class Agreeing(np.ndarray):
        def __eq__(self, other):
            return True

        @property
        def shape(self):
            return (7,)

    for kind in (Number, Agreeing):
        assert not bp.check(squares, lambda g, x, k=kind: (7 * g * x).view(k), array(3)).ok
        assert bp.check(squares, lambda g, x, k=kind: (2 * g * x).view(k), array(3)).ok
