"""The mutation gate: its operators, its count, and a seeded sample of the published posts."""

import ast
from pathlib import Path

import pytest

from backprop.site.posts.mutants.gate import REQUIRED, pages_below, run
from backprop.site.posts.mutants.operators import OPERATORS, mutants
from backprop.site.posts.pages import load
from backprop.site.posts.program import Executor

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


def test_translations_are_tried_once(page):
    (page / "b.md").write_text((page / "a.md").read_text().replace("# words", "# 字"))
    assert [one.name for one in pages_below([page], page)] == ["a.md"]


def test_a_seeded_sample_is_the_same_every_time(page):
    pages = pages_below([page], page)
    first, again = (run(pages, page, sample=4, seed=3) for _ in range(2))
    assert first.total == again.total
    assert sum(first.total.values()) + len(first.equivalent) == 4


def test_the_published_posts_hold_against_a_sample():
    pages = pages_below([ROOT / "docs", ROOT / "README.md"], ROOT)
    assert pages
    report = run(pages, ROOT, sample=25, seed=20170330)
    print(report)
    assert report.killed["checked"] == report.total["checked"], str(report)
    # A sample of a few lines may be unlucky; `make mutants` requires the whole share.
    assert report.killed["verified"] >= (REQUIRED["verified"] - 0.1) * report.total["verified"]
