"""What a check found, for people, notebooks and programs."""

from __future__ import annotations

import html
import json
import locale
import os
import unicodedata
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO

from backprop.checker.words import TEXTS, say
from backprop.common.words import column, columns
from backprop.drawing import draw
from backprop.judging.hints import HINTS


def languages() -> tuple[str, ...]:
    """Those in which everything can be said: they have a column in every row."""
    hints = {word: hint.says for word, hint in HINTS.items()}
    return tuple(lang for lang in columns(TEXTS) if lang in columns(hints))


def language(lang: str | None = None) -> str:
    """`lang`, or what the locale says. ValueError for a language that is not spoken."""
    known = languages()
    if lang is not None:
        if lang not in known:
            spoken = " or ".join(f'"{one}"' for one in known)
            raise ValueError(f"lang is {lang!r}; it can be {spoken}")
        return lang
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    found = next(filter(None, names), "") or locale.getlocale()[0] or ""
    short = column("zh" if found.startswith("Chinese") else found)  # as Windows has it
    return short if short in known else "en"


@dataclass(frozen=True)
class Row:
    """One variable of the backward.

    Attributes:
        name: as in the code.
        line: its line in the source file.
        shape: of the value that it had in the end.
        node: the forward node whose gradient it is, None for a helper value.
        status: "right", "wrong", "partial", "scaled" or "helper".
        error: relative to the largest entry of the true gradient; 0 within rounding.
        ratio: by which it is the true gradient, where it is a multiple of it.
    """

    name: str
    line: int
    shape: tuple[int, ...] | None
    node: str | None
    status: str
    error: float = 0.0
    ratio: float | None = None


@dataclass(frozen=True)
class Mistake:
    """One wrong variable.

    Attributes:
        variable: its name; None where the backward as a whole is wrong.
        line: its line in the source file.
        code: the text of that line.
        hint: a word of `backprop.judging.hints.HINTS`, or None.
        said: what is wrong, in the report's language.
        expected: the line that the derived backward has, in the backward's own names.
        change: the line changed so that it would be right, where one small change does it.
        node: the forward node whose gradient the variable should be.
        got_shape: the shape that it has.
        want_shape: the shape of the gradient, where that is another.
        error: relative to the largest entry of the true gradient.
        ratio: by which it is the true gradient, where it is a multiple of it.
    """

    variable: str | None
    line: int | None
    code: str
    hint: str | None
    said: str
    expected: str | None = None
    change: str | None = None
    node: str | None = None
    got_shape: tuple[int, ...] | None = None
    want_shape: tuple[int, ...] | None = None
    error: float | None = None
    ratio: float | None = None


@dataclass
class Report:
    """What `backprop.check` found.

    Attributes:
        ok: every returned gradient is right, and every variable that is named after a gradient.
        first_wrong: the first wrong variable, in the backward's own words; `return[0]` for an
            expression that is returned without a name; None if nothing is wrong.
        line: its line in the source file.
        hint: the kind of mistake, one of the words in `backprop.judging.hints.HINTS`, or None.
        message: the same in prose, in the language of the report.
        rows: one `Row` a variable.
        notes: remarks that are no mistakes.
        mistakes: the first mistake, and those that appear once it is corrected.
        reveal: how much of it is told: see `bp.check`. What is not told is None, or left out.
    """

    forward: str
    backward: str
    lang: str
    ok: bool
    message: str
    mistakes: list[Mistake] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    file: str = ""
    points: int = 0
    reveal: str = "all"
    graph: Any = field(default=None, repr=False)

    @property
    def first_wrong(self) -> str | None:
        return self.mistakes[0].variable if self.mistakes else None

    @property
    def line(self) -> int | None:
        return self.mistakes[0].line if self.mistakes else None

    @property
    def hint(self) -> str | None:
        return self.mistakes[0].hint if self.mistakes else None

    def __bool__(self) -> bool:
        return self.ok

    # ── for people ──────────────────────────────────────────────────────────────────────────
    def __str__(self) -> str:
        return self.text(color=False)

    def __repr__(self) -> str:
        return str(self)

    def text(self, color: bool = False) -> str:
        """The report as lines of text; with colours for a terminal that shows them."""
        paint = _paint if color else _plain
        mark = paint("✓", "green") if self.ok else paint("✗", "red")
        title = say("title", self.lang, backward=self.backward, forward=self.forward)
        lines = [f"{mark} {paint(title, 'bold')}"]
        lines += [self._colored(line, paint) for line in self.message.splitlines()]
        if self.rows:
            lines += ["", *self._table(paint)]
        if self.notes:
            lines.append("")
            lines += [f"{paint(say('note', self.lang), 'blue')}{note}" for note in self.notes]
        return "\n".join(lines)

    def _colored(self, line: str, paint: Any) -> str:
        if line.startswith("  ") and "|" in line[:12]:
            result: str = paint(line, "red")
            return result
        return line

    def _table(self, paint: Any) -> list[str]:
        def words(row: Row) -> list[str]:
            verdict = say(f"row_{row.status}", self.lang, ratio=_number(row.ratio))
            if row.status == "wrong" and 0 < row.error < float("inf"):
                verdict += f" ({_number(row.error)})"
            shape = "" if row.shape is None else str(row.shape).replace(",)", ",)")
            return [str(row.line), row.name, shape, row.node or "", verdict]

        head = [
            say(f"col_{name}", self.lang) for name in ("line", "name", "shape", "what", "verdict")
        ]
        table = [head, *map(words, self.rows)]
        widths = [max(_width(line[i]) for line in table) for i in range(len(head))]
        colors = {"right": "green", "partial": "green", "wrong": "red", "scaled": "yellow"}
        lines = []
        for i, cells in enumerate(table):
            padded = [c + " " * (w - _width(c)) for c, w in zip(cells, widths, strict=True)]
            padded[0] = " " * (widths[0] - _width(cells[0])) + cells[0]
            text = "  " + "  ".join(padded).rstrip()
            style = "dim" if not i else colors.get(self.rows[i - 1].status, "")
            lines.append(paint(text, style))
        return lines

    def write(self, stream: TextIO) -> None:
        """Print to a stream, in colour if it is a terminal that wants colour."""
        color = stream.isatty() and not os.environ.get("NO_COLOR")
        stream.write(self.text(color=color and os.environ.get("TERM") != "dumb") + "\n")

    # ── for programs ────────────────────────────────────────────────────────────────────────
    def as_dict(self) -> dict[str, Any]:
        """Everything, as plain values that JSON can hold."""
        return {
            "ok": self.ok,
            "first_wrong": self.first_wrong,
            "line": self.line,
            "hint": self.hint,
            "message": self.message,
            "forward": self.forward,
            "backward": self.backward,
            "file": self.file,
            "points": self.points,
            "reveal": self.reveal,
            "mistakes": [_finite(asdict(mistake)) for mistake in self.mistakes],
            "rows": [_finite(asdict(row)) for row in self.rows],
            "notes": self.notes,
        }

    def json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2)

    # ── for notebooks ───────────────────────────────────────────────────────────────────────
    def _repr_svg_(self) -> str | None:
        """The drawing of the forward, the node of the first wrong variable marked."""
        if self.graph is None:
            return None
        picture = draw(self.graph, lang=self.lang)
        node = self.mistakes[0].node if self.mistakes else None
        return picture if node is None else marked(picture, node)

    def _repr_html_(self) -> str:
        picture = self._repr_svg_() or ""
        text = html.escape(str(self))
        return f'<pre class="bp-report" lang="{self.lang}">{text}</pre>\n{picture}'


def marked(picture: str, node: str) -> str:
    """An SVG drawing with a red frame around everything that belongs to a node."""
    name = html.escape(node, quote=True).replace("\\", "\\\\")
    style = (
        f'<style>[data-node="{name}"] :is(rect, circle, ellipse, path) '
        "{ stroke: var(--bp-backward, #c0392b); stroke-width: 3; } "
        f'[data-node="{name}"] text {{ fill: var(--bp-backward, #c0392b); '
        "font-weight: bold; }</style>"
    )
    end = picture.rfind("</svg>")
    return picture[:end] + style + picture[end:]


# ── small things ────────────────────────────────────────────────────────────────────────────
_CODES = {"red": 31, "green": 32, "yellow": 33, "blue": 34, "bold": 1, "dim": 2}


def _paint(text: str, style: str) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style in _CODES else text


def _plain(text: str, style: str) -> str:
    return text


def _width(text: str) -> int:
    """Columns in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {
        k: None if isinstance(v, float) and not abs(v) < float("inf") else v
        for k, v in values.items()
    }


__all__ = ["HINTS", "Mistake", "Report", "Row", "language", "marked"]
