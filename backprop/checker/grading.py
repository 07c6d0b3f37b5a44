"""A course's checks over many submissions: each in a process of its own, a row each.

The checks are functions of a plain Python file whose names begin with `check_`; each takes the
submission as a module and returns what `bp.check` returns (or True, False, several of them).
`POINTS = {"check_affine": 2}` says what they count; 1 otherwise.

A submission that hangs, crashes, eats the memory or tampers with the grading costs its own row.
It runs as the user who grades: limits and a guard stop accidents and pranks. For people who
mean harm, grade in a container.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from backprop.checker.words import say

# What a row says of a submission as a whole.
STATUS = {
    "right": "every check is right",
    "wrong": "some check is not",
    "error": "it cannot be imported",
    "timeout": "it was ended after the time that it had",
    "memory": "it wanted more memory than it had",
    "crashed": "its process ended by itself",
    "tampered": "it changed the code that grades it",
}


@dataclass
class Result:
    """One check of one submission."""

    name: str
    ok: bool
    points: float
    of: float
    said: str = ""  # in short: "line 12, dx, sign"
    text: str = ""  # the report
    report: dict[str, Any] | None = None


@dataclass
class Row:
    """One submission."""

    submission: str
    status: str
    points: float = 0.0
    of: float = 0.0
    checks: list[Result] = field(default_factory=list)
    output: str = ""  # the end of what it printed

    @property
    def text(self) -> str:
        """The report of one submission."""
        head = f"{self.submission}: {self.points:g} of {self.of:g} points, {self.status}"
        parts = [f"{head} ({STATUS[self.status]})"]
        for check in self.checks:
            title = f"── {check.name}: {check.points:g} of {check.of:g}"
            parts.append(f"{title}\n{check.text}".rstrip())
        if self.output and self.status not in ("right", "wrong"):
            parts.append(f"── what it printed last\n{self.output}")
        return "\n\n".join(parts) + "\n"


def grade(
    tests: Path,
    submissions: Iterable[Path],
    *,
    timeout: float = 60.0,
    memory: int = 2048,
    reveal: str = "all",
    lang: str = "en",
) -> list[Row]:
    """A row a submission, in their order. `timeout` in seconds, `memory` in megabytes.

    Raises:
        GradingError: the checks cannot be imported, or there are none.
    """
    settings = {"memory": memory, "reveal": reveal, "lang": lang}
    settings["tests"] = str(Path(tests).resolve())
    facts, _, output = _told({**settings, "timeout": None})
    known = {fact["fact"]: fact for fact in facts}
    if "checks" not in known:
        raise GradingError(known["failed"]["said"] if "failed" in known else output)
    points = known["checks"]["points"]
    rows = []
    for each in submissions:
        given = {**settings, "timeout": timeout, "submission": str(Path(each).resolve())}
        rows.append(_judged(str(each), points, *_told(given)))
    return rows


def _told(settings: dict[str, Any]) -> tuple[list[dict[str, Any]], bool, str]:
    """What a process has told until its end, whether it was late, the end of what it printed."""
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as told:
        command = [sys.executable, "-m", "backprop.cli.grading_worker"]
        environment = {
            **os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "LC_ALL": say("locale", settings["lang"]),
        }  # fmt: skip
        printed = Path(folder) / "printed.txt"
        with open(printed, "wb") as out:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=out, stderr=out, cwd=folder,
                env=environment, start_new_session=True, pass_fds=(told.fileno(),),
            )  # fmt: skip
            request = {**settings, "token": token, "told": told.fileno()}
            late = False
            try:
                process.communicate(json.dumps(request).encode(), timeout=settings["timeout"])
            except subprocess.TimeoutExpired:
                late = True
            finally:
                _end(process)
        told.seek(0)
        lines = [line.partition(b" ") for line in told.read().splitlines()]
        facts = [json.loads(rest) for mark, _, rest in lines if mark == token.encode()]
        output = printed.read_bytes()[-2000:].decode("utf-8", "replace").strip()
    return facts, late, output


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and whatever it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _judged(
    name: str, points: dict[str, float], facts: list[dict[str, Any]], late: bool, output: str
) -> Row:
    """A row from what the process has told until its end."""
    results = {fact["name"]: fact for fact in facts if fact["fact"] == "result"}
    begun = [fact["name"] for fact in facts if fact["fact"] == "begin"]
    done = next((fact for fact in facts if fact["fact"] == "done"), {})
    status = "timeout" if late else done.get("status", "crashed")
    row = Row(name, status, output=output)
    for check, of in points.items():
        found = results.get(check, {})
        ok = bool(found.get("ok")) and status != "tampered"
        said = done.get("said") or found.get("said", "")
        if not found:
            said = said or (status if check in begun[-1:] else "not run")
        row.checks.append(
            Result(check, ok, of if ok else 0.0, of, said, found.get("text", said),
                   found.get("report"))
        )  # fmt: skip
    row.points = sum(check.points for check in row.checks)
    row.of = sum(check.of for check in row.checks)
    if status == "right" and not all(check.ok for check in row.checks):
        row.status = "wrong"
    return row


class GradingError(Exception):
    """The file of checks itself is at fault."""


# ── tables ──────────────────────────────────────────────────────────────────────────────────
def as_csv(rows: list[Row]) -> str:
    """One line a submission: its status, its points, and each check in short."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [check.name for check in rows[0].checks] if rows else []
    writer.writerow(["submission", "status", "points", "of", *names])
    for row in rows:
        cells = ["right" if check.ok else check.said or "wrong" for check in row.checks]
        writer.writerow([row.submission, row.status, f"{row.points:g}", f"{row.of:g}", *cells])
    return out.getvalue()


def as_json(rows: list[Row]) -> str:
    return json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2) + "\n"
