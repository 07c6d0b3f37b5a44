"""Beside plugins of others, and in languages without words of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PAGE = """\
# Summe

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
theme: {name: material, language: de, font: false}
hooks: [minify.py]
plugins: [backprop/posts, backprop/pages]
"""
# What a minifier does to a page: attributes lose their quotes, so the drawing is no XML any more.
MINIFY = """\
import re


def on_post_page(output, **_):
    return re.sub(r'="([\\w.-]+)"', r"=\\1", output)
"""


def test_a_page_in_german_that_another_plugin_minifies(tmp_path: Path) -> None:
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
    assert list(tmp_path.glob("site/assets/backprop/cards/*.png"))
