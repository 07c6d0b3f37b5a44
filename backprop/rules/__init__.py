"""The table: one operation a row, its forward and its backward as text.

A row is what gets executed, printed, drawn and typeset:

    rule("subtract", "x, y", "x - y", x="dz", y="-dz", symbol="−", tex=r"dx = dz,\\ dy = -dz")

- The second column is the operation's signature, in numpy's own parameter names. A
  parameter that has a backward is an operand; the others are options.
- The third is the forward. An option that has its default is left out of the printed call.
- Then one text an operand: its gradient, from `dz` (the upstream gradient), the parameters
  and `z` (the result). What broadcasting adds (`np.sum(…, axis=0)`) is not the row's
  business: the writer sums whatever is bigger than the operand.
- Texts are numpy, plus the few words of `backprop.writer.words`: `keep(dz)` puts back the
  axes that a reduction removed, `count(x)` is how many entries it reduced, `shape(x)` and
  `length(x, axis)` name a length after an input, …
- A text that is a statement (`dx[key] += dz`) is run on a `dx` of zeros.

Further columns:

- `when`: a condition on the operands (`"x.ndim == 2"`); the first row of that operation
  whose condition holds is taken.
- `lazy`: the texts work entry by entry, so `dz` may be smaller than `z` where broadcasting
  completes it later.
- `complex`: the forward for the complex step where it differs from `forward` (`abs` has to
  look at the real part), or False where numpy has no complex version.
- `kink`: which piece of the function we are on; where it changes there is no derivative.
- `axes`: how the axes of `z` follow from those of the operands (see `backprop.axes`).
- `view`: numpy returns a view, so writing to `z` writes to `x`.
- `symbol`, `tex`: for drawings and formulas.
"""

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

from backprop.errors import RuleError
from backprop.node import DEPENDS, DIFFERENTIABLE


@dataclass(frozen=True, eq=False)
class Rule:
    """A row of the table. `rule()` makes it; the module docstring explains the columns."""

    op: str
    signature: str
    forward: str
    backward: MappingProxyType[str, str]
    symbol: str
    tex: str
    when: str = ""
    lazy: bool = False
    complex: str | bool = True
    kink: str = ""
    axes: str = ""
    view: bool = False
    section: str = ""
    parameters: tuple[str, ...] = field(init=False)
    defaults: MappingProxyType[str, Any] = field(init=False)
    run: Callable[..., Any] = field(init=False)
    operands: tuple[str, ...] = field(init=False)  # the parameters that have a backward
    flows: tuple[int, ...] = field(init=False)  # their positions in the signature
    passes: int = field(init=False)  # the part of its operands' `flow` that its result has

    def __post_init__(self) -> None:
        head = ast.parse(f"lambda {self.signature}: 0", mode="eval").body
        assert isinstance(head, ast.Lambda)
        names = tuple(argument.arg for argument in head.args.args)
        values = [ast.literal_eval(value) for value in head.args.defaults]
        for name, value in (
            ("parameters", names),
            ("defaults", MappingProxyType(dict(zip(names[::-1], values[::-1], strict=False)))),
            ("run", _compile(self.forward, names)),
            ("operands", tuple(self.backward)),
            ("flows", tuple([i for i, name in enumerate(names) if name in self.backward])),
            ("passes", DIFFERENTIABLE if self.backward else DEPENDS),
        ):
            object.__setattr__(self, name, value)

    @cached_property
    def bind(self) -> Callable[..., tuple[Any, ...]]:
        """Sorts a call's arguments into the row's parameters; TypeError if they do not fit."""
        return eval(f"lambda {self.signature}: ({', '.join(self.parameters)},)")

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
    def unary(self) -> bool:
        """One operand, the rest options: the common case, which a trace takes a short way."""
        return not self.when and not self.in_place and not any(self.operative[1:])

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
        return getattr(np, known[1])
    operation = re.fullmatch(r"x (\S+) y", text)
    if operation and names == ("x", "y") and operation[1] in _OPERATORS:
        return _OPERATORS[operation[1]]
    if text == "-x" and names == ("x",):
        return operator.neg
    if _is_expression(text):
        return eval(f"lambda {', '.join(names)}: {text}", {"np": np, **CONDITIONS})
    scope: dict[str, Any] = {"np": np, "own": _own}
    own = "x = own(x, value)" if copy else ""
    exec(f"def run({', '.join(names)}):\n    {own}\n    {text}\n    return x", scope)
    return scope["run"]


def _own(x: np.ndarray, value: Any) -> np.ndarray:
    """A copy of x to write `value` into; complex if the value is (complex step)."""
    return np.array(x, dtype=np.result_type(x, value) if np.iscomplexobj(value) else None)


class Range(np.ndarray):
    """What `np.arange` gives inside a traced function: entries that never repeat.

    Slices and new shapes of it are one too; arithmetic and picking entries make a plain array.
    """

    tree: Any = None  # the call, for the text of the backward

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        whole = [np.asarray(item) if isinstance(item, Range) else item for item in inputs]
        return getattr(ufunc, method)(*whole, **options)

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        basic = all(part is None or part is ... or isinstance(part, slice) for part in parts)
        return super().__getitem__(key) if basic else np.asarray(self)[key]


def counting(*args: Any, **options: Any) -> Range:
    """`np.arange(*args)`, with how it was called."""
    result = np.arange(*args, **options).view(Range)
    result.tree = (
        "call",
        "np.arange",
        args[1:2] if len(args) == 3 and args[::2] == (0, 1) else args,
    )
    return result


def distinct(key: Any) -> bool:
    """Whether an index takes no entry twice, whatever the data: `+=` is right for it.

    Integer arrays may repeat, unless one of them counts (`scores[np.arange(N), y]`).
    """
    parts = key if isinstance(key, tuple) else (key,)
    whole = [np.asanyarray(part) for part in parts if isinstance(part, (np.ndarray, list))]
    repeating = [part for part in whole if part.ndim and part.dtype != bool]
    if not repeating:
        return True
    shape = np.broadcast_shapes(*[part.shape for part in repeating])
    counted = np.ones(len(shape), dtype=bool)  # along each axis some part counts, or there is one
    for axis in range(1, len(shape) + 1):
        counted[-axis] = shape[-axis] <= 1 or any(
            isinstance(part, Range) and part.ndim >= axis and part.shape[-axis] > 1
            for part in repeating
        )
    return bool(counted.all())


def stretching(key: Any) -> bool:
    """Whether an index only adds axes of length 1: `mean[:, None]`."""
    parts = key if isinstance(key, tuple) else (key,)
    whole = all(
        part is None or part is ... or (isinstance(part, slice) and part == slice(None))
        for part in parts
    )
    return whole and any(part is None for part in parts)


CONDITIONS = {"distinct": distinct, "stretching": stretching}
TABLE: dict[str, tuple[Rule, ...]] = {}


def rule(
    op: str,
    signature: str,
    forward: str,
    *,
    symbol: str = "",
    tex: str = "",
    when: str = "",
    lazy: bool = False,
    complex: str | bool = True,
    kink: str = "",
    axes: str = "",
    view: bool = False,
    section: str = "",
    **backward: str,
) -> Rule:
    """Add a row to the table."""
    row = Rule(
        op,
        signature,
        forward,
        MappingProxyType(backward),
        symbol or op,
        tex,
        when,
        lazy,
        complex,
        kink,
        axes,
        view,
        section,
    )
    TABLE[op] = (*TABLE.get(op, ()), row)
    return row


def lookup(op: str, operands: tuple[Any, ...] = ()) -> Rule:
    """The row of an operation, for these operands (values, not nodes)."""
    rows = TABLE.get(op)
    if rows is None:
        raise RuleError(missing(op))
    if len(rows) == 1 and not rows[0].when:
        return rows[0]
    for row in rows:
        if row.applies(*operands):
            return row
    shapes = ", ".join(str(getattr(operand, "shape", operand)) for operand in operands)
    raise RuleError(f"no row of `{op}` covers the operands {shapes}; see backprop/rules")


def missing(op: str, module: str | None = "numpy") -> str:
    """What to do about an operation without a row: a function of `module`, or an attribute."""
    text = f"`{op}` has no row in the table of rules. Write it with operations that have one"
    if module is None:
        return f"{text}; arrays in a traced function have no `.{op}`"
    if not op.replace(".", "").isidentifier():
        return text
    call = f"{module.replace('numpy', 'np', 1)}.{op}(x)"
    return f'{text}, or add a row: rule("{op}", "x", "{call}", x="…the gradient of x from dz, x and z…")'


# Importing the sections fills the table.
from backprop.rules import algebra, elementwise, indexing, reductions, shaping  # noqa: E402, F401
