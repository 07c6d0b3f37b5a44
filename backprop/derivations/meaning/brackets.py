"""What stands above, brackets, norms and conditions."""

from __future__ import annotations

from fractions import Fraction

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.base import TRANSPOSE, key_of
from backprop.derivations.meaning.indices import Indices
from backprop.derivations.meaning.lengths import show_shape
from backprop.derivations.meaning.rewriting import fresh
from backprop.derivations.meaning.terms import Big, Fn, Pow, Term, Test, Var, mul, num
from backprop.derivations.reading.tree import NONE, Node

INDICATORS = (
    *("\\mathbf{1}", "\\mathbb{1}", "\\boldsymbol{1}"),
    *("\\mathbb{I}", "\\mathbf{I}", "\\mathrm{I}", "I"),
)


class Brackets(Indices):
    """What stands above, brackets, norms and conditions."""

    def is_transpose(self, sup: Node) -> bool:
        if sup is NONE or len(sup.parts) != 1:
            return False
        inner = sup.parts[0]
        if inner.kind == "name" and inner.value == "T":
            return True
        if inner.kind == "font" and key_of(inner) in ("\\mathsf{T}", "\\mathbf{T}"):
            return True
        return inner.kind == "symbol" and inner.value in TRANSPOSE

    def powered(self, value: Array, node: Node, sup: Node) -> Array:
        if sup is NONE:
            return value
        if self.is_transpose(sup):
            if not value.shape:
                raise self.fail("transposed-entry", node)
            return arrays.transpose(value, self.span(node))
        inner = sup.parts[0]
        if inner.kind == "letter" and inner.value == "T" and not value.shape:
            if not self.declared("T"):
                raise self.fail("transposed-entry", node)
        if inner.kind == "letter" and inner.value == "T" and value.shape:
            if self.declared("T"):
                raise self.fail("transpose-or-power", node)
            return arrays.transpose(value, self.span(node))
        if inner.kind == "product" and inner.parts[0].kind == "op":
            if inner.parts[0].value == "\\odot" and len(inner.parts) == 2:
                power = self.number(inner.parts[1])
                return Array(value.shape, lambda p: Pow(value.at(p), power))
            raise self.fail("unexpected", inner, hint="")
        if value.shape:
            raise self.fail("matrix-power", node)
        if inner.kind == "paren":
            raise self.fail("undeclared", node, example=f"{self.text(node)} \\in \\mathbb{{R}}")
        return scalar(Pow(value.term, self.number(inner)))

    def bracket(self, node: Node, base: Node, sub: Node, sup: Node) -> Array:
        parts = base.parts
        if base.value == "<" and len(parts) == 2:
            a, b = self.side(parts[0]), self.side(parts[1])
            if len(a.shape) != len(b.shape):  # a row and a column
                left, right = show_shape(a.shape), show_shape(b.shape)
                raise self.fail("shape", node, left=left, right=right, hint=" (\\top ?)")
            product = arrays.hadamard(a, b, self.span(base))
            return self.powered(scalar(arrays.total(product, lambda t: t)), node, sup)
        if len(parts) != 1 or parts[0] is NONE:
            raise self.fail("unexpected", node, hint="")
        inner = parts[0]
        if base.value in ("norm", "abs"):
            return self.norm(node, base, sub, sup)
        if inner.kind == "relation":
            if base.value not in ("[", "("):
                raise self.fail("unexpected", node, hint="")
            return self.powered(self.relation(inner), node, sup)
        value = self.entry_of(self.side(inner), sub, node)
        return self.powered(value, node, sup)

    def norm(self, node: Node, base: Node, sub: Node, sup: Node) -> Array:
        value = arrays.columns(self.side(base.parts[0]))
        if not value.shape or (base.value == "abs" and sub is NONE):
            if value.shape and base.value == "abs":
                raise self.fail("not-scalar", node, left=show_shape(value.shape), hint="")
            return self.powered(scalar(Fn("abs", (value.term,))), node, sup)
        which = self.text_of(sub) if sub is not NONE else ""
        if len(value.shape) == 2 and which not in ("F", "\\mathrm{F}"):
            raise self.fail(
                "unsupported", node, why="\\|X\\|_F ?" if not which else f"\\|X\\|_{which}"
            )
        if which == "1":
            return self.powered(scalar(arrays.total(value, lambda t: Fn("abs", (t,)))), node, sup)
        if which == "\\infty" and len(value.shape) == 1:
            name = fresh("k")
            largest = Big("max", name, value.shape[0], Fn("abs", (value.at((Var(name),)),)))
            return self.powered(scalar(largest), node, sup)
        if which in ("", "2", "F", "\\mathrm{F}"):
            squares = arrays.total(value, lambda t: Pow(t, num(2)))
            if sup is not NONE and not self.is_transpose(sup):
                power = self.number(sup.parts[0])
                if power == num(2):
                    return scalar(squares)
            return self.powered(scalar(Pow(squares, num(Fraction(1, 2)))), node, sup)
        raise self.fail("unsupported", node, why=f"\\|x\\|_{{{which}}}")

    def condition(self, node: Node) -> Term:
        """A relation between numbers or positions, as 1 or 0."""
        value = self.relation(node)
        if value.shape:
            raise self.fail("not-scalar", node, left=show_shape(value.shape), hint="")
        return value.term

    def relation(self, node: Node) -> Array:
        """A relation as 1 or 0, entry by entry."""
        ops = node.value.split()
        tests: list[Array] = []
        for op, left, right in zip(ops, node.parts, node.parts[1:], strict=False):
            if op not in ("=", "!=", "<", ">", "<=", ">="):
                raise self.fail("unexpected", node, hint="")
            if self.is_index(left) and (self.is_index(right) or right.kind == "number"):
                tests.append(scalar(self.equal_positions(op, left, right, node)))
            else:
                sides = [arrays.columns(self.side(n)) for n in (left, right)]

                def test(t: list[Term], op: str = op) -> Term:
                    return Test(op, t[0], t[1])

                tests.append(arrays.entrywise(sides, test, self.span(node)))
        return arrays.entrywise(tests, lambda t: mul(*t), self.span(node))

    def is_index(self, node: Node) -> bool:
        if node.kind == "sum" and len(node.parts) == 2:
            return self.is_index(node.parts[0].parts[0])
        name = self.lookup(node)[0]
        if name is not None and name in self.world.symbols:
            return self.world.symbols[name].kind == "label"
        key = key_of(node)
        return key is not None and (
            key in self.bound
            or key in self.indices
            or key in self.world.ranges
            or (len(key) == 1 and not self.declared(key))
        )

    def indicator(self, base: Node, sub: Node, rest: tuple[Node, ...]) -> tuple[Array, int] | None:
        """1[…], 1(…), 1{…}, 1_{…} with a relation inside."""
        if key_of(base) not in INDICATORS:
            return None
        if sub is not NONE and sub.parts[0].kind == "relation":
            return self.relation(sub.parts[0]), 1
        if sub is NONE and rest and rest[0].kind == "paren" and len(rest[0].parts) == 1:
            inner = rest[0].parts[0]
            if inner.kind == "relation":
                return self.relation(inner), 2
        return None
