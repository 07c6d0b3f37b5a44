"""Lighthouse's phone preset over some pages, medians of several runs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .browser import FLAGS, chromium
from .server import Served

PROGRAM = Path(__file__).parent / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TIMINGS = (
    "first-contentful-paint",
    "largest-contentful-paint",
    "total-blocking-time",
    "cumulative-layout-shift",
    "speed-index",
)


@dataclass(frozen=True)
class Measured:
    """Medians: ``scores`` 0 to 100 by category, ``timings`` by audit, ``kilobytes``, ``hosts``."""

    scores: dict[str, float]
    timings: dict[str, float]
    kilobytes: float
    hosts: int
    failed: list[str]


def run(served: Served, path: str, runs: int = 3) -> Measured:
    """Raises RuntimeError with Lighthouse's own words if it fails."""
    reports = [_once(served.address(path)) for _ in range(runs)]
    scored = [
        f"{audit['id']}: {audit['title']}"
        for category in CATEGORIES[1:]
        for ref in reports[0]["categories"][category]["auditRefs"]
        if ref["weight"]
        for audit in [reports[0]["audits"][ref["id"]]]
        if audit["score"] is not None and audit["score"] < 1
    ]
    items = reports[0]["audits"]["network-requests"]["details"]["items"]
    hosts = {item["url"].split("/")[2] for item in items if item["url"].startswith("http")}
    return Measured(
        {
            c: statistics.median(100 * r["categories"][c]["score"] for r in reports)
            for c in CATEGORIES
        },
        {t: statistics.median(r["audits"][t]["numericValue"] for r in reports) for t in TIMINGS},
        statistics.median(r["audits"]["total-byte-weight"]["numericValue"] for r in reports) / 1000,
        len(hosts - {served.url.split("/")[2]}),
        scored,
    )


def _once(url: str) -> dict:
    if not PROGRAM.exists():
        raise RuntimeError(
            f"Lighthouse is not installed: npm ci --prefix {PROGRAM.parents[3].name}"
        )
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = [
            "node",
            str(PROGRAM),
            url,
            "--quiet",
            "--output=json",
            f"--output-path={out}",
            "--form-factor=mobile",
            f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
        ]
        done = subprocess.run(
            command,
            env={**os.environ, "CHROME_PATH": chromium() or ""},
            capture_output=True,
            text=True,
            check=False,
        )
        if not out.exists():
            raise RuntimeError(f"Lighthouse failed on {url}:\n{done.stdout}{done.stderr}")
        return json.loads(out.read_text("utf-8"))
