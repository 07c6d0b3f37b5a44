"""Mistakes that would stop the blog plugin, or pass it, told so that a newcomer can mend them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from mkdocs.utils.meta import YAML_RE

EXAMPLE = "---\ndate: 2017-03-30\n---"


def blogs(config: MkDocsConfig) -> Iterator[tuple[str, str]]:
    """The folders of each blog of Material's plugin: the blog's and its posts', in docs_dir."""
    for name, plugin in config.plugins.items():
        if name.split(" ")[0] == "material/blog" and plugin.config.enabled:
            root = os.path.normpath(plugin.config.blog_dir)
            yield root, os.path.normpath(plugin.config.post_dir.format(blog=root))


def posts_of(config: MkDocsConfig) -> Iterator[Path]:
    for _, folder in blogs(config):
        yield from sorted(Path(config.docs_dir, folder).rglob("*.md"))


def check_blog(config: MkDocsConfig) -> None:
    """Refuse what the blog plugin would mend by writing into the author's folder, and bad posts.

    Raises:
        PluginError: naming each file that is wrong, and what would be right.
    """
    wrong = []
    for root, _ in blogs(config):
        index = Path(config.docs_dir, root, "index.md")
        if not index.is_file():
            wrong.append(
                f"{os.path.relpath(index)} is missing: it is the first page of the blog, above the "
                "list of posts. Create it with a heading and a sentence on what this is about, "
                "such as '# Blog'."
            )
    wrong += [fault for path in posts_of(config) if (fault := post_fault(path))]
    if wrong:
        raise PluginError("\n".join(wrong))


def absent_folders(config: MkDocsConfig) -> list[Path]:
    """Folders of posts that do not exist; the blog plugin is about to create them."""
    folders = [Path(config.docs_dir, posts) for _, posts in blogs(config)]
    return [folder for folder in folders if not folder.exists()]


def remove_empty(folders: Iterable[Path]) -> None:
    """Take back the folders that the blog plugin created among the author's sources."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


@lru_cache(4096)
def _read(head: str) -> Any:
    """The head of a post; it is asked for twice a build."""
    try:
        return yaml.load(head, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return yaml.safe_load(head)  # says more clearly what is wrong


def post_fault(path: Path) -> str | None:
    """What is wrong with the head of a post, beginning with its file and line; None if nothing."""
    shown = os.path.relpath(path)
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        return f"{shown}:{line}: byte 0x{byte:02x} is not UTF-8; save the file with encoding UTF-8"
    head = YAML_RE.match(text)
    if not head:
        return f"{shown}:1: a post needs its date at its top, between two lines ---\n{EXAMPLE}"
    try:
        meta = _read(head[1])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        problem = getattr(error, "problem", None) or error
        return f"{shown}:{line}: the head of the post is not YAML: {problem}"
    if meta is not None and not isinstance(meta, dict):
        return f"{shown}:2: expected 'name: value' in the head of the post, found {meta!r}."
    found = (meta or {}).get("date")
    if isinstance(found, dict):
        found = found.get("created")
    if isinstance(found, date):
        return None
    lines = enumerate(text.splitlines(), 1)
    line = next((i for i, row in lines if row.startswith("date")), 1)
    if found is None:
        return f"{shown}:{line}: a post needs its date at its top, date: 2017-03-30\n{EXAMPLE}"
    return f"{shown}:{line}: the date {found!r} is no date. Write it as 2017-03-30, unquoted."


def newest_date(configs: Iterable[MkDocsConfig]) -> datetime | None:
    """The latest date in the head of any post of any language."""
    newest: datetime | None = None
    for config in configs:
        for path in posts_of(config):
            head = YAML_RE.match(path.read_text("utf-8-sig", errors="replace"))
            try:
                meta = _read(head[1]) if head else None
            except yaml.YAMLError:
                continue
            found = meta.get("date") if isinstance(meta, dict) else None
            for value in found.values() if isinstance(found, dict) else [found]:
                if isinstance(value, date):
                    moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
                    newest = max(newest, moment) if newest else moment
    return newest


def check_addresses(files: Iterable[File], config: MkDocsConfig, reserved: Iterable[str]) -> None:
    """No two files may be published at one address, nor inside another language's folder.

    Raises:
        PluginError: naming the files and the address.
    """
    docs = os.path.relpath(config.docs_dir)
    by_address: dict[str, list[str]] = {}
    for file in files:
        by_address.setdefault(file.dest_uri, []).append(os.path.join(docs, file.src_uri))
    wrong = [
        f"{' and '.join(sources)} would all be published at the same address, /{_url(address)}. "
        "Give each post a 'slug' of its own in its head, or each file a name of its own."
        for address, sources in by_address.items()
        if len(sources) > 1
    ]
    for address, sources in by_address.items():
        for prefix in reserved:
            if address.startswith(prefix):
                wrong.append(
                    f"{sources[0]} would be published at /{_url(address)}, inside the pages of the "
                    f"language '{prefix.rstrip('/')}'. Give it another name."
                )
    if wrong:
        raise PluginError("\n".join(wrong))


def _url(address: str) -> str:
    return address.removesuffix("index.html")
