import numpy as np


def arguments(rng):
    return (rng.normal(size=(7, 3)) * 1.5, rng.normal(size=3), rng.normal(size=3))


def batchnorm(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    std = np.sqrt(var + eps)
    xhat = (x - mu) / std
    out = gamma * xhat + beta
    return out, (xhat, gamma, std)


def one_line(dout, cache):
    xhat, gamma, std = cache
    N = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dx = gamma / (N * std) * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta


def with_sums(dout, cache):
    xhat, gamma, std = cache
    m = dout.shape[0]
    dxhat = dout * gamma
    s1 = np.sum(dxhat, axis=0)
    s2 = np.sum(dxhat * xhat, axis=0)
    dx = (m * dxhat - s1 - xhat * s2) / (m * std)
    dgamma = np.sum(dout * xhat, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta


def with_means(dout, cache):
    xhat, gamma, std = cache
    dxhat = dout * gamma
    mean_dxhat = dxhat.mean(axis=0)
    proj = (dxhat * xhat).mean(axis=0)
    dx = (dxhat - mean_dxhat - xhat * proj) / std
    return dx, (dout * xhat).sum(axis=0), dout.sum(axis=0)


def projection(dout, cache):
    """The jacobian of every column, as a matrix."""
    xhat, gamma, std = cache
    N, D = dout.shape
    dx = np.zeros((N, D))
    for j in range(D):
        P = np.eye(N) - np.ones((N, N)) / N - np.outer(xhat[:, j], xhat[:, j]) / N
        dx[:, j] = gamma[j] / std[j] * P.dot(dout[:, j])
    dgamma = np.diag(xhat.T @ dout)
    dbeta = dout.T @ np.ones(N)
    return dx, dgamma, dbeta


def in_place(dout, cache):
    xhat, gamma, std = cache
    g = dout * gamma
    tmp = xhat * np.einsum("ij,ij->j", g, xhat)
    tmp += g.sum(axis=0)
    tmp /= -len(g)
    tmp += g
    tmp /= std
    return tmp, np.einsum("ij,ij->j", dout, xhat), np.einsum("ij->j", dout)


BACKWARDS = dict.fromkeys((one_line, with_sums, with_means, projection, in_place), batchnorm)

MISTAKES = [
    (one_line, "gamma / (N * std)", "gamma / std", "dx", "factor"),
    (one_line, "- dbeta -", "+ dbeta -", "dx", "sign"),
    (one_line, "- xhat * dgamma", "+ xhat * dgamma", "dx", "sign"),
    (one_line, "- xhat * dgamma", "", "dx", "missing term"),
    (one_line, "N * dout - dbeta", "dout - dbeta", "dx", "factor"),
    (one_line, "gamma / (N * std)", "1 / (N * std)", "dx", "factor"),
    (one_line, "N = dout.shape[0]", "N = dout.shape[1]", "N", "factor"),
    (
        with_sums,
        "s2 = np.sum(dxhat * xhat, axis=0)",
        "s2 = np.sum(dout * xhat, axis=0)",
        "s2",
        "operand",
    ),
    (with_sums, "s2 = np.sum(dxhat * xhat, axis=0)", "s2 = np.sum(dxhat, axis=0)", "s2", "factor"),
    (with_sums, "s1 = np.sum(dxhat, axis=0)", "s1 = np.sum(dxhat)", "s1", "axis"),
    (
        with_sums,
        "s1 = np.sum(dxhat, axis=0)",
        "s1 = np.sum(dxhat, axis=1, keepdims=True)",
        "s1",
        "axis",
    ),
    (with_sums, "- xhat * s2", "- dxhat * s2", "dx", "operand"),
    (with_sums, "(m * std)", "(m * std**2)", "dx", "power"),
    (
        with_means,
        "proj = (dxhat * xhat).mean(axis=0)",
        "proj = (dxhat * xhat).sum(axis=0)",
        "proj",
        "factor",
    ),
    (with_means, "dxhat = dout * gamma", "dxhat = dout", "dxhat", "factor"),
    (with_means, "dxhat - mean_dxhat -", "dxhat -", "dx", "missing term"),
    (
        projection,
        "np.outer(xhat[:, j], xhat[:, j]) / N",
        "np.outer(xhat[:, j], xhat[:, j])",
        "P",
        "factor",
    ),
    (projection, "gamma[j] / std[j]", "gamma[j] * std[j]", "dx", "power"),
    (in_place, "tmp += g\n", "tmp = g\n", "tmp", "overwritten"),
    (in_place, "tmp /= -len(g)", "tmp /= len(g)", "tmp", "sign"),
]
