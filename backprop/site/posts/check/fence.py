"""A fence with `check=`: it runs as any other, then its lines are compared."""

import types
from typing import Any

from backprop.program.fault import FenceError
from backprop.program.python import execute
from backprop.program.runner import describe, one_line
from backprop.site.posts.check import check, saying, wrong_above
from backprop.site.posts.check.intact import Drawn, changes, same_again
from backprop.site.posts.check.points import fresh


def run(request: dict[str, Any], name: str, module: types.ModuleType) -> dict[str, Any]:
    """The marks of the lines that are right, compared from what was there before the fence."""
    before = {name: fresh(value) for name, value in module.__dict__.items()}
    with saying(request):
        changes(request["code"], before, module.__dict__)
    drawn = Drawn()
    try:
        execute(request, name, module)
    except Exception as error:
        # A gradient of the wrong shape stops a later line, which is right.
        at = describe(error, name, request)
        if at["line"] is not None:
            line = request["first"] + at["line"]
            if above := wrong_above(request, name, before, line):
                reason = f"{above}; so line {line} stops with {one_line(at)}"
                raise FenceError(reason, above.line) from None
        raise
    marks = check(request, name, before)
    with saying(request):
        same_again(marks, request["code"], before, module.__dict__, drawn)
    return {"marks": marks}
