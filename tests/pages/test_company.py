"""Beside plugins of others, and in languages without words of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

PAGE = """\
# مجموع

الخسارة $L = \\frac{1}{2}$.

```python
import numpy as np


def f(x):
    square = x ** 2
    out = np.sum(square)
    return out
```

```{.graph}
f(np.arange(3.0))
```
"""
SETTINGS = """\
site_name: Notizen
site_url: https://notes.example.org/
theme: {name: material, language: ar, font: {text: Amiri}}
hooks: [minify.py]
plugins: [backprop/posts, backprop/mathematics, backprop/pages]
"""
# What a minifier does to a page: attributes lose their quotes, so the drawing is no XML any more.
MINIFY = """\
import re


def on_post_page(output, **_):
    return re.sub(r'="([\\w.-]+)"', r"=\\1", output)
"""


def test_a_page_from_right_to_left_that_another_plugin_minifies(tmp_path: Path) -> None:
    """In English words, told once; and with fonts that the author asks for by name."""
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    for name, text in (("docs/index.md", PAGE), ("mkdocs.yml", SETTINGS), ("minify.py", MINIFY)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=tmp_path, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site/index.html").read_text("utf-8")
    assert "Next" in page
    assert done.stderr.count("There are no words in 'ar'") == 1
    assert "DeprecationWarning" not in done.stderr
    assert re.search(r"<body\b[^>]*\bdir=\"?rtl", page)
    assert re.search(r"style-src [^;]*https://fonts\.googleapis\.com", page)
    # Formulas, drawings and numbers still read from left to right.
    names = re.findall(r"<link rel=\"?stylesheet\"? href=\"?(assets/[^\"> ]+)", page)
    css = "".join((tmp_path / "site" / name).read_text("utf-8") for name in names)
    for selector in ("mjx-container", r":is\(.bp-figure, ?.bp-plot\)"):
        assert re.search(rf"\[dir=.?rtl.?\] {selector}\s*\{{\s*direction: ?ltr", css), selector
    assert list(tmp_path.glob("site/assets/backprop/cards/*.png"))
