"""Sums, products and maxima over indices, and their ranges."""

from __future__ import annotations

from dataclasses import replace

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array
from backprop.derivations.meaning.brackets import is_index, read_condition
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.indices import is_multiple, length_of, read_index
from backprop.derivations.meaning.lengths import Dim, Unknown, find, show_shape, unify
from backprop.derivations.meaning.names import lookup
from backprop.derivations.meaning.nodes import (
    index_key,
    items_of,
    key_of,
    split,
    subscript_letters,
)
from backprop.derivations.meaning.rewriting import free_indices, fresh, rebuild, renamed
from backprop.derivations.meaning.shifts import Linear, reaches
from backprop.derivations.meaning.terms import (
    Affine,
    At,
    Big,
    Deriv,
    Entry,
    Fn,
    Index,
    Label,
    Position,
    Shift,
    Term,
    Test,
    Var,
    mul,
    parts_of,
)
from backprop.derivations.meaning.world import STEPS
from backprop.derivations.reading.tree import NONE, Node


def read_big(
    ctx: Context, kind: str, node: Node, sub: Node, sup: Node, rest: tuple[Node, ...]
) -> Array:
    if sub is NONE or not rest:
        raise ctx.fail("unexpected", node, hint=": \\sum_k …")
    saved = dict(ctx.bound)
    opened: list[tuple[str, str, Node, Node | None, Node | None]] = []
    tests: list[Node] = []
    for part in sub.parts:
        for letter, low, high, test in read_bounds(ctx, part, sup, node):
            again = next((k for k, o in enumerate(opened) if o[0] == letter), None)
            if again is not None:  # i = 1, i \ne j: more is said of the same index
                if test is not None:
                    tests.append(test)
                    continue
                if low is not None and opened[again][3] is None:
                    opened[again] = (*opened[again][:3], low, high)
                    count_from(ctx, opened[again][1], low)
                    continue
            if letter in ctx.bound:
                raise ctx.fail("index-collision", node, found=letter, binder=ctx.text(node))
            if letter in ctx.world.sizes or letter in ctx.world.symbols:
                raise ctx.fail("declared-twice", node, found=letter)
            name = fresh(letter)
            ctx.bound[letter] = name
            ctx.dims[name] = ctx.world.ranges.get(letter, Unknown())
            ctx.binders[letter] = ctx.text(node)
            opened.append((letter, name, node, low, high))
            if test is not None:
                tests.append(test)
            if low is not None:
                count_from(ctx, name, low)
            if low is not None and high is not None:
                ctx.limited.add(name)
    if sup is not NONE and not any(high is not None for *_, high in opened):
        raise ctx.fail("unexpected", sup, hint=f": \\{kind}_{{k=1}}^{{n}}")
    body = ctx.product(rest)
    test_terms = [read_condition(ctx, t) for t in tests]
    for other in (index_key(t.parts[1]) or "" for t in tests):
        if other in ctx.free:
            ctx.pairs.setdefault(other, node)
    if len(rest) > 1 and kind == "sum":
        first, last = rest[0], rest[-1]
        ctx.notes.append((ctx.text(node), ctx.tex[first.start : last.end]))
    inner = body
    placed = subscript_letters(Node("product", "", (*rest, *tests)))
    for letter, name, place, lowest, highest in reversed(opened):
        given = mul(*test_terms) if test_terms else None
        test_terms = []
        alone = letter not in placed
        inner = bind_index(ctx, kind, letter, name, place, lowest, highest, inner, given, alone)
    ctx.bound = saved
    return inner


def count_from(ctx: Context, name: str, low: Node) -> None:
    start = fixed_bound(ctx, low)
    if start is not None and start[0] is None:
        ctx.bases[name] = start[1]


def read_bounds(
    ctx: Context, part: Node, sup: Node, node: Node
) -> list[tuple[str, Node | None, Node | None, Node | None]]:
    """What stands under a sum: (letter, lowest, highest, condition) each."""
    if part.kind == "relation":
        ops, sides = part.value.split(), part.parts
        if ops == ["="] and index_key(sides[0]):
            if sup is NONE:
                raise ctx.fail("unexpected", node, hint=": \\sum_{k=1}^{n}")
            return [(index_key(sides[0]) or "", sides[1], sup.parts[0], None)]
        if ops == ["<=", "<="] and index_key(sides[1]):
            return [(index_key(sides[1]) or "", sides[0], sides[2], None)]
        if ops in (["<=", "<", "<="], ["<=", "<=", "<="]) and all(map(index_key, sides[1:3])):
            pair = Node("relation", ops[1], (sides[1], sides[2]), sides[1].start, sides[2].end)
            one, two = (index_key(n) or "" for n in sides[1:3])
            return [(one, sides[0], sides[3], None), (two, sides[0], sides[3], pair)]
        if len(ops) == 1 and index_key(sides[0]) and ops[0] in ("!=", "<", ">", "<=", ">="):
            one, two = index_key(sides[0]) or "", index_key(sides[1]) or ""
            if is_pair(ctx, two):
                return [(one, None, None, None), (two, None, None, part)]
            return [(one, None, None, part)]
        raise ctx.fail("unexpected", part, hint=": k, k = 1, k \\ne j")
    found: list[tuple[str, Node | None, Node | None, Node | None]] = []
    upto = sup.parts[0] if sup is not NONE and part.kind != "product" else None
    for item in items_of(part):
        key = index_key(item)
        if key is None:
            raise ctx.fail("unexpected", item, hint=": k")
        found.append((key, None, upto, None))
    return found


def is_pair(ctx: Context, letter: str) -> bool:
    r"""Is it the j of \sum_{i < j} x_i x_j, which stands nowhere else: summed over as well?"""
    world = ctx.world
    taken = letter in ctx.bound or letter in ctx.outer
    return bool(letter) and not taken and letter not in world.sizes | world.symbols


def fixed_bound(ctx: Context, node: Node) -> tuple[Dim | None, int] | None:
    """A bound as (size or None, offset): 1, n, n - 1."""
    if node.kind == "number":
        return None, ctx.whole(node)
    if node.kind == "sum" and len(node.parts) == 2 and node.parts[0].value == "+":
        first, second = (t.parts[0] for t in node.parts)
        inner = fixed_bound(ctx, first)
        if inner is not None and second.kind == "number":
            return inner[0], inner[1] + ctx.whole(second) * (
                1 if node.parts[1].value == "+" else -1
            )
        return None
    if key_of(split(node)[0]) is None:
        return None
    name, lower, upper = lookup(ctx, node)
    if name in ctx.world.sizes and upper is not NONE:  # n^2
        raise ctx.fail("unexpected", upper, hint="")
    return (name, 0) if name in ctx.world.sizes and lower is NONE else None


def derived_bound(ctx: Context, node: Node) -> tuple[Dim | None, int] | None:
    """N - K as a bound, where N - K + 1 is a length."""
    wanted = Linear(ctx.world)
    for term in node.parts if node.kind == "sum" else (Node("term", "+", (node,)),):
        sign, inner, times = (-1 if term.value == "-" else 1), term.parts[0], 1
        if is_multiple(inner):
            times, inner = ctx.whole(inner.parts[0]), inner.parts[1]
        part = fixed_bound(ctx, inner)
        if part is None:
            return None
        size = Linear(ctx.world, {str(part[0]): 1} if part[0] is not None else {}, part[1])
        wanted = wanted.plus(size, sign * times)
    for name, (coefs, const) in ctx.world.derived.items():
        if dict(coefs) == wanted.coefs:
            return name, wanted.const - const
    return None


def bind_index(
    ctx: Context,
    kind: str,
    letter: str,
    name: str,
    node: Node,
    low: Node | None,
    high: Node | None,
    body: Array,
    test: Term | None,
    alone: bool,
) -> Array:
    dim = ctx.dims[name]
    start: At | None = None
    stop: At | None = None
    moved, counts = 0, None
    if low is not None and high is not None:
        first, last = fixed_bound(ctx, low), fixed_bound(ctx, high) or derived_bound(ctx, high)
        if first is None and last is not None and is_index(ctx, low):  # i = k … n
            other = read_index(ctx, low)
            unify(dim, length_of(ctx, other) or dim)
            unify(dim, last[0] if last[0] is not None else dim)
            moved, stop = read_down_to(ctx, dim, last, uses_of(body, name), node)
            counts = (ctx.world.base or 0) + moved if moved else None
            after = Test("<=", shifted(ctx, other, -moved, node), Var(name))
            test = after if test is None else mul(test, after)
        elif first is None or first[0] is not None:
            raise ctx.fail("unexpected", low, hint=": 0, 1, …")
        elif last is None:  # up to another index: k = 1 … j
            other = read_index(ctx, high)
            moved, counts, tests = read_up_to(ctx, name, first[1], other, uses_of(body, name), node)
            test = mul(*tests, *([] if test is None else [test]))
        else:
            uses = uses_of(body, name)
            start, stop, moved = read_limits(ctx, letter, dim, first[1], last, node, alone, uses)
            counts = first[1] if start is None else ctx.world.first + moved
    elif high is not None:  # \sum_k^C: all of an axis of length C
        size = fixed_bound(ctx, high)
        if size is None or size[1] or size[0] is None or not unify(dim, size[0]):
            given = ctx.text(high)
            raise ctx.fail("range", node, given=given, index=letter, wanted=show_shape((dim,)))
    elif isinstance(find(dim), Unknown):
        raise ctx.fail("index-unknown", node, found=letter)

    mine = [g for g in ctx.guards if g.mentions(name)]
    if mine:
        if kind != "sum":
            raise ctx.fail("unexpected", mine[0].node, hint="")
        ctx.guards = [g for g in ctx.guards if g not in mine]
        end = Linear.of(ctx.world, dim if stop is None else stop.dim or 0)
        end = None if end is None else end.add(-1 if stop is None else stop.offset)
        for guard in mine:
            begin = 0 if start is None else start.offset
            if guard.needed and not reaches(ctx.world, guard, begin, end, moved):
                runs, axis = show_shape((dim,)), show_shape((guard.dim,))
                raise ctx.fail("index-range", guard.node, first=runs, second=axis)
        left_out = [g.test for g in mine if not g.needed]
        test = mul(*left_out, *([] if test is None else [test])) if left_out else test

    def at(p: tuple[Index, ...]) -> Term:
        inner = moved_back(body.at(p), name, moved, counts)
        term = Big(kind, name, ctx.dims[name], inner, test, start, stop)
        return renamed(term) if p else term

    return Array(body.shape, at)


def uses_of(body: Array, name: str) -> set[int] | None:
    """How far from an index the positions are that `body` takes, x_{i+1}: 1; None if it does
    more with the index than that."""
    found: set[int] = set()

    def visit(item: object) -> bool:
        if isinstance(item, Position):
            return True
        if isinstance(item, Entry | Deriv):
            for index in item.at:
                if isinstance(index, Var | Shift) and free_indices(index) == {name}:
                    found.add(index.by if isinstance(index, Shift) else 0)
                elif isinstance(index, Affine) and is_alone(index, name):
                    continue  # on another axis, where it is looked at by itself
                elif name in free_indices(index):
                    return False
            return not isinstance(item, Deriv) or visit(item.body)
        if isinstance(item, Var | Shift | Affine | Label):
            return name not in free_indices(item)
        return all(visit(part) for part in parts_of(item))

    return found if visit(body.at(tuple(Var("") for _ in body.shape))) else None


def is_alone(index: Affine, name: str) -> bool:
    return index.over == (Var(name),) and index.coefs == (1,)


def moved_back(term: Term, name: str, by: int, counts: int | None) -> Term:
    r"""\sum_{i=0}^{n-1} x_{i+1}, where x counts from 1: with an index that counts as x does. As a
    number i counts from `counts`."""
    if not by and counts is None:
        return term

    def counted(index: Index) -> Index:
        if isinstance(index, Shift) and index.var.name == name and index.by == -by:
            return Var(name)
        if isinstance(index, Affine) and is_alone(index, name):
            return replace(index, offset=index.offset + by)
        return index

    def change(item: object) -> object:
        if isinstance(item, Position) and item.index == Var(name) and counts is not None:
            return Position(item.index, counts)
        if by and isinstance(item, Entry | Deriv):
            at = (counted(i) for i in item.at)
            return replace(item, at=tuple(at))
        return item

    found = rebuild(term, change)
    assert isinstance(found, Term)
    return found


def fitting_base(
    known: Dim, first: int, last: tuple[Dim | None, int], uses: set[int] | None
) -> int | None:
    """What counting has to start from if all positions of a sum exist; None if that is open."""
    size, offset = last
    if not uses or size != known:
        return None
    fits = [
        base
        for base in (0, 1)
        if all(first - base + by >= 0 and offset - base + by <= -1 for by in uses)
    ]
    return fits[0] if len(fits) == 1 else None


def read_up_to(
    ctx: Context, name: str, first: int, other: Index, uses: set[int] | None, node: Node
) -> tuple[int, int, list[Term]]:
    r"""\sum_{k=1}^{j}: how far off its axis k is, what it counts from as a number, its tests."""
    world, length = ctx.world, length_of(ctx, other)
    if world.base is None:
        if first not in (0, 1):
            raise ctx.fail("literal-base", node, index="i", wanted=show_shape((length or 0,)))
        world.base = first
    base, k = world.base, Var(name)
    if uses is not None and not uses:  # a number alone: as many as there are
        axis = Linear.of(world, length) if length is not None else None
        if axis is not None and isinstance(find(ctx.dims[name]), Unknown):
            by = base - first + (other.by if isinstance(other, Shift) else 0)
            ctx.dims[name] = axis.add(max(by, 0)).dim()
            return 0, first, [Test("<=", k, shifted(ctx, other, base - first, node))]
    unify(ctx.dims[name], length or ctx.dims[name])
    if first < base:
        if uses is None:  # x_{t+k}: right, perhaps, and not read
            raise ctx.fail("sum-outside", node)
        if uses != {base - first}:
            last = show_shape((ctx.dims[name],))
            raise ctx.fail("outside", node, found=ctx.text(node), first=base, last=last)
        return first - base, first, [Test("<=", k, shifted(ctx, other, base - first, node))]
    tests: list[Term] = [Test("<=", At(None, first - base), k)] if first > base else []
    return 0, base, [*tests, Test("<=", k, other)]


def read_down_to(
    ctx: Context, dim: Dim, last: tuple[Dim | None, int], uses: set[int] | None, node: Node
) -> tuple[int, At | None]:
    r"""\sum_{k=t}^{T-1}: how far off its axis k is, r_{k+1}: -1, and where it ends if that is not
    the end of its axis."""
    base, (size, offset) = ctx.world.base, last
    ends = [-1 if base == 0 else 0] if base is not None else [0, -1]
    if size == find(dim) and offset in ends:
        return 0, None
    if base is None or size is None or size != find(dim):
        raise ctx.fail("sum-outside", node)
    if uses is not None and len(uses) == 1 and offset + min(uses) == ends[0]:
        return -min(uses), None
    if uses is None or not uses or offset + max(uses) > ends[0] or min(uses) < 0:
        raise ctx.fail("sum-outside", node)
    return 0, At(size, offset - base)


def shifted(ctx: Context, index: Index, by: int, node: Node) -> Index:
    if not by:
        return index
    if isinstance(index, Var):
        return Shift(index, by)
    if isinstance(index, Shift):
        return Shift(index.var, index.by + by) if index.by + by else index.var
    if isinstance(index, Affine):
        return replace(index, offset=index.offset + by)
    raise ctx.fail("unexpected", node, hint="")


def read_limits(
    ctx: Context,
    letter: str,
    dim: Dim,
    first: int,
    last: tuple[Dim | None, int],
    node: Node,
    alone: bool,
    uses: set[int] | None,
) -> tuple[At | None, At | None, int]:
    """Explicit bounds: None, None if they are the whole axis, or if the index is no position
    (`alone`), so that there is none but what they say; and how far off the axis the index is
    that has all of it (`uses`: from the positions that are taken)."""
    world = ctx.world
    size, offset = last
    terms = offset - first + 1  # beyond the size, if there is one
    if isinstance(find(dim), Unknown):
        if alone and terms > -2:  # \sum_{k=0}^{n} r^k
            unify(dim, Linear(world, {str(size): 1} if size is not None else {}, terms).dim())
            return None, None, 0
        full = size if size is not None else offset if first == 1 else offset + 1
        unify(dim, full)
    known = find(dim)
    size, offset = counted_on(ctx, known, size, offset)
    terms = offset - first + 1
    written = ctx.text(node)
    if world.base is None:
        world.base = fitting_base(known, first, last, uses)
    if (size == known and terms == 0) or (size is None and terms == known):
        if world.base is None and first in (0, 1):
            world.base = first
        if world.base == first:
            return None, None, 0
        if world.base is not None and uses == {world.base - first}:
            return None, None, first - world.base
    if uses is None and (size is None or size == known):
        steps = terms > 0 or (world.base is not None and first < world.base)
        if steps:  # \sum_{t=0}^{T} h_t of a recurrence: right, perhaps, and not read
            raise ctx.fail("index-outside", node)
    axis = Linear.of(world, size) if size is not None and not str(size).startswith(STEPS) else None
    count = str(size) if axis is None or not terms else str(axis.add(terms).dim())
    if size is None:
        count = str(terms)
    if size is not None and size != known:
        if str(known).startswith(STEPS):  # nothing says how many there are: it may be right
            raise ctx.fail("index-unknown", node, found=letter)
        raise ctx.fail("range", node, found=written, given=count, index=letter, wanted=known)
    if size is not None and terms > 0:
        raise ctx.fail("range", node, found=written, given=count, index=letter, wanted=known)
    if world.base is None:
        world.base = world.counts
    if world.base is None:
        raise ctx.fail("range-base", node, found=written, index=letter, wanted=known)
    low = At(None, first - world.base)
    high = At(size, offset - world.base)
    by = next(iter(uses)) if uses is not None and len(uses) == 1 else 0
    if by and size is not None and low.offset + by >= 0 and high.offset + by < 0:
        return At(None, low.offset + by), At(size, high.offset + by), -by  # x_{i-1}, i = 2, …
    if low.offset < 0 or (size is not None and high.offset >= 0):
        last_name = f"{known}" if world.base else f"{known} - 1"
        raise ctx.fail("outside", node, found=written, first=world.base, last=last_name)
    return low, high, 0


def counted_on(ctx: Context, axis: Dim, size: Dim | None, offset: int) -> tuple[Dim | None, int]:
    """A bound N - 1 by the length of an axis that has N - 1 entries."""
    if size is None or size == axis or str(axis).startswith(STEPS):
        return size, offset
    mine, its = Linear.of(ctx.world, size), Linear.of(ctx.world, axis)
    gap = its.plus(mine, -1) if mine is not None and its is not None else None
    if gap is None or gap.coefs or not (its and its.coefs):
        return size, offset
    return axis, offset - gap.const


def read_extreme(ctx: Context, kind: str, node: Node, rest: tuple[Node, ...]) -> Array:
    if not rest or rest[0].kind != "paren" or len(rest[0].parts) < 2:
        raise ctx.fail("argument", node)
    parts = [ctx.side(p) for p in rest[0].parts]
    return arrays.entrywise(
        [arrays.columns(p) for p in parts], lambda t: Fn(kind, tuple(t)), ctx.span(node)
    )
