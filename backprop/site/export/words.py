"""What this room says in the posts that it writes, in every language of the site."""

from __future__ import annotations

from backprop.common.words import sayer

WORDS = {
    "steps": {"en": "Step by step", "zh": "逐步来看"},
    "also": {"en": "Also in: {names}", "zh": "其他语言：{names}"},
    "term": {"en": "{term}: {said}", "zh": "{term}：{said}"},
    "aside": {"en": " ({words})", "zh": "（{words}）"},
    # the signs of a drawing's legend, by the keys of `bp-key-…`
    "forward": {"en": "green", "zh": "绿色"},
    "backward": {"en": "red", "zh": "红色"},
    "operation": {"en": "rounded box", "zh": "圆角框"},
    "input": {"en": "dark box", "zh": "深色框"},
    "constant": {"en": "dashed box", "zh": "虚线框"},
    "and": {"en": "; ", "zh": "；"},
}

say = sayer(WORDS)
