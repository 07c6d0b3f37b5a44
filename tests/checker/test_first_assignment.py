"""Functions that return (loss, gradients): checked without a backward."""

import types

import numpy as np
import pytest

import backprop as bp
from tests.checker.slips import line_of, with_slip
from tests.checker.strangers.first_assignment import LOSSES
from tests.samples import sampled

SLIPS = [(name, i) for name, (_, _, slips) in LOSSES.items() for i in range(len(slips))][::2]


def written(f, old, new, *elsewhere):
    """The function with one slip, and the lines that may be named."""
    owner = getattr(f, "__self__", None)
    function = f if owner is None else f.__func__
    changed, line = with_slip(function, old, new)
    lines = {line, *(line_of(function, part) for part in elsewhere)}
    return (changed if owner is None else types.MethodType(changed, owner)), lines


@pytest.mark.parametrize("name", LOSSES)
def test_right_ones_are_right(name):
    f, args, _ = LOSSES[name]
    report = bp.check(f, *args, lang="en")
    assert report.ok, report.message
    assert any(row.status == "right" for row in report.rows)
    assert all(row.status != "wrong" for row in report.rows)


@pytest.mark.parametrize(("name", "slip"), sampled(SLIPS, 12))
def test_the_first_wrong_line_is_named(name, slip):
    f, args, slips = LOSSES[name]
    changed, lines = written(f, *slips[slip])
    report = bp.check(changed, *args, lang="en")
    assert not report.ok
    assert report.line in lines, report.message
    assert report.hint is not None, report.message


def test_it_needs_a_loss():
    with pytest.raises(bp.TraceError, match=r"must return \(loss, gradients\)"):
        bp.check(lambda W: np.sum(W * W), np.ones(3))
    with pytest.raises(bp.TraceError, match=r"must be the loss.*shape \(3,\)"):
        bp.check(lambda W: (W * W, 2 * W), np.ones(3))
