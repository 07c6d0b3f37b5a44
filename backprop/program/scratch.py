"""Folders for the time of a process, which go with it however it ends.

Who makes one removes it. A process that is killed cannot; so each folder holds a file that is
locked as long as its process lives, and the next process that wants a folder removes those beside
it whose lock is free. Nothing else is touched: only folders of this user, made here, whose lock
says so.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile

try:
    import fcntl
except ImportError:  # where nothing can be locked like this, nothing is swept
    fcntl = None  # type: ignore[assignment]

PREFIX = "backprop-"
ADOPTED = "mkdocs_"
"""How folders begin that others make for us, and that `adopt` makes as good as ours."""
_LOCK = ".owner"
_MARK = b"a scratch folder of backprop, in use by process "
_locks: dict[str, int] = {}  # the handles of our own; they close when we end
swept: set[str] = set()
"""Where we have looked for what was left behind."""


def make(parent: str | None = None) -> str:
    """A new folder below `parent`, else where temporary files go; hand it to `remove`."""
    parent = os.path.abspath(parent or tempfile.gettempdir())
    if parent not in swept:
        swept.add(parent)
        sweep(parent)
    path = tempfile.mkdtemp(prefix=PREFIX, dir=parent)
    adopt(path)
    return path


def adopt(path: str) -> None:
    """Let a folder be swept, when this process has ended without removing it."""
    if fcntl:
        # It gets its name when it is locked: a folder without that name is never swept.
        unnamed = os.path.join(path, f"{_LOCK}.new")
        handle = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, _MARK + str(os.getpid()).encode())
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.rename(unnamed, os.path.join(path, _LOCK))
        _locks[path] = handle


def remove(path: str) -> None:
    """Remove what `make` has made in this process, or what stands in it."""
    shutil.rmtree(path, ignore_errors=True)
    if (handle := _locks.pop(path, None)) is not None:
        os.close(handle)


def sweep(parent: str) -> None:
    """Remove the folders in `parent` whose processes have ended without."""
    if not fcntl:
        return
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith((PREFIX, ADOPTED)):
                with contextlib.suppress(OSError):
                    _remove_if_left(entry.path)


def _remove_if_left(path: str) -> None:
    """Remove a folder if it is one of ours and nobody's.

    Raises:
        OSError: it is not, or another process is at it.
    """
    status = os.lstat(path)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return
    handle = os.open(os.path.join(path, _LOCK), os.O_RDWR | os.O_NOFOLLOW)
    try:
        if os.read(handle, len(_MARK)) == _MARK:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(handle)
