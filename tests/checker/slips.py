"""A function or a class with one slip, in a file of its own."""

import inspect
import linecache
import sys
import textwrap


def with_slip(item, old, new, after=""):
    """(the changed function or class, the line of the slip there)."""
    text = textwrap.dedent(inspect.getsource(item))
    if old not in text:  # as the formatter writes it
        old, new = old.replace(" ** ", "**"), new.replace(" ** ", "**")
    at = text.find(old, text.index(after))
    assert at >= 0, (item, old)
    line = line_of(item, old, after)
    text = text[:at] + new + text[at + len(old) :]
    name = f"<{item.__name__}: {new}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope = dict(vars(sys.modules[item.__module__]))
    exec(compile(text, name, "exec"), scope)
    return scope[item.__name__], line


def line_of(item, part, after=""):
    """The line on which something stands in the source of a function or a class."""
    text = textwrap.dedent(inspect.getsource(item))
    return text[: text.index(part, text.index(after))].count("\n") + 1
