"""Matrices of entries, cases, and what dots stand for."""

from __future__ import annotations

from dataclasses import replace

from backprop.site.derivations import arrays
from backprop.site.derivations.arrays import Array, scalar
from backprop.site.derivations.meaning.derivatives import Derivatives
from backprop.site.derivations.reading import Node
from backprop.site.derivations.terms import (
    Dim,
    Fn,
    Index,
    Term,
    Test,
    Where,
    fresh,
    renamed,
)


class Patterns(Derivatives):
    """Matrices of entries, cases, and what dots stand for."""

    def cases(self, node: Node) -> Array:
        rows = [row.parts for row in node.parts]
        value: Term | None = None
        tests: list[tuple[Term, Term]] = []
        for k, row in enumerate(rows):
            if len(row) == 2 and row[1].kind == "relation":
                tests.append((self.condition(row[1]), self.number(row[0])))
            elif k == len(rows) - 1:
                value = self.number(row[0])
            else:
                raise self.fail("unexpected", row[0], hint=": & i = j")
        if value is None and tests:
            value = tests.pop()[1] if self.complementary(tests) else Fn("nan", ())
        for test, yes in reversed(tests):
            assert value is not None
            value = Where(test, yes, value)
        if value is None:
            raise self.fail("unexpected", node, hint="")
        return scalar(value)

    @staticmethod
    def complementary(tests: list[tuple[Term, Term]]) -> bool:
        if len(tests) != 2:
            return False
        a, b = tests[0][0], tests[1][0]
        opposite = {("=", "!="), ("<", ">="), (">", "<=")}
        return (
            isinstance(a, Test)
            and isinstance(b, Test)
            and ((a.op, b.op) in opposite or (b.op, a.op) in opposite)
            and (a.left, a.right) == (b.left, b.right)
        )

    def matrix(self, node: Node) -> Array:
        rows = [row.parts for row in node.parts]
        if not any(cell.kind == "dots" for row in rows for cell in row):
            return arrays.listed([[self.side(c) for c in row] for row in rows], self.span(node))
        corners = [rows[0][0], rows[0][-1], rows[-1][0], rows[-1][-1]]
        wide, tall = len(rows[0]) > 1, len(rows) > 1
        if any(c.kind in ("dots", "none") for c in corners) or len({len(r) for r in rows}) > 1:
            raise self.fail("dots-pattern", node)
        template, dims = corners[0], []
        if wide:
            template, low, high = self.generalise(corners[0], corners[1], "★c", node)
            dims.append(("★c", self.pattern_dim(low, high, node)))
        if tall:
            other = corners[2]
            if wide:
                other, low, high = self.generalise(corners[2], corners[3], "★c", node)
                self.pattern_dim(low, high, node)
            template, low, high = self.generalise(template, other, "★r", node)
            dims.insert(0, ("★r", self.pattern_dim(low, high, node)))
        for cell in (c for row in rows for c in row if c.kind not in ("dots", "none")):
            if not instance(template, cell):
                raise self.fail("dots-pattern", cell)
        value = self.running(template, dims)
        if not tall:  # one row
            return Array((1, *value.shape), lambda p: value.at(p[1:]))
        return arrays.columns(value)

    def running(self, template: Node, dims: list[tuple[str, Dim]]) -> Array:
        """An array from the general entry of a pattern with dots."""
        saved = dict(self.bound)
        names = []
        for letter, dim in dims:
            name = fresh("r" if letter == "★r" else "c")
            self.bound[letter] = name
            self.dims[name] = dim
            names.append(name)
        body = self.number(template)
        self.bound = saved

        def at(p: tuple[Index, ...]) -> Term:
            from backprop.site.derivations.terms import substitute

            return substitute(renamed(body), dict(zip(names, p, strict=True)))

        return Array(tuple(d for _, d in dims), at)

    def dotted(self, node: Node) -> Array:
        """a_1 + ⋯ + a_n, perhaps with a general term between."""
        terms = [t for t in node.parts if t.parts[0].kind != "dots"]
        places = [k for k, t in enumerate(node.parts) if t.parts[0].kind == "dots"]
        signs = {t.value for t in node.parts}
        before = node.parts[: places[0]]
        if signs != {"+"} or len(terms) < 2 or places[-1] != len(node.parts) - 2 or not before:
            raise self.fail("dots-pattern", node)
        first, last = terms[0].parts[0], terms[-1].parts[0]
        template, low, high = self.generalise(first, last, "★r", node)
        for term in terms:
            if not instance(template, term.parts[0]):
                raise self.fail("dots-pattern", term)
        dim = self.pattern_dim(low, high, node)
        value = self.running(template, [("★r", dim)])
        return scalar(arrays.contract(dim, lambda k: value.at((k,))))

    def generalise(
        self, first: Node, last: Node, letter: str, node: Node
    ) -> tuple[Node, Node, Node]:
        """The common form of two terms, with a running index where they differ."""
        gaps: list[tuple[Node, Node]] = []

        def merge(a: Node, b: Node) -> Node:
            if a.same(b):
                return a
            if a.kind == "number" and self.fixed(b) is not None:
                gaps.append((a, b))
                return Node("letter", letter, (), a.start, a.end)
            if a.kind == b.kind and a.value == b.value and len(a.parts) == len(b.parts):
                parts = tuple(merge(x, y) for x, y in zip(a.parts, b.parts, strict=True))
                return replace(a, parts=parts)
            raise self.fail("dots-pattern", node)

        split_first, split_last = split_numbers(first), split_numbers(last)
        template = merge(split_first, split_last)
        if not gaps or any(not (a.same(gaps[0][0]) and b.same(gaps[0][1])) for a, b in gaps):
            raise self.fail("dots-pattern", node)
        return template, *gaps[0]

    def pattern_dim(self, low: Node, high: Node, node: Node) -> Dim:
        first, last = int(low.value), self.fixed(high)
        assert last is not None
        size, offset = last
        if size is not None and offset - first + 1 == 0:
            return size
        if size is None:
            return offset - first + 1
        count = f"{size} {offset - first + 1:+d}".replace("+", "+ ").replace("-", "- ")
        found = f"{low.value} … {self.text(high)}"
        raise self.fail("range", node, found=found, given=count, index="i", wanted=size)


def split_numbers(node: Node) -> Node:
    """Digits of a subscript apart: x_{11} has two indices."""
    if node.kind == "sub":
        parts = []
        for part in node.parts:
            if part.kind == "number" and len(part.value) > 1:
                digits = tuple(
                    Node("number", c, (), part.start + k, part.start + k + 1)
                    for k, c in enumerate(part.value)
                )
                parts.append(Node("product", "", digits, part.start, part.end))
            elif part.kind == "product":
                items: list[Node] = []
                for item in part.parts:
                    if item.kind == "number" and len(item.value) > 1:
                        items += [
                            Node("number", c, (), item.start + k, item.start + k + 1)
                            for k, c in enumerate(item.value)
                        ]
                    else:
                        items.append(item)
                parts.append(replace(part, parts=tuple(items)))
            else:
                parts.append(part)
        return replace(node, parts=tuple(parts))
    return replace(node, parts=tuple(split_numbers(p) for p in node.parts)) if node.parts else node


def instance(template: Node, term: Node) -> bool:
    """Does `term` have the template's form, with one thing for each running index?"""
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

    return match(template, split_numbers(term))
