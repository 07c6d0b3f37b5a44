"""What the page to hand in starts from: each layer, right and with a typical mistake.

A row is a layer, the arguments of its forward, and a mistake: a line of its backward, what students
write instead, and what the checker calls that.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from backprop.layers import affine, batchnorm, layernorm, relu, softmax_loss, variance


@dataclass(frozen=True)
class Layer:
    """One row: `was` is a line of the staged backward, `wrong` what stands in the example."""

    module: ModuleType
    arguments: str
    was: str
    wrong: str
    hint: str

    @property
    def name(self) -> str:
        return self.module.__name__.rpartition(".")[2]


# fmt: off
LAYERS = [
    Layer(variance, "x=5x4",
          "dsquare = dvar / diff.shape[0]", "dsquare = dvar / diff.shape[1]", "factor"),
    Layer(affine, "x=4x5 w=5x3 b=3",
          "db = np.sum(dout, axis=0)", "db = np.mean(dout, axis=0)", "factor"),
    Layer(relu, "x=5x4",
          "mask = x > 0", "mask = x < 0", "mask"),
    Layer(softmax_loss, "x=5x4 y=int:5<4",
          "dlogp[rows, y] = -dloss / exps.shape[0]", "dlogp[rows, y] = -dloss", "factor"),
    Layer(batchnorm, "x=5x4 gamma=4 beta=4",
          "dx = dx1 + dx2", "dx = dx1", "missing term"),
    Layer(layernorm, "x=5x4 gamma=4 beta=4",
          "dmean = -np.sum(ddiff,", "dmean = np.sum(ddiff,", "sign"),
]
# fmt: on


def examples() -> dict[str, dict[str, str]]:
    """Name → forward, backward and arguments; two of each layer."""
    found = {}
    for layer in LAYERS:
        forward = _plain(getattr(layer.module, f"{layer.name}_forward"))
        backward = _plain(getattr(layer.module, f"{layer.name}_backward"))
        if backward.count(layer.was) != 1:
            raise ValueError(f"{layer.name}_backward does not have the line {layer.was}")
        wrong = backward.replace(layer.was, layer.wrong)
        for kind, code in (("right", backward), ("wrong", wrong)):
            found[f"{layer.name}-{kind}"] = {
                "forward": f"import numpy as np\n\n\n{forward}\n",
                "backward": f"import numpy as np\n\n\n{code}\n",
                "arguments": layer.arguments,
            }
    return found


def _plain(f: Any) -> str:
    """A function as a student writes it: without annotations and without a docstring."""
    source = textwrap.dedent(inspect.getsource(f))
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.FunctionDef)
    body = tree.body[1:] if ast.get_docstring(tree) else tree.body
    for argument in tree.args.args:
        argument.annotation = None
    lines = source.rstrip().split("\n")[body[0].lineno - 1 :]
    return "\n".join([f"def {tree.name}({ast.unparse(tree.args)}):", *lines])
