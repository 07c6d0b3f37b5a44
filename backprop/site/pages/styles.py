"""One small stylesheet from many large ones: rules that no page of the site can use are left out.

A rule stays if every class, id, element and attribute that its selector needs occurs in some page
or is a word of some script (which may add it later). Custom properties and keyframes that nothing
uses go too. The order of rules stays.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from typing import Any

import tinycss2

from backprop.program.store import Store, digest
from backprop.site.building.premises import program

_WORD = re.compile(r"[A-Za-z_][\w-]*")
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")
_LOGICAL = {"is", "where", "matches", "-webkit-any", "-moz-any", "has", "host", "slotted"}
_NESTING = {"media", "supports", "layer", "container", "document", "scope", "starting-style"}


_TAG = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"]*"|'[^']*')*>""")
_OPENS = re.compile(r"<[a-zA-Z]")
_UNREAD = re.compile(r"<!--.*?-->|(<(script|style)\b[^>]*>).*?(?=</\2)", re.DOTALL | re.IGNORECASE)

Attributes = list[tuple[str, str | None]]


class _Reader(HTMLParser):
    """The elements of a page, or of a single tag."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, Attributes]] = []

    def handle_starttag(self, tag: str, attributes: Attributes) -> None:
        self.found.append((tag, attributes))


def _elements(html: str, known: set[str]) -> Iterable[tuple[str, Attributes]]:
    """Each different element of a page, but for those of `known`, which learns them."""
    html = _UNREAD.sub(r"\1", html)
    tags = _TAG.findall(html)
    if len(tags) != len(_OPENS.findall(html)):  # something that only a parser understands
        reader = _Reader()
        reader.feed(html)
        return reader.found
    new = set(tags) - known
    known |= new
    return [element for tag in sorted(new) for element in _parsed(tag)]


def _parsed(tag: str) -> list[tuple[str, Attributes]]:
    reader = _Reader()  # of its own: what follows a <script> would be none to it
    reader.feed(tag)
    return reader.found


@dataclass
class Used:
    """What the pages and scripts of a site contain."""

    tags: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    attributes: dict[str, set[str]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    # Tags and scripts that have been read: pages share most of theirs.
    _known: set[str] = field(default_factory=set, repr=False)

    def read_page(self, html: str) -> None:
        for tag, attributes in _elements(html, self._known):
            self._add(tag, attributes)
        # An inline script may set what no element has yet.
        scripts = set(re.findall(r"<script\b[^>]*>(.*?)</script", html, re.DOTALL)) - self._known
        self._known |= scripts
        for script in scripts:
            self.read_script(script)
        for style in re.findall(r"<style\b[^>]*>(.*?)</style", html, re.DOTALL):
            self.variables.update(_VARIABLE.findall(style))

    def _add(self, tag: str, attributes: Attributes) -> None:
        self.tags.add(tag)
        for name, value in attributes:
            self.attributes.setdefault(name, set()).add(value or "")
            if name == "class":
                self.classes.update((value or "").split())
            elif name == "id":
                self.ids.add(value or "")
            elif name == "style":
                self.variables.update(_VARIABLE.findall(value or ""))

    def read_script(self, text: str) -> None:
        self.words.update(_WORD.findall(text))
        self.variables.update(re.findall(r"--[\w-]+", text))

    def add_script(self, memory: Store, text: str) -> None:
        """`read_script`, or remember what it found when it read the same before."""

        def make() -> list[list[str]]:
            found = Used()
            found.read_script(text)
            return [sorted(found.words), sorted(found.variables)]

        words, variables = memory.made(digest(program(), "used", text), make)
        self.words.update(words)
        self.variables.update(variables)

    @property
    def _stems(self) -> tuple[str, ...]:
        """Words of a script that it completes while it runs: "md-tooltip--" + type."""
        return tuple(sorted(word for word in self.words if word.endswith("-") and len(word) > 3))

    def selectors(self) -> Selectors:
        return Selectors(self, self._stems)


Question = tuple[str, str, str]


@dataclass
class Selectors:
    """Tells which selectors may match anything. ``asked`` is all that this depended on: whether
    the site has the class, tag, id or attribute of a name, an attribute with a value."""

    used: Used
    stems: tuple[str, ...]
    asked: dict[Question, bool] = field(default_factory=dict)

    def may_match(self, selector: Sequence[Any]) -> bool:
        """One complex selector, for example the tokens of ``.md-typeset > a:hover``."""
        before = None
        for token in selector:
            after_dot = before is not None and before.type == "literal" and before.value == "."
            after_colon = before is not None and before.type == "literal" and before.value == ":"
            if token.type == "ident" and not after_colon:
                if after_dot:
                    if not self.has("class", token.value):
                        return False
                elif not self.has("tag", token.lower_value):
                    return False
            elif token.type == "hash":
                if not self.has("id", token.value):
                    return False
            elif token.type == "[] block":
                if not self._attribute(token.content):
                    return False
            elif (
                token.type == "function"
                and token.lower_name in _LOGICAL
                and not any(self.may_match(part) for part in split(token.arguments))
            ):
                return False
            before = token
        return True

    def has(self, kind: str, name: str, value: str = "") -> bool:
        question = kind, name, value
        if question not in self.asked:
            self.asked[question] = self._has(kind, name, value)
        return self.asked[question]

    def _has(self, kind: str, name: str, value: str) -> bool:
        used = self.used
        if kind == "attribute":
            return name in used.attributes or name in used.words or _camel(name) in used.words
        if kind == "value":
            there = used.attributes.get(name, ())
            return value in there or set(_WORD.findall(value)) <= used.words
        names = {"class": used.classes, "tag": used.tags, "id": used.ids}[kind]
        return name in names or name in used.words or name.startswith(self.stems)

    def _attribute(self, tokens: Sequence[Any]) -> bool:
        parts = [t for t in tokens if t.type not in ("whitespace", "comment")]
        if not parts or parts[0].type != "ident":
            return True
        name = parts[0].lower_value
        if not self.has("attribute", name):
            return False
        exact = len(parts) == 3 and parts[1].type == "literal" and parts[1].value == "="
        if exact and parts[2].type in ("ident", "string"):
            return self.has("value", name, parts[2].value)
        return True


def _camel(name: str) -> str:
    """data-md-state as a script may write it: mdState."""
    head, *rest = name.removeprefix("data-").split("-")
    return head + "".join(part.title() for part in rest)


def split(tokens: Iterable[Any]) -> list[list[Any]]:
    """At the commas."""
    parts: list[list[Any]] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


@dataclass
class _Style:
    """Selectors, or an at-rule such as ``@font-face``, and declarations (name, value)."""

    head: str
    body: list[tuple[str, str]]

    def __str__(self) -> str:
        return f"{self.head}{{{';'.join(f'{name}:{value}' for name, value in self.body)}}}"


@dataclass
class _Group:
    """``@media`` and the like around other rules."""

    head: str
    rules: list[_Rule]

    def __str__(self) -> str:
        return f"{self.head}{{{''.join(map(str, self.rules))}}}"


@dataclass
class _Raw:
    """What is passed on as it is; ``name`` is that of keyframes."""

    text: str
    name: str = ""

    def __str__(self) -> str:
        return self.text


_Rule = _Style | _Group | _Raw


def shrink(
    sheets: Sequence[str], used: Used, memory: Store | None = None, alone: bool = False
) -> str:
    """Style sheets without what cannot matter on pages that contain ``used``, and without spaces.

    ``memory`` knows the sheets that were read before, or are being read for another language;
    ``alone`` promises that the pages have no other styles.
    """
    rules = _known_rules(sheets, used.selectors(), memory or Store())
    while True:
        text = "".join(map(str, rules))
        variables = used.variables | set(_VARIABLE.findall(text))
        names = set(_WORD.findall(re.sub(r"@[\w-]*keyframes\s+[\w-]+", "", text)))
        rules = list(_needed(rules, variables, names | used.words))
        if "".join(map(str, rules)) == text:
            return "".join(map(str, _sparing(rules))) if alone else text


_VARIANTS = 4
"""So many languages may each need other rules of one sheet."""


def _known_rules(sheets: Sequence[str], selectors: Selectors, memory: Store) -> list[_Rule]:
    """The rules that may matter. A sheet is read again when the answer to a question is another
    that was asked of the site when it was read."""
    keys = [digest(program(), "rules", css) for css in sheets]

    def fitting(known: Any) -> Any:
        for asked, rules in known or ():
            if all(selectors.has(*question) is answer for *question, answer in asked):
                return rules
        return None

    def make(css: str) -> Any:
        one = Selectors(selectors.used, selectors.stems)
        rules = [_as_json(rule) for rule in _read(_parse(css), one)]
        return [[*question, answer] for question, answer in one.asked.items()], rules

    def first(css: str) -> Any:
        return [make(css)]

    made = memory.made_together(
        {key: partial(first, css) for key, css in zip(keys, sheets, strict=True)}
    )
    found: list[_Rule] = []
    for key, css in zip(keys, sheets, strict=True):
        rules = fitting(made[key])
        if rules is None:
            other = make(css)
            rules = other[1]
            memory.put(key, [other, *made[key]][:_VARIANTS])
        found += map(_from_json, rules)
    return found


def _as_json(rule: _Rule) -> list[Any]:
    if isinstance(rule, _Style):
        return ["style", rule.head, rule.body]
    if isinstance(rule, _Group):
        return ["group", rule.head, [_as_json(one) for one in rule.rules]]
    return ["raw", rule.text, rule.name]


def _from_json(data: list[Any]) -> _Rule:
    kind, head, body = data
    if kind == "style":
        return _Style(head, [(name, value) for name, value in body])
    return _Group(head, [_from_json(one) for one in body]) if kind == "group" else _Raw(head, body)


def _parse(css: Any) -> list[Any]:
    parse = tinycss2.parse_stylesheet if isinstance(css, str) else tinycss2.parse_rule_list
    return parse(css, skip_comments=True, skip_whitespace=True)


def _read(rules: Iterable[Any], selectors: Selectors) -> list[_Rule]:
    kept: list[_Rule] = []
    for rule in rules:
        if rule.type == "qualified-rule":
            parts = [part for part in split(rule.prelude) if selectors.may_match(part)]
            if parts:
                heads = [each for part in parts for each in _spread(part)]
                kept.append(_block(",".join(map(_squeeze, heads)), rule.content))
        elif rule.type == "at-rule" and rule.lower_at_keyword != "charset":
            name, head = rule.lower_at_keyword, f"@{rule.at_keyword} {_squeeze(rule.prelude)}"
            if rule.content is None:
                kept.append(_Raw(head.strip() + ";"))
            elif name in _NESTING:
                kept.append(_Group(head.strip(), _read(_parse(rule.content), selectors)))
            elif name.endswith("keyframes"):
                frames = "".join(map(str, _read(_parse(rule.content), _Everything())))
                kept.append(_Raw(f"{head}{{{frames}}}", _squeeze(rule.prelude)))
            else:
                kept.append(_block(head.strip(), rule.content))
    return kept


class _Everything(Selectors):
    def __init__(self) -> None:
        super().__init__(Used(), ())

    def may_match(self, selector: Sequence[Any]) -> bool:
        return True


def _spread(selector: Sequence[Any]) -> list[Sequence[Any]]:
    """``.a :is(p, .b)`` as ``.a p``, ``.a .b``, where that means the same: a browser finds the
    rules for an element by its names, and tries what ends in a choice at every element."""
    tokens = [token for token in selector if token.type != "comment"]
    while tokens and tokens[-1].type == "whitespace":
        tokens.pop()
    last = tokens[-1] if tokens else None
    if last is None or last.type != "function" or last.lower_name != "is" or len(tokens) < 2:
        return [selector]
    before = tokens[:-2]  # without the colon
    if (
        before
        and before[-1].type != "whitespace"
        and getattr(before[-1], "value", "") not in (">", "+", "~")
    ):
        return [selector]
    choices = split(last.arguments)
    weights = [_weight(choice) for choice in choices]
    if None in weights or len(set(weights)) > 1:
        return [selector]
    return [[*before, *choice] for choice in choices]


def _weight(choice: Sequence[Any]) -> tuple[int, int, int] | None:
    """How much a compound of names and attributes counts; None of anything else."""
    kinds = [token.type for token in choice]
    text = _squeeze(choice)
    if not set(kinds) <= {"whitespace", "ident", "hash", "[] block", "literal"}:
        return None
    if not re.fullmatch(r"[\w-]*(?:[.#][\w-]+|\[[^][]*\])*", text):
        return None
    classes = text.count(".") + kinds.count("[] block")
    return (kinds.count("hash"), classes, kinds.count("ident") - text.count("."))


def _block(head: str, content: Any) -> _Rule:
    found = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    if any(item.type != "declaration" for item in found):  # rules nested in rules
        return _Raw(f"{head}{{{tinycss2.serialize(content).strip()}}}")
    return _Style(
        head,
        [
            (d.name, _squeeze(d.value, d.name.startswith("--")) + "!important" * d.important)
            for d in found
        ],
    )


def _squeeze(tokens: Iterable[Any], exactly: bool = False) -> str:
    text = tinycss2.serialize([t for t in tokens if t.type != "comment"]).strip()
    if exactly or '"' in text or "'" in text or "url(" in text:
        return text
    return re.sub(r"\s*([,>])\s*", r"\1", re.sub(r"\s+", " ", text))


def _needed(rules: Iterable[_Rule], variables: set[str], names: set[str]) -> Iterator[_Rule]:
    for rule in rules:
        if isinstance(rule, _Style):
            body = [(n, v) for n, v in rule.body if not n.startswith("--") or n in variables]
            if body:
                yield _Style(rule.head, body)
        elif isinstance(rule, _Group):
            below = list(_needed(rule.rules, variables, names))
            if below:
                yield _Group(rule.head, below)
        elif not rule.name or rule.name in names:
            yield rule


_MADE = re.compile(r"::?(?:before|after)(?![\w-])")
_UNIVERSAL = re.compile(r"\*?::?(?:before|after)")


def _sparing(rules: list[_Rule]) -> list[_Rule]:
    """The rules, of which none makes a browser ask what stands before and after each element.

    ``::before`` and ``::after`` may inherit the sizing of boxes everywhere, which matters only
    where there is one: it is declared there instead.
    """
    everywhere = [
        rule
        for rule in rules
        if isinstance(rule, _Style) and any(map(_UNIVERSAL.fullmatch, rule.head.split(",")))
    ]
    if [rule.body for rule in everywhere] != [[("box-sizing", "inherit")]]:
        return rules
    (only,) = everywhere
    rest = [part for part in only.head.split(",") if not _UNIVERSAL.fullmatch(part)]
    if not rest or any(isinstance(rule, _Raw) and _MADE.search(rule.text) for rule in rules):
        return rules
    only.head = ",".join(rest)
    _sized(rules)
    return rules


def _sized(rules: list[_Rule]) -> None:
    for rule in rules:
        if isinstance(rule, _Group):
            _sized(rule.rules)
        elif isinstance(rule, _Style) and _MADE.search(rule.head):
            declared = {name for name, _ in rule.body}
            if "content" in declared and "box-sizing" not in declared:
                rule.body.insert(0, ("box-sizing", "inherit"))


_URL = re.compile(r"""url\(\s*(["']?)(?!data:|https?:|//|/|#)([^"')]+)\1\s*\)""")


_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
# Every third word of code is a name.
_NAME = re.compile(r'<span class="n">([^<]*)</span>')
_OF_NAMES = re.compile(r"(?<![^{}])[^{}]*\.n(?![\w-])[^{}]*\{([^{}]*)\}")
_NAMES_COLOUR = re.compile(r"--md-code-hl-name-color:\s*([^;}]*?)\s*[;}]")


def names_are_plain(css: str) -> bool:
    """Whether names in code look as all code does: Material gives them a colour, the same one."""
    colours = _NAMES_COLOUR.findall(css)
    rules = [declared.strip().rstrip(";") for declared in _OF_NAMES.findall(css)]
    return (
        bool(colours)
        and all(colour == "var(--md-code-fg-color)" for colour in colours)
        and all(re.sub(r"\s", "", r) == "color:var(--md-code-hl-name-color)" for r in rules)
    )


def without_names(html: str) -> str:
    """A page whose names in code are no elements of their own; they are one in six or seven."""
    if any(_OF_NAMES.search(css) for css in _STYLE.findall(html)):
        return html
    return _NAME.sub(r"\1", html)


def moved(css: str, source: str, target: str) -> str:
    """``css`` of the file ``source`` as it must read in the file ``target``: addresses in it are
    relative to the file it stands in. Both are paths below the same root."""

    def replace(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), match.group(2)))
        return f'url("{posixpath.relpath(path, posixpath.dirname(target) or ".")}")'

    return _URL.sub(replace, css)
