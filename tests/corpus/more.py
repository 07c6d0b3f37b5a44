"""Helpers that the forward functions import from another module."""

import numpy


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def tanh_step(row, w):
    out = numpy.zeros(w.shape[1])
    for j in range(w.shape[1]):
        out[j] = numpy.tanh(row.dot(w[:, j]))
    return out


def swish(x):
    return x * sigmoid(x)


def softplus(x):
    return numpy.log(1.0 + numpy.exp(x))
