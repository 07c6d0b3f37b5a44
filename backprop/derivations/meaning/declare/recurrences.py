r"""Recurrences: h_t = f(h_{t-1}, x_t) with a declared beginning h_0, or backwards from an end.

The steps are an axis of h, its first; what h is defined by names h itself, one step before. So h
is worked out step by step (`evidence.scope`), and all else treats it as a family h_0, …, h_T.
"""

from __future__ import annotations

from dataclasses import dataclass

from backprop.derivations.meaning import Context, arrays, key_of, reader_of, split
from backprop.derivations.meaning.lengths import Dim, Unknown, find, unify
from backprop.derivations.meaning.rewriting import fresh, resolved, substitute
from backprop.derivations.meaning.shifts import Linear, room
from backprop.derivations.meaning.terms import (
    ZERO,
    At,
    Entry,
    Index,
    Lam,
    Shift,
    Term,
    Test,
    Var,
    Where,
)
from backprop.derivations.meaning.world import STEPS, TRUE, Recurrence, Symbol, World
from backprop.derivations.reading.tree import NONE, Node


@dataclass(frozen=True)
class Step:
    """h_{t+1} = … h_t …: the letter that counts, and where it stands on both sides."""

    key: str
    letter: str
    left: int
    right: int

    @property
    def backwards(self) -> bool:
        return self.right > self.left


def place_of(node: Node) -> tuple[str, int] | None:
    """The t + 1 of h_{t+1} as (t, 1)."""
    sub = split(node)[1]
    if sub is NONE or len(sub.parts) != 1:
        return None
    inner, by = sub.parts[0], 0
    if inner.kind == "sum" and len(inner.parts) == 2:
        number = inner.parts[1].parts[0]
        if number.kind != "number" or not number.value.isdigit():
            return None
        by = int(number.value) * (-1 if inner.parts[1].value == "-" else 1)
        inner = inner.parts[0].parts[0]
    return (inner.value, by) if inner.kind == "letter" else None


def step_of(left: Node, right: Node) -> Step | None:
    """How a definition goes on from what it defines; None if it is no recurrence of one step."""
    key, place = key_of(split(left)[0]), place_of(left)
    if key is None or place is None or left.kind != "scripted" or split(left)[2] is not NONE:
        return None
    others = {
        place_of(node)
        for node in right.walk()
        if node.kind == "scripted" and key_of(node.parts[0]) == key
    }
    if len(others) != 1:
        return None
    other = others.pop()
    if other is None or other[0] != place[0] or abs(other[1] - place[1]) != 1:
        return None
    return Step(key, place[0], place[1], other[1])


def define_recurrence(world: World, reader: Context, left: Node, right: Node) -> Symbol | None:
    """Enter h of h_t = f(h_{t-1}, …); None if that is no recurrence with a declared beginning (or
    end). Raises `Unreadable`."""
    step = step_of(left, right)
    if step is None or step.key in world.symbols or step.letter in world.sizes:
        return None
    given = beginning(world, step)
    if given is None or step.letter in world.symbols:
        return None
    start, number = given
    shapes = [start.shape]
    if start.definition is not None and start.definition == Lam((), ZERO):
        shapes.append((Unknown(),))  # h_0 = 0 may be the zero vector
    for shape in shapes:
        one = reader_of(world, reader.tex, reader.tree)
        try:
            symbol = attempt(world, one, step, start, number, shape, right)
        except Exception:
            world.symbols.pop(step.key, None)
            if shape is shapes[-1]:
                raise
            continue
        if symbol is not None:
            return symbol
        world.symbols.pop(step.key, None)
    raise reader.fail("recurrence", left)  # its beginning has another shape


def beginning(world: World, step: Step) -> tuple[Symbol, int | str] | None:
    """What is declared of the first entry, or of the last one, and its number."""
    numbers: list[int | str] = [*world.sizes] if step.backwards else [0, 1]
    for number in numbers:
        symbol = world.symbols.get(f"{step.key}_{{{number}}}")
        if symbol is not None:
            return symbol, number
    return None


def attempt(
    world: World,
    reader: Context,
    step: Step,
    start: Symbol,
    number: int | str,
    shape: tuple[Dim, ...],
    right: Node,
) -> Symbol | None:
    """The recurrence with entries of `shape`; None if the right side has another one."""
    if world.base is None:
        first_letter = number + 1 - step.left if isinstance(number, int) else 1
        world.base = first_letter if first_letter in (0, 1) else 0
    first = number if isinstance(number, int) else world.base + step.left
    axis, over = Unknown(), world.ranges.get(step.letter, Unknown())
    recurrence = Recurrence(first, over, step.backwards)
    symbol = Symbol(step.key, (axis, *shape), "defined", family=1, recurrence=recurrence)
    symbol.definition = Lam((), ZERO)  # until it is read
    world.symbols[step.key] = symbol
    reader.dims[step.letter] = over
    value = arrays.columns(reader.side(right))
    if len(value.shape) != len(shape) or not all(
        unify(a, b) for a, b in zip(value.shape, shape, strict=True)
    ):
        return None
    for letter, node in reader.free.items():
        if letter != step.letter:
            raise reader.fail("free-index", node)
    if isinstance(find(over), Unknown):
        unify(over, number if isinstance(number, str) else STEPS + step.key)
        world.sizes.setdefault(str(find(over)), 2)
    last = last_number(world, reader, step, number)
    length = last.add(1 - first).dim()
    unify(axis, length)
    # t stands where the entry that it defines stands, moved by this
    by = first - step.left - world.base
    count = fresh(step.letter)
    places = tuple((fresh("i"), find(d)) for d in shape)
    rest: tuple[Index, ...] = tuple(Var(v) for v, _ in places)
    moved = Shift(Var(count), by) if by else Var(count)
    body = substitute(value.at(rest), {step.letter: moved})
    begins: Term = ZERO if start.shape != shape else Entry(start.key, rest)
    place = At(length, -1) if step.backwards else At(None, 0)
    whole = Where(Test("=", Var(count), place), begins, body)
    symbol.shape = (length, *(find(d) for d in shape))
    symbol.definition = resolved(Lam(((count, length), *places), whole))
    symbol.recurrence = Recurrence(first, find(over), step.backwards)
    world.cited[step.key] = TRUE  # each step is written out, nothing hides in it
    world.letters.setdefault(step.letter, find(over))
    return symbol


def last_number(world: World, reader: Context, step: Step, number: int | str) -> Linear:
    """Of the last entry: the declared end, or how far all that a step takes exists."""
    assert world.base is not None
    dims = reader.dims
    over = Linear.of(world, dims[step.letter])
    assert over is not None
    lasts = [over.add(world.base + step.left - 1)]
    lowest = (number if isinstance(number, int) else world.base) + 1 - step.left - world.base
    for guard in reader.guards:
        if guard.dim is reader.world.symbols[step.key].shape[0]:
            continue
        space = room(world, guard, dims, step.letter)
        if space is None or not space[0].add(lowest).never_negative:
            raise reader.fail("index-outside", guard.node)
        lasts.append(space[1].add(world.base + step.left))
    if isinstance(number, str):
        lasts = [Linear(world, {number: 1})]
    for last in lasts[1:]:
        if last.coefs != lasts[0].coefs:
            raise reader.fail("index-outside", reader.guards[0].node)
    return min(lasts, key=lambda n: n.const)
