"""Where numpy for the browser comes from.

npm's `pyodide` holds Python but no numpy. Its lock file names the wheel and its sha256; whatever
the source, the file is kept only if it has that sum.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CACHE = ".cache/backprop/engine"
DISTRIBUTION = "https://cdn.jsdelivr.net/pyodide/v{version}/full/"
# A wheel of the package index that carries the very file, and where in it.
CARRIER = "open-webui==0.12.4"
CARRIER_HASH = "sha256:02e9caba96234db3fa17a92e56163b3f7f2b8ca8227fa886b85c178d696483f6"
INSIDE = "open_webui/frontend/pyodide/"
WANTED = ("pyodide", "esbuild", "codemirror", "@codemirror/lang-python")
VERSIONS = "pyodide@314.0.3 esbuild@0.28 codemirror@6 @codemirror/lang-python@6"


class SourceError(Exception):
    """The engine, or a part of it, cannot be had; the message says what would help."""


@dataclass(frozen=True)
class Wheel:
    """A file that Pyodide's lock names."""

    name: str
    sha256: str
    version: str  # Pyodide's

    def fits(self, data: bytes) -> bool:
        return hashlib.sha256(data).hexdigest() == self.sha256


def node_modules(root: Path) -> Path:
    """The `node_modules` of `root`, or of a folder above it, that holds what the page needs."""
    for folder in (root, *root.parents):
        modules = folder / "node_modules"
        if all((modules / name / "package.json").is_file() for name in WANTED):
            return modules
    lock = root / "package-lock.json"
    locked = lock.is_file() and '"node_modules/pyodide"' in lock.read_text("utf-8")
    command = "npm ci" if locked else f"npm install {VERSIONS}"
    raise SourceError(
        f"Pyodide, CodeMirror and esbuild are not in {root.name or root}/node_modules: run "
        f"`{command}` there"
    )


def numpy_wheel(modules: Path) -> Wheel:
    """The numpy that belongs to the Pyodide in `modules`."""
    lock = json.loads((modules / "pyodide/pyodide-lock.json").read_text("utf-8"))
    package = lock["packages"]["numpy"]
    version = json.loads((modules / "pyodide/package.json").read_text("utf-8"))["version"]
    return Wheel(package["file_name"], package["sha256"], version)


def kept(root: Path, wheel: Wheel) -> Path | None:
    """The wheel in the cache of a project, if it is there and whole."""
    path = root / CACHE / wheel.name
    return path if path.is_file() and wheel.fits(path.read_bytes()) else None


def fetch(root: Path, wheel: Wheel, source: str = "", say: Callable[[str], None] = print) -> Path:
    """The wheel in the cache of the project at `root`, fetched if it is not there.

    `source` is "distribution", "index", a folder that holds the file, or "" for the first of the
    two that answers. SourceError says why none did.
    """
    found = kept(root, wheel)
    if found:
        return found
    reasons = []
    for name, attempt in _attempts(source):
        say(f"Fetching {wheel.name} from {name} …")
        try:
            data = attempt(wheel)
        except SourceError as error:
            reasons.append(f"{name}: {error}")
            continue
        if not wheel.fits(data):
            actual = hashlib.sha256(data).hexdigest()
            reasons.append(f"{name}: has the sha256 {actual}, the lock wants {wheel.sha256}")
            continue
        path = root / CACHE / wheel.name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.write_bytes(data)
        part.replace(path)
        return path
    raise SourceError(
        f"{wheel.name} cannot be had\n  "
        + "\n  ".join(reasons)
        + "\nName a folder that holds it: python -m backprop.site.interactive --from FOLDER"
    )


def _attempts(source: str) -> Iterator[tuple[str, Callable[[Wheel], bytes]]]:
    if source not in ("", "distribution", "index"):
        yield source, lambda wheel: _from_folder(Path(source), wheel)
        return
    if source != "index":
        yield "Pyodide's distribution", _from_distribution
    if source != "distribution":
        yield f"the wheel {CARRIER} of the package index (106 MB)", _from_index


def _from_folder(folder: Path, wheel: Wheel) -> bytes:
    try:
        return (folder / wheel.name).read_bytes()
    except OSError as error:
        raise SourceError(str(error)) from None


def _from_distribution(wheel: Wheel) -> bytes:
    address = os.environ.get("BACKPROP_PYODIDE_URL", DISTRIBUTION)
    url = address.format(version=wheel.version) + wheel.name
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.read()
    except (OSError, urllib.error.URLError, ValueError) as error:
        raise SourceError(str(error)) from None


def _from_index(wheel: Wheel) -> bytes:
    """Out of a wheel that pip downloads and checks; only the one file of it is kept."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "requirements.txt")
        wanted.write_text(f"{CARRIER} --hash={CARRIER_HASH}\n")
        # Its own demands on Python do not matter: nothing of it is installed.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", "--python-version=3.11"]
        command += ["--no-cache-dir", "--dest", folder, "-r", str(wanted)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if run.returncode or not wheels:
            last = (run.stderr.strip() or "pip said nothing").splitlines()[-1]
            raise SourceError(last)
        with zipfile.ZipFile(wheels[0]) as carrier:
            try:
                return carrier.read(INSIDE + wheel.name)
            except KeyError:
                raise SourceError(f"{CARRIER} does not hold {wheel.name}") from None
