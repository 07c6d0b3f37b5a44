"""The preset `backprop/blog` and the theme: what they set, and what an author may change."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from backprop.site.blog import defaults
from backprop.site.blog.complete import complete
from backprop.site.building import whole
from backprop.site.building.aside import aside
from tests.conftest import ROOT, differences
from tests.site.project import Project

SHORT = """\
site_name: Notes
site_url: https://notes.example.org/
theme: {name: backprop}
nav: [{Posts: index.md}, {About: about.md}]
plugins:
  - backprop/blog
"""


def completed(text: str, folder: Path = ROOT, language: str | None = None) -> dict:
    return complete(yaml.safe_load(text), folder, language)


def names(entries: list) -> list[str]:
    return [next(iter(e)) if isinstance(e, dict) else e for e in entries]


def options(settings: dict, name: str, key: str = "plugins") -> dict:
    return next(e[name] for e in settings[key] if isinstance(e, dict) and name in e)


def test_the_entry_of_the_preset_stands_for_its_list():
    text = SHORT.replace("  - backprop/blog", "  - mine\n  - backprop/blog\n  - other\n  - other")
    found = names(completed(text)["plugins"])
    preset = [name for name in defaults.plugins("en") if name not in defaults.ON_REQUEST]
    assert found == ["mine", *preset, "other", "other"]


@pytest.mark.parametrize("name", ["blog", "backprop/blog", "material/blog"])
def test_options_of_the_blog_may_stand_with_either_name(name):
    text = SHORT.replace("  - backprop/blog", f"  - {name}: {{pagination_per_page: 3}}")
    if name == "material/blog":
        text += "  - blog\n"
    blog = options(completed(text), "material/blog")
    assert blog == {**defaults.plugins("en")["material/blog"], "pagination_per_page": 3}


@pytest.mark.parametrize("name", ["search", "material/search", "backprop/search"])
def test_what_an_author_writes_changes_that_option_alone(name):
    text = (
        SHORT + f"  - {name}: {{pipeline: [trimmer]}}\nvalidation: {{links: {{anchors: info}}}}\n"
    )
    text += "markdown_extensions: [{toc: {permalink: '§'}}, smarty]\n"
    found = completed(text)
    search = options(found, "material/search")
    assert search["pipeline"] == ["trimmer"]
    assert search["separator"] == defaults.SEPARATOR
    assert names(found["plugins"]).count("material/search") == 1
    assert found["validation"]["links"] == {**defaults.VALIDATION["links"], "anchors": "info"}
    toc = options(found, "toc", "markdown_extensions")
    assert toc["permalink"] == "§"
    assert toc["permalink_title"] == "Link to this section"
    assert names(found["markdown_extensions"])[-1] == "smarty"


def test_the_first_language_names_the_folder_and_the_words(tmp_path):
    (tmp_path / "docs/zh").mkdir(parents=True)
    text = SHORT + "  - backprop/languages: {languages: {zh: , en: {site_name: Notes}}}\n"
    found = completed(text, tmp_path)
    assert found["docs_dir"] == "docs/zh"
    assert found["theme"]["language"] == "zh"
    assert options(found, "material/search").items() >= defaults.SEARCH["zh"].items()
    english = completed(text, tmp_path, "en")
    assert options(english, "material/search").items() >= defaults.SEARCH["en"].items()
    assert english["theme"]["palette"][1]["toggle"]["name"] == "Light (switch to dark)"
    assert found["theme"]["palette"][1]["toggle"]["name"] != "Light (switch to dark)"


def write(project: Project, settings: str) -> None:
    project.config = yaml.safe_load(settings)
    for path in sorted(project.root.glob("docs/en/posts/*.md")):
        path.unlink()
    project.write("docs/en/index.md", "# Notes\n")
    project.write("docs/en/about.md", "# About\n\nText.\n")
    project.write(
        "docs/en/posts/one.md", "---\ndate: 2024-01-01\ntags: [one]\n---\n# One\n\nText.\n"
    )


def test_the_preset_builds_what_its_settings_written_out_build(project, monkeypatch):
    """Two builds of a small blog in one language: five lines, and everything in full."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    asides: list[str] = []

    def noted(config):
        asides.append(config.site_dir)
        return aside(config)

    monkeypatch.setattr(whole, "aside", noted)
    write(project, SHORT)
    result = project.build("--strict")
    assert result.code == 0, result
    assert asides == [str(project.site)]  # what stands for the whole build knows of it in time
    short = project.site.rename(project.root / "short")
    assert (short / "posts/one/index.html").is_file()
    assert (short / "feed_rss_created.xml").is_file()
    written = completed(SHORT, project.root)
    toc = options(written, "toc", "markdown_extensions")
    toc["slugify"] = "@"
    text = yaml.safe_dump(written, allow_unicode=True, sort_keys=False)
    tag = "!!python/name:markdown.extensions.toc.slugify_unicode"
    project.write("mkdocs.yml", text.replace("'@'", tag))
    monkeypatch.setattr(project, "save", lambda: None)
    result = project.build("--strict")
    assert result.code == 0, result
    assert differences(short, project.site) == []


def test_parts_can_be_switched_off_and_others_come_in_their_place(project):
    project.write("hook.py", "def on_page_content(html, **_):\n    return html + '<p>hooked</p>'\n")
    settings = SHORT + "  - rss: {enabled: false}\n  - backprop/pages: {cards: false}\n"
    write(project, settings + "hooks: [hook.py]\nextra_css: [own.css]\n")
    project.write("docs/en/own.css", ".own{color:red}")
    result = project.build("--strict")
    assert result.code == 0, result
    assert not (project.site / "feed_rss_created.xml").exists()
    page = project.page("posts/one")
    assert page.count("<p>hooked</p>") == 1
    assert "One" in page


@pytest.mark.parametrize(
    ("nav", "first"),
    [
        ("nav: [{More: [{Words: words.md}]}, {About: about.md}, {One: posts/one.md}]\n", "words"),
        ("", "about"),
    ],
)
def test_without_a_list_of_posts_the_first_page_is_the_first_page(project, nav, first):
    """In each language; links lead there, and so does the address that the page had."""
    settings = SHORT.replace("backprop/blog", "backprop/blog: {enabled: false}")
    settings = settings.replace("nav: [{Posts: index.md}, {About: about.md}]\n", nav)
    write(project, settings + "  - backprop/languages: {languages: {en: , zh: {nav: }}}\n")
    for folder in ("docs/en", "docs/zh"):
        (project.root / folder / "index.md").unlink()
    for path in project.root.glob("docs/zh/posts/*.md"):
        path.unlink()
    project.write("docs/en/words.md", "# Words\n\n[About](about.md)\n")
    project.write("docs/zh/words.md", "# 词\n\n[关于](about.md)\n")
    project.write("docs/en/posts/one.md", "# One\n\n[About](../about.md) [Words](../words.md)\n")
    result = project.build("--strict")
    assert result.code == 0, result
    title = {"words": "Words", "about": "About"}[first]
    assert f">{title}<" in project.page("") or f'>{title}<a class="headerlink"' in project.page("")
    assert '<h1 id="关于">' in project.page("zh")
    moved = project.page(first)
    assert 'content="0; url=../"' in moved
    assert 'href="../../"' in project.page("posts/one")
    sitemap = (project.site / "sitemap.xml").read_text("utf-8")
    assert "<loc>https://notes.example.org/</loc>" in sitemap
    assert f"notes.example.org/{first}/" not in sitemap


def test_a_mistake_in_an_option_names_the_option(project):
    write(project, SHORT.replace("backprop/blog", "backprop/blog: {post_dri: x}"))
    result = project.build("--strict")
    assert result.code == 1
    assert "post_dri" in result.output


def test_another_theme_is_refused_with_the_line_to_write(project):
    write(project, SHORT.replace("name: backprop", "name: readthedocs"))
    result = project.build("--strict")
    assert result.code == 1
    assert "theme: {name: backprop}" in result.output
