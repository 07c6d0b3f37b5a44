"""A first look: one page made again in a finished build, whose state is the state of the site.

It runs in a fork of that build, so it may leave anything behind. It sees all other pages as they
were; the whole build that follows sees them as they are.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from typing import Any

from mkdocs.commands import build as mkdocs_build
from mkdocs.structure.files import File, Files, set_exclusions
from mkdocs.structure.pages import Page

from backprop.site.building.witness import BuiltSite

_EXPECTED = {
    "_populate_page": ["page", "config", "files", "dirty"],
    "_build_page": ["page", "config", "doc_files", "nav", "env", "dirty", "excluded"],
}


def unfamiliar() -> str:
    """What this version of MkDocs has in another form than is known here; empty if nothing."""
    for name, parameters in _EXPECTED.items():
        function = getattr(mkdocs_build, name, None)
        if function is None or list(inspect.signature(function).parameters) != parameters:
            return f"mkdocs.commands.build.{name}"
    return ""


def look(sites: list[BuiltSite], path: str) -> Iterator[str]:
    """Make what a source file is published as; yields the path of each file written.

    The page itself comes first, then the first page of the blog that it belongs to.
    """
    site = next((site for site in sites if site.holds(path)), None)
    if site is None:
        return
    file, blog = site.file(path), _blog(site, path)
    if not os.path.exists(path):
        if file is not None:
            site.files.remove(file)
            os.remove(file.abs_dest_path)
            _tell(site, "after_look", file)
            yield file.abs_dest_path
    elif file is not None and not file.is_documentation_page():
        yield _static(file)
    elif path.endswith(".md"):
        _begin(site, file, path)
        if file is None:
            file = _new(site, path, blog)
            if blog is not None:  # which makes an excerpt of what it knows as a post
                _list(blog, file, path)
        yield _page(site, file)
    if blog is not None and blog.blog.file is not file:
        _list(blog, file, path)
        yield _written(site, blog.blog)


def _static(file: File) -> str:
    # Aside first: the server may be reading the file.
    target, file.abs_dest_path = file.abs_dest_path, file.abs_dest_path + ".new"
    file.copy_file()
    os.replace(file.abs_dest_path, target)
    return target


def _page(site: BuiltSite, file: File) -> str:
    config, files = site.config, site.files
    page = file.page
    if page is None:
        page = Page(None, file, config)
    elif _is_post(page):
        _read_post(page, file, config)
    _tell(site, "before_look", file)
    mkdocs_build._populate_page(page, config, files)
    only = Files([file])
    references: Any = config.plugins.get("autorefs")
    if references is not None:
        references.on_env(site.env, config=config, files=only)
    _tell(site, "after_look", file)
    written = _written(site, page)
    page.validate_anchor_links(files=files, log_level=config.validation.links.anchors)
    return written


def _begin(site: BuiltSite, file: File | None, path: str) -> None:
    """Let our own plugins begin what takes long and will be needed (`ahead_of_look`)."""
    was = (file.page.markdown if file and file.page else None) or ""
    with open(path, encoding="utf-8-sig", errors="replace") as source:
        text = source.read()
    for plugin in site.config.plugins.values():
        if hasattr(plugin, "ahead_of_look"):
            plugin.ahead_of_look(was, text)


def _tell(site: BuiltSite, event: str, file: File) -> None:
    """Our own plugins forget what they found on a page (`before_look`), and look at what is new
    on it (`after_look`)."""
    for plugin in site.config.plugins.values():
        if hasattr(plugin, event):
            getattr(plugin, event)(file, config=site.config)


def _written(site: BuiltSite, page: Page) -> str:
    pages = site.files.documentation_pages()
    file = page.file
    target, file.abs_dest_path = file.abs_dest_path, file.abs_dest_path + ".new"
    excluded = file.inclusion.is_excluded()
    mkdocs_build._build_page(page, site.config, pages, site.nav, site.env, False, excluded)
    os.replace(file.abs_dest_path, target)
    file.abs_dest_path = target
    return target


# ---- Material's blog, which reads a post before MkDocs reads pages -------------------------------
def _blog(site: BuiltSite, path: str) -> Any:
    """The blog that a source file is a post of."""
    for name, plugin in site.config.plugins.items():
        if name.split(" ")[0] == "material/blog" and getattr(plugin, "blog", None) is not None:
            options: Any = plugin.config
            folder = os.path.normpath(options.post_dir.format(blog=options.blog_dir))
            if path.startswith(os.path.join(site.config.docs_dir, folder) + os.sep):
                return plugin
    return None


def _is_post(page: Page) -> bool:
    return type(page).__module__.startswith("material.plugins.blog") and hasattr(page, "excerpt")


def _read_post(page: Any, file: File, config: Any) -> None:
    """A post as its file is now, where others know it: in the blog's lists, as a neighbour."""
    fresh: Any = type(page)(file, config)
    page.markdown, page.meta, page.config = fresh.markdown, fresh.meta, fresh.config
    page.authors = []
    file.page = page


def _new(site: BuiltSite, path: str, blog: Any) -> File:
    config = site.config
    name = os.path.relpath(path, config.docs_dir)
    file = File(name, config.docs_dir, config.site_dir, config.use_directory_urls)
    site.files.append(file)
    if blog is None:
        set_exclusions([file], config)
        return file
    post = blog._resolve_post(file, config)
    file.inclusion = blog.blog.posts[0].file.inclusion if blog.blog.posts else file.inclusion
    post.parent = blog.blog
    return file


def _list(blog: Any, file: File | None, path: str) -> None:
    """The posts of the blog with this one where it belongs, or without it if it is gone."""
    posts = [post for post in blog.blog.posts if post.file is not file]
    if file is not None and os.path.exists(path):
        posts.append(file.page)
        posts.sort(key=lambda post: (post.config.pin, post.config.date.created), reverse=True)
    if pages := len(blog.blog.pages):  # one more is for the whole build to make
        del posts[pages * blog.config.pagination_per_page :]
    blog.blog.posts[:] = posts
