"""A build of which nothing has changed is not made again: the site of the last one is written.

While a site is built, every file that is opened and every folder that is listed is noted, whoever
does it. The next `mkdocs build` looks at these first. Only a build whose settings, plugins and
versions are the same, and that warned of nothing, is used again; a plugin that may depend on
something else, such as a script of `hooks`, is reason enough to build.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mkdocs.commands import build as mkdocs_build
from mkdocs.config.defaults import MkDocsConfig

from backprop.program import scratch
from backprop.program.files import write
from backprop.program.store import digest
from backprop.site.building import memory, witness
from backprop.site.building.aside import aside
from backprop.site.building.premises import depends_on_files, program, settings_of

log = logging.getLogger("mkdocs.commands.build")

_ENVIRONMENT = ("SOURCE_DATE_EPOCH", "TZ", "LANG", "LC_ALL", "LC_TIME", "PYTHONPATH")
_LATE = 0.05
"""Seconds by which the clock of a file system may be behind."""

_original = mkdocs_build.build


def take_over() -> None:
    """Look at what there is before MkDocs builds; called by a plugin's `on_startup`."""
    if mkdocs_build.build is _original:
        mkdocs_build.build = _build


def give_back() -> None:
    """Undo `take_over`, when the command ends."""
    if mkdocs_build.build is _build:
        mkdocs_build.build = _original


def _build(config: MkDocsConfig, *, serve_url: str | None = None, dirty: bool = False) -> None:
    """In the place of MkDocs' `build`."""
    if dirty or serve_url:  # into what is there
        _original(config, serve_url=serve_url, dirty=dirty)
        return
    with aside(config) as site:
        if memory.of(config).remembers and depends_on_files([config]):
            _build_what_changed(config, site)
        else:
            _original(config)


def _build_what_changed(config: MkDocsConfig, site: str) -> None:
    """site: the folder that the site will stand in when it is done."""
    began = time.monotonic()
    store = _Sites(memory.folder(config) / "site", _key(config))
    if store.restore(config.site_dir, site):
        log.info("Nothing has changed since this site was built: it is written as it was")
        log.info("Documentation built in %.2f seconds", time.monotonic() - began)
        return
    observer = witness.Observer(lambda done, total: None)
    witness.observe(observer)
    started = time.time() - _LATE
    try:
        with _noting(observer) as noted, _listening(config.strict) as warned:
            _original(config)
    finally:
        witness.observe(None)
    if not warned and observer.sites and noted.depends_on_files():
        read = noted.digests(config, site, started)
        if read is not None and all(source in read for source in noted.sources()):
            store.keep(config.site_dir, read)


def _sources(sites: Iterable[witness.BuiltSite]) -> Iterator[str]:
    """What has been read without doubt: the pages, and the folders that they stand in."""
    for site in sites:
        yield os.path.abspath(site.config.docs_dir)
        for file in site.files.documentation_pages():
            path = os.path.abspath(file.abs_src_path or os.devnull)
            if path.startswith(_folder(site.config.docs_dir)):
                yield path


def _key(config: MkDocsConfig) -> str:
    source = Path(config.config_file_path or os.devnull).read_bytes()
    environment = [os.environ.get(name) for name in _ENVIRONMENT]
    known = [hashlib.sha256(source).hexdigest(), settings_of(config), environment, os.getcwd()]
    return digest(program(), known)


@contextmanager
def _listening(strict: bool) -> Iterator[list[str]]:
    """The warnings that are logged meanwhile; with `--quiet` too, which shows those of `strict`."""
    warned: list[str] = []

    class Hearer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warned.append(record.getMessage())

    logger, hearer = logging.getLogger("mkdocs"), Hearer(logging.WARNING)
    level, others = logger.level, [(handler, handler.level) for handler in logger.handlers]
    if level > logging.WARNING:
        for handler, own in others if not strict else ():
            handler.setLevel(max(own, level))
        logger.setLevel(logging.WARNING)
    logger.addHandler(hearer)
    try:
        yield warned
    finally:
        logger.removeHandler(hearer)
        if level > logging.WARNING:
            logger.setLevel(level)
            for handler, own in others:
                handler.setLevel(own)


# ---- the site of the last build ----------------------------------------------------------------
class _Sites:
    """One site, and what it was made of; a disk that cannot be used is no error."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        self.record = folder / "made.json"

    def restore(self, made_in: str, site: str) -> bool:
        """Write the site to the folder `made_in`, which is empty, if it is known and still true."""
        try:
            known = json.loads(self.record.read_text("utf-8"))
            if known["key"] != self.key:
                return False
            if any(_digest(path, site) != held for path, held in known["read"].items()):
                return False
            kept, made = Path(self.folder, known["folder"]), known["made"]
            if any(_sha((kept / name).read_bytes()) != held for name, held in made.items()):
                self.record.unlink()  # somebody has damaged it
                return False
            for name in made:
                target = os.path.join(made_in, name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copyfile(kept / name, target)
            return True
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def keep(self, made_in: str, read: dict[str, str]) -> None:
        """Keep the site, of which most is what is kept already."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            kept, before = self._before()
            self.record.unlink(missing_ok=True)  # until it is true again
            made = {}
            for root, _, names in os.walk(made_in):
                below = os.path.relpath(root, made_in)
                os.makedirs(os.path.join(kept, below), exist_ok=True)
                for name in names:
                    with open(os.path.join(root, name), "rb") as file:
                        data = file.read()
                    path = os.path.normpath(os.path.join(below, name))
                    made[path] = _sha(data)
                    if before.pop(path, "") != made[path]:
                        Path(kept, path).write_bytes(data)
            for path in before:
                Path(kept, path).unlink(missing_ok=True)
            known = {"key": self.key, "folder": os.path.basename(kept), "read": read, "made": made}
            write(self.record, json.dumps(known).encode())
            for other in self.folder.iterdir():
                if other.is_dir() and other.name != os.path.basename(kept):
                    shutil.rmtree(other, ignore_errors=True)

    def _before(self) -> tuple[str, dict[str, str]]:
        """The folder of the site that was kept last, and what is in it."""
        try:
            known = json.loads(self.record.read_text("utf-8"))
            kept, made = os.path.join(self.folder, known["folder"]), dict(known["made"])
            if os.path.isdir(kept):
                return kept, made
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return tempfile.mkdtemp(dir=self.folder), {}


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ---- what was read ----------------------------------------------------------------------------
_Said = tuple[tuple[set[str], set[str], set[str], set[str]], set[str], bool]


class _Noted:
    """Paths that were opened or listed, and what was written."""

    def __init__(self, observer: witness.Observer) -> None:
        self.opened: set[str] = set()
        self.listed: set[str] = set()
        self.written: set[str] = set()
        self.folders: set[str] = set()  # temporary ones
        self._observer = observer
        self._elsewhere: set[str] = set()  # sources of the languages that are built beside
        self._depends_on_files = True  # and whether these do

    def sources(self, first: int = 0) -> set[str]:
        """What the languages, from the first so-manyth, were made of."""
        return self._elsewhere | set(_sources(self._observer.sites[first:]))

    def depends_on_files(self, first: int = 0) -> bool:
        configs = [site.config for site in self._observer.sites[first:]]
        return self._depends_on_files and depends_on_files(configs)

    def said(self, first: int) -> _Said:
        """All of it, for another process, which knows the languages before the first so-manyth."""
        paths = self.opened, self.listed, self.written, self.folders
        return paths, self.sources(first), self.depends_on_files(first)

    def heard(self, said: _Said) -> None:
        paths, sources, depends = said
        mine = self.opened, self.listed, self.written, self.folders
        for known, more in zip(mine, paths, strict=True):
            known |= more
        self._elsewhere |= sources
        self._depends_on_files &= depends

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _mode, flags = arguments
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if flags else 0
            _add(self.written if writes else self.opened, path)
        elif event in ("os.listdir", "os.scandir"):
            # Python itself looks what has come to its path, whenever something is imported; we
            # look for scratch folders that were left behind.
            listed: set[str] = set()
            _add(listed, arguments[0] or ".")
            self.listed |= listed - {os.path.abspath(path) for path in sys.path} - scratch.swept
        elif event == "tempfile.mkdtemp":
            _add(self.folders, arguments[0])

    def digests(self, config: MkDocsConfig, site: str, before: float) -> dict[str, str] | None:
        """What each file holds; None if one was written after the time `before`."""
        found: dict[str, str] = {}
        outside = _Outside(config, site, self.written, self.folders)
        for path in sorted(self.opened | self.listed):
            if outside(path):
                continue
            with contextlib.suppress(OSError):
                if path in self.opened and os.stat(path).st_ctime > before:
                    return None
            found[path] = _digest(path, site)
        return found


def _add(paths: set[str], path: Any) -> None:
    if not isinstance(path, int) and path is not None:  # not a handle
        with contextlib.suppress(TypeError, ValueError):
            paths.add(os.path.abspath(os.fsdecode(path)))


class _Outside:
    """Tells of a path whether it belongs to the programs, or was made by the build."""

    def __init__(
        self, config: MkDocsConfig, site: str, written: set[str], folders: set[str]
    ) -> None:
        self.written, self.folders = written, tuple(map(_folder, folders))
        self.root = _folder(os.path.dirname(config.config_file_path or "") or ".")
        made = (config.site_dir, site, os.path.join(self.root, ".cache"))
        self.made = tuple(map(_folder, made))
        self.programs = tuple(map(_folder, (sys.prefix, sys.base_prefix, "/proc", "/dev", "/sys")))

    def __call__(self, path: str) -> bool:
        if _folder(path).startswith(self.made) or "/__pycache__/" in path:
            return True
        # What is installed is known by its version; a project may stand inside of what is not.
        program = next((p for p in self.programs if _folder(path).startswith(p)), "")
        if "-packages/" in path or (program and not self.root.startswith(program)):
            return True
        return path in self.written or _folder(path).startswith(self.folders)


def _folder(path: str) -> str:
    return os.path.join(os.path.abspath(path), "")


def _digest(path: str, site: str) -> str:
    """Of what a file holds, of the names in a folder; empty for what is not there."""
    try:
        if os.path.isdir(path):
            passing = {os.path.basename(site), ".cache", "__pycache__"}
            return digest(sorted(set(os.listdir(path)) - passing))
        with open(path, "rb") as file:
            return _sha(file.read())
    except OSError:
        return ""


def languages() -> int:
    """How many languages the running build has begun with."""
    return len(_noted._observer.sites) if _noted else 0


def noted(first: int) -> _Said | None:
    """What this process has read and made so far, for the one that builds beside it."""
    return _noted.said(first) if _noted else None


def hear(said: _Said | None) -> None:
    """What another process has read and made is a part of this build."""
    if _noted and said:
        _noted.heard(said)


_noted: _Noted | None = None
_hooked = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _noted is not None:
        _noted.hear(event, arguments)


@contextmanager
def _noting(observer: witness.Observer) -> Iterator[_Noted]:
    """What is opened, listed and made meanwhile, by whomever."""
    global _noted, _hooked
    if not _hooked:  # for good: such a hook cannot be taken away
        _hooked = True
        sys.addaudithook(_hear)
    _noted = found = _Noted(observer)
    try:
        yield found
    finally:
        _noted = None
