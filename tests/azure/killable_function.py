"""A worker to be killed: ``python -m tests.azure.killable_function FOLDER ROAD WHEN``.

It takes one delivery and kills itself right after the commit, right after what follows was
sent (``commit``, ``publish``), or not at all (``never``).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import azure.functions as func

from tests.azure.functions_stage import STRUCTURED, Basket, adding, body, opening
from tests.azure.host import Host
from xorca.events import Event
from xorca.handlers.azure_functions import blueprint
from xorca.ports import Summary
from xorca.providers.local import SqliteStore

EVENTS = [opening(), adding("1"), adding("2")]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyStore(SqliteStore):
    """A store after whose first commit nothing is heard any more."""

    deadly = False

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        tag = await super().save(key, body, expect=expect, summary=summary)
        if self.deadly:
            die()
        return tag


class DeadlyBus:
    """A bus that writes down what it sent, and may not live to say so."""

    def __init__(self, path: Path, *, deadly: bool) -> None:
        self._path, self._deadly = path, deadly

    async def publish(self, events: Sequence[Event]) -> None:
        file = os.open(self._path, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(file, b"".join(event.to_json() + b"\n" for event in events))
        os.close(file)
        if self._deadly:
            die()


async def take(folder: Path, road: str, when: str) -> None:
    """Take one delivery."""
    store = DeadlyStore(folder / "state.db")
    store.deadly = when == "commit"
    bus = DeadlyBus(folder / "sent.jsonl", deadly=when == "publish")
    app = func.FunctionApp()
    options = {"event_grid": True, "service_bus": "q", "batch": True, "storage_queue": "q"}
    app.register_functions(blueprint(Basket, store=store, bus=bus, **options))  # type: ignore[arg-type]
    host = Host(app)
    async with store:
        if road == "service_bus":
            await host.service_bus(*map(body, EVENTS), ContentType=STRUCTURED)
        elif road == "event_grid":
            await host.event_grid(EVENTS[0])
        else:
            await host.storage_queue(json.dumps(EVENTS[0]))


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
