"""What pages did, kept between builds: a page runs again only when something it depends on changed.

The key of an entry is everything that is known before a page runs (its code and options, the
versions of Python and of what it imports, this tool). Beside the result the entry names the files
that the page read while it ran, imported modules of the project above all, and the folders that
it listed, with their digests. The first line of an entry is the digest of all the others.
"""

import ast
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path

from backprop.program import kinds
from backprop.program.execute import Executor, Result
from backprop.program.files import digest_of
from backprop.program.page import Page
from backprop.program.session import Outcome
from backprop.program.store import Store, digest

# What asks for a line, and how one is printed: "line 12", "post.md:12", "第 12 行", "12 | code".
_ASKS = re.compile(r"lineno|_getframe|\binspect\b|\btraceback\b|\.lines?\b")
_NAMED = re.compile(r"(?:\bline |:|第 ?)(\d+)|^ *(\d+) \|", re.MULTILINE)


class Cache:
    """What the pages of a project did, in its store."""

    def __init__(self, store: Store, root: Path):
        self.store, self.root = store, root
        self._digests: dict[str, str] = {}
        self._keys: dict[int, tuple[Page, str]] = {}  # with the page, whose number stays its own

    def results(
        self,
        pages: list[Page],
        executor: Executor,
        ahead: Callable[[list[Page]], None] | None = None,
    ) -> list[Result]:
        """The result of every page; those that are not known run side by side, after `ahead`."""
        known: dict[str, Result | None] = {page.name: self.get(page) for page in pages}
        missing = [page for page in pages if known[page.name] is None]
        if ahead:
            ahead(missing)
        for page, fresh in zip(missing, executor.run_all(missing), strict=True):
            self.put(page, fresh)
            known[page.name] = fresh
        self.store.keep()
        return [result for page in pages if (result := known[page.name])]

    def get(self, page: Page) -> Result | None:
        """What is known of a page; None if nothing, or if it is no longer true or readable."""
        if not page.executed:
            return Result([], [])
        try:
            entry = self.store.get(self._key(page))
            if entry is None:
                return None
            if any(self._digest(file) != held for file, held in entry["files"].items()):
                return None
            outcomes = [Outcome(**outcome) for outcome in entry["outcomes"]]
            if len(outcomes) != len(page.executed):
                return None
            if entry["places"] not in (None, _places(page)):
                return None
            return Result(outcomes, list(entry["files"]))
        except (KeyError, TypeError, AttributeError):
            return None

    def put(self, page: Page, result: Result) -> None:
        """Keep a result, unless something failed: what failed runs again."""
        if any(outcome.error for outcome in result.outcomes) or not page.executed:
            return
        entry = {
            "files": {file: self._digest(file) for file in result.files},
            "places": _places(page) if _names_a_line(page, result.outcomes) else None,
            "outcomes": [asdict(outcome) for outcome in result.outcomes],
        }
        self.store.put(self._key(page), entry)

    def _key(self, page: Page) -> str:
        if id(page) not in self._keys:
            self._keys[id(page)] = page, key(page)
        return self._keys[id(page)][1]

    def _digest(self, file: str) -> str:
        """Of a file's content, of the names in a folder; empty for what does not exist."""
        if file not in self._digests:
            self._digests[file] = digest_of(file)
        return self._digests[file]


def _places(page: Page) -> list[int]:
    return [step.fence.first for step in page.executed]


def _names_a_line(page: Page, outcomes: list[Outcome]) -> bool:
    """Whether a line of the page was printed, as in a report or a traceback, or may have been: it
    would be another one when the fence has moved."""
    if any(_ASKS.search(step.code) for step in page.executed):
        return True
    printed = "\n".join(f"{outcome.stdout}\n{outcome.stderr}" for outcome in outcomes)
    named = {int(number) for pair in _NAMED.findall(printed) for number in pair if number}
    return any(
        step.fence.first <= number <= step.fence.end for step in page.executed for number in named
    )


def key(page: Page) -> str:
    """Everything that is known before the page runs, but for where its fences stand."""
    requests = [step.request() for step in page.executed]
    for request in requests:
        del request["first"]  # moving a fence changes only the lines that it names: `places`
    known = {
        "requests": requests,
        "name": page.name,
        "language": page.language,
        "tool": _tool(),
        "python": [sys.version, platform.platform()],
        "versions": {name: _version(name) for name in sorted(_imported(page))},
    }
    return digest("page", known)


@cache
def _tool() -> str:
    """What decides what a page does, besides its own code: the sources that run fences, those of
    other rooms with all that lies beside them."""
    package = Path(__file__).parents[1]

    def source(module: str) -> Path:
        return package.joinpath(*module.split(".")[1:]).with_suffix(".py")

    files = {Path(__file__).with_name(f"{name}.py") for name in ("runner", "worker", "guard")}
    files |= {Path(kinds.__file__), *map(source, kinds.modules(here=True))}
    for module in kinds.modules(here=False):
        files.update(source(module).parent.rglob("*.*"))
    found = sorted(file for file in files if file.suffix in (".py", ".svg"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in found)).hexdigest()


def _imported(page: Page) -> set[str]:
    names = {"numpy", "matplotlib", "backprop"}
    for step in page.executed:
        with contextlib.suppress(SyntaxError, ValueError):
            for node in ast.walk(ast.parse(step.code)):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names


@cache
def _version(module: str) -> str:
    """The version of what is installed under the name of a module; empty for project modules."""
    for name in _names(module):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    return ""


def _names(module: str) -> Iterator[str]:
    yield module
    if module == "backprop":
        yield "backprop-notes"
    # Slow, so only for modules that are not called as what they were installed from (PIL, yaml).
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(module)
        if spec is not None and "-packages" in str(spec.origin):
            yield from _distributions().get(module, ())


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())
