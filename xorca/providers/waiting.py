"""Waiting for a channel to have something, until somebody wakes whoever waits."""

from __future__ import annotations

import asyncio


class Waiters:
    """The tasks of one process that wait; ``wakes`` counts how often they were woken."""

    def __init__(self) -> None:
        self.wakes = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def wake(self) -> None:
        """Let everybody who waits on the running loop look again."""
        self.wakes += 1
        if self._waiting:
            loop = asyncio.get_running_loop()
            for waiter in self._waiting:
                if waiter.get_loop() is loop:
                    _release(waiter)

    async def pause(self, seconds: float, *, since: int) -> None:
        """Wait so long at most; not at all if somebody was woken since ``wakes`` was read.

        A cancellation is never swallowed, as the ``asyncio.wait_for`` of Python 3.11 may.
        """
        if self.wakes != since:
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _release, waiter)
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiting.discard(waiter)


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
