"""The site of this repository as files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import etree, html

from tests import samples
from tests.conftest import build_site, differences

LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}
"""Elements that load what they name; so do links of the kinds below."""

LINKS = {"stylesheet", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch", "icon"}


def pages(site):
    return sorted(site.rglob("*.html"))


@samples.long  # small sites are compared in rooms of their own
def test_two_builds_are_the_same_to_the_byte(built_site, tmp_path):
    again = tmp_path / "again"
    build_site(again, PYTHONHASHSEED="7", TZ="Asia/Shanghai")
    assert differences(built_site, again) == []


@pytest.mark.parametrize("prefix", ["", "en"])
def test_what_a_reader_expects_is_there(built_site, prefix):
    for path in ("", "about", "tags", "posts/backward", "archive", "archive/2017", "category"):
        assert (built_site / prefix / path / "index.html").is_file()
    for path in ("404.html", "sitemap.xml", "feed_rss_created.xml", "search/search_index.json"):
        assert (built_site / prefix / path).is_file()


@pytest.mark.parametrize("prefix", ["", "en"])
def test_feeds_carry_whole_posts(built_site, prefix):
    """As any reader shows them: formulas as TeX, addresses in full, nothing that needs a style."""
    feed = etree.fromstring((built_site / prefix / "feed_rss_created.xml").read_bytes())
    items = feed.findall(".//item")
    texts = [item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") for item in items]
    assert len(items) > 10
    about = json.loads((built_site / prefix / "feed_json_created.json").read_text("utf-8"))
    assert texts == [item["content_html"] for item in about["items"]]
    assert None not in about.values()
    # Nobody is named as the author: it is the blog, as in the metadata of its pages.
    assert [one["name"] for one in about["authors"]] == [about["title"]]
    assert any("<code>$" in text and "\\begin{align" in text for text in texts)
    for item, text in zip(items, texts, strict=True):
        tree = html.fromstring(f"<div>{text}</div>")
        assert len(tree.text_content()) > 5 * len(item.findtext("description"))
        assert not re.findall(r"<mjx-|\b(?:class|style|id)=\"|<(?:svg|script|button)", text)
        links = tree.xpath("//@href | //@src")
        assert not [link for link in links if not link.startswith(("http", "mailto:"))]


def test_no_raw_formula_is_left(built_site):
    """Code, and the hidden TeX that a reader copies, aside."""
    for path in pages(built_site):
        tree = html.document_fromstring(path.read_bytes())
        for hidden in tree.xpath("//pre | //code | //script | //style | //mjx-tex"):
            hidden.drop_tree()
        text = tree.text_content()
        assert "$$" not in text, path
        assert "\\begin{" not in text, path


def test_nothing_loads_from_another_host(built_site):
    for path in pages(built_site):
        tree = html.document_fromstring(path.read_bytes())
        loaded = [e.get(LOADS[e.tag]) for e in tree.iter(*LOADS)]
        loaded += [
            e.get("href") for e in tree.iter("link") if LINKS & set(e.get("rel", "").split())
        ]
        hosts = {urlsplit(address).netloc for address in loaded if address}
        assert hosts <= {""}, path
        assert not [s for s in loaded if s and "mathjax" in s.lower() and s.endswith(".js")], path
    for path in built_site.rglob("*.css"):
        addresses = re.findall(r"url\(\s*['\"]?([^'\")]+)", path.read_text("utf-8"))
        assert not [a for a in addresses if a.startswith(("http:", "https:", "//"))], path


def test_nothing_of_the_machine_that_built_it(built_site):
    for path in built_site.rglob("*"):
        if path.suffix in {".html", ".xml", ".json", ".css", ".js", ".txt"}:
            text = path.read_text("utf-8")
            assert str(built_site) not in text, path
            assert str(Path.home()) + "/" not in text, path
