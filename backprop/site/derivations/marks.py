"""What readers see of the verdicts: a mark beside each row, and a legend below the derivation.

A mark is a button: focus or tap opens its explanation (a popover, no script), and its label says
the same to a screen reader.
"""

from __future__ import annotations

import hashlib
import html
from collections import Counter

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
COUNTED = (("{n} row: ", "{n} rows: "), ("共 {n} 行：", "共 {n} 行："))


def mark(verdicts: list[Verdict], path: str, language: str) -> str:
    """The HTML beside one row (a fact cited in the row has a verdict of its own)."""
    return "".join(_one(v, path, language) for v in verdicts)


def _one(verdict: Verdict, path: str, language: str) -> str:
    lines = [plain(line) for line in describe(verdict, language)]
    place = f"{path}\0{verdict.line}\0{verdict.display}\0{verdict.number}\0{verdict.text}"
    return _button(verdict.status, MARK[verdict.status], lines, place)


def _button(status: str, sign: str, lines: list[str], place: str) -> str:
    name = "bp-row-" + hashlib.sha256(place.encode()).hexdigest()[:10]
    shown = "".join(f"<span>{html.escape(line)}</span>" for line in lines)
    label = html.escape(". ".join(line.rstrip(".。") for line in lines))
    return (
        f'<button type="button" class="bp-mark bp-mark-{status}" '
        f'popovertarget="{name}" aria-label="{label}" title="{label}">{sign}</button>'
        f'<span class="bp-mark-why" id="{name}" popover>{shown}</span>'
    )


def premise(found: Premise, path: str, language: str) -> str:
    """The mark behind an equation that the prose assumes."""
    line = plain(phrase("premise", language, tex=found.text))
    place = f"{path}\0{found.line}\0{found.display}\0{found.text}"
    return _button("assumed", "⊢", [line], place)


def legend(report: Report, language: str) -> str:
    """The marks that occur in a derivation, what they mean, and how many rows carry each."""
    counts = Counter(v.status for v in report.verdicts)
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
    assumed = ""
    if report.assumed:
        texts = ", ".join(html.escape(plain(one.text)) for one in report.assumed)
        assumed = f'<br><span class="bp-mark-assumed">⊢</span> {PREMISES[zh].format(texts=texts)}'
    return f'<p class="bp-derivation-legend">{total}{between.join(parts)}{assumed}</p>'


CSS = """\
:root{--bp-proved:#1b6e3c;--bp-checked:#1b6e3c;--bp-waived:#6b5a00;--bp-wrong:#b3261e;
--bp-derivation-line:#0000001f}
@media screen{[data-md-color-scheme="slate"]{--bp-proved:#7fd49f;--bp-checked:#7fd49f;
--bp-waived:#e0c860;--bp-wrong:#ff8a80;--bp-derivation-line:#ffffff2e}}
.bp-derivation{border-left:.15rem solid var(--bp-derivation-line);padding-left:.9rem;margin:1.2em 0}
.bp-derivation-title{font-weight:600}
.bp-derivation-legend{font-size:.8em;opacity:.85}
.bp-mark{font:inherit;line-height:1.2;color:inherit;background:none;border:0;
padding:.25em .45em;margin:-.25em 0;min-width:1.8em;min-height:1.8em;cursor:pointer;
border-radius:.3em}
.bp-mark:focus-visible{outline:2px solid currentColor;outline-offset:1px}
.bp-mark-proved{color:var(--bp-proved)}
.bp-mark-checked{color:var(--bp-checked)}
.bp-mark-waived,.bp-mark-unchecked,.bp-mark-underived,.bp-mark-assumed{color:var(--bp-waived)}
.bp-mark-wrong{color:var(--bp-wrong)}
.bp-mark-why{position:fixed;inset:auto 1rem 1.5rem;margin:auto;max-width:36rem;padding:.7rem 1rem;
border:1px solid var(--bp-derivation-line);border-radius:.4rem;
background:var(--md-default-bg-color,Canvas);color:var(--md-default-fg-color,CanvasText);
font-size:.75rem;line-height:1.5;text-align:left;white-space:normal;overflow-wrap:anywhere;
box-shadow:0 .2rem .8rem #0004}
.bp-mark-why span{display:block}
@supports(position-area:top){.bp-mark-why{inset:auto;position-area:top span-all;
position-try-fallbacks:flip-block;justify-self:anchor-center;margin:.4rem 1rem}}
.bp-row-marks{font-size:.8em}
.bp-derivation mjx-mtable[width=full]{min-width:max-content!important}
@media(max-width:30em){.bp-derivation .bp-row-mark{padding-left:.2em}
.bp-derivation mjx-mtable[width=full]>mjx-table{margin-left:0!important}}
@media print{.bp-mark{padding:0}.bp-mark-why{display:none}}
"""
