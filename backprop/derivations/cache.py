"""Verdicts of earlier runs: a derivation that nobody touched is not verified again.

The key is everything that a verdict depends on: the text of the block (and of those it goes on
from), the code of the page if a formula is tied to code, the sources of this package, and the
versions of numpy and SymPy. Lines are kept relative to the block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

from backprop.derivations.verdicts import Premise, Report, Verdict
from backprop.program.files import digest_of
from backprop.program.store import Store, digest


@lru_cache(maxsize=1)
def _program() -> str:
    """What verifies: sources and versions."""
    from importlib.metadata import version

    sources = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".lark"):
            sources.update(path.read_bytes())
    for name in ("numpy", "sympy", "mpmath", "lark"):
        sources.update(version(name).encode())
    return sources.hexdigest()


class Cache:
    """Reports in a store; without one nothing is known, and nothing kept."""

    def __init__(self, store: Store | None) -> None:
        self._store = store

    def key(self, *texts: str, code: str = "") -> str:
        """code: what the program of the page is known by, if a formula is tied to it."""
        return digest("derivation", _program(), texts, code) if self._store else ""

    def load(self, key: str, line: int) -> Report | None:
        data = self._store.get(key) if self._store else None
        if data is None:
            return None
        try:
            if any(digest_of(file) != held for file, held in data["files"].items()):
                return None
            verdicts = [Verdict.from_json(v) for v in data["verdicts"]]
            assumed = [Premise(p["line"] + line, p["text"], p["display"]) for p in data["assumed"]]
            report = Report(data["title"], line, verdicts, assumed)
            for verdict in report.verdicts:
                verdict.line += line
        except (KeyError, TypeError, AttributeError):
            return None
        return report

    def store(self, key: str, report: Report, files: Iterable[str] = ()) -> None:
        """files: what the code has read that the report depends on, helper modules above all."""
        if self._store is None:
            return
        verdicts = [v.to_json() for v in report.verdicts]
        for verdict in verdicts:
            verdict["line"] -= report.line
        data = {
            "title": report.title,
            "verdicts": verdicts,
            "assumed": [asdict(replace(p, line=p.line - report.line)) for p in report.assumed],
            "files": {file: digest_of(file) for file in sorted(files)},
        }
        self._store.put(key, data)
        self._store.keep()
