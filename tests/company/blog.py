"""The blog that has company: its environment, its builds, and what its pages show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from backprop.site.beginning.create import create
from tests.company.cases import Case
from tests.conftest import ROOT

DAY = date(2024, 1, 2)

# What a reader sees of the first post, as patterns that are counted: attributes may have lost
# their quotes to a minifier.
SEEN = {
    "formulas": r"<mjx-container\b",
    "checked lines": r'class="?bp-check\b',
    "outputs": r'class="[^"]*\bbp-output\b',
    "graphs": r'class="[^">]*\bbp-graph\b|class=bp-graph\b',
    "drawings": r'<svg\b[^>]*\brole="?img',
    "rows": r"\bbp-mark\b|bp-derivation",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a case; no faults: it builds and shows right."""

    case: Case
    faults: list[str]
    seen: dict[str, int]


class _Loader(yaml.SafeLoader):
    """Keeps MkDocs' tags."""


_Loader.add_constructor("!ENV", lambda loader, node: "https://notes.example.org/")


def begin(folder: Path, case: Case) -> None:
    """Write the blog of a case; `node_modules` is this repository's."""
    create(folder, ["en"], package="backprop-notes", today=DAY)
    os.symlink(ROOT / "node_modules", folder / "node_modules")
    settings: dict[str, Any] = yaml.load((folder / "mkdocs.yml").read_text("utf-8"), _Loader)
    for name in case.without:
        if name in settings:
            del settings[name]
        else:
            (folder / name).unlink()
    settings |= case.settings
    text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)
    # A function of Python's, as MkDocs reads it.
    text = re.sub(r"'(!!python/name:[^']+)'", r"\1", text)
    (folder / "mkdocs.yml").write_text(text, "utf-8")
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    for package, file in case.npm.items():
        bought = folder / "bought"
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(bought)]
        subprocess.run([*command, package], check=True)
        source = bought / "node_modules" / package.rpartition("@")[0] / file
        shutil.copy(source, folder / "docs/en" / source.name)
        shutil.rmtree(bought)
    _commit(folder)


def _commit(folder: Path) -> None:
    """A repository with one commit, for who asks Git for dates."""
    when = f"{DAY.isoformat()}T12:00:00Z"
    names = {f"GIT_{who}_{what}": "A" for who in ("AUTHOR", "COMMITTER") for what in ("NAME",)}
    dates = {f"GIT_{who}_DATE": when for who in ("AUTHOR", "COMMITTER")}
    mail = {f"GIT_{who}_EMAIL": "a@example.org" for who in ("AUTHOR", "COMMITTER")}
    for arguments in (["init", "-q"], ["add", "docs", "mkdocs.yml"], ["commit", "-qm", "Begin"]):
        command = ["git", *arguments]
        subprocess.run(command, cwd=folder, env=os.environ | names | dates | mail, check=True)


def build(folder: Path, case: Case, python: str | Path) -> str:
    """The messages of a strict build that failed; empty if it did not."""
    quiet = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | quiet
    command = [str(python), "-m", case.builder, "build", "--strict"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return (done.stdout + done.stderr).strip() if done.returncode else ""


def look(site: Path, case: Case) -> tuple[dict[str, int], list[str]]:
    """What the first post shows, counted, and which patterns of the case are missing."""
    first = (site / case.first).read_text("utf-8") if (site / case.first).is_file() else ""
    article = first[first.find("<article") : first.rfind("</article")]
    seen = {
        name: len(re.findall(pattern, article, re.IGNORECASE)) for name, pattern in SEEN.items()
    }
    faults = [] if first else [f"{case.first} is missing"]
    for page, patterns in case.shows.items():
        text = (site / page).read_text("utf-8") if (site / page).is_file() else ""
        faults += [f"{page}: no {p}" for p in patterns if not re.search(p, text, re.DOTALL)]
    for page in site.rglob("*.html"):
        text = re.sub(
            r"<(pre|code|script|style|mjx-tex)\b.*?</\1>", "", page.read_text("utf-8"),
            flags=re.DOTALL,
        )  # fmt: skip
        if "$$" in text or "\\begin{" in text:
            faults.append(f"{page.relative_to(site)}: a raw formula")
    return seen, faults


def differences(alone: dict[str, int], seen: dict[str, int]) -> list[str]:
    """What the first post has lost, or gained, in company."""
    return [f"{seen[name]} {name} of {alone[name]}" for name in SEEN if seen[name] != alone[name]]


def run(folder: Path, case: Case, python: str | Path, alone: dict[str, int] | None) -> Outcome:
    """Begin, build and look at the blog of a case; `alone` is what it shows without company."""
    shutil.rmtree(folder, ignore_errors=True)
    begin(folder, case)
    if failed := build(folder, case, python):
        return Outcome(case, failed.splitlines()[-12:], {})
    seen, faults = look(folder / "site", case)
    return Outcome(case, faults + (differences(alone, seen) if alone else []), seen)
