"""Lay an author's settings over those of the preset; nothing here knows a running build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from backprop.site import theme as theme_package
from backprop.site.blog import defaults
from backprop.site.blog.words import say
from backprop.site.languages.nested import merge

NAME = "backprop/blog"
THEME = "backprop"
BLOG = "material/blog"

Settings = dict[str, Any]
Named = list[tuple[str, Any]]
"""Names with their options; a plugin may be listed twice."""


def complete(raw: Settings, folder: Path, language: str | None = None) -> Settings:
    """The settings of `mkdocs.yml` as `raw`, with all that the preset adds.

    In the list of plugins, the entry of the preset is replaced by the plugins that it stands for;
    its own options are those of Material's blog. Plugins of the author's keep their order.

    folder: of `mkdocs.yml`. language: of which the words are; None for the default language.
    """
    raw = dict(raw)
    theme = _theme(raw)
    listed = [(_full(name, theme["name"]), options) for name, options in _named(raw, "plugins")]
    default = _default_language(listed, theme)
    language = language or default
    if theme["name"] == THEME:
        theme.setdefault("palette", _palette(language))
    raw["theme"] = {"language": default, **theme}
    if "docs_dir" not in raw and (folder / "docs" / default).is_dir():
        raw["docs_dir"] = f"docs/{default}"
    raw["plugins"] = _entries(_plugins(listed, defaults.plugins(default, language)))
    extensions = defaults.markdown_extensions(language)
    raw["markdown_extensions"] = _entries(_over(extensions, _named(raw, "markdown_extensions")))
    raw["validation"] = merge(defaults.VALIDATION, _mapping(raw.get("validation")))
    return raw


def settings_of(raw: Settings, folder: Path) -> tuple[Settings, dict[str, Settings]]:
    """What is in force in a project, with the preset or without: settings, options by plugin."""
    if any(_full(name, _theme(raw)["name"]) == NAME for name, _ in _named(raw, "plugins")):
        raw = complete(raw, folder)
    theme = _theme(raw)
    plugins = {
        _full(name, theme["name"]): options or {} for name, options in _named(raw, "plugins")
    }
    return {**raw, "theme": {"language": "en", **theme}}, plugins


def _theme(raw: Settings) -> Settings:
    theme = raw.get("theme")
    return dict(theme) if isinstance(theme, dict) else {"name": theme}


def _default_language(listed: Named, theme: Settings) -> str:
    options = next((o for name, o in listed if name == "backprop/languages"), None) or {}
    first = next(iter(_mapping(options.get("languages"))), None)
    return str(options.get("default") or first or theme.get("language") or "en")


def _palette(language: str) -> list[Settings]:
    """The theme's palette with its switches named in a language."""
    path = Path(theme_package.__file__).with_name("mkdocs_theme.yml")
    palette = yaml.safe_load(path.read_text("utf-8"))["palette"]
    for entry, key in zip(palette, defaults.PALETTE, strict=True):
        entry["toggle"]["name"] = say(key, language)
    return palette


def _named(raw: Settings, key: str) -> Named:
    """A list of names with options as pairs. What is no such list, or no such entry or option, is
    left out: MkDocs refuses it, before a build or in the strict build of the tests."""
    entries = raw.get(key)
    if isinstance(entries, dict):
        pairs = list(entries.items())
    else:
        listed = entries if isinstance(entries, list) else []
        pairs = [p for e in listed for p in (e.items() if isinstance(e, dict) else [(e, None)])]
    return [(n, o if isinstance(o, dict) else None) for n, o in pairs if isinstance(n, str)]


def _full(name: str, theme: str | None) -> str:
    """The name of a plugin in the table of the preset: `search` is Material's."""
    if name == NAME or (theme == THEME and name == "blog"):
        return NAME
    bare = name.removeprefix(f"{THEME}/") if theme == THEME else name
    return f"material/{bare}" if f"material/{bare}" in defaults.plugins("en") else name


def _plugins(listed: Named, preset: dict[str, Settings]) -> Named:
    own = next(options for name, options in listed if name == NAME)
    preset[BLOG] = merge(preset[BLOG], own or {})
    names = {name for name, _ in listed}
    wanted = [
        name for name in preset if name in names or defaults.ON_REQUEST.get(name, NAME) in names
    ]
    merged = _over({name: preset[name] for name in wanted}, listed)
    others = [(name, options) for name, options in merged[len(wanted) :] if name != NAME]
    # The author's own plugins stand before or behind the preset's, as they do in her list.
    at = next(i for i, (name, _) in enumerate(listed) if name == NAME)
    before = sum(1 for name, _ in listed[:at] if name not in wanted)
    return [*others[:before], *merged[: len(wanted)], *others[before:]]


def _over(preset: dict[str, Settings], own: Named) -> Named:
    """The author's options over those of the preset, and behind them what only she names."""
    merged, others = dict(preset), []
    met: set[str] = set()
    for name, options in own:
        if name in preset and name not in met:
            merged[name] = merge(preset[name], options or {})
            met.add(name)
        else:
            others.append((name, options))
    return [*merged.items(), *others]


def _entries(named: Named) -> list[Any]:
    return [{name: options} if options else name for name, options in named]


def _mapping(value: Any) -> Settings:
    return value if isinstance(value, dict) else {}
