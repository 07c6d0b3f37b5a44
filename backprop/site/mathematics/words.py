"""What this room says to readers, in every language of the site."""

from __future__ import annotations

from backprop.common.words import sayer

WORDS = {
    "formula": {"en": "Formula", "zh": "公式"},
    "numbered": {"en": "Formula ({number})", "zh": "公式 ({number})"},
    "error": {"en": "This formula cannot be typeset", "zh": "此公式无法排版"},
}

say = sayer(WORDS)
