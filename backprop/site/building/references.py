"""What a conversion leaves in autorefs and mkdocstrings: anchors, and a handler that is loaded."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File

from backprop.site.building import memory
from backprop.site.building.aside import destination
from backprop.site.building.modules import Modules
from backprop.site.building.plain import as_json
from backprop.site.settings import root_of

_DIRECTIVE = re.compile(r"^[ >]*:::[ \t]*(\S*)", re.MULTILINE)


def unfamiliar(config: MkDocsConfig) -> str:
    """Which of the two is in another form than is known here; empty if none."""
    autorefs, strings = (config.plugins.get(name) for name in ("autorefs", "mkdocstrings"))
    if autorefs is not None:
        function = getattr(autorefs, "register_anchor", None)
        known = ["page", "identifier", "anchor"]
        if function is None or list(inspect.signature(function).parameters)[:3] != known:
            return "mkdocs_autorefs: register_anchor"
    if strings is not None:
        handlers = getattr(strings, "_handlers", strings)
        if handlers is strings or not hasattr(type(strings), "handlers"):
            return "mkdocstrings: its handlers"
        if handlers is not None and not (
            hasattr(handlers, "_handlers") and hasattr(handlers, "get_handler")
        ):
            return "mkdocstrings: its handlers"
    return ""


class References:
    """Stands beside our own plugins (`conversions.py`) for these two."""

    def __init__(self, config: MkDocsConfig) -> None:
        self.config = config
        self.modules: Modules | None = None
        self.calls: list[list[Any]] = []

    def conversion_key(self, file: File) -> str:
        """A page with a reference depends on what the sources of the project say of it."""
        strings: Any = self.config.plugins.get("mkdocstrings")
        if not file.abs_src_path or strings is None:
            return ""
        text = Path(file.abs_src_path).read_text("utf-8-sig", errors="replace")
        objects = _DIRECTIVE.findall(text)
        if not objects:
            return ""
        python = (strings.config.handlers or {}).get("python") or {}
        if self.modules is None:
            root = root_of(self.config)
            paths = [Path(root, path).resolve() for path in python.get("paths") or ()]
            roots = [root, *(path for path in paths if not path.is_relative_to(root))]
            site = destination(self.config.site_dir)
            self.modules = Modules(roots, [site], memory.of(self.config))
        # Without bodies only where nobody can have asked for them.
        hides = (python.get("options") or {}).get("show_source") is False
        bodies = not hides or "show_source" in text
        return self.modules.shown(objects, bodies) + as_json(python)

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
