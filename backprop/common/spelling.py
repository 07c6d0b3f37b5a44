"""What was perhaps meant by a word that is not known: every "did you mean" asks here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[object], alike: float = 0.6) -> str:
    """The known name that is most like a word, "" if none is.

    `alike`: how much of the two has to agree, from 0 to 1. Names are tried in order, so that the
    answer is the same for a set; the same letters in another order come before all others, and a
    word as it is written before the same in small letters.
    """
    names = sorted({str(name) for name in known})
    spellings = dict.fromkeys((word, word.lower()))
    for one in spellings:
        for name in names:
            if sorted(name) == sorted(one):
                return name
    for one in spellings:
        if close := difflib.get_close_matches(one, names, 1, alike):
            return close[0]
    return ""
