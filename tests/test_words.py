"""The tables of what readers see: every text in both languages, English for all others."""

from __future__ import annotations

import string
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import backprop as bp
from backprop import shapes
from backprop.checker.report import language, languages
from backprop.common.words import columns, sayer, spoken
from backprop.judging.hints import HINTS

ROOT = Path(bp.__file__).parent
ROOMS = sorted(
    ".".join(("backprop", *file.relative_to(ROOT).with_suffix("").parts))
    for file in [*ROOT.rglob("words.py"), ROOT / "shapes.py"]
    if '"zh"' in file.read_text("utf-8")
)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def tables(module: ModuleType) -> list[dict]:
    """Those with a row a text and a column a language."""
    found = [table for name, table in vars(module).items() if name.isupper()]
    return [table for table in found if all(isinstance(row, dict) for row in table.values())]


@pytest.mark.parametrize("room", ROOMS)
def test_every_text_is_there_in_both_languages_with_the_same_places(room):
    module = import_module(room)
    assert tables(module)
    for table in tables(module):
        assert {"en", "zh"} <= set(columns(table))
        for key, row in table.items():
            own = {"name"} if "" in row else set()  # what a language says of itself
            for column, text in row.items():
                assert fields(text) | own == fields(row["en"]) | own, (key, column)


def test_there_are_tables_to_walk():
    assert len(ROOMS) > 15


def test_a_third_language_is_a_column(monkeypatch):
    """Of every table; nothing else has to be told of it."""
    for room in ROOMS:
        for table in tables(import_module(room)):
            for row in table.values():
                monkeypatch.setitem(row, "xx", f"XX {row['en']}")
    assert "xx" not in languages()
    for hint in HINTS.values():
        monkeypatch.setitem(hint.says, "xx", tuple(f"XX {text}" for text in hint.says["en"]))
    assert languages() == ("en", "zh", "xx")
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")
    assert language() == "xx"
    x = np.random.default_rng(0).normal(size=3)
    report = bp.check(lambda x: np.sin(x), lambda dout, x: -dout * np.cos(x), x)
    assert "XX <lambda> against" in str(report)
    assert "XX The sign" in str(report)
    assert 'lang="XX en"' in bp.draw(bp.trace(lambda x: np.sin(x), x), lang="xx")
    assert shapes.by_shape((3, 3), a=(3, 3), b=(3, 3), lang="xx").warning.startswith("XX ")
    monkeypatch.setenv("LC_ALL", "yy_ZZ.UTF-8")
    assert language() == "en"
    with pytest.raises(ValueError, match='it can be "en" or "zh" or "xx"'):
        language("yy")


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
    assert columns(table) == ("en", "zh")
