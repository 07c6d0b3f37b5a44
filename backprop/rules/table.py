"""The table itself: adding a row, and finding the row of an operation."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

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
    covered = " or ".join(f"({row.when})" for row in rows)
    raise RuleError(
        f"no row of `{op}` covers the operands {shapes}, only {covered}. Write it with operations "
        "that have a row"
    )


_COMPLEX = "complex numbers are not traced"
_FFT = (
    f"{_COMPLEX}; of real numbers, the real and the imaginary part of a transform are two products:"
    " np.cos(a) @ x and -np.sin(a) @ x, with a = 2 * np.pi * np.outer(np.arange(n), np.arange(n)) / n"
)
_OUTSIDE = "write what the function returns to a file, outside of it"
# What to write instead of functions that have no row.
INSTEAD = {
    **dict.fromkeys(("eig", "eigvals"), f"{_COMPLEX}; of a symmetric matrix, np.linalg.eigh(x)"),
    "roots": f"{_COMPLEX}; a root that is real, by steps of Newton's method",
    "polyfit": "np.linalg.lstsq(np.vander(t, degree + 1), y, rcond=None)[0]",
    "tensorsolve": "np.linalg.solve of the same numbers as a matrix",
    "tensorinv": "np.linalg.inv of the same numbers as a matrix",
    "lexsort": "np.argsort(x)",
    "resize": "np.tile(x, times)[:n]",
    "trim_zeros": "x[start:stop]",
    "unwrap": "x + 2 * np.pi * turns, with whole numbers of turns",
    **dict.fromkeys(("save", "savez", "savetxt", "savez_compressed"), _OUTSIDE),
}


def missing(op: str, module: str | None = "numpy") -> str:
    """What to do about an operation without a row: a function of `module`, or an attribute."""
    text = f"`{op}` has no row in the table of rules"
    if module is not None and module.startswith("numpy.fft"):
        return f"{text}. Instead: {_FFT}"
    if op in INSTEAD and module is not None:
        return f"{text}. Instead: {INSTEAD[op]}"
    text += ". Write it with operations that have one"
    if module is None:
        return f"{text}; arrays in a traced function have no `.{op}`"
    if not op.replace(".", "").isidentifier():
        return text
    if module == "numpy" and not hasattr(np, op.split(".")[0]):
        return f"{text}: it is no function of numpy"
    call = f"{module.replace('numpy', 'np', 1)}.{op}(x)"
    return f'{text}, or add a row: rule("{op}", "x", "{call}", x="…the gradient of x from dz, x and z…")'
