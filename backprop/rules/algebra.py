"""Products of matrices."""

from functools import partial

from backprop.rules import rule

row = partial(rule, axes="matmul", symbol="@")

# fmt: off
row("matmul", "x, y", "x @ y", when="x.ndim == 2 and y.ndim == 2", x="dz @ y.T",        y="x.T @ dz",        tex=r"dx = dz\, y^\top,\ dy = x^\top dz")
row("matmul", "x, y", "x @ y", when="x.ndim == 1 and y.ndim == 1", x="dz * y",          y="dz * x",          tex=r"dx = dz\, y,\ dy = dz\, x")
row("matmul", "x, y", "x @ y", when="x.ndim == 1 and y.ndim == 2", x="y @ dz",          y="np.outer(x, dz)", tex=r"dx = y\, dz,\ dy = x\, dz^\top")
row("matmul", "x, y", "x @ y", when="x.ndim == 2 and y.ndim == 1", x="np.outer(dz, y)", y="x.T @ dz",        tex=r"dx = dz\, y^\top,\ dy = x^\top dz")
row("matmul", "x, y", "x @ y", when="x.ndim > 1 and y.ndim > 1",
    x="batch(dz @ np.swapaxes(y, -1, -2))", y="batch(np.swapaxes(x, -1, -2) @ dz)",                          tex=r"dx = dz\, y^\top,\ dy = x^\top dz")
