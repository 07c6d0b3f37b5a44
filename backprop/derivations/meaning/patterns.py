"""Matrices of entries, cases, and what dots stand for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.brackets import read_condition
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.lengths import Dim, show_shape
from backprop.derivations.meaning.rewriting import fresh, renamed
from backprop.derivations.meaning.sums import fixed_bound
from backprop.derivations.meaning.terms import (
    ONE,
    Fn,
    Index,
    Term,
    Test,
    Where,
    add,
    mul,
    neg,
    num,
)
from backprop.derivations.reading.tree import Node


def read_cases(ctx: Context, node: Node) -> Array:
    """Numbers, or arrays of one shape, each where its condition holds."""
    rows = [row.parts for row in node.parts]
    values: list[Array] = []
    tests: list[Term] = []
    for k, row in enumerate(rows):
        if len(row) == 2 and row[1].kind == "relation":
            tests.append(read_condition(ctx, row[1]))
        elif k < len(rows) - 1:
            raise ctx.fail("unexpected", row[0], hint=": & i = j")
        values.append(arrays.columns(ctx.side(row[0])))
    widest = max(values, key=lambda v: len(v.shape))
    for value in values:
        if len(value.shape) != len(widest.shape) and (value.shape or value.term != num(0)):
            shape = show_shape(widest.shape)
            raise ctx.fail("not-scalar", node.parts[values.index(widest)], left=shape, hint="")
    if len(tests) == len(values):
        if complementary(tests):
            tests.pop()
        else:
            values.append(scalar(Fn("nan", ())))
            ctx.gaps.append((mul(*(add(ONE, neg(test)) for test in tests)), node))

    def chosen(entries: list[Term]) -> Term:
        value = entries[-1]
        for test, yes in zip(reversed(tests), reversed(entries[:-1]), strict=True):
            value = Where(test, yes, value)
        return value

    return arrays.entrywise(values, chosen, ctx.span(node))


def complementary(tests: list[Term]) -> bool:
    if len(tests) != 2:
        return False
    a, b = tests
    opposite = {("=", "!="), ("<", ">="), (">", "<=")}
    return (
        isinstance(a, Test)
        and isinstance(b, Test)
        and ((a.op, b.op) in opposite or (b.op, a.op) in opposite)
        and (a.left, a.right) == (b.left, b.right)
    )


def read_matrix(ctx: Context, node: Node) -> Array:
    rows = [row.parts for row in node.parts]
    if not any(cell.kind == "dots" for row in rows for cell in row):
        return arrays.listed([[ctx.side(cell) for cell in row] for row in rows], ctx.span(node))
    corners = [rows[0][0], rows[0][-1], rows[-1][0], rows[-1][-1]]
    wide, tall = len(rows[0]) > 1, len(rows) > 1
    if any(n.kind in ("dots", "none") for n in corners) or len({len(r) for r in rows}) > 1:
        raise ctx.fail("dots-pattern", node)
    template, dims = corners[0], []
    ends: dict[str, list[Node]] = {}
    if wide:
        template, *ends["★c"] = generalise(ctx, corners[0], corners[1], "★c", node)
        dims.append(("★c", pattern_dim(ctx, ends["★c"][0], ends["★c"][1], node)))
    if tall:
        other = corners[2]
        if wide:
            other, low, high = generalise(ctx, corners[2], corners[3], "★c", node)
            if pattern_dim(ctx, low, high, node) != dims[0][1]:
                raise ctx.fail("dots-pattern", corners[3])
        template, *ends["★r"] = generalise(ctx, template, other, "★r", node)
        dims.insert(0, ("★r", pattern_dim(ctx, ends["★r"][0], ends["★r"][1], node)))
    found = [
        [None if n.kind in ("dots", "none") else pattern_instance(ctx, template, n) for n in row]
        for row in rows
    ]
    columns = [list(column) for column in zip(*found, strict=True)]
    for letter, lines, others in (("★c", found, columns), ("★r", columns, found)):
        if letter not in ends:
            continue
        for line in lines:  # … along which the index runs
            in_order(ctx, [p[letter] if p else None for p in line], ends[letter], node)
        for line in others:  # … along which it stays
            same = [place[letter] for place in line if place]
            if not all(a.same(same[0]) for a in same):
                raise ctx.fail("dots-pattern", node)
    value = running_array(ctx, template, dims)
    if not tall:  # one row
        return Array((1, *value.shape), lambda p: value.at(p[1:]))
    return arrays.columns(value)


def running_array(ctx: Context, template: Node, dims: list[tuple[str, Dim]]) -> Array:
    """An array from the general entry of a pattern with dots."""
    saved = dict(ctx.bound)
    names = []
    for letter, dim in dims:
        name = fresh("r" if letter == "★r" else "c")
        ctx.bound[letter] = name
        ctx.dims[name] = dim
        names.append(name)
    body = ctx.number(template)
    ctx.bound = saved

    def at(p: tuple[Index, ...]) -> Term:
        from backprop.derivations.meaning.rewriting import substitute

        result: Term = substitute(renamed(body), dict(zip(names, p, strict=True)))
        return result

    return Array(tuple(d for _, d in dims), at)


def read_dotted(ctx: Context, node: Node) -> Array:
    """a_1 + ⋯ + a_n, perhaps with a general term between."""
    dots = [t for t in node.parts if t.parts[0].kind == "dots"]
    terms = [t for t in node.parts if t not in dots]
    places = [k for k, t in enumerate(node.parts) if t in dots]
    signs = {t.value for t in node.parts}
    before = node.parts[: places[0]]
    if any(b - a == 1 for a, b in pairwise(places)):
        raise ctx.fail("dots-pattern", node)
    if signs != {"+"} or len(terms) < 2 or node.parts[-1] in dots or not before:
        raise ctx.fail("dots-pattern", node)
    first, last = terms[0].parts[0], terms[-1].parts[0]
    template, low, high = generalise(ctx, first, last, "★r", node)
    given = [None if t in dots else pattern_instance(ctx, template, t.parts[0]) for t in node.parts]
    in_order(ctx, [p["★r"] if p else None for p in given], [low, high], node)
    dim = pattern_dim(ctx, low, high, node)
    value = running_array(ctx, template, [("★r", dim)])
    return scalar(arrays.contract(dim, lambda k: value.at((k,))))


def generalise(
    ctx: Context, first: Node, last: Node, letter: str, node: Node
) -> tuple[Node, Node, Node]:
    """The common form of two terms, with a running index where they differ."""
    gaps: list[tuple[Node, Node]] = []

    def merge(a: Node, b: Node) -> Node:
        if a.same(b):
            return a
        if a.kind == "number" and fixed_bound(ctx, b) is not None:
            gaps.append((a, b))
            return Node("letter", letter, (), a.start, a.end)
        if a.kind == b.kind and a.value == b.value and len(a.parts) == len(b.parts):
            parts = tuple(merge(x, y) for x, y in zip(a.parts, b.parts, strict=True))
            return replace(a, parts=parts)
        raise ctx.fail("dots-pattern", node)

    split_first, split_last = split_numbers(first), split_numbers(last)
    template = merge(split_first, split_last)
    if not gaps or any(not (a.same(gaps[0][0]) and b.same(gaps[0][1])) for a, b in gaps):
        raise ctx.fail("dots-pattern", node)
    return template, *gaps[0]


def pattern_instance(ctx: Context, template: Node, term: Node) -> dict[str, Node]:
    """What stands for each running index where `term` has the template's form."""
    chosen: dict[str, Node] = {}

    def match(a: Node, b: Node) -> bool:
        if a.kind == "letter" and a.value.startswith("★"):
            return chosen.setdefault(a.value, b).same(b)
        return (
            a.kind == b.kind
            and a.value == b.value
            and len(a.parts) == len(b.parts)
            and all(match(x, y) for x, y in zip(a.parts, b.parts, strict=True))
        )

    if not match(template, split_numbers(term)):
        raise ctx.fail("dots-pattern", term)
    general = [n for n in chosen.values() if fixed_bound(ctx, n) is None]
    others = {n.value for n in template.walk() if n.kind == "letter"}
    if any(n.kind != "letter" or n.value in others for n in general) or (
        len(general) == 2 and general[0].same(general[1])
    ):
        raise ctx.fail("dots-pattern", term)  # x_{jj} is not the general entry
    return chosen


def in_order(ctx: Context, places: list[Node | None], ends: list[Node], whole: Node) -> None:
    """1, 2, ⋯, i, ⋯, n: neighbours follow each other; what dots leave out lies between."""
    first, last = (fixed_bound(ctx, e) for e in ends)
    known: list[tuple[bool, int]] = []
    previous: tuple[Dim | None, int] | None = None
    for k, place in enumerate(places):
        if place is None:
            previous = None
            continue
        here = fixed_bound(ctx, place)
        if here is None:  # a general entry has dots on both sides
            beside = places[max(k - 1, 0) : k] + places[k + 1 : k + 2]
            good = not any(beside)
        else:
            good = (
                (here == first) == (k == 0)
                and (here == last) == (k == len(places) - 1)
                and (here[0] is None or (last is not None and here[0] == last[0]))
                and (previous is None or here == (previous[0], previous[1] + 1))
            )
            known.append((here[0] is not None, here[1]))
        if not good:
            raise ctx.fail("dots-pattern", place if place.start >= 0 else whole)
        previous = here
    if known != sorted(set(known)):
        raise ctx.fail("dots-pattern", whole)


def pattern_dim(ctx: Context, low: Node, high: Node, node: Node) -> Dim:
    first, last = ctx.whole(low), fixed_bound(ctx, high)
    assert last is not None
    size, offset = last
    if size is not None and offset - first + 1 == 0:
        return size
    if size is None:
        return offset - first + 1
    count = f"{size} {offset - first + 1:+d}".replace("+", "+ ").replace("-", "- ")
    found = f"{low.value} … {ctx.text(high)}"
    raise ctx.fail("range", node, found=found, given=count, index="i", wanted=size)


def split_numbers(node: Node) -> Node:
    """The indices of a subscript apart: x_{11}, x_{ij} and x_{n-1,j} have two each."""
    if node.kind != "sub":
        parts = tuple(split_numbers(p) for p in node.parts)
        return replace(node, parts=parts) if parts else node
    items: list[Node] = []
    for part in node.parts:
        inner = part.parts if part.kind == "product" else (part,)
        if any(p.kind == "op" for p in inner):
            inner = (part,)
        for item in inner:
            if item.kind == "number" and len(item.value) > 1:
                items += [
                    Node("number", digit, (), item.start + k, item.start + k + 1)
                    for k, digit in enumerate(item.value)
                ]
            else:
                items.append(item)
    return replace(node, parts=tuple(items))
