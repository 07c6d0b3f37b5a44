"""A build loads what its pages need: what they do not costs half a second each."""

from __future__ import annotations

import subprocess
import sys

LOADS = """
import sys
from pathlib import Path
from backprop.program.page import load
from backprop.site.derivations.plugin import DerivationsPlugin
from backprop.site.pages import cards
from backprop.site.posts import stepping

assert Path(cards._font("DejaVuSans.ttf", 20.0).path).is_file()
assert "matplotlib" not in sys.modules, "only its fonts are wanted"
assert "--bp-forward" in stepping.assets()["graphs.css"]
root = Path(sys.argv[1])
page = load(root / "page.md", root, text="~~~python\\nx = 1\\n~~~\\n")
DerivationsPlugin().verify_running(page, None)([])
assert "numpy" not in sys.modules, "no row of the page names its code"
"""


def test_what_no_page_needs_is_not_loaded(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADS, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
