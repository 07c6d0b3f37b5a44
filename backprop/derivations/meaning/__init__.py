"""From a tree to its meaning, with the declarations of the derivation at hand.

A reader turns one side of a row into an `Array` of terms. It never guesses: where the
typesetting allows two readings, or a name is not declared, it raises `Unreadable` with the
place and what to write. What a \\sum, a function name without brackets or a d/dx spans is
fixed: everything to its right up to the next + or - (`notes` says so where it matters).

| module          | its job                                                          |
| --------------- | ---------------------------------------------------------------- |
| `lengths`       | the lengths of axes, known or open                               |
| `terms`         | what a formula means: numbers over indices                       |
| `rewriting`     | terms walked through and made anew                               |
| `world`         | what is declared                                                 |
| `statements`    | the formulas of the prose, cut into statements                   |
| `premises`      | what the words before a formula make of it                       |
| `declare`       | the declarations in the prose                                    |
| `nodes`         | what a tree says before names are looked up                      |
| `names`         | declared names: how they are spelled, found, and missed          |
| `arrays`        | shapes, products, transposes                                     |
| `context`       | a row being read, shared by all functions that read a part of it |
| `reader`        | tree → terms: sides, sums, products, factors                     |
| `symbols`       | a declared name as a value                                       |
| `indices`       | positions in subscripts, and what they run over                  |
| `shifts`        | positions that may leave their axis: x_{i+1}                     |
| `sums`          | Σ, Π and max over indices, and their ranges                      |
| `functions`     | functions by name and by declaration                             |
| `brackets`      | powers, brackets, norms, conditions                              |
| `patterns`      | matrices of entries, cases, what dots stand for                  |
| `expectations`  | expectations and probabilities                                   |
| `derivatives`   | derivatives by entries, vectors and matrices                     |
| `differentials` | dL, d(X^{-1})                                                    |
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
