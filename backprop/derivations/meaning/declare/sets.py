"""What a name lies in: x ∈ …, i = 1, …, n, ε > 0, and the f: ℝ → ℝ of functions."""

from __future__ import annotations

import re
from fractions import Fraction

from backprop.derivations.meaning import key_of, split
from backprop.derivations.meaning.declare.names import LABELS, NUMBER, REAL, SIZE, SPACE, Names, bad
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.world import Function
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
        for name, counted in self.listed(names):
            symbol = self.variable(name, (*counted, *shape))
            symbol.family = symbol.family or len(counted)
            if "+" in sub or ">" in sub or (hit and hit["sup"] == "+"):
                symbol.positive = True
            if interval:
                low, high = Fraction(interval[1]), Fraction(interval[2])
                if not low < high:
                    raise bad(space, space)
                symbol.positive = low >= 0
                symbol.bounds = (low, high)
        return True

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
            symbol = self.world.symbols.get(key) or self.variable(text, ())
            low, high = symbol.bounds
            symbol.bounds = (Fraction(bound), high) if above else (low, Fraction(bound))
            symbol.positive = symbol.positive or (above and float(bound) >= 0)
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
