"""False rows that ordinary random numbers do not refute: none is accepted."""

import pytest

from tests.samples import sampled

from .helpers import problem, statuses

NUMBERS = r"Let $x, y, a, b \in \mathbb{R}$."
POSITIVE = r"Let $x, y > 0$, $p \in (0, 1)$."
SIZE = r"Let $x \in \mathbb{R}^n$."
FUNCTION = (
    r"Let $f : \mathbb{R} \to \mathbb{R}$, $g : \mathbb{R}^n \to \mathbb{R}$, $t \in \mathbb{R}$, "
    r"$x \in \mathbb{R}^n$."
)
FALSE = [
    # where numbers of ordinary size do not reach
    (POSITIVE, r"|x - 0.1| = x - 0.1"),
    (POSITIVE, r"\min(x, 50) = x"),
    (POSITIVE, r"|p - 0.99| = 0.99 - p"),
    (NUMBERS, r"\sqrt{(x - 9)^2} = 9 - x"),
    (NUMBERS, r"\mathbb{1}[x > y + 20] = 0"),
    (NUMBERS, r"\arctan(\tan(x)) = x"),
    # lengths that no sample has
    (SIZE, r"(n - 2)(n - 3)(n - 4)(n - 5) \sum_i x_i = 0"),
    (SIZE, r"n \le 5"),
    (SIZE, r"n \le 1000"),
    (SIZE, r"n \ge 2"),
    (SIZE, r"\mathbb{1}[n > 7] = 0"),
    # the last digits
    (NUMBERS, r"10^{12} + x = 10^{12} + y"),
    # a premise that has nothing to do with it
    (SIZE[:-1] + r" with $\sum_i x_i = 1$, $a, b \in \mathbb{R}$.", r"a \le b + 5"),
    # another root far away
    (NUMBERS, r"x^2 - 8 x + 7 = 0 \implies x = 1"),
    (NUMBERS, r"a b = 0 \implies a = 0"),
    # further than doubles reach
    (NUMBERS, r"e^x > 10^{-50}"),
    (NUMBERS, r"\log(1 + e^x) > 10^{-90}"),
    (POSITIVE, r"-\log p < 10^6"),
    (POSITIVE, r"\mathbb{1}[\log x > -2000] = 1"),
    (POSITIVE, r"\mathbb{1}[\log x > -2000] + \mathbb{1}[\log x < -2001] = 1"),
    (POSITIVE, r"\log(\log(2 + x)) < 20"),
    (NUMBERS, r"\log(1 + e^x) = \log(1 + e^x) + 10^{-14} \mathbb{1}[x > 100]"),
    # a number that stands in the row
    (NUMBERS, r"(x - y)^2 + (x - 7)^2 > 0"),
    # none of them positive, and equal
    (SIZE[:-1] + r" with $x^\top x = 1$.", r"\max_i x_i \ge 0"),
    (r"Let $X \sim \mathcal{U}(0, 1)$.", r"\mathbb{E}[X] > \mathbb{E}[X^2] + \frac16"),
    # what one sine does, and a square
    (FUNCTION, r"f'''(t) = -f'''''(t)"),
    (FUNCTION, r"g(x) \ge -50"),
]
TRUE = [
    (POSITIVE, r"|x + 0.1| = x + 0.1"),
    (NUMBERS, r"\max(x, y) = \frac{x + y + |x - y|}{2}"),
    (NUMBERS, r"\sqrt{(x - 9)^2} = |x - 9|"),
    (SIZE, r"\max_i x_i \le \log \sum_{i=1}^n e^{x_i} \le \max_i x_i + \log n"),
    (POSITIVE + r" Let $a, b \in \mathbb{R}$.", r"(x^a)^b = x^{a b}"),
    (SIZE, r"n \ge 1"),
    (NUMBERS, r"\mathbb{1}[e^x > 0] = 1"),
    (NUMBERS, r"\tanh(x) < 1"),
    (NUMBERS, r"\log(1 + e^x) > x"),
    (POSITIVE, r"\log p < 0"),
    (POSITIVE, r"\log(1 + x) < x"),
    (SIZE[:-1] + r" with $\sum_i x_i = 1$.", r"\sum_i x_i^2 \ge \frac{1}{n}"),
    (NUMBERS, r"\frac{x + 10^{12}}{10^{12}} = 1 + \frac{x}{10^{12}}"),
]


@pytest.mark.parametrize(("prose", "row"), sampled(FALSE, 16))
def test_no_false_row_is_accepted(prose, row):
    assert statuses(prose, row, prove=False) == ["wrong"]


@pytest.mark.parametrize(("prose", "row"), sampled(TRUE, 8))
def test_what_holds_everywhere_is_not_called_wrong(prose, row):
    assert statuses(prose, row, prove=False) == ["checked"]


LENGTH = r"Let $n \in \mathbb{N}$."
ODDS = r"Let $p \in (0, 1)^n$."
GROWN = [  # what fails where lengths are longer than those that are usually tried
    (LENGTH, r"\prod_{k=1}^{1000} (n - k) = 0", "not-equal"),
    (LENGTH, r"\prod_{k=0}^{60} \sin(n - k) = 0", "not-equal"),
    (LENGTH, r"\sum_{k=1}^{n} [k > 100] = 0", "not-equal"),
    (LENGTH, r"\prod_{k=1}^{5000} (n - k) = 0", "too-long"),
    (LENGTH, r"\sum_{k=1}^{n} [k > 10000] = 0", "too-long"),
    (LENGTH, r"\sum_{k=1}^{n} \max(k - 10000, 0) \le 0", "too-long"),
    (LENGTH, r"\prod_{k=1}^{n} \frac{1}{k} \ge 10^{-30}", "does-not-hold"),
    (LENGTH, r"\prod_{k=1}^{n} k \le 10^{300}", "does-not-hold"),
    (LENGTH, r"\sum_{k=1}^{n} 2^{-k} < 0.9999999999999", "does-not-hold"),
    (LENGTH, r"\sum_{k=1}^{n} \frac{1}{k} \le 20", "too-far-apart"),
    (ODDS, r"\sum_i p_i \le 1000", "does-not-hold"),
    (ODDS, r"\sum_i p_i \le 10^8", "too-far-apart"),
    (ODDS, r"\prod_i \left( 1 - \frac{p_i}{2} \right) \ge 10^{-30}", "does-not-hold"),
]


@pytest.mark.parametrize(("prose", "row", "key"), GROWN)
def test_lengths_grow_until_a_row_fails_or_nobody_can_say(prose, row, key):
    assert problem(prose, row) == key


def test_sums_that_stay_below_a_bound_however_long_they_are():
    rows = [r"\sum_{k=1}^{n} \frac{1}{k^2} &\le \frac{\pi^2}{6}", r"\sum_{k=1}^{n} 2^{-k} &< 1"]
    assert statuses(LENGTH, *rows, prove=False) == ["checked"] * 2


def test_high_powers_are_not_factored_for_ever():
    assert statuses(NUMBERS, r"\tanh(10^6 x) = \operatorname{sign}(x)") == ["wrong"]
    assert statuses(NUMBERS, r"\tanh(10^3 x)^2 = 1 - \cosh(10^3 x)^{-2}") == ["proved"]


def test_lengths_that_leave_no_room_for_matrices_are_tried_without_them():
    given = r"Let $A, B \in \mathbb{R}^{n \times n}$ with $A = A^\top$."
    assert statuses(given, r"\mathbb{1}[n = 17] = 0", prove=False) == ["wrong"]
    assert statuses(given, r"\mathbb{1}[n < 20000] = 1", prove=False) == ["wrong"]


def test_a_row_for_no_index_says_nothing():
    assert problem(SIZE, r"x_i = 5 \quad (i \ne i)") == "never"


@pytest.mark.parametrize(
    "row", sampled([r"x^{2 a} = (x^a)^2", r"(x^a)^b = x^{a b}", r"x^{a + b} = x^a x^b"], 1)
)
def test_powers_have_a_value_at_some_exponents_only(row):
    assert problem(NUMBERS, row) == "one-sided"
