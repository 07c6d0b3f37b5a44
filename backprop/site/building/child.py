"""What a forked process does: one whole build, then first looks at pages, each in its own fork.

It says to the server:

    ("log", level, name, text)         a line for the terminal
    ("progress", done, total)
    ("built", problems, strict, watch, knows_all)   the site stands in its folder; whether this
                                       process knows all languages
    ("failed", problems, watch)        no site
    ("found", problems)                what is wrong with the files of a first look, as far as it
                                       is known before there is any
    ("looked", path, written, problems, ended)      a file of a first look is there
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mkdocs.commands.build import build
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, MkDocsException

from backprop.program import store
from backprop.site.building import beside, own, witness
from backprop.site.building.look import look
from backprop.site.building.problems import Problem, locate, of_record
from backprop.site.building.processes import Order
from backprop.site.building.reads import Reads

SITE = "site"
_MISSING = re.compile(r"['\"]([^'\"\n]*[./][^'\"\n]*)['\"]")
"""How messages name a file that they miss, from the root or from where the command runs."""


class _Hearer(logging.Handler):
    """In the place of the terminal: passes on what is said, and keeps what is wrong."""

    def __init__(self, say: Callable[..., None]) -> None:
        super().__init__()
        self.say = say
        self.problems: list[Problem] = []
        self.early: list[Problem] = []
        self.found: Callable[[list[Problem]], None] = lambda problems: None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            problem = of_record(record)
            known = self.early if getattr(record, "early", False) else self.problems
            if problem and problem not in known:
                known.append(problem)
                if known is self.early:
                    self.found(known)
            if problem and problem.level == "remark":
                return
            self.say("log", record.levelno, record.name, record.getMessage())
        except OSError:
            pass  # the server is gone, and so shall we be


class Child:
    """order: what to do, and where the site and whatever else is to be written."""

    def __init__(self, connection: Connection, order: Order) -> None:
        self.connection = connection
        self._one_at_a_time = threading.Lock()  # pages run in threads, and tell what they find
        self.site_dir = os.path.join(order.folder, SITE)
        self.observer = witness.Observer(lambda done, total: self.say("progress", done, total))
        self.config: MkDocsConfig | None = None
        self.named: list[str] = []  # files in which a fault was met
        self.reads = Reads()
        # Blogs and others keep files that they make here; all of it goes when this build goes.
        tempfile.tempdir = order.temporary
        beside.wanted = order.first  # later builds know all languages, for first looks
        os.makedirs(self.site_dir, exist_ok=True)
        self.hearer = _Hearer(self.say)
        logger = logging.getLogger("mkdocs")
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
        logger.addHandler(self.hearer)
        witness.observe(self.observer)
        MkDocsConfig.plugins.plugin_cache.clear()  # type: ignore[attr-defined]

    def say(self, *message: Any) -> None:
        with self._one_at_a_time:
            self.connection.send(message)

    def run(self, builder: Callable[[], None]) -> None:
        """Build; then answer until the server goes or sends this process away."""
        complete = False
        try:
            builder()
            complete = True
        except Abort:
            # With --strict MkDocs ends a build because of its warnings when all is written.
            complete = self._all_written()
        except SystemExit:
            raise
        except Exception as error:
            self._crashed(error)
        if not complete:
            fatal = [
                replace(problem, level="fatal") if problem.level == "error" else problem
                for problem in self.hearer.problems
            ]
            self.named += [
                path
                for problem in fatal
                for path in _MISSING.findall(problem.text)
                if not os.path.exists(path)
            ]
            self.say("failed", self._placed(fatal), self._watched(builder))
            return
        strict = bool(self.config and self.config.strict) and any(
            problem.level in ("warning", "error") for problem in self.hearer.problems
        )
        watched, knows_all = self._watched(builder), not beside.begun
        self.say("built", self._placed(self.hearer.problems), strict, watched, knows_all)
        while True:
            name, *rest = self.connection.recv()
            if name == "look":
                self._fork_look(rest[0])

    def build(self, config: MkDocsConfig, *, serve_url: str | None, dirty: bool) -> None:
        """In the place of MkDocs' `build`: as a new command would do it, into our own folder."""
        self.config = config
        config.site_dir = self.site_dir
        config.plugins.on_startup(command="serve", dirty=dirty)
        build(config, serve_url=serve_url, dirty=dirty)

    def _all_written(self) -> bool:
        sites = self.observer.sites
        return bool(sites) and all(
            site.env is not None
            and all(
                os.path.exists(file.abs_dest_path)
                for file in site.files.documentation_pages()
                if file.inclusion.is_included()
            )
            for site in sites
        )

    def _crashed(self, error: Exception) -> None:
        """A fault that MkDocs has no words for: a plugin's, or ours."""
        if isinstance(error, MkDocsException):  # said in words, such as a mistake in mkdocs.yml
            self.say("log", logging.ERROR, "mkdocs", str(error))
            self.hearer.problems.append(locate(Problem("error", str(error))))
            return
        if gone := _gone(error):
            self.say("log", logging.ERROR, "mkdocs", gone)
            self.hearer.problems.append(locate(Problem("error", gone)))
            self.named.append(os.path.abspath(str(error.filename)))  # type: ignore[attr-defined]
            return
        trace = "".join(traceback.format_exception(error))
        frames = traceback.extract_tb(error.__traceback__)
        places = [(f.filename, f.lineno) for f in frames if not own.is_installed(f.filename)]
        what = str(error)
        if isinstance(error, SyntaxError) and error.filename:  # which no frame stands in
            places.append((error.filename, error.lineno))
            what = error.msg
        self.named += [path for path, _ in places]
        place = f"{os.path.relpath(places[-1][0])}:{places[-1][1]}: " if places else ""
        self.say("log", logging.ERROR, "mkdocs", trace)
        text = f"{place}{type(error).__name__}: {what}"
        known = any(str(error) in problem.text for problem in self.hearer.problems)
        if not known or not str(error):
            self.hearer.problems.append(locate(Problem("error", text)))

    def _placed(self, problems: list[Problem]) -> list[Problem]:
        """Problems with the address of the page that shows them."""
        return [replace(problem, url=self._address(problem.file)) for problem in problems]

    def _address(self, name: str) -> str:
        path = os.path.abspath(name) if name else ""
        for site in self.observer.sites:
            if path and site.holds(path) and (file := site.file(path)) and file.page:
                return (site.config.site_url or "/").rstrip("/") + "/" + file.page.url.lstrip("./")
        return ""

    def _watched(self, builder: Any) -> list[str]:
        """The files and folders whose changes are a reason to build again."""
        if self.config is None:
            return self.named
        recorder = _Recorder()
        try:
            self.config.plugins.on_serve(recorder, config=self.config, builder=builder)  # type: ignore[arg-type]
        except Exception as error:  # after a failed build they may know nothing yet
            logging.getLogger("backprop").debug("on_serve of a plugin: %r", error)
        paths = [self.config.docs_dir, *self.config.watch, *recorder.paths, *self.named]
        paths += own.hooks(self.config)
        paths += [path for _, path in own.modules(self.config) if not os.path.isdir(path)]
        theme = [d for d in self.config.theme.dirs if "site-packages" not in Path(d).parts]
        project = os.path.dirname(os.path.abspath(self.config.config_file_path or "mkdocs.yml"))
        docs = [site.config.docs_dir for site in self.observer.sites]
        read = self.reads.below([project, os.getcwd()])
        read = [path for path in read if not path.startswith((*docs, self.site_dir))]
        return [*paths, *theme, *read]

    def _fork_look(self, paths: list[str]) -> None:
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
            return
        self.hearer.problems.clear()
        self.hearer.found = lambda problems: self.say("found", self._placed(problems))
        try:
            # What is gone first: lists of posts are made again for what is there, without it.
            for path in sorted(paths, key=os.path.exists):
                for written in look(self.observer.sites, path):
                    relative = os.path.relpath(written, self.site_dir)
                    self.say("looked", path, relative, self._placed(self.hearer.problems), False)
        except BaseException as error:
            # The whole build that follows will say it in its own words.
            logging.getLogger("backprop").debug("no first look: %r", error)
        finally:
            try:
                self.say("looked", "", "", [], True)
                store.keep()
            finally:
                os._exit(0)


def _gone(error: Exception) -> str:
    """What is to be said of a file of the author's that was there when the build began."""
    if not isinstance(error, FileNotFoundError) or not isinstance(error.filename, str):
        return ""
    shown = os.path.relpath(error.filename)
    if shown.startswith(os.pardir) or ".cache" in Path(shown).parts or os.path.exists(shown):
        return ""
    if os.path.islink(shown):
        return f"{shown}:1: this is a link to {os.readlink(shown)}, which does not exist"
    return f"{shown}:1: this file went away while the site was built"


class _Recorder:
    """The server that plugins are shown in `on_serve`: it takes down what is to be watched."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def watch(self, path: str, func: None = None, *, recursive: bool = True) -> None:
        self.paths.append(os.path.abspath(path))

    def unwatch(self, path: str) -> None:
        path = os.path.abspath(path)
        if path in self.paths:
            self.paths.remove(path)
