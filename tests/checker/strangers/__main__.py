"""All pairs and all slips: `python -m tests.checker.strangers`."""

import sys

from tests.checker.strangers import PAIRS, SLIPS, judged, slipped


def main():
    flagged = [name for name, (f, b, args, _) in PAIRS.items() if not judged(f, b, args).ok]
    seen = named = hints = 0
    for name, slip in SLIPS:
        report, line = slipped(name, slip)
        seen += not report.ok
        named += report.line == line
        hints += report.hint is not None
        if report.ok or report.line != line or report.hint is None:
            print(
                f"{name}: {PAIRS[name][3][slip][1]} | line {report.line} for {line}, {report.hint}"
            )
    count = len(SLIPS)
    print(f"{len(PAIRS)} right, {len(flagged)} flagged {flagged}")
    print(f"{count} slips, {seen} seen, {named} named, {hints} with a hint")
    return int(bool(flagged) or seen < count or named < 0.95 * count or hints < 0.85 * count)


if __name__ == "__main__":
    sys.exit(main())
