"""Declared names: how they are spelled, found, and missed."""

from __future__ import annotations

import re
from fractions import Fraction

from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.base import Base, items_of, key_of, split
from backprop.derivations.meaning.lengths import Dim, Unknown
from backprop.derivations.meaning.terms import (
    ONE,
    Const,
    Fn,
    Num,
    Position,
    Pow,
    Size,
    Term,
    Test,
    Var,
    mul,
    num,
)
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, Node

SPELLED = re.compile(
    r"(?<![\\A-Za-z{])(?:exp|log|ln|sin|cos|tan|sinh|cosh|tanh|max|min|sum|prod|sqrt)(?![a-z])"
)


class Names(Base):
    """Declared names: how they are spelled, found, and missed."""

    def declared(self, key: str, node: Node | None = None) -> bool:
        world = self.world
        known = (
            key in world.symbols
            or key in world.aliases
            or key in world.functions
            or key in world.sizes
            or key in world.squares
            or key in self.bound
        )
        return known or (node is not None and self.lookup(node)[0] is not None)

    def known(self, node: Node) -> bool:
        base = split(node)[0]
        key = key_of(base) or ""
        if self.declared(key, node) or key in self.world.ranges or key in self.indices:
            return True
        if key in ("e", "\\mathrm{e}") and split(node)[2] is not NONE:
            return True
        return key in ("\\pi", "\\delta") or self.special(base, NONE, node) is not None

    def lookup(self, node: Node) -> tuple[str | None, Node, Node]:
        """The declared name that `node` spells, and the scripts it leaves over."""
        base, sub, sup, primes = split(node)
        key = key_of(base)
        if key is None:
            return None, sub, sup
        names = self.world.symbols.keys() | self.world.sizes.keys() | self.world.functions.keys()
        upper = self.decoration(sup)
        lower = f"_{{{self.text_of(sub)}}}" if sub is not NONE else ""
        for name, left_sub, left_sup in (
            (f"{key}{lower}^{{({upper})}}{primes}" if upper and lower else None, NONE, NONE),
            (f"{key}^{{({upper})}}{primes}" if upper else None, sub, NONE),
            (f"{key}{lower}{primes}" if lower else None, NONE, sup),
            (f"{key}{primes}" if primes else key, sub, sup),
        ):
            if name is not None and self.world.aliases.get(name, name) in names:
                return self.world.aliases.get(name, name), left_sub, left_sup
        if lower and re.fullmatch(
            r"[A-Za-z]|\\[A-Za-z]+", key
        ):  # z_i is an entry of the vector \\mathbf{z}
            for font in ("\\mathbf", "\\boldsymbol", "\\bm", "\\vec"):
                if f"{font}{{{key}}}" in self.world.symbols:
                    return f"{font}{{{key}}}", sub, sup
        return None, sub, sup

    def decoration(self, sup: Node) -> str:
        """The l of a superscript (l), which belongs to a name."""
        if sup is NONE or sup.parts[0].kind != "paren":
            return ""
        return self.text(sup.parts[0]).strip("()[] ")

    def text_of(self, script: Node) -> str:
        start = min((p.start for p in script.parts), default=-1)
        end = max((p.end for p in script.parts), default=-1)
        return "".join(self.tex[start:end].split())

    def is_number_d(self, node: Node, rest: tuple[Node, ...]) -> bool:
        """Is this d a declared number, and no differential of what follows?"""
        if self.lookup(node)[0] is None:
            return False
        if self.in_fraction or not rest or rest[0].kind in ("op", "paren", "frac", "sqrt"):
            return True
        following = split(rest[0])[0]
        return (key_of(following) or "") in self.world.sizes or following.kind == "paren"

    def word(self, nodes: tuple[Node, ...], at: int) -> tuple[Array, int] | None:
        """A declared name of several italic letters that begins here, the longest one."""
        letters = ""
        best = None
        for k in range(at, len(nodes)):
            base, sub, sup, primes = split(nodes[k])
            if base.kind != "letter":
                break
            letters += base.value
            if len(letters) > 1:
                last = nodes[k]
                whole = Node("letter", letters, (), nodes[at].start, base.end)
                node = whole
                if last.kind == "scripted":
                    node = Node("scripted", primes, (whole, sub, sup), nodes[at].start, last.end)
                if self.lookup(node)[0] is not None or letters in self.world.functions:
                    best = node, k - at + 1
            if nodes[k].kind != "letter":
                break
        if best is None:
            return None
        node, used = best
        if node.kind == "letter" and node.value in self.world.functions:
            value, more = self.called(node.value, node, NONE, NONE, "", nodes[at + used :])
            return value, used + more - 1
        return self.single(node), used

    def named(self, node: Node, base: Node, sub: Node, sup: Node, primes: str) -> Array:
        key = key_of(base) or ""
        name, left_sub, left_sup = self.lookup(node)
        if name == "e" and not self.is_transpose(left_sup) and self.is_open_power(left_sup):
            raise self.fail("e-declared", node)
        if name is not None and name in self.world.symbols:
            symbol = self.world.symbols[name]
            value = self.entry(symbol, left_sub, node)
            return self.powered(value, node, left_sup)
        if name is not None and name in self.world.sizes:
            if left_sub is not NONE:
                raise self.fail("unexpected", left_sub, hint="")
            return self.powered(scalar(Size(name)), node, left_sup)
        if name is not None:
            raise self.fail("derivative-function", node)
        if key in self.world.squares and not primes:
            symbol = self.world.symbols[self.world.squares[key]]
            square = self.entry(symbol, sub, node)
            power = self.exponent(sup)
            if square.shape and power is not None and sup is not NONE and power != num(2):
                raise self.fail("matrix-power", node)
            if power is None:
                root = Array(square.shape, lambda p: Pow(square.at(p), num(Fraction(1, 2))))
                return self.powered(root, node, sup)
            half = Fraction(power.value, 2) if isinstance(power, Num) else None
            if half == 1:
                return square
            exponent = num(half) if half is not None else mul(num(Fraction(1, 2)), power)
            return Array(square.shape, lambda p: Pow(square.at(p), exponent))
        if base.kind == "symbol" and base.value == "\\delta" and sub is not NONE:
            return self.powered(scalar(self.kronecker(sub, node)), node, sup)
        if key in ("e", "\\mathrm{e}") and key not in self.indices and sub is NONE:
            if sup is NONE:
                return scalar(Const("e"))
            above = self.side(sup.parts[0])
            if len(above.shape) > 1:
                raise self.fail("matrix-power", node)
            return Array(above.shape, lambda p: Fn("exp", (above.at(p),)))
        if key == "\\pi" and sub is NONE:
            return self.powered(scalar(Const("pi")), node, sup)
        special = self.special(base, sub, node)
        if special is not None:
            return self.powered(special, node, sup)
        if key in self.bound or key in self.indices or key in self.world.ranges:
            if sub is NONE:
                return self.powered(scalar(self.index_value(node, key)), node, sup)
        raise self.undeclared(node, base, key, sub)

    @staticmethod
    def is_open_power(sup: Node) -> bool:
        """Does a formula stand above, and not a mere number or ⊤?"""
        return (
            sup is not NONE
            and sup.parts[0].kind not in ("number", "none")
            and (sup.parts[0].value != "T")
        )

    def exponent(self, sup: Node) -> Num | Term | None:
        """The exponent that a superscript is; None if it is no plain exponent."""
        if sup is NONE:
            return None
        inner = sup.parts[0]
        if self.is_transpose(sup) or (inner.kind == "product" and inner.parts[0].kind == "op"):
            return None
        return self.number(inner)

    def undeclared(self, node: Node, base: Node, key: str, sub: Node) -> Unreadable:
        world = self.world
        if key in world.refused:
            return self.fail(
                "declaration-refused", node, found=self.text(base), line=world.refused[key]
            )
        if key in ("\\Sigma", "\\Pi"):
            given = {"\\Sigma": "\\sum", "\\Pi": "\\prod"}[key]
            return self.fail("letter-for-sum", base, given=given)
        spelled = self.spelled_function(base)
        if spelled is not None:
            return spelled
        plain = key
        while plain.endswith("}") and "{" in plain:
            plain = plain[plain.index("{") + 1 : -1]
        written = self.text(base) + split(node)[3]
        example = f"{written} \\in \\mathbb{{R}}"
        if sub is not NONE:
            count = len(self.flat_indices(sub))
            sizes = " \\times ".join([*world.sizes, "n", "d"][: max(count, 1)])
            example += f"^{{{sizes}}}"
        if base.kind in ("accent",) and sub is not NONE:
            example = f"{self.text(base)}_{{{self.text_of(sub)}}} = …"
        other = next(
            (
                n
                for n in (*world.symbols, *world.squares)
                if n != key and (n.lower() == key.lower() or n == f"\\mathrm{{{key}}}")
            ),
            None,
        )
        if other and len(key) == 1 and other.lower() == key.lower() and sub is not NONE:
            return self.fail(
                "undeclared-entry",
                node,
                found=self.text(base),
                given=other,
                example=f"{other} = ({self.text(base)}_{{ij}})",
            )
        if other:
            return self.fail(
                "undeclared-plain", node, found=other, given=self.text(base), example=example
            )
        return self.fail("undeclared", node, found=written, example=example)

    def spelled_function(self, node: Node) -> Unreadable | None:
        """log(t) is l o g (t) to the eye: said where one of its letters means nothing."""
        for hit in SPELLED.finditer(self.tex):
            if hit.start() <= node.start < hit.end():
                return Unreadable("spelled-function", *hit.span(), found=hit[0])
        return None

    def special(self, base: Node, sub: Node, node: Node) -> Array | None:
        """The vector of ones, the zero vector, the identity."""
        key = key_of(base)
        ones = {"\\mathbf{1}": ONE, "\\mathbb{1}": ONE, "\\boldsymbol{1}": ONE, "\\bm{1}": ONE}
        zero = {"\\mathbf{0}": num(0), "\\boldsymbol{0}": num(0)}
        if key in ones or key in zero:
            value = {**ones, **zero}[key]
            shape = self.sizes_in(sub) if sub is not NONE else (Unknown(),)
            return Array(shape, lambda _: value)
        if key in ("I", "\\mathbf{I}", "\\boldsymbol{I}", "\\mathbb{I}"):
            shape = self.sizes_in(sub) if sub is not NONE else (Unknown(),)
            return Array((shape[0], shape[0]), lambda p: Test("=", p[0], p[1]))
        return None

    def sizes_in(self, sub: Node) -> tuple[Dim, ...]:
        found: list[Dim] = []
        for part in sub.parts:
            for item in items_of(part):
                if item.kind == "op":
                    continue
                found.append(self.size(item))
        return tuple(found)

    def size(self, node: Node) -> Dim:
        if node.kind == "number":
            return int(node.value)
        base, sub, _, _ = split(node)
        key = key_of(base) or ""
        if sub is not NONE:
            key += f"_{{{self.text_of(sub)}}}"
        if key not in self.world.sizes:
            raise self.fail(
                "undeclared", node, example=f"x \\in \\mathbb{{R}}^{{{self.text(node)}}}"
            )
        return key

    def index_value(self, node: Node, key: str) -> Term:
        if key in ("i", "j"):
            raise self.fail("imaginary", node)
        index = self.index(node)
        name = index.name if isinstance(index, Var) else ""
        base = self.bases.get(name, self.world.base)
        if base is None:
            raise self.fail("index-value", node)
        return Position(index, base)
