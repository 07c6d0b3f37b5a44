"""What the preset sets. Everything here gives way to what the author's `mkdocs.yml` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markdown.extensions.toc import slugify_unicode

from backprop import site
from backprop.site.blog.words import say

# How each language is searched, where Material's own settings for it are not the best.
SEARCH: dict[str, dict[str, Any]] = {
    # Chinese words are told apart by jieba and keep no word characters that the trimmer knows.
    # With the stemmer words are not found as they are typed: the index has `varianc`, and
    # Material's script looks for what begins with `variance`.
    "zh": {"lang": "en", "pipeline": ["stopWordFilter"]},
    "en": {"lang": "en", "pipeline": ["stopWordFilter"]},
}
SEPARATOR = (
    r"[\s\u200b\u3000\-_.,:;!?=<>+*/\\@#$&%^~"
    + "\"'"
    + r"`(){}\[\]，。、；：？！（）《》「」『』“”‘’…—·]+"
)

# The reference of a package, from its docstrings; no other project's inventory is fetched.
REFERENCE: dict[str, Any] = {
    "enable_inventory": False,
    "locale": "en",
    "custom_templates": str(Path(site.__file__).with_name("templates")),
    "handlers": {
        "python": {
            "inventories": [],
            "options": {
                "heading_level": 2,
                "show_source": False,
                "show_root_heading": True,
                "show_root_full_path": False,
                "show_bases": False,
                "separate_signature": True,
                "show_signature_annotations": True,
                "signature_crossrefs": True,
                "line_length": 60,
                "docstring_section_style": "list",
            },
        }
    },
}


def plugins(default: str, language: str | None = None) -> dict[str, dict[str, Any]]:
    """The plugins of a blog and their options, in the order in which they run.

    default: the default language of the site; language: the one whose pages are built.
    """
    search = SEARCH.get((language or default).split("-")[0], {})
    return {
        "backprop/languages": {"default": default, "languages": {default: {}}},
        "material/blog": {
            "blog_dir": ".",
            "post_dir": "posts",
            "post_url_format": "posts/{slug}",
            "post_readtime": False,
            "draft_if_future_date": False,
            # The list is in order of learning: a reader sees the whole of it.
            "pagination_per_page": 30,
        },
        "material/tags": {},
        "material/search": {**search, "separator": SEPARATOR},
        "rss": {
            "match_path": "posts/.*",
            "use_git": False,
            "stylesheet": "",
            "cache_dir": ".cache/backprop/feed",
            "categories": ["categories", "tags"],
            "date_from_meta": {"as_creation": "published", "as_update": "updated"},
        },
        "autorefs": {"link_titles": False},
        "mkdocstrings": REFERENCE,
        "backprop/posts": {},
        "backprop/mathematics": {},
        "backprop/derivations": {},
        "backprop/interactive": {},
        "backprop/pages": {"run": "pytest {path}"},
    }


ON_REQUEST = {"autorefs": "mkdocstrings", "mkdocstrings": "mkdocstrings"}
"""Plugins that are there only if the author lists one of them."""


def markdown_extensions(language: str) -> dict[str, dict[str, Any]]:
    return {
        "abbr": {},
        "admonition": {},
        "attr_list": {},
        "def_list": {},
        "footnotes": {},
        "md_in_html": {},
        "tables": {},
        "toc": {
            "permalink": "#",
            "permalink_title": say("section", language),
            "slugify": slugify_unicode,
        },
        "pymdownx.details": {},
        "pymdownx.highlight": {
            # A number that is a link is too small and too near the next one for a finger.
            "anchor_linenums": False,
            "line_spans": "__span",
            "pygments_lang_class": True,
        },
        "pymdownx.inlinehilite": {},
        "pymdownx.superfences": {},
        "pymdownx.tabbed": {"alternate_style": True},
    }


VALIDATION: dict[str, Any] = {
    "nav": {"omitted_files": "warn", "not_found": "warn", "absolute_links": "warn"},
    "links": {
        "not_found": "warn",
        "anchors": "warn",
        "absolute_links": "warn",
        "unrecognized_links": "warn",
    },
}

PALETTE = ("automatic", "light", "dark")
"""The words of the theme's three switches of colour, in its order."""
