"""Clients that send their bodies byte by byte, and whether anybody else is served meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

_SLICE = 50


def allow_files(wanted: int) -> bool:
    """Let this program, and those it starts, have so many files open; False if it may not."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= wanted


class SlowClients:
    """Many connections, each of which sends the head of a request and then a byte now and then.

    ``left`` counts those that the server has hung up on.
    """

    def __init__(self, address: tuple[str, int], *, path: str, count: int, pause: float) -> None:
        self._address, self._count, self._pause = address, count, pause
        head = f"POST {path} HTTP/1.1\r\nhost: slow\r\ncontent-type: application/json\r\n"
        self._head = f"{head}content-length: 1000000\r\n\r\n{{".encode()
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        for first in range(0, self._count, 100):
            wanted = min(100, self._count - first)
            await asyncio.gather(*(self._connect() for _ in range(wanted)))
        self._trickling = asyncio.create_task(self._trickle())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._trickling.cancel()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    @property
    def connected(self) -> int:
        """How many are still connected."""
        return sum(not writer.is_closing() for writer in self._writers)

    async def _connect(self) -> None:
        _, writer = await asyncio.open_connection(*self._address)
        self._writers.append(writer)
        writer.write(self._head)

    async def _trickle(self) -> None:
        while True:
            for place, writer in enumerate(self._writers):
                if place % _SLICE == 0:  # spread, as clients are
                    await asyncio.sleep(self._pause * _SLICE / self._count)
                if not writer.is_closing():
                    writer.write(b" ")


async def get(address: tuple[str, int], path: str) -> int:
    """Ask for a path over a connection of its own, and give the status."""
    async with connection(address) as (reader, writer):
        writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        found = await reader.read()
    return int(found.split(b" ", 2)[1])


@asynccontextmanager
async def connection(
    address: tuple[str, int],
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect for a block."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()
