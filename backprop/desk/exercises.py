"""What a reader has put into the gap of an exercise, judged as the page judges its own lines."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from backprop.desk.program import before
from backprop.desk.reader import FaultError, fault, remember
from backprop.program.fault import FenceError
from backprop.site.posts import check as checking
from backprop.site.posts.check.words import WrongLineError
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
    `ok`; if not, the first wrong `line` (from 1, None where no line is wrong), `what` is wrong
    there, and a `message` that says what would be right, too.
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
        "reader": lang,
    }
    try:
        attempt(request, FILE, page, wanted)
    except FenceError as error:
        missing = isinstance(error, WrongLineError) and error.missing
        return {
            "ok": False,
            "line": error.line if error.line >= 1 and not missing else None,
            "what": error.what if isinstance(error, WrongLineError) else str(error),
            "message": str(error),
        }
    except BaseException as error:
        found = fault(error, {FILE: "code"}, lang)
        raise FaultError(replace(found, where="code")) from None
    return {"ok": True, "line": None, "what": "", "message": ""}
