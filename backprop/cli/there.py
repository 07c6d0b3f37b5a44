"""Commands that need what only the blog has installed: run there, where `make` has installed it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from backprop.cli.arguments import Usage

PYTHON = Path(".venv/bin/python")


def run_there(error: ModuleNotFoundError, make: str, arguments: list[str]) -> int:
    """Run a command with the Python of the blog in this folder; its exit status.

    Args:
        error: what is missing in this Python.
        make: the command of a blog that does the same.
        arguments: of the command, as a shell would give them.

    Raises:
        Usage: this folder has no Python of its own, or this is the one.
    """
    if PYTHON.is_file() and PYTHON.parent.parent.resolve() != Path(sys.prefix).resolve():
        command = [str(PYTHON), "-m", "backprop", *arguments]
        return subprocess.run(command, check=False).returncode
    raise Usage(
        f"{error.name} is not installed. In the folder of a blog, run `{make}`, which installs it; "
        "in a project of another kind: pip install 'backprop-notes[site,test]'"
    )
