"""The families of handwritten backwards: right ones in many styles, and wrong ones.

Each module of `families` holds forward functions and right backwards (`BACKWARDS`), and a
table of `MISTAKES`: (backward, text, what a student writes instead, the first wrong variable,
the kind of mistake). A wrong backward is its module with that text replaced.
"""

import ast
import importlib
import importlib.util
import inspect
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FAMILIES = [
    "variance", "std", "batchnorm_staged", "batchnorm_paper", "batchnorm_closed", "layernorm",
    "groupnorm", "softmax", "losses", "affine", "two_layers", "conv", "pooling", "rnn", "lstm",
    "attention", "dropout", "mixed", "lookalikes",
]  # fmt: skip
HERE = Path(__file__).parent / "families"


def family(name):
    return importlib.import_module(f"tests.checker.families.{name}")


def arguments(module, forward, seed=0):
    rng = np.random.default_rng(seed)
    special = getattr(module, "ARGUMENTS", {}).get(forward)
    if special is not None:
        return special(rng)
    return (*module.arguments(rng), *getattr(module, "MORE", {}).get(forward, ()))


@dataclass(frozen=True)
class Case:
    family: str
    number: int | None  # which mistake; None: right
    backward: str
    forward: str
    old: str = ""
    new: str = ""
    variable: str | None = None
    kind: str | None = None

    def __str__(self):
        number = "right" if self.number is None else self.number
        return f"{self.family}-{self.backward}-{number}"


def right_cases():
    return [
        Case(name, None, backward.__name__, forward.__name__)
        for name in FAMILIES
        for backward, forward in family(name).BACKWARDS.items()
    ]


def wrong_cases():
    return [
        Case(name, i, b.__name__, family(name).BACKWARDS[b].__name__, old, new, variable, kind)
        for name in FAMILIES
        for i, (b, old, new, variable, kind) in enumerate(family(name).MISTAKES)
    ]


def load(case, folder):
    """(forward, backward, arguments) of a case."""
    module = family(case.family)
    if case.number is not None:
        module = _mutant(case, module, folder)
    forward, backward = getattr(module, case.forward), getattr(module, case.backward)
    return forward, backward, arguments(module, forward)


def _mutant(case, module, folder):
    text = inspect.getsource(module)
    tree = ast.parse(text)
    wanted = next(n for n in tree.body if getattr(n, "name", "") == case.backward)
    lines = text.splitlines(keepends=True)
    body = "".join(lines[wanted.lineno - 1 : wanted.end_lineno])
    assert body.count(case.old) >= 1, f"{case}: {case.old!r} is not in {case.backward}"
    body = body.replace(case.old, case.new, 1)
    path = Path(folder) / f"{case.family}_{case.number}.py"
    path.write_text("".join([*lines[: wanted.lineno - 1], body, *lines[wanted.end_lineno :]]))
    spec = importlib.util.spec_from_file_location(f"wrong_{path.stem}", path)
    changed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(changed)
    return changed
