"""What can go wrong, and the words for it."""


class TraceError(Exception):
    """A function cannot be traced: what was met, on which line, and the way out."""


class RuleError(Exception):
    """An operation has no backward in the table of `backprop.rules`."""


class KinkError(Exception):
    """A gradient was asked for at a point where the function has none."""
