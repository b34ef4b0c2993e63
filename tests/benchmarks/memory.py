"""Whether a worker grows with what it has handled.

``python -m tests.benchmarks.memory``: resident memory of one process over a durable SQLite
file, after 10,000 and after 100,000 whole processes of five events, 32 at once. With
``--full``, as in ``make bench``, the end is at 30,000.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.benchmarks.books import handle_with, run_processes, runtime_over
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.sizes import Size
from xorca.providers.local import SqliteStore

ROOT = Path(__file__).parents[2]
MOST = 5.0


async def watch(path: Path, marks: Sequence[int]) -> list[float]:
    """Handle processes, and give the resident memory in MB at each mark."""
    found: list[float] = []
    async with SqliteStore(path) as store:
        handle, done = handle_with(runtime_over(store)), 0
        for mark in marks:
            await run_processes(handle, range(done, mark), at_once=32)
            done = mark
            gc.collect()
            found.append(psutil.Process().memory_info().rss / 1e6)
    return found


def measure(size: Size = Size.LONG) -> list[Figure]:
    """Measure in an interpreter of its own, which holds nothing else."""
    before, after = size.of((5, 10), (200, 600), (10_000, 30_000), (10_000, 100_000))
    with tempfile.TemporaryDirectory() as place:
        marks = [str(before), str(after)]
        command = [sys.executable, "-m", "tests.benchmarks.memory", "--watch", place, *marks]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    low, high = json.loads(done.stdout)
    return [
        Figure(f"resident memory after {before:,} processes", low, "MB"),
        Figure(f"resident memory after {after:,} processes", high, "MB"),
        Figure("  growth", high - low, "MB", size.of(None, None, MOST)),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; ``--watch`` is how it calls itself."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["--watch"]:
        found = asyncio.run(watch(Path(given[1]) / "memory.db", [int(mark) for mark in given[2:]]))
        print(json.dumps(found))
        return 0
    return run("memory", measure, given, description=__doc__, default=Size.LONG)


if __name__ == "__main__":
    sys.exit(main())
