"""Formulas as pytest items: one item a page, on which every formula must typeset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown import Markdown
from mkdocs.utils.meta import get_data

from backprop.program import store
from backprop.site.derivations.blocks import DerivationsExtension
from backprop.site.faults import Fault
from backprop.site.mathematics.engine import Engine, EngineError, find_settings
from backprop.site.mathematics.finder import Formula, MathematicsExtension
from backprop.site.mathematics.page import Origin, Pages
from backprop.site.mathematics.typeset import Typesetter
from backprop.site.posts.items import FenceFailureError, PageItem, is_page, item_of
from backprop.site.testing.project import MATHEMATICS, Project

SIGNS = re.compile(r"\$|\\[\[(]|\\begin\b|\\(?:eq)?ref\b|^[`~]{3,}\s*\{?\s*\.?math\b", re.MULTILINE)
"""A page without any of these has no formula."""


class FormulasPlugin:
    def __init__(self, project: Project):
        self.project = project
        self._engine: Engine | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path, parent: Any) -> Any:
        collectors = yield
        if is_page(collectors) and self.project.tests(file_path, MATHEMATICS):
            if SIGNS.search(file_path.read_text("utf-8-sig", "replace")):
                collectors.append(FormulasFile.from_parent(parent, path=file_path, plugin=self))
        return collectors

    def pytest_sessionfinish(self) -> None:
        if self._engine:
            self._engine.close()

    def typesetter(self) -> Typesetter:
        """One MathJax for all pages of this process.

        Raises:
            EngineError: it is not installed.
        """
        if self._engine is None:
            options = self.project.plugins.get(MATHEMATICS, {})
            settings = find_settings(
                self.project.root, options.get("extensions", ()), options.get("macros")
            )
            self._engine = Engine(settings)
        return Typesetter(self._engine, store.at(self.project.root))

    def faults(self, path: Path) -> list[Fault]:
        """The formulas of a page that do not typeset, and what looks like one and is none."""
        found: dict[Fault, None] = {}
        name = path.relative_to(self.project.root).as_posix()
        source = path.read_text("utf-8-sig")
        pages = Pages(self.typesetter, lambda fault: found.setdefault(fault))

        def finish(html: str, formulas: list[Formula], md: Markdown) -> str:
            return pages.finish(html, formulas, Origin(name, source))

        reading: list[Any] = [MathematicsExtension(finish, pages.plain)]
        if "backprop/derivations" in self.project.plugins:
            reading.append(DerivationsExtension())
        text, _ = get_data(source)
        self.project.converter(*reading).convert(text)
        return list(found)


class FormulasFile(pytest.File):
    def __init__(self, plugin: FormulasPlugin, **kwargs: Any):
        super().__init__(**kwargs)
        self.plugin = plugin

    def collect(self) -> Iterator[FormulasItem]:
        yield item_of(FormulasItem, self, f"{self.path.name}:formulas", 1, plugin=self.plugin)


class FormulasItem(PageItem):
    said = "formulas"

    def __init__(self, plugin: FormulasPlugin, **kwargs: Any):
        super().__init__(**kwargs)
        self.plugin = plugin

    def runtest(self) -> None:
        project = self.plugin.project
        name = self.path.relative_to(project.root).as_posix()
        try:
            wrong = self.plugin.faults(self.path)
        except EngineError as error:
            if not project.path.is_file():  # nothing says that these formulas are MathJax's
                pytest.skip(f"formulas were not typeset: {error}")
            raise FenceFailureError(Fault(name, 1, str(error))) from None
        if wrong:
            first, *others = wrong
            detail = "\n".join([first.shown, *map(str, others)])
            raise FenceFailureError(Fault(name, first.line or 1, first.reason, detail=detail))
