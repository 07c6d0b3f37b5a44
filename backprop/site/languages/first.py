"""What `/` is where no page is the index, such as with a blog that is switched off."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

INDEX = "index.html"
MOVED = """\
<!doctype html>
<html>
<head>
<meta charset="utf-8">
<title>{to}</title>
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url={to}">
</head>
<body><a href="{to}">{to}</a></body>
</html>
"""


def first_page(files: Files, config: MkDocsConfig) -> None:
    """Publish the first page of `nav`, or else the first there is, as `/`, where nothing else is.

    Whoever knows the address that the page would have had is led on from there.
    """
    pages = [f for f in files.documentation_pages() if f.inclusion.is_included()]
    if not pages or any(file.dest_uri == INDEX for file in files):
        return
    by_source = {file.src_uri: file for file in pages}
    named = (by_source[path] for path in _paths(config.nav) if path in by_source)
    page = next(named, pages[0])
    before, address = page.dest_uri, page.url
    page.dest_uri, page.url = INDEX, "./" if config.use_directory_urls else INDEX
    moved = MOVED.format(to=escape(get_relative_url(page.url, address)))
    files.append(File.generated(config, before, content=moved))


def _paths(nav: Any) -> Iterator[str]:
    """The files that stand in `nav`, in its order, however nested."""
    if isinstance(nav, str):
        yield nav.removeprefix("./")
    elif isinstance(nav, dict):
        for below in nav.values():
            yield from _paths(below)
    elif isinstance(nav, list):
        for below in nav:
            yield from _paths(below)
