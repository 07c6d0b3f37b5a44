"""Do both sides of a row agree? Asked without the checker.

Only the tree of a formula (`reading`) and the shapes of what is declared are shared with it. Rows
and definitions are evaluated as they are written, index by index, in 60 digits; a derivative is a
difference quotient. Whatever this small evaluator does not know it refuses (`Unknown`), so that
no slip is taken for an equal form by mistake.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import mpmath
import numpy as np

from backprop.derivations.meaning.lengths import find
from backprop.derivations.meaning.nodes import is_mark, items_of, joined, key_of, split
from backprop.derivations.meaning.statements import statements
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable as Refused
from backprop.derivations.reading.find import Derivation
from backprop.derivations.reading.tree import NONE, Node, read

mp = mpmath.mp.clone()
mp.dps = 60
STEP = mp.mpf(10) ** -18
WORDS = {"exp": mp.exp, "log": mp.log, "ln": mp.log, "tanh": mp.tanh, "sin": mp.sin, "cos": mp.cos}


class Unknown(Exception):  # noqa: N818  (what it says of this evaluator, not of the row)
    """Written in a way that is not evaluated here."""


class Page:
    """The sizes, numbers and definitions of a derivation, and of those that it continues."""

    def __init__(self, blocks: list[Derivation], world: World, seed: int) -> None:
        self.world = world
        self.rng = random.Random(seed)
        self.sizes = {s: max(least, self.rng.choice((2, 3))) for s, least in world.sizes.items()}
        self.definitions: dict[str, tuple[list[str], Node]] = {}
        self.functions: dict[str, tuple[str, Node | None]] = {
            key: ("", None) for key, f in world.functions.items() if f.body is None
        }
        for formula in (f for b in blocks for f in b.formulas if f.kind == "inline"):
            for text, _ in statements(formula.tex):
                try:
                    self.define(read(text.strip().rstrip(".,; ")))
                except Refused:
                    continue
        self.drawn = {
            key: self.array(key)
            for key, symbol in world.symbols.items()
            if symbol.definition is None
        }
        if world.assumed:  # the one assumption known here: Σ_k y_k = 1
            for key in sorted({t.symbol for a in world.assumed for t in _entries(a.left)}):
                self.drawn[key] = self.drawn[key] / sum(self.drawn[key].flat)

    def define(self, tree: Node) -> None:
        if tree.kind != "relation" or tree.value.split() not in (["="], [":="]):
            return
        left, right = tree.parts
        base, sub, sup, _ = split(left)
        name = key_of(base)
        if left.kind == "product" and left.parts[1].kind == "paren":
            name = key_of(left.parts[0]) or ""
            (argument,) = left.parts[1].parts
            if name in self.world.functions:
                self.functions[name] = (argument.value, right)
        elif left.kind == "product":  # v a r_j, an italic name
            _, sub, sup, _ = split(left.parts[-1])
            name = "".join(split(p)[0].value for p in left.parts)
        power = f"^{{{sup.parts[0].value}}}" if sup is not NONE else ""
        if name is None:
            return
        letters = _letters(sub)
        whole = f"{name}_{{{''.join(letters)}}}"
        if whole in self.world.symbols:  # N_u: the subscript belongs to the name
            name, letters = whole, []
        self.definitions[name + power] = (letters, right)

    def length(self, dim: object) -> int:
        found = find(dim)  # type: ignore[arg-type]
        if not isinstance(found, int) and str(found) not in self.sizes:
            raise Unknown(str(found))
        return found if isinstance(found, int) else self.sizes[str(found)]

    def array(self, key: str) -> np.ndarray:
        symbol = self.world.symbols[key]
        shape = tuple(self.length(d) for d in symbol.shape)
        if symbol.kind == "label":
            return _filled(shape, lambda: self.rng.randrange(self.length(symbol.high)))
        low = 0.2 if symbol.positive else -1.3
        high = 0.9 if symbol.bounds == (0, 1) else 1.7
        return _filled(shape, lambda: mp.mpf(self.rng.uniform(low, high)))


def _entries(term: object) -> Iterator:
    from backprop.derivations.meaning.terms import Entry, walk

    return (t for t in walk(term) if isinstance(t, Entry))


def _filled(shape: tuple[int, ...], draw) -> np.ndarray:
    out = np.empty(shape, dtype=object)
    for at in np.ndindex(*shape):
        out[at] = draw()
    return out


def _letters(sub: Node) -> list[str]:
    if sub is NONE:
        return []
    return [i.value for part in sub.parts for i in items_of(part)]


class Evaluator:
    """Values of trees, with some symbols moved away from their definitions."""

    def __init__(self, page: Page, moved: dict[str, np.ndarray] | None = None) -> None:
        self.page = page
        self.world = page.world
        self.moved = moved or {}
        self.known: dict[str, np.ndarray] = {}
        self.row: Node | None = None  # the sides, where more is said of what an index runs over

    # --- symbols ---------------------------------------------------------------------------

    def get(self, key: str) -> np.ndarray:
        if key in self.moved:
            return self.moved[key]
        if key in self.page.drawn:
            return self.page.drawn[key]
        if key not in self.known:
            self.known[key] = self.defined(key)
        return self.known[key]

    def defined(self, key: str) -> np.ndarray:
        symbol = self.world.symbols[key]
        shape = tuple(self.page.length(d) for d in symbol.shape)
        found = self.page.definitions.get(key) or self.page.definitions.get(_plain(key))
        if found is None:
            raise Unknown(key)
        letters, right = found
        if self.is_arbitrary(key, right):
            return self.arbitrary(key, right)
        if len(letters) == len(shape):
            out = np.empty(shape, dtype=object)
            for at in np.ndindex(*shape):
                out[at] = _number(self.of(right, dict(zip(letters, at, strict=True))))
            return out
        value = _array(self.of(right, {}))
        if value.shape != shape:
            raise Unknown(key)
        return value

    def is_arbitrary(self, key: str, right: Node) -> bool:
        items = items_of(right)
        return len(items) == 2 and key_of(items[0]) == key and items[1].kind == "paren"

    def arbitrary(self, key: str, right: Node) -> np.ndarray:
        """L = L(Y): a polynomial of the entries of Y with random coefficients."""
        rng = random.Random(key)
        total = mp.mpf(0)
        for node in items_of(right)[1].parts:
            for entry in _array(self.of(node, {})).flat:
                a, b = rng.uniform(0.4, 1.6), rng.uniform(-1, 1)
                total += a * entry + b * entry * entry
        return _filled((), lambda: total + mp.mpf(0)) + total * total / 10

    # --- formulas --------------------------------------------------------------------------

    def of(self, node: Node, at: dict[str, int]):
        method = getattr(self, "_" + node.kind, None)
        if method is None:
            raise Unknown(node.kind)
        return method(node, at)

    def _number(self, node: Node, at: dict[str, int]):
        return mp.mpf(node.value)

    def _group(self, node: Node, at: dict[str, int]):
        return self.of(node.parts[0], at)

    def _name_of(self, node: Node):
        key = key_of(node) or ""
        key = self.world.aliases.get(key, key)
        if key in self.world.symbols:
            return self.get(key)
        if key in self.page.sizes:
            return mp.mpf(self.page.sizes[key])
        if key == "e":
            return mp.e
        raise Unknown(key)

    def _letter(self, node: Node, at: dict[str, int]):
        if node.value in at:
            raise Unknown("an index as a number")
        if node.value in self.moved:
            return self.moved[node.value]
        return self._name_of(node)

    _symbol = _name = _font = _accent = _letter

    def _paren(self, node: Node, at: dict[str, int]):
        if len(node.parts) != 1:
            raise Unknown("list")
        value = self.of(node.parts[0], at)
        if node.value == "norm":
            return mp.sqrt(sum(v * v for v in _array(value).flat))
        if node.value == "abs":
            return abs(_number(value))
        return value

    def _sum(self, node: Node, at: dict[str, int]):
        total = None
        for term in joined(node.parts):
            if term.parts[0].kind == "dots":
                raise Unknown("dots")
            value = self.of(term.parts[0], at)
            value = -value if term.value == "-" else value
            if total is not None and _array(total).ndim != _array(value).ndim:
                raise Unknown("shapes")
            total = value if total is None else total + value
        return total

    def _frac(self, node: Node, at: dict[str, int]):
        above, below = node.parts
        if _has_mark(below) and is_mark(split(items_of(above)[0])[0]):
            return self.derivative(above, below, None, at)
        value, other = self.of(above, at), self.of(below, at)
        return value / _number(other)

    def _sqrt(self, node: Node, at: dict[str, int]):
        if len(node.parts) != 1:
            raise Unknown("root")
        return mp.sqrt(_number(self.of(node.parts[0], at)))

    def _cases(self, node: Node, at: dict[str, int]):
        for row in node.parts:
            if len(row.parts) == 1 or row.parts[1].kind == "none":
                return self.of(row.parts[0], at)
            if row.parts[1].kind != "relation":
                raise Unknown("cases")
            if self.truth(row.parts[1], at):
                return self.of(row.parts[0], at)
        raise Unknown("no case")

    def _matrix(self, node: Node, at: dict[str, int]):
        if node.value == "cases":
            return self._cases(node, at)
        raise Unknown("matrix")

    def _scripted(self, node: Node, at: dict[str, int]):
        base, sub, sup, primes = split(node)
        if primes:
            raise Unknown("prime")
        key = key_of(base) or ""
        if sub is not NONE:  # W_1, d_k: the subscript belongs to the name
            inside = "".join(key_of(i) or i.value for p in sub.parts for i in items_of(p))
            whole = f"{key}_{{{inside}}}"
            if whole in self.world.symbols or whole in self.page.sizes:
                name = Node("letter", whole)
                return self._scripted(Node("scripted", "", (name, NONE, sup)), at)
        squared = f"{key}^{{{sup.parts[0].value}}}" if sup is not NONE else ""
        if squared in self.world.symbols or (key and squared in self.page.definitions):
            return self.entry(self.get(squared), sub, at)
        if base.kind == "symbol" and base.value == "\\delta" and key not in self.world.symbols:
            a, b = self.positions(sub, at)
            return mp.mpf(a == b)
        squares = self.world.squares.get(key)
        if key in self.moved and sub is NONE:
            squares = None
        if squares:
            value = mp.sqrt(_number(self.entry(self.get(squares), sub, at)))
            return value if sup is NONE else value ** _number(self.of(sup.parts[0], at))
        if base.kind == "paren" and base.value == "norm":
            sub = NONE
        value = self.entry(self.of(base, at), sub, at)
        if sup is NONE:
            return value
        inner = sup.parts[0]
        if inner.value in ("\\top", "T", "\\intercal"):
            array = _array(value)
            return array.reshape(1, -1) if array.ndim == 1 else array.T
        if base.kind == "letter" and base.value == "e" and "e" not in self.world.symbols:
            return mp.exp(_number(self.of(inner, at)))
        return _number(value) ** _number(self.of(inner, at))

    def entry(self, value, sub: Node, at: dict[str, int]):
        if sub is NONE:
            return value
        places = self.positions(sub, at)
        array = _array(value)
        if len(places) != array.ndim:
            raise Unknown("rank")
        return array[tuple(places)]

    def positions(self, sub: Node, at: dict[str, int]) -> list[int]:
        found = []
        for item in (i for part in sub.parts for i in items_of(part)):
            if item.kind == "letter" and item.value in at:
                found.append(at[item.value])
            elif item.kind in ("letter", "scripted"):
                value = self.of(item, at)
                if not isinstance(_array(value).item(), int):
                    raise Unknown("position")
                found.append(_array(value).item())
            else:
                raise Unknown("position")
        return found

    # --- products, and what spans the rest of one --------------------------------------------

    def _product(self, node: Node, at: dict[str, int]):
        return self.product(list(node.parts), at)

    def words(self, items: list[Node]) -> list[Node]:
        """Letters that spell a declared name, v a r_j, as one."""
        out: list[Node] = []
        k = 0
        while k < len(items):
            for end in range(len(items), k + 1, -1):
                bases = [split(n)[0] for n in items[k:end]]
                word = "".join(b.value for b in bases)
                plain = all(n.kind == "letter" for n in items[k : end - 1])
                if plain and bases[-1].kind == "letter" and word in self.world.symbols:
                    _, sub, sup, primes = split(items[end - 1])
                    out.append(Node("scripted", primes, (Node("letter", word), sub, sup)))
                    k = end
                    break
            else:
                out.append(items[k])
                k += 1
        return out

    def product(self, items: list[Node], at: dict[str, int]):
        items = self.words(items)
        value, k, op = None, 0, ""
        while k < len(items):
            node = items[k]
            if node.kind == "op":
                op, k = node.value, k + 1
                continue
            factor, k = self.factor(items, k, at)
            value = factor if value is None else _times(value, factor, op)
            op = ""
        return value

    def factor(self, items: list[Node], k: int, at: dict[str, int]):
        node, rest = items[k], items[k + 1 :]
        base, sub, sup, _ = split(node)
        name = base.value.lstrip("\\") if base.kind in ("symbol", "name") else ""
        if base.kind == "symbol" and base.value in ("\\sum", "\\prod"):
            parts = [self.product(rest, a) for a in self.runs(sub, sup, rest, at)]
            if base.value == "\\prod":
                return mp.fprod(_number(p) for p in parts), len(items)
            return sum(parts[1:], parts[0]) if parts else mp.mpf(0), len(items)
        if name in ("max", "min") and sup is NONE and rest:
            pick = max if name == "max" else min
            if sub is not NONE:
                return pick(
                    _number(self.product(rest, a)) for a in self.runs(sub, sup, rest, at)
                ), len(items)
            if rest[0].kind == "paren" and len(rest[0].parts) > 1:
                return pick(_number(self.of(p, at)) for p in rest[0].parts), k + 2
        function = self.page.functions.get(key_of(base) or "")
        if function and sup is NONE and sub is NONE and rest and rest[0].kind == "paren":
            (inside,) = rest[0].parts
            primes = len(split(node)[3])
            value = _array(self.of(inside, at))
            found = [self.called(function, v, primes) for v in value.flat]
            return _filled(value.shape, iter(found).__next__), k + 2
        if key_of(base) == "\\mathbf{1}" and sub is NONE and sup is not NONE and rest:
            column = _array(self.product(rest, at))  # 1ᵀ x
            if sup.parts[0].value != "\\top" or column.ndim != 1:
                raise Unknown("ones")
            return sum(column), len(items)
        if key_of(base) == "\\mathbf{1}" and sub is NONE and sup is NONE and rest:
            return self.product(rest, at), len(items)  # spread by numpy when it is added
        if name in WORDS and sub is NONE and rest:
            inside, after = rest[0], k + 2
            if sup is not NONE:
                raise Unknown("power of a function")
            if inside.kind != "paren" and len(rest) > 1:
                inside, after = Node("product", "", tuple(rest)), len(items)
            return _each(WORDS[name], self.of(inside, at)), after
        if name == "tr" and rest and rest[0].kind == "paren":
            return sum(np.diagonal(_array(self.of(rest[0], at)))), k + 2
        if (
            base.kind == "frac"
            and items_of(base.parts[0])[0] is base.parts[0]
            and is_mark(split(base.parts[0])[0])
        ):
            inner = Node("product", "", tuple(rest))
            return self.derivative(inner, base.parts[1], True, at), len(items)
        if base.kind == "font" and key_of(base) in ("\\mathbb{1}", "\\mathbf{1}") and rest:
            if rest[0].kind == "paren" and rest[0].parts[0].kind == "relation":
                return mp.mpf(self.truth(rest[0].parts[0], at)), k + 2
        return self.of(node, at), k + 1

    def called(self, function: tuple[str, Node | None], value, primes: int):
        letter, body = function
        if primes:
            above, below = (self.called(function, value + h, primes - 1) for h in (STEP, -STEP))
            return (above - below) / (2 * STEP)
        if body is None:
            return mp.sin(value) + value * value / 3
        moved = {**self.moved, letter: _array(value)}
        return _number(Evaluator(self.page, moved).of(body, {}))

    def truth(self, node: Node, at: dict[str, int]) -> bool:
        ops = node.value.split()
        if len(ops) != 1:
            raise Unknown("condition")
        sides = []
        for part in node.parts:
            if part.kind == "letter" and part.value in at:
                sides.append(at[part.value])
            else:
                sides.append(_number(self.of(part, at)))
        a, b = sides
        return {"=": a == b, "!=": a != b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[
            ops[0]
        ]

    def runs(self, sub: Node, sup: Node, rest: list[Node], at: dict[str, int]):
        """The values of the indices under a sum."""
        letters: dict[str, range] = {}
        tests: list[Node] = []
        for part in sub.parts:
            if part.kind == "relation" and part.value == "=":
                letter = key_of(part.parts[0]) or ""
                size = self.page.sizes.get(getattr(sup.parts[0], "value", ""))
                if part.parts[1].value not in ("0", "1") or size is None:
                    raise Unknown("range")
                if part.parts[1].value == "0":
                    raise Unknown("range")
                letters[letter] = range(size)
            elif part.kind == "relation":
                tests.append(part)
                letters[key_of(part.parts[0]) or ""] = range(0)
            else:
                letters.update({i.value: range(0) for i in items_of(part)})
        for letter in letters:
            everything = Node("product", "", tuple(rest))
            length = set(self.lengths(everything, letter, self.row))
            if not length and letters[letter]:
                length = {len(letters[letter])}
            if len(length) != 1 or letter in at:
                raise Unknown(f"range of {letter}")
            if letters[letter] and len(letters[letter]) not in length:
                raise Unknown("range")
            letters[letter] = range(length.pop())
        for values in itertools.product(*letters.values()):
            inner = {**at, **dict(zip(letters, values, strict=True))}
            if all(self.truth(t, inner) for t in tests):
                yield inner

    def lengths(
        self, node: Node, letter: str, whole: Node | None = None, seen: bool = False
    ) -> Iterator[int]:
        """The lengths of the axes at which `letter` stands."""
        for part in node.walk():
            if part.kind != "scripted":
                continue
            base, sub, sup, _ = split(part)
            key = key_of(base) or ""
            key = self.world.aliases.get(key, key)
            if sup is not NONE and f"{key}^{{{sup.parts[0].value}}}" in self.world.symbols:
                key = f"{key}^{{{sup.parts[0].value}}}"
            key = self.world.squares.get(key, key)
            if key == "\\delta" and key not in self.world.symbols and sub is not NONE:
                pair = [i.value for p in sub.parts for i in items_of(p)]
                if letter in pair and len(pair) == 2 and pair[0] != pair[1] and not seen:
                    partner = pair[1 - pair.index(letter)]
                    yield from self.lengths(whole or node, partner, whole, True)
            if sub is NONE or key not in self.world.symbols:
                continue
            places = [i for p in sub.parts for i in items_of(p)]
            for place, dim in zip(places, self.world.symbols[key].shape, strict=False):
                if place.kind == "letter" and place.value == letter:
                    yield self.page.length(dim)

    # --- derivatives ---------------------------------------------------------------------------

    def derivative(self, above: Node, below: Node, bare: bool | None, at: dict[str, int]):
        """A difference quotient by each entry of what stands below."""
        marked = self.words(list(items_of(below)))
        if len(marked) == 4 and is_mark(marked[0]) and is_mark(marked[2]) and not bare:
            mark, *body = items_of(above)  # ∂²f / ∂x_i ∂x_j
            if split(mark)[2] is NONE or split(mark)[2].parts[0].value != "2":
                raise Unknown("derivative")
            slope = Node("frac", "", (split(mark)[0], Node("product", "", tuple(marked[2:]))))
            inner = Node("product", "", (slope, *body))
            return self.derivative(inner, Node("product", "", tuple(marked[:2])), True, at)
        if len(marked) != 2 or not is_mark(marked[0]):
            raise Unknown("derivative")
        target, sub, sup, _ = split(marked[1])
        key = key_of(target) or ""
        if sup is not NONE:
            key = f"{key}^{{{sup.parts[0].value}}}"
        key = self.world.aliases.get(key, key)
        if key not in self.world.symbols:
            raise Unknown(key)
        if bare:
            body = above
        else:
            items = items_of(above)
            if not is_mark(split(items[0])[0]) or split(items[0])[2] is not NONE:
                raise Unknown("derivative")
            body = Node("product", "", tuple(items[1:]))
        value = self.get(key)
        places = (
            [tuple(self.positions(sub, at))] if sub is not NONE else list(np.ndindex(value.shape))
        )
        found = [self.quotient(body, key, place, at) for place in places]
        if sub is not NONE or value.ndim == 0:
            return found[0]
        if _array(found[0]).ndim:
            return np.stack([_array(f) for f in found], axis=-1)
        out = np.empty(value.shape, dtype=object)
        for place, item in zip(places, found, strict=True):
            out[place] = _number(item)
        return out

    def quotient(self, body: Node, key: str, place: tuple[int, ...], at: dict[str, int]):
        sides = []
        for step in (STEP, -STEP):
            moved = self.get(key).copy()
            moved[place] = moved[place] + step
            inner = Evaluator(self.page, {**self.moved, key: moved})
            inner.row = self.row
            sides.append(inner.of(body, at))
        return (sides[0] - sides[1]) / (2 * STEP)


def _plain(key: str) -> str:
    return key.removeprefix("\\mathrm{").removesuffix("}") if "\\mathrm" in key else key


def _has_mark(node: Node) -> bool:
    items = items_of(node)
    return len(items) > 1 and is_mark(split(items[0])[0])


def _array(value) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    out = np.empty((), dtype=object)
    out[()] = value
    return out


def _number(value):
    array = _array(value)
    if array.size != 1:
        raise Unknown("not a number")
    return array.item()


def _each(function, value):
    array = _array(value)
    return _filled(array.shape, iter([function(v) for v in array.flat]).__next__)


def _times(a, b, op: str):
    if op == "/":
        return a / _number(b)
    left, right = _array(a), _array(b)
    if op == "\\odot" or not left.ndim or not right.ndim:
        return a * b
    if left.ndim == 1:  # a column
        left = left.reshape(-1, 1)
    return left @ right


def agree(blocks: list[Derivation], world: World, sides: list[Node], trials: int = 3) -> bool:
    """Are all of these sides equal, for all values of their indices? Raises `Unknown`."""
    for seed in range(trials):
        page = Page(blocks, world, seed)
        evaluator = Evaluator(page)
        evaluator.row = Node("list", "", tuple(sides))
        letters: dict[str, range] = {}
        bound = {
            i.value
            for side in sides
            for n in side.walk()
            if (pair := split(n))[0].kind == "symbol" and pair[0].value in ("\\sum", "\\prod")
            for part in pair[1].parts
            for i in items_of(part.parts[0] if part.kind == "relation" else part)
        }
        names = {
            n.value
            for side in sides
            for script in side.walk()
            if script.kind == "sub"
            for n in script.walk()
            if n.kind == "letter"
        }
        for letter in sorted(names - bound - set(world.symbols) - set(world.sizes)):
            lengths = {n for side in sides for n in evaluator.lengths(side, letter)}
            if not lengths and len(page.sizes) == 1:
                lengths = set(page.sizes.values())
            if len(lengths) != 1:
                raise Unknown(f"range of {letter}")
            letters[letter] = range(lengths.pop())
        for values in itertools.product(*letters.values()):
            at = dict(zip(letters, values, strict=True))
            found = [_array(evaluator.of(side, at)) for side in sides]
            for other in found[1:]:
                if other.size != found[0].size or (other.ndim and other.shape != found[0].shape):
                    return False
                for x, y in zip(found[0].flat, other.flat, strict=True):
                    if abs(x - y) > mp.mpf(10) ** -12 * (1 + abs(x)):
                        return False
    return True
