"""Pages that are fast, accessible, and closed to third parties: the plugin `backprop/pages`.

Works on the pages as Material renders them, in any MkDocs project that uses Material:

| module | job |
| --- | --- |
| `mends.py` | faults of the theme's own pages for screen readers, mended |
| `metadata.py` | Open Graph and JSON-LD, for messengers and search engines |
| `cards.py` | the picture of each page for messengers, drawn from its own diagram |
| `byline.py` | the line below a post's title |
| `reading.py` | reading time, and a description where the author wrote none |
| `far.py` | how high code is, so that what is far away is laid out later |
| `policy.py` | the Content-Security-Policy of the site, and what it would refuse |
| `styles.py` | one stylesheet of the rules that the site uses |
| `scripts.py` | when scripts start: ours when the page is there, Material's when it is needed |
| `assemble.py` | what can only be done when all pages are written |
| `words.py` | what readers see, in each language |
| `plugin.py` | the events of MkDocs |

`mkdocs serve` leaves out `assemble.py`, so that it stays quick and can reload pages.

Options: `allow` (origins such as `https://media.example.org` that pages may load from),
`content_security_policy`, `one_stylesheet`, `late_scripts`, `reading_time`, `cards` (each true or
false), and
`run`, the command that executes a page's code, such as `pytest {path}`.
"""

from backprop.site.pages.plugin import PagesPlugin

__all__ = ["PagesPlugin"]
