"""Files that a fence includes: `--8<-- "code.py"` of pymdownx.snippets, line by line.

A reader sees the included lines, so these are what runs, and an error in them names their file.
Which lines a file, a range (`code.py:2:5`) or a section (`code.py:name`) stand for is the
library's business; a mark on each line of a file tells where it came from.
"""

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MARKER = "8<-"
_DIRECTIVE = re.compile(r"[ \t]*-+8<-+([ \t]+(\"[^\"\n]+\"|'[^'\n]+'))?[ \t]*$")
_MARK = re.compile("\ufdd0(\\d+):(\\d+)\ufdd1$")


class IncludeError(ValueError):
    """A file that cannot be included; `at` is the line of the fence that asks for it, from 0."""

    def __init__(self, message: str, at: int):
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Place:
    """Where a line of code stands: a file and its line, or no file for the page itself."""

    file: str
    line: int  # from 1 in a file, from 0 in the fence
    at: int  # the line of the fence that includes it, from 0


def expand(code: str, root: Path) -> tuple[str, tuple[Place, ...]]:
    """The code as a reader sees it, and where each of its lines stands; no places: as it is.

    Raises:
        IncludeError: a file is missing, or the project does not switch snippets on.
    """
    lines = code.split("\n")
    first = next((i for i, line in enumerate(lines) if _DIRECTIVE.match(line)), None)
    if MARKER not in code or first is None:
        return code, ()
    settings = root / "mkdocs.yml"
    options = _options(settings, settings.stat().st_mtime_ns) if settings.is_file() else None
    if options is None:
        raise IncludeError(
            "--8<-- includes a file only with pymdownx.snippets among the markdown_extensions of "
            "mkdocs.yml; without it, import the module",
            first,
        )
    reader, files = _reader(options, root)
    out: list[str] = []
    places: list[Place] = []
    for at, end in _parts(lines):
        part = lines[at:end]
        if end == at + 1 and not _DIRECTIVE.match(part[0]) and MARKER not in part[0]:
            out.append(part[0])
            places.append(Place("", at, at))
            continue
        reader.seen = set()
        try:
            found = reader.parse_snippets(part)
        except Exception as error:
            raise IncludeError(f"{' '.join(part).strip()}: {error}", at) from None
        for line in found:
            if mark := _MARK.search(line):
                line = line[: mark.start()]
                places.append(Place(files[int(mark[1])], int(mark[2]), at))
            else:
                places.append(Place("", at, at))
            out.append(line)
    return "\n".join(out), tuple(places)


def _parts(lines: list[str]) -> list[tuple[int, int]]:
    """Line by line, but for a block of files between two bare marks."""
    parts, at = [], 0
    while at < len(lines):
        end = at + 1
        match = _DIRECTIVE.match(lines[at])
        if match and not match[1]:
            bare = (i for i in range(at + 1, len(lines)) if re.fullmatch(r"\s*-+8<-+\s*", lines[i]))
            end = next(bare, len(lines) - 1) + 1
        parts.append((at, end))
        at = end
    return parts


def _reader(options: dict[str, Any], root: Path) -> tuple[Any, list[str]]:
    """The library's preprocessor, which marks what it reads, and the files that it has read."""
    from markdown import Markdown
    from pymdownx.snippets import SnippetExtension, SnippetPreprocessor

    files: list[str] = []

    class Reader(SnippetPreprocessor):  # type: ignore[misc]
        def read_lines(self, path: str) -> list[str]:
            files.append(os.path.abspath(path))
            lines: list[str] = super().read_lines(path)
            number = len(files) - 1
            if lines and not lines[-1]:
                lines.pop()
            return [
                line if MARKER in line else f"{line}\ufdd0{number}:{i}\ufdd1"
                for i, line in enumerate(lines, 1)
            ]

    known = SnippetExtension()
    config = {**known.getConfigs(), **{k: v for k, v in options.items() if k in known.config}}
    base = config["base_path"]
    bases = [base] if isinstance(base, str | os.PathLike) else base
    config |= {"base_path": [str(root / one) for one in bases], "check_paths": True}
    config |= {"url_download": False}  # a page runs what is in the project
    return Reader(config, Markdown()), files


@cache
def _options(settings: Path, changed: int) -> dict[str, Any] | None:
    """The options of pymdownx.snippets in `mkdocs.yml`; None if it is not switched on."""
    text = settings.read_text("utf-8", "replace")
    if "pymdownx.snippets" not in text:
        return None
    import yaml

    class Loader(yaml.SafeLoader):
        """Tags, such as MkDocs' `!ENV`, are as good as nothing here."""

    Loader.add_multi_constructor("", lambda loader, tag, node: None)
    try:
        listed = (yaml.load(text, Loader) or {}).get("markdown_extensions") or []
    except (yaml.YAMLError, AttributeError):
        return None  # the build says what is wrong with it
    entries = listed.items() if isinstance(listed, dict) else (
        next(iter(one.items())) if isinstance(one, dict) else (one, None) for one in listed
    )  # fmt: skip
    for name, options in entries:
        if name == "pymdownx.snippets":
            return options or {}
    return None
