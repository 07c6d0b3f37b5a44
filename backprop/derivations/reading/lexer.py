"""TeX to tokens: its habits (arguments without braces, spacing commands, \\left and \\right).

What a command or character is read as stands in one table, `KINDS`, at the end. What is in none of
its rows is refused with its place, never skipped.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping

from backprop.derivations.reading.commands import (
    ACCENTS,
    BIG,
    CLOSE,
    DOTS,
    FONTS,
    FRACTIONS,
    FUNCTIONS,
    GAPS,
    GREEK,
    MATRICES,
    OPEN,
    OPERATORS,
    OTHER_SYMBOLS,
    RELATIONS,
    SPACING,
    UPRIGHT,
)
from backprop.derivations.reading.scanner import Scanner

WORDS = re.compile(r"\s*(?:\\text(?:rm|it|bf)?\s*\{[^}]*\}|\s)*")
BAR = re.compile(r"\\?\||\\[vV]ert(?![A-Za-z])\s*")
CLOSES = re.compile(r"[\s.;,~]*(?:$|&|\\\\|\\end\{)")  # what follows the last word of a cell
BARS = {"\\|": "norm", "|": "abs", "\\vert": "abs", "\\Vert": "norm"}

# Reads one token at its start, of which the scanner stands behind the command or character, with
# the arguments that belong to it. single: it is an argument without braces, x^23.
Read = Callable[[Scanner, int, str, bool], None]


def lexed(tex: str) -> Scanner:
    """The scanner at the end of a row or formula, with its tokens, every argument in braces.
    Raises `Unreadable`."""
    scan = Scanner(tex)
    until(scan, None)
    return scan


def until(scan: Scanner, stop: str | None) -> None:
    """Tokens up to the brace } that closes these, to the end of the environment `stop`, or, for
    None, of the TeX."""
    opened = scan.at - 1
    bars: list[tuple[str, int]] = []
    while True:
        scan.spaces()
        if scan.at >= len(scan.tex):
            if stop is not None:
                raise scan.fail("unclosed", opened, opened + 1)
            for bar, place in bars:
                under = re.match(r"(\\?\||\\[vV]ert)\s*_", scan.tex[place:])
                key = "evaluation-bar" if under else "unclosed"
                raise scan.fail(key, place, place + 1, found=bar)
            return
        if stop == "}" and scan.tex[scan.at] == "}":
            scan.at += 1
            return
        if stop not in (None, "}") and scan.tex.startswith(f"\\end{{{stop}}}", scan.at):
            return
        if found := BAR.match(scan.tex, scan.at):
            read_bar(scan, found, bars)
        else:
            read_token(scan)


def read_token(scan: Scanner, single: bool = False) -> None:
    """One token, and the arguments that belong to it."""
    start = scan.at
    token = scan.command()
    KINDS.get(token, refused)(scan, start, token, single)


def argument(scan: Scanner) -> None:
    """One argument, braced or a single token, as tokens between braces."""
    scan.spaces()
    if scan.at >= len(scan.tex):
        raise scan.fail("unexpected", scan.at - 1, scan.at, hint="")
    start = scan.at
    if scan.tex[start] == "{":
        scan.at += 1
        scan.emit("LBRACE", start)
        until(scan, "}")
        scan.emit("RBRACE", scan.at - 1)
    else:
        if scan.tex[start] in "+-":
            raise scan.fail("unexpected", start, start + 1, hint=": {-…}")
        scan.tokens.append(("LBRACE", "{", start, start))
        read_token(scan, single=True)
        scan.tokens.append(("RBRACE", "}", scan.at, scan.at))


# --- bars: absolute values, norms, and those of p(a | s) ----------------------------------------


def read_bar(scan: Scanner, found: re.Match[str], bars: list[tuple[str, int]]) -> None:
    """A bar that opens or closes; `bars` are those that are open."""
    start, scan.at = scan.at, found.end()
    bar = "|" if found[0].startswith(("|", "\\v")) else "\\|"
    double = scan.tex.startswith("||", start)
    if parts_arguments(scan, start + 2 if double else scan.at, bars):
        scan.at += double
        scan.emit("REL", start, "||" if double or bar == "\\|" else "|")
        return
    # || opens and closes a norm, but for |a||b|, where the first closes what is open
    if double and (not bars or bars[-1][0] != "|"):
        scan.at, bar = start + 2, "\\|"
    if bars and bars[-1][0] == bar:
        bars.pop()
        scan.emit("RABS", start, BARS[bar])
    else:
        bars.append((bar, start))
        scan.emit("LABS", start, BARS[bar])


def parts_arguments(scan: Scanner, after: int, bars: list[tuple[str, int]]) -> bool:
    """Is a bar the one of p(a | s), alone in its brackets?"""
    kinds = [kind for kind, *_ in scan.tokens]
    if kinds.count("LPAR") <= kinds.count("RPAR"):
        return False
    depth, opened = 0, -1
    for kind, _, start, _ in reversed(scan.tokens):  # the bracket that is open here
        depth += (kind == "RPAR") - (kind == "LPAR")
        if depth < 0:
            opened = start
            break
    if any(place > opened for _, place in bars):
        return False
    depth, k = 0, after
    while k < len(scan.tex):
        command = re.match(r"\\(?:[A-Za-z]+|.)", scan.tex[k:], re.S)
        token = command[0] if command else scan.tex[k]
        if depth == 0 and (BAR.match(scan.tex, k) or token == "&"):
            return False
        depth += (token in "([{") - (token in ")]}")
        if depth < 0:
            return token in ")]"
        k += len(token)
    return False


# --- tokens that are more than their text -------------------------------------------------------


def emits(kind: str, values: Mapping[str, str] | None = None, arguments: int = 0) -> Read:
    """Tokens of one kind: each has its value in `values`, or its TeX, and so many arguments."""
    known = values or {}

    def read(scan: Scanner, start: int, token: str, single: bool) -> None:
        scan.emit(kind, start, known.get(token))
        for _ in range(arguments):
            argument(scan)

    return read


def refused(scan: Scanner, start: int, token: str, single: bool) -> None:
    raise scan.fail("unknown-command", start, scan.at)


def read_digits(scan: Scanner, start: int, token: str, single: bool) -> None:
    if not single:  # x^23 is x^2 3
        number = re.compile(r"\d*(?:\.\d+)?").match(scan.tex, scan.at)
        assert number is not None
        scan.at = number.end()
    scan.emit("NUMBER", start)


def read_dot(scan: Scanner, start: int, token: str, single: bool) -> None:
    """What ends a sentence, or stands three times for what is left out."""
    if scan.tex.startswith("...", start):
        scan.at = start + 3
        scan.emit("DOTS", start)
    elif scan.tex.startswith("..", start):
        raise scan.fail("two-dots", start, start + 2)
    elif CLOSES.match(scan.tex, scan.at):
        scan.emit("COMMA", start)
    else:
        refused(scan, start, token, single)


def read_brace(scan: Scanner, start: int, token: str, single: bool) -> None:
    scan.spaces()
    if scan.tex.startswith("}", scan.at):
        scan.at += 1
        return
    scan.emit("LBRACE", start)
    until(scan, "}")
    scan.emit("RBRACE", scan.at - 1)


def read_root(scan: Scanner, start: int, token: str, single: bool) -> None:
    scan.emit("SQRT", start)
    scan.spaces()
    if scan.tex.startswith("[", scan.at):
        close = scan.tex.find("]", scan.at)
        if close < 0:
            raise scan.fail("unclosed", scan.at, scan.at + 1)
        inner = Scanner(scan.tex[:close], scan.at + 1)
        until(inner, None)
        scan.tokens.append(("LSQB", "[", scan.at, scan.at + 1))
        scan.tokens += inner.tokens
        scan.at = close + 1
        scan.tokens.append(("RSQB", "]", close, close + 1))
    argument(scan)


def read_upright(scan: Scanner, start: int, token: str, single: bool) -> None:
    """A name of several letters, or words between the mathematics."""
    scan.spaces()
    if scan.tex.startswith("*", scan.at):
        scan.at += 1
    text = scan.raw_argument().strip()
    if text.startswith("\\"):
        refused(scan, start, token, single)
    text = text.removesuffix(".") if text in ("const.", "cst.") else text
    word = text.isascii() and text.replace("_", "").isalnum()
    scan.emit("REMARK" if token.startswith("\\text") and not word else "NAME", start, text)


def read_unseen(scan: Scanner, start: int, token: str, single: bool) -> None:
    """\\label{…}, \\hspace*{…}: nothing that is read."""
    if scan.tex.startswith("*", scan.at):
        scan.at += 1
    scan.raw_argument()


def read_labelled(scan: Scanner, start: int, token: str, single: bool) -> None:
    """A relation with a word above or below it."""
    label = scan.raw_argument()
    if (sign := scan.raw_argument().strip()) not in RELATIONS:
        refused(scan, start, token, single)
    named = "def" in label or "triangle" in label
    scan.emit("REL", start, ":=" if named else RELATIONS[sign])


def read_braced(scan: Scanner, start: int, token: str, single: bool) -> None:
    """\\underbrace{…}_{\\text{…}}: what the brace is under; what it says is a remark."""
    argument(scan)
    scan.spaces()
    if scan.tex[scan.at : scan.at + 1] in ("_", "^"):
        scan.at += 1
        if not WORDS.fullmatch(scan.raw_argument()):
            raise scan.fail("brace-label", start, scan.at)


def read_box(scan: Scanner, start: int, token: str, single: bool) -> None:
    whole = not scan.tokens
    argument(scan)
    if whole and not scan.tex[scan.at :].strip(" \t\n.,;&~"):
        scan.tokens = scan.tokens[1:-1]  # the box is around all of it


def read_environment(scan: Scanner, start: int, token: str, single: bool) -> None:
    env = scan.raw_argument()
    if env.rstrip("*") not in MATRICES:
        refused(scan, start, token, single)
    scan.emit("BEGIN", start, env)
    if env == "array":
        scan.raw_argument()
    until(scan, env)
    end = scan.at
    scan.at += len(f"\\end{{{env}}}")
    scan.emit("END", end, env)


def read_sized(scan: Scanner, start: int, token: str, single: bool) -> None:
    """\\left and \\right: they say of a bar whether it opens; brackets say it themselves."""
    scan.spaces()
    if scan.tex.startswith(".", scan.at):
        raise scan.fail("evaluation-bar", start, scan.at + 1)
    for bar, kind in BARS.items():
        if scan.tex.startswith(bar, scan.at):
            scan.at += len(bar)
            scan.emit("LABS" if token == "\\left" else "RABS", start, kind)
            return


def read_space(scan: Scanner, start: int, token: str, single: bool) -> None:
    if single:
        raise scan.fail("unexpected", start, scan.at, hint="")
    if token in GAPS:
        scan.emit("GAP", start)


def read_stack(scan: Scanner, start: int, token: str, single: bool) -> None:
    """Rows below a sum, as good as commas."""
    scan.spaces()
    if not scan.tex.startswith("{", scan.at):
        raise scan.fail("unexpected", start, scan.at, hint="")
    scan.at += 1
    first = len(scan.tokens)
    until(scan, "}")
    scan.tokens[first:] = [
        ("COMMA", *t[1:]) if t[0] == "NEWROW" else t for t in scan.tokens[first:]
    ]


def read_colon(scan: Scanner, start: int, token: str, single: bool) -> None:
    if scan.tex.startswith("=", scan.at):
        scan.at += 1
        scan.emit("REL", start, ":=")
    else:
        scan.emit("COLON", start)


def read_stop(scan: Scanner, start: int, token: str, single: bool) -> None:
    if not CLOSES.match(scan.tex, scan.at):
        refused(scan, start, token, single)
    scan.emit("COMMA", start)


def read_asterisk(scan: Scanner, start: int, token: str, single: bool) -> None:
    if [t[0] for t in scan.tokens[-2:]] != ["SUP", "LBRACE"]:
        raise scan.fail("asterisk", start, scan.at)
    scan.emit("SYMBOL", start, "\\ast")  # w^* is a name


def read_factorial(scan: Scanner, start: int, token: str, single: bool) -> None:
    raise scan.fail("factorial", start, scan.at)


# Commands and characters, and how they are read; each stands in one row.
ROWS: tuple[tuple[Iterable[str], Read], ...] = (
    (string.ascii_letters, emits("LETTER")),
    (string.digits, read_digits),
    (FUNCTIONS | BIG | OTHER_SYMBOLS | {"\\prime"}, emits("SYMBOL")),
    (["\\" + name for name in GREEK], emits("SYMBOL")),
    (ACCENTS, emits("ACCENT", arguments=1)),
    (FONTS, emits("FONT", arguments=1)),
    (UPRIGHT, read_upright),
    (FRACTIONS, emits("FRAC", arguments=2)),
    (["\\sqrt"], read_root),
    (["_"], emits("SUB", arguments=1)),
    (["^"], emits("SUP", arguments=1)),
    (["'"], emits("PRIME")),
    ("+-", emits("SIGN")),
    (OPERATORS, emits("OP", OPERATORS)),
    (RELATIONS, emits("REL", RELATIONS)),
    (["\\overset", "\\stackrel", "\\underset"], read_labelled),
    ([":"], read_colon),
    (OPEN, emits("LPAR", OPEN)),
    (CLOSE, emits("RPAR", CLOSE)),
    (["{"], read_brace),
    (["\\lvert", "\\lVert"], emits("LABS", {"\\lvert": "abs", "\\lVert": "norm"})),
    (["\\rvert", "\\rVert"], emits("RABS", {"\\rvert": "abs", "\\rVert": "norm"})),
    (["\\left", "\\right"], read_sized),
    (["\\begin"], read_environment),
    (["&"], emits("AMP")),
    (["\\\\"], emits("NEWROW")),
    (["\\substack"], read_stack),
    (["\\underbrace", "\\overbrace"], read_braced),
    (["\\boxed", "\\fbox"], read_box),
    (SPACING | GAPS, read_space),
    (["\\hspace", "\\hphantom", "\\tag", "\\label", "\\mspace"], read_unseen),
    (["\\forall"], emits("REMARK")),
    (DOTS, emits("DOTS")),
    (["."], read_dot),
    (["。"], read_stop),
    (",;，；", emits("COMMA")),
    (["*"], read_asterisk),
    (["!"], read_factorial),
)
KINDS: dict[str, Read] = {token: read for tokens, read in ROWS for token in tokens}
