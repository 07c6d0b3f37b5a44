r"""Two languages of a page: the same program and the same mathematics, in other words."""

import pytest

from backprop.program.page import load
from backprop.program.session import Outcome
from backprop.site.posts.formulas import normal_tex
from backprop.site.posts.parity import difference, figure_difference, translations

ZH = r"""---
title: 标题
---

设 $x$ 为输入，$\bar{x}$ 是平均：

$$
\begin{align*}
a &= b \quad \text{因为} \\  % 说明
c &= d
\end{align*}
$$

```{.python title="准备" .hidden}
import numpy as np
x = np.arange(3)  # 数据
label = "平方"
print(f"结果 {x.sum()} 完")
```

```output
结果 3 完
```

!!! note "注意"

    ```pycon
    >>> 1 + 1  # 二
    2
    ```

```math
y = \text{输出}
```

```{.graph caption="图"}
np.sum(x)
```

最后 $z$。
"""

EN = r"""---
title: A title
---

Where $\bar{x}$ is the mean of $x$:

$$
\begin{align*}
a &= b \quad \text{because} \\
c &= d
\end{align*}
$$

```{.python title="Set-up" .hidden}
import numpy as np

x = np.arange(3)
label = "square"
print(f"The result is {x.sum()} and that is all")
```

```output
The result is 3 and that is all
```

!!! note "Mind"

    ```pycon
    >>> 1 + 1
    2
    ```

```math
y = \text{output}
```

```{.graph caption="The graph"}
np.sum(x)
```

At last $z$.
"""


@pytest.fixture
def pair(tmp_path):
    def write(zh=ZH, en=EN):
        pages = []
        for language, text in (("zh", zh), ("en", en)):
            path = tmp_path / "docs" / language / "posts" / "p.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            pages.append(load(path, tmp_path, language))
        return pages

    write.root = tmp_path
    return write


def test_words_may_differ(pair):
    assert difference(*pair()) is None


@pytest.mark.parametrize(
    ("old", "new", "zh_line", "en_line", "reason"),
    [
        ("np.arange(3)", "np.arange(4)", 16, 17, "the code differs"),
        ("x.sum()", "x.max()", 18, 19, "the code differs"),
        ('label = "square"\n', "", 17, 18, "the code differs"),
        ("import numpy as np\n", "import numpy as np\nimport os\n", 16, 16, "the code differs"),
        ("is 3 and", "is 4 and", 22, 23, "the outputs differ"),
        (">>> 1 + 1", ">>> 1 + 2", 27, 28, "the code differs"),
        ("c &= d", "c &= e", 7, 7, "the formulas differ"),
        ("y = \\text", "z = \\text", 33, 34, "the formulas differ"),
        ("np.sum(x)", "np.mean(x)", 38, 39, "the code differs"),
        (" .hidden", "", 14, 14, "different classes"),
        (".hidden", '.hidden raises="ValueError"', 14, 14, "option `raises` differs"),
        (
            "```math\ny = \\text{output}\n```\n",
            "",
            33,
            34,
            "a math fence here, a graph fence there",
        ),
    ],
)
def test_the_first_difference_is_named_with_both_lines(pair, old, new, zh_line, en_line, reason):
    assert old in EN
    zh, en = pair(en=EN.replace(old, new, 1))
    for one, other in ((zh, en), (en, zh)):
        failure = difference(one, other)
        assert failure.file == "docs/en/posts/p.md"
        found = failure.reason
        if "here" in reason:
            assert "a graph fence here, a math fence there" in found
        else:
            assert reason in found
        assert abs(failure.line - en_line) <= 1
        there = int(found.rsplit(":", 1)[1])
        assert found.rsplit(":", 1)[0].endswith("docs/zh/posts/p.md")
        assert abs(there - zh_line) <= 1


def test_each_language_has_its_own_order_of_words_and_the_same_numbers(pair):
    zh = ZH.replace("结果 3 完", "第 3 行的 `W1`，2 个\n5")
    en = EN.replace("The result is 3 and that is all", "2 of `W1` on line 3\n5")
    assert difference(*pair(zh, en)) is None
    assert "the outputs differ" in difference(*pair(zh, en.replace("line 3", "line 4"))).reason
    assert "the outputs differ" in difference(*pair(zh, en.replace("3\n5", "5\n3"))).reason


def test_inline_formulas_are_compared_passage_by_passage(pair):
    failure = difference(*pair(en=EN.replace("At last $z$.", "At last $w$.")))
    assert failure.file == "docs/en/posts/p.md"
    assert "$w$ does not occur in this passage of docs/zh/posts/p.md" in failure.reason
    # The same formula elsewhere on the page does not excuse it.
    failure = difference(*pair(en=EN.replace("At last $z$.", "At last $z$ and $x$.")))
    assert "$x$ does not occur in this passage" in failure.reason


def test_something_more_at_the_end(pair):
    failure = difference(*pair(en=EN + "\n```python\nx\n```\n"))
    assert failure.file == "docs/en/posts/p.md"
    assert "a python fence that docs/zh/posts/p.md does not have" in failure.reason


def test_translations_are_the_same_paths_in_other_languages(pair):
    zh, _ = pair()
    (pair.root / "docs/assets/posts").mkdir(parents=True)
    (pair.root / "docs/assets/posts/p.md").write_text("no language")
    assert [page.name for page in translations(zh, pair.root)] == ["docs/en/posts/p.md"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (r"\frac{a}{b}", r"\frac {a} {b}", True),
        (r"a % words", "a", True),
        (r"a \text{如果 $b$} c", r"a\text{if} c", True),
        (r"\alpha b", r"\alpha  b", True),
        (r"\alpha b", r"\alphab", False),
        (r"x^2", r"x^3", False),
        (r"10\%", r"10\% b", False),
        ("> a\n> b", "a b", True),
    ],
)
def test_what_counts_as_the_same_formula(one, other, same):
    assert (normal_tex(one) == normal_tex(other)) is same


FIGURE = (
    '```{{.python .figure alt="{alt}"}}\nimport matplotlib.pyplot as plt\n'
    "points = {points}\nplt.plot(points, label='{alt}')\nplt.title('{alt}')\nplt.legend()\n```\n"
)


def test_figures_are_compared_where_the_fences_are_those_of_each_other(tmp_path):
    """Else the fences are what differs, and the figures only follow."""
    plot, plain = "```{.python .figure alt='a'}\n1\n```\n", "```python\n1\n```\n"

    def said(one: str, other: str, **failed: dict) -> str:
        pages = [load(tmp_path / f"{key}.md", tmp_path, key, text=text)
                 for key, text in (("en", one), ("zh", other))]  # fmt: skip
        shown = [Outcome(figures=[{"data": [n]}], **failed) for n in range(2)]
        return str(figure_difference(*pages, shown, shown[::-1]))

    assert "the figures show different data" in said(plot + plain, plot + plain)
    assert said(plot + plain, plain + plot) == "None"
    assert said(plot + plain, plot + plain, error={"type": "NameError"}) == "None"


def test_the_tests_and_the_strict_build_compare_figures_and_everything_else(project):
    project.write("docs/zh/a.md", FIGURE.format(alt="很长的一个标题", points="[1, 2, 3]"))
    project.write("docs/en/a.md", FIGURE.format(alt="a title", points="[1, 2, 3]"))
    report = project.pytest("docs", "-v")
    assert report.counts() == {"passed": 3}
    # The same code, other data: a module that knows its language.
    project.write("conf.py", "import sys\ndef data(path):\n    return [1, 2 + ('zh' in path)]\n")
    text = FIGURE.format(alt="a", points="__import__('conf').data(__file__)")
    project.write("docs/zh/a.md", text)
    project.write("docs/en/a.md", text)
    (failed,) = project.pytest("docs").summary()
    assert "the figures show different data: compare docs/zh/a.md:1" in failed


def test_the_strict_build_of_two_nested_languages_tells_it_once(project):
    project.write(
        "mkdocs.yml",
        "site_name: x\ntheme: {name: material, font: false}\ndocs_dir: docs/zh\n"
        "plugins:\n  - backprop/languages:\n      default: zh\n      languages:\n"
        "        zh: {name: 中文}\n        en: {name: English, docs_dir: docs/en}\n"
        "  - backprop/posts\n",
    )
    project.write("docs/zh/index.md", "# 首页\n\n```python\nx = 1\n```\n")
    project.write("docs/en/index.md", "# Home\n\n```python\nx = 2\n```\n")
    done = project.run("-m", "mkdocs", "build", "--strict")
    assert done.returncode == 1
    assert done.stderr.count("the code differs: compare docs/zh/index.md:4") == 1
    project.write("docs/en/index.md", "# Home\n\n```python\nx = 1\n```\n")
    done = project.run("-m", "mkdocs", "build", "--strict")
    assert done.returncode == 0, done.stderr
    # What a figure shows is known where its page has run: in another process, for one of the two.
    project.write("conf.py", "def data(path):\n    return [1, 2 + ('zh' in path)]\n")
    text = FIGURE.format(alt="a", points="__import__('conf').data(__file__)")
    for language in ("zh", "en"):
        project.write(f"docs/{language}/index.md", f"# A\n\n{text}")
    done = project.run("-m", "mkdocs", "build", "--strict")
    assert done.returncode == 1
    assert done.stderr.count("show different data: compare docs/zh/index.md:3") == 1
