"""Every row of the table: its backward against replay, which knows no rule."""

import ast

import numpy as np
import pytest
from scipy import special

import backprop as bp
from backprop.rules import TABLE

LOW, HIGH = 0.2, 0.8  # inside the domain of every function but these
DOMAIN = {"arccosh": (1.2, 2.0)}
# operands of entry-by-entry operations: scalars, rows, columns, the same, N = D, nothing at all
PAIRS = [
    ((5, 4), (5, 4)),
    ((4, 4), (4,)),
    ((4,), (4, 4)),
    ((4, 4), (4, 1)),
    ((5, 1), (1, 4)),
    ((5, 4), ()),
    ((), (5, 4)),
    ((), ()),
    ((0, 3), (3,)),
    ((0, 3), (0, 1)),
]
REDUCED = [
    ((5, 4), None, False),
    ((4, 4), 0, False),
    ((4, 4), 1, False),
    ((4, 4), -1, True),
    ((3, 4, 2), (0, 2), False),
    ((3, 4, 2), (0, 2), True),
    ((1, 4), 0, False),
    ((), None, False),
]
# operation -> calls of it: text, and the shapes of the operands x, y, v that it names.
# An integer shape stands for that many indices below 3, `mask` for a mask of x's shape.
CALLS: dict[str, list[tuple[str, dict[str, tuple[int, ...]]]]] = {
    "cumsum": [("np.cumsum(x, axis=0)", {"x": (4, 4)}), ("np.cumsum(x)", {"x": (3, 2)})],
    "cumprod": [("np.cumprod(x, axis=1)", {"x": (4, 4)})],
    "prod": [
        ("np.prod(x * (x > 0.5), axis=0)", {"x": (4, 4)}),
        ("np.prod(x * (x > 0.5))", {"x": (2, 2)}),
    ],
    **{
        name: [(f"special.{name}(x)", {"x": (4, 3)})]
        for name in ("erf", "erfc", "erfinv", "ndtr", "log_ndtr", "gamma", "gammaln", "psi")
    },
    "clip": [
        ("np.clip(x, 0.4, 0.6)", {"x": (5, 4)}),
        ("np.clip(x, 0.4, None)", {"x": (5, 4)}),
        ("np.clip(x, None, 0.6)", {"x": ()}),
        ("np.clip(x, y / 2, y)", {"x": (4, 4), "y": (4,)}),
    ],
    "where": [
        ("np.where(x > 0.5, x, y)", {"x": (4, 4), "y": (4,)}),
        ("np.where(x > 0.5, x, 0)", {"x": (4, 1)}),
        ("np.where(y > 0.5, x, y)", {"x": (), "y": (4, 3)}),
    ],
    "matmul": [
        ("x @ y", {"x": (4, 4), "y": (4, 4)}),
        ("x @ y", {"x": (4,), "y": (4,)}),
        ("x @ y", {"x": (5,), "y": (5, 4)}),
        ("x @ y", {"x": (4, 5), "y": (5,)}),
        ("x @ y", {"x": (2, 4, 4), "y": (4,)}),
        ("x @ y * v", {"x": (2, 3, 1, 4), "y": (4,), "v": (1, 3, 5)}),
        ("x @ y", {"x": (4,), "y": (4, 4, 4)}),
        ("x @ y * v", {"x": (4,), "y": (2, 1, 4, 3), "v": (1, 5, 3)}),
        ("x @ y", {"x": (2, 4, 5), "y": (2, 5, 3)}),
        ("x @ y", {"x": (2, 4, 5), "y": (5, 3)}),
        ("x @ y", {"x": (4, 5), "y": (2, 5, 3)}),
        ("x @ y", {"x": (2, 1, 4, 5), "y": (3, 5, 2)}),
        ("x @ y", {"x": (0, 4), "y": (4, 3)}),
    ],
    "reshape": [("x.reshape(2, 6)", {"x": (3, 4)}), ("np.reshape(x, -1)", {"x": (2, 3, 2)})],
    "transpose": [
        ("x.T", {"x": (4, 4)}),
        ("x.T", {"x": (2, 3, 4)}),
        ("x.transpose(1, 2, 0)", {"x": (2, 3, 4)}),
    ],
    "copy": [("x.copy()", {"x": (3, 2)})],
    "get": [
        ("x[1]", {"x": (4, 4)}),
        ("x[:, 1:3]", {"x": (4, 4)}),
        ("x[:, None, ::2]", {"x": (4, 4)}),
        ("x[[0, 2, 0]]", {"x": (4, 4)}),
        ("x[np.arange(3), [2, 0, 2]]", {"x": (3, 4)}),
        ("x[x > 0.5]", {"x": (4, 4)}),
        ("x[np.arange(3)[:, None], [[0, 0], [1, 2], [3, 3]]]", {"x": (3, 4)}),
        ("x[np.arange(4) % 2]", {"x": (3, 4)}),
        ("x[np.arange(3)[[0, 0, 1]]]", {"x": (3, 4)}),
        ("np.take(x, [0, 2, 0], axis=1)", {"x": (3, 4)}),
        ("np.take(x, [0, 5, 0])", {"x": (3, 4)}),
        ("np.take_along_axis(x, np.argsort(x, axis=1)[:, :2], axis=1)", {"x": (3, 4)}),
        ("np.take_along_axis(x, np.argpartition(-x, 1, axis=1)[:, :2], axis=1)", {"x": (3, 4)}),
        ("x[np.arange(3), x.argpartition(2, axis=1)[:, 2]]", {"x": (3, 4)}),
        ("np.take_along_axis(x, np.zeros((3, 2), dtype=int), axis=1)", {"x": (3, 4)}),
        ("x[..., None]", {"x": (3,)}),
    ],
    "put": [
        ("out = np.zeros((3, 4)); out[1] = x; out[:, 2] = y", {"x": (4,), "y": (3,)}),
        ("out = x * y; out[x > 0.5] = 0", {"x": (4, 4), "y": (4, 4)}),
        ("out = x * 1; out[[0, 2]] = y", {"x": (3, 4), "y": (4,)}),
        ("out = x.copy(); out[1:] *= y", {"x": (3, 3), "y": (3,)}),
    ],
    "swapaxes": [("np.swapaxes(x, 0, -1) * y", {"x": (4, 3, 4), "y": (3, 4)})],
    "moveaxis": [("np.moveaxis(x, 0, 2) * y", {"x": (4, 3, 4), "y": (4,)})],
    "expand_dims": [("np.expand_dims(x, 1) * y", {"x": (3, 4), "y": (2, 4)})],
    "squeeze": [
        ("np.squeeze(x, 1) * y", {"x": (3, 1, 1), "y": (3, 1)}),
        ("x.squeeze() * y", {"x": (3, 1, 1), "y": (3,)}),
    ],
    "broadcast_to": [
        ("np.broadcast_to(x, (4, 4)) * y", {"x": (4,), "y": (4, 4)}),
        ("np.broadcast_to(x, (2, 4, 3))", {"x": (4, 1)}),
    ],
    "tile": [
        ("np.tile(x, 3)", {"x": (4,)}),
        ("np.tile(x, (2, 1))", {"x": (4, 4)}),
        ("np.tile(x, (2, 3))", {"x": (4, 4)}),
        ("np.tile(x, (3, 1))", {"x": (4,)}),
        ("np.tile(x, (2, 1, 1))", {"x": (2, 3)}),
    ],
    "repeat": [
        ("np.repeat(x, 3, axis=1)", {"x": (4, 4)}),
        ("np.repeat(x, 2)", {"x": (2, 3)}),
        ("np.repeat(x, [1, 3, 2], axis=0)", {"x": (3, 2)}),
        ("np.repeat(x, [1, 3, 2])", {"x": (3,)}),
        ("x.repeat(2, axis=-1)", {"x": (3, 2)}),
        ("np.repeat(x, 3, axis=1) * y", {"x": (2, 1), "y": (2, 3)}),
    ],
    "pad": [
        ("np.pad(x, 1)", {"x": (3, 3)}),
        ("np.pad(x, ((0, 0), (2, 1)), mode='constant')", {"x": (3, 3)}),
        ("np.pad(x, ((1, 1), (0, 0)), 'constant', constant_values=2)", {"x": (3, 3)}),
        ("np.pad(x, (1, 2))", {"x": (3,)}),
    ],
    "sliding_window_view": [
        ("np.lib.stride_tricks.sliding_window_view(x, (2, 3)) ** 2", {"x": (4, 5)}),
        ("np.lib.stride_tricks.sliding_window_view(x, 2, axis=0) * y", {"x": (4,), "y": (3, 2)}),
        ("np.lib.stride_tricks.sliding_window_view(x, (2, 2), (0, 0)) ** 2", {"x": (5, 2)}),
        ("np.lib.stride_tricks.sliding_window_view(x, (3, 2), axis=(2, 1))", {"x": (1, 3, 4)}),
    ],
    "flip": [
        ("np.flip(x) * y", {"x": (3, 3), "y": (3, 3)}),
        ("np.flip(x, 0) * y", {"x": (3, 3), "y": (3, 3)}),
        ("np.fliplr(x) * y", {"x": (3, 3), "y": (3, 3)}),
        ("np.flipud(x) * y", {"x": (3, 3), "y": (3, 3)}),
    ],
    "roll": [
        ("np.roll(x, 1) * y", {"x": (3, 3), "y": (3, 3)}),
        ("np.roll(x, 2, axis=1) * y", {"x": (3, 3), "y": (3, 3)}),
    ],
    "rot90": [("np.rot90(x) * y", {"x": (3, 3), "y": (3, 3)})],
    "sort": [
        ("np.sort(x, axis=0) * y", {"x": (4, 4), "y": (4, 4)}),
        ("np.sort(x) * x", {"x": (4,)}),
    ],
    "tril": [("np.tril(x)", {"x": (4, 4)}), ("np.tril(x, -1)", {"x": (3, 4)})],
    "triu": [("np.triu(x, 1)", {"x": (4, 4)})],
    "diag": [
        ("np.diag(x)", {"x": (3,)}),
        ("np.diag(x)", {"x": (3, 3)}),
        ("np.diag(x, 1)", {"x": (3, 3)}),
    ],
    "trace": [("np.trace(x)", {"x": (4, 4)}), ("np.trace(x)", {"x": (2, 3)})],
    "outer": [
        ("np.outer(x, y)", {"x": (4,), "y": (4,)}),
        ("np.outer(x, y)", {"x": (2, 2), "y": (3,)}),
    ],
    "inner": [
        ("np.inner(x, y)", {"x": (4,), "y": (4,)}),
        ("np.inner(x, y)", {"x": (4, 4), "y": (4, 4)}),
        ("np.inner(x, y)", {"x": (3, 4), "y": (4,)}),
        ("np.inner(x, y)", {"x": (4,), "y": (3, 4)}),
    ],
    "einsum": [
        ("np.einsum('nd,dm->nm', x, y)", {"x": (4, 4), "y": (4, 4)}),
        ("np.einsum('nd,dm', x, y)", {"x": (3, 4), "y": (4, 2)}),
        ("np.einsum('ij->j', x)", {"x": (4, 4)}),
        ("np.einsum('ij->', x)", {"x": (4, 3)}),
        ("np.einsum('ii->', x)", {"x": (4, 4)}),
        ("np.einsum('ii->i', x)", {"x": (4, 4)}),
        ("np.einsum('ij,ij->i', x, x)", {"x": (4, 4)}),
        ("np.einsum('ij->ji', x)", {"x": (4, 3)}),
        ("np.einsum('bij,jk->bik', x, y)", {"x": (2, 4, 4), "y": (4, 4)}),
        ("np.einsum('...ij,...jk->...ik', x, y)", {"x": (2, 3, 4), "y": (4, 2)}),
        ("np.einsum('i,j,k->ijk', x, y, x)", {"x": (3,), "y": (2,)}),
        ("np.einsum('ij,ij->ij', x, y)", {"x": (3, 1), "y": (3, 4)}),
        ("np.einsum('ij,jk->ik', x, y)", {"x": (3, 1), "y": (4, 2)}),
        ("np.einsum('...i,...i', x, y)", {"x": (1, 3), "y": (5, 3)}),
        ("np.einsum('i...->...', x)", {"x": (5, 3)}),
        ("np.einsum('i...j,j->j...', x, y)", {"x": (2, 4, 3), "y": (3,)}),
        ("np.einsum('iij->j', x)", {"x": (3, 3, 2)}),
        ("np.einsum('ij,kl->ik', x, y)", {"x": (2, 3), "y": (4, 5)}),
        ("np.einsum(',ij->ij', x, y)", {"x": (), "y": (4, 4)}),
        ("np.einsum(x, [0, 1], y, [1, 2], [0, 2])", {"x": (3, 4), "y": (4, 2)}),
        ("np.einsum(x, [..., 1], y, [1])", {"x": (3, 4), "y": (4,)}),
    ],
    "tensordot": [
        ("np.tensordot(x, y, axes=1)", {"x": (4, 4), "y": (4, 4)}),
        ("np.tensordot(x, y, axes=([1, 0], [0, 2]))", {"x": (3, 4, 2), "y": (4, 5, 3)}),
        ("np.tensordot(x, y, axes=(0, -1))", {"x": (3, 4), "y": (2, 3)}),
        ("np.tensordot(x, y)", {"x": (3, 4), "y": (3, 4)}),
        ("np.tensordot(x, x, 0)", {"x": (2,)}),
    ],
    "dot": [
        ("np.dot(x, y)", {"x": (2, 3, 4), "y": (4, 5)}),
        ("x.dot(y)", {"x": (2, 3, 4), "y": (4,)}),
        ("np.dot(x, y)", {"x": (4, 3), "y": (2, 3, 5)}),
    ],
    "norm": [
        ("np.linalg.norm(x)", {"x": (3, 4)}),
        ("np.linalg.norm(x, axis=1)", {"x": (4, 4)}),
        ("np.linalg.norm(x, axis=0, keepdims=True)", {"x": (4, 4)}),
        ("np.linalg.norm(x - 0.5, 1)", {"x": (4,)}),
        ("np.linalg.norm(x, 2, axis=0)", {"x": (4, 4)}),
        ("np.linalg.norm(x - 0.5, 3, axis=0)", {"x": (4, 4)}),
        ("np.linalg.norm(x - 0.5, 1.5, axis=1, keepdims=True) * x", {"x": (4, 4)}),
        ("np.linalg.norm(x - 0.5, 3)", {"x": (4,)}),
    ],
    "cholesky": [("np.linalg.cholesky(x @ x.T + np.eye(3)) * x", {"x": (3, 3)})],
    "eigenvectors": [("np.linalg.eigh(x @ x.T)[1] * x", {"x": (3, 3)})],
    "eigenvalues": [("np.linalg.eigvalsh(x @ x.T) * x", {"x": (3, 3)})],
    "right_singular": [
        ("np.linalg.svd(x, full_matrices=False)[2] * y", {"x": s, "y": t})
        for s, t in (((4, 3), (3, 3)), ((2, 4), (2, 4)))
    ],
    "singular_values": [("np.linalg.svd(x)[1] * x", {"x": (4, 3)})],
    "triangular": [("np.linalg.qr(x)[1] * y", {"x": (4, 3), "y": (3, 3)})],
    "pinv": [("np.linalg.pinv(x) * x.T", {"x": s}) for s in ((4, 3), (2, 4))],
    "inv": [
        ("np.linalg.inv(x + np.eye(3))", {"x": (3, 3)}),
        ("np.linalg.inv(x + np.eye(3))", {"x": (2, 3, 3)}),
    ],
    "logabsdet": [("np.linalg.slogdet(x - np.eye(3))[1]", {"x": (3, 3)})],
    "det": [("np.linalg.det(x)", {"x": (3, 3)})],
    "solve": [
        ("np.linalg.solve(x + np.eye(3), y)", {"x": (3, 3), "y": (3,)}),
        ("np.linalg.solve(x + np.eye(3), y)", {"x": (3, 3), "y": (3, 2)}),
        ("np.linalg.solve(x + np.eye(3), y)", {"x": (2, 3, 3), "y": (2, 3, 2)}),
        ("np.linalg.solve(x + np.eye(3), y)", {"x": (3, 3), "y": (2, 3, 1)}),
    ],
    "add_at": [
        ("out = np.zeros(4); np.add.at(out, [0, 2, 0], x)", {"x": (3,)}),
        ("out = np.zeros((4, 3)); np.add.at(out, [0, 2, 0], x)", {"x": (3,)}),
        (
            "out = np.ones((4, 3)) * y; np.add.at(out, (slice(None), [1, 1]), x)",
            {"x": (), "y": (3,)},
        ),
        ("out = y * 1; np.subtract.at(out, [1, 1], x)", {"x": (2, 1), "y": (3, 3)}),
    ],
    "astype": [("x.astype(np.longdouble) * 2", {"x": (3, 2)})],
    "concatenate": [
        ("np.concatenate([x, y, x], axis=1)", {"x": (3, 2), "y": (3, 4)}),
        ("np.concatenate((x, y))", {"x": (3, 3), "y": (3, 3)}),
    ],
    "stack": [
        ("np.stack([x, y, x])", {"x": (3, 2), "y": (3, 2)}),
        ("np.stack([x, y], axis=-1)", {"x": (3, 2), "y": (3, 2)}),
    ],
}


def sample(shape, seed, op=""):
    low, high = DOMAIN.get(op, (LOW, HIGH))
    return np.asarray(np.random.default_rng([seed, len(shape)]).uniform(low, high, shape))


def function(text, names):
    """A function of one expression, as an author would have written it."""
    scope = {"np": np, "special": special}
    body = text if "out = " in text else f"out = {text}"
    exec(f"def f({', '.join(names)}):\n    {body}\n    return out", scope)
    return scope["f"]


def as_tuple(gradients):
    return gradients if isinstance(gradients, tuple) else (gradients,)


def agrees(text, op="", **operands):
    """The derived backward of a call equals the numeric gradient, in shape and value."""
    f = function(text, operands)
    args = list(operands.values())
    graph = bp.trace(f, *args)
    dout = np.random.default_rng(1).normal(size=graph.output.shape)
    got = as_tuple(bp.derive(f, *args)(dout, *args))
    want = as_tuple(bp.numeric_gradient(f, *args, dout=dout))
    for g, w, node in zip(got, want, graph.differentiated, strict=True):
        assert g.shape == w.shape == node.shape, text
        scale = np.abs(w).max(initial=1.0)
        np.testing.assert_allclose(g, w, rtol=1e-9, atol=1e-9 * scale, err_msg=text)
        np.testing.assert_array_equal(graph.backward(dout)[node.name], g)
    return {node.rule for node in graph.nodes if node.rule}


def rows_like(signature):
    return [
        op
        for op, rows in TABLE.items()
        if op not in CALLS and rows[0].backward and rows[0].signature == signature
    ]


UNARY = rows_like("x")
BINARY = rows_like("x, y") + rows_like("y, x")
REDUCTIONS = [
    op
    for op, rows in TABLE.items()
    if op != "norm" and rows[0].backward and {"axis", "keepdims"} <= set(rows[0].parameters)
]


@pytest.mark.parametrize("shape", [(5, 4), (4,), (4, 1), (), (0, 3)])
@pytest.mark.parametrize("op", UNARY)
def test_a_function_of_one_array(op, shape):
    agrees(TABLE[op][0].forward, x=sample(shape, 0, op))


@pytest.mark.parametrize("shapes", PAIRS)
@pytest.mark.parametrize("op", BINARY)
def test_a_function_of_two_arrays_broadcast(op, shapes):
    x, y = (sample(shape, seed) for seed, shape in enumerate(shapes))
    agrees(TABLE[op][0].forward, x=x, y=y)


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("same", ["x, x", "x, 0.5", "0.5, x"])
def test_a_function_of_two_with_one_array(op, same):
    first, second = same.split(", ")
    tree = ast.parse(TABLE[op][0].forward, mode="eval").body
    for part in ast.walk(tree):
        if isinstance(part, ast.Name) and part.id in ("x", "y"):
            part.id = {"x": f"({first})", "y": f"({second})"}[part.id]
    text = ast.unparse(tree)
    if op in ("maximum", "minimum", "remainder", "arctan2") and same == "x, x":
        pytest.skip("a kink everywhere")
    agrees(text, x=sample((3, 2), 0))


@pytest.mark.parametrize(("shape", "axis", "keepdims"), REDUCED)
@pytest.mark.parametrize("op", REDUCTIONS)
def test_a_reduction_over_every_kind_of_axis(op, shape, axis, keepdims):
    if op == "std" and (shape == () or shape[0] == 1):
        pytest.skip("the root of 0 has no derivative")
    agrees(f"np.{op}(x, axis={axis}, keepdims={keepdims}) ** 2 + 0", x=sample(shape, 3))


@pytest.mark.parametrize("op", ["sum", "mean"])
def test_a_reduction_of_nothing(op):
    agrees(f"np.{op}(x, axis=1)", x=np.zeros((0, 3)))


@pytest.mark.parametrize(
    ("op", "text", "shapes"), [(op, *case) for op, cases in CALLS.items() for case in cases]
)
def test_a_call(op, text, shapes):
    operands = {name: sample(shape, seed) for seed, (name, shape) in enumerate(shapes.items())}
    used = agrees(text, **operands)
    assert op in {rule.op for rule in used}


def test_every_row_has_a_call():
    """A row that no call above reaches is a row that nobody checks."""
    covered = {*UNARY, *BINARY, *REDUCTIONS, *CALLS}
    assert {op for op, rows in TABLE.items() if rows[0].backward} == covered


@pytest.mark.parametrize("op", [op for op, rows in TABLE.items() if rows[0].backward])
def test_every_row_is_complete(op):
    for row in TABLE[op]:
        assert row.symbol
        assert set(row.backward) <= set(row.parameters)


def test_an_operation_without_a_row_names_it_and_the_row_to_add():
    def f(x):
        return np.i0(x)

    with pytest.raises(bp.RuleError, match=r'`i0` has no row.*rule\("i0"'):
        bp.derive(f, np.ones(3))
