"""What every plugin reads out of MkDocs' settings, in one way."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig


def root_of(config: MkDocsConfig) -> Path:
    """The folder of the project: that of its mkdocs.yml."""
    return Path(config.config_file_path or "mkdocs.yml").resolve().parent


def language_of(config: MkDocsConfig) -> str:
    """The language of the pages: what the theme says, English if it says nothing."""
    return str(config.theme.get("language") or config.theme.locale or "en")
