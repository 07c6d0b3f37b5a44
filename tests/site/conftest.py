"""Small sites in two languages."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backprop.site.beginning.create import create
from tests.conftest import ROOT, build_once
from tests.site.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "true")
    monkeypatch.setenv("DISABLE_MKDOCS_2_WARNING", "true")
    return Project(tmp_path)


@pytest.fixture
def built(project: Project) -> Callable[..., Project]:
    """Build strictly and expect no fault."""

    def built(*options: str) -> Project:
        result = project.build("--strict", *options)
        assert result.code == 0, result
        return project

    return built


@pytest.fixture(scope="session")
def standard(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project as it stands, built once, for tests that only read."""
    project = Project(tmp_path_factory.mktemp("standard"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        patch.setenv("NO_MKDOCS_2_WARNING", "true")
        patch.setenv("DISABLE_MKDOCS_2_WARNING", "true")
        result = project.build("--strict")
    assert result.code == 0, result
    return project


def _test_new_blog(root: Path) -> None:
    create(root, ["zh", "en"])
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    variables = {"NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true", "CI": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", "-v"],
        cwd=root,
        env={**os.environ, **variables, "COLUMNS": "60"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (root.parent / "pytest.txt").write_text(done.stdout, "utf-8")


@pytest.fixture(scope="session")
def tested_blog(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A new blog in two languages, its caches full, to be copied; and what pytest said of it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    root = build_once(shared, "new-blog", lambda folder: _test_new_blog(folder / "blog"))
    return root / "blog", (root / "pytest.txt").read_text("utf-8")


@pytest.fixture(autouse=True)
def _quiet_loggers():
    yield
    logger = logging.getLogger("mkdocs")
    logger.handlers.clear()
    logger.propagate = True
