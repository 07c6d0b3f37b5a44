"""What CONTRIBUTING.md tells a newcomer: each change made in a copy, and its lines run there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / ".github/CONTRIBUTING.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### ([^\n]*)\n(.*?)(?=^### |\Z)", TEXT, re.M | re.S))
FENCE = re.compile(r"^```(\w+)(?: title=\"(.*?)\"| notest)\n(.*?)^```$", re.M | re.S)


def changed(text: str, change: str) -> str:
    """A change in the way of `diff`: its old lines, which stand in the text once, made new."""
    lines = change.splitlines()
    old = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
    new = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
    assert text.count(old) == 1, f"stands {text.count(old)} times: {old}"
    return text.replace(old, new)


@pytest.fixture
def copy(tmp_path):
    leave = shutil.ignore_patterns("__pycache__", "*.pyc", "assets")
    shutil.copytree(ROOT / "backprop", tmp_path / "backprop", ignore=leave)
    return tmp_path


@pytest.mark.parametrize("section", SECTIONS)
def test_the_change_does_what_is_said(copy, section):
    changes, lines = [], []
    for language, path, code in FENCE.findall(SECTIONS[section]):
        (changes if language == "diff" else lines).append((path, code))
    assert changes
    assert len(lines) == 1
    run = [sys.executable, "-c", lines[0][1]]
    before = subprocess.run(run, cwd=copy, capture_output=True, text=True, check=False)
    assert before.returncode != 0
    for path, change in changes:
        file = copy / path
        file.write_text(changed(file.read_text("utf-8"), change), "utf-8")
    after = subprocess.run(run, cwd=copy, capture_output=True, text=True, check=False)
    assert after.returncode == 0, after.stderr
