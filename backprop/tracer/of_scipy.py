"""Functions of `scipy.special` in operations of the table, which do without scipy.

Its ufuncs reach us by numpy's own protocol and are known by their names; some of them have rows
(`special.erf`). `softmax` and its like are Python that makes plain arrays of whatever it gets,
so while a function is traced, it finds these instead.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from backprop.graph.special import NAMES
from backprop.tracer.array import Array, arrays_in, current

_special = NAMES["special"]


def _value(x: Any) -> np.ndarray:
    return current(x).value if type(x) is Array else np.asarray(x)


# ── ufuncs ──────────────────────────────────────────────────────────────────────────────────
def _times_log(x: Any, y: Any) -> Any:
    """`x * log(y)`, and 0 where both are 0."""
    nothing = (_value(x) == 0) & (_value(y) <= 0)
    return x * np.log(np.where(nothing, 1.0, y) if np.any(nothing) else y)


def _log_beta(a: Any, b: Any) -> Any:
    return _special.gammaln(a) + _special.gammaln(b) - _special.gammaln(a + b)


def _huber(delta: Any, r: Any) -> Any:
    return np.where(np.abs(r) <= delta, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta))


UFUNCS: dict[str, Callable[..., Any]] = {
    "expit": lambda x: 1 / (1 + np.exp(-x)),
    "log_expit": lambda x: -np.logaddexp(0, -x),
    "logit": lambda x: np.log(x / (1 - x)),
    "xlogy": _times_log,
    "xlog1py": lambda x, y: _times_log(x, 1 + y),
    "entr": lambda x: -_times_log(x, x),
    "rel_entr": lambda x, y: _times_log(x, x / y),
    "kl_div": lambda x, y: _times_log(x, x / y) - x + y,
    "exp10": lambda x: 10.0**x,
    "betaln": _log_beta,
    "beta": lambda a, b: np.exp(_log_beta(a, b)),
    "huber": _huber,
    "pseudo_huber": lambda delta, r: delta**2 * (np.sqrt(1 + (r / delta) ** 2) - 1),
}


# ── Python ──────────────────────────────────────────────────────────────────────────────────
def _logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    if return_sign:
        raise TypeError("logsumexp() got an unexpected keyword argument 'return_sign'")
    largest = np.max(_value(a), axis=axis, keepdims=True)
    terms = np.exp(a - largest)
    total = np.sum(terms if b is None else b * terms, axis=axis, keepdims=True)
    result = np.log(total) + largest
    return result if keepdims else np.squeeze(result, axis)


def _softmax(x: Any, axis: Any = None) -> Any:
    exps = np.exp(x - np.max(_value(x), axis=axis, keepdims=True))
    return exps / np.sum(exps, axis=axis, keepdims=True)


def _log_softmax(x: Any, axis: Any = None) -> Any:
    return x - _logsumexp(x, axis, keepdims=True)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}


def _instead(original: Callable[..., Any], written: Callable[..., Any]) -> Callable[..., Any]:
    """For arrays of a trace; others are scipy's business."""

    @functools.wraps(original)
    def compute(*args: Any, **options: Any) -> Any:
        ours = next(arrays_in((args, options)), None) is not None
        return (written if ours else original)(*args, **options)

    return compute


def _copy(module: ModuleType, others: dict[str, Any]) -> ModuleType:
    made = ModuleType(module.__name__)
    made.__dict__.update({**vars(module), **others})
    made.__dict__.setdefault("__getattr__", lambda name: getattr(module, name))
    return made


_made: dict[int, Any] = {}


def stand_ins() -> dict[int, Any]:
    """What a traced function gets for scipy's own, by identity; nothing where there is no scipy."""
    special = sys.modules.get("scipy.special")
    if special is None:
        return _made
    if id(special) not in _made:
        _made.clear()
        functions = {
            name: _instead(getattr(special, name), written) for name, written in _FUNCTIONS.items()
        }
        _made.update({id(getattr(special, name)): each for name, each in functions.items()})
        stand_in = _made[id(special)] = _copy(special, functions)
        scipy = sys.modules["scipy"]
        _made[id(scipy)] = _copy(scipy, {"special": stand_in})
    return _made
