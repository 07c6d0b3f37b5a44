"""A wrong row: found, explained, and the one change that repairs it named."""
# ruff: noqa: E501  (rows of a derivation are as long as they are)

from pathlib import Path

import pytest

from backprop.derivations.explain import describe
from backprop.derivations.page import verify_page
from backprop.derivations.problems import LANGUAGES

from .helpers import AFFINE, SOFTMAX, VARIANCE, verdicts

SEED = Path(__file__).parent / "seed.md"
SLIP = (
    r"\frac{d v_j}{d x_{ij}} &= \frac{2}{n} \Bigl( (x_{ij} - \bar{x}_j) "
    r"+ \sum_k (x_{kj} - \bar{x}_j) \frac{d \bar{x}_j}{d x_{ij}} \Bigr)"
)


def test_the_slip_of_the_original_is_found_and_named():
    ((_, report),) = verify_page(SEED.read_text("utf-8"))
    wrong = [v for v in report.verdicts if v.status == "wrong"]
    assert [v.line for v in wrong] == [32]
    (slip,) = wrong
    assert slip.problem.key == "not-for-any"
    assert slip.problem.values["found"] == r"\bar{x}"
    assert r"\frac{\partial \bar{x}_{j}}{\partial x_{ij}}" in slip.residue
    assert slip.repair["en"].startswith("sign: - instead of + before \\sum_{k}")
    # The rows that cannot be read are refused, each with advice; all others hold.
    refused = [v for v in report.verdicts if v.status == "unchecked"]
    assert [v.problem.key for v in refused] == ["two-dots"]
    assert sum(v.ok for v in report.verdicts) == 5


@pytest.mark.parametrize("d", ["d", r"\partial"])
@pytest.mark.parametrize("more", [(), (r"\because & \sum_k (x_{kj} - \bar{x}_j) = 0",)])
def test_the_slip_is_wrong_however_the_derivative_is_written(d, more):
    slip = SLIP.replace(r"\frac{d ", rf"\frac{{{d} ").replace("{d x", f"{{{d} x")
    found = verdicts(VARIANCE, slip, *more)
    assert (found[0].status, found[0].problem.key) == ("wrong", "not-for-any")


def test_an_identity_may_be_used_once_it_is_cited():
    conclusion = r"\frac{d v_j}{d x_{ij}} &= \frac{2}{n} (x_{ij} - \bar{x}_j)"
    fact = r"\because & \sum_k (x_{kj} - \bar{x}_j) = 0"
    (alone,) = verdicts(VARIANCE, conclusion)
    assert (alone.status, alone.problem.key) == ("underived", "not-derived")
    assert [v.status for v in verdicts(VARIANCE, fact, conclusion)] == ["proved", "proved"]
    # a derivative that a row states does not hide the slip
    slope = r"\frac{d \bar{x}_j}{d x_{ij}} &= \frac{1}{n}"
    assert [v.status for v in verdicts(VARIANCE, slope, SLIP)] == ["proved", "wrong"]


def test_a_wrong_fact_is_wrong():
    fact = r"\because & \sum_k (x_{kj} - \bar{x}_j) = \bar{x}_j"
    (found,) = verdicts(VARIANCE, fact)
    assert found.status == "wrong"


REPAIRS = {
    # the wrong row, what the message says
    "sign": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} + p_j)",
             "sign: - instead of + before p_j)"),
    "index": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_j (\delta_{ij} - p_j)",
              "index: i instead of j before (\\delta"),
    "factor": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= 3 p_i (\delta_{ij} - p_j)",
               "factor: 1 instead of 3 before p_i"),
    "missing factor": (VARIANCE, r"\frac{d \bar{x}_j}{d x_{ij}} &= 1", "factor: insert"),
    "power": (SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i^2 (\delta_{ij} - p_j)",
              "power: remove ^2"),
    "size": (VARIANCE, r"\frac{d \bar{x}_j}{d x_{ij}} &= \frac{1}{d}", "size: n instead of d"),
    "transpose": (AFFINE, r"\frac{\partial L}{\partial X} &= \frac{\partial L}{\partial Y} W",
                  "transpose: insert ^\\top after"),
    "order": (AFFINE, r"\frac{\partial L}{\partial X} &= W^\top \frac{\partial L}{\partial Y}",
              "order: \\frac{\\partial L}{\\partial Y} W^\\top instead of"),
    "range": (AFFINE, r"\frac{\partial L}{\partial b_k} &= "
                      r"\sum_{i=0}^{N} \frac{\partial L}{\partial Y_{ik}}", "range: 1 instead of 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", REPAIRS)
def test_the_single_change_that_repairs_a_row_is_named(name):
    prose, row, said = REPAIRS[name]
    (found,) = verdicts(prose, row)
    assert found.status == "wrong"
    assert found.repair["en"].startswith(said)
    assert found.repair["zh"] != found.repair["en"]


def test_the_message_has_the_values_and_what_is_left():
    (found,) = verdicts(VARIANCE, r"\frac{d \bar{x}_j}{d x_{ij}} &= \frac{2}{n}")
    text = "\n".join(describe(found))
    assert "left = 0.333333, right = 0.666667" in text
    assert "at n = 3, d = 2, " in text
    assert r"left − right = - \frac{1}{n}" in text
    assert all(describe(found, language) for language in LANGUAGES)
    assert describe(found, "zh")[0] == "左右不相等"


def test_nothing_is_built_on_a_wrong_row():
    rows = (
        r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} + p_j)",
        r"&= p_i \delta_{ij} - p_i p_j",
    )
    assert [v.status for v in verdicts(SOFTMAX, *rows)] == ["wrong", "proved"]


def test_a_derivative_by_what_nothing_depends_on_is_remarked():
    prose = VARIANCE + r" Let $C_{ij} = x_{ij} - \bar{x}_j$."
    (found,) = verdicts(prose, r"\frac{d v_j}{d C_{ij}} &= \frac{2}{n} C_{ij}")
    assert found.independent == (("v", "C"),)
    assert "v is not defined through C" in "\n".join(describe(found))


def test_the_reading_of_partial_derivatives_is_one_for_a_whole_block():
    prose = (
        r"Let $x \in \mathbb{R}^n$, $m = \frac{1}{n} \sum_k x_k$, $v = \frac{1}{n} \sum_k "
        r"(x_k - m)^2$, $y_i = \frac{x_i - m}{\sqrt{v}}$, $L = L(y)$."
    )
    held = (
        r"\frac{\partial L}{\partial m} &= \sum_i \frac{\partial L}{\partial y_i} "
        r"\frac{\partial y_i}{\partial m} + \frac{\partial L}{\partial v} "
        r"\frac{\partial v}{\partial m}"
    )
    total = (
        r"\frac{\partial L}{\partial m} &= \sum_i \frac{\partial L}{\partial y_i} "
        r"\frac{\partial y_i}{\partial m}"
    )
    (one,) = verdicts(prose, held, prove=False)
    (other,) = verdicts(prose, total, prove=False)
    assert (one.status, one.direct) == ("checked", True)
    assert (other.status, other.direct) == ("checked", False)
    assert sorted(v.status for v in verdicts(prose, held, total, prove=False)) == [
        "checked",
        "wrong",
    ]


def test_holding_others_fixed_needs_a_row_that_adds_up_paths():
    prose = r"Let $x \in \mathbb{R}^n$, $m = \frac{1}{n} \sum_k x_k$, $c_i = x_i - m$."
    (dropped,) = verdicts(prose, r"\frac{\partial c_i}{\partial x_j} &= \delta_{ij}", prove=False)
    assert dropped.status == "wrong"


@pytest.mark.parametrize(
    "row",
    [
        r"\frac{\partial p_i}{\partial z_j} &= p_i p_j, \quad i \ne j",
        r"\frac{\partial p_i}{\partial z_j} &= -p_i p_j, \quad i = j",
        r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j), \qquad \sum_k p_k = 2",
        r"p_i &= p_i + \underbrace{\sum_k p_k}_{=0}",
    ],
)
def test_every_part_of_a_row_counts(row):
    assert "wrong" in [v.status for v in verdicts(SOFTMAX, row, prove=False)]


def test_a_factor_within_an_indicator_is_seen():
    prose = (
        r"Let $z \in \mathbb{R}^C$, $y \in \{1, \dots, C\}$, "
        r"$L = \sum_{j \ne y} \max(0, z_j - z_y + 1)$."
    )
    row = (
        r"\frac{\partial L}{\partial z_k} &= \begin{cases} -\sum_{j \ne y} \mathbb{1}[z_j - z_y + 1"
        r" > 0] & k = y \\ \mathbb{1}[z_k - z_y + 1 > 0] & k \ne y \end{cases}"
    )
    assert [v.status for v in verdicts(prose, row, prove=False)] == ["checked"]
    for slip in ("[2 z_k - z_y", "[z_k - C z_y", "[z_k - z_y + 2 +"):
        wrong = row.replace("[z_k - z_y" if "+ 2" not in slip else "[z_k - z_y +", slip)
        assert [v.status for v in verdicts(prose, wrong, prove=False)] == ["wrong"], slip


def test_a_waiver_needs_a_reason_and_is_visible():
    row = r"\frac{\partial p_i}{\partial z_j} &= p_i + 7 \\ % unchecked: the next post shows it"
    waived, after = verdicts(SOFTMAX, row + "\n" + r"\sum_k p_k &= 1")
    assert (waived.status, waived.reason) == ("waived", "the next post shows it")
    assert after.status == "proved"
    assert describe(waived) == ["not checked: the next post shows it"]
    (silent,) = verdicts(SOFTMAX, r"p_i &= 7 % unchecked:")
    assert (silent.status, silent.problem.key) == ("unchecked", "no-reason")


def test_another_expression_can_stand_for_a_row():
    row = r"\frac{\partial p_i}{\partial z_j} &= p_i \ominus p_j % check: p_i (\delta_{ij} - p_j)"
    found = verdicts(
        SOFTMAX, row.replace("% check: ", r"% check: \frac{\partial p_i}{\partial z_j} = ")
    )
    assert [v.status for v in found] == ["proved"]
    assert any("verified in its place" in line for line in describe(found[0]))
    (wrong,) = verdicts(SOFTMAX, r"\sum_k p_k &= \heartsuit % check: \sum_k p_k = 2")
    assert wrong.status == "wrong"


RANGES = (
    r"Let $x \in \mathbb{R}^{N \times I}$, $r \in \mathbb{R}^{N \times K}$, $r_{nk} > 0$, "
    r"$\mu_{ki} = \frac{\sum_n r_{nk} x_{ni}}{\sum_n r_{nk}}$."
)


def test_a_repair_makes_the_whole_row_hold():
    row = r"\sum_{n} (r_{nk} x_{ni} - r_{nk} \mu_{ik}) &= 0"
    (found,) = verdicts(RANGES, row)
    assert found.problem.key == "index-range"
    assert "k i instead of ik" in found.repair["en"]
    # what repairs one step of a row and breaks another is no repair
    two = r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} + p_j) = p_i (\delta_{ij} + p_j)"
    (found,) = verdicts(SOFTMAX, two)
    assert found.repair is None


def test_a_fault_of_the_verifier_costs_one_row(monkeypatch):
    from backprop.derivations.evidence import scope
    from backprop.derivations.meaning.terms import Pow

    def broken(numbers, term, at, shift):
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setitem(scope.KINDS, Pow, broken)
    found = verdicts(SOFTMAX, r"p_i &= p_i", r"z_i + z_j &= z_j + z_i")
    assert [v.status for v in found] == ["unchecked", "proved"]
    said = describe(found[0])[0]
    assert "ZeroDivisionError: broken on purpose" in said
    assert "/derivations/" not in said


def test_what_is_said_does_not_depend_on_what_was_verified_before():
    row = r"\frac{\partial L}{\partial x_{ij}} = \frac{2}{n} \frac{\partial L}{\partial v_j} x_{ij}"
    said = {tuple(describe(verdicts(VARIANCE, row, prove=False)[-1])) for _ in range(3)}
    assert len(said) == 1


@pytest.mark.parametrize(
    ("declared", "row", "left"),
    [
        (r"x \in \mathbb{R}", r"\sqrt{x^2} &= x", "|"),
        (r"x > 0", r"\sqrt{x^2} &= 2 x", "- x"),
    ],
)
def test_what_is_left_is_no_zero_that_only_positive_numbers_have(declared, row, left):
    text = f"/// derivation | Root\nLet ${declared}$.\n\n$$\n{row}\n$$\n///\n"
    ((_, report),) = verify_page(text)
    (verdict,) = report.verdicts
    assert verdict.status == "wrong"
    assert left in verdict.residue.replace(r"\left|", "|"), verdict.residue
