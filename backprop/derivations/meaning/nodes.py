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


def subscript_letters(tree: Node) -> set[str]:
    """All letters that stand in subscripts: they are indices."""
    return {
        n.value
        for script in tree.walk()
        if script.kind == "sub"
        for n in script.walk()
        if n.kind == "letter"
    }
