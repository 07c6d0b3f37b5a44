"""The description on the package index: README.md, where relative links would lead nowhere.

A build that knows where the source lives (GITHUB_SERVER_URL and GITHUB_REPOSITORY, which the
release workflow has) makes them absolute, at the tag of the version; any other build leaves the
words of a link without it, and no picture.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"!\[(?P<words>[^\]]*)\]\((?P<to>(?!https?:|#)[^)\s]+)\)\n*")
LINK = re.compile(r"(?<!!)\[(?P<words>[^\]]*)\]\((?P<to>(?!https?:|mailto:|#)[^)\s]+)\)")


def source(environment: Mapping[str, str]) -> str:
    """The address of the repository; empty if the build does not know it."""
    server, name = (environment.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY"))
    return f"{server.rstrip('/')}/{name}" if server and name else ""


def description(readme: str, repository: str, version: str) -> str:
    """README.md with absolute links and pictures, or without those that would be broken."""
    if not repository:
        return LINK.sub(r"\g<words>", PICTURE.sub("", readme))
    readme = PICTURE.sub(rf"![\g<words>]({repository}/raw/v{version}/\g<to>)\n\n", readme)
    return LINK.sub(rf"[\g<words>]({repository}/blob/v{version}/\g<to>)", readme)


class CustomMetadataHook(MetadataHookInterface):
    def update(self, metadata: dict) -> None:
        readme = Path(self.root, "README.md").read_text("utf-8")
        version = re.search(
            r'^__version__ = "([^"]+)"',
            Path(self.root, "backprop/__init__.py").read_text("utf-8"),
            re.MULTILINE,
        )
        repository = source(os.environ)
        text = description(readme, repository, version[1] if version else "")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        if repository:
            changes = f"{repository}/blob/main/CHANGELOG.md"
            metadata["urls"] = {"Source": repository, "Changelog": changes}
