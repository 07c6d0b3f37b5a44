"""Entry by entry: arithmetic, powers, the exp and log families, trigonometry, choices."""

from functools import partial

from backprop.rules import rule

row = partial(rule, lazy=True, axes="broadcast")

# fmt: off
# ── arithmetic ───────────────────────────────────────────────────────────────────────────────
row("add",        "x, y", "x + y",   x="dz",          y="dz",                  symbol="+",   tex=r"dx = dz,\ dy = dz")
row("subtract",   "x, y", "x - y",   x="dz",          y="-dz",                 symbol="−",   tex=r"dx = dz,\ dy = -dz")
row("multiply",   "x, y", "x * y",   x="dz * y",      y="dz * x",              symbol="×",   tex=r"dx = dz \odot y,\ dy = dz \odot x")
row("divide",     "x, y", "x / y",   x="dz / y",      y="-dz * x / y ** 2",    symbol="÷",   tex=r"dx = dz / y,\ dy = -dz \odot x / y^2")
row("reciprocal", "x",    "1 / x",   x="-dz / x ** 2",                         symbol="1/·", tex=r"dx = -dz / x^2")
row("negative",   "x",    "-x",      x="-dz",                                  symbol="−",   tex=r"dx = -dz")
row("positive",   "x",    "x",       x="dz",                                   symbol="+",   tex=r"dx = dz")

# ── powers ───────────────────────────────────────────────────────────────────────────────────
row("square",     "x",    "x ** 2",     x="2 * x * dz",                        symbol="()²", tex=r"dx = 2x \odot dz")
row("power",      "x, y", "x ** y",     x="y * x ** (y - 1) * dz",
                                        y="dz * z * np.log(x)",                symbol="xʸ",  tex=r"dx = y x^{y-1} \odot dz,\ dy = z \ln x \odot dz")
row("sqrt",       "x",    "np.sqrt(x)", x="dz / (2 * z)",                      symbol="√",   tex=r"dx = dz / (2z)")
row("abs",        "x",    "np.abs(x)",  x="dz * np.sign(x)",                   symbol="|·|", tex=r"dx = \operatorname{sign}(x) \odot dz",
    complex="x * np.sign(np.real(x))", kink="np.real(x) > 0")

# ── exponentials and logarithms ──────────────────────────────────────────────────────────────
row("exp",        "x",    "np.exp(x)",  x="dz * z",                            symbol="exp", tex=r"dx = z \odot dz")
row("log",        "x",    "np.log(x)",  x="dz / x",                            symbol="log", tex=r"dx = dz / x")
row("tanh",       "x",    "np.tanh(x)", x="dz * (1 - z ** 2)",                 symbol="tanh", tex=r"dx = (1 - z^2) \odot dz")
row("sin",        "x",    "np.sin(x)",  x="dz * np.cos(x)",                    symbol="sin", tex=r"dx = \cos x \odot dz")
row("cos",        "x",    "np.cos(x)",  x="-dz * np.sin(x)",                   symbol="cos", tex=r"dx = -\sin x \odot dz")

# ── choices ──────────────────────────────────────────────────────────────────────────────────
row("maximum",    "x, y", "np.maximum(x, y)", x="dz * (x > y)", y="dz * (y > x)", symbol="max", tex=r"dx = [x > y] \odot dz,\ dy = [y > x] \odot dz",
    complex="np.where(np.real(x) > np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("minimum",    "x, y", "np.minimum(x, y)", x="dz * (x < y)", y="dz * (y < x)", symbol="min", tex=r"dx = [x < y] \odot dz,\ dy = [y < x] \odot dz",
    complex="np.where(np.real(x) < np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("where",      "condition, x, y", "np.where(condition, x, y)", x="np.where(condition, dz, 0)", y="np.where(condition, 0, dz)", symbol="where", tex=r"dx = [c] \odot dz,\ dy = [\neg c] \odot dz")

# ── comparisons: no gradient, but the branch that was taken ─────────────────────────────────
for op, sign in (("greater", ">"), ("greater_equal", ">="), ("less", "<"), ("less_equal", "<="), ("equal", "=="), ("not_equal", "!=")):
    row(op, "x, y", f"x {sign} y", complex=f"np.real(x) {sign} np.real(y)", symbol=sign)
row("logical_and", "x, y", "np.logical_and(x, y)", symbol="and")
row("logical_or",  "x, y", "np.logical_or(x, y)",  symbol="or")
row("logical_not", "x",    "np.logical_not(x)",    symbol="not")
row("sign",        "x",    "np.sign(x)", complex="np.sign(np.real(x))", symbol="sign")
