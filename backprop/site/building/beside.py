"""A language that is built beside another one, in a process of its own.

`mkdocs build` does so always, `mkdocs serve` in its first build.

The process is a copy of the one that builds: it knows all that was known when it began, and what
it finds out stays in it, but for what it says. The two meet twice, when each has read its pages
(`meet`), and when the other is done (`end`). What was logged there is logged here then, so that
it stands in the same order in every build and is counted with the rest.

plugins may have these methods:

    beside_begin()        called before the other process begins: what both are to have in common
    beside_record()       what the build of a language has left in the plugin so far
    beside_replay(data)   the same for the plugin of the same name in the process that goes on
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import MkDocsException

from backprop.site.building import whole, witness
from backprop.site.building.premises import depends_on_files

Meet = Callable[[Any], Any]
Line = tuple[str, int, str, dict[str, Any]]
_KEPT = ("edition", "remark")
"""What our own filters note on a record."""


wanted = True
"""Whether the process that goes on may do without what it would know of the other languages."""
begun = False
"""Whether a language has been built elsewhere."""
running = False
"""Whether languages are being built beside each other now, here and there."""


def possible(config: MkDocsConfig) -> bool:
    """Whether languages of this build can be built beside each other: no plugin and no script of
    `hooks` may gather something from both, and there are processors for it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return wanted and cores > 1 and hasattr(os, "fork") and depends_on_files([config])


class Beside:
    """The other process, from the side of the one that goes on; it begins at once.

    config: of what is built here; others: of what is built there; work: builds it, given what
    `meet` is here.
    """

    def __init__(
        self, config: MkDocsConfig, others: list[MkDocsConfig], work: Callable[[Meet], None]
    ) -> None:
        global begun, running
        begun = running = True
        self.config = config
        for plugin in config.plugins.values():
            if hasattr(plugin, "beside_begin"):
                plugin.beside_begin()
        ours, theirs = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            _Other(theirs, others).run(work)
        theirs.close()
        self._connection = ours

    def meet(self, said: Any) -> Any:
        """Tell the other process what this one has read, and hear what it has."""
        with contextlib.suppress(OSError):  # it has failed, and says why
            self._connection.send(said)
        heard, left = self._hear()
        self._replay(left)
        return heard

    def end(self) -> None:
        """Wait until the other process is done; it has left its part of the site."""
        noted, left = self._hear()
        self._replay(left)
        whole.hear(noted)
        self.stop()

    def _replay(self, left: list[tuple[str, Any]]) -> None:
        for name, data in left:
            plugin: Any = self.config.plugins.get(name)
            if hasattr(plugin, "beside_replay"):
                plugin.beside_replay(data)

    def stop(self) -> None:
        """End the other process, whatever it does."""
        global running
        running = False
        if self.pid:
            self._connection.close()
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = 0

    def _hear(self) -> Any:
        try:
            lines, value, error = pickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            self.stop()
            raise RuntimeError("the process that builds a language ended unexpectedly") from None
        for name, level, text, notes in lines:
            record = logging.LogRecord(name, level, "", 0, text, None, None)
            vars(record).update(notes)
            logger = logging.getLogger(name)
            if logger.isEnabledFor(level):
                logger.handle(record)
        if error is not None:
            self.stop()
            raise error
        return value


class _Other:
    """That process, seen from inside."""

    def __init__(self, connection: Connection, configs: list[MkDocsConfig]) -> None:
        self.connection, self.configs = connection, configs
        self.lines: list[Line] = []
        self.languages = whole.languages()
        if witness.observer:
            witness.observer.move()
        hearer = _Hearer(self.lines)
        logger = logging.getLogger("mkdocs")
        for handler in list(logger.handlers):
            for known in handler.filters:
                if known not in hearer.filters:
                    hearer.addFilter(known)
            logger.removeHandler(handler)
        logger.addHandler(hearer)

    def run(self, work: Callable[[Meet], None]) -> None:
        """Work and end; nothing of what called us goes on in this process."""
        code = 1
        try:
            signal.signal(signal.SIGTERM, _terminate)
            error: BaseException | None = None
            try:
                work(self._meet)
            except (KeyboardInterrupt, EOFError, BrokenPipeError, ConnectionResetError):
                os._exit(code)
            except BaseException as found:
                error = _portable(found)
            left = self._left() if error is None else []
            self._say((whole.noted(self.languages), left), error)
            code = 0
        finally:
            os._exit(code)

    def _meet(self, said: Any) -> Any:
        heard = self.connection.recv()  # first: both have more to say than a pipe holds
        self._say((said, self._left()))
        return heard

    def _left(self) -> list[tuple[str, Any]]:
        plugins: list[tuple[str, Any]] = [
            item for config in self.configs for item in config.plugins.items()
        ]
        return [
            (name, plugin.beside_record())
            for name, plugin in plugins
            if hasattr(plugin, "beside_record")
        ]

    def _say(self, value: Any, error: BaseException | None = None) -> None:
        self.connection.send_bytes(pickle.dumps((self.lines, value, error)))
        self.lines.clear()


def _portable(error: BaseException) -> BaseException:
    """The same for another process, which has no traceback of it."""
    if not isinstance(error, MkDocsException):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        copy: BaseException = pickle.loads(pickle.dumps(error))
    except Exception:
        copy = RuntimeError("".join(traceback.format_exception(error)))
    return copy


def _terminate(signum: int, frame: object) -> None:
    os._exit(128 + signum)


class _Hearer(logging.Handler):
    def __init__(self, lines: list[Line]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        notes = {name: getattr(record, name) for name in _KEPT if hasattr(record, name)}
        self.lines.append((record.name, record.levelno, record.getMessage(), notes))
