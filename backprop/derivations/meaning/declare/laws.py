r"""Random symbols with a law that is known: X \sim \mathcal{N}(\mu, \sigma^2)."""

from __future__ import annotations

import re

from backprop.derivations.meaning import arrays, reader_of
from backprop.derivations.meaning.declare.distributions import declare_distribution
from backprop.derivations.meaning.declare.names import (
    bad,
    listed_names,
    read_name,
)
from backprop.derivations.meaning.expectations import OUTCOME
from backprop.derivations.meaning.lengths import Dim, Unknown, find, unify
from backprop.derivations.meaning.rewriting import fresh, resolved, substitute
from backprop.derivations.meaning.terms import (
    At,
    Big,
    Entry,
    Fn,
    Lam,
    Mul,
    Pow,
    Term,
    Test,
    Var,
    Where,
    add,
    mul,
    neg,
    num,
)
from backprop.derivations.meaning.world import TRUE, Law, Symbol, World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import read

LAWS = {
    "normal": "normal",
    "n": "normal",
    "gaussian": "normal",
    "bernoulli": "bernoulli",
    "bern": "bernoulli",
    "ber": "bernoulli",
    "uniform": "uniform",
    "unif": "uniform",
    "u": "uniform",
}


def declare_law(world: World, names: str, law: str) -> bool:
    r"""X \sim \mathcal{N}(\mu, \sigma^2), x \sim p_\theta, a \sim \pi(a \mid s)."""
    known = re.match(
        r"^(?:\\mathcal\s*\{?\s*(?P<letter>[NU])\s*\}?|(?P<normal>N)(?=\s*\()|\\(?:operatorname|mathrm|text)"
        r"\s*\{(?P<name>[A-Za-z]+)\})\s*(?:\\left)?\((?P<args>.*?)(?:\\right)?\)$",
        law,
        re.S,
    )
    if known is None:
        return declare_distribution(world, names, law)
    name = known["name"] or {"N": "normal", "U": "uniform"}[known["letter"] or known["normal"]]
    kind = LAWS.get(name.lower())
    args = split_arguments(known["args"])
    if kind is None or len(args) != (1 if kind == "bernoulli" else 2):
        raise bad(law, law)
    if kind == "normal" and declare_vectors(world, names, args):
        return True
    letter = index_of(names)
    if letter is not None and letter not in world.symbols and kind != "bernoulli":
        run_over(world, letter, args)
    values = [number(world, a, letter) for a in args]
    for one, counted in listed_names(world, names):
        add_random(world, one, counted, kind, *values)
    return True


def split_arguments(tex: str) -> list[str]:
    parts, depth, last = [], 0, 0
    for k, ch in enumerate(tex):
        depth += (ch in "{([") - (ch in "})]")
        if ch == "," and depth == 0:
            parts.append(tex[last:k])
            last = k + 1
    return [*parts, tex[last:]]


def declare_vectors(world: World, names: str, args: list[str]) -> bool:
    r"""\epsilon \sim \mathcal{N}(0, I), x \sim \mathcal{N}(\mu, \sigma^2 I)."""
    readers = [reader_of(world, tex, read(tex)) for tex in args]
    mean, covariance = (arrays.columns(r.side(r.tree)) for r in readers)
    if len(covariance.shape) != 2 or any(r.free for r in readers):
        return False
    for name in (n.strip() for n in names.split(",")):
        key = read_name(world, name)[0]
        known = world.symbols.get(key)
        dims = [*covariance.shape, *mean.shape, *(known.shape if known is not None else ())]
        if len(mean.shape) > 1 or not all(unify(dims[0], d) for d in dims):
            raise bad(f"{name} \\sim …", names)
        dim = find(dims[0])
        if known is not None and known.kind == "variable" and known.definition is None:
            del world.symbols[key]
        at = Var(fresh("i"))
        centre = resolved(mean.at((at,) if mean.shape else ()))
        spread = diagonal_of(resolved(covariance.at((at, Var("other")))))
        if spread is None:
            raise Unreadable("covariance", found=args[1])
        values = (substitute(v, {"other": at}) for v in (centre, spread))
        add_random(world, name, (dim,), "normal", *values, place=at.name)
    return True


def diagonal_of(term: Term) -> Term | None:
    """The entry (i, i) of what is zero at every (i, j)."""
    if isinstance(term, Test) and term.op == "=":
        return num(1)
    if isinstance(term, Mul):
        tests = [p for p in term.parts if isinstance(p, Test) and p.op == "="]
        return mul(*(p for p in term.parts if p not in tests)) if tests else None
    return None


def index_of(name: str) -> str | None:
    """The j of z_j."""
    hit = re.fullmatch(r"[^,_]+_\{?([a-z])\}?", name.strip())
    return hit[1] if hit else None


def run_over(world: World, letter: str, args: list[str]) -> None:
    r"""z_j \sim \mathcal{N}(\mu_j, \sigma_j^2): as many as there are means."""
    for tex in args:
        tree = read(tex)
        reader = reader_of(world, tex, tree)
        reader.number(tree)
        dim = find(reader.dims.get(letter, Unknown()))
        if letter in reader.free and not isinstance(dim, Unknown):
            world.ranges.setdefault(letter, dim)


def number(world: World, tex: str, index: str | None = None) -> Term:
    """The number that `tex` says, which may depend on `index`."""
    tree = read(tex)
    reader = reader_of(world, tex, tree)
    value: Term = resolved(reader.number(tree))
    for letter, node in reader.free.items():
        if letter != index or letter not in world.ranges:
            raise reader.fail("free-index", node)
    return value


def add_random(
    world: World,
    name: str,
    counted: tuple[Dim, ...],
    kind: str,
    *values: Term,
    place: str = "",
) -> None:
    """Enter a random symbol: its outcomes, their weights, and what it is at each."""
    key, letters, _ = read_name(world, name)
    counted = counted or tuple(world.ranges[n] for n in letters)
    known = world.symbols.get(key)
    if known is not None and world.pending.get(key) == {"mean", "variance"}:
        # "let X be a random variable", and now its law
        world.moments = [m for m in world.moments if f"P({key})" not in m[0].names]
        del world.pending[key]
    elif known is not None and (known.shape or known.definition is not None or known.hidden):
        raise Unreadable("declared-twice", found=name)
    if key in world.sizes or key in world.functions or len(counted) > 1:
        raise Unreadable("declared-twice", found=name)
    law = Law(kind, bool(counted))
    dim: Dim = law.count if not counted else f"Ω({key})"
    if counted:
        world.spaces[str(dim)] = (law.count, counted[0])
    weight, base = f"P({key})", f"Z({key})"
    world.symbols[base] = Symbol(base, (*counted, dim), "fixed", law=law)
    outcome = OUTCOME + key
    world.outcomes[outcome] = (weight, dim)
    o = fresh("o")
    places = tuple((fresh("i"), d) for d in counted)
    z = Entry(base, (*(Var(v) for v, _ in places), Var(o)))
    if kind == "bernoulli":
        body: Term = z
        p = values[0]
        table = Where(Test("=", Var(o), At(None, 0)), add(num(1), neg(p)), p)
        world.symbols[weight] = Symbol(weight, (dim,), "defined", Lam(((o, dim),), table))
        if counted:
            raise bad(f"{name} \\sim …", name)
    else:
        world.symbols[weight] = Symbol(weight, (dim,), "fixed", law=law.weights)
        if kind == "uniform":
            at = {letters[0]: Var(places[0][0])} if counted and letters else {}
            low, high = (substitute(v, at) for v in values)
            middle = mul(num("1/2"), add(low, high))
            body = add(middle, mul(num("1/2"), add(high, neg(low)), z))
        else:
            at = {place or letters[0]: Var(places[0][0])} if counted and (place or letters) else {}
            mean, variance = (substitute(v, at) for v in values)
            body = add(mean, mul(root(variance), z))
    lam = Lam((*places, (o, dim)), body)
    world.symbols[key] = Symbol(
        key, (*counted, dim), "defined", lam, family=len(counted), hidden=(outcome,)
    )
    world.cited[key] = world.cited[weight] = TRUE
    known_moments(world, key, kind, values, counted)


def root(variance: Term) -> Term:
    if isinstance(variance, Pow) and variance.exponent == num(2):
        return (
            Fn("abs", (variance.base,)) if not isinstance(variance.base, Entry) else variance.base
        )
    return Pow(variance, num("1/2"))


def known_moments(
    world: World, key: str, kind: str, values: tuple[Term, ...], counted: tuple[Dim, ...]
) -> None:
    """What the prover may use: Σ P = 1, Σ P Z = 0, …"""
    weight, dim = world.outcomes[OUTCOME + key]
    base = f"Z({key})"

    def mean(*factors: tuple[str, ...]) -> Term:
        o = fresh("o")
        entries = (Entry(base, (*(Var(v) for v in at), Var(o))) for at in factors)
        return Big("sum", o, dim, mul(Entry(weight, (Var(o),)), *entries))

    world.moments.append((mean(), num(1)))
    if kind == "bernoulli":
        world.moments += [(mean(*[()] * k), values[0]) for k in (1, 2, 3, 4)]
        return
    if counted:
        i, j = fresh("i"), fresh("j")
        world.moments.append((mean((i,)), num(0)))
        if kind != "uniform":
            world.moments.append((mean((i,), (j,)), Test("=", Var(i), Var(j))))
            world.moments.append((mean((i,), (i,)), num(1)))
        return
    table: dict[str, tuple[int | str, ...]] = {
        "normal": (0, 1, 0, 3),
        "uniform": (0, "1/3", 0, "1/5"),
        "any": (0, 1),
    }
    for k, value in enumerate(table[kind], 1):
        world.moments.append((mean(*[()] * k), num(value)))
