"""What stands above, brackets, norms and conditions."""

from __future__ import annotations

from fractions import Fraction

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.indices import entry_of, equal_positions
from backprop.derivations.meaning.lengths import find, show_shape
from backprop.derivations.meaning.names import is_declared, lookup, text_of
from backprop.derivations.meaning.nodes import TRANSPOSE, index_key, key_of, split
from backprop.derivations.meaning.rewriting import fresh
from backprop.derivations.meaning.terms import Big, Fn, Pow, Term, Test, Var, mul, num
from backprop.derivations.reading.commands import STARS
from backprop.derivations.reading.tree import NONE, Node

INDICATORS = (
    *("\\mathbf{1}", "\\mathbb{1}", "\\boldsymbol{1}"),
    *("\\mathbb{I}", "\\mathbf{I}", "\\mathrm{I}", "I"),
)


def is_transpose(sup: Node) -> bool:
    if sup is NONE or len(sup.parts) != 1:
        return False
    inner = sup.parts[0]
    if inner.kind == "name" and inner.value == "T":
        return True
    if inner.kind == "font" and key_of(inner) in ("\\mathsf{T}", "\\mathbf{T}"):
        return True
    return inner.kind == "symbol" and inner.value in TRANSPOSE


def powered(ctx: Context, value: Array, node: Node, sup: Node) -> Array:
    if sup is NONE:
        return value
    if is_transpose(sup):
        if not value.shape:
            raise ctx.fail("transposed-entry", node)
        return arrays.transpose(value, ctx.span(node))
    inner = sup.parts[0]
    if inner.kind == "letter" and inner.value == "T" and not value.shape:
        if not is_declared(ctx, "T"):
            raise ctx.fail("transposed-entry", node)
    if inner.kind == "letter" and inner.value == "T" and value.shape:
        if is_declared(ctx, "T"):
            raise ctx.fail("transpose-or-power", node)
        return arrays.transpose(value, ctx.span(node))
    if inner.kind == "product" and inner.parts[0].kind == "op":
        if inner.parts[0].value == "\\odot" and len(inner.parts) == 2:
            power = ctx.number(inner.parts[1])
            return Array(value.shape, lambda p: Pow(value.at(p), power))
        raise ctx.fail("unexpected", inner, hint="")
    if len(value.shape) == 2 and inner.kind == "sum" and len(inner.parts) == 1:
        below = inner.parts[0]  # ^{-1}, ^{-\top}
        one = below.parts[0].kind == "number" and below.parts[0].value == "1"
        turned = below.parts[0].value in (*TRANSPOSE, "T") and not is_declared(ctx, "T")
        if below.value == "-" and (one or turned):
            found = arrays.inverse(value, ctx.span(node))
            return arrays.transpose(found, ctx.span(node)) if turned else found
    if inner.kind == "symbol" and inner.value in STARS:  # w^* of a w
        sizes = " \\times ".join(str(find(d)) for d in value.shape)
        space = f"\\mathbb{{R}}^{{{sizes}}}" if sizes else "\\mathbb{R}"
        base, sub, _, _ = split(node)
        lower = f"_{{{text_of(ctx, sub)}}}" if sub is not NONE else ""
        name = f"{ctx.text(base)}{lower}^{ctx.text(inner)}"
        raise ctx.fail("undeclared", node, found=name, example=f"{name} \\in {space}")
    if value.shape:
        return matrix_power(ctx, value, node, inner)
    if inner.kind == "paren":
        raise ctx.fail("undeclared", node, example=f"{ctx.text(node)} \\in \\mathbb{{R}}")
    return scalar(Pow(value.term, ctx.number(inner)))


def matrix_power(ctx: Context, value: Array, node: Node, above: Node) -> Array:
    """A^3 of a square matrix. Of anything else a power may be one entry by entry."""
    square = len(value.shape) == 2 and find(value.shape[0]) == find(value.shape[1])
    if not square or above.kind != "number" or above.value not in ("2", "3", "4"):
        raise ctx.fail("matrix-power", node)
    found = value
    for _ in range(int(above.value) - 1):
        found = arrays.times(found, value, ctx.span(node))
    return found


def read_bracket(ctx: Context, node: Node, base: Node, sub: Node, sup: Node) -> Array:
    parts = base.parts
    if base.value == "<" and len(parts) == 2:
        a, b = ctx.side(parts[0]), ctx.side(parts[1])
        if len(a.shape) != len(b.shape):  # a row and a column
            left, right = show_shape(a.shape), show_shape(b.shape)
            raise ctx.fail("shape", node, left=left, right=right, hint=" (\\top ?)")
        product = arrays.hadamard(a, b, ctx.span(base))
        return powered(ctx, scalar(arrays.total(product, lambda t: t)), node, sup)
    if len(parts) != 1 or parts[0] is NONE:
        raise ctx.fail("unexpected", node, hint="")
    inner = parts[0]
    if base.value in ("norm", "abs"):
        return read_norm(ctx, node, base, sub, sup)
    if inner.kind == "relation":
        if base.value not in ("[", "("):
            raise ctx.fail("unexpected", node, hint="")
        return powered(ctx, read_relation(ctx, inner), node, sup)
    value = entry_of(ctx, ctx.side(inner), sub, node)
    return powered(ctx, value, node, sup)


def read_norm(ctx: Context, node: Node, base: Node, sub: Node, sup: Node) -> Array:
    value = arrays.columns(ctx.side(base.parts[0]))
    if len(value.shape) == 2 and base.value == "abs" and sub is NONE:
        return powered(ctx, arrays.determinant(value, ctx.span(node)), node, sup)
    if not value.shape or (base.value == "abs" and sub is NONE):
        if value.shape and base.value == "abs":
            raise ctx.fail("not-scalar", node, left=show_shape(value.shape), hint="")
        return powered(ctx, scalar(Fn("abs", (value.term,))), node, sup)
    which = text_of(ctx, sub) if sub is not NONE else ""
    if len(value.shape) == 2 and which not in ("F", "\\mathrm{F}"):
        raise ctx.fail("unsupported", node, why="\\|X\\|_F ?" if not which else f"\\|X\\|_{which}")
    if which == "1":
        return powered(ctx, scalar(arrays.total(value, lambda t: Fn("abs", (t,)))), node, sup)
    if which == "\\infty" and len(value.shape) == 1:
        name = fresh("k")
        largest = Big("max", name, value.shape[0], Fn("abs", (value.at((Var(name),)),)))
        return powered(ctx, scalar(largest), node, sup)
    if which in ("", "2", "F", "\\mathrm{F}"):
        squares = arrays.total(value, lambda t: Pow(t, num(2)))
        if sup is not NONE and not is_transpose(sup):
            power = ctx.number(sup.parts[0])
            if power == num(2):
                return scalar(squares)
        return powered(ctx, scalar(Pow(squares, num(Fraction(1, 2)))), node, sup)
    raise ctx.fail("unsupported", node, why=f"\\|x\\|_{{{which}}}")


def read_condition(ctx: Context, node: Node) -> Term:
    """A relation between numbers or positions, as 1 or 0."""
    value = read_relation(ctx, node)
    if value.shape:
        raise ctx.fail("not-scalar", node, left=show_shape(value.shape), hint="")
    return value.term


def read_relation(ctx: Context, node: Node) -> Array:
    """A relation as 1 or 0, entry by entry."""
    ops = node.value.split()
    tests: list[Array] = []
    for op, left, right in zip(ops, node.parts, node.parts[1:], strict=False):
        if op not in ("=", "!=", "<", ">", "<=", ">="):
            raise ctx.fail("unexpected", node, hint="")
        if is_index(ctx, left) and (is_index(ctx, right) or right.kind == "number"):
            tests.append(scalar(equal_positions(ctx, op, left, right, node)))
        else:
            sides = [arrays.columns(ctx.side(n)) for n in (left, right)]

            def test(t: list[Term], op: str = op) -> Term:
                return Test(op, t[0], t[1])

            tests.append(arrays.entrywise(sides, test, ctx.span(node)))
    return arrays.entrywise(tests, lambda t: mul(*t), ctx.span(node))


def is_index(ctx: Context, node: Node) -> bool:
    if node.kind == "sum" and len(node.parts) == 2:
        return is_index(ctx, node.parts[0].parts[0])
    name = lookup(ctx, node)[0]
    if name is not None and name in ctx.world.symbols:
        return ctx.world.symbols[name].kind == "label"
    key = index_key(node)
    return key is not None and (
        key in ctx.bound
        or key in ctx.indices
        or key in ctx.world.ranges
        or (len(key.rstrip("'")) == 1 and not is_declared(ctx, key))
    )


def read_indicator(
    ctx: Context, base: Node, sub: Node, rest: tuple[Node, ...]
) -> tuple[Array, int] | None:
    """1[…], 1(…), 1{…}, 1_{…} with a relation inside."""
    if key_of(base) not in INDICATORS:
        return None
    if sub is not NONE and sub.parts[0].kind == "relation":
        return read_relation(ctx, sub.parts[0]), 1
    if sub is NONE and rest and rest[0].kind == "paren" and len(rest[0].parts) == 1:
        inner = rest[0].parts[0]
        if inner.kind == "relation":
            return read_relation(ctx, inner), 2
    return None
