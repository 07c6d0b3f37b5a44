"""A fence with `.exercise`: the solution passes its check, and the untouched gap does not.

So no exercise can be published that is broken, or empty. A reader's attempt passes if the check
passes and every gradient is there that the rest of the page needs from the gap.
"""

import ast
import types
from typing import Any

from backprop.program.exercise import gaps, untouched
from backprop.program.fault import FenceError
from backprop.site.posts.check import fence
from backprop.site.posts.check.points import fresh
from backprop.site.posts.check.words import WrongLineError, say


def run(request: dict[str, Any], name: str, module: types.ModuleType) -> dict[str, Any]:
    """The marks of the solution; FenceError if it is wrong, or if the gap needs no filling."""
    before = {key: fresh(value) for key, value in module.__dict__.items()}
    found = fence.run(request, name, module)
    wanted = needed(request["code"], found["marks"])
    page = types.ModuleType("__main__")
    page.__dict__.update(before)
    try:
        attempt({**request, "code": untouched(request["code"]), "brief": True}, name, page, wanted)
    except Exception:
        return found
    raise FenceError(
        "this exercise passes with its gap untouched: put a line that makes a gradient into the "
        "gap, one that no other line of the fence makes",
        request["first"],
    )


def attempt(
    request: dict[str, Any], name: str, module: types.ModuleType, wanted: list[str]
) -> list[dict[str, Any]]:
    """The marks of a reader's code; FenceError if a line is wrong or a wanted gradient missing.

    What the code itself raises is raised.
    """
    marks: list[dict[str, Any]] = fence.run(request, name, module)["marks"]
    made = {mark["name"] for mark in marks}
    for gradient in wanted:
        if gradient not in made:
            said = say("missing", request.get("reader", "en"), name=gradient)
            raise WrongLineError(said, request["first"], said, missing=True)
    return marks


def needed(code: str, marks: list[dict[str, Any]]) -> list[str]:
    """The gradients that the gaps make: those that other lines read, and the last of each gap."""
    places = gaps(code)
    lines = code.split("\n")
    outside = "\n".join(
        "" if any(gap.start <= at <= gap.end for gap in places) else line
        for at, line in enumerate(lines)
    )
    try:
        read = {node.id for node in ast.walk(ast.parse(outside)) if isinstance(node, ast.Name)}
    except SyntaxError:  # a gap that is the body of something
        read = set()
    found: dict[str, None] = {}
    for gap in places:
        inside = [mark["name"] for mark in marks if gap.start <= mark["line"] <= gap.end]
        found |= dict.fromkeys(name for name in inside if name in read)
        found |= dict.fromkeys(inside[-1:])
    return list(found)
