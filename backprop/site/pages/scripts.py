"""When the scripts of a page start: ours when it is there, Material's when it is needed.

Every page is complete without scripts. Material's takes a phone a second, in which it does not
answer, and nothing that it does is seen before the reader moves, scrolls or presses something. So
it is fetched early and started by the reader's first move (`assets/start.js` has the exceptions).
"""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = "assets/backprop"
ASSETS = Path(__file__).with_name("assets")

# It stands in the head, so that no move is missed while a page comes slowly; the policy allows it
# by its hash.
START = (
    "<script>"
    + re.sub(
        r"^\s+", "", (ASSETS / "start.js").read_text("utf-8").split("*/\n", 1)[1], flags=re.M
    ).replace("\n", "")
    + "</script>\n"
)

# Material says the first two a little later, and then the browser must lay out the whole page anew.
EARLY = (
    '<meta name="color-scheme" content="light dark">\n'
    '<script>document.documentElement.className="js js-focus-visible"</script>\n'
)

_FIRST = re.compile(r'<link rel="stylesheet"|</head>')
_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL)
_PLAIN = re.compile(r'\s+src="([^"]+)"\s*')
_BUNDLE = re.compile(r"(?:^|/)assets/javascripts/bundle\.[^/]*\.js$")


def _job(src: str) -> str | None:
    """When a script starts; None if it is neither ours nor Material's."""
    if f"{FOLDER}/" in src:
        return "first"
    return "later" if _BUNDLE.search(src) else None


def arranged(html: str, late: bool = True) -> str:
    """The page with its scripts in order: what is known before any, ours, then Material's.

    Ours keep Material's from loading the stylesheet a second time. On a page that has no other
    scripts, both kinds wait (see above); one with scripts of its author's keeps them all waiting
    for nothing, since those may rely on Material's; so does ``late=False``.
    """
    at_end = _at_end(html, late)
    waits = '<script type="bp/' in at_end
    early = EARLY + START if waits else EARLY
    return _FIRST.sub(lambda first: early + first.group(), at_end, count=1)


def _at_end(html: str, late: bool) -> str:
    """The page with the scripts at its end in order."""
    start = html.find("</script>", html.find('<script id="__config"'))
    if start < 0:
        return html
    start += len("</script>")
    head, tail = html[:start], html[start:]
    found = list(_SCRIPT.finditer(tail))
    sources = [plain.group(1) if (plain := _PLAIN.fullmatch(m.group(1))) else "" for m in found]
    jobs = [_job(src) for src in sources]
    if not found or "later" not in jobs:
        return html
    waits = late and None not in jobs and not any(m.group(2).strip() for m in found)
    own: list[str] = []
    rest: list[str] = []
    for match, src, job in zip(found, sources, jobs, strict=True):
        text = f'<script type="bp/{job}" src="{src}"></script>' if waits else match.group()
        # Ours that follow Material's where nothing waits are written to follow it.
        first = job == "first" if waits else src.endswith(f"{FOLDER}/pages.js")
        (own if first else rest).append(text)
    before, after = tail[: found[0].start()], _SCRIPT.sub("", tail[found[0].start() :])
    return head + before + "\n      ".join(own + rest) + re.sub(r"\s*\n\s*\n\s*", "\n", after)
