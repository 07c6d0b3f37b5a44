"""Derivations written in a test, and their verdicts."""

import os
import subprocess
import sys
from pathlib import Path

from backprop.derivations.evidence.verify import verify
from backprop.derivations.reading.find import derivations
from backprop.derivations.verdicts import Verdict

ROOT = Path(__file__).parents[2]
SOFTMAX = r"Let $z \in \mathbb{R}^C$ and $p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$."
VARIANCE = (
    r"Let $x \in \mathbb{R}^{n \times d}$, $\bar{x}_j = \frac{1}{n} \sum_k x_{kj}$, "
    r"$v_j = \frac{1}{n} \sum_k (x_{kj} - \bar{x}_j)^2$, $L = L(v)$."
)
AFFINE = (
    r"Let $X \in \mathbb{R}^{N \times D}$, $W \in \mathbb{R}^{D \times M}$, $b \in \mathbb{R}^M$, "
    r"$Y = X W + \mathbf{1} b^\top$, $L = L(Y)$."
)


def page(prose: str, *rows: str) -> str:
    body = " \\\\\n".join(rows)
    return f"/// derivation\n{prose}\n\n$$\n\\begin{{align*}}\n{body}\n\\end{{align*}}\n$$\n///\n"


def verdicts(prose: str, *rows: str, prove: bool = True) -> list[Verdict]:
    (block,) = derivations(page(prose, *rows))
    return verify(block, prove=prove)[0].verdicts


def statuses(prose: str, *rows: str, prove: bool = True) -> list[str]:
    return [v.status for v in verdicts(prose, *rows, prove=prove)]


def problem(prose: str, *rows: str) -> str:
    """Why the last row is refused or wrong: the key of the sentence."""
    last = verdicts(prose, *rows, prove=False)[-1]
    assert not last.ok, last
    assert last.problem is not None
    return last.problem.key


def site(
    folder: Path, text: str, *plugins: str, language: str = "en", quiet: bool = False
) -> subprocess.CompletedProcess[str]:
    """A strict build of a page in a project of its own."""
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs" / "index.md").write_text(text, "utf-8")
    listed = "\n".join(f"  - {p}" for p in plugins)
    (folder / "mkdocs.yml").write_text(
        f"site_name: T\ntheme:\n  name: material\n  language: {language}\n  font: false\n"
        f"plugins:\n{listed}\n",
        "utf-8",
    )
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(ROOT / "node_modules")
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", *(["--quiet"] if quiet else [])],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
