"""The figure of a graph as HTML: the code it shows, what it explains, what it must not hold."""

import functools
import re
from html import unescape

import lxml.html
import numpy as np
import pytest

import backprop as bp
from backprop.graph.errors import RuleError
from backprop.site.posts.graphs import figure
from backprop.site.posts.graphs.code import code_html, forward_lines
from backprop.site.posts.graphs.steps import explain, value_html
from backprop.site.posts.stepping import assets

X = np.random.default_rng(0).normal(size=(5, 4))


def sigmoid(x):
    """A helper."""
    return 1 / (1 + np.exp(-x))


def gate(x, w):
    """What a gate lets through.

    With a docstring of several lines, def and all: def gate(x, w).
    """
    # a comment stays

    open_ = sigmoid(x @ w)
    text = """
not indented
"""
    assert text
    return open_ * x


class Layer:
    def forward(self, x, w):
        hidden = x @ w
        return hidden - np.max(hidden, axis=1, keepdims=True)


def twice(f):
    @functools.wraps(f)
    def inner(*args):
        return f(*args)

    return inner


@twice
def decorated(x):
    def inside(y):
        return y**2

    return inside(x) + 1


double = lambda x: 2 * x  # noqa: E731


def tree(graph, lang="en", **options):
    return lxml.html.fromstring(figure(graph, None, lang, **options))


def code(found, kind):
    return found.find_class(f"bp-code-{kind}")[0].find(".//code").text_content()


def test_the_code_is_the_authors_without_docstring():
    found = tree(bp.trace(gate, X, np.eye(4)))
    shown = code(found, "forward")
    assert shown.startswith("def sigmoid(x):\n    return 1 / (1 + np.exp(-x))\n\ndef gate(x, w):\n")
    assert "# a comment stays\n\n    open_ = sigmoid(x @ w)\n" in shown
    assert "not indented" in shown
    assert "What a gate" not in shown
    assert "A helper" not in shown
    assert shown.endswith("return open_ * x\n")


def test_lines_know_their_steps():
    graph = bp.trace(gate, X, np.eye(4))
    found = tree(graph)
    lines = {
        line.get("data-line"): line.text_content().strip() for line in found.find_class("bp-line")
    }
    for step in found.find_class("bp-step"):
        made = lines[step.get("data-line")] if step.get("data-line") else ""
        name = step.get("data-user") or step.get("data-node")
        if step.get("data-upstream") is None and step.get("data-gradient") is None:
            assert "=" in made or "return" in made, name
    backward = {
        line.get("data-code"): line.text_content().strip()
        for line in found.find_class("bp-code-backward")[0].find_class("bp-line")
    }
    for step in found.find_class("bp-step-backward"):
        told = step.find(".//code").text_content()
        if step.get("data-upstream") is None:
            assert backward[step.get("data-code")] == told
        else:
            assert told in backward[step.get("data-code")]


@pytest.mark.parametrize(
    ("f", "args", "first"),
    [
        (Layer().forward, (X, np.eye(4)), "def forward(self, x, w):"),
        (double, (X,), "double = lambda x: 2 * x"),
    ],
)
def test_methods_and_lambdas(f, args, first):
    lines = forward_lines(bp.trace(f, *args))
    assert lines[0].text.startswith(first)


def test_a_decorated_function_is_shown_once():
    lines = [line.text for line in forward_lines(bp.trace(decorated, X))]
    assert lines == [
        *("@twice", "def decorated(x):", "    def inside(y):", "        return y**2", ""),
        "    return inside(x) + 1",
    ]


def test_without_source_a_line_is_a_step():
    scope = {"np": np}
    exec("def f(x):\n    m = np.mean(x, axis=0)\n    return x - m", scope)
    found = tree(bp.trace(scope["f"], X))
    lines = code(found, "forward").splitlines()
    assert len(lines) == 2
    assert re.fullmatch(r"\w+ = mean\(x, axis=0\)", lines[0])
    numbers = {line.get("data-line") for line in found.find_class("bp-line")} - {None}
    assert {step.get("data-line") for step in found.find_class("bp-step-forward")} == numbers


def test_a_graph_without_backward_shows_the_forward_pass(monkeypatch):
    graph = bp.trace(gate, X, np.eye(4))

    def no_rule():
        raise RuleError("no row")

    monkeypatch.setattr(graph, "derive", no_rule)
    found = tree(graph)
    assert not found.find_class("bp-code-backward")
    assert not found.find_class("bp-step-backward")
    assert found.find_class("bp-step-forward")


def broadcasts(x, column, scalar):
    shifted = x - column
    scaled = shifted * scalar
    total = np.mean(scaled**2)
    return total


@pytest.mark.parametrize(
    ("lang", "texts"),
    [
        (
            "en",
            [
                "column is broadcast from (5, 1) to (5, 4)",
                "sum over axis 1, because column was broadcast from (5, 1) to (5, 4)",
                "sum over axes 0, 1, because scalar was broadcast from () to (5, 4)",
                "the upstream gradient, given: it has the shape of total",
            ],
        ),
        (
            "zh",
            [
                "column 从 (5, 1) 广播到 (5, 4)",
                "沿 axis 1 求和，因为 column 从 (5, 1) 广播到了 (5, 4)",
                "沿 axis 0、1 求和，因为 scalar 从 () 广播到了 (5, 4)",
            ],
        ),
    ],
)
def test_every_unbroadcast_has_its_reason(lang, texts):
    graph = bp.trace(broadcasts, X, X[:, :1], np.array(2.0))
    html = unescape(figure(graph, None, lang))
    for text in texts:
        assert text in html


def test_lazy_gradients_and_sums_are_explained():
    def f(x):
        centred = x - np.mean(x, axis=0)
        return np.mean(centred**2, axis=0)

    html = unescape(figure(bp.trace(f, X)))
    assert "kept as (4,): broadcasting completes it to (5, 4) where it is used" in html
    assert "x is used 2 times, so its partial gradients are added" in html


def test_the_values_of_the_steps_belong_together():
    graph = bp.trace(broadcasts, X, X[:, :1], np.array(2.0))
    steps = {step.name: step for step in explain(graph, graph.derive(), "en")}
    assert np.array_equal(steps["scaled"].value, graph["scaled"].value)
    given = np.asarray(steps["dtotal"].value)
    truth = graph.backward(given)
    for name in ("column", "scalar", "shifted"):
        value = np.broadcast_to(steps[f"d{name}"].value, graph[name].shape)
        assert np.allclose(value, truth[name])


def test_several_results():
    def f(x, w):
        hidden = np.tanh(x @ w)
        return hidden, hidden * hidden

    graph = bp.trace(f, X, np.eye(4))
    found = tree(graph)
    ups = [step for step in found.find_class("bp-step") if step.get("data-upstream") is not None]
    assert len(ups) == 2
    assert all(step.get("data-code") for step in ups)


def test_small_values_are_tables_and_large_ones_are_not():
    assert value_html(np.zeros((3, 7))) == ""
    assert value_html(np.zeros((2, 2, 2))) == ""
    assert value_html(np.zeros((0, 3))) == ""
    assert value_html(np.array("text")) == ""
    cells = re.findall(r">([^<>]+)</td>", value_html(np.array([[0.5, -0.25], [1e-9, 0.0]])))
    assert cells == ["0.500", "-0.250", "0.000", "0.000"]
    assert ">2</td>" in value_html(np.array([1, 2]))
    assert ">nan</td>" in value_html(np.array([np.nan, 0.5]))
    assert ">inf</td>" in value_html(np.array([np.inf, 0.5]))
    assert ">True</td>" in value_html(np.array([True, False]))
    assert "≈0" in value_html(np.array([1e-17, -3e-17]))


def test_a_long_name_breaks_behind_its_modules_and_its_bracket_and_nowhere_else():
    line = "    y = np.lib.stride_tricks.sliding_window_view(x.shape, np.add.at)"
    html = code_html([line], {})
    parts = [re.sub(r"<.*?>", "", part) for part in html.split("<wbr>")]
    assert [part[-10:] for part in parts[:2]] == ["de_tricks.", "ndow_view("]
    assert len(parts) == 3
    assert "".join(parts) == f"{line}\n"
    for operator in ("**", "<=", "@"):  # none ends a line
        html = code_html([f"    y = x {operator} 0.5"], {})
        word = html.split('<span class="bp-piece">')[1]
        assert unescape(re.sub(r"<.*?>", "", word)) == f"{operator} 0.5\n"
    # Or else, where a figure is narrow, the next line would begin with a comma.
    assert "word_embedding_backward(<wbr>dout, x, W):" in re.sub(
        r"<(?!wbr).*?>", "", code_html(["def word_embedding_backward(dout, x, W):"], {})
    )


def test_a_sign_stays_with_what_it_is_the_sign_of():
    html = figure(bp.trace(lambda x: x - np.mean(x, axis=0) * 1e-5, X), None, "en")
    steps = re.findall(r'<p class="bp-head">.*?<code>(.*?)</code>', html)
    assert any('= <span class="bp-signed">-np.sum</span>(' in step for step in steps)
    assert any('<span class="bp-signed">1e-05</span>' in step for step in steps)


def test_nothing_that_a_strict_policy_forbids():
    html = figure(bp.trace(gate, X, np.eye(4)), None, "zh", caption='<b> & "引号"')
    found = lxml.html.fromstring(html)
    for element in found.iter():
        assert element.tag not in ("script", "style")
        assert not [name for name in element.attrib if name in ("id", "style") or name[:2] == "on"]
    assert found.find(".//figcaption").text == '<b> & "引号"'
    for text in assets().values():
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text


def test_a_blank_line_would_end_a_block_of_html_in_markdown():
    assert "\n\n" not in figure(bp.trace(gate, X, np.eye(4)))


def test_the_same_graph_gives_the_same_figure():
    one, other = (figure(bp.trace(gate, X, np.eye(4))) for _ in range(2))
    assert one == other


def test_a_language_without_words_here_gets_english():
    graph = bp.trace(gate, X, np.eye(4))
    assert figure(graph, None, "fr") == figure(graph, None, "en")
