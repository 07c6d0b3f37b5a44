"""Where a backward is judged: the arguments, the forward run there, and the cache from it."""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from backprop.graph.errors import TraceError
from backprop.graph.graph import Graph
from backprop.graph.node import plain
from backprop.graph.trees import Contents, children, copied, holds, is_object
from backprop.judging.lengths import fixes_lengths, lengths_of, other_lengths
from backprop.judging.source import find, plain_function
from backprop.judging.state import State, floating
from backprop.tracer import trace, trace_loss
from backprop.tracer.leaves import OWNER
from backprop.writer import gradients


@dataclass(frozen=True)
class Signature:
    """How a backward is called: with the cache or the arguments, its douts one by one or not."""

    cached: bool
    spread: bool  # several upstream gradients as parameters of their own
    alone: bool = False  # only the upstream gradient: the rest is an object's
    itself: bool = False  # it is the forward itself, which returns (loss, gradients)
    scaled: bool = True  # it takes the upstream gradient at all


@dataclass
class Point:
    """One place where the backward is run."""

    args: tuple[Any, ...]
    graph: Graph
    douts: tuple[np.ndarray, ...]
    cache: Any
    signature: Signature
    given: bool  # the caller's own arguments
    longer: bool = False  # other lengths than the caller's
    aside: str = ""  # what else is another than the caller's, as a word of the checker
    state: State | None = None  # the objects that the functions keep things in,
    after: Contents | None = None  # and what was in them after the forward
    shared: Contents | None = None  # a cache of objects, which their methods and closures know

    @property
    def dout(self) -> Any:
        return self.douts if self.graph.several else self.douts[0]

    def call(self, guarding: bool = True) -> tuple[tuple[Any, ...], dict[str, np.ndarray]]:
        """Fresh arguments for the backward, and those of its arrays that it must not change.

        Not `guarding`: nobody asks which they are.
        """
        if self.after is not None:
            self.after.restore()
        douts = tuple([each.copy() for each in self.douts])
        if self.signature.itself:
            return copied(self.args), {}
        upstream: tuple[Any, ...] = douts
        if not self.signature.spread:
            upstream = (douts,) if self.graph.several else douts
        if not self.signature.scaled:
            return (), {}
        if self.shared is not None:
            self.shared.restore()
            rest: tuple[Any, ...] = (self.cache,)
        else:
            rest = (_fresh(self.cache),) if self.signature.cached else copied(self.args)
        if self.signature.alone:
            rest = ()
        if not guarding:
            return (*upstream, *rest), {}
        guarded = {f"dout {i}": each for i, each in enumerate(douts)}
        guarded.update(_arrays_in(rest, "cache" if self.signature.cached else "argument"))
        return (*upstream, *rest), guarded


def _shared(cache: Any) -> Contents | None:
    """What is in a cache of an author's objects; None for others, which can be copied.

    A closure that goes back (`out.pull = pull`) holds the objects themselves, so that a copy of
    them would get none of what it writes.
    """
    contents, found, seen = Contents(), False, set()
    stack = [cache]
    while stack:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        found = found or is_object(item)
        if isinstance(item, np.ndarray) or holds(item):
            contents.keep(item)
            stack += [part for _, _, part in children(item)]
        elif isinstance(item, FunctionType):
            for cell in item.__closure__ or ():
                with contextlib.suppress(ValueError):  # not yet assigned
                    stack.append(cell.cell_contents)
    return contents if found else None


def _fresh(item: Any) -> Any:
    """A copy of a cache, however nested; faster than copy.deepcopy."""
    kind = type(item)
    if kind is np.ndarray:
        return item.copy()
    if kind is tuple:
        return tuple([_fresh(part) for part in item])
    if kind is list:
        return [_fresh(part) for part in item]
    if kind is dict:
        return {key: _fresh(part) for key, part in item.items()}
    return item if kind in (int, float, str, bool, type(None)) else copy.deepcopy(item)


def _arrays_in(item: Any, label: str) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    if isinstance(item, np.ndarray):
        found[label] = item
    elif isinstance(item, dict):
        for key, part in item.items():
            found.update(_arrays_in(part, f"{label} {key}"))
    elif isinstance(item, (tuple, list)):
        for i, part in enumerate(item):
            found.update(_arrays_in(part, f"{label} {i}"))
    return found


FAR = 10
LARGER = (3.0, 9.0)
MANY = 300  # nodes of which every trace takes its time
GUARD = 5e-5  # a number below it keeps from dividing by 0


def mover(
    seed: int, positive: bool = False, away: bool = False, size: float = 1.0
) -> Callable[[np.ndarray], np.ndarray]:
    """Makes other arguments: the same signs and ranges, other numbers, no ties.

    Zeros move to either side, or where that leaves the function's domain, to the positive one.
    `away`: other signs, too, and from FAR on other sizes. 0: the same numbers, in double precision.
    `size`: all of them that much larger.
    """
    rng = np.random.default_rng([20170330, seed])

    def move(x: np.ndarray) -> np.ndarray:
        x = x.astype(np.float64)
        if not seed:
            return x
        scale = float(np.abs(x).max(initial=0.0)) or 1.0
        moved = x * (1 - 0.3 * rng.random(x.shape))
        if away:
            # Smaller only: what is large saturates, where a right gradient loses its digits.
            some = rng.choice([1 / 3, 1.0]) if seed >= FAR else 1.0
            moved *= rng.choice([-some, some]) * np.where(rng.random(x.shape) < 0.25, -1.0, 1.0)
        aside = 0.01 * scale * rng.standard_normal(x.shape)
        return np.asarray(size * np.where(x == 0, np.abs(aside) if positive else aside, moved))

    return move


def returned(result: Any, count: int) -> tuple[tuple[Any, ...], Any]:
    """(outputs, cache) of a forward that has `count` outputs; None if it returns no cache."""
    if isinstance(result, (tuple, list)) and len(result) == 2:
        together, rest = result
        if isinstance(together, (tuple, list)) and len(together) == count:  # (h, c), cache
            return tuple(together), rest
    if isinstance(result, (tuple, list)) and len(result) > count:
        rest = result[count:]
        return tuple(result[:count]), rest[0] if len(rest) == 1 else tuple(rest)
    if isinstance(result, (tuple, list)) and count > 1:
        return tuple(result), None
    return (result,), None


def reads_cache(backward: Callable[..., Any], args: tuple[Any, ...]) -> bool | None:
    """Whether a backward's parameters say that it takes the cache; None if they do not say."""
    parameters = _parameters(backward)
    if parameters is None:
        return None
    names = [p.name.lower() for p in parameters]
    if any("cache" in name for name in names[1:]):
        return True
    return False if len(parameters) > 1 + len(args) or len(parameters) > 2 else None


def signature(
    backward: Callable[..., Any], forward: str, graph: Graph, cache: Any, state: State
) -> Signature:
    """How to call a backward; TraceError if its parameters fit no form."""
    parameters = _parameters(backward)
    outputs, arguments = len(graph.outputs), len(graph.call.parameters)
    if parameters is None:
        return Signature(cache is not None, False)
    names = [p.name.lower() for p in parameters]
    needed = sum(p.default is p.empty for p in parameters)
    place = next((i for i, name in enumerate(names) if i and "cache" in name), None)
    if place is None and cache is not None and needed in (2, outputs + 1):
        used = len(graph.call.args)
        if used != needed - 1 or isinstance(cache, dict) or _keeps(graph.call.function, backward):
            place = needed - 1
    if place is not None:
        if cache is None:
            raise TraceError(
                f"the backward takes `{parameters[place].name}`, but {forward} returns no cache; "
                "let it return (out, cache), or let the backward take (dout, *args)"
            )
        return Signature(True, outputs > 1 and place == outputs)
    used = len(graph.call.args)
    more = {p.name for p in parameters[outputs:]}
    if state and needed <= outputs and not more & set(graph.call.names):
        return Signature(False, len(parameters) >= outputs > 1, True, scaled=bool(parameters))
    spread = outputs > 1 and len(parameters) >= outputs + used
    if needed > used + (outputs if spread else 1) or len(parameters) < used + 1:
        wants = ", ".join(p.name for p in parameters)
        takes = ", ".join(name for name, *_ in graph.call.parameters[:used])
        raise TraceError(
            f"the backward takes ({wants}); it is called with (dout, cache) if its second "
            f"parameter is called `cache`, else with (dout, {takes})"
        )
    del arguments
    return Signature(False, spread)


def _parameters(f: Callable[..., Any]) -> list[inspect.Parameter] | None:
    try:
        found = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        return None
    return [p for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _required(f: Callable[..., Any]) -> list[inspect.Parameter]:
    return [p for p in _parameters(f) or () if p.default is p.empty]


def _keeps(f: Callable[..., Any], backward: Callable[..., Any]) -> bool:
    """Whether a backward's last parameter is, by its name, what the forward returns last.

    `return out, mask` and `backward(dout, mask)`, where the forward itself takes no `mask`.
    """
    function, _ = plain_function(f)
    source = None if function is None else find(function)
    required = _required(backward)
    if source is None or not required:
        return False
    returned = [node.value for node in ast.walk(source.tree) if isinstance(node, ast.Return)]
    last = [value.elts[-1] for value in returned if isinstance(value, ast.Tuple) and value.elts]
    name = required[-1].name
    given = {parameter.name for parameter in _parameters(f) or ()}
    return name not in given and name in {node.id for node in last if isinstance(node, ast.Name)}


def run_forward(f: Callable[..., Any], args: tuple[Any, ...], count: int, before: Contents) -> Any:
    """(outputs, cache) of the plain forward; TraceError if two runs of it differ.

    Each starts with what was in the objects `before`.
    """
    runs = []
    with np.errstate(all="ignore"):
        for _ in range(2):
            before.restore()
            runs.append(returned(f(*copied(args)), count))
    for first, second in zip(runs[0][0], runs[1][0], strict=True):
        if not np.array_equal(first, second, equal_nan=True):
            name = getattr(f, "__name__", type(f).__name__)
            raise TraceError(
                f"{name} gives another result when it is run again with the same arguments, so "
                "no gradient of it can be checked. Does it draw random numbers? Seed them inside "
                "(np.random.default_rng(0)), or pass what is drawn (a dropout mask) as an argument"
            )
    return runs[1]


def points(
    f: Callable[..., Any],
    backward: Callable[..., Any],
    args: tuple[Any, ...],
    state: State | None = None,
    most: int = 3,
    unasked: Callable[[Point], Collection[str]] | None = None,
    further: Sequence[tuple[tuple[Any, ...], Callable[[np.ndarray], np.ndarray]]] = (),
    size: float = 1.0,
) -> list[Point]:
    """The caller's arguments, then others near them, each with its graph and a random dout.

    `backward` may be `f` itself, which then returns (loss, gradients). `state` is what the two
    keep things in; whoever wants it as it was enters it as a context. The last point has other
    lengths, where the function allows it and the backward names none by a number: where N = D,
    the one is as good as the other. `most`: how many points there are, but for that one. Where
    the function has branches, one point has other signs: what is positive everywhere hides a mask
    that was forgotten. `size`: how much larger the arguments are at all points but the first.
    `unasked`: arguments of which the backward returns no gradient; those that are a choice
    (labels one-hot, a mask, probabilities) stay what they are. `further`: other arguments, and
    what is made of each; those come last at which the function is defined.

    Raises:
        TraceError, RuleError: the forward cannot be traced, or is not deterministic.
    """
    maker = _Maker(f, backward, args, State(f, backward, args) if state is None else state, size)
    number = min(most, 3 if floating(args, maker.state.owner) <= 1000 else 2)
    for i in range(number):
        point = maker.elsewhere(i) if 0 < i == number - 1 else None
        if point is None:
            point = maker.near(i)
        if point is not None:
            maker.found.append(point)
        if i == 0 and number > 1 and unasked is not None:
            maker.stay = _choices(maker.found[0], args, unasked)
    if not maker.state and most > 1 and size == 1:
        if (point := maker.longer(number)) is not None:
            maker.found.append(point)
    for i, (there, move) in enumerate(further):
        with contextlib.suppress(Exception):
            if (point := maker.make(there, number + 1 + i, move=move)) is not None:
                point.longer = there is not args
                point.aside = "" if point.longer else "aside_values"
                maker.found.append(point)
    return maker.found


class _Maker:
    """Makes points; the first of those `found` says how the backward is called at all of them.

    `stay`: where in the arguments a choice stands, which is the same at all points.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        backward: Callable[..., Any],
        args: tuple[Any, ...],
        state: State,
        size: float,
    ) -> None:
        self.f, self.backward, self.args, self.state, self.size = f, backward, args, state, size
        self.itself = backward is f
        self.cached = reads_cache(backward, args) or None
        self.found: list[Point] = []
        self.stay: set[str] = set()

    def traced(self, here: tuple[Any, ...]) -> Graph:
        """The forward's graph there; a second result that the backward takes is no output."""
        f, backward = self.f, self.backward
        with np.errstate(all="ignore"):
            if self.itself:
                return trace_loss(f, *copied(here))
            try:
                graph = trace(f, *copied(here), cache=self.cached)
            except TraceError:
                # `return y, ctx` and `backward(dy, ctx)`: it is no array, so it is what is kept.
                if self.cached is not None or len(_required(backward)) != 2:
                    raise
                try:
                    return trace(f, *copied(here), cache=True)
                except TraceError:
                    pass
                raise
            # `return loss, diff` and `backward(dloss, diff)`: the second is what it keeps.
            kept = self.cached is None and not self.state and len(graph.outputs) == 2
            if not kept or len(_required(backward)) != 2:
                return graph
            if len(self.args) > 1 or _keeps(f, backward):
                return trace(f, *copied(here), cache=True)
            return graph

    def make(
        self,
        args: tuple[Any, ...],
        i: int,
        positive: bool = False,
        away: bool = False,
        move: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Point | None:
        """The point; None if the results there are not finite, though others may be."""
        state = self.state
        here = state.placed(args, move or mover(i, positive, away, self.size), self.stay)
        before = state.kept()
        graph = self.traced(here)
        if (away or move is not None) and _beyond_a_guard(graph):
            return None
        with np.errstate(all="ignore"):
            outputs, cache = run_forward(self.f, here, len(graph.outputs), before)
        if i and not all(np.isfinite(each).all() for each in outputs):
            return None
        if self.found:
            how = self.found[0].signature
        elif self.itself:
            how = Signature(False, False, itself=True)
        else:
            how = signature(self.backward, graph.function, graph, cache, state)
        rng = np.random.default_rng([20170330, 7, i])
        douts = tuple([upstream_of(rng, node.shape) for node in graph.outputs])
        if self.itself or not how.scaled:
            douts = tuple([np.ones(node.shape) for node in graph.outputs])
        if self.itself:
            before.restore()
        state.blank(graph, here)
        after = state.kept() if state else None
        shared = _shared(cache) if how.cached else None
        return Point(
            here, graph, douts, cache, how, i == 0, state=state, after=after, shared=shared
        )

    def near(self, i: int) -> Point | None:
        """A point near the caller's arguments, positive where it must be."""
        for positive in (False, True):
            try:
                point = self.make(self.args, i, positive)
            except Exception:
                if i == 0:
                    raise
                continue
            if point is not None:
                return point
        return None

    def elsewhere(self, i: int) -> Point | None:
        """A point with other signs, where branches go both ways, if there is one among a few."""
        if not _branches(self.found[0].graph):
            return None
        best, left = None, set.intersection(*(_one_way(point) for point in self.found))
        for seed in range(i, 6 * FAR, FAR):
            with contextlib.suppress(Exception):
                point = self.make(self.args, seed, away=True)
                still = left if point is None else left & _one_way(point)
                if point is not None and (best is None or still < left):
                    best, left = point, still
            if best is not None and not left:
                return best
        # Where nothing turns, `1 - x > 0` may: further out, but not where everything saturates.
        few = len(self.found[0].graph.nodes) > MANY
        for larger, seed in itertools.product(LARGER, range(i, i + (1 if few else 3))):
            if not left:
                break
            with contextlib.suppress(Exception):
                moved = mover(seed, away=True, size=larger * self.size)
                point = self.make(self.args, seed, move=moved)
                if point is not None and left & _one_way(point) < left:
                    return point
        return best

    def longer(self, i: int) -> Point | None:
        """A point at other lengths, if the function allows them and they tell more."""
        args = _longer(self.traced, self.backward, self.args, self.found[0])
        if args is None:
            return None
        with contextlib.suppress(Exception):
            kept = [
                _longer_choice(self.args[k], each) if f"[{k}]" in self.stay else each
                for k, each in enumerate(args)
            ]
            if (point := self.make(tuple(kept), i)) is not None:
                point.longer = True
                return point
        return None


def _beyond_a_guard(graph: Graph) -> bool:
    """Whether a value is below a bound that keeps a logarithm or a quotient from 0: nobody means
    what is there, and the textbook's gradient goes on as above it."""
    for node in graph.nodes:
        bounds = map(plain, node.operands if node.op in ("maximum", "clip") else ())
        for bound in bounds:
            if isinstance(bound, float | np.ndarray) and np.ndim(bound) == 0 and 0 < bound < GUARD:
                if np.any(node.value == bound):
                    return True
    return False


def _branches(graph: Graph) -> bool:
    """Whether a function goes another way for other signs."""
    rules = [node.rule for node in graph.nodes if node.rule is not None]
    return any(rule.kink or rule.op in _BRANCHES for rule in rules)


def _one_way(point: Point) -> set[str]:
    """The nodes at which all entries take the same branch, of those that the result depends on.

    Behind a relu, a pool takes the largest: where those are all positive, it is as good as none.
    """
    graph, found = point.graph, set()
    flow: Mapping[str, np.ndarray] = {}
    if len(graph.nodes) <= _TRACED:
        flow = gradients(graph, point.dout).nodes
    for node in graph.nodes:
        if node.rule is None or not (node.rule.kink or node.op in _BRANCHES):
            continue
        if node.op in _BRANCHES[2:]:
            side = node.value
        elif node.op == "where":
            side = plain(node.operands[0])
        else:
            piece = node.rule.piece or np.sign
            with np.errstate(all="ignore"):
                side = piece(*[plain(operand) for operand in node.operands])
        if node.name in flow and np.ndim(side) <= node.value.ndim:
            with contextlib.suppress(ValueError):  # of what is reduced
                side = np.broadcast_to(side, node.shape)[flow[node.name] != 0]
        if np.size(side) and np.all(side == np.ravel(side)[0]):
            found.add(node.name)
    return found


_BRANCHES = ("where", "sign", "greater", "less", "greater_equal", "less_equal")


def _choices(
    point: Point, args: tuple[Any, ...], unasked: Callable[[Point], Collection[str]]
) -> set[str]:
    """Where in the arguments a choice stands of which nobody wants the gradient."""
    nodes = [node for node in point.graph.differentiated if _is_choice(node.value)]
    if not nodes:
        return set()
    place = {name: f"[{i}]" for i, name in enumerate((*point.graph.call.names, OWNER))}
    place[OWNER] = f"[{len(args)}]"
    names = unasked(point)
    found = set()
    for node in nodes:
        root = re.split(r"[.\[]", node.name)[0]
        if node.name in names and root in place:
            found.add(place[root] + node.name[len(root) :])
    return found


def _is_choice(array: np.ndarray) -> bool:
    """Labels one-hot, a mask (scaled, perhaps), probabilities, a symmetric matrix."""
    values = np.unique(array)
    if array.ndim == 0 or len(values) < 2:
        return False
    if (len(values) == 2 and 0 in values) or _is_symmetric(array):
        return True
    return bool(values[0] >= 0 and _summed_to_one(array))


def _is_symmetric(array: np.ndarray) -> bool:
    """Affinities, a covariance, who stands beside whom."""
    return array.ndim == 2 and array.shape[0] > 1 and np.array_equal(array, array.T)


def _summed_to_one(array: np.ndarray) -> list[int]:
    """The axes along which a choice is made; the last one first."""
    sums = {axis: array.sum(axis=axis) / array.max() for axis in range(array.ndim)[::-1]}
    one = 1 if len(np.unique(array)) == 2 else 1 / array.max()  # one-hot, whatever its one is
    return [axis for axis, each in sums.items() if np.allclose(each, one, rtol=1e-9)]


def _longer_choice(array: np.ndarray, longer: np.ndarray) -> np.ndarray:
    """The same kind of choice at other lengths."""
    if _is_symmetric(array):
        both = longer + longer.T if array.min() < 0 else np.abs(longer + longer.T)
        if not array.diagonal().any():
            np.fill_diagonal(both, 0)
        return np.asarray(both / both.sum() if np.isclose(array.sum(), 1, rtol=1e-9) else both)
    axes = _summed_to_one(array)
    if not axes:
        return np.resize(array, longer.shape)
    if len(np.unique(array)) > 2:
        rows = np.abs(longer)
        return np.asarray(rows / rows.sum(axis=axes[0], keepdims=True))
    lanes = np.moveaxis(longer, axes[0], -1).shape
    rows = np.zeros((longer.size // lanes[-1], lanes[-1]))
    rows[np.arange(len(rows)), np.arange(len(rows)) * 7 // 3 % lanes[-1]] = array.max()
    return np.moveaxis(rows.reshape(lanes), -1, axes[0])


_TRACED = 4000  # nodes that are traced to find out which lengths may be others


def _longer(
    traced: Callable[[tuple[Any, ...]], Graph],
    backward: Callable[..., Any],
    args: tuple[Any, ...],
    point: Point,
) -> tuple[Any, ...] | None:
    """The arguments at other lengths; None if those given are as good, or the only ones."""
    lengths = lengths_of(list(args))
    tries = min(32, _TRACED // max(1, len(point.graph.nodes)))
    if tries < 2 or not lengths or fixes_lengths(backward, lengths):
        return None

    def looked_at(some: list[Any]) -> Graph:
        graph = traced(tuple(some))
        if not _all_used(graph, point.graph):
            raise ValueError("entries that the function does not look at")
        return graph

    try:
        found = other_lengths(looked_at, list(args), tries)
    except Exception:
        return None
    return None if found is None else tuple(found)


def _all_used(graph: Graph, before: Graph) -> bool:
    """Whether the function looks at what a longer axis has more: a backward need not know of it."""
    grown = [
        (node, axis, old)
        for node, first in zip(graph.differentiated, before.differentiated, strict=True)
        for axis, (old, new) in enumerate(zip(first.shape, node.shape, strict=True))
        if new > old
    ]
    if not grown:
        return True
    douts = tuple(np.random.default_rng(1).normal(size=node.shape) for node in graph.outputs)
    found = gradients(graph, douts if graph.several else douts[0]).nodes
    for node, axis, old in grown:
        more = np.moveaxis(found[node.name], axis, 0)[old:]
        if not np.any(more.reshape(len(more), -1), axis=1).all():
            return False
    return True


def upstream_of(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random, both signs, no entry near zero: no two entries alike."""
    return np.asarray(rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape))
