"""pytest alone decides: rows, formulas, links and settings fail it with file and line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from backprop.site.testing.build import headline
from backprop.site.testing.project import Project
from tests.conftest import ROOT


class Blog:
    """A new blog, tested and built as its Makefile does."""

    def __init__(self, root: Path):
        self.root = root

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        quiet = {"NO_MKDOCS_2_WARNING": "true", "DISABLE_MKDOCS_2_WARNING": "true"}
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.root,
            env={**os.environ, **quiet, "COLUMNS": "60", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def pytest(self, *arguments: str) -> tuple[int, list[str], str]:
        done = self.run("pytest", "-p", "no:hypothesispytest", *arguments, CI="")
        lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return done.returncode, lines, done.stdout + done.stderr

    def change(self, path: str, before: str, after: str) -> None:
        file = self.root / path
        text = file.read_text("utf-8")
        assert before in text
        file.write_text(text.replace(before, after), "utf-8")


def test_a_new_blog_is_right(tested_blog):
    _, text = tested_blog
    assert " passed" in text
    for word in ("FAILED", "ERROR", " failed"):
        assert word not in text, text
    for item in ("first.md:21", "first.md:43", "first.md:formulas", "build --strict"):
        assert item in text


@pytest.fixture
def right(tested_blog):
    """That blog, to be looked at; the caches of its pages are filled."""
    return Blog(tested_blog[0])


def test_pytest_refuses_what_the_build_refuses(right, tmp_path_factory):
    """Four mistakes, each told with its place; a link that only the build looks at, too."""
    blog = Blog(tmp_path_factory.mktemp("wrong"))
    subprocess.run(["cp", "-a", f"{right.root}/.", str(blog.root)], check=True)
    for language in ("zh", "en"):
        post = f"docs/{language}/posts/first.md"
        blog.change(post, r"&= \frac{2}{N}", r"&= -\frac{2}{N}")
        blog.change(post, "np.mean(square)", "np.meen(square)")
        blog.change(f"docs/{language}/about.md", "\n\n", "\n\n$x^{2$\n\n")
    blog.change("docs/en/about.md", "$x^{2$", "$x^{2$ [gone](gone.md)")
    code, failed, text = blog.pytest()
    assert code == 1
    said = "\n".join(failed)
    assert re.search(r"- docs/en/posts/first\.md:50: wrong: = -\\frac", said), text
    assert re.search(r"- docs/zh/posts/first\.md:50: \S", said)
    for language in ("zh", "en"):
        post = rf"docs/{language}/posts/first\.md"
        whole = "AttributeError: module 'numpy' has no attribute 'meen'$"
        assert re.search(rf"- {post}:28: {whole}", said, re.MULTILINE)
        follows = r"\(a consequence: the fence of line 21 failed before\)$"
        assert len(re.findall(rf"- {post}:\d+: .*{follows}", said, re.MULTILINE)) == 3
        assert re.search(rf"- docs/{language}/about\.md:3: Extra open brace", said)
    assert re.search(r"^FAILED mkdocs.yml.* - docs/en/about\.md:3: .*'gone\.md'", said, re.M), text


def test_the_build_names_what_was_said_before_as_that(right, tmp_path_factory):
    blog = Blog(tmp_path_factory.mktemp("one"))
    subprocess.run(["cp", "-a", f"{right.root}/.", str(blog.root)], check=True)
    blog.change("docs/en/about.md", "\n\n", "\n\n$x^{2$\n\n")
    blog.change("docs/zh/about.md", "\n\n", "\n\n$x^{2$\n\n")
    code, failed, text = blog.pytest("docs/zh/about.md", "docs/en/about.md", "mkdocs.yml")
    assert code == 1
    assert len(failed) == 3, text
    assert failed[-1].startswith("FAILED mkdocs.yml")
    assert failed[-1].endswith("(a consequence of what is said above)")


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("site_name: 笔记", "site_name: [笔记", 3, "this is no YAML: expected ',' or ']'"),
        ("  - backprop/blog\n", "\t- backprop/blog\n", 7, "this is no YAML: found character"),
        ("  - backprop/blog\n", "  - backprop/blogg\n", 7, '"backprop/blogg" plugin is not'),
        ("{关于: about.md}", "{关于: abuot.md}", 5, "A reference to 'abuot.md'"),
    ],
)
def test_settings_that_stop_the_build_fail_with_their_line(
    before, after, line, said, right, tmp_path_factory
):
    blog = Blog(tmp_path_factory.mktemp("settings"))
    subprocess.run(["cp", "-a", f"{right.root}/.", str(blog.root)], check=True)
    blog.change("mkdocs.yml", before, after)
    code, failed, text = blog.pytest("mkdocs.yml")
    assert (code, len(failed)) == (1, 1), text
    assert f" - mkdocs.yml:{line}: " in failed[0], text
    assert said in failed[0]


@pytest.mark.parametrize(
    "text",
    [
        "plugins: [{backprop/blog: x}, {backprop/languages: 7}, 4, {}]",
        "plugins: [backprop/blog, backprop/languages: {languages: [zh, en]}]",
        "plugins: [backprop/blog, backprop/languages: {languages: {en: a, zh: b}}]",
        "plugins: [backprop/blog]\nmarkdown_extensions: 5\nvalidation: 3\ntheme: 3\ndocs_dir: [a]",
        "- plugins\n- backprop/blog",
    ],
)
def test_settings_of_any_form_are_left_to_the_build(text, tmp_path):
    """Pages are tested with what can be read of them; what is wrong the strict build says."""
    (tmp_path / "mkdocs.yml").write_text(text, "utf-8")
    settings = Project(tmp_path)
    assert settings.concerned
    assert settings.language(tmp_path / "elsewhere/index.md") is None
    assert settings.tests(tmp_path / "elsewhere/index.md", "backprop/mathematics") is False
    settings.converter()


def test_what_is_not_published_counts_only_when_it_is_named(right, tmp_path_factory):
    """A draft, and pages that mkdocs.yml leaves out: the build knows nothing of their faults."""
    blog = Blog(tmp_path_factory.mktemp("drafts"))
    subprocess.run(["cp", "-a", f"{right.root}/.", str(blog.root)], check=True)
    code = "```python\n1 / 0\n```\n"
    docs = blog.root / "docs/en"
    (docs / "posts/draft.md").write_text(
        f"---\ndate: 2024-05-06\ndraft: true\n---\n\n# D\n\n{code}"
    )
    for name in ("left.md", "later/page.md"):
        (docs / name).parent.mkdir(exist_ok=True)
        (docs / name).write_text(f"# L\n\n{code}")
    with (blog.root / "mkdocs.yml").open("a") as file:
        file.write("exclude_docs: left.md\ndraft_docs: |\n  later/\n")
    apart = "draft.md or left.md or page.md"
    code, failed, text = blog.pytest("-k", apart, "-rs")
    assert (code, failed) == (0, []), text
    assert text.count("the build does not publish this page") == 3
    code, failed, text = blog.pytest("docs/en/posts/draft.md")
    assert (code, len(failed)) == (1, 1), text
    assert "docs/en/posts/draft.md:9: ZeroDivisionError" in failed[0]


def test_the_summary_says_what_a_colon_announces():
    listed = 'These pages are not in "nav":\n  - draft.md\n  - sub/other.md\n'
    assert headline(listed) == ('These pages are not in "nav": draft.md, sub/other.md', "")
    assert headline("wrong: x\nleft = 1") == ("wrong: x", "left = 1")


PAGE = r"""# Row

```python
print(1)
```

```output
1
```

/// derivation | Wrong
Let $x \in \mathbb{R}^{N}$ and $f = \sum_{k} x_{k}^2$.

$$
\frac{d f}{d x_{i}} = 3 x_{i}
$$
///

Broken: $x^{2$.
"""


def test_rows_and_formulas_count_without_mkdocs_yml(tmp_path):
    """A project with pages and pytest alone; formulas of other folders are nobody's."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text(PAGE)
    readme = "It costs $5 a $piece.\n\n" + PAGE.split("Broken")[0]
    opened = readme.count("\n") + 1
    (tmp_path / "README.md").write_text(f"{readme}/// derivation\n$$\n1 = 1\n$$\n\nMore.\n")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --markdown-docs\n")
    code, failed, text = Blog(tmp_path).pytest()
    assert code == 1
    assert [line.split(" - ")[1].split(": ")[0] for line in failed] == [
        "README.md:17",
        f"README.md:{opened}",
        "docs/index.md:15",
        "docs/index.md:19",
    ], text
    assert f"README.md:{opened}: the block /// derivation is never closed" in failed[1]
    code, failed, _ = Blog(tmp_path).pytest("docs/index.md::index.md:11")
    assert (code, len(failed)) == (1, 1)


def test_plugins_that_are_not_listed_are_not_asked(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text(PAGE)
    (tmp_path / "mkdocs.yml").write_text("site_name: N\nplugins: [backprop/posts]\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --markdown-docs\n")
    code, failed, text = Blog(tmp_path).pytest()
    assert (code, failed) == (0, []), text
    assert "2 passed" in text


def test_mathjax_that_is_missing_is_said_as_by_the_build(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("# Page\n\n$x$\n")
    settings = "site_name: N\nplugins: [backprop/mathematics]\n"
    (tmp_path / "mkdocs.yml").write_text(settings)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --markdown-docs\n")
    code, failed, text = Blog(tmp_path).pytest()
    assert code == 1
    assert "npm install" in failed[0], text
    assert len(failed) == 2
