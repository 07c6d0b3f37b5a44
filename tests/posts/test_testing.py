"""Pages under pytest, each in a project of its own, with pytest run as a user runs it."""

import re
from dataclasses import replace

from backprop.program.page import load

PAGE = """\
# A page

```python
x = 20
```

Words.

```python
print(x + 1)
```

```output
21
```

!!! note

    ```python
    y = x / 0
    ```

```python
assert x + 1 == 22
```
"""


def test_one_item_a_fence_with_file_line_and_reason(page):
    report = page(PAGE).pytest("-v")
    assert report.counts() == {"failed": 2, "passed": 2}
    for line in (3, 9, 19, 23):
        assert f"post.md:{line}" in report.text
    first, second = report.summary()
    assert "post.md:20: ZeroDivisionError: division by zero" in first
    assert "post.md:24: AssertionError: assert (20 + 1) == 22" in second


def test_a_single_id_runs_the_fences_before_it(page):
    project = page(PAGE)
    ids = re.findall(r"^\S+::\S+$", project.pytest("--collect-only", "-q").text, re.MULTILINE)
    assert len(ids) == 4
    report = project.pytest(ids[1])
    assert report.counts() == {"passed": 1}
    assert project.pytest(ids[3]).counts() == {"failed": 1}


def test_by_keyword_last_failed_and_in_several_processes(page):
    project = page(PAGE)
    assert project.pytest("-k", "post.md:9").counts() == {"passed": 1, "deselected": 3}
    report = project.pytest("-n", "2")
    assert report.counts() == {"failed": 2, "passed": 2}
    assert any("post.md:20: ZeroDivisionError" in line for line in report.summary())
    assert project.pytest("--lf").counts() == {"failed": 2}


def test_superfences_syntax_changes_nothing(page):
    report = page(PAGE).pytest("--markdown-docs-syntax=superfences")
    assert report.counts() == {"failed": 2, "passed": 2}


FENCE = "```python\n1 / 0\n```"


def indented(text):
    return "\n".join("    " + line for line in text.split("\n"))


# What pytest-markdown-docs passes over in silence (or runs as something else), each as a page.
TRAPS = {
    "admonition": "!!! note\n\n" + indented(FENCE),
    "details": '??? note "more"\n\n' + indented(FENCE),
    "tab": '=== "tab"\n\n' + indented(FENCE),
    "nested": "- a\n\n    !!! note\n\n" + indented(indented(FENCE)),
    "pycon": "```pycon\n>>> 1 + 1\n3\n```",
    "capital": "```Python\n1 / 0\n```",
    "braces": "```{.python .hidden}\n1 / 0\n```",
    "notest in a title": '```python title="a notest title"\n1 / 0\n```',
    "misspelt language": "```pyhton\n1\n```",
    "misspelt class": "```{.python .notets}\n1\n```",
    "option outside of braces": "```python continuation\n1\n```",
    "TypeError is raised twice": (
        "```python\nn = 0\n```\n\n```python\nn += 1\nif n == 1: raise TypeError('once')\n```"
    ),
    "bare except": "```python\nraise TypeError\n```",
    "a fence in a list marker": "- ```python\n  1 / 0\n  ```",
    "unclosed": "```python\n1 / 0",
    "breaks off": "- a\n\n    ```python\n    x = 1\n  y = 2\n    ```",
}


def test_nothing_is_passed_over(project):
    for number, text in enumerate(TRAPS.values()):
        project.write(f"post{number}.md", text)
    report = project.pytest()
    for number, trap in enumerate(TRAPS):
        line = rf"FAILED .* - post{number}\.md:\d+: \S"
        assert re.search(line, "\n".join(report.summary())), f"{trap}: {report.text}"


def test_a_page_is_a_module_that_can_be_imported(page):
    report = page(
        "```python\nimport dataclasses, pickle, inspect\n\n@dataclasses.dataclass\nclass A:\n"
        "    x: int\n\nassert pickle.loads(pickle.dumps(A(3))) == A(3)\n"
        "assert inspect.getsource(A).startswith('@dataclasses.dataclass')\n```\n"
    ).pytest()
    assert report.counts() == {"passed": 1}


def test_raises_means_exactly_that(page):
    report = page(
        '```{.python raises="KeyError"}\n{}["a"]\n```\n\n'
        '```{.python raises="LookupError"}\n{}["a"]\n```\n\n'
        '```{.python raises="KeyError"}\n1\n```\n\n'
        '```{.python raises="ValueError: could not convert"}\nfloat("a")\n```\n'
    ).pytest()
    assert report.counts() == {"failed": 2, "passed": 2}
    assert 'post.md:6: raises="LookupError", but this was raised: KeyError' in report.text
    assert 'post.md:9: raises="KeyError": nothing was raised' in report.text.replace(":10:", ":9:")


def test_notest_is_counted_and_not_run(page):
    report = page("```{.python .notest}\n1 / 0\n```\n").pytest("-rs")
    assert report.counts() == {"skipped": 1}
    assert ".notest" in report.text


def test_a_doctest_belongs_to_the_same_program(page):
    report = page(
        "```python\nx = 3\n```\n\n```pycon\n>>> x + 1\n4\n>>> y = x\n>>> x / 0\n"
        "Traceback (most recent call last):\n    ...\nZeroDivisionError: division by zero\n```\n\n"
        "```python\nassert y == 3\n```\n"
    ).pytest()
    assert report.counts() == {"passed": 3}
    report = page("```pycon\n>>> 1 + 1\n2\n>>> 1 + 2\n4\n```\n").pytest()
    assert "post.md:4: `1 + 2` shows something else" in report.summary()[0]


# ---- outputs --------------------------------------------------------------------------------
OUTPUTS = """\
\ufeff# Title

!!! note

    ```python
    print('a\\n\\n  b')
    ```

    ```output
    old
    ```

old \t words

```python
print('```')
```
```output
old
```

> ```python
> print(1)
> ```
>
> ```output
> ```""".replace("\n", "\r\n").encode()


def test_outputs_are_rewritten_and_nothing_else(project):
    project.write("post.md", OUTPUTS)
    assert project.pytest().counts() == {"failed": 3}
    report = project.pytest("--update-outputs")
    assert report.counts() == {"passed": 3}
    assert "post.md:9" in report.text
    wanted = (
        OUTPUTS.replace(b"    old\r\n", b"    a\r\n\r\n      b\r\n")
        .replace(b"```output\r\nold\r\n```\r\n\r\n>", b"````output\r\n```\r\n````\r\n\r\n>")
        .replace(b"> ```output\r\n> ```", b"> ```output\r\n> 1\r\n> ```")
    )
    written = (project.path / "post.md").read_bytes()
    assert written == wanted
    assert project.pytest("--update-outputs").counts() == {"passed": 3}
    assert (project.path / "post.md").read_bytes() == written
    assert project.pytest().counts() == {"passed": 3}


RESULTS = """\
# Results \t

!!! note

    ```pycon
    >>> x = 2
    >>> x + 1 \t
    4
    >>> for i in range(2):
    ...     print(i); print()
    ...
    >>> [x] * 3  # doctest: +ELLIPSIS
    [2, ...]
    ```

> ```pycon
> >>> x / 0
> Traceback (most recent call last):
>     ...
> ValueError: no
> >>> x
> one
> and another
> >>> y = 1
> 1
> ```""".replace("\n", "\r\n").encode()


def test_results_of_doctests_are_rewritten_and_nothing_else(project):
    project.write("post.md", RESULTS)
    assert project.pytest().counts() == {"failed": 2}
    report = project.pytest("--update-outputs")
    assert report.counts() == {"passed": 2}
    assert "post.md:5" in report.text
    wanted = (
        RESULTS.replace(b"    4\r\n", b"    3\r\n")
        .replace(
            b"    ...\r\n    >>> [",
            b"    ...\r\n    0\r\n    <BLANKLINE>\r\n    1\r\n    <BLANKLINE>\r\n    >>> [",
        )
        .replace(b"ValueError: no", b"ZeroDivisionError: division by zero")
        .replace(b"> one\r\n> and another\r\n", b"> 2\r\n")
        .replace(b"= 1\r\n> 1\r\n", b"= 1\r\n")
    )
    written = (project.path / "post.md").read_bytes()
    assert written == wanted
    assert project.pytest("--update-outputs").counts() == {"passed": 2}
    assert (project.path / "post.md").read_bytes() == written


def test_outputs_are_not_updated_in_several_processes(page):
    report = page(PAGE).pytest("--update-outputs", "-n", "2")
    assert report.code != 0
    assert "--update-outputs rewrites files" in report.text


def test_unstable_outputs_are_called_so_and_never_written(page):
    text = (
        "```python\nprint(object())\n```\n\n```output\nx\n```\n\n"
        "```python\nimport numpy as np\nprint(np.random.rand(), np.random.default_rng().random())\n"
        "```\n\n```output\n0.1\n```\n\n```pycon\n>>> np.random.rand()\n0.1\n```\n"
    )
    project = page(text)
    for arguments in ((), ("--update-outputs",)):
        report = project.pytest(*arguments)
        assert report.counts() == {"failed": 3}
        assert report.text.count("it prints something else on every run") >= 2
        assert "prints a memory address" in report.text
        assert "give the class a __repr__" in report.text
        assert "seed its random numbers" in report.text
    assert project.read("post.md") == text


# ---- the pages of others --------------------------------------------------------------------
def test_it_does_nothing_where_it_is_merely_installed(project):
    """pytest loads the plugin in every project; without its option it must import nothing."""
    project.write("post.md", FENCE)
    project.write(
        "test_it.py",
        "import sys\ndef test_it():\n"
        "    mine = {m for m in sys.modules if m.startswith('backprop')}\n"
        "    assert mine <= {'backprop', 'backprop.site', 'backprop.site.testing'}\n"
        "    assert 'numpy' not in sys.modules and 'markdown' not in sys.modules\n",
    )
    done = project.run("-m", "pytest", "-p", "no:hypothesispytest")
    assert "1 passed" in done.stdout, done.stdout
    # Without pytest-markdown-docs there is not even an option.
    done = project.run("-m", "pytest", "-p", "no:markdown-docs", "-p", "no:pytest_markdown_docs")
    assert "1 passed" in done.stdout, done.stdout


def test_a_page_that_is_not_utf8(project):
    project.write("post.md", b"a\n\n```python\nx = '\xff'\n```\n")
    report = project.pytest()
    assert report.code == 1
    assert "post.md:4: byte 0xff is not UTF-8" in report.text


def test_without_pytest_markdown_docs_there_is_no_option(project):
    project.write("post.md", FENCE)
    code = (
        "import importlib.util as util, sys\nreal = util.find_spec\n"
        "util.find_spec = lambda name, *a: None if 'markdown_docs' in name else real(name, *a)\n"
        "import pytest\nsys.exit(pytest.main(['-p', 'no:pytest_markdown_docs', *sys.argv[1:]]))\n"
    )
    done = project.run("-c", code, "--update-outputs")
    assert "unrecognized arguments: --update-outputs" in done.stderr
    assert "no tests ran" in project.run("-c", code).stdout


def test_the_guard_misses_what_another_plugin_takes_away(page):
    project = page(PAGE)
    project.write("conftest.py", "def pytest_collection_modifyitems(items):\n    del items[1]\n")
    report = project.pytest()
    assert report.code != 0
    assert "fences that were found but became no test: post.md::post.md:9" in report.text


def test_the_guard_sees_what_the_scanner_would_overlook(tmp_path):
    from backprop.site.posts.items import _overlooked

    path = tmp_path / "post.md"
    path.write_text("<!--\n```python\n```\n-->\n\n````text\n```python\n```\n````\n\n" + FENCE)
    found = load(path, tmp_path)
    assert _overlooked(found) == []
    (failure,) = _overlooked(replace(found, fences=found.fences[:1]))
    assert failure.line == 11


def test_the_time_limit_is_a_setting(page):
    project = page("```python\nwhile True: pass\n```\n\n```python\nx = 1\n```\n")
    project.write("pytest.ini", "[pytest]\nbackprop_time_limit = 0.5\n")
    first, second = project.pytest().summary()
    assert "post.md:1: ran longer than 0.5 s and was stopped" in first
    assert "not executed: the fence of line 1 ended the process of this page" in second


def test_what_the_tests_have_run_a_build_does_not_run_again(project):
    """From its first fence to its last, without a failure, and as it still is."""
    project.write("mkdocs.yml", "site_name: S\nplugins: [backprop/posts]\ntheme: {name: mkdocs}\n")
    project.write("docs/index.md", "# A\n\n```python\nx = 1\n```\n\n```python\nprint(x)\n```\n")
    project.write("docs/half.md", "# B\n\n```python\ny = 1\n```\n\n```python\nprint(y)\n```\n")
    project.write("docs/other.md", "# C\n\n```python\nprint(3)\n```\n\n```python\n1 / 0\n```\n")
    project.write("docs/later.md", "# D\n\n```python\nprint(4)\n```\n")
    ids = ["docs/index.md", "docs/half.md::half.md:3", "docs/other.md", "docs/later.md"]
    assert project.pytest(*ids).counts() == {"failed": 1, "passed": 5}
    project.write("docs/later.md", "# D\n\n```python\nprint(5)\n```\n")
    said = project.run("-m", "mkdocs", "build").stderr
    assert "Executed 3 of 4 pages: docs/half.md, docs/later.md, docs/other.md" in said
