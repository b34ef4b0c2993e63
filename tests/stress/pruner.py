"""A program that prunes one file again and again until it is killed or told to stop."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.stress.done import Done
from xorca import Runtime
from xorca.providers.local import SqliteStore
from xorca.runtime import Limits

HURRY = Limits(horizon=0.0)
"""Sabotage: everything counts as out, and a tombstone as old, from the first moment."""


async def prune_until(path: Path, stop: Path, sabotage: str) -> None:
    """Prune, and print a line for each run: what it removed."""
    limits = HURRY if sabotage == "hurry" else Limits()
    async with SqliteStore(path) as store:
        runtime = Runtime([Done], store=store, bus=store.channel, limits=limits)
        print("started", flush=True)
        while not await asyncio.to_thread(stop.exists):
            found = await runtime.prune()
            print("pruned", found.processes, len(found.failed), flush=True)
            for what, cause in found.failed.items():
                print("failed", what, cause, flush=True)
            print("peak", await asyncio.to_thread(peak), flush=True)
            await asyncio.sleep(0.05)


def peak() -> int:
    """Give the most memory that this program ever took, in MB, or 0 where nobody tells."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return found[0] // 1024 if found else 0


if __name__ == "__main__":
    asyncio.run(prune_until(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
