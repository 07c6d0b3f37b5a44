"""The site as readers meet it: in a browser, in both languages."""

from __future__ import annotations

import json
import random
import re
from urllib.parse import urlsplit

import lxml.html
import pytest
from playwright.sync_api import TimeoutError

from tests.samples import ALL, sampled
from tests.site.project import Project

POST = "posts/backward/"
WIDTHS = (390, 1280)


def go_instantly(page, selector):
    """Follow a link that instant navigation must take: the window is not loaded anew."""
    page.mouse.move(300, 300)  # the first move starts what opens links without loading a page
    page.wait_for_function("() => typeof document$ !== 'undefined'")
    page.wait_for_load_state("networkidle")
    page.evaluate("window.stillHere = true")
    target = page.locator(selector).first.evaluate("a => a.href")
    page.locator(selector).first.evaluate("a => a.click()")
    page.wait_for_url(target)
    page.wait_for_function(
        "url => document.querySelector('link[rel=canonical]').href === url", arg=target
    )
    assert page.evaluate("window.stillHere"), "the page was loaded anew"


def search(page, query):
    """Open the search and type a query."""
    field = page.locator(".md-search__input")
    if not field.is_visible():
        page.locator("label[for=__search].md-header__button").click()
    field.click()
    enter(page, query)


def enter(page, query):
    """Type a query where the search is open; an input method for Chinese ends with a key, too."""
    field = page.locator(".md-search__input")
    field.fill(query)
    field.dispatch_event("keyup")


def forget(page):
    """Ask for what is nowhere, so that no old answer is taken for that to the next query."""
    enter(page, "zzzz")
    page.wait_for_function("() => !document.querySelector('.md-search-result__item')")


def switch(page, tag, to):
    page.locator(f"header a[hreflang={tag}]").click()
    page.wait_for_url(to)
    assert page.locator("html").get_attribute("lang") == tag


def test_switcher_keeps_to_the_page(site, page):
    page.goto(site + POST)
    switch(page, "en", site + "en/" + POST)
    switch(page, "zh-Hans", site + POST)


@pytest.mark.parametrize(("prefix", "other"), sampled([("", "en"), ("en/", "zh-Hans")], 1))
def test_switcher_keeps_to_the_page_after_instant_navigation(site, page, prefix, other):
    page.goto(site + prefix)
    page.wait_for_load_state("networkidle")
    post = f"article a[href*='{POST}']"
    go_instantly(page, post)
    translated = (site if prefix else site + "en/") + POST
    switch(page, other, translated)
    page.go_back()
    page.wait_for_url(site + prefix + POST)

    # A second page in one window, and back with the browser's own button.
    page.goto(site + prefix + POST)
    page.wait_for_load_state("networkidle")
    go_instantly(page, ".md-nav a[href$='about/']")
    page.go_back()
    page.wait_for_url(site + prefix + POST)
    page.wait_for_function(
        "url => document.querySelector('header a[hreflang]').href === url", arg=translated
    )


def test_alternates_follow_instant_navigation(site, page):
    page.goto(site)
    page.wait_for_load_state("networkidle")
    go_instantly(page, ".md-nav a[href$='about/']")
    found = page.locator("link[rel=alternate][hreflang]").evaluate_all(
        "links => links.map(a => [a.hreflang, a.href])"
    )
    assert dict(found) == {
        "zh-Hans": site + "about/",
        "en": site + "en/about/",
        "x-default": site + "about/",
    }
    assert len(found) == 3


@pytest.mark.parametrize(
    ("prefix", "queries"),
    [
        ("", ["梯度", "反向传播", "gradient", "batchnorm", "计算图"]),
        ("en/", ["gradient", "chain rule"]),
    ],
)
def test_search_finds_pages_of_this_language_only(site, page, prefix, queries):
    page.goto(site + prefix)
    search(page, "zzzz")
    for query in queries:
        enter(page, query)
        results = page.locator(".md-search-result__item a")
        results.first.wait_for()
        addresses = results.evaluate_all("links => links.map(a => a.href)")
        assert any("/posts/" in address for address in addresses), query
        for address in addresses:
            assert address.startswith(site + prefix)
            assert address.startswith(site + "en/") == (prefix == "en/")
        forget(page)


def words_of(built_site, prefix):
    """What readers would type: every tag, the words of every heading, and plain words."""
    plain = {
        "": "方差 梯度 反向 前向 计算图 推导 平均值 标准差 上游 广播 符号 步长 数值 闭式 错误 因子"
        " 求和 矩阵 检查 代码",
        "en/": "variance numeric derivation derivative executed computation backpropagation mistake"
        " gradients verified figure broadcast upstream mean sign factor column shape power closed",
    }[prefix].split()
    assert len(plain) == 20
    posts = [
        built_site / prefix / "posts" / name / "index.html" for name in ("backward", "batchnorm")
    ]
    found = set(plain)
    for post in posts:
        page = lxml.html.fromstring(post.read_text("utf-8"))
        found |= {tag.text_content().strip() for tag in page.find_class("md-tag")}
        for heading in page.xpath("//article//h1 | //article//h2"):
            text = heading.text_content().replace("#", " ")
            found |= set(re.findall(r"[A-Za-z_]{4,}|[\u4e00-\u9fff]{2,}", text))
    return sorted(word for word in found if word.lower() not in ("back", "from"))  # stop words


@pytest.mark.parametrize("prefix", ["", "en/"])
def test_search_finds_what_is_typed(site, built_site, page, prefix):
    page.goto(site + prefix)
    search(page, "numpy")
    page.locator(".md-search-result__item a").first.wait_for()
    missed = []
    words = words_of(built_site, prefix)
    assert len(words) > 30
    for word in words if ALL else random.Random(2017).sample(words, 20):
        forget(page)
        enter(page, word)
        try:
            page.locator(".md-search-result__item a").first.wait_for()
        except TimeoutError:
            missed.append(word)
    assert missed == []
    # What is typed is one word, although its first letter is one, too: 方差 is not 方法.
    word = "variance" if prefix else "方差"
    forget(page)
    enter(page, word)
    marks = page.locator(".md-search-result mark")
    marks.first.wait_for()
    assert {mark.lower().startswith(word) for mark in marks.all_text_contents()} == {True}


def test_search_takes_what_is_pasted(site, page):
    page.goto(site + "en/")
    search(page, "numpy")
    page.locator(".md-search-result__item a").first.wait_for()
    page.locator(".md-search__input").fill("")
    field = page.locator(".md-search__input")
    field.focus()
    page.keyboard.insert_text("upstream gradient")  # what pasting does: input, and no key
    page.locator(
        ".md-search-result__item a", has_text=re.compile("gradient", re.I)
    ).first.wait_for()


@pytest.mark.parametrize("prefix", ["", "en/"])
def test_the_search_has_none_of_the_figures_numbers(built_site, prefix):
    index = json.loads((built_site / prefix / "search" / "search_index.json").read_text("utf-8"))
    page = (built_site / prefix / "posts" / "batchnorm" / "index.html").read_text("utf-8")
    figure = lxml.html.fromstring(page).find_class("bp-figure")[0]
    cells = {cell.text for cell in figure.iter("td") if len(cell.text) > 4}
    texts = " ".join(doc["text"] for doc in index["docs"] if "batchnorm" in doc["location"])
    assert len(cells) > 50
    found = {cell for cell in cells if re.search(rf"{re.escape(cell)}(?!\d)", texts)}
    assert len(found) < 5  # a page may print one by itself


@pytest.mark.parametrize("prefix", ["", "en/"])
def test_switching_stays_in_the_section(site, open_page, prefix):
    page = open_page(site + prefix + POST + "#computation-graph")
    other = "zh-Hans" if prefix else "en"
    page.locator("label[for^=__palette]:visible").wait_for()  # our scripts have started
    page.locator(f"header a[hreflang={other}]").click()
    page.wait_for_function("() => location.hash === '#computation-graph'")
    top = "document.getElementById('computation-graph').getBoundingClientRect().top"
    page.wait_for_function(f"() => Math.abs({top}) < 200")
    assert page.locator("html").get_attribute("lang") == other


def test_search_in_english_knows_no_chinese(site, page):
    page.goto(site + "en/")
    search(page, "梯度")
    page.wait_for_function(
        "() => /^No matching/.test(document.querySelector('.md-search-result__meta').innerText)"
    )


def test_without_javascript(site, open_page):
    page = open_page(site, javascript=False)
    page.locator(f"article a[href*='{POST}']").first.click()
    page.wait_for_url(site + POST)
    assert page.locator("article h1").is_visible()
    assert page.locator("article pre code").first.is_visible()
    page.locator("header a[hreflang=en]").click()
    page.wait_for_url(site + "en/" + POST)
    # On a phone the navigation is behind a button that is a label, not a script.
    small = open_page(site + "about/", width=390, javascript=False)
    small.locator("label[for=__drawer].md-header__button").click()
    assert small.locator(".md-nav--primary a[href$='tags/']").first.is_visible()


def test_error_page_speaks_both_languages(site, page):
    for missing in ("nothing/here/", "en/nothing/"):
        page.goto(site + missing)
        text = page.locator("article").inner_text()
        assert "找不到这个页面" in text
        assert "Page not found" in text
        page.locator("article a[hreflang=en]").click()
        page.wait_for_url(site + "en/")
    page.problems[:] = [p for p in page.problems if "404" not in p]


@pytest.mark.parametrize("width", sampled(WIDTHS, 1, 390))
def test_pages_fit_the_screen(site, open_page, width):
    page = open_page(width=width)
    for path in ("", POST, "about/", "tags/", "en/", "en/" + POST):
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        for scheme, name in (("light", "default"), ("dark", "slate")):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function(
                "name => document.body.getAttribute('data-md-color-scheme') === name", arg=name
            )
            body, text = page.evaluate(
                "[getComputedStyle(document.body).backgroundColor,"
                " getComputedStyle(document.querySelector('article, header.md-typeset')).color]"
            )
            assert (brightness(body) < brightness(text)) == (scheme == "dark"), path


def brightness(colour):
    """Mean of the channels of rgb(…) or rgba(…)."""
    channels = [float(number) for number in re.findall(r"[\d.]+", colour)[:3]]
    return sum(channels) / 3


def test_chosen_colours_stay(site, page):
    page.goto(site)
    for number, scheme in ((1, "default"), (2, "slate")):
        page.locator(f"label[for=__palette_{number}]:visible").click()
        page.wait_for_function(
            "scheme => document.body.getAttribute('data-md-color-scheme') === scheme", arg=scheme
        )
    page.goto(site + POST)
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"


def test_a_copy_at_another_address(site_server, built_site, open_page):
    """Below a path of another host, nothing asks the published one, and links stay in the copy."""
    copy = site_server.add(built_site, "http://elsewhere.example.org/copy/")
    page = open_page()
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(copy + POST)
    page.wait_for_load_state("networkidle")
    switch(page, "en", copy + "en/" + POST)
    page.locator(".md-nav a[href$='tags/']").first.evaluate("a => a.click()")
    page.wait_for_url(copy + "en/tags/")
    page.wait_for_load_state("networkidle")
    switch(page, "zh-Hans", copy + "tags/")
    assert {urlsplit(url).netloc for url in requests} == {"elsewhere.example.org"}


@pytest.fixture
def small_site(tmp_path, monkeypatch, site_server):
    """A site with a page that only Chinese has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "true")
    monkeypatch.setenv("DISABLE_MKDOCS_2_WARNING", "true")
    project = Project(tmp_path)
    project.config["site_url"] = "http://small.example.org/"
    project.config["theme"]["features"] = ["navigation.instant"]
    project.config["nav"].append({"只有中文": "only.md"})
    project.write("docs/zh/only.md", "# 只有中文\n")
    result = project.build("--strict")
    assert result.code == 0, result
    return site_server.add(project.site, "http://small.example.org/")


def test_untranslated_page_leads_home_also_after_instant_navigation(small_site, open_page):
    """In Material as it is, whose switcher is a menu of all languages."""
    for javascript in (True, False):
        page = open_page(small_site + "about/", javascript=javascript)
        page.wait_for_load_state("networkidle")
        link = page.locator("header a[hreflang=en]")
        if javascript:
            for path, home in (("only/", "en/"), ("about/", "en/about/"), ("only/", "en/")):
                go_instantly(page, f".md-nav a[href$='{path}']")
                page.wait_for_function(
                    "url => document.querySelector('header a[hreflang=en]').href === url",
                    arg=small_site + home,
                )
        else:
            page.goto(small_site + "only/")
            assert link.evaluate("a => a.href") == small_site + "en/"
        assert page.locator(".bp-untranslated").is_visible()
        page.locator(".bp-untranslated a").click()
        page.wait_for_url(small_site + "en/")
