"""What is equal to all digits of a double, and not equal."""
# ruff: noqa: E501  # one row a line

import pytest

from backprop.derivations.explain import describe
from tests.samples import sampled

from .helpers import statuses, verdicts

X = r"Let $x \in \mathbb{R}$."
POSITIVE = r"Let $x > 0$."
SUMMED = r"Let $a \in \mathbb{R}^n$ with $\sum_i a_i = 1$."
STATIONARY = (
    r"Let $X \in \mathbb{R}^{N \times D}$, $w \in \mathbb{R}^{D}$, $t \in \mathbb{R}^{N}$ and "
    r"$J = \lVert X w - t \rVert^2$, and assume $\frac{\partial J}{\partial w} = 0$."
)
ORTHOGONAL = r"Let $v \in \mathbb{R}^d$, $Q \in \mathbb{R}^{n \times d}$ with $Q^\top Q = I$."
NORMAL = r"Let $X \sim \mathcal{N}(0, 1)$."
ANY = r"Let $f : \mathbb{R} \to \mathbb{R}$, $x \in \mathbb{R}$."
MATRIX = r"Let $A \in \mathbb{R}^{n \times n}$ be invertible."
SOFTMAX = r"Let $z \in \mathbb{R}^C$ and $p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$."
FALSE = [
    (X, r"\frac{(x + 10^{-8})^2 - x^2}{10^{-8}} = 2 x"),
    (POSITIVE, r"\frac{(x + 10^{-9})^3 - x^3}{10^{-9}} \le 3 x^2"),
    (X, r"x + e^{-100} = x"),
    (X, r"\tanh(x + 30) = 1"),
    (X, r"\tanh(x + 400) = 1"),
    (X, r"x + 10^{-400} = x"),
    (X, r"x + e^{-100} e^{-100} e^{-100} e^{-100} e^{-100} = x"),
    (X, r"1.00000000001 x = x"),
    (X, r"\pi = \frac{245850922}{78256779}"),
    (X, r"\cos(10^{-20} x) = 1"),
    (X, r"\sqrt{1 + 10^{-30} x^2} = 1"),
    (X, r"\max(x, 10^{-100}) = \max(x, 0)"),
    (X, r"\frac{d}{d x} x^2 + e^{-100} = 2 x"),
    (X, r"e^{x - 900} = 0"),
    (X, r"x + (e^{-100} \cos x)^5 = x"),
    (POSITIVE, r"x^{1 + 10^{-30}} = x"),
    (X, r"x + e^{-100} \le x"),
    (X, r"\tanh(x + 30) \ge 1"),
    (X, r"(x + 1)^2 > x^2 + 2 x + 1"),
    (X, r"x = 1 \implies x + 10^{-8} = 1"),
    (X, r"x = 1 \implies x + e^{-100} = 1"),
    (SUMMED, r"\sum_i a_i + e^{-100} = 1"),
    (STATIONARY, r"w^\top X^\top X w = w^\top X^\top t + e^{-200}"),
    (ORTHOGONAL, r"\|Q v\| = \|v\| + e^{-99}"),
    (NORMAL, r"\mathbb{E}[X] + e^{-100} = 0"),
    (NORMAL, r"\mathbb{E}[X^4] = 3 + 10^{-60}"),
    (NORMAL.replace("(0, 1)", "(0, 1)").replace("N", "U"), r"\mathbb{E}[X^4] = \frac{1}{5} + 10^{-60}"),
    (ANY, r"\frac{d^2}{d x^2} f(x^2) = 2 f'(x^2) + 4 x^2 f''(x^2) + 10^{-80}"),
    (MATRIX, r"\det(A^{-1}) = \frac{1}{\det A} + 10^{-77}"),
    (SOFTMAX, r"\sum_i p_i = 1 + e^{-80}"),
]  # fmt: skip
TRUE = [
    (X, r"x + e^{-100} > x"),
    (X, r"x + e^{-100} \ge x"),
    (X, r"\tanh(x + 30) < 1"),
    (X, r"(x + 1)^2 \ge x^2 + 2 x + 1"),
    (X, r"x = 1 \implies x + e^{-100} = 1 + e^{-100}"),
    (X, r"\sin(x)^2 + \cos(x)^2 + e^{-100} = 1 + e^{-100}"),
    (X, r"\tanh(x + 30) = 1 - \frac{2}{e^{2 x + 60} + 1}"),
    (SUMMED, r"\bigl| \sum_i a_i + e^{-100} \bigr| = 1 + e^{-100}"),
    (STATIONARY, r"w^\top X^\top X w = w^\top X^\top t"),
    (ORTHOGONAL, r"\|Q v\| = \|v\|"),
    (NORMAL, r"\mathbb{E}[e^X] = e^{1/2}"),
    (NORMAL, r"\mathbb{E}[X^2] + e^{-100} = 1 + e^{-100}"),
    (ANY, r"\frac{d^2}{d x^2} f(x^2) = 2 f'(x^2) + 4 x^2 f''(x^2)"),
    (r"Let $n \in \mathbb{N}$.", r"\exp\Bigl( \sum_{k=1}^n \log \bigl( 1 + \frac{1}{k} \bigr) \Bigr) = n + 1"),
    (MATRIX, r"\det(A^{-1}) = \frac{1}{\det A}"),
    (SOFTMAX, r"\log \prod_i e^{p_i} = 1"),
    # what doubles lose most digits of: a small step, divided by it
    (X, r"\frac{(x + 10^{-5})^2 - (x - 10^{-5})^2}{2 \cdot 10^{-5}} = 2 x"),
    (X, r"\frac{(x + 10^{-8})^2 - x^2}{10^{-8}} = 2 x + 10^{-8}"),
    (X, r"10^{14} ((x + 10^{-14}) - x) = 1"),
    (X, r"\sqrt{x^2 + 10^{12}} - 10^6 = \frac{x^2}{\sqrt{x^2 + 10^{12}} + 10^6}"),
    (X, r"(1 + 10^{-12})^{10^{12}} < e"),
    (POSITIVE, r"\frac{(x + 10^{-9})^3 - x^3}{10^{-9}} \ge 3 x^2"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "row"), sampled(FALSE, 14))
def test_a_difference_that_doubles_do_not_show_is_seen(given, row):
    assert statuses(given, row)[-1:] == ["wrong"]


@pytest.mark.parametrize(("given", "row"), sampled(TRUE, 11))
def test_what_is_equal_is_so_in_any_number_of_digits(given, row):
    assert statuses(given, row)[-1:] in (["checked"], ["proved"])


def test_how_small_it_is_is_said():
    (found,) = verdicts(X, r"x + e^{-100} = x")
    assert found.difference.gap == "3.7e-44"
    assert any("3.7e-44" in line for line in describe(found))
    assert any("3.7e-44" in line for line in describe(found, "zh"))


def test_what_would_take_too_many_digits_is_refused():
    (found,) = verdicts(X, r"x + 10^{-10000} = x")
    assert (found.status, found.problem.key) == ("unchecked", "too-far-apart")


def test_powers_of_many_digits_take_no_time():
    assert statuses(X, r"(1 + 10^{-9})^{10^9} = e") == ["wrong"]
    assert statuses(X, r"\sqrt{10^{60}} = 10^{30}") == ["proved"]


def test_what_is_further_apart_than_any_number_of_digits_is_no_fault_of_ours():
    assert statuses(X, r"e^{-e^x} > 0", prove=False) == ["checked"]
