"""Our pages against the same posts with MathJax in the browser, on a slow phone, in one run.

The other side is built from the same ``mkdocs.yml`` and the same posts; only the plugin that
typesets at build time is replaced by what Material's documentation describes:
``pymdownx.arithmatex`` (generic) and MathJax's combined component, here served by ourselves.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mkdocs.utils.yaml import yaml_load
from playwright.sync_api import Browser
from yaml import dump

from .browser import ROOT, View, tab
from .server import Served, serve

BUILD_TIME = "backprop/mathematics"
PAGE_PLUGIN = "backprop/pages"
PHONE = View("phone", "light")
NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
CPU = 4

SETTINGS = r"""
window.MathJax = {
  loader: {paths: {fonts: "[mathjax]/.."}},
  tex: {
    inlineMath: [["\\(", "\\)"]],
    displayMath: [["\\[", "\\]"]],
    processEscapes: true,
    processEnvironments: true
  },
  options: {ignoreHtmlClass: ".*|", processHtmlClass: "arithmatex"}
};
document$.subscribe(() => {
  if (!MathJax.startup.output) return;
  MathJax.startup.output.clearCache()
  MathJax.typesetClear()
  MathJax.texReset()
  MathJax.typesetPromise()
})
"""

# The moment at which the last formula took its last size, or the last font arrived.
WATCH_MATH = """
window.__math = {final: 0, look: "", count: 0};
(function look() {
  const formulas = document.querySelectorAll("mjx-container, .arithmatex");
  let now = "";
  for (const formula of formulas) {
    const box = formula.getBoundingClientRect();
    now += `${box.width.toFixed(1)}x${box.height.toFixed(1)} `;
  }
  if (now !== __math.look) {
    __math.look = now; __math.final = performance.now(); __math.count = formulas.length;
  }
  requestAnimationFrame(look);
})();
document.fonts.addEventListener("loadingdone", () => { __math.final = performance.now(); });
"""


@dataclass(frozen=True)
class Timed:
    """Medians over the runs: ``final`` in ms, ``shift`` as Chromium counts layout shift."""

    final: float
    shift: float
    formulas: int


def versions() -> dict[str, Path]:
    """The MathJax releases that are installed to compare with: name → folder of components."""
    found = {
        "MathJax 3 in the browser": ROOT / "node_modules/mathjax-3/es5",
        "MathJax 4 in the browser": ROOT / "node_modules/mathjax",
    }
    return {name: at for name, at in found.items() if (at / "tex-mml-chtml.js").is_file()}


def build_client_side(mathjax: Path, target: Path) -> None:
    """Build the site of ``mkdocs.yml`` with client-side MathJax into ``target``.

    Raises:
        RuntimeError: with what MkDocs said, if the build fails.
    """
    config = yaml_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    # Over those of the preset.
    config["plugins"] += [
        {BUILD_TIME: {"enabled": False}},
        {PAGE_PLUGIN: {"content_security_policy": False}},
    ]
    config.setdefault("markdown_extensions", []).append({"pymdownx.arithmatex": {"generic": True}})
    config.setdefault("extra_javascript", []).extend(
        ["assets/mathjax.js", "assets/mathjax/tex-mml-chtml.js"]
    )
    # MkDocs takes paths as relative to its settings, so they must stand beside the real ones.
    settings = ROOT / ".mkdocs-client-side.yml"
    try:
        settings.write_text(dump(config, allow_unicode=True, sort_keys=False), "utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "-f", str(settings), "-d", str(target)],
            cwd=ROOT,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        settings.unlink(missing_ok=True)
    if done.returncode:
        raise RuntimeError(f"The client-side build failed:\n{done.stdout}{done.stderr}")
    for root in {file.parent for file in target.rglob("sitemap.xml")}:
        (root / "assets").mkdir(exist_ok=True)
        (root / "assets/mathjax.js").write_text(SETTINGS, "utf-8")
        shutil.copytree(mathjax, root / "assets/mathjax")
        font = ROOT / "node_modules/@mathjax/mathjax-newcm-font"  # MathJax 4 has it apart
        shutil.copytree(font, root / "assets" / font.name)


def measure(browser: Browser, served: Served, path: str) -> Timed:
    """One throttled first view, waited for until nothing changes any more."""
    with tab(browser, PHONE) as page:
        page.add_init_script(WATCH_MATH)
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", NETWORK)
        session.send("Emulation.setCPUThrottlingRate", {"rate": CPU})
        page.goto(served.address(path), wait_until="networkidle", timeout=120_000)
        page.wait_for_function(
            "() => performance.now() - __math.final > 2500 && document.fonts.status === 'loaded'",
            timeout=120_000,
        )
        seen = page.evaluate("({...__math, shift: __seen.shift})")
        if not page.locator("mjx-container").count():
            raise RuntimeError(f"{served.address(path)}: no formula has been typeset")
    return Timed(seen["final"], seen["shift"], seen["count"])


def side_by_side(
    browser: Browser, ours: Served, path: str, theirs: Path, prefix: str, runs: int = 3
) -> tuple[Timed, Timed]:
    """Medians of ``runs`` views of each side, in turns, so that both meet the same machine."""
    pairs = []
    with serve(theirs, prefix) as other:
        for _ in range(runs):
            pairs.append((measure(browser, ours, path), measure(browser, other, path)))
    first, second = (
        Timed(
            statistics.median(t.final for t in side),
            statistics.median(t.shift for t in side),
            side[0].formulas,
        )
        for side in zip(*pairs, strict=True)
    )
    return first, second
