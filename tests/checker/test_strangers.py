"""Handwritten pairs in other hands: right ones are not flagged, slips are named.

Here one slip of each pair; `python -m tests.checker.strangers` tries all of them.
"""

import pytest

from tests.checker.strangers import ELSEWHERE, PAIRS, SLIPS, judged, slipped

# One of each, which one goes round.
SAMPLE = [(name, i % 3) for i, name in enumerate(PAIRS)]


@pytest.mark.parametrize("name", PAIRS)
def test_right_ones_are_not_flagged(name):
    f, f_backward, args, _ = PAIRS[name]
    report = judged(f, f_backward, args)
    assert report.ok, report.message
    assert not [row for row in report.rows if row.status == "wrong"], report


@pytest.mark.parametrize(("name", "slip"), SAMPLE)
def test_slips_are_named(name, slip):
    report, line = slipped(name, slip)
    assert not report.ok
    assert report.line == line or (name, slip) in ELSEWHERE, report.message
    assert report.line is not None


def test_the_set_is_broad():
    assert len(PAIRS) >= 38
    assert all(len(slips) == 3 for *_, slips in PAIRS.values())
    assert len(ELSEWHERE) <= 5 <= 0.05 * len(SLIPS)
