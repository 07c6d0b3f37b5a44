"""Runs the mutants of pages and counts: killed of all, by what depends on their lines."""

import ast
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from backprop.site.posts.mutants.operators import Mutant, mutants
from backprop.site.posts.pages import Page, Step, load
from backprop.site.posts.program import Executor, Limits, Outcome
from backprop.site.posts.verify import judge, normal

# What must be killed, of all mutants of the lines of a kind.
REQUIRED = {"checked": 1.0, "verified": 0.9}
LEFT_OUT = ("figure", "hidden", "raises", "notest")


class PageIsWrongError(ValueError):
    """A page must be right before it can be made wrong; the message is its failure."""


@dataclass(frozen=True)
class Candidate:
    """A mutant in its page: `step` is the index of the fence among those that are executed."""

    page: Page
    step: int
    mutant: Mutant
    kind: str  # "checked": carries a ✓; "verified": an output or an assertion depends on it

    @property
    def place(self) -> str:
        line = self.page.executed[self.step].fence.first + self.mutant.line - 1
        return f"{self.page.name}:{line}"

    def __str__(self) -> str:
        return f"{self.place}: {self.mutant.operator}: {self.mutant.before}  →  {self.mutant.after}"


@dataclass
class Report:
    """What became of the mutants."""

    killed: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    survivors: list[Candidate] = field(default_factory=list)
    equivalent: list[Candidate] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        return all(
            self.killed[kind] >= share * self.total[kind] for kind, share in REQUIRED.items()
        )

    def __str__(self) -> str:
        lines = [f"survived: {one}" for one in self.survivors]
        lines += [f"equivalent: {one}" for one in self.equivalent]
        for kind, share in REQUIRED.items():
            killed, total = self.killed[kind], self.total[kind]
            percent = f" ({killed / total:.1%})" if total else ""
            lines.append(
                f"{kind} lines: {killed} of {total} mutants killed{percent}, {share:.0%} required"
            )
        if self.left_out:
            counts = ", ".join(f"{count} {name}" for name, count in sorted(self.left_out.items()))
            lines.append(f"left out: {counts}")
        return "\n".join(lines)


def pages_below(paths: Iterable[Path], root: Path) -> list[Page]:
    """The pages that have a program, each program once (translations have the same)."""
    files = [
        file for path in paths for file in (sorted(path.rglob("*.md")) if path.is_dir() else [path])
    ]
    programs: dict[str, Page] = {}
    for file in files:
        page = load(file, root)
        if page.executed:
            programs.setdefault(_program(page), page)
    return list(programs.values())


def _program(page: Page) -> str:
    """What a page does, without its words."""
    texts = [step.fence.code for step in page.executed]
    try:
        trees = [ast.parse(text) for text in texts]
    except SyntaxError:
        return "\n".join(texts)
    dumped = "\n".join(ast.dump(tree) for tree in trees)
    return re.sub(r"Constant\(value='[^']*'\)", "text", dumped)


def run(
    pages: list[Page], root: Path, sample: int | None = None, seed: int = 0, jobs: int | None = None
) -> Report:
    """Try all mutants of the pages, or a seeded sample of them."""
    report = Report()
    with Executor(root, Limits(seconds=30), jobs) as executor:
        candidates: list[Candidate] = []
        for page in pages:
            outcomes = executor.run(page).outcomes
            for step, outcome in zip(page.executed, outcomes, strict=True):
                if failure := judge(page, step, outcome):
                    raise PageIsWrongError(str(failure))
            candidates += _candidates(page, outcomes, report)
        if sample is not None and sample < len(candidates):
            candidates = sorted(
                random.Random(seed).sample(candidates, sample), key=lambda one: str(one)
            )
        with ThreadPoolExecutor(executor.jobs) as pool:
            survived = list(pool.map(lambda one: _survives(one, executor), candidates))
        for candidate, alive in zip(candidates, survived, strict=True):
            if alive and _equivalent(candidate, executor):
                report.equivalent.append(candidate)
                continue
            report.total[candidate.kind] += 1
            report.killed[candidate.kind] += not alive
            if alive:
                report.survivors.append(candidate)
    return report


def _candidates(page: Page, outcomes: list[Outcome], report: Report) -> Iterator[Candidate]:
    needed = _needed(page)
    for index, (step, outcome) in enumerate(zip(page.executed, outcomes, strict=True)):
        fence = step.fence
        if fence.language != "python":
            continue
        if why := [name for name in LEFT_OUT if fence.has(name) or name in fence.options]:
            report.left_out[f".{why[0]} fences"] += 1
            continue
        marks = {mark["line"] + 1 for mark in outcome.marks}
        tree = ast.parse(fence.code).body
        for mutant in mutants(fence.code):
            if tree[mutant.statement].end_lineno in marks:
                yield Candidate(page, index, mutant, "checked")
            elif (index, mutant.statement) in needed:
                yield Candidate(page, index, mutant, "verified")
            else:
                report.left_out["mutants of lines that nothing depends on"] += 1
    report.left_out[".notest fences"] += len(page.steps) - len(page.executed)
    report.left_out += Counter()  # drop zeros


# ---- what depends on what -------------------------------------------------------------------
def _needed(page: Page) -> set[tuple[int, int]]:
    """The statements, as (step, number), that an output, an assertion or a doctest depends on."""
    needed: set[tuple[int, int]] = set()
    names: set[str] = set()
    for index in reversed(range(len(page.executed))):
        step = page.executed[index]
        if step.fence.language == "pycon":
            names |= set(re.findall(r"[A-Za-z_]\w*", step.fence.code))
        if step.fence.language != "python":
            continue
        if call := step.fence.options.get("check"):
            names |= _read(ast.parse(call))
        body = ast.parse(step.fence.code).body
        for number in reversed(range(len(body))):
            statement = body[number]
            assigned = _assigned(statement)
            if not (_verifies(statement, step) or assigned & names):
                continue
            needed.add((index, number))
            if isinstance(statement, ast.Assign):
                names -= {each.id for each in statement.targets if isinstance(each, ast.Name)}
            names |= _read(statement)
    return needed


def _verifies(statement: ast.stmt, step: Step) -> bool:
    return any(
        isinstance(node, ast.Assert)
        or (
            step.output is not None
            and isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        )
        for node in ast.walk(statement)
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef))
    )


def _assigned(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    found: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            found |= {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


def _read(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


# ---- running --------------------------------------------------------------------------------
def _survives(candidate: Candidate, executor: Executor) -> bool:
    """Run the page with the mistake in it, up to the first fence that notices."""
    page = _changed(candidate.page, candidate.step, candidate.mutant.code)
    with executor.session(page) as session:
        for index, step in enumerate(page.executed):
            if judge(page, step, session.outcome(index)):
                return False
    return True


def _changed(page: Page, index: int, code: str) -> Page:
    step = page.executed[index]
    fence = replace(step.fence, code=code)
    steps = tuple(replace(one, fence=fence) if one is step else one for one in page.steps)
    return replace(page, steps=steps)


_SEED = re.compile(r"(default_rng|seed|RandomState)\((\d+)\)")
# Prints every number that the page has computed, in a form that can be compared.
_VALUES = """
import numpy as _np
for _name, _value in sorted(globals().items()):
    if not _name.startswith("_") and isinstance(_value, (_np.ndarray, _np.generic, float, int)):
        print(_name, _np.array2string(_np.asarray(_value), precision=9, threshold=10**6))
"""


def _equivalent(candidate: Candidate, executor: Executor) -> bool:
    """Are all values of the page the same with the mistake in it, for three other random inputs?

    Only an assignment at the top level can show that: what a function computes on the way, or how
    strict an assertion is, is no value of the page.
    """
    statement = ast.parse(candidate.mutant.code).body[candidate.mutant.statement]
    if not isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        return False
    if not any(_SEED.search(step.fence.code) for step in candidate.page.executed):
        return False
    for seed in (1, 2, 3):
        values = []
        for page in (
            candidate.page,
            _changed(candidate.page, candidate.step, candidate.mutant.code),
        ):
            with executor.session(_with_values(page, seed)) as session:
                last = session.outcome(len(page.executed))
                values.append(normal(last.stdout) if not last.error else None)
        if values[0] is None or values[0] != values[1]:
            return False
    return True


def _with_values(page: Page, seed: int) -> Page:
    steps = [
        replace(step, fence=replace(step.fence, code=_SEED.sub(rf"\1({seed})", step.fence.code)))
        for step in page.steps
    ]
    last = page.executed[-1].fence
    header = replace(last.header, language="python", classes=(), options={})
    steps.append(Step(replace(last, header=header, line=last.end + 1, code=_VALUES)))
    return replace(page, steps=tuple(steps))
