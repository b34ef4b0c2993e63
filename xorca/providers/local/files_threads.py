"""A few threads for calls that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """At most ``most`` threads, begun on first use and ended by ``close``."""

    def __init__(self, name: str, *, most: int) -> None:
        self._name, self._most = name, most
        self._guard = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Begin a call in a thread."""
        with self._guard:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._most, thread_name_prefix=self._name)
            return self._pool.submit(call)

    async def run(self, call: Callable[[], T]) -> T:
        """Wait for a call; a caller that is cancelled leaves it to run to its end."""
        return await asyncio.wrap_future(self.submit(call))

    async def close(self) -> None:
        """Wait for all calls and end the threads; the next call begins new ones."""
        with self._guard:
            pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)
