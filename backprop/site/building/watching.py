"""Which files changed: a look at all of them, a few times a second.

Looking works on every file system, says which file it was, and costs milliseconds for a thousand
files; notifications of the system do neither on network drives and in containers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

# What editors write beside a file, and what Python makes of it.
_NOISE = re.compile(
    r"(^\.#|^#.*#$|~$|\.sw[a-z]$|^4913$|^__pycache__$|\.py[co]$|^\.git$|^\.DS_Store$)"
)

Stamp = tuple[int, int, int]


class Watch:
    """Files and folders (with all that is in them) and the state in which they were last seen."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self._seen: dict[str, Stamp] = {}

    def add(self, paths: Iterable[str], since: float | None = None) -> None:
        """Look at these from now on; what is in them now is no change, unless it was written
        `since` then.
        """
        new = [p for p in map(os.path.abspath, paths) if p not in self.paths]
        for path in new:
            self.paths.add(path)
            for file, stamp in _files(path):
                if since is None or stamp[0] < since * 1e9:
                    self._seen.setdefault(file, stamp)

    def changes(self) -> set[str]:
        """The files that were written, made or removed since the last call."""
        now = {file: stamp for path in self.paths for file, stamp in _files(path)}
        before, self._seen = self._seen, now
        changed = {file for file, stamp in now.items() if before.get(file) != stamp}
        return changed | (before.keys() - now.keys())


def _files(path: str) -> Iterator[tuple[str, Stamp]]:
    try:
        if not os.path.isdir(path):
            status = os.stat(path)
            yield path, (status.st_mtime_ns, status.st_size, status.st_ino)
            return
        with os.scandir(path) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        if _NOISE.search(entry.name):
            continue
        try:
            if entry.is_dir():
                yield from _files(entry.path)
            else:
                status = entry.stat()
                yield entry.path, (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            continue
