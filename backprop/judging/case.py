"""One recorded run, and everything that is asked about it."""

from __future__ import annotations

from backprop.judging.correct import Corrections
from backprop.judging.kinds import Kinds
from backprop.judging.recognise import Reading
from backprop.judging.recorder import Recording
from backprop.judging.suspect import Suspicion
from backprop.judging.trials import Trials


class Case:
    """A recording at one of the points.

    Attributes:
        reading: what its values are.
        suspicion: which of its statements may be wrong.
        corrections: what would be right for a variable.
        kinds: what kind of mistake it is.
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
