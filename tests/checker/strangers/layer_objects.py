"""Layers as objects, in many hands: parameters, caches and gradients are attributes."""

import numpy as np


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        dx = dout @ self.W.T
        return dx


class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out**2)


class Relu:
    def __init__(self):
        self.mask = None

    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        dx = dout
        return dx


class Accumulating:
    """Gradients are added to what is there."""

    def __init__(self, n, m, rng):
        self.params = {"W": rng.normal(size=(n, m)), "b": np.zeros(m)}
        self.grads = {key: np.ones_like(value) for key, value in self.params.items()}

    def forward(self, inputs):
        self.inputs = inputs
        return np.dot(inputs, self.params["W"]) + self.params["b"]

    def backward(self, grad):
        self.grads["W"] += np.dot(self.inputs.T, grad)
        self.grads["b"] += np.sum(grad, axis=0)
        return np.dot(grad, self.params["W"].T)


class Listed:
    """Parameters and gradients in parallel lists."""

    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None

    def forward(self, x):
        W, b = self.params
        out = np.dot(x, W) + b
        self.x = x
        return out

    def backward(self, dout):
        W, b = self.params
        dx = np.dot(dout, W.T)
        dW = np.dot(self.x.T, dout)
        db = np.sum(dout, axis=0)
        self.grads[0][...] = dW
        self.grads[1][...] = db
        return dx


class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)


class WithParameters:
    def __init__(self, W, b):
        self.weight, self.bias = Parameter(W), Parameter(b)

    def __call__(self, x):
        self.cache = x
        return x.dot(self.weight.data) + self.bias.data

    def backward(self, dy):
        x = self.cache
        self.weight.grad = x.T.dot(dy)
        self.bias.grad = dy.sum(0)
        return dy.dot(self.weight.data.T)


class BatchNorm:
    def __init__(self, gamma, beta, momentum=0.9):
        self.gamma, self.beta, self.momentum = gamma, beta, momentum
        self.running_mean = np.zeros_like(gamma)
        self.running_var = np.ones_like(gamma)

    def forward(self, x):
        mu = x.mean(axis=0)
        self.xc = x - mu
        self.var = np.mean(self.xc**2, axis=0)
        self.std = np.sqrt(self.var + 1e-5)
        self.xn = self.xc / self.std
        self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
        self.running_var = self.momentum * self.running_var + (1 - self.momentum) * self.var
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        dstd = -np.sum((dxn * self.xc) / (self.std * self.std), axis=0)
        dvar = 0.5 * dstd / self.std
        dxc += (2.0 / len(dout)) * self.xc * dvar
        dmu = np.sum(dxc, axis=0)
        dx = dxc - dmu / len(dout)
        return dx


class Dropout:
    """Draws from a generator of its own."""

    def __init__(self, p, seed):
        self.p, self.rng = p, np.random.default_rng(seed)

    def forward(self, x):
        self.mask = self.rng.random(x.shape) > self.p
        return x * self.mask / (1 - self.p)

    def backward(self, dout):
        return dout * self.mask / (1 - self.p)


class SoftmaxWithLoss:
    def __init__(self, t):
        self.t = t

    def forward(self, x):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.y = e / np.sum(e, axis=1, keepdims=True)
        return -np.mean(np.log(self.y[np.arange(len(self.t)), self.t]))

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        dx *= dout
        dx = dx / len(self.t)
        return dx


class SquaredError:
    """Its backward takes nothing: the upstream gradient of a loss is 1."""

    def forward(self, pred, target):
        self.diff = pred - target
        return 0.5 * np.sum(self.diff**2)

    def backward(self):
        return self.diff


class Network:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


class RNN:
    """Keeps its last hidden state, and unrolls a loop."""

    def __init__(self, rng):
        self.Wx, self.Wh = rng.normal(size=(3, 4)), rng.normal(size=(4, 4))
        self.h = np.zeros(4)

    def forward(self, xs):
        self.xs, self.hs = xs, [self.h]
        for t in range(xs.shape[0]):
            self.hs.append(np.tanh(xs[t] @ self.Wx + self.hs[-1] @ self.Wh))
        self.h = self.hs[-1]
        return np.array(self.hs[1:])

    def backward(self, dhs):
        dxs = np.zeros_like(self.xs)
        self.dWx, self.dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)
        dnext = np.zeros_like(self.h)
        for t in reversed(range(len(dhs))):
            da = (dhs[t] + dnext) * (1 - self.hs[t + 1] ** 2)
            self.dWx += np.outer(self.xs[t], da)
            self.dWh += np.outer(self.hs[t], da)
            dxs[t] = da @ self.Wx.T
            dnext = da @ self.Wh.T
        return dxs


_rng = np.random.default_rng(3)


class InSteps:
    """A framework's way: private methods, an option of backward, gradients that add up."""

    def __init__(self, n, m, rng):
        self.parameters = {"W": rng.normal(size=(n, m)), "b": rng.normal(size=(1, m))}
        self.gradients = {key: np.zeros_like(value) for key, value in self.parameters.items()}
        self.X = []

    def forward(self, X, retain_derived=True):
        Y, Z = self.__fwd(X)
        if retain_derived:
            self.X.append(X)
        return Y

    def __fwd(self, X):
        Z = X @ self.parameters["W"] + self.parameters["b"]
        return np.tanh(Z), Z

    def backward(self, dLdy, retain_grads=True):
        dX, dW, db = self.__bwd(dLdy, self.X[-1])
        if retain_grads:
            self.gradients["W"] += dW
            self.gradients["b"] += db
        return dX

    def __bwd(self, dLdy, X):
        W = self.parameters["W"]
        _, Z = self.__fwd(X)
        dZ = dLdy * (1 - np.tanh(Z) ** 2)
        dX = dZ @ W.T
        dW = X.T @ dZ
        dB = dZ.sum(axis=0, keepdims=True)
        return dX, dW, dB


class KeptInside:
    """The gradient of the inputs is an attribute, too, and returned from there."""

    def __init__(self, W, b):
        self.weights, self.biases = W, b

    def forward(self, inputs):
        self.inputs = inputs
        return np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0)
        self.dinputs = np.dot(dvalues, self.weights.T)
        return self.dinputs


class Embedding:
    """Nothing to return: the inputs are indices."""

    def __init__(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def forward(self, idx):
        (W,) = self.params
        self.idx = idx
        return W[idx]

    def backward(self, dout):
        (dW,) = self.grads
        dW[...] = 0
        np.add.at(dW, self.idx, dout)
        return


class Channels:
    """A convolution by 1 x 1: layouts go there and back."""

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        N, C, H, B = x.shape
        self.col = x.transpose(0, 2, 3, 1).reshape(-1, C)
        return (self.col @ self.W).reshape(N, H, B, -1).transpose(0, 3, 1, 2)

    def backward(self, dout):
        N, F, H, B = dout.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, F)
        self.dW = self.col.T @ dout
        dcol = dout @ self.W.T
        dx = dcol.reshape(N, H, B, -1).transpose(0, 3, 1, 2)
        return dx


def _a(*shape):
    return _rng.normal(size=shape)


# name: (object, arguments, slips as (old, new))
LAYERS = {
    "Affine": (Affine(_a(3, 4), _a(4)), (_a(5, 3),), [
        ("self.dW = self.x.T @ dout", "self.dW = 2 * self.x.T @ dout"),
        ("self.db = dout.sum(axis=0)", "self.db = dout.mean(axis=0)"),
        ("dx = dout @ self.W.T", "dx = -dout @ self.W.T"),
    ]),
    "Tanh": (Tanh(), (_a(5, 3),), [
        ("(1 - self.out**2)", "(1 + self.out ** 2)"),
        ("(1 - self.out**2)", "(1 - self.out)"),
        ("return dout *", "return -dout *"),
    ]),
    "Relu": (Relu(), (_a(5, 3),), [
        ("dx = dout", "dx = 2 * dout"),
        ("dout[self.mask] = 0", "dout[self.mask] = 1"),
        ("dout[self.mask] = 0", "dout[~self.mask] = 0"),
    ]),
    "Accumulating": (Accumulating(3, 4, _rng), (_a(5, 3),), [
        ('self.grads["W"] += np.dot(self.inputs.T, grad)',
         'self.grads["W"] -= np.dot(self.inputs.T, grad)'),
        ('np.sum(grad, axis=0)', 'np.mean(grad, axis=0)'),
        ('return np.dot(grad, self.params["W"].T)', 'return np.dot(grad, 2 * self.params["W"].T)'),
    ]),
    "Listed": (Listed(_a(3, 4), _a(4)), (_a(5, 3),), [
        ("dW = np.dot(self.x.T, dout)", "dW = -np.dot(self.x.T, dout)"),
        ("db = np.sum(dout, axis=0)", "db = np.sum(dout, axis=0) / 2"),
        ("dx = np.dot(dout, W.T)", "dx = np.dot(dout, W.T) * 3"),
    ]),
    "WithParameters": (WithParameters(_a(3, 4), _a(4)), (_a(5, 3),), [
        ("self.weight.grad = x.T.dot(dy)", "self.weight.grad = -x.T.dot(dy)"),
        ("self.bias.grad = dy.sum(0)", "self.bias.grad = dy.mean(0)"),
        ("return dy.dot", "return -dy.dot"),
    ]),
    "BatchNorm": (BatchNorm(_a(4), _a(4)), (_a(6, 4),), [
        ("dvar = 0.5 * dstd / self.std", "dvar = 2 * dstd / self.std"),
        ("dxc = dxn / self.std", "dxc = dxn * self.std"),
        ("np.sum(self.xn * dout, axis=0)", "np.sum(self.xc * dout, axis=0)"),
    ]),
    "Dropout": (Dropout(0.4, 5), (_a(5, 3),), [
        ("return dout * self.mask / (1 - self.p)", "return dout * self.mask / self.p"),
        ("return dout * self.mask / (1 - self.p)", "return dout * self.mask"),
        ("return dout", "return -dout"),
    ]),
    "SoftmaxWithLoss": (SoftmaxWithLoss(np.array([0, 2, 1])), (_a(3, 4),), [
        ("-= 1", "+= 1"),
        ("dx = dx / len(self.t)", "dx = dx * len(self.t)"),
        ("dx *= dout", "dx *= -dout"),
    ]),
    "SquaredError": (SquaredError(), (_a(3, 4), _a(3, 4)), [
        ("return self.diff", "return -self.diff"),
        ("return self.diff", "return 2 * self.diff"),
        ("return self.diff", "return self.diff ** 2"),
    ]),
    "Network": (Network([Affine(_a(3, 4), _a(4)), Tanh(), Affine(_a(4, 2), _a(2))]), (_a(5, 3),), []),
    "InSteps": (InSteps(3, 4, _rng), (_a(5, 3),), [
        ("(1 - np.tanh(Z) ** 2)", "(1 - np.tanh(Z))"),
        ('self.gradients["b"] += db', 'self.gradients["b"] += 2 * db'),
        ("dW = X.T @ dZ", "dW = X.T @ dLdy"),
    ]),
    "KeptInside": (KeptInside(_a(3, 4), _a(4)), (_a(5, 3),), [
        ("np.dot(dvalues, self.weights.T)", "np.dot(dvalues, 2 * self.weights.T)"),
        ("np.dot(self.inputs.T, dvalues)", "-np.dot(self.inputs.T, dvalues)"),
        ("np.sum(dvalues, axis=0)", "np.sum(dvalues)"),
    ]),
    "Embedding": (Embedding(_a(4, 3)), (np.array([0, 2, 2, 1]),), [
        ("np.add.at(dW, self.idx, dout)", "dW[self.idx] += dout"),
        ("np.add.at(dW, self.idx, dout)", "dW[self.idx] = dout"),
        ("np.add.at(dW, self.idx, dout)", "np.subtract.at(dW, self.idx, dout)"),
    ]),
    "Channels": (Channels(_a(3, 4)), (_a(2, 3, 2, 5),), [
        ("dout = dout.transpose(0, 2, 3, 1).reshape(-1, F)", "dout = dout.reshape(-1, F)"),
        ("dcol = dout", "dcol = 2 * dout"),
        ("dcol.reshape(N, H, B, -1).transpose(0, 3, 1, 2)", "dcol.reshape(N, -1, H, B)"),
    ]),
    "RNN": (RNN(_rng), (_a(4, 3),), [
        ("(1 - self.hs[t + 1] ** 2)", "(1 - self.hs[t] ** 2)"),
        ("self.dWh += np.outer(self.hs[t], da)", "self.dWh += np.outer(self.hs[t + 1], da)"),
        ("dnext = da @ self.Wh.T", "dnext = da @ self.Wh"),
    ]),
}  # fmt: skip
