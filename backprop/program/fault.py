"""A fault of a fence that is no exception of its code."""

from typing import Any


class FenceError(Exception):
    """The fence ran, but not as the page says; `line` is the line of the page.

    `found` is what it did, for the outcome.
    """

    def __init__(self, message: str, line: int, **found: Any):
        super().__init__(message)
        self.line, self.found = line, found
