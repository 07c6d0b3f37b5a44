"""What authors write without a thought: each read as all readers do, and its neighbour wrong."""
# ruff: noqa: E501  # one row a line

import pytest

from .helpers import problem, statuses, verdicts

SYMMETRIC = r"Let $S_B \in \mathbb{R}^{d \times d}$ with $S_B = S_B^\top$, $w \in \mathbb{R}^d$."
LIKELIHOOD = r"Let $s > 0$, $L = -\frac{1}{2} \log 2 \pi s^2$."
SCALED = (
    r"Let $v \in \mathbb{R}^n$, $g \in \mathbb{R}$, $w = g v$, $L = L(w)$, $a \in \mathbb{R}^n$."
)
TRIPLET = (
    r"Let $a, p, n \in \mathbb{R}^d$, $\alpha > 0$, $m = \|a - p\|^2 - \|a - n\|^2 + \alpha$, "
    r"$\ell = \max(0, m)$."
)
BETWEEN = r"Let $0 < p < 1$, $0 \le q \le 1$, $0 < t$."
SQUARE = r"Let $A, B \in \mathbb{R}^{n \times n}$."
ANY = r"Let $x, u \in \mathbb{R}^n$, $a, b > 0$."
RATIO = (
    r"Let $B, W \in \mathbb{R}^{d \times d}$, $w \in \mathbb{R}^d$, "
    r"$J(w) = \frac{w^\top B w}{w^\top W w}$."
)
RIGHT = [
    (SYMMETRIC, r"\nabla_w (w^\top S_B w) = 2 S_B w"),
    (LIKELIHOOD, r"\frac{\partial L}{\partial s} = -\frac{1}{s}"),
    (SCALED, r"\frac{\partial L}{\partial g} = \nabla_w L \cdot v"),
    (TRIPLET, r"\frac{\partial \ell}{\partial a} = \begin{cases} 2 (n - p) & \text{if } m > 0 \\ 0 & \text{otherwise} \end{cases}"),
    (BETWEEN, r"|\log p| + |q| + |t| = q + t - \log p"),
    (SQUARE, r"(A + B)^2 = A^2 + A B + B A + B^2"),
    (SQUARE, r"\frac{\partial}{\partial A} \operatorname{tr}(A^3) = 3 (A^2)^\top"),
    (ANY, r"\log a \log b = \log b \log a"),
    (RATIO, r"(w^\top W w) B w = (w^\top B w) W w \implies B w = J(w) W w"),
]  # fmt: skip
WRONG = [
    (SYMMETRIC.replace(r" with $S_B = S_B^\top$", ""), r"\nabla_w (w^\top S_B w) = 2 S_B w"),
    (LIKELIHOOD, r"\frac{\partial L}{\partial s} = -\frac{\pi}{s}"),
    (SCALED, r"\frac{\partial L}{\partial g} = \nabla_w L \cdot a"),
    (TRIPLET, r"\frac{\partial \ell}{\partial a} = \begin{cases} 2 (p - n) & \text{if } m > 0 \\ 0 & \text{otherwise} \end{cases}"),
    (BETWEEN, r"|\log p| + |t| = \log p + t"),
    (SQUARE, r"(A + B)^2 = A^2 + 2 A B + B^2"),
    (SQUARE, r"(A^2)_{ij} = A_{ij}^2"),
    (RATIO, r"(w^\top W w) B w = (w^\top B w) W w \implies B w = J(w)^2 W w"),
    (ANY, r"x_j = x_j + u_i"),
]  # fmt: skip


@pytest.mark.parametrize(("prose", "row"), RIGHT)
def test_it_is_read(prose, row):
    assert statuses(prose, row, prove=False) == ["checked"]


@pytest.mark.parametrize(("prose", "row"), WRONG)
def test_its_neighbour_is_wrong(prose, row):
    assert statuses(prose, row, prove=False) == ["wrong"]


def test_an_index_on_the_right_alone_is_refused_where_the_row_holds_for_all_of_them():
    assert verdicts(ANY, r"x_j = x_j + 0 u_i", prove=False)[-1].status == "unchecked"
    assert problem(ANY, r"x_j = x_j + 0 u_i") == "free-index"


def test_a_row_is_not_wrong_where_a_premise_about_it_was_not_read():
    prose = r"Let $x, y \in \mathbb{R}^n$ with $x^\top \foo y = 0$."
    row = r"\|x - y\|^2 &= \|x\|^2 + \|y\|^2"
    assert [v.status for v in verdicts(prose, row, prove=False)] == ["unchecked", "unchecked"]
    assert problem(prose, row) == "premise-refused"


def test_cases_of_vectors_beside_numbers_are_refused():
    row = r"\begin{cases} x & a > 1 \\ 1 & \text{otherwise} \end{cases} = x"
    assert problem(ANY, row) == "not-scalar"
