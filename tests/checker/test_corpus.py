"""The checker against other people's habits: right backwards pass, wrong ones are named.

The whole set takes minutes, so a run takes a part of it; `make test-all` takes all.
"""

from collections import Counter

import pytest

import backprop as bp
from backprop.judging.hints import HINTS
from tests.checker.corpus import FAMILIES, load, right_cases, wrong_cases
from tests.samples import ALL, sampled

SHARE = 20  # one wrong case in twenty, unless all are asked for
# Below these shares something was broken; the figures of the whole set are in the message.
NAMED, HINTED = 0.95, 0.80


@pytest.mark.parametrize("case", sampled(right_cases(), 14), ids=str)
def test_right_backward_passes(case, tmp_path):
    forward, backward, args = load(case, tmp_path)
    report = bp.check(forward, backward, *args, lang="en")
    assert report.ok, str(report)
    assert report.first_wrong is None
    assert report.hint is None


def test_first_wrong_variable_and_kind_are_named(tmp_path):
    named, hinted, missed = Counter(), Counter(), []
    cases = wrong_cases()[:: 1 if ALL else SHARE]
    recorded = [case for case in cases if case.kind is not None]
    for case in cases:
        forward, backward, args = load(case, tmp_path)
        report = bp.check(forward, backward, *args, lang="en")
        assert not report.ok, f"{case} passes: {case.new!r}"
        named[case.family] += report.first_wrong == case.variable
        hinted[case.family] += case.kind is not None and report.hint == case.kind
        if report.first_wrong != case.variable or (case.kind and report.hint != case.kind):
            got = f"{report.first_wrong}, {report.hint}"
            missed.append(f"{case} ({case.new!r}): {case.variable}, {case.kind}; got {got}")
    told = f"named {named.total()} of {len(cases)}, hints {hinted.total()} of {len(recorded)}\n"
    told += "\n".join(missed)
    assert named.total() >= NAMED * len(cases), told
    assert hinted.total() >= HINTED * len(recorded), told


def test_the_set_is_broad():
    wrong = Counter(case.family for case in wrong_cases())
    right = Counter(case.family for case in right_cases())
    assert set(wrong) == set(right) == set(FAMILIES)
    assert len(wrong_cases()) >= 60
    assert min(right.values()) >= 4
    kinds = {case.kind for case in wrong_cases()} - {None}
    assert kinds <= set(HINTS)
    assert set(HINTS) - kinds <= {
        "cancel",
        "error",
        "eps",
        "function",
        "rounded",
    }  # those have tests of their own
