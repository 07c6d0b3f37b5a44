r"""TeX as a line of text, for explanations: \sum_{k} (x_{kj} - \bar{x}_j) → Σ_k (x_kj − x̄_j)."""

from __future__ import annotations

import re

from backprop.derivations.reading.commands import GREEK

ACCENTS = {"bar": "\u0304", "hat": "\u0302", "tilde": "\u0303", "vec": "\u20d7", "dot": "\u0307"}
WORDS = {
    "sum": "Σ",
    "prod": "Π",
    "partial": "∂",
    "cdot": "·",
    "odot": "⊙",
    "top": "⊤",
    "times": "×",
    "le": "≤",
    "ge": "≥",
    "ne": "≠",
    "neq": "≠",
    "cdots": "⋯",
    "dots": "…",
    "ldots": "…",
    "infty": "∞",
    "nabla": "∇",
    "because": "∵",
    "therefore": "∴",
    **GREEK,
}
GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"


def plain(text: str) -> str:
    """`text` with the TeX in it written with letters; what is not known stays as it is."""
    text = re.sub(r"\\(?:left|right|[Bb]ig+[lr]?|,|;|!|quad|qquad)(?![A-Za-z])", " ", text)
    text = re.sub(r"\\partial(?![A-Za-z])\s*", "∂", text)
    text = re.sub(
        r"\\(?:mathrm|operatorname|mathbf|text|boldsymbol|mathbb)\s*" + GROUP, r"\1", text
    )
    text = re.sub(
        r"\\(bar|hat|tilde|vec|dot)\s*(?:\{(\\?\w+)\}|(\w))",
        lambda m: (m[2] or m[3]) + ACCENTS[m[1]] if len(m[2] or m[3]) == 1 else m[0],
        text,
    )
    for _ in range(4):  # from the inside out
        text = re.sub(
            r"\\[dt]?frac\s*" + GROUP + r"\s*" + GROUP,
            lambda m: f"{_bracketed(m[1])}/{_bracketed(m[2])}",
            text,
        )
    text = re.sub(r"\\sqrt\s*" + GROUP, r"√(\1)", text)
    text = re.sub(r"([_^])\{(\w+)\}", r"\1\2", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda m: WORDS.get(m[1], m[0]), text)
    text = re.sub(r"\\([A-Za-z]+) ", lambda m: m[1] + " ", text)
    text = re.sub(r"(?<= )-(?=[ ，])", "−", text)  # a sign by itself, also before a Chinese comma
    return " ".join(text.replace("\\\\", " ").split())


def _bracketed(part: str) -> str:
    part = part.strip()
    return f"({part})" if re.search(r"(?<!^)[+\-]| \S", part) else part
