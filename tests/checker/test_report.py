"""The report: for people in two languages, for notebooks, for programs."""

import io
import json

import numpy as np
import pytest

import backprop as bp
from backprop.checker.report import language

X = np.random.default_rng(7).normal(size=(5, 4))


def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=0)
    return var


def wrong(dvar, x):
    centred = x - np.mean(x, axis=0)
    dsquare = dvar / x.shape[0]
    ddiff = centred * dsquare
    dmean = -np.sum(ddiff, axis=0)
    dx = ddiff + dmean / x.shape[0]
    return dx


def right(dvar, x):
    return 2 * (x - x.mean(axis=0)) / len(x) * dvar


@pytest.fixture(scope="module")
def english():
    return bp.check(variance, wrong, X, lang="en")


@pytest.fixture(scope="module")
def chinese():
    return bp.check(variance, wrong, X, lang="zh")


def line(text):
    with open(__file__, encoding="utf-8") as file:
        return next(i for i, code in enumerate(file, 1) if code.strip() == text)


def test_the_first_wrong_variable_its_line_and_the_kind(english):
    assert not english.ok
    assert english.first_wrong == "ddiff"
    assert english.hint == "factor"
    assert english.line == line("ddiff = centred * dsquare")


def test_it_speaks_like_a_tutor(english):
    text = str(english)
    assert f"{english.line} | ddiff = centred * dsquare" in text
    assert "expected: ddiff = 2 * centred * dsquare" in text  # derived, in the author's names
    assert "0.5 times" in text
    assert "`2`" in text


def test_both_languages_say_the_same_with_the_same_hint(english, chinese):
    assert (english.hint, english.line) == (chinese.hint, chinese.line)
    assert "应为：ddiff = 2 * centred * dsquare" in str(chinese)
    assert "因子" in chinese.message
    assert chinese.message != english.message


def test_one_row_a_variable(english):
    rows = {row.name: row for row in english.rows}
    assert list(rows) == ["centred", "dsquare", "ddiff", "dmean", "dx"]
    assert rows["dsquare"].status == "right"
    assert rows["dsquare"].shape == (4,)
    assert rows["ddiff"].status == "wrong"
    assert rows["centred"].status == "helper"
    assert rows["dx"].error == pytest.approx(0.5)


def test_json_holds_everything(english):
    found = json.loads(english.json())
    assert found["ok"] is False
    assert found["first_wrong"] == "ddiff"
    assert found["hint"] == "factor"
    assert found["line"] == english.line
    assert found["mistakes"][0]["expected"] == "ddiff = 2 * centred * dsquare"
    assert [row["name"] for row in found["rows"]][-1] == "dx"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def written(report, stream):
    report.write(stream)
    return stream.getvalue()


def test_colours_for_a_terminal_only(english, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in written(english, Terminal())
    assert written(english, io.StringIO()) == f"{english}\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert written(english, Terminal()) == f"{english}\n"


def test_a_notebook_shows_the_drawing_with_the_wrong_node_marked(english):
    drawing = english._repr_svg_()
    assert drawing.startswith("<svg")
    assert '[data-node="diff"]' in drawing
    assert 'data-node="diff"' in bp.draw(bp.trace(variance, X))
    page = english._repr_html_()
    assert "ddiff = centred" in page
    assert drawing in page


def test_a_right_backward_is_short_and_true():
    report = bp.check(variance, right, X, lang="en")
    assert report.ok
    assert bool(report)
    assert report.first_wrong is report.line is report.hint is None
    assert report.mistakes == []
    assert str(report).startswith("✓ right against variance")


@pytest.mark.parametrize(
    ("value", "want"), [("zh_CN.UTF-8", "zh"), ("en_US.UTF-8", "en"), ("de_DE.UTF-8", "en")]
)
def test_the_locale_decides_the_language(monkeypatch, value, want):
    monkeypatch.setenv("LC_ALL", value)
    assert language() == want
    assert language("zh") == "zh"


def test_two_checks_say_the_same(english):
    assert str(bp.check(variance, wrong, X, lang="en")) == str(english)


def normalised(x):
    mean = x.mean(axis=1, keepdims=True)
    std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-2)
    xhat = (x - mean) / std
    return xhat


def test_a_forward_value_that_is_computed_otherwise_is_named_as_such():
    def backward(dxhat, x):
        mean = x.mean(axis=1, keepdims=True)
        std = np.sqrt(x.var(axis=1, keepdims=True)) + 1e-2
        xhat = (x - mean) / std
        m = dxhat.mean(axis=1, keepdims=True)
        return (dxhat - m - xhat * (dxhat * xhat).mean(axis=1, keepdims=True)) / std

    report = bp.check(normalised, backward, X, lang="en")
    assert (report.first_wrong, report.hint) == ("std", "forward")
    assert "computes it as `std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-2)`" in report.message
    assert "gradient that belongs here" not in report.message


def test_a_gradient_that_lost_an_axis_is_named_where_it_did():
    def backward(dxhat, x):
        std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-2)
        dmean = -np.sum(dxhat / std, axis=1)
        centred = (x - x.mean(axis=1, keepdims=True)) / std
        spread = centred * np.mean(dxhat * centred, axis=1, keepdims=True) / std
        return dxhat / std + dmean / x.shape[1] - spread

    report = bp.check(normalised, backward, X, lang="en")
    assert (report.first_wrong, report.hint) == ("dmean", "shape")
    assert "It has shape (5,); " in report.message


def test_a_sum_that_needs_keepdims_is_told_so():
    def backward(dxhat, x):
        std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-2)
        xhat = (x - x.mean(axis=1, keepdims=True)) / std
        m = dxhat.mean(axis=1)
        return (dxhat - m - xhat * (dxhat * xhat).mean(axis=1, keepdims=True)) / std

    report = bp.check(normalised, backward, X, lang="en")
    assert (report.first_wrong, report.hint) == ("m", "shape")
    assert "the reduction needs `keepdims=True`" in report.message
    assert "None" not in report.message


# ── told in steps ───────────────────────────────────────────────────────────────────────────
def told(reveal):
    def f(x):
        mean = np.mean(x, axis=0)
        diff = x - mean
        square = diff**2
        var = np.mean(square, axis=0)
        return var

    def backward(dvar, x):
        diff = x - np.mean(x, axis=0)
        dsquare = dvar / x.shape[0]
        ddiff = 3 * diff * dsquare
        dmean = np.sum(ddiff, axis=0) * 2
        dx = ddiff - dmean / x.shape[0]
        return dx

    x = np.random.default_rng(0).normal(size=(5, 4))
    return bp.check(f, backward, x, lang="en", reveal=reveal)


@pytest.mark.parametrize(
    ("reveal", "known"),
    [
        ("verdict", ()),
        ("variable", ("ddiff",)),
        ("hint", ("ddiff", "factor")),
        ("fix", ("ddiff", "factor", "2 * diff * dsquare")),
        ("all", ("ddiff", "factor", "2 * diff * dsquare", "1.5 times")),
    ],
)
def test_a_report_tells_no_more_than_is_asked_for(reveal, known):
    report = told(reveal)
    every = "".join([str(report), report.json(), report._repr_html_(), repr(vars(report))])
    assert not report.ok
    assert report.reveal == json.loads(report.json())["reveal"] == reveal
    for word in ("ddiff", "factor", "2 * diff * dsquare", "1.5 times"):
        assert (word in every) == (word in known), word
    assert report.first_wrong == ("ddiff" if known else None)
    assert report.hint == ("factor" if "factor" in known else None)
    assert (report.line is None) == (not known)


def test_of_right_code_nothing_is_hidden():
    x = np.random.default_rng(0).normal(size=(5, 4))
    reports = [
        bp.check(lambda x: x * 3, lambda dout, x: dout * 3, x, lang="en", reveal=reveal)
        for reveal in ("verdict", "all")
    ]
    assert str(reports[0]) == str(reports[1])


def test_a_level_and_a_tolerance_that_do_not_exist():
    x = np.ones(3)
    with pytest.raises(ValueError, match="it can be 'verdict', 'variable'"):
        bp.check(lambda x: x * 3, lambda dout, x: dout * 3, x, reveal="everything")
    for tolerance in (0, -1e-6, 2):
        with pytest.raises(ValueError, match="small positive number"):
            bp.check(lambda x: x * 3, lambda dout, x: dout * 3, x, tolerance=tolerance)
