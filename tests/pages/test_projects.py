"""The plugin in somebody else's MkDocs project, built by the real mkdocs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from backprop.site.pages.mends import MENDS

SETTINGS = """\
site_name: Somebody's site
site_url: https://example.net/project/
repo_url: https://git.example.net/project
theme:
  name: material
  font: false
  logo: logo.svg
  features: [navigation.instant, navigation.instant.progress, navigation.sections]
plugins:
  - search
  - tags
  - blog: {pagination_per_page: 1}
  - backprop/pages%s
extra_css: [css/own.css]
nav:
  - Home: index.md
  - Part: [deep/page.md]
  - Blog: [blog/index.md]
"""
POST = """\
---
date: 2024-0%d-01
tags: [one]
---
# Post %d

First words of it.

<!-- more -->

The rest.
"""
FILES = {
    "index.md": "# Home\n\nThe first paragraph is what others are told about this page.\n",
    "deep/page.md": "---\ndescription: Mine\n---\n# Page\n\n<div class='mine'>Text</div>\n",
    "css/own.css": ".mine{background:url(../logo.svg)}.unused-rule{color:red}",
    "logo.svg": "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/>",
    "blog/index.md": "# Blog\n",
    "blog/posts/one.md": POST % (1, 1),
    "blog/posts/two.md": POST % (2, 2),
}


def build(
    folder: Path,
    *,
    options: str = "",
    files: dict[str, str] | None = None,
    settings: str = SETTINGS,
) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    (folder / "mkdocs.yml").write_text(settings.replace("%s", options), "utf-8")
    for name, text in {**FILES, **(files or {})}.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "true", "SOURCE_DATE_EPOCH": "1700000000"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def pages(site):
    return sorted(site.rglob("*.html"))


def test_every_page_carries_the_same_policy(project):
    metas = {re.search(r"<meta http-equiv[^>]*>", p.read_text("utf-8"))[0] for p in pages(project)}
    assert len(metas) == 1
    assert "unsafe-eval" not in metas.pop()


def test_every_page_links_to_one_small_stylesheet_that_exists(project):
    names = set()
    for page in pages(project):
        links = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.read_text("utf-8"))
        assert len(links) == 1, page
        own = links[0].startswith("/project/")  # the 404 page may be shown anywhere
        path = project / links[0][len("/project/") :] if own else page.parent / links[0]
        names.add(path.resolve())
    (sheet,) = names
    css = sheet.read_text("utf-8")
    assert '.mine{background:url("../../logo.svg")}' in css
    assert "unused-rule" not in css
    assert len(css) < 100_000


def test_descriptions_come_from_the_page(project):
    def description(path):
        html = (project / path).read_text("utf-8")
        return re.search(r'<meta name="description" content="([^"]*)"', html)[1]

    assert description("deep/page/index.html") == "Mine"
    assert description("blog/2024/01/01/post-1/index.html").startswith("First words of it.")


def test_pages_say_what_they_are(project):
    kinds = {}
    for page in pages(project):
        found = re.search(
            r'<script type="application/ld\+json">(.*?)</script>', page.read_text("utf-8")
        )
        if found:
            about = json.loads(found[1])
            assert about["url"].startswith("https://example.net/project/")
            kinds[page.relative_to(project).as_posix()] = about["@type"]
    assert kinds["index.html"] == "Blog"
    assert kinds["deep/page/index.html"] == "WebPage"
    assert kinds["blog/2024/01/01/post-1/index.html"] == "BlogPosting"


def test_a_post_shows_its_date_below_its_title_and_then_its_tags(project):
    html = (project / "blog/2024/01/01/post-1/index.html").read_text("utf-8")
    article = html[html.index("<article") :]
    assert re.search(
        r'</h1>\s*<ul class="bp-byline"><li[^>]*><time[^>]*>January 1, 2024</time></li>.*?</ul>'
        r'\s*<div class="md-tags"',
        article,
        re.DOTALL,
    )


@pytest.mark.parametrize("mend", MENDS, ids=lambda mend: mend.fault)
def test_each_fault_is_in_material_and_is_mended(mend, tmp_path_factory, project):
    """A row that finds nothing in Material's own pages is no longer needed."""
    plain = tmp_path_factory.getbasetemp() / "plain"
    if not plain.exists():
        assert build(plain, settings=SETTINGS.replace("  - backprop/pages", "")).returncode == 0
    before = [p for p in pages(plain / "site") if re.search(mend.find, p.read_text("utf-8"), re.S)]
    assert before
    for page in before:
        after = project / page.relative_to(plain / "site")
        html = re.sub(mend.find, mend.replace, page.read_text("utf-8"), flags=re.S)
        assert not re.search(mend.find, after.read_text("utf-8"), re.S) or html == after.read_text()


def test_what_the_policy_would_refuse_fails_a_strict_build(tmp_path):
    image = "# Home\n\n![An image](https://media.example.com/a.png)\n"
    button = "# Page\n\n<button onclick='go()'>Go</button>\n"
    done = build(tmp_path / "a", files={"index.md": image, "deep/page.md": button})
    assert done.returncode == 1
    assert re.search(r"index\.md.*https://media\.example\.com/a\.png", done.stderr)
    assert re.search(r"deep/page\.md.*onclick", done.stderr)


def test_a_host_can_be_allowed(tmp_path):
    image = "# Home\n\n![An image](https://media.example.com/a.png)\n"
    allowed = ":\n      allow: [https://media.example.com]"
    done = build(tmp_path / "a", files={"index.md": image}, options=allowed)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "a/site/index.html").read_text("utf-8")
    assert "img-src 'self' https://media.example.com data:" in html


def test_two_builds_are_equal_to_the_byte(project, tmp_path):
    done = build(tmp_path / "again")
    assert done.returncode == 0, done.stderr
    again = tmp_path / "again" / "site"
    names = sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(project) for p in project.rglob("*") if p.is_file())
    for name in names:
        assert (project / name).read_bytes() == (again / name).read_bytes(), name


def test_each_part_can_be_switched_off(tmp_path):
    off = (
        ":\n      content_security_policy: false\n      one_stylesheet: false"
        "\n      late_scripts: false\n      reading_time: false\n      cards: false"
    )
    done = build(tmp_path / "a", options=off)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "a/site/index.html").read_text("utf-8")
    assert "Content-Security-Policy" not in html
    assert "assets/stylesheets/main." in html
    assert '<script src="assets/javascripts/bundle.' in html
