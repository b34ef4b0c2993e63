"""A worker to be killed: ``python -m tests.unit.handlers.killable FILE LOG``."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.unit.handlers.stage import Steps, Text
from xorca.fleet import Call, Fleet
from xorca.handlers import local
from xorca.providers.local import SqliteStore

# What a killed worker had taken comes again after this time; here the tests wait for it.
local.VISIBILITY = 1.0


def make_fleet(log: int) -> Fleet:
    """Serve both steps, not too fast, and write down what was served for whom.

    The deadlines are far away: what is taken comes again because nobody renews it.
    """
    fleet = Fleet("/services", concurrency=4)

    async def note(call: Call, step: str) -> None:
        os.write(log, f"{step} {call.subject}\n".encode())
        await asyncio.sleep(0.01)

    @fleet.serves("cmd.step.first")
    async def first(given: Text, call: Call) -> Text:
        await note(call, "first")
        return Text(given.text + "1")

    @fleet.serves("cmd.step.second")
    async def second(given: Text, call: Call) -> Text:
        await note(call, "second")
        return Text(given.text + "2")

    return fleet


async def work(path: Path, log: int) -> None:
    """Work until killed."""
    store, fleet = SqliteStore(path), make_fleet(log)
    async with store, local.LocalWorker(store, [Steps], fleets=[fleet]) as worker:
        await worker.run_until(lambda: False)


if __name__ == "__main__":
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    asyncio.run(work(Path(sys.argv[1]), os.open(sys.argv[2], flags)))
