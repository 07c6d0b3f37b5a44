"""numpy functions that are met less often, written with those that have a row."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from backprop.graph.errors import RuleError
from backprop.graph.keys import counting
from backprop.tracer.array import Array, current, leave, refuse, traced
from backprop.tracer.assignment import store
from backprop.tracer.composed import cov
from backprop.tracer.frames import site
from backprop.tracer.matrices import MATRICES
from backprop.tracer.operations import call
from backprop.tracer.several import reshape, reshape_any


def _only(said: str) -> RuleError:
    return RuleError(f"{site(sys._getframe(2))}\n  {said}")


def _zeros(like: Array, shape: tuple[int, ...]) -> Array:
    """A buffer on the tape of an array."""
    node = like.tape.constant(np.zeros(shape, like.dtype))
    node.note = "zeros", (shape,), {}
    return traced(like.tape, node)


# ── the same array ──────────────────────────────────────────────────────────────────────────
def view(x: Any, *kind: Any) -> Any:
    """`x.view()`; with another dtype it would read the bytes as other numbers."""
    if kind not in ((), (np.ndarray,)):
        raise _only("the row of `view` has no dtype: use `.astype`")
    return x[...]


def as_strided(x: Any, shape: Any = None, strides: Any = None, **_: Any) -> Any:
    """`as_strided(x, shape, strides)`, as im2col is often written: an index into the flat array."""
    if type(x) is not Array:
        return np.lib.stride_tricks.as_strided(x, shape, strides, **_)
    value = current(x).value
    if not value.flags.c_contiguous:
        refuse("`as_strided` of an array that is not contiguous", "take a copy first: `x.copy()`")
    places = np.arange(value.size, dtype=np.intp).reshape(value.shape)
    size = places.itemsize
    steps = strides and tuple(int(step) // value.itemsize * size for step in strides)
    whole = tuple(int(each) for each in shape) if shape is not None else None
    key = np.lib.stride_tricks.as_strided(places, whole, steps)
    return reshape(x, -1)[np.array(key)]


# ── joining and taking ──────────────────────────────────────────────────────────────────────
def block(arrays: Any) -> Any:
    """`np.block([[a, b], [c, d]])`: joined along the last axis, then along the one before."""

    def depth(part: Any) -> int:
        return 1 + max(map(depth, part)) if type(part) is list else 0

    levels = depth(arrays)

    def joined(part: Any, level: int) -> Any:
        if type(part) is not list:
            while np.ndim(part) < max(levels, 1):
                part = np.expand_dims(part, 0)
            return part
        return np.concatenate([joined(each, level - 1) for each in part], -level)

    return joined(arrays, levels)


def insert(x: Any, place: int, values: Any, axis: int | None = None) -> Any:
    """`np.insert(x, 0, 1.0, axis=1)` at one place."""
    if np.ndim(place):
        raise _only("the row of `insert` is for one place: join the pieces with np.concatenate")
    if axis is None:
        x, axis = reshape_any(x, (-1,)), 0
    axis %= np.ndim(x)
    size = int(np.shape(x)[axis])
    place = int(place) % size if -size <= place < size else int(place)
    before: tuple[Any, ...] = (slice(None),) * axis
    while np.ndim(values) < np.ndim(x):
        values = np.expand_dims(values, 0)
    values = np.moveaxis(values, 0, axis)  # as numpy reads them: an entry a row
    shape = list(np.shape(x))
    shape[axis] = np.shape(values)[axis]
    between = np.broadcast_to(values, tuple(int(each) for each in shape))
    return np.concatenate(
        [x[(*before, slice(place))], between, x[(*before, slice(place, None))]], axis
    )


def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """`np.unstack(x)`: the entries along an axis."""
    before = (slice(None),) * (axis % np.ndim(x))
    return tuple(x[(*before, i)] for i in range(int(np.shape(x)[axis])))


def broadcast_arrays(*arrays: Any) -> list[Any]:
    """`np.broadcast_arrays(x, y)`."""
    shape = np.broadcast_shapes(*[tuple(map(int, np.shape(part))) for part in arrays])
    return [np.broadcast_to(part, shape) for part in arrays]


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """`np.diagonal(x)` of two axes, which comes last."""
    if np.ndim(x) == 2 and (axis1, axis2) == (0, 1) and x.shape[0] == x.shape[1]:
        return call("diag", x, offset)
    x = np.moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = (int(each) for each in np.shape(x)[-2:])
    count = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    along = counting(count)
    return x[..., along + max(-offset, 0), along + max(offset, 0)]


def compress(condition: Any, x: Any, axis: int | None = None) -> Any:
    """`np.compress(mask, x, axis)`: the entries where the mask is true."""
    if axis is None:
        x, axis = reshape_any(x, (-1,)), 0
    places = np.flatnonzero(condition)
    return x[(*[slice(None)] * (axis % np.ndim(x)), places)]


def put_along_axis(x: Any, indices: Any, values: Any, axis: int | None) -> None:
    """`np.put_along_axis(x, indices, values, axis)`."""
    if axis is None:
        raise _only("the row of `put_along_axis` needs an axis")
    key = [
        indices
        if each == axis % x.ndim
        else counting(int(x.shape[each])).reshape(
            [-1 if other == each else 1 for other in range(x.ndim)]
        )
        for each in range(x.ndim)
    ]
    store(x, tuple(key), values)


def piecewise(x: Any, conditions: Any, functions: Any, *args: Any, **options: Any) -> Any:
    """`np.piecewise(x, [x < 0, x >= 0], [f, 2.0])`; a last function more is for all the rest."""
    masks = list(conditions) if isinstance(conditions, (list, tuple)) else [conditions]
    if len(functions) == len(masks) + 1:
        rest = masks[0]
        for mask in masks[1:]:
            rest = np.logical_or(rest, mask)
        masks.append(np.logical_not(rest))
    result = _zeros(x, current(x).shape)
    for mask, function in zip(masks, functions, strict=True):
        part = function(x[mask], *args, **options) if callable(function) else function
        store(result, mask, part)
    return result


def apply_along_axis(
    function: Callable[..., Any], axis: int, x: Any, *args: Any, **options: Any
) -> Any:
    """`np.apply_along_axis(softmax, 1, x)`: the function of each row, stacked again."""
    axis %= np.ndim(x)
    moved = np.moveaxis(x, axis, -1) if axis != np.ndim(x) - 1 else x
    lead = tuple(int(each) for each in np.shape(moved)[:-1])
    rows = [function(moved[place], *args, **options) for place in np.ndindex(*lead)]
    stacked = np.stack(rows)
    inner = tuple(int(each) for each in np.shape(stacked)[1:])
    whole = np.reshape(stacked, (*lead, *inner))
    if len(inner) == 1 and axis != np.ndim(x) - 1:
        return np.moveaxis(whole, -1, axis)
    return whole


# ── sums and orders ─────────────────────────────────────────────────────────────────────────
def limited(op: str, x: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    """`np.sum(x, where=mask)`, `np.max(x, initial=0)`: what is left out is no entry."""
    mask, initial = options.pop("where", True), options.pop("initial", None)
    if (
        options
        or op not in _NOTHING
        or (op in ("max", "min") and mask is not True and initial is None)
    ):
        raise _only(f"the row of `{op}` does not have {', '.join(options) or '`where`'}")
    if mask is not True:
        x = np.where(mask, x, initial if op in ("max", "min") else _NOTHING[op])
    if op == "mean" and mask is not True:
        number = np.sum(np.broadcast_to(mask, x.node.shape), axis=axis, keepdims=keepdims)
        return call("sum", x, axis, keepdims) / number
    result = call(op, x, axis, keepdims)
    joins = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}
    return result if initial is None else joins[op](result, initial)


LIMITS = {"where", "initial"}  # options that leave entries out, or put one in
_NOTHING = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "max": None, "min": None}


def without_nan(op: str) -> Callable[..., Any]:
    """`np.nansum(x)`, `np.nanmean(x)`: NaN is no entry."""

    def compute(x: Any, axis: Any = None, **options: Any) -> Any:
        return limited(op, x, axis, where=~np.isnan(x), **options)

    return compute


def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """`np.nan_to_num(x)`."""
    limits = np.finfo(x.dtype)
    x = np.where(np.isnan(x), nan, x)
    x = np.where(x == np.inf, float(limits.max) if posinf is None else posinf, x)
    return np.where(x == -np.inf, float(limits.min) if neginf is None else neginf, x)


def quantile(x: Any, q: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    """`np.quantile(x, 0.3, axis)`: between two neighbours of the sorted entries."""
    if options or np.ndim(q) or isinstance(axis, tuple):
        raise _only("the row of `quantile` is for one q, one axis and numpy's own method")
    flat = reshape_any(x, (-1,)) if axis is None else x
    along = 0 if axis is None else axis % np.ndim(x)
    ordered = np.sort(flat, axis=along)
    place = float(q) * (int(np.shape(flat)[along]) - 1)
    low = int(np.floor(place))
    before: tuple[Any, ...] = (slice(None),) * along
    result: Any = ordered[(*before, low)]
    if place > low:
        result = result * (1 - (place - low)) + ordered[(*before, low + 1)] * (place - low)
    if keepdims:
        return (
            np.reshape(result, (1,) * np.ndim(x)) if axis is None else np.expand_dims(result, along)
        )
    return result


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.median(x, axis)`."""
    return quantile(x, 0.5, axis, keepdims)


def percentile(x: Any, q: Any, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    """`np.percentile(x, 30, axis)`."""
    return quantile(x, q / 100, axis, keepdims, **options)


def log_add_exp(x: Any, axis: Any = 0, keepdims: bool = False) -> Any:
    """`np.logaddexp.reduce(x, axis)`: the stable logarithm of a sum of exponentials."""
    largest = np.max(current(x).value, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axis)


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """`np.bincount(labels, weights=w)`: sums of weights by label."""
    labels = current(x).value if type(x) is Array else np.asarray(x)
    if weights is None:
        return np.bincount(labels, minlength=minlength)
    counts = _zeros(weights, (max(int(labels.max(initial=-1)) + 1, minlength),))
    np.add.at(counts, labels, weights)  # type: ignore[arg-type]
    return counts


# ── products ────────────────────────────────────────────────────────────────────────────────
def multi_dot(arrays: Any) -> Any:
    """`np.linalg.multi_dot([a, b, c])`."""
    return reduce(np.matmul, arrays)


def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """`np.linalg.vector_norm(x)`: of all entries, whatever the shape."""
    if axis is None and np.ndim(x) != 1:
        if keepdims:
            raise _only("the row of `vector_norm` needs an axis to keep")
        x = reshape_any(x, (-1,))
    return np.linalg.norm(x, None if ord == 2 else ord, axis, keepdims)


def corrcoef(x: Any, rowvar: bool = True) -> Any:
    """`np.corrcoef(x)`: a covariance over its standard deviations."""
    covariance = cov(x, rowvar)
    spread = np.sqrt(np.diag(covariance))
    return covariance / spread[:, None] / spread[None, :]


def convolve(x: Any, w: Any, mode: str = "full") -> Any:
    """`np.convolve(x, w, mode)`: products of windows with the flipped kernel."""
    if np.shape(x)[0] < np.shape(w)[0]:
        x, w = w, x
    n, m = int(np.shape(x)[0]), int(np.shape(w)[0])
    if mode != "valid":
        x = np.pad(x, m - 1)
    windows = np.lib.stride_tricks.sliding_window_view(x, m)
    result = windows @ np.flip(w)
    start = (m - 1) // 2
    return result[start : start + n] if mode == "same" else result


def correlate(x: Any, w: Any, mode: str = "valid") -> Any:
    """`np.correlate(x, w, mode)`: the same with the kernel as it is."""
    if np.shape(x)[0] < np.shape(w)[0]:
        raise _only("the row of `correlate` is for a kernel that is not the longer one")
    return convolve(x, np.flip(w), mode)


def polyval(p: Any, x: Any) -> Any:
    """`np.polyval(p, x)`, by Horner."""
    result = p[0] + 0 * x
    for coefficient in p[1:]:
        result = result * x + coefficient
    return result


def divided(x: Any, y: Any) -> Any:
    """`np.divmod(x, y)`."""
    return x // y, x % y


def fmod(x: Any, y: Any) -> Any:
    """`np.fmod(x, y)`: the rest with the sign of x."""
    return x - np.trunc(x / y) * y


def modf(x: Any) -> Any:
    """`np.modf(x)`: what is behind the point, and what is before it."""
    whole = np.trunc(x)
    return x - whole, whole


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, axis: int = 0) -> Any:
    """`np.linspace(a, b, 5)` between traced ends."""
    share: Any = np.arange(int(num)) / max(int(num) - bool(endpoint), 1)
    rank = max(np.ndim(start), np.ndim(stop))
    if axis not in (0, -rank - 1):
        raise _only("the row of `linspace` puts the new axis first")
    return start + (stop - start) * share.reshape(-1, *[1] * rank)


def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0) -> Any:
    """`np.logspace(a, b, 5)`."""
    return base ** linspace(start, stop, num, endpoint)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Any:
    """`np.geomspace(a, b, 5)`, of positive ends."""
    return np.exp(linspace(np.log(start), np.log(stop), num, endpoint))


def meshgrid(*arrays: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """`np.meshgrid(x, y)`."""
    turned = indexing == "xy" and len(arrays) > 1
    order = [1, 0, *range(2, len(arrays))] if turned else list(range(len(arrays)))
    grids = []
    for i, each in enumerate(arrays):
        shape = [1] * len(arrays)
        shape[order[i]] = -1
        grids.append(np.reshape(np.ravel(each), shape))
    return grids if sparse else [each + 0 for each in broadcast_arrays(*grids)]


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    """`np.interp(x, xp, fp)`: on the piece of a broken line where x is."""
    last = int(np.shape(xp)[0]) - 1
    piece = np.clip(searchsorted(xp, x, "right") - 1, 0, max(last - 1, 0))
    low, high = _taken(xp, piece), _taken(xp, np.minimum(piece + 1, last))
    begin, end = _taken(fp, piece), _taken(fp, np.minimum(piece + 1, last))
    share = (x - low) / (high - low)
    result = begin + np.clip(share, 0, 1) * (end - begin)
    if left is not None:
        result = np.where(x < xp[0], left, result)
    return result if right is None else np.where(x > xp[-1], right, result)


def _taken(x: Any, places: Any) -> Any:
    whole: Any = x if type(x) is Array else np.asarray(x)
    return whole[places]


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """`np.searchsorted(edges, x)`: which edges x is beyond decides, and is remembered."""
    if sorter is not None:
        raise _only("the row of `searchsorted` has no sorter: sort the edges first")
    v, edges = (each if type(each) is Array else np.asarray(each) for each in (v, a))
    beyond = v[..., None] >= edges if side == "right" else v[..., None] > edges
    if type(beyond) is Array:
        beyond = leave(beyond, "became indices", "compare first")
    return np.sum(beyond, axis=-1)


def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """`np.digitize(x, bins)`, of bins that increase."""
    return searchsorted(bins, x, "left" if right else "right")


def isclose(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8) -> Any:
    """`np.isclose(x, y)`: a mask."""
    return np.abs(x - y) <= atol + rtol * np.abs(y)


def array_equal(x: Any, y: Any) -> Any:
    """`np.array_equal(x, y)`."""
    return np.shape(x) == np.shape(y) and bool(np.all(x == y))


def isin(x: Any, values: Any, invert: bool = False) -> Any:
    """`np.isin(x, values)`: a mask."""
    there = np.any(x[..., None] == np.ravel(values), axis=-1)
    return np.logical_not(there) if invert else there


def gradient(x: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """`np.gradient(x, h)`: central differences, one-sided at the ends."""
    step = spacing[0] if spacing else 1.0
    if len(spacing) > 1 or np.ndim(step) or edge_order != 1 or isinstance(axis, (tuple, list)):
        raise _only("the row of `gradient` is for one step along one axis")
    if axis is None and np.ndim(x) > 1:
        return [gradient(x, step, axis=each) for each in range(np.ndim(x))]
    along = 0 if axis is None else axis % np.ndim(x)

    def part(first: Any, last: Any) -> Any:
        return x[(*[slice(None)] * along, slice(first, last))]

    pieces = [part(1, 2) - part(0, 1), (part(2, None) - part(0, -2)) / 2]
    return np.concatenate([*pieces, part(-1, None) - part(-2, -1)], along) / step


def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """`np.vander(x, 3)`: the powers of x."""
    powers = np.arange(int(np.shape(x)[0] if N is None else N))
    return x[:, None] ** (powers if increasing else powers[::-1])


def nan_extreme(op: str) -> Callable[..., Any]:
    """`np.nanmax(x)`: NaN is no entry."""
    nothing = -np.inf if op == "max" else np.inf

    def compute(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return call(op, np.where(np.isnan(x), nothing, x), axis, keepdims)

    return compute


def nanvar(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """`np.nanvar(x, axis)`."""
    there = ~np.isnan(x)
    mean = limited("mean", x, axis, True, where=there)
    square = limited("sum", (x - mean) ** 2, axis, keepdims, where=there)
    return square / (np.sum(~np.isnan(current(x).value), axis=axis, keepdims=keepdims) - ddof)


def cumprod(x: Any, axis: Any = None) -> Any:
    """`np.cumprod(x)`: of all entries where no axis is named."""
    return call("cumprod", reshape_any(x, (-1,)), 0) if axis is None else call("cumprod", x, axis)


def shifted(way: int) -> Callable[..., Any]:
    """`np.fft.fftshift(x)`, and its inverse."""

    def compute(x: Any, axes: Any = None) -> Any:
        axes = range(np.ndim(x)) if axes is None else np.atleast_1d(axes).tolist()
        for axis in axes:
            size = int(np.shape(x)[axis])
            x = np.roll(x, size // 2 if way > 0 else -(size // 2), axis)
        return x

    return compute


def _plain(x: Any) -> Any:
    return current(x).value if type(x) is Array else np.asarray(x)


def histogram(
    x: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    """`np.histogram(x, 5, weights=w)`: sums of weights by the bin that x is in, and the edges."""
    if density or range is not None:
        raise _only("the row of `histogram` has neither density nor range: pass the edges")
    edges = bins if np.ndim(bins) else linspace(np.min(x), np.max(x), int(bins) + 1)
    plain = _plain(edges)
    beyond = searchsorted(plain, x, "right")
    place = np.where(x == plain[-1], len(plain) - 1, beyond)
    place = _plain(place).ravel()
    inside = (place > 0) & (place < len(plain))
    if weights is None:
        return np.bincount(place[inside] - 1, minlength=len(plain) - 1), edges
    kept = np.ravel(weights)[np.flatnonzero(inside)]
    return bincount(place[inside] - 1, kept, len(plain) - 1), edges


def partition(x: Any, kth: Any, axis: int = -1) -> Any:
    """`np.partition(x, k)`."""
    return np.take_along_axis(x, np.argpartition(current(x).value, kth, axis), axis)


MATRIX_TRANSPOSE = lambda x: call("swapaxes", x, -1, -2)  # noqa: E731


def at_least_3d(x: Any) -> Any:
    """`np.atleast_3d(x)`: (M, N) becomes (M, N, 1)."""
    if np.ndim(x) == 0:
        return reshape(x, (1, 1, 1))
    return x[None, :, None] if np.ndim(x) == 1 else x if np.ndim(x) > 2 else x[..., None]


def plainly(x: Any, dtype: Any = None, *_: Any, **__: Any) -> Any:
    """`np.asarray(x, dtype)`: what is an array already, in the type that is asked for."""
    return x if dtype is None or np.dtype(dtype) == x.dtype else x.astype(dtype)


_OF_NUMPY: dict[str, Callable[..., Any]] = {
    "block": block,
    "insert": insert,
    "unstack": unstack,
    "broadcast_arrays": broadcast_arrays,
    "diagonal": diagonal,
    "diagflat": lambda x, k=0: call("diag", reshape(x, -1), k),
    "compress": compress,
    "extract": lambda mask, x: compress(np.ravel(mask), x),
    "put_along_axis": put_along_axis,
    "piecewise": piecewise,
    "apply_along_axis": apply_along_axis,
    "nansum": without_nan("sum"),
    "nanmean": without_nan("mean"),
    "nanprod": without_nan("prod"),
    "nan_to_num": nan_to_num,
    "quantile": quantile,
    "percentile": percentile,
    "median": median,
    "corrcoef": corrcoef,
    "convolve": convolve,
    "correlate": correlate,
    "polyval": polyval,
    "divmod": divided,
    "fmod": fmod,
    "modf": modf,
    "conjugate": lambda x: x,
    "cumulative_sum": lambda x, axis=None: call("cumsum", x, axis),
    "cumprod": cumprod,
    "cumulative_prod": cumprod,
    "matrix_transpose": MATRIX_TRANSPOSE,
    "atleast_3d": at_least_3d,
    "linspace": linspace,
    "logspace": logspace,
    "geomspace": geomspace,
    "meshgrid": meshgrid,
    "interp": interp,
    "searchsorted": searchsorted,
    "digitize": digitize,
    "isclose": isclose,
    "allclose": lambda x, y, *args, **options: bool(np.all(isclose(x, y, *args, **options))),
    "array_equal": array_equal,
    "isin": isin,
    "gradient": gradient,
    "vander": vander,
    "nanmax": nan_extreme("max"),
    "nanmin": nan_extreme("min"),
    "nanvar": nanvar,
    "nanstd": lambda x, *args, **options: np.sqrt(nanvar(x, *args, **options)),
    "histogram": histogram,
    "partition": partition,
    "ediff1d": lambda x: np.diff(np.ravel(x)),
    "copysign": lambda x, y: np.abs(x) * np.where(np.signbit(y), -1.0, 1.0),
    "logaddexp2": lambda x, y: np.logaddexp(x * np.log(2), y * np.log(2)) / np.log(2),
    "matvec": lambda x, v: np.squeeze(x @ np.expand_dims(v, -1), -1),
    "vecmat": lambda v, x: np.squeeze(np.expand_dims(v, -2) @ x, -2),
    "bincount": bincount,
}
_OF_LINALG: dict[str, Callable[..., Any]] = {
    **MATRICES,
    "multi_dot": multi_dot,
    "vector_norm": vector_norm,
    "matrix_norm": lambda x: np.linalg.norm(x, axis=(-2, -1)),
    "matrix_transpose": MATRIX_TRANSPOSE,
    "diagonal": lambda x, offset=0: diagonal(x, offset, -2, -1),
}
_OF_FFT = {"fftshift": shifted(1), "ifftshift": shifted(-1)}
# Some of them came with numpy 2.
FURTHER = {
    getattr(module, name): written
    for module, functions in ((np, _OF_NUMPY), (np.linalg, _OF_LINALG), (np.fft, _OF_FFT))
    for name, written in functions.items()
    if hasattr(module, name)
}
METHODS_OF_UFUNCS = {("logaddexp", "reduce"): log_add_exp}
