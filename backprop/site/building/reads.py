"""Which files a build has read: a change of any of them is a reason to build again.

Extensions and plugins read what they include, `--8<-- "words.md"`, a table, a template of macros,
and MkDocs is not told. Python tells of every file that is opened.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_READING = os.O_ACCMODE
_INSTALLED = tuple(
    os.path.join(os.path.realpath(path), "")
    for path in {
        *sysconfig.get_paths().values(),
        *(os.path.dirname(path) for path in site.getsitepackages()),
        os.path.join(sys.prefix, "lib"),
        os.path.join(sys.base_prefix, "lib"),
    }
    if path
)
_OTHERS = ("node_modules", "__pycache__")


class Reads:
    """Notes from now on what this process opens; it cannot be told to stop."""

    def __init__(self) -> None:
        self._began = time.time()
        self._read: set[str] = set()
        self._written: set[str] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open":
            return
        path, _, flags = arguments
        if isinstance(path, str):
            writes = isinstance(flags, int) and flags & _READING != os.O_RDONLY
            (self._written if writes else self._read).add(path)

    def below(self, folders: Iterable[str]) -> list[str]:
        """The files in these folders that were read, but for what is hidden, installed, or written
        by the build itself, which would then have a reason to build for ever."""
        roots = {os.path.join(os.path.realpath(folder), "") for folder in folders}
        written = {os.path.realpath(path) for path in self._written.copy()}
        found = set()
        for path in self._read.copy():
            real = os.path.realpath(path)
            root = next((root for root in roots if real.startswith(root)), None)
            if root is None or real in written or real.startswith(_INSTALLED):
                continue
            parts = Path(real[len(root) :]).parts
            if any(part.startswith(".") or part in _OTHERS for part in parts):
                continue
            try:
                if os.stat(real).st_mtime < self._began:
                    found.add(os.path.abspath(path))
            except OSError:
                continue
        return sorted(found)
