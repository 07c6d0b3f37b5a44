"""axe-core in every state that a reader can bring a page into: a step of a graph, a question, a
mark that explains itself, code that is fetched for, runs, fails, is stopped or judged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

from .browser import View, axe, tab
from .server import Served

WAIT = 120_000  # milliseconds: until Python is there, on a machine that does other things, too
ENGINE = "**/assets/backprop/engine/*"
LOOP = "while True:\n    pass"
SECONDS = "document.querySelector('[data-bp-engine]').dataset.seconds = 300"


def walk(
    browser: Browser, served: Served, view: View, post: str, check: str
) -> Iterator[tuple[str, list[str]]]:
    """Names of states, and what axe says of each: of a post that has a graph, a figure, a
    derivation and an exercise, and of the page where code is handed in."""
    for address, states in ((post, _of_a_post), (check, _of_the_check)):
        with tab(browser, view) as page:
            page.set_default_timeout(WAIT)
            page.goto(served.address(address), wait_until="load")
            page.mouse.move(9, 9)
            page.evaluate("document.fonts.ready.then(() => true)")
            page.locator(".bp-try, .bp-hand:not([hidden])").first.wait_for()
            for state in states(page):
                yield state, axe(page)


def _write(page: Page, editor: Any, text: str) -> None:
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


@contextmanager
def _held(page: Page) -> Iterator[None]:
    """What of the engine is asked for waits meanwhile."""
    waiting: list[Any] = []
    page.route(ENGINE, lambda route: waiting.append(route))
    yield
    for route in waiting:
        route.continue_()
    page.unroute(ENGINE)


def _of_a_post(page: Page) -> Iterator[str]:
    yield "untouched"
    mark = page.locator(".bp-mark").first
    mark.focus()
    page.locator(".bp-mark-why:popover-open").wait_for()
    yield "a mark that explains itself"
    page.keyboard.press("Escape")
    yield from _of_a_graph(page)
    for label in page.locator(".bp-larger:visible").all():
        label.click()
        yield "a figure shown large"

    block = page.locator(".bp-run[data-fence]").first
    page.context.set_offline(True)
    block.locator(".bp-try").click()
    page.locator(".bp-sorry, .bp-fault").first.wait_for()
    yield "offline"
    page.context.set_offline(False)
    with _held(page):
        page.locator(".bp-run > .bp-try:visible, .bp-desk .bp-go").first.click()
        page.wait_for_timeout(500)
        yield "loading: nothing has come"
    with_desk = page.locator(".bp-run:has(.bp-desk)").first
    with_desk.locator(".cm-content").wait_for()
    page.evaluate(SECONDS)
    if with_desk.locator(".bp-fault").count():
        with_desk.locator(".bp-go").click()
    with_desk.locator(".bp-done").wait_for()
    yield "it ran"
    for state, text, seen in (
        ("a mistake in the code", "def f(:\n    pass", ".bp-fault"),
        ("an error, with its traceback", "def f(n):\n    1 / n\n\nf(0)", ".bp-fault"),
        ("much was printed", "print('x' * 200_000)", ".bp-printed"),
    ):
        _write(page, with_desk.locator(".cm-content"), text)
        with_desk.locator(".bp-go").click()
        with_desk.locator(".bp-go:not([aria-busy])").wait_for()
        with_desk.locator(seen).first.wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        yield state
    _write(page, with_desk.locator(".cm-content"), LOOP)
    with_desk.locator(".bp-go").click()
    with_desk.locator(".bp-stop:visible").wait_for()
    yield "running"
    with_desk.locator(".bp-stop").click()
    with_desk.locator(".bp-fault").wait_for()
    yield "stopped"
    yield from _of_an_exercise(page)
    yield from _of_a_change(page)


def _of_a_graph(page: Page) -> Iterator[str]:
    figure = page.locator(".bp-figure").first
    forward = figure.locator(".bp-step-forward").count()
    slider = figure.locator(".bp-slider")
    for state, step in (("a forward step", 2), ("a backward step", forward + 3)):
        slider.fill(str(step))
        yield state
    figure.locator(".bp-node:visible, .bp-wire:visible").first.focus()
    yield "a node of the graph is focused"
    figure.locator("[data-go=whole]").click()
    cell = figure.locator(".bp-given .bp-cell").first
    cell.focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("oops")
    page.keyboard.press("Enter")
    yield "a number that is none"
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("2")
    page.keyboard.press("Enter")
    yield "a number that was changed"
    for box in figure.locator(".bp-hides input").all():
        box.check()
        yield "a mistake that is tried out"
    slider.fill(str(forward + 1))
    figure.locator(".bp-ask").click()
    figure.locator("[data-go=next]").click()
    for _ in range(8):  # the shape, then the line; a wrong answer says why
        choice = figure.locator(".bp-choice:not(.bp-no)")
        if not choice.count():
            break
        yield "asked first"
        choice.last.click()
    figure.locator(".bp-ask").click()
    figure.locator("[data-go=whole]").click()


def _of_an_exercise(page: Page) -> Iterator[str]:
    exercise = page.locator(".bp-exercise").first
    exercise.locator(".bp-try").click()
    editor = exercise.locator(".cm-content")
    editor.wait_for()
    yield "an exercise is open, with its hints and its solution"
    go = exercise.locator(".bp-go")
    go.click()
    exercise.locator(".bp-fault").wait_for()
    yield "the gap of an exercise is still there"
    solution = exercise.locator(".bp-solution pre").first.text_content() or ""
    wrong = solution.replace("+", "-", 1) if "+" in solution else f"{solution}\n1 / 0"
    for state, text, seen in (
        ("an exercise judged wrong", wrong, ".bp-no, .bp-fault"),
        ("an exercise solved", solution, ".bp-ok"),
    ):
        _write(page, exercise.locator(".cm-content"), text)
        go.click()
        exercise.locator(seen).first.wait_for()
        yield state
        for summary in exercise.locator(".bp-no summary").all():
            summary.click()
            yield f"{state}: {summary.inner_text()}"


def _of_a_change(page: Page) -> Iterator[str]:
    page.locator(".bp-figure .bp-try").first.click()
    desk = page.locator(".bp-change")
    desk.locator(".cm-content").wait_for()
    yield "a graph that is changed"
    shapes = desk.locator(".bp-shapes")
    was = shapes.input_value()
    shapes.fill("x=")
    desk.locator(".bp-fault").wait_for()
    yield "a graph with shapes that are none"
    shapes.fill(was)
    desk.locator(".bp-fault").wait_for(state="detached")
    page.locator(".bp-figure.bp-live").first.wait_for()
    yield "a graph that was drawn anew"


def _of_the_check(page: Page) -> Iterator[str]:
    yield "hand it in: untouched"
    with _held(page):
        page.locator(".bp-submit").click()
        page.wait_for_timeout(500)
        yield "hand it in: loading"
    page.locator(".bp-verdict").wait_for()
    page.evaluate(SECONDS)
    yield "hand it in: wrong"
    for summary in page.locator(".bp-verdict summary").all():
        summary.click()
        yield f"hand it in: {summary.inner_text()}"
    examples = page.locator("[name=example]")
    right = examples.locator("option").evaluate_all(
        "all => all.map(one => one.value).find(value => value.endsWith('-right'))"
    )
    examples.select_option(right)
    page.locator(".bp-go").click()
    page.locator(".bp-ok").wait_for()
    yield "hand it in: right"
    forward = page.locator(".bp-area:has([name=forward]) .cm-content")
    for state, text in (("a mistake in the code", "def f(:"), ("stopped", LOOP)):
        _write(page, forward, text)
        page.locator(".bp-go").click()
        if text == LOOP:
            page.locator(".bp-stop:visible").wait_for()
            yield "hand it in: running"
            page.locator(".bp-stop").click()
        page.locator(".bp-answer .bp-fault").wait_for()
        yield f"hand it in: {state}"
