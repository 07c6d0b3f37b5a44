"""`backprop export`: posts as plain Markdown that reads the same wherever Markdown is shown."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from lxml import etree, html
from markdown import markdown
from markdown_it import MarkdownIt

from backprop.cli.main import main
from backprop.program.fences import scan
from backprop.site.export import folder as folders
from backprop.site.export import formulas
from backprop.site.export.build import ExportError, Note
from backprop.site.export.formulas import Formulas
from backprop.site.export.page import Page
from backprop.site.export.posts import collect, target
from tests.conftest import ROOT

ELSEWHERE = [
    *("abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables"),
    *("pymdownx.betterem", "pymdownx.caret", "pymdownx.details", "pymdownx.mark"),
    *("pymdownx.superfences", "pymdownx.tilde"),
]
"""What generators of the Python-Markdown family switch on, Zensical and this project among them."""


class Place:
    """A page that stands alone: links and pictures stay where they are."""

    language = "en"
    anchors = frozenset({"there"})

    def __init__(self):
        self.kept = []

    def address(self, href):
        return None if href == "gone/" else href

    def file(self, src):
        return src

    def keep(self, kind, data):
        self.kept.append(data)
        return f"{kind}.svg"


def exported(text: str) -> str:
    article = html.fragment_fromstring(text, create_parent="article")
    return "\n\n".join(Page(Place(), [], []).blocks(article))


PAGES = {
    "<h2 id='a-b'>A b<a class='headerlink' href='#a-b'>#</a></h2><p>Text</p>": "## A b\n\nText",
    "<h2 id='there'>Else</h2>": '## <a id="there"></a>Else',
    "<h2 id='there'>There</h2>": "## There",
    "<p>a <strong>b</strong> <em>c</em></p>": "a **b** *c*",
    "<p>中<strong>“粗”</strong>文</p>": "中<strong>“粗”</strong>文",
    "<p><code>a`b</code> <code>`</code></p>": "``a`b`` `` ` ``",
    "<p><a href='x.html' title='t'>a [b]</a> <a href='gone/'>c</a></p>": r"[a \[b\]](x.html) c",
    "<p><img alt='a_b' src='i.png' width='40'></p>": '<img src="i.png" alt="a&#95;b" width="40">',
    "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>": "-   a\n-   b\n    -   c",
    "<ol start='9'><li>a</li><li>b</li></ol>": "9.  a\n10. b",
    "<ul><li><input type='checkbox' checked> a</li></ul>": "-   [x] a",
    "<ul><li>a<ul><li><input type='checkbox'> b</li></ul></li></ul>": "-   a\n    -   [ ] b",
    "<ul><li>x <button class='bp-mark' title='w'>✓</button></li></ul>": "-   x ✓ (w)",
    "<dl><dt><b>t</b> <em>u</em></dt><dd>d</dd></dl>": "**t u**\n\n-   d",
    "<ul><li><p>a</p><pre><code>b\n\n\nc</code></pre></li></ul>": (
        "-   a\n\n    ```\n    b\n\n\n    c\n    ```"
    ),
    "<table><tr><th style='text-align: right'>a</th></tr><tr><td><code>b|c</code></td></tr></table>": (
        "| a |\n| --: |\n| <code>b&#124;c</code> |"
    ),
    "<table><tr><td>1</td><td>2</td></tr></table>": "|  |  |\n| --- | --- |\n| 1 | 2 |",
    "<table><tr><th>a</th></tr><tr><td><pre><code>b | c\nd</code></pre></td></tr></table>": (
        "| a |\n| --- |\n| <code>b &#124; c</code><br>`d` |"
    ),
    "<p><img alt='a' src='i.png#only-light'><img alt='a' src='j.png#only-dark'></p>": (
        '<img src="i.png" alt="a">'
    ),
    "<blockquote><p>a</p><p>b</p></blockquote>": "> a\n>\n> b",
    "<div class='admonition note'><p class='admonition-title'>N</p><p>a</p></div>": (
        "> **N**\n>\n> a"
    ),
    "<details open><summary>S <code>x</code></summary><p>a</p></details>": (
        '<details markdown="1" open>\n<summary>S x</summary>\n\na\n\n</details>'
    ),
    "<dl><dt>t</dt><dd>d</dd></dl>": "**t**\n\n-   d",
    "<hr><p>a<br>b</p>": "* * *\n\na<br>b",
    "<div class='language-python highlight'><pre><code><span>x</span> = 1\n\n\ny = 2\n</code></pre></div>": (
        "```python\nx = 1\n\n\ny = 2\n```"
    ),
    "<div class='bp-run highlight'><pre><code>x</code></pre></div>": "```python\nx\n```",
    "<div class='highlight'><pre><code>```\nx\n```\n</code></pre></div>": "````\n```\nx\n```\n````",
    "<div class='language-python highlight'><pre><code>da = 1<span class='bp-check' "
    "data-shape='(4,)'></span>\nlonger = 2\ndbb = 2<span class='bp-check' data-shape='()'></span>"
    "</code></pre></div>": "```python\nda = 1   # ✓ (4,)\nlonger = 2\ndbb = 2  # ✓ ()\n```",
    "<div class='language-text bp-output highlight' data-label='Output'><pre><code>1\n</code></pre></div>": (
        "*Output*\n\n```text\n1\n```"
    ),
    "<p>x <button class='bp-mark' title='w'>✓</button><bdi class='bp-mark-why'><span>is <code>dx</code>"
    "</span><span>b</span></bdi>.</p>": "x ✓ (is `dx`; b).",
    "<div class='tabbed-set'><input><input><div class='tabbed-labels'><label>A</label><label>B</label>"
    "</div><div class='tabbed-content'><div class='tabbed-block'><p>1</p></div>"
    "<div class='tabbed-block'><p>2</p></div></div></div>": "**A**\n\n1\n\n**B**\n\n2",
    "<p>a<sup id='fnref:1'><a class='footnote-ref' href='#fn:1'>1</a></sup></p><div class='footnote'>"
    "<ol><li id='fn:1'><p>b <a class='footnote-backref'>↩</a></p></li></ol></div>": "a[^1]\n\n[^1]: b",
    "<pre class='mermaid'><code>graph TD</code></pre>": "```mermaid\ngraph TD\n```",
    "<iframe src='https://v.example/1' title='Film'></iframe>": "[Film](https://v.example/1)",
    "<script>x</script><style>y</style><p hidden>z</p>": "",
}


@pytest.mark.parametrize(("page", "expected"), PAGES.items(), ids=range(len(PAGES)))
def test_an_element_becomes_markdown(page, expected):
    assert exported(page) == expected


NASTY = [
    r"f\{x\} and \frac{1}{2}, C:\new",
    "a_b_c, _d_, __e__ and *f* ** g",
    "$5 and $6, $x$",
    "<b>bold</b> & &amp; &lt;",
    "1. not a list",
    "1) nor this",
    "- nor this",
    "+ nor this",
    "# no heading",
    "#",
    "> no quote",
    ": no definition",
    "!!! note",
    '??? note "x"',
    "/// derivation",
    "--- no rule",
    "===",
    "==marked== ~~gone~~ H~2~O x^2^",
    "`code` and ``code``",
    "[a](b) ![c](d) [^1] [e]: f",
    "{: .class} {{ macro }} {x}`y`",
    "| a | b |",
    "    indented",
    "http://example.org/a_b_c",
    "“引号”，中文_下划线_。",
    "x < y > z",
    "*[HTML]: abbr",
]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("shape", ["<p>{}</p>", "<ul><li>{}</li></ul>", "<p>{} <b>b</b> {}</p>"])
def test_text_is_text_in_every_dialect(text, shape):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    page = shape.replace("{}", escaped)
    wanted = " ".join(html.fragment_fromstring(page).text_content().split())
    source = exported(page)
    for made in (
        markdown(source, extensions=ELSEWHERE),
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source),
    ):
        shown = html.fragment_fromstring(made, create_parent="div")
        assert " ".join(shown.text_content().split()) == wanted, made
        tags = {element.tag for element in shown.iter()}
        assert tags <= {"div", "p", "ul", "li", "strong"}, made


# ---- formulas ----------------------------------------------------------------------------------

ROWS = [
    (
        r"$$\begin{align*} a &= b \\ \frac{c}{d} &= e \\ &= f \end{align*}$$",
        3,
        ["a = b", "c/d = e", "= f"],
    ),
    (r"$$\begin{align} a &= b \\ c &= d \end{align}$$", 2, ["(1) a = b", "(2) c = d"]),
    (r"$$x = \begin{bmatrix} 1 \\ 2 \end{bmatrix}$$", 2, None),  # rows of a matrix are none
    (r"$$\begin{align*} a &= \begin{bmatrix} 1 \\ 2 \end{bmatrix} \\ b &= c \end{align*}$$", 2, 2),
    (r"$$a = b$$", 1, None),
]


@pytest.fixture(scope="module")
def mathjax():
    found = Formulas(ROOT, {})
    yield found
    found.close()


@pytest.mark.parametrize(("tex", "count", "names"), ROWS, ids=range(len(ROWS)))
def test_rows_are_pictures_below_each_other(tex, count, names, mathjax):
    (typeset,) = mathjax.page([tex])
    whole, drawn = formulas.whole(typeset), formulas.rows(typeset, count)
    if names is None:
        assert drawn == [whole]
        return
    assert len(drawn) == count
    assert {row.width for row in drawn} == {whole.width}
    assert sum(row.height for row in drawn) == pytest.approx(whole.height, abs=1)
    glyphs = [row.data.count(b"<path") + row.data.count(b"<rect") for row in drawn]
    assert sum(glyphs) == whole.data.count(b"<path") + whole.data.count(b"<rect")
    assert min(glyphs) > 0
    if names != count:
        assert formulas.names(typeset, count) == names


def test_a_formula_in_a_line_stands_on_its_line_in_light_and_dark(mathjax):
    x, y = map(formulas.whole, mathjax.page(["$x$", "$y_i = 1 + a + b$"]))
    assert 0 <= x.depth < 0.1 < y.depth < y.height
    assert y.width > 5  # in one piece, though a line might be broken in it
    for data in (x.data, y.data):
        root = etree.fromstring(data)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("viewBox")
        assert "prefers-color-scheme:dark" in root[0].text


# ---- the folder --------------------------------------------------------------------------------


def held(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != folders.LIST
    }


def test_an_export_replaces_the_one_before_and_nothing_else(tmp_path):
    out = tmp_path / "a" / "out"
    folders.write(out, {"index.md": b"1", "p/x/index.md": b"2", "p/x/pictures/y.svg": b"3"})
    (out / "zensical.toml").write_text("mine")
    folders.write(out, {"index.md": b"4", "p/z.md": b"5"})
    assert held(out) == {"index.md": b"4", "p/z.md": b"5", "zensical.toml": b"mine"}
    assert not (out / "p/x").exists()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


REFUSED = {
    "not empty": lambda out: _write(out / "mine.txt", "x"),
    "is a file": lambda out: _write(out, "x"),
    "is not ours": lambda out: (folders.write(out, {}), _write(out / "index.md", "mine")),
    "was changed": lambda out: (
        folders.write(out, {"index.md": b"0"}),
        _write(out / "index.md", "mine"),
    ),
    "leads out": lambda out: _write(out / folders.LIST, '{"files": {"../precious": "0"}}'),
    "through a link": lambda out: (
        folders.write(out, {"en/index.md": b"0"}),
        (out / "en/index.md").unlink(),
        (out / "en").rmdir(),
        (out / "en").symlink_to(out.parent),
    ),
    "no list": lambda out: _write(out / folders.LIST, "[]"),
    "is a folder": lambda out: (folders.write(out, {}), (out / "index.md").mkdir()),
}


@pytest.mark.parametrize(("said", "before"), REFUSED.items(), ids=REFUSED)
def test_what_somebody_else_wrote_is_never_touched(said, before, tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "index.md").write_text("precious")
    out = tmp_path / "out"
    before(out)
    everything = held(tmp_path)
    with pytest.raises(ExportError, match=said):
        folders.write(out, {"index.md": b"new", "en/index.md": b"new"})
    assert held(tmp_path) == everything


# ---- posts -------------------------------------------------------------------------------------


def check_files(folder: Path) -> None:
    """Every link and every picture of the exported pages leads to a file that is there."""
    for page in folder.rglob("*.md"):
        text = page.read_text("utf-8")
        assert "$$" not in re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), page
        shown = html.fragment_fromstring(markdown(text, extensions=ELSEWHERE), create_parent="div")
        ids = {element.get("id") for element in shown.iter()}
        for address in shown.xpath("//a/@href | //img/@src"):
            path, _, fragment = unquote(address).partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            goal = (page.parent / path) if path else page
            assert goal.is_file(), f"{page}: {address}"
            if fragment and not path:
                assert fragment in ids or fragment in text.lower(), f"{page}: {address}"
        for picture in shown.iter("img"):
            assert picture.get("alt") is not None


def test_every_post_of_this_blog_is_exported_with_all_its_code(built_site, tmp_path):
    notes = [
        Note(
            source=path.relative_to(ROOT).as_posix(),
            below=f"posts/{path.name}",
            made=f"{prefix}posts/{path.stem}/index.html",
            is_post=True,
            language=key,
            tag=tag,
            name=name,
            site_url="http://backprop.example.org/",
            site_name="Backprop",
        )
        for key, tag, name, prefix in (
            ("en", "en", "English", "en/"),
            ("zh", "zh-Hans", "中文", ""),
        )
        for path in sorted((ROOT / "docs" / key / "posts").glob("*.md"))
    ]
    folders.write(tmp_path / "out", collect(ROOT, built_site, notes))
    check_files(tmp_path / "out")
    for note in notes:
        text = (tmp_path / "out" / target(note)).read_text("utf-8")
        bare = re.sub(r"\s*# ✓ .*", "", text)
        for fence in scan((ROOT / note.source).read_text("utf-8")).fences:
            if fence.language in ("python", "output") and not fence.has("exercise"):
                assert f"\n{fence.code.strip(chr(10))}\n" in bare, f"{note.source}:{fence.line}"
        rows = text.count("\n    ∎ ") + text.count("\n    ✓ ")
        assert (rows > 0) == ("/// derivation" in (ROOT / note.source).read_text("utf-8"))


@pytest.fixture
def blog(tested_blog, tmp_path):
    """A new blog in two languages, of its own."""
    return shutil.copytree(tested_blog[0], tmp_path / "blog", symlinks=True)


def test_a_new_blog_is_exported_and_zensical_shows_it(blog, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(blog)
    docs = tmp_path / "docs"
    assert main(["export", str(docs)]) == 0, capsys.readouterr().err
    assert "3 pages" in capsys.readouterr().out
    check_files(docs)
    first = (docs / "en/posts/first/index.md").read_text("utf-8")
    assert first.startswith("---\ndate: ")
    assert "[中文](../../../zh/posts/first/index.md)" in first
    for sign in (
        "# ✓ (",
        "*Output*",
        "∎ proved for all sizes",
        "green: forward: value",
        "rounded box: operation",
        "pictures/graph-",
        "pictures/figure",
    ):
        assert sign in first, sign
    (tmp_path / "zensical.toml").write_text('[project]\nsite_name = "Notes"\n')
    subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"], cwd=tmp_path, check=True
    )
    page = tmp_path / "site/en/posts/first/index.html"
    shown = html.document_fromstring(page.read_text("utf-8")).find(".//article")
    assert "/// " not in shown.text_content()
    assert "```" not in shown.text_content()
    fences = [fence for fence in scan(first).fences if fence.language in ("python", "text")]
    codes = [code.text_content() for code in shown.iter("code") if code.getparent().tag == "pre"]
    assert [code.rstrip("\n") for code in codes] == [fence.code.rstrip("\n") for fence in fences]
    sources = shown.xpath(".//img/@src")
    assert len(sources) == first.count("<img ")
    assert all((page.parent / unquote(source)).is_file() for source in sources)

    # Among the pages of the blog there is no place for it.
    assert main(["export", str(blog / "docs/en/export")]) == 2
    assert "lie in one another" in capsys.readouterr().err
    assert not (blog / "docs/en/export").exists()
    # A fault ends the next one, which leaves what there is.
    before = held(docs)
    post = blog / "docs/en/posts/first.md"
    good = post.read_text("utf-8")
    line = next(n for n, text in enumerate(good.split("\n"), 1) if text.startswith("```output")) + 1
    lines = good.split("\n")
    lines[line - 1] += "9"
    post.write_text("\n".join(lines), "utf-8")
    assert main(["export", str(docs)]) == 2
    assert re.search(r"docs/en/posts/first\.md:\d+: ", capsys.readouterr().err)
    assert held(docs) == before
    post.write_text(good, "utf-8")
    listed = json.loads((docs / folders.LIST).read_text("utf-8"))["files"]
    assert set(listed) == set(before)
