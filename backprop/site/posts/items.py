"""Pages as pytest items: one item a fence, all fences of a page in one process, in order.

Built on pytest-markdown-docs, whose option switches it on and whose collector says which files
are pages. What it would pass over in silence (fences in admonitions, `pycon`, braces in its
default mode, misspelt languages) is found by our scanner instead.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback
from pytest_markdown_docs.definitions import FenceTestDefinition
from pytest_markdown_docs.plugin import MarkdownInlinePythonItem, MarkdownTextFile

from backprop.program import store
from backprop.program.cache import Cache
from backprop.program.execute import Executor, Result, drawn_by_chance
from backprop.program.fences import Fence
from backprop.program.kinds import EXECUTED
from backprop.program.page import Page, Step, load
from backprop.program.session import Limits, Outcome, Session
from backprop.program.update import Update, rewrite
from backprop.site.faults import Fault
from backprop.site.posts.parity import difference, figure_difference, translations
from backprop.site.posts.verify import consequence, judge, normal, problems


class FenceFailureError(Exception):
    """What an item raises; pytest shows the failure, not this."""

    def __init__(self, failure: Fault):
        super().__init__(str(failure))
        self.failure = failure


def is_page(collectors: list[Any]) -> bool:
    """Is one of the collectors of a file that of a Markdown page?"""
    return any(isinstance(one, MarkdownTextFile) and one.path.suffix == ".md" for one in collectors)


class FencesPlugin:
    """Registered only when `--markdown-docs` is on."""

    def __init__(self, config: pytest.Config):
        self.config = config
        self.update = config.getoption("--update-outputs")
        if self.update and _distributed(config):
            raise pytest.UsageError(
                "--update-outputs rewrites files, so it does not run in several processes: "
                "leave out -n"
            )
        limits = Limits(seconds=float(config.getini("backprop_time_limit")))
        self.executor = Executor(config.rootpath, limits)
        # The language of a page of a site; None for other pages, which are read as English.
        self.language: Callable[[Path], str | None] = lambda path: None
        self.outcomes: dict[str, list[Outcome]] = {}
        self.updates: dict[str, tuple[Page, list[tuple[Fence, Update]]]] = {}
        self.updated: list[str] = []
        self._session: Session | None = None
        self._expected: dict[str, int] = {}
        self._deselected: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self) -> Any:
        collectors = yield
        return [
            PageFile.from_parent(one.parent, path=one.path, plugin=self)
            if isinstance(one, MarkdownTextFile) and one.path.suffix == ".md"
            else one
            for one in collectors
        ]

    def outcome(self, page: Page, index: int) -> Outcome:
        """Run a page up to a step; what has run already is not run again."""
        known = self.outcomes.get(page.name, [])
        if index < len(known):
            return known[index]
        if self._session is None or self._session.page.name != page.name:
            self._close()
            self._session = self.executor.session(page)
        outcome = self._session.outcome(index)
        self.outcomes[page.name] = self._session.outcomes
        return outcome

    def outcomes_of(self, page: Page) -> list[Outcome]:
        """What all of a page did, here or in another process that tests pages."""
        if page.name not in self.outcomes and (known := self._cache.get(page)):
            return known.outcomes
        return [self.outcome(page, index) for index in range(len(page.executed))]

    def _close(self) -> None:
        if self._session:
            self._remember(self._session)
            self._session.close()
            self._session = None

    def _remember(self, session: Session) -> None:
        """A page that has run from its first fence to its last need not run again in a build."""
        page, outcomes = session.page, session.outcomes
        if len(outcomes) == len(page.executed) and not drawn_by_chance(page, outcomes):
            self._cache.put(page, Result(outcomes, session.files()))
            store.keep()

    @property
    def _cache(self) -> Cache:
        """A new one each time: files may have changed since the last."""
        root = self.config.rootpath
        return Cache(store.at(root), root)

    # ---- the guard: every fence that was found is a test, or was deselected by name ----------
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if isinstance(item, FenceItem):
            self._expected[item.nodeid] = item.fence_line

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._deselected.update(item.nodeid for item in items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        here = {item.nodeid.rsplit("@", 1)[0] for item in session.items}
        lost = sorted(set(self._expected) - here - self._deselected)
        if lost:
            raise pytest.UsageError("fences that were found but became no test: " + ", ".join(lost))

    def pytest_sessionfinish(self) -> None:
        self._close()
        self.executor.close()
        for page, updates in self.updates.values():
            rewrite(page, updates)
            self.updated += [f"{page.name}:{fence.line}" for fence, _ in updates]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.updated:
            terminalreporter.section("updated outputs")
            for place in self.updated:
                terminalreporter.line(place)


class PageFile(MarkdownTextFile):
    """A Markdown page; its items are its fences and its problems, by their lines."""

    def __init__(self, plugin: FencesPlugin, **kwargs: Any):
        super().__init__(**kwargs)
        self.plugin = plugin

    def collect(self) -> Iterator["PageItem"]:
        language = self.plugin.language(self.path) or "en"
        page = load(self.path, self.plugin.config.rootpath, language)
        found: list[tuple[int, Step | Fault]] = [
            *((step.fence.line, step) for step in page.steps),
            *((failure.line, failure) for failure in [*problems(page), *_overlooked(page)]),
        ]
        found.sort(key=lambda pair: pair[0])
        for other in translations(page, self.plugin.config.rootpath):
            if other.name < page.name:  # once for both
                name = f"{self.path.name}:{other.language}"
                yield ParityItem.from_parent(
                    self, name=name, plugin=self.plugin, page=page, other=other
                )
        names: dict[str, int] = {}
        for line, what in found:
            name = f"{self.path.name}:{line}"
            names[name] = names.get(name, 0) + 1
            if names[name] > 1:  # a fence and a problem, or two problems, on one line
                name += f"[{names[name]}]"
            yield FenceItem.from_parent(self, name=name, plugin=self.plugin, page=page, what=what)


class PageItem(MarkdownInlinePythonItem):
    """Shows a failure of a page as what it is."""

    page: Page
    said = ""  # what is tested, below its title in the report

    def reportinfo(self) -> tuple[Path, int, str]:
        title = f"{self.nodeid.split('::')[0]}, {self.said}"
        return self.path, max(0, (self.test_definition.start_line or 1) - 1), title

    def setup(self) -> None:
        """No fixtures: a page is a program that a reader can run."""

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if not isinstance(excinfo.value, FenceFailureError):
            return pytest.Item.repr_failure(self, excinfo, style)
        failure = excinfo.value.failure
        text = [f"{failure.file}:{failure.line}: {failure.reason}", ""]
        if excerpt := list(self.excerpt(failure.line)):
            text += [*excerpt, ""]
        text += failure.detail.rstrip().split("\n") if failure.detail else []
        trace = ReprTraceback([ReprEntryNative(["\n".join(text) + "\n"])], None, "native")
        # pytest's own classes, because only these travel from the processes of xdist.
        return ReprExceptionInfo(
            reprtraceback=trace,
            reprcrash=ReprFileLocation(str(self.path), failure.line, text[0]),
        )

    def excerpt(self, line: int) -> Iterator[str]:
        return iter(())


def item_of(kind: type[PageItem], parent: pytest.File, name: str, line: int, **values: Any) -> Any:
    """An item of a page that is no fence, at a line."""
    definition = FenceTestDefinition("", (), line, parent.path, None)
    return kind.from_parent(parent, name=name, test_definition=definition, **values)


class ParityItem(PageItem):
    """A page against its translation: the same program in both."""

    def __init__(self, plugin: FencesPlugin, page: Page, other: Page, **kwargs: Any):
        super().__init__(test_definition=FenceTestDefinition("", (), 1, page.path, None), **kwargs)
        self.plugin, self.page, self.other = plugin, page, other

    def runtest(self) -> None:
        failure = difference(self.page, self.other)
        if failure is None and any(step.fence.has("figure") for step in self.page.executed):
            failure = figure_difference(
                self.page,
                self.other,
                self.plugin.outcomes_of(self.page),
                self.plugin.outcomes_of(self.other),
            )
        if failure:
            raise FenceFailureError(failure)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.page.name} and {self.other.name}"


class FenceItem(PageItem):
    """A fence, or something in a page that is no fence but was meant to be."""

    def __init__(self, plugin: FencesPlugin, page: Page, what: Step | Fault, **kwargs: Any):
        code, line = (
            (what.fence.code, what.fence.line) if isinstance(what, Step) else ("", what.line)
        )
        definition = FenceTestDefinition(code, (), line, page.path, None)
        super().__init__(test_definition=definition, **kwargs)
        self.plugin, self.page, self.what, self.fence_line = plugin, page, what, line
        if isinstance(what, Step) and not what.runs:
            self.add_marker(pytest.mark.skip(reason=".notest: shown, not executed"))

    def runtest(self) -> None:
        if isinstance(self.what, Fault):
            raise FenceFailureError(self.what)
        plugin, page, step = self.plugin, self.page, self.what
        index = page.executed.index(step)
        outcome = plugin.outcome(page, index)
        for name, text in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
            if text:
                self.add_report_section("call", name, _shortened(text))
        failure = judge(page, step, outcome, plugin.executor)
        if failure is None:
            return
        if not (plugin.update and self._update(step, outcome)):
            raise FenceFailureError(consequence(page, plugin.outcomes[page.name], index, failure))

    def _update(self, step: Step, outcome: Outcome) -> bool:
        """Note the new output, unless the fence failed or prints something else every time."""
        where: tuple[Fence, Update]
        if outcome.results:
            where = (step.fence, outcome.results)
        elif outcome.error or step.output is None:
            return False
        else:
            where = (step.output, "\n".join(normal(outcome.stdout)))
        index = self.page.executed.index(step)
        if self.plugin.executor.unstable(self.page, index, outcome):
            return False
        self.plugin.updates.setdefault(self.page.name, (self.page, []))[1].append(where)
        return True

    def excerpt(self, line: int) -> Iterator[str]:
        return _excerpt(self.what, line) if isinstance(self.what, Step) else iter(())

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.fence_line - 1, f"{self.page.name}, line {self.fence_line}"


def _shortened(text: str, size: int = 4000) -> str:
    return text if len(text) <= size else f"{text[:size]}\n… ({len(text):,} characters)\n"


def _excerpt(step: Step, line: int) -> Iterator[str]:
    fences = [step.fence, *([step.output] if step.output else [])]
    for fence in fences:
        if fence.line <= line <= fence.end:
            for number, text in enumerate(fence.code.split("\n"), fence.first):
                yield f"{'>' if number == line else ' '} {number:4}   {text}".rstrip()


_OPENING = re.compile(r"[>\s]*(?:`{3,}|~{3,})\s*\{?\s*\.?([\w+-]+)", re.ASCII)


def _overlooked(page: Page) -> list[Fault]:
    """A second opinion: lines that any reader would take for a fence of ours, and are none."""
    try:
        lines = page.path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return []
    known = {fence.line for fence in page.fences} | {one.line for one in page.problems}
    inside = [range(fence.line, fence.end + 1) for fence in page.fences]
    inside += [range(line, line + 1) for line in page.ignored]
    return [
        Fault(page.name, number, "this looks like a fence that would be tested, but it is not")
        for number, line in enumerate(lines, 1)
        if (match := _OPENING.match(line))
        and match[1].lower() in EXECUTED
        and number not in known
        and not any(number in lines for lines in inside)
    ]


def _distributed(config: pytest.Config) -> bool:
    return bool(getattr(config.option, "numprocesses", None)) or hasattr(config, "workerinput")
