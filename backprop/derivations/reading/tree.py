"""From TeX to a tree: what is written, before anybody asks what it means.

`read(tex)` gives a `Node`. The tokens are lexer.py's, the grammar is grammar.lark; nothing here
knows a symbol's declaration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.commands import STARS
from backprop.derivations.reading.lexer import lexed
from backprop.derivations.reading.remarks import without_words
from backprop.derivations.reading.scanner import Scanner


@dataclass(frozen=True)
class Node:
    """A piece of a formula: its kind, text, parts, and where it stands in the TeX."""

    kind: str
    value: str = ""
    parts: tuple[Node, ...] = ()
    start: int = -1
    end: int = -1

    def walk(self) -> Iterator[Node]:
        yield self
        for part in self.parts:
            yield from part.walk()

    def same(self, other: Node) -> bool:
        """Equal but for the places."""
        return (
            self.kind == other.kind
            and self.value == other.value
            and len(self.parts) == len(other.parts)
            and all(a.same(b) for a, b in zip(self.parts, other.parts, strict=True))
        )


NONE = Node("none")


@lru_cache(maxsize=1)
def _parser() -> Any:
    import lark
    from lark.lexer import Lexer

    class Ready(Lexer):
        """Hands the tokens of `lexer` to lark."""

        def __init__(self, _: Any) -> None: ...

        def lex(self, data: Any) -> Iterator[lark.Token]:  # type: ignore[override]
            for kind, value, start, end in data:
                yield lark.Token(kind, value, start_pos=start, end_pos=end)

    grammar = Path(__file__).with_name("grammar.lark").read_text("utf-8")
    return lark.Lark(
        grammar.replace('"{"', "LBRACE")
        .replace('"}"', "RBRACE")
        .replace('"["', "LSQB")
        .replace('"]"', "RSQB"),
        parser="lalr",
        lexer=Ready,
        propagate_positions=False,
    )


def _span(parts: list[Any]) -> tuple[int, int]:
    spans = [
        (p.start, p.end) if isinstance(p, Node) else (p.start_pos, p.end_pos)
        for p in parts
        if not (isinstance(p, Node) and p.start < 0)
    ]
    return (min(s for s, _ in spans), max(e for _, e in spans)) if spans else (-1, -1)


def _build(tree: Any) -> Node:
    """A lark tree as Nodes, with the layers that carry nothing taken away."""
    import lark

    parts = [_build(c) if isinstance(c, lark.Tree) else c for c in tree.children]
    nodes = tuple(p for p in parts if isinstance(p, Node))
    tokens = [p for p in parts if not isinstance(p, Node)]
    start, end = _span(parts)
    kind = str(tree.data)
    if kind in ("start", "group"):
        inner = nodes[0]
        return inner if kind == "start" else Node("group", "", (inner,), start, end)
    if kind == "relation":
        if not tokens:
            return nodes[0] if nodes else NONE
        sides: list[Node] = [NONE]
        for part in parts:
            if isinstance(part, Node):
                sides[-1] = part
            else:
                sides.append(NONE)
        return Node("relation", " ".join(str(t) for t in tokens), tuple(sides), start, end)
    if kind == "additive":
        if len(nodes) == 1 and not tokens:
            return nodes[0]
        terms, sign, sign_at = [], "+", -1
        for part in parts:
            if isinstance(part, Node):
                first = part.start if sign_at < 0 else sign_at
                terms.append(Node("term", sign, (part,), first, part.end))
            else:
                sign, sign_at = str(part), part.start_pos
        return Node("sum", "", tuple(terms), start, end)
    if kind == "product":
        if len(parts) == 1 and nodes:
            return nodes[0]
        items: list[Node] = []
        for p in parts:
            if isinstance(p, Node):  # {a b} c is a b c
                inner = p.parts[0] if p.kind == "group" else p
                items += inner.parts if inner.kind == "product" and p.kind == "group" else [p]
            else:
                items.append(Node("op", str(p), (), p.start_pos, p.end_pos))
        return Node("product", "", tuple(items), start, end)
    if kind == "scripted":
        sub, sup, primes = NONE, NONE, 0
        for script in nodes[1:]:
            if script.kind == "prime":
                primes += 1
            elif (sub if script.kind == "sub" else sup) is not NONE:
                raise Unreadable("two-scripts", script.start, script.end)
            elif script.kind == "sub":
                sub = script
            else:
                sup = script
        if len(nodes) == 1:
            return nodes[0]
        return Node("scripted", "'" * primes, (nodes[0], sub, sup), start, end)
    if kind in ("sub", "sup"):
        return Node(kind, "", nodes[0].parts, start, end)
    if kind == "paren":
        opened, closed = str(tokens[0]), str(tokens[-1])
        if opened != closed:
            raise Unreadable("unexpected", start, end, found=closed, hint="")
        return Node("paren", opened, nodes[0].parts, start, end)
    if kind == "root":
        return Node("sqrt", "", (nodes[1], nodes[0]), start, end)
    if kind == "matrix":
        rows = nodes[:-1] if len(nodes) > 1 and nodes[-1].parts == (NONE,) else nodes
        return Node("matrix", str(tokens[0]), rows, start, end)
    return Node(kind, str(tokens[0]) if tokens else "", nodes, start, end)


def read(tex: str, names: frozenset[str] | None = None) -> Node:
    """The tree of one row or formula. `names`: the words that \\text spells as a name
    (None: all); other \\text is a remark.

    Raises `Unreadable`, with offsets into `tex`.
    """
    import lark

    scan = lexed(tex)
    tokens = without_words(scan, names)
    try:
        tree = _build(_parser().parse(tokens))
        _no_hidden_brackets(tree, scan)
        return tree
    except lark.exceptions.UnexpectedToken as error:
        token = error.token
        if (bracket := _unmatched(tokens)) is not None:
            kind, _, start, end = bracket
            found = tex[start:end].strip() or tex[start : start + 1]
            key = "unclosed" if kind == "LPAR" else "unopened"
            raise Unreadable(key, start, end, found=found) from None
        if token.type == "$END":
            end = len(tex.rstrip())
            if tokens and tokens[-1][0] in ("SIGN", "OP", "REL"):
                start, end = tokens[-1][2:]
                raise Unreadable("dangling", start, end, found=tex[start:end]) from None
            raise Unreadable(
                "unexpected", max(0, end - 1), end, found=tex.strip()[-12:], hint=""
            ) from None
        key = {"COMMA": "comma"}.get(token.type, "unexpected")
        found = tex[token.start_pos : token.end_pos] or str(token)
        raise Unreadable(key, token.start_pos, token.end_pos, found=found, hint="") from None


def _unmatched(tokens: list[Any]) -> Any:
    """The first bracket that is not closed, or that closes nothing, if there is one."""
    for group in _levels(tokens):
        opened = []
        for token in group:
            if token[0] == "LPAR":
                opened.append(token)
            elif token[0] == "RPAR":
                if not opened:
                    return token
                opened.pop()
        if opened:
            return opened[-1]
    return None


def _levels(tokens: list[Any]) -> Iterator[list[Any]]:
    """The tokens of the row itself, and of each braced part by itself."""
    stack: list[list[Any]] = [[]]
    for token in tokens:
        if token[0] == "LBRACE":
            stack.append([])
        elif token[0] == "RBRACE" and len(stack) > 1:
            yield stack.pop()
        else:
            stack[-1].append(token)
    yield from stack


def _no_hidden_brackets(tree: Node, scan: Scanner) -> None:
    """{a + b}^2 typesets as a + b^2: braces are no brackets to the eye."""
    for node in tree.walk():
        for part in node.parts:
            if part.kind != "group":
                continue
            inner = part.parts[0]
            if node.kind == "scripted":
                scripts = inner.kind == "scripted" and NONE not in (inner.parts[2], node.parts[2])
                letters = inner.kind == "product" and node.parts[2] is NONE
                hidden = inner.kind in ("sum", "relation", "product") and not letters
                above = inner.parts[2].parts[0] if scripts else NONE
                stars = above.kind == "paren" or above.value in STARS
                hidden = hidden or (scripts and not stars)
            else:
                sums = inner.kind in ("sum", "relation")
                hidden = sums and node.kind in ("product", "term")
            if hidden:
                raise scan.fail("braces", part.start, part.end)
