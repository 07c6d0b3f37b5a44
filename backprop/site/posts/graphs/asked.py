"""What a figure asks before it shows a backward step: which shape, then which line.

The wrong lines are made by the operators of the mutation gate. A choice is offered only where it
is really wrong: another value, at the page's own numbers, or, if these hide every mistake, as the
zeros of Σ(x − mean) do, at others, which the answer then says.
"""

import ast
import json
import zlib
from collections.abc import Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from backprop.drawing.texts import expression, forward_text, shape_text, written
from backprop.site.posts.graphs.words import say
from backprop.site.posts.mutants.operators import mutants

_MOST = 3  # wrong choices of a question
_LEFT_OUT = {"typo", "× 1.01"}  # mistakes that are none of mathematics

Choice = tuple[str, str]  # what is offered, and why it is wrong or right


def questions(graph: Any, backward: Any, lang: str, douts: Sequence[np.ndarray]) -> list[str]:
    """Of each backward step, in order, what is asked, as JSON.

    A question is {text, choices: [[text, why], …], right: index}.
    """
    has_name = written(backward)
    values: dict[str, Any] = backward.execute(tuple(douts))
    found = []
    for step in backward.steps:
        asked = [
            _question(_shape_text(step, has_name, lang), *_shapes(graph, step, has_name, lang))
        ]
        line = wrong_lines(step, values, lang)
        if line:
            asked.append(_question(say("ask_line", lang), (step.line, say("right", lang)), line))
        found.append(json.dumps(asked, ensure_ascii=False, separators=(",", ":")))
    return found


def _question(text: str, right: Choice, wrong: list[Choice]) -> dict[str, Any]:
    """The right choice has a place that does not depend on it, and stays where it is."""
    place = zlib.crc32("\n".join([text, right[0], *dict(wrong)]).encode()) % (len(wrong) + 1)
    return {"text": text, "choices": [*wrong[:place], right, *wrong[place:]], "right": place}


# ---- shapes ----------------------------------------------------------------------------------
def _shape_text(step: Any, has_name: Any, lang: str) -> str:
    node = expression(step.node, has_name)
    if step.user is None:
        return say("ask_shape", lang, node=node)
    return say("ask_shape_from", lang, node=node, user=forward_text(step.user, has_name))


def _shapes(graph: Any, step: Any, has_name: Any, lang: str) -> tuple[Choice, list[Choice]]:
    """The node's own shape, and others: of what stands near it, turned round, summed up."""
    own = tuple(step.node.shape)
    right = (
        shape_text(own),
        say("right_shape", lang, node=expression(step.node, has_name), shape=shape_text(own)),
    )
    reasons: dict[tuple[int, ...], str] = {}
    near = [step.user, *(step.user.inputs if step.user is not None else ()), *graph.nodes]
    for node in near:
        if node is not None and hasattr(node, "shape"):
            text = say(
                "shape_of", lang, shape=shape_text(node.shape), node=expression(node, has_name)
            )
            reasons.setdefault(tuple(node.shape), text)
    others = [own[::-1], own[1:], own[:-1], (*own, 1), (1, *own)]
    for other in others:
        reasons.setdefault(other, say("shape_of_none", lang))
    # What the line really holds, where broadcasting completes it later, is no wrong answer.
    left_out = {own, tuple(step.shape)}
    wrong = [(shape_text(shape), why) for shape, why in reasons.items() if shape not in left_out]
    return right, wrong[:_MOST]


# ---- lines -----------------------------------------------------------------------------------
def wrong_lines(step: Any, values: dict[str, Any], lang: str) -> list[Choice]:
    """Lines with one mistake each, at most three, of as many kinds as there are, and why.

    `values` are the variables of the backward, after it has run.
    """
    statement = ast.parse(step.line).body[0]
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return []
    right, _ = _value(step.line, values)
    held = np.asarray(values.get(step.gradient))
    if right is None or not _same(right, held, step.node.shape):
        return []  # a variable that goes on: what stood in it then is gone
    seen, hidden = [], []
    others: list[np.ndarray] = []
    size = _size(step.line, values)
    for kind, text in _mistakes(step.line):
        value, unfit = _value(text, values)
        why = _why(kind, step.line, text, lang)
        if value is None:
            if unfit:
                seen.append((kind, (text, f"{why} {say('no_fit', lang)}")))
        elif not _same(value, right, step.node.shape, size):
            if any(_equal(value, other) for other in others):
                continue  # the same mistake in other words
            others.append(value)
            if value.shape != right.shape:
                why += " " + say("other_shape", lang, shape=shape_text(value.shape))
            seen.append((kind, (text, why)))
        elif _differs_elsewhere(step, text, values):
            hidden.append((kind, (text, f"{why} {say('hidden', lang)}")))
    chosen = _several(seen)
    return chosen if len(chosen) > 1 else [*chosen, *_several(hidden)][:_MOST]


def _several(found: list[tuple[str, Choice]]) -> list[Choice]:
    """The first of every kind, then the second ones."""
    counts: dict[str, int] = {}
    ranked = []
    for place, (kind, choice) in enumerate(found):
        ranked.append((counts.get(kind, 0), place, choice))
        counts[kind] = counts.get(kind, 0) + 1
    return [choice for _, _, choice in sorted(ranked)[:_MOST]]


# What follows from the text of a line alone is kept: of a figure that is made anew, with other
# shapes or one line changed, most lines are what they were.
@lru_cache(maxsize=256)
def _mistakes(line: str) -> tuple[tuple[str, str], ...]:
    """The kind of a mistake and the line with it; a line that only hands on has few."""
    statement = ast.parse(line).body[0]
    assert isinstance(statement, ast.Assign)
    seen = {ast.dump(ast.parse(line))}
    name, value = ast.unparse(statement.targets[0]), statement.value
    bare = ast.unparse(value)
    held = bare if isinstance(value, (ast.Name, ast.Call, ast.Subscript)) else f"({bare})"
    extra = []
    if not isinstance(value, ast.UnaryOp):
        extra.append(("sign", f"{name} = -{held}"))
    extra += [("summed", f"{name} = np.sum({bare}, axis=0)"), ("doubled", f"{name} = 2 * {held}")]
    made = [(one.operator, one.after) for one in mutants(line) if one.operator not in _LEFT_OUT]
    found = []
    for kind, text in [*made, *extra]:
        meant = ast.dump(ast.parse(text))
        if meant not in seen:
            seen.add(meant)
            found.append((kind, text))
    return tuple(found)


@lru_cache(maxsize=2048)
def _assigned(line: str) -> CodeType:
    """What stands on the right of a line, to be evaluated."""
    tree = ast.parse(line).body[0]
    assert isinstance(tree, ast.Assign)
    return compile(ast.unparse(tree.value), "line", "eval")


def _value(line: str, values: dict[str, Any]) -> tuple[np.ndarray | None, bool]:
    """What a line assigns, and whether NumPy refuses it because shapes do not fit."""
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(eval(_assigned(line), dict(values)))
    except (ValueError, IndexError) as error:
        return None, isinstance(error, ValueError)
    except Exception:
        return None, False  # no mistake that anybody makes
    return (value, False) if value.dtype.kind in "bif" else (None, False)


def _same(
    one: np.ndarray, other: np.ndarray, shape: tuple[int, ...], operands: float = 1.0
) -> bool:
    """The same gradient of a node: broadcasting may complete either, and what is left of a sum
    that vanishes is nothing beside its terms."""
    try:
        one, other = np.broadcast_to(one, shape), np.broadcast_to(other, shape)
    except ValueError:
        return False
    scale = float(np.max(np.abs(other[np.isfinite(other)]), initial=0))
    nothing = max(1e-9 * scale, 1e-12 * operands)
    return np.allclose(one, other, rtol=1e-6, atol=nothing, equal_nan=True)


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, equal_nan=True)


def _size(line: str, values: dict[str, Any]) -> float:
    """The largest number that goes into a line."""
    arrays = [np.asarray(values.get(name)) for name in _names(line)]
    sizes = [
        float(np.max(np.abs(array[np.isfinite(array)]), initial=0))
        for array in arrays
        if array.dtype.kind == "f"
    ]
    return max(sizes, default=1.0)


@lru_cache(maxsize=2048)
def _names(line: str) -> list[str]:
    return sorted({node.id for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)})


def _differs_elsewhere(step: Any, text: str, values: dict[str, Any]) -> bool:
    """Whether two lines give something else for other numbers in their arrays."""
    made = np.random.default_rng(zlib.crc32(step.line.encode()))
    for positive in (True, False):
        others = dict(values)
        for name in _names(step.line):
            value = values.get(name)
            if isinstance(value, (np.ndarray, np.floating)) and np.asarray(value).dtype.kind == "f":
                drawn = made.normal(size=np.shape(value))
                others[name] = np.abs(drawn) + 0.5 if positive else drawn
        right, wrong = _value(step.line, others)[0], _value(text, others)[0]
        if right is not None and wrong is not None and not _same(wrong, right, step.node.shape):
            return True
    return False


# ---- why -------------------------------------------------------------------------------------
@lru_cache(maxsize=2048)
def _why(kind: str, line: str, text: str, lang: str) -> str:
    """What is wrong in a line, said of the smallest part that differs."""
    correct, statement = ast.parse(line).body[0], ast.parse(text).body[0]
    assert isinstance(correct, ast.Assign)
    assert isinstance(statement, ast.Assign)
    if kind == "summed":
        return say("wrong_summed", lang)
    if kind == "doubled":
        return say("wrong_doubled", lang)
    good, bad = _smallest(correct.value, statement.value)
    was, want = ast.unparse(bad), ast.unparse(good)
    if kind == "sign" and isinstance(bad, ast.UnaryOp) and ast.dump(bad.operand) == ast.dump(good):
        return say("wrong_sign", lang, part=want)
    if kind == "sign":
        term = good.right if isinstance(good, ast.BinOp) else good
        term = term.operand if isinstance(term, ast.UnaryOp) else term
        return say("wrong_sign", lang, part=ast.unparse(term))
    if kind == "× ÷" and isinstance(good, ast.BinOp):
        word = "wrong_times" if isinstance(good.op, ast.Div) else "wrong_divided"
        return say(word, lang, part=ast.unparse(good.right))
    if kind == "dropped" and isinstance(good, ast.BinOp):
        kept_left = ast.dump(bad) == ast.dump(good.left)
        part = good.right if kept_left else good.left
        if isinstance(good.op, (ast.Add, ast.Sub)):
            return say("wrong_term", lang, part=ast.unparse(part))
        divided = kept_left and isinstance(good.op, ast.Div)
        return say("wrong_division" if divided else "wrong_factor", lang, part=ast.unparse(part))
    if kind == "dropped" and was == "1":
        return say("wrong_factor", lang, part=want)
    if kind == "axis" and isinstance(good, ast.keyword):
        return say("wrong_axis", lang, was=was, want=want)
    if kind == "keyword" and isinstance(good, ast.Call) and isinstance(bad, ast.Call):
        kept = {one.arg for one in bad.keywords}
        lost = next(one for one in good.keywords if one.arg not in kept)
        return say("wrong_keyword", lang, part=ast.unparse(lost))
    return say("wrong_part", lang, was=was, want=want)


def _smallest(good: Any, bad: Any) -> tuple[Any, Any]:
    """The smallest parts of two expressions in which they differ; a number with what it is of."""
    if type(good) is not type(bad):
        return good, bad
    pairs = []
    for name, one in ast.iter_fields(good):
        other = getattr(bad, name)
        ones, others = (x if isinstance(x, list) else [x] for x in (one, other))
        if len(ones) != len(others):
            return good, bad
        for a, b in zip(ones, others, strict=True):
            if (ast.dump(a) if isinstance(a, ast.AST) else a) != (
                ast.dump(b) if isinstance(b, ast.AST) else b
            ):
                pairs.append((a, b))
    if len(pairs) != 1:
        return good, bad
    a, b = pairs[0]
    whole = (ast.expr, ast.keyword)
    if not isinstance(a, whole) or not isinstance(b, whole):
        return good, bad
    if isinstance(a, ast.Constant) and isinstance(b, (ast.Constant, ast.UnaryOp)):
        return good, bad
    return _smallest(a, b)
