"""The MkDocs plugin `backprop/interactive`; see `backprop.site.interactive` for its options."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from backprop.program.exercise import gaps, untouched
from backprop.program.kinds import KINDS
from backprop.program.page import DATA, awaits
from backprop.site.interactive import handin
from backprop.site.interactive.examples import examples
from backprop.site.interactive.pack import ASSETS, Pack, pack
from backprop.site.interactive.sources import SourceError
from backprop.site.interactive.words import PAGE, say
from backprop.site.posts.exercises import needed
from backprop.site.settings import language_of, root_of

FOLDER = "assets/backprop/engine"
STYLE = "assets/backprop/interactive.css"
OFF = "BACKPROP_ENGINE"  # an environment variable: "off" builds without it
log = get_plugin_logger("interactive")


@dataclass
class Run:
    """What one `mkdocs build` shares among the builds of its languages, one inside the other."""

    site: Path  # of the outermost: the files of the engine are written once, there
    pack: Pack | None = None
    files: dict[str, bytes] = field(default_factory=dict)


_current: ContextVar[Run | None] = ContextVar("backprop_interactive_run", default=None)


class InteractiveConfig(Config):
    check = c.Type(str, default="check.md")
    seconds = c.Type(int, default=30)


class InteractivePlugin(BasePlugin[InteractiveConfig]):
    """All state belongs to one build: languages are built one inside the other."""

    owns = False  # until the settings were read without a fault

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        enclosing = _current.get()
        self.owns = enclosing is None
        self.run = enclosing or Run(Path(config.site_dir))
        if self.owns:
            _current.set(self.run)
            self.run.pack = _pack(root_of(config))
        self.language = language_of(config)
        if STYLE not in config.extra_css:
            config.extra_css.append(STYLE)
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        styles = ["interactive.css", *(["offered.css"] if self.run.pack else [])]
        content = "".join((ASSETS / name).read_text("utf-8") for name in styles)
        files.append(File.generated(config, STYLE, content=content))
        name = self.config.check
        if name and not files.get_file_from_path(name):
            page = File.generated(config, name, content=handin.markdown(self.language))
            page.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(page)
        return files

    # When the posts have shown what they do, before the pages' plugin looks at the page.
    @event_priority(-90)
    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        made = self.run.pack
        if page.file.src_uri == self.config.check or handin.MARK in html:
            size = sum(part.size for part in made.parts.values()) if made else None
            html = html.replace(handin.MARK, handin.desk(self.language, size))
            return html + self._offer(page, config) if made else html
        steps = self._program(page, config)
        if made and getattr(page, "posts", None) is not None:  # a list of posts
            words = "".join(
                f' data-{key}="{say(key, self.language)}"' for key in ("done", "forget")
            )
            html += f"<div data-bp-list{words} hidden></div>\n"
        if not made or not steps:
            return html
        check = files.get_file_from_path(self.config.check) if self.config.check else None
        link = ""
        if check and getattr(page, "config", None) is not None:  # a post of the blog
            href = check.url_relative_to(page.file)
            # A page of its own: the engine may run only where the document's policy says so.
            link = (
                f'<p class="bp-to-check" data-search-exclude><a href="{href}" target="_self">'
                f"{say('link', self.language)}</a></p>\n"
            )
        return html + link + self._offer(page, config, steps)

    def _offer(
        self, page: Page, config: MkDocsConfig, steps: list[dict[str, Any]] | None = None
    ) -> str:
        """The element by which the page's script knows where everything is."""
        data = {"bp-engine": self._url(page, config, self._script())}
        if steps:
            text = json.dumps(steps, ensure_ascii=False, separators=(",", ":")).encode()
            name = f"program.{_digest(text)}.json"
            self.run.files[name] = text
            data["program"] = self._url(page, config, name)
        data["lang"] = self.language
        for word in ("run", "change", "solve", "sorry") if steps else ("sorry",):
            data[word] = say(word, self.language)
        attributes = "".join(f' data-{key}="{value}"' for key, value in data.items())
        return f"<div{attributes} hidden></div>\n"

    def _script(self) -> str:
        """The name of the page's script, which is written if it is not yet."""
        made = self.run.pack
        assert made is not None
        style = made.style.encode()
        sheet = f"page.{_digest(style)}.css"
        setup = {
            "parts": json.loads(made.manifest()),
            "words": PAGE,
            "seconds": self.config.seconds,
            "style": sheet,
            "examples": examples(),
        }
        text = json.dumps(json.dumps(setup, ensure_ascii=False), ensure_ascii=False)
        data = made.script.replace('"@@BP_SETUP@@"', text).encode()
        name = f"page.{_digest(data)}.js"
        self.run.files |= {sheet: style, name: data}
        return name

    def _url(self, page: Page, config: MkDocsConfig, name: str) -> str:
        """A file of the engine, from a page: it lies in the site of the outermost build."""
        up = os.path.relpath(self.run.site, config.site_dir).replace(os.sep, "/")
        folder = posixpath.dirname(page.file.dest_uri)
        return quote(posixpath.relpath(posixpath.join(up, FOLDER, name), folder or "."))

    def _program(self, page: Page, config: MkDocsConfig) -> list[dict[str, Any]]:
        """The fences of a page that run, from the plugin that ran them; none if one of them needs
        what a browser does not have: files beside the page, or an event loop to wait for."""
        posts: Any = config.plugins.get("backprop/posts")
        tokens = getattr(posts, "pages", {}).get(page.file.src_uri, ())
        steps = []
        for token in tokens:
            shown = posts.shown[token]
            if shown.step is None or not shown.step.runs:
                continue
            if awaits(shown.step.code) or f"{DATA}/" in shown.step.code:
                return []
            fence = shown.fence
            step = {"line": fence.line, "kind": fence.language, "code": shown.step.code}
            if fence.options.get("raises"):
                step["raises"] = True
            if fence.has("figure"):
                step["figure"] = True
            if KINDS[fence.kind].gaps and shown.outcome is not None:
                step |= {
                    "gap": untouched(fence.code),
                    "check": fence.options["check"],
                    "at": fence.options.get("at"),
                    "wanted": needed(fence.code, shown.outcome.marks),
                    "hints": [gap.hint for gap in gaps(fence.code) if gap.hint],
                }
            steps.append(step)
        return steps

    # Before the pages' plugin reads what the page holds.
    @event_priority(-60)
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        if not self.run.pack:
            return output
        # On every page: instant navigation brings the content of another, and runs no script of it.
        return output.replace("</head>", f"<script>{self.run.pack.boot}</script>\n</head>", 1)

    # What `backprop.site.building.beside` asks of a language that is built in another process.

    def beside_record(self) -> dict[str, bytes]:
        return self.run.files

    def beside_replay(self, data: dict[str, bytes]) -> None:
        self.run.files |= data

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        if not self.owns:
            return
        _current.set(None)
        made = self.run.pack
        if not made or not self.run.files:
            return
        folder = self.run.site / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.run.files.items():
            (folder / name).write_bytes(data)
        for part in made.parts.values():
            (folder / part.name).write_bytes(part.data)

    def on_build_error(self, **_: Any) -> None:
        if self.owns:
            _current.set(None)


def _pack(root: Path) -> Pack | None:
    if os.environ.get(OFF) == "off":
        return None
    try:
        return pack(root)
    except SourceError as error:
        # A blog that `backprop new` began has one command for all of it.
        commands = _text(root / "Makefile")
        made = "backprop.site.interactive" in commands and re.search("^engine:", commands, re.M)
        _without_engine(
            "" if made else f" ({str(error).splitlines()[0]})",
            "make engine" if made else "python -m backprop.site.interactive",
        )
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


@lru_cache
def _without_engine(why: str, command: str) -> None:
    """Said once, however often a process builds."""
    log.info("Readers cannot run code on the pages%s; to have it: %s", why, command)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
