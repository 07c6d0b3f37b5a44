"""Word embedding: a table of vectors, and which rows of it are looked up."""

import numpy as np

from backprop.layers.types import Array, Cache


def word_embedding_forward(x: Array, W: Array) -> tuple[Array, Cache]:
    """Look up the vector of every word.

    x: integers of any shape, usually (N, T), 0 ≤ x < V; W: (V, D) floating.
    Returns ``(out, cache)`` with ``out`` of the shape of x and D: (N, T, D).
    """
    out = W[x]
    cache = (x, W)
    return out, cache


def word_embedding_backward(dout: Array, cache: Cache) -> Array:
    """Staged backward. dout: (N, T, D). Returns dW (V, D).

    A word that occurs several times gets several parts, and ``np.add.at`` adds all of them.
    """
    x, W = cache
    dW = np.zeros_like(W)
    np.add.at(dW, x, dout)
    return dW


def word_embedding_backward_on_paper(dout: Array, cache: Cache) -> Array:
    """As a matrix product: with one-hot rows in H, out = H W, hence dW = Hᵀ dout."""
    x, W = cache
    onehot = (x.reshape(-1, 1) == np.arange(W.shape[0])).astype(W.dtype)
    return onehot.T @ dout.reshape(-1, W.shape[1])
