"""What the page fetches with the first tap: the engine and the scripts, compressed, and what they
are called. A name says the content, so a browser may keep a file for ever.

Static hosts differ in what they compress; so these files are compressed here and opened by the
page, and the same bytes travel everywhere.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backprop.site.interactive import sources
from backprop.site.interactive.archive import archive, sources_stamp
from backprop.site.interactive.compiled import (
    LIBRARY,
    SITE,
    WARM,
    answering,
    can_compile,
    compiled,
    useless,
)

_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"  # how such data begin
ASSETS = Path(__file__).with_name("assets")
# Of numpy's wheel: what no program in a page can use.
_LEFT_OUT = ("/tests/", "/f2py/", "/distutils/", "/_core/include/", "/_core/lib/", "/_pyinstaller/")
_LEFT_OUT_ENDS = (".pyi", ".pxd", ".h", ".a", ".c", "/conftest.py", ".dist-info/RECORD")


@dataclass(frozen=True)
class Part:
    """One file to fetch: `name` says its content, `size` is that of `data`, which is compressed."""

    name: str
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def opened(self) -> bytes:
        """What the page's script makes of it: data of Zstandard are opened by Python there."""
        return gzip.decompress(self.data) if self.data.startswith(_GZIP) else self.data


@dataclass(frozen=True)
class Pack:
    """All that a page may fetch; `parts` are those of the engine, `script` is the page's own.

    `boot` is not fetched: it stands in every page.
    """

    parts: dict[str, Part]
    boot: str
    script: str
    style: str

    def manifest(self) -> str:
        """What the page's script must know of the engine, as JSON."""
        return json.dumps({key: [one.name, one.size] for key, one in self.parts.items()})


def pack(root: Path) -> Pack:
    """The pack of the project at `root`; SourceError if a part of the engine is not there."""
    modules = sources.node_modules(root)
    wheel = sources.numpy_wheel(modules)
    numpy = sources.kept(root, wheel)
    if numpy is None:
        raise sources.SourceError(f"{wheel.name} is not there")
    folder = root / sources.CACHE
    worker = _bundle(modules, ASSETS / "worker.js", folder)
    own = [_digest(path.read_bytes()) for path in (Path(__file__), *ASSETS.parent.glob("compil*"))]
    own += [_digest((ASSETS / "compile.mjs").read_bytes()), str(can_compile())]
    stamp = f"{wheel.version} {wheel.sha256} {_digest(worker)} {' '.join(own)}"

    @cache
    def below() -> dict[str, bytes]:
        """The standard library and numpy, compiled."""
        library = _stored((modules / "pyodide/python_stdlib.zip").read_bytes(), useless)
        parts = {"python": (library, LIBRARY, 2), "numpy": (_numpy(numpy), SITE, 1)}
        return compiled(modules, WARM, library, [parts["numpy"][0]], parts)

    def package() -> bytes:
        here = archive()
        library, beside = (parts[name].opened() for name in ("python", "numpy"))
        wanted = {"backprop": (here, SITE, 0)}
        return compiled(modules, answering(), library, [beside, here], wanted)["backprop"]

    raw: dict[str, Callable[[], bytes]] = {
        "worker": lambda: worker,
        "wasm": (modules / "pyodide/pyodide.asm.wasm").read_bytes,
        "python": lambda: below()["python"],
        "numpy": lambda: below()["numpy"],
    }
    parts = {key: _kept_part(folder, key, stamp, make) for key, make in raw.items()}
    parts["backprop"] = _kept_part(folder, "backprop", f"{sources_stamp()} {stamp}", package)
    return Pack(
        parts,
        _bundle(modules, ASSETS / "boot.js", folder).decode().strip(),
        _bundle(modules, ASSETS / "page/main.js", folder).decode(),
        (ASSETS / "page/page.css").read_text("utf-8"),
    )


def _part(key: str, data: bytes) -> Part:
    small = data if data.startswith(_ZSTANDARD) else gzip.compress(data, 9, mtime=0)
    return Part(f"{key}.{_digest(data)}.bin", small)


def _kept_part(folder: Path, key: str, stamp: str, make: Callable[[], bytes]) -> Part:
    """A part from the cache: to compress ten megabytes takes a second."""
    path = folder / f"{key}.{_digest(stamp.encode())}.part"
    if path.is_file():
        name, _, data = path.read_bytes().partition(b"\n")
        return Part(name.decode(), data)
    part = _part(key, make())
    for old in folder.glob(f"{key}.*.part"):
        old.unlink(missing_ok=True)
    _write(path, part.name.encode() + b"\n" + part.data)
    return part


def _stored(data: bytes, left_out: Callable[[str], bool]) -> bytes:
    """A zip without compression of its own, so that it is compressed as a whole, and smaller."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new,
    ):
        for name in sorted(old.namelist()):
            if not left_out(name):
                new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), old.read(name))
    return out.getvalue()


def _numpy(wheel: Path) -> bytes:
    return _stored(
        wheel.read_bytes(),
        lambda name: name.endswith(_LEFT_OUT_ENDS) or any(part in name for part in _LEFT_OUT),
    )


def _bundle(modules: Path, entry: Path, folder: Path) -> bytes:
    """One script of `entry` and all that it imports."""
    stamp = hashlib.sha256()
    for source in sorted(ASSETS.rglob("*.js")):
        stamp.update(source.read_bytes())
    for package in sorted(modules.glob("@codemirror/*/package.json")):
        stamp.update(package.read_bytes())
    for package_name in sources.WANTED:
        stamp.update((modules / package_name / "package.json").read_bytes())
    path = folder / f"{entry.stem}.{stamp.hexdigest()[:16]}.js"
    if path.is_file():
        return path.read_bytes()
    program = _esbuild(modules)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "out.js")
        command = [*program, str(entry), "--bundle", "--format=esm", "--minify", "--target=es2022"]
        command += ["--external:node:*", "--external:ws", "--legal-comments=none"]
        command += ["--log-level=error", f"--outfile={out}"]
        run = subprocess.run(
            command,
            env={**os.environ, "NODE_PATH": str(modules)},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode or not out.is_file():
            raise sources.SourceError(f"esbuild could not bundle {entry.name}:\n{run.stderr}")
        data = out.read_bytes()
    for old in folder.glob(f"{entry.stem}.*.js"):
        old.unlink(missing_ok=True)
    _write(path, data)
    return data


def _esbuild(modules: Path) -> list[str]:
    native = sorted(modules.glob("@esbuild/*/bin/esbuild")) + sorted(
        modules.glob("@esbuild/*/esbuild.exe")
    )
    if native:
        return [str(native[0])]
    node = shutil.which("node")
    if node is None:
        raise sources.SourceError("esbuild needs Node, and there is none on PATH")
    return [node, str(modules / "esbuild/bin/esbuild")]


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    part.write_bytes(data)
    part.replace(path)


@cache
def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
