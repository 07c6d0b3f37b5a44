"""Taking entries out and putting entries in."""

from functools import partial

from backprop.rules.table import rule

row = partial(rule, axes="get")

# fmt: off
row("get", "x, key", "x[key]", when="stretching(key)", x="dz.reshape(shape(x))",                    symbol="[ ]", view=True)
row("get", "x, key", "x[key]", when="np.ndim(x) == 0 or distinct(key)", x="dx[key] += dz",          symbol="[ ]", view=True)
row("get", "x, key", "x[key]",                                          x="np.add.at(dx, key, dz)", symbol="[ ]")
row("put", "x, key, value", "x[key] = value", x="without(dz, key)", value="dz[key]", axes="same",   symbol="[ ]=")
row("add_at", "x, key, value", "np.add.at(x, key, value)", x="dz", value="dz[key]",   axes="same",   symbol="[ ]+=")
