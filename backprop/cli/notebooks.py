"""A notebook as a module: its cells run one after the other, each a file of its own.

So a line is a line of its cell, as the student sees it: `homework.ipynb, code cell 3`.
"""

from __future__ import annotations

import ast
import json
import linecache
import re
from pathlib import Path
from types import ModuleType

CELL = ", code cell "
# Magics that only look at the code of their cell, which runs; the others have no Python in it.
_TRANSPARENT = {"time", "timeit", "capture", "prun", "debug"}
_MAGIC = re.compile(r"^(\s*)(?:[%!?]|[\w.]+\?{1,2}\s*$)")
_ASSIGNED = re.compile(r"^(\s*[\w, .\[\]]+=\s*)[%!]")


def is_notebook(path: str) -> bool:
    return path.endswith(".ipynb")


def cell_of(file: str) -> str:
    """`code cell 3` of the file of a cell; "" for other files."""
    return f"code cell {file.rpartition(CELL)[2]}" if CELL in file else ""


def run(path: str, module: ModuleType) -> None:
    """Run the cells of a notebook in a module.

    Raises:
        ImportError: the file is no notebook.
    """
    for number, text in enumerate(cells(path), start=1):
        name = f"{path}{CELL}{number}"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), vars(module))


def cells(path: str) -> list[str]:
    """The code of a notebook, a text a cell; magics and shell commands are `pass` in it."""
    try:
        book = json.loads(Path(path).read_text(encoding="utf-8"))
        found = [cell["source"] for cell in book["cells"] if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise ImportError(
            f"{Path(path).name} is no notebook of format 4 ({type(error).__name__}: {error}); "
            "save it again in Jupyter"
        ) from None
    return [_plain("".join(source)) for source in found]


def _plain(text: str) -> str:
    """A cell without what only IPython understands; its lines stay where they are."""
    first, _, rest = text.lstrip().partition("\n")
    if first.startswith("%%"):
        word = first[2:].split()[0] if first[2:].split() else ""
        above = "\n" * (text[: len(text) - len(text.lstrip())].count("\n") + 1)
        return above + _plain(rest) if word in _TRANSPARENT else "pass\n"
    try:
        ast.parse(text)
    except SyntaxError:
        lines = [_ASSIGNED.sub(r"\1None  # ", line) for line in text.split("\n")]
        return "\n".join(
            f"{match[1]}pass" if (match := _MAGIC.match(line)) else line for line in lines
        )
    return text
