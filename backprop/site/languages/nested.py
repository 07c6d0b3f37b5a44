"""The settings of one more language, and a build with them inside the build that is running."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin
from mkdocs.theme import Theme
from mkdocs.utils import get_theme_dir, get_theme_names
from mkdocs.utils.yaml import get_yaml_loader, yaml_load

from backprop.site.languages.options import Language

PluginCache = dict[str, BasePlugin]
Complete = Callable[[dict[str, Any], str], dict[str, Any]]

NAMED_LISTS = ("plugins", "markdown_extensions")
"""Lists of names with options, in which a language changes the options of one name."""


def docs_dir_of(language: Language, default: MkDocsConfig) -> str:
    """The folder of a language's pages: as set, or beside the default's and named by the key."""
    root = os.path.dirname(default.config_file_path)
    chosen = language.settings.get("docs_dir")
    if chosen is None:
        return os.path.join(os.path.dirname(default.docs_dir), language.key)
    return os.path.normpath(os.path.join(root, chosen))


def load(
    language: Language,
    default: MkDocsConfig,
    cache: PluginCache,
    complete: Complete = lambda raw, _: raw,
) -> MkDocsConfig:
    """Read `mkdocs.yml` again and lay the language's settings over it.

    What was said on the command line reaches the language through `default`, the settings of the
    running build. `cache` keeps the language's plugins over the rebuilds of `mkdocs serve`.
    `complete` adds to the settings what the author left to a preset.

    Raises:
        PluginError: a setting of the language is wrong, its docs folder does not exist.
    """
    where = f"mkdocs.yml: language '{language.key}': "
    path = default.config_file_path
    if not path or not os.path.isfile(path):
        raise PluginError("backprop/languages needs mkdocs.yml as a file, to read it again.")
    docs_dir = docs_dir_of(language, default)
    if not os.path.isdir(docs_dir):
        shown = os.path.relpath(docs_dir)
        raise PluginError(
            f"{where}its folder {shown} does not exist. Create it with a page "
            f"{os.path.join(shown, 'index.md')}, or remove the language's block from mkdocs.yml."
        )
    for ours, theirs in ((docs_dir, default.docs_dir), (default.docs_dir, docs_dir)):
        if (ours + os.sep).startswith(theirs + os.sep):
            raise PluginError(
                f"{where}the folders {os.path.relpath(docs_dir)} and "
                f"{os.path.relpath(default.docs_dir)} (default language) lie in one another. "
                "Give each language a folder of its own, such as docs/zh and docs/en."
            )

    config = MkDocsConfig(config_file_path=path)
    with open(path, "rb") as file:
        raw = yaml_load(file, get_yaml_loader(config=config))
    raw = complete(raw, language.key)
    settings = merge(raw, _with_theme(language, raw, default), where)
    settings.update(
        docs_dir=docs_dir,
        site_dir=os.path.join(default.site_dir, language.prefix.rstrip("/")),
        site_url=default.site_url and default.site_url.rstrip("/") + "/" + language.prefix,
        strict=default.strict,
        use_directory_urls=default.use_directory_urls,
    )
    config.load_dict(settings)
    with _plugin_cache(cache):
        errors, warnings = config.validate()
    if errors:
        raise PluginError("\n".join(f"{where}'{key}': {error}" for key, error in errors))
    config.theme.name = default.theme.name  # as a preset may have called it
    _check_theme_language(config, where)
    if warnings and default.strict:
        raise PluginError("\n".join(f"{where}'{key}': {warning}" for key, warning in warnings))
    return config


def _check_theme_language(config: MkDocsConfig, where: str) -> None:
    """Material fails with a Jinja error for a language that it has no words for."""
    folders = [
        Path(folder, "partials", "languages") for folder in getattr(config.theme, "dirs", ())
    ]
    known = sorted({file.stem for folder in folders for file in folder.glob("*.html")})
    if known and config.theme.get("language", "en") not in known:
        raise PluginError(
            f"{where}theme: language: '{config.theme['language']}' is none of the theme's: "
            f"{', '.join(known)}. Set 'theme: {{language: …}}' in the language's block."
        )


def _with_theme(language: Language, raw: dict, default: MkDocsConfig) -> dict[str, Any]:
    """The language's settings with a theme: `--theme` replaces all that mkdocs.yml says of it."""
    settings = dict(language.settings)
    theme = raw.get("theme")
    name = theme.get("name") if isinstance(theme, dict) else theme
    if not _is_theme(name, default.theme):
        raw["theme"] = default.theme.name
        settings.pop("theme", None)
    elif "language" in default.theme:  # Material, or a theme that extends it
        own = settings.get("theme") or {}
        settings["theme"] = {"language": language.key.split("-")[0], **own}
    return settings


def _is_theme(name: Any, theme: Theme) -> bool:
    """Is it the theme `name`? By its folder, since plugins may call it otherwise."""
    folders = [folder for folder in theme.dirs if folder != theme.custom_dir]
    return name is None or (name in get_theme_names() and get_theme_dir(name) == folders[0])


def merge(base: dict, over: dict, where: str = "") -> dict:
    """`over` laid over `base`: mappings merge, all else is replaced.

    `plugins` and `markdown_extensions` are lists of names with options; there a mapping of names
    changes the options of these names only.
    """
    merged = dict(base)
    for key, value in over.items():
        old = base.get(key)
        if key in NAMED_LISTS and isinstance(value, dict):
            merged[key] = _merge_named(old or [], value, f"{where}{key}: ")
        elif key == "theme" and isinstance(old, str) and isinstance(value, dict):
            merged[key] = {"name": old, **value}
        elif isinstance(old, dict) and isinstance(value, dict):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def _merge_named(base: list | dict, over: dict, where: str) -> list | dict:
    if isinstance(base, dict):
        base = [{name: options} for name, options in base.items()]
    entries = [next(iter(e.items())) if isinstance(e, dict) else (e, {}) for e in base]
    names = [name for name, _ in entries]
    for wanted, options in over.items():
        matches = [i for i, name in enumerate(names) if wanted in (name, name.split("/")[-1])]
        if not matches:
            raise PluginError(
                f"{where}'{wanted}' is not in the list at the top of mkdocs.yml, which has: "
                f"{', '.join(names)}. Add it there; a language changes only its options."
            )
        for i in matches:
            entries[i] = (entries[i][0], merge(entries[i][1] or {}, options or {}))
    return [{name: options} for name, options in entries]


@contextmanager
def _plugin_cache(cache: PluginCache) -> Iterator[None]:
    """MkDocs keeps some plugins in one cache for the whole process, by name: use another one.

    Without this, two languages share one search plugin, one blog and one feed.
    """
    option: Any = MkDocsConfig.plugins
    saved, option.plugin_cache = option.plugin_cache, cache
    try:
        yield
    finally:
        option.plugin_cache = saved
