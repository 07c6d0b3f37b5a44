"""From a tree to its meaning, with the declarations of the derivation at hand.

`Reader` turns one side of a row into an `Array` of terms. It never guesses: where the
typesetting allows two readings, or a name is not declared, it raises `Unreadable` with the
place and what to write. What a \\sum, a function name without brackets or a d/dx spans is
fixed: everything to its right up to the next + or - (`notes` says so where it matters).
"""

from backprop.site.derivations.meaning.base import items_of, key_of, split, subscript_letters
from backprop.site.derivations.meaning.functions import replace_symbol
from backprop.site.derivations.meaning.reader import Reader

__all__ = ["Reader", "items_of", "key_of", "replace_symbol", "split", "subscript_letters"]
