"""The table itself: adding a row, and finding the row of an operation."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from backprop.graph.errors import RuleError
from backprop.graph.rule import Rule

TABLE: dict[str, tuple[Rule, ...]] = {}


def rule(
    op: str,
    signature: str,
    forward: str,
    *,
    symbol: str = "",
    when: str = "",
    lazy: bool = False,
    complex: str | bool = True,
    kink: str = "",
    singular: str = "",
    axes: str = "",
    view: bool = False,
    **backward: str,
) -> Rule:
    """Add a row to the table."""
    row = Rule(
        op,
        signature,
        forward,
        MappingProxyType(backward),
        symbol or op,
        when,
        lazy,
        complex,
        kink,
        singular,
        axes,
        view,
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
