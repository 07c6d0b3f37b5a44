"""What a backward returned, and of which argument each part is the gradient."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backprop.graph.graph import Graph
from backprop.graph.node import Node
from backprop.judging.instrument import attribute, keyed, text_of
from backprop.judging.names import spelled, unmarked
from backprop.judging.truth import Truth

Path = tuple[Any, ...]  # the keys that lead to a part of the result; () is the whole


class Misfit(Exception):  # noqa: N818
    """The backward returns something that cannot be compared: why, and the hint."""

    def __init__(self, key: str, hint: str, **said: Any) -> None:
        super().__init__(key)
        self.key, self.hint, self.said = key, hint, said


class Missing:
    """In the place of a gradient that was not returned."""

    def __repr__(self) -> str:
        return "not returned"


MISSING = Missing()


@dataclass
class Found:
    """What a run has given: what it returned, and gradients that it left in attributes.

    `first`: how many of the returned values are none, as the loss in (loss, gradients).
    """

    value: Any
    first: int = 0
    attributes: dict[str, tuple[str, np.ndarray]] = field(default_factory=dict)

    def places(self, graph: Graph, labels: Sequence[str | None]) -> list[Path | None]:
        """Of each argument's gradient; the keys begin with "value" or "attribute"."""
        found: list[Path | None]
        try:
            found = self._returned(graph, labels)
        except Misfit:
            if not self.attributes:
                raise
            found = [None] * len(graph.differentiated)
        for i, node in enumerate(graph.differentiated):
            if found[i] is None and node.name in self.attributes:
                found[i] = ("attribute", node.name)
        return _some(found, self.value)

    def _returned(self, graph: Graph, labels: Sequence[str | None]) -> list[Path | None]:
        if not self.first:
            found = places(self.value, graph, labels)
            return [None if path is None else ("value", *path) for path in found]
        first = self.first
        rest = self.value[first:] if isinstance(self.value, (tuple, list)) else ()
        alone = len(rest) == 1
        found = places(rest[0] if alone else tuple(rest), graph, labels[first:])
        at = [None if p is None else (p if alone else (p[0] + first, *p[1:])) for p in found]
        return [None if p is None else ("value", *([first] if alone else []), *p) for p in at]

    def part(self, path: Path) -> Any:
        if path[0] == "attribute":
            return self.attributes[path[1]][1]
        return part_of(self.value, path[1:])


def as_results(result: Any, truth: Truth, labels: Sequence[str | None] = ()) -> list[Any]:
    """What a backward returned, one entry a differentiated argument; `MISSING` where nothing was.

    `labels` are the variables that its `return` names, in order. Misfit if nothing fits.
    """
    return [
        MISSING if path is None else part_of(result, path)
        for path in places(result, truth.graph, labels)
    ]


def places(result: Any, graph: Graph, labels: Sequence[str | None] = ()) -> list[Path | None]:
    """Where in a result each argument's gradient is; None where it was left out.

    As many arrays as there are arguments to differentiate stand in their order. Else they are
    known by their names (keys of dictionaries, variables in the `return`), then by their
    shapes, in order: nobody returns the gradient of targets, of a mask, of the images.
    """
    if isinstance(result, Found):
        return result.places(graph, labels)
    inputs = list(graph.differentiated)
    if result is None:
        raise Misfit("none", "error")
    sequence = isinstance(result, (tuple, list))
    if sequence and not any(map(_holds, result)):
        arguments = list(graph.inputs.values())
        for row in (inputs, arguments):
            if len(result) == len(row) and (row is inputs or _blank(result, row)):
                positions = [i for i, node in enumerate(row) if node in inputs]
                return _some([None if result[i] is None else (i,) for i in positions], result)
    every = list(parts(result, labels))
    found = _mirrored(every, labels, inputs)
    rest: list[tuple[Path, str | None, Any]] = []
    for path, label, value in every:
        if path in found.values():
            continue
        node = named(label, inputs)
        if isinstance(path, tuple) and len(path) > 1:  # `{"first": {"W": …}}`: where it stands, too
            node = _standing(path, label, [n for n in inputs if n not in found]) or node
        if node is not None and node not in found:
            found[node] = path
        elif value is not None:
            rest.append((path, label, value))
    by_key = isinstance(result, dict)
    for path, label, value in () if by_key else rest:
        if named(label, list(graph.inputs.values())) is not None:
            continue  # of labels, say: nobody asks for it
        left = [node for node in inputs if node not in found]
        alike = [node for node in left if node.shape == np.shape(value)]
        if not left:
            raise _number(graph, len(every))
        found[(alike or left)[0]] = path
    if not found and by_key:
        have = ", ".join(map(str, result))
        raise Misfit("key", "shape", name=inputs[0].name, have=have)
    if not found:
        raise _number(graph, 0)
    return _some([found.get(node) for node in inputs], result)


def _mirrored(
    every: list[tuple[Path, str | None, Any]], labels: Sequence[str | None], inputs: list[Node]
) -> dict[Node, Path]:
    """What stands in lists like an argument's: the gradient of `Ws[1]` is `dWs[1]`.

    Or `grads[1]["W"]`, or `grads["W"][1]` of `layers[1].W`. An argument whose name the list has,
    else the first of these shapes, in whatever order: by the shapes alone, a list in the wrong
    order would be called right.
    """
    trees: dict[str, dict[Path, Node]] = {}
    for node in inputs:
        keys = tuple(int(key) for key in re.findall(r"\[(\d+)\]", node.name))
        if keys:
            trees.setdefault(re.sub(r"\[\d+\]", "", node.name), {})[keys] = node
    found: dict[Node, Path] = {}
    for label, under in _lists(every, labels) if trees else ():
        fitting = {
            name: [np.shape(under[keys][1]) for keys in tree] == [n.shape for n in tree.values()]
            for name, tree in trees.items()
            if tree.keys() == under.keys()
        }
        words = unmarked(label) if label else []
        names = [name for name in fitting if name in words or spelled(leaf(name)) in words]
        shapes = sorted(np.shape(value) for _, value in under.values())
        names += sorted(
            (name for name in fitting if shapes == sorted(n.shape for n in trees[name].values())),
            key=lambda name: not fitting[name],
        )
        if names and not any(path in found.values() for path, _ in under.values()):
            tree = trees.pop(names[0])
            found.update({node: under[keys][0] for keys, node in tree.items()})
    return found


def _lists(
    every: list[tuple[Path, str | None, Any]], labels: Sequence[str | None]
) -> Iterator[tuple[str | None, dict[Path, tuple[Path, Any]]]]:
    """(its name, {numbers: (where, value)}) of all that differs in numbers only."""
    groups: dict[tuple[Path, Path], dict[Path, tuple[Path, Any]]] = {}
    for path, _, value in every:
        for i in range(len(path)):
            for j in range(i + 1, len(path) + 1):
                if all(isinstance(key, int) for key in path[i:j]):
                    groups.setdefault((path[:i], path[j:]), {})[path[i:j]] = path, value

    several = len(labels) > 1 and any(labels)

    def order(key: tuple[Path, Path]) -> tuple[int, bool]:
        """`return gen_grads, disc_grads`: the numbers within each come before those of both."""
        start, end = key
        return len(start) + len(end), not (several and start and isinstance(start[0], int))

    for start, end in sorted(groups, key=order):
        words = [key for key in (*start, *end) if isinstance(key, str)]
        at = start[0] if start and isinstance(start[0], int) else len(labels)
        label = words[-1] if words else labels[at] if at < len(labels) else None
        if not start and len(labels) == 1:
            label = label or labels[0]
        yield label, groups[start, end]


def labels_of(statement: ast.stmt | None) -> list[str | None]:
    """The variables that a `return` names, one entry an element, as far as they are counted."""
    value = getattr(statement, "value", None)
    elements = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    return [
        text_of(each)
        if isinstance(each, ast.Name) or (isinstance(each, ast.expr) and keyed(each))
        else each.attr
        if isinstance(each, ast.Attribute) and attribute(each)
        else None
        for each in itertools.takewhile(lambda each: not isinstance(each, ast.Starred), elements)
    ]


def leaf(name: str) -> str:
    """`W1` for `params["W1"]`, `W` for `layers[0].W`."""
    words = re.findall(r"[^\W\d]\w*", name)
    return words[-1] if words else name


def part_of(result: Any, path: Path) -> Any:
    """What stands at a place of a result."""
    if isinstance(result, Found):
        return result.part(path)
    for key in path:
        result = result[key]
    return result


def parts(
    result: Any, labels: Sequence[str | None], path: Path = ()
) -> Iterator[tuple[Path, str | None, Any]]:
    """(where, by what name, value) of everything in a result."""
    if isinstance(result, dict):
        for key, value in result.items():
            if _holds(value):
                yield from parts(value, (), (*path, key))
            else:
                yield (*path, key), str(key), value
    elif isinstance(result, (tuple, list)):
        for i, value in enumerate(result):
            if _holds(value):
                yield from parts(value, (), (*path, i))
            else:
                yield (*path, i), (labels[i] if i < len(labels) else None), value
    else:
        yield path, (labels[0] if labels else None), result


def _holds(value: Any) -> bool:
    """Whether something holds gradients; a list of numbers is one itself."""
    if isinstance(value, (tuple, list)):
        return any(isinstance(part, np.ndarray) or _holds(part) for part in value)
    return isinstance(value, dict)


def _standing(path: Path, label: str | None, nodes: list[Node]) -> Node | None:
    """The argument in the same place of its tree: `params["first"]["W"]` for `("first", "W")`."""
    outer = [str(key) for key in path[:-1]]
    for node in nodes:
        keys = re.findall(r"[^\W_]\w*|\d+", node.name)
        if keys[-1 - len(outer) : -1] == outer and named(label, [node]) is not None:
            return node
    return None


def named(label: str | None, nodes: list[Node]) -> Node | None:
    """The argument whose gradient has this name: `dx`, `grad_x`, `x`, `grads["x"]`."""
    if label is None:
        return None
    words = unmarked(label)
    for same in (lambda a, b: a == b, lambda a, b: spelled(a) == spelled(b)):
        for word in words:
            for node in nodes:
                if same(word, node.name) or same(word, leaf(node.name)):
                    return node
    return None


def _blank(result: Sequence[Any], row: list[Node]) -> bool:
    """Whether a result has an entry for every argument, None for those that have no gradient."""
    return all(
        part is None for part, node in zip(result, row, strict=True) if not node.differentiable
    )


def _some(found: list[Path | None], result: Any) -> list[Path | None]:
    if all(path is None for path in found):
        raise Misfit("none", "error")
    return found


def _number(graph: Graph, got: int) -> Misfit:
    inputs = graph.differentiated
    whole = [node for node in graph.inputs.values() if node.value.dtype.kind in "iu"]
    names = ", ".join(f"d{node.name}" for node in inputs)
    if got > len(inputs) and whole:
        pass_ = ", ".join(f"{node.name}.astype(float)" for node in whole)
        integers = ", ".join(f"`{node.name}`" for node in whole)
        return Misfit("integers", "shape", integers=integers, passed=pass_, names=names)
    return Misfit("number", "shape", got=got, want=len(inputs), names=names)
