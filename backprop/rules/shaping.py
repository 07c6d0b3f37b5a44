"""The same entries in another shape: reshape, transpose, join, split."""

from functools import partial

from backprop.rules import rule

row = partial(rule, view=True)

# fmt: off
row("reshape",   "x, shape",     "x.reshape(shape)", x="dz.reshape(shape(x))",  axes="reshape", symbol="reshape", tex=r"dx = \operatorname{reshape}(dz)")
row("transpose", "x, axes=None", "x.T", when="axes is None", x="dz.T",                  axes="transpose", symbol="T", tex=r"dx = dz^\top")
row("transpose", "x, axes=None", "x.transpose(axes)",        x="dz.transpose(inverse(axes))", axes="transpose", symbol="T", tex=r"dx = dz^\top")
row("copy",      "x",            "x.copy()",         x="dz", axes="broadcast",  symbol="copy", tex=r"dx = dz", lazy=True, view=False)
