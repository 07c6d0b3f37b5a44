"""From a tree to its meaning, with the declarations of the derivation at hand.

`Reader` turns one side of a row into an `Array` of terms. It never guesses: where the
typesetting allows two readings, or a name is not declared, it raises `Unreadable` with the
place and what to write. What a \\sum, a function name without brackets or a d/dx spans is
fixed: everything to its right up to the next + or - (`notes` says so where it matters).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from backprop.site.derivations import arrays
from backprop.site.derivations.arrays import Array, Span, scalar
from backprop.site.derivations.problems import Unreadable
from backprop.site.derivations.reading import BIG, FUNCTIONS, NONE, Node
from backprop.site.derivations.terms import (
    ONE,
    At,
    Big,
    Call,
    Const,
    Deriv,
    Dim,
    Entry,
    Fn,
    Index,
    Label,
    Lam,
    Num,
    Position,
    Pow,
    Shift,
    Size,
    Slope,
    Symbol,
    Term,
    Test,
    Unknown,
    Var,
    Where,
    World,
    find,
    fresh,
    mul,
    neg,
    num,
    rebuild,
    renamed,
    show_shape,
    unify,
)

NAMED = {  # functions written as words; those of the table FUNCTIONS are commands
    "exp": "exp",
    "log": "log",
    "ln": "log",
    "tanh": "tanh",
    "sign": "sign",
    "sgn": "sign",
    "abs": "abs",
    "diag": "diag",
    "tr": "tr",
    "Tr": "tr",
    "trace": "tr",
    "sin": "sin",
    "cos": "cos",
    "max": "max",
    "min": "min",
}
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


class Reader:
    """Reads the sides of one row; `dims` collects what each index runs over."""

    def __init__(self, world: World, tex: str, tree: Node = NONE) -> None:
        self.world = world
        self.tex = tex
        self.indices = subscript_letters(tree)
        self.dims: dict[str, Dim] = {}
        self.bound: dict[str, str] = {}
        self.bases: dict[str, int] = {}
        self.binders: dict[str, str] = {}
        self.free: dict[str, Node] = {}
        self.notes: list[tuple[str, str]] = []

    # --- helpers -------------------------------------------------------------------------

    def text(self, node: Node) -> str:
        return self.tex[node.start : node.end] if node.start >= 0 else ""

    def span(self, node: Node) -> Span:
        return node.start, node.end, self.text(node)

    def fail(self, key: str, node: Node, **values: object) -> Unreadable:
        values.setdefault("found", self.text(node))
        flat = {k: " ".join(str(v).split()) if k == "found" else v for k, v in values.items()}
        return Unreadable(key, node.start, node.end, **flat)

    def number(self, node: Node) -> Term:
        """A side that must be a number."""
        value = arrays.columns(self.side(node))
        if value.shape:
            raise self.fail("not-scalar", node, left=show_shape(value.shape), hint="")
        return value.term

    # --- sides, sums, products -----------------------------------------------------------

    def side(self, node: Node) -> Array:
        if node.kind == "relation":
            raise self.fail("unexpected", node, found=node.value.split()[0], hint="")
        if node.kind == "sum":
            return self.additive(node)
        return self.product(items_of(node))

    def additive(self, node: Node) -> Array:
        if any(t.parts[0].kind == "dots" for t in node.parts):
            return self.dotted(node)
        terms = joined(node.parts)
        parts = []
        for term in terms:
            value = self.product(items_of(term.parts[0]))
            if term.value == "-":
                value = Array(value.shape, lambda p, v=value: neg(v.at(p)))  # type: ignore[misc]
            parts.append(value)
        return arrays.plus(parts, self.span(node)) if len(parts) > 1 else parts[0]

    def product(self, nodes: tuple[Node, ...]) -> Array:
        if nodes and nodes[0] is NONE:
            raise Unreadable("unexpected", found="…", hint="")
        found: list[tuple[str, Array, Node]] = []
        at, op = 0, ""
        while at < len(nodes):
            node = nodes[at]
            if node.kind == "op":
                if op or not found or at + 1 == len(nodes):
                    raise self.fail("unexpected", node, hint="")
                op = node.value
                at += 1
                continue
            value, used = self.factor(nodes, at)
            whole = replace(node, end=nodes[at + used - 1].end)
            found.append((op, value, whole))
            op = ""
            at += used
        return self.combine(found)

    def combine(self, found: list[tuple[str, Array, Node]]) -> Array:
        groups: list[tuple[Array, Node]] = []
        slashed = False
        for op, value, node in found:
            if slashed and op != "/" and groups:
                first = groups[-1][1]
                raise self.fail("slash", replace(first, end=node.end))
            if not groups or op == "\\odot":
                groups.append((value, node))
                continue
            left, first = groups[-1]
            whole = replace(first, end=node.end)
            if op == "/":
                slashed = True
                result = arrays.over(left, value, self.span(whole))
            else:
                if op == "\\times" and left.shape and value.shape:
                    raise self.fail("unsupported", whole, why="\\times: \\odot or \\cdot ?")
                result = arrays.times(left, value, self.span(whole), dot=op == "\\cdot")
            groups[-1] = (result, whole)
        value, first = groups[0]
        for right, node in groups[1:]:
            whole = replace(first, end=node.end)
            value = arrays.hadamard(value, right, self.span(whole))
        return value

    def factor(self, nodes: tuple[Node, ...], at: int) -> tuple[Array, int]:
        """The factor that begins at `nodes[at]`, and how many nodes it takes."""
        node = nodes[at]
        rest = nodes[at + 1 :]
        base, sub, sup, primes = split(node)
        key = key_of(base)
        if base.kind == "symbol" and base.value in BIG and not self.declared(base.value):
            if base.value in ("\\max", "\\min") and sub is NONE:
                return self.extreme(base.value[1:], node, rest), 2
            return self.big(base.value[1:], node, sub, sup, rest), len(nodes) - at
        if base.kind == "symbol" and base.value == "\\nabla":
            return self.nabla(node, sub, rest), len(nodes) - at
        if node.kind == "frac" and self.derivative_marks(node):
            num_items = items_of(node.parts[0])
            if len(num_items) == 1:  # d/dx applied to what follows
                return self.operator(node, rest), len(nodes) - at
            return self.derivative(node, num_items, items_of(node.parts[1])), 1
        if is_mark(base) and (sub is NONE or base.kind == "symbol"):
            slashed = self.slashed(nodes, at)
            if slashed is not None:
                return slashed
            if base.kind == "symbol" or not self.is_number_d(node, rest):
                until = rest[0] if rest else node
                raise self.fail("differential", replace(node, end=until.end))
        if key is not None and not self.declared(key, node):
            word = self.word(nodes, at)
            if word is not None:
                return word
            indicator = self.indicator(base, sub, rest)
            if indicator is not None:
                return indicator
        elif key is not None and node.kind == "letter":
            word = self.word(nodes, at)
            if word is not None:
                spelled = self.tex[node.start : nodes[at + word[1] - 1].end]
                letters = [split(n)[0].value for n in nodes[at : at + word[1]]]
                if all(self.declared(v) or v in self.indices for v in letters):
                    raise self.fail(
                        "two-readings",
                        replace(node, end=nodes[at + word[1] - 1].end),
                        found="".join(letters),
                        found_dots=" \\cdot ".join(letters),
                        spelled=spelled,
                    )
                return word
        name = self.function_name(base)
        if name is not None and not (key and self.declared(key, node)):
            return self.applied(name, node, sup, rest)
        if key is not None and key in self.world.calls and sub is NONE and rest:
            named = self.full_call(key, node, rest[0])
            if named is not None:
                return named, 2
        if key is not None and key in self.world.functions:
            return self.called(key, node, sub, sup, primes, rest)
        if (
            key is not None
            and rest
            and split(rest[0])[0].kind == "paren"
            and split(rest[0])[0].value == "("
            and not self.known(node)
        ):
            whole = replace(node, end=rest[0].end)
            raise self.fail("call-or-product", whole, name=self.text(node))
        return self.single(node), 1

    def single(self, node: Node) -> Array:
        """A node that stands for itself: number, bracket, fraction, matrix, name."""
        base, sub, sup, primes = split(node)
        if base.kind == "number" and sub is NONE:
            return self.powered(scalar(num(base.value)), node, sup)
        if base.kind == "paren":
            return self.bracket(node, base, sub, sup)
        if base.kind == "group":
            inner = base.parts[0]
            if key_of(inner) is None or inner.kind == "relation":
                value = self.entry_of(self.side(inner), sub, node)
                return self.powered(value, node, sup)
        if base.kind == "frac" and sub is NONE:
            if self.derivative_marks(base):
                items = items_of(base.parts[0])
                if len(items) == 1:
                    raise self.fail("unexpected", node, hint="")
                value = self.derivative(base, items, items_of(base.parts[1]))
            else:
                above, below = self.side(base.parts[0]), self.side(base.parts[1])
                value = arrays.over(above, below, self.span(base))
            return self.powered(value, node, sup)
        if base.kind == "sqrt" and sub is NONE:
            root = num(2) if len(base.parts) == 1 else self.number(base.parts[1])
            power = Pow(root, num(-1)) if root != num(2) else num(Fraction(1, 2))
            inside = self.side(base.parts[0])
            value = Array(inside.shape, lambda p: Pow(inside.at(p), power))
            return self.powered(value, node, sup)
        if base.kind == "matrix":
            value = self.cases(base) if base.value == "cases" else self.matrix(base)
            return self.powered(self.entry_of(value, sub, node), node, sup)
        if base.kind == "dots":
            raise self.fail("dots-pattern", node)
        if key_of(base) is not None:
            return self.named(node, base, sub, sup, primes)
        raise self.fail("unexpected", node, hint="")

    # --- names ---------------------------------------------------------------------------

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
        if lower and base.kind == "letter":  # z_i is an entry of the vector \\mathbf{z}
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
        if not rest or rest[0].kind in ("op", "paren", "frac", "sqrt"):
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
            power = self.side(sup.parts[0])
            if len(power.shape) > 1:
                raise self.fail("matrix-power", node)
            return Array(power.shape, lambda p: Fn("exp", (power.at(p),)))
        if key == "\\pi" and sub is NONE:
            return self.powered(scalar(Const("pi")), node, sup)
        special = self.special(base, sub, node)
        if special is not None:
            return self.powered(special, node, sup)
        if key in self.bound or key in self.indices or key in self.world.ranges:
            if sub is NONE:
                return self.powered(scalar(self.index_value(node, key)), node, sup)
        raise self.undeclared(node, base, key, sub)

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
        plain = key
        while plain.endswith("}") and "{" in plain:
            plain = plain[plain.index("{") + 1 : -1]
        example = f"{self.text(base)} \\in \\mathbb{{R}}"
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
        return self.fail("undeclared", node, found=self.text(base), example=example)

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

    # --- indices -------------------------------------------------------------------------

    def flat_indices(self, sub: Node, rank: int | None = None) -> list[Node]:
        """The subscript as one node per index."""
        found: list[Node] = []
        for part in sub.parts:
            for item in items_of(part) if part.kind == "product" else (part,):
                if item.kind == "number" and len(item.value) > 1 and rank and rank > 1:
                    found += [
                        Node("number", c, (), item.start + k, item.start + k + 1)
                        for k, c in enumerate(item.value)
                    ]
                else:
                    found.append(item)
        return found

    def index(self, node: Node) -> Index:
        """A position written in a subscript."""
        world = self.world
        if node.kind == "number":
            return self.literal(None, int(node.value), node)
        if node.kind in ("group", "paren") and len(node.parts) == 1:
            return self.index(node.parts[0])
        if node.kind == "sum" and len(node.parts) == 2 and node.parts[0].value == "+":
            first, second = node.parts
            if second.parts[0].kind == "number":
                by = int(second.parts[0].value) * (1 if second.value == "+" else -1)
                base = self.index(first.parts[0])
                if isinstance(base, Var):
                    return Shift(base, by)
                if isinstance(base, At):
                    return At(base.dim, base.offset + by)
        base_node, sub, sup, primes = split(node)
        key = key_of(base_node)
        if key is None or sup is not NONE or primes:
            raise self.fail("unexpected", node, hint="")
        name, left, _ = self.lookup(node)
        if name is not None and name in world.symbols and world.symbols[name].kind == "label":
            symbol = world.symbols[name]
            return Label(name, self.positions(symbol, left, node))
        if sub is not NONE:
            raise self.fail("unexpected", node, hint="")
        if key in self.bound:
            return Var(self.bound[key])
        if key in world.sizes:
            return self.literal(key, 0, node)
        if key in world.symbols or key in world.functions:
            raise self.fail("unexpected", node, hint="")
        if len(key) > 1 and node.kind != "symbol":
            raise self.fail("unexpected", node, hint="")
        self.free.setdefault(key, node)
        self.dims.setdefault(key, world.ranges.get(key, Unknown()))
        return Var(key)

    def literal(self, dim: Dim | None, offset: int, node: Node) -> At:
        """x_{0j}, x_{1j}, x_{nj}: 0 says that counting starts there."""
        world = self.world
        if dim is None and offset == 0 and world.base is None:
            world.base = 0
        if world.base is None:
            wanted = str(dim or next(iter(world.sizes), "n"))
            raise self.fail("literal-base", node, index="i", wanted=wanted)
        return At(dim, offset - world.base)

    def length(self, index: Index) -> Dim | None:
        if isinstance(index, Var):
            return self.dims[index.name]
        if isinstance(index, Shift):
            return self.dims[index.var.name]
        if isinstance(index, Label):
            return self.world.symbols[index.symbol].high
        return index.dim

    def placed(self, index: Index, dim: Dim, node: Node) -> Index:
        """Check that `index` fits an axis of length `dim`."""
        length = self.length(index)
        if length is not None and not unify(length, dim):
            raise self.fail(
                "index-range", node, first=show_shape((length,)), second=show_shape((dim,))
            )
        if isinstance(index, At):
            base = self.world.base or 0
            known = find(dim)
            if (
                (index.dim is None and index.offset < 0)
                or (index.dim is not None and index.offset >= 0)
                or (index.dim is None and isinstance(known, int) and index.offset >= known)
            ):
                last = f"{known}" if base else f"{known} - 1"
                raise self.fail("outside", node, first=base, last=last)
        return index

    def positions(self, symbol: Symbol, sub: Node, node: Node) -> tuple[Index, ...]:
        nodes = self.flat_indices(sub, len(symbol.shape)) if sub is not NONE else []
        shape = symbol.shape
        if len(shape) == 2 and find(shape[0]) == 1 and len(nodes) == 1:
            return (At(None, 0), self.placed(self.index(nodes[0]), shape[1], nodes[0]))
        if len(shape) == 2 and find(shape[1]) == 1 and len(nodes) == 1:
            return (self.placed(self.index(nodes[0]), shape[0], nodes[0]), At(None, 0))
        if len(nodes) != len(shape):
            letters = "ijklm"[: len(shape)]
            better = f"{self.bare(node)}_{{{letters}}}" if shape else self.bare(node)
            raise self.fail("rank", node, given=len(nodes), wanted=len(shape), better=better)
        return tuple(self.placed(self.index(n), d, n) for n, d in zip(nodes, shape, strict=True))

    def bare(self, node: Node) -> str:
        return self.text(split(node)[0])

    def entry(self, symbol: Symbol, sub: Node, node: Node) -> Array:
        """A declared symbol with its subscript: an entry, a row or column, or all of it."""
        if symbol.kind == "label":
            index = Label(symbol.key, self.positions(symbol, sub, node))
            if self.world.base is None:
                raise self.fail("index-value", node)
            return scalar(Position(index, self.world.base))
        if sub is NONE:
            return Array(symbol.shape, lambda p: Entry(symbol.key, p))
        nodes = self.flat_indices(sub, len(symbol.shape))
        if any(self.is_whole(n) for n in nodes) and len(nodes) == len(symbol.shape):
            fixed = {
                k: self.placed(self.index(n), symbol.shape[k], n)
                for k, n in enumerate(nodes)
                if not self.is_whole(n)
            }
            shape = tuple(d for k, d in enumerate(symbol.shape) if k not in fixed)

            def at(p: tuple[Index, ...]) -> Term:
                left = iter(p)
                place = (fixed[k] if k in fixed else next(left) for k in range(len(nodes)))
                return Entry(symbol.key, tuple(place))

            return Array(shape, at)
        return scalar(Entry(symbol.key, self.positions(symbol, sub, node)))

    @staticmethod
    def is_whole(node: Node) -> bool:
        return node.kind == "colon" or (node.kind == "op" and node.value == "\\cdot")

    def entry_of(self, value: Array, sub: Node, node: Node) -> Array:
        """(A B)_{ij}: an entry of an expression."""
        if sub is NONE:
            return value
        value = arrays.columns(value)
        nodes = self.flat_indices(sub, len(value.shape))
        if len(nodes) != len(value.shape):
            raise self.fail(
                "rank", node, given=len(nodes), wanted=len(value.shape), better="(…)_{ij}"
            )
        at = tuple(
            self.placed(self.index(n), d, n) for n, d in zip(nodes, value.shape, strict=True)
        )
        return scalar(value.at(at))

    def kronecker(self, sub: Node, node: Node) -> Term:
        nodes = self.flat_indices(sub, 2)
        if len(nodes) != 2:
            raise self.fail("rank", node, given=len(nodes), wanted=2, better="\\delta_{ij}")
        return self.equal_positions("=", nodes[0], nodes[1], node)

    def equal_positions(self, op: str, left: Node, right: Node, node: Node) -> Term:
        a, b = self.index(left), self.index(right)
        la, lb = self.length(a), self.length(b)
        if la is not None and lb is not None and not unify(la, lb):
            raise self.fail("index-range", node, first=show_shape((la,)), second=show_shape((lb,)))
        return Test(op, a, b)

    # --- scripts above ---------------------------------------------------------------------

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
                why = "^T: this is a number; (X^\\top)_{ij} ?"
                raise self.fail("unsupported", node, why=why)
            return arrays.transpose(value, self.span(node))
        inner = sup.parts[0]
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

    # --- brackets --------------------------------------------------------------------------

    def bracket(self, node: Node, base: Node, sub: Node, sup: Node) -> Array:
        parts = base.parts
        if base.value == "<" and len(parts) == 2:
            a, b = self.side(parts[0]), self.side(parts[1])
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
        if key_of(base) not in ("\\mathbf{1}", "\\mathbb{1}", "\\mathbb{I}", "\\boldsymbol{1}"):
            return None
        if sub is not NONE and sub.parts[0].kind == "relation":
            return self.relation(sub.parts[0]), 1
        if sub is NONE and rest and rest[0].kind == "paren" and len(rest[0].parts) == 1:
            inner = rest[0].parts[0]
            if inner.kind == "relation":
                return self.relation(inner), 2
        return None

    # --- sums and their kin ----------------------------------------------------------------

    def big(self, kind: str, node: Node, sub: Node, sup: Node, rest: tuple[Node, ...]) -> Array:
        if sub is NONE or not rest:
            raise self.fail("unexpected", node, hint=": \\sum_k …")
        saved = dict(self.bound)
        opened: list[tuple[str, str, Node, Node | None, Node | None]] = []
        tests: list[Node] = []
        for part in sub.parts:
            for letter, low, high, test in self.bounds(part, sup, node):
                if letter in self.bound and letter not in [k for k, *_ in opened]:
                    raise self.fail("index-collision", node, found=letter, binder=self.text(node))
                if letter in self.world.sizes or letter in self.world.symbols:
                    raise self.fail("declared-twice", node, found=letter)
                name = fresh(letter)
                self.bound[letter] = name
                self.dims[name] = self.world.ranges.get(letter, Unknown())
                self.binders[letter] = self.text(node)
                opened.append((letter, name, node, low, high))
                if test is not None:
                    tests.append(test)
                if low is not None:
                    first = self.fixed(low)
                    if first is not None and first[0] is None:
                        self.bases[name] = first[1]
        if sup is not NONE and not any(high is not None for *_, high in opened):
            raise self.fail("unexpected", sup, hint=f": \\{kind}_{{k=1}}^{{n}}")
        body = self.product(rest)
        test_terms = [self.condition(t) for t in tests]
        if len(rest) > 1 and kind == "sum":
            first, last = rest[0], rest[-1]
            self.notes.append((self.text(node), self.tex[first.start : last.end]))
        inner = body
        for letter, name, place, low, high in reversed(opened):
            test = mul(*test_terms) if test_terms else None
            test_terms = []
            inner = self.bind(kind, letter, name, place, low, high, inner, test)
        self.bound = saved
        return inner

    def bounds(
        self, part: Node, sup: Node, node: Node
    ) -> list[tuple[str, Node | None, Node | None, Node | None]]:
        """What stands under a sum: (letter, lowest, highest, condition) each."""
        if part.kind == "relation":
            ops, sides = part.value.split(), part.parts
            if ops == ["="] and key_of(sides[0]):
                if sup is NONE:
                    raise self.fail("unexpected", node, hint=": \\sum_{k=1}^{n}")
                return [(key_of(sides[0]) or "", sides[1], sup.parts[0], None)]
            if ops == ["<=", "<="] and key_of(sides[1]):
                return [(key_of(sides[1]) or "", sides[0], sides[2], None)]
            if len(ops) == 1 and key_of(sides[0]) and ops[0] in ("!=", "<", ">", "<=", ">="):
                return [(key_of(sides[0]) or "", None, None, part)]
            raise self.fail("unexpected", part, hint=": k, k = 1, k \\ne j")
        found = []
        for item in items_of(part):
            key = key_of(item)
            if key is None:
                raise self.fail("unexpected", item, hint=": k")
            found.append((key, None, None, None))
        return found

    def fixed(self, node: Node) -> tuple[Dim | None, int] | None:
        """A bound as (size or None, offset): 1, n, n - 1."""
        if node.kind == "number":
            return None, int(node.value)
        if node.kind == "sum" and len(node.parts) == 2 and node.parts[0].value == "+":
            first, second = (t.parts[0] for t in node.parts)
            inner = self.fixed(first)
            if inner is not None and second.kind == "number":
                return inner[0], inner[1] + int(second.value) * (
                    1 if node.parts[1].value == "+" else -1
                )
            return None
        name = self.lookup(node)[0] if key_of(split(node)[0]) else None
        return (name, 0) if name in self.world.sizes else None

    def bind(
        self,
        kind: str,
        letter: str,
        name: str,
        node: Node,
        low: Node | None,
        high: Node | None,
        body: Array,
        test: Term | None,
    ) -> Array:
        dim = self.dims[name]
        start: At | None = None
        stop: At | None = None
        if low is not None and high is not None:
            first, last = self.fixed(low), self.fixed(high)
            if first is None and last is not None and self.is_index(low):  # i = k … n
                ends = {1: 0, 0: -1}
                fits = [ends[self.world.base]] if self.world.base is not None else [0, -1]
                other = self.index(low)
                unify(dim, self.length(other) or dim)
                unify(dim, last[0] if last[0] is not None else dim)
                if last[0] != find(dim) or last[1] not in fits:
                    raise self.fail("range", node, given="?", index=letter, wanted=find(dim))
                after = Test("<=", other, Var(name))
                test = after if test is None else mul(test, after)
            elif first is None or first[0] is not None:
                raise self.fail("unexpected", low, hint=": 0, 1, …")
            elif last is None:  # up to another index: k = 1 … j
                other = self.index(high)
                unify(dim, self.length(other) or dim)
                upto = Test("<=", Var(name), other)
                test = upto if test is None else mul(test, upto)
            else:
                start, stop = self.limits(letter, dim, first[1], last, node)
        elif isinstance(find(dim), Unknown):
            raise self.fail("index-unknown", node, found=letter)

        def at(p: tuple[Index, ...]) -> Term:
            term = Big(kind, name, dim, body.at(p), test, start, stop)
            return renamed(term) if p else term

        return Array(body.shape, at)

    def limits(
        self, letter: str, dim: Dim, first: int, last: tuple[Dim | None, int], node: Node
    ) -> tuple[At | None, At | None]:
        """Explicit bounds: None, None if they are the whole axis."""
        world = self.world
        size, offset = last
        if isinstance(find(dim), Unknown):
            full = size if size is not None else offset if first == 1 else offset + 1
            unify(dim, full)
        known = find(dim)
        terms = offset - first + 1  # beyond the size, if there is one
        written = self.text(node)
        if (size == known and terms == 0) or (size is None and terms == known):
            if world.base is None and first in (0, 1):
                world.base = first
            if world.base == first:
                return None, None
        count = f"{size} {terms:+d}".replace("+", "+ ").replace("-", "- ") if terms else str(size)
        if size is None:
            count = str(terms)
        if size is not None and size != known:
            raise self.fail("range", node, found=written, given=count, index=letter, wanted=known)
        if size is not None and terms > 0:
            raise self.fail("range", node, found=written, given=count, index=letter, wanted=known)
        if world.base is None:
            raise self.fail("range-base", node, found=written, index=letter, wanted=known)
        low = At(None, first - world.base)
        high = At(size, offset - world.base)
        if low.offset < 0 or (size is not None and high.offset >= 0):
            last_name = f"{known}" if world.base else f"{known} - 1"
            raise self.fail("outside", node, found=written, first=world.base, last=last_name)
        return low, high

    def extreme(self, kind: str, node: Node, rest: tuple[Node, ...]) -> Array:
        if not rest or rest[0].kind != "paren" or len(rest[0].parts) < 2:
            raise self.fail("argument", node)
        parts = [self.side(p) for p in rest[0].parts]
        return arrays.entrywise(
            [arrays.columns(p) for p in parts], lambda t: Fn(kind, tuple(t)), self.span(node)
        )

    # --- functions -------------------------------------------------------------------------

    def function_name(self, base: Node) -> str | None:
        if base.kind == "symbol" and base.value in FUNCTIONS and base.value != "\\det":
            return {"ln": "log"}.get(base.value[1:], base.value[1:])
        if base.kind == "name":
            return NAMED.get(base.value)
        return None

    def applied(
        self, name: str, node: Node, sup: Node, rest: tuple[Node, ...]
    ) -> tuple[Array, int]:
        """exp, log, …: in front of brackets, one factor, or a sum."""
        if not rest or rest[0].kind == "op":
            raise self.fail("argument", node)
        first = rest[0]
        base, sub, after, _ = split(first)
        after_sup: Node = NONE
        if name in ("max", "min"):
            return self.extreme(name, node, rest), 2
        if base.kind == "paren" and base.value in ("(", "[", "{"):
            if sub is not NONE or len(base.parts) != 1:
                raise self.fail("argument", replace(node, end=first.end))
            argument, used, after_sup = self.side(base.parts[0]), 2, after
        else:
            argument, more = self.factor(rest, 0)
            used = 1 + more
            following = rest[more] if more < len(rest) else None
            if following is not None and not (
                following.kind == "op" and following.value in ("\\cdot", "\\odot", "\\times")
            ):
                raise self.fail("argument", replace(node, end=following.end))
        whole = replace(node, end=rest[used - 2].end)
        if name == "diag":
            return self.powered(arrays.diagonal(argument, self.span(whole)), whole, after_sup), used
        if name == "tr":
            return self.powered(arrays.trace(argument, self.span(whole)), whole, after_sup), used
        value = Array(argument.shape, lambda p: Fn(name, (argument.at(p),)))
        value = self.powered(value, whole, sup)
        return self.powered(value, whole, after_sup), used

    def full_call(self, key: str, node: Node, following: Node) -> Array | None:
        """L(Y) for an L that was declared as L = L(Y): the same as L."""
        base, sub, sup, _ = split(following)
        if base.kind != "paren" or base.value != "(":
            return None
        if "".join(self.text(base)[1:-1].split()) != self.world.calls[key]:
            if len(base.parts) == 1 and key_of(split(base.parts[0])[0]) is None:
                return None  # L (a + b) is a product
            raise self.fail("call-or-product", replace(node, end=following.end), name=key)
        symbol = self.world.symbols[key]
        return self.powered(self.entry(symbol, sub, node), node, sup)

    def called(
        self, key: str, node: Node, sub: Node, sup: Node, primes: str, rest: tuple[Node, ...]
    ) -> tuple[Array, int]:
        function = self.world.functions[key]
        if not rest or split(rest[0])[0].kind != "paren":
            raise self.fail("derivative-function", node)
        base, after_sub, after_sup, more = split(rest[0])
        if more or sub is not NONE:
            raise self.fail("unexpected", node, hint="")
        whole = replace(node, end=rest[0].end)
        if len(base.parts) != len(function.args):
            raise self.fail(
                "rank", whole, given=len(base.parts), wanted=len(function.args), better=f"{key}(…)"
            )
        values = [arrays.columns(self.side(p)) for p in base.parts]
        order = len(primes)
        if function.args == ((),):
            argument = values[0]

            def at(p: tuple[Index, ...]) -> Term:
                inner = argument.at(p)
                if function.body is None:
                    return Call(key, (Lam((), inner),), (), order)
                body = renamed(function.body)
                if order:
                    return Slope(key, function.var, body, inner, order)
                return replace_symbol(body, function.var, inner)

            value = Array(argument.shape, at)
        else:
            if order:
                raise self.fail("derivative-function", whole)
            lams = []
            for part, shape in zip(values, function.args, strict=True):
                if len(part.shape) != len(shape) or not all(
                    unify(a, b) for a, b in zip(part.shape, shape, strict=True)
                ):
                    raise self.fail(
                        "shape",
                        whole,
                        left=show_shape(part.shape),
                        right=show_shape(shape),
                        hint="",
                    )
                names = tuple((fresh("a"), d) for d in shape)
                lams.append(Lam(names, part.at(tuple(Var(n) for n, _ in names))))
            value = Array(function.value, lambda p: Call(key, tuple(lams), p))
        value = self.entry_of(value, after_sub, whole)
        if sup is not NONE:
            value = self.powered(value, whole, sup)
        return self.powered(value, whole, after_sup), 2

    # --- derivatives -----------------------------------------------------------------------

    def derivative_marks(self, node: Node) -> bool:
        above, below = items_of(node.parts[0]), items_of(node.parts[1])
        first = split(above[0])[0]
        return (
            is_mark(first)
            and is_mark(below[0])
            and len(below) > 1
            and first == replace(below[0], start=first.start, end=first.end)
        )

    def slashed(self, nodes: tuple[Node, ...], at: int) -> tuple[Array, int] | None:
        """dL/dx on the line."""
        slash = next(
            (k for k in range(at, len(nodes)) if nodes[k].kind == "op" and nodes[k].value == "/"),
            None,
        )
        if slash is None or slash + 2 >= len(nodes) or slash == at + 1:
            return None
        if not is_mark(nodes[slash + 1]) or not is_mark(nodes[at]):
            return None
        if any(n.kind == "op" for n in nodes[at:slash]):
            return None
        below = nodes[slash + 1 :]
        if len(below) > 2 and below[2].kind != "op":
            raise self.fail("slash", replace(nodes[at], end=below[2].end))
        whole = replace(nodes[at], end=below[1].end)
        return self.derivative(whole, nodes[at:slash], below[:2]), slash + 3 - at

    def target(self, nodes: tuple[Node, ...], whole: Node) -> tuple[Symbol, Array]:
        """What stands below a derivative: a symbol, or one of its entries."""
        node = nodes[0]
        if len(nodes) > 1:
            letters = "".join(split(n)[0].value for n in nodes)
            last = nodes[-1]
            base, sub, sup, primes = split(last)
            merged = Node("letter", letters, (), node.start, base.end)
            if last.kind == "scripted":
                merged = Node("scripted", primes, (merged, sub, sup), node.start, last.end)
            if any(split(n)[0].kind != "letter" for n in nodes) or not self.lookup(merged)[0]:
                raise self.fail("derivative-target", whole)
            node = merged
        base, sub, sup, _ = split(node)
        key = key_of(base) or ""
        name, left_sub, left_sup = self.lookup(node)
        if name is None and key in self.world.squares:
            power = self.exponent(sup)
            if power == num(2):
                name, left_sub, left_sup = self.world.squares[key], sub, NONE
            elif power is None:
                raise self.fail(
                    "unsupported", whole, why=f"{self.text(base)}^2 is what is declared"
                )
        if name is None or name not in self.world.symbols:
            if self.known(node) and name is None and key not in self.indices:
                raise self.fail("derivative-target", whole)
            if name is None:
                raise self.undeclared(node, base, key, sub)
            raise self.fail("derivative-target", whole)
        symbol = self.world.symbols[name]
        if symbol.kind == "label" or left_sup is not NONE:
            raise self.fail("derivative-target", whole)
        value = self.entry(symbol, left_sub, node)
        if value.shape and left_sub is not NONE:
            raise self.fail("derivative-target", whole)
        return symbol, value

    def derivative(self, node: Node, above: tuple[Node, ...], below: tuple[Node, ...]) -> Array:
        mark, _, order, _ = split(above[0])
        partial = mark.kind == "symbol"
        body = self.product(above[1:])
        if order is not NONE:
            return self.second(node, order, body, below, partial)
        return self.slope(body, below[1:], partial, node)

    def second(
        self, node: Node, order: Node, body: Array, below: tuple[Node, ...], partial: bool
    ) -> Array:
        """∂²L / ∂x_i ∂x_j, or d²y / dx²."""
        if self.number(order.parts[0]) != num(2) or body.shape:
            raise self.fail("unsupported", node, why="order > 2")
        marks = [k for k, n in enumerate(below) if is_mark(n)]
        if len(marks) == 2:
            groups = [below[1 : marks[1]], below[marks[1] + 1 :]]
        else:
            base, sub, sup, primes = split(below[1])
            if len(below) != 2 or sup is NONE or self.number(sup.parts[0]) != num(2):
                raise self.fail("derivative-order", node)
            plain = base
            if sub is not NONE or primes:
                plain = Node("scripted", primes, (base, sub, NONE), below[1].start, below[1].end)
            groups = [(plain,), (plain,)]
        value = body
        for group in reversed(groups):
            value = self.slope(value, group, partial, node)
        return value

    def slope(self, body: Array, below: tuple[Node, ...], partial: bool, node: Node) -> Array:
        if not below:
            raise self.fail("derivative-target", node)
        symbol, target = self.target(below, node)
        body = arrays.columns(body)
        n = len(body.shape)
        if not target.shape:
            entry = target.term
            assert isinstance(entry, Entry)
            return Array(
                body.shape, lambda p: Deriv(renamed(body.at(p)), symbol.key, entry.at, partial)
            )
        if n and not (n == 1 and len(target.shape) == 1):
            raise self.fail(
                "unsupported", node, why="matrix by matrix: write the entries, \\partial y_{ij}"
            )
        return Array(
            body.shape + symbol.shape,
            lambda p: Deriv(renamed(body.at(p[:n])), symbol.key, p[n:], partial),
        )

    def operator(self, node: Node, rest: tuple[Node, ...]) -> Array:
        if not rest:
            raise self.fail("unexpected", node, hint="")
        mark, _, order, _ = split(items_of(node.parts[0])[0])
        body = self.product(rest)
        below = items_of(node.parts[1])
        if order is not NONE:
            return self.second(node, order, body, below, mark.kind == "symbol")
        return self.slope(body, below[1:], mark.kind == "symbol", node)

    def nabla(self, node: Node, sub: Node, rest: tuple[Node, ...]) -> Array:
        if sub is NONE or not rest:
            raise self.fail("unsupported", node, why="\\nabla_x L ?")
        return self.slope(self.product(rest), sub.parts[:1], True, node)

    # --- matrices of entries, cases, dots --------------------------------------------------

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


def replace_symbol(term: Term, name: str, value: Term) -> Term:
    """`value` put in for the number called `name` (a function's parameter)."""

    def change(item: object) -> object:
        if isinstance(item, Entry) and item.symbol == name and not item.at:
            return value
        return item

    found = rebuild(term, change)
    assert isinstance(found, Term)
    return found
