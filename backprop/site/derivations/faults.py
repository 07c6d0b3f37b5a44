"""What is wrong with the rows of a page, for the strict build and for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backprop.derivations.explain import STATUS, describe, repeated
from backprop.derivations.verdicts import Report


@dataclass(frozen=True)
class RowFault:
    """A row that does not hold, or was not checked without a waiver."""

    line: int
    reason: str
    detail: str

    def at(self, path: str) -> str:
        return f"{path}:{self.line}: {self.reason}\n    " + self.detail.replace("\n", "\n    ")


def faults(report: Report, language: str) -> Iterator[RowFault]:
    told = repeated(report.verdicts)
    for verdict in report.verdicts:
        if not verdict.ok and id(verdict) not in told:
            status = STATUS[verdict.status]["zh" if language.startswith("zh") else "en"].strip()
            row = f"{verdict.lead} {verdict.text}".strip()
            yield RowFault(verdict.line, f"{status}: {row}", "\n".join(describe(verdict, language)))
