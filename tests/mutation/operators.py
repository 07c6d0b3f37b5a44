"""What a slip of the hand does to a line of this package's source: one change, and the rest of the
file as it was, to the character."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
ARITHMETIC = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "/", ast.Mod: "//",
    ast.Pow: "*", ast.BitOr: "&", ast.BitAnd: "|", ast.BitXor: "-", ast.MatMult: "*",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`text[start:end]` of a file replaced by `new`; line: from 1."""

    line: int
    kind: str
    start: int
    end: int
    old: str
    new: str

    def apply(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]

    def __str__(self) -> str:
        return f"{self.kind}: {' '.join(self.old.split())} → {' '.join(self.new.split())}"


class _Source:
    """Places of a syntax tree as places of the text; `ast` counts lines, and bytes in them."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.text = text

    def place(self, line: int, column: int) -> int:
        before = self.lines[line - 1].encode()[:column].decode()
        return self.starts[line - 1] + len(before)

    def span(self, node: ast.AST) -> tuple[int, int]:
        place: ast.expr = node  # type: ignore[assignment]
        assert place.end_lineno is not None
        assert place.end_col_offset is not None
        return (
            self.place(place.lineno, place.col_offset),
            self.place(place.end_lineno, place.end_col_offset),
        )


def mutants(text: str) -> Iterator[Mutant]:
    """All mutants of a module's text, in the order of the text; annotations, docstrings, messages
    of errors and f-strings are left alone."""
    source = _Source(text)
    tree = ast.parse(text)
    skipped = {id(n) for part in _left_alone(tree) for n in ast.walk(part)}
    found = [
        mutant
        for node in ast.walk(tree)
        if id(node) not in skipped
        for mutant in _of(node, source)
        if mutant.new != mutant.old
    ]
    yield from sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.kind))


def _left_alone(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield node.returns
        elif (
            isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr | ast.ImportFrom)
            or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        ):
            yield node


def _of(node: ast.AST, source: _Source) -> Iterator[Mutant]:
    def change(kind: str, at: ast.AST, new: str, until: ast.AST | None = None) -> Mutant:
        start, end = source.span(at)
        if until is not None:
            end = source.span(until)[1]
        return Mutant(at.lineno, kind, start, end, source.text[start:end], new)  # type: ignore[attr-defined]

    def said(part: ast.AST) -> str:
        start, end = source.span(part)
        return source.text[start:end]

    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = said(node.left), said(node.comparators[0])
        if type(node.ops[0]) in COMPARISONS:
            other = COMPARISONS[type(node.ops[0])]
            yield change("comparison", node, f"{left} {other} {right}")
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        other = ARITHMETIC[type(node.op)]
        yield change("operator", node, f"{said(node.left)} {other} {said(node.right)}")
    elif isinstance(node, ast.BoolOp):
        word = " or " if isinstance(node.op, ast.And) else " and "
        yield change("connective", node, word.join(map(said, node.values)))
        for left_out in range(len(node.values)):
            rest = [said(v) for i, v in enumerate(node.values) if i != left_out]
            word = " and " if isinstance(node.op, ast.And) else " or "
            yield change("condition left out", node, f"({word.join(rest)})")
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield change("negation left out", node, said(node.operand))
    elif isinstance(node, ast.Constant):
        yield from _constant(node, change)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield change("condition negated", node.test, f"(not ({said(node.test)}))")
    elif isinstance(node, ast.Dict | ast.Tuple | ast.List):
        parts = node.values if isinstance(node, ast.Dict) else node.elts
        held = isinstance(node, ast.Dict) or isinstance(node.ctx, ast.Load)
        for part in parts if held and len(parts) > 1 else ():
            if not isinstance(part, ast.Constant | ast.Starred):
                yield change("part left out", part, "None")
    elif isinstance(node, ast.Call) and len(node.keywords) and node.keywords[-1].arg:
        start, end = source.span(node.keywords[-1])
        if len(node.keywords) > 1:
            start = source.span(node.keywords[-2].value)[1]
        elif node.args:
            start = source.span(node.args[-1])[1]
        yield Mutant(node.lineno, "argument left out", start, end, source.text[start:end], "")


def _constant(node: ast.Constant, change) -> Iterator[Mutant]:  # type: ignore[no-untyped-def]
    value = node.value
    if isinstance(value, bool):
        yield change("constant", node, str(not value))
    elif isinstance(value, int):
        yield change("constant", node, str(value + 1))
        if value > 1:
            yield change("constant", node, "1")
    elif isinstance(value, float) and value:
        yield change("constant", node, repr(value * 1000))
