"""The tables of what readers see: every text in both languages, English for all others."""

from __future__ import annotations

import string
from importlib import import_module
from pathlib import Path

import pytest

import backprop
from backprop.common.words import sayer, spoken

ROOT = Path(backprop.__file__).parent
ROOMS = sorted(
    ".".join(("backprop", *file.relative_to(ROOT).with_suffix("").parts))
    for file in ROOT.rglob("words.py")
    if "sayer(" in file.read_text("utf-8") and file.parent.name != "common"
)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_is_there_in_both_languages_with_the_same_places(room):
    module = import_module(room)
    tables = [table for name, table in vars(module).items() if name.isupper()]
    assert tables
    for table in tables:
        for key, row in table.items():
            texts = dict(zip(("en", "zh"), row, strict=True)) if isinstance(row, tuple) else row
            assert {"en", "zh"} <= set(texts), key
            for language, text in texts.items():
                assert fields(text) == fields(texts["en"]), (key, language)


def test_there_are_tables_to_walk():
    assert len(ROOMS) > 8


def test_a_language_is_found_under_all_its_names_and_english_stands_in():
    table = {
        "line": {"en": "line {n}", "zh": "第 {n} 行"},
        "menu": {"en": "menu", "zh": "菜单", "de": "Menü"},
    }
    say = sayer(table)
    for name in ("zh", "zh-Hans", "zh_CN", "ZH"):
        assert say("line", name, n=3) == "第 3 行"
    assert say("line", "de-AT", n=3) == "line 3"
    assert say("menu", "de-AT") == "Menü"
    assert [spoken(name, table) for name in ("zh-Hans", "de", "fr")] == ["zh", "en", "en"]
