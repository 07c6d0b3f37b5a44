"""Inverted dropout (Srivastava et al. 2014, JMLR 15), as in cs231n."""

from typing import Any

import numpy as np

from backprop.layers.types import Array, Cache


def dropout_forward(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Cache]:
    """Keep every entry with probability p and scale it by 1 / p; the others become zero.

    x: floating, any shape.
    dropout_param: ``p``, the probability to keep an entry, 0 < p ≤ 1; ``mode``, "train" (the
    default) or "test", which leaves x as it is; ``seed``, an integer: the same choice again.
    Returns ``(out, cache)`` with ``out`` shaped as x. Raises ValueError for another mode or p.
    """
    p, mode = dropout_param["p"], dropout_param.get("mode", "train")
    seed = dropout_param.get("seed")
    if mode not in ("train", "test"):
        raise ValueError(f'dropout_param["mode"] is {mode!r}; it can be "train" or "test"')
    if not 0 < p <= 1:
        raise ValueError(f'dropout_param["p"] is {p!r}; it is a probability to keep, 0 < p <= 1')
    if mode == "test":
        return x.copy(), (mode, p, None)
    keep = np.random.default_rng(seed).random(x.shape) < p
    mask = keep.astype(x.dtype) / p
    out = x * mask
    cache = (mode, p, mask)
    return out, cache


def dropout_backward(dout: Array, cache: Cache) -> Array:
    """Staged backward: the mask is a constant. dout: as x. Returns dx, shaped as x."""
    mode, _, mask = cache
    if mode == "test":
        return dout.copy()
    dx = dout * mask
    return dx


def dropout_backward_on_paper(dout: Array, cache: Cache) -> Array:
    """∂out/∂x = 1 / p where an entry was kept, and 0 where it was not."""
    mode, p, mask = cache
    if mode == "test":
        return dout.copy()
    return np.where(mask > 0, dout / p, 0)
