"""Being told, within this Runtime, that a process has come to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


class Ends:
    """Whoever waits here for processes to end, by storage key.

    ``waiting`` is empty while nobody does, so that those who commit need look no further.
    """

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: dict[str, dict[asyncio.Future[None], None]] = {}

    @contextmanager
    def watch(self, key: str) -> Generator[asyncio.Future[None]]:
        """Give what is done as soon as an end is told in the block.

        Watch first and read then: an end that comes after the read is told, and one that
        came before it is read.
        """
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watching = self.waiting.setdefault(key, {})
        watching[woken] = None
        try:
            yield woken
        finally:
            del watching[woken]
            if not watching:
                del self.waiting[key]

    def tell(self, key: str) -> None:
        """Wake everybody who watches a process; those on another loop look by themselves."""
        loop = asyncio.get_running_loop()
        for woken in self.waiting.get(key, ()):
            if woken.get_loop() is loop and not woken.done():
                woken.set_result(None)
