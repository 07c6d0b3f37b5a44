"""How long an author waits: from a save to the page, beside plain Material with the same posts.

Real `mkdocs serve` and `mkdocs build` of generated posts (five formulas, three fences, one output,
a graph in every tenth), in turns. Wall-clock seconds, since that is what an author waits.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.audit.browser import chromium, launch
from tests.site.command import Command, free_port, get

ROOT = Path(__file__).parents[2]
PROSE = "by the chain rule we find the gradient of every value and add all of them up"
HAN = "利用链式法则我们可以逐步求出每个中间变量的梯度然后相加"


class Generated:
    """A project of `number` posts a language; plain: all of them in one blog, without plugins."""

    def __init__(self, root: Path, number: int, plain: bool) -> None:
        self.root, self.plain = root, plain
        keys = [""] if plain else ["zh", "en"]
        self.folders = [root / "docs" / key for key in keys]
        for folder in self.folders:
            (folder / "posts").mkdir(parents=True)
            (folder / "index.md").write_text("# Notes\n")
            (folder / "about.md").write_text("# About\n")
            (folder / "tags.md").write_text("# Tags\n\n<!-- material/tags -->\n")
        for i in range(number):
            for language in ("zh", "en"):
                self.path(language, i).write_text(post(language, i, plain), "utf-8")

    def path(self, language: str, number: int) -> Path:
        if self.plain:
            return self.folders[0] / "posts" / f"{language}-{number}.md"
        return self.folders[language == "en"] / "posts" / f"post-{number}.md"

    def address(self, language: str, number: int) -> str:
        if self.plain:
            return f"posts/{language}-{number}/"
        return f"{'en/' if language == 'en' else ''}posts/post-{number}/"

    def save(self) -> None:
        """Write mkdocs.yml (the name is what `Command` asks of a project)."""
        ours = ["backprop/posts", "backprop/mathematics", "backprop/derivations", "backprop/pages"]
        languages = {"zh": {"name": "中文", "tag": "zh-Hans"}, "en": {"name": "English"}}
        plugins: list[Any] = [
            {"blog": {"blog_dir": ".", "post_url_format": "posts/{slug}", "post_readtime": False}},
            "tags",
            {"search": {"lang": "en"}},
        ]
        if not self.plain:
            first = {"backprop/languages": {"default": "zh", "languages": languages}}
            plugins = [first, *plugins, *ours]
            if not (self.root / "node_modules").exists():
                (self.root / "node_modules").symlink_to(ROOT / "node_modules")
        settings = {
            "site_name": "Notes",
            "site_url": "https://notes.example.org/",
            "docs_dir": "docs" if self.plain else "docs/zh",
            "theme": {"name": "material", "language": "zh", "font": False},
            "plugins": plugins,
            "markdown_extensions": [
                "attr_list",
                "admonition",
                "footnotes",
                "tables",
                {"toc": {"permalink": "#"}},
                "pymdownx.highlight",
                "pymdownx.superfences",
            ],
        }
        (self.root / "mkdocs.yml").write_text(yaml.safe_dump(settings, allow_unicode=True))


def post(language: str, i: int, plain: bool) -> str:
    """One realistic post, the same code and formulas in both languages."""
    chance = random.Random(i)

    def prose() -> str:
        if language == "zh":
            return "，".join("".join(chance.sample(HAN, 12)) for _ in range(8)) + "。"
        return " ".join(chance.choice(PROSE.split()) for _ in range(90)).capitalize() + "."

    graph = "" if plain or i % 10 else "```{.graph}\nf(x)\n```\n\n"
    return f"""---
date: {2004 + i % 20}-{1 + i % 12:02}-{1 + i % 28:02}
categories: [{"c" if language == "en" else "lei"}{i % 5}]
tags: [t{i % 7}]
slug: {f"{language}-{i}" if plain else f"post-{i}"}
---

# Post {i} {language}

{prose()} $x_{{{i}}}^2 + y$ and $\\alpha_{{{i}}}$.

<!-- more -->

## One

{prose()} $a + {i}$ and $b$

$$
\\frac{{\\partial L}}{{\\partial x_{{{i}}}}} = \\sum_k w_k
$$

```python
import numpy as np

def f(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    return diff ** 2

x = np.arange({i + 2}.0).reshape(1, -1) + np.ones(({i % 4 + 2}, 1))
```

{graph}{prose()}

```python
y = f(x)
```

## Two

{prose()}

```python
print({i} * 2)
```

```output
{i * 2}
```
"""


@contextmanager
def served(project: Generated) -> Iterator[Command]:
    port = free_port()
    command = Command(project, "serve", "--dev-addr", f"127.0.0.1:{port}")
    command.url = f"http://127.0.0.1:{port}/"
    try:
        command.wait_for("Serving on", 900)
        yield command
    finally:
        command.process.terminate()
        command.process.wait(60)


def until(command: Command, address: str, wanted: Callable[[int, str], bool]) -> float:
    """Seconds until the page is as wanted."""
    began = time.perf_counter()
    while not wanted(*get(command.url + address)):
        if time.perf_counter() - began > 600:
            raise RuntimeError(f"{address} never came")
        time.sleep(0.01)
    return time.perf_counter() - began


def at_rest(command: Command, project: Generated) -> None:
    if project.plain:
        time.sleep(1.5)  # its server looks twice a second
        get(command.url)  # and answers when it has built
    else:
        command.wait_until(lambda: not command.state()["busy"], 900)


def edits(project: Generated) -> dict[str, float]:
    """Seconds from each kind of save to the page."""
    times: dict[str, float] = {}
    with served(project) as command:
        at_rest(command, project)
        for language in ("zh", "en"):
            path, address = project.path(language, 1), project.address(language, 1)
            text = path.read_text("utf-8")
            path.write_text(f"{text}\nEdited sentence.\n", "utf-8")
            shown = until(command, address, lambda _, page: "Edited sentence" in page)
            times[f"prose, {language}"] = shown
            at_rest(command, project)
        path, address = project.path("en", 2), project.address("en", 2)
        text = path.read_text("utf-8")
        path.write_text(text.replace("y = f(x)", "y = f(x)  # changed"), "utf-8")
        times["code"] = until(command, address, lambda _, page: "# changed" in page)
        at_rest(command, project)
        path.write_text(re.sub("# Post .*", "# New title", text), "utf-8")
        times["title"] = until(
            command, address, lambda _, page: "New title</h1>" in page or ">New title<" in page
        )
        at_rest(command, project)
        path, address = project.path("en", 9999), project.address("en", 9999)
        path.write_text(post("en", 9999, project.plain), "utf-8")
        times["new post"] = until(command, address, lambda status, _: status == 200)
        at_rest(command, project)
        path.unlink()
        times["deleted post"] = until(command, address, lambda status, _: status == 404)
    return times


def in_browser(project: Generated) -> float:
    """Seconds from a save to the moment at which a real Chromium shows it."""
    with served(project) as command, launch() as browser:
        page = browser.new_page()
        page.goto(command.url + project.address("en", 1))
        path = project.path("en", 1)
        at_rest(command, project)
        began = time.perf_counter()
        path.write_text(f"{path.read_text('utf-8')}\nSeen by a browser.\n", "utf-8")
        page.get_by_text("Seen by a browser.").wait_for(timeout=600_000)
        return time.perf_counter() - began


def growth(project: Generated, edits: int = 100) -> tuple[float, float]:
    """Bytes that all processes of `mkdocs serve` hold after ten edits, and after all."""
    with served(project) as command:
        path = project.path("en", 1)
        text, early = path.read_text("utf-8"), 0.0
        for number in range(1, edits + 1):
            path.write_text(f"{text}\nSentence {number}.\n", "utf-8")
            shown = f"Sentence {number}."
            until(command, project.address("en", 1), lambda _, page, shown=shown: shown in page)
            if number in (10, edits):
                at_rest(command, project)
                early, late = early or held(command.process.pid), held(command.process.pid)
    return early, late


def held(pid: int) -> float:
    """Bytes of a process and of all that it started; what they share counts once."""
    parents: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            status = Path("/proc", name, "stat").read_text()
            parents[int(name)] = int(status.rpartition(")")[2].split()[1])
    tree, total = {pid}, 0
    while more := {child for child, parent in parents.items() if parent in tree} - tree:
        tree |= more
    for one in tree:
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1]) * 1024  # type: ignore[index]
    return float(total)


def built(project: Generated) -> float:
    project.save()
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet"],
        cwd=project.root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true"},
        check=True,
    )
    return time.perf_counter() - began


def rows(sizes: list[int]) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    """Groups for the table: plain Material first, then ours."""
    os.environ["NO_MKDOCS_2_WARNING"] = "true"
    for number in sizes:
        with tempfile.TemporaryDirectory() as name:
            plain = Generated(Path(name, "plain"), number, plain=True)
            ours = Generated(Path(name, "ours"), number, plain=False)
            cold, warm = built(ours), built(ours)
            bare = built(plain)
            label = f"2 × {number} posts"
            yield f"{label}: build", [("plain", bare), ("cold", cold), ("warm", warm)]
            theirs, found = edits(plain), edits(ours)
            for kind, seconds in found.items():
                yield f"{label}: {kind}", [("plain", theirs[kind]), ("backprop", seconds)]
            if number == min(sizes) and chromium():
                shown = [
                    (name, in_browser(p)) for name, p in (("plain", plain), ("backprop", ours))
                ]
                yield f"{label}: prose, in Chromium", shown
            shutil.rmtree(name, ignore_errors=True)


def memory_rows(edits: int) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    """The group that `make bench` shows for many edits in a row."""
    os.environ["NO_MKDOCS_2_WARNING"] = "true"
    with tempfile.TemporaryDirectory() as name:
        early, late = growth(Generated(Path(name, "ours"), 4, plain=False), edits)
        yield f"memory of mkdocs serve, {edits} edits", [("after 10", early), ("at the end", late)]
