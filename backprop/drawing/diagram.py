"""From a Graph and its Backward to what is drawn: boxes, wires, and the texts on them."""

import math
import re
from dataclasses import dataclass
from typing import Any

from backprop.drawing.texts import (
    expression,
    forward_text,
    letter,
    operands,
    shape_text,
    symbol,
    written,
)
from backprop.drawing.words import say

_LONGEST = 14  # of an expression that labels a wire


@dataclass(frozen=True)
class Item:
    """A box. ``kind`` is "input", "constant", "operation" or "output"."""

    name: str
    text: str
    kind: str
    line: int | None
    step: int | None


@dataclass(frozen=True)
class Link:
    """A wire from box ``source`` to box ``target`` (indices), carrying the value ``name`` and,
    where a gradient flows, the variable ``gradient``; both have the shape ``shape``, but for a
    gradient whose ``gradient_shape`` says otherwise. ``text`` is what is written for the value.
    ``step`` counts the forward steps from 1; ``back`` counts on from there: the upstream
    gradients, then the lines of the backward pass."""

    source: int
    target: int
    name: str
    shape: str
    gradient: str | None
    line: int | None
    step: int | None
    back: int | None
    text: str = ""
    gradient_shape: str = ""


@dataclass(frozen=True)
class Diagram:
    title: str
    description: str
    items: list[Item]
    links: list[Link]
    main: int | None
    goal: int | None
    exact: bool = False


def outputs(graph: Any) -> list[Any]:
    """The nodes that the function returned, each once."""
    returned = graph.output if isinstance(graph.output, (tuple, list)) else [graph.output]
    return list({id(node): node for node in returned if hasattr(node, "inputs")}.values())


def relevant(graph: Any) -> list[Any]:
    """The nodes that the output depends on, in execution order."""
    needed: set[int] = set()
    stack = outputs(graph)
    while stack:
        node = stack.pop()
        if id(node) not in needed:
            needed.add(id(node))
            stack.extend(node.inputs)
    return [node for node in graph.nodes if id(node) in needed]


def operations(graph: Any) -> list[Any]:
    """The forward steps: the relevant nodes that compute something."""
    return [node for node in relevant(graph) if node.op not in ("input", "constant")]


class Gradients:
    """The names that the backward pass gives to what comes back on each wire."""

    def __init__(self, backward: Any) -> None:
        self.steps = list(backward.steps) if backward is not None else []
        self._wires = dict(backward.wires) if backward is not None else {}
        self._backward = backward
        # One operand may be used several times by one step, as in concatenate([x, x]).
        self._partials: dict[tuple[str, str, str], list[str]] = {}
        for step in self.steps:
            if step.user is not None:
                key = (step.node.name, step.user.name, step.operand)
                self._partials.setdefault(key, []).append(step.gradient)

    def wire(self, source: Any, user: Any, operand: str) -> str | None:
        """What comes back from ``user``; None where no gradient flows."""
        key = (source.name, user.name, operand)
        left = self._partials.get(key)
        return left.pop(0) if left else self._wires.get(key)

    def upstream(self, node: Any) -> str | None:
        """What comes back to an output from outside."""
        if self._backward is None:
            return None
        for step in self.steps:
            if step.node is node and step.user is None:
                partial = set(self._wires.values())
                names = re.findall(r"\w+", step.line.partition("=")[2])
                result: str | None = next(
                    (name for name in names if name not in partial), step.gradient
                )
                return result
        found = self._backward.gradient_of(node)
        return found[0] if found else None


def held_shape(held: tuple[int, ...], whole: tuple[int, ...], lang: str) -> str:
    """The shape that a gradient has in the code, which broadcasting may still complete."""
    shape = shape_text(held)
    smaller = held != whole and math.prod(held) < math.prod(whole)
    return shape + say("broadcast", lang) if smaller else shape


def diagram(graph: Any, backward: Any = None, lang: str = "en", *, exact: bool = False) -> Diagram:
    """What to draw for ``graph``; without ``backward`` no gradients are written.

    ``exact``: as the code beside it has it, for figures: gradients with the shapes that the lines
    give them, no names that the code does not have, and wires that can turn round.
    """
    nodes, results = relevant(graph), outputs(graph)
    place = {id(node): index for index, node in enumerate(nodes)}
    forward = {id(node): step for step, node in enumerate(operations(graph), 1)}
    gradients = Gradients(backward)
    steps = gradients.steps
    has_name = written(backward if exact else None)
    held = {step.gradient: (step.shape, step.node.shape) for step in steps} if exact else {}
    given = [name for name in map(gradients.upstream, results) if name is not None]
    back = {
        name: len(forward) + number
        for number, name in enumerate((*given, *(step.gradient for step in steps)), 1)
    }

    items = []
    for node in nodes:
        kind = node.op if node.op in ("input", "constant") else "operation"
        if kind == "input" and not node.differentiable:
            kind = "constant"
        text = symbol(node) if kind == "operation" else letter(node.name)
        items.append(Item(node.name, text, kind, node.line, forward.get(id(node))))

    def link(node: Any, target: int, gradient: str | None) -> Link:
        step, shown = forward.get(id(node)), back.get(gradient or "")
        name, shape = node.name, shape_text(node.shape)
        text = name
        if exact and not has_name(node):
            told = expression(node, has_name)
            text = told if len(told) <= _LONGEST else ""
        lazy = held_shape(*held[gradient], lang) if gradient in held else shape
        at = place[id(node)]
        return Link(at, target, name, shape, gradient, node.line, step, shown, text, lazy)

    links = []
    for index, node in enumerate(nodes):
        for operand, source in operands(node):
            links.append(link(source, index, gradients.wire(source, node, operand)))
    for node in results:
        place_of_output = len(items)
        step = forward.get(id(node))
        items.append(Item(node.name, _result_name(node), "output", node.line, step))
        links.append(link(node, place_of_output, gradients.upstream(node)))
    main = next((place[id(n)] for n in graph.inputs.values() if id(n) in place and n.active), None)
    if main is None:
        main = next((place[id(n)] for n in nodes if not n.inputs), None)
    goal = len(nodes) if results else None
    description = _describe(nodes, results, steps, lang)
    title = say("title", lang, name=graph.function)
    return Diagram(title, description, items, links, main, goal, exact)


def _result_name(node: Any) -> str:
    return node.name if getattr(node, "named", True) else "out"


def _describe(nodes: list[Any], results: list[Any], steps: list[Any], lang: str) -> str:
    """The text alternative: inputs, forward steps, outputs and backward lines, in order."""

    def several(key: str, texts: list[tuple[str, Any]]) -> str:
        items = [say("item", lang, text=text, shape=shape_text(shape)) for text, shape in texts]
        return say(key, lang, list=say("separator", lang).join(items)) if items else ""

    ends = ("input", "constant")
    sentences = [
        several("inputs", [(node.name, node.shape) for node in nodes if node.op in ends]),
        several("forward", [(forward_text(n), n.shape) for n in nodes if n.op not in ends]),
        several("output", [(_result_name(node), node.shape) for node in results]),
        several("backward", [(step.line, step.shape) for step in steps]),
    ]
    return " ".join(sentence for sentence in sentences if sentence)
