"""Wrong rows are caught: single slips of the pen in right derivations.

`python -m tests.derivations.test_mutants` tries every slip and prints what was missed;
the test takes a seeded sample.
"""

import random
from collections import Counter
from copy import deepcopy
from pathlib import Path

import pytest

from backprop.site.derivations.code import library
from backprop.site.derivations.edits import edits
from backprop.site.derivations.find import derivations
from backprop.site.derivations.page import continues
from backprop.site.derivations.reading import read
from backprop.site.derivations.verify import verify

HERE = Path(__file__).parent
PAGES = sorted([*HERE.glob("examples/*.md"), *HERE.glob("corpus/*.md")])
EQUIVALENT = {"order"}  # numbers commute: a product in another order is a right variant


def slips(path):
    """(derivation, what goes before it, formula, row, edit) for every slip on a page."""
    world = None
    for block in derivations(path.read_text("utf-8")):
        before = deepcopy(world) if continues(block) else None
        report, world = verify(block, before, prove=False, functions=library)
        assert report.ok, block.title
        for f, formula in enumerate(block.formulas):
            for r, row in enumerate(formula.rows):
                zero = row.tex.strip().endswith("= 0")
                for edit in edits(read(row.tex, world.words), row.tex, world):
                    if edit.kind in EQUIVALENT or (zero and edit.kind in ("factor", "sign")):
                        continue  # zero stays zero
                    yield block, before, f, r, edit


def caught(block, before, f, r, edit):
    row = block.formulas[f].rows[r]
    right = row.tex
    row.tex = edit.applied(right)
    try:
        return not verify(block, before, prove=False, functions=library)[0].ok
    finally:
        row.tex = right


def sample(every, size, seed=20170330):
    """`size` slips, the kinds as even as they can be."""
    by_kind = {}
    for slip in every:
        by_kind.setdefault(slip[-1].kind, []).append(slip)
    rng = random.Random(seed)
    for group in by_kind.values():
        rng.shuffle(group)
    chosen = []
    while len(chosen) < size and any(by_kind.values()):
        chosen += [group.pop() for group in by_kind.values() if group]
    return chosen[:size]


@pytest.mark.parametrize("path", PAGES, ids=[p.stem for p in PAGES])
def test_slips_are_caught(path):
    chosen = sample(slips(path), 16)
    missed = [
        f"{block.title}: {block.formulas[f].rows[r].text}  [{edit.text()}]"
        for block, before, f, r, edit in chosen
        if not caught(block, before, f, r, edit)
    ]
    assert len(chosen) == 16
    # One of them may be no mistake: δ_ij y_i and δ_ij y_j are equal.
    assert len(missed) <= 1, "\n".join(missed)


def main():
    found = Counter()
    for path in PAGES:
        for block, before, f, r, edit in slips(path):
            good = caught(block, before, f, r, edit)
            found[edit.kind, good] += 1
            if not good:
                print(f"{path.name}: {block.title}: {block.formulas[f].rows[r].text}")
                print(f"    missed: {edit.text()}")
    total = sum(found.values())
    print(f"{sum(n for (_, good), n in found.items() if good)} of {total} caught")
    for kind in sorted({k for k, _ in found}):
        print(f"    {kind}: {found[kind, True]} of {found[kind, True] + found[kind, False]}")


if __name__ == "__main__":
    main()
