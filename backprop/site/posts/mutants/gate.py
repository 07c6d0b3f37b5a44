"""Runs the mutants of pages and counts: killed of all, by what depends on their lines."""

import ast
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from backprop.program.execute import Executor
from backprop.program.kinds import KINDS
from backprop.program.page import Page, load
from backprop.program.session import Limits, Outcome
from backprop.site.posts.mutants.needs import needed, statements
from backprop.site.posts.mutants.operators import mutants
from backprop.site.posts.mutants.trials import Candidate, equivalent, run_right, trials

# What must be killed, of all mutants of the lines of a kind.
REQUIRED = {"checked": 1.0, "verified": 0.9}
# What thousands of forks would import again and again.
PRELOAD = ("backprop", "backprop.truth.numeric", "backprop.writer", "backprop.site.posts.check")
LEFT_OUT = ("figure", "hidden", "raises", "notest")


@dataclass
class GateReport:
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


Progress = Callable[[int, int, Candidate, bool], None]


def run(
    pages: list[Page],
    root: Path,
    sample: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> GateReport:
    """Try all mutants of the pages, or a seeded sample of them.

    `progress` is called with how many are done, of how many, the last one and whether it survived.
    """
    report = GateReport()
    with (
        Executor(root, Limits(), jobs, PRELOAD) as executor,
        ThreadPoolExecutor(executor.jobs) as pool,
    ):
        candidates: list[Candidate] = []
        slowest = 0.0
        for page in pages:
            outcomes, seconds = run_right(page, executor)
            slowest = max(slowest, seconds)
            candidates += _candidates(page, outcomes, report)
        # Some mistakes never end. Nothing that is right takes so much longer than it did here.
        executor.limits = Limits(seconds=10 + 10 * slowest)
        if sample is not None and sample < len(candidates):
            kept = set(random.Random(seed).sample(range(len(candidates)), sample))
            candidates = [one for i, one in enumerate(candidates) if i in kept]
        survivors: list[Candidate] = []
        for done, (candidate, alive) in enumerate(trials(candidates, executor, pool), 1):
            survivors += [candidate] if alive else []
            report.total[candidate.kind] += 1
            report.killed[candidate.kind] += not alive
            if progress:
                progress(done, len(candidates), candidate, alive)
        verdicts = pool.map(lambda one: equivalent(one, executor), survivors)
        for candidate, same in zip(survivors, verdicts, strict=True):
            if same:
                report.total[candidate.kind] -= 1
                report.equivalent.append(candidate)
            else:
                report.survivors.append(candidate)
    return report


def _candidates(page: Page, outcomes: list[Outcome], report: GateReport) -> Iterator[Candidate]:
    checked = {
        (index, number)
        for index, step in enumerate(page.executed)
        for number, statement in enumerate(statements(step))
        if any(
            statement.lineno <= mark["line"] + 1 <= (statement.end_lineno or statement.lineno)
            for mark in outcomes[index].marks
        )
    }
    needs = needed(page, checked)
    for index, step in enumerate(page.executed):
        fence = step.fence
        if KINDS[step.kind].mutants != "lines":
            continue
        if why := [name for name in LEFT_OUT if fence.has(name) or name in fence.options]:
            report.left_out[f".{why[0]} fences"] += 1
            continue
        for mutant in mutants(fence.code):
            if (index, mutant.statement) in checked:
                yield Candidate(page, index, mutant, "checked")
            elif (index, mutant.statement) in needs:
                yield Candidate(page, index, mutant, "verified")
            else:
                report.left_out["mutants of lines that nothing depends on"] += 1
    report.left_out[".notest fences"] += len(page.steps) - len(page.executed)
    report.left_out += Counter()  # drop zeros
