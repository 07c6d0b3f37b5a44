"""The lines that are written, and that they are right when they run."""

import numpy as np

import backprop as bp


def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=0)
    return var


def test_the_golden_example_to_the_letter():
    x = np.random.default_rng(0).standard_normal((4, 3))
    backward = bp.derive(variance, x)
    assert backward.lines == [
        "dsquare = dvar / x.shape[0]",
        "ddiff = 2 * diff * dsquare",
        "dmean = -np.sum(ddiff, axis=0)",
        "dx1 = ddiff",
        "dx2 = dmean / x.shape[0]",
        "dx = dx1 + dx2",
    ]
    assert backward.source == (
        "def variance_backward(dvar, x):\n"
        "    mean = np.mean(x, axis=0)\n"
        "    diff = x - mean\n"
        "    dsquare = dvar / x.shape[0]\n"
        "    ddiff = 2 * diff * dsquare\n"
        "    dmean = -np.sum(ddiff, axis=0)\n"
        "    dx1 = ddiff\n"
        "    dx2 = dmean / x.shape[0]\n"
        "    dx = dx1 + dx2\n"
        "    return dx\n"
    )
