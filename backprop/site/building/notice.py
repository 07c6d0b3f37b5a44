"""What is added to pages while somebody writes: the list of faults, and pages in place of others.

The list is plain HTML, so it is there without scripts; `assets/notice.js` keeps it up to date and
reloads the page when the page has changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path

from backprop.site.building.problems import Problem
from backprop.site.building.words import say

FOLDER = "/.backprop/"
ASSETS = Path(__file__).with_name("assets")
ORDER = ("fatal", "error", "warning", "remark")


@cache
def asset(name: str) -> bytes:
    return (ASSETS / name).read_bytes()


def language_of(html: bytes) -> str:
    match = re.search(rb'<html\b[^>]*?\slang="([\w-]+)"', html[:2000])
    return match[1].decode() if match else "en"


def listed(problems: Sequence[Problem], language: str) -> str:
    """The list of faults; empty if there are none."""
    if not problems:
        return ""
    ordered = sorted(problems, key=lambda problem: ORDER.index(problem.level))
    faults = [problem for problem in ordered if problem.level != "remark"]
    remarks = [problem for problem in ordered if problem.level == "remark"]
    out = []
    if faults:
        fatal = faults[0].level == "fatal"
        title = say("fatal", language) if fatal else say("problems", language, n=len(faults))
        about = f"<p>{say('last', language)}</p>" if fatal else ""
        out.append(
            f'<details open role="alert"><summary>{title}</summary>{about}'
            f"{_items(faults, language)}</details>"
        )
    if remarks:
        title = say("remarks", language, n=len(remarks))
        out.append(f"<details><summary>{title}</summary>{_items(remarks, language)}</details>")
    return "".join(out)


def _items(problems: Sequence[Problem], language: str) -> str:
    return f"<ol>{''.join(_item(problem, language) for problem in problems)}</ol>"


def _item(problem: Problem, language: str) -> str:
    place = ""
    if problem.file:
        name = escape(problem.file) + (f":{problem.line}" if problem.line else "")
        title = say("line", language, line=problem.line) if problem.line else ""
        href = f' href="{escape(problem.url)}"' if problem.url else ""
        place = f'<a class="bp-place"{href} title="{title}">{name}</a> '
    text = escape(problem.text)
    return f'<li class="bp-{problem.level}">{place}<pre>{text}</pre></li>'


def insert(html: bytes, problems: Sequence[Problem], epoch: int, version: int) -> bytes:
    """A page with the list of faults, and the script that follows what becomes of both."""
    shown = listed(problems, language_of(html))
    added = (
        f'<link rel="stylesheet" href="{FOLDER}notice.css">'
        f'<div id="bp-notice" data-search-exclude>{shown}</div>'
        f'<script src="{FOLDER}notice.js" data-epoch="{epoch}" data-version="{version}"></script>'
    ).encode()
    at = html.rfind(b"</body>")
    at = len(html) if at < 0 else at
    return html[:at] + added + html[at:]


def waiting_page(language: str, done: int, total: int) -> bytes:
    """In the place of a page that is still being made."""
    progress = say("progress", language, done=done, total=total) if total else ""
    share = (
        f'<progress value="{done}" max="{total}"></progress>' if total else "<progress></progress>"
    )
    body = (
        f"<h1>{say('making', language)}</h1><p>{say('waits', language)}</p>"
        f'<p id="bp-waiting">{share} <span>{progress}</span></p>'
    )
    return _page(say("making", language), language, body)


def fatal_page(language: str) -> bytes:
    """In the place of any page while no site could be built; the faults are inserted above."""
    title = say("fatal", language)
    return _page(title, language, f"<h1>{title}</h1><p>{say('mend', language)}</p>")


def _page(title: str, language: str, body: str) -> bytes:
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<title>{title}</title></head><body class="bp-alone">{body}</body></html>'
    ).encode()
