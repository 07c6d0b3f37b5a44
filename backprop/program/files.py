"""Files as this tool treats them: known by what is in them, replaced whole."""

import hashlib
import os
import tempfile
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Replace a file in one step, so that it is never half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        if path.exists():
            os.chmod(name, path.stat().st_mode & 0o777)
        else:
            os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def digest_of(file: str) -> str:
    """Of a file's content, of the names in a folder; empty for what does not exist."""
    path = Path(file)
    try:
        names = sorted(os.listdir(path)) if path.is_dir() else None
        data = path.read_bytes() if names is None else "\0".join(names).encode()
        return hashlib.sha256(data).hexdigest()
    except OSError:
        return ""
