"""What can be read in two ways is refused, with the place and advice."""
# ruff: noqa: E501  (rows of a derivation are as long as they are)

import pytest

from backprop.derivations.explain import describe
from backprop.derivations.problems import LANGUAGES, SAID

from .helpers import AFFINE, SOFTMAX, VARIANCE, problem, verdicts

X = (
    r"Let $x, y \in \mathbb{R}^n$, $t \in \mathbb{R}$, $A \in \mathbb{R}^{n \times d}$, "
    r"$f : \mathbb{R} \to \mathbb{R}$, $h = \sum_k x_k^2$."
)
REFUSED = {
    # what is written: (declarations, row, the key of what is said, what it points at)
    "call or product": (X, r"q(t) &= q(t)", "call-or-product", "q(t)"),
    "factorial": (X, r"2n! &= 1", "factorial", "!"),
    "a digit above the line": (X, "2² t &= t", "unknown-command", "²"),
    "bar": (X, r"\bar{x} &= 1", "undeclared", r"\bar{x}"),
    "square of a differential": (X, r"d x_i^2 &= 1", "differential", "d x_i^2"),
    "differential, d a size": (AFFINE.replace("D", "d"), r"d X &= X", "differential", "d X"),
    "partial alone": (X, r"\partial t &= 1", "differential", r"\partial t"),
    "imaginary": (X, r"e^{i t} x_i &= x_i", "imaginary", "i"),
    "index as number": (X, r"\sum_k k x_k &= \sum_k k x_k", "index-value", "k"),
    "letters on the line": (AFFINE, r"X_ij &= X_{ij}", "rank", "X_i"),
    "one index short": (VARIANCE, r"x_j &= x_j", "rank", "x_j"),
    "power of a vector": (X, r"x^2 &= x^2", "matrix-power", "x^2"),
    "slash": (X, r"t / n x_i &= t x_i / n", "slash", "t / n x_i"),
    "log of two factors": (X, r"\log t t &= 0", "argument", r"\log t t"),
    "two vectors side by side": (X, r"x y &= t", "shape", "x y"),
    "dots": (X, r"x_1 + .. + x_n &= t", "two-dots", ".."),
    "asterisk": (X, r"t * t &= t^2", "asterisk", "*"),
    "unknown command": (X, r"\foo t &= t", "unknown-command", r"\foo"),
    "an approximation": (X, r"t &\approx t", "inequality", "t "),
    "name of another face": (r"Let $\mathrm{var} \in \mathbb{R}$.", r"var &= 1", "letters-name", "var"),
    "T is a number": (r"Let $T \in \mathbb{R}$, $A \in \mathbb{R}^{n \times n}$.",
                      r"A^T &= A^T", "transpose-or-power", "A^T"),
    "unclosed": (X, r"\frac{t}{2 &= 1", "unclosed", "{"),
    "collision": (X, r"\sum_k x_k + y_k &= y_k", "index-collision", "y_k"),
    "same index twice": (X, r"\sum_k \sum_k x_k &= 1", "index-collision", r"\sum_k"),
    "nothing to continue": (X, r"&= t", "no-left", "="),
    "no relation": (X, r"\therefore & t", "no-equation", "t"),
    "two numbers side by side": (X, r"2 3 t &= 6 t", "digits", "2 3"),
    "an exponent of two digits": (X, r"t^12 &= t^{12}", "digits", "t^12"),
    "an index of two digits": (X, r"x_12 &= 2", "digits", "x_12"),
    "a sign without braces": (X, r"t^-1 &= 1 / t", "unexpected", "-"),
    "words between factors": (X, r"t \text{ or } t &= t", "words-inside", r"\text{ or }"),
    "inverse or reciprocal": (X, r"f^{-1}(t) &= 1 / f(t)", "inverse", "f^{-1}"),
    "inverse sine": (X, r"\sin^{-1} t &= t", "inverse", r"\sin^{-1}"),
    "prime of a named function": (X, r"\tanh'(t) &= 1 - \tanh^2 t", "unsupported", r"\tanh'"),
    "index of a named function": (X, r"\exp_2 t &= t", "unexpected", "_2"),
    "e is a size": (X.replace("d", "e"), r"e^{t} &= \exp(t)", "e-declared", "e^{t}"),
    "all pairs": (X, r"x_j \sum_{i < j} x_i &= t", "pairs", r"\sum_{i < j}"),
    "two random variables, not said to be independent": (r"Let $X$ and $Y$ be random variables.", r"\operatorname{Cov}(X, Y) &= 0", "dependent", "X"),
    "a gradient at no named point": (r"Let $f : \mathbb{R}^n \to \mathbb{R}$, $x \in \mathbb{R}^n$.", r"\nabla f(2 x) &= \nabla f(x)", "nabla-point", "(2 x)"),
    "a condition that nothing meets": (X + r" Let $q > 0$.", r"q &= 1, \quad q < 0", "never", "q < 0"),
    "a power of a mean": (r"Let $X$ be a random variable.", r"\mathbb{E}(X - 1)^2 &= 0", "mean-power", r"\mathbb{E}(X - 1)^2"),
    "a mean without brackets": (r"Let $X$ be a random variable.", r"\mathbb{E} X^2 &= 0", "mean-brackets", r"\mathbb{E}"),
    "a sum over a name": (r"Let $x_i \in \mathbb{R}$.", r"\sum_i x_i &= 2 x_i", "index-unknown", "x_i"),
    "expectation": (X, r"\mathbb{E}[t] &= t", "no-random", r"\mathbb{E}"),
    "hat over name and index": (X, r"\hat{x_i} &= x_i", "unexpected", r"\hat{x_i}"),
    "evaluation": (X, r"\frac{\partial h}{\partial x_i}\Big|_{x=y} &= 2 y_i", "evaluation-bar",
                   "|_{x=y}"),
    "undeclared with a prime": (X, r"x' &= x", "undeclared", "x'"),
    "cases that leave values out": (X, r"\max(t - 1, 0) &= \begin{cases} t - 1 & t > 1.5 \\ 0 & t \le 1 \end{cases}", "cases-gap", r"\begin{cases}"),
    "a letter for the sum": (X, r"\Sigma_k x_k^2 &= h", "letter-for-sum", r"\Sigma"),
    "log in italics": (X, r"log(t) &= \log t", "spelled-function", "log"),
    "exp in italics": (X, r"\exp(t) &= exp(t)", "spelled-function", "exp"),
    "a misspelt command": (X, r"\fraq{t}{2} &= t", "unknown-command", r"\fraq"),
    "an entry transposed": (X, r"A^T_{ij} &= A_{ij}", "transposed-entry", "A^T_{ij}"),
    "two indices at one place": (X, r"x_{i}_{j} &= t", "two-scripts", "_{j}"),
    "a comma in a number": (X, r"1,000 t &= t", "comma", ","),
    "a delta that is a number": (X + r" Let $\delta > 0$.", r"\delta_{ij} x_j &= \delta_{ij} x_i", "kronecker-declared", r"\delta_{ij}"),
    "braces as brackets": (X, r"{t + t}^2 &= 4 t^2", "braces", "{t + t}"),
    "braces around a product with a power": (X, r"{2 t}^2 &= 4 t^2", "braces", "{2 t}"),
    "braces around a sum in a product": (X, r"2{t + t} &= 4 t", "braces", "{t + t}"),
    "braces behind a sum": (X, r"\sum_k {x_k + y_k} &= t", "braces", "{x_k + y_k}"),
    "a wide space between factors": (X, r"t \quad t &= t^2", "gap", r"\quad"),
    "a number at the end without tag": (X, r"t + t &= 2 t \qquad (1)", "gap", r"\qquad"),
    "an undeclared word called": (X, r"\text{mean}(t) &= t", "call-or-product", r"\text{mean}(t)"),
    "an undeclared word as a side": (X, r"\text{loss} &= t", "undeclared", r"\text{loss}"),
    "an undeclared word as a factor": (X, r"2 t &= 2 t \text{loss}", "undeclared", r"\text{loss}"),
    "an undeclared word added": (X, r"t &= \text{loss} + t", "undeclared", r"\text{loss}"),
    "an undeclared word in brackets": (X, r"2 t &= 2 t (\text{loss})", "undeclared", r"\text{loss}"),
    "words where a factor should be": (X, r"t &= \text{the loss} + t", "words-inside", r"\text{the loss}"),
    "L called with another argument": (SOFTMAX + r" $L = L(p)$.", r"L(z) &= L", "call-or-product",
                                       "L(z)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_formula_with_two_readings_is_refused(name):
    prose, row, key, place = REFUSED[name]
    last = verdicts(prose, row, prove=False)[-1]
    assert not last.ok
    assert last.problem is not None
    assert last.problem.key == key
    if name not in ("collision", "an approximation", "nothing to continue", "no relation"):
        tex = "\n" + row.replace("&", " ")
        start = last.problem.start
        assert tex[start:].startswith(place) or tex[start : last.problem.end] == place


WRONG = {
    "0 … n": (AFFINE, r"\frac{\partial L}{\partial W_{jk}} &= \sum_{i=0}^{N} X_{ij} \frac{\partial L}{\partial Y_{ik}}", "range"),
    "two ranges": (AFFINE, r"\frac{\partial L}{\partial W_{jk}} &= \sum_i X_{ij} \frac{\partial L}{\partial Y_{kj}}", "index-range"),
    "transpose missing": (AFFINE, r"\frac{\partial L}{\partial X} &= \frac{\partial L}{\partial Y} W", "shape"),
    "order": (AFFINE, r"\frac{\partial L}{\partial X} &= W^\top \frac{\partial L}{\partial Y}", "shape"),
    "a row in an inner product": (X, r"\langle x, y^\top \rangle &= \sum_k x_k y_k", "shape"),
    "index on one side": (VARIANCE, r"v_j &= v_j + \bar{x}_l - \bar{x}_l", "free-index"),
    "column for row": (AFFINE, r"\frac{\partial L}{\partial b} &= \mathbf{1}^\top \frac{\partial L}{\partial Y}", "shape"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_hold_is_wrong(name):
    prose, row, key = WRONG[name]
    assert problem(prose, row) == key


B = r"Let $x \in \mathbb{R}^{n \times d}$ and $s_j = \sum_k x_{kj}$, $i = 1, \dots, n$."
DOTS = {
    # what stands before, between and after dots: the row, is it read?
    "sum": (r"s_j &= x_{1j} + \cdots + x_{nj}", True),
    "sum with two at the ends": (r"s_j &= x_{1j} + x_{2j} + \cdots + x_{n-1,j} + x_{nj}", True),
    "sum with a general term": (r"s_j &= x_{1j} + \cdots + x_{ij} + \cdots + x_{nj}", True),
    "general term with the wrong index": (r"s_j &= x_{1j} + \cdots + x_{jj} + \cdots + x_{nj}", False),
    "last term in the middle": (r"s_j &= x_{1j} + \cdots + x_{nj} + \cdots + x_{nj}", False),
    "general term without dots before": (r"s_j &= x_{1j} + x_{ij} + \cdots + x_{nj}", False),
    "a gap without dots": (r"s_j &= x_{1j} + x_{3j} + \cdots + x_{nj}", False),
    "nothing between dots": (r"s_j &= x_{1j} + \cdots + \cdots + x_{nj}", False),
    "matrix": (r"x &= \begin{bmatrix} x_{11} & \cdots & x_{1d} \\ \vdots & x_{ij} & \vdots \\ x_{n1} & \cdots & x_{nd} \end{bmatrix}", True),
    "matrix, two and two": (r"x &= \begin{bmatrix} x_{11} & x_{12} & \cdots & x_{1d} \\ x_{21} & x_{22} & \cdots & x_{2d} \\ \vdots & \vdots & \ddots & \vdots \\ x_{n1} & x_{n2} & \cdots & x_{nd} \end{bmatrix}", True),
    "second row wrong": (r"x &= \begin{bmatrix} x_{11} & x_{12} & \cdots & x_{1d} \\ x_{21} & x_{12} & \cdots & x_{2d} \\ \vdots & \vdots & \ddots & \vdots \\ x_{n1} & x_{n2} & \cdots & x_{nd} \end{bmatrix}", False),
    "corner wrong": (r"x &= \begin{bmatrix} x_{11} & \cdots & x_{1d} \\ \vdots & \ddots & \vdots \\ x_{n1} & \cdots & x_{nn} \end{bmatrix}", False),
    "general entry wrong": (r"x &= \begin{bmatrix} x_{11} & \cdots & x_{1d} \\ \vdots & x_{jj} & \vdots \\ x_{n1} & \cdots & x_{nd} \end{bmatrix}", False),
    "size in the middle": (r"x &= \begin{bmatrix} x_{11} & \cdots & x_{1d} \\ \vdots & x_{dj} & \vdots \\ x_{n1} & \cdots & x_{nd} \end{bmatrix}", False),
}  # fmt: skip


@pytest.mark.parametrize("name", DOTS)
def test_dots_stand_for_one_running_index(name):
    row, read = DOTS[name]
    (found,) = verdicts(B, row, prove=False)
    assert found.ok == read
    assert read or found.problem.key == "dots-pattern"


DECLARED = {
    "half a size": (r"Let $x \in \mathbb{R}^{n/2}$.", "bad-declaration"),
    "twice": (r"Let $x \in \mathbb{R}^n$ and $x \in \mathbb{R}$.", "declared-twice"),
    "by itself": (r"Let $x \in \mathbb{R}$ and $y = y + x$.", "undeclared"),
    "size as name": (r"Let $x \in \mathbb{R}^{n}$ and $n \in \mathbb{R}$.", "declared-twice"),
    "range unknown": (r"Let $t \in \mathbb{R}$ and $a_j = t$.", "index-unknown"),
    "a list with a gap": (r"Let $x_1, x_3, \dots, x_n \in \mathbb{R}$.", "bad-declaration"),
    "a list of two names": (r"Let $x_1, \dots, y_n \in \mathbb{R}$.", "bad-declaration"),
    "bounds the wrong way round": (r"Let $t \in (1, 0)$.", "bad-declaration"),
    "all pairs": (r"Let $x \in \mathbb{R}^n$, $P = x_j \sum_{i < j} x_i$.", "pairs"),
    "free index": (r"Let $x \in \mathbb{R}^n$ and $a = x_k$.", "free-index"),
    "no space": (r"Let $x \in \mathbb{Q}$.", "bad-declaration"),
}


@pytest.mark.parametrize("name", DECLARED)
def test_a_declaration_that_is_not_read_is_refused(name):
    prose, key = DECLARED[name]
    found = [v for v in verdicts(prose, "1 &= 1", prove=False) if v.kind == "declaration"]
    assert [v.problem.key for v in found] == [key]
    assert found[0].line == 2


def test_what_a_refused_declaration_would_have_declared_points_to_it():
    prose = r"Let $x \in \mathbb{R}^n$, $a = \foo x$, $b_i = a x_i$ and $L = L(b)$."
    found = verdicts(prose, r"L &= L", prove=False)
    assert [v.problem.key for v in found] == ["unknown-command"] + ["declaration-refused"] * 3
    assert "line 2" in found[-1].problem.text()


def test_a_row_after_an_unreadable_one_is_compared_with_the_last_readable_side():
    rows = (
        r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j)",
        r"&= q_i",
        r"&= p_i \delta_{ij} - p_i p_j",
        r"&= p_i \delta_{ij} + p_i p_j",
    )
    found = verdicts(SOFTMAX, *rows)
    assert [v.status for v in found] == ["proved", "unchecked", "proved", "wrong"]
    assert [v.line for v in found] == [6, 7, 8, 9]


def test_a_refused_row_names_the_line_of_the_place():
    row = "\\frac{\\partial p_i}{\\partial z_j} &= p_i (\n  \\delta_{ij}\n  - q_j)"
    assert [v.line for v in verdicts(SOFTMAX, row, prove=False)] == [8]


def test_an_unread_place_is_shown_with_what_stands_around_it():
    (found,) = verdicts(X, r"t + h &= \fraq{h}{2} + t", prove=False)
    assert found.place == r"t + h = ▸\fraq◂ {h}{2} + t"
    assert "(\\frac ?)" in found.problem.text()
    assert any(found.place in line for line in describe(found, "zh"))
    (found,) = verdicts(X, r"q(t) &= t, \quad t > 0", prove=False)
    assert found.place == r"▸q(t)◂ = t, \quad t > 0"


def test_every_sentence_exists_in_both_languages():
    assert all(len(pair) == len(LANGUAGES) and all(pair) for pair in SAID.values())
    for english, chinese in SAID.values():
        names = {p.split("}")[0] for p in english.replace("{{", "").split("{")[1:]}
        other = {p.split("}")[0] for p in chinese.replace("{{", "").split("{")[1:]}
        assert {n for n in names if n.isidentifier()} == {n for n in other if n.isidentifier()}
