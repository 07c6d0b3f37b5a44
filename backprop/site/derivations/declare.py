"""Declarations: mathematics in the prose of a derivation that says what its letters mean.

x \\in \\mathbb{R}^{n \\times d}          a variable, and the sizes n and d
\\epsilon > 0,  \\gamma \\in \\mathbb{R}_{>0}^d   positive numbers
y_i \\in \\{1, \\dots, C\\}              labels (integers used as indices)
i = 1, \\dots, n                       what an index runs over, and where counting starts
X = (x_{ij}) \\in \\mathbb{R}^{n \\times d}   a matrix and the name of its entries
\\bar{x}_j = \\frac1n \\sum_k x_{kj}     a definition, by entries …
Y = X W + \\mathbf{1} b^\\top            … or whole
\\sigma(z) = \\frac{1}{1 + e^{-z}}       a function; f : \\mathbb{R} \\to \\mathbb{R} any function
L = L(Y)                              any number that depends on Y
\\sum_k y_k = 1                        an assumption on variables
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from backprop.site.derivations import arrays
from backprop.site.derivations.meaning import Reader, items_of, key_of, replace_symbol, split
from backprop.site.derivations.problems import Unreadable
from backprop.site.derivations.reading import NONE, Node, read
from backprop.site.derivations.statements import (
    DOTS,
    outside_braces,
    outside_environments,
    statements,
)
from backprop.site.derivations.terms import (
    Call,
    Dim,
    Entry,
    Function,
    Lam,
    Symbol,
    Term,
    Unknown,
    Var,
    World,
    find,
    fresh,
    names_in,
    num,
    resolved,
    substitute,
    unify,
    walk,
)

REAL = r"(?:\\mathbb\s*\{?\s*R\s*\}?|\\R|ℝ)"
SPACE = re.compile(
    rf"^{REAL}\s*(?:_\s*(?P<sub>\{{[^}}]*\}}|\+))?\s*"
    r"(?:\^\s*(?P<sup>\{.*\}|\w|\+))?\s*"
    rf"(?:_\s*(?P<sub2>\{{[^}}]*\}}|\+))?$"
)
SIZE = re.compile(r"^(?:[A-Za-z]|\\[A-Za-z]+)(?:_(?:\w|\{\w+\}|\{\\\w+\}|\{\\\w+\{\w+\}\}))?$")
NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
ITEM = re.compile(  # x_1, x_n, x_{n-1}
    r"^(?P<name>.+?)\s*_\s*\{?\s*(?P<index>\w(?:_\w)?)\s*(?P<less>-\s*1)?\s*\}?$"
)
LABELS = re.compile(
    r"^\\\{\s*(?P<low>[01])\s*,\s*(?:1\s*,\s*)?(?:2\s*,\s*)?\\(?:dots|ldots|cdots)\s*,\s*"
    r"(?P<size>[A-Za-z](?:_\w|_\{\w+\})?|\d+)\s*(?P<less>-\s*1)?\s*\\\}$"
)


def bad(why: str, tex: str = "") -> Unreadable:
    return Unreadable("bad-declaration", 0, len(tex), why=why)


class Declarer:
    """Reads the formulas in the prose of a derivation into its `world`."""

    def __init__(self, world: World) -> None:
        self.world = world

    def formula(self, tex: str, line: int = 0) -> list[str]:
        """Declare what `tex` says; returns the statements that are claims, to be checked.

        A formula without any relation ($x$) only mentions. Raises `Unreadable`.
        """
        claims = []
        for text, offset in statements(tex):
            try:
                if not self.statement(text.strip(), line):
                    claims.append(text.strip())
            except Unreadable as error:
                problem = error.problem
                if problem.start >= 0:
                    pad = offset + len(text) - len(text.lstrip())
                    error.problem = replace(
                        problem, start=problem.start + pad, end=problem.end + pad
                    )
                raise
        return claims

    def statement(self, tex: str, line: int) -> bool:
        tex = tex.rstrip(".,; ")
        outside = outside_braces(outside_environments(tex))
        for pattern, action in (
            (r"^(.*?)\\in\b(.*)$", self.element),
            (r"^(.*?)(?::(?!=)|\\colon\b)(.*?)\\(?:to|rightarrow)\b(.*)$", self.function),
            (r"^(.*?)=\s*([01])\s*[,;]\s*(?:\\\w+|\.\.\.)\s*,\s*(.*)$", self.index_range),
            (r"^([01])\s*\\leq?\s*(.*?)\s*\\leq?\s*(.*)$", self.index_bounds),
            (r"^(.*?)(>|\\geq?\b|<|\\leq?\b)(.*)$", self.sign),
        ):
            hit = re.match(pattern, outside, re.S)
            places = [hit.span(k + 1) for k in range(len(hit.groups()))] if hit else []
            if hit and action(*(tex[a:b].strip() for a, b in places)):
                return True
        return self.equation(tex, line)

    # --- x ∈ … ---------------------------------------------------------------------------

    def lengths(self, sup: str | None) -> tuple[Dim, ...]:
        if not sup:
            return ()
        inside = sup[1:-1] if sup.startswith("{") else sup
        dims: list[Dim] = []
        for part in re.split(r"\\times\b|×", inside):
            name = "".join(part.split())
            if name.isdigit():
                dims.append(int(name))
            elif SIZE.match(name):
                dims.append(self.size(name))
            else:
                raise bad(f"{part.strip()} ?", sup)
        return tuple(dims)

    def size(self, name: str, least: int = 1) -> str:
        base, _, sub = name.partition("_")
        sub = sub[1:-1] if sub.startswith("{") else sub
        name = f"{base}_{{{sub}}}" if sub else base
        if name in self.world.symbols or name in self.world.functions:
            raise Unreadable("declared-twice", found=name)
        self.world.sizes.setdefault(name, least)
        self.world.sizes[name] = max(self.world.sizes[name], least)
        return name

    def element(self, names: str, space: str) -> bool:
        labels = LABELS.match(space)
        if labels:
            return self.labels(names, labels)
        if re.match(r"^\\mathbb\s*\{?\s*[NZ]\s*\}?(_\{?.*\}?)?$", space):
            for name in names.split(","):
                self.size("".join(name.split()))
            return True
        binary = re.match(r"^\\\{\s*0\s*,\s*1\s*\\\}\s*(?:\^(\{.*\}|\w))?$", space)
        interval = re.match(rf"^[(\[]\s*({NUMBER})\s*,\s*({NUMBER})\s*[)\]]$", space)
        hit = SPACE.match(space)
        if not (hit or binary or interval):
            raise bad(space, space)
        shape = self.lengths((hit and hit["sup"]) or (binary and binary[1]) or None)
        sub = (hit and (hit["sub"] or hit["sub2"])) or ""
        for name, counted in self.listed(names):
            symbol = self.variable(name, (*counted, *shape))
            symbol.family = symbol.family or len(counted)
            if "+" in sub or ">" in sub or (hit and hit["sup"] == "+"):
                symbol.positive = True
            if interval:
                low, high = Fraction(interval[1]), Fraction(interval[2])
                if not low < high:
                    raise bad(space, space)
                symbol.positive = low >= 0
                symbol.bounds = (low, high)
        return True

    def listed(self, names: str) -> list[tuple[str, tuple[Dim, ...]]]:
        r"""The names of a list; x_1, \dots, x_n is one, with an axis of length n."""
        parts = [part.strip() for part in names.split(",")]
        dots = next((k for k, part in enumerate(parts) if DOTS.match(part)), None)
        if dots is None:
            return [(part, ()) for part in parts]
        first, last = (ITEM.match(part) for part in (parts[0], parts[-1]))
        counted = [ITEM.match(part) for part in parts[:dots]]
        low = int(first["index"]) if first and first["index"] in ("0", "1") else None
        if (
            low is None
            or dots != len(parts) - 2
            or not last
            or any(c is None or c["name"] != last["name"] for c in counted)
            or [c["index"] for c in counted if c] != [str(low + k) for k in range(dots)]
            or not SIZE.match(last["index"])
            or (low == 0) != bool(last["less"])
        ):
            raise bad(names, names)
        self.counts_from(low)
        return [(last["name"], (self.size(last["index"]),))]

    def name(self, tex: str) -> tuple[str, tuple[str, ...], Node]:
        """A name to be declared: its key, index letters and the node."""
        node = read(tex)
        if node.kind == "product" and all(
            split(p)[0].kind == "letter" and (p.kind == "letter" or p is node.parts[-1])
            for p in node.parts
        ):
            base, sub, sup, primes = split(node.parts[-1])
            word = Node("letter", "".join(split(p)[0].value for p in node.parts))
            node = Node("scripted", primes, (word, sub, sup), node.start, node.end)
        base, sub, sup, primes = split(node)
        key = key_of(base)
        if key is None:
            raise bad(tex, tex)
        reader = Reader(self.world, tex)
        upper = reader.decoration(sup)
        if sup is not NONE and not upper:
            raise bad(tex, tex)
        letters: tuple[str, ...] = ()
        if sub is not NONE:
            nodes = reader.flat_indices(sub)
            found = [key_of(n) or "" for n in nodes]
            if found and all(f in self.world.ranges for f in found):
                letters = tuple(found)
            else:
                key += f"_{{{reader.text_of(sub)}}}"
        if upper:
            key += f"^{{({upper})}}"
        return key + primes, letters, node

    def variable(self, tex: str, shape: tuple[Dim, ...]) -> Symbol:
        alias = re.match(r"^(.*?)=\s*[(\[]\s*(.*?)\s*[)\]]$", tex, re.S)
        if alias:
            return self.entries(alias[1].strip(), alias[2], shape)
        key, letters, _ = self.name(tex)
        world = self.world
        self.forget_parameter(key)
        family = tuple(world.ranges[k] for k in letters)
        if key in world.sizes or key in world.functions:
            raise Unreadable("declared-twice", 0, len(tex), found=tex)
        if key in world.symbols:
            known = world.symbols[key]
            if len(known.shape) != len(family + shape) or not all(
                unify(a, b) for a, b in zip(known.shape, family + shape, strict=True)
            ):
                raise Unreadable("declared-twice", 0, len(tex), found=tex)
            return known
        world.symbols[key] = Symbol(key, family + shape, family=len(family))
        return world.symbols[key]

    def forget_parameter(self, key: str) -> None:
        r"""The z of \sigma(z) = … is free to be declared."""
        if key in self.world.parameters:
            self.world.parameters.remove(key)
            del self.world.symbols[key]

    def entries(self, whole: str, entry: str, shape: tuple[Dim, ...]) -> Symbol:
        """X = (x_{ij})."""
        base, sub, _, _ = split(read(entry))
        key, outer = key_of(base), self.name(whole)[0]
        known = self.world.symbols.get(outer)
        if known is not None and key and sub is not NONE and not shape:
            taken = key in self.world.symbols and key not in self.world.parameters
            if not taken and len(Reader(self.world, entry).flat_indices(sub)) == len(known.shape):
                self.forget_parameter(key)
                self.world.aliases[key] = outer  # X is declared, x_{ij} are its entries
                return known
        if key is None or sub is NONE or outer in self.world.symbols:
            raise bad(f"{whole} = ({entry})", whole)
        if key not in self.world.symbols and shape:
            self.world.symbols[key] = Symbol(key, shape)
        if outer != key:
            self.world.aliases[outer] = key
        return self.world.symbols.get(key) or Symbol(key, shape)

    def labels(self, names: str, hit: re.Match[str]) -> bool:
        low = int(hit["low"])
        if (low == 0) != bool(hit["less"]) and not hit["size"].isdigit():
            written = hit[0]
            raise Unreadable("range", found=written, given="?", index="y", wanted=hit["size"])
        dim: Dim = int(hit["size"]) if hit["size"].isdigit() else self.size(hit["size"])
        if isinstance(dim, int) and low == 0:
            dim += 1
        if all(
            re.match(r"^[a-z]$", n.strip()) and n.strip() in "ijklmpqrst" for n in names.split(",")
        ):
            for name in names.split(","):
                self.world.ranges[name.strip()] = dim
            self.counts_from(low)
            return True
        self.counts_from(low)
        for name in names.split(","):
            symbol = self.variable(name.strip(), ())
            symbol.kind, symbol.high = "label", dim
        return True

    # --- ranges, signs, functions ----------------------------------------------------------

    def counts_from(self, low: int) -> None:
        if self.world.base is None:
            self.world.base = low

    def index_range(self, names: str, low: str, high: str) -> bool:
        hit = re.match(r"^(.*?)\s*(-\s*1)?$", high)
        assert hit
        size = "".join(hit[1].split())
        if (low == "0") != bool(hit[2]):
            if size.isdigit() and low == "0":
                size = str(int(size) + 1)
            else:
                given = f"{size} + 1" if low == "0" else f"{size} - 1"
                raise Unreadable(
                    "range", found=f"{low}, …, {high}", given=given, index=names, wanted=size
                )
        if not size.isdigit() and not SIZE.match(size):
            raise bad(high, high)
        for name in names.split(","):
            dim: Dim = int(size) if size.isdigit() else self.size(size)
            self.world.ranges[name.strip()] = dim
        self.counts_from(int(low))
        return True

    def index_bounds(self, low: str, names: str, high: str) -> bool:
        return self.index_range(names, low, high)

    def sign(self, names: str, op: str, bound: str) -> bool:
        if not re.fullmatch(NUMBER, bound):
            raise bad(f"{names} {op} {bound}", names)
        for name in names.split(","):
            text = name.strip()
            above = op in (">", "\\ge", "\\geq")
            if SIZE.match(text) and text in self.world.sizes and above:
                self.size(text, int(float(bound)) + (op == ">"))
                continue
            base = split(read(text))[0]
            key = key_of(base) or ""
            key = self.world.aliases.get(key, key)
            symbol = self.world.symbols.get(key) or self.variable(text, ())
            low, high = symbol.bounds
            symbol.bounds = (Fraction(bound), high) if above else (low, Fraction(bound))
            symbol.positive = symbol.positive or (above and float(bound) >= 0)
        return True

    def function(self, name: str, left: str, right: str) -> bool:
        key, _, _ = self.name(name)
        if key in self.world.symbols or key in self.world.sizes:
            raise Unreadable("declared-twice", 0, len(name), found=name)
        shapes = []
        for part in re.split(rf"\\times\s*(?={REAL})", left):
            hit = SPACE.match(part.strip())
            if not hit:
                raise bad(left, left)
            shapes.append(self.lengths(hit["sup"]))
        hit = SPACE.match(right)
        if not hit:
            raise bad(right, right)
        self.world.functions[key] = Function(key, tuple(shapes), self.lengths(hit["sup"]))
        return True

    # --- definitions and assumptions -------------------------------------------------------

    def equation(self, tex: str, line: int) -> bool:
        alias = re.match(r"^([^=]*?)=\s*[(\[]\s*(\\?[A-Za-z]+_\{?\w+,?\w*\}?)\s*[)\]]$", tex, re.S)
        if alias:
            self.entries(alias[1].strip(), alias[2], ())
            return True
        tree = read(tex)
        if tree.kind != "relation":
            return True
        ops, sides = tree.value.split(), tree.parts
        if len(ops) != 1 or ops[0] not in ("=", ":="):
            raise bad(tex, tex)
        left, right = sides
        reader = Reader(self.world, tex, tree)
        if self.function_definition(reader, left, right):
            return True
        found = self.new_name(reader, left, right)
        if found is None:
            return self.assumption(reader, left, right)
        key, letters, squared = found
        if self.arbitrary(reader, key, right):
            return True
        symbol = self.define(reader, key, letters, right, left)
        symbol.line = line
        if squared:
            self.world.squares[squared] = key
        return True

    def names_part(self, letter: str, right: Node, reader: Reader) -> bool:
        """Is a letter below no index but part of a name? The u of N_u where u is a vector, the t
        of h_t = W x_t where x_t is declared as a whole."""
        world = self.world
        if letter in world.ranges:
            return False
        labels = {k for k, s in world.symbols.items() if s.kind == "label"}
        if any(
            key.partition("_")[0] == letter
            for key in world.symbols.keys() - labels - world.parameters
        ):
            return True
        users = [
            node
            for node in right.walk()
            if node.kind == "scripted"
            and any(n.kind == "letter" and n.value == letter for n in node.parts[1].walk())
        ]
        if not users:  # i_t = \sigma(a), a vector, where t is part of a name already: c_{t-1}
            part = re.compile(rf"_\{{{re.escape(letter)}(?:[+-]\d)?\}}")
            if not any(part.search(key) for key in world.symbols):
                return False
            return bool(arrays.columns(Reader(world, reader.tex, right).side(right)).shape)
        return all((found := reader.lookup(n))[0] is not None and found[1] is NONE for n in users)

    def new_name(
        self, reader: Reader, left: Node, right: Node
    ) -> tuple[str, tuple[str, ...], str] | None:
        """The name that a left side defines: key, index letters, name it is the square of."""
        node = left
        call = ""
        if left.kind == "product":
            last = left.parts[-1]
            base, sub, sup, primes = split(last)
            if base.kind == "paren" and len(left.parts) == 2 and key_of(left.parts[0]):
                call = "".join(reader.text(base)[1:-1].split())
                first = left.parts[0]
                node = Node("scripted", primes, (first, sub, sup), left.start, left.end)
            elif all(split(p)[0].kind == "letter" for p in left.parts) and all(
                p.kind == "letter" for p in left.parts[:-1]
            ):
                if all(reader.declared(split(p)[0].value) for p in left.parts):
                    return None
                word = "".join(split(p)[0].value for p in left.parts)
                node = Node(
                    "scripted", primes, (Node("letter", word), sub, sup), left.start, left.end
                )
            else:
                return None
        base, sub, sup, primes = split(node)
        key = key_of(base)
        if key is None:
            return None
        if key in ("\\mathbf{1}", "\\mathbb{1}"):
            return None
        upper = reader.decoration(sup)
        squared = ""
        if sup is not NONE and not upper:
            if sup.parts[0].kind == "number" and sup.parts[0].value == "2":
                squared = key
                key = f"{key}^{{2}}"
            else:
                return None
        if upper:
            key += f"^{{({upper})}}"
        key += primes
        letters: list[str] = []
        if sub is not NONE:
            for n in reader.flat_indices(sub):
                letter = key_of(n)
                if letter is None or n.kind == "number" or letter in self.world.sizes:
                    letters = []
                    break
                letters.append(letter)
            uppercase = all(n.isupper() for n in letters)
            if (
                not letters
                or any(self.names_part(n, right, reader) for n in letters)
                or len(set(letters)) < len(letters)
                or uppercase
            ):
                key = f"{key}_{{{reader.text_of(sub)}}}"
                letters = []
        self.forget_parameter(key)
        known = self.world.symbols.get(key)
        if known is not None and (known.definition is not None or known.kind == "label"):
            return None
        if squared and (squared in self.world.symbols or squared in self.world.squares):
            return None
        if key in self.world.sizes or key in self.world.functions or key in self.world.aliases:
            return None
        if known is not None and len(known.shape) != len(letters) and letters:
            return None
        if call:
            self.world.calls[key] = call
        return key, tuple(letters), squared

    def define(
        self, reader: Reader, key: str, letters: tuple[str, ...], right: Node, left: Node
    ) -> Symbol:
        world = self.world
        known = world.symbols.get(key)
        if known is not None and letters:
            for letter, dim in zip(letters, known.shape, strict=True):
                reader.dims.setdefault(letter, dim)
        for letter in letters:
            reader.dims.setdefault(letter, world.ranges.get(letter, Unknown()))
        value = arrays.columns(reader.side(right))
        if letters:
            if value.shape:
                raise reader.fail("not-scalar", right, left=arrays.show_shape(value.shape), hint="")
            vars_ = tuple((fresh(k), reader.dims[k]) for k in letters)
            new = dict(zip(letters, (Var(v) for v, _ in vars_), strict=True))
            body = substitute(value.term, new)
        else:
            if known is not None and known.shape and not value.shape:
                raise reader.fail(
                    "shape", left, left=arrays.show_shape(known.shape), right="1", hint=""
                )
            vars_ = tuple((fresh("i"), d) for d in value.shape)
            body = value.at(tuple(Var(v) for v, _ in vars_))
        for letter, node in reader.pairs.items():
            if letter not in letters:
                raise reader.fail("pairs", node, index=letter)
        for letter, node in reader.free.items():
            if letter not in letters:
                raise reader.fail("free-index", node)
        if known is not None and not all(
            unify(a, d) for a, (_, d) in zip(known.shape, vars_, strict=True)
        ):
            raise reader.fail("declared-twice", left)
        for letter, (_, dim) in zip(letters, vars_, strict=False):
            if isinstance(find(dim), Unknown):
                raise reader.fail("index-unknown", left, found=letter)
        lam = resolved(Lam(vars_, body))
        check_known(lam, reader, right)
        if key in names_in(lam):
            raise reader.fail("bad-declaration", left, why=f"{key} = … {key} …")
        symbol = known or Symbol(key, ())
        symbol.shape = tuple(find(d) for _, d in vars_)
        symbol.kind, symbol.definition = "defined", lam
        world.symbols[key] = symbol
        return symbol

    def arbitrary(self, reader: Reader, key: str, right: Node) -> bool:
        """L = L(Y): any number that depends on Y."""
        parts = items_of(right)
        if len(parts) != 2 or key_of(parts[0]) != key or parts[1].kind != "paren":
            return False
        lams, shapes = [], []
        for part in parts[1].parts:
            value = arrays.columns(reader.side(part))
            names = tuple((fresh("a"), d) for d in value.shape)
            lams.append(resolved(Lam(names, value.at(tuple(Var(n) for n, _ in names)))))
            shapes.append(tuple(find(d) for d in value.shape))
        name = f"{key}()"
        self.world.functions[name] = Function(name, tuple(shapes))
        body = Call(name, tuple(lams))
        self.world.symbols[key] = Symbol(key, (), "defined", Lam((), body))
        self.world.calls[key] = "".join(reader.text(parts[1])[1:-1].split())
        return True

    def function_definition(self, reader: Reader, left: Node, right: Node) -> bool:
        """σ(z) = …, for a number z."""
        if left.kind != "product" or len(left.parts) != 2 or left.parts[1].kind != "paren":
            return False
        key, inner = key_of(left.parts[0]), left.parts[1].parts
        if key is None or len(inner) != 1 or reader.declared(key):
            return False
        var = key_of(inner[0])
        world = self.world
        if var is None or (var in world.symbols and world.symbols[var].shape):
            return False
        if var in world.sizes or var in world.functions or var in world.aliases:
            return False
        if var not in world.symbols:
            world.symbols[var] = Symbol(var, ())
            world.parameters.add(var)
        elif world.symbols[var].definition is not None:
            return False
        world.functions[key] = Function(key, ((),), (), var, None)
        try:
            body = resolved(reader.number(right))
            check_known(body, reader, right)
        except Unreadable:
            del world.functions[key]
            raise
        own = fresh(var)  # what is called z elsewhere, z_j = \sum_k w_{jk} x_k, is not this one
        world.symbols[own] = Symbol(own, ())
        world.functions[key].var = own
        world.functions[key].body = replace_symbol(body, var, Entry(own))
        return True

    def assumption(self, reader: Reader, left: Node, right: Node) -> bool:
        a, b = reader.side(left), reader.side(right)
        used = names_in(a.at(tuple(Var("") for _ in a.shape))) | names_in(
            b.at(tuple(Var("") for _ in b.shape))
        )
        if not used or any(self.world.symbols[n].kind != "variable" for n in used):
            return False  # a claim about defined symbols: to be checked, not assumed
        equation = equate(reader, a, b, left, right)
        self.world.assumed.append(equation)
        return True


def check_known(term: Term, reader: Reader, node: Node) -> None:
    """Every length must be known by now."""
    for item in walk(term):
        for dim in (getattr(item, "dim", None), *(d for _, d in getattr(item, "vars", ()))):
            if isinstance(dim, Unknown):
                raise reader.fail("shape-unknown", node, better="\\mathbf{1}_n")


def equate(
    reader: Reader, a: arrays.Array, b: arrays.Array, left: Node, right: Node
) -> tuple[Term, Term, dict[str, Dim]]:
    """Two sides as numbers over named positions. Raises `Unreadable` where shapes differ."""
    a, b = arrays.columns(a), arrays.columns(b)
    zero = num(0)
    if a.shape and not b.shape and b.term == zero:
        b = arrays.zeros(a.shape)
    elif b.shape and not a.shape and a.term == zero:
        a = arrays.zeros(b.shape)
    if len(a.shape) != len(b.shape) or not all(
        unify(x, y) for x, y in zip(a.shape, b.shape, strict=True)
    ):
        hint = ""
        if sorted(map(str, map(find, a.shape))) == sorted(map(str, map(find, b.shape))):
            hint = " (^\\top ?)"
        raise Unreadable(
            "shape",
            left.start,
            right.end,
            left=arrays.show_shape(a.shape),
            right=arrays.show_shape(b.shape),
            found=f"{reader.text(left)} = {reader.text(right)}".strip(" ="),
            hint=hint,
        )
    names = ["row", "col", "axis3", "axis4"][: len(a.shape)]
    at = tuple(Var(n) for n in names)
    dims: dict[str, Dim] = dict(zip(names, a.shape, strict=True))
    for letter, place in reader.free.items():
        dims[letter] = reader.dims[letter]
        if isinstance(find(dims[letter]), Unknown):
            raise reader.fail("index-unknown", place, found=letter)
        if letter in reader.binders:
            raise reader.fail("index-collision", place, found=letter, binder=reader.binders[letter])
    first, second = resolved(a.at(at)), resolved(b.at(at))
    check_known(first, reader, left)
    check_known(second, reader, right)
    return first, second, {k: find(d) for k, d in dims.items()}
