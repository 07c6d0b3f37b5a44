"""What was made before, by key, on disk: one file that several processes may use, and lose.

Deleting it costs time and nothing else. A key is the digest of all that a value depends on, so a
value is never out of date, only unused; what nobody asked for in a month goes. Everything that
this package remembers between two runs is here: what pages did, verdicts of derivations, typeset
formulas, pictures of posts, conversions.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # where nothing can be locked like this, several processes may make the same
    fcntl = None  # type: ignore[assignment]

NAME = ".cache/backprop/made.sqlite"
"""The file, below the folder of a project."""
KEPT_DAYS = 30
_AT_ONCE = 40


def digest(*parts: Any) -> str:
    """A short name for `parts`, the same in every process."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


class Store:
    """Values that JSON can express, by key. A disk that cannot be used is no error: then, and
    without a path, a value is known as long as its process lives."""

    remembers = True

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._new: dict[str, Any] = {}
        self._used: set[str] = set()
        self._database: sqlite3.Connection | None = None
        self._owner = 0
        self._locking = -1
        self._today = int(time.time() // 86400)

    def get(self, key: str) -> Any | None:
        """The value of a key, None if there is none, or none that can be read."""
        with _one_at_a_time:
            if key in self._new:
                return self._new[key]
            database = self._open()
            if database is None:
                return None
            try:
                found = database.execute("SELECT value, day FROM made WHERE key = ?", (key,))
                row = found.fetchone()
                if row is None:
                    return None
                if row[1] != self._today:
                    self._used.add(key)
                return json.loads(zlib.decompress(row[0]))
            except (sqlite3.Error, zlib.error, ValueError, TypeError):
                return None

    def made(self, key: str, make: Callable[[], Any]) -> Any:
        """What `make` makes, by making it or from memory."""
        value = self.get(key)
        if value is None:
            value = make()
            self.put(key, value)
        return value

    def made_together(self, makers: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """The same for several keys. Processes that want the same at the same time share the work:
        each makes what no other one is at, and waits for the rest in the end."""
        found: dict[str, Any] = {}
        for patient in (False, True):
            for key, make in makers.items():
                value = found.get(key)
                if value is None:
                    value = self.get(key)
                if value is None:
                    with self._alone(key, patient) as alone:
                        if alone:
                            value = self.made(key, make)  # perhaps somebody has just made it
                            self.keep()
                found[key] = value
        return found

    @contextmanager
    def _alone(self, key: str, patient: bool) -> Iterator[bool]:
        """Whether no other process makes the same now; `patient`: waits until none does."""
        how = fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB) if fcntl else 0
        place = int(key[:12], 16)
        try:
            handle = self._locks() if fcntl else -1
        except OSError:
            handle = -1
        if handle < 0:  # nothing can be locked here
            yield True
            return
        try:
            fcntl.lockf(handle, how, 1, place)
        except OSError:
            yield patient
            return
        try:
            yield True
        finally:
            fcntl.lockf(handle, fcntl.LOCK_UN, 1, place)

    def _locks(self) -> int:
        """A handle of the file whose bytes are locked: one for each process, since to close any
        of its handles unlocks all."""
        if self.path is None:
            return -1
        with _one_at_a_time:
            if self._locking < 0:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._locking = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT)
            return self._locking

    def put(self, key: str, value: Any) -> None:
        """Remember a value; it is written with the next ones, by `keep`, or when Python ends."""
        with _one_at_a_time:
            self._new[key] = value
            if len(self._new) >= _AT_ONCE:
                self.keep()

    def keep(self) -> None:
        """Write what is new."""
        with _one_at_a_time:
            if not (self._new or self._used):
                return
            database = self._open()
            if database is None:
                return
            rows = [
                (key, zlib.compress(json.dumps(value, ensure_ascii=False).encode(), 1), self._today)
                for key, value in self._new.items()
            ]
            used = [(self._today, key) for key in self._used]
            with contextlib.suppress(sqlite3.Error), database:
                database.executemany("INSERT OR REPLACE INTO made VALUES (?, ?, ?)", rows)
                database.executemany("UPDATE made SET day = ? WHERE key = ?", used)
                oldest = self._today - KEPT_DAYS
                database.execute("DELETE FROM made WHERE day < ?", (oldest,))
                self._new, self._used = {}, set()

    def close(self) -> None:
        """Let go of the file, what is new unwritten; it is opened again when it is needed."""
        database, self._database = self._database, None
        if database is not None:
            if self._owner == os.getpid():
                database.close()
            else:  # a connection belongs to one process: closed in a fork, it would end that one's
                _inherited.append(database)
        self._owner = 0

    def __del__(self) -> None:
        self.close()
        if self._locking >= 0:
            with contextlib.suppress(OSError):
                os.close(self._locking)

    def _open(self) -> sqlite3.Connection | None:
        if self.path is None:
            return None
        if self._owner == os.getpid() and (self._database is None or self.path.exists()):
            return self._database
        self.close()  # that of a file that was deleted meanwhile, or of a process that was forked
        self._owner = os.getpid()
        for _ in range(2):
            database: sqlite3.Connection | None = None
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
                if database is not None:
                    database.close()
                if isinstance(error, sqlite3.OperationalError):
                    break  # read-only, or locked for long
                with contextlib.suppress(OSError):  # not a database: somebody's accident
                    self.path.unlink()
            except OSError:
                break
        return self._database


_stores: dict[Path, Store] = {}
_inherited: list[sqlite3.Connection] = []
_one_at_a_time = threading.RLock()


def at(root: Path) -> Store:
    """The store of the project in a folder."""
    path = root.resolve() / NAME
    return _stores.setdefault(path, Store(path))


def keep() -> None:
    """Write down all that is new."""
    for store in _stores.values():
        store.keep()


@atexit.register
def _end() -> None:
    keep()
    for store in _stores.values():
        store.close()


def _after_fork() -> None:
    """Another thread may have held it, which is not here."""
    global _one_at_a_time
    _one_at_a_time = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
