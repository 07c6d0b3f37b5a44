"""What stands in the place of what MkDocs' `serve` calls: another server, another build.

This is all that is changed in MkDocs, for the time of one `mkdocs serve`. Where MkDocs is not as it
is known here, its own server stays and says so: every edit then builds the whole site.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import sys
from typing import Any

from mkdocs.commands import build as mkdocs_build
from mkdocs.commands import serve as mkdocs_serve
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from pygments.lexers import get_lexer_by_name

from backprop.program import scratch
from backprop.program.kinds import KINDS
from backprop.site.building.child import Child
from backprop.site.building.conductor import Conductor
from backprop.site.building.look import unfamiliar as unfamiliar_pages
from backprop.site.building.own import Own
from backprop.site.building.premises import program
from backprop.site.building.processes import Ancestor, Order
from backprop.site.building.server import Server

log = logging.getLogger("mkdocs.backprop.building")

_taken = False


def take_over() -> None:
    """Called by a plugin's `on_startup` in `mkdocs serve`; a second call changes nothing."""
    global _taken
    if _taken:
        return
    _taken = True
    if why := _unfamiliar():
        log.warning(
            "%s: `mkdocs serve` builds the whole site after every edit, as MkDocs does by itself.",
            why,
        )
        return
    program()  # of what runs now, whatever becomes of the files meanwhile
    mkdocs_serve.LiveReloadServer = _Serving  # type: ignore[attr-defined]
    mkdocs_serve.build = _Serving.build  # type: ignore[attr-defined]


def give_back() -> None:
    """Undo `take_over`, when the command ends."""
    global _taken
    _taken = False
    mkdocs_serve.LiveReloadServer = LiveReloadServer  # type: ignore[attr-defined]
    mkdocs_serve.build = mkdocs_build.build  # type: ignore[attr-defined]


def _unfamiliar() -> str:
    """Why MkDocs' own server has to stay; empty if nothing speaks for it."""
    if not hasattr(os, "fork"):
        return "This system cannot fork processes"
    expected = ["self", "builder", "host", "port", "root", "mount_path"]
    found = list(inspect.signature(LiveReloadServer.__init__).parameters)[: len(expected)]
    known = (
        found == expected
        and getattr(mkdocs_serve, "LiveReloadServer", None) is LiveReloadServer
        and getattr(mkdocs_serve, "build", None) is mkdocs_build.build
        and hasattr(MkDocsConfig.plugins, "plugin_cache")
    )
    return "" if known else "The server of this version of MkDocs is not one that is known here"


class _Serving(Server):
    """The server that MkDocs' `serve` makes and runs."""

    child: Child | None = None
    own: Own | None = None  # what of the author's the builds are forked with

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.state.root = self.root
        if os.path.basename(self.root).startswith(scratch.ADOPTED):  # made by MkDocs, for us
            scratch.adopt(self.root)
        self.conductor: Conductor | None = None

    @staticmethod
    def build(config: MkDocsConfig, *, serve_url: str | None = None, dirty: bool = False) -> None:
        """In the place of MkDocs' `build`: builds happen in processes of their own."""
        if _Serving.child is not None:
            _Serving.child.build(config, serve_url=serve_url, dirty=dirty)
        else:
            config.plugins.events["serve"] = []  # the builds ask their own plugins
            _Serving.own = Own(config)

    def serve(self, *, open_in_browser: bool = False) -> None:
        def work(connection: Any, order: Order) -> None:
            if order.again and _Serving.own:
                _Serving.own.forget()
            _Serving.child = Child(connection, order)
            _Serving.child.run(self.builder)

        # Before there is any thread.
        ancestor = Ancestor(work, _load)
        why = unfamiliar_pages()
        if why:
            log.warning(
                "%s is not as it is known here: an edit is shown after the whole build", why
            )
        self.conductor = Conductor(self, ancestor, looks=not why)
        self.listen(self.conductor.run, open_in_browser)

    def shutdown(self, wait: bool = False) -> None:
        super().shutdown(wait)
        if self.conductor:
            self.conductor.close()
        give_back()


def _load() -> None:
    """Load once for all builds what takes a tenth of a second and more, and no build changes."""
    for name in {kind.shown[0] for kind in KINDS.values() if kind.shown}:
        with contextlib.suppress(Exception):  # then a build does, and says what is wrong
            list(get_lexer_by_name(name).get_tokens("x = f(1)\n"))
    if jieba := sys.modules.get("jieba"):  # by which Material's search tells Chinese words apart
        with contextlib.suppress(Exception):
            jieba.setLogLevel(logging.WARNING)
            jieba.initialize()
