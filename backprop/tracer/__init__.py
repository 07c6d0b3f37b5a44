"""Runs a numpy function once and writes down every step: `trace(f, *args)` is its Graph."""

from __future__ import annotations

import ast
import inspect
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from backprop.graph.errors import RuleError, TraceError
from backprop.graph.graph import Graph
from backprop.graph.lengths import Length, argument
from backprop.graph.node import Node
from backprop.graph.rule import CONSTANT, DIFFERENTIABLE
from backprop.graph.trees import arrays, holds, shallow, skeleton
from backprop.tracer.array import Array, LeftGraph, current, traced
from backprop.tracer.leaves import OWNER, Leaves, owner_of
from backprop.tracer.naming import give_names
from backprop.tracer.operators import equip
from backprop.tracer.reach import names_in
from backprop.tracer.standin import StandingIn
from backprop.tracer.tape import Tape

equip()


@dataclass
class Call:
    """How f was called: what a derived function needs to have the same parameters."""

    name: str
    function: Callable[..., Any]
    names: tuple[str, ...]  # of the parameters that `args` went to
    args: tuple[Any, ...]  # dictionaries and lists as they were
    marks: dict[str, Any]  # fingerprints of the arrays, to notice a later change
    cache: bool | None  # as given to `trace`
    functions: Sequence[FunctionType] = ()  # of the author, that were within reach
    owner: Any = None  # the object whose method was traced
    flowing: frozenset[str] = frozenset()  # the paths of the inputs
    skeleton: Any = None  # what `like` says of the arguments, if they hold arrays

    @cached_property
    def parameters(self) -> list[tuple[str, str, Any]]:
        """Name, kind and default of each parameter of f."""
        return _parameters(self.function, self.names)

    def leaves(self, args: tuple[Any, ...]) -> dict[str, np.ndarray]:
        """The arrays among arguments, and those inside them, by their paths."""
        found: dict[str, np.ndarray] = {}
        for name, arg in zip((*self.names, OWNER), (*args, self.owner), strict=True):
            found.update(arrays(name, arg))
        return found

    def like(self, args: tuple[Any, ...]) -> Any:
        """Equal for arguments for which the same lines are derived."""
        constants = {
            path: mark(array)
            for path, array in self.leaves(args).items()
            if path not in self.flowing
        }
        return skeleton([*args, self.owner]), constants

    @property
    def scope(self) -> dict[str, Any]:
        """The parameters that have a value: what f was given, and defaults."""
        defaults = {name: value for name, _, value in self.parameters if value is not _EMPTY}
        return {**defaults, **dict(zip(self.names, self.args, strict=True))}

    @cached_property
    def legible(self) -> dict[str, Any]:
        """The part of `scope` that the derived function has: it has no default without a text."""
        unsaid = {
            name
            for name, _, value in self.parameters
            if value is not _EMPTY and name not in self.names and written(value) is None
        }
        return {name: value for name, value in self.scope.items() if name not in unsaid}


def written(value: Any) -> str | None:
    """A default as source: numbers, strings, and lists and dictionaries of those."""
    try:
        text = repr(value)
        return text if ast.literal_eval(text) == value else None
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


_EMPTY = inspect.Parameter.empty


def trace(f: Callable[..., Any], *args: Any, cache: bool | None = None) -> Graph:
    """The graph of `f(*args)`; see `backprop.trace`."""
    return _traced(f, args, cache, False)


def trace_loss(f: Callable[..., Any], *args: Any) -> Graph:
    """The graph of the loss of a function that returns (loss, its gradients).

    Only the steps that the loss follows from are in it.
    """
    return _traced(f, args, None, True)


def _traced(f: Callable[..., Any], args: tuple[Any, ...], cache: bool | None, loss: bool) -> Graph:
    names = parameter_names(f, args)
    every = False
    try:
        graph, state = _trace(f, args, names, cache, loss)
    except LeftGraph as error:  # perhaps at a plain array: once more, asking everywhere
        every = True
        try:
            graph, state = _trace(f, args, names, cache, loss, every=True)
        except (TraceError, RuleError):
            raise TraceError(str(error)) from None
    if state:  # known only now: the attributes that f sets again are no parameters
        graph, _ = _trace(f, args, names, cache, loss, state, every)
    return graph


def _trace(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    names: tuple[str, ...],
    cache: bool | None,
    loss: bool,
    state: frozenset[str] = frozenset(),
    every: bool = False,
) -> tuple[Graph, frozenset[str]]:
    """One run; and which attributes must not be differentiated after all."""
    tape = Tape()
    inputs: dict[str, Node] = {}
    kept = args
    given: list[Any] = []
    trees: list[tuple[str, Any]] = []  # arguments that hold arrays
    called: list[Any] = []  # and functions
    outputs: tuple[Node, ...]
    flows = False
    for parameter, value in zip(names, args, strict=True):
        if isinstance(value, np.ndarray):
            flow = DIFFERENTIABLE if value.dtype.kind == "f" else CONSTANT
            if not flow and value.dtype.hasobject:
                raise TraceError(
                    f"{_place(f)}: argument `{parameter}` is an array of objects; "
                    "make it an array of numbers, with one shape"
                )
            node = inputs[parameter] = tape.input(parameter, value, flow)
            if flow:
                value = traced(tape, node)
                flows = True
        elif type(value) is int:
            value = argument(parameter, value)
        elif holds(value):
            trees.append((parameter, value))
        elif callable(value):
            called.append(value)
        given.append(value)
    owner = None if type(f) is FunctionType else owner_of(f)
    standing = StandingIn(f, tape, [*called, *[value for _, value in trees]], every)
    leaves = None
    if trees or owner is not None:
        kept = tuple([shallow(arg) for arg in args])
        leaves = Leaves(tape, inputs, trees, owner, names, state)
        flows = flows or leaves.flow
    if not flows:
        kinds = ", ".join(
            f"`{parameter}` is {_kind(value)}" for parameter, value in zip(names, args, strict=True)
        )
        raise TraceError(
            f"{_place(f)} has nothing to differentiate: {kinds or 'it was given no arguments'}. "
            "Pass floating-point arrays: x.astype(float), np.array(2.0)"
        )
    try:
        with standing:
            if leaves is not None:
                given = leaves.into(given, names)
            defaults = _defaults(f, names)
            result = f(*given, **defaults) if defaults else f(*given)
            if loss:
                result = _loss(f, result)
            if type(result) is Array:
                outputs, several = (current(result),), False
            else:
                outputs, several = _outputs(f, result, tape, args, given, cache)
            state = frozenset() if leaves is None else leaves.settle(outputs)
            if loss:
                _prune(tape, inputs, outputs)
    except RecursionError:
        raise TraceError(
            f"{_place(f)} calls itself without end (RecursionError); a recursion needs a case "
            "in which it stops"
        ) from None
    except (TypeError, ValueError) as error:
        ours = error.__cause__ or error.__context__
        if isinstance(ours, TraceError):  # numpy has put its own error over it
            raise ours from None
        raise
    known, aliases, invented = give_names(tape, f, outputs)
    marks = {parameter: mark(node.value) for parameter, node in inputs.items()}
    name = _name(f)
    call = Call(name, f, names, kept, marks, cache)
    call.functions = standing.functions
    if leaves is not None:
        call.owner = owner
        call.flowing = frozenset(inputs)
        call.skeleton = call.like(args)
        more = {**leaves.aliases, **leaves.short(), **aliases}
        aliases = {name: path for name, path in more.items() if name not in known}
    branches = tuple(tape.branches)
    graph = Graph(
        name, tape.nodes, inputs, outputs, several, branches, aliases, call, known, invented
    )
    return graph, state


def _loss(f: Callable[..., Any], result: Any) -> Any:
    """The first of (loss, gradients)."""
    if not isinstance(result, (tuple, list)) or len(result) < 2:
        raise TraceError(
            f"{_place(f)} is checked without a backward, so it must return (loss, gradients); it "
            f"returns {_kind(result)}"
        )
    if np.ndim(result[0]):
        raise TraceError(
            f"{_place(f)} is checked without a backward, so the first value that it returns must "
            f"be the loss, a single number; it has shape {np.shape(result[0])}"
        )
    return result[0]


def _prune(tape: Tape, inputs: dict[str, Node], outputs: tuple[Node, ...]) -> None:
    """Leave out what the outputs do not follow from, such as the author's own gradients."""
    wanted = {*inputs.values(), *outputs, *(node for node, _ in tape.branches)}
    for node in reversed(tape.nodes):
        if node in wanted:
            wanted.update(node.inputs)
    tape.nodes[:] = [node for node in tape.nodes if node in wanted]
    tape.pruned = True


def _name(f: Callable[..., Any]) -> str:
    named = f.func if isinstance(f, partial) else f
    return getattr(named, "__name__", None) or type(named).__name__


def steady(graph: Graph) -> bool:
    """Whether the function gives the same again; False where it draws other random numbers."""
    call = graph.call
    if not any(names_in(function.__code__).draws for function in call.functions):
        return True
    again = trace(call.function, *call.args, cache=call.cache)
    return all(
        np.array_equal(old.value, new.value, equal_nan=old.value.dtype.kind == "f")
        for old, new in zip(graph.outputs, again.outputs, strict=False)
    )


def mark(value: np.ndarray) -> Any:
    """The contents of a small array, a checksum of a large one."""
    if value.nbytes < 4096:
        return value.tobytes()
    return zlib.crc32(np.ascontiguousarray(value).data)


def unchanged(graph: Graph) -> None:
    """TraceError if an argument was written to since the trace."""
    for name, node in graph.inputs.items():
        if mark(node.value) != graph.call.marks[name]:
            raise TraceError(
                f"`{name}` was modified after {graph.function} was traced, so its values no "
                "longer belong to the graph; trace again, or trace a copy"
            )


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return f"a {type(value).__name__}"


_signatures: WeakKeyDictionary[Any, list[inspect.Parameter] | None] = WeakKeyDictionary()


def _signature(f: Callable[..., Any]) -> list[inspect.Parameter] | None:
    """The parameters of f; None for what has no signature."""
    try:
        return _signatures[f]
    except (KeyError, TypeError):
        pass
    try:
        parameters: list[inspect.Parameter] | None = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = None
    if isinstance(f, FunctionType):
        _signatures[f] = parameters
    return parameters


def parameter_names(f: Callable[..., Any], args: tuple[Any, ...]) -> tuple[str, ...]:
    """The names of the parameters that `args` go to; `*xs` gives xs_1, xs_2, …"""
    if type(f) is FunctionType and not f.__dict__ and len(args) <= f.__code__.co_argcount:
        return f.__code__.co_varnames[: len(args)]  # the usual case, without `inspect`
    parameters = _signature(f)
    if parameters is None:
        return tuple([f"x{i + 1}" for i in range(len(args))])
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}_{i + 1}" for i in range(len(args) - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    if len(args) > len(names):
        raise TraceError(
            f"{getattr(f, '__name__', f)} takes {len(names)} arguments, {len(args)} were given"
        )
    return tuple(names[: len(args)])


def _defaults(f: Callable[..., Any], names: tuple[str, ...]) -> dict[str, Length]:
    """The whole numbers that f has as defaults and was not given, to be traced as such."""
    if type(f) is not FunctionType or f.__dict__ or not (f.__defaults__ or f.__kwdefaults__):
        return {}
    code = f.__code__
    positional = code.co_varnames[code.co_posonlyargcount : code.co_argcount]
    pairs = list(zip(reversed(positional), reversed(f.__defaults__ or ()), strict=False))
    pairs += (f.__kwdefaults__ or {}).items()
    return {
        name: argument(name, value)
        for name, value in pairs
        if type(value) is int and name not in names
    }


def _parameters(f: Callable[..., Any], names: tuple[str, ...]) -> list[tuple[str, str, Any]]:
    """The signature of the derived function: the parameters of f, in order, with defaults."""
    parameters = _signature(f)
    if parameters is None:
        return [(name, "", _EMPTY) for name in names]
    result: list[tuple[str, str, Any]] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            result += [(name, "", _EMPTY) for name in names[len(result) :]]
        elif parameter.kind is not parameter.VAR_KEYWORD:
            kind = "*" if parameter.kind is parameter.KEYWORD_ONLY else ""
            result.append((parameter.name, kind, parameter.default))
    return result


def _outputs(
    f: Callable[..., Any],
    result: Any,
    tape: Tape,
    args: tuple[Any, ...],
    given: list[Any],
    cache: bool | None,
) -> tuple[tuple[Node, ...], bool]:
    """The nodes that f returned, and whether they were a tuple."""
    several = isinstance(result, (tuple, list))
    items = list(result) if several else [result]
    if several and len(items) > 1:
        last = items[-1]
        is_cache = (
            isinstance(last, (list, dict, tuple))
            or last is None
            or (callable(last) and type(last) is not Array)  # a closure that goes back
            or any(last is item for item in (*given, *args) if item is not None)
            or (len(items) == 2 and _one(last, items[0]))  # `cache = out; return out, cache`
        )
        if cache or (cache is None and is_cache):
            items = items[:-1]
            several = len(items) > 1
            if len(items) == 1 and isinstance(items[0], (tuple, list)):  # (h, c), cache
                items, several = list(items[0]), True
    if not items:
        raise TraceError(
            f"{_place(f)} returns an empty {type(result).__name__}, it must return arrays"
        )
    nodes = []
    for item in items:
        if type(item) is Array:
            nodes.append(current(item))
        elif isinstance(item, (np.ndarray, np.number, float, int)) and (
            np.asarray(item).dtype.kind in "fiub"
        ):
            nodes.append(tape.constant(np.asarray(item)))
        else:
            what = "None" if item is None else f"a {type(item).__name__}"
            if isinstance(item, str):
                what += f" ({item!r:.40})"
            elif isinstance(item, dict) and item:
                what += f" with {', '.join(map(repr, item))}"
            raise TraceError(f"{_place(f)} returns {what}; {_instead(items, item)}")
    return tuple(nodes), several


def _instead(items: list[Any], item: Any) -> str:
    """What to return, where `item` is no array."""
    place = next(i for i, part in enumerate(items) if part is item)
    arrays = [part for part in items if isinstance(part, np.ndarray)]
    if 0 < place < len(items) - 1 and arrays:  # (out, cache, mean, var)
        return (
            f"what is no array comes last: it is number {place + 1} of {len(items)}. Return "
            "(out, cache) with the rest in the cache, or (out, mean, var, cache)"
        )
    return "it must return an array, several arrays, or (out, cache)"


def _one(a: Any, b: Any) -> bool:
    """Whether two results are the same value."""
    return type(a) is Array and type(b) is Array and current(a) is current(b)


def _place(f: Any) -> str:
    """Where a function is defined, for messages."""
    f = f.func if isinstance(f, partial) else f
    code = getattr(getattr(f, "__func__", f), "__code__", None)
    name = getattr(f, "__name__", type(f).__name__)
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code is not None else name
