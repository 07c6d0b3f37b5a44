"""The files that a page with figures of graphs loads; known without drawing any."""

from importlib.resources import files

from backprop.drawing.style import STYLE, colours


def assets() -> dict[str, str]:
    """Name → text."""
    folder = files("backprop.site.posts") / "assets"
    return {
        "graphs.css": STYLE + colours(".bp-figure") + (folder / "graphs.css").read_text("utf-8"),
        "graphs.js": (folder / "graphs.js").read_text("utf-8"),
        "live.js": (folder / "live.js").read_text("utf-8"),
        "asked.js": (folder / "asked.js").read_text("utf-8"),
    }
