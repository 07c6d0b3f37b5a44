"""Typeset formulas on disk: one small JSON file each, safe to delete at any time."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def digest(*parts: Any) -> str:
    """A short name for `parts`, the same in every process."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Cache:
    """A folder of JSON values by key; without a folder it remembers for one build only."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._memory: dict[str, Any] = {}

    def get(self, key: str) -> Any | None:
        """The value stored under `key`, or None; a damaged file counts as absent."""
        if key not in self._memory and self.folder:
            try:
                stored = json.loads(self._path(key).read_text("utf-8"))
                if stored["key"] == key:
                    self._memory[key] = stored["value"]
            except (OSError, ValueError, KeyError, TypeError):
                return None
        return self._memory.get(key)

    def put(self, key: str, value: Any) -> None:
        """Store `value`, which JSON must be able to express."""
        self._memory[key] = value
        if not self.folder:
            return
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Written aside and renamed: a build that is killed leaves the old file or the new one.
            handle, aside = tempfile.mkstemp(dir=path.parent)
        except OSError:  # a project on a read-only disk is typeset all the same
            return
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"key": key, "value": value}, file, ensure_ascii=False)
        os.replace(aside, path)

    def _path(self, key: str) -> Path:
        assert self.folder
        return self.folder / key[:2] / f"{key}.json"
