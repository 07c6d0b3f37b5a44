"""What is wrong with the rows of a page, for the strict build and for the tests."""

from __future__ import annotations

from collections.abc import Iterator

from backprop.derivations.explain import STATUS, describe, repeated
from backprop.derivations.verdicts import Report
from backprop.site.faults import Fault


def faults(report: Report, language: str, path: str) -> Iterator[Fault]:
    """The rows that do not hold, or were not checked without a waiver."""
    told = repeated(report.verdicts)
    for verdict in report.verdicts:
        if not verdict.ok and id(verdict) not in told:
            status = STATUS[verdict.status]["zh" if language.startswith("zh") else "en"].strip()
            row = f"{verdict.lead} {verdict.text}".strip()
            said = list(describe(verdict, language))
            if verdict.text.startswith("///") and said:  # of the block, there is nothing to show
                reason, *said = said
            else:
                reason = f"{status}: {row}"
            yield Fault(path, verdict.line, reason, "\n".join(said))
