"""What was found out about the rows of a derivation. Needs no numpy and no SymPy, so that a
build that finds everything in the cache loads neither."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from backprop.derivations.problems import Problem

PROVED, CHECKED, WAIVED = "proved", "checked", "waived"
UNDERIVED = "underived"  # right, but by a definition that nobody has named
UNCHECKED, WRONG = "unchecked", "wrong"
STATUSES = (PROVED, CHECKED, WAIVED, UNDERIVED, UNCHECKED, WRONG)


@dataclass(frozen=True)
class Difference:
    """Two sides at one instance: how far apart, and where, for the message."""

    error: float  # relative to the larger side
    left: float
    right: float
    at: dict[str, int]
    sizes: dict[str, int]
    base: int = 1  # what the author counts from
    gap: str = ""  # right − left, where doubles do not show it


@dataclass(frozen=True)
class Gradient:
    """A gradient that a row and the code have in common."""

    function: str  # whose backward pass computes it
    name: str
    tex: str  # what the row calls it
    given: str = ""  # where the row has the factor alone that takes this gradient to `name`


@dataclass
class Verdict:
    """What was found out about one row (or declaration that could not be read)."""

    line: int
    text: str
    status: str
    lead: str = ""
    problem: Problem | None = None
    difference: Difference | None = None
    sizes: tuple[str, ...] = ()  # the sizes that matter to the row
    residue: str = ""
    repair: dict[str, str] | None = None  # language -> the change
    instances: int = 0
    error: float | None = None  # relative: how far sampled expectations may be off
    by: tuple[str, ...] = ()  # symbols whose definitions the row uses at once, and says so
    assumed: tuple[str, ...] = ()  # the assumptions that the row needs
    cited: tuple[str, ...] = ()  # symbols whose definitions this row makes usable
    opaque: tuple[str, ...] = ()  # symbols that stood for any function
    spans: tuple[tuple[str, str], ...] = ()  # how sums without brackets were read
    independent: tuple[tuple[str, str], ...] = ()  # (out, C): out is not defined through C
    place: str = ""  # the part of the formula that is not read, with what stands around it
    reason: str = ""  # of a waiver
    expression: str = ""  # % check: what was verified in place of the row
    code: str = ""
    sides: tuple[str, str] = ("", "")
    sign: str = "="  # between the sides
    direct: bool = False  # ∂ was read with the other named quantities held fixed
    kind: str = "row"  # row, declaration, code
    display: int = -1  # which formula of the derivation, and which row of it
    number: int = -1
    gradient: Gradient | None = None

    @property
    def ok(self) -> bool:
        return self.status in (PROVED, CHECKED, WAIVED)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        """The inverse of `to_json`; TypeError or KeyError if it is none."""
        data = dict(data)
        if data["problem"] is not None:
            data["problem"] = Problem(**data["problem"])
        if data["difference"] is not None:
            data["difference"] = Difference(**data["difference"])
        if data["gradient"] is not None:
            data["gradient"] = Gradient(**data["gradient"])
        for name in ("by", "assumed", "cited", "opaque", "sizes", "sides"):
            data[name] = tuple(data[name])
        for name in ("spans", "independent"):
            data[name] = tuple((a, b) for a, b in data[name])
        return cls(**data)


@dataclass(frozen=True)
class Premise:
    """An equation that the prose assumes."""

    line: int
    text: str
    display: int = -1  # which formula of the derivation


@dataclass
class Report:
    """A derivation, what it assumes, and its verdicts."""

    title: str
    line: int
    verdicts: list[Verdict] = field(default_factory=list)
    assumed: list[Premise] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(v.ok for v in self.verdicts)
