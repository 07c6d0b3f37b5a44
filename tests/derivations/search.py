"""Long searches, as commands: for inputs that break the verifier, and for false proofs.

    python -m tests.derivations.search fuzz 20000
    python -m tests.derivations.search false 20000
    python -m tests.derivations.search neighbours 0

`fuzz` verifies random TeX, built from the grammar and from torn pieces of real posts: no input may
end in a traceback, and no row in a fault of the verifier. `false` verifies random equations under
random declarations and assumptions. Each of these is made as TeX and as a Python function at once,
so that what it means is known without the verifier: at points drawn here, on which the
assumptions hold by construction, derivatives being difference quotients.
"""

# ruff: noqa: E501  (rows of a table are as long as they are)

from __future__ import annotations

import itertools
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from backprop.derivations.page import verify_page

from . import traps
from .neighbours import rows

HERE = Path(__file__).parent
REAL_POSTS = sorted(
    [*HERE.glob("corpus/*.md"), *HERE.glob("examples/*.md"), *HERE.glob("guide.*.md")]
)

# --- random input ------------------------------------------------------------------------------

NAMES = [
    r"x",
    r"y",
    r"z",
    r"t",
    r"n",
    r"d",
    r"a",
    r"b",
    r"w",
    r"v",
    r"i",
    r"j",
    r"k",
    r"L",
    r"p",
    r"e",
    r"f",
    r"\mu",
    r"\sigma",
    r"\lambda",
    r"\theta",
    r"\bar{x}",
    r"\hat{y}",
    r"\mathbf{x}",
    r"W",
    r"X",
    r"A",
    r"\mathrm{loss}",
    r"\ell",
    r"\delta",
    r"\pi",
    r"I",
    r"\mathbf{1}",
]
LEAVES = [*NAMES, "0", "1", "2", "3.5", r"\infty", r"\cdots", r"\text{for all }", "'", r"\top"]
SHAPES = (
    "{0} + {1}", "{0} - {1}", "{0} {1}", r"{0} \cdot {1}", r"\frac{{{0}}}{{{1}}}", "({0})", "[{0}]",
    "{0}_{{{1}}}", "{0}^{{{1}}}", "{0}_{{{1}}}^{{{2}}}", r"\sqrt{{{0}}}", r"\sum_{{k}} {0}",
    r"\sum_{{k=1}}^{{n}} {0}", r"\sum_{{{0}}}^{{{1}}} {2}", r"\prod_k {0}", r"\max({0}, {1})",
    r"\max_k {0}", r"\exp({0})", r"\log {0}", r"\left( {0} \right)", r"\left( {0}", "|{0}|",
    r"\|{0}\|^2", r"\frac{{\partial {0}}}{{\partial {1}}}", r"\frac{{d}}{{d {0}}} {1}",
    r"\frac{{\partial^2 {0}}}{{\partial {1} \partial {2}}}", r"\nabla_{{{0}}} {1}", "{0}^\\top {1}",
    "{0}({1})", "{0}({1}, {2})", "{0}'({1})", r"\operatorname{{tr}}({0})", r"{0} \odot {1}", "-{0}",
    r"\begin{{cases}} {0} & {1} = {2} \\ {1} & \text{{otherwise}} \end{{cases}}",
    r"\begin{{bmatrix}} {0} & {1} \\ {1} & {0} \end{{bmatrix}}", r"\mathbb{{1}}[{0} = {1}]",
    r"\underbrace{{{0}}}_{{= 0}}", r"\mathbb{{E}}[{0}]", r"\int {0} \, d{1}", "{0}!", "{0}^*",
    r"\delta_{{{0}{1}}}", "{0} / {1}", r"{0}_{{{1}}}_{{{2}}}", "{{{0}}}", "{0}(a|b)", r"\det {0}",
)  # fmt: skip
RELATIONS = ["=", "=", "=", "=", r"\le", r"\approx", r"\propto", ":=", r"\implies", ">", r"\in", ""]
PROSE = (
    r"$x, y \in \mathbb{R}^{n}$", r"$X \in \mathbb{R}^{n \times d}$", r"$t, a \in \mathbb{R}$",
    r"$\lambda > 0$", r"$p \in (0, 1)$", r"$A, W \in \mathbb{R}^{n \times n}$",
    r"$f : \mathbb{R} \to \mathbb{R}$", r"$w : \mathbb{R} \to \mathbb{R}^{n}$",
    r"$\bar{x} = \frac1n \sum_k x_k$", r"$L = L(x)$", r"$z = W x$", r"$\sigma(u) = e^{-u}$",
    r"$i = 1, \dots, n$", r"$v_i \in \{1, \dots, d\}$", r"$m \in \{0, 1\}^n$", r"$x_{t+1} = a x_t$",
)  # fmt: skip
WORDS = ["Let", "with", "Assume", "If", "Recall that", "where", "and", "So", "", "设", "满足", "若"]


def random_tex(rng: random.Random, depth: int) -> str:
    if depth <= 0 or rng.random() < 0.15:
        return rng.choice(LEAVES)
    parts = [random_tex(rng, depth - 1 - rng.randrange(2)) for _ in range(3)]
    return rng.choice(SHAPES).format(*parts)


def grown(rng: random.Random) -> str:
    """A derivation built from the grammar, with nothing said of its meaning."""
    prose = [f"{rng.choice(WORDS)} {text}" for text in rng.sample(PROSE, rng.randrange(2, 7))]
    for _ in range(rng.randrange(2)):
        sides = [random_tex(rng, 2) for _ in range(2)]
        prose.append(f"{rng.choice(WORDS)} ${sides[0]} {rng.choice(RELATIONS)} {sides[1]}$")
    rows = []
    for _ in range(rng.randrange(1, 4)):
        sides = [random_tex(rng, rng.randrange(1, 4)) for _ in range(rng.randrange(2, 4))]
        row = f" {rng.choice(RELATIONS)} ".join(sides)
        rows.append(rng.choice(["", "", "&", r"\because ", r"\therefore ", "& = "]) + row)
    ends = ["", "", r" \quad (i \ne j)", r" \text{ so}", " % unchecked: why", " % check: x = x"]
    body = " \\\\\n".join(row + rng.choice(ends) for row in rows)
    return f"/// derivation\n{', '.join(prose)}.\n\n$$\n{body}\n$$\n///\n"


def torn(rng: random.Random, blocks: list[str]) -> str:
    """A derivation of a real post with pieces cut out, doubled, or put in from another."""
    text = rng.choice(blocks)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(text))
        length = rng.choice((1, 1, 2, 5, 20))
        piece = rng.choice(blocks)
        start = rng.randrange(len(piece))
        new = rng.choice(("", text[at : at + length] * 2, piece[start : start + length]))
        text = text[:at] + new + text[at + length :]
    return text


def real_blocks() -> list[str]:
    found = []
    for path in REAL_POSTS:
        found += re.findall(r"^/// derivation.*?^///$\n", path.read_text("utf-8"), re.S | re.M)
    return found


def fuzzed(seed: int) -> str:
    rng = random.Random(f"fuzz {seed}")
    return torn(rng, real_blocks()) if seed % 2 else grown(rng)


def broken_by(seed: int, prove: bool = True) -> tuple[int, str, float, Counter[str]]:
    """What a random input breaks ("" for nothing), how long it took, how its rows came out."""
    text = fuzzed(seed)
    begin = time.perf_counter()
    counts: Counter[str] = Counter()
    said = ""
    try:
        for _, report in verify_page(text, prove=prove):
            for verdict in report.verdicts:
                counts[verdict.status] += 1
                if verdict.problem is not None and verdict.problem.key == "own-fault":
                    said = f"{verdict.problem.text()}: {verdict.text}"
    except Exception:
        said = traceback.format_exc()
    return seed, said, time.perf_counter() - begin, counts


# --- false equations -----------------------------------------------------------------------------

Index = dict[str, int]


@dataclass
class Point:
    """One choice of sizes and numbers; definitions follow what they are made of."""

    sizes: dict[str, int]
    values: dict[str, np.ndarray]
    definitions: dict[str, Callable[[Point], np.ndarray]]

    def get(self, name: str) -> np.ndarray:
        if name in self.definitions:
            return self.definitions[name](self)
        return self.values[name]

    def moved(self, name: str, place: tuple[int, ...], by: float) -> Point:
        new = self.values[name].astype(float).copy()
        new[place] += by
        return Point(self.sizes, {**self.values, name: new}, self.definitions)


Value = Callable[[Point, Index], float]


@dataclass
class Formula:
    """What is written, and what it means."""

    tex: str
    value: Value
    simple: bool = True  # needs no brackets in a product

    @property
    def bracketed(self) -> str:
        return self.tex if self.simple else f"({self.tex})"


@dataclass
class Scene:
    """Declarations with what they say of points, and the names that formulas may use."""

    prose: list[str] = field(default_factory=list)
    shapes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    draws: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = field(
        default_factory=dict
    )
    definitions: dict[str, Callable[[Point], np.ndarray]] = field(default_factory=dict)
    settle: list[Callable[[Point, np.random.Generator], None]] = field(default_factory=list)
    free: dict[str, str] = field(default_factory=dict)  # index -> size

    def point(self, seed: int) -> Point:
        rng = np.random.default_rng(seed)
        sizes = {"n": int(rng.integers(2, 5)), "m": int(rng.integers(2, 5))}
        values = {
            name: np.asarray(draw(rng, tuple(sizes[s] for s in self.shapes[name])), dtype=float)
            for name, draw in self.draws.items()
        }
        point = Point(sizes, values, self.definitions)
        for settle in self.settle:
            settle(point, rng)
        return point


def any_number(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(0.1, 1.1, shape)


DRAWN = {  # what is declared, and how its numbers are drawn
    r"{0} \in \mathbb{{R}}": any_number,
    r"{0} > 0": lambda rng, shape: rng.exponential(1.0, shape) + 0.05,
    r"{0} \in (0, 1)": lambda rng, shape: rng.uniform(0.02, 0.98, shape),
    r"{0} > 1": lambda rng, shape: 1 + rng.exponential(1.0, shape) + 0.05,
    r"{0} < 0": lambda rng, shape: -rng.exponential(1.0, shape) - 0.05,
}


def scene(rng: random.Random) -> Scene:
    """Random declarations, definitions and assumptions."""
    made = Scene()
    said = []
    for name in ("a", "b", "c"):
        form, draw = rng.choice([*DRAWN.items(), (r"{0} \in \mathbb{{R}}", any_number)])
        said.append(f"${form.format(name)}$")
        made.shapes[name], made.draws[name] = (), draw
    said.append(r"$u, v \in \mathbb{R}^{n}$")
    said.append(r"$A \in \mathbb{R}^{n \times n}$, $B \in \mathbb{R}^{n \times m}$")
    for name, shape in (("u", ("n",)), ("v", ("n",)), ("A", ("n", "n")), ("B", ("n", "m"))):
        made.shapes[name], made.draws[name] = shape, any_number
    made.prose.append("Let " + ", ".join(said) + ".")
    made.free = {"i": "n", "j": "n"}
    defined = []
    for name in rng.sample(["s", "q", "r", "h"], rng.randrange(0, 3)):
        indexed = rng.random() < 0.5
        body = formula(rng, made, ["i"] if indexed else [], 2)
        left = f"{name}_i" if indexed else name
        defined.append(f"${left} = {body.tex}$")
        made.shapes[name] = ("n",) if indexed else ()
        made.definitions[name] = _definition(body.value, indexed)
    if defined:
        made.prose.append("Let " + ", ".join(defined) + ".")
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        premise(rng, made)
    return made


def _definition(value: Value, indexed: bool) -> Callable[[Point], np.ndarray]:
    def make(point: Point) -> np.ndarray:
        if indexed:
            return np.array([value(point, {"i": k}) for k in range(point.sizes["n"])])
        return np.asarray(value(point, {}))

    return make


def formula(rng: random.Random, made: Scene, letters: list[str], depth: int) -> Formula:
    """A random number over the index letters at hand."""
    if depth <= 0 or rng.random() < 0.12:
        return leaf(rng, made, letters)
    kind = rng.choice("+-*****/^sSSSfd" if depth > 1 else "+-***^f")
    if kind in "+-":
        x, y = (formula(rng, made, letters, depth - 1) for _ in range(2))
        sign = 1 if kind == "+" else -1
        right = y.tex if kind == "+" else y.bracketed
        return Formula(
            f"{x.tex} {kind} {right}", lambda p, at: x.value(p, at) + sign * y.value(p, at), False
        )
    if kind == "*":
        x, y = (formula(rng, made, letters, depth - 1) for _ in range(2))
        between = rng.choice((r" \cdot ", r"\,"))
        return Formula(
            x.bracketed + between + y.bracketed, lambda p, at: x.value(p, at) * y.value(p, at)
        )
    if kind == "/":
        x, y = (formula(rng, made, letters, depth - 1) for _ in range(2))
        return Formula(
            rf"\frac{{{x.tex}}}{{{y.tex}}}", lambda p, at: x.value(p, at) / y.value(p, at)
        )
    if kind == "^":
        x = formula(rng, made, letters, depth - 1)
        power = rng.choice((2, 2, 3))
        return Formula(f"({x.tex})^{power}", lambda p, at: x.value(p, at) ** power)
    if kind in "sS":
        letter = next(k for k in "klpq" if k not in letters)
        x = formula(rng, made, [*letters, letter], depth - 1)
        if letter not in re.findall(r"[a-z]", x.tex.split("\\in")[0]):
            return x
        sign = rng.choice((rf"\sum_{{{letter}}}", rf"\sum_{{{letter}=1}}^{{n}}"))
        return Formula(
            f"({sign} {x.bracketed})",
            lambda p, at: sum(x.value(p, {**at, letter: k}) for k in range(p.sizes["n"])),
        )
    if kind == "f":
        x = formula(rng, made, letters, depth - 1)
        name, function = rng.choice((("exp", np.exp), ("sin", np.sin), ("tanh", np.tanh)))
        return Formula(rf"\{name}({x.tex})", lambda p, at: float(function(x.value(p, at))))
    x = formula(rng, made, letters, depth - 1)
    name = rng.choice("abcuv")
    places = [rng.choice(letters)] if name in "uv" and letters else []
    if name in "uv" and not places:
        name = "a"
    target = f"{name}_{{{places[0]}}}" if places else name
    return Formula(
        rf"\frac{{d}}{{d {target}}} ({x.tex})",
        lambda p, at: _slope(x.value, p, at, name, tuple(at[k] for k in places)),
        False,
    )


def _slope(value: Value, p: Point, at: Index, name: str, place: tuple[int, ...]) -> float:
    found = []
    for h in (2e-4, 1e-4):  # Richardson
        found.append(
            (value(p.moved(name, place, h), at) - value(p.moved(name, place, -h), at)) / (2 * h)
        )
    return (4 * found[1] - found[0]) / 3


def leaf(rng: random.Random, made: Scene, letters: list[str]) -> Formula:
    if rng.random() < 0.15:
        number = rng.choice((1, 2, 3))
        return Formula(str(number), lambda p, at: float(number))
    names = [k for k, s in made.shapes.items() if not s or (letters and set(s) == {"n"})]
    name = rng.choice(names)
    places = [rng.choice(letters) for _ in made.shapes[name]]
    tex = f"{name}_{{{''.join(places)}}}" if places else name
    return Formula(tex, lambda p, at: float(p.get(name)[tuple(at[k] for k in places)]))


def _unit(p: Point, rng: np.random.Generator) -> None:
    p.values["u"] = p.values["u"] / np.linalg.norm(p.values["u"])


def _product(p: Point, rng: np.random.Generator) -> None:
    if rng.random() < 0.5:
        p.values["a"] = np.asarray(0.0)
    else:
        _unit(p, rng)


def _set(name: str, value: Callable[[Point, np.random.Generator], object]):
    def settle(p: Point, rng: np.random.Generator) -> None:
        p.values[name] = np.asarray(value(p, rng), dtype=float)

    return settle


def _orthogonal(p: Point) -> np.ndarray:
    u, v = p.values["u"], p.values["v"]
    return v - u * (u @ v) / (u @ u)


# What is assumed, how points are moved onto it, and the bounds of a, b, c that it can be met in.
PREMISES = {
    r"\sum_k u_k = 1": (_set("u", lambda p, r: p.values["u"] + (1 - p.values["u"].sum()) / p.sizes["n"]), ""),
    r"u^\top u = 1": (_unit, ""),
    r"u^\top v = 0": (_set("v", lambda p, r: _orthogonal(p)), ""),
    r"v = u": (_set("v", lambda p, r: p.values["u"]), ""),
    r"u_i = v_i": (_set("v", lambda p, r: p.values["u"]), ""),
    r"A = A^\top": (_set("A", lambda p, r: p.values["A"] + p.values["A"].T), ""),
    r"A^\top = A": (_set("A", lambda p, r: p.values["A"] + p.values["A"].T), ""),
    r"A^\top = -A": (_set("A", lambda p, r: p.values["A"] - p.values["A"].T), ""),
    r"A^\top A = I": (_set("A", lambda p, r: np.linalg.qr(p.values["A"])[0] @ np.diag(r.choice([-1.0, 1.0], p.sizes["n"]))), ""),
    r"A u = 0": (_set("A", lambda p, r: p.values["A"] - np.outer(p.values["A"] @ p.values["u"], p.values["u"]) / (p.values["u"] @ p.values["u"])), ""),
    r"A u = v": (_set("v", lambda p, r: p.values["A"] @ p.values["u"]), ""),
    r"a (u^\top u - 1) = 0": (_product, "a"),
    r"a \cdot (u^\top u - 1) = 0": (_product, "a"),
    r"a^2 = b^2": (_set("a", lambda p, r: p.values["b"] * r.choice([-1, 1])), "ab"),
    r"a = b": (_set("a", lambda p, r: p.values["b"]), "ab"),
    r"a b = 1": (_set("a", lambda p, r: 1 / p.values["b"]), "ab"),
    r"a (b + c) = 1": (_set("a", lambda p, r: 1 / (p.values["b"] + p.values["c"])), "abc"),
    r"a = b c": (_set("a", lambda p, r: p.values["b"] * p.values["c"]), "abc"),
    r"a b = 0": (lambda p, r: p.values.update({r.choice(["a", "b"]): np.asarray(0.0)}), "ab"),
    r"a^3 = a": (_set("a", lambda p, r: float(r.integers(-1, 2))), "a"),
    r"a + b = 1": (_set("a", lambda p, r: 1 - p.values["b"]), "ab"),
    r"\frac{\partial}{\partial a} \left( \sum_k (u_k - a)^2 \right) = 0": (_set("a", lambda p, r: p.values["u"].mean()), "a"),
    r"\sum_k u_k v_k = a": (_set("a", lambda p, r: p.values["u"] @ p.values["v"]), "a"),
}  # fmt: skip
ASSUMING = ["with ", "Assume ", "Suppose that ", "Given ", "such that ", "满足 ", "假设 "]
SILENT = ["Recall that ", "If ", "So ", "", "We know that ", "The case is ", "因此 ", "若 "]


def premise(rng: random.Random, made: Scene) -> None:
    """An equation of the prose; where no word assumes it, points need not satisfy it."""
    if len(made.prose) > 3 or any(w in made.prose[-1] for w in ASSUMING):
        return  # one of them: two would have to be met together
    tex, (settle, numbers) = rng.choice(list(PREMISES.items()))
    if any(made.draws[k] is not any_number for k in numbers):
        return
    if rng.random() < 0.75:
        made.settle.append(settle)
        word = rng.choice(ASSUMING)
        if word == "with " and re.match(r"\w = ", tex):
            word = "Assume "  # "with v = u" defines v: its derivative by u is no longer 0
        made.prose.append(f"{word}${tex}$.")
    else:
        made.prose.append(f"{rng.choice(SILENT)}${tex}$.")


CONSEQUENCES = (  # what a wrong reading of an assumption would prove
    ("a", "0"), (r"u^\top u", "1"), ("a", "b"), ("a", "1"), (r"a \cdot (b + c)", "a"), ("v_i", "0"),
    ("A", r"A^\top"), ("A", "I"), (r"\sum_k u_k", "1"), (r"\frac{\partial a}{\partial b}", "1"),
    (r"u_i", "1"), ("b", "-a"), (r"u^\top v", "0"), (r"\frac{\partial v_i}{\partial u_j}", r"\delta_{ij}"),
    ("A u", "A"), ("c", "1"), (r"u_i u_j", "0"),
)  # fmt: skip
MEANT: dict[str, Value] = {
    "a": lambda p, at: float(p.get("a")), "b": lambda p, at: float(p.get("b")),
    "c": lambda p, at: float(p.get("c")), "0": lambda p, at: 0.0, "1": lambda p, at: 1.0,
    "-a": lambda p, at: -float(p.get("a")),
    r"u^\top u": lambda p, at: float(p.get("u") @ p.get("u")),
    r"u^\top v": lambda p, at: float(p.get("u") @ p.get("v")),
    r"a \cdot (b + c)": lambda p, at: float(p.get("a") * (p.get("b") + p.get("c"))),
    "v_i": lambda p, at: float(p.get("v")[at["i"]]), "u_i": lambda p, at: float(p.get("u")[at["i"]]),
    "A": lambda p, at: float(p.get("A")[at["i"], at["j"]]),
    r"A^\top": lambda p, at: float(p.get("A")[at["j"], at["i"]]),
    "I": lambda p, at: float(at["i"] == at["j"]),
    r"\sum_k u_k": lambda p, at: float(p.get("u").sum()),
    r"\frac{\partial a}{\partial b}": lambda p, at: 0.0,
    r"\frac{\partial v_i}{\partial u_j}": lambda p, at: 0.0,
    r"\delta_{ij}": lambda p, at: float(at["i"] == at["j"]),
    "A u": lambda p, at: float((p.get("A") @ p.get("u"))[at["i"]]),
    r"u_i u_j": lambda p, at: float(p.get("u")[at["i"]] * p.get("u")[at["j"]]),
}  # fmt: skip


def equation(rng: random.Random, made: Scene) -> tuple[Formula, Formula]:
    if rng.random() < 0.35:
        left, right = rng.choice(CONSEQUENCES)
        return Formula(left, MEANT[left]), Formula(right, MEANT[right])
    letters = rng.choice(([], ["i"], ["i", "j"]))
    left = formula(rng, made, letters, rng.randrange(1, 4))
    if rng.random() < 0.3:
        return left, formula(rng, made, letters, rng.randrange(1, 4))
    # the same again, with one slip: an index, a sign, a factor, a constant
    slip = rng.choice(("negated", "doubled", "plus one", "squared", "same"))
    changed: dict[str, tuple[str, Value]] = {
        "negated": (f"-({left.tex})", lambda p, at: -left.value(p, at)),
        "doubled": (f"2 \\cdot ({left.tex})", lambda p, at: 2 * left.value(p, at)),
        "plus one": (f"{left.tex} + 1", lambda p, at: left.value(p, at) + 1),
        "squared": (f"({left.tex})^2", lambda p, at: left.value(p, at) ** 2),
        "same": (left.tex, left.value),
    }
    return left, Formula(*changed[slip])


def is_false(made: Scene, left: Formula, right: Formula) -> bool | None:
    """Do the sides differ at some point? None if they have no value at most of them."""
    defined = 0
    for seed in range(24):
        point = made.point(seed)
        spans = [range(point.sizes[s]) for s in made.free.values()]
        for places in itertools.product(*spans):
            at = dict(zip(made.free, places, strict=True))
            with np.errstate(all="ignore"):
                try:
                    a, b = left.value(point, at), right.value(point, at)
                except (ZeroDivisionError, OverflowError):
                    continue
            if not (np.isfinite(a) and np.isfinite(b)) or max(abs(a), abs(b)) > 1e6:
                continue
            defined += 1
            if abs(a - b) > 1e-3 * (1 + max(abs(a), abs(b))):
                return True
    return False if defined > 20 else None


def judged(seed: int, prove: bool = True) -> tuple[int, str, str]:
    """How a random equation came out: false, true or unknown; and accepted, or what else."""
    rng = random.Random(f"false {seed}")
    made = scene(rng)
    left, right = equation(rng, made)
    text = f"/// derivation\n{' '.join(made.prose)}\n\n$$\n{left.tex} = {right.tex}\n$$\n///\n"
    false = is_false(made, left, right)
    truth = "unknown" if false is None else "false" if false else "true"
    ((_, report),) = verify_page(text, prove=prove)
    rows = [v for v in report.verdicts if v.kind == "row"]
    return seed, truth, ",".join(v.status for v in rows)


def text_of(seed: int) -> str:
    rng = random.Random(f"false {seed}")
    made = scene(rng)
    left, right = equation(rng, made)
    return f"{' '.join(made.prose)}  ⊢  {left.tex} = {right.tex}"


def settled(prose: str, row: str, prove: bool = True) -> str:
    """What becomes of a row: ok, wrong, or unread."""
    text = f"/// derivation\n{prose}\n\n$$\n{row}\n$$\n///\n"
    ((_, report),) = verify_page(text, prove=prove)
    if all(v.ok for v in report.verdicts):
        return "ok"
    return "wrong" if any(v.status == "wrong" for v in report.verdicts) else "unread"


def neighbours() -> bool:
    """Every false row and every true one: is any false one accepted, any true one called wrong?"""
    bad = False
    for true, worst in ((False, "ok"), (True, "wrong")):
        found = [(settled(*row), row) for row in rows(true) + (traps.TRUE if true else traps.FALSE)]
        print(f"{'true' if true else 'false'}: {dict(Counter(s for s, _ in found))}")
        for verdict, (prose, row) in found:
            if verdict == worst:
                bad = True
                print(f"  {verdict}: {row}  |  {prose}")
    return bad


def main(what: str, count: int, start: int = 0) -> int:
    if what == "neighbours":
        return neighbours()
    seeds = range(start, start + count)
    with Pool(2) as pool:
        if what == "fuzz":
            results = list(pool.imap_unordered(broken_by, seeds, 50))
            bad = [r for r in sorted(results) if r[1]]
            for seed, said, _, _ in bad[:40]:
                print(f"seed {seed}: {said}\n")
            rows = sum((r[3] for r in results), Counter())
            slowest = max(results, key=lambda r: r[2])
            print(f"{count} inputs, {len(bad)} broken; rows: {dict(rows)}")
            print(f"slowest: seed {slowest[0]}, {slowest[2]:.1f} s")
            return bool(bad)
        table: Counter[tuple[str, str]] = Counter()
        accepted = []
        for seed, truth, status in pool.imap_unordered(judged, seeds, 50):
            table[truth, status] += 1
            if truth == "false" and status in ("proved", "checked"):
                accepted.append(seed)
        for (truth, status), number in sorted(table.items()):
            print(f"{truth:8} {status:12} {number}")
        for seed in sorted(accepted)[:40]:
            print(f"FALSE, ACCEPTED: seed {seed}: {text_of(seed)}")
        print(f"{count} equations, {len(accepted)} false ones accepted")
        return bool(accepted)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2]), *map(int, sys.argv[3:4])))
