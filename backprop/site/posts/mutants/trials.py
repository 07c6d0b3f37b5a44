"""Runs pages with a mistake in them.

A page runs once: before a fence that is to be changed it is forked, once for every mistake, and
only the fences from there on are run, up to the first that notices.
"""

import ast
import contextlib
import json
import re
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from backprop.program.execute import Executor
from backprop.program.kinds import KINDS
from backprop.program.page import Page, Step
from backprop.program.session import Outcome, Session
from backprop.site.posts.mutants.needs import assigned
from backprop.site.posts.mutants.operators import Mutant, mutants
from backprop.site.posts.parity import translations
from backprop.site.posts.verify import judge


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


def run_right(page: Page, executor: Executor) -> tuple[list[Outcome], float]:
    """What a page does, and how long its slowest fence takes. PageIsWrongError if it is wrong."""
    slowest = 0.0
    with executor.session(page) as session:
        for index, step in enumerate(page.executed):
            began = time.monotonic()
            failure = judge(page, step, session.outcome(index))
            slowest = max(slowest, time.monotonic() - began)
            if failure:
                raise PageIsWrongError(str(failure))
        return session.outcomes, slowest


def trials(
    candidates: Iterable[Candidate], executor: Executor, pool: ThreadPoolExecutor
) -> Iterator[tuple[Candidate, bool]]:
    """Each candidate, and whether it survives; candidates are in the order of their pages."""
    right: set[str] = set()
    for _, of_page in groupby(candidates, key=lambda one: one.page.name):
        some = list(of_page)
        with executor.session(some[0].page) as trunk:
            for step, group in groupby(some, key=lambda one: one.step):
                if step:
                    trunk.outcome(step - 1)
                these = list(group)
                yield from zip(
                    these,
                    pool.map(lambda one: _survives(one, trunk, executor, right), these),
                    strict=True,
                )


def _survives(candidate: Candidate, trunk: Session, executor: Executor, right: set[str]) -> bool:
    """Does nothing notice the mistake? A page whose own language hides it asks its translations.

    They are the same program with other words, so a mistake is one in all of them.
    """
    page = _changed(candidate.page, candidate.step, candidate.mutant.code)
    try:
        session = trunk.branch(page)
    except (OSError, EOFError):
        session = executor.session(page)
    if _noticed(page, candidate.step, session):
        return False
    for other in translations(candidate.page, executor.root):
        if there := _translated(candidate, other):
            if other.name not in right:
                run_right(other, executor)
                right.add(other.name)
            page = _changed(other, candidate.step, there.code)
            if _noticed(page, candidate.step, executor.session(page)):
                return False
    return True


def _noticed(page: Page, first: int, session: Session) -> bool:
    with session:
        return any(
            judge(page, step, session.outcome(index))
            for index, step in enumerate(page.executed)
            if index >= first
        )


def _translated(candidate: Candidate, other: Page) -> Mutant | None:
    """The same mistake in a translation."""
    mine, yours = candidate.page.executed, other.executed
    if len(mine) != len(yours):
        return None
    here = [one.code for one in mutants(mine[candidate.step].fence.code)]
    there = list(mutants(yours[candidate.step].fence.code))
    return there[here.index(candidate.mutant.code)] if len(here) == len(there) else None


def _changed(page: Page, index: int, code: str) -> Page:
    """The page with other code in a fence; drawings come last, nothing depends on them."""
    changed = page.executed[index]
    at = page.steps.index(changed)
    done, rest = page.steps[:at], page.steps[at + 1 :]
    step = replace(changed, fence=replace(changed.fence, code=code), brief=True)
    later = [replace(one, brief=True) for one in rest]
    rest = tuple(sorted(later, key=lambda one: KINDS[one.kind].drawing))
    return replace(page, steps=(*done, step, *rest))


# ---- equivalence -----------------------------------------------------------------------------
_SEED = re.compile(r"(default_rng|seed|RandomState)\((\d+)\)")
# Prints every number that the page has computed, in a form that can be compared.
_VALUES = """
import json as _json
import numpy as _np
for _name, _value in sorted(globals().items()):
    if not _name.startswith("_") and isinstance(_value, (_np.ndarray, _np.generic, float, int)):
        _value = _np.asarray(_value)
        _float = _value.dtype.kind == "f"
        _value = _np.round(_value, 9) + 0.0 if _float else _value
        _numbers = [f"{_one:.9g}" if _float else str(_one) for _one in _value.flat]
        print(_json.dumps([_name, _value.shape, _numbers]))
"""


def equivalent(candidate: Candidate, executor: Executor) -> bool:
    """Are all values of the page the same with the mistake in it, for three other random inputs?

    Only an assignment at the top level can show that: what a function computes on the way, or how
    strict an assertion is, is no value of the page.
    """
    statement = ast.parse(candidate.mutant.code).body[candidate.mutant.statement]
    if not isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        return False
    if not any(_SEED.search(step.fence.code) for step in candidate.page.executed):
        return False
    own = candidate.page.executed[candidate.step].fence.code
    if _SEED.sub("", own) == _SEED.sub("", candidate.mutant.code):
        return False  # the inputs themselves
    for seed in (1, 2, 3):
        values = []
        for page in (
            candidate.page,
            _changed(candidate.page, candidate.step, candidate.mutant.code),
        ):
            with executor.session(_with_values(page, seed)) as session:
                last = session.outcome(len(page.executed))
                lines = [] if last.error else last.stdout.splitlines()
                values.append({name: rest for name, *rest in map(json.loads, lines)})
        lazy = statement if candidate.kind == "checked" else None
        if not values[0] or not _equal(values[0], values[1], lazy):
            return False
    return True


def _equal(before: dict, after: dict, lazy: ast.stmt | None) -> bool:
    """The same numbers; a gradient that is checked may be one that broadcasting completes."""
    if before.keys() != after.keys():
        return False
    for name, (shape, numbers) in before.items():
        other = np.array(after[name][1], str).reshape(after[name][0])
        if lazy is not None and name.startswith("d") and name in assigned(lazy):
            with contextlib.suppress(ValueError):
                other = np.broadcast_to(other, shape)
        if list(other.shape) != shape or other.ravel().tolist() != numbers:
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
