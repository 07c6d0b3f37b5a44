r"""Derivations whose every row is verified: proved for all sizes, checked, or openly not checked.

**How an author writes.** A block between `/// derivation | Title` and `///`. In it, *formulas in
the prose declare, displayed formulas derive*:

    /// derivation | The variance of each column
    Let $x \in \mathbb{R}^{n \times d}$ with the mean $\bar{x}_j = \frac{1}{n} \sum_k x_{kj}$
    and the variance $v_j = \frac{1}{n} \sum_k (x_{kj} - \bar{x}_j)^2$.

    $$
    \begin{align*}
    \frac{d v_j}{d x_{ij}}
      &= \frac{2}{n} \Bigl( (x_{ij} - \bar{x}_j)
         - \sum_k (x_{kj} - \bar{x}_j) \frac{d \bar{x}_j}{d x_{ij}} \Bigr) \\
    \because & \sum_k (x_{kj} - \bar{x}_j) = 0 \\
    \therefore & \frac{d v_j}{d x_{ij}} = \frac{2 (x_{ij} - \bar{x}_j)}{n}
    \end{align*}
    $$
    ///

Declarations hold from the block's beginning to its end; a block with the option
`continues: true` (an indented line below the first) goes on from the one before. What can be
declared is listed in `declare`. `$formula$ = ``code``` in the prose ties a formula to a function
of `backprop.layers` or of the page (`code`). A comment at the end of a row speaks to the checker
and is not shown: `% unchecked: reason` waives it, `% check: TeX` verifies another expression in
its place.

**What a row must do.** It must hold at random instances of several sizes where

- indices run over what their places in the declared shapes say; an index is bound by its sum or
  stands on both sides;
- a vector is a column; a derivative by a vector or matrix has its shape (vector by vector: the
  Jacobian, J_ij = ∂y_i/∂x_j);
- a derivative is total, through everything that depends on the symbol (∂ as well as d; only if
  a row adds up different paths and the rows of a block hold otherwise, ∂ holds the other named
  quantities fixed, throughout);
- a defined symbol is *any* function of what its definition names, until a row cites it: `\because`,
  or an equation … = 0, states a fact, which may be used from there on. By definition count only
  what the chain differentiates or is about, what a step brings in, and, where a step works a
  derivative out, that derivative.

The second line of defence is a proof for all sizes; without one a row is called checked.

Data flows through the rooms in this order, each a folder whose `__init__` says more:

| room        | its job                                                                        |
| ----------- | ------------------------------------------------------------------------------ |
| `reading`   | Markdown → rows → TeX → a tree of what is written; knows no symbols             |
| `meaning`   | the declarations; a tree → numbers over indices; refuses what reads in two ways |
| `algebra`   | a normal form for all sizes: sums over indices, derivatives by rule, zero       |
| `evidence`  | random instances, how much of a definition counts, proof, repair; verdicts      |

Beside them: `problems` (what can be said about a row), `verdicts` and `explain`, `page` (all
derivations of a page, with their `cache`), `python -m backprop.derivations FILE.md …`. Marks on
pages and MkDocs are the business of `backprop.site.derivations`.

    from backprop.derivations import describe, plain, verify
    for block, report in verify(markdown): …

`describe(verdict)` says it in lines of text and TeX, `plain(line)` writes the TeX with letters.
"""

from backprop.derivations.explain import describe
from backprop.derivations.page import verify_page as verify
from backprop.derivations.reading.plain import plain

__all__ = ["describe", "plain", "verify"]
