"""Executes pages: one process a page, time and output limited, several pages at once.

`Executor` is what the site and the tests share. It starts nothing until the first fence has to
run, and it leaves no process behind.
"""

import os
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from backprop.program.page import Page
from backprop.program.processes import Server
from backprop.program.session import Limits, Outcome, Session, no_line

_UNSTABLE = (
    "seed its random numbers, such as np.random.default_rng(0), "
    "and show no times, names of temporary files or the like"
)
# Random numbers without a seed, times and the like.
_CHANCE = re.compile(
    r"default_rng\(\s*\)|\brandom\.(?!default_rng|Generator|seed|RandomState)\w+\("
    r"|\b(time|datetime|uuid|secrets|tempfile)\b|\burandom\b|\bid\("
)


@dataclass
class Result:
    """What a page did: one outcome for each of its executed steps, and the files it read."""

    outcomes: list[Outcome]
    files: list[str]


class Executor:
    """Runs pages. Use as a context manager, or call `close`.

    Modules of `preload` are imported once for all pages, so they are not among a page's files.
    """

    def __init__(
        self,
        root: Path,
        limits: Limits | None = None,
        jobs: int | None = None,
        preload: tuple[str, ...] = (),
    ):
        self.root = root.resolve()
        self.limits = limits or Limits()
        self.jobs = jobs or _cores()
        self.preload = preload
        # What else is asked of a page that has run; told the files that it read, when it is done.
        self.after: list[Callable[[Page, Session], Callable[[list[str]], None]]] = []
        # Told the outcomes so far of a page that is running, after each of its steps.
        self.heard: Callable[[Page, list[Outcome]], None] = lambda page, outcomes: None
        self.executed: list[str] = []  # names of the pages that were started, for reports
        self._server: Server | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> "Executor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._server:
            self._server.close()
            self._server = None

    def session(self, page: Page) -> "Session":
        with self._lock:
            self.executed.append(page.name)
            if self._server is None and hasattr(os, "fork"):
                self._server = Server()
                if self.preload:
                    self._server.ask(preload=self.preload)
            if self._server:
                self._server.preload(page)
        return Session(page, self.root, self.limits, self._server)

    def run(self, page: Page) -> Result:
        with self.session(page) as session:
            outcomes: list[Outcome] = []
            for index in range(len(page.executed)):
                outcomes.append(session.outcome(index))
                self.heard(page, outcomes)
            finish = [act(page, session) for act in self.after]
            result = Result(outcomes, session.files())
        for told in finish:
            told(result.files)
        self._drawn_again(page, result.outcomes)
        return result

    def _drawn_again(self, page: Page, outcomes: list[Outcome]) -> None:
        """A drawing has nobody who compares it, so one that may be another every time is redone."""
        drawn = drawn_by_chance(page, outcomes)
        if not drawn:
            return
        with self.session(page) as session:
            for index in drawn:
                again = session.outcome(index)
                if (again.figures, again.html) != (outcomes[index].figures, outcomes[index].html):
                    outcomes[index].error = no_line(f"this drawing is unstable; {_UNSTABLE}")

    def run_all(self, pages: Iterable[Page]) -> list[Result]:
        """Run pages side by side; results in the order of the pages."""
        pages = list(pages)
        with ThreadPoolExecutor(self.jobs) as pool:
            return list(pool.map(self.run, pages))

    def unstable(self, page: Page, index: int, outcome: Outcome) -> str:
        """Why a step prints something else on every run; empty if it does not."""
        printed = outcome.stdout + "".join(text for _, _, text in outcome.results)
        if address := re.search(r"\bat 0x[0-9a-fA-F]{4,}", printed):
            return (
                f"it prints a memory address ({address.group()}), which changes on every run: "
                "give the class a __repr__, or print something else"
            )
        if str(self.root) + os.sep in printed:
            return (
                f"it prints a path of this machine ({self.root}), which is another one elsewhere: "
                "print a part of it"
            )
        with self.session(page) as session:
            again = session.outcome(index)
        if (again.stdout, again.results) == (outcome.stdout, outcome.results):
            return ""
        return f"it prints something else on every run; {_UNSTABLE}"


def drawn_by_chance(page: Page, outcomes: list[Outcome]) -> list[int]:
    """The steps that have drawn something, if any of it may be another thing every time."""
    drawn = [i for i, one in enumerate(outcomes) if one.figures or one.html]
    return drawn if any(_CHANCE.search(step.code) for step in page.executed) else []


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
