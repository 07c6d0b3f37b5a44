r"""Equal but for what does not depend on a variable: + \text{const}, \propto."""
# ruff: noqa: E501  # one row a line

import pytest

from .helpers import problem, statuses, verdicts

NUMBERS = r"Let $x, m, k \in \mathbb{R}$, $s, r > 0$, all as functions of $x$."
VECTORS = r"设 $x, m \in \mathbb{R}^n$，以下作为 $x$ 的函数。"
CHANCES = r"Let $t \in (0, 1)$, $a, b > 0$. Constants do not depend on $t$."
ASSUMED = r"Let $x, y, a, b \in \mathbb{R}$, as functions of $x$. Assume $a b = 1$, $x \le y$."
RIGHT = [
    (ASSUMED, [r"(x + a)^2 &= x^2 + 2 a x + \text{const}"]),
    (NUMBERS, [r"\frac{(x - m)^2}{s^2} &= \frac{x^2}{s^2} - \frac{2 m x}{s^2} + \text{const}", r"&= \left( \frac{x - m}{s} \right)^2 + \text{const.}"]),
    (NUMBERS, [r"e^{-(x - m)^2 / 2} &\propto e^{-x^2 / 2 + m x}", r"&= e^{-x^2 / 2} e^{m x}"]),
    (NUMBERS, [r"\text{const} + m + x &= x + r"]),
    (VECTORS, [r"\|x - m\|^2 &= \|x\|^2 - 2 x^\top m + \mathrm{const}"]),
    (VECTORS, [r"\exp(-\|x - m\|^2) &\propto \exp(2 x^\top m - \|x\|^2)"]),
    (CHANCES, [r"t^a (1 - t)^b \cdot t^{a - 1} &\propto t^{2 a - 1} (1 - t)^b"]),
]  # fmt: skip
WRONG = [
    (NUMBERS, r"(x - m)^2 = x^2 + \text{const}"),
    (NUMBERS, r"x = \text{const} + 1"),
    (NUMBERS, r"e^{m x} \propto e^{m x + x}"),
    (NUMBERS, r"0 \propto e^x"),
    (NUMBERS, r"|x| = x + \text{const}"),
    (NUMBERS, r"\arctan(x) + \arctan(1 / x) = 0 + \text{const}"),
    (VECTORS, r"\|x - m\|^2 = \|x\|^2 - x^\top m + \text{const}"),
    (CHANCES, r"t^a \propto t^{a + 1}"),
    (ASSUMED, r"|x| \propto x"),
    (ASSUMED, r"\arctan(x) + \arctan(1 / x) = 0 + \text{const}"),
]
REFUSED = [
    (NUMBERS.replace(", all as functions of $x$", ""), r"x + m = x + \text{const}", "constant-in"),
    (NUMBERS.replace(", all as functions of $x$", ""), r"m e^x \propto e^x", "constant-in"),
    (NUMBERS, r"\mathbb{1}[x > 100] + x = x + \text{const}", "unsupported"),
]


@pytest.mark.parametrize(("prose", "rows"), RIGHT)
def test_sides_differ_by_what_does_not_depend_on_it(prose, rows):
    assert statuses(prose, *rows) == ["proved"] * len(rows)


@pytest.mark.parametrize(("prose", "row"), WRONG)
def test_what_depends_on_it_is_no_constant(prose, row):
    (verdict,) = verdicts(prose, row, prove=False)
    assert (verdict.status, verdict.problem.key) == ("wrong", "varies")


@pytest.mark.parametrize(("prose", "row", "key"), REFUSED)
def test_of_what_it_is_a_constant_has_to_be_said(prose, row, key):
    assert problem(prose, row) == key
