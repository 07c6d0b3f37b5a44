"""From numpy's names to the rows of the table: ufuncs and functions."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.graph.errors import RuleError
from backprop.rules import TABLE, missing
from backprop.tracer.array import Array, arrays_in, current, refuse, unwrap
from backprop.tracer.assignment import assign, store
from backprop.tracer.composed import (
    choose,
    concatenate,
    cov,
    cross,
    delete,
    kron,
    matrix_power,
    of_ufunc,
    roll,
    select,
    trapezoid,
    vecdot,
)
from backprop.tracer.frames import site
from backprop.tracer.further import FURTHER, LIMITS, METHODS_OF_UFUNCS, limited
from backprop.tracer.of_scipy import UFUNCS
from backprop.tracer.operations import binary, call, unary, whole
from backprop.tracer.several import (
    array_split,
    at_least,
    average,
    canonical,
    clip,
    diff,
    dot,
    einsum,
    fill_diagonal,
    indices_of,
    looking,
    pad,
    ptp,
    put,
    put_mask,
    reshape,
    reshape_any,
    rollaxis,
    sequence,
    sliding_window_view,
    split,
    stack_along,
    swapped,
    take,
    take_along_axis,
    transpose,
    where,
)

# numpy's further names of a row.
SYNONYMS = {
    "absolute": "abs",
    "fabs": "abs",
    "float_power": "power",
    "amax": "max",
    "amin": "min",
    "permute_dims": "transpose",
    "concat": "concatenate",
    "true_divide": "divide",
    "around": "round",
    "fmax": "maximum",
    "fmin": "minimum",
    "degrees": "rad2deg",
    "radians": "deg2rad",
}


SPECIAL = {np.power, np.divide}  # a square and a reciprocal have rows of their own


def ufunc_call(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc met a traced array."""
    if not options and method == "__call__":
        rows = TABLE.get(SYNONYMS.get(ufunc.__name__, ufunc.__name__))
        if rows is not None and ufunc not in SPECIAL:
            frame = sys._getframe(2)
            quick = (
                unary(rows[0], inputs[0], frame)
                if len(inputs) == 1
                else binary(rows, inputs[0], inputs[1], frame)
                if rows[0].parameters == ("x", "y")
                else None
            )
            if quick is not None:
                return quick
    name = SYNONYMS.get(ufunc.__name__, ufunc.__name__)
    out = options.pop("out", None)
    if method == "at":
        return add_at(name, *inputs)
    if out is not None and next(arrays_in((inputs, options)), None) is None:
        plain = getattr(ufunc, method)(*inputs, **options)  # traced is only where it goes
        return into(out[0], plain, ufunc.__name__)
    if out is not None and method == "__call__" and "where" in options:
        return into(out[0], partly(ufunc, inputs, out[0], options), ufunc.__name__)
    if method == "__call__" and ufunc in FUNCTIONS:
        result = tried(name, FUNCTIONS[ufunc], *inputs, **options)
    elif method == "__call__" and name in UFUNCS:
        result = tried(name, UFUNCS[name], *inputs, **options)
    elif method == "__call__":
        result = canonical(name, *inputs, **options)
    elif (name, method) in METHODS_OF_UFUNCS:
        result = tried(name, METHODS_OF_UFUNCS[name, method], *inputs, **options)
    else:
        result = of_ufunc(ufunc, method, inputs, options)
    if result is NotImplemented:
        return result
    return result if out is None else into(out[0], result, ufunc.__name__)


def into(out: Any, result: Any, name: str) -> Array:
    """`out=` of a function: the array that is given gets the result."""
    if type(out) is not Array:
        refuse(f"`{name}` wrote to a plain array", _BUFFER)
    if type(result) is Array and result.shape == out.shape and result.dtype == out.dtype:
        assign(out, result.node)
    else:
        store(out, ..., result)
    return out


def partly(ufunc: Any, inputs: tuple[Any, ...], out: Any, options: dict[str, Any]) -> Any:
    """`np.divide(x, y, out=z, where=y != 0)`: elsewhere z keeps what it has.

    There the operation is done on ones, so that its gradient is a number everywhere.
    """
    mask = options.pop("where")
    if mask is True:
        return ufunc(*inputs, **options)
    safe = [where(mask, part, 1.0) for part in inputs[-1:]]
    return where(mask, ufunc(*inputs[:-1], *safe, **options), out)


_BUFFER = "make the buffer with np.zeros inside the function"


def add_at(name: str, target: Any, key: Any, value: Any = None) -> None:
    """`np.add.at(x, key, value)`."""
    if name not in ("add", "subtract"):
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(name + '.at')}")
    if type(target) is not Array:
        refuse("a plain array was written to", _BUFFER)
    if name == "subtract":
        value = -value
    node = current(target)
    assign(target, target.tape.record("add_at", (node, unwrap(key), unwrap(value)), name=node.name))


_FIRST = {"a", "arr", "ary", "array", "m"}  # what numpy calls the parameter that is x in the table


def function_call(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A numpy function met a traced array."""
    out = options.pop("out", None)
    if out is None and len(args) > 2:
        args, out = _without_out(function, args)
    if out is not None:
        if next(arrays_in((args, options)), None) is None:
            return into(out, function(*args, **options), function.__name__)
        return into(out, function_call(function, args, options), function.__name__)
    for name in _FIRST & options.keys():
        args = (options.pop(name), *args)
    if "b" in options:
        args = (*args, options.pop("b"))
    special = FUNCTIONS.get(function)
    if special is not None:
        return tried(function.__name__, special, *args, **options)
    name = SYNONYMS.get(function.__name__, function.__name__)
    if name not in TABLE:
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(name, function.__module__)}")
    if LIMITS & options.keys():
        return limited(name, *args, **options)
    return call(name, *args, **options)


_places: dict[Any, int] = {}


def _without_out(function: Any, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
    """Arguments without the `out` that stands among them, as in `np.clip(x, 0, 1, x)`; and it."""
    if function not in _places:
        try:
            names = [*inspect.signature(function).parameters]
        except (TypeError, ValueError):
            names = []
        # In older numpys, what is written in C does not say.
        unsaid = {"dot": 2, "concatenate": 2}.get(function.__name__, sys.maxsize)
        _places[function] = names.index("out") if "out" in names else unsaid
    place = _places[function]
    if place < 2 or len(args) <= place or args[place] is None:
        return args, None
    kept = args[:place] if len(args) == place + 1 else (*args[:place], None, *args[place + 1 :])
    while kept[-1] is None:
        kept = kept[:-1]
    return kept, args[place]


def tried(name: str, special: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call one of `FUNCTIONS`; an argument of numpy's that it does not have is a RuleError."""
    try:
        return special(*args, **options)
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            raise
        said = re.sub(r"^\S*?\(\) ", "", str(error))
        raise RuleError(
            f"{site(sys._getframe(1))}\n  the row of `{name}` does not have this call: {said}. "
            "Write it with operations that have a row"
        ) from None


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.reshape: reshape,
    np.transpose: transpose,
    np.dot: dot,
    np.vdot: swapped,
    np.ravel: lambda x, order="C": reshape(x, -1, order=order),
    np.copy: lambda x, *_, **__: call("copy", x),
    np.einsum: einsum,
    np.where: where,
    np.average: average,
    np.clip: clip,
    np.diff: diff,
    np.take: take,
    np.lib.stride_tricks.sliding_window_view: sliding_window_view,
    np.pad: pad,
    np.rollaxis: rollaxis,
    np.roll: roll,
    np.delete: delete,
    np.select: select,
    np.choose: choose,
    np.cross: cross,
    np.kron: kron,
    np.cov: cov,
    np.linalg.matrix_power: matrix_power,
    np.real: lambda x: x,
    np.ptp: ptp,
    np.take_along_axis: take_along_axis,
    np.fliplr: lambda x: call("flip", x, 1),
    np.flipud: lambda x: call("flip", x, 0),
    np.split: split,
    np.array_split: array_split,
    np.hsplit: lambda x, sections: split(x, sections, 1 if x.ndim > 1 else 0),
    np.vsplit: lambda x, sections: split(x, sections, 0),
    np.dsplit: lambda x, sections: split(x, sections, 2),
    np.concatenate: concatenate,
    np.stack: sequence("stack"),
    np.vstack: lambda arrays: stack_along(arrays, 0, 2),
    **FURTHER,
    np.hstack: lambda arrays: stack_along(
        arrays, 0 if max(np.ndim(part) for part in arrays) <= 1 else 1, 1
    ),
    np.column_stack: lambda arrays: stack_along(arrays, 1, 2),
    np.dstack: lambda arrays: stack_along([at_least(p, 2, 0) for p in arrays], 2, 3),
    np.append: lambda x, y, axis=None: call(
        "concatenate",
        (x, y)
        if axis is not None
        else (reshape_any(whole(x), (-1,)), reshape_any(whole(y), (-1,))),
        axis or 0,
    ),
    np.atleast_1d: lambda x: x if x.ndim else reshape(x, (1,)),
    np.atleast_2d: lambda x: at_least(x, 2, 0),
    np.copyto: lambda x, value, where=True: (
        store(x, ..., value) if where is True else put_mask(x, where, value)
    ),
    np.put: put,
    np.place: put,
    np.putmask: put_mask,
    np.fill_diagonal: fill_diagonal,
    np.ndim: lambda x: x.ndim,
    np.shape: lambda x: x.shape,
    np.size: lambda x, axis=None: x.size if axis is None else x.shape[axis],
    **{
        getattr(np, name): composed
        for name, composed in (("vecdot", vecdot), ("trapezoid", trapezoid), ("trapz", trapezoid))
        if name in vars(np)  # numpy 2 has the first two
    },
    **{
        f: indices_of(f)
        for f in (np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.unravel_index)
    },
    **{
        f: looking(f)
        for f in (
            np.result_type,
            np.iscomplexobj,
            np.isrealobj,
            np.may_share_memory,
            np.shares_memory,
            np.array_repr,
            np.array_str,
            np.array2string,
        )
    },
}
