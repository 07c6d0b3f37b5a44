"""Scaled dot-product attention (Vaswani and others 2017, arXiv:1706.03762), one head or several."""

from typing import Any

import numpy as np

from backprop.layers.types import Array, Cache


def attention_forward(q: Array, k: Array, v: Array, mask: Any = None) -> tuple[Array, Cache]:
    """Every query looks at all keys and takes a weighted mean of the values.

    q: (…, T, D) floating; k: (…, S, D); v: (…, S, E), with the same leading axes. mask:
    boolean, broadcast to (…, T, S), True where a query may look; every query needs one such key.
    Returns ``(out, cache)`` with ``out`` of shape (…, T, E). Raises ValueError for a query that
    may look at nothing.
    """
    products = q @ np.swapaxes(k, -1, -2)
    scores = products / q.shape[-1] ** 0.5
    if mask is not None:
        if not np.all(np.any(mask, axis=-1)):
            raise ValueError("the mask lets a query look at no key: its weights would be 0 / 0")
        scores = np.where(mask, scores, -np.inf)
    shifted = scores - np.max(scores, axis=-1, keepdims=True)
    exps = np.exp(shifted)
    sums = np.sum(exps, axis=-1, keepdims=True)
    p = exps / sums
    out = p @ v
    cache = (q, k, v, p)
    return out, cache


def attention_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Staged backward. dout: (…, T, E). Returns dq, dk, dv, shaped as q, k, v.

    Where the mask says no, p is 0, and so is the gradient of the score.
    """
    q, k, v, p = cache
    dv = np.swapaxes(p, -1, -2) @ dout
    dp = dout @ np.swapaxes(v, -1, -2)
    dscores = p * (dp - np.sum(dp * p, axis=-1, keepdims=True))
    dproducts = dscores / q.shape[-1] ** 0.5
    dq = dproducts @ k
    dk = np.swapaxes(dproducts, -1, -2) @ q
    return dq, dk, dv


def attention_backward_on_paper(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """The sums of the chain rule, with the softmax's Jacobian ∂p_tj/∂s_ti = p_tj (δ_ij − p_ti).

    Shapes as in the staged backward; a whole Jacobian for every query, (…, T, S, S).
    """
    q, k, v, p = cache
    jacobian = p[..., :, None] * (np.eye(p.shape[-1], dtype=p.dtype) - p[..., None, :])
    dv = np.einsum("...tj,...te->...je", p, dout)
    ds = np.einsum("...te,...je,...tji->...ti", dout, v, jacobian) / q.shape[-1] ** 0.5
    dq = np.einsum("...ti,...id->...td", ds, k)
    dk = np.einsum("...ti,...td->...id", ds, q)
    return dq, dk, dv


def multihead_attention_forward(
    x: Array, Wq: Array, Wk: Array, Wv: Array, Wo: Array, heads: int, mask: Any = None
) -> tuple[Array, Cache]:
    """Self-attention in `heads` parts side by side: each sees its share of the columns.

    x: (N, T, D) floating; Wq, Wk, Wv: (D, M) with M divisible by heads; Wo: (M, E); mask as in
    `attention_forward`, for scores of shape (N, heads, T, T).
    Returns ``(out, cache)`` with ``out`` of shape (N, T, E). Raises ValueError where M cannot be
    divided by heads.
    """
    if Wq.shape[1] % heads:
        raise ValueError(f"{Wq.shape[1]} columns cannot be divided among {heads} heads")
    N, T, _ = x.shape
    q = (x @ Wq).reshape(N, T, heads, -1).swapaxes(1, 2)
    k = (x @ Wk).reshape(N, T, heads, -1).swapaxes(1, 2)
    v = (x @ Wv).reshape(N, T, heads, -1).swapaxes(1, 2)
    each, each_cache = attention_forward(q, k, v, mask)
    joined = each.swapaxes(1, 2).reshape(N, T, -1)
    out = joined @ Wo
    cache = (x, Wq, Wk, Wv, Wo, heads, joined, each_cache)
    return out, cache


def multihead_attention_backward(
    dout: Array, cache: Cache
) -> tuple[Array, Array, Array, Array, Array]:
    """Staged backward. dout: (N, T, E). Returns dx (N, T, D), dWq, dWk, dWv (D, M), dWo (M, E)."""
    x, Wq, Wk, Wv, Wo, heads, joined, each_cache = cache
    N, T, D = x.shape
    rows = x.reshape(N * T, D)
    dWo = joined.reshape(N * T, -1).T @ dout.reshape(N * T, -1)
    djoined = dout @ Wo.T
    deach = djoined.reshape(N, T, heads, -1).swapaxes(1, 2)
    dq, dk, dv = attention_backward(deach, each_cache)
    to_q = dq.swapaxes(1, 2).reshape(N * T, -1)
    to_k = dk.swapaxes(1, 2).reshape(N * T, -1)
    to_v = dv.swapaxes(1, 2).reshape(N * T, -1)
    dWq = rows.T @ to_q
    dWk = rows.T @ to_k
    dWv = rows.T @ to_v
    drows = to_q @ Wq.T + to_k @ Wk.T + to_v @ Wv.T
    dx = drows.reshape(x.shape)
    return dx, dWq, dWk, dWv, dWo
