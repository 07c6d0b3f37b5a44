"""What readers see of the verdicts: a mark beside each row, and a legend below the derivation.

A mark is a button: a tap opens its explanation (a popover, no script; with `backprop.site.marks`
pointing at it or focusing it will do), and its label says the same to a screen reader.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections import Counter
from collections.abc import Callable

from backprop.derivations.explain import MARK, describe, phrase
from backprop.derivations.reading.plain import plain
from backprop.derivations.verdicts import STATUSES, Premise, Report, Verdict

LEGEND = {
    "proved": ("proved for all sizes", "对任意大小已证明"),
    "checked": ("checked on random instances (no proof)", "在随机样例上验算（不是证明）"),
    "waived": ("not checked, with the reason", "未验证，附理由"),
    "underived": ("right, but not derived yet", "正确，但尚未推导"),
    "unchecked": ("not checked", "未验证"),
    "wrong": ("wrong", "错误"),
}
PREMISES = ("assumed, not derived: {texts}", "假设，并非推出：{texts}")
COUNTED = (
    ("{n} row on this page: ", "{n} rows on this page: "),
    ("本页共 {n} 行：", "本页共 {n} 行："),
)


Typeset = Callable[[str], str]
"""TeX → HTML; text where nobody typesets."""


def as_text(tex: str) -> str:
    return html.escape(plain(tex))


def mark(verdicts: list[Verdict], path: str, language: str, typeset: Typeset = as_text) -> str:
    """The HTML beside one row (a fact cited in the row has a verdict of its own)."""
    return "".join(_one(v, path, language, typeset) for v in verdicts)


def _one(verdict: Verdict, path: str, language: str, typeset: Typeset) -> str:
    place = f"{path}\0{verdict.line}\0{verdict.display}\0{verdict.number}\0{verdict.text}"
    lines = describe(verdict, language, quoted)
    same = f"{verdict.gradient.function} {verdict.gradient.name}" if verdict.gradient else ""
    return _button(verdict.status, MARK[verdict.status], lines, place, typeset, same)


# Around TeX in a sentence, until it is known what shall become of it.
_OPEN, _CLOSE = "\x02", "\x03"
_QUOTED = re.compile(f"{_OPEN}(.*?){_CLOSE}", re.DOTALL)


def quoted(tex: str) -> str:
    return f"{_OPEN}{tex}{_CLOSE}"


def _shown(line: str, typeset: Typeset) -> str:
    """A line as HTML: TeX typeset, names of the code as code."""
    parts = _QUOTED.split(line)
    for k, part in enumerate(parts):
        text = html.escape(_spaced(part)) if k % 2 == 0 else typeset(part)
        parts[k] = re.sub(r"`([^`]*)`", r"<code>\1</code>", text) if k % 2 == 0 else text
    return "".join(parts)


def _spaced(part: str) -> str:
    """A piece of a line as text, with the blanks that part it from what is typeset beside it."""
    bare = part.strip()
    before, _, after = part.partition(bare) if bare else (part, "", "")
    return f"{before}{plain(bare)}{after}"


def _button(
    status: str, sign: str, lines: list[str], place: str, typeset: Typeset, same: str = ""
) -> str:
    name = "bp-row-" + hashlib.sha256(place.encode()).hexdigest()[:10]
    # The line that names code is of use beside that code, too.
    kinds = (' class="bp-is"' if "`" in line else "" for line in lines)
    shown = "".join(
        f"<span{kind}>{_shown(line, typeset)}</span>"
        for kind, line in zip(kinds, lines, strict=True)
    )
    told = [_QUOTED.sub(r"\1", line).replace("`", "") for line in lines]
    label = html.escape(". ".join(plain(line).rstrip(".。") for line in told))
    data = f' data-same="{html.escape(same)}"' if same else ""
    return (
        f'<button type="button" class="bp-mark bp-mark-{status}"{data} '
        f'popovertarget="{name}" aria-label="{label}" title="{label}">{sign}</button>'
        # The label has said it already; what is not laid out yet would be read although closed.
        f'<bdi class="bp-mark-why" id="{name}" popover aria-hidden="true" data-search-exclude>'
        f"{shown}</bdi>"
    )


def premise(found: Premise, path: str, language: str, typeset: Typeset = as_text) -> str:
    """The mark behind an equation that the prose assumes."""
    line = phrase("premise", language, tex=quoted(found.text))
    place = f"{path}\0{found.line}\0{found.display}\0{found.text}"
    return _button("assumed", "⊢", [line], place, typeset)


def legend(reports: list[Report], language: str) -> str:
    """The marks that occur in the derivations of a page, what they mean, and how many rows carry
    each."""
    counts = Counter(v.status for report in reports for v in report.verdicts)
    zh = language.startswith("zh")
    parts = [
        f'<span class="bp-mark-{status}">{MARK[status]}</span> {counts[status]} '
        f"{LEGEND[status][zh]}"
        for status in STATUSES
        if counts[status]
    ]
    number = sum(counts.values())
    total = COUNTED[zh][number != 1].format(n=number)
    between = "；" if zh else "; "
    return f'<p class="bp-derivation-legend" data-search-exclude>{total}{between.join(parts)}</p>'


def premises(report: Report, language: str) -> str:
    """What a derivation assumes; "" if nothing."""
    if not report.assumed:
        return ""
    texts = ", ".join(html.escape(plain(one.text)) for one in report.assumed)
    told = PREMISES[language.startswith("zh")].format(texts=texts)
    sign = '<span class="bp-mark-assumed">⊢</span>'
    return f'<p class="bp-derivation-legend" data-search-exclude>{sign} {told}</p>'


CSS = """\
:root{--bp-proved:#1b6e3c;--bp-checked:#1b6e3c;--bp-waived:#6b5a00;--bp-wrong:#b3261e;
--bp-derivation-line:#0000001f}
@media screen{[data-md-color-scheme="slate"]{--bp-proved:#7fd49f;--bp-checked:#7fd49f;
--bp-waived:#e0c860;--bp-wrong:#ff8a80;--bp-derivation-line:#ffffff2e}}
.bp-derivation{border-left:.15rem solid var(--bp-derivation-line);padding-left:.9rem;margin:1.2em 0}
.bp-derivation-title{font-weight:600}
.bp-derivation-legend{font-size:.8em;opacity:.85}
.bp-mark{font:inherit;line-height:1.2;color:inherit;background:none;border:0;
padding:.25em .45em;margin:-.25em -.4em -.25em 0;min-width:1.8em;min-height:1.8em;cursor:pointer;
border-radius:.3em}
.bp-row-marks .bp-mark{margin-right:0}
.bp-row-mark .bp-mark{margin:-.65em 0;padding-block:0;min-height:1.3em}
.bp-mark:focus-visible{outline:2px solid currentColor;outline-offset:1px}
.bp-mark-proved{color:var(--bp-proved)}
.bp-mark-checked{color:var(--bp-checked)}
.bp-mark-waived,.bp-mark-unchecked,.bp-mark-underived,.bp-mark-assumed{color:var(--bp-waived)}
.bp-mark-wrong{color:var(--bp-wrong)}
.bp-row-marks{font-size:.8em}
.bp-derivation mjx-mtable[width=full]{min-width:max-content!important}
@media(max-width:30em){.bp-derivation .bp-row-mark{padding-left:.2em}
.bp-derivation mjx-mtable[width=full]>mjx-table{margin-left:0!important}}
@media print{.bp-mark{padding:0}}
"""
