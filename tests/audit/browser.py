"""One visit of one page in a real browser, and what it showed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from .server import Served

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}

# An emulated phone of the headless shell tells each page of a pointer at rest, which no phone has.
NO_POINTER = """
addEventListener("pointermove", event => {
  if (event.pointerType === "mouse" && !event.movementX && !event.movementY)
    event.stopImmediatePropagation();
}, true);
"""

# Installed before any script of the page: what the page itself cannot be asked afterwards.
WATCH = """
window.__seen = {shift: 0, shifts: [], csp: [], moves: []};
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
    window.__seen.shift += entry.value;
    window.__seen.shifts.push([entry.value, entry.sources.map(
      s => s.node && (s.node.outerHTML || s.node.parentNode && s.node.parentNode.outerHTML || "")
        .slice(0, 120))]);
  }
}).observe({type: "layout-shift", buffered: true});
document.addEventListener("securitypolicyviolation", e =>
  window.__seen.csp.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
const moved = e => window.__seen.moves.push(e.type);
for (const name of ["pointerdown", "pointermove", "touchstart", "wheel", "scroll", "keydown",
    "focusin", "click", "change"]) addEventListener(name, moved, {capture: true, passive: true});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", moved);
"""

# What Material asks for when it starts, with a reader's first move: no part of the first view.
MATERIAL = re.compile(r"/assets/javascripts/workers/|/sitemap\.xml$")

SCROLL_THROUGH = """async () => {
  const pause = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 30)));
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight * 0.9) {
    scrollTo(0, y); await pause();
  }
  scrollTo(0, 0); await pause();
}"""


@dataclass(frozen=True)
class View:
    """How a reader looks: the screen's size and the preferred colour scheme."""

    device: str
    scheme: str

    @property
    def size(self) -> dict[str, int]:
        return PHONE if self.device == "phone" else DESKTOP

    @property
    def title(self) -> str:
        return f"{self.device} {self.scheme}"


VIEWS = [View(*v) for v in product(("phone", "desktop"), ("light", "dark"))]


@dataclass
class Visit:
    """What a first view of a page cost and did wrong."""

    size: int = 0
    requests: int = 0
    hosts: set[str] = field(default_factory=set)
    shift: float = 0.0
    shifts: list[Any] = field(default_factory=list)
    csp: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)


def chromium() -> str | None:
    """The browser's path: ``BACKPROP_CHROMIUM``, or the first known name on PATH.

    Debian's headless shell is the same Chromium without a window of its own: half the work.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return os.environ.get("BACKPROP_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def launch(*more: str) -> Iterator[Browser]:
    path = chromium()
    if not path:
        raise SystemExit("No Chromium: install it, or name one in BACKPROP_CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *more])
        try:
            yield browser
        finally:
            browser.close()


def slowed(page: Page) -> Page:
    """The page, computing ``BACKPROP_SLOW`` times as slowly: how tests meet a busy machine."""
    rate = float(os.environ.get("BACKPROP_SLOW", 1))
    if rate > 1:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    return page


@contextmanager
def tab(browser: Browser, view: View, **options: Any) -> Iterator[Page]:
    """A fresh profile (empty cache) with one tab."""
    options.setdefault("viewport", view.size)
    phone = view.device == "phone"
    context = browser.new_context(
        color_scheme=view.scheme,  # type: ignore[arg-type]
        has_touch=phone,
        is_mobile=phone,
        reduced_motion="reduce",
        **options,
    )
    try:
        context.add_init_script(WATCH)
        if phone:
            context.add_init_script(NO_POINTER)
        yield slowed(context.new_page())
    finally:
        context.close()


def visit(page: Page, served: Served, path: str) -> Visit:
    """Open ``path``, let it settle, scroll through it; no request to another host gets out."""
    result = Visit()
    own = urlsplit(served.url).netloc

    def guard(route: Any) -> None:
        host = urlsplit(route.request.url).netloc
        if host in (own, ""):
            route.continue_()
        else:
            result.hosts.add(host)
            route.abort()

    page.context.route(lambda url: urlsplit(url).netloc not in (own, ""), guard)
    page.on("console", lambda m: result.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: result.errors.append(str(error)))
    before = len(served.sent)
    page.goto(served.address(path), wait_until="networkidle")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    answers = served.sent[before:]
    # Now and then the browser moves of itself: it tells a dark page late that it is dark.
    if page.evaluate("window.__seen.moves.length"):
        first = {answer.path: answer for answer in reversed(answers)}  # Material's script: twice
        answers = [answer for path, answer in first.items() if not MATERIAL.search(path)]
    result.requests = len(answers)
    result.size = sum(answer.size for answer in answers)
    result.sent = [f"{answer.path} {answer.size}" for answer in answers]
    page.evaluate(SCROLL_THROUGH)
    seen = page.evaluate("window.__seen")
    result.shift, result.shifts, result.csp = seen["shift"], seen["shifts"], seen["csp"]
    if path.endswith("404.html"):
        result.errors = [e for e in result.errors if "404" not in e]
    return result


def photograph(page: Page, target: Path) -> None:
    """The whole page: in a window as high as the page, so that all of it is laid out."""
    size = page.viewport_size or DESKTOP
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(12_000, height)})
    page.wait_for_timeout(300)
    page.screenshot(path=target)
    page.set_viewport_size(size)


def search(page: Page, query: str) -> None:
    """Open the search and wait until something is found."""
    page.keyboard.press("/")
    page.locator("input[data-md-component=search-query]").fill(query)
    page.locator(".md-search-result__item").first.wait_for()
    page.wait_for_timeout(300)


def open_all(page: Page) -> None:
    """Unfold what is folded, so that it is looked at too."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")


def axe(page: Page) -> list[str]:
    """Every violation of axe-core's full rule set, one line a node."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{v['id']} ({v['impact']}) at {' '.join(map(str, node['target']))}: "
        + (node.get("failureSummary") or v["help"]).replace("\n", " ")
        for v in found["violations"]
        for node in v["nodes"]
    ]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return page.evaluate(
        "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
        " - document.documentElement.clientWidth"
    )
