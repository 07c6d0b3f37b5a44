"""How wide a text is, without a font at hand.

A reader's browser picks the font, so the table holds, for each character, the widest advance
among the fonts that the drawing's font stack usually meets (Helvetica and its metric twins,
Noto Sans, DejaVu Sans), rounded up to 5 % of the font size. A drawing may therefore leave a
little more room than a text needs, and never less.
"""

import unicodedata

# Advance width in percent of the font size: the characters that have it.
_ADVANCE = {
    30: "'IijlΙΪ′·",
    35: " ,.:;|ίι",
    40: "()-/[\\]ftᵀ⌊⌋⌈⌉",
    45: "!r²³⁴ˣ",
    50: '"*',
    55: "Jcszέεζϵ",
    60: "?L_kvxyΓΰγκλνξςυχ",
    65: "$0123456789FT`abdeghnopqu{}ΞΣΤήβδηθμορστϑ∘√",
    70: "ABEKPSVXYZΑΒΔΕΖΚΛΡΥΧΫάαπϕ",
    75: "CNRUΝ",
    80: "&DGHOQΗΘΟΠΩφψ",
    85: "#+<=>^w~ΦΨω−¬×÷≤≥≠→←",
    90: "MΜ",
    100: "%Wm",
    105: "@…",
}
_WIDTH = {character: percent / 100 for percent, row in _ADVANCE.items() for character in row}


def _advance(character: str) -> float:
    known = _WIDTH.get(character)
    if known is not None:
        return known
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0.0
    wide = unicodedata.east_asian_width(character)
    if ord(character) >= 0x1F000:  # emoji
        return 1.4
    return 1.0 if wide in "WFA" else 0.85


def text_width(text: str, size: float) -> float:
    """The width in pixels that ``text`` needs at most, at a font size of ``size`` pixels."""
    return sum(map(_advance, text)) * size
