"""What `mkdocs serve` does between a save and the browser: first looks, whole builds, faults."""

from __future__ import annotations

import logging
import os
import random
import re
import shutil
import signal
import socket
from html import unescape
from pathlib import Path

import pytest
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort

from backprop.site.building import child
from backprop.site.building import serving as taking
from backprop.site.building.aside import aside
from backprop.site.building.problems import Problem, locate, of_record
from backprop.site.building.server import Server
from backprop.site.building.watching import Watch
from tests.site.command import differences, get, serving
from tests.site.project import Project


def faults(command) -> str:
    """The list of faults as the author reads it."""
    return unescape(re.sub("<[^>]+>", " ", command.state()["html"]))


# ---- parts --------------------------------------------------------------------------------------
def test_the_watch_names_what_was_written_made_and_removed(tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "sub/c.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    watch = Watch()
    watch.add([str(tmp_path)])
    assert watch.changes() == set()
    (tmp_path / "a.md").write_text("22")
    (tmp_path / "sub/c.md").unlink()
    (tmp_path / "sub/d.md").write_text("3")
    (tmp_path / "sub/d.md~").write_text("an editor's copy")
    (tmp_path / ".a.md.swp").write_text("an editor's notes")
    names = {str(Path(path).relative_to(tmp_path)) for path in watch.changes()}
    assert names == {"a.md", "sub/c.md", "sub/d.md"}
    (tmp_path / "new").write_text("a file that replaces another")
    (tmp_path / "new").replace(tmp_path / "b.md")
    assert str(tmp_path / "b.md") in watch.changes()


@pytest.mark.parametrize(
    ("text", "file", "line"),
    [
        ("docs/en/x.md:3: wrong", "docs/en/x.md", 3),
        ("posts: docs/en/x.md:3: wrong: compare docs/zh/x.md:7", "docs/en/x.md", 3),
        ("Doc file 'docs/en/x.md' contains a link 'nowhere.md', but", "docs/en/x.md", 2),
        ('an error in "mkdocs.yml", line 50, column 1', "mkdocs.yml", 50),
        ("Config value 'plugins': option 'nonsense': unknown", "mkdocs.yml", 1),
        ("nothing that is a file: a/b.md", "", None),
    ],
)
def test_a_problem_names_its_place(tmp_path, monkeypatch, text, file, line) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs/en").mkdir(parents=True)
    (tmp_path / "docs/en/x.md").write_text("one\n[two](nowhere.md)\n")
    (tmp_path / "mkdocs.yml").write_text("nonsense: 1\n")
    found = locate(Problem("warning", text))
    assert (found.file, found.line) == (file, line)


def test_what_is_only_remarked_is_no_warning() -> None:
    record = logging.makeLogRecord({"msg": "x", "levelno": logging.INFO})
    assert of_record(record) is None
    record.remark = True
    found = of_record(record)
    assert found
    assert found.level == "remark"


def test_another_builder_names_the_folder_of_the_site_too(tmp_path, capsys) -> None:
    """ProperDocs, for one, logs under its own name and not as MkDocs."""
    Other = type("Other", (MkDocsConfig,), {"__module__": "otherdocs.config"})
    config, log = Other(), logging.getLogger("otherdocs")
    config.site_dir = site = str(tmp_path / "site")
    config.docs_dir = str(tmp_path)
    log.addHandler(handler := logging.StreamHandler())
    try:
        with aside(config):
            log.warning(f"Building to {config.site_dir}")
    finally:
        log.removeHandler(handler)
    assert capsys.readouterr().err == f"Building to {site}\n"


def test_an_unfamiliar_mkdocs_keeps_its_own_server(monkeypatch, caplog) -> None:
    monkeypatch.setattr(taking.mkdocs_serve, "build", lambda *a, **k: None)
    theirs = taking.mkdocs_serve.LiveReloadServer
    try:
        with caplog.at_level(logging.WARNING, logger="mkdocs"):
            taking.take_over()
        assert taking.mkdocs_serve.LiveReloadServer is theirs
        assert "builds the whole site after every edit" in caplog.text
    finally:
        monkeypatch.undo()
        taking.give_back()


def test_a_file_that_a_message_misses_is_waited_for() -> None:
    for said, missed in (
        ("Snippet at path 'later.md' could not be found", ["later.md"]),
        ("No such file: '/docs/a.txt', which 'plugin' reads", ["/docs/a.txt"]),
    ):
        assert child._MISSING.findall(said) == missed


def test_an_address_that_is_taken_is_told_with_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = Server(lambda: None, "127.0.0.1", port, str(tmp_path))
        with pytest.raises(Abort, match=rf"{port} is in use.*--dev-addr 127\.0\.0\.1:\d+"):
            server.listen(lambda: None, open_in_browser=False)
        server.shutdown()


# ---- the command --------------------------------------------------------------------------------
def test_faults_come_to_the_browser_and_go(project: Project) -> None:
    """Every kind of fault is listed on whatever page is open, with its place, until mended."""
    hook = project.write("scripts/hook.py", HOOK)
    helper = project.write("scripts/helper.py", HELPER)
    said = project.write("said.txt", "as it was")
    included = project.write("included.txt", "")
    project.config |= {"hooks": ["scripts/hook.py"], "watch": ["said.txt"]}
    project.config["plugins"] += [{"backprop/posts": {"time_limit": 900}}, "backprop/mathematics"]
    project.config["plugins"] += ["backprop/derivations"]
    project.config["plugins"][1]["blog"]["pagination_per_page"] = 1
    (project.root / "node_modules").symlink_to(Path(__file__).parents[2] / "node_modules")
    post = project.root / "docs/en/posts/gradients.md"
    settings = project.root / "mkdocs.yml"
    with serving(project) as command:
        assert "bp-notice" in get(command.url + "about/")[1]
        assert faults(command) == ""
        # So that it goes, too, with the next one, if this one should be killed.
        assert list(command.temporary.glob("mkdocs_*/.owner"))
        for path, was, becomes, *told in (
            (post, "categories: [", "categories: [[", "docs/en/posts/gradients.md:4", "not YAML"),
            (post, "date: 2017-03-30", "", "docs/en/posts/gradients.md", "needs its date"),
            (post, "date: 2017-03-30", "date: yesterday", "gradients.md:2", "is no date"),
            (settings, "site_name", "site_name: [\nx", "mkdocs.yml", "parsing the configuration"),
            (post, "Backwards.", "BOOM", "docs/en/posts/gradients.md", "kaboom"),
            (post, "Backwards.", "[x](nowhere.md)", "docs/en/posts/gradients.md:10", "nowhere.md"),
            (post, "Backwards.", "[x](../../zh/no.md)", "gradients.md:10", "no docs/zh/no.md"),
            (post, "Backwards.", "[x](#no)", "docs/en/posts/gradients.md:10", "no such anchor"),
            (post, "Backwards.", "[x](../about.md#no)", "gradients.md:10", "'#no'"),
            (
                post,
                "Backwards.",
                "$\\frac{1}$",
                "docs/en/posts/gradients.md:10",
                "Missing argument",
            ),
            (post, "Backwards.", "```python\n1 / 0\n```", "gradients.md:11", "ZeroDivisionError"),
            (post, "Backwards.", "```python\nx = 1\n```", "gradients.md:10", "does not have"),
            (post, "Backwards.", "WARN", "docs/en/posts/gradients.md", "a warning of a plugin"),
            # Scripts are read again, and what they import, as soon as they have changed.
            (hook, "import logging", "import (", "scripts/hook.py:1", "SyntaxError"),
            (hook, "import logging", "import logging\n1 / 0", "scripts/hook.py:2", "ZeroDivis"),
            (helper, "def say", "nothing\ndef say", "scripts/helper.py:5", "NameError"),
            (helper, "return", "return 1 +", "docs/zh/about.md", "unsupported operand"),
            (settings, "scripts/hook.py", "scripts/none.py", "mkdocs.yml", "none.py"),
        ):
            text = path.read_text("utf-8")
            path.write_text(text.replace(was, becomes, 1), "utf-8")
            command.wait_until(lambda told=told: all(part in faults(command) for part in told))
            # Whatever happened, every page answers, and says it without a script too.
            status, page = get(command.url + "about/")
            assert status == 200
            assert told[1] in unescape(page)
            path.write_text(text, "utf-8")
            command.wait_until(lambda: faults(command) == "")
            assert told[1] not in unescape(get(command.url + "about/")[1])
        # What a script says, and imports, and has read from a watched file.
        for path, was, becomes in (
            (hook, '"Said: "', '"The script says: "'),
            (helper, "lower", "upper"),
            (helper, "upper", "title"),  # of the same length, and in the same second
            (said, "as it was", "as it is"),
        ):
            path.write_text(path.read_text("utf-8").replace(was, becomes), "utf-8")
            shown = {"lower": "as it was", "upper": "AS IT WAS", "title": "As It Was"}
            words = "As It Is" if path == said else shown.get(becomes, "as it was")
            command.wait_until(
                lambda words=words: f"The script says: {words}" in get(command.url + "about/")[1]
            )
        # What is read while a page is made, of which MkDocs is told nothing.
        included.write_text(" A snippet.", "utf-8")
        command.wait_until(lambda: "A snippet." in get(command.url + "about/")[1])
        hook.rename(hook.with_name("aside"))
        command.wait_until(lambda: "hook.py" in faults(command))
        hook.with_name("aside").rename(hook)
        command.wait_until(lambda: faults(command) == "")
        # A link to nothing, as an editor leaves one that keeps its files elsewhere.
        text = post.read_text("utf-8")
        post.unlink()
        post.symlink_to("/none.md")
        command.wait_until(lambda: "gradients.md:1: this is a link to /none.md" in faults(command))
        post.unlink()
        post.write_text(text, "utf-8")
        command.wait_until(lambda: faults(command) == "")
        # A file that is not UTF-8: of what is in it the other language says nothing.
        post.write_bytes(text.replace("Backwards.", "Rückwärts.").encode("latin-1"))
        command.wait_until(lambda: "gradients.md:10: byte 0xfc is not UTF-8" in faults(command))
        assert "docs/zh" not in faults(command)
        post.write_text(text, "utf-8")
        command.wait_until(lambda: faults(command) == "")
        # A file renamed in one language only.
        moved = post.with_name("moved.md")
        post.rename(moved)
        command.wait_until(
            lambda: "docs/en/posts/moved.md:2: this post has no trans" in faults(command)
        )
        command.wait_until(
            lambda: "docs/zh/posts/gradients.md:2: this post has no trans" in faults(command)
        )
        command.wait_for_rest()
        moved.rename(post)
        command.wait_until(lambda: faults(command) == "")
        terminal = "".join(command.all)
        assert terminal.count("a warning of a plugin") == 1, "the terminal says it once"
        assert terminal.count("so it stands") == 1, "and what is only the state of things, too"
        assert "; 2 faults left, listed above" in terminal
        assert terminal.count("No fault is left") > 5
        assert not re.search(r"ERROR.*No such file.*moved\.md", terminal), (
            "it is gone, and known to be"
        )
        assert "Taken away after" in terminal
        # What is wrong is told as soon as it is known, however long the page still runs.
        command.wait_for_rest()
        gate, text = project.root / "gate", post.read_text("utf-8")
        slow = f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.1)"
        fences = "".join(f"\n```python\n{code}\n```\n" for code in ("1 / 0", slow, "x = = 1"))
        row = "\n/// derivation\nLet $x \\in \\R$.\n\n$$\n(x + 1)^2 = x^2 + 1\n$$\n///\n"
        post.write_text(f"{text}{fences}{row}", "utf-8")
        rows = "gradients.md:36: wrong"
        for part in ("gradients.md:19: ZeroDivisionError", "SyntaxError", "does not have", rows):
            command.wait_until(lambda part=part: part in faults(command))
        assert command.state()["busy"]
        gate.touch()
        post.write_text(text, "utf-8")
        command.wait_until(lambda: faults(command) == "")
        # A post that needs one more page of the list is shown at once, and in the list.
        command.wait_for_rest()
        command.said.queue.clear()
        project.post("en", "second", date="2018-01-01")
        command.wait_for("en/posts/second/index.html")
        command.wait_for(": en/index.html")


HELPER = """\
import pathlib

SAID = pathlib.Path("said.txt").read_text()

def say(word):
    return word + SAID.lower()
"""


HOOK = """\
import logging
import pathlib
from helper import say

def on_config(config):
    logging.getLogger("mkdocs.plugins.x").info("so it stands")

def on_page_markdown(markdown, page, **_):
    if page.file.src_uri == "about.md":
        markdown += say("Said: ") + pathlib.Path("included.txt").read_text()
    if "BOOM" in markdown:
        raise ValueError("kaboom")
    if "WARN" in markdown:
        log = logging.getLogger("mkdocs.plugins.x")
        log.warning(f"'{page.file.src_uri}': a warning of a plugin")
    return markdown
"""


def test_the_first_build_answers_before_it_is_done_and_when_it_fails(project: Project) -> None:
    gate = project.root / "gate"
    project.write(
        "hook.py",
        "import pathlib, time\ndef on_env(env, **_):\n"
        f"    while not pathlib.Path({str(gate)!r}).exists():\n        time.sleep(0.05)\n",
    )
    project.config["hooks"] = ["hook.py"]
    post = project.root / "docs/zh/posts/gradients.md"
    text = post.read_text("utf-8")
    with serving(project, wait=False) as command:
        address = command.url + "posts/gradients/"
        command.wait_for("meanwhile")
        status, page = get(address)
        assert status == 200
        assert "正在生成" in page or "Still being made" in page
        # A fault at the start is a page that mends itself.
        post.write_text(text.replace("2017-03-30", "soon"), "utf-8")
        command.wait_for("until build errors are resolved")
        status, page = get(address)
        assert status == 500
        assert "docs/zh/posts/gradients.md:2" in page
        assert "notice.js" in page
        gate.touch()
        post.write_text(text, "utf-8")
        command.wait_for("Serving on")
        assert command.state("/posts/gradients/")["reload"]
        status, page = get(address)
        assert status == 200
        assert "反向传播。" in page


def test_any_edits_end_in_the_site_of_a_clean_build(project: Project) -> None:
    """Seeded random edits; what is served at rest is, byte for byte, what a fresh serve makes.

    More of them: `BACKPROP_EDITS=100 BACKPROP_SEED=7 pytest tests/site/test_building.py -k any`.
    """
    project.config["plugins"] += ["tags", "backprop/posts", "backprop/pages"]
    project.write("lib.py", "number = 1\n")
    for key in ("zh", "en"):
        project.write(f"docs/{key}/tags.md", "# Tags\n\n<!-- material/tags -->\n")
        for name in ("one", "two"):
            project.post(key, name, title=f"Post {name}", text=CODE, date="2018-05-06")
    with serving(project) as command:
        # Made side by side; what knows all languages follows without a word.
        command.wait_for_rest()
        assert command.folder.parent.name == "2"
        assert not any("Reloading" in line for line in command.all)
        author = Author(project, seed=int(os.environ.get("BACKPROP_SEED", "3")))
        for _ in range(int(os.environ.get("BACKPROP_EDITS", "8"))):
            author.edit()
            if author.random.random() < 0.6:  # else the next save comes before this is done
                command.wait_for("Changed")
                command.wait_for_rest()
        author.rest()
        for page in ("about/", "en/about/"):
            command.wait_until(lambda page=page: "at rest" in get(command.url + page)[1])
        command.wait_for_rest()
        served = project.root / "served"
        shutil.copytree(command.folder, served)
        port = command.port
        command.process.send_signal(signal.SIGINT)
        command.process.wait(120)
    assert command.leftovers() == []
    shutil.rmtree(project.root / ".cache", ignore_errors=True)
    with serving(project, port=port) as fresh:
        assert differences(served, fresh.folder) == []


CODE = """\
[other](gradients.md)

```python
import lib

print(lib.number)
```

```output
1
```
"""


KINDS = ["prose", "prose", "code", "title", "date", "new", "delete", "rename", "module", "fault"]


class Author:
    """Edits a project at random: prose, code, heads, files, modules, faults and their mending."""

    def __init__(self, project: Project, seed: int) -> None:
        self.project, self.random = project, random.Random(seed)
        self.count = 0
        self.broken: tuple[Path, str] | None = None

    def edit(self) -> None:
        self.count += 1
        if self.broken:
            path, text = self.broken
            path.write_text(text, "utf-8")
            self.broken = None
            return
        kind = self.random.choice(KINDS)
        key = self.random.choice(["zh", "en"])
        posts = sorted((self.project.root / f"docs/{key}/posts").glob("*.md"))
        path = self.random.choice(posts)
        text = path.read_text("utf-8")
        match kind:
            case "prose":
                path.write_text(f"{text}\nSentence {self.count}.\n", "utf-8")
            case "code":
                path.write_text(f"{text}\n```python\nx = {self.count}\n```\n", "utf-8")
            case "title":
                path.write_text(re.sub(r"# .*", f"# Title {self.count}", text, count=1), "utf-8")
            case "date":
                day = f"date: 2019-01-{self.count:02}"
                path.write_text(re.sub(r"date: .*", day, text, count=1), "utf-8")
            case "new":
                self.project.post(key, f"new{self.count}", title=f"New {self.count}")
            case "delete" if len(posts) > 2:
                path.unlink()
            case "rename":
                path.rename(path.with_name(f"renamed{self.count}.md"))
            case "module":
                self.project.write("lib.py", f"number = {self.count}\n")
            case _:
                self.broken = path, text
                path.write_text(text.replace("date:", "dated:", 1), "utf-8")

    def rest(self) -> None:
        """Mend what is broken, and leave a mark to wait for."""
        if self.broken:
            self.edit()
        for key in ("zh", "en"):
            self.project.write(f"docs/{key}/about.md", "# About\n\nAt rest: at rest.\n")
