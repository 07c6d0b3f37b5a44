"""What is found out about a row: by numbers, by proof, and what would repair it.

| module      | its job                                                                  |
| ----------- | ------------------------------------------------------------------------ |
| `values`    | numbers with named axes                                                  |
| `sample`    | random sizes and numbers                                                 |
| `evaluate`  | terms as numbers, a function a kind                                      |
| `steps`     | derivatives by complex step                                              |
| `scope`     | the values of symbols; how much of a definition counts                   |
| `satisfy`   | a sample moved onto the assumptions: a random instance                   |
| `compare`   | both sides at an instance, and where they differ most                    |
| `instances` | both sides of a row at random instances, how far apart                   |
| `citing`    | how much of each definition a row may use                                |
| `proof`     | a row for all sizes: how much of the definitions it takes                |
| `residue`   | left − right, printed                                                    |
| `edits`     | single changes of a row: the repair search, and mutants for the tests    |
| `repair`    | what is left of a wrong row, and the change that repairs it              |
| `rows`      | row after row, side after side                                           |
| `verify`    | a derivation → verdicts                                                  |
| `code`      | formulas against code                                                    |
"""
