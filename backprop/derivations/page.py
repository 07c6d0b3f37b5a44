"""All derivations of a page, from the cache where nothing has changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from backprop.derivations.cache import Cache
from backprop.derivations.reading.find import Derivation, derivations
from backprop.derivations.verdicts import Report


def continues(derivation: Derivation) -> bool:
    """Does the block go on with the declarations of the one before?"""
    return derivation.options.get("continues", "").lower() in ("true", "yes")


def verify_page(
    markdown: str, folder: Path | None = None, prove: bool = True
) -> list[tuple[Derivation, Report]]:
    """Every derivation of a page with its report. folder: of the cache, None for none."""
    cache = Cache(folder if prove else None)
    blocks = derivations(markdown)
    lines = markdown.split("\n")
    texts: list[str] = []
    found: list[tuple[Derivation, Report]] = []
    worlds: dict[int, Any] = {}
    functions = _functions(markdown)
    for number, block in enumerate(blocks):
        text = "\n".join(lines[block.line - 1 : block.end_line])
        texts = [*texts, text] if continues(block) and number else [text]
        code = None
        if any(
            f.kind == "tie"
            for b in blocks[number + 1 - len(texts) : number + 1]
            for f in b.formulas
        ):
            from backprop.derivations.evidence.code import fences

            code = fences(markdown)
        key = cache.key(*texts, code=code)
        report = cache.load(key, block.line)
        if report is None:
            from backprop.derivations.evidence.verify import verify

            before = None
            for k in range(number + 1 - len(texts), number):
                if k not in worlds:  # it came from the cache, what goes on from it did not
                    worlds[k] = verify(blocks[k], before, False, functions)[1]
                before = worlds[k]
            report, worlds[number] = verify(block, before, prove, functions)
            cache.store(key, report)
        found.append((block, report))
    return found


def _functions(markdown: str) -> Callable[[], dict[str, Any]]:
    """The names that code in the prose may use, found when first needed."""

    @lru_cache(maxsize=1)
    def functions() -> dict[str, Any]:
        from backprop.derivations.evidence.code import library, page_functions

        return {**library(), **page_functions(markdown)}

    return functions
