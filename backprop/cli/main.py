"""The command line: python -m backprop check | derive | draw | trace."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from backprop.cli.arguments import EXAMPLE, Usage, arguments
from backprop.graph.errors import KinkError, RuleError, TraceError

_USAGE = """\
python -m backprop check layers.py:batchnorm_forward layers.py:batchnorm_backward \\
    x=5x4 gamma=4 beta=4
python -m backprop derive layers.py:variance x=5x4
python -m backprop draw layers.py:variance x=5x4 --output variance.svg
python -m backprop trace package.module:function x=5x4 y=int:5<10

A function is FILE.py:NAME or package.module:NAME. The arguments of the forward:
  x=5x4          a random array of shape (5, 4); x=5 has shape (5,), x=() has no axes
  y=int:5<10     random integers of shape (5,), from 0 to 9
  mask=bool:5x4  random truth values
  x=@x.npy       the array in a file
  p=0.5  mode="train"  bn_param={"mode": "train"}   a number, a text, JSON
  lr=3           a shape where forward takes an array; for the number 3 write lr=:3
"""


def main(argv: list[str] | None = None) -> int:
    """Run a command. Returns 0: right; 1: the backward is wrong; 2: usage, or untraceable."""
    options = _parser().parse_args(argv)
    try:
        return options.run(options)
    except Usage as error:
        print(f"backprop: {error}", file=sys.stderr)
    except (TraceError, RuleError, KinkError) as error:
        print(f"backprop: {type(error).__name__}: {error}", file=sys.stderr)
    except BrokenPipeError:
        sys.stderr.close()
    except Exception as error:  # an exception in the user's own function
        print(f"backprop: {_own_line(error)}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backprop",
        description="Check, derive, draw and trace backward passes of numpy functions.",
        epilog=_USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="check | derive | draw | trace")

    def command(name: str, run: Callable[..., int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=text, epilog=_USAGE,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        sub.set_defaults(run=run)
        sub.add_argument("forward", metavar="FORWARD", help="FILE.py:NAME or package.module:NAME")
        if name == "check":
            sub.add_argument("backward", metavar="BACKWARD", help="the same for your backward")
        sub.add_argument("arguments", nargs="*", metavar="NAME=VALUE", help=f"such as {EXAMPLE}")
        sub.add_argument("--seed", type=int, default=0, help="of the random arrays (0)")
        return sub

    check = command("check", _check, "Find the first wrong variable of a handwritten backward.")
    check.add_argument("--lang", choices=("zh", "en"), help="the language; default: the locale's")
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    command("derive", _derive, "Print the backward pass of a forward function.")
    draw = command("draw", _draw, "Draw the computation graph as SVG.")
    draw.add_argument("-o", "--output", metavar="FILE", help="write there instead of printing")
    draw.add_argument("--direction", choices=("right", "down"), default="right")
    draw.add_argument("--lang", choices=("zh", "en"), help="of the title; default: the locale's")
    command("trace", _trace, "Print the operations of a function as a table.")
    return parser


# ── commands ────────────────────────────────────────────────────────────────────────────────
def _check(options: argparse.Namespace) -> int:
    from backprop.checker import check

    forward, backward = load(options.forward), load(options.backward)
    args = arguments(forward, options.arguments, options.seed)
    report = check(forward, backward, *args, lang=options.lang)
    if options.json:
        print(report.json())
    else:
        report.write(sys.stdout)
    return 0 if report.ok else 1


def _derive(options: argparse.Namespace) -> int:
    from backprop.writer import derive

    forward = load(options.forward)
    print(derive(forward, *arguments(forward, options.arguments, options.seed)).source.rstrip())
    return 0


def _draw(options: argparse.Namespace) -> int:
    from backprop.checker.report import language
    from backprop.drawing import draw
    from backprop.tracer import trace

    forward = load(options.forward)
    graph = trace(forward, *arguments(forward, options.arguments, options.seed))
    picture = draw(graph, options.direction, lang=language(options.lang))
    if options.output is None:
        print(picture)
        return 0
    target = Path(options.output)
    if not target.parent.is_dir():
        raise Usage(f"--output {options.output}: there is no folder {target.parent}")
    target.write_text(picture, encoding="utf-8")
    return 0


def _trace(options: argparse.Namespace) -> int:
    from backprop.tracer import trace

    forward = load(options.forward)
    graph = trace(forward, *arguments(forward, options.arguments, options.seed))
    table = [("line", "name", "operation", "shape", "from")]
    for node in graph.nodes:
        sources = ", ".join(source.name for source in node.inputs)
        shape = str(node.shape)
        table.append((str(node.line or ""), node.name, node.op, shape, sources))
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[0] = row[0].rjust(widths[0])
        print("  ".join(cells).rstrip())
    return 0


# ── functions ───────────────────────────────────────────────────────────────────────────────
_loaded: dict[str, Any] = {}


def load(where: str) -> Callable[..., Any]:
    """The function that FILE.py:NAME or package.module:NAME names."""
    place, colon, name = where.rpartition(":")
    if not colon or not place or not name:
        raise Usage(
            f"{where!r} names no function; write FILE.py:NAME, such as layers.py:batchnorm_forward"
        )
    module = _loaded.get(place)
    if module is None:
        module = _loaded[place] = _module(place)
    value: Any = module
    for part in name.split("."):
        value = getattr(value, part, None)
    if callable(value):
        return value
    functions = sorted(
        key for key, item in vars(module).items()
        if inspect.isfunction(item) and item.__module__ == module.__name__
    )  # fmt: skip
    what = "is not a function" if value is not None else "does not exist"
    has = f"; it has {', '.join(functions)}" if functions else ""
    raise Usage(f"{place}: `{name}` {what}{has}")


def _module(place: str) -> Any:
    path = Path(place)
    if place.endswith(".py") or path.is_file():
        if not path.is_file():
            raise Usage(f"there is no file {place}")
        sys.path.insert(0, str(path.resolve().parent))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(path.stem, module)
        run: Callable[[], Any] = lambda: spec.loader.exec_module(module)  # type: ignore[union-attr]  # noqa: E731
    else:
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
        run = lambda: importlib.import_module(place)  # noqa: E731
    try:
        result = run()
    except SyntaxError as error:
        raise Usage(f"{error.filename}:{error.lineno}: {error.msg}\n  {error.text or ''}") from None
    except ModuleNotFoundError as error:
        if error.name and place.startswith(error.name):
            raise Usage(f"there is no module {place}; a file is written FILE.py:NAME") from None
        raise Usage(f"{place} cannot be imported: {_own_line(error)}") from None
    except Exception as error:
        raise Usage(f"{place} cannot be imported: {_own_line(error)}") from None
    return module if result is None else result


def _own_line(error: Exception) -> str:
    """An exception and the last line of the user's own code that led to it."""
    own = None
    here = str(Path(__file__).resolve().parents[1])
    for frame in traceback.extract_tb(error.__traceback__):
        outside = (
            not frame.filename.startswith((here, "<")) and "site-packages" not in frame.filename
        )
        if outside and not frame.filename.startswith(str(Path(np.__file__).parent)):
            if not frame.filename.startswith(str(Path(ast.__file__).parent)):
                own = frame
    text = f"{type(error).__name__}: {error}"
    if own is None:
        return text
    return f"{text}\n  {own.filename}:{own.lineno}, in {own.name}\n    {own.line}"


if __name__ == "__main__":
    sys.exit(main())
