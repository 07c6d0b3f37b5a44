"""Lines that stay numbers where no gradient arrives: 0·inf and 0/0 are 0 there.

Where `np.where` has not taken a branch, or a factor is 0, the gradient that arrives is 0, and
whatever the branch makes of it has to be 0, too. A rule's text may give NaN instead, because the
forward value there is infinite, or because it divides by 0. One writes it down as
`np.where(dz == 0, 0, dz * z)`.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop.writer import text
from backprop.writer.steps import Step
from backprop.writer.text import Tree


def guarded(
    steps: Sequence[Step], upstream: Sequence[str | None], rename: dict[str, str], scope: Any
) -> list[str]:
    """The text of the lines, run one by one in `scope`: with `np.where` where they need it.

    `upstream`: the gradient that each line passes on.
    """
    lines = []
    with np.errstate(all="ignore"):
        for step, arriving in zip(steps, upstream, strict=True):
            line = step.line
            before = scope.get(step.gradient)
            exec(line, scope)
            lost = _lost(scope[step.gradient])
            tree = _with_guard(step, arriving) if lost and arriving is not None else None
            if tree is not None:
                plain = scope[step.gradient]
                scope[step.gradient] = before  # a line may read what it writes
                other = text.show(tree, rename)
                exec(other, scope)
                new = scope[step.gradient]
                if np.shape(new) == np.shape(plain) and _lost(new) < lost:
                    line = other
                else:
                    scope[step.gradient] = plain
            lines.append(line)
    return lines


def _lost(value: Any) -> int:
    return int(np.count_nonzero(~np.isfinite(value)))


def _with_guard(step: Step, arriving: str) -> ast.stmt | None:
    """The line with `np.where(dz == 0, 0, …)` inside its sums; None if its rule mixes entries."""
    rule = step.rule
    if not isinstance(step.tree, ast.Assign) or rule is None:
        return None
    if not (rule.lazy or rule.axes == "reduce"):
        return None
    return ast.Assign(step.tree.targets, _inside(step.tree.value, arriving))


def _inside(tree: Tree, arriving: str) -> Tree:
    if isinstance(tree, ast.Call) and text.show(tree.func) == "np.sum":
        return ast.Call(tree.func, [_inside(tree.args[0], arriving)], tree.keywords)
    if isinstance(tree, ast.UnaryOp):
        return ast.UnaryOp(tree.op, _inside(tree.operand, arriving))
    if isinstance(tree, ast.BinOp) and any(map(_summed, (tree.left, tree.right))):
        parts = [_inside(part, arriving) if _summed(part) else part for part in
                 (tree.left, tree.right)]  # fmt: skip
        return ast.BinOp(parts[0], tree.op, parts[1])
    read = _parts(tree, arriving)
    if not read:
        return tree
    zero = ast.Compare(read[0], [ast.Eq()], [text.constant(0)])
    return text.called("np.where", zero, text.constant(0), tree)


def _summed(tree: Tree) -> bool:
    """Whether there is a sum in it that broadcasting made necessary."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(text.show(call.func) == "np.sum" for call in calls)


def _parts(tree: ast.AST, name: str) -> list[Tree]:
    """Where a variable is read, with the axes that are put back: `dz[:, None]`."""
    if isinstance(tree, ast.Name):
        return [tree] if tree.id == name else []
    if isinstance(tree, ast.Subscript) and _parts(tree.value, name):
        return [tree]
    return [part for child in ast.iter_child_nodes(tree) for part in _parts(child, name)]
