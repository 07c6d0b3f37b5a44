"""What files cannot tell: a page in a real browser, after instant navigation or a script's work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.audit.browser import FLAGS, chromium

HOST = "notes.example.org"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def opened(site: Path, faults: list[str]) -> Iterator[Any]:
    """A page of a browser to which the site is served; errors in its console are faults."""
    from playwright.sync_api import sync_playwright

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{server.server_address[1]}"
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=chromium(), args=[*FLAGS, rules])
            page = browser.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
            yield page
            browser.close()
    finally:
        server.shutdown()


def stepper_works(site: Path) -> list[str]:
    """From the list of posts by a click to the first one: does its figure step? What is wrong."""
    faults: list[str] = []
    with opened(site, faults) as page:
        page.goto(f"http://{HOST}/")
        page.mouse.move(40, 40)  # Material's script starts with the reader's first move
        page.wait_for_function("() => 'location$' in window")
        page.evaluate("window.stays = true")
        page.locator("article a[href*='posts/first']").first.click()
        page.wait_for_url("**/posts/first/**")
        if not page.evaluate("window.stays === true"):
            faults.append("the page was loaded anew: no instant navigation")
        figure = page.locator(".bp-figure").first
        figure.locator("[data-go], .bp-button").nth(1).click()
        page.wait_for_function(
            "() => /^1 /.test(document.querySelector('.bp-figure .bp-count').textContent)"
        )
    return faults


def diagram_is_drawn(site: Path) -> list[str]:
    """Material keeps a diagram in a closed root: what took the place of its source has a size."""
    faults: list[str] = []
    with opened(site, faults) as page:
        page.goto(f"http://{HOST}/posts/further/")
        page.mouse.move(40, 40)
        page.wait_for_function(
            "() => document.querySelector('div.mermaid')?.getBoundingClientRect().height > 40"
        )
    return faults
