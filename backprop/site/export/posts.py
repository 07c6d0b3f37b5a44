"""From the pages of a built site to the files of an export: what is written, and where."""

from __future__ import annotations

import datetime
import hashlib
import posixpath
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

import yaml
from lxml import html
from mkdocs.utils.meta import get_data

from backprop.site.export.build import ExportError, Note, build
from backprop.site.export.elements import DROPPED_CLASSES, classes, plain
from backprop.site.export.folder import check, write
from backprop.site.export.formulas import Formulas
from backprop.site.export.page import Page
from backprop.site.export.text import escaped, joined, link
from backprop.site.export.words import say
from backprop.site.mathematics.engine import EngineError
from backprop.site.testing.project import Project

PICTURES = "pictures"
_KEPT = ("title", "date", "tags", "description")


def export(root: Path, folder: Path) -> list[str]:
    """Build the site of a project and write its posts into a folder; the files written.

    Raises:
        ExportError: a page has a fault, or the folder holds what is not ours; nothing is written.
    """
    if not (root / "mkdocs.yml").is_file():
        raise ExportError(
            f"there is no mkdocs.yml in {root.resolve()}: go to the folder of the blog"
        )
    check(folder)
    _check_place(root, folder)
    with tempfile.TemporaryDirectory(prefix="backprop-export-") as scratch:
        site = Path(scratch, "site")
        notes = build(root, site)
        files = collect(root, site, notes)
    return write(folder, files)


def _check_place(root: Path, folder: Path) -> None:
    """What is written among the pages of a blog would be pages of its next build."""
    place = folder.resolve()
    for docs in Project(root).docs:
        if place.is_relative_to(docs) or docs.is_relative_to(place):
            raise ExportError(f"{folder} and the pages of the blog lie in one another")


def collect(root: Path, site: Path, notes: Sequence[Note]) -> dict[str, bytes]:
    """The files of an export of a built site, by path; a site without posts gives all its pages.

    Raises:
        ExportError: there is no page, or a formula cannot be made a picture.
    """
    posts = [note for note in notes if note.is_post] or list(notes)
    if not posts:
        raise ExportError("the site has no page to export")
    result = Export(root, site, posts)
    try:
        result.all()
    except EngineError as error:
        raise ExportError(str(error)) from None
    finally:
        result.close()
    return result.files


def target(note: Note) -> str:
    """Where a page is written: a folder of its own, so that addresses of its pictures are the same
    beside the file as in a site where a page is a folder."""
    below = posixpath.splitext(note.below)[0].removesuffix("/index")
    folder = "" if below == "index" else below
    return posixpath.normpath(posixpath.join(note.language, folder, "index.md"))


class Export:
    def __init__(self, root: Path, site: Path, notes: Sequence[Note]) -> None:
        self.root, self.site, self.notes = root, site, notes
        self.files: dict[str, bytes] = {}
        self.pages = {note.made: note for note in notes}
        self.articles = {note.made: _article(site / note.made) for note in notes}
        sources = {note.made: (root / note.source).read_text("utf-8-sig") for note in notes}
        self.meta = {made: get_data(source)[1] for made, source in sources.items()}
        self.anchors: dict[str, set[str]] = {note.made: set() for note in notes}
        self._engines: dict[str, Formulas] = {}

    def close(self) -> None:
        for engine in self._engines.values():
            engine.close()

    def all(self) -> None:
        for note in self.notes:
            for one in self.articles[note.made].iter("a"):
                made, fragment = self.goal(note, one.get("href") or "")
                if fragment and made in self.anchors and not classes(one) & DROPPED_CLASSES:
                    self.anchors[made].add(fragment)
        for note in self.notes:
            self.files[target(note)] = Post(self, note).markdown().encode()
        if target(self.notes[0]) != "index.md":
            self.files.setdefault("index.md", self._contents().encode())

    def goal(self, note: Note, href: str) -> tuple[str, str]:
        """The file of the site to which a link of a page leads, and the fragment; "" for others."""
        parts = urlsplit(href)
        if parts.scheme or parts.netloc or not (parts.path or parts.fragment):
            home = urlsplit(note.site_url)
            if not note.site_url or (parts.scheme, parts.netloc) != (home.scheme, home.netloc):
                return "", ""
            path = unquote(parts.path).removeprefix(unquote(home.path)).lstrip("/")
        elif not parts.path:
            return note.made, unquote(parts.fragment)
        else:
            path = posixpath.join("/" + posixpath.dirname(note.made), unquote(parts.path))
            path = (posixpath.normpath(path) + "/" * parts.path.endswith("/")).lstrip("/")
        if path and not path.endswith("/") and (self.site / path).is_dir():
            path += "/"
        made = path + "index.html" if not path or path.endswith("/") else path
        return made, unquote(parts.fragment)

    def formulas(self, note: Note) -> Formulas:
        key = repr(sorted(note.mathematics.items()))
        if key not in self._engines:
            self._engines[key] = Formulas(self.root, note.mathematics)
        return self._engines[key]

    def _date(self, note: Note) -> tuple[str, str]:
        return str(_plain(self.meta[note.made].get("date") or "")), note.below

    def _contents(self) -> str:
        """A first page that leads to every other one."""
        sections: dict[str, list[str]] = {}
        for note in sorted(self.notes, key=self._date, reverse=True):
            heads = self.articles[note.made].iter("h1")
            title = next((plain(head) for head in heads), note.below)
            line = f"-   {link(escaped(title), quote(target(note)))}"
            sections.setdefault(note.name or note.tag, []).append(line)
        blocks: list[str] = [
            block
            for name, lines in sections.items()
            for block in ([f"## {escaped(name)}"] * (len(sections) > 1) + ["\n".join(lines)])
        ]
        return joined([f"# {escaped(self.notes[0].site_name)}", *blocks]) + "\n"


class Post:
    """One page on its way: a `Place` for the walk through its HTML."""

    def __init__(self, whole: Export, note: Note) -> None:
        self.whole, self.note = whole, note
        self.language = note.tag
        self.anchors = whole.anchors[note.made]
        self.folder = posixpath.dirname(target(note))

    def markdown(self) -> str:
        article = self.whole.articles[self.note.made]
        found = [one for one in article.iter("mjx-container") if one.find(".//mjx-tex") is not None]
        typeset = []
        if found:
            tex = ["".join(next(one.iter("mjx-tex")).itertext()) for one in found]
            try:
                typeset = self.whole.formulas(self.note).page(tex)
            except ValueError as error:
                raise ExportError(f"{self.note.source}: {error}") from None
        blocks = Page(self, found, typeset).blocks(article)
        at = 1 if blocks and blocks[0].startswith("# ") else 0
        blocks[at:at] = self._translations()
        return f"{self._head()}{joined(blocks)}\n"

    def _head(self) -> str:
        meta = self.whole.meta[self.note.made]
        kept = {name: _plain(meta[name]) for name in _KEPT if meta.get(name)}
        if not kept:
            return ""
        text = yaml.safe_dump(kept, allow_unicode=True, sort_keys=False, width=10**6)
        return f"---\n{text}---\n\n"

    def _translations(self) -> list[str]:
        links = [
            link(escaped(other.name), self._to(target(other)))
            for other in self.whole.notes
            if other.below == self.note.below and other.language != self.note.language
        ]
        return [say("also", self.language, names=" · ".join(links))] if links else []

    def _to(self, path: str) -> str:
        return quote(posixpath.relpath(path, self.folder or "."))

    # ---- what the walk asks (`page.Place`) -------------------------------------------------

    def address(self, href: str) -> str | None:
        made, fragment = self.whole.goal(self.note, href)
        behind = f"#{quote(fragment, safe=':/')}" if fragment else ""
        if made == self.note.made and fragment:
            return behind
        if other := self.whole.pages.get(made):
            return self._to(target(other)) + behind
        if not made:
            return None if href.startswith("#") else href
        if not made.endswith(".html") and (data := self._read(made)) is not None:
            return self._keep(posixpath.basename(made), data)
        if not self.note.site_url:
            return None
        return urljoin(self.note.site_url, quote(made.removesuffix("index.html"))) + behind

    def file(self, src: str) -> str:
        made, _ = self.whole.goal(self.note, src)
        data = self._read(made) if made else None
        return src if data is None else self._keep(posixpath.basename(made), data)

    def keep(self, kind: str, data: bytes) -> str:
        return self._keep(f"{kind}-{hashlib.sha256(data).hexdigest()[:10]}.svg", data)

    def _read(self, made: str) -> bytes | None:
        path = (self.whole.site / made).resolve()
        if path.is_relative_to(self.whole.site.resolve()) and path.is_file():
            return path.read_bytes()
        return None

    def _keep(self, name: str, data: bytes) -> str:
        stem, ending = posixpath.splitext(name)
        path = posixpath.join(self.folder, PICTURES, name)
        if self.whole.files.get(path, data) != data:  # another picture of the same name
            name = f"{stem}-{hashlib.sha256(data).hexdigest()[:10]}{ending}"
            path = posixpath.join(self.folder, PICTURES, name)
        self.whole.files[path] = data
        return quote(f"{PICTURES}/{name}")


def _article(path: Path) -> Any:
    """The content of a page, wherever its theme has it."""
    document = html.document_fromstring(path.read_text("utf-8"))
    for place in ("//article", "//*[@role='main']", "//main", "//body"):
        if found := document.xpath(place):
            return found[0]
    raise ExportError(f"{path.name} has no content")


def _plain(value: Any) -> Any:
    """A value of the front matter as any reader of YAML knows it; a date is that of creation."""
    if isinstance(value, Mapping):
        value = value.get("created", next(iter(value.values()), None))
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value if isinstance(value, (datetime.date, str, int, float, bool)) else str(value)
