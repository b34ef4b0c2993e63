"""A program with a process at hand, to be killed: ``python -m tests.stress.at_hand URL LOG DO``.

``DO`` is one of: ``block`` (tries an event and never leaves the block), ``publish`` (saves and
never publishes), ``save`` (never saves the end), ``end`` (ends the process), ``wait`` (waits for
its end and logs its status), ``add FROM TO`` (adds each number, a block for each).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.unit.runtime.counting import Counter, number
from tests.unit.support import event
from xorca import Runtime, open_store
from xorca.errors import UndeliveredError
from xorca.events import Event

SUBJECT = "t.counter/1.0.0/p"
END = event("evt.count.begin.success", subject=SUBJECT, id="end")


class Log:
    """A file that several programs append to, line by line."""

    def __init__(self, path: str | Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, line: str) -> None:
        """Add a line at once."""
        os.write(self._file, f"{line}\n".encode())


class LogBus:
    """A bus that writes down what is published; ``stuck`` it only says that it was asked."""

    def __init__(self, log: Log, *, stuck: bool = False) -> None:
        self._log, self._stuck = log, stuck

    async def publish(self, events: Sequence[Event]) -> None:
        """Write the events down."""
        if self._stuck:
            self._log.write("publishing")
            await asyncio.Event().wait()
        for each in events:
            self._log.write(f"sent {each.to_json().decode()}")


def stick_at_saves(store: Any, log: Log) -> None:
    """Have a store say that it was asked to save, and no more."""

    async def save(*_: Any, **__: Any) -> str:
        log.write("saving")
        await asyncio.Event().wait()
        raise AssertionError

    store.save = save


async def add(runtime: Runtime, log: Log, values: range) -> None:
    """Add numbers, a block for each, and once more where others always came between."""
    for value in values:
        added = False
        while not added:
            with suppress(UndeliveredError):
                async with runtime.process(SUBJECT) as p:
                    await p.send(number(value))
                added = True
        log.write(f"added {value}")


async def block(runtime: Runtime, log: Log) -> None:
    """Try an event, and stay in the block."""
    async with runtime.process(SUBJECT) as p:
        await p.send(number(1))
        log.write(f"in the block {p.memory['total']}")
        await asyncio.Event().wait()


async def main(url: str, path: str, do: str, *numbers: str) -> None:
    """Do what was asked, on a store and a log."""
    log = Log(path)
    async with open_store(url) as store:
        runtime = Runtime([Counter], store=store, bus=LogBus(log, stuck=do == "publish"))
        if do == "block":
            await block(runtime, log)
        elif do in ("publish", "add"):
            await add(runtime, log, range(*(map(int, numbers or ("1", "2")))))
        elif do == "wait":
            log.write("waiting")
            log.write(f"result {(await runtime.result(SUBJECT, timeout=60)).status}")
        else:
            if do == "save":
                stick_at_saves(store, log)
            await runtime.handle(END)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
