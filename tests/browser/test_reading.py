"""What a reader sees at every width: nothing is cut without a sign, and figures tell the truth."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from tests.audit.cut import CUT, cut
from tests.samples import sampled

ROOT = Path(__file__).parents[2]
POSTS = ("backward", "batchnorm")


def sample() -> list[str]:
    """The home page, the posts that all others stand on, and two of the others; `make audit`
    measures all."""
    others = sorted({post.stem for post in (ROOT / "docs/en/posts").glob("*.md")} - set(POSTS))
    some = random.Random(2017).sample(others, min(2, len(others)))
    return ["", *(f"posts/{name}/" for name in (*POSTS, *some)), "reference/layers/conv/"]


@pytest.mark.parametrize("prefix", sampled(["", "en/"], 1))
def test_nothing_is_cut_without_a_sign(
    open_page: Callable[..., Any], site: str, prefix: str
) -> None:
    page = open_page()
    for address in sample()[0 if prefix else 1 :: 2]:  # the two languages take turns
        page.goto(site + prefix + address)
        faults, measured = cut(page)
        assert faults == [], address
        assert measured > 20
        # On a phone what is written in a drawing can be read, in a figure after a tap on it.
        page.set_viewport_size({"width": 390, "height": 900})
        for plot in page.locator(".bp-plot:has(.bp-larger)").all():
            plot.click()
        assert page.evaluate(SMALL) == [], address
        assert page.evaluate(CUT)[0] == [], address


SMALL = """() => [...document.querySelectorAll(".md-content :is(.bp-graph, .bp-plot-svg) text")]
    .filter(text => text.getClientRects().length)
    .map(text => [text.textContent, text.getScreenCTM(), getComputedStyle(text)])
    .map(([words, {a, b}, style]) => [words, parseFloat(style.fontSize) * Math.hypot(a, b)])
    .filter(([, size]) => size < 10.5)"""


@pytest.fixture(scope="module")
def article(browser: Any, site: str) -> Iterator[Any]:
    """A long post, opened once for those tests that only look and touch."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(site + "en/posts/batchnorm/")
    page.keyboard.press("Tab")
    page.wait_for_selector(".bp-live")
    yield page
    page.close()


def test_the_whole_graph_is_seen(article: Any) -> None:
    for width, flow in ((768, "right"), (1680, "right"), (390, "down"), (1280, "right")):
        article.set_viewport_size({"width": width, "height": 900})
        names = article.evaluate(
            """flow => [...document.querySelectorAll(`.bp-flow-${flow} .bp-forward`)]
                .filter(e => {
                    const r = e.getBoundingClientRect();
                    return r.width && r.left >= 0 && r.right <= innerWidth;
                }).map(e => e.firstChild.data.trim())""",
            flow,
        )
        wanted = "x mean diff square var std xhat scaled out gamma beta"
        assert set(wanted.split()) <= set(names), width
        derived = article.locator(".bp-code-backward .bp-line", has_text="dstd = ")
        code = "dstd = -np.sum(dxhat * xhat, axis=0) / std"
        assert derived.inner_text().split() == code.split()


def test_a_step_has_an_address(open_page: Callable[..., Any], site: str) -> None:
    page = open_page(site + "en/posts/backward/")
    page.wait_for_selector(".bp-live")
    # What is far down is laid out when it comes near, and moves what is below it.
    page.wait_for_function(
        """() => {
          const figure = document.querySelector(".bp-figure");
          figure.scrollIntoView({ behavior: "instant" });
          return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() =>
            done(Math.abs(figure.getBoundingClientRect().top) < 200))));
        }"""
    )
    for step in range(1, 8):
        page.keyboard.press("ArrowRight")  # nothing is focused: the figure in sight walks
        page.wait_for_function("hash => location.hash === hash", arg=f"#variance-graph-step-{step}")
    address = page.url
    told = page.locator(".bp-step.bp-now .bp-head").inner_text()
    other = open_page(address)
    other.wait_for_selector(".bp-step.bp-now")
    assert other.locator(".bp-step.bp-now .bp-head").inner_text() == told
    top = other.locator(".bp-stepper").evaluate("e => e.getBoundingClientRect().top")
    assert 0 <= top < 300
    page.keyboard.press("Escape")  # no focus in the figure: it stays
    page.locator("[data-go=whole]").click()
    # Material may write the section in sight there.
    assert "step" not in page.evaluate("location.hash")


def test_gradients_flow_against_the_arrows(open_page: Callable[..., Any], site: str) -> None:
    page = open_page(site + "en/posts/batchnorm/", reduced_motion="reduce")
    page.wait_for_selector(".bp-live")
    ends = """backward => [...document.querySelectorAll(".bp-flow-right .bp-wire.bp-now")]
        .filter(wire => wire.dataset.gradient)
        .map(wire => [...wire.querySelectorAll(".bp-head")]
            .filter(head => getComputedStyle(head).display !== "none")
            .map(head => head.classList.contains("bp-return")))"""
    count = page.locator(".bp-step-forward").count()
    page.locator(".bp-slider").fill(str(count))
    assert page.evaluate(ends) == [[False]] * len(page.evaluate(ends)) != []
    for step in (count + 2, count + 5, count + 8):
        page.locator(".bp-slider").fill(str(step))
        found = page.evaluate(ends)
        assert found == [[True]] * max(1, len(found)), step


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_wire_and_panel_agree_on_every_shape(
    open_page: Callable[..., Any], site: str, lang: str
) -> None:
    page = open_page(site + ("en/" if lang == "en" else "") + "posts/batchnorm/")
    panel = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".bp-step[data-gradient]")]
            .map(e => [e.dataset.gradient, e.querySelector(".bp-shape").textContent]))"""
    )
    wires = page.evaluate(
        """() => [...document.querySelectorAll(".bp-flow-down .bp-wire[data-gradient]")].map(e =>
            [e.dataset.gradient,
             [...e.querySelectorAll(":is(.bp-backward, .bp-held) .bp-shape")]
                .map(s => s.textContent).join("")])"""
    )
    assert len(wires) > 10
    for name, shape in wires:
        assert re.sub(r"\s", "", shape) == re.sub(r"\s", "", panel[name]), name
    words = "broadcast" if lang == "en" else "广播"
    assert panel["dx2"].startswith("(4,)")
    assert words in panel["dx2"]


def test_the_home_page_steps_once_and_stops(open_page: Callable[..., Any], site: str) -> None:
    still = open_page(site + "en/", reduced_motion="reduce")
    still.wait_for_selector(".bp-live")
    page = open_page(site + "en/")
    page.wait_for_selector(".bp-playing.bp-walking")
    assert page.evaluate("location.hash") == ""  # what nobody chose is no address
    page.locator("[data-go=next]").click()
    assert page.locator(".bp-playing").count() == 0
    assert still.locator(".bp-playing").count() == 0
    assert still.locator(".bp-count").inner_text().startswith("0 /")


def test_the_learning_path(open_page: Callable[..., Any], site: str) -> None:
    page = open_page(site + "en/", javascript=False)
    links = page.locator(".bp-path-right a").evaluate_all(
        "all => all.map(a => a.getAttribute('xlink:href'))"
    )
    needs = {
        post.stem: re.findall(
            r"(\w[\w-]*)\.md", re.search(r"needs:.*|$", post.read_text("utf-8"))[0]
        )
        for post in (ROOT / "docs/en/posts").glob("*.md")
    }
    assert sorted(links) == sorted(f"posts/{name}/" for name in needs)
    listed = page.locator(".md-post__content h2 a").evaluate_all("all => all.map(a => a.href)")
    order = [each.rstrip("/").rpartition("/")[2] for each in listed if "#" not in each]
    assert order[0] == "backward"
    for place, name in enumerate(order):
        assert set(needs[name]) <= set(order[:place])
    titles = page.locator("ol.bp-path-down a").evaluate_all("all => all.map(a => a.href)")
    assert [each.rstrip("/").rpartition("/")[2] for each in titles] == order
    page.goto(site + "en/posts/batchnorm/")
    beside = page.locator(".bp-beside").inner_text().splitlines()
    assert beside[0] == "Builds on: Notes on the backward pass"
    assert beside[1].startswith("Leads to: layernorm_backward")
    page.goto(site + "en/posts/backward/")
    beside = page.locator(".bp-beside").inner_text()
    assert "Leads to: " in beside
    assert "batchnorm_backward, line by line" in beside


def test_reports_number_the_lines_that_are_shown(article: Any) -> None:
    page = article
    output = page.locator(".bp-output", has_text="`dstd` on line").first
    number = re.search(r"line (\d+)", output.inner_text())[1]
    gutter = page.locator(".highlight", has_text="def powers").first.locator(".linenos").first
    assert number in gutter.inner_text().split()
    # Each number stands beside its line, and is no link, which would be too small for a finger.
    rhythm = """() => [...document.querySelectorAll(".linenodiv pre, .highlighttable .code code")]
        .map(e => getComputedStyle(e).lineHeight)"""
    assert len(set(article.evaluate(rhythm))) == 1
    assert article.locator(".linenos a").count() == 0


def test_marks_have_a_legend_once_a_page(article: Any) -> None:
    page = article
    for legend in (".bp-check-legend", ".bp-legend", ".bp-derivation-legend"):
        assert page.locator(legend).count() == 1
    assert "Σ(x − mean) = 0" in page.locator(".bp-at-real").inner_text()


SAME = """() => [...document.querySelectorAll(".bp-same")].filter(e => e.getClientRects().length)
    .map(e => e.matches("mjx-mtr") ? "row" : e.matches(".bp-wire") ? `wire ${e.dataset.gradient}`
        : e.matches(".bp-node") ? `node ${e.dataset.node}` : e.textContent.trim())"""


def test_row_line_and_wire_of_one_gradient_light_up_together(article: Any) -> None:
    page = article
    why = page.locator(".bp-mark-why:popover-open")
    lines = {"dxhat = gamma * dout"}
    row = page.locator('.bp-mark[data-same="batchnorm dxhat"]')
    # Keyboard alone: a row says which variable it is, in mathematics, beside itself.
    row.focus()
    found = page.evaluate(SAME)
    assert "wire dxhat" in found
    assert lines < set(found)
    assert "is dxhat in the backward pass of batchnorm" in why.inner_text()
    assert why.locator("math mfrac").count() == 1
    assert "\\" not in why.inner_text()
    beside, mark = why.bounding_box(), row.bounding_box()
    assert -60 < beside["y"] - mark["y"] - mark["height"] < 60
    # A line does the same, and says what its mark means.
    page.locator('.bp-check[data-same="batchnorm dx"]').first.focus()
    assert "Checked: this is the gradient dx, of shape (5, 4)" in why.inner_text()
    assert "is dx in the backward pass" in why.inner_text()
    assert {"row", "node x", "wire dx1", "wire dx2"} <= set(page.evaluate(SAME))
    # So does a wire, reached with the arrow keys; Escape and leaving put everything out.
    page.locator(".bp-flow-right .bp-node[data-node=scaled]").focus()
    page.keyboard.press("ArrowUp")
    wire = page.evaluate("document.activeElement.dataset.gradient")
    assert wire in ("dgamma", "dxhat")
    assert "row" in page.evaluate(SAME)
    assert why.count() == 0
    # And the mouse: a whole line is enough; the page's other function is another matter.
    page.locator(".bp-code-backward .bp-line", has_text="dbeta =").hover()
    assert sorted(page.evaluate(SAME)) == ["dbeta = np.sum(dout, axis=0)", "row"]
    page.locator(".bp-checked", has_text="dstd = ").first.get_by_text("ddiff1").hover()
    assert "ddiff1" in why.inner_text()
    page.mouse.move(2, 2)
    assert why.count() == 0
    assert page.evaluate(SAME) == []


# What the focus is on, and whether it is in sight.
STOP = """async () => {
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const e = document.activeElement;
    if (e === document.body) return null;
    const kind = (e.getAttribute("class") || e.tagName).split(" ")[0];
    const box = (e.matches(".md-option") ? e.nextElementSibling : e).getBoundingClientRect();
    const x = Math.max(1, Math.min(box.left + 9, innerWidth - 2));
    const y = Math.max(1, Math.min(box.top + 9, innerHeight - 2));
    const top = document.elementFromPoint(x, y);
    const inside = box.width > 0 && box.bottom > 0 && box.top < innerHeight
        && box.right > 0 && box.left < innerWidth;
    const {go = "", same = ""} = e.dataset;
    return {kind, text: e.textContent.trim().slice(0, 40), go, same, href: e.href || "", inside,
        covered: !!top && top.closest(".md-header") !== null && !e.closest(".md-header")
            && box.height < 300};
}"""


@pytest.mark.parametrize("address", sampled(["", "posts/batchnorm/"], 1, ""))
def test_the_keyboard_alone_in_a_window_zoomed_to_twice_its_size(
    open_page: Callable[..., Any], site: str, address: str
) -> None:
    """Every stop is in sight, none is a trap, and everything that can be used is among them."""
    zoomed = {"width": 640, "height": 450, "device_scale_factor": 2, "reduced_motion": "reduce"}
    page = open_page(site + "en/" + address, **zoomed)
    page.wait_for_selector(".bp-live", state="attached")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.keyboard.press("Tab")  # Material's script comes with the first move
    page.wait_for_function("() => typeof document$ !== 'undefined'")
    if address:  # above the figure it is as on the home page
        page.locator(".bp-figure [data-go=next]").focus()
    kinds, stops, lit = set(), [], set()
    for _ in range(200):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            if stops:
                break
            continue
        assert stop["inside"], stop
        assert not stop["covered"], stop
        kinds.add(stop["kind"])
        stops.append(stop)
        if stop["same"]:
            lit |= {f"{stop['kind']}: {each.split()[0]}" for each in page.evaluate(SAME)}
        if stop["kind"] == "bp-mark" and stop["same"]:
            break
    if not address:
        doors = {"posts/backward/", "check/", "writing/"}
        assert {door for door in doors for stop in stops if door in stop["href"]} == doors
        assert "next" in {stop["go"] for stop in stops}
        assert stops[-1]["href"] != ""  # the foot of the page: nothing has kept the focus
        for _ in range(30):  # and back: what comes from above is not below the header
            page.keyboard.press("Shift+Tab")
            stop = page.evaluate(STOP)
            assert stop is None or (stop["inside"] and not stop["covered"]), stop
        return
    assert {"bp-slider", "bp-node", "bp-line", "bp-check", "bp-mark"} <= kinds
    # A line lights up its row and its wire, a row says what it is, too, and lets go.
    assert {"bp-check: row", "bp-check: wire", "bp-mark: wire"} <= lit
    why = page.locator(".bp-mark-why:popover-open")
    box = why.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 640
    page.keyboard.press("Escape")
    assert why.count() == 0
    assert page.evaluate(SAME) == []


def test_back_to_top_covers_nothing(article: Any) -> None:
    page = article
    page.locator(".bp-figure").scroll_into_view_if_needed()
    page.mouse.wheel(0, 600)
    page.mouse.wheel(0, -200)
    places = page.locator(".md-top").evaluate_all(
        "all => all.map(e => getComputedStyle(e).position)"
    )
    assert places == ["static"]
    shown = """() => new Promise(done => {
        scrollTo({top: document.body.scrollHeight, behavior: "instant"});
        requestAnimationFrame(() => requestAnimationFrame(() =>
            done(getComputedStyle(document.querySelector(".md-top")).visibility)));
    })"""
    assert page.evaluate(shown) == "visible"
    page.set_viewport_size({"width": 1280, "height": 100_000})  # all of it is in sight
    assert page.evaluate(shown) == "hidden"
    page.set_viewport_size({"width": 1280, "height": 900})


def test_pages_keep_their_height_while_one_scrolls(
    open_page: Callable[..., Any], site: str
) -> None:
    page = open_page(site + "en/posts/batchnorm/")
    page.wait_for_load_state("networkidle")
    heights = []
    for share in (0, 0.3, 0.7, 1):
        page.evaluate("share => scrollTo(0, share * document.documentElement.scrollHeight)", share)
        heights.append(page.evaluate("document.documentElement.scrollHeight"))
    assert len(set(heights)) == 1


def test_rules_speak_the_pages_names() -> None:
    from backprop.site.posts.graphs import figure

    def scale(x, gamma):
        xhat = x / np.sqrt(np.mean(x**2, axis=0) + 1e-5)
        scaled = gamma * xhat
        out = scaled + 1
        return out

    graph = bp.trace(scale, np.ones((5, 4)), np.ones(4))
    html = figure(graph)
    assert "<code>dgamma = dscaled * xhat</code>" in html
    assert "dscaled is dout" in html
    told = re.findall(r"<dd>(.*?)</dd>", html) + re.findall(r'<p class="bp-head">.*?</p>', html)
    code = graph.derive().source
    for text in told:
        assert not re.search(r"\b(keep|count|dz)\b", text), text
        for name in re.findall(r"\bt\d+\b", text):
            assert re.search(rf"\b{name}\b", code), text
