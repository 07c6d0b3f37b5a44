"""Entry by entry: arithmetic, powers, the exp and log families, trigonometry, choices."""

from functools import partial

from backprop.rules.table import rule

row = partial(rule, lazy=True, axes="broadcast")

# fmt: off
# ── arithmetic ───────────────────────────────────────────────────────────────────────────────
row("add",        "x, y", "x + y",   x="dz",          y="dz",                  symbol="+")
row("subtract",   "x, y", "x - y",   x="dz",          y="-dz",                 symbol="−")
row("multiply",   "x, y", "x * y",   x="dz * y",      y="dz * x",              symbol="×")
row("divide",     "x, y", "x / y",   x="dz / y",      y="-dz * z / y",         symbol="÷")
row("reciprocal", "x",    "1 / x",   x="-dz / x ** 2",                         symbol="1/·")
row("negative",   "x",    "-x",      x="-dz",                                  symbol="−")
row("positive",   "x",    "x",       x="dz",                                   symbol="+")
row("remainder",  "x, y", "x % y",   x="dz",          y="-dz * np.floor(x / y)", symbol="%",
    complex="x - np.floor(np.real(x) / np.real(y)) * y", kink="np.floor(np.real(x) / np.real(y))")

# ── powers ───────────────────────────────────────────────────────────────────────────────────
row("square",     "x",    "x ** 2",     x="2 * x * dz",                        symbol="()²")
row("power",      "x, y", "x ** y", when="type(y) in (int, float) and y == 0", x="0 * dz", symbol="xʸ")
row("power",      "x, y", "x ** y", when="np.any(np.equal(y, 0))", x="y * x ** np.where(y == 0, 1, y - 1) * dz", y="dz * z * np.log(x)", symbol="xʸ",
    singular="(np.real(x) == 0) & (np.real(y) % 1 != 0)")
row("power",      "x, y", "x ** y",     x="y * x ** (y - 1) * dz",
                                        y="dz * z * np.log(x)",                symbol="xʸ",
    singular="(np.real(x) == 0) & (np.real(y) % 1 != 0)")
row("sqrt",       "x",    "np.sqrt(x)", x="dz / (2 * z)",                      symbol="√", singular="np.real(x) == 0")
row("cbrt",       "x",    "np.cbrt(x)", x="dz / (3 * z ** 2)",                 symbol="∛",
    complex="np.sign(np.real(x)) * (x * np.sign(np.real(x))) ** (1 / 3)", singular="np.real(x) == 0")
row("hypot",      "x, y", "np.hypot(x, y)", x="dz * x / z", y="dz * y / z",    symbol="√(x²+y²)",
    complex="np.sqrt(x ** 2 + y ** 2)", singular="(np.real(x) == 0) & (np.real(y) == 0)")
row("abs",        "x",    "np.abs(x)",  x="dz * np.sign(x)",                   symbol="|·|",
    complex="x * np.sign(np.real(x))", kink="np.real(x) > 0")

# ── exponentials and logarithms ──────────────────────────────────────────────────────────────
row("exp",        "x",    "np.exp(x)",   x="dz * z",                           symbol="exp")
row("exp2",       "x",    "np.exp2(x)",  x="np.log(2) * dz * z",               symbol="2ˣ", complex="np.exp(np.log(2) * x)")
row("expm1",      "x",    "np.expm1(x)", x="dz * (z + 1)",                     symbol="expm1")
row("log",        "x",    "np.log(x)",   x="dz / x",                           symbol="log", singular="np.real(x) == 0")
row("log2",       "x",    "np.log2(x)",  x="dz / (np.log(2) * x)",             symbol="log₂", singular="np.real(x) == 0")
row("log10",      "x",    "np.log10(x)", x="dz / (np.log(10) * x)",            symbol="log₁₀", singular="np.real(x) == 0")
row("log1p",      "x",    "np.log1p(x)", x="dz / (1 + x)",                     symbol="log1p", singular="np.real(x) == -1")
row("logaddexp",  "x, y", "np.logaddexp(x, y)", x="dz * np.exp(x - z)", y="dz * np.exp(y - z)", symbol="logaddexp",
    complex="np.maximum(np.real(x), np.real(y)) + np.log(np.exp(x - np.maximum(np.real(x), np.real(y))) + np.exp(y - np.maximum(np.real(x), np.real(y))))")

# ── trigonometry ─────────────────────────────────────────────────────────────────────────────
row("sin",        "x",    "np.sin(x)",    x="dz * np.cos(x)",                  symbol="sin")
row("cos",        "x",    "np.cos(x)",    x="-dz * np.sin(x)",                 symbol="cos")
row("tan",        "x",    "np.tan(x)",    x="dz * (1 + z ** 2)",               symbol="tan")
row("arcsin",     "x",    "np.arcsin(x)", x="dz / np.sqrt(1 - x ** 2)",        symbol="arcsin", singular="np.abs(np.real(x)) == 1")
row("arccos",     "x",    "np.arccos(x)", x="-dz / np.sqrt(1 - x ** 2)",       symbol="arccos", singular="np.abs(np.real(x)) == 1")
row("arctan",     "x",    "np.arctan(x)", x="dz / (1 + x ** 2)",               symbol="arctan")
row("arctan2",    "y, x", "np.arctan2(y, x)", y="dz * x / (x ** 2 + y ** 2)", x="-dz * y / (x ** 2 + y ** 2)", symbol="arctan2",
    complex=False)
row("deg2rad",    "x",    "np.deg2rad(x)", x="np.pi / 180 * dz",               symbol="deg2rad", complex="x * np.pi / 180")
row("rad2deg",    "x",    "np.rad2deg(x)", x="180 / np.pi * dz",               symbol="rad2deg", complex="x * 180 / np.pi")

# ── hyperbolic ───────────────────────────────────────────────────────────────────────────────
row("sinh",       "x",    "np.sinh(x)",    x="dz * np.cosh(x)",                symbol="sinh")
row("cosh",       "x",    "np.cosh(x)",    x="dz * np.sinh(x)",                symbol="cosh")
row("tanh",       "x",    "np.tanh(x)",    x="dz * (1 - z ** 2)",              symbol="tanh")
row("sigmoid",    "x",    "1 / (1 + np.exp(-x))", x="dz * z * (1 - z)",      symbol="σ")  # see tracer/idioms.py
row("arcsinh",    "x",    "np.arcsinh(x)", x="dz / np.sqrt(x ** 2 + 1)",       symbol="arcsinh")
row("arccosh",    "x",    "np.arccosh(x)", x="dz / np.sqrt(x ** 2 - 1)",       symbol="arccosh", singular="np.real(x) == 1")
row("arctanh",    "x",    "np.arctanh(x)", x="dz / (1 - x ** 2)",              symbol="arctanh")

# ── of scipy: the tables of the normal distribution, factorials; see graph/special.py ────────
row("erf",        "x",    "special.erf(x)",     x="2 / np.sqrt(np.pi) * np.exp(-x ** 2) * dz",       symbol="erf")
row("erfc",       "x",    "special.erfc(x)",    x="-2 / np.sqrt(np.pi) * np.exp(-x ** 2) * dz",      symbol="erfc")
row("erfinv",     "x",    "special.erfinv(x)",  x="np.sqrt(np.pi) / 2 * np.exp(z ** 2) * dz",        symbol="erf⁻¹", complex=False)
row("ndtr",       "x",    "special.ndtr(x)",    x="np.exp(-x ** 2 / 2) / np.sqrt(2 * np.pi) * dz",   symbol="Φ")
row("log_ndtr",   "x",    "special.log_ndtr(x)", x="np.exp(-x ** 2 / 2 - z) / np.sqrt(2 * np.pi) * dz", symbol="log Φ")
row("gamma",      "x",    "special.gamma(x)",   x="dz * z * special.psi(x)",                         symbol="Γ")
row("gammaln",    "x",    "special.gammaln(x)", x="dz * special.psi(x)",                             symbol="log Γ", complex=False)
row("psi",        "x",    "special.psi(x)",     x="dz * special.polygamma(1, x)",                    symbol="ψ")

# At a tie the first operand gets the gradient, unless the second is a number: relu is 0 at 0.
# ── choices ──────────────────────────────────────────────────────────────────────────────────
row("maximum",    "x, y", "np.maximum(x, y)", when="type(y) in (int, float)", x="dz * (x > y)", y="dz * (y >= x)", symbol="max",
    complex="np.where(np.real(x) > np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("maximum",    "x, y", "np.maximum(x, y)", x="dz * (x >= y)", y="dz * (y > x)", symbol="max",
    complex="np.where(np.real(x) > np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("minimum",    "x, y", "np.minimum(x, y)", when="type(y) in (int, float)", x="dz * (x < y)", y="dz * (y <= x)", symbol="min",
    complex="np.where(np.real(x) < np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("minimum",    "x, y", "np.minimum(x, y)", x="dz * (x <= y)", y="dz * (y < x)", symbol="min",
    complex="np.where(np.real(x) < np.real(y), x, y)", kink="np.sign(np.real(x) - np.real(y))")
row("clip",       "x, a_min=None, a_max=None", "np.clip(x, a_min, a_max)", when="a_min is not None and a_max is not None",
    x="dz * ((x > a_min) & (x < a_max))", a_min="dz * (x < a_min)", a_max="dz * (x > a_max)",  symbol="clip",
    complex="np.where(np.real(x) < np.real(a_min), a_min, np.where(np.real(x) > np.real(a_max), a_max, x))",
    kink="np.sign(np.real(x) - np.real(a_min)) + np.sign(np.real(x) - np.real(a_max))")
row("clip",       "x, a_min=None, a_max=None", "np.maximum(x, a_min)", when="a_max is None", x="dz * (x > a_min)", a_min="dz * (x < a_min)", symbol="clip",
    complex="np.where(np.real(x) < np.real(a_min), a_min, x)", kink="np.sign(np.real(x) - np.real(a_min))")
row("clip",       "x, a_min=None, a_max=None", "np.minimum(x, a_max)", when="a_min is None", x="dz * (x < a_max)", a_max="dz * (x > a_max)", symbol="clip",
    complex="np.where(np.real(x) > np.real(a_max), a_max, x)", kink="np.sign(np.real(x) - np.real(a_max))")
row("where",      "condition, x, y", "np.where(condition, x, y)", x="np.where(condition, dz, 0)", y="np.where(condition, 0, dz)", symbol="where")

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
