"""When two arrays are the same, up to rounding; see `backprop.judging.closeness`."""

from backprop.judging.closeness import differs

__all__ = ["differs"]
