"""One page that runs in a process of its own, fence by fence, time and output limited."""

import contextlib
import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from backprop.program import scratch
from backprop.program.page import Page, Step
from backprop.program.processes import Fork, Server, Spawn, tools_of


@dataclass(frozen=True)
class Limits:
    """What one fence may use."""

    seconds: float = 60.0
    characters: int = 1_000_000  # printed


@dataclass
class Outcome:
    """What one fence did. `error` and `raised` hold type, message, line (from 0) and traceback."""

    stdout: str = ""
    stderr: str = ""
    error: dict[str, Any] | None = None
    raised: dict[str, Any] | None = None
    ended: bool = False  # the process of the page is gone
    figures: list[dict[str, Any]] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)
    html: str = ""
    # Of an expression, for each choice of names.
    values: list[dict[str, Any]] = field(default_factory=list)
    # Wrong results of a pycon fence: first line (from 0), number of lines, what is right.
    results: list[tuple[int, int, str]] = field(default_factory=list)


class Session:
    """A page that runs, fence by fence; `parent` is the running page that it is a copy of."""

    def __init__(
        self,
        page: Page,
        root: Path,
        limits: Limits,
        server: Server | None,
        parent: "Session | None" = None,
    ):
        self.page, self.root, self.limits = page, root, limits
        self._server, self._parent = server, parent
        self.outcomes: list[Outcome] = list(parent.outcomes) if parent else []
        self._lock = threading.Lock()
        self._directory = Path(server.scratch() if server else scratch.make())
        self._printed = {"stdout": 0, "stderr": 0}
        self._process: Fork | Spawn | None = None
        self._conn: Connection | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        forker = self._parent or self._server
        with Listener(None if os.name == "nt" else str(self._directory / "socket")) as listener:
            order = {
                "address": listener.address,
                "scratch": str(self._directory),
                "root": str(self.root),
                "name": self.page.name,
                "file": str(self.page.path.resolve()),
                # An empty entry means the working directory, which is another one there.
                "path": [str(self.root), *(path or os.getcwd() for path in sys.path)],
                "sources": sorted(
                    (step.fence.first, step.fence.language, step.fence.code)
                    for step in self.page.executed
                ),
                "language": self.page.language,
                "tools": bool(tools_of(self.page)),
            }
            if self._parent:
                order["work"] = str(self._parent._directory / "work")
            self._process = Fork(forker, order) if forker else Spawn(order)
            # The only way to say how long to wait for a process that may never call back.
            listener._listener._socket.settimeout(60)  # type: ignore[attr-defined]
            self._conn = listener.accept()

    def branch(self, page: Page) -> "Session":
        """A copy of this page as it stands, which goes on as `page`; this one may still go on.

        OSError or EOFError if that cannot be done: where the system cannot fork, above all.
        """
        if not isinstance(self._process, Fork) or self._conn is None:
            raise OSError("this page is no process that could be forked")
        return Session(page, self.root, self.limits, self._server, self)

    def ask(self, **order: Any) -> Any:
        """Have the process of this page fork, or stop a fork, as the server does for pages."""
        with self._lock:
            if self._conn is None:
                raise EOFError("the process of this page is gone")
            self._conn.send_bytes(json.dumps(order).encode())
            return json.loads(self._conn.recv_bytes())

    def outcome(self, index: int) -> Outcome:
        """The outcome of an executed step; the steps before it run first."""
        while len(self.outcomes) <= index:
            self.outcomes.append(self._next(self.page.executed[len(self.outcomes)]))
        return self.outcomes[index]

    def _next(self, step: Step) -> Outcome:
        if self._conn is None:
            before = next(
                step.fence.line
                for step, outcome in zip(self.page.executed, self.outcomes, strict=False)
                if outcome.ended
            )
            message = f"not executed: the fence of line {before} ended the process of this page"
            return Outcome(ended=True, error=no_line(message))
        return self._run(step.request() | {"number": len(self.outcomes)})

    def also(self, request: dict[str, Any]) -> Outcome:
        """Run what is no fence of the page, in its namespace, behind the fences that have run."""
        if self._conn is None:
            return Outcome(ended=True, error=no_line("the process of this page is gone"))
        return self._run({"first": 1, "number": len(self.outcomes), **request})

    def _run(self, request: dict[str, Any]) -> Outcome:
        assert self._conn is not None
        request["language"] = self.page.language
        reply: dict[str, Any] = {}
        try:
            self._conn.send_bytes(json.dumps(request).encode())
            reply, why = self._answer()
        except (EOFError, OSError, ValueError):
            why = "crashed"
        outcome = Outcome(**reply)
        if why:
            outcome.error, outcome.ended = no_line(self._post_mortem(why)), True
        for name in self._printed:
            setattr(outcome, name, self._read(name))
        if not why and len(outcome.stdout) > self.limits.characters:
            outcome.error = no_line(self._too_much())
        return outcome

    def _answer(self) -> tuple[dict[str, Any], str]:
        """Wait for a fence to end, watching the clock and what it prints."""
        assert self._conn is not None
        limits = self.limits
        end = time.monotonic() + limits.seconds
        pause = 0.001
        while not self._conn.poll(pause):
            pause = min(0.05, pause * 2)
            if any(self._size(name) > 4 * limits.characters for name in self._printed):
                return {}, "printed"
            if time.monotonic() > end:
                return {}, "slow"
        return json.loads(self._conn.recv_bytes()), ""

    def _post_mortem(self, why: str) -> str:
        code = self._end()
        if why == "printed":
            return self._too_much()
        if why == "slow":
            seconds = self.limits.seconds
            return f"ran longer than {seconds:g} s and was stopped: is there an endless loop?"
        if code is not None and code < 0:
            import signal

            return f"crashed the process of its page ({signal.Signals(-code).name})"
        if code is None:
            return "did not end: its page was ended from outside"
        return f"ended the process of its page (exit code {code}, os._exit?)"

    def _too_much(self) -> str:
        return f"printed more than {self.limits.characters:,} characters and was stopped"

    def _size(self, name: str) -> int:
        with contextlib.suppress(OSError):
            return (self._directory / name).stat().st_size - self._printed[name]
        return 0

    def _read(self, name: str) -> str:
        """What was printed since the last fence, up to the limit."""
        limit = self.limits.characters
        try:
            with open(self._directory / name, "rb") as stream:
                stream.seek(self._printed[name])
                data = stream.read(limit + 1)
                self._printed[name] = stream.seek(0, os.SEEK_END)
        except OSError:
            return ""
        return data.decode("utf-8", "replace").replace("\r\n", "\n")

    def files(self) -> list[str]:
        """The files of the project that the page has read, when it is done."""
        if self._conn is None:
            return []
        try:
            self._conn.send_bytes(b"null")
            return json.loads(self._conn.recv_bytes()) if self._conn.poll(10) else []
        except (EOFError, OSError, ValueError):
            return []

    def _end(self) -> int | None:
        if self._conn:
            self._conn.close()
            self._conn = None
        process, self._process = self._process, None
        with contextlib.suppress(OSError):  # what knows has been ended from outside
            return process.stop() if process else None
        return None

    def close(self) -> None:
        self._end()
        scratch.remove(str(self._directory))


def no_line(message: str) -> dict[str, Any]:
    return {"type": "", "qualified": "", "message": message, "line": None, "text": ""}
