"""Dictionaries of parameters, caches of caches, columns as examples: the deep-learning course."""

import numpy as np

rng = np.random.default_rng(11)


def sigmoid(Z):
    A = 1 / (1 + np.exp(-Z))
    cache = Z
    return A, cache


def relu(Z):
    A = np.maximum(0, Z)
    cache = Z
    return A, cache


def relu_backward(dA, cache):
    Z = cache
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def sigmoid_backward(dA, cache):
    Z = cache
    s = 1 / (1 + np.exp(-Z))
    dZ = dA * s * (1 - s)
    return dZ


def linear_forward(A, W, b):
    Z = np.dot(W, A) + b
    cache = (A, W, b)
    return Z, cache


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    dW = np.dot(dZ, A_prev.T)
    db = np.sum(dZ, axis=1, keepdims=True)
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db


def linear_activation_forward(A_prev, W, b):
    Z, linear_cache = linear_forward(A_prev, W, b)
    A, activation_cache = relu(Z)
    cache = (linear_cache, activation_cache)
    return A, cache


def linear_activation_backward(dA, cache):
    linear_cache, activation_cache = cache
    dZ = relu_backward(dA, activation_cache)
    dA_prev, dW, db = linear_backward(dZ, linear_cache)
    return dA_prev, dW, db


def forward_propagation(X, parameters):
    W1, b1 = parameters["W1"], parameters["b1"]
    W2, b2 = parameters["W2"], parameters["b2"]
    Z1 = np.dot(W1, X) + b1
    A1 = np.tanh(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = 1 / (1 + np.exp(-Z2))
    cache = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2, "X": X, "parameters": parameters}
    return A2, cache


def backward_propagation(dA2, cache):
    A1, A2, X = cache["A1"], cache["A2"], cache["X"]
    W2 = cache["parameters"]["W2"]
    dZ2 = dA2 * A2 * (1 - A2)
    dW2 = np.dot(dZ2, A1.T)
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))
    dW1 = np.dot(dZ1, X.T)
    db1 = np.sum(dZ1, axis=1, keepdims=True)
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    return grads


def model_forward(X, params):
    caches = []
    A = X
    L = len(params) // 2
    for l in range(1, L):
        A_prev = A
        A, cache = linear_activation_forward(A_prev, params["W" + str(l)], params["b" + str(l)])
        caches.append(cache)
    AL, cache = linear_forward(A, params["W" + str(L)], params["b" + str(L)])
    caches.append(cache)
    return AL, caches


def model_backward(dAL, caches):
    grads = {}
    L = len(caches)
    dA, grads["dW" + str(L)], grads["db" + str(L)] = linear_backward(dAL, caches[L - 1])
    for l in reversed(range(L - 1)):
        dA, dW, db = linear_activation_backward(dA, caches[l])
        grads["dW" + str(l + 1)] = dW
        grads["db" + str(l + 1)] = db
    return grads


def cost_with_regularization(A3, W1, W2, Y, lambd):
    m = Y.shape[1]
    cross = -1 / m * np.sum(Y * np.log(A3) + (1 - Y) * np.log(1 - A3))
    L2 = lambd / (2 * m) * (np.sum(np.square(W1)) + np.sum(np.square(W2)))
    cost = cross + L2
    return cost


def cost_backward(dcost, A3, W1, W2, Y, lambd):
    m = Y.shape[1]
    dA3 = -(np.divide(Y, A3) - np.divide(1 - Y, 1 - A3)) / m * dcost
    dW1 = lambd / m * W1 * dcost
    dW2 = lambd / m * W2 * dcost
    return dA3, dW1, dW2


def conv_forward(A_prev, W, b, hparameters):
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    stride = hparameters["stride"]
    pad = hparameters["pad"]
    n_H = int((n_H_prev - f + 2 * pad) / stride) + 1
    n_W = int((n_W_prev - f + 2 * pad) / stride) + 1
    Z = np.zeros((m, n_H, n_W, n_C))
    A_prev_pad = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    vert_start = h * stride
                    horiz_start = w * stride
                    a_slice = a_prev_pad[
                        vert_start : vert_start + f, horiz_start : horiz_start + f, :
                    ]
                    Z[i, h, w, c] = np.sum(a_slice * W[..., c]) + b[..., c].item()
    cache = (A_prev, W, b, hparameters)
    return Z, cache


def conv_backward(dZ, cache):
    (A_prev, W, b, hparameters) = cache
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    stride = hparameters["stride"]
    pad = hparameters["pad"]
    (m, n_H, n_W, n_C) = dZ.shape
    dA_prev = np.zeros((m, n_H_prev, n_W_prev, n_C_prev))
    dW = np.zeros((f, f, n_C_prev, n_C))
    db = np.zeros((1, 1, 1, n_C))
    A_prev_pad = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dA_prev_pad = np.pad(dA_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        da_prev_pad = dA_prev_pad[i]
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    v, g = h * stride, w * stride
                    a_slice = a_prev_pad[v : v + f, g : g + f, :]
                    da_prev_pad[v : v + f, g : g + f, :] += W[:, :, :, c] * dZ[i, h, w, c]
                    dW[:, :, :, c] += a_slice * dZ[i, h, w, c]
                    db[:, :, :, c] += dZ[i, h, w, c]
        dA_prev[i, :, :, :] = da_prev_pad[pad:-pad, pad:-pad, :]
    return dA_prev, dW, db


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    Wf, bf = parameters["Wf"], parameters["bf"]
    Wi, bi = parameters["Wi"], parameters["bi"]
    Wc, bc = parameters["Wc"], parameters["bc"]
    Wo, bo = parameters["Wo"], parameters["bo"]
    concat = np.concatenate((a_prev, xt), axis=0)
    ft = 1 / (1 + np.exp(-(np.dot(Wf, concat) + bf)))
    it = 1 / (1 + np.exp(-(np.dot(Wi, concat) + bi)))
    cct = np.tanh(np.dot(Wc, concat) + bc)
    c_next = ft * c_prev + it * cct
    ot = 1 / (1 + np.exp(-(np.dot(Wo, concat) + bo)))
    a_next = ot * np.tanh(c_next)
    cache = (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)
    return a_next, c_next, cache


def lstm_cell_backward(da_next, dc_next, cache):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters) = cache
    n_a, m = a_next.shape
    dot = da_next * np.tanh(c_next) * ot * (1 - ot)
    dcct = (dc_next * it + ot * (1 - np.square(np.tanh(c_next))) * it * da_next) * (
        1 - np.square(cct)
    )
    dit = (dc_next * cct + ot * (1 - np.square(np.tanh(c_next))) * cct * da_next) * it * (1 - it)
    dft = (
        (dc_next * c_prev + ot * (1 - np.square(np.tanh(c_next))) * c_prev * da_next)
        * ft
        * (1 - ft)
    )
    concat = np.concatenate((a_prev, xt), axis=0)
    dWf = np.dot(dft, concat.T)
    dWi = np.dot(dit, concat.T)
    dWc = np.dot(dcct, concat.T)
    dWo = np.dot(dot, concat.T)
    dbf = np.sum(dft, axis=1, keepdims=True)
    dbi = np.sum(dit, axis=1, keepdims=True)
    dbc = np.sum(dcct, axis=1, keepdims=True)
    dbo = np.sum(dot, axis=1, keepdims=True)
    Wf, Wi, Wc, Wo = parameters["Wf"], parameters["Wi"], parameters["Wc"], parameters["Wo"]
    da_prev = (
        np.dot(Wf[:, :n_a].T, dft)
        + np.dot(Wi[:, :n_a].T, dit)
        + np.dot(Wc[:, :n_a].T, dcct)
        + np.dot(Wo[:, :n_a].T, dot)
    )
    dc_prev = dc_next * ft + ot * (1 - np.square(np.tanh(c_next))) * ft * da_next
    dxt = (
        np.dot(Wf[:, n_a:].T, dft)
        + np.dot(Wi[:, n_a:].T, dit)
        + np.dot(Wc[:, n_a:].T, dcct)
        + np.dot(Wo[:, n_a:].T, dot)
    )
    gradients = {
        "dxt": dxt,
        "da_prev": da_prev,
        "dc_prev": dc_prev,
        "dWf": dWf,
        "dbf": dbf,
        "dWi": dWi,
        "dbi": dbi,
        "dWc": dWc,
        "dbc": dbc,
        "dWo": dWo,
        "dbo": dbo,
    }
    return gradients


def _a(*shape):
    return rng.normal(size=shape)


_deep = {
    "W1": _a(4, 3),
    "b1": _a(4, 1),
    "W2": _a(5, 4),
    "b2": _a(5, 1),
    "W3": _a(2, 5),
    "b3": _a(2, 1),
}
_gates = {k: _a(3, 5) for k in ("Wf", "Wi", "Wc", "Wo")} | {
    k: _a(3, 1) for k in ("bf", "bi", "bc", "bo")
}
_shallow = {k: _deep[k] for k in ("W1", "b1", "W2", "b2")}
_Y = (rng.random((1, 6)) < 0.5).astype(int)

PAIRS = {
    "linear": (
        linear_forward,
        linear_backward,
        (_a(3, 6), _a(4, 3), _a(4, 1)),
        [
            ("dW = np.dot(dZ, A_prev.T)", "dW = np.dot(dZ, A_prev.T) / 6"),
            ("axis=1", "axis=0"),
            ("dA_prev = np.dot(W.T, dZ)", "dA_prev = -np.dot(W.T, dZ)"),
        ],
    ),
    "sigmoid": (
        sigmoid,
        sigmoid_backward,
        (_a(3, 6),),
        [
            ("dZ = dA * s * (1 - s)", "dZ = dA * s * (1 + s)"),
            ("dZ = dA * s * (1 - s)", "dZ = dA * s"),
            ("s = 1 / (1 + np.exp(-Z))", "s = 1 / (1 - np.exp(-Z))"),
        ],
    ),
    "relu": (
        relu,
        relu_backward,
        (_a(3, 6),),
        [
            ("dZ[Z <= 0] = 0", "dZ[Z >= 0] = 0"),
            ("dZ = np.array(dA, copy=True)", "dZ = -np.array(dA, copy=True)"),
            ("dZ[Z <= 0] = 0", "dZ[Z <= 0] = 1"),
        ],
    ),
    "two_layers": (
        forward_propagation,
        backward_propagation,
        (_a(3, 6), _shallow),
        [
            ("dZ2 = dA2 * A2 * (1 - A2)", "dZ2 = dA2 - A2"),
            ("(1 - np.power(A1, 2))", "(1 - A1)"),
            (
                "db1 = np.sum(dZ1, axis=1, keepdims=True)",
                "db1 = np.mean(dZ1, axis=1, keepdims=True)",
            ),
        ],
    ),
    "deep": (
        model_forward,
        model_backward,
        (_a(3, 6), _deep),
        [
            ('grads["dW" + str(l + 1)] = dW', 'grads["dW" + str(l + 1)] = 2 * dW'),
            ("linear_backward(dAL, caches[L - 1])", "linear_backward(-dAL, caches[L - 1])"),
            ('grads["db" + str(l + 1)] = db', 'grads["db" + str(l + 1)] = -db'),
        ],
    ),
    "cost": (
        cost_with_regularization,
        cost_backward,
        (rng.uniform(0.1, 0.9, (1, 6)), _a(4, 3), _a(1, 4), _Y, 0.7),
        [
            ("dA3 = -(np.divide(Y, A3)", "dA3 = (np.divide(Y, A3)"),
            ("dW1 = lambd / m * W1", "dW1 = lambd / (2 * m) * W1"),
            ("dW2 = lambd / m * W2", "dW2 = lambd * W2"),
        ],
    ),
    "conv": (
        conv_forward,
        conv_backward,
        (_a(2, 4, 4, 2), _a(2, 2, 2, 3), _a(1, 1, 1, 3), {"pad": 1, "stride": 2}),
        [
            (
                "dW[:, :, :, c] += a_slice * dZ[i, h, w, c]",
                "dW[:, :, :, c] -= a_slice * dZ[i, h, w, c]",
            ),
            ("db[:, :, :, c] += dZ[i, h, w, c]", "db[:, :, :, c] = dZ[i, h, w, c]"),
            ("+= W[:, :, :, c] * dZ[i, h, w, c]", "= W[:, :, :, c] * dZ[i, h, w, c]"),
        ],
    ),
    "lstm_cell": (
        lstm_cell_forward,
        lstm_cell_backward,
        (_a(2, 4), _a(3, 4), _a(3, 4), _gates),
        [
            (
                "dot = da_next * np.tanh(c_next) * ot * (1 - ot)",
                "dot = da_next * np.tanh(c_next) * (1 - ot)",
            ),
            ("* it * (1 - it)", "* it * (1 + it)"),
            ("dc_prev = dc_next * ft +", "dc_prev = dc_next * it +"),
        ],
    ),
}
