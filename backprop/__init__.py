"""Derive, draw and check backward passes of plain numpy functions."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# The one place of the version: the distribution's metadata and the tag of a release follow it.
__version__ = "0.1.0"

if TYPE_CHECKING:
    from backprop import layers as layers
    from backprop.checker import Report as Report
    from backprop.checker import check as check
    from backprop.drawing import draw as draw
    from backprop.graph.errors import KinkError as KinkError
    from backprop.graph.errors import RuleError as RuleError
    from backprop.graph.errors import TraceError as TraceError
    from backprop.graph.node import Node as Node
    from backprop.public import Backward as Backward
    from backprop.public import Graph as Graph
    from backprop.public import derive as derive
    from backprop.public import trace as trace
    from backprop.shapes import by_shape as by_shape
    from backprop.truth.numeric import numeric_gradient as numeric_gradient

# Each public name and the module it lives in. Loaded on first use, so that the
# plugins, which are modules of this package too, start without numpy.
_HOME = {
    "Backward": "public",
    "Graph": "public",
    "KinkError": "graph.errors",
    "Node": "graph.node",
    "Report": "checker",
    "RuleError": "graph.errors",
    "TraceError": "graph.errors",
    "by_shape": "shapes",
    "check": "checker",
    "derive": "public",
    "draw": "drawing",
    "layers": "",
    "numeric_gradient": "truth.numeric",
    "trace": "public",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'backprop' has no attribute {name!r}")
    home = _HOME[name]
    value = (
        getattr(import_module(f"backprop.{home}"), name)
        if home
        else import_module(f"backprop.{name}")
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
