"""The tape: writes down every operation of one run."""

from __future__ import annotations

import sys
import threading
from types import CodeType, FrameType
from typing import Any, NoReturn

import numpy as np

from backprop.graph.errors import TraceError
from backprop.graph.lengths import Length, Number, bare
from backprop.graph.node import Buffer, Node, made, overwrite
from backprop.graph.rule import CONSTANT, Rule
from backprop.graph.site import Site
from backprop.rules import TABLE, lookup
from backprop.tracer.frames import author, code_of, name_of, outermost, site

ndarray, new = np.ndarray, object.__new__
_NUMBERS = (int, float, complex, np.number, np.bool_)
OPTIONS = {int, bool, str, type(None)}
active = threading.local()


def running() -> Tape | None:
    """The tape of the function that is being traced in this thread."""
    return getattr(active, "tape", None)


class Tape:
    """The nodes of one run, in order, and the branches that depended on values."""

    array: type[Any]  # the class Array; its module, which needs this one, gives it

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.branches: list[tuple[Node, Any]] = []
        self._constants: dict[int, Node] = {}  # by identity of the array (kept alive by the node)
        self._named: dict[Any, Node] = {}  # named scalars: eps, N
        self.frame: FrameType | None = None  # of the traced function, for its local names
        self.sites: dict[int, Site] = {}  # of its code, by instruction
        self.code: CodeType | None = None
        self.variables: frozenset[str] | None = None  # of its own, if it shares none
        self._buffers: dict[int, Buffer] = {}  # by identity of their arrays
        self.elsewhere = False  # some operations were run by helpers
        self.pruned = False  # some nodes were left out

    # ── leaves ──────────────────────────────────────────────────────────────────────────────
    def input(self, name: str, value: np.ndarray, flow: int) -> Node:
        node = made(None, (), value, flow, None, name, "input")
        self.nodes.append(node)
        self._constants[id(value)] = node
        return node

    def constant(self, value: np.ndarray, name: str = "", note: Any = None) -> Node:
        """The node of an array that does not depend on the arguments."""
        node = self._constants.get(id(value))
        if node is None:
            node = made(None, (), value, CONSTANT, None, name, "constant", note)
            self.nodes.append(node)
            self._constants[id(value)] = node
        return node

    # ── operations ──────────────────────────────────────────────────────────────────────────
    def record(self, op: str, operands: tuple[Any, ...], name: str | None = None) -> Node:
        """Run one operation (operands in the order of its row) and write it down."""
        here = self.at(sys._getframe(1))
        rows = TABLE[op]
        operative = rows[0].operative
        values: list[Any] = []
        arguments: list[Any] = []
        flow = CONSTANT
        for index, operand in enumerate(operands):
            if isinstance(operand, Node):
                values.append(operand.value)
                flow |= operand.flow
                arguments.append(operand)
            elif type(operand) in OPTIONS and (not operative[index] or type(operand) is bool):
                values.append(operand)
                arguments.append(operand)
            elif type(operand) is Length and rows[0].parameters[index].startswith("ax"):
                values.append(int(operand))  # an axis is a part of the operation
                arguments.append(int(operand))
            else:
                argument = self._argument(operand, here, operative[index])
                if isinstance(argument, Node):
                    values.append(argument.plain)
                else:
                    found: list[Node] = []
                    values.append(_values(argument, found))
                    for node in found:
                        flow |= node.flow
                arguments.append(argument)
        rule = rows[0]
        if rule.when:
            rule = lookup(op, tuple(values))
        if rule.in_place and self._alone(arguments[0]):
            return self._write(rule, arguments, values, flow, here, name or "")
        value = rule.run(*values)
        if np.asarray(value).dtype.hasobject:
            refuse_objects(op, here)
        made: Node = self.step(
            rule,
            tuple(arguments),
            value,
            flow,
            here,
        ).node
        if name is not None:
            made.name = name
        return made

    def _alone(self, node: Node) -> bool:
        """Whether the memory of a buffer is ours, and nothing else looks at it."""
        if type(node) is not Node or node.rule is None or not node.rule.in_place:
            return False
        # References: the node's, that of `values` in `record`, the argument of getrefcount.
        ours = 3 + (id(node.value) in self._buffers)
        return sys.getrefcount(node.value) == ours

    def _write(
        self,
        rule: Rule,
        arguments: list[Any],
        values: list[Any],
        flow: int,
        here: Site | None,
        name: str,
    ) -> Node:
        """Write to a buffer without a copy of it."""
        value = values[0]
        buffer = self._buffers.get(id(value))
        if buffer is None:
            buffer = self._buffers[id(value)] = Buffer(value, [])
        overwrite(arguments[0], buffer, values[1])
        rule.write(*values)
        node: Node = self.step(rule, tuple(arguments), value, flow, here).node
        node.name = name
        return node

    def step(
        self,
        rule: Rule,
        operands: tuple[Any, ...],
        value: Any,
        flow: int,
        here: Site | None,
    ) -> Any:
        """Write down an operation that was run; its result, an Array to hand to the author."""
        if type(value) is not ndarray:
            value = np.asarray(value)
        if here is None:
            name = ""
        elif here.returned is None:
            name = here.name
        else:
            name = name_of(here, sys._getframe(1)) or ""
        # `made` and `traced`, written out: their calls would cost as much as the assignments.
        node = new(Node)
        node.rule = rule
        node.operands = operands
        node.value = value
        node.flow = flow & rule.passes
        node.site = here
        node.name = name
        node.note = None
        self.nodes.append(node)
        array = new(self.array)
        array.tape = self
        array.node = node
        array.origin = None
        return array

    def at(self, frame: FrameType) -> Site | None:
        """The author's place in `frame`, or in the nearest of its callers."""
        here = site(frame)
        if self.frame is None:  # the first operation
            self.frame = outermost(frame)
            if self.frame is not None:
                self.code = self.frame.f_code
                known = code_of(self.code)
                self.sites, self.variables = known.sites, known.variables
        elif here is not None and here.code is not self.code:
            self.elsewhere = True
        return here

    def _argument(self, operand: Any, here: Site | None, operative: bool) -> Any:
        """An operand as the graph keeps it: nodes for arrays, and for numbers with a name.

        Options (axes, shapes, indices) stay plain numbers.
        """
        kind = type(operand)
        if kind is Length or kind is Number or isinstance(operand, _NUMBERS):
            return self._number(operand, here) if operative else operand
        if isinstance(operand, np.ndarray):
            return self._array(operand, here)
        if kind is tuple:
            return tuple([self._argument(part, here, operative) for part in operand])
        if kind is list:
            return [self._argument(part, here, operative) for part in operand]
        return operand

    def _number(self, value: Any, here: Site | None) -> Any:
        literal = here is not None and type(value) in (int, float) and value in here.literals
        if literal:
            return value
        name = value.name if type(value) is Length else None
        name = name or _name_in(here, value)
        if name is None:
            return value
        key = (name, repr(value))
        node = self._named.get(key)
        if node is None:
            array = np.asarray(value)
            node = made(None, (), array, CONSTANT, here, name, "constant", value)
            self._named[key] = node
            self.nodes.append(node)
        return node

    def _array(self, value: np.ndarray, here: Site | None) -> Node:
        known = self._constants.get(id(value))
        if known is not None:
            return known
        return self.constant(value, _name_in(here, value) or "", here)

    def branch(self, node: Node, value: Any) -> None:
        """Remember that the function went on with a plain value of `node`."""
        self.branches.append((node, value))


def refuse_objects(op: str, here: Site | None) -> NoReturn:
    raise TraceError(f"{here}\n  `{op}` gave an array of objects; use arrays of numbers")


def _values(item: Any, found: list[Node]) -> Any:
    if isinstance(item, Node):
        found.append(item)
        return item.plain
    if type(item) is Length or type(item) is Number:
        return bare(item)
    if type(item) is tuple:
        return tuple([_values(part, found) for part in item])
    if type(item) is list:
        return [_values(part, found) for part in item]
    if type(item) is slice:
        return slice(*[_values(part, found) for part in (item.start, item.stop, item.step)])
    return item


def _name_in(here: Site | None, value: Any) -> str | None:
    """The author's name for a plain value among the operands of the running expression."""
    if here is None or here.tree is None:
        return None
    names = here.operands()
    if not names:
        return None
    frame = author(sys._getframe(1))
    if frame is None:
        return None
    for name, path in names:
        scope = frame.f_locals if path[0] in frame.f_locals else frame.f_globals
        try:
            found = scope[path[0]]
            for step in path[1:]:
                found = found[step[1]] if step[0] == "item" else getattr(found, step[1])
        except (KeyError, AttributeError, IndexError, TypeError):
            continue
        if found is value:
            return name
    return None
