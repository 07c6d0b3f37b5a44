"""A page as a program: which of its fences are run, and what each has to do.

A page is read once and passed on as plain data; nothing in here executes anything.
"""

import ast
import inspect
import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from backprop.program.fences import Fence, PageError, Problem, read_page, scan
from backprop.program.included import MARKER, IncludeError, Place, expand
from backprop.program.kinds import KINDS

DATA = "data"
"""The folder beside a page that its fences find where they work."""


@dataclass(frozen=True)
class Step:
    """One fence of the program, and the `output` fence that shows what it prints."""

    fence: Fence
    output: Fence | None = None
    brief: bool = False  # nobody will read what is wrong with it
    anchor: str = ""  # the id of a graph's figure
    legend: bool = True  # whether it explains its colours: the first of a page does
    whole: str = ""  # its code with the files that it includes, if it includes any
    places: tuple[Place, ...] = ()  # of each line, where it includes any

    @property
    def runs(self) -> bool:
        return not self.fence.has("notest")

    @property
    def code(self) -> str:
        """What runs."""
        return self.whole or self.fence.code

    @property
    def kind(self) -> str:
        """Its row of `backprop.program.kinds`."""
        return self.fence.kind

    def request(self) -> dict[str, Any]:
        """What the process that runs the page is told, as JSON."""
        fence, kind = self.fence, KINDS[self.kind]
        return {
            "kind": self.kind,
            "code": self.code,
            "places": [(place.file, place.line, place.at) for place in self.places],
            "first": fence.first,
            "anchor": self.anchor,
            "legend": self.legend,
            "brief": self.brief,
            **{name: fence.options.get(name) for name in kind.options},
            **{name: fence.has(name) for name in kind.classes},
        }


@dataclass(frozen=True)
class Page:
    """A Markdown page. `name` is how messages call it: its path below the project."""

    path: Path
    name: str
    language: str
    fences: tuple[Fence, ...]
    steps: tuple[Step, ...]
    problems: tuple[Problem, ...]
    ignored: tuple[int, ...] = ()
    text: str = field(default="", repr=False)
    readable: bool = True

    @property
    def executed(self) -> list[Step]:
        return [step for step in self.steps if step.runs]


def load(path: Path, root: Path, language: str = "en", text: str | None = None) -> Page:
    """Read a page; a file that cannot be read is a page with one problem."""
    try:
        name = path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        name = path.as_posix()
    if text is None:
        try:
            text = read_page(path)
        except PageError as error:
            told = (Problem(error.line, str(error)),)
            return Page(path, name, language, (), (), told, readable=False)
    found = scan(text, _custom_fences(root))
    steps, problems = _included(*_steps(found.fences), root)
    every = sorted([*found.problems, *problems], key=lambda problem: problem.line)
    return Page(path, name, language, found.fences, steps, tuple(every), found.ignored, text)


def _custom_fences(root: Path) -> frozenset[str]:
    """The `custom_fences` of pymdownx.superfences in a project; none if it is no MkDocs project."""
    config = root / "mkdocs.yml"
    try:
        return _custom_names(config, config.stat().st_mtime_ns)
    except OSError:
        return frozenset()


@cache
def _custom_names(config: Path, changed: int) -> frozenset[str]:
    # Not read as YAML, which the tests of a page can do without, and whose tags are MkDocs' own.
    found = re.search(
        r"^(?P<indent> *)custom_fences:[^\n]*\n(?P<items>(?:(?P=indent) *[- ] [^\n]*\n|\s*\n)*)",
        config.read_text("utf-8", "replace") + "\n",
        re.MULTILINE,
    )
    names = re.findall(r"\bname: *[\"']?([\w.+#-]+)", found["items"]) if found else []
    return frozenset(name.lower() for name in names)


def _steps(fences: tuple[Fence, ...]) -> tuple[tuple[Step, ...], list[Problem]]:
    steps: list[Step] = []
    problems: list[Problem] = []
    anchors: list[str] = []
    for fence in fences:
        kind = KINDS.get(fence.kind)
        if kind is None:
            continue
        if kind.printed:
            if reason := _misplaced_output(steps):
                problems.append(Problem(fence.line, reason))
            else:
                steps[-1] = Step(steps[-1].fence, fence)
        elif kind.runs is not None:
            if empty := [Problem(fence.line + at, why) for at, why in kind.empty(fence.code)]:
                problems += empty
            else:
                steps.append(_drawing(fence, anchors) if kind.drawing else Step(fence))
    return tuple(steps), problems


def _included(
    steps: tuple[Step, ...], problems: list[Problem], root: Path
) -> tuple[tuple[Step, ...], list[Problem]]:
    """The steps with the files that their fences include."""
    kept: list[Step] = []
    for step in steps:
        for fence in (step.fence, step.output):
            if fence is None or not step.runs or MARKER not in fence.code:
                continue
            try:
                code, places = expand(fence.code, root)
            except IncludeError as error:
                problems.append(Problem(fence.first + error.at, str(error)))
                break
            if places and (fence is step.output or not KINDS[step.kind].includes):
                kind = "an output" if fence is step.output else f"a fence of kind '{step.kind}'"
                what = f"{kind} includes no file: write its lines here, or import the module"
                problems.append(Problem(fence.first + min(p.at for p in places if p.file), what))
                break
            step = replace(step, whole=code, places=places) if places else step
        else:
            kept.append(step)
    return tuple(kept), problems


def awaits(code: str) -> bool:
    """Whether code waits at its top level, so that it needs an event loop to run."""
    if "await" not in code and "async" not in code:
        return False
    try:
        whole = compile(code, "", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return bool(whole.co_flags & inspect.CO_COROUTINE)


def _drawing(fence: Fence, anchors: list[str]) -> Step:
    """A figure has an address: the fence's own id, or the name of what it calls."""
    called = re.match(r"\s*(?:\w+\.)*(\w+)", fence.code)
    base = fence.header.id or f"{called[1] if called else 'graph'}-graph"
    anchor, number = base, 1
    while anchor in anchors:
        number += 1
        anchor = f"{base}-{number}"
    anchors.append(anchor)
    return Step(fence, anchor=anchor, legend=len(anchors) == 1)


def _misplaced_output(steps: list[Step]) -> str:
    if not steps:
        return "this output stands before any python fence that could have printed it"
    last = steps[-1]
    where = f"the {last.fence.language} fence of line {last.fence.line}"
    if not KINDS[last.kind].prints:
        return f"this output follows {where}, which shows its own results; take it away"
    if not last.runs:
        return f"{where} is not executed, so nothing can verify this output; use a text fence"
    if last.output:
        return f"{where} already has its output, in line {last.output.line}"
    return ""
