"""Settings, and what templates are given, as plain data, which JSON can express and compare."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any


def plain(value: Any, other: Callable[[Any], Any]) -> Any:
    """Containers as lists, mappings as lists of pairs, in their order; sets in that of their texts.

    `other` makes plain data of what is none of these: it may ask for its parts here again.
    """
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(one, other) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if isinstance(value, Mapping) or (hasattr(value, "keys") and not isinstance(value, type)):
        return [[str(key), plain(value[key], other)] for key in value.keys()]  # noqa: SIM118
    return other(value)


def named(value: Any) -> Any:
    """Functions and objects by their names: what stands for them in settings."""
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    text = str(value)
    return kind if " at 0x" in text else f"{kind} {text}"


def as_json(value: Any) -> str:
    """Any of our own data as text that is the same when it says the same."""
    return json.dumps(plain(value, named), sort_keys=True, ensure_ascii=False)
