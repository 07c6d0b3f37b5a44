"""check="f(args)": ways in which a wrong gradient could stand in a fence and pass unseen."""

import ast
import types

import numpy as np
import pytest

from backprop.program.fault import FenceError
from backprop.site.posts import check as checking
from backprop.site.posts.check import fence, points
from backprop.site.posts.check.follow import overwritten
from tests.posts.test_checked_lines import namespace

RIGHT = """\
dsquare = dvar / x.shape[0]
ddiff = 2 * diff * dsquare
dmean = -np.sum(ddiff, axis=0)
dx = ddiff + dmean / x.shape[0]
"""
LESS = RIGHT.replace("dsquare = dvar / x.shape[0]\n", "").replace("dsquare", "dvar / x.shape[0]")


def run(code, **request):
    checking.forget()
    page = types.ModuleType("__main__")
    page.__dict__.update(namespace())
    request = {"code": code, "check": "variance(x)", "at": None, "first": 11, **request}
    with np.errstate(all="ignore"):
        return fence.run(request, "post.md", page)["marks"]


UNSEEN = {
    # what is given a gradient's name and is no variable
    "an attribute": ("g = types.SimpleNamespace()\ng.dsquare = dvar * 7\n", LESS, 2, "dsquare"),
    "a key": ("g = {}\ng['dsquare'] = dvar * 7\n", LESS, 2, "is none here"),
    "a display": ("grads = {'dsquare': dvar * 7}\n", LESS, 1, "is none here"),
    "a keyword": ("grads = dict(dsquare=dvar * 7)\n", LESS, 1, "is none here"),
    "a default": ("f = lambda dsquare=dvar * 7: 0\n", LESS, 1, "is none here"),
    # statements that bind names
    "with": ("with contextlib.nullcontext(dvar * 7) as dsquare:\n    0\n", LESS, 1, "35 times"),
    "case": ("match dvar * 7:\n    case dsquare:\n        0\n", LESS, 1, "35 times"),
    "except": ("try:\n    1 / 0\nexcept Exception as dsquare:\n    0\n", LESS, 1, "no array"),
    "import": ("from math import pi as dsquare\n", LESS, 1, "dsquare"),
    "import of all": ("from math import *\n", LESS, 1, r"import \*"),
    # what is overwritten, or never runs
    "try": ("try:\n    dsquare = dvar * 7\nfinally:\n    dsquare = dvar / x.shape[0]\n",
            LESS, 2, "line 15 assigns `dsquare` anew"),
    "in another turn": ("for i in range(2):\n    if i:\n        dsquare = dvar / x.shape[0]\n"
                        "    else:\n        dsquare = dvar * 7\n", LESS, 3, "anew before"),
    "in one turn": ("for i in range(2):\n    dsquare = dvar * 7\n    dsquare = dvar / len(x)\n",
                    LESS, 2, "line 14 assigns `dsquare` anew"),
    "a branch": ("dsquare = dvar * 7 if len(x) == 99 else dvar / x.shape[0]\n",
                 LESS, 1, "never ran"),
    "a second operand": ("dsquare = dvar / x.shape[0] if len(x) else None\n", LESS, 1, "never ran"),
    # arrays that are written to by another name, or by a method
    "a view": ("", RIGHT + "row = dx[0]\nrow[:] = 0\n", 6, "20 differ"),
    "rows": ("", RIGHT + "for row in dx:\n    row *= 3\n", 5, "3 times"),
    "a method": ("", RIGHT + "dx.__imul__(3)\n", 5, "3 times"),
    # the upstream gradient is not the fence's to change
    "upstream": ("dvar = dvar * 3\n", RIGHT, 1, "3 times"),
    "upstream in place": ("dvar *= 3\n", RIGHT, 1, "3 times"),
    "imaginary": ("", RIGHT.replace("shape[0]\nddiff", "shape[0] + 3j\nddiff"), 1, "no array"),
    # nor are modules, classes and functions
    "numpy": ("np.sum = lambda a, axis=None: 0\n", RIGHT, 1, "leaves modules"),
    "the check": ("import backprop.site.posts.check as c\n"
                  "c._FenceCheck.run = lambda self: []\n", RIGHT, 2, "leaves modules"),
    "an attribute by its name": ("setattr(np, 'sum', np.mean)\n", RIGHT, 1, "leaves modules"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSEEN)
def test_what_would_be_compared_by_none_is_refused_at_its_line(case):
    first, rest, line, said = UNSEEN[case]
    before = np.sum, checking._FenceCheck.run
    with pytest.raises(FenceError, match=said) as caught:
        run(f"import types, contextlib\n{first}{rest}")
    assert caught.value.line == 11 + line
    assert before == (np.sum, checking._FenceCheck.run)


def test_a_fence_that_gives_something_else_when_it_runs_again_is_refused():
    class Counter(list):
        pass

    checking.forget()
    page = types.ModuleType("__main__")
    page.__dict__.update(namespace(), calls=(calls := Counter()), note=calls.append)
    code = "note(0)\ndsquare = dvar / x.shape[0] * 9 ** (len(calls) == 1)\n" + LESS
    request = {"code": code, "check": "variance(x)", "at": None, "first": 11}
    with pytest.raises(FenceError, match="run once more") as caught:
        fence.run(request, "post.md", page)
    assert caught.value.line == 12


RIGHT_ALL_THE_SAME = {
    "random numbers": "dvar = np.random.normal(size=4)\n" + RIGHT,
    "a name that is put away": RIGHT + "grads = {'dx': dx}\ngrads['dmean'] = dmean\n",
    "a view that is filled": RIGHT.replace(
        "dx = ", "dx = np.zeros_like(x)\nrows = dx[:]\nrows[:] = "
    ),
    "both branches": RIGHT.replace(
        "dx = ddiff", "dx = np.zeros_like(x)\nfor i in range(2):\n    dx += ddiff if i else 0"
    ).replace(" + dmean / x", "\ndx += dmean / x"),
}


# The gradient of one step: given anew in each turn of a loop, below `if` and `else`, and read.
STEPS = """\
dx = np.zeros_like(x)
for i in range(len(x)):
    if i == 0:
        dsquare = dvar / len(x)
    else:
        dsquare = dvar / x.shape[0]
    if i:
        ddiff = 2 * diff[i] * dsquare
        for _ in range(1):
            ddiff = ddiff * 1
    ddiff = 2 * diff[i] * dsquare
    dx[i] = ddiff
"""


def test_what_one_turn_of_a_loop_leaves_and_the_next_gives_anew_is_read_in_between():
    """So do the backwards of recurrent layers: `dh = dout`, but for the last step `dz @ W`."""
    (node,) = ast.parse(STEPS).body[1:]
    assert list(overwritten(node)) == []


@pytest.mark.parametrize("case", RIGHT_ALL_THE_SAME)
def test_what_is_right_and_looks_alike_passes(case):
    assert run(RIGHT_ALL_THE_SAME[case])[-1]["name"] == "dx"


def test_a_function_of_the_page_in_the_place_of_one_that_judges_is_seen(monkeypatch):
    page = types.ModuleType("__main__")
    page.__dict__.update(namespace())
    exec("def narrowed(*args):\n    return args[0]\n", page.__dict__)
    monkeypatch.setattr(points, "narrowed", page.narrowed)
    request = {"code": RIGHT, "check": "variance(x)", "at": None, "first": 11}
    with pytest.raises(FenceError, match=r"`backprop.site.posts.check.points.narrowed` is a"):
        fence.run(request, "post.md", page)
