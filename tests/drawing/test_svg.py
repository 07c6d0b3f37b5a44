"""Drawings of traced graphs, read as their readers' programs read them: as XML."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import backprop as bp
from backprop.drawing.diagram import diagram
from backprop.drawing.layout import Box, Wire
from backprop.drawing.measure import text_width
from backprop.drawing.style import _COLOURS, STYLE
from backprop.drawing.svg import arrange
from backprop.graph.errors import RuleError
from tests.drawing.geometry import faults

SVG = "{http://www.w3.org/2000/svg}"
X = np.random.default_rng(0).normal(size=(5, 4))


def variance(x):
    mean = np.mean(x, axis=0)
    diff = x - mean
    square = diff**2
    var = np.mean(square, axis=0)
    return var


def scale_shift(x, gamma, beta, eps):
    out = gamma * x / np.sqrt(np.mean(x**2) + eps) + beta
    return out


def dense(x, mask):
    """Fan-out, fan-in, repeated operands, a mask, literals, several results."""
    both = np.concatenate([x, x, 2 * x])
    cube = x**3 * x * x
    chosen = np.where(mask, cube, 1 - x)
    return both, chosen / (chosen + 1)


def parse(text: str) -> ET.Element:
    return ET.fromstring(text)


def wires(root: ET.Element) -> dict[tuple[str, str], tuple[str, ...]]:
    """(node, user) → the texts on that wire, without their shapes."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        if "bp-wire" in group.get("class", ""):
            texts = tuple((text.text or "").strip() for text in group.iter(f"{SVG}text"))
            found[group.get("data-node"), group.get("data-user")] = texts
    return found


def boxes(root: ET.Element) -> dict[str, str]:
    """What is written in the box of each node; the box of an output has "→" before its name."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        kind = group.get("class", "")
        if "bp-node" in kind:
            name = ("→" if "bp-output" in kind else "") + group.get("data-node", "")
            found[name] = "".join(group.itertext())
    return found


def test_the_variance_is_the_diagram_of_the_post():
    root = parse(bp.draw(bp.trace(variance, X)))
    assert wires(root) == {
        ("x", "mean"): ("x", "dx2"),
        ("x", "diff"): ("x", "dx1"),
        ("mean", "diff"): ("mean", "dmean"),
        ("diff", "square"): ("diff", "ddiff"),
        ("square", "var"): ("square", "dsquare"),
        ("var", "var"): ("var", "dvar"),
    }
    assert boxes(root) == {
        "x": "x",
        "mean": "mean",
        "diff": "−",
        "square": "()²",
        "var": "mean",
        "→var": "var",
    }


def test_shapes_stand_on_both_sides_of_a_wire():
    root = parse(bp.draw(bp.trace(variance, X)))
    for group in root.iter(f"{SVG}g"):
        if "bp-wire" in group.get("class", ""):
            shape = "(4,)" if group.get("data-node") in ("mean", "var") else "(5, 4)"
            assert [span.text for span in group.iter(f"{SVG}tspan")] == [shape, shape]


def test_nodes_and_wires_carry_their_line_and_step():
    root = parse(bp.draw(bp.trace(variance, X)))
    first = variance.__code__.co_firstlineno
    steps = {
        group.get("data-node"): (group.get("data-line"), group.get("data-step"))
        for group in root.iter(f"{SVG}g")
        if "bp-operation" in group.get("class", "")
    }
    names = ["mean", "diff", "square", "var"]
    assert steps == {name: (str(first + i), str(i)) for i, name in enumerate(names, 1)}
    backs = {
        group.get("data-gradient"): int(group.get("data-back", 0))
        for group in root.iter(f"{SVG}g")
        if group.get("data-gradient")
    }
    order = ["dvar", "dsquare", "ddiff", "dmean", "dx1", "dx2"]
    assert [backs[name] for name in order] == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_text_alternative_lists_the_steps(lang):
    graph = bp.trace(variance, X)
    root = parse(bp.draw(graph, lang=lang))
    title, desc = root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")
    assert title == {"en": "Computation graph of variance", "zh": "variance 的计算图"}[lang]
    places = [desc.index(line) for line in ("diff = x − mean", *graph.derive().lines)]
    assert places == sorted(places)
    assert ("前向" in desc) == (lang == "zh")


def test_greek_and_literals_in_boxes_code_names_on_wires():
    graph = bp.trace(scale_shift, X, np.ones(4), np.zeros(4), np.array(1e-5))
    root = parse(bp.draw(graph))
    assert boxes(root)["gamma"] == "γ"
    assert boxes(root)["eps"] == "ε"
    assert ("gamma", "dgamma") in wires(root).values()
    root = parse(bp.draw(bp.trace(dense, X, X > 0)))
    assert {"()³", "2 ×", "1 −", "+ 1"} <= set(boxes(root).values())


def test_an_input_without_gradient_has_no_red_label():
    root = parse(bp.draw(bp.trace(dense, X, X > 0)))
    labels = [texts for (name, _), texts in wires(root).items() if name == "mask"]
    assert labels == [("mask",)]


def test_several_results_have_a_box_each():
    root = parse(bp.draw(bp.trace(dense, X, X > 0)))
    assert sum(name.startswith("→") for name in boxes(root)) == 2


def test_every_use_of_an_operand_has_its_own_wire_and_partial():
    def f(x):
        return np.concatenate([x, x * x, x])

    graph = bp.trace(f, X)
    text = bp.draw(graph)
    found = re.findall(r'data-node="x"[^>]*data-gradient="(\w+)"', text)
    assert sorted(found) == ["dx1", "dx2", "dx3", "dx4"]


def test_a_graph_without_backward_is_drawn_without_gradients(monkeypatch):
    graph = bp.trace(variance, X)

    def no_rule(graph):
        raise RuleError("no row")

    monkeypatch.setattr("backprop.writer.backward_of", no_rule)
    root = parse(bp.draw(graph))
    assert len(wires(root)) == 6
    assert all(len(texts) == 1 for texts in wires(root).values())


def test_notebooks_show_the_drawing():
    graph = bp.trace(variance, X)
    assert graph._repr_svg_() == bp.draw(graph)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (variance, (X,)),
        (scale_shift, (X, np.ones(4), np.zeros(4), np.array(1e-5))),
        (dense, (X, X > 0)),
        (bp.layers.batchnorm_forward, (X, np.ones(4), np.zeros(4))),
        (bp.layers.layernorm_forward, (X, np.ones(4), np.zeros(4))),
        (bp.layers.softmax_loss_forward, (X, np.array([0, 1, 2, 3, 0]))),
    ],
)
@pytest.mark.parametrize("direction", ["right", "down"])
def test_traced_graphs_have_no_collisions_and_fit_phones(f, args, direction):
    graph = bp.trace(f, *args)
    shown = diagram(graph, graph.derive())
    drawn = arrange(shown, direction)
    sizes = [Box(1, 1)] * len(drawn.boxes)
    links = [Wire(link.source, link.target, 1, 1) for link in shown.links]
    assert not faults(sizes, links, drawn)
    if direction == "down" and f is not dense:
        # A phone of 360 px leaves 322 beside margins; the graphs of the posts must fit it.
        published = f in (variance, bp.layers.batchnorm_forward)
        assert drawn.width <= (322 if published else 360)


def test_names_in_any_script_are_measured_and_escaped():
    def f(x):
        方差 = np.mean(x**2)
        σ = np.sqrt(方差)
        return x < σ, x / σ

    def only(x):
        return f(x)[1]

    text = bp.draw(bp.trace(only, X))
    parse(text)
    assert "方差" in text
    assert text_width("方差", 10) == 20
    assert "<" in "".join(boxes(parse(bp.draw(bp.trace(less, X)))).values())


def less(x):
    mask = x < 0.5
    return np.where(mask, x, 0.1 * x)


@pytest.mark.parametrize("family", ["DejaVuSans", "DejaVuSansDisplay"])
def test_the_table_of_widths_is_never_less_than_a_font(family):
    matplotlib = pytest.importorskip("matplotlib")
    fonts = pytest.importorskip("fontTools.ttLib")
    path = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{family}.ttf")
    _no_narrower_than(fonts.TTFont(path))


@pytest.mark.parametrize("family", ["Arial", "Noto Sans CJK SC", "sans-serif"])
def test_the_table_of_widths_is_never_less_than_the_readers_font(family):
    fonts = pytest.importorskip("fontTools.ttLib")
    try:
        run = subprocess.run(
            ["fc-match", "-f", "%{file}", f"{family}:style=Regular"], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("no fontconfig")
    options = {"fontNumber": 0} if run.stdout.endswith(".ttc") else {}
    _no_narrower_than(fonts.TTFont(run.stdout, **options))


def _no_narrower_than(font):
    """For every character that drawings are made of: ASCII, Greek, signs, Chinese."""
    table, em = font.getBestCmap(), font["head"].unitsPerEm
    characters = [chr(code) for code in (*range(32, 127), *range(0x391, 0x3CA))]
    characters += list("−()²³×÷√Σ的方差归一化")
    for character in characters:
        if ord(character) in table:
            width = font["hmtx"][table[ord(character)]][0] / em
            if character in "×÷√−²³" and width > 0.99:
                continue  # a Chinese font's own signs; the Latin fonts come first
            assert text_width(character, 1) >= width - 1e-6, character


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("which", [0, 1])
def test_colours_have_contrast_in_light_and_dark(which):
    colours = {name: _luminance(values[which]) for name, values in _COLOURS.items()}

    def contrast(one, other):
        low, high = sorted((colours[one], colours[other]))
        return (high + 0.05) / (low + 0.05)

    for ink, ground in (("forward", "paper"), ("backward", "paper"), ("ink", "box")):
        assert contrast(ink, ground) >= 4.5
    for line, ground in (("wire", "paper"), ("edge", "paper"), ("edge", "box"), ("ink", "paper")):
        assert contrast(line, ground) >= 3


def test_every_colour_is_a_variable():
    text = bp.draw(bp.trace(variance, X))
    body = text.replace(STYLE, "")
    assert not re.search(r"(fill|stroke|color)[:=]\"?#", body)
    assert STYLE.count("#") == STYLE.count(",#")  # only as defaults of --bp-…
    assert "url(" not in text


def test_drawings_share_a_page():
    text = bp.draw(bp.trace(variance, X))
    assert " id=" not in text
    assert "href" not in text
    bare = bp.draw(bp.trace(variance, X), standalone=False)
    assert "<style" not in bare
    assert "style=" not in bare


def test_the_drawing_is_small():
    text = bp.draw(bp.trace(bp.layers.batchnorm_forward, X, np.ones(4), np.zeros(4)))
    assert len(text.encode()) < 12_500


SCRIPT = """
import sys
import numpy as np
import backprop as bp
from tests.drawing.test_svg import X, dense, variance
graphs = [bp.trace(variance, X), bp.trace(dense, X, X > 0)]
bp.draw(graphs[0])  # imports are done
opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(args[0]))
text = "".join(bp.draw(graph, direction) for graph in graphs for direction in ("right", "down"))
assert not opened, opened
sys.stdout.write(text)
"""


def test_the_same_bytes_in_every_process_and_without_files():
    texts = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr.decode()
        texts.add(run.stdout)
    assert len(texts) == 1


def test_the_package_needs_numpy_alone():
    code = (
        "import sys, numpy, backprop.drawing.svg, backprop.drawing.diagram;"
        "print([m for m in sys.modules if m.split('.')[0] in ('pygments', 'lxml', 'mkdocs')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_bad_input_is_refused():
    graph = bp.trace(variance, X)
    with pytest.raises(ValueError, match='"right" or "down"'):
        bp.draw(graph, "left")
    with pytest.raises(ValueError, match="lang is one of en, zh, not 'fr'"):
        bp.draw(graph, lang="fr")
