"""What readers see: one row a language. A block in `mkdocs.yml` may add or replace words."""

from __future__ import annotations

# What languages call themselves, and their tag for browsers where it is not the key.
NAMES = {"zh": "中文", "zh-Hant": "繁體中文", "en": "English", "ja": "日本語", "ko": "한국어"}
NAMES |= {"de": "Deutsch", "fr": "Français", "es": "Español", "ru": "Русский", "pt": "Português"}
NAMES |= {"ar": "العربية", "fa": "فارسی", "he": "עברית", "it": "Italiano", "tr": "Türkçe"}
TAGS = {"zh": "zh-Hans"}

WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "untranslated": "本页还没有 {name} 版。",
        "unavailable": "本页没有中文版。",
        "home": "中文首页",
        "not_found": "找不到这个页面",
        "not_found_why": "地址可能有误，或者页面已经移走。",
    },
    "en": {
        "untranslated": "There is no {name} version of this page yet.",
        "unavailable": "This page is not available in English.",
        "home": "English home page",
        "not_found": "Page not found",
        "not_found_why": "The address may be wrong, or the page has moved.",
    },
}

FALLBACK = {
    **WORDS["en"],
    "unavailable": "This page is not available in {name}.",
    "home": "{name} home page",
}


def words_of(key: str, name: str, own: dict[str, str]) -> dict[str, str]:
    """The words of the language `key` called `name`; what its block says (`own`) comes first."""
    words = {**FALLBACK, **WORDS.get(key.split("-")[0], {}), **own}
    about_itself = {"unavailable", "home"}
    return {k: v.replace("{name}", name) if k in about_itself else v for k, v in words.items()}
