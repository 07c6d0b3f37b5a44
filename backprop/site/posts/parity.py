r"""The languages of a page have the same program: code, outputs, figures and formulas.

Words may differ: prose, comments, strings (titles and labels of figures among them), `\text{}`.
Inline formulas may stand in another order within a passage, as sentences do.
"""

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import assert_never

from backprop.program.exercise import gaps
from backprop.program.fences import Fence
from backprop.program.kinds import KINDS
from backprop.program.page import Page, Step, load
from backprop.program.session import Outcome
from backprop.site.faults import Fault
from backprop.site.posts.formulas import ComparedFormula, formulas, normal_tex
from backprop.site.posts.verify import normal

_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Za-z]{2,4})?")
# Options that hold words for readers.
_WORDS = {"title"}.union(*(kind.words for kind in KINDS.values()))


def translations(page: Page, root: Path, known: dict[Path, Page] | None = None) -> list[Page]:
    """The same page in other languages: `docs/en/posts/x.md` for `docs/zh/posts/x.md`.

    known: pages that have been read, by their paths.
    """
    try:
        parts = page.path.resolve().relative_to(root.resolve()).parts
    except ValueError:
        return []
    found = []
    for depth, part in enumerate(parts[:-1]):
        folder = root.joinpath(*parts[:depth])
        if not _LANGUAGE.fullmatch(part):
            continue
        for other in sorted(folder.iterdir()):
            path = other.joinpath(*parts[depth + 1 :])
            if other.name != part and _LANGUAGE.fullmatch(other.name) and path.is_file():
                found.append((known or {}).get(path) or load(path, root, other.name))
    return found


def difference(one: Page, other: Page) -> Fault | None:
    """The first place where two languages of a page differ; the pages may come in any order."""
    if not (one.readable and other.readable):
        return None  # of what is in a file that cannot be read nobody knows
    one, other = sorted((one, other), key=lambda page: page.name)
    return next(_differences(one, other), None)


def figure_difference(
    one: Page, other: Page, outcomes: list[Outcome], others: list[Outcome]
) -> Fault | None:
    """The first figure that shows other data in the other language.

    Where the fences are not of the same kinds, `difference` says so, and there is nothing to pair;
    where a fence has failed, that is said, and what was not drawn differs for that reason.
    """
    if any(outcome.error for outcome in [*outcomes, *others]):
        return None
    if one.name > other.name:
        one, other, outcomes, others = other, one, others, outcomes
    kinds = [
        [(step.fence.language, step.fence.header.classes) for step in page.executed]
        for page in (one, other)
    ]
    if kinds[0] != kinds[1]:
        return None
    pairs = zip(one.executed, other.executed, outcomes, others, strict=False)
    for mine, yours, first, second in pairs:
        if [each["data"] for each in first.figures] != [each["data"] for each in second.figures]:
            return _failure(
                one, mine.fence.line, other, yours.fence.line, "the figures show different data"
            )
    return None


def _differences(one: Page, other: Page) -> Iterator[Fault]:
    mine, yours = _items(one), _items(other)
    for a, b in zip(mine, yours, strict=False):
        if isinstance(a, Fence) != isinstance(b, Fence) or (
            isinstance(a, Fence) and isinstance(b, Fence) and a.language != b.language
        ):
            what = f"{_what(a)} here, {_what(b)} there"
            yield _failure(one, a.line, other, b.line, what)
            return
        if isinstance(a, Fence) and isinstance(b, Fence):
            yield from _fences(one, a, other, b)
        elif _tex(a) != _tex(b) and normal_tex(_tex(a)) != normal_tex(_tex(b)):
            yield _failure(one, a.line, other, b.line, "the formulas differ")
    if len(mine) != len(yours):
        page, rest, last = (
            (one, mine[len(yours) :], other)
            if len(mine) > len(yours)
            else (other, yours[len(mine) :], one)
        )
        yield Fault(page.name, rest[0].line, f"{_what(rest[0])} that {last.name} does not have")
    yield from _inline(one, mine, other, yours)


def _items(page: Page) -> list[Fence | ComparedFormula]:
    """What has to agree one by one: fences and displayed formulas, in order."""
    displayed = [formula for formula in formulas(page) if formula.display]
    return sorted([*page.fences, *displayed], key=lambda item: item.line)


def _tex(item: Fence | ComparedFormula) -> str:
    return item.code if isinstance(item, Fence) else item.tex


def _what(item: Fence | ComparedFormula) -> str:
    return f"a {item.language or 'text'} fence" if isinstance(item, Fence) else "a formula"


def _fences(one: Page, a: Fence, other: Page, b: Fence) -> Iterator[Fault]:
    if a.header.classes != b.header.classes or a.header.id != b.header.id:
        yield _failure(one, a.line, other, b.line, "the fences have different classes or ids")
    for key in sorted({*a.options, *b.options} - _WORDS):
        if a.options.get(key) != b.options.get(key):
            yield _failure(one, a.line, other, b.line, f"option `{key}` differs")
    kind = KINDS.get(a.kind)
    if kind is None:
        return  # a fence that is only shown, such as a listing, may be about other words
    match kind.parity:
        case "program":
            if where := _code(a.code, b.code):
                here, there = a.first + where[0], b.first + where[1]
                yield _failure(one, here, other, there, "the code differs")
            elif kind.gaps and _holes(a.code) != _holes(b.code):
                yield _failure(one, a.line, other, b.line, "the gaps hold different lines")
        case "console":
            if _same_up_to_strings(a.code) != _same_up_to_strings(b.code):
                yield _failure(one, a.line, other, b.line, "the code differs")
        case "formula":
            if normal_tex(a.code) != normal_tex(b.code):
                yield _failure(one, a.line, other, b.line, "the formulas differ")
        case "printed":
            yield from _outputs(one, a, other, b)
        case "text":
            if normal(a.code) != normal(b.code):
                yield _failure(one, a.line, other, b.line, "the texts differ")
        case "words":
            pass
        case unknown:
            assert_never(unknown)


def _outputs(one: Page, a: Fence, other: Page, b: Fence) -> Iterator[Fault]:
    """Outputs agree word for word, or number for number where the code prints other strings."""
    if normal(a.code) == normal(b.code):
        return
    printed = [_printer(page, fence) for page, fence in ((one, a), (other, b))]
    if printed[0] and printed[1] and _strings(printed[0]) != _strings(printed[1]):
        if _numbers(a.code) == _numbers(b.code):
            return
    lines = zip([*normal(a.code), ""], [*normal(b.code), ""], strict=False)
    at = next((i for i, (x, y) in enumerate(lines) if x != y), 0)
    yield _failure(one, a.first + at, other, b.first + at, "the outputs differ")


def _numbers(printed: str) -> list[str]:
    """The numbers line by line; within a line each language has its own order of words."""
    number = re.compile(r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?")
    return [each for line in printed.splitlines() for each in sorted(number.findall(line))]


def _printer(page: Page, output: Fence) -> Step | None:
    return next((step for step in page.steps if step.output == output), None)


def _strings(step: Step) -> list[str]:
    try:
        tree = ast.parse(step.fence.code)
    except SyntaxError:
        return []
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def _holes(code: str) -> list[str]:
    """What the gaps of an exercise hold, without comments."""
    lines = code.split("\n")
    held = ["\n".join(lines[gap.start + 1 : gap.end]) for gap in gaps(code)]
    return [re.sub(r"\s*#.*", "", text) for text in held]


def _code(a: str, b: str) -> tuple[int, int] | None:
    """The first lines, from 0, where two pieces of code do different things."""
    if a == b:
        return None
    try:
        trees = ast.parse(a), ast.parse(b)
    except SyntaxError:
        return None if _same_up_to_strings(a) == _same_up_to_strings(b) else (0, 0)
    found = _first(trees[0], trees[1], (1, 1))
    return None if found is None else (found[0] - 1, found[1] - 1)


def _first(a: object, b: object, at: tuple[int, int]) -> tuple[int, int] | None:
    if isinstance(a, ast.AST) and isinstance(b, ast.AST):
        at = (getattr(a, "lineno", at[0]), getattr(b, "lineno", at[1]))
        if _is_words(a) and _is_words(b):
            # What an f-string computes is code, what it says is words.
            return _first(_computed(a), _computed(b), at)
        if type(a) is not type(b):
            return at
        for name in a._fields:
            if name == "kind":  # u"…"
                continue
            if found := _first(getattr(a, name, None), getattr(b, name, None), at):
                return found
        return None
    if isinstance(a, list) and isinstance(b, list):
        for x, y in zip(a, b, strict=False):
            if found := _first(x, y, at):
                return found
        if len(a) != len(b):
            more = a if len(a) > len(b) else b
            line = getattr(more[min(len(a), len(b))], "lineno", None)
            return at if line is None else ((line, at[1]) if more is a else (at[0], line))
        return None
    return None if type(a) is type(b) and a == b else at


def _is_words(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _computed(node: ast.AST) -> list[ast.AST]:
    if not isinstance(node, ast.JoinedStr):
        return []
    return [part for part in node.values if isinstance(part, ast.FormattedValue)]


def _same_up_to_strings(code: str) -> list[str]:
    """Code that Python cannot parse as a whole, without strings, comments and spaces."""
    code = re.sub(r"('''|\"\"\").*?\1|'[^'\n]*'|\"[^\"\n]*\"", "''", code, flags=re.DOTALL)
    lines = [" ".join(line.split("#")[0].split()) for line in code.split("\n")]
    return [line for line in lines if line]


def _inline(
    one: Page,
    mine: list[Fence | ComparedFormula],
    other: Page,
    yours: list[Fence | ComparedFormula],
) -> Iterator[Fault]:
    """Inline formulas, passage by passage: between two fences or displayed formulas."""
    ours = _passages(one, mine), _passages(other, yours)
    for a, b in zip(*ours, strict=False):
        for (page, own), (against, theirs) in (((one, a), (other, b)), ((other, b), (one, a))):
            known = {normal_tex(formula.tex) for formula in theirs}
            for formula in own:
                if normal_tex(formula.tex) not in known:
                    yield Fault(
                        page.name,
                        formula.line,
                        f"${formula.tex}$ does not occur in this passage of {against.name}"
                        + (f" (about line {theirs[0].line})" if theirs else ""),
                    )


def _passages(page: Page, items: list[Fence | ComparedFormula]) -> list[list[ComparedFormula]]:
    borders = [item.line for item in items]
    passages: list[list[ComparedFormula]] = [[] for _ in range(len(borders) + 1)]
    for formula in formulas(page):
        if not formula.display:
            passages[bisect_right(borders, formula.line)].append(formula)
    return passages


def _failure(one: Page, line: int, other: Page, there: int, reason: str) -> Fault:
    return Fault(one.name, line, f"{reason}: compare {other.name}:{there}")
