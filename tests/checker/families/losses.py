import numpy as np
from scipy.special import expit, softmax


def arguments(rng):
    return ()


ARGUMENTS = {}


def cross_entropy(x, y):
    shifted = x - np.max(x, axis=1, keepdims=True)
    exps = np.exp(shifted)
    sums = np.sum(exps, axis=1, keepdims=True)
    probs = exps / sums
    N = x.shape[0]
    loss = -np.sum(np.log(probs[np.arange(N), y])) / N
    return loss, (probs, y)


def hinge(scores, y):
    N = scores.shape[0]
    correct = scores[np.arange(N), y]
    margins = np.maximum(0, scores - correct[:, np.newaxis] + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    return loss, (margins, y)


def mse(pred, target):
    diff = pred - target
    loss = np.mean(diff**2)
    return loss


def logistic(z, t):
    p = 1 / (1 + np.exp(-z))
    loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    return loss


ARGUMENTS[cross_entropy] = lambda rng: (rng.normal(size=(5, 3)), rng.integers(0, 3, 5))
ARGUMENTS[hinge] = lambda rng: (rng.normal(size=(5, 4)), rng.integers(0, 4, 5))
ARGUMENTS[mse] = lambda rng: (rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))
ARGUMENTS[logistic] = lambda rng: (rng.normal(size=6), np.array([0, 1, 1, 0, 1, 0]))


def entropy_usual(dout, cache):
    probs, y = cache
    N = probs.shape[0]
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return dx * dout


def entropy_in_the_cache(dout, cache):
    probs, y = cache
    probs[np.arange(len(y)), y] -= 1
    probs *= dout / len(y)
    return probs


def entropy_one_hot(dout, cache):
    probs, y = cache
    onehot = np.eye(probs.shape[1])[y]
    dx = dout * (probs - onehot) / len(y)
    return dx


def entropy_staged(dloss, cache):
    probs, y = cache
    N, C = probs.shape
    dprobs = np.zeros((N, C))
    for i in range(N):
        dprobs[i, y[i]] = -dloss / (N * probs[i, y[i]])
    dx = probs * (dprobs - np.sum(dprobs * probs, axis=1, keepdims=True))
    return dx


def entropy_from_scores(dloss, x, y):
    p = softmax(x, axis=1)
    p[range(len(y)), y] -= 1
    return dloss * p / len(y)


def hinge_mask(dout, cache):
    margins, y = cache
    N = len(y)
    mask = (margins > 0).astype(float)
    count = mask.sum(axis=1)
    mask[np.arange(N), y] = -count
    dscores = mask / N * dout
    return dscores


def hinge_loops(dout, cache):
    margins, y = cache
    N, C = margins.shape
    dscores = np.zeros((N, C))
    for i in range(N):
        for j in range(C):
            if j == y[i]:
                continue
            if margins[i, j] > 0:
                dscores[i, j] += 1
                dscores[i, y[i]] -= 1
    dscores /= N
    dscores *= dout
    return dscores


def mse_staged(dloss, pred, target):
    diff = pred - target
    dsquare = dloss / diff.size
    ddiff = 2 * diff * dsquare
    dpred = ddiff
    dtarget = -ddiff
    return dpred, dtarget


def mse_direct(dloss, pred, target):
    g = dloss * 2 * (pred - target) / np.prod(pred.shape)
    return g, -g


def logistic_simple(dloss, z, t):
    p = expit(z)
    return dloss * (p - t) / z.size


def logistic_staged(dloss, z, t):
    p = 1 / (1 + np.exp(-z))
    dp = -dloss / len(z) * (t / p - (1 - t) / (1 - p))
    dz = dp * p * (1 - p)
    return dz


BACKWARDS = {
    entropy_usual: cross_entropy,
    entropy_in_the_cache: cross_entropy,
    entropy_one_hot: cross_entropy,
    entropy_staged: cross_entropy,
    entropy_from_scores: cross_entropy,
    hinge_mask: hinge,
    hinge_loops: hinge,
    mse_staged: mse,
    mse_direct: mse,
    logistic_simple: logistic,
    logistic_staged: logistic,
}

MISTAKES = [
    (entropy_usual, "dx /= N\n", "dx *= N\n", "dx", "factor"),
    (entropy_usual, "    dx /= N\n", "", "dx", "factor"),
    (entropy_usual, "dx[np.arange(N), y] -= 1", "dx[np.arange(N), y] += 1", "dx", "sign"),
    (entropy_usual, "dx[np.arange(N), y] -= 1", "dx[:, y] -= 1", "dx", None),
    (entropy_one_hot, "(probs - onehot)", "(onehot - probs)", "dx", "sign"),
    (entropy_one_hot, "/ len(y)", "/ probs.size", "dx", "factor"),
    (entropy_one_hot, "np.eye(probs.shape[1])[y]", "np.eye(probs.shape[1])[y - 1]", "onehot", None),
    (entropy_staged, "-dloss / (N * probs", "dloss / (N * probs", "dprobs", "sign"),
    (entropy_staged, "(N * probs[i, y[i]])", "(C * probs[i, y[i]])", "dprobs", "factor"),
    (
        entropy_staged,
        "np.sum(dprobs * probs, axis=1, keepdims=True)",
        "np.sum(dprobs, axis=1, keepdims=True)",
        "dx",
        "factor",
    ),
    (hinge_mask, "mask[np.arange(N), y] = -count", "mask[np.arange(N), y] = count", "mask", "sign"),
    (hinge_mask, "mask[np.arange(N), y] = -count", "mask[np.arange(N), y] = -1", "mask", None),
    (hinge_mask, "(margins > 0)", "(margins > 1)", "mask", "mask"),
    (hinge_mask, "count = mask.sum(axis=1)", "count = mask.mean(axis=1)", "count", "factor"),
    (hinge_loops, "dscores[i, y[i]] -= 1", "dscores[i, y[i]] += 1", "dscores", "sign"),
    (hinge_loops, "dscores[i, y[i]] -= 1", "dscores[i, y[i]] = -1", "dscores", "overwritten"),
    (hinge_loops, "dscores /= N", "dscores /= C", "dscores", "factor"),
    (mse_staged, "dloss / diff.size", "dloss / diff.shape[0]", "dsquare", "factor"),
    (mse_staged, "dtarget = -ddiff", "dtarget = ddiff", "dtarget", "sign"),
    (mse_staged, "ddiff = 2 * diff", "ddiff = 2 * pred", "ddiff", "operand"),
    (mse_direct, "dloss * 2 *", "dloss *", "g", "factor"),
    (mse_direct, "return g, -g", "return -g, g", "return[0]", "order"),
    (logistic_simple, "(p - t)", "(t - p)", "return[0]", "sign"),
    (logistic_staged, "dz = dp * p * (1 - p)", "dz = dp * p", "dz", "value"),
    (logistic_staged, "(t / p - (1 - t)", "(t / p + (1 - t)", "dp", "sign"),
    (logistic_staged, "dp = -dloss / len(z)", "dp = -dloss", "dp", "factor"),
]
