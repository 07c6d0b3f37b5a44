r"""Words at a row that name a definition: \text{by definition of } \mu.

A row may use a definition at once, in one bold step, if it says so to the reader.
"""

from __future__ import annotations

import re

_OPEN = r"(?:[,，;；]|\\q?quad(?![A-Za-z])|\\[,;: ]|\s|[(（])*"
_CLOSE = r"\s*(?:\\text\s*\{\s*[)）]?\s*[.。]?\s*\}|[)）])*[.,;。，；\s]*$"
_ENGLISH = (
    r"\\text\s*\{\s*[(（]?\s*(?:(?:by|from|using|with|because\s+of|see)\s+)?(?:the\s+)?"
    r"(?:definitions?|def\.?\\?)\s+of\s*"
)
_CHINESE = r"\\text\s*\{\s*[(（]?\s*(?:由|根据|按照|按|依|用|代入|利用)\s*"
CITES = (
    re.compile(rf"{_OPEN}{_ENGLISH}\}}\s*(?P<names>[^=]+?){_CLOSE}"),
    re.compile(rf"{_OPEN}{_ENGLISH}\$(?P<names>[^$=]+)\$\s*[)）]?\s*\}}{_CLOSE}"),
    re.compile(
        rf"{_OPEN}{_CHINESE}\}}\s*(?P<names>[^=]+?)\s*\\text\s*\{{\s*的?定义"
        rf"\s*[)）]?\s*\}}{_CLOSE}"
    ),
    re.compile(rf"{_OPEN}{_CHINESE}\$(?P<names>[^$=]+)\$\s*的?定义\s*[)）]?\s*\}}{_CLOSE}"),
)
BETWEEN = re.compile(r"\\text\s*\{\s*(?:and|及|和|与|、)\s*\}|[,，、]")


def cited_names(tex: str) -> tuple[str, list[tuple[str, int]]]:
    """The row without these words, in its length, and the names in them with their places."""
    for pattern in CITES:
        hit = pattern.search(tex)
        if hit is None:
            continue
        start, end = hit.span("names")
        found, at = [], start
        for gap in [*BETWEEN.finditer(tex, start, end), None]:
            stop = gap.start() if gap else end
            piece = tex[at:stop]
            if piece.strip():
                found.append((piece.strip(), at + len(piece) - len(piece.lstrip())))
            at = gap.end() if gap else end
        blank = re.sub(r"[^\n]", " ", tex[hit.start() :])
        return tex[: hit.start()] + blank, found
    return tex, []
