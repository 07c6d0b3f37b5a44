"""Single changes of a row's TeX: what a slip of the pen does, and what undoes it.

The repair search tries them on a wrong row; the mutation test applies them to right rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from backprop.derivations.meaning import items_of, key_of, split, subscript_letters
from backprop.derivations.meaning.world import World
from backprop.derivations.reading.commands import BIG
from backprop.derivations.reading.tree import NONE, Node

# kind: (English, Chinese)
KINDS = {
    "sign": ("sign", "符号"),
    "index": ("index", "下标"),
    "factor": ("factor", "因子"),
    "power": ("power", "幂"),
    "term": ("term", "项"),
    "sum": ("sum", "求和"),
    "range": ("range", "范围"),
    "transpose": ("transpose", "转置"),
    "order": ("order", "次序"),
    "size": ("size", "大小"),
}


@dataclass(frozen=True)
class Edit:
    """`tex[start:end]` replaced by `new`."""

    kind: str
    start: int
    end: int
    new: str
    old: str
    before: str = ""  # what stands around it, for the message
    after: str = ""

    def applied(self, tex: str) -> str:
        return tex[: self.start] + self.new + tex[self.end :]

    def placed(self, tex: str) -> Edit:
        """The same edit, with a glimpse of the formula around it."""
        after = " ".join(tex[self.end : self.end + 28].split())
        before = " ".join(tex[max(0, self.start - 14) : self.start].split())
        return replace(self, before=before, after=after)

    def text(self, language: str = "en") -> str:
        zh = language.startswith("zh")
        kind = KINDS[self.kind][zh]
        old, new = " ".join(self.old.split()), " ".join(self.new.split())
        place = ""
        if self.after:
            place = f"，在 {self.after} … 之前" if zh else f" before {self.after} …"
        elif self.before:
            place = f"，在 … {self.before} 之后" if zh else f" after … {self.before}"
        if not old:
            return f"{kind}：插入 {new}{place}" if zh else f"{kind}: insert {new}{place}"
        if not new:
            return f"{kind}：去掉 {old}{place}" if zh else f"{kind}: remove {old}{place}"
        if zh:
            return f"{kind}：把 {old} 改为 {new}{place}"
        return f"{kind}: {new} instead of {old}{place}"


def edits(tree: Node, tex: str, world: World) -> Iterator[Edit]:
    """All single changes below `tree`, the likeliest slips first."""

    def edit(kind: str, node: Node, new: str, start: int = -1, end: int = -1) -> Edit:
        first, last = (node.start, node.end) if start < 0 else (start, end)
        return Edit(kind, first, last, new, tex[first:last])

    nodes = [n for n in tree.walk() if n.start >= 0]
    sums = [n for n in nodes if n.kind == "sum"]
    for node in sums:
        yield from _signs(node, tex, edit)
    for side in tree.parts if tree.kind == "relation" else (tree,):
        if side.start >= 0 and side.kind not in ("sum", "none"):
            yield Edit("sign", side.start, side.start, "-", "")
    yield from _indices(tree, edit)
    yield from _factors(tree, nodes, world, edit, tex)
    yield from _powers(nodes, world, edit, tex)
    for node in sums:
        for k, term in enumerate(node.parts):
            if len(node.parts) == 1:
                continue
            if k == 0:
                after = node.parts[1]
                skip = 1 if after.value == "+" else 0
                yield Edit("term", term.start, after.start + skip, "", tex[term.start : term.end])
            else:
                yield edit("term", term, "")
    for node in nodes:
        base, sub, sup, _ = split(node)
        if base.kind == "symbol" and base.value in BIG and sub is not NONE:
            if base.value == "\\sum":
                yield edit("sum", node, "")
            yield from _ranges(node, sub, sup, edit)
    yield from _products(nodes, tex)


def _signs(node: Node, tex: str, edit: Callable[..., Edit]) -> Iterator[Edit]:
    for term in node.parts:
        explicit = term.start >= 0 and tex[term.start] in "+-"
        if explicit:
            first = term is node.parts[0]
            other = "" if first and term.value == "-" else "-" if term.value == "+" else "+"
            place = term.start
            if tex[place : place + 1] == other:
                continue
            new = Edit("sign", place, place + 1, other, tex[place : place + 1])
            yield new
        else:
            yield Edit("sign", term.start, term.start, "-", "")


def _indices(tree: Node, edit: Callable[..., Edit]) -> Iterator[Edit]:
    letters = sorted(subscript_letters(tree))
    binders = {
        id(inner)
        for node in tree.walk()
        if (pair := split(node)) and pair[0].kind == "symbol" and pair[0].value in BIG
        for inner in pair[1].walk()
    }
    for script in tree.walk():
        if script.kind != "sub" or id(script) in binders:
            continue
        for node in script.walk():
            if node.kind == "letter" and node.value in letters and id(node) not in binders:
                for letter in letters:
                    if letter != node.value:
                        yield edit("index", node, letter)


def _factors(
    tree: Node, nodes: list[Node], world: World, edit: Callable[..., Edit], tex: str
) -> Iterator[Edit]:
    scripts = {id(n) for s in nodes if s.kind in ("sub", "sup") for n in s.walk()}
    sizes = [s for s in world.sizes if len(s) == 1] or list(world.sizes)
    for node in nodes:
        if node.kind == "number" and id(node) not in scripts:
            value = node.value
            for new in ("2", "1", "3", "4"):
                if new != value and "." not in value:
                    yield edit("factor", node, new)
        if node.kind in ("letter", "scripted") and id(node) not in scripts:
            key = key_of(node) or ""
            if key in world.sizes:
                for other in sizes:
                    if other != key:
                        yield edit("size", node, other)
                yield edit("factor", node, "1")
                yield Edit(
                    "factor",
                    node.start,
                    node.end,
                    f"({node.value} - 1)",
                    tex[node.start : node.end],
                )
    places = []
    for side in tree.parts if tree.kind == "relation" else (tree,):
        if side.start < 0:
            continue
        terms = side.parts if side.kind == "sum" else (side,)
        for term in terms:
            inner = term.parts[0] if term.kind == "term" else term
            places.append(inner.start)
    inner_terms = [
        t.parts[0].start for n in nodes if n.kind == "sum" for t in n.parts if t.parts[0].start >= 0
    ]
    for place in dict.fromkeys([*places, *inner_terms]):
        for factor in (
            "2 ",
            "\\frac{1}{2} ",
            *(f"\\frac{{1}}{{{s}}} " for s in sizes),
            *(f"{s} " for s in sizes),
        ):
            yield Edit("factor", place, place, factor, "")


def _powers(nodes: list[Node], world: World, edit: Callable[..., Edit], tex: str) -> Iterator[Edit]:
    for node in nodes:
        base, _, sup, _ = split(node)
        if base.kind == "symbol" and base.value in BIG:
            continue
        if sup is not NONE and sup.start >= 0:
            inner = sup.parts[0]
            until = sup.end
            start = tex.rfind("^", 0, sup.start + 1)
            transposed = (inner.kind == "symbol" and inner.value in ("\\top", "\\intercal")) or (
                inner.kind == "letter" and inner.value == "T"
            )
            while (
                until < len(tex)
                and tex[until] == "}"
                and tex.count("{", start, until) > (tex.count("}", start, until))
            ):
                until += 1
            old = tex[start:until]
            if transposed:
                yield Edit("transpose", start, until, "", old)
            elif inner.kind == "number":
                for new in ("", "^3", "^2", "^4"):
                    if new.strip("^") != inner.value:
                        yield Edit("power", start, until, new, old)
        elif node.kind in ("letter", "symbol", "font") and (key_of(node) or "") in (
            world.symbols.keys() | world.aliases.keys()
        ):
            key = key_of(node) or ""
            symbol = world.symbols[world.aliases.get(key, key)]
            if symbol.shape:
                yield Edit("transpose", node.end, node.end, "^\\top", "")
        if node.kind == "paren" and node.value == "(":
            yield Edit("power", node.end, node.end, "^2", "")
        if node.kind == "sqrt":
            arg = node.parts[0]
            yield Edit(
                "power",
                node.start,
                node.end,
                f"({tex[arg.start : arg.end]})",
                tex[node.start : node.end],
            )


def _ranges(node: Node, sub: Node, sup: Node, edit: Callable[..., Edit]) -> Iterator[Edit]:
    part = sub.parts[0]
    if part.kind != "relation" or sup is NONE:
        return
    low, high = part.parts[-1], sup.parts[0]
    if low.kind == "number":
        for new in ("0", "1", "2"):
            if new != low.value:
                yield edit("range", low, new)
    if high.kind in ("letter", "scripted"):
        yield Edit("range", high.start, high.end, f"{{{high.value}-1}}", high.value)


def _products(nodes: list[Node], tex: str) -> Iterator[Edit]:
    for node in nodes:
        if node.kind != "product":
            continue
        items = items_of(node)
        for a, b in pairwise(items):
            if "op" in (a.kind, b.kind) or "none" in (a.kind, b.kind):
                continue
            first, second = split(a)[0], split(b)[0]
            if first.kind == "symbol" and (first.value in BIG or not _name(first)):
                continue
            if _name(first) and _name(second) and a.end <= b.start:
                yield Edit(
                    "order",
                    a.start,
                    b.end,
                    f"{tex[b.start : b.end]} {tex[a.start : a.end]}",
                    tex[a.start : b.end],
                )


def _name(node: Node) -> bool:
    return key_of(node) is not None or node.kind in ("frac", "paren")
