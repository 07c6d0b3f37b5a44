"""`mkdocs …` as a process, for tests of what it serves and leaves behind."""

from __future__ import annotations

import filecmp
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote


class Command:
    """`mkdocs …` in a process of its own, with a folder of its own for temporary files."""

    def __init__(self, project, *arguments, **environment):
        project.save()
        self.temporary = project.root / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self.said: queue.Queue[str] = queue.Queue()
        self.all: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "--no-color", *arguments],
            cwd=project.root,
            env={**os.environ, "TMPDIR": str(self.temporary), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # In a background job SIGINT is ignored, and the child would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.all.append(line)
            self.said.put(line)

    def wait_for(self, text, seconds=240):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                line = self.said.get(timeout=0.2)
            except queue.Empty:
                if self.process.poll() is not None:
                    break
                continue
            if text in line:
                return line
        raise AssertionError(f"never said {text!r}:\n{''.join(self.all)}")

    def leftovers(self):
        return [path.name for path in self.temporary.iterdir() if path.name != "jieba.cache"]

    def wait_for_rest(self, seconds=240):
        """Until no build is under way, and none is due."""
        self.wait_until(lambda: not self.state()["busy"], seconds)

    # ---- what `backprop.site.building` serves --------------------------------------------------

    @property
    def folder(self) -> Path:
        """The folder of the site that is served: that of the newest whole build."""
        folders = self.temporary.glob("backprop-*/*/site")
        return max(folders, key=lambda folder: int(folder.parent.name))

    def state(self, path="/", epoch=0, version=-1):
        """What a browser with this page open is told."""
        question = f"path={quote(path)}&epoch={epoch}&version={version}&lang=en"
        return json.loads(get(f"{self.url}.backprop/state?{question}")[1])

    def wait_until(self, condition, seconds=240):
        """Ask for the page and the list of faults again and again until they are as wanted."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            assert self.process.poll() is None, "".join(self.all)
            time.sleep(0.05)
        raise AssertionError(f"never came true:\n{self.state()}\n{''.join(self.all)}")


@contextmanager
def serving(project, *options: str, wait: bool = True, port: int = 0) -> Iterator[Command]:
    """`mkdocs serve` of a project, until the end of the block."""
    port = port or free_port()
    command = Command(project, "serve", "--dev-addr", f"127.0.0.1:{port}", *options)
    command.port, command.url = port, f"http://127.0.0.1:{port}/"
    try:
        if wait:
            command.wait_for("Serving on")
        yield command
    finally:
        if command.process.poll() is None:
            command.process.send_signal(signal.SIGINT)
            try:
                command.process.wait(120)
            except subprocess.TimeoutExpired:
                command.process.kill()
                command.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=120) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def differences(one: Path, other: Path) -> list[str]:
    def files(site):
        return {str(p.relative_to(site)) for p in site.rglob("*") if p.is_file()}

    names = files(one)
    assert len(names) > 50
    _, mismatch, errors = filecmp.cmpfiles(one, other, names, shallow=False)
    return sorted(names ^ files(other)) + sorted(mismatch) + sorted(errors)
