"""The ancestor of all builds, its forks, and what they say to each other.

The ancestor is forked from `mkdocs serve` before that has a thread, has everything imported and
never builds anything: it forks, and loads after the first time what later builds need. What a fork
and the server say to each other are tuples, the first item names the message; see `child.py` and
`conductor.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Any, NamedTuple

_DYING = 5.0
"""Seconds in which a process is dead that was killed, on whatever machine."""


class Order(NamedTuple):
    """What a fork is to do: write to its two folders, which exist; as the first of all, when nobody
    can ask it for first looks yet; with the author's modules read again.
    """

    folder: str
    temporary: str
    first: bool = False
    again: bool = False


Work = Callable[[Connection, Order], None]


class Ancestor:
    """work: what a fork does, given its connection and its order;
    load: what the ancestor does when the first fork is at work.
    """

    def __init__(self, work: Work, load: Callable[[], None] = lambda: None) -> None:
        ours, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                ours.close()
                _forking(theirs, work, load)
            finally:
                os._exit(1)  # what called us is `mkdocs serve`, which deletes its folder at its end
        theirs.close()
        self._socket = ours

    def fork(self, order: Order) -> Fork:
        """One more process.

        Raises:
            OSError: the ancestor is gone.
        """
        ours, theirs = Pipe()
        try:
            socket.send_fds(self._socket, [json.dumps(order).encode()], [theirs.fileno()])
        finally:
            theirs.close()
        pid = self._socket.recv(64)
        if not pid:
            raise OSError("the process that builds are forked from has ended")
        return Fork(int(pid), ours, (order.folder, order.temporary))

    def close(self) -> None:
        self._socket.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


class Fork:
    """A build process, from the side of the server."""

    def __init__(self, pid: int, connection: Connection, folders: tuple[str, str]) -> None:
        self.pid, self.connection, self.folders = pid, connection, folders

    def send(self, *message: Any) -> bool:
        """Whether it was there to be told."""
        try:
            self.connection.send(message)
        except OSError:
            return False
        return True

    def ask_to_end(self) -> None:
        self._signal(signal.SIGTERM)

    def end(self, *, wait: float = 0.0) -> None:
        """End the process and all that it started; `wait` seconds for it to end by itself."""
        for number, seconds in ((signal.SIGTERM, wait), (signal.SIGKILL, _DYING)):
            self._signal(number)
            if self._is_gone(seconds):
                break
        self._signal(signal.SIGKILL)  # what it left behind
        self.connection.close()

    def _is_gone(self, seconds: float) -> bool:
        """Whether it is, after so many seconds at most: its folders can go then."""
        until = time.monotonic() + seconds
        try:
            while self.connection.poll(max(0.0, until - time.monotonic())):
                self.connection.recv()
                if time.monotonic() > until:
                    return False
        except (OSError, EOFError):
            return True
        return False

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def _forking(control: socket.socket, work: Work, load: Callable[[], None]) -> None:
    """The life of the ancestor."""
    loaded = False
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server hears Ctrl-C, and ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks leave no zombies
    while True:
        said, handles, _, _ = socket.recv_fds(control, 4096, 1)
        if not said:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            try:
                control.close()
                _forked(Connection(handles[0]), Order(*json.loads(said)), work)
            finally:
                os._exit(1)  # asked to end in its last moments
        os.close(handles[0])
        control.send(str(pid).encode())
        if not loaded:
            loaded = True
            load()


def _forked(connection: Connection, order: Order, work: Work) -> None:
    os.setsid()  # ended as a group, out of reach of Ctrl-C
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, _terminate)
    code = 1
    try:
        work(connection, order)
        code = 0
    except (SystemExit, EOFError, BrokenPipeError, ConnectionResetError):
        pass
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _terminate(signum: int, frame: object) -> None:
    signal.signal(signum, signal.SIG_IGN)  # asked twice, it ends once
    raise SystemExit(128 + signum)
