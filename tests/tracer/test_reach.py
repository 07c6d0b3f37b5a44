"""Functions of other modules, however a traced function comes by them, and modules made anew."""

import doctest
import importlib
import linecache
import sys
import types

import numpy as np
import pytest

import backprop as bp

LAYERS = """
import numpy as np
from numpy import zeros, zeros_like as alike

func = "a name that functools.partial has, too"

def square(x):
    out = np.zeros_like(x)
    out[:] = x ** 2
    return out

def doubled(x):
    out = zeros(x.shape)
    out += alike(x)
    out[:] = 2 * x
    return out

class Layer:
    def forward(self, x):
        out = np.empty(x.shape)
        out[:] = 3 * x
        return out
"""
USER = """
import layers_of_others
from layers_of_others import *

def starred(x):
    return np.sum(square(x) + doubled(x))

def by_attribute(x):
    return np.sum(layers_of_others.square(x) + layers_of_others.doubled(x))

def local(x):
    import layers_of_others as own
    from layers_of_others import doubled as twice
    return np.sum(own.square(x) + twice(x))
"""
X = np.array([1.0, 2.0, 3.0])


def write(folder, name, text):
    (folder / f"{name}.py").write_text(text)
    linecache.checkcache()
    importlib.invalidate_caches()
    sys.modules.pop(name, None)
    return importlib.import_module(name)


@pytest.fixture
def modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    # Python takes a source of the same size, written within the second, for unchanged.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    layers, user = write(tmp_path, "layers_of_others", LAYERS), write(tmp_path, "user", USER)
    yield layers, user
    for name in ("layers_of_others", "user"):
        sys.modules.pop(name, None)


def gradient(f, *args):
    graph = bp.trace(f, X, *args)
    return graph.backward(np.ones(graph.output.shape))["x"].tolist()


def test_functions_of_another_module_are_followed(modules):
    layers, user = modules
    square, doubled = layers.square, layers.doubled
    table = {"layers": [square, {"twice": doubled}]}

    class Net:
        def __init__(self):
            self.f, self.rest = square, [doubled]

        def forward(self, x):
            return np.sum(self.f(x) + self.rest[0](x))

    def closure(x):
        return np.sum(square(x) + doubled(x))

    def of_a_table(x):
        return np.sum(table["layers"][0](x) + table["layers"][1]["twice"](x))

    def parameters(x, f, fs):
        return np.sum(f(x) + fs[0](x))

    def default(x, f=square, *, g=doubled):
        return np.sum(f(x) + g(x))

    def local(x):
        from layers_of_others import doubled, square

        return np.sum(square(x) + doubled(x))

    wanted = (2 * X + 2).tolist()
    for f in (closure, of_a_table, default, local, user.starred, user.by_attribute, user.local):
        assert gradient(f) == wanted, f
    assert gradient(parameters, square, [doubled]) == wanted
    assert gradient(Net().forward) == wanted
    assert gradient(lambda x: np.sum(layers.Layer().forward(x))) == [3, 3, 3]
    assert layers.np is np
    assert layers.zeros is np.zeros


def test_a_module_made_anew_is_seen_as_it_is_now(modules, tmp_path):
    _, user = modules
    assert gradient(user.starred) == (2 * X + 2).tolist()
    newer = LAYERS.replace("2 * x", "5 * x")
    layers = write(tmp_path, "layers_of_others", newer)
    user.doubled = layers.doubled  # as many names as before
    assert gradient(user.starred) == (2 * X + 5).tolist()
    write(tmp_path, "layers_of_others", newer.replace("x ** 2", "x ** 3"))
    user = importlib.reload(user)
    assert gradient(user.starred) == (3 * X**2 + 5).tolist()


def test_numpy_in_a_closure():
    def made():
        import numpy
        from numpy import zeros

        def f(x):
            out = zeros(3)
            out[:] = numpy.zeros(3) + x
            return np.sum(out * x)

        return f

    assert gradient(made()) == (2 * X).tolist()


def test_functions_without_a_file(monkeypatch):
    text = (
        "import numpy as np\n"
        "class Layer:\n"
        "    def __init__(self): self.w = np.ones(3)\n"
        "    def forward(self, x):\n"
        "        out = np.zeros(3)\n"
        "        out[:] = x * self.w\n"
        "        return out\n"
        "def f(x):\n"
        "    diff = x - np.mean(x)\n"
        "    out = np.zeros_like(x)\n"
        "    out[:] = diff ** 2\n"
        "    return out\n"
    )
    scope = {}
    exec(text, scope)  # without a module's name, even
    assert gradient(scope["f"]) == pytest.approx(
        bp.numeric_gradient(scope["f"], X, dout=np.ones(3))
    )
    names = [n.name for n in bp.trace(scope["Layer"]().forward, X).differentiated]
    assert names == ["x", "self.w"]

    cell = "<ipython-input-1>"  # a notebook puts its cells into linecache
    lines = text.splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, cell, (len(text), None, lines, cell))
    scope = {"__name__": "__main__"}
    exec(compile(text, cell, "exec"), scope)
    assert bp.trace(scope["f"], X)["diff"].line == 9
    assert "ddiff = 2 * diff * dout" in bp.derive(scope["f"], X).source

    module = types.ModuleType("documented")
    module.__doc__ = (
        ">>> import numpy as np, backprop as bp\n"
        ">>> X = np.ones((2, 3))\n"
        ">>> def f(W):\n"
        "...     out = np.zeros((2, 2))\n"
        "...     out[:] = X.dot(W)\n"
        "...     return out\n"
        ">>> bp.derive(f, np.ones((3, 2))).lines\n"
        "['dW = X.T @ dout']\n"
    )
    assert doctest.testmod(module).failed == 0


def through_the_package(x, gamma, beta, w, b):
    out, _ = bp.layers.batchnorm_forward(x, gamma, beta)
    images, _ = bp.layers.conv_forward(out.reshape(2, 2, 3, 3), w, b)
    return images**2


def test_the_layers_of_this_package_are_followed_by_their_dotted_names():
    rng = np.random.default_rng(0)
    args = [rng.normal(size=shape) for shape in ((4, 9), (9,), (9,), (3, 2, 2, 2), (3,))]
    dout = rng.normal(size=through_the_package(*args).shape)
    found = bp.derive(through_the_package, *args)(dout, *args)
    wanted = bp.numeric_gradient(through_the_package, *args, dout=dout)
    for gradient, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(gradient, want, rtol=1e-7, atol=1e-7)


def test_a_buffer_of_a_function_out_of_reach_is_traced_where_numpy_tells_us():
    def f(x):
        scope = {}
        exec("import numpy\ndef g(x):\n z = numpy.zeros_like(x)\n z[0] = x[1]\n return z", scope)
        return scope["g"](x) * x

    x = np.array([2.0, 3.0])
    np.testing.assert_allclose(bp.derive(f, x)(np.ones(2), x), [3, 2])
