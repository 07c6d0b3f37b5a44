"""The figure of a computation graph: the drawing, the forward code and the derived backward code
side by side, and the steps from one to the other.

`figure` is a pure function from a Graph to HTML. The page is complete as it is; the script in
`assets` adds stepping. There are no ids, no inline styles and no inline scripts, so any number of
figures fit one page under a strict content security policy.
"""

import re
from html import escape
from importlib.resources import files
from typing import Any

from backprop.drawing.diagram import diagram
from backprop.drawing.style import STYLE, colours
from backprop.drawing.svg import arrange, svg
from backprop.drawing.texts import shape_text
from backprop.graph.errors import RuleError
from backprop.site.posts.graphs.code import Line, code_html, forward_lines
from backprop.site.posts.graphs.steps import Explained, explain, value_html
from backprop.site.posts.graphs.words import say

_WIDE = 900  # a drawing wider than this is printed top to bottom


def assets() -> dict[str, str]:
    """The files that a page with figures loads: name → text."""
    folder = files("backprop.site.posts") / "assets"
    return {
        "graphs.css": STYLE + colours(".bp-figure") + (folder / "graphs.css").read_text("utf-8"),
        "graphs.js": (folder / "graphs.js").read_text("utf-8"),
    }


def _item(number: int, step: Explained, lang: str) -> str:
    data = "".join(
        f' data-{name}="{escape(str(value))}"'
        for name, value in step.data.items()
        if value is not None
    )
    notes = "".join(
        f"<dt>{say(word, lang) if word else ''}</dt><dd>{_remark(word, text)}</dd>"
        for word, text in step.remarks
    )
    table = value_html(step.value) if step.value is not None else ""
    value = f'<div class="bp-made"><span>{escape(step.name)} =</span>{table}</div>' if table else ""
    return (
        f'<li class="bp-step bp-step-{step.kind}" data-step="{number}"{data}>'
        '<div class="bp-told"><p class="bp-head">'
        f'<span class="bp-tag">{say(step.kind, lang)}</span>'
        f"<code>{escape(step.code)}</code> "
        f'<span class="bp-shape" title="shape">{shape_text(step.shape)}</span></p>'
        f"{f'<dl>{notes}</dl>' if notes else ''}</div>{value}</li>"
    )


def _remark(word: str, text: str) -> str:
    return f"<code>{escape(text)}</code>" if word == "rule" else escape(text)


def _code(title: str, texts: list[str], marks: dict[int, dict[str, object]], kind: str) -> str:
    return (
        f'<div class="bp-code bp-code-{kind} highlight">'
        f'<p class="bp-code-title">{escape(title)}</p>'
        f"{code_html(texts, marks)}</div>"
    )


def _marks(steps: list[Explained], lines: list[Line], source: list[str]) -> tuple[dict, dict]:
    """Which lines of code belong to which steps; every step learns its index in the source."""
    numbers = {step.data["line"] for step in steps if step.data.get("line")}
    forward: dict[int, dict[str, object]] = {
        index: {"line": line.number}
        for index, line in enumerate(lines)
        if line.number is not None and line.number in numbers
    }
    if not forward:  # no source: a line is a step
        place = {step.name: f"s{i}" for i, step in enumerate(steps) if step.kind == "forward"}
        forward = {i: {"line": place[step.name]} for i, step in enumerate(steps[: len(place)])}
        for step in steps:
            made = step.name if step.kind == "forward" else step.data.get("user")
            step.data["line"] = place.get(made or "")
    backward: dict[int, dict[str, object]] = {}
    at = len(source)
    for step in reversed([s for s in steps if s.kind == "backward"]):
        if "upstream" in step.data:
            at = next(i for i, line in enumerate(source) if re.search(rf"\b{step.name}\b", line))
        else:
            wanted = step.code
            at = next((i for i in range(at - 1, -1, -1) if source[i].strip() == wanted), at)
        if at < len(source):
            backward[at] = {"code": at}
            step.data["code"] = at
    return forward, backward


def figure(graph: Any, backward: Any = None, lang: str = "en", *, caption: str = "") -> str:
    """The HTML of a graph's figure.

    Parameters
    ----------
    graph : backprop.Graph
    backward : backprop.Backward, optional
        Derived from the graph if not given; a graph with an operation without a rule is shown
        without its backward pass.
    lang : "en" or "zh"
    caption : str
        A line of text under the figure.
    """
    if backward is None:
        try:
            backward = graph.derive()
        except RuleError:
            backward = None
    drawn = diagram(graph, backward, lang)
    steps = explain(graph, backward, lang)
    lines = forward_lines(graph)
    source = backward.source.rstrip("\n").split("\n") if backward is not None else []
    forward_marks, backward_marks = _marks(steps, lines, source)
    name = graph.function
    codes = [
        _code(say("forward_code", lang), [line.text for line in lines], forward_marks, "forward")
    ]
    if source:
        codes.append(_code(say("backward_code", lang), source, backward_marks, "backward"))
    drawings = [
        f'<div class="bp-scroll bp-flow-{direction}" tabindex="0" role="group"'
        f' aria-label="{escape(say("drawing", lang, name=name))}">'
        f"{svg(drawn, direction, lang, standalone=False).rstrip()}</div>"
        for direction in ("right", "down")
    ]
    wide = " bp-wide" if arrange(drawn, "right").width > _WIDE else ""
    items = "".join(_item(number, step, lang) for number, step in enumerate(steps, 1))
    return (
        f'<figure class="bp-figure{wide}" data-say="{escape(say("say", lang))}"'
        f' aria-label="{escape(say("figure", lang, name=name))}">'
        f'<div class="bp-stepper" data-search-exclude>{_bar(len(steps), lang)}'
        f"{_intro(lang)}"
        f'<ol class="bp-steps" aria-label="{escape(say("steps", lang))}">{items}</ol></div>'
        f'<div class="bp-drawings" data-search-exclude>{"".join(drawings)}</div>'
        f'<div class="bp-codes">{"".join(codes)}</div>'
        + (f"<figcaption>{escape(caption)}</figcaption>" if caption else "")
        + "</figure>\n"
    )


def _intro(lang: str) -> str:
    legend = "".join(
        f'<li class="bp-key-{key}">{escape(say(f"legend_{key}", lang))}</li>'
        for key in ("forward", "backward", "operation", "input", "constant")
    )
    return (
        f'<div class="bp-intro"><p>{escape(say("intro", lang))}</p>'
        f'<ul class="bp-legend">{legend}</ul></div>'
    )


def _bar(total: int, lang: str) -> str:
    def button(kind: str, arrow: str, word: str, after: bool = False) -> str:
        text = f"<span>{escape(say(word, lang))}</span>"
        icon = f'<span aria-hidden="true">{arrow}</span>'
        inside = text + icon if after else icon + text
        return f'<button type="button" class="bp-button" data-go="{kind}">{inside}</button>'

    return (
        f'<div class="bp-bar" role="group" aria-label="{escape(say("controls", lang))}">'
        f"{button('previous', '←', 'previous')}{button('next', '→', 'next', True)}"
        f'<input class="bp-slider" type="range" min="0" max="{total}" value="0" step="1"'
        f' aria-label="{escape(say("position", lang))}">'
        f'<output class="bp-count">0 / {total}</output>{button("whole", "↺", "whole")}'
        '<p class="bp-said" role="status" aria-live="polite"></p></div>'
    )
