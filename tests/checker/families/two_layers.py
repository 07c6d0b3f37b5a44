import numpy as np


def arguments(rng):
    return (
        rng.normal(size=(5, 4)),
        rng.normal(size=(4, 6)),
        rng.normal(size=6),
        rng.normal(size=(6, 3)),
        rng.normal(size=3),
    )


def net(x, w1, b1, w2, b2):
    a = x @ w1 + b1
    h = np.maximum(0, a)
    out = h @ w2 + b2
    return out, (x, w1, b1, h, w2, b2)


def tanh_net(X, W1, b1, W2, b2):
    Z1 = X.dot(W1) + b1
    A1 = np.tanh(Z1)
    Z2 = A1.dot(W2) + b2
    A2 = 1 / (1 + np.exp(-Z2))
    return A2, {"X": X, "W1": W1, "A1": A1, "W2": W2, "A2": A2}


def masked_in_place(dout, cache):
    x, w1, b1, h, w2, b2 = cache
    dw2 = h.T @ dout
    db2 = dout.sum(axis=0)
    dh = dout @ w2.T
    dh[h <= 0] = 0
    dw1 = x.T @ dh
    db1 = dh.sum(axis=0)
    dx = dh @ w1.T
    return dx, dw1, db1, dw2, db2


def mask_named(dout, cache):
    x, w1, b1, h, w2, b2 = cache
    db2 = np.sum(dout, axis=0)
    dw2 = np.dot(h.T, dout)
    dh = np.dot(dout, w2.T)
    mask = h > 0
    da = dh * mask
    db1 = np.sum(da, axis=0)
    dw1 = np.dot(x.T, da)
    dx = np.dot(da, w1.T)
    return dx, dw1, db1, dw2, db2


def delta_style(dout, cache):
    x, w1, b1, h, w2, b2 = cache
    grads = {}
    delta = dout
    grads["w2"] = h.T @ delta
    grads["b2"] = np.sum(delta, axis=0)
    delta = (delta @ w2.T) * (h > 0)
    grads["w1"] = x.T @ delta
    grads["b1"] = np.sum(delta, axis=0)
    delta = delta @ w1.T
    return delta, grads["w1"], grads["b1"], grads["w2"], grads["b2"]


def affine_backward(dout, x, w):
    dx = dout.dot(w.T)
    dw = x.T.dot(dout)
    db = dout.sum(axis=0)
    return dx, dw, db


def relu_backward(dout, h):
    dx = dout * (h > 0)
    return dx


def with_helpers(dout, cache):
    x, w1, b1, h, w2, b2 = cache
    dh, dw2, db2 = affine_backward(dout, h, w2)
    da = relu_backward(dh, h)
    dx, dw1, db1 = affine_backward(da, x, w1)
    return dx, dw1, db1, dw2, db2


def sigmoid_staged(dout, cache):
    X, W1, A1, W2, A2 = cache["X"], cache["W1"], cache["A1"], cache["W2"], cache["A2"]
    dZ2 = dout * A2 * (1 - A2)
    dW2 = A1.T.dot(dZ2)
    db2 = np.sum(dZ2, axis=0)
    dA1 = dZ2.dot(W2.T)
    dZ1 = dA1 * (1 - np.power(A1, 2))
    dW1 = X.T.dot(dZ1)
    db1 = np.sum(dZ1, axis=0)
    dX = dZ1.dot(W1.T)
    return dX, dW1, db1, dW2, db2


def reused_names(dout, cache):
    c = cache
    dx = dout * (c["A2"] - c["A2"] ** 2)
    dW2, db2 = c["A1"].T @ dx, dx.sum(0)
    dx = dx @ c["W2"].T
    dx *= 1 - c["A1"] ** 2
    dW1, db1 = c["X"].T @ dx, dx.sum(0)
    dx = dx @ c["W1"].T
    return dx, dW1, db1, dW2, db2


BACKWARDS = {
    masked_in_place: net,
    mask_named: net,
    delta_style: net,
    with_helpers: net,
    sigmoid_staged: tanh_net,
    reused_names: tanh_net,
}

MISTAKES = [
    (masked_in_place, "dh[h <= 0] = 0", "dh[dh <= 0] = 0", "dh", "mask"),
    (masked_in_place, "dh[h <= 0] = 0", "dh[h > 0] = 0", "dh", "mask"),
    (masked_in_place, "    dh[h <= 0] = 0\n", "", "dw1", "mask"),
    (masked_in_place, "dw1 = x.T @ dh", "dw1 = h[:, :4].T @ dh", "dw1", "operand"),
    (masked_in_place, "db1 = dh.sum(axis=0)", "db1 = dh.mean(axis=0)", "db1", "factor"),
    (masked_in_place, "dw2 = h.T @ dout", "dw2 = (x @ w1).T @ dout", "dw2", "operand"),
    (mask_named, "mask = h > 0", "mask = h < 0", "mask", "mask"),
    (mask_named, "mask = h > 0", "mask = dh > 0", "mask", "mask"),
    (mask_named, "da = dh * mask", "da = dh * h", "da", "value"),
    (mask_named, "da = dh * mask", "da = dh", "da", "mask"),
    (mask_named, "dw1 = np.dot(x.T, da)", "dw1 = np.dot(x.T, dh)", "dw1", "operand"),
    (mask_named, "dx = np.dot(da, w1.T)", "dx = np.dot(dh, w1.T)", "dx", "operand"),
    (delta_style, "(delta @ w2.T) * (h > 0)", "(delta @ w2.T) * h", "delta", "value"),
    (
        delta_style,
        'grads["b1"] = np.sum(delta, axis=0)',
        'grads["b1"] = np.sum(delta, axis=1)',
        'grads["b1"]',
        "axis",
    ),
    (
        delta_style,
        'grads["b2"] = np.sum(delta, axis=0)',
        'grads["b2"] = -np.sum(delta, axis=0)',
        'grads["b2"]',
        "sign",
    ),
    (with_helpers, "da = relu_backward(dh, h)", "da = relu_backward(dh, dh)", "da", "operand"),
    (
        with_helpers,
        "return dx, dw1, db1, dw2, db2",
        "return dx, dw2, db1, dw1, db2",
        "dw2",
        "order",
    ),
    (sigmoid_staged, "dZ2 = dout * A2 * (1 - A2)", "dZ2 = dout * A2", "dZ2", "value"),
    (sigmoid_staged, "(1 - np.power(A1, 2))", "np.power(A1, 2)", "dZ1", "value"),
    (sigmoid_staged, "(1 - np.power(A1, 2))", "A1 * (1 - A1)", "dZ1", "value"),
    (sigmoid_staged, "dA1 = dZ2.dot(W2.T)", "dA1 = dout.dot(W2.T)", "dA1", "operand"),
    (reused_names, "dx *= 1 - c", "dx *= c", "dx", "value"),
]
