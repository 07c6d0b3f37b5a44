"""The MkDocs plugin `backprop/pages`; see `backprop.site.pages` for its options."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import warnings
from html import escape
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from backprop.program import store
from backprop.site.building import memory
from backprop.site.faults import warn
from backprop.site.pages import cards, feeds, learning, metadata, policy, reading
from backprop.site.pages.assemble import WrittenSite, assemble
from backprop.site.pages.byline import with_byline
from backprop.site.pages.far import with_heights
from backprop.site.pages.mends import mended
from backprop.site.pages.tables import with_labels
from backprop.site.pages.words import say
from backprop.site.settings import language_of, root_of

ASSETS = Path(__file__).with_name("assets")
STYLE = "assets/backprop/pages.css"
SCRIPT = "assets/backprop/pages.js"
CARDS = "assets/backprop/cards"
SPOKEN = ("scroll", "table", "code", "menu", "search", "note")  # what the script says
log = get_plugin_logger("pages")


# Short names in a line of text; code in a block has other elements inside, or line ends.
_SHORT = re.compile(r"(?<!<pre>)(?<!</span>)<code>([^<\n]{1,28})</code>")


def _whole(html: str) -> str:
    """The page with its short names marked, which no line shall break."""
    return _SHORT.sub(r'<code class="bp-short">\1</code>', html)


class PagesOptions(Config):
    allow = c.ListOfItems(c.URL(), default=[])
    content_security_policy = c.Type(bool, default=True)
    one_stylesheet = c.Type(bool, default=True)
    late_scripts = c.Type(bool, default=True)
    reading_time = c.Type(bool, default=True)
    cards = c.Type(bool, default=True)
    run = c.Type(str, default="")


MERMAID = "unpkg.com"
"""Where Material's script loads Mermaid from, if the page does not have it."""


class PagesPlugin(BasePlugin[PagesOptions]):
    """Each build, that of a nested language too, has its own instance and its own pages."""

    def __init__(self) -> None:
        self.command: Literal["build", "gh-deploy", "serve"] = "build"
        self.written: dict[Path, str] = {}

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        self.command = command

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        self.written = {}
        self.cards: dict[str, cards.Drawing] = {}
        self.path = learning.Path(())
        self.language = language_of(config)
        for option, name in ((config.extra_css, STYLE), (config.extra_javascript, SCRIPT)):
            if name not in option:
                option.append(name)
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        for name in (STYLE, SCRIPT):
            text = (ASSETS / Path(name).name).read_text("utf-8")
            spoken = {key: say(key, self.language) for key in SPOKEN}
            text = text.replace("/*words*/{}", json.dumps(spoken, ensure_ascii=False))
            files.append(File.generated(config, name, content=text))
        return files

    # When the content is final: formulas typeset, programs run.
    @event_priority(-100)
    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        post = getattr(page, "config", None)
        if self.config.reading_time and post is not None and hasattr(post, "readtime"):
            post.readtime = reading.minutes(html)
        if not page.meta.get("description"):
            text = self._description(html, page, config)
            if text:
                page.meta["description"] = text
        return with_heights(with_labels(_whole(html))) + self._run_it(html, page, config)

    def _run_it(self, html: str, page: Page, config: MkDocsConfig) -> str:
        """How to execute the page, below its last snippet."""
        if not self.config.run or "bp-run" not in html or not page.file.abs_src_path:
            return ""
        root = root_of(config)
        path = Path(os.path.relpath(page.file.abs_src_path, root)).as_posix()
        command = escape(self.config.run.replace("{path}", path))
        label = say("run", self.language)
        return f'\n<p class="bp-run-it" data-search-exclude>{label} <code>{command}</code></p>'

    def _description(self, html: str, page: Page, config: MkDocsConfig) -> str:
        if page.is_homepage:
            return ""  # the theme takes that of the site
        views = getattr(page, "posts", None)
        if views is not None:  # a list of posts has no text of its own
            about = config.site_description or ""
            return say("archive", self.language, title=page.title, site=about).strip()
        return reading.summary(html)

    # After the languages' plugin, which writes the links to translations into the page.
    @event_priority(-110)
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        output = mended(output)
        output = self._learning(output, page)
        self._check(output, config, page.file.src_uri)
        if config.site_url:
            about = self._about(output, page, config, self._card(page, config))
            head = f"{metadata.open_graph(about)}\n{metadata.json_ld(about)}\n"
            output = output.replace("</head>", head + "</head>", 1)
            output = with_byline(output, about)
        self.written[Path(page.file.abs_dest_path)] = page.file.src_uri
        return output

    # When the pages of all posts have been read, and before one is written.
    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> None:
        self.path = learning.Path(file.page for file in files if file.page is not None)
        for source, problem in self.path.problems:
            warn(log, config.strict, f"{source}: {problem}")

    # After the blog, which puts the newest first.
    @event_priority(-100)
    def on_page_context(
        self, context: Any, *, page: Page, config: MkDocsConfig, nav: Navigation
    ) -> Any:
        if page.is_homepage and context.get("posts"):
            context["posts"] = sorted(
                context["posts"], key=lambda post: self.path.place(post.file.src_uri)
            )
        return context

    def _learning(self, output: str, page: Page) -> str:
        """The learning path: all of it where a page asks for it, what is beside it on a post."""

        def relative(url: str) -> str:
            return get_relative_url(url, page.url)

        if learning.HERE in output:
            output = output.replace(learning.HERE, self.path.drawn(self.language, relative))
        beside = self.path.beside(page.file.src_uri, self.language, relative)
        article = output.find('<article class="md-content__inner')
        title = output.find("</h1>", article)
        if not beside or article < 0 or title < 0:
            return output
        return output[: title + 5] + beside + output[title + 5 :]

    def on_post_template(
        self, output_content: str, *, template_name: str, config: MkDocsConfig
    ) -> str:
        if not template_name.endswith(".html"):
            return output_content
        self.written[Path(config.site_dir, template_name)] = template_name
        if template_name == "404.html":
            robots = '<meta name="robots" content="noindex">\n'
            output_content = output_content.replace("</head>", robots + "</head>", 1)
        return mended(output_content)

    @event_priority(-110)
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        if self.command == "serve":
            return
        self._draw_cards(config)
        files = sorted(path for path in self.written if path.is_file())
        site = WrittenSite(
            Path(config.site_dir),
            urlsplit(config.site_url or "").path or "/",
            {path: path.read_text("utf-8") for path in files},
            memory.of(config),
            self._others(config),
        )
        feed: Any = config.plugins.get("rss")
        if feed and config.site_url:
            names = list(feed.config.feeds_filenames.values())
            feeds.complete(site.root, config.site_url, names, site.pages)
        closed = (
            policy.Policy(self._allowed(config)) if self.config.content_security_policy else None
        )
        assemble(site, closed, self.config.one_stylesheet, self.config.late_scripts)
        store.keep()

    def _others(self, config: MkDocsConfig) -> tuple[str, ...]:
        languages: Any = config.plugins.get("backprop/languages")
        return () if languages is None else tuple(languages.folders())

    def _allowed(self, config: MkDocsConfig) -> list[str]:
        """Other hosts: those that are listed, and those of the fonts that the author asks for."""
        with warnings.catch_warnings():
            # MkDocs means to drop it, and has no other place that tells an author's font from
            # the default of the theme.
            warnings.simplefilter("ignore", DeprecationWarning)
            written = getattr(config, "user_configs", ())
        asked = any(
            isinstance(said.get("theme"), dict) and said["theme"].get("font") for said in written
        )
        return [*self.config.allow, *(policy.FONTS if asked else ())]

    def _check(self, html: str, config: MkDocsConfig, source: str) -> None:
        """Warn of what the policy would refuse while a reader looks at the page."""
        if not self.config.content_security_policy:
            return
        own = [urlsplit(url).netloc for url in (config.site_url or "", *self._allowed(config))]
        scripts = " ".join(str(script) for script in config.extra_javascript).lower()
        if policy.DIAGRAM.search(html) and "mermaid" not in scripts and MERMAID not in own:
            warn(
                log,
                config.strict,
                f"{source}: its diagram is drawn by a script that the theme loads from {MERMAID}. "
                "Put a copy into the docs folder (npm install mermaid@11) and name it: "
                "extra_javascript: [mermaid.min.js]; or allow the host: plugins, backprop/pages, "
                f"allow: [https://{MERMAID}].",
            )
        for address in policy.foreign(html, own):
            warn(
                log,
                config.strict,
                f"{source}: the page loads {address} from another host. Put a copy into the docs "
                "folder, or allow the host: plugins, backprop/pages, allow.",
            )
        for handler in policy.handlers(html):
            warn(
                log,
                config.strict,
                f'{source}: the attribute {handler}="…" does not run under the page\'s '
                "Content-Security-Policy. Put the script into a file: extra_javascript.",
            )

    def _card(self, page: Page, config: MkDocsConfig) -> metadata.Card | None:
        """The card of the page's own diagram; a list of posts shows that of its newest post."""
        if not self.config.cards or self.command == "serve":
            return None
        # In the content, which no plugin has minified yet: a drawing in a page as it is
        # written need not be XML.
        drawing, title = cards.find(page.content or ""), str(page.title)
        for post in getattr(page, "posts", ()):
            drawing = drawing or cards.find(post.content or "")
            if drawing:
                title = str(post.title)
                break
        if not drawing:
            return None
        words = next(
            text
            for text in (title, page.url.strip("/") or config.site_name, "")
            if cards.drawable(text)
        )
        host = urlsplit(config.site_url or "").netloc
        site = config.site_name if cards.drawable(config.site_name) else host
        drawing = dataclasses.replace(drawing, title=words, site=site)
        name = f"{CARDS}/{drawing.key}.png"
        self.cards[name] = drawing
        alternative = say("card", self.language, title=title)
        return metadata.Card(urljoin(config.site_url or "", name), alternative, *cards.SIZE)

    def _draw_cards(self, config: MkDocsConfig) -> None:
        kept = store.at(root_of(config))
        for name, drawing in self.cards.items():
            path = Path(config.site_dir, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cards.picture(drawing, kept))

    def _about(
        self, html: str, page: Page, config: MkDocsConfig, card: metadata.Card | None
    ) -> metadata.About:
        post = getattr(page, "config", None)
        dates = getattr(post, "date", None)
        created = updated = None
        if isinstance(dates, dict):
            created, updated = dates.get("created"), dates.get("updated")
        authors = getattr(page, "authors", None) or []
        author = authors[0].name if authors else page.meta.get("author") or config.site_author
        title = str(page.meta.get("title") or page.title or config.site_name)
        languages = metadata.translations(html)
        url = page.canonical_url or config.site_url or ""
        own = next((tag for tag, u in languages.items() if u == url and tag != "x-default"), None)
        return metadata.About(
            url=url,
            title=config.site_name if page.is_homepage else title,
            description=str(page.meta.get("description") or config.site_description or ""),
            language=own or self.language,
            site_name=config.site_name,
            site_url=config.site_url or "",
            created=created,
            updated=updated,
            tags=tuple(map(str, page.meta.get("tags") or ())),
            sections=tuple(str(view.title) for view in getattr(page, "categories", ())),
            author=author,
            minutes=getattr(post, "readtime", None),
            is_home=page.is_homepage,
            card=card,
            translations=languages,
        )
