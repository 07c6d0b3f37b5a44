"""Formulas tied to code: `$\\mathrm{var}_j$ = `variance(x)[j]`` in the prose of a derivation.

The code is run with the numbers of each random instance. It sees the declared symbols under
plain names (`\\hat{x}` is xhat, `\\gamma` gamma, `\\mathrm{dout}` dout, `\\epsilon` epsilon or
eps), the sizes and free indices as integers (indices from 0), numpy as np, what `backprop.layers`
exports, and what the Python fences of the page define.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import textwrap
from typing import Any

import numpy as np

from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import real
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.terms import Term
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.find import FENCE

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


def library() -> dict[str, Any]:
    import backprop
    from backprop import layers

    exported = {n: getattr(layers, n) for n in layers.__all__}
    return {"np": np, "numpy": np, "backprop": backprop, "bp": backprop, **exported}


def page_functions(markdown: str) -> dict[str, Any]:
    """What the Python fences of a page define; a fence that fails defines nothing."""
    space: dict[str, Any] = {"__name__": "page"}
    for code in fences(markdown):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            exec(compile(code, "page", "exec"), space)
    return space


def fences(markdown: str) -> list[str]:
    """The executed Python fences of a page."""
    found, lines, k = [], markdown.split("\n"), 0
    while k < len(lines):
        mark = FENCE.match(lines[k])
        k += 1
        if not mark:
            continue
        first = k
        while k < len(lines) and not lines[k].strip().startswith(mark["mark"]):
            k += 1
        words = mark["info"].strip().strip("{}").split()
        if words and words[0].lstrip(".") in ("python", "py", "python3"):
            info = mark["info"]
            if "notest" not in info and "raises" not in info and "check=" not in info:
                found.append(textwrap.dedent("\n".join(lines[first:k])))
        k += 1
    return found


def disagreement(
    term: Term, dims: dict[str, Dim], code: str, scope: Scope, space: dict[str, Any]
) -> str:
    """How formula and code differ at one instance; "" if they agree. Raises `Unreadable`."""
    world = scope.world
    full = tuple(scope.instance.length(d) for d in dims.values())
    value = real(np.broadcast_to(scope.of(term, dims).along(tuple(dims)), full))
    letters = [n for n in dims if n not in ("row", "col", "axis3", "axis4")]
    axes = [k for k, n in enumerate(dims) if n in letters]
    local = {**space, **names_of(world, scope)}
    for chosen in itertools.product(*(range(full[k]) for k in axes)):
        local.update(zip(letters, chosen, strict=True))
        place: list[Any] = [slice(None)] * len(full)
        for k, i in zip(axes, chosen, strict=True):
            place[k] = i
        wanted = value[tuple(place)]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                found = np.asarray(eval(code, dict(local)))
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise Unreadable("code-fails", found=code, why=why) from None
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
