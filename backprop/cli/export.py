"""`backprop export`: the verified posts of a blog as plain Markdown."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
from pathlib import Path

from backprop.cli.arguments import Usage
from backprop.cli.there import run_there

EXAMPLES = """\
examples:
  backprop export ../posts     in the folder of a blog: its posts, in every language, with pictures

The posts are built and verified first; a fault in one of them ends the command, and nothing is
written. A folder that an earlier export wrote is brought up to date.
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument("folder", metavar="DIR", type=Path, help="where the files are written")


def run(options: argparse.Namespace) -> int:
    try:
        posts = importlib.import_module("backprop.site.export.posts")
        errors = importlib.import_module("backprop.site.export.build")
    except ModuleNotFoundError as error:
        make = f"make export DIR={shlex.quote(str(options.folder))}"
        return run_there(error, make, ["export", str(options.folder)])
    print("Building the site and verifying its posts …", file=sys.stderr, flush=True)
    try:
        written = posts.export(Path(), options.folder)
    except errors.ExportError as error:
        raise Usage(str(error)) from None
    pages = sum(name.endswith(".md") for name in written)
    print(f"{pages} pages and {len(written) - pages} pictures written to {options.folder}")
    return 0
