"""What a run takes of the long sets: a fixed, seeded sample; `make test-all` takes all of them.

What is left out is marked `long` and deselected (conftest.py), unless it is named: a run says how
many tests it did not take.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from typing import Any

import pytest

ALL = bool(os.environ.get("BACKPROP_ALL_CASES"))

long = pytest.mark.long


def sampled(cases: Iterable[Any], size: int, *always: Any, seed: int = 20170330) -> list[Any]:
    """Cases for `parametrize`, of which a run takes `always` and as many others as make `size`."""
    every = list(cases)
    others = [case for case in every if case not in always]
    chosen = [*always, *random.Random(seed).sample(others, size - len(always))]
    return [case if case in chosen else _rest(case) for case in every]


def _rest(case: Any) -> Any:
    return pytest.param(*case if isinstance(case, tuple) else (case,), marks=long)


def deselected(items: list[pytest.Item], named: Iterable[str]) -> set[pytest.Item]:
    """Which of the items a run leaves out: the long ones that nobody named."""
    if ALL:
        return set()
    named = [one.split("[")[0] for one in named if "::" in one]
    return {
        item
        for item in items
        if item.get_closest_marker("long") and not item.nodeid.startswith(tuple(named))
    }
