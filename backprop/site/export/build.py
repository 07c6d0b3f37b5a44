"""The strict build of a site in a process of its own, and what it says of its pages.

The process is `python -m backprop.site.export.build NOTES …`, which is `mkdocs …` with somebody
who writes down, a page a line of JSON, which file it is made of and where it goes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from backprop.site import strict


class ExportError(Exception):
    """Nothing was written; the message says why, with file and line where there is one."""


@dataclass(frozen=True)
class Note:
    """A page of a site: its source below the project and below its docs folder, its file in the
    site, its language by key, tag and name, and how formulas are typeset there."""

    source: str
    below: str
    made: str
    is_post: bool
    language: str
    tag: str
    name: str
    site_url: str
    site_name: str
    mathematics: dict[str, Any] = field(default_factory=dict)


def build(root: Path, site: Path) -> list[Note]:
    """Build the site of a project into the folder `site`, where any fault ends it.

    Raises:
        ExportError: the build failed; with all that it said.
    """
    notes = site.with_name("notes.jsonl")
    program = ("backprop.site.export.build", str(notes))
    if said := strict.faults(root / "mkdocs.yml", site, program):
        raise ExportError("\n".join(said))
    return read(notes) if notes.is_file() else []


def read(notes: Path) -> list[Note]:
    """The notes of a build, in the order of their sources."""
    found = [Note(**json.loads(line)) for line in notes.read_text("utf-8").splitlines()]
    return sorted(found, key=lambda note: note.source)


def main(arguments: Sequence[str]) -> None:
    """`mkdocs`, each finished page noted in the file that is the first argument."""
    from mkdocs.__main__ import cli
    from mkdocs.commands import build as mkdocs_build
    from mkdocs.config.defaults import MkDocsConfig

    from backprop.site.building import witness
    from backprop.site.settings import root_of

    notes = Path(arguments[0])
    original = mkdocs_build.build

    class Noter(witness.Observer):
        def wrote(self, page: Any, config: MkDocsConfig) -> None:
            source = page.file.abs_src_path
            root = root_of(config)
            if not source or not Path(source).resolve().is_relative_to(root):
                return  # what a plugin generates
            languages: Any = config.plugins.get("backprop/languages")
            mathematics: Any = config.plugins.get("backprop/mathematics")
            own = languages.edition.language if languages else None
            note = Note(
                source=Path(os.path.relpath(source, root)).as_posix(),
                below=page.file.src_uri,
                made=Path(os.path.relpath(page.file.abs_dest_path, site)).as_posix(),
                is_post=hasattr(page, "config") and hasattr(page, "excerpt"),
                language=own.key if own and len(languages.catalogue.editions) > 1 else "",
                tag=own.tag if own else str(config.theme.get("language") or "en"),
                name=own.name if own else "",
                site_url=str((languages.catalogue if own else config).site_url or ""),
                site_name=str(config.site_name),
                mathematics=dict(mathematics.config) if mathematics else {},
            )
            # In one piece: languages are built beside each other, in several processes.
            with notes.open("ab", buffering=0) as file:
                file.write(json.dumps(asdict(note)).encode() + b"\n")

    site = ""

    def noted(config: MkDocsConfig, **options: Any) -> None:
        nonlocal site
        if not site:  # the first build, in which those of the other languages are made
            site = os.path.abspath(config.site_dir)
            # All pages are made: a site that is only copied says nothing of them.
            witness.observe(Noter(lambda done, total: None))
            witness.attach(config)
        original(config, **options)

    mkdocs_build.build = noted
    cli(arguments[1:], prog_name="mkdocs")


if __name__ == "__main__":
    main(sys.argv[1:])
