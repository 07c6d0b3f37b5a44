"""The processes in which pages run: a server that has imported numpy once, and a fork per page.

    parent ── one line of JSON on stdin ──► server ── fork ──► page
       ▲◄────────────── the page connects back, one message a fence ──┘

What a page prints goes to files, so that nothing is lost when it crashes. Where the system cannot
fork, every page is a fresh interpreter that does the same. Between two fences a page can itself be
forked, as the server is: the copy goes on from there, with other fences if need be.
"""

import builtins
import contextlib
import importlib
import json
import os
import random
import select
import shutil
import signal
import sys
import threading
import traceback
import warnings
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from backprop.program import guard, runner
from backprop.program.kinds import modules
from backprop.program.page import DATA

# Imported before the fork if a page mentions them: third-party modules that take long to load.
# Of numpy that part, too, which it loads when it is first asked for: each page is, for its seed.
PRELOADABLE = ("numpy.random", "matplotlib.pyplot", "scipy", "sympy", "_pytest.assertion.rewrite")

# What runs Python is there before any page is, which could take it for something that it imports.
for _name in modules(here=True):
    importlib.import_module(_name)

# What runs fences that are more than Python, imported before the fork if a page has one: modules
# of this project, which pages without one are to find as if nobody had.
_tools: set[str] = set()


def serve(folder: str) -> None:
    """Read orders from stdin until it ends: fork a page, or stop one and report how it ended.

    folder: was made for the scratch directories of all pages; it goes when stdin ends, be it
    because the parent was killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: dict[int, str] = {}  # and their scratch directories
    mourner, told = _mourner(folder)
    orders, answers = sys.stdin, os.dup(1)
    os.dup2(2, 1)  # whatever a preloaded module prints must not be taken for an answer
    for line in orders:
        order = json.loads(line)
        answer: Any = None
        if "preload" in order:
            for name in order["preload"]:
                # A broken module is reported by the page that imports it.
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        elif "tools" in order:
            before = set(sys.modules)
            for name in order["tools"]:
                with contextlib.suppress(Exception):
                    tool = importlib.import_module(name)
                    getattr(tool, "ready", bool)()
            _tools.update(n for n in set(sys.modules) - before if n.startswith("backprop."))
        elif "page" in order:
            answer = os.fork()
            if answer == 0:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os.close(answers)
                _tell(told, f"+{os.getpid()}")
                os.close(told)
                _be_page(order["page"])
            children[answer] = order["page"]["scratch"]
        elif "stop" in order:
            answer = _stop(order["stop"], children.pop(order["stop"], None))
            _tell(told, f"-{order['stop']}")
        os.write(answers, json.dumps(answer).encode() + b"\n")
    for pid, scratch in children.items():
        _stop(pid, scratch)
        _tell(told, f"-{pid}")
    shutil.rmtree(folder, ignore_errors=True)
    os.close(told)
    os.waitpid(mourner, 0)


def _tell(told: int, what: str) -> None:
    with contextlib.suppress(OSError):
        os.write(told, f"{what}\n".encode())


def _mourner(folder: str) -> tuple[int, int]:
    """A process that waits until this one has ended, without a word perhaps, and ends the pages
    that are left then: one in an endless loop would not notice. Its number, and a pipe to tell it
    of pages, which ends when we do; each page tells of itself before it lets go of it."""
    hears, told = os.pipe()
    pid = os.fork()
    if pid:
        os.close(hears)
        return pid, told
    try:
        os.setsid()
        os.close(told)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):  # whose ends others may wait for
            os.dup2(nothing, stream)
        left: set[int] = set()
        with open(hears, encoding="ascii") as lines:
            for line in lines:
                (left.add if line[0] == "+" else left.discard)(int(line[1:]))
        for page in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(page, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(page, signal.SIGKILL)
        if left:  # else the folder has been seen to
            _sweep(folder)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(0)


def _stop(pid: int, scratch: str | None = None) -> int:
    """End a page and everything that it started; its exit code, negative for a signal."""
    done, status = os.waitpid(pid, os.WNOHANG)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if not done:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    if scratch and os.path.exists(os.path.join(scratch, guard.STARTED)):
        _sweep(scratch)
    return os.waitstatus_to_exitcode(status)


def _sweep(scratch: str) -> None:
    """End what left the group of its page: it still works in the directory of the page."""
    work = os.path.realpath(scratch) + os.sep
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if name.isdigit() and f"{os.readlink(f'/proc/{name}/cwd')}/".startswith(work):
                    os.kill(int(name), signal.SIGKILL)


def _be_page(order: dict[str, Any]) -> None:
    """Be the process of a page, and never return."""
    try:
        run_page(order)
        os._exit(0)
    finally:
        os._exit(70)


def run_page(order: dict[str, Any]) -> None:
    """Answer one request after the other until there is none."""
    conn, streams = _settle(order)
    sys.stdin = open(os.devnull)  # noqa: SIM115 - lives as long as the process
    os.dup2(sys.stdin.fileno(), 0)
    sys.path[:] = order["path"]
    sys.argv[:] = [order["name"]]
    _seed()
    copies = _Copies(conn)
    in_threads: list[str] = []
    threading.excepthook = lambda args: in_threads.append(
        "".join(traceback.format_exception_only(args.exc_type, args.exc_value)).strip()
    )
    if not order["tools"]:
        _without_tools()
    before = set(sys.modules) - _tools
    opened = guard.install(order["root"], order["scratch"])
    module = runner.prepare(order["name"], order["sources"], order["file"])
    original = builtins.__dict__.copy()
    changed: dict[str, Any] = {}
    while True:
        request = json.loads(conn.recv_bytes())
        if request is None:
            guard.lift()
            files = guard.dependencies(opened, before, order["root"])
            conn.send_bytes(json.dumps(files).encode())
            return
        if "page" in request:
            pid = copies.fork()
            if pid != 0:
                conn.send_bytes(json.dumps(pid).encode())
            else:
                order = request["page"]
                conn, streams = _settle(order)
                copies = _Copies(conn)
                runner.remember(order["name"], order["sources"], order["file"])
            continue
        if "stop" in request:
            conn.send_bytes(json.dumps(_stop(request["stop"])).encode())
            continue
        builtins.__dict__.update(changed)
        result = runner.run(request, order["name"], module)
        # A page may change the builtins that we need; it has its own again for its next fence.
        changed = builtins.__dict__.copy()
        builtins.__dict__.update(original)
        for stream in (sys.stdout, sys.stderr, *streams):
            with contextlib.suppress(Exception):
                stream.flush()
        if copies.ran_on() and not result.get("error"):
            message = (
                "this fence forked, and the copy ran on past its end: "
                "end the copy with os._exit(0), or start a subprocess"
            )
            result["error"] = {"type": "", "message": message, "line": None, "text": ""}
        if in_threads and not result.get("error"):
            message = f"a thread of this fence raised {in_threads[0]}"
            result["error"] = {"type": "", "message": message, "line": None, "text": ""}
        in_threads.clear()
        conn.send_bytes(json.dumps(result).encode("utf-8", "replace"))


def _without_tools() -> None:
    """Forget the tools, so that a page that imports one of these modules depends on it; and what
    the package itself keeps of them: there would be two of each class else, bp.trace's old one."""
    if not _tools:
        return
    kept = vars(sys.modules["backprop"])
    for name in [n for n, value in kept.items() if getattr(value, "__module__", "") in _tools]:
        del kept[name]
    for name in _tools:
        module = sys.modules.pop(name, None)
        package, _, child = name.rpartition(".")
        above = sys.modules.get(package)
        if above is not None and vars(above).get(child) is module:
            delattr(above, child)


def _settle(order: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Be a session of one's own: connected, printing to the scratch directory, working there."""
    if hasattr(os, "setsid") and os.getpid() != os.getpgid(0):
        os.setsid()
    conn = Client(order["address"])
    scratch, work = Path(order["scratch"]), Path(order["scratch"]) / "work"
    streams = [_redirect(fd, scratch / name) for fd, name in ((1, "stdout"), (2, "stderr"))]
    if order.get("work"):
        shutil.copytree(order["work"], work, symlinks=True)
    else:
        work.mkdir()
        _offer(Path(order["file"]).with_name(DATA), work / DATA)
    os.chdir(work)
    return conn, streams


def _offer(data: Path, there: Path) -> None:
    """The folder `data` beside a page, where its fences work."""
    if data.is_dir():
        try:
            there.symlink_to(data, target_is_directory=True)
        except OSError:  # where the system wants a privilege for it
            shutil.copytree(data, there)


class _Copies:
    """A fence may fork. The copy must not answer in our name, and going on is a mistake."""

    def __init__(self, conn: Connection):
        self._conn, self._here, self._forks = conn, os.getpid(), 0
        self._heard, self._said = os.pipe()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=conn.close, after_in_parent=self._count)

    def _count(self) -> None:
        self._forks += 1

    def fork(self) -> int | None:
        """A copy that is wanted; None where a copy would lack threads that this process has."""
        if _threads() > 1:
            return None
        before, pid = self._forks, os.fork()
        self._forks = before
        return pid

    def ran_on(self) -> bool:
        """At the end of a fence: did a copy of this process come here too? A copy ends here."""
        if os.getpid() != self._here:
            os.write(self._said, b"!")
            os._exit(0)
        if not self._forks:
            return False
        os.close(self._said)  # so that the pipe ends when the last copy does
        ready, _, _ = select.select([self._heard], [], [], 1.0)
        ran_on = bool(ready and os.read(self._heard, 1))
        os.close(self._heard)
        self._forks, (self._heard, self._said) = 0, os.pipe()
        return ran_on


def _threads() -> int:
    with contextlib.suppress(OSError):
        return len(os.listdir("/proc/self/task"))  # those of C code too
    return threading.active_count()


def _redirect(fd: int, path: Path) -> Any:
    """Let everything that is written to `fd`, from C code and subprocesses too, go to a file."""
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(target, fd)
    os.close(target)
    stream = os.fdopen(fd, "w", encoding="utf-8", errors="replace", closefd=False)
    for name in ("stdout", "__stdout__") if fd == 1 else ("stderr", "__stderr__"):
        setattr(sys, name, stream)
    return stream


def _seed() -> None:
    """Forget the random state that all forks share, or seedless numbers would look repeatable."""
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()


if __name__ == "__main__":
    # plt.show() means nothing here, and Agg would complain about it. Said once for all pages.
    warnings.filterwarnings("ignore", message=".*non-interactive, and thus cannot be shown")
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        _be_page(json.loads(sys.argv[1]))
