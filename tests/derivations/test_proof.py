"""A proof is right or is none: nothing false is ever proved, and the normal form of sums works."""

import pytest

from backprop.derivations.algebra.atoms import lettered
from backprop.derivations.evidence.account import Account
from backprop.derivations.evidence.proof import proves
from backprop.derivations.evidence.verify import verify
from backprop.derivations.reading.plain import plain
from tests.samples import sampled

from .helpers import statuses
from .slips import PAGES, sample, slips


@pytest.mark.parametrize("path", sampled(PAGES, 2), ids=[p.stem for p in PAGES])
def test_nothing_that_is_false_is_proved(path, monkeypatch):
    judged = []

    holds = Account.holds

    def watched(self, equation, verdict):
        good = holds(self, equation, verdict)
        instances = self.instances
        if not good and instances.worst(equation, {}) is not None:
            sides = (equation.left, equation.right)
            proved = proves(self.world, *sides, frozenset(), instances.direct)
            judged.append((equation.sides[0].text, equation.sides[1].text, proved))
        return good

    chosen = sample(slips(path), 4, seed=7)
    monkeypatch.setattr(Account, "holds", watched)
    for slip in chosen:
        row, right = slip.row, slip.row.tex
        row.tex = slip.tex
        try:
            verify(slip.block, slip.before, prove=False)
        finally:
            row.tex = right
    assert judged
    assert [j for j in judged if j[2]] == []


X = r"Let $x, y \in \mathbb{R}^n$, $A \in \mathbb{R}^{n \times n}$, $u > 0$."
PROVED = [
    r"\sum_{k} \delta_{kj} x_k &= x_j",
    r"\sum_{k,l} x_k y_l &= \sum_l y_l \sum_k x_k",
    r"\left( \sum_k x_k \right)^2 &= \sum_k \sum_l x_k x_l",
    r"\sum_k (1 + 0 x_k) &= n",
    r"\sum_{k \ne j} x_k &= \sum_k x_k - x_j",
    r"\sum_{k} \sum_{l} \delta_{kl} A_{kl} &= \operatorname{tr}(A)",
    r"\sum_k e^{x_k - y_j} &= e^{-y_j} \sum_k e^{x_k}",
    r"\log \frac{e^{x_i}}{\sum_k e^{x_k}} &= x_i - \log \sum_k e^{x_k}",
    r"\frac{1}{\sqrt{u}} - \frac{\sqrt{u}}{u} &= 0",
    r"\frac{u + 1}{\sqrt{u + 1}} &= \sqrt{u + 1}",
    r"\sum_{i,j} A_{ij} \left( \sum_k A_{ik} \right) &= \sum_i \left( \sum_j A_{ij} \right)^2",
    r"(A A)_{ij} &= \sum_k A_{ik} A_{kj}",
    r"(x y^\top)^\top &= y x^\top",
]
FALSE = [
    r"\sqrt{x_i^2} &= x_i",  # |x_i|
    r"\left( \sum_k x_k \right)^2 &= \sum_k x_k^2",
    r"\sum_{k} x_k y_k &= \sum_k x_k \sum_l y_l",
    r"\delta_{ij} x_i &= x_i",
    r"A A^\top &= A^\top A",
]


@pytest.mark.parametrize("row", PROVED)
def test_sums_roots_and_exponentials_have_one_normal_form(row):
    assert statuses(X, row) == ["proved"]


@pytest.mark.parametrize("row", FALSE)
def test_what_holds_only_sometimes_is_wrong(row):
    assert statuses(X, row) == ["wrong"]


def test_what_the_normal_form_cannot_treat_is_checked_and_not_called_proved():
    assert statuses(X, r"\frac{\partial}{\partial x_j} \prod_k x_k &= \prod_{k \ne j} x_k") == [
        "checked"
    ]


def test_equal_monomials_come_in_the_same_order():
    """Equal sets may show their members in another order; a proof must not depend on it."""
    one, other = frozenset([0, 8]), frozenset([8, 0])
    assert one == other
    assert repr(one) != repr(other)
    assert lettered(("base", one)) == lettered(("base", other))
    assert lettered((1, "a")) != lettered((1, "b"))


def test_explanations_are_text():
    tex = r"\sum_{k} (x_{kj} - \bar{x}_j) \frac{d \bar{x}_j}{d x_{ij}}"
    assert plain(tex) == "Σ_k (x_kj − x̄_j) (d x̄_j)/(d x_ij)"
    assert plain(r"\hat{x} + \gamma \, \mathrm{dout}") == "x̂ + γ dout"


PROVED = [
    (r"Let $p \in (0, 1)$.", r"\log \frac{p}{1 - p} = \log p - \log(1 - p)"),
    (r"Let $a, b > 0$.", r"\log \frac{4 a}{a + b} = 2 \log 2 + \log a - \log(a + b)"),
    (r"Let $a, b \in \mathbb{R}$.", r"\cos(a - b) = \cos a \cos b + \sin a \sin b"),
    (r"Let $a \in \mathbb{R}$.", r"\sin(2 a) = 2 \sin(a) \cos(a)"),
    (r"Let $a, b \in \mathbb{R}$.", r"\cos(a)^2 + \sin(a)^2 + b = 1 + b"),
    (r"Let $u, v \in \mathbb{R}^n$ with $\|v\|_2 = 1$.",
     r"\|u - (u^\top v) v\|^2 = \|u\|^2 - (u^\top v)^2"),
]  # fmt: skip
NOT = [
    (r"Let $a, b \in \mathbb{R}$.", r"\log(a b) = \log a + \log b"),
    (r"Let $a, b \in \mathbb{R}$.", r"\cos(a - b) = \cos a \cos b - \sin a \sin b"),
    (r"Let $a \in \mathbb{R}$.", r"\cos(a)^2 - \sin(a)^2 = 1"),
]


@pytest.mark.parametrize(("prose", "row"), PROVED)
def test_logarithms_angles_and_norms_are_proved(prose, row):
    assert statuses(prose, row) == ["proved"]


@pytest.mark.parametrize(("prose", "row"), NOT)
def test_and_nothing_that_only_looks_like_them(prose, row):
    assert statuses(prose, row) not in (["proved"], ["checked"])
