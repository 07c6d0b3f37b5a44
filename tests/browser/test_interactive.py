"""Python in the page, in a real Chromium: handed in, run, changed, stopped.

The site is served below a sub-path of 127.0.0.1, where a browser keeps files as it does with https.
One window holds an engine for many tests: to start it takes seconds.
"""

from __future__ import annotations

import ast
import gzip
import inspect
import json
import random
import re

import numpy as np
import pytest

from backprop.desk import answer
from backprop.site.interactive.examples import examples
from tests import samples
from tests.audit.browser import AXE
from tests.checker.corpus import arguments, family, wrong_cases

WAIT = 120_000  # milliseconds: a slow machine, busy with other tests
# How long code may run, for the page that is open.
LIMIT = """seconds => {
  const engine = document.querySelector("[data-bp-engine]");
  if (engine) engine.dataset.seconds = seconds;
}"""
# What is seen of a page below the buttons that run it.
COVERED = """() => [...document.querySelectorAll(".bp-try")].flatMap((button) => {
  const over = button.getBoundingClientRect(), covered = [];
  const texts = document.createTreeWalker(button.parentElement, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, range = document.createRange();
    if (button.contains(text) || !text.data.trim()) continue;
    if (!text.parentElement.checkVisibility()) continue;
    range.selectNodeContents(text);
    for (const at of range.getClientRects()) {
      if (at.left < over.right - 1 && at.right > over.left + 1
        && at.top < over.bottom - 1 && at.bottom > over.top + 1) covered.push(text.data);
    }
  }
  return covered;
})"""
SAMPLE = 8  # wrong backwards of the corpus


@pytest.fixture(scope="module")
def base(built_site, engine, site_server):
    url = f"http://127.0.0.1:{site_server.port}/notes/"
    return site_server.add(built_site, url)


@pytest.fixture
def window(open_page, base):
    """`window(path)`: a page of the site below its sub-path."""

    def window(path, **options):
        page = open_page(**options)
        page.set_default_timeout(WAIT)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(base + path)
        if options.get("javascript", True):
            page.evaluate(LIMIT, 300)  # a machine may be slow; one test is about the limit
        return page

    return window


def hand_in(page, forward=None, backward=None, arguments=None):
    """Check what is in the editors; the page is there when the verdict is."""
    for name, text in (("forward", forward), ("backward", backward)):
        if text is not None:
            page.locator(f".bp-area:has([name={name}]) .cm-content").click()
            page.keyboard.press("Control+a")
            page.keyboard.press("Delete")
            page.keyboard.insert_text(text)
    if arguments is not None:
        page.locator("[name=arguments]").fill(arguments)
    page.locator(".bp-go, .bp-submit").first.click()


def verdict(page):
    page.locator(".bp-answer > *").first.wait_for()
    return page.locator(".bp-answer").inner_text()


def judged(page, kind="bp-verdict"):
    """Wait for the verdict; whatever else is there instead is in the message."""
    page.locator(".bp-answer > *").first.wait_for()
    found = page.locator(".bp-answer > *").first
    assert kind in found.get_attribute("class").split(), page.locator(".bp-hand").inner_text()


def axe(page):
    if not page.evaluate("!!window.axe"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("async () => (await axe.run(document)).violations")
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]


# ── before a tap ──


@pytest.mark.parametrize("path", ["posts/batchnorm/", "en/check/"])
def test_a_page_that_nobody_taps_on_asks_for_nothing_more(window, path):
    page = window(path, width=390, height=844)
    page.locator(".bp-try, .bp-hand:not([hidden])").first.wait_for()
    assert page.evaluate(COVERED) == [], "a button stands over code"
    if "check" in path:  # before the script is there, too: or else all that is below would move
        page.locator(".bp-hand").evaluate("form => { form.hidden = true; }")
        assert page.locator(".bp-hand").is_visible()
        assert not page.locator(".bp-still").is_visible()
    page.mouse.wheel(0, 3000)
    page.wait_for_function("() => document.readyState === 'complete'")
    assert not [url for url in page.asked if "/engine/" in url]


def test_an_untouched_post_is_two_kilobytes_larger_at_most(built_site, engine):
    html = (built_site / "en/posts/batchnorm/index.html").read_text("utf-8")
    without = re.sub(r" data-fence=\"\d+\"", "", html)
    without = re.sub(r"<div data-bp-engine=.*?</div>\n", "", without)
    without = re.sub(r"<p class=\"bp-to-check\".*?</p>\n", "", without)
    without = re.sub(r"<script>(?:(?!</script>).)*bp-tap.*?</script>", "", without)
    assert len(html) - len(without) > 1000, "something was taken away"
    style = next((built_site / "assets/backprop").glob("site.*.css")).read_text("utf-8")
    own = sum(
        len(rule) for rule in re.findall(r"[^{}]*\.bp-(?:try|hand|area)[^{}]*\{[^{}]*\}", style)
    )
    grown = len(gzip.compress(html.encode())) - len(gzip.compress(without.encode()))
    assert grown + own / 2 <= 2000


def test_only_pages_that_offer_it_may_compile(built_site, engine):
    def policy(path):
        html = (built_site / path / "index.html").read_text("utf-8")
        return re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1]

    for path in ("posts/backward", "en/posts/batchnorm", "check", "en/check"):
        assert "'wasm-unsafe-eval'" in policy(path)
        assert "worker-src 'self' blob:;" in policy(path)
        assert "connect-src 'self';" in policy(path)
    for path in ("archive/2017", "about", "en/tags"):
        assert "unsafe-eval" not in policy(path)
        assert "blob:" not in policy(path)
    assert "'unsafe-eval'" not in policy("check")


def test_without_scripts_and_without_webassembly_the_page_says_what_to_do(window, open_page, base):
    still = window("en/check/", javascript=False)
    assert still.locator(".bp-still").is_visible()
    assert "backprop check" in still.locator(".bp-still").inner_text()
    assert not still.locator(".bp-hand").is_visible()
    page = open_page()
    page.add_init_script("delete window.WebAssembly")
    page.goto(base + "en/check/")
    page.wait_for_function("() => document.readyState === 'complete'")
    assert page.locator(".bp-still").is_visible()
    page.goto(base + "en/posts/batchnorm/")
    page.wait_for_function("() => document.readyState === 'complete'")
    assert page.locator(".bp-try").count() == 0


# ── hand it in ──


def test_a_verdict_opens_step_by_step_and_holds_the_report_of_the_package(window, base):
    page = window("en/check/", width=390, height=844, dark=True)
    page.locator(".bp-submit").click()
    judged(page)
    example = examples()["variance-wrong"]
    assert page.locator(".bp-judged").inner_text() == "✗ Not right yet."
    assert page.locator("details[open]").count() == 0, "nothing is told before it is asked for"
    assert page.locator(".bp-area:has([name=backward]) .cm-wrong").count() == 0
    page.get_by_text("Which line is wrong?").click()
    marked = page.locator(".bp-area:has([name=backward]) .cm-wrong")
    assert marked.inner_text().startswith("    dsquare = ")
    for summary in page.locator(".bp-verdict summary").all()[1:]:
        summary.click()
    found = json.loads(answer(json.dumps({"what": "check", "lang": "en", **example})))
    assert page.locator(".bp-report-text").text_content() == found["text"]
    assert page.locator(".bp-desk-beside pre").last.text_content() == found["derived"]
    assert page.locator(".bp-drawing svg [data-node]").count() > 3
    assert page.locator(".bp-rows tbody tr").count() == len(found["rows"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe(page) == []
    own = [url for url in page.asked if not url.startswith((base, "blob:"))]
    assert own == [], "nothing comes from elsewhere"

    # The code, and its shapes, are in the address; and the browser keeps them.
    hand_in(
        page,
        backward="def b(dvar, cache):\n    return 2 * cache[0] / 7 * dvar\n",
        arguments="x=7x2",
    )
    judged(page, "bp-ok")
    shared = page.url
    assert "#code=" in shared
    other = window("en/" + shared.removeprefix(base + "en/"))
    other.locator(".bp-area:has([name=backward]) .cm-content").wait_for()
    assert "/ 7 * dvar" in other.locator(".bp-area:has([name=backward]) .cm-content").inner_text()
    assert other.locator("[name=arguments]").input_value() == "x=7x2"
    assert other.locator(".bp-verdict").count() == 0, "what somebody else wrote is not run unasked"
    page.goto(base + "check/")
    page.locator("[name=forward]").focus()
    page.locator(".bp-area:has([name=backward]) .cm-content").wait_for()
    assert "/ 7 * dvar" in page.locator(".bp-area:has([name=backward]) .cm-content").inner_text()


def test_what_is_typed_before_the_editors_come_stays(window):
    """Also where the browser has kept something else; and the focus is where it was."""
    page = window("en/check/")
    kept = {"forward": "# old", "backward": "# old", "arguments": "x=9"}
    page.evaluate("kept => localStorage.setItem('bp-hand-in', JSON.stringify(kept))", kept)
    waiting: list | None = []  # None: nothing waits

    def held(route):
        route.continue_() if waiting is None else waiting.append(route)

    page.route("**/engine/page.*.js", held)
    page.locator("[name=forward]").fill("def f(x):\n    return x")
    page.keyboard.press("Control+End")
    asked, waiting = waiting, None
    for route in asked:
        route.continue_()
    page.locator(".bp-go").wait_for()
    page.keyboard.insert_text(" * x")
    texts = page.locator(".bp-area .cm-content").all_inner_texts()
    assert texts == ["def f(x):\n    return x * x", "# old"]
    assert page.locator("[name=arguments]").input_value() == "x=9"
    waiting = []
    page.goto("about:blank")  # the same address with another hash would be the same page
    page.goto(page.asked[0])
    page.locator(".bp-submit").focus()
    asked, waiting = waiting, None
    for route in asked:
        route.continue_()
    page.locator(".bp-go").wait_for()
    assert page.locator(".bp-go").evaluate("e => e === document.activeElement")


NETWORK = "import urllib.request\n\nurllib.request.urlopen('http://example.org/')"
# What a reader may write into the forward, and what the page says.
HOPES = [
    ("def f(x:\n    return x", "SyntaxError"),
    ("name = input('? ')\n\ndef f(x):\n    return x", "Nobody can be asked here"),
    (f"{NETWORK}\n\ndef f(x):\n    return x", "no network"),
    ("from js import fetch\n\ndef f(x):\n    return x", "no other package"),
    ("from pyodide.http import open_url\n\ndef f(x):\n    return x", "no other package"),
    ("a = []\nwhile True:\n    a.append(bytearray(50_000_000))", "less memory"),
    ("import numpy as np\nnp.ones((11_500, 11_500))", "less memory"),
    ("def f(x):\n    return f(x)\n", "RecursionError"),
    ("import sys\nsys.exit(1)", "SystemExit"),
    ("breakpoint()\n\ndef f(x):\n    return x", "Nobody can be asked here"),
    ("import scipy\n\ndef f(x):\n    return x", "no other package"),
    ("import threading\nthreading.Thread(target=print).start()", "begins no thread"),
    ("import subprocess\nsubprocess.run(['ls'])", "no other program"),
    ("import asyncio\nasync def f():\n    return 1\nasyncio.run(f())", "no event loop"),
    ("import numpy as np\nnp.ones((30_000, 30_000))", "less memory"),
    ("import numpy as np\nnp.sum = None\nraise ValueError('np is broken')", "np is broken"),
]


def test_what_a_page_cannot_do_is_said_and_the_next_check_works(window):
    page = window("en/check/")
    page.locator("[name=forward]").focus()
    page.locator(".bp-go").wait_for()
    example = examples()["relu-right"]
    backward = {"backward": example["backward"], "arguments": example["arguments"]}
    for forward, words in HOPES:
        hand_in(page, forward, **backward)
        assert words in verdict(page), forward
        assert page.locator(".bp-fault").count() == 1
    assert axe(page) == []
    hand_in(page, **{**example, "arguments": "x=90000x90000"})
    assert "smaller lengths" in verdict(page)
    # What was pasted from elsewhere: tabs, the line ends of Windows, names of any letters.
    pasted = "def 前向(ξ):\r\n\t甲 = np.sum(ξ * ξ)\r\n\treturn 甲\r\n"
    hand_in(page, pasted, "def 反向(d甲, ξ):\n\treturn 2 * ξ * d甲\n", "ξ=3x2")
    judged(page, "bp-ok")
    hand_in(page, **example)
    # Ten megabytes: shown in part, counted, and the page answers all the time.
    hand_in(page, "for _ in range(100):\n    print('x' * 99_999)\n\n" + example["forward"])
    judged(page, "bp-ok")
    printed = page.locator(".bp-printed").inner_text()
    assert len(printed) < 110_000
    assert "9,900,000 characters more" in printed


def test_stopped_slow_crashed_and_offline(window):
    """Each time a fresh Python answers the next question, without the network."""
    page = window("en/check/")
    page.locator(".bp-submit").click()
    judged(page)
    page.evaluate(LIMIT, 3)
    loop = "while True:\n    print('on and on')"
    hand_in(page, loop)
    assert "longer than 3 seconds" in verdict(page)
    assert "on and on" in page.locator(".bp-printed").inner_text()
    page.evaluate(LIMIT, 300)
    page.context.set_offline(True)
    example = examples()["relu-right"]
    hand_in(page, **example)
    judged(page, "bp-ok")
    hand_in(page, "import os\nos.abort()")
    assert "crashed" in verdict(page)
    hand_in(page, loop)
    page.get_by_role("status").get_by_text("Running").wait_for()
    page.get_by_role("button", name="Stop").click()
    assert verdict(page) == "Stopped."
    hand_in(page, **example)
    judged(page, "bp-ok")
    # What the browser and Pyodide say of a dead network and a dead Python is no fault of the page.
    page.problems.clear()


def put(block, text):
    """Write `text` into the editor of a fence."""
    block.locator(".cm-content").click()
    block.page.keyboard.press("Control+a")
    block.page.keyboard.insert_text(text)


@samples.long
def test_runs_that_overlap(window):
    """Taps twice, runs beside one another, edits while it runs."""
    page = window("en/posts/batchnorm/")
    one = page.locator(".bp-run", has_text="assert np.allclose(out.mean").first
    one.locator(".bp-try").dblclick()
    one.locator(".bp-done").wait_for()
    assert one.locator(".bp-desk").count() == 1
    put(one, "import time\ntime.sleep(0.3)\nprint('once')")
    one.locator(".bp-go").dblclick()
    one.locator(".bp-done").wait_for()
    assert one.locator(".bp-result").inner_text() == "It ran."
    assert one.locator(".bp-printed").inner_text() == "once\n"

    # Asked for something else while it runs, it shows that alone.
    put(one, "while True:\n    print('on and on')")
    one.locator(".bp-go").click()
    one.get_by_text("Running").wait_for()
    put(one, "print('other')")
    page.keyboard.press("Control+Enter")
    one.locator(".bp-done").wait_for()
    assert one.locator(".bp-printed").inner_text() == "other\n"

    # A line that was edited meanwhile is not the one that failed.
    put(one, "import time\ntime.sleep(1)\n1 / 0")
    one.locator(".bp-go").click()
    one.get_by_text("Running").wait_for()
    put(one, "# wait\n\n\n")
    assert "ZeroDivisionError" in one.locator(".bp-fault").inner_text()
    assert one.locator(".cm-wrong").count() == 0

    put(one, "while True:\n    pass")
    one.locator(".bp-go").click()
    one.get_by_text("Running").wait_for()
    two = page.locator(".bp-run:not(:has(.bp-desk))").first
    two = page.locator(f".bp-run[data-fence='{two.get_attribute('data-fence')}']")
    two.locator(".bp-try").click()
    two.get_by_text("Waiting until another run has ended").wait_for()
    assert axe(page) == []
    two.locator(".bp-stop").click()
    assert two.locator(".bp-fault").inner_text() == "Stopped."
    assert one.locator(".bp-stop").is_visible(), "the other run goes on"


HOTEL = "<!doctype html><title>Please log in</title>"  # what a network may answer to everything


@samples.long
def test_what_is_no_file_of_ours_is_neither_kept_nor_the_end(window):
    def hotel(pattern):
        page.route(pattern, lambda route: route.fulfill(content_type="text/html", body=HOTEL))

    page = window("en/posts/batchnorm/")
    figure = page.locator(".bp-figure:has(> .bp-try)").first
    for pattern in ("**/engine/page.*.js", "**/engine/program.*.json"):
        hotel(pattern)
        for _ in range(2):
            figure.locator(".bp-try").click()
            page.locator(".bp-figure .bp-sorry").wait_for()
            page.wait_for_function("() => !document.querySelector('[aria-busy]')")
        assert page.locator(".bp-sorry").count() == 1
        page.unroute(pattern)
    hotel("**/engine/wasm.*")
    figure.locator(".bp-try").click()
    page.locator(".bp-change .bp-fault", has_text="could not be fetched").wait_for()
    page.unroute("**/engine/wasm.*")
    assert page.locator(".bp-sorry").count() == 0
    page.locator(".bp-change .bp-go").click()
    page.locator(".bp-change .cm-content").wait_for()
    page.locator(".bp-change .bp-shapes").fill("x=3x2 gamma=2 beta=2")
    page.locator(".bp-figure", has_text="(3, 2)").first.wait_for()
    # A number that is still being written draws nothing yet.
    field = page.locator(".bp-entries input").first
    was = page.locator(".bp-figure").first.inner_html()
    field.fill("")
    page.wait_for_timeout(500)
    assert page.locator(".bp-change .bp-stop").is_hidden()
    assert page.locator(".bp-figure").first.inner_html() == was
    page.problems.clear()  # what the browser says of scripts that are none


@samples.long
def test_the_first_hand_in_without_a_network_can_be_repeated(window):
    page = window("en/check/")
    page.context.set_offline(True)
    page.locator(".bp-submit").click()
    page.locator(".bp-sorry").wait_for()
    page.context.set_offline(False)
    page.locator(".bp-submit").click()
    judged(page)
    assert page.locator(".bp-sorry").count() == 0
    page.problems.clear()


def wrong_ones():
    """Requests to check the wrong backwards of the corpus whose arguments are plain shapes."""
    cases = wrong_cases()
    random.Random(17).shuffle(cases)
    # First those with a length written as a number, which newer Pythons compile otherwise.
    cases.sort(key=lambda case: "[:4]" not in case.new)
    for case in cases:
        module = family(case.family)
        values = arguments(module, getattr(module, case.forward))
        if not all(getattr(value, "dtype", None) == np.float64 for value in values):
            continue
        names = inspect.signature(getattr(module, case.forward)).parameters
        shapes = ["x".join(map(str, value.shape)) or "()" for value in values]
        text = inspect.getsource(module)
        if "scipy" in text:  # which the page does not have
            continue
        wanted = next(n for n in ast.parse(text).body if getattr(n, "name", "") == case.backward)
        lines = text.splitlines(keepends=True)
        body = "".join(lines[wanted.lineno - 1 : wanted.end_lineno]).replace(case.old, case.new, 1)
        wrong = "".join([*lines[: wanted.lineno - 1], body, *lines[wanted.end_lineno :]])
        yield {
            "what": "check",
            "lang": random.Random(case.new).choice(["en", "zh"]),
            "forward": f"{text}\nforward = {case.forward}\n",
            "backward": f"{wrong}\nbackward = {case.backward}\n",
            "arguments": " ".join(map("=".join, zip(names, shapes, strict=False))),
        }


def test_the_same_first_wrong_variable_line_and_hint_as_in_cpython(window):
    """A seeded sample, `make test-all` takes all; whole reports, to the letter."""
    page = window("en/check/")
    page.locator(".bp-submit").click()
    judged(page)
    ask = "request => document.querySelector('[data-bp-engine]').engine.ask(request, {seconds: 60})"
    compared = 0
    for request in wrong_ones():
        here = json.loads(answer(json.dumps(request)))
        if here.get("fault"):  # a function that takes what a shape does not say
            continue
        there = page.evaluate(ask, request)
        keys = ("ok", "first_wrong", "line", "hint", "text")
        assert [there.get(key) for key in keys] == [here[key] for key in keys], request
        compared += 1
        if compared == SAMPLE and not samples.ALL:
            break
    assert compared >= SAMPLE


# ── in a post ──


def test_a_fence_runs_with_the_program_before_it_by_keyboard_alone(window):
    page = window("en/posts/batchnorm/")
    block = page.locator(".bp-run", has_text="assert np.allclose(out.mean").first
    button = block.locator(".bp-try")
    button.focus()
    page.keyboard.press("Enter")
    block.locator(".bp-done").wait_for()
    assert block.locator(".bp-done").inner_text() == "It ran, and printed nothing."
    assert page.evaluate("document.activeElement.closest('.bp-desk') !== null")
    page.keyboard.press("Control+End")
    page.keyboard.type("\nprint(out.shape)  # s / f")
    assert not page.locator("#__search").is_checked(), "letters are letters in an editor"
    page.keyboard.press("Control+Enter")
    block.get_by_text("It ran.", exact=True).wait_for()
    assert block.locator(".bp-printed").inner_text() == "(5, 4)\n"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.bp-go')"), "the editor lets go of Tab"
    assert axe(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert block.locator(".bp-desk").count() == 0
    assert block.locator("pre").first.is_visible(), "as it was"

    figure = page.locator(".bp-figure").first
    figure.locator(".bp-try").click()
    desk = page.locator(".bp-change")
    desk.locator(".cm-content").wait_for()
    desk.locator(".bp-shapes").fill("x=3x2 gamma=2 beta=2")
    page.locator(".bp-figure", has_text="(3, 2)").first.wait_for()
    page.locator(".bp-figure.bp-live").first.wait_for()
    desk.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(
        "def batchnorm(x, gamma, beta):\n    bent = np.tanh(x) * gamma\n    return bent + beta\n"
    )
    page.locator(".bp-figure", has_text="tanh").first.wait_for()
    value = desk.locator(".bp-entries input").first
    value.fill("0.5")
    page.locator(".bp-figure .bp-steps", has_text="0.5").first.wait_for(state="attached")
    assert axe(page) == []
    desk.get_by_role("button", name="As it was").click()
    assert desk.count() == 0
    assert "tanh" not in page.locator(".bp-figure").first.inner_text()


def test_instant_navigation(open_page, engine, site):
    """From a page that may not compile; and away from code that still runs. At its published
    address: at one with a port, every link loads a page."""
    page = open_page(site + "en/about/")
    page.set_default_timeout(WAIT)
    page.mouse.move(300, 300)  # the first move starts what opens links without loading a page
    page.wait_for_function("() => typeof document$ !== 'undefined'")
    page.wait_for_load_state("networkidle")
    page.evaluate("window.here = 'about'")
    page.locator(".md-nav__link", has_text="Posts").first.click()
    page.locator("article a", has_text="line by line").first.click()
    page.locator("h1", has_text="line by line").wait_for()  # the home page has an output as well
    # The button to copy an output, which comes when it is in view, stands beside ours.
    output = page.locator(".bp-run + .bp-output").first
    output.scroll_into_view_if_needed()
    output.locator(".md-code__button").wait_for(state="attached")
    assert page.evaluate("window.here") == "about"
    button = page.locator(".bp-run:has(+ .bp-output) > .bp-try").first
    button.click()
    page.locator(".bp-run .bp-done").first.wait_for()
    assert page.evaluate("window.here") is None, "it was loaded anew, with leave to compile"

    # What still runs on a page that the reader has left keeps nobody waiting on the next one.
    page.evaluate(LIMIT, 300)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.here = 'post'")
    left = page.locator(".bp-run:has(.bp-desk)").first
    put(left, "while True:\n    pass")
    left.locator(".bp-go").click()
    left.get_by_text("Running").wait_for()
    page.locator("a.md-logo").first.click()
    page.locator("article a", has_text="thinking by shape").first.click()
    page.locator(".bp-run > .bp-try").first.click()
    page.locator(".bp-run .bp-done").first.wait_for()
    assert page.evaluate("window.here") == "post"


def test_an_exercise_is_solved_remembered_and_forgotten(window, base):
    page = window("en/posts/backward/", dark=True)
    block = page.locator(".bp-exercise").first
    assert block.locator(".bp-gap").first.text_content() == "..."
    assert not block.locator(".bp-solution pre").is_visible()
    block.locator(".bp-try").click()
    block.get_by_role("button", name="Check it").click()
    assert "The gap is still there" in block.locator(".bp-fault").inner_text()
    page.locator(".bp-exercise .cm-content").click()
    page.keyboard.press("Control+a")
    wrong = (
        "dvar = dstd / std\ndsquare = dvar / x.shape[0]\nddiff = 2 * (x - mean) * dsquare\n"
        "dmean = -np.sum(ddiff, axis=0)\ndx = ddiff + dmean / x.shape[0]"
    )
    page.keyboard.insert_text(wrong)
    block.get_by_role("button", name="Check it").click()
    block.locator(".bp-no").wait_for()
    block.get_by_text("Which line?").click()
    assert block.locator(".cm-wrong").inner_text() == "dvar = dstd / std"
    page.locator(".bp-exercise .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(wrong.replace("dstd / std", "dstd / std / 2"))
    page.keyboard.press("Control+Enter")
    block.get_by_text("Solved").wait_for()
    assert axe(page) == []
    page.goto(base + "en/")
    assert page.locator(".bp-progress").inner_text() == "1 of 1 exercises solved"
    page.locator(".bp-forget").click()
    assert page.locator(".bp-progress, .bp-forget").count() == 0
    page.reload()
    page.wait_for_function("() => document.readyState === 'complete'")
    assert page.evaluate("localStorage.getItem('bp-progress')") is None


def test_an_exercise_is_complete_without_scripts_and_on_paper(window):
    page = window("en/posts/backward/", javascript=False)
    block = page.locator(".bp-exercise").first
    assert "..." in block.locator(".highlight").first.text_content()
    block.locator(".bp-solution summary").click()
    assert "dvar = dstd / (2 * std)" in block.locator(".bp-solution").inner_text()
    assert "# gap" not in block.inner_text()
    paper = window("en/posts/backward/")
    paper.emulate_media(media="print")
    assert paper.locator(".bp-solution pre").first.is_visible()
    assert not paper.locator(".bp-try").first.is_visible()
