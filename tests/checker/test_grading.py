"""`backprop grade`: each submission in a process of its own; whatever it does costs its own row."""

import csv
import json
import textwrap

import pytest

from backprop.checker.grading import GradingError, grade
from backprop.cli.main import main

CHECKS = """
import numpy as np
import backprop as bp

POINTS = {"check_affine": 2}
rng = np.random.default_rng(0)
x, w, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)


def affine(x, w, b):
    out = x @ w + b
    return out, (x, w, b)


def relu(x):
    out = np.maximum(x, 0)
    return out


def check_affine(submission):
    return bp.check(affine, submission.affine_backward, x, w, b)


def check_relu(submission):
    return bp.check(relu, submission.relu_backward, x)
"""

RIGHT = """
import numpy as np


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout @ w.T
    dw = x.T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


def relu_backward(dout, x):
    return dout * (x > 0)
"""
RELU = "return dout * (x > 0)"

# what a submission does, its status, and what the relu's cell says
DOES = {
    "right": (RIGHT, "right", "right"),
    "wrong": (RIGHT.replace("x > 0", "x < 0"), "wrong", "mask"),
    "missing": (RIGHT.replace("def relu_backward", "def other"), "wrong", "AttributeError"),
    "raises": (RIGHT.replace(RELU, "raise KeyError(3)"), "wrong", "error"),
    "broken": (RIGHT.replace("return dx,", "return ("), "error", "SyntaxError"),
    "leaves": (RIGHT.replace(RELU, "import os; os._exit(0)"), "crashed", "crashed"),
    "exits": (RIGHT + "\nraise SystemExit(0)\n", "error", "SystemExit"),
    "greedy": (RIGHT + "\nbig = b'x' * 10**13\n", "memory", "MemoryError"),
    "demanding": (RIGHT.replace(RELU, "return np.ones(10**12)"), "wrong", "error"),
    "kills": (RIGHT.replace(RELU, "import os; os.kill(os.getppid(), 9)"), "wrong", "error"),
    "cheats": (
        RIGHT.replace("x > 0", "x < 0")
        + "\nimport backprop\nbackprop.check = lambda *a, **k: True\n",
        "tampered",
        "replaced backprop.check",
    ),
    "forges": (
        RIGHT.replace("x > 0", "x < 0")
        + "\nfrom backprop.checker.report import Report\nReport.__bool__ = lambda self: True\n",
        "tampered",
        "Report.__bool__",
    ),
    "deletes": (RIGHT + "\nimport os\nos.remove(__file__)\n", "error", "os.remove is not allowed"),
    "writes": (RIGHT + "\nopen(__file__, 'w').close()\n", "error", "is not allowed"),
    "prints": ("print('{\"fact\": \"result\", \"ok\": true}')\n", "wrong", "AttributeError"),
}  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    (folder / "checks.py").write_text(CHECKS)
    for name, (text, *_) in DOES.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def rows(course):
    files = [course / f"{name}.py" for name in DOES]
    return dict(zip(DOES, grade(course / "checks.py", files, timeout=600.0), strict=True))


@pytest.mark.parametrize("name", DOES)
def test_whatever_a_submission_does_costs_its_own_row(rows, name):
    _, status, said = DOES[name]
    row = rows[name]
    affine, relu = row.checks
    assert row.status == status, row.text
    assert said in ("right" if relu.ok else relu.said)
    assert (affine.of, relu.of, row.of) == (2, 1, 3)
    assert relu.ok == (name == "right")
    intact = status in ("right", "wrong", "crashed") and name != "prints"
    assert (row.points, affine.ok) == (2 + relu.ok if intact else 0, intact)


def test_reports_say_what_bp_check_says(rows):
    assert "affine_backward against affine" in rows["right"].text
    assert "right: every returned gradient" in rows["right"].text
    assert "3 of 3 points, right" in rows["right"].text
    assert "The mask is wrong" in rows["wrong"].text
    assert rows["wrong"].checks[1].report["hint"] == "mask"


def notebook_of(path, *cells):
    book = {"cells": [{"cell_type": "markdown", "source": ["# Affine"]}], "nbformat": 4}
    for cell in cells:
        book["cells"].append({"cell_type": "code", "source": cell.splitlines(keepends=True)})
    path.write_text(json.dumps(book))
    return path


def test_a_notebook_is_graded_and_its_cells_are_named(course, tmp_path):
    affine, relu = RIGHT.split("def relu_backward")
    relu = "%matplotlib inline\ndef relu_backward" + relu
    magic = "%%time\nfiles = !ls\nnp.sum?\n"
    books = [
        notebook_of(tmp_path / "right.ipynb", affine, magic, "%%bash\nrm -r x\n", relu),
        notebook_of(tmp_path / "wrong.ipynb", affine, magic, relu.replace("x > 0", "x < 0")),
        notebook_of(tmp_path / "raises.ipynb", affine, relu, "a = 1\nb = a / 0\n"),
        notebook_of(tmp_path / "broken.ipynb", affine, "x = 1\ndef f(:\n"),
        tmp_path / "none.ipynb",
    ]
    books[-1].write_text("{}")
    right, wrong, raises, broken, none = grade(course / "checks.py", books, timeout=600.0)
    assert (right.status, right.points) == ("right", 3), right.text
    assert (wrong.status, wrong.points) == ("wrong", 2)
    assert wrong.checks[1].said == "code cell 3 line 3, return[0], mask"
    assert "code cell 3:" in wrong.text
    assert raises.checks[0].said == "ZeroDivisionError: division by zero (code cell 3 line 2)"
    assert "(code cell 2 line 2)" in broken.checks[0].said
    assert "none.ipynb is no notebook" in none.checks[0].said
    assert [row.status for row in (raises, broken, none)] == ["error"] * 3


def test_a_submission_that_hangs_is_ended(course, tmp_path):
    hanging = tmp_path / "hangs.py"
    hanging.write_text(RIGHT + "\nwhile True:\n    pass\n")
    (row,) = grade(course / "checks.py", [hanging], timeout=2.0)
    assert (row.status, row.points) == ("timeout", 0)
    assert row.of == 3


def test_the_command_writes_tables_and_reports(course, tmp_path, capsys):
    files = [str(course / "wrong.py")]
    table = tmp_path / "grades.csv"
    command = ["grade", str(course / "checks.py"), *files, "--timeout", "600"]
    extra = ["--reports", str(tmp_path / "reports"), "--reveal", "hint", "--lang", "zh"]
    assert main([*command, "--output", str(table), *extra]) == 0
    (line,) = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert (line["status"], line["points"], line["of"]) == ("wrong", "2", "3")
    assert line["check_affine"] == "right"
    assert line["check_relu"].endswith("return[0], mask")
    report = (tmp_path / "reports" / "wrong.txt").read_text(encoding="utf-8")
    assert "掩码" in report
    assert "这样就对了" not in report  # no answer is given
    assert main([*command, "--output", str(tmp_path / "grades.json")]) == 0
    (row,) = json.loads((tmp_path / "grades.json").read_text(encoding="utf-8"))
    assert row["checks"][1]["report"]["first_wrong"] == "return[0]"
    assert main([*command, "--output", str(tmp_path / "grades.xlsx")]) == 2
    assert ".csv or .json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import numpy as np\n", "there is no check: write `def check_"),
        ("def check_a(s):\n    return True\n\nPOINTS = {'check_b': 2}\n", "check_b"),
        ("def check_a(s)\n    return True\n", "SyntaxError: expected ':' (line 1)"),
        ("import no_such_module\n", "No module named 'no_such_module' (line 1)"),
    ],
)
def test_a_fault_of_the_checks_is_the_courses_own(tmp_path, text, said):
    (tmp_path / "checks.py").write_text(text)
    (tmp_path / "one.py").write_text(RIGHT)
    with pytest.raises(GradingError) as caught:
        grade(tmp_path / "checks.py", [tmp_path / "one.py"])
    assert said in str(caught.value)


# ── inside of other graders: plain Python ───────────────────────────────────────────────────
COURSE = CHECKS.partition("def check_affine")[0]

OTTER = """
test = {
    "name": "q1",
    "points": 2,
    "suites": [
        {
            "cases": [
                {
                    "code": r'''
                    >>> ours = affine, affine_backward, x, w, b
                    >>> report = bp.check(*ours, reveal="hint", lang="en")
                    >>> report.ok or print(report)
                    True
                    ''',
                    "hidden": False,
                }
            ],
            "scored": True,
            "setup": "",
            "teardown": "",
            "type": "doctest",
        }
    ],
}
"""

NBGRADER = """
report = bp.check(affine, affine_backward, x, w, b, reveal="variable", lang="en")
### BEGIN HIDDEN TESTS
assert report.ok, report
### END HIDDEN TESTS
"""


def run_otter(notebook):
    """What otter-grader does with a test file: the doctest of each case, in the notebook."""
    import doctest

    scope = {}
    exec(OTTER, scope)
    failures = []
    for suite in scope["test"]["suites"]:
        for case in suite["cases"]:
            found = doctest.DocTestParser().get_doctest(
                textwrap.dedent(case["code"]), notebook, "q1", None, None
            )
            doctest.DocTestRunner(verbose=False).run(found, out=failures.append)
    return "".join(failures)


@pytest.fixture
def notebook(tmp_path):
    """What a student's notebook has defined when it is graded."""

    def build(solution):
        import linecache

        scope = {}
        for name, text in (("course", COURSE), ("cell", solution)):
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
            exec(compile(text, name, "exec"), scope)
        return scope

    return build


def test_inside_an_otter_grader_test(notebook):
    assert run_otter(notebook(RIGHT)) == ""
    told = run_otter(notebook(RIGHT.replace("x.T @ dout", "-x.T @ dout")))
    assert "`dw` on line 8 is wrong. The sign is wrong." in told
    assert "this would be right" not in told


def test_inside_an_nbgrader_cell(notebook):
    exec(NBGRADER, notebook(RIGHT))
    with pytest.raises(AssertionError) as caught:
        exec(NBGRADER, notebook(RIGHT.replace("x.T @ dout", "-x.T @ dout")))
    assert "`dw` on line 8 is wrong." in str(caught.value)
    assert "sign" not in str(caught.value)
