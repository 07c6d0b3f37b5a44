"""`backprop` as the page needs it: the package on numpy, and what of the site runs there too.

What is packed is what the runtime imports, directly or not, and all that the public names can
reach; nothing is listed by hand, so a module that moves is found where it is.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]  # the package
START = ("backprop", "backprop.desk")
OUTSIDE = "backprop.site"  # of it, only what is imported
# By which the code of a figure is coloured; of its hundreds of languages the page needs one.
PYGMENTS = (
    *("__init__", "console", "filter", "formatter", "lexer", "modeline", "plugin", "regexopt"),
    *("scanner", "style", "token", "unistring", "util", "filters/__init__", "lexers/__init__"),
    *("lexers/_mapping", "lexers/python", "formatters/__init__", "formatters/_mapping"),
    *("formatters/html", "styles/__init__", "styles/_mapping", "styles/default"),
)


def modules() -> dict[str, Path | None]:
    """Module name → file, of all that the page may import; None for a package of the site that is
    only in the way to one of its modules, and must not bring its plugin along."""
    found: dict[str, Path] = {}
    passed: set[str] = set()
    wanted = list(START)
    while wanted:
        name = wanted.pop()
        path = _file(name)
        if name in found or path is None:
            continue
        found[name] = path
        wanted += _imports(name, path)
        parts = name.split(".")
        above = [".".join(parts[:end]) for end in range(1, len(parts))]
        passed.update(package for package in above if package.startswith(OUTSIDE))
        wanted += [package for package in above if not package.startswith(OUTSIDE)]
    every: dict[str, Path | None] = dict.fromkeys(passed)
    return dict(sorted((every | found).items()))


def archive() -> bytes:
    """A zip without compression: it is compressed as a whole when it is packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as zipped:
        for name, text in _texts().items():
            zipped.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return out.getvalue()


def sources_stamp() -> str:
    """Another text whenever a source of the package is another: sizes and times, quickly read."""
    files = sorted(ROOT.rglob("*.py"))
    return " ".join(f"{path.name}:{(s := path.stat()).st_size}:{s.st_mtime_ns}" for path in files)


def _texts() -> dict[str, str]:
    texts = {}
    for name, path in modules().items():
        if path is None:
            texts[name.replace(".", "/") + "/__init__.py"] = ""
        else:
            texts[path.relative_to(ROOT.parent).as_posix()] = path.read_text("utf-8")
    spec = importlib.util.find_spec("pygments")
    if spec is not None and spec.origin is not None:
        for name in PYGMENTS:
            path = Path(spec.origin).parent / f"{name}.py"
            if path.is_file():
                texts[f"pygments/{name}.py"] = path.read_text("utf-8")
    return dict(sorted(texts.items()))


def _file(name: str) -> Path | None:
    base = ROOT.parent.joinpath(*name.split("."))
    for path in (base / "__init__.py", base.with_suffix(".py")):
        if path.is_file():
            return path
    return None


def _imports(name: str, path: Path) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.split(".")[0] == "backprop")
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            if base.split(".")[0] == "backprop":
                yield base
                yield from (f"{base}.{one.name}" for one in node.names)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))
