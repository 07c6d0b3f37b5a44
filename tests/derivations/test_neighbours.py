"""A seeded sample of rows that are false by a hair, and of the true ones beside them: all of them
by `python -m tests.derivations.search neighbours 0`."""

import random

from . import traps
from .neighbours import rows
from .search import settled

COUNT = 36


def test_a_row_that_is_false_by_a_hair_is_never_accepted():
    sample = random.Random("false").sample(rows(true=False), COUNT)
    assert not [row for row in sample if settled(*row, prove=False) == "ok"]


def test_the_true_row_beside_it_is_never_called_wrong():
    sample = random.Random("true").sample(rows(true=True), COUNT)
    verdicts = [settled(*row, prove=False) for row in sample]
    assert "wrong" not in verdicts
    assert verdicts.count("ok") > COUNT * 2 / 3


def test_no_trap_is_fallen_into():
    sample = random.Random("false").sample(traps.FALSE, COUNT)
    assert not [row for row in sample if settled(*row, prove=False) == "ok"]


def test_what_is_no_trap_is_never_called_wrong():
    sample = random.Random("true").sample(traps.TRUE, COUNT // 2)
    verdicts = [settled(*row, prove=False) for row in sample]
    assert "wrong" not in verdicts
    assert verdicts.count("ok") > COUNT / 3
