"""The beginning of a post, converted without the rest of it: that is what lists of posts show.

Material converts a whole post for its excerpt and cuts it there. The rest may have a say in what
stands before the cut (definitions of links, headings for `[TOC]`, a block that is still open), and
a template may ask for it; only where none of this can be, the rest is left out.
"""

from __future__ import annotations

import re
from typing import Any

from mkdocs.config.defaults import MkDocsConfig

from backprop.site.building.premises import module_of

MORE = "…"
"""Stands for what follows the cut: templates ask whether there is more, and for nothing else."""
_EXTENSIONS = (
    "markdown.extensions.abbr",
    "markdown.extensions.admonition",
    "markdown.extensions.attr_list",
    "markdown.extensions.def_list",
    "markdown.extensions.fenced_code",
    "markdown.extensions.footnotes",
    "markdown.extensions.md_in_html",
    "markdown.extensions.tables",
    "markdown.extensions.toc",
    "pymdownx.details",
    "pymdownx.highlight",
    "pymdownx.inlinehilite",
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "backprop.",
)
"""Extensions of which no block goes on where a line begins with `<!--`, but for what is below."""
_OPEN = re.compile(
    r"^[ >\t]*(?:```|~~~|///|\[TOC\])|<[a-zA-Z/!?]|\\(?:begin|(?:eq)?ref\b)|\$\$|\[\^",
    re.MULTILINE,
)
"""What may go on after the cut, or show something of what stands there."""
_DEFINES = re.compile(r"^[ >\t]*(?:[-*+][ \t]+|\d+\.[ \t]+)*\*?\[[^\]\n]+\]:", re.MULTILINE)
"""A link, a footnote or an abbreviation, for the whole page."""


def separate(config: MkDocsConfig, templates_are_known: bool) -> bool:
    """Whether the beginnings of a blog's posts can be converted on their own at all."""
    blogs: list[Any] = [
        plugin
        for plugin in config.plugins.values()
        if type(plugin).__module__.startswith("material.plugins.blog")
    ]
    return (
        templates_are_known
        and all(_module(one).startswith(_EXTENSIONS) for one in config.markdown_extensions)
        # Contents of a list show the headings of its posts.
        and not any(on for one in blogs for name, on in one.config.items() if name[-4:] == "_toc")
        and "autorefs" not in config.plugins
    )


def _module(extension: Any) -> str:
    return module_of(extension) if isinstance(extension, str) else type(extension).__module__


def head(markdown: str, separator: str) -> str | None:
    """The page up to the separator; None where only the whole page says what becomes of it."""
    begin, found, rest = markdown.partition(separator)
    if not found or not separator.startswith("<!--") or not separator.endswith("-->"):
        return None
    if not begin.endswith("\n\n") or not rest.startswith("\n\n"):
        return None
    if rest.lstrip()[:1] in (":", "{"):  # it makes a term or an element of the cut itself
        return None
    return None if _OPEN.search(begin) or _DEFINES.search(markdown) else begin + found
