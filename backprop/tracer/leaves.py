"""The arrays inside dictionaries, lists, tuples and objects that a traced function was given."""

from __future__ import annotations

import re
from functools import partial
from types import MethodType
from typing import Any

from backprop.graph.node import Node, nodes_in
from backprop.graph.rule import CONSTANT, DIFFERENTIABLE
from backprop.graph.trees import arrays, graft, is_object
from backprop.tracer.array import Array, traced
from backprop.tracer.tape import Tape

# Averages that a layer keeps from one call to the next are no parameters.
_STATE = re.compile(r"(running|moving)(_|$)|.*_(running|moving)$")
OWNER = "self"


def owner_of(f: Any) -> Any:
    """The author's object that a method belongs to, or that is called; None if there is none."""
    while isinstance(f, partial):
        f = f.func
    item = f.__self__ if isinstance(f, MethodType) else f
    return item if is_object(item) else None


def key_of(path: str) -> str:
    """The last part of a path: `W1` of `params["W1"]` and of `self.W1`."""
    found = re.search(r"(?:\.|\[\"?)([^\].\"\[]+)\"?\]?$", path)
    return found[1] if found else path


def _root(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


class Leaves:
    """Floating-point arrays at a path become inputs; the others stay what they are.

    `into` puts the traced arrays in their places (whoever calls it has kept the contents), and
    `settle` finds out which of them were parameters, once the function has returned.
    """

    def __init__(
        self, tape: Tape, inputs: dict[str, Node], trees: list[tuple[str, Any]], owner: Any,
        names: tuple[str, ...], state: frozenset[str],
    ) -> None:  # fmt: skip
        self.tape = tape
        self.inputs = inputs
        self.roots = trees if owner is None else [*trees, (OWNER, owner)]
        self.trees = trees
        self.given: dict[str, Array] = {}
        self.aliases: dict[str, str] = {}
        self._objects = {name for name, item in self.roots if is_object(item)}
        self._traced: dict[int, Array] = {}
        known = {id(node.value): node for node in inputs.values()}
        for root, item in self.roots:
            for path, array in arrays(root, item):
                if array.dtype.kind != "f":
                    continue
                if id(array) in known:  # an argument of its own, too, or at two paths
                    self.aliases[path] = known[id(array)].name
                    continue
                averages = _STATE.match(key_of(path)) is not None
                if averages and root not in self._objects:
                    continue  # a configuration: read where the author reads it
                still = path in state or averages
                node = tape.input(path, array, CONSTANT if still else DIFFERENTIABLE)
                known[id(array)] = inputs[path] = node
                self.given[path] = self._traced[id(array)] = traced(tape, node)
        self._in_order(names)
        self.flow = any(array.node.flow == DIFFERENTIABLE for array in self.given.values())
        self._start = {path: array.node for path, array in self.given.items()}

    def _in_order(self, names: tuple[str, ...]) -> None:
        """The inputs in the order of the arguments, the object's own last."""
        inputs = dict(self.inputs)
        place = {name: index for index, name in enumerate((*names, OWNER))}
        self.inputs.clear()
        for path in sorted(inputs, key=lambda path: place[_root(path)]):
            self.inputs[path] = inputs[path]
        self.tape.nodes[:] = self.inputs.values()

    def short(self) -> dict[str, str]:
        """`W1` for `params["W1"]`, where only one of the arrays is called so."""
        keys = [key_of(path) for path in self.given]
        return {key_of(path): path for path in self.inputs if keys.count(key_of(path)) == 1}

    def into(self, given: list[Any], names: tuple[str, ...]) -> list[Any]:
        """The arguments with traced arrays in them."""

        def leaf(path: str, array: Any) -> Any:
            return self._traced.get(id(array), array)

        found = {name: graft(name, item, leaf) for name, item in self.roots}
        trees = {name for name, _ in self.trees}
        self.roots = [(name, found[name]) for name, _ in self.roots]
        return [
            found[name] if name in trees else item for name, item in zip(names, given, strict=True)
        ]

    def settle(self, outputs: tuple[Node, ...]) -> frozenset[str]:
        """Leave out what the result does not depend on, and is no parameter.

        Returns the attributes that are state: the result depends on them, and the function has
        given them other values (the last hidden state of a recurrent layer).
        """
        active, used = self._active(outputs)
        now: dict[str, Any] = dict(
            entry for name, item in self.roots for entry in arrays(name, item)
        )
        state = set()
        for path, node in self._start.items():
            array = self.given[path]
            rebound = now.get(path) is not array or array.node is not node
            attribute = _root(path) in self._objects or "." in path
            if node in active:
                if attribute and rebound and node.flow == DIFFERENTIABLE:
                    state.add(path)
            elif attribute or rebound or node.flow == CONSTANT:
                if node.flow == CONSTANT and node in used:
                    continue
                del self.inputs[path]
                node.leaf = "constant"
                if node not in used:
                    self.tape.nodes.remove(node)
        return frozenset(state)

    def _active(self, outputs: tuple[Node, ...]) -> tuple[set[Node], set[Node]]:
        """The nodes that a gradient reaches, and those that anything uses."""
        active = {node for node in outputs if node.flow == DIFFERENTIABLE}
        used = set(outputs)
        for node in reversed(self.tape.nodes):
            used.update(node.inputs)
            if node in active and node.rule is not None:
                for position in node.rule.flows:
                    for source in nodes_in(node.operands[position]):
                        if source.flow == DIFFERENTIABLE:
                            active.add(source)
        return active, used
