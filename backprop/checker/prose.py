"""A mistake in words."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np

from backprop.checker.report import Mistake
from backprop.checker.words import say
from backprop.graph.graph import Graph
from backprop.graph.special import NAMES
from backprop.judging.case import Case
from backprop.judging.closeness import differs
from backprop.judging.kinds import Blame
from backprop.writer import Step, backward_of

LINES, LENGTH = 8, 320  # of what is expected; more is no hint any more


def expected(case: Case, blame: Blame) -> str | None:
    """The derived lines of that gradient, in the names of the handwritten backward.

    They run there, and give that gradient; None if they cannot be written so.
    """
    if blame.node is None or blame.hint in ("order", "eps", "rounded"):
        return None
    graph = case.truth.graph
    try:
        steps = backward_of(graph).steps
    except Exception:  # a loop too long to be unrolled into lines
        return None
    last = next((s for s in reversed(steps) if s.node.name == blame.node), None)
    if last is None:
        return None
    names = _translation(case, graph, last.gradient, blame.name)
    scope: dict[str, Any] = dict(NAMES)
    scope |= {
        e.name: e.value
        for e in case.events
        if case.reading.own(e) and e.name.isidentifier() and e.name != blame.name
    }
    lines = _needed(steps[: steps.index(last) + 1], names, scope, graph)
    text = "; ".join(lines)
    if len(lines) > LINES or len(text) > LENGTH:
        return None
    target = names.get(last.gradient, last.gradient)
    return text if _right(case, blame.node, lines, scope, target) else None


def _needed(
    steps: list[Step], names: dict[str, str], scope: dict[str, Any], graph: Graph
) -> list[str]:
    """The last of some lines, and those before it that make what the scope has not."""
    lines: list[str] = []
    wanted: set[str] | None = None
    for step in reversed(steps):
        line = _lengths(_renamed(step.line, names), scope, graph)
        target = names.get(step.gradient, step.gradient)
        if wanted is None or target in wanted:
            lines.insert(0, line)
            try:
                tree = ast.parse(line)
            except SyntaxError:
                return []
            read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
            if isinstance(tree.body[0], ast.Assign) and isinstance(
                tree.body[0].targets[0], ast.Name
            ):
                read.discard(target)
                wanted = (wanted or set()) - {target}
            wanted = (wanted or set()) | (read - set(scope))
            if not wanted:
                break
    return lines


def _lengths(line: str, scope: dict[str, Any], graph: Graph) -> str:
    """`N` for `x.shape[0]` where there is no x: a length by a name that the backward has."""

    def named(match: re.Match[str]) -> str:
        length = graph[match[1]].shape if match[1] in graph else ()
        if match[1] in scope or not length:
            return match[0]
        wanted = length[int(match[2])]
        for name, value in scope.items():
            if type(value) is int and value == wanted and name.isupper():
                return name
        for name, value in scope.items():
            if isinstance(value, np.ndarray) and value.shape == length:
                return f"{name}.shape[{match[2]}]"
        return match[0]

    return re.sub(r"([^\W\d]\w*)\.shape\[(\d+)\]", named, line)


def _right(case: Case, node: str, lines: list[str], scope: dict[str, Any], target: str) -> bool:
    """Whether lines run in the backward's own names and give the gradient of a node."""
    there = dict(scope)
    try:
        with np.errstate(all="ignore"):
            exec("\n".join(lines), there)
    except Exception:
        return False
    return case.reading.is_gradient(there.get(target), case.truth.gradients[node])


def _translation(case: Case, graph: Graph, gradient: str, name: str) -> dict[str, str]:
    """Derived name -> handwritten name, for what has the same value."""
    names: dict[str, str] = {}
    scope = {e.name: e.value for e in case.events if e.name.isidentifier()}
    for node in graph.nodes:
        for mine in (node.name, *[k for k in scope if k != node.name]):
            value = scope.get(mine)
            if isinstance(value, np.ndarray) and value.shape == node.value.shape:
                if value.dtype.kind == "f" and not differs(value, node.value, 0.0):
                    names.setdefault(node.name, mine)
                    break
    for node_name, want in case.truth.gradients.items():
        for mine in (f"d{node_name}", *scope):
            value = scope.get(mine)
            if isinstance(value, np.ndarray) and value.shape == want.shape:
                if value.dtype.kind == "f" and not differs(value, want, case.truth.scale):
                    names.setdefault(f"d{node_name}", mine)
                    break
    if name.isidentifier():
        names[gradient] = name
    return names


def describe(mistake: Mistake, lang: str) -> str:
    """A mistake in prose: the line, what is wrong, what was expected, one number."""
    lines = [*mistake.said.splitlines()[:1]]
    if mistake.code:
        lines += ["", f"  {mistake.line} | {mistake.code}", ""]
    lines += mistake.said.splitlines()[1:]
    if mistake.change:
        key = "needless" if _does_nothing(mistake.change) else "change"
        lines.append(say(key, lang, line=mistake.change))
    if mistake.expected:
        lines.append(say("expected", lang, line=mistake.expected))
    elif mistake.node and mistake.node != mistake.variable:
        lines.append(say("gradient_of", lang, node=mistake.node))
    facts = []
    if mistake.got_shape is not None and mistake.want_shape is not None:
        if mistake.got_shape != mistake.want_shape:
            facts.append(say("shapes", lang, got=mistake.got_shape, want=mistake.want_shape))
    if mistake.ratio is not None and f"{mistake.ratio:.4g}" != "1":
        facts.append(say("ratio", lang, ratio=f"{mistake.ratio:.4g}"))
    elif mistake.error and np.isfinite(mistake.error):
        facts.append(say("error_size", lang, error=f"{mistake.error:.2g}"))
    if facts:
        lines.append("; ".join(facts))
    return "\n".join(lines)


def _does_nothing(line: str) -> bool:
    """`dz = dz`: what is left of a line that has nothing to do."""
    left, _, right = line.partition(" = ")
    return left == right


def no_number(value: Any, want: Any) -> dict[str, Any] | None:
    """How many entries are NaN or infinite where they should not be, and which of these."""
    array = np.asarray(value) if isinstance(value, (np.ndarray, float)) else None
    if (
        array is None
        or array.dtype.kind != "f"
        or (want is not None and not np.isfinite(want).all())
    ):
        return None
    bad = array[~np.isfinite(array)]
    if not bad.size:
        return None
    what = ", ".join(dict.fromkeys("nan" if np.isnan(each) else str(each) for each in bad.flat))
    return {"count": bad.size, "size": array.size, "what": what}


def assigned(code: str) -> str | None:
    match = re.match(r"^([A-Za-z_]\w*)(?:\[[^=]*\])?\s*(?:[-+*/@]|\*\*|//)?=(?!=)", code)
    return match[1] if match else None


def _renamed(line: str, names: dict[str, str]) -> str:
    return re.sub(r"(?<![\w.])[^\W\d]\w*", lambda m: names.get(m[0], m[0]), line)


def brief(value: Any, most: int = 3) -> str:
    if isinstance(value, np.ndarray):
        return f"array{value.shape}".replace(",)", ",)")
    if isinstance(value, dict):
        inside = ", ".join(f"{k!r}: {brief(v)}" for k, v in list(value.items())[: 2 * most])
        return "{" + inside + "}"
    if isinstance(value, (tuple, list)):
        inside = ", ".join(brief(v) for v in value[: 2 * most])
        more = ", …" if len(value) > 2 * most else ""
        return f"({inside}{more})" if isinstance(value, tuple) else f"[{inside}{more}]"
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "…"
