"""The arguments of a forward as a command line gives them: `x=5x4 y=int:5<10 p=0.5`."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

EXAMPLE = "x=5x4 gamma=4 beta=4"


class Usage(Exception):  # noqa: N818
    """The command line cannot be understood; the message says what would be right."""


def arguments(forward: Callable[..., Any], given: list[str], seed: int) -> tuple[Any, ...]:
    """The arguments of a forward from NAME=VALUE, in the order of its parameters."""
    try:
        parameters = inspect.signature(forward).parameters
    except (TypeError, ValueError):
        parameters = {}  # type: ignore[assignment]
    name_of = getattr(forward, "__name__", "the function")
    texts: dict[str, str] = {}
    for item in given:
        name, equals, text = item.partition("=")
        if not equals or not name.isidentifier():
            raise Usage(f"{item!r} is no argument; write NAME=VALUE, such as {EXAMPLE}")
        if parameters and name not in parameters:
            raise Usage(f"{name_of} has no parameter `{name}`; it has {', '.join(parameters)}")
        if name in texts:
            raise Usage(f"`{name}` is given twice: {texts[name]} and {text}")
        texts[name] = text
    rng = np.random.default_rng(seed)
    values = {name: value(name, text, rng) for name, text in texts.items()}
    if not parameters:
        return tuple(values.values())
    result: list[Any] = []
    skipped: str | None = None
    for name, parameter in parameters.items():
        if name in values:
            if skipped is not None:
                result.append(parameters[skipped].default)
            skipped = None
            result.append(values[name])
        elif parameter.default is parameter.empty and parameter.kind in (
            parameter.POSITIONAL_ONLY,
            parameter.POSITIONAL_OR_KEYWORD,
        ):
            raise Usage(f"{name_of} needs `{name}`: add {name}=5x4 (a shape), or see --help")
        else:
            later = list(parameters)[list(parameters).index(name) + 1 :]
            if any(other in values for other in later):
                result.append(parameter.default)
            continue
    return tuple(result)


_SHAPE = re.compile(r"^\d+(?:[x×,]\d+)*,?$")


def value(name: str, text: str, rng: np.random.Generator) -> Any:
    """What NAME=TEXT stands for; see the usage in __main__.py."""
    if text.startswith("@"):
        return _from_file(name, text[1:])
    if text.startswith(":"):
        return _literal(name, text[1:])
    kind, colon, rest = text.partition(":")
    if colon and kind in ("int", "bool", "float"):
        shape, less, bound = rest.partition("<")
        if kind == "int":
            if not less or not bound.isdigit() or int(bound) < 1:
                raise Usage(f"{name}={text}: integers need a bound, such as {name}=int:5<10")
            return rng.integers(0, int(bound), _shape(name, shape, f"int:5<{bound}"))
        if less:
            raise Usage(f"{name}={text}: only int has a bound, such as {name}=int:5<10")
        lengths = _shape(name, rest, f"{kind}:5x4")
        return rng.random(lengths) < 0.5 if kind == "bool" else rng.normal(size=lengths)
    if _SHAPE.match(text) or text in ("()", "(,)"):
        return np.asarray(rng.normal(size=_shape(name, text, "5x4")))
    return _literal(name, text)


def _shape(name: str, text: str, example: str) -> tuple[int, ...]:
    if text in ("", "()", "(,)"):
        return ()
    if not _SHAPE.match(text):
        raise Usage(f"{name}: {text!r} is no shape; write {name}={example}")
    return tuple(int(part) for part in re.split("[x×,]", text) if part)


def _from_file(name: str, place: str) -> np.ndarray:
    if not Path(place).is_file():
        raise Usage(f"{name}=@{place}: there is no file {place}")
    try:
        found = np.load(place, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise Usage(f"{name}=@{place}: not a .npy file that holds an array ({error})") from None
    if not isinstance(found, np.ndarray):
        raise Usage(f"{name}=@{place}: an .npz archive; save one array with np.save")
    return found


def _literal(name: str, text: str) -> Any:
    """JSON, or a Python literal."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise Usage(
            f"{name}={text}: not understood; write a shape ({name}=5x4), "
            f"a file ({name}=@{name}.npy), integers ({name}=int:5<10), a number ({name}=0.5) "
            f'or JSON ({name}=\'{{"mode": "train"}}\')'
        ) from None
