"""Ways to make a line wrong: one row an operator, each a function from a node to other nodes."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

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
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield _with(node, op=ast.Sub() if isinstance(node.op, ast.Add) else ast.Add())


def _times(node: ast.AST) -> Variants:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, (ast.Mult, ast.Div)):
        yield _with(node, op=ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult())


def _dropped(node: ast.AST) -> Variants:
    """A term of a sum, a factor of a product."""
    if isinstance(node, ast.BinOp):
        yield node.left
        if isinstance(node.op, (ast.Add, ast.Mult, ast.MatMult)):
            yield node.right
        elif isinstance(node.op, ast.Sub):
            yield ast.UnaryOp(ast.USub(), node.right)
        elif isinstance(node.op, ast.Div):
            yield ast.BinOp(ast.Constant(1), ast.Div(), node.right)
    elif isinstance(node, ast.AugAssign):  # what was there before, or what is added
        yield ast.Assign([_with(node.target, ctx=ast.Store())], node.value)
        yield ast.Pass()


def _axis(node: ast.AST) -> Variants:
    if isinstance(node, ast.keyword) and node.arg == "axis":
        try:
            axis = ast.literal_eval(node.value)
        except ValueError:
            return
        if isinstance(axis, int) and not isinstance(axis, bool):
            yield ast.keyword("axis", _literal(axis - 1 if axis > 0 else axis + 1))
        elif isinstance(axis, tuple):
            for i in range(len(axis)):
                yield ast.keyword("axis", _literal((*axis[:i], *axis[i + 1 :])))


def _keyword(node: ast.AST) -> Variants:
    if isinstance(node, ast.Call):
        for i in range(len(node.keywords)):
            rest = node.keywords[:i] + node.keywords[i + 1 :]
            yield ast.Call(node.func, node.args, rest)


def _constant(node: ast.AST) -> Variants:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        for step in (1, -1):
            yield _literal(value + step)


def _transpose(node: ast.AST) -> Variants:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield ast.BinOp(node.right, ast.MatMult(), node.left)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("transpose", "swapaxes"):
            of_numpy = isinstance(node.func.value, ast.Name) and node.func.value.id == "np"
            yield node.args[0] if of_numpy and node.args else node.func.value


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
        values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for i, value in enumerate(values):
            if isinstance(value, ast.Constant) and not value.value:
                continue  # 1.01 * 0 is 0
            scaled: ast.expr = ast.BinOp(ast.Constant(1.01), ast.Mult(), value)
            if isinstance(node.value, ast.Tuple):
                scaled = ast.Tuple([*values[:i], scaled, *values[i + 1 :]], ast.Load())
            yield _with(node, value=scaled)


def _literal(value: object) -> ast.expr:
    return ast.parse(repr(value), mode="eval").body


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


def _with(node: Any, **fields: object) -> Any:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def mutants(code: str) -> Iterator[Mutant]:
    """Every mutant of a piece of code, in the order of its lines.

    Only the text of what is wrong changes, so comments, line numbers and the source that a page
    may print stay as they are.
    """
    tree = ast.parse(code)
    seen = {ast.dump(tree)}
    for number, statement in enumerate(tree.body):
        for node, operator, wrong, whole in _variants(statement):
            body = [*tree.body[:number], whole, *tree.body[number + 1 :]]
            meant = ast.dump(ast.Module(body, []))
            text = _replaced(code, node, wrong, meant)
            if text is None or meant in seen:
                continue
            seen.add(meant)
            line, before, after = _difference(code, text)
            yield Mutant(operator, line, number, before, after, text)


def _replaced(code: str, old: Any, new: Any, meant: str) -> str | None:
    """The code with the text of one node replaced, in parentheses where these are needed."""
    values = [getattr(node, "value", None) for node in (old, new)]
    if type(old) is type(new) and all(isinstance(one, ast.AST) for one in values):
        if values[0] is not values[1]:  # `y =` and `axis=` keep their text
            old, new = values
    lines = [line.encode() for line in code.split("\n")]
    first, last = old.lineno - 1, (old.end_lineno or old.lineno) - 1
    above = [*lines[:first], lines[first][: old.col_offset]]
    below = [lines[last][old.end_col_offset :], *lines[last + 1 :]]
    text = ast.unparse(ast.fix_missing_locations(new))
    # Behind the line, so that those below keep their numbers.
    lost = [b""] * (last - first - text.count("\n"))
    for shown in (text, f"({text})"):
        wrong = b"\n".join([*above[:-1], above[-1] + shown.encode() + below[0], *lost, *below[1:]])
        try:
            if ast.dump(ast.parse(wrong)) == meant:
                return wrong.decode()
        except SyntaxError:
            continue
    return None


def _difference(before: str, after: str) -> tuple[int, str, str]:
    pairs = zip(before.split("\n"), after.split("\n"), strict=False)
    return next((i, a.strip(), b.strip()) for i, (a, b) in enumerate(pairs, 1) if a != b)


def _variants(node: Any) -> Iterator[tuple[Any, str, Any, Any]]:
    """A part of the node, the operator that makes it wrong, the wrong part, the whole with it."""
    if _is_text(node):
        return
    for name, operator in OPERATORS.items():
        for wrong in operator(node):
            yield node, name, wrong, wrong
    for field_name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            for part, name, wrong, whole in _variants(value):
                yield part, name, wrong, _with(node, **{field_name: whole})
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, ast.AST):
                    for part, name, wrong, whole in _variants(item):
                        other = [*value[:i], whole, *value[i + 1 :]]
                        yield part, name, wrong, _with(node, **{field_name: other})


def _is_text(node: ast.AST) -> bool:
    """Imports, strings and annotations hold no mathematics."""
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.arguments))
