"""What a program prints, on its way to the page: in pieces, and no more than a page can show."""

from __future__ import annotations

import builtins
import io
import sys
import time
from collections.abc import Callable
from typing import Any

MOST = 100_000  # characters of one run
_PIECE, _PAUSE = 4096, 0.1  # characters, seconds


class Streams:
    """Printing goes to `say(stream, text)`, and nobody answers a question, as long as it is open.

    Attributes:
        lost: how many characters were printed beyond what is shown.
    """

    def __init__(self, say: Callable[[str, str], None] | None) -> None:
        self.say = say or (lambda stream, text: None)
        self.left, self.lost = MOST, 0
        self._out, self._err = _Stream(self, "stdout"), _Stream(self, "stderr")

    def __enter__(self) -> Streams:
        self._before = sys.stdout, sys.stderr, builtins.input
        sys.stdout, sys.stderr = self._out, self._err
        builtins.input = _no_input
        return self

    def __exit__(self, *_: object) -> None:
        self._out.flush()
        self._err.flush()
        sys.stdout, sys.stderr, builtins.input = self._before


class _Stream(io.TextIOBase):
    encoding = "utf-8"

    def __init__(self, streams: Streams, name: str) -> None:
        self._streams, self._name = streams, name
        self._waiting: list[str] = []
        self._size, self._last = 0, 0.0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        kept = text[: self._streams.left]
        self._streams.left -= len(kept)
        self._streams.lost += len(text) - len(kept)
        if kept:
            self._waiting.append(kept)
            self._size += len(kept)
            if self._size >= _PIECE or time.monotonic() - self._last > _PAUSE:
                self.flush()
        return len(text)

    def flush(self) -> None:
        if self._waiting:
            self._streams.say(self._name, "".join(self._waiting))
            self._waiting, self._size = [], 0
            self._last = time.monotonic()


class NoInputError(EOFError):
    """`input()` in the page."""


def _no_input(prompt: Any = "") -> str:
    raise NoInputError("input() has nobody to ask here: write the value into the code")
