"""TeX to tokens: one table says what each command and character is read as."""

from collections import Counter

import pytest

from backprop.derivations.reading.lexer import ROWS, lexed

READ = [
    (r"x^23", "LETTER x, SUP ^, LBRACE {, NUMBER 2, RBRACE }, NUMBER 3"),
    (r"3.14.", "NUMBER 3.14, COMMA ."),
    (r"\frac1{n}", r"FRAC \frac, LBRACE {, NUMBER 1, RBRACE }, LBRACE {, LETTER n, RBRACE }"),
    (r"||a||_2", "LABS norm, LETTER a, RABS norm, SUB _, LBRACE {, NUMBER 2, RBRACE }"),
    (r"|a||b|", "LABS abs, LETTER a, RABS abs, LABS abs, LETTER b, RABS abs"),
    (r"p(a | s)", "LETTER p, LPAR (, LETTER a, REL |, LETTER s, RPAR ("),
    (r"\left| a \right|", "LABS abs, LETTER a, RABS abs"),
    (r"a \stackrel{\text{def}}{=} 1", "LETTER a, REL :=, NUMBER 1"),
    (r"\boxed{a}.", "LETTER a, COMMA ."),
    (r"\text{so that } \text{tr}", "REMARK so that, NAME tr"),
    (r"w^*", r"LETTER w, SUP ^, LBRACE {, SYMBOL \ast, RBRACE }"),
]


def test_each_command_stands_in_one_row():
    """Else the order of the rows would decide."""
    rows = Counter(token for tokens, _ in ROWS for token in tokens)
    assert [token for token, count in rows.items() if count > 1] == []


@pytest.mark.parametrize(("tex", "tokens"), READ, ids=[tex for tex, _ in READ])
def test_tokens(tex, tokens):
    assert ", ".join(f"{kind} {value}" for kind, value, *_ in lexed(tex).tokens) == tokens
