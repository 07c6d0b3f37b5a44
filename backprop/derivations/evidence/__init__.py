r"""What is found out about a row: by numbers, by proof, and what would repair it.

| module        | its job                                                               |
| ------------- | --------------------------------------------------------------------- |
| `values`      | numbers with named axes                                               |
| `sample`      | random sizes and numbers                                              |
| `evaluate`    | terms as numbers, a function a kind                                   |
| `steps`       | derivatives by complex step                                           |
| `scope`       | the values of symbols; how much of a definition counts                |
| `satisfy`     | a sample moved onto the assumptions: a random instance                |
| `compare`     | both sides at an instance, and where they differ most                 |
| `digits`      | numbers of many digits                                                |
| `precise`     | both sides in many digits                                             |
| `equation`    | two sides of a row as one equation                                    |
| `instances`   | random instances, each drawn once; how far apart two sides are there  |
| `hidden`      | what doubles do not show                                              |
| `sides`       | the sides of a row, read, and set equal over the same indices         |
| `subjects`    | what a side is about: derivatives, their symbols, sizes               |
| `levels`      | how much of each definition a step may use                            |
| `written`     | definitions that a row writes out                                     |
| `account`     | what was cited; whether a step holds with it                          |
| `assumptions` | which premises a row needs, whether bounds are kept                   |
| `beyond`      | differences that ordinary samples do not show                         |
| `edges`       | where comparisons of numbers turn                                     |
| `lines`       | between, behind and at such places, as far as numbers go              |
| `extents`     | the same of comparisons of lengths                                    |
| `rounding`    | whether a gap is one of rounding                                      |
| `blur`        | how far expectations may be off                                       |
| `estimates`   | inequalities, at the worst numbers that a search finds                |
| `orders`      | equations up to O(h^k): how fast the gap shrinks                      |
| `proof`       | a row for all sizes: how much of the definitions it takes             |
| `residue`     | left − right, printed                                                 |
| `edits`       | single changes of a row: the repair search, and mutants for the tests |
| `repair`      | what is left of a wrong row, and the change that repairs it           |
| `relation`    | a row taken apart at its signs                                        |
| `conditions`  | where a row holds: … , x > 0                                          |
| `rows`        | row after row, side after side: the verdicts, with all of the above   |
| `conclusions` | rows that follow from the one before: \implies, \iff                  |
| `divisors`    | what a conclusion divides by, and whether that may vanish             |
| `prose`       | what the formulas in the prose declare, assume and claim              |
| `ties`        | formulas that the prose sets equal to code                            |
| `verify`      | a derivation → verdicts                                               |
| `code`        | formulas against code                                                 |
| `inside`      | what of it runs in the process of the page                            |
| `links`       | which gradient of the code a row is about                             |
"""
