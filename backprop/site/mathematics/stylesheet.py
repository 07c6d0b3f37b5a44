"""One style sheet for a site, with the rules, and fonts with the glyphs, that its formulas use."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import unescape
from pathlib import Path

from backprop.program.store import Store, digest
from backprop.site.building.premises import program

FOLDER = "assets/backprop/mathematics"
_FONTS = "@mathjax/mathjax-tex-font/chtml/woff2"
# A font of fewer bytes stands in the style sheet. Each file would be asked for when the first
# formula that needs it has been laid out, and then all of them would be laid out again.
_SMALL = 12_000

# The house's own rules, after MathJax's. The TeX has no size but is copied in the place of the
# glyphs, which read from left to right on any page; marks stay in view while their rows scroll
# below them, and a shadow says that they do;
# inline MathML, seen by nobody, adds no line breaks to what is copied. Formulas that are far away
# are laid out when they come near: how high they will be, MathJax has said.
_HOUSE = """
mjx-container{position:relative;color:inherit;font-size:116%}
mjx-math{-webkit-user-select:none;user-select:none}
mjx-tex{font-size:0;white-space:pre}
mjx-assistive-mml{position:absolute;top:0;left:0;width:1px;height:1px;overflow:hidden;
clip-path:inset(50%);-webkit-user-select:none;user-select:none}
mjx-assistive-mml *{display:inline}
[dir=rtl] mjx-container{direction:ltr;unicode-bidi:isolate}
a.bp-reference{text-decoration:underline dotted;text-underline-offset:.2em}
mjx-container[tabindex]:focus-visible{outline:2px solid currentColor;outline-offset:2px}
.bp-row-mark{padding:0 0 0 1em;text-align:left;line-height:0;font-family:system-ui,sans-serif;
position:sticky;right:-2px;background:var(--md-default-bg-color,Canvas)}
span.bp-row-mark{display:inline-block}
mjx-mtd.bp-row-mark::before{content:"";position:absolute;inset:0 100% 0 auto;width:.5em;opacity:0;
background:linear-gradient(to left,var(--bp-shade,#0003),transparent);
animation:bp-more linear both;animation-timeline:scroll(nearest inline)}
@keyframes bp-more{from,90%{opacity:1}to{opacity:0}}
@media screen{mjx-container[display]{content-visibility:auto}}
@media print{mjx-container[display]{overflow:visible!important}}
"""


@dataclass
class Used:
    """What formulas need: element names, classes, attributes and characters."""

    names: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    characters: set[str] = field(default_factory=set)

    def add(self, html: str) -> None:
        """Note what one formula's markup needs."""
        for name, attributes in re.findall(r"<([a-zA-Z][\w-]*)([^>]*)>", html):
            self.names.add(name)
            for attribute, value in re.findall(r'([\w-]+)="([^"]*)"', attributes):
                self.attributes.add(f"{attribute}={value}")
                self.attributes.add(attribute)
                if attribute == "class":
                    self.classes.update(value.split())
        self.characters.update(unescape(re.sub(r"<[^>]*>", "", html)))


def build(
    sheet: str, formulas: Iterable[str], modules: Path, memory: Store | None = None
) -> dict[str, bytes]:
    """The files that formulas need, by name; the first one is the style sheet.

    sheet: MathJax's complete style sheet; formulas: their markup; modules: `node_modules`;
    memory: knows the fonts that were made before, or are being made by another language.
    Names contain a hash of the content, and equal formulas give equal files.
    """
    used = Used()
    for formula in formulas:
        used.add(formula)
    every = _rules(sheet)
    # Glyphs are clipped to boxes in which they lie anyway; hundreds of clips make a browser slow.
    rules = [
        (s, re.sub(r"clip-path:[^;]*;?", "", b) if s.endswith("mjx-c") else b)
        for s, b in every
        if not s.startswith("@")
    ]
    kept = [(kept, body) for s, body in rules if (kept := _kept(s, used))]
    families = set(re.findall(r"MJX-[A-Z0-9-]+", "".join(body for _, body in kept)))
    faces, fonts, notices = [], {}, []
    wanted = [
        (family[1], modules / _FONTS / Path(re.search(r'url\("([^"]*)"', body)[1]).name)  # type: ignore[index]
        for selector, body in every
        if selector.startswith("@font-face")
        and (family := re.search(r"font-family:\s*([\w-]+)", body))
        and family[1] in families
    ]
    subsets = _subsets([source for _, source in wanted], used.characters, memory or Store())
    for (name, source), (data, notice) in zip(wanted, subsets, strict=True):
        notices.append(notice)
        url = f"{source.stem}.{_hash(data)}.woff2"
        fonts[url] = data
        if len(data) < _SMALL:
            url = f"data:font/woff2;base64,{base64.b64encode(data).decode()}"
        faces.append(f"@font-face{{font-family:{name};src:url({url}) format('woff2')}}")
    css = "".join([*faces, *(f"{s}{{{_tight(b)}}}" for s, b in kept), _HOUSE.replace("\n", "")])
    data = css.encode()
    return {
        f"mathematics.{_hash(data)}.css": data,
        **{name: font for name, font in fonts.items() if len(font) >= _SMALL},
        "LICENSE.txt": _notices(modules, notices).encode(),
    }


def _rules(css: str) -> list[tuple[str, str]]:
    """Selector and body of the rules of a style sheet; nested ones (@media) are left out."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return [(s.strip(), b) for s, b in re.findall(r"(?:^|\})\s*([^{}]+)\{([^{}]*)(?=\})", css)]


def _kept(selector: str, used: Used) -> str:
    """The alternatives of a selector that can match something."""
    return ",".join(
        re.sub(r"\s*>\s*", ">", part.strip())
        for part in selector.split(",")
        if _matches(part, used)
    )


def _matches(part: str, used: Used) -> bool:
    part = re.sub(r":not\([^)]*\)", "", part)
    bare = re.sub(r"\[[^\]]*\]", "", part)
    return (
        all(
            name in used.names for name in re.findall(r"mjx-[A-Za-z-]+", re.sub(r"\.\S+", "", bare))
        )
        and all(name in used.classes for name in re.findall(r"\.([\w-]+)", bare))
        and all(
            attribute.replace('"', "") in used.attributes
            for attribute in re.findall(r"\[([^\]]*)\]", part)
        )
    )


def _tight(body: str) -> str:
    return re.sub(r"\s*([:;,])\s*", r"\1", " ".join(body.split())).strip("; ")


def _subsets(
    sources: Sequence[Path], characters: set[str], memory: Store
) -> list[tuple[bytes, str]]:
    """Of each font what `characters` need, and its notice; each is made once for all languages
    whose formulas have the same characters of it."""
    codes = {ord(character) for character in characters}
    read = [source.read_bytes() for source in sources]
    hashes = [hashlib.sha256(data).hexdigest() for data in read]
    keys = [digest(program(), "glyphs", name) for name in hashes]
    known = memory.made_together(
        {key: partial(_available, data) for key, data in zip(keys, read, strict=True)}
    )
    kept = [
        # The fonts of mere widths (zero, brk) are needed whole.
        sorted(codes & {*available}) if len(available) > 8 else None
        for available in (known[key] for key in keys)
    ]
    keys = [digest(program(), "font", *one) for one in zip(hashes, kept, strict=True)]
    made = memory.made_together(
        {key: partial(_subset, data, k) for key, data, k in zip(keys, read, kept, strict=True)}
    )
    return [(base64.b64decode(data), notice) for data, notice in (made[key] for key in keys)]


def _available(data: bytes) -> list[int]:
    """The characters that a font has."""
    # Slow to import, and not needed for characters that were there before.
    from fontTools.ttLib import TTFont

    return sorted(TTFont(io.BytesIO(data)).getBestCmap() or {})


def _subset(data: bytes, characters: list[int] | None) -> list[str]:
    """A woff2 font with the glyphs of `characters`, its notices and its modification date kept, in
    base64; and its notice."""
    from fontTools.ttLib import TTFont

    if characters is not None:
        data = _with(data, characters)
    names = TTFont(io.BytesIO(data))["name"]
    notice = "\n".join(filter(None, (names.getDebugName(number) for number in (0, 13, 14))))
    return [base64.b64encode(data).decode(), unescape(notice)]


def _with(data: bytes, characters: list[int]) -> bytes:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(data), recalcTimestamp=False)
    options = subset.Options(
        flavor="woff2",
        layout_features=[],
        name_IDs=["*"],
        notdef_outline=True,
        hinting=False,
        recalc_timestamp=False,
        drop_tables=["ltag", "FFTM"],
    )
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    out = io.BytesIO()
    font.flavor = "woff2"
    font.save(out)
    return out.getvalue()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def _notices(modules: Path, notices: Iterable[str]) -> str:
    """Whose work the files beside this notice are, and the licences that allow serving them."""
    manifest = json.loads((modules / "mathjax/package.json").read_text("utf-8"))
    return "\n\n".join(
        [
            f"The style sheet in this folder is derived from MathJax {manifest['version']}, "
            f"{manifest['license']}, https://www.mathjax.org; its licence is at the end.",
            "The fonts are those of MathJax, most of them reduced to the characters in use:",
            *dict.fromkeys(notices),
            (modules / "mathjax/LICENSE").read_text("utf-8"),
        ]
    )
