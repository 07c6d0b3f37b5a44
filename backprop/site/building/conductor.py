"""From saved files to builds and first looks, and from these to what browsers are told.

One thread does all of it: it looks for changed files, listens to the build processes, and decides.
There is at most one build that is complete and answers for its pages (`current`) and one that is
under way (`next`); an edit ends the one under way.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from multiprocessing.connection import Connection, wait
from typing import Any, cast

from mkdocs.utils import is_markdown_file

from backprop.program import scratch
from backprop.site.building import own
from backprop.site.building.child import SITE
from backprop.site.building.problems import Problem
from backprop.site.building.processes import Ancestor, Fork, Order
from backprop.site.building.server import Server
from backprop.site.building.watching import Watch

log = logging.getLogger("mkdocs.livereload")

MOST_LOOKS = 4
"""Edited files that are shown one by one before the whole; more are a checkout, not an edit."""
_WORK = ("posts: Executed ",)
"""How lines begin that tell of work. Others tell of the state of things, and are said once for as
long as it lasts, not with every build."""
_UNSAID = ("Cleaning site directory", "Building documentation", "Documentation built in")


class Conductor:
    """looks: whether an edited page is made again ahead of the whole."""

    def __init__(self, server: Server, ancestor: Ancestor, looks: bool) -> None:
        self.server, self.state, self.ancestor = server, server.state, ancestor
        self.looks = looks
        # Sockets are made there, whose paths may have a hundred characters.
        deep = len(tempfile.gettempdir()) > 40 and os.path.isdir("/tmp")
        self.folder, self.temporary = scratch.make(), scratch.make("/tmp" if deep else None)
        self.watch = Watch()
        self.current: Fork | None = None
        self.next: Fork | None = None
        self.said: set[tuple[str, str]] = set()
        self._standing: set[str] = set()  # what this build tells of the state of things
        self._known: set[str] = set()  # what the last one has told
        self._faulty = False  # whether the last list of faults had one
        self._count = 0
        self._looking = False
        self._looked_at: set[str] = set()
        self._edited: set[str] = set()
        self._again = False  # whether something has changed that scripts may have read
        self._waiting = False  # an edit waits for its whole build
        self._silent = False  # the build that is under way is no edit's
        self._since = 0.0
        self._bar = _Bar()

    def run(self) -> None:
        """Until the server is closed; a signal ends it by an exception."""
        log.info("Making the site; meanwhile %s answers", self.server.url)
        self.watch.add(self.server.watched, own.BEGAN)
        self._start()
        pause = 0.1
        while not self.state.closed:
            self._listen(pause)
            began = time.thread_time()
            changed = self.watch.changes() if self.server.watched else set()
            # Looking is to take a twentieth of a processor at most.
            pause = min(2.0, max(0.1, 20 * (time.thread_time() - began))) if not changed else 0.05
            if changed:
                self.state.busy = True
                self._edited |= changed  # and wait until nothing more changes
            elif self._edited and not self._looking:
                edited, self._edited = self._edited, set()
                self._edit(edited)
            elif self._waiting and not self._looking:
                self._waiting = False
                self._start()
            self.state.busy = bool(self._edited or self._looking or self._waiting or self.next)

    def close(self) -> None:
        self._bar.clear()
        for fork in (self.next, self.current):
            if fork:
                fork.end(wait=2.0)
        self.ancestor.close()
        for folder in (self.folder, self.temporary):
            scratch.remove(folder)

    # ---- edits -----------------------------------------------------------------------------------
    def _edit(self, edited: set[str]) -> None:
        log.info("Changed: %s", _few(edited))
        overtaken, self.next = self.next, None
        if overtaken:
            overtaken.ask_to_end()  # what it takes of the processors is wanted for the look
        self._since, self._waiting, self._silent = time.monotonic(), True, False
        self._again |= not all(map(is_markdown_file, edited))
        if self.current and self.looks and len(edited) <= MOST_LOOKS:
            self._looking = self.current.send("look", sorted(edited))
            self._looked_at = {os.path.relpath(path) for path in edited}
        if overtaken:
            self._drop(overtaken)

    def _start(self) -> None:
        self._count += 1
        self._known, self._standing = self._known | self._standing, set()
        folders = [os.path.join(root, str(self._count)) for root in (self.folder, self.temporary)]
        for folder in folders:
            os.makedirs(folder)
        self._since = self._since or time.monotonic()
        order = Order(folders[0], folders[1], not self.state.complete, self._again)
        self.next = self.ancestor.fork(order)
        if not self.state.complete:
            self.state.begin(os.path.join(folders[0], SITE))

    def _drop(self, fork: Fork) -> None:
        fork.end(wait=1.0)
        for folder in fork.folders:
            shutil.rmtree(folder, ignore_errors=True)

    # ---- what the processes say ------------------------------------------------------------------
    def _listen(self, seconds: float) -> None:
        forks: dict[Any, Fork] = {f.connection: f for f in (self.current, self.next) if f}
        until = time.monotonic() + seconds
        while forks and (ready := wait(list(forks), max(0.0, until - time.monotonic()))):
            for connection in ready:
                fork = forks[connection]
                try:
                    name, *rest = cast(Connection, connection).recv()
                except (EOFError, OSError):
                    del forks[connection]
                    self._ended(fork)
                    continue
                getattr(self, f"_hear_{name}")(fork, *rest)
            forks = {c: f for c, f in forks.items() if f in (self.current, self.next)}
        if rest_of_time := until - time.monotonic():
            if not forks and rest_of_time > 0:
                time.sleep(rest_of_time)

    def _hear_log(self, fork: Fork, level: int, name: str, text: str) -> None:
        """The terminal says a fault once, as long as it stands."""
        if level >= logging.WARNING:
            if (name, text) in self.said:
                return
            self.said.add((name, text))
        elif self._silent or text.startswith(_UNSAID):
            return
        elif not text.startswith(_WORK):
            known = text in self._known or text in self._standing  # or by another language
            self._standing.add(text)
            if known:
                return
        self._bar.clear()
        record = logging.LogRecord(name, level, "", 0, text, None, None)
        if logging.getLogger("mkdocs").isEnabledFor(level):
            for handler in logging.getLogger("mkdocs").handlers:
                if level >= handler.level:
                    handler.emit(record)

    def _hear_progress(self, fork: Fork, done: int, total: int) -> None:
        if fork is not self.next:
            return
        self.state.step(done, total)
        if time.monotonic() - self._since > 2 and not self._silent:
            self._bar.show(done, total)

    def _hear_built(
        self, fork: Fork, problems: list[Problem], strict: bool, watch: list, knows_all: bool
    ) -> None:
        self._bar.clear()
        first = not self.state.complete
        old, self.current, self.next = self.current, fork, None
        self._watch(watch)
        # The list first: a page that is loaded anew shall not show yesterday's faults.
        self._tell(problems)
        self.state.show(os.path.join(fork.folders[0], SITE))
        if old:
            self._drop(old)
        took = time.monotonic() - self._since
        if strict and not self._silent:
            self._stuck("There are faults, which a strict build does not pass.")
        if not self._silent:
            self._known = set()  # what is no longer said is news when it comes again
        if first:
            log.info("Made the site in %.1f s", took)
            log.info("Serving on %s", self.server.url)
        elif not strict and not self._silent:
            still = _still(problems)
            log.info("Reloading browsers: all pages are up to date (%.1f s)%s", took, still)
        self._since = 0.0
        # One that knows all languages takes its place, from memory, before the first edit.
        self._waiting = self._silent = not knows_all

    def _hear_failed(self, fork: Fork, problems: list[Problem], watch: list[str]) -> None:
        named = [os.path.abspath(problem.file) for problem in problems if problem.file]
        self._watch([*watch, *named])
        self._failed(fork, problems)

    def _watch(self, paths: list[str]) -> None:
        if self.server.watched:  # not with --no-livereload
            since = own.BEGAN if self._silent or not self.state.complete else None
            self.watch.add([*self.server.watched, *paths], since)

    def _ended(self, fork: Fork) -> None:
        """A process has ended that was not to end."""
        if fork is self.next:
            text = "The process that builds the site ended unexpectedly; the terminal may say why."
            self._failed(fork, [Problem("fatal", text)])
        elif fork is self.current:
            fork.connection.close()
            self.current = None  # the next edit is a whole build
            if self._looking:
                self._looking = False

    def _failed(self, fork: Fork, problems: list[Problem]) -> None:
        self._bar.clear()
        self.next, self._silent = None, False
        self._drop(fork)
        self._tell(problems, failed=True)
        self._stuck("An error happened during the rebuild.")
        self._since = 0.0

    def _stuck(self, why: str) -> None:
        log.error(
            "%s The browser shows it beside the last good page, until build errors are resolved: "
            "then %s is up to date again.",
            why,
            self.server.url,
        )

    def _hear_found(self, fork: Fork, problems: list[Problem]) -> None:
        """What a first look has met on its way: browsers are told, whatever still takes long."""
        if self._looking:
            self.state.tell(self._with(problems))

    def _with(self, problems: list[Problem]) -> list[Problem]:
        """What is wrong, when this is what is wrong with the files that are looked at."""
        others = [p for p in self.state.problems if not p.concerns(self._looked_at)]
        return [*others, *(p for p in problems if p not in others)]

    def _hear_looked(
        self, fork: Fork, path: str, written: str, problems: list[Problem], ended: bool
    ) -> None:
        if ended:
            self._looking = False
            return
        self._tell(self._with(problems))
        self.state.touched([written])
        there = os.path.exists(os.path.join(fork.folders[0], SITE, written))
        what = "Shown" if there else "Taken away"
        log.info("%s after %.2f s: %s", what, time.monotonic() - self._since, written)

    def _tell(self, problems: list[Problem], failed: bool = False) -> None:
        self.state.tell(problems, failed)
        faulty = any(problem.level != "remark" for problem in problems)
        if self._faulty and not faulty:
            log.info("No fault is left")
        self._faulty = faulty
        standing = {problem.text for problem in problems}
        self.said = {said for said in self.said if said[1] in standing}


class _Bar:
    """A line of the terminal that says how far a build is, and goes."""

    def __init__(self) -> None:
        self.shown = False

    def show(self, done: int, total: int) -> None:
        if sys.stderr.isatty():
            width = 30
            full = width * done // max(1, total)
            bar = "█" * full + "░" * (width - full)
            sys.stderr.write(f"\r{bar} {done} of {total} steps ")
            sys.stderr.flush()
            self.shown = True

    def clear(self) -> None:
        if self.shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self.shown = False


def _still(problems: list[Problem]) -> str:
    """How many faults there still are."""
    count = sum(problem.level != "remark" for problem in problems)
    return f"; {count} fault{'s' * (count > 1)} left, listed above" if count else ""


def _few(paths: Iterable[str], most: int = 3) -> str:
    names = sorted(map(os.path.relpath, paths))
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
