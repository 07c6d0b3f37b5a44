"""Forward functions as students of cs231n write them: many styles, nothing made easy for us.

Every function here is traced unmodified, replayed exactly and differentiated. `CASES` names
each with the arguments it is called with.
"""

import functools

import numpy as np
from numpy import exp

from tests.corpus import more
from tests.corpus.more import sigmoid, tanh_step


def affine_forward(x, w, b):
    out = None
    N = x.shape[0]
    out = x.reshape(N, -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_with_prod(x, w, b):
    num_train = x.shape[0]
    dim = np.prod(x.shape[1:])
    x_rows = np.reshape(x, (num_train, dim))
    out = np.dot(x_rows, w) + b
    return out, (x, w, b)


def affine_double_loop(x, w, b):
    N, M = x.shape[0], w.shape[1]
    flat = x.reshape((N, np.prod(x.shape[1:])))
    out = np.zeros((N, M))
    for i in range(N):
        for j in range(M):
            out[i, j] = np.sum(flat[i] * w[:, j]) + b[j]
    return out, (x, w, b)


def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache


def relu_by_mask(x):
    out = x.copy()
    out[x < 0] = 0
    return out, x


def relu_by_product(x):
    return x * (x > 0)


def leaky_relu(x, alpha=0.01):
    return np.where(x > 0, x, alpha * x)


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    cache = (fc_cache, relu_cache)
    return out, cache


def batchnorm_graph_style(x, gamma, beta, eps):
    N, D = x.shape
    # step1: calculate mean
    mu = 1.0 / N * np.sum(x, axis=0)
    # step2: subtract mean vector of every training example
    xmu = x - mu
    sq = xmu**2
    var = 1.0 / N * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
    return out, cache


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    out, cache = None, None
    if mode == "train":
        sample_mean = x.mean(axis=0)
        sample_var = x.var(axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
        std = np.sqrt(sample_var + eps)
        x_norm = (x - sample_mean) / std
        out = x_norm * gamma + beta
        cache = (x, x_norm, sample_mean, std, gamma)
    elif mode == "test":
        x_norm = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * x_norm + beta
    else:
        raise ValueError("Invalid forward batchnorm mode " + mode)
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_in_place(x, gamma, beta):
    m = x.shape[0]
    out = x - x.sum(axis=0) / m
    out /= np.sqrt((out**2).sum(axis=0) / m + 1e-5)
    out *= gamma
    out += beta
    return out


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    x_flat = x.transpose(0, 2, 3, 1).reshape(-1, C)
    out_flat, cache = batchnorm_forward(x_flat, gamma, beta, bn_param)
    out = out_flat.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return out, cache


def spatial_groupnorm(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    x_group = np.reshape(x, (N, G, C // G, H, W))
    mean = np.mean(x_group, axis=(2, 3, 4), keepdims=True)
    var = np.var(x_group, axis=(2, 3, 4), keepdims=True)
    x_groupnorm = (x_group - mean) / np.sqrt(var + eps)
    x_norm = np.reshape(x_groupnorm, (N, C, H, W))
    out = x_norm * gamma + beta
    return out, (G, x, x_norm, mean, var, beta, gamma, eps)


def layernorm_by_transpose(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    x_T = x.T
    sample_mean = np.mean(x_T, axis=0)
    sample_var = np.var(x_T, axis=0)
    x_norm_T = (x_T - sample_mean) / np.sqrt(sample_var + eps)
    x_norm = x_norm_T.T
    out = x_norm * gamma + beta
    return out, (x, x_norm, gamma, sample_mean, sample_var, eps)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = None
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    elif mode == "test":
        out = x
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), "constant")
    H_out = 1 + (H + 2 * pad - HH) // stride
    W_out = 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(H_out):
                for j in range(W_out):
                    hs, ws = i * stride, j * stride
                    window = x_pad[n, :, hs : hs + HH, ws : ws + WW]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv_padded_by_hand(x, w, b, conv_param):
    s, p = conv_param.get("stride", 1), conv_param.get("pad", 0)
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xp = np.zeros((N, C, H + 2 * p, W + 2 * p))
    xp[:, :, p : p + H, p : p + W] = x
    Ho = int((H + 2 * p - HH) / s + 1)
    Wo = int((W + 2 * p - WW) / s + 1)
    out = np.empty((N, F, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            patch = xp[:, :, i * s : i * s + HH, j * s : j * s + WW]
            for k in range(F):
                out[:, k, i, j] = np.sum(patch * w[k, :, :, :], axis=(1, 2, 3))
    out = out + b[None, :, None, None]
    return out, (x, w, b, conv_param)


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    ph, pw = pool_param["pool_height"], pool_param["pool_width"]
    stride = pool_param["stride"]
    H_out, W_out = 1 + (H - ph) // stride, 1 + (W - pw) // stride
    out = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for i in range(H_out):
            for j in range(W_out):
                region = x[n, :, i * stride : i * stride + ph, j * stride : j * stride + pw]
                out[n, :, i, j] = np.max(region, axis=(1, 2))
    return out, (x, pool_param)


def max_pool_reshape(x):
    N, C, H, W = x.shape
    x_reshaped = x.reshape(N, C, H // 2, 2, W // 2, 2)
    out = x_reshaped.max(axis=3).max(axis=4)
    return out, (x, x_reshaped, out)


def get_im2col_indices(x_shape, field_height, field_width, padding=1, stride=1):
    N, C, H, W = x_shape
    out_height = int((H + 2 * padding - field_height) / stride + 1)
    out_width = int((W + 2 * padding - field_width) / stride + 1)
    i0 = np.repeat(np.arange(field_height), field_width)
    i0 = np.tile(i0, C)
    i1 = stride * np.repeat(np.arange(out_height), out_width)
    j0 = np.tile(np.arange(field_width), field_height * C)
    j1 = stride * np.tile(np.arange(out_width), out_height)
    i = i0.reshape(-1, 1) + i1.reshape(1, -1)
    j = j0.reshape(-1, 1) + j1.reshape(1, -1)
    k = np.repeat(np.arange(C), field_height * field_width).reshape(-1, 1)
    return (k, i, j)


def conv_im2col(x, w, b):
    p = 1
    x_padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="constant")
    k, i, j = get_im2col_indices(x.shape, w.shape[2], w.shape[3], p, 1)
    cols = x_padded[:, k, i, j]
    C = x.shape[1]
    x_cols = cols.transpose(1, 2, 0).reshape(w.shape[2] * w.shape[3] * C, -1)
    res = w.reshape((w.shape[0], -1)).dot(x_cols) + b.reshape(-1, 1)
    out = res.reshape(w.shape[0], x.shape[2], x.shape[3], x.shape[0])
    out = out.transpose(3, 0, 1, 2)
    return out


def svm_loss(x, y):
    N = x.shape[0]
    correct_class_scores = x[np.arange(N), y]
    margins = np.maximum(0, x - correct_class_scores[:, np.newaxis] + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    return loss


def svm_loss_naive(W, X, y, reg):
    loss = 0.0
    num_classes = W.shape[1]
    num_train = X.shape[0]
    for i in range(num_train):
        scores = X[i].dot(W)
        correct_class_score = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct_class_score + 1
            if margin > 0:
                loss += margin
    loss /= num_train
    loss += reg * np.sum(W * W)
    return loss


def softmax_loss(x, y):
    shifted_logits = x - np.max(x, axis=1, keepdims=True)
    Z = np.sum(np.exp(shifted_logits), axis=1, keepdims=True)
    log_probs = shifted_logits - np.log(Z)
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    return loss


def softmax_loss_naive(W, X, y, reg):
    loss = 0.0
    num_train = X.shape[0]
    for i in range(num_train):
        scores = X[i, :].dot(W)
        scores -= np.max(scores)
        p = exp(scores) / np.sum(exp(scores))
        loss += -np.log(p[y[i]])
    loss /= num_train
    loss += 0.5 * reg * np.sum(W**2)
    return loss


def two_layer_net(X, W1, b1, W2, b2, y=None, reg=0.0):
    params = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    N, D = X.shape
    hidden = np.maximum(0, X.dot(params["W1"]) + params["b1"])
    scores = hidden @ params["W2"] + params["b2"]
    if y is None:
        return scores
    scores = scores - scores.max(axis=1).reshape(N, 1)
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    correct_logprobs = -np.log(probs[range(N), y])
    data_loss = np.sum(correct_logprobs) / N
    reg_loss = 0.5 * reg * np.sum(W1 * W1) + 0.5 * reg * np.sum(W2 * W2)
    return data_loss + reg_loss


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(np.dot(x, Wx) + np.dot(prev_h, Wh) + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    H = h0.shape[1]
    h = np.zeros((N, T, H))
    cache = []
    prev_h = h0
    for t in range(T):
        h[:, t, :], step_cache = rnn_step_forward(x[:, t, :], prev_h, Wx, Wh, b)
        prev_h = h[:, t, :]
        cache.append(step_cache)
    return h, cache


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = np.dot(x, Wx) + np.dot(prev_h, Wh) + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H : 2 * H])
    o = sigmoid(a[:, 2 * H : 3 * H])
    g = np.tanh(a[:, 3 * H :])
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g)


def lstm_step_split(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c


def word_embedding_forward(x, W):
    out = W[x]
    cache = (x, W.shape)
    return out, cache


def temporal_softmax_loss(x, y, mask):
    N, T, V = x.shape
    x_flat = x.reshape(N * T, V)
    y_flat = y.reshape(N * T)
    mask_flat = mask.reshape(N * T)
    probs = np.exp(x_flat - np.max(x_flat, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    loss = -np.sum(mask_flat * np.log(probs[np.arange(N * T), y_flat])) / N
    return loss


def attention(q, k, v):
    d = q.shape[-1]
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(d)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights @ v


def histogram(x, idx):
    out = np.zeros(4)
    np.add.at(out, idx, x)
    return out**2


def moving_average(x, state):
    state["mean"] = 0.9 * state["mean"] + 0.1 * x.mean(axis=0)
    state["count"] += 1
    return (x - state["mean"]) / state["count"]


def mean_squared_error(pred, target):
    return ((pred - target) ** 2).mean()


def clipped(x):
    x = np.clip(x, -0.5, 0.5)
    x[:, 0] *= 2
    x[x > 0.4] = 0.25
    return x.sum(axis=1)


def cosine(a, b):
    na, nb = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / (na * nb)


class Layer:
    def __init__(self, scale):
        self.scale = scale

    def forward(self, x, w):
        self.x = x
        self.out = self.scale * np.einsum("nd,dm->nm", x, w)
        return self.out

    def __call__(self, x, w):
        return self.forward(x, w)


@functools.wraps(relu_forward)
def decorated(*args):
    return relu_forward(*args)[0]


def by_rows(x, w):
    rows = []
    for row in x:
        rows.append(tanh_step(row, w))
    return np.stack(rows)


def pairwise_distances(X, Y):
    dists = -2 * np.dot(X, Y.T) + np.sum(Y**2, axis=1) + np.sum(X**2, axis=1)[:, np.newaxis]
    return np.sqrt(dists)


def joined(x, h):
    z = np.concatenate((x, h), axis=1)
    z = np.hstack([z, np.ones((z.shape[0], 1))])
    return z.T @ z


def module_function(x):
    return more.swish(x) + more.softplus(x)


def inner_function(x):
    def square(v):
        return v * v

    total = 0
    for i in range(len(x)):
        total += square(x[i]).sum() * (i + 1)
    return total


def _arrays(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(shape) for shape in shapes)


Y3 = np.array([0, 2, 1])
x23, x34, x44 = _arrays((2, 3), (3, 4), (4, 4))
IMAGES = _arrays((2, 3, 4, 4))[0]

CASES = {
    "affine_forward": (affine_forward, _arrays((2, 3, 2), (6, 4), 4)),
    "affine_with_prod": (affine_with_prod, _arrays((2, 3, 2), (6, 4), 4)),
    "affine_double_loop": (affine_double_loop, _arrays((2, 3, 2), (6, 2), 2)),
    "relu_forward": (relu_forward, (x34,)),
    "relu_by_mask": (relu_by_mask, (x34,)),
    "relu_by_product": (relu_by_product, (x34,)),
    "leaky_relu": (leaky_relu, (x34,)),
    "affine_relu_forward": (affine_relu_forward, _arrays((2, 6), (6, 4), 4)),
    "batchnorm_graph_style": (batchnorm_graph_style, (*_arrays((4, 3), 3, 3), 1e-5)),
    "batchnorm_forward": (batchnorm_forward, (*_arrays((4, 3), 3, 3), {"mode": "train"})),
    "batchnorm_test_mode": (batchnorm_forward, (*_arrays((4, 3), 3, 3), {"mode": "test"})),
    "batchnorm_in_place": (batchnorm_in_place, _arrays((4, 3), 3, 3)),
    "spatial_batchnorm_forward": (
        spatial_batchnorm_forward,
        (IMAGES, *_arrays(3, 3), {"mode": "train", "eps": 1e-4}),
    ),
    "spatial_groupnorm": (
        spatial_groupnorm,
        (*_arrays((2, 4, 3, 3), (1, 4, 1, 1), (1, 4, 1, 1)), 2, {}),
    ),
    "layernorm_by_transpose": (layernorm_by_transpose, (*_arrays((3, 4), 4, 4), {})),
    "dropout_forward": (dropout_forward, (x34, {"p": 0.6, "mode": "train", "seed": 1})),
    "dropout_test_mode": (dropout_forward, (x34, {"p": 0.6, "mode": "test"})),
    "conv_forward_naive": (
        conv_forward_naive,
        (*_arrays((2, 2, 4, 4), (2, 2, 3, 3), 2), {"stride": 2, "pad": 1}),
    ),
    "conv_padded_by_hand": (
        conv_padded_by_hand,
        (*_arrays((2, 2, 4, 4), (2, 2, 3, 3), 2), {"stride": 1, "pad": 1}),
    ),
    "max_pool_forward_naive": (
        max_pool_forward_naive,
        (IMAGES, {"pool_height": 2, "pool_width": 2, "stride": 2}),
    ),
    "max_pool_reshape": (max_pool_reshape, (IMAGES,)),
    "conv_im2col": (conv_im2col, _arrays((2, 2, 4, 4), (2, 2, 3, 3), 2)),
    "svm_loss": (svm_loss, (x34, Y3)),
    "svm_loss_naive": (svm_loss_naive, (*_arrays((4, 3), (3, 4)), Y3, 0.1)),
    "softmax_loss": (softmax_loss, (x34, Y3)),
    "softmax_loss_naive": (softmax_loss_naive, (*_arrays((4, 3), (3, 4)), Y3, 0.1)),
    "two_layer_net": (two_layer_net, (*_arrays((3, 4), (4, 5), 5, (5, 3), 3), Y3, 0.5)),
    "two_layer_scores": (two_layer_net, _arrays((3, 4), (4, 5), 5, (5, 3), 3)),
    "rnn_step_forward": (rnn_step_forward, _arrays((2, 3), (2, 4), (3, 4), (4, 4), 4)),
    "rnn_forward": (rnn_forward, _arrays((2, 3, 3), (2, 4), (3, 4), (4, 4), 4)),
    "lstm_step_forward": (
        lstm_step_forward,
        _arrays((2, 3), (2, 4), (2, 4), (3, 16), (4, 16), 16),
    ),
    "lstm_step_split": (lstm_step_split, _arrays((2, 3), (2, 4), (2, 4), (3, 16), (4, 16), 16)),
    "word_embedding_forward": (word_embedding_forward, (np.array([[0, 3], [3, 1]]), x44)),
    "temporal_softmax_loss": (
        temporal_softmax_loss,
        (
            *_arrays((2, 3, 4)),
            np.array([[0, 1, 2], [3, 0, 1]]),
            np.array([[True, True, False], [True, False, True]]),
        ),
    ),
    "attention": (attention, _arrays((2, 3, 4), (2, 5, 4), (2, 5, 3))),
    "histogram": (histogram, (_arrays(6)[0], np.array([0, 1, 1, 3, 0, 1]))),
    "moving_average": (moving_average, (x34, {"mean": np.zeros(4), "count": 2})),
    "mean_squared_error": (mean_squared_error, _arrays((3, 4), (3, 4))),
    "clipped": (clipped, (x34,)),
    "cosine": (cosine, _arrays((3, 4), (3, 4))),
    "method": (Layer(0.5).forward, _arrays((3, 4), (4, 2))),
    "callable_object": (Layer(0.5), _arrays((3, 4), (4, 2))),
    "partial": (functools.partial(leaky_relu, alpha=0.3), (x34,)),
    "decorated": (decorated, (x34,)),
    "a_lambda": (lambda x, w: np.tanh(x @ w), _arrays((2, 3), (3, 4))),
    "by_rows": (by_rows, _arrays((3, 4), (4, 2))),
    "pairwise_distances": (pairwise_distances, _arrays((3, 4), (2, 4))),
    "joined": (joined, _arrays((2, 3), (2, 2))),
    "module_function": (module_function, (x34,)),
    "inner_function": (inner_function, (x34,)),
}
