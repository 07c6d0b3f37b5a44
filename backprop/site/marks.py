"""What all marks share, beside a row of a derivation or a line of code: the box that says in words
what they mean as soon as they are pointed at or focused, and the light on whatever is the same
gradient. Pages are complete without the script."""

from importlib.resources import files

FOLDER = "assets/backprop"


def assets() -> dict[str, str]:
    """The files that a page with marks loads: name → text."""
    folder = files("backprop.site")
    return {name: (folder / name).read_text("utf-8") for name in ("marks.css", "marks.js")}
