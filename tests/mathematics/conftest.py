"""A real MathJax for the unit tests, and real MkDocs projects for the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backprop.program.store import Store
from backprop.site.mathematics.engine import Engine, Settings, find_settings
from backprop.site.mathematics.typeset import Typesetter

from .project import ROOT, Project


@pytest.fixture(scope="session")
def settings() -> Settings:
    return find_settings(ROOT, macros={"R": "\\mathbb{R}"})


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[Engine]:
    engine = Engine(settings)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def typesetter(engine: Engine) -> Typesetter:
    return Typesetter(engine, Store())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def new_project(tmp_path: Path) -> Callable[[str], Project]:
    return lambda name: Project(tmp_path / name)


@pytest.fixture(autouse=True)
def _errors_reach_caplog(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="mkdocs")
