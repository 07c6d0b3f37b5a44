"""What students and small frameworks write, nobody here: functions, their backwards, slips."""

import numpy as np

import backprop as bp
from tests.checker.slips import with_slip
from tests.checker.strangers import (
    chains,
    corners,
    coursera,
    courses,
    densities,
    frameworks,
    graders,
    imagery,
    modern,
    others,
    sequences,
)

MODULES = (
    coursera,
    frameworks,
    sequences,
    modern,
    imagery,
    chains,
    densities,
    others,
    courses,
    corners,
    graders,
)
PAIRS = {name: pair for module in MODULES for name, pair in module.PAIRS.items()}
assert len(PAIRS) == sum(len(module.PAIRS) for module in MODULES), "two pairs of one name"
SLIPS = [(name, i) for name, (_, _, _, slips) in PAIRS.items() for i in range(len(slips))]
# Seen, but not named at their own line: a term that one step in a loop leaves out, an index that
# is right for another array, an order that shows one line later, a slice that is used two lines
# later; and what can be put right at another line as well, a factor or a sign of a product.
ELSEWHERE = {
    ("over_time", 1), ("overlapping_max", 0), ("l2_pool", 1), ("instance_norm", 0), ("squash", 2),
    ("captioning_loss", 1), ("kalman", 4), ("cox_partial", 1), ("batch_all_triplet", 3),
    ("gp_nll", 3), ("mmd", 2), ("runge_kutta", 0), ("runge_kutta", 1), ("capsules", 0),
    ("sparsemax", 0), ("actor_critic", 0), ("tensor_net", 0), ("tensor_net", 2),
    ("bn_named", 0), ("bn_named", 1), ("char_lstm", 2), ("mlp_ctx", 0), ("mlp_ctx", 2),
    ("momentum_inside", 0), ("neural_ode", 3), ("triplet_semi", 3), ("value_expression", 1),
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
