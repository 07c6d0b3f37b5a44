"""Which gradient of the code a row is about.

A formula that the prose ties to a call, `$y$ = ``batchnorm(x, gamma, beta)```, makes that call's
computation graph known. A declared symbol is the node that has its values at every random
instance, whatever the two are called; so the left side of a row, ∂L/∂σ, is a gradient that the
backward pass computes, `dstd`. Nothing is said where it may be something else.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop.derivations.evidence.instances import INSTANCES, Instances
from backprop.derivations.evidence.sides import Sides
from backprop.derivations.evidence.values import OutsideDomainError, real
from backprop.derivations.meaning.terms import Deriv, Entry, Term, Var
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.find import Formula
from backprop.derivations.reading.tree import read
from backprop.derivations.verdicts import CHECKED, PROVED, Gradient, Verdict

if TYPE_CHECKING:
    from backprop.derivations.evidence.code import PageCode


@dataclass(frozen=True)
class Traced:
    """A call that a formula is tied to: its graph, and the symbols that are nodes of it."""

    function: str
    nodes: dict[str, str]  # symbol → node
    outputs: tuple[str, ...]
    scalar: bool  # is the output one number?
    gradients: dict[str, str] = field(default_factory=dict)  # node → its gradient
    wires: dict[tuple[str, str], str] = field(default_factory=dict)  # (node, user) → its part


def traced(code: str, instances: Instances, page: PageCode) -> Traced | None:
    """The graph of the call that an expression begins with, such as `variance(x)[j]`; None if it
    has none that can be traced and derived."""
    call = _call(code)
    if call is None:
        return None
    from backprop.derivations.evidence.code import names_of, plain_name

    found: dict[str, set[str]] = {}
    graph: dict[str, Any] = {}
    for number in range(INSTANCES):
        try:
            scope = instances.scope(number, True, {})
            names = names_of(scope.world, scope)
            graph = page.graph(call, names)
        except (OutsideDomainError, Unreadable):
            return None
        for key, symbol in scope.world.symbols.items():
            axes = tuple(f"#{k}" for k in range(len(symbol.shape)))
            value = real(scope.get(key).along(axes))
            same = {name for name, node in graph["values"].items() if _equal(value, node)}
            found[key] = found.get(key, same) & same
    nodes = {}
    for key, same in found.items():
        own = [name for name in graph["values"] if name in same and name in graph["gradients"]]
        if own:
            nodes[key] = plain_name(key) if plain_name(key) in own else own[0]
    scalar = len(graph["outputs"]) == 1 and not np.shape(graph["values"][graph["outputs"][0]])
    wires = {(node, user): name for node, user, name in graph["wires"]}
    return Traced(
        graph["function"], nodes, tuple(graph["outputs"]), scalar, graph["gradients"], wires
    )


def _call(code: str) -> str | None:
    try:
        tree = ast.parse(code.strip(), mode="eval").body
    except SyntaxError:
        return None
    while isinstance(tree, ast.Subscript):
        tree = tree.value
    if not isinstance(tree, ast.Call) or tree.keywords:
        return None
    return ast.unparse(tree)


def _equal(value: np.ndarray, node: Any) -> bool:
    """Also where the code keeps an axis of length 1."""
    a, b = np.squeeze(value), np.squeeze(np.asarray(node))
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=1e-12))


def link(verdicts: list[Verdict], formula: Formula, number: int, sides: Sides) -> None:
    """Tell the verdicts on the rows of a formula which gradients they are about."""
    head: Gradient | None = None
    rows = [(row.tex, row.number) for row in formula.rows] or [(formula.tex, -1)]
    for tex, place in rows if sides.world.traces else []:
        try:
            tree = read(tex, sides.world.words)
            left = tree.parts[0] if tree.kind == "relation" else tree
            if left.kind != "none":
                side = sides.read(left, tex, tree)
                term = side.array.at(tuple(Var(f"#{k}") for k in range(len(side.array.shape))))
                head = about(term, " ".join(side.text.split()), sides.world)
        except Exception:  # what cannot be read has been said of its row
            head = None
        for verdict in verdicts:
            its = verdict.display == number and verdict.number == place
            if its and verdict.kind in ("row", "code") and verdict.status in (PROVED, CHECKED):
                verdict.gradient = head


def about(term: Term, tex: str, world: World) -> Gradient | None:
    """The gradient that a derivative is."""
    if not isinstance(term, Deriv):
        return None
    above = term.body.symbol if isinstance(term.body, Entry) else ""
    for trace in reversed(world.traces):
        node = trace.nodes.get(term.symbol)
        if above not in world.symbols or node is None:
            continue
        of = trace.nodes.get(above)
        if of == node:
            continue
        if (of in trace.outputs and trace.scalar) or _only_through(above, trace, world):
            return Gradient(trace.function, trace.gradients[node], tex)
        if of is None:
            continue
        given = trace.gradients[of]
        if of in trace.outputs and len(trace.outputs) == 1:
            return Gradient(trace.function, trace.gradients[node], tex, given)
        if (node, of) in trace.wires:
            return Gradient(trace.function, trace.wires[node, of], tex, given)
    return None


def _only_through(above: str, trace: Traced, world: World) -> bool:
    """Does a number depend on the symbols of this graph through all outputs, and nothing else?"""
    met: set[str] = set()
    todo = [above]
    while todo:
        for key in world.direct(todo.pop()):
            if trace.nodes.get(key) in trace.outputs:
                met.add(trace.nodes[key])
            elif key in trace.nodes:
                return False
            elif key in world.symbols:
                todo.append(key)
    return above not in trace.nodes and met == set(trace.outputs)
