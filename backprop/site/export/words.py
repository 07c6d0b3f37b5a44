"""What this room says in the posts that it writes, in every language of the site."""

from __future__ import annotations

from backprop.common.words import sayer

WORDS = {
    "steps": {"en": "Step by step", "zh": "逐步来看"},
    "also": {"en": "Also in: {names}", "zh": "其他语言：{names}"},
    "term": {"en": "{term}: {said}", "zh": "{term}：{said}"},
    "aside": {"en": " ({words})", "zh": "（{words}）"},
    "and": {"en": "; ", "zh": "；"},
}

say = sayer(WORDS)
