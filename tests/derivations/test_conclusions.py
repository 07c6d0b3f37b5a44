r"""What is no plain equation: \implies and \iff, inequalities, O(h^k)."""
# ruff: noqa: E501  # one row a line

import pytest

from backprop.derivations.explain import describe
from tests.samples import long, sampled

from .helpers import problem, statuses, verdicts

LEAST = (
    r"Let $X \in \mathbb{R}^{n \times p}$, $y \in \mathbb{R}^n$, $w \in \mathbb{R}^p$, "
    r"$J(w) = \|X w - y\|^2$."
)
LINE = (
    r"Let $x, y \in \mathbb{R}^n$, $a, b \in \mathbb{R}$, $S = \sum_i (y_i - a - b x_i)^2$, "
    r"$\bar{x} = \frac{1}{n} \sum_i x_i$, $\bar{y} = \frac{1}{n} \sum_i y_i$."
)
NUMBER = r"Let $x, a \in \mathbb{R}$, $u \in \mathbb{R}^n$."
CURVE = r"Let $f : \mathbb{R} \to \mathbb{R}$, $x, h, c \in \mathbb{R}$."
VECTORS = r"Let $x, y \in \mathbb{R}^n$, $a, b > 0$, $t \in \mathbb{R}$."

FOLLOWS = [
    (LEAST, r"\nabla J(w) = 0 \implies X^\top X w = X^\top y", ["proved"]),
    (LEAST, r"\nabla J(w) = 0 \iff X^\top X w = X^\top y", ["proved"]),
    (LEAST, r"\nabla J(w) = 2 X^\top (X w - y) = 0 \implies w = (X^\top X)^{-1} X^\top y",
     ["proved", "proved"]),
    (LINE, r"\frac{\partial S}{\partial a} = 0 \iff n a = \sum_i (y_i - b x_i) \iff a = \bar{y} - b \bar{x}",
     ["proved", "proved"]),
    (NUMBER, r"x = 1 \implies x^2 = 1", ["checked"]),
    (NUMBER, r"a x = 1 \implies x = \frac{1}{a}", ["proved"]),  # a cannot vanish
    (NUMBER, r"a^2 = a a \implies 2 a = a + a", ["proved", "proved"]),  # two rows that hold
]  # fmt: skip
FAILS = [
    (LEAST, r"\nabla J(w) = 0 \implies w = X^\top y"),
    (LINE, r"\frac{\partial S}{\partial a} = 0 \iff a = \bar{y} + b \bar{x}"),
    (LINE, r"\frac{\partial S}{\partial a} = 1 \implies a = \bar{y} - b \bar{x}"),
    (NUMBER, r"x^2 = 1 \implies x = 1"),
    (NUMBER, r"x = 1 \iff x^2 = 1"),
    (NUMBER, r"a (u^\top u - 1) = 0 \implies a = 0"),
    (NUMBER, r"x^2 = -1 \implies x = 1"),  # from what cannot be
    (NUMBER, r"x = 1 \implies a + a = 2 a"),  # the premise is needed by nothing
]
FIELD = r"Let $f : \mathbb{R}^n \to \mathbb{R}$, $x, d \in \mathbb{R}^n$, $t \in \mathbb{R}$."
ESTIMATES = [
    (VECTORS, r"(x^\top y)^2 \le \|x\|^2 \|y\|^2"),
    (VECTORS, r"\log a \le a - 1"),
    (VECTORS, r"e^t \ge 1 + t"),
    (VECTORS, r"(a + b)^2 = a^2 + b^2 + 2 a b \ge a^2 + b^2"),
    (CURVE, r"f(x + h) = f(x) + h f'(x) + \frac{h^2}{2} f''(x) + O(h^3)"),
    (CURVE, r"\frac{f(x + h) - f(x - h)}{2h} = f'(x) + O(h^2)"),
    (CURVE, r"e^x = 1 + x + O(x^2)"),
    (
        FIELD,
        r"f(x + t d) = f(x) + t \nabla f(x)^\top d + \frac{t^2}{2} d^\top \nabla^2 f(x) d + O(t^3)",
    ),
    (FIELD, r"f(x - t \nabla f(x)) = f(x) - t \|\nabla f(x)\|^2 + O(t^2)"),
    (CURVE, r"x + h = x + h + O(h)"),
]
TOO_MUCH = [
    (VECTORS, r"\log a \ge a - 1"),
    (VECTORS, r"t^2 \ge t"),
    (VECTORS, r"e^t > 1 + t + t^2 / 2"),
    (VECTORS, r"\|x\| \ge \|x\|_1"),
    (VECTORS, r"a + b \le a b"),
    (VECTORS, r"a b < a^2 + b^2 - \frac{1}{10}"),
    (CURVE, r"f(x + h) = f(x) + h f'(x) + O(h^3)"),
    (CURVE, r"\frac{f(x + h) - f(x)}{h} = f'(x) + O(h^2)"),
    (CURVE, r"f(x + h) = f(x) - h f'(x) + O(h^2)"),
    (CURVE, r"c = x + O(h)"),
    (FIELD, r"f(x + t d) = f(x) - t \nabla f(x)^\top d + O(t^2)"),
]
ORDER = r"Let $x, y, a \in \mathbb{R}$, $c > 0$, $k \ge 0$."
ORDERED = [
    r"x \le y \implies x - y \le 0",
    r"x \ge 1 \implies x^2 \ge x",
    r"x \ge 0 \implies |x| = x",
    r"x < y \implies e^x < e^y",
    r"c x \le y \iff x \le \frac{y}{c}",
    r"x^2 \le 1 \iff |x| \le 1",
    r"x = 1 \implies x \le 2",
    r"x > 0 \implies \log x \le x - 1",
    r"x \le y \implies k x \le k y",
]
DISORDERED = [
    r"x \le 1 \implies x^2 \le 1",
    r"x \ge 0 \implies x^2 \ge x",
    r"x \le y \implies a x \le a y",
    r"a x \le y \implies x \le \frac{y}{a}",
    r"x > 1 \implies x > 1.0001",
    r"x \ge 1 \implies x > 1",
    r"x \ge 1 \implies \mathbb{1}[x > 1] = 1",
    r"x > 1 \iff x^2 > 1",
    r"x \le y \implies k x < k y",
]
BOUNDED = r"Let $a, b, c \in \mathbb{R}$ with $a \le b$ and $b < c$."
DESCENT = (
    r"Let $x, y, g \in \mathbb{R}^d$, $f : \mathbb{R}^d \to \mathbb{R}$, $L, \eta > 0$, $y = x - \eta g$, "
    r"assume $f(y) \le f(x) + g^\top (y - x) + \frac{L}{2} \|y - x\|^2$."
)
DESCENDED = r"f(y) \le f(x) - \eta \|g\|^2 + \frac{L \eta^2}{2} \|g\|^2"
DIVIDES = [  # and what lets it: a declaration
    (r"Let $a, b, x \in \mathbb{R}$", r"a x = b \iff x = \frac{b}{a}", r", $a \ne 0$."),
    (r"Let $a, b, c, x \in \mathbb{R}$", r"a x - c = b x \implies x = \frac{c}{a - b}", r" with $a \ne b$."),
    (r"Let $a, b, c, x \in \mathbb{R}$", r"a x - c = b x \implies x = \frac{c}{a - b}", r" with $a - b \ne 0$."),
    (r"Let $c, x, y \in \mathbb{R}$", r"(x^2 - 1) y = c \implies y = \frac{c}{x^2 - 1}", r", $x^2 \neq 1$."),
    (r"设 $a, b, x \in \mathbb{R}$", r"a^2 x = b \implies x = \frac{b}{a^2}", r"，$a \neq 0$。"),
    (r"Let $A \in \mathbb{R}^{n \times n}$, $x, b \in \mathbb{R}^n$", r"A x = b \implies x = A^{-1} b",
     r". Let $A$ be invertible."),
    (r"设 $x, b \in \mathbb{R}^n$，$A \in \mathbb{R}^{n \times n}$", r"A x = b \iff x = A^{-1} b", r" 可逆。"),
]  # fmt: skip
RIDGE = (
    r"Let $X \in \mathbb{R}^{n \times d}$, $r \in \{0, 1\}^{n \times d}$, $x, y, z \in \mathbb{R}^n$, "
    r"$w \in \mathbb{R}^d$, $a \in \mathbb{R}$, $\mu > 0$."
)
EXISTS = [  # what is taken not to vanish, and said at the row
    (r"X^\top X w = X^\top y \implies w = (X^\top X)^{-1} X^\top y", r"\det (X^\top X) \ne 0"),
    (r"(X^\top X + a I) w = X^\top y \implies w = (X^\top X + a I)^{-1} X^\top y", r"\det (X^\top X + a I) \ne 0"),
    (r"(X^\top X + \mu I) w = X^\top y \implies w = (X^\top X + \mu I)^{-1} X^\top y", ""),
    (r"a \|x\|^2 = x^\top y \implies a = \frac{x^\top y}{\|x\|^2}", r"\|x\|^2 \ne 0"),
    (r"w_k \sum_i r_{ik} = \sum_i r_{ik} y_i \implies w_k = \frac{\sum_i r_{ik} y_i}{\sum_i r_{ik}}", r"\sum_i r_{ik} \ne 0"),
    (r"a \sum_i e^{z_i} = 1 \implies a = \frac{1}{\sum_i e^{z_i}}", ""),
    (r"a (\|x\|^2 + \mu) = 1 \implies a = \frac{1}{\|x\|^2 + \mu}", ""),
]  # fmt: skip
REFUSED = [
    (CURVE, r"x = x + O(y)", "order"),
    (CURVE, r"\lfloor x \rfloor \le x", "rounded"),
    (CURVE, r"f(x + h) \approx f(x)", "inequality"),
    (VECTORS, r"a \le b \ge t", "inequality"),
]


@pytest.mark.parametrize(("prose", "row", "expected"), FOLLOWS)
def test_a_conclusion_follows(prose, row, expected):
    assert statuses(prose, row) == expected


@pytest.mark.parametrize(("prose", "row", "more"), DIVIDES)
def test_a_conclusion_divides_only_by_what_cannot_vanish(prose, row, more):
    assert problem(f"{prose}.", row) == "divides"
    assert statuses(prose + more, row, prove=False) == ["checked"]


def test_another_divisor_than_the_declared_one_may_vanish():
    prose = r"Let $a, b, c, x \in \mathbb{R}$ with $a \ne b$ and $i \ne j$."
    assert problem(prose, r"(a + b) x = c \implies x = \frac{c}{a + b}") == "divides"
    (refused,) = verdicts(prose, r"(a + b) x = c \implies x = \frac{c}{a + b}", prove=False)
    assert r"declare $a + b \ne 0$" in describe(refused)[0]


@pytest.mark.parametrize(("row", "exists"), EXISTS)
def test_what_is_taken_to_have_an_inverse_is_said_at_the_row(row, exists):
    (verdict,) = verdicts(RIDGE, row, prove=False)
    assert verdict.status == "checked"
    assert verdict.assumed[1:] == ((exists,) if exists else ())


def test_a_side_without_a_value_where_the_other_has_one_is_not_checked():
    row = r"\log(x a) = \log x + \log a"
    assert problem(NUMBER, row) == "one-sided"
    assert statuses(NUMBER + " Let $x, a > 0$.", row, prove=False) == ["checked"]


@pytest.mark.parametrize(("prose", "row"), FAILS)
def test_what_does_not_follow_is_wrong(prose, row):
    assert "wrong" in statuses(prose, row, prove=False)


def test_a_conclusion_may_stand_in_the_next_row_and_says_what_was_supposed():
    rows = [r"\frac{\partial S}{\partial a} &= 0", r"\implies a &= \bar{y} - b \bar{x}"]
    (verdict,) = verdicts(LINE, *rows)
    assert verdict.status == "proved"
    assert verdict.assumed == (r"\frac{\partial S}{\partial a} = 0",)


def test_a_false_step_between_two_conclusions_stays_wrong():
    row = r"\nabla J(w) = 0 \implies w = X^\top y \implies 2 w = 2 X^\top y"
    assert statuses(LEAST, row, prove=False) == ["wrong", "checked"]


def test_an_equation_that_is_only_followed_by_therefore_has_to_hold():
    rows = [r"\frac{\partial S}{\partial a} &= 0", r"\therefore a &= \bar{y} - b \bar{x}"]
    assert statuses(LINE, *rows, prove=False) == ["wrong", "wrong"]


@pytest.mark.parametrize(("prose", "row"), ESTIMATES)
def test_inequalities_are_proved_and_orders_are_checked(prose, row):
    assert statuses(prose, row) == ["checked" if "O(" in row else "proved"]


@pytest.mark.parametrize(("prose", "row"), TOO_MUCH)
def test_what_holds_only_here_and_there_is_wrong(prose, row):
    assert statuses(prose, row, prove=False) == ["wrong"]


@pytest.mark.parametrize(("prose", "row", "key"), REFUSED)
def test_what_may_be_another_reading_is_refused(prose, row, key):
    assert problem(prose, row) == key


def test_a_premise_is_no_claim_where_its_conclusion_is_not_read():
    prose = r"Let $a \in \mathbb{R}$, $J = (a - 3)^2$."
    assert statuses(prose, r"\frac{dJ}{da} = 0 \implies a = q") == ["unchecked"]


def test_a_wrong_inequality_is_said_with_its_own_sign():
    (wrong,) = verdicts(NUMBER, r"x^2 \le x")
    assert "compared: x^2  ≤  x" in describe(wrong)


@pytest.mark.parametrize("row", sampled(ORDERED, 4))
def test_an_inequality_follows(row):
    assert statuses(ORDER, row, prove=False) == ["checked"]


@pytest.mark.parametrize("row", DISORDERED)
def test_an_inequality_that_does_not_follow_is_not_accepted(row):
    assert not verdicts(ORDER, row, prove=False)[-1].ok


@pytest.mark.parametrize(
    ("prose", "row", "needed"),
    [
        (BOUNDED, r"a < c", (r"a \le b", "b < c")),
        (BOUNDED, r"|b - a| = b - a", (r"a \le b",)),
        pytest.param(DESCENT, DESCENDED, None, marks=long),  # seconds: an arbitrary function
    ],
)
def test_an_inequality_may_be_assumed_and_is_named_at_the_row(prose, row, needed):
    (verdict,) = verdicts(prose, row, prove=False)
    assert verdict.status == "checked"
    assert len(verdict.assumed) == 1 if needed is None else verdict.assumed == needed


@pytest.mark.parametrize(
    ("prose", "row"),
    [
        (BOUNDED, r"a^2 \le b^2"),
        (BOUNDED, r"a + 0.01 \le c"),
        (BOUNDED, r"a = b"),
        (DESCENT, r"f(y) \le f(x) - \eta \|g\|^2"),
    ],
)
def test_what_does_not_follow_from_an_inequality_is_wrong(prose, row):
    assert statuses(prose, row, prove=False) == ["wrong"]


def test_an_inequality_that_cannot_be_is_refused_and_one_without_a_word_is_a_claim():
    assert (
        verdicts(r"Let $a \in \mathbb{R}$ with $a < a$.", "a = a")[0].problem.key == "unsatisfiable"
    )
    silent = verdicts(r"Let $a, b \in \mathbb{R}$. Here $a \le b$.", "a = a")
    assert silent[0].problem.key == "not-assumed"
