"""`special.erf`, `special.psi`: scipy's functions, by the name that they have in lines.

This package never loads scipy. Only where an author's function has called them do lines have
them, and then scipy is there.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from backprop.graph.errors import RuleError


class Special:
    """`scipy.special`, looked up when one of its functions is needed."""

    def __getattr__(self, name: str) -> Any:
        module = sys.modules.get("scipy.special")
        if module is None:
            raise RuleError(f"`special.{name}` is a function of scipy: import scipy.special first")
        return getattr(module, name)


# What the lines of a row may name beside its parameters.
NAMES: dict[str, Any] = {"np": np, "special": Special()}
