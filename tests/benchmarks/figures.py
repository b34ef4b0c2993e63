"""Figures: numbers with their unit, their target and the rounds that they come from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from tests.benchmarks.sizes import Size, add_sizes


class Figure(msgspec.Struct, frozen=True):
    """What was measured; a target is the most, or the least, that it should be.

    ``samples`` is what each round gave. ``what``, ``series`` and ``at`` say where a figure
    stands in a table or a plot: p50, say, of sqlite, with 32 at once.
    """

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    samples: tuple[float, ...] = ()
    group: str = ""
    what: str = ""
    series: str = ""
    at: float | None = None

    @property
    def target(self) -> str:
        """Give the target as text, empty where there is none."""
        if self.most is not None:
            return f"<= {self.most:g}"
        return f">= {self.least:g}" if self.least is not None else ""

    @property
    def verdict(self) -> str:
        """Give ``ok`` or ``short``, empty where there is no target."""
        if not self.target:
            return ""
        met = self.value <= self.most if self.most is not None else self.value >= (self.least or 0)
        return "ok" if met else "short"

    @property
    def key(self) -> tuple[str, str]:
        """Give what stands for the same figure in another run."""
        return self.group, self.name.strip()

    @property
    def more_is_better(self) -> bool:
        """Tell which way is up."""
        return self.unit == "/s" or self.least is not None


Measure = Callable[[Size], list[Figure]]


def grouped(group: str, figures: Iterable[Figure]) -> list[Figure]:
    """Say of figures which script they are of."""
    return [msgspec.structs.replace(each, group=group) for each in figures]


def table(figures: Iterable[Figure]) -> str:
    """Give figures as lines."""
    head = f"{'':<58}{'target':>10}{'measured':>12} {'':<6}"
    lines = [
        f"{each.name:<58}{each.target:>10}{each.value:>12,.3f} {each.unit:<6}{each.verdict}"
        for each in figures
    ]
    return "\n".join(line.rstrip() for line in [head, *lines])


def run(
    group: str,
    measure: Measure,
    arguments: Sequence[str] | None,
    *,
    description: str | None,
    default: Size = Size.FULL,
) -> int:
    """Run the command line of one script: measure, print, and keep where asked."""
    from tests.benchmarks.results import Run  # which needs what stands above

    parser = argparse.ArgumentParser(description=description)
    add_sizes(parser, default)
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    given = parser.parse_args(arguments)
    begun = Run(given.size)
    figures = grouped(group, measure(given.size))
    print(table(figures))
    if given.json is not None:
        begun.keep(figures, given.json)
    sys.stdout.flush()
    return 0
