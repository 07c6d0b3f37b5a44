"""One MathJax process for two processes of which one was forked from the other.

The languages of a site have most formulas in common, and a process takes half a second to start.
So what both need is there before the fork: a line for each, and a note that says who has started
MathJax and how it was set up. Who needs it first starts it; it answers what both ask of it once,
and ends when both have let go of their lines, however they end.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Sequence

try:
    import fcntl
except ImportError:  # where nothing can be forked either
    fcntl = None  # type: ignore[assignment]


class Shared:
    """To be made before the fork; each process then asks it for its line, once."""

    def __init__(self) -> None:
        self._first = os.getpid()
        self._lines = [socket.socketpair(), socket.socketpair()]
        self._note = tempfile.TemporaryFile()  # noqa: SIM115
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115
        """What MathJax has to say of itself."""

    def join(self, key: str, start: Callable[[Sequence[int]], None]) -> socket.socket | None:
        """The line of this process; None if MathJax was started with settings of another key.

        start: starts MathJax, which is to answer at these handles.
        """
        assert fcntl
        # A lock of the process, which goes with it: one of a handle would be that of both.
        fcntl.lockf(self._note, fcntl.LOCK_EX)
        try:
            self._note.seek(0)
            known = self._note.read()
            if not known:
                start([there.fileno() for _, there in self._lines])
                self._note.write(key.encode())
                self._note.flush()
        finally:
            fcntl.lockf(self._note, fcntl.LOCK_UN)
        mine = int(os.getpid() != self._first)
        line = self._lines[mine][0] if known in (b"", key.encode()) else None
        for here, there in self._lines:
            there.close()
            if here is not line:
                here.close()
        self._note.close()
        self._lines = []
        return line

    def close(self) -> None:
        """Let go of it without having asked."""
        for here, there in self._lines:
            here.close()
            there.close()
        self._lines = []
        self._note.close()
        self.errors.close()
