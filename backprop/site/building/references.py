"""What a conversion leaves in autorefs and mkdocstrings: anchors, and a handler that is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File

from backprop.site.building.premises import python_sources

_DIRECTIVE = re.compile(r"^[ >]*:::", re.MULTILINE)


class References:
    """Stands beside our own plugins (`conversions.py`) for these two."""

    def __init__(self, config: MkDocsConfig) -> None:
        self.config = config
        self.sources = ""
        self.calls: list[list[Any]] = []

    def conversion_key(self, file: File) -> str:
        """A page with a reference depends on all Python sources of the project."""
        if not file.abs_src_path or "mkdocstrings" not in self.config.plugins:
            return ""
        if not _DIRECTIVE.search(Path(file.abs_src_path).read_text("utf-8-sig", errors="replace")):
            return ""
        if not self.sources:
            root = Path(self.config.config_file_path or "mkdocs.yml").resolve().parent
            self.sources = python_sources(root)
        return self.sources

    def conversion_record(self) -> Callable[[], Any]:
        references: Any = self.config.plugins.get("autorefs")
        strings: Any = self.config.plugins.get("mkdocstrings")
        if references is None:
            return lambda: {"anchors": [], "handlers": []}
        original = references.register_anchor
        calls: list[list[Any]] = []

        def register(page: Any, identifier: str, anchor: Any = None, **options: Any) -> None:
            calls.append([identifier, anchor, options])
            original(page, identifier, anchor, **options)

        references.register_anchor = register

        def end() -> Any:
            del references.register_anchor
            handlers: list[str] = []
            if strings is not None and strings._handlers:
                handlers = sorted(strings._handlers._handlers)
                # An inventory is made of what was rendered.
                if strings.config.enable_inventory is not False:
                    return None
            return {"anchors": calls, "handlers": handlers}

        return end

    def conversion_replay(self, data: Any, file: File) -> None:
        references: Any = self.config.plugins.get("autorefs")
        for identifier, anchor, options in data["anchors"]:
            references.register_anchor(file.page, identifier, anchor, **options)
        for name in data["handlers"]:  # its style sheet is that of the site
            strings: Any = self.config.plugins["mkdocstrings"]
            strings.handlers.get_handler(name)
