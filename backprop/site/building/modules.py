"""Which Python sources of a project a reference is made of, and what of them it shows.

A reference of an object shows names, signatures, docstrings and values, of the object, of what it
inherits from and of what its module passes on; all of that stands in its module or in what that
imports. The bodies of functions are not shown, unless `show_source` asks for them.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from backprop.program.store import Store, digest

_BODIES = ("__init__", "__new__", "__post_init__")
"""Functions in whose bodies attributes are made."""


class Modules:
    """The Python files below some folders, as they are now; `besides`: folders to leave out."""

    def __init__(self, roots: Iterable[Path], besides: Iterable[str], memory: Store) -> None:
        self.memory = memory
        self._files: dict[str, list[str]] = {}  # by every end of a module's dotted name
        self._facts: dict[str, dict[str, Any]] = {}
        leave = {os.path.abspath(folder) for folder in besides}
        for root in roots:
            for path in _python_files(root, leave):
                parts = list(Path(path).relative_to(root).with_suffix("").parts)
                if parts[-1] == "__init__":
                    parts.pop()
                for at in range(len(parts)):
                    self._files.setdefault(".".join(parts[at:]), []).append(path)

    def shown(self, objects: Iterable[str], bodies: bool) -> str:
        """A digest of all that a reference of these objects shows; bodies: of functions too."""
        found: set[str] = set()
        whole: set[str] = set()  # those whose imports are among the found
        names, waiting = set(), list(objects)
        while waiting:
            name = waiting.pop()
            if name not in names:
                names.add(name)
                waiting += self._follow(name, found, whole)
        what = "whole" if bodies else "surface"
        return digest([[path, self._fact(path)[what]] for path in sorted(found)])

    def _follow(self, name: str, found: set[str], whole: set[str]) -> Iterator[str]:
        """Add the files that tell of the object; yields what it is called where it comes from."""
        module, rest = self._split(name)
        for path in self._files.get(module, ()):
            origins = [
                ".".join([source, *rest])
                for source, names in self._imports(module, path)
                if rest and rest[0] in names
            ]
            if origins:  # the module only passes it on
                found.add(path)
                yield from origins
                continue
            self._close(module, path, found, whole)
            if not rest:  # a package shows what is in it
                for other, files in self._files.items():
                    if other.startswith(f"{module}."):
                        for below in files:
                            self._close(other, below, found, whole)

    def _close(self, module: str, path: str, found: set[str], whole: set[str]) -> None:
        """Add the file and all that it imports, as far as it belongs to the project."""
        waiting = [(module, path)]
        while waiting:
            module, path = waiting.pop()
            if path in whole:
                continue
            found.add(path)
            whole.add(path)
            for source, names in self._imports(module, path):
                for name in (source, *(f"{source}.{name}" for name in names)):
                    waiting += [(name, file) for file in self._files.get(name, ())]

    def _split(self, name: str) -> tuple[str, list[str]]:
        """The module that a dotted name begins with, and what follows."""
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            module = ".".join(parts[:end])
            if module in self._files:
                return module, parts[end:]
        return name, []

    def _imports(self, module: str, path: str) -> Iterator[tuple[str, list[str]]]:
        package = module if Path(path).stem == "__init__" else module.rpartition(".")[0]
        for level, source, names in self._fact(path)["imports"]:
            if level:
                base = package.split(".")[: len(package.split(".")) - level + 1]
                source = ".".join([*base, *filter(None, [source])])
            yield source, names

    def _fact(self, path: str) -> dict[str, Any]:
        if path not in self._facts:
            try:
                data = Path(path).read_bytes()
            except OSError:
                data = b""
            whole = hashlib.sha256(data).hexdigest()
            key = digest("python source", 1, whole)
            self._facts[path] = self.memory.made(key, lambda: _read(data, whole))
        return self._facts[path]


def _read(data: bytes, whole: str) -> dict[str, Any]:
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return {"whole": whole, "surface": whole, "imports": []}
    imports: list[list[Any]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [[0, alias.name, []] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports.append([node.level, node.module, [alias.name for alias in node.names]])
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name not in _BODIES:
            said = ast.get_docstring(node, clean=False)
            node.body = [ast.Expr(ast.Constant(said))] if said is not None else [ast.Pass()]
    return {"whole": whole, "surface": digest(ast.dump(tree)), "imports": imports}


def _python_files(folder: Path, leave: set[str]) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in ("node_modules", "__pycache__")
            and os.path.join(root, name) not in leave
        )
        yield from (os.path.join(root, n) for n in sorted(names) if n.endswith((".py", ".pyi")))
