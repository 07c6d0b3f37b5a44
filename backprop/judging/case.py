"""One recorded run, and everything that is asked about it."""

from __future__ import annotations

from backprop.judging.changes import Edits
from backprop.judging.correct import Corrections
from backprop.judging.kinds import Kinds
from backprop.judging.recognise import Reading
from backprop.judging.recorder import Recording
from backprop.judging.suspect import Suspicion
from backprop.judging.trials import Trials

LONG = 300  # events of a run that cannot be repeated for every suspect


class Case:
    """A recording at one of the points.

    Attributes:
        reading: what its values are.
        suspicion: which of its statements may be wrong.
        corrections: what would be right for a variable.
        kinds: what kind of mistake it is.
        edits: the changes of each statement, made once, by its place and its run.
        tried: changes that were run, by the edit, and what they left wrong.
        left: changes that may still be run, of a long loop fewer: they cost more.
        runs: runs with another value that may still be spent.
    """

    def __init__(self, trials: Trials, which: int, recording: Recording) -> None:
        self.trials = trials
        self.which = which
        self.recording = recording
        self.events = recording.events
        self.truth = trials.truths[which]
        self.reading = Reading(trials, which, recording)
        self.suspicion = Suspicion(self.reading)
        self.corrections = Corrections(self.reading)
        self.kinds = Kinds(self.reading, self.corrections)
        self.tried: dict[int, set[int] | None] = {}
        self.edits: dict[tuple[int, str, int], Edits] = {}
        events = 200 + len(self.events)
        self.left = int(trials.patience * (1_000_000 if self.long else 4_000_000) / events)
        self.runs = int(trials.patience * 40_000_000 / events**2)

    @property
    def long(self) -> bool:
        """Whether the run cannot be repeated for every suspect."""
        return len(self.events) > LONG
