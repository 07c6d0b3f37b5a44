r"""MathJax at build time: a plugin for MkDocs that needs no script on any page.

```yaml
plugins:
  - backprop/mathematics:
      macros:                      # optional
        R: "\\mathbb{R}"
        d: ["\\frac{d#1}{d#2}", 2]
      extensions: [physics]        # optional: TeX extensions that MathJax ships
```

What an author may write is in `finder`; every mistake fails the build, with file and line, and is
shown in the page by `mkdocs serve`. Macros that a page defines (`\newcommand`) hold for the rest of
that page, equation numbers and labels for the page.

The way of a formula:

| module       | its job                                                                       |
| ------------ | ----------------------------------------------------------------------------- |
| `finder`     | finds formulas in Markdown, before anything else of Markdown sees them        |
| `locate`     | says on which line of the file a formula stands                               |
| `typeset`    | a page of formulas → markup; numbers, labels, references                      |
| `linear`     | a formula as a line of text, for titles                                       |
| `engine`     | the Node process with MathJax (`engine.mjs`), and how to find both            |
| `shared`     | one such process for two languages that are built side by side                |
| `cache`      | formulas typeset before; a build that needs no new one starts no process      |
| `page`       | the HTML of a page; reports formulas that are wrong or were not recognised    |
| `markup`     | final HTML: glyphs for the eye, MathML for the ear, TeX for copying           |
| `stylesheet` | the rules and glyphs in use, as one style sheet with its fonts                |
| `words`      | what readers are told, in their language                                      |
| `plugin`     | MkDocs' events                                                                |

**For other plugins.** A plugin that wants to see, change or annotate formulas appends a function to
`transforms` of this one, in its `on_config` (with a priority below 90) or `on_files`:

```python
from backprop.site.mathematics.page import Annotated, Where

def transform(tex: str, where: Where) -> str | Annotated:
    # where.path, where.line (of the file, from 1, or None), where.display
    return Annotated(tex, {0: "<span>∎</span>", 2: "<span>✓</span>"})

config.plugins["backprop/mathematics"].transforms.append(transform)
```

It is called once for each formula of each page, in the order in which a reader meets them, before
typesetting (and again for a post's excerpt). What it returns is typeset; the marks stand in a
column to the right of the rows of the outermost table (`align*`, `aligned`, …), numbered from 0;
they are not hidden from screen readers, and may be focusable. `markup.rows` finds the rows.
"""
