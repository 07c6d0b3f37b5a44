"""Starting and stopping the processes of pages, from the side of the parent."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
from typing import Any, Protocol

from backprop.program import scratch
from backprop.program.kinds import KINDS, modules
from backprop.program.page import Page


def environment() -> dict[str, str]:
    """Everything that would make two runs differ, set to one value."""
    one_thread = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    fixed = {"PYTHONHASHSEED": "0", "MPLBACKEND": "agg", "PYTHONUTF8": "1", "LC_ALL": "C.UTF-8"}
    return {**os.environ, **fixed, **dict.fromkeys(one_thread, "1")}


def _command(*arguments: str) -> list[str]:
    # This process may have been told where to find us only by sys.path.
    code = (
        "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
        "import runpy; runpy.run_module('backprop.program.worker', run_name='__main__')"
    )
    return [sys.executable, "-c", code, json.dumps(sys.path), *arguments]


def tools_of(page: Page) -> list[str]:
    """The modules of other rooms that run fences of a page."""
    found = {KINDS[step.kind].runs for step in page.executed}
    return sorted(name for name in modules(here=False) if name in found)


class Server:
    """The process that pages are forked from.

    It removes the folder of all its pages when it ends, and it ends with us, however we end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: set[str] = set()
        self._folder = scratch.make()
        self._numbers = itertools.count()
        self._process: Any = subprocess.Popen(
            _command("serve", self._folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )

    def scratch(self) -> str:
        """A new folder for one page; its name is short, since a socket will be in it."""
        path = os.path.join(self._folder, str(next(self._numbers)))
        os.mkdir(path, 0o700)
        return path

    def ask(self, **order: Any) -> Any:
        """Its answer to an order; OSError if somebody has ended it."""
        with self._lock:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            if not (answer := self._process.stdout.readline()):
                raise OSError("the process that pages are forked from was ended from outside")
            return json.loads(answer)

    def preload(self, page: Page) -> None:
        from backprop.program.worker import PRELOADABLE

        code = "\n".join(step.code for step in page.executed)
        words = {"numpy.random": "numpy", "matplotlib.pyplot": "matplotlib", "assert": "assert"}
        wanted = [
            name
            for name in PRELOADABLE
            if name not in self._loaded
            and ("assert" if "assertion" in name else words.get(name, name)) in code
        ]
        if wanted:
            self._loaded.update(wanted)
            self.ask(preload=wanted)

        tools = [name for name in tools_of(page) if name not in self._loaded]
        if tools:
            self._loaded.update(tools)
            self.ask(tools=tools)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # somebody has ended it, with an order unread
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        scratch.remove(self._folder)


class Forker(Protocol):
    """What forks pages: the server, or a page that is to go on in several ways."""

    def ask(self, **order: Any) -> Any: ...


class Fork:
    def __init__(self, forker: Forker, order: dict[str, Any]):
        self._forker = forker
        self._pid = forker.ask(page=order)
        if self._pid is None:
            raise OSError("this page has threads, which a fork of it would lack")

    def stop(self) -> int | None:
        result: int | None = self._forker.ask(stop=self._pid)
        return result


class Spawn:
    """For systems that cannot fork: a fresh interpreter."""

    def __init__(self, order: dict[str, Any]):
        self._process = subprocess.Popen(
            _command(json.dumps(order)), env=environment(), start_new_session=os.name != "nt"
        )

    def stop(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)
        if hasattr(os, "killpg"):
            import signal

            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        return self._process.wait()
