"""What stands under `backprop/languages` in `mkdocs.yml`, checked and told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

from backprop.common.spelling import nearest
from backprop.site.languages.words import NAMES, TAGS, WORDS, words_of

OWN = ("name", "tag", "words")
"""Keys of a language's block that are about the language; all others are settings of MkDocs."""

RUN_WIDE = {
    "site_dir": "it is a folder of the site, named like the language",
    "site_url": "it is the site's address and the name of the language",
    "strict": "it holds for the whole site",
    "use_directory_urls": "it holds for the whole site",
    "dev_addr": "one server shows all languages",
    "INHERIT": "it belongs at the top of the file",
}


class LanguagesOptions(Config):
    """Options of the plugin; `languages` maps a key, which is also the address, to a block.

    The default language is the first, if `default` names no other.
    """

    default = c.Optional(c.Type(str))
    languages = c.Type(dict)
    reproducible = c.Type(bool, default=True)


@dataclass(frozen=True)
class Language:
    """One language: `key` names its folder on the site, `tag` is its BCP 47 tag for browsers."""

    key: str
    name: str
    tag: str
    prefix: str
    words: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)


def read_languages(options: LanguagesOptions) -> dict[str, Language]:
    """The languages, the default one first.

    Raises:
        PluginError: naming the block and the key that is wrong, and what would be right.
    """
    blocks, default = options.languages, options.default
    if not blocks:
        raise PluginError(_where("languages") + "is empty. Name the default language at least.")
    if default is None:
        default = next(iter(blocks))
    if default not in blocks:
        raise PluginError(
            _where("default")
            + f"'{default}' is none of the languages {_list(blocks)}."
            + _did_you_mean(default, blocks)
        )
    order = [default, *(key for key in blocks if key != default)]
    return {key: _read_block(key, blocks[key], is_default=key == default) for key in order}


def _read_block(key: object, block: Any, *, is_default: bool) -> Language:
    where = _where(f"languages: {key}")
    if not isinstance(key, str):
        raise PluginError(
            f"{where}YAML reads this key as {key!r}, which is no text. Put it in quotes: 'no'."
        )
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", key):
        raise PluginError(f"{where}'{key}' is no language key. Right would be: zh, en, pt-BR.")
    if block is None:
        block = {}
    if not isinstance(block, dict):
        raise PluginError(f"{where}expected settings such as 'name: English', found {block!r}.")
    known = {*OWN, *(name for name, _ in MkDocsConfig._schema)}
    for name in block:
        if name in RUN_WIDE:
            raise PluginError(f"{where}'{name}' cannot be set for one language: {RUN_WIDE[name]}.")
        if name not in known:
            raise PluginError(f"{where}'{name}' is no setting.{_did_you_mean(str(name), known)}")
    own = block.get("words") or {}
    for word in own:
        if word not in WORDS:
            raise PluginError(f"{where}words: '{word}' is not used.{_did_you_mean(word, WORDS)}")
    settings = {name: value for name, value in block.items() if name not in OWN}
    if is_default and settings:
        raise PluginError(
            f"{where}the settings of the default language stand at the top of mkdocs.yml; "
            f"move {_list(settings)} there."
        )
    name = str(block.get("name", NAMES.get(key, key)))
    prefix = "" if is_default else f"{key}/"
    return Language(
        key,
        name,
        str(block.get("tag", TAGS.get(key, key))),
        prefix,
        words_of(key, name, own),
        settings,
    )


def _where(option: str) -> str:
    return f"mkdocs.yml: plugin backprop/languages: {option}: "


def _list(names: Iterable[object]) -> str:
    return ", ".join(str(name) for name in names)


def _did_you_mean(name: str, known: Iterable[object]) -> str:
    close = nearest(name, known, 0.5)
    return f" Did you mean '{close}'?" if close else ""
