"""The processes that build while `mkdocs serve` runs: whatever ends them, nothing else ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# As MkDocs does it: what `serve` built is deleted when `serve` ends, and by nobody else.
SERVE = """
import os, sys, time
from backprop.site.building.processes import Ancestor, Order

class Slow:
    def flush(self):
        time.sleep(0.3)

def work(connection, order):
    sys.stdout = Slow()  # a process that takes its time to end
    connection.send("there")
    time.sleep(60)

ancestor = None
try:
    ancestor = Ancestor(work)
    fork = ancestor.fork(Order(sys.argv[1], sys.argv[1]))
    fork.connection.recv()
    for _ in range(3):
        fork.ask_to_end()
        time.sleep(0.1)
    fork.end(wait=5.0)
    ancestor.close()
finally:
    open(os.path.join(sys.argv[1], str(os.getpid())), "w").close()
"""


def test_a_process_that_is_asked_to_end_again_and_again_ends_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.iterdir())) == 1, "another process ended `serve`"
