"""Formulas in a real browser: how they look, sound, copy, scroll and link."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from backprop.site.mathematics.stylesheet import _HOUSE
from tests.mathematics.project import ROOT, Project

ADDRESS = "http://mathematics.example.org/"

HARD = r"""
# The slope $\frac{dy}{dx}$

Inline $x^2$, $\sum_{k} \bar{x}_k$, $\sqrt[3]{x+1}$ and $a<b$, as in \eqref{last}.
Also $y \text{ by } \eqref{last}$.

$$
\begin{alignat*}{3}
\frac{\partial L}{\partial x_{ij}} &= \frac{2}{n} \Bigl( (x_{ij} - \bar{x}) + \sum_{k=1}^{n}
   (x_{kj} - \bar{x}) \frac{d\bar{x}}{dx_{ij}} \Bigr) \\
\because & \sum_{k} (x_{kj} - \bar{x}) = 0 \\
\therefore & \text{中文 and } \mathcal{L} \in \mathbb{R}^{N \times D}
\end{alignat*}
$$

$$
\left( \begin{bmatrix} 1 & \cdots & 2 \\ \vdots & \ddots & \vdots \\ 3 & \cdots & 4 \\
5 & \cdots & 6 \end{bmatrix} \right\} \underbrace{a + b + c}_{\boxed{\operatorname{sum}}}
\overbrace{\widehat{xyz}} \xrightarrow{\quad f \quad} \begin{cases} \bm{x} & i = j \\ 0 \end{cases}
\cancel{y} \mathbf{W}^\top \mathsf{s} \mathtt{t} \mathfrak{f} \lVert x \rVert \Biggl| \prod \int
\tag{A}
$$

## Wide

$$
x_{1} + x_{2} + x_{3} + x_{4} + x_{5} + x_{6} + x_{7} + x_{8} + x_{9} + x_{10} + x_{11} + x_{12}
+ x_{13} + x_{14} + x_{15} + x_{16} + x_{17} + x_{18} + x_{19} + x_{20} + x_{21} + x_{22} + x_{23}
$$

$$
\begin{equation}
y = 1 \label{last}
\end{equation}
$$
"""

MARKS = """
from backprop.site.mathematics.page import Annotated

def on_files(files, config):
    config.plugins["backprop/mathematics"].transforms.append(
        lambda tex, where: Annotated(tex, {1: "<button>✓</button>"} if "alignat" in tex else {})
    )
"""

BOXES = """() => [...document.querySelectorAll('mjx-container, mjx-math *')].map(e => {
    const {x, y, width, height} = e.getBoundingClientRect();
    return [e.tagName, x, y, width, height].join(' ');
})"""


@pytest.fixture(scope="module")
def formulas(tmp_path_factory: pytest.TempPathFactory, site_server: Any) -> tuple[str, Path]:
    """The address and the folder of a site with hard formulas."""
    project = Project(tmp_path_factory.mktemp("mathematics") / "project")
    project.config |= {
        "site_url": ADDRESS,
        "theme": {
            "name": "material",
            "font": False,
            "features": ["navigation.instant"],
            "palette": [
                {"media": "(prefers-color-scheme: light)", "scheme": "default"},
                {"media": "(prefers-color-scheme: dark)", "scheme": "slate"},
            ],
        },
    }
    (project.folder / "hook.py").write_text(MARKS)
    project.config["hooks"] = ["hook.py"]
    project.write(index="# Plain\n\n[Hard](hard.md)", hard=HARD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_MKDOCS_2_WARNING", "1")
        plugin = project.build()
        sheet = plugin.typesetter().sheet()
    site = project.folder / "site"
    # The same page with everything MathJax has, to compare with.
    fonts = "node_modules/@mathjax/mathjax-tex-font/chtml/woff2"
    shutil.copytree(ROOT / fonts, site / "full")
    sheet = sheet.replace("@mathjax/mathjax-tex-font/chtml/woff2/", "") + _HOUSE
    (site / "full/full.css").write_text(sheet, "utf-8")
    name = next(iter(plugin.assets))
    page = project.page("hard/index.html")
    page = page.replace(f"../assets/backprop/mathematics/{name}", "../full/full.css")
    # What MathJax clips and we do not is drawn with other edges, by less than an eye can see.
    page = page.replace("</head>", "<style>mjx-c {clip-path: none !important}</style></head>")
    (site / "full/index.html").write_text(page, "utf-8")
    return site_server.add(site, ADDRESS), site


def settled(page: Any) -> Any:
    page.evaluate("document.fonts.ready")
    page.wait_for_function("() => document.fonts.check('16px MJX-TEX-N')")
    return page


@pytest.mark.parametrize("width", [1280, 390])
def test_the_reduced_styles_and_fonts_change_nothing(
    open_page: Callable[..., Any], formulas: tuple[str, Path], width: int
) -> None:
    address, _ = formulas
    shown, expected = (
        settled(open_page(address + path, width=width)) for path in ("hard/", "full/")
    )
    boxes = shown.evaluate(BOXES)
    assert len(boxes) > 300
    assert boxes == expected.evaluate(BOXES)
    ours, theirs = (seen(page.locator("article").screenshot()) for page in (shown, expected))
    assert ours.size == theirs.size
    assert max(high for _, high in ImageChops.difference(ours, theirs).getextrema()) < 48


def seen(screenshot: bytes) -> Image.Image:
    """A picture as the eye takes it in: a browser may smooth the edge of a glyph one way or the
    other, by a fraction of a pixel; a glyph that is missing, moved or another stays visible."""
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    return picture.resize((picture.width // 3, picture.height // 3), Image.Resampling.BOX)


def test_formulas_need_no_script(open_page: Callable[..., Any], formulas: tuple[str, Path]) -> None:
    address, _ = formulas
    page = open_page(address + "hard/", javascript=False)
    box = page.locator("mjx-container[display]").first.bounding_box()
    assert box["height"] > 60


def test_colours_follow_the_text(open_page: Callable[..., Any], formulas: tuple[str, Path]) -> None:
    address, _ = formulas
    seen = set()
    for dark in (False, True):
        page = open_page(address + "hard/", dark=dark)
        text, glyph = page.evaluate(
            "['article p', 'article p mjx-c'].map("
            "s => getComputedStyle(document.querySelector(s)).color)"
        )
        assert text == glyph
        seen.add(text)
    assert len(seen) == 2


def test_a_wide_formula_scrolls_in_its_own_box(
    open_page: Callable[..., Any], formulas: tuple[str, Path]
) -> None:
    address, _ = formulas
    page = settled(open_page(address + "hard/", width=390))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    wide = page.locator("#wide ~ mjx-container").first
    assert wide.evaluate("e => e.scrollWidth > e.clientWidth + 100")
    wide.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
    # Nothing scrolls up and down inside a line of text.
    assert page.evaluate(
        "[...document.querySelectorAll('mjx-container')].every("
        "e => getComputedStyle(e).overflowY != 'auto')"
    )


def test_marks_of_rows_are_in_view_and_reachable(
    open_page: Callable[..., Any], formulas: tuple[str, Path]
) -> None:
    address, _ = formulas
    for width in (1280, 390):
        page = settled(open_page(address + "hard/", width=width))
        mark = page.get_by_role("button", name="✓")
        box = mark.bounding_box()
        assert box["x"] > 0 and box["x"] + box["width"] <= width  # noqa: PT018
        formula = page.locator("mjx-container[display]").first.bounding_box()
        assert formula["y"] < box["y"] < formula["y"] + formula["height"]
        mark.click()


def test_copying_gives_tex(open_page: Callable[..., Any], formulas: tuple[str, Path]) -> None:
    address, _ = formulas
    page = open_page(address + "hard/")
    text = page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('article p')),"
        "getSelection().toString()"
    )
    # Chromium breaks the line where the glyphs contain a table, as below a sum.
    assert " ".join(text.split()) == (
        r"Inline $x^2$, $\sum_{k} \bar{x}_k$, $\sqrt[3]{x+1}$ and $a<b$, as in (1). "
        r"Also $y \text{ by } \eqref{last}$."
    )


def test_a_reference_leads_to_its_equation(
    open_page: Callable[..., Any], formulas: tuple[str, Path]
) -> None:
    address, _ = formulas
    page = open_page(address + "hard/", height=300)
    page.locator("a.bp-reference").click()
    page.wait_for_url("**/hard/#mjx-eqn*")
    page.wait_for_function(
        "() => (e => e.top >= 0 && e.bottom <= innerHeight)"
        "(document.getElementById('mjx-eqn:last').getBoundingClientRect())"
    )


def test_instant_navigation_brings_the_styles_along(
    open_page: Callable[..., Any], formulas: tuple[str, Path]
) -> None:
    address, _ = formulas
    page = open_page(address)
    assert page.locator("link[href*='backprop/mathematics']").count() == 0
    page.evaluate("window.stays = true")
    page.locator("article >> text=Hard").click()
    page.wait_for_selector("mjx-container")
    assert page.evaluate("window.stays")
    page.wait_for_function(
        "() => document.fonts.check('16px MJX-TEX-N') && document.fonts.size > 3"
    )
    height = page.locator("article p mjx-container").first.bounding_box()["height"]
    assert height < 40


def test_screen_readers_get_mathml(
    open_page: Callable[..., Any], formulas: tuple[str, Path]
) -> None:
    address, _ = formulas
    page = open_page(address + "hard/")
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
    # All but the one with a link, whose glyphs are read instead.
    assert roles.count("MathMLMath") == page.locator("mjx-container").count() - 1
    assert {"MathMLFraction", "MathMLTable", "MathMLTableRow", "MathMLTableCell"} <= set(roles)
    groups = [node for node in nodes if node["role"]["value"] == "group" and not node["ignored"]]
    assert "Formula" in [node["name"]["value"] for node in groups]
    # The glyphs (brackets are made of pieces) and the TeX are not read a second and a third time.
    names = " ".join(node["name"]["value"] for node in nodes if node.get("name"))
    assert "⎡" not in names
    assert "\\frac" not in names


def test_axe_finds_nothing(open_page: Callable[..., Any], formulas: tuple[str, Path]) -> None:
    address, _ = formulas
    axe = ROOT / "node_modules/axe-core/axe.min.js"
    if not axe.is_file():
        pytest.skip("axe-core is not installed: npm ci")
    page = open_page(address + "hard/", width=390)
    page.evaluate(axe.read_text("utf-8"))
    found = page.evaluate("axe.run('article')")
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found["violations"]] == []
