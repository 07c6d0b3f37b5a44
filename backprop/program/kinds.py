"""What each kind of fence means: one table, a row a kind, and whoever asks about a kind asks it.

A fence is found by its language; a class or an option of it may make it a kind of its own, as
`check="…"` does of Python. Every column without a default has to be filled in, so nothing that
concerns a new kind is decided by its being forgotten.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from backprop.program.exercise import GapError, gaps

Run = Callable[[dict[str, Any], str, types.ModuleType], dict[str, Any] | None]
"""Runs a fence: of the request, the page's name and its module; what it found, if anything."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One row."""

    language: str  # what the fence is called
    classes: frozenset[str]  # those that mean something on it
    options: frozenset[str]
    # How it is run: a function, or the module whose `run` is that, which is loaded where a page
    # needs it. None: it is only shown.
    runs: Run | str | None
    # What is wrong with its code before it runs: lines from the one that opens the fence, and why.
    empty: Callable[[str], Iterator[tuple[int, str]]]
    # How two translations of it are compared: as Python whose strings and comments are words, as
    # a console of it, as what the fence above prints, as a formula, letter by letter, not at all.
    parity: Literal["program", "console", "printed", "formula", "text", "words"]
    # What the mutation gate makes of it: mistakes in its lines, or only a use of the names in it.
    mutants: Literal["lines", "names", None]
    # How Pygments shall call it, and the class of its block; None: it is shown as it would be.
    shown: tuple[str, str] | None
    # How it goes on in a reader's browser, as a program or as a console; None: it is left out.
    desk: Literal["program", "console", None]
    mark: str = ""  # the class or option that makes a fence of this language one of this kind
    # What contradicts in its first line: of its classes, and of its options with their values.
    contradiction: Callable[[Collection[str], Mapping[str, str]], str] = lambda classes, options: ""
    strict: bool = True  # whether it may have only what this row names
    prints: bool = False  # whether a fence of output may follow
    printed: bool = False  # whether it is that fence, which belongs to the one above
    includes: bool = False  # whether it may include files
    drawing: bool = False  # whether it is a figure with an address, which leaves no names behind
    gaps: bool = False  # whether a reader fills in a part of it
    words: frozenset[str] = frozenset()  # its options that are words for readers, in any language
    label: str = ""  # the text that its block is labelled with
    assets: str = ""  # the module whose `assets()` a site needs that shows one
    # Its lines as tracebacks and `inspect` find them.
    lines: Callable[[str], str] = str


def _anything(code: str) -> Iterator[tuple[int, str]]:
    return iter(())


def _contradiction(classes: Collection[str], options: Mapping[str, str]) -> str:
    """Of the classes and options of Python."""
    if options.get("at", "real") != "real":
        return f'at="{options["at"]}" is unknown; the only place is at="real"'
    if "at" in options and "check" not in options:
        return 'at="real" says where to check; it needs check="f(x)"'
    if "figure" in classes and not options.get("alt", "").strip():
        return 'a figure needs a text for those who cannot see it: add alt="…"'
    if "alt" in options and "figure" not in classes:
        return "alt describes a figure; add the class .figure or take alt away"
    if "notest" in classes:
        for name in ("check", "raises", "figure"):
            if name in options or name in classes:
                return f"a .notest fence is not executed, so `{name}` means nothing"
    if "exercise" in classes:
        if "check" not in options:
            return 'an exercise needs check="f(x)", which judges what a reader writes'
        for name in ("hidden", "notest", "figure", "raises"):
            if name in options or name in classes:
                return f"an exercise is there to be solved, so `{name}` means nothing"
    if "figure" in classes and "check" in options:
        return "check compares lines and .figure draws: write the drawing in a fence of its own"
    if "raises" in options:
        if "check" in options or "figure" in classes:
            return "a fence that raises can neither be checked nor draw a figure"
        if not re.match(r"[A-Za-z_][\w.]*(:.*)?$", options["raises"], re.DOTALL):
            return f'raises="{options["raises"]}" names no exception; write raises="ValueError"'
    return ""


def _without_gaps(code: str) -> Iterator[tuple[int, str]]:
    try:
        gaps(code)
    except GapError as error:
        yield 1 + error.line, str(error)


def _without_prompts(code: str) -> Iterator[tuple[int, str]]:
    if ">>> " not in code + " ":
        yield 0, "a pycon fence without a line that begins with >>> tests nothing"


def _without_a_call(code: str) -> Iterator[tuple[int, str]]:
    if not code.strip():
        yield 0, "a graph fence needs a call to draw, such as variance(x)"


def _python_of(code: str) -> str:
    """The lines of a console without their prompts."""
    kept = (line.lstrip(" ") for line in code.split("\n"))
    return "\n".join(line[4:] if line.startswith((">>> ", "... ")) else "" for line in kept)


# `continuation` is what pytest-markdown-docs calls a fence that goes on with the last one; here
# all do.
_PYTHON = Kind(
    language="python",
    classes=frozenset({"hidden", "notest", "figure", "continuation", "exercise"}),
    options=frozenset({"raises", "check", "at", "alt"}),
    runs="backprop.program.python",
    empty=_anything,
    parity="program",
    mutants="lines",
    shown=("python", "bp-run"),
    desk="program",
    contradiction=_contradiction,
    prints=True,
    includes=True,
    words=frozenset({"alt"}),
)
_CHECK = replace(
    _PYTHON,
    mark="check",
    runs="backprop.site.posts.check.fence",
    includes=False,  # its lines are compared, so they stand on the page
    assets="backprop.site.marks",
)
_SHOWN = Kind(
    language="",
    classes=frozenset(),
    options=frozenset(),
    runs=None,
    empty=_anything,
    parity="words",
    mutants=None,
    shown=None,
    desk=None,
)

# The kinds of a language stand from the most to the least particular one, whose name it is.
KINDS: dict[str, Kind] = {
    "exercise": replace(
        _CHECK,
        mark="exercise",
        runs="backprop.site.posts.exercises",
        empty=_without_gaps,
        gaps=True,
    ),
    "check": _CHECK,
    "figure": replace(_PYTHON, mark="figure", runs="backprop.site.posts.figures"),
    "python": _PYTHON,
    "pycon": Kind(
        language="pycon",
        classes=frozenset({"notest", "hidden"}),
        options=frozenset(),
        runs="backprop.program.pycon",
        empty=_without_prompts,
        parity="console",
        mutants="names",
        shown=("pycon", "bp-run"),
        desk="console",
        lines=_python_of,
    ),
    "output": replace(
        _SHOWN,
        language="output",
        parity="printed",
        shown=("text", "bp-output"),
        printed=True,
        label="output",
    ),
    "graph": Kind(
        language="graph",
        classes=frozenset({"once"}),
        options=frozenset({"caption", "dout", "flip", "shift"}),
        runs="backprop.site.posts.diagram",
        empty=_without_a_call,
        parity="program",
        mutants=None,
        shown=("python", "bp-graph-source"),
        desk=None,
        drawing=True,
        words=frozenset({"caption"}),
        assets="backprop.site.posts.stepping",
    ),
    # Fences of other tools, which may say what they like.
    "math": replace(_SHOWN, language="math", parity="formula", strict=False),
    "mermaid": replace(_SHOWN, language="mermaid", strict=False),
}


def kind_of(language: str, classes: Collection[str], options: Mapping[str, str]) -> str:
    """The kind of a fence; "" for one that means nothing to us."""
    for name, kind in KINDS.items():
        if kind.language == language and (
            not kind.mark or kind.mark in classes or options.get(kind.mark)
        ):
            return name
    return ""


LANGUAGES = tuple(dict.fromkeys(kind.language for kind in KINDS.values()))
EXECUTED = tuple(name for name in LANGUAGES if KINDS[name].runs is not None)
"""The languages of fences that run."""


def modules(here: bool) -> set[str]:
    """The modules that run fences: those of this room, or those of others."""
    names = {kind.runs for kind in KINDS.values() if isinstance(kind.runs, str)}
    return {name for name in names if name.startswith(f"{__package__}.") == here}
