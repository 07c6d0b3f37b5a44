"""The author's own Python: scripts of `hooks`, and modules of the project that a build has loaded.

A build is forked from a process that has read them long ago. When anything but a page has changed
since, all of them are read again: a script may hold what it has taken from another, or from a file.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from mkdocs.config import config_options
from mkdocs.config.defaults import MkDocsConfig

BEGAN = time.time()
"""Before MkDocs reads a script: it loads plugins first, and this is a part of one."""
_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_LIBRARY = os.path.dirname(os.path.abspath(os.__file__))


def modules(config: MkDocsConfig) -> Iterator[tuple[str, str]]:
    """Names in `sys.modules` of what stands in the project, and the file or folder of each.

    What is installed counts as installed wherever it stands.
    """
    root = os.path.dirname(config.config_file_path or "") or "."
    scripts = [os.path.dirname(path) for path in hooks(config)]
    inside = tuple({os.path.join(os.path.abspath(one), "") for one in (root, *scripts)})
    # Given with or without a name of their own: `watch` may say `../lib/shared.py`.
    watched = tuple({os.path.abspath(path) for path in config.watch})
    for name, module in list(sys.modules.items()):
        path = _place(module)
        if not path or name == "__main__" or is_installed(path):
            continue
        if path.startswith(inside) or path in watched or _below(path, watched):
            yield name, path


def is_installed(path: str) -> bool:
    """Whether a source belongs to Python, to a package that is installed, or to this one."""
    ours = (os.path.join(_PACKAGE, ""), os.path.join(_LIBRARY, ""), "<")
    return "-packages/" in path or path.startswith(ours)


def hooks(config: MkDocsConfig) -> list[str]:
    """The scripts that `hooks` of mkdocs.yml names."""
    scripts: Any = config.hooks  # by name, once they are loaded
    found = (getattr(script, "__file__", None) for script in dict(scripts or {}).values())
    return [os.path.abspath(path) for path in found if path]


def _place(module: ModuleType | None) -> str:
    """A module's file; the folder of a package that has none."""
    path = getattr(module, "__file__", None)
    if not isinstance(path, str):
        try:
            path = next(iter(getattr(module, "__path__", ())), None)
        except (TypeError, KeyError):  # that of a namespace follows its parent, which may be gone
            return ""
    return os.path.abspath(path) if isinstance(path, str) else ""


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path.startswith(os.path.join(folder, "")) for folder in folders)


class Own:
    """What this process has of the author's modules."""

    def __init__(self, config: MkDocsConfig) -> None:
        self._names = [name for name, _ in modules(config)]

    def forget(self) -> None:
        """In a fork: all of them are read again when they are asked for."""
        for name in self._names:
            sys.modules.pop(name, None)
        # Whoever looked into a folder for a module remembers what was there.
        importlib.invalidate_caches()
        # Compiled files tell sources apart by seconds and sizes; authors are faster.
        sys.dont_write_bytecode = True
        forget = getattr(getattr(config_options.Hooks, "_load_hook", None), "cache_clear", None)
        if forget is not None:  # else MkDocs remembers no scripts
            forget()
