"""Entry by entry: arithmetic, powers, the exp and log families, trigonometry, choices."""

from functools import partial

from backprop.rules import rule

row = partial(rule, lazy=True, axes="broadcast")

# fmt: off
# ── arithmetic ───────────────────────────────────────────────────────────────────────────────
row("add",        "x, y", "x + y",   x="dz",          y="dz",                  symbol="+",   tex=r"dx = dz,\ dy = dz")
row("subtract",   "x, y", "x - y",   x="dz",          y="-dz",                 symbol="−",   tex=r"dx = dz,\ dy = -dz")
row("multiply",   "x, y", "x * y",   x="dz * y",      y="dz * x",              symbol="×",   tex=r"dx = dz \odot y,\ dy = dz \odot x")
row("divide",     "x, y", "x / y",   x="dz / y",      y="-dz * z / y",         symbol="÷",   tex=r"dx = dz / y,\ dy = -dz \odot z / y")
row("reciprocal", "x",    "1 / x",   x="-dz / x ** 2",                         symbol="1/·", tex=r"dx = -dz / x^2")
row("negative",   "x",    "-x",      x="-dz",                                  symbol="−",   tex=r"dx = -dz")
row("positive",   "x",    "x",       x="dz",                                   symbol="+",   tex=r"dx = dz")
row("remainder",  "x, y", "x % y",   x="dz",          y="-dz * np.floor(x / y)", symbol="%", tex=r"dx = dz,\ dy = -\lfloor x / y \rfloor \odot dz",
    complex="x - np.floor(np.real(x) / np.real(y)) * y", kink="np.floor(np.real(x) / np.real(y))")

# ── powers ───────────────────────────────────────────────────────────────────────────────────
row("square",     "x",    "x ** 2",     x="2 * x * dz",                        symbol="()²", tex=r"dx = 2x \odot dz")
row("power",      "x, y", "x ** y",     x="y * x ** (y - 1) * dz",
                                        y="dz * z * np.log(x)",                symbol="xʸ",  tex=r"dx = y x^{y-1} \odot dz,\ dy = z \ln x \odot dz")
row("sqrt",       "x",    "np.sqrt(x)", x="dz / (2 * z)",                      symbol="√",   tex=r"dx = dz / (2z)")
row("cbrt",       "x",    "np.cbrt(x)", x="dz / (3 * z ** 2)",                 symbol="∛",   tex=r"dx = dz / (3z^2)",
    complex="np.sign(np.real(x)) * (x * np.sign(np.real(x))) ** (1 / 3)")
row("hypot",      "x, y", "np.hypot(x, y)", x="dz * x / z", y="dz * y / z",    symbol="√(x²+y²)", tex=r"dx = dz \odot x / z,\ dy = dz \odot y / z",
    complex="np.sqrt(x ** 2 + y ** 2)")
row("abs",        "x",    "np.abs(x)",  x="dz * np.sign(x)",                   symbol="|·|", tex=r"dx = \operatorname{sign}(x) \odot dz",
    complex="x * np.sign(np.real(x))", kink="np.real(x) > 0")

# ── exponentials and logarithms ──────────────────────────────────────────────────────────────
row("exp",        "x",    "np.exp(x)",   x="dz * z",                           symbol="exp",   tex=r"dx = z \odot dz")
row("exp2",       "x",    "np.exp2(x)",  x="np.log(2) * dz * z",               symbol="2ˣ",    tex=r"dx = \ln 2\, z \odot dz", complex="np.exp(np.log(2) * x)")
row("expm1",      "x",    "np.expm1(x)", x="dz * (z + 1)",                     symbol="expm1", tex=r"dx = (z + 1) \odot dz")
row("log",        "x",    "np.log(x)",   x="dz / x",                           symbol="log",   tex=r"dx = dz / x")
row("log2",       "x",    "np.log2(x)",  x="dz / (np.log(2) * x)",             symbol="log₂",  tex=r"dx = dz / (\ln 2\, x)")
row("log10",      "x",    "np.log10(x)", x="dz / (np.log(10) * x)",            symbol="log₁₀", tex=r"dx = dz / (\ln 10\, x)")
row("log1p",      "x",    "np.log1p(x)", x="dz / (1 + x)",                     symbol="log1p", tex=r"dx = dz / (1 + x)")
row("logaddexp",  "x, y", "np.logaddexp(x, y)", x="dz * np.exp(x - z)", y="dz * np.exp(y - z)", symbol="logaddexp", tex=r"dx = e^{x - z} \odot dz,\ dy = e^{y - z} \odot dz",
    complex="np.maximum(np.real(x), np.real(y)) + np.log(np.exp(x - np.maximum(np.real(x), np.real(y))) + np.exp(y - np.maximum(np.real(x), np.real(y))))")

# ── trigonometry ─────────────────────────────────────────────────────────────────────────────
row("sin",        "x",    "np.sin(x)",    x="dz * np.cos(x)",                  symbol="sin",  tex=r"dx = \cos x \odot dz")
row("cos",        "x",    "np.cos(x)",    x="-dz * np.sin(x)",                 symbol="cos",  tex=r"dx = -\sin x \odot dz")
row("tan",        "x",    "np.tan(x)",    x="dz * (1 + z ** 2)",               symbol="tan",  tex=r"dx = (1 + z^2) \odot dz")
row("arcsin",     "x",    "np.arcsin(x)", x="dz / np.sqrt(1 - x ** 2)",        symbol="arcsin", tex=r"dx = dz / \sqrt{1 - x^2}")
row("arccos",     "x",    "np.arccos(x)", x="-dz / np.sqrt(1 - x ** 2)",       symbol="arccos", tex=r"dx = -dz / \sqrt{1 - x^2}")
row("arctan",     "x",    "np.arctan(x)", x="dz / (1 + x ** 2)",               symbol="arctan", tex=r"dx = dz / (1 + x^2)")
row("arctan2",    "y, x", "np.arctan2(y, x)", y="dz * x / (x ** 2 + y ** 2)", x="-dz * y / (x ** 2 + y ** 2)", symbol="arctan2", tex=r"dy = dz \odot x / (x^2 + y^2),\ dx = -dz \odot y / (x^2 + y^2)",
    complex=False)
row("deg2rad",    "x",    "np.deg2rad(x)", x="np.pi / 180 * dz",               symbol="deg2rad", tex=r"dx = \pi / 180\, dz", complex="x * np.pi / 180")
row("rad2deg",    "x",    "np.rad2deg(x)", x="180 / np.pi * dz",               symbol="rad2deg", tex=r"dx = 180 / \pi\, dz", complex="x * 180 / np.pi")

# ── hyperbolic ───────────────────────────────────────────────────────────────────────────────
row("sinh",       "x",    "np.sinh(x)",    x="dz * np.cosh(x)",                symbol="sinh", tex=r"dx = \cosh x \odot dz")
row("cosh",       "x",    "np.cosh(x)",    x="dz * np.sinh(x)",                symbol="cosh", tex=r"dx = \sinh x \odot dz")
row("tanh",       "x",    "np.tanh(x)",    x="dz * (1 - z ** 2)",              symbol="tanh", tex=r"dx = (1 - z^2) \odot dz")
row("sigmoid",    "x",    "1 / (1 + np.exp(-x))", x="dz * z * (1 - z)",      symbol="σ",    tex=r"dx = z \odot (1 - z) \odot dz")  # see tracer/idioms.py
row("arcsinh",    "x",    "np.arcsinh(x)", x="dz / np.sqrt(x ** 2 + 1)",       symbol="arcsinh", tex=r"dx = dz / \sqrt{x^2 + 1}")
row("arccosh",    "x",    "np.arccosh(x)", x="dz / np.sqrt(x ** 2 - 1)",       symbol="arccosh", tex=r"dx = dz / \sqrt{x^2 - 1}")
row("arctanh",    "x",    "np.arctanh(x)", x="dz / (1 - x ** 2)",              symbol="arctanh", tex=r"dx = dz / (1 - x^2)")

# At a tie the first operand gets the gradient, unless the second is a number: relu is 0 at 0.
# ── choices ──────────────────────────────────────────────────────────────────────────────────
row("maximum",    "x, y", "np.maximum(x, y)", when="type(y) in (int, float)", x="dz * (x > y)", y="dz * (y >= x)", symbol="max", tex=r"dx = [x > y] \odot dz,\ dy = [y > x] \odot dz",
    complex="np.where(np.real(x) > np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("maximum",    "x, y", "np.maximum(x, y)", x="dz * (x >= y)", y="dz * (y > x)", symbol="max", tex=r"dx = [x \ge y] \odot dz,\ dy = [y > x] \odot dz",
    complex="np.where(np.real(x) > np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("minimum",    "x, y", "np.minimum(x, y)", when="type(y) in (int, float)", x="dz * (x < y)", y="dz * (y <= x)", symbol="min", tex=r"dx = [x < y] \odot dz,\ dy = [y < x] \odot dz",
    complex="np.where(np.real(x) < np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("minimum",    "x, y", "np.minimum(x, y)", x="dz * (x <= y)", y="dz * (y < x)", symbol="min", tex=r"dx = [x \le y] \odot dz,\ dy = [y < x] \odot dz",
    complex="np.where(np.real(x) < np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("clip",       "x, a_min=None, a_max=None", "np.clip(x, a_min, a_max)", when="a_min is not None and a_max is not None",
    x="dz * ((x > a_min) & (x < a_max))", a_min="dz * (x < a_min)", a_max="dz * (x > a_max)",  symbol="clip", tex=r"dx = [a < x < b] \odot dz",
    complex="np.where(np.real(x) < np.real(a_min), a_min, np.where(np.real(x) > np.real(a_max), a_max, x))",
    kink="np.sign(np.real(x) - np.real(a_min)) + np.sign(np.real(x) - np.real(a_max))")
row("clip",       "x, a_min=None, a_max=None", "np.maximum(x, a_min)", when="a_max is None", x="dz * (x > a_min)", a_min="dz * (x < a_min)", symbol="clip", tex=r"dx = [x > a] \odot dz",
    complex="np.where(np.real(x) < np.real(a_min), a_min, x)", kink="np.sign(np.real(x) - np.real(a_min))")
row("clip",       "x, a_min=None, a_max=None", "np.minimum(x, a_max)", when="a_min is None", x="dz * (x < a_max)", a_max="dz * (x > a_max)", symbol="clip", tex=r"dx = [x < b] \odot dz",
    complex="np.where(np.real(x) > np.real(a_max), a_max, x)", kink="np.sign(np.real(x) - np.real(a_max))")
row("where",      "condition, x, y", "np.where(condition, x, y)", x="np.where(condition, dz, 0)", y="np.where(condition, 0, dz)", symbol="where", tex=r"dx = [c] \odot dz,\ dy = [\neg c] \odot dz")

# ── comparisons: no gradient, but the branch that was taken ─────────────────────────────────
for op, sign in (("greater", ">"), ("greater_equal", ">="), ("less", "<"), ("less_equal", "<="), ("equal", "=="), ("not_equal", "!=")):
    row(op, "x, y", f"x {sign} y", complex=f"np.real(x) {sign} np.real(y)", symbol=sign)
row("logical_and", "x, y", "np.logical_and(x, y)", symbol="and")
row("logical_or",  "x, y", "np.logical_or(x, y)",  symbol="or")
row("logical_xor", "x, y", "np.logical_xor(x, y)", symbol="xor")
row("logical_not", "x",    "np.logical_not(x)",    symbol="not")
row("bitwise_and", "x, y", "x & y",                symbol="and")
row("bitwise_or",  "x, y", "x | y",                symbol="or")
row("bitwise_xor", "x, y", "x ^ y",                symbol="xor")
row("invert",      "x",    "~x",                   symbol="not")

# ── steps: their gradient is zero wherever they have one ────────────────────────────────────
for op in ("sign", "floor", "ceil", "trunc", "rint", "isnan", "isinf", "isfinite"):
    row(op, "x", f"np.{op}(x)", complex=f"np.{op}(np.real(x))", symbol=op)
row("round",        "x, decimals=0", "np.round(x, decimals)", complex="np.round(np.real(x), decimals)", symbol="round")
row("floor_divide", "x, y", "x // y", complex="np.real(x) // np.real(y)", symbol="//")
row("heaviside",    "x, y", "np.heaviside(x, y)", complex="np.heaviside(np.real(x), np.real(y))", symbol="step")
