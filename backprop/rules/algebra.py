"""Products of matrices."""

from functools import partial

from backprop.rules.table import rule

row = partial(rule, axes="matmul", symbol="@")

# fmt: off
row("matmul", "x, y", "x @ y", when="x.ndim == 2 and y.ndim == 2", x="dz @ y.T",        y="x.T @ dz")
row("matmul", "x, y", "x @ y", when="x.ndim == 1 and y.ndim == 1", x="dz * y",          y="dz * x")
row("matmul", "x, y", "x @ y", when="x.ndim == 1 and y.ndim == 2", x="y @ dz",          y="np.outer(x, dz)")
row("matmul", "x, y", "x @ y", when="x.ndim == 2 and y.ndim == 1", x="np.outer(dz, y)", y="x.T @ dz")
row("matmul", "x, y", "x @ y", when="x.ndim > 1 and y.ndim > 1",
    x="batch(dz @ np.swapaxes(y, -1, -2))", y="batch(np.swapaxes(x, -1, -2) @ dz)")
row("matmul", "x, y", "x @ y", when="x.ndim > 2 and y.ndim == 1", x="dz[..., None] * y", y="np.tensordot(dz, x, axes=dz.ndim)")
row("matmul", "x, y", "x @ y", when="x.ndim == 1 and y.ndim > 2", x="np.sum(y * dz[..., None, :], axis=-1).reshape(-1, length(x, 0)).sum(axis=0)", y="x[:, None] * dz[..., None, :]")

# ── other products ───────────────────────────────────────────────────────────────────────────
row = partial(rule, axes="")
row("outer", "x, y", "np.outer(x, y)", when="x.ndim == 1 and y.ndim == 1", x="dz @ y", y="x @ dz", axes="outer", symbol="⊗")
row("outer", "x, y", "np.outer(x, y)", x="(dz @ y.reshape(-1)).reshape(shape(x))", y="(x.reshape(-1) @ dz).reshape(shape(y))", symbol="⊗")
row("inner", "x, y", "np.inner(x, y)", when="x.ndim == 1 and y.ndim == 1", x="dz * y",          y="dz * x",          symbol="⟨,⟩")
row("inner", "x, y", "np.inner(x, y)", when="x.ndim == 2 and y.ndim == 2", x="dz @ y",          y="dz.T @ x",        symbol="⟨,⟩")
row("inner", "x, y", "np.inner(x, y)", when="x.ndim == 2 and y.ndim == 1", x="np.outer(dz, y)", y="x.T @ dz",        symbol="⟨,⟩")
row("inner", "x, y", "np.inner(x, y)", when="x.ndim == 1 and y.ndim == 2", x="y.T @ dz",        y="np.outer(dz, x)", symbol="⟨,⟩")
row("einsum", "subscripts, operands", "np.einsum(subscripts, *operands)", operands="contract(dz)",   symbol="einsum")
row("tensordot", "x, y, axes=2", "np.tensordot(x, y, axes=axes)", x="contract(dz, x)", y="contract(dz, y)", symbol="⊗")
row("dot", "x, y", "np.dot(x, y)", x="contract(dz, x)", y="contract(dz, y)", symbol="·")

# ── norms, inverses ──────────────────────────────────────────────────────────────────────────
for condition, call in (("ord is None", "np.linalg.norm(x, axis=axis, keepdims=keepdims)"), ("ord == 2 and (x.ndim == 1 or isinstance(axis, int))", "np.linalg.norm(x, ord, axis=axis, keepdims=keepdims)")):
    row("norm", "x, ord=None, axis=None, keepdims=False", call, when=condition, axes="reduce", x="keep(dz) * x / keep(z)", symbol="‖·‖",
        lazy=True, complex="np.sqrt(np.sum(x ** 2, axis=axis, keepdims=keepdims))", singular="np.sum(np.abs(np.real(x)), axis=axis, keepdims=keepdims) == 0")
row("norm", "x, ord=None, axis=None, keepdims=False", "np.linalg.norm(x, ord, axis=axis, keepdims=keepdims)", when="ord == 1 and (x.ndim == 1 or isinstance(axis, int))", axes="reduce",
    x="keep(dz) * np.sign(x)", symbol="‖·‖₁", lazy=True, complex="np.sum(x * np.sign(np.real(x)), axis=axis, keepdims=keepdims)", kink="np.real(x) > 0")
row("norm", "x, ord=None, axis=None, keepdims=False", "np.linalg.norm(x, ord, axis=axis, keepdims=keepdims)", when="isinstance(ord, (int, float)) and 1 < ord < np.inf and (x.ndim == 1 or isinstance(axis, int))", axes="reduce",
    x="keep(dz) * np.sign(x) * (np.abs(x) / keep(z)) ** (ord - 1)", symbol="‖·‖ₚ", lazy=True, complex="np.sum((x * np.sign(np.real(x))) ** ord, axis=axis, keepdims=keepdims) ** (1 / ord)", kink="np.real(x) > 0")
row("inv",   "x",    "np.linalg.inv(x)", when="x.ndim == 2", x="-z.T @ dz @ z.T",            symbol="⁻¹")
row("inv",   "x",    "np.linalg.inv(x)", when="x.ndim > 2",  x="-np.swapaxes(z, -1, -2) @ dz @ np.swapaxes(z, -1, -2)", symbol="⁻¹")
row("logabsdet", "x", "np.linalg.slogdet(x)[1]", when="x.ndim == 2", x="dz * np.linalg.inv(x).T", symbol="log|det|",
    complex="np.log(np.linalg.det(x) * np.sign(np.real(np.linalg.det(x))))")
row("det",   "x",    "np.linalg.det(x)", when="x.ndim == 2", x="dz * z * np.linalg.inv(x).T", symbol="det")
row("solve", "x, y", "np.linalg.solve(x, y)", when="x.ndim == 2 and y.ndim == 1", x="-np.outer(np.linalg.solve(x.T, dz), z)", y="np.linalg.solve(x.T, dz)", symbol="solve")
row("solve", "x, y", "np.linalg.solve(x, y)", when="x.ndim == 2 and y.ndim == 2", x="-np.linalg.solve(x.T, dz) @ z.T",       y="np.linalg.solve(x.T, dz)", symbol="solve")
row("solve", "x, y", "np.linalg.solve(x, y)", when="x.ndim > 1 and y.ndim > 1", x="batch(-np.linalg.solve(np.swapaxes(x, -1, -2), dz) @ np.swapaxes(z, -1, -2))", y="batch(np.linalg.solve(np.swapaxes(x, -1, -2), dz))", symbol="solve")

# ── decompositions, see tracer/matrices.py ───────────────────────────────────────────────────
# Of a symmetric matrix numpy reads the lower half, which therefore gets the gradient of both.
half = "(np.tri(length(x, 0)) - np.eye(length(x, 0)) / 2)"
row("cholesky", "x", "np.linalg.cholesky(x)", when="x.ndim == 2", complex=False, symbol="cholesky",
    x=f"{half} * np.linalg.solve(z.T, np.linalg.solve(z.T, np.tril(z.T @ dz) + np.tril(z.T @ dz, -1).T).T)")
row("eigenvectors", "x", "np.linalg.eigh(x)[1]", when="x.ndim == 2", complex=False, symbol="eigenvectors",
    x=f"{half} * (z @ ((z.T @ dz - dz.T @ z) / (np.linalg.eigvalsh(x) - np.linalg.eigvalsh(x)[:, None] + np.diag(np.full(length(x, 0), np.inf)))) @ z.T)")
row("eigenvalues", "x, v", "np.linalg.eigvalsh(x)", when="x.ndim == 2", complex=False, symbol="eigenvalues",
    x=f"2 * {half} * ((v * dz) @ v.T)")
gaps = "(np.sum((x @ z.T) ** 2, axis=0) - np.sum((x @ z.T) ** 2, axis=0)[:, None] + np.diag(np.full(len(z), np.inf)))"
row("right_singular", "x", "np.linalg.svd(x, full_matrices=False)[2]", when="x.ndim == 2 and x.shape[0] >= x.shape[1]", complex=False, symbol="Vᵀ",
    x=f"x @ z.T @ ((z @ dz.T - dz @ z.T) / {gaps}) @ z")
row("right_singular", "x", "np.linalg.svd(x, full_matrices=False)[2]", when="x.ndim == 2", complex=False, symbol="Vᵀ",
    x=f"x @ z.T @ ((z @ dz.T - dz @ z.T) / {gaps} @ z + (dz - dz @ z.T @ z) / np.sum((x @ z.T) ** 2, axis=0)[:, None])")
row("singular_values", "x, vt", "np.linalg.svd(x, compute_uv=False)", when="x.ndim == 2", complex=False, symbol="σ", x="(x @ vt.T * (dz / z)) @ vt")
row("triangular", "x", "np.linalg.qr(x, mode='r')", when="x.ndim == 2", complex=False, symbol="R",
    x="np.linalg.solve(z, (np.tril(z @ np.triu(dz).T) + np.tril(z @ np.triu(dz).T, -1).T) @ np.linalg.solve(z.T, x.T)).T")
row("pinv", "x", "np.linalg.pinv(x)", when="x.ndim == 2", complex=False, symbol="⁺",
    x="(dz.T - x @ z @ dz.T) @ z @ z.T + z.T @ z @ (dz.T - dz.T @ z @ x) - z.T @ dz @ z.T")
