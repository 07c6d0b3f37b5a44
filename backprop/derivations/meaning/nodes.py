"""What a tree of TeX says before names are looked up: keys, scripts apart, marks of derivatives."""

from __future__ import annotations

from dataclasses import replace

from backprop.derivations.reading.commands import BIG
from backprop.derivations.reading.tree import NONE, Node

TRANSPOSE = ("\\top", "\\intercal")
MARKS = {("letter", "d"), ("name", "d"), ("symbol", "\\partial")}


def key_of(node: Node) -> str | None:
    """How a bare name is looked up, None if this is no name."""
    if node.kind in ("letter", "symbol"):
        return node.value
    if node.kind == "name":
        return f"\\mathrm{{{node.value}}}"
    if node.kind in ("accent", "font"):
        inner = node.parts[0]
        if inner.kind == "number":
            return f"{node.value}{{{inner.value}}}"
        if inner.kind == "product" and all(p.kind == "letter" for p in inner.parts):
            return f"{node.value}{{{''.join(p.value for p in inner.parts)}}}"
        key = key_of(inner)
        return None if key is None else f"{node.value}{{{key}}}"
    if node.kind == "group":
        return key_of(node.parts[0])
    return None


def split(node: Node) -> tuple[Node, Node, Node, str]:
    """A node as base, subscript, superscript and primes."""
    if node.kind == "scripted":
        base, sub, sup = node.parts
        primes = node.value
        if sup is not NONE and all(p == "\\prime" for p in _primes(sup)) and _primes(sup):
            return base, sub, NONE, primes + "'" * len(_primes(sup))
        return base, sub, sup, primes
    return node, NONE, NONE, ""


def _primes(sup: Node) -> list[str]:
    part = sup.parts[0]
    return [p.value for p in (part.parts if part.kind == "product" else (part,))]


def index_key(node: Node) -> str | None:
    """How an index letter is looked up: i, i', None if this is none."""
    base, sub, sup, primes = split(node)
    key = key_of(base)
    return None if key is None or sub is not NONE or sup is not NONE else key + primes


def is_mark(node: Node) -> bool:
    """Is this the d or ∂ of a derivative?"""
    return (node.kind, node.value) in MARKS


def items_of(node: Node) -> tuple[Node, ...]:
    return node.parts if node.kind == "product" else (node,)


def joined(terms: tuple[Node, ...]) -> list[Node]:
    """\\sum_k -2 a_k: a sign directly behind a sum belongs to what is summed."""
    out: list[Node] = []
    for term in terms:
        before = items_of(out[-1].parts[0]) if out else ()
        last = split(before[-1])[0] if before else NONE
        if last.kind == "symbol" and last.value in BIG:
            inner = Node("sum", "", (term,), term.start, term.end)
            bracket = Node("group", "", (inner,), term.start, term.end)
            whole = Node("product", "", (*before, bracket), out[-1].start, term.end)
            out[-1] = replace(out[-1], parts=(whole,), end=term.end)
        else:
            out.append(term)
    return out


def gathered(terms: list[Node]) -> list[Node]:
    r"""\sum_i a_i b_i + (1 - a_i) c_i: terms that use the index directly behind a sum belong to
    it, for outside it nothing binds the index."""
    out: list[Node] = []
    for term in terms:
        before = items_of(out[-1].parts[0]) if out else ()
        at = next((k for k, n in enumerate(before) if opens_sum(n)), None)
        if at is None or at + 1 == len(before):
            out.append(term)
            continue
        letters = sum_letters(before[at])
        inside = items_of(term.parts[0])
        if any(opens_sum(n) for n in inside) or not letters & free_letters(term):
            out.append(term)
            continue
        body = before[at + 1 :]
        if len(body) == 1 and body[0].kind == "group" and body[0].value == "summed":
            parts = (*body[0].parts[0].parts, term)
        else:
            start, end = body[0].start, body[-1].end
            first = body[0] if len(body) == 1 else Node("product", "", body, start, end)
            parts = (Node("term", "+", (first,), start, end), term)
        whole = Node("sum", "", parts, parts[0].start, term.end)
        group = Node("group", "summed", (whole,), whole.start, term.end)
        product = Node("product", "", (*before[: at + 1], group), out[-1].start, term.end)
        out[-1] = replace(out[-1], parts=(product,), end=term.end)
    return out


def free_letters(node: Node, pairs: bool = False) -> set[str]:
    r"""The index letters in `node` that no sum in it binds; `pairs`: \sum_{i < j} binds both."""
    if node.kind in ("sub", "sup"):
        return subscript_letters(Node("scripted", "", (node,)))
    if node.kind == "scripted" and opens_sum(node):
        return set()
    found: set[str] = set()
    bound: set[str] = set()  # \\sum_k -2 x_k: to the end of the product, or of the sum
    for part in node.parts:
        if node.kind in ("product", "sum", "term"):
            found |= free_letters(part, pairs) - bound
            for item in items_of(part.parts[0]) if part.kind == "term" else (part,):
                bound |= sum_letters(item, pairs) if opens_sum(item) else set()
        else:
            found |= free_letters(part, pairs)
    return found


def opens_sum(node: Node) -> bool:
    base = split(node)[0]
    return base.kind == "symbol" and base.value == "\\sum"


def sum_letters(node: Node, pairs: bool = False) -> set[str]:
    sub = split(node)[1]
    if sub is NONE or len(sub.parts) != 1:
        return set()
    part = sub.parts[0]
    if part.kind == "relation" and pairs and part.value != "=":
        return {index_key(n) or "" for n in part.parts} - {""}
    if part.kind == "relation":
        part = part.parts[0]
    return {index_key(n) or "" for n in items_of(part)} - {""}


def tops_of_sums(tree: Node) -> set[str]:
    r"""The t of \sum_{i=1}^{t}."""
    found: set[str] = set()
    for node in tree.walk():
        if len(node.parts) == 3 and opens_sum(node) and node.parts[2] is not NONE:
            top = node.parts[2].parts[0]
            if top.kind == "letter":
                found.add(top.value)
    return found


def subscript_letters(tree: Node) -> set[str]:
    """All letters that stand in subscripts, or alone in brackets above: they are indices."""
    found: set[str] = set()
    for script in tree.walk():
        if script.kind == "sub":
            for n in script.walk():
                if n.kind == "letter":
                    found.add(n.value)
                elif n.kind == "scripted":
                    found.add(index_key(n) or "")
        elif script.kind == "sup" and script.parts[0].kind == "paren":
            inner = script.parts[0].parts
            if len(inner) == 1 and inner[0].kind == "letter":
                found.add(inner[0].value)
    return found - {""}
