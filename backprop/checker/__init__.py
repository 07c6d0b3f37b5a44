"""`bp.check`: a handwritten backward against the truth, the first wrong variable named.

check ──► judging     the points, the recorded run, who is to blame and why
      ──► variables   by name, where the results are right; identities: what only they make right
      ──► report      the same in words (words, prose), two languages
"""

from backprop.checker.check import check
from backprop.checker.report import Mistake, Report, Row

__all__ = ["Mistake", "Report", "Row", "check"]
