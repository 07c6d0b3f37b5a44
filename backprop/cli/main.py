"""The command line, `backprop` and `python -m backprop`: a module a command.

A command is a row of the table below and a module of its name with `add(parser)`, which says what
its options are, and `run(options)`, which returns the exit status. It is imported when called,
so that none waits for what another needs.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

COMMANDS = {
    "check": "Find the first wrong variable of a handwritten backward.",
    "grade": "Run a course's checks over many submissions, one row each.",
    "derive": "Print the backward pass of a forward function.",
    "draw": "Draw the computation graph as SVG.",
    "trace": "Print the operations of a function as a table.",
    "new": "Begin a blog whose posts are programs, or a post in one.",
    "export": "Write the verified posts of a blog as plain Markdown with pictures.",
}

_EXAMPLES = """\
examples:
  PROG check layers.py:batchnorm_forward layers.py:batchnorm_backward x=5x4 gamma=4 beta=4
  PROG grade checks.py submissions/*.py --output grades.csv --reports reports
  PROG derive layers.py:variance x=5x4
  PROG draw layers.py:variance x=5x4 --output variance.svg
  PROG trace package.module:function x=5x4 y=int:5<10
  PROG new blog --languages zh,en
  PROG export ../posts
"""


def main(argv: list[str] | None = None) -> int:
    """Run a command. Returns 0: right; 1: the backward is wrong; 2: usage, or untraceable."""
    argv = sys.argv[1:] if argv is None else argv
    name = argv[0] if argv else None
    if name not in COMMANDS:
        _overview().parse_args(argv or ["--help"])  # ends with what is wrong, or the help
        return 2
    # numpy is loaded below this line, when a command is called.
    from backprop.cli.arguments import Usage
    from backprop.cli.functions import own_line
    from backprop.graph.errors import KinkError, RuleError, TraceError

    command = importlib.import_module(f"backprop.cli.{name}")
    parser = argparse.ArgumentParser(prog=f"{_prog()} {name}", description=COMMANDS[name])
    command.add(parser)
    options = parser.parse_args(argv[1:])
    try:
        result: int = command.run(options)
        return result
    except Usage as error:
        print(f"backprop: {error}", file=sys.stderr)
    except (TraceError, RuleError, KinkError) as error:
        print(f"backprop: {type(error).__name__}: {error}", file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()
    except Exception as error:  # an exception in the user's own function
        print(f"backprop: {own_line(error)}", file=sys.stderr)
    return 2


def _prog() -> str:
    return "backprop" if Path(sys.argv[0]).stem == "backprop" else "python -m backprop"


def _overview() -> argparse.ArgumentParser:
    """All commands, for the help and for a name that is none of them."""
    parser = argparse.ArgumentParser(
        prog=_prog(),
        description="Check, derive, draw and trace backward passes of numpy functions.",
        epilog=_EXAMPLES.replace("PROG", _prog()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar=" | ".join(COMMANDS))
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text)
    return parser
