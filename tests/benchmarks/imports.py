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
from tests.benchmarks.timing import interleave

ROOT = Path(__file__).parents[2]
ROUNDS = 15
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


def measure(smoke: bool = False) -> list[Figure]:
    """Measure, once where it is only to be seen that it runs."""
    # An installed package is compiled; a checkout may not be (PYTHONDONTWRITEBYTECODE).
    for package in ("xorca", "contrib"):
        compileall.compile_dir(ROOT / package, quiet=1)
    contestants = {name: starting(statement) for name, statement in STATEMENTS.items()}
    samples = interleave(contestants, 1 if smoke else ROUNDS)
    bare, built_on, xorca, whole = (samples[name].least for name in STATEMENTS)
    return [
        Figure("a bare interpreter", bare, "ms"),
        Figure("import transitions, msgspec: above bare", built_on - bare, "ms"),
        Figure("import xorca: above bare", xorca - bare, "ms", 80.0),
        Figure("import xorca: above transitions and msgspec", xorca - built_on, "ms", 25.0),
        Figure("from xorca import Runtime, open_store: above bare", whole - bare, "ms"),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run(measure, __doc__, arguments)


if __name__ == "__main__":
    sys.exit(main())
