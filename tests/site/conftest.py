"""Small sites in two languages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.fixture(autouse=True)
def _quiet_loggers():
    yield
    logger = logging.getLogger("mkdocs")
    logger.handlers.clear()
    logger.propagate = True
