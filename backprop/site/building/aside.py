"""A site is built aside, and takes the place of the last one when it is whole.

MkDocs empties the folder of the site before it builds, and writes into it what it has by the time
a build fails. Here that folder stays as it was until the new site has passed.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from backprop.site.building import memory

log = logging.getLogger("mkdocs.backprop.building")

_moved: list[tuple[str, str]] = []
"""The folder that is built into now, and the one that it stands for."""


def destination(path: str) -> str:
    """Where what is built will be when the build is done; of a text, with all paths in it."""
    for made, site in _moved:
        path = path.replace(made, site)
    return path


@contextmanager
def aside(config: MkDocsConfig) -> Iterator[str]:
    """Let `config.site_dir` be an empty folder meanwhile, whose contents become the site's if all
    goes well; given is the folder of the site.

    As with MkDocs, entries of that folder whose names begin with a dot stay: `.git`, for one.
    """
    site = config.site_dir
    folder = _empty(config)
    config.site_dir = os.path.join(folder, "site")
    try:
        os.mkdir(config.site_dir)
        with _called(config, site):
            try:
                yield site
                _exchange(config.site_dir, site, folder)
            except BaseException:
                shown = os.path.relpath(site)
                if os.path.isdir(site) and os.listdir(site):
                    log.info("The site in %s is as it was: nothing of this build went there", shown)
                else:
                    log.info("No site was written to %s", shown)
                raise
    finally:
        config.site_dir = site
        shutil.rmtree(folder, ignore_errors=True)


def _empty(config: MkDocsConfig) -> str:
    with suppress(OSError):
        parent = memory.folder(config)
        parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkdtemp(prefix="aside-", dir=parent)
    return tempfile.mkdtemp(prefix="backprop-site-")


def _exchange(made: str, site: str, folder: str) -> None:
    """Move what was made into the site, and what stood there out of it; all of it or nothing.

    The folder itself stays: it may be a mount, a link, or what a server is looking at.
    """
    os.makedirs(site, exist_ok=True)
    old = tempfile.mkdtemp(dir=folder)
    with ExitStack() as undo:
        for name in os.listdir(site):
            if not name.startswith("."):
                _move(name, site, old, undo)
        for name in os.listdir(made):
            if name.startswith(".") and os.path.exists(os.path.join(site, name)):
                _lay_over(Path(made, name), Path(site, name))
            else:
                _move(name, made, site, undo)
        undo.pop_all()


def _move(name: str, source: str, target: str, undo: ExitStack) -> None:
    there, here = os.path.join(source, name), os.path.join(target, name)
    shutil.move(there, here)
    undo.callback(shutil.move, here, there)


def _lay_over(made: Path, there: Path) -> None:
    if made.is_dir():
        shutil.copytree(made, there, dirs_exist_ok=True)
    else:
        shutil.copyfile(made, there)


class _Called(logging.Filter):
    """Messages name the folder that the files will be in."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if (said := destination(text)) != text:
            record.msg, record.args = said, None
        return True


@contextmanager
def _called(config: MkDocsConfig, site: str) -> Iterator[None]:
    # Who builds says so in a logger of its own name: ProperDocs is MkDocs under another one.
    builders = {"mkdocs", type(config).__module__.partition(".")[0]}
    handlers = [one for name in builders for one in logging.getLogger(name).handlers]
    called = _Called()
    _moved.append((config.site_dir, site))
    for handler in handlers:
        handler.addFilter(called)
    try:
        yield
    finally:
        _moved.clear()
        for handler in handlers:
            handler.removeFilter(called)
