"""Warnings name the file with its folder: `posts/backward.md` exists once in every language."""

from __future__ import annotations

import logging
import os
import re


class EditionFilter(logging.Filter):
    """Completes the names of files in warnings and errors with the docs folder being built."""

    def __init__(self) -> None:
        super().__init__()
        self.docs_dir: str | None = None
        self.all_docs_dirs: list[str] = []

    def install(self) -> None:
        """Attach to every handler of MkDocs, in place of an earlier filter."""
        for handler in logging.getLogger("mkdocs").handlers:
            for old in [f for f in handler.filters if isinstance(f, EditionFilter)]:
                handler.removeFilter(old)
            handler.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        if (
            self.docs_dir
            and record.levelno >= logging.WARNING
            and not record.name.startswith("mkdocs.livereload")
            and not hasattr(record, "edition")
        ):
            record.edition = self.docs_dir
            record.msg, record.args = self._name(record.getMessage(), self.docs_dir), None
        return True

    def _name(self, message: str, docs_dir: str) -> str:
        named = name_files(message, docs_dir)
        docs = os.path.relpath(docs_dir)
        known = [docs, *map(os.path.relpath, self.all_docs_dirs)]
        return named if any(name in named for name in known) else f"{docs}: {named}"


def name_files(message: str, docs_dir: str) -> str:
    """The message with `'posts/x.md'` as `'docs/en/posts/x.md'`, for every file that exists."""
    docs = os.path.relpath(docs_dir)

    def complete(match: re.Match[str]) -> str:
        path = os.path.join(docs_dir, match[1])
        return f"'{os.path.join(docs, match[1])}'" if os.path.isfile(path) else match[0]

    return re.sub(r"'([^'\n]+\.\w+)'", complete, message)
