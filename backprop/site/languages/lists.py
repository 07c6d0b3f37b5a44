"""Index pages of the folders in which a blog's lists lie: `archive/` and `category/` are no 404."""

from __future__ import annotations

import posixpath
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

# Kind of list: the options of Material's blog that hold its addresses and its name.
LISTS = {
    "Archive": ("archive_url_format", "archive_name"),
    "Category": ("categories_url_format", "categories_name"),
    "Profile": ("authors_profiles_url_format", "authors_profiles_name"),
}


def add_index_pages(files: Files, config: MkDocsConfig) -> None:
    """A page that names all lists of a kind, where their folder has no index."""
    for name, plugin in config.plugins.items():
        blog: Any = getattr(plugin, "blog", None)
        if name.split("/")[-1].split(" ")[0] != "blog" or blog is None:
            continue
        for kind, (address, title) in LISTS.items():
            views = [view for view in blog.views if type(view).__name__ == kind]
            folder = plugin.config[address].partition("{")[0].rpartition("/")[0].strip("/")
            path = posixpath.normpath(posixpath.join(plugin.config["blog_dir"], folder, "index.md"))
            if not views or not folder or files.get_file_from_path(path):
                continue
            heading = plugin._translate(plugin.config[title], config)
            text = _page(heading, path, views)
            files.append(
                File.generated(config, path, content=text, inclusion=InclusionLevel.NOT_IN_NAV)
            )


def _page(heading: str, path: str, views: list[Any]) -> str:
    head = yaml.safe_dump({"title": heading, "search": {"exclude": True}}, allow_unicode=True)
    here = posixpath.dirname(path)
    lines = []
    for view in views:
        link = posixpath.relpath(view.file.src_uri, here).replace(" ", "%20")
        name = str(view.name).replace("[", "\\[").replace("]", "\\]")
        lines.append(f"- [{name}]({link}) ({len(view.posts)})")
    return f"---\n{head}---\n\n# {heading}\n\n" + "\n".join(lines) + "\n"
