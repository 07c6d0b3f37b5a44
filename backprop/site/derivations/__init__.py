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

| module     | its job                                                                         |
| ---------- | ------------------------------------------------------------------------------- |
| `find`     | blocks and formulas in Markdown, with lines                                     |
| `lines`    | the rows of a displayed formula, and the equations in them                      |
| `commands` | the TeX commands that are read                                                  |
| `lexer`    | TeX → tokens, by `scanner` along the TeX                                        |
| `reading`  | tokens → tree (`grammar.lark`); knows no symbols                                |
| `lengths`  | the lengths of axes, known or open                                              |
| `terms`    | what a formula means: numbers over indices                                      |
| `rewriting` | terms walked through and made anew                                             |
| `world`    | what is declared                                                                |
| `remarks`  | words and wide spaces in a formula: what is a remark, what is mathematics       |
| `statements` | the formulas of the prose, cut into statements                                |
| `declare`  | the declarations in the prose                                                   |
| `meaning`  | tree → terms; refuses what can be read in two ways                              |
| `arrays`   | shapes, products, transposes                                                    |
| `values`   | numbers with named axes                                                         |
| `sample`   | random sizes and numbers                                                        |
| `evaluate` | terms as numbers                                                                |
| `steps`    | derivatives by complex step                                                     |
| `scope`    | the values of symbols; how much of a definition counts                          |
| `numeric`  | both sides at a random instance, where the assumptions hold                     |
| `atoms`, `polynomials` | what is computed with, and how: powers, exp, log                    |
| `algebra`  | a normal form for sums over indices                                             |
| `calculus` | derivatives by rule                                                             |
| `normal`   | terms → normal form; `matching` finds the sums of assumptions                   |
| `zero`     | is a normal form zero? by SymPy if there are roots                              |
| `proof`    | a row for all sizes: how much of the definitions it takes                       |
| `residue`  | left − right, printed                                                           |
| `edits`    | single changes of a row: the repair search, and mutants for the tests           |
| `instances` | both sides of a row at random instances, how far apart                         |
| `citing`   | how much of each definition a row may use                                       |
| `repair`   | what is left of a wrong row, and the change that repairs it                     |
| `rows`     | row after row, side after side                                                  |
| `verify`   | a derivation → verdicts (`verdicts`, told by `explain`, in `problems`' words)   |
| `code`     | formulas against code                                                           |
| `page`     | all derivations of a page, with the `cache`                                     |
| `blocks`, `marks`, `plain`, `plugin` | the section, the marks beside its rows, MkDocs       |
| `__main__` | `python -m backprop.site.derivations FILE.md …`                                 |
"""
