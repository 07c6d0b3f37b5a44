"""TeX to tokens: its habits (arguments without braces, spacing commands, \\left and \\right).

What is not in the tables of commands.py is refused with its place, never skipped.
"""

from __future__ import annotations

import re

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


class TexLexer(Scanner):
    """TeX to tokens, every argument in braces."""

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
                double = self.tex.startswith("||", start)
                if self.parts_arguments(start + 2 if double else self.at, bars):
                    self.at += double
                    self.emit("REL", start, "||" if double or bar == "\\|" else "|")
                    continue
                # || opens and closes a norm, but for |a||b|, where the first closes what is open
                if self.tex.startswith("||", start) and (not bars or bars[-1][0] != "|"):
                    self.at, bar = start + 2, "\\|"
                kind = "RABS" if bars and bars[-1][0] == bar else "LABS"
                bars.pop() if kind == "RABS" else bars.append((bar, start))
                self.emit(kind, start, "abs" if bar == "|" else "norm")
                continue
            self.one()

    def parts_arguments(self, after: int, bars: list[tuple[str, int]]) -> bool:
        """Is a bar the one of p(a | s), alone in its brackets?"""
        opened = [t[2] for t in self.tokens if t[0] == "LPAR"]
        if sum(t[0] == "LPAR" for t in self.tokens) <= sum(t[0] == "RPAR" for t in self.tokens):
            return False
        depth = 0
        for t in reversed(self.tokens):  # the bracket that is open here
            depth += (t[0] == "RPAR") - (t[0] == "LPAR")
            if depth < 0:
                opened = [t[2]]
                break
        if any(place > opened[-1] for _, place in bars):
            return False
        depth, k = 0, after
        while k < len(self.tex):
            command = re.match(r"\\(?:[A-Za-z]+|.)", self.tex[k:], re.S)
            token = command[0] if command else self.tex[k]
            if depth == 0 and (BAR.match(self.tex, k) or token == "&"):
                return False
            depth += (token in "([{") - (token in ")]}")
            if depth < 0:
                return token in ")]"
            k += len(token)
        return False

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
                inner = TexLexer(self.tex[:close])
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
            if self.tex.startswith("*", self.at):
                self.at += 1
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
        if token in ("\\boxed", "\\fbox"):
            whole = not self.tokens
            self.argument()
            if whole and not self.tex[self.at :].strip(" \t\n.,;&~"):
                self.tokens = self.tokens[1:-1]  # the box is around all of it
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
        if token in SPACING | GAPS:
            if single:
                raise self.fail("unexpected", start, self.at, hint="")
            return self.emit("GAP", start) if token in GAPS else None
        if token == "\\forall":
            return self.emit("REMARK", start)
        if token == "\\substack":  # rows below a sum, as good as commas
            self.spaces()
            if not self.tex.startswith("{", self.at):
                raise self.fail("unexpected", start, self.at, hint="")
            self.at += 1
            first = len(self.tokens)
            self.until("}")
            self.tokens[first:] = [
                ("COMMA", *t[1:]) if t[0] == "NEWROW" else t for t in self.tokens[first:]
            ]
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
        if token in (",", ";", "，", "；"):
            return self.emit("COMMA", start)
        if token == "&":
            return self.emit("AMP", start)
        if token == "\\\\":
            return self.emit("NEWROW", start)
        if token in (".", "。") and CLOSES.match(self.tex, self.at):
            return self.emit("COMMA", start)
        if token == "!":
            raise self.fail("factorial", start, self.at)
        if token == "*" and [t[0] for t in self.tokens[-2:]] == ["SUP", "LBRACE"]:
            return self.emit("SYMBOL", start, "\\ast")  # w^* is a name
        if token == "*":
            raise self.fail("asterisk", start, self.at)
        if token in FUNCTIONS | BIG | OTHER_SYMBOLS or token[1:] in GREEK:
            return self.emit("SYMBOL", start)
        raise self.fail("unknown-command", start, self.at)
