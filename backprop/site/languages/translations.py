"""Posts in every language: each has its translations, at addresses that end alike.

Other pages stand in `nav`, where an author says for each language which there are. Posts come by
themselves, and one that is missing is seen by nobody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from backprop.site.languages.catalogue import Catalogue, Edition, Entry

WORD = "languages"
"""What the head of a post says if it is written in some languages alone: `languages: [en]`."""


def faults(catalogue: Catalogue, edition: Edition, only: str | None = None) -> Iterator[str]:
    """What is wrong with the posts of one language (with that of the source `only`), with file and
    line; all languages are recorded."""
    for entry in edition.pages:
        if entry.is_post and only in (None, entry.source):
            yield from _post(catalogue, edition, entry)


def _post(catalogue: Catalogue, edition: Edition, entry: Entry) -> Iterator[str]:
    wanted = list(catalogue.editions)
    if entry.languages is not None:
        said = entry.languages
        if not isinstance(said, list) or edition.language.key not in said or set(said) - {*wanted}:
            yield (
                f"{_place(edition, entry, WORD)}: {WORD}: {said} does not say in which languages "
                f"this post is written. Right would be {WORD}: [{edition.language.key}], or more "
                f"of {', '.join(wanted)}."
            )
            return
        wanted = said
    for other in catalogue.others(edition):
        twin = other.entries.get(entry.source)
        if twin is not None:
            if other is catalogue.default and twin.slug != entry.slug:
                yield (
                    f"{_place(edition, entry, 'slug')}: the address of this post ends in "
                    f"{entry.slug}, that of {_path(other, twin)} in {twin.slug}. Write the same "
                    f"into the head of both: slug: {_best(edition, entry, other, twin)}"
                )
        elif other.language.key in wanted and not os.path.exists(_path(other, entry)):
            yield _missing(catalogue, edition, entry, other)


def _missing(catalogue: Catalogue, edition: Edition, entry: Entry, other: Edition) -> str:
    """There is no file; one that is not published, such as a draft, is about to be."""
    said = (
        f"{_place(edition, entry, 'date')}: this post has no translation: there is no "
        f"{_path(other, entry)}. "
    )
    renamed = (one for one in other.pages if one.is_post and one.slug == entry.slug)
    if namesake := next((one for one in renamed if one.source not in edition.entries), None):
        return said + (
            f"{_path(other, namesake)} has the same slug: if it is the translation, give both "
            "files the same name."
        )
    others = [
        key for key in catalogue.editions if key in (edition.language.key, *_have(catalogue, entry))
    ]
    return said + (
        f"Write it; or say in the head of the post that there is none: "
        f"{WORD}: [{', '.join(others)}]"
    )


def _have(catalogue: Catalogue, entry: Entry) -> Iterator[str]:
    return (key for key, one in catalogue.editions.items() if entry.source in one.entries)


def _best(edition: Edition, entry: Entry, other: Edition, twin: Entry) -> str:
    """Of two slugs the one that somebody has written, the other language's first."""
    written = [one for e, one in ((other, twin), (edition, entry)) if _line(e, one, "slug") > 1]
    return (written or [entry])[0].slug


def _path(edition: Edition, entry: Entry) -> str:
    return os.path.join(edition.docs, entry.source)


def _place(edition: Edition, entry: Entry, key: str) -> str:
    return f"{_path(edition, entry)}:{_line(edition, entry, key)}"


def _line(edition: Edition, entry: Entry, key: str) -> int:
    """The line of the head on which a key stands; the first where it does not."""
    with open(_path(edition, entry), encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.startswith(f"{key}:"):
                return number
            if number > 1 and line.startswith("---"):
                break
    return 1
