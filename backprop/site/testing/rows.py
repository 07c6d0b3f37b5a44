"""Derivations as pytest items: one item a block; every row of it must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backprop.derivations.page import verify_page
from backprop.derivations.reading.find import Derivation, derivations
from backprop.derivations.verdicts import Report
from backprop.program import store
from backprop.site.derivations.faults import faults
from backprop.site.posts.items import FenceFailureError, PageItem, is_page, item_of
from backprop.site.testing.project import DERIVATIONS, Project


class RowsPlugin:
    def __init__(self, project: Project):
        self.project = project
        self._reports: dict[Path, list[tuple[Derivation, Report]]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path, parent: Any) -> Any:
        collectors = yield
        if is_page(collectors) and b"///" in file_path.read_bytes():
            elsewhere = self.project.language(file_path) is None
            if elsewhere or self.project.tests(file_path, DERIVATIONS):
                collectors.append(RowsFile.from_parent(parent, path=file_path, plugin=self))
        return collectors

    def reports(self, path: Path) -> list[tuple[Derivation, Report]]:
        if path not in self._reports:
            proof = self.project.plugins.get(DERIVATIONS, {}).get("proof", True)
            self._reports[path] = verify_page(_read(path), store.at(self.project.root), proof, path)
        return self._reports[path]


class RowsFile(pytest.File):
    def __init__(self, plugin: RowsPlugin, **kwargs: Any):
        super().__init__(**kwargs)
        self.plugin = plugin

    def collect(self) -> Iterator[DerivationItem]:
        for number, block in enumerate(derivations(_read(self.path))):
            yield item_of(
                DerivationItem,
                self,
                f"{self.path.name}:{block.line}",
                block.line,
                plugin=self.plugin,
                number=number,
            )


class DerivationItem(PageItem):
    said = "derivation"

    def __init__(self, plugin: RowsPlugin, number: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.plugin, self.number = plugin, number

    def runtest(self) -> None:
        project = self.plugin.project
        name = self.path.relative_to(project.root).as_posix()
        _, report = self.plugin.reports(self.path)[self.number]
        wrong = list(faults(report, project.language(self.path) or "en", name))
        if wrong:
            first, *others = wrong
            detail = "\n\n".join([first.shown, *map(str, others)])
            raise FenceFailureError(replace(first, shown="", detail=detail))


def _read(path: Path) -> str:
    return path.read_text("utf-8-sig", "replace").replace("\r\n", "\n")
