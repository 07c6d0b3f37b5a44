"""The HTTP server: pages as they are, pages in place of those that are not, and what changed.

It answers at all times: from the newest site that is complete; while the first is being built,
from what there is of it.
"""

from __future__ import annotations

import errno
import filecmp
import json
import mimetypes
import os
import posixpath
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs, quote

from mkdocs.exceptions import Abort
from mkdocs.livereload import LiveReloadServer

from backprop.site.building import notice
from backprop.site.building.problems import Problem
from backprop.site.building.words import say

PATIENCE = 25.0
"""Seconds that a browser's question stays open when there is nothing to say."""


class State:
    """What is served and what browsers are to know; one lock for all of it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.root = ""
        self.complete = False  # whether `root` holds a whole site
        self.failed = False  # whether there is no site because of a fault
        self.epoch = _now()  # the newest change of any file
        self.version = 0  # counts changes of the list of faults
        self.problems: list[Problem] = []
        self.done, self.total = 0, 0
        self.busy = True  # whether a build is under way or due
        self.closed = False
        self._everywhere = self.epoch
        self._files: dict[str, int] = {}

    def show(self, root: str) -> list[str]:
        """Serve another folder from now on; the files that differ from what was served."""
        before = _names(self.root) if self.complete else set()
        after = _names(root)
        differ = before ^ after
        for name in before & after:
            pair = os.path.join(self.root, name), os.path.join(root, name)
            if not filecmp.cmp(*pair, shallow=False):
                differ.add(name)
        with self.changed:
            was_complete, self.complete, self.failed = self.complete, True, False
            self.root = root
            self._touch(differ, everywhere=not was_complete)
        return sorted(differ)

    def begin(self, root: str) -> None:
        """Serve a folder in which a first site is coming to be."""
        with self.changed:
            self.root = root

    def touched(self, names: Iterable[str]) -> None:
        """Files of the folder served were written."""
        with self.changed:
            self._touch(names)

    def _touch(self, names: Iterable[str], everywhere: bool = False) -> None:
        self.epoch = max(self.epoch + 1, _now())
        for name in names:
            self._files[name] = self.epoch
            # What pages load: styles, scripts, pictures. Feeds and indexes are for others.
            if name.endswith((".css", ".js", ".svg", ".png", ".jpg", ".webp", ".woff2")):
                everywhere = True
        if everywhere:
            self._everywhere = self.epoch
        self.changed.notify_all()

    def tell(self, problems: Sequence[Problem], failed: bool = False) -> None:
        """From now on this is what is wrong."""
        with self.changed:
            if list(problems) != self.problems:
                self.problems = list(problems)
                self.version += 1
            if failed and not self.complete:
                self.failed = True
                self._touch((), everywhere=True)
            self.changed.notify_all()

    def step(self, done: int, total: int) -> None:
        with self.changed:
            self.done, self.total = done, total
            self.changed.notify_all()

    def is_new(self, name: str, epoch: int) -> bool:
        """Whether a file, or what all pages share, changed after `epoch`."""
        return max(self._files.get(name, 0), self._everywhere) > epoch


def _no_address(host: str, port: int, error: OSError) -> str:
    """Why nothing can listen there, and what would be right."""
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        other = f"{host}:{port + 1}" if port < 65535 else f"{host}:8001"
        return (
            f"{where} is in use, perhaps by another `mkdocs serve`. End that one, or take another "
            f"address: mkdocs serve --dev-addr {other} (make serve ADDR={other})"
        )
    return f"{where} is no address to listen at: {error.strerror or error}"


def _now() -> int:
    return round(time.time() * 1000)


def _names(root: str) -> set[str]:
    return {
        os.path.relpath(os.path.join(folder, name), root)
        for folder, _, names in os.walk(root)
        for name in names
    }


class Server(LiveReloadServer):
    """MkDocs' server with other answers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.state = State()
        self.watched: list[str] = []

    def watch(self, path: str, func: None = None, *, recursive: bool = True) -> None:
        self.watched.append(os.path.abspath(path))

    def listen(self, work: Callable[[], None], open_in_browser: bool) -> None:
        """Serve in a thread of its own, for as long as `work` takes here.

        Raises:
            Abort: nothing can listen at the address; the message names another one.
        """
        try:
            self.server_bind()
        except OSError as error:
            raise Abort(
                _no_address(str(self.server_address[0]), self.server_address[1], error)
            ) from None
        self.server_activate()
        self.error_handler = self._error_page
        self.serve_thread.start()
        if open_in_browser:
            import webbrowser

            webbrowser.open(self.url)
        work()

    def shutdown(self, wait: bool = False) -> None:
        with self.state.changed:
            self.state.closed = True
            self.state.changed.notify_all()
        self._shutdown = True
        if self.serve_thread.is_alive():
            super(LiveReloadServer, self).shutdown()
        self.server_close()

    # ---- answers ---------------------------------------------------------------------------------
    def _serve_request(self, environ: Any, start_response: Any) -> Iterable[bytes] | None:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "ignore")
        query = {k: v[0] for k, v in parse_qs(environ.get("QUERY_STRING", "")).items()}
        if match := re.fullmatch(r"/livereload/([0-9]+)/[0-9]+", path):
            epoch = int(match[1])
            self._wait(lambda: self.state.epoch > epoch)
            return _answer(start_response, b"%d" % self.state.epoch, "text/plain")
        if path == notice.FOLDER + "state":
            return _answer(start_response, self._news(query), "application/json")
        if path.startswith(notice.FOLDER):
            name = path.removeprefix(notice.FOLDER)
            if name not in ("notice.js", "notice.css"):
                return None
            return _answer(start_response, notice.asset(name), mimetypes.guess_type(name)[0] or "")
        name = self._name(path)
        if name is None:
            if path == "/":
                start_response("302 Found", [("Location", quote(self.mount_path))])
                return []
            return None
        return self._file(path, name, environ, start_response)

    def _name(self, path: str) -> str | None:
        """The file that an address stands for, below the folder that is served."""
        if not (path + "/").startswith(self.mount_path):
            return None
        name = path[len(self.mount_path) :]
        if path.endswith("/"):
            name += "index.html"
        return posixpath.normpath("/" + name).lstrip("/")

    def _file(
        self, path: str, name: str, environ: Any, start_response: Any
    ) -> Iterable[bytes] | None:
        state = self.state
        for _ in range(3):  # the folder may be replaced while we look
            with state.changed:
                epoch, root, complete = state.epoch, state.root, state.complete
            target = os.path.join(root, name)
            try:
                with open(target, "rb") as file:
                    data = file.read()
            except OSError:
                if root != state.root:
                    continue
                break
            if target.endswith(".html"):
                data = notice.insert(data, state.problems, epoch, state.version)
            return _answer(start_response, data, self._guess_type(target))
        if not path.endswith("/") and (
            os.path.isfile(os.path.join(target, "index.html"))
            or (not complete and "." not in posixpath.basename(path))
        ):
            start_response("302 Found", [("Location", quote(path) + "/")])
            return []
        if complete or not name.endswith(".html"):
            return None
        language = _preferred(environ, name)
        if state.failed:
            page, status = notice.fatal_page(language), "500 Internal Server Error"
        else:
            page, status = notice.waiting_page(language, state.done, state.total), "200 OK"
        data = notice.insert(page, state.problems, epoch, state.version)
        return _answer(start_response, data, "text/html; charset=utf-8", status)

    def _error_page(self, code: int) -> bytes | None:
        state = self.state
        try:
            with open(os.path.join(state.root, f"{code}.html"), "rb") as file:
                return notice.insert(file.read(), state.problems, state.epoch, state.version)
        except OSError:
            return None

    def _news(self, query: dict[str, str]) -> bytes:
        """What is new for a browser with this page open; at once if something is."""
        state = self.state
        epoch, version = int(query.get("epoch", "0")), int(query.get("version", "0"))
        name = self._name(query.get("path", "/")) or ""
        waits = "waiting" in query
        done = state.done

        def news() -> bool:
            return (
                state.is_new(name, epoch)
                or state.version != version
                or (
                    waits and (state.done != done or os.path.isfile(os.path.join(state.root, name)))
                )
            )

        self._wait(news)
        language = query.get("lang", "en")
        reload = state.is_new(name, epoch)
        if waits and os.path.isfile(os.path.join(state.root, name)):
            reload = True
        return json.dumps(
            {
                "reload": reload,
                # A change that does not concern this page shall not hide a later one that does.
                "epoch": epoch,
                "version": state.version,
                "html": notice.listed(state.problems, language),
                "busy": state.busy,
                "done": state.done,
                "total": state.total,
                "progress": say("progress", language, done=state.done, total=state.total),
            }
        ).encode()

    def _wait(self, condition: Callable[[], bool]) -> None:
        state = self.state
        with state.changed:
            state.changed.wait_for(lambda: condition() or state.closed, timeout=PATIENCE)


def _answer(start_response: Any, data: bytes, kind: str, status: str = "200 OK") -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(data)))]
    start_response(status, [*headers, ("Cache-Control", "no-cache")])
    return [data]


def _preferred(environ: Any, name: str) -> str:
    """The language of a page that is not there: its folder's, or what the browser asks for."""
    first = name.split("/")[0]
    if re.fullmatch(r"[a-z]{2}", first):
        return first
    return str(environ.get("HTTP_ACCEPT_LANGUAGE", "zh"))[:2]
