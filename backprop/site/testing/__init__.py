"""The pytest plugin: with `--markdown-docs`, pytest alone decides whether a page is right.

| module | what it tests |
| --- | --- |
| `backprop.site.posts.items` | fences: each runs, prints and draws what its page says |
| `rows.py` | derivations: each row holds |
| `formulas.py` | formulas: each typesets |
| `build.py` | `mkdocs.yml`: the strict build, with links, navigation and other plugins |
| `drafts.py` | pages that are not published, which count only when they are named |
| `project.py` | what the project's `mkdocs.yml` says of all this |
| `summary.py` | lines of the summary that are not cut |

pytest loads this package wherever backprop is installed, so it must cost nothing there: without
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
    if not getattr(config.option, "markdowndocs", False):
        return
    from backprop.site.posts.items import FencesPlugin

    pages = FencesPlugin(config)
    config.pluginmanager.register(pages, "backprop-pages")
    if find_spec("mkdocs") is None:  # pages are tested without it, sites are not
        return
    from backprop.site.testing.build import BuildPlugin
    from backprop.site.testing.drafts import DraftsPlugin
    from backprop.site.testing.formulas import FormulasPlugin
    from backprop.site.testing.project import Project
    from backprop.site.testing.rows import RowsPlugin
    from backprop.site.testing.summary import SummaryPlugin

    project = Project(config.rootpath)
    pages.language = project.language
    for plugin in (RowsPlugin, FormulasPlugin, BuildPlugin, DraftsPlugin):
        config.pluginmanager.register(plugin(project), f"backprop-{plugin.__name__}")
    config.pluginmanager.register(SummaryPlugin(), "backprop-summary")
