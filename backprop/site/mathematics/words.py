"""What this room says to readers, in every language of the site."""

from __future__ import annotations

_WORDS = {
    "formula": {"en": "Formula", "zh": "公式"},
    "numbered": {"en": "Formula ({})", "zh": "公式 ({})"},
    "error": {"en": "This formula cannot be typeset", "zh": "此公式无法排版"},
}


def word(name: str, language: str, *values: object) -> str:
    """The text `name` in `language` (`zh`, `zh-Hans`, `en_US`); English where missing."""
    table = _WORDS[name]
    return table.get(language.replace("_", "-").split("-")[0].lower(), table["en"]).format(*values)
