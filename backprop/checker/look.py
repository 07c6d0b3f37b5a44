"""A recording and everything that can be asked about it."""

from __future__ import annotations

from backprop.checker.relations import Relations
from backprop.checker.suspicion import Suspicion


class Look(Suspicion, Relations):
    """What values are (`seen`), who may be wrong (`suspicion`), what would be right
    (`corrections`), and what kind of mistake it is (`relations`)."""
