"""`backprop export`: the verified posts as plain Markdown, for whatever shows Markdown.

A generator that ignores MkDocs plugins shows `$$`, `/// derivation` and `{.python check=…}` as they
are written. Here a strict build makes the pages, every claim on them verified, and each page is
written down again as Markdown that needs no plugin: code and outputs in fences, formulas, graphs
and figures as SVG files, marks in words. So a post outlives the generator that it was written for.

| module | job |
| --- | --- |
| `build.py` | the strict build in a process of its own, and what it says of its pages |
| `posts.py` | which pages are written, where each goes, what links lead to |
| `page.py` | a page's HTML as Markdown; a table says what becomes of each kind of element |
| `ours.py` | what the plugins of this blog make: graphs, figures, rows, marks |
| `elements.py` | what an element of a page is, and says as a line of text |
| `text.py` | text, code and attributes that no dialect of Markdown takes for markup |
| `formulas.py` | formulas as pictures, whole or row by row |
| `drawings.py` | a drawing in a page as a file that stands on its own, in light and dark |
| `folder.py` | writing the files: all or none, and nothing that somebody else wrote |
| `words.py` | what is said in the exported posts, in each language |
"""
