import numpy as np


def arguments(rng):
    return (rng.normal(size=(4, 2, 3)), rng.normal(size=(6, 5)), rng.normal(size=5))


def affine(x, w, b):
    rows = x.reshape(x.shape[0], -1)
    out = rows.dot(w) + b
    return out, (x, w, b)


def square_affine(x, w, b):
    """Every shape the same: thinking by shape is blind."""
    product = x @ w
    out = product + b
    return out


ARGUMENTS = {
    square_affine: lambda rng: (
        rng.normal(size=(4, 4)),
        rng.normal(size=(4, 4)),
        rng.normal(size=4),
    )
}


def usual(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def staged(dout, cache):
    x, w, b = cache
    rows = np.reshape(x, (x.shape[0], -1))
    drows = dout @ w.T
    dx = np.reshape(drows, x.shape)
    dw = rows.T @ dout
    db = np.ones(dout.shape[0]) @ dout
    return dx, dw, db


def einsums(dout, cache):
    x, w, b = cache
    dx = np.einsum("nm,dm->nd", dout, w).reshape(x.shape)
    dw = np.einsum("nd,nm->dm", x.reshape(len(x), -1), dout)
    db = np.einsum("nm->m", dout)
    return dx, dw, db


def outer_products(dout, cache):
    x, w, b = cache
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    db = np.zeros_like(b)
    for n in range(x.shape[0]):
        dx[n] = (w @ dout[n]).reshape(x.shape[1:])
        dw += np.outer(x[n].ravel(), dout[n])
        db += dout[n]
    return dx, dw, db


def square_transposed(dout, x, w, b):
    dwT = dout.T @ x
    dxT = w @ dout.T
    return dxT.T, dwT.T, dout.sum(axis=0)


def square_usual(dout, x, w, b):
    db = dout.sum(axis=0)
    dproduct = dout
    dx = dproduct @ w.T
    dw = x.T @ dproduct
    return dx, dw, db


BACKWARDS = {
    usual: affine,
    staged: affine,
    einsums: affine,
    outer_products: affine,
    square_transposed: square_affine,
    square_usual: square_affine,
}

MISTAKES = [
    (usual, "db = np.sum(dout, axis=0)", "db = np.sum(dout)", "db", "axis"),
    (usual, "db = np.sum(dout, axis=0)", "db = np.mean(dout, axis=0)", "db", "factor"),
    (usual, "db = np.sum(dout, axis=0)", "db = dout", "db", "missing sum"),
    (usual, "dx = dout.dot(w.T).reshape(x.shape)", "dx = dout.dot(w.T)", "dx", "shape"),
    (usual, "return dx, dw, db", "return dw, dx, db", "dw", "order"),
    (usual, "return dx, dw, db", "return dx, dw, db, dout", None, "shape"),
    (
        staged,
        "db = np.ones(dout.shape[0]) @ dout",
        "db = dout @ np.ones(dout.shape[1])",
        "db",
        "axis",
    ),
    (staged, "dw = rows.T @ dout", "dw = (dout.T @ rows)", "dw", "transposed"),
    (einsums, "nm,dm->nd", "nm,dm->dn", "dx", "transposed"),
    (einsums, 'np.einsum("nm->m", dout)', 'np.einsum("nm->n", dout)', "db", "axis"),
    (outer_products, "dw += np.outer", "dw = np.outer", "dw", "overwritten"),
    (
        outer_products,
        "np.outer(x[n].ravel(), dout[n])",
        "np.outer(dout[n], x[n].ravel()).reshape(w.shape)",
        "dw",
        "transposed",
    ),
    (outer_products, "db += dout[n]", "db -= dout[n]", "db", "sign"),
    (square_usual, "dx = dproduct @ w.T", "dx = dproduct @ w", "dx", "transposed"),
    (square_usual, "dw = x.T @ dproduct", "dw = x @ dproduct", "dw", "transposed"),
    (square_usual, "dw = x.T @ dproduct", "dw = dproduct.T @ x", "dw", "transposed"),
    (square_usual, "db = dout.sum(axis=0)", "db = dout.sum(axis=1)", "db", "axis"),
    (square_usual, "dw = x.T @ dproduct", "dw = w.T @ dproduct", "dw", "operand"),
    (square_transposed, "dwT = dout.T @ x", "dwT = x.T @ dout", "dwT", "transposed"),
]
