"""What students and small frameworks write, nobody here: functions, their backwards, slips."""

import numpy as np

import backprop as bp
from tests.checker.slips import with_slip
from tests.checker.strangers import coursera, frameworks, modern, sequences

PAIRS = {**coursera.PAIRS, **frameworks.PAIRS, **sequences.PAIRS, **modern.PAIRS}
SLIPS = [(name, i) for name, (_, _, _, slips) in PAIRS.items() for i in range(len(slips))]
# Seen, but not named at their own line: a term that one step in a loop leaves out, an index that
# is right for another array, `=` for `+=` where two variables have nearly the same name, an order
# that shows one line later, a slice that is used two lines later.
ELSEWHERE = {
    ("over_time", 1), ("lossFun", 1), ("conv", 2), ("causal", 1), ("huber", 1),
    ("bidirectional", 0), ("conv1d", 1),
}  # fmt: skip


def judged(f, f_backward, args):
    functions = (f,) if f_backward is None else (f, f_backward)
    with np.errstate(all="ignore"):
        return bp.check(*functions, *args, lang="en")


def slipped(name, slip):
    """The report on a pair with one slip, and the line where that is."""
    f, f_backward, args, slips = PAIRS[name]
    wrong, line = with_slip(f_backward or f, *slips[slip])
    return judged(*((wrong, None) if f_backward is None else (f, wrong)), args), line
