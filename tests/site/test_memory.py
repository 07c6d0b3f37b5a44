"""What was converted before is not converted again, and never out of date."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from markdown import Markdown
from material.plugins.blog import structure
from material.plugins.search import plugin as search
from mkdocs.commands import build as mkdocs_build
from mkdocs.config.base import load_config
from mkdocs.structure.pages import Page
from mkdocs_autorefs import AutorefsPlugin
from mkdocstrings import MkdocstringsPlugin

from backprop.site.building import conversions, heads, look, memory, references, templates, whole
from backprop.site.building.memory import Nothing
from backprop.site.building.modules import Modules
from backprop.site.posts import parity
from tests.site.command import differences
from tests.site.project import Project


@pytest.fixture
def rich(project: Project) -> Project:
    """A project with all that a conversion may depend on."""
    project.config["plugins"] += ["tags", "backprop/posts", "backprop/mathematics"]
    project.config["markdown_extensions"] = ["footnotes", {"toc": {"permalink": "#"}}]
    (project.root / "node_modules").symlink_to(Path(__file__).parents[2] / "node_modules")
    project.write("lib.py", "number = 1\n")
    for key, other in (("zh", "en"), ("en", "zh")):
        project.write(f"docs/{key}/tags.md", "# Tags\n\n<!-- material/tags -->\n")
        project.post(key, "one", text=TEXT.replace("OTHER", other), date="2018-05-06")
    return project


TEXT = """\
[a post](gradients.md#more), [there](../../OTHER/posts/gradients.md), [not there](later.md), $x^2$.

```python
import lib

print(lib.number)
```
"""


@pytest.fixture
def always() -> Iterator[None]:
    """Builds of which nothing has changed are made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backprop.site.languages.plugin.build_what_changed", lambda: None)
        yield


def write(project: Project, path: str, was: str, becomes: str) -> None:
    file = project.root / path
    text = file.read_text("utf-8")
    assert was in text
    file.write_text(text.replace(was, becomes), "utf-8")


EDITS: list[dict[str, Callable[[Project], object]]] = [
    {
        "the address of a linked post": lambda p: p.post("zh", "gradients", head="slug: elsewhere"),
        "a file that was missing": lambda p: p.post("en", "later"),
        "a module of a page": lambda p: p.write("lib.py", "number = 2\n"),
    },
    {
        "an anchor that goes": lambda p: write(p, GRADIENTS, "## More", "## Less"),
        "the title of a post": lambda p: write(p, "docs/en/posts/one.md", "# A post", "# Another"),
        "a macro": lambda p: p.config["plugins"].__setitem__(
            -1, {"backprop/mathematics": {"macros": {"x": "y"}}}
        ),
    },
    {
        "an option of an extension": lambda p: p.config.update(markdown_extensions=["footnotes"]),
        "a file that goes": lambda p: (p.root / GRADIENTS).unlink(),
        "a category": lambda p: p.post("en", "one", category="Elsewhere", text=TEXT),
        "a title in the navigation": lambda p: p.config["nav"].append({"标签": "tags.md"}),
    },
]
"""Changes that have nothing to do with one another, some at a time: each build takes seconds."""
GRADIENTS = "docs/zh/posts/gradients.md"


def test_a_build_from_memory_is_a_build_from_nothing(rich: Project, monkeypatch) -> None:
    """After every kind of change: the same files and the same warnings, with memory and the
    languages in two processes, and without memory in one."""
    rich.build()
    for edits in EDITS:
        for edit in edits.values():
            edit(rich)
        sites, faults = [], []
        for remembers in (True, False):
            with monkeypatch.context() as patch:
                patch.setattr("backprop.site.languages.plugin.possible", lambda c, r=remembers: r)
                if not remembers:
                    patch.setenv(memory.OFF, "1")
                sites.append(rich.root / f"site-{remembers}")
                faults.append(rich.build("--site-dir", str(sites[-1])).faults)
        assert differences(*sites) == [], list(edits)
        assert faults[0] == faults[1], list(edits)
        assert faults[0], "each of these changes leaves a link that leads nowhere"


def undone(file: Path) -> Callable[[], None]:
    """Puts a file back as it is now."""
    before = file.read_bytes() if file.exists() else None
    return lambda: file.write_bytes(before) if before is not None else file.unlink()


CHANGES = {
    "a sentence": ("docs/en/posts/one.md", lambda f: f.write_text(f.read_text() + "\nMore.\n")),
    "another language": ("docs/zh/about.md", lambda f: f.write_text("# 关于\n\n别的。\n")),
    "a new page": ("docs/zh/new.md", lambda f: f.write_text("# New\n")),
    "a page that goes": ("docs/en/posts/gradients.md", lambda f: f.unlink()),
    "a picture": ("docs/zh/a.svg", lambda f: f.write_text("<svg>2</svg>")),
    "a module of a page": ("lib.py", lambda f: f.write_text("number = 2\n")),
    "what a page reads": ("data.txt", lambda f: f.write_text("2")),
    "a template": ("theme/main.html", lambda f: f.write_text(TEMPLATE + "<!-- 2 -->")),
    "a setting": ("mkdocs.yml", lambda f: f.write_text(f.read_text() + "copyright: me\n")),
}
TEMPLATE = '{% extends "base.html" %}'


def test_a_build_of_which_nothing_changed_is_not_made_again(rich: Project, monkeypatch) -> None:
    """Every change of anything that the site was made of is reason enough; undone, it is none."""
    rich.config["theme"]["custom_dir"] = "theme"
    rich.write("theme/main.html", TEMPLATE)
    rich.write("docs/zh/a.svg", "<svg>1</svg>")
    rich.write("data.txt", "1")
    reads = "import lib\n\ntext = open(lib.__file__.replace('lib.py', 'data.txt')).read()\n"
    for key in ("zh", "en"):
        write(rich, f"docs/{key}/posts/one.md", "import lib\n", reads)
    # What warned is made again, and warns again.
    assert rich.build("--quiet").faults == []
    assert any("later.md" in fault for fault in rich.build().faults)
    for key in ("zh", "en"):
        write(rich, f"docs/{key}/posts/one.md", ", [not there](later.md)", "")
    rich.save()
    rich.write("modules/one.py", "")
    monkeypatch.syspath_prepend(rich.root / "modules")  # Python lists it with the next import
    time.sleep(0.2)  # what is as new as the build may have been written while it ran
    assert rich.build(saved=False).faults == []
    first = rich.root / "first"
    rich.site.rename(first)

    again: list[str] = []
    monkeypatch.setattr(mkdocs_build, "build", whole._build)
    monkeypatch.setattr(whole, "_original", lambda config, **_: again.append("built"))

    def was_built() -> bool:
        again.clear()
        mkdocs_build.build = whole._build
        result = rich.build(saved=False)
        assert result.code == 0, result
        return bool(again)

    rich.write("modules/that nobody imports.py", "")
    assert not was_built()
    assert differences(first, rich.site) == []
    for name, (path, change) in CHANGES.items():
        undo = undone(rich.root / path)
        change(rich.root / path)
        assert was_built(), name
        undo()
        assert not was_built(), name
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert was_built()
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    # A store that somebody damaged is not used.
    page = next((rich.root / ".cache/backprop/building/site").glob("*/about/index.html"))
    page.write_text("damaged")
    assert was_built()


def test_a_build_with_a_script_is_always_made(project: Project) -> None:
    project.write("hook.py", "def on_page_markdown(markdown, **_): return open('w.txt').read()\n")
    project.config["hooks"] = ["hook.py"]
    for word in ("first", "second"):
        project.write("w.txt", f"# {word}\n")
        assert project.build().code == 0
        assert word in project.page("about")


@pytest.mark.usefixtures("always")
def test_only_what_changed_is_converted_and_rendered(rich: Project, monkeypatch) -> None:
    for key in ("zh", "en"):
        write(rich, f"docs/{key}/posts/one.md", ", [not there](later.md)", "")
    rich.build()
    made: list[str] = []
    original = conversions.Keeper.made

    def noted(self, key, page, files, make, fields):
        def make_it(asked):
            made.append(f"{self.config.theme['language']}:{page.file.src_uri}")
            make(asked)

        original(self, key, page, files, make_it, fields)

    monkeypatch.setattr(conversions.Keeper, "made", noted)
    # Where we can see it: in this process, not in one beside it.
    monkeypatch.setattr("backprop.site.languages.plugin.possible", lambda config: False)
    rendered: list[str] = []
    render = jinja2.Template.render

    def noted_render(self, *arguments, **options):
        if page := dict(*arguments).get("page"):
            rendered.append(f"{arguments[0]['config'].theme['language']}:{page.file.src_uri}")
        return render(self, *arguments, **options)

    monkeypatch.setattr(jinja2.Template, "render", noted_render)
    rich.build()
    assert (made, rendered) == ([], [])
    write(rich, "docs/en/posts/one.md", "# A post", "# A post\n\nEdited.")
    rich.build()
    assert set(made) == {"en:posts/one.md"}
    # The page, its excerpt at home, and another for archive and category alike.
    shown = [
        page
        for page in (rich.site / "en").rglob("index.html")
        if '<h2 id="a-post"' in page.read_text("utf-8")
    ]
    assert len(shown) == 3
    assert len(made) == 3
    # And the page and these three, none of the others, none of the other language.
    lists = ["index.md", "archive/2018.md", "category/backpropagation.md"]
    assert sorted(rendered) == sorted(f"en:{name}" for name in ["posts/one.md", *lists])
    # Templates that nobody has looked at may look at anything.
    monkeypatch.setattr(templates, "MATERIAL", ())
    everywhere = len(list(rich.site.rglob("index.html")))
    rendered.clear()
    assert "is not known here: all its templates are rendered" in rich.build().output
    assert len(rendered) >= everywhere


@pytest.mark.usefixtures("always")
def test_languages_that_said_the_same_are_not_compared_again(rich: Project, monkeypatch) -> None:
    for key in ("zh", "en"):
        write(rich, f"docs/{key}/posts/one.md", ", [not there](later.md)", "")
    compared: list[str] = []

    def noted(page: Any, other: Any) -> Any:
        compared.append(page.path.name)
        return parity.difference(page, other)

    monkeypatch.setattr("backprop.site.posts.plugin.difference", noted)
    rich.build()
    assert sorted(compared) == ["about.md", "gradients.md", "index.md", "one.md", "tags.md"]
    compared.clear()
    write(rich, "docs/en/posts/one.md", "$x^2$", "$x^3$")
    for _ in range(2):  # a difference is told as long as there is one
        assert "$x^3$ does not occur in this passage" in rich.build().output
    assert compared == ["one.md"] * 2


def test_an_extension_that_may_depend_on_anything_is_asked_again(project: Project) -> None:
    project.write("mine.py", EXTENSION)
    project.write("word.txt", "first")
    project.config["markdown_extensions"] = ["mine"]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(project.root))
        result = project.build()
        assert result.code == 0, result
        assert "says first" in project.page("posts/gradients")
        project.write("word.txt", "second")
        project.build()
        assert "says second" in project.page("posts/gradients")


EXTENSION = """\
from markdown import Extension
from markdown.postprocessors import Postprocessor

class Says(Postprocessor):
    def run(self, text):
        return text + "<p>says " + open("word.txt").read() + "</p>"

class Mine(Extension):
    def extendMarkdown(self, md):
        md.postprocessors.register(Says(md), "says", 0)

def makeExtension(**_):
    return Mine()
"""


# ---- what a reference is made of -----------------------------------------------------------------
SOURCES = {
    "pack/__init__.py": "from pack.a import thing\nfrom pack.b import other\n",
    "pack/a.py": '"""A."""\nfrom pack.base import Base\n\n\nclass thing(Base):\n    pass\n',
    "pack/b.py": '"""B."""\n\n\ndef other():\n    """Say."""\n    return 1\n',
    "pack/base.py": 'class Base:\n    def f(self, x=1):\n        """F."""\n        return x\n',
    "alone.py": '"""Alone."""\n',
}
REFERENCES = [
    # what is shown     file           was       becomes   shown otherwise? with bodies?
    ("pack.thing", "pack/base.py", "F.", "G.", True, True),
    ("pack.thing", "pack/base.py", "x=1", "x=2", True, True),
    ("pack.thing", "pack/base.py", "return x", "return 2 * x", False, True),
    ("pack.thing", "pack/b.py", "Say.", "Speak.", False, False),
    ("pack.other", "pack/b.py", "Say.", "Speak.", True, True),
    ("pack.other", "pack/a.py", "A.", "AA.", False, False),
    ("pack", "pack/b.py", "Say.", "Speak.", True, True),
    ("pack.thing", "pack/__init__.py", "pack.a", "pack.b", True, True),
    ("pack.thing", "alone.py", "Alone", "Lonely", False, False),
]


def test_a_reference_is_made_of_what_it_shows(tmp_path: Path) -> None:
    def shown(name: str) -> list[str]:
        modules = Modules([tmp_path], [], Nothing())
        return [modules.shown([name], bodies) for bodies in (False, True)]

    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for name, path, was, becomes, *changed in REFERENCES:
        before = shown(name)
        (tmp_path / path).write_text(SOURCES[path].replace(was, becomes))
        after = shown(name)
        assert [a != b for a, b in zip(before, after, strict=True)] == changed, (name, path, was)
        (tmp_path / path).write_text(SOURCES[path])
        assert shown(name) == before


@pytest.mark.parametrize(
    ("view", "post", "expected"),
    [
        ("archive/2017/", "posts/a/", ("-/-/", "../../archive")),
        ("blog/page/2/", "blog/posts/a/", ("blog/-/-/", "../../page")),
        ("./", "posts/a/", ("", "")),
        ("page/2.html", "posts/a.html", ("", "")),
    ],
)
def test_views_share_the_excerpts_of_posts(view: str, post: str, expected: object) -> None:
    assert conversions.stand_in(view, post) == expected


# ---- other versions of MkDocs and its plugins ----------------------------------------------------
def other(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same with parameters that are not known here."""
    return lambda *arguments, **options: function(*arguments, **options)


REST = "\n\n## Later\n\n| a |\n| - |\n| b |\n\n```python\nx\n```\n\n    code\n\n- more\n"


@pytest.mark.parametrize(
    ("begin", "rest", "alone"),
    [
        ("# A\n\nText with *stars*, `code` and [a link](b.md).\n\n- one\n- two\n\n", REST, True),
        ("# A\n\n!!! note\n\n    Text.\n\n    - one\n\n", REST, True),
        ("Term\n:   What it is.\n\n> Quoted\n\n", "\n\nElse\n:   Something.\n", True),
        ("Term\n:   What it is.\n\n> Quoted\n\n", "\n\n:   Something else.\n", False),
        ("# A {#a}\n\nText.\n{: .b}\n\n1. one\n\n", "\n\n2. two\n\n# A {#a}\n", True),
        ("See [this].\n\n", "\n\n[this]: b.md\n", False),
        ("The HTML of it.\n\n", "\n\n*[HTML]: a language\n", False),
        ("A note[^1].\n\n", "\n\n[^1]: Here.\n", False),
        ("[TOC]\n\n", "\n\n## Later\n", False),
        ("```python\nx\n\n", "\n\ny\n```\n", False),
        ("<div markdown>\n\n", "\n\ntext\n\n</div>\n", False),
        ("$$\nx\n\n", "\n\ny\n$$\n", False),
        ("- a list\n", "\n- goes on\n", False),
        ("A line\n", " and its end\n", False),
        ("No end.\n", None, False),
    ],
)
def test_the_beginning_of_a_post_is_converted_alone_where_the_rest_has_no_say(
    begin: str, rest: str | None, alone: bool
) -> None:
    names = ["abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables"]
    more = ["toc", "pymdownx.details", "pymdownx.superfences"]
    separator = "<!-- more -->"
    whole = begin if rest is None else f"{begin}{separator}{rest}"
    short = heads.head(whole, separator)
    assert (short is not None) is alone

    def shown(text: str) -> str:
        return Markdown(extensions=[*names, *more]).convert(text).split(separator)[0]

    assert short is None or shown(short) == shown(whole)


@pytest.mark.parametrize(
    ("known", "changed", "apart"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"markdown_extensions": ["footnotes", "smarty"]}, False),
        (True, {"plugins": [{"blog": {"archive_toc": True}}]}, False),
        (True, {"plugins": ["blog", "autorefs"]}, False),
    ],
)
def test_beginnings_are_converted_alone_where_all_that_asks_for_more_is_known(
    known: bool, changed: dict[str, Any], apart: bool, project: Project
) -> None:
    project.config |= {"plugins": ["blog"], "markdown_extensions": ["footnotes"], **changed}
    project.save()
    config = load_config(str(project.root / "mkdocs.yml"))
    assert heads.separate(config, known) is apart


@pytest.mark.usefixtures("always")
def test_what_is_in_another_form_is_made_again_and_said(project: Project, monkeypatch) -> None:
    """A place that another version has changed is left alone: builds go on, and are right."""
    assert project.build("--strict").code == 0
    first = project.root / "first"
    project.site.rename(first)
    monkeypatch.setattr(conversions, "_installed", False)
    for place, name in (
        (Page, "render"),
        (structure.Excerpt, "render"),
        (search.SearchIndex, "add_entry_from_context"),
    ):
        monkeypatch.setattr(place, name, other(getattr(place, name)))
    monkeypatch.setattr(templates, "MATERIAL", ())
    result = project.build("--strict")
    assert result.code == 0, result
    for told in ("mkdocs: Page.render", "the blog's excerpts", "the search index", "Material"):
        assert re.search(f"{told}.* is not( as it is)? known here", result.output), told
    assert differences(first, project.site) == []
    # One that asks more of a converter of excerpts is given a whole one.
    monkeypatch.undo()
    monkeypatch.chdir(project.root)
    monkeypatch.delattr(conversions._Later, "register")
    assert project.build("--strict").code == 0
    assert differences(first, project.site) == []


@pytest.mark.parametrize(
    ("plugins", "told"),
    [
        ({"autorefs": SimpleNamespace(register_anchor=lambda page, name: None)}, "autorefs"),
        ({"autorefs": object()}, "autorefs"),
        ({"mkdocstrings": object()}, "mkdocstrings"),
        ({"mkdocstrings": MkdocstringsPlugin(), "autorefs": AutorefsPlugin()}, ""),
        ({}, ""),
    ],
)
def test_references_in_another_form_are_known(plugins: dict[str, Any], told: str) -> None:
    config: Any = SimpleNamespace(plugins=plugins)
    found = references.unfamiliar(config)
    assert told in found
    assert bool(told) == bool(found)


@pytest.mark.parametrize("name", ["_populate_page", "_build_page"])
def test_a_first_look_is_left_out_where_pages_are_made_otherwise(name: str, monkeypatch) -> None:
    assert look.unfamiliar() == ""
    monkeypatch.setattr(mkdocs_build, name, other(getattr(mkdocs_build, name)))
    assert name in look.unfamiliar()
