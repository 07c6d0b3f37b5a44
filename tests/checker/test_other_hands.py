"""How other people keep, hand on and decorate: lists, named tuples, objects, losses with masks."""

import dataclasses
import functools
import importlib
import inspect
import itertools
from typing import NamedTuple

import numpy as np
import pytest

import backprop as bp
from tests.checker.slips import with_slip

rng = np.random.default_rng(3)


def check(*args, **options):
    return bp.check(*args, lang="en", **options)


# ── where gradients stand ───────────────────────────────────────────────────────────────────
WEIGHTS = [rng.normal(size=shape) for shape in [(3, 4), (4, 2), (2, 5)]]
X = rng.normal(size=(4, 3))


def chain(Ws, x):
    kept = [x]
    for W in Ws:
        kept.append(np.tanh(kept[-1] @ W))
    return kept[-1], (Ws, kept)


def backwards(dout, cache):
    """The gradients as a loop from the end finds them, the last first."""
    Ws, kept = cache
    grads = []
    for i in range(len(Ws) - 1, -1, -1):
        da = dout * (1 - kept[i + 1] ** 2)
        grads.append(kept[i].T @ da)
        dout = da @ Ws[i].T
    return grads


WAYS = [
    lambda dWs: dWs,
    lambda dWs: (dWs,),
    lambda dWs: {"Ws": dWs},
    lambda dWs: {"dWs": dWs},
    lambda dWs: [{"W": dW} for dW in dWs],
    lambda dWs: [(dW,) for dW in dWs],
]


@pytest.mark.parametrize("within", WAYS)
def test_a_list_of_gradients_in_the_order_of_another_is_wrong(within):
    def turned(dout, cache):
        return within(backwards(dout, cache)[::-1])

    def as_found(dout, cache):
        return within(backwards(dout, cache))

    report = check(chain, turned, WEIGHTS, X)
    assert report.ok, report.message
    assert len([row for row in report.rows if row.status == "wrong"]) == 0
    assert not check(chain, as_found, WEIGHTS, X).ok


def layered(layers, x):
    kept = [x]
    for layer in layers:
        kept.append(np.tanh(kept[-1] @ layer["W"] + layer["b"]))
    return kept[-1], (layers, kept)


def pairwise(dout, cache):
    layers, kept = cache
    pairs = []
    for i in (1, 0):
        da = dout * (1 - kept[i + 1] ** 2)
        pairs.insert(0, (kept[i].T @ da, da.sum(axis=0)))
        dout = da @ layers[i]["W"].T
    return pairs


@pytest.mark.parametrize("shapes", [[(3, 4), (4, 2)], [(3, 3), (3, 3)], [(3, 2), (2, 3)]])
def test_gradients_of_layers_one_list_a_parameter_or_one_tuple_a_layer(shapes):
    layers = [{"W": rng.normal(size=shape), "b": np.zeros(shape[1])} for shape in shapes]
    ways = [
        lambda pairs: pairs,
        lambda pairs: tuple(map(list, zip(*pairs, strict=True))),
        lambda pairs: {"dW": [dW for dW, _ in pairs], "db": [db for _, db in pairs]},
        lambda pairs: [{"dW": dW, "db": db} for dW, db in pairs],
        lambda pairs: [array for pair in pairs for array in pair],
    ]
    for way in ways:
        report = check(layered, lambda dout, c, way=way: way(pairwise(dout, c)), layers, X)
        assert report.ok, report.message
        assert not [note for note in report.notes if "`layers" in note], report
    for way in ways[:4]:
        wrong = check(layered, lambda dout, c, way=way: way(pairwise(dout, c)[::-1]), layers, X)
        assert not wrong.ok


def through(x, layers):
    trail = []
    for layer in layers:
        trail.append(x)
        x = np.tanh(x @ layer["W"] + layer["b"])
    return x, (trail, x)


def back_through(dout, kept, layers):
    trail, out = kept
    grads = []
    for i in reversed(range(len(layers))):
        da = dout * (1 - (trail[i + 1] if i + 1 < len(trail) else out) ** 2)
        grads.insert(0, {"W": trail[i].T @ da, "b": da.sum(axis=0)})
        dout = da @ layers[i]["W"].T
    return grads, dout


def two_nets(maker, judge, x):
    made, kept = through(x, maker)
    score, kept_too = through(made, judge)
    return score, (kept, kept_too, maker, judge)


@pytest.mark.parametrize("sizes", [(2, 4, 3, 4, 1), (3, 3, 3, 3, 3)])
def test_two_nets_have_a_list_of_gradients_each(sizes):
    every = [
        {"W": rng.normal(size=s), "b": rng.normal(size=s[1])} for s in itertools.pairwise(sizes)
    ]

    def backward(dout, cache, last=slice(None)):
        kept, kept_too, maker, judge = cache
        judge_grads, dmade = back_through(dout, kept_too, judge)
        maker_grads, _ = back_through(dmade, kept, maker)
        return maker_grads[last], judge_grads

    x = rng.normal(size=(5, sizes[0]))
    report = check(two_nets, backward, every[:2], every[2:], x)
    assert report.ok, report.message
    turned = lambda dout, cache: backward(dout, cache, slice(None, None, -1))  # noqa: E731
    assert not check(two_nets, turned, every[:2], every[2:], x).ok


def regularised(params, x, y, reg):
    h = np.maximum(0, x @ params["W1"])
    scores = h @ params["W2"]
    loss = np.mean((scores - y) ** 2) + 0.5 * reg * sum(np.sum(w * w) for w in params.values())
    ds = 2 * (scores - y) / scores.size
    grads = {}
    grads["W2"] = h.T @ ds
    dh = ds @ params["W2"].T
    dh[h <= 0] = 0
    grads["W1"] = x.T @ dh
    for key in params:
        grads[key] += reg * params[key]
    return loss, grads


def test_entries_that_a_loop_adds_to_are_those_that_are_returned():
    params = {"W1": rng.normal(size=(3, 5)), "W2": rng.normal(size=(5, 2))}
    report = check(regularised, params, X, rng.normal(size=(4, 2)), 0.3)
    assert report.ok, report.message
    assert not [row for row in report.rows if row.status == "wrong"], report


class Pair(NamedTuple):
    value: np.ndarray
    mean: np.ndarray


@dataclasses.dataclass
class Kept:
    value: np.ndarray
    mean: np.ndarray


@pytest.mark.parametrize("kind", [Pair, Kept])
def test_a_cache_is_a_named_tuple_or_a_dataclass(kind):
    def centred(x):
        mean = x.mean(axis=0)
        return (x - mean) ** 2, (kind(x, mean),)

    def backward(dout, cache):
        (kept,) = cache
        d = 2 * dout * (kept.value - kept.mean)
        return d - d.mean(axis=0)

    report = check(centred, backward, X)
    assert report.ok, report.message
    wrong = check(centred, lambda dout, cache: 2 * backward(dout, cache), X)
    assert not wrong.ok


class Leaf:
    def __init__(self, value):
        self.value, self.grad = value, 0.0

    def add(self, grad):
        self.grad = self.grad + grad


def test_results_that_objects_hold_in_the_wrong_order():
    def product(x, y):
        a, b = Leaf(x), Leaf(y)
        return a.value * b.value, (a, b)

    def backward(dout, cache):
        a, b = cache
        a.add(dout * b.value)
        b.add(dout * a.value)
        return b.grad, a.grad

    report = check(product, backward, X, X + 1)
    assert (report.ok, report.hint) == (False, "order")
    assert "return a.grad, b.grad" in report.message


# ── what runs around a backward ─────────────────────────────────────────────────────────────
def halved(f):
    @functools.wraps(f)
    def wrapper(dout, x):
        return f(0.5 * dout, x)

    return wrapper


@halved
def decorated(dout, x):
    t = np.tanh(x)
    dx = 2 * dout * (1 - t)
    return dx


def test_a_line_under_a_decorator_is_named():
    report = check(lambda x: np.tanh(x), decorated, X)
    line = inspect.getsourcelines(decorated)[1] + 3
    assert (report.ok, report.line, report.hint) == (False, line, "power"), report.message
    assert "1 - t ** 2" in report.mistakes[0].change


def hinge(W, x):
    scores = x @ W
    loss = 0.5 * np.sum(np.maximum(scores, 0) ** 2)
    active = scores**2 > 0
    dscores = scores * active
    return loss, x.T @ dscores


def test_a_line_that_only_the_gradient_needs_may_be_the_wrong_one():
    report = check(hinge, rng.normal(size=(3, 2)), X)
    line = inspect.getsourcelines(hinge)[1] + 3
    assert (report.ok, report.line) == (False, line), report.message


def short(W, x):
    scores = x @ W
    loss = np.sum(scores**2)
    dscores = 2 * scores
    dW = x @ dscores
    return loss, dW


def test_a_loss_that_stops_in_its_gradient_is_named_there():
    report = check(short, rng.normal(size=(3, 2)), X)
    line = inspect.getsourcelines(short)[1] + 4
    assert (report.ok, report.line, report.hint, report.first_wrong) == (False, line, "error", "dW")
    assert "ValueError" in report.message
    assert f"line {line}" in report.message


class Regression:
    """A number among its attributes, as the rate of a regularisation."""

    def __init__(self):
        self.W, self.reg = rng.normal(size=(3, 2)), 0.1

    def loss(self, x):
        scores = x @ self.W
        loss = np.sum(scores**2) + self.reg * np.sum(self.W**2)
        return loss, {"W": x @ scores}


def test_a_loss_of_an_object_that_stops_is_named_too():
    report = check(Regression().loss, X)
    line = inspect.getsourcelines(Regression.loss)[1] + 3
    assert (report.ok, report.line, report.hint) == (False, line, "error")


# ── kinds of slips ──────────────────────────────────────────────────────────────────────────
def embedded(W, words):
    return W[words]


def embedded_backward(dout, W, words):
    dW = np.zeros_like(W)
    for n in range(len(words)):
        for t in range(words.shape[1]):
            dW[words[n, t]] += dout[n, t]
    return dW


def running(x):
    return np.cumsum(x, axis=1) ** 2


def running_backward(dout, x):
    dc = 2 * dout * np.cumsum(x, axis=1)
    dx = np.flip(np.cumsum(np.flip(dc, 1), axis=1), 1)
    return dx


def gated(x):
    a, b = x[:, :2], x[:, 2:]
    return np.tanh(a) * b, (np.tanh(a), b)


def gated_backward(dout, cache):
    t, b = cache
    dx = np.zeros((len(t), 4))
    dx[:, :2] = dout * b * (1 - t**2)
    dx[:, 2:] = dout * t
    return dx


def form(A, x):
    return x @ A @ x


def form_backward(dout, A, x):
    dx = dout * ((A + A.T) @ x)
    return dout * np.outer(x, x), dx


class Scaled(NamedTuple):
    x: np.ndarray
    gamma: np.ndarray


def channels(x, gamma):
    """Flat at the end, so that the gradient is laid out again."""
    return (gamma[:, None, None] * x**2).reshape(len(x), -1), Scaled(x, gamma)


def channels_backward(dout, cache):
    d = dout.reshape(cache.x.shape)
    dgamma = (d * cache.x**2).sum(axis=(0, 2, 3))
    dsquare = (dout * 1).reshape(d.shape) * cache.gamma[:, None, None]
    return 2 * cache.x * dsquare, dgamma


def leaky(x, alpha):
    return np.where(x > 0, x, alpha * x) + np.maximum(x, 0.01 * x)


def leaky_backward(dout, x, alpha):
    dx = dout * np.where(x > 0, 1, 0.01)
    low = x <= 0
    dalpha = np.sum(dout * x * low, axis=0)
    rest = dout.copy()
    rest[low] = (dout * alpha)[low]
    return dx + rest, dalpha


def log_softmax(x):
    logp = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    return logp, logp


def log_softmax_backward(dout, logp):
    dx = np.exp(logp)
    dx *= -dout.sum(axis=1, keepdims=True)
    dx += dout
    return dx


def ridge_loss(theta, x, y):
    r = x @ theta - y
    loss = 0.5 * np.sum(r**2) + 0.35 * np.sum(theta[1:] ** 2)
    grad = x.T @ r
    grad[1:] += 0.7 * theta[1:]
    return loss, grad


SLIPS = [
    (channels, channels_backward, " * cache.gamma[:, None, None]", "", "factor",
     (rng.normal(size=(2, 3, 2, 4)), np.array([0.5, 2.0, 3.0]))),
    (leaky, leaky_backward, "1, 0.01)", "1, 0.1)", "factor", (X, np.array([0.1, 0.2, 0.3]))),
    (leaky, leaky_backward, "(dout * alpha)[low]", "dout[low]", "factor",
     (X, np.array([0.1, 0.2, 0.3]))),
    (log_softmax, log_softmax_backward, "np.exp(logp)", "logp.copy()", "function", (X,)),
    (ridge_loss, None, "grad[1:] += 0.7 * theta[1:]", "grad += 0.7 * theta", "operand",
     (rng.normal(size=3), X, rng.normal(size=4))),
    (embedded, embedded_backward, "dout[n, t]", "dout[n, 0]", "operand",
     (rng.normal(size=(5, 2)), np.array([[0, 3, 1], [2, 2, 0]]))),
    (running, running_backward, "np.flip(np.cumsum(np.flip(dc, 1), axis=1), 1)",
     "np.cumsum(dc, axis=1)", "order", (X,)),
    (gated, gated_backward, "dx[:, 2:] =", "dx[:, :2] =", "operand", (rng.normal(size=(3, 4)),)),
    (gated, gated_backward, "b * (1 - t**2)", "b * t * (1 - t)", "value",
     (rng.normal(size=(3, 4)),)),
    (form, form_backward, "(A + A.T) @ x", "A @ x", "missing term",
     (rng.normal(size=(3, 3)), rng.normal(size=3))),
]  # fmt: skip


@pytest.mark.parametrize(("f", "backward", "old", "new", "hint", "args"), SLIPS)
def test_slips_are_named_and_explained(f, backward, old, new, hint, args):
    functions = (f,) if backward is None else (f, backward)
    right = check(*functions, *args)
    assert right.ok, right.message
    wrong, line = with_slip(functions[-1], old, new)
    report = check(*functions[:-1], wrong, *args)
    assert (report.ok, report.line, report.hint) == (False, line, hint), report.message


def test_lambdas_of_one_line_are_not_taken_for_one_another():
    def softplus(x):
        return np.log1p(np.exp(x)), x

    right, wrong = (lambda dout, x: dout / (1 + np.exp(-x))), (lambda dout, x: dout / (1 + np.exp(-x)) * 2)  # fmt: skip # noqa: E501
    assert check(softplus, right, X).ok
    report = check(softplus, wrong, X)
    assert not report.ok
    assert report.mistakes[0].hint == "factor"


def test_what_runs_is_judged_where_the_file_is_newer(tmp_path, monkeypatch):
    """An editor has saved what the session has not reloaded: the wrong one still runs."""
    file = tmp_path / "edited_meanwhile.py"
    text = "def f(x):\n    return x**2, x\n\n\ndef backward(dout, x):\n    return {} * x * dout\n"
    file.write_text(text.format(3))
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module(file.stem)
    file.write_text(text.format("2.0"))
    report = check(module.f, module.backward, X)
    assert not report.ok
    assert any("does not run what stands in edited_meanwhile.py" in note for note in report.notes)
    file.write_text(text.format(3))
    importlib.reload(module)
    assert not any("reload" in note for note in check(module.f, module.backward, X).notes)


def test_what_is_drawn_anew_each_time_says_nothing_of_its_source():
    def f(x):
        return x**2, x

    def backward(dout, x):
        return np.random.default_rng().normal(size=x.shape)

    report = check(f, backward, X)
    assert not report.ok
    assert not any("reload" in note for note in report.notes)


@pytest.mark.parametrize("kind", [np.float64, np.array])
def test_an_exponent_that_is_a_number_of_numpy_is_explained_like_any_other(kind):
    def powers(x, gamma):
        out = x**gamma
        return out, (x, gamma)

    def powers_backward(dout, cache):
        x, gamma = cache
        dx = dout * gamma * x ** (gamma - 2)
        return dx, np.sum(dout * x**gamma * np.log(x))

    report = check(powers, powers_backward, rng.uniform(1, 2, 5), kind(1.7))
    assert report.line == inspect.getsourcelines(powers_backward)[1] + 2
    assert "gamma * x ** (gamma - 1)" in report.message


class Cells:
    """A list of tables, and another one of their gradients."""

    def __init__(self, cells, last=1):
        self.cells, self.last = cells, last

    def forward(self, x):
        self.kept = []
        for cell in self.cells:
            self.kept.append(x)
            x = np.tanh(x @ cell["W"] + cell["b"])
        self.kept.append(x)
        return x

    def backward(self, dout):
        self.grads = []
        for i in reversed(range(len(self.cells))):
            da = dout * (1 - self.kept[i + 1] ** 2)
            self.grads.insert(0, {"W": self.kept[i].T @ da, "b": da.sum(axis=0) * self.last})
            dout = da @ self.cells[i]["W"].T
        return dout


def test_gradients_in_a_list_of_tables_are_those_of_the_tables_of_another_name():
    cells = [{"W": rng.normal(size=(3, 3)), "b": rng.normal(size=3)} for _ in range(2)]
    right = check(Cells(cells), rng.normal(size=(4, 3)))
    assert right.ok, right.message
    assert not right.notes
    assert not check(Cells(cells, last=2), rng.normal(size=(4, 3))).ok


class Bilinear:
    """`right` stands nowhere else in what goes back."""

    def __init__(self, left, right):
        self.left, self.right = left, right

    def forward(self, x):
        self.a, self.b = x @ self.left, x @ self.right
        return self.a * self.b

    def backward(self, dout):
        dx = (dout * self.b) @ self.left.T
        dx += (dout * self.a) @ self.left.T
        return dx


def test_another_attribute_is_the_one_that_is_needed():
    made = Bilinear(rng.normal(size=(3, 4)), rng.normal(size=(3, 4)))
    report = check(made, rng.normal(size=(5, 3)))
    assert report.hint == "operand"
    assert "`self.left` is used where `self.right` is needed" in report.message
