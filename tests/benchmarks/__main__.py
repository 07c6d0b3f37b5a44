"""One table: tracing, derived backwards and drawing beside whichever peers are installed; pages.

Rows of a group are run in turns, and the medians compared, so that whatever else the machine
does hits all of them alike. Only the ratios mean anything.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import backprop as bp
from tests.benchmarks import pages, peers, programs, writing


class Row(NamedTuple):
    """One line of the table; `times` is in seconds, the ratio to the group's first row."""

    group: str
    name: str
    seconds: float
    ratio: float


def side_by_side(group: str, rows: dict[str, Callable[[], Any]], budget: float) -> Iterator[Row]:
    """Run the rows in turns for `budget` seconds each; medians and ratios."""
    times: dict[str, list[float]] = {name: [] for name in rows}
    for run in rows.values():
        run()
    until = time.perf_counter() + budget * len(rows)
    while time.perf_counter() < until or len(next(iter(times.values()))) < 5:
        for name, run in rows.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    first = statistics.median(next(iter(times.values())))
    for name, found in times.items():
        median = statistics.median(found)
        yield Row(group, name, median, median / first)


def tracing(budget: float) -> Iterator[Row]:
    """A function of 20 operations on tiny arrays, every value named.

    Where a gradient flows is worked out when the graph is looked at, not while it is traced;
    so it is with the others, which sort their graphs in the backward.
    """
    args = programs.tiny_arguments()
    alone = peers.with_numpy(programs.twenty_operations, np)
    rows: dict[str, Callable[[], Any]] = {
        "backprop, trace with names": lambda: (
            programs.LAST in bp.trace(programs.twenty_operations, *args)
        ),
        "numpy alone": lambda: alone(*args),
        **peers.forward(programs.twenty_operations, args),
    }
    graph = bp.trace(programs.twenty_operations, *args)
    assert all(f"a{i}" in graph for i in range(1, 21)), "the names are what is timed"
    yield from side_by_side("tracing 20 operations, tiny arrays", rows, budget)


def backwards(budget: float) -> Iterator[Row]:
    """The backward of batch normalisation on cached values."""
    for shape in ((64, 256), (512, 1024), (4096, 1024)):
        for dtype in (np.float32, np.float64):
            x, gamma, beta, dout = programs.batchnorm_arguments(shape, dtype)
            _, cache = bp.layers.batchnorm_forward(x, gamma, beta)
            derived = bp.derive(bp.layers.batchnorm_forward, x, gamma, beta)
            kept = derived.cache
            rows: dict[str, Callable[[], Any]] = {
                "handwritten, staged": lambda d=dout, c=cache: bp.layers.batchnorm_backward(d, c),
                "backprop, derived": lambda d=dout, k=kept, b=derived: b.from_cache(d, k),
                "handwritten, closed form": lambda d=dout, c=cache: (
                    bp.layers.batchnorm_backward_on_paper(d, c)
                ),
                **peers.batchnorm(x, gamma, beta, dout),
            }
            group = f"batchnorm backward {shape[0]}×{shape[1]} {np.dtype(dtype).name}"
            yield from side_by_side(group, rows, budget)


def judged(budget: float) -> Iterator[Row]:
    """A check of a right batchnorm, and of one with a slip, beside one forward and backward."""
    rng = np.random.default_rng(0)
    args = (rng.normal(size=(64, 32)), rng.normal(size=32), rng.normal(size=32))
    forward, backward = bp.layers.batchnorm_forward, bp.layers.batchnorm_backward

    def slip(dout: np.ndarray, cache: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        dx, dgamma, dbeta = backward(dout, cache)
        dgamma = -dgamma
        return dx, dgamma, dbeta

    rows: dict[str, Callable[[], Any]] = {
        "forward and backward": lambda: backward(*forward(*args)),
        "bp.check, right": lambda: bp.check(forward, backward, *args),
        "bp.check, a wrong sign": lambda: bp.check(forward, slip, *args),
    }
    yield from side_by_side("checking batchnorm 64×32", rows, budget)


def drawings(budget: float) -> Iterator[Row]:
    """Drawing, as ratios to a fixed numpy workload of about a millisecond."""
    x, gamma, beta, _ = programs.batchnorm_arguments((4, 3), np.float64)
    batchnorm = bp.trace(bp.layers.batchnorm_forward, x, gamma, beta)
    sixty = bp.trace(programs.sixty_operations, *programs.tiny_arguments())
    square = np.random.default_rng(0).standard_normal((150, 150))
    rows: dict[str, Callable[[], Any]] = {
        "numpy workload: 150×150 matrix inverse": lambda: np.linalg.inv(square),
        "draw batchnorm": lambda: bp.draw(batchnorm),
        "draw 60 operations": lambda: bp.draw(sixty),
    }
    yield from side_by_side("drawing", rows, budget)


def checking(budget: float) -> Iterator[Row]:
    """Doc-tests beside bare scripts, builds with and without the plugin (`budget` is not used)."""
    for group, times in pages.rows():
        first = next(iter(times))[1]
        yield from (Row(group, name, seconds, seconds / first) for name, seconds in times)


def serving(sizes: list[int]) -> Iterator[Row]:
    """From a save to the page, and builds, beside plain Material."""
    for group, times in writing.rows(sizes):
        first = times[0][1]
        yield from (Row(group, name, seconds, seconds / first) for name, seconds in times)


def edits(number: int) -> Iterator[Row]:
    """Memory of `mkdocs serve` over many edits; `seconds` holds bytes here."""
    for group, sizes in writing.memory_rows(number):
        yield from (Row(group, name, size, size / sizes[0][1]) for name, size in sizes)


def memory() -> Iterator[Row]:
    """Peaks at (4096, 1024), float64; `seconds` holds bytes here."""
    x, gamma, beta, dout = programs.batchnorm_arguments((4096, 1024), np.float64)
    forward, staged = bp.layers.batchnorm_forward, bp.layers.batchnorm_backward
    _, cache = forward(x, gamma, beta)
    derived = bp.derive(forward, x, gamma, beta)
    kept = derived.cache

    def both_by_hand() -> Any:
        _, cache = forward(x, gamma, beta)
        return staged(dout, cache)

    def traced() -> Any:
        return bp.trace(forward, x, gamma, beta).backward(dout)

    for group, rows in (
        (
            "memory peak, backward alone",
            {
                "handwritten": lambda: staged(dout, cache),
                "backprop, derived": lambda: derived.from_cache(dout, kept),
            },
        ),
        (
            "memory peak, forward and backward",
            {"handwritten": both_by_hand, "backprop, trace and backward": traced},
        ),
    ):
        first = 0.0
        for name, run in rows.items():
            peak = _peak(run)
            first = first or peak
            yield Row(group, name, peak, peak / first)


def _peak(run: Callable[[], Any]) -> float:
    run()
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return float(peak)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=0.7, help="seconds a row")
    parser.add_argument("--only", default="", help="groups whose name contains this")
    parser.add_argument("--posts", type=int, nargs="*", default=[4, 50, 200], help="a language")
    parser.add_argument("--edits", type=int, default=100, help="in a row, for memory")
    options = parser.parse_args()
    print(f"{'':46}{'median':>12}{'ratio':>9}")
    group = ""
    for part in (tracing, backwards, judged, drawings, checking):
        if options.only and options.only not in part.__name__:
            continue
        for row in part(options.budget):
            group = _show(row, group, f"{row.seconds * 1e6:,.0f} µs")
    if not options.only or options.only == "serving":
        for row in serving(options.posts):
            group = _show(row, group, f"{row.seconds:,.2f} s")
    if not options.only or options.only == "edits":
        for row in edits(options.edits):
            group = _show(row, group, f"{row.seconds / 2**20:,.0f} MiB")
    if not options.only or options.only == "memory":
        for row in memory():
            group = _show(row, group, f"{row.seconds / 2**20:,.0f} MiB")


def _show(row: Row, group: str, amount: str) -> str:
    if row.group != group:
        print(f"\n{row.group}")
    print(f"  {row.name:<44}{amount:>12}{row.ratio:>9.2f}")
    return row.group


if __name__ == "__main__":
    main()
