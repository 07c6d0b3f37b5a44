"""Which statements of a page an output, an assertion, a doctest or a check depends on."""

import ast
import re

from backprop.program.kinds import KINDS
from backprop.program.page import Page, Step


def needed(page: Page, checked: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """The statements, as (step, number), that an output, an assertion or a doctest depends on.

    So do the lines that feed a `checked` one.
    """
    needed: set[tuple[int, int]] = set()
    names: set[str] = set()
    for index in reversed(range(len(page.executed))):
        step = page.executed[index]
        if KINDS[step.kind].mutants == "names":
            names |= set(re.findall(r"[A-Za-z_]\w*", step.fence.code))
        if KINDS[step.kind].mutants != "lines":
            continue
        if call := step.fence.options.get("check"):
            names |= _read(ast.parse(call))
        body = statements(step)
        for number in reversed(range(len(body))):
            statement = body[number]
            writes = assigned(statement)
            verifies = (index, number) in checked or _verifies(statement, step)
            if not (verifies or writes & names):
                continue
            needed.add((index, number))
            if isinstance(statement, ast.Assign):
                names -= {each.id for each in statement.targets if isinstance(each, ast.Name)}
            names |= _read(statement)
    return needed


def statements(step: Step) -> list[ast.stmt]:
    """Of the top level; none where the code shows what Python does not read."""
    try:
        return ast.parse(step.fence.code).body if KINDS[step.kind].mutants == "lines" else []
    except SyntaxError:
        return []


def _verifies(statement: ast.stmt, step: Step) -> bool:
    """Does the statement assert, or print (itself, or perhaps in what it calls)?"""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return False
    if step.output is not None and isinstance(statement, ast.Expr):
        return any(isinstance(node, ast.Call) for node in ast.walk(statement))
    return any(
        isinstance(node, ast.Assert)
        or (step.output is not None and isinstance(node, ast.Name) and node.id == "print")
        for node in ast.walk(statement)
    )


def assigned(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    found: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            found |= {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        # np.add.at(dx, i, v), rng.shuffle(x): may write to what they are given.
        found |= {each.id for each in ast.walk(statement) if isinstance(each, ast.Name)} - {"np"}
    return found


def _read(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
