"""The pytest plugin: with `--markdown-docs`, every page is tested as the program that it is.

pytest loads this module wherever backprop is installed, so it must cost nothing there: without
pytest-markdown-docs, or without its option, it imports nothing and does nothing.
"""

from importlib.util import find_spec
from typing import Any


def pytest_addoption(parser: Any) -> None:
    if find_spec("pytest_markdown_docs") is None:
        return
    group = parser.getgroup("collect")
    group.addoption(
        "--update-outputs",
        action="store_true",
        default=False,
        help="rewrite the outputs and doctest results of Markdown pages with what is printed "
        "(with --markdown-docs)",
    )
    parser.addini(
        "backprop_time_limit", "seconds that one fence of a Markdown page may run", default="60"
    )


def pytest_configure(config: Any) -> None:
    if getattr(config.option, "markdowndocs", False):
        from backprop.site.posts.items import PagesPlugin

        config.pluginmanager.register(PagesPlugin(config), "backprop-pages")
