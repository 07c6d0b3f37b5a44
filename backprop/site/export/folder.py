"""Writing the files of an export: all or none, and nothing that somebody else wrote.

The folder keeps a list of what was written into it, with a digest of each file. The next export
replaces these and removes those that are not made any more; whatever else stands in the folder,
or was changed since, is somebody's work.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from backprop.site.export.build import ExportError

LIST = ".backprop-export.json"


def check(folder: Path) -> dict[str, str]:
    """What an earlier export has written, by path; the digests of the files.

    Raises:
        ExportError: the folder is none, or holds files and none is known to be ours.
    """
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise ExportError(f"{folder} is a file: name a folder")
    path = folder / LIST
    if not path.is_file():
        if any(folder.iterdir()):
            raise ExportError(
                f"{folder} is not empty, and no export has written it: name an empty folder"
            )
        return {}
    try:
        known = json.loads(path.read_text("utf-8"))["files"]
        if all(isinstance(n, str) and isinstance(d, str) for n, d in known.items()):
            for name in known:
                _inside(folder, name)
            return dict(known)
    except (ValueError, KeyError, AttributeError, TypeError):
        pass
    raise ExportError(f"{path} is no list of exported files: delete it with what it stands beside")


def write(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write the files of an export and remove those of the one before.

    Raises:
        ExportError: a file that is not ours, or was changed since, stands in the way.
    """
    known = check(folder)
    new = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    for name in sorted({**known, **new}):
        path = _inside(folder, name)
        if path.is_dir():
            raise ExportError(f"{path} is a folder where a file is to be written")
        if path.exists():
            held = hashlib.sha256(path.read_bytes()).hexdigest()
            if name not in known or held not in (known[name], new.get(name)):
                what = "was changed since it was exported" if name in known else "is not ours"
                raise ExportError(f"{path} {what}, and nothing is overwritten: move it away")
    fresh = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        aside = Path(tempfile.mkdtemp(prefix=".backprop-export-", dir=folder))
        try:
            for name, data in files.items():
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                (aside / name).write_bytes(data)
            _list(folder, {**known, **new})  # whatever happens, all of it is known to be ours
            for name in files:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(aside / name, folder / name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        for name in known.keys() - new.keys():
            _remove(folder, name)
        _list(folder, new)
    except OSError as error:
        if fresh:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise ExportError(f"{folder}: {error.strerror or error}") from None
    return sorted(files)


def _inside(folder: Path, name: str) -> Path:
    """The path of a name below the folder, which no `..` and no link leads out of it."""
    parts = PurePosixPath(name).parts
    path = folder.joinpath(*parts)
    unsafe = not parts or ".." in parts or "\\" in name or PurePosixPath(name).is_absolute()
    below = [folder.joinpath(*parts[:n]) for n in range(1, len(parts) + 1)]
    if unsafe or any(step.is_symlink() for step in below):
        raise ExportError(f"{folder}: '{name}' leads out of the folder, or through a link")
    return path


def _list(folder: Path, files: Mapping[str, str]) -> None:
    text = json.dumps({"files": dict(sorted(files.items()))}, indent=1, ensure_ascii=False) + "\n"
    handle, aside = tempfile.mkstemp(dir=folder, prefix=".backprop-export-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(aside, 0o644)
    os.replace(aside, folder / LIST)


def _remove(folder: Path, name: str) -> None:
    """Remove a file, and the folders that it leaves empty."""
    path = folder / name
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == folder:
            break
        with contextlib.suppress(OSError):
            parent.rmdir()
