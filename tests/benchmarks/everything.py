"""Run every benchmark: one table, every figure as JSON, and a plot.

``python -m tests.benchmarks.everything [--quick | --smoke | --long] [--only latency,parts]``;
each script also runs alone. Nothing here passes or fails by time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic

from tests.benchmarks import (
    cold_start,
    cost,
    fan_out,
    growth,
    http,
    imports,
    latency,
    memory,
    parts,
)
from tests.benchmarks.figures import Figure, Measure, grouped, table
from tests.benchmarks.plot import draw
from tests.benchmarks.results import PLOT, RESULTS, Results, Run
from tests.benchmarks.sizes import Size, add_sizes

SCRIPTS: dict[str, Measure] = {
    "imports": imports.measure,
    "latency": latency.measure,
    "parts": parts.measure,
    "cost": cost.measure,
    "fan_out": fan_out.measure,
    "growth": growth.measure,
    "memory": memory.measure,
    "http": http.measure,
    "cold_start": cold_start.measure,
}


def measure(size: Size, names: Iterable[str]) -> list[Figure]:
    """Run scripts one after the other, and say on stderr which and for how long."""
    figures: list[Figure] = []
    for name in names:
        print(f"measuring {name} ...", end=" ", file=sys.stderr, flush=True)
        begun = monotonic()
        figures += grouped(name, SCRIPTS[name](size))
        print(f"{monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    return figures


def summary(figures: Sequence[Figure]) -> str:
    """Give the one table: a line for each kind of store and number of subjects at once."""
    found = {(each.series, each.at, each.what): each for each in figures if each.group == "latency"}
    heads = ["kind", "at once", "events/s", "p50 ms", "p99 ms", "CPU ms/event"]
    lines = [f"{heads[0]:<12}" + "".join(f"{head:>14}" for head in heads[1:])]
    for series, at in dict.fromkeys((series, at) for series, at, _ in found):
        rate, *times = (found[series, at, what].value for what in latency.UNITS)
        lines.append(f"{series:<12}{at:>14g}{rate:>14,.0f}" + "".join(f"{t:>14.3f}" for t in times))
    return "\n".join(lines)


def report(results: Results) -> str:
    """Give what is printed: on what it was measured, the table, and what has a target."""
    machine = results.machine
    about = (
        f"{machine.python}, {machine.platform} {machine.architecture}, {machine.cpus} CPUs,"
        f" SQLite {machine.sqlite}, on {machine.disk or 'an unknown file system'};"
        f" load {machine.load:g} when it began; a {results.size.value} run of {results.seconds:g} s"
    )
    targets = [each for each in results.figures if each.target]
    shown = [about, summary(results.figures), table(targets)]
    if machine.disk in ("tmpfs", "ramfs"):
        shown.append(
            "What was written went to memory, not to a disk: set TMPDIR to a directory on a disk."
        )
    return "\n\n".join(shown)


def _names(text: str) -> list[str]:
    wanted = [name.strip() for name in text.split(",")]
    unknown = [name for name in wanted if name not in SCRIPTS]
    if unknown:
        known = ", ".join(SCRIPTS)
        raise argparse.ArgumentTypeError(f"there is no {unknown[0]!r}; there are {known}")
    return wanted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; figures pass or fail nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_sizes(parser)
    parser.add_argument("--only", type=_names, default=list(SCRIPTS), help="some, by comma")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to keep the figures")
    parser.add_argument("--svg", type=Path, default=PLOT, help="where to draw them")
    given = parser.parse_args(arguments)
    begun = Run(given.size)
    results = begun.keep(measure(given.size, given.only), given.json)
    draw(results, given.svg)
    print(report(results))
    print(f"\nevery figure: {given.json}\nthe plot: {given.svg}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
