"""Pull the deliveries of one group and have them worked on, a bounded number at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from random import Random

from xorca.handlers.local_renewal import Renewal
from xorca.providers.channel import Channel, Delivery
from xorca.telemetry.lines import say

WAIT = 5.0
"""How long one wait for deliveries may take, in seconds; it is begun anew."""

LONGEST_PAUSE = 30.0
_FIRST_PAUSE = 0.05
_MOST = 64


def pause_after(failures: int, random: Random) -> float:
    """Give the seconds to wait after so many failures: full jitter, 30 s at most."""
    return random.random() * min(LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 16))


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is taken: ``jobs`` batches at once.

    Others do not see it for ``visibility`` seconds, and again as long while it is worked on.
    """

    batch: int
    jobs: int
    visibility: float


class Puller:
    """The loop of one group.

    Args:
        channel: Where deliveries are.
        group: For whom they are.
        work: Works on a batch and settles it: acknowledges the deliveries or gives them back.
        pace: How much is taken at once.
        random: Where the jitter of pauses comes from.
    """

    def __init__(
        self,
        channel: Channel,
        group: str,
        work: Callable[[list[Delivery]], Awaitable[None]],
        *,
        pace: Pace,
        random: Random,
    ) -> None:
        self.group = group
        self._channel, self._work, self._pace, self._random = channel, work, pace, random
        self._renewal = Renewal(channel, group, visibility=pace.visibility)
        self._running: set[asyncio.Task[None]] = set()
        self._stop: asyncio.Future[None] | None = None
        self._loop: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something that was taken is not settled yet."""
        return bool(self._running)

    def start(self) -> None:
        """Begin to pull."""
        loop = asyncio.get_running_loop()
        self._stop = loop.create_future()
        self._loop = loop.create_task(self._pull(self._stop), name=f"pull {self.group}")
        self._keeper = loop.create_task(self._renewal.keep(), name=f"renew {self.group}")

    async def stop(self) -> None:
        """Take nothing more, and return when everything that was taken is settled.

        Cancelled, it cancels what is worked on; that is given back at once.
        """
        if self._loop is None or self._stop is None or self._keeper is None:
            return
        if not self._stop.done():
            self._stop.set_result(None)
        try:
            await self._loop
            await _all_of(self._running)
        except asyncio.CancelledError:
            self._loop.cancel()
            for task in self._running:
                task.cancel()
            await _all_of({self._loop, *self._running})
            raise
        finally:
            self._keeper.cancel()
            await _all_of({self._keeper})
            self._loop = self._stop = self._keeper = None

    async def _pull(self, stop: asyncio.Future[None]) -> None:
        failures = 0
        while not stop.done():
            try:
                await self._turn(stop)
                failures = 0
            except Exception as exc:  # the loop outlives whatever its store meets
                failures += 1
                self._say("channel.receive", "cannot receive", exc)
                await _either(stop, asyncio.sleep(pause_after(failures, self._random)))

    async def _turn(self, stop: asyncio.Future[None]) -> None:
        pace = self._pace
        free = pace.jobs - len(self._running)
        if free <= 0:
            await asyncio.wait({stop, *self._running}, return_when=asyncio.FIRST_COMPLETED)
            return
        limit = pace.batch if pace.batch > 1 else min(free, _MOST)
        # Never cancelled: what a cancelled receive had taken would come again late.
        taken = await self._channel.receive(self.group, limit=limit, visibility=pace.visibility)
        for start in range(0, len(taken), pace.batch):
            self._begin(taken[start : start + pace.batch])
        if not taken:
            await _either(stop, self._channel.wait(WAIT, group=self.group))

    def _begin(self, deliveries: list[Delivery]) -> None:
        task = asyncio.get_running_loop().create_task(self._job(deliveries))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _job(self, deliveries: list[Delivery]) -> None:
        try:
            with self._renewal.of(deliveries):
                await self._work(deliveries)
        except Exception as exc:  # they come again when their time is over
            self._say("channel.settle", f"{len(deliveries)} deliveries not settled", exc)

    def _say(self, what: str, said: str, exc: Exception) -> None:
        fields = {"group": self.group}
        say(logging.ERROR, what, f"{self.group}: {said}", fields, error=exc)


async def _either(stop: asyncio.Future[None], other: Coroutine[object, object, object]) -> None:
    """Wait for one of two; the other, if it is not ``stop``, is given up."""
    task = asyncio.get_running_loop().create_task(_finish(other))
    try:
        await asyncio.wait([stop, task], return_when=asyncio.FIRST_COMPLETED)
    finally:
        if task.cancel():
            await asyncio.wait([task])
    if not task.cancelled():
        task.result()


async def _finish(other: Coroutine[object, object, object]) -> None:
    await other


async def _all_of(tasks: set[asyncio.Task[None]]) -> None:
    while pending := [task for task in tasks if not task.done()]:
        await asyncio.wait(pending)
