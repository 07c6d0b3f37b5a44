"""False where no random number stands: between two thresholds, behind one, at a bound."""

import pytest

from .helpers import verdicts

N = r"Let $x, y, h \in \mathbb{R}$."
P = r"Let $p \in (0, 1)$, $n \in \mathbb{N}$."
RELU = r"Let $x \in \mathbb{R}^n$ and $y_i = \max(0, x_i)$."
SIMPLEX = r"Let $p \in \mathbb{R}^n$ with $p_i > 0$ and $\sum_i p_i = 1$."

FALSE = [
    (N, r"[x > 10^{-100}] = [x > 0]"),
    (N, r"[x < 10^{6}] = 1"),
    (N, r"\max(x, -10^9) = x"),
    (N, r"[x = 10^{7}] = 0"),
    (N, r"[x > 5] \cdot [x < 5.0001] = 0"),
    (N, r"\max(\sin x, -0.9999999) = \sin x"),
    (N, r"[x^2 + y^2 < 10^{-6}] = 0"),
    (N, r"\sqrt{(x + 10^9)^2} = x + 10^9"),
    (N, r"\frac{d}{dx} \min(x^2, 10^8) = 2 x"),
    (N, r"\cos h = 1 - \frac{h^2}{2} + 10^{-9} h^3 + O(h^4)"),
    (N, r"x (x - 1000) = 0 \implies x = 0"),
    (N, r"x < 10^{9}"),
    (N, r"e^x \ge 1 + x + 10^{-12}"),
    (N, r"(x - 123.456)^2 > 0"),
    (N, r"(x - \pi)^2 > 0"),
    (N, r"(x - 500) (x - 501) \ge 0"),
    (N, r"\frac{0}{0} = 0"),
    (N, r"\pi = 3.14159265358979323846264338327950288419716939937510"),
    (P, r"[p > 10^{-9}] = 1"),
    (P, r"-\log p < 100"),
    (P, r"[n > 10^5] = 0"),
    (P, r"\min(n, 10^6) = n"),
    (P, r"n < 10^9"),
    (RELU, r"\frac{\partial y_i}{\partial x_j} = \delta_{ij} [x_i > 0] [x_i < 10^9]"),
    (SIMPLEX, r"[p_i > 10^{-6}] = 1"),
    (r"Let $x, y \in \mathbb{R}$ with $x + y = 1$.", r"\max(x, -10^4) = x"),
    (r"Let $x \in [0, 1]$.", r"x < 1"),
    (r"Let $x \in \mathbb{R}_{\ge 0}$.", r"x > 0"),
    (r"Let $k \in \mathbb{Z}$.", r"|k| = k"),
    (r"Let $x \in \mathbb{R}^n$.", r"\|x\| > 0"),
]
TRUE = [
    (N, r"\max(x, 0) = x [x > 0]"),
    (N, r"|x| = \max(x, -x)"),
    (N, r"\sqrt{(x - 10^9)^2} = |x - 10^9|"),
    (N, r"\log(1 + e^x) = \max(0, x) + \log(1 + e^{-|x|})"),
    (N, r"e^x \ge 1 + x"),
    (N, r"e^x > 0"),
    (N, r"x + e^{-100} > x"),
    (P, r"p (1 - p) \le \frac{1}{4}"),
    (P, r"n \ge 1"),
    (RELU, r"\frac{\partial y_i}{\partial x_j} = \delta_{ij} [x_i > 0]"),
    (r"Let $x \in [0, 1)$.", r"x < 1"),
    (r"Let $x \in \mathbb{R}_{\ge 0}$.", r"|x| = x"),
]


@pytest.mark.parametrize(("prose", "row"), FALSE)
def test_what_is_false_far_away_is_not_accepted(prose: str, row: str):
    assert not all(v.ok for v in verdicts(prose, row))


@pytest.mark.parametrize(("prose", "row"), TRUE)
def test_what_is_true_everywhere_is(prose: str, row: str):
    assert all(v.ok for v in verdicts(prose, row)), verdicts(prose, row)
