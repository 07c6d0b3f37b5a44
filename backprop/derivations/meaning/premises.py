"""What the words before a formula of the prose make of it: a premise, a claim, a case.

Nothing is assumed in silence. An equation between names that are declared already is a premise
only where a word of the sentence says so; without one it is a claim, and has to hold by itself.
"""

from __future__ import annotations

import re

ASSUMED, LET, DEFINED = "assumed", "let", "defined"
CLAIMED, CASE, PLAIN = "claimed", "case", "plain"
PREMISES = (ASSUMED, LET)

# What the words say: (English, Chinese). The guide lists those of premises, in both languages.
WORDS = {
    ASSUMED: (
        "assume assumes assumed assuming suppose supposing given such_that so_that subject_to "
        "s.t. provided satisfy satisfies satisfied satisfying obey obeys require requires "
        "required constraint constraints constrained under setting equating",
        "假设 假定 给定 已知 满足 使得 约束 要求",
    ),
    LET: (  # a premise, unless the equation defines the name on its left
        "let with where choose chosen (?:\\A\\s*|we_|and_|then_|now_)set",
        "设(?!计|备|置) 其中 取(?!决|值) 令",
    ),
    DEFINED: (
        "define defines defined denote denotes write writes call put set is are "
        "compute computes output outputs",
        "定义 记 记作 称 写作 为 是",
    ),
    CLAIMED: (
        "recall note notice remember since because as so then thus hence therefore whence we_have "
        "know known follows follow implies imply gives yields becomes obtain get see clearly "
        "obviously of_course indeed identity fact holds",
        "回忆 回顾 注意 注意到 因为 由于 因此 所以 于是 从而 故 则 可得 得到 得 易知 知道 显然 即 "
        "有(?!关|时|些)",
    ),
    CASE: (
        "if when whenever unless in_case in_the_case case",
        "如果 若 当 假如 一旦 只要 除非",
    ),
}
INVERTIBLE = re.compile(
    r"(?<!not )(?<!non-)\b(?:invertible|non-?singular|positive[- ]definite|full[- ]rank)\b"
    r"|(?<!不)可逆|非奇异|(?<!半)正定|满秩",
    re.IGNORECASE,
)
RANDOM = re.compile(r"\brandom variables?\b|随机变量", re.IGNORECASE)
VARIES = re.compile(  # as functions of ☐; const does not depend on ☐
    r"(?:\bfunctions?\s+of|\bconstants?\s+(?:in|with\s+respect\s+to)|\bnot\s+depend\s+on"
    r"|\bup\s+to\s+(?:a\s+)?(?:constants?|factors?)\s+(?:in|that\s+do(?:es)?\s+not\s+depend\s+on))\s*☐"
    r"|(?:作为|看作|视为)\s*☐\s*的函数|(?:与|和)\s*☐\s*无关",
    re.IGNORECASE,
)
INDEPENDENT = re.compile(
    r"(?<!not )\b(?:independent|i\.?i\.?d\b)|(?<!不)(?:相互)?独立", re.IGNORECASE
)
_AND_MORE = re.compile(r"(?:\s*(?:and|,|、|和|与|，|及)\s*☐+)*")
_AND_BEFORE = re.compile(r"☐\s*(?:and|,|、|和|与|，|及)\s*$")
_LATIN = r"(?<![A-Za-z])(?:{})(?![A-Za-z])"


def _pattern() -> re.Pattern[str]:
    groups = []
    for role, (english, chinese) in WORDS.items():
        words = sorted(english.replace("s.t.", r"s\.t\.").split(), key=len, reverse=True)
        latin = _LATIN.format("|".join(w.replace("_", r"\s+") for w in words))
        others = "|".join(sorted(chinese.split(), key=len, reverse=True))
        groups.append(f"(?P<{role}>{latin}|{others})")
    return re.compile("|".join(groups), re.IGNORECASE)


_WORD = _pattern()


def role_of(words: str) -> str:
    """What the last telling word of `words`, a sentence up to a formula, makes of the formula."""
    role = PLAIN
    for hit in _WORD.finditer(words):
        role = hit.lastgroup or PLAIN
    return role


def nearby(before: str, after: str) -> str:
    """The words next to a formula, or to the list that it stands in."""
    more = _AND_MORE.match(after)
    behind = after[more.end() if more else 0 :].partition("☐")[0]
    return f"{before.rpartition('☐')[2]} ☐ {behind}"


def is_invertible(before: str, after: str) -> bool:
    """Do the words next to a formula call its matrices invertible?"""
    return bool(INVERTIBLE.search(nearby(before, after)))


def is_varied(before: str, after: str) -> bool:
    """Do they say that constants do not depend on its names?"""
    return bool(VARIES.search(nearby(before, after)))


def is_random(before: str, after: str, several: bool, alone: bool = False) -> bool:
    """Do they call its names random variables; of several, unless each is taken `alone`,
    independent ones?"""
    near = nearby(before, after)
    if alone:
        return bool(RANDOM.search(near))
    more = _AND_MORE.match(after)
    several = several or bool(more and more[0]) or bool(_AND_BEFORE.search(before))
    return bool(RANDOM.search(near) and (not several or INDEPENDENT.search(near)))
