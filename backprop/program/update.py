"""Writes what was printed back into a page: these lines only, every other byte as it was."""

import re

from backprop.program.fences import Fence, read_page
from backprop.program.files import write
from backprop.program.page import Page


class PageChangedError(RuntimeError):
    """The file is not the one that was read."""


# The text of an output fence; or results of a pycon fence, as in `Outcome.results`.
Update = str | list[tuple[int, int, str]]


def rewrite(page: Page, updates: list[tuple[Fence, Update]]) -> None:
    """Put each text into its fence; PageChangedError if the file was edited meanwhile."""
    data = page.path.read_bytes()
    if read_page(page.path) != page.text:
        raise PageChangedError(f"{page.name} was edited while its fences ran; run again")
    bom = b"\xef\xbb\xbf" if data.startswith(b"\xef\xbb\xbf") else b""
    # Lines as editors count them, each with its own line end.
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", data[len(bom) :].decode("utf-8"))
    for fence, update in sorted(updates, key=lambda pair: -pair[0].line):
        if isinstance(update, str):
            lines[fence.line - 1 : fence.end] = _block(
                lines[fence.line - 1], lines[fence.end - 1], fence, update
            )
        else:
            for at, count, text in sorted(update, reverse=True):
                start = fence.first - 1 + at
                lines[start : start + count] = _result(lines[start - 1], text)
    write(page.path, bom + "".join(lines).encode("utf-8"))


def _block(opening: str, closing: str, fence: Fence, text: str) -> list[str]:
    prefix = opening[: opening.index(fence.mark)]
    end = re.search(r"[\r\n]*\Z", opening).group()  # type: ignore[union-attr]
    content = [
        (prefix + line if line else prefix.rstrip()) + end
        for line in (text.split("\n") if text else [])
    ]
    mark = fence.mark
    while any(re.match(re.escape(mark) + r"\s*$", line) for line in text.split("\n")):
        mark += mark[0]  # what was printed would close the fence
    opening = opening.replace(fence.mark, mark, 1)
    return [opening, *content, closing.replace(fence.mark, mark, 1)]


def _result(example: str, text: str) -> list[str]:
    """What stands below the last line of an example, which begins with >>> or with dots."""
    prompt = re.match(r"(.*?)(?:>>>|\.\.\.)(?: |[\r\n]*\Z)", example)
    assert prompt is not None
    end = re.search(r"[\r\n]*\Z", example).group()  # type: ignore[union-attr]
    shown = text.expandtabs().removesuffix("\n").split("\n") if text else []
    return [prompt[1] + (line.rstrip() or "<BLANKLINE>") + end for line in shown]
