"""All derivations of a page, from the cache where nothing has changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from backprop.derivations.cache import Cache
from backprop.derivations.reading.find import Derivation, derivations
from backprop.derivations.verdicts import Report
from backprop.program.store import Store

if TYPE_CHECKING:
    from backprop.derivations.evidence.code import PageCode


def continues(derivation: Derivation) -> bool:
    """Does the block go on with the declarations of the one before?"""
    return derivation.options.get("continues", "").lower() in ("true", "yes")


def is_tied(markdown: str) -> bool:
    """Does a derivation of the page name code?"""
    return any(f.kind == "tie" for block in derivations(markdown) for f in block.formulas)


def verify_page(
    markdown: str,
    store: Store | None = None,
    prove: bool = True,
    path: Path | None = None,
    code: PageCode | None = None,
) -> list[tuple[Derivation, Report]]:
    """Every derivation of a page with its report.

    store: of the project, where verdicts are kept; None for none. path: of the page, whose code
    imports from its project.
    code: the page as it runs already, if it does; its files are told to it later.
    """
    cache = Cache(store if prove else None)
    blocks = derivations(markdown)
    lines = markdown.split("\n")
    texts: list[str] = []
    found: list[tuple[Derivation, Report]] = []
    worlds: dict[int, Any] = {}
    fresh: list[tuple[str, Report]] = []  # what depends on the files that the page reads
    own: PageCode | None = None
    try:
        for number, block in enumerate(blocks):
            text = "\n".join(lines[block.line - 1 : block.end_line])
            texts = [*texts, text] if continues(block) and number else [text]
            chain = blocks[number + 1 - len(texts) : number + 1]
            page = None
            if any(f.kind == "tie" for b in chain for f in b.formulas):
                from backprop.derivations.evidence.code import PageCode, program_key

                if code is None and own is None:
                    own = PageCode(markdown, path)
                page = code or own
                assert page is not None
                key = cache.key(*texts, code=program_key(page.page))
            else:
                key = cache.key(*texts)
            report = cache.load(key, block.line)
            if report is None:
                from backprop.derivations.evidence.verify import verify

                before = None
                for k in range(number + 1 - len(texts), number):
                    if k not in worlds:  # it came from the cache, what goes on from it did not
                        worlds[k] = verify(blocks[k], before, False, page)[1]
                    before = worlds[k]
                report, worlds[number] = verify(block, before, prove, page)
                if page is None:
                    cache.store(key, report)
                else:
                    fresh.append((key, report))
            found.append((block, report))

        def remember(files: list[str]) -> None:
            for key, report in fresh:
                if report.ok:  # what failed runs again, as in the posts
                    cache.store(key, report, files)

        if code is not None:
            code.remember = remember
        elif own is not None and fresh:
            remember(own.files())
    finally:
        if own is not None:
            own.close()
    return found
