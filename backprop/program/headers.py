"""What may stand in the first line of a fence, and what each kind of fence says about itself."""

import re
from dataclasses import dataclass, field
from functools import cache

from backprop.common.spelling import nearest
from backprop.program.kinds import KINDS, LANGUAGES, Kind

# Other names of the languages that mean something to us (compared in lower case).
ALIASES = {"py": "python", "python3": "python", "py3": "python", "python-console": "pycon"}

# What pymdownx.highlight understands in any fence, and the values that it would not ignore.
LAYOUT = {"title", "title_mode", "hl_lines", "linenums"}
_VALUES = {"hl_lines": r"\d+(-\d+)?( +\d+(-\d+)?)*", "linenums": r"\d+( +\d+){0,2}"}
# Classes that Material gives a meaning to in any fence.
MATERIAL = {"annotate", "copy", "no-copy", "select", "no-select"}


# What means something in some of our fences would be passed over in silence in all others.
_OWN_CLASSES = frozenset().union(*(one.classes for one in KINDS.values()))
_OWN_OPTIONS = frozenset().union(*(one.options for one in KINDS.values()))


@dataclass(frozen=True)
class Header:
    """The first line of a fence, taken apart."""

    language: str
    classes: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
    id: str = ""


class HeaderError(ValueError):
    """The first line of a fence says something that nobody would understand."""


# The same fields as in superfences, so that what it would not take is seen here.
_HEADER = re.compile(
    r"""[ \t]*(?:\.?(?P<language>[\w#.+-]+)(?=[\t ]|$))?
    (?:[ \t]*\{(?P<braces>[^\n]*)\}
     | (?P<plain>(?:[ \t]*[a-zA-Z]\w*(?:=(?P<quote>"|').*?(?P=quote))?(?=[\t ]|$))+)
     | (?P<unknown>[ \t]*\S.*?)
    )?[ \t]*$""",
    re.VERBOSE | re.ASCII,
)
_BRACES = re.compile(
    r"""(?P<key>[^ =}]+)=(?:"(?P<double>.*?)"|'(?P<single>.*?)'|(?P<bare>[^ =}]+))
    | (?P<word>[^ =}]+) | (?P<other>[ ]+|.)""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"""(?P<key>[a-zA-Z]\w*)(?:=(?P<quote>"|')(?P<value>.*?)(?P=quote))?""")


# What word processors and Chinese keyboards make of quotation marks.
_CURLY = tuple("“”„‟«»‘’‚‹›「『＂＇")


def parse_header(info: str, custom: frozenset[str] = frozenset()) -> Header:
    """Read what follows the backticks; HeaderError says what is wrong and what would be right.

    `custom` are the languages that a project has fences of its own for.
    """
    match = _HEADER.match(info)
    if match is None or match["unknown"]:
        raise HeaderError(
            f"the first line of this fence, ```{info.strip()}, cannot be read, so it would be "
            "shown as plain text; write options in braces, such as "
            '```{.python .hidden title="…"}'
        )
    language, classes, options, ident = match["language"] or "", [], {}, ""
    if match["braces"] is not None:
        for part in _BRACES.finditer(match["braces"].replace("\t", "    ")):
            if part["key"]:
                if part["key"] in options:
                    raise HeaderError(f"option `{part['key']}` is given twice: keep one of them")
                if part["bare"] and part["bare"][0] in _CURLY:
                    raise HeaderError(
                        f"option `{part['key']}` begins with {part['bare'][0]}, which would be "
                        f'a part of its value: write {part["key"]}="…"'
                    )
                value = part["double"] if part["double"] is not None else part["single"]
                options[part["key"]] = part["bare"] if value is None else value
            elif part["word"] and part["word"].startswith("."):
                classes.append(part["word"][1:])
            elif part["word"] and part["word"].startswith("#"):
                ident = part["word"][1:]
            elif part["word"]:
                options[part["word"]] = ""
        if "id" in options:
            ident = options.pop("id")
        if not language and classes:
            language = classes.pop(0)
    elif match["plain"]:
        for part in _PLAIN.finditer(match["plain"]):
            options[part["key"]] = part["value"] or ""
            if part["key"] not in LAYOUT:
                key = part.group(0).strip()
                braced = f".{key}" if "=" not in key else key
                raise HeaderError(
                    f"`{key}` outside of braces makes the page show this fence as plain text; "
                    f"write ```{{.{language or 'text'} {braced}}}"
                )
    language = ALIASES.get(language.lower(), language.lower())
    header = Header(language, tuple(classes), options, ident)
    _validate_values(header)
    if language in LANGUAGES and KINDS[language].strict:
        _validate_ours(header, KINDS[language])
        if wrong := KINDS[language].contradiction(header.classes, header.options):
            raise HeaderError(wrong)
    elif language not in custom:
        _validate_other(header)
    return header


def _validate_values(header: Header) -> None:
    for key, value in header.options.items():
        if key in LAYOUT and not re.fullmatch(_VALUES.get(key, ".+"), value):
            example = {"hl_lines": "2 4-6", "linenums": "1"}.get(key, "…")
            wrong = f'{key}="{value}" would be ignored' if value else f"`{key}` needs a value"
            raise HeaderError(f'{wrong}: write {key}="{example}"')


def _validate_ours(header: Header, known: Kind) -> None:
    where = f"on {_fence(header.language)}"
    for name in header.classes:
        if name not in known.classes | MATERIAL:
            raise HeaderError(
                f"unknown class `.{name}` {where}"
                + _suggest(name, [*known.classes, *MATERIAL], ".", wrong_kind=known.options)
            )
    for key, value in header.options.items():
        if key not in known.options | LAYOUT and not key.startswith("data-"):
            raise HeaderError(
                f"unknown option `{key}` {where}"
                + _suggest(key, [*known.options, *LAYOUT], wrong_kind=known.classes)
            )
        if not value and key in known.options:
            raise HeaderError(f'option `{key}` needs a value: write {key}="…"')


def _validate_other(header: Header) -> None:
    """Fences that are only shown: they may be anything, but nothing that was meant for ours."""
    language = header.language
    for key in () if language else header.options:
        if ALIASES.get(key.lower(), key.lower()) in LANGUAGES:
            raise HeaderError(f"`{{{key}}}` shows plain text; write ```{{.{key.lower()}}}")
    if language in _OWN_CLASSES | MATERIAL:
        first = next((ALIASES.get(name, name) for name in header.classes), "python")
        raise HeaderError(
            f"`.{language}` stands where the language belongs; write ```{{.{first} .{language}}}"
        )
    if language not in LANGUAGES and language and not _pygments_knows(language):
        names = [*LANGUAGES, *ALIASES, *_COMMON]
        raise HeaderError(f"unknown language `{language}`" + _suggest(language, names))
    for name, mark in [
        *((name, ".") for name in header.classes if name in _OWN_CLASSES),
        *((name, "") for name in header.options if name in _OWN_OPTIONS),
    ]:
        fences = " and ".join(
            other for other in LANGUAGES if name in KINDS[other].classes | KINDS[other].options
        )
        raise HeaderError(f"`{mark}{name}` means nothing on {_fence(language)}, only on {fences}")
    for key in header.options:
        close = nearest(key, LAYOUT, 0.78)
        if close and key not in LAYOUT:
            raise HeaderError(f"unknown option `{key}`; did you mean `{close}`?")


def _fence(language: str) -> str:
    """`an output fence`."""
    article = "an" if language[:1] in tuple("aeiou") else "a"
    return f"{article} {language} fence" if language else "a fence without a language"


def _suggest(
    word: str, names: list[str], mark: str = "", wrong_kind: frozenset[str] = frozenset()
) -> str:
    if word in wrong_kind:
        return f'; write {word}="…"' if mark else f"; write .{word}"
    if close := nearest(word, names):
        return f"; did you mean `{mark}{close}`?"
    return "; known are " + ", ".join(f"`{mark}{name}`" for name in sorted(set(names)))


# Languages that are common in posts, for suggestions, and some that Pygments does not know: it
# shows them as plain text, as their authors expect. It knows hundreds more.
_COMMON = (
    *("text", "console", "bash", "sh", "shell", "yaml", "json", "toml", "markdown", "html", "css"),
    *("javascript", "typescript", "c", "cpp", "cuda", "rust", "go", "java", "julia", "r", "sql"),
    *("diff", "patch", "ini", "conf", "make", "dockerfile", "latex", "tex"),
    *("txt", "plain", "plaintext", "ascii", "none", "log", "tree", "csv", "tsv", "jsonc", "jsonl"),
    *("ndjson", "svg", "htm", "h", "cc", "env", "dotenv", "gitignore", "requirements", "crontab"),
    *("regex", "pseudocode", "traceback", "terminal", "sqlite", "plantuml", "d2", "vegalite"),
)


@cache
def _pygments_knows(language: str) -> bool:
    if language in _COMMON:
        return True
    try:
        from pygments.lexers import get_lexer_by_name
        from pygments.util import ClassNotFound
    except ImportError:  # pragma: no cover - Pygments comes with pytest and with MkDocs
        return False
    try:
        get_lexer_by_name(language)
    except ClassNotFound:
        return False
    return True
