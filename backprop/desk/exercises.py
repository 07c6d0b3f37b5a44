"""What a reader has put into the gap of an exercise, judged as the page judges its own lines."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from backprop.desk.program import before
from backprop.desk.reader import FaultError, fault, remember
from backprop.program.fault import FenceError
from backprop.site.posts import check as checking
from backprop.site.posts.exercises import attempt

FILE = "code.py"


def exercise(
    steps: list[dict[str, Any]],
    code: str,
    check: str,
    wanted: list[str],
    lang: str,
    at: str | None = None,
) -> dict[str, Any]:
    """Whether the code is right after the steps of the page.

    Parameters
    ----------
    check : the call that the lines are checked against, such as `variance(x)`.
    wanted : the gradients that the gap is to make.
    at : "real", where the exercise is checked without shifted means.

    Returns
    -------
    `ok`; if not, the first wrong `line` (from 1, None where no line is wrong) and a `message`.
    """
    checking.forget()
    before(steps, lang)
    page = sys.modules["__main__"]
    remember(FILE, code)
    request = {
        "kind": "exercise",
        "code": code,
        "first": 1,
        "raises": None,
        "check": check,
        "at": at,
        "caption": "",
        "brief": False,
        "language": lang,
    }
    try:
        attempt(request, FILE, page, wanted)
    except FenceError as error:
        said = str(error)
        line = error.line if error.line >= 1 and not said.startswith("no line makes") else None
        return {"ok": False, "line": line, "message": said}
    except BaseException as error:
        found = fault(error, {FILE: "code"}, lang)
        raise FaultError(replace(found, where="code")) from None
    return {"ok": True, "line": None, "message": ""}
