"""MathML as a line of text, for titles, tables of contents and links: ∂out/∂x_ij."""

from __future__ import annotations

import re
import unicodedata
from xml.etree import ElementTree

# How one line of text shows what MathML shows in two dimensions.
_LINEAR = {
    "mfrac": "{0}/{1}",
    "mroot": "√[{1}]{0}",
    "msub": "{0}_{1}",
    "munder": "{0}_{1} ",
    "msup": "{0}^{1}",
    "mover": "{0}^{1}",
    "msubsup": "{0}_{1}^{2}",
    "munderover": "{0}_{1}^{2} ",
}
_INVISIBLE = dict.fromkeys(map(ord, "\u2061\u2062\u2063\u2064"))


def linear(mml: str) -> str:
    """MathML as a line of text."""
    text = _linear(ElementTree.fromstring(mml))
    return " ".join(text.translate(_INVISIBLE).split())


def _linear(element: ElementTree.Element) -> str:
    tag = element.tag.rpartition("}")[2]
    parts = [_linear(child) for child in element]
    if tag in _LINEAR and len(parts) > 1:
        parts = [part.strip() for part in parts]
        if tag == "mfrac":
            parts = [f"({p})" if re.search(r"[\s+−·,/-]", p) else p for p in parts]
        if tag == "mover" and len(parts[1]) == 1 and not parts[1].isalnum():
            return _accent(parts[0], parts[1])
        return _LINEAR[tag].format(*parts)
    if tag == "msqrt":
        inner = "".join(parts)
        return f"√({inner})" if len(inner) > 1 else f"√{inner}"
    if tag == "mtr":
        return " ".join(parts) + "; "
    text = "".join(parts) if parts else (element.text or "")
    # Relations and sums need air; signs inside an index do not.
    return f" {text} " if tag == "mo" and unicodedata.category(text[:1] or " ") == "Sm" else text


def _accent(base: str, mark: str) -> str:
    combining = {"¯": "\u0304", "―": "\u0304", "^": "\u0302", "~": "\u0303", "→": "\u20d7"}
    return unicodedata.normalize("NFC", base + combining[mark]) if mark in combining else base
