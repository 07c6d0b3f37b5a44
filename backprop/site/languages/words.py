"""What readers see, a column a language. A block in `mkdocs.yml` may add or replace words."""

from __future__ import annotations

from backprop.common.words import column

# What languages call themselves, and their tag for browsers where it is not the key.
NAMES = {"zh": "中文", "zh-Hant": "繁體中文", "en": "English", "ja": "日本語", "ko": "한국어"}
NAMES |= {"de": "Deutsch", "fr": "Français", "es": "Español", "ru": "Русский", "pt": "Português"}
NAMES |= {"ar": "العربية", "fa": "فارسی", "he": "עברית", "it": "Italiano", "tr": "Türkçe"}
TAGS = {"zh": "zh-Hans"}

WORDS = {
    "untranslated": {
        "zh": "本页还没有 {name} 版。",
        "en": "There is no {name} version of this page yet.",
    },
    # What a language says of itself; of one without words here, English says it by its name.
    "unavailable": {
        "zh": "本页没有中文版。",
        "en": "This page is not available in English.",
        "": "This page is not available in {name}.",
    },
    "home": {"zh": "中文首页", "en": "English home page", "": "{name} home page"},
    "not_found": {"zh": "找不到这个页面", "en": "Page not found"},
    "not_found_why": {
        "zh": "地址可能有误，或者页面已经移走。",
        "en": "The address may be wrong, or the page has moved.",
    },
}


def words_of(key: str, name: str, own: dict[str, str]) -> dict[str, str]:
    """The words of the language `key` called `name`; what its block says (`own`) comes first."""
    short = column(key)
    words = {word: row.get(short, row.get("", row["en"])) for word, row in WORDS.items()} | own
    about_itself = {word for word, row in WORDS.items() if "" in row}
    return {k: v.replace("{name}", name) if k in about_itself else v for k, v in words.items()}
