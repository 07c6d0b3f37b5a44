"""One build gives every language: pages, heads, switcher, sitemaps, search, feeds."""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin

import pytest
from lxml import etree, html

from backprop.site.languages.nested import merge

NOTES = "https://notes.example.org/"


def parse(text):
    return html.document_fromstring(text.encode())


def alternates(text):
    """What search engines read: language tag -> address."""
    links = parse(text).xpath("//head/link[@rel='alternate'][@hreflang]")
    found = {link.get("hreflang"): link.get("href") for link in links}
    assert len(found) == len(links)
    return found


def switcher(text):
    """Where the switcher of Material's header leads: language tag -> href."""
    links = parse(text).xpath("//header//a[@hreflang]")
    return {link.get("hreflang"): link.get("href") for link in links}


def test_each_language_is_a_whole_site(standard):
    project = standard
    for prefix, tag, title, date, archive in (
        ("", "zh-Hans", "梯度", "2017年3月30日", "归档"),
        ("en", "en", "Gradients", "March 30, 2017", "Archive"),
    ):
        home = parse(project.page(prefix))
        assert home.get("lang") == tag
        text = home.text_content()
        assert title in text
        assert date in text
        assert archive in text
        post = project.page(f"{prefix}/posts/gradients")
        assert parse(post).get("lang") == tag
        assert date in post
        assert (project.site / prefix / "archive/2017/index.html").is_file()
        assert (project.site / prefix / "404.html").is_file()
    assert "Gradients" not in project.page("")
    assert "梯度" not in project.page("en")
    assert "<title>Notes</title>" in project.page("en")
    assert (project.site / "category/反向传播/index.html").is_file()
    assert (project.site / "en/category/backpropagation/index.html").is_file()
    assert not (project.site / "category/backpropagation").exists()


@pytest.mark.parametrize("source", ["", "about/", "posts/gradients/", "archive/2017/"])
def test_pages_know_their_translations(standard, source):
    project = standard
    expected = {
        "zh-Hans": NOTES + source,
        "en": NOTES + "en/" + source,
        "x-default": NOTES + source,
    }
    for prefix in ("", "en/"):
        page = project.page(prefix + source)
        assert alternates(page) == expected
        canonical = parse(page).xpath("//link[@rel='canonical']/@href")
        assert canonical == [NOTES + prefix + source]
        links = {tag: urljoin(canonical[0], href) for tag, href in switcher(page).items()}
        assert links == {"zh-Hans": NOTES + source, "en": NOTES + "en/" + source}


def test_categories_are_matched_by_the_posts_that_have_them(standard):
    page = standard.page("en/category/backpropagation")
    assert alternates(page)["zh-Hans"].startswith(NOTES + "category/%E5%8F%8D")


def test_a_category_with_two_counterparts_has_none(project, built):
    for key, names in (("zh", ("甲", "乙")), ("en", ("Same", "Same"))):
        for i, name in enumerate(names):
            project.post(key, f"p{i}", title=f"P{i}", category=name)
    built()
    assert alternates(project.page("en/category/same")) == {}


def test_a_page_without_translation_says_so(project, built):
    project.write("docs/zh/only.md", "# 只有中文\n\n正文。\n")
    project.config["nav"].append({"只有中文": "only.md"})
    built()
    page = project.page("only")
    assert alternates(page) == {}
    assert switcher(page)["en"] == "../en/"
    note = parse(page).xpath("//article//*[contains(@class, 'bp-untranslated')]")[0]
    assert "English" in note.text_content()
    assert note.xpath(".//a/@href") == ["../en/"]
    assert note.xpath(".//span/@lang") == ["en"]
    # Below the title, and no part of what the search finds.
    assert page.index("</h1>") < page.index("bp-untranslated")
    index = json.loads(project.text("search/search_index.json"))
    assert not any("available" in entry["text"] for entry in index["docs"])
    assert "bp-untranslated" not in project.page("about")


def test_sitemaps_name_translations_and_robots_names_sitemaps(standard):
    project = standard
    spaces = {
        "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
        "x": "http://www.w3.org/1999/xhtml",
    }
    for prefix in ("", "en/"):
        tree = etree.fromstring(project.text(f"{prefix}sitemap.xml").encode())
        urls = {u.findtext("s:loc", namespaces=spaces): u for u in tree.iterfind("s:url", spaces)}
        assert NOTES + prefix + "posts/gradients/" in urls
        assert all(address.startswith(NOTES + prefix) for address in urls)
        url = urls[NOTES + prefix + "posts/gradients/"]
        links = {a.get("hreflang"): a.get("href") for a in url.iterfind("x:link", spaces)}
        assert links == {
            "zh-Hans": NOTES + "posts/gradients/",
            "en": NOTES + "en/posts/gradients/",
            "x-default": NOTES + "posts/gradients/",
        }
        assert url.findtext("s:lastmod", namespaces=spaces) == "2017-03-30"
    robots = project.text("robots.txt")
    assert f"Sitemap: {NOTES}sitemap.xml\n" in robots
    assert f"Sitemap: {NOTES}en/sitemap.xml\n" in robots


def test_robots_of_the_author_stays(project, built):
    project.write("docs/zh/robots.txt", "User-agent: *\nDisallow: /\n")
    built()
    assert project.text("robots.txt") == "User-agent: *\nDisallow: /\n"


def test_search_indexes_are_apart(standard):
    project = standard
    for prefix, own, other in (("", "梯度", "Gradients"), ("en/", "Gradients", "梯度")):
        index = project.text(f"{prefix}search/search_index.json").replace("\\u200b", "")
        index = json.loads(index)
        titles = [entry["title"] for entry in index["docs"]]
        assert own in titles
        assert other not in titles


def test_feeds_are_apart_and_links_in_them_lead_to_the_site(project, built):
    project.config["plugins"].append(
        {
            "rss": {
                "match_path": "posts/.*",
                "use_git": False,
                "abstract_chars_count": -1,
                "cache_dir": ".cache/feed",
                "date_from_meta": {"as_creation": "published", "as_update": "updated"},
            }
        }
    )
    project.post(
        "zh", "gradients", title="梯度", text="[English](../../en/posts/gradients.md#more)"
    )
    dates = "{created: 2018-01-01, updated: 2019-01-01}"
    project.post("en", "late", title="Late", date=dates, head="slug: late\nlanguages: [en]")
    built()
    for prefix, own in (("", ["梯度"]), ("en/", ["Late", "Gradients"])):
        feed = etree.fromstring(project.text(f"{prefix}feed_rss_created.xml").encode())
        assert [item.text for item in feed.iterfind(".//item/title")] == own
        assert feed.findtext(".//channel/link") == NOTES + prefix
        assert feed.find(".//image") is None
    chinese = project.text("feed_rss_created.xml")
    assert f"{NOTES}en/posts/gradients/#more" in chinese
    assert "01 Jan 2019" in project.text("en/feed_rss_updated.xml")


def test_below_a_path(project, built):
    project.config["site_url"] = "https://example.org/notes/"
    built()
    page = project.page("posts/gradients")
    assert alternates(page)["en"] == "https://example.org/notes/en/posts/gradients/"
    assert switcher(page)["en"] == "../../en/posts/gradients/"
    links = switcher(project.text("404.html"))
    assert links["en"] == "/notes/en/"
    assert "Sitemap: https://example.org/notes/en/sitemap.xml" in project.text("robots.txt")


def test_without_an_address(project):
    del project.config["site_url"]
    assert project.build().code == 0
    page = project.page("posts/gradients")
    assert alternates(page)["en"] == "../../en/posts/gradients/"
    assert switcher(page)["en"] == "../../en/posts/gradients/"
    assert not (project.site / "robots.txt").exists()


def test_files_instead_of_folders(built):
    project = built("--no-directory-urls")
    page = project.text("posts/gradients.html")
    assert alternates(page)["en"] == NOTES + "en/posts/gradients.html"
    assert switcher(page)["en"] == "../en/posts/gradients.html"
    assert switcher(project.text("en/index.html"))["zh-Hans"] == "../index.html"


def test_a_third_language_is_one_block_and_one_folder(project, built):
    project.languages["fr"] = {
        "name": "Français",
        "site_name": "Carnet",
        "nav": [{"Articles": "index.md"}],
        "words": {"unavailable": "Cette page n'existe pas en français."},
    }
    project.write("docs/fr/index.md", "# Carnet\n")
    project.post("fr", "gradients", title="Gradients à rebours", category="Rétropropagation")
    built()
    post = project.page("fr/posts/gradients")
    assert parse(post).get("lang") == "fr"
    assert "30 mars 2017" in post
    expected = {
        "zh-Hans": NOTES + "posts/gradients/",
        "en": NOTES + "en/posts/gradients/",
        "fr": NOTES + "fr/posts/gradients/",
        "x-default": NOTES + "posts/gradients/",
    }
    for prefix in ("", "en/", "fr/"):
        assert alternates(project.page(prefix + "posts/gradients")) == expected
    about = project.page("en/about")
    assert set(alternates(about)) == {"zh-Hans", "en", "x-default"}
    assert switcher(about)["fr"] == "../../fr/"
    assert "Cette page n'existe pas en français." in html.document_fromstring(about).text_content()
    assert f"{NOTES}fr/sitemap.xml" in project.text("robots.txt")


def test_another_theme_and_no_blog(project, built):
    """The plugin asks for nothing but MkDocs."""
    project.config["theme"] = {"name": "mkdocs"}
    project.config["plugins"] = project.config["plugins"][:1]
    project.languages["en"]["plugins"] = {}
    built()
    page = project.page("en/about")
    assert parse(page).get("lang") == "en"
    assert alternates(page) == {
        "zh-Hans": NOTES + "about/",
        "en": NOTES + "en/about/",
        "x-default": NOTES + "about/",
    }


def test_theme_of_the_command_line_holds_for_all(project, built):
    project.config["plugins"] = project.config["plugins"][:1]
    project.config["theme"] = {"name": "material", "language": "zh"}
    built("--theme", "readthedocs")
    for prefix in ("", "en/"):
        assert "wy-nav" in project.page(prefix + "about")


def test_options_of_the_command_line_reach_every_language(project, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    project.save()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert project.build("-f", "../mkdocs.yml", "--site-dir", str(tmp_path / "out")).code == 0
    assert (tmp_path / "out/en/posts/gradients/index.html").is_file()
    # Nothing is written beside: neither the site nor what plugins need.
    assert list((tmp_path / "elsewhere").iterdir()) == []
    project.site = tmp_path / "out"

    # Only what changed is written again.
    untouched = project.site / "en/about/index.html"
    untouched.write_text("as it was")
    project.post("en", "gradients", title="Changed")
    run = project.build("-f", "../mkdocs.yml", "--site-dir", str(tmp_path / "out"), "--dirty")
    assert run.code == 0, run
    assert untouched.read_text() == "as it was"
    assert "Changed" in project.page("en/posts/gradients")


def test_settings_merge_deeply_those_of_plugins_as_well():
    below = {"kept": 1, "changed": {"deep": 1, "deeper": [1, 2]}}
    base = {"extra": below, "plugins": ["search", {"own": below}], "nav": [1]}
    over = {"changed": {"deeper": [3]}}
    merged = {"kept": 1, "changed": {"deep": 1, "deeper": [3]}}
    assert merge(base, {"extra": over, "plugins": {"own": over}, "nav": [2]}) == {
        "extra": merged,
        "plugins": [{"search": {}}, {"own": merged}],
        "nav": [2],
    }


def test_settings_of_a_language_reach_its_pages(project, built):
    project.languages["en"]["plugins"] = {"search": {"pipeline": ["stemmer"]}}
    project.languages["en"]["markdown_extensions"] = {"toc": {"permalink": "¶"}}
    project.config["markdown_extensions"] = ["admonition", {"toc": {"permalink": "#"}}]
    built()
    chinese, english = (project.text(f"{p}search/search_index.json") for p in ("", "en/"))
    assert json.loads(chinese)["config"]["lang"] == ["en"]
    assert json.loads(english)["config"]["lang"] == ["en"]
    assert json.loads(english)["config"]["pipeline"] == ["stemmer"]
    mark = re.compile(r'class="headerlink"[^>]*>(.)<')
    assert mark.findall(project.page("posts/gradients"))[0] == "#"
    assert mark.findall(project.page("en/posts/gradients"))[0] == "¶"
