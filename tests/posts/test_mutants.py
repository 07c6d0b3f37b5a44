"""The mutation gate: its operators, its count, and a seeded sample of the published posts."""

import ast
import random
from dataclasses import replace
from pathlib import Path

import pytest

from backprop.program.execute import Executor
from backprop.program.page import load
from backprop.site.posts.mutants.gate import REQUIRED, pages_below, run
from backprop.site.posts.mutants.operators import OPERATORS, mutants
from tests.samples import ALL

ROOT = Path(__file__).parents[2]

# An example of every operator: a line, and what it may become.
EXAMPLES = {
    "typo": ("y = x.shape", "y = x.sahpe"),
    "sign": ("y = -x", "y = x"),
    "× ÷": ("y = a * b", "y = a / b"),
    "dropped": ("y = a + b", "y = b"),
    "axis": ("y = f(x, axis=0)", "y = f(x, axis=1)"),
    "keyword": ("y = f(x, axis=0)", "y = f(x)"),
    "±1": ("y = x[0]", "y = x[1]"),
    "transpose": ("y = a @ w.T", "y = a @ w"),
    "reduction": ("y = np.sum(x)", "y = np.mean(x)"),
    "× 1.01": ("y = x", "y = 1.01 * x"),
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_makes_its_mistake(operator):
    code, wrong = EXAMPLES[operator]
    assert (operator, wrong) in {(one.operator, one.code) for one in mutants(code)}


def test_a_mutant_differs_in_one_statement_and_keeps_the_rest():
    code = "# words\nx = 1\n\ndef f(a):\n    b = a * 2  # more\n    return b\n\ny = f(x)"
    found = list(mutants(code))
    assert len({one.code for one in found}) == len(found)
    for one in found:
        ast.parse(one.code)
        assert one.code.startswith("# words\n")
    (scaled,) = [one for one in found if one.after == "return 1.01 * b"]
    assert (scaled.line, scaled.statement, scaled.before) == (6, 1, "return b")
    assert scaled.code.endswith("\n\ny = f(x)")
    # Comments and numbers of lines stay, so a page that prints them notices the mistake alone.
    assert "    b = a + 2  # more" not in code
    assert any("    b = a / 2  # more\n    return b\n\ny" in one.code for one in found)
    assert {one.code.count("\n") for one in found} == {code.count("\n")}


def test_a_mutant_stays_one_expression():
    """Operators replace text, so precedence is theirs to keep."""
    code = "y = -(a + b) * c ** 2 / (\n    d - e.T @ g\n)\nz += np.sum(y, axis=(0, -1))"
    for one in mutants(code):
        assert one.code.count("\n") == code.count("\n")
    found = {
        " ".join(one.code.split()).replace("( ", "(").replace(" )", ")") for one in mutants(code)
    }
    assert "y = -(a + b) * c ** 2 / (d + e.T @ g) z += np.sum(y, axis=(0, -1))" in found
    assert "y = -(a + b) * c ** 2 * (d - e.T @ g) z += np.sum(y, axis=(0, -1))" in found
    assert "y = -(a + b) * c ** 2 / (d - e.T @ g) z = np.sum(y, axis=(0, -1))" in found
    assert "y = -(a + b) * c ** 2 / (d - e.T @ g) z += np.sum(y, axis=(0,))" in found


PAGE = """\
```{.python .hidden}
import numpy as np
```

```python
x = np.random.default_rng(0).normal(size=(5, 4))
unused = x[0]


def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    var = np.mean(diff ** 2, axis=0)
    return var


dvar = np.ones(4)
mean = np.mean(x, axis=0)
print(variance(x).round(3))
```

```output
OUTPUT
```

```{.python check="variance(x)"}
ddiff = 2 * (x - mean) * dvar / x.shape[0]
dmean = -np.sum(ddiff, axis=0)
dx = ddiff + dmean / x.shape[0]
```

```{.python raises="AttributeError"}
x.sahpe
```
"""


@pytest.fixture
def page(project):
    path = project.write("a.md", PAGE)
    found = load(path, project.path)
    with Executor(project.path) as executor:
        printed = executor.run(found).outcomes[1].stdout
    project.write("a.md", PAGE.replace("OUTPUT\n", printed))
    return project.path


def test_the_gate_counts_by_what_depends_on_a_line(page):
    pages = pages_below([page], page)
    report = run(pages, page)
    assert report.killed["checked"] == report.total["checked"] > 20
    assert report.total["verified"] > 10
    assert report.left_out[".hidden fences"] == 1
    assert report.left_out[".raises fences"] == 1
    # `unused` is in neither kind.
    assert report.left_out["mutants of lines that nothing depends on"] >= 2
    assert report.ok


def test_what_nobody_notices_survives_and_fails_the_gate(page):
    (page / "a.md").write_text(
        "```python\nimport numpy as np\nx = np.ones((2, 3))\ny = np.sum(x * 2, axis=0)\n"
        "assert y.shape == (3,)\n```\n"
    )
    report = run(pages_below([page], page), page)
    assert not report.ok
    assert {"a.md:4: × 1.01: y = np.sum(x * 2, axis=0)  →  y = 1.01 * np.sum(x * 2, axis=0)"} <= {
        str(one) for one in report.survivors
    }
    assert "survived: a.md:4" in str(report)
    assert "90% required" in str(report)


def test_a_survivor_is_equivalent_only_if_random_inputs_show_it(page):
    (page / "a.md").write_text(
        "```python\nimport numpy as np\nx = np.random.default_rng(0).normal(size=3)\n"
        "y = np.sum(x, axis=0)\nz = x * 2\n\ndef f(x):\n    return np.sum(x, axis=0)\n\n"
        "assert y == y and z.shape == (3,) and f(z) == f(z)\n```\n"
    )
    report = run(pages_below([page], page), page)
    equivalent = {one.mutant.code.split("\n")[2] for one in report.equivalent}
    assert "y = np.sum(x)" in equivalent
    survivors = "\n".join(map(str, report.survivors))
    assert "z = x * 3" in survivors
    # What happens inside of a function is no value that could show it.
    assert "a.md:8: keyword: return np.sum(x, axis=0)  →  return np.sum(x)" in survivors


def test_a_checked_gradient_that_broadcasting_completes_is_equivalent(page):
    text = (page / "a.md").read_text()
    text = text.replace("var = np.mean(diff ** 2", "square = diff ** 2\n    var = np.mean(square")
    line = "dsquare = np.ones_like(x) * (dvar / x.shape[0])"
    text = text.replace("ddiff = 2 *", f"{line}\nddiff = 2 *")
    (page / "a.md").write_text(text)
    report = run(pages_below([page], page), page)
    assert report.killed["checked"] == report.total["checked"]
    smaller = [one.mutant.after for one in report.equivalent if one.mutant.before == line]
    assert smaller == ["dsquare = dvar / x.shape[0]"]


def test_translations_are_tried_once(page):
    (page / "b.md").write_text((page / "a.md").read_text().replace("# words", "# 字"))
    assert [one.name for one in pages_below([page], page)] == ["a.md"]


def test_a_mistake_that_one_language_hides_is_one_of_the_other(project):
    for language, end in (("en", ""), ("zh", "!")):
        project.write(
            f"docs/{language}/a.md",
            "```python\ndef say(x, end=''):\n    print(x, end)\n\nsay(1, end='"
            + end
            + "')\n```\n\n"
            "```output\n1 " + end + "\n```\n",
        )
    report = run(pages_below([project.path / "docs"], project.path), project.path)
    assert report.total["verified"] == 3
    assert not report.survivors
    (project.path / "docs/zh/a.md").unlink()
    report = run(pages_below([project.path / "docs"], project.path), project.path)
    assert [one.mutant.after for one in report.survivors] == ["say(1)"]


def test_a_page_in_its_middle_goes_on_in_several_ways(project):
    project.write(
        "a.md",
        "```python\nimport pathlib\nx = [1]\npathlib.Path('note').write_text('here')\n```\n\n"
        "```python\nx.append(2)\nprint(x, pathlib.Path('note').read_text())\n```\n",
    )
    page = load(project.path / "a.md", project.path)
    steps = [replace(one, fence=replace(one.fence, code="x *= 3\nprint(x)")) for one in page.steps]
    with Executor(project.path) as executor, executor.session(page) as trunk:
        trunk.outcome(0)
        with trunk.branch(replace(page, steps=(page.steps[0], steps[1]))) as branch:
            assert branch.outcome(1).stdout == "[1, 1, 1]\n"
        with trunk.branch(page) as branch:
            assert branch.outcome(1).stdout == "[1, 2] here\n"
        assert trunk.outcome(1).stdout == "[1, 2] here\n"


def test_a_page_with_threads_is_not_forked(project):
    project.write(
        "a.md",
        "```python\nimport threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nx = 2\n```\n\n"
        "```python\nassert x * 3 == 6\n```\n",
    )
    pages = pages_below([project.path], project.path)
    with Executor(project.path) as executor, executor.session(pages[0]) as trunk:
        trunk.outcome(0)
        with pytest.raises(OSError, match="threads"):
            trunk.branch(pages[0])
    report = run(pages, project.path)  # from the top, then
    assert report.ok
    assert report.total["verified"] > 4


def test_a_seeded_sample_is_the_same_every_time(page):
    pages = pages_below([page], page)
    first, again = (run(pages, page, sample=4, seed=3) for _ in range(2))
    assert first.total == again.total
    assert sum(first.total.values()) + len(first.equivalent) == 4


def test_the_published_posts_hold_against_a_sample():
    """Of one post, of three with the first in the long run: `make mutants` tries all of them."""
    names = sorted(path.name for path in (ROOT / "docs/en/posts").glob("*.md"))
    chosen = {*random.Random(20170330).sample(names, 2 if ALL else 1)}
    chosen |= {"backward.md"} if ALL else set()
    files = [ROOT / f"docs/{lang}/posts" / name for lang in ("en", "zh") for name in sorted(chosen)]
    pages = pages_below(files, ROOT)
    assert {page.path.name for page in pages} == chosen
    report = run(pages, ROOT, sample=16 if ALL else 8, seed=20170330)
    print(report)
    assert report.killed["checked"] == report.total["checked"], str(report)
    # A sample of a few lines may be unlucky; `make mutants` requires the whole share.
    assert report.killed["verified"] >= (REQUIRED["verified"] - 0.1) * report.total["verified"]
