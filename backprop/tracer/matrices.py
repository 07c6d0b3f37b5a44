"""Decompositions of matrices: each of their results is a row, or follows from the others.

A stack of matrices is done matrix by matrix.
"""

from __future__ import annotations

import sys
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.graph.errors import RuleError
from backprop.tracer.array import Array, current
from backprop.tracer.composed import norm
from backprop.tracer.frames import site
from backprop.tracer.operations import call
from backprop.tracer.several import looking

Eigh = namedtuple("Eigh", ["eigenvalues", "eigenvectors"])
Svd = namedtuple("Svd", ["U", "S", "Vh"])
Qr = namedtuple("Qr", ["Q", "R"])
Sign = namedtuple("Sign", ["sign", "logabsdet"])


def over_stacks(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of one matrix, for a stack of them."""

    def compute(x: Any, *args: Any, **options: Any) -> Any:
        if np.ndim(x) < 2:
            raise np.linalg.LinAlgError(f"{np.ndim(x)}-dimensional array given, a matrix is needed")
        if np.ndim(x) == 2:
            return function(x, *args, **options)
        lead = tuple(int(each) for each in np.shape(x)[:-2])
        every = [function(x[place], *args, **options) for place in np.ndindex(*lead)]

        def joined(parts: Any) -> Any:
            whole = np.stack(parts)
            return np.reshape(whole, (*lead, *map(int, np.shape(whole)[1:])))

        if isinstance(every[0], tuple):
            return type(every[0])(*[joined(parts) for parts in zip(*every, strict=True)])
        return joined(every)

    return compute


def slogdet(x: Any) -> Any:
    """`sign, logdet = np.linalg.slogdet(x)`: the sign is a step."""
    return Sign(call("sign", call("det", x)), call("logabsdet", x))


def eigh(x: Any, UPLO: str = "L") -> Any:
    """`w, v = np.linalg.eigh(x)`, of which numpy reads the lower half."""
    if UPLO != "L":
        raise RuleError(f"{site(sys._getframe(1))}\n  the row of `eigh` is for UPLO='L': pass x.T")
    vectors = call("eigenvectors", x)
    return Eigh(call("eigenvalues", x, vectors), vectors)


def cholesky(x: Any, upper: bool = False) -> Any:
    """`np.linalg.cholesky(x)`, of which numpy reads the lower half."""
    if upper:
        raise RuleError(f"{site(sys._getframe(1))}\n  the row of `cholesky` is for upper=False")
    return call("cholesky", x)


class _Unsaid:
    """A factor with columns that no singular value belongs to: they are anybody's choice."""

    def _refuse(self, *_: Any) -> Any:
        raise RuleError(
            f"{site(sys._getframe(2))}\n  the full matrices of `svd` have columns that belong to "
            "no singular value, and no derivative; write np.linalg.svd(x, full_matrices=False)"
        )

    __getitem__ = __matmul__ = __rmatmul__ = __mul__ = __rmul__ = __array__ = _refuse

    def __getattr__(self, name: str) -> Any:
        return self._refuse()


def svd(
    x: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """`u, s, vt = np.linalg.svd(x, full_matrices=False)`."""
    rows, columns = (int(each) for each in np.shape(x))
    right: Any = call("right_singular", x)
    values = call("singular_values", x, right)
    if not compute_uv:
        return values
    left: Any = x @ right.T / values
    if full_matrices and rows > columns:
        left = _Unsaid()
    elif full_matrices and rows < columns:
        right = _Unsaid()
    return Svd(left, values, right)


def qr(x: Any, mode: str = "reduced") -> Any:
    """`q, r = np.linalg.qr(x)`."""
    rows, columns = (int(each) for each in np.shape(x))
    if mode not in ("reduced", "r"):
        raise RuleError(
            f"{site(sys._getframe(1))}\n  the row of `qr` is for mode='reduced', in which all of q "
            "belongs to x"
        )
    square = x if rows >= columns else x[:, :rows]
    right: Any = call("triangular", square)
    left = np.linalg.solve(right.T, square.T).T
    if rows < columns:
        right = np.concatenate([right, left.T @ x[:, rows:]], axis=1)
    return right if mode == "r" else Qr(left, right)


def lstsq(x: Any, y: Any, rcond: Any = None) -> Any:
    """`np.linalg.lstsq(x, y, rcond=None)[0]`: the pseudoinverse times y."""
    found = np.linalg.pinv(x) @ y
    values = current(x).value if type(x) is Array else np.asarray(x)
    rank = int(np.linalg.matrix_rank(values))
    rows, columns = (int(each) for each in np.shape(x))
    left: Any = np.zeros(0)
    if rows > columns == rank:
        left = np.sum((y - x @ found) ** 2, axis=0)
        left = left if np.ndim(left) else left.reshape(1)
    return found, left, rank, np.linalg.svd(values, compute_uv=False)


def matrix_norm_of(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm(x, 2)`, `"nuc"`, 1 of a matrix: by its singular values, by its columns."""
    if np.ndim(x) != 2 or axis is not None or keepdims or ord in (None, "fro"):
        return norm(x, ord, axis, keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        totals = np.sum(np.abs(x), axis=0 if abs(ord) == 1 else 1)
        return np.max(totals) if ord > 0 else np.min(totals)
    values = svd(x, compute_uv=False)
    return np.sum(values) if ord == "nuc" else values[0] if ord == 2 else values[-1]


def cond(x: Any, p: Any = None) -> Any:
    """`np.linalg.cond(x)`."""
    if p in (None, 2):
        values = svd(x, compute_uv=False)
        return values[0] / values[-1]
    return matrix_norm_of(x, p) * matrix_norm_of(np.linalg.inv(x), p)


MATRICES: dict[str, Callable[..., Any]] = {
    "det": over_stacks(lambda x: call("det", x)),
    "slogdet": over_stacks(slogdet),
    "cholesky": over_stacks(cholesky),
    "eigh": over_stacks(eigh),
    "eigvalsh": over_stacks(lambda x, UPLO="L": eigh(x, UPLO).eigenvalues),
    "svd": over_stacks(svd),
    "svdvals": over_stacks(lambda x: svd(x, compute_uv=False)),
    "qr": over_stacks(qr),
    "pinv": over_stacks(lambda x, rcond=None: call("pinv", x)),
    "lstsq": lstsq,
    "norm": matrix_norm_of,
    "cond": over_stacks(cond),
    "matrix_rank": looking(np.linalg.matrix_rank),
}
