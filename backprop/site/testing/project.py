"""What the project's `mkdocs.yml` says, as far as its pages are tested by themselves."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import markdown
from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import ConfigurationError
from mkdocs.utils.yaml import get_yaml_loader, yaml_load
from yaml import YAMLError

from backprop.site.blog import defaults
from backprop.site.blog.complete import settings_of

SETTINGS = "mkdocs.yml"
MATHEMATICS, DERIVATIONS = "backprop/mathematics", "backprop/derivations"
QUIET = {*defaults.plugins("en"), "search", "glightbox", "redirects", "minify", "literate-nav"}
"""Plugins that leave the Markdown of a page alone: what a page says is what will be typeset."""


class _Extensions(Config):
    markdown_extensions = c.MarkdownExtensions(builtins=["toc", "tables", "fenced_code"])
    mdx_configs = c.Private[dict[str, Any]]()


class Project:
    """A folder with pages; with `mkdocs.yml`, what is tested is what the build looks at."""

    def __init__(self, root: Path):
        self.root = root
        self.path = root / SETTINGS

    @cached_property
    def concerned(self) -> bool:
        """Do the settings list a plugin of ours; or name one, where they are no YAML?"""
        if any(name.startswith("backprop/") for name in self.plugins):
            return True
        return self._raw is None and b"backprop/" in self.path.read_bytes()

    @cached_property
    def settings(self) -> dict[str, Any]:
        return self._read[0]

    @cached_property
    def plugins(self) -> dict[str, dict[str, Any]]:
        """Options by plugin; without `mkdocs.yml`, those of the preset, which is the default."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        return settings_of(self._raw or {}, self.root)

    @cached_property
    def _raw(self) -> dict[str, Any] | None:
        """The settings as they are written; None if they are no such YAML, which the build says."""
        if not self.path.is_file():
            return {"plugins": ["backprop/blog"]}
        try:
            with self.path.open("rb") as file:
                read = yaml_load(file, get_yaml_loader(config=MkDocsConfig(str(self.path))))
                return read if isinstance(read, dict) else None
        except (ConfigurationError, YAMLError):
            return None

    @cached_property
    def docs(self) -> dict[Path, str]:
        """The folders of pages, with their languages. What is wrong with them the build says."""
        docs = self.root / str(self.settings.get("docs_dir") or "docs")
        languages = _mapping(self.plugins.get("backprop/languages"))
        blocks = _mapping(languages.get("languages")) or {self._language: None}
        default = languages.get("default") or next(iter(blocks))
        found = {docs.resolve(): str(default)}
        for key, block in blocks.items():
            if key != default:
                own = _mapping(block).get("docs_dir")
                found[(self.root / str(own) if own else docs.parent / str(key)).resolve()] = str(
                    key
                )
        return found

    @property
    def _language(self) -> str:
        return str(_mapping(self.settings.get("theme")).get("language") or "en")

    def language(self, path: Path) -> str | None:
        """The language of a page of the site; None for a page of none of its folders."""
        for folder, language in self.docs.items():
            if path.resolve().is_relative_to(folder):
                return language
        return None

    def tests(self, path: Path, plugin: str) -> bool:
        """Does the build hand this page to `plugin` as it is written?"""
        if self.language(path) is None:
            return False
        return plugin in self.plugins and all(
            name in QUIET or name.startswith("material/") for name in self.plugins
        )

    def converter(self, *extensions: Any) -> markdown.Markdown:
        """Python-Markdown with the project's extensions, and others behind them."""
        config = _Extensions()
        listed = self.settings.get("markdown_extensions") or []
        if not isinstance(listed, dict):  # MkDocs empties the mappings that it reads
            listed = [dict(entry) if isinstance(entry, dict) else entry for entry in listed]
        config.load_dict({"markdown_extensions": listed})
        config.validate()
        return markdown.Markdown(
            extensions=[*config.markdown_extensions, *extensions],
            extension_configs=config.mdx_configs,
        )


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
