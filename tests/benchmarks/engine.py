"""Python in the page beside a plain Pyodide page that does the same.

Both are served from this machine, in a fresh Chromium each: from the tap to the verdict on
batchnorm, cold and with what the browser has kept; then a verdict more, and a graph drawn anew;
and what each of them fetches, compressed as a host does it.
The plain page is what npm's `pyodide` and its documentation give: loaded in the page itself,
numpy's wheel and this package unpacked, the same check run.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from backprop.site.interactive import sources
from backprop.site.interactive.archive import archive
from backprop.site.interactive.examples import examples
from tests.audit.browser import FLAGS, chromium
from tests.conftest import ROOT, build_site

OURS, PLAIN_PAGE = "in this site", "a plain Pyodide page"
EXAMPLE = examples()["batchnorm-right"]
PLAIN = """<!doctype html><title>plain</title><button>check</button><p></p>
<script type="module">
import { loadPyodide } from "./pyodide/pyodide.mjs";
const request = REQUEST;
let answer = null;
document.querySelector("button").onclick = async () => {
  if (!answer) {
    const pyodide = await loadPyodide();
    for (const name of ["numpy.whl", "backprop.zip"]) {
      const data = await (await fetch(name)).arrayBuffer();
      pyodide.unpackArchive(data, "zip", {extractDir: "/lib/own"});
    }
    answer = pyodide.runPython(
      'import sys; sys.path.insert(0, "/lib/own"); from backprop.desk import answer; answer');
  }
  const shown = document.querySelector("p");
  shown.textContent = JSON.parse(answer(JSON.stringify(request))).text;
  shown.dataset.times = Number(shown.dataset.times || 0) + 1;
};
</script>"""


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass


def _clock(page: Any, act: Any, done: str) -> float:
    start = time.perf_counter()
    act()
    page.wait_for_function(f"() => {done}", timeout=300_000)
    return time.perf_counter() - start


def ours(context: Any, base: str) -> dict[str, float]:
    """Seconds of the page to hand in."""
    found = {}
    for name in ("cold", "kept"):
        page = context.new_page()
        page.set_default_timeout(300_000)
        page.goto(f"{base}en/check/")
        page.wait_for_selector(".bp-submit")
        # The choice is no tap: what comes with a tap comes with the one that is timed.
        page.evaluate("document.querySelector('[name=example]').value = 'batchnorm-right'")
        done = "document.querySelector('.bp-verdict')"
        found[name] = _clock(page, lambda page=page: page.click(".bp-submit"), done)
        if name == "kept":
            again = "!document.querySelector('.bp-go[aria-busy]') && " + done
            found["again"] = _clock(page, lambda page=page: page.click(".bp-go"), again)
        page.close()
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.goto(f"{base}en/posts/batchnorm/")
    page.locator(".bp-figure .bp-try").first.click()
    page.wait_for_selector(".bp-change .cm-content")
    done = "document.querySelector('.bp-figure').textContent.includes('(3, 2)')"
    edit = lambda: page.fill(".bp-shapes", "x=3x2 gamma=2 beta=2")  # noqa: E731
    found["drawn anew"] = _clock(page, edit, done)
    return found


def plain(context: Any, base: str) -> dict[str, float]:
    """Seconds of the plain page."""
    found = {}
    for name in ("cold", "kept"):
        page = context.new_page()
        page.goto(f"{base}plain/")
        done = "document.querySelector('p').dataset.times == 1"
        found[name] = _clock(page, lambda page=page: page.click("button"), done)
        if name == "kept":
            twice = "document.querySelector('p').dataset.times == 2"
            found["again"] = _clock(page, lambda page=page: page.click("button"), twice)
        page.close()
    return found


def weights(site: Path) -> dict[str, list[tuple[str, int]]]:
    """Bytes that a first tap fetches, part by part."""

    def sent(path: Path) -> int:
        data = path.read_bytes()
        return min(len(data), len(gzip.compress(data, 9)))

    engine = site / "assets/backprop/engine"
    own = [path for path in engine.iterdir() if path.suffix == ".bin" or path.stem[:5] == "page."]
    names = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
    plain = [site / "plain/pyodide" / name for name in (*names, "pyodide-lock.json")]
    plain += [site / "plain/numpy.whl", site / "plain/backprop.zip"]
    return {
        OURS: [(path.name.split(".")[0], sent(path)) for path in sorted(own)],
        PLAIN_PAGE: [(path.name, sent(path)) for path in plain if path.is_file()],
    }


def main() -> int:
    """Print the tables; 1 without Chromium or the engine."""
    browser, modules = chromium(), sources.node_modules(ROOT)
    wheel = sources.kept(ROOT, sources.numpy_wheel(modules))
    if not browser or wheel is None:
        print("needs Chromium and the engine: make engine", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        build_site(site)
        (site / "plain").mkdir()
        request = json.dumps({"what": "check", "lang": "en", **EXAMPLE})
        (site / "plain/index.html").write_text(PLAIN.replace("REQUEST", request))
        shutil.copytree(modules / "pyodide", site / "plain/pyodide")
        shutil.copy(wheel, site / "plain/numpy.whl")
        (site / "plain/backprop.zip").write_bytes(archive())
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}/"
        with sync_playwright() as driver:
            found = {}
            for name, measure in ((OURS, ours), (PLAIN_PAGE, plain)):
                chrome = driver.chromium.launch(executable_path=browser, args=FLAGS)
                found[name] = measure(chrome.new_context(), base)
                chrome.close()
        server.shutdown()
        print(f"{'seconds from the tap':24}{OURS:>16}{PLAIN_PAGE:>24}{'ratio':>8}")
        for what, seconds in found[OURS].items():
            other = found[PLAIN_PAGE].get(what)
            beside = f"{other:24.2f}{seconds / other:8.2f}" if other else f"{'—':>24}"
            print(f"{what:24}{seconds:16.2f}{beside}")
        for name, parts in weights(site).items():
            print(f"\nbytes of a first tap, {name}")
            for part, size in [*parts, ("together", sum(size for _, size in parts))]:
                print(f"{part:24}{size:16,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
