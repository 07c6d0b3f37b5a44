"""python -m backprop.derivations FILE.md … : verify the derivations of pages."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from backprop.derivations.explain import ASSUMED, STATUS, describe, repeated
from backprop.derivations.page import verify_page

NOT_UTF8 = {
    "en": "the byte {byte} is no UTF-8; save the file as UTF-8",
    "zh": "字节 {byte} 不是 UTF-8；请把文件存成 UTF-8",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m backprop.derivations",
        description="Verify every row of the derivations in Markdown files. "
        "Exit status: 0 all rows hold or are waived, 1 a row is wrong or not checked, "
        "2 usage, or a file could not be read.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE.md")
    parser.add_argument("--lang", choices=("en", "zh"), default="en", help="language of messages")
    parser.add_argument("--verbose", action="store_true", help="say what was verified of each row")
    parser.add_argument("--no-proof", action="store_true", help="check numerically only")
    options = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    unread = 0
    for name in options.files:
        path = Path(name)
        try:
            text = path.read_text("utf-8-sig")
        except OSError as error:
            print(f"{name}: {error.strerror}", file=sys.stderr)
            unread += 1
            continue
        except UnicodeDecodeError as error:
            number = error.object[: error.start].count(b"\n") + 1
            byte = f"0x{error.object[error.start]:02x}"
            why = NOT_UTF8[options.lang].format(byte=byte)
            print(f"{name}:{number}: {why}", file=sys.stderr)
            unread += 1
            continue
        reports = verify_page(text, prove=not options.no_proof, path=path)
        if not reports:
            print(f"{name}: no derivation (/// derivation … ///)")
        for _, report in reports:
            for premise in report.assumed:
                print(f"{name}:{premise.line}  {ASSUMED[options.lang]}  {premise.text}")
            told = repeated(report.verdicts)
            for verdict in report.verdicts:
                counts[verdict.status] += 1
                label = STATUS[verdict.status][options.lang]
                print(f"{name}:{verdict.line}  {label}  {verdict.lead} {verdict.text}".rstrip())
                if id(verdict) in told:
                    continue
                if not verdict.ok or options.verbose or verdict.status == "waived":
                    for line in describe(verdict, options.lang):
                        print(f"    {line}")
    listed = [s for s in STATUS if s != "underived" or counts[s]]
    print(", ".join(f"{counts[s]} {STATUS[s][options.lang].strip()}" for s in listed))
    if unread:
        return 2
    return 1 if any(counts[s] for s in ("wrong", "underived", "unchecked")) else 0


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
