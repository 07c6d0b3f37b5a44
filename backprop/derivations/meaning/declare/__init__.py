"""Declarations: mathematics in the prose of a derivation that says what its letters mean.

x \\in \\mathbb{R}^{n \\times d}          a variable, and the sizes n and d
\\epsilon > 0,  \\gamma \\in \\mathbb{R}_{>0}^d   positive numbers
y_i \\in \\{1, \\dots, C\\}              labels (integers used as indices)
i = 1, \\dots, n                       what an index runs over, and where counting starts
X = (x_{ij}) \\in \\mathbb{R}^{n \\times d}   a matrix and the name of its entries
\\bar{x}_j = \\frac1n \\sum_k x_{kj}     a definition, by entries …
Y = X W + \\mathbf{1} b^\\top            … or whole
\\sigma(z) = \\frac{1}{1 + e^{-z}}       a function; f : \\mathbb{R} \\to \\mathbb{R} any function
x \\sim p,  X \\sim \\mathcal{N}(0, 1)   a distribution over a finite set, a random symbol
L = L(Y)                              any number that depends on Y
\\sum_k y_k = 1                        an assumption on variables

| module          | its job                                                              |
| --------------- | -------------------------------------------------------------------- |
| `statement`     | a formula, statement by statement, each to what declares its kind    |
| `names`         | new names and their shapes                                           |
| `sets`          | what a name lies in: sets, ranges, bounds; functions from set to set |
| `distributions` | functions on finite sets, and distributions over them                |
| `laws`          | random symbols with a known law                                      |
| `moments`       | random symbols of which only the moments are known                   |
| `left_sides`    | does the left side of an equation stand for something new?           |
| `definitions`   | definitions, and equations that are premises                         |
| `recurrences`   | definitions by the entry before                                      |
| `equating`      | two sides as numbers over the same positions                         |
"""

from backprop.derivations.meaning.declare.definitions import assume, with_slack
from backprop.derivations.meaning.declare.equating import check_known
from backprop.derivations.meaning.declare.moments import declare_randoms
from backprop.derivations.meaning.declare.statement import Claim, declare

__all__ = ["Claim", "assume", "check_known", "declare", "declare_randoms", "with_slack"]
