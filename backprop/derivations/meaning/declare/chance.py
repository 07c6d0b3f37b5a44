r"""Declares what is random: x \in \mathcal{X}, x \sim p, X \sim \mathcal{N}(0, 1), moments."""

from __future__ import annotations

import re
from fractions import Fraction

from backprop.derivations.meaning import Context, arrays, key_of, reader_of, split
from backprop.derivations.meaning.chance import OUTCOME, arguments, is_dot, spelled
from backprop.derivations.meaning.declare.names import (
    SPACE,
    bad,
    listed_names,
    read_lengths,
    read_name,
)
from backprop.derivations.meaning.lengths import Dim, Unknown, find, unify
from backprop.derivations.meaning.names import lookup
from backprop.derivations.meaning.nodes import index_key
from backprop.derivations.meaning.rewriting import fresh, resolved, substitute
from backprop.derivations.meaning.terms import (
    At,
    Big,
    Call,
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
from backprop.derivations.meaning.world import TRUE, Function, Law, Symbol, Table, World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, Node, read

SET = re.compile(r"^\\mathcal\s*\{?\s*([A-Z])\s*\}?$")
MOMENT = re.compile(
    r"^\s*\\(?P<kind>mathbb\s*\{?E\}?|mathrm\{E\}|operatorname\{(?:E|Var)\}|mathrm\{Var\})\s*"
    r"(?:\\left)?[\[(](?P<name>.*?)(?:\\right)?[\])]$",
    re.S,
)


def finite_set(world: World, tex: str) -> str | None:
    r"""The size of \mathcal{X}."""
    hit = SET.match(tex.strip())
    if hit is None:
        return None
    name = f"\\mathcal{{{hit[1]}}}"
    world.sizes.setdefault(name, 2)
    return name


def declare_elements(world: World, names: str, space: str) -> bool:
    r"""x \in \mathcal{X}: x runs over a finite set."""
    size = finite_set(world, space)
    if size is None:
        return False
    for name in names.split(","):
        letter = name.strip()
        if not re.fullmatch(r"[a-z]", letter) or letter in world.symbols:
            raise bad(f"{letter} \\in {space}", names)
        world.ranges[letter] = size
    return True


def declare_table(world: World, name: str, left: str, right: str) -> bool:
    r"""f : \mathcal{X} \times \mathcal{A} \to \mathbb{R}."""
    sets = [finite_set(world, part) for part in re.split(r"\\times\b|×", left)]
    if any(s is None for s in sets):
        return False
    real = re.match(
        r"^(?:\\mathbb\s*\{?\s*R\s*\}?\s*(?P<sign>_.*)?|\(\s*0\s*,\s*(?P<one>1)\s*\))$", right
    )
    space = SPACE.match(right)
    if not real and not space:
        raise bad(right, right)
    dims = tuple(s for s in sets if s is not None)
    key = f"{name.strip()}()"
    values = read_lengths(world, space["sup"]) if not real and space else ()
    symbol = Symbol(key, (*dims, *values))
    if real is None:
        pass
    elif real["sign"] or real["one"]:
        symbol.bounds = (Fraction(0), Fraction(1) if real["one"] else None)
    world.symbols[key] = symbol
    world.tables.setdefault(spelled(name), []).append(Table(key, (), len(dims), dims))
    return True


def define_table(world: World, reader: Context, left: Node, right: Node) -> bool:
    r"""p(x) = \sum_z p(x, z), p(z \mid x) = …: a table of its own, by its letters."""
    if left.kind != "product" or len(left.parts) != 2 or left.parts[1].kind != "paren":
        return False
    args, own = arguments(left.parts[1])
    letters = tuple(index_key(n) or "" for n in args)
    if not letters or not all(n in world.ranges for n in letters):
        return False
    if not all(str(world.ranges[n]).startswith("\\mathcal") for n in letters):
        return False
    for n in letters:
        reader.dims.setdefault(n, world.ranges[n])
    value = resolved(reader.number(right))
    for n, node in reader.free.items():
        if n not in letters:
            raise reader.fail("free-index", node)
    vars_ = tuple((fresh(n), world.ranges[n]) for n in letters)
    body = substitute(value, dict(zip(letters, (Var(v) for v, _ in vars_), strict=True)))
    key = f"{reader.text(left.parts[0])}({text_of(letters, own)})"
    if key in world.symbols:
        return False
    dims = tuple(d for _, d in vars_)
    world.symbols[key] = Symbol(key, dims, "defined", Lam(vars_, body))
    name = spelled(reader.text(left.parts[0]))
    world.tables.setdefault(name, []).append(Table(key, letters, own, dims, True))
    return True


def text_of(letters: tuple[str, ...], own: int) -> str:
    bar = r" \mid " if own < len(letters) else ""
    return ", ".join(letters[:own]) + bar + ", ".join(letters[own:])


# --- what is distributed how ----------------------------------------------------------------------


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


def name_moment(world: World, tex: str, is_mean: bool) -> None:
    r"""\mathbb{E}[X] = \mu, \operatorname{Var}(X) = \sigma^2 may name what they say."""
    base, _, sup, primes = split(read(tex))
    square = sup is not NONE and sup.parts[0].kind == "number" and sup.parts[0].value == "2"
    if primes or (sup is not NONE and (is_mean or not square)) or key_of(base) is None:
        return
    plain = re.sub(r"\s*\^\s*(?:2|\{\s*2\s*\})\s*$", "", tex) if square else tex
    node = read(plain)
    if lookup(reader_of(world, plain, node), node)[0] is None:
        key, letters, _ = read_name(world, plain)
        if not letters and not (set(key) & set("()")):
            positive = Fraction(0) if not is_mean else None
            world.symbols[key] = Symbol(key, (), bounds=(positive, None), positive=not is_mean)


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


def is_name(tex: str) -> bool:
    """Is this X, X_i or \\hat{f}, and no expression?"""
    try:
        tree = read(tex)
    except Unreadable:
        return False
    base, _, sup, _ = split(tree)
    return key_of(base) is not None and sup is NONE


def declare_mean_name(world: World, left: str, right: str) -> bool:
    r"""\mu = \mathbb{E}[X] of a name that is not declared yet: names its mean, too."""
    hit = MOMENT.match(right)
    if hit is None or not is_name(hit["name"]):
        return False
    if read_name(world, hit["name"].strip())[0] in world.symbols:
        return False
    key, letters, _ = read_name(world, left)
    if letters:
        return False
    world.symbols.setdefault(key, Symbol(key, ()))
    return declare_moment(world, right, left)


def declare_random(world: World, name: str, counted: tuple[Dim, ...] = ()) -> set[str]:
    """Enter a random symbol of which only the name is known, and what may be said of it later."""
    key, letters, _ = read_name(world, name)
    hidden = [f"{part}({key})" for part in ("mean", "variance")]
    for k, extra in enumerate(hidden):
        world.symbols[extra] = Symbol(extra, ())
        if k == 1:
            world.symbols[extra].bounds = (Fraction(0), None)
    counted = counted or tuple(world.ranges[n] for n in letters)
    add_random(world, name, counted, "any", *(Entry(h) for h in hidden))
    world.pending[key] = {"mean", "variance"}
    return world.pending[key]


def declare_randoms(world: World, names: str) -> None:
    """ "Let X, Y be independent random variables": those of which nothing is known yet."""
    for name, counted in listed_names(world, names):
        if not is_name(name):
            continue
        key, letters, node = read_name(world, name)
        taken = key in world.symbols or key in world.sizes or key in world.ranges
        if taken or key in world.functions or (split(node)[1] is not NONE and not letters):
            continue
        declare_random(world, name, counted)


def declare_moment(world: World, left: str, right: str) -> bool:
    r"""\mathbb{E}[X] = \mu of a name that is not declared yet, or whose mean is still open."""
    hit = MOMENT.match(left)
    if hit is None:
        return False
    is_mean = "Var" not in hit["kind"]
    name = hit["name"].strip()
    if not is_name(name):
        return False
    key = read_name(world, name)[0]
    bare = key.partition("_")[0]
    pending = world.pending.get(key)
    if key in world.symbols and pending is None:
        return False
    if bare in world.symbols and world.pending.get(bare) is not None:
        key, pending = bare, world.pending[bare]
    if pending is None or ("mean" if is_mean else "variance") in pending:
        name_moment(world, right, is_mean)
    value = number(world, right)
    if pending is None:
        pending = declare_random(world, name)
    what = "mean" if is_mean else "variance"
    if what not in pending:
        return False
    pending.remove(what)
    open_ = f"{what}({key})"
    symbol = world.symbols[open_]
    symbol.kind, symbol.definition = "defined", Lam((), value)
    world.cited[open_] = TRUE
    return True


def declare_distribution(world: World, names: str, law: str) -> bool:
    r"""x \sim p, a \sim \pi_\theta(a \mid s): a distribution over the finite set of the letters."""
    letters = tuple(n.strip() for n in names.strip("() ").split(","))
    tree = read(law)
    items = tree.parts if tree.kind == "product" else (tree,)
    reader = reader_of(world, law, tree)
    if not all(n in world.ranges for n in letters):
        raise bad(f"{names} \\sim {law}", names)
    given: tuple[str, ...] = ()
    if len(items) == 2 and items[1].kind == "paren":
        args, own = arguments(items[1])
        if not all(is_dot(n) for n in args[:own]):
            letters = tuple(index_key(n) or "" for n in args[:own])
        given = tuple(index_key(n) or "" for n in args[own:])
        if not all(n in world.ranges for n in (*letters, *given)):
            raise bad(law, law)
    elif len(items) != 1:
        raise bad(law, law)
    dims = tuple(world.ranges[n] for n in (*letters, *given))
    written = reader.text(items[0])
    name = spelled(written)
    key = f"{written}({text_of((*letters, *given), len(letters))})"
    table = Table(key, (*letters, *given), len(letters), dims, True)
    if key not in world.symbols:
        enter_distribution(world, key, dims, len(letters), parameters(world, reader, items[0]))
        world.tables.setdefault(name, []).append(table)
    for letter in letters:
        if len(letters) == 1:
            world.laws[letter] = (table, dims[:1])
    return True


def parameters(world: World, reader: Context, node: Node) -> list[str]:
    r"""The \theta of p_\theta, if it is declared."""
    sub = split(node)[1]
    found = [key_of(n) or "" for n in sub.parts] if sub.parts else []
    return [k for k in found if k in world.symbols and world.symbols[k].kind == "variable"]


def enter_distribution(
    world: World, key: str, dims: tuple[Dim, ...], own: int, by: list[str]
) -> None:
    """Positive numbers whose sum is 1: any, or any that depend on parameters."""
    if not by:
        world.symbols[key] = Symbol(key, dims, "fixed", law=Law("simplex", False, own))
    else:
        name = f"score {key}"
        shapes = tuple(world.symbols[k].shape for k in by)
        world.functions[name] = Function(name, shapes, dims)
        places = tuple((fresh("x"), d) for d in dims)

        def score(at: tuple[Var, ...]) -> Term:
            lams = []
            for k, shape in zip(by, shapes, strict=True):
                own_ = tuple((fresh("a"), d) for d in shape)
                lams.append(Lam(own_, Entry(k, tuple(Var(v) for v, _ in own_))))
            return Fn("exp", (Call(name, tuple(lams), at),))

        whole = tuple(Var(v) for v, _ in places)
        summed = tuple((fresh("x"), d) for d in dims[:own])
        total: Term = score((*(Var(v) for v, _ in summed), *whole[own:]))
        for v, d in reversed(summed):
            total = Big("sum", v, d, total)
        body = mul(score(whole), Pow(total, num(-1)))
        world.symbols[key] = Symbol(key, dims, "defined", Lam(places, body))
        world.cited[key] = TRUE
    given = tuple(Var(fresh("g")) for _ in dims[own:])
    names = [fresh("x") for _ in dims[:own]]
    value: Term = Entry(key, (*(Var(n) for n in names), *given))
    for n, d in reversed(list(zip(names, dims[:own], strict=True))):
        value = Big("sum", n, d, value)
    world.moments.append((value, num(1)))
