"""One at a time for each key within this process, in the order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque


class Lines:
    """Workers on one subject stand in line here, so that they never fight each other.

    The first in line pays almost nothing, unlike with a lock a subject: most subjects have
    one event at a time, and there are many of them.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]] | None] = {}

    def is_first(self, key: str) -> bool:
        """Enter if nobody is in line; True needs a ``leave``, False an ``enter``."""
        if key in self._waiting:
            return False
        self._waiting[key] = None
        return True

    async def enter(self, key: str) -> None:
        """Wait for one's turn; every ``enter`` that returns needs a ``leave``."""
        if self.is_first(key):
            return
        line = self._waiting[key]
        if line is None:
            line = self._waiting[key] = deque()
        turn = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.leave(key)  # the turn had come just when the wait was given up
            else:
                turn.cancel()
            raise

    def leave(self, key: str) -> None:
        """Let the next in."""
        line = self._waiting.get(key)
        while line:
            turn = line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._waiting.pop(key, None)
