"""The many ways to write one thing in numpy: each traces, and its backward is right."""

import numpy as np
import pytest

import backprop as bp


def local_import(x):
    import numpy as np

    out = np.zeros(x.shape)
    out[:] = np.exp(x)
    return out


def local_import_under_its_own_name(x):
    import numpy

    out = numpy.empty_like(x)
    for i in range(len(x)):
        out[i] = numpy.tanh(x[i])
    return out


def local_import_of_names(x):
    from numpy import exp, maximum, zeros
    from numpy.linalg import norm

    out = zeros((2, *x.shape))
    out[0] = exp(x)
    out[1] = maximum(x, 0) * norm(x)
    return out


def import_in_a_helper(x):
    return local_import(x) * 2


def written_to_by_out(x):
    total = np.zeros(x.shape[1])
    np.sum(x, axis=0, out=total)
    largest = np.zeros(x.shape[1])
    x.max(axis=0, out=largest)
    x = x * 1
    np.clip(x, -0.5, 0.5, out=x)
    return total * largest * x


SPELLINGS = {
    "np.clip(x, max=.5)": lambda x: np.clip(x, max=0.5),
    "np.clip(x, min=0)": lambda x: np.clip(x, min=0),
    "np.clip(x, a_min=0, a_max=None)": lambda x: np.clip(x, a_min=0, a_max=None),
    "np.clip(a=x, ...)": lambda x: np.clip(a=x, a_max=0.5, a_min=-0.5),
    "x.clip(max=.5)": lambda x: x.clip(max=0.5),
    "x.clip(0)": lambda x: x.clip(0),
    "x.clip(None, 1)": lambda x: x.clip(None, 1),
    "np.clip(x, traced, None)": lambda x: np.clip(x, np.mean(x), None),
    "np.sum(a=x)": lambda x: np.sum(a=x, axis=0) * np.mean(a=x),
    "np.dot(a, b)": lambda x: np.dot(a=x, b=x.T),
    "np.sum([a, b])": lambda x: np.sum([x[0], x[1]], axis=0) + np.mean([x[1], x[2]]),
    "np.c_": lambda x: np.c_[x, np.ones(len(x)), x[:, 0]],
    "np.r_": lambda x: np.r_[x[0], 1.0, x[1], 0:3],
    "np.full": lambda x: np.full((2, 3), x.max()) * np.full(shape=3, fill_value=x[0, 0]),
    "np.full_like": lambda x: np.full_like(x, x.sum()) * x,
    "np.pad edge": lambda x: np.pad(x, ((1, 2), (0, 1)), mode="edge"),
    "np.pad reflect": lambda x: np.pad(x, 1, "reflect"),
    "np.rollaxis": lambda x: np.rollaxis(x, 1) @ np.rollaxis(x[None], 0, 3)[..., 0],
    "np.ptp": lambda x: np.ptp(x, axis=1),
    "np.linalg.norm fro": lambda x: np.linalg.norm(x, "fro") + np.linalg.norm(x, ord="fro"),
    "x.take": lambda x: x.take([0, 1, 1], axis=1),
    "sliding_window_view": lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3)) ** 2,
    "sliding_window_view of an axis": lambda x: np.max(
        np.lib.stride_tricks.sliding_window_view(x, 3, axis=0), axis=-1
    ),
    "np.ix_": lambda x: x[np.ix_([0, 2], [1, 3])],
    **{
        f.__name__: f
        for f in (
            local_import,
            local_import_under_its_own_name,
            local_import_of_names,
            import_in_a_helper,
            written_to_by_out,
        )
    },
}


NEWER = ("np.clip(x, max=.5)", "np.clip(x, min=0)")


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_traces_derives_and_is_right(name):
    f = SPELLINGS[name]
    if name in NEWER and np.lib.NumpyVersion(np.__version__) < "2.1.0":
        pytest.skip(f"np.clip of numpy {np.__version__} has no min and max")
    x = np.random.default_rng(0).standard_normal((4, 5))
    graph = bp.trace(f, x)
    np.testing.assert_array_equal(graph.output.value, f(x.copy()))
    dout = np.random.default_rng(1).standard_normal(graph.output.shape)
    numeric = bp.numeric_gradient(f, x, dout=dout)
    assert np.abs(numeric).max() > 1e-3
    np.testing.assert_allclose(graph.backward(dout)["x"], numeric, rtol=1e-9, atol=1e-9)
    scope = {"np": np}
    exec(bp.derive(f, x).source, scope)
    (function,) = [value for key, value in scope.items() if key.endswith("_backward")]
    np.testing.assert_allclose(function(dout, x), numeric, rtol=1e-9, atol=1e-9)


def test_imports_mean_numpy_again_after_a_trace():
    import builtins

    before = builtins.__import__
    bp.trace(local_import, np.ones(3))
    assert builtins.__import__ is before
    with pytest.raises(bp.TraceError, match="float"):
        bp.trace(lambda x: local_import(x) * float(x[0]), np.ones(3))
    assert builtins.__import__ is before
    assert type(local_import(np.ones(3))) is np.ndarray


def test_an_axis_in_a_string_is_refused():
    with pytest.raises(bp.TraceError, match=r"np\.concatenate"):
        bp.trace(lambda x: np.r_["-1", x, x], np.ones((2, 2)))
