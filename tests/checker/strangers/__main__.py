"""All pairs and all slips: `python -m tests.checker.strangers`, or only some pairs by name."""

import sys
from concurrent.futures import ProcessPoolExecutor

from tests.checker.strangers import PAIRS, judged, slipped


def tried(name):
    """Whether the right one is called right; of each slip its report, and where it is."""
    f, f_backward, args, slips = PAIRS[name]
    found = [slipped(name, i) for i in range(len(slips))]
    return judged(f, f_backward, args).ok, [(r.ok, r.line, r.hint, line) for r, line in found]


def main(names):
    flagged, count, seen, named, hints = [], 0, 0, 0, 0
    with ProcessPoolExecutor() as pool:
        for name, (right, slips) in zip(names, pool.map(tried, names), strict=True):
            if not right:
                flagged.append(name)
            for (_, new, *_), (ok, at, hint, line) in zip(PAIRS[name][3], slips, strict=True):
                count += 1
                seen += not ok
                named += at == line
                hints += hint is not None
                if ok or at != line or hint is None:
                    print(f"{name}: {new} | line {at} for {line}, {hint}", flush=True)
    print(f"{len(names)} right, {len(flagged)} flagged {flagged}")
    print(f"{count} slips, {seen} seen, {named} named, {hints} with a hint")
    return int(bool(flagged) or seen < count or named < 0.95 * count or hints < 0.85 * count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(PAIRS)))
