"""Small projects in which pages are tested and built for real."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


class Project:
    """A directory with pages, as somebody else would have it."""

    def __init__(self, path: Path):
        self.path = path

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> str:
        return (self.path / name).read_text("utf-8")

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.path,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "COLUMNS": "200", **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def pytest(self, *arguments: str) -> "Report":
        done = self.run(
            *("-m", "pytest", "--markdown-docs", "-p", "no:hypothesispytest"), *arguments
        )
        return Report(done.stdout + done.stderr, done.returncode)


class Report:
    """What pytest said."""

    def __init__(self, text: str, code: int):
        self.text, self.code = text, code

    def counts(self) -> dict[str, int]:
        last = [line for line in self.text.splitlines() if " in " in line and "==" in line][-1]
        words = last.strip("= ").split(" in ")[0].replace(",", "").split()
        return {
            word.rstrip("s"): int(count)
            for count, word in zip(words[::2], words[1::2], strict=True)
        }

    def summary(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.startswith(("FAILED", "ERROR"))]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("pytest.ini", "[pytest]\n")
    return made


@pytest.fixture
def page(project: Project) -> Callable[[str], Project]:
    """Write one page, `post.md`, and give the project."""

    def write(text: str) -> Project:
        project.write("post.md", text)
        return project

    return write
