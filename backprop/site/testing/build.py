"""The strict build as a pytest item: whatever stops `mkdocs build --strict` fails pytest, too."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backprop.site.posts.items import FenceFailureError, PageItem, item_of
from backprop.site.posts.verify import Failure
from backprop.site.testing.project import SETTINGS, Project

_RECORD = re.compile(r"^(?:\x1b\[\d+m)?(WARNING|ERROR|INFO|DEBUG)(?:\x1b\[0m)?\s+-\s+(.*)$")
_PLACE = re.compile(
    r"(?:^|[\s:])(?P<path>[^\s:'\"]+\.(?:md|yml)):(?P<line>\d+): (?P<said>.*)", re.S
)
_FILE = re.compile(r"'(?P<path>[^'\n]+\.md)'")
_YAML = re.compile(
    r"(?:^|\n)(?P<said>[^\n]*)\n +in \"(?P<path>[^\n\"]+)\", line (?P<line>\d+)[^\n]*$"
)
_NAMED = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"")
_LINK = re.compile(r"(?:link|anchor|target|image) '(?P<what>[^'\n]+)'")


@dataclass(frozen=True)
class Said:
    """One message of the build: where, if it says so, and what."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


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

    def messages(self) -> list[Said]:
        """What the strict build has to say, in a folder of its own; empty if all is well."""
        with tempfile.TemporaryDirectory(prefix="backprop-site-") as folder:
            command = [sys.executable, "-m", "mkdocs", "--no-color", "build", "--strict"]
            command += ["-f", str(self.project.path), "-d", folder]
            quiet = {"NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true"}
            done = subprocess.run(
                command,
                cwd=self.project.root,
                env={**os.environ, **quiet},
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        if done.returncode == 0:
            return []
        records = [text for text in _records(done.stderr) if not text.endswith("listed above")]
        found = [self._placed(text) for text in records]
        # A page is left out of nav because nav names it wrongly: the cause comes first.
        found.sort(key=lambda one: "exist in the docs directory, but are not" in one.text)
        return found or [Said(SETTINGS, 1, done.stderr.strip() or "the build failed")]

    def _placed(self, text: str) -> Said:
        if place := _PLACE.search(text):
            return Said(place["path"], int(place["line"]), place["said"])
        if file := _FILE.search(text):
            path = self.project.root / file["path"]
            if path.is_file():
                what = _LINK.search(text)
                return Said(file["path"], _line(path, what["what"] if what else ""), text)
        if yaml := _YAML.search(text):
            named = os.path.relpath(yaml["path"], self.project.root)
            return Said(named, int(yaml["line"]), f"this is no YAML: {yaml['said']}\n{text}")
        return Said(SETTINGS, _setting(self.project.path, text), text)


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
        news = [one for one in said if str(one).partition("\n")[0] not in self.plugin.told]
        if news:
            first, *others = news
            reason, rest = headline(first.text)
            detail = "\n".join([*([rest] if rest else []), *map(str, others)])
            raise FenceFailureError(Failure(first.path, first.line, reason, "", detail))
        if said:
            reason = "the strict build fails (a consequence of what is said above)"
            raise FenceFailureError(Failure(SETTINGS, 1, reason))


def headline(text: str) -> tuple[str, str]:
    """The first line of a message, which says what a colon at its end announces; and the rest."""
    reason, _, rest = text.partition("\n")
    if reason.endswith(":") and rest:
        items = [line.strip().removeprefix("- ") for line in rest.splitlines() if line.strip()]
        return f"{reason} {', '.join(items)}", ""
    return reason, rest


def _records(log: str) -> Iterator[str]:
    """The warnings and errors of MkDocs' log, each with the lines that belong to it."""
    record: list[str] | None = None
    for line in log.splitlines():
        match = _RECORD.match(line)
        if match or line.startswith("Aborted with "):
            if record:
                yield "\n".join(record).rstrip()
            record = [match[2]] if match and match[1] in ("WARNING", "ERROR") else None
        elif record is not None:
            record.append(line)
        elif line.strip() and not line.startswith("  "):  # what ended the build
            record = [line]
    if record:
        yield "\n".join(record).rstrip()


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
