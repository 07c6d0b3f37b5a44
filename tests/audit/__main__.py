"""``python -m tests.audit``: everything about the built pages, in one table, against budgets."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser

from . import compare, lighthouse
from .browser import (
    AXE,
    DESKTOP,
    ROOT,
    VIEWS,
    View,
    axe,
    launch,
    open_all,
    photograph,
    search,
    sideways,
    tab,
    visit,
)
from .cut import WIDTHS, cut
from .pages import Page, one_of_each, pages, prefix
from .server import Served, serve
from .sheet import contact_sheet
from .states import walk

BUDGETS = tomllib.loads((Path(__file__).parent / "budgets.toml").read_text("utf-8"))
PARTS = ("views", "states", "sheet", "cut", "lighthouse", "compare")
SCHEMES = ("light", "dark")
SHOWN = ("backward", "batchnorm", "convolution")
SEARCHED = {"en": "variance", "zh-Hans": "方差"}


@dataclass
class Table:
    """Rows of (subject, what was measured, value, budget, kept)."""

    rows: list[tuple[str, str, str, str, bool]] = field(default_factory=list)
    remarks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def most(self, subject: str, what: str, value: float, budget: float, form: str = "g") -> None:
        self._add(subject, what, value, f"≤ {budget:{form}}", value <= budget, form)

    def least(self, subject: str, what: str, value: float, budget: float, form: str = "g") -> None:
        self._add(subject, what, value, f"≥ {budget:{form}}", value >= budget, form)

    def _add(
        self, subject: str, what: str, value: float, budget: str, kept: bool, form: str
    ) -> None:
        row = (subject, what, f"{value:{form}}", budget, kept)
        self.rows.append(row)
        print("  " + " · ".join(row[:4]) + ("" if kept else "   OVER BUDGET"), flush=True)

    @property
    def kept(self) -> bool:
        return all(row[-1] for row in self.rows)

    def __str__(self) -> str:
        heads = ("page", "measure", "value", "budget", "")
        rows = [heads, *((*row[:4], "ok" if row[4] else "OVER") for row in self.rows)]
        widths = [max(_width(row[i]) for row in rows) for i in range(5)]
        lines = ["  ".join(_pad(c, w) for c, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([lines[0], "-" * sum(widths), *lines[1:]])


def _width(text: str) -> int:
    return sum(2 if "\u2e80" <= char <= "\uffef" else 1 for char in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def look(browser: Browser, served: Served, all_pages: list[Page], table: Table) -> None:
    """axe-core, bytes, requests and shift of every kind of page in every view."""
    gate = BUDGETS["gate"]
    for page in one_of_each(all_pages):
        faults, visits, wide = 0, [], 0
        for view in VIEWS:
            with tab(browser, view) as shown:
                found = visit(shown, served, quote(page.path))
                visits.append(found)
                open_all(shown)
                violations = axe(shown)
                faults += len(violations)
                said = violations + found.csp + found.errors
                for line in said:
                    table.remarks[f"{page.title}: {line}"].append(view.title)
                if view.device == "phone":
                    shown.set_viewport_size({"width": 320, "height": 640})
                    wide = max(wide, sideways(shown))
        print(page.title, flush=True)
        table.most(page.title, "axe violations", faults, gate["axe_violations"])
        table.most(
            page.title,
            "kB first view",
            max(v.size for v in visits) / 1000,
            gate["kilobytes"],
            ".1f",
        )
        table.most(page.title, "requests", max(v.requests for v in visits), gate["requests"])
        table.most(
            page.title,
            "other hosts",
            len(set().union(*(v.hosts for v in visits))),
            gate["third_party_hosts"],
        )
        table.most(
            page.title, "layout shift", max(v.shift for v in visits), gate["layout_shift"], ".3f"
        )
        table.most(
            page.title, "CSP violations", sum(len(v.csp) for v in visits), gate["csp_violations"]
        )
        table.most(
            page.title, "console errors", sum(len(v.errors) for v in visits), gate["console_errors"]
        )
        table.most(page.title, "px too wide at 320", wide, gate["sideways_scroll"])


def states(browser: Browser, served: Served, all_pages: list[Page], table: Table) -> None:
    """axe-core in every state of the first post, which has everything, and of the page of code that
    is handed in; in each language."""
    paths = [page.path for page in all_pages]
    posts = [path for path in paths if path.endswith("posts/backward/")]
    for post in posts:
        check = post.replace("posts/backward/", "check/")
        if check not in paths:
            continue
        for view in (View("phone", "light"), View("desktop", "dark")):
            faults = 0
            for state, found in walk(browser, served, view, quote(post), quote(check)):
                faults += len(found)
                for fault in found:
                    table.remarks[f"{state}: {fault}"].append(f"{post} {view.title}")
            title = f"{post} and {check}, {view.title}"
            table.most(
                title, "axe violations in all states", faults, BUDGETS["gate"]["axe_violations"]
            )


def picture(browser: Browser, served: Served, all_pages: list[Page], out: Path) -> None:
    """Every kind of page at all widths, light and dark, and the search: a contact sheet a language.

    The posts that are shown are the longest and those with the most and the least to draw."""
    sheets: dict[str, list] = defaultdict(list)
    for page, query in sights(all_pages):
        name = f"{page.title} {query}".strip()
        row = []
        for scheme in SCHEMES:
            with tab(browser, View("desktop", scheme)) as shown:
                visit(shown, served, quote(page.path))
                for width in WIDTHS:
                    shown.set_viewport_size({"width": width, "height": DESKTOP["height"]})
                    shot = out / f"{re.sub('[ /]+', '-', name)}-{width}-{scheme}.png"
                    if query:
                        search(shown, query)
                        shown.screenshot(path=shot)
                        shown.keyboard.press("Escape")
                    else:
                        photograph(shown, shot)
                    row.append((width, shot))
        sheets[page.language].append((name, row))
        print(name, flush=True)
    for language, rows in sheets.items():
        contact_sheet(rows, out / f"sheet-{language}.jpg")


def sights(all_pages: list[Page]) -> list[tuple[Page, str]]:
    """What the sheet shows: a page, and what is searched for on it, if anything."""
    found = []
    for page in one_of_each(all_pages):
        if page.kind != "post" or page.path.rstrip("/").rsplit("/", 1)[-1] in SHOWN:
            found.append((page, ""))
        if page.kind == "index":
            found.append((page, SEARCHED.get(page.language, SEARCHED["en"])))
    return found


def measure(browser: Browser, served: Served, all_pages: list[Page], table: Table) -> None:
    """Everything on all posts, and on a page of each other kind, that is cut without a sign."""
    view = next(view for view in VIEWS if view.device == "desktop")
    some = [*one_of_each(all_pages), *(p for p in all_pages if p.kind == "post")]
    for page in dict.fromkeys(some):
        with tab(browser, view) as shown:
            visit(shown, served, quote(page.path))
            faults, _ = cut(shown)
        for fault in faults:
            table.remarks[f"{page.title}: {fault}"].append("cut")
        table.most(page.title, "cut without a sign", len(faults), 0)


def light(served: Served, all_pages: list[Page], runs: int, table: Table) -> None:
    budget = BUDGETS["lighthouse"]
    for page in (p for p in all_pages if p.kind in ("post", "index")):
        found = lighthouse.run(served, quote(page.path), runs)
        print(page.title, flush=True)
        for name, score in found.scores.items():
            table.least(
                page.title, f"Lighthouse {name}", score, budget[name.replace("-", "_")], ".0f"
            )
        for name, value in found.timings.items():
            key = name.replace("-", "_")
            if key in budget:
                form = ".3f" if "shift" in name else ".0f"
                table.most(page.title, name.replace("-", " "), value, budget[key], form)
        table.most(
            page.title, "kB (Lighthouse)", found.kilobytes, BUDGETS["gate"]["kilobytes"], ".1f"
        )
        for line in found.failed:
            table.remarks[f"{page.title}: {line}"].append("Lighthouse")


def against(
    browser: Browser, served: Served, all_pages: list[Page], runs: int, table: Table
) -> None:
    budget = BUDGETS["against_client_side"]
    posts = [p for p in all_pages if p.kind == "post"]
    for name, mathjax in compare.versions().items():
        with tempfile.TemporaryDirectory() as folder:
            theirs = Path(folder) / "site"
            compare.build_client_side(mathjax, theirs)
            for page in posts:
                ours, client = compare.side_by_side(
                    browser, served, quote(page.path), theirs, prefix(served.folder), runs
                )
                print(f"{page.title}: ours {ours}, {name} {client}", flush=True)
                title = f"{page.title} : {name}"
                table.most(
                    title, "math final", ours.final / client.final, budget["math_final"], ".2f"
                )
                shift = ours.shift / client.shift if client.shift else float(ours.shift > 0)
                table.most(title, "layout shift", shift, budget["layout_shift"], ".3f")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.add_argument("--site", type=Path, help="a built site; without it, one is built")
    parser.add_argument("--out", type=Path, default=ROOT / ".cache/audit", help="for the pictures")
    parser.add_argument("--runs", type=int, default=3, help="runs a median is taken of")
    parser.add_argument("--only", choices=PARTS, action="append", help="do this part alone")
    parser.add_argument("--match", default="", help="only pages whose address contains this")
    options = parser.parse_args()
    parts = options.only or PARTS
    if "lighthouse" in parts and not lighthouse.PROGRAM.is_file():
        command = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefix", "tests/audit"]
        subprocess.run(command, cwd=ROOT, check=True)
    if not AXE.is_file():
        parser.error("axe-core is not installed: run npm ci")
    options.out.mkdir(parents=True, exist_ok=True)
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        site = options.site or _build(Path(folder) / "site")
        found = [page for page in pages(site) if options.match in page.path]
        with serve(site, prefix(site)) as served:
            if "views" in parts:
                with launch() as browser:
                    look(browser, served, found, table)
            if "states" in parts:
                with launch() as browser:
                    states(browser, served, found, table)
            if "sheet" in parts:
                with launch() as browser:
                    picture(browser, served, found, options.out)
            if "cut" in parts:
                with launch() as browser:
                    measure(browser, served, found, table)
            if "lighthouse" in parts:
                light(served, found, options.runs, table)
            if "compare" in parts:
                with launch() as browser:
                    against(browser, served, found, options.runs, table)
    print(f"\n{table}\n")
    for remark, where in table.remarks.items():
        print(f"{remark[:300]} [{', '.join(where)}]")
    print(f"\nPictures: {options.out}")
    return 0 if table.kept else 1


def _build(target: Path) -> Path:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True)
    return target


if __name__ == "__main__":
    sys.exit(main())
