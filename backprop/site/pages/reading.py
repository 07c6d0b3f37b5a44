"""How long a page takes to read, and what it says in short."""

from __future__ import annotations

import math
import re
from html import unescape

# Characters a minute for Chinese prose, words a minute for English, seconds for what needs
# thought: a formula in a line, a displayed formula, a line of code.
CHARACTERS, WORDS = 350, 220
INLINE, DISPLAY, CODE = 2.0, 20.0, 3.0

_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af]")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+(?:['’][A-Za-z]+)*|\d+(?:[.,]\d+)*")
_SKIPPED = re.compile(
    r"<(script|style|svg|template|nav)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE
)
_FORMULA = re.compile(r"<mjx-container\b([^>]*)>.*?</mjx-container>", re.DOTALL)
_PRE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def minutes(html: str) -> int:
    """Whole minutes, at least one, for the content of a page as rendered."""
    html = _SKIPPED.sub(" ", html)
    seconds = 0.0
    for attributes in _FORMULA.findall(html):
        seconds += DISPLAY if 'display="true"' in attributes else INLINE
    html = _FORMULA.sub(" ", html)
    for block in _PRE.findall(html):
        seconds += CODE * sum(1 for line in _text(block).splitlines() if line.strip())
    text = _text(_PRE.sub(" ", html))
    seconds += 60 * len(_CJK.findall(text)) / CHARACTERS
    seconds += 60 * len(_WORD.findall(text)) / WORDS
    return max(1, math.ceil(seconds / 60))


def summary(html: str, longest: int = 160) -> str:
    """The beginning of the first paragraph without formulas, cut at a word."""
    html = _FORMULA.sub("…", _SKIPPED.sub(" ", html))
    for paragraph in re.findall(r"<p\b[^>]*>(.*?)</p>", html, re.DOTALL):
        text = " ".join(_text(paragraph).split())
        if len(text) > 10:
            break
    else:
        return ""
    if len(text) <= longest:
        return text
    cut = text[:longest]
    if not _CJK.search(cut[-1]):
        cut = cut.rsplit(" ", 1)[0]
    return cut.rstrip("，。、；：,.;: ") + "…"


def _text(html: str) -> str:
    return unescape(_TAG.sub("", html))
