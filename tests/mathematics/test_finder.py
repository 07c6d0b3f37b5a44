"""Which text is a formula, in every place where Markdown allows text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings, strategies
from markdown import Markdown

from backprop.site.mathematics.finder import PLACEHOLDER, Formula, MathematicsExtension, roughly

EXTENSIONS = [
    "admonition",
    "footnotes",
    "tables",
    "def_list",
    "attr_list",
    "md_in_html",
    "toc",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.details",
]


def find(text: str, *more: object) -> tuple[list[Formula], str]:
    """The formulas of a page in the order of its HTML, and the HTML with ⟦tex⟧ in their place."""
    found: list[Formula] = []

    def finish(html: str, formulas: list[Formula], md: Markdown) -> str:
        def show(match: re.Match[str]) -> str:
            found.append(formulas[int(match[1])])
            return f"⟦{found[-1].tex}⟧"

        return PLACEHOLDER.sub(show, html)

    extension = MathematicsExtension(finish, lambda formula: formula.tex)
    html = Markdown(extensions=[*EXTENSIONS, *more, extension]).convert(text)
    return found, html


@pytest.mark.parametrize(
    ("text", "tex", "display"),
    [
        ("so $x$ is", "x", False),
        (r"so \(x_1\) is", "x_1", False),
        ("$a_b$ and *$c_d$*", "a_b c_d", False),
        ("**bold $x^*$**", "x^*", False),
        (r"see \eqref{eq:a}", r"\eqref{eq:a}", False),
        (r"$\text{\$5}$", r"\text{\$5}", False),
        (r"$x \\ y$", r"x \\ y", False),
        ("$a\n+ b$", "a\n+ b", False),
        ("$a<b$ and $c>d$", "a<b c>d", False),
        ("$i<p$ and $a &lt b$", "i<p a &lt b", False),
        ("是$x$的", "x", False),
        ("$$x$$", "x", True),
        ("$$\nx\n\n+ y\n$$", "x\n\n+ y", True),
        ("text\n$$\nx\n$$\ntext", "x", True),
        ("\\[\nx\n\\]", "x", True),
        ("\\[ x \\]", " x ", True),
        (
            "\\begin{align}\na\n\n&= b\n\\end{align}",
            "\\begin{align}\na\n\n&= b\n\\end{align}",
            True,
        ),
        (
            "\\begin{align}\n\\begin{align}a\\end{align}\n\\end{align}",
            "\\begin{align}\n\\begin{align}a\\end{align}\n\\end{align}",
            True,
        ),
        ("$$\n\\text{$x$ \\$$y$}\n$$", "\\text{$x$ \\$$y$}", True),
        ("```math\nx\n\ny\n```", "x\n\ny", True),
        ("~~~ {.math}\nx\n~~~", "x", True),
        ("````md\n```math\nx\n```\n````\n\n$y$", "y", False),
        ("- item\n\n    $$\n    x\n    $$", "x", True),
        ("- $$x$$", "x", True),
        ("1. one\n\n    ```math\n    x\n    ```", "x", True),
        ("!!! note\n    $$\n    x\n    $$", "x", True),
        ("!!! note\n    - a\n\n        $$\n        x\n\n        y\n        $$", "x\n\ny", True),
        ("??? tip\n\n    \\[ x \\]", " x ", True),
        ('=== "Tab"\n\n    ```math\n    x\n    ```', "x", True),
        ("> $$\n> x > y\n>\n> < z\n> $$", "x > y\n\n< z", True),
        ("> a\n> $$x$$\n> b", "x", True),
        ("a[^1]\n\n[^1]: $$x$$", "x", True),
        ("Term\n:   $$x$$", "x", True),
        ("| a |\n| --- |\n| $$x$$ |", "x", True),
        ("| a |\n| --- |\n| $x$ |", "x", False),
        ("## $$x$$", "x", True),
        ("$$x$$ {#id}", "x", True),
        ("\t- $a$\n\n\t\t$b$", "", False),
        ("- a\n\n\t$$\n\tx\n\t$$", "x", True),
        ("- a\n    - b\n        - c\n\n            $$\n            x\n            $$", "x", True),
        ("1. a\n\n    > !!! note\n    >     $$\n    >     x\n    >     $$", "x", True),
        ("<div markdown>\n$$\nx\n$$\n</div>", "x", True),
        ("<div>\n$$\nx\n$$\n</div>", "x", True),
    ],
)
def test_formulas(text: str, tex: str, display: bool) -> None:
    found, html = find(text)
    assert " ".join(formula.tex for formula in found) == tex
    assert all(formula.display is display for formula in found)
    assert not any(formula.problem for formula in found)
    assert "$$" not in html.replace(tex, "")


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $6, or US$5/US$6.",
        "$ x $ is not one",
        "a $x $ b",
        r"\$x\$",
        r"\\(no\\)",
        "`$x$` and ``$$``",
        "```\n$$\nx\n$$\n```",
        "~~~python\n$x$\n~~~",
        "para\n\n    $x$\n",
    ],
)
def test_no_formula(text: str) -> None:
    assert find(text)[0] == []


def test_a_paragraph_around_a_displayed_formula_is_split() -> None:
    assert find("one\n$$\nx\n$$\ntwo")[1] == "<p>one</p>\n<p>⟦x⟧</p>\n<p>two</p>"


def test_a_quotation_goes_on_after_a_formula() -> None:
    assert find("> one\n> $$x$$\n> two")[1].count("<blockquote>") == 1


def test_arithmatex_of_a_project_gives_way() -> None:
    found, html = find("$x$\n\n$$y$$", "pymdownx.arithmatex")
    assert [formula.tex for formula in found] == ["x", "y"]
    assert "arithmatex" not in html


def test_headings_keep_readable_ids() -> None:
    assert '<h2 id="slope-a_b-here">' in find("## Slope $a_b$ here")[1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("$$\nx", "$$ is never closed by $$"),
        ("$$\nx\n\n## Heading\n\n$$y$$", "$$ is never closed by $$"),
        ("\\begin{align}\nx\n\\end{aligned}", "\\begin{align} is never closed by \\end{align}"),
        ("$$\nx\n$$ and on", "text after $$: and on"),
    ],
)
def test_broken_blocks(text: str, problem: str) -> None:
    found, _ = find(text)
    assert found[0].problem == problem


def test_a_second_page_forgets_the_first() -> None:
    pages: list[list[str]] = []

    def finish(html: str, formulas: list[Formula], md: Markdown) -> str:
        pages.append([formula.tex for formula in formulas])
        return html

    md = Markdown(extensions=[MathematicsExtension(finish, lambda formula: formula.tex)])
    for text in ("$a$", "$b$"):
        md.convert(text)
    assert pages == [["a"], ["b"]]


PARTS = [
    *("$", "$$", "\\$", "\\\\", "`", "```", "```math", "~~~", "\\[", "\\]", "\\(", "\\)", "x"),
    *("\\begin{align}", "\\end{align}", "\\eqref{a}", "\n", "\n\n", "\n    ", "\n> ", "\n- "),
    *("<div>", "</div>", "<!--", "-->", "&lt;", "{#i}", "# ", "[^1]", "[^1]: ", "!!! note\n    "),
    *("a_b*", " ", "|", "中"),
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(strategies.lists(strategies.sampled_from(PARTS), max_size=14).map("".join))
def test_no_text_breaks_the_search(text: str) -> None:
    _, html = find(text)
    assert "bpm" not in PLACEHOLDER.sub("", html)
    assert "bpd" not in html


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    strategies.lists(strategies.sampled_from([p for p in PARTS if not set(p) & set("$\\~`")])).map(
        "".join
    )
)
def test_pages_without_formulas_stay_as_they_are(text: str) -> None:
    assert find(text)[1] == Markdown(extensions=EXTENSIONS).convert(text)


def test_an_edit_tells_whether_it_has_a_new_formula() -> None:
    was = "It costs $5.\n\n$a$ and\n\n$$\nb\n\n= c\n$$\n"
    prose, formula = was.replace("and", "or"), was.replace("= c", "= d")
    assert set(roughly(prose)) <= set(roughly(was))
    for new in (formula, was + "\\(d\\)", was + "\\begin{align*}\nd\n\\end{align*}", was + "$d$"):
        assert set(roughly(new)) - set(roughly(was)), new
