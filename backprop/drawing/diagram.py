"""From a Graph and its Backward to what is drawn: boxes, wires, and the texts on them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backprop.drawing.words import say

# In a box, the names that mathematics writes with a Greek letter; labels keep the code's name.
_GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "eps": "ε",
    "epsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "kappa": "κ",
    "lam": "λ",
    "lambda_": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
}


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
    where a gradient flows, the variable ``gradient``; both have the shape ``shape``. ``step``
    counts the forward steps from 1; ``back`` counts on from there: the upstream gradients, then
    the lines of the backward pass."""

    source: int
    target: int
    name: str
    shape: str
    gradient: str | None
    line: int | None
    step: int | None
    back: int | None


@dataclass(frozen=True)
class Diagram:
    title: str
    description: str
    items: list[Item]
    links: list[Link]
    main: int | None
    goal: int | None


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


def operands_of(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The nodes in an argument, however nested, each with the parameter's name."""
    if hasattr(value, "inputs") and hasattr(value, "op"):
        yield name, value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from operands_of(each, name)
    elif isinstance(value, slice):
        yield from operands_of((value.start, value.stop, value.step), name)


def operands(node: Any) -> Iterator[tuple[str, Any]]:
    """The operands of a node with the names of the parameters they were given for."""
    for parameter, argument in node.arguments.items():
        yield from operands_of(argument, parameter)


def shape_text(shape: tuple[int, ...]) -> str:
    return str(tuple(int(length) for length in shape))


def _number(value: Any) -> str | None:
    """A literal as the author would write it; None for what is no short number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return f"{value:g}".replace("-", "−")


def _key(key: Any) -> str | None:
    """An index as it is written, `:, 0`; None where it holds arrays or would be long."""
    parts = []
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, slice):
            bounds = [part.start, part.stop, *([part.step] if part.step is not None else [])]
            texts = ["" if bound is None else _number(bound) for bound in bounds]
            parts.append(None if None in texts else ":".join(text or "" for text in texts))
        elif part is None or part is Ellipsis:
            parts.append("…" if part is Ellipsis else "None")
        else:
            parts.append(_number(part))
    text = ", ".join(part for part in parts if part is not None)
    return text if None not in parts and len(text) <= 12 else None


def _index(key: Any) -> str:
    """An index in words, arrays by their names."""
    parts = []
    for part in key if isinstance(key, tuple) else (key,):
        named = [operand.name for _, operand in operands_of(part)]
        parts.append(", ".join(named) or _key(part) or repr(part))
    return ", ".join(parts)


_SUPERSCRIPT = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _infix(rule: Any) -> bool:
    return rule.forward.startswith("x ") and rule.forward.endswith(" y")


def symbol(node: Any) -> str:
    """What a drawing writes in the box of an operation: its symbol, with a literal operand
    (`2 ×`, `1 −`, `()³`) where there is one."""
    rule = getattr(node, "rule", None)
    text = (rule.symbol if rule is not None else "") or node.op
    arguments = list(node.arguments.values())
    if node.op in ("get", "put"):
        key = _key(node.arguments.get("key"))
        return text if key is None else text.replace("[ ]", f"[{key}]")
    if len(arguments) != 2:
        return text
    left, right = map(_number, arguments)
    if node.op == "power" and right is not None:
        return f"(){right.translate(_SUPERSCRIPT)}" if right.isdigit() else f"()^{right}"
    if node.op == "power" and left is not None:
        return f"{left}^()"
    if rule is not None and _infix(rule):
        if left is not None:
            return f"{left} {text}"
        if right is not None:
            return f"{text} {right}"
    return text


def forward_text(node: Any) -> str:
    """A forward step in words: `diff = x − mean`, `var = mean(square, axis=0)`."""
    rule = getattr(node, "rule", None)
    if node.op in ("get", "put"):
        entry = f"{node.arguments['x'].name}[{_index(node.arguments['key'])}]"
        if node.op == "get":
            return f"{node.name} = {entry}"
        return f"{entry} = {', '.join(n.name for _, n in operands_of(node.arguments['value']))}"
    defaults = rule.defaults if rule is not None else {}
    texts = []
    for parameter, value in node.arguments.items():
        named = [operand.name for _, operand in operands_of(value)]
        if named:
            texts.append(", ".join(named))
        elif parameter not in defaults:
            texts.append(repr(value))
        elif value is not defaults[parameter]:
            texts.append(f"{parameter}={value!r}")
    if rule is not None and len(texts) == 2 and _infix(rule):
        return f"{node.name} = {texts[0]} {rule.symbol} {texts[1]}"
    return f"{node.name} = {node.op}({', '.join(texts)})"


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
                return next((name for name in names if name not in partial), step.gradient)
        found = self._backward.gradient_of(node)
        return found[0] if found else None


def diagram(graph: Any, backward: Any = None, lang: str = "en") -> Diagram:
    """What to draw for ``graph``; without ``backward`` no gradients are written."""
    nodes, results = relevant(graph), outputs(graph)
    place = {id(node): index for index, node in enumerate(nodes)}
    forward = {id(node): step for step, node in enumerate(operations(graph), 1)}
    gradients = Gradients(backward)
    steps = gradients.steps
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
        text = symbol(node) if kind == "operation" else _GREEK.get(node.name, node.name)
        items.append(Item(node.name, text, kind, node.line, forward.get(id(node))))

    def link(node: Any, target: int, gradient: str | None) -> Link:
        step, shown = forward.get(id(node)), back.get(gradient or "")
        name, shape = node.name, shape_text(node.shape)
        return Link(place[id(node)], target, name, shape, gradient, node.line, step, shown)

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
    return Diagram(title, description, items, links, main, goal)


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
