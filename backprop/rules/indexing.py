"""Taking entries out and putting entries in."""

from functools import partial

from backprop.rules import rule

row = partial(rule, axes="get")

# fmt: off
row("get", "x, key", "x[key]", when="stretching(key)", x="dz.reshape(shape(x))",                    symbol="[ ]", tex=r"dx = dz", view=True)
row("get", "x, key", "x[key]", when="np.ndim(x) == 0 or distinct(key)", x="dx[key] += dz",          symbol="[ ]", tex=r"dx_k = dz", view=True)
row("get", "x, key", "x[key]",                                          x="np.add.at(dx, key, dz)", symbol="[ ]", tex=r"dx_k = \sum dz")
row("put", "x, key, value", "x[key] = value", x="without(dz, key)", value="dz[key]", axes="same",   symbol="[ ]=", tex=r"dx = dz,\ dx_k = 0,\ dv = dz_k")
row("add_at", "x, key, value", "np.add.at(x, key, value)", x="dz", value="dz[key]",   axes="same",   symbol="[ ]+=", tex=r"dx = dz,\ dv = dz_k")
