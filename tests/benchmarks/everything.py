"""Run every benchmark, print one table, and keep the figures as JSON.

``python -m tests.benchmarks.everything [--smoke] [--json FILE]``; each script also runs alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks import cost, fan_out, growth, imports, memory
from tests.benchmarks.figures import RESULTS, Figure, table, write

SCRIPTS: dict[str, Callable[[bool], list[Figure]]] = {
    "imports": imports.measure,
    "cost": cost.measure,
    "fan_out": fan_out.measure,
    "growth": growth.measure,
    "memory": memory.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; figures pass or fail nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: only see that it runs")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to keep the figures")
    given = parser.parse_args(arguments)
    figures: list[Figure] = []
    for name, measure in SCRIPTS.items():
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        figures += measure(given.smoke)
    print(table(figures))
    write(figures, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
