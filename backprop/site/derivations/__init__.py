"""Verified derivations on a page of MkDocs: a section, a mark beside each row, a legend.

What is verified, and how derivations are written: see `backprop.derivations`, which knows nothing
of MkDocs. Here: `blocks` (the section, an extension of Python-Markdown), `marks` (what readers see
of the verdicts) and `plugin` (`backprop/derivations` in mkdocs.yml).
"""
