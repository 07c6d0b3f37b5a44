"""Scratch folders go with the process that made them, and nothing else goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backprop.program import scratch

OWNER = """
import os, sys, time
from backprop.program import scratch
path = scratch.make(sys.argv[1])
adopted = os.path.join(sys.argv[1], "mkdocs_" + os.path.basename(path))
os.mkdir(adopted)
scratch.adopt(adopted)
print(path, flush=True)
time.sleep(60)
"""
RUNS = """
import sys, time
from pathlib import Path
from backprop.program.execute import Executor
from backprop.program.page import load
root = Path(sys.argv[1])
with Executor(root) as executor, executor.session(load(root / "post.md", root)) as session:
    print(session.outcome(0).stdout, flush=True)
    time.sleep(60)
"""


def started(code: str, folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process, and the folder that it says is its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout
    process.stdout.close()


@pytest.mark.skipif(scratch.fcntl is None, reason="nothing is locked here")
def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    lives, used = started(OWNER, tmp_path)
    dies, left = started(OWNER, tmp_path)
    try:
        killed(dies)
        (left / "site").mkdir()
        (left / "site/page.html").write_text("made before the end")
        mark = (left / ".owner").read_bytes()
        adopted = [tmp_path / f"mkdocs_{path.name}" for path in (used, left)]
        assert all(path.is_dir() for path in adopted)
        # Of the same name, but not made here: no lock, a lock of somebody else, a link.
        others = ("backprop-notes", None), ("backprop-other", b"1234"), ("mkdocs_theirs", None)
        for name, lock in others:
            (tmp_path / name).mkdir()
            if lock:
                (tmp_path / name / ".owner").write_bytes(lock)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / ".owner").write_bytes(mark)
        (tmp_path / "backprop-link").symlink_to(elsewhere)
        mine = Path(scratch.make(str(tmp_path)))
        assert not left.exists()
        stays = {used, mine, elsewhere, adopted[0], tmp_path / "mkdocs_theirs"}
        stays |= {tmp_path / f"backprop-{name}" for name in ("notes", "other", "link")}
        assert set(tmp_path.iterdir()) == stays
        scratch.sweep(str(tmp_path))
        assert set(tmp_path.iterdir()) == stays, "one's own are in use, too"
        scratch.remove(str(mine))
        assert not mine.exists()
    finally:
        killed(lives)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="pages are forked")
def test_pages_of_a_process_that_is_killed_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "post.md").write_text("```python\nimport os\nprint(os.getcwd())\n```\n")
    process, work = started(RUNS, tmp_path)
    assert work.is_dir()
    killed(process)
    until = time.monotonic() + 60
    while (left := list(tmp_path.glob("backprop-*"))) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []
