"""`backprop grade`: a course's checks over many submissions, one row each."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from backprop.checker.grading import GradingError, Row, as_csv, as_json, grade
from backprop.checker.report import language, languages
from backprop.checker.reveal import LEVELS
from backprop.cli.arguments import Usage

HELP = """\
TESTS.py holds functions whose names begin with check_; each takes the submission (a module) and
returns what bp.check returns:

  def check_affine(submission):
      return bp.check(affine, submission.affine_backward, x, w, b)

  POINTS = {"check_affine": 2}   # what it counts; 1 if it is not named

A submission that hangs, crashes or eats the memory costs its own row. It runs as you: for people
who mean harm, grade in a container.
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = HELP
    parser.add_argument("tests", metavar="TESTS.py", help="the checks of the course")
    parser.add_argument(
        "submissions",
        nargs="+",
        metavar="SUBMISSION",
        help="Python files or notebooks (.ipynb), whose cells run as one program",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the table, FILE.csv or FILE.json (CSV, printed)",
    )
    parser.add_argument("--reports", metavar="FOLDER", help="a report a submission, as text")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="S", help="seconds a submission has (60)"
    )
    parser.add_argument(
        "--memory", type=int, default=2048, metavar="MB", help="megabytes it may take (2048)"
    )
    parser.add_argument(
        "--reveal", choices=LEVELS, default="all", help="how much the reports tell (all)"
    )
    parser.add_argument("--lang", choices=languages(), help="the language; default: the locale's")


def run(options: argparse.Namespace) -> int:
    files = [Path(options.tests), *map(Path, options.submissions)]
    for file in files:
        if not file.is_file():
            raise Usage(f"there is no file {file}")
    if options.timeout <= 0 or options.memory <= 0:
        raise Usage("--timeout and --memory are positive numbers")
    output = Path(options.output) if options.output else None
    if output is not None and output.suffix not in (".csv", ".json"):
        raise Usage(f"--output {output}: its name ends with .csv or .json")
    if output is not None and not output.parent.is_dir():
        raise Usage(f"--output {output}: there is no folder {output.parent}")
    try:
        rows = grade(
            files[0], files[1:], timeout=options.timeout, memory=options.memory,
            reveal=options.reveal, lang=language(options.lang),
        )  # fmt: skip
    except GradingError as error:
        raise Usage(f"{files[0]}: {error}") from None
    if options.reports:
        _write_reports(Path(options.reports), rows)
    table = as_json(rows) if output is not None and output.suffix == ".json" else as_csv(rows)
    if output is None:
        sys.stdout.write(table)
    else:
        output.write_text(table, encoding="utf-8")
    return 0


def _write_reports(folder: Path, rows: list[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for row in rows:
        stem = name = Path(row.submission).stem
        number = 2
        while name in taken:  # anna/hw1.py and ben/hw1.py
            name, number = f"{stem}-{number}", number + 1
        taken.add(name)
        (folder / f"{name}.txt").write_text(row.text, encoding="utf-8")
