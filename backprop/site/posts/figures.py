"""Matplotlib figures as SVG that belongs to a page: its colours, its font, the same bytes always.

Text stays text. What matplotlib draws in its default colours is drawn in colours that stand for a
CSS variable each, and these are put in their place afterwards; a colour that the author chose
stays as it is.
"""

import hashlib
import io
import re
import types
import warnings
from typing import Any

from backprop.program.fault import FenceError
from backprop.program.python import execute

_FOREGROUND, _GRID = "#0d0e0f", "#c9cacb"
# The palette of Okabe and Ito, which the colour-blind can tell apart; the variables of the page
# may say something else in the dark.
_CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f5f3f", "#777777")

_VARIABLES = {
    _FOREGROUND: "currentColor",
    "#000000": "currentColor",
    "#ffffff": "var(--md-default-bg-color, Canvas)",
    _GRID: f"var(--bp-figure-grid, {_GRID})",
    **{colour: f"var(--bp-figure-{n}, {colour})" for n, colour in enumerate(_CYCLE, 1)},
}

_OWN = dict.fromkeys(
    (
        *("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor"),
        *("xtick.color", "ytick.color", "patch.edgecolor", "hatch.color"),
        *("boxplot.boxprops.color", "boxplot.capprops.color", "boxplot.whiskerprops.color"),
    ),
    _FOREGROUND,
) | {
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "grid.color": _GRID,
    "svg.fonttype": "none",
    "svg.hashsalt": "backprop",
    "figure.figsize": (7.0, 4.0),
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def run(request: dict, name: str, module: types.ModuleType) -> dict:
    """Run a figure fence; the figures that it drew."""
    begin()
    execute(request, name, module)
    found = collect()
    if not found:
        reason = "this .figure fence drew nothing: make the figure with matplotlib.pyplot in it"
        raise FenceError(reason, request["first"])
    return {"figures": found}


def begin() -> None:
    """Before a figure is drawn: our style, wherever the author has not chosen another."""
    import matplotlib as mpl
    from cycler import cycler

    now: Any = mpl.rcParams
    default: Any = mpl.rcParamsDefault
    own = {**_OWN, "axes.prop_cycle": cycler(color=_CYCLE)}
    now.update({name: own[name] for name in own if now[name] == default[name]})


def collect() -> list[dict]:
    """Every open figure as SVG, with what it shows as plain numbers; the figures are closed."""
    import matplotlib.pyplot as plt

    found = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        text = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        with warnings.catch_warnings():
            # The reader's fonts have the glyphs that those of matplotlib lack.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            figure.savefig(text, format="svg", metadata=nothing, bbox_inches="tight")
        found.append({"svg": tidy(text.getvalue()), "data": _data(figure)})
        plt.close(figure)
    return found


def tidy(svg: str) -> str:
    """The SVG for a place inside a page; nothing in it reaches out of it."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # A style element would apply to every other drawing of the page.
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    viewbox = re.search(r'viewBox="([^"]*)"', svg)
    width = viewbox[1].split()[2] if viewbox else "460"
    svg = re.sub(
        r"<svg[^>]*>",
        f'<svg class="bp-plot-svg" viewBox="{viewbox[1] if viewbox else ""}" '
        f'style="width: {float(width) * 4 / 3:.0f}px" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" stroke-linejoin="round">',
        svg,
        count=1,
    )
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r"#[0-9a-f]{6}\b(?=[;\"])", lambda m: _VARIABLES.get(m.group(), m.group()), svg)
    return _own_ids(re.sub(r"\n\s*", "\n", svg))


def _own_ids(svg: str) -> str:
    """Keep only the ids that are referred to, and make them unlike those of other figures."""
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', svg))
    prefix = "bp" + hashlib.sha256(svg.encode()).hexdigest()[:8] + "-"

    def rename(match: re.Match[str]) -> str:
        return f' id="{prefix}{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]*)"', rename, svg)
    return re.sub(r'(url\(|href=")#', rf"\1#{prefix}", svg)


def _data(figure: Any) -> list:
    """What the axes show, so that figures with other words on them can be compared."""
    import numpy as np

    def numbers(array: Any) -> str:
        values = np.asarray(array, dtype=float)
        rounded = " ".join(f"{value:.6g}" for value in values.ravel())
        return f"{values.shape}: {hashlib.sha256(rounded.encode()).hexdigest()[:16]}"

    shown: list = []
    for axes in figure.axes:
        shown.append(["axes", axes.get_xscale(), axes.get_yscale()])
        shown += [["line", numbers(line.get_xydata())] for line in axes.lines]
        shown += [["points", numbers(each.get_offsets())] for each in axes.collections]
        shown += [["patch", numbers(patch.get_path().vertices)] for patch in axes.patches]
        shown += [["image", numbers(image.get_array())] for image in axes.images]
    return shown
