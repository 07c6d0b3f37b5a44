"""Advice leads on: what a refusal says to write is read, or gets further."""
# ruff: noqa: E501  (rows of a derivation are as long as they are)

import pytest

from backprop.derivations.__main__ import main
from backprop.derivations.explain import describe
from tests.samples import sampled

from .helpers import page, verdicts

X = r"Let $x \in \mathbb{R}^n$, $a, s, t \in \mathbb{R}$, $L = \sum_k x_k^2$."
RETURN = (
    r"Let $\gamma \in (0, 1)$, $r \in \mathbb{R}^T$, $G_T = 0$, $G_t = r_{t+1} + \gamma G_{t+1}$."
)
ADVICE = {
    # the key, what is written, a part of what is said, and the row (or prose) with that applied
    "a bracket that is not closed": ("unclosed", X, r"\sum_i x_i &= \left( \sum_k x_k", "( is never closed", r"\sum_i x_i &= \left( \sum_k x_k \right)"),
    "a bracket without \\left": ("unclosed", X, r"t &= (t", "( is never closed", "t &= (t)"),
    "a bracket in a fraction": ("unclosed", X, r"t &= \frac{(t}{1}", "( is never closed", r"t &= \frac{(t)}{1}"),
    "a bracket that closes nothing": ("unopened", X, "t &= t)", ") closes nothing", "t &= (t)"),
    "a sign at the end": ("dangling", X, "t + s &= s + t +", "nothing follows +", "t + s &= s + t"),
    "an equals sign at the end": ("dangling", X, "t + s &= s + t =", "nothing follows =", "t + s &= s + t"),
    "letters for a name": ("letters-name", X, "loss &= L", r"\mathrm{loss}", r"\mathrm{loss} &= L"),
    "letters in a product": ("letters-name", X, "2 loss &= 2 L", r"\mathrm{loss}", r"2 \mathrm{loss} &= 2 L"),
    "a derivative by subscript": ("partial-subscript", X, r"\partial_{x_i} L &= 2 x_i", r"\frac{\partial L}{\partial x_i}", r"\frac{\partial L}{\partial x_i} &= 2 x_i"),
    "a star between factors": ("asterisk", X, "t * s &= s t", r"\cdot", r"t \cdot s &= s t"),
    "a name applied": ("applied-or-product", X, "a(t) &= a t", r"a \cdot", r"a \cdot (t) &= a t"),
    "a bar": ("undeclared", X, r"\bar{x} &= \bar{x}", r"$\bar{x} \in \mathbb{R}$", r"\bar{x} &= \bar{x}"),
    "a star on a vector": ("undeclared", X, r"x^{*\top} x &= x^\top x^*", r"$x^* \in \mathbb{R}^{n}$", r"x^{*\top} x &= x^\top x^*"),
    "a star on a number": ("undeclared", X, r"t^* &= t^*", r"$t^* \in \mathbb{R}$", r"t^* &= t^*"),
    "letters for a function": ("spelled-function", X, "log(t) &= log(t)", r"\log", r"\log(t) &= \log(t)"),
    "an inverse": ("inverse", X + r" Let $f : \mathbb{R} \to \mathbb{R}$.", "f^{-1}(t) &= f^{-1}(t)", r"\frac{1}", r"\frac{1}{f(t)} &= \frac{1}{f(t)}"),
    "a slash": ("slash", X, "a / s t &= a t / s", r"\frac", r"\frac{a}{s} t &= a t / s"),
    "an argmin": ("extreme-point", X, r"t &= \arg\min_s (s - t)^2", r"\implies", r"\frac{\partial (s - t)^2}{\partial s} &= 0 \implies s = t"),
    "a reference": ("reference", X, r"\eqref{a} &= t", r"\quad \text{by \eqref{…}}", r"t &= t \quad \text{by \eqref{a}}"),
    "a sum of moved positions": ("sum-outside", RETURN, r"G_t &= \sum_{k=0}^{T-t-1} \gamma^k r_{t+k+1}", r"\sum_{k=t+1}^{T} \gamma^{k-t-1} r_k", r"G_t &= \sum_{k=t+1}^{T} \gamma^{k-t-1} r_k"),
    "a power of any number": ("one-sided", X, r"(t^a)^s &= t^{a s}", "$x > 0$", r"(t^a)^s &= t^{a s} \quad (t > 0)"),
    "digits": ("digits", X, "t^12 &= t^{12}", "braces", "t^{12} &= t^{12}"),
}  # fmt: skip
DECLARED = {
    "letters for a name": r" Let $\mathrm{loss} = \sum_k x_k^2$.",
    "letters in a product": r" Let $\mathrm{loss} = \sum_k x_k^2$.",
    "a bar": r" Let $\bar{x} \in \mathbb{R}$.",
    "a star on a vector": r" Let $x^* \in \mathbb{R}^{n}$.",
    "a star on a number": r" Let $t^* \in \mathbb{R}$.",
}


@pytest.mark.parametrize("name", sampled(ADVICE, 10))
def test_what_a_refusal_says_to_write_leads_on(name):
    key, prose, row, said, better = ADVICE[name]
    last = verdicts(prose, row, prove=False)[-1]
    assert (last.status, last.problem.key) == ("unchecked", key)
    assert said in describe(last)[0]
    after = verdicts(prose + DECLARED.get(name, ""), better, prove=False)[-1]
    assert after.status == "checked"


MOVED = (
    r"Let $x \in \mathbb{R}^N$, $w \in \mathbb{R}^K$, $i = 0, \dots, N - 1$, "
    r"$d_i = \sum_k w_k x_{i+k}$."
)
TWO = r"Let $X, Y$ be random variables."
LAW = r"Let $X \sim \mathcal{N}(\mu, \sigma^2)$, $\mu \in \mathbb{R}$, $\sigma > 0$."


@pytest.mark.parametrize(
    ("key", "prose", "row", "better"),
    [
        ("index-outside", MOVED, r"d_i &= \sum_k w_k x_{i+k}", MOVED.replace("N - 1", "N - K")),
        ("dependent", TWO, r"\mathbb{E}[X + Y] &= \mathbb{E}[X] + \mathbb{E}[Y]", TWO.replace("random", "independent random")),
        ("held-or-moved", LAW, r"\frac{d (X - \mu)^2}{d \mu} &= 2 (\mu - X)", r"Let $X, \mu \in \mathbb{R}$."),
    ],
)  # fmt: skip
def test_what_a_refusal_says_to_declare_leads_on(key, prose, row, better):
    first = next(v for v in verdicts(prose, row, prove=False) if not v.ok)
    assert (first.status, first.problem.key) == ("unchecked", key)
    assert [v.status for v in verdicts(better, row, prove=False)] == ["checked"]


def test_a_premise_that_no_word_says_is_accepted_with_the_word():
    prose = r"Let $x, y \in \mathbb{R}^n$. Here $x^\top y = 0$."
    row = r"\|x - y\|^2 &= \|x\|^2 + \|y\|^2"
    refused = verdicts(prose, row, prove=False)[0]
    assert "assume $x^\\top y = 0$" in describe(refused)[0]
    assert [v.status for v in verdicts(prose.replace("Here", "Assume"), row, prove=False)] == [
        "checked"
    ]


def test_a_case_of_the_prose_goes_to_the_end_of_the_row():
    prose = r"Let $z \in \mathbb{R}^C$, $p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$. If $i \ne j$, then"
    row = r"\frac{\partial p_i}{\partial z_j} &= -p_i p_j"
    assert verdicts(prose, row, prove=False)[-1].status == "wrong"
    assert verdicts(prose, row + r" \quad (i \ne j)", prove=False)[-1].status == "checked"


def test_one_declaration_that_is_not_read_is_told_once(tmp_path, capsys):
    prose = r"Let $x \in \mathbb{R}^n$ and $L = \foo x$."
    path = tmp_path / "post.md"
    path.write_text(page(prose, "L &= L", "2 L &= L + L", "x_i &= x_i"), "utf-8")
    assert main([str(path), "--no-proof"]) == 1
    out = capsys.readouterr().out
    assert out.count("its declaration on line 2 was not read") == 1
    assert out.count("not checked  ") == 3
