"""The rectifier: what is negative becomes zero."""

import numpy as np

from backprop.layers.types import Array, Cache


def relu_forward(x: Array) -> tuple[Array, Cache]:
    """x: floating, any shape. Returns ``(out, cache)`` with ``out = max(0, x)``."""
    out = np.maximum(0, x)
    cache = (x,)
    return out, cache


def relu_backward(dout: Array, cache: Cache) -> Array:
    """Staged backward: the gradient passes where x is positive. Returns dx, shaped as x."""
    (x,) = cache
    mask = x > 0
    dx = dout * mask
    return dx


def relu_backward_on_paper(dout: Array, cache: Cache) -> Array:
    """∂out/∂x = [x > 0], the indicator; at x = 0, where there is a kink, it is taken as 0."""
    (x,) = cache
    return np.where(x > 0, dout, 0)
