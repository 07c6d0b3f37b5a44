"""From Markdown to trees: what is written, before anybody asks what it means.

| module     | its job                                                                  |
| ---------- | ------------------------------------------------------------------------ |
| `find`     | blocks and formulas in Markdown, with lines                              |
| `lines`    | the rows of a displayed formula, and the equations in them               |
| `commands` | the TeX commands that are read, and what else people write for them      |
| `lexer`    | TeX → tokens: a table of what each command is read as; `scanner` moves   |
| `remarks`  | words and wide spaces in a formula: a remark, or mathematics             |
| `tree`     | tokens → tree (`grammar.lark`)                                           |
| `plain`    | TeX as a line of text, for explanations                                  |
"""
