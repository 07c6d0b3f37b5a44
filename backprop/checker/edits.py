"""Small changes to one statement: what a student may have meant instead.

Each function of the table below proposes changes of one kind at one place of an expression,
likeliest first. A change that makes the wrong results right says where the mistake is and
what kind of mistake it is.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backprop.checker.source import clone


@dataclass
class Edit:
    """One change: its kind (a word of the hints), and the words for the message."""

    kind: str
    statement: ast.stmt
    cost: int
    detail: dict[str, str] = field(default_factory=dict)


@dataclass
class Scope:
    """What can be named at a statement."""

    values: dict[str, Any]  # variables and their values there
    lengths: dict[str, float]  # N, D, x.shape[0], …: numbers that a factor may be
    counts: dict[str, float]  # how many numbers a sum of the forward adds up: N * H * W, …
    eps: list[tuple[str, float]]  # small constants of the forward
    globals: dict[str, Any]  # of the function's module
    words: tuple[str, ...] = ()  # expressions that the function uses elsewhere: c["std"][j]

    def __post_init__(self) -> None:
        self._cache: dict[str, Any] = {}
        self._names = {**self.globals, **self.values}
        self._arrays: list[tuple[str, np.ndarray]] = []
        for name in [*self.values, *self.words]:
            value = self.values[name] if name in self.values else self.text(name)
            if isinstance(value, (np.ndarray, np.floating, float)):
                array = np.asarray(value)
                if array.dtype.kind in "bf":
                    self._arrays.append((name, array))

    def arrays(self) -> list[tuple[str, np.ndarray]]:
        """The arrays that can be written there, by their expressions."""
        return self._arrays

    def value(self, node: ast.AST) -> Any:
        """The value of an expression there; None if it has none."""
        if isinstance(node, ast.Starred):
            return None
        return self.text(_text(node))

    def number(self, name: str, value: float) -> ast.expr:
        """A number as one would write it there: by its name if it has one, else in digits."""
        return _name(name) if self.text(name) == value else _num(value)

    def value_after(self, statement: ast.stmt) -> Any:
        """What an assignment would assign there; None if that cannot be told."""
        if isinstance(statement, ast.Assign):
            if not isinstance(statement.targets[0], ast.Name):
                return None
            return self.value(statement.value)
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            return self.value(ast.BinOp(_load(statement.target), statement.op, statement.value))
        return None

    def text(self, text: str) -> Any:
        if text not in self._cache:
            try:
                with np.errstate(all="ignore"):
                    self._cache[text] = eval(text, self._names)
            except Exception:
                self._cache[text] = None
        return self._cache[text]


# (kind, cost, detail, new node); cost: smaller is tried and believed first
Change = tuple[str, int, dict[str, str], ast.AST]


@dataclass
class Place:
    """A node of the statement's expressions, and what is around it."""

    node: Any
    parents: tuple[Any, ...]
    scope: Scope

    @property
    def parent(self) -> Any:
        return self.parents[-1] if self.parents else None

    @property
    def is_term(self) -> bool:
        """The whole expression, or an operand of + or -, or what a sum adds up."""
        if not self.parents:
            return True
        parent = self.parent
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, (ast.Add, ast.Sub)):
            return True
        if isinstance(parent, ast.Attribute) and parent.attr == "T":
            return True
        return isinstance(parent, (ast.Call, ast.UnaryOp, ast.Tuple, ast.Dict))

    def divided_by(self, name: str) -> bool:
        """Whether something else in the statement is divided by `name`."""
        return any(
            isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div) and _text(n.right) == name
            for n in ast.walk(self.parents[0])
        )

    def inside(self, kinds: Any) -> bool:
        return any(isinstance(parent, kinds) for parent in self.parents)


def _num(value: float) -> ast.expr:
    if isinstance(value, float) and value == int(value):
        value = int(value)
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _name(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _bin(left: Any, op: ast.operator, right: Any) -> ast.BinOp:
    return ast.BinOp(left, op, right)


def _np(function: str, *args: Any, **keywords: Any) -> ast.expr:
    return ast.Call(
        ast.Attribute(ast.Name("np", ast.Load()), function, ast.Load()),
        list(args),
        [ast.keyword(k, v) for k, v in keywords.items()],
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.floating))


def _load(node: ast.Name) -> ast.Name:
    return ast.Name(node.id, ast.Load())


def _text(node: Any) -> str:
    text = getattr(node, "text", None)
    if text is None:
        text = node.text = ast.unparse(node)
    return text


def _called(node: Any) -> str:
    """`sum` for np.sum(…) and x.sum(…)."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr
        if isinstance(node.func, ast.Name):
            return node.func.id
    return ""


def _is_number(node: Any) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and not isinstance(node.value, bool)
    )


# ── the table ───────────────────────────────────────────────────────────────────────────────
def sign(place: Place) -> Iterator[Change]:
    node = place.node
    said = {"term": _text(node)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", 1, said, node.operand
        return
    if _is_number(node) and not place.inside((ast.Subscript, ast.keyword)) and node.value:
        if not (isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, ast.Pow)):
            yield "sign", 4, said, ast.UnaryOp(ast.USub(), node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield "sign", 1, {"term": _text(node.right)}, _bin(node.left, other, node.right)
        if isinstance(node.op, ast.Sub):
            yield "sign", 2, said, _bin(node.right, ast.Sub(), node.left)
    if place.is_term and not _is_number(node):
        yield "sign", 2 if not place.parents else 3, said, ast.UnaryOp(ast.USub(), node)


def factor(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if place.inside((ast.Subscript, ast.keyword, ast.Compare)):
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        left, right = node.left, node.right
        other = ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult()
        plain = _is_number(right) or type(scope.value(right)) in (int, float)
        if plain or _length_like(right, scope):
            yield "factor", 2, {"factor": _text(right)}, _bin(left, other, right)
        yield "factor", 3, {"factor": _text(right), "how": "drop"}, left
        if isinstance(node.op, ast.Mult):
            yield "factor", 3, {"factor": _text(left), "how": "drop"}, right
    if _called(node) in ("sum", "mean") and isinstance(node, ast.Call):
        new = clone(node, {})
        wanted = "mean" if _called(node) == "sum" else "sum"
        if isinstance(new.func, ast.Attribute):
            new.func.attr = wanted
            yield "factor", 2, {"factor": "N", "was": _called(node), "want": wanted}, new
    in_exponent = (
        isinstance(place.parent, ast.BinOp)
        and isinstance(place.parent.op, ast.Pow)
        and place.parent.right is node
    )
    if _is_number(node) and not in_exponent and not isinstance(place.parent, ast.Call):
        for value in (0.5, 1, 2, 3, 4):
            if value != node.value:
                detail = {"factor": _short(value), "was": _text(node)}
                yield "factor", 3, detail, ast.copy_location(_num(value), node)
    is_length = _length_like(node, scope) and np.ndim(scope.value(node)) == 0
    for name, value in scope.lengths.items() if is_length else ():
        if _text(node) != name and scope.value(node) != value:
            yield "factor", 2, {"factor": name, "was": _text(node)}, scope.number(name, value)
    if not place.parents and isinstance(scope.value(node), (int, float, np.integer)):
        for name, value in {**scope.lengths, **scope.counts}.items():
            if value != scope.value(node):
                yield "factor", 2, {"factor": name, "was": _text(node)}, scope.number(name, value)
    if place.is_term and not _is_number(node) and not isinstance(node, (ast.Tuple, ast.List)):
        deep = 0 if not place.parents else 2
        for name, value in _factors(scope):
            number = scope.number(name, value)
            detail = {"factor": name}
            if deep and place.divided_by(name):  # its neighbours have that factor
                yield "factor", 4, {**detail, "how": "divide"}, _bin(node, ast.Div(), number)
            yield "factor", 4 + deep, {**detail, "how": "divide"}, _bin(node, ast.Div(), number)
            yield "factor", 4 + deep, {**detail, "how": "multiply"}, _bin(node, ast.Mult(), number)


def _factors(scope: Scope) -> Iterator[tuple[str, float]]:
    seen = set()
    known = (("2", 2.0), *scope.lengths.items(), *scope.counts.items(), ("4", 4.0), ("3", 3.0))
    for name, value in known:
        if value not in seen and value not in (0, 1):
            seen.add(value)
            yield name, value


def _length_like(node: Any, scope: Scope) -> bool:
    """A name or expression that stands for a length: N, x.shape[0], len(x), H * W."""
    if isinstance(node, ast.Name):
        value = scope.values.get(node.id)
        return isinstance(value, (int, float, np.integer)) and not isinstance(value, bool)
    text = _text(node)
    if isinstance(node, ast.Subscript) and ".shape" in text:
        return True
    if isinstance(node, ast.Attribute) and node.attr == "size":
        return True
    if isinstance(node, ast.BinOp) and isinstance(scope.value(node), (int, np.integer)):
        return True
    return isinstance(node, ast.Call) and _called(node) == "len"


def _power_like(node: Any) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)


def _short(value: float) -> str:
    return {0.5: "½", 0.25: "¼"}.get(value, f"{value:g}")


def epsilon(place: Place) -> Iterator[Change]:
    """`np.sqrt(var)` for `np.sqrt(var + eps)`."""
    node, parent = place.node, place.parent
    rooted = _called(parent) in ("sqrt", "power", "rsqrt") or (
        isinstance(parent, ast.BinOp)
        and (
            (isinstance(parent.op, ast.Pow) and parent.left is node)
            or (isinstance(parent.op, ast.Div) and parent.right is node)
        )
    )
    if not rooted or _is_number(node):
        return
    scope = place.scope
    for name, value in scope.eps:
        number = scope.number(name, value)
        yield "factor", 2, {"factor": "eps"}, _bin(node, ast.Add(), number)
        yield "factor", 3, {"factor": "eps"}, _bin(node, ast.Sub(), number)


def power(place: Place) -> Iterator[Change]:
    node, parent, scope = place.node, place.parent, place.scope
    if place.inside((ast.Subscript, ast.keyword, ast.Compare)):
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        old = scope.value(node.right)
        if isinstance(old, (int, float)):
            for new in (-old, old + 1, old - 1, old + 0.5, old - 0.5, old - 2, old + 2, 1):
                if new not in (old, 0):
                    yield (
                        "power",
                        2,
                        {"was": f"{old:g}", "want": f"{new:g}"},
                        _bin(node.left, ast.Pow(), _num(new)),
                    )
    if _called(node) in ("sqrt", "square") and node.args:
        yield "power", 2, {"was": _text(node), "want": _text(node.args[-1])}, node.args[-1]
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        other = ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult()
        if isinstance(node.right, (ast.Call, ast.BinOp, ast.Name, ast.Subscript)):
            yield (
                "power",
                2,
                {"was": _text(node.right), "want": "1 / " + _text(node.right)},
                _bin(node.left, other, node.right),
            )
    in_power = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow)
    simple = isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)) and not in_power
    simple = simple or (_called(node) in ("tanh", "exp", "sqrt") and not in_power)
    grouped = isinstance(node, ast.BinOp) and isinstance(parent, (ast.BinOp, ast.Call))
    if simple or grouped:
        value = scope.value(node) if simple else None
        if simple and np.asarray(value if _is_array(value) else 0).dtype.kind != "f":
            return
        text = _text(node)
        base = clone(node, {})
        yield "power", 3, {"was": text, "want": f"{text} ** 2"}, _bin(base, ast.Pow(), _num(2))
        yield "power", 4, {"was": text, "want": f"np.sqrt({text})"}, _np("sqrt", base)
        yield "power", 4, {"was": text, "want": f"{text} ** 3"}, _bin(base, ast.Pow(), _num(3))
        yield "power", 6, {"was": text, "want": f"1 / {text}"}, _bin(_num(1), ast.Div(), base)


REDUCTIONS = ("sum", "mean", "max", "argmax", "argmin", "min", "softmax", "repeat", "roll",
              "concatenate", "hstack", "vstack", "stack", "cumsum", "var", "std", "flip",
              "expand_dims", "squeeze")  # fmt: skip


def axis(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if isinstance(node, ast.Call) and _called(node) in REDUCTIONS:
        spot, old = _axis_argument(node)
        first = node.args[0] if node.args and _is_module(node.func) else None
        if first is None and isinstance(node.func, ast.Attribute):
            first = node.func.value
        value = scope.value(first) if first is not None else None
        rank = value.ndim if isinstance(value, np.ndarray) else 3
        was = "None" if old is None else _text(old)
        for keep in (None, True, False):
            if keep is not None and _called(node) not in ("sum", "mean", "max", "min"):
                continue
            for axes in _axis_choices(rank):
                new = _with_axis(node, spot, axes, keep)
                if new is not None and _text(new) != _text(node):
                    wanted = "None" if axes is None else str(axes)
                    same = wanted == was
                    kind = "shape" if same else "axis"
                    yield kind, 2 if keep is None else 3, {"was": was, "want": wanted}, new
    if isinstance(node, ast.Call) and _called(node) == "einsum" and node.args:
        yield from _einsum(node)
    if (
        isinstance(node, (ast.Tuple, ast.Constant))
        and isinstance(place.parent, ast.Assign | type(None))
        and isinstance(scope.value(node), (int, tuple))
    ):
        old = scope.value(node)
        flat = old if isinstance(old, tuple) else (old,)
        if not isinstance(old, bool) and all(isinstance(a, int) and -4 <= a <= 4 for a in flat):
            for axes in _axis_choices(5):
                if axes is not None and axes != old:
                    yield "axis", 3, {"was": str(old), "want": str(axes)}, _axes_node(axes)
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "shape"
        and _is_number(node.slice)
    ):
        value = scope.value(node.value)
        for i in range(len(value) if isinstance(value, tuple) else 3):
            if i != node.slice.value:
                new = clone(node, {})
                new.slice = ast.Constant(i)
                yield "factor", 1, {"factor": _text(new), "was": _text(node)}, new


def _is_module(func: Any) -> bool:
    return (
        isinstance(func, ast.Name)
        or isinstance(func, ast.Attribute)
        and _text(func.value) in ("np", "numpy", "special", "scipy.special", "sp")
    )


def _axis_argument(call: ast.Call) -> tuple[Any, Any]:
    for keyword in call.keywords:
        if keyword.arg == "axis":
            return keyword, keyword.value
    position = 1 if _is_module(call.func) else 0
    if len(call.args) > position:
        return position, call.args[position]
    return None, None


def _axis_choices(rank: int) -> list[Any]:
    axes: list[Any] = list(range(rank))
    for count in range(2, rank):
        axes += list(itertools.combinations(range(rank), count))
    return [*axes, None]


def _axes_node(axes: Any) -> ast.expr:
    return ast.parse(repr(axes), mode="eval").body


def _with_axis(call: ast.Call, spot: Any, axes: Any, keep: bool | None) -> ast.Call | None:
    new = clone(call, {})
    node = _axes_node(axes)
    if isinstance(spot, int):
        new.args[spot] = node
    else:
        new.keywords = [k for k in new.keywords if k.arg != "axis"]
        new.keywords.append(ast.keyword("axis", node))
    if keep is not None:
        new.keywords = [k for k in new.keywords if k.arg != "keepdims"]
        if keep:
            new.keywords.append(ast.keyword("keepdims", ast.Constant(True)))
    return new


def _einsum(node: ast.Call) -> Iterator[Change]:
    spec = node.args[0]
    if not isinstance(spec, ast.Constant) or not isinstance(spec.value, str):
        return
    if "->" not in spec.value:
        return
    inputs, output = spec.value.replace(" ", "").split("->")
    letters = sorted(set(inputs) - {",", "."})
    for count in range(0, min(len(letters), 4) + 1):
        for choice in itertools.permutations(letters, count):
            wanted = "".join(choice)
            if wanted != output:
                new = clone(node, {})
                new.args[0] = ast.Constant(f"{inputs}->{wanted}")
                kind = "transposed" if sorted(wanted) == sorted(output) else "axis"
                yield kind, 3, {"was": output, "want": wanted}, new
    parts = inputs.split(",")
    for i, part in enumerate(parts):
        for order in itertools.permutations(part):
            wanted = "".join(order)
            if wanted != part:
                new = clone(node, {})
                changed = ",".join([*parts[:i], wanted, *parts[i + 1 :]])
                new.args[0] = ast.Constant(f"{changed}->{output}")
                yield "transposed", 4, {"was": part, "want": wanted}, new


def missing_sum(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if not place.is_term or isinstance(node, (ast.Constant, ast.Tuple, ast.List)):
        return
    if place.inside((ast.Subscript, ast.keyword)):
        return
    value = scope.value(node)
    rank = value.ndim if isinstance(value, np.ndarray) else 0
    for axes in _axis_choices(rank) if rank else []:
        for keep in (False, True):
            extra = {"keepdims": ast.Constant(True)} if keep else {}
            new = _np("sum", clone(node, {}), axis=_axes_node(axes), **extra)
            yield "missing sum", 4, {"axis": str(axes)}, new
    if _called(node) in ("sum", "mean"):
        inner = node.args[0] if _is_module(node.func) else node.func.value
        yield "axis", 5, {"was": _text(node), "want": _text(inner)}, inner


def transposed(place: Place) -> Iterator[Change]:
    node, parent, scope = place.node, place.parent, place.scope
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposed", 2, {"operand": _text(node), "want": _text(node.value)}, node.value
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        swapped = _bin(node.right, ast.MatMult(), node.left)
        yield "transposed", 4, {"operand": _text(node)}, swapped
        yield "transposed", 4, {"operand": _text(node)}, _bin(
            ast.Attribute(node.right, "T", ast.Load()), ast.MatMult(),
            ast.Attribute(node.left, "T", ast.Load()),
        )  # fmt: skip
        yield (
            "transposed",
            5,
            {"operand": _text(node)},
            _bin(_untransposed(node.right), ast.MatMult(), _untransposed(node.left)),
        )
    if _called(node) in ("dot", "matmul", "outer"):
        left, right = (
            (node.args[0], node.args[1]) if len(node.args) == 2 else (node.func.value, node.args[0])
        )
        outer = _called(node) == "outer"
        make = (
            (lambda a, b: _np("outer", a, b)) if outer else (lambda a, b: _bin(a, ast.MatMult(), b))
        )
        yield "transposed", 4, {"operand": _text(node)}, make(right, left)
        yield (
            "transposed",
            4,
            {"operand": _text(node)},
            make(ast.Attribute(right, "T", ast.Load()), ast.Attribute(left, "T", ast.Load())),
        )
        yield (
            "transposed",
            5,
            {"operand": _text(node)},
            make(_untransposed(right), _untransposed(left)),
        )
    factor_of = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.MatMult)
    factor_of = factor_of or _called(parent) in ("dot", "matmul", "reshape", "outer", "einsum")
    whole = not place.parents
    if not (factor_of or whole or place.is_term) or isinstance(node, (ast.Constant, ast.Tuple)):
        return
    value = scope.value(node)
    rank = value.ndim if isinstance(value, np.ndarray) else 0
    if rank == 2:
        cost = 3 if factor_of or whole else 5
        text = _text(node)
        yield (
            "transposed",
            cost,
            {"operand": text, "want": f"{text}.T"},
            ast.Attribute(clone(node, {}), "T", ast.Load()),
        )
        yield (
            "transposed",
            6,
            {"operand": text},
            _np(
                "reshape", ast.Attribute(clone(node, {}), "T", ast.Load()), _name(f"{value.shape}")
            ),
        )
    elif 3 <= rank <= 4:
        text = _text(node)
        swaps = list(itertools.combinations(range(rank), 2))
        for a, b in reversed(swaps):
            new = _np("swapaxes", clone(node, {}), _num(a), _num(b))
            yield "transposed", 4, {"operand": text, "want": _text(new)}, new
    if _called(node) == "reshape" and isinstance(node.func, ast.Attribute):
        yield "transposed", 6, {"operand": _text(node)}, _retransposed(node)


def _untransposed(node: Any) -> Any:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _retransposed(node: Any) -> Any:
    """`(a @ b).reshape(s)` with the matrix transposed first."""
    new = clone(node, {})
    if _is_module(new.func):
        new.args[0] = ast.Attribute(new.args[0], "T", ast.Load())
    else:
        new.func.value = ast.Attribute(new.func.value, "T", ast.Load())
    return new


def operand(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if not isinstance(node, (ast.Name, ast.Subscript)) or not isinstance(node.ctx, ast.Load):
        return
    parent = place.parent
    if isinstance(parent, ast.Attribute) and parent.attr in ("shape", "size", "ndim"):
        return
    if isinstance(parent, ast.Subscript) and parent.value is node and isinstance(node, ast.Name):
        if not isinstance(scope.values.get(node.id), np.ndarray):
            return
    value = scope.value(node)
    masked = place.inside(ast.Compare)
    if isinstance(value, (np.ndarray, np.floating)):
        array = np.asarray(value)
        for name, other in scope.arrays():
            if name == _text(node):
                continue
            if other.dtype.kind != array.dtype.kind:
                if other.dtype.kind == "b" and other.shape == array.shape and not masked:
                    yield "value", 5, {"was": _text(node), "want": name}, _name(name)
                continue
            if name not in scope.values and (other.shape != array.shape or " " in name):
                continue
            loose = isinstance(parent, ast.Call) or place.is_term
            alike = other.shape == array.shape or _fits(other.shape, array.shape)
            if alike or (loose and other.ndim == array.ndim):
                cost = 4 if other.shape == array.shape else 6
                kind = "mask" if masked else "operand"
                yield kind, cost, {"was": _text(node), "want": name}, _name(name)
                if other.ndim == 2 and not masked and other.shape == array.shape:
                    new = ast.Attribute(_name(name), "T", ast.Load())
                    yield "operand", 6, {"was": _text(node), "want": f"{name}.T"}, new
    if isinstance(node, ast.Subscript) and isinstance(parent, (ast.BinOp, ast.Call, type(None))):
        whole = scope.value(node.value)
        if isinstance(whole, (dict, list)) and isinstance(value, np.ndarray):
            keys = list(whole) if isinstance(whole, dict) else list(range(len(whole)))
            for key in keys:
                if isinstance(whole[key], np.ndarray) and whole[key].shape == value.shape:
                    new = clone(node, {})
                    new.slice = ast.Constant(key)
                    if _text(new) != _text(node):
                        detail = {"was": _text(node), "want": _text(new)}
                        yield "operand", 3, detail, new


COMPARISONS = (ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Eq, ast.NotEq)


def mask(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for op in COMPARISONS:
            if not isinstance(node.ops[0], op):
                new = ast.Compare(node.left, [op()], node.comparators)
                yield "mask", 2, {"was": _text(node), "want": _text(new)}, new
        if _is_number(node.comparators[0]):
            for value in (0, 0.5, 1):
                if value != node.comparators[0].value:
                    new = ast.Compare(node.left, node.ops, [_num(value)])
                    yield "mask", 2, {"was": _text(node), "want": _text(new)}, new
        for name, value in scope.arrays():
            left = scope.value(node.left)
            same = getattr(left, "shape", None) == value.shape and name != _text(node.left)
            if value.dtype.kind == "f" and same:
                for op in COMPARISONS[:4]:
                    new = ast.Compare(_name(name), [op()], node.comparators)
                    yield "mask", 3, {"was": _text(node), "want": _text(new)}, new
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Invert, ast.Not)):
        yield "mask", 2, {"was": _text(node), "want": _text(node.operand)}, node.operand
    swap = {"argmax": "argmin", "argmin": "argmax", "max": "min", "min": "max"}.get(_called(node))
    if swap and isinstance(node.func, ast.Attribute):
        new = clone(node, {})
        new.func.attr = swap
        yield "mask", 2, {"was": _called(node), "want": swap}, new
    value = scope.value(node) if isinstance(node, (ast.Name, ast.Subscript)) else None
    if isinstance(value, np.ndarray) and value.dtype.kind == "b":
        if not isinstance(place.parent, ast.Attribute):
            new = ast.UnaryOp(ast.Invert(), clone(node, {}))
            yield "mask", 2, {"was": _text(node), "want": _text(new)}, new
    product = isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, ast.MatMult)
    if (
        (place.is_term or product)
        and not place.inside((ast.Compare, ast.Subscript))
        and not _is_number(node)
    ):
        got = scope.value(node)
        shape = got.shape if isinstance(got, np.ndarray) else None
        if shape is None:
            return
        for name, value in scope.arrays():
            if value.shape == shape and name != _text(node):
                if (
                    value.dtype.kind == "b"
                    or set(np.unique(value)) <= {0.0, 1.0}
                    or ("mask" in name and value.dtype.kind == "f")
                ):
                    new = _bin(clone(node, {}), ast.Mult(), _name(name))
                    yield "mask", 4, {"was": _text(node), "want": _text(new)}, new
                if value.dtype.kind == "f":
                    test = ast.Compare(_name(name), [ast.Gt()], [_num(0)])
                    new = _bin(clone(node, {}), ast.Mult(), test)
                    yield "mask", 5, {"was": _text(node), "want": _text(new)}, new


def value_for_derivative(place: Place) -> Iterator[Change]:
    """`dh * h` for `dh * (1 - h ** 2)`: what forward computed instead of its derivative."""
    node, scope, parent = place.node, place.scope, place.parent
    if place.inside((ast.Subscript, ast.keyword, ast.Compare)) and not isinstance(
        node, (ast.BinOp, ast.Call)
    ):
        return
    simple = isinstance(node, (ast.Name, ast.Subscript)) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Pow, ast.Sub, ast.Mult))
    )
    simple = simple or _called(node) in ("power", "square", "tanh")
    if not simple or not isinstance(parent, (ast.BinOp, ast.Call, type(None), ast.AugAssign)):
        return
    if isinstance(parent, ast.Call) and _called(parent) not in ("dot", "multiply"):
        return
    names = [n for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Subscript))]
    inner = [node] if isinstance(node, (ast.Name, ast.Subscript)) else names
    for base in inner:
        got = scope.value(base)
        if not isinstance(got, np.ndarray) or got.dtype.kind != "f":
            continue
        text = _text(base)
        for shape in ("1 - {0} ** 2", "{0} * (1 - {0})", "{0} > 0", "1 - {0}", "np.exp({0})",
                      "np.cos({0})", "1 / {0}", "1 - np.tanh({0}) ** 2",
                      "{0} == np.max({0})"):  # fmt: skip
            wanted = shape.format(text)
            if _text(node) not in (wanted, f"({wanted})"):
                begun = _text(node) in wanted and node is not base
                kind, cost = ("factor", 5) if begun else ("value", 4 if node is base else 5)
                detail = {"was": _text(node), "want": wanted, "factor": text}
                yield kind, cost, detail, _name(wanted)
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mult):
            for shape in ("{1} * (1 - {0})", "{1} * (1 - {0} ** 2)"):
                wanted = shape.format(text, _text(node))
                yield "value", 5, {"was": _text(node), "want": wanted}, _name(wanted)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and not names:
        return


def missing_factor(place: Place) -> Iterator[Change]:
    """A whole array left out: `dxhat = dout` for `dxhat = dout * gamma`."""
    node, scope = place.node, place.scope
    if not place.is_term or _is_number(node) or place.inside((ast.Subscript, ast.keyword)):
        return
    deep = 0 if not place.parents else 2
    got = scope.value(node)
    for name, array in scope.arrays():
        if name == _text(node) or (isinstance(got, np.ndarray) and not _meet(got, array)):
            continue
        other = _name(name)
        detail = {"factor": name}
        yield (
            "factor",
            5 + deep,
            {**detail, "how": "multiply"},
            _bin(clone(node, {}), ast.Mult(), other),
        )
        if array.dtype.kind == "f":
            yield (
                "factor",
                5 + deep,
                {**detail, "how": "divide"},
                _bin(clone(node, {}), ast.Div(), other),
            )
            if not deep:
                square = _bin(other, ast.Pow(), _num(2))
                yield (
                    "power",
                    8,
                    {"was": "1", "want": f"{name} ** 2"},
                    _bin(clone(node, {}), ast.Div(), square),
                )
                sigmoid = _name(f"1 - {name}")
                yield (
                    "value",
                    7,
                    {"was": _text(node), "want": f"* (1 - {name})"},
                    _bin(clone(node, {}), ast.Mult(), sigmoid),
                )
                tanh = _name(f"1 - {name} ** 2")
                yield (
                    "value",
                    7,
                    {"was": _text(node), "want": f"* (1 - {name} ** 2)"},
                    _bin(clone(node, {}), ast.Mult(), tanh),
                )


def term(place: Place) -> Iterator[Change]:
    """A term left out, or one too many."""
    node, scope = place.node, place.scope
    if place.inside((ast.Subscript, ast.keyword, ast.Compare)):
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield "operand", 6, {"was": _text(node), "want": _text(node.left)}, node.left
        yield "operand", 6, {"was": _text(node), "want": _text(node.right)}, node.right
    if not place.is_term or _is_number(node):
        return
    got = scope.value(node) if place.parents else None
    deep = 0 if not place.parents else 2
    for name, value in scope.arrays():
        if name == _text(node) or value.dtype.kind != "f":
            continue
        if isinstance(got, np.ndarray) and not _fits(value.shape, got.shape):
            continue
        for op in (ast.Add(), ast.Sub()):
            new = _bin(clone(node, {}), op, _name(name))
            sign = "+" if isinstance(op, ast.Add) else "-"
            if place.parents and name in _text(place.parents[0]) or name in _text(node):
                yield "factor", 6, {"factor": "2"}, new  # a term that is there already, twice
            else:
                yield "missing term", 5 + deep, {"term": f"{sign} {name}"}, new
        if not place.parents and value.size > 1:
            outer = f"np.outer({name}, {name})"
            new = _bin(clone(node, {}), ast.Sub(), _name(outer))
            yield "missing term", 6, {"term": f"- {outer}"}, new
            for label, length in _factors(scope):
                scaled = _bin(_name(name), ast.Div(), scope.number(label, length))
                new = _bin(clone(node, {}), ast.Add(), scaled)
                yield "missing term", 7, {"term": f"+ {name} / {label}"}, new


def _meet(a: np.ndarray, b: np.ndarray) -> bool:
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return True


def _fits(small: tuple[int, ...], big: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(small, big) == big
    except ValueError:
        return False


def order(place: Place) -> Iterator[Change]:
    node = place.node
    if isinstance(node, (ast.Tuple, ast.List)) and 2 <= len(node.elts) <= 8:
        if isinstance(place.parent, ast.Subscript) or isinstance(place.parent, ast.keyword):
            if not all(isinstance(e, (ast.BinOp, ast.Name)) for e in node.elts):
                return
        for i, j in itertools.combinations(range(len(node.elts)), 2):
            new = clone(node, {})
            new.elts[i], new.elts[j] = new.elts[j], new.elts[i]
            detail = {"was": _text(node.elts[i]), "want": _text(node.elts[j])}
            yield "order", 2, detail, new
        if len(node.elts) == 3:
            for shift in (1, 2):
                new = clone(node, {})
                new.elts = new.elts[shift:] + new.elts[:shift]
                yield "order", 3, {"was": _text(node), "want": _text(new)}, new


def index(place: Place) -> Iterator[Change]:
    """`h[:, t]` for `h[:, t - 1]`, a reversed filter, the names of two indices swapped."""
    node = place.node
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        names = [n for n in ast.walk(node.slice) if isinstance(n, ast.Name)]
        for name in names[:3]:
            if not isinstance(place.scope.values.get(name.id), (int, np.integer)):
                continue
            for op in (ast.Sub(), ast.Add()):
                new = clone(node, {id(name): _bin(name, op, ast.Constant(1))})
                yield "operand", 5, {"was": _text(node), "want": _text(new)}, new
    if isinstance(node, ast.BinOp) and isinstance(place.parent, ast.Subscript):
        if isinstance(node.op, (ast.Add, ast.Sub)) and _is_number(node.right):
            yield "operand", 4, {"was": _text(node), "want": _text(node.left)}, node.left


KINDS: list[Callable[[Place], Iterator[Change]]] = [
    sign, factor, epsilon, power, axis, missing_sum, transposed, operand, mask,
    value_for_derivative, missing_factor, term, order, index,
]  # fmt: skip


class Edits:
    """All changes of a statement by their cost; each becomes a statement when it is asked for."""

    def __init__(self, statement: ast.stmt, scope: Scope) -> None:
        self.statement = statement
        self._levels: dict[int, list[tuple[str, dict[str, str], Any, ast.AST]]] = {}
        self._seen = {ast.unparse(statement)}
        for kind, cost, detail, new in _whole(statement):
            self._levels.setdefault(cost, []).append((kind, detail, None, new))
        for place in _places(statement, scope):
            for propose in KINDS:
                for kind, cost, detail, new in propose(place):
                    self._levels.setdefault(cost, []).append((kind, detail, place.node, new))
        self._made: dict[int, list[Edit]] = {}

    def at(self, cost: int) -> list[Edit]:
        """The changes of one cost; ask for the lower costs first."""
        if cost not in self._made:
            self._made[cost] = made = []
            for kind, detail, node, new in self._levels.get(cost, ()):
                whole = new if node is None else clone(self.statement, {id(node): new})
                text = ast.unparse(whole)
                if text not in self._seen:
                    self._seen.add(text)
                    ast.copy_location(whole, self.statement)
                    whole.origin = self.statement  # type: ignore[attr-defined]
                    made.append(Edit(kind, whole, cost, {**detail, "line": text}))
        return self._made[cost]

    def __iter__(self) -> Iterator[Edit]:
        for cost in sorted(self._levels):
            yield from self.at(cost)


def _whole(statement: ast.stmt) -> Iterator[Change]:
    """Changes of the statement as such: `=` for `+=`."""
    where = {"lineno": statement.lineno, "col_offset": statement.col_offset}
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, (ast.Name, ast.Subscript)):
            detail = {"was": "=", "want": "+="}
            added = ast.AugAssign(clone(target, {}), ast.Add(), clone(statement.value, {}), **where)
            yield "overwritten", 1, detail, added
            less = ast.AugAssign(clone(target, {}), ast.Sub(), clone(statement.value, {}), **where)
            yield "overwritten", 3, {"was": "=", "want": "-="}, less
        if isinstance(target, ast.Tuple) and len(target.elts) <= 6:
            for i, j in itertools.combinations(range(len(target.elts)), 2):
                new = clone(statement, {})
                elements = new.targets[0].elts
                elements[i], elements[j] = elements[j], elements[i]
                detail = {"was": _text(target.elts[i]), "want": _text(target.elts[j])}
                yield "order", 2, detail, new
    if isinstance(statement, ast.For):
        new = clone(statement, {})
        backwards = _called(new.iter) == "reversed"
        listed = ast.Call(ast.Name("list", ast.Load()), [new.iter], [])
        new.iter = (
            new.iter.args[0]
            if backwards
            else ast.Call(ast.Name("reversed", ast.Load()), [listed], [])
        )
        yield "order", 1, {"was": _text(statement.iter), "want": _text(new.iter)}, new
        return
    if isinstance(statement, ast.AugAssign):
        operators: list[tuple[type[ast.operator], str, str]] = [
            (ast.Add, "sign", "+="), (ast.Sub, "sign", "-="),
            (ast.Mult, "factor", "*="), (ast.Div, "factor", "/="),
        ]  # fmt: skip
        for op, kind, text in operators:
            if not isinstance(statement.op, op):
                pair = {type(statement.op), op}
                if pair in ({ast.Add, ast.Sub}, {ast.Mult, ast.Div}):
                    new = clone(statement, {})
                    new.op = op()
                    yield kind, 1, {"was": "", "want": text, "term": _text(statement.value),
                                    "factor": _text(statement.value)}, new  # fmt: skip
        plain = ast.Assign([clone(statement.target, {})], clone(statement.value, {}), **where)
        yield "overwritten", 4, {"was": "+=", "want": "="}, plain


def _places(statement: ast.stmt, scope: Scope) -> Iterator[Place]:
    roots: list[Any] = []
    if isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)):
        if statement.value is not None:
            roots.append(statement.value)
    elif isinstance(statement, ast.For):
        roots.append(statement.iter)
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    for target in targets:
        if isinstance(target, ast.Subscript):
            yield from _walk(target.slice, (target,), scope)
    for root in roots:
        yield from _walk(root, (), scope)


def _walk(node: ast.AST, parents: tuple[Any, ...], scope: Scope) -> Iterator[Place]:
    if isinstance(node, ast.expr):
        yield Place(node, parents, scope)
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Call) and child is node.func:
            if isinstance(child, ast.Attribute) and not _is_module(child):
                yield from _walk(child.value, (*parents, node), scope)
            continue
        if isinstance(child, (ast.expr, ast.keyword, ast.Slice)):
            yield from _walk(child, (*parents, node), scope)
