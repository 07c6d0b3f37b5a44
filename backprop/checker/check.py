"""`check`: from two functions to a report."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from backprop.checker.identities import uses_of_identities
from backprop.checker.inside import layers_of
from backprop.checker.prose import assigned, brief, describe, expected, no_number
from backprop.checker.report import Mistake, Report, language
from backprop.checker.reveal import level_of, told
from backprop.checker.variables import by_name, ratio, rows
from backprop.checker.words import say
from backprop.graph.errors import RuleError, TraceError
from backprop.graph.trees import is_object
from backprop.judging.case import Case
from backprop.judging.closeness import TOLERANCE, differs
from backprop.judging.elsewhere import (
    called_again,
    clearly_wrong,
    lengthened,
    moves,
    other_upstreams,
    squared,
    turns,
)
from backprop.judging.hints import HINTS
from backprop.judging.judge import Judge
from backprop.judging.kinds import Blame
from backprop.judging.kinks import kink
from backprop.judging.numbers import as_arrays, numbers, plain_arrays, returned_for
from backprop.judging.points import Point, mover, points
from backprop.judging.recorder import Event, Recording, failed
from backprop.judging.results import MISSING, Found, Misfit, as_results, labels_of
from backprop.judging.results import places as results_places
from backprop.judging.run import Instrumented
from backprop.judging.state import State, floating
from backprop.judging.trials import Trials
from backprop.judging.truth import Truth
from backprop.tracer import parameter_names
from backprop.tracer.leaves import OWNER

_SMALLER = (0.3, 0.1, 0.03, 0.01)  # sizes at which what saturates does so no more
_MOST = 3  # mistakes that are listed


def check(
    f: Any,
    *args: Any,
    lang: str | None = None,
    reveal: str = "all",
    tolerance: float = TOLERANCE,
) -> Report:
    """Compare a handwritten backward with the true gradients of a forward function.

    ``bp.check(f, f_backward, *args)``, or one of

    - ``bp.check(f, *args)``: `f` returns (loss, gradients), which it computes itself;
    - ``bp.check(layer.forward, layer.backward, *args)``, ``bp.check(layer, *args)``: an object
      whose parameters, and their gradients, are attributes (`W`, `dW`; `params`, `grads`).

    Parameters
    ----------
    f : function
        The forward, any function of numpy arrays; it returns the output (or several), and
        possibly a cache: `out`, `(out, cache)`, `(out1, out2, cache)`.
    *args : any
        First the backward, `f_backward`, unless `f` or the layer computes the gradients. It takes
        `(dout, cache)` if its second parameter is called `cache`, else `(dout, *args)`; several
        upstream gradients come as a tuple, or one by one where it has a parameter for each; a
        method takes `dout` alone. It returns one gradient for each floating-point array among
        the arguments, in their order and shapes (or a dictionary `{"dx": …}`), or leaves it in an
        attribute.
        Then the arguments of `f`. Floating-point arrays are taken in double precision, and so are
        those in dictionaries, lists, tuples and objects, which are afterwards as they were. A
        single number (`0.5`) is a constant, unless the backward returns a gradient for it.
    lang : "en" or "zh"
        The language of the report; None: what the locale says.
    reveal : "verdict", "variable", "hint", "fix" or "all"
        How much the report tells: right or wrong; also the first wrong line and variable; also
        the kind of mistake; also the line put right; everything.
    tolerance : float
        How far off a gradient may be, relative to its largest entry. The default, 1e-9, is
        strict, so that a forgotten eps is seen; a course that takes the textbook gradient of
        `log(p + 1e-7)` says 1e-6.

    Returns
    -------
    Report
        Whether it is right; if not, the first wrong variable, its line, and what is wrong.
        The verdict is given at `args` and at points near them, with a random `dout`; where the
        function has branches, at one with other signs, too, if it is defined there. An argument
        of which no gradient is returned stays a choice if it is one: labels one-hot, a mask.

    Raises
    ------
    TraceError, RuleError
        The forward cannot be traced, is not deterministic, or the backward's parameters fit
        neither form.
    ValueError
        For another language, another `reveal`, a tolerance that is no positive number.
    TypeError
        If `f` or `f_backward` cannot be called.
    """
    lang = language(lang)
    reveal = level_of(reveal)
    if not 0 < tolerance < 1:
        raise ValueError(f"tolerance is {tolerance!r}; it is a small positive number, such as 1e-6")
    f, f_backward, args = _sorted(f, args)
    with State(f, f_backward, args) as before:
        try:
            args = _with_numbers(f, f_backward, args, before)
            state = State(f, f_backward, args)
            unasked = _unasked(f_backward, state)
            places = points(f, f_backward, args, state, unasked=unasked)
        except (TraceError, RuleError):
            raise
        except Exception as error:
            if f_backward is not f:
                raise
            return told(_stopped(f, error, lang), reveal)
        _not_empty(places[0])
        truths = [Truth(point, tolerance) for point in places]
        for truth in truths:
            truth.confirm()
        backward = Instrumented(f_backward, _gather(places[0], state))

        def milder(size: float) -> list[Truth]:
            found = points(f, f_backward, args, state, 2, unasked, size=size)
            return [Truth(point, tolerance) for point in found if not point.given]

        first = _Check(backward, places, truths, lang, milder)
        report = first.report()
        if report.ok:
            other = _looked_again(f, f_backward, args, state, first)
            report = report if other is None else other
        if not report.ok and state.owner is not None:
            inner = _inside(f, args, state, lang, tolerance)
            report = report if inner is None else inner
        return told(report, reveal)


def _not_empty(point: Point) -> None:
    """TraceError where no gradient has an entry: nothing would be compared."""
    nodes = point.graph.differentiated
    if not any(node.value.size for node in nodes):
        names = ", ".join(f"`{node.name}` has shape {node.shape}" for node in nodes)
        raise TraceError(f"nothing can be compared: {names}; pass arrays that have entries")


def _looked_again(
    f: Any, backward: Any, args: tuple[Any, ...], state: State, first: _Check
) -> Report | None:
    """The report on a backward that is right at the points, and elsewhere is not; else None."""
    trials, stated = first.trials, bool(state)
    found = turns([source.tree for source in trials.backward.trees()])
    more = list(other_upstreams(first.points[0], found.clips))
    if found.any:
        others = [(args, move) for move in moves(found)]
        if not stated and found.lengths:
            longer = [squared(args), *(lengthened(args, length) for length in found.lengths)]
            others += [(each, mover(1)) for each in longer if each is not None]
        more += points(f, backward, args, state, 1, _unasked(backward, state), others)[1:]
    for point in more:
        truth = Truth(point, first.truths[0].tolerance)
        recording = trials.backward.run(point.call(False)[0])
        if recording.failure is None and clearly_wrong(trials, truth, recording.result):
            places, truths = [*first.points, point], [*first.truths, truth]
            again = Instrumented(backward, trials.backward.gather)
            report = _Check(again, places, truths, first.lang).report()
            if not report.ok:
                return report
    state.restore()
    return first.again(f, backward)


def _unasked(backward: Any, state: State) -> Callable[[Point], list[str]]:
    """The arguments of which a backward returns no gradient."""

    def names(point: Point) -> list[str]:
        run = Instrumented(backward, _gather(point, state)).run(point.call(False)[0])
        nodes = point.graph.differentiated
        try:
            found = results_places(run.result, point.graph, labels_of(run.returned))
        except Misfit:
            return []
        finally:
            if state:
                state.restore()
        return [node.name for node, path in zip(nodes, found, strict=True) if path is None]

    return names


def _with_numbers(f: Any, backward: Any, args: tuple[Any, ...], state: State) -> tuple[Any, ...]:
    """The arguments, those numbers as arrays of which the backward returns a gradient."""
    names = parameter_names(f, args)
    every = set(numbers(dict(zip((*names, OWNER), (*args, state.owner), strict=True))))
    if not every:
        return args
    found = every
    if floating(args, state.owner):
        point = points(f, backward, args, state, 1)[0]
        tried = Instrumented(backward, _gather(point, state))
        run = tried.run(point.call(False)[0])
        found = returned_for(run.result, labels_of(run.returned), point.graph, args, state)
        if state:
            state.restore()
    return as_arrays(args, state.owner, names, found) if found else args


def _stopped(f: Any, error: Exception, lang: str) -> Report:
    """The report on a function that computes its own gradients and does not come to their end."""
    run = Instrumented(f)
    failure = failed(error, run.filename())
    if failure.line is None:
        raise error
    code = run.text(failure.line)
    what = f"{type(error).__name__}: {error}"
    said = say("raises", lang, backward=run.name, line=failure.line, error=what)
    mistake = Mistake(assigned(code), failure.line, code, "error", said)
    message = describe(mistake, lang)
    return Report(
        run.name, run.name, lang, False, message, [mistake], file=run.filename()
    )  # fmt: skip


def _inside(
    f: Any, args: tuple[Any, ...], state: State, lang: str, tolerance: float
) -> Report | None:
    """The report on the first wrong layer of a network, in the order of its backward."""
    for path, layer, given in layers_of(f, args, state):
        try:
            report = check(layer, *given, lang=lang, tolerance=tolerance)
        except (TraceError, RuleError):  # nothing to differentiate, or not what it seems
            continue
        if not report.ok:
            kind = type(layer).__name__
            return replace(
                report,
                forward=f"{kind}.{report.forward}",
                backward=f"{kind}.{report.backward}",
                notes=[say("note_inside", lang, path=path), *report.notes],
            )
    return None


def _sorted(f: Any, args: tuple[Any, ...]) -> tuple[Any, Any, tuple[Any, ...]]:
    """The forward, the backward (the forward itself, where it returns both), the arguments."""
    second = args[0] if args else None
    forward = getattr(f, "forward", f if callable(f) else None)
    if is_object(f) and callable(forward) and callable(getattr(f, "backward", None)):
        if not callable(second):
            return forward, f.backward, args
    if not callable(f) or not args or isinstance(second, str):
        wrong = f if not callable(f) else second
        raise TypeError(f"bp.check takes two functions and their arguments, not {wrong!r:.40}")
    if callable(second):
        return f, second, args[1:]
    return f, f, args


def _gather(point: Point, state: State) -> Callable[[Any], Any]:
    """What a run gives: what it returns, without the loss, and the gradients in attributes."""
    graph, itself = point.graph, point.signature.itself
    inputs = [node.value.ndim for node in graph.differentiated]
    if not itself and not state:
        return lambda result: plain_arrays(result, inputs)

    def gather(result: Any) -> Any:
        result = plain_arrays(result, inputs)
        return Found(result, int(itself), state.gradients(graph, point.args))

    return gather


class _Check:
    def __init__(
        self,
        backward: Instrumented,
        places: list[Point],
        truths: list[Truth],
        lang: str,
        milder: Callable[[float], list[Truth]] | None = None,
    ) -> None:
        self.backward = backward
        self.milder = milder
        self.smaller = False  # the verdict is that of smaller arguments
        self.points = places
        self.truths = truths
        self.lang = lang
        self.trials = Trials(backward, places, truths)
        self.judge = Judge(self.trials)
        self.forward = places[0].graph.function
        self.notes: list[str] = []

    # ── the verdict ─────────────────────────────────────────────────────────────────────────
    def report(self) -> Report:
        runs = [self.trials.record(i) for i in range(len(self.points))]
        if self.backward.source is not None and not self._is_what_runs(runs[0]):
            file = os.path.basename(self.backward.filename())
            self.notes.append(say("note_stale", self.lang, backward=self.backward.name, file=file))
            self.backward.forget_source()
            runs = [self.trials.record(i) for i in range(len(self.points))]
        self.trials.labels = labels_of(runs[0].returned)
        which = self._judged(runs)
        run = runs[which] if which < len(runs) else self.trials.record(which)
        broken = self._broken(run, which)
        if broken is not None:
            return self._made([broken], None)
        case = Case(self.trials, which, run)
        mistakes: list[Mistake] = []
        self._remarked(run, which)
        if self.trials.wrong(which, run.result):
            mistakes += self._blamed(which, run) or [self._unexplained(which, run)]
        else:
            wrong, remarks = by_name(case)
            other = next((i for i in range(len(runs)) if i != which), which)
            others, same = by_name(Case(self.trials, other, runs[other]))
            also = {blame.name for blame in others}
            for blame in wrong:
                if blame.name in also:
                    mistakes.append(self._mistake(case, blame, hidden=True))
            remarks = [remark for remark in remarks if remark in same]
            for remark in [*remarks, *uses_of_identities(case)]:
                said = dict(remark.said)
                if "what" in said:
                    said["what"] = say(said["what"], self.lang)
                self.notes.append(say(remark.key, self.lang, **said))
        return self._made(mistakes, case)

    def _is_what_runs(self, run: Recording) -> bool:
        """Whether the function gives what its source gives; a file may be newer than what was
        imported from it. One that gives something else each time cannot be asked."""

        def plain() -> list[Any] | None:
            args, _ = self.points[0].call(False)
            try:
                with np.errstate(all="ignore"):
                    found = self.backward.gather(self.backward.f(*args))
            except Exception:
                return None
            return found_in(found)

        def found_in(result: Any) -> list[Any]:
            labels = labels_of(run.returned)
            try:
                results = as_results(result, self.truths[0], labels)
                return [
                    np.array(np.real(one), dtype=float) for one in results if one is not MISSING
                ]
            except (Misfit, TypeError, ValueError):
                return []

        def same(one: list[Any] | None, other: list[Any] | None) -> bool:
            if one is None or other is None:
                return one is other
            return len(one) == len(other) and all(
                a.shape == b.shape and np.allclose(a, b, 1e-9, 0, equal_nan=True)
                for a, b in zip(one, other, strict=True)
            )

        recorded = None if run.failure is not None else found_in(run.result)
        first = plain()
        return same(first, recorded) or not same(first, plain())

    def _judged(self, runs: list[Recording]) -> int:
        """The point whose run decides: the first with something wrong, kinks left out."""
        wrong = [
            i for i, run in enumerate(runs)
            if run.failure is not None or self.trials.wrong(i, run.result)
        ]  # fmt: skip
        rounding = [i for i in wrong if self._is_rounding(i, runs[i])]
        doubtful, kinks = list(rounding), []
        for i in wrong if len(wrong) < len(runs) else ():
            where = None if i in rounding or runs[i].failure is not None else kink(self.truths[i])
            if where is not None:
                doubtful.append(i)
                kinks += [where] if i == 0 else []
        if len(doubtful) == len(wrong) and (clearer := self._clearer(runs, wrong)) is not None:
            return clearer
        for where in kinks:
            self.notes.append(
                say("kink", self.lang, forward=self.forward, where=where, others=len(runs) - 1)
            )
        # Where nothing is clear, only what is small can be rounding.
        most = 1e-3 if len(rounding) == len(runs) else np.inf
        for i in doubtful:
            if i not in rounding or max(self.trials.errors(i, runs[i].result)) < most:
                wrong.remove(i)
        if wrong:
            return wrong[0]
        if not doubtful and len(runs) > 1 and kink(self.truths[0]) is not None:
            return 1
        return 0 if not self.notes else min(1, len(runs) - 1)

    def _is_rounding(self, which: int, run: Recording) -> bool:
        """Whether what is wrong at a point may be the last digits of the truth itself."""
        if run.failure is not None:
            return False
        errors = self.trials.errors(which, run.result)
        return max(errors) < np.inf and self.truths[which].is_rounding(errors)

    def _is_clear(self, which: int, run: Recording) -> bool:
        """Whether all that was returned can be compared."""
        compared = self.trials.places(which, run.result)
        return self.truths[which].clear([path is not None for path in compared])

    def _clearer(self, runs: list[Recording], wrong: list[int]) -> int | None:
        """A point with smaller arguments that can decide, where none of those that are right can.

        Where p is 1 to fifteen digits, `p - y` is right, and any multiple of it nearly so.
        """
        right = [i for i in range(len(runs)) if i not in wrong]
        if self.milder is None or any(self._is_clear(i, runs[i]) for i in right):
            return None
        # What is nothing beside the rest is so at all sizes, mostly: a bias before a batchnorm.
        lost = bool(wrong) or any(self.truths[i].left_out for i in right)
        for size in _SMALLER if lost else _SMALLER[1::2]:
            try:
                found = self.milder(size)
            except Exception:  # it is not defined there
                continue
            for truth in found:
                truth.confirm()
                self.points.append(truth.point)
                self.truths.append(truth)
                which = len(self.points) - 1
                run = self.trials.record(which)
                if run.failure is None and self.trials.wrong(which, run.result):
                    decides = not self._is_rounding(which, run) and kink(truth) is None
                else:
                    decides = run.failure is not None or self._is_clear(which, run)
                if decides:
                    self.smaller = True
                    self.notes.append(
                        say("note_smaller", self.lang, forward=self.forward, size=f"{size:g}")
                    )
                    return which
                self.points.pop()
                self.truths.pop()
        return None

    def _broken(self, run: Recording, which: int) -> Mistake | None:
        """What cannot be compared: an exception, no result, the wrong number of results."""
        if run.failure is not None:
            return self._raised(run, which)
        try:
            as_results(run.result, self.truths[which], self.trials.labels)
        except Misfit as misfit:
            line = getattr(run.returned, "lineno", None) or self._first_line()
            names = ", ".join(f"d{n.name}" for n in self.truths[which].graph.differentiated)
            said = {"backward": self.backward.name, "forward": self.forward, "names": names}
            said.update(misfit.said)
            return Mistake(
                None, line, self.backward.text(line), misfit.hint,
                say(misfit.key, self.lang, **said),
            )  # fmt: skip
        return None

    def _first_line(self) -> int | None:
        code = getattr(self.backward.function, "__code__", None)
        return code.co_firstlineno if code else None

    def _raised(self, run: Recording, which: int) -> Mistake:
        """An exception: the user's own line, and the values there.

        A mistake before it may be the cause: the first variable that is not what its name says.
        """
        failure = run.failure
        assert failure is not None
        error = f"{type(failure.error).__name__}: {failure.error}"
        sentences = [
            say("raises", self.lang, backward=self.backward.name, line=failure.line, error=error)
        ]
        code = self.backward.text(failure.line)
        values = {
            k: v for k, v in failure.values.items() if re.search(rf"\b{re.escape(k)}\b", code)
        }
        if values:
            shown = ", ".join(f"{name}: {brief(value)}" for name, value in values.items())
            sentences.append(say("values_there", self.lang, values=shown))
        if isinstance(failure.error, (NameError, KeyError, IndexError, ValueError)):
            cache = self.points[which].cache
            if self.points[which].signature.cached:
                sentences.append(
                    say("cache_is", self.lang, forward=self.forward, cache=brief(cache, 6))
                )
        case = Case(self.trials, which, run)
        earlier = self.judge.blame_failure(which, run) or self._cause(case)
        if earlier is not None:
            mistake = self._mistake(case, earlier)
            said = "\n".join([mistake.said, *sentences])
            return Mistake(**{**vars(mistake), "said": said})
        return Mistake(assigned(code), failure.line, code, "error", "\n".join(sentences))

    def _cause(self, case: Case) -> Blame | None:
        """The first variable before an exception that is wrong by its name."""
        for event in case.events:
            exact = self.trials.names.exact(event.name)
            if (
                event.kind == "parameter"
                or not exact
                or not event.last
                or case.reading.named(event)
                or case.reading.neutral(event)  # a buffer that is still empty
                or self._unfinished(event, case)
            ):
                continue
            if not isinstance(event.value, np.ndarray) or case.reading.known(event):
                continue
            return case.kinds.by_name(event, exact[0])
        return None

    def _unfinished(self, event: Event, case: Case) -> bool:
        """An entry was written when the loop around it stopped: the rest was still to come."""
        failure = case.recording.failure
        return event.kind == "store" and failure is not None and event.line == failure.line

    def _remarked(self, run: Recording, which: int) -> None:
        """What was not compared, and what was written to: no mistakes by themselves."""
        truth = self.truths[which]
        found = as_results(run.result, truth, self.trials.labels)
        inputs = truth.graph.differentiated
        missing = [f"`{n.name}`" for n, got in zip(inputs, found, strict=True) if got is MISSING]
        if missing:
            self.notes.append(say("note_missing", self.lang, names=", ".join(missing)))
        for name, count in () if self.smaller else self.truths[0].left_out.items():
            size = truth.gradients[name].size
            self.notes.append(
                say("note_left_out", self.lang, name=name, count=count, size=size,
                    forward=self.forward)
            )  # fmt: skip
        if truth.doubted:
            names = ", ".join(f"`{name}`" for name in truth.doubted)
            self.notes.append(say("note_doubted", self.lang, names=names))
        if run.damage:
            what, line, variable = self.trials.watch(which).damage[0]
            word = "`dout`" if what.startswith("dout") else f"`{what.split()[-1]}`"
            word = "`cache`" if what.startswith("cache") else word
            self.notes.append(
                say("note_inplace", self.lang, name=variable, line=line, damaged=word)
            )

    def _blamed(self, which: int, run: Recording) -> list[Mistake]:
        """The first mistake, and what is wrong once it is corrected."""
        mistakes: list[Mistake] = []
        while len(mistakes) < _MOST:
            blame = self.judge.blame(which, run)
            if blame is None:
                break
            case = Case(self.trials, which, run)
            mistakes.append(self._mistake(case, blame))
            before = self.trials.wrong(which, run.result)
            if blame.hint == "order" and blame.edit is None:
                break
            if blame.edit is not None:
                self.trials.replaced[id(blame.edit.statement.origin)] = blame.edit.statement  # type: ignore[attr-defined]
            elif blame.want is not None and not self.trials.replaced:
                self.trials.overrides[blame.event.site, blame.event.name] = case.corrections.put(
                    blame.event, blame.want
                )
                # What follows from a mistake that nothing explains is seldom another one.
                self.trials.patience = 0.1
            else:
                break
            run = self.trials.record(which)
            after = self.trials.wrong(which, run.result)
            if not after or run.failure is not None or not after <= before:
                break
            if any(m.variable == blame.name and m.line == blame.event.line for m in mistakes[:-1]):
                mistakes.pop()
                break
        return mistakes

    def again(self, f: Any, backward: Any) -> Report | None:
        """The report on a backward that is right until it is called once more; else None."""
        found = called_again(f, backward, self.trials)
        if found is None:
            return None
        number, wrong = found
        nodes = self.truths[0].graph.differentiated
        names = ", ".join(f"`d{nodes[i].name}`" for i in wrong)
        said = say("again", self.lang, backward=self.backward.name, number=number + 1, names=names)
        line = self._first_line()
        mistake = Mistake(None, line, self.backward.text(line), None, said)
        return self._made([mistake], None)

    def _unexplained(self, which: int, run: Recording) -> Mistake:
        """A wrong result that no line and no variable is to blame for: whatever is found to be
        wrong is called so."""
        truth = self.truths[which]
        number = min(self.trials.wrong(which, run.result))
        found = as_results(run.result, truth, self.trials.labels)[number]
        want = truth.results[number]
        line = getattr(run.returned, "lineno", None) or self._first_line()
        label = self.trials.labels[number] if number < len(self.trials.labels) else None
        name = label or f"return[{number}]"
        said = say("first_result", self.lang, name=name, line=line) + say("between", self.lang)
        shape = np.shape(found) if isinstance(found, np.ndarray) else None
        return Mistake(
            name, line, self.backward.text(line), None, said + say("unknown_alone", self.lang),
            got_shape=shape, want_shape=want.shape,
        )  # fmt: skip

    # ── in words ────────────────────────────────────────────────────────────────────────────
    def _mistake(self, case: Case, blame: Blame, hidden: bool = False) -> Mistake:
        event, lang = blame.event, self.lang
        want = blame.want
        value = event.value
        got_shape = value.shape if isinstance(value, (np.ndarray, np.floating)) else None
        want_shape = want.shape if want is not None else None
        result = case.reading.returned_as(event)
        shapes_differ = got_shape is not None and want_shape is not None and got_shape != want_shape
        hint = blame.hint
        if hint == "shape" or (hint is None and result is not None and shapes_differ):
            hint = "shape"
            if got_shape is not None and want_shape is not None:
                blame.detail.update(got_shape=str(got_shape), want_shape=str(want_shape))
        bare = blame.name.startswith("return[")
        word = "inexact" if hint in ("eps", "rounded") else "first"
        first = say(f"{word}_result" if bare else word, lang, name=blame.name, line=event.line)
        shown = expected(case, blame)
        unknown = "unknown" if shown else "unknown_alone"
        sentence = HINTS[hint].say(lang, blame.detail) if hint else say(unknown, lang)
        said = [first + say("between", lang) + sentence]
        if hidden and hint != "cancel":
            said.append(say("hidden", lang))
        point = self.points[case.which]
        if point.aside:
            values = ", ".join(
                f"{n.name} = {brief(n.value)}" for n in case.truth.graph.differentiated
            )
            said.append(say(point.aside, lang, values=values))
        if point.longer:
            shapes = ", ".join(f"{n.name} {n.shape}" for n in case.truth.graph.differentiated)
            said.append(say("longer", lang, shapes=shapes))
        if lost := no_number(value, want):
            said.append(say("no_number", lang, **lost))
        error = times = None
        if want is not None and isinstance(value, (np.ndarray, float, int)):
            if np.shape(value) == want.shape:
                error = differs(value, want, case.truth.scale)
                times = ratio(value, want)
        return Mistake(
            blame.name, event.line, self.backward.text(event.line, event.function), hint,
            "\n".join(said), shown, blame.detail.get("line"), blame.node, got_shape, want_shape,
            error, times,
        )  # fmt: skip

    def _made(self, mistakes: list[Mistake], case: Case | None) -> Report:
        lang = self.lang
        code = getattr(self.backward.function, "__code__", None)
        filename = code.co_filename if code else ""
        if self.backward.source is None:
            self.notes.append(say("no_source", lang))
        if not mistakes:
            message = say("right", lang, points=len(self.points))
        else:
            parts = [describe(mistakes[0], lang)]
            for mistake in mistakes[1:]:
                parts += ["", say("then", lang), describe(mistake, lang)]
            message = "\n".join(parts)
        blamed = {m.variable or "" for m in mistakes}
        table = rows(case, blamed) if case is not None else []
        graph = self.points[0].graph
        return Report(
            self.forward, self.backward.name, lang, not mistakes, message, mistakes, table,
            self.notes, filename, len(self.points), graph=graph,
        )  # fmt: skip
