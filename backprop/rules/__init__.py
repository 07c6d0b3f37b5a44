"""The table: one operation a row, its forward and its backward as text.

A row is what gets executed, printed, drawn and typeset:

    rule("subtract", "x, y", "x - y", x="dz", y="-dz", symbol="−")

- The second column is the operation's signature, in numpy's own parameter names. A
  parameter that has a backward is an operand; the others are options.
- The third is the forward. An option that has its default is left out of the printed call.
- Then one text an operand: its gradient, from `dz` (the upstream gradient), the parameters
  and `z` (the result). What broadcasting adds (`np.sum(…, axis=0)`) is not the row's
  business: the writer sums whatever is bigger than the operand.
- Texts are numpy, plus the few words of `backprop.writer.words`: `keep(dz)` puts back the
  axes that a reduction removed, `count(x)` is how many entries it reduced, `shape(x)` and
  `length(x, axis)` name a length after an input, …
- A text that is a statement (`dx[key] += dz`) is run on a `dx` of zeros.

Further columns:

- `when`: a condition on the operands (`"x.ndim == 2"`); the first row of that operation
  whose condition holds is taken.
- `lazy`: the texts work entry by entry, so `dz` may be smaller than `z` where broadcasting
  completes it later.
- `complex`: the forward for the complex step where it differs from `forward` (`abs` has to
  look at the real part), or False where numpy has no complex version.
- `kink`: which piece of the function we are on; where it changes there is no derivative.
- `singular`: single points where the rule has none: a root at 0, the norm of zeros.
- `axes`: how the axes of `z` follow from those of the operands (see `backprop.graph.axes`).
- `view`: numpy returns a view, so writing to `z` writes to `x`.
- `symbol`: for drawings.
"""

from backprop.rules import algebra, elementwise, indexing, reductions, shaping  # fill the table
from backprop.rules.table import TABLE, lookup, missing, rule

__all__ = [
    "TABLE", "algebra", "elementwise", "indexing", "lookup", "missing", "reductions", "rule",
    "shaping",
]  # fmt: skip
