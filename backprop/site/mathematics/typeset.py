"""From the formulas of one page to markup: macros, numbers, labels and references.

A formula's output depends on its page in three ways only: the number of the equation before it,
the tags of the labels that it refers to, and the macros that earlier formulas define. So each is
typeset on its own first (nearly always enough, and cached for every page), and again only if one
of the three matters to it.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backprop.program.store import Store, digest
from backprop.site.mathematics.engine import SCRIPT, Engine, TexError
from backprop.site.mathematics.finder import Formula
from backprop.site.mathematics.linear import linear

_DEFINES = re.compile(
    r"\\(?:(?:re|provide)?newcommand|renewenvironment|newenvironment|[gex]?def|let"
    r"|DeclareMathOperator|DeclarePairedDelimiter\w*)(?![A-Za-z])"
)
_TEX_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
# What a formula says that is not what its author means, and what they should write.
_TRAPS = (
    (
        re.compile(r"&(?:lt|gt|amp|quot|nbsp|#\d+);"),
        "HTML's {0} means nothing in TeX: write < or \\lt, > or \\gt, and & for an alignment",
    ),
    (
        re.compile(r"\\require(?![A-Za-z])"),
        "{0}: name TeX extensions in mkdocs.yml, under the plugin's `extensions`",
    ),
    (
        re.compile(r"\\color\s*\{[^{}]*\}\s*\{"),
        "{0}… colours everything after it: write \\textcolor",
    ),
)


@dataclass(frozen=True)
class Typeset:
    """A formula, typeset: `html` for the eye, `mml` (MathML) for everything else.

    width and height in em; numbers: how many equations it numbers; labels: name → (tag, id) of
    those it defines; refs: the labels it refers to.
    """

    tex: str
    display: bool
    html: str
    mml: str
    width: float
    height: float
    numbers: int
    labels: Mapping[str, tuple[str, str]]
    refs: tuple[str, ...]
    key: str

    @property
    def plain(self) -> str:
        """The formula as a line of text, for titles and attributes: ∂out/∂x_ij."""
        return linear(self.mml)

    @property
    def is_reference(self) -> bool:
        r"""Nothing but `\ref` or `\eqref`: a link in a sentence."""
        return bool(re.fullmatch(r"\s*\\(?:eq)?ref\s*\{[^{}]+\}\s*", self.tex))


@dataclass(frozen=True)
class Refused:
    """Why a formula cannot be published."""

    message: str


class Typesetter:
    """Typesets formulas with an engine, and never the same one twice."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self.engine = engine
        self.store = store
        self._origin = [
            engine.settings.key(),
            hashlib.sha256(SCRIPT.read_bytes()).hexdigest(),
        ]

    def sheet(self) -> str:
        """MathJax's complete style sheet."""
        key = digest("sheet", self._origin)
        if not isinstance(sheet := self.store.get(key), str):
            sheet = self.engine.sheet()
            self.store.put(key, sheet)
        return sheet

    def one(
        self,
        tex: str,
        display: bool,
        start: int = 0,
        labels: Mapping[str, tuple[str, str]] | None = None,
        before: Sequence[tuple[str, bool]] = (),
    ) -> Typeset:
        """One formula, as `Engine.typeset` does it; what MathJax refuses is not cached."""
        key = digest(self._origin, tex, display, start, labels or {}, list(before))
        stored = self.store.get(key)
        if not stored:
            stored = self.engine.typeset(tex, display, start, labels, before)
            stored["html"] = _tidy_html(stored["html"], stored["labels"])
            stored["mml"] = _tidy_mml(stored["mml"])
            self.store.put(key, stored)
        return Typeset(
            tex=tex,
            display=display,
            html=stored["html"],
            mml=stored["mml"],
            width=stored["width"],
            height=stored["height"],
            numbers=stored["numbers"],
            labels={name: (tag, id_) for name, (tag, id_) in stored["labels"].items()},
            refs=tuple(stored["refs"]),
            key=key,
        )

    def page(self, formulas: Sequence[Formula]) -> list[Typeset | Refused]:
        """All formulas of a page, in the order in which a reader meets them."""
        done: list[Typeset | Refused] = []
        before: list[tuple[str, bool]] = []  # formulas with definitions, so far
        contexts: list[tuple[int, tuple[tuple[str, bool], ...]]] = []
        labels: dict[str, tuple[str, str]] = {}
        number = 0
        for formula in formulas:
            contexts.append((number, tuple(before)))
            result = self._try(formula, *contexts[-1], {})
            if isinstance(result, Typeset):
                number += result.numbers
                if _DEFINES.search(formula.tex):
                    before.append((formula.tex, formula.display))
                result = _check_labels(result, labels)
            done.append(result)
        # All labels are known now: give references their numbers. Those of equations that failed
        # are not worth a complaint of their own.
        pairs = zip(formulas, done, strict=True)
        failed = "".join(formula.tex for formula, result in pairs if isinstance(result, Refused))
        for place, (formula, result) in enumerate(zip(formulas, done, strict=True)):
            if isinstance(result, Typeset) and result.refs:
                unknown = [name for name in result.refs if name not in labels]
                unknown = [name for name in unknown if f"\\label{{{name}}}" not in failed]
                known = {name: labels[name] for name in result.refs if name in labels}
                done[place] = (
                    Refused(f"no equation of this page has the label {unknown[0]!r}{_near(labels)}")
                    if unknown
                    else self._try(formula, *contexts[place], known)
                )
        return done

    def _try(
        self,
        formula: Formula,
        number: int,
        before: tuple[tuple[str, bool], ...],
        labels: Mapping[str, tuple[str, str]],
    ) -> Typeset | Refused:
        if problem := formula.problem or _trap(formula):
            return Refused(problem)
        try:
            result = self.one(formula.tex, formula.display, 0, labels, before)
            if number and result.numbers:
                result = self.one(formula.tex, formula.display, number, labels, before)
        except TexError as error:
            return Refused(str(error))
        return result


def _trap(formula: Formula) -> str:
    if "\n" not in formula.tex and (comment := _TEX_COMMENT.search(formula.tex)):
        return f"% begins a comment in TeX, so {comment[0]!r} would be lost: write \\%"
    for pattern, message in _TRAPS:
        if match := pattern.search(formula.tex):
            return message.format(match[0])
    return ""


def _check_labels(result: Typeset, labels: dict[str, tuple[str, str]]) -> Typeset | Refused:
    for name, (tag, id_) in result.labels.items():
        if name in labels:
            return Refused(f"the label {name!r} is given twice on this page")
        if not id_:
            return Refused(
                f"the label {name!r} is on an equation without a number: use \\tag, "
                "or an environment that numbers (equation, align)"
            )
        labels[name] = (tag, id_)
    return result


def _near(labels: Mapping[str, object]) -> str:
    return f" (there are: {', '.join(sorted(labels))})" if labels else ""


def without_comments(tex: str) -> str:
    """TeX on one line, for copying: comments would swallow what follows."""
    return " ".join(_TEX_COMMENT.sub(r"\1", tex).split())


def _tidy_html(text: str, labels: Mapping[str, Sequence[str]]) -> str:
    """MathJax's markup without what no rule of its style sheet and no link needs."""
    kept = {html.escape(id_) for _, id_ in labels.values()}
    text = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in kept else "", text)
    # A slip of MathJax 4.1 in tables with numbers; browsers ignore it, validators do not.
    text = text.replace("height: NaNem;", "")
    text = re.sub(r' (?:class="MathJax(?:_ref)?"|texclass="\w+"|style=""|noic="true")', "", text)
    text = re.sub(r'style="([^"]*)"', lambda m: f'style="{_tight(m[1])}"', text)
    return text.replace(' style=""', "")


def _tight(style: str) -> str:
    return re.sub(r"\s*([:;,])\s*", r"\1", style).strip("; ")


def _tidy_mml(text: str) -> str:
    """MathML on one line, with characters in the place of entities and nothing but meaning."""
    text = re.sub(r">\s+<", "><", text.strip())
    text = re.sub(r' (?:data-[\w-]+|class|href|id|xmlns|style)="[^"]*"', "", text)
    # MathML Core has no labelled rows; the number is then simply the first cell.
    text = text.replace("mlabeledtr>", "mtr>")
    return re.sub(r"&#x([0-9A-F]+);", lambda m: _character(int(m[1], 16)), text)


def _character(code: int) -> str:
    return chr(code) if code > 127 else f"&#x{code:X};"
