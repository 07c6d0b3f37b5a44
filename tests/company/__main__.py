"""`python -m tests.company [NAME …]`: every case of the table in one environment, as a table.

The environment, `.cache/company/venv`, has what the blog needs, pinned, and the plugins as they are
on the index; this package is this repository's.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from tests.company.blog import run
from tests.company.browser import diagram_is_drawn, stepper_works
from tests.company.cases import CASES
from tests.conftest import ROOT

FOLDER = ROOT / ".cache/company"
BROWSER = {"instant navigation": stepper_works, "mermaid": diagram_is_drawn}


def environment(folder: Path) -> Path:
    """The Python of the environment, made once."""
    python = folder / "bin/python"
    ready = folder / ".ready"
    packages = sorted({case.package for case in CASES if case.package})
    if ready.is_file() and ready.read_text("utf-8") == "\n".join(packages):
        return python
    print(f"Installing {len(packages)} plugins into {folder.relative_to(ROOT)} …", flush=True)
    venv.create(folder, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pinned = ["--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.txt")]
    for arguments in (pinned, ["--no-deps", "--no-build-isolation", "-e", str(ROOT)], packages):
        subprocess.run([*pip, *arguments], check=True, cwd=ROOT)
    ready.write_text("\n".join(packages), "utf-8")
    return python


def main(names: list[str]) -> int:
    python = environment(FOLDER / "venv")
    alone = run(FOLDER / "alone", CASES[0], python, None)
    failed = 0
    for case in CASES:
        if names and case.name not in names:
            continue
        folder = FOLDER / case.name.replace(" ", "-")
        outcome = alone if case is CASES[0] else run(folder, case, python, alone.seen)
        faults = outcome.faults
        if case.browser and not faults:
            faults = BROWSER[case.name](folder / "site")
        failed += bool(faults)
        verdict = "WRONG" if faults else "right"
        print(f"{case.name:<28} {verdict:<7} {case.note}".rstrip(), flush=True)
        for fault in faults:
            print(f"    {fault}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
