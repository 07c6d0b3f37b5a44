"""Words and wide spaces in a formula: what is a remark, and what belongs to the mathematics."""

from __future__ import annotations

from backprop.derivations.reading.commands import NAMED
from backprop.derivations.reading.scanner import Scanner

Token = tuple[str, str, int, int]

# What words may stand beside: the ends of a row or cell, relations and commas.
BESIDE_WORDS = frozenset({"", "REL", "COMMA", "AMP", "NEWROW", "BEGIN", "END"})
BESIDE_GAPS = BESIDE_WORDS | {"SIGN"}
ENDS = frozenset({"AMP", "NEWROW", "END"})
BINDS = frozenset({"SIGN", "OP", "SUB", "SUP", "PRIME"})  # what needs something before it
FACTORS = frozenset({"NUMBER", "LETTER", "SYMBOL", "RPAR", "RABS", "RBRACE", "OP", "SIGN"})
# Words that stand alone in derivations and name nothing.
WORDS = "so then thus hence therefore since because if when where with for and or as by let"
CONNECTIVES = frozenset(f"{WORDS} otherwise else done QED".split())


def without_words(scan: Scanner, names: frozenset[str] | None) -> list[Token]:
    """The tokens of a formula without its remarks and wide spaces. `names`: the words that \\text
    spells as a name (None: all).

    Raises `Unreadable` where a remark or a space stands between factors.
    """
    words = [_is_words(scan, token, names) for token in scan.tokens]
    given = _without_brackets(scan, words)
    tokens: list[Token] = []
    for place, (token, is_words) in enumerate(given):
        rest = given[place + 1 :]
        before = tokens[-1][0] if tokens else ""
        after = next((t[0] for t, w in rest if t[0] != "GAP" and not w), "")
        if token[0] == "GAP":
            if any(w for _, w in rest) and _ends(tokens, rest):
                break
            if before not in BESIDE_GAPS and after not in BESIDE_GAPS:
                raise scan.fail("gap", token[2], token[3])
        elif not is_words:
            if before == "COMMA" and token[0] in ENDS:
                tokens.pop()  # a comma that ends a cell
            tokens.append(token)
        else:
            following = rest[0][0][0] if rest else ""
            apart = place > 0 and given[place - 1][0][0] == "GAP"
            if not apart and _is_name(scan, token, before, following):
                tokens.append(("NAME", *token[1:]))
            elif _ends(tokens, rest):
                break
            elif after in BINDS or (before not in BESIDE_WORDS and after not in BESIDE_WORDS):
                raise scan.fail("words-inside", token[2], token[3])
    while tokens and tokens[-1][0] == "COMMA":
        tokens.pop()
    return tokens


def _is_words(scan: Scanner, token: Token, names: frozenset[str] | None) -> bool:
    kind, word, start, _ = token
    if kind == "NAME" and names is not None and scan.tex.startswith("\\text", start):
        # Not the d of \frac{\text{d}y}{\text{d}x}, and no function: \text{tr} A
        return word not in names and word != "d" and word not in NAMED
    return kind == "REMARK"


def _without_brackets(scan: Scanner, words: list[bool]) -> list[tuple[Token, bool]]:
    """(\\text{quotient rule}) is a remark, brackets and all; 2(\\text{loss}) holds a name."""
    out: list[tuple[Token, bool]] = []
    tokens, at = scan.tokens, 0
    while at < len(tokens):
        end = at + 1
        while end < len(tokens) and words[end]:
            end += 1
        if (
            tokens[at][0] == "LPAR"
            and end > at + 1
            and [t[0] for t in tokens[end : end + 1]] == ["RPAR"]
        ):
            before = out[-1][0][0] if out else ""
            if end > at + 2 or not (before in FACTORS and tokens[at + 1][0] == "NAME"):
                at = end + 1
                continue
            words[at + 1] = False
        out.append((tokens[at], words[at]))
        at += 1
    return out


def _is_name(scan: Scanner, token: Token, before: str, after: str) -> bool:
    """Is \\text{loss} part of the formula? It is where it is called, indexed or stands for a side;
    beside a factor, unless it is set off by a space or is a word such as \\text{if}."""
    kind, word, start, end = token
    if kind != "NAME" or word in CONNECTIVES:
        return False
    inside = scan.tex[start:end].partition("{")[2].removesuffix("}")
    if inside != inside.strip():
        return False
    if after in BINDS or after == "LPAR":
        return True
    return before in FACTORS or (before == "" and after == "REL")


def _ends(before: list[Token], rest: list[tuple[Token, bool]]) -> bool:
    """Is the equation over? Words go on with nothing but indices: for all i, j; for i \\ne j."""
    allowed = ("LETTER", "COMMA", "NUMBER", "DOTS", "GAP")
    return any(t[0] == "REL" for t in before) and all(
        w or t[0] in allowed or t[:2] == ("REL", "!=") for t, w in rest
    )
