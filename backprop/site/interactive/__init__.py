"""Python in the page: readers run, change and check code in the browser (`backprop/interactive`).

Nothing is loaded before a reader's first tap, nothing is sent anywhere, no server is needed.

    page ── tap ──► the page's script ── files of the engine, in bytes, kept ──► a worker of its own
                     (assets/page)          (Pyodide, numpy, this package)        (assets/worker.js)
                                                                                       │
                                                                              backprop/desk (Python)

| module | job |
| --- | --- |
| `sources.py` | where numpy for the browser comes from |
| `pack.py` | what the page fetches: the engine and the scripts, compressed, named by content |
| `compiled.py` | Python, numpy and this package, compiled by the page's own Python in Node |
| `archive.py` | `backprop` itself, as far as the page needs it |
| `examples.py` | what the page to hand in starts from: layers, right and with a typical mistake |
| `handin.py` | the page to hand in, as a reader without scripts sees it |
| `plugin.py` | the events of MkDocs |
| `words.py` | what readers see, in each language |
| `../../desk/` | the Python that answers in the worker |
| `assets/` | the scripts; `boot.js` is all that an untouched page carries |

The engine is fetched once, by `python -m backprop.site.interactive`. Without it a site is built
that has no buttons.

Options: `check` (the page to hand in, `check.md`; empty: none) and `seconds` (the time limit of a
run, 30).
"""

from backprop.site.interactive.plugin import InteractivePlugin

__all__ = ["InteractivePlugin"]
