r"""Expectations: over finite sets, \mathbb{E}_{x \sim p}[f(x)], and of random symbols.

A finite set is an axis, its elements are positions: p(x) is an entry, an expectation a sum. A
random symbol has one more axis, of its outcomes, with the position ω: z = \mu + \sigma \epsilon
runs along the outcomes of ε, and \mathbb{E}[z] is a sum over them with their weights. Symbols
that were declared apart have outcomes apart, they are independent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array
from backprop.derivations.meaning.brackets import powered
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.indices import placed_on, read_index
from backprop.derivations.meaning.lengths import Dim, find, show_shape
from backprop.derivations.meaning.names import is_declared, lookup
from backprop.derivations.meaning.nodes import index_key, is_mark, key_of, split
from backprop.derivations.meaning.rewriting import free_indices, fresh, renamed, substitute
from backprop.derivations.meaning.terms import (
    Big,
    Entry,
    Fn,
    Index,
    Pow,
    Term,
    Var,
    add,
    mul,
    neg,
    num,
)
from backprop.derivations.meaning.world import Table
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, Node

OUTCOME = "ω:"
MEANS = ("\\mathbb{E}", "\\mathrm{E}", "\\mathsf{E}", "E")
VARIANCES = ("\\mathrm{Var}", "\\mathbb{V}", "\\mathrm{var}", "\\mathrm{V}", "\\mathrm{Cov}")
DIVERGENCES = ("D", "\\mathrm{KL}", "\\mathrm{D}", "\\mathbb{D}")


def spelled(text: str) -> str:
    """A name as tables are looked up: p_{\\theta} is p_\\theta."""
    return "".join(text.replace("{", "").replace("}", "").split())


# --- tables: p(x), p(z \mid x), f(x) over finite sets ------------------------------------------


def arguments(paren: Node) -> tuple[list[Node], int]:
    """The arguments, and how many stand before the bar (all, if there is none)."""
    found: list[Node] = []
    own = -1
    for part in paren.parts:
        if part.kind == "relation" and part.value == "|":
            found.append(part.parts[0])
            own = len(found)
            found.append(part.parts[1])
        else:
            found.append(part)
    return found, len(found) if own < 0 else own


def is_dot(node: Node) -> bool:
    r"""The \cdot of p(\cdot | x)."""
    items = node.parts if node.kind == "product" else (node,)
    return len(items) == 1 and items[0].kind == "op"


def tables_of(ctx: Context, node: Node) -> list[Table]:
    return ctx.world.tables.get(spelled(ctx.text(node)), [])


def table_for(ctx: Context, node: Node, args: list[Node], own: int) -> Table | None:
    """Which p is meant by p(z | x)? The one that was declared with these letters."""
    letters = tuple((index_key(n) or "").rstrip("'") for n in args)
    found = [t for t in tables_of(ctx, node) if (len(t.dims), t.own) == (len(args), own)]
    exact = [t for t in found if t.letters == letters]
    if exact:
        return exact[0]
    open_ = [t for t in found if not t.letters]
    if not open_ and len(tables_of(ctx, node)) == 1:
        open_ = found  # q(z), written q(z_1): nothing else is called q
    return open_[0] if len(open_) == 1 else None


def read_table(ctx: Context, node: Node, rest: tuple[Node, ...]) -> tuple[Array, int] | None:
    """p(x) for a p over a finite set; None if that is no table."""
    if not rest or not tables_of(ctx, node):
        return None
    paren, sub, sup, _ = split(rest[0])
    if paren.kind != "paren" or paren.value != "(" or sub is not NONE:
        return None
    whole = replace(node, end=rest[0].end)
    args, own = arguments(paren)
    table = table_for(ctx, node, args, own)
    if table is None:
        raise ctx.fail("no-table", whole, known=", ".join(t.key for t in tables_of(ctx, node)))
    at = placed_all(ctx, args, table)
    return powered(ctx, value_of(ctx, table, at), whole, sup), 2


def placed_all(ctx: Context, args: list[Node], table: Table) -> tuple[Index, ...]:
    pairs = zip(args, table.dims, strict=True)
    return tuple(placed_on(ctx, read_index(ctx, n), d, n) for n, d in pairs)


def value_of(ctx: Context, table: Table, at: tuple[Index, ...]) -> Array:
    shape = ctx.world.symbols[table.key].shape[len(at) :]
    return Array(shape, lambda p: Entry(table.key, (*at, *p)))


# --- expectations ----------------------------------------------------------------------------


def is_operator(ctx: Context, base: Node, rest: tuple[Node, ...], names: tuple[str, ...]) -> bool:
    """Is this E, Var, …? A plain letter only where it is not declared, and brackets follow."""
    key = key_of(base) or ""
    if key not in names or not rest or is_declared(ctx, key):
        return False
    brackets = split(rest[0])[0].kind == "paren"
    return brackets and (base.kind != "letter" or split(rest[0])[0].value == "[")


def read_expectation(
    ctx: Context, node: Node, base: Node, sub: Node, sup: Node, rest: tuple[Node, ...]
) -> tuple[Array, int]:
    """E[…], Var(…), Cov(…, …)."""
    if sup is not NONE:
        raise ctx.fail("unexpected", sup, hint="")
    paren, low, above, _ = split(rest[0])
    whole = replace(node, end=rest[0].end)
    if above is not NONE and paren.value == "(" and key_of(base) in MEANS:
        raise ctx.fail("mean-power", whole, inside=ctx.text(paren)[1:-1], power=ctx.text(above))
    cov = key_of(base) == "\\mathrm{Cov}"
    if low is not NONE or len(paren.parts) != 1 + cov or paren.parts[0].kind == "relation":
        raise ctx.fail("unexpected", rest[0], hint="")
    saved, free = dict(ctx.bound), set(ctx.free)
    mean = Mean(ctx, node, sub)
    bodies = [arrays.columns(ctx.side(p)) for p in paren.parts]
    mean.over(bodies, free)
    ctx.bound = saved
    if key_of(base) in MEANS:
        value = mean.of(bodies[0])
    else:
        first, second = bodies[0], bodies[-1]
        if first.shape or second.shape:
            raise ctx.fail("not-scalar", rest[0], left=show_shape(first.shape), hint="")

        def away(body: Array) -> Term:
            return add(renamed(body.term), neg(renamed(mean.of(body).term)))

        value = mean.of(arrays.scalar(mul(away(first), away(second))))
    return powered(ctx, value, whole, above), 2


class Mean:
    """What an expectation averages over: positions in finite sets, outcomes of random symbols."""

    def __init__(self, ctx: Context, node: Node, sub: Node) -> None:
        self.ctx, self.node = ctx, node
        self.bound: list[tuple[str, Dim, Term]] = []  # index, its length, weight
        self.only: set[str] | None = None  # outcomes that are averaged, None: all
        for part in sub.parts if sub is not NONE else ():
            self.bind(part)

    def bind(self, part: Node) -> None:
        """x \\sim p, q(z), q, a letter with a law of its own, or a random symbol."""
        ctx = self.ctx
        if part.kind == "relation" and part.value == "sim":
            left, right = part.parts
            inner = left.parts if left.kind == "paren" else (left,)
            self.open([index_key(n) or "" for n in inner], right)
            return
        name = lookup(ctx, part)[0]
        if name is not None and name in ctx.world.symbols and ctx.world.symbols[name].hidden:
            self.only = (self.only or set()) | set(ctx.world.symbols[name].hidden)
            return
        letter = index_key(part) or ""
        if letter in ctx.world.laws:
            table, dims = ctx.world.laws[letter]
            self.weigh([letter], table, None, part, dims)
            return
        self.open(None, part)

    def unknown(self, letters: list[str] | None, law: Node) -> Unreadable:
        """That `law` is no distribution, with the declaration that would make it one."""
        ctx, name = self.ctx, self.ctx.text(law)
        if letters is None and index_key(law) in ctx.world.ranges:
            letters, name = [index_key(law) or ""], "p"
        names = [n for n in letters or [] if n] or ["x"]
        sets = [str(ctx.world.ranges.get(n, f"\\mathcal{{{n[0].upper()}}}")) for n in names]
        known = [f"${n} \\in {s}$" for n, s in zip(names, sets, strict=True)]
        return ctx.fail(
            "no-distribution",
            law,
            example=", ".join([*known, f"${', '.join(names)} \\sim {name}$"]),
        )

    def open(self, letters: list[str] | None, law: Node) -> None:
        """Bind the letters that `law`, a table with or without arguments, is a distribution of."""
        ctx = self.ctx
        items = law.parts if law.kind == "product" else (law,)
        args: list[Node] | None = None
        if len(items) == 2 and items[1].kind == "paren":
            args, own = arguments(items[1])
            found = tables_of(ctx, items[0])
            names = [index_key(n) or "" for n in args[:own]]
            if all(is_dot(n) for n in args[:own]) and letters:
                names = letters
            if letters is None:
                letters = names
            fitting = [t for t in found if len(t.dims) == len(args) and t.own == own]
        else:
            found = fitting = tables_of(ctx, items[0]) if len(items) == 1 else []
            if letters is not None:
                fitting = [t for t in found if t.own == len(t.dims) == len(letters)]
                # a \sim \pi, of \pi(a | s): at the s of the row
                fitting = fitting or [t for t in found if t.own == len(letters)]
        if letters is not None:
            bare = tuple(n.rstrip("'") for n in letters)
            fitting = [t for t in fitting if t.letters[: t.own] == bare] or [
                t for t in fitting if not t.letters or len(found) == 1
            ]
        if len(fitting) != 1 or not fitting[0].distribution:
            raise self.unknown(letters, law)
        table = fitting[0]
        if letters is None:
            letters = list(table.letters[: table.own])
        if len(letters) != table.own or not all(letters):
            raise self.unknown(letters, law)
        self.weigh(letters, table, args, law, table.dims[: table.own])

    def weigh(
        self,
        letters: list[str],
        table: Table,
        args: list[Node] | None,
        law: Node,
        dims: tuple[Dim, ...],
    ) -> None:
        ctx = self.ctx
        names = [fresh(n) for n in letters]
        for letter, name, dim in zip(letters, names, dims, strict=True):
            if letter in ctx.bound:
                raise ctx.fail("index-collision", law, found=letter, binder=ctx.text(law))
            ctx.bound[letter], ctx.dims[name] = name, dim
        given = [read_index(ctx, n) for n in (args or [])[table.own :]]
        if args is None and len(table.dims) > table.own:
            given = [
                self.letter(n, d)
                for n, d in list(zip(table.letters, table.dims, strict=True))[table.own :]
            ]
        at = (*(Var(n) for n in names), *given)
        weight = Entry(table.key, tuple(at))
        for k, (name, dim) in enumerate(zip(names, dims, strict=True)):
            self.bound.append((name, dim, weight if k == 0 else num(1)))

    def letter(self, letter: str, dim: Dim) -> Index:
        return read_index(self.ctx, Node("letter", letter, (), self.node.start, self.node.end))

    def over(self, bodies: list[Array], before: set[str]) -> None:
        """Find what the bodies are random in."""
        ctx = self.ctx
        used: set[str] = set()
        for body in bodies:
            used |= free_indices(body.at(tuple(Var("") for _ in body.shape)))
        self.outcomes = sorted(
            n for n in used if n.startswith(OUTCOME) and (self.only is None or n in self.only)
        )
        self.lettered: dict[str, str] = {}
        if not self.bound and self.only is None:  # E[f(x)], where x \sim p was declared
            for letter in sorted(used & ctx.world.laws.keys()):
                table, dims = ctx.world.laws[letter]
                if letter in before or len(dims) != 1:
                    raise self.unknown([letter], self.node)
                self.weigh([letter], table, None, self.node, dims)
                self.lettered[letter] = ctx.bound[letter]
        if not self.bound and not self.outcomes:
            raise ctx.fail("no-random", self.node)
        for name in (*self.outcomes, *self.lettered):
            if name not in before:
                ctx.free.pop(name, None)

    def of(self, body: Array) -> Array:
        def at(p: tuple[Index, ...]) -> Term:
            term = body.at(p)
            names = {n: Var(fresh("o")) for n in self.outcomes}
            letters = {n: Var(v) for n, v in self.lettered.items()}
            term = substitute(renamed(term), {**names, **letters})
            for outcome, var in names.items():
                weight, dim = self.ctx.world.outcomes[outcome]
                term = Big("sum", var.name, dim, mul(Entry(weight, (var,)), term))
            for name, dim, share in reversed(self.bound):
                term = Big("sum", name, find(dim), mul(share, term))
            renamed_term = renamed(term)
            assert isinstance(renamed_term, Term)
            return renamed_term

        return Array(body.shape, at)


def read_integral(
    ctx: Context, node: Node, sub: Node, sup: Node, rest: tuple[Node, ...]
) -> tuple[Array, int]:
    r"""\int f(x) p(x) \, dx over the elements of a declared set: a sum, as its expectations are."""
    depth, at = 1, 0
    while at < len(rest):
        if split(rest[at])[0] == replace(split(node)[0], start=rest[at].start, end=rest[at].end):
            depth += 1
        elif is_mark(rest[at]) and at + 1 < len(rest):
            depth -= 1
            if depth == 0:
                break
        at += 1
    letter = index_key(rest[at + 1]) if depth == 0 else None
    dim = ctx.world.ranges.get(letter or "")
    bounded = sup is not NONE or (sub is not NONE and ctx.text(sub.parts[0]) != str(dim))
    if letter is None or not str(dim).startswith("\\mathcal") or bounded or dim is None:
        raise ctx.fail("integral", node)
    if letter in ctx.bound:
        raise ctx.fail("index-collision", node, found=letter, binder=ctx.text(node))
    name, saved = fresh(letter), dict(ctx.bound)
    ctx.bound[letter], ctx.dims[name] = name, dim
    body = ctx.product(rest[:at]) if at else arrays.scalar(num(1))
    ctx.bound = saved

    def over(p: tuple[Index, ...]) -> Term:
        term = renamed(Big("sum", name, dim, body.at(p)))
        assert isinstance(term, Term)
        return term

    return Array(body.shape, over), at + 3


def read_divergence(ctx: Context, node: Node, rest: tuple[Node, ...]) -> tuple[Array, int] | None:
    """KL(q ‖ p): Σ q log(q / p); None if this is none."""
    paren = split(rest[0])[0] if rest else NONE
    if paren.kind != "paren" or len(paren.parts) != 1 or paren.parts[0].kind != "relation":
        return None
    if paren.parts[0].value != "||":
        return None
    left, right = paren.parts[0].parts
    saved = dict(ctx.bound)
    mean = Mean(ctx, node, NONE)
    mean.open(None, left)
    names = [n for n, v in ctx.bound.items() if n not in saved]
    sides = [side_of(ctx, n, names) for n in (left, right)]
    mean.outcomes, mean.lettered = [], {}
    ctx.bound = saved
    value = mean.of(arrays.scalar(Fn("log", (mul(sides[0], Pow(sides[1], num(-1))),))))
    whole = replace(node, end=rest[0].end)
    return powered(ctx, value, whole, split(rest[0])[2]), 2


def side_of(ctx: Context, node: Node, names: list[str]) -> Term:
    """q, q(z), p(\\cdot | x) at the letters that are averaged over."""
    items = node.parts if node.kind == "product" else (node,)
    letters = [Node("letter", n, (), node.start, node.end) for n in names]
    if len(items) == 2 and items[1].kind == "paren":
        args, own = arguments(items[1])
        if len(args[:own]) == 1 and is_dot(args[0]):
            args = [*letters, *args[own:]]
            own = len(letters)
    else:
        args, own = list(letters), len(letters)
        if not table_for(ctx, items[0], args, own):
            found = [t for t in tables_of(ctx, items[0]) if t.own == own]
            if len(found) == 1:
                more = found[0].letters[own:]
                args += [Node("letter", n, (), node.start, node.end) for n in more]
    table = table_for(ctx, items[0], args, own)
    if table is None:
        raise Mean(ctx, node, NONE).unknown(names, items[0])
    at = placed_all(ctx, args, table)
    return value_of(ctx, table, at).term


OPERATORS: dict[tuple[str, ...], Callable[..., tuple[Array, int]]] = {
    MEANS: read_expectation,
    VARIANCES: read_expectation,
}


def read_chance(ctx: Context, node: Node, rest: tuple[Node, ...]) -> tuple[Array, int] | None:
    """An operator of probability, or a value p(x); None if this is neither."""
    base, sub, sup, primes = split(node)
    if primes:
        return None
    for names, read in OPERATORS.items():
        if is_operator(ctx, base, rest, names):
            return read(ctx, node, base, sub, sup, rest)
    if key_of(base) in DIVERGENCES and sup is NONE:
        found = read_divergence(ctx, node, rest)
        if found is not None:
            return found
    return read_table(ctx, node, rest)
