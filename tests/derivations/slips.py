"""Slips of the pen in right derivations: each a row with one change, and whether it is seen."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from unittest.mock import patch

from backprop.derivations.evidence import verify as verification
from backprop.derivations.evidence.edits import Edit, edits
from backprop.derivations.evidence.verify import Derivator, verify
from backprop.derivations.meaning.rewriting import numbered
from backprop.derivations.meaning.world import World
from backprop.derivations.page import continues
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.cites import cited_names
from backprop.derivations.reading.find import Derivation, derivations
from backprop.derivations.reading.lines import Row
from backprop.derivations.reading.tree import NONE, Node, read

from . import independent

HERE = Path(__file__).parent
PAGES = sorted([*HERE.glob("examples/*.md"), *HERE.glob("corpus/*.md")])
EQUIVALENT = {"order"}  # numbers commute: a product in another order is a right variant
Mutator = Callable[[Node, str, World], Iterator[Edit]]


class Bench(Derivator):
    """Keeps the state before each row, so that a slip costs one row and not a derivation."""

    made: ClassVar[list[Bench]] = []

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        self.states: dict[int, tuple] = {}
        self.made.append(self)

    def row(self, row: Row) -> list:
        self.states[id(row)] = (self.last, set(self.levels.head), dict(self.world.cited))
        return super().row(row)

    def refuses(self, row: Row) -> bool:
        """Is this row not accepted after the right ones before it, however ∂ is read?"""
        last, head, cited = self.states[id(row)]
        self.last, self.levels.head, self.world.cited = last, set(head), dict(cited)
        self.levels.ambiguous = False
        with numbered(self.world):
            accepted = all(v.ok for v in super().row(row))
        return not accepted and not self.levels.ambiguous


@dataclass
class Slip:
    """`edit` in row `r` of formula `f` of a derivation that is right without it."""

    page: Path
    blocks: list[Derivation]  # this one, behind those that it continues
    before: World | None
    world: World
    f: int
    r: int
    edit: Edit
    bench: Bench

    @property
    def row(self) -> Row:
        return self.block.formulas[self.f].rows[self.r]

    @property
    def tex(self) -> str:
        return self.edit.applied(self.row.tex)

    @property
    def block(self) -> Derivation:
        return self.blocks[-1]

    def __str__(self) -> str:
        return f"{self.page.name}: {self.block.title}: {self.row.text}  [{self.edit.text()}]"

    def caught(self) -> bool:
        row = self.row
        right, row.tex = row.tex, self.tex
        try:
            if self.bench.refuses(row):
                return True
            return not verify(self.block, self.before, prove=False)[0].ok
        finally:
            row.tex = right

    def is_equal_form(self) -> bool:
        """Does the row hold all the same? Asked of an evaluator that is not the checker's."""
        words = self.world.words
        try:
            tree = read(self.tex, words)
            sides = list(tree.parts) if tree.kind == "relation" else [tree]
            if sides[0] is NONE:
                rows = self.block.formulas[self.f].rows[: self.r]
                before = read([x for x in rows if x.lead != "\\because"][-1].tex, words)
                sides[0] = before.parts[-1] if before.kind == "relation" else before
            return independent.agree(self.blocks, self.world, sides)
        except (independent.Unknown, Unreadable):
            return False


def slips(path: Path, mutate: Mutator = edits) -> Iterator[Slip]:
    """Every slip on a page."""
    world = None
    blocks: list[Derivation] = []
    for block in derivations(path.read_text("utf-8")):
        before = deepcopy(world) if continues(block) else None
        blocks = [*blocks, block] if before else [block]
        with patch.object(verification, "Derivator", Bench):
            report, world = verify(block, before, prove=False)
        assert report.ok, f"{block.title}: {[v.text for v in report.verdicts if not v.ok]}"
        bench = next(b for b in reversed(Bench.made) if b.world is world)
        Bench.made.clear()
        for f, formula in enumerate(block.formulas):
            for r, row in enumerate(formula.rows):
                zero = row.tex.strip().endswith("= 0")
                tex, _ = cited_names(row.tex)
                for edit in mutate(read(tex, world.words), row.tex, world):
                    if edit.kind in EQUIVALENT or (zero and edit.kind in ("factor", "sign")):
                        continue  # zero stays zero
                    yield Slip(path, blocks, before, world, f, r, edit, bench)


def sample(every: Iterator[Slip], size: int, seed: int = 20170330) -> list[Slip]:
    """`size` slips, the kinds as even as they can be."""
    by_kind: dict[str, list[Slip]] = {}
    for slip in every:
        by_kind.setdefault(slip.edit.kind, []).append(slip)
    rng = random.Random(seed)
    for group in by_kind.values():
        rng.shuffle(group)
    chosen: list[Slip] = []
    while len(chosen) < size and any(by_kind.values()):
        chosen += [group.pop() for group in by_kind.values() if group]
    return chosen[:size]
