"""Python for the page, compiled before it travels: to compile is most of what a start would take.

It is compiled by the very Python that the page has, which Node runs. What a first tap imports
comes compiled and without its text, but for the layers, which readers trace; the rest comes as
text, which is smaller. On a machine without Node all comes as text, and the page starts slower.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from backprop.site.interactive.examples import examples
from backprop.site.interactive.sources import SourceError
from backprop.site.mathematics.engine import EngineError, find_node

SCRIPT = Path(__file__).with_name("assets") / "compile.mjs"
LIBRARY, SITE = "/lib/python314.zip", "/lib/site"  # where the page has them
# What numpy and this package import of the standard library and of numpy.
WARM = """
import __future__, abc, ast, bisect, builtins, collections.abc, contextlib, contextvars, copy
import dataclasses, dis, enum, fractions, functools, hashlib, html, importlib.util, inspect, io
import itertools, json, keyword, linecache, math, operator, os, pathlib, re, shlex, struct, sys
import textwrap, time, traceback, types, typing, weakref
import numpy, numpy.linalg, numpy.random
"""
_STEP = (
    "import numpy as np\n\ndef half(x):\n    y = x / 2\n    return y\n\n"
    "x = np.ones(3)\ndy = np.ones(3)"
)
_STEPS = [{"kind": "python", "code": _STEP}]
# What a page asks for: what is imported on the way is compiled.
REQUESTS = [
    {"what": "run", "lang": "en", "steps": _STEPS},
    {"what": "graph", "lang": "en", "steps": _STEPS, "call": "half(x)"},
    {
        "what": "exercise",
        "lang": "en",
        "steps": _STEPS,
        "code": "dx = dy",
        "check": "half(x)",
        "wanted": ["dx"],
    },
]
# Of the standard library: what no program in a page can use, and tables of old character sets.
_USELESS = (
    *("multiprocessing/", "xmlrpc/", "wsgiref/", "sqlite3/", "xml/", "dbm/", "curses/"),
    *("ensurepip/", "idlelib/", "turtledemo/", "venv/", "tkinter/", "lib2to3/", "pydoc_data/"),
    *("imaplib.py", "mailbox.py", "smtplib.py", "ftplib.py", "poplib.py", "socketserver.py"),
    *("optparse.py", "plistlib.py", "modulefinder.py", "wave.py", "http/server.py", "zipapp.py"),
    *("profile.py", "cProfile.py", "pstats.py", "pyclbr.py", "webbrowser.py", "pty.py", "tty.py"),
)
_CHARACTERS = ("__init__", "aliases", "ascii", "cp437", "cp1252", "idna", "latin_1", "punycode",
               "raw_unicode_escape", "unicode_escape", "utf_16", "utf_32", "utf_8")  # fmt: skip


def useless(name: str) -> bool:
    """Whether a file of the standard library is left out."""
    folder, _, file = name.rpartition("/")
    if folder == "encodings":
        return not file.removesuffix(".py").startswith(_CHARACTERS)
    return name.startswith(_USELESS)


def compiled(
    modules: Path,
    program: str,
    library: bytes,
    site: list[bytes],
    wanted: dict[str, tuple[bytes, str, int]],
) -> dict[str, bytes]:
    """The zips of `wanted` (name → zip, where it lies, level of optimization), compiled;
    those that lie in `SITE` with Zstandard.

    `library` is the standard library to start from, `site` lies beside it, and `program` imports
    what is to be compiled. Without Node: the zips as they are.
    """
    node = _node()
    if node is None:
        return {name: data for name, (data, _, _) in wanted.items()}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)

        def put(name: str, data: bytes) -> str:
            path = folder / name
            path.write_bytes(data)
            return str(path)

        request = {
            "pyodide": str((modules / "pyodide").resolve()),
            "library": put("library.zip", library),
            "site": [put(f"site-{i}.zip", data) for i, data in enumerate(site)],
            "program": program,
            "compile": {
                put(f"{name}.zip", data): [home, str(folder / f"{name}.out"), level]
                for name, (data, home, level) in wanted.items()
            },
        }
        run = subprocess.run(
            [node, str(SCRIPT), json.dumps(request)], capture_output=True, text=True, check=False
        )
        made = {name: folder / f"{name}.out" for name in wanted}
        if run.returncode or not all(path.is_file() for path in made.values()):
            last = (run.stderr.strip() or "Node said nothing").splitlines()[-1]
            raise SourceError(f"Python for the page could not be compiled: {last[:300]}")
        return {name: path.read_bytes() for name, path in made.items()}


def answering() -> str:
    """A program that asks what a page asks; so all that the answers need is imported."""
    check = {"what": "check", "lang": "en", **examples()["batchnorm-wrong"]}
    asked = json.dumps([check, *REQUESTS])
    return (
        f"import json\nfrom backprop.desk import answer\nfor one in json.loads({asked!r}):\n"
        "    found = json.loads(answer(json.dumps(one)))\n"
        "    assert 'fault' not in found, found['fault']\n"
    )


def can_compile() -> bool:
    """Whether this machine has Node."""
    return _node() is not None


@cache
def _node() -> str | None:
    try:
        return find_node()
    except EngineError:
        return None
