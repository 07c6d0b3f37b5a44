"""The statements in the formulas of the prose: where one ends and the next begins."""

from __future__ import annotations

import re

from backprop.derivations.meaning import items_of, key_of, split
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.remarks import CONNECTIVES
from backprop.derivations.reading.tree import read

NAMED = (
    rf"\\text\s*\{{(?!(?:{'|'.join(sorted(CONNECTIVES))})\}})[A-Za-z]+\}}"  # \text{loss}: a name
)
DOTS = re.compile(r"^\\(?:dots|ldots|cdots|dotsc)$|^\.\.\.$")
COUNTS = re.compile(
    r"\\(?:sum|prod)\s*(?:\\limits\s*)?_\s*\{\s*(?P<index>[A-Za-z])\s*=\s*(?P<low>[01])\s*\}\s*"
    r"\^\s*(?:(?P<letter>[A-Za-z])|\{\s*(?P<size>[A-Za-z](?:_\w|_\{\w+\})?)\s*(?P<less>-\s*1)?\s*\})"
)

RANGE = re.compile(r"^\s*[a-z](?:\s*,\s*[a-z])*\s*=\s*[01]\s*,\s*\\[lc]?dots[cbm]?\s*,[^,=()]*$")


def counted_from(formulas: list[str]) -> int | None:
    r"""Where the sums that are written out, \sum_{i=1}^{n}, start; None if they do not agree."""
    found = {
        int(hit["low"])
        for tex in formulas
        for hit in COUNTS.finditer(tex)
        if (hit["low"] == "0") == bool(hit["less"])
    }
    return found.pop() if len(found) == 1 else None


def ranges_of_sums(formulas: list[str]) -> dict[str, str]:
    r"""How far the letters run that sums are written over, \\sum_{i=1}^{n}: {"i": "n"}; without
    those that the formulas do not agree on, and those that count steps."""
    found: dict[str, set[str]] = {}
    for tex in formulas:
        for hit in COUNTS.finditer(tex):
            size = hit["letter"] or hit["size"]
            whole = (hit["low"] == "0") == bool(hit["less"])
            found.setdefault(hit["index"], set()).add(size if whole else "")
    alike = {k: sizes.pop() for k, sizes in found.items() if len(sizes) == 1}
    return {k: size for k, size in alike.items() if size and k not in "st"}


def is_range(tex: str) -> bool:
    r"""Does a formula only say what indices run over: i = 1, \\dots, n?"""
    return bool(RANGE.match(tex))


def outside_environments(tex: str) -> str:
    """`tex` with what stands in environments (cases, matrices) blanked out, in its length."""
    return re.sub(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", lambda m: "." * len(m[0]), tex, flags=re.S)


def outside_braces(tex: str) -> str:
    r"""`tex` with what stands in braces, \sum_{i < j}, blanked out, in its length."""
    while True:
        out = re.sub(r"(?<!\\)\{([^{}]*)(?<!\\)\}", lambda m: "." * len(m[0]), tex)
        if out == tex:
            return out
        tex = out


def pieces(tex: str) -> list[tuple[str, int]]:
    """A formula split at its commas and spaces between statements, with offsets."""
    found, depth, start, k = [], 0, 0, 0
    break_at = re.compile(rf"\\q?quad\b|(?!{NAMED})\\text\s*\{{[^}}]*\}}|[,;]")
    tex, whole = outside_environments(tex), tex
    while k < len(tex):
        hit = break_at.match(tex, k)
        if hit and depth == 0:
            found.append((whole[start:k], start))
            start = k = hit.end()
            continue
        ch = tex[k]
        if ch == "\\" and tex[k + 1 : k + 2] in "{}":
            depth += 1 if tex[k + 1] == "{" else -1
            k += 2
            continue
        depth += (ch in "{([") - (ch in "})]")
        k += 2 if ch == "\\" else 1
    found.append((whole[start:], start))
    return [(t, s) for t, s in found if t.strip()]


def declared_names(tex: str) -> list[str]:
    """The names that a formula would declare, were it read."""
    return [name for text, _ in statements(tex) for name in listed(RELATION.split(text)[0])]


def listed(tex: str) -> list[str]:
    """The names in a list of names: A, B."""
    found = []
    for name, _ in pieces(tex):
        try:
            key = key_of(split(items_of(read(name))[0])[0])
        except Unreadable:
            continue
        if key:
            found.append(key)
    return found


RELATION = re.compile(
    r"\\in\b|\\sim\b|:=|\\coloneqq|\\triangleq|\\colon|:|=|\\geq?\b|\\leq?\b|[<>]"
)


APART = re.compile(r"^[^=<>]*\\neq?(?![a-z])[^=<>]*$")


def statements(tex: str) -> list[tuple[str, int]]:
    """The statements of a formula: names in a list belong to the relation after them."""
    out: list[tuple[str, int]] = []
    waiting: tuple[int, int] | None = None
    parts = pieces(tex)
    k = 0
    while k < len(parts):
        text, at = parts[k]
        end = at + len(text)
        start = waiting[0] if waiting else at
        if not RELATION.search(text) and not APART.match(text):
            waiting = (start, end)
            k += 1
            continue
        if k + 2 < len(parts) and DOTS.match(parts[k + 1][0].strip()):
            end = parts[k + 2][1] + len(parts[k + 2][0])
            k += 2
        out.append((tex[start:end], start))
        waiting = None
        k += 1
    return out
