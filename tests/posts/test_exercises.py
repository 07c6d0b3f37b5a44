"""Exercises: the solution passes, the untouched gap does not, and both are in the page."""

import re

import pytest

from backprop.program.exercise import GapError, gaps, untouched
from backprop.site.posts.exercises import needed

BEGIN = """
```python
import numpy as np

def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff ** 2
    var = np.mean(square, axis=0)
    return var

rng = np.random.default_rng(0)
x = rng.normal(size=(5, 4))
mean = np.mean(x, axis=0)
dvar = rng.normal(size=4)
```

```{.python .exercise check="variance(x)"}
dsquare = dvar / x.shape[0]
%s
```
"""
GAP = "# gap: Twice.\nddiff = 2 * (x - mean) * dsquare\n# end"


def test_a_gap_is_one_line_with_its_indentation():
    code = "def f():\n    a = 1\n    # gap: Why?\n    b = 2\n    c = 3\n    # end\n    return b"
    (gap,) = gaps(code)
    assert (gap.start, gap.end, gap.hint) == (2, 5, "Why?")
    assert untouched(code) == "def f():\n    a = 1\n    ...\n    return b"


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("a = 1", 0, "needs a gap"),
        ("a = 1\n# gap\nb = 2", 1, "never closed"),
        ("a = 1\n# end", 1, "without a `# gap`"),
        ("# gap\n\n# only words\n# end", 0, "holds no code"),
        ("# gap\na = 1\n# gap\n# end", 2, "within a gap"),
    ],
)
def test_gaps_that_cannot_be_read_are_named(code, line, words):
    with pytest.raises(GapError, match=re.escape(words)) as error:
        gaps(code)
    assert error.value.line == line


def test_wanted_is_what_other_lines_read_and_the_last_of_each_gap():
    code = "# gap\nda = 1\ndb = da\ndc = 2\n# end\ndd = da\n# gap\nde = 3\n# end"
    marks = [{"name": name, "line": line} for name, line in
             [("da", 1), ("db", 2), ("dc", 3), ("dd", 5), ("de", 7)]]  # fmt: skip
    assert needed(code, marks) == ["da", "dc", "de"]


@pytest.mark.parametrize(
    ("gap", "line", "words"),
    [
        (GAP, None, ""),
        # A wrong solution.
        (GAP.replace("2 *", "3 *"), 21, "ddiff"),
        # An exercise that nobody has to solve: the gradient is made outside of the gap.
        ("# gap\nnote = 1\n# end\nddiff = 2 * (x - mean) * dsquare", 19, "gap untouched"),
        # Gaps that cannot be read are found where they stand.
        ("# gap\nddiff = 2 * (x - mean) * dsquare", 20, "never closed"),
    ],
)
def test_the_solution_must_pass_and_the_untouched_gap_must_not(page, gap, line, words):
    report = page(BEGIN % gap).pytest()
    if line is None:
        assert report.code == 0, report.text
        return
    assert report.code == 1
    (failed,) = report.summary()
    assert f"post.md:{line}: " in failed
    assert words in report.text


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("{.python .exercise}", 'an exercise needs check="f(x)"'),
        ('{.python .exercise .hidden check="f(x)"}', "`hidden` means nothing"),
        ('{.pycon .exercise}', "exercise"),
    ],
)  # fmt: skip
def test_an_exercise_says_what_it_is_checked_against(page, header, words):
    report = page(f"```{header}\n>>> 1\n1\n```\n").pytest()
    assert report.code == 1
    assert words in report.text


def test_both_languages_leave_out_the_same_lines(project):
    project.write("docs/en/post.md", BEGIN % GAP)
    other = GAP.replace("# gap: Twice.\nddiff", "# gap: 两倍。\nddiff")
    project.write("docs/zh/post.md", BEGIN % other)
    assert project.pytest("docs").code == 0
    moved = "# gap\nddiff = 2 * (x - mean) * dsquare\ndmean = -np.sum(ddiff, axis=0)\n# end"
    project.write("docs/en/post.md", BEGIN % f"{GAP}\ndmean = -np.sum(ddiff, axis=0)")
    project.write("docs/zh/post.md", BEGIN % moved)
    report = project.pytest("docs")
    assert report.code == 1
    assert "the gaps hold different lines" in report.text


def test_the_page_holds_the_gap_the_hint_and_the_solution(project):
    project.write("docs/index.md", BEGIN % GAP)
    project.write("mkdocs.yml", "site_name: x\ntheme: material\nplugins: [backprop/posts]\n")
    done = project.run("-m", "mkdocs", "build", "--strict")
    assert done.returncode == 0, done.stderr
    html = project.read("site/index.html")
    exercise = html[html.index('class="bp-exercise"') : html.index("bp-solution")]
    assert '<span class="bp-gap">...</span>' in exercise
    assert "Twice." in exercise
    assert "2" not in re.sub(r"<[^>]*>", "", exercise).split("Hint")[0].replace("[0]", "")
    solved = re.sub(r"<[^>]*>", "", html[html.index("bp-solution") :])
    assert "ddiff = 2 * (x - mean) * dsquare" in solved
    assert "# gap" not in solved
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    body = html[html.index('class="bp-exercise"') :]
    assert body.count("<span") == body.count("</span")
