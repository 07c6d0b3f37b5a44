"""The page to hand in: what a reader sees before the first tap, or without scripts."""

from __future__ import annotations

import json
from html import escape

from backprop.site.interactive.examples import LAYERS, examples
from backprop.site.interactive.words import say

MARK = '<div class="bp-hand-in"></div>'
_FIRST = "variance-wrong"


def markdown(language: str) -> str:
    """The page, for a docs folder that has none of its own."""
    title, description = (
        json.dumps(say(key, language), ensure_ascii=False) for key in ("title", "description")
    )
    return (
        f"---\ntitle: {title}\ndescription: {description}\nhide:\n  - toc\n---\n\n"
        f"# {say('title', language)}\n\n{say('lead', language)}\n\n{MARK}\n"
    )


def desk(language: str, size: int | None) -> str:
    """What stands at the mark; `size` is that of the engine in bytes, None if there is none."""
    command = "python -m backprop check layers.py:forward layers.py:backward x=5x4 gamma=4 beta=4"
    still = (
        f'<div class="bp-still"><p>{escape(say("still", language))}</p>'
        f"<pre><code>{escape(command)}</code></pre></div>"
    )
    if size is None:
        return still
    return f"{_form(language, size)}{still}"


def _form(language: str, size: int) -> str:
    def text(key: str, **values: object) -> str:
        return escape(say(key, language, **values))

    first = examples()[_FIRST]
    options = "".join(
        f'<option value="{layer.name}-{kind}"'
        f"{' selected' if f'{layer.name}-{kind}' == _FIRST else ''}>"
        f"{text(f'{kind}_example', name=layer.name)}</option>"
        for layer in LAYERS
        for kind in ("right", "wrong")
    )
    areas = "".join(
        f'<div class="bp-area"><label for="bp-{name}">{text(f"{name}_label")}</label>'
        f'<textarea id="bp-{name}" name="{name}" rows="18" spellcheck="false" '
        f'autocapitalize="off" autocomplete="off" wrap="off">{escape(first[name])}</textarea></div>'
        for name in ("forward", "backward")
    )
    return (
        '<form class="bp-hand" data-search-exclude hidden>'
        f'<p class="bp-private">{text("private", size=f"{size / 1e6:.1f}")}</p>'
        f'<p><label for="bp-example">{text("example")}</label> '
        f'<select id="bp-example" name="example" autocomplete="off">{options}</select></p>'
        f'<div class="bp-areas">{areas}</div>'
        f'<p><label for="bp-arguments">{text("arguments")}</label> '
        f'<input id="bp-arguments" name="arguments" value="{escape(first["arguments"])}" '
        'aria-describedby="bp-arguments-help" spellcheck="false" autocapitalize="off" '
        'autocomplete="off"></p>'
        f'<p id="bp-arguments-help" class="bp-help">{text("arguments_help")}</p>'
        f'<button type="submit" class="bp-submit">{text("check")}</button>'
        f'<div class="bp-answer" role="region" aria-live="polite" aria-label="{text("answer")}">'
        "</div></form>"
    )
