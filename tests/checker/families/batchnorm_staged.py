import numpy as np


def arguments(rng):
    return (rng.normal(size=(6, 4)) * 2 + 1, rng.normal(size=4), rng.normal(size=4))


def batchnorm(x, gamma, beta, eps=1e-5):
    N, D = x.shape
    mu = 1.0 / N * np.sum(x, axis=0)
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


def batchnorm_dict(x, gamma, beta, bn_param=None):
    mean = x.mean(axis=0)
    diff = x - mean
    var = (diff**2).mean(axis=0)
    std = np.sqrt(var + 1e-5)
    xhat = diff / std
    out = gamma * xhat + beta
    return out, {"diff": diff, "inv_std": 1 / std, "xhat": xhat, "gamma": gamma, "std": std}


def twelve_steps(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    # step 9
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    # step 8
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    # step 7
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    # step 6
    dsqrtvar = -1.0 / (sqrtvar**2) * divar
    # step 5
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
    # step 4
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    # step 3
    dxmu2 = 2 * xmu * dsq
    # step 2
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    # step 1
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    # step 0
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def in_place(dout, cache):
    diff, inv_std, xhat, gamma = (cache[k] for k in ("diff", "inv_std", "xhat", "gamma"))
    n = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dstd = -(dxhat * diff).sum(axis=0) * inv_std**2
    dvar = dstd * 0.5 * inv_std
    ddiff = dxhat * inv_std
    ddiff += 2.0 / n * diff * dvar
    dx = ddiff.copy()
    dx -= ddiff.mean(axis=0)
    return dx, dgamma, dbeta


def zero_term_left_out(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N = dout.shape[0]
    grad_beta = np.sum(dout, 0)
    grad_gamma = np.sum(dout * xhat, 0)
    grad_xhat = dout * gamma
    grad_var = np.sum(grad_xhat * xmu, axis=0) * -0.5 * (var + eps) ** (-1.5)
    grad_mu = np.sum(grad_xhat * -ivar, axis=0)
    grad_x = grad_xhat * ivar + grad_var * 2 * xmu / N + grad_mu / N
    return grad_x, grad_gamma, grad_beta


def columns(dout, cache):
    c = cache
    dbeta = np.ones(len(dout)) @ dout
    dgamma = np.einsum("ij,ij->j", dout, c["xhat"])
    dx = np.zeros_like(dout)
    for j in range(dout.shape[1]):
        dxhat = dout[:, j] * c["gamma"][j]
        dvar = -0.5 * np.dot(dxhat, c["diff"][:, j]) * c["inv_std"][j] ** 3
        dmu = -np.sum(dxhat) * c["inv_std"][j]
        dx[:, j] = (
            dxhat * c["inv_std"][j] + 2 * dvar * c["diff"][:, j] / len(dout) + dmu / len(dout)
        )
    return dx, dgamma, dbeta


BACKWARDS = {
    twelve_steps: batchnorm,
    in_place: batchnorm_dict,
    zero_term_left_out: batchnorm,
    columns: batchnorm_dict,
}

MISTAKES = [
    (twelve_steps, "dmu = -1 * np.sum", "dmu = np.sum", "dmu", "sign"),
    (twelve_steps, "np.sum(dxmu1 + dxmu2, axis=0)", "np.sum(dxmu2, axis=0)", "dmu", "missing term"),
    (twelve_steps, "dx1 = dxmu1 + dxmu2", "dx1 = dxmu1", "dx1", "missing term"),
    (twelve_steps, "dx1 = dxmu1 + dxmu2", "dx1 = dxmu1 + dxmu2 + dxmu2", "dx1", "extra term"),
    (
        twelve_steps,
        "divar = np.sum(dxhat * xmu, axis=0)",
        "divar = np.sum(dxhat * xhat, axis=0)",
        "divar",
        "operand",
    ),
    (
        twelve_steps,
        "divar = np.sum(dxhat * xmu, axis=0)",
        "divar = dxhat * xmu",
        "divar",
        "missing sum",
    ),
    (twelve_steps, "(sqrtvar**2)", "sqrtvar", "dsqrtvar", "power"),
    (twelve_steps, "dsqrtvar = -1.0 /", "dsqrtvar = 1.0 /", "dsqrtvar", "sign"),
    (
        twelve_steps,
        "dgamma = np.sum(dgammax * xhat",
        "dgamma = np.sum(dgammax * xmu",
        "dgamma",
        "operand",
    ),
    (twelve_steps, "dxhat = dgammax * gamma", "dxhat = dgammax", "dxhat", "factor"),
    (twelve_steps, "dvar = 0.5 *", "dvar = 2 *", "dvar", "factor"),
    (twelve_steps, "np.sqrt(var + eps)", "np.sqrt(var)", "dvar", "factor"),
    (
        twelve_steps,
        "dbeta = np.sum(dout, axis=0)",
        "dbeta = np.mean(dout, axis=0)",
        "dbeta",
        "factor",
    ),
    (in_place, "ddiff += 2.0", "ddiff = 2.0", "ddiff", "overwritten"),
    (in_place, "dx -= ddiff.mean(axis=0)", "dx -= ddiff.mean(axis=1, keepdims=True)", "dx", "axis"),
    (in_place, "inv_std**2", "inv_std**3", "dstd", "power"),
    (in_place, "ddiff += 2.0 / n", "ddiff += 2.0", "ddiff", "factor"),
    (
        in_place,
        "dgamma = (dout * xhat).sum(axis=0)\n    dxhat = dout * gamma",
        "dxhat = dout\n    dxhat *= gamma\n    dgamma = (dout * xhat).sum(axis=0)",
        "dxhat",
        "inplace",
    ),
    (zero_term_left_out, "** (-1.5)", "** (-0.5)", "grad_var", "power"),
    (zero_term_left_out, "grad_xhat * -ivar", "grad_xhat * ivar", "grad_mu", "sign"),
    (zero_term_left_out, " + grad_mu / N", "", "grad_x", "missing term"),
    (columns, 'dmu = -np.sum(dxhat) * c["inv_std"][j]', "dmu = -np.sum(dxhat)", "dmu", "factor"),
    (columns, "2 * dvar", "dvar", "dx", "factor"),
]
