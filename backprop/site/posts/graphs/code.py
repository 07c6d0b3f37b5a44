"""Source lines beside a drawing: found, highlighted, and marked with what belongs to them."""

import ast
import functools
import inspect
import linecache
import re
import textwrap
from collections.abc import Mapping
from html import escape
from types import CodeType
from typing import Any, NamedTuple

from pygments import format
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from pygments.token import _TokenType

from backprop.drawing.diagram import operations
from backprop.drawing.texts import forward_text


class Line(NamedTuple):
    """A line of code and its number in the author's file, None if it has none."""

    text: str
    number: int | None


def code_of(graph: Any) -> CodeType | None:
    """The code of the traced function, behind decorators, partials and methods."""
    f = getattr(graph.call, "function", None)
    while isinstance(f, functools.partial):
        f = f.func
    f = inspect.unwrap(f) if callable(f) else f
    if callable(f) and not hasattr(f, "__code__") and not hasattr(f, "__func__"):
        f = type(f).__call__
    return getattr(getattr(f, "__func__", f), "__code__", None)


def _block(lines: list[str], first: int) -> list[str]:
    """The statement that starts at line ``first`` (from 1): the shortest piece that parses and
    ends where the indentation does."""
    indent = len(lines[first - 1]) - len(lines[first - 1].lstrip())
    for end in range(first, len(lines) + 1):
        after = lines[end] if end < len(lines) else ""
        inside = not after.strip() or len(after) - len(after.lstrip()) > indent
        if inside and end < len(lines):
            continue
        piece = lines[first - 1 : end]
        while piece and not piece[-1].strip():
            piece = piece[:-1]
        try:
            ast.parse(textwrap.dedent("".join(piece)))
        except SyntaxError:
            continue
        return piece
    return []


def _docstrings(piece: str) -> set[int]:
    """The lines of docstrings (from 0) and the blank ones after them: the figure explains
    itself."""
    lines = piece.splitlines()
    found: set[int] = set()
    for part in ast.walk(ast.parse(piece)):
        if isinstance(part, ast.FunctionDef) and ast.get_docstring(part) and len(part.body) > 1:
            end = part.body[0].end_lineno or part.body[0].lineno
            while end < len(lines) and not lines[end].strip():
                end += 1
            found |= set(range(part.body[0].lineno - 1, end))
    return found


def _helper(lines: list[str], node: Any) -> int | None:
    """The first line of the function in which a node was computed."""
    head = re.compile(rf"\s*def {re.escape(node.site.function)}\b")
    before = range(min(node.line, len(lines)), 0, -1)
    return next((number for number in before if head.match(lines[number - 1])), None)


def forward_lines(graph: Any) -> list[Line]:
    """The source of the traced function and of the helpers from the same file that it called,
    in the order of the file; without source, a line for each step of the graph."""
    code = code_of(graph)
    steps = operations(graph)
    lines = linecache.getlines(code.co_filename) if code is not None else []
    starts = set()
    if lines and code is not None and code.co_firstlineno <= len(lines):
        starts.add(code.co_firstlineno)
        for node in steps:
            if node.line and node.site.filename == code.co_filename:
                starts.add(_helper(lines, node) or code.co_firstlineno)
    found: dict[int, str] = {}
    for start in sorted(starts):
        if start in found:  # the `def` below a decorator, a function inside another
            starts.discard(start)
            continue
        piece = textwrap.dedent("".join(_block(lines, start)))
        told = _docstrings(piece)
        for number, text in enumerate(piece.splitlines()):
            if number not in told:
                found[start + number] = text
    if not found:
        return [Line(forward_text(node), None) for node in steps]
    result: list[Line] = []
    for number, text in sorted(found.items()):
        if result and number in starts:
            result.append(Line("", None))
        result.append(Line(text, number))
    return result


_Tokens = list[tuple[_TokenType, str]]
# Those that stay with what stands behind them where a line breaks.
_SIGNS = {"+", "-", "*", "/", "//", "**", "@", "%", "&", "|", "==", "!=", "<", "<=", ">", ">="}
_OPERATORS = _SIGNS | {"and", "or", "if", "else", "->"}


def _lines_of(texts: list[str]) -> list[_Tokens]:
    """The tokens of every line."""
    lines: list[_Tokens] = [[]]
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens("\n".join(texts)):
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((kind, part))
    return lines


def _pieces(line: _Tokens) -> list[_Tokens]:
    """A line as words and the spaces between them. What stands in brackets is one word, and so
    are an operator and its right operand: that is what stays together where a line breaks."""
    pieces: list[_Tokens] = [[]]
    depth = 0
    for kind, value in line:
        if depth == 0 and value.isspace():
            alone = "".join(text for _, text in pieces[-1]) in _OPERATORS
            if alone and len(pieces) > 2:
                pieces[-1].append((kind, value))
            else:
                pieces += [[(kind, value)], []]
            continue
        pieces[-1].append((kind, value))
        depth += sum(value.count(mark) for mark in "([{") - sum(value.count(m) for m in ")]}")
    return [piece for piece in pieces if piece]


# np.lib.stride_tricks. of a longer name: the line may go on behind it.
_NAME, _DOT = r'<span class="n">\w+</span>', r'<span class="o">\.</span>'
_PATH = re.compile(f"(?:{_NAME}{_DOT}){{3,}}(?={_NAME})")
# A long name and its first argument need not be one word: word_embedding_backward(dout,
_OPENED = '<span class="p">(</span>'


@functools.cache
def _formatter() -> HtmlFormatter[str]:
    """One for all lines: to make one takes as long as a whole figure."""
    return HtmlFormatter(nowrap=True)


def _line_html(line: _Tokens) -> str:
    def plain(tokens: _Tokens) -> str:
        html = str(format(iter(tokens), _formatter())).rstrip("\n")
        return _PATH.sub(r"\g<0><wbr>", html)

    pieces = _pieces(line)
    out = []
    for piece in pieces:
        html = plain(piece)
        long = len(piece) > 1 and any(text.isspace() for _, text in piece)
        opened = html.replace(_OPENED, f"{_OPENED}<wbr>", 1)
        out.append(f'<span class="bp-piece">{opened}</span>' if long else html)
    return "".join(out)


def code_html(texts: list[str], marks: Mapping[int, Mapping[str, object]]) -> str:
    """Highlighted lines, each in a span of its own; ``marks`` are the data attributes of those
    that belong to a step, by index. Where there is no room a line breaks at its operators."""
    spans = []
    for index, line in enumerate(_lines_of(texts)):
        attributes = "".join(
            f' data-{name}="{escape(str(value))}"'
            for name, value in marks.get(index, {}).items()
            if value is not None
        )
        spans.append(f'<span class="bp-line"{attributes}>{_line_html(line)}\n</span>')
    return f'<pre tabindex="0"><code>{"".join(spans)}</code></pre>'
