"""The same entries in another shape: reshape, transpose, join, split."""

from functools import partial

from backprop.rules import rule

row = partial(rule, view=True)

# fmt: off
row("reshape",   "x, shape",     "x.reshape(shape)", x="dz.reshape(shape(x))",  axes="reshape", symbol="reshape", tex=r"dx = \operatorname{reshape}(dz)")
row("transpose", "x, axes=None", "x.T", when="axes is None", x="dz.T",                  axes="transpose", symbol="T", tex=r"dx = dz^\top")
row("transpose", "x, axes=None", "x.transpose(axes)",        x="dz.transpose(inverse(axes))", axes="transpose", symbol="T", tex=r"dx = dz^\top")
row("copy",      "x",            "x.copy()",         x="dz", axes="broadcast",  symbol="copy", tex=r"dx = dz", lazy=True, view=False)
row("astype",    "x, dtype",     "x.astype(dtype)",  x="dz", axes="broadcast",  symbol="astype", tex=r"dx = dz", lazy=True, view=False, complex="x")

# ── several arrays to one ────────────────────────────────────────────────────────────────────
join = partial(rule, axes="join")
join("concatenate", "arrays, axis=0", "np.concatenate(arrays, axis=axis)", arrays="dz[piece(arrays, axis)]", symbol="concat", tex=r"dx_i = dz_{[i]}")
join("stack",       "arrays, axis=0", "np.stack(arrays, axis=axis)",       arrays="dz[layer(arrays, axis)]", symbol="stack",  tex=r"dx_i = dz_i")
