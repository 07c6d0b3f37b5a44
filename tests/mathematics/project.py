"""A small MkDocs project, built for real."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).parents[2]


class Project:
    """An MkDocs project in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "docs").mkdir(parents=True)
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        self.config: dict[str, Any] = {
            "site_name": "Test",
            "site_url": "https://example.org/",
            "theme": {"name": "mkdocs", "highlightjs": False},
            "plugins": ["search", "backprop/mathematics"],
        }

    def write(self, **pages: str) -> None:
        """Write pages: `write(index="…", posts__a="…")`."""
        for name, text in pages.items():
            path = self.folder / "docs" / (name.replace("__", "/") + ".md")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def load(self) -> Any:
        file = self.folder / "mkdocs.yml"
        file.write_text(yaml.safe_dump(self.config, allow_unicode=True), "utf-8")
        # MkDocs keeps plugins for the life of the process; here every load is a new process.
        MkDocsConfig.plugins.plugin_cache = {}  # type: ignore[attr-defined]
        return load_config(str(file))

    def build(self) -> Any:
        """Build the site in this process; the plugin that did it."""
        config = self.load()
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
        return config.plugins["backprop/mathematics"]

    def page(self, path: str = "index.html") -> str:
        return (self.folder / "site" / path).read_text("utf-8")

    def site(self) -> dict[str, bytes]:
        """Every file of the site, but for the time with which MkDocs' own theme stamps it."""
        folder = self.folder / "site"
        return {
            str(path.relative_to(folder)): re.sub(rb"Build Date.*", b"", path.read_bytes())
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".gz"
        }
