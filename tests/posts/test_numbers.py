"""The numbers in the steps of every post's graph are those of its program, run here as a plain
script: what its forward holds when it returns, what its checked lines assign, and what the derived
lines that are shown assign."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import lxml.html
import numpy as np
import pytest

from backprop.program.page import load

ROOT = Path(__file__).parents[2]
POSTS = sorted(post.stem for post in (ROOT / "docs/en/posts").glob("*.md"))


def shown(html: str) -> tuple[Any, dict[str, list[np.ndarray]]]:
    """The first figure, and the tables of its steps and of what is put in, by name."""
    (figure, *_) = lxml.html.fromstring(html).find_class("bp-figure")
    found: dict[str, list[np.ndarray]] = {}
    for made in figure.find_class("bp-made"):
        name = made.findtext("span").removesuffix("=").strip()
        rows = [
            [float(cell.text_content().replace("≈", "").replace("−", "-")) for cell in row]
            for row in made.iter("tr")
        ]
        if name:  # a value without a name stands in no other program
            found.setdefault(name, []).append(np.array(rows))
    return figure, found


def locals_at_return(function: str, code: str, scope: dict[str, Any]) -> dict[str, Any]:
    """What the names of a function held when it returned."""
    kept: dict[str, Any] = {}

    def watch(frame: FrameType, event: str, result: Any) -> None:
        if event == "return" and frame.f_code.co_name == function:
            kept.update(frame.f_locals, __result__=result)

    sys.setprofile(watch)
    try:
        exec(code, scope)
    finally:
        sys.setprofile(None)
    return kept


def own(name: str) -> tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The function of the first graph; its names when the page calls it; those that the page's
    checked lines assign, which walk through it backwards."""
    page = load(ROOT / f"docs/en/posts/{name}.md", ROOT)
    fences = [step.fence for step in page.steps if not step.fence.has("exercise")]
    at = next(i for i, fence in enumerate(fences) if fence.language == "graph")
    function = fences[at].code.partition("(")[0].strip()

    def walks(fence: Any) -> bool:
        real = fence.options.get("at") == "real"
        return fence.options.get("check", "").startswith(f"{function}(") and not real

    last = max([at, *(i for i, fence in enumerate(fences) if walks(fence))])
    scope: dict[str, Any] = {}
    inside: dict[str, Any] = {}
    assigned: dict[str, Any] = {}
    for i, fence in enumerate(fences[: last + 1]):
        if i == at:
            inside = locals_at_return(function, fence.code, scope)
        elif fence.language == "python" and not {"raises", "alt"} & set(fence.options):
            exec(fence.code, scope)
            if walks(fence):
                nodes = ast.walk(ast.parse(fence.code))
                names = [node.id for node in nodes if isinstance(node, ast.Name)]
                assigned |= {each: scope[each] for each in names if each in scope}
    return function, inside, scope, assigned


def agree(found: np.ndarray, true: Any) -> bool:
    value = np.atleast_2d(np.asarray(true, dtype=float))
    if value.shape != found.shape:
        return False
    return bool(np.abs(found - value).max() <= 0.0051 * max(1.0, np.abs(value).max()))


@pytest.mark.parametrize("name", POSTS)
def test_the_numbers_of_every_step_are_the_programs_own(built_site: Path, name: str) -> None:
    html = (built_site / f"en/posts/{name}/index.html").read_text("utf-8")
    figure, tables = shown(html)
    function, inside, scope, assigned = own(name)
    assert figure.get("data-function") == function
    source = figure.find_class("bp-code-backward")[0].find(".//pre").text_content()
    lines: dict[str, Any] = {}
    exec(source, scope | inside, lines)
    (backward,) = lines.values()
    given = inspect.signature(backward).parameters
    derived = locals_at_return(
        backward.__name__,
        f"{backward.__name__}({', '.join(given)})",
        {"np": np, **scope, **inside, **lines},
    )
    sources = {"the forward": inside, "the page": assigned, "the derived lines": derived}
    for each, values in tables.items():
        true = {where: names[each] for where, names in sources.items() if each in names}
        assert true, f"nothing computes {each}"
        for where, one in true.items():
            assert all(agree(value, one) for value in values), f"{each} of {where}"
