"""Formulas tied to code: `$\\mathrm{var}_j$ = `variance(x)[j]`` in the prose of a derivation.

The code is evaluated with the numbers of each random instance, in the page's own program: an
isolated process in which the fences of the page have run, once. It sees the declared symbols under
plain names (`\\hat{x}` is xhat, `\\gamma` gamma, `\\mathrm{dout}` dout, `\\epsilon` epsilon or
eps), the sizes and free indices as integers (indices from 0), numpy as np, what `backprop.layers`
exports, and what the Python fences of the page define.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from backprop.derivations.evidence import inside
from backprop.derivations.evidence.inside import packed, unpacked
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import real
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.terms import Term
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable
from backprop.program import cache
from backprop.program.execute import Executor
from backprop.program.page import Page, load
from backprop.program.runner import one_line
from backprop.program.session import Outcome, Session

SUFFIX = {"hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde"}


def plain_name(key: str) -> str:
    r"""A Python name for a declared one: \hat{x} → xhat, \sigma^{2} → sigma2, d_{k} → d_k."""
    hit = re.match(r"^\\(\w+)\{(.*)\}$", key)
    if hit and hit[1] in SUFFIX:
        return plain_name(hit[2]) + SUFFIX[hit[1]]
    if hit:
        return plain_name(hit[2])
    return re.sub(r"[^0-9A-Za-z_]", "", key.replace("'", "_prime"))


def names_of(world: World, scope: Scope) -> dict[str, Any]:
    """What the code may call by name at one instance."""
    found: dict[str, Any] = {}
    for key, symbol in world.symbols.items():
        axes = tuple(f"#{k}" for k in range(len(symbol.shape)))
        value = real(scope.get(key).along(axes)).copy()
        name = plain_name(key)
        found[name] = value if symbol.shape else value.item()
        if name in ("epsilon", "varepsilon"):
            found["eps"] = found[name]
    for alias, key in world.aliases.items():
        found[plain_name(alias)] = found[plain_name(key)]
    for size, length in scope.instance.sizes.items():
        found[plain_name(size)] = length
    return found


class PageCode:
    """Evaluates expressions behind the fences of a page. Starts nothing until it is asked.

    session: the page as it runs already, for whoever has it; else it runs here. Use as a context
    manager.
    """

    def __init__(
        self, markdown: str = "", path: Path | None = None, session: Session | None = None
    ):
        self.markdown = markdown
        self.path = path or Path.cwd() / "page.md"
        self.session = session
        self.failed: Unreadable | None = None
        self.remember: Callable[[list[str]], None] = lambda files: None  # told them at the end
        self._executor: Executor | None = None
        self._page: Page | None = None

    def __enter__(self) -> PageCode:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._executor is not None:
            if self.session is not None:
                self.session.close()
            self._executor.close()

    @property
    def page(self) -> Page:
        if self._page is None:
            found = self.session.page if self.session is not None else None
            root = project_of(self.path)
            self._page = found or load(self.path, root, text=self.markdown)
        return self._page

    def start(self) -> Session:
        """The page with all its fences run. Raises `Unreadable` if one of them fails."""
        if self.failed is not None:
            raise self.failed
        if self.session is None:
            self._executor = Executor(project_of(self.path), jobs=1)
            self.session = self._executor.session(self.page)
        for index, step in enumerate(self.page.executed):
            outcome = self.session.outcome(index)
            if outcome.error is not None:
                line = step.fence.first + (outcome.error["line"] or 0)
                why = _what(outcome)
                self.failed = Unreadable("fence-fails", line=line, why=why)
                raise self.failed
        return self.session

    def files(self) -> list[str]:
        """The files that the page has read; nothing can be asked of it after that."""
        own = self._executor is not None and self.session is not None
        return self.session.files() if own and self.session is not None else []

    def values(self, code: str, cases: list[dict[str, Any]]) -> list[Any]:
        """The value of an expression for each choice of names. Raises `Unreadable`."""
        request = {
            "runs": inside.__name__,
            "code": code,
            "cases": [{k: packed(v) for k, v in case.items()} for case in cases],
        }
        outcome = self.start().also(request)
        if outcome.error is not None:
            raise Unreadable("code-fails", found=code, why=_what(outcome))
        for value in outcome.values:
            if "error" in value:
                raise Unreadable("code-fails", found=code, why=value["error"])
        return [unpacked(value) for value in outcome.values]

    def graph(self, call: str, names: dict[str, Any]) -> dict[str, Any]:
        """The computation graph of a call: function, values, outputs, gradients and wires.
        Raises `Unreadable` where it cannot be traced or derived."""
        request = {
            "runs": inside.__name__,
            "code": call,
            "cases": [{k: packed(v) for k, v in names.items()}],
            "graph": True,
        }
        outcome = self.start().also(request)
        if outcome.error is not None or "error" in outcome.values[0]:
            raise Unreadable("code-fails", found=call, why=_what(outcome))
        graph: dict[str, Any] = outcome.values[0]
        graph["values"] = {name: unpacked(value) for name, value in graph["values"].items()}
        return graph


def program_key(page: Page) -> str:
    """Everything that the program of a page is known by before it runs, this package included."""
    digest = hashlib.sha256(cache.key(page).encode())
    for path in sorted(Path(__file__).parents[2].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _what(outcome: Outcome) -> str:
    return one_line(outcome.error) if outcome.error is not None else ""


def project_of(path: Path) -> Path:
    """The folder from which the code of a page imports: that of mkdocs.yml, above the page."""
    for folder in path.resolve().parents:
        if (folder / "mkdocs.yml").is_file():
            return folder
    here = Path.cwd()
    return here if path.resolve().is_relative_to(here) else path.resolve().parent


def disagreement(term: Term, dims: dict[str, Dim], code: str, scope: Scope, page: PageCode) -> str:
    """How formula and code differ at one instance; "" if they agree. Raises `Unreadable`."""
    full = tuple(scope.instance.length(d) for d in dims.values())
    value = real(np.broadcast_to(scope.of(term, dims).along(tuple(dims)), full))
    letters = [n for n in dims if n not in ("row", "col", "axis3", "axis4")]
    axes = [k for k, n in enumerate(dims) if n in letters]
    names = names_of(scope.world, scope)
    choices = list(itertools.product(*(range(full[k]) for k in axes)))
    cases = [{**names, **dict(zip(letters, chosen, strict=True))} for chosen in choices]
    for chosen, result in zip(choices, page.values(code, cases), strict=True):
        place: list[Any] = [slice(None)] * len(full)
        for k, i in zip(axes, chosen, strict=True):
            place[k] = i
        wanted, found = value[tuple(place)], np.asarray(result)
        where = ", ".join(f"{n} = {i}" for n, i in zip(letters, chosen, strict=True))
        at = f" ({where})" if where else ""
        if found.shape != wanted.shape:
            return f"{code}{at}: {found.shape} / {wanted.shape}"
        scale = max(float(np.max(np.abs(wanted), initial=0)), 1e-3)
        if not np.max(np.abs(found - wanted), initial=0) <= 1e-9 * scale:
            a, b = np.ravel(wanted), np.ravel(found)
            k = int(np.argmax(np.abs(a - b)))
            return f"{code}{at}: {a[k]:.6g} / {b[k]:.6g}"
    return ""
