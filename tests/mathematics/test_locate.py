"""Lines of formulas in source files."""

from __future__ import annotations

import pytest

from backprop.site.mathematics.locate import Source


@pytest.mark.parametrize(
    ("text", "asked", "line"),
    [
        ("---\ntitle: $x$ no\n---\n\n$x$", ["$$x$$", "$x$ no"], 2),
        ("a\n$x$ b", ["$x$"], 2),
        ("$$x$$\n\n$x$", ["$x$"], 3),
        ("a\nb $ c", ["$ missing", "$"], 2),
        (r"\$x$ $x$" + "\n$x$", ["$x$"], 1),
        ("```\n$x$\n```\n\n`$x$`\n\n<!-- $x$ -->\n\n$x$", ["$x$"], 9),
        ("```math\nx\n```", ["```math\nx\n```"], 1),
        ("> a\n> $$\n> x\n> y\n> $$", ["$$\nx\ny\n$$"], 2),
        ("- a\n\n    - $a\n      + b$", ["$a\n+ b$"], 3),
        ("# a\n\nfoo $$ bar", ["missing", "$$ bar"], 3),
        ("nothing", ["$x$"], None),
    ],
)
def test_line(text: str, asked: list[str], line: int | None) -> None:
    assert Source(text).line(*asked) == line


def test_the_same_formula_again_is_its_next_occurrence() -> None:
    source = Source("$x$\n\n$x$ and $x$\n\n$y$")
    assert [source.line("$x$") for _ in range(4)] == [1, 3, 3, 3]
    assert source.line("$y$") == 5


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("$x$\n\n$x$ and $x$\n\n$y$", {"$x$": [1, 3, 3, 3], "$y$": [5], "$z$": [None]}),
        # One that is shown below stands above: what is asked for next is found again.
        ("$n$\n$x$\n\n$x$", {"$x$": [2, 4], "$n$": [1]}),
        ("> a\n> $$\n> x > y\n> > z\n> $$\n\n\\$x > y", {"$$\nx > y\n> z\n$$": [2]}),
        ("$x$$\n`$x$`\n- $a\n  b$", {"$x$": [None], "$a b$": [3]}),
    ],
)
def test_formulas_in_the_order_of_the_page(text: str, lines: dict[str, list[int | None]]) -> None:
    source = Source(text)
    assert {raw: [source.next(raw) for _ in found] for raw, found in lines.items()} == lines


def test_what_is_left_is_no_formula() -> None:
    source = Source("$a$\n$b$ and $\n$$c$$")
    assert [source.next(raw) for raw in ("$a$", "$b$", "$$c$$")] == [1, 2, 3]
    assert source.line("$", length=1) == 2
    assert source.line("$$") is None
