"""Whole sites, built by MkDocs itself."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import re
import shutil
from base64 import b64decode
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from lxml import html as parser
from mkdocs.commands.build import build
from mkdocs.exceptions import Abort

from backprop.program import store

from .project import ROOT, Project

FOLDER = "assets/backprop/mathematics"

# The six formulas of the post that this project is about, as their author wrote them.
SEED = r"""
我们最终要求的并不是 $\frac{dvar}{dx}$, 而是 $\frac{dout}{dx}$, `out` 是标量.

$$
\begin{align*}
\frac{dout}{dx} &=
\begin{bmatrix}
   \frac{dout}{dx_{00}} & .. & \frac{dout}{dx_{0d}} \\
   .. & \frac{dout}{dx_{ij}} & .. \\
   \frac{dout}{dx_{n0}} & .. & \frac{dout}{dx_{nd}}
\end{bmatrix} \\

\frac{dout}{dvar} &=
\begin{bmatrix}
   \frac{dout}{dvar_{0}} & .. & \frac{dout}{dvar_{d}}
\end{bmatrix}
\end{align*}
$$

$$
\begin{equation}
\frac{dout}{dx_{ij}} = \sum_{k} \frac{dout}{dvar_{k}} \cdot \frac{dvar_{k}}{dx_{ij}}
\end{equation}
$$

下面我们推导最关键的 $\frac{dvar_{j}}{dx_{ij}}$:

$$
\begin{alignat*}{3}
\frac{dvar_{j}}{dx_{ij}} &= \frac{2}{n} ((x_{ij} - \bar{x}) + \sum_{k} (x_{kj} - \bar{x})) \\

\because & \sum_{k} (x_{kj} - \bar{x}) = 0 \\

\therefore & \frac{dvar_{j}}{dx_{ij}} = \frac{2(x_{ij} - \bar{x})}{n}

\end{alignat*}
$$
"""


def faults(caplog: pytest.LogCaptureFixture, level: int = logging.ERROR) -> list[str]:
    return [
        r.getMessage() for r in caplog.records if r.levelno == level and ".md" in r.getMessage()
    ]


def readable(page: str) -> str:
    """The text of a page without code and without the TeX for copying."""
    tree = parser.fromstring(page)
    for element in tree.xpath("//code | //pre | //script | //style | //mjx-tex"):
        element.drop_tree()
    return tree.text_content()


def test_the_seed(project: Project) -> None:
    project.write(index=SEED)
    plugin = project.build()
    page = project.page()
    assert page.count("<mjx-container") == 6
    assert page.count("<math") == 6
    scripts = parser.fromstring(page).xpath("//script/@src")
    assert not [script for script in scripts if not script.startswith(("js/", "search/"))]
    assert not re.search(r"\$\$|\\begin", readable(page))
    assert plugin.run.started == 1
    # The budget of a page is 150 kB; six formulas with their styles and fonts take a sixth of it.
    assets = [data for name, data in project.site().items() if name.startswith(FOLDER)]
    assert sum(len(gzip.compress(data)) for data in assets) < 30_000


def test_one_style_sheet_and_only_where_it_is_needed(project: Project) -> None:
    project.write(index="$x$", deep__er="$y$", none="no formula")
    project.build()
    (sheet,) = [name for name in project.site() if name.endswith(".css") and FOLDER in name]
    assert f'<link rel="stylesheet" href="{sheet}">' in project.page()
    assert f'<link rel="stylesheet" href="../../{sheet}">' in project.page("deep/er/index.html")
    assert FOLDER not in project.page("none/index.html")
    css = project.site()[sheet].decode()
    fonts = re.findall(r"url\(([^)]*)\)", css)
    assert fonts
    for font in fonts:
        if font.startswith("data:font/woff2;base64,"):
            assert TTFont(io.BytesIO(b64decode(font.split(",")[1]))).getGlyphOrder()
        else:
            assert f"{FOLDER}/{font}" in project.site()
    notice = project.site()[f"{FOLDER}/LICENSE.txt"].decode()
    assert "Apache License" in notice
    assert "SIL Open Font License" in notice


def test_a_site_without_formulas_has_no_assets(project: Project) -> None:
    project.write(index="no formula, $5")
    assert project.build().run.started == 0
    assert not [name for name in project.site() if "mathematics" in name]


def test_two_builds_are_byte_identical_and_the_second_starts_no_process(
    project: Project, new_project: Callable[[str], Project]
) -> None:
    project.write(index=SEED, other=r"$\mathcal{L}$ and `code`")
    assert project.build().run.started == 1
    first = project.site()
    assert project.build().run.started == 0
    assert project.site() == first
    # … and so is the build of somebody else, elsewhere, without a cache.
    other = new_project("elsewhere")
    other.write(index=SEED, other=r"$\mathcal{L}$ and `code`")
    other.build()
    assert other.site() == first


def test_every_mistake_is_reported_before_the_build_fails(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.write(
        index=(
            "---\ntitle: T\n---\n\nGood $x$.\n\nBad $\\frac{a$ one.\n\n"
            "- item\n\n    $$\n    \\foo\n    $$\n"
        ),
        more=(
            "# Title\n\nSee \\eqref{gone}.\n\n> quote\n> $$\n> x \\label{l} \\tag{1}\n> $$\n\n"
            "$$\ny \\label{l} \\tag{2}\n$$\n\n```\n$$\n```\n\nRaw $$ here, `$$` not.\n\n"
            "The same $\\oops$,\n\nand again $\\oops$.\n\nA lone $ sign\n"
        ),
    )
    with pytest.raises(Abort):
        project.build()
    lines = [fault.splitlines()[0] for fault in faults(caplog)]
    assert [line.removeprefix("mathematics: ")[:30] for line in lines] == [
        "docs/index.md:7: Missing close",
        "docs/index.md:11: Undefined co",
        "docs/more.md:3: no equation of",
        "docs/more.md:10: the label 'l'",
        "docs/more.md:18: $$ without a ",
        "docs/more.md:20: Undefined con",
        "docs/more.md:22: Undefined con",
        "docs/more.md:24: $ without a f",
    ]
    assert "\\frac{a" in faults(caplog)[0]
    assert "8 mistakes in formulas" in caplog.text


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n\nkramdown $$ x $$ habit", 3, "write $…$"),
        ("a\n\nkramdown $$x$$ habit", 3, "write $…$"),
        ("$$\nx\n\n## Next\n", 1, "never closed"),
        ("\n\\begin{align}\nx\n", 2, "never closed"),
        ("a \\begin{align} x", 1, "TeX outside a formula"),
        ("| a |\n| --- |\n| $|x|$ |", 3, "$ without a formula"),
        ("<div>\n$x$\n</div>", 2, "$ without a formula"),
        ("$x^2", 1, "$ without a formula"),
        ("It is $HOME.", 1, "write \\$"),
        ("!!! note\n\n    > $\\nope$", 3, "Undefined control sequence"),
        ("a[^1]\n\nb\n\n[^1]:\n    $\\nope$", 6, "Undefined control sequence"),
        ("```math\n\\nope\n```", 1, "Undefined control sequence"),
        ("50 $%$ of $x%$", 1, "begins a comment"),
        ("$a & b$", 1, "Misplaced &"),
    ],
)
def test_mistakes(
    project: Project, caplog: pytest.LogCaptureFixture, text: str, line: int, message: str
) -> None:
    project.config["markdown_extensions"] = ["admonition", "footnotes", "tables"]
    project.write(index=text)
    with pytest.raises(Abort):
        project.build()
    assert f"docs/index.md:{line}: " in faults(caplog)[0]
    assert message in faults(caplog)[0]


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5, $6.50 or US$7; $8/month and $9k.",
        r"\$x\$ and `$$`",
        "[link](https://example.org/?a=$b&c=$d)",
        "<!-- $$ -->",
        "<code>$$</code> <kbd>$</kbd>",
        "<div>&#36;HOME</div>",
        "    $$\n    code\n    $$",
    ],
)
def test_dollars_that_are_none_of_our_business(project: Project, text: str) -> None:
    project.write(index=text)
    project.build()
    assert "mjx-" not in project.page()
    assert "bpm" not in project.page()
    assert "?a=$b&amp;c=$d" in project.page() or "link" not in text


def test_code_that_shows_formulas_stays_code(project: Project) -> None:
    project.config["markdown_extensions"] = ["pymdownx.superfences"]
    project.write(index="para\n\n    $$\n    a < b\n    $$\n\n````md\n```math\nx\n```\n````\n")
    project.build()
    assert "<code>$$\na &lt; b\n$$\n</code>" in project.page()
    assert "```math\nx\n```" in parser.fromstring(project.page()).text_content()


def test_titles_and_search_are_readable(project: Project) -> None:
    project.write(index=r"# The slope $\frac{dy}{dx}$" "\n\nText $x_1$ end\n\n## Of $x^2$\n")
    project.build()
    page = project.page()
    assert "<title>The slope dy/dx - Test</title>" in page or "The slope dy/dx" in page
    assert 'id="of-x2"' in page
    assert ">Of x^2<" in page  # the table of contents
    index = json.loads(project.page("search/search_index.json"))
    for entry in index["docs"]:
        assert "\\frac" not in entry["text"] + entry["title"]
        assert entry["text"].count("x1") <= 1
    assert {entry["title"] for entry in index["docs"]} == {"The slope dy/dx", "Of x^2"}


def test_macros_and_extensions(project: Project) -> None:
    project.config["plugins"] = [
        {
            "backprop/mathematics": {
                "macros": {"R": "\\mathbb{R}", "d": ["\\frac{d#1}{d#2}", 2]},
                "extensions": ["physics"],
            }
        }
    ]
    project.write(index=r"$\R$ $\d{y}{x}$ $\pdv{f}{x}$")
    project.build()
    assert "ℝ" in project.page()
    assert "<mfrac>" in project.page()


def test_a_macro_that_is_none(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    project.config["plugins"] = [{"backprop/mathematics": {"macros": {"R": 3}}}]
    project.write(index="x")
    with pytest.raises(Abort):
        project.build()
    assert "macros: R: 3 is no macro" in caplog.text


def test_mathjax_is_not_installed(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    (project.folder / "node_modules").unlink()
    shutil.copy(ROOT / "package-lock.json", project.folder)
    project.write(index="$x$")
    with pytest.raises(Abort):
        project.build()
    assert "run `npm ci`" in caplog.text
    project.write(index="no formula")
    project.build()


def test_serve_shows_the_mistake_and_goes_on(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    project.config["strict"] = True
    project.write(index="Bad $\\foo$ and good $x$.")
    config = project.load()
    config.plugins.on_startup(command="serve", dirty=False)
    build(config, serve_url="http://127.0.0.1/")
    assert "docs/index.md:1: Undefined control sequence \\foo" in caplog.text
    box = parser.fromstring(project.page()).xpath("//*[@class='bp-formula-error']")[0]
    assert "Undefined control sequence \\foo" in box.text_content()
    assert project.page().count("<mjx-container") == 1
    # The author mends it: the same plugin builds again.
    project.write(index="Good $y$ and good $x$.")
    build(config, serve_url="http://127.0.0.1/")
    assert project.page().count("<mjx-container") == 2
    assert "bp-formula-error" not in project.page()


def test_an_incremental_build_keeps_the_styles_of_old_pages(project: Project) -> None:
    project.write(index=r"$\mathcal{L}$", other="$x$")
    project.build()
    old = re.findall(rf"{FOLDER}/\S+\.css", project.page("index.html"))[0]
    os.utime(project.folder / "docs/index.md", (0, 0))
    project.write(other="$y$")
    later = (project.folder / "site/other/index.html").stat().st_mtime + 10
    os.utime(project.folder / "docs/other.md", (later, later))
    build(project.load(), dirty=True)
    new = re.findall(rf"{FOLDER}/\S+\.css", project.page("other/index.html"))[0]
    assert (project.folder / "site" / old).is_file()
    assert (project.folder / "site" / new).is_file()
    assert old in project.page("index.html")


NESTED = """
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority

@event_priority(-100)
def on_env(env, config, files):
    MkDocsConfig.plugins.plugin_cache = {}
    config.extra["inner"] = inner = load_config("{folder}/inner.yml")
    build(inner)
    return env
"""


def nest(project: Project, outer: str, inner: str) -> None:
    """A build inside a build, as the plugin of the languages does it."""
    hook = project.folder / "nested.py"
    hook.write_text(NESTED.replace("{folder}", project.folder.as_posix()))
    project.write(index=outer)
    (project.folder / "inner").mkdir()
    (project.folder / "inner/index.md").write_text(inner, "utf-8")
    config = {**project.config, "docs_dir": "inner", "site_dir": "site/inner"}
    (project.folder / "inner.yml").write_text(json.dumps(config), "utf-8")
    project.config["hooks"] = ["nested.py"]


def test_nested_builds_share_one_process(project: Project) -> None:
    nest(project, "$a$", "$b$")
    config = project.load()
    build(config)
    plugins = [c.plugins["backprop/mathematics"] for c in (config, config.extra["inner"])]
    assert plugins[0].run is plugins[1].run
    assert plugins[0].run.started == 1
    for page in ("index.html", "inner/index.html"):
        sheet = re.findall(r'href="(assets/backprop\S+\.css)"', project.page(page))[0]
        assert (project.folder / "site" / page).parent.joinpath(sheet).is_file()


def test_mistakes_of_all_languages_are_reported(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    nest(project, "$\\foo$", "$\\bar$ $\\baz$")
    with pytest.raises(Abort):
        project.build()
    assert [fault[13:].split(": ")[0] for fault in faults(caplog)] == [
        "docs/index.md:1",
        "inner/index.md:1",
        "inner/index.md:1",
    ]
    project.config.pop("hooks")
    project.write(index="$x$")
    project.build()  # the run that failed left nothing behind


def test_the_process_ends_with_the_build(project: Project) -> None:
    project.write(index="$x$")
    plugin = project.build()
    assert plugin.run.started == 1
    assert all(engine._process is None for engine in plugin.run._engines.values())
    project.write(index="$x$ $\\foo$ $z$")
    config = project.load()
    with pytest.raises(Abort):
        build(config)
    engines = config.plugins["backprop/mathematics"].run._engines.values()
    assert all(engine._process is None for engine in engines)


TRANSFORM = r"""
from backprop.site.mathematics.page import Annotated

seen = []

def on_files(files, config):
    config.plugins["backprop/mathematics"].transforms.append(transform)
    config.extra["seen"] = seen

def transform(tex, where):
    seen.append((where.path, where.line, where.display, tex))
    if "align" in tex:
        return Annotated(tex.replace("SECRET", ""), {0: "<b>first</b>", 2: "<b>third</b>"})
    return tex.replace("old", "new")
"""


def test_another_plugin_changes_and_annotates_formulas(project: Project) -> None:
    (project.folder / "hook.py").write_text(TRANSFORM)
    project.config["hooks"] = ["hook.py"]
    project.write(
        index=(
            "$old$\n\n$$\n\\begin{align*}\na &= \\begin{bmatrix} 1 \\\\ 2 \\end{bmatrix} \\\\\n"
            "b &= SECRET c \\\\\nd &= e\n\\end{align*}\n$$\n"
        )
    )
    config = project.load()
    build(config)
    assert [(path, line, display) for path, line, display, _ in config.extra["seen"]] == [
        ("docs/index.md", 1, False),
        ("docs/index.md", 3, True),
    ]
    page = parser.fromstring(project.page())
    assert "new" in page.xpath("//mjx-tex")[0].text_content()
    assert "SECRET" not in page.xpath("//mjx-tex")[1].text_content()
    rows = page.xpath("//mjx-mtr[*[contains(@class, 'bp-row-mark')]]")
    assert [row[-1].text_content() for row in rows] == ["first", "", "third"]
    # They stay in sight beside a formula that scrolls, with rows or without.
    sheets = "".join(p.read_text("utf-8") for p in (project.folder / "site").rglob("*.css"))
    assert re.search(r"(?<!\w)\.bp-row-mark\{[^}]*position:sticky", sheets)
    # Marks are for everybody: nothing that contains them is hidden.
    for mark in page.xpath("//*[contains(@class, 'bp-row-mark')]"):
        assert not mark.xpath("ancestor-or-self::*[@aria-hidden]")


MATERIAL: dict[str, Any] = {
    "theme": {"name": "material", "language": "zh", "font": False},
    "markdown_extensions": ["footnotes", "pymdownx.superfences", {"toc": {"permalink": True}}],
}


def test_a_blog_with_excerpts_and_a_feed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "1")
    project.config |= MATERIAL
    project.config["plugins"] = [
        "search",
        {"blog": {"blog_dir": "."}},
        "backprop/mathematics",
        {
            "rss": {
                "match_path": "posts/.*",
                "date_from_meta": {"as_creation": "date"},
                "abstract_chars_count": -1,
                "use_git": False,
            }
        },
    ]
    post = (
        "---\ndate: 2017-03-{day}\nslug: p{day}\n---\n\n# Post $x_{day}$\n\n"
        "By \\eqref{{late}}, $f \\text{{ and }} \\eqref{{early}}$:\n\n"
        "$$\n\\begin{{equation}} a \\label{{early}} \\end{{equation}}\n$$\n\n<!-- more -->\n\n"
        "$$\n\\begin{{equation}} b \\label{{late}} \\end{{equation}}\n$$\n"
    )
    project.write(index="# Blog", posts__a=post.format(day=10), posts__b=post.format(day=20))
    project.build()

    page = project.page("2017/03/10/p10/index.html")
    tree = parser.fromstring(page)
    for link in tree.xpath("//a[contains(@href, '#mjx-eqn')]"):
        target = unescape(link.get("href")).partition("#")[2].replace("%3A", ":")
        assert tree.xpath(f"//*[@id='{target}']")
    assert tree.xpath("//a[@class='bp-reference']")[0].text == "(2)"

    index = parser.fromstring(project.page())
    ids = index.xpath("//@id")
    assert len(ids) == len(set(ids))
    links = index.xpath("//a[contains(@href, '#mjx-eqn')]/@href")
    assert len(links) == 4
    assert all(re.match(r"2017/03/[12]0/p[12]0/#mjx-eqn", link) for link in links)
    assert len(index.xpath("//mjx-labels")) == 2

    feed = project.page("feed_rss_created.xml")
    assert "mjx-container" not in feed
    assert "&lt;math" in feed
    assert "$$" not in feed

    docs = json.loads(project.page("search/search_index.json"))["docs"]
    assert not any("mjx" in doc["text"] or "\\begin" in doc["text"] for doc in docs)


def test_the_table_of_contents_of_material_shows_formulas(project: Project) -> None:
    project.config |= MATERIAL
    project.write(
        index="# A\n\n## Of $x^2$[^n] and [`b`](#a)\n\n### $y$ { data-toc-label='why' }\n\n## C\n\n"
        "[^n]: Note.\n"
    )
    project.config["markdown_extensions"] = [*MATERIAL["markdown_extensions"], "attr_list"]
    project.build()
    tree = parser.fromstring(project.page())
    entries = tree.xpath("//nav[contains(@class, 'md-nav--secondary')]")[0].xpath(".//li/a")
    assert [len(entry.xpath(".//mjx-container//math")) for entry in entries] == [1, 0, 0]
    assert [entry.xpath(".//code/text()") for entry in entries] == [["b"], [], []]
    assert " ".join(entries[1].text_content().split()) == "why"
    assert not [entry for entry in entries if entry.xpath(".//a | .//sup | .//*[@id]")]
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_the_language_of_the_page_names_its_formulas(project: Project) -> None:
    wide = "$$\n" + "+".join(f"x_{{{n}}}" for n in range(40)) + "\n$$"
    project.config |= MATERIAL
    project.write(index=wide + "\n\n$$x$$")
    project.build()
    boxes = parser.fromstring(project.page()).xpath("//mjx-container[@tabindex]")
    assert [(box.get("role"), box.get("aria-label")) for box in boxes] == [("group", "公式")]


def test_no_leftovers_of_ours(project: Project) -> None:
    project.write(index=SEED + '\n![alt $x$](a.png "title $y$")\n')
    (project.folder / "docs/a.png").touch()
    project.build()
    page = project.page()
    assert 'alt="alt $x$"' in page
    assert "\x02" not in page
    assert "data-bp-mathematics" not in page
    assert Path(project.folder / store.NAME).is_file()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The price is **35$** today and **40$** tomorrow.", "for a dollar write"),
        ("A band of 5$-6$ each.", "for a dollar write"),
        ("| set | value |\n| --- | --- |\n| $|x|$ | abs |", r"\lvert"),
    ],
)
def test_a_dollar_behind_a_number_opens_nothing_and_a_bar_cuts_a_cell(
    project: Project, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    project.write(index=f"# Page\n\n{text}\n")
    with pytest.raises(Abort):
        project.build()
    assert all(said in fault for fault in faults(caplog))
    assert "index.md:" in faults(caplog)[0]


def test_a_formula_may_follow_a_chinese_word_at_once(project: Project) -> None:
    project.write(index="均值$x$和方差$v$。\n")
    project.build()
    assert project.page().count("<mjx-container") == 2
