"""Fetch and prepare the engine of the page: `python -m backprop.site.interactive`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from backprop.site.interactive import sources
from backprop.site.interactive.pack import pack


def main(argv: list[str] | None = None) -> int:
    """Returns 0 if the engine is there afterwards, 1 if a part of it cannot be had."""
    parser = argparse.ArgumentParser(
        prog="python -m backprop.site.interactive",
        description="Fetch Python and numpy for the page, once, into .cache of this folder.",
    )
    parser.add_argument(
        "--from",
        dest="source",
        default="",
        metavar="SOURCE",
        help="distribution (Pyodide's own), index (a wheel of 106 MB), or a folder that holds "
        "numpy's wheel; default: the first of the former two that answers",
    )
    options = parser.parse_args(argv)
    root = Path.cwd()
    try:
        wheel = sources.numpy_wheel(sources.node_modules(root))
        sources.fetch(root, wheel, options.source)
        made = pack(root)
    except sources.SourceError as error:
        print(f"backprop: {error}", file=sys.stderr)
        return 1
    rows = {**{key: part.size for key, part in made.parts.items()}}
    for key, size in rows.items():
        print(f"{key:10} {size:>12,}")
    print(f"{'together':10} {sum(rows.values()):>12,} bytes, fetched with a reader's first tap")
    return 0


if __name__ == "__main__":
    sys.exit(main())
