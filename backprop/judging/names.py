"""Which forward node a handwritten variable is named after."""

from __future__ import annotations

import re

from backprop.graph.graph import Graph

# One quantity, many names. The first word of a row is what the others are read as.
SYNONYMS = [
    ("mean", "mu", "avg", "samplemean", "xmean", "batchmean", "m"),
    ("var", "variance", "samplevar", "sigma2", "xvar", "batchvar", "sigmasq", "v"),
    ("std", "sqrtvar", "sigma", "stdev", "samplestd"),
    ("invstd", "istd", "ivar", "invvar", "stdinv", "rstd", "invsqrtvar"),
    ("xhat", "xnorm", "xn", "xnormalized", "normalized", "xnormed", "norm", "xh", "z"),
    ("diff", "xmu", "xc", "centered", "xcentered", "xminusmu", "xmeaned", "centred"),
    ("square", "sq", "squared", "diffsq"),
    ("w", "weight", "weights"),
    ("b", "bias"),
    ("out", "y", "output"),
]
_CANONICAL = {word: row[0] for row in SYNONYMS for word in row}

# What says "gradient of": before the name (`dmean`, `grad_mean`, `g_mean`) or after it.
_BEFORE = re.compile(r"^(?:d_?|grad_?|gradient_?|g_|delta_?|bar_|D|del_)(?=[A-Za-z])(.+)$")
_AFTER = re.compile(r"^(.+?)(?:_grad|_bar|_delta|_gradient|_g)$")
_KEY = re.compile(r"""^\w+\[['"](\w+)['"]\]$""")
_VERSION = re.compile(r"^(.*?)_(\d+)$")


def base(name: str, graph: Graph) -> str:
    """`x` for `x_2`, the second value that the forward called `x`."""
    match = _VERSION.match(name)
    return match[1] if match and match[1] in graph else name


def spelled(word: str) -> str:
    plain = word.replace("_", "").lower()
    return _CANONICAL.get(plain, plain)


def unmarked(variable: str) -> list[str]:
    """What a variable may be the gradient of, by its name alone: `dx`, `x_grad`, `g["dx"]`."""
    key = _KEY.match(variable)
    words = [key[1] if key else variable]
    for pattern in (_BEFORE, _AFTER):
        match = pattern.match(words[0])
        if match:
            words.insert(0, match[1])
    return words


class NodeNames:
    """The nodes of a graph by the names of their gradients."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._exact: dict[str, list[str]] = {}
        self._alike: dict[str, list[str]] = {}
        for node in graph.nodes:
            if not (node.active or node in graph.differentiated):
                continue
            if not node.named and node not in graph.outputs:
                continue
            word = base(node.name, graph)
            self._exact.setdefault(word, []).append(node.name)
            self._alike.setdefault(spelled(word), []).append(node.name)
        for alias, name in graph.aliases.items():
            node = graph[name]
            if node.active and name not in self._exact.setdefault(alias, []):
                self._exact[alias].append(name)
                self._alike.setdefault(spelled(alias), []).append(name)

    def stem(self, variable: str) -> str | None:
        """`mean` for `dmean`, `grad_mean`, `grads["mean"]`; None if it names no gradient."""
        variable = variable.removeprefix("self.")
        key = _KEY.match(variable)
        if key:
            inner = key[1]
            return inner if inner in self._exact else (self.stem(inner) or inner)
        for pattern in (_BEFORE, _AFTER):
            match = pattern.match(variable)
            if match:
                return match[1]
        return None

    def exact(self, variable: str) -> list[str]:
        """The nodes whose gradient a variable must be: `dx` -> x, x_2, …"""
        stem = self.stem(variable)
        return self._exact.get(stem, []) if stem else []

    def turned(self, variable: str) -> list[str]:
        """The nodes whose transposed gradient a variable is: `dwT`, `dw_T` -> w."""
        match = re.match(r"^(.*[a-z0-9])_?T$", variable)
        return [] if not match or self.exact(variable) else self.alike(match[1])

    def alike(self, variable: str) -> list[str]:
        """The nodes whose gradient a variable may be: synonyms, other spellings."""
        stem = self.stem(variable)
        if stem is None:
            return []
        found = list(self._exact.get(stem, []))
        found += [n for n in self._alike.get(spelled(stem), []) if n not in found]
        return found

    def partial_of(self, variable: str) -> list[str]:
        """The nodes of which a numbered variable is one partial gradient: `dx1` -> x."""
        match = re.match(r"^(.*?[A-Za-z])_?(\d+|[a-d])$", variable)
        if not match or self.exact(variable):
            return []
        return self.alike(match[1])
