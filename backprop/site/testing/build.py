"""The strict build as a pytest item: whatever stops `mkdocs build --strict` fails pytest, too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backprop.program import scratch
from backprop.site import strict
from backprop.site.faults import Fault
from backprop.site.posts.items import FenceFailureError, PageItem, item_of
from backprop.site.posts.verify import follows
from backprop.site.testing.project import SETTINGS, Project

_PLACE = re.compile(
    r"(?:^|[\s:])(?P<path>[^\s:'\"]+\.(?:md|yml)):(?P<line>\d+): (?P<said>.*)", re.S
)
_FILE = re.compile(r"'(?P<path>[^'\n]+\.md)'")
_YAML = re.compile(
    r"(?:^|\n)(?P<said>[^\n]*)\n +in \"(?P<path>[^\n\"]+)\", line (?P<line>\d+)[^\n]*$"
)
_NAMED = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"")
_LINK = re.compile(r"(?:link|anchor|target|image) '(?P<what>[^'\n]+)'")


class BuildPlugin:
    def __init__(self, project: Project):
        self.project = project
        self.told: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path, parent: Any) -> Any:
        collectors = yield
        if file_path == self.project.path:
            if self.project.concerned:
                collectors.append(BuildFile.from_parent(parent, path=file_path, plugin=self))
        return collectors

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what the items of pages have said: the build says all of it again."""
        crash = getattr(report.longrepr, "reprcrash", None)
        if report.failed and crash:
            self.told.add(crash.message)

    def messages(self) -> list[Fault]:
        """What the strict build has to say, in a folder of its own; empty if all is well."""
        folder = scratch.make()
        try:
            said = strict.faults(self.project.path, Path(folder, "site"))
        finally:
            scratch.remove(folder)
        found = [self._placed(text) for text in said]
        # A page is left out of nav because nav names it wrongly: the cause comes first.
        found.sort(key=lambda one: "exist in the docs directory, but are not" in one.reason)
        return found

    def _placed(self, text: str) -> Fault:
        if place := _PLACE.search(text):
            return Fault(place["path"], int(place["line"]), place["said"])
        if file := _FILE.search(text):
            path = self.project.root / file["path"]
            if path.is_file():
                what = _LINK.search(text)
                return Fault(file["path"], _line(path, what["what"] if what else ""), text)
        if yaml := _YAML.search(text):
            named = os.path.relpath(yaml["path"], self.project.root)
            return Fault(named, int(yaml["line"]), f"this is no YAML: {yaml['said']}\n{text}")
        return Fault(SETTINGS, _setting(self.project.path, text), text)


class BuildFile(pytest.File):
    def __init__(self, plugin: BuildPlugin, **kwargs: Any):
        super().__init__(**kwargs)
        self.plugin = plugin

    def collect(self) -> Iterator[BuildItem]:
        yield item_of(BuildItem, self, "build --strict", 1, plugin=self.plugin)


class BuildItem(PageItem):
    said = "strict build"

    def __init__(self, plugin: BuildPlugin, **kwargs: Any):
        super().__init__(**kwargs)
        self.plugin = plugin

    def runtest(self) -> None:
        said = self.plugin.messages()
        known = self.plugin.told
        news = [
            one
            for one in said
            if str(one).partition("\n")[0] not in known and not follows(one.reason)
        ]
        if news:
            first, *others = news
            reason, rest = headline(first.reason)
            detail = "\n".join([*([rest] if rest else []), *map(str, others)])
            raise FenceFailureError(Fault(first.file, first.line, reason, detail=detail))
        if said:
            reason = "the strict build fails (a consequence of what is said above)"
            raise FenceFailureError(Fault(SETTINGS, 1, reason))


def headline(text: str) -> tuple[str, str]:
    """The first line of a message, which says what a colon at its end announces; and the rest."""
    reason, _, rest = text.partition("\n")
    if reason.endswith(":") and rest:
        items = [line.strip().removeprefix("- ") for line in rest.splitlines() if line.strip()]
        return f"{reason} {', '.join(items)}", ""
    return reason, rest


def _setting(path: Path, text: str) -> int:
    """The line of the settings that a message is about: the last of those that hold a name that
    it quotes, for the names of a message go from the outer to the inner."""
    if not path.is_file():
        return 1
    names = [one or other for one, other in _NAMED.findall(text)]
    return max((_line(path, name) for name in names), default=1)


def _line(path: Path, what: str) -> int:
    """The line of a page on which a link stands."""
    lines = path.read_text("utf-8-sig", "replace").splitlines()
    return next((n for n, line in enumerate(lines, 1) if what and what in line), 1)
