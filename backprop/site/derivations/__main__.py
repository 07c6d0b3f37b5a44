"""python -m backprop.site.derivations FILE.md … : verify the derivations of pages."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from backprop.site.derivations.explain import STATUS, describe
from backprop.site.derivations.page import verify_page


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m backprop.site.derivations",
        description="Verify every row of the derivations in Markdown files. "
        "Exit status: 0 all rows hold or are waived, 1 a row is wrong or not checked, 2 usage.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE.md")
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="language of messages")
    parser.add_argument("--verbose", action="store_true", help="say what was verified of each row")
    parser.add_argument("--no-proof", action="store_true", help="check numerically only")
    options = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    for name in options.files:
        path = Path(name)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 2
        reports = verify_page(text, prove=not options.no_proof)
        if not reports:
            print(f"{name}: no derivation (/// derivation … ///)")
        for _, report in reports:
            for verdict in report.verdicts:
                counts[verdict.status] += 1
                label = STATUS[verdict.status][options.lang]
                print(f"{name}:{verdict.line}  {label}  {verdict.lead} {verdict.text}".rstrip())
                if not verdict.ok or options.verbose or verdict.status == "waived":
                    for line in describe(verdict, options.lang):
                        print(f"    {line}")
    print(", ".join(f"{counts[s]} {STATUS[s][options.lang].strip()}" for s in STATUS))
    return 1 if counts["wrong"] or counts["unchecked"] else 0


def run() -> int:
    """`main`, whose reader may leave early (`… | head`)."""
    try:
        status = main()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing left to flush
        return 141  # as a shell counts what SIGPIPE ends


if __name__ == "__main__":
    raise SystemExit(run())
