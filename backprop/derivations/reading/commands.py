"""The TeX commands that are read, by what they are; what else people write for them.

A command that stands in none of these tables is refused, with what was perhaps meant.
"""

from __future__ import annotations

from backprop.common.spelling import nearest

GREEK = dict(
    zip(
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "varepsilon",
            "zeta",
            "eta",
            "theta",
            "vartheta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "pi",
            "rho",
            "sigma",
            "tau",
            "upsilon",
            "phi",
            "varphi",
            "chi",
            "psi",
            "omega",
            "Gamma",
            "Delta",
            "Theta",
            "Lambda",
            "Xi",
            "Pi",
            "Sigma",
            "Upsilon",
            "Phi",
            "Psi",
            "Omega",
            "ell",
        ],
        "αβγδεεζηθϑικλμνξπρστυφφχψωΓΔΘΛΞΠΣΥΦΨΩℓ",
        strict=True,
    )
)
FUNCTIONS = frozenset(
    "\\" + n
    for n in ["exp", "log", "ln", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "det"]
)
NAMED = {  # functions written as words; those of the table FUNCTIONS are commands
    "exp": "exp",
    "log": "log",
    "ln": "log",
    "tanh": "tanh",
    "sign": "sign",
    "sgn": "sign",
    "abs": "abs",
    "diag": "diag",
    "tr": "tr",
    "Tr": "tr",
    "trace": "tr",
    "sin": "sin",
    "cos": "cos",
    "max": "max",
    "min": "min",
    "det": "det",
}
BIG = frozenset({"\\sum", "\\prod", "\\max", "\\min"})
OTHER_SYMBOLS = frozenset(
    {
        "\\partial",
        "\\nabla",
        "\\int",
        "\\top",
        "\\intercal",
        "\\infty",
        "\\ast",
        "\\star",
        "\\dagger",
    }
)
STARS = {"\\ast": "*", "\\star": "*", "\\dagger": "\\dagger"}  # parts of names: w^*
OPERATORS = {
    "\\cdot": "\\cdot",
    "\\times": "\\times",
    "\\odot": "\\odot",
    "\\circ": "\\odot",
    "/": "/",
}
RELATIONS = {
    "=": "=",
    "\\equiv": "=",
    "\\ne": "!=",
    "\\neq": "!=",
    "<": "<",
    ">": ">",
    "\\lt": "<",
    "\\gt": ">",
    "\\le": "<=",
    "\\leq": "<=",
    "\\ge": ">=",
    "\\geq": ">=",
    "\\approx": "~",
    "\\propto": "prop",
    "\\sim": "sim",
    "\\mid": "|",
    "\\parallel": "||",
    "\\in": "in",
    "\\to": "to",
    "\\rightarrow": "to",
    "\\mapsto": "to",
    "\\coloneqq": ":=",
    "\\triangleq": ":=",
    "\\colon": ":",
}
DOTS = frozenset({"\\cdots", "\\dots", "\\ldots", "\\vdots", "\\ddots", "\\dotsb", "\\dotsc"})
FONTS = frozenset(
    "\\" + n
    for n in ["mathbf", "mathbb", "mathcal", "boldsymbol", "bm", "mathsf", "mathfrak", "mathscr"]
)
UPRIGHT = frozenset({"\\mathrm", "\\operatorname", "\\mathit", "\\text", "\\textrm", "\\textit"})
ACCENTS = frozenset(
    "\\" + n
    for n in [
        "bar",
        "hat",
        "tilde",
        "vec",
        "dot",
        "overline",
        "widehat",
        "widetilde",
        "check",
        "breve",
    ]
)
FRACTIONS = frozenset({"\\frac", "\\dfrac", "\\tfrac"})
SPACING = frozenset(
    "\\" + n
    for n in [
        ",",
        ";",
        ":",
        "!",
        "displaystyle",
        "textstyle",
        "limits",
        "nolimits",
        "middle",
        "nonumber",
        "notag",
        "thinspace",
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "biggl",
        "biggr",
        "Biggl",
        "Biggr",
    ]
) | {"\\ "}
GAPS = frozenset({"\\quad", "\\qquad"})
OPEN = {"(": "(", "[": "[", "\\{": "{", "\\lbrace": "{", "\\lbrack": "[", "\\langle": "<"}
CLOSE = {")": "(", "]": "[", "\\}": "{", "\\rbrace": "{", "\\rbrack": "[", "\\rangle": "<"}
MATRICES = frozenset({"matrix", "bmatrix", "pmatrix", "smallmatrix", "array", "cases"})


# What people write for something that is read.
INSTEAD = {
    "\\tr": "\\operatorname{tr}",
    "\\Tr": "\\operatorname{tr}",
    "\\diag": "\\operatorname{diag}",
    "\\sign": "\\operatorname{sign}",
    "\\sgn": "\\operatorname{sgn}",
    "\\lg": "\\log",
    "\\d": "\\mathrm{d}",
    "\\diff": "\\mathrm{d}",
    "\\R": "\\mathbb{R}",
    "\\trans": "\\top",
    "\\T": "\\top",
    "\\hadamard": "\\odot",
    "\\norm": "\\|x\\|",
    "\\abs": "|x|",
    "\\over": "\\frac{a}{b}",
    "\\cfrac": "\\frac",
    "\\mathds": "\\mathbb",
    "\\pmb": "\\boldsymbol",
}
# What says more than a row can verify: a problem of its own each.
REFUSED = {
    "\\arg": "extreme-point",
    "\\argmin": "extreme-point",
    "\\argmax": "extreme-point",
    **dict.fromkeys(("\\lfloor", "\\rfloor", "\\lceil", "\\rceil"), "rounded"),
    "\\eqref": "reference",
    "\\ref": "reference",
    "\\cref": "reference",
}


def instead_of(command: str) -> str:
    r"""(\frac ?)" for \\fraq: the command that is read and was perhaps meant."""
    if command in INSTEAD:
        return f" ({INSTEAD[command]} ?)"
    known = [*FUNCTIONS, *BIG, *OTHER_SYMBOLS, *OPERATORS, *RELATIONS, *DOTS, *FONTS, *UPRIGHT]
    known += [*ACCENTS, *FRACTIONS, *GAPS, "\\sqrt", *(f"\\{g}" for g in GREEK)]
    close = nearest(command, known, 0.8) if len(command) > 3 else ""
    return f" ({close} ?)" if close else ""
