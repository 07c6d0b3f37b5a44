"""What every conversion of a build depends on besides its page: settings, versions, sources."""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig

from backprop.program.store import digest
from backprop.site.building import own
from backprop.site.building.plain import as_json, named, plain

KNOWN = (
    "markdown",
    "pymdownx",
    "material",
    "mkdocs",
    "mkdocstrings",
    "mkdocs_autorefs",
    "backprop",
)
"""Packages whose Markdown extensions make the same of the same text, whatever else there is."""
PLUGINS = (
    "backprop.site.",
    "material.plugins.blog.",
    "material.plugins.search.",
    "material.plugins.tags.",
    "mkdocs_autorefs.",
    "mkdocstrings.",
    "mkdocs_rss_plugin.",
)
"""Plugins that make a site of nothing but files, settings, and the time that is set."""
_UNLESS = {"use_git": True, "draft_if_future_date": True, "reproducible": False}
"""Options with which they depend on more."""
READS_FILES = ("pymdownx.snippets", "pymdownx.b64", "mdx_include")


def premises(config: MkDocsConfig) -> str:
    """A digest of all of it."""
    plugins = {name: _settings(plugin) for name, plugin in config.plugins.items()}
    return digest(
        program(),
        [plain(extension, named) for extension in config.markdown_extensions],
        plain(config.mdx_configs, named),
        plugins,
        plain(dict(config.validation.links), named),
        [config.site_url, config.use_directory_urls, config.theme.name, os.getcwd()],
        str(config.theme.get("language", "")),
        # What a script of `hooks` has taken from elsewhere.
        sorted({path: _content(path) for _, path in own.modules(config)}.items()),
        [config.docs_dir, logging.getLogger("mkdocs").getEffectiveLevel() > logging.DEBUG],
    )


def settings_of(config: MkDocsConfig) -> Any:
    """All settings but those that say where the site goes and what fails the build."""
    plugins = {name: _settings(plugin) for name, plugin in config.plugins.items()}
    left_out = ("plugins", "site_dir", "strict")
    return [{k: plain(v, named) for k, v in dict(config).items() if k not in left_out}, plugins]


def _settings(plugin: Any) -> Any:
    if hasattr(plugin, "config"):
        return plain(dict(plugin.config), named)
    # A script of `hooks` stands among the plugins as a module.
    return _content(plugin.__file__)


def _content(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""


def unknown(config: MkDocsConfig) -> list[str]:
    """Extensions and functions of the settings that may depend on anything."""
    found = []
    for extension in config.markdown_extensions:
        name = extension if isinstance(extension, str) else type(extension).__module__
        module = module_of(name) if isinstance(extension, str) else name
        options = config.mdx_configs.get(name) or {}
        if (
            module.split(".")[0] not in KNOWN
            or module in READS_FILES
            or "custom_icons" in str(options)
        ):
            found.append(name)
    for function in _functions(config.mdx_configs):
        module = getattr(function, "__module__", "") or ""
        if module.split(".")[0] not in (*KNOWN, "builtins", "slugify"):
            found.append(f"{module}.{getattr(function, '__name__', function)}")
    return found


def depends_on_files(configs: Iterable[MkDocsConfig]) -> bool:
    """Whether builds with these settings depend on nothing but files and settings."""
    return all(
        not unknown(config)
        and all(
            f"{type(plugin).__module__}.".startswith(PLUGINS)
            and not any(plugin.config.get(name) is value for name, value in _UNLESS.items())
            and not ("mkdocstrings" in name and "://" in as_json(dict(plugin.config)))
            for name, plugin in config.plugins.items()
        )
        for config in configs
    )


@cache
def module_of(name: str) -> str:
    """The module of an extension that is named by its entry point: `toc`."""
    if "." in name:
        return name.split(":")[0]
    for point in importlib.metadata.entry_points(group="markdown.extensions"):
        if point.name == name:
            return point.module
    return name


def _functions(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _functions(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _functions(one)
    elif callable(value):
        yield value


@cache
def program() -> str:
    """This project's code, and the versions of everything that is installed."""
    sources = hashlib.sha256()
    package = Path(__file__).parents[2]
    for path in sorted(package.rglob("*")):
        if (
            path.suffix
            in (".py", ".mjs", ".lark", ".json", ".jinja", ".html", ".svg", ".css", ".js")
            and path.is_file()
        ):
            sources.update(path.read_bytes())
    # A distribution is told by the name of its folder, which has the version in it.
    versions = sorted(
        name
        for folder in dict.fromkeys(sys.path)
        if os.path.isdir(folder)
        for name in os.listdir(folder)
        if name.endswith((".dist-info", ".egg-info"))
    )
    return digest(sys.version, sources.hexdigest(), versions)
