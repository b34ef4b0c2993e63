"""What a cold start pays for the import.

``python -m tests.benchmarks.imports``: CPU time of fresh interpreters that import nothing,
the packages that xorca is built on, and xorca; in turn, minima.
"""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.figures import Figure, run
from tests.benchmarks.sizes import Size
from tests.benchmarks.timing import Samples, interleave

ROOT = Path(__file__).parents[2]
STATEMENTS = {
    "bare": "pass",
    "dependencies": "import transitions, msgspec",
    "xorca": "import xorca",
    "Runtime": "from xorca import Runtime, open_store; open_store('sqlite:///./never.db')",
}


def starting(statement: str) -> Callable[[int], float]:
    """Measure an interpreter that runs one statement, in CPU milliseconds."""

    def measure(_: int) -> float:
        process = subprocess.Popen([sys.executable, "-c", statement], cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, statement
        return (usage.ru_utime + usage.ru_stime) * 1000

    return measure


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Measure fresh interpreters in turn."""
    # An installed package is compiled; a checkout may not be (PYTHONDONTWRITEBYTECODE).
    for package in ("xorca", "contrib"):
        compileall.compile_dir(ROOT / package, quiet=1)
    contestants = {name: starting(statement) for name, statement in STATEMENTS.items()}
    samples = interleave(contestants, size.of(1, 3, 15))
    bare, built_on, xorca, whole = (samples[name] for name in STATEMENTS)
    return [
        Figure("a bare interpreter", bare.least, "ms", samples=tuple(bare.values)),
        _above("import transitions, msgspec: above bare", built_on, bare),
        _above("import xorca: above bare", xorca, bare, most=80.0),
        _above("import xorca: above transitions and msgspec", xorca, built_on, most=25.0),
        _above("from xorca import Runtime, open_store: above bare", whole, bare),
    ]


def _above(name: str, samples: Samples, below: Samples, *, most: float | None = None) -> Figure:
    pairs = zip(samples.values, below.values, strict=True)
    differences = tuple(high - low for high, low in pairs)
    return Figure(name, samples.least - below.least, "ms", most, samples=differences)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run("imports", measure, arguments, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
