"""Matrix calculus: gradients of functions, Hessians, inverses, determinants, differentials."""

import pytest

from .helpers import problem, statuses

SQUARE = r"Let $A, X \in \mathbb{R}^{n \times n}$."
LEAST = (
    r"Let $X \in \mathbb{R}^{n \times p}$, $w \in \mathbb{R}^p$, $y \in \mathbb{R}^n$, "
    r"$r = X w - y$, $f(w) = \frac{1}{2} r^\top r$."
)
LAYER = (
    r"Let $X \in \mathbb{R}^{N \times D}$, $W \in \mathbb{R}^{D \times M}$, $Y = X W$, "
    r"$L = L(Y)$, $G = \frac{\partial L}{\partial Y}$."
)
PROVED = [
    (SQUARE, r"A^{-1} X^{-\top} X^\top A = I"),
    (SQUARE, r"\operatorname{tr}(X^{-1} A X) = \operatorname{tr} A"),
    (SQUARE, r"\nabla_X \log \det X = X^{-\top}"),
    (SQUARE, r"\frac{\partial |X|}{\partial X} = |X| (X^{-1})^\top"),
    (SQUARE, r"d(X^{-1}) = -X^{-1} \, dX \, X^{-1}"),
    (SQUARE, r"dX^{-1} = -X^{-1} \, \mathrm{d}X \, X^{-1}"),
    (SQUARE, r"d \log \det X = \operatorname{tr}(X^{-1} dX)"),
    (SQUARE, r"d(A X A) = A \, dX \, A"),
    (LEAST, r"df = r^\top X \, dw"),
    (LEAST, r"df = r^\top dr"),
    (LEAST, r"\nabla f(w) = X^\top r"),
    (LEAST, r"\nabla f(w)^\top w = r^\top X w"),
    (LEAST, r"\nabla^2 f(w) = X^\top X"),
    (LAYER, r"dL = \operatorname{tr}(G^\top X \, dW)"),
]
SYMMETRIC = r"Let $A, X \in \mathbb{R}^{n \times n}$, $x, y \in \mathbb{R}^n$ with $A = A^\top$."
PROVED += [
    (SYMMETRIC, r"x^\top A y = y^\top A x"),
    (SYMMETRIC, r"\frac{\partial (x^\top A x)}{\partial x} = 2 A x"),
    (SYMMETRIC, r"x^\top A X x = x^\top X^\top A x"),
    (SYMMETRIC.replace("= A", "= -A"), r"x^\top A x = 0"),
]
CHECKED = [
    (SYMMETRIC, r"\frac{\partial \operatorname{tr}(A A)}{\partial A} = 2 A"),
    (SQUARE, r"(A X)^{-1} = X^{-1} A^{-1}"),
    (SQUARE, r"\det(A X) = \det A \cdot \det X"),
    (
        LEAST.replace("r^\\top r", "(X w - y)^\\top (X w - y)"),
        r"w - (\nabla^2 f(w))^{-1} \nabla f(w) = (X^\top X)^{-1} X^\top y",
    ),
]
WRONG = [
    (SYMMETRIC, r"A X = X A"),
    (SYMMETRIC.replace("= A", "= -A"), r"x^\top A y = y^\top A x"),
    (SQUARE, r"A X A^{-1} X^{-1} = I"),
    (SQUARE, r"X^\top X^{-1} A = A"),
    (SQUARE, r"(A X)^{-1} = A^{-1} X^{-1}"),
    (SQUARE, r"\nabla_X \log \det X = X^{-1}"),
    (SQUARE, r"d(X X) = 2 X \, dX"),
    (SQUARE, r"d \log \det X = \operatorname{tr}(X \, dX)"),
    (LEAST, r"df = 2 r^\top X \, dw"),
    (LEAST, r"\nabla f(w) = -X^\top r"),
    (LEAST, r"\nabla^2 f(w) = 2 X^\top X"),
]
REFUSED = [
    (LEAST, r"\nabla r = X", "unsupported"),
    (LEAST, r"\nabla^2_w r = X", "not-scalar"),
    (LEAST, r"\nabla_w^3 f(w) = X", "unsupported"),
    (LEAST, r"\det X = 1", "unsupported"),
    (LEAST.replace("p", "d"), r"df = r^\top X \, dw", "differential"),
    (SQUARE.replace("n \\times n", "n \\times m"), r"A^2 = A", "matrix-power"),
]


@pytest.mark.parametrize(("prose", "row"), PROVED)
def test_rows_of_matrix_calculus_are_proved(prose, row):
    assert statuses(prose, row) == ["proved"]


@pytest.mark.parametrize(("prose", "row"), CHECKED)
def test_rows_of_matrix_calculus_are_checked(prose, row):
    assert statuses(prose, row, prove=False) == ["checked"]


@pytest.mark.parametrize(("prose", "row"), WRONG)
def test_slips_in_them_are_caught(prose, row):
    assert statuses(prose, row, prove=False) == ["wrong"]


@pytest.mark.parametrize(("prose", "row", "key"), REFUSED)
def test_what_may_be_another_reading_is_refused(prose, row, key):
    assert problem(prose, row) == key


def test_a_differential_moves_what_moves_in_the_block():
    rows = [r"dL = \operatorname{tr}(G^\top X \, dW)", r"dY = X \, dW + dX \, W"]
    assert statuses(LAYER, *rows) == ["wrong", "proved"]  # X moves, too
