"""Drawings of computation graphs, as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backprop.graph.graph import Graph
    from backprop.writer import Backward

__all__ = ["draw"]


def draw(
    graph: Graph, direction: str = "right", *, lang: str = "en", standalone: bool = True
) -> str:
    """The computation graph as SVG text: forward names and shapes in green above the wires,
    gradients in red below, operations by their symbols.

    Parameters
    ----------
    graph : Graph
        What `backprop.trace` returned. Where it contains an operation without a rule, the
        drawing has no gradients.
    direction : "right" or "down"
        Which way the computation flows; "down" is for narrow screens.
    lang : "en" or "zh"
        The language of the title and of the text alternative, which lists the steps.
    standalone : bool
        Whether the style comes with the drawing. A page with several drawings may instead load
        `backprop.drawing.style.STYLE` once.

    Returns
    -------
    str
        The same text for the same graph, always.

    Raises
    ------
    ValueError
        For another direction or language.
    TypeError
        If it is no graph.
    """
    # A site takes the style of drawings from here, without what draws them and numpy.
    from backprop.common.words import column, spoken
    from backprop.drawing.diagram import diagram
    from backprop.drawing.svg import svg
    from backprop.drawing.words import WORDS
    from backprop.graph.errors import RuleError
    from backprop.graph.graph import Graph
    from backprop.writer import backward_of

    if not isinstance(graph, Graph):
        raise TypeError(
            f"bp.draw takes a graph, bp.draw(bp.trace(f, x)), not a {type(graph).__name__}"
        )
    if spoken(lang, WORDS) != column(lang):
        raise ValueError(f"lang is one of {', '.join(WORDS['title'])}, not {lang!r}")
    backward: Backward | None
    try:
        backward = backward_of(graph)
    except RuleError:
        backward = None
    return svg(diagram(graph, backward, lang), direction, lang, standalone)
