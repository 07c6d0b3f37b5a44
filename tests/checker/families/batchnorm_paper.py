"""The formulas of the paper (Ioffe and Szegedy 2015, section 3), in its names."""

import numpy as np


def arguments(rng):
    return (rng.normal(size=(5, 4)) * 1.5, rng.normal(size=4), rng.normal(size=4))


def batchnorm(x, gamma, beta):
    eps = 1e-5
    sample_mean = np.mean(x, axis=0)
    sample_var = np.var(x, axis=0)
    x_hat = (x - sample_mean) / np.sqrt(sample_var + eps)
    out = gamma * x_hat + beta
    cache = (x, sample_mean, sample_var, x_hat, eps, gamma)
    return out, cache


def paper(dout, cache):
    x, sample_mean, sample_var, x_hat, eps, gamma = cache
    N = x.shape[0]
    dx_hat = dout * gamma
    dvar = np.sum(dx_hat * (x - sample_mean) * -0.5 * (sample_var + eps) ** -1.5, axis=0)
    dmean = np.sum(dx_hat * -1 / np.sqrt(sample_var + eps), axis=0)
    dmean += dvar * np.mean(-2 * (x - sample_mean), axis=0)
    dx = 1 / np.sqrt(sample_var + eps) * dx_hat + dvar * 2.0 * (x - sample_mean) / N + dmean / N
    dgamma = np.sum(x_hat * dout, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta


def paper_named_after_nodes(dout, cache):
    x, sample_mean, sample_var, x_hat, eps, gamma = cache
    m = float(x.shape[0])
    istd = 1.0 / np.sqrt(sample_var + eps)
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    dsample_var = -0.5 * np.sum(dx_hat * (x - sample_mean), axis=0) * istd**3
    dsample_mean = -istd * np.sum(dx_hat, axis=0) - 2.0 * dsample_var * np.mean(
        x - sample_mean, axis=0
    )
    dx = dx_hat * istd + 2.0 * dsample_var * (x - sample_mean) / m + dsample_mean / m
    return dx, dgamma, dbeta


def paper_in_parts(dout, cache):
    x, mu, var, xn, eps, gamma = cache
    N = len(x)
    std_inv = np.power(var + eps, -0.5)
    x_mu = x - mu
    dxn = dout * gamma
    dvar = np.sum(dxn * x_mu, axis=0) * -0.5 * std_inv**3
    dmu = np.sum(dxn * -std_inv, axis=0) + dvar * np.mean(-2.0 * x_mu, axis=0)
    term1 = dxn * std_inv
    term2 = dvar * 2 * x_mu / N
    term3 = dmu / N
    dx = term1 + term2 + term3
    return dx, np.sum(dout * xn, axis=0), np.sum(dout, axis=0)


def paper_without_zero(dout, cache):
    x, mu, var, xn, eps, gamma = cache
    N = x.shape[0]
    dxn = dout * gamma
    s = np.sqrt(var + eps)
    dvar = (dxn * (x - mu) * (-0.5) * s ** (-3)).sum(0)
    dmu = (dxn * (-1 / s)).sum(0)
    dx = dxn / s
    dx += dvar * 2 * (x - mu) / N
    dx += dmu / N
    dgamma = (dout * xn).sum(0)
    dbeta = dout.sum(0)
    return dx, dgamma, dbeta


BACKWARDS = {
    paper: batchnorm,
    paper_named_after_nodes: batchnorm,
    paper_in_parts: batchnorm,
    paper_without_zero: batchnorm,
}

MISTAKES = [
    (paper, "-0.5 * (sample_var", "0.5 * (sample_var", "dvar", "sign"),
    (paper, "** -1.5", "** -0.5", "dvar", "power"),
    (paper, "dmean = np.sum(dx_hat * -1 /", "dmean = np.sum(dx_hat /", "dmean", "sign"),
    (paper, "dmean = np.sum(dx_hat *", "dmean = np.sum(dout *", "dmean", "operand"),
    (
        paper,
        "dmean += dvar * np.mean(-2 * (x - sample_mean), axis=0)",
        "dmean = dvar * np.mean(-2 * (x - sample_mean), axis=0)",
        "dmean",
        "overwritten",
    ),
    (paper, "+ dmean / N", "+ dmean", "dx", "factor"),
    (
        paper,
        "dgamma = np.sum(x_hat * dout, axis=0)",
        "dgamma = np.sum(x * dout, axis=0)",
        "dgamma",
        "operand",
    ),
    (paper, "dbeta = np.sum(dout, axis=0)", "dbeta = np.sum(dout, axis=1)", "dbeta", "axis"),
    (paper, "return dx, dgamma, dbeta", "return dx, dbeta, dgamma", "dbeta", "order"),
    (paper_named_after_nodes, "istd**3", "istd**2", "dsample_var", "power"),
    (
        paper_named_after_nodes,
        "istd = 1.0 / np.sqrt(sample_var + eps)",
        "istd = 1.0 / np.sqrt(sample_var)",
        "istd",
        "factor",
    ),
    (
        paper_named_after_nodes,
        "istd = 1.0 / np.sqrt(sample_var + eps)",
        "istd = 1.0 / (sample_var + eps)",
        "istd",
        "power",
    ),
    (paper_named_after_nodes, "m = float(x.shape[0])", "m = float(x.shape[1])", "m", "factor"),
    (
        paper_named_after_nodes,
        "dsample_mean = -istd",
        "dsample_mean = istd",
        "dsample_mean",
        "sign",
    ),
    (paper_in_parts, "term3 = dmu / N", "term3 = dmu", "term3", "factor"),
    (paper_in_parts, "term2 = dvar * 2 * x_mu / N", "term2 = dvar * x_mu / N", "term2", "factor"),
    (paper_in_parts, "dx = term1 + term2 + term3", "dx = term1 + term2", "dx", "missing term"),
    (paper_in_parts, "dx = term1 + term2 + term3", "dx = term1 + term2 - term3", "dx", "sign"),
    (
        paper_in_parts,
        "np.sum(dout * xn, axis=0)",
        "np.sum(dxn * xn, axis=0)",
        "return[1]",
        "operand",
    ),
    (paper_without_zero, "dx += dmu / N", "dx = dmu / N", "dx", "overwritten"),
]
