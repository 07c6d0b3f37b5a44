"""A handwritten backward against the truth: the first wrong variable, and what is wrong.

check ──► points      the arguments, the forward run there, its cache, a random dout
      ──► truth       every gradient and partial at a point, and what follows from them
      ──► recorder    the backward run with every assignment written down
      ──► judge       which variable is the first wrong one: corrections, simplest first
      ──► compare     variables by name; what only an identity makes right
      ──► report      the same in words, two languages; hints is the table of kinds
"""

from backprop.checker.check import check
from backprop.checker.report import Mistake, Report, Row

__all__ = ["Mistake", "Report", "Row", "check"]
