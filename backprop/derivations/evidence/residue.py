"""What is left of left − right, as TeX a person can read."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from backprop.derivations.algebra.atoms import Atom, Poly, lettered, level, replaced
from backprop.derivations.algebra.polynomials import NotProvable
from backprop.derivations.algebra.zero import nested
from backprop.derivations.evidence.proof import difference
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.terms import Call, Entry, Term
from backprop.derivations.meaning.world import World

LETTERS = "klmpqrst"
LONGEST = 240  # characters; a longer residue explains nothing
STEEP = 24  # a power by which factoring takes for ever


def residue(
    world: World,
    left: Term,
    right: Term,
    dims: dict[str, Dim],
    formal: frozenset[str],
    direct: bool = False,
) -> str:
    """left − right in normal form, factored; "" if it cannot be had or is too long to help."""
    try:
        p = difference(world, left, right, formal, frozenset(), direct)
        if not p or len(p) > 24:
            return ""
        tex = Printer(world, dims).poly(p)
    except (NotProvable, RecursionError):
        return ""
    return tex if len(tex) <= LONGEST and "?" not in tex else ""


class Printer:
    def __init__(self, world: World, dims: dict[str, Dim]) -> None:
        self.world = world
        self.names = {"row": "i", "col": "j"}
        self.used = {self.names.get(d, d) for d in dims}

    def poly(self, p: Poly) -> str:
        import sympy

        atoms: dict[Any, str] = {}
        symbols: dict[Atom, Any] = {}

        def symbol(atom: Atom) -> Any:
            if atom not in symbols:
                # The root of x² is x only where x is positive; else it is |x|, not to be hidden.
                sign = {"positive": True} if self.positive(atom) else {"real": True}
                symbols[atom] = sympy.Symbol(f"z{len(symbols):03d}", **sign)
                atoms[symbols[atom]] = self.atom(atom)
            return symbols[atom]

        def power(atom: Atom, e: Fraction) -> Any:
            exponent = sympy.Rational(e.numerator, e.denominator)
            if atom[0] == "base":
                return convert(dict(atom[1])) ** exponent
            return symbol(atom) ** exponent

        def convert(q: Poly) -> Any:
            return sympy.Add(
                *(
                    sympy.Rational(c.numerator, c.denominator)
                    * sympy.Mul(*(power(a, e) for a, e in sorted(m, key=lettered)))
                    for m, c in sorted(q.items(), key=lettered)
                )
            )

        whole = convert(p)
        powers = [e for q in nested(p) for m in q for _, e in m]
        steep = any(abs(e) > STEEP or e.denominator > STEEP for e in powers)
        found = whole if steep else sympy.factor(whole)
        return str(sympy.latex(found, symbol_names=atoms))

    def positive(self, atom: Atom) -> bool:
        known = self.world.symbols.get(atom[1]) if atom[0] == "entry" else None
        return atom[0] in ("size", "const", "exp") or (known is not None and known.positive)

    def index(self, index: Atom) -> str:
        kind = index[0]
        if kind == "v":
            result: str = self.names.get(index[1], index[1].split("#")[0])
            return result
        if kind == "at":
            start = index[1] if index[1] is not None else (self.world.base or 0)
            if index[1] is not None:
                offset = index[2] + (self.world.base or 0)
                return str(start) if not offset else f"{{{start}{offset:+d}}}"
            return str(index[2] + (self.world.base or 0))
        if kind == "sh":
            return f"{self.index(index[1])}{index[2]:+d}"
        if kind == "label":
            return self.entry(index[1], index[2])
        return "?"

    def entry(self, key: str, at: tuple[Atom, ...]) -> str:
        places = [self.index(p) for p in at]
        if not places:
            return key
        key = key.removesuffix("_{}")  # N_k beside a size N
        joined = (", " if any(len(p) > 1 for p in places) else "").join(places)
        return f"{{{key}}}_{{{joined}}}" if "_" in key else f"{key}_{{{joined}}}"

    def atom(self, atom: Atom) -> str:
        kind = atom[0]
        if kind == "size":
            return str(atom[1])
        if kind == "const":
            return f"\\{atom[1]}"
        if kind == "entry":
            return self.entry(atom[1], atom[2])
        if kind == "slope":
            above, below = self.entry(atom[1], atom[2]), self.entry(atom[3], atom[4])
            return f"\\frac{{\\partial {above}}}{{\\partial {below}}}"
        if kind == "delta":
            return f"\\delta_{{{self.index(atom[1])}{self.index(atom[2])}}}"
        if kind == "exp":
            return f"e^{{{self.poly({atom[1]: Fraction(1)})}}}"
        if kind == "fn":
            args = ", ".join(self.poly(dict(a)) for a in atom[2:])
            return f"\\operatorname{{{atom[1]}}}({args})"
        if kind == "sum":
            return self.sum(atom)
        if kind == "call":
            return self.call(atom)
        if kind == "test" and atom[1] == ">":
            return f"[{self.poly(dict(atom[2]))} > 0]"
        if kind == "test":
            return f"[{self.index(atom[2])} < {self.index(atom[3])}]"
        if kind == "pos":
            return self.index(atom[1])
        raise NotProvable

    def sum(self, atom: Atom) -> str:
        height = 1 + max((level(a) for a, _ in atom[2]), default=0)
        letters = [c for c in LETTERS if c not in self.used][: len(atom[1])]
        if len(letters) < len(atom[1]):
            raise NotProvable
        names = {("b", height, k): ("v", c) for k, c in enumerate(letters)}
        self.used |= set(letters)
        body = self.poly({replaced(atom[2], names): Fraction(1)})
        self.used -= set(letters)
        return f"\\sum_{{{','.join(letters)}}} {body}"

    def call(self, atom: Atom) -> str:
        _, function, slots, _, args = atom
        name: str = function.removesuffix("()")
        if not function.endswith("()"):
            inside = ", ".join(self.poly(dict(a)) for a in args)
            return f"{name}{chr(39) * len(slots)}({inside})"
        definition = self.world.symbols[name].definition
        assert definition is not None
        call = definition.body
        assert isinstance(call, Call)
        below = []
        for k, place in slots:
            body = call.args[k].body
            if not isinstance(body, Entry):
                raise NotProvable
            below.append(self.entry(body.symbol, place))
        if not below:
            return name
        order = f"^{len(below)}" if len(below) > 1 else ""
        under = " ".join(f"\\partial {b}" for b in below)
        return f"\\frac{{\\partial{order} {name}}}{{{under}}}"
