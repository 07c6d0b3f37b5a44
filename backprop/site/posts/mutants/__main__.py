"""python -m backprop.site.posts.mutants [--sample N] [--seed N] PATH…"""

import argparse
import sys
from pathlib import Path

from backprop.site.posts.mutants.gate import pages_below, run
from backprop.site.posts.mutants.trials import Candidate, PageIsWrongError


def main() -> int:
    """Print what became of the mutants; 1 if too many survived."""
    parser = argparse.ArgumentParser(
        prog="python -m backprop.site.posts.mutants",
        description="Make the published code wrong, one mistake at a time, and see who notices.",
    )
    parser.add_argument("paths", nargs="+", type=Path, help="pages, or directories of pages")
    parser.add_argument("--sample", type=int, help="try so many mutants, not all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, help="pages at once; as many as there are processors")
    options = parser.parse_args()
    root = Path.cwd()
    pages = pages_below(options.paths, root)
    try:
        report = run(pages, root, options.sample, options.seed, options.jobs, _progress)
    except PageIsWrongError as error:
        print(f"a page must be right before it can be made wrong:\n{error}", file=sys.stderr)
        return 2
    print(report)
    return 0 if report.ok else 1


def _progress(done: int, total: int, last: Candidate, alive: bool) -> None:
    """On stderr: a line that counts, or on no terminal one for every twentieth of them."""
    if sys.stderr.isatty():
        end = "\n" if alive or done == total else "\r"
        print(f"\x1b[K{done}/{total} {last if alive else last.place}", end=end, file=sys.stderr)
    elif alive or done * 20 // total != (done - 1) * 20 // total:
        print(f"{done}/{total} {last if alive else last.place}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
