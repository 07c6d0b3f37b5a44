"""A recording read in the light of the truth: what each value is."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cached_property
from typing import Any

import numpy as np

from backprop.judging.closeness import differs, lazy, telling, times
from backprop.judging.instrument import attribute, element, entries, keyed, repeated, text_of
from backprop.judging.recorder import Event, Recording
from backprop.judging.results import Found, Path, part_of
from backprop.judging.state import endings
from backprop.judging.trials import Trials

TRIVIAL = ("zeros", "zeros_like", "empty", "empty_like", "ones", "ones_like", "full", "full_like")


class Reading:
    """A recording at one of the points, and which of its values are recognised."""

    def __init__(self, trials: Trials, which: int, recording: Recording) -> None:
        self.trials = trials
        self.which = which
        self.truth = trials.truths[which]
        self.recording = recording
        self.events = recording.events
        self._known: dict[int, bool] = {}
        self._returned: list[int | None] | None = None
        # Whether to go by the names in a function that is called, too, if only once: to find
        # what makes results wrong, not to call anything wrong.
        self.trusting = False

    def own(self, event: Event) -> bool:
        """Whether a variable belongs to the backward itself, not to a function it calls."""
        function = self.trials.backward.function
        if function is None:
            return True
        if event.function in (function.__name__, self.recording.returned_in):
            return True
        return self.trusting and event.function in self._once

    @cached_property
    def _once(self) -> set[str]:
        """The functions that were called once."""
        calls = Counter((e.function, e.name) for e in self.events if e.kind == "parameter")
        return {function for function, _ in calls} - {f for (f, _), n in calls.items() if n > 1}

    @property
    def unit(self) -> float | None:
        """The upstream gradient of a single number, such as a loss."""
        douts = self.truth.point.douts
        return float(douts[0]) if len(douts) == 1 and douts[0].ndim == 0 else None

    @cached_property
    def units(self) -> list[float]:
        """What gradients are multiplied by later: the scalar dout; 1 / m, as right results show.

        `dZ2 = A2 - Y` and `dW2 = 1 / m * np.dot(dZ2, A1.T)`: where `dW2` is right, `dZ1` need not
        be divided by m either.
        """
        found = [] if self.unit is None else [self.unit]
        wrong = self.trials.wrong(self.which, self.recording.result)
        # What is 0, such as the gradient of a bias before a batchnorm, is right whatever came in.
        right = [
            i for n, i in enumerate(self.returned())
            if n not in wrong and i is not None and self.truth.is_something(n)
        ]  # fmt: skip
        if not wrong or not right:
            return found
        results = {self.truth.graph.differentiated[i].name for i in wrong}
        for index in sorted(self.ancestors(right)):
            event = self.events[index]
            if event.kind != "assign" or not self.substantial(event.value) or not self.own(event):
                continue
            for name in self.trials.names.exact(event.name):
                if name in results:  # `dW, db = …`, of which one is wrong, is one statement
                    continue
                want = self.truth.gradients[name]
                so_many = times(event.value, want, 0.0) if event.value.shape == want.shape else None
                if so_many is None or so_many < 0 or not telling(so_many, want.size):
                    continue
                if min(abs(so_many * unit - 1) for unit in (1, *found)) > 1e-9:
                    found.append(1 / so_many)
        return found

    def promises(self, event: Event) -> bool:
        """Whether a variable's name says which gradient it is."""
        names = self.trials.names
        if not self.own(event):
            return False
        if names.alike(event.name) or names.turned(event.name):
            return True
        return bool(names.partial_of(event.name))

    def named(self, event: Event) -> bool:
        """Whether a variable is the gradient that its name says, in a harmless shape."""
        names = self.trials.names
        if not self.own(event) or not isinstance(event.value, (np.ndarray, np.generic, float, int)):
            return False
        for name in names.alike(event.name):
            if self.is_gradient(event.value, self.truth.gradients[name]):
                return True
            if self._as_symmetric(event.value, name):
                return True
            if isinstance(event.value, np.ndarray):
                for unit in self.units:
                    if self.is_gradient(event.value * unit, self.truth.gradients[name]):
                        return True
        for name in names.turned(event.name):
            if self.is_gradient(event.value, self.truth.gradients[name].T):
                return True
        for name in names.partial_of(event.name):
            for (producer, _, _), partial in self.truth.partials.items():
                if producer == name and self.is_gradient(event.value, partial):
                    return True
        alike = names.alike(event.name)
        if alike and np.size(event.value) < max(self.truth.gradients[n].size for n in alike):
            entry = self.truth.library.find(event.value)  # in a loop: one row, one step in time
            return entry is not None and entry.what == "gradient" and entry.node in alike
        return False

    def symmetric(self, event: Event) -> bool:
        """Whether a variable is a gradient only as far as what it belongs to stays symmetric."""
        return any(
            self._as_symmetric(event.value, name)
            and not self.is_gradient(event.value, self.truth.gradients[name])
            for name in self.trials.names.alike(event.name)
        )

    def _as_symmetric(self, value: Any, name: str) -> bool:
        """Whether it is the gradient of a matrix as far as that stays symmetric.

        Of a covariance matrix, the textbook's `inv(K) - a aᵀ` and the triangle of which
        `np.linalg.cholesky` takes notice say the same of all that the matrix can become.
        """
        node, want = self.truth.graph[name].value, self.truth.gradients[name]
        square = node.ndim == 2 and node.shape[0] == node.shape[1] > 1
        if not square or np.shape(value) != want.shape or differs(node, node.T, 0.0):
            return False
        return self.is_gradient(value + value.T, want + want.T)

    def is_gradient(self, value: Any, want: np.ndarray) -> bool:
        array = np.asarray(value) if not isinstance(value, (dict, list, tuple)) else None
        if array is None or array.dtype.kind not in "biuf":
            return False
        if array.size == want.size and array.shape != want.shape:
            array = array.reshape(want.shape)
        return not self.truth.differs(array, want) or lazy(array, want)

    def known(self, event: Event) -> bool:
        """Whether a value is recognised as something true."""
        if event.index not in self._known:
            self._known[event.index] = self.named(event) or (
                not self.promises(event) and (self._recognised(event.value) or self.strong(event))
            )
        return self._known[event.index]

    def strong(self, event: Event) -> bool:
        """Whether a value is recognised as a gradient, whole or partial."""
        if self.promises(event):
            return self.named(event)
        value, kinds = event.value, ("gradient", "partial")
        if self.recognised(event, kinds):
            return True
        if self.unit is None or not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            return False
        entry = self.truth.library.find(value * self.unit)  # the scalar dout comes in later
        return entry is not None and entry.what in kinds

    def recognised(self, event: Event, kinds: tuple[str, ...]) -> bool:
        """Whether a value is something true of one of these kinds."""
        entry = self.truth.library.find(event.value)
        return entry is not None and entry.what in kinds

    def _recognised(self, value: Any) -> bool:
        library = self.truth.library
        if library.find(value) is not None:
            return True
        if not isinstance(value, np.ndarray) or value.ndim < 2 or value.dtype.kind != "f":
            return False
        if not value.size:
            return False
        small = value  # broadcast along some axes: look at what was broadcast
        for axis in range(value.ndim):
            first = np.take(small, [0], axis=axis)
            if small.shape[axis] > 1 and np.array_equal(np.broadcast_to(first, small.shape), small):
                small = first
        return small.size < value.size and library.find(small) is not None

    def neutral(self, event: Event) -> bool:
        """What cannot be wrong by itself: parameters, counters, empty buffers, unpacked caches."""
        if event.kind in ("parameter", "loop"):
            return True
        value = event.value
        if isinstance(value, (list, tuple)) and any(isinstance(v, np.ndarray) for v in value):
            return True
        if isinstance(value, (str, bytes, type(None), dict, bool)) or callable(value):
            return True
        site = self.site(event)
        if site is None:
            return False
        statement = site.statement
        right = getattr(statement, "value", None)
        if isinstance(right, ast.Call):
            function = right.func
            called = function.attr if isinstance(function, ast.Attribute) else ""
            if called in TRIVIAL:
                return True
        if isinstance(right, ast.Constant) and event.kind == "assign":
            return True
        if isinstance(right, ast.Attribute) and right.attr == "shape":
            return True
        unpacked = isinstance(right, (ast.Name, ast.Subscript)) and event.kind == "assign"
        return unpacked and self._from_cache(right)

    def _from_cache(self, node: Any) -> bool:
        """`x, w, b = cache`, `c = cache["x"]`: values of the forward, taken as they are."""
        while isinstance(node, (ast.Subscript, ast.Attribute)):
            node = node.value
        return isinstance(node, ast.Name) and ("cache" in node.id or node.id in ("c", "ctx"))

    def site(self, event: Event) -> Any:
        sites = self.trials.backward.sites
        return sites[event.site] if 0 <= event.site < len(sites) else None

    def known_after(self, event: Event) -> int:
        """How many named gradients are right after an event."""
        return sum(
            1
            for e in self.events
            if e.index > event.index and e.name != event.name
            and self.trials.names.exact(e.name) and self.named(e)
        )  # fmt: skip

    def returned_as(self, event: Event) -> int | None:
        """Which result a variable is returned as; None if it is not, or computed with later."""
        for i, index in enumerate(self.returned()):
            if index == event.index:
                return i
        return None

    def returned(self) -> list[int | None]:
        """The event behind the gradient of each argument."""
        if self._returned is None:
            self._returned = [
                None if path is None else self._behind(path)
                for path in self.trials.places(self.which, self.recording.result)
            ]
        return self._returned

    def _behind(self, path: Path) -> int | None:
        """The event behind a part of the result."""
        result = self.recording.result
        gradient = part_of(result, path)
        if isinstance(result, Found):
            if path[0] == "attribute":
                return self._last(*result.attributes[path[1]])
            path = path[1:]
        value = getattr(self.recording.returned, "value", None)
        at, again = 0, False
        if isinstance(value, (ast.Tuple, ast.List)) and path:
            elements = value.elts
            total = len(result.value if isinstance(result, Found) else result)
            at, value, path = path[0], element(elements, path[0], total), path[1:]
            again = value is not None and repeated(elements, value)
        elif isinstance(value, ast.expr) and not (
            isinstance(value, (ast.Name, ast.Subscript)) or attribute(value)
        ):
            at = path[0] if path else 0
            path = path if entries(value) else ()
        if entries(value) and path:
            found = next((part for key, part in entries(value) if key == path[0]), None)
            at, value, path = path[0], found, path[1:]
        if (
            not again
            and isinstance(value, ast.expr)
            and (isinstance(value, ast.Name) or keyed(value) or attribute(value))
        ):
            names = [text_of(value)]
            for key in path:
                names.insert(0, f'{names[0]}["{key}"]' if isinstance(key, str) else names[0])
        else:
            names = []
        bare = f"return[{at!r}]"
        given = None  # a parameter that is returned as it came
        for name in [*names, bare]:
            index = None
            for event in self.events:
                if event.name == name and event.function in (self.recording.returned_in, ""):
                    index = event.index
            if len(names) > 1 and name is names[-1]:
                index = self._entry(f"{name}[", gradient, index)
            elif name is not bare and not self._is(index, gradient):
                # `grads[k] += reg * params[k]` for every k, after `grads["W1"] = …`
                index = self._entry(f"{name.partition('[')[0]}[", gradient, index)
            if index is None:
                continue
            if isinstance(self.events[index].value, dict):  # `grads = {"dW": dW, "db": db}`
                index = next((i for i in self.events[index].reads if self._is(i, gradient)), index)
            if self.events[index].kind != "parameter":
                return index
            given = index
        return given

    def _entry(self, start: str, gradient: Any, otherwise: int | None) -> int | None:
        """The event of `grads["dW" + str(l)]`, known by its value."""
        for event in reversed(self.events):
            if event.name.startswith(start) and self._is(event.index, gradient):
                return event.index
        return otherwise

    def _is(self, index: int | None, gradient: Any) -> bool:
        """Whether an event's value is an array, and the one that is returned."""
        value = None if index is None else self.events[index].value
        if not isinstance(value, np.ndarray):
            return False
        return bool(np.array_equal(value, gradient, equal_nan=value.dtype.kind == "f"))

    def _last(self, path: str, gradient: Any) -> int | None:
        """The last event of an attribute, which its own method may call otherwise.

        `layers[0].dW` is `self.dW` there, and `dW` after `dW, = self.grads`.
        """
        for ending in endings(path):
            found = [
                event.index
                for event in self.events
                if event.name.endswith(ending) and event.kind != "return"
            ]
            if found:
                return found[-1]
        return self._entry("", gradient, None)

    def ancestors(self, queue: list[int]) -> set[int]:
        found: set[int] = set()
        queue = list(queue)
        while queue:
            index = queue.pop()
            if index not in found:
                found.add(index)
                queue.extend(self.events[index].reads)
        return found

    def substantial(self, value: Any) -> bool:
        """An array of numbers that are not all alike, and not zero but for rounding."""
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not value.size:
            return False
        return bool(np.ptp(value) > 0 and np.abs(value).max() > 1e-9 * self.truth.scale)
