"""Nothing is assumed in silence; what is assumed holds at every sample and is listed."""
# ruff: noqa: E501  (rows of a derivation are as long as they are)

import re

import pytest

from backprop.derivations.__main__ import main
from backprop.derivations.evidence.satisfy import draw_instance
from backprop.derivations.evidence.verify import verify
from backprop.derivations.explain import describe
from backprop.derivations.meaning.premises import PREMISES, role_of
from backprop.derivations.page import verify_page
from backprop.derivations.reading.find import derivations

from .helpers import page, site, verdicts


def report(prose, *rows):
    ((_, found),) = verify_page(page(prose, *rows), prove=False)
    return found


NEVER_A_DEFINITION = {
    # declarations and premise, a row that does not follow
    "a product that vanishes": (r"Let $u \in \mathbb{R}^n$, $\lambda \in \mathbb{R}$ with $\lambda (u^\top u - 1) = 0$.", r"\lambda &= 0"),
    "its other factor": (r"Let $u \in \mathbb{R}^n$, $\lambda \in \mathbb{R}$ with $\lambda (u^\top u - 1) = 0$.", r"u^\top u &= 1"),
    "a closed bound": (r"Let $t \in \mathbb{R}$, $\lambda \ge 0$ with $\lambda (t - 1) = 0$.", r"t &= 1"),
    "a product in brackets": (r"Let $a, b, c \in \mathbb{R}$ with $a (b + c) = 1$.", r"a (b + c) &= a"),
    "one entry": (r"Let $x_1, \dots, x_n \in \mathbb{R}$ with $x_1 = 0$.", r"\sum_k x_k &= 0"),
    "a square": (r"Let $t \in \mathbb{R}$ with $t^2 = 1$.", r"t &= 1"),
    "equal squares": (r"Let $a, b \in \mathbb{R}$ with $a^2 = b^2$.", r"a &= b"),
    "symmetry": (r"Let $A \in \mathbb{R}^{n \times n}$ with $A = A^\top$.", r"A &= I"),
    "an assumed equality": (r"Let $a, b \in \mathbb{R}$. Assume $a = b$.", r"\frac{\partial a}{\partial b} &= 1"),
    "orthogonality": (r"Let $Q \in \mathbb{R}^{n \times n}$ with $Q^\top Q = I$.", r"Q &= I"),
}  # fmt: skip


@pytest.mark.parametrize("name", NEVER_A_DEFINITION)
def test_an_assumption_is_no_definition(name):
    prose, row = NEVER_A_DEFINITION[name]
    found = report(prose, row)
    assert [v.status for v in found.verdicts] == ["wrong"]
    assert len(found.assumed) == 1


SILENT = [
    r"Let $x, y \in \mathbb{R}^n$. Recall that $\|x + y\|^2 = \|x\|^2 + \|y\|^2$.",
    r"Let $x, y \in \mathbb{R}^n$. The vectors: $x^\top y = 0$.",
    r"Let $x, y \in \mathbb{R}^n$. Then $x^\top y = 0$.",
    r"Let $x, y \in \mathbb{R}^n$. We know that $x = y$.",
    r"Let $x, y \in \mathbb{R}^n$. So $x = -y$.",
    r"Let $x, y \in \mathbb{R}^n$. If $x^\top y = 0$, this is easy.",
    r"设 $x, y \in \mathbb{R}^n$。由于 $x^\top y = 0$，",
    r"设 $x, y \in \mathbb{R}^n$。若 $x^\top y = 0$，",
    r"设 $x, y \in \mathbb{R}^n$。回忆 $\|x + y\|^2 = \|x\|^2 + \|y\|^2$。",
]


CASE = re.compile("If|若")


@pytest.mark.parametrize("prose", SILENT)
def test_an_equation_without_a_word_is_no_premise(prose):
    found = report(prose, r"\|x - y\|^2 &= \|x\|^2 + \|y\|^2")
    first, second = (v.status for v in found.verdicts)
    # A case that is refused may be what the row needs; of a claim there is nothing more to say.
    assert (first, second) == ("unchecked", "unchecked" if CASE.search(prose) else "wrong")
    assert found.assumed == []
    assert found.verdicts[0].problem.key in ("not-assumed", "prose-case")


SAID = [
    "Assume ", "Suppose that ", "Given ", "They satisfy ", "Let ", "Choose them such that ", "With ",
    "Both are under the constraint ", "假设 ", "假定 ", "给定 ", "已知 ", "它们满足 ", "设 ", "取 $x$ 使得 ",
]  # fmt: skip


@pytest.mark.parametrize("word", SAID)
def test_a_word_makes_a_premise_that_is_listed_where_it_is_used(word):
    prose = rf"Let $x, y \in \mathbb{{R}}^n$. {word}$x^\top y = 0$."
    found = report(prose, r"\|x - y\|^2 &= \|x\|^2 + \|y\|^2", r"\|x\|^2 &= x^\top x")
    assert [(p.line, p.text) for p in found.assumed] == [(2, r"x^\top y = 0")]
    used, unused = found.verdicts
    assert (used.status, used.assumed) == ("checked", (r"x^\top y = 0",))
    assert (unused.status, unused.assumed) == ("checked", ())
    assert any(line.startswith("assumes x^") for line in describe(used))
    assert any("前提" in line for line in describe(used, "zh"))


def test_what_is_said_of_an_assumption_is_in_the_guide():
    from .helpers import ROOT

    for language, words in (("en", "assume suppose given with let such that where"),
                            ("zh", "假设 给定 设 满足 使得 其中")):  # fmt: skip
        text = (ROOT / "docs" / language / "writing.md").read_text("utf-8")
        for word in words.replace("such that", "such_that").split():
            assert word.replace("_", " ") in text
            assert role_of(word.replace("_", " ")) in PREMISES


FOLLOWS = {
    "stationarity": (r"Let $x \in \mathbb{R}^n$, $\mu \in \mathbb{R}$, $\ell = -\sum_k (x_k - \mu)^2$ with $\frac{\partial \ell}{\partial \mu} = 0$.", r"\mu &= \frac{1}{n} \sum_k x_k"),
    "normal equations": (r"Let $X \in \mathbb{R}^{n \times d}$, $w \in \mathbb{R}^d$, $y \in \mathbb{R}^n$, $L = \|X w - y\|^2$. Assume $\frac{\partial L}{\partial w} = 0$.", r"X^\top X w &= X^\top y"),
    "symmetry": (r"Let $S \in \mathbb{R}^{n \times n}$, $x \in \mathbb{R}^n$ with $S = S^\top$.", r"\frac{\partial\, x^\top S x}{\partial x} &= 2 S x"),
    "symmetry the other way": (r"Let $S \in \mathbb{R}^{n \times n}$, $x \in \mathbb{R}^n$ with $S^\top = S$.", r"\frac{\partial\, x^\top S x}{\partial x} &= 2 S x"),
    "orthogonal columns, where there is room for them": (r"Let $Q \in \mathbb{R}^{n \times m}$, $x \in \mathbb{R}^m$ with $Q^\top Q = I_m$.", r"\|Q x\|^2 &= \|x\|^2"),
    "normalisation": (r"Let $z, y \in \mathbb{R}^C$ with $\sum_k y_k = 1$, $p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$, $L = -\sum_k y_k \log p_k$.", r"\frac{\partial L}{\partial z_j} &= p_j - y_j"),
    "bounds are kept": (r"Let $x \in \mathbb{R}^{N \times I}$, $\mu \in \mathbb{R}^{K \times I}$, $r \in \mathbb{R}^{N \times K}$, $r_{nk} > 0$ with $\sum_n r_{nk} (x_{ni} - \mu_{ki}) = 0$.", r"\frac{\sum_n r_{nk} x_{ni}}{\sum_n r_{nk}} &= \mu_{ki}"),
    "labels of 0 and 1": (r"Let $y \in \{0, 1\}^C$ with $\sum_k y_k = 1$.", r"y_i^2 &= y_i", r"\sum_k y_k^2 &= 1"),
    "a double zero": (r"Let $x, y \in \mathbb{R}^n$ with $\|x - y\|^2 = 0$.", r"x_i &= y_i"),
    "two of them": (r"Let $x, a \in \mathbb{R}^n$ with $\sum_k x_k = 0$ and $\sum_k a_k = 1$.", r"\sum_k (x_k + a_k) &= 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLLOWS)
def test_what_follows_from_premises_is_accepted(name):
    prose, *rows = FOLLOWS[name]
    found = report(prose, *rows)
    assert [v.problem for v in found.verdicts if not v.ok] == []
    assert found.assumed
    assert any(v.assumed for v in found.verdicts)


def test_samples_keep_every_bound_and_assumption():
    prose = (
        r"Let $a \in \mathbb{R}^n$, $a_i > 0$, $p \in (0, 1)$, $t < -1$, $m \in \{0, 1\}^n$ "
        r"with $\sum_k a_k = 3 p - t$."
    )
    (block,) = derivations(page(prose, "t &= t"))
    world = verify(block, prove=False)[1]
    for number in range(12):
        values = draw_instance(world, number).variables
        assert (values["a"] > 0).all()
        assert 0 < values["p"] < 1
        assert values["t"] < -1
        assert set(values["m"].ravel()) <= {0, 1}
        assert abs(values["a"].sum() - 3 * values["p"] + values["t"]) < 1e-10


IMPOSSIBLE = {
    "no such number": (r"Let $t \in \mathbb{R}$ with $t^2 = -1$.", "unsatisfiable"),
    "out of its bounds": (r"Let $t > 0$ with $t = -1$.", "contradictory"),
    "two that contradict each other": (r"Let $t \in \mathbb{R}$ with $2 t = 1$ and $3 t = 1$.", "unsatisfiable-with"),
    "bounds": (r"Let $t > 1$ and $t < 0$.", "contradictory"),
    "numbers": (r"Let $p, q \in (0, 1)$ with $p + q = 3$.", "unsatisfiable"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_premises_that_cannot_hold_are_an_error(name):
    prose, key = IMPOSSIBLE[name]
    found = report(prose, "1 &= 1")
    assert [v.problem.key for v in found.verdicts if not v.ok] == [key]
    assert not found.ok


def test_a_bound_restricts_what_is_declared_only_by_a_word():
    x = r"Let $x \in \mathbb{R}^n$, $s = \sum_k x_k$."
    assert report(x + r" So $x_i > 0$.", r"|x_i| &= x_i").verdicts[0].problem.key == "bound-claimed"
    assert report(x + r" Then $s > 0$.", r"|s| &= s").verdicts[0].problem.key == "bound-claimed"
    assert report(x + r" Let $x_i > 0$.", r"|x_i| &= x_i").ok
    # the tighter of two bounds counts
    assert not report(r"Let $t > 1$. Let $t > 0$.", r"|t - 1| &= 1 - t").ok
    assert report(r"Let $t > 1$. Let $t > 0$.", r"|t - 1| &= t - 1").ok


def test_a_case_of_indices_is_a_remark():
    prose = r"Let $p \in \mathbb{R}^n$. If $i = k$, this is easy; when $i \ne k$, it is not."
    assert report(prose, r"\sum_i p_i &= \sum_k p_k").ok
    (row,) = report(prose, r"p_i &= p_k").verdicts
    assert row.status != "checked"


def test_a_claim_of_the_prose_holds_by_itself():
    prose = r"Let $a, b \in \mathbb{R}$. Recall that $(a + b)^2 = a^2 + 2 a b + b^2$."
    found = report(prose, r"(a + b)^2 - a^2 &= 2 a b + b^2")
    assert [v.kind for v in found.verdicts] == ["claim", "row"]
    assert found.ok
    assert found.assumed == []


def test_every_fact_of_a_because_counts():
    prose = r"Let $x, y \in \mathbb{R}^{n}$, $m = \frac1n \sum_k x_k$, $q = \frac1n \sum_k y_k$, $v = \frac1n \sum_k (x_k - m) (y_k - q)$."
    facts = r"\sum_k (x_k - m) = 0, \quad \sum_k (y_k - q) = 0"
    rows = r"\frac{d v}{d x_i} + \frac{d v}{d y_i} &= \frac1n (y_i - q) + \frac1n (x_i - m)"
    for given in (
        (rf"\because & {facts}", rows),
        (rf"{rows} \quad (\because {facts})",),
        ("\\because & " + facts.replace(r", \quad", r" \text{ and }"), rows),
    ):
        found = verdicts(prose, *given, prove=False)
        assert [v.status for v in found] == ["checked"] * 3
    assert [v.ok for v in verdicts(prose, rows, prove=False)] == [False]


def test_the_command_line_and_the_page_show_what_is_assumed(tmp_path, capsys):
    prose = "Let $x, y \\in \\mathbb{R}^n$ with $x^\\top y = 0$."
    text = page(prose, r"\|x - y\|^2 &= \|x\|^2 + \|y\|^2")
    path = tmp_path / "post.md"
    path.write_text(text, "utf-8")
    assert main([str(path), "--verbose"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{path}:2  assumed      x^\\top y = 0"
    assert "    assumes x^\\top y = 0" in out
    done = site(tmp_path, "# T\n\n" + text, "backprop/derivations")
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert html.count("bp-mark-assumed") == 2  # behind the formula, and in the legend
    (label,) = [a for a in html.split('aria-label="') if a.startswith("proved for all")]
    assert "assumes x⊤ y = 0" in label.split('"')[0].replace("^", "")


W = r"Let $w, b \in \mathbb{R}$, $v \in \mathbb{R}^n$, $L = w^2 + b$, $h \in \mathbb{R}$, $\ell_i = w v_i$."
APPLIED = {
    # a row with a declared name in front of brackets: is it read, and then right?
    "a function of what it is defined by": (r"\frac{d}{dw} L(w) &= 2 w", True),
    "of all of it": (r"\frac{\partial L(w, b)}{\partial w} &= 2 w", True),
    "its square": (r"\frac{d L(w)^2}{dw} &= 4 w L(w)", True),
    "an indexed one": (r"\frac{\partial \ell_i(w)}{\partial w} &= v_i", True),
    "not the product": (r"\frac{d}{dw} L(w) &= 3 w^2 + b", False),
    "something else": (r"L(h) &= h L", False),
    "at a number": (r"L(0) &= 0", False),
    "at two names": (r"L(w, h) &= w h L", False),
    "a plain variable": (r"h(w) &= h w", False),
    "a size": (r"n(w) &= n w", False),
    "an entry": (r"v_i(w) &= v_i w", False),
    "elsewhere, once it was applied": (r"L(w + h) - L(w) &= L \cdot (w + h) - L", False),
    "elsewhere, by a variable that it is defined by": (r"L(w + 1) &= L \cdot (w + 1)", False),
    "a constant": (r"\pi(w) &= \pi w", False),
    "products, by a dot": (r"L \cdot (w) &= w L", True),
    "products, of sums": (r"h (w + b) &= h w + h b", True),
    "products, of entries": (r"\ell_i (v_i + 1) &= \ell_i v_i + \ell_i", True),
    "products, with itself": (r"L (1 - L) &= L - L^2", True),
    "products, set apart": (r"v_i\,(w) &= w v_i", True),
}  # fmt: skip


@pytest.mark.parametrize("name", APPLIED)
def test_brackets_behind_a_name_are_an_application_or_refused(name):
    row, right = APPLIED[name]
    (found,) = report(W, row).verdicts
    assert found.ok == right
    if not right and name != "not the product":
        assert found.problem.key in ("applied-or-product", "call-or-product")


def test_a_function_with_arrays_as_values_is_read():
    prose = r"Let $t \in \mathbb{R}$, $a : \mathbb{R} \to \mathbb{R}^{n}$, $v \in \mathbb{R}^n$."
    right = report(prose, r"v^\top a(t) &= \sum_i v_i a(t)_i", r"\frac{d}{dt} a(t) &= a'(t)")
    assert [v.status for v in right.verdicts] == ["checked", "checked"]
    (wrong,) = report(prose, r"a(t) &= 2 a(t)").verdicts
    assert wrong.status == "wrong"
