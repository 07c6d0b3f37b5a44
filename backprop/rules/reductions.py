"""Many entries to one: sums, means, extremes."""

from functools import partial

from backprop.rules import rule

row = partial(rule, lazy=True, axes="reduce")

# fmt: off
row("sum",  "x, axis=None, keepdims=False", "np.sum(x, axis=axis, keepdims=keepdims)",
    x="keep(dz)",                      symbol="Σ",    tex=r"dx_i = dz")
row("mean", "x, axis=None, keepdims=False", "np.mean(x, axis=axis, keepdims=keepdims)",
    x="keep(dz) / count(x)",           symbol="mean", tex=r"dx_i = dz / n")
row("max",  "x, axis=None, keepdims=False", "np.max(x, axis=axis, keepdims=keepdims)",
    x="keep(dz) * (x == keep(z))",     symbol="max",  tex=r"dx_i = [x_i = z]\, dz",
    kink="np.argmax(np.real(x)) if axis is None else np.argmax(np.real(x), axis=axis)")
