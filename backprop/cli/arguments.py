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

from backprop.cli.words import say

EXAMPLE = "x=5x4 gamma=4 beta=4"


class Usage(Exception):  # noqa: N818
    """The command line cannot be understood; the message says what would be right."""


class WrongArgument(Usage):
    """An argument cannot be understood. The message is English; `told` says it to a reader."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(say(key, "en", **values))
        self.key, self.values = key, values

    def told(self, lang: str) -> str:
        return say(self.key, lang, **self.values)


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
            raise WrongArgument("no_argument", item=item, example=EXAMPLE)
        if parameters and name not in parameters:
            raise WrongArgument(
                "no_parameter", function=name_of, name=name, parameters=", ".join(parameters)
            )
        if name in texts:
            raise WrongArgument("twice", name=name, first=texts[name], second=text)
        texts[name] = text
    rng = np.random.default_rng(seed)
    values = {name: _made(name, text, rng) for name, text in texts.items()}
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
            raise WrongArgument("missing", function=name_of, name=name)
        else:
            later = list(parameters)[list(parameters).index(name) + 1 :]
            if any(other in values for other in later):
                result.append(parameter.default)
            continue
    return tuple(result)


def _made(name: str, text: str, rng: np.random.Generator) -> Any:
    try:
        return value(name, text, rng)
    except MemoryError:
        raise WrongArgument("too_large", name=name, text=text) from None
    except ValueError as error:  # numpy refuses lengths that no index can count
        raise WrongArgument("too_many", name=name, text=text, error=error) from None


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
                raise WrongArgument("no_bound", name=name, text=text)
            return rng.integers(0, int(bound), _shape(name, shape, f"int:5<{bound}"))
        if less:
            raise WrongArgument("bound", name=name, text=text)
        lengths = _shape(name, rest, f"{kind}:5x4")
        return rng.random(lengths) < 0.5 if kind == "bool" else rng.normal(size=lengths)
    if _SHAPE.match(text) or text in ("()", "(,)"):
        return np.asarray(rng.normal(size=_shape(name, text, "5x4")))
    return _literal(name, text)


def _shape(name: str, text: str, example: str) -> tuple[int, ...]:
    if text in ("", "()", "(,)"):
        return ()
    if not _SHAPE.match(text):
        raise WrongArgument("no_shape", name=name, text=text, example=example)
    return tuple(int(part) for part in re.split("[x×,]", text) if part)


def _from_file(name: str, place: str) -> np.ndarray:
    if not Path(place).is_file():
        raise WrongArgument("no_file", name=name, place=place)
    try:
        found = np.load(place, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise WrongArgument("no_array", name=name, place=place, error=error) from None
    if not isinstance(found, np.ndarray):
        raise WrongArgument("archive", name=name, place=place)
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
        raise WrongArgument("not_understood", name=name, text=text) from None
