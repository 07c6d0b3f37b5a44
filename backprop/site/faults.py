"""What is wrong with a site: one way to say it, and warnings that fail a strict build, a quiet one
too."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """Something that is not as it says, or cannot be read: where, and what would be right."""

    file: str
    line: int  # 0: of a text that no file has
    reason: str  # one line: what is wrong
    shown: str = ""  # what stands there, or is to be known of it: indented
    detail: str = ""  # a traceback or a difference
    cause: int = 0  # the line of what failed before, where this is for certain a consequence of it

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else f"{self.file} (text from a plugin)"
        text = f"{place}: {self.reason}"
        if self.shown:
            text += "\n    " + self.shown.replace("\n", "\n    ").rstrip()
        return text + (f"\n{self.detail.rstrip()}" if self.detail else "")


def warn(log: Any, strict: bool, message: str, early: bool = False) -> None:
    """Say on a plugin's logger what is wrong; `strict` is MkDocs' setting. `early`: it will be said
    again with all the rest, and an author who waits is told at once.

    With ``--quiet`` MkDocs drops warnings before ``--strict`` counts them, and a site with faults
    would be built: there they are errors.
    """
    unheard = strict and not log.isEnabledFor(logging.WARNING)
    level = logging.ERROR if unheard else logging.WARNING
    log.log(level, "%s", message, extra={"early": early})
