"""Warnings that fail a strict build, a quiet one too."""

from __future__ import annotations

import logging
from typing import Any


def warn(log: Any, strict: bool, message: str) -> None:
    """Say on a plugin's logger what is wrong; `strict` is MkDocs' setting.

    With ``--quiet`` MkDocs drops warnings before ``--strict`` counts them, and a site with faults
    would be built: there they are errors.
    """
    unheard = strict and not log.isEnabledFor(logging.WARNING)
    log.log(logging.ERROR if unheard else logging.WARNING, "%s", message)
