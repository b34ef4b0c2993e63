"""Figures: a number with its unit and its target, printed as a table and kept as JSON."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parents[2] / "build" / "benchmarks.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured; a target is the most, or the least, that it should be."""

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

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


def table(figures: Iterable[Figure]) -> str:
    """Give figures as lines."""
    head = f"{'':<58}{'target':>10}{'measured':>12} {'':<12}"
    lines = [
        f"{each.name:<58}{each.target:>10}{each.value:>12,.3f} {each.unit:<12}{each.verdict}"
        for each in figures
    ]
    return "\n".join([head.rstrip(), *lines])


def write(figures: Sequence[Figure], path: Path) -> None:
    """Keep figures, and what they were measured on, as JSON."""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    kept = [{**asdict(each), "verdict": each.verdict} for each in figures]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"system": system, "figures": kept}, indent=2) + "\n")


def run(
    measure: Callable[[bool], list[Figure]],
    description: str | None,
    arguments: Sequence[str] | None,
) -> int:
    """Run the command line of one script: measure, print, and keep where asked."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: only see that it runs")
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    given = parser.parse_args(arguments)
    figures = measure(given.smoke)
    print(table(figures))
    if given.json is not None:
        write(figures, given.json)
    sys.stdout.flush()
    return 0
