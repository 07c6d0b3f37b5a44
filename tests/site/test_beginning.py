"""`backprop new`: a blog in an empty folder, a post in a blog, and the wheel they come from."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from datetime import date
from pathlib import Path

import pytest
import yaml

import backprop
from backprop.cli.arguments import Usage
from backprop.cli.main import main
from backprop.cli.there import PYTHON, run_there
from backprop.site.beginning import create as beginning
from backprop.site.beginning.create import BeginningError, create
from backprop.site.beginning.post import add_post, folders
from backprop.site.interactive.plugin import _pack as engine_of
from backprop.site.interactive.plugin import _without_engine
from tests.company.cases import CASES, FURTHER, Case
from tests.conftest import ROOT

DAY = date(2024, 5, 6)


class Loader(yaml.SafeLoader):
    """Settings with MkDocs' tag for the environment."""


Loader.add_constructor("!ENV", lambda loader, node: loader.construct_sequence(node))


def settings(folder: Path) -> dict:
    return yaml.load((folder / "mkdocs.yml").read_text("utf-8"), Loader)


@pytest.mark.parametrize("languages", [["en"], ["zh", "en"], ["de", "ja", "ar"]])
def test_a_blog_has_all_that_it_needs_in_every_language(tmp_path, languages):
    created = create(tmp_path / "blog", languages, today=DAY)
    blog = tmp_path / "blog"
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "package-lock.json"):
        assert (blog / name).is_file()
    for name in (".gitignore", ".github/workflows/ci.yml", ".github/workflows/publish.yml"):
        assert (blog / name).is_file()
    for language in languages:
        for page in ("index.md", "about.md", "tags.md", "posts/first.md"):
            text = (blog / "docs" / language / page).read_text("utf-8")
            assert not re.search(r"@[A-Z]+@", text)
        assert "date: 2024-05-06" in text
    text = (blog / "mkdocs.yml").read_text("utf-8")
    assert len(text.splitlines()) <= 20
    assert settings(blog)["theme"]["name"] == "backprop"
    assert len(created.remarks) == len(set(languages) - {"zh", "en"})
    assert all(path.is_file() for path in created.files)


def test_the_name_is_quoted_where_yaml_would_read_something_else(tmp_path):
    create(tmp_path / "a", ["en"], name="yes: #1")
    assert settings(tmp_path / "a")["site_name"] == "yes: #1"
    create(tmp_path / "b", ["en"], name="Off")
    assert settings(tmp_path / "b")["site_name"] == "Off"


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    created = create(tmp_path, ["en"])
    assert (tmp_path / "README.md").read_text() == "mine"
    assert "README.md stays" in created.remarks[0]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(BeginningError, match="such a blog already"):
        create(tmp_path, ["de"])
    (tmp_path / "mkdocs.yml").unlink()
    with pytest.raises(BeginningError, match=r"Makefile.* nothing is overwritten"):
        create(tmp_path, ["de"])
    del before[tmp_path / "mkdocs.yml"]
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_what_is_printed_can_be_pasted(tmp_path, monkeypatch, capsys):
    """In both languages unless told otherwise, in a folder whose name has a space."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "my blog"]) == 0
    said = capsys.readouterr().out
    assert "zh at /, en at /en/" in said
    assert shlex.split(re.search("^ +(cd .*)", said, re.M)[1]) == ["cd", "my blog"]
    assert list(
        settings(tmp_path / "my blog")["plugins"][1]["backprop/languages"]["languages"]
    ) == [
        "zh",
        "en",
    ]
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert main(["new", ".", "--languages", "de"]) == 0
    assert "cd " not in capsys.readouterr().out


def test_what_cannot_be_installed_says_what_to_do(tmp_path):
    """pip and npm say what they could not reach, at length; not what becomes of the blog."""
    create(tmp_path, ["en"])
    for name in ("python", "pip"):
        tool = tmp_path / ".venv/bin" / name
        tool.parent.mkdir(parents=True, exist_ok=True)
        tool.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
        tool.chmod(0o755)

    def said(*arguments: str) -> str:
        alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(
            ["make", f"PYTHON={sys.executable}", *arguments], cwd=tmp_path, env=alone,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        return done.stderr

    assert re.search("no network.*needs the network.*run make again", said("setup"), re.S)
    (tmp_path / ".venv/.ready").touch()
    assert "needs the network" in said("setup", "NODE=false")
    ready = ["--old-file=setup"]
    assert "make post SLUG=my-post" in said("post", *ready)
    assert "make export DIR=../posts" in said("export", *ready)


def test_what_only_the_blog_has_installed_is_run_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    missing = ModuleNotFoundError(name="yaml")
    with pytest.raises(Usage, match=r"yaml is not installed.*`make export DIR=\.\./posts`"):
        run_there(missing, "make export DIR=../posts", ["export", "../posts"])
    PYTHON.parent.mkdir(parents=True)
    PYTHON.write_text('#!/bin/sh\necho "$@" >said\nexit 2\n')
    PYTHON.chmod(0o755)
    assert run_there(missing, "make", ["new", "post", "x", "--title", "en=A title"]) == 2
    assert Path("said").read_text() == "-m backprop new post x --title en=A title\n"


def test_a_blog_is_told_its_own_command_for_running_code(tmp_path, caplog):
    _without_engine.cache_clear()
    create(tmp_path, ["en"])
    with caplog.at_level("INFO"):
        assert engine_of(tmp_path) is None
    assert caplog.messages[-1].endswith("on the pages; to have it: make engine")


def test_an_existing_project_is_told_which_lines_to_add(tmp_path, capsys):
    (tmp_path / "mkdocs.yml").write_text("site_name: Mine\ntheme: {name: material}\nplugins: [a]\n")
    assert main(["new", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    for line in ("theme: {name: backprop}", "- backprop/blog", "site_url:", "testpaths"):
        assert line in said
    assert [path.name for path in tmp_path.iterdir()] == ["mkdocs.yml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "b", "--languages", "english!"], "no language"),
        (["new", "b", "--languages", "en,en"], "once"),
        (["new", "b", "--languages", "zh_CN.UTF-8"], "--languages zh-CN"),
        (["new", ""], "name the folder"),
        (["new", "/dev/null/b"], "/dev/null/b/mkdocs.yml cannot be written"),
        (["new", "b", "--package", "gone.whl"], "no file gone.whl"),
        (["new", "post", "x", "--title", "Variance"], "LANGUAGE=TITLE"),
        (["new", "post", "x"], "no mkdocs.yml"),
        (["new", "blog", "x"], "backprop new post SLUG"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_post_is_begun_in_every_language(tmp_path, monkeypatch, capsys):
    create(tmp_path, ["zh", "en", "de"])
    monkeypatch.chdir(tmp_path)
    assert main(["new", "post", "batch-norm", "--title", "zh=批量归一化", "en=Batch norm"]) == 0
    assert capsys.readouterr().out.split() == [
        f"docs/{key}/posts/batch-norm.md" for key in ("zh", "en", "de")
    ]
    assert "# 批量归一化" in (tmp_path / "docs/zh/posts/batch-norm.md").read_text("utf-8")
    assert "# Batch norm" in (tmp_path / "docs/en/posts/batch-norm.md").read_text("utf-8")
    # Each title may have an option of its own.
    assert main(["new", "post", "relu", "--title", "zh=修正", "--title", "en=Cut off"]) == 0
    for key, title in (("zh", "修正"), ("en", "Cut off")):
        assert f"# {title}" in (tmp_path / "docs" / key / "posts/relu.md").read_text("utf-8")
    with pytest.raises(BeginningError, match="nothing is overwritten"):
        add_post(tmp_path, "batch-norm")
    with pytest.raises(BeginningError, match="zh, en, de"):
        add_post(tmp_path, "other", {"fr": "Autre"})
    assert not (tmp_path / "docs/zh/posts/other.md").exists()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_commands_of_the_guide_do_what_it_says(lang, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / lang / "writing.md").read_text("utf-8")
    commands = [shlex.split(line) for line in re.findall(r"^(?:backprop new|cd) .*", text, re.M)]
    assert [one[:3] for one in commands] == [
        ["backprop", "new", "blog"],
        ["cd", "blog"],
        ["backprop", "new", "post"],
    ]
    for command in commands:
        if command[0] == "cd":
            monkeypatch.chdir(command[1])
        else:
            assert main(command[1:]) == 0
    for key in ("zh", "en"):
        assert (tmp_path / "blog/docs" / key / "posts/batch-norm.md").is_file()


def test_posts_of_a_blog_without_the_preset_go_where_its_settings_say(tmp_path):
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: N\ntheme: {name: material}\nplugins:\n  - blog: {blog_dir: notes}\n"
    )
    assert folders(tmp_path) == {"en": tmp_path / "docs/notes/posts"}


def test_mathjax_and_the_requirements_are_those_of_this_repository():
    files = beginning.FILES / "root"
    ours = json.loads((ROOT / "package.json").read_text())["dependencies"]
    # the engine that runs code in the page is this repository's; a blog adds it where it wants it
    theirs = json.loads((files / "package.json").read_text())["dependencies"]
    assert "mathjax" in theirs
    assert f" pyodide@{ours['pyodide']} " in (files / "Makefile").read_text("utf-8")
    assert theirs.items() <= ours.items()
    node = "requirements-node.txt"
    assert (files / node).read_text() == (ROOT / node).read_text()
    pinned = re.compile(r"^[a-z].*==.*?(?= \\|$)", re.MULTILINE)
    there = set(pinned.findall((ROOT / "requirements.txt").read_text()))
    assert set(pinned.findall((files / "requirements.txt").read_text())) <= there


def test_what_publishes_a_blog_fetches_its_engine(tmp_path):
    """`make engine` leaves its mark in package.json, which is all that another machine gets."""
    create(tmp_path, ["en"])

    def runs() -> list[str]:
        make = ["make", "--no-print-directory", "--old-file=setup", "RUN=echo", "build"]
        alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        done = subprocess.run(
            make, cwd=tmp_path, env=alone, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    assert runs() == ["mkdocs build --strict"]
    package = json.loads((tmp_path / "package.json").read_text("utf-8"))
    package["dependencies"]["pyodide"] = "1.0.0"
    (tmp_path / "package.json").write_text(json.dumps(package), "utf-8")
    assert runs() == ["backprop.site.interactive", "mkdocs build --strict"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    where = {"GITHUB_SERVER_URL": "https://git.example.org", "GITHUB_REPOSITORY": "us/notes"}
    done = subprocess.run(
        [sys.executable, *command], env=os.environ | where, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_the_description_on_the_index_has_no_broken_link(wheel):
    """Relative links would lead nowhere there: all are absolute, at the tag of the version."""
    path = next(n for n in zipfile.ZipFile(wheel).namelist() if n.endswith("/METADATA"))
    metadata = zipfile.ZipFile(wheel).read(path).decode()
    head, _, text = metadata.partition("\n\n")
    assert "Description-Content-Type: text/markdown" in head
    assert "Project-URL: Source, https://git.example.org/us/notes" in head
    assert text.startswith("# backprop")
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert links
    assert all(link.startswith(("https://", "#")) for link in links)
    tag = f"v{backprop.__version__}"
    assert f"(https://git.example.org/us/notes/raw/{tag}/docs/page.png)" in text
    assert f"[LICENSE](https://git.example.org/us/notes/blob/{tag}/LICENSE)" in text
    names = [link.partition(f"/{tag}/")[2] for link in links if f"/{tag}/" in link]
    assert all((ROOT / name).is_file() for name in names)


def test_a_build_that_knows_no_address_of_the_source_leaves_no_link_to_it():
    found = runpy.run_path(str(ROOT / ".ci/metadata.py"))
    assert found["source"]({}) == ""
    text = found["description"]((ROOT / "README.md").read_text("utf-8"), "", "1")
    assert "see LICENSE." in text
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert all(link.startswith(("https://", "#")) for link in links)


def test_the_wheel_is_complete(wheel):
    """Every file of the package, whatever its kind."""
    assert wheel.name.startswith(f"backprop_notes-{backprop.__version__}-")
    names = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "backprop"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    files = [name for name in listed if (ROOT / name).is_file()]
    assert not set(files) - names


def test_a_blog_from_the_wheel_builds_in_a_fresh_environment(wheel, tmp_path):
    """The wheel in an environment of its own, with what it depends on from this one: the package
    under test is the wheel's. `make fresh` installs everything anew."""
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin/python"
    site = next(environment.glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")

    (tools := tmp_path / "tools").mkdir()
    if node := shutil.which("node"):
        (tools / "node").symlink_to(node)

    def run(*command: str, cwd: Path) -> str:
        variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        variables |= {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "1"}
        variables["PATH"] = str(tools)  # no Git
        done = subprocess.run(
            [str(python), *command], cwd=cwd, env=variables, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = run("-c", "import backprop; print(backprop.__file__)", cwd=tmp_path).strip()
    assert Path(where).is_relative_to(site)
    run("-m", "backprop", "new", "blog", "--languages", "zh,en", "--package", str(wheel),
        cwd=tmp_path)  # fmt: skip
    blog = tmp_path / "blog"
    assert (blog / "wheels" / wheel.name).is_file()
    (blog / "node_modules").symlink_to(ROOT / "node_modules")
    company = [case for case in CASES if case.name in SAMPLED]
    for case in company:
        in_company(blog, case)
    with (blog / "mkdocs.yml").open("a") as settings:
        settings.write("markdown_extensions: [pymdownx.snippets]\n")
    run("-m", "mkdocs", "build", "--strict", cwd=blog)
    for page in ("index.html", "posts/first/index.html", "en/posts/first/index.html"):
        assert (blog / "site" / page).is_file()
    for case in company:
        html = (blog / "site/en/posts" / slug(case) / "index.html").read_text("utf-8")
        assert not [p for p in case.shows[FURTHER] if not re.search(p, html, re.DOTALL)]


SAMPLED = {"snippets", "tabs", "data files", "top-level await"}
"""Of the company of a blog, what needs no other plugin; `make company` tries all of it."""


def slug(case: Case) -> str:
    return case.name.replace(" ", "-")


def in_company(blog: Path, case: Case) -> None:
    """Add the files of a case to a blog in two languages, its post under a name of its own."""
    for name, text in case.files.items():
        for language in ("zh", "en"):
            path = blog / name.replace("docs/en", f"docs/{language}")
            if path.name == "further.md":
                path = path.with_name(f"{slug(case)}.md")
                text = text.replace("date:", f"slug: {slug(case)}\ndate:", 1)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
