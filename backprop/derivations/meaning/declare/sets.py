"""What a name lies in: x ∈ …, i = 1, …, n, ε > 0, and the f: ℝ → ℝ of functions."""

from __future__ import annotations

import re
from fractions import Fraction

from backprop.derivations.meaning import key_of, split
from backprop.derivations.meaning.declare.names import LABELS, NUMBER, REAL, SIZE, SPACE, Names, bad
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.premises import PREMISES
from backprop.derivations.meaning.world import Function, Symbol
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import read


class Sets(Names):
    """Declares names by what they lie in."""

    def element(self, names: str, space: str) -> bool:
        labels = LABELS.match(space)
        if labels:
            return self.labels(names, labels)
        if re.match(r"^\\mathbb\s*\{?\s*[NZ]\s*\}?(_\{?.*\}?)?$", space):
            for name in names.split(","):
                self.size("".join(name.split()))
            return True
        binary = re.match(r"^\\\{\s*0\s*,\s*1\s*\\\}\s*(?:\^(\{.*\}|\w))?$", space)
        interval = re.match(rf"^[(\[]\s*({NUMBER})\s*,\s*({NUMBER})\s*[)\]]$", space)
        hit = SPACE.match(space)
        if not (hit or binary or interval):
            raise bad(space, space)
        shape = self.lengths((hit and hit["sup"]) or (binary and binary[1]) or None)
        sub = (hit and (hit["sub"] or hit["sub2"])) or ""
        if interval and not Fraction(interval[1]) < Fraction(interval[2]):
            raise bad(space, space)
        for name, counted in self.listed(names):
            before = set(self.world.symbols)
            symbol = self.variable(name, (*counted, *shape))
            symbol.family = symbol.family or len(counted)
            known = symbol.key in before
            if "+" in sub or ">" in sub or (hit and hit["sup"] == "+"):
                self.restrict(symbol, known, name, Fraction(0), None)
                symbol.positive = True
            if binary and not known:
                symbol.binary = True
            if interval:
                self.restrict(symbol, known, name, Fraction(interval[1]), Fraction(interval[2]))
        return True

    def restrict(
        self,
        symbol: Symbol,
        known: bool,
        name: str,
        low: Fraction | None,
        high: Fraction | None,
        closed: bool = False,
    ) -> None:
        """Bounds on a variable; on one that is known already only where a word says so."""
        silent = self.role not in PREMISES and symbol.line != self.line
        if known and (symbol.definition is not None or silent):
            raise Unreadable("bound-claimed", 0, len(name), found=name)
        lows = [b for b in (symbol.bounds[0], low) if b is not None]
        highs = [b for b in (symbol.bounds[1], high) if b is not None]
        bounds = (max(lows, default=None), min(highs, default=None))
        if None not in bounds and not bounds[0] < bounds[1]:  # type: ignore[operator]
            raise Unreadable(
                "contradictory", 0, len(name), found=f"{bounds[0]} < {name} < {bounds[1]}"
            )
        symbol.bounds, symbol.closed = bounds, closed
        symbol.positive = symbol.positive or (bounds[0] is not None and bounds[0] >= 0)

    def labels(self, names: str, hit: re.Match[str]) -> bool:
        low = int(hit["low"])
        if (low == 0) != bool(hit["less"]) and not hit["size"].isdigit():
            written = hit[0]
            raise Unreadable("range", found=written, given="?", index="y", wanted=hit["size"])
        dim: Dim = int(hit["size"]) if hit["size"].isdigit() else self.size(hit["size"])
        if isinstance(dim, int) and low == 0:
            dim += 1
        if all(
            re.match(r"^[a-z]$", n.strip()) and n.strip() in "ijklmpqrst" for n in names.split(",")
        ):
            for name in names.split(","):
                self.world.ranges[name.strip()] = dim
            self.counts_from(low)
            return True
        self.counts_from(low)
        for name in names.split(","):
            symbol = self.variable(name.strip(), ())
            symbol.kind, symbol.high = "label", dim
        return True

    def index_range(self, names: str, low: str, high: str) -> bool:
        hit = re.match(r"^(.*?)\s*(-\s*1)?$", high)
        assert hit
        size = "".join(hit[1].split())
        if (low == "0") != bool(hit[2]):
            if size.isdigit() and low == "0":
                size = str(int(size) + 1)
            else:
                given = f"{size} + 1" if low == "0" else f"{size} - 1"
                raise Unreadable(
                    "range", found=f"{low}, …, {high}", given=given, index=names, wanted=size
                )
        if not size.isdigit() and not SIZE.match(size):
            raise bad(high, high)
        for name in names.split(","):
            dim: Dim = int(size) if size.isdigit() else self.size(size)
            self.world.ranges[name.strip()] = dim
        self.counts_from(int(low))
        return True

    def index_bounds(self, low: str, names: str, high: str) -> bool:
        return self.index_range(names, low, high)

    def sign(self, names: str, op: str, bound: str) -> bool:
        if not re.fullmatch(NUMBER, bound):
            raise bad(f"{names} {op} {bound}", names)
        for name in names.split(","):
            text = name.strip()
            above = op in (">", "\\ge", "\\geq")
            if SIZE.match(text) and text in self.world.sizes and above:
                self.size(text, int(float(bound)) + (op == ">"))
                continue
            base = split(read(text))[0]
            key = key_of(base) or ""
            key = self.world.aliases.get(key, key)
            symbol = self.world.symbols.get(key)
            known = symbol is not None
            symbol = symbol or self.variable(text, ())
            limits = (Fraction(bound), None) if above else (None, Fraction(bound))
            self.restrict(symbol, known, text, *limits, closed=op not in "<>")
        return True

    def function(self, name: str, left: str, right: str) -> bool:
        key, _, _ = self.name(name)
        if key in self.world.symbols or key in self.world.sizes:
            raise Unreadable("declared-twice", 0, len(name), found=name)
        shapes = []
        for part in re.split(rf"\\times\s*(?={REAL})", left):
            hit = SPACE.match(part.strip())
            if not hit:
                raise bad(left, left)
            shapes.append(self.lengths(hit["sup"]))
        hit = SPACE.match(right)
        if not hit:
            raise bad(right, right)
        self.world.functions[key] = Function(key, tuple(shapes), self.lengths(hit["sup"]))
        return True
