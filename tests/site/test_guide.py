"""The guide for authors and the reference: complete, and true."""

from __future__ import annotations

import importlib
import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from lxml import html
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig

import backprop
from backprop.derivations.__main__ import main as verify
from backprop.program.fences import Fence, scan
from backprop.program.headers import LAYOUT, MATERIAL
from backprop.program.kinds import KINDS, LANGUAGES
from tests.conftest import ROOT

LANGS = ("en", "zh")
# pytest-markdown-docs and pymdownx know these; authors of this site do not need them live.
NOT_LIVE = {"continuation", "mermaid", "title_mode"}
PLUGINS = {
    "blog": "backprop.site.blog.plugin:BlogOptions",
    "posts": "backprop.site.posts.plugin:PostsConfig",
    "mathematics": "backprop.site.mathematics.plugin:MathematicsConfig",
    "derivations": "backprop.site.derivations.plugin:DerivationsConfig",
    "languages": "backprop.site.languages.options:LanguagesOptions",
    "pages": "backprop.site.pages.plugin:PagesOptions",
}
A_PAGE = """\
# A page

```python
print(1 + 1)
```

/// derivation
Let $x > 0$ and $y = x^2$.

$$
\\frac{d y}{d x} = 2 x
$$
///
"""


def guide(lang: str) -> str:
    return (ROOT / "docs" / lang / "writing.md").read_text("utf-8")


def shown(lang: str, language: str) -> list[Fence]:
    """The fences of the guide in this language, those inside of an example left out."""
    return [fence for fence in scan(guide(lang)).fences if fence.language == language]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - NOT_LIVE))
def test_every_option_of_a_fence_is_live_in_the_guide_and_its_source_is_shown(lang, language):
    live = shown(lang, language)
    assert live, f"the guide has no live {language} fence"
    sources = [one for example in shown(lang, "markdown") for one in scan(example.code).fences]
    for fences in (live, [one for one in sources if one.language == language]):
        used = {name for fence in fences for name in (*fence.header.classes, *fence.options)}
        known = KINDS[language].classes | KINDS[language].options
        missing = known - used - NOT_LIVE
        if language == "pycon":  # its two classes are those of python
            missing -= KINDS["python"].classes
        assert not missing


@pytest.mark.parametrize("lang", LANGS)
def test_what_concerns_looks_is_named_in_the_guide(lang):
    text = guide(lang)
    for name in LAYOUT - NOT_LIVE:
        assert f'`{name}="' in text, name
    for name in MATERIAL:
        assert f"`.{name}`" in text, name
    assert "`.continuation`" in text
    assert "--update-outputs" in text


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_option_of_a_plugin_is_in_its_example(lang, plugin):
    module, name = PLUGINS[plugin].split(":")
    options = getattr(importlib.import_module(module), name)
    assert set(example(lang, plugin)) == {key for key, _ in options._schema}


def example(lang: str, plugin: str) -> dict:
    """The options in the example of `mkdocs.yml` for this plugin."""
    for fence in shown(lang, "yaml"):
        for entry in yaml.safe_load(fence.code)["plugins"]:
            if isinstance(entry, dict) and f"backprop/{plugin}" in entry:
                return entry[f"backprop/{plugin}"]
    raise AssertionError(f"no example for {plugin}")


@pytest.mark.parametrize("number", range(len(PLUGINS)))
def test_the_examples_of_mkdocs_yml_build(number, tmp_path, monkeypatch):
    text = shown("en", "yaml")[number].code
    docs = yaml.safe_load(text).get("docs_dir", "docs")
    for folder in {docs, docs.replace("zh", "en")}:
        (tmp_path / folder).mkdir(parents=True)
        page = A_PAGE if "derivations" in text else A_PAGE.split("///")[0]
        (tmp_path / folder / "index.md").write_text(page, "utf-8")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "mkdocs.yml").write_text(text, "utf-8")
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "true")
    monkeypatch.setenv("DISABLE_MKDOCS_2_WARNING", "true")
    monkeypatch.setattr(MkDocsConfig.plugins, "plugin_cache", {})
    config = load_config(str(tmp_path / "mkdocs.yml"), strict=True)
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    config.plugins.on_shutdown()
    assert "A page" in (tmp_path / "site/index.html").read_text("utf-8")


def provoked(lang: str) -> list[tuple[str, str, str, list[str]]]:
    """What the guide says goes wrong: the page's name, its text, the command, what that prints."""
    found = []
    fences = scan(guide(lang)).fences
    for page, said in itertools.pairwise(fences):
        name = page.options.get("title", "")
        if name.startswith("docs/") and page.language == "markdown":
            assert said.language == "text"
            lines = [line.strip() for line in said.code.split("\n")]
            found.append((name, page.code + "\n", said.options["title"], lines))
    return found


def test_messages_of_the_tests_are_quoted_as_they_are(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    cases = []
    for lang in LANGS:
        for number, (name, text, command, lines) in enumerate(provoked(lang)):
            if command == "pytest":
                cases += lines
                write(tmp_path / f"case-{number}" / name, text)
    assert len(cases) >= 8
    # The same page in two languages, and then not quite.
    for lang in LANGS:
        code = f"# A page\n\n```python\nprint({1 if lang == 'en' else 2})\n```\n"
        write(tmp_path / f"parity/docs/{lang}/posts/mine.md", code)
        cases += [
            fence.code
            for fence in shown(lang, "text")
            if "the code differs" in fence.code and fence.options["title"] == "pytest"
        ]
    options = ["-q", "--markdown-docs", "--markdown-docs-syntax=superfences", "-pno:cacheprovider"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    printed = re.sub(r"(case-\d+|parity)/", "", run.stdout)
    for line in cases:
        assert line in printed


@pytest.mark.parametrize("lang", LANGS)
def test_messages_about_derivations_are_quoted_as_they_are(lang, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    quoted = [case for case in provoked(lang) if "derivations" in case[2]]
    assert quoted
    for name, text, command, lines in quoted:
        write(tmp_path / name, text)
        assert verify(command.split("backprop.derivations ")[1].split()) == 1
        printed = capsys.readouterr().out
        for line in lines:
            assert line in printed


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("lang", LANGS)
def test_the_reference_has_every_public_name(built_site, lang):
    folder = built_site / ("" if lang == "zh" else lang) / "reference"
    index = (folder / "index.html").read_text("utf-8")
    pages = {path: html.parse(str(path)) for path in folder.rglob("*.html")}
    documented = {
        heading.get("id"): path
        for path, tree in pages.items()
        for heading in tree.xpath("//h2[@id] | //h3[@id]")
    }
    for name in backprop.__all__:
        assert f">bp.{name}<" in index, f"the overview does not name {name}"
        if name != "layers":
            value = getattr(backprop, name)
            ids = {f"backprop.{name}", f"{value.__module__}.{name}"}
            assert ids & set(documented), f"no page documents {name}"
    for name in backprop.layers.__all__:
        module = getattr(backprop.layers, name).__module__
        assert f"{module}.{name}" in documented


@pytest.mark.parametrize("prefix", ["", "en/"])
def test_every_layer_has_a_page_that_its_old_address_leads_to(built_site, prefix):
    """All layers stood on one page, which now leads from each of its anchors to a page's own."""
    folder = built_site / prefix / "reference/layers"
    index = html.parse(str(folder / "index.html"))
    for name in backprop.layers.__all__:
        anchor = f"{getattr(backprop.layers, name).__module__}.{name}"
        for ident in (anchor, anchor.rpartition(".")[0]):
            (there,) = index.xpath("//*[@id=$ident]", ident=ident)
            (link,) = there.xpath("ancestor-or-self::a/@href")
            target, _, fragment = link.partition("#")
            page = html.parse(str(folder / target / "index.html"))
            assert page.xpath("//*[@id=$ident]", ident=ident)
            assert fragment in ("", ident)
        drawn = " ".join("".join(page.xpath("//figure//text()")).split())
        if name.endswith("_forward") and name != "lstm_forward":
            assert f"def {name}(" in drawn, f"no graph of {name}"


@pytest.mark.parametrize("prefix", ["", "en/"])
def test_reference_and_guide_are_sound_pages(built_site, prefix):
    paths = [*(built_site / prefix / "reference").rglob("*.html")]
    for path in [*paths, built_site / prefix / "writing/index.html"]:
        tree = html.parse(str(path))
        levels = [
            int(heading.tag[1])
            for heading in tree.xpath(
                "//article//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6]"
            )
        ]
        assert levels[0] == 1
        assert levels.count(1) == 1
        steps = [later - earlier for earlier, later in itertools.pairwise(levels)]
        assert all(step <= 1 for step in steps), path
        text = path.read_text("utf-8")
        assert str(ROOT) not in text
        # The layers are there to be read and drawn; of the rest the signature is enough.
        layer = path.parent.parent.name == "layers"
        assert ("Source code in" in text) == layer, path
        assert bool(tree.xpath("//figure[contains(@class, 'bp-figure')]")) == layer or (
            path.parent.name == "writing"
        ), path
    # Docstrings are English on Chinese pages, too, and say so.
    words = html.parse(str(built_site / prefix / "reference/check/index.html"))
    assert words.xpath("//div[@lang='en'][contains(., 'Compare a handwritten backward')]")


@pytest.mark.parametrize("lang", LANGS)
def test_navigation_and_readme_lead_to_guide_and_reference(built_site, lang):
    page = html.parse(str(built_site / ("" if lang == "zh" else lang) / "index.html"))
    links = page.xpath("//nav//a/@href")
    assert any(re.search(r"(^|/)writing/$", link) for link in links)
    assert any(re.search(r"(^|/)reference/", link) for link in links)
    assert f"docs/{lang}/writing.md" in (ROOT / "README.md").read_text("utf-8")
