"""What CI holds the pages to: bytes, requests, hosts, layout shift, axe, policy, narrow screens,
keyboard, notes, paper. The budgets stand in tests/audit/budgets.toml; `make audit` prints more."""

from __future__ import annotations

import ast
import io
import os
import random
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, urlsplit

import lxml.html
import pytest

from backprop.site.beginning.create import create
from tests.audit.browser import VIEWS, View, axe, open_all, sideways, tab, visit
from tests.audit.pages import one_of_each, pages
from tests.audit.server import Held, serve
from tests.samples import ALL, sampled

ROOT = Path(__file__).parents[2]
BUDGETS = tomllib.loads((ROOT / "tests/audit/budgets.toml").read_text("utf-8"))["gate"]
POST = "posts/backward/"
PHONE, DESKTOP = View("phone", "light"), View("desktop", "light")


@pytest.fixture(scope="session")
def served(built_site):
    with serve(built_site, "/some/sub-path/") as running:
        yield running


@pytest.fixture(scope="session")
def kinds(built_site):
    return one_of_each(pages(built_site))


def test_every_kind_of_page_is_there_in_both_languages(kinds):
    found = {(page.language, page.kind) for page in kinds}
    wanted = ("post", "index", "archive", "category", "tag", "reference", "layer", "page", "404")
    assert {(lang, kind) for lang in ("zh-Hans", "en") for kind in wanted} <= found


LONG = ["posts/batchnorm/", "en/posts/attention/", "posts/backward/", "en/writing/"]
HEIGHTS = """() => [...document.querySelectorAll("*")]
  .filter((e) => getComputedStyle(e).contentVisibility === "auto" && e.checkVisibility())
  .map((e) => {
    const high = (how) => {
      e.style.contentVisibility = how;
      return e.getBoundingClientRect().height;
    };
    const found = [e.tagName, high("hidden"), high("visible"), e.textContent.trim().slice(0, 40)];
    e.style.contentVisibility = "";
    return found;
  })"""


@pytest.mark.parametrize("path", sampled(LONG, 2, "en/writing/"))
def test_what_is_laid_out_later_is_as_high_as_it_was_said_to_be(browser, served, path):
    """Code, formulas and drawings that are far away: nothing moves when they come near."""
    for width in (390, 1280):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.goto(served.url + path)
        found = page.evaluate(HEIGHTS)
        context.close()
        kinds = {name.lower() for name, *_ in found}
        assert {"code", "mjx-container"} <= kinds
        assert [one for one in found if abs(one[1] - one[2]) > 1] == []


KINDS = ["post", "index", "archive", "category", "tag", "reference", "layer"]


@pytest.mark.parametrize("kind", sampled(KINDS, 2, "post", "index"))
def test_pages_keep_to_their_budgets(browser, served, kinds, kind):
    """Below a sub-path, in a window of each size and scheme; a kind's pages take turns in them,
    and a translation comes on the other device. Of the posts these are two that have all that
    posts have, here; `make test-all` looks at two more, `make audit` gives axe every one."""
    looked = [page for page in kinds if page.kind == kind]
    if kind == "post":
        names = {page.path.rstrip("/").rpartition("/")[2] for page in looked}
        others = sorted(names - {"backward", "batchnorm"})
        chosen = {"backward", "batchnorm", *random.Random(2017).sample(others, 2 * ALL)}
        looked = [page for page in looked if page.path.rstrip("/").rpartition("/")[2] in chosen]
        assert len(looked) == 2 * len(chosen)
    views = VIEWS if kind == "post" else [VIEWS[0], VIEWS[3]]
    for i, page in enumerate(looked):
        view = views[(i + i // len(chosen) * 2 if kind == "post" else i) % len(views)]
        with tab(browser, view) as shown:
            found = visit(shown, served, quote(page.path))
            where = f"{page.title}, {view.title}"
            most = BUDGETS["kilobytes_home" if kind == "index" else "kilobytes"]
            assert found.size <= most * 1000, (where, found.sent)
            assert found.requests <= BUDGETS["requests"], (where, found.sent)
            assert len(found.hosts) <= BUDGETS["third_party_hosts"], (where, found.hosts)
            assert found.shift <= BUDGETS["layout_shift"], (where, found.shifts)
            assert found.csp == [], where
            assert found.errors == [], where
            if kind != "post" or page.path.endswith((POST, "posts/batchnorm/")):
                open_all(shown)
                assert axe(shown)[:4] == [], where
            if page.path.endswith(POST) and ALL:
                other = "dark" if view.scheme == "light" else "light"
                shown.emulate_media(color_scheme=other)
                name = "slate" if other == "dark" else "default"
                shown.locator(f"body[data-md-color-scheme={name}]").wait_for()
                assert axe(shown)[:4] == [], (where, other)
            shown.set_viewport_size({"width": 320, "height": 640})
            assert sideways(shown) <= BUDGETS["sideways_scroll"], where


def test_the_small_stylesheet_looks_like_the_large_ones(browser, served, built_site):
    """Every element of the page has the same style with all rules as with those that are left."""
    html = (built_site / POST / "index.html").read_text("utf-8")
    prefix = urlsplit(served.url).path
    theme = (ROOT / "backprop/site/theme/main.html").read_text("utf-8")
    listed = re.search(r"for name in (\(.*?\)) %}", theme)
    own = [f"assets/stylesheets/{name}.css" for name in ast.literal_eval(listed[1])]
    assert len(own) >= 3
    material = sorted((built_site / "assets/stylesheets").glob("*.min.css"))
    plugins = sorted((built_site / "assets/backprop").rglob("*.css"))
    whole = [path.relative_to(built_site).as_posix() for path in material]
    whole += own + [
        path.relative_to(built_site).as_posix()
        for path in plugins
        if not path.name.startswith("site.")
    ]
    assert "assets/backprop/site." in html
    look = """() => (window.__all ??= [...document.querySelectorAll("body *")]).map(element =>
      [element.outerHTML.slice(0, 60), ...[null, "::before", "::after"].map(part => {
        const style = getComputedStyle(element, part);
        return ["display", "position", "color", "background-color", "font-size", "font-family",
          "margin", "padding", "width", "height", "border-top-width", "content"]
          .map(name => style.getPropertyValue(name)).join("|");
      })].join(" "))"""
    load = """async names => {
      const small = document.querySelector("link[href*='/backprop/site.']");
      let at = small;
      for (const name of names) {
        const link = document.createElement("link");
        link.rel = "stylesheet"; link.href = name;
        const done = new Promise(resolve => { link.onload = resolve; });
        at.after(link); at = link;
        await done;
      }
      small.disabled = true;
      await new Promise(resolve => setTimeout(resolve, 300));
    }"""
    # What moves with time; a shadow that moves with scrolling never comes to an end.
    calm = """Promise.all(document.getAnimations().filter(a => a.timeline === document.timeline)
      .map(a => a.finished.catch(() => 0))).then(() => 0)"""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(served.url + POST, wait_until="networkidle")
    # What is far down is laid out when it comes near; here all of it is, both times.
    page.evaluate("""() => {
      const all = new CSSStyleSheet();
      all.replaceSync("* { content-visibility: visible !important }");
      document.adoptedStyleSheets = [all];
    }""")
    page.locator("label[for^=__palette]:visible").wait_for()  # ours have started
    page.wait_for_timeout(500)
    page.evaluate(calm)
    before = page.evaluate(look)
    page.evaluate(load, [prefix + name for name in whole])
    page.evaluate(calm)
    after = page.evaluate(look)
    context.close()
    assert len(before) > 1000
    different = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert different[:3] == []


def test_nothing_moves_while_a_figure_is_still_coming(browser, served, engine):
    """The boxes of a page with only the first piece of its drawings, and without the buttons that
    the script adds, are where they are in the end."""
    with tab(browser, DESKTOP) as page:
        page.goto(served.url, wait_until="networkidle")
        page.locator(".bp-figure > .bp-try").first.wait_for()
        places = """() => [...document.querySelectorAll(".bp-flow-right, .bp-figure, .bp-doors")]
          .map(e => e.getBoundingClientRect()).map(r => [r.left, r.top, r.width])"""
        before = page.evaluate(places)
        taken = page.evaluate("""() => {
          const late = ".bp-part:not(:first-child), .bp-figure > .bp-try";
          return [...document.querySelectorAll(late)].map(e => e.remove()).length;
        }""")
        assert taken > 1
        assert page.evaluate(places) == before


def test_a_header_that_comes_in_two_pieces_is_painted_once(browser, built_site):
    held = Held(b'<div class="md-search"')
    with serve(built_site, held=held) as slow, tab(browser, DESKTOP) as page:
        page.goto(slow.url, wait_until="commit")
        page.locator("header a[hreflang]").wait_for(state="attached")
        page.wait_for_timeout(500)  # to paint the first piece, if it may
        painted = "performance.getEntriesByType('paint').length"
        assert page.evaluate(painted) == 0
        held.released.set()
        page.wait_for_load_state("networkidle")
        assert page.evaluate(painted) > 0
        assert page.evaluate("__seen.shift") <= BUDGETS["layout_shift"]


# ── closed ──


def test_the_policy_stops_what_does_not_belong_to_the_page(browser, served):
    with tab(browser, DESKTOP) as page:
        page.goto(served.url + POST)
        page.wait_for_load_state("networkidle")
        blocked = page.evaluate("""async () => {
          const add = (name, set) => { const e = document.createElement(name); set(e);
            document.body.append(e); };
          add("script", e => { e.textContent = "window.inline = true"; });
          add("script", e => { e.src = "https://elsewhere.example.net/a.js"; });
          add("img", e => { e.src = "https://elsewhere.example.net/a.png"; });
          add("style", e => { e.textContent = "h1{color:rgb(1,2,3)}"; });
          add("a", e => { e.setAttribute("onclick", "window.handled = true"); e.click(); });
          const call = async f => { try { await f(); return "done" } catch { return "refused" } };
          const fetched = await call(() => fetch("https://elsewhere.example.net/a.json"));
          setTimeout("window.evaluated = true", 0);
          await new Promise(done => setTimeout(done, 200));
          return {fetched,
            inline: !!window.inline, handled: !!window.handled, evaluated: !!window.evaluated,
            colour: getComputedStyle(document.querySelector("h1")).color,
            refused: __seen.csp.map(line => line.split(" ")[0])};
        }""")
    assert not blocked["inline"]
    assert not blocked["handled"]
    assert blocked["fetched"] == "refused"
    assert not blocked["evaluated"]
    assert blocked["colour"] != "rgb(1, 2, 3)"
    for directive in ("script-src-elem", "img-src", "style-src-elem", "connect-src"):
        assert directive in blocked["refused"]


A_POST = """\
---
date: 2024-01-02
slug: first
---
# Twice

The derivative of $2x^2$ is $4x$.

```python
import numpy as np


def twice(x):
    return 2 * x**2
```

```graph
twice(np.ones(3))
```
"""


def test_pages_work_from_the_file_system(browser, tmp_path):
    """A blog with one post that has a formula, a result and a drawing: all that pages load."""
    blog = tmp_path / "blog"
    create(blog, ["zh", "en"], name="Notes", package="backprop-notes")
    (blog / "node_modules").symlink_to(ROOT / "node_modules")
    for lang in ("zh", "en"):
        (blog / "docs" / lang / "posts/first.md").write_text(A_POST)
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--no-directory-urls"],
        cwd=blog,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with tab(browser, DESKTOP) as page:
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.on("requestfailed", lambda r: "ABORTED" in r.failure or problems.append(r.url))
        page.goto((blog / "site/en/posts/first.html").as_uri())
        page.wait_for_timeout(500)
        assert page.evaluate("__seen.csp") == []
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.md-typeset')).fontSize")
            == "17px"
        )
        assert page.evaluate("[...document.fonts].some(font => font.status === 'loaded')")
        link = page.locator("header a[hreflang=zh-Hans]")
        place = link.bounding_box()
        page.mouse.move(300, 400)
        page.wait_for_function("() => document.querySelector('.md-search').hidden")
        assert link.bounding_box() == place, "nothing moves away under the pointer"
        link.click()
        page.locator("html[lang=zh-Hans]").wait_for()
        page.wait_for_url("**/posts/first.html")
    assert problems == []


def test_a_post_is_complete_without_scripts(browser, served):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(served.url + POST)
    assert page.locator("mjx-container").first.is_visible()
    assert page.locator("svg.bp-graph:visible").count() >= 1
    assert page.locator(".bp-step:visible").count() > 5, "the steps are a list without a script"
    assert not page.locator(".md-search").is_visible(), "search needs its script"
    context.close()


def test_the_search_index_waits_until_search_is_opened(site, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site + "en/", wait_until="networkidle")
    assert not [url for url in asked if "search_index" in url]
    page.locator(".md-search__input").click()
    page.locator(".md-search__input").fill("broadcast")
    page.locator(".md-search__input").dispatch_event("keyup")
    page.locator(".md-search-result__item").first.wait_for()
    assert [url for url in asked if "search_index" in url]


# ── reading ──


def test_notes_show_equations_by_pointer_focus_and_tap(browser, served):
    reference = "a.bp-reference, a[href^='#mjx']"
    with tab(browser, DESKTOP) as page:
        page.goto(served.url + POST, wait_until="networkidle")
        link, note = page.locator(reference).first, page.locator(".bp-note")
        assert note.count() == 0
        link.scroll_into_view_if_needed()
        page.wait_for_timeout(500)  # what comes near is laid out now, and may move
        link.hover()
        note.wait_for()
        assert note.locator("mjx-container").count() == 1
        assert link.get_attribute("aria-describedby") == note.get_attribute("id")
        assert page.evaluate("document.querySelectorAll('[id]').length") == page.evaluate(
            "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
        )
        note.hover()  # it stays while the pointer is on it
        page.wait_for_timeout(400)
        assert note.count() == 1
        assert axe(page) == []
        page.keyboard.press("Escape")
        assert note.count() == 0
        page.mouse.move(5, 5)
        page.keyboard.press("Tab")
        link.focus()
        note.wait_for()
        page.keyboard.press("Tab")
        page.wait_for_timeout(50)
        assert page.locator(".bp-note").count() <= 1
    with tab(browser, PHONE) as page:
        page.goto(served.url + POST, wait_until="networkidle")
        link, note = page.locator(reference).first, page.locator(".bp-note")
        link.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        link.tap()
        note.wait_for()
        assert "mjx" not in page.evaluate("location.hash"), "the first tap shows the note"
        box = note.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        link.tap()
        page.wait_for_function("() => !document.querySelector('.bp-note')")


def test_wide_boxes_are_within_reach_of_the_keyboard_and_say_so(browser, served):
    with tab(browser, PHONE) as page:
        page.goto(served.url + "en/" + POST, wait_until="networkidle")
        wide = page.locator("pre > code[data-bp-wide]").first
        assert wide.get_attribute("tabindex") == "0"
        assert "scrolls sideways" in wide.get_attribute("aria-label")
        wide.focus()  # a first move, which starts Material's script
        page.wait_for_selector(".md-code__nav", state="attached")
        page.wait_for_timeout(200)
        assert wide.evaluate("e => e === document.activeElement && e.tabIndex === 0")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("e => e.scrollLeft > 0", arg=wide.element_handle())
        page.set_viewport_size({"width": 1600, "height": 900})
        # Where there is room, only what still does not fit keeps its mark, far down as well.
        page.wait_for_function("""() => {
          const wide = (e) => {
            e.style.contentVisibility = "visible";
            const found = e.scrollWidth > e.clientWidth;
            e.style.contentVisibility = "";
            return found;
          };
          return [...document.querySelectorAll("pre > code[data-bp-wide]")].every(wide);
        }""")


def test_buttons_to_copy_come_with_a_tap_where_nothing_hovers(browser, served):
    with tab(browser, PHONE) as page:
        page.goto(served.url + "en/" + POST, wait_until="networkidle")
        code = page.locator("pre > code").first
        code.tap()
        buttons = code.locator("xpath=..").locator(".md-code__nav")
        buttons.wait_for(state="attached")
        look = "e => getComputedStyle(e).opacity + getComputedStyle(e).pointerEvents"
        assert page.locator(".md-code__nav").last.evaluate(look) == "0none"
        code.tap()
        page.wait_for_function(f"e => ({look})(e) === '1auto'", arg=buttons.element_handle())


def test_menu_and_search_open_by_keyboard_where_the_window_is_narrow(browser, served):
    """A window of 1280 pixels at 200 % is as narrow as this."""
    with tab(browser, DESKTOP, viewport={"width": 640, "height": 450}) as page:
        page.goto(served.url + "en/", wait_until="networkidle")
        menu = page.get_by_role("button", name="Menu")
        assert menu.get_attribute("aria-expanded") == "false"
        menu.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.getElementById('__drawer').checked")
        assert menu.get_attribute("aria-expanded") == "true"
        assert page.evaluate("document.activeElement.closest('.md-sidebar--primary') !== null")
        page.keyboard.press("Escape")
        page.wait_for_function("() => !document.getElementById('__drawer').checked")
        assert page.evaluate("document.activeElement.parentNode.htmlFor") == "__drawer"
        search = page.get_by_role("button", name="Search").first
        search.focus()
        page.keyboard.press(" ")
        page.wait_for_function("() => document.activeElement.matches('.md-search__input')")


def test_headings_are_in_order_on_every_kind_of_page(built_site, kinds):
    for found in kinds:
        file = built_site / found.path
        file = file / "index.html" if file.is_dir() else file
        (main,) = lxml.html.fromstring(file.read_text("utf-8")).xpath("//main")
        levels = [int(heading.tag[1]) for heading in main.iter(*(f"h{n}" for n in range(1, 7)))]
        assert levels[:1] == [1], found.title
        assert levels.count(1) == 1, found.title
        steps = [below - above for above, below in pairwise(levels)]
        assert all(step <= 1 for step in steps), (found.title, levels)


def test_tables_stand_in_their_boxes_from_the_beginning(built_site, kinds):
    """Material puts each into two when it starts, and all that is below would move."""
    for found in kinds:
        file = built_site / found.path
        file = file / "index.html" if file.is_dir() else file
        page = lxml.html.fromstring(file.read_text("utf-8"))
        bare = page.xpath("//article//table[not(@class)][not(../@class='md-typeset__table')]")
        assert bare == [], found.title


def test_instant_navigation_keeps_the_stylesheet_and_tells_the_new_page(site, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site + "en/", wait_until="networkidle")
    page.mouse.move(300, 300)  # the first move starts what opens links without loading a page
    page.wait_for_function("() => typeof document$ !== 'undefined'")
    page.wait_for_load_state("networkidle")
    page.evaluate("window.stillHere = true")
    asked.clear()
    page.locator(f"article a[href*='{POST}']").first.click()
    page.wait_for_function("() => document.querySelector('article .bp-byline')")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.stillHere"), "the page was loaded anew"
    assert page.locator(".bp-announce").inner_text() == page.title()
    assert page.locator("link[rel=stylesheet]").count() == 1
    assert [url for url in asked if url.endswith(".css")] == [], "it was loaded again"
    size = page.evaluate("getComputedStyle(document.querySelector('.md-typeset')).fontSize")
    assert size == "17px"


def test_paper_has_the_text_alone_and_all_of_it(browser, served):
    with tab(browser, View("desktop", "dark")) as page:
        page.goto(served.url + "en/" + POST, wait_until="networkidle")
        page.emulate_media(media="print", color_scheme="dark")
        for chrome in (".md-header", ".md-footer", ".md-sidebar", ".headerlink", ".md-code__nav"):
            assert page.locator(f"{chrome}:visible").count() == 0, chrome
        assert page.locator("svg.bp-graph:visible").count() >= 1
        assert page.locator(".bp-byline time:visible").count() == 1
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(255, 255, 255)"
        colours = """() => Object.fromEntries(
          [...document.body.computedStyleMap()].filter(([name]) => /^--(bp|md-code)-/.test(name))
            .map(([name, value]) => [name, `${value}`]))"""
        printed = page.evaluate(colours)
        assert {"--bp-good", "--bp-proved", "--bp-figure-1", "--bp-forward"} <= set(printed)
        link = page.locator("article blockquote a[href^=http]").first
        after = link.evaluate("a => getComputedStyle(a, '::after').content")
        assert "attr(href)" in after or "http" in after
        page.mouse.move(9, 9)  # Material writes all addresses out in full
        page.wait_for_function("() => typeof document$ !== 'undefined'")
        assert page.pdf()[:5] == b"%PDF-"
        told = page.locator(".md-content a[href]").evaluate_all(
            """all => all.filter(a => a.origin === location.origin
                && getComputedStyle(a, "::after").content !== "none").map(a => a.outerHTML)"""
        )
        assert told == [], "the address of this very site"
        assert page.locator(".bp-permalink:visible").count() == 0
    with tab(browser, DESKTOP) as page:
        page.goto(served.url + "en/" + POST, wait_until="networkidle")
        page.emulate_media(media="print")
        assert page.evaluate(colours) == printed, "dark colours on white paper"


def test_every_post_has_a_card_and_every_card_is_a_picture(built_site):
    image = pytest.importorskip("PIL.Image")
    for page in pages(built_site):
        if page.kind != "post":
            continue
        html = page.file.read_text("utf-8")
        found = re.search(r'property="og:image" content="https?://[^/]+/([^"]+)"', html)
        assert found, page.title
        data = (built_site / found[1]).read_bytes()
        assert image.open(io.BytesIO(data)).size == (1200, 630)


# ── scripts start when they are needed ──


def test_materials_script_waits_for_the_readers_first_move(browser, served):
    with tab(browser, PHONE) as page:
        page.goto(served.url + "en/" + POST, wait_until="networkidle")
        page.wait_for_selector(".bp-figure.bp-live", state="attached")  # ours do not wait
        assert page.evaluate("typeof document$") == "undefined"
        assert page.locator("label[for^=__palette]:visible").count() == 1
        page.mouse.wheel(0, 300)
        page.wait_for_function("() => typeof document$ !== 'undefined'")
        page.wait_for_selector(".md-code__nav", state="attached")
        plain, boxed = "table:not([class])", ".md-typeset__scrollwrap > .md-typeset__table > table"
        assert page.locator(plain).count() == page.locator(boxed).count() > 0
        assert page.locator(".md-typeset__table .md-typeset__table").count() == 0
        assert page.locator("link[rel=alternate][hreflang]").count() >= 2


@pytest.mark.parametrize(("scheme", "name"), [("light", "default"), ("dark", "slate")])
def test_a_first_visit_has_the_systems_colours_before_any_script_is_loaded(
    browser, served, scheme, name
):
    with tab(browser, View("phone", scheme)) as page:
        page.route("**/*.js", lambda route: route.abort())
        page.goto(served.url + "en/" + POST)
        assert page.locator("body").get_attribute("data-md-color-scheme") == name


@pytest.mark.parametrize("address", ["?q=broadcast", "?h=gradient"])
def test_an_address_that_asks_for_a_search_starts_it_at_once(browser, served, address):
    with tab(browser, DESKTOP) as page:
        page.goto(served.url + "en/" + POST + address)
        page.wait_for_function("() => typeof document$ !== 'undefined'")


def test_a_first_move_is_not_lost_while_the_script_comes(browser, served):
    with tab(browser, DESKTOP) as page:
        page.goto(served.url + "en/" + POST, wait_until="networkidle")
        page.locator("label[for=__palette_1]:visible").wait_for()
        page.evaluate("document.querySelector('label[for=__palette_1]').click()")
        page.wait_for_function("() => typeof document$ !== 'undefined'")
        page.locator("label[for=__palette_2]:visible").click()
        page.wait_for_function("() => document.body.dataset.mdColorScheme === 'slate'")
    with tab(browser, DESKTOP) as page:
        page.goto(served.url + "en/" + POST, wait_until="networkidle")
        page.keyboard.press("s")
        page.wait_for_function("() => document.activeElement.matches('.md-search__input')")
        page.keyboard.type("broadcast")
        page.locator(".md-search-result__item").first.wait_for()


FAR = """() => [...document.querySelectorAll('.md-content__inner mjx-container')].filter(
  e => !e.closest('details') && !e.checkVisibility({contentVisibilityAuto: true})).length"""


def test_what_is_far_down_is_laid_out_from_the_beginning(browser, served):
    """The way down is as long as it will be: nothing waits for somebody to come near."""
    address = served.url + "en/" + POST
    for where, options in (
        ("", {}),
        ("#computation-graph", {}),
        ("", {"java_script_enabled": False}),
    ):
        with tab(browser, PHONE, **options) as page:
            page.goto(address + where, wait_until="networkidle")
            assert page.evaluate(FAR) == 0
