"""The left side of an equation in the prose: does it stand for something new?"""

from __future__ import annotations

import re

from backprop.derivations.meaning import Reader, arrays, key_of, split
from backprop.derivations.meaning.declare.names import Names
from backprop.derivations.reading.tree import NONE, Node


class Lefts(Names):
    """Tells a name that an equation defines from what is known already."""

    def names_part(self, letter: str, right: Node, reader: Reader) -> bool:
        """Is a letter below no index but part of a name? The u of N_u where u is a vector, the t
        of h_t = W x_t where x_t is declared as a whole."""
        world = self.world
        if letter in world.ranges:
            return False
        labels = {k for k, s in world.symbols.items() if s.kind == "label"}
        if any(
            key.partition("_")[0] == letter
            for key in world.symbols.keys() - labels - world.parameters
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
            return bool(arrays.columns(Reader(world, reader.tex, right).side(right)).shape)
        return all((found := reader.lookup(n))[0] is not None and found[1] is NONE for n in users)

    def new_name(
        self, reader: Reader, left: Node, right: Node
    ) -> tuple[str, tuple[str, ...], str] | None:
        """The name that a left side defines: key, index letters, name it is the square of."""
        node = left
        call = ""
        if left.kind == "product":
            last = left.parts[-1]
            base, sub, sup, primes = split(last)
            if base.kind == "paren" and len(left.parts) == 2 and key_of(left.parts[0]):
                call = "".join(reader.text(base)[1:-1].split())
                first = left.parts[0]
                node = Node("scripted", primes, (first, sub, sup), left.start, left.end)
            elif all(split(p)[0].kind == "letter" for p in left.parts) and all(
                p.kind == "letter" for p in left.parts[:-1]
            ):
                if all(reader.declared(split(p)[0].value) for p in left.parts):
                    return None
                word = "".join(split(p)[0].value for p in left.parts)
                node = Node(
                    "scripted", primes, (Node("letter", word), sub, sup), left.start, left.end
                )
            else:
                return None
        base, sub, sup, primes = split(node)
        key = key_of(base)
        if key is None:
            return None
        if key in ("\\mathbf{1}", "\\mathbb{1}"):
            return None
        upper = reader.decoration(sup)
        squared = ""
        if sup is not NONE and not upper:
            if sup.parts[0].kind == "number" and sup.parts[0].value == "2":
                squared = key
                key = f"{key}^{{2}}"
            else:
                return None
        if upper:
            key += f"^{{({upper})}}"
        key += primes
        letters: list[str] = []
        if sub is not NONE:
            for n in reader.flat_indices(sub):
                letter = key_of(n)
                if letter is None or n.kind == "number" or letter in self.world.sizes:
                    letters = []
                    break
                letters.append(letter)
            uppercase = all(n.isupper() for n in letters)
            if (
                not letters
                or any(self.names_part(n, right, reader) for n in letters)
                or len(set(letters)) < len(letters)
                or uppercase
            ):
                key = f"{key}_{{{reader.text_of(sub)}}}"
                letters = []
        self.forget_parameter(key)
        known = self.world.symbols.get(key)
        if known is not None and (known.definition is not None or known.kind == "label"):
            return None
        if squared and (squared in self.world.symbols or squared in self.world.squares):
            return None
        if key in self.world.sizes or key in self.world.functions or key in self.world.aliases:
            return None
        if known is not None and len(known.shape) != len(letters) and letters:
            return None
        if call:
            self.world.calls[key] = call
        return key, tuple(letters), squared
