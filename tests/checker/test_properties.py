"""Right backwards of random programs are never flagged: the derived source, written otherwise.

`make test-all` tries 2,000 of them; a run takes a seeded few.
"""

import ast
import linecache

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backprop as bp
from tests.samples import ALL
from tests.test_programs import compiled, programs

MANY = 2000 if ALL else 100


class Renamed(ast.NodeTransformer):
    """`g3` for the third gradient, which says nothing of what it is the gradient of."""

    def __init__(self, tree):
        stored = [
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        ]
        self.names = {name: f"g{i}" for i, name in enumerate(dict.fromkeys(stored))}

    def visit_Name(self, node):
        node.id = self.names.get(node.id, node.id)
        return node


def renamed(tree):
    return Renamed(tree).visit(tree)


def accumulated(tree):
    """`a = b + c` as `a = b + 0; a += c`, with whole arrays only where they broadcast to one."""
    body = []
    for line in tree.body[0].body:
        value = getattr(line, "value", None)
        sums = isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add)
        if isinstance(line, ast.Assign) and sums and isinstance(line.targets[0], ast.Name):
            first = ast.Assign(line.targets, ast.BinOp(value.left, ast.Add(), ast.Constant(0.0)))
            name = ast.Name(line.targets[0].id, ast.Load())
            second = ast.Assign(line.targets, ast.BinOp(name, ast.Add(), value.right))
            body += [first, second]
        else:
            body.append(line)
    tree.body[0].body = body
    return tree


def inlined(tree):
    """A variable that is read once, on the next line, is written there."""
    body = tree.body[0].body
    reads = [
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    ]
    stores = [
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
    ]
    at = 0
    while at + 1 < len(body):
        line = body[at]
        target = line.targets[0] if isinstance(line, ast.Assign) else None
        name = getattr(target, "id", None)
        plain = isinstance(body[at + 1], (ast.Assign, ast.Return))
        if name and plain and reads.count(name) == stores.count(name) == 1:
            if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(body[at + 1].value)):
                body[at + 1] = Inlined(name, line.value).visit(body[at + 1])
                del body[at]
                continue
        at += 1
    return tree


class Inlined(ast.NodeTransformer):
    def __init__(self, name, value):
        self.name, self.value = name, value

    def visit_Name(self, node):
        return self.value if node.id == self.name and isinstance(node.ctx, ast.Load) else node


WAYS = {"as it is": lambda tree: tree, "renamed": renamed, "inlined": inlined,
        "accumulated": accumulated}  # fmt: skip


@settings(
    max_examples=MANY, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(programs(), st.sampled_from(sorted(WAYS)))
def test_a_right_backward_is_never_flagged(program, way):
    lines, last, x, w = program
    f = compiled(lines, last)
    backward = bp.derive(f, x, w)
    if backward.constants:
        return  # further parameters: not what a person writes
    tree = ast.fix_missing_locations(WAYS[way](ast.parse(backward.source)))
    source = ast.unparse(tree)
    tag = "<right>"
    linecache.cache[tag] = (len(source), None, source.splitlines(keepends=True), tag)
    scope = {"np": np}
    exec(compile(source, tag, "exec"), scope)
    report = bp.check(f, scope["program_backward"], x, w, lang="en")
    assert report.ok, f"{way}\n" + "\n".join(lines) + f"\n{source}\n{report}"
