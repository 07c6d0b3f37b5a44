"""check="f(args)": right lines carry a mark, wrong ones are named, nothing passes unseen."""

import textwrap

import numpy as np
import pytest

import backprop as bp
from backprop.program.runner import FenceError
from backprop.site.posts import check as checking
from backprop.site.posts.check.points import ShiftedPoints

NAMESPACE = """
import numpy as np
rng = np.random.default_rng(0)

def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff ** 2
    var = np.mean(square, axis=0)
    return var

def batchnorm(x, gamma, beta, eps):
    mean = np.mean(x, axis=0)
    diff = x - mean
    var = np.mean(diff ** 2, axis=0)
    std = np.sqrt(var + eps)
    xhat = diff / std
    out = gamma * xhat + beta
    return out

def layer(x, w, b):
    h = x @ w + b
    h = np.maximum(0, h)
    out = h ** 2
    return out

def thrice(x):
    y = x * np.exp(x)
    return y

def loss(x):
    top = np.max(x, axis=1, keepdims=True)
    exps = np.exp(x - top)
    probs = exps / np.sum(exps, axis=1, keepdims=True)
    loss = -np.mean(np.log(probs[:, 0]))
    return loss

def cell(x, w):
    z = 1 / (1 + np.exp(-(x @ w)))
    return z

def scaled(x):
    square = x ** 2
    scaled = square * 1.0
    return scaled + 0

def fourth(x):
    q = x ** 4
    return q

def two(x):
    s = np.sum(x, axis=0)
    p = x * x
    return s, p

x = rng.normal(size=(SIZE, 4))
data = x + 1
w, b = rng.normal(size=(4, 3)), rng.normal(size=3)
gamma, beta, eps = rng.normal(size=4), rng.normal(size=4), 1e-5
dvar = rng.normal(size=4)
dout = rng.normal(size=(SIZE, 4))
dh_up = dlayer = rng.normal(size=(SIZE, 3))
mean = np.mean(x, axis=0)
diff = x - mean
std = np.sqrt(np.var(x, axis=0) + eps)
var = np.var(x, axis=0)
xhat = diff / std
h = np.maximum(0, x @ w + b)
"""


@pytest.fixture(autouse=True)
def fresh_page():
    checking._known.clear()


def namespace(size=5):
    import linecache

    code = NAMESPACE.replace("SIZE", str(size))
    linecache.cache["page"] = (len(code), None, code.splitlines(True), "page")
    scope = {"__name__": "__main__"}
    exec(compile(code, "page", "exec"), scope)
    return scope


def check(code, call, at=None, scope=None, size=5):
    scope = namespace(size) if scope is None else scope
    code = textwrap.dedent(code).strip("\n")
    before = dict(scope)
    with np.errstate(all="ignore"):
        exec(code, scope)
    request = {"code": code, "check": call, "at": at, "first": 11}
    return checking.check(request, "post.md", before)


def wrong(code, call, at=None, size=5, **kwargs):
    with pytest.raises(FenceError) as caught:
        check(code, call, at, size=size, **kwargs)
    return caught.value


VARIANCE = """
dsquare = dvar / x.shape[0]
ddiff = 2 * (x - mean) * dsquare
dmean = -np.sum(ddiff, axis=0)
dx1 = ddiff
dx2 = dmean / x.shape[0]
dx = dx1 + dx2
"""


@pytest.mark.parametrize("size", [5, 4, 1])
def test_every_right_line_carries_its_name_and_its_gradients_full_shape(size):
    marks = check(VARIANCE, "variance(x)", size=size)
    assert [(mark["line"], mark["name"]) for mark in marks] == list(
        enumerate(["dsquare", "ddiff", "dmean", "dx1", "dx2", "dx"])
    )
    full, small = str((size, 4)), "(4,)"
    assert [mark["shape"] for mark in marks] == [full, full, small, full, full, full]


# Ways to write it that are right, some of them unlike what the machine would write.
@pytest.mark.parametrize(
    ("code", "call"),
    [
        (VARIANCE.replace("(x - mean)", "diff"), "variance(x)"),
        (VARIANCE.replace("dx1", "dx_7").replace("dx2", "dx1"), "variance(x)"),
        (VARIANCE.replace("dsquare = dvar", "dsquare = np.ones_like(x) * dvar"), "variance(x)"),
        (VARIANCE.replace("dx = dx1 + dx2", "dx = dx1\ndx = dx + dx2"), "variance(x)"),
        (VARIANCE.replace("dx = dx1 + dx2", "dx = dx1.copy()\ndx += dx2"), "variance(x)"),
        ("mean = x.mean(axis=0)\ndiff = x - mean\n" + VARIANCE, "variance(x)"),
        ("dvar = np.ones(4)\n" + VARIANCE, "variance(x)"),
        ("N = x.shape[0]\ndsquare, ddiff = dvar / N, 2 * diff / N * dvar", "variance(x)"),
        (
            "ddata1 = 2 * diff * dvar / len(data)\n"
            "ddata2 = -np.sum(ddata1, axis=0) / data.shape[0]\nddata = ddata1 + ddata2",
            "variance(data)",
        ),
        (
            """
            dgamma = np.sum(dout * xhat, axis=0)
            dbeta = np.sum(dout, axis=0)
            dxhat = dout * gamma
            ddiff1 = dxhat / std
            dstd = np.sum(-dxhat * diff / std ** 2, axis=0)
            dvar = dstd * 0.5 / std
            ddiff2 = 2 * diff * dvar / x.shape[0]
            ddiff = ddiff1 + ddiff2
            dx = ddiff - np.mean(ddiff, axis=0)
            """,
            "batchnorm(x, gamma, beta, eps)",
        ),
        (
            """
            dh = 2 * h * dlayer
            dh[h <= 0] = 0
            dw = x.T @ dh
            db = np.sum(dh, axis=0)
            dx = dh @ w.T
            """.replace("dlayer", "dout"),
            "layer(x, w, b)",
        ),
        ("dx1 = np.exp(x) * dy\ndx2 = x * np.exp(x) * dy\ndx = dx2 + dx1", "thrice(x)"),
        ("dx = dp * 2 * x + ds", "two(x)"),
        # Built by several lines, which are no gradients and no parts of one before the last.
        (
            "ddiff = np.ones_like(x)\nddiff *= dvar\nddiff /= len(x)\nddiff *= 2 * diff\n"
            "dmean = ddiff.copy()\ndmean = -dmean.sum(axis=0)",
            "variance(x)",
        ),
        ("ddiff = np.empty_like(x)\nnp.copyto(ddiff, 2 * diff * dvar / len(x))", "variance(x)"),
        (
            "ddiff = np.zeros(x.shape)\nfor i in range(len(x)):\n"
            "    ddiff[i] = 2 * diff[i] * dvar / len(x)",
            "variance(x)",
        ),
        ("ddiff = None\nddiff = 2 * diff * dvar / len(x)", "variance(x)"),
        # Forward values that the page calls otherwise, in a cache.
        ("mu, centred, N = kept\nddiff = 2 * centred * dvar / N\nddiff += 0 * mu", "variance(x)"),
        ("ddiff = 2 * kept[1] * dvar / len(x)", "variance(x)"),
        # The gradient of what f has not named.
        ("da = dz * z * (1 - z)\ndw = x.T @ da\ndx = da @ w.T", "cell(x, w)"),
        # A loss: whoever writes no upstream gradient means 1.
        ("dprobs = np.zeros_like(probs)\ndprobs[:, 0] = -1 / (len(x) * probs[:, 0])", "loss(x)"),
        (
            "dloss = 1.0\ndprobs = np.zeros_like(probs)\n"
            "dprobs[:, 0] = -dloss / probs[:, 0] / len(x)",
            "loss(x)",
        ),
        # A number that is a length of the page, a mask that the page has computed.
        ("dh = 2 * h * dlayer\ndh[mask] = 0\ndb = dh.sum(axis=0)", "layer(x, w, b)"),
    ],
)
@pytest.mark.parametrize("size", [5, 4])
def test_every_correct_way_to_write_it_passes(code, call, size):
    scope = namespace(size)
    x, w = scope["x"], scope["w"]
    scope |= {"dy": np.ones(x.shape), "ds": np.ones(4), "dp": np.ones(x.shape)}
    scope |= {"kept": (scope["mean"], scope["diff"], size), "mask": scope["h"] <= 0}
    scope |= {"z": 1 / (1 + np.exp(-(x @ w))), "dz": np.ones((size, 3))}
    exps = np.exp(x - x.max(axis=1, keepdims=True))
    scope["probs"] = exps / exps.sum(axis=1, keepdims=True)
    if call.startswith("layer"):
        scope["dout"] = scope["dlayer"]
    if "dlayer" in code:
        code = "dout = dlayer\n" + code.replace("dlayer", "dout")
    code = code.replace("/ 5", f"/ {size}")
    assert check(code.replace("SIZE", str(size)), call, scope=scope)


def test_a_name_means_the_value_that_it_has_on_the_page():
    """f calls both `h`; this page has the first one only."""
    scope = namespace()
    scope["h"] = scope["x"] @ scope["w"] + scope["b"]
    right = (
        "dout = dlayer\ndh = 2 * np.maximum(h, 0) * dout\ndh = dh * (h > 0)\ndb = dh.sum(axis=0)"
    )
    assert check(right, "layer(x, w, b)", scope=scope)
    scope["h"] = scope["h"] - 1
    assert "another value" in str(wrong(right, "layer(x, w, b)", scope=scope))


def test_whoever_has_an_upstream_gradient_of_a_loss_must_not_forget_it():
    scope = namespace()
    exps = np.exp(scope["x"] - scope["x"].max(axis=1, keepdims=True))
    scope["probs"] = exps / exps.sum(axis=1, keepdims=True)
    code = "dprobs = np.zeros_like(probs)\ndprobs[:, 0] = -1 / (len(x) * probs[:, 0])"
    for harmless in (np.array(1.0), 1, np.ones((5, 4))):  # the last is that of something else
        assert check(code, "loss(x)", scope=scope | {"dloss": harmless})
    forgotten = wrong(code, "loss(x)", scope=scope | {"dloss": np.array(0.7)})
    assert forgotten.line == 12


def test_a_closed_form_may_be_built_in_place():
    scope = namespace()
    exps = np.exp(scope["x"] - scope["x"].max(axis=1, keepdims=True))
    scope["probs"] = exps / exps.sum(axis=1, keepdims=True)
    code = "dx = probs.copy()\ndx[:, 0] -= 1\ndx /= len(x)"
    (mark,) = check(code, "loss(x)", "real", scope=scope)
    assert mark["line"] == 2  # the lines before are checked by it, and no gradients yet
    for old, new, line in (("copy()", "copy() * 2", 1), ("-=", "+=", 2), ("/=", "*=", 3)):
        error = wrong(code.replace(old, new), "loss(x)", "real", scope=scope)
        assert error.line == 10 + line


def test_a_line_that_is_overwritten_is_vouched_for_by_none():
    error = wrong("ddiff = diff\nddiff = 2 * diff * dvar / len(x)", "variance(x)")
    assert error.line == 11
    assert "`ddiff = diff`" in str(error)


def test_a_smaller_gradient_says_its_own_shape_too():
    marks = check("dsquare = dvar / x.shape[0]\nddiff = 2 * diff * dsquare", "variance(x)")
    assert marks == [
        {
            "line": 0,
            "name": "dsquare",
            "shape": "(5, 4)",
            "same": "variance dsquare",
            "held": "(4,)",
        },
        {"line": 1, "name": "ddiff", "shape": "(5, 4)", "same": "variance ddiff"},
    ]


# The mistakes of facts.md, section 5: all of them pass a check of the result alone.
@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("dmean = -np.sum", "dmean = np.sum", 3),
        ("dx = dx1 + dx2", "dx = dx1", 6),
        ("(x - mean)", "(x + mean)", 2),
        ("2 * (x", "(x", 2),
        ("axis=0", "axis=1", 3),
        ("dmean / x.shape[0]", "dmean / x.shape[1]", 5),
        ("dvar / x.shape[0]", "dvar", 1),
        ("dx1 = ddiff", "dx1 = 1.01 * ddiff", 4),
        ("dx2 = dmean / x.shape[0]", "dx2 = ddiff", 5),
        ("dx1 + dx2", "dx1 - dx2", 6),
        ("-np.sum(ddiff, axis=0)", "-np.sum(2 * (x - mean) / x.shape[0] * dsquare, axis=0)", 3),
    ],
)
@pytest.mark.parametrize("size", [5, 4])
def test_the_first_wrong_line_is_named(old, new, line, size):
    code = VARIANCE.strip("\n").replace(old, new)
    if "axis=1" in new:
        size = 4  # elsewhere it would not even run
    error = wrong(code, "variance(x)", size=size)
    assert error.line == 10 + line
    assert new.split(" = ")[-1][:10].strip("(") in str(error)


def test_the_message_says_what_is_expected_and_the_shapes():
    error = wrong(VARIANCE.replace("-np.sum(ddiff, axis=0)", "-ddiff"), "variance(x)")
    assert "`dmean = -ddiff` is not the gradient of mean" in str(error)
    assert "it has shape (5, 4), the gradient has shape (4,)" in str(error)
    assert "expected is `dmean = -np.sum(ddiff, axis=0)`" in str(error)


@pytest.mark.parametrize(
    ("code", "call", "message"),
    [
        ("ddiff = -2 * diff * dvar / len(x)", "variance(x)", "of diff: its sign is wrong; exp"),
        ("ddiff = diff * dvar / len(x)", "variance(x)", "it is 0.5 times that"),
        ("ddiff = 0 * diff * dvar", "variance(x)", "it is zero, the gradient is not"),
        ("ddiff = diff / 0 * dvar", "variance(x)", "it is not finite"),
        ("ddiff = (2 * diff * dvar / len(x)).T", "variance(x)", "it is the transpose of that"),
        (
            "ddiff = 2 * diff * dvar / len(x)\nddiff[0, 0] = 0",
            "variance(x)",
            "its shape (4, 4) is right, its values are not (1 of 16 differ",
        ),
        (
            "dsquare = dvar / x.shape[1]",
            "variance(x)",
            "it is right for the lengths of this page, where some are equal, and wrong for "
            "others: x (8, 12)",
        ),
    ],
)
def test_the_message_says_what_is_wrong(code, call, message):
    assert message in str(wrong(code, call, size=4))


def test_the_expected_line_brings_the_lines_that_it_needs():
    """f has no name for diff ** 2, so what the tool calls its gradient is said, too."""
    scope = namespace() | {"dout": np.ones((5, 4))}
    error = wrong("ddiff = 2 * diff * dvar", "batchnorm(x, gamma, beta, eps)", scope=scope)
    assert (
        "expected is `ddiff = ddiff1 + ddiff2`, where `ddiff1 = dxhat / std` "
        "and `ddiff2 = 2 * diff * dt1` and `dt1 = dvar / x.shape[0]`"
    ) in str(error)


def test_lengths_that_have_to_be_equal_stay_equal():
    scope = namespace(4) | {"w": np.eye(4) + np.arange(16).reshape(4, 4) / 9, "b": np.ones(4)}
    scope["h"] = np.maximum(0, scope["x"] @ scope["w"] + scope["b"])
    scope["dout"] = np.ones((4, 4))
    right = "dh = 2 * h * dout\ndh[h <= 0] = 0\ndw = x.T @ dh\ndb = dh.sum(axis=0)\ndx = dh @ w.T"
    assert check(right, "layer(x, w, b)", scope=dict(scope))
    for old, new, line in (("axis=0", "axis=1", 4), ("x.T", "x", 3), ("w.T", "w", 5)):
        error = wrong(right.replace(old, new), "layer(x, w, b)", scope=dict(scope))
        assert error.line == 10 + line


def test_a_partial_may_be_any_wire_but_each_once():
    error = wrong(VARIANCE.replace("dx2 = dmean / x.shape[0]", "dx2 = ddiff"), "variance(x)")
    assert "`dx2 = ddiff` is the part of the gradient that `dx1` is already" in str(error)
    error = wrong(VARIANCE.replace("dx2 = dmean / x.shape[0]", "dx2 = dmean"), "variance(x)")
    assert "`dx2 = dmean` is not a part of the gradient of x: it is 5 times that" in str(error)


def test_lines_may_be_spread_over_fences():
    scope = namespace()
    for line in VARIANCE.strip("\n").split("\n"):
        assert check(line, "variance(x)", scope=scope)
    scope = namespace()
    lines = VARIANCE.strip("\n").replace("dmean = -", "dmean = ").split("\n")
    for line in lines[:2]:
        check(line, "variance(x)", scope=scope)
    assert "dmean" in str(wrong(lines[2], "variance(x)", scope=scope))


CLOSED = "dx = 2 * (x - np.mean(x, axis=0)) / x.shape[0] * dvar"


def test_a_closed_form_needs_real_values():
    error = wrong(CLOSED, "variance(x)")
    assert "`np.mean(x, axis=0)` computes a forward value again" in str(error)
    assert 'at="real"' in str(error)
    assert "dx = " in str(wrong(CLOSED.replace("np.mean(x, axis=0)", "mean"), "variance(x)"))
    assert check(CLOSED, "variance(x)", at="real")
    assert wrong(CLOSED.replace("2 *", "3 *"), "variance(x)", at="real").line == 11


@pytest.mark.parametrize(
    ("code", "call", "message"),
    [
        ("y = 1", "variance(x)", "nothing to check"),
        ("ddiff = 2 * diff * dout\nddiff = None", "variance(x)", "is not the gradient of diff"),
        ("dsquare = dvar", "varianz(x)", "check=\"varianz(x)\": NameError: name 'varianz'"),
        ("dsquare = dvar", "variance(q)", "check=\"variance(q)\": NameError: name 'q'"),
        ("for i in [1]:\n    dsquare = dvar", "variance(x)", "`dsquare = dvar` is not"),
        ("dscaled = 2 * dout", "scaled(x)", "times that; expected is `dscaled = dout`"),
        ("dsqare = dvar / x.shape[0]", "variance(x)", "did you mean `dsquare`?"),
        ("dmu = dvar / x.shape[0]", "variance(x)", "did you mean `dmean`?"),
        ("dxmu = dvar / x.shape[0]", "variance(x)", "did you mean `ddiff`?"),
        ("def f(dvar):\n    dsquare = dvar / 5", "variance(x)", "not the body of `f`"),
        ("dsquare = dvar / 5", "variance", "holds no call"),
        ("dsquare = dvar / 5", "variance(x) + 1", "holds no call"),
        ("dsquare = dvar / 5", "variance(x=x)", "no keywords"),
        ("mean = 2 * np.mean(x, axis=0)\ndmean = 0 * mean", "variance(x)", "gives another value"),
        ("m = x.sum(axis=0)\ndsquare = dvar / 5 + 0 * m", "variance(x)", "forward value again"),
    ],
)
def test_what_cannot_be_followed_fails(code, call, message):
    scope = namespace() | {"dout": np.ones((5, 4))}
    assert message in str(wrong(code, call, scope=scope))


def test_zeros_of_the_page_are_other_numbers_elsewhere():
    scope = namespace() | {"x": np.zeros((5, 4)), "dy": np.ones((5, 4))}
    assert check("dx = dy * (1 + x) * np.exp(x)", "thrice(x)", scope=dict(scope))
    assert "is not the gradient of x" in str(wrong("dx = dy * np.exp(x)", "thrice(x)", scope=scope))


def test_values_stay_where_a_function_is_defined():
    """Moved out of it, they would leave the author's own point alone."""
    p = np.full(8, 0.99)
    points = ShiftedPoints(lambda args: bp.trace(root, *args), [p], real=True, ones=set())
    assert all(points.make(seed) is not None for seed in range(3))


def root(p):
    q = np.sqrt(1 - p)
    return q


def test_what_a_page_has_drawn_is_not_copied():
    """Copying a figure for every trial made the check of a page take minutes."""

    class Drawing:
        def __deepcopy__(self, memo):
            raise AssertionError("copied")

    scope = namespace()
    scope["axes"] = np.array([Drawing()], dtype=object)
    scope["kept"] = {"figures": [Drawing()], "numbers": [scope["x"]], "pair": (scope["x"], 1)}
    before = scope["x"].copy()
    lines = "kept['numbers'][0] += 1\nkept['pair'][0][:] += 1\ndsquare = dvar / x.shape[0]"
    assert check(lines, "variance(x)", scope=scope)
    # Trials have written to copies; then the fence has run on the page, once.
    np.testing.assert_allclose(scope["x"], before + 2)


def test_the_page_is_not_touched():
    scope = namespace()
    x = scope["x"].copy()
    check(
        "dh = 2 * h * dout\ndh[h <= 0] = 0",
        "layer(x, w, b)",
        scope=scope | {"dout": scope["dlayer"]},
    )
    assert np.array_equal(scope["x"], x)


def test_a_name_that_the_function_does_not_know_is_pointed_at():
    error = wrong(
        VARIANCE.replace("dvar", "up"), "variance(x)", scope=namespace() | {"up": np.ones(4)}
    )
    assert "`up` means nothing in variance, whose upstream gradient is called dvar" in str(error)


def test_the_page_and_the_function_must_speak_of_the_same_values():
    scope = namespace() | {"mean": np.zeros(4)}
    error = wrong(VARIANCE, "variance(x)", scope=scope)
    assert "`mean` has another value on this page than in variance" in str(error)
    scope = namespace()
    scope |= {name: scope[name].astype(np.float32) for name in ("x", "mean", "dvar")}
    assert check(VARIANCE, "variance(x)", scope=scope)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        # Of the parts that a partial may be, the one that it is but for the sign.
        (
            "dx2 = dmean",
            "dx2 = -dmean",
            5,
            "`dx2 = -dmean / x.shape[0]` is not a part of the gradient of x: its sign is wrong; "
            "expected is `dx2 = dmean / x.shape[0]`",
        ),
        ("dx1 + dx2", "dx1 - dx2", 6, "`dx2 = dmean / x.shape[0]`; the sign of `dx2` is wrong"),
        ("2 * (x - mean)", "(x - mean)", 2, "it is 0.5 times that"),
        (
            "2 * (x - mean)",
            "2 * (x + mean)",
            2,
            "the sign of `mean` is wrong, `ddiff = 2 * (x - mean) * dsquare` would be right",
        ),
        (
            "ddiff, axis=0",
            "ddiff, axis=1",
            3,
            "expected is `dmean = -np.sum(ddiff, axis=0)`; the axis is wrong: axis 1 where axis 0",
        ),
    ],
)
def test_the_message_says_what_kind_of_mistake_it_is(old, new, line, message):
    error = wrong(VARIANCE.replace(old, new), "variance(x)", size=4)
    assert error.line == 10 + line
    assert message in str(error)


def test_a_helper_that_is_wrong_is_named_in_place_of_what_it_spoils():
    code = (
        "z = cell(x, w)\nslope = z * (1 + z)\ndx = (dout * slope) @ w.T\ndw = x.T @ (dout * slope)"
    )
    scope = namespace() | {"dout": np.ones((5, 3))}
    error = wrong(code, "cell(x, w)", scope=scope)
    assert error.line == 12
    assert "`slope = z * (1 + z)` is wrong, so `dx = dout * slope @ w.T` is not" in str(error)
    assert "`slope = z * (1 - z)` would be right" in str(error)


@pytest.mark.parametrize("cache", [False, True])
def test_a_number_of_the_page_is_one_length_and_not_the_other(cache):
    """Where N = D on the page, `N = x.shape[0]` of an earlier fence is not `x.shape[1]`."""
    scope = namespace(4)
    scope |= {"N": 4, "kept": (scope["x"], scope["diff"])}
    code = VARIANCE.replace("x.shape[0]", "N")
    if cache:
        code = code.replace("(x - mean)", "kept[1]")
    assert check(code, "variance(x)", scope=dict(scope))
    error = wrong(code.replace("dmean / N", "dmean / x.shape[1]"), "variance(x)", scope=scope)
    assert error.line == 15
    assert "it is right for the lengths of this page" in str(error)


def test_a_line_that_other_lengths_would_stop_is_wrong():
    scope = namespace(4)
    code = VARIANCE.replace("dsquare = dvar", "dsquare = np.ones(x.shape[1])[:x.shape[0]] * dvar")
    error = wrong(code.replace("[:x.shape[0]]", "[:len(x)]"), "variance(x)", scope=scope)
    assert error.line == 11
    assert "works for the lengths of this page, where some are equal, and not for others" in str(
        error
    )


NEVER = [
    ("if False:\n    ddiff = 7 * diff", "ddiff = 7 * diff"),
    ("if x.ndim == 2:\n    dx = dx1 + dx2\nelse:\n    dx = -dx1", "dx = -dx1"),
    ("try:\n    ddiff = missing * 2\nexcept NameError:\n    pass", "ddiff = missing * 2"),
    ("for i in range(0):\n    dx[i] += 1", "dx[i] += 1"),
    ("while False:\n    dx = None", "dx = None"),
]


@pytest.mark.parametrize(("lines", "never"), NEVER)
def test_a_line_that_assigns_a_gradient_and_never_runs_is_named(lines, never):
    code = VARIANCE.strip() + "\n" + lines
    error = wrong(code, "variance(x)")
    assert f"`{never}` never ran" in str(error)
    assert code.splitlines()[error.line - 11].strip() == never
    assert check(VARIANCE + "if len(x) < 0:\n    print(x)\n", "variance(x)")  # no gradient


@pytest.mark.parametrize("line", ['exec("ddiff = 7 * diff")', 'globals()["dx"] = 1'])
def test_what_assigns_by_text_cannot_be_followed(line):
    error = wrong(VARIANCE.strip() + "\n" + line, "variance(x)")
    assert "cannot follow what" in str(error)
    assert error.line == 17


@pytest.mark.parametrize("size", [5, 4])
def test_a_number_that_stands_for_a_length_is_refused_with_its_name(size):
    error = wrong(VARIANCE.replace("dvar / x.shape[0]", f"dvar / {size}"), "variance(x)", size=size)
    assert error.line == 11
    assert "for the lengths of this page" in str(error)
    assert "`dsquare = dvar / x.shape[0]`" in str(error)


def test_a_number_that_equals_a_length_by_chance_is_a_number():
    assert check(VARIANCE, "variance(x)", size=2)  # the 2 of a square, two rows
    scope = namespace(4)
    dy = np.ones((4, 4))
    assert check("dx = 4 * x ** 3 * dq", "fourth(x)", scope={**scope, "dq": dy})


# `variance` with a node that has no name in it, and its gradient in the page's words.
UNNAMED = """
dsquares = dvar / x.shape[0]
dcentred = 2 * (x - mean) * dsquares
dmean = -np.sum(dcentred, axis=0)
"""


def unnamed(x):
    mean = np.mean(x, axis=0)
    var = np.mean((x - mean) ** 2, axis=0)
    return var


@pytest.mark.parametrize(
    ("was", "now", "line", "said"),
    [
        (
            "= dvar /",
            "= -dvar /",
            2,
            "is not the gradient of `square(x - mean)`: its sign is wrong",
        ),
        ("2 * (x", "3 * (x", 3, "is not the gradient of `x - mean`: it is 1.5 times that"),
        ("2 * (x - mean) *", "2 * (x + mean) *", 3, "+ mean) * dsquares` is wrong"),
    ],
)
def test_the_gradient_of_a_node_without_a_name_is_judged_as_others_are(was, now, line, said):
    scope = namespace() | {"unnamed": unnamed}
    assert len(check(UNNAMED, "unnamed(x)", scope=dict(scope))) == 3
    error = wrong(UNNAMED.replace(was, now), "unnamed(x)", scope=scope)
    right = UNNAMED.splitlines()[line - 1]
    assert said in str(error)
    assert f"`{right}` would be right" in str(error)
    assert error.line == line + 9
