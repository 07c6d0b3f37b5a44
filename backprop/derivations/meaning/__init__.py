"""From a tree to its meaning, with the declarations of the derivation at hand.

A reader turns one side of a row into an `Array` of terms. It never guesses: where the
typesetting allows two readings, or a name is not declared, it raises `Unreadable` with the
place and what to write. What a \\sum, a function name without brackets or a d/dx spans is
fixed: everything to its right up to the next + or - (`notes` says so where it matters).

| module       | its job                                                                |
| ------------ | ---------------------------------------------------------------------- |
| `lengths`    | the lengths of axes, known or open                                     |
| `terms`      | what a formula means: numbers over indices                             |
| `rewriting`  | terms walked through and made anew                                     |
| `world`      | what is declared                                                       |
| `arrays`     | shapes, products, transposes                                           |
| `statements` | the formulas of the prose, cut into statements                         |
| `declare`    | the declarations in the prose                                          |
| `context`    | a row being read, shared by all functions that read a part of it       |
| `reader`     | tree → terms: sides, sums, products, factors; the grammar of the parts |
| the others   | how one kind of part is read                                           |
"""

from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.functions import replace_symbol
from backprop.derivations.meaning.nodes import items_of, key_of, split, subscript_letters
from backprop.derivations.meaning.reader import reader_of

__all__ = [
    "Context",
    "items_of",
    "key_of",
    "reader_of",
    "replace_symbol",
    "split",
    "subscript_letters",
]
