"""Code that a row names runs in the page's own isolated program, once; a verdict depends on all of it."""
# ruff: noqa: E501  (rows of a derivation are as long as they are)

import os

import pytest

from backprop.derivations.__main__ import main
from backprop.derivations.page import verify_page
from backprop.program.store import Store

from .helpers import page, site

TIE = "Let $x \\in \\mathbb{R}^{n}$ and $y_i = 2 x_i$ = `%s`."


def tied(code: str, fences: str = "") -> str:
    return f"# T\n\n{fences}\n" + page(TIE % code, r"y_i &= x_i + x_i")


def fence(code: str) -> str:
    return f"```python\n{code}\n```\n"


def verdict(text, path=None):
    ((_, report),) = verify_page(text, prove=False, path=path)
    return next(v for v in report.verdicts if v.kind == "code")


RUN = {
    # the code in the prose, what the page defines, the verdict, what is said of it
    "numpy": ("(2 * x)[i]", "", "checked", ""),
    "a function of the page": ("twice(x)[i]", "def twice(x):\n    return 2 * x", "checked", ""),
    "what a fence imports": ("np2.multiply(2, x)[i]", "import numpy as np2", "checked", ""),
    "something else": ("(3 * x)[i]", "", "wrong", "code-differs"),
    "a fence that ends the program": ("(2 * x)[i]", "import sys\nprint(1)\nsys.exit(0)", "unchecked", "fence-fails"),
    "a fence that ends the process": ("(2 * x)[i]", "import os\nos._exit(0)", "unchecked", "fence-fails"),
    "a fence that fails": ("(2 * x)[i]", "a = 1\nb = a / 0", "unchecked", "fence-fails"),
    "code that ends the program": ("exit(0)", "", "unchecked", "code-fails"),
    "code that fails": ("(2 * q)[i]", "", "unchecked", "code-fails"),
    "code that gives no number": ("str(i)", "", "unchecked", "code-fails"),
}  # fmt: skip


@pytest.mark.parametrize("name", RUN)
def test_code_runs_in_the_program_of_the_page(name):
    code, defined, status, key = RUN[name]
    found = verdict(tied(code, fence(defined) if defined else ""))
    assert (found.status, found.problem.key if found.problem else "") == (status, key)


def test_a_failing_fence_is_named_with_its_line():
    found = verdict(tied("(2 * x)[i]", fence("a = 1\nb = a / 0")))
    assert found.problem.values["line"] == "5"
    assert "ZeroDivisionError: division by zero" in found.problem.text()


@pytest.mark.parametrize(
    "plugins", [("backprop/derivations",), ("backprop/posts", "backprop/derivations")]
)
def test_a_fence_cannot_end_the_build(plugins, tmp_path):
    text = tied("(2 * x)[i]", fence("import sys\nprint(1)\nsys.exit(0)"))
    done = site(tmp_path, text, *plugins)
    assert done.returncode == 1, done.stderr
    assert "SystemExit: 0" in done.stderr
    assert "docs/index.md:1" in done.stderr or "docs/index.md:6" in done.stderr


def test_the_page_runs_once_in_a_build_and_not_in_a_build_after_it(tmp_path):
    """What it prints into a file outside of the project tells how often it ran, and where."""
    log = tmp_path / "log"
    project = tmp_path / "project"
    project.mkdir()
    code = f"import os\nwith open({str(log)!r}, 'a') as file:\n    print(os.getpid(), file=file)"
    text = tied("(2 * x)[i]", fence(code))
    plugins = ("backprop/posts", "backprop/derivations")
    assert site(project, text, *plugins).returncode == 0
    (ran,) = log.read_text("utf-8").split()
    assert int(ran) != os.getpid()
    assert site(project, text, *plugins).returncode == 0
    assert log.read_text("utf-8").split() == [ran]


def test_a_verdict_depends_on_every_file_that_ran(tmp_path):
    (tmp_path / "helper.py").write_text("def twice(x):\n    return 2 * x\n", "utf-8")
    text = tied("twice(x)[i]", fence("from helper import twice"))
    for plugins in (("backprop/derivations",), ("backprop/posts", "backprop/derivations")):
        (tmp_path / "helper.py").write_text("def twice(x):\n    return 2 * x\n", "utf-8")
        assert site(tmp_path, text, *plugins).returncode == 0
        (tmp_path / "helper.py").write_text("def twice(x):\n    return 3 * x\n", "utf-8")
        done = site(tmp_path, text, *plugins)
        assert done.returncode == 1
        assert "the formula and the code differ" in done.stderr


def test_the_command_line_finds_the_modules_of_the_project(tmp_path, capsys):
    (tmp_path / "mkdocs.yml").write_text("site_name: T\n", "utf-8")
    (tmp_path / "helper.py").write_text("def twice(x):\n    return 2 * x\n", "utf-8")
    (tmp_path / "docs").mkdir()
    path = tmp_path / "docs" / "index.md"
    path.write_text(tied("twice(x)[i]", fence("from helper import twice")), "utf-8")
    assert main([str(path), "--no-proof"]) == 0, capsys.readouterr().out


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be", "utf-8")
    text = page(r"Let $t \in \mathbb{R}$.", "t + t &= 2 t")
    ((_, report),) = verify_page(text, Store(blocked / "made"))
    assert report.ok
