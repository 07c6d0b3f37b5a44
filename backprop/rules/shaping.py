"""The same entries in another shape: reshape, transpose, join, split."""

from functools import partial

from backprop.rules.table import rule

row = partial(rule, view=True)

# fmt: off
row("reshape",   "x, shape",     "x.reshape(shape)", x="dz.reshape(shape(x))",  axes="reshape", symbol="reshape")
row("transpose", "x, axes=None", "x.T", when="axes is None", x="dz.T",                  axes="transpose", symbol="T")
row("transpose", "x, axes=None", "x.transpose(axes)",        x="dz.transpose(inverse(axes))", axes="transpose", symbol="T")
row("copy",      "x",            "x.copy()",         x="dz", axes="broadcast",  symbol="copy", lazy=True, view=False)
row("astype",    "x, dtype",     "x.astype(dtype)",  when="np.dtype(dtype).kind in 'fc'", x="dz", axes="broadcast", symbol="astype", lazy=True, view=False, complex="x")
row("astype",    "x, dtype",     "x.astype(dtype)",  axes="broadcast", symbol="astype", view=False, complex="np.real(x).astype(dtype)")  # whole numbers: a step

# ── several arrays to one ────────────────────────────────────────────────────────────────────
join = partial(rule, axes="join")
join("concatenate", "arrays, axis=0", "np.concatenate(arrays, axis=axis)", arrays="dz[piece(arrays, axis)]", symbol="concat")
join("stack",       "arrays, axis=0", "np.stack(arrays, axis=axis)",       arrays="dz[layer(arrays, axis)]", symbol="stack")

# ── axes ─────────────────────────────────────────────────────────────────────────────────────
row = partial(rule, view=True, axes="permute")
row("swapaxes",    "x, axis1, axis2",       "np.swapaxes(x, axis1, axis2)",         x="np.swapaxes(dz, axis1, axis2)",         symbol="swap")
row("moveaxis",    "x, source, destination", "np.moveaxis(x, source, destination)", x="np.moveaxis(dz, destination, source)", symbol="move")
row("expand_dims", "x, axis",               "np.expand_dims(x, axis)",              x="np.squeeze(dz, axis)",                  symbol="[None]")
row("squeeze",     "x, axis=None",          "np.squeeze(x, axis=axis)",             x="dz.reshape(shape(x))",                  symbol="squeeze")

# ── the same entry several times ─────────────────────────────────────────────────────────────
row = partial(rule, axes="")
row("broadcast_to", "x, shape", "np.broadcast_to(x, shape)", x="dz", axes="broadcast", lazy=True, symbol="broadcast")
row("tile",   "x, reps",               "np.tile(x, reps)",               x="untile(dz, reps)", symbol="tile")
row("repeat", "x, repeats, axis=None", "np.repeat(x, repeats, axis=axis)", when="axis is not None and isinstance(repeats, int) and x.shape[axis] == 1",
    x="np.sum(dz, axis=axis, keepdims=True)",                                                         symbol="repeat")
row("repeat", "x, repeats, axis=None", "np.repeat(x, repeats, axis=axis)", when="axis is not None and isinstance(repeats, int) and repeats > 0",
    x="np.add.reduceat(dz, np.arange(0, length(x, axis) * repeats, repeats), axis=axis)",             symbol="repeat")
row("repeat", "x, repeats, axis=None", "np.repeat(x, repeats)", when="isinstance(repeats, int) and repeats > 0",
    x="np.sum(dz.reshape(-1, repeats), axis=1).reshape(shape(x))",                                    symbol="repeat")
row("repeat", "x, repeats, axis=None", "np.repeat(x, repeats, axis=axis)", when="axis is not None and np.all(repeats)",
    x="np.add.reduceat(dz, np.cumsum(repeats) - repeats, axis=axis)",                                 symbol="repeat")
row("repeat", "x, repeats, axis=None", "np.repeat(x, repeats)", when="axis is None and np.all(repeats)",
    x="np.add.reduceat(dz, np.cumsum(repeats) - repeats).reshape(shape(x))",                          symbol="repeat")

row("sliding_window_view", "x, window_shape, axis=None", "np.lib.stride_tricks.sliding_window_view(x, window_shape, axis=axis)",
    x="np.add.at(np.lib.stride_tricks.sliding_window_view(dx, window_shape, axis=axis, writeable=True), ..., dz)", symbol="windows", view=True)

# ── other places ─────────────────────────────────────────────────────────────────────────────
row("pad",   "x, pad_width, mode='constant', constant_values=0", "np.pad(x, pad_width, mode=mode, constant_values=constant_values)", when="mode == 'constant'",
    x="dz[inside(pad_width)]",                                             symbol="pad")
row("flip",  "x, axis=None",      "np.flip(x, axis=axis)", x="np.flip(dz, axis=axis)",        axes="same", symbol="flip")
row("roll",  "x, shift, axis=None", "np.roll(x, shift, axis=axis)", when="isinstance(shift, int)", x="np.roll(dz, -shift, axis=axis)", axes="same", symbol="roll")
row("rot90", "x, k=1",            "np.rot90(x, k=k)", x="np.rot90(dz, -k)",         symbol="rot90")
row("sort",  "x, axis=-1",        "np.sort(x, axis=axis)", when="axis is not None", x="np.take_along_axis(dz, np.argsort(np.argsort(x, axis=axis), axis=axis), axis)", axes="same",
    symbol="sort", kink="np.argsort(np.real(x), axis=axis)")
row("tril",  "x, k=0",            "np.tril(x, k=k)",  x="np.tril(dz, k=k)",           axes="same", symbol="tril")
row("triu",  "x, k=0",            "np.triu(x, k=k)",  x="np.triu(dz, k=k)",           axes="same", symbol="triu")
row("diag",  "x, k=0",            "np.diag(x, k=k)", when="x.ndim == 1 or x.shape[0] == x.shape[1]", x="np.diag(dz, k=k)", symbol="diag")
row("trace", "x",                 "np.trace(x)",   when="x.ndim == 2", x="dz * np.eye(length(x, 0), length(x, 1))", symbol="tr")
