"""The figure of a graph in a real browser: mouse, keyboard, touch, no script, paper."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.drawing.style import STYLE
from backprop.site.posts.graphs import figure
from backprop.site.posts.stepping import assets

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SITE = "http://stepper.example.org/"
BARE = "http://bare.example.org/"

FUNCTIONS = """
import numpy as np

rng = np.random.default_rng(0)


def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff ** 2
    var = np.mean(square, axis=0)
    return var


def batchnorm(x, gamma, beta):
    mean = np.mean(x, axis=0)
    diff = x - mean
    var = np.mean(diff ** 2, axis=0)
    std = np.sqrt(var + 1e-5)
    xhat = diff / std
    scaled = gamma * xhat
    out = scaled + beta
    return out


def cell(i, f, o, g, prev_c):
    kept = f * prev_c
    written = i * g
    next_c = kept + written
    tanh_c = np.tanh(next_c)
    next_h = o * tanh_c
    return next_h, next_c


CALLS = {
    "variance": (variance, rng.normal(size=(5, 4))),
    "batchnorm": (batchnorm, *(rng.normal(size=s) for s in ((5, 4), (4,), (4,)))),
    "cell": (cell, *(rng.normal(size=s) for s in ((3, 4),) * 5)),
}
"""

HOOKS = """
from pathlib import Path

import functions

import backprop as bp
from backprop.site.posts.graphs import figure
from backprop.site.posts.stepping import assets


def on_page_content(html, page, config, files):
    for name, call in functions.CALLS.items():
        mark = f"<p>GRAPH {name}</p>"
        if mark in html:
            hidden = ("dmean", "mean") if name == "variance" else None
            shown = figure(bp.trace(*call), None, config.theme["language"], hidden=hidden)
            html = html.replace(mark, shown)
    return html


def on_post_build(config):
    for name, text in assets().items():
        Path(config.site_dir, "assets", name).write_text(text, "utf-8")
"""

CONFIG = """
site_name: Stepper
site_url: http://stepper.example.org/
theme:
  name: material
  language: en
  font: false
  features: [navigation.instant, content.code.copy]
  palette:
    - {media: "(prefers-color-scheme: light)", scheme: default}
    - {media: "(prefers-color-scheme: dark)", scheme: slate}
extra_css: [assets/graphs.css]
extra_javascript: [assets/graphs.js, assets/live.js, assets/asked.js]
hooks: [hooks.py]
plugins: []
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, site_server: Any) -> str:
    """A small site with Material: one graph a page, and all of them on one."""
    folder = tmp_path_factory.mktemp("stepper")
    (folder / "docs").mkdir()
    (folder / "functions.py").write_text(FUNCTIONS)
    (folder / "hooks.py").write_text(HOOKS)
    (folder / "mkdocs.yml").write_text(CONFIG)
    names = ("variance", "batchnorm", "cell")
    for name in names:
        (folder / "docs" / f"{name}.md").write_text(f"# {name}\n\nText.\n\nGRAPH {name}\n\nText.\n")
    marks = "\n\n".join(f"GRAPH {name}" for name in names)
    (folder / "docs" / "all.md").write_text(f"# All\n\n{marks}\n")
    (folder / "docs" / "index.md").write_text("# Home\n\n[the variance](variance.md)\n")
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not run.returncode, run.stderr
    return site_server.add(folder / "site", SITE)


def labels(page: Any, kind: str) -> list[str]:
    """The names on wires that can be seen."""
    return page.evaluate(
        """kind => [...document.querySelectorAll(`.bp-graph .bp-${kind}`)]
            .filter(e => e.getClientRects().length && getComputedStyle(e).visibility === 'visible')
            .map(e => e.firstChild.data.trim())""",
        kind,
    )


def lit(page: Any) -> set[str]:
    """What is lit: lines of code by their text, nodes and wires by name."""
    return set(
        page.evaluate(
            """() => [...document.querySelectorAll('.bp-lit')]
                .filter(e => e.getClientRects().length)
                .map(e => e.matches('.bp-line') ? e.textContent.trim()
                    : e.matches('.bp-wire') ? `${e.dataset.node}→${e.dataset.user}`
                    : `(${e.dataset.node})`)"""
        )
    )


def step(page: Any) -> str:
    """The line of the step that is explained; "" where none is."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.bp-step')]
            .filter(e => getComputedStyle(e).visibility === 'visible')
            .map(e => e.querySelector('code').textContent).join(' | ')"""
    )


def point_on(page: Any, path: str) -> tuple[float, float]:
    """A point of a wire, on the screen, 5 px beside its line."""
    x, y = page.locator(path).first.evaluate(
        """path => {
            const p = path.getPointAtLength(path.getTotalLength() * 0.6);
            const q = p.matrixTransform(path.getScreenCTM());
            return [q.x, q.y];
        }"""
    )
    return x, y + 5


def press_next(page: Any, times: int) -> None:
    """In every figure of the page."""
    for _ in range(times):
        page.evaluate("document.querySelectorAll('[data-go=next]').forEach(e => e.click())")


def explanation(page: Any) -> str:
    return page.locator(".bp-step.bp-now").inner_text()


FORWARD = ["mean = mean(x, axis=0)", "diff = x − mean", "square = square(diff)"]
FORWARD += ["var = mean(square, axis=0)"]
BACKWARD = ["dvar", "dsquare = dvar / x.shape[0]", "ddiff = 2 * diff * dsquare"]
BACKWARD += ["dmean = -np.sum(ddiff, axis=0)", "dx1 = ddiff", "dx2 = dmean / x.shape[0]"]
BACKWARD += ["dx = dx1 + dx2"]


def test_without_script_everything_is_there(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/", javascript=False)
    assert sorted(labels(page, "forward")) == ["diff", "mean", "square", "var", "x", "x"]
    assert sorted(labels(page, "backward")) == [
        *("ddiff", "dmean", "dsquare", "dvar", "dx1", "dx2")
    ]
    code = page.locator(".bp-code-backward").inner_text()
    assert all(line in code for line in BACKWARD[1:])
    assert "diff = x - mean" in page.locator(".bp-code-forward").inner_text()
    steps = page.locator(".bp-step")
    assert steps.count() == len(FORWARD + BACKWARD)
    assert all(steps.nth(i).is_visible() for i in range(steps.count()))
    text = page.locator(".bp-steps").inner_text()
    assert "sum over axis 0, because mean was broadcast from (4,) to (5, 4)" in text
    assert not page.locator(".bp-bar").is_visible()


def test_the_buttons_walk_forward_then_backward(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/")
    whole = labels(page, "backward")
    assert len(whole) == 6
    assert step(page) == ""
    seen = []
    for _ in FORWARD + BACKWARD:
        page.click('[data-go="next"]')
        seen.append(step(page))
        if len(seen) == 2:
            # mean and diff are there; nothing after them, and no gradient
            assert sorted(labels(page, "forward")) == ["diff", "mean", "x", "x"]
            assert labels(page, "backward") == []
            assert "mean is broadcast from (4,) to (5, 4)" in explanation(page)
        if seen[-1].startswith("dmean"):
            assert sorted(labels(page, "backward")) == ["ddiff", "dmean", "dsquare", "dvar"]
            told = explanation(page)
            assert "sum over axis 0, because mean was broadcast from (4,) to (5, 4)" in told
            assert "dmean = -ddiff, from diff = x − mean" in told
            assert "(4,)" in told
            now = page.locator(".bp-code .bp-now").all_inner_texts()
            assert [line.strip() for line in now] == ["diff = x - mean", seen[-1]]
    assert seen == FORWARD + BACKWARD
    assert sorted(labels(page, "backward")) == sorted(whole)
    page.click('[data-go="next"]', force=True)  # the end is the end
    assert step(page) == BACKWARD[-1]
    page.click('[data-go="previous"]')
    assert step(page) == BACKWARD[-2]
    page.click('[data-go="whole"]')
    assert step(page) == ""
    assert sorted(labels(page, "backward")) == sorted(whole)


def test_values_are_those_of_the_computation(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/")
    x = np.random.default_rng(0).normal(size=(5, 4))
    for _ in range(4):
        page.click('[data-go="next"]')
    cells = page.locator(".bp-now .bp-value td").all_inner_texts()
    assert np.allclose([float(cell) for cell in cells], x.var(axis=0), atol=6e-3)
    page.click('[data-go="next"]')
    dout = [float(cell) for cell in page.locator(".bp-now .bp-value td").all_inner_texts()]
    assert len(set(map(abs, dout))) > 1  # no pattern in which an identity could hide
    for _ in range(6):
        page.click('[data-go="next"]')
    cells = page.locator(".bp-now .bp-value td").all_inner_texts()
    dx = 2 * (x - x.mean(axis=0)) * np.array(dout) / 5
    assert np.allclose([float(cell) for cell in cells], dx.ravel(), atol=6e-4)


# From a figure in the page: its values, as nested lists.
VALUES = """() => {
    const figure = document.querySelector(".bp-answers");
    const nested = (shape, data) => shape.length === 0 ? data[0]
        : shape.length === 1 ? data
        : Array.from({length: shape[0]}, (_, i) => data.slice(i * shape[1], (i + 1) * shape[1]));
    return Object.fromEntries([...figure.values].map(([k, v]) => [k, nested(v.shape, v.data)]));
}"""


@pytest.mark.parametrize("name", ["variance", "batchnorm", "cell"])
def test_changed_numbers_flow_through_every_step(
    open_page: Callable[..., Any], pages: str, name: str, tmp_path: Path
) -> None:
    """What the page computes is what numpy computes, for a changed input and upstream gradient."""
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    f, *args = runpy.run_path(str(tmp_path / "functions.py"))["CALLS"][name]
    page = open_page(f"{pages}{name}/")
    page.wait_for_selector(".bp-answers")
    cells = page.locator(".bp-given .bp-made").first.locator(".bp-cell")
    cells.nth(1).fill("2.5")
    upstream = page.locator(".bp-given .bp-made").evaluate_all(
        "all => all.map(e => e.dataset.of).filter(n => n.startsWith('d'))"
    )
    for made in upstream:
        page.locator(f".bp-given .bp-made[data-of={made}] .bp-cell").first.fill("-1.25")
    args[0] = args[0].copy()
    args[0].ravel()[1] = 2.5
    graph = bp.trace(f, *args)
    backward = graph.derive()
    found = page.evaluate(VALUES)
    douts = tuple(np.array(found[made]) for made in upstream)
    assert all(dout.ravel()[0] == -1.25 for dout in douts)
    true = backward.execute(douts) | {node.name: node.value for node in graph.nodes}
    assert {step.gradient for step in backward.steps} <= set(found)
    for each, value in found.items():
        assert np.allclose(value, true[each], rtol=1e-11, atol=1e-13), each
    shown = page.locator(f".bp-step[data-node={graph.nodes[-1].name}] td").all_text_contents()
    assert np.allclose(
        [float(t.replace("≈", "")) for t in shown[:1]],
        np.ravel(graph.nodes[-1].value)[:1],
        atol=6e-3,
    )
    # One entry moved by a finite difference: the same number comes out.
    cells.nth(2).focus()
    told = page.locator(".bp-nudge").inner_text()
    slope, gradient = (float(text) for text in re.findall(r"(?:is|=) (-?[\d.e-]+)", told))
    assert slope == pytest.approx(gradient, rel=1e-5, abs=1e-8)
    page.locator("[data-reset]").click()
    assert not page.locator("[data-reset]").is_visible()
    assert page.evaluate(VALUES)[graph.nodes[0].name][0][1] != 2.5


VISIBLE = """() => [...document.querySelectorAll('.bp-code-backward .bp-line')]
    .filter(each => getComputedStyle(each).visibility === 'visible')
    .map(each => each.textContent.trim())"""
ASKED = """() => [...document.querySelectorAll('.bp-choice')].map(each => each.textContent)"""


def wrong_and_right(page: Any, which: int) -> tuple[list[str], str]:
    """The wrong choices of a question about the step that comes next, and the right one."""
    at = int(page.locator(".bp-slider").input_value())
    asked = json.loads(page.locator(".bp-step").nth(at).get_attribute("data-asked"))[which]
    choices = [choice for choice, _ in asked["choices"]]
    return [one for i, one in enumerate(choices) if i != asked["right"]], choices[asked["right"]]


def test_each_backward_step_is_asked_first_by_keyboard(
    open_page: Callable[..., Any], pages: str
) -> None:
    page = open_page(pages + "variance/")
    page.wait_for_selector(".bp-asks")
    page.locator(".bp-ask").focus()
    page.keyboard.press("Enter")
    page.locator("[data-go=next]").focus()
    page.keyboard.press("Enter")
    assert step(page) == "dvar"  # given, so not asked
    lines = page.locator(".bp-step[data-asked] .bp-head code").all_text_contents()
    assert len(lines) == 6
    for line in lines:
        page.keyboard.press("Enter")
        for which in (0, 1):
            wrong, right = wrong_and_right(page, which)
            assert set(page.evaluate(ASKED)) == {*wrong, right}
            # The right one cannot be seen anywhere before it was chosen.
            assert step(page) != line
            assert line not in page.evaluate(VISIBLE)
            place = page.evaluate(ASKED).index(right)
            other = 1 if place == 0 else 0
            for _ in range(other):
                page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
            reason = page.locator(".bp-reason").inner_text()
            assert reason
            assert page.locator(".bp-said").inner_text() == reason
            for _ in range(abs(place - other)):
                page.keyboard.press("ArrowDown" if place > other else "ArrowUp")
            page.keyboard.press("Enter")
        assert step(page) == line == right
        assert line in page.evaluate(VISIBLE)
        assert page.evaluate("document.activeElement.dataset.go") == "next"
    # It is remembered while the window is open, on other pages too.
    page.goto(pages + "batchnorm/")
    page.wait_for_selector(".bp-asks")
    assert page.locator(".bp-ask").get_attribute("aria-pressed") == "true"


def test_each_backward_step_is_asked_first_by_touch(
    open_page: Callable[..., Any], pages: str
) -> None:
    page = open_page(pages + "variance/", width=390, height=844, dark=True, has_touch=True)
    page.wait_for_selector(".bp-asks")
    page.locator(".bp-ask").tap()
    page.locator("[data-go=next]").tap()
    page.locator("[data-go=next]").tap()
    for which in (0, 1):
        wrong, right = wrong_and_right(page, which)
        for choice in (wrong[0], right):
            button = page.get_by_role("button", name=choice, exact=True).and_(
                page.locator(".bp-choice")
            )
            assert button.bounding_box()["height"] >= 44
            button.tap()
    assert step(page) == right
    page.locator("[data-go=next]").tap()
    page.locator(".bp-asked .bp-reset").tap()  # show me
    assert step(page) == "ddiff = 2 * diff * dsquare"
    page.locator(".bp-ask").tap()
    page.locator("[data-go=next]").tap()
    assert step(page) == "dmean = -np.sum(ddiff, axis=0)"


def test_a_flipped_sign_shows_where_the_mean_is_shifted(
    open_page: Callable[..., Any], pages: str
) -> None:
    page = open_page(pages + "variance/")
    page.wait_for_selector(".bp-answers")
    flip, shift = page.locator(".bp-hides input").all()
    verdict, cells = page.locator(".bp-agrees"), page.locator(".bp-hides td")
    first = cells.all_inner_texts()
    assert verdict.inner_text().startswith("✓ dx")
    colour = "e => getComputedStyle(e.firstElementChild).color"
    good = verdict.evaluate(colour)
    flip.press("Space")
    assert verdict.inner_text().startswith("✓ dx")  # the identity hides it
    assert cells.all_inner_texts() == first
    shift.press("Space")
    assert verdict.inner_text().startswith("✗ dx")
    assert (
        len({good, verdict.evaluate(colour), verdict.evaluate("e => getComputedStyle(e).color")})
        == 3
    )
    off = float(verdict.inner_text().rsplit(" ", 1)[1].rstrip("."))
    values = page.evaluate(VALUES)
    # The flipped share of the mean, twice: 2 · Σ 2 · 0.5 · dvar / N, spread over N rows.
    assert off == pytest.approx(2 * np.abs(values["dvar"]).max() / 5, rel=1e-2)
    flip.press("Space")
    assert verdict.inner_text().startswith("✓ dx")  # right lines stay right


def test_what_is_no_number_changes_nothing(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/")
    page.wait_for_selector(".bp-answers")
    before = page.evaluate(VALUES)
    cell = page.locator(".bp-given .bp-cell").first
    cell.fill("1e")
    assert cell.get_attribute("aria-invalid") == "true"
    assert page.evaluate(VALUES) == before
    cell.blur()
    assert cell.inner_text() == page.locator(".bp-given .bp-cell").first.inner_text() != "1e"


def test_the_slider_goes_anywhere(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/")
    page.locator(".bp-slider").fill("8")
    assert step(page) == "dmean = -np.sum(ddiff, axis=0)"
    page.locator(".bp-slider").press("ArrowRight")
    assert step(page) == "dx1 = ddiff"
    assert page.locator(".bp-count").inner_text() == "9 / 11"


def test_the_keyboard_alone(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.go") == "next":
            break
    else:
        raise AssertionError("the Tab key does not reach the button")
    page.keyboard.press("Enter")
    assert step(page) == FORWARD[0]
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert step(page) == BACKWARD[-1]
    assert page.evaluate("document.activeElement.dataset.go") == "next"  # the focus is not lost
    page.keyboard.press("ArrowLeft")
    assert step(page) == BACKWARD[-2]
    # One stop for the drawing, one for each code; inside, the arrows go up and down.
    for _ in range(9):
        page.keyboard.press("Tab")
        if page.evaluate("!!document.activeElement.closest('.bp-code-backward .bp-line')"):
            break
    assert page.evaluate("document.activeElement.textContent").startswith("def variance_backward")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    assert lit(page) == {"dmean = -np.sum(ddiff, axis=0)", "diff = x - mean", "(diff)", "mean→diff"}
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    assert step(page) == "dmean = -np.sum(ddiff, axis=0)"
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.textContent").startswith("def ")
    page.keyboard.press("Escape")
    assert step(page) == ""


def test_nodes_and_wires_can_be_focused(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/")
    page.locator(".bp-flow-right .bp-operation[data-node=diff]").focus()
    assert {"diff = x - mean", "dmean = -np.sum(ddiff, axis=0)", "dx1 = ddiff"} <= lit(page)
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.matches('.bp-wire')")
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert re.fullmatch(r"\w+ \(.*\) d\w+ \(.*\)", name)


def test_hovering_lights_the_counterparts(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/")
    page.locator(".bp-code-backward .bp-line", has_text="dx2 = dmean").hover()
    mean = {"dx2 = dmean / x.shape[0]", "mean = np.mean(x, axis=0)", "(mean)", "x→mean"}
    assert lit(page) == mean
    page.mouse.move(*point_on(page, ".bp-flow-right .bp-wire[data-gradient=dx2] path"))
    assert lit(page) == mean
    page.locator(".bp-flow-right .bp-operation[data-node=square]").hover()
    square = {"square = diff ** 2", "ddiff = 2 * diff * dsquare", "diff→square", "square→var"}
    assert lit(page) == {*square, "(square)"}
    assert step(page) == ""  # looking is not stepping
    page.mouse.move(5, 5)
    assert lit(page) == set()


def test_a_click_explains_a_line(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/")
    page.locator(".bp-code-backward .bp-line", has_text="dmean = ").click()
    assert step(page) == "dmean = -np.sum(ddiff, axis=0)"
    assert len(labels(page, "backward")) == 6  # the graph is still whole


def test_touch_at_390(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "batchnorm/", width=390, height=844, has_touch=True, is_mobile=True)
    assert page.locator(".bp-flow-down").is_visible()
    assert not page.locator(".bp-flow-right").is_visible()
    page.locator('[data-go="next"]').tap()
    assert step(page) == FORWARD[0]
    page.locator(".bp-flow-down .bp-operation[data-node=std]").tap()
    assert step(page) == "std = sqrt(var + 1e-5)"
    assert "std = np.sqrt(var + 1e-5)" in lit(page)
    line = page.locator(".bp-code-backward .bp-line", has_text="dgamma = ")
    line.tap()
    assert "gamma→scaled" in lit(page)
    for target in page.locator(".bp-button").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 44
    # What is walked through stays in sight, and nothing makes the page wider than the screen.
    page.locator('[data-go="next"]').tap()
    assert page.locator('[data-go="next"]').bounding_box()["y"] < 200
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('.bp-flow-down').scrollWidth") <= 390


def test_the_drawings_fit_a_phone(open_page: Callable[..., Any], pages: str) -> None:
    """Two as they are, the third in a box that scrolls, in letters that can be read; so do the
    numbers that are put in."""
    page = open_page(f"{pages}all/")
    for width in (360, 390):
        page.set_viewport_size({"width": width, "height": 800})
        found = page.locator(".bp-flow-down").evaluate_all(
            """all => all.map(e => {
                const svg = e.firstElementChild;
                const scale = svg.getBoundingClientRect().width / svg.width.baseVal.value;
                const sizes = [...e.querySelectorAll('text, tspan')]
                    .map(t => parseFloat(getComputedStyle(t).fontSize) * scale);
                return [e.clientWidth - e.scrollWidth, Math.min(...sizes)];
            })"""
        )
        assert [room >= 0 for room, _ in found] == [True, True, False]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert min(size for _, size in found) > 10.5
        made = page.locator(".bp-given .bp-made").evaluate_all(
            "all => all.map(e => e.scrollWidth - e.clientWidth)"
        )
        assert len(made) > 8
        assert max(made) <= 1


def test_paper_shows_the_full_graph(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "batchnorm/")
    before = labels(page, "backward")
    page.click('[data-go="next"]')
    page.click('[data-go="next"]')
    assert labels(page, "backward") == []
    page.emulate_media(media="print")
    assert len(labels(page, "backward")) == len(before)
    assert not page.locator(".bp-bar").is_visible()
    frame = page.locator(".bp-scroll:visible")
    assert frame.count() == 1
    svg, room = frame.locator("svg").bounding_box(), frame.bounding_box()
    assert svg["width"] <= room["width"]
    assert "dvar" in page.locator(".bp-code-backward").inner_text()
    colour = page.locator(".bp-code-backward .bp-unborn").first.evaluate(
        "e => getComputedStyle(e).color"
    )
    whole = page.locator(".bp-code-forward .bp-line").first.evaluate(
        "e => getComputedStyle(e).color"
    )
    assert colour == whole  # nothing is dimmed


def test_paper_is_light(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/", dark=True)
    page.emulate_media(media="print", color_scheme="dark")
    inks = page.evaluate(
        """() => [...document.querySelectorAll('.bp-graph text')]
            .filter(e => e.getClientRects().length).map(e => getComputedStyle(e).fill)"""
    )
    assert min(contrast(ink, "rgb(255, 255, 255)") for ink in inks) >= 4.5


def test_what_flows_stands_still_where_motion_is_unwanted(
    open_page: Callable[..., Any], pages: str
) -> None:
    moving = "e => getComputedStyle(e).animationName"
    wire = ".bp-flow-right .bp-wire.bp-now path >> nth=0"
    page = open_page(pages + "variance/")
    page.click('[data-go="next"]')
    assert page.locator(wire).evaluate(moving) == "bp-flow"
    page = open_page(pages + "variance/", reduced_motion="reduce")
    page.click('[data-go="next"]')
    assert page.locator(wire).evaluate(moving) == "none"


def test_steps_are_announced(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "variance/")
    status = page.get_by_role("status").filter(has_not_text="Copied")
    said = page.locator(".bp-said")
    assert said.get_attribute("aria-live") == "polite"
    assert status.count() >= 1
    for _ in range(8):
        page.click('[data-go="next"]')
    text = said.inner_text()
    assert text.startswith("Step 8 of 11, backward dmean = -np.sum(ddiff, axis=0)")
    assert "because mean was broadcast" in text
    assert page.locator("[aria-current=step]").count() >= 3


def test_after_instant_navigation(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages)
    page.evaluate("window.same = true")
    page.get_by_role("link", name="the variance").click()
    page.wait_for_selector(".bp-live")
    page.click('[data-go="next"]')
    assert step(page) == FORWARD[0]
    page.go_back()
    page.wait_for_selector("text=the variance")
    page.go_forward()
    page.wait_for_selector(".bp-live")
    page.click('[data-go="next"]')
    assert step(page) == FORWARD[0]
    assert page.evaluate("window.same")


def test_several_figures_do_not_meddle(open_page: Callable[..., Any], pages: str) -> None:
    page = open_page(pages + "all/")
    figures = page.locator(".bp-figure")
    assert figures.count() == 3
    figures.nth(1).locator('[data-go="next"]').click()
    assert [f.locator(".bp-now").count() > 0 for f in figures.all()] == [False, True, False]
    doubled = page.evaluate(
        """() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
                   return ids.filter((id, i) => ids.indexOf(id) !== i); }"""
    )
    assert doubled == []


@pytest.mark.parametrize(
    ("name", "width", "dark"), [("cell", 1280, False), ("batchnorm", 390, True)]
)
def test_axe_finds_nothing(
    open_page: Callable[..., Any], pages: str, name: str, width: int, dark: bool
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci")
    page = open_page(f"{pages}{name}/", width=width, dark=dark, reduced_motion="reduce")
    page.evaluate(AXE.read_text())
    run = """() => axe.run(
        {include: ['.bp-figure'], exclude: ['.md-code__nav']}).then(r => r.violations.flatMap(
        v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 120)} ${n.failureSummary}`)))"""
    assert page.evaluate(run) == []
    press_next(page, 8)
    assert page.evaluate(run) == []


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_has_contrast(open_page: Callable[..., Any], pages: str, dark: bool) -> None:
    # axe does not look into drawings.
    page = open_page(pages + "all/", dark=dark, reduced_motion="reduce")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for _ in range(3):
        found = page.evaluate(
            """() => [...document.querySelectorAll('.bp-graph text')]
                .filter(e => e.getClientRects().length)
                .filter(e => getComputedStyle(e).visibility === 'visible')
                .map(e => [getComputedStyle(e).fill, e.parentNode.matches('.bp-node')
                    ? getComputedStyle(e.parentNode.querySelector('rect')).fill : null])"""
        )
        for ink, box in {tuple(pair) for pair in found}:
            assert contrast(ink, box or paper) >= 4.5, (ink, box or paper)
        press_next(page, 6)


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two rgb(…) colours."""

    def luminance(colour: str) -> float:
        red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (red, green, blue)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_under_a_strict_policy_and_in_chinese(
    open_page: Callable[..., Any], site_server: Any, tmp_path: Path
) -> None:
    """A bare page, no Material: no inline script, no inline style, nothing from elsewhere."""
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    calls = runpy.run_path(str(tmp_path / "functions.py"))["CALLS"]
    html = figure(bp.trace(*calls["variance"]), None, "zh", caption="方差")
    policy = "default-src 'none'; script-src 'self'; style-src 'self'"
    (tmp_path / "index.html").write_text(
        '<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8"><title>方差</title>'
        '<link rel="icon" href="data:,">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<link rel="stylesheet" href="graphs.css"><script defer src="graphs.js"></script>'
        f"</head><body><main><h1>方差</h1>{html}</main></body></html>",
        "utf-8",
    )
    for name, text in assets().items():
        (tmp_path / name).write_text(text, "utf-8")
    page = open_page(site_server.add(tmp_path, BARE))
    for _ in range(8):
        page.click('[data-go="next"]')
    assert "沿 axis 0 求和，因为 mean 从 (4,) 广播到了 (5, 4)" in explanation(page)
    assert page.locator("figcaption").inner_text() == "方差"
    assert page.locator(".bp-code-forward .bp-now").inner_text().strip() == "diff = x - mean"
    assert "第 8 步，共 11 步" in page.locator(".bp-said").inner_text()


def test_a_drawing_that_stands_alone_follows_the_system(
    open_page: Callable[..., Any], site_server: Any, tmp_path: Path
) -> None:
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    graph = bp.trace(*runpy.run_path(str(tmp_path / "functions.py"))["CALLS"]["variance"])
    (tmp_path / "variance.svg").write_text(bp.draw(graph), "utf-8")
    (tmp_path / "favicon.ico").touch()
    inline = bp.draw(graph, standalone=False)
    (tmp_path / "page.html").write_text(
        '<!doctype html><title>-</title><link rel="icon" href="data:,"><body>'
        f"<style>{STYLE}</style>{inline}",
        "utf-8",
    )
    address = site_server.add(tmp_path, "http://alone.example.org/")
    seen = {}
    for dark in (False, True):
        page = open_page(f"{address}variance.svg", dark=dark)
        ink = page.locator(".bp-forward").first.evaluate("e => getComputedStyle(e).fill")
        paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert contrast(ink, paper) >= 4.5
        seen[dark] = paper
        # In a page that is light for everybody it stays light.
        page = open_page(f"{address}page.html", dark=dark)
        ink = page.locator(".bp-forward").first.evaluate("e => getComputedStyle(e).fill")
        assert contrast(ink, "rgb(255, 255, 255)") >= 4.5
    assert seen[False] != seen[True]


@pytest.mark.parametrize(("width", "flow"), [(1280, "right"), (390, "down")])
def test_rendered_texts_touch_nothing(
    open_page: Callable[..., Any], pages: str, width: int, flow: str
) -> None:
    """With the fonts of this machine: texts fit their boxes, and neither texts nor foreign wires
    nor boxes meet, on the pixels."""
    page = open_page(pages + "all/", width=width)
    found = page.evaluate(
        """flow => {
            const faults = [];
            let compared = 0;
            const rect = (e) => e.getBoundingClientRect();
            const meet = (a, b) => a.left < b.right && b.left < a.right
                && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
            for (const svg of document.querySelectorAll(`.bp-flow-${flow} svg`)) {
                for (const node of svg.querySelectorAll('.bp-node')) {
                    const text = rect(node.querySelector('text'));
                    const box = rect(node.querySelector('rect'));
                    if (text.left < box.left + 2 || text.right > box.right - 2)
                        faults.push(`${node.textContent} leaves its box`);
                }
                const texts = [...svg.querySelectorAll('text')];
                const things = [...texts, ...svg.querySelectorAll('.bp-node rect')];
                for (const text of texts) {
                    for (const other of things) {
                        compared += 1;
                        if (text.parentNode === other.parentNode) continue;
                        if (meet(rect(text), rect(other)))
                            faults.push(`${text.textContent} meets ${other.outerHTML}`);
                    }
                }
                for (const wire of svg.querySelectorAll('.bp-wire')) {
                    const path = wire.querySelector('path');
                    const toScreen = path.getScreenCTM();
                    for (let at = 3; at < path.getTotalLength(); at += 3) {
                        const p = path.getPointAtLength(at).matrixTransform(toScreen);
                        for (const thing of things) {
                            if (thing.parentNode === wire) continue;
                            const r = rect(thing);
                            if (p.x > r.left + 2 && p.x < r.right - 2
                                && p.y > r.top + 2 && p.y < r.bottom - 2)
                                faults.push(`${wire.textContent} runs over ${thing.outerHTML}`);
                        }
                    }
                }
            }
            return [faults, compared];
        }""",
        flow,
    )
    assert found[0] == []
    assert found[1] > 500
