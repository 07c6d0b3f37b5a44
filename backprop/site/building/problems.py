"""From what MkDocs and its plugins log to what an author reads: file, line, text, page."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

REMARK = "remark"
"""The attribute of a log record that is for the author's eyes and fails no build."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: `file` as a person would name it, `url` of the page it makes.

    level: "fatal" (no site could be built), "error", "warning" or "remark".
    """

    level: str
    text: str
    file: str = ""
    line: int | None = None
    url: str = ""

    def concerns(self, files: Iterable[str]) -> bool:
        """Whether a change of one of these files may have mended it."""
        return any(file == self.file or file in self.text for file in files)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


_PLACE = re.compile(r"(?P<file>[^\s'\":(]+\.[A-Za-z]\w*)(?::(?P<line>\d+))?")
_YAML_LINE = re.compile(r"\bline (\d+)")
_QUOTED = re.compile(r"'([^'\n]{2,})'")


def of_record(record: logging.LogRecord) -> Problem | None:
    """The problem that a log record tells of; None for one that tells of none."""
    if record.levelno >= logging.ERROR:
        level = "error"
    elif record.levelno >= logging.WARNING:
        level = "warning"
    elif getattr(record, REMARK, False):
        level = "remark"
    else:
        return None
    return locate(Problem(level, record.getMessage()))


def locate(problem: Problem) -> Problem:
    """The problem with the file and line that its text names, or that can be found by it."""
    text = problem.text
    if text.startswith("Config value"):  # MkDocs does not say of which file
        text = f"mkdocs.yml: {text}"
    for place in _PLACE.finditer(text):
        file = place["file"].rstrip(".,;")
        if not os.path.isfile(file):
            continue
        file = os.path.relpath(file)
        if file.startswith(".."):
            continue
        line = int(place["line"]) if place["line"] else _line(problem.text, file)
        return replace(problem, file=file, line=line)
    return problem


def _line(text: str, file: str) -> int | None:
    """Where a file says what a message quotes: MkDocs names the link, not its line."""
    if file.endswith((".yml", ".yaml")) and (found := _YAML_LINE.search(text)):
        return int(found[1])
    try:
        with open(file, encoding="utf-8-sig") as stream:
            lines = stream.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for quoted in _QUOTED.findall(text):
        if quoted.endswith(file) or file.endswith(quoted):
            continue
        for number, line in enumerate(lines, 1):
            if quoted in line:
                return number
    return None
