"""This repository's site, built once for all tests that look at it."""

from __future__ import annotations

import filecmp
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from pytest_markdown_docs.plugin import MarkdownDocstringCodeModule

from backprop.program.execute import Executor
from tests import samples

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Plugins and themes are found by what is installed: after a change there, install again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for group, wanted in project["entry-points"].items():
        found = {point.name: point.value for point in entry_points(group=group)}
        if not wanted.items() <= found.items():
            pytest.exit("the entry points of pyproject.toml have changed: make setup", returncode=4)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long sets are sampled; what looks at the built site comes when the pages have run."""
    items.sort(key=lambda item: "built_site" in getattr(item, "fixturenames", ()))
    if left_out := samples.deselected(items, config.args):
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests of browsers and servers wait a good deal."""
    return Executor(ROOT).jobs + 1


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Iterator[Any]:
    """Python files below `tests` have no fences in their docstrings, and some are commands: they
    are not imported to look."""
    found = yield
    return [one for one in found if not isinstance(one, MarkdownDocstringCodeModule)]


def build_once(shared: Path, name: str, build: Callable[[Path], None]) -> Path:
    """The folder `name`, built by the first of several pytest workers that asks for it."""
    folder, done, failed = (shared / f"{name}{ending}" for ending in ("", ".done", ".failed"))
    try:
        (shared / f"{name}.lock").mkdir()
    except FileExistsError:
        while not done.exists():
            if failed.exists():
                pytest.fail(failed.read_text())
            time.sleep(0.1)
        return folder
    try:
        build(folder)
    except BaseException as error:
        failed.write_text(str(error))
        raise
    done.touch()
    return folder


def build_site(folder: Path, **environment: str) -> None:
    """`mkdocs build --strict` of this repository, for http://backprop.example.org/."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {
        **os.environ,
        "NO_MKDOCS_2_WARNING": "true",
        "DISABLE_MKDOCS_2_WARNING": "true",
        "SITE_URL": "http://backprop.example.org/",
        **environment,
    }
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode:
        pytest.fail(f"mkdocs build --strict:\n{run.stdout}{run.stderr}", pytrace=False)


def differences(one: Path, other: Path) -> list[str]:
    """The files in which two built sites differ; empty if they are the same to the byte."""
    names, others = (
        {str(p.relative_to(s)) for p in s.rglob("*") if p.is_file()} for s in (one, other)
    )
    _, mismatch, errors = filecmp.cmpfiles(one, other, names & others, shallow=False)
    return sorted(names ^ others) + sorted(mismatch) + sorted(errors)


def fetch_engine() -> str:
    """Have the engine of the pages in the cache of this repository; why not, if it cannot be had.

    numpy for the browser comes out of a wheel of the package index, once.
    """
    # Not above: the core is tested where there is no MkDocs, too.
    from backprop.site.interactive import sources

    try:
        wheel = sources.numpy_wheel(sources.node_modules(ROOT))
        sources.fetch(ROOT, wheel, "index", say=lambda line: None)
    except sources.SourceError as error:
        if os.environ.get("BACKPROP_REQUIRE_BROWSER"):
            pytest.fail(f"no engine: {error}", pytrace=False)
        return str(error)
    return ""


def _build_with_engine(folder: Path) -> None:
    why_not = fetch_engine()
    folder.with_name("no-engine").write_text(why_not)
    build_site(folder)


@pytest.fixture(scope="session")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this repository's site, as `mkdocs build --strict` writes it.

    BACKPROP_SITE names one that was built before, to try a test of it again and again.
    """
    if "BACKPROP_SITE" in os.environ:
        return Path(os.environ["BACKPROP_SITE"]).resolve()
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    return build_once(shared, "site", _build_with_engine)


@pytest.fixture(scope="session")
def engine(built_site: Path) -> Path:
    """The folder of the site's engine; a machine that cannot fetch it skips the test."""
    folder = built_site / "assets/backprop/engine"
    if not folder.is_dir():
        pytest.skip(f"no engine: {built_site.with_name('no-engine').read_text()}")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what did not run for want of a browser."""
    skipped = terminalreporter.stats.get("skipped", [])
    engine = sorted({r.nodeid for r in skipped if "no engine" in str(r.longrepr)})
    if engine:
        terminalreporter.section(
            "these did NOT run: Python for the page is not here", yellow=True, bold=True
        )
        for name in engine:
            terminalreporter.line(name)
        terminalreporter.line("python -m backprop.site.interactive says why, and fetches it.")
    browser = sorted({r.nodeid for r in skipped if "no Chromium" in str(r.longrepr)})
    if browser:
        terminalreporter.section("these did NOT run: no Chromium was found", yellow=True, bold=True)
        for name in browser:
            terminalreporter.line(name)
        terminalreporter.line(
            "Install one (Debian: apt-get install chromium-headless-shell), "
            "or name it: BACKPROP_CHROMIUM=…"
        )
