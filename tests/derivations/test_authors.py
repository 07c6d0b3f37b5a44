"""Derivations as their authors write them: the rows of posts and lecture notes, declared here.

`python -m tests.derivations.test_authors` says how many rows hold and how many are proved; the
test takes every row without its proof.
"""

import os
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

import pytest

from backprop.derivations import verify
from tests.samples import sampled

from .slips import sample, slips

PAGES = sorted(Path(__file__).with_name("authors").glob("*.md"))


@pytest.mark.parametrize("path", sampled(PAGES, 2), ids=[p.stem for p in PAGES])
def test_rows_hold_as_they_are_written(path):
    for block, report in verify(path.read_text("utf-8"), prove=False):
        bad = [v.text for v in report.verdicts if not v.ok]
        assert not bad, block.title


@pytest.mark.parametrize("name", sampled(["matrices", "regression"], 1))
def test_slips_in_them_are_caught(name):
    chosen = sample(slips(Path(__file__).with_name("authors") / f"{name}.md"), 6)
    missed = [str(slip) for slip in chosen if not slip.caught() and not slip.is_equal_form()]
    assert (len(chosen), missed) == (6, [])


def counted(path):
    rows = Counter()
    for _, report in verify(path.read_text("utf-8")):
        rows.update(v.status for v in report.verdicts if v.kind == "row")
    return rows


def main():
    with Pool(min(len(PAGES), os.cpu_count() or 1)) as pool:
        rows = sum(pool.map(counted, PAGES), Counter())
    whole = sum(rows.values())
    read = rows["proved"] + rows["checked"]
    print(f"{whole} rows, {read} hold ({read / whole:.1%}), {rows['proved']} of them proved")
    print(", ".join(f"{count} {status}" for status, count in sorted(rows.items())))


if __name__ == "__main__":
    main()
