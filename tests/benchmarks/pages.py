"""What checking pages costs: processor time, since pages run in processes of their own.

Doc-tests stand beside the same fences as bare scripts, start-up and imports apart on both sides;
a warm build with `backprop/posts` beside one without it.
"""

from __future__ import annotations

import ast
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from backprop.program import execute as program
from backprop.program import page as pages
from backprop.program import processes
from backprop.site.posts import verify

ROOT = Path(__file__).parents[2]


def spent() -> float:
    """Processor seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


# ---- doc-tests beside bare scripts --------------------------------------------------------------
def site(plain: bool) -> list[pages.Page]:
    """The pages of this site with code in them; `plain`: without checked lines and graphs."""
    files = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
    found = [
        pages.load(file, ROOT, "zh" if "zh" in file.relative_to(ROOT).parts else "en")
        for file in files
    ]
    return [_plain(page) if plain else page for page in found if page.executed]


def _plain(page: pages.Page) -> pages.Page:
    """Graphs and checks have no counterpart in a script: leave out what they do besides."""
    steps = []
    for step in page.steps:
        header = step.fence.header
        options = {
            key: value for key, value in header.options.items() if key not in ("check", "at")
        }
        if step.fence.language != "graph":
            fence = replace(step.fence, header=replace(header, options=options))
            steps.append(replace(step, fence=fence))
    return replace(page, steps=tuple(steps))


def doctested(root: Path, some: list[pages.Page]) -> float:
    """The processor time of the doc-tests of pages, apart from start-up and imports."""
    times = []
    for work in ([_imports(page) for page in some], some):
        began = spent()
        with program.Executor(root, jobs=1) as executor:
            executor.session(some[0]).close()
            for page in work:
                for step, outcome in zip(page.executed, executor.run(page).outcomes, strict=True):
                    failure = verify.judge(page, step, outcome)
                    if failure and work is some:
                        raise RuntimeError(str(failure))
        times.append(spent() - began)
    return times[1] - times[0]


def _imports(page: pages.Page) -> pages.Page:
    """The page with nothing but its imports."""
    steps = []
    for step in page.executed:
        found = []
        if step.fence.language == "python" and "raises" not in step.fence.options:
            body = ast.parse(step.fence.code).body
            found = [
                ast.unparse(one) for one in body if isinstance(one, ast.Import | ast.ImportFrom)
            ]
        header = replace(step.fence.header, language="python", options={}, classes=())
        fence = replace(step.fence, header=header, code="\n".join(found))
        steps.append(replace(step, fence=fence, output=None))
    return replace(page, steps=tuple(steps))


_SCRIPT = """
import contextlib, doctest, io, linecache, json, sys, time
for name in json.loads(sys.argv[2]):
    with contextlib.suppress(Exception):
        __import__(name)
scope = {"__name__": "__main__"}
took = 0.0
for number, (kind, code, raises) in enumerate(json.loads(sys.argv[1])):
    if kind == "pycon":
        code = "\\n".join(one.source for one in doctest.DocTestParser().get_examples(code))
    name = f"<fence {number}>"
    linecache.cache[name] = (len(code), None, [line + "\\n" for line in code.split("\\n")], name)
    began = time.process_time()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(code, name, "exec"), scope)
    except Exception:
        if not raises and kind != "pycon":  # doctests may show what they raise
            raise
    took += time.process_time() - began
print(took, file=sys.stderr)
"""


def bare(page: pages.Page) -> float:
    """The processor time of the same fences as one script, apart from its start and imports."""
    fences = [
        (step.fence.language, step.fence.code, "raises" in step.fence.options)
        for step in page.executed
        if step.fence.language != "graph"
    ]
    names = {
        name
        for step in _imports(page).executed
        for node in ast.walk(ast.parse(step.fence.code))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, json.dumps(fences), json.dumps(sorted(names))],
        capture_output=True,
        text=True,
        cwd=tempfile.gettempdir(),
        env={**processes.environment(), "PYTHONPATH": str(ROOT)},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stderr.split()[-1])


def beside_scripts(root: Path, some: list[pages.Page], rounds: int = 2) -> tuple[float, float]:
    """Processor seconds of bare scripts and of doc-tests; of several rounds, those of the best."""
    found = [(sum(map(bare, some)), doctested(root, some)) for _ in range(rounds)]
    return min(found, key=lambda pair: pair[1] / pair[0])


# ---- warm builds with and without the plugin ----------------------------------------------------
_WORDS = "Some words about `gradients` and *shapes*, and [a link](https://example.org).\n\n" * 12
_PART = "## Part {0}\n\n{1}```python\nx = {0}\nprint(x)\n```\n\n```output\n{0}\n```\n\n"


def write_blog(folder: Path, number: int = 8) -> None:
    """A site with as much prose and code as a blog has, with two configurations."""
    docs = folder / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Home\n")
    for page in range(number):
        parts = "".join(_PART.format(part, _WORDS) for part in range(4))
        (docs / f"{page}.md").write_text(f"# Page {page}\n\n{parts}")
    markdown = "markdown_extensions: [attr_list, pymdownx.highlight, pymdownx.superfences]\n"
    for name, plugins in (("without", "[]"), ("with", "[backprop/posts]")):
        (folder / f"{name}.yml").write_text(
            f"site_name: x\ntheme: {{name: material, font: false}}\nplugins: {plugins}\n{markdown}"
        )


def warm_builds(folder: Path, rounds: int = 3) -> tuple[float, float]:
    """Processor seconds of a build without the plugin, and of a warm one with it."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    def once(name: str) -> float:
        began = spent()
        build(load_config(str(folder / f"{name}.yml"), site_dir=str(folder / name)))
        return spent() - began

    once("with")  # fills the cache
    once("without")
    times = [(once("without"), once("with")) for _ in range(rounds)]
    return min(one for one, _ in times), min(other for _, other in times)


def rows() -> Iterator[tuple[str, Iterable[tuple[str, float]]]]:
    """Groups for the table: a name, and the seconds of each row."""
    for what, plain in (("without checks and graphs", True), ("as it is", False)):
        scripts, tests = beside_scripts(ROOT, site(plain))
        yield (
            f"the pages of this site, {what}: processor time",
            (("fences as bare scripts", scripts), ("doc-tests", tests)),
        )
    with tempfile.TemporaryDirectory() as name:
        write_blog(Path(name))
        without, warm = warm_builds(Path(name))
    yield (
        "mkdocs build of 9 pages: processor time",
        (("without backprop/posts", without), ("with it, warm", warm)),
    )
