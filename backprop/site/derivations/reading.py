"""From TeX to a tree: what is written, before anybody asks what it means.

`read(tex)` gives a `Node`. The lexer knows TeX's habits (arguments without braces, spacing
commands, \\left and \\right); the grammar is grammar.lark; nothing here knows a symbol's
declaration. What is not in the tables below is refused with its place, never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from backprop.site.derivations.problems import Unreadable

GREEK = frozenset(
    "\\" + name
    for name in [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "varepsilon",
        "zeta",
        "eta",
        "theta",
        "vartheta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "varphi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Upsilon",
        "Phi",
        "Psi",
        "Omega",
        "ell",
    ]
)
FUNCTIONS = frozenset(
    "\\" + n for n in ["exp", "log", "ln", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan"]
)
BIG = frozenset({"\\sum", "\\prod", "\\max", "\\min"})
OTHER_SYMBOLS = frozenset({"\\partial", "\\nabla", "\\top", "\\intercal", "\\infty", "\\ast"})
OPERATORS = {
    "\\cdot": "\\cdot",
    "\\times": "\\times",
    "\\odot": "\\odot",
    "\\circ": "\\odot",
    "/": "/",
}
RELATIONS = {
    "=": "=",
    "\\equiv": "=",
    "\\ne": "!=",
    "\\neq": "!=",
    "<": "<",
    ">": ">",
    "\\lt": "<",
    "\\gt": ">",
    "\\le": "<=",
    "\\leq": "<=",
    "\\ge": ">=",
    "\\geq": ">=",
    "\\approx": "~",
    "\\propto": "~",
    "\\sim": "~",
    "\\in": "in",
    "\\to": "to",
    "\\rightarrow": "to",
    "\\mapsto": "to",
    "\\coloneqq": ":=",
    "\\triangleq": ":=",
    "\\colon": ":",
}
DOTS = frozenset({"\\cdots", "\\dots", "\\ldots", "\\vdots", "\\ddots", "\\dotsb", "\\dotsc"})
FONTS = frozenset(
    "\\" + n
    for n in ["mathbf", "mathbb", "mathcal", "boldsymbol", "bm", "mathsf", "mathfrak", "mathscr"]
)
UPRIGHT = frozenset({"\\mathrm", "\\operatorname", "\\mathit", "\\text", "\\textrm", "\\textit"})
ACCENTS = frozenset(
    "\\" + n
    for n in [
        "bar",
        "hat",
        "tilde",
        "vec",
        "dot",
        "overline",
        "widehat",
        "widetilde",
        "check",
        "breve",
    ]
)
FRACTIONS = frozenset({"\\frac", "\\dfrac", "\\tfrac"})
SPACING = frozenset(
    "\\" + n
    for n in [
        ",",
        ";",
        ":",
        "!",
        "quad",
        "qquad",
        "displaystyle",
        "textstyle",
        "limits",
        "nolimits",
        "left",
        "right",
        "middle",
        "nonumber",
        "notag",
        "hspace",
        "thinspace",
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "biggl",
        "biggr",
        "Biggl",
        "Biggr",
        "hphantom",
    ]
) | {"\\ "}
WORDS = re.compile(r"\s*(?:\\text(?:rm|it|bf)?\s*\{[^}]*\}|\s)*")
BAR = re.compile(r"\\?\||\\[vV]ert(?![A-Za-z])\s*")
OPEN = {"(": "(", "[": "[", "\\{": "{", "\\lbrace": "{", "\\lbrack": "[", "\\langle": "<"}
CLOSE = {")": "(", "]": "[", "\\}": "{", "\\rbrace": "{", "\\rbrack": "[", "\\rangle": "<"}
MATRICES = frozenset({"matrix", "bmatrix", "pmatrix", "smallmatrix", "array", "cases"})


@dataclass(frozen=True)
class Node:
    """A piece of a formula: its kind, text, parts, and where it stands in the TeX."""

    kind: str
    value: str = ""
    parts: tuple[Node, ...] = ()
    start: int = -1
    end: int = -1

    def walk(self) -> Iterator[Node]:
        yield self
        for part in self.parts:
            yield from part.walk()

    def same(self, other: Node) -> bool:
        """Equal but for the places."""
        return (
            self.kind == other.kind
            and self.value == other.value
            and len(self.parts) == len(other.parts)
            and all(a.same(b) for a, b in zip(self.parts, other.parts, strict=True))
        )


NONE = Node("none")


class _Lexer:
    """TeX to tokens, every argument in braces."""

    def __init__(self, tex: str) -> None:
        self.tex = tex
        self.at = 0
        self.tokens: list[tuple[str, str, int, int]] = []

    def fail(self, key: str, start: int, end: int, **values: Any) -> Unreadable:
        values.setdefault("found", self.tex[start:end])
        return Unreadable(key, start, end, **values)

    def emit(self, kind: str, start: int, value: str | None = None) -> None:
        value = self.tex[start : self.at] if value is None else value
        self.tokens.append((kind, value, start, self.at))

    def spaces(self) -> None:
        while self.at < len(self.tex) and self.tex[self.at] in " \t\n~":
            self.at += 1

    def command(self) -> str:
        """The command or character at this place; moves behind it."""
        start = self.at
        self.at += 1
        if self.tex[start] == "\\" and self.at < len(self.tex):
            if self.tex[self.at].isalpha() and self.tex[self.at].isascii():
                while (
                    self.at < len(self.tex)
                    and self.tex[self.at].isascii()
                    and self.tex[self.at].isalpha()
                ):
                    self.at += 1
            else:
                self.at += 1
        return self.tex[start : self.at]

    def raw_argument(self) -> str:
        """A braced argument taken as text."""
        self.spaces()
        start = self.at
        if start >= len(self.tex) or self.tex[start] != "{":
            return self.command() if start < len(self.tex) else ""
        depth = 0
        while self.at < len(self.tex):
            ch = self.tex[self.at]
            self.at += 2 if ch == "\\" else 1
            depth += (ch == "{") - (ch == "}")
            if depth == 0:
                return self.tex[start + 1 : self.at - 1]
        raise self.fail("unclosed", start, start + 1)

    def argument(self) -> None:
        """One argument, braced or a single token, as tokens between braces."""
        self.spaces()
        if self.at >= len(self.tex):
            raise self.fail("unexpected", self.at - 1, self.at, hint="")
        start = self.at
        if self.tex[self.at] == "{":
            self.at += 1
            self.emit("LBRACE", start)
            self.until("}")
            self.emit("RBRACE", self.at - 1)
        else:
            if self.tex[start] in "+-":
                raise self.fail("unexpected", start, start + 1, hint=": {-…}")
            self.tokens.append(("LBRACE", "{", start, start))
            self.one(single=True)
            self.tokens.append(("RBRACE", "}", self.at, self.at))

    def until(self, stop: str | None) -> None:
        opened = self.at - 1
        bars: list[tuple[str, int]] = []
        while True:
            self.spaces()
            if self.at >= len(self.tex):
                if stop is not None:
                    raise self.fail("unclosed", opened, opened + 1)
                for bar, place in bars:
                    under = re.match(r"(\\?\||\\[vV]ert)\s*_", self.tex[place:])
                    key = "evaluation-bar" if under else "unclosed"
                    raise self.fail(key, place, place + 1, found=bar)
                return
            if stop == "}" and self.tex[self.at] == "}":
                self.at += 1
                return
            if stop not in (None, "}") and self.tex.startswith(f"\\end{{{stop}}}", self.at):
                return
            start = self.at
            found = BAR.match(self.tex, start)
            if found:
                self.at = found.end()
                bar = "|" if found[0].startswith(("|", "\\v")) else "\\|"
                kind = "RABS" if bars and bars[-1][0] == bar else "LABS"
                bars.pop() if kind == "RABS" else bars.append((bar, start))
                self.emit(kind, start, "abs" if bar == "|" else "norm")
                continue
            self.one()

    def one(self, single: bool = False) -> None:
        """Read one token, and the arguments that belong to it."""
        start = self.at
        if self.tex.startswith(("...", "\\cdots"), start) and self.tex[start] == ".":
            self.at += 3
            return self.emit("DOTS", start)
        if self.tex.startswith("..", start):
            raise self.fail("two-dots", start, start + 2)
        ch = self.tex[start]
        if ch.isdigit() and ch.isascii():
            self.at += 1
            while (
                not single
                and self.at < len(self.tex)
                and (
                    self.tex[self.at].isdigit()
                    or (
                        self.tex[self.at] == "."
                        and self.tex[self.at + 1 : self.at + 2].isdigit()
                        and "." not in self.tex[start : self.at]
                    )
                )
            ):
                self.at += 1
            return self.emit("NUMBER", start)
        token = self.command()
        if len(token) == 1 and token.isascii() and token.isalpha():
            return self.emit("LETTER", start)
        if token in ("_", "^"):
            self.emit("SUB" if token == "_" else "SUP", start)
            return self.argument()
        if token == "{":
            self.spaces()
            if self.tex.startswith("}", self.at):
                self.at += 1
                return None
            self.emit("LBRACE", start)
            self.until("}")
            return self.emit("RBRACE", self.at - 1)
        if token in FRACTIONS:
            self.emit("FRAC", start)
            self.argument()
            return self.argument()
        if token == "\\sqrt":
            self.emit("SQRT", start)
            self.spaces()
            if self.tex.startswith("[", self.at):
                close = self.tex.find("]", self.at)
                if close < 0:
                    raise self.fail("unclosed", self.at, self.at + 1)
                inner = _Lexer(self.tex[:close])
                inner.at = self.at + 1
                inner.until(None)
                self.tokens.append(("LSQB", "[", self.at, self.at + 1))
                self.tokens += inner.tokens
                self.at = close + 1
                self.tokens.append(("RSQB", "]", close, close + 1))
            return self.argument()
        if token in ACCENTS or token in FONTS:
            self.emit("ACCENT" if token in ACCENTS else "FONT", start)
            return self.argument()
        if token in UPRIGHT:
            self.spaces()
            if self.tex.startswith("*", self.at):
                self.at += 1
            text = self.raw_argument().strip()
            if text.startswith("\\"):
                raise self.fail("unknown-command", start, self.at)
            if token in ("\\text", "\\textrm", "\\textit") and not (
                text.isascii() and text.replace("_", "").isalnum()
            ):
                return self.emit("REMARK", start, text)
            return self.emit("NAME", start, text)
        if token in ("\\hspace", "\\hphantom", "\\tag", "\\label", "\\mspace"):
            self.raw_argument()
            return None
        if token in ("\\overset", "\\stackrel", "\\underset"):
            label = self.raw_argument()
            if (sign := self.raw_argument().strip()) not in RELATIONS:
                raise self.fail("unknown-command", start, self.at)
            named = "def" in label or "triangle" in label
            return self.emit("REL", start, ":=" if named else RELATIONS[sign])
        if token in ("\\underbrace", "\\overbrace"):
            self.argument()
            self.spaces()
            if self.tex[self.at : self.at + 1] in ("_", "^"):
                self.at += 1
                if not WORDS.fullmatch(self.raw_argument()):
                    raise self.fail("brace-label", start, self.at)
            return None
        if token == "\\begin":
            env = self.raw_argument()
            if env.rstrip("*") not in MATRICES:
                raise self.fail("unknown-command", start, self.at)
            self.emit("BEGIN", start, env)
            if env == "array":
                self.raw_argument()
            self.until(env)
            end = self.at
            self.at += len(f"\\end{{{env}}}")
            return self.emit("END", end, env)
        if token in ("\\left", "\\right"):
            self.spaces()
            if self.tex.startswith(".", self.at):
                raise self.fail("evaluation-bar", start, self.at + 1)
            for bar, kind in (("\\|", "norm"), ("|", "abs"), ("\\vert", "abs"), ("\\Vert", "norm")):
                if self.tex.startswith(bar, self.at):
                    self.at += len(bar)
                    return self.emit("LABS" if token == "\\left" else "RABS", start, kind)
            return None
        if token in ("\\lvert", "\\lVert", "\\rvert", "\\rVert"):
            kind = "LABS" if token[1] == "l" else "RABS"
            return self.emit(kind, start, "abs" if token[2] == "v" else "norm")
        if token in SPACING:
            if single:
                raise self.fail("unexpected", start, self.at, hint="")
            return None
        if token in OPEN:
            return self.emit("LPAR", start, OPEN[token])
        if token in CLOSE:
            return self.emit("RPAR", start, CLOSE[token])
        if token == ":":
            if self.tex.startswith("=", self.at):
                self.at += 1
                return self.emit("REL", start, ":=")
            return self.emit("COLON", start)
        if token in RELATIONS:
            return self.emit("REL", start, RELATIONS[token])
        if token in "+-":
            return self.emit("SIGN", start)
        if token in OPERATORS:
            return self.emit("OP", start, OPERATORS[token])
        if token in DOTS:
            return self.emit("DOTS", start)
        if token == "'":
            return self.emit("PRIME", start)
        if token == "\\prime":
            return self.emit("SYMBOL", start)
        if token in (",", ";"):
            return self.emit("COMMA", start)
        if token == "&":
            return self.emit("AMP", start)
        if token == "\\\\":
            return self.emit("NEWROW", start)
        if token == "." and not self.tex[self.at :].strip(" \t\n.;,"):
            return self.emit("COMMA", start)
        if token == "!":
            raise self.fail("factorial", start, self.at)
        if token == "*":
            raise self.fail("asterisk", start, self.at)
        if token in GREEK | FUNCTIONS | BIG | OTHER_SYMBOLS:
            return self.emit("SYMBOL", start)
        raise self.fail("unknown-command", start, self.at)


@lru_cache(maxsize=1)
def _parser() -> Any:
    import lark
    from lark.lexer import Lexer

    class Ready(Lexer):
        """Hands the tokens of `_Lexer` to lark."""

        def __init__(self, _: Any) -> None: ...

        def lex(self, data: Any) -> Iterator[lark.Token]:  # type: ignore[override]
            for kind, value, start, end in data:
                yield lark.Token(kind, value, start_pos=start, end_pos=end)

    grammar = Path(__file__).with_name("grammar.lark").read_text("utf-8")
    return lark.Lark(
        grammar.replace('"{"', "LBRACE")
        .replace('"}"', "RBRACE")
        .replace('"["', "LSQB")
        .replace('"]"', "RSQB"),
        parser="lalr",
        lexer=Ready,
        propagate_positions=False,
    )


def _span(parts: list[Any]) -> tuple[int, int]:
    spans = [
        (p.start, p.end) if isinstance(p, Node) else (p.start_pos, p.end_pos)
        for p in parts
        if not (isinstance(p, Node) and p.start < 0)
    ]
    return (min(s for s, _ in spans), max(e for _, e in spans)) if spans else (-1, -1)


def _build(tree: Any) -> Node:
    """A lark tree as Nodes, with the layers that carry nothing taken away."""
    import lark

    parts = [_build(c) if isinstance(c, lark.Tree) else c for c in tree.children]
    nodes = tuple(p for p in parts if isinstance(p, Node))
    tokens = [p for p in parts if not isinstance(p, Node)]
    start, end = _span(parts)
    kind = str(tree.data)
    if kind in ("start", "group"):
        inner = nodes[0]
        return inner if kind == "start" else Node("group", "", (inner,), start, end)
    if kind == "relation":
        if not tokens:
            return nodes[0] if nodes else NONE
        sides: list[Node] = [NONE]
        for part in parts:
            if isinstance(part, Node):
                sides[-1] = part
            else:
                sides.append(NONE)
        return Node("relation", " ".join(str(t) for t in tokens), tuple(sides), start, end)
    if kind == "additive":
        if len(nodes) == 1 and not tokens:
            return nodes[0]
        terms, sign, sign_at = [], "+", -1
        for part in parts:
            if isinstance(part, Node):
                first = part.start if sign_at < 0 else sign_at
                terms.append(Node("term", sign, (part,), first, part.end))
            else:
                sign, sign_at = str(part), part.start_pos
        return Node("sum", "", tuple(terms), start, end)
    if kind == "product":
        if len(parts) == 1 and nodes:
            return nodes[0]
        items = [
            p if isinstance(p, Node) else Node("op", str(p), (), p.start_pos, p.end_pos)
            for p in parts
        ]
        return Node("product", "", tuple(items), start, end)
    if kind == "scripted":
        sub, sup, primes = NONE, NONE, 0
        for script in nodes[1:]:
            if script.kind == "prime":
                primes += 1
            elif (sub if script.kind == "sub" else sup) is not NONE:
                raise Unreadable("unexpected", script.start, script.end, found="_ ^", hint="")
            elif script.kind == "sub":
                sub = script
            else:
                sup = script
        if len(nodes) == 1:
            return nodes[0]
        return Node("scripted", "'" * primes, (nodes[0], sub, sup), start, end)
    if kind in ("sub", "sup"):
        return Node(kind, "", nodes[0].parts, start, end)
    if kind == "paren":
        opened, closed = str(tokens[0]), str(tokens[-1])
        if opened != closed:
            raise Unreadable("unexpected", start, end, found=closed, hint="")
        return Node("paren", opened, nodes[0].parts, start, end)
    if kind == "root":
        return Node("sqrt", "", (nodes[1], nodes[0]), start, end)
    if kind == "matrix":
        rows = nodes[:-1] if len(nodes) > 1 and nodes[-1].parts == (NONE,) else nodes
        return Node("matrix", str(tokens[0]), rows, start, end)
    return Node(kind, str(tokens[0]) if tokens else "", nodes, start, end)


# What words may stand beside: the ends of a row or cell, relations and commas.
BESIDE_WORDS = frozenset({"", "REL", "COMMA", "AMP", "NEWROW", "BEGIN", "END"})


def read(tex: str, names: frozenset[str] | None = None) -> Node:
    """The tree of one row or formula. `names`: the words that \\text spells as a name
    (None: all); other \\text is a remark.

    Raises `Unreadable`, with offsets into `tex`.
    """
    import lark

    lexer = _Lexer(tex)
    lexer.until(None)
    tokens: list[tuple[str, str, int, int]] = []
    for number, token in enumerate(lexer.tokens):
        spelled = tex.startswith("\\text", token[2])
        if token[0] == "REMARK" or (
            token[0] == "NAME" and spelled and names is not None and token[1] not in names
        ):
            rest = lexer.tokens[number + 1 :]
            if any(t[0] == "REL" for t in tokens) and _only_names(rest):
                break  # "for all i, j": words to the end
            before = tokens[-1][0] if tokens else ""
            after = next((t[0] for t in rest if t[0] != "REMARK"), "")
            if before == "LPAR" and after == "RPAR":
                tokens.pop()
                closed = next(t for t in rest if t[0] == "RPAR")
                lexer.tokens.remove(closed)
            elif before not in BESIDE_WORDS and after not in BESIDE_WORDS:
                raise lexer.fail("words-inside", token[2], token[3])
            continue
        tokens.append(token)
    while tokens and tokens[-1][0] == "COMMA":
        tokens.pop()
    try:
        return _build(_parser().parse(tokens))
    except lark.exceptions.UnexpectedToken as error:
        token = error.token
        if token.type == "$END":
            end = len(tex.rstrip())
            raise Unreadable(
                "unexpected", max(0, end - 1), end, found=tex.strip()[-12:], hint=""
            ) from None
        raise Unreadable(
            "unexpected", token.start_pos, token.end_pos, found=str(token), hint=""
        ) from None


def _only_names(tokens: list[tuple[str, str, int, int]]) -> bool:
    """Do words go on with nothing but indices: i, j or i \\ne j?"""
    return all(
        t[0] in ("LETTER", "COMMA", "NUMBER", "DOTS", "REMARK") or t[:2] == ("REL", "!=")
        for t in tokens
    )
