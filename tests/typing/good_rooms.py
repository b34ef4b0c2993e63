"""Rooms by URL, and what is kept in the same place."""

from __future__ import annotations

from payloads import Order

from xorca import Orchestrator, Runtime, end, on, open_store, start
from xorca.handlers.local import LocalWorker


class Rooms(Orchestrator, name="typing.rooms"):
    """It needs somewhere to live."""

    @start
    def begin(self, order: Order) -> None: ...

    @on("evt.order.done", to=end)
    def finish(self) -> None: ...


async def live(url: str) -> None:
    """Put a Runtime and a worker together from one URL."""
    async with open_store(url) as store:
        runtime = Runtime(
            [Rooms], store=store, bus=store.channel, alarm=store.alarm, lease=store.lease
        )
        await LocalWorker(store, runtime=runtime).run_until_idle()
