"""Many entries to one: sums, means, extremes."""

from functools import partial

from backprop.rules.table import rule

row = partial(rule, lazy=True, axes="reduce")

# fmt: off
# ── sums ─────────────────────────────────────────────────────────────────────────────────────
row("sum",  "x, axis=None, keepdims=False", "np.sum(x, axis=axis, keepdims=keepdims)",
    x="keep(dz)",                      symbol="Σ")
row("mean", "x, axis=None, keepdims=False", "np.mean(x, axis=axis, keepdims=keepdims)",
    x="keep(dz) / count(x)",           symbol="mean")
row("cumsum", "x, axis=None", "np.cumsum(x, axis=axis)", when="axis is not None", lazy=False, axes="same",
    x="np.flip(np.cumsum(np.flip(dz, axis), axis), axis)", symbol="cumsum")
row("cumsum", "x, axis=None", "np.cumsum(x)", lazy=False, axes="",
    x="np.cumsum(dz[::-1])[::-1].reshape(shape(x))",       symbol="cumsum")

# ── spread ───────────────────────────────────────────────────────────────────────────────────
row("var",  "x, axis=None, ddof=0, keepdims=False", "np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)",
    x="2 * (x - np.mean(x, axis=axis, keepdims=True)) * keep(dz) / (count(x) - ddof)",
    complex="np.sum((x - np.mean(x, axis=axis, keepdims=True)) ** 2, axis=axis, keepdims=keepdims)"
            " / (np.sum(np.ones(np.shape(x)), axis=axis, keepdims=keepdims) - ddof)",
    symbol="var")
row("std",  "x, axis=None, ddof=0, keepdims=False", "np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)",
    x="(x - np.mean(x, axis=axis, keepdims=True)) * keep(dz) / ((count(x) - ddof) * keep(z))",
    complex="np.sqrt(np.sum((x - np.mean(x, axis=axis, keepdims=True)) ** 2, axis=axis, keepdims=keepdims)"
            " / (np.sum(np.ones(np.shape(x)), axis=axis, keepdims=keepdims) - ddof))",
    symbol="std", singular="np.ptp(np.real(x), axis=axis, keepdims=keepdims) == 0")

# ── products: without a zero the others are z / x ────────────────────────────────────────────
row("prod", "x, axis=None, keepdims=False", "np.prod(x, axis=axis, keepdims=keepdims)", when="np.all(x)",
    x="keep(dz) * keep(z) / x",        symbol="Π")
row("prod", "x, axis=None, keepdims=False", "np.prod(x, axis=axis, keepdims=keepdims)", when="isinstance(axis, int)",
    x="keep(dz) * np.moveaxis(np.prod(np.where(np.eye(length(x, axis)) == 1, 1, np.moveaxis(x, axis, -1)[..., None, :]), axis=-1), -1, axis)",
    symbol="Π")
row("prod", "x, axis=None, keepdims=False", "np.prod(x, axis=axis, keepdims=keepdims)", when="axis is None",
    x="dz * np.prod(np.where(np.eye(x.size) == 1, 1, x.reshape(-1)), axis=-1).reshape(shape(x))",
    symbol="Π")
row("cumprod", "x, axis=None", "np.cumprod(x, axis=axis)", when="axis is not None and np.all(x)", lazy=False, axes="same",
    x="np.flip(np.cumsum(np.flip(dz * z, axis), axis), axis) / x", symbol="cumprod")

# ── extremes ─────────────────────────────────────────────────────────────────────────────────
for op, arg in (("max", "argmax"), ("min", "argmin")):
    row(op, "x, axis=None, keepdims=False", f"np.{op}(x, axis=axis, keepdims=keepdims)",
        x="keep(dz) * (x == keep(z))",     symbol=op,
        complex=f"np.take_along_axis(x, np.expand_dims(np.{arg}(np.real(x), axis=axis), axis), axis) if keepdims and isinstance(axis, int) else "
                f"np.take_along_axis(x, np.expand_dims(np.{arg}(np.real(x), axis=axis), axis), axis).squeeze(axis) if isinstance(axis, int) else "
                f"np.sum(np.where(np.real(x) == np.{op}(np.real(x), axis=axis, keepdims=True), x, 0), axis=axis, keepdims=keepdims)"
                f" / np.sum(np.real(x) == np.{op}(np.real(x), axis=axis, keepdims=True), axis=axis, keepdims=keepdims)",
        kink=f"np.real(x) == np.{op}(np.real(x), axis=axis, keepdims=True)")

# ── no gradient ──────────────────────────────────────────────────────────────────────────────
for op in ("argmax", "argmin"):
    row(op, "x, axis=None, keepdims=False", f"np.{op}(x, axis=axis, keepdims=keepdims)",
        complex=f"np.{op}(np.real(x), axis=axis, keepdims=keepdims)", symbol=op)
for op in ("any", "all"):
    row(op, "x, axis=None, keepdims=False", f"np.{op}(x, axis=axis, keepdims=keepdims)", symbol=op)
row("count_nonzero", "x, axis=None, keepdims=False", "np.count_nonzero(x, axis=axis, keepdims=keepdims)", symbol="count")
row("argsort", "x, axis=-1", "np.argsort(x, axis=axis, kind='stable')", complex="np.argsort(np.real(x), axis=axis, kind='stable')", axes="same", symbol="argsort")
row("argpartition", "x, kth, axis=-1", "np.argpartition(x, kth, axis=axis)", complex="np.argpartition(np.real(x), kth, axis=axis)", axes="same", symbol="argpartition")
