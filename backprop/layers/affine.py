"""A fully connected layer, x @ w + b."""

import numpy as np

from backprop.layers.types import Array, Cache


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """Each row of x, flattened, times w, plus b.

    x: (N, d_1, …, d_k) floating, with d_1 · … · d_k = D; w: (D, M); b: (M,).
    Returns ``(out, cache)`` with ``out`` of shape (N, M).
    """
    rows = x.reshape(x.shape[0], -1)
    product = rows @ w
    out = product + b
    cache = (x, w)
    return out, cache


def affine_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Staged backward, found by shape. dout: (N, M). Returns dx (as x), dw (D, M), db (M,)."""
    x, w = cache
    rows = x.reshape(x.shape[0], -1)
    db = np.sum(dout, axis=0)
    dw = rows.T @ dout
    drows = dout @ w.T
    dx = drows.reshape(x.shape)
    return dx, dw, db


def affine_backward_on_paper(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """The sums of the chain rule as they stand on paper, index by index.

    With out_nm = Σ_d x_nd w_dm + b_m:
    dx_nd = Σ_m dout_nm w_dm, dw_dm = Σ_n x_nd dout_nm, db_m = Σ_n dout_nm.
    """
    x, w = cache
    rows = x.reshape(x.shape[0], -1)
    dx = np.einsum("nm,dm->nd", dout, w).reshape(x.shape)
    dw = np.einsum("nd,nm->dm", rows, dout)
    db = np.einsum("nm->m", dout)
    return dx, dw, db
