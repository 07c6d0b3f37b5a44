"""A whole network: affine, relu, affine, softmax loss, and weights that are kept small."""

from typing import Any

import numpy as np

from backprop.layers.affine import affine_backward, affine_forward
from backprop.layers.relu import relu_backward, relu_forward
from backprop.layers.softmax_loss import softmax_loss_backward, softmax_loss_forward
from backprop.layers.types import Array, Cache


def two_layer_net_forward(
    x: Array, y: Array, W1: Array, b1: Array, W2: Array, b2: Array, reg: float = 0.0
) -> tuple[Any, Cache]:
    """Mean cross-entropy of the network's scores, plus ``reg / 2`` times all squared weights.

    x: (N, D) floating; y: (N,) integer labels below C; W1: (D, H); b1: (H,); W2: (H, C);
    b2: (C,). Returns ``(loss, cache)`` with a 0-d ``loss``.
    """
    a, cache_a = affine_forward(x, W1, b1)
    h, cache_h = relu_forward(a)
    scores, cache_scores = affine_forward(h, W2, b2)
    data_loss, cache_loss = softmax_loss_forward(scores, y)
    squares = np.sum(W1**2) + np.sum(W2**2)
    loss = data_loss + 0.5 * reg * squares
    cache = (cache_a, cache_h, cache_scores, cache_loss, reg)
    return loss, cache


def two_layer_net_backward(
    dloss: Array | float, cache: Cache
) -> tuple[Array, Array, Array, Array, Array]:
    """Staged backward, layer by layer. dloss: scalar. Returns dx, dW1, db1, dW2, db2."""
    cache_a, cache_h, cache_scores, cache_loss, reg = cache
    _, W1 = cache_a
    _, W2 = cache_scores
    dscores = softmax_loss_backward(dloss, cache_loss)
    dh, dW2, db2 = affine_backward(dscores, cache_scores)
    dW2 += dloss * reg * W2
    da = relu_backward(dh, cache_h)
    dx, dW1, db1 = affine_backward(da, cache_a)
    dW1 += dloss * reg * W1
    return dx, dW1, db1, dW2, db2


def two_layer_net_backward_on_paper(
    dloss: Array | float, cache: Cache
) -> tuple[Array, Array, Array, Array, Array]:
    """∂loss/∂scores = (p − y) / N, with y one-hot, and from there on products of matrices."""
    (x, W1), (a,), (h, W2), (exps, sums, labels, y), reg = cache
    dscores = dloss * exps / sums / exps.shape[0]
    dscores[labels, y] -= dloss / exps.shape[0]
    da = (dscores @ W2.T) * (a > 0)
    rows = x.reshape(x.shape[0], -1)
    dx = (da @ W1.T).reshape(x.shape)
    dW1 = rows.T @ da + dloss * reg * W1
    dW2 = h.T @ dscores + dloss * reg * W2
    return dx, dW1, np.sum(da, axis=0), dW2, np.sum(dscores, axis=0)
