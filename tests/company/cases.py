"""The table of company: one entry a plugin or feature of others.

Every case is the blog that `backprop new` begins, with `settings` laid over its mkdocs.yml and
`files` beside it, built strictly. Its first post must then show as much as it does alone, and the
pages named in `shows` must hold what the patterns say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

FIRST = "posts/first/index.html"
BLOG = "backprop/blog"


def post(text: str) -> str:
    """A further post of the blog."""
    return f"---\ndate: 2024-02-03\ndescription: A further post.\n---\n# Further\n\n{text}\n"


@dataclass(frozen=True)
class Case:
    """What is added to the blog, and what must be seen."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    shows: dict[str, tuple[str, ...]] = field(default_factory=dict)
    first: str = FIRST  # where the first post stands
    without: tuple[str, ...] = ()  # settings of the new blog that are taken away
    builder: str = "mkdocs"
    package: str = ""  # on the index
    npm: dict[str, str] = field(default_factory=dict)  # and the file that is put into the docs
    note: str = ""  # what of the other's does not fit, and why
    browser: bool = False  # looked at in a real one, too


NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Notebook\n", "Text of it."]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "metadata": {},
            "outputs": [{"name": "stdout", "output_type": "stream", "text": ["42\n"]}],
            "source": ["print(6 * 7)"],
        },
    ],
    "metadata": {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}
PICTURE = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><path d='M0 0h1v1z'/></svg>"
FURTHER = "posts/further/index.html"
TABS = """\
Both ways, $a^2$ first:

=== "Twice"

    ```python
    print(2 * 21)
    ```

    ```output
    42
    ```

=== "Once"

    $$\\int_0^1 x \\, dx = \\frac{1}{2}$$

    ```{.graph}
    total(2.0 * ones)
    ```
"""
SETUP = """\
```python
import numpy as np


def total(x):
    square = x ** 2
    return np.sum(square)


ones = np.ones(3)
```

"""
MERMAID = """\
```mermaid
graph LR
  A --> B
```
"""
FENCES = [
    {
        "name": "mermaid",
        "class": "mermaid",
        "format": "!!python/name:pymdownx.superfences.fence_code_format",
    }
]

CASES = [
    Case("alone"),
    Case(
        "macros",
        {"plugins": [BLOG, {"macros": {"on_error_fail": True}}]},
        {"docs/en/posts/further.md": post("The sum is {{ 20 + 22 }}, and $\\frac{a}{b}$.")},
        {FURTHER: ("The sum is 42", "<mjx-container")},
        package="mkdocs-macros-plugin",
    ),
    Case(
        "redirects",
        {"plugins": [BLOG, {"redirects": {"redirect_maps": {"old.md": "about.md"}}}]},
        shows={"old/index.html": (r"url=\.\./about/",)},
        package="mkdocs-redirects",
    ),
    Case(
        "glightbox",
        {"plugins": [BLOG, "glightbox"]},
        {
            "docs/en/posts/further.md": post("![A square](square.svg)"),
            "docs/en/posts/square.svg": PICTURE,
        },
        {FURTHER: (r'<a class="?glightbox', r"assets/javascripts/glightbox")},
        package="mkdocs-glightbox",
    ),
    Case(
        "literate-nav",
        {"plugins": [BLOG, {"literate-nav": {"nav_file": "SUMMARY.md"}}]},
        {"docs/en/SUMMARY.md": "* [Words](about.md)\n* [Posts](index.md)\n* [Tags](tags.md)\n"},
        {FIRST: (r"Words\s*</", r"Tags\s*</")},
        without=("nav",),
        package="mkdocs-literate-nav",
    ),
    Case(
        "awesome-nav",
        {"plugins": [BLOG, "awesome-nav"]},
        {"docs/en/.nav.yml": "nav:\n  - Words: about.md\n  - Posts: index.md\n  - tags.md\n"},
        {FIRST: (r"Words\s*</", r"Tags\s*</")},
        without=("nav",),
        package="mkdocs-awesome-nav",
    ),
    Case(
        "git-revision-date-localized",
        {"plugins": [BLOG, {"git-revision-date-localized": {"type": "iso_date"}}]},
        shows={
            "about/index.html": (r"git-revision-date-localized-plugin-iso_date[^>]*>2024-01-02",)
        },
        package="mkdocs-git-revision-date-localized-plugin",
    ),
    Case(
        "minify",
        {
            "plugins": [
                BLOG,
                {"minify": {"minify_html": True, "minify_js": True, "minify_css": True}},
            ]
        },
        shows={"index.html": (r"<mjx-container|The gradient of a squared error",)},
        package="mkdocs-minify-plugin",
    ),
    Case(
        "jupyter",
        {"plugins": [BLOG, {"mkdocs-jupyter": {"include": ["*.ipynb"], "ignore_h1_titles": True}}]},
        {"docs/en/book.ipynb": json.dumps(NOTEBOOK)},
        {"book/index.html": ("Text of it", ">42")},
        without=("nav",),
        package="mkdocs-jupyter",
    ),
    Case(
        "snippets",
        {"markdown_extensions": [{"pymdownx.snippets": {"check_paths": True}}]},
        {
            "twice.py": "def twice(a):\n    return 2 * a\n",
            "docs/en/posts/further.md": post(
                '```python\n--8<-- "twice.py"\n```\n\n```python\nprint(twice(21))\n```\n\n'
                "```output\n42\n```"
            ),
        },
        {FURTHER: (r"def</span>.*twice", "bp-output")},
    ),
    Case(
        "Google fonts",
        {
            "theme": {
                "name": "backprop",
                "language": "en",
                "font": {"text": "Inter", "code": "Hack"},
            }
        },
        shows={FIRST: (r"fonts\.googleapis\.com/css\?family=Inter", r"style-src[^;]*googleapis")},
    ),
    Case(
        "tabs",
        files={"docs/en/posts/further.md": post(SETUP + TABS)},
        shows={
            FURTHER: ("tabbed-set", "<mjx-container", "bp-output", "bp-graph", "bp-stepper|<svg")
        },
    ),
    Case(
        "instant navigation",
        {"theme": {"name": "backprop", "language": "en", "features": ["navigation.instant"]}},
        browser=True,
    ),
    Case(
        "mermaid",
        {
            "markdown_extensions": [{"pymdownx.superfences": {"custom_fences": FENCES}}],
            "extra_javascript": ["mermaid.min.js"],
        },
        {"docs/en/posts/further.md": post(MERMAID)},
        {FURTHER: (r'<pre class="?mermaid"?><code>graph LR',)},
        npm={"mermaid@11": "dist/mermaid.min.js"},
        browser=True,
    ),
    Case(
        "top-level await",
        files={
            "docs/en/posts/further.md": post(
                '```python\nimport asyncio\n\nawait asyncio.sleep(0)\nprint("done")\n```\n\n'
                "```output\ndone\n```"
            )
        },
        shows={FURTHER: ("bp-output", "done")},
    ),
    Case(
        "data files",
        files={
            "docs/en/posts/data/numbers.txt": "1 2 3\n",
            "docs/en/posts/further.md": post(
                '```python\nimport numpy as np\n\nprint(np.loadtxt("data/numbers.txt"))\n```\n\n'
                "```output\n[1. 2. 3.]\n```\n\n[The numbers](data/numbers.txt)"
            ),
        },
        shows={FURTHER: ("bp-output", r'href="?[^"> ]*data/numbers\.txt')},
    ),
    Case("ProperDocs", builder="properdocs", package="properdocs"),
    Case(
        "blog off",
        {"plugins": [{BLOG: {"enabled": False}}], "nav": [{"Words": "about.md"}, "posts/first.md"]},
        shows={"index.html": ("Words|About",)},
        without=("docs/en/index.md", "docs/en/tags.md"),
    ),
]
