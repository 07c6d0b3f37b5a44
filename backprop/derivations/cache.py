"""Verdicts of earlier runs: a derivation that nobody touched is not verified again.

The key is everything that a verdict depends on: the text of the block (and of those it goes on
from), the code of the page if a formula is tied to code, the sources of this package, and the
versions of numpy and SymPy. Lines are kept relative to the block.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path

from backprop.derivations.verdicts import Premise, Report, Verdict
from backprop.program.files import digest_of, write


@lru_cache(maxsize=1)
def _program() -> str:
    """What verifies: sources and versions."""
    from importlib.metadata import version

    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".lark"):
            digest.update(path.read_bytes())
    for name in ("numpy", "sympy", "lark"):
        digest.update(version(name).encode())
    return digest.hexdigest()


class Cache:
    """Reports by key in a folder; a broken or missing entry is simply not there."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def key(self, *texts: str, code: str = "") -> str:
        """code: what the program of the page is known by, if a formula is tied to it."""
        if self.folder is None:
            return ""
        parts = [_program(), *texts, code]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]

    def load(self, key: str, line: int) -> Report | None:
        if self.folder is None:
            return None
        try:
            data = json.loads((self.folder / f"{key}.json").read_text("utf-8"))
            if any(digest_of(file) != digest for file, digest in data["files"].items()):
                return None
            verdicts = [Verdict.from_json(v) for v in data["verdicts"]]
            assumed = [Premise(p["line"] + line, p["text"], p["display"]) for p in data["assumed"]]
            report = Report(data["title"], line, verdicts, assumed)
            for verdict in report.verdicts:
                verdict.line += line
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return report

    def store(self, key: str, report: Report, files: Iterable[str] = ()) -> None:
        """files: what the code has read that the report depends on, helper modules above all."""
        if self.folder is None:
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
        # A folder that cannot be written costs time, not the build.
        with contextlib.suppress(OSError):
            text = json.dumps(data, ensure_ascii=False)
            write(self.folder / f"{key}.json", text.encode())
