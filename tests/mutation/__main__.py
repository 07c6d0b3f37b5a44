"""`make mutants-source`: change one thing of the package's source; a test must notice.

    python -m tests.mutation [ROOM …] [--sample N] [--seed N] [--all FILE]

In a copy of the repository a seeded sample of the mutants of each room is tried, one after the
other, with the tests that are about the room; what survives is printed with file and line. Fails
if a room has less than 85 % killed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.operators import Mutant, mutants

ROOT = Path(__file__).parents[2]
REQUIRED = 0.85


@dataclass(frozen=True)
class Room:
    """Where the mutants are made, and which tests are asked, the likeliest first."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    functions: tuple[str, ...] = ()  # only inside functions that are called so


CORE = ("tests/test_rules.py", "tests/test_writer.py", "tests/test_source.py")
ROOMS = {
    "rules": Room(("backprop/rules/*.py", "backprop/graph/*.py"), (*CORE, "tests/test_replay.py", "tests/test_spellings.py", "tests/test_tracer.py", "tests/tracer")),
    "writer": Room(("backprop/writer/*.py",), ("tests/test_writer.py", "tests/test_source.py", "tests/test_programs.py", "tests/test_forwards.py", "tests/test_spellings.py", "tests/test_rules.py")),
    "truth": Room(("backprop/truth/*.py",), ("tests/test_replay.py", "tests/test_rules.py", "tests/checker/test_blind_spots.py", "tests/tracer", "tests/checker/test_check.py", "tests/checker/test_report.py")),
    "judging": Room(("backprop/judging/**/*.py", "backprop/checker/*.py"), ("tests/checker",)),
    "evidence": Room(("backprop/derivations/evidence/*.py",), ("tests/derivations/test_right.py", "tests/derivations/test_wrong.py", "tests/derivations/test_premises.py", "tests/derivations/test_leaps.py", "tests/derivations/test_proof.py", "tests/derivations/test_advice.py", "tests/derivations/test_conclusions.py", "tests/derivations/test_names.py", "tests/derivations/test_code.py")),
    "keys": Room(("backprop/program/*.py", "backprop/site/**/*.py", "backprop/derivations/**/*.py"), ("tests/mathematics", "tests/site/test_memory.py", "tests/posts/test_plugin.py", "tests/derivations/test_code.py", "tests/site/test_building.py", "tests/test_store.py", "tests/posts/test_program.py", "tests/posts/test_kinds.py"), ("key", "_key", "conversion_key", "digest", "fingerprint")),
}  # fmt: skip
# What the tests need besides the package and themselves.
NEEDED = ("backprop", "tests", "docs", "mkdocs.yml", "pyproject.toml", "README.md", "package.json",
          "package-lock.json", "requirements.txt", "requirements-node.txt", "LICENSE", "Makefile",
          "CHANGELOG.md")  # fmt: skip


def copied(target: Path) -> None:
    leave = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=leave)
        else:
            shutil.copy(source, target / name)
    os.symlink(ROOT / "node_modules", target / "node_modules")


def tried(folder: Path, room: Room, timeout: float) -> bool:
    """Whether the room's tests pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *room.tests]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def sample(room: Room, size: int, seed: int, only: str | None) -> Iterator[tuple[Path, Mutant]]:
    found = []
    for pattern in room.files:
        for path in sorted(ROOT.glob(pattern)):
            if only and str(path.relative_to(ROOT)) != only:
                continue
            text = path.read_text("utf-8")
            for mutant in mutants(text):
                if not room.functions or inside(text, mutant.line, room.functions):
                    found.append((path.relative_to(ROOT), mutant))
    chosen = found if only else random.Random(seed).sample(found, min(size, len(found)))
    yield from sorted(chosen, key=lambda pair: (pair[0], pair[1].start))


def inside(text: str, line: int, functions: tuple[str, ...]) -> bool:
    """Whether the innermost function of a line is called like one of them."""
    for number in range(line - 1, -1, -1):
        stripped = text.splitlines()[number].lstrip()
        if stripped.startswith("def "):
            name = stripped[4:].split("(")[0]
            return name in functions or name.endswith("_key")
    return False


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}")
    parser.add_argument("--sample", type=int, default=20, help="mutants a room (default: 20)")
    parser.add_argument("--seed", type=int, default=20170330)
    parser.add_argument("--all", metavar="FILE", help="every mutant of this file alone")
    options = parser.parse_args()
    if unknown := set(options.rooms) - set(ROOMS):
        parser.error(
            f"no room is called {', '.join(sorted(unknown))}; there are {', '.join(ROOMS)}"
        )
    poor = []
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        folder = Path(name)
        copied(folder)
        for key in options.rooms or ROOMS:
            room = ROOMS[key]
            if not tried(folder, room, 1800):
                print(f"{key}: its tests fail without any mutant; mend them first", flush=True)
                return 2
            killed = total = 0
            for path, mutant in sample(room, options.sample, options.seed, options.all):
                text = (ROOT / path).read_text("utf-8")
                (folder / path).write_text(mutant.apply(text), "utf-8")
                survived = tried(folder, room, 900)
                (folder / path).write_text(text, "utf-8")
                total += 1
                killed += not survived
                if survived:
                    print(f"survived  {path}:{mutant.line}: {mutant}", flush=True)
            print(f"{key}: {killed} of {total} killed", flush=True)
            if killed < REQUIRED * total:
                poor.append(key)
    if poor:
        print(f"below {REQUIRED:.0%}: {', '.join(poor)}")
    return bool(poor)


if __name__ == "__main__":
    sys.exit(main())
