"""The text of a reader's language: a room has one table, a row a text, a column a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, str]


def column(language: str) -> str:
    """The column of a language that is called ``zh``, ``zh-Hans``, ``pt-BR`` or ``en_US.UTF-8``."""
    return language.replace("_", "-").replace(".", "-").split("-")[0].lower()


def columns(table: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """The languages in which a whole table can be said, in the order of its first row."""
    rows = list(table.values())
    return tuple(name for name in (rows[0] if rows else ()) if all(name in row for row in rows))


def spoken(language: str, table: Mapping[str, Row]) -> str:
    """The column in which a whole table can be said: the language's, else English."""
    short = column(language)
    return short if short in columns(table) else "en"


def sayer(table: Mapping[str, Row]) -> Callable[..., str]:
    """``say(key, language, **values)`` for a table: English where the language has no text.

    Values fill the places of the text in braces; a text that is asked for without values comes
    as it is written.
    """

    def say(key: str, language: str, **values: Any) -> str:
        row = table[key]
        text = row.get(column(language), row["en"])
        return text.format(**values) if values else text

    return say
