"""Handwritten pairs in other hands: right ones are not flagged, slips are named.

Here a seeded sample; `python -m tests.checker.strangers` tries all of them.
"""

import random

import pytest

from tests.checker.strangers import ELSEWHERE, PAIRS, SLIPS, judged, slipped

RIGHT = random.Random(13).sample(list(PAIRS), 36)
SAMPLE = random.Random(14).sample([slip for slip in SLIPS if slip not in ELSEWHERE], 36)


@pytest.mark.parametrize("name", RIGHT)
def test_right_ones_are_not_flagged(name):
    f, f_backward, args, _ = PAIRS[name]
    report = judged(f, f_backward, args)
    assert report.ok, report.message
    assert not [row for row in report.rows if row.status == "wrong"], report


@pytest.mark.parametrize(("name", "slip"), SAMPLE)
def test_slips_are_named(name, slip):
    report, line = slipped(name, slip)
    assert not report.ok
    assert report.line == line, report.message


def test_the_set_is_broad():
    assert len(PAIRS) >= 130
    assert all(len(slips) >= 3 for *_, slips in PAIRS.values())
    assert len(ELSEWHERE) <= 0.05 * len(SLIPS)
