"""One more post in a blog, the same file in the folder of each language."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import ConfigurationError
from mkdocs.utils.yaml import get_yaml_loader, yaml_load

from backprop.site.beginning.create import BeginningError
from backprop.site.beginning.words import say
from backprop.site.blog.complete import settings_of

SLUG = re.compile(r"[\w]+(-[\w]+)*")


def folders(root: Path) -> dict[str, Path]:
    """The folder of posts of each language of a blog, the default language first.

    Raises:
        BeginningError: there is no mkdocs.yml, or it says nothing of a blog.
    """
    path = root / "mkdocs.yml"
    if not path.is_file():
        raise BeginningError(
            f"there is no mkdocs.yml in {root.resolve()}. Go to the folder of the blog, or begin "
            "one: backprop new DIR."
        )
    try:
        with path.open("rb") as file:
            raw = yaml_load(file, get_yaml_loader(config=MkDocsConfig(str(path))))
    except ConfigurationError as error:
        raise BeginningError(f"mkdocs.yml: {error}") from None
    settings, plugins = settings_of(raw, root)
    blog = plugins.get("material/blog")
    if blog is None:
        raise BeginningError(
            "mkdocs.yml lists no blog. Add it, above the other plugins:\n\nplugins:\n"
            "  - backprop/blog"
        )
    below = os.path.normpath(str(blog.get("blog_dir", "blog")))
    posts = os.path.normpath(str(blog.get("post_dir", "{blog}/posts")).format(blog=below))
    docs = Path(settings.get("docs_dir", "docs"))
    languages = plugins.get("backprop/languages") or {}
    blocks = languages.get("languages") or {settings["theme"]["language"]: None}
    default = languages.get("default") or next(iter(blocks))
    return {
        key: root
        / (docs if key == default else (block or {}).get("docs_dir", docs.parent / key))
        / posts
        for key, block in sorted(blocks.items(), key=lambda item: item[0] != default)
    }


def add_post(
    root: Path, slug: str, titles: Mapping[str, str] | None = None, today: date | None = None
) -> list[Path]:
    """Begin a post in every language.

    Args:
        slug: the name of its file and the end of its address.
        titles: by language; a word of the language where there is none.

    Returns:
        The files written.

    Raises:
        BeginningError: a post of this name exists, or a title is of no language of the blog;
            nothing was written.
    """
    if not SLUG.fullmatch(slug):
        raise BeginningError(f"'{slug}' is no name of a post. Right would be: batch-norm.")
    titles, where = dict(titles or {}), folders(root)
    for language in titles:
        if language not in where:
            raise BeginningError(
                f"--title {language}=…: the languages of this blog are {', '.join(where)}."
            )
    paths = {language: folder / f"{slug}.md" for language, folder in where.items()}
    if there := [str(path) for path in paths.values() if path.exists()]:
        raise BeginningError(f"{', '.join(there)} exists already, and nothing is overwritten.")
    day = (today or date.today()).isoformat()
    for language, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(
                f"---\ndate: {day}\nslug: {slug}\ncategories:\n  - {say('category', language)}\n"
                f"---\n\n# {titles.get(language, say('title', language))}\n\n"
                f"{say('summary', language)}\n\n<!-- more -->\n\n"
                "```python\nimport numpy as np\n\nx = np.arange(3.0)\nprint(x)\n```\n\n"
                "```output\n[0. 1. 2.]\n```\n"
            )
    return list(paths.values())
