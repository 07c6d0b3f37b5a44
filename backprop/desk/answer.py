"""Where requests of the page arrive."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from backprop.desk import handin, program
from backprop.desk.afresh import Afresh
from backprop.desk.reader import FaultError, fault
from backprop.desk.stream import Streams


def _graph(**wanted: Any) -> dict[str, Any]:
    # Imported when a graph is asked for: highlighting its code takes a while to load.
    from backprop.desk.graphs import graph

    return graph(**wanted)


def _exercise(**wanted: Any) -> dict[str, Any]:
    from backprop.desk.exercises import exercise

    return exercise(**wanted)


_ANSWERS: dict[str, Callable[..., dict[str, Any]]] = {
    "check": handin.check,
    "run": program.run,
    "graph": _graph,
    "exercise": _exercise,
}


def answer(request: str, say: Callable[[str, str], None] | None = None) -> str:
    """The answer to a request, both JSON.

    A request is `{"what": "check" | "run" | "graph" | "exercise", "lang": "en" | "zh", …}`; the
    other keys are the arguments of the function that answers. `say(stream, text)` gets what is
    printed while it runs. What goes wrong in the reader's code is an answer, too: `{"fault": …}`.
    """
    wanted = json.loads(request)
    what = wanted.pop("what")
    with Afresh(), Streams(say) as streams:
        try:
            found = _ANSWERS[what](**wanted)
        except FaultError as error:
            found = {"fault": error.as_dict()}
        except MemoryError as error:
            found = {"fault": asdict(fault(error, {}, wanted.get("lang", "en")))}
    return json.dumps({**found, "lost": streams.lost}, ensure_ascii=False)
