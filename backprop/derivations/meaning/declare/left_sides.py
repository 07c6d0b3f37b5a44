"""The left side of an equation in the prose: does it stand for something new?"""

from __future__ import annotations

import re

from backprop.derivations.meaning import Context, arrays, key_of, reader_of, split
from backprop.derivations.meaning.declare.names import forget_parameter
from backprop.derivations.meaning.indices import flat_indices
from backprop.derivations.meaning.names import beside_size, decoration, is_declared, lookup, text_of
from backprop.derivations.meaning.premises import DEFINED, LET
from backprop.derivations.meaning.world import World
from backprop.derivations.reading.tree import NONE, Node


def is_part_of_name(world: World, letter: str, right: Node, reader: Context) -> bool:
    """Is a letter below no index but part of a name? The u of N_u where u is a vector, the t
    of h_t = W x_t where x_t is declared as a whole."""
    if letter in world.ranges:
        return False
    labels = {k for k, s in world.symbols.items() if s.kind == "label"}
    if any(
        key.partition("_")[0] == letter for key in world.symbols.keys() - labels - world.parameters
    ):
        return True
    users = [
        node
        for node in right.walk()
        if node.kind == "scripted"
        and any(n.kind == "letter" and n.value == letter for n in node.parts[1].walk())
    ]
    if not users:  # i_t = \sigma(a), a vector, where t is part of a name already: c_{t-1}
        part = re.compile(rf"_\{{{re.escape(letter)}(?:[+-]\d)?\}}")
        if not any(part.search(key) for key in world.symbols):
            return False
        return bool(arrays.columns(reader_of(world, reader.tex, right).side(right)).shape)
    return all((found := lookup(reader, n))[0] is not None and found[1] is NONE for n in users)


def is_call(world: World, name: Node, arguments: Node) -> bool:
    """Does \\hat{y}(x) = … define a new name, and no product that is known?"""
    key = key_of(split(name)[0])
    known = key in world.symbols or key in world.sizes
    return not known and all(key_of(split(part)[0]) for part in arguments.parts)


def is_named(reader: Context, node: Node) -> bool:
    """Is it a bare name, or a new one with indices, \\sigma_i?"""
    base, sub, sup, primes = split(node)
    key = key_of(base)
    if node.kind != "scripted" or key is None:
        return key is not None
    letters = [key_of(n) or "" for n in flat_indices(sub)] if sub is not NONE else [""]
    indices = all(re.fullmatch(r"[a-z]", n) and n not in reader.world.symbols for n in letters)
    return indices and sup is NONE and not primes and not is_declared(reader, key)


def called_name(
    world: World, reader: Context, left: Node
) -> tuple[str, tuple[str, ...], str] | None:
    r"""h_\theta(x) = …, h(x^{(i)}) = … for each vector of a family; None if this is neither."""
    if len(left.parts) != 2 or left.parts[1].kind != "paren" or len(left.parts[1].parts) != 1:
        return None
    base, sub, sup, primes = split(left.parts[0])
    key, inside = key_of(base), left.parts[1]
    if key is None or sup is not NONE or primes:
        return None
    if sub is not NONE:
        names = [key_of(split(n)[0]) or "" for n in sub.parts]
        if not all(n in world.symbols and n not in world.parameters for n in names):
            return None
        key += f"_{{{text_of(reader, sub)}}}"
    name, places, rest = lookup(reader, inside.parts[0])
    symbol = world.symbols.get(name or "")
    if symbol is None or key in world.symbols or key in world.functions or rest is not NONE:
        return None
    letters = [key_of(n) or "" for n in flat_indices(places)] if places is not NONE else []
    if len(letters) != symbol.family or (sub is NONE and not letters):
        return None
    if not all(re.fullmatch(r"[a-z]", n) and n not in world.symbols for n in letters):
        return None
    world.calls[key] = "".join(reader.text(inside)[1:-1].split())
    if letters:
        world.families[key] = symbol.key
        for letter, dim in zip(letters, symbol.shape, strict=False):
            world.ranges.setdefault(letter, dim)
    return key, tuple(letters), ""


def is_fixed_entry(world: World, reader: Context, key: str, sub: Node) -> bool:
    """x_1 or x_{i+1} of a declared vector x: one of its entries, and no name of its own."""
    symbol = world.symbols.get(key)
    if symbol is None or sub is NONE or key in world.parameters:
        return False
    places = flat_indices(sub)
    whole = f"{key}_{{{text_of(reader, sub)}}}"
    if len(places) != len(symbol.shape) or whole in world.symbols:
        return False
    return any(n.kind in ("number", "sum") or key_of(n) in world.sizes for n in places)


def counts_above(world: World, reader: Context, sup: Node, right: Node) -> bool:
    r"""Does the i of h^{(i)} = … count, since it does on the right, or was declared to?"""
    inner = sup.parts[0].parts
    letter = key_of(inner[0]) if len(inner) == 1 else None
    if letter is None or letter in world.symbols or letter in world.sizes:
        return False
    if letter in world.ranges:
        return True
    for node in right.walk():
        if node.kind == "scripted" and node.parts[2] is not NONE:
            above = node.parts[2].parts[0]
            if above.kind == "paren" and len(above.parts) == 1 and above.parts[0].value == letter:
                name, left, rest = lookup(reader, node)
                if name is not None and rest is NONE and left is not NONE:
                    return True
    return False


def one_written(world: World, reader: Context, left: Node) -> tuple[Node, str] | None:
    """A product that is one name: the f and the x of f(x) = …, the loss of l o s s = …."""
    *first, last = left.parts
    base, sub, sup, primes = split(last)
    if base.kind == "paren" and len(left.parts) == 2 and is_named(reader, left.parts[0]):
        if not is_call(world, left.parts[0], base):
            return None
        name, below, *_ = split(left.parts[0])
        scripts = (name, sub if below is NONE else below, sup)
        node = Node("scripted", primes, scripts, left.start, left.end)
        return node, "".join(reader.text(base)[1:-1].split())
    letters = [split(p)[0] for p in left.parts]
    if any(p.kind != "letter" for p in (*first, base)):
        return None
    if all(is_declared(reader, letter.value) for letter in letters):
        return None
    word = Node("letter", "".join(letter.value for letter in letters))
    return Node("scripted", primes, (word, sub, sup), left.start, left.end), ""


def indices_of(
    world: World, reader: Context, above: tuple[Node, ...], sub: Node, right: Node
) -> list[str]:
    """The letters that count, above and below a name; none where its subscript is part of it."""
    letters = []
    for n in (*above, *(flat_indices(sub) if sub is not NONE else ())):
        letter = key_of(n)
        if letter is None or n.kind == "number" or letter in world.sizes:
            return []
        letters.append(letter)
    if any(is_part_of_name(world, n, right, reader) for n in letters):
        return []
    if len(set(letters)) < len(letters) or all(n.isupper() for n in letters):
        return []
    return letters


def may_be_defined(
    world: World, reader: Context, key: str, letters: list[str], squared: str, right: Node
) -> bool:
    """Is a name free to be given a meaning, here and with these indices?"""
    known = world.symbols.get(key)
    if known is not None and (known.definition is not None or known.kind == "label"):
        return False
    if squared and (squared in world.symbols or squared in world.squares):
        return False
    if key in world.sizes or key in world.functions or key in world.aliases:
        return False
    if known is None:
        return True
    if key not in world.parameters:
        # x = … of a variable: it is defined only where a word says so
        itself = any(lookup(reader, n)[0] == key for n in right.walk())
        if world.role not in (LET, DEFINED) or itself:
            return False
    return not letters or len(known.shape) == len(letters)


def new_name(
    world: World, reader: Context, left: Node, right: Node
) -> tuple[str, tuple[str, ...], str] | None:
    """The name that a left side defines: key, index letters, name it is the square of."""
    node, call = left, ""
    if left.kind == "product":
        whole = called_name(world, reader, left)
        if whole is not None:
            return whole
        one = one_written(world, reader, left)
        if one is None:
            return None
        node, call = one
    base, sub, sup, primes = split(node)
    key = key_of(base)
    if key is None or key in ("\\mathbf{1}", "\\mathbb{1}"):
        return None
    upper = decoration(reader, sup)
    squared = ""
    if sup is not NONE and not upper:
        if sup.parts[0].kind != "number" or sup.parts[0].value != "2":
            return None
        squared = key
        key = f"{key}^{{2}}"
    above: tuple[Node, ...] = ()
    if upper.startswith("(") and counts_above(world, reader, sup, right):
        above, upper = sup.parts[0].parts, ""
    elif upper and upper[0] not in "(*" and key in world.symbols and not world.symbols[key].shape:
        return None  # h^t = … for a number h is an equation about its power
    if upper:
        key += f"^{{{upper}}}"
    key += primes
    if is_fixed_entry(world, reader, key, sub):
        return None
    letters = indices_of(world, reader, above, sub, right)
    if not letters and above:
        return None
    if not letters and sub is not NONE:
        key = f"{key}_{{{text_of(reader, sub)}}}"
    if key in world.sizes and letters:
        key = beside_size(key)
    forget_parameter(world, key)
    if not may_be_defined(world, reader, key, letters, squared, right):
        return None
    if call:
        world.calls[key] = call
    return key, tuple(letters), squared
