"""What was made before, by key, on disk: one file that several processes may use, and lose.

Deleting it costs time and nothing else. A key is the digest of all that a value depends on, so a
value is never out of date, only unused; what nobody asked for in a month goes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig

NAME = ".cache/backprop/building/made.sqlite"
KEPT_DAYS = 30
_AT_ONCE = 40


def digest(*parts: Any) -> str:
    """A short name for `parts`, the same in every process."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


class Memory:
    """Values that JSON can express, by key. A disk that cannot be used is no error."""

    remembers = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._new: dict[str, Any] = {}
        self._used: set[str] = set()
        self._database: sqlite3.Connection | None = None
        self._owner = 0
        self._today = int(time.time() // 86400)

    def get(self, key: str) -> Any | None:
        if key in self._new:
            return self._new[key]
        database = self._open()
        if database is None:
            return None
        try:
            row = database.execute("SELECT value, day FROM made WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            if row[1] != self._today:
                self._used.add(key)
            return json.loads(zlib.decompress(row[0]))
        except (sqlite3.Error, zlib.error, ValueError):
            return None

    def made(self, key: str, make: Callable[[], Any]) -> Any:
        """What `make` makes, by making it or from memory."""
        value = self.get(key)
        if value is None:
            value = make()
            self.put(key, value)
        return value

    def put(self, key: str, value: Any) -> None:
        self._new[key] = value
        if len(self._new) >= _AT_ONCE:
            self.keep()

    def keep(self) -> None:
        """Write what is new."""
        database = self._open()
        new, self._new = self._new, {}
        used, self._used = self._used, set()
        if database is None or not (new or used):
            return
        rows = [
            (key, zlib.compress(json.dumps(value, ensure_ascii=False).encode(), 1), self._today)
            for key, value in new.items()
        ]
        with contextlib.suppress(sqlite3.Error), database:
            database.executemany("INSERT OR REPLACE INTO made VALUES (?, ?, ?)", rows)
            database.executemany(
                "UPDATE made SET day = ? WHERE key = ?", [(self._today, key) for key in used]
            )
            database.execute("DELETE FROM made WHERE day < ?", (self._today - KEPT_DAYS,))

    def _open(self) -> sqlite3.Connection | None:
        if self._owner == os.getpid():
            return self._database
        # After a fork too: a connection belongs to one process.
        self._owner, self._database = os.getpid(), None
        for _ in range(2):
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                database = sqlite3.connect(self.path, timeout=5, check_same_thread=False)
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = OFF")
                database.execute(
                    "CREATE TABLE IF NOT EXISTS made (key TEXT PRIMARY KEY, value BLOB, day INT)"
                )
                self._database = database
                break
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    break  # read-only, or locked for long
                with contextlib.suppress(OSError):  # not a database: somebody's accident
                    self.path.unlink()
            except OSError:
                break
        return self._database


OFF = "BACKPROP_NO_MEMORY"
"""An environment variable; if it is set, everything is made again."""
_open: dict[Path, Memory] = {}


def of(config: MkDocsConfig) -> Memory:
    """The memory of a project."""
    if os.environ.get(OFF):
        return Nothing()
    path = Path(config.config_file_path or "mkdocs.yml").resolve().parent / NAME
    return _open.setdefault(path, Memory(path))


def keep() -> None:
    """Write down all that is new."""
    for memory in _open.values():
        memory.keep()


class Nothing(Memory):
    """Remembers nothing."""

    remembers = False

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))

    def get(self, key: str) -> None:
        return None

    def put(self, key: str, value: Any) -> None:
        return None

    def keep(self) -> None:
        return None
