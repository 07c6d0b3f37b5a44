"""What is written in boxes and in the text alternative: symbols, shapes, forward steps."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any


def operands_of(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The nodes in an argument, however nested, each with the parameter's name."""
    if hasattr(value, "inputs") and hasattr(value, "op"):
        yield name, value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from operands_of(each, name)
    elif isinstance(value, slice):
        yield from operands_of((value.start, value.stop, value.step), name)


def operands(node: Any) -> Iterator[tuple[str, Any]]:
    """The operands of a node with the names of the parameters they were given for."""
    for parameter, argument in node.arguments.items():
        yield from operands_of(argument, parameter)


def letter(name: str) -> str:
    """What a box writes for a name: γ for gamma. Labels keep the name that the code has."""
    spelt = {"eps": "epsilon", "lam": "lamda", "lambda_": "lamda"}.get(name, name)
    try:
        return unicodedata.lookup(f"GREEK SMALL LETTER {spelt}") if spelt.islower() else name
    except KeyError:
        return name


def shape_text(shape: tuple[int, ...]) -> str:
    return str(tuple(int(length) for length in shape))


def _number(value: Any) -> str | None:
    """A literal as the author would write it; None for what is no short number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return f"{value:g}".replace("-", "−")


def _key(key: Any) -> str | None:
    """An index as it is written, `:, 0`; None where it holds arrays or would be long."""
    parts = []
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, slice):
            bounds = [part.start, part.stop, *([part.step] if part.step is not None else [])]
            texts = ["" if bound is None else _number(bound) for bound in bounds]
            parts.append(None if None in texts else ":".join(text or "" for text in texts))
        elif part is None or part is Ellipsis:
            parts.append("…" if part is Ellipsis else "None")
        else:
            parts.append(_number(part))
    text = ", ".join(part for part in parts if part is not None)
    return text if None not in parts and len(text) <= 12 else None


def _index(key: Any) -> str:
    """An index in words, arrays by their names."""
    parts = []
    for part in key if isinstance(key, tuple) else (key,):
        named = [operand.name for _, operand in operands_of(part)]
        parts.append(", ".join(named) or _key(part) or repr(part))
    return ", ".join(parts)


_SUPERSCRIPT = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _infix(rule: Any) -> bool:
    result: bool = rule.forward.startswith("x ") and rule.forward.endswith(" y")
    return result


def symbol(node: Any) -> str:
    """What a drawing writes in the box of an operation: its symbol, with a literal operand
    (`2 ×`, `1 −`, `()³`) where there is one."""
    rule = getattr(node, "rule", None)
    text = (rule.symbol if rule is not None else "") or node.op
    arguments = list(node.arguments.values())
    if node.op in ("get", "put"):
        key = _key(node.arguments.get("key"))
        return text if key is None else text.replace("[ ]", f"[{key}]")
    if len(arguments) != 2:
        return text
    left, right = map(_number, arguments)
    if node.op == "power" and right is not None:
        return f"(){right.translate(_SUPERSCRIPT)}" if right.isdigit() else f"()^{right}"
    if node.op == "power" and left is not None:
        return f"{left}^()"
    if rule is not None and _infix(rule):
        if left is not None:
            return f"{left} {text}"
        if right is not None:
            return f"{text} {right}"
    return text


_LONGEST = 60  # of an expression that stands for a name


def written(backward: Any) -> Callable[[Any], bool]:
    """Whether a name of the graph is one that the code has: the author's, or a derived line's."""
    known = set(re.findall(r"\w+", backward.source)) if backward is not None else set()
    return lambda node: getattr(node, "named", True) or node.name in known


def expression(node: Any, has_name: Callable[[Any], bool]) -> str:
    """A node as code has it: its name, or where it has none what it was computed from."""
    if has_name(node) or node.op in ("input", "constant"):
        return str(node.name)
    text = forward_text(node, has_name)
    return text if len(text) <= _LONGEST else "…"


def forward_text(node: Any, has_name: Callable[[Any], bool] | None = None) -> str:
    """A forward step in words: `diff = x − mean`, `var = mean(square, axis=0)`.

    With `has_name`, nodes without a name in the code are written out: `std = sqrt(var + eps)`.
    """
    if has_name is not None:
        inlined = _inlined(node, has_name)
        return inlined if not has_name(node) else f"{node.name} = {inlined}"
    return _step(node, lambda operand: str(operand.name))


def _inlined(node: Any, has_name: Callable[[Any], bool]) -> str:
    def name(operand: Any) -> str:
        text = expression(operand, has_name)
        bare = re.fullmatch(r"[\w.]+(\([^()]*\)|\[[^\[\]]*\])?|…", text)
        alone = len(list(operands(node))) == 1 and not _infix_with_number(node)
        return text if bare or alone else f"({text})"

    text = _step(node, name)
    return text.removeprefix(f"{node.name} = ")


def _infix_with_number(node: Any) -> bool:
    rule = getattr(node, "rule", None)
    return rule is not None and _infix(rule)


def _step(node: Any, name: Callable[[Any], str]) -> str:
    rule = getattr(node, "rule", None)
    if node.op in ("get", "put"):
        entry = f"{name(node.arguments['x'])}[{_index(node.arguments['key'])}]"
        if node.op == "get":
            return f"{node.name} = {entry}"
        return f"{entry} = {', '.join(name(n) for _, n in operands_of(node.arguments['value']))}"
    defaults = rule.defaults if rule is not None else {}
    texts = []
    for parameter, value in node.arguments.items():
        named = [name(operand) for _, operand in operands_of(value)]
        if named:
            texts.append(", ".join(named))
        elif parameter not in defaults:
            texts.append(re.sub(r"e([+-])0+(?=\d)", r"e\1", repr(value)))
        elif value is not defaults[parameter]:
            texts.append(f"{parameter}={value!r}")
    if rule is not None and len(texts) == 2 and _infix(rule):
        return f"{node.name} = {texts[0]} {rule.symbol} {texts[1]}"
    return f"{node.name} = {node.op}({', '.join(texts)})"
