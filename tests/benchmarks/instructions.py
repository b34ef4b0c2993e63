"""How many instructions an event takes: a figure that a busy machine does not change.

``python -m tests.benchmarks.instructions``: the processes of ``cost``, run under valgrind's
``cachegrind``, few and many of them; the difference is what the others took. Counted is what the
program does, and not what the kernel does for it. SHA-256 is counted as a processor does it that
has no instruction for that.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.books import EVENTS, run_processes, warm_up
from tests.benchmarks.figures import Figure, run
from tests.benchmarks.kinds import open_handle
from tests.benchmarks.sizes import Size

ROOT = Path(__file__).parents[2]
COUNTED = ("by hand", "memory", "sqlite")
AT_ONCE = 32
"""With one at a time SQLite would be so slow under valgrind that it works another way."""

_TOTAL = re.compile(r"I\s+refs:\s+([0-9,]+)")


async def work(kind: str, processes: int) -> None:
    """Do what is counted."""
    with tempfile.TemporaryDirectory() as place:
        async with open_handle(kind, Path(place)) as handle:
            await warm_up(handle, at_once=AT_ONCE)
            await run_processes(handle, range(processes), at_once=AT_ONCE)


def instructions(kind: str, processes: int) -> int:
    """Count the instructions of a program that runs so many processes."""
    command = [
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        f"--cachegrind-out-file={os.devnull}",
        *(sys.executable, "-m", "tests.benchmarks.instructions", "--work", kind, str(processes)),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    found = _TOTAL.search(done.stderr)
    assert found is not None, done.stderr
    return int(found[1].replace(",", ""))


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Count each of them."""
    few, many = size.of((1, 2), (20, 60), (20, 200))
    each = {
        kind: (instructions(kind, many) - instructions(kind, few)) / (many - few) / EVENTS / 1000
        for kind in COUNTED
    }
    figures = [Figure(f"thousands of instructions an event, {k}", n, "") for k, n in each.items()]
    ratio = each["sqlite"] / each["by hand"]
    return [*figures, Figure("sqlite : by hand", ratio, "x")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 2 where valgrind is not installed."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["--work"]:
        asyncio.run(work(given[1], int(given[2])))
        return 0
    if shutil.which("valgrind") is None:
        print("this counts with valgrind, which is not installed", file=sys.stderr)
        return 2
    return run("instructions", measure, given, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
