"""What the figures of all posts ask: every wrong choice is really wrong."""

from __future__ import annotations

import ast
import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
import numpy as np
import pytest

import backprop as bp
from backprop.program.fault import FenceError
from backprop.site.posts.diagram import diagram
from backprop.site.posts.graphs.asked import questions
from backprop.site.posts.graphs.steps import upstream
from backprop.site.posts.graphs.words import say

OPERATIONS = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "@": np.matmul,
    "neg": np.negative,
    "T": np.transpose,
}


def computed(program: dict[str, Any]) -> dict[str, Any]:
    """All values of a figure, by its program."""
    values: dict[str, Any] = {name: np.asarray(value) for name, value in program["given"].items()}

    def run(expression: Any) -> Any:
        if isinstance(expression, str):
            return values[expression]
        if not isinstance(expression, list):
            return expression
        kind, first, *rest = expression
        if kind == "shape":
            return run(first).shape[rest[0]]
        if kind in ("sum", "mean"):
            axis = tuple(rest[0]) if isinstance(rest[0], list) else rest[0]
            return getattr(np, kind)(run(first), axis=axis, keepdims=rest[1])
        return OPERATIONS.get(kind, getattr(np, kind, None))(run(first), *map(run, rest))

    for name, expression in program["lines"]:
        values[name] = run(expression)
    return values


def assigned(line: str, values: dict[str, Any]) -> Any:
    """What a line gives; None where NumPy refuses it."""
    statement = ast.parse(line).body[0]
    assert isinstance(statement, ast.Assign)
    try:
        with np.errstate(all="ignore"):
            return np.asarray(eval(ast.unparse(statement.value), {"np": np}, dict(values)))
    except ValueError:
        return None


def the_same(one: Any, other: Any, shape: tuple[int, ...]) -> bool:
    if one is None:
        return False
    try:
        one, other = np.broadcast_to(one, shape), np.broadcast_to(other, shape)
    except ValueError:
        return False
    return np.allclose(one, other, rtol=1e-7, atol=1e-12)


def other_values(values: dict[str, Any]) -> dict[str, Any]:
    made = np.random.default_rng(5)
    return {
        name: made.uniform(0.5, 2, np.shape(value))
        if np.asarray(value).dtype.kind == "f"
        else value
        for name, value in values.items()
    }


def judged(asked: list[Any], values: dict[str, Any], whole: tuple[int, ...], lang: str) -> None:
    """Raises unless the right line alone is right."""
    shapes, *lines = asked
    texts = [text for text, _ in shapes["choices"]]
    assert texts[shapes["right"]] == str(whole)
    assert len(set(texts)) == len(texts) > 2
    for question in lines:
        texts = [text for text, _ in question["choices"]]
        assert 3 <= len(texts) <= 4
        right = texts[question["right"]]
        true = assigned(right, values)
        meant = {ast.dump(ast.parse(text)) for text in texts}
        assert len(meant) == len(texts)
        for text, why in question["choices"]:
            assert why
            if text == right:
                continue
            if say("hidden", lang) in why:
                others = other_values(values)
                assert the_same(assigned(text, values), true, whole), text
                assert not the_same(assigned(text, others), assigned(right, others), whole), text
            else:
                assert not the_same(assigned(text, values), true, whole), text


def figures(site: Path) -> Iterator[tuple[Path, Any]]:
    for path in sorted(site.rglob("index.html")):
        if b"data-program" in (text := path.read_bytes()):
            for found in lxml.html.fromstring(text.decode()).iter("figure"):
                if found.get("data-program"):
                    yield path, found


def test_every_wrong_choice_of_every_post_is_wrong(built_site: Path) -> None:
    count = 0
    for path, found in figures(built_site):
        lang = "en" if built_site / "en" in path.parents else "zh"
        values = computed(json.loads(found.get("data-program")))
        for step in found.iter("li"):
            if asked := json.loads(step.get("data-asked") or "[]"):
                line = step.find_class("bp-head")[0].find("code").text_content()
                shape = np.shape(values[step.get("data-node")])
                assert len(asked) == 2, f"{path}: {line}"
                assert asked[1]["choices"][asked[1]["right"]][0] == line
                judged(asked, values, shape, lang)
                count += 1
    assert count > 100


@pytest.mark.parametrize(
    ("options", "rows", "reason"),
    [
        ({"flip": "dmeen", "shift": "mean"}, 5, r'flip="dmeen"; this graph has ddiff, dmean, '),
        ({"flip": "dmean"}, 5, "shift is missing beside the other; this graph has .*, mean, "),
        ({"flip": "dmean", "shift": "mean"}, 50, "numbers can be changed"),
    ],
)
def test_a_switch_that_cannot_work_is_refused(
    options: dict[str, str], rows: int, reason: str
) -> None:
    namespace = runpy.run_path(str(Path(bp.__file__).with_name("layers") / "variance.py"))
    namespace["x"] = np.random.default_rng(0).normal(size=(rows, 4))
    request = {"code": "variance_forward(x)", "first": 8, "language": "en", "caption": ""}
    request |= {"anchor": "", "legend": True, "once": False, **options}
    with pytest.raises(FenceError, match=reason) as caught:
        diagram(request, "post.md", namespace)
    assert caught.value.line == 7


def softmax_loss(x: Any, w: Any) -> Any:
    scores = x @ w
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.mean(np.log(p))


def picked(x: Any, w: Any) -> Any:
    out = np.zeros((3, 4))
    out[:, 1:] = x[:, :3] * w
    return np.maximum(out, 0.1)


@pytest.mark.parametrize("f", [softmax_loss, picked])
def test_what_the_script_cannot_run_is_asked_as_well(f: Any) -> None:
    made = np.random.default_rng(2)
    graph = bp.trace(
        f, made.normal(size=(3, 4)), made.normal(size=(4, 5) if f is softmax_loss else 3)
    )
    backward = graph.derive()
    values = backward.execute(upstream(graph))
    found = [json.loads(text) for text in questions(graph, backward, "en", upstream(graph))]
    assert len(found) == len(backward.steps)
    for step, asked in zip(backward.steps, found, strict=True):
        judged(asked, values, step.node.shape, "en")
    assert sum(len(asked) == 2 for asked in found) >= len(found) / 2
