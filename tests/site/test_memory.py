"""What was converted before is not converted again, and never out of date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backprop.site.building import conversions, memory
from backprop.site.building.memory import Memory
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


def write(project: Project, path: str, was: str, becomes: str) -> None:
    file = project.root / path
    text = file.read_text("utf-8")
    assert was in text
    file.write_text(text.replace(was, becomes), "utf-8")


EDITS = {
    "nothing": lambda p: None,
    "the address of a linked post": lambda p: p.post("zh", "gradients", head="slug: elsewhere"),
    "an anchor that goes": lambda p: write(p, "docs/zh/posts/gradients.md", "## More", "## Less"),
    "a file that was missing": lambda p: p.post("en", "later"),
    "a module of a page": lambda p: p.write("lib.py", "number = 2\n"),
    "the title of a post": lambda p: write(p, "docs/en/posts/one.md", "# A post", "# Another"),
    "an option of an extension": lambda p: p.config.update(markdown_extensions=["footnotes"]),
    "a macro": lambda p: p.config["plugins"].__setitem__(
        -1, {"backprop/mathematics": {"macros": {"x": "y"}}}
    ),
    "a file that goes": lambda p: (p.root / "docs/zh/posts/gradients.md").unlink(),
}


def test_a_build_from_memory_is_a_build_from_nothing(rich: Project, monkeypatch) -> None:
    """After every kind of change: the same files and the same warnings, with memory and without."""
    rich.build()
    for name, edit in EDITS.items():
        edit(rich)
        sites, faults = [], []
        for remembers in (True, False):
            if not remembers:
                monkeypatch.setenv(memory.OFF, "1")
            sites.append(rich.root / f"site-{remembers}")
            faults.append(rich.build("--site-dir", str(sites[-1])).faults)
            monkeypatch.delenv(memory.OFF, raising=False)
        assert differences(*sites) == [], name
        assert faults[0] == faults[1], name


def test_only_what_changed_is_converted(rich: Project, monkeypatch) -> None:
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
    rich.build()
    assert made == []
    write(rich, "docs/en/posts/one.md", "# A post", "# A post\n\nEdited.")
    rich.build()
    assert set(made) == {"en:posts/one.md"}
    # The page, and its excerpt on each page that lists it.
    assert len(made) == 1 + len(re.findall("posts/one/", "".join(map(str, views(rich)))))


def views(project: Project) -> list[str]:
    """The pages of English that show the excerpt of the post."""
    pages = (project.site / "en").rglob("index.html")
    texts = [page.read_text("utf-8") for page in pages]
    return ["posts/one/" for text in texts if re.search(r'<h2 id="a-post"', text)]


def test_a_lost_or_broken_memory_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "made.sqlite"
    first = Memory(path)
    first.put("a", {"text": "字"})
    first.keep()
    assert Memory(path).get("a") == {"text": "字"}
    path.write_bytes(b"no database at all" * 100)
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    second = Memory(path)
    assert second.get("a") is None
    second.put("a", 1)
    second.keep()
    assert Memory(path).get("a") == 1
    nowhere = Memory(Path("/dev/null/made.sqlite"))
    nowhere.put("a", 1)
    nowhere.keep()
    assert nowhere.get("a") is None


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
