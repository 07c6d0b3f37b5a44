"""The MkDocs plugin `backprop/posts`: executes the pages of a build and shows what they did.

    plugins:
      - backprop/posts:
          time_limit: 60        # seconds for one fence
          output_limit: 1000000 # characters that one fence may print
          jobs: 4               # pages at once; as many as there are processors

Everything that is not as a page says is a warning, so it fails `mkdocs build --strict`.
"""

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files

from backprop.common.words import column
from backprop.program import store
from backprop.program.cache import Cache
from backprop.program.execute import Executor, Result
from backprop.program.kinds import KINDS
from backprop.program.page import Page, load
from backprop.program.session import Limits, Outcome
from backprop.program.store import Store, digest
from backprop.site.building import beside, memory
from backprop.site.building.ahead import ahead
from backprop.site.building.premises import program
from backprop.site.faults import Fault, warn
from backprop.site.posts.parity import difference, figure_difference, translations
from backprop.site.posts.render import FencesChangedError, Shown, decorate, mark, marked
from backprop.site.posts.verify import consequence, judge, problems, told, unreadable
from backprop.site.posts.words import WORDS
from backprop.site.settings import language_of, root_of

FOLDER = "assets/backprop"
_ASSETS = Path(__file__).parent / "assets"
log = get_plugin_logger("posts")


class Run:
    """What one `mkdocs build` shares among the builds of its languages, one inside the other."""

    def __init__(self) -> None:
        self.reported: set[Fault] = set()
        self.results: dict[str, Result] = {}
        self.read: dict[Path, Page] = {}
        self.compared: set[tuple[str, str]] = set()
        self.later: list[tuple[Page, Result]] = []  # to compare when both languages have run
        self.languages: set[str] = set()  # those without words, told of

    def forget(self) -> None:
        """Before something is made again that may have changed."""
        self.reported.clear()
        self.read.clear()
        self.compared.clear()


# Nested builds run in the context of the outer one, and nothing else does.
_current: ContextVar[Run | None] = ContextVar("backprop_posts_run", default=None)


class PostsConfig(Config):
    time_limit = c.Type((int, float), default=60)
    output_limit = c.Type(int, default=1_000_000)
    jobs = c.Optional(c.Type(int))
    language = c.Optional(c.Type(str))


class PostsPlugin(BasePlugin[PostsConfig]):
    """All state belongs to one build: languages are built one inside the other."""

    def __init__(self) -> None:
        self.shown: dict[str, Shown] = {}
        self.pages: dict[str, list[str]] = {}  # source of a page -> its tokens, in order
        self.rendered: set[str] = set()  # the tokens that appeared in HTML
        self.texts: dict[str, str] = {}
        self.files: set[str] = set()
        self.root = Path()
        self.run = Run()
        self.memory: Store = memory.Nothing()
        self.owns = False
        self.after: list[Any] = []  # what other plugins ask of a page that has run
        # What they do with one while it runs, for an author who waits for what is wrong with it.
        self.meanwhile: list[Callable[[Page], None]] = []

    @event_priority(90)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        self.strict = config.strict
        enclosing = _current.get()
        self.owns = enclosing is None
        self.run = enclosing or Run()
        _current.set(self.run)
        self.root = root_of(config)
        self.memory = memory.of(config)
        language = self.config.language or language_of(config)
        if column(language) not in WORDS["output"] and language not in self.run.languages:
            self.run.languages.add(language)
            log.info(
                "There are no words in '%s' for what posts show (output, checked, step …): readers "
                "see English ones. A column in backprop/site/posts/words.py adds them.",
                language,
            )
        names = [name for name in config.markdown_extensions if isinstance(name, str)]
        for needed in ("attr_list", "pymdownx.highlight", "pymdownx.superfences"):
            if needed not in names:
                config.markdown_extensions.append(needed)
        config.markdown_extensions.append(_Finish(self))  # type: ignore[arg-type]
        return config

    # After the blog has put its posts back, which it hides from the navigation until here.
    @event_priority(-200)
    def on_nav(self, nav: Any, *, config: MkDocsConfig, files: Files) -> Any:
        self.shown, self.pages, self.texts = {}, {}, {}
        self.rendered, self.files = set(), set()
        sources = self._execute(files.documentation_pages(), config)
        self._add_assets(files, config, sources)
        return nav

    def before_look(self, file: File, *, config: MkDocsConfig) -> None:
        """One page is made again in a finished build (`backprop.site.building.look`).

        Its author waits: what is wrong is said as soon as it is known, and not when all has run.
        """
        self.run.forget()
        self._execute([file], config, at_once=True)

    def _before_running(self, page: Page) -> None:
        """What is wrong without a doubt before the first fence has run."""
        for fault in [*problems(page), *unreadable(page)]:
            self._say_early(fault)
        for other in translations(page, self.root, self.run.read):
            if apart := self._difference(page, other):
                self._say_early(apart)

    def _at_once(self, page: Page, outcomes: list[Outcome]) -> None:
        """A step has run: say what is wrong with it, unless that follows from what was said."""
        index = len(outcomes) - 1
        failure = judge(page, page.executed[index], outcomes[index])
        if failure and not (failure := consequence(page, outcomes, index, failure)).cause:
            self._say_early(failure)

    def _say_early(self, fault: Fault) -> None:
        warn(log, self.strict, str(fault), early=True)

    # What `backprop.site.building.conversions` asks, to convert no page twice.

    def conversion_key(self, file: File) -> Any:
        shown = [self.shown[token] for token in self.pages.get(file.src_uri, ())]
        return [repr(one) for one in shown]

    def conversion_record(self) -> Callable[[], Any]:
        before, self.rendered = self.rendered, set()

        def end() -> Any:
            found, self.rendered = self.rendered, before | self.rendered
            return sorted(found)

        return end

    def conversion_replay(self, data: Any, file: File) -> None:
        self.rendered.update(data)

    # What `backprop.site.building.beside` asks of a language that is built in another process.

    def beside_record(self) -> list[tuple[Page, Result]]:
        pages, self.run.later = self.run.later, []
        return pages

    def beside_replay(self, data: list[tuple[Page, Result]]) -> None:
        """Pages of two languages have run, each in its process: here they are compared."""
        pages, self.run.later = [*self.run.later, *data], []
        cache = Cache(store.at(self.root), self.root)
        self.run.results.update((page.name, result) for page, result in pages)
        for page, result in pages:
            self._compare(page, result, cache)

    def _execute(
        self, files: Iterable[File], config: MkDocsConfig, at_once: bool = False
    ) -> list[tuple[str, Page]]:
        """Execute pages, compare them with their translations, and note what is to be shown."""
        language = self.config.language or language_of(config)
        sources: list[tuple[str, Page]] = []
        for file in files:
            if file.abs_src_path and Path(file.abs_src_path).is_file():
                page = load(Path(file.abs_src_path), self.root, language)
                sources.append((file.src_uri, page))
                self.run.read[page.path] = page
        limits = Limits(float(self.config.time_limit), self.config.output_limit)
        jobs = self.config.jobs
        with Executor(self.root, limits, jobs) as executor, ThreadPoolExecutor(1) as aside:
            executor.after = self.after
            if at_once:
                executor.heard = self._at_once
                for _, page in sources:
                    self._before_running(page)
                    for act in self.meanwhile:
                        aside.submit(act, page)
            cache = Cache(store.at(self.root), self.root)
            pages = [page for _, page in sources]
            begin = None if at_once else partial(self._ahead, config, pages)
            results = cache.results(pages, executor, begin)
            for (source, page), result in zip(sources, results, strict=True):
                self._keep(source, page, result, executor)
            if executed := sorted(set(executor.executed)):
                log.info("Executed %d of %d pages: %s", len(executed), len(sources), _few(executed))
            for (_, page), result in zip(sources, results, strict=True):
                if beside.running:
                    self.run.later.append((page, result))
                else:
                    self._compare(page, result, cache)
        return sources

    def _ahead(self, config: MkDocsConfig, pages: list[Page], missing: list[Page]) -> None:
        """Where most pages have to run, what they will need may begin."""
        if 2 * len(missing) > sum(1 for page in pages if page.executed):
            ahead(config, [page.text for page in missing])

    def _keep(self, source: str, page: Page, result: Result, executor: Executor) -> None:
        """Judge what a page did, and note what each of its fences is to show."""
        self.files.update(result.files)
        self.files.update(place.file for step in page.steps for place in step.places if place.file)
        for failure in problems(page):
            self._report(failure)
        steps = {step.fence.line: step for step in page.steps}
        outcomes = dict(
            zip((step.fence.line for step in page.executed), result.outcomes, strict=True)
        )
        failures: list[Fault] = []
        tokens: list[str] = []
        prefix = hashlib.sha256(page.name.encode()).hexdigest()[:8]
        for number, fence in enumerate(page.fences):
            step, outcome = steps.get(fence.line), outcomes.get(fence.line)
            failure_of: Fault | None = None
            if step and outcome:
                failure_of = judge(page, step, outcome, executor)
                if failure_of:
                    index = page.executed.index(step)
                    failure_of = consequence(page, result.outcomes, index, failure_of)
                    failures.append(failure_of)
            tokens.append(f"{prefix}-{number}")
            self.shown[tokens[-1]] = Shown(fence, page.language, step, outcome, failure_of)
        for failure in told(failures):
            self._report(failure)
        self.pages[source], self.texts[source] = tokens, page.text

    def _compare(self, page: Page, result: Result, cache: Cache) -> None:
        """The languages of a page against each other, as soon as both are known."""
        self.run.results[page.name] = result
        for other in translations(page, self.root, self.run.read):
            if (other.name, page.name) not in self.run.compared:
                self.run.compared.add((page.name, other.name))
                self._report(self._difference(page, other))
            there = self.run.results.get(other.name) or cache.get(other)
            if there:
                self._report(figure_difference(page, other, result.outcomes, there.outcomes))

    def _difference(self, page: Page, other: Page) -> Fault | None:
        """Pages that did not differ are not read again as long as they are the same."""
        both = sorted([each.name, each.text, repr(each.fences)] for each in (page, other))
        key = digest(program(), "parity", both)
        if self.memory.get(key):
            return None
        failure = difference(page, other)
        if failure is None:
            self.memory.put(key, True)
        return failure

    def _report(self, failure: Fault | None) -> None:
        # Both languages find the same difference; it is told once.
        if failure and failure not in self.run.reported:
            self.run.reported.add(failure)
            warn(log, self.strict, str(failure))

    def _add_assets(
        self, files: Files, config: MkDocsConfig, sources: list[tuple[str, Page]]
    ) -> None:
        kinds = {fence.kind for _, page in sources for fence in page.fences}
        texts = {"posts.css": (_ASSETS / "posts.css").read_text("utf-8")}
        for name in dict.fromkeys(kind.assets for key, kind in KINDS.items() if key in kinds):
            if name:
                texts |= import_module(name).assets()
        for name, text in texts.items():
            uri = f"{FOLDER}/{name}"
            files.append(File.generated(config, uri, content=text))
            wanted = config.extra_css if name.endswith(".css") else config.extra_javascript
            if uri not in wanted:
                wanted.append(uri)

    @event_priority(100)
    def on_page_markdown(self, markdown: str, *, page: Any, **_: Any) -> str:
        tokens = self.pages.get(page.file.src_uri)
        if not tokens:
            return markdown
        try:
            shown = {token: self.shown[token] for token in tokens}
            return mark(markdown, shown, self.texts[page.file.src_uri])
        except FencesChangedError:
            warn(
                log,
                self.strict,
                f"{page.file.src_uri}: another plugin has changed the fences of this page before "
                "backprop/posts could show what they do; move it below backprop/posts",
            )
            self.pages[page.file.src_uri] = []
            return markdown

    @event_priority(-100)
    def on_page_content(self, html: str, *, page: Any, **_: Any) -> str:
        """The guard: every fence that was found is one that the reader sees."""
        if page.file.generated_by == "material/blog":
            return html  # the blog's page 2 is a copy of page 1, of which it shows the title alone
        tokens = self.pages.get(page.file.src_uri, [])
        for token in tokens:
            fence = self.shown[token].fence
            if marked(fence) and token not in self.rendered:
                switched_on = (
                    "; is the Markdown extension switched on that it is indented for "
                    "(admonition, pymdownx.details, pymdownx.tabbed, …)?"
                    if fence.prefix.strip("> ") != fence.prefix
                    else ""
                )
                warn(
                    log,
                    self.strict,
                    f"{page.file.src_uri}: the {fence.language} fence of line {fence.line} does "
                    f"not appear on the page{switched_on}",
                )
        return html

    def on_post_build(self, **_: Any) -> None:
        self._done()

    def on_build_error(self, **_: Any) -> None:
        self._done()

    def _done(self) -> None:
        if self.owns:
            _current.set(None)

    def on_serve(self, server: Any, **_: Any) -> Any:
        """Modules that a page imports are as good a reason to build again as the page."""
        for file in sorted(self.files):
            if Path(file).is_file():
                server.watch(file)
        return server


class _Finish(Extension):
    """A postprocessor, because the excerpts of a blog are converted apart from its posts."""

    def __init__(self, plugin: PostsPlugin):
        super().__init__()
        self.plugin = plugin

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        plugin = self.plugin

        class Finish(Postprocessor):
            def run(self, text: str) -> str:
                text, found = decorate(text, plugin.shown)
                plugin.rendered |= found
                return text

        md.postprocessors.register(Finish(md), "backprop_posts", 4)


def _few(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
