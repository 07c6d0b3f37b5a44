"""A new blog: every file that it needs, none that exists already touched."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from backprop import __version__
from backprop.site.beginning.words import say

FILES = Path(__file__).with_name("files")
DISTRIBUTION = "backprop-notes"
WHEELS = "wheels"
MAY_STAY = ("README.md", ".gitignore")
"""Files that a new repository often has; they stay as they are, and the blog works without ours."""

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class BeginningError(Exception):
    """Nothing was written; the message says why, and what would be right."""


@dataclass
class Created:
    """What was written, and what the author should know."""

    files: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def create(
    folder: Path,
    languages: Sequence[str] = ("zh", "en"),
    name: str | None = None,
    package: str | None = None,
    today: date | None = None,
) -> Created:
    """Write a blog into a folder that has none.

    Args:
        languages: keys such as `zh` and `pt-BR`; the first is the default language.
        name: of the site, in every language; None for a word of the language.
        package: what the blog installs, a wheel or anything else that pip understands; None for
            what is installed here.
        today: the date of the first post.

    Raises:
        BeginningError: the folder holds a blog or a file that would be overwritten, or a language
            or the wheel is none.
    """
    _check_languages(languages)
    wheel, requirement = _package(package)
    created = Created()
    texts = _root_files(languages, name, requirement)
    for language in languages:
        texts |= _pages(language, name, today or date.today())
        if not (FILES / language.split("-")[0]).is_dir():
            created.remarks.append(
                f"There is no first post in '{language}' yet: its pages are in English for you to "
                "translate."
            )
    if folder.is_file():
        raise BeginningError(f"{folder} is a file. Name a folder.")
    if (folder / "mkdocs.yml").exists():
        raise BeginningError(advice(folder))
    there = [path for path in texts if (folder / path).exists()]
    if wrong := [path for path in there if path not in MAY_STAY]:
        raise BeginningError(
            f"{folder} holds {', '.join(wrong)} already, and nothing is overwritten. Name an empty "
            "folder, or a new one."
        )
    for path in there:
        created.remarks.append(f"{folder / path} stays as it was.")
    for path, text in texts.items():
        if path not in there:
            created.files.append(_write(folder / path, text))
    if wheel:
        (folder / WHEELS).mkdir(exist_ok=True)
        created.files.append(Path(shutil.copy2(wheel, folder / WHEELS / wheel.name)))
    return created


def _check_languages(languages: Sequence[str]) -> None:
    for language in languages:
        if not LANGUAGE.fullmatch(language):
            raise BeginningError(
                f"'{language}' is no language. Right would be: --languages {_perhaps(language)}."
            )
    if not languages or len(set(languages)) < len(languages):
        raise BeginningError("Name each language once: --languages zh,en.")


def _perhaps(language: str) -> str:
    """What was meant by something that names no language: `zh_CN` is how systems write zh-CN."""
    meant = language.partition(".")[0].replace("_", "-")
    return meant if LANGUAGE.fullmatch(meant) else "zh,en or pt-BR"


def _package(package: str | None) -> tuple[Path | None, str]:
    """The wheel to take along, if it is one, and what pip is told."""
    if package is None:
        wheel = _installed_wheel()
        if wheel is None:
            return None, f"{DISTRIBUTION}=={__version__}"
    elif not package.endswith(".whl") or "://" in package:
        return None, package
    else:
        wheel = Path(package)
        if not wheel.is_file():
            raise BeginningError(f"--package: there is no file {package}.")
    return wheel, f"{WHEELS}/{wheel.name}"


def _installed_wheel() -> Path | None:
    """The file that this package was installed from, if it did not come from an index."""
    try:
        text = distribution(DISTRIBUTION).read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    url = urlsplit(json.loads(text)["url"] if text else "")
    path = Path(unquote(url.path))
    return path if url.scheme == "file" and path.suffix == ".whl" and path.is_file() else None


def _root_files(languages: Sequence[str], name: str | None, requirement: str) -> dict[str, str]:
    texts = {"mkdocs.yml": settings(languages, name)}
    for path in sorted((FILES / "root").rglob("*")):
        if path.is_file():
            target = path.relative_to(FILES / "root").as_posix()
            # Names with a dot would mean something to the tools of this repository.
            target = re.sub(r"^(gitignore|github)\b", r".\1", target)
            values = {"PACKAGE": requirement, "NAME": name or say("name", "en")}
            texts[target] = _filled(path, LANGUAGE=languages[0], **values)
    return texts


def _pages(language: str, name: str | None, today: date) -> dict[str, str]:
    own = FILES / language.split("-")[0]
    source = own if own.is_dir() else FILES / "en"
    values = {"NAME": name or say("name", language), "DATE": today.isoformat()}
    return {
        f"docs/{language}/{path.relative_to(source).as_posix()}": _filled(path, **values)
        for path in sorted(source.rglob("*.md"))
    }


def _filled(path: Path, **values: str) -> str:
    text = path.read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise BeginningError(
            f"{path} cannot be written: {error.strerror or error}. Name a folder in which you may "
            "write."
        ) from None
    return path


def settings(languages: Sequence[str], name: str | None = None) -> str:
    """`mkdocs.yml` of a new blog."""
    first, *others = languages
    lines = [
        f"site_name: {_quoted(name or say('name', first))}",
        "# Where the site will be published; SITE_URL in the environment comes first.",
        'site_url: !ENV [SITE_URL, "https://example.org/"]',
        "theme: {name: backprop}" if others else f"theme: {{name: backprop, language: {first}}}",
        f"nav: {_navigation(first)}",
        "plugins:",
        "  - backprop/blog",
    ]
    if others:
        lines += ["  - backprop/languages:", "      languages:", f"        {first}:"]
        for language in others:
            own = [] if name else [f"          site_name: {_quoted(say('name', language))}"]
            lines += [f"        {language}:", *own, f"          nav: {_navigation(language)}"]
    return "\n".join(lines) + "\n"


def _navigation(language: str) -> str:
    pages = (("posts", "index.md"), ("tags", "tags.md"), ("about", "about.md"))
    return "[" + ", ".join(f"{{{say(key, language)}: {page}}}" for key, page in pages) + "]"


def _quoted(text: str) -> str:
    plain = re.fullmatch(r"[^\W\d_][\w ]*\w", text) and text.lower() not in _TRUTH
    return text if plain else json.dumps(text, ensure_ascii=False)


_TRUTH = {"yes", "no", "on", "off", "true", "false", "null"}


def advice(folder: Path) -> str:
    """What an MkDocs project that exists needs to become such a blog."""
    text = (folder / "mkdocs.yml").read_text("utf-8", "replace")
    lines = []
    if not re.search(r"^theme:.*\bbackprop\b|^\s+name: *backprop\b", text, re.MULTILINE):
        lines.append("theme: {name: backprop}       # in place of the theme that stands there")
    if "backprop/blog" not in text:
        listed = re.search(r"^plugins:", text, re.MULTILINE)
        where = "# into the list that stands there, above the others" if listed else ""
        lines += [f"plugins:                      {where}".rstrip(), "  - backprop/blog"]
    if "site_url" not in text:
        lines.append("site_url: https://example.org/")
    if not lines:
        return f"{folder} is such a blog already. A new post in it: backprop new post SLUG, there."
    return (
        f"{folder} is an MkDocs project already, and nothing was changed. Add to mkdocs.yml:\n\n"
        + "\n".join(lines)
        + "\n\nBesides, install MathJax there: npm install mathjax@4 @mathjax/mathjax-tex-font@4.\n"
        "Options of your own in mkdocs.yml stay in force. For `pytest`, add to pyproject.toml:\n\n"
        + (FILES / "root/pyproject.toml").read_text("utf-8").rstrip()
    )
