"""Graph + rules → Backward: readable lines, executed as written."""

from backprop.writer.backward import Backward, backward_of, derive, gradients
from backprop.writer.gradients import Gradients
from backprop.writer.steps import Step, Why

__all__ = ["Backward", "Gradients", "Step", "Why", "backward_of", "derive", "gradients"]
