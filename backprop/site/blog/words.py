"""What readers see: one row a phrase, a column a language."""

from __future__ import annotations

from backprop.common.words import sayer

WORDS: dict[str, dict[str, str]] = {
    "section": {
        "zh": "本节链接",
        "en": "Link to this section",
        "de": "Link zu diesem Abschnitt",
        "ja": "この節へのリンク",
    },
    "automatic": {
        "zh": "跟随系统（切换为浅色）",
        "en": "As the system (switch to light)",
        "de": "Wie das System (zu Hell wechseln)",
        "ja": "システムに合わせる（ライトに切り替え）",
    },
    "light": {
        "zh": "浅色（切换为深色）",
        "en": "Light (switch to dark)",
        "de": "Hell (zu Dunkel wechseln)",
        "ja": "ライト（ダークに切り替え）",
    },
    "dark": {
        "zh": "深色（切换为跟随系统）",
        "en": "Dark (switch to the system's)",
        "de": "Dunkel (zum System wechseln)",
        "ja": "ダーク（システムに合わせるに切り替え）",
    },
}

say = sayer(WORDS)
