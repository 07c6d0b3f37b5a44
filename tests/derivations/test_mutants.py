"""Wrong rows are caught: single slips of the pen in right derivations.

`python -m tests.derivations.test_mutants` tries every slip, prints what was missed and what is no
mistake (δ_ij y_i and δ_ij y_j are equal); the test takes a seeded sample.
"""

import os
import sys
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

import pytest

from tests.samples import ALL, sampled

from .slips import PAGES, sample, slips


def outcome(slip):
    return "caught" if slip.caught() else "equal" if slip.is_equal_form() else "missed"


@pytest.mark.parametrize("path", sampled(PAGES, 4), ids=[p.stem for p in PAGES])
def test_slips_are_caught(path):
    count = 15 if ALL else 6
    chosen = sample(slips(path), count)
    found = {str(slip): outcome(slip) for slip in chosen}
    assert len(chosen) == count
    assert [s for s, result in found.items() if result == "missed"] == []
    assert list(found.values()).count("equal") <= 2


def outcomes(path):
    return [(slip.edit.kind, outcome(slip), str(slip)) for slip in slips(path)]


def main(pages):
    with Pool(min(len(pages), os.cpu_count() or 1)) as pool:
        found = [slip for page in pool.imap(outcomes, pages) for slip in page]
    for word in ("equal", "missed"):
        for _, result, slip in found:
            if result == word:
                print(f"{word}: {slip}")
    counts = Counter(result for _, result, _ in found)
    wrong = counts["caught"] + counts["missed"]
    print(
        f"{len(found)} slips, {counts['equal']} of them equal forms; "
        f"{counts['caught']} of {wrong} mistakes caught ({counts['caught'] / wrong:.2%})"
    )
    for kind in sorted({k for k, _, _ in found}):
        of = Counter(result for k, result, _ in found if k == kind)
        print(f"    {kind}: {of['caught']} of {of['caught'] + of['missed']}")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or PAGES)
