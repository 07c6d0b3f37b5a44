"""The colours and lines of a drawing, as CSS.

Every colour is a custom property that a page may set (``--bp-forward`` …); the values here are
the defaults, light and dark. Dark is chosen by Material's ``data-md-color-scheme`` or by Jupyter's
theme, on screens: paper is light. A drawing that stands alone (a file, an <img>) has a paper of
its own and follows the reader's system. All text has a contrast of at least 4.5 on paper and box,
all lines of at least 3.
"""

#                 light      dark
_COLOURS = {
    "forward": ("#0f7039", "#7fd6a0"),  # forward names and shapes
    "backward": ("#b3261e", "#ff9d94"),  # gradients
    "ink": ("#1d2433", "#e8eaf1"),  # text in boxes, edges of inputs and outputs
    "edge": ("#7b8496", "#8d96aa"),  # edges of operations
    "wire": ("#7b8496", "#8d96aa"),
    "box": ("#f4f6fa", "#2b3040"),  # inside of boxes
    "paper": ("#ffffff", "#1e2129"),  # behind a drawing that stands alone
}

FONT = '"Noto Sans","Helvetica Neue",Arial,"PingFang SC","Microsoft YaHei",sans-serif'


def _palette(which: int) -> str:
    return ";".join(
        f"--{name}:var(--bp-{name},{values[which]})" for name, values in _COLOURS.items()
    )


def colours(of: str) -> str:
    """The rules that give the elements ``of`` the colours: light, and dark where the page is."""
    return f"""\
{of}{{{_palette(0)}}}
@media screen{{[data-md-color-scheme=slate] {of},[data-jp-theme-light=false] {of}{{{_palette(1)}}}}}
"""


STYLE = f"""\
{colours(".bp-graph")}\
.bp-graph{{font-family:{FONT}}}
.bp-graph text{{font-size:12.5px;fill:var(--ink)}}
.bp-graph .bp-forward{{fill:var(--forward)}}
.bp-graph :is(.bp-backward,.bp-held){{fill:var(--backward)}}
.bp-graph .bp-shape{{font-size:11px}}
.bp-node text{{font-size:14px;text-anchor:middle}}
.bp-node rect{{fill:var(--box);stroke:var(--edge);stroke-width:1.4}}
.bp-input rect,.bp-output rect{{stroke:var(--ink)}}
.bp-constant rect{{stroke-dasharray:3 2}}
.bp-wire path{{fill:none;stroke:var(--wire);stroke-width:1.4}}
.bp-wire .bp-head{{fill:var(--wire);stroke:none}}
.bp-middle text{{text-anchor:middle}}
.bp-graph path.bp-return{{display:none}}
"""

_UNTHEMED = "body:not([data-md-color-scheme]):not([data-jp-theme-light]) .bp-alone"

ALONE = f"""\
.bp-alone{{background:var(--paper)}}
@media screen and (prefers-color-scheme:dark){{.bp-alone:root,{_UNTHEMED}{{{_palette(1)}}}}}
"""
