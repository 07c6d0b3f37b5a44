"""Calls of numpy beyond a row each: methods of ufuncs, what acts in place, what is composed."""

import copy
import pickle

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

import backprop as bp


def array(*shape, seed=0):
    return np.random.default_rng(seed).uniform(0.2, 1.8, shape)


SQUARE = array(3, 3) + 2 * np.eye(3)


def sorted_in_place(x):
    y = x.copy()
    y.sort(axis=0)
    x = x * 2
    x.sort()
    return x * y


def filled_whole(x):
    out = np.zeros(x.shape, dtype=x.dtype)
    out[:] = np.exp(x)
    column = out[:, 0]
    column[...] = column**2
    out[:, :] = out + x[0]
    return out * x


def written_by_out(x):
    y = x * 2
    np.tanh(3, y)  # a constant, written into a traced array
    z = x * 3
    np.exp(x, out=z)
    np.clip(z, 1.5, 4, z)
    w = np.empty_like(x)
    np.dot(np.ones((3, 3)), np.ones((3, 4)), w)
    x.clip(0.5, 1.5, y[:])
    np.concatenate([z[:1], w[1:]], 0, w)
    return y * z + w


def written_by_places(x):
    y = x * 2
    np.put(y, [0, 5], x[0, :2])
    y.put([1], 3.0)
    np.place(y, np.arange(12).reshape(3, 4) > 9, x[1, :2])
    np.putmask(y, y > 2, x)
    np.copyto(y, x**2, where=x < 0.5)
    np.copyto(y, 1, where=x > 1.7)
    return y


def divided_where(x):
    mask = x > 1
    y = np.divide(x, (x - x[:1]), out=np.zeros_like(x), where=x != x[:1])
    return y + np.log(x - 1, out=np.ones_like(x), where=mask)


CALLS = {
    "out": (written_by_out, array(3, 4)),
    "put, place, putmask, copyto": (written_by_places, array(3, 4)),
    "where and out": (divided_where, array(3, 4)),
    "outer": (lambda x: np.subtract.outer(x[0], x) + np.multiply.outer(2.0, x[0, 1]), array(2, 3)),
    "accumulate": (lambda x: np.add.accumulate(x) * np.multiply.accumulate(x, 1), array(2, 3)),
    "reduce a list": (lambda x: np.maximum.reduce([x[0], 2 * x[1], x[2]]), array(3, 4)),
    "add.reduce of a list": (lambda x: np.add.reduce((x[0], x[1])) ** 2, array(3, 4)),
    "norm inf": (lambda x: np.linalg.norm(x - 1, np.inf, axis=1), array(3, 4)),
    "norm -inf": (lambda x: np.linalg.norm(x - 1, ord=-np.inf, axis=0, keepdims=True), array(3, 4)),
    "slogdet": (lambda x: np.linalg.slogdet(x).logabsdet * np.linalg.slogdet(x)[0], SQUARE),
    "matrix_power": (lambda x: np.linalg.matrix_power(x, 3), SQUARE),
    "matrix_power -2": (lambda x: np.linalg.matrix_power(x, -2), SQUARE),
    "cross": (lambda x: np.cross(x, x[::-1] ** 2), array(4, 3)),
    "kron": (lambda x: np.kron(x, x[:1] + 1), array(2, 3)),
    "vecdot": (lambda x: np.vecdot(x, x**2, axis=0), array(2, 3)),
    "cov": (lambda x: np.cov(x) + np.cov(x.T, rowvar=False, bias=True), array(3, 5)),
    "trapezoid": (lambda x: np.trapezoid(x, np.array([0, 1, 3]), axis=0), array(3, 4)),
    "trapezoid over x": (lambda x: np.trapezoid(x[0], x[1].cumsum()), array(2, 4)),
    "choose": (
        lambda x: np.choose(np.array([[0, 1, 2, 0]] * 3), [x, x**2, 3.0]) + (x > 1).choose([x, 0]),
        array(3, 4),
    ),
    "select": (lambda x: np.select([x < 0.5, x < 1], [-x, x**2], default=3 * x), array(3, 4)),
    "delete": (lambda x: np.delete(x, [0, 2], axis=1) ** 2, array(3, 4)),
    "roll": (lambda x: np.roll(x, (1, 2), axis=(0, 1)) * x, array(3, 4)),
    "concatenate flat": (lambda x: np.concatenate([x, x[0] ** 2], axis=None), array(3, 4)),
    "diagonal": (lambda x: np.diagonal(x) * x.diagonal(), array(3, 3)),
    "real": (lambda x: x.real * np.real(x) + x.conj(), array(3)),
    "sort in place": (sorted_in_place, array(3, 4)),
    "filled whole": (filled_whole, array(3, 4)),
    "asarray": (
        lambda x: (
            np.asarray(x) * np.ascontiguousarray(x.T).T + np.array([r.sum() for r in x])[:, None]
        ),
        array(3, 4),
    ),
    "asarray of a list": (
        lambda x: np.asarray([x[i] ** 2 for i in range(3)], dtype=float),
        array(3, 4),
    ),
    "deepcopy": (lambda x: copy.deepcopy(x) * copy.copy(x) * x.view(), array(3)),
    "append": (lambda x: np.append(x, 1.0) * np.append(0.5, x**2), array(3)),
    "block": (lambda x: np.block([[x, np.ones((2, 1))], [x[:1] ** 2, 3.0]]), array(2, 3)),
    "insert": (
        lambda x: (
            np.insert(x, 1, x[:, 0] ** 2, axis=1)
            + np.insert(x, -1, 2.0, axis=1)
            + np.insert(x, 0, x[:1, :1], 1)
        ),
        array(3, 4),
    ),
    "insert flat": (lambda x: np.insert(x, 2, 5.0) ** 2, array(2, 3)),
    "mT": (lambda x: x.mT @ x + np.atleast_3d(x)[:, :, 0].T @ x, array(2, 3)),
    "broadcast_arrays": (lambda x: np.prod(np.broadcast_arrays(x[0], x)[0] * x, 0), array(2, 3)),
    "unstack": (lambda x: np.unstack(x, axis=1)[2] ** 2, array(2, 3)),
    "diagonals": (
        lambda x: (
            x.diagonal(1)[:2] * np.diagonal(x, -1)
            + np.diagonal(x[None] ** 2, axis1=1, axis2=2)[0, :2]
        ),
        array(3, 4),
    ),
    "diagflat": (lambda x: np.diagflat(x) ** 2, array(2, 2)),
    "multi_dot": (lambda x: np.linalg.multi_dot([x, x.T, x]), array(2, 3)),
    "norms": (
        lambda x: (
            np.linalg.vector_norm(x) * np.linalg.matrix_norm(x) * np.linalg.vector_norm(x, axis=0)
        ),
        array(2, 3),
    ),
    "compress": (
        lambda x: np.compress([True, False, True], x, axis=0).sum() * np.extract(x > 0.5, x),
        array(3, 4),
    ),
    "put_along_axis": (
        lambda x: put_along(x * 2, x.argmax(1)[:, None], x[:, :1] ** 2),
        array(3, 4),
    ),
    "piecewise": (
        lambda x: np.piecewise(x, [x < 0.5, x > 1], [lambda v: v**2, np.exp, lambda v: 3 * v]),
        array(3, 4),
    ),
    "apply_along_axis": (
        lambda x: (
            np.apply_along_axis(lambda v: np.exp(v) / np.sum(np.exp(v)), 0, x)
            + np.apply_along_axis(np.sum, 1, x)[:, None]
        ),
        array(3, 4),
    ),
    "median": (
        lambda x: np.median(x, axis=1) * np.percentile(x, 30) + np.quantile(x, 0.9),
        array(3, 4),
    ),
    "median kept": (
        lambda x: np.median(x, 0, keepdims=True) * x * np.median(x, keepdims=True),
        array(4, 3),
    ),
    "where in a sum": (
        lambda x: (
            np.sum(x, where=x > 1) * x.mean(axis=0, where=x > 0.1) * np.max(x, 1, initial=1.5).sum()
        ),
        array(3, 4),
    ),
    "nan": (lambda x: np.nansum(x, 0) * np.nanmean(x, axis=0) * np.nan_to_num(x), array(3, 4)),
    "logaddexp.reduce": (lambda x: np.logaddexp.reduce(x, axis=1), array(3, 4)),
    "bincount": (lambda x: np.bincount([0, 1, 1, 3], weights=x**2, minlength=5), array(4)),
    "corrcoef": (lambda x: np.corrcoef(x), array(3, 5)),
    "convolve": (
        lambda x: (
            np.convolve(x, x[:3], "same") * np.convolve(x[:3], x, "valid").sum()
            + np.convolve(x, x)[:5]
        ),
        array(5),
    ),
    "correlate": (
        lambda x: np.correlate(x, x[:2], "same") + np.correlate(x, x[1:], "full")[:5],
        array(5),
    ),
    "polyval": (lambda x: np.polyval([1, -2, 3], x) * np.polyval(x, 2.0), array(4)),
    "rests": (lambda x: np.divmod(x, 0.3)[1] * np.fmod(-x, 0.7) * np.modf(x)[0], array(4)),
    "cumulative_sum": (lambda x: np.cumulative_sum(x, axis=1) ** 2, array(3, 4)),
    "fmax": (lambda x: np.fmax(x, 1) * np.degrees(np.fmin(x, 0.5)), array(3, 4)),
    "places of the largest": (
        lambda x: (
            x[np.unravel_index(np.argmax(x), x.shape)] * x[np.searchsorted([0.0, 1.0], x[0]) - 1]
        ),
        array(3, 4),
    ),
    "as_strided": (
        lambda x: (
            np.lib.stride_tricks.as_strided(
                x, (3, 2), (x.strides[0], x.strides[0]) if x.flags.c_contiguous else None
            )
            @ as_strided(x * 2, shape=(2, 3), strides=(x.itemsize, 8))
        ),
        array(4),
    ),
    "inverses of stacks": (
        lambda x: np.linalg.det(x)[:, None] * np.linalg.slogdet(x)[1] + np.linalg.inv(x)[:, 0],
        array(3, 3, 3) + 2 * np.eye(3),
    ),
    "cholesky": (lambda x: np.linalg.cholesky(x @ x.T + x.T) ** 2, SQUARE),
    "cholesky of its lower half": (lambda x: np.linalg.cholesky(x) ** 2, SQUARE @ SQUARE.T),
    "eigh": (lambda x: by_root(*np.linalg.eigh(x + np.swapaxes(x, 1, 2))), SQUARE[None]),
    "eigh of its lower half": (lambda x: by_root(*np.linalg.eigh(x)), SQUARE @ SQUARE.T),
    "eigenvectors": (
        lambda x: np.linalg.eigh(x).eigenvectors * np.linalg.eigvalsh(x),
        SQUARE @ SQUARE.T,
    ),
    "svd, tall": (lambda x: turned(*np.linalg.svd(x, full_matrices=False)), array(4, 3)),
    "svd, wide": (lambda x: turned(*np.linalg.svd(x, full_matrices=False)), array(2, 4)),
    "svd, square": (lambda x: turned(*np.linalg.svd(x)), SQUARE),
    "singular values": (
        lambda x: np.linalg.svd(x)[1] * np.linalg.svd(x, compute_uv=False) * np.linalg.cond(x),
        array(4, 3),
    ),
    "norms of matrices": (
        lambda x: (
            np.linalg.norm(x, 2) * np.linalg.norm(x, "nuc") * np.linalg.norm(x, 1)
            + np.linalg.norm(x, -np.inf) * np.linalg.norm(x, -2)
        ),
        array(4, 3),
    ),
    "qr, tall": (lambda x: turned(*np.linalg.qr(x), x), array(4, 3)),
    "qr, wide": (lambda x: np.linalg.qr(x).R * np.linalg.qr(x, mode="r")[0], array(2, 4)),
    "pinv": (lambda x: np.linalg.pinv(x).T * np.linalg.pinv(x.T), array(4, 3)),
    "lstsq": (
        lambda x: np.linalg.lstsq(x[:, :2], x[:, 2:], rcond=None)[0] * x[0, 0],
        array(4, 4),
    ),
    "lstsq, what is left": (
        lambda x: np.linalg.lstsq(x, x[:, 0] ** 2, rcond=None)[1] * np.linalg.matrix_rank(x),
        array(4, 2),
    ),
    "interp": (
        lambda x: (
            np.interp(x[0] * 2, np.cumsum(x[1]), x[2], left=0.5)
            + np.interp([0.1, 0.7, 3, 9], np.arange(4.0), x[0], right=x[1, 0])
        ),
        array(3, 4),
    ),
    "meshgrid": (
        lambda x: (
            np.multiply(*np.meshgrid(x[0], x[1, :2]))
            + np.meshgrid(x[0, :2], x[2], indexing="ij", sparse=True)[0]
            * np.meshgrid(x[0, :2], x[2], indexing="ij")[1]
        ),
        array(3, 4),
    ),
    "spaces": (
        lambda x: (
            np.linspace(x[0], x[1], 5)
            * np.logspace(x[0], 1.0, 5)[:, None][:, 0, None]
            * np.geomspace(0.1, x[2, 0], 5, endpoint=False)[:, None]
        ),
        array(3, 1),
    ),
    "differences": (
        lambda x: np.gradient(x, 0.1, axis=1) * np.gradient(x)[0] + np.ediff1d(x)[:4],
        array(3, 4),
    ),
    "powers": (lambda x: np.vander(x, 3) @ np.vander(x[:3], increasing=True), array(4)),
    "entries that are no numbers": (
        lambda x: np.nanmax(x, 0) + np.nanvar(x, 0) * np.nanstd(x) + np.nanmin(x),
        array(3, 4),
    ),
    "places and pieces": (
        lambda x: (
            x
            * np.array([1.0, 3.0, 2.0])[np.digitize(x, [0.5, 1.0])]
            * np.where(np.isclose(x, 1.0, atol=0.3) | np.isin(x, [2.0]), x, 2)
            * (x if np.allclose(x, x) and not np.array_equal(x, x[0]) else 1)
        ),
        array(3, 4),
    ),
    "further": (
        lambda x: (
            np.partition(x, 1, axis=1) * np.copysign(x, [-1.0, 1, 1, -1]) * np.cumprod(x)[-1]
            + np.logaddexp2(x, x[0]) * np.fft.fftshift(x) * np.fft.ifftshift(x, axes=1)
        ),
        array(3, 4),
    ),
    "lists of numbers and traced entries": (
        lambda x: (
            np.prod([x[0], x[1], 3.0])
            + np.linalg.norm([x[2], x[3]])
            + np.linalg.solve([[x[0] + 5, 1.0], [2.0, x[1]]], [1.0, x[2]])
            + np.where([True, False], [x[0], 2.0], [0.0, x[3]])
            + np.kron([x[0]], [1.0, x[2]]) * np.std([x[0], x[3], 1.0])
            + np.concatenate(([-3.0], x, [3.0]))[:2]
            + np.hstack([[-1.0], x * x])[1:3]
            + np.stack([[x[0], x[1]], [1.0, 2.0]])[:, 0]
        ),
        array(4),
    ),
    "lists with traced entries": (
        lambda x: (
            x[:2] * [x[3], 2.0]
            + np.sqrt([x[0], x[1] * x[2]])
            + np.outer([1, 2], x)[1, :2]
            + np.append(x, [x[0], 1])[3:5]
            + np.concatenate([x[:1], [x[2]]])
            + [x[1], 3] / x[2:]
        ),
        array(4),
    ),
    "histogram": (
        lambda x: (
            np.histogram([0.1, 0.2, 0.9, 1.5], bins=2, weights=x)[0] ** 2
            + np.histogram(x, [0.0, 1.0, 2.0])[0] * x[:2]
        ),
        array(4),
    ),
    "copies": (lambda x: copy.deepcopy({"x": x, "of": [x]})["of"][0] * copy.copy(x), array(3)),
    "chosen by a list": (lambda x: np.choose([0, 1, 2, 0], x**2), array(3, 4)),
}


def by_root(values, vectors):
    return (vectors * np.sqrt(values)[..., None, :]) @ vectors[..., ::-1] * values[..., None]


def turned(*factors):
    return sum(np.sum(factor**3) for factor in factors[:-1]) * factors[-1] ** 2


def put_along(y, places, values):
    np.put_along_axis(y, places, values, axis=1)
    return y * 3


# What the oldest numpy that we promise does not have yet.
NEWER = {
    "vecdot": "vecdot",
    "trapezoid": "trapezoid",
    "trapezoid over x": "trapezoid",
    "mT": "matrix_transpose",
    "unstack": "unstack",
    "norms": "vecdot",
    "cumulative_sum": "cumulative_sum",
}


@pytest.mark.parametrize("name", CALLS)
def test_it_traces_and_its_backward_is_right(name):
    f, x = CALLS[name]
    if name in NEWER and not hasattr(np, NEWER[name]):
        pytest.skip(f"numpy {np.__version__} has no {NEWER[name]}")
    graph = bp.trace(f, x)
    np.testing.assert_allclose(graph.output.value, f(x.copy()), rtol=1e-13, atol=1e-13)
    dout = array(*graph.output.shape, seed=1)
    wanted = bp.numeric_gradient(f, x, dout=dout)
    np.testing.assert_allclose(bp.derive(f, x)(dout, x), wanted, rtol=1e-9, atol=1e-9)


VIEWS = {
    "reshaped": lambda x: np.concatenate([x.reshape(-1), x[0] * 2]),
    "turned": lambda x: np.flip(x).T * x[1, 2],
    "moved": lambda x: np.moveaxis(x, 0, 1)[:, 1:].sum() + np.swapaxes(x, 0, 1) * x[0, 0],
    "traced twice": lambda x: np.einsum("ij->ji", x) + x[1, 1] * 1.0,
    "on a diagonal": lambda x: np.diag(x[0]) + x[0, 1],
}


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_scattered_into_is_never_the_gradient_that_was_given(name):
    f, x = VIEWS[name], array(3, 3)
    dout = array(*np.shape(f(x)), seed=1)
    before = dout.copy()
    scope = {"np": np}
    exec(bp.derive(f, x).source, scope)
    found = scope["f_backward"](dout, x)
    np.testing.assert_array_equal(dout, before)
    np.testing.assert_allclose(found, bp.numeric_gradient(f, x, dout=before), rtol=1e-9)


def test_pieces_are_found_anew_for_other_arguments():
    def f(x):
        return (
            np.interp(x, [0.0, 1.0, 2.0], [0.0, 1.0, 4.0])
            * np.array([1.0, 5.0])[np.searchsorted([1.0], x)]
        )

    backward = bp.derive(f, np.array([0.5, 1.5]))
    np.testing.assert_allclose(backward(np.ones(2), np.array([1.7, 0.3])), [15.0, 1.0])


def test_products_of_stacks_are_what_numpy_computes():
    """Bit by bit: they are run as the author wrote them."""

    def f(x, w):
        return np.dot(x, w) + np.tensordot(x, w, axes=1) + x.dot(w)

    x, w = array(3, 4, 5), array(5, 6)
    np.testing.assert_array_equal(bp.trace(f, x, w).output.value, f(x, w))
    assert [n.op for n in bp.trace(f, x, w).nodes][2:5] == ["dot", "tensordot", "add"]


def test_whole_numbers_have_no_gradient():
    def f(x):
        return x * x.astype(int) + round(x[0] * 3, 1) + divmod(x, 0.3)[0]

    x = np.array([1.7, -2.2, 0.4])
    np.testing.assert_array_equal(bp.trace(f, x).output.value, f(x))
    np.testing.assert_array_equal(bp.derive(f, x)(np.ones(3), x), [1, -2, 0])


def test_masks_are_joined_as_the_author_joins_them():
    def f(x):
        inside = (x > 0.5) & ~(x > 1) | (x == 1.5)
        return np.where(inside, x**2, 0)

    assert "inside = (x > 0.5) & ~(x > 1) | (x == 1.5)" in bp.derive(f, array(3, 4)).source


@pytest.mark.parametrize("use", [lambda x: x & 1, lambda x: ~x])
def test_what_numpy_refuses_is_refused(use):
    with pytest.raises(TypeError, match="not supported for the input types"):
        bp.trace(use, array(3))


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda x: np.diff(x, prepend=0), "`diff` does not have this call: .*'prepend'"),
        (lambda x: np.vstack([x, x], dtype=float), "`vstack` does not have this call: .*'dtype'"),
        (lambda x: x.take([0], mode="clip"), "`take` does not have this call: .*'mode'"),
        (lambda x: np.i0(x), r"np\.i0\(x\)"),
        (lambda x: np.linalg.eig(x), "Instead: complex numbers .* np.linalg.eigh"),
        (lambda x: np.abs(np.fft.rfft(x)), r"`rfft` has no row .* Instead: .*np\.cos\(a\) @ x"),
        (lambda x: np.linalg.svd(x[:, :2])[0][:, :2], "full_matrices=False"),
        (lambda x: np.linalg.qr(x, mode="complete"), "mode='reduced'"),
        (lambda x: np.linalg.inv(x[0]), r"no row of `inv` covers the operands .*\(x.ndim == 2\)"),
        (lambda x: x.imag, r"arrays in a traced function have no `\.imag`"),
        (lambda x: np.hypot.reduce(x), r"`hypot\.reduce` has no row"),
    ],
)
def test_a_call_that_the_table_does_not_have_is_said_with_its_line(use, said):
    with pytest.raises(bp.RuleError, match=rf"test_numpy_calls\.py:\d+(.|\n)*{said}"):
        bp.trace(use, array(3, 3))


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda x: np.array(x.tolist()), "`x` became a list"),
        (lambda x: pickle.loads(pickle.dumps(x)), r"became a pickle.*copy\.deepcopy"),
        (lambda x: np.vectorize(lambda entry: entry + 1)(x), r"np\.vectorize"),
        (lambda x: ("%.3f" % x.sum()) and x, r'write f"\{x:\.3f\}"'),  # noqa: UP031
        (lambda x: np.abs(1j * x), "complex numbers"),
        (lambda x: {"out": x, "mask": x > 0}, "returns a dict with 'out', 'mask'"),
    ],
)
def test_what_leaves_the_graph_is_said_with_the_way_out(use, said):
    with pytest.raises(bp.TraceError, match=said):
        bp.trace(use, array(3))


def test_what_is_no_graph_and_no_function_is_said():
    with pytest.raises(TypeError, match=r"bp\.draw\(bp\.trace\(f, x\)\), not a function"):
        bp.draw(np.sum.__wrapped__)
    with pytest.raises(TypeError, match="takes two functions"):
        bp.check(3, np.tanh, array(3))
