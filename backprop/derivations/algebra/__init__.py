"""Terms brought to one form that holds for all sizes: equal things become equal, where it can be.

| module        | its job                                                               |
| ------------- | --------------------------------------------------------------------- |
| `atoms`       | what is computed with: nested tuples, equal where things are equal    |
| `polynomials` | sums of products of atoms: powers, roots, exp and log                 |
| `sums`        | sums over indices: ranges, bound names, cases                         |
| `calculus`    | derivatives by rule, on terms                                         |
| `matching`    | finds the left sides of assumptions in atoms                          |
| `normal`      | terms → normal form                                                   |
| `zero`        | is a normal form zero? by SymPy if there are roots                    |
"""
