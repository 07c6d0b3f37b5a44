"""The parts of backprop/pages, without MkDocs and without a browser."""

from __future__ import annotations

import base64
import datetime
import hashlib
import io
import json
import re
from types import SimpleNamespace

import pytest
from PIL import Image, ImageColor

import backprop as bp
from backprop.program.store import Store
from backprop.site.pages import cards, learning, metadata, reading
from backprop.site.pages.far import with_heights
from backprop.site.pages.plugin import _whole
from backprop.site.pages.policy import Policy, foreign, handlers
from backprop.site.pages.scripts import arranged
from backprop.site.pages.styles import Used, moved, names_are_plain, shrink, without_names
from backprop.site.pages.tables import with_labels


def rules(policy):
    return dict(rule.split(" ", 1) for rule in str(policy).split("; "))


def sha(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


# ── the policy ──


def test_scripts_and_styles_in_the_page_are_allowed_by_hash_and_nothing_else_inline():
    policy = Policy()
    policy.read(
        '<script>\r\nlet a = "x"</script><script src="a.js"></script>'
        '<script type="application/ld+json">{"a": 1}</script><style>p{color:red}</style>'
    )
    found = rules(policy)
    assert sha('\nlet a = "x"') in found["script-src"]
    assert found["script-src"].count("sha256") == 1, "data and linked scripts need no hash"
    assert sha("p{color:red}") in found["style-src"]
    assert "unsafe" not in str(policy)
    assert found["default-src"] == "'none'"


def test_style_attributes_are_allowed_only_where_there_are_some():
    policy = Policy()
    policy.read("""<p title="not a style='x' but a title">a</p><p data-style="x">""")
    assert rules(policy)["style-src-attr"] == "'none'"
    policy.read('<mjx-c style="width:1em"></mjx-c>')
    assert rules(policy)["style-src-attr"] == "'unsafe-inline'"
    assert "unsafe" not in rules(policy)["script-src"] + rules(policy)["style-src"]


def test_policy_of_all_pages_does_not_depend_on_their_order():
    pages = [f"<script>{n}</script>" for n in range(20)]
    one, other = Policy(), Policy()
    for page in pages:
        one.read(page)
    for page in reversed(pages):
        other.read(page)
    assert str(one) == str(other)


@pytest.mark.parametrize(
    "html",
    [
        '<img alt="" src="{}">',
        "<img alt='' src='{}'>",
        "<img src={}>",
        '<img srcset="a.png 1x, {} 2x">',
        '<script async src="{}"></script>',
        '<link href="{}" rel="stylesheet">',
        '<link rel="preconnect" href="{}">',
        '<iframe title="v" src="{}"></iframe>',
        '<video poster="{}"></video>',
        '<svg><use xlink:href="{}"/></svg>',
    ],
)
def test_what_a_page_fetches_from_another_host_is_found(html):
    address = "https://media.example.net/a?b=1"
    assert foreign(html.format(address)) == [address]
    assert foreign(html.format("//media.example.net/a")) == ["//media.example.net/a"]
    assert foreign(html.format(address), ["media.example.net"]) == []
    assert foreign(html.format("../a.png")) == []


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://example.net/">a link</a>',
        '<link rel="canonical" href="https://example.net/">',
        '<link rel="alternate" hreflang="en" href="https://example.net/en/">',
        '<script>const x = "<img src=https://example.net/>"</script>',
        '<img alt="" src="data:image/png;base64,AA">',
    ],
)
def test_what_a_page_only_links_to_is_not_fetched(html):
    assert foreign(html) == []


def test_handlers_in_attributes_are_found():
    assert handlers('<button class="a" onclick="go()">') == ["onclick"]
    assert handlers("""<p title='say onclick="x"'>a</p><script>el.onclick = f</script>""") == []


# ── the stylesheet ──


def used(html, script=""):
    found = Used()
    found.read_page(html)
    found.read_script(script)
    return found


def test_what_several_pages_share_is_read_once_and_nothing_is_lost():
    one, other = (
        '<p class="a"><script>x("b")</script><i>',
        '<p class="a"><b id="c"><script>y</script>',
    )
    both, apart = Used(), [Used(), Used()]
    for page, alone in zip((one, other), apart, strict=True):
        both.read_page(page)
        alone.read_page(page)
    assert both.tags == {"p", "script", "i", "b"}
    assert (both.classes, both.ids, both.words) == ({"a"}, {"c"}, {"x", "b", "y"})
    assert both.tags == apart[0].tags | apart[1].tags


@pytest.mark.parametrize(
    ("selector", "stays"),
    [
        (".a", True),
        (".b", False),
        (".a .b", False),
        (".a:not(.b)", True),
        (".a:is(.b, .c)", False),
        (".a:is(.b, p)", True),
        (".a:hover::after", True),
        ("p > em", False),
        ("*", True),
        ("#top", True),
        ("#bottom", False),
        ("[dir=rtl] .a", False),
        ("[dir=ltr] .a", True),
        ("[data-x]", False),
        ("[class*=b]", True),
        (".added-later", True),
        (".note--warning", True),
        (".a\\:b", False),
    ],
)
def test_a_rule_stays_if_it_may_match(selector, stays):
    page = '<body dir="ltr"><p class="a" id="top">x</p>'
    script = 'el.classList.add("added-later", "note--" + kind)'
    assert bool(shrink([f"{selector}{{color:red}}"], used(page, script))) is stays


def test_of_several_selectors_those_stay_that_may_match():
    assert shrink([".a , .b,p{color : red}"], used('<p class="a">')) == ".a,p{color:red}"


def test_media_keyframes_variables_and_imports():
    css = """@charset "utf-8"; @import url("x.css");
    :root { --used: 1px; --unused: url("data:image/svg+xml,<svg>"); --by-script: 2px; --deep: 3px;
            --top: var(--deep) }
    @media (width > 10em) { .a { margin: var(--used) var(--top); animation: spin 1s }
      .b { top: 0 } }
    @media print { .b { top: 0 } }
    @keyframes spin { from { top: 0 } to { top: 1px } }
    @keyframes other { from { top: 0 } }
    @font-face { font-family: F; src: url(f.woff2) }"""
    small = shrink([css], used('<p class="a" style="color:var(--used)">', "get('--by-script')"))
    assert '@import url("x.css");' in small
    assert "--used:1px" in small
    assert "--by-script:2px" in small
    assert "--deep:3px" in small
    assert "--unused" not in small
    assert "@media (width > 10em)" in small or "@media (width>10em)" in small
    assert "print" not in small
    assert "@keyframes spin{from{top:0}to{top:1px}}" in small
    assert "other" not in small
    assert "@font-face{font-family:F;src:url(f.woff2)}" in small


def test_what_is_quoted_or_nested_is_left_as_it_is():
    css = '.a::before{content:"a  ,  b"}.a{color:red;& p{top:0}}'
    small = shrink([css], used('<p class="a">'))
    assert 'content:"a  ,  b"' in small
    assert re.search(r"&\s*p\s*\{", small)


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        (".a :is(p, b)", ".a p,.a b"),
        (".a > :is(.a, [href])", ".a>.a,.a>[href]"),
        (":is(p, b)", "p,b"),
        (".a :is(.a, p)", ".a :is(.a,p)"),  # p alone would count less
        (".a :is(p > b, i > p)", ".a :is(p>b,i>p)"),
        (".a:is(.a, .b)", ".a:is(.a,.b)"),  # found by its class as it is
        (":is(p, b)::before", ":is(p,b)::before"),
    ],
)
def test_a_choice_of_names_is_written_out_where_it_means_the_same(selector, found):
    page = used('<p class="a b"><a href="x"><b></b><i></i></a></p>')
    assert shrink([f"{selector}{{color:red}}"], page) == f"{found}{{color:red}}"


def test_no_rule_is_about_what_stands_before_and_after_every_element():
    page = used('<p class="a b">')
    css = (
        '*,:after,:before{box-sizing:inherit}.a::before{content:"";width:1px}'
        '.b:after{content:"";box-sizing:border-box}@media print{.a:before{content:none}}'
    )
    assert shrink([css], page) == css  # a page's own styles may make more of them
    assert shrink([css], page, alone=True) == (
        '*{box-sizing:inherit}.a::before{box-sizing:inherit;content:"";width:1px}'
        '.b:after{content:"";box-sizing:border-box}'
        "@media print{.a:before{box-sizing:inherit;content:none}}"
    )
    for other in ("*,:after{color:red}", ".a{&::after{content:''}}"):
        assert ":before{box-sizing:inherit}" in shrink([css, other], page, alone=True)


PLAIN = (
    ":root{--md-code-hl-name-color:var(--md-code-fg-color)}"
    ".highlight .kc,.highlight .n{color:var(--md-code-hl-name-color)}.highlight .nf{color:red}"
)


@pytest.mark.parametrize(
    "more",
    [
        ".highlight .n{color:red}",
        ".a .n{color:var(--md-code-hl-name-color)}.b .n{color:red}",
        "@media print{.n{font-weight:bold}}",
        "a.n:hover{color:red}",
        "[data-x]{--md-code-hl-name-color:red}",
        "[data-x]{--md-code-hl-name-color: red; }",
    ],
)
def test_names_in_code_are_elements_where_a_style_tells_them_apart(more):
    assert names_are_plain(PLAIN)
    assert not names_are_plain(PLAIN + more)
    assert not names_are_plain("p{color:red}")


def test_names_that_look_as_all_code_does_are_no_elements():
    code = '<pre><span class="nf">f</span>(<span class="n">x</span>)</pre>'
    assert without_names(code) == '<pre><span class="nf">f</span>(x)</pre>'
    own = f"<style>.n {{ color: red }}</style>{code}"
    assert without_names(own) == own


def block(kind, inside):
    code = f"<pre><span></span><code>{inside}</code></pre>"
    return f'<div class="language-python {kind} highlight">{code}</div>'


@pytest.mark.parametrize(
    ("kind", "inside", "lines"),
    [
        ("bp-run", "a\nb\nc\n", 3),
        ("bp-run", '<span id="1">a\n</span><span id="2">b\n</span><span id="3">c\n</span>', 3),
        ("bp-run", "a\n\n\nd", 4),
        ("bp-run", "a\nb\n", None),  # not worth it
        ("bp-output", "a\nb\nc\n", None),  # its lines go on below where they are too long
    ],
)
def test_code_says_how_high_it_will_be(kind, inside, lines):
    found = with_heights(block("", "x") + block(kind, inside))
    height = re.search(r'<code data-lines="(\d+)" data-columns="1">', found)
    assert (height and int(height[1])) == lines
    assert re.sub(r"<code [^>]*>", "<code>", found) == block("", "x") + block(kind, inside)


def test_addresses_move_with_the_rules():
    css = "a{background:url(../img/a.png)}b{background:url(\"data:x\")}c{src:url('f.woff2')}"
    assert moved(css, "css/deep/a.css", "assets/x.css") == (
        'a{background:url("../css/img/a.png")}b{background:url("data:x")}'
        'c{src:url("../css/deep/f.woff2")}'
    )


CONFIG = '<p>text</p><script id="__config" type="application/json">{}</script>'
MATERIAL = '<script src="../assets/javascripts/bundle.a5f9d56c.min.js"></script>'
OURS = '<script src="../assets/backprop/pages.js"></script>'
GRAPHS = '<script src="../assets/backprop/graphs.js"></script>'


def test_scripts_wait_for_the_reader_ours_before_materials():
    sheet = '<link rel="stylesheet" href="a.css">'
    html = arranged(f"<head>{sheet}</head>{CONFIG}{MATERIAL}{GRAPHS}{OURS}</body>")
    assert re.findall(r'type="(\S+)" src="\S+/(\w+)\.', html) == [
        ("bp/first", "graphs"),
        ("bp/first", "pages"),
        ("bp/later", "bundle"),
    ]
    head, body = html.split(sheet)
    assert "addEventListener" in head, "no move is missed while the rest of the page comes"
    assert "\n" not in re.findall(r"<script>(.*?)</script>", head)[-1]
    assert body.startswith(f"</head>{CONFIG}")
    assert body.endswith("</body>")


@pytest.mark.parametrize(
    "author",
    [
        '<script src="https://example.org/a.js"></script>',
        '<script src="../assets/a.js" defer></script>',
        '<script type="module" src="../assets/a.js"></script>',
        "<script>document$.subscribe(f)</script>",
    ],
)
def test_scripts_of_the_author_keep_all_of_them_from_waiting(author):
    html = arranged(f"{CONFIG}{MATERIAL}{GRAPHS}{author}{OURS}</body>")
    assert "bp/" not in html
    places = [html.index(script) for script in (OURS, MATERIAL, GRAPHS, author)]
    assert places == sorted(places), "ours before Material's, and nothing else moves"


def test_a_page_without_material_is_left_as_it_is():
    for page in ("<p>no scripts</p>", f"{CONFIG}{OURS}</body>"):
        assert arranged(page) == page


# ── what others are told ──

ABOUT = metadata.About(
    url="https://example.org/en/posts/a/",
    title='A </script><b>"title"</b>',
    description="It's “short” & sweet",
    language="en",
    site_name="Notes",
    site_url="https://example.org/en/",
    tags=("numpy",),
    minutes=7,
    translations={
        "zh-Hans": "https://example.org/posts/a/",
        "en": "https://example.org/en/posts/a/",
        "x-default": "https://example.org/posts/a/",
    },
)


def data(about):
    text = metadata.json_ld(about)
    assert text.count("</") == 1, "nothing in it may end the script"
    return json.loads(re.fullmatch(r"<script type=.application/ld\+json.>(.*)</script>", text)[1])


def test_a_post_is_described_as_such_with_its_original():
    import dataclasses
    import datetime

    post = dataclasses.replace(ABOUT, created=datetime.datetime(2017, 3, 30))
    found = data(post)
    assert found["@type"] == "BlogPosting"
    assert found["headline"] == ABOUT.title
    assert found["datePublished"] == "2017-03-30"
    assert found["inLanguage"] == "en"
    assert found["timeRequired"] == "PT7M"
    assert found["translationOfWork"]["@id"] == "https://example.org/posts/a/"
    assert found["isPartOf"]["@type"] == "Blog"
    original = dataclasses.replace(post, url="https://example.org/posts/a/", language="zh-Hans")
    assert "translationOfWork" not in data(original)
    assert data(original)["workTranslation"][0]["inLanguage"] == "en"
    graph = metadata.open_graph(post)
    assert '<meta property="og:type" content="article">' in graph
    assert '<meta property="og:locale" content="en_US">' in graph
    assert '<meta property="og:locale:alternate" content="zh_CN">' in graph
    assert "&quot;title&quot;" in graph


def test_links_to_other_home_pages_are_no_translations():
    html = '<link rel="alternate" href="https://e.org/de/" hreflang="de">'
    assert metadata.translations(html) == {}
    html += '<link rel="alternate" hreflang="x-default" href="https://e.org/a">'
    assert set(metadata.translations(html)) == {"de", "x-default"}


@pytest.mark.parametrize(
    ("html", "minutes"),
    [
        ("<p>短</p>", 1),
        ("<p>" + "字" * 3500 + "</p>", 10),
        ("<p>" + "word " * 2200 + "</p>", 10),
        ("<p>" + "字" * 1750 + "word " * 1100 + "</p>", 10),
        ("<svg><text>" + "字" * 3500 + "</text></svg><script>" + "a " * 9999 + "</script>", 1),
        ("<pre><code>" + "x = 1\n\n" * 100 + "</code></pre>", 5),
    ],
)
def test_reading_time_counts_both_scripts_and_code(html, minutes):
    assert reading.minutes(html) == minutes


def test_formulas_take_time_and_are_left_out_of_a_summary():
    formula = '<mjx-container display="true"><mjx-math>' + "<b>x</b>" * 500 + "</mjx-math>"
    formula += "</mjx-container>"
    assert reading.minutes(formula * 6) == 2
    html = f"<p>too short</p><p>Let {formula} be the mean of &lt;all&gt; <em>values</em>.</p>"
    assert reading.summary(html) == "Let … be the mean of <all> values."
    assert len(reading.summary("<p>" + "word " * 100 + "</p>")) <= 161
    assert reading.summary("<p>" + "word " * 100 + "</p>").endswith("word…")


# ── the card ──


def variance(x):
    mean = x.mean(axis=0)
    diff = x - mean
    return (diff**2).mean(axis=0)


@pytest.fixture(scope="module")
def diagram():
    import numpy as np

    svg = bp.draw(bp.trace(variance, np.arange(20.0).reshape(5, 4)))
    code = '<div class="bp-code-backward"><pre><code>def f(dt1, x):\n    diff = x\n'
    return svg + code + "    dx = dt1 &lt; 2\n    return dx\n</code></pre></div>"


def test_a_card_is_a_picture_of_the_right_size_and_always_the_same(diagram, tmp_path):
    drawing = cards.find(diagram)
    assert drawing.code[-2:] == ("    dx = dt1 < 2", "    return dx")
    first = cards.picture(drawing, Store())
    assert Image.open(io.BytesIO(first)).size == (1200, 630)
    colours = Image.open(io.BytesIO(first)).convert("RGB").getcolors(100_000)
    assert len(colours) > 20, "the card is empty"
    assert cards.draw(drawing) == first
    drawn = (cards._PAPER, cards._INK, cards._BOX, cards._FORWARD, cards._BACKWARD)
    assert {ImageColor.getrgb(colour) for colour in drawn} <= {colour for _, colour in colours}


def test_a_card_is_drawn_once(diagram, tmp_path, monkeypatch):
    drawing = cards.find(diagram)
    first = cards.picture(drawing, kept := Store(tmp_path / "made"))
    kept.keep()
    monkeypatch.setattr(cards, "draw", None)
    assert cards.picture(drawing, Store(tmp_path / "made")) == first


def test_the_words_of_a_language_do_not_change_the_card(diagram):
    other = re.sub(r"<title>.*?</title>", "<title>方差的计算图</title>", diagram)
    assert cards.find(other).key == cards.find(diagram).key
    assert cards.find(diagram.replace("dx = dt1", "dx = dt2")).key != cards.find(diagram).key
    assert cards.find("<svg><rect/></svg>") is None


def test_tables_with_long_cells_know_their_heads():
    short = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    assert with_labels(short) == short
    long = short.replace("1", "words " * 10).replace(">a<", "><code>a</code> &amp; b<")
    found = with_labels(f"<p>x</p>{long}")
    assert found.startswith("<p>x</p><table data-bp-rows>")
    assert '<td data-head="a &amp; b">words' in found


def test_short_names_are_marked_and_code_in_blocks_is_not():
    page = "<p><code>bp.check</code> <code>" + "x" * 40 + "</code></p><pre><code>a = 1</code></pre>"
    assert _whole(page) == page.replace("<code>bp", '<code class="bp-short">bp')


class _Page:
    def __init__(self, source, title, day, needs=()):
        self.file = SimpleNamespace(src_uri=source)
        self.title, self.url, self.meta = title, source.replace(".md", "/"), {"needs": list(needs)}
        self.config = SimpleNamespace(date=SimpleNamespace(created=datetime.date(2020, 1, day)))


def test_posts_come_in_an_order_in_which_they_can_be_learnt():
    pages = [
        _Page("posts/late.md", "Late", 9),
        _Page("posts/first.md", "First", 5, ["ground.md"]),
        _Page("posts/ground.md", "Ground", 8),
        _Page("posts/own.md", "Own", 7, ["own.md", "nothing.md"]),
    ]
    path = learning.Path(pages)
    assert list(path.posts) == [
        "posts/ground.md",
        "posts/first.md",
        "posts/own.md",
        "posts/late.md",
    ]
    assert [source for source, _ in path.problems] == ["posts/own.md", "posts/own.md"]
    assert "needs: nothing.md is no post" in path.problems[0][1]
    drawn = path.drawn("en", lambda url: "../" + url)
    assert drawn.count('xlink:href="../posts/first/"><title>First</title>') == 1
    assert drawn.count('<li><a href="../posts/first/">First</a></li>') == 1
    beside = path.beside("posts/ground.md", "en", str)
    assert 'Leads to: <a href="posts/first/">First</a>' in beside
    assert path.beside("posts/late.md", "en", str) == ""
