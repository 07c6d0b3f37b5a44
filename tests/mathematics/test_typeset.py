"""Numbers, labels, references, macros, traps; and formulas as a line of text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backprop.program.store import Store
from backprop.site.mathematics.engine import Engine
from backprop.site.mathematics.finder import Formula
from backprop.site.mathematics.markup import markup
from backprop.site.mathematics.typeset import Refused, Typeset, Typesetter, without_comments


def page(typesetter: Typesetter, *texs: str) -> list[Typeset | Refused]:
    return typesetter.page([Formula(tex, "\\begin" in tex or "\\tag" in tex, tex) for tex in texs])


def plain(results: list[Typeset | Refused]) -> list[str]:
    return [r.plain if isinstance(r, Typeset) else f"! {r.message}" for r in results]


EQUATION = r"\begin{equation} %s \end{equation}"


def test_numbers_run_through_the_page(typesetter: Typesetter) -> None:
    results = page(
        typesetter,
        EQUATION % "a",
        r"\begin{align} b &= c \\ d &= e \nonumber \\ f &= g \end{align}",
        r"\begin{align*} h \end{align*}",
        r"x \tag{A}",
        EQUATION % "k",
    )
    tags = [re.findall(r"\((\w)\)", text) for text in plain(results)]
    assert tags == [["1"], ["2", "3"], [], ["A"], ["4"]]


def test_references_forward_and_backward(typesetter: Typesetter) -> None:
    results = page(
        typesetter,
        r"\eqref{later}",
        EQUATION % r"a \label{first}",
        r"x \text{ by } \eqref{first} \text{ and } \ref{named}",
        EQUATION % r"b \label{later} \eqref{first}",
        r"c \tag{T} \label{named}",
    )
    assert plain(results)[0] == "(2)"
    assert plain(results)[2] == "x by (1) and T"
    assert "(1)" in plain(results)[3]
    forward, _, both, _, _ = results
    assert isinstance(forward, Typeset)
    assert isinstance(both, Typeset)
    assert 'href="#mjx-eqn%3Alater"' in forward.html
    assert 'href="#mjx-eqn%3Anamed"' in both.html


def test_only_labels_have_ids(typesetter: Typesetter) -> None:
    results = page(typesetter, EQUATION % "a", EQUATION % r"b \label{l}")
    ids = [re.findall(r' id="([^"]*)"', r.html) for r in results if isinstance(r, Typeset)]
    assert ids == [[], ["mjx-eqn:l"]]


@pytest.mark.parametrize(
    ("texs", "message"),
    [
        ([r"\eqref{nowhere}"], "no equation of this page has the label 'nowhere'"),
        ([EQUATION % r"\label{a} x", r"\ref{b}"], "label 'b' (there are: a)"),
        ([EQUATION % r"\label{a} x", EQUATION % r"\label{a} y"], "the label 'a' is given twice"),
        ([EQUATION % r"\label{a} x", EQUATION % r"\label{a} x"], "the label 'a' is given twice"),
        ([r"x \label{a}"], "an equation without a number"),
        (["a &lt; b"], "HTML's &lt;"),
        (["50%"], r"write \%"),
        ([r"\require{physics} x"], "extensions"),
        ([r"\color{red}{x} y"], r"\textcolor"),
        ([r"\frac{1}{"], "Missing close brace"),
        ([r"\mathbb{R}", r"\nope"], r"Undefined control sequence \nope"),
    ],
)
def test_problems(typesetter: Typesetter, texs: list[str], message: str) -> None:
    results = page(typesetter, *texs)
    problems = [result.message for result in results if isinstance(result, Refused)]
    assert len(problems) == 1
    assert message in problems[0]


@pytest.mark.parametrize(
    "tex", [r"50\%", "a % note\n+ b", r"\textcolor{red}{x}", "a<b>c", r"a\\%x" "\nb"]
)
def test_no_problems(typesetter: Typesetter, tex: str) -> None:
    assert isinstance(page(typesetter, tex)[0], Typeset)


def test_macros_hold_from_where_they_are_defined(typesetter: Typesetter) -> None:
    first, second, third = page(
        typesetter, r"\mine", r"\newcommand{\mine}{\alpha} \mine", r"\mine + 1"
    )
    assert isinstance(first, Refused)
    assert isinstance(second, Typeset)
    assert isinstance(third, Typeset)
    assert third.plain == "α + 1"
    # … and not on the next page, whatever the cache has seen.
    assert isinstance(page(typesetter, r"\mine + 1")[0], Refused)


def test_a_definition_may_stand_in_an_equation_with_a_label(typesetter: Typesetter) -> None:
    results = page(
        typesetter,
        r"\newcommand{\mine}{\alpha} " + EQUATION % r"\mine \label{a}",
        r"\mine + \eqref{a}",
        r"\mine - \eqref{a}",
    )
    assert plain(results)[1:] == ["α + (1)", "α − (1)"]


def test_one_mistake_is_one_complaint(typesetter: Typesetter) -> None:
    results = page(typesetter, EQUATION % r"\nope \label{a}", r"\eqref{a}")
    assert [isinstance(result, Refused) for result in results] == [True, False]


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\frac{\partial out}{\partial x_{ij}}", "∂out/∂x_ij"),
        (r"\frac{a+b}{c}", "(a + b)/c"),
        (r"\sqrt{x+1}", "√(x + 1)"),
        (r"\sum_{k} \bar{x}_k^2", "∑_k x̄_k^2"),
        (r"\mathbf{x} \in \mathbb{R}^n", "x ∈ R^n"),
        (r"\text{中文}", "中文"),
        (r"a < b", "a < b"),
        (r"\hat{x}", "x̂"),
    ],
)
def test_plain_text(typesetter: Typesetter, tex: str, text: str) -> None:
    result = page(typesetter, tex)[0]
    assert isinstance(result, Typeset)
    assert result.plain == text


def test_markup_is_free_of_debris(typesetter: Typesetter) -> None:
    result = page(typesetter, r"\begin{align} a &= \text{中} \label{x} \\ b &= c \end{align}")[0]
    assert isinstance(result, Typeset)
    for debris in ("data-", "NaN", "MathJax", 'style=""', "> <"):
        assert debris not in result.html
    for debris in ("data-", "class=", "href=", "id=", "\n", "&#x4"):
        assert debris not in result.mml


def test_comments_are_not_copied() -> None:
    assert without_comments("a % note\n+ 5\\% \\\\% end\nb") == "a + 5\\% \\\\ b"


def test_what_was_typeset_before_needs_no_process(engine: Engine, tmp_path: Path) -> None:
    texs = [EQUATION % r"a \label{first}", r"\eqref{first}", "x", EQUATION % "b"]
    kept = Store(tmp_path / "made")
    first = page(Typesetter(engine, kept), *texs)
    kept.keep()
    idle = Engine(engine.settings)
    assert page(Typesetter(idle, Store(tmp_path / "made")), *texs) == first
    assert idle.started == 0


def test_a_short_formula_in_a_line_is_marked_to_stay_whole(typesetter: Typesetter) -> None:
    """What has no place to break needs no mark; what is wider than a phone has to break there."""
    long = "y = " + " + ".join(f"x_{{{i}}}" for i in range(20))
    shown = [markup(typesetter.one(tex, False), "en") for tex in ("k = i", "k", long)]
    shown.append(markup(typesetter.one("k = i", True), "en"))
    assert [' class="bp-short"' in html for html in shown] == [True, False, False, False]


def test_a_formula_in_a_line_is_not_the_same_formula_displayed(typesetter: Typesetter) -> None:
    """Nor is it taken for it when one of them is remembered."""
    tex = r"\sum_{i=1}^n \frac{x_i}{n}"
    inline, displayed = (typesetter.one(tex, display).html for display in (False, True))
    assert inline != displayed
    assert [typesetter.one(tex, display).html for display in (False, True)] == [inline, displayed]


@pytest.mark.parametrize(
    "tex", ["x = y", r"x = y \tag{1}", r"\begin{align} a &= b \\ c &= d \end{align}"]
)
def test_a_displayed_formula_says_how_much_room_it_takes(typesetter: Typesetter, tex: str) -> None:
    formula = typesetter.one(tex, True)
    tag = re.match(r"<mjx-container[^>]*>", markup(formula, "en"))
    assert tag
    styles = re.findall(r' style="([^"]*)"', tag[0])
    assert len(styles) == 1
    assert f"contain-intrinsic-size:{formula.width:.3f}em {formula.height:.3f}em" in styles[0]
    assert ("min-width" in styles[0]) == (tex != "x = y")
