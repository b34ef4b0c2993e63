"""A server on 127.0.0.1 that takes requests as they come, and answers what it is told to."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ssl import SSLContext
from types import TracebackType
from typing import Self

from xorca.errors import InvalidEvent
from xorca.events import Event, read_http

Answering = Callable[["Asked"], bytes]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came, and over which connection."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int

    def events(self) -> list[Event]:
        """Read what it carries, by the strict reader."""
        found = read_http(self.headers, self.body)
        assert all(isinstance(event, Event) for event in found), found
        return [event for event in found if isinstance(event, Event)]


def answer(status: str = "202 Accepted", *headers: str, body: bytes = b"") -> bytes:
    """Write an answer."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Taker:
    """Takes what is sent; ``script`` is answered first, in order, then ``usual``.

    What was answered with 2xx is in ``taken``, everything is in ``asked``. ``pause`` is how long
    an answer takes, ``most`` how many requests were under way at once.
    """

    host: str = "127.0.0.1"
    port: int = 0
    script: deque[bytes | Answering] = field(default_factory=deque[bytes | Answering])
    usual: bytes = answer()
    pause: float = 0.0
    tls: SSLContext | None = None
    asked: list[Asked] = field(default_factory=list[Asked])
    taken: list[Event] = field(default_factory=list[Event])
    connections: int = 0
    under_way: int = 0
    most: int = 0

    @property
    def url(self) -> str:
        """Give the address."""
        return f"http://{self.host}:{self.port}/events"

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._accept, self.host, self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._serve(reader, writer, self.connections)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        while True:
            asked = await _read(reader, connection)
            self.asked.append(asked)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(self.pause)
            self.under_way -= 1
            given = self.script.popleft() if self.script else self.usual
            reply = given if isinstance(given, bytes) else given(asked)
            if reply.startswith(b"HTTP/1.1 2"):
                with suppress(InvalidEvent):
                    self.taken += asked.events()
            if not reply:
                return
            writer.write(reply)
            await writer.drain()


async def _read(reader: asyncio.StreamReader, connection: int) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (h.partition(":") for h in rest)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(line, headers, body, connection)
