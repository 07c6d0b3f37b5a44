"""Chromium, and sites served to it.

Sites are served at made-up addresses below `.example.org`, without a port, which the browser
resolves to this machine: so a page is tried out at its published address, and every request to
any other host fails. A test that leaves an error in the console, or a request that failed, fails.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

playwright = pytest.importorskip("playwright.sync_api")

from tests.audit.browser import FLAGS, chromium, slowed  # noqa: E402  (needs Playwright)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


class SiteServer:
    """Serves folders at host names, as a static host would: with their 404.html, without cache."""

    def __init__(self) -> None:
        self.folders: dict[tuple[str, str], Path] = {}
        folders = self.folders

        class Handler(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def translate_path(self, path: str) -> str:
                host = self.headers.get("Host", "")
                for (name, below), folder in folders.items():
                    if name == host and path.startswith(below):
                        self.directory = str(folder)
                        return super().translate_path("/" + path[len(below) :])
                return os.devnull + "/nothing"

            def send_error(self, code: int, *args: Any, **kwargs: Any) -> None:
                page = Path(self.directory, "404.html")
                if code != 404 or not page.is_file():
                    return super().send_error(code, *args, **kwargs)
                body = page.read_bytes()
                self.send_response(404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return None

            def end_headers(self) -> None:
                self.send_header("Cache-Control", "no-store")
                super().end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, folder: Path, url: str) -> str:
        """Serve `folder` at `url`, http://<name>.example.org/<path>/; returns the url."""
        parts = urlsplit(url)
        self.folders[parts.netloc, parts.path] = folder
        return url


@pytest.fixture(scope="session")
def site_server() -> Iterator[SiteServer]:
    server = SiteServer()
    yield server
    server.server.shutdown()


@pytest.fixture(scope="session")
def browser(site_server: SiteServer) -> Iterator[Any]:
    """A Chromium, from BACKPROP_CHROMIUM or PATH."""
    found = chromium()
    if not found:
        missing = "no Chromium on PATH, and none named in BACKPROP_CHROMIUM"
        if os.environ.get("BACKPROP_REQUIRE_BROWSER"):
            pytest.fail(missing)
        pytest.skip(missing)
    rules = (
        f"MAP *.example.org 127.0.0.1:{site_server.port},"
        "MAP * ~NOTFOUND,EXCLUDE 127.0.0.1,EXCLUDE localhost"
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=found, args=[*FLAGS, f"--host-resolver-rules={rules}"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a new window: `open_page(url, width=1280, dark=False, javascript=True)`.

    What goes wrong in it is in `page.problems`, which must be empty at the end of the test.
    """
    pages = []

    def open_page(
        url: str | None = None,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        javascript: bool = True,
        **options: Any,
    ) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            **options,
        )
        context.set_default_timeout(60_000)  # a busy machine; what never comes fails all the same
        page = slowed(context.new_page())
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(f"error: {error}"))
        page.on(
            "console",
            lambda said: (
                said.type in ("error", "warning") and page.problems.append(f"console: {said.text}")
            ),
        )
        page.on(
            "response",
            lambda got: got.status >= 400 and page.problems.append(f"{got.status}: {got.url}"),
        )
        page.on(
            "requestfailed",
            lambda request: (
                request.failure != "net::ERR_ABORTED"
                and page.problems.append(f"{request.failure}: {request.url}")
            ),
        )
        pages.append(page)
        if url:
            page.goto(url)
        return page

    yield open_page
    problems = [problem for page in pages for problem in page.problems]
    for page in pages:
        page.context.close()
    assert not problems


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    return open_page()


@pytest.fixture(scope="session")
def site(built_site: Path, site_server: SiteServer) -> str:
    """The address of this repository's site: http://backprop.example.org/"""
    return site_server.add(built_site, "http://backprop.example.org/")
