"""The plugin in MkDocs projects of other people: what a page shows, what runs again, what fails."""

import logging
import re
import sqlite3
import subprocess
import zlib

import lxml.html
import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from backprop.program import store

CONFIG = "site_name: x\ntheme: mkdocs\nplugins:\n  - backprop/posts:\n      time_limit: 20\n"


class Site:
    """A project and its last build."""

    def __init__(self, project, caplog):
        self.project, self.caplog = project, caplog
        project.write("mkdocs.yml", CONFIG)

    def page(self, text, name="docs/index.md"):
        self.project.write(name, text)
        return self

    def build(self, strict=True):
        """Build; what was logged as a warning, and which pages were executed."""
        self.caplog.clear()
        self.caplog.set_level(logging.INFO)
        config = load_config(str(self.project.path / "mkdocs.yml"), strict=strict)
        try:
            build(config)
        except Abort:
            assert self.warnings
        return self

    @property
    def warnings(self):
        return [one.getMessage() for one in self.caplog.records if one.levelname == "WARNING"]

    @property
    def executed(self):
        said = [one.getMessage() for one in self.caplog.records if "Executed" in one.getMessage()]
        return said[0].split(": ")[-1].split(", ") if said else []

    def html(self, name="index.html"):
        # The theme of MkDocs puts the time of the build into its home page.
        return re.sub(r"Build Date UTC.*", "", self.project.read(f"site/{name}"))

    def tree(self, name="index.html"):
        return lxml.html.fromstring(self.html(name))

    def find(self, path, name="index.html"):
        return self.tree(name).xpath(path)


@pytest.fixture
def site(project, caplog):
    return Site(project, caplog)


def by_class(name):
    return f"//*[contains(concat(' ', @class, ' '), ' {name} ')]"


PAGE = """\
# Title

```{.python .hidden}
import numpy as np
x = np.arange(3.0)
```

```python title="named" hl_lines="1"

print(x + 1)
y = "<b>"
```

Words.

```output
[1. 2. 3.]
```

- item

    ```{.python raises="AttributeError"}
    x.sahpe
    ```

```{.python .notest}
boom()
```

```pycon
>>> x.shape
(3,)
```

```text
left alone
```
"""


def test_a_page_shows_what_its_fences_did(site):
    site.page(PAGE).build()
    assert not site.warnings
    (hidden,) = site.find("//details[@class='bp-hidden']")
    assert hidden.xpath("./summary")[0].text == "Set-up code"
    assert "np.arange" in hidden.text_content()
    assert hidden.get("open") is None
    (named,) = site.find("//*[@class='filename']")
    assert named.text == "named"
    assert site.find("//*[@class='hll']")[0].text_content() == "print(x + 1)\n"
    (output,) = site.find(by_class("bp-output"))
    assert output.get("data-label") == "Output"
    assert output.text_content().strip() == "[1. 2. 3.]"
    (raised,) = site.find("//li" + by_class("bp-raised"))
    assert (
        "AttributeError: 'numpy.ndarray' object has no attribute 'sahpe'" in raised.text_content()
    )
    (notest,) = site.find(by_class("bp-notest"))
    assert notest.get("data-label") == "Not executed"
    assert "data-bp" not in site.html()
    assert "raises=" not in site.html()
    assert "assets/backprop/posts.css" in site.html()
    assert (site.project.path / "site/assets/backprop/posts.css").is_file()


def test_the_words_follow_the_language_of_the_site(site):
    site.project.write("mkdocs.yml", CONFIG + "      language: zh\n")
    site.page(PAGE).build()
    assert site.find("//details[@class='bp-hidden']/summary")[0].text == "准备代码"
    assert site.find(by_class("bp-output"))[0].get("data-label") == "输出"


def test_two_builds_are_byte_identical_and_the_second_starts_no_process(site, monkeypatch):
    site.page(PAGE + FIGURE).build()
    assert site.executed == ["docs/index.md"]
    first = site.html()

    def refuse(*args, **kwargs):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    site.build()
    assert site.executed == []
    assert site.html() == first
    monkeypatch.undo()
    for file in (site.project.path / store.NAME).parent.glob("made.sqlite*"):
        file.unlink()
    site.build()
    assert site.executed == ["docs/index.md"]
    assert site.html() == first


def test_exactly_the_pages_run_that_depend_on_what_changed(site):
    write = site.project.write
    write("helper.py", "from package import inner\nvalue = inner.value\n")
    write("package/__init__.py", "")
    write("package/inner.py", "value = 1\n")
    write("data.txt", "7")
    site.page("```python\nimport helper\nprint(helper.value)\n```\n", "docs/index.md")
    site.page("```python\nprint(2)\n```\n", "docs/b.md")
    site.page(
        "```python\nimport pathlib\n"
        "print(pathlib.Path(__file__).parents[1].joinpath('data.txt').read_text())\n```\n",
        "docs/c.md",
    )
    assert site.build().executed == ["docs/b.md", "docs/c.md", "docs/index.md"]
    assert site.build().executed == []
    site.page("# Words\n\nmore\n\n```python\nprint(2)\n```\n", "docs/b.md")
    assert site.build().executed == []
    site.page("```python\nprint(3)\n```\n", "docs/b.md")
    assert site.build().executed == ["docs/b.md"]
    write("package/inner.py", "value = 2\n")
    assert site.build().executed == ["docs/index.md"]
    write("data.txt", "8")
    assert site.build().executed == ["docs/c.md"]
    assert site.build().executed == []


def test_a_listed_folder_and_a_missing_file_are_what_a_page_depends_on(site):
    write = site.project.write
    write("data/1.txt", "")
    write("helper.py", "")
    here = "import helper, pathlib\nhere = pathlib.Path(__file__).parents[1]\n"
    site.page(f"```python\n{here}print(len(list((here / 'data').glob('*'))))\n```\n")
    site.page(
        f"```python\n{here}try:\n    print((here / 'late.txt').read_text())\n"
        "except OSError:\n    print('none')\n```\n",
        "docs/b.md",
    )
    assert site.build().executed == ["docs/b.md", "docs/index.md"]
    write("data/2.txt", "")
    assert site.build().executed == ["docs/index.md"]
    write("late.txt", "here now")  # and Python looks for modules in that folder
    assert site.build().executed == ["docs/b.md"]
    assert site.build().executed == []


def test_a_corrupt_entry_is_computed_again(site):
    site.page(PAGE).build()
    html = site.html()
    database = sqlite3.connect(site.project.path / store.NAME)
    ((whole,),) = database.execute("SELECT value FROM made")
    text = zlib.decompress(whole)
    for damage in (
        *(b"", whole[:-20], b"\xff\xfe"),
        *(zlib.compress(wrong) for wrong in (text[:-20], b"[1]", b"\xff", b"{}")),
        zlib.compress(text.replace(b'"outcomes"', b'"outcome"')),
        zlib.compress(text.replace(b'"outcomes": [', b'"outcomes": [{"more": 1}, ')),
        zlib.compress(text.replace(b'"outcomes": [{', b'"outcomes": [{"more": 1, ')),
    ):
        with database:
            database.execute("UPDATE made SET value = ?", (damage,))
        site.build()
        assert site.executed == ["docs/index.md"]
        assert site.html() == html
    assert site.build().executed == []


def test_what_failed_runs_again_and_fails_again(site):
    site.page("```python\n1 / 0\n```\n")
    for _ in range(2):
        site.build()
        assert site.executed == ["docs/index.md"]
        assert "docs/index.md:2: ZeroDivisionError: division by zero" in site.warnings[0]


# ---- what fails the strict build ------------------------------------------------------------
MISTAKES = [
    ("---\na: b\n---\n\n```python\nx = 1\n1 / 0\n```", 7, "ZeroDivisionError: division by zero"),
    ("```python\nprint(1)\n```\n\n```output\n2\n```", 5, "this output is not what"),
    ("```pyhton\n1\n```", 1, "unknown language `pyhton`; did you mean `python`"),
    ("```{.python .notets}\n1\n```", 1, "did you mean `.notest`"),
    ("```output\n1\n```", 1, "this output stands before any python fence"),
    ('```{.python raises="KeyError"}\n1\n```', 2, "nothing was raised"),
    ("```pycon\n>>> 1\n2\n```", 2, "`1` shows something else"),
    ("```{.graph}\n1 + 1\n```", 2, "this graph fence holds no call"),
    ("```{.graph}\nlen(a b)\n```", 2, "this graph fence holds no call"),
    ("```{.graph}\nprint\n```", 2, "no call of a function, such as variance(x), but: print"),
    ("```{.graph}\nvar(x)\n```", 2, "this graph fence: NameError: name 'var' is not defined"),
    ("```{.graph}\n\n```", 1, "a graph fence needs a call to draw"),
    ("```{.graph}\nlen(a)\nlen(b)\n```", 3, "but: len(a); len(b)"),
    (
        '```python\ndef f(x): return x\n```\n\n```{.python check="f(y)"}\ndx = 1\n```',
        5,
        "NameError",
    ),
    ("```python\nimport broken\n```", 2, "SyntaxError: invalid syntax (broken.py, line 1)"),
    (
        "```python\nimport threading\n"
        "it = threading.Thread(target=lambda: 1 / 0)\nit.start(); it.join()\n```",
        1,
        "a thread of this fence raised ZeroDivisionError: division by zero",
    ),
    ("```{.graph}\nint(3)\n```", 2, "this graph fence calls int, which is no function"),
    ("```{.graph}\nlen([1])\n```", 1, "TraceError"),
    ("```{.python .figure alt='a'}\n1\n```", 2, "this .figure fence drew nothing"),
]


def test_what_is_not_as_the_page_says_fails_the_strict_build(site):
    (site.project.path / "broken.py").write_text("def f(:\n")
    for number, (text, _, _) in enumerate(MISTAKES):
        site.page(text, f"docs/{number}.md")
    site.build()
    for number, (_, line, message) in enumerate(MISTAKES):
        start = f"posts: docs/{number}.md:{line}: "
        (found,) = [warning for warning in site.warnings if warning.startswith(start)]
        assert message in found
    assert "-2\n+1" in "\n".join(site.warnings)


def test_a_page_that_is_not_utf8_is_named(site):
    site.page(b"# A\n\n\xff\n")
    with pytest.raises(UnicodeDecodeError):
        site.build()
    assert "docs/index.md:3: byte 0xff is not UTF-8" in site.warnings[0]


def test_the_page_of_a_failed_fence_says_so_to_its_author(site):
    site.page("```python\n1 / 0\n```\n").build(strict=False)
    (failed,) = site.find(by_class("bp-failed"))
    assert "ZeroDivisionError" in failed.text_content()


# ---- figures --------------------------------------------------------------------------------
FIGURE = """
```{.python .figure alt="The square & <more>"}
import matplotlib.pyplot as plt
plt.plot([0, 1, 2], [0, 1, 4], label="平方")
plt.title("title")
plt.legend()
plt.show()
```
"""


def test_a_figure_follows_the_page(site):
    small = FIGURE.replace("plt.plot", "plt.figure(figsize=(3, 2))\nplt.plot")
    site.page(FIGURE + FIGURE.replace("[0, 1, 4]", "[4, 1, 0]") + small).build()
    assert not site.warnings
    svg, *_ = site.find("//figure[contains(@class, 'bp-plot')]/*[local-name()='svg']")
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "The square & <more>"
    # A phone shrinks it, so it can be shown large there; what fits as it is cannot.
    assert [one.text_content() for one in site.find(by_class("bp-larger"))] == ["Larger"] * 2
    text = lxml.html.tostring(svg, encoding="unicode")
    assert "currentColor" in text
    assert "var(--bp-figure-1, #0072b2)" in text
    assert "平方" in text
    for banned in ("<style", "<metadata", "#000000", "font-family", "DejaVu", "http://purl"):
        assert banned not in text
    assert all(one.startswith("bp") for one in re.findall(r' id="([^"]+)"', text))
    ids = re.findall(r'<(?:clipPath|path)[^>]* id="([^"]+)"', site.html())
    assert ids
    assert len(ids) == len(set(ids))  # of both figures


# ---- check and graph ------------------------------------------------------------------------
CHECKED = """\
```python
import numpy as np

def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    var = np.mean(diff ** 2, axis=0)
    return var

x = np.random.default_rng(0).normal(size=(5, 4))
mean, dvar = np.mean(x, axis=0), np.ones(4)
```

```{.python check="variance(x)"}

ddiff = 2 * (x - mean) * dvar / x.shape[0]
dmean = -np.sum(
    ddiff, axis=0
)
dx = ddiff + dmean / x.shape[0]
```

```{.python .hidden}
rounded = x.round(2)
```

```{.graph caption="The variance"}
variance(x)
```

```{.python check="variance(x)" at="real"}
dx = 2 * (x - np.mean(x, axis=0)) / x.shape[0] * dvar
```
"""


def test_checked_lines_carry_their_marks(site):
    site.page(CHECKED).build()
    assert not site.warnings
    staged, closed = site.find(by_class("bp-checked"))
    shapes = [one.get("data-shape") for one in staged.xpath("." + by_class("bp-check"))]
    assert shapes == ["(5, 4)", "(4,)", "(5, 4)"]
    code = staged.xpath(".//code")[0]
    lines = lxml.html.tostring(code, encoding="unicode").split("\n")
    assert [("bp-check" in line) for line in lines[:5]] == [True, False, False, True, True]
    # Nothing of the marks is text, so nothing of them is copied with the code.
    assert code.text_content().startswith("ddiff = 2 * (x - mean) * dvar / x.shape[0]\ndmean")
    assert "✓" not in code.text_content()
    assert len(closed.xpath("." + by_class("bp-check"))) == 1
    assert "what always holds for a mean" in site.find("//p[@class='bp-at-real']")[0].text_content()
    # And the graph is drawn from the trace.
    (figure,) = site.find("//figure[.//*[local-name()='svg'] and contains(., 'dmean')]")
    assert "def variance(x):" in figure.text_content()
    assert "The variance" in figure.text_content()
    assert "graphs.js" in site.html()
    # Its set-up code comes after it, although it ran before.
    (below,) = site.find("//figure/following-sibling::*[1][@class='bp-hidden']")
    assert "rounded" in below.text_content()


def test_marks_stand_on_their_lines_with_line_spans_and_numbers(site):
    site.project.write(
        "mkdocs.yml",
        CONFIG + "markdown_extensions:\n  - pymdownx.highlight:\n      line_spans: __span\n"
        "      anchor_linenums: true\n      linenums: true\n",
    )
    site.page(CHECKED).build()
    assert not site.warnings
    for mark in site.find(by_class("bp-check")):
        assert re.match(r"__span-\d+-\d+$", mark.getparent().get("id"))
    assert len(site.find(by_class("bp-check"))) == 4


def test_a_quiet_build_fails_too(project):
    project.write("mkdocs.yml", CONFIG)
    project.write("docs/index.md", "```python\n1 / 0\n```\n")
    done = project.run("-m", "mkdocs", "build", "--strict", "--quiet")
    assert done.returncode == 1
    assert "docs/index.md:2: ZeroDivisionError: division by zero" in done.stderr


def test_a_wrong_line_fails_the_strict_build(site):
    site.page(CHECKED.replace("dmean = -np.sum", "dmean = np.sum")).build()
    (warning,) = site.warnings
    assert warning.startswith(
        "posts: docs/index.md:17: `dmean = np.sum(ddiff, axis=0)` is not the gradient"
    )
    assert "expected is `dmean = -np.sum(ddiff, axis=0)`" in warning


# ---- other people's projects ----------------------------------------------------------------
def test_a_foreign_project_with_material_a_blog_and_excerpts(project):
    project.write(
        "mkdocs.yml",
        "site_name: x\ntheme: {name: material, font: false}\n"
        "plugins: [search, blog: {post_excerpt: required, pagination_per_page: 1},"
        " backprop/posts]\n",
    )
    project.write("docs/index.md", "# Home\n")
    project.write("docs/blog/index.md", "# Blog\n\n```python\nprint('first')\n```\n")
    project.write("docs/blog/posts/b.md", "---\ndate: 2019-01-01\n---\n# B\n\n<!-- more -->\n")
    project.write(
        "docs/blog/posts/a.md",
        "---\ndate: 2020-01-01\n---\n# A\n\n```python\nprint(1)\n```\n\n```output\n1\n```\n\n"
        "<!-- more -->\n\n```{.python .hidden}\nx = 1\n```\n",
    )
    done = project.run("-m", "mkdocs", "build", "--strict")
    assert done.returncode == 0, done.stderr
    assert "Executed " in done.stderr
    assert "first" in project.read("site/blog/index.html")
    assert "first" not in project.read("site/blog/page/2/index.html")  # a copy, its title alone
    for name in ("blog/index.html", "blog/2020/01/01/a/index.html"):
        html = project.read(f"site/{name}")
        assert "bp-output" in html
        assert "data-bp" not in html


def test_another_plugin_that_changes_fences_is_told_about(site):
    site.project.write(
        "hook.py",
        "from mkdocs.plugins import event_priority\n\n@event_priority(200)\n"
        "def on_page_markdown(markdown, **_):\n"
        "    return markdown.replace('print(1)', 'print(2)')\n",
    )
    site.project.write("mkdocs.yml", CONFIG + "hooks: [hook.py]\n")
    site.page("```python\nprint(1)\n```\n").build()
    (warning,) = site.warnings
    assert "another plugin has changed the fences" in warning


def test_serve_watches_what_pages_import(site):
    from backprop.site.posts.plugin import PostsPlugin

    site.project.write("helper.py", "value = 1\n")
    site.page("```python\nimport helper\n```\n")
    config = load_config(str(site.project.path / "mkdocs.yml"))
    build(config)
    watched = []

    class Server:
        def watch(self, path):
            watched.append(path)

    plugin = config.plugins["backprop/posts"]
    assert isinstance(plugin, PostsPlugin)
    plugin.on_serve(Server())
    assert str(site.project.path / "helper.py") in watched


def test_a_fence_in_a_container_that_is_switched_off_is_missed(site):
    text = "!!! note\n\n    ```python\n    print(1)\n    ```\n"
    (warning,) = site.page(text).build().warnings
    assert "the python fence of line 3 does not appear on the page; is the Markdown" in warning
    site.project.write("mkdocs.yml", CONFIG + "markdown_extensions: [admonition]\n")
    assert not site.page(text).build().warnings
