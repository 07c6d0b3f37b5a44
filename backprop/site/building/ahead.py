"""What takes long to begin begins while the programs of a new site run, which others wait for."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Sequence
from typing import Any

from mkdocs.config.defaults import MkDocsConfig

_HAN = re.compile(r"[\u4e00-\u9fff]")


def ahead(config: MkDocsConfig, texts: Sequence[str]) -> None:
    """The pages with these texts are about to run; plugins may have an `ahead_of_run`."""
    for plugin in config.plugins.values():
        if act := getattr(plugin, "ahead_of_run", None):
            act(texts)
    # By it Material's search tells Chinese words apart; its dictionary takes a second to load.
    jieba = sys.modules.get("jieba")
    if jieba and any(_HAN.search(text) for text in texts):
        threading.Thread(target=_load, args=(jieba,), daemon=True).start()


def _load(jieba: Any) -> None:
    with contextlib.suppress(Exception):  # then the search does, and says what is wrong
        jieba.initialize()
