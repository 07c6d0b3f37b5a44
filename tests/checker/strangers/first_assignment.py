"""Losses that compute their own gradient, as courses ask for them first; in many hands.

After each, slips: (what is written, what is written instead). The first wrong line is that one,
or the one of the third entry, where a correction there does as well.
"""

from random import shuffle  # noqa: F401

import numpy as np


def svm_loss_naive(W, X, y, reg):
    dW = np.zeros(W.shape)
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct_class_score = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct_class_score + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    loss = 0.0
    dW = np.zeros(W.shape)
    num_train = X.shape[0]
    scores = X.dot(W)
    correct = scores[np.arange(num_train), y].reshape(-1, 1)
    margins = np.maximum(0, scores - correct + 1)
    margins[np.arange(num_train), y] = 0
    loss = np.sum(margins) / num_train
    loss += reg * np.sum(W * W)
    binary = margins
    binary[margins > 0] = 1
    row_sum = np.sum(binary, axis=1)
    binary[np.arange(num_train), y] = -row_sum
    dW = X.T.dot(binary) / num_train
    dW += 2 * reg * W
    return loss, dW


def hinge_by_mask(W, X, y, reg):
    N = X.shape[0]
    S = X @ W
    M = S - S[range(N), y][:, np.newaxis] + 1.0
    M[range(N), list(y)] = 0
    mask = (M > 0).astype(float)
    loss = (M * mask).sum() / N + 0.5 * reg * (W**2).sum()
    mask[range(N), y] -= mask.sum(axis=1)
    grad = X.T @ mask / N + reg * W
    return loss, grad


def softmax_loss_naive(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    N, D = X.shape
    C = W.shape[1]
    for i in range(N):
        f = X[i].dot(W)
        f -= np.max(f)
        p = np.exp(f) / np.sum(np.exp(f))
        loss += -np.log(p[y[i]])
        for k in range(C):
            dW[:, k] += (p[k] - (k == y[i])) * X[i]
    loss /= N
    loss += reg * np.sum(W * W)
    dW /= N
    dW += reg * 2 * W
    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    loss = 0.0
    num_train = X.shape[0]
    scores = X.dot(W)
    scores = scores - np.max(scores, axis=1, keepdims=True)
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    loss = np.sum(-np.log(probs[range(num_train), y]))
    loss /= num_train
    loss += 0.5 * reg * np.sum(W * W)
    dscores = probs
    dscores[range(num_train), y] -= 1
    dscores /= num_train
    dW = np.dot(X.T, dscores)
    dW += reg * W
    return loss, dW


def softmax_one_hot(W, X, y, reg):
    n = X.shape[0]
    z = np.dot(X, W)
    z -= z.max(axis=1).reshape(n, 1)
    s = np.exp(z).sum(axis=1)
    loss = np.log(s).sum() - z[np.arange(n), y].sum()
    counts = np.exp(z) / s.reshape(n, 1)
    target = np.zeros_like(counts)
    target[np.arange(n), y] = 1
    counts -= target
    dW = X.T.dot(counts)
    loss = loss / n + reg * np.sum(W**2)
    dW = dW / n + 2 * reg * W
    return loss, dW


def two_layer_net(params, X, y, reg=0.0):
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    N, D = X.shape
    hidden = np.maximum(0, X.dot(W1) + b1)
    scores = hidden.dot(W2) + b2
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    softmax_output = np.exp(shifted) / np.sum(np.exp(shifted), axis=1).reshape(-1, 1)
    loss = -np.sum(np.log(softmax_output[range(N), list(y)]))
    loss /= N
    loss += 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    grads = {}
    dscores = softmax_output.copy()
    dscores[range(N), list(y)] -= 1
    dscores /= N
    grads["W2"] = hidden.T.dot(dscores) + reg * W2
    grads["b2"] = np.sum(dscores, axis=0)
    dh = dscores.dot(W2.T)
    dh_ReLu = (hidden > 0) * dh
    grads["W1"] = X.T.dot(dh_ReLu) + reg * W1
    grads["b1"] = np.sum(dh_ReLu, axis=0)
    return loss, grads


class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=0.5):
        rng = np.random.default_rng(1)
        self.params = {}
        self.params["W1"] = std * rng.normal(size=(input_size, hidden_size))
        self.params["b1"] = std * rng.normal(size=hidden_size)
        self.params["W2"] = std * rng.normal(size=(hidden_size, output_size))
        self.params["b2"] = std * rng.normal(size=output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        N, D = X.shape
        z1 = X.dot(W1) + b1
        a1 = z1 * (z1 > 0)
        scores = a1.dot(W2) + b2
        if y is None:
            return scores
        scores -= np.max(scores, axis=1, keepdims=True)
        exps = np.exp(scores)
        probs = exps / np.sum(exps, axis=1, keepdims=True)
        data_loss = np.mean(-np.log(probs[np.arange(N), y]))
        loss = data_loss + reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        grads = {}
        dZ2 = probs.copy()
        dZ2[np.arange(N), y] -= 1
        dZ2 /= N
        dW2 = a1.T.dot(dZ2)
        db2 = dZ2.sum(axis=0)
        dA1 = dZ2.dot(W2.T)
        dZ1 = dA1 * (z1 > 0)
        dW1 = X.T.dot(dZ1)
        db1 = dZ1.sum(axis=0)
        dW1 += 2 * reg * W1
        dW2 += 2 * reg * W2
        grads["W1"], grads["b1"] = dW1, db1
        grads["W2"], grads["b2"] = dW2, db2
        return loss, grads


def linear_regression(theta, X, y):
    m = len(y)
    h = X.dot(theta)
    J = np.sum((h - y) ** 2) / (2 * m)
    grad = X.T.dot(h - y) / m
    return J, grad


def logistic(theta, X, y, lam):
    m = y.size
    h = 1 / (1 + np.exp(-X.dot(theta)))
    J = -1 / m * (np.log(h).dot(y) + np.log(1 - h).dot(1 - y))
    J = J + lam / (2 * m) * np.sum(theta[1:] ** 2)
    grad = 1 / m * X.T.dot(h - y)
    grad[1:] = grad[1:] + lam / m * theta[1:]
    return J, grad


def propagate(w, b, X, Y):
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(np.dot(w.T, X) + b)))
    cost = -1 / m * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    dw = 1 / m * np.dot(X, (A - Y).T)
    db = 1 / m * np.sum(A - Y)
    grads = {"dw": dw, "db": db}
    return cost, grads


def softmax_loss(x, y):
    probs = np.exp(x - np.max(x, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    N = x.shape[0]
    loss = -np.sum(np.log(probs[np.arange(N), y])) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


def svm_loss(x, y):
    N = x.shape[0]
    correct_class_scores = x[np.arange(N), y]
    margins = np.maximum(0, x - correct_class_scores[:, np.newaxis] + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    num_pos = np.sum(margins > 0, axis=1)
    dx = np.zeros_like(x)
    dx[margins > 0] = 1
    dx[np.arange(N), y] -= num_pos
    dx /= N
    return loss, dx


def two_results(W, b, X, t):
    a = np.tanh(X @ W + b)
    e = a - t
    loss = 0.5 * np.sum(e * e)
    da = e * (1 - a * a)
    dW = X.T @ da
    db = da.sum(0)
    return loss, dW, db


_rng = np.random.default_rng(7)
_W, _X, _y = 0.5 * _rng.normal(size=(4, 3)), _rng.normal(size=(5, 4)), np.array([0, 2, 1, 1, 0])
_two = {
    "W1": _rng.normal(size=(4, 6)), "b1": _rng.normal(size=6),
    "W2": _rng.normal(size=(6, 3)), "b2": _rng.normal(size=3),
}  # fmt: skip
_binary = np.array([0, 1, 1, 0, 1])
_net = TwoLayerNet(4, 6, 3)

# name: (function, arguments, slips)
LOSSES = {
    "svm_loss_naive": (svm_loss_naive, (_W, _X, _y, 0.3), [
        ("dW[:, y[i]] -= X[i]", "dW[:, y[i]] += X[i]"),
        ("dW += 2 * reg * W", "dW += reg * W"),
        ("dW /= num_train", "dW /= num_classes"),
    ]),
    "svm_loss_vectorized": (svm_loss_vectorized, (_W, _X, _y, 0.3), [
        (
                "dW = X.T.dot(binary) / num_train",
                "dW = X.T.dot(binary)",
                "binary[np.arange(num_train), y] = -row_sum",
            ),
        ("= -row_sum", "= row_sum", "row_sum = np.sum"),
        ("row_sum = np.sum(binary, axis=1)", "row_sum = 2 * np.sum(binary, axis=1)"),
    ]),
    "hinge_by_mask": (hinge_by_mask, (_W, _X, _y, 0.3), [
        ("-= mask.sum(axis=1)", "+= mask.sum(axis=1)"),
        ("+ reg * W", "+ 2 * reg * W"),
        ("grad = X.T @ mask / N", "grad = -X.T @ mask / N"),
    ]),
    "softmax_loss_naive": (softmax_loss_naive, (_W, _X, _y, 0.3), [
        ("(p[k] - (k == y[i])) * X[i]", "(p[k] + (k == y[i])) * X[i]"),
        ("dW /= N", "dW /= D"),
        ("dW += reg * 2 * W", "dW -= reg * 2 * W"),
    ]),
    "softmax_loss_vectorized": (softmax_loss_vectorized, (_W, _X, _y, 0.3), [
        ("dscores[range(num_train), y] -= 1", "dscores[range(num_train), y] += 1"),
        ("dW += reg * W", "dW += 2 * reg * W"),
        ("dW = np.dot(X.T, dscores)", "dW = np.dot(X.T, scores)"),
    ]),
    "softmax_one_hot": (softmax_one_hot, (_W, _X, _y, 0.3), [
        ("counts -= target", "counts += target"),
        ("dW = dW / n + 2", "dW = dW + 2", "counts -= target", "dW = X.T.dot(counts)"),
        ("2 * reg * W", "reg * W"),
    ]),
    "two_layer_net": (two_layer_net, (_two, _X, _y, 0.1), [
        ("dscores[range(N), list(y)] -= 1", "dscores[range(N), list(y)] -= 2"),
        ('np.sum(dh_ReLu, axis=0)', 'np.sum(dh, axis=0)'),
        ("dh_ReLu = (hidden > 0) * dh", "dh_ReLu = (hidden < 0) * dh"),
        ('hidden.T.dot(dscores) + reg * W2', 'hidden.T.dot(dscores) + 2 * reg * W2'),
    ]),
    "TwoLayerNet": (_net.loss, (_X, _y, 0.1), [
        ("dZ1 = dA1 * (z1 > 0)", "dZ1 = dA1"),
        ("dW1 += 2 * reg * W1", "dW1 += reg * W1"),
        ("db2 = dZ2.sum(axis=0)", "db2 = -dZ2.sum(axis=0)"),
    ]),
    "linear_regression": (linear_regression, (_W[:, 0], _X, _y.astype(float)), [
        ("grad = X.T.dot(h - y) / m", "grad = X.T.dot(y - h) / m"),
        ("X.T.dot(h - y) / m", "X.T.dot(h - y) * 2 / m"),
        ("X.T.dot(h - y)", "X.T.dot(h + y)"),
    ]),
    "logistic": (logistic, (_W[:, 0], _X, _binary, 0.7), [
        ("grad = 1 / m * X.T.dot(h - y)", "grad = X.T.dot(h - y)"),
        ("grad[1:] + lam / m", "grad[1:] - lam / m"),
        ("+ lam / m * theta[1:]", "+ lam * theta[1:]"),
    ]),
    "propagate": (propagate, (_W[:, :1], np.array(0.2), _X.T, _binary.reshape(1, -1)), [
        ("dw = 1 / m * np.dot(X, (A - Y).T)", "dw = 1 / m * np.dot(X, (Y - A).T)"),
        ("db = 1 / m * np.sum(A - Y)", "db = np.sum(A - Y)"),
        ("np.sum(A - Y)", "np.sum(A)"),
    ]),
    "softmax_loss": (softmax_loss, (_X[:, :3], _y), [
        ("dx[np.arange(N), y] -= 1", "dx[np.arange(N), y] -= 1 / N"),
        ("dx /= N", "dx *= N"),
        ("dx = probs.copy()", "dx = -probs.copy()"),
    ]),
    "svm_loss": (svm_loss, (_X[:, :3], _y), [
        ("dx[np.arange(N), y] -= num_pos", "dx[np.arange(N), y] += num_pos"),
        ("dx[margins > 0] = 1", "dx[margins > 0] = 2"),
        ("dx /= N", "dx /= x.shape[1]"),
    ]),
    "two_results": (two_results, (_W, _two["b2"], _X, _rng.normal(size=(5, 3))), [
        ("da = e * (1 - a * a)", "da = e * (1 - a)"),
        ("dW = X.T @ da", "dW = X.T @ e"),
        ("db = da.sum(0)", "db = da.mean(0)"),
    ]),
}  # fmt: skip
