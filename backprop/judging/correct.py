"""What a variable may have been meant to hold, and runs that go on with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop.graph.trees import attributes, is_object
from backprop.judging.closeness import fits, is_bool
from backprop.judging.edits.places import Scope
from backprop.judging.library import Entry
from backprop.judging.recognise import Reading
from backprop.judging.recorder import Event, Override, Recording
from backprop.judging.source import text_of

KEPT = 12  # entries of a dictionary up to which all may have been meant


class Corrections:
    """True values for a variable, and the names for a changed statement."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def scope(self, event: Event) -> Scope:
        """The names at a statement, as they were before its last run."""
        first = event
        for other in self.reading.events:
            if (other.site, other.function, other.occurrence) == (
                event.site, event.function, event.occurrence,
            ):  # fmt: skip
                first = other
                break
        values: dict[str, Any] = {}
        for other in self.reading.events:
            if other.index >= first.index:
                break
            if other.function == event.function and other.name.isidentifier():
                values[other.name] = other.value
        lengths: dict[str, float] = {}
        for name, value in values.items():
            if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 1:
                lengths[name] = int(value)
        for name, value in values.items():
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                for axis, length in enumerate(value.shape):
                    if length > 1 and length not in lengths.values():
                        lengths[f"{name}.shape[{axis}]"] = length
                if value.size > 1 and value.size not in lengths.values():
                    lengths[f"{name}.size"] = value.size
        for name, value in values.items():
            if isinstance(value, (list, tuple)) and len(value) > 1:
                if len(value) not in lengths.values():
                    lengths[f"len({name})"] = len(value)
        function = self.reading.trials.backward.function
        return Scope(
            values, lengths, self._counts(lengths), list(self._small_constants(values)),
            function.__globals__ if function else {"np": np}, tuple(self._whole_numbers()),
            tuple(dict.fromkeys([*self._words(event), *_kept(values), *self._roots(lengths)])),
            tuple(dict.fromkeys(map(abs, self._numbers()))),
        )  # fmt: skip

    def _counts(self, lengths: dict[str, float]) -> dict[str, float]:
        """How many numbers the sums and means of the forward add up."""
        found: dict[str, float] = {}
        for node in self.reading.truth.graph.nodes:
            if node.op in ("mean", "sum", "var", "std") and node.value.size:
                count = node.inputs[0].value.size // node.value.size
                if count > 1 and count not in lengths.values():
                    found.setdefault(f"{node.inputs[0].name}.size / {node.name}.size", count)
        return found

    def _words(self, event: Event) -> tuple[str, ...]:
        """The expressions that the function is written in: `c["std"][j]`, `dxgn / std`."""
        for source in self.reading.trials.backward.trees():
            if source.function.__name__ == event.function:
                found: dict[str, None] = {}
                for node in ast.walk(source.tree):
                    # `dnext[l]`, though it is only assigned: what the turn before has left there
                    if isinstance(node, (ast.Subscript, ast.BinOp, ast.Attribute)):
                        text = text_of(node)
                        if len(text) < 40:
                            found[text] = None
                return tuple(found)[:60]
        return ()

    def _small_constants(self, values: dict[str, Any]) -> Iterator[tuple[str, float]]:
        seen = set()
        for name, value in values.items():
            if isinstance(value, float) and 0 < value < 0.02:
                seen.add(value)
                yield name, value
        for value in self._numbers():
            if 0 < value < 0.02 and value not in seen:
                seen.add(value)
                yield "eps", value

    def _roots(self, lengths: dict[str, float]) -> Iterator[str]:
        """`np.sqrt(hd)`, where the forward multiplies or divides by the root of a length."""
        numbers = {*self._numbers()}
        for name, length in lengths.items():
            root = float(np.sqrt(length))
            if root % 1 and any(
                abs(n - root) < 1e-12 or abs(n * root - 1) < 1e-12 for n in numbers
            ):
                yield f"np.sqrt({name})"

    def _numbers(self) -> Iterator[float]:
        """The single numbers that the forward computes with."""
        for node in self.reading.truth.graph.nodes:
            for argument in node.arguments.values():
                number = getattr(argument, "value", argument)
                if getattr(argument, "op", "constant") != "constant":
                    continue
                if isinstance(number, (float, np.ndarray, np.floating)) and np.ndim(number) == 0:
                    yield float(number)

    def _whole_numbers(self) -> Iterator[float]:
        """Those that a person may have forgotten: the 6 of `x * np.clip(x + 3, 0, 6) / 6`."""
        seen = set()
        for node in self.reading.truth.graph.nodes:
            for argument in node.arguments.values():
                number = getattr(argument, "value", argument)
                if isinstance(number, (int, float, np.ndarray)) and np.ndim(number) == 0:
                    value = abs(float(number))
                    if value > 1 and value == round(value, 3) and value not in seen:
                        seen.add(value)
                        yield value

    def wants(self, event: Event) -> Iterator[tuple[str, np.ndarray]]:
        """The gradients that a variable may be: by its name, else by its shape."""
        names, value = self.reading.trials.names, event.value
        shape = np.shape(value) if isinstance(value, (np.ndarray, np.floating)) else None
        if shape is None or event.occurrence:
            return
        exact = names.exact(event.name) if self.reading.own(event) else []
        alike = names.alike(event.name) if self.reading.own(event) else []
        turned = names.turned(event.name) if self.reading.own(event) else []
        for node in [*exact, *[n for n in alike if n not in exact]]:
            want = self.reading.truth.gradients[node]
            if want.size == np.size(value):
                yield node, want.reshape(shape)
                for unit in self.reading.units:
                    yield node, want.reshape(shape) / unit
            elif self.shaped_wrong(event, want) or self.small(event, want):
                yield node, want
        for node in turned:
            yield node, self.reading.truth.gradients[node].T
        if alike or turned or not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            return
        for entry in self.reading.truth.library.gradients:
            if entry.value.shape == shape:
                yield entry.node, entry.value

    def small(self, event: Event, want: np.ndarray) -> bool:
        """A gradient that broadcasting completes."""
        value = event.value
        if not isinstance(value, np.ndarray) or event.occurrence or value.ndim > want.ndim:
            return False
        return value.size < want.size and fits(value.shape, want.shape)

    def shaped_wrong(self, event: Event, want: np.ndarray) -> bool:
        """A gradient with another number of entries: a sum missing, or one too many."""
        value = event.value
        if not isinstance(value, np.ndarray) or event.occurrence or value.dtype.kind != "f":
            return False
        return value.ndim == want.ndim or value.size > want.size

    def candidates(self, event: Event) -> Iterator[tuple[str, np.ndarray]]:
        """True values that a variable may have been meant to hold, and of which node."""
        value = event.value
        shape = np.shape(value) if not isinstance(value, (tuple, list, dict)) else ()
        names = self.reading.trials.names
        exact = names.exact(event.name)
        for name in [*exact, *[n for n in names.alike(event.name) if n not in exact]]:
            want = self.reading.truth.gradients[name]
            yield name, want
            if want.shape != shape and want.size == np.size(value):
                yield name, want.reshape(shape)
        for name in names.partial_of(event.name):
            for (producer, _, _), partial in self.reading.truth.partials.items():
                if producer == name and partial.shape == shape:
                    yield name, partial
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "bf" or not value.size:
            return
        near: list[tuple[bool, float, int, Entry]] = []
        flat = value.astype(float).ravel()
        for entry in self.reading.truth.library.entries:
            if entry.value.shape == shape and entry.what != "value" and "* 1 /" not in entry.label:
                weak = entry.what not in ("gradient", "partial")
                near.append((weak, -_likeness(flat, entry.value.ravel()), len(near), entry))
        near.sort(key=lambda item: item[:3])
        strong = sum(not item[0] for item in near)
        for *_, entry in near[: min(strong, 60) + 30]:
            yield entry.node, entry.value

    def put(self, event: Event, value: np.ndarray) -> Override:
        """Goes on with `value` after the same run of the statement."""

        def override(now: Event) -> Any:
            if now.occurrence != event.occurrence:
                return None
            if now.kind in ("store", "call") and np.shape(now.value) != value.shape:
                return None
            return value.astype(bool) if is_bool(event.value) else value.copy()

        return override

    def gone_on(self, event: Event, value: np.ndarray) -> Recording:
        """The run that goes on with another value of a variable."""
        override = {(event.site, event.name): self.put(event, value)}
        return self.reading.trials.record(self.reading.which, override)

    def still_right(self, event: Event, value: np.ndarray) -> bool:
        """Whether all results are right when the run goes on with a value."""
        run = self.gone_on(event, value)
        trials = self.reading.trials
        return run.failure is None and not trials.wrong(self.reading.which, run.result)


def _kept(values: dict[str, Any]) -> Iterator[str]:
    """What stands ready in objects and dictionaries: `self.gamma`, `cache["x"]`, `cache.x`.

    And in what those hold: `self.params["gamma"]`, `self.weight.data`.
    """
    for owner, item in values.items():
        yield from _held(owner, item, 2)


def _held(owner: str, item: Any, deep: int) -> Iterator[str]:
    if isinstance(item, dict):
        held = {f'{owner}["{key}"]': part for key, part in item.items() if isinstance(key, str)}
    elif hasattr(item, "_fields"):
        parts = zip(item._fields, item, strict=True)
        held = {f"{owner}.{key}": part for key, part in parts}
    elif owner == "self" or is_object(item):
        held = {f"{owner}.{key}": part for key, part in attributes(item).items()}
    else:
        return
    if owner != "self" and len(held) > KEPT:
        return
    for text, part in held.items():
        if isinstance(part, np.ndarray) or type(part) is int:  # of whole numbers: labels
            yield text
        elif deep > 1:
            yield from _held(text, part, deep - 1)


def _likeness(a: np.ndarray, b: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        cosine = abs(a @ b) / np.sqrt((a @ a) * (b @ b))
    return float(cosine) if np.isfinite(cosine) else 0.0
