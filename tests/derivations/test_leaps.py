"""A right row that uses a definition at once is not wrong: it is not derived yet, until it says so."""
# ruff: noqa: E501  (rows of a derivation are as long as they are)

import pytest

from backprop.derivations.__main__ import main
from backprop.derivations.explain import describe

from .helpers import VARIANCE, page, verdicts
from .test_wrong import SLIP

LAYERNORM = (
    r"Let $x \in \mathbb{R}^{N \times D}$, $\mu_{i} = \frac{1}{D} \sum_{k} x_{ik}$, "
    r"$\sigma_{i} = \sqrt{\frac{1}{D} \sum_{k} (x_{ik} - \mu_{i})^2 + \epsilon}$, $\epsilon > 0$, "
    r"$\hat{x}_{ij} = \frac{x_{ij} - \mu_{i}}{\sigma_{i}}$, $L = L(\hat{x})$, "
    r"$g_{ij} = \frac{\partial L}{\partial \hat{x}_{ij}}$."
)
LEAP = (
    r"\frac{\partial \hat{x}_{ik}}{\partial x_{ij}} &= \frac{1}{\sigma_{i}} \left( \delta_{kj} - "
    r"\frac{1}{D} - \frac{\hat{x}_{ik} \hat{x}_{ij}}{D} \right)"
)
CONCLUSION = r"\frac{d v_j}{d x_{ij}} &= \frac{2}{n} (x_{ij} - \bar{x}_j)"


def found(prose, *rows):
    return [
        (v.status, v.problem.key if v.problem else "") for v in verdicts(prose, *rows, prove=False)
    ]


def test_a_bold_step_is_not_derived_and_names_the_definition():
    (row,) = verdicts(LAYERNORM, LEAP, prove=False)
    assert (row.status, row.problem.key) == ("underived", "not-derived")
    assert row.problem.values["found"] == r"\mu"
    assert r"\text{by definition of } \mu" in describe(row)[0]
    assert r"\text{由 } \mu \text{ 的定义}" in describe(row, "zh")[0]
    assert found(VARIANCE, CONCLUSION) == [("underived", "not-derived")]


WORDS = [
    r" \quad \text{by definition of } \mu",
    r" \quad (\text{by the definition of } \mu)",
    r" \qquad \text{(by definition of } \mu \text{)}.",
    r", \quad \text{by definition of $\mu$}",
    r" \quad \text{by definition of } \mu \text{ and } \sigma",
    r" \quad \text{由 } \mu \text{ 的定义}",
    r" \quad (\text{根据 } \mu \text{ 的定义})",
    r" \quad \text{由 $\mu$ 的定义}",
    r" \quad (\because \text{definition of } \mu)",
    r" \quad (\because \mu_i = \frac{1}{D} \sum_k x_{ik})",
]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_at_the_row_accepts_it(word):
    assert {s for s, _ in found(LAYERNORM, LEAP + word)} == {"checked"}
    wrong = LEAP.replace(r"\delta_{kj} -", r"\delta_{kj} +")
    assert "wrong" in {s for s, _ in found(LAYERNORM, wrong + word)}


def test_the_word_counts_for_its_row_and_a_because_from_there_on():
    assert {
        s for s, _ in found(VARIANCE, r"\because & \text{definition of } \bar{x}", CONCLUSION)
    } == {"checked"}
    (row,) = verdicts(VARIANCE, CONCLUSION + r" \quad \text{by definition of } \bar{x}")
    assert row.by == (r"\bar{x}",)
    assert row.status == "proved"
    assert r"by definition of \bar{x}" in describe(row)


def test_a_word_does_not_accept_a_slip_that_an_identity_hides():
    for word in ("", r" \quad \text{by definition of } \bar{x}"):
        (row,) = verdicts(VARIANCE, SLIP + word, prove=False)
        assert (row.status, row.problem.key) == ("wrong", "not-for-any")
        assert row.repair["en"].startswith("sign: - instead of +")


def test_what_is_named_must_be_defined():
    assert found(VARIANCE, CONCLUSION + r" \quad \text{by definition of } x") == [
        ("unchecked", "not-defined")
    ]
    assert (
        found(VARIANCE, CONCLUSION + r" \quad \text{by definition of } \theta")[0][0] == "unchecked"
    )
    # the wrong one does not help
    assert found(VARIANCE, CONCLUSION + r" \quad \text{by definition of } L") == [
        ("underived", "not-derived")
    ]


def test_what_follows_goes_on_from_a_bold_step():
    rows = (
        CONCLUSION,
        r"&= \frac{2 x_{ij} - 2 \bar{x}_j}{n}",
        r"&= \frac{2 x_{ij} + 2 \bar{x}_j}{n}",
    )
    assert [s for s, _ in found(VARIANCE, *rows)] == ["underived", "checked", "wrong"]


def test_the_command_line_fails_and_counts_it(tmp_path, capsys):
    path = tmp_path / "post.md"
    path.write_text(page(VARIANCE, CONCLUSION), "utf-8")
    assert main([str(path), "--no-proof"]) == 1
    out = capsys.readouterr().out
    assert f"{path}:6  not derived   " in out
    assert (
        out.splitlines()[-1]
        == "0 proved, 0 checked, 0 waived, 1 not derived, 0 not checked, 0 wrong"
    )


def test_what_a_fact_makes_usable_is_named_in_the_order_of_its_declaration():
    """Not in that of a set, which is another in each process."""
    prose = r"Let $x, y \in \mathbb{R}$, $q = x^2$, $p = y^2$, $s = x y$, $r = x - y$."
    (row,) = verdicts(prose, r"\because q - 2 s + p &= r^2", prove=False)
    assert row.cited == ("q", "p", "s", "r")
