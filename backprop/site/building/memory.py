"""What builds of a project remember of each other, unless they are told not to."""

from __future__ import annotations

import os
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from backprop.program import store
from backprop.program.store import Store
from backprop.site.settings import root_of

FOLDER = ".cache/backprop/building"
OFF = "BACKPROP_NO_MEMORY"
"""An environment variable; if it is set, everything is made again."""


def of(config: MkDocsConfig) -> Store:
    """The memory of a project."""
    if os.environ.get(OFF):
        return Nothing()
    return store.at(root_of(config))


def folder(config: MkDocsConfig) -> Path:
    """Where whole sites and compiled templates are kept: files, which no store holds."""
    return root_of(config) / FOLDER


class Nothing(Store):
    """Remembers nothing."""

    remembers = False

    def get(self, key: str) -> None:
        return None

    def put(self, key: str, value: object) -> None:
        return None
