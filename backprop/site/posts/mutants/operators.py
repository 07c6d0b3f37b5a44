"""Ways to make a line wrong: one row an operator, each a function from a node to other nodes."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Variants = Iterator[ast.AST]


@dataclass(frozen=True)
class Mutant:
    """Code with one mistake in it: `line` counts from 1, `statement` is that of the top level."""

    operator: str
    line: int
    statement: int
    before: str
    after: str
    code: str


def _typo(node: ast.AST) -> Variants:
    if isinstance(node, ast.Attribute) and len(node.attr) > 2:
        middle = len(node.attr) // 2
        letters = list(node.attr)
        letters[middle - 1], letters[middle] = letters[middle], letters[middle - 1]
        if (name := "".join(letters)) != node.attr:
            yield ast.Attribute(node.value, name, node.ctx)


def _sign(node: ast.AST) -> Variants:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield ast.BinOp(node.left, other, node.right)


def _times(node: ast.AST) -> Variants:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        other = ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult()
        yield ast.BinOp(node.left, other, node.right)


def _dropped(node: ast.AST) -> Variants:
    """A term of a sum, a factor of a product."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult)):
        yield node.left
        yield node.right
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.Pow)):
        yield node.left


def _axis(node: ast.AST) -> Variants:
    if (
        isinstance(node, ast.keyword)
        and node.arg == "axis"
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, int)
    ):
        yield ast.keyword("axis", ast.Constant(1 - abs(node.value.value)))


def _keyword(node: ast.AST) -> Variants:
    if isinstance(node, ast.Call):
        for i in range(len(node.keywords)):
            rest = node.keywords[:i] + node.keywords[i + 1 :]
            yield ast.Call(node.func, node.args, rest)


def _constant(node: ast.AST) -> Variants:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        for step in (1, -1):
            yield ast.Constant(value + step)


def _transpose(node: ast.AST) -> Variants:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, ast.MatMult(), node.left)


_SWAPPED = {"sum": "mean", "mean": "sum", "max": "min", "min": "max", "var": "std", "std": "var"}
_SWAPPED |= {"maximum": "minimum", "minimum": "maximum", "argmax": "argmin", "argmin": "argmax"}


def _reduction(node: ast.AST) -> Variants:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        other = _SWAPPED.get(node.func.attr)
        if other:
            func = ast.Attribute(node.func.value, other, node.func.ctx)
            yield ast.Call(func, node.args, node.keywords)


def _scaled(node: ast.AST) -> Variants:
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Return)) and node.value is not None:
        value = ast.BinOp(ast.Constant(1.01), ast.Mult(), node.value)
        yield _with(node, value=value)


OPERATORS: dict[str, Callable[[ast.AST], Variants]] = {
    "typo": _typo,
    "sign": _sign,
    "× ÷": _times,
    "dropped": _dropped,
    "axis": _axis,
    "keyword": _keyword,
    "±1": _constant,
    "transpose": _transpose,
    "reduction": _reduction,
    "× 1.01": _scaled,
}


def _with(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def mutants(code: str) -> Iterator[Mutant]:
    """Every mutant of a piece of code, in the order of its lines."""
    lines = code.split("\n")
    for number, statement in enumerate(ast.parse(code).body):
        first, last = _span(statement)
        indent = lines[first - 1][: statement.col_offset]
        seen = {ast.unparse(statement)}
        for line, operator, wrong in _variants(statement, statement.lineno):
            text = ast.unparse(ast.fix_missing_locations(wrong))
            if text in seen:
                continue
            seen.add(text)
            body = [indent + each for each in text.split("\n")]
            yield Mutant(
                operator,
                line,
                number,
                *_difference(ast.unparse(statement), text),
                "\n".join([*lines[: first - 1], *body, *lines[last:]]),
            )


def _span(statement: ast.stmt) -> tuple[int, int]:
    decorators = [each.lineno for each in getattr(statement, "decorator_list", [])]
    return min([statement.lineno, *decorators]), statement.end_lineno or statement.lineno


def _difference(before: str, after: str) -> tuple[str, str]:
    pairs = zip(before.split("\n"), after.split("\n"), strict=False)
    return next(((a.strip(), b.strip()) for a, b in pairs if a != b), (before, after))


def _variants(node: ast.AST, line: int) -> Iterator[tuple[int, str, ast.AST]]:
    """The node with one mistake somewhere in it."""
    if _is_text(node):
        return
    line = getattr(node, "lineno", line)
    for name, operator in OPERATORS.items():
        for wrong in operator(node):
            yield line, name, wrong
    for field_name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            for at, operator_name, wrong in _variants(value, line):
                yield at, operator_name, _with(node, **{field_name: wrong})
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST):
                    for at, operator_name, wrong in _variants(item, line):
                        other = [*value[:i], wrong, *value[i + 1 :]]
                        yield at, operator_name, _with(node, **{field_name: other})


def _is_text(node: ast.AST) -> bool:
    """Imports, strings and annotations hold no mathematics."""
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.arguments))
