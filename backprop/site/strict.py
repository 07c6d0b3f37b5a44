"""`mkdocs build --strict` in a process of its own, and what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_QUIET = {"NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true"}
_RECORD = re.compile(r"^(?:\x1b\[\d+m)?(WARNING|ERROR|INFO|DEBUG)(?:\x1b\[0m)?\s+-\s+(.*)$")


def faults(settings: Path, site: Path, program: Sequence[str] = ("mkdocs",)) -> list[str]:
    """What is wrong with the site of `settings`, a mkdocs.yml; nothing if it was built into `site`.

    A fault is a warning or an error of the log with the lines that belong to it, or whatever else
    has ended the build. `program` is the module that is run as `mkdocs`, with its own arguments.
    """
    command = [sys.executable, "-m", *program, "--no-color", "build", "--strict"]
    done = subprocess.run(
        [*command, "--config-file", str(settings), "--site-dir", str(site)],
        cwd=settings.parent,
        env={**os.environ, **_QUIET},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return []
    found = [text for text in _records(done.stderr) if not text.endswith("listed above")]
    return found or [done.stderr.strip() or "mkdocs build --strict fails"]


def _records(log: str) -> Iterator[str]:
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
