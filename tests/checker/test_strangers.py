"""Handwritten pairs in other hands: right ones are not flagged, slips are named.

Here a seeded sample; `python -m tests.checker.strangers` tries all of them.
"""

import random

import pytest

from tests.checker.strangers import ELSEWHERE, PAIRS, SLIPS, judged, slipped
from tests.samples import sampled

RIGHT = random.Random(13).sample(list(PAIRS), 18)
SAMPLE = random.Random(14).sample([slip for slip in SLIPS if slip not in ELSEWHERE], 14)


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


# One of each kind that was named elsewhere, or not at all: another list of labels, an order in a
# list, six axes, weights that do not add up to one, a length under another's name, a value that
# becomes right, a sign beside what is computed as in the forward, a line within a statement, what
# the `return` leaves out, a filter that is not turned.
KINDS = [
    ("lossFun", 1), ("causal", 1), ("pixel_shuffle", 2), ("plackett_luce", 0),
    ("spatial_batchnorm", 0), ("multiclass_focal", 3), ("rbm_free_energy", 0), ("block", 0),
    ("block", 1), ("conv_strided", 0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "slip"), sampled(KINDS, 3))
def test_kinds_of_slips_are_explained(name, slip):
    report, line = slipped(name, slip)
    assert report.line == line, report.message
    assert report.hint is not None, report.message


def test_the_set_is_broad():
    assert len(PAIRS) >= 160
    assert all(len(slips) >= 3 for *_, slips in PAIRS.values())
    assert len(ELSEWHERE) <= 0.05 * len(SLIPS)
