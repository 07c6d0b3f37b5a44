"""The Python that answers a reader in the page: from a request to an answer, both plain data.

It stands where the command line stands, on top of the package, and knows nothing of browsers:
`answer` gives the same in any Python that has numpy (and Pygments, for figures). The plugin
`backprop/interactive` packs it for the page, with all that it imports.

| module | job |
| --- | --- |
| `answer.py` | where requests arrive |
| `handin.py` | a forward and a backward, judged |
| `program.py` | a page's program up to a fence, and that fence as it was changed |
| `graphs.py` | the figure of a graph made anew |
| `exercises.py` | what stands in the gap of an exercise, judged |
| `reader.py` | a reader's code: run, and what went wrong in it |
| `afresh.py` | what a run changed, put back behind it |
| `stream.py` | what a program prints |
| `words.py` | what is said, in each language |
"""

from backprop.desk.answer import answer

__all__ = ["answer"]
