"""The figure of a computation graph: the drawing, the forward code and the derived backward code
side by side, and the steps from one to the other.

`figure` is a pure function from a Graph to HTML. The page is complete as it is; the script of
`backprop.site.posts.stepping` adds stepping. There are no ids but those below `anchor`, no inline
styles and no inline scripts, so any number of figures fit one page under a strict content security
policy.
"""

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np

from backprop.common.words import spoken
from backprop.drawing.diagram import Diagram, diagram
from backprop.drawing.svg import arrange, cuts, pieces, svg
from backprop.graph.errors import RuleError
from backprop.site.posts.graphs import live
from backprop.site.posts.graphs.asked import questions
from backprop.site.posts.graphs.code import Line, code_html, forward_lines
from backprop.site.posts.graphs.steps import Explained, explain, upstream, value_html
from backprop.site.posts.graphs.words import WORDS, say

_WIDE = 900  # a drawing wider than this is printed top to bottom
_COLUMN = 680  # a piece of a drawing up to this width fits beside the tables of contents
_SHRINKS = 365  # one from top to bottom up to this width is shrunk to a phone's, and can be read


# A browser breaks a line behind the sign of -np.sum(…) and of 1e-05.
_SIGNED = re.compile(r"(?<![\w)\]])-[\w.]+|[\d.]+e-\d+")


def _signed(code: str) -> str:
    return _SIGNED.sub(r'<span class="bp-signed">\g<0></span>', escape(code))


def _item(number: int, step: Explained, lang: str, anchor: str) -> str:
    data = "".join(
        f' data-{name}="{escape(str(value))}"'
        for name, value in step.data.items()
        if value is not None
    )
    notes = "".join(
        f"<dt>{say(word, lang) if word else ''}</dt><dd>{_marked(text)}</dd>"
        for word, text in step.remarks
    )
    table = value_html(step.value) if step.value is not None else ""
    of = step.data.get("gradient") or step.data["node"]
    value = _made(of, step.name, table) if table else ""
    there = f"{anchor}-step-{number}"
    ident = f' id="{there}"' if anchor else ""
    link = (
        f'<a class="bp-permalink" href="#{there}" aria-label="{say("link", lang)}">#</a>'
        if anchor
        else ""
    )
    return (
        f'<li class="bp-step bp-step-{step.kind}"{ident} data-step="{number}"{data}>'
        '<div class="bp-told"><p class="bp-head">'
        f'<span class="bp-tag">{say(step.kind, lang)}</span>'
        f"<code>{_signed(step.code)}</code> "
        f'<span class="bp-shape" title="shape">{escape(step.shape)}</span>{link}</p>'
        f"{f'<dl>{notes}</dl>' if notes else ''}</div>{value}</li>"
    )


def _made(of: str, name: str, table: str) -> str:
    """A table of numbers, of a value of the program."""
    return f'<div class="bp-made" data-of="{escape(of)}"><span>{escape(name)} =</span>{table}</div>'


def _marked(text: str) -> str:
    """Text in which code stands between grave accents."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def _code(
    title: str, texts: list[str], marks: dict[int, dict[str, object]], kind: str, anchor: str
) -> str:
    # Material names a box of code after the element with an id around it: one each.
    ident = f' id="{anchor}-{kind}"' if anchor else ""
    return (
        f'<div{ident} class="bp-code bp-code-{kind} highlight">'
        f'<p class="bp-code-title">{escape(title)}</p>'
        f"{code_html(texts, marks)}</div>"
    )


def _marks(
    steps: list[Explained], lines: list[Line], source: list[str]
) -> tuple[dict[int, dict[str, object]], dict[int, dict[str, object]]]:
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


def figure(
    graph: Any,
    backward: Any = None,
    lang: str = "en",
    *,
    caption: str = "",
    dout: Sequence[np.ndarray] | None = None,
    anchor: str = "",
    legend: bool = True,
    once: bool = False,
    hidden: tuple[str, str] | None = None,
) -> str:
    """The HTML of a graph's figure.

    Parameters
    ----------
    graph : backprop.Graph
    backward : backprop.Backward, optional
        Derived from the graph if not given; a graph with an operation without a rule is shown
        without its backward pass.
    lang : str
        A language as the page's, "zh" or "zh-Hans"; English in those that have no words here.
    caption : str
        A line of text under the figure.
    dout : sequence of arrays, optional
        The upstream gradients to show, one an output, of the outputs' shapes.
    anchor : str
        The figure's id, of which the ids of its steps are made; without it there are none.
    legend : bool
        Whether the colours and lines are explained below the figure: once a page is enough.
    once : bool
        Whether it steps through the computation by itself, once, when it is first seen; never
        where the reader wants no motion.
    hidden : (gradient, value), optional
        Names whose line the reader may make wrong, by a flipped sign, and of which the forward may
        be shifted, to see that an identity of the values hides the mistake.
    """
    if backward is None:
        try:
            backward = graph.derive()
        except RuleError:
            backward = None
    lang = spoken(lang, WORDS)
    drawn = diagram(graph, backward, lang, exact=True)
    douts = upstream(graph) if dout is None else tuple(dout)
    steps = explain(graph, backward, lang, douts)
    if backward is not None:
        derived = [
            step for step in steps if step.kind == "backward" and "upstream" not in step.data
        ]
        for step, asked in zip(derived, questions(graph, backward, lang, douts), strict=True):
            step.data["asked"] = asked
    lines = forward_lines(graph)
    source = backward.source.rstrip("\n").split("\n") if backward is not None else []
    forward_marks, backward_marks = _marks(steps, lines, source)
    name = graph.function
    codes = [
        _code(
            say("forward_code", lang),
            [line.text for line in lines],
            forward_marks,
            "forward",
            anchor,
        )
    ]
    if source:
        codes.append(_code(say("backward_code", lang), source, backward_marks, "backward", anchor))
    arranged = arrange(drawn, "right")
    whole = arranged.width
    widest = max(b - a for a, b in pairwise([0.0, *cuts(arranged), whole]))
    # A browser shows a page while it still comes; the drawing's width is known from its beginning.
    ruler = f'<svg class="bp-whole" width="{whole:g}" height="0" aria-hidden="true"></svg>'
    parts = "".join(f'<div class="bp-part">{part.rstrip()}</div>' for part in pieces(drawn, lang))
    drawings = [
        f'<div class="bp-scroll bp-flow-{direction}" tabindex="0" role="group"'
        f' aria-label="{escape(say("drawing", lang, name=name))}">'
        f"{found}</div>"
        for direction, found in (
            ("right", f'{ruler}<div class="bp-parts">{parts}</div>'),
            ("down", svg(drawn, "down", lang, standalone=False).rstrip()),
        )
    ]
    kind = " bp-wide" if whole > _WIDE else ""
    kind += " bp-tall" if widest > _COLUMN else ""
    kind += " bp-shrinks" if arrange(drawn, "down").width <= _SHRINKS else ""
    kind += " bp-once" if once else ""
    items = "".join(_item(number, step, lang, anchor) for number, step in enumerate(steps, 1))
    ident = f' id="{anchor}"' if anchor else ""
    program = live.program(graph, backward, douts)
    if program:
        ident += f' data-program="{escape(program)}"'
    # Sections: for Material's search, what is left out ends with the first element that ends and
    # is of the same kind, so it may have none of its kind inside.
    return (
        f'<figure class="bp-figure{kind}"{ident} data-function="{escape(name)}"'
        f' data-say="{escape(say("say", lang))}"'
        f' aria-label="{escape(say("figure", lang, name=name))}">'
        f'<section class="bp-stepper" data-search-exclude>'
        f"{_bar(len(steps), backward is not None, lang)}"
        f"{_intro(graph, steps, program, lang)}"
        f'<ol class="bp-steps" aria-label="{escape(say("steps", lang))}">{items}</ol></section>'
        '<section class="bp-body" data-search-exclude>'
        f'<div class="bp-drawings">{"".join(drawings)}</div>{"".join(codes)}</section>'
        + (_hides(steps, *hidden, graph, lang) if hidden and program else "")
        + (_legend(drawn, lang) if legend else "")
        + (f"<figcaption>{escape(caption)}</figcaption>" if caption else "")
        + "</figure>\n"
    )


def _legend(drawn: Diagram, lang: str) -> str:
    kinds = {item.kind for item in drawn.items}
    keys = ["forward", *(["backward"] if any(link.gradient for link in drawn.links) else [])]
    keys += ["operation", "input", *(["constant"] if "constant" in kinds else [])]
    if any(link.gradient and link.gradient_shape != link.shape for link in drawn.links):
        keys.append("broadcast")
    items = "".join(f'<li class="bp-key-{key}">{say(f"legend_{key}", lang)}</li>' for key in keys)
    return f'<ul class="bp-legend" data-search-exclude>{items}</ul>'


def _hides(steps: list[Explained], flip: str, shift: str, graph: Any, lang: str) -> str:
    """Two switches, one that makes a line wrong and one that takes away what hides it."""
    lines = {step.name: step.code for step in steps}
    says = "".join(f' data-{word}="{escape(say(f"is_{word}", lang))}"' for word in ("right", "off"))
    switches = "".join(
        f'<label><input type="checkbox" data-{word}="{escape(name)}">'
        f"<span>{_marked(say(word, lang, name=name, line=lines.get(name, name)))}</span></label>"
        for word, name in (("flip", flip), ("shift", shift))
    )
    values = {step.name: step.value for step in steps}
    tables = "".join(
        f'<div class="bp-made" data-moved="{escape(node.name)}"><span>d{escape(node.name)} =</span>'
        f"{value_html(values[f'd{node.name}'])}</div>"
        for node in graph.differentiated
        if values.get(f"d{node.name}") is not None
    )
    return (
        f'<section class="bp-hides" data-search-exclude{says}><div>{switches}'
        f'<p class="bp-agrees" role="status"></p></div>{tables}</section>'
    )


def _intro(graph: Any, steps: list[Explained], program: str, lang: str) -> str:
    """What the stepper shows before the first step: how to use it, and what is put in."""
    given = [(node.name, node.value) for node in graph.inputs.values() if node.differentiable]
    given += [(step.name, step.value) for step in steps if "upstream" in step.data]
    tables = [(name, value_html(value)) for name, value in given]
    made = "".join(
        _made(name, name, table)
        for name, table in sorted(tables, key=lambda pair: pair[1].count("<tr>") == 1)
        if table
    )
    made = f'<div class="bp-given" role="group" aria-label="{say("given", lang)}">{made}</div>'
    note = reset = ""
    if program:
        told = escape(say("sentences", lang).join(say(word, lang) for word in ("intro", "change")))
        note = f'<p class="bp-nudge" role="status" data-say="{escape(say("nudge", lang))}"></p>'
        text = escape(say("reset", lang))
        reset = f'<button type="button" class="bp-reset" data-reset hidden>{text}</button>'
    else:
        told = escape(say("intro", lang))
    return f'<div class="bp-intro"><p>{told}</p>{made}{reset}{note}</div>'


def _bar(total: int, asks: bool, lang: str) -> str:
    def button(kind: str, arrow: str, word: str, after: bool = False) -> str:
        text = f"<span>{escape(say(word, lang))}</span>"
        icon = f'<span aria-hidden="true">{arrow}</span>'
        inside = text + icon if after else icon + text
        return f'<button type="button" class="bp-button" data-go="{kind}">{inside}</button>'

    ask = (
        ""
        if not asks
        else (
            f'<button type="button" class="bp-button bp-ask" aria-pressed="false"'
            f' data-show="{escape(say("show", lang))}">'
            f'<span>{escape(say("ask", lang))}</span><span aria-hidden="true">?</span></button>'
        )
    )
    return (
        f'<div class="bp-bar" role="group" aria-label="{escape(say("controls", lang))}">'
        f"{button('previous', '←', 'previous')}{button('next', '→', 'next', True)}"
        f'<input class="bp-slider" type="range" min="0" max="{total}" value="0" step="1"'
        f' aria-label="{escape(say("position", lang))}">'
        f'<output class="bp-count">0 / {total}</output>{button("whole", "↺", "whole")}{ask}'
        '<p class="bp-said" role="status" aria-live="polite"></p></div>'
    )
