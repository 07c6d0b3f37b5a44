"""Rule: an operation, its forward and its backward as text, compiled when it is needed."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from backprop.graph.keys import distinct, stretching
from backprop.graph.special import NAMES

# How a value depends on the differentiated inputs, made so that `|` is right for operands.
CONSTANT, DEPENDS, DIFFERENTIABLE = 0, 1, 3

CONDITIONS = {"distinct": distinct, "stretching": stretching}


@dataclass(frozen=True, eq=False)
class Rule:
    """A row of the table. The docstring of `backprop.rules` explains the columns."""

    op: str
    signature: str
    forward: str
    backward: MappingProxyType[str, str]
    symbol: str
    when: str = ""
    lazy: bool = False
    complex: str | bool = True
    kink: str = ""
    singular: str = ""
    axes: str = ""
    view: bool = False
    parameters: tuple[str, ...] = field(init=False)
    defaults: MappingProxyType[str, Any] = field(init=False)
    operands: tuple[str, ...] = field(init=False)  # the parameters that have a backward
    flows: tuple[int, ...] = field(init=False)  # their positions in the signature
    passes: int = field(init=False)  # the part of its operands' `flow` that its result has

    def __post_init__(self) -> None:
        # Only what finding a row needs: whoever imports the package has hundreds of them made.
        if re.fullmatch(r"[\w, ]+", self.signature):
            names, values = tuple(self.signature.replace(" ", "").split(",")), []
        else:
            head = ast.parse(f"lambda {self.signature}: 0", mode="eval").body
            assert isinstance(head, ast.Lambda)
            names = tuple(argument.arg for argument in head.args.args)
            values = [ast.literal_eval(value) for value in head.args.defaults]
        for name, value in (
            ("parameters", names),
            ("defaults", MappingProxyType(dict(zip(names[::-1], values[::-1], strict=False)))),
            ("operands", tuple(self.backward)),
            ("flows", tuple([i for i, name in enumerate(names) if name in self.backward])),
            ("passes", DIFFERENTIABLE if self.backward else DEPENDS),
        ):
            object.__setattr__(self, name, value)

    @cached_property
    def run(self) -> Callable[..., Any]:
        """The forward."""
        return _compile(self.forward, self.parameters)

    @cached_property
    def bind(self) -> Callable[..., tuple[Any, ...]]:
        """Sorts a call's arguments into the row's parameters; TypeError if they do not fit."""
        result: Callable[..., tuple[Any, ...]] = eval(
            f"lambda {self.signature}: ({', '.join(self.parameters)},)"
        )
        return result

    @cached_property
    def run_complex(self) -> Callable[..., Any] | None:
        if self.complex is False:
            return None
        return self.run if self.complex is True else _compile(str(self.complex), self.parameters)

    @cached_property
    def write(self) -> Callable[..., Any]:
        """The forward of a row that is a statement, without the copy of `x`."""
        return _compile(self.forward, self.parameters, copy=False)

    @cached_property
    def piece(self) -> Callable[..., Any] | None:
        """Which side of a kink the operands are on."""
        return _compile(self.kink, self.parameters) if self.kink else None

    @cached_property
    def point(self) -> Callable[..., Any] | None:
        """Whether the operands are where the rule has no derivative."""
        return _compile(self.singular, self.parameters) if self.singular else None

    @cached_property
    def applies(self) -> Callable[..., bool]:
        return _compile(self.when or "True", self.parameters)

    @cached_property
    def operative(self) -> tuple[bool, ...]:
        """Which parameters are numbers to compute with, not options."""
        return tuple(
            (self.lazy and not self.defaults) or name in self.backward or name == "value"
            for name in self.parameters
        )

    @cached_property
    def entries(self) -> frozenset[str]:
        """The operands that are one array each, for which a list of numbers may stand."""
        return frozenset(self.operands) - {"arrays", "operands"}

    @cached_property
    def unary(self) -> bool:
        """One operand, the rest options: the common case, which a trace takes a short way."""
        return not self.when and not self.in_place and not any(self.operative[1:])

    @cached_property
    def names(self) -> frozenset[str]:
        """What its texts name beside the parameters: `np`, and `special` where that is needed."""
        texts = " ".join([self.forward, *self.backward.values()])
        return frozenset(name for name in NAMES if name == "np" or f"{name}." in texts)

    @cached_property
    def in_place(self) -> bool:
        """The forward is a statement that writes to `x`."""
        return not _is_expression(self.forward)

    def __repr__(self) -> str:
        return f"<Rule {self.op}({self.signature})>"


def _is_expression(text: str) -> bool:
    body = ast.parse(text).body
    return len(body) == 1 and isinstance(body[0], ast.Expr) and not text.startswith("np.add.at")


_OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "@": operator.matmul,
    "**": operator.pow,
}


def _compile(text: str, names: tuple[str, ...], copy: bool = True) -> Callable[..., Any]:
    """A function of the row's parameters out of its text."""
    known = re.fullmatch(r"np\.(\w+)\((\w+(?:, \w+)?)\)", text)
    if known and known[2] == ", ".join(names):
        returned: Callable[..., Any] = getattr(np, known[1])
        return returned
    operation = re.fullmatch(r"x (\S+) y", text)
    if operation and names == ("x", "y") and operation[1] in _OPERATORS:
        return _OPERATORS[operation[1]]
    if text == "-x" and names == ("x",):
        return operator.neg
    if _is_expression(text):
        value: Callable[..., Any] = eval(
            f"lambda {', '.join(names)}: {text}", {**NAMES, **CONDITIONS}
        )
        return value
    scope: dict[str, Any] = {"np": np, "own": _own}
    own = "x = own(x, value)" if copy else ""
    exec(f"def run({', '.join(names)}):\n    {own}\n    {text}\n    return x", scope)
    result: Callable[..., Any] = scope["run"]
    return result


def _own(x: np.ndarray, value: Any) -> np.ndarray:
    """A copy of x to write `value` into; complex if the value is (complex step)."""
    return np.array(x, dtype=np.result_type(x, value) if np.iscomplexobj(value) else None)
