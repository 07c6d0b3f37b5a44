"""Right derivations hold, in every hand that a person may write them."""
# ruff: noqa: E501  (rows of a derivation are as long as they are)

from functools import lru_cache
from pathlib import Path

import pytest

from backprop.derivations.page import verify_page
from tests.samples import sampled

from .helpers import AFFINE, SOFTMAX, VARIANCE, statuses

HERE = Path(__file__).parent
PAGES = sorted([*HERE.glob("examples/*.md"), *HERE.glob("corpus/*.md"), *HERE.glob("guide.*.md")])


@lru_cache
def verified(path):
    return list(verify_page(path.read_text("utf-8")))


@pytest.mark.parametrize("path", sampled(PAGES, 5), ids=[path.stem for path in PAGES])
def test_every_row_holds(path):
    assert verified(path)
    for block, report in verified(path):
        assert [v for v in report.verdicts if not v.ok] == [], block.title
        assert not any(v.status == "waived" for v in report.verdicts), block.title


def test_every_row_of_the_examples_is_proved_for_all_sizes():
    examples = [path for path in PAGES if path.parent.name == "examples"]
    reports = [report for path in examples for _, report in verified(path)]
    rows = [v for report in reports for v in report.verdicts if v.kind == "row"]
    assert len(rows) >= 30
    assert all(v.status == "proved" for v in rows)


RIGHT = {
    "renamed dummy": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - \frac{e^{z_j}}{\sum_m e^{z_m}})"),
    "reordered terms": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= -p_i p_j + \delta_{ji} p_i"),
    "explicit range": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i \Bigl(\delta_{ij} - \frac{e^{z_j}}{\sum_{k=0}^{C-1} e^{z_k}}\Bigr)"),
    "sides swapped": (SOFTMAX, r"p_i (\delta_{ij} - p_j) &= \frac{\partial p_i}{\partial z_j}"),
    "slashed": (SOFTMAX, r"\partial p_i / \partial z_j &= p_i (\delta_{ij} - p_j)"),
    "operator": (SOFTMAX, r"\frac{\partial}{\partial z_j} p_i &= p_i (\delta_{ij} - p_j)"),
    "Jacobian": (SOFTMAX, r"\frac{\partial p}{\partial z} &= \operatorname{diag}(p) - p p^\top"),
    "nabla": (AFFINE, r"\nabla_X L &= \frac{\partial L}{\partial Y} W^\top"),
    "T for transpose": (AFFINE, r"\frac{\partial L}{\partial W} &= X^T \frac{\partial L}{\partial Y}"),
    "entry of a product": (AFFINE, r"\frac{\partial L}{\partial W_{ij}} &= \Bigl( X^\top \frac{\partial L}{\partial Y} \Bigr)_{ij}"),
    "constants pulled out": (VARIANCE, r"\frac{d v_j}{d x_{ij}} &= \sum_k \frac{2}{n} (x_{kj} - \bar{x}_j) (\delta_{ik} - \frac{d \bar{x}_j}{d x_{ij}})"),
    "constants pulled in": (VARIANCE, r"\frac{d v_j}{d x_{ij}} &= 2 \frac{\sum_k (x_{kj} - \bar{x}_j) (\delta_{ik} - \frac{d \bar{x}_j}{d x_{ij}})}{n}"),
    "sum without index": (VARIANCE, r"\frac{d L}{d x_{ij}} &= \sum_{k,l} \frac{d L}{d v_k} \frac{d v_k}{d x_{ij}} \delta_{kl}"),
    "second derivative": (SOFTMAX + r" Let $f = \log \sum_k e^{z_k}$.", r"\frac{\partial^2 f}{\partial z_i \partial z_j} &= p_i \delta_{ij} - p_i p_j"),
    "signs behind a sum": (VARIANCE, r"\sum_k -2 x_{kj} &= -2 \sum_k x_{kj}"),
    "a long side on two lines": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i \delta_{ij}", r"&\quad - p_i p_j"),
    "chain in one row": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j) = p_i \delta_{ij} - p_i p_j"),
    "left side alone": (SOFTMAX, r"& \frac{\partial p_i}{\partial z_j}", r"&= p_i (\delta_{ij} - p_j)"),
    "fact at the end of the row": (VARIANCE, r"\frac{d v_j}{d x_{ij}} &= \frac{2}{n} (x_{ij} - \bar{x}_j) \quad (\because \sum_k (x_{kj} - \bar{x}_j) = 0)"),
    "words": (SOFTMAX, r"\text{因此 } \frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j) \text{ for all } i, j."),
    "prime": (r"Let $f : \mathbb{R} \to \mathbb{R}$ and $g : \mathbb{R} \to \mathbb{R}$, $t \in \mathbb{R}$.", r"\frac{d}{dt} f(g(t)) &= f'(g(t)) \, g'(t)"),
    "cases": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= \begin{cases} p_i (1 - p_i) & i = j \\ -p_i p_j & i \neq j \end{cases}"),
    "norm": (r"Let $x \in \mathbb{R}^n$.", r"\frac{\partial \|x\|^2}{\partial x} &= 2 x", r"\frac{\partial \|x\|}{\partial x_i} &= \frac{x_i}{\|x\|}"),
    "assumption": (SOFTMAX + r" Let $y \in \mathbb{R}^C$ with $\sum_k y_k = 1$.", r"\sum_k y_k (\delta_{kj} - p_j) &= y_j - p_j"),
    "sum over the others": (SOFTMAX, r"1 - p_j &= \sum_{k \ne j} p_k \quad (\because \sum_k p_k = 1)"),
    "bars by name": (r"Let $x \in \mathbb{R}^n$.", r"\Vert x \Vert_2^2 &= \|x\|^2 = \sum_k \vert x_k \vert^2"),
    "words in brackets": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j) \quad (\text{quotient rule})"),
    "logarithm to another base": (r"Let $t > 0$.", r"\log_2 t &= \frac{\ln t}{\ln 2}"),
    "e to a power in front of brackets": (SOFTMAX, r"\frac{\partial}{\partial z_j} e^{z_i} (1 + p_i) &= e^{z_i} \delta_{ij} (1 + p_i) + e^{z_i} (p_i \delta_{ij} - p_i p_j)"),
    "all pairs": (r"Let $x \in \mathbb{R}^n$.", r"2 \sum_j \sum_{i < j} x_i x_j &= \Bigl( \sum_i x_i \Bigr)^2 - \sum_i x_i^2"),
    "all pairs, both bound by one sum": (r"Let $x \in \mathbb{R}^n$.", r"\sum_{i < j} (x_i - x_j)^2 &= n \sum_i x_i^2 - \Bigl( \sum_i x_i \Bigr)^2", r"\sum_{1 \le i < j \le n} x_i x_j &= \frac{1}{2} \sum_{i \ne j} x_i x_j"),
    "an index moved by one": (r"Let $x \in \mathbb{R}^n$.", r"\sum_{i=0}^{n-1} x_{i+1} &= \sum_{i=1}^{n} x_i", r"\sum_{i=0}^{n-1} (i + 1) x_{i+1} &= \sum_{i=1}^{n} i x_i"),
    "counted from what exists": (r"Let $x \in \mathbb{R}^n$.", r"\sum_{i=1}^{n-1} (x_{i+1} - x_i) &= x_n - x_1"),
    "counted from 0": (r"Let $x \in \mathbb{R}^n$.", r"\sum_{i=0}^{n-2} (x_{i+1} - x_i) &= x_{n-1} - x_0"),
    "backwards": (r"Let $x, y \in \mathbb{R}^n$.", r"\sum_{i=1}^{n} x_{n+1-i} y_i &= \sum_{i=1}^{n} x_i y_{n+1-i}"),
    "powers of an index": (r"Let $x \in \mathbb{R}^n$.", r"\sum_{k=1}^{n} k^2 &= \frac{n (n + 1) (2 n + 1)}{6}"),
    "what vanishes may be used": (VARIANCE, r"\sum_k (x_{kj} - \bar{x}_j) &= 0", r"\frac{d v_j}{d x_{ij}} &= \frac{2}{n} (x_{ij} - \bar{x}_j)"),
    "a vanishing derivative": (VARIANCE, r"\frac{\partial v_j}{\partial \bar{x}_j} &= -\frac{2}{n} \sum_k (x_{kj} - \bar{x}_j) = 0"),
    "two equations in a row": (SOFTMAX, r"\sum_k p_k &= 1, \qquad \sum_k \frac{\partial p_k}{\partial z_j} = 0"),
    "where a row holds": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= -p_i p_j, \quad i \ne j", r"\frac{\partial p_i}{\partial z_j} &= p_i (1 - p_i) \quad \text{if } i = j"),
    "for which numbers a row holds": (r"Let $x \in \mathbb{R}$, $r(x) = \max(0, x)$.", r"r'(x) &= 1, \quad x > 0", r"|x| &= -x \quad \text{if } x \le 0", r"x^2 &\ge x \quad (x > 1)", r"\frac{x^2}{x} &= x, \quad x \ne 0"),
    "what an index runs over": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j), \quad i, j = 1, \dots, C"),
    "a brace that cites": (VARIANCE, r"\frac{d v_j}{d x_{ij}} &= \frac{2}{n} \Bigl( (x_{ij} - \bar{x}_j) - \frac{1}{n} \underbrace{\sum_k (x_{kj} - \bar{x}_j)}_{=0} \Bigr)", r"&\overset{(1)}{=} \frac{2}{n} (x_{ij} - \bar{x}_j)"),
    "braces around a bold name": (r"Let $\mathbf{x} \in \mathbb{R}^n$, $s = \sum_k x_k^2$.", r"\frac{\partial s}{\partial {x}_i} &= 2 x_i"),
    "a sum within a function": (r"Let $x \in \mathbb{R}^d$, $W \in \mathbb{R}^{d \times d}$, $y = x + \tanh(W x)$, $L = L(y)$, $g = \frac{\partial L}{\partial y}$.", r"\frac{\partial L}{\partial x_i} &= g_i + \sum_j g_j \Bigl( 1 - \tanh^2 \Bigl( \sum_k W_{jk} x_k \Bigr) \Bigr) W_{ji}"),
    "two columns of equations": (SOFTMAX, r"\sum_k p_k &= 1 & \sum_k \frac{\partial p_k}{\partial z_j} &= 0 & \text{sums}"),
    "an arrow between two equations": (AFFINE, r"\frac{\partial L}{\partial X} &= \frac{\partial L}{\partial Y} W^\top \implies \frac{\partial L}{\partial X_{ij}} = \sum_k \frac{\partial L}{\partial Y_{ik}} W_{jk}"),
    "a condition in brackets": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= -p_i p_j \quad (i \neq j)", r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j) \quad (i, j = 1, \dots, C)"),
    "for all": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j) \qquad \forall i, j"),
    "commas in cases": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= \begin{cases} p_i (1 - p_i), & \text{if } i = j, \\ -p_i p_j, & \text{otherwise.} \end{cases}"),
    "a definition by cases": (r"Let $r \in \mathbb{R}$, $\delta > 0$, $H = \begin{cases} \frac12 r^2 & |r| \le \delta \\ \delta (|r| - \frac12 \delta) & \text{otherwise} \end{cases}$.", r"\frac{dH}{dr} &= \begin{cases} r & |r| \le \delta \\ \delta \operatorname{sgn}(r) & \text{otherwise} \end{cases}"),
    "a sum over all but one": (SOFTMAX, r"1 - p_j &= \sum_{i = 1, i \ne j}^{C} p_i = \sum_{\substack{i = 1 \\ i \ne j}}^{C} p_i \quad (\because \sum_k p_k = 1)"),
    "norms of two bars": (r"Let $x \in \mathbb{R}^n$, $s = ||x||^2$, $a, b \in \mathbb{R}$.", r"\frac{\partial s}{\partial x} &= 2 x", r"|a||b| &= |a b|", r"||x||_\infty &= \max_k |x_k|"),
    "an upright d": (SOFTMAX, r"\frac{\text{d}p_i}{\text{d}z_j} &= p_i (\delta_{ij} - p_j)"),
    "a fixed entry before the sum that says where counting starts": (AFFINE, r"\frac{\partial L}{\partial X_{11}} &= \sum_{k=1}^M \frac{\partial L}{\partial Y_{1k}} W_{1k}"),
    "the letter of a function again": (r"Let $\sigma(z) = \frac{1}{1 + e^{-z}}$, $w \in \mathbb{R}^{m \times n}$, $x \in \mathbb{R}^n$, $z_j = \sum_k w_{jk} x_k$, $a_j = \sigma(z_j)$.", r"\frac{\partial a_j}{\partial x_k} &= \sigma'(z_j) w_{jk} = a_j (1 - a_j) w_{jk}", r"\frac{\partial a_j}{\partial z_j} &= \sigma'(z_j)"),
    "gates": (r"Let $a, c_{t-1} \in \mathbb{R}^H$, $\sigma(z) = \frac{1}{1 + e^{-z}}$, $i_t = \sigma(a)$, $c_t = \tanh(i_t) \odot c_{t-1}$, $L = L(c_t)$.", r"\frac{\partial L}{\partial a} &= \frac{\partial L}{\partial c_t} \odot c_{t-1} \odot (1 - \tanh^2(i_t)) \odot i_t \odot (1 - i_t)"),
    "a matrix made of sizes": (r"Let $X \in \mathbb{R}^{n \times d}$, $H = I_n - \frac1n \mathbf{1} \mathbf{1}^\top$, $C = H X$, $L = L(C)$.", r"\frac{\partial L}{\partial X} &= H \frac{\partial L}{\partial C}", r"H H &= H^\top"),
    "a quadratic form on the way": (r"Let $x \in \mathbb{R}^n$, $A \in \mathbb{R}^{n \times n}$, $q = x^\top A x$, $L = L(q)$.", r"\frac{\partial L}{\partial x} &= \frac{\partial L}{\partial q} (A + A^\top) x"),
    "entries named later": (r"Let $X \in \mathbb{R}^{n \times d}$, $s_j = \sum_i x_{ij}^2$ with $X = (x_{ij})$.", r"\frac{\partial s_j}{\partial x_{ij}} &= 2 x_{ij}"),
    "a name in words": (r"Let $x \in \mathbb{R}^n$, $\text{loss} = \sum_k x_k^2$.", r"\frac{\partial\, \text{loss}}{\partial x} &= 2 x \qquad \text{squares}"),
    "a thin space before brackets": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i\,(\delta_{ij} - p_j) = p_i\,\delta_{ij} - p_i\,(p_j)"),
    "a row that ends in brackets": (r"Let $a, b \in \mathbb{R}$, $s = a + b$.", r"s &= (a + b)", r"s - a &= (b)"),
    "rows that begin with brackets": (r"Let $a, b \in \mathbb{R}$.", r"(a + b)^2 &= (a + b) (a + b), \quad (a) (b) = b a"),
    "a box around the result": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= \boxed{p_i (\delta_{ij} - p_j)}", r"\boxed{\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)}"),
    "a name that its definition replaces": (r"Let $X \in \mathbb{R}^{n \times m}$, $r_i = \frac1m \sum_j X_{ij}$, $q = \frac{1}{n m} \sum_i \sum_j X_{ij}$.", r"q &= \frac1n \sum_i r_i", r"&= \frac{1}{n m} \mathbf{1}^\top X \mathbf{1}"),
    "a formula for a name": (r"Let $z \in \mathbb{R}^n$, $p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$, $L = -\log p_1$, $i = 1, \dots, n$.", r"-z_1 + \log \sum_k e^{z_k} &= L"),
    "a left side that begins with a sign": (r"Let $a, b \in \mathbb{R}$, $s = a + b$.", r"s &= a + b", r"-s &= -a - b", r"&\quad + a - a"),
    "a list of vectors": (r"Let $\mathbf{x}_1, \dots, \mathbf{x}_n \in \mathbb{R}^d$, $y_1, y_2, \ldots, y_n \in \mathbb{R}$, $w \in \mathbb{R}^d$, $J = \sum_{i=1}^n (w^\top \mathbf{x}_i - y_i)^2$.", r"\nabla_w J &= 2 \sum_{i=1}^n (w^\top \mathbf{x}_i - y_i)\, \mathbf{x}_i", r"\frac{\partial J}{\partial y_1} &= -2 (w^\top \mathbf{x}_1 - y_1)"),
    "an inner product in a chain": (r"Let $u, v \in \mathbb{R}^n$, $c = u^\top v$.", r"c &= \langle u, v \rangle = u^\top v"),
    "functions in words": (r"Let $A \in \mathbb{R}^{n \times n}$, $t > 0$.", r"\text{tr} A &= \sum_i A_{ii}", r"\text{log } t &= \log t", r"I(t > 0) &= 1 \tag*{by declaration}"),
    "a definition with a condition under its sum": (r"Let $x \in \mathbb{R}^n$, $P = \sum_j \sum_{i < j} (x_i - x_j)^2$.", r"\frac{\partial P}{\partial x_k} &= 2 \sum_i (x_k - x_i)"),
    "bounds": (r"Let $\rho \in (-1, 1)$, $t > 1$, $u < -1$, $f = \sqrt{1 - \rho^2}$.", r"\frac{df}{d\rho} &= -\frac{\rho}{f}", r"\frac{d}{dt} \log(t - 1) &= \frac{1}{t - 1}", r"\sqrt{(u + 1)^2} &= -u - 1"),
    "italic name": (r"Let $x \in \mathbb{R}^n$, $sum = \sum_k x_k$.", r"\frac{dsum}{dx_i} &= 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", sampled(RIGHT, 50))
def test_a_right_variant_is_not_refused(name):
    found = statuses(*RIGHT[name])
    assert found
    assert set(found) <= {"proved", "checked"}


def test_declarations_may_come_in_any_order():
    prose = r"Let $L = f(y)$, where $f : \mathbb{R}^n \to \mathbb{R}$ and $y \in \mathbb{R}^n$."
    row = r"\frac{\partial L}{\partial y_i} &= \sum_k \frac{\partial L}{\partial y_k} \delta_{ki}"
    assert statuses(prose, row) == ["proved"]


def test_a_block_that_continues_has_the_facts_of_the_one_before():
    first = f"/// derivation\n{VARIANCE}\n\n$$\n\\because \\sum_k (x_{{kj}} - \\bar{{x}}_j) = 0\n$$\n///\n"
    rest = "$$\n\\frac{d v_j}{d x_{ij}} = \\frac{2}{n} (x_{ij} - \\bar{x}_j)\n$$\n///\n"
    goes_on = verify_page(first + "/// derivation\n    continues: true\n\n" + rest)
    assert [r.ok for _, r in goes_on] == [True, True]
    alone = verify_page(first + f"/// derivation\n{VARIANCE}\n\n" + rest)
    assert [r.ok for _, r in alone] == [True, False]


SYSTEMS = {
    "left brace": "\\left\\{\n\\begin{aligned}\nROWS\n\\end{aligned}\n\\right.",
    "array": "\\left\\{ \\begin{array}{l}\nROWS\n\\end{array} \\right.",
    "cases": "\\begin{cases}\nROWS\n\\end{cases}",
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_of_equations_is_read_row_by_row(name):
    rows = (
        r"\frac{\partial q}{\partial a} = b, \\[4pt]"
        + "\n"
        + r"\frac{\partial q}{\partial b} = 2 a."
    )
    tex = SYSTEMS[name].replace("ROWS", rows)
    text = f"/// derivation\nLet $a, b \\in \\mathbb{{R}}$, $q = a b$.\n\n$$\n{tex}\n$$\n///\n"
    ((_, report),) = verify_page(text)
    assert [v.status for v in report.verdicts] == ["proved", "wrong"]


def test_what_follows_a_waived_row_goes_on_from_what_was_readable():
    waived = "p_i &= \\lim p_i \\\\ % unchecked: no limits\n"
    right, wrong = (rf"&= \frac{{e^{{z_i}}}}{{\sum_k e^{{z_{k}}}}}" for k in "ki")
    assert statuses(SOFTMAX, waived + right) == ["waived", "proved"]
    assert statuses(SOFTMAX, waived + wrong)[-1] != "proved"


def test_what_follows_an_unreadable_row_is_not_compared_with_another_chain():
    rows = (
        r"\sum_k p_k &= 1",
        r"\frac{\partial p_i}{\partial z_j} &= \lim q",
        r"&= p_i (\delta_{ij} - p_j)",
    )
    assert statuses(SOFTMAX, *rows) == ["proved", "unchecked", "proved"]
